//! Writes a value again with its dates moved.

use jiff::civil::Date;

use super::Dates;
use super::parse::{Century, Field, Form, LEAP, Part, Reading, Side, When, exists};
use super::{epoch, names};

/// Appends `value` with the dates of its `reading` moved by `days`. `None`, with something appended, where it cannot be.
pub(super) fn shifted(value: &str, reading: &Reading, dates: Dates, days: i32, out: &mut String) -> Option<()> {
    let old = days_of(&reading.dates, dates)?;
    let by = jiff::Span::new().try_days(days).ok()?;
    let mut new = Vec::with_capacity(old.len());
    for date in &old {
        new.push(match date {
            Some(date) => Some(date.checked_add(by).ok().filter(|date| date.year() >= 1)?),
            None => None,
        });
    }
    let writer = Writer { value, old, new, days, zeros: Zeros::of(reading) };
    let mut from = 0;
    for field in &reading.fields {
        out.push_str(value.get(from..field.at.start)?);
        writer.field(field, out)?;
        from = field.at.end;
    }
    out.push_str(value.get(from..)?);
    Some(())
}

/// Appends a number with zeros before it up to `width` digits.
pub(super) fn digits(number: u16, width: usize, out: &mut String) {
    let mut rest = number;
    let mut reversed = [b'0'; 5];
    let mut len = 0;
    for place in &mut reversed {
        if rest == 0 && len >= width.max(1) {
            break;
        }
        *place = b'0' + (rest % 10) as u8;
        rest /= 10;
        len += 1;
    }
    out.extend(reversed.iter().take(len).rev().map(|digit| char::from(*digit)));
}

/// The day that each date is moved from; `None` for a weekday alone. `None` in all if one cannot be moved.
fn days_of(told: &[When], dates: Dates) -> Option<Vec<Option<Date>>> {
    if told.iter().any(|when| when.occasion) {
        return None;
    }
    let place = |when: &When| when.month.map(|month| (month, when.day.unwrap_or(15)));
    let mut years: Vec<Option<i16>> = told.iter().map(|when| when.year).collect();
    // The year stands with the last of a range, mostly: what is later in the year was the year before.
    for i in (1..told.len()).rev() {
        let (Some(year), [a, b]) = (years[i], [&told[i - 1], &told[i]].map(place)) else { continue };
        if years[i - 1].is_none() && a.is_some() {
            years[i - 1] = Some(if b.is_some() && a > b { year - 1 } else { year });
        }
    }
    for i in 1..told.len() {
        let (Some(year), [a, b]) = (years[i - 1], [&told[i - 1], &told[i]].map(place)) else { continue };
        if years[i].is_none() && b.is_some() {
            years[i] = Some(if a > b { year + 1 } else { year });
        }
    }
    let leap_day = |when: &When| when.month == Some(2) && when.day == Some(29);
    let untold = told.iter().zip(&years).any(|(when, year)| year.is_none() && leap_day(when));
    let own =
        if untold { (1..=dates.as_of).rev().find(|year| exists(*year, 2, 29)).unwrap_or(LEAP) } else { dates.as_of };
    let mut days = Vec::with_capacity(told.len());
    for (when, year) in told.iter().zip(years) {
        days.push(match (year, when.month) {
            (None, None) => None,
            (Some(year), None) => Some(Date::new(year, 7, 2).ok()?),
            (year, Some(month)) => {
                let day = when.day.or(when.middle).unwrap_or(15);
                Some(Date::new(year.unwrap_or(own), month, day).ok()?)
            }
        });
    }
    Some(days)
}

struct Writer<'v> {
    value: &'v str,
    old: Vec<Option<Date>>,
    new: Vec<Option<Date>>,
    days: i32,
    zeros: Zeros,
}

