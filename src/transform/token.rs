//! The written form of tokens: `[NAME]` and `[NAME:4F7K2M9QX3D]`.
//!
//! The last symbol of a code is a checksum over GF(32), the field of the alphabet: with s1 the number of the label,
//! s2..sn the symbols of the code and g a generator of the field, it makes
//!
//! ```text
//! s1 g^(n-1) + s2 g^(n-2) + ... + sn g^0 = 0
//! ```
//!
//! A single wrong symbol (or label) adds e g^k with e not 0, which is not 0. Two neighbours swapped, a and b, add
//! (a + b)(g + 1) g^k, which is 0 only when a = b. So every one of either is detected, and the checksum stays in the
//! alphabet. Anything else passes once in 32; the seal behind it does not let it pass at all.

use crate::base32;
use crate::identifier::Label;
use crate::vault::Code;

/// What stands where a text has `[`.
pub(super) enum Parsed<'b> {
    /// No token.
    No,
    /// The bytes end before it can be told.
    More,
    /// `[NAME]`.
    Mark {
        /// Bytes, brackets included.
        len: usize,
    },
    /// `[NAME:CODE]`, `CODE` being letters and digits, nothing checked yet.
    Code {
        /// `None`: no label of that name.
        label: Option<Label>,
        /// With its checksum.
        code: &'b [u8],
        /// Bytes, brackets included.
        len: usize,
    },
}

/// A code that no version of this program wrote.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Mistyped;

/// Reads what starts at the `[` that `bytes` starts with.
pub(super) fn parse(bytes: &[u8]) -> Parsed<'_> {
    let name_len = run(bytes, 1, MAX_NAME, |b| b.is_ascii_alphanumeric() || b == b'_');
    let name = bytes.get(1..1 + name_len).unwrap_or_default();
    let label = || std::str::from_utf8(name).ok().and_then(Label::parse);
    match bytes.get(1 + name_len) {
        None => Parsed::More,
        Some(b']') if label().is_some() => Parsed::Mark { len: name_len + 2 },
        Some(b':') if name_len > 0 => {
            let start = name_len + 2;
            let code_len = run(bytes, start, MAX_CODE, |b| b.is_ascii_alphanumeric());
            match bytes.get(start + code_len) {
                None if code_len < MAX_CODE => Parsed::More,
                Some(b']') if code_len > 0 => Parsed::Code {
                    label: label(),
                    code: bytes.get(start..start + code_len).unwrap_or_default(),
                    len: start + code_len + 1,
                },
                _ => Parsed::No,
            }
        }
        _ => Parsed::No,
    }
}

/// How many bytes from `from` on, up to `max`, are part of what is read.
fn run(bytes: &[u8], from: usize, max: usize, part: impl Fn(u8) -> bool) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    let rest = rest.get(..max).unwrap_or(rest);
    rest.iter().position(|b| !part(*b)).unwrap_or(rest.len())
}

/// Appends `[NAME]`.
pub(super) fn write_mark(label: Label, out: &mut String) {
    out.push('[');
    out.push_str(label.name());
    out.push(']');
}

/// Appends `[NAME:CODE]`, the code being `payload` and its checksum.
pub(super) fn write_code(label: Label, payload: &[u8], out: &mut String) {
    out.push('[');
    out.push_str(label.name());
    out.push(':');
    let start = out.len();
    base32::encode(payload, out);
    close(label, start, out);
    out.push(']');
}

/// Appends the symbols of a vault's code under that label, its checksum included.
pub(super) fn write_vault_symbols(label: Label, code: Code, out: &mut String) {
    let start = out.len();
    for symbol in (0..VAULT_SYMBOLS).rev() {
        out.push(base32::symbol((code.number() >> (5 * symbol)) as u8));
    }
    close(label, start, out);
}

/// Appends `[NAME:...]` with [`BLANK`] where the code of a vault is to stand.
pub(super) fn write_blank(label: Label, out: &mut String) {
    out.push('[');
    out.push_str(label.name());
    out.push(':');
    out.push_str(BLANK);
    out.push(']');
}

/// The vault's code in a code of that many symbols whose checksum holds.
pub(super) fn read_vault_code(label: Label, code: &[u8]) -> Result<Code, Mistyped> {
    if code.len() == VAULT_CODE && holds(label, code) { vault_number(code).ok_or(Mistyped) } else { Err(Mistyped) }
}

/// The code of a vault in that many symbols, whatever their checksum.
pub(super) fn vault_number(code: &[u8]) -> Option<Code> {
    let (_, symbols) = code.split_last().filter(|(_, symbols)| symbols.len() == VAULT_SYMBOLS)?;
    Code::new(symbols.iter().try_fold(0, |number, s| Some(number << 5 | u64::from(base32::value(*s)?)))?)
}

/// Appends the checksum of the code that starts at `start`.
pub(super) fn close(label: Label, start: usize, out: &mut String) {
    let sum = out.as_bytes().get(start..).unwrap_or_default().iter();
    let sum = sum.filter_map(|s| base32::value(*s)).fold(number(label), |sum, s| times_g(sum) ^ s);
    out.push(base32::symbol(times_g(sum)));
}

/// Whether the checksum of a code holds.
pub(super) fn holds(label: Label, code: &[u8]) -> bool {
    checksum(label, code) == Some(0)
}

