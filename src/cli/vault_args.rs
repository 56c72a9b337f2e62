//! Which vault, shared by every verb that mints or reveals.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};

use crate::secret::Keyring;
use crate::vault::{Embedded, Vault};

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
        let keys = keys.context(
            "--vault needs a key: make one with 'deidre key new --out deidre.key' and give it with --key-file, \
             --key-command or in DEIDRE_KEY",
        )?;
        if is_postgres(name) {
            return postgres(name, keys).map(Some);
        }
        if name.contains("://") {
            bail!("--vault: a file or postgres://..., not another kind of URL");
        }
        Ok(Some(Arc::new(Embedded::open(Path::new(name), keys).context("--vault")?)))
    }

    /// The vault that was named, which must be there.
    pub(crate) fn existing(&self, keys: Option<&Keyring>) -> anyhow::Result<Arc<dyn Vault>> {
        if let Some(file) = self.file()
            && !file.exists()
        {
            bail!("--vault: there is no file {}", file.display());
        }
        self.open(keys)?.context("no vault: name one with --vault or in DEIDRE_VAULT")
    }

    /// The vault that was named, if one was; it must be there.
    pub(crate) fn existing_if_named(&self, keys: &Keyring) -> anyhow::Result<Option<Arc<dyn Vault>>> {
        match self.vault.as_deref() {
            None | Some("") => Ok(None),
            Some(_) => self.existing(Some(keys)).map(Some),
        }
    }

    fn file(&self) -> Option<PathBuf> {
        self.vault.as_deref().filter(|name| !name.is_empty() && !is_postgres(name)).map(PathBuf::from)
    }
}

fn is_postgres(name: &str) -> bool {
    name.starts_with("postgres://") || name.starts_with("postgresql://")
}

#[cfg(feature = "postgres")]
fn postgres(url: &str, keys: &Keyring) -> anyhow::Result<Arc<dyn Vault>> {
    Ok(Arc::new(crate::vault::postgres::Postgres::connect(url, keys).context("--vault")?))
}

#[cfg(not(feature = "postgres"))]
fn postgres(_: &str, _: &Keyring) -> anyhow::Result<Arc<dyn Vault>> {
    bail!("--vault: this build has no Postgres (feature postgres)")
}
