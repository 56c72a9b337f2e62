//! Records: the unit that is scrubbed whole or set aside whole, and the texts in it that may hold identifiers.
//!
//! A reader per format finds the [`Segment`]s of a record in its untouched bytes; [`splice()`] writes the record back with
//! only the edited spans changed.

pub mod charset;
pub mod csv;
pub mod fault;
pub mod field;
pub mod json;
pub mod select;
pub mod sniff;
pub mod splice;
pub mod text;

use std::borrow::Cow;

pub use charset::Charset;
pub use fault::{Fault, Reason};
pub use select::Select;
pub(crate) use splice::Walk;
pub use splice::{Edits, splice};

use crate::identifier::Hint;
use crate::span::Span;

/// How a byte stream is cut into records and where their texts are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// Documents of plain text.
    Text,
    /// One JSON value a line.
    Ndjson,
    /// One JSON value in all.
    Json,
    /// Rows of a delimited table with quoting.
    Csv,
    /// Rows of a tab-separated table: no quoting, a quote is a character like others.
    Tsv,
}

/// One record: its bytes as they came, and where its texts stand in them.
///
/// Invariant: segments are sorted by `raw`, and do not overlap.
pub struct Record<'r> {
    /// The record as it came, line end not included.
    pub bytes: &'r [u8],
    /// How its bytes stand for characters.
    pub charset: Charset,
    /// The texts to search.
    pub segments: Vec<Segment<'r>>,
    /// The value of the field that says whose record it is, when one was named and is there.
    pub patient: Option<Cow<'r, str>>,
}

/// A text in a record that may hold identifiers.
pub struct Segment<'r> {
    /// Where the written form stands in the record's bytes, without the quotes around it.
    pub raw: Span,
    /// The text with the format's escapes resolved. Borrowed means that it stands in the record's bytes as it is.
    pub text: Cow<'r, str>,
    /// What the field's name says of it.
    pub hint: Hint,
    /// How a replacement must be written here.
    pub escape: Escape,
    /// The number of the policy's field that it stands in, see [`Select::rules`].
    pub rule: Option<u16>,
}

/// How text is written where a segment stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Escape {
    /// As it is.
    None,
    /// In a JSON string: backslash escapes.
    Json,
    /// A JSON number that becomes a string when it is replaced: quotes are added.
    JsonNumber,
    /// In a quoted CSV field: quotes are doubled.
    CsvQuoted,
    /// In an unquoted CSV or TSV field: characters with a meaning there become spaces.
    CsvBare,
}

// Text of a record must not reach a log through Debug: lengths only.
impl std::fmt::Debug for Record<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Record").field("bytes", &self.bytes.len()).field("segments", &self.segments.len()).finish()
    }
}

impl std::fmt::Debug for Segment<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Segment")
            .field("raw", &self.raw)
            .field("hint", &self.hint)
            .field("escape", &self.escape)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_holds_no_text() {
        let segment = Segment {
            raw: Span::new(1, 7),
            text: Cow::Borrowed("MARKER"),
            hint: Hint::Text,
            escape: Escape::Json,
            rule: None,
        };
        assert!(!format!("{segment:?}").contains("MARKER"));
        let record = Record {
            bytes: b"\"MARKER\"",
            charset: Charset::Utf8,
            segments: vec![segment],
            patient: Some(Cow::Borrowed("MARKER")),
        };
        assert!(!format!("{record:?}").contains("MARKER"));
    }
}
