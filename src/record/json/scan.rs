//! The lexical grammar of RFC 8259: white space, strings, numbers.

use std::borrow::Cow;

use crate::record::walk::hex;
use crate::record::{Fault, Reason};

/// The first byte from `at` on that is no white space.
#[inline]
pub(crate) fn whitespace_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\t' | b'\n' | b'\r') = bytes.get(at) {
        at += 1;
    }
    at
}

/// The closing quote of the string whose text starts at `start`, and whether it holds escapes. The escapes are not
/// checked, see [`unescape`].
#[inline]
pub(crate) fn string_end(bytes: &[u8], start: usize) -> Result<(usize, bool), Fault> {
    let mut at = start;
    let mut escaped = false;
    loop {
        at = plain_end(bytes, at);
        match bytes.get(at) {
            Some(b'"') => return Ok((at, escaped)),
            Some(b'\\') => {
                escaped = true;
                at += 2;
            }
            Some(_) => return Err(Fault::new(at, Reason::JsonControlCharacter)),
            None => return Err(Fault::new(bytes.len(), Reason::JsonUnexpectedEnd)),
        }
    }
}

/// The first quote, backslash or control character from `at` on.
#[inline]
fn plain_end(bytes: &[u8], mut at: usize) -> usize {
    const LOW: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let rest = bytes.get(at..).unwrap_or_default();
    let (words, _) = rest.as_chunks::<8>();
    for word in words {
        let w = u64::from_le_bytes(*word);
        // A byte becomes 0x80 or more when it is equal (after xor, zero) or below the bound; carries only ever spoil
        // bytes above the first hit, and only the first is used.
        let quote = w ^ (LOW * b'"' as u64);
        let slash = w ^ (LOW * b'\\' as u64);
        let hit =
            (quote.wrapping_sub(LOW) & !quote | slash.wrapping_sub(LOW) & !slash | w.wrapping_sub(LOW * 0x20) & !w)
                & HIGH;
        if hit != 0 {
            return at + (hit.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while let Some(byte) = bytes.get(at) {
        if matches!(byte, b'"' | b'\\' | 0..0x20) {
            break;
        }
        at += 1;
    }
    at
}

/// The text of a string with its escapes resolved. `base` is where it stands in the record, for faults.
pub(crate) fn unescape(raw: &str, base: usize) -> Result<Cow<'_, str>, Fault> {
    let mut out = String::new();
    let rest = escapes(raw, base, |plain, c| {
        out.push_str(plain);
        out.push(c);
    })?;
    if out.is_empty() {
        return Ok(Cow::Borrowed(raw));
    }
    out.push_str(rest);
    Ok(Cow::Owned(out))
}

/// Checks the escapes of a string that nobody reads.
pub(super) fn check_escapes(raw: &str, base: usize) -> Result<(), Fault> {
    escapes(raw, base, |_, _| ()).map(|_| ())
}

/// Gives each escape's character with the plain text before it, and returns the plain text after the last.
fn escapes<'r>(raw: &'r str, base: usize, mut each: impl FnMut(&'r str, char)) -> Result<&'r str, Fault> {
    let bytes = raw.as_bytes();
    let mut at = 0;
    while let Some(plain) = memchr::memchr(b'\\', bytes.get(at..).unwrap_or_default()) {
        let next = at + plain;
        let fault = |reason| Fault::new(base + next, reason);
        let (c, length) = match bytes.get(next + 1) {
            Some(b'n') => ('\n', 2),
            Some(b't') => ('\t', 2),
            Some(b'r') => ('\r', 2),
            Some(b'b') => ('\u{8}', 2),
            Some(b'f') => ('\u{c}', 2),
            Some(c @ (b'"' | b'\\' | b'/')) => (char::from(*c), 2),
            Some(b'u') => {
                let high = unit(bytes, next).ok_or(fault(Reason::JsonBadEscape))?;
                let (code, length) = match high {
                    0xD800..=0xDBFF => {
                        let low = unit(bytes, next + 6).filter(|low| (0xDC00..=0xDFFF).contains(low));
                        let low = low.ok_or(fault(Reason::JsonLoneSurrogate))?;
                        (0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00), 12)
                    }
                    code => (code, 6),
                };
                (char::from_u32(code).ok_or(fault(Reason::JsonLoneSurrogate))?, length)
            }
            _ => return Err(fault(Reason::JsonBadEscape)),
        };
        each(raw.get(at..next).unwrap_or_default(), c);
        at = next + length;
    }
    Ok(raw.get(at..).unwrap_or_default())
}

/// The code unit of the `\uXXXX` at `at`.
fn unit(bytes: &[u8], at: usize) -> Option<u32> {
    match bytes.get(at..at + 6)? {
        [b'\\', b'u', digits @ ..] if digits.iter().all(u8::is_ascii_hexdigit) => Some(hex(digits)),
        _ => None,
    }
}

/// The end of the number that starts at `start`.
pub(crate) fn number_end(bytes: &[u8], start: usize) -> Result<usize, Fault> {
    let digits = |mut at: usize| {
        let from = at;
        while let Some(b'0'..=b'9') = bytes.get(at) {
            at += 1;
        }
        if at > from {
            Ok(at)
        } else if at >= bytes.len() {
            Err(Fault::new(at, Reason::JsonUnexpectedEnd))
        } else {
            Err(Fault::new(at, Reason::JsonBadNumber))
        }
    };
    let mut at = start + usize::from(bytes.get(start) == Some(&b'-'));
    at = if bytes.get(at) == Some(&b'0') { at + 1 } else { digits(at)? };
    if bytes.get(at) == Some(&b'.') {
        at = digits(at + 1)?;
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        at += 1;
        if let Some(b'+' | b'-') = bytes.get(at) {
            at += 1;
        }
        at = digits(at)?;
    }
    match bytes.get(at) {
        Some(b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-') => Err(Fault::new(at, Reason::JsonBadNumber)),
        _ => Ok(at),
    }
}
