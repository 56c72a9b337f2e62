//! Scrubs the files of a batch: large ones a few at a time, each cut into chunks, small ones whole; chunks and small files
//! share one pool, so that no thread waits while there is any work.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::budget::Budget;
use super::compress::{Compression, Decoder};
use super::input::{Facts, Input, Shape, Tap, Watch, extension};
use super::journal::Checkpoint;
use super::kept::Sealer;
use super::layout::{Ask, Layout};
use super::ledger::Standing;
use super::manifest::{Counts, Entry, Output, Stamp, key, name_of};
use super::part::{Keep, List, Pace, Part, Storing};
use super::quarantine::Quarantine;
use super::run::{Begun, Crew, Run, drive, refuse};
use super::source::{Mark, READ, Source};
use super::state::{Check, State};
use super::summary::Summary;
use super::walk::Item;
use super::{Scrub, manifest};
use crate::error::RunError;
use crate::record::Reason;
use crate::record::csv::Quoting;

/// What all files of a batch are done with.
pub(crate) struct Batch<'a> {
    pub(crate) scrub: &'a Scrub,
    pub(crate) ask: &'a Ask,
    pub(crate) state: &'a State,
    /// Keeps what is set aside, when there is a key.
    pub(crate) sealer: Option<&'a Sealer>,
    pub(crate) pool: &'a rayon::ThreadPool,
    /// Only so many records of each file.
    pub(crate) sample: Option<u64>,
    pub(crate) tuning: Tuning,
    /// Bytes of the inputs read so far.
    pub(crate) read: Arc<AtomicU64>,
}

/// What changes how fast a batch is, and nothing of what comes out of it.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Tuning {
    /// Bytes of a chunk.
    pub(crate) chunk: Option<usize>,
    pub(crate) pace: Pace,
}

/// A file that is to be done.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) item: Item,
    /// What it is called in manifests.
    pub(crate) name: String,
    /// How far it is done.
    pub(crate) standing: Standing,
}

/// Told of each file that was tried, with the time that it took.
pub(crate) type Report<'r> = &'r (dyn Fn(&Job, Result<Summary, RunError>, Duration) + Sync);

/// How far each input is done. An error stands for a file whose output was made and cannot be given its name.
pub(crate) fn standings(
    items: Vec<Item>,
    state: &State,
    check: Check,
    pool: &rayon::ThreadPool,
) -> Vec<(Job, Option<RunError>)> {
    use rayon::prelude::*;
    let standing = |item: Item| {
        let name = key(&item.relative);
        // What cannot be looked at is told when it is opened.
        let now = std::fs::metadata(&item.path).map(|about| Stamp::of(&about));
        let standing = match now {
            Ok(now) => state.standing(&name, &now, &item.path, check),
            Err(_) => Ok(Standing::New),
        };
        let (standing, error) = match standing {
            Ok(standing) => (standing, None),
            Err(error) => (Standing::Changed, Some(error)),
        };
        (Job { item, name, standing }, error)
    };
    pool.install(|| items.into_par_iter().map(standing).collect())
}

