//! The tables of the file, and what redb says of them in the words of a vault.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use redb::{
    AccessGuard, Database, Range, ReadOnlyTable, ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition,
};
use redb::{TableHandle, WriteTransaction};

use super::super::VaultError;
use super::super::seal::{DataKey, Masters, OwnerId, Secrets, VaultId};
use super::block::{Block, Kind};
use crate::identifier::Label;

/// Blocks of rows, by segment and the key of their first row.
pub(super) type Blocks = TableDefinition<'static, (u32, u128), &'static [u8]>;

/// `form`, `secret` (wrapped), `counts` (entries by label).
pub(super) const META: TableDefinition<'static, &str, &[u8]> = TableDefinition::new("meta");
/// Data keys, wrapped, by owner.
pub(super) const KEYS: TableDefinition<'static, &[u8; OwnerId::LEN], &[u8]> = TableDefinition::new("keys");
/// Entries in the order they came, a block a commit or more, since the last merge.
pub(super) const RUNS: TableDefinition<'static, u32, &[u8]> = TableDefinition::new("runs");
/// Segments, by number: how many entries each has.
pub(super) const SEGMENTS: TableDefinition<'static, u32, u64> = TableDefinition::new("segments");

/// The table of a kind of rows.
pub(super) const fn table(kind: Kind) -> Blocks {
    match kind {
        Kind::Entries => TableDefinition::new("entries"),
        Kind::Index => TableDefinition::new("index"),
    }
}

/// Entries by label, as they are stored.
#[derive(Clone, Copy, Default)]
pub(super) struct Counts(pub(super) [u64; Label::ALL.len()]);

/// The vault at one moment.
pub(super) struct Snapshot {
    txn: ReadTransaction,
}

/// Blocks one after the other.
type Walk = Range<'static, (u32, u128), &'static [u8]>;

/// Finds rows in the segments of a [`Snapshot`].
pub(super) struct Finder {
    kind: Kind,
    table: ReadOnlyTable<(u32, u128), &'static [u8]>,
    /// Number and entries, newest first.
    segments: Vec<(u32, u64)>,
}

impl Snapshot {
    pub(super) fn of(db: &Database) -> Result<Snapshot, VaultError> {
        Ok(Snapshot { txn: db.begin_read().map_err(fault)? })
    }

    /// Number and entries, oldest first.
    pub(super) fn segments(&self) -> Result<Vec<(u32, u64)>, VaultError> {
        let mut segments = Vec::new();
        for row in self.txn.open_table(SEGMENTS).map_err(fault)?.iter().map_err(fault)? {
            let (number, entries) = row.map_err(fault)?;
            segments.push((number.value(), entries.value()));
        }
        Ok(segments)
    }

    pub(super) fn finder(&self, kind: Kind) -> Result<Finder, VaultError> {
        let mut segments = self.segments()?;
        segments.reverse();
        Ok(Finder { kind, table: self.blocks(kind)?, segments })
    }

    pub(super) fn blocks(&self, kind: Kind) -> Result<ReadOnlyTable<(u32, u128), &'static [u8]>, VaultError> {
        self.txn.open_table(table(kind)).map_err(fault)
    }

    pub(super) fn runs(&self) -> Result<ReadOnlyTable<u32, &'static [u8]>, VaultError> {
        self.txn.open_table(RUNS).map_err(fault)
    }

    /// The data key of an owner, if it has one.
    pub(super) fn key(
        &self,
        owner: &OwnerId,
        masters: &Masters,
        vault: &VaultId,
    ) -> Result<Option<DataKey>, VaultError> {
        let keys = self.txn.open_table(KEYS).map_err(fault)?;
        let wrapped = keys.get(owner.as_bytes()).map_err(fault)?;
        wrapped.map(|wrapped| DataKey::unwrap(wrapped.value(), masters, vault, owner)).transpose()
    }

    /// All data keys, wrapped.
    pub(super) fn keys(
        &self,
        mut each: impl FnMut(OwnerId, &[u8]) -> Result<(), VaultError>,
    ) -> Result<(), VaultError> {
        for row in self.txn.open_table(KEYS).map_err(fault)?.iter().map_err(fault)? {
            let (owner, wrapped) = row.map_err(fault)?;
            each(OwnerId::from_bytes(owner.value()).ok_or(BLOCK)?, wrapped.value())?;
        }
        Ok(())
    }

    /// The wrapped secret.
    pub(super) fn secret(&self) -> Result<Vec<u8>, VaultError> {
        self.meta("secret")?.ok_or(VaultError::Damaged("its secret is missing"))
    }

    pub(super) fn counts(&self) -> Result<Counts, VaultError> {
        Ok(Counts::read(&self.meta("counts")?.unwrap_or_default()))
    }

    /// `None` when there is nothing in the file at all.
    pub(super) fn form(&self) -> Result<Option<u32>, VaultError> {
        if self.txn.list_tables().map_err(fault)?.next().is_none() {
            return Ok(None);
        }
        let none = || VaultError::Form("a database of something else".to_owned());
        if !self.txn.list_tables().map_err(fault)?.any(|table| table.name() == META.name()) {
            return Err(none());
        }
        let form = self.meta("form")?.and_then(|form| form.try_into().ok()).ok_or_else(none)?;
        Ok(Some(u32::from_le_bytes(form)))
    }

    fn meta(&self, name: &str) -> Result<Option<Vec<u8>>, VaultError> {
        let meta = self.txn.open_table(META).map_err(fault)?;
        Ok(meta.get(name).map_err(fault)?.map(|value| value.value().to_vec()))
    }
}

