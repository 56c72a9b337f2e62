//! From logits to opinions: the best well-formed path of begin, inside and nothing.

use pulp::Arch;

use super::Opinion;
use super::config::Config;
use super::kernel;
use crate::identifier::Label;

/// How logits are read. Output 0 is nothing, 1 + 2k begins label k, 2 + 2k goes on with it.
pub(super) struct Decoder {
    arch: Arch,
    labels: Vec<Label>,
    bias: Vec<f32>,
}

/// Buffers of [`Decoder::decode`].
#[derive(Default)]
pub(super) struct Path {
    probabilities: Vec<f32>,
    /// What the logits of each word are larger than the logarithms of its probabilities.
    logs: Vec<f32>,
    scores: Vec<f32>,
    next: Vec<f32>,
    /// For each word and output, the output of the word before.
    back: Vec<u8>,
}

impl Decoder {
    pub(super) fn new(config: &Config) -> Self {
        Self { arch: Arch::new(), labels: config.labels.clone(), bias: config.bias.clone() }
    }

    fn outputs(&self) -> usize {
        1 + 2 * self.labels.len()
    }

    /// Appends the opinions on the words `wanted` of a sequence, whose path is found over all words of `logits`. A label
    /// goes on only where it has begun. The scores are those of the model, without the biases.
    pub(super) fn decode(&self, logits: &[f32], wanted: (usize, usize), path: &mut Path, out: &mut Vec<Opinion>) {
        let outputs = self.outputs();
        let Path { probabilities, logs, scores, next, back } = path;
        probabilities.clear();
        probabilities.extend_from_slice(logits);
        kernel::softmax(self.arch, probabilities, outputs, logs);
        back.clear();
        scores.clear();
        scores.resize(outputs, 0.0);
        for (word, logits) in logits.chunks_exact(outputs).enumerate() {
            let log = logs.get(word).copied().unwrap_or(f32::NAN);
            // Nothing and begin follow anything, so only the best output before matters; inside follows its own two.
            let best = argmax(scores);
            let top = scores.get(best).copied().unwrap_or(0.0);
            next.clear();
            for (at, logit) in logits.iter().enumerate() {
                let (from, before) = match at {
                    _ if !is_inside(at) => (best, top),
                    // Nothing has begun before the first word.
                    _ if word == 0 => (0, f32::NEG_INFINITY),
                    _ if scores[at - 1] >= scores[at] => (at - 1, scores[at - 1]),
                    _ => (at, scores[at]),
                };
                next.push(before + (logit - log) + self.bias[at.div_ceil(2)]);
                back.push(from as u8);
            }
            std::mem::swap(scores, next);
        }
        let words = logits.len() / outputs;
        let from = out.len();
        let mut at = argmax(scores);
        for word in (0..words).rev() {
            if (wanted.0..wanted.1).contains(&word) {
                out.push(self.opinion(at, &probabilities[word * outputs..][..outputs]));
            }
            at = usize::from(back[word * outputs + at]);
        }
        out[from..].reverse();
    }

    fn opinion(&self, at: usize, probabilities: &[f32]) -> Opinion {
        let nothing = probabilities[0];
        match at.checked_sub(1).map(|at| at / 2) {
            None => Opinion { label: None, begins: false, score: nothing, nothing },
            Some(k) => {
                let score = (probabilities[1 + 2 * k] + probabilities[2 + 2 * k]).min(1.0);
                Opinion { label: Some(self.labels[k]), begins: !is_inside(at), score, nothing }
            }
        }
    }
}

fn is_inside(output: usize) -> bool {
    output != 0 && output.is_multiple_of(2)
}

/// The first of the largest.
fn argmax(scores: &[f32]) -> usize {
    scores.iter().enumerate().fold((0, f32::NEG_INFINITY), |best, (at, s)| if *s > best.1 { (at, *s) } else { best }).0
}
