//! A cache of words before the FST: clinical text repeats itself.

use super::{Dictionary, Entry};

/// The words one thread met last; answers nine look-ups in ten without the FST.
///
/// Direct-mapped: a word has one slot, and the last to come keeps it. The whole word is compared, so that two words with
/// one hash are never taken for each other. Use it with one [`Dictionary`] only, or [`WordCache::clear`] it between.
pub struct WordCache {
    slots: Box<[Slot]>,
}

/// Invariant: `entry` holds the length of the word in its top byte, and 0 there means an empty slot; of words of equal
/// length, `key` is the same only for the same word.
#[derive(Clone, Copy, Default)]
struct Slot {
    key: [u64; 3],
    entry: u64,
}

impl WordCache {
    /// Slots of a cache; at 32 bytes each they fit the second-level cache of one core.
    pub const SLOTS: usize = 1 << 14;

    /// Bytes of the longest word that is cached; longer ones always ask the FST.
    pub const LONGEST: usize = 24;

    /// An empty cache.
    pub fn new() -> Self {
        Self { slots: vec![Slot::default(); Self::SLOTS].into_boxed_slice() }
    }

    /// As [`Dictionary::word`].
    #[inline]
    pub fn word(&mut self, dictionary: &Dictionary, folded: &[u8]) -> Entry {
        let Some(key) = key(folded) else { return dictionary.word(folded) };
        let length = (folded.len() as u64) << 56;
        let Some(slot) = self.slots.get_mut(hash(key, length)) else { return dictionary.word(folded) };
        if slot.key == key && slot.entry & 0xff << 56 == length {
            return Entry(slot.entry & !(0xff << 56));
        }
        let entry = dictionary.word(folded);
        *slot = Slot { key, entry: entry.0 | length };
        entry
    }

    /// Forgets every word.
    pub fn clear(&mut self) {
        self.slots.fill(Slot::default());
    }
}

impl Default for WordCache {
    fn default() -> Self {
        Self::new()
    }
}

/// The word as three integers, read in overlapping halves so that no byte is copied one by one; `None` where it is empty
/// or too long.
#[inline]
fn key(word: &[u8]) -> Option<[u64; 3]> {
    if let (Some(head), Some(tail)) = (word.first_chunk::<8>(), word.last_chunk::<8>()) {
        let middle = match word.len() {
            ..=16 => 0,
            17..=WordCache::LONGEST => u64::from_le_bytes(*word.get(8..)?.first_chunk::<8>()?),
            _ => return None,
        };
        Some([u64::from_le_bytes(*head), u64::from_le_bytes(*tail), middle])
    } else if let (Some(head), Some(tail)) = (word.first_chunk::<4>(), word.last_chunk::<4>()) {
        Some([u64::from(u32::from_le_bytes(*head)), u64::from(u32::from_le_bytes(*tail)), 0])
    } else {
        let (first, middle, last) = (*word.first()?, *word.get(word.len() / 2)?, *word.last()?);
        Some([u64::from(first) | u64::from(middle) << 8 | u64::from(last) << 16, 0, 0])
    }
}

/// Multiply and fold (the mixing step of wyhash), cut to a slot.
#[inline]
fn hash([head, tail, middle]: [u64; 3], length: u64) -> usize {
    let product = u128::from(head ^ 0xa076_1d64_78bd_642f ^ length)
        * u128::from(tail.rotate_left(17) ^ middle ^ 0xe703_7ed1_a0b4_28db);
    let mixed = (product as u64 ^ (product >> 64) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> (64 - WordCache::SLOTS.trailing_zeros())) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn words_of_one_length_have_different_keys() {
        for length in 1..=WordCache::LONGEST {
            let base = vec![b'a'; length];
            let mut keys = HashSet::from([key(&base)]);
            for at in 0..length {
                for byte in [b'b', b'z', 0xc3] {
                    let mut word = base.clone();
                    word[at] = byte;
                    assert!(keys.insert(key(&word)), "length {length} at {at}");
                }
            }
        }
        assert_eq!(key(b""), None);
        assert_eq!(key(&[b'a'; WordCache::LONGEST + 1]), None);
    }

    #[test]
    fn every_word_answers_as_the_dictionary_does() {
        let dictionary = Dictionary::embedded();
        let mut cache = WordCache::new();
        // More words than slots, asked twice, so that slots are taken over.
        for n in 0..40_000u32 {
            let made = format!("{}{n:x}", ["", "smith", "pneumonoultramicroscopic"][n as usize % 3]);
            for word in [made.as_bytes(), b"smith", b"may", b"pneumonia", b"", b"xq", b"electroencephalographically"] {
                assert_eq!(cache.word(&dictionary, word), dictionary.word(word));
            }
        }
    }
}
