//! Logical ids of FHIR resources: what stands in their place is such an id too, 1 to 64 of letters, digits, `-` and `.`
//! (FHIR R4, data type `id`), and is told in any text by how it begins.
//!
//! ```text
//! dE.v  11 symbols of base 32      the code of a vault, as in a token of OTHER_ID
//! dE.N  symbols of 6 bits          sealed: N tells how many characters the id has, 1 to 37
//! dE.c  44 symbols of 6 bits       sealed: a UUID in lower case, as 16 bytes
//! dE.h  26 symbols of base 32      a digest: nothing turns it back
//! ```
//!
//! The last symbol is a checksum; that of symbols of 6 bits is taken over GF(64), as that of [tokens](super::token) is
//! over GF(32). Case matters.

use std::sync::LazyLock;

use aes_siv::KeyInit;
use aes_siv::siv::Aes256Siv;
use hmac::{Hmac, Mac};
use memchr::memmem::Finder;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::seal::Fault;
use super::{TransformError, token};
use crate::base32;
use crate::identifier::Label;
use crate::secret::Key;

/// What begins every replacement of an id.
pub(super) const PREFIX: &str = "dE.";
/// The label that replacements of ids are counted and looked up under.
pub(super) const LABEL: Label = Label::OtherId;

/// What a replacement is made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// A code of a vault.
    Vault,
    /// The id itself, encrypted: of so many characters.
    Sealed(u8),
    /// A UUID in lower case, encrypted.
    Uuid,
    /// A digest under a secret.
    Digest,
}

/// What stands where a text has [`PREFIX`] or, at its end, the start of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Parsed<'b> {
    /// No replacement.
    No,
    /// The bytes end before it can be told.
    More,
    /// One by its form, nothing checked yet.
    Id {
        /// What it is made of.
        kind: Kind,
        /// Its symbols, the checksum among them.
        code: &'b [u8],
        /// Bytes in all.
        len: usize,
    },
}

/// Reads what starts where `bytes` start.
pub(super) fn parse(bytes: &[u8]) -> Parsed<'_> {
    let begin = PREFIX.len().min(bytes.len());
    if bytes.get(..begin) != PREFIX.as_bytes().get(..begin) {
        return Parsed::No;
    }
    let Some(kind) = bytes.get(PREFIX.len()) else { return Parsed::More };
    let Some(kind) = Kind::of(*kind) else { return Parsed::No };
    let rest = bytes.get(HEAD..).unwrap_or_default();
    let code = rest.get(..kind.symbols()).unwrap_or(rest);
    match code.iter().all(|symbol| kind.value(*symbol).is_some()) {
        false => Parsed::No,
        true if code.len() < kind.symbols() => Parsed::More,
        true => Parsed::Id { kind, code, len: HEAD + code.len() },
    }
}

/// Where the next [`PREFIX`] in `bytes` is, from byte `from` on.
pub(super) fn find(bytes: &[u8], from: usize) -> Option<usize> {
    static FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(PREFIX));
    FINDER.find(bytes.get(from..)?).map(|at| from + at)
}

/// How many bytes at the end may begin a [`PREFIX`].
pub(super) fn begun(bytes: &[u8]) -> usize {
    (1..PREFIX.len()).rev().find(|len| PREFIX.get(..*len).is_some_and(|p| bytes.ends_with(p.as_bytes()))).unwrap_or(0)
}

/// Whether the checksum of a replacement that is no vault's holds, and it is of letters and digits both, as one is but once
/// in thousands.
pub(super) fn looks_ours(kind: Kind, code: &[u8]) -> bool {
    let holds = match kind {
        Kind::Vault => false,
        Kind::Digest => token::holds(LABEL, code),
        Kind::Sealed(_) | Kind::Uuid => checksum(kind, code) == Some(0),
    };
    holds && code.iter().any(u8::is_ascii_digit) && code.iter().any(u8::is_ascii_alphabetic)
}

/// Appends a replacement whose code the vault gives later.
pub(super) fn write_blank(out: &mut String) {
    out.push_str(PREFIX);
    out.push(char::from(Kind::Vault.symbol()));
    out.push_str(token::BLANK);
}

/// Seals ids with one key, and opens them.
pub(super) struct Ids {
    /// For AES-256-SIV: two keys of 256 bits.
    key: Zeroizing<[u8; 64]>,
}

