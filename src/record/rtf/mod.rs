//! Text in RTF (Rich Text Format 1.9.1): `\\'e9`, `\\u233?`, control words, groups.

mod read;
#[cfg(test)]
mod tests;

pub(super) use self::read::read;
use super::Charset;

/// Length of the unit at the start of `rest`, which begins with a backslash: as written, and as text.
pub(super) fn unit(rest: &[u8]) -> (usize, usize) {
    match special(rest, 1) {
        Some((length, c)) => (length, c.map_or(0, char::len_utf8)),
        None => (1, 1),
    }
}

/// Appends a character of a replacement.
pub(super) fn push(c: char, out: &mut Vec<u8>) {
    match c {
        '\\' | '{' | '}' => out.extend([b'\\', c as u8]),
        '\n' => out.extend_from_slice(b"\\line "),
        '\t' => out.extend_from_slice(b"\\tab "),
        c if c.is_ascii() => out.push(c as u8),
        c => {
            // In a group of its own: how many characters stand in for one that is not known may be set to others here.
            out.extend_from_slice(b"{\\uc1");
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.extend_from_slice(format!("\\u{}?", *unit as i16).as_bytes());
            }
            out.push(b'}');
        }
    }
}

/// Length of the control at the start of `rest` that stands for a character, and the character; `None` within for one
/// that shows nothing. `fallback` characters after `\\u233` stand in for it, 0 or 1.
///
/// A 0 can only be given for the last unit of a segment, where [`unit`] sees no fallback either.
fn special(rest: &[u8], fallback: usize) -> Option<(usize, Option<char>)> {
    match rest {
        [b'\\', c @ (b'\\' | b'{' | b'}'), ..] => Some((2, Some(char::from(*c)))),
        [b'\\', b'~', ..] => Some((2, Some('\u{a0}'))),
        [b'\\', b'_', ..] => Some((2, Some('\u{2011}'))),
        [b'\\', b'-', ..] => Some((2, None)),
        [b'\\', b'\'', high, low, ..] => {
            let digit = |byte: &u8| char::from(*byte).to_digit(16);
            let byte = u8::try_from(digit(high)? * 16 + digit(low)?).ok()?;
            Some((4, Charset::Windows1252.decode(&[byte]).chars().next()))
        }
        [b'\\', b'u', b'-' | b'0'..=b'9', ..] => {
            let (length, code) = utf16(rest, fallback)?;
            if (0xD800..0xDC00).contains(&code)
                && let Some((more, low @ 0xDC00..=0xDFFF)) = utf16(rest.get(length..)?, fallback)
            {
                let code = 0x10000 + ((u32::from(code) - 0xD800) << 10) + (u32::from(low) - 0xDC00);
                return Some((length + more, char::from_u32(code)));
            }
            Some((length, Some(char::from_u32(u32::from(code)).unwrap_or(char::REPLACEMENT_CHARACTER))))
        }
        _ => {
            let (word, length) = word(rest)?;
            let (_, c) = CHARACTERS.iter().find(|(known, _)| known.as_bytes() == word)?;
            Some((length, Some(*c)))
        }
    }
}

/// Length and UTF-16 code of `\\u233?` with what stands in for it.
fn utf16(rest: &[u8], fallback: usize) -> Option<(usize, u16)> {
    let number = rest.strip_prefix(b"\\u")?;
    let sign = usize::from(number.first() == Some(&b'-'));
    let digits = number.iter().skip(sign).take_while(|b| b.is_ascii_digit()).count();
    let number = std::str::from_utf8(number.get(..sign + digits)?).ok()?;
    // Written as a signed number of 16 bits; larger ones are met unsigned.
    let code =
        number.parse::<i32>().ok().and_then(|n| u16::try_from(n.rem_euclid(0x10000)).ok().filter(|_| n < 0x10000))?;
    let mut length = 2 + sign + digits;
    if rest.get(length) == Some(&b' ') {
        length += 1;
    }
    if fallback > 0 {
        length += match rest.get(length..).unwrap_or_default() {
            [b'\\', b'\'', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => 4,
            [] | [b'\\' | b'{' | b'}' | b'\r' | b'\n', ..] => 0,
            // A character of UTF-8 where one byte was meant is not cut.
            [byte, next, ..] if *byte >= 0xC0 && (0x80..0xC0).contains(next) => 0,
            _ => 1,
        };
    }
    Some((length, code))
}

/// The control word at the start of `rest`, and its length with its number and the space that ends it.
fn word(rest: &[u8]) -> Option<(&[u8], usize)> {
    let inside = rest.strip_prefix(b"\\")?;
    let letters = inside.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    if letters == 0 {
        return None;
    }
    let mut length = 1 + letters;
    let number = rest.get(length..).unwrap_or_default();
    let sign = usize::from(number.first() == Some(&b'-'));
    let digits = number.iter().skip(sign).take_while(|b| b.is_ascii_digit()).count();
    if digits > 0 {
        length += sign + digits;
    }
    length += usize::from(rest.get(length) == Some(&b' '));
    Some((inside.get(..letters)?, length))
}

/// Control words that stand for a character.
const CHARACTERS: &[(&str, char)] = &[
    ("bullet", '\u{2022}'),
    ("emdash", '\u{2014}'),
    ("emspace", '\u{2003}'),
    ("endash", '\u{2013}'),
    ("enspace", '\u{2002}'),
    ("ldblquote", '\u{201c}'),
    ("lquote", '\u{2018}'),
    ("qmspace", '\u{2005}'),
    ("rdblquote", '\u{201d}'),
    ("rquote", '\u{2019}'),
];
