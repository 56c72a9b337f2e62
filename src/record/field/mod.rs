//! What the name of a field, with the names above it, says of its value.
//!
//! A name only claims a value whose shape fits: a date has digits, a name has letters. Everything else is searched like
//! any text, and a value is only left alone when both name and shape say that it is a code or a measurement.

mod abbreviations;
mod content;
mod given;
mod key;
mod languages;
mod shape;
mod table;
mod words;

pub(crate) use self::content::{Profile, settle};
pub(crate) use self::key::data_key;
use self::table::Kind;
use super::Part;
use crate::identifier::{Hint, Label};

/// The meaning of a field's name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Field {
    kind: Kind,
    part: Part,
    owner: Owner,
}

/// Whether the value says whose record it is, and how well.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(crate) enum Owner {
    /// It does not.
    #[default]
    Nobody,
    /// A number that a payer knows the patient by.
    Beneficiary,
    /// A number of the patient's in some system.
    Patient,
    /// The number of the patient's medical record.
    Chart,
}

/// What members of an object, or columns of a table, say of a plain `name` among them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sibling(u8);

impl Sibling {
    const THING: u8 = 1;
    const PERSON: u8 = 2;

    /// The object is a drug, a test, a file: its `name` is no person's.
    pub fn is_thing(self) -> bool {
        self.0 == Sibling::THING
    }
}

impl std::ops::BitOrAssign for Sibling {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl Field {
    /// The field at the end of that path of names, outermost first.
    pub fn of(path: &[&str]) -> Self {
        // An element of an array is called as its array is.
        let path: Vec<&str> = path.iter().copied().filter(|name| !name.bytes().all(|b| b.is_ascii_digit())).collect();
        let Some((name, above)) = path.split_last() else { return Self::default() };
        let own = words::of(name);
        let mut above = above.iter().rev().map(|name| words::of(name)).filter(|words| !words.is_empty());
        let parent = above.next().unwrap_or_default();
        let further = above.next().unwrap_or_default();
        let kind = table::kind(&own, &parent, &further);
        Self { kind, part: part(kind, &own), owner: owner(kind, &own) }
    }

    /// Which part of a person's name it holds.
    pub fn part(self) -> Part {
        self.part
    }

    /// Whether its value says whose record it is.
    pub(crate) fn owner(self) -> Owner {
        self.owner
    }

    /// Whether values that many rows have in common are of a vocabulary, as names of tests and drugs are.
    pub(crate) fn is_vocabulary(self) -> bool {
        self.kind == Kind::Thing
    }

