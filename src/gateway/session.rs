//! Which conversation a call belongs to, and the keyed hashes that stand for what may not be told.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::rule::{Refusal, Rule};
use crate::secret::Keyring;
use crate::service::shelf::hex;
use crate::transform::Scope;

/// Makes keyed hashes. Of a key that is kept they stay the same; without one they do as long as the process runs.
pub(crate) struct Hashes(Hmac<Sha256>);

/// A conversation.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Session {
    /// Told apart by client: what one says is nothing to another.
    pub(crate) id: String,
    /// What the caller may say to stay in it, where it was derived.
    pub(crate) derived: Option<String>,
}

impl Hashes {
    /// # Errors
    ///
    /// Without a key: when the operating system gives no random numbers.
    pub(crate) fn new(keys: Option<&Keyring>) -> Result<Self, getrandom::Error> {
        let mut secret = zeroize::Zeroizing::new([0; 32]);
        match keys {
            Some(keys) => *secret = *keys.current().derive::<32>("gateway hashes"),
            None => getrandom::fill(secret.as_mut_slice())?,
        }
        #[allow(clippy::expect_used)] // RFC 2104
        let hmac = Hmac::new_from_slice(secret.as_slice()).expect("HMAC takes keys of every length");
        Ok(Self(hmac))
    }

    /// What stands for `text` of a client: 32 hex digits.
    pub(crate) fn of(&self, kind: &str, parts: &[&[u8]]) -> String {
        let mut hmac = self.0.clone();
        hmac.update(kind.as_bytes());
        for part in parts {
            // With its length: two parts are not one.
            hmac.update(&(part.len() as u64).to_be_bytes());
            hmac.update(part);
        }
        hex(hmac.finalize().into_bytes().get(..16).unwrap_or_default())
    }
}

impl Session {
    /// The one that the caller named, or else the one that begins so.
    pub(crate) fn of(
        hashes: &Hashes,
        client: &str,
        named: Option<&str>,
        begins: (&str, &[u8]),
    ) -> Result<Self, Refusal> {
        match named {
            Some(name) if name.is_empty() || name.len() > NAME => Err(Refusal::at(Rule::Header, "x-deidre-session")),
            Some(name) => Ok(Self { id: format!("{client}/{name}"), derived: None }),
            None => {
                let (upstream, opening) = begins;
                let derived = hashes.of("session", &[client.as_bytes(), upstream.as_bytes(), opening]);
                Ok(Self { id: format!("{client}/{derived}"), derived: Some(derived) })
            }
        }
    }

    pub(crate) fn scope(&self) -> Scope {
        Scope::Session(self.id.clone())
    }
}

impl std::fmt::Debug for Hashes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hashes")
    }
}

// What a caller names a conversation may be a name.
impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("derived", &self.derived.is_some()).finish_non_exhaustive()
    }
}

/// Bytes of a name.
const NAME: usize = 256;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_conversation_is_the_same_in_all_turns_and_another_for_others() {
        let keys = Keyring::parse(&"5".repeat(64)).unwrap();
        let hashes = Hashes::new(Some(&keys)).unwrap();
        let session = |client, named, upstream, opening: &str| {
            Session::of(&hashes, client, named, (upstream, opening.as_bytes())).unwrap().id
        };
        let first = session("a", None, "u", "hello");
        assert_eq!(first, session("a", None, "u", "hello"));
        for other in [
            session("b", None, "u", "hello"),
            session("a", None, "v", "hello"),
            session("a", None, "u", "hello!"),
            session("a", None, "uh", "ello"),
            session("a", Some("visit 7"), "u", "hello"),
        ] {
            assert_ne!(first, other);
        }
        let derived = Session::of(&hashes, "a", None, ("u", b"hello")).unwrap().derived.unwrap();
        assert_eq!(session("a", Some(&derived), "v", "later"), first);
        assert_eq!(session("a", Some("visit 7"), "u", "x"), "a/visit 7");
        assert!(Session::of(&hashes, "a", Some(&"x".repeat(257)), ("u", b"")).is_err());
        let again = Hashes::new(Some(&keys)).unwrap();
        assert_eq!(hashes.of("user", &[b"x"]), again.of("user", &[b"x"]));
        assert_ne!(hashes.of("user", &[b"x"]), Hashes::new(None).unwrap().of("user", &[b"x"]));
    }
}
