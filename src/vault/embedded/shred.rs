//! Shredding: the data key of an owner goes, and all rows that it sealed.
//!
//! The wrapped key is overwritten in the file, wherever a copy of it lies. What no program can reach stays: copies of the
//! file, and what a disk keeps of sectors that were written over.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use memchr::memmem;
use redb::{Range, Table};

use super::super::{Owner, VaultError};
use super::Embedded;
use super::block::{self, Block, Kind, Packer};
use super::recent::Recent;
use super::store::{self, BLOCK, KEYS, RUNS, SEGMENTS, Snapshot, fault};

impl Embedded {
    /// Looks through all rows: there is no list of whose they are.
    pub(super) fn shred_all(&self, owner: Owner) -> Result<u64, VaultError> {
        let _writing = self.writing();
        let owner = self.view().secrets.owner(owner);
        let snapshot = Snapshot::of(&self.db)?;
        let mut counts = snapshot.counts()?;
        let mut gone = HashSet::new();
        let mut is_of = |row: &[u8]| {
            let entry = block::read_entry(row).ok_or(BLOCK)?;
            if entry.owner != owner {
                return Ok(false);
            }
            counts.subtract(entry.label);
            gone.insert(entry.index);
            Ok(true)
        };

        let txn = self.db.begin_write().map_err(fault)?;
        let mut keys = txn.open_table(KEYS).map_err(fault)?;
        let wrapped = keys.remove(owner.as_bytes()).map_err(fault)?.map(|wrapped| wrapped.value().to_vec());
        drop(keys);
        let Some(wrapped) = wrapped else {
            txn.abort().map_err(fault)?;
            return Ok(0);
        };
        let mut runs = txn.open_table(RUNS).map_err(fault)?;
        strip(snapshot.runs()?.range::<u32>(..).map_err(fault)?, &mut runs, &mut is_of, |_| ())?;
        drop(runs);
        let mut left: HashMap<u32, u64> = snapshot.segments()?.into_iter().collect();
        let mut entries = txn.open_table(store::table(Kind::Entries)).map_err(fault)?;
        let all = || (0u32, 0u128)..;
        strip(
            snapshot.blocks(Kind::Entries)?.range(all()).map_err(fault)?,
            &mut entries,
            &mut is_of,
            |(segment, _)| {
                if let Some(left) = left.get_mut(segment) {
                    *left = left.saturating_sub(1);
                }
            },
        )?;
        drop(entries);
        let mut index = txn.open_table(store::table(Kind::Index)).map_err(fault)?;
        let mut is_gone = |row: &[u8]| Ok(gone.contains(&block::read_index(row).ok_or(BLOCK)?.0));
        strip(snapshot.blocks(Kind::Index)?.range(all()).map_err(fault)?, &mut index, &mut is_gone, |_| ())?;
        drop(index);
        let mut segments = txn.open_table(SEGMENTS).map_err(fault)?;
        for (segment, left) in left {
            segments.insert(segment, left).map_err(fault)?;
        }
        drop(segments);
        counts.store(&txn)?;

        let mut known = self.known_mut();
        txn.commit().map_err(fault)?;
        known.generation += 1;
        self.cached_keys().pop(&owner);
        (known.recent, known.next_run) = Recent::read(&Snapshot::of(&self.db)?)?;
        drop(known);
        drop(snapshot);
        if let Some(place) = &self.file {
            // Both of the commits that redb goes back to are then without the key.
            self.db.begin_write().map_err(fault)?.commit().map_err(fault)?;
            overwrite(&place.file, &wrapped).map_err(|error| {
                let why = format!("deleted, but a copy of the wrapped key may be left in the file: {error}");
                VaultError::Io(io::Error::new(error.kind(), why))
            })?;
        }
        Ok(gone.len() as u64)
    }
}

/// Writes zeros over every copy of `bytes`. The pages of a database are never written over, they are written anew: what
/// was deleted stays in those that are free.
fn overwrite(mut file: &File, bytes: &[u8]) -> io::Result<()> {
    let mut window = vec![0; WINDOW + bytes.len()];
    let (mut at, mut held) = (0u64, 0);
    loop {
        file.seek(SeekFrom::Start(at + held as u64))?;
        let read = file.read(window.get_mut(held..).unwrap_or_default())?;
        if read == 0 {
            return file.sync_data();
        }
        held += read;
        let filled = window.get_mut(..held).unwrap_or_default();
        for found in memmem::find_iter(filled, bytes) {
            file.seek(SeekFrom::Start(at + found as u64))?;
            file.write_all(&vec![0; bytes.len()])?;
        }
        // The end is looked at again with what follows it.
        let done = held.saturating_sub(bytes.len());
        filled.copy_within(done.., 0);
        (at, held) = (at + done as u64, held - done);
    }
}

/// Bytes that are looked through at once.
const WINDOW: usize = 1 << 20;

/// Writes every block of `stored` anew that has rows to `drop`, and tells `dropped` the block's key for each such row.
fn strip<K: redb::Key + 'static>(
    stored: Range<'_, K, &'static [u8]>,
    table: &mut Table<'_, K, &'static [u8]>,
    drop: &mut dyn FnMut(&[u8]) -> Result<bool, VaultError>,
    mut dropped: impl FnMut(&K::SelfType<'_>),
) -> Result<(), VaultError> {
    let mut kept = Packer::default();
    for block in stored {
        let (key, bytes) = block.map_err(fault)?;
        let rows = Block::read(bytes.value()).ok_or(BLOCK)?;
        kept.clear();
        for row in rows.rows() {
            if drop(row)? {
                dropped(&key.value());
            } else {
                kept.push(row);
            }
        }
        // The key of a block may be below that of its first row: it is found all the same.
        match kept.len() {
            0 => drop_block(table, &key.value())?,
            some if some < rows.len() => {
                table.insert(key.value(), kept.finish()).map_err(fault)?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn drop_block<K: redb::Key + 'static>(
    table: &mut Table<'_, K, &'static [u8]>,
    key: &K::SelfType<'_>,
) -> Result<(), VaultError> {
    table.remove(key).map_err(fault)?;
    Ok(())
}
