//! Words as numbers: hashes of folded words, and maps that are keyed by them.

use super::dictionary;

/// The key is a hash already.
#[derive(Default, Clone)]
pub(crate) struct Identity(u64);
pub(super) type BuildIdentity = std::hash::BuildHasherDefault<Identity>;

impl std::hash::Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        self.0 = hash(bytes);
    }
    fn write_u64(&mut self, n: u64) {
        self.0 = n;
    }
}

/// A map by hash.
pub(crate) type HashMap64<V> = std::collections::HashMap<u64, V, BuildIdentity>;

/// A set of hashes.
pub(crate) type HashSet64 = std::collections::HashSet<u64, BuildIdentity>;

/// The hash of the folded word; `folded` is used where folding is more than lower case.
pub(crate) fn folded_hash(word: &str, folded: &mut Vec<u8>) -> u64 {
    if !word.is_ascii() {
        folded.clear();
        dictionary::fold(word, folded);
        return hash(folded);
    }
    hash_words(word.len(), word.as_bytes().chunks(8).map(|chunk| lower(eight(chunk))))
}

/// The same for `len` ASCII letters at `at`: whole words are read and what is behind the letters is masked away.
pub(super) fn plain_hash(text: &[u8], at: usize, len: usize) -> u64 {
    let small = |chunk: &[u8]| eight(chunk) | 0x2020_2020_2020_2020;
    let last = |chunk: &[u8], len: usize| small(chunk) & (u64::MAX >> (64 - 8 * len));
    // Nearly all words fit two numbers, most of them one.
    match (len, text.get(at..at + 16).map(|room| room.split_at(8))) {
        (1..=8, Some((head, _))) => finish(step(start(len), last(head, len))),
        (9..=16, Some((head, tail))) => finish(step(step(start(len), small(head)), last(tail, len - 8))),
        _ => hash_words(len, text.get(at..at + len).unwrap_or(b"").chunks(8).map(|chunk| lower(eight(chunk)))),
    }
}

/// 64-bit hash of a folded word: multiply and fold, eight bytes at a time.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    hash_words(bytes.len(), bytes.chunks(8).map(eight))
}

fn hash_words(len: usize, words: impl Iterator<Item = u64>) -> u64 {
    finish(words.fold(start(len), step))
}

const HASH_FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

fn start(len: usize) -> u64 {
    (len as u64).wrapping_mul(HASH_FACTOR) ^ 0x517c_c1b7_2722_0a95
}

pub(super) fn step(h: u64, word: u64) -> u64 {
    let product = u128::from(h ^ word) * u128::from(HASH_FACTOR);
    ((product as u64) ^ ((product >> 64) as u64)).wrapping_add(HASH_FACTOR)
}

fn finish(h: u64) -> u64 {
    h ^ (h >> 29)
}

/// Up to eight bytes as a number.
fn eight(chunk: &[u8]) -> u64 {
    if let Ok(all) = chunk.try_into() {
        return u64::from_le_bytes(all);
    }
    chunk.iter().rev().fold(0, |n, b| n << 8 | u64::from(*b))
}

/// Eight ASCII bytes in lower case at once: 0x20 is added where a byte is `A` to `Z`.
fn lower(bytes: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let heptets = bytes & (0x7f * ONES);
    let above_z = heptets + u64::from(0x7f - b'Z') * ONES;
    let from_a = heptets + u64::from(0x80 - b'A') * ONES;
    let upper = (from_a ^ above_z) & (0x80 * ONES) & !bytes;
    bytes | upper >> 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folded_words_hash_alike() {
        let mut folded = Vec::new();
        for (a, b) in [
            ("SMITH", "smith"),
            ("Okonjo", "okonjo"),
            ("Sørlie", "sorlie"),
            ("@[`{Zz", "@[`{zz"),
            ("A-very-long-WORD", "a-very-long-word"),
        ] {
            assert_eq!(folded_hash(a, &mut folded), hash(b.as_bytes()), "{a}");
        }
        let text = "the MEDIASTINUM of a";
        for (at, len) in [(0, 3), (4, 11), (16, 2), (19, 1)] {
            let word = text.get(at..at + len).unwrap_or("");
            assert_eq!(plain_hash(text.as_bytes(), at, len), folded_hash(word, &mut folded), "{word}");
        }
        assert_ne!(hash(b"a"), hash(b"a\0"));
    }
}
