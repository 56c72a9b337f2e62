//! From decided tokens to findings, and from one finding to all of its kind in a document.

use super::cue::Cue;
use super::dictionary::Entry;
use super::evidence::feature::{PhraseKind, Sequence};
use super::evidence::word::Word;
use super::evidence::{Decision, Tag};
use super::public::is_public;
use super::shape::Shape;
use super::token::{self, Case, Gap, Kind};
use super::told::told;
use super::{Detector, HashMap64, HashSet64, Scratch};
use super::{aloud, boundary, fraction};
use crate::finding::{Finding, Source};
use crate::identifier::Label;
use crate::span::Span;

/// What a document has given away so far, by hash of the folded word or code.
#[derive(Clone, Default)]
pub(crate) struct Document {
    /// Words of names.
    names: HashSet64,
    /// Codes, with their label.
    codes: HashMap64<Label>,
    /// Words of places, facilities and employers, by the first of them.
    phrases: HashMap64<Vec<(Vec<u64>, Label)>>,
    /// A bit for each of these, by the first eight bits of its hash: most words of a text are told apart by it alone.
    bits: [u64; 4],
}

impl Document {
    /// Whether the word of this hash is part of a name.
    pub(crate) fn names(&self, hash: u64) -> bool {
        self.may_hold(hash) && self.names.contains(&hash)
    }

    /// Leaves out a word that was noted: it is not looked for as it stands.
    pub(crate) fn forget(&mut self, hash: u64) {
        self.names.remove(&hash);
    }

    /// Whether anything that is looked for holds the word or code of this hash, or begins with it.
    pub(crate) fn holds(&self, hash: u64) -> bool {
        self.may_hold(hash)
            && (self.names.contains(&hash) || self.codes.contains_key(&hash) || self.phrases.contains_key(&hash))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.names.is_empty() && self.codes.is_empty() && self.phrases.is_empty()
    }

    /// Whether [`Document::holds`] may say so; cheap.
    #[inline]
    fn may_hold(&self, hash: u64) -> bool {
        self.bits[(hash >> 62) as usize] & 1 << (hash >> 56 & 63) != 0
    }

    fn mark(&mut self, hash: u64) {
        self.bits[(hash >> 62) as usize] |= 1 << (hash >> 56 & 63);
    }
}

/// Turns the decisions of a prepared text into findings, and notes in `document` what is to be looked for elsewhere.
pub(crate) fn collect(text: &str, scratch: &Scratch, out: &mut Vec<Finding>, document: &mut Document) {
    out.extend_from_slice(&scratch.sure);
    if scratch.opinions.is_empty() {
        decided(text, scratch, out);
    } else {
        advised(text, scratch, out);
    }
    told(text, &scratch.sequence, out);
    aloud::join(text, out);
    fraction::withdraw(text, &scratch.sequence, out);
    remember(text, &scratch.sequence, out, document);
}

/// What the evidence says, where no model was asked.
fn decided(text: &str, scratch: &Scratch, out: &mut Vec<Finding>) {
    let sequence = &scratch.sequence;
    for (from, n) in scratch.windows.iter().copied() {
        let mut i = from;
        while i < n {
            let Some(decision) = scratch.decisions.get(i).copied() else { break };
            if decision.tag == Tag::Outside {
                i += 1;
                continue;
            }
            let mut to = i;
            let mut margin = decision.margin;
            while to + 1 < n && scratch.decisions.get(to + 1).is_some_and(|d| d.tag == decision.tag) {
                let gap = sequence.tokens.get(to + 1).map_or(Gap::Block, |t| t.gap);
                if gap >= Gap::Line && !(gap == Gap::Line && matches!(decision.tag, Tag::Facility | Tag::Employer)) {
                    break;
                }
                to += 1;
                margin = margin.max(scratch.decisions.get(to).map_or(0.0, |d| d.margin));
            }
            let doubtful = to == i && doubtful(sequence, i, decision.tag, margin)
                || decision.tag == Tag::Name && before_short(sequence, i, to).is_none();
            if let Some(label) = decision.tag.label().filter(|_| !doubtful) {
                let label = refine(text, sequence, i, to, label);
                boundary::push(text, sequence, i, to, label, logistic(margin), out);
            }
            i = to + 1;
        }
    }
}

