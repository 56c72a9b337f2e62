//! What a value says by its looks, where the table leaves it open, and whether it is what the table takes it for.

use super::find;
use super::kind::Kind;
use super::words::{self, is_one_of};
use crate::identifier::{Hint, Label};
use crate::record::look::{BLANK, DIGITS, Look, set};

/// The repetition, or component, that a value stands in.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    /// Its bytes.
    pub(super) bytes: &'a [u8],
    /// What separates its parts; 0 when nothing does.
    pub(super) separator: u8,
    /// What an id in it is when it does not say.
    pub(super) label: Label,
}

impl<'a> Around<'a> {
    /// The part of that number, counted from 1; empty when there is none.
    pub(super) fn part(self, number: usize) -> &'a [u8] {
        let mut rest = self.bytes;
        for _ in 1..number {
            let Some(at) = find(self.separator, rest) else { return &[] };
            rest = rest.get(at + 1..).unwrap_or_default();
        }
        rest.get(..find(self.separator, rest).unwrap_or(rest.len())).unwrap_or_default()
    }

    /// Whether it has that part alone.
    pub(super) fn is_single(self) -> bool {
        self.bytes.iter().filter(|byte| **byte != self.separator).count() == self.part(1).len()
    }
}

/// What a value of that kind is to be taken for. What is not written as its kind is written is searched.
pub(super) fn hint(kind: Kind, value: &[u8], around: Around<'_>) -> Hint {
    let either = |fits: bool| if fits { Hint::Skip } else { Hint::Text };
    let whole = |label| if is_placeholder(value) { Hint::Skip } else { Hint::Whole(label) };
    match kind {
        Kind::Never => Hint::Skip,
        Kind::Code => either(is_code(value)),
        Kind::Unit => either(is_unit(value)),
        Kind::Number => either(is_number(value)),
        Kind::Range => either(is_range(value)),
        Kind::Time => either(value.len() <= 16 && leading_digits(value) <= 6 && value.iter().all(is_date_byte)),
        Kind::Date => date(value),
        Kind::Is(label) => whole(label),
        Kind::Family | Kind::Given | Kind::Nick if is_no_name(value, around) => Hint::Skip,
        Kind::Family | Kind::Given | Kind::Nick => Hint::Whole(Label::Name),
        Kind::Id => whole(words::label_of_id(around.part(5)).unwrap_or(around.label)),
        Kind::PersonId => person_id(value, around),
        Kind::Authority if is_shared_authority(value, around) => Hint::Skip,
        Kind::Authority => whole(Label::Facility),
        Kind::Universal => universal(value),
        Kind::Point if is_ward(value) => Hint::Skip,
        Kind::Point => whole(Label::Facility),
        Kind::Phone => phone(value, around),
        Kind::Address if value.contains(&b'@') => Hint::Whole(Label::Email),
        Kind::Address if value.contains(&b'.') => Hint::Whole(Label::Url),
        Kind::CodeOrText if is_system(around.part(3)) => either(value.len() <= 24 && !has_space(value)),
        Kind::CodeOrText => either(is_code(value)),
        Kind::Unknown => unknown(value),
        _ => Hint::Text,
    }
}

/// A letter or digit, or a byte above ASCII.
fn is_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || !byte.is_ascii()
}

/// Whether there is anything in it to find.
pub(super) fn says_something(value: &[u8]) -> bool {
    value.iter().any(|byte| is_alphanumeric(*byte))
}

pub(super) fn digits(value: &[u8]) -> usize {
    value.iter().filter(|byte| byte.is_ascii_digit()).count()
}

