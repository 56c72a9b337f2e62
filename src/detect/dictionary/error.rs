//! What can go wrong when dictionaries are built or opened. None of it holds record text.

use std::path::PathBuf;

/// A dictionary could not be built or opened.
#[derive(Debug, thiserror::Error)]
pub enum DictionaryError {
    /// A file could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file could not be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A line of a source is not what the source's header promises.
    #[error("{file}.tsv line {line}: {what}")]
    Source {
        /// Name of the source.
        file: &'static str,
        /// Line, counted from 1.
        line: usize,
        /// What is wrong.
        what: &'static str,
    },
    /// The manifest is not one.
    #[error("manifest.json is not a dictionary manifest ({0}); build the folder again with `deidre dictionary build`")]
    Manifest(#[from] serde_json::Error),
    /// Built for another version of Deidre.
    #[error("dictionaries have format {found}, this deidre reads format {expected}; build them again with it")]
    Format {
        /// In the manifest.
        found: u32,
        /// What this version reads.
        expected: u32,
    },
    /// The bytes are not those that were built.
    #[error("{file} does not have the checksum in manifest.json; build or copy the folder again")]
    Checksum {
        /// The file.
        file: &'static str,
    },
    /// Not an FST.
    #[error("{file} is not a dictionary: {source}")]
    Fst {
        /// The file.
        file: &'static str,
        /// Why.
        source: fst::Error,
    },
    /// Not a table.
    #[error("{file} has the wrong length; build or copy the folder again")]
    Table {
        /// The file.
        file: &'static str,
    },
}
