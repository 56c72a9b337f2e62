//! What detection tells the model of each word: small numbers, one a table of embeddings.
//!
//! An encoder adds an embedding of the token's type to that of its word. Here the type is what rules and dictionaries
//! know: the class and shape of the word, the cue before it, how the evidence weighs it, what the rules found there, how
//! common it is as a name and as a word, and where it stands on its line. The evidence's opinion is one of them, so the
//! model that was trained with it weighs both.

use super::cue::Cue;
use super::evidence::class::FINE;
use super::evidence::feature::{PhraseKind, Sequence};
use super::evidence::word::Word;
use super::evidence::{Decision, Tag};
use super::findings::Document;
use super::token::{Case, Gap, Kind, Token};
use super::{Detector, Scratch, findings};
use crate::finding::Finding;
use crate::identifier::Label;
use crate::span::Span;
use crate::word::{CLUES, Word as Shown};

/// How many values each clue can take, 0 for nothing included.
pub(crate) const SIZES: [usize; CLUES] = [
    FINE,
    Cue::COUNT * 3,
    1 + Tag::COUNT * MARGINS,
    2 + 2 * Label::ALL.len(),
    16 * 16,
    GAPS * 3 * 4 * PhraseKind::COUNT,
];

const MARGINS: usize = 6;
const GAPS: usize = 5;

/// What a model is asked about: a stretch of words, of which those between are open and the rest is context.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Question {
    /// Tokens of the text.
    pub(crate) words: (usize, usize),
    /// Tokens whose opinion is wanted: from the first that evidence has not settled to the last, and a few on each side.
    pub(crate) open: (usize, usize),
}

/// A window at a token that the gate takes for a word: a number in words ([`counted`]), a letter behind a title (`dr t`), a word in
/// capitals before an initial (`LONG, A.`), two words of which the first begins places (`fort ransom`), or two or three small letters that end
/// a line with what stands glued before them (`jt/abl`).
fn unsettled(sequence: &Sequence, i: usize) -> Option<(usize, usize)> {
    let (token, info) = sequence.tokens.get(i).zip(sequence.infos.get(i))?;
    let at = |i: usize| sequence.tokens.get(i);
    match (token.kind, token.case) {
        (Kind::Word, Case::Initial) => {
            let listed = i >= 2
                && at(i - 1).is_some_and(|t| t.kind == Kind::Punct && t.gap == Gap::None)
                && at(i - 2).is_some_and(|t| t.kind == Kind::Word && t.case == Case::Upper);
            (listed && token.gap == Gap::Space).then(|| (i - 2, i + 1))
        }
        (Kind::Word, Case::Lower) => {
            let before = i.checked_sub(1).and_then(|p| sequence.infos.get(p));
            if info.bits & NUMBER != 0 {
                return counted(sequence, i);
            }
            if info.bits & Word::PLACE != 0 {
                let named = at(i + 1).is_some_and(|t| t.kind == Kind::Word && t.gap == Gap::Space)
                    && sequence.infos.get(i + 1).is_some_and(|x| x.entry.lower() < FUNCTION);
                return named.then_some((i, i + 2));
            }
            if token.len() == 1 && token.gap == Gap::Space && before.is_some_and(|x| x.entry.is_title()) {
                return Some((i, i + 1));
            }
            // A closing mark may stand between the letters and the end of the line.
            let line_ends = |i: usize| at(i).is_none_or(Token::starts_line);
            let closed = at(i + 1).is_some_and(|t| t.kind == Kind::Punct && t.gap == Gap::None) && line_ends(i + 2);
            let ends = line_ends(i + 1) || closed;
            let glued = |i: usize| at(i).is_some_and(|t| t.gap == Gap::None);
            (ends && (2..=3).contains(&token.len()) && info.entry.lower() < PLAIN).then(|| {
                let from = if i >= 2 && glued(i) && glued(i - 1) { i - 2 } else { i };
                (from, i + 1)
            })
        }
        _ => None,
    }
}

