//! What a column of a table holds by its values, where its name does not say.
//!
//! Evidence comes from the first rows only, so that the same file is always read the same way. What it says of the
//! column still holds only for values of the right shape, see [`Field::hint`].

use std::collections::HashMap;

use super::given::GIVEN;
use super::table::Kind;
use super::{Field, shape};
use crate::identifier::Label;
use crate::record::Part;

/// What was seen of a column so far.
#[derive(Default)]
pub(crate) struct Profile {
    /// Values that say something.
    count: usize,
    /// How many of them were of each form; a value may be of several.
    forms: [usize; Form::COUNT],
    shortest: usize,
    longest: usize,
    /// How often each value came.
    values: HashMap<String, usize>,
}

/// What a single value looks like.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Email,
    Url,
    Ip,
    Uuid,
    /// Day, month and year with marks between them.
    Date,
    /// `19580314`.
    YearFirst,
    /// `03141958`, `14031958`.
    YearLast,
    Phone,
    /// Ten digits that can be a telephone number of North America.
    TenDigits,
    Npi,
    Ssn,
    NineDigits,
    /// Five digits.
    Zip,
    ZipPlus4,
    State,
    Street,
    /// A street line with a word that streets end in.
    Suffix,
    /// `Foley, Winifred`.
    LastFirst,
    /// Has a word that people are called by.
    Given,
    /// Letters only, written with capitals.
    Words,
    Integer,
    /// An integer that begins with a zero.
    Padded,
    Measure,
    /// Letters and digits of a number that somebody or something goes by.
    Id,
    /// ... with six digits or more.
    LongId,
    /// A code of one of the known systems.
    Code,
    Letter,
}

impl Form {
    const COUNT: usize = Form::Letter as usize + 1;
}

impl Profile {
    /// Takes in a value.
    pub(crate) fn add(&mut self, value: &str) {
        let value = value.trim();
        if value.is_empty() || shape::is_placeholder(value) {
            return;
        }
        let length = value.chars().count();
        self.shortest = if self.count == 0 { length } else { self.shortest.min(length) };
        self.longest = self.longest.max(length);
        self.count += 1;
        let forms = &mut self.forms;
        each_form(value, |form| {
            if let Some(count) = forms.get_mut(form as usize) {
                *count += 1;
            }
        });
        if length <= LONGEST_VALUE {
            *self.values.entry(value.to_string()).or_default() += 1;
        }
    }

    /// Values that stand in the column so often that they belong to its vocabulary. Sorted.
    pub(crate) fn common(&self) -> Vec<Box<str>> {
        let often = |(value, count): (&String, &usize)| {
            let plain = value.bytes().filter(u8::is_ascii_digit).count() <= 3 && !value.contains(['@', '/', '\\', ',']);
            (*count >= OFTEN && plain).then(|| value.as_str().into())
        };
        let mut common: Vec<Box<str>> = self.values.iter().filter_map(often).collect();
        common.sort();
        common
    }

    fn of(&self, form: Form) -> usize {
        self.forms.get(form as usize).copied().unwrap_or(0)
    }

    /// Whether at least so many of twenty values are of that form.
    fn share(&self, form: Form, of_twenty: usize) -> bool {
        self.count > 0 && self.of(form) * 20 >= self.count * of_twenty
    }

    fn all(&self, form: Form) -> bool {
        self.share(form, 20)
    }

    fn most(&self, form: Form) -> bool {
        self.share(form, 19)
    }

    /// Whether values seldom come twice.
    fn varies(&self) -> bool {
        self.values.len() * 2 >= self.count
    }

    /// Whether there are as many values as people make, and not few as a vocabulary has.
    fn is_open(&self) -> bool {
        self.varies() || self.values.len() >= 8
    }

    /// Codes, with procedure codes of five digits (CPT) among them or not.
    fn is_coded(&self) -> bool {
        let codes = self.of(Form::Code);
        codes * 10 >= self.count && (codes + self.of(Form::Zip)) * 20 >= self.count * 19
    }

