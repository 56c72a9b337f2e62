//! What one event of a streamed answer has: pieces of texts that go on over events, and which of them end with it. One
//! function an API.

use crate::gateway::json::{Node, Value, escaped};
use crate::gateway::route::Endpoint;
use crate::span::Span;

/// Tells a text that goes on over events from others of the same answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Key {
    /// The choice, block or item.
    pub(super) slot: u64,
    /// The part of it, or the call of a tool.
    pub(super) part: u64,
    pub(super) field: Field,
}

/// What kind of text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Field {
    Content,
    /// Named so in the event: of servers that think, refuse, or summarise.
    Named(&'static str),
    /// Arguments of a call: JSON.
    Arguments,
    /// Arguments of a call of the older kind: JSON.
    OldArguments,
    /// Input of a tool that takes text.
    Input,
}

/// A piece of a text.
pub(super) struct Delta {
    pub(super) key: Key,
    /// Where it stands in the event, quotes included.
    pub(super) span: Span,
    pub(super) text: String,
}

/// Which texts end before what this event says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ends {
    /// Those of a slot, with this event: its own piece is the last.
    With(u64),
    /// Those of a slot, before this event.
    Before(u64),
    /// All, before this event.
    All,
}

/// An event.
pub(super) struct Step {
    pub(super) deltas: Vec<Delta>,
    pub(super) ends: Vec<Ends>,
    /// It repeats texts as wholes.
    pub(super) is_whole: bool,
}

/// Reads an event; `kind` is how its frame calls it.
pub(super) fn read(endpoint: Endpoint, kind: Option<&str>, root: &Node<'_>) -> Step {
    let mut step = Step { deltas: Vec::new(), ends: Vec::new(), is_whole: false };
    match endpoint {
        Endpoint::Chat => chat(root, &mut step),
        Endpoint::Completions => completions(root, &mut step),
        Endpoint::Responses => responses(root, &mut step),
        Endpoint::Messages | Endpoint::Invoke => messages(root, &mut step),
        Endpoint::Converse => converse(kind, root, &mut step),
        Endpoint::Embeddings | Endpoint::Moderations => step.is_whole = true,
    }
    step
}

impl Step {
    fn delta(&mut self, slot: u64, part: u64, field: Field, node: Option<&Node<'_>>) {
        if let Some(Node { span, value: Value::Text(text) }) = node {
            let key = Key { slot, part, field };
            self.deltas.push(Delta { key, span: *span, text: text.to_string() });
        }
    }
}

fn number(node: &Node<'_>, name: &str) -> u64 {
    node.get(name).and_then(Node::number).unwrap_or(0)
}

fn chat(root: &Node<'_>, step: &mut Step) {
    for choice in root.get("choices").map(Node::items).unwrap_or_default() {
        let slot = number(choice, "index");
        if let Some(delta) = choice.get("delta") {
            step.delta(slot, 0, Field::Content, delta.get("content"));
            for name in ["refusal", "reasoning_content", "reasoning"] {
                step.delta(slot, 0, Field::Named(name), delta.get(name));
            }
            step.delta(slot, 0, Field::OldArguments, delta.at(&["function_call", "arguments"]));
            for call in delta.get("tool_calls").map(Node::items).unwrap_or_default() {
                let part = number(call, "index");
                step.delta(slot, part, Field::Arguments, call.at(&["function", "arguments"]));
                step.delta(slot, part, Field::Input, call.at(&["custom", "input"]));
            }
        }
        if choice.get("finish_reason").is_some_and(|reason| !reason.is_null()) {
            step.ends.push(Ends::With(slot));
        }
    }
}

fn completions(root: &Node<'_>, step: &mut Step) {
    for choice in root.get("choices").map(Node::items).unwrap_or_default() {
        let slot = number(choice, "index");
        step.delta(slot, 0, Field::Content, choice.get("text"));
        if choice.get("finish_reason").is_some_and(|reason| !reason.is_null()) {
            step.ends.push(Ends::With(slot));
        }
    }
}

fn responses(root: &Node<'_>, step: &mut Step) {
    let kind = root.get("type").and_then(Node::text).unwrap_or_default();
    let slot = number(root, "output_index");
    let part = number(root, "content_index").max(number(root, "summary_index"));
    let field = match kind {
        "response.output_text.delta" => Field::Content,
        "response.function_call_arguments.delta" => Field::Arguments,
        "response.custom_tool_call_input.delta" => Field::Input,
        "response.refusal.delta" => Field::Named("refusal"),
        "response.reasoning_text.delta" => Field::Named("reasoning"),
        "response.reasoning_summary_text.delta" => Field::Named("summary"),
        _ => {
            step.is_whole = true;
            step.ends.push(if root.get("output_index").is_some() { Ends::Before(slot) } else { Ends::All });
            return;
        }
    };
    step.delta(slot, part, field, root.get("delta"));
}

