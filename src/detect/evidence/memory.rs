//! Sums of weights that hang on one word alone, remembered from text to text.
//!
//! A token is seen by five: by itself and by two neighbours on each side. What it gives to each is the sum of up to eight
//! rows of a table far larger than the processor's second-level cache; words repeat, so most sums stand here.

use super::feature::{BOUNDARY, Info, Role, Sequence};
use super::{Sum, Weights};
use crate::detect::token::{Case, Gap};

/// What a token gives to those that see it, by its [`Role`] to them.
pub(super) type Given = [Sum; Role::ALL.len()];

/// How many words have room.
const PLACES: usize = 1 << 12;

/// The sums of the words seen last.
pub(super) struct Memory {
    places: Box<[Place]>,
    /// Of what stands beyond the ends.
    boundary: Option<Given>,
}

#[derive(Clone, Copy)]
struct Place {
    hash: u64,
    /// [`NOBODY`], or what else the sums hang on.
    seen: u32,
    given: Given,
}

/// No token's: it has bits that [`seen`] leaves.
const NOBODY: u32 = u32::MAX;

impl Default for Memory {
    fn default() -> Self {
        let empty = Place { hash: 0, seen: NOBODY, given: Given::default() };
        Self { places: vec![empty; PLACES].into_boxed_slice(), boundary: None }
    }
}

impl Memory {
    /// What words alone say of each of the tokens `from..to`, in `out`: of itself, and of its neighbours. An empty line ends
    /// what a token can see.
    pub(super) fn sums(
        &mut self,
        weights: &Weights,
        sequence: &Sequence,
        from: usize,
        to: usize,
        out: &mut Vec<Sum>,
    ) {
        out.clear();
        out.resize(to - from, Sum::default());
        // Those that stand apart see nothing of each other.
        let apart = |i: usize| sequence.tokens.get(i).is_none_or(|t| t.gap == Gap::Block);
        let before = usize::from(from > 0 && !apart(from));
        let before = before + usize::from(before == 1 && from > 1 && !apart(from - 1));
        let behind = usize::from(!apart(to));
        let behind = behind + usize::from(behind == 1 && !apart(to + 1));
        let boundary = *self.boundary.get_or_insert_with(|| compute(weights, sequence, &BOUNDARY, Case::default(), 0));
        for place in before..2 {
            give(&boundary, 1 - place, out);
        }
        for i in from - before..to + behind {
            if let Some(given) = self.of_token(weights, sequence, i) {
                give(given, i + 2 - from, out);
            }
        }
        for place in behind..2 {
            give(&boundary, to - from + 2 + place, out);
        }
    }

    #[inline]
    fn of_token(&mut self, weights: &Weights, sequence: &Sequence, i: usize) -> Option<&Given> {
        let (token, info) = sequence.tokens.get(i).zip(sequence.infos.get(i))?;
        let (hash, seen) = (if info.is_word() { info.hash } else { 0 }, seen(info, token.case, token.len()));
        let at = (hash ^ u64::from(seen)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - PLACES.trailing_zeros());
        let place = self.places.get_mut(at as usize)?;
        if place.hash != hash || place.seen != seen {
            *place = Place { hash, seen, given: compute(weights, sequence, info, token.case, token.len()) };
        }
        Some(&place.given)
    }
}

/// Adds what a token gives to those that see it. The token at `place` 2 is the first of `sums`.
#[inline]
fn give(given: &Given, place: usize, sums: &mut [Sum]) {
    for (role, sum) in given.iter().enumerate() {
        // The one that a token stands two before is two behind it.
        if let Some(to) = place.checked_sub(role).and_then(|at| sums.get_mut(at)) {
            to.merge(sum);
        }
    }
}

/// All but the word itself that [`Sequence::of_word`] looks at.
fn seen(info: &Info, case: Case, len: usize) -> u32 {
    u32::from(info.fine) | (case as u32) << 8 | (len.min(15) as u32) << 16
}

fn compute(weights: &Weights, sequence: &Sequence, info: &Info, case: Case, len: usize) -> Given {
    Role::ALL.map(|role| {
        let mut sum = Sum::default();
        sequence.of_word(role, info, case, len, |feature| weights.add(feature, &mut sum));
        sum
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::{Detector, Scratch};

    #[test]
    fn what_is_remembered_and_what_is_computed_add_up_alike() {
        let detector = Detector::embedded();
        let weights = detector.weights.as_deref().unwrap();
        let text = "Seen by Dr. Hallworth, 3/14/19.\n\nPt is 61 yo.\n\nJOAN  MRN 0012-34\n-\n\n\nWife Ann and Ann's son";
        let mut scratch = Scratch::default();
        detector.prepare(text, &mut scratch);
        let sequence = &mut scratch.sequence;
        let all = sequence.tokens.len();
        detector.annotate(text, sequence, &[(0, all)], &mut Vec::new());
        let (mut memory, mut sums) = (Memory::default(), Vec::new());
        for from in 0..all {
            for to in from + 1..=all {
                // Ranges end before an empty line.
                if sequence.tokens[from + 1..to].iter().any(|t| t.gap == Gap::Block) {
                    break;
                }
                memory.sums(weights, sequence, from, to, &mut sums);
                for (i, sum) in (from..to).zip(&mut sums) {
                    sequence.of_context(i, |feature| weights.add(feature, sum));
                    let mut whole = Sum::default();
                    sequence.features(i, |feature| weights.add(feature, &mut whole));
                    assert_eq!(sum.halves, whole.halves, "token {i} of {from}..{to}");
                }
            }
        }
    }
}
