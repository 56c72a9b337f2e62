//! Check digits of numbers that have them, and whether too much of an original is left.

use super::Checksums;
use crate::identifier::Label;
use crate::transform::draw::Draw;

/// Where the check digit of a number stands, and how it is reckoned.
pub(super) struct Scheme {
    rule: Rule,
    /// Where the number starts among the symbols.
    from: usize,
    /// How many symbols it has.
    len: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Rule {
    /// Ten digits of a provider, with 80840 before them: 45 CFR 162.406, ISO/IEC 7812-1.
    Npi,
    /// Two letters and seven digits: Drug Enforcement Administration, registration numbers.
    Dea,
    /// Seventeen symbols, the ninth the check: 49 CFR 565.15.
    Vin,
    /// 8, 12, 13 or 14 digits: GS1 General Specifications 7.9.
    Gtin,
    /// 13 to 19 digits: ISO/IEC 7812-1 annex B.
    Luhn,
}

impl Scheme {
    /// The scheme of a number of that label and those symbols (letters as capitals).
    pub(super) fn of(label: Label, symbols: &[u8], value: &str) -> Option<Scheme> {
        let digits = symbols.iter().all(u8::is_ascii_digit);
        let of = |rule, len| Some(Scheme { rule, from: 0, len });
        match (label, symbols.len()) {
            (Label::License | Label::OtherId, 10)
                if digits && symbols.first().is_some_and(|b| matches!(b, b'1' | b'2')) =>
            {
                of(Rule::Npi, 10)
            }
            (Label::License | Label::OtherId, 9) if is_dea(symbols) => of(Rule::Dea, 9),
            (Label::Vehicle, 17) if is_vin(symbols) => of(Rule::Vin, 17),
            // The device identifier of a UDI comes first, 14 digits after `(01)`.
            (Label::Device, 14..) if value.trim_start().starts_with("(01)") => of(Rule::Gtin, 14),
            (Label::Device, len @ (8 | 12 | 13 | 14)) if digits => of(Rule::Gtin, len),
            (Label::Account | Label::HealthPlan | Label::OtherId, len @ 13..=19) if digits => of(Rule::Luhn, len),
            _ => None,
        }
    }

    /// Sets the check digit of `drawn`: right where that of `original` is and checksums are to be valid, wrong where they
    /// are not to be.
    pub(super) fn set(&self, checksums: Checksums, original: &[u8], drawn: &mut [u8], draw: &mut Draw) {
        let number = self.from..self.from + self.len;
        let (Some(original), Some(drawn)) = (original.get(number.clone()), drawn.get_mut(number)) else { return };
        if self.rule == Rule::Npi {
            // Providers are numbered from 1 and 2.
            if let Some(first) = drawn.first_mut() {
                *first = if *first % 2 == 0 { b'2' } else { b'1' };
            }
        }
        let (Some(right), place) = (self.rule.check(drawn), self.rule.place(self.len)) else { return };
        let holds = self.rule.check(original) == original.get(place).copied();
        let Some(check) = drawn.get_mut(place) else { return };
        match checksums {
            Checksums::Valid if holds => *check = right,
            Checksums::Valid => {}
            Checksums::Invalid => {
                while *check == right || !check.is_ascii_digit() {
                    *check = b'0' + draw.below(10) as u8;
                }
            }
        }
    }
}

#[cfg(test)]
impl Scheme {
    /// Whether the check digit of `number` is the right one.
    pub(super) fn holds(&self, number: &[u8]) -> bool {
        let number = &number[self.from..self.from + self.len];
        self.rule.check(number) == Some(number[self.rule.place(self.len)])
    }
}

impl Rule {
    /// Where the check digit stands in a number of that length.
    fn place(self, len: usize) -> usize {
        if self == Rule::Vin { 8 } else { len.saturating_sub(1) }
    }

