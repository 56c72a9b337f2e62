//! What the form of a code says: date, telephone, time, dose, record number.
//!
//! Look-alikes have shapes of their own (blood pressure, dose, time, spine level), so that evidence can weigh against
//! them as well as for identifiers.

mod date;
mod mixed;
mod numeric;
mod parts;

pub use date::valid_date;
pub use mixed::valid_vin;

use parts::Parts;

/// The form of a [code](super::token::Kind::Code).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(u8)]
pub enum Shape {
    /// No shape of this list.
    #[default]
    Other,
    /// Digits alone, by how many.
    Int1,
    /// Two digits.
    Int2,
    /// Three digits.
    Int3,
    /// Four digits that are no year of 1900 to 2099.
    Int4,
    /// Five digits.
    Int5,
    /// Six digits.
    Int6,
    /// Seven digits.
    Int7,
    /// Eight digits that are no date.
    Int8,
    /// Nine digits.
    Int9,
    /// Ten digits that are no telephone number.
    Int10,
    /// Eleven digits and more.
    IntLong,
    /// Four to nine digits with a leading zero.
    IntZero,
    /// Ten digits that a North American telephone could have.
    IntPhone,
    /// 1900 to 2099.
    Year,
    /// `20240102`, `01022024`, also with a time glued to it.
    Date8,
    /// Calendar-valid day, month and year.
    DateFull,
    /// Month and year: `4/2019`, `2027-04`.
    DateMonthYear,
    /// Calendar-valid month and day: `3/14`.
    DateMonthDay,
    /// Two dates with a hyphen: `3/4-3/6`, `1/2/19-1/5/19`.
    DateRange,
    /// Two small numbers that could be a month and day only the other way round, or not at all: `7/10`, `30/6`.
    Ratio,
    /// Systolic over diastolic.
    Pressure,
    /// A number with a decimal point.
    Decimal,
    /// Several numbers with points: `1.2.3`.
    Dotted,
    /// Four numbers of 0 to 255 with points.
    Ipv4,
    /// Clock time.
    Time,
    /// Two short numbers with a hyphen.
    Range,
    /// `555-0142`.
    Phone7,
    /// Ten digits, grouped as a telephone number is.
    Phone10,
    /// `123-45-6789`.
    Ssn,
    /// `98312-5155`.
    Zip4,
    /// Other digits with hyphens or slashes, six or more of them.
    DashLong,
    /// Other digits with hyphens or slashes.
    DashShort,
    /// `4th`, `22nd`.
    Ordinal,
    /// `44yo`, `3y`.
    AgeLike,
    /// A number with a unit: `5mg`, `10mL`.
    Dose,
    /// `x3`, `q4h`, `3x`.
    Times,
    /// `90s`, `1990s`.
    Decade,
    /// Letter and digit, up to three characters: `L4`, `T2`, `3A`.
    Mixed3,
    /// Letters and digits, four to six characters, capitals.
    Mixed6,
    /// Letters and digits, seven characters and more, capitals.
    MixedLong,
    /// Letters and digits with lower case: `jdoe12`.
    MixedLower,
    /// Letters and digits with hyphens, fewer than five characters beside them.
    MixedDashShort,
    /// Letters and digits with hyphens, five to six characters beside them.
    MixedDash6,
    /// Letters and digits with hyphens, seven and more.
    MixedDashLong,
    /// `5f0c2a9e-3d5b-4a55-9a0b-1d2277c0be14`.
    Uuid,
    /// Vehicle identification number with a right check digit.
    Vin,
    /// Diagnosis code of ICD-10 with its point: `C50.411`.
    Icd,
    /// Weeks and days of pregnancy, pregnancies and births: `39w4d`, `G2P1`.
    Gestation,
    /// Four digits that can be a clock time: `0815`.
    Clock,
    /// Month and day that are as well a score out of ten or less: `5/5`, `9/10`.
    Score,
}

impl Shape {
    /// How many shapes there are.
    pub const COUNT: usize = Shape::Score as usize + 1;
}

/// The shape of a code. One that was scanned, with letters that stand for digits, has that of the digits: `l0/1`, `3l/O7/2Ol9`.
pub fn shape(code: &str) -> Shape {
    let mut parts = Parts::default();
    parts.read(code);
    if parts.letters == 0 {
        return numeric::shape(&parts);
    }
    let mut digits = [0; MISREAD];
    if let Some(code) = misread(code, &mut digits) {
        let mut parts = Parts::default();
        parts.read(code);
        return numeric::shape(&parts);
    }
    mixed::shape(code, &parts)
}

