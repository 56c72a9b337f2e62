//! Stand-ins for numbers and codes, in the layout of the original: digit for digit, letter for letter.

use super::case;
use super::check::{self, Scheme};
use super::spoken;
use super::{Checksums, lists::TRIES};
use crate::identifier::Label;
use crate::transform::draw::{Draw, Draws};

/// Appends the stand-in of a number; false if there is neither letter nor digit to draw for.
pub(super) fn write(label: Label, checksums: Checksums, value: &str, draws: &Draws, out: &mut String) -> bool {
    if spoken::write(value, draws, out) {
        return true;
    }
    let mut layout = Layout::new(label, value);
    if layout.original.is_empty() {
        return false;
    }
    let digits = layout.digits();
    let mut draw = draws.of("number", &layout.key());
    if label == Label::Ssn && digits.len() == 9 && digits.len() == layout.original.len() {
        layout.drawn = ssn(&layout.original, checksums, &mut draw);
    } else {
        let zeros = if matches!(label, Label::Zip | Label::Ssn) { Zeros::Drawn } else { Zeros::Kept };
        let scheme = Scheme::of(label, &layout.original, value);
        for _ in 0..TRIES {
            layout.draw(label, zeros, &mut draw);
            if let Some(scheme) = &scheme {
                scheme.set(checksums, &layout.original, &mut layout.drawn, &mut draw);
            }
            if !check::survives(&layout.original, &layout.drawn, layout.zeros) {
                break;
            }
        }
    }
    layout.write(out);
    true
}

/// Appends as many other digits as `digits` has.
pub(super) fn write_digits(kind: &str, digits: &str, draws: &Draws, out: &mut String) {
    let mut layout = Layout::new(Label::OtherId, digits);
    let mut draw = draws.of(kind, &layout.key());
    layout.draw(Label::OtherId, Zeros::Kept, &mut draw);
    layout.write(out);
}

/// Whether the zeros that a number begins with stay.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Zeros {
    /// Zeros stay, and another first digit is not 0: the number keeps its size.
    Kept,
    /// Any digit for any digit.
    Drawn,
}

/// Which characters of a value are drawn for, and what is drawn.
pub(super) struct Layout<'v> {
    value: &'v str,
    /// Of the characters of the value: whether they stay.
    stays: Vec<bool>,
    /// The others, letters as capitals; `?` for what is no ASCII.
    pub(super) original: Vec<u8>,
    /// What stands in, in place of each of `original`.
    pub(super) drawn: Vec<u8>,
    /// How many zeros at the start of `original` stay.
    zeros: usize,
    letters: &'static [u8],
}

