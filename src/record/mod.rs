//! Records: the unit that is scrubbed whole or set aside whole, and the texts in it that may hold identifiers.
//!
//! A reader per format finds the [`Segment`]s of a record in its untouched bytes; [`Edits`] write the record back with
//! only the edited spans changed.

mod attachment;
pub mod charset;
mod content;
pub mod csv;
mod entity;
pub mod fault;
mod fhir;
pub mod field;
pub mod hl7;
pub mod json;
mod look;
mod markup;
mod near;
mod rtf;
pub mod select;
pub mod sniff;
pub mod splice;
pub mod text;
mod walk;
pub mod xml;

use std::borrow::Cow;

pub use crate::form::Form;
pub use charset::Charset;
pub use content::{Content, Fate};
pub use fault::{Fault, Reason};
pub use select::Select;
pub use splice::Edits;
pub(crate) use walk::Walk;

use crate::identifier::Hint;
pub use crate::identifier::Part;
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
    /// Messages of HL7 version 2, with or without batch and file envelopes or MLLP frames.
    Hl7,
    /// One XML document in all; C-CDA among them.
    Xml,
}

/// One record: its bytes as they came, and where its texts stand in them.
///
/// Invariant: segments do not overlap, nor do contents; segments that go on from one another stand together and in order.
pub struct Record<'r> {
    /// The record as it came, line end not included.
    pub bytes: &'r [u8],
    /// How its bytes stand for characters.
    pub charset: Charset,
    /// The texts to search.
    pub segments: Vec<Segment<'r>>,
    /// Contents that stand in the record encoded: attachments.
    pub contents: Vec<Content>,
    /// Who says whose record it is: the value of the field that was named for it, or the format itself.
    pub patient: Option<Cow<'r, str>>,
    /// Resources of the export that the record speaks of, as `Type/id`, the record itself among them.
    pub references: Vec<Cow<'r, str>>,
}

/// A text in a record that may hold an identifier.
pub struct Segment<'r> {
    /// Where the written form stands in the record's bytes, without the quotes around it; in the content's bytes when it
    /// stands in one.
    pub raw: Span,
    /// The text with the format's escapes resolved. Borrowed means that it stands in the record's bytes as it is.
    pub text: Cow<'r, str>,
    /// What the field's name says of it.
    pub hint: Hint,
    /// How a replacement must be written here.
    pub escape: Escape,
    /// The number of the policy's field that it stands in, see [`Select::rules`].
    pub rule: Option<u16>,
    /// How it goes on from the segment before it.
    pub join: Join,
    /// What a replacement must look like for the record to stay valid.
    pub form: Form,
    /// Which part of a person's name it is.
    pub part: Part,
    /// The content that it stands in, as an index into [`Record::contents`].
    pub within: Option<u16>,
    /// The field, as the reader that made it numbers and names its fields.
    pub field: u32,
}

/// How text is written where a segment stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Escape {
    /// As it is.
    None,
    /// In a JSON string: backslash escapes.
    Json,
    /// A JSON number that becomes a string when it is replaced, unless the replacement is a number too: quotes are added.
    JsonNumber,
    /// In a quoted CSV field: quotes are doubled.
    CsvQuoted,
    /// In an unquoted CSV or TSV field: characters with a meaning there become spaces.
    CsvBare,
    /// In text or an attribute of XML or HTML: entities.
    Xml,
    /// In a CDATA section: as it is, but for the end of the section.
    Cdata,
    /// Markup in a JSON string: entities, whose characters may be written with backslash escapes.
    JsonXml,
    /// In a field of an HL7 message with these delimiters.
    Hl7(Delimiters),
    /// In the text of an RTF document: control words and `\'xx`.
    Rtf,
}

/// The delimiters of an HL7 message, as MSH-1 and MSH-2 give them; 0 for one that is not given.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Delimiters {
    /// Between fields: `|`.
    pub field: u8,
    /// Between components: `^`.
    pub component: u8,
    /// Between repetitions: `~`.
    pub repetition: u8,
    /// Begins and ends an escape: `\`.
    pub escape: u8,
    /// Between sub-components: `&`.
    pub subcomponent: u8,
}

/// How a segment goes on from the segment before it. Segments that go on are searched as one text; what is found across
/// their borders is replaced part by part.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Join {
    /// It does not: it is a text of its own.
    #[default]
    Apart,
    /// With nothing between them, as around markup in a word.
    Glued,
    /// After a space, as between the cells of a table row.
    Space,
    /// On a line of its own, as between paragraphs.
    Line,
}

impl<'r> Segment<'r> {
    /// A text of its own, in no content, of any form.
    pub fn new(raw: Span, text: Cow<'r, str>, hint: Hint, escape: Escape) -> Self {
        Self {
            raw,
            text,
            hint,
            escape,
            rule: None,
            join: Join::Apart,
            form: Form::Free,
            part: Part::Unknown,
            within: None,
            field: 0,
        }
    }
}

impl<'r> Record<'r> {
    /// A record without texts yet.
    pub fn new(bytes: &'r [u8], charset: Charset) -> Self {
        Self { bytes, charset, segments: Vec::new(), contents: Vec::new(), patient: None, references: Vec::new() }
    }

    /// Where that span of a segment's text stands in the bytes, whole escapes.
    pub fn raw_of(&self, segment: &Segment<'_>, span: Span) -> Span {
        Walk::new(self.bytes_of(segment), self.charset_of(segment), segment).raw(span)
    }

    /// The bytes that a segment's `raw` is a span of.
    pub fn bytes_of(&self, segment: &Segment<'_>) -> &[u8] {
        match segment.within {
            None => self.bytes,
            Some(number) => self.contents.get(usize::from(number)).map_or(&[], |content| content.bytes.as_slice()),
        }
    }

    /// How the bytes of that segment stand for characters.
    pub fn charset_of(&self, segment: &Segment<'_>) -> Charset {
        let content = segment.within.and_then(|number| self.contents.get(usize::from(number)));
        content.map_or(self.charset, |content| content.charset)
    }
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
        let segment = Segment::new(Span::new(1, 7), Cow::Borrowed("MARKER"), Hint::Text, Escape::Json);
        assert!(!format!("{segment:?}").contains("MARKER"));
        let mut record = Record::new(b"\"MARKER\"", Charset::Utf8);
        record.segments.push(segment);
        record.patient = Some(Cow::Borrowed("MARKER"));
        record.references.push(Cow::Borrowed("MARKER"));
        record.contents.push(Content::new(Span::new(0, 1), b"MARKER".to_vec()));
        assert!(!format!("{record:?}").contains("MARKER"));
    }
}
