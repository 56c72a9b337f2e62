//! Searches a text for what the record says of its patient elsewhere: names, numbers, addresses in every written form.
//!
//! [`Facts`] are the values as they stand in fields; a `Context` is what a text is searched with: a table of hashes of
//! words and numbers. Each word of the text has its hash already, so that one look-up a word finds all. An automaton
//! over all written forms was set aside: forms multiply (order, initials, nicknames, separators), and it would have to be
//! built for every row of a table, whose patient is another one each time.

mod age;
mod alone;
mod date;
mod facts;
mod gather;
mod misspelt;
mod name;
mod nickname;
mod number;
mod phrase;
mod table;
#[cfg(test)]
mod tests;

pub use facts::{Fact, Facts};
pub(super) use gather::Gather;
pub(super) use misspelt::{is_ordinary, is_reach};

use std::sync::Arc;

use super::boundary;
use super::dictionary::Entry;
use super::evidence::Decision;
use super::evidence::feature::Sequence;
use super::evidence::word::Word;
use super::token::{Case, Gap, Kind, Token};
use crate::finding::{Finding, Source};
use crate::identifier::Label;
use crate::span::Span;
use name::Names;
use number::Numbers;
use phrase::Phrases;
use table::{ACRONYM, EXACT, LETTERS, MONTH, NAME, NINETY, PHRASE, Table};

/// What a text is searched for.
#[derive(Default)]
pub(crate) struct Context {
    table: Table,
    names: Names,
    numbers: Numbers,
    phrases: Phrases,
    empty: bool,
}

/// What is known of words, with the buffers that finding it out takes.
pub(crate) struct Lore<'l> {
    /// The hash of a folded word, and what dictionaries know of it.
    pub(crate) of: &'l mut dyn FnMut(&str) -> (u64, Word),
    pub(crate) tokens: &'l mut Vec<Token>,
    pub(crate) folded: &'l mut Vec<u8>,
}

impl Lore<'_> {
    fn word(&mut self, word: &str) -> (u64, Word) {
        (self.of)(word)
    }
}

/// A decided text.
#[derive(Clone, Copy)]
pub(crate) struct Place<'t> {
    pub(crate) text: &'t str,
    pub(crate) sequence: &'t Sequence,
    pub(crate) decisions: &'t [Decision],
}