/// What the model says, where it was asked.
fn advised(text: &str, scratch: &Scratch, out: &mut Vec<Finding>) {
    let sequence = &scratch.sequence;
    let mut opinions = scratch.opinions.as_slice();
    for question in &scratch.questions {
        let (from, to) = question.open;
        let Some((said, rest)) = opinions.split_at_checked(to - from) else { return };
        opinions = rest;
        let mut i = 0;
        while let Some(first) = said.get(i) {
            let Some(label) = first.label else {
                if let Some((label, margin)) = undisputed(scratch, from + i) {
                    boundary::push(text, sequence, from + i, from + i, label, logistic(margin), out);
                }
                i += 1;
                continue;
            };
            let mut last = i;
            let mut nothing = first.nothing;
            while let Some(next) = said.get(last + 1).filter(|o| o.label == Some(label) && !o.begins) {
                nothing = nothing.min(next.nothing);
                last += 1;
            }
            // The name of a score is no number of anybody, whoever says so; nor is a code that is public.
            let score = label == Label::OtherId && boundary::names_instrument(text, sequence, from + i, from + last);
            let unit = boundary::names_department(text, sequence, from + i, from + last, label);
            let public = last == i && is_public(text, sequence, from + i, label);
            let end =
                if label == Label::Name { before_short(sequence, from + i, from + last) } else { Some(from + last) };
            if let Some(end) = end.filter(|_| !(score || unit || public)) {
                boundary::exact(text, sequence, from + i, end, label, 1.0 - nothing, out);
            }
            i = last + 1;
        }
    }
}

/// What the evidence is sure of at a word that the model takes for nothing, where dictionaries know the word as a name or a place
/// and as nothing else: its label, and how sure.
fn undisputed(scratch: &Scratch, i: usize) -> Option<(Label, f32)> {
    let (token, info) = scratch.sequence.tokens.get(i).zip(scratch.sequence.infos.get(i))?;
    let Decision { tag, margin, .. } = *scratch.decisions.get(i)?;
    let (entry, written) = (info.entry, matches!(token.case, Case::Title | Case::Mixed));
    let listed = entry.first().max(entry.last()).max(entry.place()) > 0;
    let alone = token.kind == Kind::Word && written && listed && entry.lower() == 0 && !entry.any(OTHERWISE);
    if alone && matches!(tag, Tag::Name | Tag::City) && margin > UNDISPUTED {
        tag.label().zip(Some(margin))
    } else {
        None
    }
}

/// How sure the evidence must be for that, in nats; set on the development set and on unseen notes.
const UNDISPUTED: f32 = 5.0;

/// Where a name ends that goes on with, or is, an abbreviation that is said letter by letter: `ezekiel thornbury m d`.
fn before_short(sequence: &Sequence, from: usize, to: usize) -> Option<usize> {
    match sequence.short.iter().find(|(first, last)| *first <= to && to <= *last) {
        Some((first, _)) if *first <= from => None,
        Some((first, _)) => Some(first - 1),
        None => Some(to),
    }
}

/// A word alone that medicine knows better than the directory: an eponym, a drug, an abbreviation needs more evidence.
fn doubtful(sequence: &Sequence, i: usize, tag: Tag, margin: f32) -> bool {
    let (Some(token), Some(info)) = (sequence.tokens.get(i), sequence.infos.get(i)) else { return false };
    if token.kind != Kind::Word
        || !matches!(tag, Tag::Name | Tag::City | Tag::Facility | Tag::Employer)
        || sequence.named.contains(&info.hash)
    {
        return false;
    }
    let entry = info.entry;
    let name = entry.first().max(entry.last());
    // `Best reached at`, `May go home`: an ordinary word at the start of a sentence.
    let starts = token.starts_line()
        || i.checked_sub(1)
            .and_then(|p| sequence.tokens.get(p))
            .is_some_and(|p| p.kind == Kind::Punct && token.gap > Gap::None);
    let goes_on = sequence
        .tokens
        .get(i + 1)
        .is_some_and(|t| t.gap == Gap::Space && t.kind == Kind::Word && t.case == Case::Lower);
    (token.case == Case::Title && starts && goes_on && entry.lower() >= 10 && margin < ORDINARY_ALONE)
        || (entry.is_eponym() && margin < EPONYM_ALONE)
        || (entry.is_drug() && name < 4 && margin < EPONYM_ALONE)
        || (token.case == Case::Upper && entry.is_abbrev() && margin < ABBREVIATION_ALONE)
}