    fn kind(&self) -> Kind {
        let same_length = self.shortest == self.longest;
        match () {
            () if self.count == 0 => Kind::Unknown,
            () if self.most(Form::Email) => Kind::Email,
            () if self.most(Form::Uuid) => Kind::Id,
            () if self.most(Form::Ip) => Kind::Ip,
            () if self.most(Form::Url) => Kind::Url,
            () if self.most(Form::Date) || self.all(Form::YearFirst) || self.all(Form::YearLast) => Kind::Date,
            () if self.all(Form::Npi) => Kind::Number(Label::License),
            () if self.most(Form::Phone) || self.all(Form::TenDigits) => Kind::Phone(Label::Phone),
            () if self.most(Form::Ssn) || self.all(Form::NineDigits) => Kind::Ssn,
            () if self.of(Form::ZipPlus4) > 0 && self.of(Form::ZipPlus4) + self.of(Form::Zip) == self.count => {
                Kind::Zip
            }
            () if self.share(Form::Street, 16) && self.share(Form::Suffix, 10) => Kind::Street,
            () if self.share(Form::LastFirst, 16) => Kind::Person,
            () if self.share(Form::Given, 7) && self.most(Form::Words) && self.is_open() => Kind::NamePart,
            () if self.all(Form::Integer) => self.integers(same_length),
            () if self.most(Form::Measure) => Kind::Measure,
            () if self.is_coded() => Kind::Terminology,
            () if self.share(Form::Code, 10) => Kind::Unknown,
            () if self.most(Form::LongId) || self.most(Form::Id) && self.varies() => Kind::Number(Label::OtherId),
            () if self.most(Form::Letter) && self.values.len() <= LETTERS => Kind::Letter,
            () => Kind::Unknown,
        }
    }

    /// Whole numbers: counts and measurements are short, or of any length; numbers of persons and things are long and
    /// mostly of one length.
    fn integers(&self, same_length: bool) -> Kind {
        let distinct = self.count >= 5 && self.values.len() * 10 >= self.count * 8;
        let id = same_length && self.longest >= 7
            || self.shortest >= 6 && (distinct || self.of(Form::Padded) > 0)
            || self.shortest >= 4 && same_length && self.of(Form::Padded) > 0 && self.varies();
        match id {
            true => Kind::Number(Label::OtherId),
            false if self.longest <= 4 => Kind::Measure,
            false => Kind::Unknown,
        }
    }
}

/// What columns hold, by their names and their values together; the name first.
pub(crate) fn settle(fields: &mut [Field], profiles: &[Profile]) {
    for (field, profile) in fields.iter_mut().zip(profiles) {
        let content = profile.kind();
        let strong =
            !matches!(content, Kind::Unknown | Kind::Terminology | Kind::NamePart | Kind::Person | Kind::Street);
        if field.kind == Kind::Unknown || field.kind == Kind::Free && strong {
            field.kind = content;
            field.part = match content {
                Kind::Person => Part::Full,
                Kind::NamePart => Part::Given,
                _ => Part::Unknown,
            };
        }
    }
    address(fields, profiles);
    surname(fields, profiles);
}

/// A place and a postal code say what they are by the state between them, or by the street before them.
fn address(fields: &mut [Field], profiles: &[Profile]) {
    let is = |fields: &[Field], at: usize, kind: Kind| fields.get(at).is_some_and(|field| field.kind == kind);
    let looks = |at: usize, form: Form| profiles.get(at).is_some_and(|profile| profile.most(form));
    for at in 0..fields.len() {
        let open = |fields: &[Field], at: usize| is(fields, at, Kind::Unknown);
        let zip = |fields: &[Field], at: usize| is(fields, at, Kind::Zip) || open(fields, at) && looks(at, Form::Zip);
        let state =
            |fields: &[Field], at: usize| is(fields, at, Kind::Region) || open(fields, at) && looks(at, Form::State);
        // City, state, postal code; or street, city, postal code.
        let with_state = state(fields, at) && zip(fields, at + 1);
        let city = match (with_state, at.checked_sub(1)) {
            (true, before) => before,
            (false, Some(before)) if is(fields, before, Kind::Street) && zip(fields, at + 1) => Some(at),
            _ => continue,
        };
        if with_state && let Some(field) = fields.get_mut(at) {
            field.kind = Kind::Region;
        }
        if let Some(field) = fields.get_mut(at + 1) {
            field.kind = Kind::Zip;
        }
        if let Some(city) = city.filter(|city| open(fields, *city) && looks(*city, Form::Words))
            && let Some(field) = fields.get_mut(city)
        {
            field.kind = Kind::City;
        }
    }
}

/// Beside a column of given names stands one of surnames.
fn surname(fields: &mut [Field], profiles: &[Profile]) {
    let given: Vec<usize> = (0..fields.len())
        .filter(|at| {
            let named = fields.get(*at).is_some_and(|field| field.kind == Kind::NamePart);
            named && profiles.get(*at).is_some_and(|profile| profile.share(Form::Given, 7))
        })
        .collect();
    for at in given {
        for beside in [at.checked_sub(1), Some(at + 1)].into_iter().flatten() {
            if let (Some(field), Some(profile)) = (fields.get_mut(beside), profiles.get(beside))
                && field.kind == Kind::Unknown
                && profile.most(Form::Words)
                && profile.is_open()
            {
                field.kind = Kind::NamePart;
                field.part = Part::Family;
            }
        }
    }
}

