//! The vault: random codes for values, the values sealed, found again by a keyed index.
//!
//! A code says nothing of its value and is not derived from it, so that it is a re-identification code as
//! 45 CFR 164.514(c) allows one. Values are sealed with a data key of whom they belong to; data keys and the key of the
//! index are wrapped by the master key, so that a new master key rewraps them and no token changes, and a data key that
//! is deleted takes all values of its owner with it.

mod embedded;
mod lines;
mod memory;
#[cfg(feature = "postgres")]
pub mod postgres;
mod seal;
#[cfg(test)]
mod tests;

pub use self::embedded::Embedded;
pub use self::memory::Memory;

use std::fmt;
use std::io::{Read, Write};

use zeroize::Zeroizing;

use crate::identifier::Label;
use crate::secret::Keyring;

/// What a vault token carries: 50 bits of the operating system's generator.
///
/// Invariant: below 2^50.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(u64);

/// Whose data key seals a value, as a digest of who it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// Nobody in particular.
    Corpus,
    /// A patient.
    Patient([u8; 32]),
    /// A session.
    Session([u8; 32]),
}

/// A value that wants a code. Equal values of one scope, owner, label and flags share one.
pub struct Request<'r> {
    /// Within what equal values share a code: a digest, `None` for all that the vault holds.
    pub scope: Option<[u8; 32]>,
    /// Whose data key seals it.
    pub owner: Owner,
    /// What it is.
    pub label: Label,
    /// How `content` is to be read; the vault keeps it with the value.
    pub flags: u8,
    /// The value.
    pub content: &'r str,
}

/// What the vault knows of a code.
pub struct Entry {
    /// What the value is.
    pub label: Label,
    /// As it was given in [`Request::flags`].
    pub flags: u8,
    /// The first bytes of a keyed digest of the scope; see [`Vault::scope_tag`].
    pub scope: ScopeTag,
    /// The value.
    pub content: Zeroizing<String>,
}

/// Tells scopes apart, within one vault only.
pub type ScopeTag = [u8; 6];

/// Keeps values and gives codes for them. One serves all threads.
pub trait Vault: Send + Sync {
    /// Appends the code of each request to `out`. When it returns, each is durable: a token may be written out.
    ///
    /// # Errors
    ///
    /// Nothing was promised then; `out` is as it was.
    fn exchange(&self, requests: &[Request<'_>], out: &mut Vec<Code>) -> Result<(), VaultError>;

    /// Appends what stands behind each code to `out`, `None` for a code that the vault has not given or that was shredded.
    ///
    /// # Errors
    ///
    /// When the vault cannot be read, or an entry was changed behind its back.
    fn open(&self, codes: &[Code], out: &mut Vec<Option<Entry>>) -> Result<(), VaultError>;

    /// Appends to `out` the label under which each code was given, without opening anything.
    ///
    /// # Errors
    ///
    /// When the vault cannot be read.
    fn known(&self, codes: &[Code], out: &mut Vec<Option<Label>>) -> Result<(), VaultError>;

    /// What entries of that scope are marked with.
    fn scope_tag(&self, scope: Option<&[u8; 32]>) -> ScopeTag;

    /// Counts.
    ///
    /// # Errors
    ///
    /// When the vault cannot be read.
    fn stats(&self) -> Result<Stats, VaultError>;

    /// Opens every entry and looks it up again. `progress` is told the number of entries seen so far.
    ///
    /// # Errors
    ///
    /// When the vault cannot be read; what is wrong in it is counted, not an error.
    fn verify(&self, progress: &mut dyn FnMut(u64)) -> Result<Verified, VaultError>;

    /// Deletes the data key of `owner` and all that it sealed; the number of entries deleted.
    ///
    /// # Errors
    ///
    /// When the vault cannot be written; nothing was deleted then, unless the error says that it was and that a copy of
    /// the wrapped key may be left in the file.
    fn shred(&self, owner: Owner) -> Result<u64, VaultError>;

    /// Wraps all keys of the vault with the current key of `keys`. No token changes. The number of keys wrapped.
    ///
    /// # Errors
    ///
    /// When `keys` lacks the key that wraps them now, or the vault cannot be written; nothing was changed then.
    fn rotate(&self, keys: &Keyring) -> Result<u64, VaultError>;

    /// Writes the whole vault as JSON Lines, everything in it as sealed as it is in the vault; the number of entries.
    ///
    /// # Errors
    ///
    /// When the vault cannot be read or `out` not written.
    fn export(&self, out: &mut dyn Write) -> Result<u64, VaultError>;

    /// Takes in what [`export`](Vault::export) wrote, into a vault that is empty; the number of entries. All or nothing.
    ///
    /// # Errors
    ///
    /// When the vault is not empty, the input is damaged, or it was wrapped with a key that the vault was not opened with.
    fn import(&self, from: &mut dyn Read) -> Result<u64, VaultError>;
}

/// Counts over a vault.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Where it is kept: `embedded`, `postgres`, `memory`.
    pub kind: &'static str,
    /// Entries by label, in the order of [`Label::ALL`].
    pub entries: [u64; Label::ALL.len()],
    /// Data keys, by owner: corpus, patients, sessions.
    pub owners: [u64; 3],
    /// Id of the master key that wraps them.
    pub key: String,
    /// Bytes on disk, where it is known.
    pub bytes: Option<u64>,
}

/// What a look through a vault found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Entries that open and are found again by their value.
    pub sound: u64,
    /// Entries that do not open.
    pub damaged: u64,
    /// Entries that are not found by their value, or values whose entry is missing.
    pub lost: u64,
}

