//! Rows packed into blocks: many of a B-tree's values in one, so that a million random keys are no million page writes.
//!
//! A block holds rows, then where each starts (16 bits each), then how many there are (16 bits), little-endian. A row
//! starts with its key, big-endian. In the blocks of a segment rows are sorted by it; in a run they stand as they came.

use super::super::lines::Stored;
use super::super::seal::{Index, OwnerId};
use super::super::{Code, ScopeTag};
use crate::identifier::Label;

/// What rows are, and how long the key that they start with is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Code, and all that is known of it.
    Entries,
    /// Index, and the code of it.
    Index,
}

/// A block that was read.
#[derive(Clone, Copy)]
pub(super) struct Block<'b> {
    rows: &'b [u8],
    starts: &'b [[u8; 2]],
}

/// Fills blocks.
#[derive(Default)]
pub(super) struct Packer {
    rows: Vec<u8>,
    starts: Vec<u16>,
}

impl Kind {
    /// A distance of two keys, with the precision that guessing needs.
    fn scaled(self, distance: u128) -> f64 {
        match self {
            Kind::Entries => distance as u64 as f64,
            Kind::Index => (distance >> 64) as u64 as f64,
        }
    }

    /// From how many rows of a segment for each that is looked for on it is not worth while to walk through its blocks: some
    /// blocks of them.
    pub(super) fn rows_of_a_walk(self) -> u64 {
        match self {
            Kind::Entries => 800,
            Kind::Index => 2600,
        }
    }

    /// The key of a row; `None` if it is too short for one.
    pub(super) fn key(self, row: &[u8]) -> Option<u128> {
        // Lengths that are known when this is compiled: it is what a look-up does most.
        match self {
            Kind::Entries => {
                let [a, b, c, d, e, f, g] = *row.first_chunk::<CODE>()?;
                Some(u64::from_be_bytes([0, a, b, c, d, e, f, g]).into())
            }
            Kind::Index => Some(u128::from_be_bytes(*row.first_chunk::<INDEX>()?)),
        }
    }
}

impl<'b> Block<'b> {
    /// `None` if the bytes are no block.
    pub(super) fn read(bytes: &'b [u8]) -> Option<Block<'b>> {
        let (rest, count) = bytes.split_last_chunk()?;
        let starts_at = rest.len().checked_sub(2 * usize::from(u16::from_le_bytes(*count)))?;
        let (rows, starts) = rest.split_at_checked(starts_at)?;
        Some(Block { rows, starts: starts.as_chunks().0 })
    }

    /// How many rows.
    pub(super) fn len(self) -> usize {
        self.starts.len()
    }

    /// Empty for a row that is not there.
    pub(super) fn row(self, n: usize) -> &'b [u8] {
        let start = |n: usize| self.starts.get(n).map(|start| usize::from(u16::from_le_bytes(*start)));
        let Some(from) = start(n) else { return &[] };
        self.rows.get(from..start(n + 1).unwrap_or(self.rows.len())).unwrap_or_default()
    }

    /// All rows.
    pub(super) fn rows(self) -> impl Iterator<Item = &'b [u8]> {
        (0..self.len()).map(move |n| self.row(n))
    }

    /// The row of that key, among sorted rows.
    pub(super) fn find(self, kind: Kind, key: u128) -> Option<&'b [u8]> {
        let key_of = |n: usize| kind.key(self.row(n));
        let end = self.len().checked_sub(1)?;
        let (first, last) = (key_of(0)?, key_of(end)?);
        if !(first..=last).contains(&key) {
            return None;
        }
        // Keys are random: where it must be about is computed, and then it is some rows away. A binary search
        // mispredicts every other branch.
        let share = kind.scaled(key - first) / kind.scaled(last - first).max(1.0);
        let mut at = ((share * end as f64) as usize).min(end);
        if key_of(at)? < key {
            while at < end && key_of(at)? < key {
                at += 1;
            }
        } else {
            while at > 0 && key_of(at)? > key {
                at -= 1;
            }
        }
        (key_of(at)? == key).then(|| self.row(at))
    }

    /// The key of the last row.
    pub(super) fn last_key(self, kind: Kind) -> Option<u128> {
        kind.key(self.row(self.len().checked_sub(1)?))
    }
}

impl Packer {
    /// Whether a row of that length would make the block longer than `limit` bytes.
    pub(super) fn is_full_for(&self, row: usize, limit: usize) -> bool {
        !self.starts.is_empty() && self.rows.len() + row + 2 * (self.starts.len() + 2) > limit.min(MAX)
    }

    /// How many rows are in it.
    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    /// Appends a row. The caller has asked [`is_full_for`](Packer::is_full_for).
    pub(super) fn push(&mut self, row: &[u8]) {
        // Not above 16 bits: a block that is not full starts its last row below `MAX`.
        self.starts.push(self.rows.len() as u16);
        self.rows.extend_from_slice(row);
    }

