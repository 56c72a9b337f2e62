//! A word between detection and the model: what is known of it, and what is said of it.

use crate::identifier::Label;
use crate::span::Span;

/// How many clues a word has.
pub const CLUES: usize = 6;

/// A word of a text as a model sees it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Word {
    /// Where, in bytes of the text.
    pub span: Span,
    /// What detection knows of it: clue `i` is a row of the model's table `i`.
    pub clues: [u16; CLUES],
}

/// What a model says of a word.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Opinion {
    /// What it is part of; `None` for nothing.
    pub label: Option<Label>,
    /// It begins what it is part of.
    pub begins: bool,
    /// How probable that label, or nothing, is: 0 to 1.
    pub score: f32,
    /// How probable it is that it is nothing: 0 to 1.
    pub nothing: f32,
}

// What is known of a word tells of it: no clues in a log.
impl std::fmt::Debug for Word {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Word").field("span", &self.span).finish_non_exhaustive()
    }
}
