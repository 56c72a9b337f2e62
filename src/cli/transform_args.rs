//! The flags that say what stands in place of an identifier, shared by every verb that replaces.

use std::path::PathBuf;

use crate::pipeline::layout::Ask;
use crate::secret::Keyring;
use crate::setup;
use crate::transform::{Means, Scope, Transform};
use anyhow::{Context, bail};

use super::vault_args::VaultArgs;

/// Policy, key, vault and scope.
#[derive(clap::Args, Debug)]
pub(crate) struct TransformArgs {
    /// What is done with identifiers: minimum-necessary (tokens), safe-harbor, limited-data-set, redact (labels only),
    /// surrogate (stand-ins), or a TOML file; 'deidre policy show NAME' tells
    #[arg(long, value_name = "NAME|FILE", default_value = "minimum-necessary")]
    policy: String,
    /// For whom the output is: a destination of the policy file
    #[arg(long, value_name = "NAME")]
    destination: Option<String>,
    #[command(flatten)]
    key: KeyArgs,
    #[command(flatten)]
    vault: VaultArgs,
    /// Within what equal values share a token
    #[arg(long, value_enum, value_name = "SCOPE", default_value_t = ScopeName::Corpus)]
    scope: ScopeName,
    /// Share tokens within everything that is scrubbed under this id, and with nothing else
    #[arg(long, value_name = "ID", conflicts_with = "scope")]
    session: Option<String>,
}

/// What identifiers are replaced with.
pub(crate) struct Replacing {
    pub(crate) transform: Transform,
    pub(crate) scope: Scope,
    /// The keys that were given, whether or not the policy needs them.
    pub(crate) keys: Option<Keyring>,
}

/// Where the keys come from. Never a key itself: arguments can be read by every process.
#[derive(clap::Args, Debug)]
pub(crate) struct KeyArgs {
    /// File with the key, as 'deidre key new --out FILE' writes it; lines after the first are older keys, which still open
    /// what they sealed [default: the key in DEIDRE_KEY]
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Command of the shell that prints what a key file holds, such as a key service's; it has 30 s, and no standard input
    #[arg(long, value_name = "CMD", conflicts_with = "key_file")]
    key_command: Option<String>,
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
    /// Whether a vault was named.
    pub(super) fn has_vault(&self) -> bool {
        self.vault.is_named()
    }

    /// What to replace with, and `ask` with the policy's fields in it.
    pub(crate) fn build(&self, ask: &mut Ask) -> anyhow::Result<Replacing> {
        let policy = setup::policy(&self.policy)?;
        let policy = match &self.destination {
            Some(name) => policy.for_destination(name)?,
            None => policy,
        };
        let scope = match (&self.session, self.scope) {
            (Some(id), _) => Scope::Session(id.clone()),
            (None, ScopeName::Corpus) => Scope::Corpus,
            (None, ScopeName::Document) => Scope::Document,
            (None, ScopeName::Patient) => Scope::Patient,
        };
        if scope == Scope::Patient && !ask.select.has_patient() {
            bail!("--scope patient needs --patient-field: the field that says whose record it is");
        }
        ask.select = std::mem::take(&mut ask.select).rules(policy.fields());
        let keys = self.key.ring()?;
        let vault = self.vault.open(keys.as_ref())?;
        let transform =
            Transform::new(policy, Means { keys: keys.as_ref(), vault, year: setup::present_year(), joins: None })?;
        Ok(Replacing { transform, scope, keys })
    }
}

impl KeyArgs {
    /// The keys, if there are any: of the file, or of the command, or else of `DEIDRE_KEY`.
    ///
    /// # Errors
    ///
    /// When the one that is named has no keys. None shows the command, its output or the variable.
    pub(crate) fn ring(&self) -> anyhow::Result<Option<Keyring>> {
        if let Some(file) = &self.key_file {
            return Ok(Some(Keyring::from_file(file).with_context(|| format!("--key-file {}", file.display()))?));
        }
        if let Some(command) = &self.key_command {
            return Ok(Some(Keyring::from_command(command).context("--key-command")?));
        }
        Keyring::from_env().context("DEIDRE_KEY")
    }
}
