//! The forward pass: pieces and clues in, logits of words out.
//!
//! All sequences of a batch stand below each other without padding. Linear layers run over all rows, attention over
//! each sequence alone. Nothing is allocated once the buffers have grown.

use pulp::Arch;

use super::CLUES;
use super::attend::{Asked, Attention, Heads, attend};
use super::config::Config;
use super::kernel::{self, Norm, Panels, Rows, Then, room};
use super::load::{LoadError, Table, Tensors};
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
    pub(super) pieces: Vec<Piece>,
    /// In sum all pieces and words.
    pub(super) sequences: Vec<Lengths>,
    /// Rows of the first piece of each word that is read, ascending.
    pub(super) words: Vec<usize>,
}

/// How long a sequence is.
#[derive(Clone, Copy)]
pub(super) struct Lengths {
    pub(super) pieces: usize,
    /// Of those whose logits are wanted.
    pub(super) words: usize,
}

/// A piece with the clues of its word.
#[derive(Clone, Copy)]
pub(super) struct Piece {
    pub(super) id: u32,
    pub(super) clues: [u16; CLUES],
}

impl Batch {
    pub(super) fn clear(&mut self) {
        self.pieces.clear();
        self.sequences.clear();
        self.words.clear();
    }
}

/// Buffers of a forward pass, one set a thread.
#[derive(Default)]
pub(super) struct Buffers {
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
        let Buffers { x, queries, memory, attended, inner, added, rounded, heads } = buffers;
        let mut x = self.embeddings.embed(arch, batch, x);
        let mut count = batch.pieces.len();
        for (at, layer) in self.layers.iter().enumerate() {
            let memory = room(memory, count * 2 * width);
            layer.memory.product(arch, (x, width), Then::Store, rounded, memory);
            // All pieces are attended to; in the last layer only the first pieces of the words that are read attend.
            let last = at + 1 == self.layers.len();
            if last {
                x = keep_rows(x, &batch.words, width);
                count = batch.words.len();
            }
            let queries = room(queries, count * width);
            layer.queries.product(arch, (x, width), Then::Store, rounded, queries);
            let attended = room(attended, count * width);
            let (mut from, mut memory) = (0, &*memory);
            for Lengths { pieces, words } in &batch.sequences {
                let to = from + if last { *words } else { *pieces };
                let (of_this, of_others) = memory.split_at(pieces * 2 * width);
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

    /// One row a piece.
    pub(super) fn embed<'o>(&self, arch: Arch, batch: &Batch, out: &'o mut Vec<f32>) -> &'o mut [f32] {
        let out = room(out, batch.pieces.len() * self.norm.gain.len());
        arch.dispatch(|| self.sum(batch, out));
        kernel::norm(arch, out, &self.norm);
        out
    }

    #[inline(always)]
    fn sum(&self, batch: &Batch, out: &mut [f32]) {
        let positions = batch.sequences.iter().flat_map(|sequence| 0..sequence.pieces);
        let rows = out.chunks_exact_mut(self.norm.gain.len());
        for ((row, piece), position) in rows.zip(&batch.pieces).zip(positions) {
            self.word.copy_row(piece.id as usize, row);
            self.position.add_row(position, row);
            for (table, clue) in self.clues.iter().zip(piece.clues) {
                table.add_row(usize::from(clue), row);
            }
        }
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
