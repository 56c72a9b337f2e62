//! How many rows a second (pieces, or words where the model reads words) the tagger reads, on one thread. Run with `cargo bench --bench model`.
//!
//! The models have the shapes of the shipped ones and random weights: speed does not depend on what they say. The
//! window cache is off, every window is computed.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use deidre::model::{Ner, Opinion, Tagger, Window, Word};
use deidre::span::Span;
use safetensors::tensor::{Dtype, TensorView};
use sha2::{Digest, Sha256};

const CLUES: [usize; 6] = [232, 200, 128, 64, 256, 64];
const VOCABULARY: usize = 30_522;
const LABELS: [&str; 22] = [
    "NAME",
    "DATE",
    "AGE90",
    "STREET",
    "CITY",
    "ZIP",
    "FACILITY",
    "EMPLOYER",
    "PHONE",
    "FAX",
    "EMAIL",
    "URL",
    "IP",
    "SSN",
    "MRN",
    "HEALTH_PLAN",
    "ACCOUNT",
    "LICENSE",
    "VEHICLE",
    "DEVICE",
    "STATE",
    "AGE",
];

/// Configuration, weights and vocabulary of a model with random weights.
struct Files {
    config: Vec<u8>,
    weights: Vec<u8>,
    vocabulary: Vec<u8>,
}

impl Files {
    fn random(layers: usize, width: usize, heads: usize, inner: usize) -> Self {
        let mut tensors: BTreeMap<String, (Vec<usize>, Vec<u8>)> = BTreeMap::new();
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut add = |name: String, shape: Vec<usize>, around: f32, spread: f32| {
            let numbers = (0..shape.iter().product::<usize>()).flat_map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                let unit = (state >> 40) as f32 / (1 << 23) as f32 - 1.0;
                (around + unit * spread).to_le_bytes()
            });
            let bytes = numbers.collect();
            tensors.insert(name, (shape, bytes));
        };
        add("embeddings.word_embeddings.weight".into(), vec![VOCABULARY, width], 0.0, 0.05);
        add("embeddings.position_embeddings.weight".into(), vec![128, width], 0.0, 0.05);
        for (at, size) in CLUES.into_iter().enumerate() {
            add(format!("embeddings.clue.{at}.weight"), vec![size, width], 0.0, 0.05);
        }
        let mut linears = vec![("classifier".to_owned(), width, 1 + 2 * LABELS.len())];
        let mut norms = vec!["embeddings.LayerNorm".to_owned()];
        for layer in 0..layers {
            let name = |part: &str| format!("encoder.layer.{layer}.{part}");
            for part in ["attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"]
            {
                linears.push((name(part), width, width));
            }
            linears.push((name("intermediate.dense"), width, inner));
            linears.push((name("output.dense"), inner, width));
            norms.extend([name("attention.output.LayerNorm"), name("output.LayerNorm")]);
        }
        for (name, from, to) in linears {
            add(format!("{name}.weight"), vec![to, from], 0.0, 0.08);
            add(format!("{name}.bias"), vec![to], 0.0, 0.05);
        }
        for name in norms {
            add(format!("{name}.weight"), vec![width], 1.0, 0.1);
            add(format!("{name}.bias"), vec![width], 0.0, 0.1);
        }
        let views = tensors
            .iter()
            .map(|(name, (shape, bytes))| (name, TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap()));
        let weights = safetensors::serialize(views, None).unwrap();
        let vocabulary = vocabulary().into_bytes();
        let hex = |bytes: &[u8]| Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let config = serde_json::json!({
            "name": "random", "format": 1, "layers": layers, "width": width, "heads": heads, "inner": inner,
            "vocabulary": VOCABULARY, "positions": 128, "pieces_a_word": 4, "epsilon": 1e-12, "clues": CLUES,
            "labels": LABELS, "bias": {}, "nothing_bias": 0.0,
            "weights_sha256": hex(&weights), "vocabulary_sha256": hex(&vocabulary),
        });
        Self { config: config.to_string().into_bytes(), weights, vocabulary }
    }
}

