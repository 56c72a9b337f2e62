//! What is seen at a token: the numbers of the features whose weights are summed for it.

use super::super::HashSet64;
use super::super::cue::Cue;
use super::super::dictionary::Entry;
use super::super::gate;
use super::super::shape::Shape;
use super::super::token::{Case, Gap, Kind, Token};
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

/// What is known of one token.
#[derive(Clone, Copy)]
pub(crate) struct Info {
    pub(crate) entry: Entry,
    /// Hash of the folded word.
    pub(crate) hash: u64,
    /// Its number in the vocabulary of the weights, 0 for none.
    pub(crate) word: u16,
    pub(crate) shape: Shape,
    /// A pattern that covers it.
    pub(crate) mark: Option<Label>,
    /// Part of a dictionary phrase: its kind.
    pub(crate) phrase: PhraseKind,
    /// What rules look at it: see [`Word`].
    pub(crate) bits: u16,
    /// The cue that it is by itself.
    pub(crate) alone: Option<Cue>,
    /// Dictionary class.
    base: u8,
    /// Last three bytes, hashed to nine bits.
    suffix: u16,
    fine: u8,
    coarse: u8,
    tiny: u8,
    /// The cue before it on its line, 0 for none, and how far.
    pub(crate) cue: u8,
    pub(crate) cue_distance: u8,
    /// The first token of its line.
    pub(crate) line: u32,
    /// Its place on its line: 0, 1, 2, or 3 for later.
    place: u8,
    /// The line is all capitals (2), all small (0) or mixed (1).
    line_case: u8,
    /// Vocabulary number of the line's first word.
    line_word: u16,
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
    const COUNT: usize = 8;
}

impl Default for Info {
    fn default() -> Self {
        Self {
            entry: Entry::default(),
            hash: 0,
            word: 0,
            shape: Shape::Other,
            mark: None,
            phrase: PhraseKind::None,
            bits: 0,
            alone: None,
            base: 0,
            suffix: 0,
            fine: BOUNDARY_FINE,
            coarse: BOUNDARY_COARSE,
            tiny: BOUNDARY_TINY,
            cue: 0,
            cue_distance: 0,
            line: 0,
            place: 0,
            line_case: 1,
            line_word: 0,
        }
    }
}

const FINE: usize = 232;
const COARSE: usize = 96;
const TINY: usize = 24;
const BOUNDARY_FINE: u8 = 231;
const BOUNDARY_COARSE: u8 = 95;
const BOUNDARY_TINY: u8 = 23;
const SHAPES_FROM: usize = 120;
const PUNCT_FROM: usize = 176;
const MARKS_FROM: usize = 202;