fn each_form(value: &str, mut add: impl FnMut(Form)) {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let integer = digits == value.len();
    if integer {
        integer_forms(value, &mut add);
    }
    if shape::is_measure(value) {
        add(Form::Measure);
    }
    if digits == 0 {
        word_forms(value, &mut add);
    } else if !integer {
        mixed_forms(value, digits, &mut add);
    }
    if value.contains('@') && shape::is_email(value) {
        add(Form::Email);
    }
    if shape::is_url(value) {
        add(Form::Url);
    }
}

fn integer_forms(value: &str, add: &mut impl FnMut(Form)) {
    add(Form::Integer);
    if value.starts_with('0') && value.len() > 1 {
        add(Form::Padded);
    }
    let number = |from: usize, to: usize| value.get(from..to).and_then(|part| part.parse::<u32>().ok()).unwrap_or(0);
    let day = |month: u32, day: u32| (1..=12).contains(&month) && (1..=31).contains(&day);
    let year = |year: u32| (1890..=2060).contains(&year);
    match value.len() {
        5 => add(Form::Zip),
        8 => {
            if year(number(0, 4)) && day(number(4, 6), number(6, 8)) {
                add(Form::YearFirst);
            }
            let (first, second) = (number(0, 2), number(2, 4));
            if year(number(4, 8)) && (day(first, second) || day(second, first)) {
                add(Form::YearLast);
            }
        }
        9 => add(Form::NineDigits),
        10 => {
            if is_npi(value) {
                add(Form::Npi);
            }
            if value.bytes().enumerate().all(|(at, b)| !matches!(at, 0 | 3) || b >= b'2') {
                add(Form::TenDigits);
            }
        }
        _ => {}
    }
}

fn word_forms(value: &str, add: &mut impl FnMut(Form)) {
    if value.chars().count() == 1 {
        add(Form::Letter);
    }
    if value.len() == 2 && STATES.as_bytes().chunks(3).any(|state| state.starts_with(value.as_bytes())) {
        add(Form::State);
    }
    let letters = value.chars().filter(|c| c.is_alphabetic()).count();
    let written = value.chars().all(|c| c.is_alphabetic() || " ,.'-\u{2019}".contains(c));
    let words = value.split_whitespace().count();
    if letters < 2 || !written || words > 4 || !value.starts_with(|c: char| c.is_uppercase()) {
        return;
    }
    if let Some((last, first)) = value.split_once(',') {
        let first = first.trim();
        if !last.trim().is_empty() && first.chars().any(char::is_alphabetic) && !(first.len() == 2 && is_upper(first)) {
            add(Form::LastFirst);
        }
        return;
    }
    add(Form::Words);
    let given = |word: &str| GIVEN.binary_search(&word.to_lowercase().as_str()).is_ok();
    if value.split(|c: char| !c.is_alphabetic()).any(given) {
        add(Form::Given);
    }
}

fn mixed_forms(value: &str, digits: usize, add: &mut impl FnMut(Form)) {
    if shape::is_uuid(value) {
        add(Form::Uuid);
        return;
    }
    if shape::is_ip(value) {
        add(Form::Ip);
    }
    if is_whole_date(value) {
        add(Form::Date);
        return;
    }
    let bytes = value.as_bytes();
    let dashes = |places: &[usize]| {
        bytes.iter().enumerate().all(|(at, b)| if places.contains(&at) { *b == b'-' } else { b.is_ascii_digit() })
    };
    if bytes.len() == 11 && dashes(&[3, 6]) {
        add(Form::Ssn);
    }
    if bytes.len() == 10 && dashes(&[5]) {
        add(Form::ZipPlus4);
    }
    if is_code(bytes) {
        add(Form::Code);
    } else if (digits == 10 || digits == 11) && shape::is_phone(value) && value.contains(['-', '.', ' ', ')', '+']) {
        let marks = value.chars().all(|c| c.is_ascii_digit() || " ()-.+x".contains(c));
        if marks && !value.contains(". ") && value.len() <= 18 {
            add(Form::Phone);
        }
    }
    if is_street(value) {
        add(Form::Street);
        let suffix = |word: &str| SUFFIXES.contains(&word.to_ascii_lowercase().as_str());
        if value.split(|c: char| !c.is_alphabetic()).any(suffix) {
            add(Form::Suffix);
        }
    }
    let id = bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'#'));
    if id && digits >= 3 && bytes.len() >= 5 && bytes.len() <= 40 {
        add(Form::Id);
        if digits >= 6 {
            add(Form::LongId);
        }
    }
}

