//! What a run did, in numbers.

use std::collections::BTreeMap;
use std::fmt;

use super::clean::Tally;
use crate::identifier::Label;
use crate::record::Reason;

/// Counts of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Over all records.
    pub tally: Tally,
    /// Records set aside, by reason.
    pub reasons: BTreeMap<Reason, u64>,
    /// Values that were left out because their column cannot hold the replacement.
    pub emptied: u64,
}

impl Summary {
    /// Records set aside.
    pub fn quarantined(&self) -> u64 {
        self.reasons.values().sum()
    }
}

impl std::ops::AddAssign for Summary {
    fn add_assign(&mut self, other: Self) {
        self.tally += other.tally;
        self.emptied += other.emptied;
        for (reason, count) in other.reasons {
            *self.reasons.entry(reason).or_default() += count;
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { records, written, .. } = self.tally;
        write!(f, "records {records} = {written} written + {} in quarantine", self.quarantined())?;
        for (reason, count) in &self.reasons {
            write!(f, "\n  {count} {reason}")?;
        }
        if self.emptied > 0 {
            write!(f, "\n{} values left empty: their columns cannot hold the replacement", self.emptied)?;
        }
        let replaced: Vec<String> = Label::ALL
            .into_iter()
            .zip(self.tally.replaced)
            .filter(|(_, count)| *count > 0)
            .map(|(label, count)| format!("{} {count}", label.name()))
            .collect();
        if !replaced.is_empty() {
            write!(f, "\nreplaced {}", replaced.join(", "))?;
        }
        Ok(())
    }
}
