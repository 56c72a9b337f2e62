//! The tagger that reads what rules and dictionaries could not settle: a small BERT over words and their clues.
//!
//! [`Tagger`] is what the engine asks. [`Ner`] answers with a model read from three files. Whatever the length of a
//! window, nothing is left out: long windows are read in parts that overlap.

mod attend;
mod cache;
mod config;
mod encoder;
mod kernel;
mod label;
mod load;
mod reference;
mod second;
mod shipped;
#[cfg(test)]
mod tests;
mod tiles;
mod vnni;
mod vocabulary;
mod whole;
mod window;

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use cache::Cache;
use config::{Config, Rows};
use encoder::{Batch, Buffers, Encoder, Precision};
use label::{Decoder, Path};
pub use load::LoadError;
use load::Tensors;
use reference::Reference;
use second::{Second, Sums};
pub use shipped::Shipped;
use vocabulary::{Pieces, Vocabulary};
use window::{Part, Spelt};

use sha2::{Digest, Sha256};

pub use crate::word::{CLUES, Opinion, Word};

/// A stretch of a text that holds words which evidence has not settled, with context on both sides.
#[derive(Clone, Copy)]
pub struct Window<'t> {
    /// The whole text.
    pub text: &'t str,
    /// The words of the stretch.
    pub words: &'t [Word],
    /// The words whose opinion is wanted, first and one past the last; the rest is context. What reaches beyond `words`
    /// is cut off.
    pub open: (usize, usize),
}

