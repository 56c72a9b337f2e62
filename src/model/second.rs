//! A second encoder beside the first: what both say together is surer than what either says.
//!
//! The two read the same pieces and clues. Their log probabilities are added, each with its share, and the path of labels is
//! found in the sum. A small student beside its teacher costs a twentieth more and is as good a second as another teacher.

use serde::Deserialize;

use super::config::Config;
use super::encoder::{Batch, Buffers, Encoder, Precision};
use super::kernel;
use super::load::{self, LoadError, Tensors};
use pulp::Arch;

/// What `config.json` says of it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Stated {
    /// The SHA-256 of its weights.
    pub(super) weights_sha256: String,
    /// Its share of the sum, above 0 and below 1.
    pub(super) share: f32,
}

/// The second encoder, with its share.
pub(super) struct Second {
    arch: Arch,
    encoder: Encoder,
    share: f32,
}

/// Buffers of one thread.
#[derive(Default)]
pub(super) struct Sums {
    logits: Vec<f32>,
    probabilities: Vec<f32>,
    logs: Vec<f32>,
}

impl Second {
    /// Reads the second encoder that `first` states, from its own configuration and weights. Of its thresholds none counts.
    pub(super) fn read(first: &Config, config: &[u8], weights: &[u8]) -> Result<Self, LoadError> {
        let Some(Stated { weights_sha256, share }) = &first.second else { return Err(LoadError::Second) };
        load::check("second weights", weights, weights_sha256)?;
        let config = Config::read(config)?;
        let alike = config.vocabulary_sha256.eq_ignore_ascii_case(&first.vocabulary_sha256)
            && (config.vocabulary, config.pieces_a_word, config.clues)
                == (first.vocabulary, first.pieces_a_word, first.clues)
            && config.positions >= first.positions
            && config.labels == first.labels;
        if !alike {
            return Err(LoadError::Second);
        }
        let encoder = Encoder::read(&config, &Tensors::read(weights)?, Precision::Whole)?;
        Ok(Self { arch: Arch::new(), encoder, share: *share })
    }

    /// Makes of the first encoder's `logits`, `outputs` a word, the sum of the log probabilities of both.
    pub(super) fn join(
        &self,
        batch: &Batch,
        buffers: &mut Buffers,
        outputs: usize,
        sums: &mut Sums,
        logits: &mut [f32],
    ) {
        let Sums { logits: other, probabilities, logs } = sums;
        other.clear();
        self.encoder.logits(batch, buffers, other);
        assert_eq!(other.len(), logits.len(), "logits of the second encoder");
        let mut scale = |rows: &mut [f32], share: f32| {
            probabilities.clear();
            probabilities.extend_from_slice(rows);
            kernel::softmax(self.arch, probabilities, outputs, logs);
            for (row, log) in rows.chunks_exact_mut(outputs).zip(logs.iter()) {
                row.iter_mut().for_each(|logit| *logit = (*logit - log) * share);
            }
        };
        scale(logits, 1.0 - self.share);
        scale(other, self.share);
        logits.iter_mut().zip(other.iter()).for_each(|(one, other)| *one += other);
    }
}
