//! Writes a record with some spans of its texts replaced; every other byte as it came.

use super::{Charset, Escape, Record, Segment};
use crate::span::Span;

/// Replacements for one record, in a buffer that is reused from record to record.
#[derive(Default)]
pub struct Edits {
    text: String,
    list: Vec<Edit>,
}

/// Invariant: `text` is a span of [`Edits::text`], `span` one of the segment's text.
struct Edit {
    segment: usize,
    span: Span,
    text: Span,
}

impl Edits {
    /// Forgets all edits, keeps the buffer.
    pub fn clear(&mut self) {
        self.text.clear();
        self.list.clear();
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Replaces `span` of that segment's text by what `write` appends; no edit when `write` returns false or fails.
    /// Edits must come in the order of the record and must not overlap.
    ///
    /// # Errors
    ///
    /// What `write` returned.
    pub fn replace<E>(
        &mut self,
        segment: usize,
        span: Span,
        write: impl FnOnce(&mut String) -> Result<bool, E>,
    ) -> Result<(), E> {
        let start = self.text.len();
        match write(&mut self.text) {
            Ok(true) => {
                self.list.push(Edit { segment, span, text: Span::new(start, self.text.len()) });
                Ok(())
            }
            Ok(false) => {
                self.text.truncate(start);
                Ok(())
            }
            Err(e) => {
                self.text.truncate(start);
                Err(e)
            }
        }
    }
}

impl std::fmt::Debug for Edits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Edits").field("edits", &self.list.len()).field("text", &self.text.len()).finish()
    }
}

/// Appends the record to `out`, edits applied. An edit that cuts into an escape replaces the whole escape; one that
/// overlaps its predecessor loses the shared part. Appends to `places` where in `out` the text of each edit begins.
pub fn splice(record: &Record<'_>, edits: &Edits, out: &mut Vec<u8>, places: &mut Vec<usize>) {
    let bytes = record.bytes;
    let mut copied = 0;
    let mut rest = edits.list.as_slice();
    while let Some(first) = rest.first() {
        let same = rest.iter().take_while(|e| e.segment == first.segment).count();
        let (group, after) = rest.split_at(same);
        rest = after;
        let Some(segment) = record.segments.get(first.segment) else {
            places.extend(group.iter().map(|_| usize::MAX));
            continue;
        };
        if segment.escape == Escape::JsonNumber {
            copy(bytes, copied, segment.raw.start, out);
            number(segment, group, &edits.text, out, places);
            copied = segment.raw.end;
            continue;
        }
        let mut walk = Walk::new(record, segment);
        for edit in group {
            let start = walk.raw_start(edit.span.start).max(copied);
            let end = walk.raw_end(edit.span.end).max(start);
            copy(bytes, copied, start, out);
            places.push(out.len());
            escape(edit.text.of(&edits.text), segment.escape, record.charset, out);
            copied = end;
        }
    }
    copy(bytes, copied, bytes.len(), out);
}

fn copy(bytes: &[u8], start: usize, end: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(bytes.get(start..end).unwrap_or_default());
}

/// A number cannot be edited in part: its text with the edits applied is written as a string.
fn number(segment: &Segment<'_>, group: &[Edit], replacements: &str, out: &mut Vec<u8>, places: &mut Vec<usize>) {
    out.push(b'"');
    let mut copied = 0;
    for edit in group {
        out.extend_from_slice(segment.text.get(copied..edit.span.start).unwrap_or_default().as_bytes());
        places.push(out.len());
        escape(edit.text.of(replacements), Escape::Json, Charset::Utf8, out);
        copied = edit.span.end;
    }
    out.extend_from_slice(segment.text.get(copied..).unwrap_or_default().as_bytes());
    out.push(b'"');
}

/// Walks a segment's written form and its text side by side, forwards only.
pub(crate) struct Walk<'a> {
    raw: &'a [u8],
    base: usize,
    identity: bool,
    escape: Escape,
    charset: Charset,
    /// Start of the current unit in `raw` and in the text.
    at: usize,
    text_at: usize,
}

impl<'a> Walk<'a> {
    /// Where a span of the text stands in the record's bytes, whole escapes.
    pub(crate) fn raw(&mut self, span: Span) -> Span {
        let start = self.raw_start(span.start);
        Span::new(start, self.raw_end(span.end))
    }

    pub(crate) fn new(record: &Record<'a>, segment: &Segment<'_>) -> Self {
        let raw = record.bytes.get(segment.raw.start..segment.raw.end).unwrap_or_default();
        Self {
            raw,
            base: segment.raw.start,
            identity: segment.text.as_bytes() == raw,
            escape: segment.escape,
            charset: record.charset,
            at: 0,
            text_at: 0,
        }
    }

    /// Where the unit that holds text byte `text` starts.
    fn raw_start(&mut self, text: usize) -> usize {
        if self.identity {
            return self.base + text;
        }
        loop {
            let (raw, decoded) = self.unit();
            if raw == 0 || self.text_at + decoded > text {
                return self.base + self.at;
            }
            self.at += raw;
            self.text_at += decoded;
        }
    }

    /// Where the unit that holds the byte before `text` ends.
    fn raw_end(&mut self, text: usize) -> usize {
        if self.identity {
            return self.base + text;
        }
        loop {
            let (raw, decoded) = self.unit();
            if raw == 0 || self.text_at >= text {
                return self.base + self.at;
            }
            self.at += raw;
            self.text_at += decoded;
        }
    }

