//! The arithmetic of the encoder: matrix products over packed panels, with what follows them fused in.
//!
//! Written once over [`pulp::Simd`], which picks AVX-512, AVX2 with FMA, NEON or plain code when the program runs. Each
//! output is one chain of multiply-adds in the order of the inputs, whatever rows stand around it: a row's result is the
//! same bit for bit in every batch.

use pulp::{Arch, Simd, WithSimd};

/// How many columns a panel has: two registers of AVX-512, four of AVX2.
pub(super) const PANEL: usize = 32;

/// One row of a panel, aligned so that no load of it crosses a cache line.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; PANEL]);

const ZERO: Line = Line([0.0; PANEL]);

/// A matrix of `depth` x `columns`, cut into panels of [`PANEL`] columns that are read from first to last row.
#[derive(Default)]
pub(super) struct Panels {
    depth: usize,
    columns: usize,
    lines: Vec<Line>,
    /// One line a panel, added to each row of the product.
    bias: Vec<Line>,
}

impl Panels {
    /// From weights as PyTorch keeps them, `[columns, depth]`. `bias` holds `columns` numbers or none.
    pub(super) fn pack(weights: &[f32], bias: &[f32], depth: usize) -> Self {
        let mut panels = Self::default();
        panels.reshape(depth, weights.len() / depth.max(1));
        for (column, row) in weights.chunks_exact(depth.max(1)).enumerate() {
            let (panel, at) = (column / PANEL, column % PANEL);
            for (line, weight) in panels.lines.iter_mut().skip(panel * depth).zip(row) {
                line.0[at] = *weight;
            }
        }
        for (line, bias) in panels.bias.iter_mut().zip(bias.chunks(PANEL)) {
            line.0[..bias.len()].copy_from_slice(bias);
        }
        panels
    }

    /// How many columns a product with these has.
    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    /// Takes `columns` rows of `depth` numbers, `stride` apart, as the columns: the keys of a window.
    pub(super) fn pack_transposed(&mut self, from: &[f32], stride: usize, depth: usize, columns: usize) {
        self.reshape(depth, columns);
        for (column, row) in from.chunks(stride).take(columns).enumerate() {
            let (panel, at) = (column / PANEL, column % PANEL);
            for (line, value) in self.lines[panel * depth..].iter_mut().zip(&row[..depth]) {
                line.0[at] = *value;
            }
        }
    }

    /// Takes `depth` rows of `columns` numbers, `stride` apart, as they stand: the values of a window.
    pub(super) fn pack_rows(&mut self, from: &[f32], stride: usize, depth: usize, columns: usize) {
        self.reshape(depth, columns);
        for (at, row) in from.chunks(stride).take(depth).enumerate() {
            for (panel, part) in row[..columns].chunks(PANEL).enumerate() {
                self.lines[panel * depth + at].0[..part.len()].copy_from_slice(part);
            }
        }
    }

    /// Takes what stands beyond the last column of the last panel as columns too.
    pub(super) fn fill_columns(&mut self) {
        self.columns = self.columns.next_multiple_of(PANEL);
    }

    /// Columns beyond `columns` of the last panel keep whatever stood there: products are not stored for them.
    fn reshape(&mut self, depth: usize, columns: usize) {
        (self.depth, self.columns) = (depth, columns);
        let panels = columns.div_ceil(PANEL);
        self.lines.resize(panels * depth, ZERO);
        self.bias.clear();
        self.bias.resize(panels, ZERO);
    }
}

/// The first `count` cells of a buffer that only grows; what they were before is written over.
pub(super) fn room<T: Copy + Default>(buffer: &mut Vec<T>, count: usize) -> &mut [T] {
    if buffer.len() < count {
        buffer.resize(count, T::default());
    }
    &mut buffer[..count]
}

/// What becomes of a product before it is stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Then {
    Store,
    /// The exact GELU, x Φ(x), to 1e-5.
    Gelu,
}

