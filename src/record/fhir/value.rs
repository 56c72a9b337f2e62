//! What the value of an element shows by its shape: dates in their FHIR forms, codes, units, media types.

use super::{Moment, Resource};
use crate::identifier::Label;
use crate::record::Form;

/// What a date is, and how a replacement must be written; `None` when it is not written as FHIR demands.
/// <https://hl7.org/fhir/R4/datatypes.html#dateTime>
pub(crate) fn date(value: &str, kind: Moment) -> Option<(Label, Form)> {
    let bytes = value.as_bytes();
    let digits = |from: usize, to: usize| bytes.get(from..to).is_some_and(|b| b.iter().all(u8::is_ascii_digit));
    let mark = |at: usize| bytes.get(at) == Some(&b'-');
    let fits = match bytes.len() {
        4 => digits(0, 4),
        7 => digits(0, 4) && mark(4) && digits(5, 7),
        10.. => digits(0, 4) && mark(4) && digits(5, 7) && mark(7) && digits(8, 10) && time_fits(&bytes[10..]),
        _ => false,
    };
    let form = match kind {
        Moment::Date if bytes.len() <= 10 => Form::FhirDate,
        Moment::Instant if bytes.len() > 10 => Form::FhirInstant,
        _ => Form::FhirDateTime,
    };
    fits.then_some((if bytes.len() == 4 { Label::Year } else { Label::Date }, form))
}

/// `T14:02:11.5+01:00`, or nothing.
fn time_fits(rest: &[u8]) -> bool {
    match rest {
        [] => true,
        [b'T' | b't' | b' ', time @ ..] => {
            (2..=24).contains(&time.len())
                && time.iter().all(|b| b.is_ascii_digit() || matches!(b, b':' | b'.' | b'+' | b'-' | b'Z' | b'z'))
        }
        _ => false,
    }
}

/// `14:02:11`: a time without a day.
pub(crate) fn is_time(value: &str) -> bool {
    (5..=18).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_digit() || matches!(b, b':' | b'.'))
}

/// A value of a fixed set: lower case, or a short one, or the name of a resource. A name of a person in the place of a code
/// is none.
pub(crate) fn is_enumeration(value: &str) -> bool {
    let marks = |b: u8| matches!(b, b'-' | b'_' | b'.' | b'/' | b'+' | b'#' | b'$' | b'=' | b'<' | b'>' | b'!');
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    if !(value.bytes().all(|b| b.is_ascii_alphanumeric() || marks(b)) && value.len() <= 64 && digits <= 4) {
        return false;
    }
    let upper = value.bytes().filter(u8::is_ascii_uppercase).count();
    let lower = value.bytes().filter(u8::is_ascii_lowercase).count();
    !value.as_bytes().first().is_some_and(u8::is_ascii_uppercase)
        || lower == 0
        || upper > 1 && lower <= 2
        || value.len() <= 3
        || Resource::named(value).is_some()
        || DATATYPES.contains(&value)
}

/// A code of a known vocabulary: one word.
pub(crate) fn is_code(value: &str) -> bool {
    value.len() <= 128 && !value.bytes().any(|b| b.is_ascii_whitespace() || b == b'@')
}

/// `mg/dL`, `10*3/uL`, `tablet(s)`.
pub(crate) fn is_unit(value: &str) -> bool {
    value.len() <= 40 && value.bytes().filter(u8::is_ascii_digit).count() <= 4 && !value.contains(['@', ':'])
}

/// `text/plain; charset=utf-8`.
pub(crate) fn is_media_type(value: &str) -> bool {
    value.len() <= 100
        && value.contains('/')
        && value.bytes().filter(u8::is_ascii_digit).count() <= 6
        && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"/+-.;= \"_!#$&^".contains(&b))
}

/// Whether it is written as base 64 is: groups of four, blanks between them allowed.
pub(crate) fn is_base64(value: &str) -> bool {
    let digits = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'-' | b'_');
    let written = value.bytes().filter(|b| !b.is_ascii_whitespace());
    let (mut count, mut all) = (0_usize, true);
    for byte in written {
        count += 1;
        all &= digits(&byte);
    }
    all && count >= 4 && count.is_multiple_of(4)
}

/// Samples of a signal or letters of a sequence: neither digits in words nor words.
pub(crate) fn is_samples(value: &str) -> bool {
    let numbers = |b: u8| b.is_ascii_digit() || matches!(b, b' ' | b'.' | b'-' | b'E' | b'U' | b'L');
    let bases = |b: u8| matches!(b.to_ascii_uppercase(), b'A' | b'C' | b'G' | b'T' | b'U' | b'N' | b'-');
    value.len() >= 12 && value.bytes().all(numbers) && value.contains(' ') || value.bytes().all(bases)
}

/// Types that are no resources, as `Expression.type` and the like name them.
const DATATYPES: &[&str] = &["Resource", "DomainResource", "Element", "Coding", "Quantity", "Reference", "Address"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_as_fhir_writes_them() {
        for (value, kind, want) in [
            ("2024", Moment::Date, Some((Label::Year, Form::FhirDate))),
            ("2024-03", Moment::Date, Some((Label::Date, Form::FhirDate))),
            ("1958-03-14", Moment::Date, Some((Label::Date, Form::FhirDate))),
            ("1958-03-14", Moment::DateTime, Some((Label::Date, Form::FhirDateTime))),
            ("1958-03-14T05:17:00Z", Moment::Date, Some((Label::Date, Form::FhirDateTime))),
            ("2024-04-19T01:10:09.243-08:00", Moment::Instant, Some((Label::Date, Form::FhirInstant))),
            ("2024-04-19", Moment::Instant, Some((Label::Date, Form::FhirDateTime))),
            ("03/14/1958", Moment::Date, None),
            ("2024-3-1", Moment::Date, None),
            ("2024-03-14 see Beatriz", Moment::Date, None),
            ("", Moment::Date, None),
        ] {
            assert_eq!(date(value, kind), want, "{value}");
        }
    }

    #[test]
    fn codes_are_told_from_words() {
        for value in
            ["final", "in-progress", "entered-in-error", "M", "OTH", "en-US", "Patient", "POST", "4.0.1", "<=", "UTC"]
        {
            assert!(is_enumeration(value), "{value}");
        }
        for value in ["Beatriz", "see note", "00482913", "Okonjo-Reyes", "360-555-0142", "a@b.example", "S\u{f8}rlie"] {
            assert!(!is_enumeration(value), "{value}");
        }
        assert!(is_unit("mm[Hg]") && is_unit("10*3/uL") && !is_unit("see 360-555-0142"));
        assert!(is_media_type("text/plain; charset=utf-8") && !is_media_type("Beatriz"));
        assert!(is_samples("2041 2043 2037 2047 E") && is_samples("ACGTTGCA") && !is_samples("360-555-0142"));
    }
}
