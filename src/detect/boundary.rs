//! Where an identifier begins and ends: what belongs to a name beside its words, what only announces a number, and whether
//! the words can be what evidence took them for.

use super::cue::Cue;
use super::dictionary::Entry;
use super::evidence::feature::Sequence;
use super::evidence::word::Word;
use super::public::is_public;
use super::rule::extension;
use super::shape::Shape;
use super::token::{Case, Gap, Kind, Token};
use crate::finding::{Finding, Source};
use crate::identifier::Label;
use crate::span::Span;

/// Adds tokens `from..=to`, without the punctuation at their ends.
pub(super) fn push(
    text: &str,
    sequence: &Sequence,
    mut from: usize,
    mut to: usize,
    label: Label,
    score: f32,
    out: &mut Vec<Finding>,
) {
    let punct = |i: usize| sequence.tokens.get(i).is_none_or(|t| t.kind == Kind::Punct);
    while to > from && punct(to) {
        to -= 1;
    }
    match label {
        Label::Name => {
            end_before_verb(text, sequence, from, &mut to);
            end_before_value(text, sequence, from, &mut to);
            widen(text, sequence, &mut from, &mut to);
            to = name_end(text, sequence, from, to);
        }
        Label::Facility | Label::Employer | Label::City => widen_place(text, sequence, label, &mut from, &mut to),
        Label::OtherId => trim_words(sequence, &mut from, &mut to),
        Label::Street => end_sentence(text, sequence, from, &mut to),
        _ => {}
    }
    // The words that only link it to the sentence: `Fernhollow Cannery in`.
    let link = |i: usize| {
        sequence.infos.get(i).is_some_and(|x| x.bits & Word::LINK != 0)
            && sequence.tokens.get(i).is_some_and(|t| t.case == Case::Lower)
    };
    while from < to && (link(from) || punct(from)) && !opens(text, sequence, from, label) {
        from += 1;
    }
    while to > from && (link(to) || punct(to)) {
        to -= 1;
    }
    if !holds(text, sequence, from, to, label) {
        return;
    }
    add(text, sequence, (from, to), label, score, Source::Dictionary, out);
}

/// Adds tokens `from..=to` without the possessive, but where a place or an organisation has it in its name; of an age the
/// number only (`93yo`), of an extension its digits. A mark alone is nothing.
fn add(
    text: &str,
    sequence: &Sequence,
    (from, to): (usize, usize),
    label: Label,
    score: f32,
    source: Source,
    out: &mut Vec<Finding>,
) {
    let (Some(first), Some(last)) = (sequence.tokens.get(from), sequence.tokens.get(to)) else { return };
    let wrong = || match label {
        Label::Name => measures(text, sequence, from),
        Label::OtherId => counts(text, sequence, from) || fails(text, sequence, from),
        Label::Phone => fails(text, sequence, from),
        _ => false,
    };
    if from == to && (first.kind == Kind::Punct || wrong()) {
        return;
    }
    let stem = stem(last.of(text)).filter(|_| !owns_possessive(text, sequence, from, label));
    let end = stem.map_or(last.end as usize, |n| last.start as usize + n);
    let mut span = Span::new(first.start as usize, end);
    // `x2204`: nor is the sign of an extension.
    if label == Label::Phone && extension(first.of(text)) {
        span.start += 1;
    }
    if matches!(label, Label::Age90 | Label::Age) && from == to {
        let digits = first.of(text).bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            span.end = span.start + digits;
        }
    }
    out.push(Finding { span, label, score, source });
}

/// Whether token `i` counts days or grades by the word before it: `POD 3`, `NYHA 2`.
fn counts(text: &str, sequence: &Sequence, i: usize) -> bool {
    let token = |back: usize| i.checked_sub(back).and_then(|at| sequence.tokens.get(at));
    let small = token(0).is_some_and(|t| t.len() <= 2 && t.of(text).bytes().all(|b| b.is_ascii_digit()));
    let sign = token(1).is_some_and(|t| t.of(text) == "#");
    let near = token(0).is_some_and(|t| t.gap <= Gap::Space);
    small && near && token(1 + usize::from(sign)).is_some_and(|t| COUNTED.contains(&t.of(text)))
}

/// What days are counted from, and what is graded.
const COUNTED: [&str; 12] = ["POD", "HD", "DOL", "PPD", "POW", "NYHA", "ASA", "ECOG", "GCS", "RASS", "grade", "stage"];

