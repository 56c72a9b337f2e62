//! Merges: the runs, which are found in memory, become a sorted segment, which is found on disk.
//!
//! A segment takes the newest segments in that are at most twice as large as what it has already. So sizes at least
//! triple from one segment to the next older one, there are few to look into, and an entry is written again only a few
//! times, however many there are (a log-structured merge: O'Neil et al., 1996).

use redb::{AccessGuard, Database, Range, Table, WriteTransaction};

use super::super::VaultError;
use super::block::{self, Block, Kind, Packer};
use super::store::{self, BLOCK, RUNS, SEGMENTS, Snapshot, fault};

/// Merges what `snapshot`, the newest, has in runs. The caller commits.
pub(super) fn merge(db: &Database, snapshot: &Snapshot) -> Result<WriteTransaction, VaultError> {
    let runs = Runs::read(snapshot)?;
    let mut segments = snapshot.segments()?;
    let number = segments.last().map_or(0, |(number, _)| number + 1);
    let rows = runs.rows()?;
    let (mut taken, mut total) = (Vec::new(), rows.len() as u64);
    while let Some((newest, entries)) = segments.pop_if(|(_, entries)| *entries <= 2 * total) {
        taken.push(newest);
        total += entries;
    }
    let txn = db.begin_write().map_err(fault)?;
    for kind in [Kind::Entries, Kind::Index] {
        let stored = snapshot.blocks(kind)?;
        let mut sources = vec![Source::Memory(sorted(kind, rows.iter().copied())?)];
        for segment in &taken {
            let range = stored.range((*segment, 0)..(*segment + 1, 0)).map_err(fault)?;
            sources.push(Source::Stored { kind, range: Box::new(range), block: None, at: 0 });
        }
        let mut table = txn.open_table(store::table(kind)).map_err(fault)?;
        merge_rows(sources, &mut SegmentWriter::new(kind, number, &mut table))?;
        for segment in &taken {
            table.retain_in((*segment, 0)..(*segment + 1, 0), |_, _| false).map_err(fault)?;
        }
    }
    txn.delete_table(RUNS).map_err(fault)?;
    txn.open_table(RUNS).map_err(fault)?;
    let mut segments = txn.open_table(SEGMENTS).map_err(fault)?;
    for segment in &taken {
        segments.remove(segment).map_err(fault)?;
    }
    segments.insert(number, total).map_err(fault)?;
    drop(segments);
    Ok(txn)
}

/// Writes sorted rows as the blocks of a segment.
pub(super) struct SegmentWriter<'w, 't> {
    kind: Kind,
    segment: u32,
    table: &'w mut Table<'t, (u32, u128), &'static [u8]>,
    packer: Packer,
    first: u128,
}

impl<'w, 't> SegmentWriter<'w, 't> {
    pub(super) fn new(
        kind: Kind,
        segment: u32,
        table: &'w mut Table<'t, (u32, u128), &'static [u8]>,
    ) -> SegmentWriter<'w, 't> {
        SegmentWriter { kind, segment, table, packer: Packer::default(), first: 0 }
    }

    pub(super) fn push(&mut self, row: &[u8]) -> Result<(), VaultError> {
        if self.packer.is_full_for(row.len(), SEGMENT_BLOCK) {
            self.finish()?;
        }
        if self.packer.len() == 0 {
            self.first = self.kind.key(row).ok_or(BLOCK)?;
        }
        self.packer.push(row);
        Ok(())
    }

    /// Writes what was pushed. No row is lost as long as this is called after the last.
    pub(super) fn finish(&mut self) -> Result<(), VaultError> {
        if self.packer.len() > 0 {
            self.table.insert((self.segment, self.first), self.packer.finish()).map_err(fault)?;
            self.packer.clear();
        }
        Ok(())
    }
}

/// Packs rows into the blocks of runs; tells `each` a block and how many rows it has.
pub(super) fn pack_runs<'r>(
    rows: impl Iterator<Item = &'r [u8]>,
    mut each: impl FnMut(&[u8], u16) -> Result<(), VaultError>,
) -> Result<(), VaultError> {
    let mut finish = |packer: &mut Packer| {
        // Not above 16 bits: each row has at least a byte.
        let count = packer.len() as u16;
        each(packer.finish(), count)?;
        packer.clear();
        Ok(())
    };
    let mut packer = Packer::default();
    for row in rows {
        if packer.is_full_for(row.len(), RUN_BLOCK) {
            finish(&mut packer)?;
        }
        packer.push(row);
    }
    if packer.len() > 0 { finish(&mut packer) } else { Ok(()) }
}