/// Rows of numbers, `stride` apart.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) data: &'a [f32],
    pub(super) stride: usize,
    pub(super) count: usize,
}

/// `out = then(rows * panels + bias)`; rows of `out` stand `stride` apart.
pub(super) fn product(arch: Arch, rows: Rows<'_>, panels: &Panels, then: Then, out: &mut [f32], stride: usize) {
    arch.dispatch(Product { rows, panels, then, out, stride });
}

/// `x = norm(x + added)` for every row of `gain.len()` numbers: mean 0, variance 1, times gain, plus shift.
pub(super) fn add_norm(arch: Arch, x: &mut [f32], added: &[f32], norm: &Norm) {
    arch.dispatch(AddNorm { x, added, norm });
}

/// `x = norm(x)`, as [`add_norm`] with nothing to add.
pub(super) fn norm(arch: Arch, x: &mut [f32], norm: &Norm) {
    arch.dispatch(AddNorm { x, added: &[], norm });
}

/// The exact GELU of every number, as [`Then::Gelu`].
pub(super) fn gelus(arch: Arch, numbers: &mut [f32]) {
    arch.dispatch(Gelus(numbers));
}

/// Gain, shift and epsilon of a layer norm.
pub(super) struct Norm {
    pub(super) gain: Vec<f32>,
    pub(super) shift: Vec<f32>,
    pub(super) epsilon: f32,
}

struct Product<'a> {
    rows: Rows<'a>,
    panels: &'a Panels,
    then: Then,
    out: &'a mut [f32],
    stride: usize,
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // Accumulators fill the registers, with room for a line of the panel and one input.
        match S::F32_LANES {
            16 => self.blocks::<S, 12, 2>(simd),
            8 => self.blocks::<S, 3, 4>(simd),
            4 => self.blocks::<S, 3, 8>(simd),
            _ => self.blocks::<S, 1, PANEL>(simd),
        }
    }
}

impl Product<'_> {
    #[inline(always)]
    fn blocks<S: Simd, const M: usize, const N: usize>(self, simd: S) {
        let Panels { depth, columns, lines, bias } = self.panels;
        for (panel, bias) in bias.iter().enumerate() {
            let lines = &lines[panel * depth..][..*depth];
            let first = panel * PANEL;
            let tile = Tile { lines, bias, then: self.then, first, width: (columns - first).min(PANEL) };
            let mut row = 0;
            while row + M <= self.rows.count {
                tile.run::<S, M, N>(simd, self.rows, row, self.out, self.stride);
                row += M;
            }
            if M > 6 && row + 6 <= self.rows.count {
                tile.run::<S, 6, N>(simd, self.rows, row, self.out, self.stride);
                row += 6;
            }
            if M > 3 && row + 3 <= self.rows.count {
                tile.run::<S, 3, N>(simd, self.rows, row, self.out, self.stride);
                row += 3;
            }
            while row < self.rows.count {
                tile.run::<S, 1, N>(simd, self.rows, row, self.out, self.stride);
                row += 1;
            }
        }
    }
}

/// One panel of a product.
struct Tile<'a> {
    lines: &'a [Line],
    bias: &'a Line,
    then: Then,
    first: usize,
    width: usize,
}