impl Finder {
    /// Tells `found` the row of each key that is there. `keys` are sorted.
    pub(super) fn find<T: Copy>(
        &self,
        keys: &[(u128, T)],
        mut found: impl FnMut(T, &[u8]) -> Result<(), VaultError>,
    ) -> Result<(), VaultError> {
        for &(segment, entries) in &self.segments {
            // Going from block to block costs a fraction of looking one up.
            let mut walk = if keys.len() as u64 >= entries / self.kind.rows_of_a_walk() {
                Some(self.walk(segment, keys)?)
            } else {
                None
            };
            let mut held: Option<(u128, AccessGuard<'_, &[u8]>)> = None;
            for &(key, what) in keys {
                // Neighbours are mostly in the block that the last one was in.
                while held.as_ref().is_none_or(|(last, _)| key > *last) {
                    let next = match &mut walk {
                        Some(blocks) => blocks.next(),
                        None => self.table.range((segment, 0)..=(segment, key)).map_err(fault)?.next_back(),
                    };
                    let Some(next) = next else { break };
                    let block = next.map_err(fault)?.1;
                    let last = Block::read(block.value()).and_then(|block| block.last_key(self.kind)).ok_or(BLOCK)?;
                    held = Some((last, block));
                    if walk.is_none() {
                        break;
                    }
                }
                let Some((_, block)) = &held else { continue };
                if let Some(row) = Block::read(block.value()).ok_or(BLOCK)?.find(self.kind, key) {
                    found(what, row)?;
                }
            }
        }
        Ok(())
    }
}

impl Finder {
    /// The blocks of a segment from the one that may hold the first of the keys to the one that may hold the last.
    fn walk<T>(&self, segment: u32, keys: &[(u128, T)]) -> Result<Walk, VaultError> {
        let key = |row: Option<&(u128, T)>| row.map_or(0, |(key, _)| *key);
        let (first, last) = (key(keys.first()), key(keys.last()));
        let before = self.table.range((segment, 0)..=(segment, first)).map_err(fault)?.next_back();
        let from = before.transpose().map_err(fault)?.map_or(0, |(place, _)| place.value().1);
        self.table.range((segment, from)..=(segment, last)).map_err(fault)
    }
}

impl Counts {
    /// What is there for each label; labels of newer versions are none of ours.
    pub(super) fn read(bytes: &[u8]) -> Counts {
        let mut counts = Counts::default();
        for (count, bytes) in counts.0.iter_mut().zip(bytes.as_chunks().0) {
            *count = u64::from_le_bytes(*bytes);
        }
        counts
    }

    pub(super) fn add(&mut self, label: Label) {
        if let Some(count) = self.0.get_mut(label as usize) {
            *count += 1;
        }
    }

    pub(super) fn subtract(&mut self, label: Label) {
        if let Some(count) = self.0.get_mut(label as usize) {
            *count = count.saturating_sub(1);
        }
    }

    pub(super) fn store(&self, txn: &WriteTransaction) -> Result<(), VaultError> {
        let bytes: Vec<u8> = self.0.iter().flat_map(|count| count.to_le_bytes()).collect();
        put_meta(txn, "counts", &bytes)
    }
}

pub(super) fn put_meta(txn: &WriteTransaction, name: &str, value: &[u8]) -> Result<(), VaultError> {
    txn.open_table(META).map_err(fault)?.insert(name, value).map_err(fault)?;
    Ok(())
}

/// Makes the tables of an empty vault.
pub(super) fn create(db: &Database, secrets: &Secrets, masters: &Masters) -> Result<(), VaultError> {
    let txn = db.begin_write().map_err(fault)?;
    put_meta(&txn, "form", &FORM.to_le_bytes())?;
    put_meta(&txn, "secret", &secrets.wrap(masters.current())?)?;
    txn.open_table(KEYS).map_err(fault)?;
    txn.open_table(RUNS).map_err(fault)?;
    txn.open_table(SEGMENTS).map_err(fault)?;
    for kind in [Kind::Entries, Kind::Index] {
        txn.open_table(table(kind)).map_err(fault)?;
    }
    txn.commit().map_err(fault)
}

/// Does it; a panic of the database, which trusts what its file says, is damage.
pub(super) fn guarded<T>(does: impl FnOnce() -> Result<T, VaultError>) -> Result<T, VaultError> {
    catch_unwind(AssertUnwindSafe(does)).unwrap_or(Err(NO_DATABASE))
}

/// What redb says.
pub(super) fn fault(error: impl Into<redb::Error>) -> VaultError {
    match error.into() {
        redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch => VaultError::InUse,
        redb::Error::Corrupted(_) | redb::Error::RepairAborted | redb::Error::LockPoisoned(_) => NO_DATABASE,
        redb::Error::Io(error) => match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                VaultError::Full(error)
            }
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
                VaultError::Form("the file is no vault, or was cut off".to_owned())
            }
            _ => VaultError::Io(error),
        },
        redb::Error::PreviousIo => {
            VaultError::Io(io::Error::other("it could not be written earlier; open it again, once the cause is gone"))
        }
        redb::Error::UpgradeRequired(version) => VaultError::Form(format!("file format {version}")),
        redb::Error::TableDoesNotExist(_) | redb::Error::TableTypeMismatch { .. } => {
            VaultError::Form("its tables are not those of a vault".to_owned())
        }
        // Says lengths and names of tables; values are sealed before they get here.
        other => VaultError::Database(other.to_string()),
    }
}

/// The form of the tables.
pub(super) const FORM: u32 = 1;

/// A block is not what this program writes.
pub(super) const BLOCK: VaultError = VaultError::Damaged("a block of its file is not whole");

const NO_DATABASE: VaultError = VaultError::Damaged("its file is not whole");
