//! What one thread reuses from text to text.

use super::cache::WordCache;
use super::clue::Question;
use super::context::{Gather, Shelf};
use super::cue::CueMatch;
use super::evidence::feature::Sequence;
use super::evidence::{Decision, Path};
use super::inert::Inert;
use super::pattern::web::Address;
use super::token::Token;
use crate::finding::Finding;
use crate::identifier::Label;
use crate::span::Span;
use crate::word::{Opinion, Word as Shown};

/// Buffers that one thread reuses from text to text.
#[derive(Default)]
pub struct Scratch {
    pub(crate) sequence: Sequence,
    pub(super) addresses: Vec<Address>,
    pub(super) web: Vec<Span>,
    pub(super) numbers: Vec<(Span, Label)>,
    pub(super) cues: Vec<CueMatch>,
    pub(super) decisions: Vec<Decision>,
    pub(super) path: Path,
    pub(super) folded: Vec<u8>,
    pub(super) cache: WordCache,
    /// What rules are sure of.
    pub(super) sure: Vec<Finding>,
    pub(super) windows: Vec<(usize, usize)>,
    pub(super) questions: Vec<Question>,
    pub(super) words: Vec<Shown>,
    pub(super) opinions: Vec<Opinion>,
    /// Texts of this record that were decided already, by their place in the record.
    pub(super) kept: [Kept; KEPT],
    /// What the fields of this record say.
    pub(super) gather: Gather,
    pub(super) inert: Inert,
    pub(super) shelf: Shelf,
    pub(super) tokens: Vec<Token>,
}

/// A decided text.
#[derive(Default)]
pub(super) struct Kept {
    sequence: Sequence,
    decisions: Vec<Decision>,
    /// Of this record, and not of one before.
    filled: bool,
}

impl Scratch {
    /// Keeps the text that was decided last, the one at `at` of its record, if there is room for it.
    pub(super) fn keep(&mut self, at: usize, bytes: usize) {
        if let Some(kept) = self.kept.get_mut(at) {
            kept.filled = bytes <= LONGEST_KEPT;
            if kept.filled {
                kept.swap(&mut self.sequence, &mut self.decisions);
            }
        }
    }

    /// Nothing of the text at `at` of the record is kept.
    pub(super) fn skip(&mut self, at: usize) {
        if let Some(kept) = self.kept.get_mut(at) {
            kept.filled = false;
        }
    }

    /// Whether the text at `at` of the record was kept; it is the one that was decided last then.
    pub(super) fn recall(&mut self, at: usize) -> bool {
        let kept = self.kept.get_mut(at).filter(|kept| kept.filled);
        if let Some(kept) = kept {
            kept.swap(&mut self.sequence, &mut self.decisions);
            return true;
        }
        false
    }
}

impl Kept {
    /// Exchanges the text that was decided last for this one.
    fn swap(&mut self, sequence: &mut Sequence, decisions: &mut Vec<Decision>) {
        std::mem::swap(&mut self.sequence, sequence);
        std::mem::swap(&mut self.decisions, decisions);
    }
}

/// How many texts of a record are kept from finding to spreading; what is beyond is decided again.
pub(super) const KEPT: usize = 32;
/// Bytes of the longest that is kept: all of them take some ten megabytes of tokens.
pub(super) const LONGEST_KEPT: usize = 1 << 15;
