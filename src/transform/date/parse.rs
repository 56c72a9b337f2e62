//! Reads a value as dates: which bytes are days, months, years and weekdays, and of which date. All else (marks, times,
//! offsets, `the`, `of`) is understood too, or the value is not read, but nothing is kept of it: it never changes.
//!
//! ```text
//! value = [lead] item (joint item)* [joint "present"] [trail]
//! item  = [weekday] [time] ["the"] ["mid"] core [weekday] [time] | weekday
//! core  = digits | numbers | month name with days and year | year | occasion with year
//! ```

use std::ops::Range;

use super::lex::{self, Kind, Token};
use super::names::{self, Case, Language, Length};
use super::{Dates, Order, epoch};

/// All of a value, understood.
pub(super) struct Reading {
    pub(super) dates: Vec<When>,
    /// By where they stand, not overlapping.
    pub(super) fields: Vec<Field>,
    /// What stands between one item and the next. Invariant: one less than there are items.
    pub(super) joints: Vec<Range<usize>>,
}

/// One date as far as it is told. A weekday alone tells nothing.
#[derive(Clone, Copy, Default)]
pub(super) struct When {
    pub(super) year: Option<i16>,
    pub(super) month: Option<i8>,
    pub(super) day: Option<i8>,
    /// The day that a month without one is moved from.
    pub(super) middle: Option<i8>,
    /// A holiday or a season, with its year.
    pub(super) occasion: bool,
    /// Items before it.
    pub(super) item: usize,
}

/// Bytes that change with a date.
#[derive(Clone)]
pub(super) struct Field {
    pub(super) at: Range<usize>,
    /// Index of its date.
    pub(super) date: usize,
    pub(super) part: Part,
}

#[derive(Clone)]
pub(super) enum Part {
    Year(Century),
    Month(Form),
    /// With the month it shares with other days, if it does: that is written beside it once they fall apart.
    Day(Form, Option<Shared>),
    Weekday(Form),
    /// A count from the start of 1970, in units of which a second has so many.
    Epoch {
        per_second: i64,
    },
}

/// Digits of a year.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Century {
    Told,
    Left,
}

/// How a month, a day or a weekday is written.
#[derive(Clone, Copy)]
pub(super) enum Form {
    /// In so many digits; where that does not tell whether a zero is put before one digit, the custom of the layout does.
    Digits {
        len: usize,
        padded: bool,
    },
    Name {
        language: Language,
        length: Length,
        case: Case,
    },
    /// Digits with `st`, `nd`, `rd`, `th`.
    Ordinal {
        case: Case,
    },
    /// In words, with what joins the two words of twenty-first.
    Words {
        case: Case,
        join: char,
    },
}

/// A month that stands once for several days.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) form: Form,
    /// The bytes between month and day, or between day and month.
    pub(super) link: Range<usize>,
    pub(super) side: Side,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    MonthBefore,
    MonthBehind,
}

/// A day of the month where it stands.
#[derive(Clone)]
pub(super) struct Day {
    pub(super) at: Range<usize>,
    pub(super) value: i8,
    pub(super) form: Form,
}

/// A year where it stands.
#[derive(Clone)]
pub(super) struct Year {
    pub(super) at: Range<usize>,
    pub(super) value: i16,
    pub(super) century: Century,
}

/// All of `value`, or nothing.
pub(super) fn read(value: &str, dates: Dates) -> Option<Reading> {
    if value.len() > LONGEST {
        return None;
    }
    let mut parser = Parser {
        value,
        tokens: lex::tokens(value),
        order: dates.order,
        as_of: dates.as_of,
        item: 0,
        reading: Reading { dates: Vec::new(), fields: Vec::new(), joints: Vec::new() },
    };
    if parser.value().is_none() {
        return epoch::read(value);
    }
    parser.reading.fields.sort_by_key(|field| field.at.start);
    parser.settle_may();
    Some(parser.reading)
}