impl Context {
    /// Makes `context`, whatever it was for, ready to search for these facts.
    pub(crate) fn build<'f>(mut context: Self, facts: impl Iterator<Item = Fact<'f>>, lore: &mut Lore<'_>) -> Self {
        context.clear();
        for Fact { label, part, text } in facts {
            context.empty = false;
            let table = &mut context.table;
            match label {
                Label::Name => context.names.push(text, part, lore, table),
                Label::Street | Label::City | Label::Facility | Label::Employer => {
                    context.phrases.push(label, text, lore, table);
                }
                Label::Email => {
                    let local = text.split_once('@').map_or("", |(local, _)| local);
                    if !context.numbers.push(label, local, table) {
                        context.phrases.push(label, text, lore, table);
                    }
                }
                label if number::is_number(label) && !context.numbers.push(label, text, table) => {
                    context.phrases.push(label, text, lore, table);
                }
                // Whole addresses in the net, and ages, have a shape that gives them away.
                _ => {}
            }
        }
        context
    }

    fn clear(&mut self) {
        let Self { table, names, numbers, phrases, empty } = self;
        table.clear();
        names.clear();
        numbers.clear();
        phrases.clear();
        *empty = true;
    }

    /// Hashes of the words that are a part of a name and also name a disease or a device: [`Context::search`] says where
    /// they are names.
    pub(crate) fn eponyms(&self) -> &[u64] {
        self.names.eponyms()
    }

    /// Whether the word or code of this hash may be part of what the facts give away, as it is spelled.
    pub(crate) fn holds(&self, hash: u64) -> bool {
        self.table.of(hash) != 0
    }

    /// Appends what of a text the facts give away.
    pub(crate) fn search(&self, place: Place<'_>, out: &mut Vec<Finding>) {
        if self.empty {
            return;
        }
        let (tokens, infos) = (&place.sequence.tokens, &place.sequence.infos);
        let mut done = 0;
        for (i, (token, info)) in tokens.iter().zip(infos).enumerate() {
            if (token.start as usize) < done {
                continue;
            }
            let found = match token.kind {
                Kind::Word => self.word(&place, i, token, info.hash, info.known.entry),
                Kind::Code => self.code(&place, i, token, info.hash, out),
                Kind::Punct | Kind::Web => None,
            };
            if let Some((span, label)) = found.filter(|(span, _)| !span.is_empty()) {
                done = span.end;
                out.push(Finding { span, label, score: SCORE, source: Source::Record });
            }
        }
    }

    #[inline]
    fn word(&self, place: &Place<'_>, i: usize, token: &Token, hash: u64, entry: Entry) -> Option<(Span, Label)> {
        let mut roles = self.table.of(hash);
        if roles == 0 {
            let unknown = token.case != Case::Lower || entry.is_unknown();
            if unknown && token.len() > 4 {
                roles = self.names.misspelled(place, i);
            }
            if roles == 0 && !(token.case == Case::Initial && self.names.is_signed()) {
                return None;
            }
        }
        if roles & PHRASE != 0
            && let Some((last, label)) = self.phrases.at(place, i)
        {
            return Some((span(place, i, last), label));
        }
        if roles & NAME != 0
            && let Some((from, to)) = self.names.at(place, i, roles & (NAME | EXACT), &self.table)
        {
            let (mut from, mut to) = (from, to);
            boundary::widen(place.text, place.sequence, &mut from, &mut to);
            return Some((span(place, from, to), Label::Name));
        }
        if roles & number::BEGINS != 0
            && let Some((end, label)) = self.numbers.at(place.text, token.start as usize, &self.table)
        {
            return Some((Span::new(token.start as usize, end), label));
        }
        if roles & MONTH != 0
            && let Some(found) = self.spelled(place, i)
        {
            return Some(found);
        }
        if roles & NINETY != 0
            && let Some(last) = self::age::at(place, i)
        {
            return Some((span(place, i, last), Label::Age90));
        }
        if roles & ACRONYM != 0
            && let Some(label) = self.phrases.acronym(place, i)
        {
            return Some((span(place, i, i), label));
        }
        if roles & LETTERS != 0 || token.case == Case::Initial {
            return self.names.signed(place, i, roles).map(|last| (span(place, i, last), Label::Name));
        }
        None
    }

    /// Numbers and names in a run of letters and digits.
    fn code(
        &self,
        place: &Place<'_>,
        i: usize,
        token: &Token,
        hash: u64,
        out: &mut Vec<Finding>,
    ) -> Option<(Span, Label)> {
        if self.table.of(hash) & PHRASE != 0
            && let Some((last, label)) = self.phrases.at(place, i)
        {
            return Some((span(place, i, last), label));
        }
        let (start, end) = (token.start as usize, token.end as usize);
        let bytes = place.text.as_bytes();
        let class = |at: usize| {
            bytes.get(at).map_or(0, |b| if b.is_ascii_digit() { 1 } else { 2 * u8::from(b.is_ascii_alphabetic()) })
        };
        let mut found = None;
        let mut at = start;
        while at < end {
            let kind = class(at);
            let begins = kind != 0 && (at == start || class(at - 1) != kind);
            if begins
                && !self.numbers.is_empty()
                && let Some((to, label)) = self.numbers.at(place.text, at, &self.table)
            {
                if let Some((span, label)) = found.replace((Span::new(at, to), label)) {
                    out.push(Finding { span, label, score: SCORE, source: Source::Record });
                }
                at = to;
                continue;
            }
            if begins && kind == 2 {
                let length =
                    bytes.get(at..end).unwrap_or_default().iter().take_while(|b| b.is_ascii_alphabetic()).count();
                let word = place.text.get(at..at + length).unwrap_or_default();
                if length > 3 && self.is_name(word) {
                    out.push(Finding {
                        span: Span::new(at, at + length),
                        label: Label::Name,
                        score: SCORE,
                        source: Source::Record,
                    });
                }
                at += length;
                continue;
            }
            at += 1;
        }
        found.or_else(|| self.told(place, i, token))
    }

    /// A date whose month is the word at token `i`: `March 14, 1958`, `14 de marzo`, `March 1958`.
    fn spelled(&self, place: &Place<'_>, i: usize) -> Option<(Span, Label)> {
        let tokens = &place.sequence.tokens;
        let month = date::month(tokens.get(i)?.of(place.text))?;
        let near = |k: usize| tokens.get(k).filter(|t| t.gap <= Gap::Space).map_or("", |t| t.of(place.text));
        let number = |k: usize| {
            let code = near(k);
            let code = ["st", "nd", "rd", "th"].iter().find_map(|end| code.strip_suffix(end)).unwrap_or(code);
            code.parse::<u16>().ok()
        };
        let mut to = i + usize::from(near(i + 1) == ".");
        let mut from = i;
        let is_day = |day: &u16| (1..=31).contains(day);
        let mut day = None;
        let before = i.checked_sub(1).map(|k| if matches!(near(k), "of" | "de") { k.saturating_sub(1) } else { k });
        if let Some((k, before)) = before.and_then(|k| Some((k, number(k).filter(is_day)?))) {
            (day, from) = (Some(before), k);
        } else if let Some(behind) = number(to + 1).filter(is_day) {
            (day, to) = (Some(behind), to + 1);
        }
        let mut year = None;
        let at = to + 1 + usize::from(matches!(near(to + 1), "," | "'" | "\u{2019}" | "de" | "of"));
        if let Some(number) = number(at).filter(|year| (1800..2200).contains(year) || (*year < 100 && day.is_some())) {
            (year, to) = (Some(number), at);
        }
        // `may 14` is no date for sure.
        let small = tokens.get(i).is_some_and(|t| t.case == Case::Lower) && year.is_none();
        (!small && self.numbers.is_spelled(day, month, year)).then(|| (span(place, from, to), Label::Date))
    }

    /// A word in a code, such as the name of a file, that is a name as the record has it.
    fn is_name(&self, word: &str) -> bool {
        let mut folded = Vec::new();
        let roles = self.table.of(super::folded_hash(word, &mut folded));
        roles & NAME != 0 && roles & EXACT != 0
    }

    /// The last four digits of a number behind words that say so; the day of a birth behind one of those.
    fn told(&self, place: &Place<'_>, i: usize, token: &Token) -> Option<(Span, Label)> {
        let code = token.of(place.text);
        let digits = code.trim_start_matches(|c: char| !c.is_ascii_digit());
        let start = token.end as usize - digits.len();
        let said = |reach: usize, words: &[&str]| {
            (1..=reach)
                .map_while(|back| i.checked_sub(back).and_then(|k| place.sequence.tokens.get(k).map(|t| (k, t))))
                .any(|(k, t)| {
                    let same_line =
                        place.sequence.tokens.get(k + 1..=i).unwrap_or_default().iter().all(|t| t.gap < Gap::Line);
                    same_line && words.iter().any(|word| t.of(place.text).eq_ignore_ascii_case(word))
                })
        };
        if digits.len() == 4
            && let Some(label) = self.numbers.ending(digits)
        {
            let masked =
                code.len() > 4 && code.bytes().take(code.len() - 4).all(|b| matches!(b, b'x' | b'X' | b'-' | b'*'));
            if masked || said(4, &ENDINGS) {
                return Some((Span::new(start, token.end as usize), label));
            }
        }
        if self.numbers.is_spelled_code(code) {
            return Some((Span::new(token.start as usize, token.end as usize), Label::Date));
        }
        if code.len() <= 5 && self.numbers.is_day(code) && said(6, &BIRTHS) {
            return Some((Span::new(token.start as usize, token.end as usize), Label::Date));
        }
        None
    }
}

