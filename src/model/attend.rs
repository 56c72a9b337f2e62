//! Attention: each row asks all rows of its sequence, and gets their values by how well they answer.
//!
//! In whole numbers as [`whole`](super::whole) multiplies them: queries and keys have the scale of their own row, values that of
//! their own column, and how much a key counts is a whole number of 255ths of the one that counts most. What they count
//! together is added up in whole numbers as well, so that nothing is lost or made up by rounding, and all machines agree.

use pulp::{Arch, Simd, WithSimd};

use super::kernel::{self, PANEL, Panels, Rows, Then, room};
use super::vnni::{Out, Quads, Scaled};
use super::whole::{Bytes, Round, Scale, largest, magnitude, rounded, steps};

/// How near attention is to what was trained.
#[derive(Clone, Copy, Debug)]
pub(super) enum Attention {
    /// In numbers with a point: the yardstick.
    Exact,
    /// In whole numbers; without [`Bytes`], of whole numbers in f32.
    Whole(Option<Bytes>),
}

/// What one call is about.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    /// Rows of `width` numbers, divided by the root of the size of a head already.
    pub(super) queries: &'a [f32],
    /// Keys and values of `width` numbers side by side.
    pub(super) memory: &'a [f32],
    pub(super) width: usize,
    pub(super) heads: usize,
}

impl Asked<'_> {
    fn size(&self) -> usize {
        self.width / self.heads
    }

    fn count(&self) -> usize {
        self.queries.len() / self.width
    }

    fn length(&self) -> usize {
        self.memory.len() / (2 * self.width)
    }
}

/// Buffers of [`attend`].
#[derive(Default)]
pub(super) struct Heads {
    /// How well each key answers each query; rows of whole panels.
    scores: Vec<f32>,
    keys: Matrix,
    values: Matrix,
    /// Queries, then what each key counts, in bytes.
    bytes: Vec<u8>,
    /// Keys in bytes, row by row.
    rows: Vec<i8>,
    /// The same in f32, where bytes are not multiplied.
    floats: Vec<f32>,
    /// Of the rows of `bytes` or `floats`.
    scales: Vec<f32>,
    nothing: Vec<f32>,
}

/// One side of a product, in the form that the machine multiplies.
#[derive(Default)]
struct Matrix {
    quads: Quads,
    panels: Panels,
    floats: Vec<f32>,
    /// Of each column; padded to whole panels.
    scales: Vec<f32>,
}

/// The most steps that queries, keys and values are rounded to on either side of nothing.
const MOST: f32 = 127.0;
/// What the key that answers best counts.
const FULL: f32 = 255.0;

/// Writes as many rows of `width` numbers to `out` as there are queries.
pub(super) fn attend(arch: Arch, kind: Attention, asked: Asked<'_>, out: &mut [f32], buffers: &mut Heads) {
    let (count, length) = (asked.count(), asked.length());
    if count == 0 || length == 0 {
        return;
    }
    // Whole panels of scores: what stands beyond the last key is put out before it counts.
    let padded = length.next_multiple_of(PANEL);
    room(&mut buffers.nothing, padded.max(asked.size().next_multiple_of(PANEL)));
    for head in 0..asked.heads {
        let at = head * asked.size();
        match kind {
            Attention::Exact => buffers.exact(arch, asked, at, out),
            Attention::Whole(None) => buffers.floats(arch, asked, at, out),
            Attention::Whole(Some(bytes)) => buffers.bytes(arch, bytes, asked, at, out),
        }
    }
}

impl Heads {
    fn exact(&mut self, arch: Arch, asked: Asked<'_>, at: usize, out: &mut [f32]) {
        let (width, size, count, length) = (asked.width, asked.size(), asked.count(), asked.length());
        let (stride, padded) = (2 * width, length.next_multiple_of(PANEL));
        let Self { scores, keys: Matrix { panels: keys, .. }, values: Matrix { panels: values, .. }, .. } = self;
        let scores = room(scores, count * padded);
        keys.pack_transposed(&asked.memory[at..], stride, size, length);
        keys.fill_columns();
        values.pack_rows(&asked.memory[width + at..], stride, length, size);
        let queries = Rows { data: &asked.queries[at..], stride: width, count };
        kernel::product(arch, queries, keys, Then::Store, scores, padded);
        kernel::softmax_rows(arch, scores, padded, length);
        let weights = Rows { data: scores, stride: padded, count };
        kernel::product(arch, weights, values, Then::Store, &mut out[at..], width);
    }