/// A year, a month and a day in one of the usual orders, or with the month's name; a time may follow.
pub(super) fn is_whole_date(value: &str) -> bool {
    if !(6..=32).contains(&value.len()) || !shape::is_date(value, false) {
        return false;
    }
    // `14 March 1958`, `Mar 14, 1958`.
    if value.starts_with(|c: char| c.is_ascii_alphabetic()) || value.contains(' ') && !value.contains(['/', '-', '.']) {
        return value.chars().any(char::is_alphabetic) && value.split_whitespace().count() == 3;
    }
    let date = value.split([' ', 'T']).next().unwrap_or_default();
    let mut lengths = [0; 3];
    for (groups, part) in date.split(['/', '-', '.']).enumerate() {
        let number = part.bytes().all(|b| b.is_ascii_digit());
        let Some(length) = lengths.get_mut(groups) else { return false };
        // A month's name counts as two digits.
        *length = if number { part.len() } else { 2 };
    }
    matches!(lengths, [4, 1..=2, 1..=2] | [1..=2, 1..=2, 2 | 4])
}

/// `1609 Naval Ave`, `PO Box 12`.
fn is_street(value: &str) -> bool {
    let mut words = value.split_whitespace();
    let house = words.next().is_some_and(|word| word.len() <= 7 && word.starts_with(|c: char| c.is_ascii_digit()));
    let named = words.next().is_some_and(|word| word.starts_with(|c: char| c.is_alphanumeric()));
    let upper = value.to_ascii_lowercase();
    (house && named && value.chars().filter(|c| c.is_alphabetic()).count() >= 3 && value.len() <= 80)
        || upper.starts_with("po box ")
        || upper.starts_with("p.o. box ")
}

/// Codes of ICD-10 (`C50.411`), HCPCS (`J1885`), LOINC (`2160-0`) and NDC (`00093-7146-01`), which many rows share.
pub(super) fn is_code(bytes: &[u8]) -> bool {
    let digits = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
    match bytes {
        [letter, a, b] | [letter, a, b, b'.', ..] if letter.is_ascii_uppercase() => digits(&[*a, *b]),
        [letter, rest @ ..] if letter.is_ascii_uppercase() && rest.len() == 4 => digits(rest),
        [rest @ .., b'-', check] if (1..=5).contains(&rest.len()) => digits(rest) && check.is_ascii_digit(),
        _ => {
            let mut parts = bytes.split(|b| *b == b'-');
            let length = |part: Option<&[u8]>| part.filter(|part| digits(part)).map_or(0, <[u8]>::len);
            let lengths = (length(parts.next()), length(parts.next()), length(parts.next()));
            matches!(lengths, (4..=5, 3..=4, 1..=2)) && parts.next().is_none()
        }
    }
}

fn is_upper(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_uppercase())
}

/// The check digit of a National Provider Identifier: Luhn's, over `80840` and the number (45 CFR 162.406, ISO 7812).
fn is_npi(value: &str) -> bool {
    let sum: u32 = value
        .bytes()
        .rev()
        .enumerate()
        .map(|(at, b)| match u32::from(b.wrapping_sub(b'0')) {
            digit if at % 2 == 0 => digit,
            digit => digit * 2 / 10 + digit * 2 % 10,
        })
        .sum();
    matches!(value.as_bytes().first(), Some(b'1' | b'2')) && (sum + 24).is_multiple_of(10)
}

/// How often a value must come to belong to the vocabulary of its column.
const OFTEN: usize = 3;

/// Values above this length are not counted one by one.
const LONGEST_VALUE: usize = 64;

/// Letters that a column of flags has at most.
const LETTERS: usize = 6;

/// Words that streets end in, with their abbreviations (USPS Publication 28, appendix C1, the most frequent).
const SUFFIXES: &[&str] = &[
    "ave",
    "avenue",
    "av",
    "st",
    "street",
    "rd",
    "road",
    "dr",
    "drive",
    "ln",
    "lane",
    "blvd",
    "boulevard",
    "ct",
    "court",
    "pl",
    "place",
    "way",
    "ter",
    "terrace",
    "cir",
    "circle",
    "pkwy",
    "parkway",
    "hwy",
    "highway",
    "sq",
    "square",
    "trl",
    "trail",
    "loop",
    "aly",
    "alley",
    "row",
    "run",
    "box",
    "apt",
    "unit",
    "ste",
    "pt",
    "point",
    "xing",
    "walk",
    "path",
];

