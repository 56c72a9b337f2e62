//! Writes a record with some spans of its texts replaced; every other byte as it came.

use super::{Charset, Escape, hl7, rtf};
use crate::span::Span;

/// Replacements for one record, in a buffer that is reused from record to record.
#[derive(Default)]
pub struct Edits {
    text: String,
    list: Vec<Edit>,
}

/// Invariant: `text` is a span of [`Edits::text`].
#[derive(Clone, Copy)]
struct Edit {
    /// What is replaced, in the bytes that are edited.
    raw: Span,
    escape: Escape,
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

    /// What each of them replaces, and how many bytes it puts there where nothing is escaped, in the order in which they
    /// were made.
    pub(crate) fn sizes(&self) -> impl Iterator<Item = (Span, usize)> {
        self.list.iter().map(|edit| (edit.raw, edit.text.len()))
    }

    /// Replaces the bytes at `raw` by what `write` appends, written as `escape` says; no edit when `write` returns false
    /// or fails.
    ///
    /// # Errors
    ///
    /// What `write` returned.
    pub fn replace<E>(
        &mut self,
        raw: Span,
        escape: Escape,
        write: impl FnOnce(&mut String) -> Result<bool, E>,
    ) -> Result<(), E> {
        let start = self.text.len();
        let written = write(&mut self.text);
        if let Ok(true) = written {
            self.list.push(Edit { raw, escape, text: Span::new(start, self.text.len()) });
        } else {
            self.text.truncate(start);
        }
        written.map(|_| ())
    }

    /// Appends `bytes` to `out`, edits applied; one that overlaps an earlier one loses the shared part. Appends to `places`
    /// where in `out` the text of each edit begins, in the order in which the edits were made.
    pub fn apply(&self, bytes: &[u8], charset: Charset, out: &mut Vec<u8>, places: &mut Vec<usize>) {
        let first = places.len();
        places.resize(first + self.list.len(), usize::MAX);
        // Readers find most texts in the order in which they stand.
        let mut order: Vec<usize> = Vec::new();
        if !self.list.is_sorted_by_key(|edit| edit.raw.start) {
            order.extend(0..self.list.len());
            order.sort_by_key(|at| self.list.get(*at).map(|edit| edit.raw.start));
        }
        let mut copied = 0;
        for number in 0..self.list.len() {
            let at = order.get(number).copied().unwrap_or(number);
            let Some(edit) = self.list.get(at) else { continue };
            let start = edit.raw.start.max(copied);
            copy(bytes, copied, start, out);
            copied = edit.raw.end.max(start);
            let text = edit.text.of(&self.text);
            let quotes = edit.escape == Escape::JsonNumber && !is_number(text);
            if quotes {
                out.push(b'"');
            }
            if let Some(place) = places.get_mut(first + at) {
                *place = out.len();
            }
            escape(text, edit.escape, charset, out);
            if quotes {
                out.push(b'"');
            }
        }
        copy(bytes, copied, bytes.len(), out);
    }
}

impl std::fmt::Debug for Edits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Edits").field("edits", &self.list.len()).field("text", &self.text.len()).finish()
    }
}

fn copy(bytes: &[u8], start: usize, end: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(bytes.get(start..end).unwrap_or_default());
}

/// Whether `text` is a number as JSON writes it, so that it may stand without quotes.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    all(whole) && all(fraction) && (whole == "0" || !whole.starts_with('0'))
}

fn escape(text: &str, escape: Escape, charset: Charset, out: &mut Vec<u8>) {
    let plain = match escape {
        Escape::None | Escape::Json | Escape::JsonNumber => IN_JSON,
        _ => EVERYWHERE,
    };
    if text.bytes().all(|b| PLAIN[usize::from(b)] & plain != 0) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    for c in text.chars() {
        match (escape, c) {
            (Escape::Json | Escape::JsonNumber, '"') | (Escape::Json | Escape::JsonNumber | Escape::JsonXml, '\\') => {
                out.extend([b'\\', c as u8]);
            }
            (Escape::Json | Escape::JsonNumber | Escape::JsonXml, '\n') => out.extend(b"\\n"),
            (Escape::Json | Escape::JsonNumber | Escape::JsonXml, '\r') => out.extend(b"\\r"),
            (Escape::Json | Escape::JsonNumber | Escape::JsonXml, '\t') => out.extend(b"\\t"),
            (Escape::Json | Escape::JsonNumber | Escape::JsonXml, '\0'..' ') => {
                let digit = |n: u32| char::from_digit(n, 16).map_or(b'0', |d| d as u8);
                out.extend([b'\\', b'u', b'0', b'0', digit(c as u32 >> 4), digit(c as u32 & 15)]);
            }
            (Escape::CsvQuoted, '"') => out.extend(b"\"\""),
            (Escape::CsvBare, ',' | ';' | '|' | '\t' | '"' | '\r' | '\n') => out.push(b' '),
            (Escape::Xml | Escape::JsonXml, '&') => out.extend(b"&amp;"),
            (Escape::Xml | Escape::JsonXml, '<') => out.extend(b"&lt;"),
            (Escape::Xml | Escape::JsonXml, '>') => out.extend(b"&gt;"),
            (Escape::Xml | Escape::JsonXml, '"') => out.extend(b"&quot;"),
            (Escape::Xml | Escape::JsonXml, '\'') => out.extend(b"&#39;"),
            // The end of the section is `]]>`.
            (Escape::Cdata, '>') => out.push(b' '),
            (Escape::Hl7(delimiters), c) => hl7::escape::push(c, delimiters, charset, out),
            (Escape::Rtf, c) => rtf::push(c, out),
            _ => charset.push(c, out),
        }
    }
}

