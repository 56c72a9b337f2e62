//! The cryptography of a vault that keeps itself: its secret, data keys, sealed values, the keyed index.
//!
//! ```text
//! master key --- wraps ---> vault secret --- HKDF ---> index key, owner key, scope key   (HMAC-SHA256)
//!            \-- wraps ---> data keys, one an owner --- seal ---> values
//! ```
//!
//! Wrapping and sealing are AES-256-GCM-SIV (RFC 8452): a nonce that repeats tells only that two plaintexts are equal. What
//! the index, an owner or a scope is called on disk is a keyed digest: digests of record numbers could be guessed.

use std::fmt;

use aes_gcm_siv::{AeadInOut, Aes256GcmSiv, KeyInit, Nonce, Tag};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

use super::{Code, Owner, Request, ScopeTag, VaultError};
use crate::identifier::Label;
use crate::secret::{Key, Keyring};

/// Names a vault: random, no secret. Everything wrapped or sealed is bound to it.
pub(super) type VaultId = [u8; 16];

/// What a value is found by: a keyed digest of it with its scope, owner, label and flags.
pub(super) type Index = [u8; 16];

/// Master keys, ready to wrap and to unwrap with; of a [`Keyring`], the current one first.
///
/// Invariant: not empty.
#[derive(Clone)]
pub(super) struct Masters(Vec<Master>);

/// One master key's key for wrapping.
#[derive(Clone)]
pub(super) struct Master {
    id: String,
    cipher: Aes256GcmSiv,
}

/// What only this vault knows: its index, owners and scopes are keyed with it.
pub(super) struct Secrets {
    id: VaultId,
    secret: Zeroizing<[u8; 32]>,
    index: Hmac<Sha256>,
    owner: Hmac<Sha256>,
    scope: Hmac<Sha256>,
}

/// The index of one scope and owner: what their values have in common is digested once.
pub(super) struct Indexer(Hmac<Sha256>);

/// An owner as the vault knows it: one byte of [kind](OwnerId::kind), sixteen of keyed digest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct OwnerId([u8; OwnerId::LEN]);

/// Seals the values of one owner. Wiped when dropped.
pub(super) struct DataKey {
    bytes: Zeroizing<[u8; 32]>,
    cipher: Aes256GcmSiv,
}

/// Where a value belongs. It opens as this and as nothing else.
pub(super) struct About {
    pub(super) vault: VaultId,
    pub(super) code: Code,
    pub(super) owner: OwnerId,
    pub(super) label: Label,
    pub(super) flags: u8,
    pub(super) scope: ScopeTag,
    pub(super) index: Index,
}

/// How much longer than its content a sealed value is.
pub(super) const OVERHEAD: usize = 16;

impl Masters {
    /// Of all keys of the ring.
    pub(super) fn of(keys: &Keyring) -> Masters {
        Masters(keys.iter().map(Master::of).collect())
    }

    /// Of two rings, the current one of the first.
    #[cfg(test)]
    pub(super) fn joined(first: &Masters, second: &Masters) -> Masters {
        Masters([first.0.clone(), second.0.clone()].concat())
    }

    /// The one that wraps.
    pub(super) fn current(&self) -> &Master {
        // Never empty: a ring has a current key.
        &self.0[0]
    }

    /// The one that `wrapped` names.
    ///
    /// # Errors
    ///
    /// [`VaultError::WrongKey`] when it is not among them, `Form` when `wrapped` is no wrapped key.
    pub(super) fn of_wrapped(&self, wrapped: &[u8]) -> Result<&Master, VaultError> {
        let id = wrapping_id(wrapped)?;
        self.0.iter().find(|master| master.id == id).ok_or_else(|| VaultError::WrongKey {
            needed: id.to_owned(),
            given: self.0.iter().map(|master| master.id.as_str()).collect::<Vec<_>>().join(", "),
        })
    }
}

