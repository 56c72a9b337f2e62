//! Dates in the runs of a code.

use super::parts::Run;

/// Whether day, month and year exist together. A year of 0 stands for an unknown one: February has 29 days then.
pub fn valid_date(year: u32, month: u32, day: u32) -> bool {
    let leap = year == 0 || (year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)));
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return false,
    };
    (1..=days).contains(&day)
}

/// A number that can be the year of a date, of two or four digits.
pub(super) fn year(run: Run) -> Option<u32> {
    match run.len {
        2 => Some(if run.value < 50 { 2000 + run.value } else { 1900 + run.value }),
        4 if (1880..2100).contains(&run.value) => Some(run.value),
        _ => None,
    }
}

/// Month and day in either order; `year` of 0 where there is none.
pub(super) fn month_day(a: Run, b: Run, year: u32) -> bool {
    a.len <= 2 && b.len <= 2 && (valid_date(year, a.value, b.value) || valid_date(year, b.value, a.value))
}

/// Day, month and year, in one of the orders that are written.
pub(super) fn full_date(a: Run, b: Run, c: Run) -> bool {
    if b.month > 0 {
        return a.len <= 2 && !a.alpha && year(c).is_some_and(|y| valid_date(y, u32::from(b.month), a.value))
            || a.len == 4 && c.len <= 2 && year(a).is_some_and(|y| valid_date(y, u32::from(b.month), c.value));
    }
    if a.month > 0 {
        return b.len <= 2 && !b.alpha && year(c).is_some_and(|y| valid_date(y, u32::from(a.month), b.value));
    }
    if a.alpha || b.alpha || c.alpha {
        return false;
    }
    (a.len == 4 && b.len <= 2 && c.len <= 2 && year(a).is_some_and(|y| valid_date(y, b.value, c.value)))
        || year(c).is_some_and(|y| month_day(a, b, y))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calendar() {
        for (y, m, d, want) in [
            (2020, 2, 29, true),
            (2019, 2, 29, false),
            (1900, 2, 29, false),
            (0, 2, 29, true),
            (2021, 13, 1, false),
            (2021, 4, 31, false),
        ] {
            assert_eq!(valid_date(y, m, d), want, "{y}-{m}-{d}");
        }
    }
}