fn leading_digits(value: &[u8]) -> usize {
    value.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

fn has_space(value: &[u8]) -> bool {
    value.iter().any(u8::is_ascii_whitespace)
}

/// In one piece, short, without the small letters of words and without enough digits for a number of somebody.
fn is_code(value: &[u8]) -> bool {
    if value.len() > 24 {
        return false;
    }
    let look = Look::of_bytes(value);
    look.digits <= 6
        && look.is_graphic()
        && !look.has(const { set("@") })
        && (value.len() <= 3 || look.capitals == look.letters)
}

fn is_unit(value: &[u8]) -> bool {
    if value.len() > 24 {
        return false;
    }
    let look = Look::of_bytes(value);
    look.digits <= 6 && !look.has(BLANK)
}

/// A number, a comparator or a separator of numbers. More digits than a measurement has may be a telephone number.
pub(super) fn is_number(value: &[u8]) -> bool {
    let value = value.trim_ascii();
    if value.len() > 24 {
        return false;
    }
    // Most are digits, and a point among them.
    let look = Look::of_bytes(value);
    if look.is_of(const { DIGITS | set(".") }) {
        return look.digits <= 9 || look.digits < value.len() && leading_digits(value) <= 9;
    }
    let unsigned = value.strip_prefix(b"-").or_else(|| value.strip_prefix(b"+")).unwrap_or(value);
    let marks = unsigned.iter().filter(|byte| matches!(**byte, b'/' | b':' | b'-')).count();
    marks <= 1
        && (digits(value) <= 9 || value.contains(&b'.') && leading_digits(unsigned) <= 9)
        && unsigned.iter().all(|byte| {
            byte.is_ascii_digit() || matches!(byte, b'.' | b'<' | b'>' | b'=' | b'/' | b':' | b'-' | b'%' | b',' | b'+')
        })
        && !(unsigned.contains(&b'-') && digits(value) >= 7)
}

/// Numbers with what is between them.
fn is_range(value: &[u8]) -> bool {
    if value.len() > 24 {
        return false;
    }
    let look = Look::of_bytes(value);
    look.digits <= 12
        && look.is_of(const { DIGITS | set(" .<>=/:-%,+") })
        && value.split(|byte| !byte.is_ascii_digit() && *byte != b'.').all(|number| digits(number) <= 6)
        && value.iter().filter(|byte| matches!(byte, b'/' | b'-')).count() <= 1
}

/// What HL7 dates are written with, and other dates besides.
fn is_date_byte(byte: &u8) -> bool {
    matches!(*byte, b'0'..=b'9' | b'.' | b'+' | b'-' | b':' | b'/' | b'T' | b'Z' | b' ')
}

fn date(value: &[u8]) -> Hint {
    let look = Look::of_bytes(value);
    let count = look.digits;
    if !look.is_of(const { DIGITS | set(".+-:/TZ ") }) {
        return Hint::Text;
    }
    let year = value.len() == 4 && count == 4 && matches!(value.get(..2), Some(b"18" | b"19" | b"20" | b"21"));
    // Zeros stand for no date.
    if year || value.iter().all(|byte| !byte.is_ascii_digit() || *byte == b'0') {
        return Hint::Skip;
    }
    Hint::Whole(Label::Date)
}

/// `UNKNOWN^UNKNOWN`: a word that stands for no name, where no other name stands beside it. Some are names of persons.
fn is_no_name(value: &[u8], around: Around<'_>) -> bool {
    is_placeholder(value)
        && [around.part(1), around.part(2), around.part(3)]
            .iter()
            .all(|part| !says_something(part) || is_placeholder(part) || digits(part) > 0)
}

fn is_placeholder(value: &[u8]) -> bool {
    value.first().is_some_and(u8::is_ascii_alphabetic) && value.len() <= 14 && is_one_of(value, words::PLACEHOLDERS)
}

/// Numbers of persons by who gives them, user names, and the name of a person of whom nothing else is said.
fn person_id(value: &[u8], around: Around<'_>) -> Hint {
    if is_placeholder(value) {
        return Hint::Skip;
    }
    let licence = [around.part(13), around.part(9), around.part(8), around.part(10)];
    let told = licence.iter().find_map(|word| words::label_of_id(word));
    let npi = value.len() == 10 && digits(value) == 10 && matches!(value.first(), Some(b'1' | b'2'));
    match told {
        Some(label) => Hint::Whole(label),
        None if npi => Hint::Whole(Label::License),
        None if digits(value) > 0 || !around.is_single() => Hint::Whole(Label::OtherId),
        None => Hint::Whole(Label::Name),
    }
}

/// Countries, agencies and what else gives ids to many: it says nothing of where somebody was.
fn is_shared_authority(value: &[u8], around: Around<'_>) -> bool {
    is_one_of(value, words::AUTHORITIES)
        || [around.part(5), around.part(13)].iter().any(|kind| is_one_of(kind, words::STATE_LICENCES))
            && value.len() == 2
            && is_one_of(value, words::STATES)
}

/// Object identifiers are of code systems and organisations, hosts are addresses.
fn universal(value: &[u8]) -> Hint {
    match value.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.') {
        true => Hint::Skip,
        false if value.contains(&b'.') => Hint::Whole(Label::Url),
        false => Hint::Whole(Label::OtherId),
    }
}

