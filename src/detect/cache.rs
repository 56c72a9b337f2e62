//! What is known of words, kept for when they come again.

use super::evidence::word::Word;

/// What is known of the words seen last, by hash: clinical text repeats its words, and nine in ten are found here.
pub(super) struct WordCache {
    places: Box<[Place]>,
}

/// Room for two words whose hashes are alike. It fills one line of the processor's caches, so that a look-up waits for
/// one at most.
#[derive(Clone, Copy, Default)]
#[repr(align(64))]
struct Place {
    hashes: [u64; 2],
    words: [Word; 2],
}

impl Default for WordCache {
    fn default() -> Self {
        Self { places: vec![Place::default(); 1 << 15].into_boxed_slice() }
    }
}

impl WordCache {
    /// The word seen last keeps the first half of its place.
    #[inline]
    pub(super) fn get(&mut self, hash: u64, miss: impl FnOnce() -> Word) -> Word {
        let at = (hash >> 18) as usize & (self.places.len() - 1);
        let Some(Place { hashes, words }) = self.places.get_mut(at) else { return miss() };
        if hashes[0] != hash {
            let word = if hashes[1] == hash { words[1] } else { miss() };
            *hashes = [hash, hashes[0]];
            *words = [word, words[0]];
        }
        words[0]
    }
}