/// Methods take the index of a token and give that behind what they read.
pub(super) struct Parser<'v> {
    pub(super) value: &'v str,
    pub(super) tokens: Vec<Token>,
    pub(super) order: Order,
    pub(super) as_of: i16,
    item: usize,
    reading: Reading,
}

impl<'v> Parser<'v> {
    fn value(&mut self) -> Option<()> {
        let mut i = self.item(self.lead(0))?;
        while !self.ends(i) {
            let joint = self.joint(i)?;
            if !self.parts(i, joint) {
                return None;
            }
            if self.any(joint, &["present", "current", "now", "today"]) && self.ends(joint + 1) {
                break;
            }
            let between = self.start(i)..self.start(joint);
            let word = self.value.get(between.clone())?.contains(char::is_alphabetic);
            self.reading.joints.push(between);
            self.item += 1;
            let (year, next) = (self.year_only(), self.item(joint)?);
            // `2019-13-01` is no year and a day, and `3/14-2019` is one date.
            if year != self.year_only() && !word {
                return None;
            }
            i = next;
        }
        Some(())
    }

    /// Whether a year is all that the last date tells.
    fn year_only(&self) -> bool {
        self.reading.dates.last().is_some_and(|date| date.year.is_some() && date.month.is_none())
    }

    /// A `May` that stands with another short month is short.
    fn settle_may(&mut self) {
        let is_short = |part: &Part| matches!(part, Part::Month(Form::Name { length, .. }) if *length != Length::Full);
        if !self.reading.fields.iter().any(|field| is_short(&field.part)) {
            return;
        }
        for field in &mut self.reading.fields {
            if let Part::Month(Form::Name { length, .. }) = &mut field.part
                && field.at.len() == MAY
            {
                *length = Length::Short;
            }
        }
    }

    fn lead(&self, mut i: usize) -> usize {
        while matches!(self.kind(i), Some(Kind::Space | Kind::Mark('(' | '[' | '"'))) {
            i += 1;
        }
        if self.any(i, &["from", "between", "on", "in", "since"]) && self.kind(i + 1) == Some(Kind::Space) {
            i + 2
        } else {
            i
        }
    }

    /// Whether nothing but marks that close is left.
    fn ends(&self, mut i: usize) -> bool {
        while matches!(self.kind(i), Some(Kind::Space | Kind::Mark('.' | ',' | ';' | ':' | ')' | ']' | '"'))) {
            i += 1;
        }
        i >= self.tokens.len()
    }

    /// Whether a slash in the joint is one between dates, not in one: `2019-03-14/2019-03-17`, `Jan/Feb`, no `3/14/15/16`.
    fn parts(&self, i: usize, joint: usize) -> bool {
        let slash = self.kind(self.blanks(i)) == Some(Kind::Mark('/'));
        let whole = |i: usize| self.kind(i) == Some(Kind::Word) || self.range(i).len() >= 4;
        !slash || i.checked_sub(1).is_some_and(whole) || whole(joint)
    }

    fn item(&mut self, i: usize) -> Option<usize> {
        let mut i = i;
        if let Some((at, form, behind)) = self.weekday(i) {
            self.field(at, self.reading.dates.len(), Part::Weekday(form));
            if self.ends(behind) || self.joint(behind).is_some_and(|joint| self.weekday(joint).is_some()) {
                self.date(When::default());
                return Some(behind);
            }
            let comma = self.kind(self.blanks(behind)) == Some(Kind::Mark(','));
            i = if comma { self.blanks(self.blanks(behind) + 1) } else { self.blanks(behind) };
            if i == behind {
                return None;
            }
        }
        i = self.time_before(i).unwrap_or(i);
        if self.any(i, &["the", "el", "le"]) && self.kind(i + 1) == Some(Kind::Space) {
            i += 2;
        }
        let core = self.middle(i);
        i = core.map_or(i, |(_, i)| i);
        let first = self.reading.dates.len();
        i = self.core(i)?;
        for date in self.reading.dates.iter_mut().skip(first) {
            date.middle = core.map(|(day, _)| day);
            if core.is_some() && date.day.is_some() {
                return None;
            }
        }
        // Behind months and years stand no times: `2018, 2019`.
        let timed = self.reading.dates.last().is_some_and(|date| date.day.is_some());
        for _ in 0..2 {
            i = self.weekday_behind(i).or_else(|| self.time_behind(i).filter(|_| timed)).unwrap_or(i);
        }
        Some(i)
    }

