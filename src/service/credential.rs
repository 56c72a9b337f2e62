//! What shows who somebody is: a secret that is known by its SHA-256, or a certificate.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::access::Certificate;

/// By what somebody is known. At least one of the three is there.
pub(crate) struct Credential {
    token: Option<[u8; 32]>,
    fingerprint: Option<[u8; 32]>,
    subject: Option<String>,
}

impl Credential {
    /// From what a file says: digests in hex, and a subject as RFC 4514 writes it.
    ///
    /// # Errors
    ///
    /// What is wrong. No digest is in it.
    pub(crate) fn read(
        token: Option<&str>,
        fingerprint: Option<&str>,
        subject: Option<String>,
    ) -> Result<Self, &'static str> {
        let digest = |hex: Option<&str>| match hex {
            None => Ok(None),
            Some(hex) => sha256(hex).map(Some).ok_or("a SHA-256 has 64 hex digits"),
        };
        let (token, fingerprint) = (digest(token)?, digest(fingerprint)?);
        if token.is_none() && fingerprint.is_none() && subject.is_none() {
            return Err("neither the SHA-256 of a secret nor certificate_sha256 nor certificate_subject");
        }
        Ok(Self { token, fingerprint, subject })
    }

    /// Whether two are known by the same secret or certificate, so that it would be no use to have both.
    #[cfg(feature = "gateway")]
    pub(crate) fn is_as(&self, other: &Credential) -> bool {
        let same = |a: &Option<[u8; 32]>, b: &Option<[u8; 32]>| a.is_some() && a == b;
        same(&self.token, &other.token)
            || same(&self.fingerprint, &other.fingerprint)
            || self.subject.is_some() && self.subject == other.subject
    }

    /// The digest by which it is known, of a secret or of a certificate; `None` where it is known by a subject.
    #[cfg(feature = "gateway")]
    pub(crate) fn sha256(&self) -> Option<[u8; 32]> {
        self.token.or(self.fingerprint)
    }

    fn has(&self, shown: &Certificate) -> bool {
        let by_fingerprint = self.fingerprint.is_some_and(|known| bool::from(known.ct_eq(&shown.fingerprint)));
        by_fingerprint || (self.subject.is_some() && self.subject == shown.subject)
    }
}

/// Who shows that token, over a connection with that certificate. The token goes before the certificate.
pub(crate) fn find<'a, T>(
    all: impl Iterator<Item = &'a T>,
    credential: impl Fn(&'a T) -> Option<&'a Credential>,
    token: Option<&str>,
    certificate: Option<&Certificate>,
) -> Option<&'a T> {
    let digest: Option<[u8; 32]> = token.map(|token| Sha256::digest(token.as_bytes()).into());
    let mut found = None;
    // All of them are compared, and each in constant time: how long it takes says nothing of the tokens.
    for one in all {
        let Some(known) = credential(one) else { continue };
        let by_token = match (&digest, &known.token) {
            (Some(shown), Some(known)) => bool::from(shown.ct_eq(known)),
            _ => false,
        };
        let by_certificate = digest.is_none() && certificate.is_some_and(|shown| known.has(shown));
        if by_token || by_certificate {
            found = Some(one);
        }
    }
    found
}

/// 32 bytes from 64 hex digits; colons between them are passed over, as openssl prints fingerprints.
fn sha256(hex: &str) -> Option<[u8; 32]> {
    let mut digits = hex.bytes().filter(|b| *b != b':').map(|b| char::from(b).to_digit(16));
    let mut bytes = [0; 32];
    for byte in &mut bytes {
        *byte = (digits.next()?? << 4 | digits.next()??) as u8;
    }
    digits.next().is_none().then_some(bytes)
}

// Digests of secrets are nobody's business.
impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credential")
    }
}