    fn bytes(&mut self, arch: Arch, bytes: Bytes, asked: Asked<'_>, at: usize, out: &mut [f32]) {
        let Asked { queries, memory, width, .. } = asked;
        let (size, count, length) = (asked.size(), asked.count(), asked.length());
        let (stride, padded, quads) = (2 * width, length.next_multiple_of(PANEL), size.next_multiple_of(4));
        let Self { scores, keys, values, bytes: buffer, rows: key_rows, scales, nothing, .. } = self;
        let (scores, scales) = (room(scores, count * padded), room(scales, count));

        let by = bytes.of(size, padded);
        let cells = by.room(buffer, count, quads);
        arch.dispatch(Round { rows: &queries[at..], stride: width, depth: size, most: MOST, cells, scales });
        let rows = &memory[at..];
        let (of_keys, key_scales) = (room(key_rows, length * quads), room(&mut keys.scales, padded));
        arch.dispatch(Round { rows, stride, depth: size, most: MOST, cells: of_keys, scales: key_scales });
        keys.quads.pack_columns(of_keys, size);
        let to = Scaled { rows: scales, columns: key_scales, bias: nothing, then: Then::Store };
        by.product(cells, &keys.quads, to, Out { data: scores, columns: padded, stride: padded });

        let by = bytes.of(64, size);
        // Keys that are none fill the last block: they count nothing.
        let deep = length.next_multiple_of(if by.takes_blocks() { 64 } else { 4 });
        let cells = by.room(buffer, count, deep);
        arch.dispatch(Shares { scores, length, keys: key_scales, size, cells, stride: deep, scales });
        values.quads.reshape(deep / 4, size);
        let value_scales = room(&mut values.scales, size.next_multiple_of(PANEL));
        let rows = &memory[width + at..];
        arch.dispatch(Columns { rows, stride, size, scales: value_scales, to: To::Quads(&mut values.quads) });
        let to = Scaled { rows: scales, columns: value_scales, bias: nothing, then: Then::Store };
        by.product(cells, &values.quads, to, Out { data: &mut out[at..], columns: size, stride: width });
    }

    /// As [`Heads::bytes`], on machines that don't multiply bytes: sums stay below 2^24, where f32 is exact, in sequences of up to
    /// 518 pieces (255 times 127 of each); the shipped models read 128.
    fn floats(&mut self, arch: Arch, asked: Asked<'_>, at: usize, out: &mut [f32]) {
        let Asked { queries, memory, width, .. } = asked;
        let (size, count, length) = (asked.size(), asked.count(), asked.length());
        let (stride, padded) = (2 * width, length.next_multiple_of(PANEL));
        let Self { scores, keys, values, bytes, floats: buffer, scales, nothing, .. } = self;
        let (scores, scales) = (room(scores, count * padded), room(scales, count));

        let floats = room(buffer, count * size);
        arch.dispatch(Round { rows: &queries[at..], stride: width, depth: size, most: MOST, cells: floats, scales });
        let rows = &memory[at..];
        let (of_keys, key_scales) = (room(&mut keys.floats, length * size), room(&mut keys.scales, padded));
        arch.dispatch(Round { rows, stride, depth: size, most: MOST, cells: of_keys, scales: key_scales });
        keys.panels.pack_transposed(of_keys, size, size, length);
        keys.panels.fill_columns();
        let rows = Rows { data: floats, stride: size, count };
        kernel::product(arch, rows, &keys.panels, Then::Store, scores, padded);
        let to = Scaled { rows: scales, columns: key_scales, bias: nothing, then: Then::Store };
        arch.dispatch(Scale { to, out: Out { data: scores, columns: padded, stride: padded } });

        let cells = room(bytes, count * length);
        arch.dispatch(Shares { scores, length, keys: key_scales, size, cells, stride: length, scales });
        let floats = room(buffer, count * length);
        floats.iter_mut().zip(cells).for_each(|(to, from)| *to = f32::from(*from));
        let (of_values, value_scales) =
            (room(&mut values.floats, length * size), room(&mut values.scales, size.next_multiple_of(PANEL)));
        let rows = &memory[width + at..];
        arch.dispatch(Columns { rows, stride, size, scales: value_scales, to: To::Floats(of_values) });
        values.panels.pack_rows(of_values, size, length, size);
        let rows = Rows { data: floats, stride: length, count };
        let out = &mut out[at..];
        kernel::product(arch, rows, &values.panels, Then::Store, out, width);
        let to = Scaled { rows: scales, columns: value_scales, bias: nothing, then: Then::Store };
        arch.dispatch(Scale { to, out: Out { data: out, columns: size, stride: width } });
    }
}

