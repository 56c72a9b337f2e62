//! Fits the evidence weights on annotated notes: maximum likelihood of a linear-chain conditional random field by
//! stochastic gradient (AdaGrad, Duchi et al. 2011), forward-backward for the expectations.
//!
//! Notes are varied from epoch to epoch, so that the weights learn the dictionaries' classes and not the people of the
//! training notes: names and places are exchanged for others of the dictionaries, consistently within a note, and some
//! notes are put in capitals or in small letters. Everything is seeded: the same notes give the same file.

use std::collections::HashMap;

use super::feature::{Sequence, rows};
use super::{Tag, Weights};
use crate::detect::token::Gap;
use crate::detect::{Detector, Scratch};
use crate::identifier::Label;
use crate::random::SplitMix;
use crate::span::Span;

/// An annotated note.
#[derive(Clone)]
pub struct Note {
    /// Its text.
    pub text: String,
    /// Its identifiers, sorted, not overlapping, in bytes.
    pub spans: Vec<(Span, Label)>,
    /// How much it counts: 1 for a note, less for one whose annotation is not complete.
    pub weight: f32,
}

/// How to fit.
pub struct Options {
    /// Passes over the notes.
    pub epochs: usize,
    /// Step of AdaGrad.
    pub rate: f32,
    /// Pull of every weight to zero.
    pub decay: f32,
    /// In how many notes a word must stand to have features of its own.
    pub least: usize,
    /// Seed of all that is drawn.
    pub seed: u64,
    /// See [`Weights::eagerness`].
    pub eagerness: f32,
}

impl Default for Options {
    fn default() -> Self {
        Self { epochs: 9, rate: 0.12, decay: 2e-5, least: 4, seed: 20, eagerness: 1.8 }
    }
}

/// Fits weights on `notes`; `progress` is called after each epoch with its number and the mean negative log-likelihood of
/// a token.
pub fn fit(detector: &Detector, notes: &[Note], options: &Options, mut progress: impl FnMut(usize, f32)) -> Weights {
    let vocabulary = vocabulary(detector, notes, options.least);
    let words = vocabulary.len();
    let numbers: HashMap<String, u16> = vocabulary.iter().enumerate().map(|(i, w)| (w.clone(), i as u16 + 1)).collect();
    let detector = detector.with_vocabulary(&vocabulary);
    let pools = Pools::new(&detector, &numbers);
    let mut chain = Chain::new(rows(words));
    let mut random = Random(SplitMix(options.seed));
    let mut scratch = Scratch::default();
    let mut order: Vec<usize> = (0..notes.len()).collect();
    for epoch in 0..options.epochs {
        random.shuffle(&mut order);
        let rate = options.rate * (1.0 - 0.7 * epoch as f32 / options.epochs as f32);
        let (mut loss, mut tokens) = (0.0, 0usize);
        for at in &order {
            let Some(note) = notes.get(*at) else { continue };
            let note = pools.vary(note, &mut random);
            detector.prepare(&note.text, &mut scratch);
            let all = [(0, scratch.sequence.tokens.len())];
            detector.annotate(&note.text, &mut scratch.sequence, &all, &mut Vec::new());
            let sequence = &scratch.sequence;
            let tags = tags(sequence, &note.spans);
            let mut from = 0;
            while from < sequence.tokens.len() {
                let mut to = from + 1;
                while to < sequence.tokens.len() && sequence.tokens[to].gap != Gap::Block && to - from < 400 {
                    to += 1;
                }
                loss += chain.learn(sequence, &tags, from, to, rate * note.weight, options.decay);
                tokens += to - from;
                from = to;
            }
        }
        progress(epoch + 1, loss / tokens.max(1) as f32);
    }
    chain.weights(vocabulary, options.eagerness)
}

/// The tag of each token: the label of the span that covers it or begins in it.
fn tags(sequence: &Sequence, spans: &[(Span, Label)]) -> Vec<u8> {
    let mut spans = spans.iter().peekable();
    sequence
        .tokens
        .iter()
        .map(|token| {
            let span = Span::new(token.start as usize, token.end as usize);
            while spans.peek().is_some_and(|(s, _)| s.end <= span.start) {
                spans.next();
            }
            match spans.peek() {
                Some((s, label)) if s.overlaps(span) => Tag::of(*label) as u8,
                _ => 0,
            }
        })
        .collect()
}

