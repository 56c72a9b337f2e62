//! The flags that say what stands in place of an identifier, shared by every verb that replaces.

use std::path::{Path, PathBuf};

use crate::policy::Policy;
use crate::secret::Key;
use crate::transform::{Scope, Transform};
use anyhow::Context;

/// Policy, key and scope.
#[derive(clap::Args, Debug)]
pub(crate) struct TransformArgs {
    /// What is done with identifiers: minimum-necessary (sealed tokens), redact (labels only), or a TOML file
    #[arg(long, value_name = "NAME|FILE", default_value = "minimum-necessary")]
    policy: String,
    #[command(flatten)]
    key: KeyArgs,
    /// Within what equal values share a token
    #[arg(long, value_enum, value_name = "SCOPE", default_value_t = ScopeName::Corpus)]
    scope: ScopeName,
    /// Share tokens within everything that is scrubbed under this id, and with nothing else
    #[arg(long, value_name = "ID", conflicts_with = "scope")]
    session: Option<String>,
}

/// Where the key comes from. Never the key itself: arguments can be read by every process.
#[derive(clap::Args, Debug)]
pub(crate) struct KeyArgs {
    /// File with the key, as 'deidre key new --out FILE' writes it [default: the key in DEIDRE_KEY]
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
enum ScopeName {
    /// Everything sealed with the key
    Corpus,
    /// One document or record
    Document,
    /// One patient
    Patient,
}

impl TransformArgs {
    /// The transform, and the scope to make [`deidre::transform::ScopeId`]s for.
    pub(crate) fn build(&self) -> anyhow::Result<(Transform, Scope)> {
        let policy = load_policy(&self.policy)?;
        let key = self.key.load()?;
        let scope = match (&self.session, self.scope) {
            (Some(id), _) => Scope::Session(id.clone()),
            (None, ScopeName::Corpus) => Scope::Corpus,
            (None, ScopeName::Document) => Scope::Document,
            (None, ScopeName::Patient) => Scope::Patient,
        };
        Ok((Transform::new(policy, key.as_ref())?, scope))
    }
}

impl KeyArgs {
    /// The key, if there is one: of the file, or else of `DEIDRE_KEY`.
    pub(crate) fn load(&self) -> anyhow::Result<Option<Key>> {
        if let Some(file) = &self.key_file {
            return Ok(Some(Key::from_file(file).with_context(|| format!("--key-file {}", file.display()))?));
        }
        match std::env::var("DEIDRE_KEY") {
            Ok(text) if text.trim().is_empty() => Ok(None),
            Ok(text) => Ok(Some(Key::parse(&zeroize::Zeroizing::new(text)).context("DEIDRE_KEY")?)),
            Err(std::env::VarError::NotPresent) => Ok(None),
            // The error would show what the variable holds.
            Err(std::env::VarError::NotUnicode(_)) => anyhow::bail!("DEIDRE_KEY: not a key"),
        }
    }
}

/// The preset of that name, or else the file.
pub(crate) fn load_policy(name: &str) -> anyhow::Result<Policy> {
    let unknown = match Policy::preset(name) {
        Ok(policy) => return Ok(policy),
        Err(unknown) => unknown,
    };
    let file = Path::new(name);
    if !file.is_file() {
        return Err(unknown.into());
    }
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read policy {name}"))?;
    Policy::from_toml(&text).with_context(|| name.to_owned())
}