    /// What it says of this value; `number` when it is a JSON number.
    pub fn hint(self, value: &str, number: bool) -> Hint {
        // Most values begin and end with what is no white space.
        let value = match value.as_bytes() {
            [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => value,
            _ => value.trim(),
        };
        if value.is_empty() || shape::is_placeholder(value) {
            return if number { Hint::Skip } else { Hint::Text };
        }
        let whole = |fits: bool, label| if fits { Hint::Whole(label) } else { Hint::Text };
        match self.kind {
            Kind::Unknown | Kind::Free if shape::is_uuid(value) => Hint::Whole(Label::OtherId),
            // Nothing is counted that far, and a measurement is not that exact.
            Kind::Unknown | Kind::Free if number && shape::is_long_integer(value) => Hint::Whole(Label::OtherId),
            Kind::Letter if value.len() == 1 => Hint::Skip,
            Kind::Unknown | Kind::Free | Kind::Test | Kind::Thing | Kind::Letter => Hint::Text,
            // Somebody's number in the place of the name.
            Kind::Person | Kind::NamePart | Kind::PlainName if shape::is_plain_number(value) => {
                Hint::Whole(Label::OtherId)
            }
            Kind::PlainName | Kind::Person => whole(shape::is_person(value), Label::Name),
            Kind::NamePart => whole(shape::is_name(value), Label::Name),
            Kind::Contact if shape::is_phone(value) => Hint::Whole(Label::Phone),
            Kind::Contact if shape::is_email(value) => Hint::Whole(Label::Email),
            Kind::Contact => whole(shape::is_person(value), Label::Name),
            Kind::Date => whole(shape::is_date(value, number), Label::Date),
            Kind::DatePart => whole(shape::is_date_part(value), Label::Date),
            Kind::Age => shape::age(value),
            Kind::Phone(label) => whole(shape::is_phone(value), label),
            Kind::Extension => whole(shape::is_extension(value), Label::Phone),
            Kind::Email => whole(shape::is_email(value), Label::Email),
            Kind::Url => whole(shape::is_url(value), Label::Url),
            Kind::Ip => whole(shape::is_ip(value), Label::Ip),
            Kind::Zip => whole(shape::is_zip(value), Label::Zip),
            Kind::Street => whole(shape::is_street(value), Label::Street),
            Kind::City => whole(shape::is_place(value), Label::City),
            Kind::Organisation(label) => whole(shape::is_organisation(value), label),
            Kind::Ssn => whole(shape::is_ssn(value), Label::Ssn),
            Kind::Number(label) => whole(shape::is_number(value, 2), label),
            Kind::Id if shape::is_uuid(value) => Hint::Whole(Label::OtherId),
            Kind::Id => whole(shape::is_number(value, 4), Label::OtherId),
            Kind::User if shape::is_email(value) => Hint::Whole(Label::Email),
            Kind::User => whole(shape::is_user(value), Label::OtherId),
            Kind::Biometric => whole(shape::is_blob(value), Label::Biometric),
            Kind::Region if shape::is_region_code(value) => Hint::Skip,
            Kind::Region => Hint::Text,
            Kind::Code | Kind::Catalogue if shape::is_code(value) => Hint::Skip,
            Kind::Terminology if shape::is_code(value) || shape::is_long_code(value) => Hint::Skip,
            Kind::Measure | Kind::Reading if shape::is_measure(value) => Hint::Skip,
            Kind::Unit if shape::is_unit(value) => Hint::Skip,
            Kind::Code | Kind::Catalogue | Kind::Terminology | Kind::Measure | Kind::Reading | Kind::Unit => Hint::Text,
        }
    }

    /// Whether it is called `name` and nothing more, so that the fields beside it say what it is.
    pub fn is_plain_name(self) -> bool {
        self.kind == Kind::PlainName
    }

    /// What it says of a plain `name` beside it.
    pub fn sibling(self) -> Sibling {
        Sibling(match self.kind {
            Kind::Catalogue | Kind::Terminology | Kind::Reading | Kind::Unit => Sibling::THING,
            // A test with a field of its own is not what `name` names.
            Kind::Test
            | Kind::Thing
            | Kind::Person
            | Kind::NamePart
            | Kind::Contact
            | Kind::Date
            | Kind::DatePart
            | Kind::Age
            | Kind::Phone(_)
            | Kind::Email
            | Kind::Street
            | Kind::Ssn
            | Kind::Number(Label::Mrn | Label::HealthPlan) => Sibling::PERSON,
            _ => 0,
        })
    }

    /// Whether the name is one of those that tables and records use: it tells a header from a row of data.
    pub fn is_known(self) -> bool {
        self.kind != Kind::Unknown
    }
}

fn part(kind: Kind, words: &[String]) -> Part {
    if !matches!(kind, Kind::NamePart | Kind::PlainName | Kind::Person | Kind::Contact) {
        return Part::Unknown;
    }
    let has = |names: &[&str]| words.iter().any(|word| names.contains(&word.as_str()));
    let given = has(&["first", "given", "middle", "forename", "firstname"]);
    let family = has(&["last", "family", "surname", "maiden", "lastname", "birth", "patronymic"]);
    match (given, family) {
        (true, false) => Part::Given,
        (false, true) => Part::Family,
        (false, false) if has(&["nick", "preferred", "alias", "aka"]) => Part::Nick,
        _ => Part::Full,
    }
}

fn owner(kind: Kind, words: &[String]) -> Owner {
    // Numbers of others, and numbers that were given up.
    const OTHERS: &[&str] = &[
        "mother",
        "father",
        "parent",
        "baby",
        "newborn",
        "child",
        "donor",
        "provider",
        "guarantor",
        "relative",
        "spouse",
        "old",
        "prior",
        "previous",
        "former",
        "merged",
        "alternate",
        "alt",
        "linked",
        "sibling",
        "contact",
    ];
    let has = |names: &[&str]| words.iter().any(|word| names.contains(&word.as_str()));
    match kind {
        _ if has(OTHERS) => Owner::Nobody,
        Kind::Number(Label::Mrn) if has(&["mrn", "chart", "record", "unit"]) => Owner::Chart,
        Kind::Number(Label::Mrn) => Owner::Patient,
        Kind::Number(Label::HealthPlan) if has(&["beneficiary"]) => Owner::Beneficiary,
        _ => Owner::Nobody,
    }
}

#[cfg(test)]
mod headers;
#[cfg(test)]
mod tests;
