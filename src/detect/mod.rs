//! Claims about text: shapes, cues, dictionaries, and the evidence that weighs them.
//!
//! A text is cut into tokens once ([`token`]); patterns that need no context mark theirs (`pattern`); cue words
//! ([`cue`]) and dictionaries tell of the rest; [`evidence`] decides the tokens that are not settled.

mod aloud;
mod boundary;
mod cache;
pub(crate) mod clue;
pub mod context;
pub mod cue;
pub mod dictionary;
pub mod evidence;
mod findings;
mod fraction;
pub(crate) mod gate;
mod hashing;
mod inert;
mod pattern;
mod prepare;
mod public;
mod rule;
mod scratch;
pub mod shape;
mod signed;
pub mod token;
mod told;

use std::sync::Arc;

use crate::finding::Found;
use crate::identifier::{Hint, Part};
use crate::word::{Opinion, Word as Shown};

use clue::Question;
use context::{Context, Facts, Gather, Lore, Place as Spot};
use cue::Cues;
use dictionary::Dictionary;
use evidence::Weights;
use hashing::step;
pub(crate) use hashing::{HashMap64, HashSet64, folded_hash, hash};
use inert::Inert;
use pattern::number::Numbers;
use prepare::Vocabulary;
pub use scratch::Scratch;

/// Finds identifiers by shape, cue and dictionary. Cheap to clone.
#[derive(Clone)]
pub struct Detector {
    dictionary: Arc<Dictionary>,
    cues: Arc<Cues>,
    numbers: Arc<Numbers>,
    weights: Option<Arc<Weights>>,
    vocabulary: Arc<Vocabulary>,
    gated: bool,
    /// Whether what fields say is looked for in the texts of their record.
    contextual: bool,
}

/// A text to search, with what its place in the record says of it.
#[derive(Clone, Copy)]
pub struct Input<'t> {
    /// The text, escapes resolved.
    pub text: &'t str,
    /// What the field's name says.
    pub hint: Hint,
    /// Which part of a person's name it is.
    pub part: Part,
}

impl<'t> Input<'t> {
    /// A text that is no part of a name.
    pub fn new(text: &'t str, hint: Hint) -> Self {
        Self { text, hint, part: Part::Unknown }
    }
}

/// Whom detection asks about what evidence has not settled.
pub(crate) trait Adviser {
    /// `open` of the `searched` bytes of a text lie in windows that evidence has not settled.
    fn gate(&mut self, searched: usize, open: usize);

    /// Whether there is anybody to ask.
    fn advises(&self) -> bool;

    /// Appends one opinion for each open word of each question; `words` are those of all questions, one after the other.
    fn advise(&mut self, text: &str, words: &[Shown], questions: &[Question], out: &mut Vec<Opinion>);
}

/// What the texts of one record are searched with besides: of what is known, of its people and of its numbers.
type Contexts = smallvec::SmallVec<[Arc<Context>; 3]>;

/// Bytes of the shortest text for which it is worth while to make a context.
const LEAST_SEARCHED: usize = 24;
/// Who was born in this year or before may be 90 and more in 2026. To be raised with each year's release.
const BORN_90: u16 = 1936;
/// Bytes of a text in which no name stands.
const SHORTEST: usize = 2;

impl Detector {
    /// The detector on the embedded dictionaries and weights.
    ///
    /// # Panics
    ///
    /// Never in a binary whose tests passed: the weights are part of it.
    #[expect(clippy::expect_used, reason = "without weights most names would pass: nothing may run")]
    pub fn embedded() -> Self {
        let weights =
            Weights::read(include_bytes!("../../dictionaries/evidence.bin")).expect("embedded evidence weights");
        Self::unfitted().with_weights(weights)
    }

    /// The detector on the embedded dictionaries without weights: what new ones are fitted on. It finds only what rules
    /// are sure of.
    pub(crate) fn unfitted() -> Self {
        Self {
            dictionary: Arc::new(Dictionary::embedded()),
            cues: Arc::new(Cues::new()),
            numbers: Arc::new(Numbers::new()),
            weights: None,
            vocabulary: Arc::new(Vocabulary::new(&[])),
            gated: true,
            contextual: true,
        }
    }

    /// The same detector without weights, with words numbered as in `vocabulary`: what weights are fitted on.
    pub(crate) fn with_vocabulary(&self, vocabulary: &[String]) -> Self {
        Self { weights: None, vocabulary: Arc::new(Vocabulary::new(vocabulary)), ..self.clone() }
    }

    /// The same detector that asks about every word.
    pub(crate) fn without_gate(&self) -> Self {
        Self { gated: false, ..self.clone() }
    }

