//! What a model says of itself: `config.json`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::CLUES;
use super::load::LoadError;
use super::second::Stated;
use crate::identifier::Label;

/// The shape of a model and how its outputs are read. Every number is within bounds that keep sizes from overflowing.
#[derive(Clone, Debug)]
pub(super) struct Config {
    pub(super) name: String,
    pub(super) layers: usize,
    pub(super) width: usize,
    pub(super) heads: usize,
    pub(super) inner: usize,
    pub(super) rows: Rows,
    pub(super) vocabulary: usize,
    /// Rows of the longest stretch the encoder reads at once, `[CLS]` and `[SEP]` included.
    pub(super) positions: usize,
    pub(super) pieces_a_word: usize,
    pub(super) epsilon: f64,
    pub(super) clues: [usize; CLUES],
    pub(super) labels: Vec<Label>,
    /// Added to the log probabilities before decoding: of nothing, then of each label of `labels`.
    pub(super) bias: Vec<f32>,
    pub(super) weights_sha256: String,
    pub(super) vocabulary_sha256: String,
    /// The encoder that is asked besides.
    pub(super) second: Option<Stated>,
}

/// What a row of the encoder stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Rows {
    /// A piece of a word; `[CLS]` and `[SEP]` stand around each sequence, as in BERT.
    #[default]
    Pieces,
    /// A word: the sum of its pieces. A quarter fewer rows of clinical text, and nothing stands around a sequence.
    Words,
}

impl Config {
    /// Reads and checks `config.json`.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, LoadError> {
        let file: File = serde_json::from_slice(bytes)
            .map_err(|error| LoadError::Config { line: error.line(), column: error.column() })?;
        if file.format != FORMAT {
            return Err(LoadError::Format { found: file.format });
        }
        for (field, value, most) in [
            ("layers", file.layers, 48),
            ("width", file.width, 4096),
            ("heads", file.heads, 64),
            ("inner", file.inner, 16384),
            ("vocabulary", file.vocabulary, 1 << 20),
            ("positions", file.positions, 4096),
            ("pieces_a_word", file.pieces_a_word, 64),
            ("labels", file.labels.len(), Label::ALL.len()),
        ] {
            if value == 0 || value > most {
                return Err(LoadError::Field { field });
            }
        }
        if file.clues.iter().any(|size| *size == 0 || *size > 1 << 16) {
            return Err(LoadError::Field { field: "clues" });
        }
        if !file.width.is_multiple_of(file.heads) {
            return Err(LoadError::Field { field: "heads" });
        }
        // A part must hold one word at least, between [CLS] and [SEP].
        if file.positions < file.pieces_a_word + 2 {
            return Err(LoadError::Field { field: "positions" });
        }
        if !(file.epsilon >= 0.0 && file.epsilon < 1.0) {
            return Err(LoadError::Field { field: "epsilon" });
        }
        let mut labels = Vec::new();
        for name in &file.labels {
            match Label::parse(name) {
                Some(label) if !labels.contains(&label) => labels.push(label),
                _ => return Err(LoadError::Field { field: "labels" }),
            }
        }
        let mut bias = vec![file.nothing_bias];
        bias.extend(labels.iter().map(|label| file.bias.get(label.name()).copied().unwrap_or(0.0)));
        let known = |name: &String| labels.iter().any(|label| label.name() == name);
        if bias.iter().any(|bias| !bias.is_finite()) || !file.bias.keys().all(known) {
            return Err(LoadError::Field { field: "bias" });
        }
        if file.second.as_ref().is_some_and(|second| !(second.share > 0.0 && second.share < 1.0)) {
            return Err(LoadError::Field { field: "second" });
        }
        Ok(Self {
            name: file.name,
            layers: file.layers,
            width: file.width,
            heads: file.heads,
            inner: file.inner,
            rows: file.rows,
            vocabulary: file.vocabulary,
            positions: file.positions,
            pieces_a_word: file.pieces_a_word,
            epsilon: file.epsilon,
            clues: file.clues,
            labels,
            bias,
            weights_sha256: file.weights_sha256,
            vocabulary_sha256: file.vocabulary_sha256,
            second: file.second,
        })
    }

    /// How many outputs the classifier has: nothing, and begin and inside of each label.
    pub(super) fn outputs(&self) -> usize {
        1 + 2 * self.labels.len()
    }
}

const FORMAT: u32 = 1;

/// The file as written.
#[derive(Deserialize)]
struct File {
    name: String,
    format: u32,
    layers: usize,
    width: usize,
    heads: usize,
    inner: usize,
    /// Left out by models whose rows are pieces.
    #[serde(default)]
    rows: Rows,
    vocabulary: usize,
    positions: usize,
    pieces_a_word: usize,
    epsilon: f64,
    clues: [usize; CLUES],
    labels: Vec<String>,
    #[serde(default)]
    bias: BTreeMap<String, f32>,
    #[serde(default)]
    nothing_bias: f32,
    weights_sha256: String,
    vocabulary_sha256: String,
    second: Option<Stated>,
}
