//! Reads rows of delimited tables in place: comma, semicolon, pipe or tab; quoted fields with doubled quotes and line
//! ends in them. Tab-separated tables have no quoting.

use std::borrow::Cow;

use memchr::{memchr, memchr2, memchr3};

use super::field::{Field, Sibling};
use super::select::Wanted;
use super::{Charset, Escape, Fault, Format, Reason, Record, Segment, Select};
use crate::identifier::Hint;
use crate::span::Span;

/// How a table is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Dialect {
    /// Between fields.
    pub delimiter: u8,
    /// Whether a field may stand in double quotes.
    pub quoted: bool,
}

impl Dialect {
    /// The dialect that cuts the first rows into the most columns, the same number in each.
    pub fn sniff(start: &[u8], format: Format) -> Self {
        if format == Format::Tsv {
            return Self { delimiter: b'\t', quoted: false };
        }
        let mut best = (0, 0, Self { delimiter: b',', quoted: true });
        for delimiter in *b",;\t|" {
            let dialect = Self { delimiter, quoted: delimiter != b'\t' };
            let widths = dialect.widths(start);
            let Some(first) = widths.first().copied().filter(|w| *w > 1) else { continue };
            let same = widths.iter().filter(|w| **w == first).count() * 16 / widths.len();
            if (same, first) > (best.0, best.1) {
                best = (same, first, dialect);
            }
        }
        best.2
    }

    /// The number of columns of each of the first rows.
    pub(crate) fn widths(self, start: &[u8]) -> Vec<usize> {
        let mut widths = Vec::new();
        let mut rest = start;
        while widths.len() < 20 && !rest.is_empty() {
            let mut row = RowEnd::default();
            let end = match row.advance(self, rest, 0) {
                Some((end, next)) => {
                    let width = self.fields(rest.get(..end).unwrap_or_default()).count();
                    if end > 0 {
                        widths.push(width);
                    }
                    next
                }
                None if widths.is_empty() => {
                    widths.push(self.fields(rest).count());
                    rest.len()
                }
                None => rest.len(),
            };
            rest = rest.get(end..).unwrap_or_default();
        }
        widths
    }

    /// The fields of a row.
    fn fields(self, row: &[u8]) -> Fields<'_> {
        Fields { dialect: self, row, at: Some(0) }
    }
}

/// Looks for the end of a row, over as many buffers as it takes.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct RowEnd {
    state: RowState,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
enum RowState {
    #[default]
    FieldStart,
    Bare,
    Quoted,
    /// A quote in a quoted field: its end, or the first of two.
    Quote,
}

impl RowEnd {
    /// From `at` on, the end of the row's text and the start of the next row; `None` when the buffer does not hold it. A
    /// carriage return at the very end of the buffer is not taken as a row end, see [`RowEnd::finish`].
    pub(crate) fn advance(&mut self, dialect: Dialect, buffer: &[u8], mut at: usize) -> Option<(usize, usize)> {
        loop {
            let rest = buffer.get(at..).unwrap_or_default();
            match self.state {
                RowState::FieldStart if rest.is_empty() => return None,
                RowState::FieldStart if dialect.quoted && rest.starts_with(b"\"") => {
                    self.state = RowState::Quoted;
                    at += 1;
                }
                RowState::FieldStart => self.state = RowState::Bare,
                RowState::Quoted => {
                    at += memchr(b'"', rest)? + 1;
                    self.state = RowState::Quote;
                }
                RowState::Quote if rest.is_empty() => return None,
                RowState::Quote if rest.starts_with(b"\"") => {
                    self.state = RowState::Quoted;
                    at += 1;
                }
                RowState::Quote => self.state = RowState::Bare,
                RowState::Bare => {
                    let end = at + memchr3(dialect.delimiter, b'\n', b'\r', rest)?;
                    match buffer.get(end..end + 2) {
                        _ if buffer.get(end) == Some(&dialect.delimiter) => {
                            self.state = RowState::FieldStart;
                            at = end + 1;
                        }
                        _ if buffer.get(end) == Some(&b'\n') => return self.done(end, end + 1),
                        Some(b"\r\n") => return self.done(end, end + 2),
                        Some(_) => return self.done(end, end + 1),
                        // What follows the carriage return is not read yet.
                        None => return None,
                    }
                }
            }
        }
    }

    fn done(&mut self, end: usize, next: usize) -> Option<(usize, usize)> {
        self.state = RowState::FieldStart;
        Some((end, next))
    }

    /// Where scanning must go on when [`RowEnd::advance`] found nothing: at the end, but for a last carriage return.
    pub(crate) fn resume(self, buffer: &[u8]) -> usize {
        let undecided = self.state == RowState::Bare && buffer.last() == Some(&b'\r');
        buffer.len() - usize::from(undecided)
    }
}

struct Fields<'a> {
    dialect: Dialect,
    row: &'a [u8],
    at: Option<usize>,
}

/// A field: its text without quotes, and whether it stood in quotes; or what is wrong with it.
type FieldResult = Result<(Span, bool), Fault>;

