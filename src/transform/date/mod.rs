//! What policies do with dates: the year alone, or the whole date moved by some days in the layout it came in.
//!
//! A value is read completely or not at all ([`parse`]): what is left over, or can be read in two ways that matter,
//! makes both answers "no", and the caller writes the label. Nothing here reads a clock.

mod clock;
mod epoch;
mod lex;
mod names;
mod numeric;
mod parse;
mod spelled;
#[cfg(test)]
mod tests;
mod write;

use crate::transform::draw::Draw;
use parse::Part;

/// How dates are read, and the year that ages are counted from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Dates {
    order: Order,
    /// Invariant: 1 to 9998.
    as_of: i16,
}

/// Which comes first where numbers alone do not tell: `03/04/2019`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Order {
    /// March 4, as in the United States.
    #[default]
    MonthFirst,
    /// 3 April, as nearly everywhere else.
    DayFirst,
}

impl Dates {
    /// Reads in this order. `as_of` is the year in which what is written will be read: ages are counted to its end, and a
    /// year of two digits is 20xx if that is not after the year behind it, else 19xx.
    pub(crate) fn new(order: Order, as_of: i16) -> Dates {
        Dates { order, as_of: as_of.clamp(1, 9998) }
    }

    /// Appends the year of the dates in `value`, or the years with what stood between them (`2018-2019`), in four digits.
    /// Returns false, and appends nothing, when there is none or not all of `value` is understood.
    ///
    /// 45 CFR 164.514(b)(2)(i)(C): every element of a date but the year goes, and of ages over 89 the year goes too, but
    /// for a category "90 or older". Who was born in the year `as_of - 90` or before it turns 90 or more by the end of
    /// `as_of`; all these years are written as `as_of - 90`, so that the earliest year that is ever written says "this
    /// year or one before it". Any later year tells an age of 89 or less.
    pub(crate) fn year(&self, value: &str, out: &mut String) -> bool {
        let Some(reading) = parse::read(value, *self) else { return false };
        let mut last: Option<i16> = None;
        for field in reading.fields.iter().filter(|field| matches!(field.part, Part::Year(_) | Part::Epoch { .. })) {
            let Some((year, item)) = reading.dates.get(field.date).and_then(|date| Some((date.year?, date.item)))
            else {
                continue;
            };
            let year = self.floored(year);
            if last == Some(year) {
                continue;
            }
            if last.is_some() {
                let joint = item.checked_sub(1).and_then(|i| reading.joints.get(i));
                out.push_str(joint.and_then(|joint| value.get(joint.clone())).unwrap_or("-"));
            }
            write::digits(year.unsigned_abs(), 4, out);
            last = Some(year);
        }
        last.is_some()
    }

    /// The year, or the first that may be told where it is earlier; see [`year`](Dates::year).
    pub(crate) fn floored(&self, year: i16) -> i16 {
        year.max(self.as_of - 90).max(1)
    }

    /// Appends `value` with every date in it moved by `days`, all else of it as it stands. Returns false, and appends
    /// nothing, when not all of `value` is understood, when it tells no date that can be moved (a day of the month alone,
    /// a holiday, a season), or when a date would leave the years 1 to 9999.
    ///
    /// - Month and day without a year are moved in the year that stands with another date of `value`, else in `as_of`
    ///   (for February 29: in the last leap year up to it). Intervals within a record are right unless a February 29 of
    ///   the true year lies between.
    /// - A month with or without its year is moved from its 15th ("early": 5th, "late": 25th), a year alone from July 2.
    /// - A weekday is moved by `days` as well, with a date and alone.
    /// - Years of two digits stay so. They are moved only between March 1900 and February 2100, where the calendar of
    ///   one century is that of the next, so that a date that comes to be read in the other century still comes back.
    ///
    /// Moving by `-days` gives the value back, but where its layout no longer shows: `10/12` tells nothing of zeros, `May`
    /// is long and short, and `Sept` is `Oct` a month later.
    pub(crate) fn shift(&self, value: &str, days: i32, out: &mut String) -> bool {
        let Some(reading) = parse::read(value, *self) else { return false };
        let start = out.len();
        let written = write::shifted(value, &reading, *self, days, out).is_some();
        if !written {
            out.truncate(start);
        }
        written
    }
}

/// Days to move the dates of one patient by: a multiple of 7, so that weekdays stay, not 0, at most `weeks` weeks (and at
/// least one) either way.
pub(crate) fn days_for(draw: &mut Draw, weeks: u16) -> i32 {
    let weeks = i32::from(weeks.max(1));
    // 0 to 2w-1 to -w..-1, 1..w.
    let drawn = i32::try_from(draw.below(2 * weeks as usize)).unwrap_or(0) - weeks;
    7 * if drawn >= 0 { drawn + 1 } else { drawn }
}
