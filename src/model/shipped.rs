//! The models that the binary carries.

use super::{LoadError, Ner};

/// A model in the binary.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shipped {
    /// Two layers: the default.
    Fast,
    /// Six layers, with [`Shipped::Fast`] as a second: finds more, at a fraction of the speed.
    Accurate,
}

impl Shipped {
    /// Every model.
    pub const ALL: [Shipped; 2] = [Shipped::Fast, Shipped::Accurate];

    /// Its name on the command line and its folder in `models/`.
    pub fn name(self) -> &'static str {
        match self {
            Shipped::Fast => "fast",
            Shipped::Accurate => "accurate",
        }
    }

    /// The model of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|m| m.name() == name)
    }

    /// Loads it.
    ///
    /// # Errors
    ///
    /// When the files in the binary are damaged.
    pub fn load(self) -> Result<Ner, LoadError> {
        let vocabulary = include_bytes!("../../models/vocab.txt");
        let fast: (&[u8], &[u8]) =
            (include_bytes!("../../models/fast/config.json"), include_bytes!("../../models/fast/weights.safetensors"));
        match self {
            Shipped::Fast => Ner::read(fast.0, fast.1, vocabulary, None),
            Shipped::Accurate => Ner::read(
                include_bytes!("../../models/accurate/config.json"),
                include_bytes!("../../models/accurate/weights.safetensors"),
                vocabulary,
                Some(fast),
            ),
        }
    }
}