/// Whether token `i` says in three digits how a computer failed: `error 429`.
fn fails(text: &str, sequence: &Sequence, i: usize) -> bool {
    let token = |back: usize| i.checked_sub(back).and_then(|at| sequence.tokens.get(at));
    let three = |t: &Token| t.len() == 3 && t.gap <= Gap::Space && t.of(text).bytes().all(|b| b.is_ascii_digit());
    let said = |t: &Token| ["error", "HTTP"].iter().any(|word| t.of(text).eq_ignore_ascii_case(word));
    token(0).is_some_and(three) && token(1).is_some_and(said)
}

/// Whether token `i` is the unit of the number before it: `Heparin 3000 U`. Behind what may be a time only units are, as somebody may
/// sign there: `0715 g`.
fn measures(text: &str, sequence: &Sequence, i: usize) -> bool {
    let (Some(token), Some(number)) = (sequence.tokens.get(i), i.checked_sub(1).and_then(|at| sequence.tokens.get(at)))
    else {
        return false;
    };
    let digits = number.of(text);
    let written = number.kind == Kind::Code && digits.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b','));
    let time = digits.len() == 4 && digits.parse().is_ok_and(|time: u32| time < 2400 && time % 100 < 60);
    let unit = sequence.infos.get(i).is_some_and(|x| x.entry.is_unit());
    written && token.gap <= Gap::Space && (matches!(token.of(text), "U" | "IU" | "units") || unit && !time)
}

/// Whether a possessive at the end is part of what is called so: `Rio Bosque Children's`, `Applebee's`, `St. John's`. Where it is
/// not, as in `Mercy General's cafeteria`, a letter too many is hidden.
fn owns_possessive(text: &str, sequence: &Sequence, from: usize, label: Label) -> bool {
    let saint = || sequence.tokens.get(from).is_some_and(|t| SAINT.contains(&t.of(text)));
    matches!(label, Label::Facility | Label::Employer) || label == Label::City && saint()
}

/// What stands before the name of a saint, a mountain or a fort in the name of a place.
const SAINT: [&str; 8] = ["St", "Saint", "Mt", "Mount", "Ft", "Fort", "ST", "SAINT"];

/// Adds tokens `from..=to` as the model has them: without the punctuation at their ends and the possessive.
pub(super) fn exact(
    text: &str,
    sequence: &Sequence,
    mut from: usize,
    mut to: usize,
    label: Label,
    score: f32,
    out: &mut Vec<Finding>,
) {
    let punct = |i: usize| sequence.tokens.get(i).is_none_or(|t| t.kind == Kind::Punct);
    while to > from && punct(to) {
        to -= 1;
    }
    while from < to && punct(from) && !opens(text, sequence, from, label) {
        from += 1;
    }
    if label == Label::Name {
        end_before_value(text, sequence, from, &mut to);
        from = name_start(text, sequence, from);
        to = name_end(text, sequence, from, to);
    }
    // `at the Alpine Base Hospital`: the article names nothing.
    let article = |i: usize| sequence.tokens.get(i).is_some_and(|t| matches!(t.of(text), "the" | "a" | "an"));
    if matches!(label, Label::Facility | Label::Employer) && article(from) {
        if from == to {
            return;
        }
        from += 1;
    }
    add(text, sequence, (from, to), label, score, Source::Model, out);
}

/// Where a name begins that was found to begin at token `from`: at the short form of Muhammad, which is no degree there, as a degree
/// stands behind a name; and at the surname of a name in HL7, `|LI^XIAOMING^`.
fn name_start(text: &str, sequence: &Sequence, from: usize) -> usize {
    let token = |back: usize| from.checked_sub(back).and_then(|i| sequence.tokens.get(i));
    let is = |back: usize, marks: &[&str]| token(back).is_some_and(|t| marks.contains(&t.of(text)));
    let gap = |back: usize| token(back).map_or(Gap::Block, |t| t.gap);
    if gap(0) <= Gap::Space && is(1, &["Md", "Mohd", "Muhd"]) {
        return from - 1;
    }
    let surname = gap(0) == Gap::None
        && is(1, &["^"])
        && gap(1) == Gap::None
        && token(2).is_some_and(|t| t.kind == Kind::Word && t.case != Case::Lower && t.len() > 1)
        && gap(2) == Gap::None
        && is(3, &["|", "~"]);
    if surname { from - 2 } else { from }
}

