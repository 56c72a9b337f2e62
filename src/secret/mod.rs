//! Keys: 256 bits each, wiped when dropped, one derived key for each purpose; rings of them, and where they come from.
//!
//! A key is written `deidre-key-1:<id>:<key>`, id and key in Crockford base 32. The id is derived from the key: it names
//! the key in messages and shows that the key was copied whole. 64 hex digits, as `openssl rand -hex 32` prints them, are
//! a key too.

mod dump;
#[cfg(feature = "cli")]
pub(crate) mod file;
#[cfg(feature = "gateway")]
pub(crate) mod foreign;
mod ring;
mod source;

use std::path::Path;

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::base32;

pub use dump::no_core_dumps;
pub use ring::Keyring;
pub use source::CommandError;

/// A master key. `Debug` and errors show its id, never the key.
pub struct Key {
    id: String,
    // In a place of its own, so that no copy is left behind when the key is moved.
    secret: Box<Zeroizing<[u8; 32]>>,
}

/// Why there is no key. Nothing of a text that was read is in it.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file could not be read.
    #[error("key file cannot be read: {0}")]
    Io(std::io::Error),
    /// Others than the owner may read the file.
    #[error(
        "key file may be read by others (mode {0:03o}); run chmod 600 on it, and replace the key if others had access"
    )]
    Mode(u32),
    /// Not in a form that is known.
    #[error("not a key: expected one line deidre-key-1:<id>:<key>, as 'deidre key new' writes it, or 64 hex digits")]
    Form,
    /// The id does not belong to the key.
    #[error("key is damaged: it does not fit its id; copy it again, whole")]
    Damaged,
    /// A line of a ring is no key.
    #[error("line {line}: {error}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        error: Box<KeyError>,
    },
    /// A key that stands in an earlier line as well.
    #[error("line {line}: the key of an earlier line once more; remove one of the two")]
    Twice {
        /// Counted from 1.
        line: usize,
    },
    /// Nothing but comments.
    #[error("there is no key in it; 'deidre key new' makes one")]
    Empty,
    /// More keys than a ring holds.
    #[error("more than {} keys; remove old ones with 'deidre key rotate --drop ID'", ring::MOST)]
    Many,
    /// More text than keys can be.
    #[error("more than {} KiB: that is no file of keys", source::LIMIT / 1024)]
    Long,
    /// No key of that id.
    #[error("no key of that id; 'deidre key list' shows those that are there")]
    Unknown,
    /// The current key would be removed.
    #[error("that is the current key, which stays; put a new one in front of it first")]
    Current,
    /// The command that should print the key did not.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The key file is no file: a pipe, a device.
    #[error("that is no file that could be written anew")]
    NotFile,
    /// The key file could not be replaced; it is as it was.
    #[error("key file cannot be written, it is as it was: {0}")]
    Write(std::io::Error),
    /// The key file was replaced, but perhaps not for good.
    #[error("the new key file stands, but a power cut may bring the old one back: {0}; run sync before it is used")]
    Unsynced(std::io::Error),
    /// No random numbers.
    #[error("the operating system gives no random numbers: {0}")]
    Random(getrandom::Error),
}

impl Key {
    /// A new key from the operating system's generator.
    pub fn generate() -> Result<Key, KeyError> {
        let mut secret = Box::new(Zeroizing::new([0; 32]));
        getrandom::fill(secret.as_mut_slice())?;
        Ok(Key::new(secret))
    }

    /// Reads the written form of one key; space around it is passed over.
    pub fn parse(text: &str) -> Result<Key, KeyError> {
        let text = text.trim();
        let mut secret = Box::new(Zeroizing::new([0; 32]));
        let Some(rest) = text.strip_prefix(PREFIX) else {
            let digits = text.as_bytes();
            if digits.len() != 64 {
                return Err(KeyError::Form);
            }
            for (byte, pair) in secret.iter_mut().zip(digits.chunks_exact(2)) {
                let digit = |b: &u8| char::from(*b).to_digit(16).ok_or(KeyError::Form);
                let [high, low] = pair else { return Err(KeyError::Form) };
                *byte = (digit(high)? << 4 | digit(low)?) as u8;
            }
            return Ok(Key::new(secret));
        };
        let (id, body) = rest.split_once(':').ok_or(KeyError::Form)?;
        let mut bytes = Zeroizing::new(Vec::with_capacity(64));
        if body.len() != base32::symbols(32) {
            return Err(KeyError::Form);
        }
        base32::decode(body.as_bytes(), &mut bytes).ok_or(KeyError::Form)?;
        secret.copy_from_slice(bytes.get(..32).ok_or(KeyError::Form)?);
        let key = Key::new(secret);
        if key.id.eq_ignore_ascii_case(id) { Ok(key) } else { Err(KeyError::Damaged) }
    }

