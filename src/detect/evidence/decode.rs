//! The best path of tags through the tokens of a window.
//!
//! The arithmetic is written twice: for AVX2, where a row is one register, and in plain words for every other processor. Both
//! give the same, bit for bit: rows are whole numbers, and a path's score is one chain of additions.

use pulp::NullaryFnOnce;

use super::feature::Sequence;
use super::{Decision, Row, Tag, Weights};
use crate::detect::token::Gap;

/// One number a tag.
type Scores = [f32; Tag::COUNT];

/// Buffers of [`decode`].
#[derive(Default)]
pub(crate) struct Path {
    emissions: Vec<Scores>,
    /// Of the best path to each tag of each token, its own emission included.
    scores: Vec<Scores>,
}

/// What adds up rows and goes on with paths.
pub(super) trait Lanes: Copy {
    /// Rows added up.
    type Sum: Copy;

    /// No row.
    fn nothing(self) -> Self::Sum;

    /// With one row more.
    fn add(self, sum: Self::Sum, row: &Row) -> Self::Sum;

    /// The weights that `count` rows add up to, times `step`.
    fn weights(self, sum: Self::Sum, count: i16, step: f32) -> Scores;

    /// The scores of the best paths that come from those of the token before, `best`.
    fn follow(self, best: &Scores, follow: &[Scores; Tag::COUNT], emission: &Scores) -> Scores;
}

/// Whatever the processor.
#[derive(Clone, Copy)]
pub(super) struct Plain;

impl Lanes for Plain {
    /// Weights are stored 128 higher, so that two by two they add up in halves of a word without a sign: those of even
    /// place, then those of odd place.
    type Sum = [[u64; 2]; 2];

    #[inline(always)]
    fn nothing(self) -> Self::Sum {
        Self::Sum::default()
    }

    #[inline(always)]
    fn add(self, [mut even, mut odd]: Self::Sum, row: &Row) -> Self::Sum {
        const BYTES: u64 = 0x00ff_00ff_00ff_00ff;
        for ((even, odd), eight) in even.iter_mut().zip(&mut odd).zip(row) {
            *even += eight & BYTES;
            *odd += (eight >> 8) & BYTES;
        }
        [even, odd]
    }

    #[inline(always)]
    fn weights(self, sum: Self::Sum, count: i16, step: f32) -> Scores {
        let zero = i32::from(count) * 128;
        std::array::from_fn(|i| {
            let half = sum[i % 2][i / 8] >> (16 * (i % 8 / 2));
            (i32::from(half as u16) - zero) as f32 * step
        })
    }

    #[inline(always)]
    fn follow(self, best: &Scores, follow: &[Scores; Tag::COUNT], emission: &Scores) -> Scores {
        let mut next = [f32::NEG_INFINITY; Tag::COUNT];
        for (score, follow) in best.iter().zip(follow) {
            for (n, f) in next.iter_mut().zip(follow) {
                let through = score + f;
                *n = if through > *n { through } else { *n };
            }
        }
        for (n, e) in next.iter_mut().zip(emission) {
            *n += e;
        }
        next
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use pulp::x86::V3;
    use pulp::{cast, f32x8, i16x8, i16x16, u8x16};

    use super::{Lanes, Row, Scores, Tag};

    impl Lanes for V3 {
        type Sum = i16x16;

        #[inline(always)]
        fn nothing(self) -> i16x16 {
            self.splat_i16x16(0)
        }

        #[inline(always)]
        fn add(self, sum: i16x16, row: &Row) -> i16x16 {
            let row: u8x16 = cast(*row);
            self.wrapping_add_i16x16(sum, self.convert_u8x16_to_i16x16(row))
        }

        #[inline(always)]
        fn weights(self, sum: i16x16, count: i16, step: f32) -> Scores {
            // Up to 255 rows of up to 255: without a sign they fit, and the difference fits with one.
            let sum = self.wrapping_sub_i16x16(sum, self.splat_i16x16(count.wrapping_mul(128)));
            let [low, high]: [i16x8; 2] = cast(sum);
            let step = self.splat_f32x8(step);
            let low = self.mul_f32x8(self.convert_i32x8_to_f32x8(self.convert_i16x8_to_i32x8(low)), step);
            let high = self.mul_f32x8(self.convert_i32x8_to_f32x8(self.convert_i16x8_to_i32x8(high)), step);
            cast([low, high])
        }

        #[inline(always)]
        fn follow(self, best: &Scores, follow: &[Scores; Tag::COUNT], emission: &Scores) -> Scores {
            let mut next = [self.splat_f32x8(f32::NEG_INFINITY); 2];
            for (score, follow) in best.iter().zip(follow) {
                let score = self.splat_f32x8(*score);
                let follow: [f32x8; 2] = cast(*follow);
                for (next, follow) in next.iter_mut().zip(follow) {
                    *next = self.max_f32x8(self.add_f32x8(score, follow), *next);
                }
            }
            let emission: [f32x8; 2] = cast(*emission);
            for (next, emission) in next.iter_mut().zip(emission) {
                *next = self.add_f32x8(*next, emission);
            }
            cast(next)
        }
    }
}

/// Finds the best tags for the tokens `from..to` of a sequence and writes them to `out`, which is as long as the sequence.
pub(crate) fn decode(
    weights: &Weights,
    sequence: &Sequence,
    (from, to): (usize, usize),
    path: &mut Path,
    out: &mut [Decision],
) {
    #[cfg(target_arch = "x86_64")]
    if let Some(v3) = pulp::x86::V3::try_new() {
        return v3.vectorize(Decode { lanes: v3, weights, sequence, range: (from, to), path, out });
    }
    Decode { lanes: Plain, weights, sequence, range: (from, to), path, out }.call();
}

/// What [`decode`] is asked for. No closure: the compiler may leave the body of one outside of what it makes for the
/// processor.
struct Decode<'d, L> {
    lanes: L,
    weights: &'d Weights,
    sequence: &'d Sequence,
    range: (usize, usize),
    path: &'d mut Path,
    out: &'d mut [Decision],
}

