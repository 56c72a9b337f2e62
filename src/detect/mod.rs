//! Claims about text: shapes, cues, dictionaries, and the evidence that weighs them.
//!
//! A text is cut into tokens once ([`token`]); patterns that need no context mark theirs ([`pattern`]); cue words
//! ([`cue`]) and dictionaries tell of the rest; [`evidence`] decides the tokens that are not settled.

pub mod cue;
pub mod dictionary;
pub mod evidence;
mod findings;
mod pattern;
mod rule;
pub mod shape;
pub mod token;

use std::sync::Arc;

use crate::engine::Input;
use crate::identifier::{Hint, Label};
use crate::resolve::Findings;
use crate::span::Span;

use cue::{CueMatch, Cues};
use dictionary::{Dictionary, Entry, Phrase};
use evidence::feature::{suffix, Info, PhraseKind, Sequence};
use evidence::{Decision, Path, Weights};
use pattern::number::Numbers;
use pattern::web::{self, Address};
use shape::{shape, Shape};
use token::{lex, Kind};

/// Finds identifiers by shape, cue and dictionary.
pub struct Detector {
    dictionary: Arc<Dictionary>,
    cues: Arc<Cues>,
    numbers: Arc<Numbers>,
    weights: Option<Arc<Weights>>,
    vocabulary: Arc<Vocabulary>,
}

/// Buffers that one thread reuses from text to text.
#[derive(Default)]
pub struct Scratch {
    pub(crate) sequence: Sequence,
    addresses: Vec<Address>,
    web: Vec<Span>,
    numbers: Vec<(Span, Label)>,
    cues: Vec<CueMatch>,
    decisions: Vec<Decision>,
    path: Path,
    folded: Vec<u8>,
    cache: WordCache,
    /// What rules are sure of.
    sure: Vec<crate::resolve::Finding>,
}

impl Detector {
    /// The detector on the embedded dictionaries and weights.
    pub fn embedded() -> Self {
        let weights = Weights::read(include_bytes!("../../dictionaries/evidence.bin")).ok();
        let vocabulary = Vocabulary::new(weights.as_ref().map_or(&[][..], |w| w.vocabulary()));
        Self {
            dictionary: Arc::new(Dictionary::embedded()),
            cues: Arc::new(Cues::new()),
            numbers: Arc::new(Numbers::new()),
            weights: weights.map(Arc::new),
            vocabulary: Arc::new(vocabulary),
        }
    }

    /// The same detector without weights, with words numbered as in `vocabulary`: what weights are fitted on.
    pub(crate) fn with_vocabulary(&self, vocabulary: &[String]) -> Self {
        Self {
            dictionary: Arc::clone(&self.dictionary),
            cues: Arc::clone(&self.cues),
            numbers: Arc::clone(&self.numbers),
            weights: None,
            vocabulary: Arc::new(Vocabulary::new(vocabulary)),
        }
    }

    /// The same detector with other weights.
    pub fn with_weights(&self, weights: Weights) -> Self {
        let mut detector = self.with_vocabulary(weights.vocabulary());
        detector.weights = Some(Arc::new(weights));
        detector
    }

    pub(crate) fn dictionary(&self) -> &Dictionary {
        &self.dictionary
    }