/// The digits that a code of digits with marks between them was, where a scan took some of them for letters.
fn misread<'d>(code: &str, digits: &'d mut [u8; MISREAD]) -> Option<&'d str> {
    let digits = digits.get_mut(..code.len())?;
    let (mut read, mut marks) = (0, 0);
    for (to, byte) in digits.iter_mut().zip(code.bytes()) {
        *to = match byte {
            b'0'..=b'9' => {
                read += 1;
                byte
            }
            b'l' | b'I' => b'1',
            b'O' | b'o' => b'0',
            b'/' | b'-' | b':' => {
                marks += 1;
                byte
            }
            _ => return None,
        };
    }
    // `O2` and `2l` are no numbers, and `I/O` is none.
    if read == 0 || marks == 0 {
        return None;
    }
    std::str::from_utf8(digits).ok()
}

/// Bytes of the longest code that is read as misread: two dates with times.
pub(super) const MISREAD: usize = 40;

/// The word that a code of letters was, where a scan took an `l` or two for `1` or an `o` for `0`: `Sincere1y`.
pub(super) fn misread_word<'l>(code: &str, letters: &'l mut [u8; MISREAD]) -> Option<&'l str> {
    let letters = letters.get_mut(..code.len())?;
    let mut digits = 0;
    for (to, byte) in letters.iter_mut().zip(code.bytes()) {
        *to = match byte {
            b'1' | b'0' => {
                digits += 1;
                if byte == b'1' { b'l' } else { b'o' }
            }
            _ if byte.is_ascii_alphabetic() => byte,
            _ => return None,
        };
    }
    // More letters than digits would be chance in a code.
    if digits > 2 || letters.len() < SHORTEST_MISREAD {
        return None;
    }
    std::str::from_utf8(letters).ok()
}

/// Letters of the shortest word that is read as misread.
const SHORTEST_MISREAD: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_a_scan_mistook_are_read() {
        let read = |code: &str| misread_word(code, &mut [0; MISREAD]).map(str::to_owned);
        for (code, word) in
            [("Sincere1y", "Sincerely"), ("albutero1", "albuterol"), ("p1ow", ""), ("L0T-991", ""), ("A10203", "")]
        {
            assert_eq!(read(code).unwrap_or_default(), word, "{code}");
        }
    }

    #[test]
    fn shapes() {
        assert!(mixed::UNITS.is_sorted());
        for (code, want) in [
            ("03/04/2019", Shape::DateFull),
            ("31/12/19", Shape::DateFull),
            ("2019-02-28", Shape::DateFull),
            ("2019-02-30", Shape::DashLong),
            ("17-Feb-2024", Shape::DateFull),
            ("14-MAR-38", Shape::DateFull),
            ("2024-06-22T14:00:00Z", Shape::DateFull),
            ("3/14", Shape::DateMonthDay),
            ("4/2019", Shape::DateMonthYear),
            ("2027-04", Shape::DateMonthYear),
            ("120/80", Shape::Pressure),
            ("13/30", Shape::Ratio),
            ("20240102", Shape::Date8),
            ("08032024", Shape::Date8),
            ("3/4-3/6", Shape::DateRange),
            ("555-0142", Shape::Phone7),
            ("360-555-0142", Shape::Phone10),
            ("1-800-555-0142", Shape::Phone10),
            ("123-45-6789", Shape::Ssn),
            ("98312-5155", Shape::Zip4),
            ("10.44.7.19", Shape::Ipv4),
            ("10:45", Shape::Time),
            ("10:45pm", Shape::Time),
            ("12.5", Shape::Decimal),
            ("12.5mg", Shape::Dose),
            ("5mg", Shape::Dose),
            ("44yo", Shape::AgeLike),
            ("4th", Shape::Ordinal),
            ("90s", Shape::Decade),
            ("x3", Shape::Times),
            ("q4h", Shape::Times),
            ("L4", Shape::Mixed3),
            ("C50.411", Shape::Icd),
            ("39w4d", Shape::Gestation),
            ("G3P2103", Shape::Gestation),
            ("0815", Shape::Clock),
            ("3.5-5.1", Shape::Range),
            ("1310-1358", Shape::Time),
            ("5/5", Shape::Score),
            ("9/10", Shape::Score),
            ("03/10", Shape::DateMonthDay),
            ("9/23", Shape::DateMonthDay),
            ("7.38/44/71/26", Shape::Ratio),
            ("x9/24h", Shape::Times),
            ("00482913", Shape::IntZero),
            ("2019", Shape::Year),
            ("l0/1", Shape::DateMonthDay),
            ("1/2O", Shape::DateMonthDay),
            ("O3/l4/2Ol9", Shape::DateFull),
            ("1l0/66", Shape::Pressure),
            ("08:O9", Shape::Time),
            ("S24-01877", Shape::MixedDashLong),
            ("jdoe12", Shape::MixedLower),
            ("5f0c2a9e-3d5b-4a55-9a0b-1d2277c0be14", Shape::Uuid),
            ("1M8GDM9AXKP042788", Shape::Vin),
            ("1M8GDM9A1KP042788", Shape::MixedLong),
            ("99999999999999999999999", Shape::IntLong),
            ("1-2-3-4-5-6-7-8-9-10-11", Shape::DashLong),
        ] {
            assert_eq!(shape(code), want, "{code}");
        }
    }
}
