//! Windows to sequences that the encoder can read, and answers back to their words.

use super::Window;
use super::config::Rows;
use super::encoder::{Batch, Sequence, Spelling};
use super::vocabulary::{Pieces, Vocabulary};

/// A window as pieces.
#[derive(Default)]
pub(super) struct Spelt {
    pieces: Vec<u32>,
    /// Where the pieces of each word end.
    ends: Vec<usize>,
}

impl Spelt {
    /// Spells every word of `window`.
    pub(super) fn spell(&mut self, window: &Window<'_>, vocabulary: &Vocabulary, cache: &mut Pieces) {
        self.pieces.clear();
        self.ends.clear();
        for word in window.words {
            vocabulary.pieces(word.span.of(window.text), cache, &mut self.pieces);
            self.ends.push(self.pieces.len());
        }
    }

    /// How many rows an encoder reads before the end of the first `words` of it, what stands around a sequence not counted.
    pub(super) fn rows(&self, kind: Rows, words: usize) -> usize {
        match kind {
            Rows::Pieces => self.start(words),
            Rows::Words => words,
        }
    }

    /// How many words it has.
    pub(super) fn words(&self) -> usize {
        self.ends.len()
    }

    fn start(&self, word: usize) -> usize {
        word.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0)
    }

    /// Cuts the window into parts of at most `room` rows that overlap. Every word is answered in one part.
    pub(super) fn cut(&self, kind: Rows, room: usize, parts: &mut Vec<Part>) {
        parts.clear();
        let count = self.ends.len();
        let (mut from, mut answered) = (0, 0);
        while answered < count {
            let limit = self.rows(kind, from) + room;
            // One word at least, or there would be no end.
            let fits = (from + 1..=count).take_while(|words| self.rows(kind, *words) <= limit).count().max(1);
            let to = from + fits;
            let overlap = (2 * OVERLAP).min(fits / 2);
            let next = if to == count { count } else { to - overlap };
            // The words that two parts share are answered by the part where they stand further inside.
            let until = usize::midpoint(next, to).max(answered);
            parts.push(Part { words: (from, to), answered: (answered, until) });
            (from, answered) = (next, until);
        }
    }

    /// Appends the part to `batch` as one sequence, of which the logits of the words `read` are wanted.
    pub(super) fn pack(&self, window: &Window<'_>, part: Part, read: (usize, usize), batch: &mut Batch) {
        let (from, to) = part.words;
        let (first, before) = (self.start(from), batch.pieces.len());
        batch.pieces.extend_from_slice(&self.pieces[first..self.start(to)]);
        let words = window.words[from..to].iter().zip(&self.ends[from..to]);
        batch.words.extend(words.map(|(word, end)| Spelling { end: before + end - first, clues: word.clues }));
        batch.sequences.push(Sequence { words: to - from, read: (read.0 - from, read.1 - from) });
    }

    /// Writes what the answer to the words `wanted` of a part depends on to `key`: counts stand before what they count,
    /// so that no two parts share a key.
    pub(super) fn key(&self, window: &Window<'_>, part: Part, wanted: (usize, usize), key: &mut Vec<u32>) {
        key.clear();
        let (from, to) = part.words;
        key.extend([to - from, wanted.0, wanted.1].map(|count| count as u32));
        for word in from..to {
            let ids = &self.pieces[self.start(word)..self.ends[word]];
            key.push(ids.len() as u32);
            key.extend_from_slice(ids);
            let [a, b, c, d, e, f] = window.words[word].clues.map(u32::from);
            key.extend([a << 16 | b, c << 16 | d, e << 16 | f]);
        }
    }
}

/// A stretch of a window that is read at once; words are counted from the window's first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// The words it holds.
    pub(super) words: (usize, usize),
    /// The words whose opinion is taken from it.
    pub(super) answered: (usize, usize),
}

/// Context, in words, that the words at a cut keep on each side.
const OVERLAP: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(lengths: &[usize], room: usize) -> Vec<Part> {
        cut_rows(Rows::Pieces, lengths, room)
    }

    fn cut_rows(kind: Rows, lengths: &[usize], room: usize) -> Vec<Part> {
        let ends = lengths.iter().scan(0, |sum, length| {
            *sum += length;
            Some(*sum)
        });
        let spelt = Spelt { pieces: Vec::new(), ends: ends.collect() };
        let mut parts = Vec::new();
        spelt.cut(kind, room, &mut parts);
        parts
    }

    #[test]
    fn what_fits_is_one_part() {
        assert_eq!(cut(&[1, 2, 3], 6), [Part { words: (0, 3), answered: (0, 3) }]);
        assert_eq!(cut(&[], 6), []);
    }

    #[test]
    fn what_does_not_fit_is_cut_with_context_on_both_sides() {
        let parts = cut(&[1; 200], 126);
        let expected = [Part { words: (0, 126), answered: (0, 110) }, Part { words: (94, 200), answered: (110, 200) }];
        assert_eq!(parts, expected);
    }

    #[test]
    fn words_are_cut_by_words() {
        assert_eq!(cut_rows(Rows::Words, &[3; 200], 126), cut(&[1; 200], 126));
    }

    proptest::proptest! {
        #[test]
        fn every_word_is_answered_once_and_no_part_is_too_long(
            lengths in proptest::collection::vec(1_usize..5, 0..400),
            room in 4_usize..130,
        ) {
            let parts = cut(&lengths, room);
            let mut answered = 0;
            for part in &parts {
                let (from, to) = part.words;
                assert!(lengths[from..to].iter().sum::<usize>() <= room, "{part:?}");
                assert_eq!(part.answered.0, answered, "{part:?}");
                assert!(from <= part.answered.0 && part.answered.0 <= part.answered.1 && part.answered.1 <= to);
                answered = part.answered.1;
            }
            assert_eq!(answered, lengths.len());
        }
    }
}
