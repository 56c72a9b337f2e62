//! Walks a segment's written form and its text side by side: where in the bytes a span of the text stands.

use super::{Charset, Escape, Segment, entity, hl7, rtf};
use crate::span::Span;

/// Forwards only: spans must be asked for in the order of the text.
pub(crate) struct Walk<'a> {
    raw: &'a [u8],
    base: usize,
    identity: bool,
    escape: Escape,
    charset: Charset,
    /// Start of the current unit in `raw` and in the text.
    at: usize,
    text_at: usize,
    /// Up to here in `raw` each byte is one of the text.
    plain: usize,
}

impl<'a> Walk<'a> {
    /// In `bytes`, of which the segment's `raw` is a span.
    pub(crate) fn new(bytes: &'a [u8], charset: Charset, segment: &Segment<'_>) -> Self {
        let raw = bytes.get(segment.raw.start..segment.raw.end).unwrap_or_default();
        Self {
            raw,
            base: segment.raw.start,
            identity: segment.text.as_bytes() == raw,
            escape: segment.escape,
            charset,
            at: 0,
            text_at: 0,
            plain: 0,
        }
    }

    /// Where a span of the text stands in the bytes, whole escapes.
    pub(crate) fn raw(&mut self, span: Span) -> Span {
        let start = self.raw_start(span.start);
        Span::new(start, self.raw_end(span.end).max(start))
    }

    /// Where the unit that holds text byte `text` starts.
    fn raw_start(&mut self, text: usize) -> usize {
        if self.identity {
            return self.base + text;
        }
        loop {
            self.skip(text);
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
            self.skip(text);
            let (raw, decoded) = self.unit();
            if raw == 0 || self.text_at >= text {
                return self.base + self.at;
            }
            self.at += raw;
            self.text_at += decoded;
        }
    }

    /// Goes to text byte `text`, or as far towards it as the bytes stand for themselves.
    fn skip(&mut self, text: usize) {
        if self.charset != Charset::Utf8 {
            return;
        }
        if self.plain <= self.at {
            let rest = self.raw.get(self.at..).unwrap_or_default();
            let next = match self.escape {
                Escape::None | Escape::Cdata | Escape::CsvBare | Escape::JsonNumber => None,
                Escape::Json | Escape::Rtf => memchr::memchr(b'\\', rest),
                Escape::CsvQuoted => memchr::memchr(b'"', rest),
                Escape::Xml => memchr::memchr(b'&', rest),
                Escape::JsonXml => memchr::memchr2(b'\\', b'&', rest),
                Escape::Hl7(delimiters) => memchr::memchr(delimiters.escape, rest),
            };
            self.plain = self.at + next.unwrap_or(rest.len());
        }
        let step = (self.plain - self.at).min(text.saturating_sub(self.text_at));
        self.at += step;
        self.text_at += step;
    }

    /// Length of the unit at the current place, written and decoded; zeros at the end.
    fn unit(&self) -> (usize, usize) {
        let rest = self.raw.get(self.at..).unwrap_or_default();
        match (self.escape, rest) {
            (_, []) => (0, 0),
            (Escape::Json, [b'\\', ..]) => json_unit(rest).map_or((1, 1), |(raw, c)| (raw, c.len_utf8())),
            (Escape::CsvQuoted, [b'"', b'"', ..]) => (2, 1),
            (Escape::Xml, [b'&', ..]) => entity::read(rest).map_or((1, 1), |(raw, c)| (raw, c.len_utf8())),
            (Escape::JsonXml, [b'\\' | b'&', ..]) => json_xml_unit(rest),
            (Escape::Hl7(delimiters), [first, ..]) if *first == delimiters.escape && *first != 0 => {
                hl7::escape::unit(rest, delimiters)
            }
            (Escape::Rtf, [b'\\', ..]) => rtf::unit(rest),
            (_, [byte, ..]) => (1, self.charset.decoded_len(*byte)),
        }
    }
}

/// Length and character of the JSON escape at the start of `rest`.
fn json_unit(rest: &[u8]) -> Option<(usize, char)> {
    let simple = |c| Some((2, c));
    match rest {
        [b'\\', b'u', digits @ ..] => match hex(digits) {
            high @ 0xD800..=0xDBFF => {
                let low = hex(rest.get(8..).unwrap_or_default());
                char::from_u32(0x10000 + ((high - 0xD800) << 10) + low.wrapping_sub(0xDC00)).map(|c| (12, c))
            }
            code => char::from_u32(code).map(|c| (6, c)),
        },
        [b'\\', b'n', ..] => simple('\n'),
        [b'\\', b't', ..] => simple('\t'),
        [b'\\', b'r', ..] => simple('\r'),
        [b'\\', b'b', ..] => simple('\u{8}'),
        [b'\\', b'f', ..] => simple('\u{c}'),
        [b'\\', c, ..] => simple(char::from(*c)),
        _ => None,
    }
}

/// A unit of markup in a JSON string: an entity, each character of which may be an escape, or one character.
fn json_xml_unit(rest: &[u8]) -> (usize, usize) {
    let mut written = Vec::with_capacity(entity::LONGEST);
    let mut ends = Vec::with_capacity(entity::LONGEST);
    let mut at = 0;
    while written.len() < entity::LONGEST {
        let (raw, c) = match rest.get(at) {
            None => break,
            Some(b'\\') => match json_unit(rest.get(at..).unwrap_or_default()) {
                Some(unit) => unit,
                None => break,
            },
            Some(byte) => (1, char::from(*byte)),
        };
        if written.is_empty() && c != '&' {
            return (raw, c.len_utf8());
        }
        if !c.is_ascii() {
            break;
        }
        at += raw;
        written.push(c as u8);
        ends.push(at);
        if c == ';' {
            break;
        }
    }
    match entity::read(&written) {
        Some((length, c)) => (ends.get(length - 1).copied().unwrap_or(1), c.len_utf8()),
        // An ampersand that begins no entity.
        None => (ends.first().copied().unwrap_or(1), 1),
    }
}

/// The value of the first four hexadecimal digits.
pub(crate) fn hex(digits: &[u8]) -> u32 {
    digits.iter().take(4).fold(0, |n, d| n * 16 + char::from(*d).to_digit(16).unwrap_or(0))
}
