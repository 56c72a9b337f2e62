//! The forward pass: words as pieces and clues in, their logits out.
//!
//! What a row is, a piece or a word, is the model's to say ([`super::config::Rows`]). All sequences of a batch stand below each other without padding. Linear layers run over all rows, attention over
//! each sequence alone. Nothing is allocated once the buffers have grown.

use pulp::Arch;

use super::CLUES;
use super::attend::{Asked, Attention, Heads, attend};
use super::config::{self, Config};
use super::kernel::{self, Norm, Panels, Rows, Then, room};
use super::load::{LoadError, Table, Tensors};
use super::vocabulary::{CLS, SEP};
use super::whole::{Bytes, Rounded, Whole};

/// The weights, packed for the kernels.
pub(super) struct Encoder {
    arch: Arch,
    width: usize,
    heads: usize,
    attention: Attention,
    inner: usize,
    embeddings: Embeddings,
    layers: Vec<Layer>,
    classifier: Panels,
}

/// The rows that an input becomes, before the first layer.
pub(super) struct Embeddings {
    rows: config::Rows,
    word: Table,
    position: Table,
    clues: Vec<Table>,
    norm: Norm,
}

struct Layer {
    /// Scaled by 1/√(size of a head).
    queries: Linear,
    /// Keys and values side by side.
    memory: Linear,
    attended: Linear,
    attended_norm: Norm,
    inner: Linear,
    output: Linear,
    output_norm: Norm,
}

/// How near the products of the layers are to what was trained.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Precision {
    /// As the weights are: the yardstick.
    Exact,
    /// In whole numbers of eight bits, with sums that are the same on all machines.
    Whole,
}

enum Linear {
    Exact(Panels),
    Whole(Whole),
}

impl Linear {
    fn pack(weights: &[f32], bias: &[f32], depth: usize, precision: Precision) -> Self {
        match precision {
            Precision::Exact => Self::Exact(Panels::pack(weights, bias, depth)),
            Precision::Whole => Self::Whole(Whole::pack(weights, bias, depth, Bytes::detect())),
        }
    }

    /// `out = then(rows * weights + bias)`: `count` rows of `depth` numbers, without gaps.
    fn product(&self, arch: Arch, rows: (&[f32], usize), then: Then, rounded: &mut Rounded, out: &mut [f32]) {
        let (data, depth) = rows;
        match self {
            Self::Exact(panels) => {
                let rows = Rows { data, stride: depth, count: data.len() / depth };
                kernel::product(arch, rows, panels, then, out, panels.columns());
            }
            Self::Whole(whole) => whole.product(arch, data, then, rounded, out),
        }
    }
}

/// What one forward pass reads.
#[derive(Default)]
pub(super) struct Batch {
    /// Of all words, one after the other.
    pub(super) pieces: Vec<u32>,
    /// Of all sequences, one after the other.
    pub(super) words: Vec<Spelling>,
    pub(super) sequences: Vec<Sequence>,
}

/// A word of a batch.
#[derive(Clone, Copy)]
pub(super) struct Spelling {
    /// Where its pieces end; they begin where those of the word before end.
    pub(super) end: usize,
    pub(super) clues: [u16; CLUES],
}

/// Words that are read together.
#[derive(Clone, Copy)]
pub(super) struct Sequence {
    /// How many.
    pub(super) words: usize,
    /// Those whose logits are wanted: the first, and one past the last.
    pub(super) read: (usize, usize),
}

impl Batch {
    pub(super) fn clear(&mut self) {
        self.pieces.clear();
        self.words.clear();
        self.sequences.clear();
    }
}

/// The rows that a batch becomes.
#[derive(Default)]
pub(super) struct Layout {
    /// One for each sequence, in sum all rows.
    pub(super) lengths: Vec<Lengths>,
    /// Rows of the words that are read, ascending: of each its first.
    pub(super) read: Vec<usize>,
    rows: usize,
}

/// How long a sequence is.
#[derive(Clone, Copy)]
pub(super) struct Lengths {
    pub(super) rows: usize,
    /// Words whose logits are wanted.
    pub(super) read: usize,
}

impl Layout {
    fn of(&mut self, batch: &Batch, kind: config::Rows) {
        self.lengths.clear();
        self.read.clear();
        let (mut word, mut piece, mut row) = (0, 0, 0);
        for Sequence { words, read } in &batch.sequences {
            let from = row;
            if kind == config::Rows::Pieces {
                row += 1;
            }
            for (at, spelling) in batch.words[word..word + words].iter().enumerate() {
                if (read.0..read.1).contains(&at) {
                    self.read.push(row);
                }
                row += match kind {
                    config::Rows::Pieces => spelling.end - piece,
                    config::Rows::Words => 1,
                };
                piece = spelling.end;
            }
            if kind == config::Rows::Pieces {
                row += 1;
            }
            self.lengths.push(Lengths { rows: row - from, read: read.1 - read.0 });
            word += words;
        }
        self.rows = row;
    }
}

