//! Sealed tokens: the value itself, encrypted. AES-SIV (RFC 5297) is deterministic, so that equal values of one scope
//! share a token, and authenticates the value together with its label, flags and scope.
//!
//! Payload: one byte of version (high half) and [flags](flag), six bytes of scope if the flag says so, sixteen bytes of
//! synthetic IV, and the content encrypted.

use aes_siv::KeyInit;
use aes_siv::siv::Aes256Siv;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{TransformError, Written, escape, token};
use crate::identifier::Label;
use crate::secret::Key;

/// Seals and opens with one key.
pub(super) struct Sealer {
    /// For AES-256-SIV: two keys of 256 bits.
    key: Zeroizing<[u8; 64]>,
    /// Turns what tells a scope into the six bytes that tokens carry.
    scopes: Hmac<Sha256>,
}

/// Why a token does not open.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fault {
    /// Checksum or form: not written by any version of this program.
    Mistyped,
    /// Well formed, but sealed with another key, under another label, in another scope, or by a newer version.
    Foreign,
}

/// What a token holds.
pub(super) struct Opened {
    content: String,
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

impl Sealer {
    pub(super) fn new(key: &Key) -> Sealer {
        let scope_key = key.derive::<32>("token scope");
        // HMAC takes keys of every length.
        let scopes = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(scope_key.as_slice());
        #[allow(clippy::expect_used)]
        let scopes = scopes.expect("HMAC takes keys of every length");
        Sealer { key: key.derive("sealed token"), scopes }
    }

    /// Appends the token of `value`, or the tokens of its pieces when it is longer than [`PIECE`].
    pub(super) fn seal(
        &self,
        label: Label,
        value: &str,
        written: Written<'_>,
        scope: Option<&[u8; 32]>,
        out: &mut String,
    ) -> Result<(), TransformError> {
        let salt = scope.map(|scope| self.salt(scope));
        let salt = salt.as_ref();
        let mut canonical = String::new();
        let (place, raw) = match written {
            Written::Canonical => return self.seal_pieces(label, 0, value, salt, out),
            Written::JsonNumber if value.len() <= PIECE => {
                return self.seal_piece(label, flag::NUMBER, value, salt, out);
            }
            // No number is that long, but nothing may pass unsealed.
            Written::JsonNumber => return self.seal_pieces(label, flag::VERBATIM, value, salt, out),
            Written::Windows1252 if value.is_ascii() => return self.seal_pieces(label, 0, value, salt, out),
            Written::Windows1252 => return self.seal_windows_1252(label, value, salt, out),
            Written::Windows1252Csv(raw) if value.is_ascii() => {
                return self.seal(label, value, Written::Csv(raw), scope, out);
            }
            Written::Windows1252Csv(raw) => {
                let both = Zeroizing::new(format!("{}v{value}{raw}", value.len()));
                if value.contains('"') && both.len() <= PIECE {
                    return self.seal_piece(label, flag::WRITTEN, &both, salt, out);
                }
                return self.seal_windows_1252(label, value, salt, out);
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
            return self.seal_pieces(label, 0, value, salt, out);
        }
        // Decimal length, where the bytes are written, the value, the bytes.
        let mark = if place == Place::Json { 'j' } else { 'q' };
        let both = Zeroizing::new(format!("{}{mark}{value}{raw}", value.len()));
        if both.len() <= PIECE {
            self.seal_piece(label, flag::WRITTEN, &both, salt, out)
        } else {
            self.seal_pieces(label, flag::VERBATIM, raw, salt, out)
        }
    }

    /// Opens a code.
    pub(super) fn open(&self, label: Label, code: &[u8]) -> Result<Opened, Fault> {
        if code.len() < MIN_CODE {
            return Err(Fault::Mistyped);
        }
        let mut payload = token::read_code(label, code).ok_or(Fault::Mistyped)?;
        let (head, sealed) = split(&mut payload).ok_or(Fault::Foreign)?;
        let (tag, content) = sealed.split_at_mut_checked(TAG).ok_or(Fault::Foreign)?;
        let tag = aes_siv::Tag::try_from(&*tag).map_err(|_| Fault::Foreign)?;
        self.cipher()
            .decrypt_inout_detached([label.name().as_bytes(), head], (&mut *content).into(), &tag)
            .map_err(|_| Fault::Foreign)?;
        let flags = head.first().copied().unwrap_or_default() & 15;
        // What was sealed was UTF-8.
        let content = std::str::from_utf8(content).map_err(|_| Fault::Foreign)?;
        Ok(Opened { content: content.to_owned(), flags })
    }

    fn seal_pieces(
        &self,
        label: Label,
        flags: u8,
        value: &str,
        salt: Option<&[u8; SALT]>,
        out: &mut String,
    ) -> Result<(), TransformError> {
        let mut rest = value;
        while rest.len() > PIECE {
            let (piece, more) = rest.split_at(rest.floor_char_boundary(PIECE));
            self.seal_piece(label, flags, piece, salt, out)?;
            rest = more;
        }
        self.seal_piece(label, flags, rest, salt, out)
    }

    fn seal_windows_1252(
        &self,
        label: Label,
        value: &str,
        salt: Option<&[u8; SALT]>,
        out: &mut String,
    ) -> Result<(), TransformError> {
        let mut rest = value;
        while !rest.is_empty() {
            // Room for the length and the mark.
            let (piece, more) = rest.split_at(rest.floor_char_boundary(PIECE - 8));
            let marked = Zeroizing::new(format!("{}w{piece}", piece.len()));
            self.seal_piece(label, flag::WRITTEN, &marked, salt, out)?;
            rest = more;
        }
        Ok(())
    }

    fn seal_piece(
        &self,
        label: Label,
        flags: u8,
        content: &str,
        salt: Option<&[u8; SALT]>,
        out: &mut String,
    ) -> Result<(), TransformError> {
        let mut payload = Vec::with_capacity(OVERHEAD + content.len());
        payload.push(VERSION | flags | if salt.is_some() { flag::SCOPED } else { 0 });
        payload.extend_from_slice(salt.map_or(&[], |salt| salt.as_slice()));
        let head = payload.len();
        payload.extend_from_slice(&[0; TAG]);
        payload.extend_from_slice(content.as_bytes());
        let (head, sealed) = payload.split_at_mut(head);
        let (tag, content) = sealed.split_at_mut(TAG);
        let iv = self
            .cipher()
            .encrypt_inout_detached([label.name().as_bytes(), head], content.into())
            .map_err(|_| TransformError::Seal)?;
        tag.copy_from_slice(&iv);
        token::write_code(label, &payload, out);
        Ok(())
    }

    fn salt(&self, scope: &[u8; 32]) -> [u8; SALT] {
        let full = self.scopes.clone().chain_update(scope).finalize().into_bytes();
        std::array::from_fn(|i| full[i])
    }

    fn cipher(&self) -> Aes256Siv {
        Aes256Siv::new((&*self.key).into())
    }
}

impl Opened {
    /// Whether it stood as a number where its token stands in quotes.
    pub(super) fn is_number(&self) -> bool {
        self.flags & flag::NUMBER != 0
    }

