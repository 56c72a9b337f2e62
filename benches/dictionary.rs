//! How long one look-up takes, with the cache and without. Run with `cargo bench --bench dictionary`.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use deidre::detect::dictionary::{Dictionary, WordCache, fold};

const NOTE: &str = "Mr. Kowalski is a 67 year old man with hypertension, Parkinson's disease and atrial fibrillation who was \
    seen by Dr. O'Brien at Massachusetts General Hospital on March 4. He was started on metoprolol 25 mg twice daily. His \
    wife Dolores reports that he has been walking with a cane since the fall in Los Angeles. Lungs are clear to \
    auscultation bilaterally, heart regular rate and rhythm, no murmurs, rubs or gallops. Abdomen soft, non tender, non \
    distended. Follow up with cardiology in two weeks, with Dr. Nguyen in St. Louis, and with physical therapy.";

fn words() -> Vec<Vec<u8>> {
    NOTE.split(|c: char| !c.is_alphanumeric() && c != '\'')
        .filter(|word| !word.is_empty())
        .map(|word| {
            let mut folded = Vec::new();
            fold(word, &mut folded);
            folded
        })
        .collect()
}

fn bench(c: &mut Criterion) {
    let dictionary = Dictionary::embedded();
    let words = words();
    let known = words.iter().filter(|word| !dictionary.word(word).is_unknown()).count();
    assert_eq!((words.len(), known), (WORDS, KNOWN));

    let mut group = c.benchmark_group("dictionary");
    group.throughput(Throughput::Elements(words.len() as u64));
    group.bench_function("word", |b| {
        b.iter(|| {
            let hits = words.iter().filter(|word| !dictionary.word(black_box(word)).is_unknown()).count();
            assert_eq!(hits, KNOWN);
        });
    });
    let mut cache = WordCache::new();
    group.bench_function("word cached", |b| {
        b.iter(|| {
            let hits = words.iter().filter(|word| !cache.word(&dictionary, black_box(word)).is_unknown()).count();
            assert_eq!(hits, KNOWN);
        });
    });
    group.bench_function("phrase", |b| {
        b.iter(|| {
            let found = (0..words.len())
                .filter(|at| dictionary.phrase(words.iter().skip(*at).map(Vec::as_slice)).is_some())
                .count();
            assert_eq!(found, PHRASES);
        });
    });
    let mut out = Vec::new();
    group.bench_function("fold", |b| {
        b.iter(|| {
            out.clear();
            for word in &words {
                fold(black_box(std::str::from_utf8(word).unwrap_or_default()), &mut out);
            }
            out.len()
        });
    });
    group.finish();
    c.bench_function("dictionary/open embedded", |b| b.iter(Dictionary::embedded));
}

const WORDS: usize = 94;
const KNOWN: usize = 91;
const PHRASES: usize = 5;

criterion_group!(benches, bench);
criterion_main!(benches);
