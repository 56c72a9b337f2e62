//! Answers that come as a whole, and events that repeat texts as wholes.

use std::sync::Arc;

use super::{Doubled, Edits, Node, Refusal, Rule, Usage, escaped, note_usage, parse, unanswered};
use crate::gateway::json::Value;
use crate::gateway::route::Endpoint;
use crate::transform::reveal::{Format, Revealer, Rights, Tally};

/// An answer as the caller gets it.
pub(in crate::gateway) struct Whole {
    /// `None`: as it came.
    pub(in crate::gateway) body: Option<Vec<u8>>,
    pub(in crate::gateway) usage: Option<Usage>,
    pub(in crate::gateway) tally: Option<Tally>,
}

/// What of an answer is read where there is nothing to turn back.
#[derive(serde::Deserialize)]
struct Told {
    usage: Option<ToldUsage>,
}

#[derive(serde::Deserialize)]
struct ToldUsage {
    #[serde(alias = "input_tokens", alias = "inputTokens")]
    prompt_tokens: Option<u64>,
    #[serde(alias = "output_tokens", alias = "outputTokens")]
    completion_tokens: Option<u64>,
}

/// Turns back the tokens of an answer.
///
/// # Errors
///
/// When it is no JSON, or the vault cannot be asked.
pub(in crate::gateway) fn whole(
    endpoint: Endpoint,
    rights: Option<&Arc<Rights>>,
    json: bool,
    body: &[u8],
) -> Result<Whole, Refusal> {
    // Numbers alone.
    let rights = rights.filter(|_| endpoint != Endpoint::Embeddings);
    let Some(rights) = rights else {
        let told: Told = serde_json::from_slice(body).map_err(|_| Rule::UpstreamAnswer)?;
        let usage = told.usage.map(|usage| Usage {
            input: usage.prompt_tokens.unwrap_or(0),
            output: usage.completion_tokens.unwrap_or(0),
        });
        return Ok(Whole { body: None, usage, tally: None });
    };
    let root = parse(body, Doubled::Taken).map_err(|_| Rule::UpstreamAnswer)?;
    let (mut usage, mut tally, mut edits) = (None, Tally::default(), Edits::default());
    note_usage(&root, &mut usage);
    reveal(&root, rights, json, &mut edits, &mut tally)?;
    let body = if edits.is_empty() { None } else { Some(edits.apply(body)) };
    Ok(Whole { body, usage, tally: Some(tally) })
}

/// Turns back the tokens in all strings and names.
pub(super) fn reveal(
    root: &Node<'_>,
    rights: &Arc<Rights>,
    json: bool,
    edits: &mut Edits,
    tally: &mut Tally,
) -> Result<(), Refusal> {
    let mut revealing = Revealing { rights, json, edits, tally };
    revealing.node(root, "")
}

struct Revealing<'r> {
    rights: &'r Arc<Rights>,
    json: bool,
    edits: &'r mut Edits,
    tally: &'r mut Tally,
}

impl Revealing<'_> {
    fn node(&mut self, node: &Node<'_>, name: &str) -> Result<(), Refusal> {
        match &node.value {
            Value::Text(text) => self.text(text, node.span, name),
            Value::List(items) => items.iter().try_for_each(|item| self.node(item, name)),
            Value::Object(members) => members.iter().try_for_each(|member| {
                self.text(&member.key, member.at, "")?;
                self.node(&member.node, &member.key)
            }),
            _ => Ok(()),
        }
    }

    fn text(&mut self, text: &str, span: crate::span::Span, name: &str) -> Result<(), Refusal> {
        if text.len() < SHORTEST {
            return Ok(());
        }
        let is_json = match name {
            "arguments" | "partial_json" => true,
            "content" | "text" | "output_text" => self.json,
            _ => false,
        };
        let format = if is_json { Format::Json } else { Format::Text };
        let mut revealer = Revealer::new(Arc::clone(self.rights), format).tolerant();
        let mut out = Vec::with_capacity(text.len());
        revealer.push(text.as_bytes(), &mut out).map_err(unanswered)?;
        *self.tally += revealer.finish(&mut out).map_err(unanswered)?;
        if out != text.as_bytes() {
            self.edits.rewrite(span, &String::from_utf8_lossy(&out));
        }
        Ok(())
    }
}

/// Replaces the text of an error that an upstream tells in a stream: it may quote the prompt, or the provider's key.
pub(in crate::gateway) fn told_error(root: &Node<'_>, edits: &mut Edits) -> bool {
    let nested = root.get("error").filter(|error| !error.members().is_empty());
    let response = root.at(&["response", "error"]).filter(|error| !error.members().is_empty());
    let own = root.get("type").and_then(Node::text).is_some_and(|kind| kind == "error");
    let error = nested.or(response).or(own.then_some(root));
    let Some(error) = error else { return false };
    for member in error.members() {
        // Words of a list stay: what an error is.
        let is_word = matches!(member.key.as_ref(), "type" | "code" | "status" | "sequence_number" | "request_id")
            && match &member.node.value {
                Value::Text(text) => is_word(text),
                Value::Number(_) | Value::Null => true,
                _ => false,
            };
        if !is_word && !member.node.is_null() {
            let text = if member.key == "message" { escaped(UPSTREAM_ERROR) } else { String::new() };
            edits.replace(member.node.span, format!("\"{text}\""));
        }
    }
    true
}

/// Whether what an upstream calls an error may be passed on: it is one word.
pub(in crate::gateway) fn is_word(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_')
}

/// In place of what an upstream says.
pub(in crate::gateway) const UPSTREAM_ERROR: &str = "the upstream ended with an error; its text is not passed on";
/// Bytes of the shortest token: the code of a vault, all else lost.
const SHORTEST: usize = 11;