impl Tile<'_> {
    /// `M` rows from `row` on; `N` registers hold a line.
    #[inline(always)]
    fn run<S: Simd, const M: usize, const N: usize>(
        &self,
        simd: S,
        rows: Rows<'_>,
        row: usize,
        out: &mut [f32],
        stride: usize,
    ) {
        let depth = self.lines.len();
        let inputs: [&[f32]; M] = std::array::from_fn(|r| &rows.data[(row + r) * rows.stride..][..depth]);
        let mut sums = [[simd.splat_f32s(0.0); N]; M];
        for (k, line) in self.lines.iter().enumerate() {
            let line = registers::<S, N>(line);
            for r in 0..M {
                let input = simd.splat_f32s(inputs[r][k]);
                for c in 0..N {
                    sums[r][c] = simd.mul_add_e_f32s(input, line[c], sums[r][c]);
                }
            }
        }
        let bias = registers::<S, N>(self.bias);
        for (r, sums) in sums.iter_mut().enumerate() {
            for c in 0..N {
                sums[c] = simd.add_f32s(sums[c], bias[c]);
                if self.then == Then::Gelu {
                    sums[c] = gelu(simd, sums[c]);
                }
            }
            let out = &mut out[(row + r) * stride + self.first..][..self.width];
            match S::as_mut_simd_f32s(out).0.first_chunk_mut::<N>() {
                Some(out) => *out = *sums,
                None => {
                    let mut line = ZERO;
                    for (to, from) in S::as_mut_simd_f32s(&mut line.0).0.iter_mut().zip(sums) {
                        *to = *from;
                    }
                    out.copy_from_slice(&line.0[..out.len()]);
                }
            }
        }
    }
}

/// A line as `N` registers.
#[inline(always)]
fn registers<S: Simd, const N: usize>(line: &Line) -> [S::f32s; N] {
    let parts = S::as_simd_f32s(&line.0).0;
    std::array::from_fn(|c| parts[c])
}

/// x/2 (1 + erf(x/√2)). The odd polynomial for erf was fitted to ±3.4 (largest error 4e-6) in u = 2z²/3.4² - 1, which
/// keeps the coefficients small; beyond, erf is 1 to 2e-6.
#[inline(always)]
fn gelu<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let s = |v: f32| simd.splat_f32s(v);
    let z = simd.mul_f32s(x, s(std::f32::consts::FRAC_1_SQRT_2));
    let z = simd.max_f32s(simd.min_f32s(z, s(ERF_END)), s(-ERF_END));
    let u = simd.mul_add_e_f32s(simd.mul_f32s(z, z), s(2.0 / (ERF_END * ERF_END)), s(-1.0));
    let mut p = s(ERF[10]);
    for c in ERF[..10].iter().rev() {
        p = simd.mul_add_e_f32s(p, u, s(*c));
    }
    let half = simd.mul_f32s(x, s(0.5));
    simd.mul_add_e_f32s(simd.mul_f32s(half, z), p, half)
}

struct Gelus<'a>(&'a mut [f32]);

impl WithSimd for Gelus<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (whole, rest) = S::as_mut_simd_f32s(self.0);
        whole.iter_mut().for_each(|numbers| *numbers = gelu(simd, *numbers));
        let mut line = ZERO;
        line.0[..rest.len()].copy_from_slice(rest);
        S::as_mut_simd_f32s(&mut line.0).0.iter_mut().for_each(|numbers| *numbers = gelu(simd, *numbers));
        rest.copy_from_slice(&line.0[..rest.len()]);
    }
}

/// Beyond, erf is taken for what it is there.
pub(super) const ERF_END: f32 = 3.4;
/// Of the polynomial for erf, lowest first.
pub(super) const ERF: [f32; 11] = [
    4.156_654_6e-1,
    -2.061_070_8e-1,
    1.495_020_6e-1,
    -1.145_262_1e-1,
    8.671_297e-2,
    -6.395_845e-2,
    4.071_76e-2,
    -1.957_769_1e-2,
    1.343_534_2e-2,
    -1.294_743_4e-2,
    5.201_776e-3,
];

/// Makes probabilities of the first `length` numbers of every row of `stride`.
pub(super) fn softmax_rows(arch: Arch, rows: &mut [f32], stride: usize, length: usize) {
    arch.dispatch(Softmax { rows, stride, length, logs: &mut [] });
}

/// Makes probabilities of every row of `length` logits; `logs` gets what the logits of a row are larger than their logarithms.
pub(super) fn softmax(arch: Arch, rows: &mut [f32], length: usize, logs: &mut Vec<f32>) {
    logs.clear();
    logs.resize(rows.len() / length.max(1), 0.0);
    arch.dispatch(Softmax { rows, stride: length, length, logs });
}

