//! Seals the bytes of records that were set aside, so that they can be tried again and nobody else can read them.
//!
//! AES-256-SIV (RFC 5297), with a key of its own derived from the run's: deterministic, so that a run that was broken off
//! and went on ends with the same file. It authenticates the record together with its file and number: a line that is moved
//! does not open.

use std::io;

use aes_siv::KeyInit;
use aes_siv::siv::Aes256Siv;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use zeroize::Zeroizing;

use crate::secret::Key;

/// Seals and opens with one key.
pub(crate) struct Sealer {
    id: String,
    /// For AES-256-SIV: two keys of 256 bits.
    key: Zeroizing<[u8; 64]>,
}

impl Sealer {
    pub(crate) fn new(key: &Key) -> Self {
        Self { id: key.id().to_owned(), key: key.derive("quarantined record") }
    }

    /// The id of the key.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// The record `number` of `file`, sealed, in base 64.
    ///
    /// # Errors
    ///
    /// When the cipher refuses: the record is longer than it takes.
    pub(crate) fn seal(&self, file: &str, number: u64, record: &[u8]) -> io::Result<String> {
        let mut sealed = vec![0; TAG];
        sealed.extend_from_slice(record);
        let (tag, text) = sealed.split_at_mut(TAG);
        let headers = [file.as_bytes(), &number.to_le_bytes()];
        let iv = self.cipher().encrypt_inout_detached(headers, text.into());
        tag.copy_from_slice(&iv.map_err(|_| io::Error::other("the cipher refused to seal a record"))?);
        Ok(BASE64.encode(sealed))
    }

    /// What was sealed; `None` when it was sealed with another key, for another place, or is damaged.
    pub(crate) fn open(&self, file: &str, number: u64, sealed: &str) -> Option<Zeroizing<Vec<u8>>> {
        let mut sealed = Zeroizing::new(BASE64.decode(sealed).ok()?);
        let (tag, text) = sealed.split_at_mut_checked(TAG)?;
        let tag = aes_siv::Tag::try_from(&*tag).ok()?;
        let headers = [file.as_bytes(), &number.to_le_bytes()];
        self.cipher().decrypt_inout_detached(headers, text.into(), &tag).ok()?;
        sealed.drain(..TAG);
        Some(sealed)
    }

    fn cipher(&self) -> Aes256Siv {
        Aes256Siv::new((&*self.key).into())
    }
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealer").field("id", &self.id).finish_non_exhaustive()
    }
}

const TAG: usize = 16;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_record_opens_with_its_key_in_its_place_only() {
        let (one, two) = (Key::parse(&"5a".repeat(32)).unwrap(), Key::parse(&"5b".repeat(32)).unwrap());
        let (one, two) = (Sealer::new(&one), Sealer::new(&two));
        for record in [&b"{\"name\":\"MARKER\n"[..], b"", &[0xff; 70_000]] {
            let sealed = one.seal("a.ndjson", 7, record).unwrap();
            assert_eq!(sealed, one.seal("a.ndjson", 7, record).unwrap());
            assert!(!sealed.contains("MARKER"));
            assert_eq!(one.open("a.ndjson", 7, &sealed).unwrap().as_slice(), record);
            let mut changed = sealed.clone().into_bytes();
            let at = changed.len() / 2;
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            for (sealer, file, number, sealed) in [
                (&two, "a.ndjson", 7, &sealed),
                (&one, "b.ndjson", 7, &sealed),
                (&one, "a.ndjson", 8, &sealed),
                (&one, "a.ndjson", 7, &changed),
                (&one, "a.ndjson", 7, &String::from("AAAA")),
                (&one, "a.ndjson", 7, &String::from("\u{e9}")),
            ] {
                assert!(sealer.open(file, number, sealed).is_none());
            }
        }
        assert!(!format!("{one:?}").contains("key: "));
    }
}
