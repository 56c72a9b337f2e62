//! Reads rows of delimited tables in place: comma, semicolon, pipe or tab; quoted fields with doubled quotes and line
//! ends in them.

mod dialect;
mod layout;

use std::borrow::Cow;

use memchr::memchr;

pub(crate) use self::dialect::RowEnd;
pub use self::dialect::{Dialect, Quoting};
use self::layout::Layout;
use super::field::{Field, Owner, Profile, Sibling, settle};
use super::select::Wanted;
use super::{Charset, Escape, Fault, Format, Part, Reason, Record, Segment, Select};
use crate::identifier::Hint;
use crate::span::Span;

/// A table: its dialect and columns.
#[derive(Clone, Debug)]
pub struct Table {
    dialect: Dialect,
    /// One for each column that a row may have.
    columns: Vec<Column>,
    /// The fewest columns that a row may have.
    least: usize,
    /// Whether a row holds the names of the columns.
    pub has_header: bool,
    header: Row,
    /// Lines before the header.
    preamble: Vec<Row>,
    /// Of rows without a character that tells.
    charset: Charset,
}

/// The bytes of a row that is told from others by them.
#[derive(Clone, Default)]
struct Row(Box<[u8]>);

// Titles and headers may hold text of records: a length only.
impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Row").field(&self.0.len()).finish()
    }
}

#[derive(Clone)]
struct Column {
    /// As the header has it; empty without one.
    name: Box<str>,
    /// What its name says, and its values where the name does not.
    field: Field,
    wanted: Wanted,
    /// The header's name is one that tables use.
    known: bool,
    /// Its values say whose record it is.
    patient: bool,
    part: Part,
    /// Values of its vocabulary, which never identify. Sorted.
    common: Vec<Box<str>>,
}

impl std::fmt::Debug for Column {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Column").field("field", &self.field).finish_non_exhaustive()
    }
}

impl Table {
    /// The table that starts so. `start` needs to hold the first row; of more than `SAMPLE` bytes the rest is not
    /// looked at, so that it does not matter how much was read.
    pub fn sniff(start: &[u8], format: Format, select: &Select) -> Self {
        let start = start.get(..SAMPLE).unwrap_or(start);
        let dialect = Dialect::sniff(start, format);
        let layout = Layout::of(start, dialect, select);
        let has_header = layout.header.is_some();
        let name = |at: usize| layout.names.get(at).map_or("", String::as_str);
        let mut fields: Vec<Field> = (0..layout.width.1).map(|at| Field::of(&[name(at)])).collect();
        let known: Vec<bool> = fields.iter().map(|field| field.is_known()).collect();
        let mut siblings = Sibling::default();
        fields.iter().for_each(|field| siblings |= field.sibling());
        for field in fields.iter_mut().filter(|field| field.is_plain_name() && siblings.is_thing()) {
            *field = Field::default();
        }
        let mut profiles: Vec<Profile> = fields.iter().map(|_| Profile::default()).collect();
        for row in &layout.rows {
            let charset = Charset::of(row.bytes);
            for (cell, profile) in row.cells.iter().zip(&mut profiles) {
                profile.add(&charset.decode(row.bytes.get(cell.start..cell.end).unwrap_or_default()));
            }
        }
        settle(&mut fields, &profiles);
        let owner = fields.iter().map(|field| field.owner()).max().filter(|owner| *owner != Owner::Nobody);
        let owner = owner.filter(|_| !select.has_patient());
        let owner = owner.and_then(|owner| fields.iter().position(|field| field.owner() == owner));
        let columns = fields
            .into_iter()
            .zip(profiles)
            .zip(known)
            .enumerate()
            .map(|(at, ((field, profile), known))| {
                let known = known || is_numbered(name(at));
                let wanted = select.column(name(at));
                let patient = wanted.patient || owner == Some(at);
                let common = if field.is_vocabulary() && !wanted.named { profile.common() } else { Vec::new() };
                Column { name: name(at).into(), field, wanted, known, patient, part: field.part(), common }
            })
            .collect();
        let utf8 = start.is_ascii() || layout.rows.iter().all(|row| Charset::of(row.bytes) == Charset::Utf8);
        let row = |bytes: &[u8]| Row(bytes.into());
        Self {
            dialect,
            columns,
            least: layout.width.0,
            has_header,
            header: layout.header.map(row).unwrap_or_default(),
            preamble: layout.preamble.into_iter().map(row).collect(),
            charset: if utf8 { Charset::Utf8 } else { Charset::Windows1252 },
        }
    }

    /// How it is written.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// What a column is called: its name in the header, or its place counted from 1.
    #[allow(dead_code)] // For `deidre inspect`.
    pub(crate) fn field_name(&self, field: u32) -> String {
        match self.columns.get(field as usize) {
            Some(column) if !column.name.is_empty() => column.name.to_string(),
            _ => format!("column {}", u64::from(field) + 1),
        }
    }

