//! Records: the unit that is scrubbed whole or set aside whole, and the texts in it that may hold identifiers.
//!
//! A reader per format finds the [`Segment`]s of a record in its untouched bytes; [`splice`] writes the record back with
//! only the edited spans changed.

use std::borrow::Cow;

use crate::identifier::Hint;
use crate::span::Span;

/// One record: its bytes as they came, and where its texts stand in them.
///
/// Invariant: segments are sorted by `raw`, and do not overlap.
pub struct Record<'r> {
    /// The record as it came, line end not included.
    pub bytes: &'r [u8],
    /// The texts to search.
    pub segments: Vec<Segment<'r>>,
}

/// A text in a record that may hold identifiers.
pub struct Segment<'r> {
    /// Where the written form stands in the record's bytes, without the quotes around it.
    pub raw: Span,
    /// The text with the format's escapes resolved.
    pub text: Cow<'r, str>,
    /// What the field's name says of it.
    pub hint: Hint,
    /// How a replacement must be written here.
    pub escape: Escape,
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
    /// In an unquoted CSV or TSV field.
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
