//! The audit trail: who did what, when and under which policy, on lines that hang together by hashes.
//!
//! It is a file of JSON Lines that is only added to. Each line holds the hash of the line before it, so that a line
//! that was changed, taken out, put in or moved shows; with a key each line holds a MAC too, so that who may write the
//! file but has no key cannot write the lines anew. A head file beside it tells the last line, so that the end cannot be
//! cut off. `docs/audit.md` has the schema and what the hashes are made of.
//!
//! Nothing of a record gets in: a [`Record`] takes numbers, verbs, keyed digests and what the operator says of himself.

mod attention;
mod chain;
mod digest;
mod exchange;
#[cfg(feature = "service")]
mod exchanges;
mod files;
#[cfg(feature = "service")]
mod forward;
#[cfg(feature = "service")]
mod link;
mod read;
mod record;
pub mod report;
pub mod review;
#[cfg(feature = "service")]
mod syslog;
mod told;
mod trail;
mod verify;

pub use digest::{Digest, Digester, Digests, Fingerprint, Kind};
pub use exchange::{Call, Credential, Exchange, Usage};
#[cfg(feature = "service")]
pub use exchanges::Exchanges;
#[cfg(feature = "service")]
pub use forward::{Gauge, Sent};
pub use read::{Called, Entry, entries};
pub use record::{Counts, Named, Note, Outcome, Record, Revealed, Verb};
#[cfg(feature = "service")]
pub use syslog::Syslog;
pub use told::Told;
pub use trail::{Rotation, Trail};
pub use verify::{Fault, Finding, Verified, verify};

/// Why a trail was not written or read. Whoever was to append must stop: what is not in the trail must not happen.
///
/// Holds no text of records.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// It could not be read or written.
    #[error("the audit trail cannot be read or written: {0}")]
    Io(#[from] std::io::Error),
    /// There is none.
    #[error("there is no audit trail: neither the file nor a part or head of it")]
    Missing,
    /// A folder, a device, or a name that is none.
    #[error("the audit trail must be a file, with a name in UTF-8")]
    NotAFile,
    /// Its end is not as it was left. Going on would cover that up.
    #[error(
        "the audit trail was changed: {0}; look at it with 'deidre audit verify', then move it and its head aside, or \
         name another with --audit"
    )]
    Damaged(&'static str),
    /// Its end was made with a key that was not given, so that it cannot be told whether it is as it was left.
    #[error(
        "the audit trail is kept with key {0}: give that key, as the current or an older one, or name another trail \
         with --audit"
    )]
    KeyNeeded(String),
    /// It was begun without a key, so that anybody may have written it. It must not look like one that was not.
    #[error(
        "the audit trail is kept without a key, and there is one: move it and its head aside, or name another with \
         --audit"
    )]
    Keyless,
    /// A line longer than is read again.
    #[error("a record is too long for the audit trail")]
    TooLong,
    /// More records wait for the disk than there is room for.
    #[error("too many records wait for the audit trail; is its disk slow?")]
    Full,
    /// Several records were to be written at once.
    #[error(transparent)]
    Together(std::sync::Arc<AuditError>),
    /// Whoever adds to it has ended.
    #[error("the audit trail is not added to any more")]
    Stopped,
    /// Syslog cannot be had as it was asked for.
    #[error("syslog: {0}")]
    Syslog(String),
    /// No random numbers.
    #[error("the operating system gives no random numbers: {0}")]
    Random(#[from] getrandom::Error),
}

#[cfg(test)]
mod tests;
