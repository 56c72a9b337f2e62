//! Parquet files: tables stored by columns.
//!
//! The rows of a file go as lines of JSON through the same desk as records of other formats; then each column is written
//! anew from its stored values, of which those that changed are exchanged. So schema, row groups, levels and every other value
//! stay as they are stored, whatever their type, and nothing that is derived from values is taken over: minima and maxima,
//! dictionaries, bloom filters, page indexes.
//!
//! A value that does not fit its column (a token for an integer, a year for a day) is left out where the schema allows it;
//! where it does not, the file fails with the column's name. A row that cannot be read or scrubbed is left out and listed.

mod changes;
mod copy;
mod fault;
mod leaf;
pub mod memory;
#[cfg(test)]
mod memory_tests;
mod metadata;
mod rebuild;
mod rows;
mod scrub;
mod task;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow_schema::{DataType, Schema, TimeUnit};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::basic::{LogicalType, Type as Physical};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData};
use parquet::schema::types::{ColumnDescriptor, Type};

use self::fault::{invalid, read_error};
use self::leaf::{Kind, Leaf, NOT_READ};
use self::rows::{Step, Tree};
pub use self::scrub::run;
use super::layout::{Ask, Layout};
use crate::identifier::{Hint, Label};
use crate::record::field::Field;
use crate::record::{Format, Select};

/// Whether input that starts with these bytes is Parquet, its footer encrypted or not.
pub fn is_parquet(start: &[u8]) -> bool {
    start.starts_with(PLAIN) || start.starts_with(ENCRYPTED)
}

const PLAIN: &[u8] = b"PAR1";
const ENCRYPTED: &[u8] = b"PARE";

/// A Parquet file whose schema was read.
pub struct Table {
    file: File,
    length: u64,
    metadata: ArrowReaderMetadata,
    columns: Columns,
}

/// How the rows of a table are read: its columns as they are nested, and what each of them holds.
struct Columns {
    tree: Tree,
    leaves: Vec<Leaf>,
    layout: Layout,
}

impl Table {
    /// Reads what the file says of its columns.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, is damaged, encrypted, or has a column of a type that is not read.
    pub fn open(mut file: File, ask: &Ask) -> io::Result<Self> {
        let length = file.seek(SeekFrom::End(0))?;
        check_ends(&mut file, length)?;
        // A damaged footer may make the library panic.
        let metadata = catch_unwind(AssertUnwindSafe(|| load(&file)));
        let metadata =
            metadata.unwrap_or_else(|_| Err(invalid("Parquet data is damaged: its footer makes no sense")))?;
        let select = &ask.select;
        let columns = metadata.metadata().file_metadata().schema_descr_ptr();
        if has_variant(columns.root_schema()) {
            return Err(invalid("the file has a column of type VARIANT, which is not read"));
        }
        let mut leaves: Vec<Leaf> = Vec::with_capacity(columns.num_columns());
        let tree = Tree::of(metadata.schema().fields(), &mut |path, field| {
            let column = columns.columns().get(leaves.len()).ok_or(NOT_READ)?;
            let uuid = column.logical_type_ref() == Some(&LogicalType::Uuid);
            leaves.push(Leaf::new(path, Kind::of(field.data_type(), uuid)?, Stored::by(column), select));
            Ok(leaves.len() - 1)
        });
        let tree = tree.map_err(|reason| match columns.columns().get(leaves.len()) {
            Some(column) => invalid(format!("column {} {reason}", column.path().string())),
            None => invalid(reason),
        })?;
        if leaves.len() != columns.num_columns() {
            return Err(invalid(NOT_READ));
        }
        Ok(Self { file, length, metadata, columns: Columns::new(tree, leaves, select)? })
    }

    /// The columns that hold values, each as a JSON pointer with `*` for elements of lists and maps, and what it holds.
    pub fn fields(&self) -> Vec<(String, &'static str)> {
        self.columns.fields()
    }

    /// Rows in the file, as its footer says.
    pub fn rows(&self) -> u64 {
        self.parquet().row_groups().iter().map(|group| u64::try_from(group.num_rows()).unwrap_or(0)).sum()
    }

    fn parquet(&self) -> &Arc<ParquetMetaData> {
        self.metadata.metadata()
    }
}

impl Columns {
    /// Of leaves that were made with that selection.
    fn new(tree: Tree, leaves: Vec<Leaf>, select: &Select) -> io::Result<Self> {
        let select = select.clone().with_keys(false);
        let ask = Ask { format: Some(Format::Ndjson), select, separator: Vec::new() };
        let layout = Layout::of(&ask, b"", true, None).map_err(|reason| invalid(reason.name()))?;
        Ok(Self { tree, leaves, layout })
    }

