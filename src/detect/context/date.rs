//! A date of a record in the layouts in which a text may write it.

use crate::detect::BORN_90;

/// A day.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Day {
    pub(super) year: u16,
    pub(super) month: u8,
    pub(super) day: u8,
}

impl Day {
    /// Whether who was born on it may be 90 years old or more.
    pub(super) fn is_of_ninety(self) -> bool {
        (1890..=BORN_90).contains(&self.year)
    }

    /// The day that a field names: ISO 8601, HL7 `YYYYMMDD` (with a time behind it), `MM/DD/YYYY`, `DD.MM.YYYY`,
    /// `MMDDYYYY`, with the name of the month in any order. Numbers alone that may be read both ways are read month first,
    /// as in the United States, unless points stand between them. `None` for everything else; years are four digits.
    pub(super) fn read(value: &str) -> Option<Day> {
        let mut parts = [""; 4];
        let mut count = 0;
        let mut rest = value;
        while count < parts.len() {
            rest = rest.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
            let digits = rest.starts_with(|c: char| c.is_ascii_digit());
            let end = rest.find(|c: char| c.is_ascii_digit() != digits || !c.is_ascii_alphanumeric());
            let (part, tail) = rest.split_at_checked(end.unwrap_or(rest.len()))?;
            if part.is_empty() {
                break;
            }
            // The `th` of `14th`, the `T` before a time.
            if !matches!(part, "st" | "nd" | "rd" | "th" | "T" | "of") {
                if let Some(place) = parts.get_mut(count) {
                    *place = part;
                }
                count += 1;
            }
            rest = tail;
        }
        let number = |part: &str| part.parse::<u16>().ok();
        let day = |year: Option<u16>, month: Option<u16>, day: Option<u16>| {
            let (year, month, day) = (year?, u8::try_from(month?).ok()?, u8::try_from(day?).ok()?);
            ((1800..2200).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day)).then_some(Day {
                year,
                month,
                day,
            })
        };
        let [a, b, c, _] = parts;
        match (a.len(), b.len(), c.len()) {
            // Dates and times run together, and the two orders of eight digits.
            (8 | 12 | 14, ..) if a.bytes().all(|b| b.is_ascii_digit()) => {
                let of = |from: usize, to: usize| a.get(from..to).and_then(number);
                day(of(0, 4), of(4, 6), of(6, 8)).or_else(|| day(of(4, 8), of(0, 2), of(2, 4)))
            }
            (4, 1..=2, 1..=2) => day(number(a), number(b), number(c)),
            (1..=2, 1..=2, 4) => {
                let points = value.contains('.');
                let (first, second) = (number(a), number(b));
                let american = day(number(c), first, second);
                let european = day(number(c), second, first);
                if points { european.or(american) } else { american.or(european) }
            }
            (1..=2, 3.., 4) => day(number(c), month(b), number(a)),
            (3.., 1..=2, 4) => day(number(c), month(a), number(b)),
            _ => None,
        }
    }

    /// Calls `f` with the digits of every layout of numbers, from the first that is not zero: `03/14/58` is `31458`.
    pub(super) fn digits(self, mut f: impl FnMut(&[u8])) {
        let Day { year, month, day } = self;
        let (year, short, month, day) = (year.into(), (year % 100).into(), month.into(), day.into());
        let wide = |number: u32| (number, 2);
        let bare = |number: u32| (number, if number > 9 { 2 } else { 1 });
        let full = (year, 4);
        for parts in [
            [full, wide(month), wide(day)],
            [full, bare(month), bare(day)],
            [bare(month), wide(day), full],
            [bare(month), bare(day), full],
            [bare(day), wide(month), full],
            [bare(day), bare(month), full],
            [bare(month), wide(day), wide(short)],
            [bare(month), bare(day), wide(short)],
            [bare(day), wide(month), wide(short)],
            [bare(day), bare(month), wide(short)],
        ] {
            let (mut bytes, mut length) = ([0u8; 8], 0);
            for (number, width) in parts {
                let places = bytes.get_mut(length..length + width).unwrap_or_default().iter_mut().rev();
                places.fold(number, |rest, place| {
                    *place = b'0' + (rest % 10) as u8;
                    rest / 10
                });
                length += width;
            }
            f(bytes.get(..length).unwrap_or_default());
        }
    }

    /// Whether it may be what a text tells with the name of a month, a day of it or a year of two or four digits.
    pub(super) fn fits(self, day: Option<u16>, month: u16, year: Option<u16>) -> bool {
        u16::from(self.month) == month
            && (day.is_some() || year.is_some())
            && day.is_none_or(|day| day == u16::from(self.day))
            && year.is_none_or(|year| year == self.year || year == self.year % 100)
    }
}

/// The number of a month by its English or Spanish name, whole or its first three letters, or four for `Sept`.
pub(super) fn month(name: &str) -> Option<u16> {
    let is = |full: &&str| {
        let short = name.len() == 3 || (name.len() == 4 && full.starts_with("sept"));
        name.len() == full.len() && name.eq_ignore_ascii_case(full)
            || short && full.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name))
    };
    (1..).zip(MONTHS).find(|(_, names)| names.iter().any(&is)).map(|(number, _)| number)
}

/// The names of a month, folded.
pub(super) fn names(month: u8) -> impl Iterator<Item = &'static str> {
    let names = MONTHS.get(usize::from(month).wrapping_sub(1)).map_or(&[][..], |names| &names[..]);
    names.iter().flat_map(|full| [Some(*full), full.get(..3), full.get(..4).filter(|n| *n == "sept")]).flatten()
}

const MONTHS: [[&str; 2]; 12] = [
    ["january", "enero"],
    ["february", "febrero"],
    ["march", "marzo"],
    ["april", "abril"],
    ["may", "mayo"],
    ["june", "junio"],
    ["july", "julio"],
    ["august", "agosto"],
    ["september", "septiembre"],
    ["october", "octubre"],
    ["november", "noviembre"],
    ["december", "diciembre"],
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn days_are_read() {
        let day = Some(Day { year: 1958, month: 3, day: 14 });
        for value in [
            "1958-03-14",
            "1958-3-14",
            "1958-03-14T10:00:00Z",
            "19580314",
            "195803141030",
            "3/14/1958",
            "03-14-1958",
            "14.3.1958",
            "14/03/1958",
            "03141958",
            "March 14, 1958",
            "14 Mar 1958",
            "14th of March 1958",
            "14MAR1958",
            "14-Mar-1958",
        ] {
            assert_eq!(Day::read(value), day, "{value}");
        }
        for value in
            ["", "1958", "1958-03", "March 1958", "58-03-14", "13/32/1958", "00000000", "x", "14 Xyz 1958", "é"]
        {
            assert_eq!(Day::read(value), None, "{value}");
        }
        let mut all = Vec::new();
        assert!(day.is_some());
        let Some(day) = day else { return };
        day.digits(|digits| all.push(String::from_utf8(digits.to_vec()).unwrap()));
        assert_eq!(all[..4], ["19580314", "1958314", "3141958", "3141958"]);
        assert_eq!(all[6..], ["31458", "31458", "140358", "14358"]);
        assert_eq!(Day::read("03/04/1958"), Some(Day { year: 1958, month: 3, day: 4 }));
        assert_eq!(Day::read("03.04.1958"), Some(Day { year: 1958, month: 4, day: 3 }));
    }
}
