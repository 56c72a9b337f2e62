//! Adds to the trail.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use super::AuditError;
use super::chain::{self, Head, Line, Link, Macs, Mended, VERSION, shown};
use super::files::{End, Files};
use super::record::{Outcome, Record, Verb};
use crate::secret::Keyring;

/// A trail that records are added to. Threads may share it, and processes may have the same one open.
pub struct Trail {
    files: Files,
    /// The current key's first.
    macs: Vec<Macs>,
    limits: Rotation,
}

/// When a new file is begun.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rotation {
    /// Bytes that no file exceeds; a file has one record at least.
    pub bytes: u64,
}

impl Rotation {
    /// 64 MiB.
    pub const DEFAULT: Rotation = Rotation { bytes: 64 << 20 };
}

impl Default for Rotation {
    fn default() -> Rotation {
        Rotation::DEFAULT
    }
}

impl Trail {
    /// Opens the trail, or begins one. With keys, records get a MAC of the current one; the older ones are for the
    /// records that are there.
    ///
    /// # Errors
    ///
    /// When nothing could be added: see [`AuditError`]. A trail that was begun with a key goes on with one, and one that
    /// was begun without goes on without.
    pub fn open(path: &Path, keys: Option<&Keyring>, limits: Rotation) -> Result<Trail, AuditError> {
        Trail::open_with(path, keys.into_iter().flat_map(Keyring::iter).map(Macs::of).collect(), limits)
    }

    pub(super) fn open_with(path: &Path, macs: Vec<Macs>, limits: Rotation) -> Result<Trail, AuditError> {
        let trail = Trail { files: Files::of(path)?, macs, limits };
        trail.files.create()?;
        let _lock = trail.files.lock()?;
        trail.state(&mut trail.files.open_active()?)?;
        Ok(trail)
    }

    /// Adds a record. When it returns, the record is on disk, and the head tells of it.
    ///
    /// # Errors
    ///
    /// The record cannot be counted on to be in the trail: what it tells must not happen, or not be handed out.
    pub fn append(&self, record: &Record) -> Result<(), AuditError> {
        let _lock = self.files.lock()?;
        let mut file = self.files.open_active()?;
        let mut state = self.state(&mut file)?;
        if !state.mended.is_nothing() {
            if state.mended.torn > 0 {
                self.files.set_aside(&state.torn)?;
                file.set_len(state.len)?;
                file.sync_all()?;
            }
            self.write(&Record::new(Verb::Recovered, Outcome::Done), &mut file, &mut state)?;
        }
        self.write(record, &mut file, &mut state)
    }

    /// Writes one line, and the head. On an error everything is as it was, as far as the disk allows: what it does not,
    /// is mended before the next line.
    fn write(&self, record: &Record, file: &mut File, state: &mut State) -> Result<(), AuditError> {
        let mut line = Vec::with_capacity(1024);
        let last = chain::write_line(record, state.mended, state.last, self.macs.first(), &mut line)?;
        if state.len > 0 && state.len + line.len() as u64 > self.limits.bytes {
            self.files.rotate()?;
            *file = self.files.open_active()?;
            state.len = 0;
        }
        let written = file
            .seek(SeekFrom::Start(state.len))
            .and_then(|_| file.write_all(&line))
            .and_then(|()| file.sync_data())
            .map_err(AuditError::from)
            .and_then(|()| Ok(self.files.replace_head(&chain::write_head(last, self.macs.first())?)?));
        if let Err(e) = written {
            // If this fails too, the error stays the same, and the next to come finds a torn or an untold line.
            let _ = file.set_len(state.len).and_then(|()| file.sync_all());
            return Err(e);
        }
        self.files.sync_folder()?;
        *state = State { last, len: state.len + line.len() as u64, ..State::START };
        Ok(())
    }

