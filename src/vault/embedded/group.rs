//! Group commit: threads that have something to write share one transaction, and one wait for the disk.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::super::seal::{DataKey, Index, OwnerId};
use super::super::{Code, VaultError};
use crate::identifier::Label;

/// Entries that a thread wants written.
#[derive(Default)]
pub(super) struct Submission {
    /// Of the vault, when the thread made sure that they are new.
    pub(super) generation: u64,
    pub(super) entries: Vec<Fresh>,
    /// Their rows, one after the other.
    pub(super) rows: Vec<u8>,
    /// Data keys that were made for them.
    pub(super) keys: Vec<(OwnerId, Vec<u8>, Arc<DataKey>)>,
}

/// An entry that is not yet written.
pub(super) struct Fresh {
    pub(super) index: Index,
    pub(super) code: Code,
    pub(super) label: Label,
    /// Where its row ends in [`Submission::rows`].
    pub(super) end: usize,
}

/// What became of a [`Submission`].
pub(super) enum Outcome {
    /// Written. The codes of its entries: of another thread's entry where that had the same value.
    Written(Vec<Code>),
    /// Something else was written in between that it does not go with; nothing of it was.
    Again,
    /// Nothing of it was written.
    Failed(VaultError),
}

/// The threads that wait, and the one that writes for them.
#[derive(Default)]
pub(super) struct Group {
    queue: Mutex<Queue>,
    done: Condvar,
}

#[derive(Default)]
struct Queue {
    next: u64,
    waiting: Vec<(u64, Submission)>,
    outcomes: HashMap<u64, Outcome>,
    led: bool,
}

impl Submission {
    /// The entries with their rows.
    pub(super) fn rows(&self) -> impl Iterator<Item = (&Fresh, &[u8])> {
        let mut start = 0;
        self.entries.iter().map(move |entry| {
            let row = self.rows.get(start..entry.end).unwrap_or_default();
            start = entry.end;
            (entry, row)
        })
    }
}

impl Group {
    /// Waits until `submission` was written, by this thread or by another. `write` gives an outcome for each submission,
    /// in their order, and does not panic.
    pub(super) fn submit(&self, submission: Submission, write: impl Fn(&[Submission]) -> Vec<Outcome>) -> Outcome {
        let mut queue = self.lock();
        let ticket = queue.next;
        queue.next += 1;
        queue.waiting.push((ticket, submission));
        loop {
            if let Some(outcome) = queue.outcomes.remove(&ticket) {
                return outcome;
            }
            if queue.led {
                queue = self.done.wait(queue).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            queue.led = true;
            let (tickets, submissions): (Vec<u64>, Vec<Submission>) =
                std::mem::take(&mut queue.waiting).into_iter().unzip();
            drop(queue);
            let outcomes = write(&submissions);
            queue = self.lock();
            queue.outcomes.extend(tickets.into_iter().zip(outcomes));
            queue.led = false;
            self.done.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
