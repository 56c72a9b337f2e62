//! Runs one input through: a thread that reads, a pool that scrubs, the caller's thread that writes in order. Only so many
//! bytes are under way as keep the pool busy, whatever is fast or slow.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, TryRecvError};

use super::budget::Budget;
use super::clean::{Aside, Clean};
use super::quarantine::{Kept, Quarantine};
use super::scrub::{Desk, Scrub};
use super::source::{Chunk, Mark, Source};
use super::summary::Summary;
use crate::error::{InputError, RunError};
use crate::record::Reason;
use crate::transform::TransformError;

/// An input on its way.
pub struct Run<'a> {
    /// What to scrub with.
    pub scrub: &'a Scrub,
    /// The input's name in messages and in the scope of its documents.
    pub file: &'a str,
    /// The output's name in messages.
    pub target: &'a str,
    /// Called with the number of bytes read, chunk by chunk.
    pub progress: &'a (dyn Fn(u64) + Sync),
}

/// Takes what comes out of a run, in the order of the input.
pub(crate) trait Outlet {
    /// Takes scrubbed bytes.
    ///
    /// # Errors
    ///
    /// When they cannot be written: the run ends.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Takes a record that was left out.
    ///
    /// # Errors
    ///
    /// When it cannot be noted: the run ends.
    fn set_aside(&mut self, error: &InputError, kept: Kept<'_>) -> io::Result<()>;

    /// All that stands before `mark` has been written or set aside, with those counts.
    ///
    /// # Errors
    ///
    /// When this cannot be noted: the run ends.
    fn border(&mut self, _mark: Mark, _summary: &Summary) -> Result<(), RunError> {
        Ok(())
    }

    /// Nothing follows for a while.
    ///
    /// # Errors
    ///
    /// When what was written cannot leave.
    fn pause(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The threads that scrub, and what of their time one run may take.
#[derive(Clone, Copy)]
pub(crate) struct Crew<'p> {
    /// They.
    pub(crate) pool: &'p rayon::ThreadPool,
    /// Chunks that may be under way at once.
    pub(crate) chunks: usize,
}

impl<'p> Crew<'p> {
    /// All of them.
    pub(crate) fn all(pool: &'p rayon::ThreadPool) -> Self {
        Self { pool, chunks: pool.current_num_threads() * 2 + 1 }
    }
}

/// What there is already of an output.
#[derive(Default)]
pub(crate) struct Begun {
    /// Bytes that the output has before it, not compressed.
    pub(crate) length: u64,
    /// What was counted.
    pub(crate) summary: Summary,
}

enum Event {
    Chunk(Chunk),
    Clean(Box<Result<Clean, TransformError>>),
    /// A worker failed outside of a record.
    Lost,
    End(io::Result<Mark>),
}

/// Scrubs `source` into `out` on the threads of `pool`, or on this one when there is none.
///
/// # Errors
///
/// When reading or writing fails, or a worker is lost. What was written until then is whole records in order.
pub fn run<R: Read + Send + 'static>(
    job: &Run<'_>,
    source: Source<R>,
    out: &mut dyn Write,
    quarantine: &mut dyn Quarantine,
    pool: Option<&rayon::ThreadPool>,
) -> Result<Summary, RunError> {
    let mut outlet = Stream { out, quarantine };
    drive(job, source, Begun::default(), &mut outlet, pool.map(Crew::all)).map(|(summary, _)| summary)
}

/// Scrubs what `source` has still to give behind what there is already. Returns the counts of all of it, and how far the
/// input was read.
///
/// # Errors
///
/// As [`run`].
pub(crate) fn drive<R: Read + Send + 'static>(
    job: &Run<'_>,
    mut source: Source<R>,
    begun: Begun,
    outlet: &mut dyn Outlet,
    crew: Option<Crew<'_>>,
) -> Result<(Summary, Mark), RunError> {
    let prefix = source.layout().prefix;
    let desk = Desk::new(job.scrub, source.layout().clone(), job.file);
    let Begun { length, summary } = begun;
    let next = source.next_chunk();
    let mut sink = Sink {
        job,
        outlet,
        next,
        length,
        ahead: BTreeMap::new(),
        waiting: BTreeMap::new(),
        budget: Budget::new(crew.map_or(usize::MAX, |crew| crew.chunks.saturating_mul(SHARE))),
        summary,
        dirty: false,
    };
    let end = match crew {
        None => {
            in_line(job, &mut source, &desk, &mut sink)?;
            source.mark().clone()
        }
        Some(crew) => side_by_side(job, source, &desk, &mut sink, crew.pool)?,
    };
    sink.finish(prefix).map(|summary| (summary, end))
}

