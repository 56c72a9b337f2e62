//! Matrix products in whole numbers: inputs and weights are rounded to at most ±127 steps of a scale each, multiplied and
//! added up exactly, and scaled back.
//!
//! Each row of inputs has the scale of its own largest number, each column of weights that of its own. The sums are exact
//! on every machine: where the processor multiplies bytes ([`vnni`], [`tiles`]) they are sums of bytes, elsewhere the kernel for
//! numbers with a point adds up whole numbers below 2^24, which it does without rounding. What is made of the sums is the
//! same arithmetic in both cases.

use pulp::{Arch, Simd, WithSimd};

use super::kernel::{self, PANEL, Panels, Rows, Then, room};
use super::tiles::{self, Tiles};
use super::vnni::{Out, Quads, Scaled, Vnni};

/// Weights in whole numbers, laid out for the machine at hand.
pub(super) struct Whole {
    depth: usize,
    columns: usize,
    /// The largest whole number of inputs and weights.
    most: f32,
    /// Of each column; padded to whole panels.
    scales: Vec<f32>,
    bias: Vec<f32>,
    cells: Cells,
}

enum Cells {
    /// For processors that multiply bytes.
    Quads(Bytes, Quads),
    /// Whole numbers in f32.
    Panels(Panels),
}

/// What multiplies bytes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Bytes {
    /// Four at a time.
    Vnni(Vnni),
    /// Whole blocks; what is no whole block is left to the other.
    Tiles(Tiles),
}

impl Bytes {
    /// The fastest that this processor has.
    pub(super) fn detect() -> Option<Self> {
        Tiles::detect().map(Self::Tiles).or_else(|| Vnni::detect().map(Self::Vnni))
    }

    /// What is used for a product of this shape.
    pub(super) fn of(self, depth: usize, columns: usize) -> Self {
        match self {
            Self::Tiles(tiles) if !Tiles::fits(depth, columns) => Self::Vnni(tiles.vnni()),
            kind => kind,
        }
    }

    /// Whether rows and depth are multiplied by whole blocks.
    pub(super) fn takes_blocks(self) -> bool {
        matches!(self, Self::Tiles(..))
    }

    /// Room for `count` rows of `stride` bytes, and for the rows that are multiplied beyond them.
    pub(super) fn room(self, cells: &mut Vec<u8>, count: usize, stride: usize) -> &mut [u8] {
        let padded = if self.takes_blocks() { count.next_multiple_of(tiles::ROWS) } else { count };
        room(cells, padded * stride)
    }

    /// `out = scaled(rows * quads)`, of rows that [`Bytes::room`] was made for.
    pub(super) fn product(self, rows: &[u8], quads: &Quads, to: Scaled<'_>, out: Out<'_>) {
        match self {
            Self::Vnni(vnni) => vnni.product(rows, quads, to, out),
            Self::Tiles(tiles) => tiles.product(rows, quads, to, out),
        }
    }
}

/// Rows in whole numbers: buffers of a product.
#[derive(Default)]
pub(super) struct Rounded {
    /// Numbers + 128, rows padded to four.
    bytes: Vec<u8>,
    /// The same as f32, where bytes are not multiplied.
    floats: Vec<f32>,
    scales: Vec<f32>,
}

impl Whole {
    /// From weights as PyTorch keeps them, `[columns, depth]`, and `columns` numbers of bias.
    pub(super) fn pack(weights: &[f32], bias: &[f32], depth: usize, bytes: Option<Bytes>) -> Self {
        let depth = depth.max(1);
        let columns = weights.len() / depth;
        // As many steps as keep every sum below 2^24: all 127 up to a depth of 1,040.
        let most = ((SUM / depth as f32).sqrt().floor()).clamp(1.0, 127.0);
        let mut scales = vec![0.0; columns.next_multiple_of(PANEL)];
        let mut rounded = Vec::with_capacity(weights.len());
        for (column, scale) in weights.chunks_exact(depth).zip(&mut scales) {
            let largest = column.iter().fold(0.0_f32, |most, weight| most.max(weight.abs()));
            let by = steps(most, largest);
            *scale = largest / most;
            rounded.extend(column.iter().map(|weight| (weight * by).round_ties_even()));
        }
        let mut padded = bias.to_vec();
        padded.resize(scales.len(), 0.0);
        let cells = match bytes {
            Some(bytes) => Cells::Quads(bytes.of(depth, columns), Quads::pack(&rounded, depth)),
            None => Cells::Panels(Panels::pack(&rounded, &[], depth)),
        };
        Self { depth, columns, most, scales, bias: padded, cells }
    }

