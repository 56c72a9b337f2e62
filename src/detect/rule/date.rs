//! Dates with a month's name in them, seasons with a year, ages of ninety and more.

use super::{Marks, View};
use crate::detect::evidence::word::Word;
use crate::detect::public::is_public;
use crate::detect::shape::Shape;
use crate::detect::token::{Case, Gap, Kind, month_number};
use crate::finding::Source;
use crate::identifier::Label;
use crate::span::Span;

impl View<'_> {
    /// Whether token `i` is a day of a month in words, or the tens of one.
    fn ordinal(&self, i: usize) -> bool {
        self.sequence.infos.get(i).is_some_and(|x| x.bits & Word::ORDINAL != 0) || self.any(i, &["twenty", "thirty"])
    }

    /// A year behind a date: `2019`, `'19`. The last token of it.
    pub(super) fn year(&self, i: usize) -> Option<usize> {
        if !self.joined(i) {
            return None;
        }
        if self.shape_of(i) == Shape::Year {
            return Some(i);
        }
        let apostrophe = matches!(self.str(i), "'" | "’" | "‘");
        (apostrophe && self.shape_of(i + 1) == Shape::Int2 && self.token(i + 1).is_some_and(|t| t.gap == Gap::None))
            .then_some(i + 1)
    }

    /// Day of a month in digits: `4`, `4th`, `04`.
    pub(super) fn day(&self, i: usize) -> bool {
        match self.shape_of(i) {
            Shape::Int1 | Shape::Int2 => self.number(i).is_some_and(|d| (1..=31).contains(&d)),
            Shape::Ordinal => self
                .str(i)
                .trim_end_matches(|c: char| c.is_alphabetic())
                .parse()
                .is_ok_and(|d: u32| (1..=31).contains(&d)),
            _ => false,
        }
    }

    /// Dates written with a month's name.
    pub(super) fn date(&self, i: usize, marks: &mut Marks) {
        let Some(token) = self.token(i) else { return };
        if token.kind != Kind::Word || month_number(token.of(self.text).as_bytes()).is_none() {
            return;
        }
        let word = token.of(self.text);
        // Words that are more than a month: only with a day or a year beside them.
        let ambiguous = [
            "may", "march", "mar", "jun", "sep", "dec", "jan", "apr", "oct", "nov", "feb", "aug", "jul", "april",
            "june", "august", "sept",
        ]
        .iter()
        .any(|m| word.eq_ignore_ascii_case(m));
        let (mut from, mut to) = (i, i);
        let mut sure = !ambiguous && token.case != Case::Lower;
        // Behind: [.] [the] 4[th] [- 6] [,] [2019]
        let mut at = i + 1;
        if self.str(at) == "." && self.near(at) {
            at += 1;
        }
        if self.is(at, "the") && self.near(at) {
            at += 1;
        }
        let range = self.shape_of(at) == Shape::Range && self.near(at);
        if self.near(at) && self.ordinal(at) {
            to = at;
            if self.str(at + 1) == "-" && self.near(at + 2) && self.ordinal(at + 2) {
                to = at + 2;
            } else if self.any(at, &["twenty", "thirty"]) && self.near(at + 1) && self.ordinal(at + 1) {
                to = at + 1;
            }
            sure = !self.any(to, &["twenty", "thirty"]);
        } else if (self.near(at) && (self.day(at) || range) || self.wraps(at) && self.day(at)) && !self.dose_follows(at)
        {
            to = at;
            sure = true;
            if matches!(self.str(at + 1), "-" | "–" | "&") && self.near(at + 1) && self.day(at + 2) && self.near(at + 2)
            {
                to = at + 2;
            }
            let mut next = to + 1;
            if (matches!(self.str(next), "," | "." | "/") || self.is(next, "of")) && self.near(next) {
                next += 1;
            }
            if let Some(year) = self.year(next) {
                to = year;
            }
        } else {
            let mut next = i + 1;
            if (matches!(self.str(next), "," | "." | "-" | "/") || self.is(next, "of")) && self.near(next) {
                next += 1;
            }
            if let Some(year) = self.year(next) {
                to = year;
                sure = true;
            }
        }
        // Before: 4[th] [of]
        let mut before = i.checked_sub(1);
        if before.is_some_and(|b| self.is(b, "of") || matches!(self.str(b), "-" | ",")) && self.near(i) {
            before = before.and_then(|b| b.checked_sub(1));
        }
        // Before: the ninth [day] of
        if let Some(first) = self.ordinal_before(i)
            && (to > i || token.case != Case::Lower)
        {
            from = first;
            sure = true;
        } else if let Some(b) = before {
            let of = self.is(i - 1, "of");
            if self.near(i)
                && self.day(b)
                && (to > i || of || token.case != Case::Lower || self.shape_of(b) == Shape::Ordinal)
            {
                from = b;
                sure = true;
            } else if self.near(i) && sure && to > i && self.shape_of(b) == Shape::Year {
                // `2024 Nov 25`
                from = b;
            }
        }
        if sure {
            marks.push((from, to, Label::Date, Source::Pattern));
        }
    }

    /// The day of an examination, behind its name: `TTE 1/6`, `bcx 1/8 ngtd`. Of cultures and series so many of so many may be
    /// meant: `bcx 2/4`, `dose 3/3`.
    pub(super) fn examined(&self, i: usize, marks: &mut Marks) {
        let Some(before) = i.checked_sub(1) else { return };
        let culture = self.any(before, &CULTURES);
        if !self.near(i) || !culture && !self.any(before, &EXAMINATIONS) {
            return;
        }
        let number = |digits: &str| digits.parse::<u8>().ok();
        let Some((a, b)) = self.str(i).split_once('/').and_then(|(a, b)| number(a).zip(number(b))) else { return };
        let day = |month: u8, day: u8| (1..=12).contains(&month) && (1..=31).contains(&day);
        let share = a <= b && b <= if culture { 6 } else { 4 } && (culture || a == b);
        if (day(a, b) || day(b, a)) && !share && !is_public(self.text, self.sequence, i, Label::Date) {
            marks.push((i, i, Label::Date, Source::Pattern));
        }
    }

    /// The first token of an ordinal in words before the month at token `i`: `ninth of`, `last day of`, `twenty-fifth of`.
    fn ordinal_before(&self, i: usize) -> Option<usize> {
        let of = i.checked_sub(1).filter(|of| self.is(*of, "of") && self.near(i) && self.near(*of))?;
        let mut at = of.checked_sub(1)?;
        let day = self.is(at, "day") && self.near(at);
        if day {
            at = at.checked_sub(1)?;
        }
        if !(self.ordinal(at) && !self.any(at, &["twenty", "thirty"]) || day && self.is(at, "last")) {
            return None;
        }
        let tens = |k: usize| self.any(k, &["twenty", "thirty"]);
        Some(match at {
            2.. if self.str(at - 1) == "-" && tens(at - 2) => at - 2,
            1.. if tens(at - 1) && self.near(at) => at - 1,
            _ => at,
        })
    }

    /// Whether token `i` goes on with a line that was broken at its width, and begins no item of a list.
    fn wraps(&self, i: usize) -> bool {
        let line =
            i.checked_sub(1).and_then(|before| self.sequence.infos.get(before)).map_or(0, |info| info.line as usize);
        let start = self.token(line).map_or(0, |token| token.start);
        let long = i.checked_sub(1).and_then(|before| self.token(before)).is_some_and(|t| t.end - start >= WIDTH);
        long && self.token(i).is_some_and(|token| token.gap == Gap::Line)
            && self.token(i + 1).is_none_or(|next| next.kind == Kind::Word && next.gap == Gap::Space)
    }

    /// A unit behind a number: `May 5 mg` is a dose, not a day.
    pub(super) fn dose_follows(&self, i: usize) -> bool {
        self.near(i + 1)
            && self.token(i + 1).is_some_and(|t| t.kind == Kind::Word)
            && self.any(
                i + 1,
                &["mg", "ml", "mcg", "units", "days", "weeks", "hours", "months", "tablets", "times", "kg", "cm", "mm"],
            )
    }

    /// The number of an age of ninety and more.
    pub(super) fn age90(&self, i: usize) -> Option<Span> {
        let token = self.token(i)?;
        let before = |n: usize| i.checked_sub(n).unwrap_or(usize::MAX);
        let announced = self.any(before(1), &["age", "aged", "turned", "turning", "turns", "almost", "nearly"])
            || (matches!(self.str(before(1)), ":" | "=" | "is" | "of" | "to")
                && self.any(before(2), &["age", "aged", "turned", "going"]));
        // `93-year-old`, `93 y/o`, `93 yr`, `93 yo`
        let years = |mut at: usize| {
            if self.str(at) == "-" {
                at += 1;
            }
            self.near(at)
                && (self.any(at, &["year", "years", "yr", "yrs", "yo", "yof", "yom", "y.o", "y/o"])
                    || (self.is(at, "y")
                        && (matches!(self.str(at + 1), "/" | ".") && self.is(at + 2, "o") || self.is(at + 1, "o"))))
                && !self.any(at + 1, &["ago", "smoking", "pack", "history", "of"])
                && !self.any(at + 2, &["ago", "history"])
        };
        let start = token.start as usize;
        match token.kind {
            Kind::Code => {
                let digits: String = self.str(i).chars().take_while(char::is_ascii_digit).collect();
                let value: u32 = digits.parse().ok()?;
                let old = (90..=125).contains(&value);
                let glued = self.shape_of(i) == Shape::AgeLike && !self.str(i).ends_with(['k', 'w']);
                let plain = digits.len() == token.len() && (announced || years(i + 1));
                let pack = self.any(i + 1, &["pack"]) || self.is(i + 2, "pack");
                // `her father's 95th`, `a 92nd birthday`
                let birthday = self.shape_of(i) == Shape::Ordinal
                    && (self.any(i + 1, &["birthday", "bday", "b-day"])
                        || self.str(before(1)).ends_with("'s") && !self.any(i + 1, &["percentile", "%ile", "centile"]));
                (old && (glued || plain || birthday) && !pack).then(|| Span::new(start, start + digits.len()))
            }
            Kind::Word if self.any(i, &["ninety", "hundred"]) => {
                let mut from = i;
                let mut to = i;
                if self.is(i, "hundred") {
                    if !self.any(before(1), &["a", "one"]) {
                        return None;
                    }
                    from = before(1);
                }
                let mut next = i + 1;
                if self.str(next) == "-" || self.is(next, "and") {
                    next += 1;
                }
                if self.any(next, &["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])
                    && self.near(next)
                {
                    to = next;
                }
                let first = self.token(from)?.start as usize;
                let last = self.token(to)?.end as usize;
                let told = self
                    .any(from.wrapping_sub(1), &["is", "was", "at", "now", "be", "being", "he's", "she's", "i'm"])
                    && !(self.near(to + 1)
                        && (self.entry(to + 1).is_unit()
                            || self.any(
                                to + 1,
                                &[
                                    "percent", "degrees", "minutes", "days", "seconds", "over", "pounds", "feet",
                                    "beats", "dollars", "miles", "times",
                                ],
                            )));
                let apart = self.is(from.wrapping_sub(1), ",")
                    && (self.is(to + 1, ",") || self.any(to + 1, &["on", "this", "next"]));
                (announced || told || apart || years(to + 1)).then(|| Span::new(first, last))
            }
            _ => None,
        }
    }
}

/// What is done on a day, once.
const EXAMINATIONS: [&str; 38] = [
    "tte",
    "tee",
    "echo",
    "egd",
    "ct",
    "cta",
    "ctpa",
    "mri",
    "mra",
    "mrcp",
    "pet",
    "cxr",
    "us",
    "eeg",
    "ekg",
    "ecg",
    "emg",
    "cath",
    "lp",
    "colonoscopy",
    "bronch",
    "kub",
    "xr",
    "xray",
    "dxa",
    "dexa",
    "mammo",
    "hida",
    "ercp",
    "angio",
    "biopsy",
    "labs",
    "bloods",
    "bmp",
    "cbc",
    "cmp",
    "ua",
    "paracentesis",
];
/// What is taken in several bottles.
const CULTURES: [&str; 11] =
    ["bcx", "ucx", "cx", "bc", "afb", "sputum", "sputa", "culture", "cultures", "swab", "swabs"];
/// Bytes of the shortest line that may have been broken at its width.
const WIDTH: u32 = 36;
