//! Products of bytes on processors that have an instruction for them (AVX-512 VNNI): four multiplications and additions a
//! lane, four times as many as there are of numbers with a point.
//!
//! One of two modules of the crate with `unsafe`, `tiles` is the other: [`pulp`] has no safe face for these instructions. What has to be proved is
//! little. A function that is compiled for instructions which the processor may lack is called through [`Vnni`] only, of
//! which there is none unless the processor has them all; and vectors are loaded from and stored to arrays of their own
//! size, never at an address that was computed. `whole` compares every result with the safe path, bit for bit.

#![cfg_attr(target_arch = "x86_64", allow(unsafe_code))]

/// Proof that the processor has the instructions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vnni(());

/// Whole numbers of ±127 in panels of 32 columns, four rows of depth at a time.
pub(super) struct Quads {
    /// How many quads deep.
    depth: usize,
    lines: Vec<Line>,
    /// What the sums of a panel begin with: inputs come with 128 added.
    begin: Vec<Start>,
}

/// Four rows of a panel: of each column four bytes that stand together.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Line([[i8; 64]; 2]);

/// A number for each column of a panel.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Start([[i32; 16]; 2]);

/// What becomes of sums: times the scales of their row and column, plus bias. Columns are padded to whole panels.
#[derive(Clone, Copy)]
pub(super) struct Scaled<'a> {
    pub(super) rows: &'a [f32],
    pub(super) columns: &'a [f32],
    pub(super) bias: &'a [f32],
}

impl Vnni {
    /// Whether this processor has them.
    pub(super) fn detect() -> Option<Self> {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx512f") && std::arch::is_x86_feature_detected!("avx512vnni") {
            return Some(Self(()));
        }
        None
    }

    /// `out = scaled(rows * quads)`: rows of bytes, each 128 too large, padded to whole quads; `columns` of `out`.
    pub(super) fn product(self, rows: &[u8], quads: &Quads, columns: usize, to: Scaled<'_>, out: &mut [f32]) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `self` exists only where `detect` found the instructions that `product` is compiled for.
        unsafe {
            x86::product(rows, quads, columns, to, out);
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = (rows, quads, columns, to, out);
    }
}

impl Quads {
    /// From whole numbers as PyTorch keeps weights, `[columns, depth]`.
    pub(super) fn pack(weights: &[f32], depth: usize) -> Self {
        let (columns, deep) = (weights.len() / depth, depth.div_ceil(4));
        let panels = columns.div_ceil(32);
        let mut quads = Self {
            depth: deep,
            lines: vec![Line([[0; 64]; 2]); panels * deep],
            begin: vec![Start([[0; 16]; 2]); panels],
        };
        for (column, weights) in weights.chunks_exact(depth).enumerate() {
            let (panel, half, at) = (column / 32, column / 16 % 2, column % 16);
            let mut sum = 0;
            for (k, weight) in weights.iter().enumerate() {
                let weight = *weight as i8;
                sum += i32::from(weight);
                quads.lines[panel * deep + k / 4].0[half][at * 4 + k % 4] = weight;
            }
            quads.begin[panel].0[half][at] = -128 * sum;
        }
        quads
    }