/// Words that stand in at least `least` notes, the names among them left out.
fn vocabulary(detector: &Detector, notes: &[Note], least: usize) -> Vec<String> {
    let mut counts: HashMap<String, usize> = HashMap::new();
    let mut scratch = Scratch::default();
    for note in notes {
        detector.prepare(&note.text, &mut scratch);
        let tags = tags(&scratch.sequence, &note.spans);
        let mut seen: Vec<String> = Vec::new();
        for ((token, info), tag) in scratch.sequence.tokens.iter().zip(&scratch.sequence.infos).zip(tags) {
            let name = info.entry.first().max(info.entry.last());
            let identifies = tag == Tag::Name as u8 || tag == Tag::City as u8;
            if token.kind != crate::detect::token::Kind::Word
                || (identifies && (info.entry.lower() < 10))
                || (name >= 6 && info.entry.lower() < 4)
            {
                continue;
            }
            let mut folded = Vec::new();
            crate::detect::dictionary::fold(token.of(&note.text), &mut folded);
            if let Ok(word) = String::from_utf8(folded) {
                seen.push(word);
            }
        }
        seen.sort_unstable();
        seen.dedup();
        for word in seen {
            *counts.entry(word).or_default() += 1;
        }
    }
    let mut words: Vec<String> =
        counts.into_iter().filter(|(w, n)| *n >= least && !w.contains('\n')).map(|(w, _)| w).collect();
    words.sort_unstable();
    words
}

/// The weights while they are fitted.
struct Chain {
    rows: Vec<[f32; Tag::COUNT]>,
    squares: Vec<[f32; Tag::COUNT]>,
    follow: [[f32; Tag::COUNT]; Tag::COUNT],
    follow_squares: [[f32; Tag::COUNT]; Tag::COUNT],
}

impl Chain {
    fn new(rows: usize) -> Self {
        let zero = [0.0; Tag::COUNT];
        Self {
            rows: vec![zero; rows],
            squares: vec![[1e-6; Tag::COUNT]; rows],
            follow: [zero; Tag::COUNT],
            follow_squares: [[1e-6; Tag::COUNT]; Tag::COUNT],
        }
    }

    /// One step on the tokens `from..to`; the negative log-likelihood before it.
    #[allow(clippy::needless_range_loop)] // sums over pairs of tags read best with both numbers
    fn learn(&mut self, sequence: &Sequence, tags: &[u8], from: usize, to: usize, rate: f32, decay: f32) -> f32 {
        let mut features: Vec<Vec<u32>> = Vec::with_capacity(to - from);
        let mut scores: Vec<[f32; Tag::COUNT]> = Vec::with_capacity(to - from);
        for i in from..to {
            let mut f = Vec::with_capacity(48);
            sequence.features(i, |feature| f.push(feature));
            let mut score = [0.0; Tag::COUNT];
            for at in &f {
                for (s, w) in score.iter_mut().zip(&self.rows[*at as usize]) {
                    *s += w;
                }
            }
            features.push(f);
            scores.push(score);
        }
        let n = scores.len();
        let step: Vec<[f32; Tag::COUNT]> = self.follow.iter().map(|r| r.map(f32::exp)).collect();
        // Forward and backward sums, scaled at each token so that they stay in range.
        let emit: Vec<[f32; Tag::COUNT]> = scores
            .iter()
            .map(|s| {
                let top = s.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                s.map(|x| (x - top).exp())
            })
            .collect();
        let mut alpha = vec![[0.0f32; Tag::COUNT]; n];
        let mut scale = vec![0.0f32; n];
        for i in 0..n {
            let mut row = [0.0f32; Tag::COUNT];
            if i == 0 {
                row = emit[0];
            } else {
                for a in 0..Tag::COUNT {
                    for b in 0..Tag::COUNT {
                        row[b] += alpha[i - 1][a] * step[a][b];
                    }
                }
                for b in 0..Tag::COUNT {
                    row[b] *= emit[i][b];
                }
            }
            let sum: f32 = row.iter().sum::<f32>().max(1e-30);
            scale[i] = sum;
            alpha[i] = row.map(|x| x / sum);
        }
        let mut beta = vec![[1.0f32; Tag::COUNT]; n];
        for i in (0..n.saturating_sub(1)).rev() {
            let mut row = [0.0f32; Tag::COUNT];
            for a in 0..Tag::COUNT {
                for b in 0..Tag::COUNT {
                    row[a] += step[a][b] * emit[i + 1][b] * beta[i + 1][b];
                }
            }
            beta[i] = row.map(|x| x / scale[i + 1]);
        }
        let mut loss = 0.0;
        let mut gradient_follow = [[0.0f32; Tag::COUNT]; Tag::COUNT];
        for i in 0..n {
            let gold = tags.get(from + i).map_or(0, |t| usize::from(*t));
            let top = scores[i].iter().copied().fold(f32::NEG_INFINITY, f32::max);
            loss -= scores[i][gold] - top - scale[i].ln();
            if i > 0 {
                let before = tags.get(from + i - 1).map_or(0, |t| usize::from(*t));
                loss -= self.follow[before][gold];
                gradient_follow[before][gold] += 1.0;
                for a in 0..Tag::COUNT {
                    for b in 0..Tag::COUNT {
                        gradient_follow[a][b] -= alpha[i - 1][a] * step[a][b] * emit[i][b] * beta[i][b] / scale[i];
                    }
                }
            }
            let mut gradient = [0.0f32; Tag::COUNT];
            for b in 0..Tag::COUNT {
                gradient[b] = -(alpha[i][b] * beta[i][b]);
            }
            gradient[gold] += 1.0;
            if gradient.iter().all(|g| g.abs() < 1e-4) {
                continue;
            }
            for at in &features[i] {
                let (row, squares) = (&mut self.rows[*at as usize], &mut self.squares[*at as usize]);
                for b in 0..Tag::COUNT {
                    let g = gradient[b] - decay * row[b];
                    squares[b] += g * g;
                    row[b] += rate * g / (squares[b].sqrt() + 0.1) - decay * row[b];
                }
            }
        }
        for a in 0..Tag::COUNT {
            for b in 0..Tag::COUNT {
                let g = gradient_follow[a][b];
                self.follow_squares[a][b] += g * g;
                self.follow[a][b] += rate * g / (self.follow_squares[a][b].sqrt() + 0.1);
            }
        }
        loss
    }

