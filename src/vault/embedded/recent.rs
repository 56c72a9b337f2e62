//! What was added since the last merge, found in memory: its rows lie in runs on disk in the order they came.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hash, Hasher};

use super::super::seal::Index;
use super::super::{Code, VaultError};
use super::block;
use super::merge::Runs;
use super::store::{BLOCK, Snapshot};

/// Where a row lies.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct At {
    pub(super) run: u32,
    pub(super) row: u16,
}

/// The entries of all runs. About 60 bytes an entry.
#[derive(Default)]
pub(super) struct Recent {
    by_index: HashMap<Uniform, Code, BuildHasherDefault<Taken>>,
    by_code: HashMap<Code, At, BuildHasherDefault<Taken>>,
}

/// Entries that are about to be written.
#[derive(Default)]
pub(super) struct Staged {
    by_index: HashMap<Uniform, Code, BuildHasherDefault<Taken>>,
    codes: HashSet<Code, BuildHasherDefault<Taken>>,
}

/// An index as a key: nobody without the vault's secret can choose it, so its bits need no more hashing.
#[derive(PartialEq, Eq)]
struct Uniform(Index);

/// Takes 64 random bits for a hash.
#[derive(Default)]
struct Taken(u64);

impl Recent {
    /// What the runs of a snapshot hold, and the number of the next run.
    pub(super) fn read(snapshot: &Snapshot) -> Result<(Recent, u32), VaultError> {
        let (mut recent, mut next) = (Recent::default(), 0);
        for block in Runs::read(snapshot)?.blocks() {
            let (run, block) = block?;
            for (row, bytes) in (0..).zip(block.rows()) {
                let entry = block::read_entry(bytes).ok_or(BLOCK)?;
                recent.insert(entry.index, entry.code, At { run, row });
            }
            next = run.checked_add(1).ok_or(BLOCK)?;
        }
        Ok((recent, next))
    }

    pub(super) fn len(&self) -> usize {
        self.by_code.len()
    }

    pub(super) fn insert(&mut self, index: Index, code: Code, at: At) {
        self.by_index.insert(Uniform(index), code);
        self.by_code.insert(code, at);
    }

    pub(super) fn code(&self, index: &Index) -> Option<Code> {
        self.by_index.get(&Uniform(*index)).copied()
    }

    pub(super) fn at(&self, code: Code) -> Option<At> {
        self.by_code.get(&code).copied()
    }
}

impl Staged {
    pub(super) fn insert(&mut self, index: Index, code: Code) {
        self.by_index.insert(Uniform(index), code);
        self.codes.insert(code);
    }

    pub(super) fn code(&self, index: &Index) -> Option<Code> {
        self.by_index.get(&Uniform(*index)).copied()
    }

    pub(super) fn has(&self, code: Code) -> bool {
        self.codes.contains(&code)
    }
}

impl Hash for Uniform {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        state.write_u64(u64::from_le_bytes([a, b, c, d, e, f, g, h]));
    }
}

impl Hasher for Taken {
    fn write_u64(&mut self, bits: u64) {
        // Spreads the 50 bits of a code over the high bits, which the map looks at too.
        self.0 = bits.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 ^= self.0 >> 32;
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(self.0.rotate_left(8) ^ u64::from(*byte));
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
