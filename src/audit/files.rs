//! The files of a trail: where they are, who may write them now, and what is at their end.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::AuditError;
use super::chain::MAX_LINE;

/// Paths of a trail.
///
/// | file | what |
/// |---|---|
/// | `audit.jsonl` | what is added to |
/// | `audit-000001.jsonl` ... | parts that are full, in order |
/// | `audit.jsonl.head` | the last line |
/// | `audit.jsonl.torn` | ends of lines that a crash tore |
/// | `audit.jsonl.syslog` | the number of the last line that syslog has |
/// | `audit.jsonl.lock` | empty: locked while a line is added |
#[derive(Clone, Debug)]
pub(super) struct Files {
    pub(super) active: PathBuf,
    pub(super) torn: PathBuf,
    pub(super) head: PathBuf,
    /// The number of the last line that syslog has.
    #[cfg(feature = "service")]
    sent: PathBuf,
    lock: PathBuf,
    folder: PathBuf,
    stem: String,
    extension: String,
}

/// All of a trail at one moment.
pub(super) struct Snapshot {
    /// Those that are full, in order. They do not change any more.
    pub(super) parts: Vec<PathBuf>,
    /// The active file, and how many bytes of it there are.
    pub(super) active: Option<(File, u64)>,
    pub(super) head: Option<Vec<u8>>,
    /// Bytes of the file of torn lines.
    pub(super) torn: u64,
}

impl Files {
    /// # Errors
    ///
    /// When it is no name of a file.
    pub(super) fn of(path: &Path) -> Result<Files, AuditError> {
        // A link must not be renamed in place of the file.
        let is_link = fs::symlink_metadata(path).is_ok_and(|about| about.is_symlink());
        let active = if is_link { fs::canonicalize(path)? } else { path.to_owned() };
        let name = active.file_name().and_then(|name| name.to_str()).ok_or(AuditError::NotAFile)?;
        let folder = match active.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        let (stem, extension) = match name.rfind('.') {
            Some(at) if at > 0 => name.split_at(at),
            _ => (name, ""),
        };
        let beside = |what: &str| active.with_file_name(format!("{name}.{what}"));
        Ok(Files {
            torn: beside("torn"),
            head: beside("head"),
            #[cfg(feature = "service")]
            sent: beside("syslog"),
            lock: beside("lock"),
            stem: stem.to_owned(),
            extension: extension.to_owned(),
            folder,
            active,
        })
    }

    /// Makes folder and file, if they are not there yet.
    pub(super) fn create(&self) -> Result<(), AuditError> {
        let mut folder = fs::DirBuilder::new();
        folder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
        folder.create(&self.folder)?;
        if fs::metadata(&self.active).is_ok_and(|about| !about.is_file()) {
            return Err(AuditError::NotAFile);
        }
        Ok(())
    }

    /// Waits until nobody else adds to the trail, and keeps all others out until it is dropped.
    pub(super) fn lock(&self) -> io::Result<File> {
        let file = private().create(true).open(&self.lock)?;
        again(|| file.lock())?;
        Ok(file)
    }

    /// The file that is added to.
    pub(super) fn open_active(&self) -> io::Result<File> {
        private().read(true).create(true).open(&self.active)
    }

    /// The head, if there is one. It is short; one that is not is cut off, and will not be read as a head.
    pub(super) fn read_head(&self) -> io::Result<Option<Vec<u8>>> {
        let Some(file) = existing(&self.head)? else { return Ok(None) };
        let mut bytes = Vec::new();
        file.take(MAX_LINE as u64).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    /// Puts a new head in the place of the old. When it returns, the new one is on disk.
    ///
    /// A head of the same length is written over the old one: no name and no length changes, so that one short wait for the
    /// disk is enough. A disk takes a sector whole or not at all, and a head is shorter than one ([`SECTOR`]); one of which half was
    /// taken would be no head, and the trail would be refused. A head that is longer by a digit becomes a file of its own,
    /// renamed into place.
    pub(super) fn put_head(&self, head: &[u8]) -> io::Result<()> {
        if head.len() <= SECTOR && fs::metadata(&self.head).is_ok_and(|old| old.len() == head.len() as u64) {
            let mut file = private().open(&self.head)?;
            file.write_all(head)?;
            return file.sync_data();
        }
        replace(&self.head, head)?;
        self.sync_folder()
    }

    /// The number of the last line that syslog has; `None` if it has none yet.
    #[cfg(feature = "service")]
    pub(super) fn read_sent(&self) -> io::Result<Option<u64>> {
        let Some(file) = existing(&self.sent)? else { return Ok(None) };
        let mut text = String::new();
        file.take(32).read_to_string(&mut text)?;
        // Better twice than never.
        Ok(Some(text.trim_end().parse().unwrap_or(0)))
    }

    #[cfg(feature = "service")]
    pub(super) fn replace_sent(&self, n: u64) -> io::Result<()> {
        replace(&self.sent, format!("{n}\n").as_bytes())
    }

    /// Makes new names durable.
    pub(super) fn sync_folder(&self) -> io::Result<()> {
        #[cfg(unix)]
        File::open(&self.folder)?.sync_all()?;
        Ok(())
    }

    /// Keeps what is torn off, on a line of its own.
    pub(super) fn set_aside(&self, torn: &[u8]) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        owner_only(&mut options);
        let mut file = options.open(&self.torn)?;
        file.write_all(&[torn, b"\n"].concat())?;
        file.sync_all()
    }