/// Softmax of the first `length` numbers of each row of scores, in 255ths of the largest; and for each row what makes
/// its sum one.
struct Shares<'a> {
    scores: &'a mut [f32],
    length: usize,
    /// The scales of the keys; those of the queries stand in `scales`, and give way to those of what is written.
    keys: &'a [f32],
    /// How many numbers a query has.
    size: usize,
    cells: &'a mut [u8],
    /// Cells of a row, those beyond `length` become nothing.
    stride: usize,
    scales: &'a mut [f32],
}

impl WithSimd for Shares<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { scores, length, keys, size, cells, stride, scales } = self;
        let width = scores.len() / scales.len();
        // Whole registers, where there is room.
        let whole = length.next_multiple_of(16).min(width);
        // No score is larger than that, by its query's scale.
        let most = MOST * MOST * size as f32 * largest(&keys[..length]);
        for ((row, cells), scale) in scores.chunks_exact_mut(width).zip(cells.chunks_exact_mut(stride)).zip(scales) {
            let row = &mut row[..whole];
            row[length..].fill(f32::MIN);
            let max = kernel::fold(row, f32::MIN, |x| x, |a, b| if a > b { a } else { b });
            let mut sum = 0;
            for score in row.iter_mut() {
                let share = rounded(kernel::exp(*score - max) * FULL);
                sum += share;
                *score = f32::from_bits(share.cast_unsigned());
            }
            let (some, none) = cells.split_at_mut(whole.min(stride));
            for (cell, share) in some.iter_mut().zip(row) {
                *cell = share.to_bits() as u8;
            }
            none.fill(0);
            // What is no number, or beyond all numbers, spoils the row: softmax would hide it.
            *scale = if (most * *scale).is_finite() { 1.0 / sum as f32 } else { f32::NAN };
        }
    }
}

/// Rounds rows by the scales of their columns.
struct Columns<'a> {
    rows: &'a [f32],
    stride: usize,
    /// How many columns.
    size: usize,
    scales: &'a mut [f32],
    to: To<'a>,
}

enum To<'a> {
    Quads(&'a mut Quads),
    Floats(&'a mut [f32]),
}

impl WithSimd for Columns<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { rows, stride, size, scales, mut to } = self;
        for (panel, scales) in scales.as_chunks_mut::<PANEL>().0.iter_mut().enumerate() {
            let first = panel * PANEL;
            let mut most = [0; PANEL];
            for row in rows.chunks(stride) {
                for (most, number) in most.iter_mut().zip(line(&row[first..size])) {
                    *most = magnitude(number).max(*most);
                }
            }
            let most = most.map(f32::from_bits);
            let by = most.map(|most| steps(MOST, most));
            *scales = most.map(|most| most / MOST);
            match &mut to {
                To::Quads(quads) => {
                    for (cells, rows) in quads.panel_mut(panel).iter_mut().zip(rows.chunks(4 * stride)) {
                        let mut words = [0; PANEL];
                        for (at, row) in rows.chunks(stride).enumerate() {
                            for ((word, number), by) in words.iter_mut().zip(line(&row[first..size])).zip(by) {
                                *word |= (rounded(number * by).cast_unsigned() & 0xff) << (8 * at);
                            }
                        }
                        cells.set(&words);
                    }
                }
                To::Floats(cells) => {
                    for (cells, row) in cells.chunks_exact_mut(size).zip(rows.chunks(stride)) {
                        for ((cell, number), by) in cells[first..].iter_mut().zip(line(&row[first..size])).zip(by) {
                            *cell = rounded(number * by) as f32;
                        }
                    }
                }
            }
        }
    }
}

