//! Builds the dictionaries from their sources. Equal sources give equal bytes.

mod phrases;
mod source;
mod words;

use std::collections::BTreeMap;
use std::path::Path;

use super::manifest::{self, Manifest};
use super::numbers::Numbers;
use super::{DictionaryError, PHRASES, TABLES, WORDS, encode_tables};
use source::Sources;

/// Dictionaries built and not yet written.
pub struct Built {
    words: Vec<u8>,
    phrases: Vec<u8>,
    tables: Vec<u8>,
    manifest: Manifest,
}

impl Built {
    /// Builds from the folder of sources.
    ///
    /// # Errors
    ///
    /// A source that is missing, or has a line that does not fit its header.
    pub fn from_sources(dir: &Path) -> Result<Self, DictionaryError> {
        let sources = Sources::new(dir);
        let mut words = words::read(&sources)?;
        let phrases = phrases::read(&sources, &mut words)?;
        let numbers = numbers(&sources)?;

        let phrase_bytes = map(phrases.iter().map(|(key, phrase)| (key.as_slice(), phrase.0)), PHRASES)?;
        let (words, entries) = words.finish();
        let word_bytes = map(words.iter().map(|(key, index)| (key.as_slice(), *index)), WORDS)?;
        let tables = encode_tables(&numbers, &entries);
        let manifest = Manifest::new(
            &[
                (WORDS, &word_bytes, words.len()),
                (PHRASES, &phrase_bytes, phrases.len()),
                (TABLES, &tables, entries.len()),
            ],
            sources.counts(),
        );
        Ok(Self { words: word_bytes, phrases: phrase_bytes, tables, manifest })
    }

    /// The files by name.
    ///
    /// # Errors
    ///
    /// None in practice: a manifest is always JSON.
    pub fn files(&self) -> Result<BTreeMap<&'static str, Vec<u8>>, DictionaryError> {
        Ok(BTreeMap::from([
            (WORDS, self.words.clone()),
            (PHRASES, self.phrases.clone()),
            (TABLES, self.tables.clone()),
            (manifest::NAME, self.manifest.json()?.into_bytes()),
        ]))
    }

    /// Writes the files into a folder, the manifest last, so that a folder half written does not open.
    ///
    /// # Errors
    ///
    /// A file that cannot be written.
    pub fn write(&self, dir: &Path) -> Result<(), DictionaryError> {
        let write = |name: &str, bytes: &[u8]| {
            let path = dir.join(name);
            std::fs::write(&path, bytes).map_err(|source| DictionaryError::Write { path, source })
        };
        std::fs::create_dir_all(dir).map_err(|source| DictionaryError::Write { path: dir.to_owned(), source })?;
        for (name, bytes) in self.files()? {
            if name != manifest::NAME {
                write(name, &bytes)?;
            }
        }
        write(manifest::NAME, self.manifest.json()?.as_bytes())
    }

    /// Version, checksums and counts.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }
}

fn map<'a>(sorted: impl Iterator<Item = (&'a [u8], u64)>, file: &'static str) -> Result<Vec<u8>, DictionaryError> {
    let build = || {
        let mut builder = fst::MapBuilder::memory();
        for (key, value) in sorted {
            builder.insert(key, value)?;
        }
        builder.into_inner()
    };
    build().map_err(|source| DictionaryError::Fst { file, source })
}

fn numbers(sources: &Sources) -> Result<Numbers, DictionaryError> {
    let mut numbers = Numbers::new();
    for row in sources.open("zips", 2)?.rows() {
        let prefix: u32 = row.number(0)?;
        for tail in row.text(1).split(' ') {
            numbers.insert_zip(prefix * 100 + tail.parse::<u32>().map_err(|_| row.error("not two digits"))?);
        }
    }
    for row in sources.open("area_codes", 1)?.rows() {
        numbers.insert_area(row.number(0)?);
    }
    for row in sources.open("zip3", 5)?.rows() {
        numbers.insert_prefix(row.number(0)?, row.text(1) == "1", row.text(4));
    }
    Ok(numbers)
}
