//! Escapes of HL7 version 2 (v2.5.1, chapter 2, section 2.7): `\F\`, `\S\`, `\T\`, `\R\`, `\E\`, `\.br\`, `\Xhh\`.

use std::borrow::Cow;

use encoding_rs::WINDOWS_1252;
use memchr::memchr;

use crate::record::{Charset, Delimiters};

/// What an escape stands for.
enum Meaning {
    /// One character of ASCII.
    Char(u8),
    /// Nothing that is read: highlighting, another character set.
    Nothing,
    /// Bytes, as hexadecimal digits.
    Hex,
    /// Not known: it stands for itself.
    Itself,
}

/// Length of the unit at the start of `rest`, which begins with the escape character: as written, and as text.
pub(in crate::record) fn unit(rest: &[u8], delimiters: Delimiters) -> (usize, usize) {
    match parse(rest, delimiters) {
        // It begins no escape.
        None => (1, 1),
        Some((inside, meaning)) => {
            let written = inside.len() + 2;
            let text = match meaning {
                Meaning::Char(_) => 1,
                Meaning::Nothing => 0,
                Meaning::Hex => hex(inside).len(),
                Meaning::Itself => written,
            };
            (written, text)
        }
    }
}

/// The text of a written value.
pub(super) fn decode<'r>(bytes: &'r [u8], delimiters: Delimiters, charset: Charset) -> Cow<'r, str> {
    let Some(first) = memchr(delimiters.escape, bytes).filter(|_| delimiters.escape != 0) else {
        return charset.decode(bytes);
    };
    let mut text = String::with_capacity(bytes.len());
    let (mut plain, mut at) = (0, first);
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        match parse(rest, delimiters) {
            None => at += 1,
            Some((inside, meaning)) => {
                let end = at + inside.len() + 2;
                // What stands for itself is copied with the text around it.
                if !matches!(meaning, Meaning::Itself) {
                    text.push_str(&charset.decode(bytes.get(plain..at).unwrap_or_default()));
                    plain = end;
                }
                match meaning {
                    Meaning::Char(byte) => text.push(char::from(byte)),
                    Meaning::Hex => text.push_str(&hex(inside)),
                    Meaning::Nothing | Meaning::Itself => {}
                }
                at = end;
            }
        }
        at += match memchr(delimiters.escape, bytes.get(at..).unwrap_or_default()) {
            Some(next) => next,
            None => break,
        };
    }
    text.push_str(&charset.decode(bytes.get(plain..).unwrap_or_default()));
    Cow::Owned(text)
}

/// Appends a character of a replacement; what has a meaning in the message is escaped.
pub(in crate::record) fn push(c: char, delimiters: Delimiters, charset: Charset, out: &mut Vec<u8>) {
    let code = match u8::try_from(c) {
        // Ends of lines and frames.
        Ok(b'\r' | b'\n' | 0x0B | 0x1C | 0) => return out.push(b' '),
        Ok(b) if b == delimiters.field => b'F',
        Ok(b) if b == delimiters.component && b != 0 => b'S',
        Ok(b) if b == delimiters.subcomponent && b != 0 => b'T',
        Ok(b) if b == delimiters.repetition && b != 0 => b'R',
        Ok(b) if b == delimiters.escape && b != 0 => b'E',
        _ => return charset.push(c, out),
    };
    match delimiters.escape {
        0 => out.push(b' '),
        escape => out.extend([escape, code, escape]),
    }
}

/// The escape at the start of `rest`: what stands between its escape characters, and what that means; `None` when it is
/// none, or not closed.
fn parse(rest: &[u8], delimiters: Delimiters) -> Option<(&[u8], Meaning)> {
    if delimiters.escape == 0 || rest.first() != Some(&delimiters.escape) {
        return None;
    }
    let inside = rest.get(1..)?;
    let inside = inside.get(..memchr(delimiters.escape, inside)?)?;
    let meaning = match inside {
        b"F" => Meaning::Char(delimiters.field),
        b"S" if delimiters.component != 0 => Meaning::Char(delimiters.component),
        b"T" if delimiters.subcomponent != 0 => Meaning::Char(delimiters.subcomponent),
        b"R" if delimiters.repetition != 0 => Meaning::Char(delimiters.repetition),
        b"E" => Meaning::Char(delimiters.escape),
        // Truncation (v2.7).
        b"P" => Meaning::Char(b'#'),
        b"H" | b"N" => Meaning::Nothing,
        [b'X' | b'x', digits @ ..] if is_hex(digits) => Meaning::Hex,
        [b'C' | b'M', digits @ ..] if is_hex(digits) => Meaning::Nothing,
        [b'.', command @ ..] => formatting(command)?,
        // Local escapes and what else is short and in one piece. Text between two such characters is no escape.
        [b'Z', ..] | [_] | [_, _] | [_, _, _] if inside.iter().all(u8::is_ascii_alphanumeric) => Meaning::Itself,
        _ => return None,
    };
    Some((inside, meaning))
}

/// Formatting commands of FT (chapter 2, section 2.7.6): new lines, and what only moves the text on a page.
fn formatting(command: &[u8]) -> Option<Meaning> {
    let name = command.get(..2)?;
    let number = command.get(2..)?;
    let number = number.strip_prefix(b"+").or_else(|| number.strip_prefix(b"-")).unwrap_or(number);
    if !number.iter().all(u8::is_ascii_digit) {
        return None;
    }
    match name.to_ascii_lowercase().as_slice() {
        b"br" | b"sp" | b"ce" => Some(Meaning::Char(b'\n')),
        b"in" | b"ti" | b"fi" | b"nf" | b"sk" => Some(Meaning::Char(b' ')),
        _ => None,
    }
}

