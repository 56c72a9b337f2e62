//! Key files written anew, whole or not at all, by one process at a time.
//!
//! The text of the file is edited, not the ring written: comments stay where they are.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::ring::key_lines;
use super::{Key, KeyError, Keyring, source};
use crate::base32;

/// Puts a new key in front of those of the file. The ring as it is now.
///
/// # Errors
///
/// When the file cannot be read or written, is damaged, or full. It is as it was then, except for
/// [`KeyError::Unsynced`].
pub(crate) fn rotate(path: &Path) -> Result<Keyring, KeyError> {
    edit(path, |ring, text| {
        let ring = ring.rotated()?;
        let front = ring.current().written();
        let mut new = Zeroizing::new(String::with_capacity(front.len() + 1 + text.len()));
        new.push_str(&front);
        new.push('\n');
        new.push_str(text);
        Ok((ring, new))
    })
}

/// Takes the older key of that id out of the file. The ring as it is now.
///
/// # Errors
///
/// As for [`rotate`], and when there is no such key or it is the current one.
pub(crate) fn remove(path: &Path, id: &str) -> Result<Keyring, KeyError> {
    edit(path, |ring, text| {
        let ring = ring.without(id)?;
        let is_it = |line: &str| {
            let line = key_lines(line).next().and_then(|(_, line)| Key::parse(line).ok());
            line.is_some_and(|key| key.id().eq_ignore_ascii_case(id))
        };
        let mut new = Zeroizing::new(String::with_capacity(text.len()));
        text.split_inclusive('\n').filter(|line| !is_it(line)).for_each(|line| new.push_str(line));
        Ok((ring, new))
    })
}

/// What `change` makes of ring and text, in the place of the file.
fn edit(
    path: &Path,
    change: impl FnOnce(Keyring, &str) -> Result<(Keyring, Zeroizing<String>), KeyError>,
) -> Result<Keyring, KeyError> {
    if !fs::metadata(path)?.is_file() {
        return Err(KeyError::NotFile);
    }
    // Of a link, what it leads to is replaced.
    let path = fs::canonicalize(path)?;
    // Until the end: whoever waits for it reads what is written here.
    let held = Held::lock(&path)?;
    let about = held.file.metadata()?;
    source::check_mode(&about)?;
    let bytes = source::read(&held.file)?;
    let text = source::utf8(&bytes)?;
    let (ring, new) = change(Keyring::parse(text)?, text)?;
    // Also that it is not too long now.
    let again = Keyring::parse(&new)?;
    if !again.iter().map(Key::id).eq(ring.iter().map(Key::id)) {
        return Err(KeyError::Damaged);
    }
    let part = Part::create(&path)?;
    part.fill(&new, &about).and_then(|()| part.rename(&path)).map_err(KeyError::Write)?;
    sync_folder(&path).map_err(KeyError::Unsynced)?;
    Ok(ring)
}

/// The key file, and the only right to replace it.
struct Held {
    file: File,
    #[cfg(not(unix))]
    _lock: File,
}

impl Held {
    /// Waits for whoever holds it.
    #[cfg(unix)]
    fn lock(path: &Path) -> io::Result<Held> {
        use std::os::unix::fs::MetadataExt;
        loop {
            // Network file systems lock only what could be written to.
            let file = match OpenOptions::new().read(true).write(true).open(path) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => File::open(path)?,
                other => other?,
            };
            file.lock()?;
            // Whoever held it before has put another file in its place: that is the one to lock then.
            let (mine, named) = (file.metadata()?, fs::metadata(path)?);
            if (mine.dev(), mine.ino()) == (named.dev(), named.ino()) {
                return Ok(Held { file });
            }
        }
    }

    /// Waits for whoever holds it. The lock is a file of its own beside it, which stays: a locked file could not be read
    /// by others here, and which file has a name now cannot be told.
    #[cfg(not(unix))]
    fn lock(path: &Path) -> io::Result<Held> {
        let mut beside = path.as_os_str().to_owned();
        beside.push(".lock");
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(PathBuf::from(beside))?;
        lock.lock()?;
        Ok(Held { file: File::open(path)?, _lock: lock })
    }
}

/// A file beside the key file that is to take its place; removed unless it does.
struct Part {
    path: PathBuf,
    file: File,
}

impl Part {
    fn create(beside: &Path) -> Result<Part, KeyError> {
        // By chance, not by process id: one that a crash left behind must not be in the way of a process of the same id.
        let mut random = [0; 10];
        getrandom::fill(&mut random)?;
        let mut name = String::from(".deidre-key-");
        base32::encode(&random, &mut name);
        name.push_str(".part");
        let path = beside.with_file_name(name);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(KeyError::Write)?;
        Ok(Part { path, file })
    }

