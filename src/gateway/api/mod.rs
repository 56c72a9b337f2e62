//! The APIs that are spoken: what may stand in a request, one file a provider, and where a request has what the gateway
//! looks at itself.

mod anthropic;
mod bedrock;
mod openai;

use super::json::{Edits, Node, Value, escaped};
use super::route::{Dialect, Endpoint};
use super::shape::Shape;

/// Which variant of an API.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Flavour {
    /// As its provider has it.
    Own,
    /// A server of one's own that speaks it, with parameters more.
    Compatible,
}

/// What may stand in the body of a request.
pub(crate) fn shape(endpoint: Endpoint, flavour: Flavour) -> &'static Shape {
    match (endpoint, flavour) {
        (Endpoint::Chat, Flavour::Own) => &openai::CHAT,
        (Endpoint::Chat, Flavour::Compatible) => &openai::CHAT_COMPATIBLE,
        (Endpoint::Responses, _) => &openai::RESPONSES,
        (Endpoint::Embeddings, _) => &openai::EMBEDDINGS,
        (Endpoint::Moderations, _) => &openai::MODERATIONS,
        (Endpoint::Completions, Flavour::Own) => &openai::COMPLETIONS,
        (Endpoint::Completions, Flavour::Compatible) => &openai::COMPLETIONS_COMPATIBLE,
        (Endpoint::Messages, _) => &anthropic::MESSAGES,
        (Endpoint::Converse, _) => &bedrock::CONVERSE,
        (Endpoint::Invoke, _) => &anthropic::INVOKE,
    }
}

/// What begins a conversation, as it stands in the body: the first message of a user. The same in all turns.
pub(crate) fn opening<'n, 'b>(endpoint: Endpoint, root: &'n Node<'b>) -> Option<&'n Node<'b>> {
    let of_user = |list: &'n Node<'b>| {
        let user = list.items().iter().find(|item| item.get("role").and_then(Node::text) == Some("user"));
        user.and_then(|item| item.get("content"))
    };
    match endpoint {
        Endpoint::Chat | Endpoint::Messages | Endpoint::Converse | Endpoint::Invoke => of_user(root.get("messages")?),
        Endpoint::Responses => {
            let input = root.get("input")?;
            of_user(input).or(Some(input))
        }
        Endpoint::Completions => root.get("prompt"),
        Endpoint::Embeddings | Endpoint::Moderations => root.get("input"),
    }
}

/// Whether the answer's text is asked to be JSON.
pub(crate) fn asks_json(endpoint: Endpoint, root: &Node<'_>) -> bool {
    let kind = match endpoint {
        Endpoint::Chat => root.at(&["response_format", "type"]),
        Endpoint::Responses => root.at(&["text", "format", "type"]),
        Endpoint::Messages | Endpoint::Invoke => {
            root.at(&["output_config", "format", "type"]).or_else(|| root.at(&["output_format", "type"]))
        }
        Endpoint::Converse => root.at(&["outputConfig", "textFormat", "type"]),
        _ => None,
    };
    matches!(kind.and_then(Node::text), Some("json_object" | "json_schema"))
}

/// Has a provider store nothing, where it would unless it is told.
pub(crate) fn keep_nothing(endpoint: Endpoint, root: &Node<'_>, told: bool, edits: &mut Edits) {
    let named = root.get("store");
    match (endpoint, named) {
        (Endpoint::Responses, None) => edits.first(root, "\"store\":false"),
        (Endpoint::Chat, None) if told => edits.first(root, "\"store\":false"),
        // One that is `null` stands for what the provider does by itself.
        (Endpoint::Chat | Endpoint::Responses, Some(node)) if node.is_null() => {
            edits.replace(node.span, "false".to_owned());
        }
        _ => {}
    }
}

/// Asks the model to leave tokens as they are.
pub(crate) fn instruct(endpoint: Endpoint, root: &Node<'_>, edits: &mut Edits) {
    let told = escaped(INSTRUCTION);
    match endpoint {
        Endpoint::Chat => {
            let Some(list) = root.get("messages") else { return };
            let first = list.items().first();
            let role = first.and_then(|m| m.get("role")).and_then(Node::text);
            match (role, first.and_then(|m| m.get("content"))) {
                (Some("system" | "developer"), Some(content)) => within(content, "\"type\":\"text\",", &told, edits),
                _ => edits.first(list, &format!("{{\"role\":\"system\",\"content\":\"{told}\"}}")),
            }
        }
        Endpoint::Responses => member(root, "instructions", &told, edits),
        Endpoint::Messages | Endpoint::Invoke => match root.get("system") {
            Some(system) if !system.is_null() => within(system, "\"type\":\"text\",", &told, edits),
            _ => member(root, "system", &told, edits),
        },
        Endpoint::Converse => match root.get("system") {
            Some(system) if !system.is_null() => within(system, "", &told, edits),
            Some(system) => edits.replace(system.span, format!("[{{\"text\":\"{told}\"}}]")),
            None => edits.first(root, &format!("\"system\":[{{\"text\":\"{told}\"}}]")),
        },
        Endpoint::Embeddings | Endpoint::Moderations | Endpoint::Completions => {}
    }
}

/// A text that stands as a member of `root`.
fn member(root: &Node<'_>, name: &str, told: &str, edits: &mut Edits) {
    match root.get(name) {
        Some(node) if node.is_null() => edits.replace(node.span, format!("\"{told}\"")),
        Some(node) => within(node, "", told, edits),
        None => edits.first(root, &format!("\"{name}\":\"{told}\"")),
    }
}

/// In front of a text, or of a list of blocks with text.
fn within(node: &Node<'_>, kind: &str, told: &str, edits: &mut Edits) {
    match &node.value {
        Value::Text(_) => edits.prefix(node.span, &format!("{INSTRUCTION}\n\n")),
        Value::List(_) => edits.first(node, &format!("{{{kind}\"text\":\"{told}\"}}")),
        _ => {}
    }
}

/// Whether that upstream can be told in a chat to store nothing: older ones refuse to be told.
pub(crate) fn can_be_told(dialect: Dialect, flavour: Flavour, version: Option<&str>) -> bool {
    match (dialect, flavour) {
        (Dialect::OpenAi, Flavour::Own) => true,
        (Dialect::Azure, _) => version.is_none(),
        _ => false,
    }
}

/// What is asked of the model.
const INSTRUCTION: &str = "Marks in brackets such as [NAME:...] or [DATE:...] stand for values that were taken out. Treat each as \
    the value that it names. Where you refer to one, copy the whole mark exactly, brackets included: do not change, shorten, \
    translate or explain it, and make up none.";
