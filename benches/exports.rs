//! Speed over record exports, rules and dictionaries, one thread: FHIR NDJSON, HL7 and CSV as `make_export.py` makes them.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::path::Path;
use std::process::Command;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use deidre::engine::Engine;
use deidre::pipeline::layout::Ask;
use deidre::pipeline::scrub::Desk;
use deidre::pipeline::{Scrub, Source};
use deidre::policy::Policy;
use deidre::transform::{Means, Scope, Transform};

/// Patients in the export; each has some 12 KB of FHIR, 1.2 KB of HL7, 0.5 KB of claims.
const PATIENTS: &str = "1500";

fn exports(c: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/make_export.py");
    let made = Command::new("python3").arg(script).arg(folder.path()).args(["--patients", PATIENTS]).status();
    assert!(made.expect("python3 makes the export").success());
    let scrub = Scrub {
        engine: Engine::embedded(),
        transform: Transform::new(Policy::preset("redact").unwrap(), Means::default()).unwrap(),
        scope: Scope::Corpus,
        people: None,
    };
    let mut group = c.benchmark_group("exports");
    group.sample_size(10);
    for kind in ["fhir", "hl7", "csv"] {
        let mut files: Vec<Vec<u8>> = Vec::new();
        for entry in std::fs::read_dir(folder.path().join(kind)).unwrap() {
            files.push(std::fs::read(entry.unwrap().path()).unwrap());
        }
        let bytes: usize = files.iter().map(Vec::len).sum();
        group.throughput(Throughput::Bytes(bytes as u64));
        let run = || {
            let (mut records, mut replaced) = (0, 0);
            for file in &files {
                let mut source = Source::open(&file[..], &Ask::default(), None).unwrap().unwrap();
                let desk = Desk::new(&scrub, source.layout().clone(), "-");
                while let Some(chunk) = source.read_chunk().unwrap() {
                    let clean = desk.scrub(chunk).unwrap();
                    assert!(clean.aside.is_empty());
                    records += clean.tally.written;
                    replaced += clean.tally.replaced.iter().sum::<u64>();
                }
            }
            (records, replaced)
        };
        let first = run();
        let least = match kind {
            "fhir" => (23_000, 80_000),
            "hl7" => (1_500, 20_000),
            _ => (6_000, 40_000),
        };
        assert!(first.0 >= least.0 && first.1 >= least.1, "{kind}: {first:?}");
        group.bench_function(kind, |b| b.iter(|| assert_eq!(run(), first)));
    }
    group.finish();
}

criterion_group!(benches, exports);
criterion_main!(benches);
