//! What a batch knows of its output folder, over runs that are broken off: the manifest of what was finished, and the
//! journal of what was done since. One run at a time has it.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::journal::{Checkpoint, Journal, Line};
use super::ledger::{Known, Ledger, Standing};
use super::lock::Lock;
use super::manifest::{self, Difference, Entry, Manifest, Settings, Stamp, sync_folder};
use super::place::{Place, name_or_remove, remove};
use crate::error::RunError;

/// Why the state of an output folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StateError {
    #[error("another run is writing to {0}: wait for it, or choose another --out")]
    InUse(PathBuf),
    #[error(
        "{out} was written with other settings: {} was {}, is {}. Give the same as before, or choose another --out; \
         --redo does all files anew",
        difference.name, difference.was, difference.is
    )]
    Other { out: PathBuf, difference: Difference },
    #[error("{file} cannot be read, --redo does all files anew")]
    Damaged { file: PathBuf, source: io::Error },
    #[error("cannot write {file}")]
    Write { file: PathBuf, source: io::Error },
    #[error("{0} holds no finished batch: there is no manifest in it")]
    None(PathBuf),
    #[error("the batch in {0} is not finished: run it again first, without --retry-quarantine")]
    Unfinished(PathBuf),
}

/// Whether what is there counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Redo {
    /// What was finished stays.
    Nothing,
    /// All is done anew.
    All,
}

/// How it is told that a file is the one that was done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Check {
    /// By size and time of change.
    Stamp,
    /// By the hashes of input and output as well.
    Hash,
}

/// The state of an output folder.
pub(crate) struct State {
    place: Place,
    settings: Settings,
    inner: Mutex<Inner>,
    join: Mutex<Option<Zeroizing<[u8; 32]>>>,
    _lock: Lock,
}

struct Inner {
    journal: Journal,
    synced: Instant,
    /// What was known when the run began, and what is not finished. What it finishes is in the journal only: an entry kept
    /// for each of a million files would lie between the buffers of the others, and memory would grow with both.
    ledger: Ledger,
    /// Hashes of the names of files that this run finished.
    finished: HashSet<u64>,
    /// The inputs that are not there any more, once that was asked.
    gone: Option<HashSet<String>>,
    /// Folders in which files got their names.
    touched: BTreeSet<PathBuf>,
}

impl State {
    /// Of that folder, for a run with those settings. The folder is made.
    ///
    /// # Errors
    ///
    /// See [`StateError`].
    pub(crate) fn open(out: &Path, settings: Settings, redo: Redo) -> Result<Self, StateError> {
        let place = Place::of(out);
        let lock = place.lock()?;
        let journal_path = place.journal();
        let write = |source| StateError::Write { file: journal_path.clone(), source };
        let (ledger, before, journal) = match redo {
            Redo::Nothing => Ledger::load(&place)?,
            // A state that cannot be read is no reason not to begin anew.
            Redo::All => Ledger::load(&place).map(|(ledger, ..)| (ledger, None, false)).unwrap_or_default(),
        };
        if let Some(difference) = before.and_then(|before| settings.difference(&before, &[])) {
            return Err(StateError::Other { out: out.into(), difference });
        }
        let run = Line::Run(settings.clone());
        let journal = match redo {
            Redo::Nothing if journal => Journal::go_on(&journal_path).map_err(write)?,
            Redo::Nothing => Journal::start(&journal_path, &[run]).map_err(write)?,
            Redo::All => {
                let anew = Line::Anew("asked for".into());
                Journal::start(&journal_path, &[run, anew]).map_err(write)?
            }
        };
        let mut ledger = ledger;
        if redo == Redo::All {
            // One that cannot be read would stop the end of the run as well, where it is read again.
            if Manifest::load(&place.manifest()).is_err() {
                remove(&place.manifest()).map_err(write)?;
            }
            ledger.distrust();
            place.drop_join_key().map_err(|source| StateError::Write { file: place.join_key(), source })?;
        }
        Self::begin_with(place, settings, ledger, journal, lock)
    }

