//! An input file of a batch: opened once, read once, and looked at again when it has been read.

use std::fs::{File, Metadata};
use std::io::{self, Cursor, Read};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use super::compress::{Cap, Compression, Decoder};
use super::manifest::{Stamp, hex};
use super::walk::Item;
use crate::error::RunError;

/// An input that is open.
pub(crate) struct Input {
    file: File,
    about: Metadata,
    start: Vec<u8>,
}

/// How an input is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shape {
    /// As a stream of records.
    Stream,
    /// As a whole, from its end: Parquet.
    Columns,
}

impl Input {
    /// Opens it.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or is no file and was not named itself.
    pub(crate) fn open(item: &Item) -> io::Result<Self> {
        // Opening a pipe waits for who writes to it: only one that was named itself is meant to be read.
        if !item.named && std::fs::metadata(&item.path).is_ok_and(|about| !about.is_file()) {
            return Err(io::Error::other("not a regular file"));
        }
        let mut file = File::open(&item.path)?;
        let about = file.metadata()?;
        let mut start = Vec::new();
        file.by_ref().take(START).read_to_end(&mut start)?;
        Ok(Self { file, about, start })
    }

    /// What tells that it has not changed.
    pub(crate) fn stamp(&self) -> Stamp {
        Stamp::of(&self.about)
    }

    /// Adds what it begins with to a digest.
    pub(crate) fn add_to(&self, digest: &mut Sha256) {
        digest.update(self.about.len().to_le_bytes());
        digest.update(&self.start);
    }

    /// How it is compressed.
    pub(crate) fn compression(&self) -> Compression {
        Compression::of(&self.start)
    }

    /// How it is read.
    pub(crate) fn shape(&self) -> Shape {
        if self.start.starts_with(b"PAR1") { Shape::Columns } else { Shape::Stream }
    }

    /// Its plain bytes, and what is to be asked once they are read. `read` counts bytes of the file.
    ///
    /// # Errors
    ///
    /// When the file cannot be shared.
    pub(crate) fn into_reader(self, read: Arc<AtomicU64>) -> io::Result<(Decoder<Tap>, Watch)> {
        let Self { file, about, start } = self;
        let compression = Compression::of(&start);
        let seen = Arc::new(Mutex::new(Seen {
            bytes: 0,
            // The hash of plain bytes is made where they are cut into records.
            hash: (compression != Compression::None).then(Sha256::new),
        }));
        let watch = Watch { file: file.try_clone()?, about, seen: Arc::clone(&seen) };
        let tap = Tap { start: Cursor::new(start), file, seen, read };
        Ok((Decoder::new(tap, compression, Cap::default()), watch))
    }

    /// The SHA-256 of all its bytes, and what is to be asked then.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub(crate) fn into_hash(self, read: Arc<AtomicU64>) -> io::Result<(String, Watch)> {
        let Self { file, about, start } = self;
        let seen = Arc::new(Mutex::new(Seen { bytes: 0, hash: Some(Sha256::new()) }));
        let watch = Watch { file: file.try_clone()?, about, seen: Arc::clone(&seen) };
        let mut tap = Tap { start: Cursor::new(start), file, seen: Arc::clone(&seen), read };
        io::copy(&mut tap, &mut io::sink())?;
        let hash = seen.lock().unwrap_or_else(PoisonError::into_inner).hash.clone().unwrap_or_default();
        Ok((hex(&hash.finalize()), watch))
    }
}

/// The extension that tells of what is in a file: that under the one of its compression.
pub(crate) fn extension(path: &Path, compression: Compression) -> Option<String> {
    let of = |path: &Path| path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
    let extension = of(path);
    match compression.extension() {
        Some(own) if extension.as_deref() == Some(own) || extension.as_deref() == Some("gzip") => {
            path.file_stem().and_then(|stem| of(Path::new(stem)))
        }
        Some(_) => None,
        None => extension,
    }
}

/// Counts what is read.
pub(crate) struct Tap {
    start: Cursor<Vec<u8>>,
    file: File,
    seen: Arc<Mutex<Seen>>,
    read: Arc<AtomicU64>,
}

#[derive(Debug)]
struct Seen {
    bytes: u64,
    hash: Option<Sha256>,
}

impl Read for Tap {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut read = self.start.read(out)?;
        if read == 0 {
            read = self.file.read(out)?;
        }
        self.read.fetch_add(read as u64, Ordering::Relaxed);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.bytes += read as u64;
        if let Some(hash) = &mut seen.hash {
            hash.update(out.get(..read).unwrap_or_default());
        }
        Ok(read)
    }
}

/// Knows whether an input stayed as it was while it was read.
#[derive(Debug)]
pub(crate) struct Watch {
    file: File,
    about: Metadata,
    seen: Arc<Mutex<Seen>>,
}

/// What was read of an input.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Facts {
    pub(crate) stamp: Stamp,
    /// SHA-256 of the file, of a compressed one.
    pub(crate) sha256: Option<String>,
}

impl Watch {
    /// Once the input `name` has been read to its end.
    ///
    /// # Errors
    ///
    /// [`RunError::Changed`] when it is not what was opened, or another number of bytes came out of it.
    pub(crate) fn whole(self, name: &str) -> Result<Facts, RunError> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        self.as_it_was(name)?;
        if self.about.is_file() && seen.bytes != self.about.len() {
            return Err(RunError::Changed { file: name.into() });
        }
        // The size of a pipe is what came out of it.
        let stamp = Stamp { size: seen.bytes, ..Stamp::of(&self.about) };
        Ok(Facts { stamp, sha256: seen.hash.clone().map(|hash| hex(&hash.finalize())) })
    }

    /// Once as much of the input `name` has been read as was wanted.
    ///
    /// # Errors
    ///
    /// [`RunError::Changed`] when it is not what was opened.
    pub(crate) fn part(self, name: &str) -> Result<Facts, RunError> {
        self.as_it_was(name)?;
        Ok(Facts { stamp: Stamp::of(&self.about), sha256: None })
    }

    fn as_it_was(&self, name: &str) -> Result<(), RunError> {
        let read = |source| RunError::Read { file: name.into(), source };
        let now = Stamp::of(&self.file.metadata().map_err(read)?);
        // A pipe has neither size nor times that mean anything.
        let same = !self.about.is_file() || now == Stamp::of(&self.about);
        if same { Ok(()) } else { Err(RunError::Changed { file: name.into() }) }
    }
}

/// Bytes that compression and shape are told by.
const START: u64 = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_a_compressed_file_is_told_by_the_name_under_it() {
        for (path, compression, want) in [
            ("a.ndjson", Compression::None, Some("ndjson")),
            ("a.NDJSON.GZ", Compression::Gzip, Some("ndjson")),
            ("a.csv.gzip", Compression::Gzip, Some("csv")),
            ("a.csv.zst", Compression::Zstd, Some("csv")),
            ("a.gz", Compression::Gzip, None),
            ("a.dat", Compression::Gzip, None),
            ("a.gz", Compression::None, Some("gz")),
            ("a", Compression::None, None),
        ] {
            assert_eq!(extension(Path::new(path), compression).as_deref(), want, "{path}");
        }
    }
}
