//! What is known of an input before its records are read: its format, and the columns of a table.

use std::sync::Arc;

use crate::record::csv::Table;
use crate::record::sniff::{BOM, sniff};
use crate::record::{Format, Reason, Select, json, text};

/// The format of an input with what it takes to read its records.
#[derive(Clone, Debug)]
pub struct Layout {
    /// The format.
    pub format: Format,
    /// Bytes before the first record that are copied: a byte order mark.
    pub prefix: &'static [u8],
    /// The table, of CSV and TSV.
    pub table: Option<Arc<Table>>,
    /// What ends a document of plain text; empty: nothing but the end of input.
    pub separator: Vec<u8>,
    pub(crate) select: Select,
}

/// How an input is to be taken.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    /// The format, when it was named.
    pub format: Option<Format>,
    /// Which fields are searched.
    pub select: Select,
    /// What ends a document of plain text.
    pub separator: Vec<u8>,
}

impl Layout {
    /// The layout of an input that starts with `start`, `complete` when that is all.
    ///
    /// # Errors
    ///
    /// Why the input is not read.
    pub fn of(ask: &Ask, start: &[u8], complete: bool, extension: Option<&str>) -> Result<Self, Reason> {
        let format = match ask.format {
            Some(_) if start.starts_with(&[0xFF, 0xFE]) || start.starts_with(&[0xFE, 0xFF]) => {
                return Err(Reason::Utf16);
            }
            Some(format) => format,
            None => sniff(start, complete, extension)?,
        };
        let (prefix, body) = match start.strip_prefix(BOM) {
            Some(body) => (BOM, body),
            None => (&[][..], start),
        };
        let table =
            matches!(format, Format::Csv | Format::Tsv).then(|| Arc::new(Table::sniff(body, format, &ask.select)));
        Ok(Self { format, prefix, table, separator: ask.separator.clone(), select: ask.select.clone() })
    }

    /// Whether the first record holds the names of columns.
    pub(crate) fn has_header(&self) -> bool {
        self.table.as_ref().is_some_and(|table| table.has_header)
    }

    /// Whether a record's place in the file is a document of its own, rather than the file.
    pub(crate) fn is_table(&self) -> bool {
        !matches!(self.format, Format::Text)
    }

    pub(crate) fn reader(&self) -> Reader {
        match (&self.table, self.format) {
            (Some(table), _) => Reader::Table(Arc::clone(table)),
            (None, Format::Json | Format::Ndjson) => Reader::Json(Box::new(json::Reader::new(self.select.clone()))),
            _ => Reader::Text,
        }
    }
}

/// Reads the records of one layout.
pub(crate) enum Reader {
    Text,
    Json(Box<json::Reader>),
    Table(Arc<Table>),
}

impl Reader {
    pub(crate) fn read<'r>(
        &mut self,
        bytes: &'r [u8],
        header: bool,
    ) -> Result<crate::record::Record<'r>, crate::record::Fault> {
        match self {
            Reader::Text => text::read(bytes),
            Reader::Json(reader) => reader.read(bytes),
            Reader::Table(table) if header => table.read_header(bytes),
            Reader::Table(table) => table.read(bytes),
        }
    }
}
