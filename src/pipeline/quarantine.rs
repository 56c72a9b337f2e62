//! Where records go that cannot pass: a line each that says where the record is and what is wrong, and holds no text; with
//! a key also the record itself, sealed.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::kept::Sealer;
use crate::error::InputError;

/// Takes records that were set aside.
pub trait Quarantine {
    /// Takes one.
    ///
    /// # Errors
    ///
    /// When it cannot be written down.
    fn add(&mut self, error: &InputError) -> io::Result<()>;

    /// Takes one with what is known of it beside. What cannot keep that takes the record alone.
    ///
    /// # Errors
    ///
    /// When it cannot be written down.
    fn keep(&mut self, error: &InputError, _kept: Kept<'_>) -> io::Result<()> {
        self.add(error)
    }
}

/// A record that was left out, and where it would stand.
#[derive(Clone, Copy)]
pub struct Kept<'r> {
    /// Bytes of the output before it, not compressed.
    pub at: u64,
    /// The record as it came, with its line end; empty when it was not kept.
    pub bytes: &'r [u8],
}

// Holds text.
impl std::fmt::Debug for Kept<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kept").field("at", &self.at).field("bytes", &self.bytes.len()).finish()
    }
}

/// A line of a quarantine file.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) file: String,
    pub(crate) record: u64,
    pub(crate) offset: u64,
    pub(crate) reason: String,
    /// Bytes of the output before the record, not compressed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) at: Option<u64>,
    /// The id of the key that sealed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<String>,
    /// The record, sealed, in base 64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sealed: Option<String>,
}

impl Line {
    /// Of a record that is not kept.
    pub(crate) fn of(error: &InputError) -> Self {
        Self {
            file: error.file.clone(),
            record: error.record,
            offset: error.fault.offset,
            reason: error.fault.reason.name().into(),
            at: None,
            key: None,
            sealed: None,
        }
    }

    /// Of a record that is kept as far as there is a key to seal it with and there are bytes of it.
    ///
    /// # Errors
    ///
    /// When the cipher refuses.
    pub(crate) fn keeping(error: &InputError, kept: Kept<'_>, sealer: Option<&Sealer>) -> io::Result<Self> {
        let mut line = Self::of(error);
        if let Some(sealer) = sealer.filter(|_| !kept.bytes.is_empty()) {
            line.at = Some(kept.at);
            line.key = Some(sealer.id().into());
            line.sealed = Some(sealer.seal(&error.file, error.record, kept.bytes)?);
        }
        Ok(line)
    }

    /// Writes it, with its line end.
    ///
    /// # Errors
    ///
    /// When writing fails.
    pub(crate) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer(&mut *out, self)?;
        out.write_all(b"\n")
    }
}

/// JSON Lines `{"file", "record", "offset", "reason"}` in a file that exists once there is a first one.
#[derive(Debug)]
pub struct QuarantineFile {
    path: PathBuf,
    file: Option<BufWriter<File>>,
}

impl QuarantineFile {
    /// In that file, whose folder is made when it is needed. A file from an earlier run is removed.
    ///
    /// # Errors
    ///
    /// When an earlier file cannot be removed.
    pub fn new(path: &Path) -> io::Result<Self> {
        match std::fs::remove_file(path) {
            Err(e) if !matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Err(e),
            _ => {}
        }
        Ok(Self { path: path.into(), file: None })
    }

    /// Writes out what is buffered.
    ///
    /// # Errors
    ///
    /// When writing fails.
    pub fn finish(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), BufWriter::flush)
    }
}

impl Quarantine for QuarantineFile {
    fn add(&mut self, error: &InputError) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                if let Some(folder) = self.path.parent() {
                    std::fs::create_dir_all(folder)?;
                }
                self.file.insert(BufWriter::new(File::create(&self.path)?))
            }
        };
        Line::of(error).write(file)
    }
}