/// A ward as all hospitals have it: `ICU`, `5W`.
fn is_ward(value: &[u8]) -> bool {
    let letters = value.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
    is_one_of(value, words::WARDS) || letters <= 1 && value.len() <= 3 && value.iter().all(u8::is_ascii_alphanumeric)
}

fn phone(value: &[u8], around: Around<'_>) -> Hint {
    let fax = is_one_of(around.part(3), &["FX", "FAX"]) || is_one_of(around.part(2), &["FX", "FAX"]);
    match value {
        _ if value.contains(&b'@') => Hint::Whole(Label::Email),
        _ if value.windows(3).any(|three| three == b"://") => Hint::Whole(Label::Url),
        _ if digits(value) == 0 => Hint::Text,
        _ if fax => Hint::Whole(Label::Fax),
        _ => Hint::Whole(Label::Phone),
    }
}

/// A value of which nothing is known: dates and numbers that are too long for amounts are taken for what they look like.
fn unknown(value: &[u8]) -> Hint {
    let value = value.trim_ascii();
    let count = digits(value);
    if is_plain_date(value) {
        return Hint::Whole(Label::Date);
    }
    let groups = || value.split(|byte| *byte == b'-').map(|part| (part.len(), digits(part)));
    if value.len() == 11 && groups().eq([(3, 3), (2, 2), (4, 4)]) {
        return Hint::Whole(Label::Ssn);
    }
    let number = value.len() <= 32 && value.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
    match value.iter().any(u8::is_ascii_alphabetic) {
        // Telephone numbers are known by their groups: they are searched for.
        false if number && count >= 6 && (count == value.len() || groups().count() == 2) => Hint::Whole(Label::OtherId),
        true if number && count >= 5 && value.len() <= 24 && !is_iso_date(value) => Hint::Whole(Label::OtherId),
        _ => Hint::Text,
    }
}

/// `20240131`, with a time or without.
fn is_plain_date(value: &[u8]) -> bool {
    let number = |from: usize, to: usize| {
        value.get(from..to).unwrap_or_default().iter().fold(0, |n, byte| n * 10 + u32::from(byte.wrapping_sub(b'0')))
    };
    let plain = leading_digits(value);
    matches!(plain, 8 | 12 | 14)
        && (plain == value.len() || matches!(value.get(plain), Some(b'.' | b'+' | b'-')))
        && value.iter().all(is_date_byte)
        && (1850..2150).contains(&number(0, 4))
        && (1..=12).contains(&number(4, 6))
        && (1..=31).contains(&number(6, 8))
}

fn is_iso_date(value: &[u8]) -> bool {
    value.get(4) == Some(&b'-') && value.get(7) == Some(&b'-') && leading_digits(value) == 4
}

/// The name of a code system that many have in common (HL7 table 0396).
pub(super) fn is_system(value: &[u8]) -> bool {
    (2..=12).contains(&value.len())
        && (is_one_of(value, words::SYSTEMS)
            || value.starts_with(b"HL7") && digits(value) > 0
            || value.starts_with(b"99") && value.len() > 2
            || value.starts_with(b"ISO") && value.len() > 3)
}