/// What an eponym that stands alone must have to be a name, in nats; set on the training notes.
const EPONYM_ALONE: f32 = 5.0;
/// The same for an ordinary word that begins a sentence.
const ORDINARY_ALONE: f32 = 4.0;
/// The same for an abbreviation in capitals.
const ABBREVIATION_ALONE: f32 = 2.5;

/// The label of a number as its cue or shape tells it.
fn refine(text: &str, sequence: &Sequence, from: usize, to: usize, label: Label) -> Label {
    let infos = sequence.infos.get(from..=to).unwrap_or(&[]);
    match label {
        Label::Age
            if boundary::holds(text, sequence, from, to, Label::Age90)
                && infos.iter().all(|x| x.entry.is_unknown() || x.bits & Word::OLD != 0) =>
        {
            Label::Age90
        }
        Label::Phone if infos.iter().any(|x| x.cue == Cue::Fax as u8) => Label::Fax,
        Label::OtherId => {
            let cue = infos.iter().map(|x| x.cue).find(|c| *c != 0);
            let by_cue = [
                Cue::Mrn,
                Cue::Ssn,
                Cue::Account,
                Cue::HealthPlan,
                Cue::License,
                Cue::Vehicle,
                Cue::Device,
                Cue::Biometric,
            ]
            .into_iter()
            .find(|c| Some(*c as u8) == cue)
            .and_then(Cue::label);
            let by_mark = infos.iter().find_map(|x| x.mark).filter(|m| m.is_identifier());
            by_mark.filter(|m| *m != Label::OtherId).or(by_cue).or(by_mark).unwrap_or_else(|| {
                match infos.first().map(|x| x.shape) {
                    Some(Shape::Ssn) => Label::Ssn,
                    Some(Shape::Vin) => Label::Vehicle,
                    _ => Label::OtherId,
                }
            })
        }
        _ => label,
    }
}

fn logistic(margin: f32) -> f32 {
    1.0 / (1.0 + (-margin).exp())
}

/// Notes the words, codes and phrases of sure findings.
fn remember(text: &str, sequence: &Sequence, found: &[Finding], document: &mut Document) {
    for finding in found {
        let first = sequence.tokens.partition_point(|t| (t.end as usize) <= finding.span.start);
        let tokens = sequence
            .tokens
            .iter()
            .zip(&sequence.infos)
            .skip(first)
            .take_while(|(t, _)| (t.start as usize) < finding.span.end);
        match finding.label {
            Label::Name => {
                let sure = finding.score > SURE;
                for (token, info) in tokens {
                    let speaks = token.kind == Kind::Word && token.len() >= 3 && tells(info.entry, token.case);
                    if speaks && (sure || is_only_name(info.entry, token.case)) {
                        document.mark(info.hash);
                        document.names.insert(info.hash);
                    }
                }
            }
            Label::Facility | Label::Employer | Label::City if finding.score > SURE => {
                let words: Vec<_> = tokens.filter(|(t, _)| t.kind == Kind::Word).collect();
                let distinct = words.iter().any(|(t, x)| t.case != Case::Lower && x.entry.lower() < 9 && t.len() > 2);
                if distinct && words.iter().any(|(t, _)| t.case != Case::Lower) {
                    let words: Vec<u64> = words.iter().map(|(_, x)| x.hash).collect();
                    let Some(first) = words.first() else { continue };
                    document.mark(*first);
                    let alike = document.phrases.entry(*first).or_default();
                    if alike.iter().all(|(known, _)| *known != words) {
                        alike.push((words, finding.label));
                    }
                }
            }
            Label::Date | Label::Age90 | Label::Zip | Label::Street => {}
            label if label.is_identifier() => {
                for (token, info) in tokens {
                    let digits = token.of(text).bytes().filter(u8::is_ascii_digit).count();
                    if token.kind == Kind::Code
                        && (digits >= 5 || (digits >= 3 && token.len() >= 6))
                        && !matches!(info.shape, Shape::DateFull | Shape::Date8)
                    {
                        document.mark(info.hash);
                        document.codes.entry(info.hash).or_insert(label);
                    }
                }
            }
            _ => {}
        }
    }
}