fn is_hex(digits: &[u8]) -> bool {
    !digits.is_empty() && digits.len().is_multiple_of(2) && digits.iter().all(u8::is_ascii_hexdigit)
}

/// The characters of `Xhh..`: UTF-8 when the bytes are, otherwise Windows-1252.
fn hex(inside: &[u8]) -> Cow<'static, str> {
    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or(0) as u8;
    let pairs = inside.get(1..).unwrap_or_default().chunks_exact(2);
    let bytes: Vec<u8> = pairs.map(|pair| pair.iter().fold(0, |n: u8, byte| n << 4 | digit(*byte))).collect();
    Cow::Owned(match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(e) => WINDOWS_1252.decode_without_bom_handling(e.as_bytes()).0.into_owned(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::identifier::Hint;
    use crate::record::{Escape, Segment, Walk};
    use crate::span::Span;

    const USUAL: Delimiters =
        Delimiters { field: b'|', component: b'^', repetition: b'~', escape: b'\\', subcomponent: b'&' };
    const OTHER: Delimiters =
        Delimiters { field: b'#', component: b'$', repetition: b'+', escape: b'*', subcomponent: b'&' };
    const NONE: Delimiters = Delimiters { escape: 0, subcomponent: 0, ..USUAL };

    #[test]
    fn escapes_are_decoded() {
        for (written, delimiters, want) in [
            (r"R\T\D \F\ \S\ \R\ \E\", USUAL, r"R&D | ^ ~ \"),
            ("*T*a*F*b*E*c*R*d*S*", OTHER, "&a#b*c+d$"),
            (r"one\.br\two\.sp\three\.sp+2\\.in+4\four", USUAL, "one\ntwo\nthree\n four"),
            (r"\H\bold\N\ \.ce\x\.BR\y", USUAL, "bold \nx\ny"),
            (r"\X41\\X4a4B\\XC3A9\\XE9\\X0D0A\", USUAL, "AJK\u{e9}\u{e9}\r\n"),
            (r"\C2842\a\M242442\b", USUAL, "ab"),
            // What is not known, not closed or no escape stays.
            (r"\Z1234\ \Q\ \foo\T\", USUAL, r"\Z1234\ \Q\ \foo\T\"),
            (r"C:\Program Files\x \T", USUAL, r"C:\Program Files\x \T"),
            (r"\X4\ \XZZ\ \.xx\ \\", USUAL, r"\X4\ \XZZ\ \.xx\ \\"),
            (r"\\R\ no \R\\.br\", USUAL, "\\~ no ~\n"),
            (r"\E\\T\\\T\", USUAL, r"\&\&"),
            (r"a\T\b", NONE, r"a\T\b"),
            ("a^b|", NONE, "a^b|"),
        ] {
            assert_eq!(decode(written.as_bytes(), delimiters, Charset::Utf8), want, "{written}");
        }
    }

    #[test]
    fn replacements_are_escaped() {
        for (text, delimiters, want) in [
            ("a|b^c~d\\e&f", USUAL, r"a\F\b\S\c\R\d\E\e\T\f"),
            ("a#b$c+d*e&f|", OTHER, "a*F*b*S*c*R*d*E*e*T*f|"),
            ("a|b^c&\r\n\u{b}\0", NONE, "a b c&    "),
        ] {
            let mut out = Vec::new();
            text.chars().for_each(|c| push(c, delimiters, Charset::Utf8, &mut out));
            assert_eq!(String::from_utf8_lossy(&out), want);
        }
    }

    fn walked(written: &[u8], charset: Charset) -> (usize, usize, usize) {
        let text = decode(written, USUAL, charset);
        let length = text.len();
        let segment = Segment::new(Span::new(0, written.len()), text, Hint::Text, Escape::Hl7(USUAL));
        let raw = Walk::new(written, charset, &segment).raw(Span::new(0, length));
        let (mut at, mut decoded) = (0, 0);
        while let Some(byte) = written.get(at) {
            let unit = if *byte == b'\\' { unit(&written[at..], USUAL) } else { (1, charset.decoded_len(*byte)) };
            at += unit.0;
            decoded += unit.1;
        }
        assert!(raw.end <= written.len());
        (at, decoded, length)
    }

    proptest! {
        #[test]
        fn units_are_as_long_as_what_they_decode_to(
            parts in proptest::collection::vec(
                proptest::sample::select(vec![
                    "\\", "\\T\\", "\\.br\\", "\\.in+4\\", "\\XE9\\", "\\XC3A9\\", "\\X4\\", "\\H\\", "\\C2842\\", "\\Zab\\",
                    "\\q\\", "E", "x y", "\u{e9}", "\u{4e00}", "F\\", ".br", "\\ \\",
                ]),
                0..16,
            ),
            tail in proptest::collection::vec(any::<u8>(), 0..4),
        ) {
            let mut written = parts.concat().into_bytes();
            let (at, decoded, length) = walked(&written, Charset::Utf8);
            prop_assert_eq!((at, decoded), (written.len(), length));
            written.extend(tail);
            let (at, decoded, length) = walked(&written, Charset::Windows1252);
            prop_assert_eq!((at, decoded), (written.len(), length));
        }
    }
}
