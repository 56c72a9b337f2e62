//! What becomes of a chunk: its clean bytes, the records that were set aside, and counts.

use crate::identifier::Label;
use crate::record::Fault;

/// A scrubbed chunk.
pub struct Clean {
    /// The chunk's number.
    pub number: u64,
    /// What is to be written.
    pub bytes: Vec<u8>,
    /// Records with their faults; they are not in `bytes`.
    pub aside: Vec<Aside>,
    /// What was done.
    pub tally: Tally,
}

/// A record that was left out.
pub struct Aside {
    /// The record, counted from 1; 0 is a header.
    pub record: u64,
    /// What is wrong with it.
    pub fault: Fault,
    /// Where it would stand in the chunk's output.
    pub at: usize,
    /// The record as it came, with its line end; empty when it was too large to be kept.
    pub bytes: Vec<u8>,
}

// Both hold text: lengths only.
impl std::fmt::Debug for Clean {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Clean").field("number", &self.number).field("bytes", &self.bytes.len()).finish()
    }
}

impl std::fmt::Debug for Aside {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Aside").field("record", &self.record).field("fault", &self.fault).finish_non_exhaustive()
    }
}

/// Counts over records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Bytes read.
    pub bytes: u64,
    /// Records read.
    pub records: u64,
    /// Records written.
    pub written: u64,
    /// Texts searched: fields, cells, documents.
    pub searched: u64,
    /// Attachments taken out because they are of a kind that is not searched.
    pub removed: u64,
    /// Attachments of such a kind that the policy keeps.
    pub unsearched: u64,
    /// Replacements by label, in the order of [`Label::ALL`].
    pub replaced: [u64; Label::ALL.len()],
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.bytes += other.bytes;
        self.records += other.records;
        self.searched += other.searched;
        self.written += other.written;
        self.removed += other.removed;
        self.unsearched += other.unsearched;
        self.replaced.iter_mut().zip(other.replaced).for_each(|(a, b)| *a += b);
    }
}