    /// The check digit that belongs to a number; the one it has is passed over. `None` if there is none for it.
    fn check(self, number: &[u8]) -> Option<u8> {
        let digit = |b: &u8| u32::from(b.wrapping_sub(b'0'));
        let (_, body) = number.split_last()?;
        let sum = match self {
            Rule::Vin => {
                let values = number.iter().zip(VIN_WEIGHTS).map(|(b, w)| Some(transliterate(*b)? * w));
                let sum = values.sum::<Option<u32>>()? % 11;
                return Some(if sum == 10 { b'X' } else { b'0' + sum as u8 });
            }
            Rule::Dea => {
                let digits = body.get(2..)?.iter().map(digit);
                let sum: u32 = digits.enumerate().map(|(at, d)| if at % 2 == 0 { d } else { 2 * d }).sum();
                return Some(b'0' + (sum % 10) as u8);
            }
            Rule::Gtin => {
                body.iter().rev().map(digit).enumerate().map(|(at, d)| if at % 2 == 0 { 3 * d } else { d }).sum()
            }
            Rule::Luhn => luhn(body),
            // 24 is what the prefix 80840 adds.
            Rule::Npi => luhn(body) + 24,
        };
        Some(b'0' + ((10 - sum % 10) % 10) as u8)
    }
}

/// Whether the whole, or three neighbours, are as they were. The first `zeros` symbols do not count among the three.
pub(super) fn survives(original: &[u8], drawn: &[u8], zeros: usize) -> bool {
    if original == drawn {
        return true;
    }
    let mut alike = 0;
    for (at, (a, b)) in original.iter().zip(drawn).enumerate() {
        alike = if a == b { alike + 1 } else { 0 };
        if alike >= 3 && at >= zeros {
            return true;
        }
    }
    false
}

/// The sum of Luhn over a number without its check digit.
fn luhn(body: &[u8]) -> u32 {
    let doubled = |(at, b): (usize, &u8)| {
        let d = u32::from(b.wrapping_sub(b'0'));
        if at % 2 == 1 {
            d
        } else if d > 4 {
            2 * d - 9
        } else {
            2 * d
        }
    };
    body.iter().rev().enumerate().map(doubled).sum()
}

/// What a symbol of a vehicle identification number counts, 49 CFR 565.15 table III; none for I, O and Q.
fn transliterate(symbol: u8) -> Option<u32> {
    Some(match symbol {
        b'0'..=b'9' => u32::from(symbol - b'0'),
        b'A'..=b'H' => u32::from(symbol - b'A') + 1,
        b'J'..=b'N' => u32::from(symbol - b'J') + 1,
        b'P' => 7,
        b'R' => 9,
        b'S'..=b'Z' => u32::from(symbol - b'S') + 2,
        _ => return None,
    })
}

fn is_dea(symbols: &[u8]) -> bool {
    symbols.iter().enumerate().all(|(at, b)| if at < 2 { b.is_ascii_uppercase() } else { b.is_ascii_digit() })
}

fn is_vin(symbols: &[u8]) -> bool {
    symbols.iter().all(|b| transliterate(*b).is_some())
        && symbols.get(8).is_some_and(|b| matches!(b, b'0'..=b'9' | b'X'))
}

/// The weights of the places of a vehicle identification number, 49 CFR 565.15 table IV; the check digit has none.
const VIN_WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBERS: &[(Rule, &str)] = &[
        // CMS's own example; the rest are published examples of their kind.
        (Rule::Npi, "1234567893"),
        (Rule::Npi, "1245319599"),
        (Rule::Dea, "AB1234563"),
        (Rule::Vin, "1M8GDM9AXKP042788"),
        (Rule::Vin, "11111111111111111"),
        (Rule::Gtin, "00643169001763"),
        (Rule::Gtin, "036000291452"),
        (Rule::Gtin, "4006381333931"),
        (Rule::Luhn, "4111111111111111"),
        (Rule::Luhn, "378282246310005"),
    ];

    #[test]
    fn check_digits_agree_with_published_numbers() {
        for (rule, number) in NUMBERS {
            let number = number.as_bytes();
            let place = rule.place(number.len());
            assert_eq!(rule.check(number), Some(number[place]), "{rule:?}");
            let mut wrong = number.to_vec();
            wrong[0] = if wrong[0] == b'2' { b'3' } else { b'2' };
            if *rule != Rule::Dea {
                assert_ne!(rule.check(&wrong), Some(number[place]), "{rule:?}");
            }
        }
    }

    #[test]
    fn what_survives_is_seen() {
        for (original, drawn, zeros, want) in [
            ("123456", "123987", 0, true),
            ("123456", "129487", 0, false),
            ("12", "12", 0, true),
            ("12", "13", 0, false),
            ("0001234", "0009876", 3, false),
            ("0001234", "0001876", 3, true),
        ] {
            assert_eq!(survives(original.as_bytes(), drawn.as_bytes(), zeros), want, "{original} {drawn}");
        }
    }
}
