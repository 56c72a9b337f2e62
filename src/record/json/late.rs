//! Finds resources whose type does not stand first in them, in one pass over a record and only where it can matter.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::scan::{string_end, unescape};
use crate::span::Span;

/// What names the type of a resource.
pub(super) const TYPE: &str = "resourceType";

static MEMBER: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("\"resourceType\""));
static ESCAPE: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("\\u00"));

/// The types of the resources of a record, each with where its object begins.
#[derive(Default)]
pub(super) struct Late {
    /// How many times the name of the type stands in the record and has not been met.
    left: usize,
    /// Whether letters are written as escapes, so that the name may stand there unseen.
    hidden: bool,
    found: Option<Vec<(usize, Span)>>,
}

impl Late {
    /// Nothing to find.
    pub(super) fn none() -> Self {
        Self::default()
    }

    pub(super) fn of(bytes: &[u8]) -> Self {
        let left = MEMBER.find_iter(bytes).count();
        let hidden = ESCAPE.find_iter(bytes).any(|at| is_letter(bytes, at + 4));
        Self { left, hidden, found: None }
    }

    /// The type of a resource was met.
    pub(super) fn met(&mut self) {
        self.left = self.left.saturating_sub(1);
    }

    /// Where the type of the object stands that begins at `start`, when it names one further on.
    pub(super) fn of_object(&mut self, bytes: &[u8], text: &str, start: usize) -> Option<Span> {
        if self.left == 0 && !self.hidden {
            return None;
        }
        let found = self.found.get_or_insert_with(|| scan(bytes, text));
        let at = found.binary_search_by_key(&start, |entry| entry.0).ok()?;
        found.get(at).map(|entry| entry.1)
    }
}

/// Whether the two digits at `at` are those of an ASCII letter.
fn is_letter(bytes: &[u8], at: usize) -> bool {
    let code = bytes.get(at..at + 2).and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
    code.is_some_and(|code| code.is_ascii_alphabetic())
}

/// All objects with a type, by where they begin. What is no JSON ends the search: the reader sets such a record aside.
fn scan(bytes: &[u8], text: &str) -> Vec<(usize, Span)> {
    let mut found = Vec::new();
    // Of open objects where they begin and whether their type was met, of arrays nothing.
    let mut open: Vec<Option<(usize, bool)>> = Vec::new();
    let mut at = 0;
    // A string in an object is a name after its brace and after a comma.
    let mut name = false;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'{' => {
                open.push(Some((at, false)));
                name = true;
            }
            b'[' => {
                open.push(None);
                name = false;
            }
            b'}' | b']' => {
                open.pop();
                name = false;
            }
            b',' => name = matches!(open.last(), Some(Some(_))),
            b':' => name = false,
            b'"' => {
                let Ok((end, escaped)) = string_end(bytes, at + 1) else { break };
                let key = text.get(at + 1..end).unwrap_or_default();
                if name && is_type(key, escaped) {
                    at = skip(bytes, end + 1);
                    if let (Some(b'"'), Some(Some((start, met @ false)))) = (bytes.get(at), open.last_mut()) {
                        let Ok((end, _)) = string_end(bytes, at + 1) else { break };
                        *met = true;
                        found.push((*start, Span::new(at + 1, end)));
                        at = end + 1;
                    }
                    name = false;
                    continue;
                }
                at = end;
            }
            _ => {}
        }
        at += 1;
    }
    found.sort_unstable_by_key(|entry| entry.0);
    found
}

/// Whether a key names the type.
#[inline]
pub(super) fn is_type(key: &str, escaped: bool) -> bool {
    key == TYPE || escaped && key.len() > TYPE.len() && unescape(key, 0).is_ok_and(|name| name == TYPE)
}

/// Past the colon after a key.
fn skip(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\t' | b'\n' | b'\r' | b':') = bytes.get(at) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_found_wherever_they_stand() {
        for (text, want) in [
            (r#"{"a":1,"resourceType":"Patient"}"#, &[(0, "Patient")][..]),
            (
                r#"{"a":{"b":[{"x":{},"resourceType":"A"},{"resourceType" : "B"}]},"resourceType":"C"}"#,
                &[(0, "C"), (11, "A"), (39, "B")],
            ),
            (r#"{"re\u0073ourceType":"Patient"}"#, &[(0, "Patient")]),
            (r#"{"a":"resourceType","b":"Patient"}"#, &[]),
            (r#"["resourceType","Patient"]"#, &[]),
            (r#"{"resourceType":1}"#, &[]),
            (r#"{"a":"\"resourceType\":\"Patient\""}"#, &[]),
            (r#"{"resourceType":"A","resourceType":"B"}"#, &[(0, "A")]),
            (r#"{"resourceType"#, &[]),
            (r#"{"resourceType":"#, &[]),
        ] {
            let found: Vec<_> = scan(text.as_bytes(), text).into_iter().map(|(at, span)| (at, span.of(text))).collect();
            assert_eq!(found, want, "{text}");
        }
    }
}
