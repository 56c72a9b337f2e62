//! Words to piece ids, as BERT's uncased tokenizer does it.

use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::bert::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::{
    Model, NormalizedString, Normalizer, OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer,
};

use super::load::LoadError;

/// Stands before each sequence.
pub(super) const CLS: u32 = 101;
/// Stands behind each sequence.
pub(super) const SEP: u32 = 102;
/// A word that the vocabulary cannot spell.
pub(super) const UNKNOWN: u32 = 100;

/// The pieces a model knows.
pub(super) struct Vocabulary {
    pieces: WordPiece,
    most: usize,
}

impl Vocabulary {
    /// Reads `vocab.txt`: one piece a line, `size` in all. A word becomes at most `most` pieces.
    pub(super) fn read(bytes: &[u8], size: usize, most: usize) -> Result<Self, LoadError> {
        let ids = WordPiece::read_bytes(bytes).map_err(|_| LoadError::Vocabulary)?;
        let special = [("[UNK]", UNKNOWN), ("[CLS]", CLS), ("[SEP]", SEP)];
        // A piece that stands twice would have two ids.
        if ids.len() != size || special.iter().any(|(piece, id)| ids.get(*piece) != Some(id)) {
            return Err(LoadError::Vocabulary);
        }
        let pieces = WordPiece::builder().vocab(ids).build().map_err(|_| LoadError::Vocabulary)?;
        Ok(Self { pieces, most })
    }

    /// Appends the pieces of `word`: one at least.
    pub(super) fn pieces(&self, word: &str, cache: &mut Pieces, out: &mut Vec<u32>) {
        let Some(place) = cache.place(word) else { return self.spell(word, out) };
        if !place.is_of(word) {
            let from = out.len();
            self.spell(word, out);
            return place.keep(word, &out[from..]);
        }
        let Place { ids, count, .. } = place;
        out.extend(ids.iter().take(usize::from(*count)).map(|id| u32::from(*id)));
    }

    fn spell(&self, word: &str, out: &mut Vec<u32>) {
        let from = out.len();
        // What lies beyond the pieces of a word is not read; a word of megabytes need not be spelt to its end.
        let end = word.char_indices().nth(CHARACTERS).map_or(word.len(), |(at, _)| at);
        if self.try_spell(&word[..end], out).is_none() {
            out.truncate(from);
        }
        out.truncate(from + self.most);
        if out.len() == from {
            out.push(UNKNOWN);
        }
    }

    fn try_spell(&self, word: &str, out: &mut Vec<u32>) -> Option<()> {
        // What neither accents nor punctuation can cut: small letters are all that it takes.
        if word.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            let small = word.to_ascii_lowercase();
            out.extend(self.pieces.tokenize(&small).ok()?.iter().map(|token| token.id));
            return Some(());
        }
        let mut normal = NormalizedString::from(word);
        BertNormalizer::default().normalize(&mut normal).ok()?;
        let mut parts = PreTokenizedString::from(normal);
        BertPreTokenizer.pre_tokenize(&mut parts).ok()?;
        for (part, _, _) in parts.get_splits(OffsetReferential::Normalized, OffsetType::Byte) {
            out.extend(self.pieces.tokenize(part).ok()?.iter().map(|token| token.id));
        }
        Some(())
    }
}

/// Pieces of words met before, one a thread. Holds text: it has no `Debug`. A word that comes to a place takes it.
#[derive(Default)]
pub(super) struct Pieces {
    places: Vec<Place>,
}

/// A word and its pieces: half a line of the processor's caches.
#[derive(Clone, Copy, Default)]
#[repr(align(32))]
struct Place {
    ids: [u16; 4],
    /// Padded with zeros.
    word: [u8; ROOM],
    /// Of the word, in bytes; 0 where there is none.
    length: u8,
    count: u8,
}

impl Pieces {
    /// Where the word stands if it is known; nowhere when it is too long.
    fn place(&mut self, word: &str) -> Option<&mut Place> {
        if word.is_empty() || word.len() > ROOM {
            return None;
        }
        if self.places.is_empty() {
            self.places.resize(WORDS, Place::default());
        }
        let numbers = word.as_bytes().chunks(8).map(|chunk| {
            let mut eight = [0; 8];
            eight[..chunk.len()].copy_from_slice(chunk);
            u64::from_le_bytes(eight)
        });
        let hash =
            numbers.fold(0, |hash: u64, number| (hash.rotate_left(29) ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        self.places.get_mut((hash >> 40) as usize % WORDS)
    }
}

impl Place {
    fn is_of(&self, word: &str) -> bool {
        self.length as usize == word.len() && self.word[..word.len()] == *word.as_bytes()
    }

    /// Keeps the pieces, if they fit.
    fn keep(&mut self, word: &str, pieces: &[u32]) {
        *self = Self::default();
        let mut ids = [0; 4];
        for (at, piece) in pieces.iter().enumerate() {
            match (ids.get_mut(at), u16::try_from(*piece)) {
                (Some(id), Ok(piece)) => *id = piece,
                _ => return,
            }
        }
        self.word[..word.len()].copy_from_slice(word.as_bytes());
        (self.ids, self.length, self.count) = (ids, word.len() as u8, pieces.len() as u8);
    }
}

/// Words longer than this, in bytes, are not kept.
const ROOM: usize = 22;
/// How many words are kept.
const WORDS: usize = 1 << 15;
/// Longer words are cut before they are spelt; far beyond the 100 characters that WordPiece takes.
const CHARACTERS: usize = 1024;