    /// Makes the active file the last of the parts.
    pub(super) fn rotate(&self) -> io::Result<()> {
        let next = self.parts()?.last().map_or(1, |(number, _)| number + 1);
        let name = format!("{}-{next:06}{}", self.stem, self.extension);
        fs::rename(&self.active, self.active.with_file_name(name))?;
        self.sync_folder()
    }

    /// The parts that are full, by number.
    pub(super) fn parts(&self) -> io::Result<Vec<(u64, PathBuf)>> {
        let mut parts = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let name = entry?.file_name();
            if let Some(number) = name.to_str().and_then(|name| self.number(name)) {
                parts.push((number, self.active.with_file_name(name)));
            }
        }
        parts.sort_unstable();
        Ok(parts)
    }

    /// Everything, as it is between two records.
    pub(super) fn snapshot(&self) -> Result<Snapshot, AuditError> {
        // Whoever looks at a copy may have no lock file, and need not be able to make one.
        let lock = existing(&self.lock)?;
        if let Some(lock) = &lock {
            again(|| lock.lock_shared())?;
        }
        let parts = match self.parts() {
            Ok(parts) => parts.into_iter().map(|(_, path)| path).collect(),
            Err(e) if is_missing(&e) => Vec::new(),
            Err(e) => return Err(e.into()),
        };
        let active = match existing(&self.active)? {
            Some(file) => {
                let about = file.metadata()?;
                if !about.is_file() {
                    return Err(AuditError::NotAFile);
                }
                Some((file, about.len()))
            }
            None => None,
        };
        let head = self.read_head()?;
        let torn = existing(&self.torn)?.map_or(Ok(0), |file| file.metadata().map(|about| about.len()))?;
        if parts.is_empty() && active.is_none() && head.is_none() {
            return Err(AuditError::Missing);
        }
        Ok(Snapshot { parts, active, head, torn })
    }

    fn number(&self, name: &str) -> Option<u64> {
        let digits = name.strip_prefix(&self.stem)?.strip_prefix('-')?.strip_suffix(&self.extension)?;
        let number = digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())??;
        (format!("{number:06}") == digits).then_some(number)
    }
}

/// The end of a file.
pub(super) struct End {
    /// Its last bytes.
    bytes: Vec<u8>,
    /// Where in the file they are.
    at: u64,
}

impl End {
    /// Of so many lines at least, if it has as many.
    pub(super) fn of(file: &mut File, lines: usize) -> io::Result<End> {
        let len = file.metadata()?.len();
        let at = len.saturating_sub((lines * MAX_LINE) as u64);
        file.seek(SeekFrom::Start(at))?;
        let mut bytes = Vec::new();
        file.take(len - at).read_to_end(&mut bytes)?;
        Ok(End { bytes, at })
    }

    /// Bytes of the file.
    pub(super) fn len(&self) -> u64 {
        self.at + self.bytes.len() as u64
    }

    /// Bytes of the file up to its last line end; `None` if that is too far off.
    pub(super) fn of_lines(&self) -> Option<u64> {
        self.line_end(self.bytes.len())
    }

    /// The last line of the first `len` bytes, which end with a line end, without that; and where it starts. `None` if
    /// it is too long for a line.
    pub(super) fn line_before(&self, len: u64) -> Option<(&[u8], u64)> {
        let end = usize::try_from(len.checked_sub(self.at)?).ok()?.checked_sub(1)?;
        let start = self.line_end(end)?;
        let line = self.bytes.get(usize::try_from(start - self.at).ok()?..end)?;
        Some((line, start))
    }

    /// What comes after the first `len` bytes.
    pub(super) fn from(&self, len: u64) -> Option<&[u8]> {
        self.bytes.get(usize::try_from(len.checked_sub(self.at)?).ok()?..)
    }

    /// The place in the file after the last line end of the first `end` of the bytes.
    fn line_end(&self, end: usize) -> Option<u64> {
        match memchr::memrchr(b'\n', self.bytes.get(..end)?) {
            Some(newline) => Some(self.at + newline as u64 + 1),
            None if self.at == 0 => Some(0),
            None => None,
        }
    }
}

/// Bytes that a disk writes at once, of the smallest sectors that are in use.
const SECTOR: usize = 512;

/// Puts a new file in the place of an old one.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(".part");
    let mut file = private().create(true).truncate(true).open(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&fresh, path)
}

/// The file, or `None` if there is none.
fn existing(path: &Path) -> io::Result<Option<File>> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(e) if is_missing(&e) => Ok(None),
        Err(e) => Err(e),
    }
}

fn is_missing(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}

/// Options to write a file that only its owner may read.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    owner_only(&mut options);
    options
}

fn owner_only(options: &mut OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    #[cfg(not(unix))]
    let _ = options;
}

/// Until no signal comes in between.
fn again(mut wait: impl FnMut() -> io::Result<()>) -> io::Result<()> {
    loop {
        match wait() {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}
