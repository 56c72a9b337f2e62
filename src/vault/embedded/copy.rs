//! Copies: all of the vault written as lines, and read into an empty one.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::sync::Arc;

use redb::{ReadableTableMetadata, WriteTransaction};

use super::super::VaultError;
use super::super::lines::{self, LineWriter, Stored};
use super::super::seal::{DataKey, Masters, OwnerId, Secrets};
use super::block::{self, Block, Kind};
use super::merge::{self, Runs, SegmentWriter};
use super::recent::Recent;
use super::store::{self, BLOCK, Counts, KEYS, RUNS, SEGMENTS, Snapshot, fault};
use super::{Embedded, about};

impl Embedded {
    /// Of one moment; what is exchanged meanwhile is not in it.
    pub(super) fn write_copy(&self, out: &mut dyn Write) -> Result<u64, VaultError> {
        let snapshot = Snapshot::of(&self.db)?;
        let mut lines = LineWriter::new(out, &snapshot.secret()?)?;
        snapshot.keys(|owner, wrapped| lines.key(&owner, wrapped))?;
        for block in Runs::read(&snapshot)?.blocks() {
            write_block(block?.1, &mut lines)?;
        }
        for block in snapshot.blocks(Kind::Entries)?.range((0, 0)..).map_err(fault)? {
            let (_, block) = block.map_err(fault)?;
            write_block(Block::read(block.value()).ok_or(BLOCK)?, &mut lines)?;
        }
        lines.finish()
    }

    /// In one transaction: nothing of it stays unless all of it is good.
    pub(super) fn read_copy(&self, from: &mut dyn Read) -> Result<u64, VaultError> {
        let _writing = self.writing();
        let txn = self.db.begin_write().map_err(fault)?;
        let empty = [
            txn.open_table(KEYS).map_err(fault)?.is_empty(),
            txn.open_table(RUNS).map_err(fault)?.is_empty(),
            txn.open_table(SEGMENTS).map_err(fault)?.is_empty(),
        ];
        for empty in empty {
            if !empty.map_err(fault)? {
                return Err(VaultError::NotEmpty);
            }
        }
        let mut copy = Copy {
            txn: &txn,
            masters: self.view().masters,
            secrets: None,
            keys: HashMap::new(),
            counts: Counts::default(),
            rows: Rows::default(),
            merge_at: self.sizes.merge_at,
            segments: 0,
            codes: Vec::new(),
        };
        let entries = lines::read(from, &mut copy)?;
        copy.finish()?;
        let secrets = copy.secrets.take().ok_or(DAMAGED)?;

        let mut known = self.known_mut();
        txn.commit().map_err(fault)?;
        known.generation += 1;
        known.secrets = Arc::new(secrets);
        self.cached_keys().clear();
        (known.recent, known.next_run) = Recent::read(&Snapshot::of(&self.db)?)?;
        Ok(entries)
    }
}

fn write_block(block: Block<'_>, lines: &mut LineWriter<'_>) -> Result<(), VaultError> {
    block.rows().try_for_each(|row| lines.entry(&block::read_entry(row).ok_or(BLOCK)?))
}

/// A copy that is being read.
struct Copy<'t> {
    txn: &'t WriteTransaction,
    masters: Arc<Masters>,
    secrets: Option<Secrets>,
    keys: HashMap<OwnerId, DataKey>,
    counts: Counts,
    /// What is not yet written.
    rows: Rows,
    merge_at: usize,
    segments: u32,
    /// All of them, to see that none comes twice.
    codes: Vec<u64>,
}

#[derive(Default)]
struct Rows {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl lines::Sink for Copy<'_> {
    fn head(&mut self, wrapped_secret: &[u8]) -> Result<(), VaultError> {
        self.secrets = Some(Secrets::unwrap(wrapped_secret, &self.masters)?);
        store::put_meta(self.txn, "secret", wrapped_secret)
    }

    fn key(&mut self, owner: OwnerId, wrapped: &[u8]) -> Result<(), VaultError> {
        let secrets = self.secrets.as_ref().ok_or(DAMAGED)?;
        let key = DataKey::unwrap(wrapped, &self.masters, secrets.id(), &owner)?;
        self.txn.open_table(KEYS).map_err(fault)?.insert(owner.as_bytes(), wrapped).map_err(fault)?;
        if self.keys.insert(owner, key).is_none() { Ok(()) } else { Err(DAMAGED) }
    }

    fn entry(&mut self, entry: &Stored<'_>) -> Result<(), VaultError> {
        let secrets = self.secrets.as_ref().ok_or(DAMAGED)?;
        let key = self.keys.get(&entry.owner).ok_or(DAMAGED)?;
        key.open(&about(entry, secrets), entry.sealed)?;
        self.counts.add(entry.label);
        self.codes.push(entry.code.number());
        block::write_entry(entry, &mut self.rows.bytes);
        self.rows.ends.push(self.rows.bytes.len());
        if self.rows.ends.len() < self.merge_at { Ok(()) } else { self.write_segment() }
    }
}

impl Copy<'_> {
    fn write_segment(&mut self) -> Result<(), VaultError> {
        let rows = std::mem::take(&mut self.rows);
        for kind in [Kind::Entries, Kind::Index] {
            let mut table = self.txn.open_table(store::table(kind)).map_err(fault)?;
            let mut segment = SegmentWriter::new(kind, self.segments, &mut table);
            for (_, row) in merge::sorted(kind, rows.iter())? {
                segment.push(row.bytes())?;
            }
            segment.finish()?;
        }
        let entries = rows.ends.len() as u64;
        self.txn.open_table(SEGMENTS).map_err(fault)?.insert(self.segments, entries).map_err(fault)?;
        self.segments += 1;
        Ok(())
    }

    fn finish(&mut self) -> Result<(), VaultError> {
        self.codes.sort_unstable();
        if !self.codes.is_sorted_by(|a, b| a < b) {
            return Err(DAMAGED);
        }
        let mut runs = self.txn.open_table(RUNS).map_err(fault)?;
        let mut run = 0;
        merge::pack_runs(self.rows.iter(), |block, _| {
            runs.insert(run, block).map_err(fault)?;
            run += 1;
            Ok(())
        })?;
        drop(runs);
        self.counts.store(self.txn)
    }
}

impl Rows {
    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| self.bytes.get(start..*end).unwrap_or_default())
    }
}

const DAMAGED: VaultError = VaultError::Damaged("the copy was cut off or changed");
