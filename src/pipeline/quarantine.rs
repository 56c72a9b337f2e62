//! Where records go that cannot pass: a line each that says where the record is and what is wrong, and holds no text.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::error::InputError;

/// Takes records that were set aside.
pub trait Quarantine {
    /// Takes one.
    ///
    /// # Errors
    ///
    /// When it cannot be written down.
    fn add(&mut self, error: &InputError) -> io::Result<()>;
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
        let line = serde_json::json!({
            "file": error.file,
            "record": error.record,
            "offset": error.fault.offset,
            "reason": error.fault.reason.name(),
        });
        writeln!(file, "{line}")
    }
}