    /// How many quads deep.
    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    /// The lines of each panel, and what its sums begin with.
    pub(super) fn panels(&self) -> impl Iterator<Item = (&[Line], &Start)> {
        self.lines.chunks_exact(self.depth.max(1)).zip(&self.begin)
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) mod x86 {
    use std::arch::x86_64::{
        __m512, __m512i, _mm512_add_epi32, _mm512_add_ps, _mm512_cvtepi32_ps, _mm512_dpbusd_epi32, _mm512_loadu_ps,
        _mm512_loadu_si512, _mm512_mul_ps, _mm512_set1_epi32, _mm512_set1_ps, _mm512_storeu_ps,
    };

    use super::{Line, Quads, Scaled, Start};

    #[target_feature(enable = "avx512f,avx512vnni")]
    pub(super) fn product(rows: &[u8], quads: &Quads, columns: usize, to: Scaled<'_>, out: &mut [f32]) {
        let rows = rows.as_chunks::<4>().0;
        let count = rows.len() / quads.depth.max(1);
        for (panel, begin) in quads.begin.iter().enumerate() {
            let lines = &quads.lines[panel * quads.depth..][..quads.depth];
            let begin = [of(&begin.0[0]), of(&begin.0[1])];
            let first = panel * 32;
            let tile = Tile { lines, begin, first, width: (columns - first).min(32), columns };
            let mut row = 0;
            while row + 12 <= count {
                tile.run::<12>(rows, row, to, out);
                row += 12;
            }
            if row + 6 <= count {
                tile.run::<6>(rows, row, to, out);
                row += 6;
            }
            if row + 3 <= count {
                tile.run::<3>(rows, row, to, out);
                row += 3;
            }
            while row < count {
                tile.run::<1>(rows, row, to, out);
                row += 1;
            }
        }
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    fn of(numbers: &[i32; 16]) -> __m512i {
        // SAFETY: the array has the 64 bytes that are read.
        unsafe { _mm512_loadu_si512(numbers.as_ptr().cast()) }
    }

    /// The first 32 numbers; fewer are a mistake.
    #[target_feature(enable = "avx512f")]
    #[inline]
    fn pair(numbers: &[f32]) -> [__m512; 2] {
        let numbers = &numbers[..32];
        // SAFETY: there are the 32 numbers that are read.
        unsafe { [_mm512_loadu_ps(numbers.as_ptr()), _mm512_loadu_ps(numbers[16..].as_ptr())] }
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    fn store(numbers: [__m512; 2], out: &mut [f32; 32]) {
        let (low, high) = out.split_at_mut(16);
        // SAFETY: each half has the 16 numbers that are written.
        unsafe {
            _mm512_storeu_ps(low.as_mut_ptr(), numbers[0]);
            _mm512_storeu_ps(high.as_mut_ptr(), numbers[1]);
        }
    }

    /// Sums times the scales of their row and columns, plus bias.
    #[target_feature(enable = "avx512f")]
    #[inline]
    fn scaled(sums: [__m512i; 2], row: f32, columns: [__m512; 2], bias: [__m512; 2]) -> [__m512; 2] {
        let row = _mm512_set1_ps(row);
        // Not fused: the same on machines that cannot.
        [
            _mm512_add_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(sums[0]), _mm512_mul_ps(row, columns[0])), bias[0]),
            _mm512_add_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(sums[1]), _mm512_mul_ps(row, columns[1])), bias[1]),
        ]
    }

    /// Writes the numbers that sums of panel `panel` become to rows of `out`, as many as there are `rows`, their scales.
    #[target_feature(enable = "avx512f")]
    pub(in super::super) fn scale(
        sums: &[[[i32; 16]; 2]],
        begin: &Start,
        rows: &[f32],
        panel: usize,
        columns: usize,
        to: Scaled<'_>,
        out: &mut [f32],
    ) {
        let first = panel * 32;
        let (scales, bias) = (pair(&to.columns[first..]), pair(&to.bias[first..]));
        let begin = [of(&begin.0[0]), of(&begin.0[1])];
        for ((out, row), sums) in out.chunks_mut(columns).zip(rows).zip(sums) {
            let sums = [_mm512_add_epi32(of(&sums[0]), begin[0]), _mm512_add_epi32(of(&sums[1]), begin[1])];
            if let Some(out) = out[first..].first_chunk_mut::<32>() {
                store(scaled(sums, *row, scales, bias), out);
            }
        }
    }

    /// One panel of a product.
    struct Tile<'a> {
        lines: &'a [Line],
        begin: [__m512i; 2],
        first: usize,
        width: usize,
        columns: usize,
    }

    impl Tile<'_> {
        /// `M` rows from `row` on: their sums fill the registers, with room for a line and one input.
        #[target_feature(enable = "avx512f,avx512vnni")]
        #[inline]
        fn run<const M: usize>(&self, rows: &[[u8; 4]], row: usize, to: Scaled<'_>, out: &mut [f32]) {
            let depth = self.lines.len();
            // No closure: it would be compiled without the instructions, and called.
            let mut inputs: [&[[u8; 4]]; M] = [&[]; M];
            for (r, input) in inputs.iter_mut().enumerate() {
                *input = &rows[(row + r) * depth..][..depth];
            }
            let mut sums = [self.begin; M];
            for (k, Line([low, high])) in self.lines.iter().enumerate() {
                // SAFETY: the arrays have the 64 bytes that are read.
                let line =
                    unsafe { [_mm512_loadu_si512(low.as_ptr().cast()), _mm512_loadu_si512(high.as_ptr().cast())] };
                for r in 0..M {
                    let input = _mm512_set1_epi32(i32::from_le_bytes(inputs[r][k]));
                    sums[r][0] = _mm512_dpbusd_epi32(sums[r][0], input, line[0]);
                    sums[r][1] = _mm512_dpbusd_epi32(sums[r][1], input, line[1]);
                }
            }
            let scales = pair(&to.columns[self.first..]);
            let bias = pair(&to.bias[self.first..]);
            for (r, sums) in sums.iter().enumerate() {
                let numbers = scaled(*sums, to.rows[row + r], scales, bias);
                let out = &mut out[(row + r) * self.columns + self.first..][..self.width];
                match out.first_chunk_mut::<32>() {
                    Some(out) => store(numbers, out),
                    None => {
                        let mut line = [0.0; 32];
                        store(numbers, &mut line);
                        out.copy_from_slice(&line[..self.width]);
                    }
                }
            }
        }
    }
}