    /// Text, owner and mode; on the disk when it returns.
    fn fill(&self, text: &str, old: &Metadata) -> io::Result<()> {
        (&self.file).write_all(text.as_bytes())?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::{MetadataExt, fchown};
            let new = self.file.metadata()?;
            // Who could read the keys must be able to read the new one.
            if new.uid() != old.uid() {
                fchown(&self.file, Some(old.uid()), None)?;
            }
            // The group may not read it anyway.
            if new.gid() != old.gid() {
                let _ = fchown(&self.file, None, Some(old.gid()));
            }
        }
        self.file.set_permissions(old.permissions())?;
        self.file.sync_all()
    }

    fn rename(mut self, to: &Path) -> io::Result<()> {
        fs::rename(&self.path, to)?;
        self.path = PathBuf::new();
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.path.as_os_str().is_empty() {
            // Nothing more can be done when this fails; only its owner can read it.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Makes a rename in the folder of `path` last.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const OLD: &str = "# made in March: zeppelina\n5555555555555555555555555555555555555555555555555555555555555555\n";

    fn ids(ring: &Keyring) -> Vec<String> {
        ring.iter().map(|key| key.id().to_owned()).collect()
    }

    /// A key file for its owner only, in a folder of its own.
    fn key_file(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deidre.key");
        fs::write(&path, text).unwrap();
        #[cfg(unix)]
        mode(&path, 0o600);
        (folder, path)
    }

    #[cfg(unix)]
    fn mode(path: &Path, mode: u32) {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| cfg!(unix) || name != "deidre.key.lock");
        names.sort();
        names
    }

    #[test]
    fn a_new_key_comes_in_front_and_comments_stay() {
        let (folder, path) = key_file(OLD);
        let first = Keyring::parse(OLD).unwrap();
        let second = rotate(&path).unwrap();
        let third = rotate(&path).unwrap();
        let want = [third.current().id(), second.current().id(), first.current().id()];
        assert_eq!(ids(&third), want);
        assert_eq!(ids(&Keyring::from_file(&path).unwrap()), want);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.ends_with(OLD) && text.starts_with(third.current().written().as_str()));

        let left = remove(&path, &want[1].to_lowercase()).unwrap();
        assert_eq!(ids(&left), [want[0], want[2]]);
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{}\n{OLD}", *third.current().written()));
        let left = remove(&path, want[2]).unwrap();
        assert_eq!(ids(&left), [want[0]]);
        assert!(fs::read_to_string(&path).unwrap().ends_with("\n# made in March: zeppelina\n"));
        assert_eq!(names(folder.path()), ["deidre.key"]);
    }

    #[test]
    fn what_cannot_be_changed_stays_as_it_was() {
        let hex = |n: usize| format!("{n:064x}\n");
        let full: String = (1..=64).map(hex).collect();
        let long = format!("{}#{}\n", hex(1), "z".repeat(source::LIMIT - 70));
        for (text, want) in [
            (full.as_str(), "more than 64 keys"),
            (&long, "more than 16 KiB"),
            ("", "there is no key in it"),
            ("zeppelina", "line 1: not a key"),
        ] {
            let (folder, path) = key_file(text);
            let told = rotate(&path).unwrap_err().to_string();
            assert!(told.starts_with(want), "{told}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
            assert_eq!(names(folder.path()), ["deidre.key"]);
        }
        let (folder, path) = key_file(OLD);
        let current = Key::from_file(&path).unwrap();
        assert!(matches!(remove(&path, current.id()), Err(KeyError::Current)));
        assert!(matches!(remove(&path, "zeppelina"), Err(KeyError::Unknown)));
        assert_eq!(fs::read_to_string(&path).unwrap(), OLD);
        assert!(matches!(rotate(folder.path()), Err(KeyError::NotFile)));
        assert!(matches!(rotate(&folder.path().join("none")), Err(KeyError::Io(_))));
        assert_eq!(names(folder.path()), ["deidre.key"]);
    }

    #[cfg(unix)]
    #[test]
    fn links_modes_and_owners_stay() {
        use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
        let (folder, path) = key_file(OLD);
        let link = folder.path().join("link");
        symlink("deidre.key", &link).unwrap();
        for bits in [0o600, 0o400] {
            mode(&path, bits);
            rotate(&link).unwrap();
            let about = fs::metadata(&path).unwrap();
            assert_eq!(about.permissions().mode() & 0o7777, bits);
        }
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(Keyring::from_file(&link).unwrap().iter().count(), 3);
        mode(&path, 0o640);
        assert!(matches!(rotate(&path), Err(KeyError::Mode(0o640))));
        mode(&path, 0o600);
        // Only root can give files away.
        if chown(&path, Some(12), Some(34)).is_ok() {
            rotate(&path).unwrap();
            let about = fs::metadata(&path).unwrap();
            assert_eq!((about.uid(), about.gid(), about.mode() & 0o777), (12, 34, 0o600));
        }
        assert_eq!(names(folder.path()), ["deidre.key", "link"]);
    }

    #[test]
    fn no_key_is_lost_when_many_rotate_at_once() {
        let (folder, path) = key_file(OLD);
        let first = Key::from_file(&path).unwrap();
        let made = std::sync::Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..7 {
                        let ring = rotate(&path).unwrap();
                        made.lock().unwrap().push(ring.current().id().to_owned());
                        // Whoever only reads finds a whole file at any time.
                        assert!(Keyring::from_file(&path).unwrap().find(first.id()).is_some());
                    }
                });
            }
        });
        let ring = Keyring::from_file(&path).unwrap();
        let (mut left, mut made) = (ids(&ring), made.into_inner().unwrap());
        assert_eq!(left.pop().unwrap(), first.id());
        left.sort();
        made.sort();
        assert_eq!((left.len(), left), (56, made));
        assert_eq!(names(folder.path()), ["deidre.key"]);
    }
}
