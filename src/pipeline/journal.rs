//! What a batch has done so far, line by line, in `OUT/.deidre/journal.jsonl`: added to while it runs, folded into the
//! manifest at its end. A line that was cut off when the run was ended does not count.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::manifest::{Counts, Entry, Settings, Stamp, replace};

/// A line.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Line {
    /// The first one: what all that follows was made with.
    Run(Settings),
    /// What was known of people before the first file.
    Context(String),
    /// All outputs that there are must be made anew.
    Anew(String),
    /// Ids are joined with a key of this run.
    Joined(bool),
    /// A file is begun: what was said of it before does not hold.
    Begin(String),
    /// A file is done up to there.
    At(Checkpoint),
    /// A file is done. Its parts may still wait for their names.
    Done(Entry),
    /// Parts of that file are written again, what is done stands.
    Retry(String),
    /// A file is forgotten.
    Drop(String),
}

/// A place in a file from where it can go on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Checkpoint {
    /// The input.
    pub(crate) path: String,
    #[serde(flatten)]
    pub(crate) stamp: Stamp,
    /// Bytes of the input before it, not compressed, and SHA-256 of them.
    pub(crate) offset: u64,
    pub(crate) sha256: String,
    /// The record and document that follow.
    pub(crate) record: u64,
    pub(crate) document: u64,
    /// Bytes of the output before it, not compressed.
    pub(crate) length: u64,
    /// How much of the output is on the disk, in whole frames, not compressed and as it is: at least `length`.
    pub(crate) plain: u64,
    pub(crate) stored: u64,
    /// Bytes of the list of what was set aside before it.
    pub(crate) aside: u64,
    /// What was counted before it.
    pub(crate) counts: Counts,
}

/// A journal that is added to.
#[derive(Debug)]
pub(crate) struct Journal {
    file: File,
    length: u64,
}

impl Journal {
    /// Gives each line of a journal to `each`. `false` where there is no journal.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or a line is damaged that is not the last.
    pub(crate) fn read(path: &Path, each: &mut dyn FnMut(Line)) -> io::Result<bool> {
        match File::open(path) {
            Ok(mut file) => lines(&mut file, each).map(|_| true),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(e) => Err(e),
        }
    }

    /// Goes on with a journal. What was cut off at its end is removed.
    ///
    /// # Errors
    ///
    /// When it cannot be read and written.
    pub(crate) fn go_on(path: &Path) -> io::Result<Self> {
        let mut file = File::options().read(true).write(true).open(path)?;
        let length = lines(&mut file, &mut |_| {})?;
        file.set_len(length)?;
        file.seek(SeekFrom::Start(length))?;
        Ok(Self { file, length })
    }

    /// A new one that holds those lines, in place of an earlier one.
    ///
    /// # Errors
    ///
    /// When it cannot be written; then the earlier one stands.
    pub(crate) fn start(path: &Path, lines: &[Line]) -> io::Result<Self> {
        replace(path, |out| lines.iter().try_for_each(|line| write(line, out)))?;
        Self::go_on(path)
    }

    /// Adds a line. That it is there for good is only certain after [`Journal::sync`].
    ///
    /// # Errors
    ///
    /// When it cannot be written; then there is nothing of it.
    pub(crate) fn add(&mut self, line: &Line) -> io::Result<()> {
        let mut text = Vec::new();
        write(line, &mut text)?;
        match self.file.write_all(&text) {
            Ok(()) => {
                self.length += text.len() as u64;
                Ok(())
            }
            Err(e) => {
                // Half a line would spoil the next.
                self.file.set_len(self.length)?;
                self.file.seek(SeekFrom::Start(self.length))?;
                Err(e)
            }
        }
    }

    /// Has all lines written to the disk.
    ///
    /// # Errors
    ///
    /// When that fails.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

fn write(line: &Line, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

/// Gives each line to `each`. Returns the length of what holds them.
fn lines(file: &mut File, each: &mut dyn FnMut(Line)) -> io::Result<u64> {
    let mut text = BufReader::new(file);
    let (mut bytes, mut length, mut torn) = (Vec::new(), 0, false);
    loop {
        bytes.clear();
        if text.read_until(b'\n', &mut bytes)? == 0 {
            return Ok(length);
        }
        match bytes.strip_suffix(b"\n").and_then(|line| serde_json::from_slice(line).ok()) {
            // A crash may leave anything behind the last line that was synced, but not a line behind that.
            Some(_) if torn => return Err(io::Error::new(io::ErrorKind::InvalidData, "a line of it is damaged")),
            Some(line) => {
                each(line);
                length += bytes.len() as u64;
            }
            None => torn = true,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::fs;

    use super::*;

    fn some() -> Vec<Line> {
        vec![
            Line::Run(Settings::default().with("policy", "redact")),
            Line::Begin("a.txt".into()),
            Line::At(Checkpoint {
                path: "a.txt".into(),
                stamp: Stamp { size: 9, mtime: None },
                offset: 5,
                sha256: "00".into(),
                record: 3,
                document: 4,
                length: 8,
                plain: 16,
                stored: 7,
                aside: 0,
                counts: Counts::default(),
            }),
            Line::Joined(true),
            Line::Drop("b\0ff.txt".into()),
        ]
    }

    fn read(path: &Path) -> io::Result<Option<Vec<Line>>> {
        let mut lines = Vec::new();
        let there = Journal::read(path, &mut |line| lines.push(line))?;
        Ok(there.then_some(lines))
    }

    #[test]
    fn a_line_that_was_cut_off_does_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        assert_eq!(read(&path).unwrap(), None);
        let mut journal = Journal::start(&path, &some()[..1]).unwrap();
        for line in &some()[1..] {
            journal.add(line).unwrap();
        }
        journal.sync().unwrap();
        assert_eq!(read(&path).unwrap().unwrap(), some());
        let text = fs::read(&path).unwrap();
        let last = text.iter().rposition(|b| *b == b'}').unwrap();
        for cut in (text[..last - 1].iter().rposition(|b| *b == b'\n').unwrap() + 1)..text.len() - 1 {
            for tail in [&b""[..], b"\0\0\0\0", b"\n\0\0\n"] {
                fs::write(&path, [&text[..cut], tail].concat()).unwrap();
                assert_eq!(read(&path).unwrap().unwrap(), some()[..4]);
                let mut journal = Journal::go_on(&path).unwrap();
                journal.add(&some()[4]).unwrap();
                assert_eq!(fs::read(&path).unwrap(), text);
            }
        }
        let middle = String::from_utf8(text).unwrap().replacen("begin", "b\0gin", 1);
        fs::write(&path, middle).unwrap();
        assert!(read(&path).is_err() && Journal::go_on(&path).is_err());
    }
}