/// A word, or a few, as names are: letters, the first of them large.
pub(super) fn is_name_like(value: &[u8]) -> bool {
    let first = value.first().copied().unwrap_or(0);
    value.len() <= 40
        && (first.is_ascii_uppercase() || !first.is_ascii())
        && value.iter().filter(|byte| byte.is_ascii_alphabetic() || !byte.is_ascii()).count() >= 2
        && value
            .iter()
            .all(|byte| byte.is_ascii_alphabetic() || !byte.is_ascii() || matches!(byte, b' ' | b'-' | b'\'' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: Kind, rep: &str) -> Hint {
        let around = Around { bytes: rep.as_bytes(), separator: b'^', label: Label::Mrn };
        hint(kind, around.part(1), around)
    }

    #[test]
    fn values_are_what_their_place_says_when_they_look_like_it() {
        use Label::*;
        for (kind, rep, want) in [
            (Kind::Id, "00482913^^^HPMC^MR", Hint::Whole(Mrn)),
            (Kind::Id, "531-88-2047^^^USA^SS", Hint::Whole(Ssn)),
            (Kind::Id, "X1^^^WA^DL", Hint::Whole(License)),
            (Kind::Id, "V1", Hint::Whole(Mrn)),
            (Kind::PersonId, "1717085983^Wadhwa^Sunil^^^^MD^^NPI", Hint::Whole(License)),
            (Kind::PersonId, "1717085983", Hint::Whole(License)),
            (Kind::PersonId, "A8821^Wadhwa^Sunil^^^^^^^^^^DN", Hint::Whole(License)),
            (Kind::PersonId, "u5586", Hint::Whole(OtherId)),
            (Kind::PersonId, "JWADHWA^Wadhwa", Hint::Whole(OtherId)),
            (Kind::PersonId, "tjw", Hint::Whole(Name)),
            (Kind::PersonId, "Keesha^^", Hint::Whole(Name)),
            (Kind::PersonId, "SYSTEM", Hint::Skip),
            (Kind::Authority, "HPMC", Hint::Whole(Facility)),
            (Kind::Authority, "USA", Hint::Skip),
            (Kind::Point, "SCFM", Hint::Whole(Facility)),
            (Kind::Point, "ICU", Hint::Skip),
            (Kind::Point, "5W", Hint::Skip),
            (Kind::Date, "202405040652-0800", Hint::Whole(Date)),
            (Kind::Date, "195803", Hint::Whole(Date)),
            (Kind::Date, "03/14/1958", Hint::Whole(Date)),
            (Kind::Date, "1958", Hint::Skip),
            (Kind::Date, "0314", Hint::Whole(Date)),
            (Kind::Date, "00000000", Hint::Skip),
            (Kind::Date, "March 14", Hint::Text),
            (Kind::Phone, "(360) 555-0142^PRN^PH", Hint::Whole(Phone)),
            (Kind::Phone, "360-555-0142^WPN^FX", Hint::Whole(Fax)),
            (Kind::Phone, "a@b.example^NET", Hint::Whole(Email)),
            (Kind::Phone, "none given", Hint::Text),
            (Kind::Family, "unknown", Hint::Skip),
            (Kind::Universal, "2.16.840.1.113883", Hint::Skip),
            (Kind::Universal, "hpmc.example", Hint::Whole(Url)),
        ] {
            assert_eq!(of(kind, rep), want, "{kind:?} {rep}");
        }
    }

    #[test]
    fn codes_and_numbers_are_left_alone_and_what_is_neither_is_searched() {
        for (kind, value) in [
            (Kind::Code, "F"),
            (Kind::Code, "2106-3"),
            (Kind::Code, "Mr."),
            (Kind::Unit, "mmol/L"),
            (Kind::Number, "-1.50"),
            (Kind::Number, "<5"),
            (Kind::Number, "120/80"),
            (Kind::Number, "1:160"),
            (Kind::Number, "0.123456789012"),
            (Kind::Range, "3.5 - 5.0"),
            (Kind::Range, ">60"),
            (Kind::Time, "0212"),
            (Kind::CodeOrText, "V01"),
            (Kind::CodeOrText, "404684003^Finding^SCT"),
        ] {
            assert_eq!(of(kind, value), Hint::Skip, "{kind:?} {value}");
        }
        for (kind, value) in [
            (Kind::Code, "Halloran"),
            (Kind::Code, "see note"),
            (Kind::Code, "3605550142"),
            (Kind::Code, "a@b"),
            (Kind::Unit, "per Dr. Quist"),
            (Kind::Number, "360-555-0142"),
            (Kind::Number, "10/12/2024"),
            (Kind::Number, "3605550142"),
            (Kind::Number, "555-0142"),
            (Kind::Number, "Quist"),
            (Kind::Range, "call Quist"),
            (Kind::Range, "360-555-0142"),
            (Kind::Range, "10/12/2024"),
            (Kind::Time, "202405040652"),
            (Kind::CodeOrText, "Recheck w/ Halloran"),
            (Kind::CodeOrText, "404684003^Finding"),
        ] {
            assert_eq!(of(kind, value), Hint::Text, "{kind:?} {value}");
        }
    }

    #[test]
    fn unknown_values_go_by_their_looks() {
        for (value, want) in [
            ("00482913", Hint::Whole(Label::OtherId)),
            ("CHA77120458", Hint::Whole(Label::OtherId)),
            ("GRP-40021", Hint::Whole(Label::OtherId)),
            ("19580314", Hint::Whole(Label::Date)),
            ("202405040652", Hint::Whole(Label::Date)),
            ("531-88-2047", Hint::Whole(Label::Ssn)),
            ("99283", Hint::Text),
            ("I50.9", Hint::Text),
            ("12345.67", Hint::Text),
            ("360-555-0142", Hint::Text),
            ("Gorst Marine Salvage", Hint::Text),
            ("2106-3", Hint::Text),
        ] {
            assert_eq!(of(Kind::Unknown, value), want, "{value}");
        }
    }
}
