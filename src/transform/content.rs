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
    /// Text that was named so.
    Text,
    /// What was told to be no JSON: text, a table, XML or HL7, each of which gets back the bytes that stood in it.
    Told,
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
        Written::Raw(raw) if raw == value => return cut(0, value, emit),
        Written::Raw(raw) => {
            let both = Zeroizing::new(format!("{}r{value}{raw}", value.len()));
            return if both.len() <= PIECE { emit(flag::WRITTEN, &both) } else { cut(flag::VERBATIM, raw, emit) };
        }
        Written::Windows1252Raw(raw) if raw == value => return pieces(value, Written::Windows1252, emit),
        Written::Windows1252Raw(raw) if raw.is_ascii() => return pieces(value, Written::Raw(raw), emit),
        Written::Windows1252Raw(raw) => {
            let both = Zeroizing::new(format!("{}x{value}{raw}", value.len()));
            return if both.len() <= PIECE { emit(flag::WRITTEN, &both) } else { windows_1252(raw, emit) };
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
            let table = matches!(place, Place::Told | Place::CsvBare | Place::CsvQuoted);
            let text = matches!(place, Place::Told | Place::Text);
            let raw = both.get(len..).unwrap_or_default();
            match mark {
                'j' if place == Place::Json => return out.extend_from_slice(raw.as_bytes()),
                'q' if table => return out.extend_from_slice(raw.as_bytes()),
                'r' if text => return out.extend_from_slice(raw.as_bytes()),
                'v' if table => return out.extend_from_slice(&encoding_rs::WINDOWS_1252.encode(raw).0),
                'x' if text => return out.extend_from_slice(&encoding_rs::WINDOWS_1252.encode(raw).0),
                _ => {}
            }
            value = both.get(..len).unwrap_or_default();
            windows_1252 = matches!(mark, 'w' | 'v' | 'x') && place != Place::Json;
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
    /// bytes in a JSON string or a CSV field, `r` those in XML, HL7 or RTF, `w` nothing: it stood in Windows-1252;
    /// `v` and `x` the characters in a CSV field, and in XML, HL7 or RTF, in Windows-1252.
    pub(in crate::transform) const WRITTEN: u8 = 2;
    /// The value is a JSON number.
    pub(in crate::transform) const NUMBER: u8 = 4;
    /// The content is a piece of the bytes it was written with: put back as it is, everywhere.
    pub(in crate::transform) const VERBATIM: u8 = 8;
}

/// Bytes of content in one token, at most: it bounds what reveal must hold at a time.
pub(super) const PIECE: usize = 32 << 10;
