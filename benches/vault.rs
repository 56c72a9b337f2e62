//! How fast values get their codes: a million new ones written through to the disk, and the same again.
//!
//! `cargo bench --bench vault`; `TMPDIR` says on which disk. Measured against 150,000 new values a second, 1,000,000
//! repeated ones, and 250 bytes a value on disk, one thread, chunks of 4,096 as a pipeline makes them.

#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::hint::black_box;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use deidre::identifier::Label;
use deidre::secret::{Key, Keyring};
use deidre::vault::{Code, Embedded, Owner, Request, Vault};

const VALUES: usize = 1_000_000;
const CHUNK: usize = 4096;

/// Names, dates and record numbers of 5 to 25 bytes, no two the same.
fn values() -> Vec<(Label, String)> {
    const FIRST: [&str; 8] = ["Ada", "Bartholomew", "Chen", "Dolores", "Ewa", "Françoise", "Guadalupe", "Ike"];
    const LAST: [&str; 8] = ["Ng", "Okonkwo", "Pfeiffer", "Quintanilla", "Ruiz", "Szymborska", "Tran", "Ueda"];
    let value = |n: usize| match n % 3 {
        0 => (Label::Name, format!("{} {}{}", FIRST[n / 3 % 8], LAST[n / 24 % 8], n / 192)),
        1 => (Label::Date, format!("{:02}/{:02}/{}", n / 3 % 12 + 1, n / 36 % 28 + 1, n / 1008)),
        _ => (Label::Mrn, format!("{n:08}")),
    };
    (0..VALUES).map(value).collect()
}

fn requests<'v>(values: &'v [(Label, String)], owner: impl Fn(usize) -> Owner) -> Vec<Request<'v>> {
    let request = |(n, (label, content)): (usize, &'v (Label, String))| Request {
        scope: None,
        owner: owner(n),
        label: *label,
        flags: 0,
        content,
    };
    values.iter().enumerate().map(request).collect()
}

fn exchange(vault: &Embedded, requests: &[Request<'_>]) -> (Vec<Code>, Duration) {
    let (mut codes, start) = (Vec::with_capacity(requests.len()), Instant::now());
    for chunk in requests.chunks(CHUNK) {
        vault.exchange(chunk, &mut codes).unwrap();
    }
    (codes, start.elapsed())
}

fn rate(time: Duration) -> String {
    format!("{:>9.0}/s", VALUES as f64 / time.as_secs_f64())
}

/// One run over all: too long to repeat as often as criterion would.
fn million(values: &[(Label, String)], what: &str, owner: impl Fn(usize) -> Owner) -> (tempfile::TempDir, Embedded) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bench.vault");
    let keys = Keyring::of(Key::generate().unwrap());
    let requests = requests(values, owner);
    let vault = Embedded::open(&path, &keys).unwrap();
    let (codes, new) = exchange(&vault, &requests);
    let (again, repeated) = exchange(&vault, &requests);
    assert!(codes == again, "equal values share a code");
    let mut apart: Vec<u64> = codes.iter().map(|code| code.number()).collect();
    apart.sort_unstable();
    apart.dedup();
    assert_eq!(apart.len(), VALUES, "and different ones do not");
    drop(vault);
    let start = Instant::now();
    let vault = Embedded::open(&path, &keys).unwrap();
    let opened = start.elapsed();
    let start = Instant::now();
    let mut entries = Vec::new();
    vault.open(&codes[..100_000], &mut entries).unwrap();
    let reveal = start.elapsed() * (VALUES / 100_000) as u32;
    let right = entries.iter().zip(values).all(|(entry, (_, value))| *entry.as_ref().unwrap().content == *value);
    assert!(right, "a code opens to its value");
    let (written, file) = (vault.stats().unwrap().bytes.unwrap(), std::fs::metadata(&path).unwrap().size());
    println!(
        "{what}: new {}, repeated {}, revealed {}, {} bytes a value on disk (file {}), opened in {:.0} ms",
        rate(new),
        rate(repeated),
        rate(reveal),
        written / VALUES as u64,
        file / VALUES as u64,
        opened.as_secs_f64() * 1000.0
    );
    (dir, vault)
}

fn bench(c: &mut Criterion) {
    let values = values();
    let patient = |n: usize| {
        let mut digest = [0; 32];
        digest[..8].copy_from_slice(&(n as u64 / 100).to_le_bytes());
        Owner::Patient(digest)
    };
    million(&values, "10,000 patients", patient);
    let (_dir, vault) = million(&values, "one corpus", |_| Owner::Corpus);

    let requests = requests(&values, |_| Owner::Corpus);
    let mut group = c.benchmark_group("vault");
    group.throughput(Throughput::Elements(CHUNK as u64));
    let mut chunks = requests.chunks_exact(CHUNK).cycle();
    group.bench_function("repeated", |b| {
        b.iter(|| {
            let mut codes = Vec::with_capacity(CHUNK);
            vault.exchange(chunks.next().unwrap(), &mut codes).unwrap();
            black_box(codes)
        });
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