impl Master {
    /// The id of the master key.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    fn of(key: &Key) -> Master {
        Master { id: key.id().to_owned(), cipher: cipher(&key.derive::<32>("vault wrap")) }
    }

    /// Version, length of the id, id, nonce, key and tag.
    fn wrap(&self, key: &[u8; 32], bound: &[&[u8]]) -> Result<Vec<u8>, VaultError> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(|_| VaultError::Random)?;
        let mut body = Zeroizing::new(*key);
        let tag = self
            .cipher
            .encrypt_inout_detached(&Nonce::from(nonce), &bound.concat(), body.as_mut_slice().into())
            .map_err(|_| VaultError::Damaged("a key cannot be wrapped"))?;
        let length = u8::try_from(self.id.len()).map_err(|_| VaultError::Form("id of the master key".to_owned()))?;
        Ok([&[VERSION, length], self.id.as_bytes(), &nonce, body.as_slice(), &tag].concat())
    }

    fn unwrap(&self, wrapped: &[u8], bound: &[&[u8]]) -> Result<Zeroizing<[u8; 32]>, VaultError> {
        const DAMAGED: VaultError = VaultError::Damaged("a wrapped key does not open");
        let rest = wrapped.get(2 + self.id.len()..).ok_or(DAMAGED)?;
        let (nonce, rest) = rest.split_first_chunk::<NONCE>().ok_or(DAMAGED)?;
        let (body, tag) = rest.split_first_chunk::<32>().ok_or(DAMAGED)?;
        let tag = Tag::try_from(tag).map_err(|_| DAMAGED)?;
        let mut key = Zeroizing::new(*body);
        self.cipher
            .decrypt_inout_detached(&Nonce::from(*nonce), &bound.concat(), key.as_mut_slice().into(), &tag)
            .map_err(|_| DAMAGED)?;
        Ok(key)
    }
}

/// The id of the master key that wrapped it.
///
/// # Errors
///
/// [`VaultError::Form`] when it is no wrapped key of this version.
pub(super) fn wrapping_id(wrapped: &[u8]) -> Result<&str, VaultError> {
    let form = || VaultError::Form("a wrapped key is in no form that is known".to_owned());
    let (&[version, length], rest) = wrapped.split_first_chunk().ok_or_else(form)?;
    let id = rest.get(..usize::from(length)).and_then(|id| std::str::from_utf8(id).ok()).ok_or_else(form)?;
    if version == VERSION && id.bytes().all(|b| b.is_ascii_alphanumeric()) { Ok(id) } else { Err(form()) }
}

impl Secrets {
    /// Of a new vault.
    pub(super) fn generate() -> Result<Secrets, VaultError> {
        let mut id = [0; 16];
        getrandom::fill(&mut id).map_err(|_| VaultError::Random)?;
        Ok(Secrets::new(id, random_key()?))
    }

    /// The secret and the id, wrapped; the id of the master key and that of the vault stand in it in clear.
    pub(super) fn wrap(&self, master: &Master) -> Result<Vec<u8>, VaultError> {
        let mut wrapped = master.wrap(&self.secret, &[b"deidre 1 vault secret", &self.id])?;
        wrapped.extend_from_slice(&self.id);
        Ok(wrapped)
    }

    /// # Errors
    ///
    /// `WrongKey` when none of the keys wrapped it, `Damaged` when one should fit and does not, `Form` when it is none.
    pub(super) fn unwrap(wrapped: &[u8], masters: &Masters) -> Result<Secrets, VaultError> {
        let (key, id) = wrapped.split_last_chunk().ok_or_else(|| VaultError::Form("no vault secret".to_owned()))?;
        let master = masters.of_wrapped(key)?;
        Ok(Secrets::new(*id, master.unwrap(key, &[b"deidre 1 vault secret", id])?))
    }

    /// The vault's name.
    pub(super) fn id(&self) -> &VaultId {
        &self.id
    }

    /// What the value is found by.
    pub(super) fn index(&self, request: &Request<'_>) -> Index {
        self.indexer(request.scope.as_ref(), &request.owner).index(request)
    }

    /// What the values of one scope and owner are found by.
    pub(super) fn indexer(&self, scope: Option<&[u8; 32]>, owner: &Owner) -> Indexer {
        let (kind, owner) = parts(owner);
        let mut mac = self.index.clone();
        // 64 bytes, one block of SHA-256; the byte after them tells what they are.
        mac.update(scope.unwrap_or(&NOBODY));
        mac.update(owner);
        mac.update(&[kind << 1 | u8::from(scope.is_some())]);
        Indexer(mac)
    }

    /// What the vault calls an owner.
    pub(super) fn owner(&self, owner: Owner) -> OwnerId {
        let (kind, digest) = parts(&owner);
        let mut id = [kind; OwnerId::LEN];
        let [_, rest @ ..] = &mut id;
        *rest = truncated(self.owner.clone().chain_update([kind]).chain_update(digest));
        OwnerId(id)
    }

    /// What the vault calls a scope.
    pub(super) fn scope_tag(&self, scope: Option<&[u8; 32]>) -> ScopeTag {
        let mac = self.scope.clone().chain_update([u8::from(scope.is_some())]);
        truncated(mac.chain_update(scope.unwrap_or(&NOBODY)))
    }

