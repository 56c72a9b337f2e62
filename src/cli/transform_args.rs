//! Policy, key and scope. Stand-in until the tokens come.

use crate::transform::{Scope, Transform};

/// What stands in place of identifiers.
#[derive(clap::Args, Debug)]
pub(crate) struct TransformArgs {
    /// Name of a policy
    #[arg(long, default_value = "redact")]
    policy: String,
    /// Within what equal values share a token: corpus, document, patient
    #[arg(long, default_value = "corpus")]
    scope: String,
}

impl TransformArgs {
    pub(crate) fn build(&self) -> anyhow::Result<(Transform, Scope)> {
        let _ = &self.policy;
        let scope = match self.scope.as_str() {
            "document" => Scope::Document,
            "patient" => Scope::Patient,
            _ => Scope::Corpus,
        };
        Ok((Transform {}, scope))
    }
}