impl<'v> Layout<'v> {
    /// Of a value; words like `MRN` before a number stay, so do groups of `X` that cover digits.
    pub(super) fn new(label: Label, value: &'v str) -> Layout<'v> {
        let mut stays: Vec<bool> = value.chars().map(|c| !case::is_letter(c) && !case::is_digit(c)).collect();
        if value.chars().any(case::is_digit) {
            keep_words(label, value, &mut stays);
        }
        let original = value.chars().zip(&stays).filter(|(_, stays)| !**stays).map(|(c, _)| symbol(c)).collect();
        let letters = match label {
            Label::Vehicle => VIN_LETTERS,
            _ if is_uuid(value) => HEX_LETTERS,
            _ => LETTERS,
        };
        Layout { value, stays, original, drawn: Vec::new(), zeros: 0, letters }
    }

    /// The value in one way, whatever its punctuation and case.
    pub(super) fn key(&self) -> String {
        let drawn_for = self.value.chars().zip(&self.stays).filter(|(_, stays)| !**stays);
        drawn_for.flat_map(|(c, _)| c.to_lowercase()).collect()
    }

    /// The places of digits in `original`.
    pub(super) fn digits(&self) -> Vec<usize> {
        (0..self.original.len()).filter(|at| self.original.get(*at).is_some_and(u8::is_ascii_digit)).collect()
    }

    /// Draws for every symbol, so that no three neighbours survive, nor the whole.
    pub(super) fn draw(&mut self, label: Label, zeros: Zeros, draw: &mut Draw) {
        self.drawn.clear();
        self.zeros = match zeros {
            Zeros::Drawn => 0,
            Zeros::Kept => leading_zeros(&self.original),
        };
        // How many neighbours up to here are as they were; and whether all are.
        let (mut alike, mut all) = (0, true);
        for (at, original) in self.original.iter().enumerate() {
            let last = at + 1 == self.original.len();
            let drawn = if at < self.zeros {
                b'0'
            } else {
                let from: &[u8] = match original {
                    b'0'..=b'9' if at == self.zeros && zeros == Zeros::Kept && *original != b'0' => NON_ZERO,
                    b'0'..=b'9' => DIGITS,
                    _ if label == Label::Biometric || self.letters.contains(original) => self.letters,
                    _ => LETTERS,
                };
                let must_differ = alike >= 2 || last && all;
                other(from, must_differ.then_some(*original), draw)
            };
            alike = if drawn == *original { alike + 1 } else { 0 };
            all &= drawn == *original;
            self.drawn.push(drawn);
        }
    }

    /// Appends the value with what was drawn.
    pub(super) fn write(&self, out: &mut String) {
        let mut drawn = self.drawn.iter();
        for (c, stays) in self.value.chars().zip(&self.stays) {
            match if *stays { None } else { drawn.next() } {
                Some(symbol) if c.is_lowercase() => out.push(char::from(symbol.to_ascii_lowercase())),
                Some(symbol) => out.push(char::from(*symbol)),
                None => out.push(c),
            }
        }
    }
}

/// One of `from`, but not that one.
fn other(from: &[u8], not: Option<u8>, draw: &mut Draw) -> u8 {
    match not.and_then(|not| from.iter().position(|b| *b == not)) {
        Some(place) if from.len() > 1 => {
            let at = draw.below(from.len() - 1);
            from.get(if at < place { at } else { at + 1 }).copied().unwrap_or(b'0')
        }
        _ => draw.pick(from).copied().unwrap_or(b'0'),
    }
}

/// Nine digits that are an SSN. Never issued are areas 000, 666 and 900-999, group 00 and serial 0000 (SSA, POMS RM
/// 10201.035); 9xx numbers with groups 50-65, 70-88, 90-92 and 94-99 are taxpayer numbers (IRS, ITIN), and with 93 those
/// of adoptions. So 9xx with groups 01-49 is nobody's.
fn ssn(original: &[u8], checksums: Checksums, draw: &mut Draw) -> Vec<u8> {
    let mut drawn = Vec::new();
    for _ in 0..TRIES {
        let (area, group) = match checksums {
            Checksums::Invalid => (900 + draw.below(100), 1 + draw.below(49)),
            Checksums::Valid => {
                let area = 1 + draw.below(898);
                (if area < 666 { area } else { area + 1 }, 1 + draw.below(99))
            }
        };
        drawn.clear();
        drawn.extend_from_slice(format!("{area:03}{group:02}{:04}", 1 + draw.below(9999)).as_bytes());
        if !check::survives(original, &drawn, 0) {
            break;
        }
    }
    drawn
}

/// Zeros that a code of digits only begins with, unless it is nothing else.
fn leading_zeros(original: &[u8]) -> usize {
    let zeros = original.iter().take_while(|b| **b == b'0').count();
    if original.get(zeros).is_some_and(u8::is_ascii_digit) { zeros } else { 0 }
}

fn symbol(c: char) -> u8 {
    match u8::try_from(c) {
        Ok(b) if b.is_ascii_alphanumeric() => b.to_ascii_uppercase(),
        // A digit of another script becomes a digit, and so on.
        _ if case::is_digit(c) => b'0',
        _ => b'?',
    }
}

/// Marks the characters of words that say what the number is, of `X` over digits and of the brackets of a UDI.
fn keep_words(label: Label, value: &str, stays: &mut [bool]) {
    let chars: Vec<char> = value.chars().collect();
    let at = |i: usize| chars.get(i).copied();
    let mut i = 0;
    while i < chars.len() {
        let run = chars.iter().skip(i).take_while(|c| case::is_letter(**c)).count();
        if run == 0 {
            // Application identifiers of GS1: what follows, not what is.
            if label == Label::Device && at(i) == Some('(') && at(i + 3) == Some(')') {
                stays.iter_mut().skip(i).take(4).for_each(|stays| *stays = true);
                i += 3;
            }
            i += 1;
            continue;
        }
        let word: String = chars.iter().skip(i).take(run).flat_map(|c| c.to_lowercase()).collect();
        let free_before = i == 0 || at(i - 1).is_some_and(|c| !case::is_digit(c));
        let free_after = at(i + run).is_none_or(|c| !case::is_digit(c));
        let covers = run >= 2 && free_before && free_after && word.bytes().all(|b| b == b'x');
        let call = label == Label::Phone && CALL_WORDS.contains(&word.as_str());
        if covers || call || free_before && (free_after || i == 0 && run >= 3) && WORDS.contains(&word.as_str()) {
            stays.iter_mut().skip(i).take(run).for_each(|stays| *stays = true);
        }
        i += run;
    }
}

/// 8-4-4-4-12 hexadecimal digits, or 32 of them.
fn is_uuid(value: &str) -> bool {
    let bytes = value.as_bytes();
    let hyphens = |b: (usize, &u8)| match b.0 {
        8 | 13 | 18 | 23 => *b.1 == b'-',
        _ => b.1.is_ascii_hexdigit(),
    };
    bytes.len() == 36 && bytes.iter().enumerate().all(hyphens)
        || bytes.len() == 32 && bytes.iter().all(u8::is_ascii_hexdigit)
}

const DIGITS: &[u8] = b"0123456789";
const NON_ZERO: &[u8] = b"123456789";
const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const HEX_LETTERS: &[u8] = b"ABCDEF";
/// Those of vehicle identification numbers: no I, O, Q (49 CFR 565.13).
const VIN_LETTERS: &[u8] = b"ABCDEFGHJKLMNPRSTUVWXYZ";

/// Words before or within numbers that say what they are.
const WORDS: &[&str] = &[
    "mrn",
    "no",
    "nr",
    "num",
    "number",
    "id",
    "acct",
    "account",
    "ssn",
    "ext",
    "lot",
    "sn",
    "serial",
    "npi",
    "dea",
    "license",
    "licence",
    "lic",
    "vin",
    "plate",
    "policy",
    "group",
    "grp",
    "member",
    "case",
    "room",
    "bed",
    "ref",
    "rx",
    "order",
    "claim",
    "visit",
    "encounter",
    "accession",
    "specimen",
    "study",
    "subject",
    "docket",
    "state",
    "certificate",
    "cert",
    "udi",
    "model",
    "device",
    "medicare",
    "medicaid",
    "hicn",
    "mbi",
    "patient",
    "record",
];

/// The same with telephone numbers.
const CALL_WORDS: &[&str] = &[
    "x",
    "ext",
    "extn",
    "extension",
    "tel",
    "telephone",
    "phone",
    "ph",
    "cell",
    "cellular",
    "mobile",
    "home",
    "work",
    "office",
    "fax",
    "facsimile",
    "pager",
    "page",
    "beeper",
    "direct",
    "voicemail",
    "or",
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn kept(label: Label, value: &str) -> String {
        let layout = Layout::new(label, value);
        value.chars().zip(&layout.stays).map(|(c, stays)| if *stays { c } else { '.' }).collect()
    }

    #[test]
    fn words_and_punctuation_stay() {
        for (label, value, want) in [
            (Label::Mrn, "MRN #00123-45", "MRN #.....-.."),
            (Label::Mrn, "MRN00123", "MRN....."),
            (Label::Mrn, "A-123", ".-..."),
            (Label::Mrn, "MRN", "..."),
            (Label::Ssn, "XXX-XX-1234", "XXX-XX-...."),
            (Label::Vehicle, "1XX45", "....."),
            (Label::Device, "(01)00643169001763(17)", "(01)..............(17)"),
            (Label::Mrn, "(01)006", "(..)..."),
            (Label::OtherId, "ROOM 12 BED b", "ROOM .. BED ."),
            (Label::OtherId, "JORDAN12", "........"),
        ] {
            assert_eq!(kept(label, value), want, "{value}");
        }
    }

    #[test]
    fn stand_in_ssns_are_never_issued() {
        let draws = Draws::new(&zeroize::Zeroizing::new([1; 32]), None);
        for n in 0..2000_u32 {
            let original = format!("{:09}", n * 449_371 % 1_000_000_000);
            let drawn = ssn(original.as_bytes(), Checksums::Invalid, &mut draws.of("", &original));
            let text = std::str::from_utf8(&drawn).unwrap();
            assert!(text.starts_with('9') && (1..=49).contains(&text[3..5].parse::<u32>().unwrap()), "{text}");
            let drawn = ssn(original.as_bytes(), Checksums::Valid, &mut draws.of("", &original));
            let text = std::str::from_utf8(&drawn).unwrap();
            assert!(!text.starts_with('9') && &text[..3] != "666" && &text[..3] != "000");
            assert!(&text[3..5] != "00" && &text[5..] != "0000");
        }
    }
}
