//! What is seen at a token: the numbers of the features whose weights are summed for it.

use super::class::{BOUNDARY_COARSE, BOUNDARY_FINE, BOUNDARY_TINY, COARSE, FINE, TINY, code, mark, punct, tiny};
use super::word::{Word, base};
use crate::detect::HashSet64;
use crate::detect::cue::Cue;
use crate::detect::shape::Shape;
use crate::detect::token::{Case, Gap, Kind, Token};
use crate::identifier::Label;
use crate::span::Span;

/// A text as detection sees it. All vectors run in parallel with `tokens`; the buffers are reused.
#[derive(Default)]
pub(crate) struct Sequence {
    pub(crate) tokens: Vec<Token>,
    pub(crate) infos: Vec<Info>,
    /// Words that stand as a name somewhere in the document: after a title, before a degree.
    pub(crate) named: HashSet64,
    /// Titles and degrees, by token.
    pub(crate) marks: Vec<u32>,
    /// Codes, and words that a rule looks at, by token.
    pub(crate) leads: Vec<u32>,
    /// First and last token of abbreviations that are said letter by letter: `c o p d`.
    pub(crate) short: Vec<(usize, usize)>,
    words: usize,
}

/// What a line looks like.
#[derive(Default)]
struct Line {
    start: Option<usize>,
    case: u8,
    word: u16,
}

/// How many tokens of a line tell its case.
const LINE_TOKENS: usize = 40;

/// What is known of one token. It reads as the [`Word`] that it is as well.
#[derive(Clone, Copy)]
pub(crate) struct Info {
    /// Wherever it stands.
    pub(crate) known: Word,
    /// Hash of the folded word.
    pub(crate) hash: u64,
    /// The first token of its line.
    pub(crate) line: u32,
    /// Vocabulary number of the line's first word.
    line_word: u16,
    pub(crate) shape: Shape,
    /// A pattern that covers it.
    pub(crate) mark: Option<Label>,
    /// Part of a dictionary phrase: its kind.
    pub(crate) phrase: PhraseKind,
    pub(crate) fine: u8,
    coarse: u8,
    tiny: u8,
    /// The cue before it on its line, 0 for none, and how far.
    pub(crate) cue: u8,
    pub(crate) cue_distance: u8,
    /// Its place on its line: 0, 1, 2, or 3 for later.
    pub(crate) place: u8,
    /// The line is all capitals (2), all small (0) or mixed (1).
    pub(crate) line_case: u8,
}

/// Kinds of multi-word dictionary entries that matter as evidence.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[repr(u8)]
pub(crate) enum PhraseKind {
    #[default]
    None,
    City,
    State,
    Facility,
    University,
    Company,
    Eponym,
    Medical,
}

impl PhraseKind {
    pub(crate) const COUNT: usize = 8;
}

/// What stands beyond the ends of what a token sees, and where everything else begins.
static BOUNDARY: Info = Info::NOTHING;

impl Info {
    const NOTHING: Info = Info {
        known: Word::NOTHING,
        hash: 0,
        line: 0,
        line_word: 0,
        shape: Shape::Other,
        mark: None,
        phrase: PhraseKind::None,
        fine: BOUNDARY_FINE,
        coarse: BOUNDARY_COARSE,
        tiny: BOUNDARY_TINY,
        cue: 0,
        cue_distance: 0,
        place: 0,
        line_case: 1,
    };
}

impl std::ops::Deref for Info {
    type Target = Word;

    fn deref(&self) -> &Word {
        &self.known
    }
}

impl Default for Info {
    fn default() -> Self {
        Self::NOTHING
    }
}

impl Sequence {
    /// Makes ready for a text: `words` is the size of the vocabulary.
    pub(crate) fn clear(&mut self, words: usize) {
        self.tokens.clear();
        self.infos.clear();
        self.named.clear();
        self.marks.clear();
        self.leads.clear();
        self.short.clear();
        self.words = words;
    }

