//! Claims about text: shapes, cues, dictionaries, and the evidence that weighs them.
//!
//! A text is cut into tokens once ([`token`]); patterns that need no context mark theirs (`pattern`); cue words
//! ([`cue`]) and dictionaries tell of the rest; [`evidence`] decides the tokens that are not settled.

mod boundary;
pub(crate) mod clue;
pub mod context;
pub mod cue;
pub mod dictionary;
pub mod evidence;
mod findings;
pub(crate) mod gate;
mod inert;
mod pattern;
mod rule;
pub mod shape;
pub mod token;

use std::sync::Arc;

use crate::finding::Finding;
use crate::identifier::{Hint, Label, Part};
use crate::span::Span;
use crate::word::{Opinion, Word as Shown};

use clue::Question;
use context::{Context, Facts, Gather, Lore, Place as Spot, Shelf};
use cue::{CueMatch, Cues, Reach};
use dictionary::{Dictionary, Phrase};
use evidence::feature::{Info, PhraseKind, Sequence};
use evidence::word::Word;
use evidence::{Decision, Path, Weights};
use inert::Inert;
use pattern::number::Numbers;
use pattern::web::{self, Address};
use shape::{Shape, shape};
use token::{Case, Kind, lex};

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
    sure: Vec<Finding>,
    windows: Vec<(usize, usize)>,
    questions: Vec<Question>,
    words: Vec<Shown>,
    opinions: Vec<Opinion>,
    /// Texts of this record that were decided already, by their place in the record.
    kept: [Kept; KEPT],
    /// What the fields of this record say.
    gather: Gather,
    inert: Inert,
    shelf: Shelf,
    tokens: Vec<token::Token>,
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

/// A decided text.
#[derive(Default)]
struct Kept {
    sequence: Sequence,
    decisions: Vec<Decision>,
    /// Of this record, and not of one before.
    filled: bool,
}

impl Scratch {
    /// Keeps the text that was decided last, the one at `at` of its record, if there is room for it.
    fn keep(&mut self, at: usize, bytes: usize) {
        if let Some(kept) = self.kept.get_mut(at) {
            kept.filled = bytes <= LONGEST_KEPT;
            if kept.filled {
                kept.swap(&mut self.sequence, &mut self.decisions);
            }
        }
    }

    /// Nothing of the text at `at` of the record is kept.
    fn skip(&mut self, at: usize) {
        if let Some(kept) = self.kept.get_mut(at) {
            kept.filled = false;
        }
    }

    /// Whether the text at `at` of the record was kept; it is the one that was decided last then.
    fn recall(&mut self, at: usize) -> bool {
        let kept = self.kept.get_mut(at).filter(|kept| kept.filled);
        if let Some(kept) = kept {
            kept.swap(&mut self.sequence, &mut self.decisions);
            return true;
        }
        false
    }
}

impl Kept {
    /// Exchanges the text that was decided last for this one.
    fn swap(&mut self, sequence: &mut Sequence, decisions: &mut Vec<Decision>) {
        std::mem::swap(&mut self.sequence, sequence);
        std::mem::swap(&mut self.decisions, decisions);
    }
}

/// Bytes of the shortest text for which it is worth while to make a context.
const LEAST_SEARCHED: usize = 24;
/// Bytes of a text in which no name stands.
const SHORTEST: usize = 2;