/// Softmax of the first `length` numbers of every row of `stride`, and the logarithm of its sum where there is room for it.
struct Softmax<'a> {
    rows: &'a mut [f32],
    stride: usize,
    length: usize,
    logs: &'a mut [f32],
}

impl WithSimd for Softmax<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let _ = simd;
        let mut logs = self.logs.iter_mut();
        // Whole registers, where there is room: what is added to fill them is nothing beside the largest.
        let whole = self.length.next_multiple_of(16).min(self.stride);
        for row in self.rows.chunks_exact_mut(self.stride) {
            let row = &mut row[..whole];
            row[self.length..].fill(f32::MIN);
            let max = fold(row, f32::MIN, |x| x, |a, b| if a > b { a } else { b });
            for value in row.iter_mut() {
                *value = exp(*value - max);
            }
            let sum = fold(row, 0.0, |x| x, add);
            if let Some(log) = logs.next() {
                *log = max + sum.ln();
            }
            let by = 1.0 / sum;
            for value in row.iter_mut() {
                *value *= by;
            }
        }
    }
}

/// e^x for x <= 0 to a relative 2e-7 or so, and e^-80 below -80, which is nothing beside 1 and, divided by a sum, still no
/// subnormal number, which processors are slow with; plain operations that the compiler spreads over registers.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    // 2^i in the exponent's bits; the large addend rounds to the nearest integer.
    const ROUND: f32 = 12_582_912.0;
    let y = if x > -80.0 { x } else { -80.0 } * std::f32::consts::LOG2_E;
    let shifted = y + ROUND;
    let f = (y - (shifted - ROUND)) * std::f32::consts::LN_2;
    let scale = f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3f80_0000));
    let p = 1.0 + f * (1.0 + f * (0.5 + f * (1.0 / 6.0 + f * (1.0 / 24.0 + f * (1.0 / 120.0 + f * (1.0 / 720.0))))));
    p * scale
}

#[inline(always)]
fn add(a: f32, b: f32) -> f32 {
    a + b
}

/// Joins what `map` makes of each number, in sixteen strands.
#[inline(always)]
pub(super) fn fold(row: &[f32], start: f32, map: impl Fn(f32) -> f32, f: impl Fn(f32, f32) -> f32) -> f32 {
    let mut strands = [start; 16];
    let (chunks, rest) = row.as_chunks::<16>();
    for chunk in chunks {
        for (strand, value) in strands.iter_mut().zip(chunk) {
            *strand = f(*strand, map(*value));
        }
    }
    for (strand, value) in strands.iter_mut().zip(rest) {
        *strand = f(*strand, map(*value));
    }
    let mut width = 8;
    while width > 0 {
        for at in 0..width {
            strands[at] = f(strands[at], strands[at + width]);
        }
        width /= 2;
    }
    strands[0]
}

struct AddNorm<'a> {
    x: &'a mut [f32],
    added: &'a [f32],
    norm: &'a Norm,
}

impl WithSimd for AddNorm<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let _ = simd;
        let width = self.norm.gain.len();
        let by = 1.0 / width as f32;
        let mut added = self.added.chunks_exact(width);
        for x in self.x.chunks_exact_mut(width) {
            for (x, added) in x.iter_mut().zip(added.next().unwrap_or(&[])) {
                *x += added;
            }
            let mean = fold(x, 0.0, |x| x, add) * by;
            for x in x.iter_mut() {
                *x -= mean;
            }
            let variance = fold(x, 0.0, |x| x * x, add) * by;
            let scale = 1.0 / (variance + self.norm.epsilon).sqrt();
            for ((x, gain), shift) in x.iter_mut().zip(&self.norm.gain).zip(&self.norm.shift) {
                *x = *x * scale * gain + shift;
            }
        }
    }
}