impl Iterator for Fields<'_> {
    type Item = FieldResult;

    fn next(&mut self) -> Option<FieldResult> {
        let start = self.at?;
        let rest = self.row.get(start..)?;
        if self.dialect.quoted && rest.first() == Some(&b'"') {
            let mut at = start + 1;
            let end = loop {
                let Some(quote) = memchr(b'"', self.row.get(at..).unwrap_or_default()) else {
                    self.at = None;
                    return Some(Err(Fault::new(start, Reason::CsvOpenQuote)));
                };
                at += quote;
                if self.row.get(at + 1) != Some(&b'"') {
                    break at;
                }
                at += 2;
            };
            self.at = match self.row.get(end + 1) {
                None => None,
                Some(b) if *b == self.dialect.delimiter => Some(end + 2),
                Some(_) => {
                    self.at = None;
                    return Some(Err(Fault::new(end + 1, Reason::CsvTextAfterQuote)));
                }
            };
            return Some(Ok((Span::new(start + 1, end), true)));
        }
        let length = memchr(self.dialect.delimiter, rest);
        self.at = length.map(|l| start + l + 1);
        Some(Ok((Span::new(start, start + length.unwrap_or(rest.len())), false)))
    }
}

/// A table: its dialect and columns.
#[derive(Clone, Debug)]
pub struct Table {
    dialect: Dialect,
    columns: Vec<Column>,
    /// Whether the first row holds the names of the columns.
    pub has_header: bool,
    named_by_header: bool,
}

#[derive(Clone, Copy, Debug)]
struct Column {
    field: Field,
    wanted: Wanted,
    plain_name: bool,
}

impl Table {
    /// The table that starts so. `start` needs to hold the first row.
    pub fn sniff(start: &[u8], format: Format, select: &Select) -> Self {
        let dialect = Dialect::sniff(start, format);
        let end = RowEnd::default().advance(dialect, start, 0).map_or(start.len(), |(end, _)| end);
        let row = start.get(..end).unwrap_or_default();
        let charset = Charset::of(row);
        let names: Vec<String> = dialect
            .fields(row)
            .map(|field| field.map_or(String::new(), |(span, _)| cell(row, span, charset).trim().to_string()))
            .collect();
        let has_header = names.iter().all(|name| is_column_name(name))
            && (names.iter().any(|name| Field::of(&[name]).is_known())
                || names.iter().any(|name| select.column(name).named));
        let columns: Vec<Column> = names
            .iter()
            .map(|name| {
                let name = if has_header { name.as_str() } else { "" };
                let field = Field::of(&[name]);
                Column { field, wanted: select.column(name), plain_name: field.is_plain_name() }
            })
            .collect();
        let mut siblings = Sibling::default();
        columns.iter().for_each(|c| siblings |= c.field.sibling());
        let columns = columns
            .into_iter()
            .map(|c| Column {
                field: if c.plain_name && siblings.is_thing() { Field::default() } else { c.field },
                ..c
            })
            .collect();
        Self { dialect, columns, has_header, named_by_header: has_header }
    }

    /// How it is written.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Reads a row, line end not included.
    ///
    /// # Errors
    ///
    /// Faulty quoting, NUL bytes, or another number of columns than the first row has.
    pub fn read<'r>(&self, bytes: &'r [u8]) -> Result<Record<'r>, Fault> {
        self.row(bytes, false)
    }

    /// Reads the first row of a table that has a header: names that no table uses are searched like text.
    ///
    /// # Errors
    ///
    /// As [`Table::read`].
    pub fn read_header<'r>(&self, bytes: &'r [u8]) -> Result<Record<'r>, Fault> {
        self.row(bytes, self.named_by_header)
    }

    fn row<'r>(&self, bytes: &'r [u8], header: bool) -> Result<Record<'r>, Fault> {
        if let Some(at) = memchr(0, bytes) {
            return Err(Fault::new(at, Reason::Binary));
        }
        let charset = Charset::of(bytes);
        let mut record = Record { bytes, charset, segments: Vec::new(), patient: None };
        if bytes.is_empty() {
            return Ok(record);
        }
        let mut count = 0;
        for field in self.dialect.fields(bytes) {
            let (raw, quoted) = field?;
            let Some(column) = self.columns.get(count) else {
                return Err(Fault::new(raw.start, Reason::CsvColumnCount));
            };
            count += 1;
            if raw.is_empty() || !column.wanted.any() && !header {
                continue;
            }
            let mut text = charset.decode(bytes.get(raw.start..raw.end).unwrap_or_default());
            if quoted && text.contains('"') {
                text = Cow::Owned(text.replace("\"\"", "\""));
            }
            if header {
                if !column.field.is_known() {
                    record.segments.push(Segment { raw, text, hint: Hint::Text, escape: escape(quoted), rule: None });
                }
                continue;
            }
            if column.wanted.patient {
                record.patient = Some(text.clone());
            }
            if column.wanted.search {
                let hint = match column.field.hint(&text, false) {
                    Hint::Skip if column.wanted.named => Hint::Text,
                    hint => hint,
                };
                if hint != Hint::Skip {
                    record.segments.push(Segment { raw, text, hint, escape: escape(quoted), rule: column.wanted.rule });
                }
            }
        }
        if count != self.columns.len() {
            return Err(Fault::new(bytes.len(), Reason::CsvColumnCount));
        }
        Ok(record)
    }
}