fn side_by_side<R: Read + Send + 'static>(
    job: &Run<'_>,
    source: Source<R>,
    desk: &Desk<'_>,
    sink: &mut Sink<'_, '_>,
    pool: &rayon::ThreadPool,
) -> Result<Mark, RunError> {
    let closing = sink.budget.closing();
    let end = pool.in_place_scope_fifo(|scope| {
        let (events, received) = mpsc::channel();
        let (reader, budget) = (events.clone(), Arc::clone(&sink.budget));
        std::thread::spawn(move || read(source, &reader, &budget));
        let mut ended = None;
        let mut open = 0usize;
        while ended.is_none() || open > 0 {
            match sink.wait(&received)? {
                Event::Chunk(chunk) => {
                    open += 1;
                    sink.expect(&chunk);
                    let done = events.clone();
                    scope.spawn_fifo(move |_| {
                        // The receiver is only gone when the run has failed.
                        let clean = catch_unwind(AssertUnwindSafe(|| desk.scrub(chunk)));
                        let _ = done.send(clean.map_or(Event::Lost, |clean| Event::Clean(Box::new(clean))));
                    });
                }
                Event::Clean(clean) => {
                    open -= 1;
                    sink.take_or_stop(*clean)?;
                }
                Event::Lost => return Err(RunError::Lost { file: job.file.into() }),
                Event::End(result) => ended = Some(result),
            }
        }
        match ended {
            Some(Ok(mark)) => Ok(mark),
            Some(Err(source)) => Err(RunError::Read { file: job.file.into(), source }),
            None => Err(RunError::Lost { file: job.file.into() }),
        }
    });
    // A reader that waits for room is let go.
    drop(closing);
    end
}

fn in_line<R: Read>(
    job: &Run<'_>,
    source: &mut Source<R>,
    desk: &Desk<'_>,
    sink: &mut Sink<'_, '_>,
) -> Result<(), RunError> {
    let read = |source| RunError::Read { file: job.file.into(), source };
    while let Some(chunk) = source.read_chunk().map_err(read)? {
        sink.expect(&chunk);
        sink.take_or_stop(desk.scrub(chunk))?;
        sink.pause()?;
    }
    Ok(())
}

fn read<R: Read>(mut source: Source<R>, events: &mpsc::Sender<Event>, budget: &Budget) {
    let end = loop {
        match source.read_chunk() {
            Ok(Some(chunk)) => {
                if !budget.take(weight(&chunk)) || events.send(Event::Chunk(chunk)).is_err() {
                    return;
                }
            }
            Ok(None) => break Ok(source.mark().clone()),
            Err(e) => break Err(e),
        }
    };
    let _ = events.send(Event::End(end));
}

/// What a chunk takes of a budget: small ones are not for nothing.
fn weight(chunk: &Chunk) -> usize {
    chunk.bytes.len().max(SHARE / 4)
}

/// What a chunk of a usual size takes of a budget.
const SHARE: usize = 512 << 10;

/// A stream and a quarantine.
struct Stream<'a> {
    out: &'a mut dyn Write,
    quarantine: &'a mut dyn Quarantine,
}