/// Buffers of a forward pass, one set a thread.
#[derive(Default)]
pub(super) struct Buffers {
    layout: Layout,
    x: Vec<f32>,
    queries: Vec<f32>,
    memory: Vec<f32>,
    attended: Vec<f32>,
    inner: Vec<f32>,
    added: Vec<f32>,
    rounded: Rounded,
    heads: Heads,
}

impl Encoder {
    /// Finds, checks and packs the weights.
    pub(super) fn read(config: &Config, tensors: &Tensors<'_>, precision: Precision) -> Result<Self, LoadError> {
        let (width, inner) = (config.width, config.inner);
        let layers = (0..config.layers)
            .map(|layer| {
                let name = |part: &str| format!("encoder.layer.{layer}.{part}");
                let of_head = |part: &str| linear(tensors, &name(&format!("attention.self.{part}")), width, width);
                let (mut query, mut query_bias) = of_head("query")?;
                let by = 1.0 / ((width / config.heads) as f32).sqrt();
                query.iter_mut().chain(&mut query_bias).for_each(|w| *w *= by);
                let (key, key_bias) = of_head("key")?;
                let (value, value_bias) = of_head("value")?;
                let (memory, memory_bias) = ([key, value].concat(), [key_bias, value_bias].concat());
                let pack = |name: &str, from, to| {
                    linear(tensors, name, from, to).map(|(w, b)| Linear::pack(&w, &b, from, precision))
                };
                Ok(Layer {
                    queries: Linear::pack(&query, &query_bias, width, precision),
                    memory: Linear::pack(&memory, &memory_bias, width, precision),
                    attended: pack(&name("attention.output.dense"), width, width)?,
                    attended_norm: norm(tensors, &name("attention.output.LayerNorm"), config)?,
                    inner: pack(&name("intermediate.dense"), width, inner)?,
                    output: pack(&name("output.dense"), inner, width)?,
                    output_norm: norm(tensors, &name("output.LayerNorm"), config)?,
                })
            })
            .collect::<Result<_, LoadError>>()?;
        let (weights, bias) = linear(tensors, "classifier", width, config.outputs())?;
        Ok(Self {
            arch: Arch::new(),
            width,
            heads: config.heads,
            attention: match precision {
                Precision::Exact => Attention::Exact,
                Precision::Whole => Attention::Whole(Bytes::detect()),
            },
            inner,
            embeddings: Embeddings::read(config, tensors)?,
            layers,
            classifier: Panels::pack(&weights, &bias, width),
        })
    }

    /// How many logits a word has.
    pub(super) fn outputs(&self) -> usize {
        self.classifier.columns()
    }

    #[cfg(test)]
    pub(super) fn set_arch(&mut self, arch: Arch) {
        self.arch = arch;
    }

    /// Logits of every word of the batch that is read, [`Encoder::outputs`] a word, in order.
    pub(super) fn logits(&self, batch: &Batch, buffers: &mut Buffers, out: &mut Vec<f32>) {
        let (arch, width) = (self.arch, self.width);
        let Buffers { layout, x, queries, memory, attended, inner, added, rounded, heads } = buffers;
        let mut x = self.embeddings.embed(arch, batch, layout, x);
        let mut count = layout.rows;
        for (at, layer) in self.layers.iter().enumerate() {
            let memory = room(memory, count * 2 * width);
            layer.memory.product(arch, (x, width), Then::Store, rounded, memory);
            // All rows are attended to; in the last layer only those of the words that are read attend.
            let last = at + 1 == self.layers.len();
            if last {
                x = keep_rows(x, &layout.read, width);
                count = layout.read.len();
            }
            let queries = room(queries, count * width);
            layer.queries.product(arch, (x, width), Then::Store, rounded, queries);
            let attended = room(attended, count * width);
            let (mut from, mut memory) = (0, &*memory);
            for Lengths { rows, read } in &layout.lengths {
                let to = from + if last { *read } else { *rows };
                let (of_this, of_others) = memory.split_at(rows * 2 * width);
                let (queries, out) = (&queries[from * width..to * width], &mut attended[from * width..to * width]);
                let asked = Asked { queries, memory: of_this, width, heads: self.heads };
                attend(arch, self.attention, asked, out, heads);
                (from, memory) = (to, of_others);
            }
            let inner = room(inner, BLOCK * self.inner);
            let added = room(added, BLOCK * width);
            for (x, attended) in x.chunks_mut(BLOCK * width).zip(attended.chunks(BLOCK * width)) {
                let rows = x.len() / width;
                layer.attended.product(arch, (attended, width), Then::Store, rounded, added);
                kernel::add_norm(arch, x, added, &layer.attended_norm);
                layer.inner.product(arch, (x, width), Then::Gelu, rounded, inner);
                layer.output.product(arch, (&inner[..rows * self.inner], self.inner), Then::Store, rounded, added);
                kernel::add_norm(arch, x, added, &layer.output_norm);
            }
        }
        let from = out.len();
        out.resize(from + count * self.outputs(), 0.0);
        let rows = Rows { data: x, stride: width, count };
        kernel::product(arch, rows, &self.classifier, Then::Store, &mut out[from..], self.outputs());
    }
}