    /// Of a folder with a finished batch in it, whose settings are those of `settings`, those in `but` aside. It keeps the
    /// settings that it has.
    ///
    /// # Errors
    ///
    /// See [`StateError`].
    pub(crate) fn open_finished(out: &Path, settings: &Settings, but: &[&str]) -> Result<Self, StateError> {
        let place = Place::of(out);
        if !place.state.is_dir() {
            return Err(StateError::None(out.into()));
        }
        let lock = place.lock()?;
        let (ledger, before, journal) = Ledger::load(&place)?;
        let before = before.ok_or_else(|| StateError::None(out.into()))?;
        if journal && ledger.files.values().any(|known| known.stale || known.checkpoint.is_some())
            || !place.manifest().exists()
        {
            return Err(StateError::Unfinished(out.into()));
        }
        if let Some(difference) = settings.difference(&before, but) {
            return Err(StateError::Other { out: out.into(), difference });
        }
        let path = place.journal();
        let write = |source| StateError::Write { file: path.clone(), source };
        let journal = match journal {
            true => Journal::go_on(&path).map_err(write)?,
            false => Journal::start(&path, &[Line::Run(before.clone())]).map_err(write)?,
        };
        Self::begin_with(place, before, ledger, journal, lock)
    }

    fn begin_with(
        place: Place,
        settings: Settings,
        ledger: Ledger,
        journal: Journal,
        lock: Lock,
    ) -> Result<Self, StateError> {
        let parts = place.parts();
        let write = |source| StateError::Write { file: parts.clone(), source };
        fs::create_dir_all(&parts).map_err(write)?;
        let wanted: HashSet<PathBuf> = ledger
            .files
            .iter()
            .filter(|(_, known)| known.parts || known.checkpoint.is_some())
            .flat_map(|(name, _)| [place.part(name), place.aside_part(name)])
            .collect();
        for part in fs::read_dir(&parts).map_err(write)? {
            let part = part.map_err(write)?.path();
            if !wanted.contains(&part) {
                fs::remove_file(&part).map_err(write)?;
            }
        }
        let inner = Inner {
            journal,
            synced: Instant::now(),
            ledger,
            finished: HashSet::new(),
            gone: None,
            touched: BTreeSet::new(),
        };
        Ok(Self { place, settings, inner: Mutex::new(inner), join: Mutex::default(), _lock: lock })
    }

    /// Where things are.
    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// Says what is known of people before the first file is scrubbed, as a digest: every output depends on it. Where it is
    /// not what it was, all files are done anew.
    ///
    /// # Errors
    ///
    /// When the journal cannot be written.
    pub(crate) fn set_context(&self, context: Option<String>) -> Result<(), RunError> {
        let mut inner = self.inner();
        if inner.ledger.context == context {
            return Ok(());
        }
        if inner.ledger.has_any() {
            self.add(&mut inner, &Line::Anew("what is known of people has changed".into()))?;
        }
        match context {
            Some(context) => self.add(&mut inner, &Line::Context(context)),
            None => Ok(()),
        }
    }

