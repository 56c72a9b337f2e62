//! The flags that say which model reads what the dictionaries could not settle, shared by every verb that detects.

use std::sync::Arc;

use anyhow::Context;

use crate::engine::Engine;
use crate::model::Ner;
use crate::setup;

/// Which model.
#[derive(clap::Args, Debug)]
pub(crate) struct ModelArgs {
    /// Model that reads what dictionaries could not settle: fast, accurate, or a folder with config.json,
    /// weights.safetensors and vocab.txt
    #[arg(long, value_name = "NAME|DIR", default_value = "fast")]
    model: String,
    /// Patterns and dictionaries only: faster, and misses more
    #[arg(long, conflicts_with = "model")]
    no_model: bool,
    /// Do not look in texts for what the fields of their record, and linked records, say: to measure what that adds
    #[arg(long)]
    no_context: bool,
}

/// What a model is called, and the SHA-256 that tells it from others of that name.
pub(crate) type ModelId = (String, [u8; 32]);

impl ModelArgs {
    /// Whether texts are searched for what their record says.
    pub(crate) fn has_context(&self) -> bool {
        !self.no_context
    }

    /// The engine with that model, and the model's name and what tells it from others of that name.
    pub(crate) fn engine(&self) -> anyhow::Result<(Engine, Option<ModelId>)> {
        let (engine, model) = self.parts()?;
        let Some(model) = model else { return Ok((engine, None)) };
        let named = (model.name().to_owned(), model.fingerprint());
        Ok((engine.with_tagger(Arc::new(model)), Some(named)))
    }

    /// The engine without a model, and the model.
    pub(crate) fn parts(&self) -> anyhow::Result<(Engine, Option<Ner>)> {
        let model = if self.no_model { None } else { Some(setup::model(&self.model).context("--model")?) };
        Ok((setup::engine(self.has_context()), model))
    }
}
