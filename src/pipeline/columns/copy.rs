//! Writes a column chunk: the values of the input one by one as they are stored, but for those that changed and the rows
//! that were left out. Nothing else of the chunk is copied: pages, dictionary, minima and maxima, bloom filter and page
//! index are made of the values that are written.

use parquet::basic::Encoding;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::column::writer::{ColumnWriter, ColumnWriterImpl};
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FixedLenByteArray, FixedLenByteArrayType, FloatType,
    Int32Type, Int64Type, Int96, Int96Type,
};
use parquet::file::metadata::{ColumnChunkMetaData, KeyValue, ParquetMetaData};
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use super::changes::{Change, Changes};
use super::fault::{Side, Stop};

/// What becomes of a chunk.
pub(super) struct Edit<'e> {
    pub(super) changes: Changes,
    /// Rows that are left out, in order.
    pub(super) dropped: &'e [u64],
    /// Rows read at a time.
    pub(super) batch: usize,
    /// Values that were seen in the chunk.
    pub(super) values: u64,
    /// Whether a value may be left out.
    pub(super) optional: bool,
}

/// How the output is written: as the first row group of the input was, column by column.
pub(super) fn properties(metadata: &ParquetMetaData, pairs: Option<Vec<KeyValue>>) -> WriterProperties {
    let mut builder = WriterProperties::builder().set_key_value_metadata(pairs);
    let columns = metadata.row_groups().first().map(|group| group.columns()).unwrap_or_default();
    for column in columns {
        let path = column.column_path().clone();
        builder = builder
            .set_column_compression(path.clone(), column.compression())
            .set_column_dictionary_enabled(path.clone(), has_dictionary(column))
            .set_column_statistics_enabled(path.clone(), statistics(column))
            .set_column_bloom_filter_enabled(path.clone(), column.bloom_filter_offset().is_some());
        if let Some(encoding) = column.encodings().find(|encoding| OTHERS.contains(encoding)) {
            builder = builder.set_column_encoding(path, encoding);
        }
    }
    builder.build()
}

/// Encodings that a column has only when its writer was told to.
const OTHERS: &[Encoding] = &[
    Encoding::DELTA_BINARY_PACKED,
    Encoding::DELTA_LENGTH_BYTE_ARRAY,
    Encoding::DELTA_BYTE_ARRAY,
    Encoding::BYTE_STREAM_SPLIT,
];

fn has_dictionary(column: &ColumnChunkMetaData) -> bool {
    column.dictionary_page_offset().is_some() || column.encodings().any(|e| matches!(e, Encoding::RLE_DICTIONARY))
}

fn statistics(column: &ColumnChunkMetaData) -> EnabledStatistics {
    match (column.column_index_offset(), column.statistics()) {
        (Some(_), _) => EnabledStatistics::Page,
        (None, Some(_)) => EnabledStatistics::Chunk,
        (None, None) => EnabledStatistics::None,
    }
}

/// Copies a chunk.
pub(super) fn column(reader: ColumnReader, writer: &mut ColumnWriter<'_>, edit: Edit<'_>) -> Result<(), Stop> {
    match (reader, writer) {
        (ColumnReader::BoolColumnReader(r), ColumnWriter::BoolColumnWriter(w)) => copy::<BoolType>(r, w, edit),
        (ColumnReader::Int32ColumnReader(r), ColumnWriter::Int32ColumnWriter(w)) => copy::<Int32Type>(r, w, edit),
        (ColumnReader::Int64ColumnReader(r), ColumnWriter::Int64ColumnWriter(w)) => copy::<Int64Type>(r, w, edit),
        (ColumnReader::Int96ColumnReader(r), ColumnWriter::Int96ColumnWriter(w)) => copy::<Int96Type>(r, w, edit),
        (ColumnReader::FloatColumnReader(r), ColumnWriter::FloatColumnWriter(w)) => copy::<FloatType>(r, w, edit),
        (ColumnReader::DoubleColumnReader(r), ColumnWriter::DoubleColumnWriter(w)) => copy::<DoubleType>(r, w, edit),
        (ColumnReader::ByteArrayColumnReader(r), ColumnWriter::ByteArrayColumnWriter(w)) => {
            copy::<ByteArrayType>(r, w, edit)
        }
        (ColumnReader::FixedLenByteArrayColumnReader(r), ColumnWriter::FixedLenByteArrayColumnWriter(w)) => {
            copy::<FixedLenByteArrayType>(r, w, edit)
        }
        _ => Err(Stop::Lost),
    }
}

/// A value from the bytes that a change holds.
trait Stored: Sized {
    fn stored(bytes: Vec<u8>) -> Option<Self>;
}

macro_rules! stored {
    ($($type:ty: $bytes:ident => $value:expr),* $(,)?) => {
        $(impl Stored for $type {
            fn stored($bytes: Vec<u8>) -> Option<Self> {
                $value
            }
        })*
    };
}

