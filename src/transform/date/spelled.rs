//! Dates with the name of the month: `March 14, 2019`, `14MAR19`, `3rd to 5th of March`, `Mar '19`.

use std::ops::Range;

use super::lex::Kind;
use super::names::{self, Case, Length};
use super::parse::{Century, Day, Form, LEAP, MAY, Parser, Part, Shared, Side, When, Year, exists};

/// A month's name where it stands.
struct Month {
    at: Range<usize>,
    value: i8,
    form: Form,
}

/// A date, or days of one month, as read.
struct Spelled {
    month: Month,
    days: Vec<Day>,
    /// Between the month and the day beside it.
    link: Range<usize>,
    side: Side,
    year: Option<Year>,
    end: usize,
}

impl Parser<'_> {
    pub(super) fn spelled(&mut self, i: usize) -> Option<usize> {
        let spelled = self.year_first(i).or_else(|| self.days_first(i)).or_else(|| self.month_first(i))?;
        let Spelled { mut month, days, link, side, year, end } = spelled;
        // Who leaves out the century or fills up days writes months short: `4 May 19`, `04 May 2019`.
        let filled = |day: &Day| matches!(day.form, Form::Digits { len: 2, .. }) && day.value < 10;
        let terse = year.as_ref().is_some_and(|year| year.century == Century::Left) || days.iter().any(filled);
        if let Form::Name { length, .. } = &mut month.form
            && terse
            && month.at.len() == MAY
        {
            *length = Length::Short;
        }
        let of_year = year.as_ref().map_or(LEAP, |year| year.value);
        if days.iter().any(|day| !exists(of_year, month.value, day.value)) {
            return None;
        }
        let when = When { year: year.as_ref().map(|y| y.value), month: Some(month.value), ..When::default() };
        let count = days.len();
        let mut date = if days.is_empty() { self.date(when) } else { 0 };
        let mut of_month = date;
        for (n, day) in days.into_iter().enumerate() {
            date = self.date(When { day: Some(day.value), ..when });
            let beside = match side {
                Side::MonthBefore => n == 0,
                Side::MonthBehind => n + 1 == count,
            };
            if beside {
                of_month = date;
            }
            let shared = (!beside).then(|| Shared { form: month.form, link: link.clone(), side });
            self.field(day.at, date, Part::Day(day.form, shared));
        }
        self.field(month.at, of_month, Part::Month(month.form));
        if let Some(year) = year {
            self.field(year.at, date, Part::Year(year.century));
        }
        Some(end)
    }

    /// `2019 March 14`, `2019-Mar-14`, `2019 March`.
    fn year_first(&self, i: usize) -> Option<Spelled> {
        let (year, next) = self.year(i).filter(|(year, _)| year.century == Century::Told)?;
        let (month, next) = self.month(self.link(next))?;
        let at = self.link(next);
        let (days, end) = match self.day(at) {
            Some((mut day, end)) => {
                if let Form::Digits { padded, .. } = &mut day.form {
                    *padded = true;
                }
                (vec![day], end)
            }
            // `2018 - March 2019`
            None if self.year(at).is_some() => return None,
            None => (Vec::new(), next),
        };
        let link = month.at.end..self.start(at);
        Some(Spelled { month, days, link, side: Side::MonthBefore, year: Some(year), end })
    }

    /// `14 March 2019`, `14MAR19`, `the 3rd and 5th of March`.
    fn days_first(&self, i: usize) -> Option<Spelled> {
        let (mut days, next) = self.days(i, Side::MonthBehind, None)?;
        let (month, end) = self.month(self.link(next))?;
        let last = days.last()?.at.end;
        for day in &mut days {
            self.pad(day, &month);
        }
        let link = last..month.at.start;
        let (year, end) = self.year_behind(end).map_or((None, end), |(year, end)| (Some(year), end));
        Some(Spelled { month, days, link, side: Side::MonthBehind, year, end })
    }

    /// `March 14, 2019`, `Mar. 3-5`, `March 2019`, `MAR2019`, `March`.
    fn month_first(&self, i: usize) -> Option<Spelled> {
        let (month, next) = self.month(i)?;
        let link = self.link(next);
        let alone = |month: Month, year, end| {
            Some(Spelled { link: 0..0, month, days: Vec::new(), side: Side::MonthBefore, year, end })
        };
        if let Some((year, end)) = self.year(link) {
            let two_digits = self.range(end - 1).len() == 2;
            let apostrophe = self.mark_before(year.at.start) == Some('\'');
            if !two_digits || apostrophe || self.number(link, 2, 2).is_some_and(|n| n > 31) && link > next {
                return alone(month, Some(year), end);
            }
        }
        // `Mar-14-19` is no list of days.
        let mark = match self.kind(next) {
            Some(Kind::Mark(mark @ ('-' | '/'))) => Some(mark),
            _ => None,
        };
        let days = if link > next || self.kind(next.saturating_sub(1)) == Some(Kind::Mark('.')) {
            self.days(link, Side::MonthBefore, mark)
        } else {
            None
        };
        let Some((mut days, end)) = days else {
            return alone(month, None, next);
        };
        for day in &mut days {
            self.pad(day, &month);
        }
        let link = month.at.end..days.first()?.at.start;
        let year = self.year_behind(end);
        let last_bare = days.last().is_some_and(|day| matches!(day.form, Form::Digits { len: 2, .. }));
        let comma =
            days.len() > 1 && self.mark_before(self.value.get(..days.last()?.at.start)?.trim_end().len()) == Some(',');
        // `Mar 2, 19` may be a year or a day.
        if year.is_none() && last_bare && comma {
            return None;
        }
        let (year, end) = year.map_or((None, end), |(year, end)| (Some(year), end));
        Some(Spelled { month, days, link, side: Side::MonthBefore, year, end })
    }

    /// Days one after the other, rising. `not` joins none of them.
    fn days(&self, i: usize, side: Side, not: Option<char>) -> Option<(Vec<Day>, usize)> {
        let (first, mut end) = self.day(i)?;
        let mut days = vec![first];
        while let Some(joint) = self.joint(end) {
            let mark = match self.kind(self.blanks(end)) {
                Some(Kind::Mark(mark)) => Some(mark),
                _ => None,
            };
            let joint = if self.any(joint, &["the"]) { self.blanks(joint + 1) } else { joint };
            let Some((day, next)) = self.day(joint) else { break };
            let own_month = side == Side::MonthBefore && self.month(self.link(next)).is_some();
            if mark.is_some() && mark == not || own_month || day.value <= days.last().map_or(0, |day| day.value) {
                break;
            }
            days.push(day);
            end = next;
        }
        Some((days, end))
    }

    /// A year behind day and month. One of two bare digits only where nothing but a year can stand.
    fn year_behind(&self, i: usize) -> Option<(Year, usize)> {
        let link = self.link(i);
        let (year, next) = self.year(link)?;
        if year.century == Century::Told || self.mark_before(year.at.start) == Some('\'') {
            return Some((year, next));
        }
        let between = self.value.get(self.start(i)..year.at.start)?;
        let plain = matches!(between.trim(), "") || matches!(between, "-" | "/" | ".");
        (plain && self.month(self.link(next)).is_none()).then_some((year, next))
    }

    /// A month's name, with the full stop that shortens it.
    fn month(&self, i: usize) -> Option<(Month, usize)> {
        let word = self.word(i)?;
        let (value, language, mut length) = names::month(word)?;
        let case = names::case(word)?;
        let stop = self.kind(i + 1) == Some(Kind::Mark('.'));
        // 14-MAY-2019, 14MAY2019, May-14-2019.
        let number = |i: Option<usize>| i.is_some_and(|i| self.kind(i) == Some(Kind::Number));
        let mark = |i: Option<usize>| i.is_some_and(|i| matches!(self.kind(i), Some(Kind::Mark('-' | '/'))));
        let (before, behind) = (|n| i.checked_sub(n), |n| Some(i + n));
        let tied = number(before(1))
            || number(behind(1))
            || mark(before(1)) && number(before(2))
            || mark(behind(1)) && number(behind(2));
        if value == 5 && word.len() == MAY && (stop || tied) {
            length = Length::Short;
        }
        let month = Month { at: self.range(i), value, form: Form::Name { language, length, case } };
        Some((month, i + 1 + usize::from(stop)))
    }

    /// Sets the custom for zeros before days: they are put in one piece with the month (`07MAR2019`, `07-Mar-2019`), and
    /// before short months in capitals (`07 MAR 2019`).
    fn pad(&self, day: &mut Day, month: &Month) {
        let Form::Digits { padded, .. } = &mut day.form else { return };
        let before = day.at.end <= month.at.start;
        let between = if before { day.at.end..month.at.start } else { month.at.end..day.at.start };
        let between = self.value.get(between).unwrap_or_default();
        let capitals = matches!(month.form, Form::Name { case: Case::Upper, length, .. } if length != Length::Full);
        let apart = between.chars().any(char::is_whitespace);
        *padded = !apart && !between.contains('.') || before && capitals && between.len() == 1;
    }
}
