//! How bytes stand for characters: UTF-8, and Windows-1252 for what is not UTF-8.
//!
//! Windows-1252 as the WHATWG defines it gives every byte a character, so that any byte string can be read and written
//! back; Latin-1 text reads the same but for 0x80-0x9F, which hold no letters in Latin-1.

use std::borrow::Cow;

use encoding_rs::WINDOWS_1252;

/// An encoding of text.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Charset {
    /// UTF-8.
    #[default]
    Utf8,
    /// Windows-1252, a superset of printable Latin-1.
    Windows1252,
}

impl Charset {
    /// UTF-8 when the bytes are valid UTF-8, otherwise Windows-1252.
    pub fn of(bytes: &[u8]) -> Self {
        if std::str::from_utf8(bytes).is_ok() { Charset::Utf8 } else { Charset::Windows1252 }
    }

    /// The characters; borrowed when they stand in the bytes as they are.
    pub fn decode(self, bytes: &[u8]) -> Cow<'_, str> {
        match self {
            // Nearly all are, and checking that is quicker than looking for what is not.
            Charset::Utf8 => std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed),
            Charset::Windows1252 => WINDOWS_1252.decode_without_bom_handling(bytes).0,
        }
    }

    /// The bytes as text, where they are text as they stand.
    pub(crate) fn as_text(self, bytes: &[u8]) -> Option<&str> {
        if self == Charset::Utf8 { std::str::from_utf8(bytes).ok() } else { None }
    }

    /// How many bytes the character written as `byte` takes in UTF-8. Of a UTF-8 sequence's bytes each is one.
    pub(crate) fn decoded_len(self, byte: u8) -> usize {
        match (self, byte) {
            (Charset::Utf8, _) | (_, 0..0x80) => 1,
            // The five codes that Windows-1252 leaves open are the C1 controls; four more characters are below U+0800.
            (
                _,
                0x81 | 0x8D | 0x8F | 0x90 | 0x9D | 0x83 | 0x88 | 0x8A | 0x8C | 0x8E | 0x98 | 0x9A | 0x9C | 0x9E | 0x9F,
            ) => 2,
            (_, 0x80..=0x9F) => 3,
            (_, 0xA0..) => 2,
        }
    }

    /// Appends the character; one that the encoding does not have becomes `?`.
    pub(crate) fn push(self, c: char, out: &mut Vec<u8>) {
        let mut buffer = [0; 4];
        let utf8 = c.encode_utf8(&mut buffer);
        match self {
            Charset::Utf8 => out.extend_from_slice(utf8.as_bytes()),
            Charset::Windows1252 if c.is_ascii() => out.extend_from_slice(utf8.as_bytes()),
            Charset::Windows1252 => match WINDOWS_1252.encode(utf8) {
                (bytes, _, false) => out.extend_from_slice(&bytes),
                _ => out.push(b'?'),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_of_windows_1252_has_the_length_it_decodes_to_and_comes_back() {
        for byte in 0..=255u8 {
            let bytes = [byte];
            let text = Charset::Windows1252.decode(&bytes);
            assert_eq!(Charset::Windows1252.decoded_len(byte), text.len(), "{byte:02x}");
            let mut back = Vec::new();
            text.chars().for_each(|c| Charset::Windows1252.push(c, &mut back));
            assert_eq!(back, [byte]);
        }
    }

    #[test]
    fn what_is_not_utf8_is_windows_1252() {
        for (bytes, charset) in [
            (&b"plain"[..], Charset::Utf8),
            ("Ren\u{e9}e".as_bytes(), Charset::Utf8),
            (b"Ren\xe9e", Charset::Windows1252),
            (b"", Charset::Utf8),
        ] {
            assert_eq!(Charset::of(bytes), charset);
        }
    }
}
