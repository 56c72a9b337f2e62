//! Rows of a table as lines of JSON through the desk, and what changed in them.

use std::collections::BTreeSet;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow_array::RecordBatch;

use super::Columns;
use super::fault::{Stop, invalid};
use super::leaf::Leaf;
use super::rows::{Cell, Lines, compare};
use crate::pipeline::MAX_RECORD;
use crate::pipeline::clean::{Aside, Tally};
use crate::pipeline::scrub::Desk;
use crate::pipeline::source::{Chunk, Place};
use crate::policy::{Action, Policy};
use crate::record::{Fault, Reason};

/// Some rows of a batch.
pub(super) struct Task<'t> {
    pub(super) columns: &'t Columns,
    pub(super) rows: &'t RecordBatch,
    pub(super) policy: &'t Policy,
    pub(super) chunk: u64,
    /// The number of the first row, counted from 1 in the table.
    pub(super) record: u64,
}

/// What the rows of a task became.
pub(super) struct Done {
    /// Of each leaf, in the order of its values.
    pub(super) changes: Vec<Change>,
    /// Values of each leaf.
    pub(super) counts: Vec<u64>,
    pub(super) aside: Vec<Aside>,
    pub(super) tally: Tally,
    /// Values left out, since their replacement does not fit their column.
    pub(super) emptied: u64,
}

/// A value that is another one now.
pub(super) struct Change {
    pub(super) leaf: usize,
    /// Which of the leaf's values that are there, counted in the task.
    pub(super) value: u64,
    /// Where it stands in the leaf's array.
    pub(super) slot: usize,
    /// As it is stored; `None` leaves it out.
    pub(super) new: Option<Vec<u8>>,
}

impl Change {
    fn of(cell: &Cell, new: Option<Vec<u8>>) -> Self {
        Self { leaf: cell.leaf, value: cell.value, slot: cell.slot, new }
    }
}

impl Task<'_> {
    /// Scrubs these rows. A worker that fails on them is no panic of this one's.
    pub(super) fn run(&self, desk: &Desk<'_>, range: Range<usize>) -> Result<Done, Stop> {
        catch_unwind(AssertUnwindSafe(|| self.scrub(desk, range))).unwrap_or(Err(Stop::Lost))
    }

    fn scrub(&self, desk: &Desk<'_>, range: Range<usize>) -> Result<Done, Stop> {
        let lines = Lines::new(&self.columns.tree, &self.columns.leaves, self.rows);
        let mut lines = lines.map_err(|reason| Stop::Read(invalid(format!("a column {reason}"))))?;
        let mut places = Vec::with_capacity(range.len());
        let mut cells: Vec<Range<usize>> = Vec::with_capacity(range.len());
        for (record, row) in (self.record..).zip(range) {
            let (start, first) = (lines.bytes.len(), lines.cells.len());
            lines.push(row);
            let mut fault = None;
            if lines.bytes.len() - start > MAX_RECORD {
                fault = Some(Fault::new(MAX_RECORD, Reason::TooLarge));
                lines.bytes.truncate(start);
                lines.cells.truncate(first);
            }
            let next = lines.bytes.len();
            let end = next - usize::from(next > start);
            places.push(Place { start, end, next, record, document: record, fault });
            cells.push(first..lines.cells.len());
        }
        let chunk = Chunk { number: self.chunk, bytes: lines.bytes.clone(), records: places.clone(), mark: None };
        let clean = desk.scrub(chunk).map_err(Stop::Tokens)?;
        let mut done =
            Done { changes: Vec::new(), counts: lines.counts, aside: clean.aside, tally: clean.tally, emptied: 0 };
        let aside: BTreeSet<u64> = done.aside.iter().map(|aside| aside.record).collect();
        let mut rest = clean.bytes.as_slice();
        for (place, cells) in places.iter().zip(cells) {
            if aside.contains(&place.record) {
                continue;
            }
            let cells = lines.cells.get(cells).unwrap_or_default();
            let line = lines.bytes.get(place.start..place.next).unwrap_or_default();
            self.row(&mut done, line, place.start, cells, &mut rest)?;
        }
        if !rest.is_empty() {
            return Err(Stop::Lost);
        }
        // Values of a leaf in order, as they are written.
        done.changes.sort_by_key(|change| (change.leaf, change.value));
        Ok(done)
    }

    /// Notes what changed in a row.
    fn row(&self, done: &mut Done, line: &[u8], start: usize, cells: &[Cell], rest: &mut &[u8]) -> Result<(), Stop> {
        for cell in cells.iter().filter(|cell| cell.end == cell.start) {
            let leaf = self.columns.leaves.get(cell.leaf).ok_or(Stop::Lost)?;
            if self.policy.action_in(leaf.rule, leaf.opaque) == Action::Keep {
                done.tally.unsearched += 1;
                continue;
            }
            done.tally.removed += 1;
            let nothing = if leaf.optional { None } else { Some(leaf.nothing().ok_or_else(|| required(leaf))?) };
            done.changes.push(Change::of(cell, nothing));
        }
        let mut failed = None;
        let same = compare(line, start, cells, rest, |cell, value| {
            let leaf = self.columns.leaves.get(cell.leaf)?;
            let new = match value.first()? {
                b'"' => leaf.store(&serde_json::from_slice::<String>(value).ok()?),
                _ => leaf.store(std::str::from_utf8(value).ok()?),
            };
            match new {
                Some(_) => {}
                None if leaf.optional => done.emptied += 1,
                None => failed = Some(required(leaf)),
            }
            done.changes.push(Change::of(cell, new));
            Some(())
        });
        match (same, failed) {
            (_, Some(failed)) => Err(failed),
            (None, None) => Err(Stop::Lost),
            (Some(()), None) => Ok(()),
        }
    }
}

fn required(leaf: &Leaf) -> Stop {
    Stop::Write(invalid(format!(
        "column {} is {} and may not be empty, so that its replacement cannot be stored: keep it by a field of the policy, \
         skip it, or make the column nullable",
        leaf.pointer,
        leaf.kind.name()
    )))
}
