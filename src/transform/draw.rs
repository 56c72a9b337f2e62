//! Draws that hang on a key, a scope and a value, and on nothing else: what shifts of dates and stand-ins are taken by.
//! Who lacks the key can foretell none of them.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::random::SplitMix;

/// A source of draws for one scope: equal values draw the same.
pub(crate) struct Draws {
    mac: Hmac<Sha256>,
}

/// The draws of one value.
pub(crate) struct Draw(SplitMix);

impl Draws {
    /// Of a key for this purpose and the digest of a scope.
    pub(crate) fn new(key: &Zeroizing<[u8; 32]>, scope: Option<&[u8; 32]>) -> Draws {
        #[allow(clippy::expect_used)]
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_slice()).expect("HMAC takes keys of every length");
        mac.update(scope.map_or(&[], |scope| scope.as_slice()));
        mac.update(&[u8::from(scope.is_some())]);
        Draws { mac }
    }

    /// The draws of `value` as a thing of that kind. Write `value` in one way (case folded, digits only) where different
    /// ways mean the same.
    pub(crate) fn of(&self, kind: &str, value: &str) -> Draw {
        let mut mac = self.mac.clone();
        mac.update(&[kind.len() as u8]);
        mac.update(kind.as_bytes());
        mac.update(value.as_bytes());
        let digest = mac.finalize().into_bytes();
        Draw(SplitMix(digest.iter().take(8).fold(0, |n, b| n << 8 | u64::from(*b))))
    }
}

impl Draw {
    /// A number below `n`, 0 if `n` is 0.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        // Of 64 bits, so that no number is likelier than another by more than 2^-32 for any n of this program.
        ((u128::from(self.0.next()) * n as u128) >> 64) as usize
    }

    /// One of `from`.
    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.below(from.len()))
    }
}

impl std::fmt::Debug for Draws {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Draws")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_hang_on_key_scope_kind_and_value() {
        let (one, two) = (Zeroizing::new([1; 32]), Zeroizing::new([2; 32]));
        let first = |key, scope, kind, value| Draws::new(key, scope).of(kind, value).below(1 << 40);
        let base = first(&one, None, "first name", "ada");
        assert_eq!(base, first(&one, None, "first name", "ada"));
        for other in [
            first(&two, None, "first name", "ada"),
            first(&one, Some(&[0; 32]), "first name", "ada"),
            first(&one, None, "last name", "ada"),
            first(&one, None, "first name", "ad"),
            first(&one, None, "first nam", "eada"),
        ] {
            assert_ne!(base, other);
        }
        let mut draw = Draws::new(&one, None).of("", "");
        assert!((0..1000).map(|_| draw.below(7)).all(|n| n < 7));
        assert_eq!(draw.below(0), 0);
        assert_eq!(draw.pick::<u8>(&[]), None);
    }
}
