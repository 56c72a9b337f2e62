//! `manifest.json`: version, checksums and counts of built dictionaries.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::DictionaryError;

/// What was built, and from what. Holds no date, so that equal sources give equal bytes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// Number of the layout of the files; a reader takes its own only.
    pub format: u32,
    /// First 16 hexadecimal digits of the SHA-256 over the checksums of the files.
    pub version: String,
    /// The files by name.
    pub files: BTreeMap<String, File>,
    /// Rows of each source by name.
    pub sources: BTreeMap<String, usize>,
}

/// A built file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct File {
    /// Hexadecimal SHA-256.
    pub sha256: String,
    /// Length.
    pub bytes: usize,
    /// Words, phrases, or distinct entries.
    pub entries: usize,
}

/// Name of the file in the folder.
pub(super) const NAME: &str = "manifest.json";
/// Raise with every change of a bit in [`super::Entry`], [`super::Phrase`], the tables or the keys.
const FORMAT: u32 = 1;

impl Manifest {
    pub(super) fn new(files: &[(&str, &[u8], usize)], sources: BTreeMap<String, usize>) -> Self {
        let files: BTreeMap<_, _> = files
            .iter()
            .map(|(name, bytes, entries)| {
                ((*name).to_owned(), File { sha256: digest(bytes), bytes: bytes.len(), entries: *entries })
            })
            .collect();
        let sums: String = files.iter().map(|(name, file)| format!("{name} {}\n", file.sha256)).collect();
        let version = digest(sums.as_bytes()).chars().take(16).collect();
        Self { format: FORMAT, version, files, sources }
    }

    pub(super) fn parse(json: &[u8]) -> Result<Self, DictionaryError> {
        let manifest: Self = serde_json::from_slice(json)?;
        if manifest.format != FORMAT {
            return Err(DictionaryError::Format { found: manifest.format, expected: FORMAT });
        }
        Ok(manifest)
    }

    pub(super) fn verify(&self, file: &'static str, bytes: &[u8]) -> Result<(), DictionaryError> {
        match self.files.get(file) {
            Some(known) if known.sha256 == digest(bytes) => Ok(()),
            _ => Err(DictionaryError::Checksum { file }),
        }
    }

    pub(super) fn json(&self) -> Result<String, DictionaryError> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