impl Ids {
    pub(super) fn new(key: &Key) -> Ids {
        Ids { key: key.derive("resource id") }
    }

    /// Appends what stands in place of `id`; returns false, and appends nothing, when it is too long or no logical id.
    pub(super) fn seal(&self, id: &str, out: &mut String) -> Result<bool, TransformError> {
        let Some((kind, mut payload)) = pack(id) else { return Ok(false) };
        let (tag, content) = payload.split_at_mut(TAG);
        let iv = self
            .cipher()
            .encrypt_inout_detached([AAD, &[kind.symbol()]], content.into())
            .map_err(|_| TransformError::Seal)?;
        tag.copy_from_slice(&iv);
        let mut values = Vec::with_capacity(kind.symbols());
        let rest = regroup(payload.iter().copied(), 8, 6, &mut values);
        values.extend(rest.bits.checked_sub(1).map(|_| rest.value << (6 - rest.bits)));
        values.push(times_g(values.iter().fold(kind.number(), |sum, value| times_g(sum) ^ value)));
        out.push_str(PREFIX);
        out.push(char::from(kind.symbol()));
        out.extend(values.iter().map(|value| symbol(*value)));
        Ok(true)
    }

    /// The id that stood there.
    pub(super) fn open(&self, kind: Kind, code: &[u8]) -> Result<Zeroizing<String>, Fault> {
        if checksum(kind, code) != Some(0) {
            return Err(Fault::Mistyped);
        }
        let symbols = code.split_last().map(|(_, symbols)| symbols).unwrap_or_default();
        let mut payload = Zeroizing::new(Vec::with_capacity(code.len()));
        let rest = regroup(symbols.iter().filter_map(|s| value(*s)), 6, 8, &mut payload);
        let (tag, content) = payload.split_at_mut_checked(TAG).ok_or(Fault::Foreign)?;
        let tag = aes_siv::Tag::try_from(&*tag).map_err(|_| Fault::Foreign)?;
        // Another spelling of the same bits would be another id.
        if rest.value != 0 {
            return Err(Fault::Foreign);
        }
        self.cipher()
            .decrypt_inout_detached([AAD, &[kind.symbol()]], (&mut *content).into(), &tag)
            .map_err(|_| Fault::Foreign)?;
        unpack(kind, content).ok_or(Fault::Foreign)
    }

    fn cipher(&self) -> Aes256Siv {
        Aes256Siv::new((&*self.key).into())
    }
}

/// Digests of ids under a secret: equal ones stay equal, and nothing turns them back.
pub(super) struct Digests {
    mac: Hmac<Sha256>,
    of_key: bool,
}

impl Digests {
    /// Under the key, for good: equal ids are replaced alike in all runs.
    pub(super) fn of_key(key: &Key) -> Digests {
        Digests { of_key: true, ..Digests::of_secret(&key.derive("resource id digest")) }
    }

    /// Under a secret of 256 bits.
    pub(super) fn of_secret(secret: &Zeroizing<[u8; 32]>) -> Digests {
        #[allow(clippy::expect_used)]
        let mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(secret.as_slice());
        #[allow(clippy::expect_used)]
        Digests { mac: mac.expect("HMAC takes keys of every length"), of_key: false }
    }

    /// Whether they are under a key that is kept.
    pub(super) fn is_of_key(&self) -> bool {
        self.of_key
    }

    /// Appends what stands in place of `id`: its symbols are of 125 bits, so that two ids among 2^50 share them with a
    /// chance of one in 2^26.
    pub(super) fn write(&self, id: &str, out: &mut String) {
        let digest = self.mac.clone().chain_update(id.as_bytes()).finalize().into_bytes();
        let first = digest.first_chunk().copied().unwrap_or_default();
        let bits = u128::from_be_bytes(first);
        out.push_str(PREFIX);
        out.push(char::from(Kind::Digest.symbol()));
        let start = out.len();
        // Five bits each, from the first.
        let values = (1..DIGEST).map(|n| (bits >> (u128::BITS as usize - 5 * n)) as u8 & 31);
        out.extend(values.map(base32::symbol));
        token::close(LABEL, start, out);
    }
}

impl Kind {
    fn of(symbol: u8) -> Option<Kind> {
        match value(symbol)? {
            n @ 1..=LONGEST => Some(Kind::Sealed(n)),
            UUID => Some(Kind::Uuid),
            HASH => Some(Kind::Digest),
            VAULT => Some(Kind::Vault),
            _ => None,
        }
    }

