//! Words to piece ids, as BERT's uncased tokenizer does it.

use std::collections::HashMap;

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
        if word.len() > LONGEST {
            return self.spell(word, out);
        }
        if let Some(known) = cache.known.get(word) {
            return out.extend_from_slice(known);
        }
        let from = out.len();
        self.spell(word, out);
        if cache.known.len() >= WORDS {
            cache.known.clear();
        }
        cache.known.insert(word.into(), out[from..].into());
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

/// Pieces of words met before, one a thread. Holds text: it has no `Debug`, and it is emptied when it is full.
#[derive(Default)]
pub(super) struct Pieces {
    known: HashMap<Box<str>, Box<[u32]>>,
}

/// Words longer than this, in bytes, are not kept.
const LONGEST: usize = 32;
/// How many words are kept.
const WORDS: usize = 1 << 14;
/// Longer words are cut before they are spelt; far beyond the 100 characters that WordPiece takes.
const CHARACTERS: usize = 1024;