    /// `out = then(rows * weights + bias)` as near as whole numbers come. Rows stand without gaps between them.
    pub(super) fn product(&self, arch: Arch, rows: &[f32], then: Then, rounded: &mut Rounded, out: &mut [f32]) {
        let count = rows.len() / self.depth;
        let out = &mut out[..count * self.columns];
        let Rounded { bytes, floats, scales } = rounded;
        let scales = room(scales, count);
        match &self.cells {
            Cells::Quads(by, quads) => {
                let bytes = by.room(bytes, count, self.depth.next_multiple_of(u8::GROUP));
                arch.dispatch(Round {
                    rows,
                    stride: self.depth,
                    depth: self.depth,
                    most: self.most,
                    cells: bytes,
                    scales,
                });
                let to = Scaled { rows: scales, columns: &self.scales, bias: &self.bias, then };
                by.product(bytes, quads, to, Out { data: out, columns: self.columns, stride: self.columns });
            }
            Cells::Panels(panels) => {
                let floats = room(floats, rows.len());
                arch.dispatch(Round {
                    rows,
                    stride: self.depth,
                    depth: self.depth,
                    most: self.most,
                    cells: floats,
                    scales,
                });
                let whole = Rows { data: floats, stride: self.depth, count };
                kernel::product(arch, whole, panels, Then::Store, out, self.columns);
                let to = Scaled { rows: scales, columns: &self.scales, bias: &self.bias, then: Then::Store };
                arch.dispatch(Scale { to, out: Out { data: out, columns: self.columns, stride: self.columns } });
                if then == Then::Gelu {
                    kernel::gelus(arch, out);
                }
            }
        }
    }
}

/// How many steps of a scale a unit is, when the largest number is to be `most` of them.
#[inline(always)]
pub(super) fn steps(most: f32, largest: f32) -> f32 {
    if largest > 0.0 { most / largest } else { 0.0 }
}

/// The largest absolute value, the same whatever the order it is looked for in; NaN where one is: as the scale of the row it
/// spoils all that is made of it.
#[inline(always)]
pub(super) fn largest(row: &[f32]) -> f32 {
    f32::from_bits(row.iter().fold(0, |most, number| most.max(magnitude(*number))))
}

/// The bits of a number without its sign: they are ordered as the numbers are, and NaN stands above them all.
#[inline(always)]
pub(super) fn magnitude(number: f32) -> u32 {
    number.to_bits() & 0x7fff_ffff
}

/// How a whole number is kept.
pub(super) trait Cell: Copy {
    /// Rows are padded to a multiple of so many.
    const GROUP: usize;
    /// What they are padded with: nothing.
    const PADDING: Self;

    fn of(whole: i32) -> Self;
}

/// 128 higher, as `vnni` takes them.
impl Cell for u8 {
    const GROUP: usize = 4;
    const PADDING: u8 = 128;

    #[inline(always)]
    fn of(whole: i32) -> u8 {
        (whole + 128) as u8
    }
}

impl Cell for f32 {
    const GROUP: usize = 1;
    const PADDING: f32 = 0.0;

    #[inline(always)]
    fn of(whole: i32) -> f32 {
        whole as f32
    }
}

/// As they are, four together.
impl Cell for i8 {
    const GROUP: usize = 4;
    const PADDING: i8 = 0;

    #[inline(always)]
    fn of(whole: i32) -> i8 {
        whole as i8
    }
}

/// Rounds rows of `depth` numbers, `stride` apart, to cells without gaps.
pub(super) struct Round<'a, C> {
    pub(super) rows: &'a [f32],
    pub(super) stride: usize,
    pub(super) depth: usize,
    pub(super) most: f32,
    pub(super) cells: &'a mut [C],
    /// One for each row that is rounded.
    pub(super) scales: &'a mut [f32],
}

impl<C: Cell> WithSimd for Round<'_, C> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let padded = self.depth.next_multiple_of(C::GROUP);
        let rows = self.rows.chunks(self.stride).zip(self.cells.chunks_exact_mut(padded)).zip(self.scales);
        for ((row, cells), scale) in rows {
            let row = &row[..self.depth];
            let largest = largest(row);
            let by = steps(self.most, largest);
            *scale = largest / self.most;
            let (cells, padding) = cells.split_at_mut(self.depth);
            for (cell, number) in cells.iter_mut().zip(row) {
                *cell = C::of(rounded(*number * by));
            }
            padding.fill(C::PADDING);
        }
    }
}

/// The nearest whole number, of two the even one; for numbers of at most ±2^22.
#[inline(always)]
pub(super) fn rounded(number: f32) -> i32 {
    const ROUND: f32 = 12_582_912.0;
    (number + ROUND).to_bits().cast_signed() - ROUND.to_bits().cast_signed()
}

/// Scales sums that were made in f32, as [`Vnni::product`] scales its own; what is then made of them is left to the caller.
pub(super) struct Scale<'a> {
    pub(super) to: Scaled<'a>,
    pub(super) out: Out<'a>,
}

