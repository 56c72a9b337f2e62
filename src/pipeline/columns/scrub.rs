//! Scrubs the rows of a file and writes them.

use std::io::Write;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow_array::RecordBatch;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use rayon::prelude::*;

use super::Table;
use super::changes::Changes;
use super::copy::{self, Edit};
use super::fault::{Side, Stop, arrow_error, invalid, read_error};
use super::metadata;
use super::task::{Change, Done, Task};
use crate::error::{InputError, RunError};
use crate::pipeline::clean::Aside;
use crate::pipeline::quarantine::Quarantine;
use crate::pipeline::scrub::Desk;
use crate::pipeline::{Run, Summary};

/// Scrubs `table` into `out` on the threads of `pool`, or on this one when there is none. The output does not depend on the
/// number of threads.
///
/// Memory: a batch of rows (about 16 MiB), the changed values of one row group, packed, and the pages of one column chunk
/// that are not written yet.
///
/// # Errors
///
/// When reading or writing fails, a value that must be there has a replacement that its column cannot hold, or a worker is
/// lost. The output is no Parquet file then.
pub fn run(
    job: &Run<'_>,
    table: Table,
    out: &mut (dyn Write + Send),
    quarantine: &mut dyn Quarantine,
    pool: Option<&rayon::ThreadPool>,
) -> Result<Summary, RunError> {
    // The library may panic on damaged data.
    let mut pass =
        Pass { job, table: &table, quarantine, pool, row: 0, chunk: 0, told: 0, summary: Summary::default() };
    let done = catch_unwind(AssertUnwindSafe(|| pass.file(out)));
    let summary = pass.summary;
    match done {
        Ok(Ok(())) => Ok(summary),
        Ok(Err(stop)) => Err(stop.run_error(job.file, job.target)),
        Err(_) => Err(Stop::Lost.run_error(job.file, job.target)),
    }
}

struct Pass<'p, 'q> {
    job: &'p Run<'p>,
    table: &'p Table,
    quarantine: &'q mut dyn Quarantine,
    pool: Option<&'p rayon::ThreadPool>,
    /// Rows read.
    row: u64,
    chunk: u64,
    /// Bytes of progress told.
    told: u64,
    summary: Summary,
}

/// What is known of a row group once its rows are scrubbed.
struct Group {
    changes: Vec<Changes>,
    counts: Vec<u64>,
    /// Rows left out, counted in the group.
    dropped: Vec<u64>,
}

impl Pass<'_, '_> {
    fn file(&mut self, out: &mut (dyn Write + Send)) -> Result<(), Stop> {
        let table = self.table;
        let about = table.parquet().file_metadata();
        let pairs = metadata::pairs(about).map_err(|e| Stop::parquet(e, Side::Input))?;
        let properties = Arc::new(copy::properties(table.parquet(), pairs));
        let schema = about.schema_descr().root_schema_ptr();
        let output = |e| Stop::parquet(e, Side::Output);
        let mut writer = SerializedFileWriter::new(out, schema, properties).map_err(output)?;
        let desk = Desk::new(self.job.scrub, table.columns.layout.clone(), self.job.file);
        let source = table.file.try_clone().map_err(Stop::Read)?;
        let reader = SerializedFileReader::new(source).map_err(|e| Stop::Read(read_error(e)))?;
        for (number, about) in table.parquet().row_groups().iter().enumerate() {
            let batch = batch_rows(about);
            let mut group = self.group(&desk, number, batch)?;
            let columns = reader.get_row_group(number).map_err(|e| Stop::Read(read_error(e)))?;
            let mut target = writer.next_row_group().map_err(output)?;
            for (leaf, about) in table.columns.leaves.iter().enumerate() {
                let mut column = target.next_column().map_err(output)?.ok_or(Stop::Lost)?;
                let edit = Edit {
                    changes: group.changes.get_mut(leaf).map(std::mem::take).ok_or(Stop::Lost)?,
                    dropped: &group.dropped,
                    batch,
                    values: group.counts.get(leaf).copied().ok_or(Stop::Lost)?,
                    optional: about.optional,
                };
                let stored = columns.get_column_reader(leaf).map_err(|e| Stop::Read(read_error(e)))?;
                copy::column(stored, column.untyped(), edit)?;
                column.close().map_err(output)?;
            }
            target.close().map_err(output)?;
        }
        // Writes the footer.
        writer.into_inner().map_err(output)?.flush().map_err(Stop::Write)?;
        let tally = &mut self.summary.tally;
        tally.bytes = table.length;
        (self.job.progress)(table.length.saturating_sub(self.told));
        let rows = tally.records == self.row && self.row == table.rows();
        if !rows || tally.records != tally.written + self.summary.quarantined() {
            return Err(Stop::Lost);
        }
        Ok(())
    }

