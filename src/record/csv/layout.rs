//! What the first rows of a table say of all: lines before its header, the header, the width of its rows.

use super::dialect::{Dialect, mode};
use crate::record::field::Field;
use crate::record::{Charset, Select};
use crate::span::Span;

/// The first rows of a table, and what they are.
pub(super) struct Layout<'s> {
    /// Lines before the table.
    pub(super) preamble: Vec<&'s [u8]>,
    /// The row that holds the names of the columns.
    pub(super) header: Option<&'s [u8]>,
    /// One for each column that a row may have; empty without a header.
    pub(super) names: Vec<String>,
    /// Rows of data.
    pub(super) rows: Vec<Sample<'s>>,
    /// The fewest and the most columns that a row may have.
    pub(super) width: (usize, usize),
}

/// A row with its cells.
pub(super) struct Sample<'s> {
    pub(super) bytes: &'s [u8],
    pub(super) cells: Vec<Span>,
}

impl<'s> Layout<'s> {
    pub(super) fn of(start: &'s [u8], dialect: Dialect, select: &Select) -> Self {
        let mut rows: Vec<Sample<'s>> = dialect
            .rows(start, ROWS)
            .filter_map(|bytes| {
                let cells: Result<Vec<Span>, _> =
                    dialect.fields(bytes).map(|cell| cell.map(|(span, _)| span)).collect();
                Some(Sample { bytes, cells: cells.ok()? })
            })
            .collect();
        let widths: Vec<usize> = rows.iter().map(|row| row.cells.len()).collect();
        let width = mode(&widths);
        let first = widths.iter().position(|w| *w == width).unwrap_or(0);
        let first = if first <= PREAMBLE { first } else { 0 };
        // A header with a delimiter more or less than the rows have at their ends.
        let named = (0..=first).find(|at| {
            let Some(row) = rows.get(*at) else { return false };
            let near = row.cells.len().abs_diff(width) <= 1 && row.cells.len() > 1;
            near && row.cells.len() != width && is_header(&names(row), rows.get(at + 1..).unwrap_or_default(), select)
        });
        let named = named.filter(|at| rows.get(*at).is_some_and(|row| is_open_ended(row, &rows, width)));
        // Lines that are as wide as the table but mostly empty: spreadsheets fill titles up with delimiters.
        let padded = (first..first + PREAMBLE)
            .take_while(|at| rows.get(*at).is_some_and(|row| row.cells.len() == width && is_title(row)))
            .count();
        let candidate = named.unwrap_or(first + padded);
        let header = rows
            .get(candidate)
            .filter(|row| is_header(&names(row), rows.get(candidate + 1..).unwrap_or_default(), select));
        let Some(row) = header else {
            let data = rows.split_off(first);
            let preamble = rows.iter().map(|row| row.bytes).collect();
            return Self { preamble, header: None, names: Vec::new(), rows: data, width: (width, width) };
        };
        let (bytes, mut names) = (row.bytes, names(row));
        let widest = names.len().max(width);
        let least = match names.len() {
            length if length == width => width,
            length => length.min(width),
        };
        names.resize(widest, String::new());
        let data = rows.split_off(candidate + 1);
        let preamble = rows.iter().take(candidate).map(|row| row.bytes).collect();
        Self { preamble, header: Some(bytes), names, rows: data, width: (least, widest) }
    }
}

fn names(row: &Sample<'_>) -> Vec<String> {
    let charset = Charset::of(row.bytes);
    row.cells.iter().map(|span| text(row.bytes, *span, charset).trim().to_string()).collect()
}

fn text(row: &[u8], span: Span, charset: Charset) -> String {
    charset.decode(row.get(span.start..span.end).unwrap_or_default()).replace("\"\"", "\"")
}

/// Whether a header of another width differs from the rows only by an empty last column.
fn is_open_ended(header: &Sample<'_>, rows: &[Sample<'_>], width: usize) -> bool {
    if header.cells.len() > width {
        return header.cells.last().is_some_and(|cell| cell.is_empty());
    }
    rows.iter().filter(|row| row.cells.len() == width).all(|row| row.cells.last().is_some_and(|cell| cell.is_empty()))
}

/// One cell at most has text in a row of several.
fn is_title(row: &Sample<'_>) -> bool {
    row.cells.len() > 2 && row.cells.iter().filter(|cell| !cell.is_empty()).count() <= 1
}

/// Whether a row with these cells, above those rows, holds names of columns.
fn is_header(names: &[String], rows: &[Sample<'_>], select: &Select) -> bool {
    let given: Vec<&String> = names.iter().filter(|name| !name.is_empty()).collect();
    if given.is_empty() || !names.iter().all(|name| is_column_name(name)) {
        return false;
    }
    if given.iter().any(|name| select.column(name).named) {
        return true;
    }
    let known = given.iter().filter(|name| Field::of(&[name]).is_known()).count();
    // A header that comes again says nothing of the values.
    let data: Vec<&Sample<'_>> = rows.iter().filter(|row| self::names(row) != names).collect();
    let (mut repeated, mut unlike) = (0, 0);
    for (column, name) in names.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
        let cells = || {
            data.iter().filter(|row| row.cells.len() == names.len()).filter_map(|row| {
                row.cells.get(column).map(|span| row.bytes.get(span.start..span.end).unwrap_or_default())
            })
        };
        let filled = || cells().filter(|cell| !cell.is_empty());
        let digits =
            filled().filter(|cell| cell.iter().filter(|b| b.is_ascii_digit()).count() * 2 >= cell.len()).count();
        let count = filled().count();
        repeated += usize::from(filled().filter(|cell| *cell == name.as_bytes()).count() * 4 > count);
        unlike += usize::from(
            count > 0 && digits * 10 >= count * 8 && name.bytes().filter(u8::is_ascii_digit).count() * 2 < name.len(),
        );
    }
    // Most names are known, or values of another make than names stand below.
    repeated == 0 && (known * 2 >= given.len() || unlike > 0 && (known > 0 || unlike * 4 >= given.len()))
}

/// Short, with letters, and without what values have: long numbers, dates, mail addresses.
fn is_column_name(name: &str) -> bool {
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    name.is_empty()
        || name.chars().count() <= 64
            && digits <= 4
            && name.split_whitespace().count() <= 8
            && name.chars().any(char::is_alphabetic)
            && memchr::memchr2(b'@', b'\n', name.as_bytes()).is_none()
}

/// Rows that are looked at.
const ROWS: usize = 200;

/// Lines before a table at most.
const PREAMBLE: usize = 16;
