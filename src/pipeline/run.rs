//! Runs one input through: a thread that reads, a pool that scrubs, the caller's thread that writes in order. At most so
//! many chunks are under way as keep the pool busy, whatever is fast or slow.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver, SyncSender, TryRecvError};

use super::quarantine::Quarantine;
use super::scrub::{Clean, Desk, Scrub};
use super::source::{Chunk, Source};
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

enum Event {
    Chunk(Chunk),
    Clean(Box<Result<Clean, TransformError>>),
    /// A worker failed outside of a record.
    Lost,
    End(io::Result<()>),
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
    let prefix = source.layout().prefix;
    let desk = Desk::new(job.scrub, source.layout().clone(), job.file);
    let mut sink =
        Sink { job, out, quarantine, next: 0, waiting: BTreeMap::new(), summary: Summary::default(), dirty: false };
    match pool {
        None => in_line(job, source, &desk, &mut sink)?,
        Some(pool) => pool.in_place_scope_fifo(|scope| {
            let under_way = pool.current_num_threads() * 2 + 1;
            let (events, received) = mpsc::channel();
            let (permit, returned) = mpsc::sync_channel(under_way);
            let reader = events.clone();
            std::thread::spawn(move || read(source, &reader, &permit));
            let mut ended = None;
            let mut open = 0usize;
            while ended.is_none() || open > 0 {
                match sink.wait(&received)? {
                    Event::Chunk(chunk) => {
                        open += 1;
                        let done = events.clone();
                        let desk = &desk;
                        scope.spawn_fifo(move |_| {
                            // The receiver is only gone when the run has failed.
                            let clean = catch_unwind(AssertUnwindSafe(|| desk.scrub(chunk)));
                            let _ = done.send(clean.map_or(Event::Lost, |clean| Event::Clean(Box::new(clean))));
                        });
                    }
                    Event::Clean(clean) => {
                        open -= 1;
                        // The reader is only gone when it has ended.
                        let _ = returned.try_recv();
                        sink.take_or_stop(*clean)?;
                    }
                    Event::Lost => return Err(RunError::Lost { file: job.file.into() }),
                    Event::End(result) => ended = Some(result),
                }
            }
            match ended {
                Some(Err(source)) => Err(RunError::Read { file: job.file.into(), source }),
                _ => Ok(()),
            }
        })?,
    }
    sink.finish(prefix)
}

fn in_line<R: Read>(
    job: &Run<'_>,
    mut source: Source<R>,
    desk: &Desk<'_>,
    sink: &mut Sink<'_, '_>,
) -> Result<(), RunError> {
    let read = |source| RunError::Read { file: job.file.into(), source };
    while let Some(chunk) = source.read_chunk().map_err(read)? {
        sink.take_or_stop(desk.scrub(chunk))?;
        sink.flush()?;
    }
    Ok(())
}

fn read<R: Read>(mut source: Source<R>, events: &mpsc::Sender<Event>, permit: &SyncSender<()>) {
    let end = loop {
        match source.read_chunk() {
            Ok(Some(chunk)) => {
                if permit.send(()).is_err() || events.send(Event::Chunk(chunk)).is_err() {
                    return;
                }
            }
            Ok(None) => break Ok(()),
            Err(e) => break Err(e),
        }
    };
    let _ = events.send(Event::End(end));
}

/// Writes chunks in order.
struct Sink<'a, 'j> {
    job: &'a Run<'j>,
    out: &'a mut dyn Write,
    quarantine: &'a mut dyn Quarantine,
    next: u64,
    waiting: BTreeMap<u64, Clean>,
    summary: Summary,
    dirty: bool,
}

impl Sink<'_, '_> {
    /// The next event; what was written leaves before a pause.
    fn wait(&mut self, events: &Receiver<Event>) -> Result<Event, RunError> {
        match events.try_recv() {
            Ok(event) => Ok(event),
            Err(TryRecvError::Empty) => {
                self.flush()?;
                events.recv().map_err(|_| RunError::Lost { file: self.job.file.into() })
            }
            Err(TryRecvError::Disconnected) => Err(RunError::Lost { file: self.job.file.into() }),
        }
    }

    fn take_or_stop(&mut self, clean: Result<Clean, TransformError>) -> Result<(), RunError> {
        self.take(clean.map_err(|source| RunError::Tokens { file: self.job.file.into(), source })?)
    }

    fn take(&mut self, clean: Clean) -> Result<(), RunError> {
        self.waiting.insert(clean.number, clean);
        while let Some(clean) = self.waiting.remove(&self.next) {
            self.next += 1;
            self.out.write_all(&clean.bytes).map_err(|e| self.write_error(e))?;
            self.dirty = true;
            self.summary.tally += clean.tally;
            for (record, fault) in clean.faults {
                self.set_aside(InputError { file: self.job.file.into(), record, fault })?;
            }
            (self.job.progress)(clean.tally.bytes);
        }
        Ok(())
    }

    fn set_aside(&mut self, error: InputError) -> Result<(), RunError> {
        *self.summary.reasons.entry(error.fault.reason).or_default() += 1;
        self.quarantine.add(&error).map_err(|e| self.write_error(e))
    }

    fn flush(&mut self) -> Result<(), RunError> {
        if std::mem::take(&mut self.dirty) {
            self.out.flush().map_err(|e| self.write_error(e))?;
        }
        Ok(())
    }

    /// `prefix` is what the first chunk starts with: it stays where there is none.
    fn finish(mut self, prefix: &[u8]) -> Result<Summary, RunError> {
        if self.next == 0 {
            self.out.write_all(prefix).map_err(|e| self.write_error(e))?;
            self.dirty = true;
        }
        self.flush()?;
        let lost = self.summary.tally.records != self.summary.tally.written + self.summary.quarantined();
        if !self.waiting.is_empty() || lost {
            return Err(RunError::Lost { file: self.job.file.into() });
        }
        Ok(self.summary)
    }

    fn write_error(&self, source: io::Error) -> RunError {
        RunError::Write { file: self.job.target.into(), source }
    }
}

/// A whole input that is not read: one record, set aside.
///
/// # Errors
///
/// When the quarantine cannot be written.
pub fn refuse(file: &str, reason: Reason, bytes: u64, quarantine: &mut dyn Quarantine) -> Result<Summary, RunError> {
    let mut summary = Summary::default();
    summary.tally.bytes = bytes;
    summary.tally.records = 1;
    summary.reasons.insert(reason, 1);
    let error = InputError { file: file.into(), record: 1, fault: crate::record::Fault::new(0, reason) };
    quarantine.add(&error).map_err(|source| RunError::Write { file: "quarantine".into(), source })?;
    Ok(summary)
}
