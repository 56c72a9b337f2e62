//! Adds exchanges to the trail for many callers at once: all that wait share one wait for the disk.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use super::AuditError;
use super::forward::{Forward, Gauge};
use super::record::Record;
use super::syslog::Syslog;
use super::trail::Trail;

/// A thread that owns a trail. While it waits for the disk, records gather; then it writes them together, and shows them
/// to syslog.
///
/// Dropped, it writes what it was given, and ends.
pub struct Exchanges {
    desk: Arc<Desk>,
    thread: Option<JoinHandle<()>>,
    syslog: Option<Gauge>,
}

impl Exchanges {
    /// Records that may wait; more are refused with [`AuditError::Full`].
    pub const ROOM: usize = 16_384;

    /// Takes over a trail; what is written to it goes to `syslog` too.
    ///
    /// # Errors
    ///
    /// When there is no thread to be had, or what syslog has had so far cannot be read.
    pub fn new(trail: Trail, syslog: Option<Syslog>) -> Result<Exchanges, AuditError> {
        let forward = syslog.map(|syslog| syslog.forward(&trail)).transpose()?;
        let gauge = forward.as_ref().map(Forward::gauge);
        let show = move |n: u64, line: &[u8]| {
            if let Some(forward) = &forward {
                forward.offer(n, line);
            }
        };
        let mut exchanges = Exchanges::showing(trail, Box::new(show))?;
        exchanges.syslog = gauge;
        Ok(exchanges)
    }

    /// Each line that is on disk is shown to `show`, which must not wait for anything.
    fn showing(trail: Trail, mut show: Show) -> Result<Exchanges, AuditError> {
        let desk = Arc::new(Desk { queue: Mutex::default(), more: Condvar::new() });
        let at = Arc::clone(&desk);
        let thread = std::thread::Builder::new().name("audit".into()).spawn(move || {
            let _end = Leave(&at);
            at.write(&trail, &mut show);
        })?;
        Ok(Exchanges { desk, thread: Some(thread), syslog: None })
    }

    /// Never blocks. `done` is called once, when the record is on disk, or cannot be: what it tells must then not happen, or
    /// not be handed out. `done` is called on the thread that writes, and must not wait for anything.
    pub fn write(&self, record: impl Into<Record>, done: impl FnOnce(Result<(), AuditError>) + Send + 'static) {
        let (record, promise) = (record.into(), Promise(Some(Box::new(done))));
        let mut queue = self.desk.lock();
        let refused = if queue.closed {
            AuditError::Stopped
        } else if queue.waiting.len() >= Exchanges::ROOM {
            AuditError::Full
        } else {
            queue.waiting.push_back((record, promise));
            self.desk.more.notify_one();
            return;
        };
        drop(queue);
        promise.keep(Err(refused));
    }

    /// How far syslog is; `None` where there is none.
    pub fn syslog(&self) -> Option<Gauge> {
        self.syslog.clone()
    }

    /// Records that wait for the disk.
    pub fn waiting(&self) -> usize {
        self.desk.lock().waiting.len()
    }
}

impl Drop for Exchanges {
    fn drop(&mut self) {
        self.desk.lock().closed = true;
        self.desk.more.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl std::fmt::Debug for Exchanges {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exchanges").field("waiting", &self.waiting()).finish_non_exhaustive()
    }
}

type Show = Box<dyn FnMut(u64, &[u8]) + Send>;

struct Desk {
    queue: Mutex<Queue>,
    more: Condvar,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<(Record, Promise)>,
    /// Nothing is taken in any more.
    closed: bool,
}

impl Desk {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, trail: &Trail, show: &mut Show) {
        while let Some(group) = self.next() {
            let records: Vec<&Record> = group.iter().map(|(record, _)| record).collect();
            let done = trail.append_all(&records, &mut |n, line| show(n, line)).map_err(Arc::new);
            for (_, promise) in group {
                promise.keep(done.clone().map_err(AuditError::Together));
            }
        }
    }

    /// All that waits, up to a group; `None` when nothing waits and nothing more comes.
    fn next(&self) -> Option<Vec<(Record, Promise)>> {
        let mut queue = self.lock();
        while queue.waiting.is_empty() {
            if queue.closed {
                return None;
            }
            queue = self.more.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        let many = queue.waiting.len().min(Trail::TOGETHER);
        Some(queue.waiting.drain(..many).collect())
    }
}

/// However the thread ends, nobody waits for it for ever.
struct Leave<'d>(&'d Desk);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        let waiting = {
            let mut queue = self.0.lock();
            queue.closed = true;
            std::mem::take(&mut queue.waiting)
        };
        drop(waiting);
    }
}

/// What a caller waits for. Dropped, it tells that the record was not written.
struct Promise(Option<Told>);

type Told = Box<dyn FnOnce(Result<(), AuditError>) + Send>;