/// Why the vault did not do it. Holds no text of records.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// It could not be read or written.
    #[error("the vault cannot be read or written: {0}")]
    Io(std::io::Error),
    /// Another process has it open.
    #[error(
        "the vault is in use by another process; wait for it, or keep the vault in Postgres (--vault postgres://...)"
    )]
    InUse,
    /// The file is not a vault, or of a newer version.
    #[error("not a vault of this version: {0}")]
    Form(String),
    /// The key does not open it.
    #[error("the vault is locked with key {needed}, and the key given is {given}")]
    WrongKey {
        /// The id of the key that wraps the vault's keys.
        needed: String,
        /// The ids of the keys that were given.
        given: String,
    },
    /// Parts of it were changed, or are of another vault.
    #[error("the vault is damaged: {0}; restore it from a copy, or see what is left with 'deidre vault verify'")]
    Damaged(&'static str),
    /// The disk is full.
    #[error("no room for the vault to grow: {0}")]
    Full(std::io::Error),
    /// No random numbers.
    #[error("the operating system gives no random numbers")]
    Random,
    /// The database did not do it.
    #[error("the database: {0}")]
    Database(String),
    /// It was to be empty.
    #[error("the vault is not empty; import into a new one")]
    NotEmpty,
}

impl From<std::io::Error> for VaultError {
    fn from(error: std::io::Error) -> VaultError {
        VaultError::Io(error)
    }
}

impl Code {
    /// Bits of a code.
    pub const BITS: u32 = 50;

    /// The code of that number; `None` if it is too large for one.
    pub fn new(number: u64) -> Option<Code> {
        (number >> Code::BITS == 0).then_some(Code(number))
    }

    /// A new code from the operating system's generator.
    ///
    /// # Errors
    ///
    /// When it gives none.
    pub fn draw() -> Result<Code, VaultError> {
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes).map_err(|_| VaultError::Random)?;
        Ok(Code(u64::from_le_bytes(bytes) >> (64 - Code::BITS)))
    }

    /// Its number.
    pub fn number(self) -> u64 {
        self.0
    }
}

// Where a code is shown, the value may be looked up by whoever may reveal: it is no secret, but it is of a record.
impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code")
    }
}

impl fmt::Debug for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Owner::Corpus => "Corpus",
            Owner::Patient(_) => "Patient",
            Owner::Session(_) => "Session",
        })
    }
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("label", &self.label)
            .field("bytes", &self.content.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("label", &self.label).field("bytes", &self.content.len()).finish_non_exhaustive()
    }
}