    fn new(id: VaultId, secret: Zeroizing<[u8; 32]>) -> Secrets {
        let keyed = |purpose: &str| {
            let mut key = Zeroizing::new([0; 32]);
            let done = Hkdf::<Sha256>::new(Some(&id), secret.as_slice())
                .expand_multi_info(&[b"deidre 1 vault ", purpose.as_bytes()], key.as_mut_slice());
            assert!(done.is_ok(), "HKDF-SHA256 gives 32 bytes");
            #[allow(clippy::expect_used)]
            <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key.as_slice()).expect("HMAC takes keys of every length")
        };
        let (index, owner, scope) = (keyed("index"), keyed("owner"), keyed("scope"));
        Secrets { id, secret, index, owner, scope }
    }
}

impl Indexer {
    /// The index of a request of the scope and owner it is for.
    pub(super) fn index(&self, request: &Request<'_>) -> Index {
        let mut mac = self.0.clone();
        mac.update(request.label.name().as_bytes());
        // No name has a zero byte, and the flags are one byte: nothing can be read in two ways.
        mac.update(&[0, request.flags]);
        mac.update(request.content.as_bytes());
        truncated(mac)
    }
}

impl OwnerId {
    /// Bytes of one.
    pub(super) const LEN: usize = 17;

    /// `None` if it is none of this version.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<OwnerId> {
        let id = OwnerId(bytes.try_into().ok()?);
        (id.kind() < KINDS).then_some(id)
    }

    /// As it is stored.
    pub(super) fn as_bytes(&self) -> &[u8; OwnerId::LEN] {
        &self.0
    }

    /// Where it counts in [`Stats::owners`](super::Stats::owners).
    pub(super) fn kind(&self) -> usize {
        usize::from(self.0[0])
    }
}

impl DataKey {
    /// A new one from the operating system's generator.
    pub(super) fn generate() -> Result<DataKey, VaultError> {
        Ok(DataKey::new(random_key()?))
    }

    /// Wrapped for that vault and owner; it opens for no other.
    pub(super) fn wrap(&self, master: &Master, vault: &VaultId, owner: &OwnerId) -> Result<Vec<u8>, VaultError> {
        master.wrap(&self.bytes, &[b"deidre 1 data key", vault, owner.as_bytes()])
    }

    /// # Errors
    ///
    /// `WrongKey` when none of the keys wrapped it, `Damaged` when one should fit and does not, `Form` when it is none.
    pub(super) fn unwrap(
        wrapped: &[u8],
        masters: &Masters,
        vault: &VaultId,
        owner: &OwnerId,
    ) -> Result<DataKey, VaultError> {
        let master = masters.of_wrapped(wrapped)?;
        Ok(DataKey::new(master.unwrap(wrapped, &[b"deidre 1 data key", vault, owner.as_bytes()])?))
    }

    /// Appends the sealed value: [`OVERHEAD`] bytes longer than its content.
    pub(super) fn seal(&self, about: &About, content: &str, out: &mut Vec<u8>) -> Result<(), VaultError> {
        let start = out.len();
        out.extend_from_slice(content.as_bytes());
        let body = out.get_mut(start..).unwrap_or_default();
        match self.cipher.encrypt_inout_detached(&about.nonce(), &about.bound(), (&mut *body).into()) {
            Ok(tag) => out.extend_from_slice(&tag),
            Err(_) => {
                // Longer than 2^36 bytes. Nothing of it stays.
                body.zeroize();
                out.truncate(start);
                return Err(VaultError::Damaged("a value is too long to be sealed"));
            }
        }
        Ok(())
    }

    /// The value.
    ///
    /// # Errors
    ///
    /// [`VaultError::Damaged`] when it was not sealed as that, with this key.
    pub(super) fn open(&self, about: &About, sealed: &[u8]) -> Result<Zeroizing<String>, VaultError> {
        const DAMAGED: VaultError = VaultError::Damaged("a value does not open");
        let (content, tag) = sealed.split_last_chunk::<OVERHEAD>().ok_or(DAMAGED)?;
        let mut content = Zeroizing::new(content.to_vec());
        self.cipher
            .decrypt_inout_detached(&about.nonce(), &about.bound(), content.as_mut_slice().into(), &Tag::from(*tag))
            .map_err(|_| DAMAGED)?;
        String::from_utf8(std::mem::take(&mut *content)).map(Zeroizing::new).map_err(|error| {
            error.into_bytes().zeroize();
            DAMAGED
        })
    }