/// Whether a word of a name is enough of a name to be looked for elsewhere.
fn tells(entry: Entry, case: Case) -> bool {
    !entry.any(Entry::TITLE)
        && !entry.any(Entry::CREDENTIAL)
        && entry.lower() < 12
        && case != Case::Initial
        && !entry.any(Entry::RELATION)
        && !entry.any(Entry::STAFF)
}

/// Whether a word of a name is no other word, nor, in capitals, may be short for some: it is looked for elsewhere however sure
/// the finding is, or it would go from one place and stay in another.
fn is_only_name(entry: Entry, case: Case) -> bool {
    let listed = entry.first().max(entry.last()) > 0;
    let written = matches!(case, Case::Title | Case::Mixed) || (listed && case == Case::Upper);
    written && entry.lower() == 0 && !entry.any(OTHERWISE)
}

/// What a word can be beside a name.
const OTHERWISE: Entry =
    Entry::MEDICAL.or(Entry::DRUG).or(Entry::ENGLISH).or(Entry::ENGLISH_RARE).or(Entry::ABBREV).or(Entry::EPONYM);

/// Finds what the document has given away in a prepared text.
pub(crate) fn spread(text: &str, scratch: &Scratch, document: &Document, out: &mut Vec<Finding>) {
    let (sequence, decisions) = (&scratch.sequence, scratch.decisions.as_slice());
    let n = sequence.tokens.len();
    // What may stay covers nothing: a name in a place that was taken for an organisation is a name.
    let mut covered = vec![false; n];
    for finding in out.iter().filter(|finding| finding.label.is_identifier()) {
        let first = sequence.tokens.partition_point(|t| (t.end as usize) <= finding.span.start);
        for (i, token) in sequence.tokens.iter().enumerate().skip(first) {
            if token.start as usize >= finding.span.end {
                break;
            }
            if let Some(c) = covered.get_mut(i) {
                *c = true;
            }
        }
    }
    for (i, (token, info)) in sequence.tokens.iter().zip(&sequence.infos).enumerate() {
        if !document.may_hold(info.hash) || covered.get(i).copied().unwrap_or(true) {
            continue;
        }
        let label = match token.kind {
            Kind::Word if document.names.contains(&info.hash) && again(text, sequence, decisions, i) => Label::Name,
            Kind::Code => match document.codes.get(&info.hash) {
                Some(label) => *label,
                None => continue,
            },
            _ => continue,
        };
        let (mut from, mut to) = (i, i);
        if label == Label::Name {
            boundary::widen(text, sequence, &mut from, &mut to);
        }
        let (Some(first), Some(last)) = (sequence.tokens.get(from), sequence.tokens.get(to)) else { continue };
        let end = boundary::stem(last.of(text)).map_or(last.end as usize, |k| last.start as usize + k);
        out.push(Finding { span: Span::new(first.start as usize, end), label, score: 0.8, source: Source::Document });
    }
    if document.phrases.is_empty() {
        return;
    }
    for (i, (token, info)) in sequence.tokens.iter().zip(&sequence.infos).enumerate() {
        let is_word = token.kind == Kind::Word && token.case != Case::Lower;
        if !document.may_hold(info.hash) || !is_word || covered.get(i).copied().unwrap_or(true) {
            continue;
        }
        for (words, label) in document.phrases.get(&info.hash).map_or(&[][..], Vec::as_slice) {
            if words.len() == 1 && (thing_follows(sequence, i) || info.phrase == PhraseKind::Eponym) {
                continue;
            }
            let mut at = i;
            let whole = words.iter().skip(1).all(|word| {
                at += 1;
                while sequence.tokens.get(at).is_some_and(|t| t.kind == Kind::Punct) {
                    at += 1;
                }
                sequence.infos.get(at).is_some_and(|x| x.hash == *word)
            });
            if let (true, Some(last)) = (whole, sequence.tokens.get(at)) {
                let span = Span::new(token.start as usize, last.end as usize);
                out.push(Finding { span, label: *label, score: 0.75, source: Source::Document });
            }
        }
    }
}