    /// Computes classes and lines for the tokens of `windows` and those that they see.
    pub(crate) fn annotate(&mut self, text: &str, windows: &[(usize, usize)]) {
        let n = self.tokens.len();
        let mut classed = 0;
        let mut line = Line::default();
        for (from, to) in windows {
            let (low, high) = (from.saturating_sub(3).max(classed), (to + 2).min(n));
            self.classify(text, low, high);
            classed = high.max(classed);
            for i in *from..*to {
                let Some(start) = self.infos.get(i).map(|x| x.line as usize) else { break };
                if line.start != Some(start) {
                    line = self.line(start);
                }
                if let Some(info) = self.infos.get_mut(i) {
                    info.place = (i - start).min(3) as u8;
                    info.line_case = line.case;
                    info.line_word = line.word;
                }
            }
        }
        self.names();
    }

    /// The bytes of tokens `from..to`.
    pub(crate) fn span(&self, from: usize, to: usize) -> Option<Span> {
        let (first, last) = (self.tokens.get(from)?, self.tokens.get(to.checked_sub(1)?)?);
        Some(Span::new(first.start as usize, last.end as usize))
    }

    fn classify(&mut self, text: &str, from: usize, to: usize) {
        for (token, info) in self.tokens.iter().zip(&mut self.infos).take(to).skip(from) {
            let (fine, coarse, tiny) = match (info.mark, token.kind) {
                (Some(label), _) => mark(label),
                (None, Kind::Web) => mark(Label::Url),
                (None, Kind::Punct) => punct(token.of(text)),
                (None, Kind::Code) => code(info.shape),
                (None, Kind::Word) => {
                    let base = if token.case == Case::Upper { base(info.entry, true) } else { usize::from(info.base) };
                    let case = match token.case {
                        Case::Lower => 0,
                        Case::Title | Case::Mixed => 1,
                        Case::Upper => 2,
                        Case::Initial => 3,
                    };
                    (base * 4 + case, base * 2 + usize::from(case > 0), tiny(base, case))
                }
            };
            info.fine = fine as u8;
            info.coarse = coarse as u8;
            info.tiny = tiny as u8;
        }
    }

    /// What the line that begins with token `start` looks like; its case is told by its first tokens.
    fn line(&self, start: usize) -> Line {
        let (mut upper, mut lower, mut small) = (0, 0, true);
        for (i, token) in self.tokens.iter().enumerate().skip(start).take(LINE_TOKENS) {
            if i > start && token.starts_line() {
                break;
            }
            match token.case {
                Case::Upper if token.kind == Kind::Word => upper += 1,
                Case::Lower if token.kind == Kind::Word => lower += 2,
                Case::Title | Case::Mixed => lower += 1,
                _ => {}
            }
            small &= token.case == Case::Lower;
        }
        let case = if upper >= 3 && lower <= upper / 4 {
            2
        } else if lower > 0 && small {
            0
        } else {
            1
        };
        Line { start: Some(start), case, word: self.infos.get(start).map_or(0, |x| x.word) }
    }

    /// Collects the words that are surely names: capitalised, behind a title or before a degree.
    fn names(&mut self) {
        for mark in &self.marks {
            let mark = *mark as usize;
            let Some(info) = self.infos.get(mark) else { break };
            let punct = |i: usize| self.tokens.get(i).is_some_and(|t| t.kind == Kind::Punct);
            let near = |i: usize| self.tokens.get(i).is_some_and(|t| t.gap <= Gap::Space);
            if info.entry.is_title() {
                let next = if punct(mark + 1) { mark + 2 } else { mark + 1 };
                if near(next) && self.is_name(next) {
                    self.named.insert(self.infos[next].hash);
                }
            }
            let degree = info.entry.is_credential() && self.tokens[mark].case == Case::Upper && near(mark);
            if let (true, Some(before)) = (degree, mark.checked_sub(2))
                && punct(mark - 1)
                && self.is_name(before)
            {
                self.named.insert(self.infos[before].hash);
            }
        }
    }