/// The payload of a code whose checksum holds.
pub(super) fn read_code(label: Label, code: &[u8]) -> Option<Vec<u8>> {
    let sum = checksum(label, code)?;
    let (_, symbols) = code.split_last()?;
    let mut payload = Vec::new();
    base32::decode(symbols, &mut payload)?;
    (sum == 0).then_some(payload)
}

/// 0 where the checksum holds; `None` where a symbol is none.
fn checksum(label: Label, code: &[u8]) -> Option<u8> {
    code.iter().try_fold(number(label), |sum, s| Some(times_g(sum) ^ base32::value(*s)?))
}

/// The number of a label in the checksum. Part of the format: tokens in the world depend on it.
///
/// Invariant: below 32, no two the same.
fn number(label: Label) -> u8 {
    const { assert!(Label::ALL.len() <= 32) };
    label as u8
}

/// Times the generator x, for `a` below 32, of GF(2)[x] / (x^5 + x^2 + 1), which is primitive: its powers are all 31 elements but 0.
fn times_g(a: u8) -> u8 {
    // Without a branch, which would be a guess at every symbol.
    ((a << 1) ^ ((a >> 4) * 0b10_0101)) & 31
}

/// Symbols of a vault's code without its checksum.
const VAULT_SYMBOLS: usize = Code::BITS as usize / 5;
/// Symbols of a vault's code, checksum included.
pub(super) const VAULT_CODE: usize = VAULT_SYMBOLS + 1;
/// Stands in place of a vault's code until it is known. No code holds a `U`.
pub(super) const BLANK: &str = "UUUUUUUUUUU";
const _: () = assert!(BLANK.len() == VAULT_CODE);
/// Longest name that is still looked at; labels are shorter.
const MAX_NAME: usize = 24;
/// Symbols of the longest code that is written: a full [piece](super::content::PIECE), and checksum.
pub(super) const MAX_CODE: usize = base32::symbols(super::seal::OVERHEAD + super::content::PIECE) + 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_has_full_order() {
        let mut seen = [false; 32];
        let mut a = 1;
        for _ in 0..31 {
            assert!(a != 0 && !seen[usize::from(a)]);
            seen[usize::from(a)] = true;
            a = times_g(a);
        }
        assert_eq!(a, 1);
    }

    #[test]
    fn label_numbers_are_fixed() {
        // A new label goes to the end of a kind only together with a new version of the payload.
        let names: Vec<&str> = Label::ALL.iter().map(|l| l.name()).collect();
        assert_eq!(
            names.join(" "),
            "NAME DATE AGE90 STREET CITY ZIP FACILITY EMPLOYER PHONE FAX EMAIL URL IP SSN MRN HEALTH_PLAN ACCOUNT \
             LICENSE VEHICLE DEVICE BIOMETRIC OTHER_ID STATE COUNTRY YEAR AGE PROFESSION ORG_OK"
        );
    }

    #[test]
    fn every_single_error_and_swap_is_detected() {
        for payload in [&b"\x00"[..], b"Osei", b"\xff\x00\xff\x00\x12\x34\x56\x78\x9a\xbc\xde\xf0"] {
            let mut text = String::new();
            write_code(Label::Mrn, payload, &mut text);
            let code = &text.as_bytes()[5..text.len() - 1];
            let symbols = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
            assert_eq!(read_code(Label::Mrn, code).as_deref(), Some(payload));
            assert_eq!(read_code(Label::Mrn, code.to_ascii_lowercase().as_slice()).as_deref(), Some(payload));
            for label in Label::ALL.into_iter().filter(|l| *l != Label::Mrn) {
                assert_eq!(read_code(label, code), None, "{}", label.name());
            }
            for i in 0..code.len() {
                for symbol in symbols.iter().filter(|s| **s != code[i]) {
                    let mut wrong = code.to_vec();
                    wrong[i] = *symbol;
                    assert_eq!(read_code(Label::Mrn, &wrong), None);
                }
                if i > 0 && code[i] != code[i - 1] {
                    let mut swapped = code.to_vec();
                    swapped.swap(i, i - 1);
                    assert_eq!(read_code(Label::Mrn, &swapped), None);
                }
            }
        }
    }

    #[test]
    fn brackets_are_told_apart() {
        for (text, want) in [
            ("[NAME] x", "mark 6"),
            ("[name]", "mark 6"),
            ("[NAME:4F7K2M9QX3] x", "code NAME 4F7K2M9QX3 17"),
            ("[Health_Plan:1a] x", "code HEALTH_PLAN 1a 16"),
            ("[NICK:1A]", "code - 1A 9"),
            ("[NICK]", "no"),
            ("[NAME:]", "no"),
            ("[:AB]", "no"),
            ("[]", "no"),
            ("[NAME:A B]", "no"),
            ("[NAME:AB", "more"),
            ("[NAM", "more"),
            ("[", "more"),
            ("[[NAME]", "no"),
            ("[ALABELOFMORETHANTWENTYFOUR", "no"),
            ("[é]", "no"),
        ] {
            let got = match parse(text.as_bytes()) {
                Parsed::No => "no".to_owned(),
                Parsed::More => "more".to_owned(),
                Parsed::Mark { len } => format!("mark {len}"),
                Parsed::Code { label, code, len } => {
                    format!("code {} {} {len}", label.map_or("-", Label::name), String::from_utf8_lossy(code))
                }
            };
            assert_eq!(got, want, "{text}");
        }
        let long = format!("[NAME:{}", "A".repeat(MAX_CODE + 1));
        assert!(matches!(parse(long.as_bytes()), Parsed::No));
    }
}