impl WithSimd for Scale<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Out { data, columns, stride } = self.out;
        for (row, by) in data.chunks_mut(stride).zip(self.to.rows) {
            for ((out, scale), bias) in row[..columns].iter_mut().zip(self.to.columns).zip(self.to.bias) {
                *out = *out * (by * scale) + bias;
            }
        }
    }
}

/// Whole numbers up to here are exact in f32.
const SUM: f32 = 16_777_216.0;

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::print_stderr)]

    use super::*;

    /// Numbers between -1 and 1.
    pub(in super::super) fn numbers(count: usize, seed: u64) -> Vec<f32> {
        let mut state = seed | 1;
        let draw = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1 << 23) as f32 - 1.0
        };
        std::iter::repeat_with(draw).take(count).collect()
    }

    fn product(
        weights: &[f32],
        bias: &[f32],
        rows: &[f32],
        depth: usize,
        then: Then,
        bytes: Option<Bytes>,
    ) -> Vec<f32> {
        let whole = Whole::pack(weights, bias, depth, bytes);
        let mut out = vec![f32::NAN; rows.len() / depth * bias.len()];
        whole.product(Arch::new(), rows, then, &mut Rounded::default(), &mut out);
        out
    }

    /// Every way that this machine has.
    pub(in super::super) fn kinds() -> Vec<Option<Bytes>> {
        let vnni = Vnni::detect().map(Bytes::Vnni);
        let tiles = Tiles::detect().map(Bytes::Tiles);
        std::iter::once(None).chain([vnni, tiles].into_iter().filter(Option::is_some)).collect()
    }

    #[test]
    fn sums_are_near_those_of_numbers_with_a_point() {
        for (depth, columns, count) in
            [(128, 384, 25), (512, 128, 13), (1536, 96, 7), (30, 57, 5), (1, 1, 1), (4, 33, 12)]
        {
            let weights = numbers(depth * columns, 7);
            let (bias, rows) = (numbers(columns, 11), numbers(depth * count, 13));
            for then in [Then::Store, Then::Gelu] {
                let mut exact = vec![0.0; count * columns];
                let panels = Panels::pack(&weights, &bias, depth);
                let of = Rows { data: &rows, stride: depth, count };
                kernel::product(Arch::new(), of, &panels, then, &mut exact, columns);
                let whole = product(&weights, &bias, &rows, depth, then, Bytes::detect());
                // Each product is off by at most half a step of either side.
                let by = 0.012 * (depth as f32).sqrt().max(1.0);
                for (a, b) in whole.iter().zip(&exact) {
                    assert!((a - b).abs() <= by, "{depth} {columns}: {a} {b}");
                }
            }
        }
    }

    #[test]
    fn bytes_give_bit_for_bit_what_panels_give() {
        if kinds().len() < 3 {
            eprintln!(
                "left out: a processor that multiplies bytes four at a time, or one that multiplies blocks of them"
            );
        }
        for depth in [1, 3, 4, 30, 64, 128, 512, 1040, 1041, 1536] {
            for (columns, count) in [(1, 1), (32, 12), (57, 25), (384, 19), (128, 96), (32, 33)] {
                let seed = (depth * 1000 + columns) as u64;
                let (weights, bias) = (numbers(depth * columns, seed), numbers(columns, seed + 1));
                let rows = numbers(depth * count, seed + 2);
                for then in [Then::Store, Then::Gelu] {
                    let safe = product(&weights, &bias, &rows, depth, then, None);
                    for kind in kinds() {
                        let bytes = product(&weights, &bias, &rows, depth, then, kind);
                        assert_eq!(bytes, safe, "{depth} {columns} {count} {kind:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn extremes_are_exact() {
        // The largest sums there are, and rows without anything.
        for kind in kinds() {
            for depth in [1040, 1536] {
                let weights = [vec![1.0; depth], vec![-1.0; depth]].concat();
                let rows = [vec![2.0; depth], vec![-2.0; depth], vec![0.0; depth]].concat();
                let out = product(&weights, &[0.5, 0.5], &rows, depth, Then::Store, kind);
                let sum = 2.0 * depth as f32;
                let want = [sum + 0.5, 0.5 - sum, 0.5 - sum, sum + 0.5, 0.5, 0.5];
                for (a, b) in out.iter().zip(want) {
                    assert!((a - b).abs() < 1e-2, "{out:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_number_stays_none() {
        for kind in kinds() {
            for (wrong, depth) in [(f32::NAN, 8), (f32::INFINITY, 8), (f32::NAN, 64), (-f32::NAN, 64)] {
                let mut rows = vec![1.0; depth];
                rows[3] = wrong;
                let out = product(&vec![1.0; 32 * depth], &[0.0; 32], &rows, depth, Then::Store, kind);
                assert!(out.iter().all(|out| !out.is_finite()), "{wrong} {out:?}");
            }
        }
    }
}