    fn weights(self, vocabulary: Vec<String>, eagerness: f32) -> Weights {
        let top = self.rows.iter().flatten().fold(0.0f32, |m, w| m.max(w.abs())).clamp(1e-3, 4.0);
        let step = top / 127.0;
        let rows =
            self.rows.iter().map(|r| super::row(r.map(|w| (w / step).round().clamp(-127.0, 127.0) as i8))).collect();
        Weights { rows, follow: self.follow, step, eagerness, vocabulary }
    }
}

/// Names and places to put in the stead of those in the notes.
struct Pools {
    first: Vec<String>,
    last: Vec<String>,
    city: Vec<String>,
    words: HashMap<String, u8>,
}

impl Pools {
    fn new(detector: &Detector, _numbers: &HashMap<String, u16>) -> Self {
        let mut pools = Self { first: Vec::new(), last: Vec::new(), city: Vec::new(), words: HashMap::new() };
        detector.dictionary().for_each_word(|word, entry| {
            let Ok(word) = std::str::from_utf8(word) else { return };
            if word.len() < 2 || !word.bytes().all(|b| b.is_ascii_lowercase()) {
                return;
            }
            // The commoner, the more often drawn, but rare ones too.
            for (pool, bucket) in [(&mut pools.first, entry.first()), (&mut pools.last, entry.last())] {
                let copies = match bucket {
                    0 => 0,
                    1..=4 => 1,
                    5..=7 => 2,
                    8..=10 => 6,
                    _ => 20,
                };
                if entry.lower() < 8 || bucket > 9 {
                    for _ in 0..copies {
                        pool.push(word.to_owned());
                    }
                }
            }
            if entry.place() >= 1 && entry.lower() < 9 {
                for _ in 0..(usize::from(entry.place()) * 2) {
                    pools.city.push(word.to_owned());
                }
            }
            if entry.first().max(entry.last()) >= 1 {
                pools.words.insert(word.to_owned(), u8::from(entry.first() >= entry.last()));
            }
        });
        pools
    }

    /// A variant of the note.
    fn vary(&self, note: &Note, random: &mut Random) -> Note {
        let mut note = if random.below(100) < 65 { self.exchange(note, random) } else { note.clone() };
        match random.below(100) {
            0..7 => recase(&mut note, str::to_uppercase),
            7..15 => recase(&mut note, str::to_lowercase),
            _ => {}
        }
        note
    }