    /// See [`crate::engine::Worker::find`].
    pub(crate) fn find(&self, inputs: &[Input<'_>], scratch: &mut Scratch) -> Vec<Findings> {
        let mut texts = Vec::with_capacity(inputs.len());
        let mut document = findings::Document::default();
        for input in inputs {
            let mut found = Vec::new();
            match input.hint {
                Hint::Skip => {}
                Hint::Whole(label) => findings::whole(self, input.text, label, scratch, &mut found, &mut document),
                Hint::Text => {
                    self.prepare(input.text, scratch);
                    self.decide(scratch);
                    findings::collect(input.text, scratch, &mut found, &mut document);
                }
            }
            texts.push(found);
        }
        // What was found in one text is looked for in all of them.
        if !document.is_empty() {
            for (input, found) in inputs.iter().zip(&mut texts) {
                if input.hint == Hint::Text {
                    if inputs.len() > 1 {
                        self.prepare(input.text, scratch);
                    }
                    findings::spread(input.text, &scratch.sequence, &document, found);
                }
            }
        }
        texts.into_iter().map(Findings::resolve).collect()
    }

    /// Tokens of `text` with all that is known of each, in `scratch.sequence`.
    pub(crate) fn prepare(&self, text: &str, scratch: &mut Scratch) {
        let s = scratch;
        s.sequence.clear(self.vocabulary.len());
        s.addresses.clear();
        s.web.clear();
        s.numbers.clear();
        s.cues.clear();
        s.sure.clear();
        web::find(text, &mut s.addresses);
        s.web.extend(s.addresses.iter().map(|(span, _)| *span));
        lex(text, &s.web, &mut s.sequence.tokens);
        self.numbers.find(text, &mut s.numbers);
        self.cues.find(text, &mut s.cues);
        let mut numbers = s.numbers.iter().peekable();
        for token in &s.sequence.tokens {
            let mut info = match token.kind {
                Kind::Word => {
                    s.folded.clear();
                    let word = token.of(text);
                    let word = word.strip_suffix("'s").or_else(|| word.strip_suffix("’s")).unwrap_or(word);
                    dictionary::fold(word, &mut s.folded);
                    let hash = hash(&s.folded);
                    let (entry, number) = s.cache.get(hash, || (self.dictionary.word(&s.folded), self.vocabulary.number(hash)));
                    Info::new(entry, hash, number, Shape::Other, suffix(&s.folded))
                }
                Kind::Code => {
                    let code = token.of(text);
                    Info::new(Entry::default(), hash(code.as_bytes()), 0, shape(code), 0)
                }
                Kind::Punct => Info::new(Entry::default(), 0, 0, Shape::Other, 0),
                Kind::Web => Info::new(Entry::default(), hash(token.of(text).as_bytes()), 0, Shape::Other, 0),
            };
            while numbers.peek().is_some_and(|(span, _)| span.end <= token.start as usize) {
                numbers.next();
            }
            info.mark = numbers.peek().filter(|(span, _)| span.start <= token.start as usize).map(|(_, label)| *label);
            s.sequence.infos.push(info);
        }
        self.phrases(text, &mut s.sequence, &mut s.folded);
        rule::apply(text, &self.dictionary, &mut s.sequence, &s.addresses, &s.numbers, &s.cues, &mut s.sure);
        s.sequence.annotate(text, &s.cues);
    }

    /// Marks the multi-word entries of the dictionaries.
    fn phrases(&self, text: &str, sequence: &mut Sequence, folded: &mut Vec<u8>) {
        let mut i = 0;
        while i < sequence.tokens.len() {
            let starts = sequence.infos.get(i).is_some_and(|info| info.entry.any(Entry::STARTS_PHRASE));
            let mut step = 1;
            if starts {
                // Folded words of the next tokens; punctuation that phrases do not hold ends them.
                folded.clear();
                let mut ends: Vec<(usize, usize)> = Vec::with_capacity(6);
                for (j, token) in sequence.tokens.iter().enumerate().skip(i).take(12) {
                    if j > i && token.gap > token::Gap::Line {
                        break;
                    }
                    match token.kind {
                        Kind::Word | Kind::Code => {
                            dictionary::fold(token.of(text), folded);
                            ends.push((j, folded.len()));
                        }
                        Kind::Punct if matches!(token.of(text), "-" | "." | "&" | "/") => {}
                        _ => break,
                    }
                    if ends.len() == 6 {
                        break;
                    }
                }
                let words = ends.iter().enumerate().map(|(k, (_, end))| {
                    let start = k.checked_sub(1).and_then(|k| ends.get(k)).map_or(0, |(_, e)| *e);
                    folded.get(start..*end).unwrap_or(b"")
                });
                if let Some((count, phrase)) = self.dictionary.phrase(words) {
                    let kind = phrase_kind(phrase);
                    let last = count.checked_sub(1).and_then(|k| ends.get(k)).map_or(i, |(j, _)| *j);
                    if kind != PhraseKind::None && last > i {
                        for info in sequence.infos.iter_mut().take(last + 1).skip(i) {
                            info.phrase = kind;
                        }
                        step = last + 1 - i;
                    }
                }
            }
            i += step;
        }
    }

    /// Decides every token that is not settled.
    fn decide(&self, scratch: &mut Scratch) {
        let s = scratch;
        s.decisions.clear();
        s.decisions.resize(s.sequence.tokens.len(), Decision::default());
        let Some(weights) = &self.weights else { return };
        let mut from = 0;
        let n = s.sequence.tokens.len();
        while from < n {
            let mut to = from + 1;
            while to < n && s.sequence.tokens.get(to).is_some_and(|t| t.gap != token::Gap::Block) && to - from < 4000 {
                to += 1;
            }
            evidence::decode(weights, &s.sequence, from, to, &mut s.path, &mut s.decisions);
            from = to;
        }
    }
}

/// What a phrase of the dictionaries is as evidence; of several kinds, what protects precision wins.
fn phrase_kind(phrase: Phrase) -> PhraseKind {
    [
        (Phrase::EPONYM, PhraseKind::Eponym),
        (Phrase::MEDICAL, PhraseKind::Medical),
        (Phrase::STATE.or(Phrase::COUNTRY), PhraseKind::State),
        (Phrase::PAYER.or(Phrase::COMPANY), PhraseKind::Company),
        (Phrase::FACILITY, PhraseKind::Facility),
        (Phrase::UNIVERSITY, PhraseKind::University),
        (Phrase::CITY, PhraseKind::City),
    ]
    .into_iter()
    .find(|(kinds, _)| phrase.is(*kinds))
    .map_or(PhraseKind::None, |(_, kind)| kind)
}

/// Numbers of the words that have weights of their own.
pub(crate) struct Vocabulary {
    numbers: std::collections::HashMap<u64, u16, BuildIdentity>,
}

impl Vocabulary {
    fn new(words: &[String]) -> Self {
        let numbers = words.iter().enumerate().map(|(i, w)| (hash(w.as_bytes()), (i + 1).min(usize::from(u16::MAX)) as u16)).collect();
        Self { numbers }
    }