/// Says of words what they are. One serves all threads.
pub trait Tagger: Send + Sync {
    /// Appends one opinion for every word of every window's `open` range, in order.
    fn tag(&self, windows: &[Window<'_>], out: &mut Vec<Opinion>);
}

/// A model read from its files.
pub struct Ner {
    config: Config,
    vocabulary: Vocabulary,
    network: Network,
    second: Option<Second>,
    decoder: Decoder,
    fingerprint: [u8; 32],
    cache: Option<Cache>,
    /// Buffers of threads that are not tagging now.
    workers: Mutex<Vec<Worker>>,
}

/// What computes logits.
enum Network {
    Packed(Encoder),
    Reference(Reference),
}

impl Ner {
    /// Reads a model from `config.json`, `weights.safetensors` and `vocab.txt`, whose checksums the first one states; and,
    /// where it states a second encoder, that one from its configuration and weights.
    pub fn read(
        config: &[u8],
        weights: &[u8],
        vocabulary: &[u8],
        second: Option<(&[u8], &[u8])>,
    ) -> Result<Self, LoadError> {
        let first = Self::packed(config, weights, vocabulary, Precision::Whole)?;
        let second = second.map(|(config, weights)| Second::read(&first.config, config, weights)).transpose()?;
        if first.config.second.is_some() != second.is_some() {
            return Err(LoadError::Second);
        }
        Ok(Self { second, ..first })
    }

    /// Whether `config.json` states a second encoder.
    ///
    /// # Errors
    ///
    /// When it is no configuration.
    pub fn is_joined(config: &[u8]) -> Result<bool, LoadError> {
        Ok(Config::read(config)?.second.is_some())
    }

    /// The same model with products of numbers as they were trained, not rounded to eight bits: slower, to measure what
    /// rounding costs. Its cache is off, and it has no second encoder.
    pub fn exact(config: &[u8], weights: &[u8], vocabulary: &[u8]) -> Result<Self, LoadError> {
        Ok(Self::packed(config, weights, vocabulary, Precision::Exact)?.without_cache())
    }

    fn packed(config: &[u8], weights: &[u8], vocabulary: &[u8], precision: Precision) -> Result<Self, LoadError> {
        Self::load(config, weights, vocabulary, |config, tensors| {
            Ok(Network::Packed(Encoder::read(config, tensors, precision)?))
        })
    }

    /// The same model computed by candle, slowly: what [`Ner::read`] is tested and measured against. Its cache is off, and it
    /// has no second encoder.
    pub fn reference(config: &[u8], weights: &[u8], vocabulary: &[u8]) -> Result<Self, LoadError> {
        let network =
            |config: &Config, tensors: &Tensors<'_>| Ok(Network::Reference(Reference::read(config, tensors)?));
        Ok(Self::load(config, weights, vocabulary, network)?.without_cache())
    }

    /// The same model without the memory of windows met before.
    #[must_use]
    pub fn without_cache(self) -> Self {
        Self { cache: None, ..self }
    }

    /// What the model is called.
    pub fn name(&self) -> &str {
        &self.config.name
    }

    /// SHA-256 of its `config.json`, which states the checksums of the other files: tells the model from all others.
    pub fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }

    /// How many rows each table of clues has.
    pub fn clues(&self) -> [usize; CLUES] {
        self.config.clues
    }

    /// How many rows, pieces or words, the encoder would read for a window that fits it: the measure of its speed.
    pub fn rows(&self, window: &Window<'_>) -> usize {
        let mut spelt = Spelt::default();
        spelt.spell(window, &self.vocabulary, &mut Pieces::default());
        spelt.rows(self.config.rows, spelt.words()) + if self.config.rows == Rows::Pieces { 2 } else { 0 }
    }

    /// How many stretches of text were answered from memory, and how many were asked about.
    pub fn cache_hits(&self) -> (u64, u64) {
        self.cache.as_ref().map_or((0, 0), Cache::hits)
    }

    fn load(
        config: &[u8],
        weights: &[u8],
        vocabulary: &[u8],
        network: impl FnOnce(&Config, &Tensors<'_>) -> Result<Network, LoadError>,
    ) -> Result<Self, LoadError> {
        let fingerprint = Sha256::digest(config).into();
        let config = Config::read(config)?;
        load::check("weights", weights, &config.weights_sha256)?;
        load::check("vocabulary", vocabulary, &config.vocabulary_sha256)?;
        Ok(Self {
            vocabulary: Vocabulary::read(vocabulary, config.vocabulary, config.pieces_a_word)?,
            network: network(&config, &Tensors::read(weights)?)?,
            second: None,
            decoder: Decoder::new(&config),
            fingerprint,
            cache: Some(Cache::new()),
            workers: Mutex::default(),
            config,
        })
    }

    /// Answers everything that `worker` has packed.
    fn flush(&self, worker: &mut Worker, out: &mut [Opinion]) {
        let Worker { batch, asked, buffers, sums, logits, path, answers, .. } = worker;
        if asked.is_empty() {
            return;
        }
        logits.clear();
        let outputs = self.config.outputs();
        match &self.network {
            Network::Packed(encoder) => encoder.logits(batch, buffers, logits),
            Network::Reference(reference) => reference.logits(batch, logits),
        }
        if let Some(second) = &self.second {
            second.join(batch, buffers, outputs, sums, logits);
        }
        // Without an answer a word would pass for nothing: the record must not.
        let wanted: usize = asked.iter().map(|asked| asked.words * outputs).sum();
        assert!(logits.len() == wanted && logits.iter().all(|l| l.is_finite()), "logits of the model");
        let mut rest = logits.as_slice();
        for asked in asked.drain(..) {
            let (of_this, of_others) = rest.split_at((asked.words * outputs).min(rest.len()));
            rest = of_others;
            answers.clear();
            self.decoder.decode(of_this, asked.wanted, path, answers);
            if let (Some(cache), false) = (&self.cache, asked.key.is_empty()) {
                cache.keep(&asked.key, answers);
            }
            if let Some(places) = out.get_mut(asked.places) {
                places.copy_from_slice(answers);
            }
        }
        batch.clear();
    }
}

impl Tagger for Ner {
    fn tag(&self, windows: &[Window<'_>], out: &mut Vec<Opinion>) {
        let lock = || self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        let mut worker = lock().pop().unwrap_or_default();
        // Left over from a call that did not come to its end.
        worker.batch.clear();
        worker.asked.clear();
        worker.seams.clear();
        for window in windows {
            let open = (window.open.0.min(window.words.len()), window.open.1.min(window.words.len()));
            if open.0 >= open.1 {
                continue;
            }
            let first = out.len();
            out.resize(first + open.1 - open.0, Opinion::NOTHING);
            worker.spelt.spell(window, &self.vocabulary, &mut worker.pieces);
            let mut parts = std::mem::take(&mut worker.parts);
            worker.spelt.cut(self.config.rows, self.config.positions - 2, &mut parts);
            for part in &parts {
                let from = part.answered.0.max(open.0);
                let to = part.answered.1.min(open.1);
                if from >= to {
                    continue;
                }
                let places = first + from - open.0..first + to - open.0;
                if from > open.0 {
                    worker.seams.push(places.start);
                }
                worker.key.clear();
                if let Some(cache) = &self.cache {
                    let wanted = (from - part.words.0, to - part.words.0);
                    worker.spelt.key(window, *part, wanted, &mut worker.key);
                    if out.get_mut(places.clone()).is_some_and(|places| cache.answer(&worker.key, places)) {
                        continue;
                    }
                }
                let read = (from.saturating_sub(BESIDE).max(part.words.0), (to + BESIDE).min(part.words.1));
                worker.spelt.pack(window, *part, read, &mut worker.batch);
                let (words, wanted) = (read.1 - read.0, (from - read.0, to - read.0));
                worker.asked.push(Asked { words, wanted, places, key: worker.key.as_slice().into() });
                if worker.batch.pieces.len() >= BUDGET {
                    self.flush(&mut worker, out);
                }
            }
            worker.parts = parts;
        }
        self.flush(&mut worker, out);
        // Two parts may not agree at their seam: what goes on with another label begins.
        for seam in &worker.seams {
            if let [before, after] = &mut out[seam - 1..=*seam]
                && after.label.is_some()
                && after.label != before.label
            {
                after.begins = true;
            }
        }
        lock().push(worker);
    }
}

impl Opinion {
    /// What stands in a place until it is answered.
    const NOTHING: Self = Self { label: None, begins: false, score: 0.0, nothing: 0.0 };
}

/// The buffers of one thread.
#[derive(Default)]
struct Worker {
    pieces: Pieces,
    spelt: Spelt,
    parts: Vec<Part>,
    key: Vec<u32>,
    batch: Batch,
    asked: Vec<Asked>,
    seams: Vec<usize>,
    buffers: Buffers,
    sums: Sums,
    logits: Vec<f32>,
    path: Path,
    answers: Vec<Opinion>,
}

/// A sequence of the batch that waits for its answer.
struct Asked {
    /// How many words of it are read.
    words: usize,
    /// Which of those are answered.
    wanted: (usize, usize),
    /// Where their opinions go.
    places: Range<usize>,
    /// Of the cache; empty without one.
    key: Box<[u32]>,
}

/// Words on each side of those that are asked about through which the path of labels is found as well: where an identifier
/// begins outside, what is asked about may go on with it. The rest of the context is not read behind the last attention.
const BESIDE: usize = 1;

/// A forward pass is made as soon as this many pieces are packed, so that what it computes stays in the second-level cache.
const BUDGET: usize = 512;

// Record text must not reach a log through Debug: not the text, and not where its words stand.
impl std::fmt::Debug for Window<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Window").field("words", &self.words.len()).field("open", &self.open).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Ner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ner").field("name", &self.config.name).finish_non_exhaustive()
    }
}
