//! What a token keeps of a value: the value, how it was written where that must come back byte for byte, in pieces where
//! it is long. Sealed tokens and vaults keep the same.

use zeroize::Zeroizing;

use super::{Written, escape};

/// What a token holds.
pub(super) struct Content {
    text: Zeroizing<String>,
    flags: u8,
}

/// Where a value is put back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    Text,
    Json,
    CsvBare,
    CsvQuoted,
}

/// Tells `emit` flags and content of each token that is to stand in place of `value`: one, or several where it is longer
/// than [`PIECE`].
pub(super) fn pieces<E>(
    value: &str,
    written: Written<'_>,
    mut emit: impl FnMut(u8, &str) -> Result<(), E>,
) -> Result<(), E> {
    let mut canonical = String::new();
    let (place, raw) = match written {
        Written::Canonical => return cut(0, value, emit),
        Written::JsonNumber if value.len() <= PIECE => return emit(flag::NUMBER, value),
        // No number is that long, but nothing may pass unsealed.
        Written::JsonNumber => return cut(flag::VERBATIM, value, emit),
        Written::Windows1252 if value.is_ascii() => return cut(0, value, emit),
        Written::Windows1252 => return windows_1252(value, emit),
        Written::Windows1252Csv(raw) if value.is_ascii() => return pieces(value, Written::Csv(raw), emit),
        Written::Windows1252Csv(raw) => {
            let both = Zeroizing::new(format!("{}v{value}{raw}", value.len()));
            if value.contains('"') && both.len() <= PIECE {
                return emit(flag::WRITTEN, &both);
            }
            return windows_1252(value, emit);
        }
        Written::Json(raw) => {
            escape::json(value, &mut canonical);
            (Place::Json, raw)
        }
        Written::Csv(raw) => {
            if !value.contains('"') {
                canonical.push_str(value);
            }
            (Place::CsvQuoted, raw)
        }
    };
    if canonical == raw {
        return cut(0, value, emit);
    }
    // Decimal length, where the bytes are written, the value, the bytes.
    let mark = if place == Place::Json { 'j' } else { 'q' };
    let both = Zeroizing::new(format!("{}{mark}{value}{raw}", value.len()));
    if both.len() <= PIECE { emit(flag::WRITTEN, &both) } else { cut(flag::VERBATIM, raw, emit) }
}

fn cut<E>(flags: u8, value: &str, mut emit: impl FnMut(u8, &str) -> Result<(), E>) -> Result<(), E> {
    let mut rest = value;
    while rest.len() > PIECE {
        let (piece, more) = rest.split_at(rest.floor_char_boundary(PIECE));
        emit(flags, piece)?;
        rest = more;
    }
    emit(flags, rest)
}

fn windows_1252<E>(value: &str, mut emit: impl FnMut(u8, &str) -> Result<(), E>) -> Result<(), E> {
    let mut rest = value;
    while !rest.is_empty() {
        // Room for the length and the mark.
        let (piece, more) = rest.split_at(rest.floor_char_boundary(PIECE - 8));
        let marked = Zeroizing::new(format!("{}w{piece}", piece.len()));
        emit(flag::WRITTEN, &marked)?;
        rest = more;
    }
    Ok(())
}

impl Content {
    /// Of a token that was opened.
    pub(super) fn new(text: Zeroizing<String>, flags: u8) -> Content {
        Content { text, flags }
    }

    /// Whether it stood as a number where its token stands in quotes.
    pub(super) fn is_number(&self) -> bool {
        self.flags & flag::NUMBER != 0
    }

    /// Appends what stood there.
    pub(super) fn write(&self, place: Place, out: &mut Vec<u8>) {
        let mut value: &str = &self.text;
        let mut windows_1252 = false;
        if self.flags & flag::WRITTEN != 0 {
            let (mark, both, len) = self.parts();
            if (mark, place) == ('j', Place::Json) || mark == 'q' && matches!(place, Place::CsvQuoted | Place::CsvBare)
            {
                out.extend_from_slice(both.get(len..).unwrap_or_default().as_bytes());
                return;
            }
            if mark == 'v' && matches!(place, Place::CsvQuoted | Place::CsvBare) {
                let raw = both.get(len..).unwrap_or_default();
                out.extend_from_slice(&encoding_rs::WINDOWS_1252.encode(raw).0);
                return;
            }
            value = both.get(..len).unwrap_or_default();
            windows_1252 = matches!(mark, 'w' | 'v') && place != Place::Json;
        }
        let mut escaped = String::new();
        match place {
            Place::Json if self.flags & flag::VERBATIM == 0 => escape::json(value, &mut escaped),
            Place::CsvQuoted if self.flags & flag::VERBATIM == 0 => escape::csv_quoted(value, &mut escaped),
            _ => escaped.push_str(value),
        }
        if windows_1252 {
            out.extend_from_slice(&encoding_rs::WINDOWS_1252.encode(&escaped).0);
        } else {
            out.extend_from_slice(escaped.as_bytes());
        }
    }

    /// Of a value sealed with its written form: the mark of the form, value and bytes, and where the bytes start.
    fn parts(&self) -> (char, &str, usize) {
        let digits = self.text.bytes().take_while(u8::is_ascii_digit).count();
        let (len, rest) = self.text.split_at(digits);
        let mark = rest.chars().next().unwrap_or('?');
        (mark, rest.get(mark.len_utf8()..).unwrap_or_default(), len.parse().unwrap_or(0))
    }
}

/// What the content is; the low half of a sealed token's first byte.
pub(super) mod flag {
    /// Six bytes of scope follow.
    pub(in crate::transform) const SCOPED: u8 = 1;
    /// The content is the value's length in decimal, a mark, the value, and what the mark asks for: `j` and `q` the
    /// bytes in a JSON string or a CSV field, `w` nothing: it stood in Windows-1252;
    /// `v` the characters in a CSV field in Windows-1252.
    pub(in crate::transform) const WRITTEN: u8 = 2;
    /// The value is a JSON number.
    pub(in crate::transform) const NUMBER: u8 = 4;
    /// The content is a piece of the bytes it was written with: put back as it is, everywhere.
    pub(in crate::transform) const VERBATIM: u8 = 8;
}

/// Bytes of content in one token, at most: it bounds what reveal must hold at a time.
pub(super) const PIECE: usize = 32 << 10;
