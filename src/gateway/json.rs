//! JSON with where everything stands, so that what is changed is spliced into the bytes as they came.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::record::json::scan::{number_end, string_end, unescape, whitespace_end};
use crate::span::Span;

/// A value and where it stands, quotes included.
pub(crate) struct Node<'b> {
    pub(crate) span: Span,
    pub(crate) value: Value<'b>,
}

pub(crate) enum Value<'b> {
    Null,
    Bool(bool),
    /// As it is written.
    Number(&'b str),
    Text(Cow<'b, str>),
    List(Vec<Node<'b>>),
    Object(Vec<Member<'b>>),
}

/// A member of an object.
pub(crate) struct Member<'b> {
    pub(crate) key: Cow<'b, str>,
    /// Of the key, quotes included.
    pub(crate) at: Span,
    pub(crate) node: Node<'b>,
}

/// What is no JSON, or no JSON that all who read it read alike.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Malformed;

/// What becomes of a name that an object has twice: readers differ in which of the two they take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Doubled {
    Refused,
    Taken,
}

/// Replacements of stretches of bytes.
///
/// Invariant: none overlaps another; what is put in at a place stands before what replaces what begins there.
#[derive(Default)]
pub(crate) struct Edits(Vec<(Span, String)>);

/// Reads one value.
pub(crate) fn parse(bytes: &[u8], doubled: Doubled) -> Result<Node<'_>, Malformed> {
    let text = std::str::from_utf8(bytes).map_err(|_| Malformed)?;
    let mut parser = Parser { text, bytes, at: 0, doubled };
    parser.space();
    let node = parser.value(0)?;
    parser.space();
    if parser.at == bytes.len() { Ok(node) } else { Err(Malformed) }
}

struct Parser<'b> {
    text: &'b str,
    bytes: &'b [u8],
    at: usize,
    doubled: Doubled,
}

impl<'b> Parser<'b> {
    fn space(&mut self) {
        self.at = whitespace_end(self.bytes, self.at);
    }

    fn next_is(&mut self, byte: u8) -> bool {
        let is = self.bytes.get(self.at) == Some(&byte);
        self.at += usize::from(is);
        is
    }

    fn expect(&mut self, byte: u8) -> Result<(), Malformed> {
        if self.next_is(byte) { Ok(()) } else { Err(Malformed) }
    }

    fn value(&mut self, depth: usize) -> Result<Node<'b>, Malformed> {
        let start = self.at;
        let value = match self.bytes.get(start) {
            Some(b'"') => Value::Text(self.string()?.0),
            Some(b'{') if depth < DEPTH => self.object(depth)?,
            Some(b'[') if depth < DEPTH => self.list(depth)?,
            Some(b't') => self.word("true", Value::Bool(true))?,
            Some(b'f') => self.word("false", Value::Bool(false))?,
            Some(b'n') => self.word("null", Value::Null)?,
            Some(b'-' | b'0'..=b'9') => {
                self.at = number_end(self.bytes, start).map_err(|_| Malformed)?;
                Value::Number(self.text.get(start..self.at).ok_or(Malformed)?)
            }
            _ => return Err(Malformed),
        };
        Ok(Node { span: Span::new(start, self.at), value })
    }

    fn word(&mut self, word: &str, value: Value<'b>) -> Result<Value<'b>, Malformed> {
        let rest = self.text.get(self.at..).ok_or(Malformed)?;
        self.at += word.len();
        if rest.starts_with(word) { Ok(value) } else { Err(Malformed) }
    }

    fn string(&mut self) -> Result<(Cow<'b, str>, Span), Malformed> {
        let start = self.at;
        self.expect(b'"')?;
        let (end, escaped) = string_end(self.bytes, start + 1).map_err(|_| Malformed)?;
        let raw = self.text.get(start + 1..end).ok_or(Malformed)?;
        self.at = end + 1;
        let text = if escaped { unescape(raw, 0).map_err(|_| Malformed)? } else { Cow::Borrowed(raw) };
        Ok((text, Span::new(start, self.at)))
    }

    fn list(&mut self, depth: usize) -> Result<Value<'b>, Malformed> {
        self.expect(b'[')?;
        let mut items = Vec::new();
        self.space();
        if self.next_is(b']') {
            return Ok(Value::List(items));
        }
        loop {
            self.space();
            items.push(self.value(depth + 1)?);
            self.space();
            if self.next_is(b']') {
                return Ok(Value::List(items));
            }
            self.expect(b',')?;
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value<'b>, Malformed> {
        self.expect(b'{')?;
        let mut members: Vec<Member<'b>> = Vec::new();
        self.space();
        if self.next_is(b'}') {
            return Ok(Value::Object(members));
        }
        loop {
            self.space();
            let (key, at) = self.string()?;
            self.space();
            self.expect(b':')?;
            self.space();
            let node = self.value(depth + 1)?;
            members.push(Member { key, at, node });
            self.space();
            if self.next_is(b'}') {
                break;
            }
            self.expect(b',')?;
        }
        let mut seen = HashSet::with_capacity(members.len());
        if self.doubled == Doubled::Refused && !members.iter().all(|member| seen.insert(member.key.as_ref())) {
            return Err(Malformed);
        }
        Ok(Value::Object(members))
    }
}

