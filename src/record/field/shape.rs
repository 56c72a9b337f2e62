//! Whether a value looks like what its field's name says.

use super::super::look::{DIGITS, LETTERS, Look, letters, set, words};
use crate::identifier::{Hint, Label};

fn digits(value: &str) -> usize {
    value.bytes().filter(u8::is_ascii_digit).count()
}

/// "none", "unknown" and the like stand for no value.
pub(super) fn is_placeholder(value: &str) -> bool {
    // By their length: most values are told apart by it and their first letter.
    let words: &[&str] = match value.len() {
        2 => &["na", "no"],
        3 => &["n/a", "nil", "unk", "yes", "tbd"],
        4 => &["none", "null", "self", "same", "true"],
        5 => &["false", "other", "admin"],
        6 => &["system"],
        7 => &["unknown", "pending", "refused", "default"],
        8 => &["declined"],
        11 => &["unavailable"],
        12 => &["not provided"],
        14 => &["not applicable"],
        _ => &[],
    };
    match value.as_bytes().first() {
        Some(b'0'..=b'9') => false,
        Some(first) if first.is_ascii_alphabetic() => words.iter().any(|word| value.eq_ignore_ascii_case(word)),
        _ => value.chars().all(|c| !c.is_alphanumeric()),
    }
}

/// Has letters and is no sentence; digits only where names have them (`Jr. 2nd`).
pub(super) fn is_name(value: &str) -> bool {
    let look = Look::of(value);
    look.letters >= 1
        && value.len() <= 80
        && look.words(value) <= 8
        && look.digits <= 1
        && !look.has(const { set("@/\\=<{[:?!\n") })
}

/// A name as a person's is written: capitals, or a comma between last and first.
pub(super) fn is_person(value: &str) -> bool {
    const NEVER: &[&str] = &["not", "see", "no", "per", "the", "was", "is", "at", "on", "has", "will"];
    is_name(value)
        && digits(value) == 0
        && value
            .chars()
            .find(|c| c.is_alphabetic())
            .is_some_and(|c| !c.is_lowercase() || words(value) == 1 && value.len() <= 16)
        && !value.split_whitespace().any(|w| NEVER.contains(&w))
}

/// Digits and month names with the marks between them; more than a year.
pub(super) fn is_date(value: &str, number: bool) -> bool {
    const MONTHS: &[&str] = &[
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", "ene", "abr", "ago", "dic",
        "mai", "okt", "dez", "maer",
    ];
    let look = Look::of(value);
    let count = look.digits;
    if number {
        // Days as 8 digits; seconds or milliseconds since 1970.
        return matches!(count, 8 | 10 | 12 | 13 | 14 | 16) || (count >= 10 && value.contains('.'));
    }
    // Most are digits and marks alone.
    let spelled = !look.is_ascii() || look.has(const { LETTERS & !set("TZ") });
    let begins = |run: &str| run.get(..3).is_some_and(|m| MONTHS.iter().any(|x| m.eq_ignore_ascii_case(x)));
    let month = spelled && value.split(|c: char| !c.is_alphabetic()).any(begins);
    let separated = look.has(const { set("/-.T") });
    let plain = look.is_of(DIGITS);
    let marks = look.is_of(const { LETTERS | DIGITS | set(" -/.:,+'TZ()[]_") })
        || !look.is_ascii() && value.chars().all(|c| c.is_alphanumeric() || " -/.:,+'TZ()[]_\u{2013}".contains(c));
    let foreign = spelled
        && !month
        && value.chars().filter(|c| c.is_alphabetic()).any(|c| !"TZAPMUCESDG".contains(c.to_ascii_uppercase()));
    value.len() <= 48
        && !is_decimal(value)
        && marks
        && !foreign
        && (month && (count >= 1 || look.words(value) == 1)
            || plain && matches!(count, 6 | 8 | 10 | 12 | 13 | 14 | 17)
            // Days since 1900, as spreadsheets count them: 1927 to 2064.
            || plain && count == 5 && matches!(value.as_bytes().first(), Some(b'1'..=b'5'))
            || !plain && separated && count >= 3 && look.words(value) <= 6)
}

/// A day or month by number, or a month by name.
pub(super) fn is_date_part(value: &str) -> bool {
    match value.parse::<u8>() {
        Ok(number) => (1..=31).contains(&number),
        Err(_) => value.len() >= 3 && digits(value) == 0 && is_date(value, false),
    }
}

/// `1.50`, and not `03.2024`.
fn is_decimal(value: &str) -> bool {
    let Some((whole, part)) = value.split_once('.') else { return false };
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let year = part.len() == 4 && (part.starts_with("19") || part.starts_with("20"));
    // Seconds since 1970 have ten digits.
    number(whole) && number(part) && whole.len() < 9 && !(year && whole.len() <= 2)
}