/// Where a name ends that was found to be tokens `from..=to`: at the first name behind the comma where both fill a cell or line, though it
/// may be called as a state is: `| de la Cruz, Virginia |`.
fn name_end(text: &str, sequence: &Sequence, from: usize, to: usize) -> usize {
    let token = |i: usize| sequence.tokens.get(i);
    let mark = |i: usize| token(i).is_some_and(|t| t.of(text) == "|");
    let begins = from.checked_sub(1).is_none_or(mark) || token(from).is_some_and(|t| t.gap >= Gap::Wide);
    let comma = token(to + 1).is_some_and(|t| t.of(text) == "," && t.gap == Gap::None);
    let given = token(to + 2).is_some_and(|t| t.kind == Kind::Word && t.case == Case::Title && t.gap == Gap::Space)
        && sequence.infos.get(to + 2).is_some_and(|x| x.entry.first() >= GIVEN);
    let ends = token(to + 3).is_none_or(|t| t.gap >= Gap::Wide) || mark(to + 3);
    if begins && comma && given && ends { to + 2 } else { to }
}

/// How common as a first name a word is that is one in a list: from a thousand persons on, by the buckets of [`Entry::first`].
const GIVEN: u8 = 7;

/// The bracket of a telephone number's area code belongs to it.
fn opens(text: &str, sequence: &Sequence, i: usize, label: Label) -> bool {
    matches!(label, Label::Phone | Label::Fax) && sequence.tokens.get(i).is_some_and(|t| t.of(text) == "(")
}

/// Takes in the saint and the article before a place, and the capitalised words and heads behind it.
fn widen_place(text: &str, sequence: &Sequence, label: Label, from: &mut usize, to: &mut usize) {
    let token = |i: usize| sequence.tokens.get(i);
    let is = |i: usize, words: &[&str]| token(i).is_some_and(|t| words.contains(&t.of(text)));
    let near = |i: usize| token(i).is_some_and(|t| t.gap <= Gap::Space);
    if *from >= 1 && near(*from) && is(*from - 1, &SAINT) {
        *from -= 1;
    } else if *from >= 2 && near(*from) && is(*from - 1, &["."]) && is(*from - 2, &SAINT) {
        *from -= 2;
    }
    if label != Label::City
        && *from >= 1
        && near(*from)
        && is(*from - 1, &["The"])
        && token(*from - 1).is_some_and(Token::starts_line)
    {
        *from -= 1;
    }
    // Capitalised words that follow on the line, as far as the last that is a head or no ordinary word.
    let mut at = *to + 1;
    while label != Label::City
        && at <= *to + 3
        && token(at)
            .is_some_and(|t| t.gap == Gap::Space && t.kind == Kind::Word && matches!(t.case, Case::Title | Case::Mixed))
    {
        let entry = sequence.infos.get(at).map_or(Entry::default(), |x| x.entry);
        let head = entry.any(Entry::FACILITY_WORD.or(Entry::ORG_WORD));
        if entry.any(Entry::TITLE.or(Entry::CREDENTIAL).or(Entry::STAFF).or(Entry::MONTH).or(Entry::WEEKDAY)) && !head {
            break;
        }
        if head {
            *to = at;
        }
        at += 1;
    }
}

/// Leaves out the words before and behind a number that only announce it.
fn trim_words(sequence: &Sequence, from: &mut usize, to: &mut usize) {
    let announces = |i: usize| {
        sequence.tokens.get(i).zip(sequence.infos.get(i)).is_some_and(|(t, x)| {
            t.kind == Kind::Punct
                || (t.kind == Kind::Word
                    && (x.bits & Word::CUE != 0 || (t.len() > 3 && (x.entry.lower() > 5 || x.entry.is_drug()))))
        })
    };
    while from < to && announces(*from) {
        *from += 1;
    }
    while to > from && announces(*to) {
        *to -= 1;
    }
}

/// Whether the tokens are an instrument's name alone, with no word before it that announces a number.
pub(super) fn names_instrument(text: &str, sequence: &Sequence, from: usize, to: usize) -> bool {
    from == to
        && sequence.tokens.get(from).is_some_and(|t| instrument(t.of(text)))
        && sequence.infos.get(from).is_some_and(|x| x.cue == 0 || x.cue_distance > 0)
}