    /// Reads a row, line end not included. The header, wherever it stands, and lines before it are read as what they
    /// are: names that no table uses, and all of such lines, are searched like text.
    ///
    /// # Errors
    ///
    /// Faulty quoting, NUL bytes, or another number of columns than rows of this table have.
    pub fn read<'r>(&self, bytes: &'r [u8]) -> Result<Record<'r>, Fault> {
        if let Some(at) = memchr(0, bytes) {
            return Err(Fault::new(at, Reason::Binary));
        }
        let charset = if bytes.is_ascii() { self.charset } else { Charset::of(bytes) };
        let mut record = Record::new(bytes, charset);
        if bytes.is_empty() {
            return Ok(record);
        }
        let read = match *self.header.0 == *bytes {
            true => self.header(&mut record),
            false => self.row(&mut record),
        };
        match read {
            Err(fault) if !self.preamble.iter().any(|line| *line.0 == *bytes) => Err(fault),
            Err(_) => {
                record = Record::new(bytes, charset);
                let text = charset.decode(bytes);
                record.segments.push(Segment::new(Span::new(0, bytes.len()), text, Hint::Text, Escape::CsvBare));
                Ok(record)
            }
            Ok(()) => Ok(record),
        }
    }

    /// Reads the first row of a table that has a header.
    ///
    /// # Errors
    ///
    /// As [`Table::read`].
    pub fn read_header<'r>(&self, bytes: &'r [u8]) -> Result<Record<'r>, Fault> {
        self.read(bytes)
    }

    fn row(&self, record: &mut Record<'_>) -> Result<(), Fault> {
        record.segments.reserve(self.columns.len().min(MANY));
        let row = Cells { bytes: record.bytes, text: record.charset.as_text(record.bytes), charset: record.charset };
        let mut count = 0;
        for field in self.dialect.fields(record.bytes) {
            let (raw, quoted) = field?;
            let Some(column) = self.columns.get(count) else {
                return Err(Fault::new(raw.start, Reason::CsvColumnCount));
            };
            if !raw.is_empty() && (column.wanted.search || column.patient) {
                self.cell(record, column, count, quoted, raw, row.text(raw, quoted));
            }
            count += 1;
        }
        self.is_whole(count, record.bytes)
    }

    fn cell<'r>(
        &self,
        record: &mut Record<'r>,
        column: &Column,
        at: usize,
        quoted: bool,
        raw: Span,
        text: Cow<'r, str>,
    ) {
        let hint = column.field.hint(&text, false);
        if column.patient && (column.wanted.patient || matches!(hint, Hint::Whole(_))) {
            record.patient = Some(text.clone());
        }
        let hint = match hint {
            _ if !column.wanted.search => return,
            Hint::Skip if column.wanted.named => Hint::Text,
            Hint::Skip => return,
            Hint::Text if column.is_common(&text) => return,
            hint => hint,
        };
        let rule = column.wanted.rule;
        let part = if hint == Hint::Whole(crate::identifier::Label::Name) { column.part } else { Part::Unknown };
        record.segments.push(Segment { rule, part, field: at as u32, ..Segment::new(raw, text, hint, escape(quoted)) });
    }

    fn header(&self, record: &mut Record<'_>) -> Result<(), Fault> {
        let row = Cells { bytes: record.bytes, text: record.charset.as_text(record.bytes), charset: record.charset };
        for (count, field) in self.dialect.fields(record.bytes).enumerate() {
            let (raw, quoted) = field?;
            let known = self.columns.get(count).is_some_and(|column| column.known);
            if !known && !raw.is_empty() {
                let segment = Segment::new(raw, row.text(raw, quoted), Hint::Text, escape(quoted));
                record.segments.push(Segment { field: count as u32, ..segment });
            }
        }
        Ok(())
    }

    fn is_whole(&self, count: usize, bytes: &[u8]) -> Result<(), Fault> {
        match count >= self.least {
            true => Ok(()),
            false => Err(Fault::new(bytes.len(), Reason::CsvColumnCount)),
        }
    }
}

impl Column {
    fn is_common(&self, value: &str) -> bool {
        !self.common.is_empty() && self.common.binary_search_by(|common| (**common).cmp(value)).is_ok()
    }
}

/// The row whose cells are read.
#[derive(Clone, Copy)]
struct Cells<'r> {
    bytes: &'r [u8],
    /// The row as text, where it is UTF-8: checked once for all cells.
    text: Option<&'r str>,
    charset: Charset,
}

impl<'r> Cells<'r> {
    /// The text of a field.
    fn text(self, span: Span, quoted: bool) -> Cow<'r, str> {
        let text = match self.text.and_then(|row| row.get(span.start..span.end)) {
            Some(text) => Cow::Borrowed(text),
            None => self.charset.decode(self.bytes.get(span.start..span.end).unwrap_or_default()),
        };
        match quoted && text.contains('"') {
            true => Cow::Owned(text.replace("\"\"", "\"")),
            false => text,
        }
    }
}

/// `col3`, `f1`: a name that says nothing and is nobody's.
fn is_numbered(name: &str) -> bool {
    let letters = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = name.len() - letters.len();
    (1..=2).contains(&digits)
        && (1..=8).contains(&letters.len())
        && letters.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_')
}

fn escape(quoted: bool) -> Escape {
    if quoted { Escape::CsvQuoted } else { Escape::CsvBare }
}

/// Columns for whose cells room is made at once.
const MANY: usize = 64;
/// Bytes of an input's start that decide how all of it is read.
const SAMPLE: usize = (64 << 10) - 3;

#[cfg(test)]
mod tests;