impl Batch<'_> {
    /// Does those files.
    pub(crate) fn run(&self, jobs: &[Job], report: Report<'_>) {
        let threads = self.pool.current_num_threads();
        // Whoever wants small chunks wants files to be cut.
        let limit = self.tuning.chunk.map_or(LARGE, |chunk| LARGE.min(chunk as u64 * 8));
        let (mut large, small): (Vec<&Job>, Vec<&Job>) = jobs.iter().partition(|job| job.item.size > limit);
        // The largest first: the others fill what it leaves.
        large.sort_by_key(|job| std::cmp::Reverse(job.item.size));
        let lanes = large.len().min(threads).min(LANES);
        let chunks = (threads * 2 + 1).div_ceil(lanes.max(1)).max(3);
        let large = Mutex::new(VecDeque::from(large));
        std::thread::scope(|scope| {
            for _ in 0..lanes {
                scope.spawn(|| {
                    let next = || large.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                    while let Some(job) = next() {
                        self.timed(job, Some(Crew { pool: self.pool, chunks }), report);
                    }
                });
            }
            // Not all at once: chunks of large files would have to wait for all small ones.
            let room = Budget::new(threads * 2);
            self.pool.in_place_scope_fifo(|scope| {
                for job in small {
                    room.take(1);
                    let room = Arc::clone(&room);
                    scope.spawn_fifo(move |_| {
                        self.timed(job, None, report);
                        room.give_back(1);
                    });
                }
            });
        });
    }

    fn timed(&self, job: &Job, crew: Option<Crew<'_>>, report: Report<'_>) {
        let start = Instant::now();
        let done = catch_unwind(AssertUnwindSafe(|| self.file(job, crew)));
        let lost = || Err(RunError::Lost { file: job.item.path.display().to_string() });
        report(job, done.unwrap_or_else(|_| lost()), start.elapsed());
    }

    fn file(&self, job: &Job, crew: Option<Crew<'_>>) -> Result<Summary, RunError> {
        let shown = job.item.path.display().to_string();
        let read = |source| RunError::Read { file: shown.clone(), source };
        let names = Names {
            file: job.item.relative.to_string_lossy().into_owned(),
            target: self.state.place().output(&job.name).display().to_string(),
            shown: shown.clone(),
        };
        let mut input = Input::open(&job.item).map_err(read)?;
        if let Standing::Half(at) = &job.standing {
            if let Some(begun) = self.go_on(job, at, input, &names)? {
                return self.stream(job, begun, &names, crew);
            }
            input = Input::open(&job.item).map_err(read)?;
        }
        self.state.begin(&job.name)?;
        match input.shape() {
            Shape::Columns => self.whole(job, input.stamp(), &names, crew),
            Shape::Stream => {
                let stamp = input.stamp();
                match self.begin(job, input, &names)? {
                    Start::Stream(begun) => self.stream(job, *begun, &names, crew),
                    Start::Refused(reason) => self.refuse(job, stamp, reason, &names),
                }
            }
        }
    }

    /// A file from its beginning.
    fn begin<'j>(&'j self, job: &'j Job, input: Input, names: &Names) -> Result<Start<'j>, RunError> {
        let (stamp, compression) = (input.stamp(), input.compression());
        let (reader, watch) = input.into_reader(Arc::clone(&self.read)).map_err(|e| names.read(e))?;
        let source = match self.open(job, reader, compression).map_err(|e| names.read(e))? {
            Ok(source) => source,
            Err(reason) => return Ok(Start::Refused(reason)),
        };
        let list = List::new(self.state, &job.name, self.sealer);
        let part = Part::create(self.state, &job.name, stamp, compression, list, self.tuning.pace);
        let part = part.map_err(|e| names.write(e))?;
        Ok(Start::Stream(Box::new(Way { source, watch, part, compression, begun: Begun::default() })))
    }

    /// A file from where it was noted; none when that does not hold any more.
    fn go_on<'j>(
        &'j self,
        job: &'j Job,
        at: &Checkpoint,
        input: Input,
        names: &Names,
    ) -> Result<Option<Way<'j>>, RunError> {
        let compression = input.compression();
        let Some(summary) = at.counts.summary() else { return Ok(None) };
        if input.shape() != Shape::Stream || !at.stamp.is_still(&input.stamp()) || self.sample.is_some() {
            return Ok(None);
        }
        let (reader, watch) = input.into_reader(Arc::clone(&self.read)).map_err(|e| names.read(e))?;
        let Ok(mut source) = self.open(job, reader, compression).map_err(|e| names.read(e))? else { return Ok(None) };
        // The hash tells that it is the same text, whatever size and time say.
        let mark = Mark::at(at.offset, at.record, at.document);
        let there = source.go_on(&mark).map_err(|e| names.read(e))?;
        if !there || source.mark().sha256().map(|hash| manifest::hex(&hash)).as_ref() != Some(&at.sha256) {
            return Ok(None);
        }
        let part = Part::go_on(self.state, at, &job.name, compression, self.sealer, self.tuning.pace);
        let Some(part) = part.map_err(|e| names.write(e))? else { return Ok(None) };
        let begun = Begun { length: at.length, summary };
        Ok(Some(Way { source, watch, part, compression, begun }))
    }

    fn open(
        &self,
        job: &Job,
        reader: Decoder<Tap>,
        compression: Compression,
    ) -> io::Result<Result<Source<Decoder<Tap>>, Reason>> {
        let extension = extension(&job.item.path, compression);
        // Buffers as large as the file, and one byte to see its end.
        let stored = usize::try_from(job.item.size).unwrap_or(READ).max(SMALL);
        let plain = if compression == Compression::None { stored + 1 } else { stored.saturating_mul(8) };
        let source = match Source::open_by(plain.min(READ), reader, self.ask, extension.as_deref())? {
            Ok(source) => source.hashed().with_limit(self.sample.unwrap_or(u64::MAX)),
            Err(reason) => return Ok(Err(reason)),
        };
        Ok(Ok(match self.tuning.chunk {
            Some(bytes) => source.with_chunks_of(bytes),
            None => source,
        }))
    }

    fn stream(&self, job: &Job, way: Way<'_>, names: &Names, crew: Option<Crew<'_>>) -> Result<Summary, RunError> {
        let Way { source, watch, mut part, compression, begun } = way;
        let layout = source.layout().clone();
        let run = Run { scrub: self.scrub, file: &names.file, target: &names.target, progress: &|_| {} };
        let done = drive(&run, source, begun, &mut part, crew).and_then(|(summary, end)| {
            // A sample is not read to its end, and may be by chance.
            let facts = match self.sample {
                None => watch.whole(&names.shown)?,
                Some(_) => watch.part(&names.shown)?,
            };
            let (stored, quarantine) = part.finish().map_err(|e| names.write(e))?;
            Ok((summary, end, facts, stored, quarantine))
        });
        let (summary, end, facts, stored, quarantine) = match done {
            Ok(done) => done,
            Err(error) => {
                let keep = match error {
                    RunError::Changed { .. } => Keep::Nothing,
                    _ => Keep::Checkpoints,
                };
                Part::abandon(self.state, &job.name, keep);
                return Err(names.named(error));
            }
        };
        let Facts { stamp, sha256 } = facts;
        let plain = end.sha256().filter(|_| self.sample.is_none()).map(|hash| manifest::hex(&hash));
        let output = Output {
            path: job.name.clone(),
            stored,
            format: name_of(layout.format),
            compression: compression.extension().map(str::to_owned),
            table: table_of(&layout),
        };
        self.state.done(Entry {
            path: job.name.clone(),
            stamp,
            sha256: sha256.or(plain),
            output: Some(output),
            quarantine,
            counts: Counts::from(&summary),
            gone: false,
        })?;
        Ok(summary)
    }

    /// A file that is read as a whole, from its end: it does not go on where it was, but begins again.
    fn whole(&self, job: &Job, stamp: Stamp, names: &Names, crew: Option<Crew<'_>>) -> Result<Summary, RunError> {
        let run = Run { scrub: self.scrub, file: &names.file, target: &names.target, progress: &|_| {} };
        // What is set aside is not bytes of the file: it is not kept.
        let mut list = List::new(self.state, &job.name, None);
        let done = self.scrub_whole(job, &stamp, &run, names, crew, &mut list);
        let done = match done {
            Ok(Whole::Refused(reason)) => {
                Part::abandon(self.state, &job.name, Keep::Nothing);
                return self.refuse(job, stamp, reason, names);
            }
            Ok(Whole::Done(done)) => {
                let (summary, sha256, output) = *done;
                list.finish().map_err(|e| names.write(e)).map(|quarantine| (summary, sha256, output, quarantine))
            }
            Err(error) => Err(error),
        };
        let (summary, sha256, output, quarantine) = done.inspect_err(|_| {
            Part::abandon(self.state, &job.name, Keep::Nothing);
        })?;
        self.state.done(Entry {
            path: job.name.clone(),
            stamp,
            sha256: Some(sha256),
            output: Some(output),
            quarantine,
            counts: Counts::from(&summary),
            gone: false,
        })?;
        Ok(summary)
    }

    fn scrub_whole(
        &self,
        job: &Job,
        stamp: &Stamp,
        run: &Run<'_>,
        names: &Names,
        crew: Option<Crew<'_>>,
        list: &mut List<'_>,
    ) -> Result<Whole, RunError> {
        let mut out = Storing::create(&self.state.place().part(&job.name)).map_err(|e| names.write(e))?;
        let file = File::open(&job.item.path).map_err(|e| names.read(e))?;
        let summary = match columns(run, file, self.ask, &mut out, list, crew.map(|crew| crew.pool)) {
            Ok(summary) => summary.map_err(|error| names.named(error))?,
            Err(reason) => return Ok(Whole::Refused(reason)),
        };
        // Hashed when it has been read, so that it is known to have been the same all the time.
        let (sha256, now) = self.hash(job, names)?;
        if now != *stamp {
            return Err(RunError::Changed { file: names.shown.clone() });
        }
        let stored = out.finish().map_err(|e| names.write(e))?;
        let path = job.name.clone();
        let output = Output { path, stored, format: "parquet".into(), compression: None, table: None };
        Ok(Whole::Done(Box::new((summary, sha256, output))))
    }

    /// A file that is not read: it is one record, set aside, and there is no output, nor one of an earlier run.
    fn refuse(&self, job: &Job, stamp: Stamp, reason: Reason, names: &Names) -> Result<Summary, RunError> {
        // What came out of a pipe is gone.
        let sha256 = match &stamp.mtime {
            Some(_) if self.sample.is_none() => Some(self.hash(job, names)?.0),
            _ => None,
        };
        // It is not kept: it is there, and not read for another reason than its text.
        let mut list = List::new(self.state, &job.name, None);
        let summary = refuse(&names.file, reason, stamp.size, &mut list)?;
        let quarantine = list.finish().map_err(|e| names.write(e))?;
        self.state.done(Entry {
            path: job.name.clone(),
            stamp,
            sha256,
            output: None,
            quarantine,
            counts: Counts::from(&summary),
            gone: false,
        })?;
        Ok(summary)
    }

    /// SHA-256 of the input, and its stamp.
    fn hash(&self, job: &Job, names: &Names) -> Result<(String, Stamp), RunError> {
        let input = Input::open(&job.item).map_err(|e| names.read(e))?;
        let (hash, watch) = input.into_hash(Arc::clone(&self.read)).map_err(|e| names.read(e))?;
        Ok((hash, watch.whole(&names.shown)?.stamp))
    }
}

