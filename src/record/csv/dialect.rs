//! How a table is written: its delimiter and quoting, and where its rows and fields end.

use memchr::{memchr, memchr3, memmem};

use crate::record::{Fault, Format, Reason, near};
use crate::span::Span;

/// How a table is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Dialect {
    /// Between fields.
    pub delimiter: u8,
    /// Whether fields may stand in quotes.
    pub quoting: Quoting,
}

/// How fields are quoted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Quoting {
    /// Not at all: a quote is a character like others.
    None,
    /// In double quotes from the first to the last byte of the field (RFC 4180).
    Double,
    /// In double quotes, with spaces around them.
    Padded,
}

impl Dialect {
    /// The dialect that cuts the first rows into the most columns, the same number in most of them.
    pub fn sniff(start: &[u8], format: Format) -> Self {
        if format == Format::Tsv {
            return tabs(start);
        }
        let mut best = (0, 0, Self { delimiter: b',', quoting: Quoting::Double });
        let mut weigh = |delimiter: u8, least: usize| {
            let dialect = match delimiter {
                b'\t' => tabs(start),
                delimiter => quotes(delimiter, start),
            };
            let (same, width) = dialect.fit(start);
            if width >= least && (same, width) > (best.0, best.1) {
                best = (same, width, dialect);
            }
        };
        for delimiter in *b",;\t|" {
            weigh(delimiter, 2);
        }
        // Rarer ones, only where none of those cuts most rows alike.
        if best.0 < 12 {
            best.0 = 15;
            let (before, mut better) = (best, best);
            for delimiter in *b"^~\x1f\x01" {
                let dialect = Self { delimiter, quoting: Quoting::Double };
                let (same, width) = dialect.fit(start);
                if width >= 3 && dialect.widths(start).len() >= 2 && (same, width) > (better.0, better.1) {
                    better = (same, width, dialect);
                }
            }
            best = if better.0 == 16 { better } else { before };
        }
        best.2
    }

    /// How many sixteenths of the first rows have the width that most have, and that width.
    fn fit(self, start: &[u8]) -> (usize, usize) {
        let widths = self.widths(start);
        let width = mode(&widths);
        (widths.iter().filter(|w| **w == width).count() * 16 / widths.len().max(1), width)
    }

    /// The number of columns of each of the first rows.
    pub(crate) fn widths(self, start: &[u8]) -> Vec<usize> {
        self.rows(start, 60).map(|row| self.fields(row).count()).collect()
    }

    /// The first rows, at most so many, without empty ones and without one that is cut off at the end, unless it is the
    /// only one.
    pub(super) fn rows(self, start: &[u8], most: usize) -> impl Iterator<Item = &[u8]> {
        let mut rest = start;
        let mut any = false;
        std::iter::from_fn(move || {
            while !rest.is_empty() {
                let (row, next) = match RowEnd::default().advance(self, rest, 0) {
                    Some((end, next)) => (rest.get(..end).unwrap_or_default(), next),
                    None if any => return None,
                    None => (rest, rest.len()),
                };
                rest = rest.get(next..).unwrap_or_default();
                if !row.is_empty() {
                    any = true;
                    return Some(row);
                }
            }
            None
        })
        .take(most)
    }

    /// The fields of a row.
    pub(super) fn fields(self, row: &[u8]) -> Fields<'_> {
        Fields { dialect: self, row, at: Some(0) }
    }
}

/// The width that most rows have; of several the largest.
pub(super) fn mode(widths: &[usize]) -> usize {
    let count = |width: usize| widths.iter().filter(|w| **w == width).count();
    widths.iter().copied().max_by_key(|width| (count(*width), *width)).unwrap_or(0)
}

/// Quotes with spaces around them where they make more rows alike.
fn quotes(delimiter: u8, start: &[u8]) -> Dialect {
    let plain = Dialect { delimiter, quoting: Quoting::Double };
    let padded = Dialect { delimiter, quoting: Quoting::Padded };
    if memmem::find(start, &[delimiter, b' ', b'"']).is_some() && padded.fit(start).0 > plain.fit(start).0 {
        return padded;
    }
    plain
}