/// Whether a word that is a name elsewhere in the document is one here too.
pub(super) fn again(text: &str, sequence: &Sequence, decisions: &[Decision], i: usize) -> bool {
    let (Some(token), Some(info)) = (sequence.tokens.get(i), sequence.infos.get(i)) else { return false };
    if matches!(info.phrase, PhraseKind::Eponym | PhraseKind::Medical) || thing_follows(sequence, i) {
        return false;
    }
    let common = info.entry.lower();
    // Where evidence was weighed it has its say; 0 where the gate settled the token.
    let name = decisions.get(i).map_or(0.0, |d| d.name);
    if info.entry.is_eponym() && name < EPONYM_LEAST {
        return false;
    }
    match token.case {
        Case::Lower => common < 5,
        // At the start of a sentence, or in a line of capitals, every word is capitalised.
        _ => {
            let apart = common < 10 && token.case == Case::Title && !starts_sentence(text, sequence, i);
            let said = name > -0.5 && name != 0.0;
            common < 8 || apart || said
        }
    }
}

/// Whether a token begins a line or a sentence.
pub(super) fn starts_sentence(text: &str, sequence: &Sequence, i: usize) -> bool {
    let before = i.checked_sub(1).and_then(|p| sequence.tokens.get(p));
    sequence.tokens.get(i).is_some_and(token::Token::starts_line)
        || before.is_some_and(|p| matches!(p.of(text), "." | "?" | "!"))
}

/// `Foley catheter`, `Parkinson's disease`: a name that names a thing.
pub(super) fn thing_follows(sequence: &Sequence, i: usize) -> bool {
    let thing = |k: usize| {
        sequence
            .tokens
            .get(k)
            .zip(sequence.infos.get(k))
            .is_some_and(|(t, x)| t.gap <= Gap::Space && x.bits & Word::THING != 0)
    };
    thing(i + 1)
        || (thing(i + 2) && sequence.tokens.get(i + 1).is_some_and(|t| t.kind == Kind::Word && t.gap <= Gap::Space))
}

/// What an eponym that is also a name in the document must have for it to be taken as that name, in nats.
const EPONYM_LEAST: f32 = 0.0;
/// Above which a finding is sure enough to be looked for elsewhere.
const SURE: f32 = 0.6;

/// A value whose field says that it is one identifier.
pub(crate) fn whole(text: &str, label: Label) -> Option<Finding> {
    let found = |start, end| Some(Finding { span: Span::new(start, end), label, score: 0.99, source: Source::Field });
    // Most begin and end with a letter or digit.
    if let [first, .., last] = text.as_bytes()
        && first.is_ascii_alphanumeric()
        && last.is_ascii_alphanumeric()
    {
        return found(0, text.len());
    }
    let is = |c: char| c.is_alphanumeric();
    let (mut start, end) = (text.find(is)?, text.rfind(is)?);
    if matches!(label, Label::Phone | Label::Fax) && text.get(..start).is_some_and(|t| t.ends_with(['(', '+'])) {
        start -= 1;
    }
    let end = end + text.get(end..).and_then(|t| t.chars().next()).map_or(0, char::len_utf8);
    found(start, end)
}

/// Notes in `document` what a value is that was found whole.
pub(crate) fn remember_whole(
    detector: &Detector,
    text: &str,
    scratch: &mut Scratch,
    found: &[Finding],
    document: &mut Document,
) {
    detector.prepare(text, scratch);
    remember(text, &scratch.sequence, found, document);
}