    fn number(self) -> u8 {
        match self {
            Kind::Sealed(characters) => characters,
            Kind::Uuid => UUID,
            Kind::Digest => HASH,
            Kind::Vault => VAULT,
        }
    }

    fn symbol(self) -> u8 {
        symbol(self.number()) as u8
    }

    /// Symbols behind the one that tells the kind, checksum included.
    fn symbols(self) -> usize {
        match self {
            Kind::Vault => token::VAULT_CODE,
            Kind::Sealed(characters) => spelled((6 * usize::from(characters)).div_ceil(8)),
            Kind::Uuid => spelled(16),
            Kind::Digest => DIGEST,
        }
    }

    /// The number of a symbol in a code of this kind.
    fn value(self, symbol: u8) -> Option<u8> {
        match self {
            Kind::Vault | Kind::Digest => base32::value(symbol),
            Kind::Sealed(_) | Kind::Uuid => value(symbol),
        }
    }
}

/// Symbols of the IV, so many bytes of content, and the checksum.
fn spelled(content: usize) -> usize {
    (8 * (TAG + content)).div_ceil(6) + 1
}

/// Room for the synthetic IV, and the id behind it.
fn pack(id: &str) -> Option<(Kind, Zeroizing<Vec<u8>>)> {
    let mut payload = Zeroizing::new(vec![0; TAG]);
    if let Some(digits) = uuid(id) {
        regroup(digits, 4, 8, &mut payload);
        return Some((Kind::Uuid, payload));
    }
    let characters = u8::try_from(id.len()).ok().filter(|n| (1..=LONGEST).contains(n))?;
    let values = Zeroizing::new(id.bytes().map(value).collect::<Option<Vec<u8>>>()?);
    let rest = regroup(values.iter().copied(), 6, 8, &mut payload);
    payload.extend(rest.bits.checked_sub(1).map(|_| rest.value << (8 - rest.bits)));
    Some((Kind::Sealed(characters), payload))
}

fn unpack(kind: Kind, content: &[u8]) -> Option<Zeroizing<String>> {
    let mut values = Zeroizing::new(Vec::new());
    let mut id = Zeroizing::new(String::with_capacity(64));
    match kind {
        Kind::Sealed(characters) => {
            regroup(content.iter().copied(), 8, 6, &mut values);
            id.extend(values.iter().take(usize::from(characters)).map(|value| symbol(*value)));
        }
        Kind::Uuid => {
            regroup(content.iter().copied(), 8, 4, &mut values);
            for (at, digit) in values.iter().enumerate() {
                if HYPHENS.contains(&at) {
                    id.push('-');
                }
                id.push(char::from_digit(u32::from(*digit), 16)?);
            }
        }
        Kind::Vault | Kind::Digest => return None,
    }
    Some(id)
}

/// The digits of a UUID in lower case.
fn uuid(id: &str) -> Option<Vec<u8>> {
    let groups = id.split('-').map(str::len);
    let hex = id.bytes().filter(|b| *b != b'-');
    if !groups.eq([8, 4, 4, 4, 12]) || hex.clone().any(|b| b.is_ascii_uppercase()) {
        return None;
    }
    hex.map(|b| char::from(b).to_digit(16).map(|digit| digit as u8)).collect()
}

/// What is left of values when those of the other width are taken.
struct Rest {
    value: u8,
    bits: u32,
}

/// Appends values of `from` bits each as values of `to` bits each; the bits that make no whole one are left over.
fn regroup(values: impl IntoIterator<Item = u8>, from: u32, to: u32, out: &mut Vec<u8>) -> Rest {
    let (mut held, mut bits) = (0u32, 0);
    for value in values {
        held = held << from | u32::from(value);
        bits += from;
        while bits >= to {
            bits -= to;
            out.push((held >> bits) as u8);
            held &= (1 << bits) - 1;
        }
    }
    Rest { value: held as u8, bits }
}

/// 0 where the checksum holds; `None` where a symbol is none.
fn checksum(kind: Kind, code: &[u8]) -> Option<u8> {
    code.iter().try_fold(kind.number(), |sum, s| Some(times_g(sum) ^ value(*s)?))
}