    fn new(bytes: Zeroizing<[u8; 32]>) -> DataKey {
        DataKey { cipher: cipher(&bytes), bytes }
    }
}

impl About {
    /// A code is given once in a vault: no nonce repeats under a data key.
    fn nonce(&self) -> Nonce {
        let mut nonce = [0; NONCE];
        put(&mut nonce, &self.code.number().to_le_bytes());
        Nonce::from(nonce)
    }

    /// All of fixed length; the name of the label is filled up with zeros.
    fn bound(&self) -> [u8; 80] {
        let mut bound = [0; 80];
        let mut rest = bound.as_mut_slice();
        for part in [&self.vault, self.code.number().to_le_bytes().as_slice(), self.owner.as_bytes(), &[self.flags]] {
            rest = put(rest, part);
        }
        rest = put(rest, &self.scope);
        rest = put(rest, &self.index);
        put(rest, self.label.name().as_bytes());
        bound
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets")
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey")
    }
}

impl fmt::Debug for OwnerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OwnerId({})", self.kind())
    }
}

/// Copies `part` to the start; what is left behind it.
fn put<'b>(to: &'b mut [u8], part: &[u8]) -> &'b mut [u8] {
    let (head, rest) = to.split_at_mut(part.len().min(to.len()));
    head.copy_from_slice(part.get(..head.len()).unwrap_or_default());
    rest
}

/// Kind, which is its place in [`Stats::owners`](super::Stats::owners), and digest.
fn parts(owner: &Owner) -> (u8, &[u8; 32]) {
    match owner {
        Owner::Corpus => (0, &NOBODY),
        Owner::Patient(digest) => (1, digest),
        Owner::Session(digest) => (2, digest),
    }
}

fn truncated<const N: usize>(mac: Hmac<Sha256>) -> [u8; N] {
    const { assert!(N <= 32, "SHA-256 gives no more") };
    let mut out = [0; N];
    out.copy_from_slice(&mac.finalize().into_bytes()[..N]);
    out
}

fn cipher(key: &[u8; 32]) -> Aes256GcmSiv {
    Aes256GcmSiv::new(key.into())
}

fn random_key() -> Result<Zeroizing<[u8; 32]>, VaultError> {
    let mut key = Zeroizing::new([0; 32]);
    getrandom::fill(key.as_mut_slice()).map_err(|_| VaultError::Random)?;
    Ok(key)
}

/// Of wrapped keys.
const VERSION: u8 = 1;

/// Bytes of a nonce.
const NONCE: usize = 12;

/// Kinds of owner.
const KINDS: usize = 3;

