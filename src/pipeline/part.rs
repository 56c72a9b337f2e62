//! An output on its way: written under another name, noted now and then so that it can go on from there, and named when it is
//! whole.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use super::compress::{Compression, Encoder, Frames};
use super::journal::Checkpoint;
use super::kept::Sealer;
use super::manifest::{Counts, Stamp, Stored, hex};
use super::place::remove;
use super::quarantine::{Kept, Line, Quarantine};
use super::run::Outlet;
use super::source::Mark;
use super::state::State;
use super::summary::Summary;
use crate::error::{InputError, RunError};

/// How often a file is noted that could go on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// After so many bytes of output, not compressed.
    pub(crate) bytes: u64,
    /// Or after that time.
    pub(crate) time: Duration,
}

impl Default for Pace {
    /// A killed run loses five seconds, and a file that is done sooner is never noted.
    fn default() -> Self {
        Self { bytes: 256 << 20, time: Duration::from_secs(5) }
    }
}

/// The output of a file, with the list of what was set aside.
pub(crate) struct Part<'a> {
    state: &'a State,
    name: &'a str,
    stamp: Stamp,
    pace: Pace,
    out: Encoder<Storing>,
    /// The same file, for having it written to the disk.
    file: File,
    list: List<'a>,
    /// Bytes given, not compressed, those that are there already among them.
    length: u64,
    /// Bytes that are to come and are there already.
    skip: u64,
    /// The last one of which all output is in whole frames, and those after it.
    borders: VecDeque<Border>,
    /// When it was noted last, and how far it was then.
    noted: (Instant, u64),
}

struct Border {
    mark: Mark,
    length: u64,
    aside: u64,
    summary: Summary,
}

impl<'a> Part<'a> {
    /// A new one, of an input with that stamp.
    ///
    /// # Errors
    ///
    /// When it cannot be made.
    pub(crate) fn create(
        state: &'a State,
        name: &'a str,
        stamp: Stamp,
        compression: Compression,
        list: List<'a>,
        pace: Pace,
    ) -> io::Result<Self> {
        let path = state.place().part(name);
        let storing = Storing::create(&path)?;
        let file = storing.file.try_clone()?;
        let out = Encoder::new(storing, compression);
        let (borders, noted) = (VecDeque::new(), (Instant::now(), 0));
        Ok(Self { state, name, stamp, pace, out, file, list, length: 0, skip: 0, borders, noted })
    }

    /// That which was noted. None when it is not there any more.
    ///
    /// # Errors
    ///
    /// When it cannot be read or cut.
    pub(crate) fn go_on(
        state: &'a State,
        at: &Checkpoint,
        name: &'a str,
        compression: Compression,
        sealer: Option<&'a Sealer>,
        pace: Pace,
    ) -> io::Result<Option<Self>> {
        let path = state.place().part(name);
        let Some(storing) = Storing::go_on(&path, at.stored)? else { return Ok(None) };
        let Some(list) = List::go_on(state, name, at.aside, sealer)? else { return Ok(None) };
        let file = storing.file.try_clone()?;
        let frames = Frames { plain: at.plain, stored: at.stored };
        Ok(Some(Self {
            state,
            name,
            stamp: at.stamp.clone(),
            pace,
            out: Encoder::resume(storing, compression, frames),
            file,
            list,
            length: at.length,
            skip: at.plain.saturating_sub(at.length),
            borders: VecDeque::new(),
            noted: (Instant::now(), at.length),
        }))
    }

    /// Writes out what is left and has it on the disk. Returns what was written, and the list, if there is anything in it.
    ///
    /// # Errors
    ///
    /// When that fails.
    pub(crate) fn finish(self) -> io::Result<(Stored, Option<Stored>)> {
        let stored = self.out.finish()?.finish()?;
        Ok((stored, self.list.finish()?))
    }

    /// Gives up. What can go on later is kept.
    pub(crate) fn abandon(state: &State, name: &str, keep: Keep) {
        if keep == Keep::Checkpoints && state.has_checkpoint(name) {
            return;
        }
        // The next run removes what could not be removed now.
        let _ = remove(&state.place().part(name));
        let _ = remove(&state.place().aside_part(name));
    }

