//! Which tokens evidence has to decide, and which windows of a text a model would be asked about.
//!
//! Most of a clinical text is settled by the dictionaries alone: words of the language and of medicine, punctuation,
//! doses, measurements. Only what is left, with the tokens around it that could belong to it, is looked at closer.

use super::cue::Cue;
use super::dictionary::Entry;
use super::evidence::feature::{Info, Sequence};
use super::evidence::word::Word;
use super::shape::Shape;
use super::token::{Case, Gap, Kind, Token};

/// How many tokens are taken in, at most, on each side of one that is not settled.
const REACH: usize = 3;

/// Appends the windows of `sequence` that hold a token which is not settled, as ranges of tokens: sorted, not touching.
pub(crate) fn windows(sequence: &Sequence, text: &str, out: &mut Vec<(usize, usize)>) {
    let n = sequence.tokens.len();
    let mut starts = Starts { line: true, sentence: true };
    let mut done = 0;
    let mut called = false;
    for (i, (token, info)) in sequence.tokens.iter().zip(&sequence.infos).enumerate() {
        // What most of a text is: a small word that is settled, with nothing before it that a name follows.
        if token.case == Case::Lower && info.bits & (Word::SETTLED | Word::LINK) != 0 && !called {
            starts = Starts { line: false, sentence: false };
            called = info.entry.any(CALLS);
            continue;
        }
        called = info.entry.any(CALLS) || token.kind == Kind::Punct;
        if token.starts_line() {
            starts = Starts { line: true, sentence: true };
        }
        if i >= done && !settled(sequence, i, token, info, text, starts) {
            let mut from = i;
            while from > 0
                && i - from < REACH
                && sequence.tokens.get(from).is_some_and(|t| t.gap < Gap::Line)
                && joins(sequence, from - 1)
            {
                from -= 1;
            }
            let mut to = i + 1;
            while to < n
                && to - i <= REACH
                && sequence.tokens.get(to).is_some_and(|t| t.gap < Gap::Line)
                && joins(sequence, to)
            {
                to += 1;
            }
            match out.last_mut() {
                Some(last) if last.1 >= from => last.1 = last.1.max(to),
                _ => out.push((from, to)),
            }
            done = i + 1;
        }
        starts = match token.kind {
            Kind::Punct => {
                let ends = matches!(
                    text.as_bytes().get(token.start as usize),
                    Some(b'.' | b'?' | b'!' | b':' | b';' | b'-' | b'"' | b'*')
                );
                // The point of `Dr.` and of an initial ends no sentence.
                let short = i.checked_sub(1).and_then(|p| sequence.infos.get(p).zip(sequence.tokens.get(p)));
                let title = short.is_some_and(|(x, t)| x.entry.is_title() || t.case == Case::Initial);
                Starts { line: false, sentence: ends && !title }
            }
            _ => Starts { line: false, sentence: false },
        };
    }
}

/// What a token stands at the start of.
#[derive(Clone, Copy)]
struct Starts {
    line: bool,
    sentence: bool,
}

/// Whether a token can be part of an identifier that its neighbour begins: not an ordinary lower-case word.
fn joins(sequence: &Sequence, i: usize) -> bool {
    let (Some(token), Some(info)) = (sequence.tokens.get(i), sequence.infos.get(i)) else { return false };
    match token.kind {
        Kind::Word if token.case == Case::Lower => {
            info.entry.is_particle() || info.bits & Word::LINK != 0 || info.entry.any(LOWER_HEADS)
        }
        Kind::Word | Kind::Code | Kind::Punct => true,
        Kind::Web => false,
    }
}

/// Whether the dictionaries alone say that the token is nothing that identifies.
fn settled(sequence: &Sequence, i: usize, token: &Token, info: &Info, text: &str, starts: Starts) -> bool {
    match token.kind {
        Kind::Punct | Kind::Web => true,
        Kind::Code => code(token, info, text, starts),
        Kind::Word => {
            let entry = info.entry;
            let name = entry.first().max(entry.last());
            let common = entry.lower();
            let known = common >= 3 || entry.any(VOCABULARY);
            match token.case {
                Case::Lower => {
                    let before = i.checked_sub(1).and_then(|p| sequence.infos.get(p));
                    let calls = |x: &Info| x.entry.any(CALLS) || (x.entry.is_unknown() && x.hash == 0);
                    if before.is_some_and(calls) && addressed(sequence, i, name) {
                        return false;
                    }
                    if info.bits & (Word::SETTLED | Word::LINK) != 0 {
                        return true;
                    }
                    // What no list of names holds: a user name or a misspelling, where a cue speaks for it.
                    let nameless = name == 0 && entry.place() == 0 && !entry.is_month() && !entry.any(Entry::US_STATE);
                    nameless && !(cue_is(info, &[Cue::User, Cue::Person, Cue::Staff]) && info.cue_distance <= 1)
                }
                Case::Initial => {
                    sequence.tokens.get(i + 1).is_none_or(|t| {
                        t.gap > Gap::None
                            && !(t.gap == Gap::Space && t.kind == Kind::Word && t.case != Case::Lower)
                            && t.kind != Kind::Code
                    }) && !cue_is(info, &[Cue::Person, Cue::Staff, Cue::Room])
                }
                Case::Title | Case::Mixed => {
                    if entry.is_unit()
                        || (name < 4 && entry.place() == 0 && entry.any(Entry::DRUG.or(Entry::EPONYM)) && common < 6)
                    {
                        return !entry.any(HEADS);
                    }
                    starts.sentence && plain(entry, name, common, known)
                }
                Case::Upper => {
                    let head = entry.any(HEADS)
                        && !starts.line
                        && sequence.tokens.get(i + 1).is_none_or(|t| t.of(text) != ":");
                    !head
                        && (plain(entry, name, common, known) || (name == 0 && entry.place() == 0 && entry.is_abbrev()))
                }
            }
        }
    }
}