/// In place of a digest where there is none.
const NOBODY: [u8; 32] = [0; 32];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    fn masters(digit: &str) -> Masters {
        Masters::of(&Keyring::of(Key::parse(&digit.repeat(64)).unwrap()))
    }

    fn request<'r>(scope: Option<[u8; 32]>, owner: Owner, label: Label, flags: u8, content: &'r str) -> Request<'r> {
        Request { scope, owner, label, flags, content }
    }

    #[test]
    fn the_secret_opens_with_its_key_and_with_no_other() {
        let (a, b) = (masters("a"), masters("b"));
        let secrets = Secrets::generate().unwrap();
        let wrapped = secrets.wrap(a.current()).unwrap();
        assert_eq!(wrapping_id(&wrapped).unwrap(), a.current().id());
        let back = Secrets::unwrap(&wrapped, &a).unwrap();
        let same = request(None, Owner::Corpus, Label::Name, 0, "Ada Zeppelina");
        assert_eq!((back.id(), back.index(&same)), (secrets.id(), secrets.index(&same)));
        match Secrets::unwrap(&wrapped, &b).unwrap_err() {
            VaultError::WrongKey { needed, given } => {
                assert_eq!((needed.as_str(), given.as_str()), (a.current().id(), b.current().id()));
            }
            other => panic!("{other}"),
        }
        let both = Masters::joined(&b, &a);
        assert!(Secrets::unwrap(&wrapped, &both).is_ok());
        for at in 0..wrapped.len() {
            let mut wrong = wrapped.clone();
            wrong[at] ^= 1;
            assert!(Secrets::unwrap(&wrong, &both).is_err(), "{at}");
            assert!(Secrets::unwrap(&wrapped[..at], &both).is_err(), "{at}");
        }
    }

    #[test]
    fn a_data_key_opens_for_its_owner_in_its_vault() {
        let masters = masters("a");
        let (one, other) = (Secrets::generate().unwrap(), Secrets::generate().unwrap());
        let owner = one.owner(Owner::Patient([1; 32]));
        let key = DataKey::generate().unwrap();
        let wrapped = key.wrap(masters.current(), one.id(), &owner).unwrap();
        assert_eq!(*DataKey::unwrap(&wrapped, &masters, one.id(), &owner).unwrap().bytes, *key.bytes);
        let foreign = one.owner(Owner::Session([1; 32]));
        assert!(matches!(DataKey::unwrap(&wrapped, &masters, one.id(), &foreign), Err(VaultError::Damaged(_))));
        assert!(matches!(DataKey::unwrap(&wrapped, &masters, other.id(), &owner), Err(VaultError::Damaged(_))));
    }

    #[test]
    fn a_value_opens_as_what_it_was_sealed_as() {
        let secrets = Secrets::generate().unwrap();
        let key = DataKey::generate().unwrap();
        let about = || About {
            vault: *secrets.id(),
            code: Code::new(77).unwrap(),
            owner: secrets.owner(Owner::Corpus),
            label: Label::Name,
            flags: 3,
            scope: [1; 6],
            index: [2; 16],
        };
        for content in ["", "Ada", "Ada Zeppelina, geboren in Zürich an der Limmat, dritter Stock"] {
            let mut sealed = b"before".to_vec();
            key.seal(&about(), content, &mut sealed).unwrap();
            let sealed = &sealed[6..];
            assert_eq!(sealed.len(), content.len() + OVERHEAD);
            assert_eq!(key.open(&about(), sealed).unwrap().as_str(), content);
            assert!(DataKey::generate().unwrap().open(&about(), sealed).is_err());
            let wrong = [
                About { vault: [0; 16], ..about() },
                About { code: Code::new(78).unwrap(), ..about() },
                About { owner: secrets.owner(Owner::Patient([0; 32])), ..about() },
                About { label: Label::City, ..about() },
                About { flags: 2, ..about() },
                About { scope: [2; 6], ..about() },
                About { index: [3; 16], ..about() },
            ];
            for (row, wrong) in wrong.iter().enumerate() {
                assert!(matches!(key.open(wrong, sealed), Err(VaultError::Damaged(_))), "{row}");
            }
            for cut in 0..sealed.len() {
                assert!(key.open(&about(), &sealed[..cut]).is_err());
            }
        }
    }

    #[test]
    fn whatever_differs_has_another_index_and_owner() {
        let secrets = Secrets::generate().unwrap();
        let (zero, one) = ([0; 32], [1; 32]);
        let rows = [
            request(None, Owner::Corpus, Label::Name, 0, "Ada"),
            request(Some(zero), Owner::Corpus, Label::Name, 0, "Ada"),
            request(Some(one), Owner::Corpus, Label::Name, 0, "Ada"),
            request(None, Owner::Patient(zero), Label::Name, 0, "Ada"),
            request(None, Owner::Session(zero), Label::Name, 0, "Ada"),
            request(None, Owner::Patient(one), Label::Name, 0, "Ada"),
            request(None, Owner::Corpus, Label::City, 0, "Ada"),
            request(None, Owner::Corpus, Label::Name, 1, "Ada"),
            request(None, Owner::Corpus, Label::Name, 0, "Ada "),
            request(None, Owner::Corpus, Label::Name, 0, ""),
        ];
        let mut indices: Vec<Index> = rows.iter().map(|row| secrets.index(row)).collect();
        let apart = indices.len();
        assert_ne!(Secrets::generate().unwrap().index(&rows[0]), indices[0]);
        indices.sort_unstable();
        indices.dedup();
        assert_eq!(indices.len(), apart);

        let owners = [Owner::Corpus, Owner::Patient(zero), Owner::Session(zero), Owner::Patient(one)];
        let mut ids: Vec<OwnerId> = owners.iter().map(|owner| secrets.owner(*owner)).collect();
        assert_eq!(ids.iter().map(OwnerId::kind).collect::<Vec<_>>(), [0, 1, 2, 1]);
        assert!(ids.iter().all(|id| OwnerId::from_bytes(id.as_bytes()) == Some(*id)));
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), owners.len());
        assert!(OwnerId::from_bytes(&[3; OwnerId::LEN]).is_none() && OwnerId::from_bytes(&[0; 16]).is_none());

        let tags = [None, Some(&zero), Some(&one)].map(|scope| secrets.scope_tag(scope));
        assert!(tags[0] != tags[1] && tags[1] != tags[2] && tags[0] != tags[2]);
    }
}
