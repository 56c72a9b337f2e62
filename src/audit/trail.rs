//! Adds to the trail.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use super::AuditError;
use super::chain::{self, Head, Line, Link, Macs, Mended, Place, Slot, VERSION, shown};
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
        self.append_all(&[record], &mut |_, _| {})
    }

    /// Adds records in order, and waits for the disk once for [`Trail::TOGETHER`] of them. When it returns, all are on disk,
    /// and the head tells of them. Shows each line that is, without its end, with its number, to `written`.
    ///
    /// # Errors
    ///
    /// None of the records can be counted on to be in the trail.
    pub fn append_all(&self, records: &[&Record], written: &mut dyn FnMut(u64, &[u8])) -> Result<(), AuditError> {
        let _lock = self.files.lock()?;
        let mut file = self.files.open_active()?;
        let mut state = self.state(&mut file)?;
        if !state.mended.is_nothing() {
            if state.mended.torn > 0 {
                self.files.set_aside(&state.torn)?;
                file.set_len(state.len)?;
                file.sync_all()?;
            }
            self.write(&[&Record::new(Verb::Recovered, Outcome::Done)], &mut file, &mut state, written)?;
        }
        records.chunks(Trail::TOGETHER).try_for_each(|group| self.write(group, &mut file, &mut state, written))
    }

    /// The number of its last record.
    #[cfg(feature = "service")]
    pub(super) fn last(&self) -> Result<u64, AuditError> {
        let _lock = self.files.lock()?;
        Ok(self.state(&mut self.files.open_active()?)?.last.n)
    }

    #[cfg(feature = "service")]
    pub(super) fn files(&self) -> &Files {
        &self.files
    }

    /// Records that reach the disk at once, and so may be lost at once before anybody was told that they are there.
    pub const TOGETHER: usize = 64;

    /// Writes lines, and the head. On an error everything is as it was, as far as the disk allows: what it does not, is
    /// mended before the next line.
    fn write(
        &self,
        records: &[&Record],
        file: &mut File,
        state: &mut State,
        written: &mut dyn FnMut(u64, &[u8]),
    ) -> Result<(), AuditError> {
        let (lines, last) = self.lines(records, state)?;
        let fits = |len: u64| len + lines.len() as u64 <= self.limits.bytes;
        if records.len() > 1 && !fits(0) {
            let (first, second) = records.split_at(records.len() / 2);
            self.write(first, file, state, written)?;
            return self.write(second, file, state, written);
        }
        if state.len > 0 && !fits(state.len) {
            self.files.rotate()?;
            *file = self.files.open_active()?;
            state.len = 0;
        }
        let done = file
            .seek(SeekFrom::Start(state.len))
            .and_then(|_| file.write_all(&lines))
            .and_then(|()| file.sync_data())
            // The name of a file that was begun.
            .and_then(|()| if state.len == 0 { self.files.sync_folder() } else { Ok(()) })
            .map_err(AuditError::from)
            .and_then(|()| self.tell(last));
        if let Err(e) = done {
            // If this fails too, the error stays the same, and the next to come finds torn or untold lines. The head first: lines
            // that it does not tell are mended, lines that it tells and that are not there are not.
            if state.last.n > 0 {
                let _ = self.tell(state.last);
            }
            let _ = file.set_len(state.len).and_then(|()| file.sync_all());
            return Err(e);
        }
        for (n, line) in (state.last.n + 1..).zip(lines.split(|b| *b == b'\n').take(records.len())) {
            written(n, line);
        }
        *state = State { last, len: state.len + lines.len() as u64, ..State::START };
        Ok(())
    }

    /// Has the head tell that this is the last line.
    fn tell(&self, last: Link) -> Result<(), AuditError> {
        Ok(self.files.put_head(&chain::write_head(last, self.macs.first())?)?)
    }

    /// The lines of records that are written at once, and the last of them.
    fn lines(&self, records: &[&Record], state: &State) -> Result<(Vec<u8>, Link), AuditError> {
        let mut lines = Vec::with_capacity(1024 * records.len());
        let mut last = state.last;
        for (at, record) in (1..).zip(records) {
            let slot = Slot { before: last, place: Place(at, records.len() as u64), mended: state.mended };
            last = chain::write_line(record, slot, self.macs.first(), &mut lines)?;
        }
        Ok((lines, last))
    }

    /// Where the trail ends. Read from the files each time, since others may have added to them.
    fn state(&self, active: &mut File) -> Result<State, AuditError> {
        let head = self.files.read_head()?;
        let head = match &head {
            Some(bytes) => Some(Head::read(bytes).ok_or(AuditError::Damaged("its head is not a head"))?),
            None => None,
        };
        let told = head.as_ref().map_or(Link::START, |head| head.last);
        let state = match self.told_end(&End::of(active, 2)?, told)? {
            Some(state) => state,
            None => self.untold_end(&End::of(active, Trail::TOGETHER + 2)?, told, head.is_some())?,
        };
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

    /// Where the trail ends if its last line is the one that the head tells.
    fn told_end(&self, end: &End, told: Link) -> Result<Option<State>, AuditError> {
        let state = match end.line_before(end.len()) {
            _ if end.len() == 0 => self.end_of_parts()?,
            Some((line, _)) if end.from(end.len() - 1) == Some(b"\n") => {
                self.read(line)?.map(|state| State { len: end.len(), ..state })
            }
            _ => None,
        };
        Ok(state.filter(|state| state.last == told))
    }

    /// Where the trail ends if a crash came between lines and head: behind the line that the head tells stand lines of one
    /// group, and what is torn of it. Nothing else is mended.
    fn untold_end(&self, end: &End, told: Link, has_head: bool) -> Result<State, AuditError> {
        let Some(mut state) = self.find(end, told)? else { return Err(self.damage(end, told, has_head)?) };
        let rest = end.from(state.len).ok_or(AuditError::Damaged(NOT_LINES))?;
        let (mut untold, mut used) = (0, 0);
        for line in rest.split_inclusive(|b| *b == b'\n') {
            let Some(whole) = line.strip_suffix(b"\n") else { break };
            let Some(next) = self.read(whole)? else { break };
            let follows = next.before == Some(state.last.hash) && next.place.is_of(next.last.n, told.n);
            if !follows || (untold > 0 && next.place.1 != state.place.1) {
                break;
            }
            (untold, used) = (untold + 1, used + line.len());
            state = State { len: state.len + line.len() as u64, ..next };
        }
        state.torn = rest.get(used..).unwrap_or_default().to_vec();
        // The disk may have taken later lines of the group before earlier ones. Others were put there.
        for line in state.torn.split_inclusive(|b| *b == b'\n').filter_map(|line| line.strip_suffix(b"\n")) {
            let Some(line) = Line::read(line).filter(Line::is_whole) else { continue };
            let place = line.facts.together.unwrap_or(Place::ALONE);
            if place.0 <= untold + 1 || !place.is_of(line.facts.n, told.n) {
                return Err(AuditError::Damaged("its head does not tell the last line"));
            }
        }
        state.mended = Mended { torn: state.torn.len() as u64, untold };
        Ok(state)
    }

    /// Where the line that the head tells ends.
    fn find(&self, end: &End, told: Link) -> Result<Option<State>, AuditError> {
        let mut len = end.of_lines();
        while let Some(to) = len.filter(|to| *to > 0) {
            let Some((line, start)) = end.line_before(to) else { break };
            if Line::read(line).is_some_and(|line| line.link() == told) {
                return Ok(self.read(line)?.map(|state| State { len: to, ..state }));
            }
            len = Some(start);
        }
        let state = if len == Some(0) { self.end_of_parts()? } else { None };
        Ok(state.filter(|state| state.last == told))
    }

    /// What is wrong with a trail whose head tells a line that is not at its end.
    fn damage(&self, end: &End, told: Link, has_head: bool) -> Result<AuditError, AuditError> {
        let last = match end.of_lines() {
            None => return Ok(AuditError::Damaged(NOT_LINES)),
            Some(0) => self.end_of_parts()?,
            Some(len) => match end.line_before(len) {
                Some((line, _)) => self.read(line)?,
                None => return Ok(AuditError::Damaged(NOT_LINES)),
            },
        };
        Ok(AuditError::Damaged(match last {
            None => "its last line was edited",
            Some(_) if !has_head => "its head is missing",
            Some(state) if state.last.n < told.n => "its last lines are missing, the head tells of more",
            Some(_) => "its head does not tell the last line",
        }))
    }

    /// Where the trail ends if the active file is empty; `None` if the last line of the parts is not whole.
    fn end_of_parts(&self) -> Result<Option<State>, AuditError> {
        let Some((_, part)) = self.files.parts()?.pop() else { return Ok(Some(State::START)) };
        let end = End::of(&mut File::open(part)?, 2)?;
        let Some((line, _)) = end.of_lines().filter(|len| *len == end.len()).and_then(|len| end.line_before(len))
        else {
            return Err(AuditError::Damaged("its last part is cut off"));
        };
        self.read(line)
    }

    fn read(&self, line: &[u8]) -> Result<Option<State>, AuditError> {
        let Some(line) = Line::read(line).filter(|line| line.is_whole() && line.facts.v == VERSION) else {
            return Ok(None);
        };
        if self.macs_of(line.facts.key.as_deref())?.is_some_and(|macs| !line.is_of(macs)) {
            return Err(AuditError::Damaged("the MAC of its last line does not hold"));
        }
        let place = line.facts.together.unwrap_or(Place::ALONE);
        Ok(Some(State { last: line.link(), before: Some(line.prev), place, key: line.facts.key, ..State::START }))
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
    /// Where the last line stands among those written with it.
    place: Place,
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
        place: Place::ALONE,
        key: None,
        len: 0,
        torn: Vec::new(),
        mended: Mended { torn: 0, untold: 0 },
    };
}

const NOT_LINES: &str = "its end is not lines";