/// Postal codes of the states and territories of the United States (USPS Publication 28, appendix B).
const STATES: &str = "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY \
                      NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY PR GU VI AS MP ";

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(values: &[&str]) -> Kind {
        let mut profile = Profile::default();
        values.iter().for_each(|value| profile.add(value));
        profile.kind()
    }

    #[test]
    fn values_say_what_a_column_holds() {
        for (values, want) in [
            (&["03/14/1958", "11/2/1931", "07/29/1967"][..], Kind::Date),
            (&["1958-03-14 08:00", "1931-11-02 09:30"], Kind::Date),
            (&["17-DEC-2024", "02-JAN-2024"], Kind::Date),
            (&["Mar 14, 1958", "Nov 2, 1931"], Kind::Date),
            (&["14.03.1958", "02.11.1931"], Kind::Date),
            (&["19580314", "19311102"], Kind::Date),
            (&["08032024", "12312023"], Kind::Date),
            (&["3605550142", "2535550150"], Kind::Phone(Label::Phone)),
            (&["(360) 555-0142", "253-555-0150", "+1 360 555 0133"], Kind::Phone(Label::Phone)),
            (&["1234567893", "1245319599"], Kind::Number(Label::License)),
            (&["078-05-1120", "219-09-9999"], Kind::Ssn),
            (&["98312", "98312-5155", "98366"], Kind::Zip),
            (&["a@x.example", "b.c@y.example"], Kind::Email),
            (&["10.44.7.19", "203.0.113.77"], Kind::Ip),
            (&["1609 Naval Ave", "88 Perry Ave Apt 4", "PO Box 12", "4 Bluff Rd"], Kind::Street),
            (&["Foley, Winifred J", "Okonjo-Reyes, Thaddeus", "D'Artois, Cornelius"], Kind::Person),
            (&["MARY", "JOHN", "TEMPERANCE", "LAKSHMI"], Kind::NamePart),
            (&["00482913", "00471188", "00490027", "00482913"], Kind::Number(Label::OtherId)),
            (&["7RT2-KD9-WP63", "CHA77120458", "LBS-55120-01"], Kind::Number(Label::OtherId)),
            (&["T-4400", "T-4401", "T-4402"], Kind::Number(Label::OtherId)),
            (&["1.50", "<0.01", "233", "8.10"], Kind::Measure),
            (&["74", "9", "102"], Kind::Measure),
            (&["M", "F", "F", "M"], Kind::Letter),
            (&["E11.9", "F41.0", "C50.411", "I10"], Kind::Terminology),
            (&["J1885", "99213", "36415", "90837"], Kind::Terminology),
            (&["4548-4", "2160-0"], Kind::Terminology),
            (&["00093-7146-01", "00173-0682-20"], Kind::Terminology),
        ] {
            assert_eq!(kind(values), want, "{values:?}");
        }
    }

    #[test]
    fn values_that_say_nothing_are_left_to_the_search() {
        for values in [
            &["Warfarin", "Lisinopril", "Sertraline"][..],
            &["99213", "36415", "90837"],
            &["120/80", "118/76"],
            &["06:40", "07:15"],
            &["Seen by Okonjo 03/04", "ok"],
            &["", "n/a"],
            &["PLT", "INR", "GLU"],
            &["10*3/uL", "mg/dL"],
            &["Male", "Female"],
            &["Bremerton, WA", "Elma, WA"],
        ] {
            assert!(matches!(kind(values), Kind::Unknown), "{values:?}: {:?}", kind(values));
        }
    }

    #[test]
    fn columns_beside_one_another_explain_each_other() {
        let rows = [
            ["Foley", "Mary", "12 Bay St", "Elma", "WA", "98541"],
            ["Baek", "John", "9 Oak Ave", "Tahuya", "WA", "98588"],
            ["Sorlie", "Anna", "1 Elm Rd", "Lofall", "WA", "98370"],
        ];
        let mut profiles: Vec<Profile> = (0..6).map(|_| Profile::default()).collect();
        for row in rows {
            row.iter().zip(&mut profiles).for_each(|(value, profile)| profile.add(value));
        }
        let mut fields = vec![Field::default(); 6];
        settle(&mut fields, &profiles);
        let kinds: Vec<Kind> = fields.iter().map(|field| field.kind).collect();
        assert_eq!(kinds, [Kind::NamePart, Kind::NamePart, Kind::Street, Kind::City, Kind::Region, Kind::Zip]);
    }
}