impl Promise {
    fn keep(mut self, result: Result<(), AuditError>) {
        if let Some(done) = self.0.take() {
            done(result);
        }
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        if let Some(done) = self.0.take() {
            done(Err(AuditError::Stopped));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use std::sync::mpsc;

    use super::super::{Exchange, Note, Outcome, Rotation, entries, verify};
    use super::*;

    fn trail(dir: &tempfile::TempDir) -> (std::path::PathBuf, Trail) {
        let path = dir.path().join("audit.jsonl");
        (path.clone(), Trail::open(&path, None, Rotation { bytes: 100_000 }).unwrap())
    }

    fn exchange(client: usize) -> Exchange {
        Exchange { client: Note::new(&client.to_string()), ..Exchange::new([7; 16], Outcome::Done) }
    }

    /// As a caller does that waits.
    fn write(exchanges: &Exchanges, client: usize) -> Result<(), AuditError> {
        let (done, told) = mpsc::channel();
        exchanges.write(exchange(client), move |result| done.send(result).unwrap());
        told.recv().unwrap()
    }

    #[test]
    fn many_callers_share_the_disk_and_each_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let (path, trail) = trail(&dir);
        let (show, shown) = mpsc::channel();
        let exchanges = Exchanges::showing(trail, Box::new(move |n, _| show.send(n).unwrap())).unwrap();
        std::thread::scope(|scope| {
            for client in 0..32 {
                let exchanges = &exchanges;
                scope.spawn(move || (0..20).for_each(|_| write(exchanges, client).unwrap()));
            }
        });
        // Not waited for, and written all the same.
        (0..100).for_each(|_| exchanges.write(exchange(99), |_| {}));
        drop(exchanges);
        let verified = verify(&path, None).unwrap();
        assert_eq!((verified.records, &verified.findings[..]), (740, &[][..]));
        assert!(verified.parts > 1);
        assert!(shown.iter().eq(1..=740));
        let mut clients = std::collections::BTreeMap::new();
        let bad = entries(&path, &mut |entry| *clients.entry(entry.actor.unwrap().to_string()).or_insert(0) += 1);
        assert_eq!((bad.unwrap(), clients.len()), (0, 33));
        assert!(clients.iter().all(|(client, many)| *many == if client == "99" { 100 } else { 20 }));
    }

    #[test]
    fn what_cannot_be_written_is_told_to_all_who_wait() {
        let dir = tempfile::tempdir().unwrap();
        let (path, trail) = trail(&dir);
        let exchanges = Exchanges::new(trail, None).unwrap();
        write(&exchanges, 1).unwrap();
        let head = path.with_file_name("audit.jsonl.head");
        let sound = std::fs::read(&head).unwrap();
        std::fs::write(&head, "{}").unwrap();
        std::thread::scope(|scope| {
            for client in 0..10 {
                let exchanges = &exchanges;
                scope.spawn(move || {
                    let Err(AuditError::Together(error)) = write(exchanges, client) else { panic!("it was written") };
                    assert!(matches!(*error, AuditError::Damaged(_)));
                });
            }
        });
        std::fs::write(&head, sound).unwrap();
        write(&exchanges, 1).unwrap();
        assert_eq!(verify(&path, None).unwrap().records, 2);
    }

    #[test]
    fn nobody_waits_for_a_thread_that_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let (_, trail) = trail(&dir);
        let exchanges = Exchanges::showing(trail, Box::new(|_, _| panic!("a watch that breaks"))).unwrap();
        assert!(matches!(write(&exchanges, 1), Err(AuditError::Stopped)));
        while !exchanges.desk.lock().closed {
            std::thread::yield_now();
        }
        assert!(matches!(write(&exchanges, 1), Err(AuditError::Stopped)));
    }

    #[test]
    fn there_is_room_for_so_many_and_no_more() {
        let dir = tempfile::tempdir().unwrap();
        let (path, trail) = trail(&dir);
        let (go, wait) = mpsc::channel::<()>();
        let exchanges = Exchanges::showing(
            trail,
            Box::new(move |_, _| {
                let _ = wait.recv();
            }),
        )
        .unwrap();
        let (done, told) = mpsc::channel();
        for _ in 0..=Exchanges::ROOM + Trail::TOGETHER {
            let done = done.clone();
            exchanges.write(exchange(1), move |result| done.send(result).unwrap());
        }
        drop((go, done));
        drop(exchanges);
        let (written, refused): (Vec<_>, Vec<_>) = told.iter().partition(Result::is_ok);
        assert!(!refused.is_empty() && written.len() >= Exchanges::ROOM, "{} {}", written.len(), refused.len());
        assert!(refused.iter().all(|result| matches!(result, Err(AuditError::Full))));
        assert_eq!(verify(&path, None).unwrap().records, written.len() as u64);
    }
}