impl Writer<'_> {
    fn field(&self, field: &Field, out: &mut String) -> Option<()> {
        match &field.part {
            Part::Weekday(Form::Name { language, length, case }) => {
                let text = self.value.get(field.at.clone())?;
                let by = i64::from(self.days).rem_euclid(7);
                if by == 0 {
                    // `Thur` stays, though `Thurs` is what would be written.
                    out.push_str(text);
                } else {
                    let (day, _, _) = names::weekday(text)?;
                    let day = u8::try_from((i64::from(day) + by) % 7).ok()?;
                    names::write(names::weekday_name(day, *language, *length)?, *case, out);
                }
            }
            Part::Weekday(_) => return None,
            Part::Epoch { per_second } => epoch::write(self.value, &field.at, *per_second, self.days, out)?,
            Part::Year(century) => {
                let (old, new) = (self.at(&self.old, field.date)?, self.at(&self.new, field.date)?);
                let (first, last) = (Date::constant(1900, 3, 1), Date::constant(2100, 2, 28));
                match century {
                    Century::Told => digits(new.year().unsigned_abs(), 4, out),
                    Century::Left if [old, new].iter().all(|date| (first..=last).contains(date)) => {
                        digits(new.year().unsigned_abs() % 100, 2, out);
                    }
                    Century::Left => return None,
                }
            }
            Part::Month(form) => self.month(*form, field.date, out)?,
            Part::Day(form, shared) => {
                let own_month =
                    |other: usize| Some(self.at(&self.new, field.date)?.month() != self.at(&self.new, other)?.month());
                match shared {
                    Some(shared) if shared.side == Side::MonthBefore && own_month(field.date.checked_sub(1)?)? => {
                        self.month(shared.form, field.date, out)?;
                        out.push_str(self.value.get(shared.link.clone())?);
                        self.day(*form, field.date, out)?;
                    }
                    Some(shared) if shared.side == Side::MonthBehind && own_month(field.date + 1)? => {
                        self.day(*form, field.date, out)?;
                        out.push_str(self.value.get(shared.link.clone())?);
                        self.month(shared.form, field.date, out)?;
                    }
                    _ => self.day(*form, field.date, out)?,
                }
            }
        }
        Some(())
    }

    fn month(&self, form: Form, date: usize, out: &mut String) -> Option<()> {
        let (old, new) = (self.at(&self.old, date)?.month(), self.at(&self.new, date)?.month());
        match form {
            Form::Digits { len, .. } => number(old, new, len, self.zeros.months(), out),
            Form::Name { language, length, case } => names::write(names::month_name(new, language, length)?, case, out),
            Form::Ordinal { .. } | Form::Words { .. } => return None,
        }
        Some(())
    }

    fn day(&self, form: Form, date: usize, out: &mut String) -> Option<()> {
        let (old, new) = (self.at(&self.old, date)?.day(), self.at(&self.new, date)?.day());
        match form {
            Form::Digits { len, .. } => number(old, new, len, self.zeros.days(), out),
            Form::Ordinal { case } => {
                digits(u16::from(new.unsigned_abs()), 1, out);
                names::write(names::suffix(new), case, out);
            }
            Form::Words { case, join } => {
                let name = names::ordinal_name(new)?;
                names::write(&name.replace('-', join.encode_utf8(&mut [0; 4])), case, out);
            }
            Form::Name { .. } => return None,
        }
        Some(())
    }

    fn at(&self, dates: &[Option<Date>], date: usize) -> Option<Date> {
        dates.get(date).copied().flatten()
    }
}

/// Appends a day or month in the width that stood there, `padded` where that does not tell.
fn number(old: i8, new: i8, len: usize, padded: bool, out: &mut String) {
    let padded = match len {
        1 => false,
        _ if old < 10 => true,
        _ => padded,
    };
    digits(u16::from(new.unsigned_abs()), if padded { 2 } else { 1 }, out);
}

/// What other numbers of the value tell of zeros before one digit.
struct Zeros {
    month: Option<bool>,
    day: Option<bool>,
    /// Whether a layout in the value pads by custom: the bare `10/12` of `10/12 - 10/14/2019` is of the same hand.
    custom: bool,
}

impl Zeros {
    fn of(reading: &Reading) -> Zeros {
        let mut zeros = Zeros { month: None, day: None, custom: false };
        for field in &reading.fields {
            let Some(when) = reading.dates.get(field.date) else { continue };
            let (of, value, form) = match &field.part {
                Part::Month(form) => (&mut zeros.month, when.month, form),
                Part::Day(form, _) => (&mut zeros.day, when.day, form),
                Part::Year(_) | Part::Weekday(_) | Part::Epoch { .. } => continue,
            };
            if let Form::Digits { len, padded } = form {
                zeros.custom |= padded;
                if let (Some(1..10), None) = (value, &of) {
                    *of = Some(*len > 1);
                }
            }
        }
        zeros
    }

    fn months(&self) -> bool {
        self.month.or(self.day).unwrap_or(self.custom)
    }

    fn days(&self) -> bool {
        self.day.or(self.month).unwrap_or(self.custom)
    }
}
