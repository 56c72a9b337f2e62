//! Tables in memory: record batches of Arrow, scrubbed as the rows of a Parquet file are.
//!
//! The rows go as lines of JSON through the same desk. A searched column is built anew from the values that its rows show, so that
//! nothing stays behind in a buffer: not under a null, not in a row outside of a slice. Columns that are not searched are
//! handed on as they are.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, PoisonError};

use arrow_array::{Array, ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions};
use arrow_cast::cast;
use arrow_schema::{DataType, Field, FieldRef, Fields, SchemaRef};
use arrow_select::filter::filter_record_batch;
use parquet::basic::Type as Physical;
use rayon::prelude::*;

use super::fault::{Stop, invalid};
use super::leaf::{Kind, Leaf};
use super::rebuild::{Rebuild, Replacement};
use super::rows::Tree;
use super::task::{Done, Task};
use super::{Columns, Stored};
use crate::pipeline::Scrub;
use crate::pipeline::clean::Tally;
use crate::pipeline::scrub::{Desk, Documents, Hand};
use crate::policy::Policy;
use crate::record::{Fault, Select};
use crate::transform::TransformError;

/// How record batches of one schema are read. One serves all threads; it keeps their tools from one batch to the next.
pub struct Sheet {
    schema: SchemaRef,
    columns: Columns,
    hands: Mutex<Vec<Hand>>,
}

/// A scrubbed batch.
pub struct Scrubbed {
    /// Of the same schema, without the rows that were set aside.
    pub rows: RecordBatch,
    /// Rows that were left out, counted from 0, with what is wrong with them.
    pub aside: Vec<(usize, Fault)>,
    /// What was done.
    pub tally: Tally,
    /// Values left out, since their replacement does not fit their column.
    pub emptied: u64,
}

/// Why a batch was not scrubbed: nothing of it may be passed on. Holds no values.
#[derive(Debug, thiserror::Error)]
pub enum SheetError {
    /// A column is of a type that is not read, or cannot hold what is to stand in it.
    #[error("{0}")]
    Column(String),
    /// The vault or the cipher did not do its part.
    #[error(transparent)]
    Tokens(TransformError),
    /// A worker ended without its result.
    #[error("a worker was lost")]
    Lost,
}

impl Sheet {
    /// For batches of that schema, of which the fields of that selection are searched; `policy` is that of all
    /// [scrubs](Sheet::scrub) to come.
    ///
    /// # Errors
    ///
    /// When a column is of a type that is not read.
    pub fn new(schema: &SchemaRef, select: &Select, policy: &Policy) -> Result<Self, SheetError> {
        let select = select.clone().rules(policy.fields());
        let mut leaves = Vec::new();
        let mut at = String::new();
        let tree = Tree::of(&plain_fields(schema.fields()), &mut |path, field| {
            let leaf = Leaf::new(path, Kind::Plain, stored(field), &select);
            at.clone_from(&leaf.pointer);
            leaves.push(Leaf { kind: kind(field)?, ..leaf });
            Ok(leaves.len() - 1)
        });
        let tree = tree.map_err(|reason| SheetError::Column(format!("column {at} {reason}")))?;
        let columns = Columns::new(tree, leaves, &select).map_err(|error| SheetError::Column(error.to_string()))?;
        Ok(Self { schema: SchemaRef::clone(schema), columns, hands: Mutex::default() })
    }

    /// The columns that hold values, each as a JSON pointer with `*` for elements of lists and maps, and what it holds.
    pub fn fields(&self) -> Vec<(String, &'static str)> {
        self.columns.fields()
    }

    /// Scrubs a batch on the threads of the current pool. What comes out of a row depends on the row alone, whichever batch
    /// it stands in.
    ///
    /// # Errors
    ///
    /// When the batch is of another schema, a value that must be there has a replacement that its column cannot hold, or the
    /// vault does not give codes.
    pub fn scrub(&self, scrub: &Scrub, rows: &RecordBatch) -> Result<Scrubbed, SheetError> {
        if rows.schema_ref().fields() != self.schema.fields() {
            return Err(SheetError::Column("the batch is of another schema".to_owned()));
        }
        Ok(self.scrubbed(scrub, rows)?)
    }