/// Rows that go through the second half of a layer together: what they fill stays in the level-two cache.
const BLOCK: usize = 96;

impl Embeddings {
    /// Finds and checks the tables.
    pub(super) fn read(config: &Config, tensors: &Tensors<'_>) -> Result<Self, LoadError> {
        let width = config.width;
        let clues = config.clues.iter().enumerate();
        Ok(Self {
            rows: config.rows,
            word: tensors.table("embeddings.word_embeddings.weight", &[config.vocabulary, width])?,
            position: tensors.table("embeddings.position_embeddings.weight", &[config.positions, width])?.widened(),
            clues: clues
                .map(|(at, size)| {
                    tensors.table(&format!("embeddings.clue.{at}.weight"), &[*size, width]).map(Table::widened)
                })
                .collect::<Result<_, _>>()?,
            norm: norm(tensors, "embeddings.LayerNorm", config)?,
        })
    }

    /// The rows of a batch, and how they are laid out.
    pub(super) fn embed<'o>(
        &self,
        arch: Arch,
        batch: &Batch,
        layout: &mut Layout,
        out: &'o mut Vec<f32>,
    ) -> &'o mut [f32] {
        layout.of(batch, self.rows);
        let out = room(out, layout.rows * self.norm.gain.len());
        arch.dispatch(|| self.sum(batch, out));
        kernel::norm(arch, out, &self.norm);
        out
    }

    #[inline(always)]
    fn sum(&self, batch: &Batch, out: &mut [f32]) {
        let mut rows = out.chunks_exact_mut(self.norm.gain.len());
        let (mut word, mut piece) = (0, 0);
        for sequence in &batch.sequences {
            let words = &batch.words[word..word + sequence.words];
            word += sequence.words;
            let bert = self.rows == config::Rows::Pieces;
            let mut position = 0;
            if bert {
                self.row(&[CLS], &[0; CLUES], &mut position, rows.next());
            }
            for Spelling { end, clues } in words {
                let pieces = &batch.pieces[piece..*end];
                piece = *end;
                let a_row = if bert { 1 } else { pieces.len() };
                for pieces in pieces.chunks(a_row) {
                    self.row(pieces, clues, &mut position, rows.next());
                }
            }
            if bert {
                self.row(&[SEP], &[0; CLUES], &mut position, rows.next());
            }
        }
    }

    /// One row: what its pieces, its place and its clues are, added up.
    #[inline(always)]
    fn row(&self, pieces: &[u32], clues: &[u16; CLUES], position: &mut usize, row: Option<&mut [f32]>) {
        let (Some(row), Some((first, further))) = (row, pieces.split_first()) else { return };
        self.word.copy_row(*first as usize, row);
        for piece in further {
            self.word.add_row(*piece as usize, row);
        }
        self.position.add_row(*position, row);
        for (table, clue) in self.clues.iter().zip(clues) {
            table.add_row(usize::from(*clue), row);
        }
        *position += 1;
    }
}

/// Moves the rows listed in `keep`, which ascend, to the front and drops the others.
fn keep_rows<'d>(data: &'d mut [f32], keep: &[usize], width: usize) -> &'d mut [f32] {
    for (to, from) in keep.iter().enumerate() {
        data.copy_within(from * width..(from + 1) * width, to * width);
    }
    &mut data[..keep.len() * width]
}

fn linear(tensors: &Tensors<'_>, name: &str, from: usize, to: usize) -> Result<(Vec<f32>, Vec<f32>), LoadError> {
    let weights = tensors.numbers(&format!("{name}.weight"), &[to, from])?;
    Ok((weights, tensors.numbers(&format!("{name}.bias"), &[to])?))
}

fn norm(tensors: &Tensors<'_>, name: &str, config: &Config) -> Result<Norm, LoadError> {
    Ok(Norm {
        gain: tensors.numbers(&format!("{name}.weight"), &[config.width])?,
        shift: tensors.numbers(&format!("{name}.bias"), &[config.width])?,
        epsilon: config.epsilon as f32,
    })
}
