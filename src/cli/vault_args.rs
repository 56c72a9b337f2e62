//! Which vault, shared by every verb that mints or reveals.

use std::sync::Arc;

use anyhow::{Context, bail};

use crate::secret::Keyring;
use crate::setup;
use crate::vault::Vault;

/// Where values are kept.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct VaultArgs {
    /// Vault that gives random codes and keeps the values: a file, made if it is not there, or postgres://USER@HOST/DB for
    /// several machines [default: DEIDRE_VAULT; without one, tokens are sealed]
    #[arg(long, value_name = "FILE|URL", env = "DEIDRE_VAULT", hide_env = true, hide_env_values = true)]
    vault: Option<String>,
}

impl VaultArgs {
    /// Whether one was.
    pub(super) fn is_named(&self) -> bool {
        self.vault.as_deref().is_some_and(|name| !name.is_empty())
    }

    /// The vault that was named, opened with `keys`.
    pub(crate) fn open(&self, keys: Option<&Keyring>) -> anyhow::Result<Option<Arc<dyn Vault>>> {
        let Some(name) = self.vault.as_deref().filter(|name| !name.is_empty()) else { return Ok(None) };
        let keys = keys.context(KEY_NEEDED)?;
        Ok(Some(setup::vault(name, keys).context("--vault")?))
    }

    /// The vault that was named, which must be there.
    pub(crate) fn existing(&self, keys: Option<&Keyring>) -> anyhow::Result<Arc<dyn Vault>> {
        let Some(name) = self.vault.as_deref().filter(|name| !name.is_empty()) else {
            bail!("no vault: name one with --vault or in DEIDRE_VAULT");
        };
        setup::existing_vault(name, keys.context(KEY_NEEDED)?).context("--vault")
    }

    /// The vault that was named, if one was; it must be there.
    pub(crate) fn existing_if_named(&self, keys: &Keyring) -> anyhow::Result<Option<Arc<dyn Vault>>> {
        match self.vault.as_deref() {
            None | Some("") => Ok(None),
            Some(_) => self.existing(Some(keys)).map(Some),
        }
    }
}

const KEY_NEEDED: &str = "--vault needs a key: make one with 'deidre key new --out deidre.key' and give it with \
                          --key-file, --key-command or in DEIDRE_KEY";