fn messages(root: &Node<'_>, step: &mut Step) {
    let slot = number(root, "index");
    match root.get("type").and_then(Node::text) {
        Some("content_block_delta") => {
            step.delta(slot, 0, Field::Content, root.at(&["delta", "text"]));
            step.delta(slot, 0, Field::Named("thinking"), root.at(&["delta", "thinking"]));
            step.delta(slot, 0, Field::Arguments, root.at(&["delta", "partial_json"]));
            step.is_whole = step.deltas.is_empty();
        }
        Some("content_block_start") => {
            step.delta(slot, 0, Field::Content, root.at(&["content_block", "text"]));
            step.is_whole = step.deltas.is_empty();
        }
        Some("content_block_stop") => step.ends.push(Ends::Before(slot)),
        Some("ping" | "message_start") => {}
        _ => {
            step.ends.push(Ends::All);
            step.is_whole = true;
        }
    }
}

fn converse(kind: Option<&str>, root: &Node<'_>, step: &mut Step) {
    let slot = number(root, "contentBlockIndex");
    match kind {
        Some("contentBlockDelta") => {
            step.delta(slot, 0, Field::Content, root.at(&["delta", "text"]));
            step.delta(slot, 0, Field::Arguments, root.at(&["delta", "toolUse", "input"]));
            step.delta(slot, 0, Field::Named("thinking"), root.at(&["delta", "reasoningContent", "text"]));
            step.is_whole = step.deltas.is_empty();
        }
        Some("contentBlockStop") => step.ends.push(Ends::Before(slot)),
        Some("contentBlockStart" | "messageStart") => {}
        _ => {
            step.ends.push(Ends::All);
            step.is_whole = true;
        }
    }
}

/// What all events of an answer have in common, as the members of an object: from the first of them.
pub(super) fn envelope(endpoint: Endpoint, root: &Node<'_>, bytes: &[u8]) -> String {
    let own: &[&str] = match endpoint {
        Endpoint::Chat | Endpoint::Completions => &["id", "object", "created", "model", "system_fingerprint"],
        Endpoint::Responses => &["type", "item_id", "output_index", "content_index", "summary_index"],
        _ => &[],
    };
    let members = own.iter().filter_map(|name| {
        let span = root.get(name)?.span;
        let raw = std::str::from_utf8(bytes.get(span.start..span.end)?).ok()?;
        Some(format!("\"{name}\":{raw},"))
    });
    members.collect()
}

/// An event more, for what was held back of a text when it ended: its name and data.
pub(super) fn rest(endpoint: Endpoint, key: Key, text: &str, envelope: &str, number: u64) -> (&'static str, String) {
    let Key { slot, part, field } = key;
    let text = escaped(text);
    match endpoint {
        Endpoint::Chat => {
            let delta = match field {
                Field::Content => format!("\"content\":\"{text}\""),
                Field::Named(name) => format!("\"{name}\":\"{text}\""),
                Field::Arguments => {
                    format!("\"tool_calls\":[{{\"index\":{part},\"function\":{{\"arguments\":\"{text}\"}}}}]")
                }
                Field::Input => format!("\"tool_calls\":[{{\"index\":{part},\"custom\":{{\"input\":\"{text}\"}}}}]"),
                Field::OldArguments => format!("\"function_call\":{{\"arguments\":\"{text}\"}}"),
            };
            let choice = format!("{{\"index\":{slot},\"delta\":{{{delta}}},\"finish_reason\":null}}");
            ("", format!("{{{envelope}\"choices\":[{choice}]}}"))
        }
        Endpoint::Completions => {
            let choice = format!("{{\"index\":{slot},\"text\":\"{text}\",\"logprobs\":null,\"finish_reason\":null}}");
            ("", format!("{{{envelope}\"choices\":[{choice}]}}"))
        }
        Endpoint::Responses => {
            let (name, more) = match field {
                Field::Arguments | Field::OldArguments => ("response.function_call_arguments.delta", ""),
                Field::Input => ("response.custom_tool_call_input.delta", ""),
                Field::Named("refusal") => ("response.refusal.delta", ""),
                Field::Named("summary") => ("response.reasoning_summary_text.delta", ""),
                Field::Named(_) => ("response.reasoning_text.delta", ""),
                Field::Content => ("response.output_text.delta", "\"logprobs\":[],"),
            };
            (name, format!("{{{envelope}{more}\"sequence_number\":{number},\"delta\":\"{text}\"}}"))
        }
        Endpoint::Converse => {
            let delta = match field {
                Field::Arguments | Field::OldArguments => format!("\"toolUse\":{{\"input\":\"{text}\"}}"),
                Field::Named(_) => format!("\"reasoningContent\":{{\"text\":\"{text}\"}}"),
                Field::Content | Field::Input => format!("\"text\":\"{text}\""),
            };
            ("contentBlockDelta", format!("{{\"contentBlockIndex\":{slot},\"delta\":{{{delta}}}}}"))
        }
        _ => {
            let (kind, member) = match field {
                Field::Arguments | Field::OldArguments => ("input_json_delta", "partial_json"),
                Field::Named(_) => ("thinking_delta", "thinking"),
                Field::Content | Field::Input => ("text_delta", "text"),
            };
            let delta = format!("{{\"type\":\"{kind}\",\"{member}\":\"{text}\"}}");
            let event = format!("{{\"type\":\"content_block_delta\",\"index\":{slot},\"delta\":{delta}}}");
            ("content_block_delta", event)
        }
    }
}