/// Special pieces where BERT has them, then letters, then syllables.
fn vocabulary() -> String {
    let mut lines: Vec<String> = (0..VOCABULARY).map(|at| format!("[unused{at}]")).collect();
    for (at, special) in [(100, "[UNK]"), (101, "[CLS]"), (102, "[SEP]")] {
        lines[at] = special.to_owned();
    }
    let letters = || 'a'..='z';
    let pairs = letters().flat_map(|a| letters().map(move |b| format!("{a}{b}")));
    let known = letters().map(String::from).chain(pairs).chain(
        letters()
            .flat_map(|a| letters().flat_map(move |b| ['a', 'e', 'n', 'r', 't'].map(move |c| format!("{a}{b}{c}")))),
    );
    let known: Vec<String> = known.flat_map(|piece| [format!("##{piece}"), piece]).collect();
    for (line, piece) in lines[1000..].iter_mut().zip(known) {
        *line = piece;
    }
    lines.push(String::new());
    lines.join("\n")
}

const TEXT: &str = "seen by dr osei and the wife of the patient who called her sister in the old town at noon on the day \
    of the ward round with nan ren tat and bea tre at the bed side to ask for the pen and ink as the car was on the way";

/// 40 windows of 12 to 44 words.
fn windows(words: &[Word]) -> Vec<Window<'_>> {
    (0..40)
        .map(|at| &words[..12 + at * 7 % 33])
        .map(|words| Window { text: TEXT, words, open: (0, words.len()) })
        .collect()
}

fn words() -> Vec<Word> {
    let mut at = 0;
    TEXT.split(' ')
        .enumerate()
        .map(|(count, word)| {
            let span = Span::new(at, at + word.len());
            at = span.end + 1;
            Word { span, clues: [count as u16 % 64; 6] }
        })
        .collect()
}

fn bench(c: &mut Criterion) {
    let words = words();
    let windows = windows(&words);
    let answers: usize = windows.iter().map(|window| window.words.len()).sum();
    let mut group = c.benchmark_group("model");
    group.measurement_time(Duration::from_secs(3)).warm_up_time(Duration::from_secs(1)).sample_size(20);
    for (name, [layers, width, heads, inner]) in [("L2-128", [2, 128, 2, 512]), ("L6-384", [6, 384, 12, 1536])] {
        let files = Files::random(layers, width, heads, inner);
        let read = || Ner::read(&files.config, &files.weights, &files.vocabulary, None).unwrap().without_cache();
        let reference = Ner::reference(&files.config, &files.weights, &files.vocabulary).unwrap();
        let packed = read();
        let exact = Ner::exact(&files.config, &files.weights, &files.vocabulary).unwrap();
        let rows: usize = windows.iter().map(|window| packed.rows(window)).sum();
        let mut kept = Vec::new();
        for (path, model) in [("packed", &packed), ("exact", &exact), ("reference", &reference)] {
            let mut out: Vec<Opinion> = Vec::new();
            group.throughput(Throughput::Elements(rows as u64));
            group.bench_function(format!("{name} {path}"), |b| {
                b.iter(|| {
                    out.clear();
                    model.tag(black_box(&windows), &mut out);
                    assert_eq!(out.len(), answers);
                });
            });
            assert!(out.iter().all(|opinion| opinion.score.is_finite() && opinion.nothing.is_finite()));
            kept.push(out);
        }
        if let [packed, exact, reference] = kept.as_slice() {
            for (one, other) in exact.iter().zip(reference) {
                assert!((one.nothing - other.nothing).abs() < 1e-3, "{one:?} {other:?}");
            }
            // Whole numbers come near; how near, weights that were trained tell: see `deidre eval`.
            for (one, other) in packed.iter().zip(reference) {
                assert!((one.nothing - other.nothing).abs() < 0.25, "{one:?} {other:?}");
            }
        }
        group.throughput(Throughput::Bytes(files.weights.len() as u64));
        group.bench_function(format!("{name} read"), |b| b.iter(read));
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