    /// The current key of a key file; see [`Keyring::from_file`].
    pub fn from_file(path: &Path) -> Result<Key, KeyError> {
        Ok(Keyring::from_file(path)?.into_current())
    }

    /// The name of the key. It tells nothing of the key that could be computed.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The written form, with the secret in it: for a key file only.
    pub fn written(&self) -> Zeroizing<String> {
        // Room for all of it, so that no copy is left behind by growing.
        let mut out = Zeroizing::new(String::with_capacity(128));
        out.push_str(PREFIX);
        out.push_str(&self.id);
        out.push(':');
        base32::encode(self.secret.as_slice(), &mut out);
        out
    }

    /// The key for one purpose: HKDF-SHA256 (RFC 5869), the purpose as info.
    pub(crate) fn derive<const N: usize>(&self, purpose: &str) -> Zeroizing<[u8; N]> {
        const { assert!(N <= 255 * 32, "HKDF-SHA256 gives no more") };
        let mut out = Zeroizing::new([0; N]);
        let done = Hkdf::<Sha256>::new(None, self.secret.as_slice())
            .expand_multi_info(&[b"deidre 1 ", purpose.as_bytes()], out.as_mut_slice());
        assert!(done.is_ok(), "the length was checked when this was compiled");
        out
    }

    fn new(secret: Box<Zeroizing<[u8; 32]>>) -> Key {
        let mut key = Key { id: String::new(), secret };
        let mut id = String::new();
        base32::encode(key.derive::<5>("key id").as_slice(), &mut id);
        key.id = id;
        key
    }
}

// Not by `#[from]`, which would make them sources too, and tell them twice.
impl From<std::io::Error> for KeyError {
    fn from(error: std::io::Error) -> KeyError {
        KeyError::Io(error)
    }
}

impl From<getrandom::Error> for KeyError {
    fn from(error: getrandom::Error) -> KeyError {
        KeyError::Random(error)
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key").field("id", &self.id).finish_non_exhaustive()
    }
}

const PREFIX: &str = "deidre-key-1:";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_key_reads_back_and_shows_nothing() {
        let key = Key::generate().unwrap();
        let written = key.written();
        let back = Key::parse(&format!("  {}\n", written.to_lowercase())).unwrap();
        assert_eq!(*back.derive::<64>("x"), *key.derive::<64>("x"));
        assert_ne!(*key.derive::<32>("x"), *key.derive::<32>("y"));
        let body = written.rsplit(':').next().unwrap();
        assert!(written.starts_with(PREFIX) && body.len() == 52);
        let debug = format!("{key:?}");
        assert!(debug.contains(key.id()) && !debug.contains(body), "{debug}");
        let hex: String = key.secret.iter().map(|b| format!("{b:02x}")).collect();
        assert!(!debug.contains(&hex[..8]));
        assert_eq!(Key::parse(&hex.to_uppercase()).unwrap().id(), key.id());
    }

    #[test]
    fn what_is_no_key_is_refused_without_showing_it() {
        for text in ["", "zeppelina", "deidre-key-1:zeppelina", "deidre-key-1:AAAA:zeppelina", &"z".repeat(64)] {
            let error = Key::parse(text).unwrap_err();
            assert!(matches!(error, KeyError::Form), "{text}");
            assert!(!error.to_string().contains("zeppelina"));
        }
        let written = Key::parse(&"7".repeat(64)).unwrap().written();
        for at in PREFIX.len()..written.len() - 1 {
            let mut damaged = written.as_bytes().to_vec();
            damaged[at] = if damaged[at] == b'4' { b'5' } else { b'4' };
            assert!(Key::parse(std::str::from_utf8(&damaged).unwrap()).is_err(), "{at}");
        }
    }
}