impl Outlet for Stream<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)
    }

    fn set_aside(&mut self, error: &InputError, kept: Kept<'_>) -> io::Result<()> {
        self.quarantine.keep(error, kept)
    }

    fn pause(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Writes chunks in order.
struct Sink<'a, 'j> {
    job: &'a Run<'j>,
    outlet: &'a mut dyn Outlet,
    next: u64,
    /// Bytes written, those of earlier runs among them.
    length: u64,
    /// Of the chunks that are under way.
    ahead: BTreeMap<u64, Ahead>,
    waiting: BTreeMap<u64, Clean>,
    budget: Arc<Budget>,
    summary: Summary,
    dirty: bool,
}

struct Ahead {
    mark: Option<Mark>,
    weight: usize,
}

impl Sink<'_, '_> {
    /// The next event; what was written leaves before a pause.
    fn wait(&mut self, events: &Receiver<Event>) -> Result<Event, RunError> {
        match events.try_recv() {
            Ok(event) => Ok(event),
            Err(TryRecvError::Empty) => {
                self.pause()?;
                events.recv().map_err(|_| self.lost())
            }
            Err(TryRecvError::Disconnected) => Err(self.lost()),
        }
    }

    fn expect(&mut self, chunk: &Chunk) {
        self.ahead.insert(chunk.number, Ahead { mark: chunk.mark.clone(), weight: weight(chunk) });
    }

    fn take_or_stop(&mut self, clean: Result<Clean, TransformError>) -> Result<(), RunError> {
        self.take(clean.map_err(|source| RunError::Tokens { file: self.job.file.into(), source })?)
    }

    fn take(&mut self, clean: Clean) -> Result<(), RunError> {
        self.waiting.insert(clean.number, clean);
        while let Some(clean) = self.waiting.remove(&self.next) {
            let Ahead { mark, weight } = self.ahead.remove(&self.next).ok_or_else(|| self.lost())?;
            self.next += 1;
            self.outlet.write(&clean.bytes).map_err(|e| self.write_error(e))?;
            self.dirty = true;
            self.summary.tally += clean.tally;
            for aside in &clean.aside {
                self.set_aside(aside)?;
            }
            self.length += clean.bytes.len() as u64;
            // Only now is there room for another: what waits for its turn is held in memory too.
            self.budget.give_back(weight);
            (self.job.progress)(clean.tally.bytes);
            if let Some(mark) = mark {
                self.outlet.border(mark, &self.summary)?;
            }
        }
        Ok(())
    }

    fn set_aside(&mut self, aside: &Aside) -> Result<(), RunError> {
        let Aside { record, fault, at, ref bytes } = *aside;
        *self.summary.reasons.entry(fault.reason).or_default() += 1;
        let error = InputError { file: self.job.file.into(), record, fault };
        let kept = Kept { at: self.length + at as u64, bytes };
        self.outlet.set_aside(&error, kept).map_err(|e| self.write_error(e))
    }

    fn pause(&mut self) -> Result<(), RunError> {
        if std::mem::take(&mut self.dirty) {
            self.outlet.pause().map_err(|e| self.write_error(e))?;
        }
        Ok(())
    }

    /// `prefix` is what the first chunk starts with: it stays where there is none.
    fn finish(mut self, prefix: &[u8]) -> Result<Summary, RunError> {
        if self.next == 0 {
            self.outlet.write(prefix).map_err(|e| self.write_error(e))?;
            self.dirty = true;
        }
        self.pause()?;
        let lost = self.summary.tally.records != self.summary.tally.written + self.summary.quarantined();
        if !self.waiting.is_empty() || !self.ahead.is_empty() || lost {
            return Err(self.lost());
        }
        Ok(self.summary)
    }

    fn write_error(&self, source: io::Error) -> RunError {
        RunError::Write { file: self.job.target.into(), source }
    }

    fn lost(&self) -> RunError {
        RunError::Lost { file: self.job.file.into() }
    }
}

/// A whole input that is not read: one record, set aside.
///
/// # Errors
///
/// When the quarantine cannot be written.
pub(crate) fn refuse(file: &str, reason: Reason, bytes: u64, outlet: &mut dyn Outlet) -> Result<Summary, RunError> {
    let mut summary = Summary::default();
    summary.tally.bytes = bytes;
    summary.tally.records = 1;
    summary.reasons.insert(reason, 1);
    let error = InputError { file: file.into(), record: 1, fault: crate::record::Fault::new(0, reason) };
    let kept = Kept { at: 0, bytes: &[] };
    outlet.set_aside(&error, kept).map_err(|source| RunError::Write { file: "quarantine".into(), source })?;
    Ok(summary)
}
