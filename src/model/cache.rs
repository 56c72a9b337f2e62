//! Answers for sequences met before: clinical text copies itself forward.

use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use lru::{DefaultHasher, LruCache};

use super::Opinion;

/// Opinions on sequences, the least recently used dropped first. A sequence is known by all of its piece ids, clues and
/// the words asked for, compared whole: two that only share a hash are never taken for each other. Holds ids, no text.
pub(super) struct Cache {
    shards: Vec<Mutex<Shard>>,
    hasher: DefaultHasher,
    hits: AtomicU64,
    misses: AtomicU64,
}

struct Shard {
    known: LruCache<Box<[u32]>, Box<[Opinion]>>,
    bytes: usize,
}

impl Cache {
    /// Keeps up to about `bytes`.
    pub(super) fn new() -> Self {
        let shard = || Mutex::new(Shard { known: LruCache::unbounded(), bytes: 0 });
        Self {
            shards: std::iter::repeat_with(shard).take(SHARDS).collect(),
            hasher: DefaultHasher::default(),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    /// Writes what is known of `key` to `out`, which has one place for each opinion; false when nothing is known.
    pub(super) fn answer(&self, key: &[u32], out: &mut [Opinion]) -> bool {
        let hit = self.shard(key).is_some_and(|shard| {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            match shard.known.get(key) {
                Some(known) if known.len() == out.len() => {
                    out.copy_from_slice(known);
                    true
                }
                _ => false,
            }
        });
        let count = if hit { &self.hits } else { &self.misses };
        count.fetch_add(1, Ordering::Relaxed);
        hit
    }

    /// Keeps the answer to `key`.
    pub(super) fn keep(&self, key: &[u32], opinions: &[Opinion]) {
        let size = |key: &[u32], opinions: &[Opinion]| size_of_val(key) + size_of_val(opinions) + OVERHEAD;
        let Some(shard) = self.shard(key) else { return };
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        shard.bytes += size(key, opinions);
        if let Some((key, opinions)) = shard.known.push(key.into(), opinions.into()) {
            shard.bytes -= size(&key, &opinions);
        }
        while shard.bytes > BYTES / SHARDS {
            let Some((key, opinions)) = shard.known.pop_lru() else { break };
            shard.bytes -= size(&key, &opinions);
        }
    }

    /// Sequences that were known, and all that were asked for.
    pub(super) fn hits(&self) -> (u64, u64) {
        let hits = self.hits.load(Ordering::Relaxed);
        (hits, hits + self.misses.load(Ordering::Relaxed))
    }

    fn shard(&self, key: &[u32]) -> Option<&Mutex<Shard>> {
        self.shards.get(self.hasher.hash_one(key) as usize % SHARDS)
    }

    #[cfg(test)]
    fn bytes(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner).bytes).sum()
    }
}

/// Memory that keys and answers may take, in bytes.
const BYTES: usize = 32 << 20;
/// Threads that ask at the same time rarely meet in one shard.
const SHARDS: usize = 16;
/// What an entry takes besides its key and answer: links, boxes, the table's slot; an estimate.
const OVERHEAD: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identifier::Label;

    #[test]
    fn answers_only_the_same_key_and_stays_within_its_bytes() {
        let cache = Cache::new();
        let opinion = Opinion { label: Some(Label::City), begins: true, score: 0.75, nothing: 0.25 };
        let mut out = [Opinion::NOTHING; 2];
        assert!(!cache.answer(&[1, 2, 3], &mut out));
        cache.keep(&[1, 2, 3], &[opinion; 2]);
        assert!(cache.answer(&[1, 2, 3], &mut out));
        assert_eq!(out, [opinion; 2]);
        for other in [&[1, 2][..], &[1, 2, 3, 0], &[3, 2, 1], &[]] {
            assert!(!cache.answer(other, &mut out), "{other:?}");
        }
        assert_eq!(cache.hits(), (1, 6));
        for at in 0..40_000_u32 {
            cache.keep(&[at; 200], &[opinion; 20]);
        }
        assert!(cache.bytes() <= BYTES, "{}", cache.bytes());
        assert!(!cache.answer(&[1, 2, 3], &mut out), "the oldest went first");
        assert!(cache.answer(&[39_999; 200], &mut [opinion; 20]));
    }
}