/// `Department of Neurology`, `Dept of Medicine`: every hospital has one.
pub(super) fn names_department(text: &str, sequence: &Sequence, from: usize, to: usize, label: Label) -> bool {
    const UNITS: [&str; 4] = ["department", "dept", "division", "section"];
    let is = |i: usize, words: &[&str]| {
        sequence.tokens.get(i).is_some_and(|t| words.iter().any(|word| t.of(text).eq_ignore_ascii_case(word)))
    };
    let of = from + 1 + usize::from(is(from + 1, &["."]));
    let medical = |i: usize| {
        is(i, &["and", "&", "of"]) || sequence.infos.get(i).is_some_and(|x| x.entry.is_medical() && x.entry.last() < 4)
    };
    matches!(label, Label::Facility | Label::Employer)
        && is(from, &UNITS)
        && is(of, &["of"])
        && of < to
        && (of + 1..=to).all(medical)
}

/// `CURB-65`, `PHQ-9`, `DAS28`: letters and a number of one or two digits name an instrument, not a record.
fn instrument(code: &str) -> bool {
    let letters = code.bytes().take_while(u8::is_ascii_uppercase).count();
    let rest = code.get(letters..).unwrap_or("").trim_start_matches('-');
    letters >= 3 && (1..=2).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_digit())
}

/// A street does not go on behind the end of a sentence: `Perry Ave. Sertraline stopped`.
fn end_sentence(text: &str, sequence: &Sequence, from: usize, to: &mut usize) {
    for i in from + 1..*to {
        let stop = sequence.tokens.get(i).is_some_and(|t| t.of(text) == "." && t.gap == Gap::None);
        let (Some(before), Some(behind)) = (sequence.tokens.get(i - 1), sequence.tokens.get(i + 1)) else { return };
        let next = sequence.infos.get(i + 1).map_or(Entry::default(), |x| x.entry);
        let short = before.len() <= 2 || next.is_street_suffix() || behind.case == Case::Initial;
        if stop && behind.gap > Gap::None && !short {
            *to = i - 1;
            return;
        }
    }
}

/// Whether the tokens can be what evidence says: an age of ninety is ninety, a date is no acronym, a number has digits.
pub(super) fn holds(text: &str, sequence: &Sequence, from: usize, to: usize, label: Label) -> bool {
    let tokens = || sequence.tokens.iter().zip(&sequence.infos).take(to + 1).skip(from);
    let digits = |s: &str| {
        s.bytes()
            .take_while(u8::is_ascii_digit)
            .fold(0u32, |n, b| n.saturating_mul(10).saturating_add(u32::from(b - b'0')))
    };
    if from == to && is_public(text, sequence, from, label) {
        return false;
    }
    match label {
        Label::Date if from == to && counts_time(text, sequence, from) => false,
        Label::Age90 => tokens().any(|(t, x)| match t.kind {
            Kind::Code => (90..=130).contains(&digits(t.of(text))),
            _ => x.bits & (Word::OLD | Word::DIGIT) != 0 || x.entry.lower() < 9,
        }),
        Label::Date => tokens().any(|(t, x)| match t.kind {
            Kind::Code => !matches!(
                x.shape,
                Shape::MixedLower
                    | Shape::Mixed3
                    | Shape::Mixed6
                    | Shape::Dose
                    | Shape::Times
                    | Shape::Pressure
                    | Shape::Int3
                    | Shape::AgeLike
            ),
            Kind::Word => t.case != Case::Upper || x.entry.is_month() || t.len() > 4,
            _ => false,
        }),
        Label::OtherId if names_instrument(text, sequence, from, to) => false,
        Label::OtherId => {
            tokens().all(|(_, x)| x.cue != Cue::Code as u8 || x.cue_distance > 0)
                && tokens().any(|(t, x)| {
                    t.kind == Kind::Code
                        || (t.kind == Kind::Word && !(x.entry.is_abbrev() || x.entry.lower() > 6)
                            || x.bits & Word::DIGIT != 0)
                })
        }
        Label::Street => {
            tokens().any(|(t, x)| t.kind == Kind::Code || x.entry.is_street_suffix())
                || tokens().filter(|(t, _)| t.kind == Kind::Word).count() > 1
        }
        Label::Facility | Label::Employer => tokens().any(|(t, _)| t.kind == Kind::Word && (t.len() > 1 || from < to)),
        _ => true,
    }
}