/// From the first to the last of these tokens, without a possessive.
fn span(place: &Place<'_>, from: usize, to: usize) -> Span {
    let tokens = &place.sequence.tokens;
    let (Some(first), Some(last)) = (tokens.get(from), tokens.get(to)) else { return Span::new(0, 0) };
    let end = boundary::stem(last.of(place.text)).map_or(last.end as usize, |n| last.start as usize + n);
    Span::new(first.start as usize, end)
}

/// Contexts made before, by the facts they are made of.
pub(crate) struct Shelf {
    contexts: lru::LruCache<u64, Arc<Context>>,
    /// Contexts that nobody uses any more: their room is used again.
    spare: Vec<Context>,
}

impl Default for Shelf {
    fn default() -> Self {
        Self { contexts: lru::LruCache::new(KEPT), spare: Vec::new() }
    }
}

impl Shelf {
    /// The context of facts with that hash.
    pub(crate) fn take(&mut self, hash: u64, build: impl FnOnce(Context) -> Context) -> Arc<Context> {
        if let Some(context) = self.contexts.get(&hash) {
            return Arc::clone(context);
        }
        if self.contexts.len() == KEPT.get()
            && let Some((_, context)) = self.contexts.pop_lru()
        {
            self.spare.extend(Arc::into_inner(context));
        }
        let context = Arc::new(build(self.spare()));
        self.contexts.put(hash, Arc::clone(&context));
        context
    }

    /// A context that may have been for anything.
    pub(crate) fn spare(&mut self) -> Context {
        self.spare.pop().unwrap_or_default()
    }

    /// Takes back what is no longer searched with.
    pub(crate) fn put_back(&mut self, contexts: impl IntoIterator<Item = Arc<Context>>) {
        self.spare.extend(contexts.into_iter().filter_map(Arc::into_inner));
    }
}

/// How many contexts a thread keeps: some kilobytes each.
const KEPT: std::num::NonZeroUsize = std::num::NonZeroUsize::MIN.saturating_add(255);
/// How sure it is that the same value means the same.
const SCORE: f32 = 0.95;
/// Before the last digits of a number.
const ENDINGS: [&str; 6] = ["last", "four", "ending", "ends", "ext", "x"];
/// Before or around a birthday.
const BIRTHS: [&str; 8] = ["birthday", "bday", "born", "birth", "dob", "birthdate", "turns", "turned"];