    /// The block; empty again when the next row comes.
    pub(super) fn finish(&mut self) -> &[u8] {
        let count = self.starts.len() as u16;
        for start in self.starts.drain(..).chain([count]) {
            self.rows.extend_from_slice(&start.to_le_bytes());
        }
        &self.rows
    }

    /// Makes room for the next block.
    pub(super) fn clear(&mut self) {
        self.rows.clear();
        self.starts.clear();
    }
}

/// Appends the row of an entry.
pub(super) fn write_entry(entry: &Stored<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(&code_key(entry.code));
    out.extend_from_slice(&entry.index);
    out.extend_from_slice(entry.owner.as_bytes());
    out.extend_from_slice(&[entry.label as u8, entry.flags]);
    out.extend_from_slice(&entry.scope);
    out.extend_from_slice(entry.sealed);
}

/// What [`write_entry`] wrote; `None` if it did not.
pub(super) fn read_entry(row: &[u8]) -> Option<Stored<'_>> {
    let (code, rest) = row.split_first_chunk()?;
    let (index, rest) = rest.split_first_chunk::<INDEX>()?;
    let (owner, rest) = rest.split_first_chunk::<{ OwnerId::LEN }>()?;
    let (&[label, flags], rest) = rest.split_first_chunk()?;
    let (scope, sealed) = rest.split_first_chunk::<{ size_of::<ScopeTag>() }>()?;
    Some(Stored {
        code: read_code(code)?,
        index: *index,
        owner: OwnerId::from_bytes(owner)?,
        label: *Label::ALL.get(usize::from(label))?,
        flags,
        scope: *scope,
        sealed,
    })
}

/// The row that an index is found by.
pub(super) fn index_row(index: &Index, code: Code) -> [u8; INDEX + CODE] {
    let mut row = [0; INDEX + CODE];
    let (first, rest) = row.split_at_mut(INDEX);
    first.copy_from_slice(index);
    rest.copy_from_slice(&code_key(code));
    row
}

/// What [`index_row`] wrote.
pub(super) fn read_index(row: &[u8]) -> Option<(Index, Code)> {
    let (index, code) = row.split_first_chunk()?;
    Some((*index, read_code(code.first_chunk()?)?))
}

fn code_key(code: Code) -> [u8; CODE] {
    let [_, key @ ..] = code.number().to_be_bytes();
    key
}

fn read_code(key: &[u8; CODE]) -> Option<Code> {
    let mut bytes = [0; 8];
    bytes[1..].copy_from_slice(key);
    Code::new(u64::from_be_bytes(bytes))
}

/// Bytes of a code: 50 bits.
const CODE: usize = 7;

const INDEX: usize = size_of::<Index>();

/// Bytes of a block at most, one long row aside: what 16 bits reach.
const MAX: usize = 1 << 16;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn rows_come_back_as_they_were_packed() {
        let rows: Vec<Vec<u8>> =
            (0..300u64).map(|n| [&(3 * n).to_be_bytes()[1..], &vec![n as u8; n as usize]].concat()).collect();
        let mut packer = Packer::default();
        let mut blocks = Vec::new();
        for row in &rows {
            if packer.is_full_for(row.len(), 4000) {
                blocks.push(packer.finish().to_vec());
                packer.clear();
            }
            packer.push(row);
        }
        blocks.push(packer.finish().to_vec());
        assert!(blocks.len() > 10 && blocks.iter().all(|block| block.len() <= 4000));
        let read: Vec<&[u8]> = blocks.iter().flat_map(|block| Block::read(block).unwrap().rows()).collect();
        assert_eq!(read, rows);
        for block in blocks.iter().map(|block| Block::read(block).unwrap()) {
            let first = Kind::Entries.key(block.row(0)).unwrap();
            let last = block.last_key(Kind::Entries).unwrap();
            for key in first.saturating_sub(4)..last + 4 {
                let there = key % 3 == 0 && (first..=last).contains(&key);
                assert_eq!(block.find(Kind::Entries, key).is_some(), there, "{key}");
            }
        }
    }

    #[test]
    fn one_row_of_any_length_is_a_block() {
        let mut packer = Packer::default();
        assert!(!packer.is_full_for(1 << 20, 4000));
        packer.push(&vec![7; 1 << 20]);
        assert!(packer.is_full_for(1, 4000) && packer.len() == 1);
        assert_eq!(Block::read(packer.finish()).unwrap().row(0).len(), 1 << 20);
    }

    #[test]
    fn what_is_no_block_is_none() {
        for bytes in [&[][..], &[1], &[1, 0], &[255, 255, 255]] {
            assert!(Block::read(bytes).is_none(), "{bytes:?}");
        }
        // Starts that point anywhere give empty rows, which are read as nothing.
        let block = Block::read(&[9, 9, 200, 0, 1, 0, 2, 0]).unwrap();
        assert!(block.rows().all(|row| row.len() < 2 && read_entry(row).is_none()));
        assert!(block.find(Kind::Entries, 0).is_none() && block.last_key(Kind::Index).is_none());
    }
}