/// What labels and tokens are made of stands for itself everywhere: no delimiter of HL7 is one of these.
const EVERYWHERE: u8 = 1;
/// Stands for itself in text and in JSON strings.
const IN_JSON: u8 = 2;

/// Where each byte stands for itself.
const PLAIN: [u8; 256] = {
    let (mut table, mut byte) = ([0; 256], 0);
    while byte < 256 {
        let b = byte as u8;
        let everywhere = b.is_ascii_alphanumeric() || matches!(b, b'[' | b']' | b':' | b'_');
        let json = matches!(b, b' '..0x7f) && !matches!(b, b'"' | b'\\');
        table[byte] = (EVERYWHERE * everywhere as u8) | (IN_JSON * json as u8);
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::borrow::Cow;
    use std::convert::Infallible;

    use super::*;
    use crate::identifier::Hint;
    use crate::record::{Segment, Walk};

    fn run(bytes: &[u8], raw: Span, text: &str, escape: Escape, charset: Charset, cut: &str, by: &str) -> Vec<u8> {
        let segment = Segment::new(raw, Cow::Borrowed(text), Hint::Text, escape);
        let start = text.find(cut).unwrap();
        let raw = match escape {
            Escape::JsonNumber => raw,
            _ => Walk::new(bytes, charset, &segment).raw(Span::new(start, start + cut.len())),
        };
        let mut edits = Edits::default();
        edits
            .replace(raw, escape, |out| {
                out.push_str(by);
                Ok::<_, Infallible>(true)
            })
            .unwrap();
        let mut out = Vec::new();
        edits.apply(bytes, charset, &mut out, &mut Vec::new());
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
            ("-4829", "-4829", Escape::JsonNumber, "4829", "[MRN]", "\"[MRN]\""),
            ("4829", "4829", Escape::JsonNumber, "4829", "90", "90"),
            ("4829", "4829", Escape::JsonNumber, "4829", "017", "\"017\""),
            ("a &amp; D&#x27;Artois &lt;", "a & D'Artois <", Escape::Xml, "D'Artois", "<N>", "a &amp; &lt;N&gt; &lt;"),
            (r#"a \u0026#39;Bea\n"#, "a 'Bea\n", Escape::JsonXml, "'Bea", "\"N\"", r#"a &quot;N&quot;\n"#),
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
        let bytes = br"\u00e9x!";
        let segment = Segment::new(Span::new(0, 8), Cow::Borrowed("\u{e9}x!"), Hint::Text, Escape::Json);
        let raw = Walk::new(bytes, Charset::Utf8, &segment).raw(Span::new(1, 3));
        let mut edits = Edits::default();
        edits
            .replace(raw, Escape::Json, |out| {
                out.push('N');
                Ok::<_, Infallible>(true)
            })
            .unwrap();
        let mut out = Vec::new();
        edits.apply(bytes, Charset::Utf8, &mut out, &mut Vec::new());
        assert_eq!(out, b"N!");
    }

    #[test]
    fn edits_are_applied_in_the_order_of_the_bytes_and_places_are_those_of_the_edits() {
        let mut edits = Edits::default();
        for (start, end, by) in [(6, 9, "[X]"), (0, 3, "[YY]"), (8, 10, "[Z]")] {
            let write = |out: &mut String| {
                out.push_str(by);
                Ok::<_, Infallible>(true)
            };
            edits.replace(Span::new(start, end), Escape::None, write).unwrap();
        }
        let (mut out, mut places) = (b">".to_vec(), vec![7]);
        edits.apply(b"abc def ghi", Charset::Utf8, &mut out, &mut places);
        assert_eq!(out, b">[YY] de[X][Z]i");
        assert_eq!(places, [7, 8, 1, 11]);
    }
}