    /// Appends what stood there.
    pub(super) fn write(&self, place: Place, out: &mut Vec<u8>) {
        let mut value = self.content.as_str();
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
        let digits = self.content.bytes().take_while(u8::is_ascii_digit).count();
        let (len, rest) = self.content.split_at(digits);
        let mark = rest.chars().next().unwrap_or('?');
        (mark, rest.get(mark.len_utf8()..).unwrap_or_default(), len.parse().unwrap_or(0))
    }
}

/// Whether a code is, in all that can be told without its key, a sealed token.
///
/// Letters and digits are both asked for: thirty symbols of a token hold both but once in tens of thousands, and a long
/// word or a long number, which could be an identifier, does not.
pub(super) fn looks_sealed(label: Label, code: &[u8]) -> bool {
    code.len() >= MIN_CODE
        && code.iter().any(u8::is_ascii_digit)
        && code.iter().any(u8::is_ascii_alphabetic)
        && token::read_code(label, code).is_some_and(|mut payload| split(&mut payload).is_some())
}

/// Head (version, flags, scope) and sealed part of a payload of this version.
fn split(payload: &mut [u8]) -> Option<(&[u8], &mut [u8])> {
    let first = *payload.first()?;
    let head = if first & flag::SCOPED != 0 { 1 + SALT } else { 1 };
    if first & 0xf0 != VERSION || payload.len() < head + TAG {
        return None;
    }
    let (head, sealed) = payload.split_at_mut(head);
    Some((head, sealed))
}

/// Low half of the first byte.
mod flag {
    /// Six bytes of scope follow.
    pub(super) const SCOPED: u8 = 1;
    /// The content is the value's length in decimal, a mark, the value, and what the mark asks for: `j` and `q` the
    /// bytes in a JSON string or a CSV field, `w` nothing: it stood in Windows-1252;
    /// `v` the characters in a CSV field in Windows-1252.
    pub(super) const WRITTEN: u8 = 2;
    /// The value is a JSON number.
    pub(super) const NUMBER: u8 = 4;
    /// The content is a piece of the bytes it was written with: put back as it is, everywhere.
    pub(super) const VERBATIM: u8 = 8;
}

const VERSION: u8 = 0x10;
const SALT: usize = 6;
const TAG: usize = 16;

/// Bytes of a payload beside its content, at most.
pub(super) const OVERHEAD: usize = 1 + SALT + TAG;
/// Bytes of content in one token, at most: it bounds what reveal must hold at a time.
pub(super) const PIECE: usize = 32 << 10;
/// Symbols of the shortest code, its checksum included.
pub(super) const MIN_CODE: usize = crate::base32::symbols(1 + TAG) + 1;
