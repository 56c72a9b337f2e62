//! The same network in candle's building blocks: the yardstick of the packed encoder, not a way to run it.

use std::collections::HashMap;

use candle_core::{D, DType, Device, Tensor};
use candle_nn::{Linear, Module, VarBuilder};
use candle_transformers::models::bert::{self, BertEncoder, HiddenAct, PositionEmbeddingType};
use pulp::Arch;

use super::config::Config;
use super::encoder::{Batch, Embeddings, Layout};
use super::load::{LoadError, Tensors};

/// The layers of BERT as candle has them. The rows that go in are those of [`Embeddings`].
pub(super) struct Reference {
    embeddings: Embeddings,
    encoder: BertEncoder,
    classifier: Linear,
    width: usize,
}

impl Reference {
    /// Finds and checks the weights.
    pub(super) fn read(config: &Config, tensors: &Tensors<'_>) -> Result<Self, LoadError> {
        let mut all = HashMap::new();
        for (name, shape) in tensors.shapes() {
            if (name.starts_with("encoder.") || name.starts_with("classifier.")) && !name.ends_with(".scale") {
                let numbers = tensors.numbers(name, &shape)?;
                let tensor = Tensor::from_vec(numbers, shape, &Device::Cpu).map_err(|_| LoadError::Reference)?;
                all.insert(name.to_owned(), tensor);
            }
        }
        let embeddings = Embeddings::read(config, tensors)?;
        Self::build(config, embeddings, all).map_err(|_| LoadError::Reference)
    }

    fn build(
        config: &Config,
        embeddings: Embeddings,
        tensors: HashMap<String, Tensor>,
    ) -> Result<Self, candle_core::Error> {
        let shape = bert::Config {
            vocab_size: config.vocabulary,
            hidden_size: config.width,
            num_hidden_layers: config.layers,
            num_attention_heads: config.heads,
            intermediate_size: config.inner,
            hidden_act: HiddenAct::Gelu,
            max_position_embeddings: config.positions,
            layer_norm_eps: config.epsilon,
            position_embedding_type: PositionEmbeddingType::Absolute,
            ..bert::Config::default()
        };
        let weights = VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu);
        Ok(Self {
            embeddings,
            encoder: BertEncoder::load(weights.pp("encoder"), &shape)?,
            classifier: candle_nn::linear(config.width, config.outputs(), weights.pp("classifier"))?,
            width: config.width,
        })
    }

    /// As [`Encoder::logits`](super::encoder::Encoder::logits). Appends nothing if candle fails, which it has no reason
    /// to on shapes that were checked.
    pub(super) fn logits(&self, batch: &Batch, out: &mut Vec<f32>) {
        if let Ok(logits) = self.try_logits(batch) {
            out.extend(logits);
        }
    }

    fn try_logits(&self, batch: &Batch) -> Result<Vec<f32>, candle_core::Error> {
        let (mut rows, mut layout) = (Vec::new(), Layout::default());
        self.embeddings.embed(Arch::new(), batch, &mut layout, &mut rows);
        let mask = Tensor::zeros((1, 1, 1, 1), DType::F32, &Device::Cpu)?;
        let mut rest = rows.as_slice();
        let mut read = Vec::new();
        for sequence in &layout.lengths {
            let (of_this, of_others) = rest.split_at(sequence.rows * self.width);
            rest = of_others;
            let x = Tensor::from_slice(of_this, (1, sequence.rows, self.width), &Device::Cpu)?;
            read.push(self.encoder.forward(&x, &mask)?.squeeze(0)?);
        }
        let words: Vec<u32> = layout.read.iter().map(|row| *row as u32).collect();
        let words = Tensor::new(words.as_slice(), &Device::Cpu)?;
        let x = Tensor::cat(&read, 0)?.index_select(&words, 0)?;
        self.classifier.forward(&x)?.flatten_to(D::Minus1)?.to_vec1()
    }
}