/// The numbers of a panel; nothing stands where there are fewer.
#[inline(always)]
fn line(numbers: &[f32]) -> [f32; PANEL] {
    numbers.first_chunk().copied().unwrap_or_else(|| {
        let mut line = [0.0; PANEL];
        line[..numbers.len()].copy_from_slice(numbers);
        line
    })
}

#[cfg(test)]
mod tests {
    use super::super::whole::tests::{kinds, numbers};
    use super::*;

    fn attended(kind: Attention, asked: Asked<'_>, heads: &mut Heads) -> Vec<f32> {
        let mut out = vec![f32::NAN; asked.queries.len()];
        attend(Arch::new(), kind, asked, &mut out, heads);
        out
    }

    #[test]
    fn bytes_give_bit_for_bit_what_floats_give_and_that_is_near_the_exact() {
        let mut heads = Heads::default();
        for (width, count) in [(128, 2), (384, 12), (24, 2), (30, 3)] {
            // Long and short in turn: what buffers hold from before must not show.
            for (queries, length) in [(128, 128), (1, 1), (5, 17), (33, 64), (64, 65), (3, 100), (100, 3)] {
                let seed = (width * 1000 + length) as u64;
                let (queries, memory) = (numbers(queries * width, seed), numbers(length * 2 * width, seed + 1));
                let asked = Asked { queries: &queries, memory: &memory, width, heads: count };
                let exact = attended(Attention::Exact, asked, &mut heads);
                let floats = attended(Attention::Whole(None), asked, &mut heads);
                let off = exact.iter().zip(&floats).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                // Where one key counts by far most, what small ones count is lost.
                assert!(off < 0.1, "{width} {length}: {off}");
                for kind in kinds() {
                    assert_eq!(
                        attended(Attention::Whole(kind), asked, &mut heads),
                        floats,
                        "{width} {length} {kind:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_row_is_the_same_beside_any_others() {
        let (width, length) = (128, 40);
        let (queries, memory) = (numbers(40 * width, 3), numbers(length * 2 * width, 5));
        for kind in kinds().into_iter().map(Attention::Whole).chain([Attention::Exact]) {
            let mut heads = Heads::default();
            let all = attended(kind, Asked { queries: &queries, memory: &memory, width, heads: 2 }, &mut heads);
            for (row, want) in queries.chunks(width).zip(all.chunks(width)) {
                let one = attended(kind, Asked { queries: row, memory: &memory, width, heads: 2 }, &mut heads);
                assert_eq!(one, want);
            }
        }
    }

    #[test]
    fn what_is_no_number_stays_none() {
        let (width, length) = (128, 20);
        for kind in kinds().into_iter().map(Attention::Whole) {
            for wrong in [f32::NAN, f32::INFINITY, -f32::INFINITY, 1e38] {
                // A query, a key, a value.
                for place in 0..3 {
                    let (mut queries, mut memory) = (numbers(2 * width, 3), numbers(length * 2 * width, 5));
                    match place {
                        0 => queries[width + 7] = wrong,
                        1 => memory[9 * 2 * width + 7] = wrong,
                        _ => memory[9 * 2 * width + width + 7] = wrong,
                    }
                    let asked = Asked { queries: &queries, memory: &memory, width, heads: 2 };
                    let out = attended(kind, asked, &mut Heads::default());
                    let spoilt = |row: &[f32]| row[..width / 2].iter().any(|number| !number.is_finite());
                    // A value of 1e38 is a number still, and stays one.
                    let want = place < 2 || !wrong.is_finite();
                    assert_eq!(spoilt(&out[width..]), want, "{wrong} {place}");
                    assert_eq!(spoilt(&out[..width]), want && place > 0, "{wrong} {place}");
                }
            }
        }
    }
}
