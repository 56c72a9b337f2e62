//! Dictionaries: what is known of words, phrases and numbers before any context is looked at.
//!
//! `deidre dictionary build` packs the sources under `dictionaries/sources` into two FSTs and a table; they are embedded
//! in the binary and read where they lie. A word's evidence is a set of weights ([`Entry`]), for the detector to weigh.

pub mod build;
mod cache;
mod entry;
mod error;
mod fold;
mod manifest;
mod numbers;
mod phrase;

use std::borrow::Cow;
use std::path::Path;

pub use cache::WordCache;
pub use entry::{Entry, FIRST, LAST, PER_MILLION, PLACE};
pub use error::DictionaryError;
pub use fold::fold;
pub use manifest::{File, Manifest};
pub use numbers::Zip3;
pub use phrase::Phrase;

use numbers::Numbers;

/// Words, phrases and numbers, ready to be asked. Shared between threads; each has a [`WordCache`] of its own.
pub struct Dictionary {
    /// Word to index in `entries`.
    words: Fst,
    phrases: Fst,
    entries: Box<[Entry]>,
    numbers: Numbers,
    manifest: Manifest,
}

type Fst = fst::Map<Cow<'static, [u8]>>;

impl Dictionary {
    /// The dictionaries in the binary, read in place.
    ///
    /// # Panics
    ///
    /// Never in a binary whose tests passed: the bytes are part of it.
    #[expect(clippy::expect_used, reason = "without dictionaries nothing may run; the bytes are tested with the build")]
    pub fn embedded() -> Self {
        let manifest = Manifest::parse(include_bytes!("../../../dictionaries/manifest.json"));
        manifest
            .and_then(|manifest| {
                Self::assemble(
                    Cow::Borrowed(include_bytes!("../../../dictionaries/words.fst")),
                    Cow::Borrowed(include_bytes!("../../../dictionaries/phrases.fst")),
                    include_bytes!("../../../dictionaries/tables.bin"),
                    manifest,
                )
            })
            .expect("embedded dictionaries")
    }

    /// The dictionaries in a folder that `deidre dictionary build` wrote.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, was built for another format, or does not have the checksum in `manifest.json`.
    pub fn open(dir: &Path) -> Result<Self, DictionaryError> {
        let read = |name: &str| {
            let path = dir.join(name);
            std::fs::read(&path).map_err(|source| DictionaryError::Read { path, source })
        };
        let manifest = Manifest::parse(&read(manifest::NAME)?)?;
        let verified = |name: &'static str| {
            let bytes = read(name)?;
            manifest.verify(name, &bytes)?;
            Ok::<_, DictionaryError>(bytes)
        };
        let (words, phrases, tables) = (verified(WORDS)?, verified(PHRASES)?, verified(TABLES)?);
        Self::assemble(Cow::Owned(words), Cow::Owned(phrases), &tables, manifest)
    }

    fn assemble(
        words: Cow<'static, [u8]>,
        phrases: Cow<'static, [u8]>,
        tables: &[u8],
        manifest: Manifest,
    ) -> Result<Self, DictionaryError> {
        let fst = |bytes, file| fst::Map::new(bytes).map_err(|source| DictionaryError::Fst { file, source });
        let (numbers, entries) = decode_tables(tables).ok_or(DictionaryError::Table { file: TABLES })?;
        Ok(Self { words: fst(words, WORDS)?, phrases: fst(phrases, PHRASES)?, entries, numbers, manifest })
    }

    /// What is known of a [folded](fold) word; the default where nothing is.
    ///
    /// Names with an apostrophe or a hyphen have an entry as written, one without the mark, and one for each part.
    #[inline]
    pub fn word(&self, folded: &[u8]) -> Entry {
        self.words.get(folded).and_then(|i| self.entries.get(i as usize)).copied().unwrap_or_default()
    }

    /// The longest phrase that starts with the first of `words`, and how many of them it takes. Words are folded; the
    /// marks between and inside them do not matter: `st.` `mary's` and `st` `marys` find the same.
    ///
    /// Worth asking only where [`Entry::starts_phrase`] says so of the first word (or of its first part).
    #[inline]
    pub fn phrase<'a>(&self, words: impl Iterator<Item = &'a [u8]>) -> Option<(usize, Phrase)> {
        phrase::longest(&self.phrases, words)
    }

    /// Whether a five-digit ZIP code is in use.
    #[inline]
    pub fn is_zip(&self, zip: u32) -> bool {
        self.numbers.is_zip(zip)
    }

    /// Whether a three-digit area code of the North American plan is in use, toll-free ones included.
    #[inline]
    pub fn is_area_code(&self, code: u16) -> bool {
        self.numbers.is_area(code)
    }

    /// What is known of a three-digit ZIP prefix; `None`, which must be treated as restricted, where nothing is.
    #[inline]
    pub fn zip3(&self, prefix: u16) -> Option<Zip3> {
        self.numbers.zip3(prefix)
    }

    /// Version, checksums and counts.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// ZIP codes, area codes and ZIP prefixes known.
    pub fn number_counts(&self) -> (usize, usize, usize) {
        self.numbers.counts()
    }

    /// Every word with its entry, in byte order.
    pub fn for_each_word(&self, mut f: impl FnMut(&[u8], Entry)) {
        use fst::Streamer;
        let mut stream = self.words.stream();
        while let Some((word, i)) = stream.next() {
            f(word, self.entries.get(i as usize).copied().unwrap_or_default());
        }
    }

    /// Every phrase with its kinds, in byte order.
    pub fn for_each_phrase(&self, mut f: impl FnMut(&[u8], Phrase)) {
        use fst::Streamer;
        let mut stream = self.phrases.stream();
        while let Some((phrase, value)) = stream.next() {
            f(phrase, Phrase(value));
        }
    }
}

impl std::fmt::Debug for Dictionary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dictionary")
            .field("words", &self.words.len())
            .field("phrases", &self.phrases.len())
            .finish_non_exhaustive()
    }
}

const WORDS: &str = "words.fst";
const PHRASES: &str = "phrases.fst";
/// The entries that words refer to, and the sets of numbers.
const TABLES: &str = "tables.bin";

/// `tables.bin`: the [`Numbers`], then the entries as little-endian integers.
fn encode_tables(numbers: &Numbers, entries: &[Entry]) -> Vec<u8> {
    let mut out = Vec::with_capacity(Numbers::LEN + entries.len() * 8);
    numbers.encode(&mut out);
    for entry in entries {
        out.extend_from_slice(&entry.0.to_le_bytes());
    }
    out
}

fn decode_tables(bytes: &[u8]) -> Option<(Numbers, Box<[Entry]>)> {
    let (numbers, entries) = bytes.split_at_checked(Numbers::LEN)?;
    let (entries, rest) = entries.as_chunks::<8>();
    rest.is_empty().then_some(())?;
    let entries = entries.iter().map(|bytes| Entry(u64::from_le_bytes(*bytes))).collect();
    Some((Numbers::decode(numbers)?, entries))
}
