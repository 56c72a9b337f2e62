//! Codes of digits and letters.

use super::Shape;
use super::date::{full_date, year};
use super::parts::Parts;

/// The shape of a code with letters.
pub(super) fn shape(code: &str, parts: &Parts) -> Shape {
    let r = &parts.runs;
    let bytes = code.as_bytes();
    if bytes.len() == 36
        && bytes
            .iter()
            .enumerate()
            .all(|(i, b)| if matches!(i, 8 | 13 | 18 | 23) { *b == b'-' } else { b.is_ascii_hexdigit() })
    {
        return Shape::Uuid;
    }
    if valid_vin(code) {
        return Shape::Vin;
    }
    if parts.odd {
        return if parts.lower > 1 { Shape::MixedLower } else { Shape::MixedLong };
    }
    let hyphens = parts.connectors.iter().filter(|c| **c != 0).count();
    if parts.len >= 3 && hyphens == 2 && full_date(r[0], r[1], r[2]) && parts.len == 3 {
        return Shape::DateFull;
    }
    if parts.len == 2 && hyphens == 1 && (r[0].month > 0 || r[1].month > 0) {
        let number = if r[0].month > 0 { r[1] } else { r[0] };
        return if number.len == 4 {
            Shape::DateMonthYear
        } else if number.len <= 2 {
            Shape::DateMonthDay
        } else {
            Shape::Other
        };
    }
    // 2024-06-22T14:00:00Z
    if parts.len >= 5 && r[3].alpha && r[3].len == 1 && full_date(r[0], r[1], r[2]) {
        return Shape::DateFull;
    }
    if hyphens == 0 && parts.len == 2 && !r[0].alpha {
        let unit = bytes.get(r[0].len..).unwrap_or(b"").to_ascii_lowercase();
        let value = r[0].value;
        match unit.as_slice() {
            b"st" | b"nd" | b"rd" | b"th" if value < 1000 => return Shape::Ordinal,
            b"yo" | b"y" | b"yr" | b"yrs" | b"yof" | b"yom" | b"mo" | b"wk" | b"do" => return Shape::AgeLike,
            b"m" | b"f" if r[0].len <= 2 => return Shape::AgeLike,
            b"s" if r[0].len == 2 || (r[0].len == 4 && year(r[0]).is_some()) => return Shape::Decade,
            b"x" => return Shape::Times,
            b"am" | b"pm" | b"hrs" | b"h" | b"hr" | b"min" | b"a" | b"p" if r[0].len <= 4 => return Shape::Time,
            _ if UNITS.binary_search(&unit.as_slice()).is_ok() => return Shape::Dose,
            _ => {}
        }
    }
    // x9/24h
    if hyphens == 1
        && matches!(bytes.first(), Some(b'x' | b'X'))
        && parts.len == 4
        && r[0].len == 1
        && r[1].len <= 2
        && r[2].len <= 2
    {
        return Shape::Times;
    }
    // 12.5mg, 10:45am
    if parts.len == 3 && r[2].alpha && !r[0].alpha && !r[1].alpha && hyphens == 1 && parts.connectors[0] != b'-' {
        let unit = bytes.get(bytes.len() - r[2].len..).unwrap_or(b"").to_ascii_lowercase();
        if parts.connectors[0] == b':' {
            return Shape::Time;
        }
        if parts.connectors[0] == b'.' && UNITS.binary_search(&unit.as_slice()).is_ok() {
            return Shape::Dose;
        }
    }
    if hyphens == 0
        && matches!(bytes.first(), Some(b'x' | b'X' | b'q' | b'Q'))
        && parts.len <= 3
        && r[0].len == 1
        && r[1].len <= 3
        && parts.lower > 0
    {
        return Shape::Times;
    }
    if hyphens == 1
        && parts.len >= 3
        && parts.connectors[1] == b'.'
        && r[0].alpha
        && r[0].len == 1
        && !r[1].alpha
        && r[1].len == 2
        && bytes.len() <= 8
    {
        return Shape::Icd;
    }
    if hyphens == 0
        && parts.len == 4
        && matches!(bytes.first(), Some(b'g' | b'G'))
        && r[0].len == 1
        && r[2].len == 1
        && matches!(bytes.get(1 + r[1].len), Some(b'p' | b'P'))
    {
        return Shape::Gestation;
    }
    if hyphens == 0
        && parts.len >= 2
        && r[0].len == 2
        && !r[0].alpha
        && matches!(bytes.get(2), Some(b'w' | b'W'))
        && r[1].len == 1
    {
        return Shape::Gestation;
    }
    let size = parts.letters + parts.digits;
    if hyphens > 0 {
        return match size {
            0..=4 => Shape::MixedDashShort,
            5..=6 => Shape::MixedDash6,
            _ => Shape::MixedDashLong,
        };
    }
    if parts.lower > 1 {
        return Shape::MixedLower;
    }
    match size {
        0..=3 => Shape::Mixed3,
        4..=6 => Shape::Mixed6,
        _ => Shape::MixedLong,
    }
}

/// VIN check digit, 49 CFR 565.15(c): letters by transliteration, position weights, modulo 11.
pub fn valid_vin(code: &str) -> bool {
    const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    let bytes = code.as_bytes();
    if bytes.len() != 17 {
        return false;
    }
    let mut sum = 0;
    for (b, weight) in bytes.iter().zip(WEIGHTS) {
        let value = match b.to_ascii_uppercase() {
            d @ b'0'..=b'9' => u32::from(d - b'0'),
            c @ b'A'..=b'H' => u32::from(c - b'A') + 1,
            c @ b'J'..=b'N' => u32::from(c - b'J') + 1,
            b'P' => 7,
            b'R' => 9,
            c @ b'S'..=b'Z' => u32::from(c - b'S') + 2,
            _ => return false,
        };
        sum += value * weight;
    }
    let check = match sum % 11 {
        10 => b'X',
        d => b'0' + d as u8,
    };
    bytes.get(8).is_some_and(|b| b.to_ascii_uppercase() == check)
}

/// Units that stand glued to their number. Sorted.
pub(super) const UNITS: [&[u8]; 34] = [
    b"bpm", b"c", b"cc", b"cm", b"f", b"fr", b"g", b"ga", b"gm", b"gy", b"hz", b"in", b"iu", b"k", b"kg", b"khz", b"l",
    b"lb", b"lbs", b"lpm", b"mcg", b"meq", b"mg", b"mhz", b"ml", b"mm", b"mmhg", b"mmol", b"ms", b"oz", b"pg", b"sec",
    b"u", b"ug",
];