impl Sequence {
    /// Makes ready for a text: `words` is the size of the vocabulary.
    pub(crate) fn clear(&mut self, words: usize) {
        self.tokens.clear();
        self.infos.clear();
        self.named.clear();
        self.marks.clear();
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
                (Some(mark), _) => {
                    let mark = match mark {
                        Label::Phone | Label::Fax => 0,
                        Label::Ssn => 1,
                        Label::Zip => 2,
                        Label::HealthPlan => 3,
                        Label::Date => 4,
                        Label::Email | Label::Url | Label::Ip => 5,
                        Label::Street => 6,
                        _ => 7,
                    };
                    (MARKS_FROM + mark, 92 + usize::from(mark == 4), [18, 17, 17, 17, 16, 17, 17, 17][mark])
                }
                (None, Kind::Web) => (MARKS_FROM + 5, 92, 17),
                (None, Kind::Punct) => punct(token.of(text)),
                (None, Kind::Code) => code(info.shape),
                (None, Kind::Word) => {
                    let base = usize::from(info.base);
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

    fn at(&self, i: usize, offset: isize) -> Info {
        let Some(j) = i.checked_add_signed(offset) else { return Info::default() };
        // An empty line ends what a token can see.
        let (low, high) = if offset < 0 { (j + 1, i) } else { (i + 1, j) };
        for k in low..=high {
            if self.tokens.get(k).is_none_or(|t| t.gap == Gap::Block) {
                return Info::default();
            }
        }
        self.infos.get(j).copied().unwrap_or_default()
    }

    /// Appends the numbers of the features of token `i`.
    pub(crate) fn features(&self, i: usize, out: &mut Vec<u32>) {
        let (Some(token), Some(&me)) = (self.tokens.get(i), self.infos.get(i)) else { return };
        let (p2, p1, n1, n2) = (self.at(i, -2), self.at(i, -1), self.at(i, 1), self.at(i, 2));
        let mut add = Adder { base: 0, out };
        let fine = |x: &Info| usize::from(x.fine);
        let coarse = |x: &Info| usize::from(x.coarse);
        let tiny = |x: &Info| usize::from(x.tiny);
        for x in [&p2, &p1, &me, &n1, &n2] {
            add.one(FINE, fine(x));
        }
        add.one(COARSE * COARSE, coarse(&p1) * COARSE + coarse(&me));
        add.one(COARSE * COARSE, coarse(&me) * COARSE + coarse(&n1));
        add.one(COARSE * COARSE, coarse(&p1) * COARSE + coarse(&n1));
        add.one(COARSE * COARSE, coarse(&p2) * COARSE + coarse(&me));
        add.one(COARSE * COARSE, coarse(&me) * COARSE + coarse(&n2));
        let triple = |a: &Info, b: &Info, c: &Info| (tiny(a) * TINY + tiny(b)) * TINY + tiny(c);
        add.one(TINY * TINY * TINY, triple(&p1, &me, &n1));
        add.one(TINY * TINY * TINY, triple(&p2, &p1, &me));
        add.one(TINY * TINY * TINY, triple(&me, &n1, &n2));
        // Buckets of the dictionaries: how much of a name against how much of a word.
        let case = token.case as usize;
        add.one(16 * 16 * 8, (usize::from(me.entry.first()) * 16 + usize::from(me.entry.last())) * 8 + case);
        add.one(16 * 16 * 8, (usize::from(me.entry.lower()) * 16 + usize::from(me.entry.title())) * 8 + case);
        let name = me.entry.first().max(me.entry.last());
        add.one(16 * 16 * 8, (usize::from(name) * 16 + usize::from(me.entry.lower())) * 8 + case);
        add.one(8 * 16 * 8, (usize::from(me.entry.place()) * 16 + usize::from(me.entry.lower())) * 8 + case);
        for x in [&p1, &n1] {
            let name = x.entry.first().max(x.entry.last());
            let cap = usize::from(x.tiny != 0 && x.tiny != 1 && x.tiny != 2);
            add.one(16 * 16 * 2, (usize::from(name) * 16 + usize::from(x.entry.lower())) * 2 + cap);
        }
        // What the token's surroundings look like.
        let next_gap = self.tokens.get(i + 1).map_or(Gap::Block, |t| t.gap) as usize;
        let gap = token.gap as usize;
        add.one(5 * 5 * TINY, (gap * 5 + next_gap) * TINY + tiny(&me));
        add.one(4 * FINE, usize::from(me.place) * FINE + fine(&me));
        add.one(3 * FINE, usize::from(me.line_case) * FINE + fine(&me));
        add.one(Cue::COUNT * 3 * TINY, (usize::from(me.cue) * 3 + usize::from(me.cue_distance)) * TINY + tiny(&me));
        add.one(Cue::COUNT * FINE, usize::from(me.cue) * FINE + fine(&me));
        add.one(2 * TINY, usize::from(self.named.contains(&me.hash)) * TINY + tiny(&me));
        add.one(PhraseKind::COUNT * TINY, me.phrase as usize * TINY + tiny(&me));
        add.one(PhraseKind::COUNT * TINY, n1.phrase as usize * TINY + tiny(&me));
        let thing = |x: &Info| x.bits & Word::THING != 0;
        let thing = if thing(&n1) { 2 } else { usize::from(thing(&n2)) };
        let eponym = usize::from(me.entry.is_eponym());
        add.one(2 * 3 * TINY, (eponym * 3 + thing) * TINY + tiny(&me));
        add.one(2 * COARSE, eponym * COARSE + coarse(&p1));
        add.one(512, if me.tiny >= 1 && me.tiny <= 6 { usize::from(me.suffix) } else { 0 });
        let length = (token.len().min(15)) * 8 + case;
        add.one(16 * 8, length);
        // Words by name.
        let words = self.words + 1;
        for x in [&p2, &p1, &me, &n1, &n2] {
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
        for x in [&p1, &n1, &p2] {
            add.one(words * 8, usize::from(x.word) * 8 + group);
        }
        add.one(words * 8, usize::from(me.line_word) * 8 + group);
        // The word behind a punctuation mark: `Patient: X`, `wife, X`.
        let p3 = self.at(i, -3);
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

/// Numbers features block by block.
struct Adder<'o> {
    base: usize,
    out: &'o mut Vec<u32>,
}

impl Adder<'_> {
    /// Feature `at` of a block of `size`.
    fn one(&mut self, size: usize, at: usize) {
        debug_assert!(at < size);
        self.out.push((self.base + at) as u32);
        self.base += size;
    }
}

/// All that is known of a word wherever it stands, and so can be remembered from text to text.
#[derive(Clone, Copy, Default)]
pub(crate) struct Word {
    pub(crate) entry: Entry,
    /// Its number in the vocabulary of the weights, 0 for none.
    pub(crate) number: u16,
    suffix: u16,
    /// Dictionary class in capitals, and otherwise.
    base: [u8; 2],
    pub(crate) bits: u16,
    /// The cue that it is by itself.
    alone: Option<Cue>,
}

impl Word {
    /// A cue begins with it.
    pub(crate) const CUE: u16 = 1;
    /// A digit in words.
    pub(crate) const DIGIT: u16 = 2;
    /// `ninety` or `hundred`.
    pub(crate) const OLD: u16 = 4;
    /// `box`.
    pub(crate) const BOX: u16 = 8;
    /// Settled in small letters, unless a title or relative stands before it.
    pub(crate) const SETTLED: u16 = 64;
    /// A rule looks at it: a month, a street, a digit in words.
    pub(crate) const RULE: u16 = 128;
    /// What an eponym is followed by: `disease`, `catheter`.
    pub(crate) const THING: u16 = 32;
    /// Links the words of a name: `of`, `the`, `and`.
    pub(crate) const LINK: u16 = 16;

    /// Of a folded word.
    pub(crate) fn new(folded: &[u8], entry: Entry, number: u16, cue: bool, alone: Option<Cue>) -> Self {
        const DIGITS: [&[u8]; 14] = [
            b"zero", b"oh", b"o", b"one", b"two", b"three", b"four", b"five", b"six", b"seven", b"eight", b"nine",
            b"double", b"triple",
        ];
        let tail = folded.get(folded.len().saturating_sub(3)..).unwrap_or(b"");
        let hash = tail.iter().fold(17u32, |h, b| h.wrapping_mul(31).wrapping_add(u32::from(*b)));
        let bit = |on: bool, bit: u16| if on { bit } else { 0 };
        Self {
            entry,
            number,
            alone,
            suffix: (hash % 511 + 1) as u16,
            base: [base(entry, true) as u8, base(entry, false) as u8],
            bits: bit(cue, Self::CUE)
                | bit(DIGITS.contains(&folded), Self::DIGIT)
                | bit(matches!(folded, b"ninety" | b"hundred"), Self::OLD)
                | bit(matches!(folded, b"box" | b"bx"), Self::BOX)
                | bit(
                    entry.is_month()
                        || entry.is_street_suffix()
                        || DIGITS.contains(&folded)
                        || matches!(folded, b"ninety" | b"hundred" | b"box" | b"bx"),
                    Self::RULE,
                )
                | bit(gate::settled_small(entry), Self::SETTLED)
                | bit(THINGS.binary_search(&folded).is_ok(), Self::THING)
                | bit(matches!(folded, b"of" | b"the" | b"and" | b"for" | b"at" | b"on" | b"in"), Self::LINK),
        }
    }
}

impl Info {
    /// Of a word, before [`Sequence::annotate`].
    pub(crate) fn of_word(word: Word, hash: u64, case: Case) -> Self {
        let [upper, other] = word.base;
        let base = if case == Case::Upper { upper } else { other };
        Self {
            entry: word.entry,
            hash,
            word: word.number,
            suffix: word.suffix,
            bits: word.bits,
            alone: word.alone,
            base,
            ..Self::default()
        }
    }

    /// Of anything else.
    pub(crate) fn of_code(hash: u64, shape: Shape) -> Self {
        Self { hash, shape, ..Self::default() }
    }
}

/// What an eponym is followed by. Sorted.
const THINGS: [&[u8]; 88] = [
    b"abscess",
    b"amputation",
    b"anastomosis",
    b"anemia",
    b"aphasia",
    b"approach",
    b"arthropathy",
    b"ataxia",
    b"bag",
    b"balloon",
    b"bandage",
    b"bodies",
    b"body",
    b"brace",
    b"breathing",
    b"cath",
    b"catheter",
    b"class",
    b"classification",
    b"clamp",
    b"collar",
    b"contracture",
    b"criteria",
    b"culture",
    b"cyst",
    b"deformity",
    b"dementia",
    b"disease",
    b"drain",
    b"dystrophy",
    b"epilepsy",
    b"esophagus",
    b"exercise",
    b"exercises",
    b"finding",
    b"flap",
    b"forceps",
    b"formula",
    b"fracture",
    b"gangrene",
    b"grade",
    b"graft",
    b"hernia",
    b"incision",
    b"index",
    b"insulin",
    b"lesion",
    b"lift",
    b"line",
    b"lymphoma",
    b"maneuver",
    b"manoeuvre",
    b"method",
    b"murmur",
    b"needle",
    b"neuralgia",
    b"neuroma",
    b"node",
    b"nodes",
    b"nodule",
    b"operation",
    b"pad",
    b"palsy",
    b"phenomenon",
    b"position",
    b"procedure",
    b"protocol",
    b"pulses",
    b"reflex",
    b"repair",
    b"respirations",
    b"retractor",
    b"rods",
    b"rule",
    b"sarcoma",
    b"scale",
    b"score",
    b"screen",
    b"sign",
    b"smear",
    b"spots",
    b"stage",
    b"stain",
    b"syndrome",
    b"test",
    b"thyroiditis",
    b"tube",
    b"tumor",
];

/// The dictionary class of a word, 0 to 29.
fn base(entry: Entry, upper: bool) -> usize {
    const CLASSES: [(Entry, usize); 14] = [
        (Entry::TITLE, 14),
        (Entry::CREDENTIAL, 15),
        (Entry::RELATION, 16),
        (Entry::MONTH, 18),
        (Entry::WEEKDAY, 19),
        (Entry::STAFF, 17),
        (Entry::FACILITY_WORD, 23),
        (Entry::ORG_WORD, 24),
        (Entry::US_STATE, 20),
        (Entry::COUNTRY, 20),
        (Entry::STREET_SUFFIX, 22),
        (Entry::PARTICLE, 25),
        (Entry::UNIT, 26),
        (Entry::STATE_ABBR, 21),
    ];
    let lower = entry.lower();
    for (flag, class) in CLASSES {
        if entry.any(flag) {
            // Two-letter abbreviations only count in capitals: `in`, `or`, `me`, `ok`.
            if matches!(flag, Entry::STATE_ABBR | Entry::CREDENTIAL) && !upper && lower > 6 {
                continue;
            }
            return class;
        }
    }
    let (first, last) = (entry.first(), entry.last());
    let name = first.max(last);
    let place = entry.place();
    if name >= 6 && lower < 5 {
        return if place >= 4 {
            10
        } else if first >= 5 && last >= 5 {
            7
        } else if first >= last {
            5
        } else {
            6
        };
    }
    if name >= 6 && lower >= 5 {
        return 8;
    }
    if place >= 2 && lower < 6 {
        return 9;
    }
    if entry.any(Entry::DRUG) && lower < 8 {
        return 12;
    }
    if entry.any(Entry::COMPANY) && lower < 6 {
        return 27;
    }
    if lower >= 12 {
        return 1;
    }
    if entry.any(Entry::MEDICAL) {
        return 11;
    }
    if lower >= 8 {
        return 2;
    }
    if lower >= 4 || entry.any(Entry::ENGLISH) {
        return 3;
    }
    if entry.any(Entry::ABBREV) {
        return 13;
    }
    if name > 0 && lower == 0 {
        return 28;
    }
    if lower > 0 || entry.any(Entry::ENGLISH_RARE) {
        return 4;
    }
    if entry.any(Entry::EPONYM) {
        return 29;
    }
    0
}

fn tiny(base: usize, case: usize) -> usize {
    if case == 3 {
        return 14;
    }
    match base {
        14 => 7,
        15 => 8,
        16 | 17 => 9,
        23 | 24 => 10,
        22 => 11,
        9 | 10 | 20 | 21 if case > 0 => 12,
        18 | 19 => 13,
        5..=8 | 28 if case > 0 => 3,
        5..=7 | 28 | 10 => 2,
        11..=13 | 26 if case > 0 => 6,
        1..=4 | 8 if case > 0 => 4,
        _ if case > 0 => 5,
        1 | 2 | 8 => 0,
        _ => 1,
    }
}

fn punct(text: &str) -> (usize, usize, usize) {
    let c = text.chars().next().unwrap_or(' ');
    let id = match c {
        ',' => 0,
        ':' => 1,
        '.' => 2,
        ';' => 3,
        '-' => 4,
        '/' => 5,
        '(' => 6,
        ')' => 7,
        '"' | '“' | '”' => 8,
        '\'' | '‘' | '’' => 9,
        '#' => 10,
        '@' => 11,
        '&' => 12,
        '*' => 13,
        '|' | '^' => 14,
        '=' => 15,
        '>' | '<' => 16,
        '+' => 17,
        '?' | '!' => 18,
        '%' => 19,
        '[' | ']' | '{' | '}' => 20,
        '_' => 21,
        '–' | '—' | '•' | '·' => 22,
        '~' | '→' => 23,
        _ => 24,
    };
    let tiny = match id {
        0 => 19,
        1 | 15 => 20,
        2 => 21,
        _ => 22,
    };
    (PUNCT_FROM + id, 76 + id.min(15), tiny)
}

fn code(shape: Shape) -> (usize, usize, usize) {
    use Shape::*;
    let (group, tiny) = match shape {
        Int1 | Int2 => (0, 15),
        Int3 => (1, 15),
        Int4 | Int5 | Clock => (2, 17),
        Int6 | Int7 | Int8 | Int9 | Int10 | IntLong | IntZero | IntPhone => (3, 17),
        Year => (4, 16),
        Date8 | DateFull | DateRange => (5, 16),
        DateMonthYear | DateMonthDay | Score => (6, 16),
        Ratio | Pressure | Decimal | Range | Times | Icd | Gestation => (7, 15),
        Time | Decade => (8, 15),
        Phone7 | Phone10 => (9, 18),
        Ssn | Zip4 | DashLong | DashShort | Dotted | Ipv4 => (10, 17),
        Ordinal => (11, 16),
        AgeLike => (12, 15),
        Dose => (13, 15),
        Mixed3 | MixedDashShort => (14, 15),
        Mixed6 | MixedLong | MixedDash6 | MixedDashLong | Uuid | Vin | MixedLower | Other => (15, 17),
    };
    (SHAPES_FROM + shape as usize, 60 + group, tiny)
}