    fn scrubbed(&self, scrub: &Scrub, rows: &RecordBatch) -> Result<Scrubbed, Stop> {
        let plain = plain_batch(rows)?;
        let hands = std::mem::take(&mut *self.hands());
        let desk = Desk::new(scrub, self.columns.layout.clone(), "").told_apart_by(Documents::Content);
        let desk = desk.with_hands(hands);
        let done = self.tasks(scrub, &desk, &plain);
        self.hands().extend(desk.into_hands());
        let done = done?;
        let mut clean = Scrubbed { rows: rows.clone(), aside: Vec::new(), tally: Tally::default(), emptied: 0 };
        let mut changes: BTreeMap<usize, Vec<Replacement>> = BTreeMap::new();
        for Done { changes: changed, aside, tally, emptied, .. } in done {
            clean.tally += tally;
            clean.emptied += emptied;
            for aside in aside {
                let row = usize::try_from(aside.record).ok().and_then(|record| record.checked_sub(1));
                clean.aside.push((row.ok_or(Stop::Lost)?, aside.fault));
            }
            for change in changed {
                changes.entry(change.leaf).or_default().push((change.slot, change.new));
            }
        }
        let kept: Option<BooleanArray> = (!clean.aside.is_empty()).then(|| {
            let mut kept = vec![true; rows.num_rows()];
            for (row, _) in &clean.aside {
                if let Some(kept) = kept.get_mut(*row) {
                    *kept = false;
                }
            }
            kept.into()
        });
        let seen = kept.as_ref().map(|kept| kept.values().clone());
        let Tree::Struct(members) = &self.columns.tree else { return Err(Stop::Lost) };
        let rebuild = Rebuild::new(&self.columns.leaves, changes);
        let mut columns = Vec::with_capacity(rows.num_columns());
        for (((_, tree), array), field) in members.iter().zip(plain.columns()).zip(self.schema.fields()) {
            let array = rebuild.array(tree, array, seen.as_ref())?;
            columns.push(as_type(&array, field)?);
        }
        rebuild.finish()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
        let batch = RecordBatch::try_new_with_options(rows.schema(), columns, &options).map_err(|_| Stop::Lost)?;
        clean.rows = match &kept {
            Some(kept) => filter_record_batch(&batch, kept).map_err(|_| Stop::Lost)?,
            None => batch,
        };
        let written = u64::try_from(clean.rows.num_rows()).map_err(|_| Stop::Lost)?;
        if clean.tally.written != written || clean.tally.records != written + clean.aside.len() as u64 {
            return Err(Stop::Lost);
        }
        Ok(clean)
    }

    /// The rows of the batch in tasks, side by side.
    fn tasks(&self, scrub: &Scrub, desk: &Desk<'_>, rows: &RecordBatch) -> Result<Vec<Done>, Stop> {
        let count = rows.num_rows();
        let share = count.div_ceil(rayon::current_num_threads() * TASKS).clamp(1, MOST_ROWS);
        let starts: Vec<usize> = (0..count).step_by(share).collect();
        let one = |(number, start): (usize, usize)| {
            let policy = scrub.transform.policy();
            let (chunk, record) = (number as u64, start as u64 + 1);
            Task { columns: &self.columns, rows, policy, chunk, record }.run(desk, start..(start + share).min(count))
        };
        starts.into_par_iter().enumerate().map(one).collect()
    }

    fn hands(&self) -> std::sync::MutexGuard<'_, Vec<Hand>> {
        self.hands.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<Stop> for SheetError {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Read(error) | Stop::Write(error) => Self::Column(error.to_string()),
            Stop::Tokens(error) => Self::Tokens(error),
            Stop::Lost => Self::Lost,
        }
    }
}

impl std::fmt::Debug for Sheet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sheet").field("columns", &self.columns.leaves.len()).finish_non_exhaustive()
    }
}

// It holds text: lengths only.
impl std::fmt::Debug for Scrubbed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scrubbed").field("rows", &self.rows.num_rows()).field("aside", &self.aside).finish()
    }
}

