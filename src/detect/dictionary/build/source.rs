//! Reads sources: UTF-8, tab-separated, one header line, no quoting.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::detect::dictionary::DictionaryError;

/// The folder of sources.
pub(super) struct Sources {
    dir: PathBuf,
    counts: RefCell<BTreeMap<String, usize>>,
}

impl Sources {
    pub(super) fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), counts: RefCell::default() }
    }

    /// Reads `name`.tsv, every row of which must have that many columns.
    pub(super) fn open(&self, name: &'static str, columns: usize) -> Result<Table, DictionaryError> {
        let path = self.dir.join(name).with_extension("tsv");
        let text = std::fs::read_to_string(&path).map_err(|source| DictionaryError::Read { path, source })?;
        let table = Table { name, text };
        for row in table.rows() {
            if row.line.split('\t').count() != columns {
                return Err(row.error("wrong number of columns"));
            }
        }
        self.counts.borrow_mut().insert(name.to_owned(), table.rows().count());
        Ok(table)
    }

    /// Rows of each source that was read.
    pub(super) fn counts(&self) -> BTreeMap<String, usize> {
        self.counts.borrow().clone()
    }
}

/// A source in memory.
pub(super) struct Table {
    name: &'static str,
    text: String,
}

impl Table {
    pub(super) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        let file = self.name;
        self.text.lines().enumerate().skip(1).map(move |(n, line)| Row { file, number: n + 1, line })
    }
}

/// A line of a source.
pub(super) struct Row<'a> {
    file: &'static str,
    number: usize,
    line: &'a str,
}

impl<'a> Row<'a> {
    /// The column of that index; empty where there is none.
    pub(super) fn text(&self, column: usize) -> &'a str {
        self.line.split('\t').nth(column).unwrap_or_default()
    }

    pub(super) fn number<T: FromStr>(&self, column: usize) -> Result<T, DictionaryError> {
        self.text(column).parse().map_err(|_| self.error("not a number"))
    }

    pub(super) fn error(&self, what: &'static str) -> DictionaryError {
        DictionaryError::Source { file: self.file, line: self.number, what }
    }
}
