//! Texts handed to the library as `python/benches/speed.py` hands them to the package, to compare the two.
//!
//! `library FILE THREADS ROUNDS`: FILE has texts with a zero byte behind each. Scrubs all of them under `redact` with the default
//! model, ROUNDS times, and prints for each round a line of bytes and seconds.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use std::sync::Arc;
use std::time::Instant;

use deidre::engine::{Engine, Facts};
use deidre::identifier::{Hint, Part};
use deidre::model::Shipped;
use deidre::pipeline::given::{Counter, Given, Text};
use deidre::policy::Policy;
use deidre::transform::{Means, Scope, Transform};
use rayon::prelude::*;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [file, threads, rounds] = args.as_slice() else { panic!("usage: library FILE THREADS ROUNDS") };
    let file = std::fs::read_to_string(file).unwrap();
    let texts: Vec<String> = file.split_terminator('\0').map(str::to_owned).collect();
    let bytes: usize = texts.iter().map(String::len).sum();
    let counter = Counter::new(Engine::embedded().with_tagger(Arc::new(Shipped::Fast.load().unwrap())));
    let transform = Transform::new(Policy::preset("redact").unwrap(), Means::default()).unwrap();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.parse().unwrap()).build().unwrap();
    let known = Facts::default();
    for _ in 0..rounds.parse().unwrap() {
        let start = Instant::now();
        let one = |text: &String| {
            let plain = [Text { text, hint: Hint::Text, part: Part::Unknown, rule: None }];
            let given = Given { texts: &plain, beside: &[], known: &known, patient: None, document: text.as_bytes() };
            let mut returned = counter.scrub(&transform, &Scope::Corpus, &given).unwrap();
            returned.texts.pop().unwrap()
        };
        let clean: Vec<String> = pool.install(|| texts.par_iter().map(one).collect());
        let seconds = start.elapsed().as_secs_f64();
        assert_eq!(clean.len(), texts.len());
        assert!(clean.iter().any(|text| text.contains("[NAME]")));
        println!("{bytes} {seconds:.6}");
    }
}
