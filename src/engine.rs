//! Composes detection and resolution: texts in, findings out. Sans-IO.

use std::sync::Arc;

use crate::detect::evidence::{Weights, WeightsError};
use crate::detect::{Detector, Scratch};
use crate::identifier::Hint;
use crate::resolve::Findings;

/// A text to search, with what its place in the record says of it.
#[derive(Clone, Copy)]
pub struct Input<'t> {
    /// The text, escapes resolved.
    pub text: &'t str,
    /// What the field's name says.
    pub hint: Hint,
}

/// Finds identifiers. Cheap to clone and shared between threads; each thread works with its own [`Worker`].
#[derive(Clone)]
pub struct Engine {
    detector: Arc<Detector>,
}

impl Engine {
    /// The engine on the embedded dictionaries.
    pub fn embedded() -> Self {
        Self { detector: Arc::new(Detector::embedded()) }
    }

    /// The same engine with other evidence weights, as `deidre dictionary fit` writes them.
    pub fn with_evidence(&self, bytes: &[u8]) -> Result<Self, WeightsError> {
        Ok(Self { detector: Arc::new(self.detector.with_weights(Weights::read(bytes)?)) })
    }

    /// A worker with buffers of its own.
    pub fn worker(&self) -> Worker {
        Worker { detector: Arc::clone(&self.detector), scratch: Scratch::default() }
    }
}

/// An engine with the buffers of one thread.
pub struct Worker {
    detector: Arc<Detector>,
    scratch: Scratch,
}

impl Worker {
    /// Findings of the texts of one record or document, one [`Findings`] an input, in the order of the inputs. A name
    /// found in one of the texts is looked for in all of them.
    pub fn find(&mut self, inputs: &[Input<'_>]) -> Vec<Findings> {
        self.detector.find(inputs, &mut self.scratch)
    }
}