    fn is_name(&self, i: usize) -> bool {
        let word = self.tokens.get(i).is_some_and(|t| t.kind == Kind::Word && t.len() >= 3 && t.case != Case::Lower);
        word && self.infos.get(i).is_some_and(|x| x.entry.lower() <= 11)
    }

    /// What token `i` sees: itself, three tokens before it, two behind. An empty line ends what a token can see.
    #[inline(always)]
    fn sight(&self, i: usize) -> Option<Sight<'_>> {
        let me = self.infos.get(i)?;
        let goes_on = |i: usize| self.tokens.get(i).is_some_and(|t| t.gap != Gap::Block);
        let mut before = [&BOUNDARY; 3];
        let mut at = i;
        for slot in &mut before {
            let Some(info) = at.checked_sub(1).filter(|_| goes_on(at)).and_then(|p| self.infos.get(p)) else { break };
            *slot = info;
            at -= 1;
        }
        let mut behind = [&BOUNDARY; 2];
        for (slot, at) in behind.iter_mut().zip(i + 1..) {
            let Some(info) = self.infos.get(at).filter(|_| goes_on(at)) else { break };
            *slot = info;
        }
        let ([p1, p2, p3], [n1, n2]) = (before, behind);
        Some(Sight { p3, p2, p1, me, n1, n2 })
    }

    /// Tells `out` the numbers of the features of token `i`.
    #[inline(always)]
    pub(crate) fn features(&self, i: usize, out: impl FnMut(u32)) {
        let (Some(token), Some(sight)) = (self.tokens.get(i), self.sight(i)) else { return };
        let Sight { p3, p2, p1, me, n1, n2 } = sight;
        let mut add = Adder { base: 0, out };
        let fine = |x: &Info| usize::from(x.fine);
        let coarse = |x: &Info| usize::from(x.coarse);
        let tiny = |x: &Info| usize::from(x.tiny);
        for x in [p2, p1, me, n1, n2] {
            add.one(FINE, fine(x));
        }
        add.one(COARSE * COARSE, coarse(p1) * COARSE + coarse(me));
        add.one(COARSE * COARSE, coarse(me) * COARSE + coarse(n1));
        add.one(COARSE * COARSE, coarse(p1) * COARSE + coarse(n1));
        add.one(COARSE * COARSE, coarse(p2) * COARSE + coarse(me));
        add.one(COARSE * COARSE, coarse(me) * COARSE + coarse(n2));
        let triple = |a: &Info, b: &Info, c: &Info| (tiny(a) * TINY + tiny(b)) * TINY + tiny(c);
        add.one(TINY * TINY * TINY, triple(p1, me, n1));
        add.one(TINY * TINY * TINY, triple(p2, p1, me));
        add.one(TINY * TINY * TINY, triple(me, n1, n2));
        // Buckets of the dictionaries: how much of a name against how much of a word.
        let case = token.case as usize;
        add.one(16 * 16 * 8, (usize::from(me.entry.first()) * 16 + usize::from(me.entry.last())) * 8 + case);
        add.one(16 * 16 * 8, (usize::from(me.entry.lower()) * 16 + usize::from(me.entry.title())) * 8 + case);
        let name = me.entry.first().max(me.entry.last());
        add.one(16 * 16 * 8, (usize::from(name) * 16 + usize::from(me.entry.lower())) * 8 + case);
        add.one(8 * 16 * 8, (usize::from(me.entry.place()) * 16 + usize::from(me.entry.lower())) * 8 + case);
        for x in [p1, n1] {
            let name = x.entry.first().max(x.entry.last());
            let cap = usize::from(x.tiny != 0 && x.tiny != 1 && x.tiny != 2);
            add.one(16 * 16 * 2, (usize::from(name) * 16 + usize::from(x.entry.lower())) * 2 + cap);
        }
        // What the token's surroundings look like.
        let next_gap = self.tokens.get(i + 1).map_or(Gap::Block, |t| t.gap) as usize;
        let gap = token.gap as usize;
        add.one(5 * 5 * TINY, (gap * 5 + next_gap) * TINY + tiny(me));
        add.one(4 * FINE, usize::from(me.place) * FINE + fine(me));
        add.one(3 * FINE, usize::from(me.line_case) * FINE + fine(me));
        add.one(Cue::COUNT * 3 * TINY, (usize::from(me.cue) * 3 + usize::from(me.cue_distance)) * TINY + tiny(me));
        add.one(Cue::COUNT * FINE, usize::from(me.cue) * FINE + fine(me));
        add.one(2 * TINY, usize::from(self.named.contains(&me.hash)) * TINY + tiny(me));
        add.one(PhraseKind::COUNT * TINY, me.phrase as usize * TINY + tiny(me));
        add.one(PhraseKind::COUNT * TINY, n1.phrase as usize * TINY + tiny(me));
        let thing = |x: &Info| x.bits & Word::THING != 0;
        let thing = if thing(n1) { 2 } else { usize::from(thing(n2)) };
        let eponym = usize::from(me.entry.is_eponym());
        add.one(2 * 3 * TINY, (eponym * 3 + thing) * TINY + tiny(me));
        add.one(2 * COARSE, eponym * COARSE + coarse(p1));
        add.one(512, if me.tiny >= 1 && me.tiny <= 6 { usize::from(me.suffix) } else { 0 });
        let length = (token.len().min(15)) * 8 + case;
        add.one(16 * 8, length);
        // Words by name.
        let words = self.words + 1;
        for x in [p2, p1, me, n1, n2] {
            add.one(words, usize::from(x.word));
        }
        let group = match me.tiny {
            0..=2 => 0,
            3 => 1,
            4 | 6 => 2,
            5 => 3,
            14 => 4,
            15..=18 => 5,
            19..=22 => 6,
            _ => 7,
        };
        for x in [p1, n1, p2] {
            add.one(words * 8, usize::from(x.word) * 8 + group);
        }
        add.one(words * 8, usize::from(me.line_word) * 8 + group);
        // The word behind a punctuation mark: `Patient: X`, `wife, X`.
        add.one(
            words * 8,
            if p1.tiny >= 19 && p1.tiny <= 22 && p2.word == 0 { usize::from(p3.word) * 8 + group } else { 0 },
        );
        debug_assert_eq!(add.base, rows(self.words));
    }
}