/// A file on its way.
struct Way<'a> {
    source: Source<Decoder<Tap>>,
    watch: Watch,
    part: Part<'a>,
    compression: Compression,
    begun: Begun,
}

enum Start<'a> {
    Stream(Box<Way<'a>>),
    Refused(Reason),
}

/// What became of a file that is read as a whole.
enum Whole {
    /// It was scrubbed; the SHA-256 is that of the input.
    Done(Box<(Summary, String, Output)>),
    Refused(Reason),
}

/// Scrubs a file of columns into `out`: the reader of such files stands here.
///
/// # Errors
///
/// The outer one says why the file is not read, the inner one why it could not be done.
fn columns(
    run: &Run<'_>,
    file: File,
    ask: &Ask,
    out: &mut (dyn Write + Send),
    quarantine: &mut dyn Quarantine,
    pool: Option<&rayon::ThreadPool>,
) -> Result<Result<Summary, RunError>, Reason> {
    #[cfg(feature = "parquet")]
    {
        let table = match super::columns::Table::open(file, ask) {
            Ok(table) => table,
            Err(source) => return Ok(Err(RunError::Read { file: run.file.into(), source })),
        };
        Ok(super::columns::run(run, table, out, quarantine, pool))
    }
    #[cfg(not(feature = "parquet"))]
    {
        let _ = (run, file, ask, out, quarantine, pool);
        Err(Reason::FormatNotSupported)
    }
}