    /// Exchanges names and places, each word for one word wherever it stands.
    fn exchange(&self, note: &Note, random: &mut Random) -> Note {
        let mut map: HashMap<String, String> = HashMap::new();
        let mut text = String::with_capacity(note.text.len() + 64);
        let mut spans = Vec::with_capacity(note.spans.len());
        let mut at = 0;
        for (span, label) in &note.spans {
            text.push_str(note.text.get(at..span.start).unwrap_or(""));
            let start = text.len();
            let value = span.of(&note.text);
            match label {
                Label::Name => self.words_of(value, &mut text, |word, first| {
                    let keep = word.chars().count() < 2 || random.below(100) < 15;
                    map.entry(word.to_lowercase())
                        .or_insert_with(|| {
                            if keep {
                                return word.to_owned();
                            }
                            let given = self.words.get(&word.to_lowercase()).map_or(first, |g| *g == 1);
                            let pool = if given { &self.first } else { &self.last };
                            random.pick(pool).unwrap_or(word).to_owned()
                        })
                        .clone()
                }),
                Label::City if random.below(100) < 60 => {
                    let mut all = map
                        .get(&value.to_lowercase())
                        .cloned()
                        .unwrap_or_else(|| random.pick(&self.city).unwrap_or(value).to_owned());
                    map.insert(value.to_lowercase(), all.clone());
                    all = cased(value, &all);
                    text.push_str(&all);
                }
                _ => text.push_str(value),
            }
            spans.push((Span::new(start, text.len()), *label));
            at = span.end;
        }
        text.push_str(note.text.get(at..).unwrap_or(""));
        Note { text, spans, weight: note.weight }
    }

    /// Copies `value` with each run of letters replaced.
    fn words_of(&self, value: &str, out: &mut String, mut replace: impl FnMut(&str, bool) -> String) {
        let mut rest = value;
        let mut first = true;
        while let Some(c) = rest.chars().next() {
            let end = rest.find(|c: char| !(c.is_alphabetic() || c == '\'' || c == '’')).unwrap_or(rest.len());
            if end == 0 {
                out.push(c);
                rest = rest.get(c.len_utf8()..).unwrap_or("");
                continue;
            }
            let word = rest.get(..end).unwrap_or("");
            let (stem, tail) = match word.strip_suffix("'s").or_else(|| word.strip_suffix("’s")) {
                Some(stem) => (stem, word.get(stem.len()..).unwrap_or("")),
                None => (word, ""),
            };
            out.push_str(&cased(stem, &replace(stem, first)));
            out.push_str(tail);
            first = false;
            rest = rest.get(end..).unwrap_or("");
        }
    }
}

/// `word` in the case of `like`.
fn cased(like: &str, word: &str) -> String {
    let letters = || like.chars().filter(|c| c.is_alphabetic());
    if letters().count() > 1 && letters().all(char::is_uppercase) {
        word.to_uppercase()
    } else if letters().next().is_some_and(char::is_uppercase) {
        word.split_inclusive([' ', '-'])
            .map(|w| {
                let mut c = w.chars();
                c.next().map_or(String::new(), |f| f.to_uppercase().collect::<String>() + c.as_str())
            })
            .collect()
    } else {
        word.to_lowercase()
    }
}

/// Changes the case of a whole note; offsets are kept only where lengths stay the same.
fn recase(note: &mut Note, change: fn(&str) -> String) {
    let mut out = String::with_capacity(note.text.len());
    for c in note.text.chars() {
        let changed = change(c.encode_utf8(&mut [0; 4]));
        if changed.len() == c.len_utf8() {
            out.push_str(&changed);
        } else {
            out.push(c);
        }
    }
    note.text = out;
}

/// What fitting draws. By remainder: another way would fit other weights.
struct Random(SplitMix);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        (self.0.next() % n.max(1) as u64) as usize
    }

    fn pick<'a>(&mut self, from: &'a [String]) -> Option<&'a str> {
        from.get(self.below(from.len())).map(String::as_str)
    }

    fn shuffle(&mut self, order: &mut [usize]) {
        for i in (1..order.len()).rev() {
            order.swap(i, self.below(i + 1));
        }
    }
}