/// A window at a number in words that may be part of an identifier: the second of two (`oh four`, `one eighteen`), one beside a
/// month, one behind a cue (`room eleven`), and a day of the month that no noun follows (`on the ninth and`).
fn counted(sequence: &Sequence, i: usize) -> Option<(usize, usize)> {
    let near = |at: Option<usize>| {
        let (token, info) = at.and_then(|at| sequence.tokens.get(at).zip(sequence.infos.get(at)))?;
        (token.kind == Kind::Word).then_some(info)
    };
    let info = sequence.infos.get(i)?;
    let (before, after) = (near(i.checked_sub(1)), near(Some(i + 1)));
    if before.is_some_and(|x| x.bits & NUMBER != 0 || x.entry.is_month()) {
        return Some((i - 1, i + 1));
    }
    let dated = after.is_some_and(|x| x.entry.is_month());
    let alone = || after.is_none_or(|x| x.bits & Word::LINK != 0 || x.entry.lower() >= FUNCTION);
    let day = info.bits & Word::ORDINAL != 0 && before.is_some_and(|x| x.bits & Word::LINK != 0) && alone();
    let cued = info.bits & Word::ORDINAL == 0 && info.cue != 0 && info.cue_distance == 0;
    (dated || day || cued).then_some((i, i + 1))
}

/// Numbers in words.
const NUMBER: u16 = Word::DIGIT | Word::COUNT | Word::ORDINAL;

/// How common in small letters a word is that is no noun, such as `so` and `when`: bucket 14.
const FUNCTION: u8 = 14;

/// How common in small letters a word is that is no one's initials: bucket 10, twenty-five times in a million words.
const PLAIN: u8 = 10;

/// How many words are shown on each side of what is asked about.
pub(crate) const CONTEXT: usize = 8;

/// How many words on each side are asked about as well: the gate takes some for words that the model knows better, above all in
/// lists and talk in small letters.
const ASIDE: usize = 5;

/// Below which the evidence is sure that a token is nothing, in nats: a window of such tokens is not asked about. Set on the
/// development set, where anything from -4.5 to 0.0 catches as much; from 0.5 on names are lost.
const QUIET: f32 = 0.0;

/// The questions that a decided text makes: apart, in order. Asked about are the windows of the gate in which the evidence is
/// not sure of every token, and what words alone do not tell: see [`unsettled`].
pub(crate) fn questions(scratch: &Scratch, out: &mut Vec<Question>) {
    let n = scratch.sequence.tokens.len();
    let decided = |open: &(usize, usize)| scratch.decisions.get(open.0..open.1).unwrap_or(&[]);
    let sure = |open: &(usize, usize)| decided(open).iter().all(|d| d.tag == Tag::Outside && d.rival < QUIET);
    let mut windows = scratch.windows.iter().copied().filter(|open| !sure(open)).peekable();
    let mut others = (0..n).filter_map(|i| unsettled(&scratch.sequence, i)).peekable();
    // Both are sorted by where they begin.
    while let Some(open) = match (windows.peek(), others.peek()) {
        (Some(a), Some(b)) if b < a => others.next(),
        (None, _) => others.next(),
        _ => windows.next(),
    } {
        let around = |by: usize| (open.0.saturating_sub(by), (open.1 + by).min(n));
        let (words, open) = (around(CONTEXT), around(ASIDE));
        match out.last_mut() {
            Some(last) if last.words.1 >= words.0 => {
                last.words.1 = last.words.1.max(words.1);
                last.open.1 = last.open.1.max(open.1);
            }
            _ => out.push(Question { words, open }),
        }
    }
}