/// Whether a word in small letters is a word and no name, wherever it stands.
pub(crate) fn settled_small(entry: Entry) -> bool {
    if entry.any(NEVER) {
        return true;
    }
    let name = entry.first().max(entry.last());
    let common = entry.lower();
    let known = common >= 3 || entry.any(VOCABULARY);
    let clinical = entry.is_medical() || entry.is_drug();
    let rather_a_name = name >= 5 && common < 7 && !clinical;
    let rather_a_place = entry.place() > 2 && common < 4 && !entry.is_medical();
    known && !rather_a_name && !rather_a_place && !entry.is_month() && !entry.any(Entry::US_STATE)
}

/// Behind a title, or behind a relative where it is a name at all: `mrs long`, `sister joy`.
fn addressed(sequence: &Sequence, i: usize, name: u8) -> bool {
    let before = |n: usize| i.checked_sub(n).and_then(|p| sequence.tokens.get(p).zip(sequence.infos.get(p)));
    let near = sequence.tokens.get(i).is_some_and(|t| t.gap <= Gap::Space);
    let Some((token, info)) = before(1).filter(|_| near) else { return false };
    let title = if token.kind == Kind::Punct {
        before(2).is_some_and(|(_, x)| x.entry.is_title()) && token.gap == Gap::None
    } else {
        info.entry.is_title()
    };
    (title && name > 0) || (info.entry.is_relation() && name >= 6)
}

/// A word that is far more of a word than of a name, where anything would be capitalised.
fn plain(entry: Entry, name: u8, common: u8, known: bool) -> bool {
    known
        && entry.first() < 9
        && (name < 5 || common >= name + 2)
        && (common >= 6 || entry.any(VOCABULARY) && entry.place() < 3 && name < 5)
}

fn code(token: &Token, info: &Info, text: &str, starts: Starts) -> bool {
    let cued = info.cue_distance <= 1
        && cue_is(
            info,
            &[
                Cue::Mrn,
                Cue::Ssn,
                Cue::Account,
                Cue::HealthPlan,
                Cue::License,
                Cue::Phone,
                Cue::Fax,
                Cue::Room,
                Cue::Vehicle,
                Cue::Device,
                Cue::Biometric,
                Cue::OtherId,
                Cue::User,
            ],
        );
    // A word that a scan mistook: what is known of it is known of no other code.
    if !cued && info.entry.lower() >= WORD && settled_small(info.entry) {
        return true;
    }
    let dated = cue_is(info, &[Cue::Date, Cue::Age]);
    match info.shape {
        Shape::Decimal => !dated,
        Shape::Dose | Shape::Pressure | Shape::Times | Shape::Time | Shape::Icd | Shape::Gestation => true,
        Shape::Int1 | Shape::Range | Shape::Decade => !cued,
        // Ages of ninety and more begin with a nine.
        Shape::Int2 => !cued && !dated && text.as_bytes().get(token.start as usize) != Some(&b'9') && !starts.line,
        Shape::Int3 => !cued && !starts.line,
        Shape::Mixed3 => !cued && !starts.line,
        _ => false,
    }
}

/// How common in small letters a word is that a code is taken for.
const WORD: u8 = 4;

fn cue_is(info: &Info, cues: &[Cue]) -> bool {
    cues.iter().any(|c| *c as u8 == info.cue)
}

/// Words that tell of an identifier beside them and are none themselves.
const NEVER: Entry = Entry::RELATION.or(Entry::STAFF).or(Entry::UNIT);
/// Words that a name follows.
const CALLS: Entry = Entry::TITLE.or(Entry::RELATION);
/// Words of medicine and of the language.
const VOCABULARY: Entry = Entry::MEDICAL.or(Entry::DRUG).or(Entry::ENGLISH).or(Entry::ENGLISH_RARE).or(Entry::ABBREV);
/// Words that are part of a name when they are capitalised.
const HEADS: Entry = Entry::FACILITY_WORD
    .or(Entry::ORG_WORD)
    .or(Entry::STREET_SUFFIX)
    .or(Entry::US_STATE)
    .or(Entry::MONTH)
    .or(Entry::COMPANY);
/// Heads that close a name in lower case as well: `dunstan's pharmacy`.
const LOWER_HEADS: Entry = Entry::FACILITY_WORD.or(Entry::ORG_WORD).or(Entry::STREET_SUFFIX);