/// Whether the number says how long: `90-day supply`.
fn counts_time(text: &str, sequence: &Sequence, number: usize) -> bool {
    const UNITS: [&str; 12] =
        ["day", "days", "week", "weeks", "wk", "month", "months", "year", "years", "yr", "hour", "hr"];
    let glued = |i: usize| sequence.tokens.get(i).filter(|t| t.gap == Gap::None).map_or("", |t| t.of(text));
    sequence.tokens.get(number).is_some_and(|t| t.kind == Kind::Code)
        && glued(number + 1) == "-"
        && UNITS.iter().any(|unit| glued(number + 2).eq_ignore_ascii_case(unit))
}

/// Takes verbs in small letters from the end of a name: `joy is`.
fn end_before_verb(text: &str, sequence: &Sequence, from: usize, to: &mut usize) {
    // Not `said`, which is a surname.
    const VERBS: [&str; 9] = ["is", "was", "has", "had", "are", "were", "says", "does", "did"];
    let verb = |i: usize| sequence.tokens.get(i).is_some_and(|t| VERBS.contains(&t.of(text)));
    while *to > from && verb(*to) {
        *to -= 1;
    }
}

/// Takes a letter behind a comma from the end of a name where a value with a point follows and it is more likely what was measured
/// than an initial: potassium, or any letter behind a full name. `Grey, R 54F` and `de la Cruz, R 54F` keep it.
fn end_before_value(text: &str, sequence: &Sequence, from: usize, to: &mut usize) {
    let token = |i: usize| sequence.tokens.get(i);
    let value = token(*to + 1).is_some_and(|t| t.kind == Kind::Code && t.gap <= Gap::Space);
    let comma = to.checked_sub(1).and_then(token).is_some_and(|t| t.of(text) == ",");
    if value && comma && *to >= from + 2 && token(*to).is_some_and(|t| t.case == Case::Initial) {
        let words = (from..*to).filter(|i| token(*i).is_some_and(|t| t.kind == Kind::Word)).count();
        let decimal = sequence.infos.get(*to + 1).is_some_and(|x| x.shape == Shape::Decimal);
        if decimal && (words > 1 || token(*to).is_some_and(|t| t.of(text) == "K")) {
            *to -= 2;
        }
    }
}

/// Takes in what belongs to a name beside its words: the other half of a double name, initials, particles, `III`, and
/// the surname in `Pain, Geraldine` at the start of a line or field.
pub(super) fn widen(text: &str, sequence: &Sequence, from: &mut usize, to: &mut usize) {
    let token = |i: usize| sequence.tokens.get(i);
    let str = |i: usize| token(i).map_or("", |t| t.of(text));
    let capital = |i: usize| token(i).is_some_and(|t| t.kind == Kind::Word && t.case != Case::Lower);
    let glued = |i: usize| token(i).is_some_and(|t| t.gap == Gap::None);
    let near = |i: usize| token(i).is_some_and(|t| t.gap <= Gap::Space);
    let initial = |i: usize| token(i).is_some_and(|t| t.kind == Kind::Word && t.case == Case::Initial);
    for _ in 0..4 {
        let (a, b) = (*from, *to);
        let particle = near(a)
            && a >= 1
            && sequence.infos.get(a - 1).is_some_and(|x| x.entry.is_particle() && x.entry.lower() <= 13)
            && token(a - 1).is_some_and(|t| (2..=4).contains(&t.len()));
        let initial_before = near(a) && a >= 1 && initial(a - 1) && !matches!(str(a - 1), "A" | "I");
        let start = name_start(text, sequence, a);
        if start < a {
            *from = start;
        } else if particle || initial_before {
            *from = a - 1;
        } else if a >= 2 {
            let half = str(a - 1) == "-" && glued(a) && glued(a - 1) && capital(a - 2);
            let initial = str(a - 1) == "." && initial(a - 2) && near(a) && glued(a - 1);
            let surname = str(a - 1) == ","
                && glued(a - 1)
                && token(a).is_some_and(|t| t.gap == Gap::Space)
                && capital(a - 2)
                && sequence.infos.get(a - 2).is_some_and(|x| x.bits & Word::CUE == 0)
                && (token(a - 2).is_some_and(|t| t.gap >= Gap::Wide)
                    || (a >= 3 && token(a - 3).is_some_and(|t| t.kind == Kind::Code || t.of(text) == ":")));
            if half || initial || surname {
                *from = a - 2;
            }
        }
        // `Hyun-woo`: the other half may be small, where it is no word.
        let small = |i: usize| {
            let Some(entry) = sequence.infos.get(i).map(|x| x.entry) else { return false };
            let word = entry.lower() >= 7 || entry.any(Entry::ENGLISH.or(Entry::MEDICAL));
            token(i).is_some_and(|t| t.kind == Kind::Word && t.len() > 1) && (!word || entry.last() >= 8)
        };
        if str(b + 1) == "-" && glued(b + 1) && glued(b + 2) && (capital(b + 2) || small(b + 2)) {
            *to = b + 2;
        } else if near(b + 1)
            && (initial(b + 1)
                && !matches!(str(b + 1), "A" | "I")
                && sequence.tokens.get(b + 2).is_none_or(|t| t.gap > Gap::None || t.kind == Kind::Punct)
                || matches!(str(b + 1), "II" | "III" | "IV" | "Jr" | "Sr"))
            && token(b + 1).is_some_and(|t| t.gap == Gap::Space)
        {
            *to = b + 1;
        }
        if (a, b) == (*from, *to) {
            break;
        }
    }
}

