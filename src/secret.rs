//! The key: 256 bits, wiped when dropped, one derived key for each purpose.
//!
//! Written `deidre-key-1:<id>:<key>`, id and key in Crockford base 32. The id is derived from the key: it names the key
//! in messages and shows that the key was copied whole. 64 hex digits, as `openssl rand -hex 32` prints them, are a key
//! too.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

use crate::base32;

/// A master key. `Debug` and errors show its id, never the key.
pub struct Key {
    id: String,
    secret: Zeroizing<[u8; 32]>,
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file could not be read.
    #[error("key file cannot be read: {0}")]
    Io(#[from] std::io::Error),
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
    /// No random numbers.
    #[error("the operating system gives no random numbers: {0}")]
    Random(#[from] getrandom::Error),
}

impl Key {
    /// A new key from the operating system's generator.
    pub fn generate() -> Result<Key, KeyError> {
        let mut secret = Zeroizing::new([0; 32]);
        getrandom::fill(secret.as_mut_slice())?;
        Ok(Key::new(secret))
    }

    /// Reads the written form; space around it is passed over.
    pub fn parse(text: &str) -> Result<Key, KeyError> {
        let text = text.trim();
        let mut secret = Zeroizing::new([0; 32]);
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

    /// Reads a key file. On Unix a file that group or others may read is refused.
    pub fn from_file(path: &Path) -> Result<Key, KeyError> {
        let file = File::open(path)?;
        check_mode(&file)?;
        // In one buffer that is wiped; a key takes less than a hundred bytes.
        let mut buffer = Zeroizing::new([0; 1024]);
        let mut len = 0;
        loop {
            match (&file).read(&mut buffer[len..])? {
                0 => break,
                n => len += n,
            }
        }
        let text = buffer.get(..len).and_then(|b| std::str::from_utf8(b).ok()).ok_or(KeyError::Form)?;
        Key::parse(text)
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

    fn new(secret: Zeroizing<[u8; 32]>) -> Key {
        let mut key = Key { id: String::new(), secret };
        let mut id = String::new();
        base32::encode(key.derive::<5>("key id").as_slice(), &mut id);
        key.id = id;
        key
    }
}

/// The key in use and those used before it.
#[derive(Debug)]
pub struct Keyring {
    current: Key,
    older: Vec<Key>,
}

impl Keyring {
    /// Of one key.
    pub fn of(key: Key) -> Keyring {
        Keyring { current: key, older: Vec::new() }
    }

    /// The key that seals and wraps.
    pub fn current(&self) -> &Key {
        &self.current
    }

    /// All keys, the current one first: what opens.
    pub fn iter(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.current).chain(&self.older)
    }

    /// The key of that id.
    pub fn find(&self, id: &str) -> Option<&Key> {
        self.iter().find(|key| key.id().eq_ignore_ascii_case(id))
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

#[cfg(unix)]
fn check_mode(file: &File) -> Result<(), KeyError> {
    use std::os::unix::fs::PermissionsExt;
    let about = file.metadata()?;
    let mode = about.permissions().mode() & 0o777;
    // A pipe (`--key-file <(kms decrypt ...)`) is no file that others could read.
    if about.is_file() && mode & 0o077 != 0 { Err(KeyError::Mode(mode)) } else { Ok(()) }
}

#[cfg(not(unix))]
fn check_mode(_: &File) -> Result<(), KeyError> {
    Ok(())
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

    #[cfg(unix)]
    #[test]
    fn a_key_file_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "5".repeat(64)).unwrap();
        for (mode, good) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false), (0o666, false)] {
            std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(Key::from_file(file.path()).is_ok(), good, "{mode:o}");
        }
    }
}
