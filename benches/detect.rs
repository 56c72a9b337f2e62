//! Speed of detection over clinical text, one core: cutting into tokens only, all of it without the model, and the path with
//! the default model, its cache off and warm.
//!
//! `cargo bench --bench detect`. The corpus is `shared/background/mtsamples.jsonl.gz` beside the repository (real
//! transcribed reports, not for redistribution) or else the project's own notes; `DEIDRE_BENCH_NOTES` names
//! another: `notes`, or a FILE.jsonl.gz. Detection is asserted by the number of spans it finds.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

use std::fs::{self, File};
use std::hint::black_box;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use deidre::detect::token::lex;
use deidre::engine::{Engine, Input};
use deidre::identifier::Hint;
use deidre::model::Shipped;
use flate2::read::MultiGzDecoder;

/// Identifiers found in each corpus. When detection changes, run the bench: it stops with the number that it found; see
/// in `deidre eval` that the change is for the better, then write the number here, with the commit of the change.
const SPANS: &[(&str, usize)] = &[("mtsamples", 5_167), ("notes", 45_841)];

/// Tokens of each corpus, of [`lex`] alone.
const TOKENS: &[(&str, usize)] = &[("mtsamples", 1_282_880), ("notes", 637_085)];

/// Texts of each corpus that the path with the model is timed on, and identifiers found in them.
const SAMPLE: usize = 300;
const PATH_SPANS: &[(&str, usize)] = &[("mtsamples", 240), ("notes", 7_729)];

struct Corpus {
    name: String,
    texts: Vec<String>,
}

fn bench(c: &mut Criterion) {
    let corpus = corpus();
    let bytes: usize = corpus.texts.iter().map(String::len).sum();
    eprintln!("{}: {} texts, {bytes} bytes", corpus.name, corpus.texts.len());
    let mut group = c.benchmark_group(format!("detect/{}", corpus.name));
    group.throughput(Throughput::Bytes(bytes as u64)).sample_size(10);

    let mut tokens = Vec::new();
    let mut cut = || {
        let mut count = 0;
        for text in &corpus.texts {
            tokens.clear();
            lex(black_box(text), &[], &mut tokens);
            count += tokens.len();
        }
        count
    };
    check(TOKENS, &corpus.name, "tokens", cut());
    group.bench_function("lex", |b| b.iter(&mut cut));

    let mut worker = Engine::embedded().worker();
    let mut find = || {
        let mut count = 0;
        for text in &corpus.texts {
            let found = worker.find(&[Input::new(black_box(text), Hint::Text)]);
            count += found.iter().flat_map(|f| f.iter()).filter(|f| f.label.is_identifier()).count();
        }
        count
    };
    check(SPANS, &corpus.name, "spans", find());
    group.bench_function("whole", |b| b.iter(&mut find));
    group.finish();

    // The default model on top: every window computed, then every window answered from memory.
    let sample: Vec<&str> = corpus.texts.iter().take(SAMPLE).map(String::as_str).collect();
    let bytes: usize = sample.iter().map(|text| text.len()).sum();
    let mut group = c.benchmark_group(format!("path/{}", corpus.name));
    group.throughput(Throughput::Bytes(bytes as u64)).sample_size(10);
    for (name, cached) in [("cache off", false), ("all in the cache", true)] {
        let model = Shipped::Fast.load().unwrap();
        let model = if cached { model } else { model.without_cache() };
        let mut worker = Engine::embedded().with_tagger(Arc::new(model)).worker();
        let mut find = || {
            let mut count = 0;
            for text in &sample {
                let found = worker.find(&[Input::new(black_box(text), Hint::Text)]);
                count += found.iter().flat_map(|f| f.iter()).filter(|f| f.label.is_identifier()).count();
            }
            count
        };
        check(PATH_SPANS, &corpus.name, "spans with the model", find());
        group.bench_function(name, |b| b.iter(&mut find));
        let gate = worker.gate();
        let share = |part: u64| 100.0 * part as f64 / gate.searched as f64;
        eprintln!("gate: {:.1} % of the bytes open, {:.1} % shown to the model", share(gate.open), share(gate.shown));
    }
    group.finish();
}

fn check(known: &[(&str, usize)], corpus: &str, what: &str, found: usize) {
    match known.iter().find(|(name, _)| *name == corpus) {
        Some((_, count)) => assert_eq!(found, *count, "{what} of {corpus}: see how to update it in benches/detect.rs"),
        None => eprintln!("{corpus}: {found} {what}, no number to compare with"),
    }
}

fn corpus() -> Corpus {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let named = std::env::var_os("DEIDRE_BENCH_NOTES").map(PathBuf::from);
    if let Some(file) = named.as_ref().filter(|file| file.as_os_str() != "notes") {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        return Corpus { name, texts: jsonl(file) };
    }
    // Beside the repository, or beside the folder of its worktrees.
    for place in ["../shared", "../../shared"] {
        let file = root.join(place).join("background/mtsamples.jsonl.gz");
        if file.is_file() && named.is_none() {
            return Corpus { name: "mtsamples".into(), texts: jsonl(&file) };
        }
    }
    let mut files = Vec::new();
    collect(&root.join("datasets/notes"), &mut files);
    files.sort();
    let texts = files.iter().map(|file| without_tags(&fs::read_to_string(file).unwrap())).collect();
    Corpus { name: "notes".into(), texts }
}

/// The `text`s of a gzipped JSON Lines file.
#[allow(clippy::disallowed_methods)] // Of a corpus that its owner put there; it is held whole in any case.
fn jsonl(file: &Path) -> Vec<String> {
    let lines = BufReader::new(MultiGzDecoder::new(File::open(file).unwrap())).lines();
    let text = |line: String| {
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        value["text"].as_str().unwrap().to_owned()
    };
    lines.map(|line| text(line.unwrap())).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|e| e == "txt") {
            files.push(path);
        }
    }
}

/// `[[NAME:Ann]]` as `Ann`.
fn without_tags(note: &str) -> String {
    let mut out = String::with_capacity(note.len());
    let mut rest = note;
    while let Some((before, tagged)) = rest.split_once("[[") {
        out.push_str(before);
        let (tag, after) = tagged.split_once("]]").unwrap_or((tagged, ""));
        out.push_str(tag.split_once(':').map_or(tag, |(_, text)| text));
        rest = after;
    }
    out.push_str(rest);
    out
}

criterion_group!(benches, bench);
criterion_main!(benches);