    fn fields(&self) -> Vec<(String, &'static str)> {
        self.leaves.iter().map(|leaf| (leaf.pointer.clone(), leaf.kind.name())).collect()
    }
}

// Its schema holds names only, but minima and maxima of columns stand in its footer.
impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table").field("length", &self.length).field("columns", &self.columns.leaves.len()).finish()
    }
}

fn check_ends(file: &mut File, length: u64) -> io::Result<()> {
    let (mut start, mut end) = ([0; 4], [0; 4]);
    if length < 12 {
        return Err(invalid("the file is too short for Parquet"));
    }
    file.seek(SeekFrom::Start(0))?;
    file.read_exact(&mut start)?;
    file.seek(SeekFrom::End(-4))?;
    file.read_exact(&mut end)?;
    match (&start[..], &end[..]) {
        (ENCRYPTED, _) | (_, ENCRYPTED) => Err(invalid("the file is encrypted: decrypt it first")),
        (PLAIN, PLAIN) => Ok(()),
        (PLAIN, _) => Err(invalid("the file does not end as Parquet does: it is not whole")),
        _ => Err(invalid("the file is not Parquet")),
    }
}

/// The metadata with the schema that columns are read by: as stored, but for counts of time of which only the embedded
/// Arrow schema says that they are such.
fn load(file: &File) -> io::Result<ArrowReaderMetadata> {
    let plain = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Skip);
    let stored = ArrowReaderMetadata::load(file, plain.clone().with_skip_arrow_metadata(true)).map_err(read_error)?;
    let meant = ArrowReaderMetadata::try_new(Arc::clone(stored.metadata()), plain.clone()).map_err(read_error)?;
    let columns = stored.parquet_schema();
    let fields: Vec<_> = stored
        .schema()
        .fields()
        .iter()
        .zip(meant.schema().fields())
        .enumerate()
        .map(|(root, (stored, meant))| {
            let old_time = columns.root_schema().get_fields().get(root).is_some_and(|column| is_int96(column));
            let data = match (stored.data_type(), meant.data_type()) {
                (DataType::Int64, time @ (DataType::Timestamp(..) | DataType::Date64)) => time.clone(),
                // Microseconds reach the years that INT96 is used for.
                _ if old_time => DataType::Timestamp(TimeUnit::Microsecond, None),
                (data, _) => data.clone(),
            };
            stored.as_ref().clone().with_data_type(data)
        })
        .collect();
    let schema = Arc::new(Schema::new_with_metadata(fields, stored.schema().metadata().clone()));
    ArrowReaderMetadata::try_new(Arc::clone(stored.metadata()), plain.with_schema(schema)).map_err(read_error)
}

fn is_int96(column: &Type) -> bool {
    column.is_primitive() && column.get_physical_type() == Physical::INT96
}

/// A VARIANT is text and numbers in a binary coding: searched as bytes it would pass or be damaged.
fn has_variant(schema: &Type) -> bool {
    matches!(schema.get_basic_info().logical_type_ref(), Some(LogicalType::Variant { .. }))
        || schema.is_group() && schema.get_fields().iter().any(|field| has_variant(field))
}

impl Leaf {
    /// At the end of those steps.
    fn new(path: &[Step], kind: Kind, stored: Stored, select: &Select) -> Self {
        let mut place = select.root();
        let mut pointer = String::new();
        let mut names = Vec::new();
        for step in path {
            pointer.push('/');
            match step {
                Step::Name(name) => {
                    place = select.member(&place, name);
                    pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
                    names.push(name.as_str());
                }
                Step::Element => {
                    place = select.element(&place, 0);
                    pointer.push('*');
                }
            }
        }
        let photo = Field::of(&names).hint(&"A".repeat(80), false) == Hint::Whole(Label::Biometric);
        let Stored { physical, optional, length } = stored;
        Self {
            pointer,
            kind,
            physical,
            optional,
            length,
            searched: place.wanted.search,
            rule: place.wanted.rule,
            opaque: if photo { Label::Biometric } else { Label::OtherId },
        }
    }
}

/// How the values of a leaf are stored.
struct Stored {
    physical: Physical,
    /// Whether a value may be left out.
    optional: bool,
    /// Bytes of a value, where all have the same.
    length: usize,
}

impl Stored {
    fn by(column: &ColumnDescriptor) -> Self {
        let physical = column.physical_type();
        let fixed = matches!(physical, Physical::FIXED_LEN_BYTE_ARRAY | Physical::INT96);
        Self {
            physical,
            optional: column.self_type().is_optional(),
            length: if fixed { usize::try_from(column.type_length()).unwrap_or(0) } else { 0 },
        }
    }
}