/// All runs of a snapshot.
pub(super) struct Runs(Vec<(u32, AccessGuard<'static, &'static [u8]>)>);

impl Runs {
    pub(super) fn read(snapshot: &Snapshot) -> Result<Runs, VaultError> {
        let range = snapshot.runs()?.range::<u32>(..).map_err(fault)?;
        let runs: Result<_, _> = range.map(|run| run.map(|(number, block)| (number.value(), block))).collect();
        Ok(Runs(runs.map_err(fault)?))
    }

    /// Number and block of each.
    pub(super) fn blocks(&self) -> impl Iterator<Item = Result<(u32, Block<'_>), VaultError>> {
        self.0.iter().map(|(number, bytes)| Ok((*number, Block::read(bytes.value()).ok_or(BLOCK)?)))
    }

    fn rows(&self) -> Result<Vec<&[u8]>, VaultError> {
        let mut rows = Vec::new();
        for block in self.blocks() {
            rows.extend(block?.1.rows());
        }
        Ok(rows)
    }
}

/// The rows of that kind, sorted, for rows of entries as they came.
pub(super) fn sorted<'r>(
    kind: Kind,
    rows: impl Iterator<Item = &'r [u8]>,
) -> Result<std::vec::IntoIter<(u128, Row<'r>)>, VaultError> {
    let rows = rows.map(|row| {
        let row = match kind {
            Kind::Entries => Row::Entry(row),
            Kind::Index => {
                let entry = block::read_entry(row).ok_or(BLOCK)?;
                Row::Index(block::index_row(&entry.index, entry.code))
            }
        };
        Ok((kind.key(row.bytes()).ok_or(BLOCK)?, row))
    });
    let mut rows = rows.collect::<Result<Vec<_>, VaultError>>()?;
    rows.sort_unstable_by_key(|(key, _)| *key);
    Ok(rows.into_iter())
}

/// A row that is to be sorted in.
pub(super) enum Row<'r> {
    Entry(&'r [u8]),
    Index([u8; 23]),
}

impl Row<'_> {
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Row::Entry(row) => row,
            Row::Index(row) => row,
        }
    }
}

/// Gives rows by key.
enum Source<'r> {
    Memory(std::vec::IntoIter<(u128, Row<'r>)>),
    Stored {
        kind: Kind,
        range: Box<Range<'static, (u32, u128), &'static [u8]>>,
        block: Option<AccessGuard<'static, &'static [u8]>>,
        /// The row of the block that is next.
        at: usize,
    },
}

impl Source<'_> {
    /// The key of the next row.
    fn peek(&mut self) -> Result<Option<u128>, VaultError> {
        match self {
            Source::Memory(rows) => Ok(rows.as_slice().first().map(|(key, _)| *key)),
            Source::Stored { kind, range, block, at } => loop {
                if let Some(bytes) = block {
                    let read = Block::read(bytes.value()).ok_or(BLOCK)?;
                    if *at < read.len() {
                        return kind.key(read.row(*at)).ok_or(BLOCK).map(Some);
                    }
                }
                match range.next() {
                    None => return Ok(None),
                    Some(next) => (*block, *at) = (Some(next.map_err(fault)?.1), 0),
                }
            },
        }
    }

    /// Writes the row that was peeked at.
    fn take(&mut self, into: &mut SegmentWriter<'_, '_>) -> Result<(), VaultError> {
        match self {
            Source::Memory(rows) => rows.next().map_or(Ok(()), |(_, row)| into.push(row.bytes())),
            Source::Stored { block, at, .. } => {
                let Some(bytes) = block else { return Ok(()) };
                let row = Block::read(bytes.value()).ok_or(BLOCK)?.row(*at);
                *at += 1;
                into.push(row)
            }
        }
    }
}

fn merge_rows(mut sources: Vec<Source<'_>>, into: &mut SegmentWriter<'_, '_>) -> Result<(), VaultError> {
    let mut keys = Vec::with_capacity(sources.len());
    for source in &mut sources {
        keys.push(source.peek()?);
    }
    // Few sources: looking at each is faster than a heap.
    while let Some((n, _)) = keys.iter().enumerate().filter_map(|(n, key)| Some((n, (*key)?))).min_by_key(|(_, k)| *k) {
        let (Some(source), Some(key)) = (sources.get_mut(n), keys.get_mut(n)) else { break };
        source.take(into)?;
        *key = source.peek()?;
    }
    into.finish()
}

/// Bytes of a block of a run: with what redb puts around it, sixteen of its pages.
const RUN_BLOCK: usize = 65_536 - 64;

/// Bytes of a block of a segment: four pages.
const SEGMENT_BLOCK: usize = 16_384 - 64;