/// How many texts of a record are kept from finding to spreading; what is beyond is decided again.
const KEPT: usize = 32;
/// Bytes of the longest that is kept: all of them take some ten megabytes of tokens.
const LONGEST_KEPT: usize = 1 << 15;

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
    ) -> Vec<Vec<Finding>> {
        let contexts = if self.contextual { self.contexts(inputs, known, scratch) } else { Vec::new() };
        let spreads = spreads(inputs, contexts.is_empty() || adviser.advises());
        let mut texts = Vec::with_capacity(inputs.len());
        let mut document = findings::Document::default();
        for (at, input) in inputs.iter().enumerate() {
            let mut found = Vec::new();
            match input.hint {
                Hint::Skip => {}
                Hint::Whole(label) => {
                    findings::whole(input.text, label, &mut found);
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
                    findings::collect(input.text, scratch, &mut found, &mut document);
                    if found.is_empty() && scratch.windows.is_empty() && scratch.questions.is_empty() {
                        scratch.inert.note(input.text, &scratch.sequence);
                    }
                    let spot = Spot { text: input.text, sequence: &scratch.sequence, decisions: &scratch.decisions };
                    contexts.iter().for_each(|context| context.search(spot, &mut found));
                    if inputs.len() > 1 {
                        scratch.keep(at, input.text.len());
                    }
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
                    findings::spread(input.text, scratch, &document, found);
                }
            }
        }
        texts
    }

    /// What the texts of this record are searched with besides: what is known of those it speaks of, and what its own
    /// fields say. Nothing where no text is worth it.
    fn contexts(&self, inputs: &[Input<'_>], known: &[&Facts], scratch: &mut Scratch) -> Vec<Arc<Context>> {
        let mut contexts = Vec::new();
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
            let all = || Context::build(known.iter().flat_map(|facts| facts.iter()), &mut lore);
            contexts.push(shelf.take(hash, all));
        }
        // Records of one person stand together, and each has numbers of its own.
        if !people.is_empty() {
            contexts.push(shelf.take(people.hash(), || Context::build(people.iter(), &mut lore)));
        }
        if !numbers.is_empty() {
            contexts.push(Arc::new(Context::build(numbers.iter(), &mut lore)));
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
        let Sequence { tokens, infos, marks, leads, .. } = &mut s.sequence;
        infos.reserve(tokens.len());
        let mut cue_end = 0;
        let mut reach = Reach::default();
        let mut line = 0;
        for (i, token) in (0..).zip(tokens.iter()) {
            let mut info = Info::default();
            if token.plain {
                info.hash = plain_hash(text.as_bytes(), token.start as usize, token.len());
                info.known = s.cache.get(info.hash, || self.known(token.of(text), info.hash, &mut s.folded));
            } else {
                match token.kind {
                    Kind::Word => {
                        let word = token.of(text);
                        let stem = word.strip_suffix("'s").or_else(|| word.strip_suffix("’s")).unwrap_or(word);
                        info.hash = folded_hash(stem, &mut s.folded);
                        info.known = s.cache.get(info.hash, || self.known(stem, info.hash, &mut s.folded));
                    }
                    Kind::Code => {
                        let code = token.of(text);
                        info.hash = hash(code.as_bytes());
                        info.shape = shape(code);
                    }
                    Kind::Punct => {}
                    Kind::Web => info.hash = hash(token.of(text).as_bytes()),
                }
            }
            reach.tell(token, &mut info);
            if token.starts_line() {
                line = i;
            }
            info.line = line;
            // Written once and whole.
            infos.push(info);
            if info.bits & (Word::CUE | Word::RULE | Word::MARK) == 0 && token.kind != Kind::Code {
                continue;
            }
            if info.bits & Word::MARK != 0 {
                marks.push(i);
            }
            if info.bits & Word::RULE != 0 || token.kind == Kind::Code {
                leads.push(i);
            }
            if (info.bits & Word::CUE != 0 || info.shape == Shape::Ordinal)
                && token.start >= cue_end
                && let Some(cue) = self.cue_at(text, token, &info)
            {
                cue_end = cue.end;
                reach.begin(cue);
                s.cues.push(cue);
            }
        }
        let codes = leads.iter().filter_map(|i| tokens.get(*i as usize)).filter(|t| t.kind == Kind::Code);
        self.numbers.find(text, codes.map(|t| Span::new(t.start as usize, t.end as usize)), &mut s.numbers);
        for (span, label) in &s.numbers {
            let from = tokens.partition_point(|t| (t.start as usize) < span.start);
            let inside = tokens.iter().zip(infos.iter_mut()).skip(from);
            for (_, info) in inside.take_while(|(t, _)| (t.start as usize) < span.end) {
                info.mark = Some(*label);
            }
        }
        rule::apply(text, &self.dictionary, &mut s.sequence, &s.addresses, &s.numbers, &s.cues, &mut s.sure);
        s.windows.clear();
        gate::windows(&s.sequence, text, &mut s.windows);
    }

    /// Completes what evidence sees at and around the tokens of `windows`.
    pub(crate) fn annotate(
        &self,
        text: &str,
        sequence: &mut Sequence,
        windows: &[(usize, usize)],
        folded: &mut Vec<u8>,
    ) {
        for (from, to) in windows {
            self.phrases(text, sequence, *from, *to, folded);
        }
        sequence.annotate(text, windows);
    }

    /// The cue that begins with `token`.
    fn cue_at(&self, text: &str, token: &token::Token, info: &Info) -> Option<CueMatch> {
        match info.alone {
            Some(cue) if token.plain => Some(CueMatch { start: token.start, end: token.end, cue }),
            _ => self.cues.at(text, token.start),
        }
    }

    /// What dictionaries, vocabulary and cues know of a word. One with an apostrophe that is not listed is what it is
    /// without it, or what its parts are: `O'Shaughnessy`.
    fn known(&self, word: &str, hash: u64, folded: &mut Vec<u8>) -> Word {
        folded.clear();
        dictionary::fold(word, folded);
        let mut entry = self.dictionary.word(folded);
        if entry.is_unknown() && folded.contains(&b'\'') {
            let joined: Vec<u8> = folded.iter().copied().filter(|b| *b != b'\'').collect();
            entry = self.dictionary.word(&joined);
            if entry.is_unknown() {
                entry = folded
                    .split(|b| *b == b'\'')
                    .filter(|p| p.len() > 2)
                    .fold(entry, |e, part| e.or(self.dictionary.word(part)));
            }
        }
        Word::new(folded, entry, self.vocabulary.number(hash), self.cues.begins(hash), self.cues.alone(hash))
    }

    /// Marks the multi-word entries of the dictionaries that begin in tokens `from..to`.
    fn phrases(&self, text: &str, sequence: &mut Sequence, from: usize, to: usize, folded: &mut Vec<u8>) {
        let mut i = from;
        while i < to {
            let starts = sequence.infos.get(i).is_some_and(|info| info.entry.starts_phrase())
                && sequence.tokens.get(i).is_some_and(|t| t.case != Case::Lower);
            let mut step = 1;
            if starts {
                // Folded words of the next tokens; punctuation that phrases do not hold ends them.
                folded.clear();
                let mut ends = [(0, 0); 6];
                let mut count = 0;
                for (j, token) in sequence.tokens.iter().enumerate().skip(i).take(12) {
                    if j > i && token.gap > token::Gap::Line {
                        break;
                    }
                    match token.kind {
                        Kind::Word | Kind::Code => {
                            dictionary::fold(token.of(text), folded);
                            ends[count] = (j, folded.len());
                            count += 1;
                        }
                        Kind::Punct if matches!(token.of(text), "-" | "." | "&" | "/") => {}
                        _ => break,
                    }
                    if count == ends.len() {
                        break;
                    }
                }
                let ends = ends.get(..count).unwrap_or_default();
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

    /// Decides the tokens that are not settled.
    fn decide(&self, text: &str, scratch: &mut Scratch) {
        let s = scratch;
        s.decisions.clear();
        s.decisions.resize(s.sequence.tokens.len(), Decision::default());
        self.annotate(text, &mut s.sequence, &s.windows, &mut s.folded);
        let Some(weights) = &self.weights else { return };
        for (from, to) in &s.windows {
            // What lies on both sides of an empty line is apart.
            let mut start = *from;
            while start < *to {
                let mut end = start + 1;
                while end < *to
                    && s.sequence.tokens.get(end).is_some_and(|t| t.gap != token::Gap::Block)
                    && end - start < 4000
                {
                    end += 1;
                }
                evidence::decode(weights, &s.sequence, start, end, &mut s.path, &mut s.decisions);
                start = end;
            }
        }
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
        let numbers = words
            .iter()
            .enumerate()
            .map(|(i, w)| (hash(w.as_bytes()), (i + 1).min(usize::from(u16::MAX)) as u16))
            .collect();
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

/// A map by hash.
pub(crate) type HashMap64<V> = std::collections::HashMap<u64, V, BuildIdentity>;

/// A set of hashes.
pub(crate) type HashSet64 = std::collections::HashSet<u64, BuildIdentity>;

/// The hash of the folded word; `folded` is used where folding is more than lower case.
pub(crate) fn folded_hash(word: &str, folded: &mut Vec<u8>) -> u64 {
    if !word.is_ascii() {
        folded.clear();
        dictionary::fold(word, folded);
        return hash(folded);
    }
    hash_words(word.len(), word.as_bytes().chunks(8).map(|chunk| lower(eight(chunk))))
}

/// The same for `len` ASCII letters at `at`: whole words are read and what is behind the letters is masked away.
fn plain_hash(text: &[u8], at: usize, len: usize) -> u64 {
    let small = |chunk: &[u8]| eight(chunk) | 0x2020_2020_2020_2020;
    let last = |chunk: &[u8], len: usize| small(chunk) & (u64::MAX >> (64 - 8 * len));
    // Nearly all words fit two numbers, most of them one.
    match (len, text.get(at..at + 16).map(|room| room.split_at(8))) {
        (1..=8, Some((head, _))) => finish(step(start(len), last(head, len))),
        (9..=16, Some((head, tail))) => finish(step(step(start(len), small(head)), last(tail, len - 8))),
        _ => hash_words(len, text.get(at..at + len).unwrap_or(b"").chunks(8).map(|chunk| lower(eight(chunk)))),
    }
}

/// 64-bit hash of a folded word: multiply and fold, eight bytes at a time.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    hash_words(bytes.len(), bytes.chunks(8).map(eight))
}

fn hash_words(len: usize, words: impl Iterator<Item = u64>) -> u64 {
    finish(words.fold(start(len), step))
}

const HASH_FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

fn start(len: usize) -> u64 {
    (len as u64).wrapping_mul(HASH_FACTOR) ^ 0x517c_c1b7_2722_0a95
}

fn step(h: u64, word: u64) -> u64 {
    let product = u128::from(h ^ word) * u128::from(HASH_FACTOR);
    ((product as u64) ^ ((product >> 64) as u64)).wrapping_add(HASH_FACTOR)
}

fn finish(h: u64) -> u64 {
    h ^ (h >> 29)
}

/// Up to eight bytes as a number.
fn eight(chunk: &[u8]) -> u64 {
    if let Ok(all) = chunk.try_into() {
        return u64::from_le_bytes(all);
    }
    chunk.iter().rev().fold(0, |n, b| n << 8 | u64::from(*b))
}

/// Eight ASCII bytes in lower case at once: 0x20 is added where a byte is `A` to `Z`.
fn lower(bytes: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let heptets = bytes & (0x7f * ONES);
    let above_z = heptets + u64::from(0x7f - b'Z') * ONES;
    let from_a = heptets + u64::from(0x80 - b'A') * ONES;
    let upper = (from_a ^ above_z) & (0x80 * ONES) & !bytes;
    bytes | upper >> 2
}

/// What is known of the words seen last, by hash: clinical text repeats its words, and nine in ten are found here.
struct WordCache {
    places: Box<[Place]>,
}

/// Room for two words whose hashes are alike. It fills one line of the processor's caches, so that a look-up waits for
/// one at most.
#[derive(Clone, Copy, Default)]
#[repr(align(64))]
struct Place {
    hashes: [u64; 2],
    words: [Word; 2],
}

impl Default for WordCache {
    fn default() -> Self {
        Self { places: vec![Place::default(); 1 << 15].into_boxed_slice() }
    }
}

impl WordCache {
    /// The word seen last keeps the first half of its place.
    #[inline]
    fn get(&mut self, hash: u64, miss: impl FnOnce() -> Word) -> Word {
        let at = (hash >> 18) as usize & (self.places.len() - 1);
        let Some(Place { hashes, words }) = self.places.get_mut(at) else { return miss() };
        if hashes[0] != hash {
            let word = if hashes[1] == hash { words[1] } else { miss() };
            *hashes = [hash, hashes[0]];
            *words = [word, words[0]];
        }
        words[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nobody;

    impl Adviser for Nobody {
        fn gate(&mut self, _: usize, _: usize) {}

        fn advises(&self) -> bool {
            false
        }

        fn advise(&mut self, _: &str, _: &[Shown], _: &[Question], _: &mut Vec<Opinion>) {}
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

    #[test]
    fn folded_words_hash_alike() {
        let mut folded = Vec::new();
        for (a, b) in [
            ("SMITH", "smith"),
            ("Okonjo", "okonjo"),
            ("Sørlie", "sorlie"),
            ("@[`{Zz", "@[`{zz"),
            ("A-very-long-WORD", "a-very-long-word"),
        ] {
            assert_eq!(folded_hash(a, &mut folded), hash(b.as_bytes()), "{a}");
        }
        let text = "the MEDIASTINUM of a";
        for (at, len) in [(0, 3), (4, 11), (16, 2), (19, 1)] {
            let word = text.get(at..at + len).unwrap_or("");
            assert_eq!(plain_hash(text.as_bytes(), at, len), folded_hash(word, &mut folded), "{word}");
        }
        assert_ne!(hash(b"a"), hash(b"a\0"));
    }
}
