//! Digests: what tells that two things were the same, and nothing else.

use std::fmt;
use std::sync::OnceLock;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::AuditError;
use crate::secret::Key;

/// Makes [`Digest`]s of what may hold identifiers: HMAC-SHA256, with a key derived from the master key for this alone.
///
/// A plain hash of a path or a note could be found by trying names. Without a master key the key is a random one of the
/// process: the digests then join the records of one run, and nothing else.
#[derive(Clone)]
pub struct Digests {
    names: Hmac<Sha256>,
    bytes: Hmac<Sha256>,
}

/// What a digest is of. Digests of different kinds are never equal.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// A path, or another name of an input.
    Name,
    /// Bytes of an input or an output: one kind, so that what came out is known again when it goes in elsewhere.
    Bytes,
}

/// A keyed digest.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; 32]);

/// Takes what is to be digested piece by piece.
#[derive(Clone)]
pub struct Digester(Hmac<Sha256>);

/// The SHA-256 of configuration: policies, models, dictionaries. It is plain, so that it can be compared with that of
/// the file: never make one of a record, a name or a path.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl Digests {
    /// # Errors
    ///
    /// Without a key: when the operating system gives no random numbers.
    pub fn new(key: Option<&Key>) -> Result<Digests, AuditError> {
        Ok(match key {
            Some(key) => Digests::of_secret(key.derive::<64>("audit digests").as_slice()),
            None => Digests::of_secret(of_the_process()?.as_slice()),
        })
    }

    /// The digest of `bytes`.
    pub fn of(&self, kind: Kind, bytes: &[u8]) -> Digest {
        let mut digester = self.begin(kind);
        digester.push(bytes);
        digester.finish()
    }

    /// The digest of what is pushed into it.
    pub fn begin(&self, kind: Kind) -> Digester {
        Digester(match kind {
            Kind::Name => self.names.clone(),
            Kind::Bytes => self.bytes.clone(),
        })
    }

    fn of_secret(secret: &[u8]) -> Digests {
        let (names, bytes) = secret.split_at(secret.len() / 2);
        Digests { names: hmac(names), bytes: hmac(bytes) }
    }
}

impl Digester {
    /// Takes in more.
    pub fn push(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all that was pushed.
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into_bytes().into())
    }
}

impl Fingerprint {
    /// The SHA-256 of `configuration`.
    pub fn of(configuration: &[u8]) -> Fingerprint {
        Fingerprint(Sha256::digest(configuration).into())
    }

    /// A SHA-256 that is known already.
    pub fn from_sha256(hash: [u8; 32]) -> Fingerprint {
        Fingerprint(hash)
    }
}

/// HMAC-SHA256 under `key`.
pub(super) fn hmac(key: &[u8]) -> Hmac<Sha256> {
    #[allow(clippy::expect_used)] // RFC 2104
    Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length")
}

/// Writes two lower-case hex digits a byte.
pub(super) fn hex(hash: &[u8]) -> String {
    let digit = |nibble: u8| char::from(if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 });
    hash.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Reads 64 lower-case hex digits, and nothing else: of one hash there is one written form.
pub(super) fn from_hex(text: &[u8]) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    if text.len() != 64 {
        return None;
    }
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    for (byte, pair) in hash.iter_mut().zip(text.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = value(*high)? << 4 | value(*low)?;
    }
    Some(hash)
}

fn of_the_process() -> Result<&'static [u8; 64], AuditError> {
    static SECRET: OnceLock<Zeroizing<[u8; 64]>> = OnceLock::new();
    if let Some(secret) = SECRET.get() {
        return Ok(secret);
    }
    let mut fresh = Zeroizing::new([0; 64]);
    getrandom::fill(fresh.as_mut_slice())?;
    Ok(SECRET.get_or_init(|| fresh))
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

impl fmt::Debug for Digests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Digests").finish_non_exhaustive()
    }
}

impl fmt::Debug for Digester {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Digester").finish_non_exhaustive()
    }
}

impl serde::Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl serde::Serialize for Fingerprint {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn digests_tell_equal_things_of_one_kind_and_key_apart_from_all_others() {
        let [a, b] = ["5", "6"].map(|d| Key::parse(&d.repeat(64)).unwrap());
        let of = |key: Option<&Key>, kind, text: &str| Digests::new(key).unwrap().of(kind, text.as_bytes());
        let first = of(Some(&a), Kind::Name, "smith_john.txt");
        assert_eq!(first, of(Some(&a), Kind::Name, "smith_john.txt"));
        assert_eq!(of(None, Kind::Name, "smith_john.txt"), of(None, Kind::Name, "smith_john.txt"), "within one run");
        for other in [
            of(Some(&a), Kind::Name, "smith_joan.txt"),
            of(Some(&a), Kind::Bytes, "smith_john.txt"),
            of(Some(&b), Kind::Name, "smith_john.txt"),
            of(None, Kind::Name, "smith_john.txt"),
        ] {
            assert_ne!(first, other);
        }
        assert_ne!(first.to_string(), Fingerprint::of(b"smith_john.txt").to_string());
    }

    #[test]
    fn pieces_make_the_digest_of_the_whole() {
        let digests = Digests::new(None).unwrap();
        let mut pieces = digests.begin(Kind::Bytes);
        for piece in ["a ", "", "zeppelina"] {
            pieces.push(piece.as_bytes());
        }
        assert!(!format!("{digests:?}{pieces:?}").contains("zepp"));
        assert_eq!(pieces.finish(), digests.of(Kind::Bytes, b"a zeppelina"));
    }

    #[test]
    fn a_hash_has_one_written_form() {
        let hash: [u8; 32] = std::array::from_fn(|i| (i * 37) as u8);
        let text = hex(&hash);
        assert_eq!(from_hex(text.as_bytes()), Some(hash));
        assert_eq!(
            Fingerprint::of(b"abc").to_string(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        for bad in [text.to_uppercase(), text[1..].into(), format!("{text}0"), text.replace('0', "g"), String::new()] {
            assert_eq!(from_hex(bad.as_bytes()), None, "{bad}");
        }
    }
}