/// Ages of 90 and more identify, those below do not.
pub(super) fn age(value: &str) -> Hint {
    let end = value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len());
    let (number, unit) = value.split_at(end);
    // `3/4/24` begins like an age.
    let plain = unit.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '.' | '+')) && digits(unit) <= 2
        || unit.strip_prefix('-').is_some_and(|to| to.len() <= 3 && to.bytes().all(|b| b.is_ascii_digit()));
    let unit = unit.trim().trim_start_matches('.').trim_start_matches('0').trim();
    let years =
        matches!(unit.to_ascii_lowercase().as_str(), "" | "y" | "yr" | "yrs" | "yo" | "y.o." | "years" | "year");
    match number.parse::<u32>() {
        Ok(90..=130) if years => Hint::Whole(Label::Age90),
        Ok(0..90) if value.len() <= 12 && plain => Hint::Skip,
        _ => Hint::Text,
    }
}

pub(super) fn is_phone(value: &str) -> bool {
    let look = Look::of(value);
    if !(7..=20).contains(&look.digits) || value.len() > 40 {
        return false;
    }
    let rest: String =
        value.chars().filter(|c| c.is_alphabetic() && look.letters > 0).collect::<String>().to_lowercase();
    matches!(
        rest.as_str(),
        "" | "x" | "ext" | "extension" | "tel" | "fax" | "cell" | "home" | "work" | "c" | "h" | "w" | "m"
    ) && !look.has(const { set("@=_") })
        && !is_iso_date(value)
}

fn is_iso_date(value: &str) -> bool {
    let bytes = value.as_bytes();
    bytes.len() >= 10
        && bytes.get(4) == Some(&b'-')
        && bytes.get(7) == Some(&b'-')
        && bytes.get(..4).is_some_and(|y| y.starts_with(b"19") || y.starts_with(b"20"))
}

pub(super) fn is_extension(value: &str) -> bool {
    (2..=8).contains(&digits(value)) && value.len() <= 12
}

pub(super) fn is_email(value: &str) -> bool {
    value.len() <= 254
        && words(value) == 1
        && value.split_once('@').is_some_and(|(user, host)| !user.is_empty() && host.contains('.'))
}

pub(super) fn is_url(value: &str) -> bool {
    words(value) == 1 && (value.contains("://") || value.starts_with("www.")) && !is_vocabulary(value)
}

/// Addresses of vocabularies name a code system, not a person.
fn is_vocabulary(value: &str) -> bool {
    [
        "http://hl7.org/",
        "http://terminology.hl7.org/",
        "http://loinc.org",
        "http://snomed.info/",
        "http://unitsofmeasure.org",
    ]
    .iter()
    .any(|v| value.starts_with(v))
}

pub(super) fn is_ip(value: &str) -> bool {
    let host = value
        .rsplit_once(':')
        .map_or(value, |(host, port)| if host.contains(':') || port.len() > 5 { value } else { host });
    host.parse::<std::net::IpAddr>().is_ok()
        || value.parse::<std::net::IpAddr>().is_ok()
        || (value.len() >= 12
            && value.len() <= 23
            && value.bytes().filter(u8::is_ascii_hexdigit).count() >= 12
            && value.bytes().all(|b| b.is_ascii_hexdigit() || matches!(b, b':' | b'-' | b'.')))
}

pub(super) fn is_zip(value: &str) -> bool {
    let look = Look::of(value);
    (3..=12).contains(&value.len()) && look.digits >= 2 && look.is_of(const { LETTERS | DIGITS | set(" -") })
}

pub(super) fn is_street(value: &str) -> bool {
    value.len() <= 160
        && letters(value) + digits(value) >= 2
        && !value.contains("://")
        && !is_email(value)
        && !is_ip(value)
}

pub(super) fn is_place(value: &str) -> bool {
    let look = Look::of(value);
    look.letters >= 2 && value.len() <= 80 && look.words(value) <= 8 && look.digits <= 1
}

/// Names of organisations have a word of three letters; a short code of capitals counts too.
pub(super) fn is_organisation(value: &str) -> bool {
    let look = Look::of(value);
    look.letters >= 3
        && value.len() <= 100
        && look.words(value) <= 12
        && !(look.has(const { set(":") }) && value.contains("://"))
}

pub(super) fn is_ssn(value: &str) -> bool {
    // Nine digits in the United States, up to fifteen elsewhere.
    (4..=15).contains(&digits(value))
        && value.len() <= 24
        && value.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | ' ' | '*' | 'x' | 'X' | '.'))
}

/// A number or code that has at least so many letters and digits, a digit among them.
pub(super) fn is_number(value: &str, least: usize) -> bool {
    let look = Look::of(value);
    look.digits >= 1
        && look.digits + look.letters >= least
        && value.len() <= 128
        && look.words(value) <= 3
        && !look.has(const { set("@") })
        && !(look.has(const { set(":") }) && value.contains("://"))
}