    /// Length of the unit at the current place, written and decoded; zeros at the end.
    fn unit(&self) -> (usize, usize) {
        let rest = self.raw.get(self.at..).unwrap_or_default();
        match (self.escape, rest) {
            (_, []) => (0, 0),
            (Escape::Json, [b'\\', b'u', digits @ ..]) => match hex(digits) {
                0xD800..=0xDBFF => (12, 4),
                0x0800.. => (6, 3),
                0x0080.. => (6, 2),
                _ => (6, 1),
            },
            (Escape::Json, [b'\\', ..]) => (2, 1),
            (Escape::CsvQuoted, [b'"', b'"', ..]) => (2, 1),
            (_, [byte, ..]) => (1, self.charset.decoded_len(*byte)),
        }
    }
}

/// The value of the first four hexadecimal digits.
pub(crate) fn hex(digits: &[u8]) -> u32 {
    digits.iter().take(4).fold(0, |n, d| n * 16 + char::from(*d).to_digit(16).unwrap_or(0))
}

fn escape(text: &str, escape: Escape, charset: Charset, out: &mut Vec<u8>) {
    for c in text.chars() {
        match (escape, c) {
            (Escape::Json | Escape::JsonNumber, '"' | '\\') => out.extend([b'\\', c as u8]),
            (Escape::Json | Escape::JsonNumber, '\n') => out.extend(b"\\n"),
            (Escape::Json | Escape::JsonNumber, '\r') => out.extend(b"\\r"),
            (Escape::Json | Escape::JsonNumber, '\t') => out.extend(b"\\t"),
            (Escape::Json | Escape::JsonNumber, '\0'..' ') => {
                let digit = |n: u32| char::from_digit(n, 16).map_or(b'0', |d| d as u8);
                out.extend([b'\\', b'u', b'0', b'0', digit(c as u32 >> 4), digit(c as u32 & 15)]);
            }
            (Escape::CsvQuoted, '"') => out.extend(b"\"\""),
            (Escape::CsvBare, ',' | ';' | '|' | '\t' | '"' | '\r' | '\n') => out.push(b' '),
            _ => charset.push(c, out),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::borrow::Cow;
    use std::convert::Infallible;

    use super::*;
    use crate::identifier::Hint;

    fn run(bytes: &[u8], raw: Span, text: &str, escape: Escape, charset: Charset, cut: &str, by: &str) -> Vec<u8> {
        let segment = Segment { raw, text: Cow::Borrowed(text), hint: Hint::Text, escape, rule: None };
        let record = Record { bytes, charset, segments: vec![segment], patient: None };
        let start = text.find(cut).unwrap();
        let mut edits = Edits::default();
        edits
            .replace(0, Span::new(start, start + cut.len()), |out| {
                out.push_str(by);
                Ok::<_, Infallible>(true)
            })
            .unwrap();
        let mut out = Vec::new();
        splice(&record, &edits, &mut out, &mut Vec::new());
        out
    }

    #[test]
    fn replaces_the_written_form_of_a_span() {
        for (written, text, escape, cut, by, want) in [
            (r#"a Bea b"#, "a Bea b", Escape::Json, "Bea", "[N]", r#"a [N] b"#),
            (r#"\u0042ea\n\/x"#, "Bea\n/x", Escape::Json, "Bea", "[N]", r#"[N]\n\/x"#),
            (
                r#"\t\ud83d\ude00 S\u00f8r\u2014!"#,
                "\t\u{1f600} S\u{f8}r\u{2014}!",
                Escape::Json,
                "S\u{f8}r",
                "q\"\n\u{1}",
                r#"\t\ud83d\ude00 q\"\n\u0001\u2014!"#,
            ),
            (r#"\u2014x"#, "\u{2014}x", Escape::Json, "\u{2014}", "-", "-x"),
            (r#"say ""Bea"" now"#, "say \"Bea\" now", Escape::CsvQuoted, "\"Bea\"", "\"N\"", r#"say ""N"" now"#),
            (r#"say ""Bea"" now"#, "say \"Bea\" now", Escape::CsvQuoted, "Bea", "N", r#"say ""N"" now"#),
            ("Bea x", "Bea x", Escape::CsvBare, "Bea", "a,b\tc", "a b c x"),
            ("4829", "4829", Escape::JsonNumber, "4829", "[MRN]", "\"[MRN]\""),
            ("-4829", "-4829", Escape::JsonNumber, "4829", "[MRN]", "\"-[MRN]\""),
        ] {
            let bytes = format!("<{written}>");
            let raw = Span::new(1, 1 + written.len());
            let out = run(bytes.as_bytes(), raw, text, escape, Charset::Utf8, cut, by);
            assert_eq!(String::from_utf8(out).unwrap(), format!("<{want}>"));
        }
    }

    #[test]
    fn keeps_the_encoding_of_what_is_around() {
        let bytes = b"\x93Ren\xe9e\x94 \x80 5 caf\xe9";
        let text = Charset::Windows1252.decode(bytes).into_owned();
        let raw = Span::new(0, bytes.len());
        let out = run(bytes, raw, &text, Escape::None, Charset::Windows1252, "Ren\u{e9}e", "Zo\u{eb}\u{4e00}");
        assert_eq!(out, b"\x93Zo\xeb?\x94 \x80 5 caf\xe9");
    }

    #[test]
    fn an_edit_that_cuts_into_an_escape_replaces_the_escape() {
        let segment = Segment {
            raw: Span::new(0, 8),
            text: Cow::Borrowed("\u{e9}x!"),
            hint: Hint::Text,
            escape: Escape::Json,
            rule: None,
        };
        let record = Record { bytes: br"\u00e9x!", charset: Charset::Utf8, segments: vec![segment], patient: None };
        let mut edits = Edits::default();
        edits
            .replace(0, Span::new(1, 3), |out| {
                out.push('N');
                Ok::<_, Infallible>(true)
            })
            .unwrap();
        let mut out = Vec::new();
        splice(&record, &edits, &mut out, &mut Vec::new());
        assert_eq!(out, b"N!");
    }
}