fn escape(quoted: bool) -> Escape {
    if quoted { Escape::CsvQuoted } else { Escape::CsvBare }
}

fn cell(row: &[u8], span: Span, charset: Charset) -> Cow<'_, str> {
    charset.decode(row.get(span.start..span.end).unwrap_or_default())
}

/// Short, with letters, and without what values have: long numbers, dates, mail addresses.
fn is_column_name(name: &str) -> bool {
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    name.is_empty()
        || name.chars().count() <= 48
            && digits <= 4
            && name.split_whitespace().count() <= 6
            && name.chars().any(char::is_alphabetic)
            && memchr2(b'@', b'\n', name.as_bytes()).is_none()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::identifier::Label;

    fn texts(table: &Table, row: &[u8]) -> Vec<(String, Hint)> {
        table.read(row).unwrap().segments.into_iter().map(|s| (s.text.into_owned(), s.hint)).collect()
    }

    #[test]
    fn dialects_are_found() {
        for (start, delimiter) in [
            (&b"a,b,c\n1,2,3\n"[..], b','),
            (b"a;b;c\n1,5;2;3\n", b';'),
            (b"a\tb\n\"x\ty\n", b'\t'),
            (b"a|b|c\r\nx, y|2|3\r\n", b'|'),
            (b"\"a,b\";\"c\"\n\"1,2\";3\n", b';'),
            (b"alone\n1\n", b','),
        ] {
            assert_eq!(Dialect::sniff(start, Format::Csv).delimiter, delimiter, "{}", String::from_utf8_lossy(start));
        }
    }

    #[test]
    fn rows_end_outside_quotes_only() {
        let dialect = Dialect { delimiter: b',', quoted: true };
        for (text, ends) in [
            (&b"a,b\nc"[..], Some((3, 4))),
            (b"a,\"b\nc\"\r\nd", Some((7, 9))),
            (b"a,\"b\"\"\n\"\nd", Some((8, 9))),
            (b"a\rb", Some((1, 2))),
            (b"a\r", None),
            (b"a,\"b\n", None),
            (b"5\" x,b\nc", Some((6, 7))),
        ] {
            assert_eq!(RowEnd::default().advance(dialect, text, 0), ends);
            // The same when the bytes come one by one.
            let mut row = RowEnd::default();
            let mut at = 0;
            let mut found = None;
            for end in 1..=text.len() {
                found = row.advance(dialect, &text[..end], at);
                if found.is_some() {
                    break;
                }
                at = row.resume(&text[..end]);
            }
            assert_eq!(found, ends);
        }
    }

    #[test]
    fn columns_give_hints() {
        let start = b"mrn,NOTE,units,result\n00482913,\"said \"\"hi\"\"\",mg/dL,1.50\n";
        let table = Table::sniff(start, Format::Csv, &Select::all());
        assert!(table.has_header);
        assert_eq!(
            texts(&table, b"00482913,\"said \"\"hi\"\"\",mg/dL,1.50"),
            [("00482913".into(), Hint::Whole(Label::Mrn)), ("said \"hi\"".into(), Hint::Text)]
        );
    }

    #[test]
    fn faulty_rows_are_refused() {
        let table = Table::sniff(b"mrn,note\n", Format::Csv, &Select::all());
        for (row, reason, offset) in [
            (&b"1"[..], Reason::CsvColumnCount, 1),
            (b"1,2,3", Reason::CsvColumnCount, 4),
            (b"1,\"2", Reason::CsvOpenQuote, 2),
            (b"\"1\"x,2", Reason::CsvTextAfterQuote, 3),
            (b"1,\0", Reason::Binary, 2),
        ] {
            assert_eq!(table.read(row).unwrap_err(), Fault::new(offset, reason));
        }
        assert!(table.read(b"").unwrap().segments.is_empty());
    }

    #[test]
    fn a_first_row_of_data_is_no_header() {
        for (start, header) in [
            (&b"name,dob\nx,y\n"[..], true),
            (b"Foley,1967-07-29\n", false),
            (b"Foley,Winifred\nBanks,Will\n", false),
            (b"\"Full Nm\",Tel.\n", true),
        ] {
            let table = Table::sniff(start, Format::Csv, &Select::all());
            assert_eq!(table.has_header, header, "{}", String::from_utf8_lossy(start));
        }
        // In a header, what is no known name is searched.
        let table = Table::sniff(b"Foley,Spouse,mrn\n", Format::Csv, &Select::all());
        let header = table.read_header(b"Foley,Spouse,mrn").unwrap();
        assert_eq!(header.segments.len(), 1);
        assert_eq!(header.segments[0].text, "Foley");
    }
}