    fn note(&mut self) -> Result<(), RunError> {
        let frames = self.out.frames();
        let whole = |border: &Border| border.length <= frames.plain;
        while self.borders.get(1).is_some_and(whole) {
            self.borders.pop_front();
        }
        let (at, length) = self.noted;
        let due = self.length.saturating_sub(length) >= self.pace.bytes || at.elapsed() >= self.pace.time;
        let Some(border) = self.borders.front().filter(|border| due && whole(border) && border.length > length) else {
            return Ok(());
        };
        let Some(sha256) = border.mark.sha256() else { return Ok(()) };
        let checkpoint = Checkpoint {
            path: self.name.into(),
            stamp: self.stamp.clone(),
            offset: border.mark.offset,
            sha256: hex(&sha256),
            record: border.mark.record,
            document: border.mark.document,
            length: border.length,
            plain: frames.plain,
            stored: frames.stored,
            aside: border.aside,
            counts: Counts::from(&border.summary),
        };
        self.noted = (Instant::now(), border.length);
        let synced = self.file.sync_data().and_then(|()| self.list.sync());
        let output = || self.state.place().output(self.name).display().to_string();
        synced.map_err(|source| RunError::Write { file: output(), source })?;
        self.state.checkpoint(checkpoint)
    }
}

impl Outlet for Part<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let there = usize::try_from(self.skip).unwrap_or(usize::MAX).min(bytes.len());
        self.skip -= there as u64;
        self.length += bytes.len() as u64;
        self.out.write_all(bytes.get(there..).unwrap_or_default())
    }

    fn set_aside(&mut self, error: &InputError, kept: Kept<'_>) -> io::Result<()> {
        self.list.set_aside(error, kept)
    }

    fn border(&mut self, mark: Mark, summary: &Summary) -> Result<(), RunError> {
        let (length, aside) = (self.length, self.list.size);
        self.borders.push_back(Border { mark, length, aside, summary: summary.clone() });
        self.note()
    }
}

/// What becomes of a part whose file could not be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Keep {
    /// The next run goes on from what was noted.
    Checkpoints,
    /// Nothing of it can be used.
    Nothing,
}

/// The list of what was set aside of a file: there is none as long as nothing is in it.
pub(crate) struct List<'a> {
    path: PathBuf,
    out: Option<BufWriter<Storing>>,
    size: u64,
    sealer: Option<&'a Sealer>,
}

impl<'a> List<'a> {
    /// A new one; records are kept with `sealer`.
    pub(crate) fn new(state: &State, name: &str, sealer: Option<&'a Sealer>) -> Self {
        Self { path: state.place().aside_part(name), out: None, size: 0, sealer }
    }

    /// That which had that many bytes. None when it is not there any more.
    fn go_on(state: &State, name: &str, size: u64, sealer: Option<&'a Sealer>) -> io::Result<Option<Self>> {
        let mut list = Self::new(state, name, sealer);
        if size > 0 {
            let Some(storing) = Storing::go_on(&list.path, size)? else { return Ok(None) };
            (list.out, list.size) = (Some(BufWriter::new(storing)), size);
        }
        Ok(Some(list))
    }

    /// Adds a line.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub(crate) fn add(&mut self, line: &Line) -> io::Result<()> {
        let mut text = Vec::new();
        line.write(&mut text)?;
        let out = match &mut self.out {
            Some(out) => out,
            None => self.out.insert(BufWriter::new(Storing::create(&self.path)?)),
        };
        self.size += text.len() as u64;
        out.write_all(&text)
    }

    /// Has it on the disk. Returns what was written, if anything was.
    ///
    /// # Errors
    ///
    /// When that fails.
    pub(crate) fn finish(self) -> io::Result<Option<Stored>> {
        let Some(out) = self.out else { return Ok(None) };
        out.into_inner().map_err(io::IntoInnerError::into_error)?.finish().map(Some)
    }

    fn sync(&mut self) -> io::Result<()> {
        let Some(out) = &mut self.out else { return Ok(()) };
        out.flush()?;
        out.get_ref().file.sync_data()
    }
}