impl<'b> Node<'b> {
    /// The member of that name, of an object.
    pub(crate) fn get(&self, name: &str) -> Option<&Node<'b>> {
        self.members().iter().find(|member| member.key == name).map(|member| &member.node)
    }

    /// What stands at the end of a path of names.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Node<'b>> {
        path.iter().try_fold(self, |node, name| node.get(name))
    }

    pub(crate) fn text(&self) -> Option<&str> {
        if let Value::Text(text) = &self.value { Some(text) } else { None }
    }

    pub(crate) fn number(&self) -> Option<u64> {
        if let Value::Number(number) = &self.value { number.parse().ok() } else { None }
    }

    /// The members of an object; none of anything else.
    pub(crate) fn members(&self) -> &[Member<'b>] {
        if let Value::Object(members) = &self.value { members } else { &[] }
    }

    /// The items of a list; none of anything else.
    pub(crate) fn items(&self) -> &[Node<'b>] {
        if let Value::List(items) = &self.value { items } else { &[] }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }
}

impl Edits {
    /// Puts `text` in place of `span`; of no length: there.
    pub(crate) fn replace(&mut self, span: Span, text: String) {
        self.0.push((span, text));
    }

    /// Puts `text` into the string at `span`, quotes staying where they are.
    pub(crate) fn rewrite(&mut self, span: Span, text: &str) {
        self.replace(inside(span), escaped(text));
    }

    /// Puts `text` before what the string at `span` has.
    pub(crate) fn prefix(&mut self, span: Span, text: &str) {
        let start = inside(span).start;
        self.replace(Span::new(start, start), escaped(text));
    }

    /// Puts `item` first into the list or object.
    pub(crate) fn first(&mut self, node: &Node<'_>, item: &str) {
        let start = node.span.start + 1;
        let comma = if node.items().is_empty() && node.members().is_empty() { "" } else { "," };
        self.replace(Span::new(start, start), format!("{item}{comma}"));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The bytes with all of it done.
    pub(crate) fn apply(mut self, bytes: &[u8]) -> Vec<u8> {
        self.0.sort_by_key(|(span, _)| (span.start, span.end));
        let grown: usize = self.0.iter().map(|(_, text)| text.len()).sum();
        let mut out = Vec::with_capacity(bytes.len() + grown);
        let mut done = 0;
        for (span, text) in &self.0 {
            out.extend_from_slice(bytes.get(done..span.start).unwrap_or_default());
            out.extend_from_slice(text.as_bytes());
            done = span.end;
        }
        out.extend_from_slice(bytes.get(done..).unwrap_or_default());
        out
    }
}

/// A text as it stands between the quotes of a JSON string.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    crate::transform::escape::json(text, &mut out);
    out
}

fn inside(span: Span) -> Span {
    Span::new(span.start + 1, span.end.saturating_sub(1).max(span.start + 1))
}

/// Levels of nesting: schemas have some, what has more is no request.
const DEPTH: usize = 128;

impl std::fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Node").field("span", &self.span).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn values_stand_where_they_are_said_to() {
        let text = br#" {"a" : [1.50, "x\u0041\n", null], "b":{"c":true}} "#;
        let node = parse(text, Doubled::Refused).unwrap();
        let items = node.get("a").unwrap().items();
        assert_eq!(&text[items[0].span.start..items[0].span.end], b"1.50");
        assert_eq!(items[1].text(), Some("xA\n"));
        assert!(items[2].is_null());
        assert!(matches!(node.at(&["b", "c"]).unwrap().value, Value::Bool(true)));
    }

    #[test]
    fn what_is_read_in_two_ways_or_none_is_refused() {
        for text in [
            "",
            "{",
            "[1,]",
            "{\"a\":1,}",
            "{\"a\":1,\"a\":2}",
            "{\"a\":1,\"\\u0061\":2}",
            "01",
            "1 2",
            "'a'",
            "nul",
            "\"\\ud800\"",
            "\"\n\"",
            "\u{feff}{}",
            "{a:1}",
            "[1 2]",
        ] {
            assert_eq!(parse(text.as_bytes(), Doubled::Refused).err(), Some(Malformed), "{text}");
        }
        assert!(parse(b"{\"a\":1,\"a\":2}", Doubled::Taken).is_ok());
        assert!(parse(b"\xff", Doubled::Taken).is_err());
        let deep = "[".repeat(10_000) + &"]".repeat(10_000);
        assert!(parse(deep.as_bytes(), Doubled::Taken).is_err());
    }

    #[test]
    fn edits_change_what_they_name_and_nothing_else() {
        let text = br#"{"a": "one", "n": 1.50, "l": [], "o": {"k":2}}"#;
        let node = parse(text, Doubled::Refused).unwrap();
        let mut edits = Edits::default();
        let a = node.get("a").unwrap().span;
        edits.rewrite(a, "say \"no\"");
        edits.prefix(a, "I ");
        edits.replace(node.get("n").unwrap().span, "\"x\"".into());
        edits.first(node.get("l").unwrap(), "7");
        edits.first(node.get("o").unwrap(), "\"j\":1");
        let out = edits.apply(text);
        assert_eq!(String::from_utf8(out).unwrap(), r#"{"a": "I say \"no\"", "n": "x", "l": [7], "o": {"j":1,"k":2}}"#);
    }
}
