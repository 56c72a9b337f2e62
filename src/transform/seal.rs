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

use super::content::{self, Content, flag};
use super::{TransformError, Written, token};
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

impl Sealer {
    pub(super) fn new(key: &Key) -> Sealer {
        let scope_key = key.derive::<32>("token scope");
        // HMAC takes keys of every length.
        let scopes = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(scope_key.as_slice());
        #[allow(clippy::expect_used)]
        let scopes = scopes.expect("HMAC takes keys of every length");
        Sealer { key: key.derive("sealed token"), scopes }
    }

    /// Appends the token of `value`, or the tokens of its pieces when it is longer than [`content::PIECE`].
    pub(super) fn seal(
        &self,
        label: Label,
        value: &str,
        written: Written<'_>,
        scope: Option<&[u8; 32]>,
        out: &mut String,
    ) -> Result<(), TransformError> {
        let salt = scope.map(|scope| self.salt(scope));
        content::pieces(value, written, |flags, content| self.seal_piece(label, flags, content, salt.as_ref(), out))
    }

    /// Opens a code.
    pub(super) fn open(&self, label: Label, code: &[u8]) -> Result<Content, Fault> {
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
        Ok(Content::new(Zeroizing::new(content.to_owned()), flags))
    }

    /// Whether a token of this key was sealed within that scope.
    pub(super) fn is_within(&self, code: &[u8], label: Label, scope: Option<&[u8; 32]>) -> bool {
        let Some(mut payload) = token::read_code(label, code) else { return false };
        let salt = scope.map(|scope| self.salt(scope));
        let head = split(&mut payload).map(|(head, _)| head.get(1..).unwrap_or_default());
        head == Some(salt.as_ref().map_or(&[], |salt| salt.as_slice()))
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

const VERSION: u8 = 0x10;
const SALT: usize = 6;
const TAG: usize = 16;

/// Bytes of a payload beside its content, at most.
pub(super) const OVERHEAD: usize = 1 + SALT + TAG;
/// Symbols of the shortest code, its checksum included.
pub(super) const MIN_CODE: usize = crate::base32::symbols(1 + TAG) + 1;