    /// Scrubs the rows of a row group.
    fn group(&mut self, desk: &Desk<'_>, number: usize, batch: usize) -> Result<Group, Stop> {
        let table = self.table;
        let leaves = table.columns.leaves.len();
        let first = self.row;
        let mut group = Group {
            changes: (0..leaves).map(|_| Changes::default()).collect(),
            counts: vec![0; leaves],
            dropped: Vec::new(),
        };
        let source = table.file.try_clone().map_err(Stop::Read)?;
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(source, table.metadata.clone())
            .with_row_groups(vec![number])
            .with_batch_size(batch)
            .build();
        let mut reader = reader.map_err(|e| Stop::Read(read_error(e)))?;
        loop {
            let rows = catch_unwind(AssertUnwindSafe(|| reader.next()));
            let rows = rows.map_err(|_| Stop::Read(invalid("Parquet data is damaged: a column makes no sense")))?;
            let Some(rows) = rows else { break };
            let rows = rows.map_err(|e| Stop::Read(arrow_error(e)))?;
            for done in self.scrub(desk, &rows, batch) {
                self.take(done?, first, &mut group)?;
            }
            self.tell();
        }
        Ok(group)
    }

    /// Scrubs a batch, in tasks of some rows each.
    fn scrub(&mut self, desk: &Desk<'_>, rows: &RecordBatch, batch: usize) -> Vec<Result<Done, Stop>> {
        let step = (batch / TASKS).max(1);
        let mut tasks: Vec<(u64, u64, Range<usize>)> = Vec::new();
        for start in (0..rows.num_rows()).step_by(step) {
            let end = (start + step).min(rows.num_rows());
            tasks.push((self.chunk, self.row + 1, start..end));
            self.chunk += 1;
            self.row += (end - start) as u64;
        }
        let (columns, policy) = (&self.table.columns, self.job.scrub.transform.policy());
        let one = |(chunk, record, range): (u64, u64, Range<usize>)| {
            Task { columns, rows, policy, chunk, record }.run(desk, range)
        };
        match self.pool {
            None => tasks.into_iter().map(one).collect(),
            Some(pool) => pool.install(|| tasks.into_par_iter().map(one).collect()),
        }
    }

    fn take(&mut self, done: Done, first: u64, group: &mut Group) -> Result<(), Stop> {
        for Change { leaf, value, new, .. } in done.changes {
            let (Some(changes), Some(before)) = (group.changes.get_mut(leaf), group.counts.get(leaf)) else {
                return Err(Stop::Lost);
            };
            changes.push(before + value, new.as_deref()).map_err(|_| Stop::Lost)?;
        }
        group.counts.iter_mut().zip(done.counts).for_each(|(all, more)| *all += more);
        self.summary.tally += done.tally;
        self.summary.emptied += done.emptied;
        for Aside { record, fault, .. } in done.aside {
            group.dropped.push(record.checked_sub(first + 1).ok_or(Stop::Lost)?);
            *self.summary.reasons.entry(fault.reason).or_default() += 1;
            let error = InputError { file: self.job.file.into(), record, fault };
            self.quarantine.add(&error).map_err(Stop::Write)?;
        }
        Ok(())
    }

    /// Progress in bytes, as far as the rows are done.
    fn tell(&mut self) {
        let share = u128::from(self.table.length) * u128::from(self.row) / u128::from(self.table.rows().max(1));
        let done = u64::try_from(share).unwrap_or(self.told).min(self.table.length);
        (self.job.progress)(done.saturating_sub(self.told));
        self.told = self.told.max(done);
    }
}

/// Rows that are read at a time: about [`BATCH`] bytes of them, by what the footer says.
fn batch_rows(group: &RowGroupMetaData) -> usize {
    let rows = u64::try_from(group.num_rows()).unwrap_or(0).max(1);
    let size = |column: &parquet::file::metadata::ColumnChunkMetaData| {
        let stored = u64::try_from(column.uncompressed_size()).unwrap_or(0);
        match column.unencoded_byte_array_data_bytes().and_then(|bytes| u64::try_from(bytes).ok()) {
            Some(plain) => plain.max(stored),
            // Behind a dictionary there may be more than is stored.
            None if column.dictionary_page_offset().is_some() => stored.saturating_mul(8),
            None => stored,
        }
    };
    let bytes: u64 = group.columns().iter().map(size).fold(0, u64::saturating_add);
    let row = bytes / rows + 1;
    usize::try_from(BATCH / row).unwrap_or(MOST_ROWS).clamp(1, MOST_ROWS)
}

/// Bytes of a batch of rows.
const BATCH: u64 = 16 << 20;

const MOST_ROWS: usize = 16 << 10;

/// Tasks that a batch is cut into.
const TASKS: usize = 32;