/// Times the generator x, for `a` below 64, of GF(2)[x] / (x^6 + x + 1), which is primitive.
fn times_g(a: u8) -> u8 {
    ((a << 1) ^ ((a >> 5) * 0b100_0011)) & 63
}

fn symbol(value: u8) -> char {
    SYMBOLS.get(usize::from(value)).map_or('.', |symbol| char::from(*symbol))
}

fn value(symbol: u8) -> Option<u8> {
    match symbol {
        b'0'..=b'9' => Some(symbol - b'0'),
        b'A'..=b'Z' => Some(symbol - b'A' + 10),
        b'a'..=b'z' => Some(symbol - b'a' + 36),
        b'-' => Some(62),
        b'.' => Some(63),
        _ => None,
    }
}

const SYMBOLS: &[u8; 64] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-.";
/// Bytes before the code: [`PREFIX`], and the symbol of the kind.
pub(super) const HEAD: usize = PREFIX.len() + 1;
/// Bytes of the shortest replacement, one whose code the vault gives.
pub(super) const SHORTEST: usize = HEAD + token::VAULT_CODE;
const AAD: &[u8] = b"FHIR id";
const TAG: usize = 16;
/// Characters of the longest id that fits in sealed form, if it is no UUID.
const LONGEST: u8 = 37;
/// The number of `c`.
const UUID: u8 = 38;
/// The number of `h`.
const HASH: u8 = 43;
/// The number of `v`.
const VAULT: u8 = 57;
/// Symbols of a digest, checksum included.
const DIGEST: usize = 26;
/// Digits of a UUID before each hyphen.
const HYPHENS: [usize; 4] = [8, 12, 16, 20];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn key(n: u8) -> Key {
        Key::parse(&format!("{n:02x}").repeat(32)).unwrap()
    }

    fn sealed(ids: &Ids, id: &str) -> Option<String> {
        let mut out = String::from("x");
        ids.seal(id, &mut out).unwrap().then(|| out.split_off(1))
    }

    fn is_logical_id(text: &str) -> bool {
        (1..=64).contains(&text.len()) && text.bytes().all(|b| value(b).is_some())
    }

    fn opened(ids: &Ids, text: &str) -> Result<String, Fault> {
        match parse(text.as_bytes()) {
            Parsed::Id { kind, code, len } if len == text.len() => ids.open(kind, code).map(|id| id.to_string()),
            _ => Err(Fault::Mistyped),
        }
    }

    #[test]
    fn the_generator_has_full_order() {
        let mut seen = [false; 64];
        let mut a = 1;
        for _ in 0..63 {
            assert!(a != 0 && !seen[usize::from(a)]);
            seen[usize::from(a)] = true;
            a = times_g(a);
        }
        assert_eq!(a, 1);
    }

    #[test]
    fn symbols_are_those_of_a_logical_id() {
        for n in 0..64 {
            assert_eq!(value(symbol(n) as u8), Some(n));
        }
        for other in (0..=255u8).filter(|b| !b.is_ascii_alphanumeric() && !b"-.".contains(b)) {
            assert_eq!(value(other), None);
        }
        for (kind, symbol) in [(Kind::Vault, 'v'), (Kind::Uuid, 'c'), (Kind::Digest, 'h'), (Kind::Sealed(36), 'a')] {
            assert_eq!((char::from(kind.symbol()), Kind::of(symbol as u8)), (symbol, Some(kind)));
        }
        assert_eq!((HEAD + Kind::Sealed(LONGEST).symbols(), HEAD + Kind::Uuid.symbols()), (64, 48));
    }

    #[test]
    fn ids_of_version_one_are_read_for_ever() {
        let ids = Ids::new(&key(7));
        for (id, want) in [("p1", PINNED[0]), ("0b7a6c1e-52d4-4e0f-9d3b-1f0a2c3d4e5f", PINNED[1])] {
            assert_eq!(sealed(&ids, id).unwrap(), want);
            assert_eq!(opened(&ids, want).unwrap(), id);
        }
        let mut digest = String::new();
        Digests::of_key(&key(7)).write("p1", &mut digest);
        assert_eq!(digest, PINNED[2]);
    }

    const PINNED: [&str; 3] = [
        "dE.2uffb3rMTfjY9zpviUESmYn.na",
        "dE.cx1wxxD-EeucQv2ILjSdq54mdCQgOWt-36Iw.MTI8amKf",
        "dE.h601J6RRY4XKSWNDXHXE16115AB",
    ];

    #[test]
    fn what_is_no_id_or_too_long_is_not_sealed() {
        let ids = Ids::new(&key(7));
        for id in ["", "a_b", "a b", "Øst", "urn:uuid:1", &"a".repeat(38), &"a".repeat(64)] {
            assert_eq!(sealed(&ids, id), None, "{id}");
        }
        for id in ["a", ".", "-", "0", &"a".repeat(37), "0B7A6C1E-52D4-4E0F-9D3B-1F0A2C3D4E5F"] {
            assert!(sealed(&ids, id).is_some(), "{id}");
        }
    }

    #[test]
    fn replacements_are_told_from_text() {
        let ids = Ids::new(&key(7));
        let token = sealed(&ids, "example").unwrap();
        for (text, want) in [
            (token.as_str(), "id"),
            (&format!("{token}/_history/1"), "id"),
            (&format!("{token}.json"), "id"),
            (&token[..token.len() - 1], "more"),
            (&token.to_lowercase(), "no"),
            ("dE.v4F7K2M9QX3D", "id"),
            ("dE.v4F7K2M9QX3D\"", "id"),
            ("dE.v4F7K2M9QX3", "more"),
            ("dE.v4F7K2M9QX/", "no"),
            ("dE.vUUUUUUUUUUU", "no"),
            ("dE.0123456789012345678901234567890", "no"),
            ("dE.z", "no"),
            ("dE.", "more"),
            ("dE", "more"),
            ("d", "more"),
            ("De.v4F7K2M9QX3D", "no"),
            ("x", "no"),
        ] {
            let got = match parse(text.as_bytes()) {
                Parsed::No => "no",
                Parsed::More => "more",
                Parsed::Id { .. } => "id",
            };
            assert_eq!(got, want, "{text}");
        }
        for (text, want) in [("", 0), ("abcd", 1), ("xdE", 2), ("xd.", 0), ("dEx", 0), ("dE.", 0)] {
            assert_eq!(begun(text.as_bytes()), want, "{text}");
        }
    }

    #[test]
    fn every_single_error_and_swap_is_detected() {
        let ids = Ids::new(&key(7));
        for id in ["a", "example", "0b7a6c1e-52d4-4e0f-9d3b-1f0a2c3d4e5f"] {
            let token = sealed(&ids, id).unwrap();
            for at in HEAD..token.len() {
                for wrong in SYMBOLS.iter().filter(|s| **s != token.as_bytes()[at]) {
                    let mut changed = token.clone().into_bytes();
                    changed[at] = *wrong;
                    assert_eq!(opened(&ids, std::str::from_utf8(&changed).unwrap()), Err(Fault::Mistyped));
                }
                let mut swapped = token.clone().into_bytes();
                if at > HEAD && swapped[at] != swapped[at - 1] {
                    swapped.swap(at, at - 1);
                    assert_eq!(opened(&ids, std::str::from_utf8(&swapped).unwrap()), Err(Fault::Mistyped));
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn sealed_ids_are_ids_and_come_back(id in "[A-Za-z0-9.-]{1,37}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}") {
            let ids = Ids::new(&key(7));
            let token = sealed(&ids, &id).unwrap();
            prop_assert!(is_logical_id(&token) && token.starts_with(PREFIX));
            prop_assert_eq!(opened(&ids, &token), Ok(id.clone()));
            prop_assert_eq!(sealed(&ids, &id), Some(token.clone()));
            prop_assert_eq!(opened(&Ids::new(&key(8)), &token), Err(Fault::Foreign));
        }

        #[test]
        fn digests_are_ids_and_differ(one in ".{0,80}", other in ".{0,80}") {
            let digests = Digests::of_secret(&Zeroizing::new([3; 32]));
            let of = |id: &str| {
                let mut out = String::new();
                digests.write(id, &mut out);
                out
            };
            prop_assert!(is_logical_id(&of(&one)));
            prop_assert_eq!(one == other, of(&one) == of(&other));
            let made = of(&one);
            let Parsed::Id { kind: Kind::Digest, code, len: 30 } = parse(made.as_bytes()) else { return Err(TestCaseError::fail("no digest")) };
            prop_assert!(looks_ours(Kind::Digest, code) || code.iter().all(u8::is_ascii_digit) || !code.iter().any(u8::is_ascii_digit));
        }
    }
}