/// What a field holds; as that field stands in a Parquet file.
fn kind(field: &Field) -> Result<Kind, &'static str> {
    match field.data_type() {
        DataType::Date64 => Ok(Kind::Date),
        // Parquet has no lengths of time: they are stored as whole numbers.
        DataType::Duration(_) => Kind::of(&DataType::Int64, false),
        data => Kind::of(data, extension(field) == Some(UUID)),
    }
}

/// As [`Leaf::store`] is to write its values, for [`Rebuild`] to read.
fn stored(field: &Field) -> Stored {
    let (physical, length) = match field.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => (Physical::BYTE_ARRAY, 0),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => (Physical::BYTE_ARRAY, 0),
        DataType::FixedSizeBinary(length) => {
            (Physical::FIXED_LEN_BYTE_ARRAY, usize::try_from(*length).unwrap_or_default())
        }
        DataType::Decimal128(..) => (Physical::FIXED_LEN_BYTE_ARRAY, 16),
        DataType::Decimal256(..) => (Physical::FIXED_LEN_BYTE_ARRAY, 32),
        _ => (Physical::INT64, 0),
    };
    Stored { physical, optional: field.is_nullable(), length }
}

fn extension(field: &Field) -> Option<&str> {
    field.metadata().get(EXTENSION).map(String::as_str)
}

/// The batch with values in place of references to them.
fn plain_batch(rows: &RecordBatch) -> Result<RecordBatch, Stop> {
    let fields = plain_fields(rows.schema_ref().fields());
    if &fields == rows.schema_ref().fields() {
        return Ok(rows.clone());
    }
    let columns: Result<Vec<ArrayRef>, Stop> =
        rows.columns().iter().zip(&fields).map(|(array, field)| as_type(array, field)).collect();
    let schema = SchemaRef::new(arrow_schema::Schema::new(fields));
    RecordBatch::try_new(schema, columns?).map_err(|_| Stop::Lost)
}

fn plain_fields(fields: &Fields) -> Fields {
    fields.iter().map(plain_field).collect()
}

fn plain_field(field: &FieldRef) -> FieldRef {
    let plain = plain_type(field.data_type());
    if &plain == field.data_type() {
        FieldRef::clone(field)
    } else {
        field.as_ref().clone().with_data_type(plain).into()
    }
}

/// The type of the values that a column shows, however it refers to them.
fn plain_type(data: &DataType) -> DataType {
    match data {
        DataType::Dictionary(_, values) => plain_type(values),
        DataType::RunEndEncoded(_, values) => plain_type(values.data_type()),
        DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => {
            DataType::Decimal128(*precision, *scale)
        }
        DataType::Struct(fields) => DataType::Struct(plain_fields(fields)),
        DataType::List(item) => DataType::List(plain_field(item)),
        DataType::LargeList(item) => DataType::LargeList(plain_field(item)),
        DataType::FixedSizeList(item, length) => DataType::FixedSizeList(plain_field(item), *length),
        DataType::Map(entries, sorted) => DataType::Map(plain_field(entries), *sorted),
        other => other.clone(),
    }
}

/// The column as that field has it.
fn as_type(array: &ArrayRef, field: &Field) -> Result<ArrayRef, Stop> {
    if array.data_type() == field.data_type() {
        return Ok(ArrayRef::clone(array));
    }
    // What the library says may hold values.
    cast(array, field.data_type()).map_err(|_| Stop::Write(unfit(field)))
}

fn unfit(field: &Field) -> io::Error {
    invalid(format!(
        "column {} cannot hold what is to stand in it as {}: cast it to a plain type before",
        field.name(),
        field.data_type()
    ))
}

/// Of the Arrow specification: the key under which a field's metadata has its extension type, and that of UUIDs.
const EXTENSION: &str = "ARROW:extension:name";
const UUID: &str = "arrow.uuid";

/// Tasks a thread, so that none waits long for the last one.
const TASKS: usize = 4;

/// Rows of a task at most.
const MOST_ROWS: usize = 4 << 10;