/// Length of a word before its possessive `'s`.
pub(super) fn stem(word: &str) -> Option<usize> {
    word.strip_suffix("'s").or_else(|| word.strip_suffix("’s")).map(str::len)
}

#[cfg(test)]
mod tests {
    use super::super::{Detector, Scratch};
    use super::*;

    /// What becomes of `said` when the model says that it is of this kind.
    fn cut<'t>(text: &'t str, said: &str, label: Label) -> &'t str {
        let mut scratch = Scratch::default();
        Detector::embedded().prepare(text, &mut scratch);
        let start = text.find(said).unwrap_or(text.len());
        let at = |byte: usize| scratch.sequence.tokens.partition_point(|token| (token.end as usize) < byte);
        let mut out = Vec::new();
        exact(text, &scratch.sequence, at(start + 1), at(start + said.len()), label, 1.0, &mut out);
        out.first().map_or("", |finding| finding.span.of(text))
    }

    #[test]
    fn the_possessive_is_part_of_a_place_and_not_of_a_person() {
        for (said, label, want) in [
            ("Rio Bosque Children's", Label::Facility, "Rio Bosque Children's"),
            ("Applebee's", Label::Employer, "Applebee's"),
            ("St. John's", Label::City, "St. John's"),
            ("Hazard's", Label::City, "Hazard"),
            ("Osgood's", Label::Name, "Osgood"),
        ] {
            assert_eq!(cut(&format!("seen at {said} last week"), said, label), want);
        }
    }

    #[test]
    fn a_value_keeps_its_letter() {
        assert_eq!(cut("Rosalie Tennant, K 4.1", "Rosalie Tennant, K", Label::Name), "Rosalie Tennant");
        assert_eq!(cut("Tennant, K 54F chest pain", "Tennant, K", Label::Name), "Tennant, K");
    }

    #[test]
    fn a_unit_behind_its_number_is_nobody() {
        for (text, said, want) in [
            ("Heparin 3000 U", "U", ""),
            ("insulin 10 U now", "U", ""),
            ("given 2.5 mg now", "mg", ""),
            ("note 0715 g", "g", "g"),
            ("call U now", "U", "U"),
        ] {
            assert_eq!(cut(text, said, Label::Name), want, "{text}");
        }
    }

    #[test]
    fn days_and_grades_are_counted() {
        for (text, want) in
            [("POD 3 Ivor Lewis", ""), ("POD#3 today", ""), ("NYHA 3 at", ""), ("bed 3 is", "3"), ("POD 3", "")]
        {
            assert_eq!(cut(text, "3", Label::OtherId), want, "{text}");
        }
        assert_eq!(cut("ASA 81734", "81734", Label::OtherId), "81734");
    }

    #[test]
    fn a_failure_of_a_computer_is_no_number_of_anybody() {
        for (text, said, want) in [
            ("((error 429)) again", "429", ""),
            ("HTTP 503 from the portal", "503", ""),
            ("pager 429", "429", "429"),
            ("error 55214", "55214", "55214"),
            ("no error. 429", "429", "429"),
        ] {
            assert_eq!(cut(text, said, Label::Phone), want, "{text}");
        }
    }
}
