//! New values of a column, kept packed until the column is written.

use std::io::{self, Write};

use zstd::bulk::{compress, decompress};

/// Changes of one column in one row group, in the order of its values.
#[derive(Default)]
pub(super) struct Changes {
    /// Packed, each with its plain length.
    blocks: Vec<(Vec<u8>, usize)>,
    pending: Vec<u8>,
    count: u64,
}

/// A change: which of the values that are there, counted in the row group, and its new value; `None` leaves it out.
pub(super) type Change = (u64, Option<Vec<u8>>);

impl Changes {
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Adds a change, which is of a later value than those before.
    pub(super) fn push(&mut self, value: u64, new: Option<&[u8]>) -> io::Result<()> {
        self.count += 1;
        self.pending.write_all(&value.to_le_bytes())?;
        let length = new.map_or(LEFT_OUT, |new| new.len() as u64);
        self.pending.write_all(&length.to_le_bytes())?;
        self.pending.write_all(new.unwrap_or_default())?;
        if self.pending.len() >= BLOCK {
            self.blocks.push((compress(&self.pending, LEVEL)?, self.pending.len()));
            self.pending.clear();
        }
        Ok(())
    }

    /// All of them, in order.
    pub(super) fn into_iter(self) -> impl Iterator<Item = io::Result<Change>> {
        let packed = self.blocks.into_iter().map(|(block, length)| decompress(&block, length));
        packed.chain([Ok(self.pending)]).flat_map(|block| match block {
            Ok(block) => Block { block, at: 0 },
            // What cannot be read is an error of its own kind: a record that ends too early.
            Err(_) => Block { block: vec![0], at: 0 },
        })
    }
}

struct Block {
    block: Vec<u8>,
    at: usize,
}

impl Iterator for Block {
    type Item = io::Result<Change>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.block.len() {
            return None;
        }
        let change = self.read();
        if change.is_none() {
            self.at = self.block.len();
        }
        Some(change.ok_or_else(|| io::Error::other("changes were lost")))
    }
}

impl Block {
    fn number(&mut self) -> Option<u64> {
        let bytes = self.block.get(self.at..self.at + 8)?;
        self.at += 8;
        Some(u64::from_le_bytes(bytes.try_into().ok()?))
    }

    fn read(&mut self) -> Option<Change> {
        let value = self.number()?;
        let length = self.number()?;
        if length == LEFT_OUT {
            return Some((value, None));
        }
        let end = self.at.checked_add(usize::try_from(length).ok()?)?;
        let new = self.block.get(self.at..end)?.to_vec();
        self.at = end;
        Some((value, Some(new)))
    }
}

/// Bytes above which changes are packed.
const BLOCK: usize = 1 << 20;

const LEVEL: i32 = 1;

const LEFT_OUT: u64 = u64::MAX;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn changes_come_back_in_order() {
        let mut changes = Changes::default();
        assert!(changes.is_empty());
        let want: Vec<Change> = (0..60_000u64)
            .map(|n| (n * 3, (n % 5 > 0).then(|| format!("value {n} {}", "x".repeat(n as usize % 90)).into_bytes())))
            .collect();
        for (value, new) in &want {
            changes.push(*value, new.as_deref()).unwrap();
        }
        assert!(changes.blocks.len() > 1);
        let have: Vec<Change> = changes.into_iter().map(Result::unwrap).collect();
        assert!(have == want);
        let broken = Changes { blocks: vec![(b"no block".to_vec(), 10)], ..Changes::default() };
        assert!(broken.into_iter().next().unwrap().is_err());
    }
}