    fn core(&mut self, i: usize) -> Option<usize> {
        // Months by name first: `3-5 March` is no fifth of March.
        self.digits(i)
            .or_else(|| self.spelled(i))
            .or_else(|| self.three_numbers(i))
            .or_else(|| self.two_numbers(i))
            .or_else(|| self.occasion(i))
            .or_else(|| self.year_alone(i))
    }

    /// `2019`, `'19`, and the `19` of `2018-19`.
    fn year_alone(&mut self, i: usize) -> Option<usize> {
        let (mut year, next) = self.year(i)?;
        if year.century == Century::Left && self.kind(i) != Some(Kind::Mark('\'')) {
            let joint = self.reading.joints.last().and_then(|joint| self.value.get(joint.clone()))?;
            let before = self.reading.dates.last().filter(|date| date.day.is_none())?.year?;
            let value = before - before % 100 + year.value % 100;
            let short = joint.chars().all(|c| matches!(lex::kind(c), Kind::Mark('-' | '/')));
            year.value = (short && value > before).then_some(value)?;
        }
        let date = self.date(When { year: Some(year.value), ..When::default() });
        self.field(year.at, date, Part::Year(year.century));
        Some(next)
    }

    /// `Thanksgiving 2019`, `fall of '19`, `2019 Easter`.
    fn occasion(&mut self, i: usize) -> Option<usize> {
        let (next, year) = if let Some((year, behind)) = self.year(i).filter(|(year, _)| year.century == Century::Told)
        {
            (self.occasion_name(self.blanks(behind))?, year)
        } else {
            let mut name = self.occasion_name(i)?;
            // Fall/winter 2019.
            if let Kind::Mark('/' | '-') = self.kind(name)? {
                name = self.occasion_name(name + 1)?;
            }
            let link = self.link(name);
            let (year, next) = self
                .year(link)
                .filter(|(year, _)| year.century == Century::Told || self.mark_before(year.at.start) == Some('\''))?;
            (next, year)
        };
        let date = self.date(When { year: Some(year.value), occasion: true, ..When::default() });
        self.field(year.at, date, Part::Year(year.century));
        Some(next)
    }

    /// The longest name of a holiday or season that starts here.
    fn occasion_name(&self, i: usize) -> Option<usize> {
        let (mut letters, mut at, mut found) = (String::new(), i, None);
        for token in self.tokens.iter().skip(i).take(8) {
            at += 1;
            match token.kind {
                Kind::Word => letters.push_str(&self.str(at - 1).to_lowercase()),
                Kind::Space | Kind::Mark('\'' | '.') if !letters.is_empty() => continue,
                _ => break,
            }
            if names::occasion(&letters) {
                found = Some(at);
            }
        }
        found
    }

    /// A weekday's name with the full stop that shortens it.
    fn weekday(&self, i: usize) -> Option<(Range<usize>, Form, usize)> {
        let word = self.word(i)?;
        let (_, language, length) = names::weekday(word)?;
        let form = Form::Name { language, length, case: names::case(word)? };
        let stop = length != Length::Full && self.kind(i + 1) == Some(Kind::Mark('.'));
        Some((self.range(i), form, i + 1 + usize::from(stop)))
    }

    /// ` Tue`, `, Tuesday`, ` (Tue)`.
    fn weekday_behind(&mut self, i: usize) -> Option<usize> {
        let comma = self.kind(i) == Some(Kind::Mark(','));
        let next = self.blanks(i + usize::from(comma));
        let open = usize::from(self.kind(next) == Some(Kind::Mark('(')));
        let (at, form, behind) = self.weekday(next + open).filter(|_| next > i || open > 0)?;
        if open > 0 && self.kind(behind) != Some(Kind::Mark(')')) {
            return None;
        }
        self.field(at, self.reading.dates.len().saturating_sub(1), Part::Weekday(form));
        Some(behind + open)
    }

