//! Products of bytes on processors that have an instruction for them (AVX-512 VNNI): four multiplications and additions a
//! lane, four times as many as there are of numbers with a point.
//!
//! One of two modules of the crate with `unsafe`, `tiles` is the other: [`pulp`] has no safe face for these instructions. What has to be proved is
//! little. A function that is compiled for instructions which the processor may lack is called through [`Vnni`] only, of
//! which there is none unless the processor has them all; and vectors are loaded from and stored to arrays of their own
//! size, never at an address that was computed. `whole` compares every result with the safe path, bit for bit.

#![cfg_attr(target_arch = "x86_64", allow(unsafe_code))]

use super::kernel::Then;

/// Proof that the processor has the instructions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vnni(());

/// Whole numbers of ±127 in panels of 32 columns, four rows of depth at a time.
#[derive(Default)]
pub(super) struct Quads {
    /// How many quads deep.
    depth: usize,
    /// Of one panel after the other; what stands beyond the last is not read.
    lines: Vec<Line>,
    /// What the sums of a panel begin with: where inputs come with 128 added, what that adds to the sum.
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

/// What becomes of sums: times the scales of their row and column, plus bias, and what is then made of that. Columns are padded
/// to whole panels.
#[derive(Clone, Copy)]
pub(super) struct Scaled<'a> {
    pub(super) rows: &'a [f32],
    pub(super) columns: &'a [f32],
    pub(super) bias: &'a [f32],
    pub(super) then: Then,
}

/// Where a product goes: rows of `columns` numbers that begin `stride` apart.
pub(super) struct Out<'a> {
    pub(super) data: &'a mut [f32],
    pub(super) columns: usize,
    pub(super) stride: usize,
}

impl Line {
    /// Writes the four bytes of each column, of the first in the lowest byte.
    #[inline(always)]
    pub(super) fn set(&mut self, words: &[u32; 32]) {
        let cells = self.0.iter_mut().flat_map(|half| half.as_chunks_mut::<4>().0);
        cells.zip(words).for_each(|(cell, word)| *cell = word.to_le_bytes().map(u8::cast_signed));
    }
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