/// An integer of nine digits or more, as JSON numbers are written.
pub(super) fn is_long_integer(value: &str) -> bool {
    value.len() >= 9 && value.bytes().all(|b| b.is_ascii_digit())
}

/// One word of letters and digits, five digits or more.
pub(super) fn is_plain_number(value: &str) -> bool {
    digits(value) >= 5
        && value.len() <= 40
        && value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'#'))
}

pub(super) fn is_uuid(value: &str) -> bool {
    let value = value.strip_prefix("urn:uuid:").unwrap_or(value);
    value.len() == 36
        && value.bytes().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

pub(super) fn is_user(value: &str) -> bool {
    value.len() <= 64 && letters(value) + digits(value) >= 2 && words(value) <= 4
}

pub(super) fn is_blob(value: &str) -> bool {
    value.len() >= 64 && words(value) == 1 && !value.contains("://") || is_number(value, 4) && !value.contains('/')
}

/// `WA`, `USA`, `US-WA`.
pub(super) fn is_region_code(value: &str) -> bool {
    value.len() <= 6 && letters(value) >= 2 && value.chars().all(|c| c.is_ascii_uppercase() || c == '-')
}

/// One short word of a fixed vocabulary: no date, no long number, no capitalised name.
pub(super) fn is_code(value: &str) -> bool {
    let look = Look::of(value);
    let Look { digits, letters, capitals, .. } = look;
    let named = letters > 2 && capitals == 1 && value.starts_with(|c: char| c.is_ascii_uppercase()) && digits == 0;
    value.len() <= 16
        && look.words(value) == 1
        && look.is_ascii()
        && digits <= 6
        && !look.has(const { set("/@:,") })
        && (!named || is_common(value))
        && !(letters > 8 && capitals == letters)
}

/// Digits of a code of SNOMED CT, RxNorm or NDC: up to 18, hyphens between them.
pub(super) fn is_long_code(value: &str) -> bool {
    value.len() <= 20
        && digits(value) >= 1
        && value.bytes().all(|b| b.is_ascii_digit() || b == b'-')
        && !is_ssn_written(value)
}

fn is_ssn_written(value: &str) -> bool {
    value.len() == 11 && matches!(value.as_bytes(), [_, _, _, b'-', _, _, b'-', ..])
}

/// Words that codes spell with a capital.
fn is_common(value: &str) -> bool {
    const WORDS: &[&str] = &[
        "male",
        "female",
        "final",
        "active",
        "inactive",
        "normal",
        "abnormal",
        "high",
        "low",
        "critical",
        "preliminary",
        "married",
        "single",
        "divorced",
        "widowed",
        "english",
        "spanish",
        "routine",
        "stat",
        "urgent",
        "positive",
        "negative",
        "complete",
        "completed",
        "info",
        "debug",
        "error",
        "warn",
        "warning",
        "left",
        "right",
        "bilateral",
        "mild",
        "moderate",
        "severe",
        "white",
        "black",
        "asian",
        "official",
        "usual",
        "home",
        "work",
        "mobile",
        "progress",
        "telephone",
        "spouse",
        "mother",
        "father",
        "daughter",
        "wife",
        "husband",
        "sister",
        "brother",
        "son",
        "inpatient",
        "outpatient",
        "emergency",
    ];
    WORDS.iter().any(|w| value.eq_ignore_ascii_case(w))
}

/// A number with a sign, a comparison and a unit at most.
pub(super) fn is_measure(value: &str) -> bool {
    let look = Look::of(value);
    // Most are digits, and a point among them.
    if look.is_of(const { DIGITS | set(".") }) {
        let whole = value.find('.').unwrap_or(value.len());
        return !value.is_empty() && whole <= 6 && value.len() - look.digits <= 1;
    }
    let number = value.trim_start_matches(['<', '>', '=', '+', '-', '~', '$', '\u{20ac}']).trim_start();
    let end = number.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',').unwrap_or(number.len());
    let (number, unit) = number.split_at(end);
    // 03.04.2019 is a date and 4829137 might be an id.
    let whole = number.split('.').next().unwrap_or_default().len();
    !number.is_empty()
        && whole <= 6
        && number.matches('.').count() <= 1
        && (unit.is_empty() || is_unit(unit.trim()) && digits(unit) <= 2 && (letters(unit) > 0 || digits(unit) == 0))
}

/// `mg/dL`, `10*3/uL`, `%`.
pub(super) fn is_unit(value: &str) -> bool {
    value.len() <= 16
        && words(value) <= 2
        && digits(value) <= 3
        && !value.contains(['-', '@', ':', ','])
        && value.chars().filter(|c| c.is_alphabetic()).count() <= 10
        && !value.split(|c: char| !c.is_alphabetic()).any(|w| w.len() > 6)
}
