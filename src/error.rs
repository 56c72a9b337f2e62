//! What can be wrong with input, and with reading or writing it.

use crate::record::Fault;

/// A record that was not scrubbed, and so must not pass.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{file}: record {record}, byte {}: {}", fault.offset, fault.reason)]
pub struct InputError {
    /// The file, as it was named; `-` for standard input.
    pub file: String,
    /// The record, counted from 1: a line, a row under the header, a document.
    pub record: u64,
    /// What is wrong and where in the record.
    pub fault: Fault,
}

/// Why a run stopped.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The input could not be read.
    #[error("cannot read {file}")]
    Read {
        /// The file.
        file: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The output could not be written.
    #[error("cannot write {file}")]
    Write {
        /// The file.
        file: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The whole input is of a kind that is not read.
    #[error("{file}: {reason}")]
    Refused {
        /// The file.
        file: String,
        /// Why.
        reason: crate::record::Reason,
    },
    /// Tokens got no codes; what was written until then is whole.
    #[error("cannot scrub {file}")]
    Tokens {
        /// The file.
        file: String,
        /// Why.
        source: crate::transform::TransformError,
    },
    /// The input is not what it was when it was opened: it shrank, grew or was written to.
    #[error("{file} changed while it was read: nothing of it was written; run again when it stays as it is")]
    Changed {
        /// The file.
        file: String,
    },
    /// A worker ended without its result; see the log.
    #[error("{file}: a worker was lost")]
    Lost {
        /// The file.
        file: String,
    },
}