impl Outlet for List<'_> {
    fn write(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn set_aside(&mut self, error: &InputError, kept: Kept<'_>) -> io::Result<()> {
        let line = Line::keeping(error, kept, self.sealer)?;
        self.add(&line)
    }
}

impl Quarantine for List<'_> {
    fn add(&mut self, error: &InputError) -> io::Result<()> {
        List::add(self, &Line::of(error))
    }

    fn keep(&mut self, error: &InputError, kept: Kept<'_>) -> io::Result<()> {
        self.set_aside(error, kept)
    }
}

/// A file that is hashed while it is written.
pub(crate) struct Storing {
    file: File,
    hash: Sha256,
    size: u64,
}

impl Storing {
    /// A new one, in place of one that had that name.
    ///
    /// # Errors
    ///
    /// When it cannot be made.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        // Anew, so that it has the permissions of any new file.
        remove(path)?;
        Ok(Self { file: File::options().write(true).create_new(true).open(path)?, hash: Sha256::new(), size: 0 })
    }

    /// That which had that many bytes; what is behind them is cut off. None when it has fewer.
    fn go_on(path: &Path, size: u64) -> io::Result<Option<Self>> {
        let mut file = match File::options().read(true).write(true).open(path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(e),
        };
        let mut hash = Sha256::new();
        let mut buffer = vec![0; 256 << 10];
        let mut left = size;
        while left > 0 {
            let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
            let read = match file.read(buffer.get_mut(..most).unwrap_or_default()) {
                Ok(0) => return Ok(None),
                Ok(read) => read,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(e),
            };
            hash.update(buffer.get(..read).unwrap_or_default());
            left -= read as u64;
        }
        file.set_len(size)?;
        file.seek(SeekFrom::Start(size))?;
        Ok(Some(Self { file, hash, size }))
    }

    /// Has it on the disk.
    ///
    /// # Errors
    ///
    /// When that fails: some file systems report a full disk only here.
    pub(crate) fn finish(self) -> io::Result<Stored> {
        self.file.sync_data()?;
        Ok(Stored { size: self.size, sha256: hex(&self.hash.finalize()) })
    }
}

