//! From a text to decided tokens: what is known of each word, what rules are sure of, what evidence makes of the rest.

use super::cue::{CueMatch, Reach};
use super::dictionary::{self, Phrase};
use super::evidence::feature::{Info, PhraseKind, Sequence};
use super::evidence::word::Word;
use super::evidence::{self, Decision};
use super::hashing::{BuildIdentity, folded_hash, hash, plain_hash};
use super::pattern::{claim, web};
use super::scratch::Scratch;
use super::shape::{MISREAD, Shape, misread_word, shape};
use super::token::{self, Case, Kind, lex};
use super::{Detector, gate, rule};
use crate::span::Span;

impl Detector {
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
                        if let Some(word) = misread_word(code, &mut [0; MISREAD]) {
                            let of = folded_hash(word, &mut s.folded);
                            info.known = s.cache.get(of, || self.known(word, of, &mut s.folded));
                        }
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
        claim::find(text, &mut s.numbers);
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
    pub(super) fn known(&self, word: &str, hash: u64, folded: &mut Vec<u8>) -> Word {
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
    pub(super) fn decide(&self, text: &str, scratch: &mut Scratch) {
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
                evidence::decode(weights, &s.sequence, (start, end), &mut s.path, &mut s.decisions);
                start = end;
            }
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
pub(super) struct Vocabulary {
    numbers: std::collections::HashMap<u64, u16, BuildIdentity>,
}

impl Vocabulary {
    pub(super) fn new(words: &[String]) -> Self {
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
