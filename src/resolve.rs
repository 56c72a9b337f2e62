//! Candidates become findings: overlaps merge, and what was found once is found everywhere.

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

/// The findings of one text: sorted, never overlapping, never empty spans.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Findings(Vec<Finding>);

impl Findings {
    /// Resolves candidates: of those that overlap, the best names the union of all (resolution may over-redact, it may
    /// not uncover).
    pub fn resolve(mut candidates: Vec<Finding>) -> Self {
        candidates.retain(|f| !f.span.is_empty());
        candidates.sort_by(|a, b| a.span.cmp(&b.span));
        let mut out: Vec<Finding> = Vec::with_capacity(candidates.len());
        for next in candidates {
            match out.last_mut() {
                Some(last) if last.span.overlaps(next.span) => {
                    let span = Span::new(last.span.start, last.span.end.max(next.span.end));
                    if next.score > last.score {
                        *last = next;
                    }
                    last.span = span;
                }
                _ => out.push(next),
            }
        }
        Findings(out)
    }

    /// In the order of the text.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Finding> {
        self.0.iter()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