/// What a file is called.
struct Names {
    /// In quarantine lists, and in the scope of its documents.
    file: String,
    /// Its output, in messages.
    target: String,
    /// Itself, in messages.
    shown: String,
}

impl Names {
    fn read(&self, source: io::Error) -> RunError {
        RunError::Read { file: self.shown.clone(), source }
    }

    fn write(&self, source: io::Error) -> RunError {
        RunError::Write { file: self.target.clone(), source }
    }

    /// With the file's path for its short name.
    fn named(&self, error: RunError) -> RunError {
        match error {
            RunError::Read { source, .. } => self.read(source),
            error => error,
        }
    }
}

/// How a table is written: what a retry must find again.
pub(crate) fn table_of(layout: &Layout) -> Option<String> {
    let table = layout.table.as_ref()?;
    let dialect = table.dialect();
    let quoted = match dialect.quoting {
        Quoting::None => "bare",
        Quoting::Double => "quoted",
        Quoting::Padded => "padded",
    };
    let header = if table.has_header { "header" } else { "no header" };
    Some(format!("{:?} {quoted}, {header}", char::from(dialect.delimiter)))
}

/// A file that is larger is done by several threads.
const LARGE: u64 = 4 << 20;

/// Bytes that are asked for of the smallest file.
const SMALL: usize = 4 << 10;

/// Large files that are under way at once: while one is being written to the disk, others go on.
const LANES: usize = 4;
