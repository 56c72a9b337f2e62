//! What is told of in the trail before it is begun, and again when it has ended, however it ended.

use std::borrow::Borrow;
use std::time::Instant;

use super::{AuditError, Note, Outcome, Record, Revealed, Trail, Verb};
use crate::identifier::Label;

/// Tokens are being turned back, and the trail tells of it. When it is dropped before it was ended, it has failed, and the
/// trail tells that too.
pub struct Told<T: Borrow<Trail>> {
    trail: T,
    entry: Record,
    start: Instant,
    ended: bool,
}

impl<T: Borrow<Trail>> Told<T> {
    /// Begins: when it returns, the trail tells of it. `about` says who acts, and where.
    ///
    /// # Errors
    ///
    /// When the trail cannot be written: nothing may be turned back then.
    pub fn begin(trail: T, about: Record, reason: Note) -> Result<Self, AuditError> {
        let entry = Record { verb: Verb::Reveal, outcome: Outcome::Started, purpose: Some(reason), ..about };
        trail.borrow().append(&entry)?;
        Ok(Self { trail, entry, start: Instant::now(), ended: false })
    }

    /// Takes in what was turned back so far.
    pub fn note(&mut self, labels: [u64; Label::ALL.len()], tokens: Revealed) {
        self.entry.labels = labels;
        self.entry.tokens = Some(tokens);
    }

    /// Ends it. When it returns, the trail tells what was turned back; what was not given out yet must not be otherwise.
    ///
    /// # Errors
    ///
    /// When the trail cannot be written.
    pub fn end(mut self, outcome: Outcome) -> Result<(), AuditError> {
        self.write(outcome)
    }

    fn write(&mut self, outcome: Outcome) -> Result<(), AuditError> {
        self.ended = true;
        self.entry.outcome = outcome;
        self.entry.duration = Some(self.start.elapsed());
        self.trail.borrow().append(&self.entry)
    }
}

impl<T: Borrow<Trail>> Drop for Told<T> {
    fn drop(&mut self) {
        if !self.ended {
            // Whether it is written or not, there is nobody left to be told.
            let _ = self.write(Outcome::Failed);
        }
    }
}
