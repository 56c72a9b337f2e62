//! Codes of digits.

use super::Shape;
use super::date::{full_date, month_day, valid_date, year};
use super::parts::{Parts, Run};

/// The shape of a code without letters.
pub(super) fn shape(parts: &Parts) -> Shape {
    let r = &parts.runs;
    if parts.odd {
        return if parts.digits >= 6 { Shape::DashLong } else { Shape::DashShort };
    }
    match parts.len {
        1 => integer(r[0]),
        2 => match parts.connectors[0] {
            b'/' => {
                if r[1].len == 4 && (1..=12).contains(&r[0].value) && year(r[1]).is_some() {
                    Shape::DateMonthYear
                } else if r[0].len >= 2
                    && r[1].len >= 2
                    && (60..=260).contains(&r[0].value)
                    && (30..=160).contains(&r[1].value)
                {
                    Shape::Pressure
                } else if month_day(r[0], r[1], 0) {
                    if r[0].value <= r[1].value && r[1].value <= 10 && !r[0].zero && !r[1].zero {
                        Shape::Score
                    } else {
                        Shape::DateMonthDay
                    }
                } else if r[0].len <= 3 && r[1].len <= 3 {
                    Shape::Ratio
                } else if parts.digits >= 6 {
                    Shape::DashLong
                } else {
                    Shape::DashShort
                }
            }
            b'.' => Shape::Decimal,
            b':' => {
                if r[0].value < 25 && r[1].len == 2 && r[1].value < 60 {
                    Shape::Time
                } else {
                    Shape::Ratio
                }
            }
            b'-' => {
                if r[0].len == 3 && r[1].len == 4 {
                    Shape::Phone7
                } else if r[0].len == 4 && r[1].len == 2 && year(r[0]).is_some() && (1..=12).contains(&r[1].value) {
                    Shape::DateMonthYear
                } else if r[0].len == 5 && r[1].len == 4 {
                    Shape::Zip4
                } else if r[0].len == 4
                    && r[1].len == 4
                    && integer(r[0]) == Shape::Clock
                    && integer(r[1]) == Shape::Clock
                {
                    Shape::Time
                } else if r[0].len <= 3 && r[1].len <= 3 {
                    Shape::Range
                } else if parts.digits >= 6 {
                    Shape::DashLong
                } else {
                    Shape::DashShort
                }
            }
            _ if parts.digits >= 6 => Shape::DashLong,
            _ => Shape::DashShort,
        },
        // `0.5-1`, `3.5-5.1`: a range of measurements.
        3 if parts.connectors[..2] == *b".-" || parts.connectors[..2] == *b"-." => Shape::Range,
        4 if parts.connectors[..3] == *b".-." => Shape::Range,
        3 => {
            let same = parts.connectors[0] == parts.connectors[1];
            if same && matches!(parts.connectors[0], b'/' | b'-' | b'.') && full_date(r[0], r[1], r[2]) {
                Shape::DateFull
            } else if r[0].len == 3 && r[1].len == 3 && r[2].len == 4 {
                Shape::Phone10
            } else if parts.all(b'-') && r[0].len == 3 && r[1].len == 2 && r[2].len == 4 {
                Shape::Ssn
            } else if parts.all(b':') {
                Shape::Time
            } else if parts.connectors[0] == b'/'
                && parts.connectors[1] == b'-'
                && month_day(r[0], r[1], 0)
                && r[2].len <= 2
            {
                Shape::DateRange
            } else if parts.all(b'.') {
                Shape::Dotted
            } else if parts.digits >= 6 {
                Shape::DashLong
            } else {
                Shape::DashShort
            }
        }
        4 if parts.all(b'.') && r.iter().take(4).all(|r| r.value <= 255 && r.len <= 3) => Shape::Ipv4,
        4 if r[0].value == 1 && r[0].len == 1 && r[1].len == 3 && r[2].len == 3 && r[3].len == 4 => Shape::Phone10,
        4 if parts.connectors[..3] == *b"/-/" && month_day(r[0], r[1], 0) && month_day(r[2], r[3], 0) => {
            Shape::DateRange
        }
        5 if full_date(r[0], r[1], r[2]) => Shape::DateFull,
        6 if full_date(r[0], r[1], r[2]) && full_date(r[3], r[4], r[5]) => Shape::DateRange,
        4..=8 if full_date(r[0], r[1], r[2]) && parts.connectors[2] == b'-' => Shape::DateRange,
        _ if parts.all(b'.') => Shape::Dotted,
        // Blood gases: `7.38/44/71/26`.
        4.. if parts.connectors[0] == b'.' && parts.connectors[1] == b'/' && parts.connectors[2] == b'/' => {
            Shape::Ratio
        }
        _ if parts.digits >= 6 => Shape::DashLong,
        _ => Shape::DashShort,
    }
}

fn integer(run: Run) -> Shape {
    match run.len {
        1 => Shape::Int1,
        2 => Shape::Int2,
        3 => Shape::Int3,
        4 if (1900..2100).contains(&run.value) => Shape::Year,
        4 if run.value / 100 < 24 && run.value % 100 < 60 => Shape::Clock,
        4 if run.zero => Shape::IntZero,
        4 => Shape::Int4,
        8 => {
            let (head, tail) = (run.value / 10_000, run.value % 10_000);
            let ymd = (1880..2100).contains(&head) && valid_date(head, tail / 100, tail % 100);
            let mdy = (1880..2100).contains(&tail)
                && (valid_date(tail, head / 100, head % 100) || valid_date(tail, head % 100, head / 100));
            if ymd || mdy {
                Shape::Date8
            } else if run.zero {
                Shape::IntZero
            } else {
                Shape::Int8
            }
        }
        5..=9 if run.zero => Shape::IntZero,
        5 => Shape::Int5,
        6 => Shape::Int6,
        7 => Shape::Int7,
        9 => Shape::Int9,
        // u32 saturates above ten digits; ten digits fit only below 4,294,967,296, which the area code does not need.
        10 => Shape::Int10,
        _ => Shape::IntLong,
    }
}