impl Write for Storing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(bytes.get(..written).unwrap_or_default());
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use std::fs;

    use super::*;
    use crate::pipeline::ledger::Standing;
    use crate::pipeline::manifest::{Entry, Output, Settings};
    use crate::pipeline::state::{Check, Redo};
    use crate::record::{Fault, Reason};

    const RECORDS: u64 = 90;

    /// What comes of a record: 100 KB that do not compress well, but for every seventh, which is set aside.
    fn record(number: u64) -> Option<Vec<u8>> {
        let mut seed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut next = || {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            b"0123456789abcdef"[(seed >> 33) as usize % 16]
        };
        (!number.is_multiple_of(7)).then(|| (0..100_000).map(|_| next()).collect())
    }

    /// Runs the records from `from` on through a part, so many to a chunk, and breaks off after `chunks` of them.
    fn feed(part: &mut Part<'_>, from: u64, size: u64, chunks: u64, mut summary: Summary) -> Option<Summary> {
        let mut next = from;
        for _ in 0..chunks {
            let mut length = part.length;
            let mut bytes = Vec::new();
            let mut aside = Vec::new();
            for number in next..(next + size).min(RECORDS) {
                summary.tally.records += 1;
                match record(number) {
                    Some(record) => bytes.extend_from_slice(&record),
                    None => aside.push((number, length + bytes.len() as u64)),
                }
            }
            next = (next + size).min(RECORDS);
            part.write(&bytes).unwrap();
            for (number, at) in aside {
                let fault = Fault::new(0, Reason::InvalidUtf8);
                let error = InputError { file: "a".into(), record: number, fault };
                part.set_aside(&error, Kept { at, bytes: b"what it was" }).unwrap();
            }
            length += bytes.len() as u64;
            assert_eq!(part.length, length);
            let mark = Mark { hash: Some(Sha256::new()), ..Mark::at(next * 10, next, next) };
            part.border(mark, &summary).unwrap();
            if next == RECORDS {
                return Some(summary);
            }
        }
        None
    }

    #[test]
    fn a_part_that_goes_on_ends_as_one_that_was_never_broken_off() {
        let folder = tempfile::tempdir().unwrap();
        let key = crate::secret::Key::parse(&"5a".repeat(32)).unwrap();
        let sealer = Sealer::new(&key);
        let stamp = Stamp { size: 1, mtime: Some("1.0".into()) };
        let pace = Pace { bytes: 1, time: Duration::from_secs(3600) };
        for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
            let mut want = None;
            // Chunks of one size throughout, then of others after each break.
            for (round, breaks) in [&[][..], &[1], &[3, 1, 2], &[5, 8, 1], &[2, 30, 7], &[50, 20]].iter().enumerate() {
                let out = folder.path().join(format!("{compression:?}{round}"));
                let mut went_on = 0;
                for session in 0_u64.. {
                    let state = State::open(&out, Settings::default(), Redo::Nothing).unwrap();
                    let now = state.standing("a", &stamp, Path::new("none"), Check::Stamp).unwrap();
                    let (mut part, from, summary) = match now {
                        Standing::Half(at) => {
                            went_on += 1;
                            let part =
                                Part::go_on(&state, &at, "a", compression, Some(&sealer), pace).unwrap().unwrap();
                            (part, at.record, at.counts.summary().unwrap())
                        }
                        _ => {
                            let list = List::new(&state, "a", Some(&sealer));
                            let part = Part::create(&state, "a", stamp.clone(), compression, list, pace).unwrap();
                            (part, 0, Summary::default())
                        }
                    };
                    let size = 1 + (round as u64 + session * 3) % 5;
                    let chunks = breaks.get(session as usize).copied().unwrap_or(u64::MAX);
                    // Broken off, more is on the disk than was noted.
                    let Some(summary) = feed(&mut part, from, size, chunks, summary) else { continue };
                    let (stored, quarantine) = part.finish().unwrap();
                    let output =
                        Output { path: "a".into(), stored, format: "x".into(), compression: None, table: None };
                    let entry = Entry {
                        path: "a".into(),
                        stamp: stamp.clone(),
                        sha256: None,
                        output: Some(output),
                        quarantine,
                        counts: Counts::from(&summary),
                        gone: false,
                    };
                    state.done(entry.clone()).unwrap();
                    let files = ["a", "quarantine/a.jsonl"].map(|name| fs::read(out.join(name)).unwrap());
                    assert_eq!(hex(&Sha256::digest(&files[0])), entry.output.as_ref().unwrap().stored.sha256);
                    assert_eq!(hex(&Sha256::digest(&files[1])), entry.quarantine.as_ref().unwrap().sha256);
                    let got = (files, entry);
                    let want = want.get_or_insert_with(|| got.clone());
                    assert!(got == *want, "{compression:?} {round}");
                    break;
                }
                // A frame takes more than forty records.
                let must = breaks.len() == 3 && compression == Compression::None || round == 5;
                assert!(!must || went_on > 0, "{compression:?} {round}");
            }
        }
    }

    #[test]
    fn a_file_appears_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(folder.path(), Settings::default(), Redo::Nothing).unwrap();
        let stamp = Stamp { size: 1, mtime: None };
        let list = List::new(&state, "a/b.txt", None);
        let mut part = Part::create(&state, "a/b.txt", stamp, Compression::None, list, Pace::default()).unwrap();
        part.write(b"half").unwrap();
        drop(part);
        Part::abandon(&state, "a/b.txt", Keep::Checkpoints);
        assert!(!folder.path().join("a").exists() && !state.place().part("a/b.txt").exists());
    }
}
