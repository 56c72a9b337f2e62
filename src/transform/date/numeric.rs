//! Dates in numbers: `3/14/2019`, `2019-03-14`, `3/14-17/19`, `3/2019`, and unbroken digits as in HL7.

use super::Order;
use super::lex::Kind;
use super::parse::{Century, Day, Form, LEAP, Parser, Part, Shared, Side, When, YEARS, Year, exists};

impl Parser<'_> {
    /// `20190314`, `03142019`, `201903140830`, `20190314083000.1234-0500`, `201903`, `031419`.
    pub(super) fn digits(&mut self, i: usize) -> Option<usize> {
        let (digits, at) = (self.str(i), self.range(i));
        if self.kind(i)? != Kind::Number || !matches!(digits.len(), 6 | 8 | 10 | 12 | 14) {
            return None;
        }
        let part = |from: usize, len: usize| digits.get(from..from + len)?.parse::<u32>().ok();
        let timed = digits.len() > 8;
        if timed && (part(8, 2)? > 23 || part(10, 2).is_some_and(|m| m > 59) || part(12, 2).is_some_and(|s| s > 60)) {
            return None;
        }
        let layouts: &[Layout] = match digits.len() {
            6 => &SIX,
            8 => &EIGHT,
            _ => &EIGHT[..1],
        };
        let found: Vec<_> = layouts.iter().filter_map(|layout| self.fits(*layout, &part)).collect();
        // Between day first and month first the order decides, as between numbers that are set apart; of others there may
        // be one only.
        let first = if self.order == Order::MonthFirst { 2 } else { 0 };
        let (layout, when) = match found.iter().find(|(layout, _)| layout.day == Some(first)) {
            Some(found) => *found,
            None => *found.first().filter(|_| found.len() == 1)?,
        };
        let date = self.date(when);
        let span = |from: usize, len: usize| at.start + from..at.start + from + len;
        let century = if layout.year_len == 4 { Century::Told } else { Century::Left };
        self.field(span(layout.year, layout.year_len), date, Part::Year(century));
        self.field(span(layout.month, 2), date, Part::Month(Form::Digits { len: 2, padded: true }));
        if let Some(day) = layout.day {
            self.field(span(day, 2), date, Part::Day(Form::Digits { len: 2, padded: true }, None));
        }
        let end = i + 1;
        if !timed {
            // HL7 lets a zone follow a day.
            let zone = layout.year_len == 4 && self.range(end + 1).len() == 4;
            return Some(self.offset(end).filter(|_| zone).unwrap_or(end));
        }
        let end = if digits.len() == 14 { self.fraction(end) } else { end };
        Some(self.offset(end).unwrap_or(end))
    }

    fn fits(&self, layout: Layout, part: &dyn Fn(usize, usize) -> Option<u32>) -> Option<(Layout, When)> {
        let year = part(layout.year, layout.year_len)?;
        let year = match layout.year_len {
            4 => YEARS.contains(&year).then_some(year as i16)?,
            _ => self.expand(year),
        };
        let month = i8::try_from(part(layout.month, 2)?).ok()?;
        let day = match layout.day {
            Some(day) => Some(i8::try_from(part(day, 2)?).ok()?),
            None => None,
        };
        let when = When { year: Some(year), month: Some(month), day, ..When::default() };
        exists(year, month, day.unwrap_or(1)).then_some((layout, when))
    }

    /// `3/14/2019`, `03-14-19`, `2019.03.14`, `03 / 14 / 2019`, `03 14 2019`.
    pub(super) fn three_numbers(&mut self, i: usize) -> Option<usize> {
        let (a, (mark, j)) = (self.number(i, 1, 4)?, self.separator(i + 1)?);
        let (b, (again, mut k)) = (self.number(j, 1, 2)?, self.separator(j + 1)?);
        if self.kind(k) == Some(Kind::Mark('\'')) {
            k += 1;
        }
        let (c, end) = (self.number(k, 1, 4)?, k + 1);
        // A fourth number is no part of a date.
        let goes_on =
            self.kind(end) == Some(Kind::Mark(mark)) && self.kind(end + 1) == Some(Kind::Number) && mark != '-';
        let dashed_on = mark == '-'
            && self.range(k).len() == 2
            && self.kind(end) == Some(Kind::Mark('-'))
            && self.kind(end + 1) == Some(Kind::Number)
            && self.range(i).len() < 4;
        if mark != again || goes_on || dashed_on {
            return None;
        }
        let lens = (self.range(i).len(), self.range(k).len());
        if lens.0 == 4 && lens.1 <= 2 {
            let (year, month, day) = (a as i16, b as i8, c as i8);
            if !exists(year, month, day) {
                return None;
            }
            let date = self.date(When { year: Some(year), month: Some(month), day: Some(day), ..When::default() });
            self.field(self.range(i), date, Part::Year(Century::Told));
            self.field(self.range(j), date, Part::Month(self.padded(j)));
            self.field(self.range(k), date, Part::Day(self.padded(k), None));
            return Some(end);
        }
        let (year, century) = match lens {
            (1 | 2, 4) => (c as i16, Century::Told),
            (1 | 2, 2) if mark != ' ' => (self.expand(c), Century::Left),
            _ => return None,
        };
        let (month, day, order) = self.in_order(a, b, year)?;
        // `19-03-14` may begin with its year: a day would be taken for one.
        let year_first = || exists(self.expand(a), b as i8, c as i8);
        if order != self.order && century == Century::Left && mark == '-' && year_first() {
            return None;
        }
        let (m, d) = if order == Order::MonthFirst { (i, j) } else { (j, i) };
        let date = self.date(When { year: Some(year), month: Some(month), day: Some(day), ..When::default() });
        // MM/DD/YYYY is how systems write it; who leaves out the century leaves out zeros.
        let form = |len| Form::Digits { len, padded: century == Century::Told };
        self.field(self.range(m), date, Part::Month(form(self.range(m).len())));
        self.field(self.range(d), date, Part::Day(form(self.range(d).len()), None));
        self.field(self.range(k), date, Part::Year(century));
        Some(end)
    }

    /// `3/14`, `3/2019`, `2019-03`, `6/'98`, `6/98`, and lists of days in one month: `3/14-17`, `3/14-17/19`.
    pub(super) fn two_numbers(&mut self, i: usize) -> Option<usize> {
        let (a, (mark, mut j)) = (self.number(i, 1, 4)?, self.separator(i + 1)?);
        if mark == ' ' {
            return None;
        }
        let apostrophe = self.kind(j) == Some(Kind::Mark('\''));
        j += usize::from(apostrophe);
        let b = self.number(j, 1, 4)?;
        let lens = (self.range(i).len(), self.range(j).len());
        let month_year = match lens {
            (4, 2) => Some((a, b, i, j)),
            (1 | 2, 4) => Some((b, a, j, i)),
            (1 | 2, 2) if apostrophe || mark == '/' && b > 31 => Some((b, a, j, i)),
            _ => None,
        };
        if let Some((year, month, at_year, at_month)) = month_year {
            let told = self.range(at_year).len() == 4;
            let year = match told {
                true => YEARS.contains(&year).then_some(year as i16)?,
                false => self.expand(year),
            };
            let month = i8::try_from(month).ok().filter(|month| (1..=12).contains(month))?;
            let date = self.date(When { year: Some(year), month: Some(month), ..When::default() });
            let century = if told { Century::Told } else { Century::Left };
            self.field(self.range(at_year), date, Part::Year(century));
            self.field(self.range(at_month), date, Part::Month(self.padded(at_month)));
            return Some(j + 1);
        }
        if lens.0 > 2 || lens.1 > 2 {
            return None;
        }
        let (month, first, order) = self.in_order(a, b, LEAP)?;
        let (m, d) = if order == Order::MonthFirst { (i, j) } else { (j, i) };
        let day = |at: usize, value: i8| Day { at: self.range(at), value, form: self.unpadded(at) };
        let (days, year, end) = match order {
            Order::MonthFirst => self.more_days(day(d, first), month, j + 1),
            Order::DayFirst => (vec![day(d, first)], None, j + 1),
        };
        let (year, end) = match year {
            Some(year) => (Some(year), end),
            None => self.year_apart(end)?,
        };
        if let Some(year) = &year
            && days.iter().any(|day| !exists(year.value, month, day.value))
        {
            return None;
        }
        let form = self.unpadded(m);
        let link = self.range(i).end..self.start(j);
        let mut date = 0;
        for (n, day) in days.into_iter().enumerate() {
            date = self.date(When {
                year: year.as_ref().map(|y| y.value),
                month: Some(month),
                day: Some(day.value),
                ..When::default()
            });
            if n == 0 {
                self.field(self.range(m), date, Part::Month(form));
            }
            let shared = (n > 0).then(|| Shared { form, link: link.clone(), side: Side::MonthBefore });
            self.field(day.at, date, Part::Day(day.form, shared));
        }
        if let Some(year) = year {
            self.field(year.at, date, Part::Year(year.century));
        }
        Some(end)
    }

    /// The days that follow the first in the same month, and the year that is tied to the last: `14-17/19`.
    fn more_days(&self, first: Day, month: i8, i: usize) -> (Vec<Day>, Option<Year>, usize) {
        let (mut days, mut end) = (vec![first], i);
        while let Some(joint) = self.joint(end) {
            let between = self.value.get(self.start(end)..self.start(joint)).unwrap_or_default().trim();
            let (comma, slash) = (between == ",", between.starts_with('/'));
            let Some((day, next)) = self.day(joint).filter(|_| self.kind(joint) == Some(Kind::Number)) else { break };
            if slash || day.value <= days.last().map_or(0, |day| day.value) || !exists(LEAP, month, day.value) {
                break;
            }
            if self.kind(next) == Some(Kind::Mark('/')) {
                let Some((year, behind)) = self.year(next + 1) else { break };
                let other = self.number(next + 1, 1, 2).and_then(|n| self.in_order(day.value as u32, n, LEAP));
                if other.is_some() || self.kind(behind) == Some(Kind::Mark('/')) {
                    break;
                }
                days.push(day);
                return (days, Some(year), behind);
            }
            let goes_on =
                matches!(self.kind(next), Some(Kind::Mark('-' | '.'))) && self.kind(next + 1) == Some(Kind::Number);
            // `3/14, 19` may be a year or a day.
            let unclear = comma && day.at.len() == 2 && self.joint(next).is_none();
            if unclear || goes_on {
                break;
            }
            days.push(day);
            end = next;
        }
        (days, None, end)
    }

    /// The year of `3/14 2019`, `3/14, 2019`, `3/14 '19`; no year if there is none. `None` where it may be a time.
    fn year_apart(&self, i: usize) -> Option<(Option<Year>, usize)> {
        let comma = self.kind(i) == Some(Kind::Mark(','));
        let at = self.blanks(i + usize::from(comma));
        let apostrophe = self.kind(at) == Some(Kind::Mark('\''));
        let Some((year, next)) =
            self.year(at).filter(|(year, _)| at > i && (apostrophe || year.century == Century::Told))
        else {
            return Some((None, i));
        };
        if year.century == Century::Told && !(1900..=self.as_of + 1).contains(&year.value) {
            return Some((None, i));
        }
        let time = year.century == Century::Told && !comma && year.value % 100 < 60;
        (!time).then_some((Some(year), next))
    }

    /// `/`, `-`, `.` with or without blanks around it, or blanks alone.
    fn separator(&self, i: usize) -> Option<(char, usize)> {
        let at = self.blanks(i);
        match self.kind(at)? {
            Kind::Mark(mark @ ('/' | '-' | '.')) => Some((mark, self.blanks(at + 1))),
            _ if at > i => Some((' ', at)),
            _ => None,
        }
    }

    fn padded(&self, i: usize) -> Form {
        Form::Digits { len: self.range(i).len(), padded: true }
    }

    fn unpadded(&self, i: usize) -> Form {
        Form::Digits { len: self.range(i).len(), padded: false }
    }
}

/// Where the parts stand in unbroken digits.
#[derive(Clone, Copy)]
struct Layout {
    year: usize,
    year_len: usize,
    month: usize,
    day: Option<usize>,
}

/// Year first, as HL7 and ISO 8601 have it; month first; day first. Years from 1800 on keep the first from the others.
const EIGHT: [Layout; 3] = [
    Layout { year: 0, year_len: 4, month: 4, day: Some(6) },
    Layout { year: 4, year_len: 4, month: 0, day: Some(2) },
    Layout { year: 4, year_len: 4, month: 2, day: Some(0) },
];

/// Month first, day first, then year and month, and year first.
const SIX: [Layout; 4] = [
    Layout { year: 4, year_len: 2, month: 0, day: Some(2) },
    Layout { year: 4, year_len: 2, month: 2, day: Some(0) },
    Layout { year: 0, year_len: 4, month: 4, day: None },
    Layout { year: 0, year_len: 2, month: 2, day: Some(4) },
];