    fn len(&self) -> usize {
        self.numbers.len()
    }

    fn number(&self, hash: u64) -> u16 {
        self.numbers.get(&hash).copied().unwrap_or(0)
    }
}

/// The key is a hash already.
#[derive(Default, Clone)]
pub(crate) struct Identity(u64);
type BuildIdentity = std::hash::BuildHasherDefault<Identity>;

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

/// A set of hashes.
pub(crate) type HashSet64 = std::collections::HashSet<u64, BuildIdentity>;

/// 64-bit hash of a folded word: multiply and fold, eight bytes at a time.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    const K: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut h = (bytes.len() as u64).wrapping_mul(K) ^ 0x51_7c_c1_b7_27_22_0a_95;
    for chunk in bytes.chunks(8) {
        let mut word = [0u8; 8];
        for (w, b) in word.iter_mut().zip(chunk) {
            *w = *b;
        }
        let product = u128::from(h ^ u64::from_le_bytes(word)) * u128::from(K);
        h = (product as u64) ^ ((product >> 64) as u64);
        h = h.wrapping_add(K);
    }
    h ^ (h >> 29)
}

/// The answers for the words seen last, by hash: clinical text repeats its words, and nine in ten are found here.
struct WordCache {
    slots: Vec<(u64, Entry, u16)>,
}

impl Default for WordCache {
    fn default() -> Self {
        Self { slots: vec![(0, Entry::default(), 0); 1 << 14] }
    }
}

impl WordCache {
    fn get(&mut self, hash: u64, miss: impl FnOnce() -> (Entry, u16)) -> (Entry, u16) {
        let at = (hash >> 17) as usize & (self.slots.len() - 1);
        match self.slots.get_mut(at) {
            Some((key, entry, number)) if *key == hash => (*entry, *number),
            Some(slot) => {
                let (entry, number) = miss();
                *slot = (hash, entry, number);
                (entry, number)
            }
            None => miss(),
        }
    }
}
