//! From an input stream to an output stream: cuts input into chunks of whole records, has them scrubbed by several
//! threads, writes them in order. Knows nothing of detection.

pub(crate) mod batch;
mod budget;
pub mod clean;
#[cfg(feature = "parquet")]
pub mod columns;
pub mod compress;
mod draft;
pub mod given;
pub(crate) mod input;
mod journal;
pub(crate) mod kept;
pub mod layout;
pub(crate) mod ledger;
mod lock;
pub(crate) mod manifest;
pub(crate) mod part;
mod passage;
pub mod people;
pub(crate) mod place;
pub mod quarantine;
pub(crate) mod retry;
pub mod run;
pub mod scrub;
pub mod source;
pub(crate) mod state;
pub mod summary;
pub mod survey;
pub mod walk;

pub use compress::Compression;
pub use layout::Layout;
pub use run::{Run, run};
pub use scrub::Scrub;
pub use source::{Chunk, Place, Source};
pub use summary::Summary;

/// A record larger than this, in bytes, is set aside: it would have to be held whole.
pub const MAX_RECORD: usize = 64 << 20;

/// A text document larger than this, in bytes, is cut: at the end of a paragraph, a line or a word.
pub const MAX_DOCUMENT: usize = 4 << 20;
