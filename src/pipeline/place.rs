//! Where a batch keeps what it writes.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::lock::Lock;
use super::manifest::{self, Entry, STATE, Stored, hex};
use super::state::StateError;
use super::walk::QUARANTINE;
use crate::error::RunError;

/// Where things are.
#[derive(Clone)]
pub(crate) struct Place {
    pub(super) out: PathBuf,
    pub(super) state: PathBuf,
}

impl Place {
    /// Of the output folder.
    pub(crate) fn of(out: &Path) -> Self {
        Self { out: out.into(), state: out.join(STATE) }
    }

    /// The output of that file.
    pub(crate) fn output(&self, name: &str) -> PathBuf {
        self.out.join(manifest::path(name))
    }

    /// The list of what was set aside of it.
    pub(crate) fn quarantine(&self, name: &str) -> PathBuf {
        let mut path = self.out.join(QUARANTINE).join(manifest::path(name)).into_os_string();
        path.push(".jsonl");
        path.into()
    }

    /// Its output, as long as it is not whole.
    pub(crate) fn part(&self, name: &str) -> PathBuf {
        self.parts().join(format!("{}.part", id(name)))
    }

    /// Its list, as long as the output is not whole.
    pub(crate) fn aside_part(&self, name: &str) -> PathBuf {
        self.parts().join(format!("{}.aside.part", id(name)))
    }

    pub(super) fn parts(&self) -> PathBuf {
        self.state.join("parts")
    }

    pub(super) fn manifest(&self) -> PathBuf {
        self.state.join("manifest.json")
    }

    pub(super) fn journal(&self) -> PathBuf {
        self.state.join("journal.jsonl")
    }

    pub(super) fn join_key(&self) -> PathBuf {
        self.state.join("join.key")
    }

    pub(super) fn drop_join_key(&self) -> io::Result<()> {
        remove(&self.join_key())
    }

    pub(super) fn lock(&self) -> Result<Lock, StateError> {
        let write = |source| StateError::Write { file: self.state.clone(), source };
        fs::create_dir_all(&self.out).map_err(write)?;
        // What is in it tells of the inputs: it is not for whoever reads the outputs.
        let mut folder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
        match folder.create(&self.state) {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(write(e)),
            _ => {}
        }
        let path = self.state.join("lock");
        let lock = Lock::take(&path).map_err(|source| StateError::Write { file: path, source })?;
        lock.ok_or_else(|| StateError::InUse(self.out.clone()))
    }

    /// Whether what was written is there, as far as sizes tell.
    pub(super) fn has(&self, entry: &Entry) -> bool {
        let has = |path: PathBuf, stored: Option<&Stored>| match (fs::metadata(path), stored) {
            (Ok(about), Some(stored)) => about.is_file() && about.len() == stored.size,
            (_, None) => true,
            (Err(_), Some(_)) => false,
        };
        has(self.output(&entry.path), entry.output.as_ref().map(|output| &output.stored))
            && has(self.quarantine(&entry.path), entry.quarantine.as_ref())
    }

    /// Whether input and outputs have the hashes that they had.
    pub(super) fn has_hashes(&self, entry: &Entry, input: &Path) -> bool {
        let is = |path: &Path, want: &str| sha256_of(path).is_ok_and(|(_, hash)| hash == want);
        let stored = |path: &Path, stored: Option<&Stored>| stored.is_none_or(|stored| is(path, &stored.sha256));
        // What was not hashed because it was not read to its end is told by its stamp.
        entry.sha256.as_ref().is_none_or(|hash| is(input, hash))
            && stored(&self.output(&entry.path), entry.output.as_ref().map(|output| &output.stored))
            && stored(&self.quarantine(&entry.path), entry.quarantine.as_ref())
    }
}

/// Size and SHA-256 of a file.
///
/// # Errors
///
/// When it cannot be read.
fn sha256_of(path: &Path) -> io::Result<(u64, String)> {
    let mut file = fs::File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 256 << 10];
    let mut size = 0;
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok((size, hex(&hash.finalize()))),
            Ok(n) => {
                size += n as u64;
                hash.update(buffer.get(..n).unwrap_or_default());
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

/// Gives a part its name, if it is still there; without one, nothing must have that name.
pub(super) fn name_or_remove(part: &Path, path: &Path, stored: Option<&Stored>) -> Result<(), RunError> {
    let named = match stored {
        None => remove(path),
        Some(stored) if fs::metadata(part).is_ok_and(|about| about.len() == stored.size) => {
            let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
            folder.and_then(|()| fs::rename(part, path))
        }
        Some(_) => Ok(()),
    };
    named.map_err(|source| RunError::Write { file: path.display().to_string(), source })
}

/// Removes a file, if there is one.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(e) if !matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Err(e),
        _ => Ok(()),
    }
}

/// A short name that no other path has.
fn id(name: &str) -> String {
    hex(Sha256::digest(name).get(..16).unwrap_or_default())
}