/// Tables between tabs mostly have no quoting; spreadsheets quote fields that hold tabs, quotes or line ends.
fn tabs(start: &[u8]) -> Dialect {
    let plain = Dialect { delimiter: b'\t', quoting: Quoting::None };
    let quoted = Dialect { delimiter: b'\t', quoting: Quoting::Double };
    if memchr(b'"', start).is_none() {
        return plain;
    }
    let sound = quoted.rows(start, 60).all(|row| quoted.fields(row).all(|field| field.is_ok()));
    let ((same, width), (quoted_same, quoted_width)) = (plain.fit(start), quoted.fit(start));
    // Every field in quotes, or rows that only quotes make alike.
    let always = || plain.rows(start, 60).all(|row| row.starts_with(b"\"") && row.ends_with(b"\""));
    if sound && quoted_width >= 2 && quoted_same == 16 && (same < 16 || width == quoted_width && always()) {
        return quoted;
    }
    plain
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
    /// carriage return at the very end of the buffer is not taken as a row end, see [`RowEnd::resume`].
    pub(crate) fn advance(&mut self, dialect: Dialect, buffer: &[u8], mut at: usize) -> Option<(usize, usize)> {
        // Most rows have no quotes: they end where their line does.
        if self.state == RowState::FieldStart {
            let line = memchr::memchr2(b'\n', b'\r', buffer.get(at..)?).and_then(|end| buffer.get(at..at + end));
            if let Some(line) = line.filter(|line| memchr(b'"', line).is_none()) {
                self.state = RowState::Bare;
                at += line.len();
            }
        }
        loop {
            let rest = buffer.get(at..).unwrap_or_default();
            match self.state {
                RowState::FieldStart if rest.is_empty() => return None,
                RowState::FieldStart if dialect.quoting == Quoting::Padded && rest.starts_with(b" ") => at += 1,
                RowState::FieldStart if dialect.quoting != Quoting::None && rest.starts_with(b"\"") => {
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
                    // Without quotes nothing but a line end matters.
                    let end = at
                        + match dialect.quoting {
                            Quoting::None => memchr::memchr2(b'\n', b'\r', rest)?,
                            _ => memchr3(dialect.delimiter, b'\n', b'\r', rest)?,
                        };
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

/// The fields of a row, one after the other.
pub(super) struct Fields<'a> {
    dialect: Dialect,
    row: &'a [u8],
    at: Option<usize>,
}

/// A field: its text without quotes, and whether it stood in quotes; or what is wrong with it.
pub(super) type FieldResult = Result<(Span, bool), Fault>;

impl Fields<'_> {
    /// The field whose quotes open before `start`.
    fn quoted(&mut self, start: usize) -> FieldResult {
        let mut at = start;
        let end = loop {
            let Some(quote) = memchr(b'"', self.row.get(at..).unwrap_or_default()) else {
                self.at = None;
                return Err(Fault::new(start - 1, Reason::CsvOpenQuote));
            };
            at += quote;
            if self.row.get(at + 1) != Some(&b'"') {
                break at;
            }
            at += 2;
        };
        let after = end + 1 + self.padding(end + 1);
        self.at = match self.row.get(after) {
            None => None,
            Some(b) if *b == self.dialect.delimiter => Some(after + 1),
            Some(_) => {
                self.at = None;
                return Err(Fault::new(after, Reason::CsvTextAfterQuote));
            }
        };
        Ok((Span::new(start, end), true))
    }

    /// How many spaces stand at that place, where they may.
    fn padding(&self, at: usize) -> usize {
        match self.dialect.quoting {
            Quoting::Padded => self.row.get(at..).unwrap_or_default().iter().take_while(|b| **b == b' ').count(),
            _ => 0,
        }
    }
}

impl Iterator for Fields<'_> {
    type Item = FieldResult;

    #[inline]
    fn next(&mut self) -> Option<FieldResult> {
        let start = self.at?;
        let rest = self.row.get(start..)?;
        if self.dialect.quoting != Quoting::None {
            let open = start + self.padding(start);
            if self.row.get(open) == Some(&b'"') {
                return Some(self.quoted(open + 1));
            }
        }
        let length = near::find(self.dialect.delimiter, rest);
        self.at = length.map(|l| start + l + 1);
        Some(Ok((Span::new(start, start + length.unwrap_or(rest.len())), false)))
    }
}