stored! {
    bool: bytes => bytes.first().map(|b| *b != 0),
    i32: bytes => Some(i32::from_le_bytes(bytes.try_into().ok()?)),
    i64: bytes => Some(i64::from_le_bytes(bytes.try_into().ok()?)),
    f32: bytes => Some(f32::from_le_bytes(bytes.try_into().ok()?)),
    f64: bytes => Some(f64::from_le_bytes(bytes.try_into().ok()?)),
    ByteArray: bytes => Some(ByteArray::from(bytes)),
    FixedLenByteArray: bytes => Some(FixedLenByteArray::from(bytes)),
    Int96: bytes => {
        let (parts, rest) = bytes.as_chunks::<4>();
        let [low, high, day] = parts else { return None };
        let mut value = Int96::new();
        value.set_data(u32::from_le_bytes(*low), u32::from_le_bytes(*high), u32::from_le_bytes(*day));
        rest.is_empty().then_some(value)
    },
}

fn copy<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    writer: &mut ColumnWriterImpl<'_, T>,
    edit: Edit<'_>,
) -> Result<(), Stop>
where
    T::T: Stored,
{
    let (full, repeated) = {
        let column = writer.get_descriptor();
        (column.max_def_level(), column.max_rep_level() > 0)
    };
    let untouched = edit.changes.is_empty() && edit.dropped.is_empty();
    let mut editor = Editor {
        changes: edit.changes.into_iter(),
        next: None,
        dropped: edit.dropped.iter().copied().peekable(),
        full,
        optional: edit.optional,
        row: None,
        value: 0,
    };
    editor.advance()?;
    let (mut levels, mut repetitions, mut values) = (Vec::new(), Vec::new(), Vec::new());
    let mut seen = 0;
    loop {
        levels.clear();
        repetitions.clear();
        values.clear();
        let (rows, count, _) = reader
            .read_records(edit.batch, Some(&mut levels), Some(&mut repetitions), &mut values)
            .map_err(|e| Stop::parquet(e, Side::Input))?;
        if rows == 0 {
            break;
        }
        seen += count as u64;
        if full == 0 {
            levels.resize(count, 0);
        }
        if !repeated {
            repetitions.resize(levels.len(), 0);
        }
        if !untouched {
            editor.edit(&mut levels, &mut repetitions, &mut values)?;
        }
        if levels.is_empty() {
            continue;
        }
        writer
            .write_batch(&values, (full > 0).then_some(&levels[..]), repeated.then_some(&repetitions[..]))
            .map_err(|e| Stop::parquet(e, Side::Output))?;
    }
    // A value that was not seen was not searched; a change that found no value hides nothing.
    if seen != edit.values || editor.next.is_some() {
        return Err(Stop::Lost);
    }
    Ok(())
}

/// Applies changes to levels and values, batch by batch.
struct Editor<'e, C> {
    changes: C,
    next: Option<Change>,
    dropped: std::iter::Peekable<std::iter::Copied<std::slice::Iter<'e, u64>>>,
    /// The level of a value that is there.
    full: i16,
    optional: bool,
    row: Option<u64>,
    value: u64,
}

impl<C: Iterator<Item = std::io::Result<Change>>> Editor<'_, C> {
    fn advance(&mut self) -> Result<(), Stop> {
        self.next = self.changes.next().transpose().map_err(|_| Stop::Lost)?;
        Ok(())
    }

    fn edit<V>(&mut self, levels: &mut Vec<i16>, repetitions: &mut Vec<i16>, values: &mut Vec<V>) -> Result<(), Stop>
    where
        V: Stored,
    {
        let mut old = std::mem::take(values).into_iter();
        let mut kept = 0;
        for at in 0..levels.len() {
            let (Some(&level), Some(&repetition)) = (levels.get(at), repetitions.get(at)) else {
                return Err(Stop::Lost);
            };
            if repetition == 0 {
                self.row = Some(self.row.map_or(0, |row| row + 1));
            }
            let row = self.row.unwrap_or(0);
            while self.dropped.next_if(|dropped| *dropped < row).is_some() {}
            let dropped = self.dropped.peek() == Some(&row);
            let mut new_level = level;
            if level == self.full {
                let mut value = Some(old.next().ok_or(Stop::Lost)?);
                if self.next.as_ref().is_some_and(|(number, _)| *number == self.value) {
                    let change = self.next.take().and_then(|(_, new)| new);
                    self.advance()?;
                    value = match change {
                        Some(bytes) => Some(V::stored(bytes).ok_or(Stop::Lost)?),
                        None if self.optional && self.full > 0 => {
                            new_level = self.full - 1;
                            None
                        }
                        None => return Err(Stop::Lost),
                    };
                }
                self.value += 1;
                if !dropped {
                    values.extend(value);
                }
            }
            if !dropped {
                if let (Some(level), Some(place)) = (levels.get_mut(kept), repetitions.get_mut(kept)) {
                    *level = new_level;
                    *place = repetition;
                }
                kept += 1;
            }
        }
        levels.truncate(kept);
        repetitions.truncate(kept);
        Ok(())
    }
}