    /// The same detector that does not look in the texts of a record for what its fields say, but for the words of names
    /// and the codes in them as they stand.
    pub(crate) fn without_context(&self) -> Self {
        Self { contextual: false, ..self.clone() }
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

    /// Claims of the texts of one record, one list an input; they may overlap. What is found in one text is looked for in
    /// all of them, and so is what fields of the record say and what is `known` besides. `adviser` is asked, text by text,
    /// about the windows that evidence has not settled.
    pub(crate) fn find(
        &self,
        inputs: &[Input<'_>],
        known: &[&Facts],
        scratch: &mut Scratch,
        adviser: &mut impl Adviser,
    ) -> Vec<Found> {
        let contexts = if self.contextual { self.contexts(inputs, known, scratch) } else { Contexts::new() };
        let spreads = spreads(inputs, contexts.is_empty() || adviser.advises());
        let mut texts = Vec::with_capacity(inputs.len());
        let mut document = findings::Document::default();
        for (at, input) in inputs.iter().enumerate() {
            let mut found = Found::new();
            match input.hint {
                Hint::Skip => {}
                Hint::Whole(label) => {
                    found.extend(findings::whole(input.text, label));
                    if spreads {
                        findings::remember_whole(self, input.text, scratch, &found, &mut document);
                    }
                }
                Hint::Text if is_calm(input.text, &scratch.inert, |of| contexts.iter().any(|c| c.holds(of))) => {
                    adviser.gate(input.text.len(), 0);
                    scratch.skip(at);
                }
                Hint::Text => {
                    self.prepare(input.text, scratch);
                    self.decide(input.text, scratch);
                    self.ask(input.text, scratch, &document, adviser);
                    let mut all = Vec::new();
                    findings::collect(input.text, scratch, &mut all, &mut document);
                    let spot = Spot { text: input.text, sequence: &scratch.sequence, decisions: &scratch.decisions };
                    contexts.iter().for_each(|context| context.search(spot, &mut all));
                    signed::sign(input.text, &scratch.sequence, &mut all);
                    // Only now: what is remembered here is not looked at again.
                    if all.is_empty() && scratch.windows.is_empty() && scratch.questions.is_empty() {
                        scratch.inert.note(input.text, &scratch.sequence);
                    }
                    if inputs.len() > 1 {
                        scratch.keep(at, input.text.len());
                    }
                    found = all.into();
                }
            }
            texts.push(found);
        }
        contexts.iter().flat_map(|context| context.eponyms()).for_each(|hash| document.forget(*hash));
        if !document.is_empty() {
            for (at, (input, found)) in inputs.iter().zip(&mut texts).enumerate() {
                if input.hint == Hint::Text && !is_calm(input.text, &scratch.inert, |of| document.holds(of)) {
                    if inputs.len() > 1 && !scratch.recall(at) {
                        self.prepare(input.text, scratch);
                        self.decide(input.text, scratch);
                    }
                    let mut all = std::mem::take(found).into_vec();
                    findings::spread(input.text, scratch, &document, &mut all);
                    *found = all.into();
                }
            }
        }
        scratch.shelf.put_back(contexts);
        texts
    }

    /// What the texts of this record are searched with besides: what is known of those it speaks of, and what its own
    /// fields say. Nothing where no text is worth it.
    fn contexts(&self, inputs: &[Input<'_>], known: &[&Facts], scratch: &mut Scratch) -> Contexts {
        let mut contexts = Contexts::new();
        if !inputs.iter().any(|input| input.hint == Hint::Text && input.text.len() >= LEAST_SEARCHED) {
            return contexts;
        }
        scratch.gather.fill(inputs);
        let Scratch { gather: Gather { people, numbers }, shelf, tokens, cache, folded, .. } = scratch;
        let mut word_folded = Vec::new();
        let mut of = |word: &str| {
            let hash = folded_hash(word, &mut word_folded);
            (hash, cache.get(hash, || self.known(word, hash, &mut word_folded)))
        };
        let mut lore = Lore { of: &mut of, tokens, folded };
        let hash = known.iter().filter(|facts| !facts.is_empty()).fold(0, |hash, facts| step(hash, facts.hash()));
        if hash != 0 {
            let all = |room| Context::build(room, known.iter().flat_map(|facts| facts.iter()), &mut lore);
            contexts.push(shelf.take(hash, all));
        }
        // Records of one person stand together, and each has numbers of its own.
        if !people.is_empty() {
            contexts.push(shelf.take(people.hash(), |room| Context::build(room, people.iter(), &mut lore)));
        }
        if !numbers.is_empty() {
            contexts.push(Arc::new(Context::build(shelf.spare(), numbers.iter(), &mut lore)));
        }
        contexts
    }

    /// Asks about the windows of a decided text; what is said stands in `scratch.opinions`, one for each open word.
    fn ask(&self, text: &str, scratch: &mut Scratch, document: &findings::Document, adviser: &mut impl Adviser) {
        let open = scratch.windows.iter().filter_map(|(from, to)| scratch.sequence.span(*from, *to));
        adviser.gate(text.len(), open.map(|span| span.len()).sum());
        scratch.questions.clear();
        scratch.opinions.clear();
        let n = scratch.sequence.tokens.len();
        if !adviser.advises() || n == 0 {
            return;
        }
        if self.gated {
            let mut questions = std::mem::take(&mut scratch.questions);
            clue::questions(scratch, &mut questions);
            scratch.questions = questions;
        } else {
            scratch.questions.push(Question { words: (0, n), open: (0, n) });
        }
        if scratch.questions.is_empty() {
            return;
        }
        // What rules and evidence alone would find is a clue as well.
        let (mut found, mut document) = (Vec::new(), document.clone());
        findings::collect(text, scratch, &mut found, &mut document);
        let shown: Vec<(usize, usize)> = scratch.questions.iter().map(|q| q.words).collect();
        self.annotate(text, &mut scratch.sequence, &shown, &mut scratch.folded);
        let mut words = std::mem::take(&mut scratch.words);
        words.clear();
        let mut found = clue::Found::new(&mut found);
        for range in shown {
            clue::words(scratch, range, &mut found, &document, &mut words);
        }
        scratch.words = words;
        let (questions, words) = (&scratch.questions, &scratch.words);
        adviser.advise(text, words, questions, &mut scratch.opinions);
        // One opinion too few and all behind it would speak of other words.
        let wanted: usize = scratch.questions.iter().map(|q| q.open.1 - q.open.0).sum();
        assert_eq!(scratch.opinions.len(), wanted, "opinions of the model");
    }
}

/// Whether there is nothing to find in a text, as it was elsewhere, unless what is known here `holds` a word of it.
fn is_calm(text: &str, inert: &Inert, holds: impl Fn(u64) -> bool) -> bool {
    inert.words(text).is_some_and(|words| !words.iter().any(|word| holds(*word)))
}

/// Whether the words of whole values are to be looked for as they stand: no context looks for them in every form, or
/// somebody is asked to whom they are a clue; and there is a text to look in. Of texts as short as most cells of a table
/// are, one must hold a word of such a value: a look at the words is much cheaper than reading the values.
fn spreads(inputs: &[Input<'_>], wanted: bool) -> bool {
    fn runs(text: &str) -> impl Iterator<Item = &str> {
        text.split(|c: char| !c.is_alphanumeric()).filter(|run| !run.is_empty())
    }
    let texts = || inputs.iter().filter(|input| input.hint == Hint::Text && input.text.len() > SHORTEST);
    if !wanted || texts().next().is_none() {
        return false;
    }
    if texts().any(|input| input.text.len() >= LEAST_SEARCHED) {
        return true;
    }
    let (mut words, mut count, mut seen) = ([0u64; 64], 0, 0u64);
    let mut folded = Vec::new();
    for run in texts().flat_map(|input| runs(input.text)) {
        let Some(place) = words.get_mut(count) else { return true };
        *place = folded_hash(run, &mut folded);
        seen |= 1 << (*place >> 58);
        count += 1;
    }
    let words = words.get(..count).unwrap_or_default();
    inputs.iter().filter(|input| matches!(input.hint, Hint::Whole(_))).flat_map(|input| runs(input.text)).any(|run| {
        let hash = folded_hash(run, &mut folded);
        seen & 1 << (hash >> 58) != 0 && words.contains(&hash)
    })
}

#[cfg(test)]
mod tests {
    use super::scratch::{KEPT, LONGEST_KEPT};
    use super::*;

    struct Nobody;

    impl Adviser for Nobody {
        fn gate(&mut self, _: usize, _: usize) {}

        fn advises(&self) -> bool {
            false
        }

        fn advise(&mut self, _: &str, _: &[Shown], _: &[Question], _: &mut Vec<Opinion>) {}
    }

    /// What no window asked for and a rule for the whole text found is found each time.
    #[test]
    fn short_texts_are_found_alike_each_time() {
        let (detector, mut scratch) = (Detector::embedded(), Scratch::default());
        for (text, want) in [("He is in bed. He ate all of it. mg", "mg"), ("REPORTED TO QUENNEBROOK", "QUENNEBROOK")] {
            for _ in 0..3 {
                let found = detector.find(&[Input::new(text, Hint::Text)], &[], &mut scratch, &mut Nobody);
                let found: Vec<&str> = found[0].iter().map(|f| f.span.of(text)).collect();
                assert_eq!(found, [want], "{text}");
            }
        }
    }

    #[test]
    fn texts_kept_and_texts_decided_again_are_found_alike() {
        let named = "Seen by Dr. Marguerite Oyelaran, who signed.";
        let again = "spoke with Oyelaran today about the plan";
        // The first is too long to be kept, the last ones are too many.
        let long = format!("{again}{}", " and so on".repeat(LONGEST_KEPT / 10));
        let mut texts = vec![long.as_str(), named];
        texts.resize(KEPT + 4, again);
        let inputs: Vec<Input<'_>> = texts.iter().map(|text| Input::new(text, Hint::Text)).collect();
        let (detector, mut scratch) = (Detector::embedded(), Scratch::default());
        for _ in 0..2 {
            let found = detector.find(&inputs, &[], &mut scratch, &mut Nobody);
            assert!(found.iter().skip(2).all(|f| *f == found[2]));
            assert_eq!(found[0], found[2]);
            assert!(found[2].iter().any(|f| f.span.of(again) == "Oyelaran"));
        }
    }
}
