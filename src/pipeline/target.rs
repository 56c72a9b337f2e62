//! An output file that appears under its name only when it is whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// A file being written under a name of its own beside its final one; removed unless [`Target::finish`] is reached.
#[derive(Debug)]
pub struct Target {
    path: PathBuf,
    part: PathBuf,
    file: Option<BufWriter<File>>,
}

impl Target {
    /// For that path; its folder is made.
    ///
    /// # Errors
    ///
    /// When folder or file cannot be made.
    pub fn create(path: &Path) -> io::Result<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let part = folder.join(format!(".deidre-{}-{count}.part", std::process::id()));
        let file = OpenOptions::new().write(true).create_new(true).open(&part)?;
        Ok(Self { path: path.into(), part, file: Some(BufWriter::with_capacity(256 << 10, file)) })
    }

    /// Gives the file its name, in place of a file that had it.
    ///
    /// # Errors
    ///
    /// When it cannot be written or named; then it is removed.
    pub fn finish(mut self) -> io::Result<()> {
        if let Some(mut file) = self.file.take() {
            file.flush()?;
            // Some file systems report a full disk only here.
            file.get_ref().sync_data()?;
        }
        fs::rename(&self.part, &self.path)?;
        self.part = PathBuf::new();
        Ok(())
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.as_mut().map_or(Ok(bytes.len()), |file| file.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        // Nobody reads it before it is whole.
        Ok(())
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        self.file = None;
        if !self.part.as_os_str().is_empty() {
            // Nothing more can be done when this fails; the name says what it is.
            let _ = fs::remove_file(&self.part);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_file_appears_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b.txt");
        let mut target = Target::create(&path).unwrap();
        target.write_all(b"half").unwrap();
        drop(target);
        assert!(!path.exists());
        let mut target = Target::create(&path).unwrap();
        target.write_all(b"whole").unwrap();
        target.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }
}