    /// `mid-`, `early `, `late ` before a month, and the day that it is moved from.
    fn middle(&self, i: usize) -> Option<(i8, usize)> {
        let day = match self.word(i)?.to_ascii_lowercase().as_str() {
            "early" => 5,
            "mid" | "middle" => 15,
            "late" => 25,
            _ => return None,
        };
        matches!(self.kind(i + 1)?, Kind::Space | Kind::Mark('-')).then_some((day, i + 2))
    }

    /// What joins two items or two days: ` - `, `, `, ` to `, ` and `, `, and `, `/`.
    pub(super) fn joint(&self, i: usize) -> Option<usize> {
        let mut at = self.blanks(i);
        let mut joined = false;
        if let Some(Kind::Mark('-' | ',' | ';' | '&' | '+' | '/')) = self.kind(at) {
            at = self.blanks(at + 1);
            joined = true;
        }
        if (joined || at > i)
            && self.any(at, &["to", "and", "or", "thru", "through", "until", "till", "then", "y", "al", "et", "au"])
            && self.kind(at + 1) == Some(Kind::Space)
        {
            at += 2;
            joined = true;
        }
        (joined && at < self.tokens.len()).then_some(at)
    }

    /// A day of the month, in digits or in words.
    pub(super) fn day(&self, i: usize) -> Option<(Day, usize)> {
        let token = self.tokens.get(i)?;
        if token.kind == Kind::Word {
            return self.day_in_words(i);
        }
        let value = i8::try_from(self.number(i, 1, 2)?).ok().filter(|day| (1..=31).contains(day))?;
        if self.kind(i + 1) == Some(Kind::Mark(':')) {
            return None;
        }
        let mut day = Day { at: token.at.clone(), value, form: Form::Digits { len: token.at.len(), padded: false } };
        if self.any(i + 1, &["st", "nd", "rd", "th"]) {
            let case = names::case(self.str(i + 1)).filter(|case| *case != Case::Title)?;
            day.form = Form::Ordinal { case };
            day.at.end = self.range(i + 1).end;
            return Some((day, i + 2));
        }
        Some((day, i + 1))
    }

    fn day_in_words(&self, i: usize) -> Option<(Day, usize)> {
        let word = self.word(i)?;
        let (case, at) = (names::case(word)?, self.range(i));
        let tens = names::tens(word);
        let joins = match self.kind(i + 1) {
            Some(Kind::Space) => ' ',
            _ => '-',
        };
        if let (Some(tens), Some(Kind::Space | Kind::Mark('-'))) = (tens, self.kind(i + 1)) {
            let units = names::ordinal(self.word(i + 2)?).filter(|units| *units < 10 && tens + *units <= 31)?;
            let form = Form::Words { case, join: joins };
            return Some((Day { at: at.start..self.range(i + 2).end, value: tens + units, form }, i + 3));
        }
        let value = names::ordinal(word)?;
        Some((Day { at, value, form: Form::Words { case, join: '-' } }, i + 1))
    }

    /// A year of four digits, or of two with or without an apostrophe, that no digits or clock go on behind.
    pub(super) fn year(&self, i: usize) -> Option<(Year, usize)> {
        let apostrophe = self.kind(i) == Some(Kind::Mark('\''));
        let i = i + usize::from(apostrophe);
        let at = self.range(i);
        let number = self.number(i, 2, 4)?;
        if self.kind(i + 1) == Some(Kind::Mark(':')) || self.meridiem(self.blanks(i + 1)).is_some() {
            return None;
        }
        let (value, century) = match at.len() {
            2 => (self.expand(number), Century::Left),
            4 if !apostrophe && YEARS.contains(&number) => (number as i16, Century::Told),
            _ => return None,
        };
        Some((Year { at, value, century }, i + 1))
    }

