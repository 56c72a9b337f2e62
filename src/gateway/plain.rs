//! What of a request may stay as it is, by its form alone.

use super::json::{Member, Value};
use super::shape::Input;

pub(super) fn says_nothing(value: &Value<'_>) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        // An object may ask for what is usual by being there.
        Value::Bool(true) | Value::Number(_) | Value::Object(_) => false,
        Value::Text(text) => text.is_empty(),
        Value::List(items) => items.is_empty(),
    }
}

/// Whether a number may be an identifier by its length alone.
pub(super) fn is_long(number: &str) -> bool {
    number.bytes().all(|b| b.is_ascii_digit() || b == b'-') && number.len() >= 5
}

/// Whether a provider may have made that id: a prefix of theirs, and what is drawn at random.
pub(super) fn is_provided(id: &str) -> bool {
    let random = PREFIXES.iter().find_map(|prefix| id.strip_prefix(prefix));
    random.is_some_and(|random| {
        (16..=96).contains(&random.len())
            && random.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
            && random.bytes().any(|b| b.is_ascii_digit())
            && random.bytes().any(|b| b.is_ascii_alphabetic())
    })
}

pub(super) fn is_base64(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'-' | b'_'))
}

pub(super) fn is_opaque(text: &str) -> bool {
    text.is_empty() || (text.len() >= OPAQUE && is_base64(text))
}

pub(super) fn holds_data(url: &str, input: Input) -> bool {
    let kinds: &[&str] = match input {
        Input::Image => &["image/png", "image/jpeg", "image/jpg", "image/webp", "image/gif"],
        Input::Audio => &["audio/wav", "audio/mpeg", "audio/mp3"],
        Input::Pdf => &["application/pdf"],
    };
    let Some((kind, data)) = url.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,")) else {
        return false;
    };
    kinds.contains(&kind) && is_base64(data)
}

/// Whether an object is of numbers of a vocabulary with numbers.
pub(super) fn is_biases(members: &[Member<'_>]) -> bool {
    let plain = |key: &str| key.len() <= TOKEN_DIGITS && key.bytes().all(|b| b.is_ascii_digit());
    members.iter().all(|member| plain(&member.key) && matches!(member.node.value, Value::Number(_)))
}

/// What begins the ids that providers give to calls and items.
const PREFIXES: [&str; 11] =
    ["call_", "toolu_", "toolu_bdrk_", "tooluse_", "msg_", "rs_", "fc_", "ctc_", "ctco_", "fco_", "chatcmpl-tool-"];
/// Bytes of the shortest text that only its maker can read.
const OPAQUE: usize = 64;
/// Digits of numbers in the vocabularies of models.
const TOKEN_DIGITS: usize = 6;
