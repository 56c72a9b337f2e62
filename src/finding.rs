//! What was found in a text, and who said so.

use smallvec::SmallVec;

use crate::identifier::Label;
use crate::span::Span;

/// Which layer spoke for a finding.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// A shape with a validator: date, phone, address, number.
    Pattern,
    /// A word or field name that announces an identifier.
    Cue,
    /// Dictionaries, weighed with the words around.
    Dictionary,
    /// The same value was found elsewhere in the document.
    Document,
    /// The name of the field the text stands in.
    Field,
    /// The NER model.
    Model,
    /// Structured fields of the record, of its patient or of what it refers to hold the value.
    Record,
}

impl Source {
    /// The name in `deidre detect` output.
    pub fn name(self) -> &'static str {
        match self {
            Source::Pattern => "pattern",
            Source::Cue => "cue",
            Source::Dictionary => "dictionary",
            Source::Document => "document",
            Source::Field => "field",
            Source::Model => "model",
            Source::Record => "record",
        }
    }
}

/// An identifier in a text.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Finding {
    /// Where, in bytes of the text; on character boundaries.
    pub span: Span,
    /// What it is.
    pub label: Label,
    /// How sure, 0 to 1.
    pub score: f32,
    /// Who said so.
    pub source: Source,
}

/// What was found in one text: of a field mostly all of it, one finding.
pub(crate) type Found = SmallVec<[Finding; 1]>;
