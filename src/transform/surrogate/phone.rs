//! Stand-ins for telephone and fax numbers: the layout stays, the number is one that is never given out.
//!
//! 555-0100 to 555-0199 are kept for fiction in every area code (NANPA, 555 line numbers). Elsewhere the country code
//! stays and all other digits are drawn: there is no such block of all countries.

use super::lists::Lists;
use super::number::{self, Layout, Zeros};
use crate::identifier::Label;
use crate::transform::draw::Draws;

/// Appends the stand-in of a number; false if there is nothing to draw for.
pub(super) fn write(lists: &Lists, value: &str, draws: &Draws, out: &mut String) -> bool {
    let mut layout = Layout::new(Label::Phone, value);
    let places = layout.digits();
    if places.is_empty() {
        return number::write(Label::OtherId, super::Checksums::Invalid, value, draws, out);
    }
    let digits: String = places.iter().filter_map(|at| layout.original.get(*at)).map(|b| char::from(*b)).collect();
    let main = digits.len().min(main_digits(value));
    let number = digits.get(..main).unwrap_or_default();
    let plan = plan(value.trim_start(), number);
    layout.draw(Label::Phone, Zeros::Kept, &mut draws.of("phone", &layout.key()));
    let stays = match plan {
        Plan::Other { country } => country,
        Plan::NorthAmerica { lead } => {
            // Also a second number that is joined to the first.
            let mut from = lead;
            while let Some(national) = digits.get(from..from + 10) {
                let (area, line) = national.split_at_checked(3).unwrap_or_default();
                set(&mut layout, &places, from, other_area(lists, area, national, draws));
                set(&mut layout, &places, from + 3, &fiction(line, draws));
                from += 10;
            }
            // An extension hangs on nothing but itself, so that the number alone has the same stand-in.
            redraw(&mut layout, &places, from, digits.get(from..).unwrap_or_default(), draws);
            lead
        }
        Plan::Local => {
            redraw(&mut layout, &places, 7, digits.get(7..).unwrap_or_default(), draws);
            set(&mut layout, &places, 0, &fiction(number, draws));
            0
        }
    };
    set(&mut layout, &places, 0, digits.get(..stays).unwrap_or_default());
    layout.write(out);
    true
}

/// How a number is made up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Plan {
    /// Area code, exchange and line after `lead` digits that stay.
    NorthAmerica { lead: usize },
    /// Exchange and line.
    Local,
    /// Anything else, `country` digits of which are the code of a country, with what is dialled before it.
    Other { country: usize },
}

/// The plan of a number whose digits, without extension, are `digits`.
fn plan(value: &str, digits: &str) -> Plan {
    let is_area = |from: usize| matches!(digits.as_bytes().get(from), Some(b'2'..=b'9'));
    let dialled = ["011", "00"].iter().find(|d| digits.starts_with(**d) && digits.len() > 10).map_or(0, |d| d.len());
    let abroad = value.starts_with(['+', '\u{ff0b}']) || value.starts_with("(+") || dialled > 0;
    match digits.len() {
        11.. if digits.starts_with('1') && is_area(1) => Plan::NorthAmerica { lead: 1 },
        14.. if dialled == 3 && digits.starts_with("0111") && is_area(4) => Plan::NorthAmerica { lead: 4 },
        _ if abroad => {
            let code = digits.get(dialled..).unwrap_or_default();
            Plan::Other { country: dialled + country_digits(code) }
        }
        10.. if is_area(0) => Plan::NorthAmerica { lead: 0 },
        7 => Plan::Local,
        _ => Plan::Other { country: 0 },
    }
}

/// How many digits the country code has that a number begins with (ITU-T E.164, list of assigned codes).
fn country_digits(digits: &str) -> usize {
    match digits.get(..2) {
        _ if digits.len() < 8 => 0,
        Some(two) if two.starts_with(['1', '7']) => 1,
        Some(two) if TWO_DIGITS.contains(&two) => 2,
        _ => 3,
    }
}

/// How many digits stand before the extension.
fn main_digits(value: &str) -> usize {
    let mut digits = 0;
    for c in value.chars() {
        if super::case::is_digit(c) {
            digits += 1;
        } else if digits >= 7 && matches!(c, 'x' | 'X' | 'e' | 'E' | '#' | ',' | ';' | '/') {
            return digits;
        }
    }
    digits
}

/// The seven digits of a fictional line.
fn fiction(line: &str, draws: &Draws) -> String {
    let last = line.get(line.len().saturating_sub(2)..).and_then(|last| last.parse().ok()).unwrap_or(100_usize);
    let drawn = draws.of("phone line", line).below(99);
    format!("55501{:02}", if drawn < last { drawn } else { drawn + 1 })
}

/// An area code other than `area`.
fn other_area<'l>(lists: &'l Lists, area: &str, national: &str, draws: &Draws) -> &'l str {
    let mut draw = draws.of("phone area", national);
    let drawn = draw.pick(&lists.area_codes).copied().unwrap_or("201");
    if drawn != area {
        return drawn;
    }
    let next = lists.area_codes.iter().position(|code| *code == area).map_or(0, |at| at + 1);
    lists.area_codes.get(next).or(lists.area_codes.first()).copied().unwrap_or("202")
}

/// Draws what stands from the `from`th digit on by itself: an extension, another number.
fn redraw(layout: &mut Layout<'_>, places: &[usize], from: usize, digits: &str, draws: &Draws) {
    if !digits.is_empty() {
        let mut drawn = String::new();
        number::write_digits("extension", digits, draws, &mut drawn);
        set(layout, places, from, &drawn);
    }
}

/// Sets digits, from the `from`th on.
fn set(layout: &mut Layout<'_>, places: &[usize], from: usize, digits: &str) {
    for (place, digit) in places.iter().skip(from).zip(digits.bytes()) {
        if let Some(drawn) = layout.drawn.get_mut(*place) {
            *drawn = digit;
        }
    }
}

/// Country codes of two digits.
const TWO_DIGITS: &[&str] = &[
    "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48", "49", "51",
    "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66", "81", "82", "84", "86", "90",
    "91", "92", "93", "94", "95", "98",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_are_told() {
        for (value, digits, want) in [
            ("216-555-0142", "2165550142", Plan::NorthAmerica { lead: 0 }),
            ("1-216-555-0142", "12165550142", Plan::NorthAmerica { lead: 1 }),
            ("+1 216 555 0142", "12165550142", Plan::NorthAmerica { lead: 1 }),
            ("555-0142", "5550142", Plan::Local),
            ("+44 20 7946 0958", "442079460958", Plan::Other { country: 2 }),
            ("+353 1 496 0123", "35314960123", Plan::Other { country: 3 }),
            ("011 44 20 7946 0958", "011442079460958", Plan::Other { country: 5 }),
            ("0049 30 901820", "004930901820", Plan::Other { country: 4 }),
            ("020 7946 0958", "02079460958", Plan::Other { country: 0 }),
            ("x4512", "4512", Plan::Other { country: 0 }),
            ("+12", "12", Plan::Other { country: 0 }),
        ] {
            assert_eq!(plan(value, digits), want, "{value}");
        }
    }

    #[test]
    fn extensions_are_told() {
        for (value, want) in [("216-555-0142 ext. 12", 10), ("555-0142x9", 7), ("x4512", 4), ("216-555-0142", 10)] {
            assert_eq!(main_digits(value), want, "{value}");
        }
    }
}