impl<L: Lanes> NullaryFnOnce for Decode<'_, L> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        decode_with(self);
    }
}

#[inline(always)]
fn decode_with(of: Decode<'_, impl Lanes>) {
    let Decode { lanes, weights, sequence, range: (from, to), path, out } = of;
    path.emissions.clear();
    path.scores.clear();
    for i in from..to {
        path.emissions.push(emission(lanes, weights, sequence, i));
    }
    let Some(first) = path.emissions.first() else { return };
    let mut best = *first;
    // What stands before the window is settled: nothing.
    if sequence.tokens.get(from).is_some_and(|t| t.gap != Gap::Block) {
        for (score, follow) in best.iter_mut().zip(&weights.follow[0]) {
            *score += follow;
        }
    }
    path.scores.push(best);
    for emission in path.emissions.iter().skip(1) {
        best = lanes.follow(&best, &weights.follow, emission);
        path.scores.push(best);
    }
    let mut tag = best.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(i, _)| i);
    for (i, (emission, scores)) in (from..to).zip(path.emissions.iter().zip(&path.scores)).rev() {
        if i + 1 < to {
            tag = before(weights, scores, tag);
        }
        if let Some(slot) = out.get_mut(i) {
            *slot = Decision {
                tag: Tag::from_index(tag),
                margin: emission.get(tag).copied().unwrap_or(0.0) - emission[0],
                name: emission[1] - emission[0],
                rival: emission.iter().skip(1).copied().fold(f32::NEG_INFINITY, f32::max) - emission[0],
            };
        }
    }
}

/// The evidence of a token: the sum of its features' rows.
#[inline(always)]
fn emission(lanes: impl Lanes, weights: &Weights, sequence: &Sequence, i: usize) -> Scores {
    let (mut sum, mut count) = (lanes.nothing(), 0);
    sequence.features(i, |feature| {
        if let Some(row) = weights.rows.get(feature as usize) {
            sum = lanes.add(sum, row);
            count += 1;
        }
    });
    let mut out = lanes.weights(sum, count, weights.step);
    out[0] -= weights.eagerness;
    out
}

/// The tag through which the best path leads to `tag`; of equals the first. It is asked for one tag a token only, which
/// costs less than to note it for all.
#[inline(always)]
fn before(weights: &Weights, scores: &Scores, tag: usize) -> usize {
    let mut best = (0, f32::NEG_INFINITY);
    for (a, (score, follow)) in scores.iter().zip(&weights.follow).enumerate() {
        let through = score + follow.get(tag).copied().unwrap_or(0.0);
        if through > best.1 {
            best = (a, through);
        }
    }
    best.0
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::detect::evidence::{NOTHING, row};
    use crate::detect::{Detector, Scratch};

    #[test]
    fn rows_add_up() {
        let mut some = [0i8; Tag::COUNT];
        for (i, w) in some.iter_mut().enumerate() {
            *w = (i as i8 - 8) * 15;
        }
        let rows = [row(some), row(some), row([-128; Tag::COUNT]), NOTHING];
        let sum = rows.iter().fold(Plain.nothing(), |sum, row| Plain.add(sum, row));
        for (s, w) in Plain.weights(sum, 4, 0.5).iter().zip(some) {
            assert_eq!(*s, (2.0 * f32::from(w) - 128.0) * 0.5);
        }
    }

    /// On a processor without AVX2 there is one way only, and nothing to compare.
    #[cfg(target_arch = "x86_64")]
    #[test]
    fn both_ways_give_the_same_bit_for_bit() {
        let Some(v3) = pulp::x86::V3::try_new() else { return };
        let detector = Detector::embedded();
        let weights = detector.weights.as_deref().unwrap();
        let text = "Seen by Dr. Hallworth, 3/14/19.\n\nPt is 61 yo.\n\nJOAN  MRN 0012-34\n-\n\n\nWife Ann and Ann's son in Elko";
        let mut scratch = Scratch::default();
        detector.prepare(text, &mut scratch);
        let sequence = &mut scratch.sequence;
        let all = sequence.tokens.len();
        detector.annotate(text, sequence, &[(0, all)], &mut Vec::new());
        for i in 0..all {
            let (a, b) = (emission(Plain, weights, sequence, i), emission(v3, weights, sequence, i));
            assert_eq!(a.map(f32::to_bits), b.map(f32::to_bits), "token {i}");
        }
        let (mut one, mut other) = (vec![Decision::default(); all], vec![Decision::default(); all]);
        let mut path = Path::default();
        Decode { lanes: Plain, weights, sequence, range: (0, all), path: &mut path, out: &mut one }.call();
        let scores: Vec<_> = path.scores.iter().map(|s| s.map(f32::to_bits)).collect();
        Decode { lanes: v3, weights, sequence, range: (0, all), path: &mut path, out: &mut other }.call();
        assert_eq!(path.scores.iter().map(|s| s.map(f32::to_bits)).collect::<Vec<_>>(), scores);
        assert!(one.iter().zip(&other).all(|(a, b)| a.tag == b.tag));
        assert!(one.iter().any(|d| d.tag == Tag::Name));
    }
}
