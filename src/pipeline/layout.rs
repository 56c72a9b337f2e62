//! What is known of an input before its records are read: its format, and the columns of a table.

use std::sync::Arc;

use super::scrub::Check;
use crate::record::csv::Table;
use crate::record::sniff::{BOM, sniff};
use crate::record::{Format, Reason, Select, hl7, json, text, xml};

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
            (None, Format::Xml) => Reader::Xml(Box::new(xml::Reader::new(self.select.clone()))),
            (None, Format::Hl7) => Reader::Hl7(Box::new(hl7::Reader::new(self.select.clone()))),
            _ => Reader::Text,
        }
    }
}

/// Reads the records of one layout.
pub(crate) enum Reader {
    Text,
    Json(Box<json::Reader>),
    Hl7(Box<hl7::Reader>),
    Table(Arc<Table>),
    Xml(Box<xml::Reader>),
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
            Reader::Xml(reader) => reader.read(bytes),
            Reader::Hl7(reader) => reader.read(bytes),
            Reader::Table(table) if header => table.read_header(bytes),
            Reader::Table(table) => table.read(bytes),
        }
    }

    /// The name of a field, as `--field` takes it.
    pub(crate) fn field_name(&self, field: u32) -> String {
        match self {
            Reader::Text => "text".to_owned(),
            Reader::Json(reader) => reader.field_name(field),
            Reader::Table(table) => table.field_name(field),
            Reader::Xml(reader) => reader.field_name(field),
            Reader::Hl7(reader) => reader.field_name(field),
        }
    }

    /// Whether the edited record is as sound as it was: parsers must not read anything else than values in it.
    pub(super) fn is_sound(&self, before: &[u8], after: &[u8], check: &mut Check) -> bool {
        match self {
            Reader::Json(_) => json::is_valid(after, &mut check.copy, &mut check.buffers),
            Reader::Xml(_) => xml::is_sound(before, after),
            Reader::Hl7(_) => hl7::is_sound(before, after),
            Reader::Text | Reader::Table(_) => true,
        }
    }
}