    /// The year that two digits mean.
    pub(super) fn expand(&self, two: u32) -> i16 {
        let two = two as i16 % 100;
        if 2000 + two <= self.as_of + 1 { 2000 + two } else { 1900 + two }
    }

    /// The month that comes first, then the day, of two numbers that are not the same date both ways.
    pub(super) fn in_order(&self, a: u32, b: u32, year: i16) -> Option<(i8, i8, Order)> {
        let first = self.order;
        let second = if first == Order::MonthFirst { Order::DayFirst } else { Order::MonthFirst };
        [first, second].into_iter().find_map(|order| {
            let (month, day) = if order == Order::MonthFirst { (a, b) } else { (b, a) };
            let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
            exists(year, month, day).then_some((month, day, order))
        })
    }

    /// Adds a date, and tells its index.
    pub(super) fn date(&mut self, when: When) -> usize {
        self.reading.dates.push(When { item: self.item, ..when });
        self.reading.dates.len() - 1
    }

    pub(super) fn field(&mut self, at: Range<usize>, date: usize, part: Part) {
        self.reading.fields.push(Field { at, date, part });
    }

    /// What binds the parts of one date: blanks, a comma or stop or dash or slash, `of`, `the`, `de`.
    pub(super) fn link(&self, i: usize) -> usize {
        let mut at = i;
        let mut marks = 0;
        while at < i + 7 {
            match self.kind(at) {
                Some(Kind::Space) => {}
                Some(Kind::Mark(',' | '.' | '-' | '/')) if marks < 2 => marks += 1,
                Some(Kind::Word) if self.any(at, &["of", "de", "del", "the"]) => {}
                _ => break,
            }
            at += 1;
        }
        at
    }

    pub(super) fn kind(&self, i: usize) -> Option<Kind> {
        self.tokens.get(i).map(|token| token.kind)
    }

    /// The bytes of a token, empty at the end.
    pub(super) fn range(&self, i: usize) -> Range<usize> {
        self.tokens.get(i).map_or(self.value.len()..self.value.len(), |token| token.at.clone())
    }

    pub(super) fn start(&self, i: usize) -> usize {
        self.range(i).start
    }

    pub(super) fn str(&self, i: usize) -> &'v str {
        self.value.get(self.range(i)).unwrap_or_default()
    }

    pub(super) fn word(&self, i: usize) -> Option<&'v str> {
        (self.kind(i)? == Kind::Word).then(|| self.str(i))
    }

    pub(super) fn any(&self, i: usize, words: &[&str]) -> bool {
        self.word(i).is_some_and(|word| words.iter().any(|w| word.eq_ignore_ascii_case(w)))
    }

    /// A number of `least` to `most` digits, at most nine.
    pub(super) fn number(&self, i: usize, least: usize, most: usize) -> Option<u32> {
        let digits = (self.kind(i)? == Kind::Number).then(|| self.str(i))?;
        (least..=most.min(9)).contains(&digits.len()).then(|| digits.parse().ok())?
    }

    pub(super) fn blanks(&self, i: usize) -> usize {
        i + usize::from(self.kind(i) == Some(Kind::Space))
    }

    /// The mark before a byte.
    pub(super) fn mark_before(&self, at: usize) -> Option<char> {
        match lex::kind(self.value.get(..at)?.chars().next_back()?) {
            Kind::Mark(c) => Some(c),
            _ => None,
        }
    }
}

/// Whether there is such a day; every year from 1 to 9999 has its own February.
pub(super) fn exists(year: i16, month: i8, day: i8) -> bool {
    year >= 1 && jiff::civil::Date::new(year, month, day).is_ok()
}

/// A leap year, for days whose year is not told.
pub(super) const LEAP: i16 = 2000;
/// Bytes of the one month whose name is as short as its abbreviation (French `mai` is the same either way).
pub(super) const MAY: usize = 3;
/// Years that four digits alone are taken for.
pub(super) const YEARS: Range<u32> = 1800..2200;
/// Bytes of the longest value that is read: a list of some dozen dates.
const LONGEST: usize = 200;