    /// Where the trail ends. Read from the files each time, since others may have added to them.
    fn state(&self, active: &mut File) -> Result<State, AuditError> {
        let end = End::of(active)?;
        let head = self.files.read_head()?;
        let head = match &head {
            Some(bytes) => Some(Head::read(bytes).ok_or(AuditError::Damaged("its head is not a head"))?),
            None => None,
        };
        let told = head.as_ref().map_or(Link::START, |head| head.last);
        let lines = end.of_lines().ok_or(AuditError::Damaged(NOT_LINES))?;
        let mut state = self.state_of(&end, lines)?;
        if state.is_none() && lines == end.len() {
            // A whole line that is not one of ours: its end reached the disk before its middle did. Only if the head has
            // never told of it.
            let (_, start) = end.line_before(lines).ok_or(AuditError::Damaged(NOT_LINES))?;
            state = self.state_of(&end, start)?.filter(|state| state.last == told);
        }
        let mut state = state.ok_or(AuditError::Damaged("its last line was edited"))?;
        if state.last != told {
            // Written, and then the head was not: the only way in which a crash leaves them apart.
            let behind = state.last.n.checked_sub(1) == Some(told.n) && state.before == Some(told.hash);
            if !behind {
                return Err(AuditError::Damaged(match head {
                    None => "its head is missing",
                    Some(_) if state.last.n < told.n => "its last lines are missing, the head tells of more",
                    Some(_) => "its head does not tell the last line",
                }));
            }
            state.mended.untold = 1;
        }
        if let Some(head) = &head {
            if head.key.is_some() != state.key.is_some() {
                return Err(AuditError::Damaged("its head has a MAC and its last line has none, or the reverse"));
            }
            if self.macs_of(head.key.as_deref())?.is_some_and(|macs| !head.is_of(macs)) {
                return Err(AuditError::Damaged("the MAC of its head does not hold"));
            }
        }
        Ok(state)
    }

    /// Where the trail ends if only the first `len` bytes of the active file count; `None` if their last line is not
    /// whole.
    fn state_of(&self, end: &End, len: u64) -> Result<Option<State>, AuditError> {
        let torn = end.from(len).ok_or(AuditError::Damaged(NOT_LINES))?.to_vec();
        let mended = Mended { torn: torn.len() as u64, untold: 0 };
        if len > 0 {
            let (line, _) = end.line_before(len).ok_or(AuditError::Damaged(NOT_LINES))?;
            return self.read(line).map(|read| read.map(|read| State { len, mended, torn, ..read }));
        }
        let Some((_, part)) = self.files.parts()?.pop() else {
            return Ok(Some(State { mended, torn, ..State::START }));
        };
        let end = End::of(&mut File::open(part)?)?;
        let Some((line, _)) = end.of_lines().filter(|len| *len == end.len()).and_then(|len| end.line_before(len))
        else {
            return Err(AuditError::Damaged("its last part is cut off"));
        };
        self.read(line).map(|read| read.map(|read| State { len, mended, torn, ..read }))
    }

    fn read(&self, line: &[u8]) -> Result<Option<State>, AuditError> {
        let Some(line) = Line::read(line).filter(|line| line.is_whole() && line.facts.v == VERSION) else {
            return Ok(None);
        };
        if self.macs_of(line.facts.key.as_deref())?.is_some_and(|macs| !line.is_of(macs)) {
            return Err(AuditError::Damaged("the MAC of its last line does not hold"));
        }
        Ok(Some(State { last: line.link(), before: Some(line.prev), key: line.facts.key, ..State::START }))
    }

    /// What checks what was made with the key of that id, or without one.
    ///
    /// A trail is kept with a key from its first record on, or without: otherwise one without, that anybody could have
    /// put in the place of one with, would be taken up and sealed by the next record.
    fn macs_of(&self, id: Option<&str>) -> Result<Option<&Macs>, AuditError> {
        match id {
            None if self.macs.is_empty() => Ok(None),
            None => Err(AuditError::Keyless),
            Some(id) => match self.macs.iter().find(|macs| macs.id() == id) {
                Some(macs) => Ok(Some(macs)),
                None => Err(AuditError::KeyNeeded(shown(id))),
            },
        }
    }
}

impl std::fmt::Debug for Trail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let key = self.macs.first().map(Macs::id);
        f.debug_struct("Trail").field("key", &key).field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// Where the trail ends.
struct State {
    last: Link,
    /// The hash of the line before the last.
    before: Option<[u8; 32]>,
    /// The id of the key of its MAC.
    key: Option<String>,
    /// Bytes of the active file that count.
    len: u64,
    /// What comes after them.
    torn: Vec<u8>,
    /// What is to be mended before a line is added.
    mended: Mended,
}

impl State {
    /// Of a trail without lines.
    const START: State = State {
        last: Link::START,
        before: None,
        key: None,
        len: 0,
        torn: Vec::new(),
        mended: Mended { torn: 0, untold: 0 },
    };
}

const NOT_LINES: &str = "its end is not lines";