    /// The key that ids are joined with where the run has none of its own: `fresh`, or that of an earlier run that was
    /// broken off; it is gone when the run is finished. What is done after that has other ids: see
    /// [`State::lost_join_key`].
    ///
    /// # Errors
    ///
    /// When it cannot be made or kept.
    pub(crate) fn join_key(&self, fresh: Zeroizing<[u8; 32]>) -> Result<Zeroizing<[u8; 32]>, RunError> {
        let path = self.place.join_key();
        let failed = |source| RunError::Write { file: path.display().to_string(), source };
        let mut join = self.join.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = join.as_ref() {
            return Ok(key.clone());
        }
        let mut key = Zeroizing::new([0; 32]);
        let there = fs::File::open(&path).and_then(|mut file| file.read_exact(key.as_mut_slice()));
        if let Err(e) = there {
            if !matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof) {
                return Err(failed(e));
            }
            key = fresh;
            manifest::replace(&path, |out| out.write_all(key.as_slice())).map_err(failed)?;
        }
        let mut inner = self.inner();
        if !inner.ledger.joined {
            self.add(&mut inner, &Line::Joined(true))?;
        }
        *join = Some(key.clone());
        Ok(key)
    }

    /// What was known of people when the outputs were made, as a digest.
    pub(crate) fn context(&self) -> Option<String> {
        self.inner().ledger.context.clone()
    }

    /// Whether outputs have ids that were joined with a key that is gone: a file that is done now would not join them.
    pub(crate) fn lost_join_key(&self) -> bool {
        let inner = self.inner();
        inner.ledger.joined && inner.ledger.has_any() && !self.place.join_key().exists()
    }

    /// Has all files done anew, and says why.
    ///
    /// # Errors
    ///
    /// When the journal cannot be written.
    pub(crate) fn anew(&self, why: &str) -> Result<(), RunError> {
        let mut inner = self.inner();
        self.add(&mut inner, &Line::Anew(why.into()))
    }

    /// How far that input was done when the run began, which has that stamp now. Parts that only wait for their names get them.
    ///
    /// # Errors
    ///
    /// When a part cannot be given its name.
    pub(crate) fn standing(&self, name: &str, now: &Stamp, input: &Path, check: Check) -> Result<Standing, RunError> {
        let waits = self.inner().ledger.files.get(name).is_some_and(|known| known.parts && !known.stale);
        if waits {
            self.settle(name)?;
        }
        let standing = self.inner().ledger.standing(&self.place, name, now);
        let Standing::Done(entry) = &standing else { return Ok(standing) };
        let same = check == Check::Stamp || self.place.has_hashes(entry, input);
        Ok(if same { standing } else { Standing::Changed })
    }

    /// The files that were finished when the run began.
    pub(crate) fn finished(&self) -> Vec<Entry> {
        let inner = self.inner();
        inner.ledger.files.values().filter(|known| !known.stale).filter_map(|known| known.entry.clone()).collect()
    }

    /// A file is begun: nothing of what was known of it holds.
    ///
    /// # Errors
    ///
    /// When the journal cannot be written.
    pub(crate) fn begin(&self, name: &str) -> Result<(), RunError> {
        let mut inner = self.inner();
        // Nothing was known: a line would say nothing.
        if !inner.ledger.files.contains_key(name) && !inner.finished.contains(&hash_of(name)) {
            return Ok(());
        }
        self.add(&mut inner, &Line::Begin(name.into()))
    }

    /// A finished file is about to be written again, from what was set aside.
    ///
    /// # Errors
    ///
    /// When the journal cannot be written.
    pub(crate) fn retry(&self, name: &str) -> Result<(), RunError> {
        if self.inner().ledger.files.get(name).is_some_and(|known| known.parts) {
            self.settle(name)?;
        }
        let mut inner = self.inner();
        self.add(&mut inner, &Line::Retry(name.into()))
    }

    /// A file can go on from there. Its parts must be on the disk.
    ///
    /// # Errors
    ///
    /// When the journal cannot be written.
    pub(crate) fn checkpoint(&self, checkpoint: Checkpoint) -> Result<(), RunError> {
        let mut inner = self.inner();
        self.add(&mut inner, &Line::At(checkpoint))?;
        self.sync(&mut inner)
    }

    /// Whether a file could go on from somewhere.
    pub(crate) fn has_checkpoint(&self, name: &str) -> bool {
        self.inner().ledger.files.get(name).is_some_and(|known| known.checkpoint.is_some())
    }

    /// A file is done: its parts are whole and on the disk, and get their names.
    ///
    /// # Errors
    ///
    /// When the journal cannot be written, or a part cannot be named; then it gets its name when the batch runs again.
    pub(crate) fn done(&self, entry: Entry) -> Result<(), RunError> {
        let line = Line::Done(entry);
        let mut inner = self.inner();
        inner.journal.add(&line).map_err(|source| self.journal_error(source))?;
        let Line::Done(entry) = line else { return Ok(()) };
        inner.finished.insert(hash_of(&entry.path));
        inner.ledger.files.remove(&entry.path);
        // A file whose line is lost in a crash is done again: this may wait for others.
        let synced = if inner.synced.elapsed() > SYNC { self.sync(&mut inner) } else { Ok(()) };
        drop(inner);
        let named = synced.and_then(|()| self.name_parts(&entry));
        if named.is_err() {
            let known = Known { parts: true, ..Known::default() };
            self.inner().ledger.files.insert(entry.path.clone(), Known { entry: Some(entry), ..known });
        }
        named
    }

    /// Marks the files that are not in `present`. Returns them, but for those that `hidden` says may be there.
    pub(crate) fn gone(&self, present: &HashSet<String>, hidden: impl Fn(&Path) -> bool) -> Vec<Entry> {
        let mut inner = self.inner();
        let mut gone = Vec::new();
        for (name, known) in &mut inner.ledger.files {
            let Some(entry) = &mut known.entry else { continue };
            entry.gone = !present.contains(name) && (entry.gone || !hidden(&manifest::path(name)));
            if entry.gone {
                gone.push(entry.clone());
            }
        }
        inner.gone = Some(gone.iter().map(|entry| entry.path.clone()).collect());
        gone
    }

    /// Removes the outputs of a file and forgets it.
    ///
    /// # Errors
    ///
    /// When they cannot be removed.
    pub(crate) fn prune(&self, entry: &Entry) -> Result<(), RunError> {
        for file in [self.place.output(&entry.path), self.place.quarantine(&entry.path)] {
            remove(&file).map_err(|source| RunError::Write { file: file.display().to_string(), source })?;
        }
        let mut inner = self.inner();
        self.add(&mut inner, &Line::Drop(entry.path.clone()))
    }

    /// Writes the manifest, for good. What could not be finished stays in the journal, for the next run to go on with.
    ///
    /// # Errors
    ///
    /// When it cannot be written; then all stays in the journal.
    pub(crate) fn close(self, outcome: Outcome) -> Result<(), StateError> {
        let waiting = |(name, known): (&String, &Known)| (known.parts && !known.stale).then(|| name.clone());
        let waiting: Vec<String> = self.inner().ledger.files.iter().filter_map(waiting).collect();
        for name in waiting {
            // Of inputs that are there this was told; of those that are gone it is tried once more.
            let _ = self.settle(&name);
        }
        let Self { place, settings, inner, _lock: lock, .. } = self;
        let Inner { journal, ledger: known, touched, gone, .. } =
            inner.into_inner().unwrap_or_else(PoisonError::into_inner);
        for folder in &touched {
            sync_folder(&folder.join("-")).map_err(|source| StateError::Write { file: folder.clone(), source })?;
        }
        let is_waiting = |name: &String| known.files.get(name).is_some_and(|known| known.parts);
        let (ledger, ..) = Ledger::load(&place)?;
        let (mut files, mut left) = (Vec::new(), Vec::new());
        for (name, known) in ledger.files.into_iter().filter(|(_, known)| !known.stale) {
            match known {
                Known { checkpoint: Some(checkpoint), .. } => left.push(Line::At(checkpoint)),
                Known { entry: Some(entry), .. } if is_waiting(&name) => left.push(Line::Done(entry)),
                Known { entry: Some(mut entry), .. } => {
                    if let Some(gone) = &gone {
                        entry.gone = gone.contains(&name);
                    }
                    files.push(entry);
                }
                Known { .. } => {}
            }
        }
        let context = ledger.context;
        let manifest =
            Manifest { form: Manifest::FORM, settings: settings.clone(), context, joined: ledger.joined, files };
        let path = place.manifest();
        manifest.store(&path).map_err(|source| StateError::Write { file: path, source })?;
        drop(journal);
        let path = place.journal();
        let write = |source| StateError::Write { file: path.clone(), source };
        if left.is_empty() {
            remove(&path).map_err(write)?;
            // Only when it is empty, which it is.
            let _ = fs::remove_dir(place.parts());
        } else {
            left.insert(0, Line::Run(settings));
            Journal::start(&path, &left).map_err(write)?;
        }
        if outcome == Outcome::Finished {
            place.drop_join_key().map_err(|source| StateError::Write { file: place.join_key(), source })?;
        }
        // Only now may another run look.
        drop(lock);
        Ok(())
    }

    /// Gives the parts of a file their names that waits for that.
    fn settle(&self, name: &str) -> Result<(), RunError> {
        let entry = self.inner().ledger.files.get(name).and_then(|known| known.entry.clone());
        let Some(entry) = entry else { return Ok(()) };
        self.name_parts(&entry)?;
        if let Some(known) = self.inner().ledger.files.get_mut(name) {
            known.parts = false;
        }
        Ok(())
    }

    fn name_parts(&self, entry: &Entry) -> Result<(), RunError> {
        let name = &entry.path;
        // The list is there before the output is: a file that has its name says that it is done.
        let list = self.place.quarantine(name);
        let output = self.place.output(name);
        name_or_remove(&self.place.aside_part(name), &list, entry.quarantine.as_ref())?;
        name_or_remove(&self.place.part(name), &output, entry.output.as_ref().map(|output| &output.stored))?;
        for folder in [entry.quarantine.as_ref().and(list.parent()), entry.output.as_ref().and(output.parent())] {
            let Some(folder) = folder else { continue };
            let mut inner = self.inner();
            if !inner.touched.contains(folder) {
                inner.touched.insert(folder.into());
            }
        }
        Ok(())
    }

    fn add(&self, inner: &mut Inner, line: &Line) -> Result<(), RunError> {
        inner.journal.add(line).map_err(|source| self.journal_error(source))?;
        inner.ledger.apply(line.clone());
        Ok(())
    }

    fn sync(&self, inner: &mut Inner) -> Result<(), RunError> {
        inner.journal.sync().map_err(|source| self.journal_error(source))?;
        inner.synced = Instant::now();
        Ok(())
    }

    fn journal_error(&self, source: io::Error) -> RunError {
        RunError::Write { file: self.place.journal().display().to_string(), source }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a run ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    /// All files are done.
    Finished,
    /// A file could not be done: the next run may.
    Unfinished,
}

fn hash_of(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

/// How long lines that say that a file is done may wait for the disk.
const SYNC: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