impl Detector {
    /// The words of a whole text with their clues, and whether evidence has not settled them: what a model is trained on.
    pub(crate) fn clued(&self, text: &str, scratch: &mut Scratch) -> Vec<(Shown, bool)> {
        let (mut found, mut document) = (Vec::new(), findings::Document::default());
        self.prepare(text, scratch);
        self.decide(text, scratch);
        findings::collect(text, scratch, &mut found, &mut document);
        let all = (0, scratch.sequence.tokens.len());
        self.annotate(text, &mut scratch.sequence, &[all], &mut scratch.folded);
        let mut out = Vec::with_capacity(all.1);
        words(scratch, all, &mut Found::new(&mut found), &document, &mut out);
        let mut windows = scratch.windows.iter().peekable();
        let open = |i: usize| {
            while windows.next_if(|w| w.1 <= i).is_some() {}
            windows.peek().is_some_and(|w| w.0 <= i)
        };
        let open: Vec<bool> = (0..all.1).map(open).collect();
        out.into_iter().zip(open).collect()
    }
}

/// What was found in a text, gone through from its start.
pub(crate) struct Found<'f> {
    next: std::iter::Peekable<std::slice::Iter<'f, Finding>>,
    here: Option<&'f Finding>,
}

impl<'f> Found<'f> {
    /// `found` sorted by where they begin; they may overlap.
    pub(crate) fn new(found: &'f mut [Finding]) -> Self {
        found.sort_by_key(|f| (f.span.start, std::cmp::Reverse(f.span.end)));
        Self { next: found.iter().peekable(), here: None }
    }

    /// The finding that `token` is part of; of several the surest. Tokens are asked about in their order.
    fn at(&mut self, token: &Token) -> Option<&'f Finding> {
        let (start, end) = (token.start as usize, token.end as usize);
        while let Some(next) = self.next.next_if(|f| f.span.start < end) {
            if self.here.is_none_or(|f| f.span.end <= start || next.score > f.score) {
                self.here = Some(next);
            }
        }
        self.here.filter(|f| f.span.end > start)
    }
}

/// The tokens `from..to` with their clues, of a decided and annotated text, of which `found` was found.
pub(crate) fn words(
    scratch: &Scratch,
    (from, to): (usize, usize),
    found: &mut Found<'_>,
    document: &Document,
    out: &mut Vec<Shown>,
) {
    let sequence = &scratch.sequence;
    let mut open = scratch.windows.iter().skip(scratch.windows.partition_point(|w| w.1 <= from)).peekable();
    for i in from..to {
        let (Some(token), Some(info)) = (sequence.tokens.get(i), sequence.infos.get(i)) else { break };
        while open.peek().is_some_and(|w| w.1 <= i) {
            open.next();
        }
        let asked = open.peek().is_some_and(|w| w.0 <= i);
        let decision = scratch.decisions.get(i).copied().unwrap_or_default();
        let here = found.at(token);
        let again = token.kind == Kind::Word && document.names(info.hash);
        let said = match here {
            Some(f) => 1 + 2 * f.label as usize + usize::from(f.span.start < token.start as usize),
            None if again => 1 + 2 * Label::ALL.len(),
            None => 0,
        };
        let name = usize::from(info.entry.first().max(info.entry.last()));
        let layout = (token.gap as usize * 3 + usize::from(info.line_case)) * 4 + usize::from(info.place);
        let clue = [
            usize::from(info.fine),
            usize::from(info.cue) * 3 + usize::from(info.cue_distance),
            if asked { evidence(decision) } else { 0 },
            said,
            name * 16 + usize::from(info.entry.lower()),
            layout * PhraseKind::COUNT + info.phrase as usize,
        ];
        let span = Span::new(token.start as usize, token.end as usize);
        out.push(Shown { span, clues: clue.map(|c| c as u16) });
    }
}

/// The tag and how sure, from 1.
fn evidence(decision: Decision) -> usize {
    // Beside "nothing", how near a name it was.
    let (margin, steps) = match decision.tag {
        Tag::Outside => (decision.name, [-8.0, -5.5, -3.5, -2.0, 0.0]),
        _ => (decision.margin, [0.0, 1.5, 3.0, 5.0, 8.0]),
    };
    1 + decision.tag as usize * MARGINS + steps.iter().filter(|s| margin >= **s).count()
}
