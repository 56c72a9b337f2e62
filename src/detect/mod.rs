//! Claims about text: shapes, cues, dictionaries.

pub mod dictionary;

use crate::engine::Input;
use crate::identifier::{Hint, Label};
use crate::resolve::{Finding, Findings, Source};
use crate::span::Span;

/// Finds identifiers by shape, cue and dictionary.
pub struct Detector {}

/// Buffers that one thread reuses from text to text.
#[derive(Default)]
pub struct Scratch {}

impl Detector {
    /// The detector on the embedded dictionaries.
    pub fn embedded() -> Self {
        Self {}
    }

    /// See [`crate::engine::Worker::find`].
    pub(crate) fn find(&self, inputs: &[Input<'_>], _scratch: &mut Scratch) -> Vec<Findings> {
        inputs
            .iter()
            .map(|input| {
                let mut found = Vec::new();
                if let Hint::Whole(label) = input.hint {
                    let text = input.text;
                    found.push(Finding { span: Span::new(0, text.len()), label, score: 1.0, source: Source::Field });
                }
                for (at, _) in input.text.match_indices('@') {
                    found.push(Finding {
                        span: Span::new(at, at + 1),
                        label: Label::Email,
                        score: 0.9,
                        source: Source::Pattern,
                    });
                }
                Findings::resolve(found)
            })
            .collect()
    }
}
