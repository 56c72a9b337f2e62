//! Speed of reading, splicing and the pipeline on records of which nothing is searched, and on records that are edited.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::convert::Infallible;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use deidre::engine::Engine;
use deidre::pipeline::layout::{Ask, Layout};
use deidre::pipeline::scrub::Desk;
use deidre::pipeline::{Scrub, Source};
use deidre::policy::Policy;
use deidre::record::json::Reader;
use deidre::record::{Edits, Format, Select};
use deidre::span::Span;
use deidre::transform::{Means, Scope, Transform};

/// Lines like those of a warehouse export: ids, codes, numbers, a note with escapes.
fn lines() -> Vec<u8> {
    let mut out = Vec::new();
    for i in 0..4000 {
        let note =
            "Sees the heart failure clinic; \\\"about half better\\\". Wt 93.1 kg, K 3.6, Cr 1.70.\\nCont furosemide. ";
        let line = format!(
            "{{\"pk\":{},\"person\":{{\"full_nm\":\"Thaddeus Okonjo-Reyes\",\"mrn\":\"{i:08}\",\"dob\":\"1958-03-14\",\"zip\":\"98312\"}},\
             \"vals\":[1.50,0.10,\"7.20\",null,-1.0E+3],\"codes\":[\"I50.22\",\"E11.9\"],\"notes\":[{{\"t\":\"soc\",\"body\":\"{}\"}}],\
             \"deleted\":null}}\n",
            3_587_655_328_384_076u64 + i,
            note.repeat(1 + i as usize % 6)
        );
        out.extend_from_slice(line.as_bytes());
    }
    out
}

/// Texts of a line that are searched: not the two codes.
const SEARCHED: usize = 8;

fn records(c: &mut Criterion) {
    let lines = lines();
    let records: Vec<&[u8]> = lines.split_inclusive(|b| *b == b'\n').map(<[u8]>::trim_ascii_end).collect();
    let mut group = c.benchmark_group("ndjson");
    group.throughput(Throughput::Bytes(lines.len() as u64));

    // The whole path but for files: cut, check, copy.
    let scrub = Scrub {
        engine: Engine::embedded(),
        transform: Transform::new(Policy::preset("redact").expect("a preset"), Means::default()).expect("needs no key"),
        scope: Scope::Corpus,
        people: None,
    };
    let ask =
        Ask { format: Some(Format::Ndjson), select: Select::all().fields(&["/absent".into()]), separator: Vec::new() };
    group.bench_function("pass through", |b| {
        let layout = Layout::of(&ask, &lines, true, None).unwrap();
        let desk = Desk::new(&scrub, layout, "-");
        let mut out = Vec::with_capacity(lines.len());
        b.iter(|| {
            out.clear();
            let mut source = Source::open(&lines[..], &ask, None).unwrap().unwrap();
            while let Some(chunk) = source.read_chunk().unwrap() {
                out.extend_from_slice(&desk.scrub(chunk).expect("redact asks no vault").bytes);
            }
            assert_eq!(out.len(), lines.len());
        });
        assert!(out == lines);
    });
    group.bench_function("check only, own scan", |b| {
        let mut reader = Reader::new(Select::nothing());
        b.iter(|| records.iter().for_each(|r| assert!(reader.read(r).is_ok())));
    });
    group.bench_function("check only, simd-json tape on a copy", |b| {
        let mut buffers = simd_json::Buffers::default();
        let mut copy = Vec::new();
        b.iter(|| {
            for record in &records {
                copy.clear();
                copy.extend_from_slice(record);
                assert!(simd_json::to_tape_with_buffers(&mut copy, &mut buffers).is_ok());
            }
        });
    });
    group.bench_function("read every field", |b| {
        let mut reader = Reader::new(Select::all());
        b.iter(|| {
            let segments: usize = records.iter().map(|r| reader.read(r).unwrap().segments.len()).sum();
            assert_eq!(black_box(segments), records.len() * SEARCHED);
        });
    });
    group.bench_function("splice every field", |b| {
        let mut reader = Reader::new(Select::all());
        let mut edits = Edits::default();
        let mut out = Vec::new();
        b.iter(|| {
            out.clear();
            for bytes in &records {
                let record = reader.read(bytes).unwrap();
                edits.clear();
                for segment in &record.segments {
                    let end = segment.text.len().min(3);
                    let raw = record.raw_of(segment, Span::new(0, end));
                    let Ok(()) = edits.replace(raw, segment.escape, |out| {
                        out.push_str("[X]");
                        Ok::<_, Infallible>(true)
                    });
                }
                edits.apply(record.bytes, record.charset, &mut out, &mut Vec::new());
            }
        });
        assert!(out.windows(3).filter(|w| w == b"[X]").count() == records.len() * SEARCHED);
    });
    group.finish();
}

criterion_group!(benches, records);
criterion_main!(benches);
