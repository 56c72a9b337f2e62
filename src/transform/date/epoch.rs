//! Dates as a count from the start of 1970 in UTC, as systems log them: seconds, or thousandths, millionths and
//! thousand millionths of one, told apart by how many digits there are.

use std::ops::Range;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::parse::{Field, Part, Reading, When, YEARS};

/// A value that is such a count and nothing else, in the years that dates are read in.
pub(super) fn read(value: &str) -> Option<Reading> {
    let whole = value.split_once('.').map_or(Some(value), |(whole, fraction)| is_digits(fraction).then_some(whole))?;
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    // What was to be a year, month and day with a time is no count, even where it is wrong.
    let written_out = matches!(digits.len(), 10 | 12) && ["19", "20"].iter().any(|century| whole.starts_with(century));
    if !is_digits(digits) || digits.starts_with('0') || written_out {
        return None;
    }
    // Fewer digits before 1970 are no day in numbers: those have no sign.
    let per_second = match (digits.len(), whole.len() > digits.len()) {
        (6..=10, true) | (9..=10, false) => 1,
        (11..=13, _) => 1_000,
        (15..=16, _) => 1_000_000,
        (18..=19, _) => 1_000_000_000,
        _ => return None,
    };
    let seconds = whole.parse::<i64>().ok()?.div_euclid(per_second);
    // Ten digits beyond the 32 bits of a clock are another number.
    if per_second == 1 && i32::try_from(seconds).is_err() {
        return None;
    }
    let date = Timestamp::from_second(seconds).ok()?.to_zoned(TimeZone::UTC).date();
    if !YEARS.contains(&u32::try_from(date.year()).ok()?) {
        return None;
    }
    let when = When { year: Some(date.year()), month: Some(date.month()), day: Some(date.day()), ..When::default() };
    let field = Field { at: 0..whole.len(), date: 0, part: Part::Epoch { per_second } };
    Some(Reading { dates: vec![when], fields: vec![field], joints: Vec::new() })
}

/// Appends the count so many days later.
pub(super) fn write(value: &str, at: &Range<usize>, per_second: i64, days: i32, out: &mut String) -> Option<()> {
    let count = value.get(at.clone())?.parse::<i64>().ok()?;
    let moved = count.checked_add(i64::from(days).checked_mul(DAY.checked_mul(per_second)?)?)?;
    // One that is read as of another unit, or not at all, does not stand there.
    let moved = moved.to_string();
    let unit = match read(&moved)?.fields.first()?.part {
        Part::Epoch { per_second } => per_second,
        _ => return None,
    };
    out.push_str(&moved);
    (unit == per_second).then_some(())
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Seconds of a day.
const DAY: i64 = 86_400;