/// How many feature rows there are with a vocabulary of `words`.
pub(crate) fn rows(words: usize) -> usize {
    let words = words + 1;
    5 * FINE
        + 5 * COARSE * COARSE
        + 3 * TINY * TINY * TINY
        + 3 * 16 * 16 * 8
        + 8 * 16 * 8
        + 2 * 16 * 16 * 2
        + 25 * TINY
        + 7 * FINE
        + Cue::COUNT * (3 * TINY + FINE)
        + 2 * TINY
        + 2 * PhraseKind::COUNT * TINY
        + 6 * TINY
        + 2 * COARSE
        + 512
        + 16 * 8
        + 5 * words
        + 5 * 8 * words
}

/// What one token sees.
struct Sight<'s> {
    p3: &'s Info,
    p2: &'s Info,
    p1: &'s Info,
    me: &'s Info,
    n1: &'s Info,
    n2: &'s Info,
}

/// Numbers features block by block.
struct Adder<O> {
    base: usize,
    out: O,
}

impl<O: FnMut(u32)> Adder<O> {
    /// Feature `at` of a block of `size`.
    #[inline(always)]
    fn one(&mut self, size: usize, at: usize) {
        debug_assert!(at < size);
        (self.out)((self.base + at) as u32);
        self.base += size;
    }
}