    /// `out = scaled(rows * quads)`: rows of bytes, padded to whole quads.
    pub(super) fn product(self, rows: &[u8], quads: &Quads, to: Scaled<'_>, out: Out<'_>) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `self` exists only where `detect` found the instructions that `product` is compiled for.
        unsafe {
            x86::product(rows, quads, to, out);
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = (rows, quads, to, out);
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

    /// Takes rows of whole numbers, padded to a multiple of four, as the columns: the keys of a window. Inputs come with 128
    /// added. Columns beyond the last row keep what stood there.
    pub(super) fn pack_columns(&mut self, rows: &[i8], depth: usize) {
        let deep = depth.div_ceil(4);
        self.reshape(deep, rows.len() / (deep * 4));
        for (column, row) in rows.chunks_exact(deep * 4).enumerate() {
            let (panel, half, at) = (column / 32, column / 16 % 2, column % 16);
            let sum: i32 = row.iter().map(|number| i32::from(*number)).sum();
            self.begin[panel].0[half][at] = -128 * sum;
            for (line, four) in self.lines[panel * deep..][..deep].iter_mut().zip(row.as_chunks::<4>().0) {
                line.0[half].as_chunks_mut::<4>().0[at] = *four;
            }
        }
    }

    /// Room for `deep` quads of `columns`, to be filled by way of [`Quads::panel_mut`]; what stood there stays. Inputs come as
    /// they are.
    pub(super) fn reshape(&mut self, deep: usize, columns: usize) {
        let panels = columns.div_ceil(32);
        self.depth = deep;
        if self.lines.len() < panels * deep {
            self.lines.resize(panels * deep, Line([[0; 64]; 2]));
        }
        self.begin.clear();
        self.begin.resize(panels, Start([[0; 16]; 2]));
    }

    /// The lines of a panel, to be filled.
    pub(super) fn panel_mut(&mut self, panel: usize) -> &mut [Line] {
        &mut self.lines[panel * self.depth..][..self.depth]
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
        __m512, __m512i, _mm512_add_epi32, _mm512_add_ps, _mm512_cvtepi32_ps, _mm512_dpbusd_epi32, _mm512_fmadd_ps,
        _mm512_loadu_ps, _mm512_loadu_si512, _mm512_max_ps, _mm512_min_ps, _mm512_mul_ps, _mm512_set1_epi32,
        _mm512_set1_ps, _mm512_setzero_ps, _mm512_setzero_si512, _mm512_storeu_ps,
    };

    use super::super::kernel::{self, Then};
    use super::{Line, Out, Quads, Scaled, Start};

    #[target_feature(enable = "avx512f,avx512vnni")]
    pub(super) fn product(rows: &[u8], quads: &Quads, to: Scaled<'_>, out: Out<'_>) {
        match to.then {
            Then::Store => panels::<false>(rows, quads, to, out),
            Then::Gelu => panels::<true>(rows, quads, to, out),
        }
    }

    /// Compiled once for each thing that is made of sums: asked for each row, it costs half as much as the sums.
    #[target_feature(enable = "avx512f,avx512vnni")]
    fn panels<const GELU: bool>(rows: &[u8], quads: &Quads, to: Scaled<'_>, out: Out<'_>) {
        let Out { data: out, columns, stride } = out;
        let rows = rows.as_chunks::<4>().0;
        let count = rows.len() / quads.depth.max(1);
        for (panel, begin) in quads.begin.iter().enumerate() {
            let lines = &quads.lines[panel * quads.depth..][..quads.depth];
            let begin = [of(&begin.0[0]), of(&begin.0[1])];
            let first = panel * 32;
            let tile = Tile { lines, begin, first, width: (columns - first).min(32), stride };
            let mut row = 0;
            while row + 12 <= count {
                tile.run::<12, GELU>(rows, row, to, out);
                row += 12;
            }
            if row + 6 <= count {
                tile.run::<6, GELU>(rows, row, to, out);
                row += 6;
            }
            if row + 3 <= count {
                tile.run::<3, GELU>(rows, row, to, out);
                row += 3;
            }
            while row < count {
                tile.run::<1, GELU>(rows, row, to, out);
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

    /// What the sums of a panel are scaled with.
    #[derive(Clone, Copy)]
    struct Panel {
        scales: [__m512; 2],
        bias: [__m512; 2],
    }

    impl Panel {
        #[target_feature(enable = "avx512f")]
        #[inline]
        fn of(to: Scaled<'_>, first: usize) -> Self {
            Self { scales: pair(&to.columns[first..]), bias: pair(&to.bias[first..]) }
        }

        /// Sums times the scales of their row and columns, plus bias, and what is then made of that.
        #[target_feature(enable = "avx512f")]
        #[inline]
        fn scaled<const GELU: bool>(&self, sums: [__m512i; 2], row: f32) -> [__m512; 2] {
            let row = _mm512_set1_ps(row);
            let mut numbers = [_mm512_setzero_ps(); 2];
            for half in 0..2 {
                // Not fused: the same on machines that cannot.
                let by = _mm512_mul_ps(row, self.scales[half]);
                let number = _mm512_add_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(sums[half]), by), self.bias[half]);
                numbers[half] = if GELU { gelu(number) } else { number };
            }
            numbers
        }
    }

    /// The steps of [`kernel::gelus`], one by one.
    #[target_feature(enable = "avx512f")]
    #[inline]
    fn gelu(x: __m512) -> __m512 {
        let end = kernel::ERF_END;
        let z = _mm512_mul_ps(x, _mm512_set1_ps(std::f32::consts::FRAC_1_SQRT_2));
        let z = _mm512_max_ps(_mm512_min_ps(z, _mm512_set1_ps(end)), _mm512_set1_ps(-end));
        let u = _mm512_fmadd_ps(_mm512_mul_ps(z, z), _mm512_set1_ps(2.0 / (end * end)), _mm512_set1_ps(-1.0));
        let mut p = _mm512_set1_ps(kernel::ERF[10]);
        for c in kernel::ERF[..10].iter().rev() {
            p = _mm512_fmadd_ps(p, u, _mm512_set1_ps(*c));
        }
        let half = _mm512_mul_ps(x, _mm512_set1_ps(0.5));
        _mm512_fmadd_ps(_mm512_mul_ps(half, z), p, half)
    }

    /// Writes the numbers that sums of panel `panel` become to rows of `out`, as many as there are `rows`, their scales.
    #[target_feature(enable = "avx512f")]
    pub(in super::super) fn scale(
        sums: &[[[i32; 16]; 2]],
        begin: &Start,
        rows: &[f32],
        panel: usize,
        stride: usize,
        to: Scaled<'_>,
        out: &mut [f32],
    ) {
        let first = panel * 32;
        let with = Panel::of(to, first);
        let begin = [of(&begin.0[0]), of(&begin.0[1])];
        for ((out, row), sums) in out.chunks_mut(stride).zip(rows).zip(sums) {
            let sums = [_mm512_add_epi32(of(&sums[0]), begin[0]), _mm512_add_epi32(of(&sums[1]), begin[1])];
            if let Some(out) = out[first..].first_chunk_mut::<32>() {
                let numbers = match to.then {
                    Then::Store => with.scaled::<false>(sums, *row),
                    Then::Gelu => with.scaled::<true>(sums, *row),
                };
                store(numbers, out);
            }
        }
    }

    /// One panel of a product.
    struct Tile<'a> {
        lines: &'a [Line],
        begin: [__m512i; 2],
        first: usize,
        width: usize,
        stride: usize,
    }

    impl Tile<'_> {
        /// `M` rows from `row` on: their sums fill the registers, with room for a line and one input.
        #[target_feature(enable = "avx512f,avx512vnni")]
        #[inline]
        fn run<const M: usize, const GELU: bool>(&self, rows: &[[u8; 4]], row: usize, to: Scaled<'_>, out: &mut [f32]) {
            let depth = self.lines.len();
            // No closure: it would be compiled without the instructions, and called.
            let mut inputs: [&[[u8; 4]]; M] = [&[]; M];
            for (r, input) in inputs.iter_mut().enumerate() {
                *input = &rows[(row + r) * depth..][..depth];
            }
            // Nothing deep has no sums. The compiler has to know it, or it would write nothing to memory before it adds up.
            if depth == 0 {
                return;
            }
            // What they begin with is added at the end: a copy for each row would go through memory.
            let mut sums = [[_mm512_setzero_si512(); 2]; M];
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
            let with = Panel::of(to, self.first);
            for (r, sums) in sums.iter().enumerate() {
                let sums = [_mm512_add_epi32(sums[0], self.begin[0]), _mm512_add_epi32(sums[1], self.begin[1])];
                let numbers = with.scaled::<GELU>(sums, to.rows[row + r]);
                let out = &mut out[(row + r) * self.stride + self.first..][..self.width];
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
