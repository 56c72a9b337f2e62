//! What stands in place of values that a FHIR resource types: dates and numbers, which must stay ones.
//!
//! The types are those of FHIR R4, section 2.24.0.1: `date` is a year, a year and month, or a day; `dateTime` may have a
//! time as well, with seconds and a zone; `instant` has all of it.

use crate::form::Form;
use crate::identifier::Label;

/// What stands where a date was that no year can be told of: the first year that there is, in which nobody was treated.
pub(super) const NO_YEAR: i16 = 1;

/// Whether it is a date of that type. Any text is one of a form that asks for no date.
pub(super) fn is_valid(form: Form, text: &str) -> bool {
    let Some(depth) = depth(text) else {
        return !matches!(form, Form::FhirDate | Form::FhirDateTime | Form::FhirInstant);
    };
    match form {
        Form::FhirDate => depth != Depth::Time,
        Form::FhirInstant => depth == Depth::Time,
        _ => true,
    }
}

/// The year of a date of any of the types.
pub(super) fn year(text: &str) -> Option<i16> {
    depth(text)?;
    text.get(..4)?.parse().ok()
}

/// Appends a date of that type which tells a year and nothing else.
pub(super) fn write_year(form: Form, year: i16, out: &mut String) {
    out.push_str(&format!("{:04}", year.clamp(1, 9999)));
    if form == Form::FhirInstant {
        out.push_str("-01-01T00:00:00Z");
    }
}

/// Appends a number in place of a value of that label. Ages of 90 and more are 90, as 45 CFR 164.514(b)(2)(i)(C) groups
/// them; all else is 0.
pub(super) fn write_number(label: Label, out: &mut String) {
    out.push_str(if label == Label::Age90 { "90" } else { "0" });
}

/// Whether JSON takes it for a number.
pub(super) fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    all(whole) && all(fraction) && (whole == "0" || !whole.starts_with('0'))
}

/// How much of a date is told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    Year,
    Month,
    Day,
    Time,
}

fn depth(text: &str) -> Option<Depth> {
    let (date, time) = match text.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let mut parts = date.split('-');
    let year = number(parts.next()?, 4)?;
    let month = parts.next().map(|part| number(part, 2)).map_or(Some(None), |month| month.map(Some))?;
    let day = parts.next().map(|part| number(part, 2)).map_or(Some(None), |day| day.map(Some))?;
    let exists = jiff::civil::Date::new(year, month.unwrap_or(1) as i8, day.unwrap_or(1) as i8).is_ok();
    if year < 1 || !exists || parts.next().is_some() {
        return None;
    }
    match (month, day, time) {
        (_, Some(_), Some(time)) => is_time(time).then_some(Depth::Time),
        (_, _, Some(_)) => None,
        (_, Some(_), None) => Some(Depth::Day),
        (Some(_), None, None) => Some(Depth::Month),
        (None, None, None) => Some(Depth::Year),
    }
}

/// `08:30:00.123-08:00`, `08:30:00Z`.
fn is_time(text: &str) -> bool {
    let zone = text.find(['Z', '+', '-']).and_then(|at| text.split_at_checked(at));
    let Some((time, zone)) = zone else { return false };
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let mut parts = time.split(':').map(|part| number(part, 2));
    let clock = [parts.next(), parts.next(), parts.next(), parts.next()];
    let [Some(Some(hour)), Some(Some(minute)), Some(Some(second)), None] = clock else { return false };
    let digits = !fraction.is_empty() && fraction.bytes().all(|b| b.is_ascii_digit());
    hour < 24 && minute < 60 && second <= 60 && digits && is_zone(zone)
}

fn is_zone(zone: &str) -> bool {
    let Some((hour, minute)) = zone.get(1..).and_then(|offset| offset.split_once(':')) else { return zone == "Z" };
    match (zone.starts_with(['+', '-']), number(hour, 2), number(minute, 2)) {
        (true, Some(hour), Some(minute)) => hour < 14 && minute < 60 || (hour, minute) == (14, 0),
        _ => false,
    }
}

/// A number of so many digits.
fn number(text: &str, digits: usize) -> Option<i16> {
    (text.len() == digits && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_of_their_types() {
        for (text, date, date_time, instant) in [
            ("1958", true, true, false),
            ("1958-03", true, true, false),
            ("1958-03-14", true, true, false),
            ("2024-02-29", true, true, false),
            ("2023-02-29", false, false, false),
            ("1958-13", false, false, false),
            ("0000", false, false, false),
            ("0001", true, true, false),
            ("58", false, false, false),
            ("1958-3-14", false, false, false),
            ("1958-03-14-02", false, false, false),
            ("1958-03T08:30:00Z", false, false, false),
            ("1958-03-14T08:30:00Z", false, true, true),
            ("1958-03-14T08:30:00.123456-08:00", false, true, true),
            ("1958-03-14T08:30:60+14:00", false, true, true),
            ("1958-03-14T08:30:00", false, false, false),
            ("1958-03-14T08:30Z", false, false, false),
            ("1958-03-14T24:00:00Z", false, false, false),
            ("1958-03-14T08:30:00.Z", false, false, false),
            ("1958-03-14T08:30:00+0800", false, false, false),
            ("1958-03-14T08:30:00+14:30", false, false, false),
            ("1958-03-14 08:30:00Z", false, false, false),
            ("", false, false, false),
            ("[DATE]", false, false, false),
            ("1958–03", false, false, false),
        ] {
            let got = [Form::FhirDate, Form::FhirDateTime, Form::FhirInstant].map(|form| is_valid(form, text));
            assert_eq!(got, [date, date_time, instant], "{text}");
            assert_eq!(year(text).is_some(), date_time, "{text}");
            assert!(is_valid(Form::Free, text));
        }
    }

    #[test]
    fn years_are_dates_of_each_type() {
        for (form, want) in
            [(Form::FhirDate, "0958"), (Form::FhirDateTime, "0958"), (Form::FhirInstant, "0958-01-01T00:00:00Z")]
        {
            let mut out = String::new();
            write_year(form, 958, &mut out);
            assert_eq!(out, want);
            assert!(is_valid(form, &out));
        }
    }
}
