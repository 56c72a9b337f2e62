//! What the outside names, made ready: policies, models, vaults, the audit trail. The one place where names become things,
//! for the command line and for the Python package.

pub mod trail;

use std::path::Path;
use std::sync::Arc;

use crate::engine::Engine;
use crate::model::{LoadError, Ner, Shipped};
use crate::policy::{Policy, PolicyError};
use crate::secret::Keyring;
use crate::transform::Means;
use crate::vault::{Embedded, Vault, VaultError};

/// Why something that was named cannot be had. The fault is the operator's; text of records is never in it.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// Neither a preset nor a file.
    #[error(transparent)]
    NoPolicy(PolicyError),
    /// A file that is no policy.
    #[error("{name}: {why}")]
    Policy {
        /// The file.
        name: String,
        /// What is wrong.
        why: PolicyError,
    },
    /// A file cannot be read.
    #[error("cannot read {name}: {why}")]
    Read {
        /// The file.
        name: String,
        /// What the system said.
        why: std::io::Error,
    },
    /// Neither one of the models that are shipped nor a folder.
    #[error("{0}: neither one of {list} nor a folder", list = Shipped::ALL.map(Shipped::name).join(", "))]
    NoModel(String),
    /// A model that cannot be loaded.
    #[error("model {name}: {why}")]
    Model {
        /// Its name or folder.
        name: String,
        /// What is wrong.
        why: LoadError,
    },
    /// A URL of a kind that is no vault.
    #[error("a vault is a file or postgres://..., not another kind of URL")]
    VaultUrl,
    /// The file of the vault is to be there and is not.
    #[error("there is no file {0}")]
    NoVault(String),
    /// This program was built without Postgres.
    #[error("this build has no Postgres (feature postgres)")]
    NoPostgres,
    /// The vault cannot be opened.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// The preset of that name, or else the policy of that file.
///
/// # Errors
///
/// When it is neither, or the file is no policy.
pub fn policy(name: &str) -> Result<Policy, SetupError> {
    let unknown = match Policy::preset(name) {
        Ok(policy) => return Ok(policy),
        Err(unknown) => unknown,
    };
    let file = Path::new(name);
    if !file.is_file() {
        return Err(SetupError::NoPolicy(unknown));
    }
    let text = std::fs::read_to_string(file).map_err(|why| SetupError::Read { name: name.to_owned(), why })?;
    Policy::from_toml(&text).map_err(|why| SetupError::Policy { name: name.to_owned(), why })
}

/// The model that is shipped under that name, or else that of the folder: `config.json`, `weights.safetensors` and `vocab.txt`, and
/// the first two of a second encoder in `second/` where the first states one.
///
/// # Errors
///
/// When it is neither, or its files do not fit together.
pub fn model(name: &str) -> Result<Ner, SetupError> {
    let failed = |why| SetupError::Model { name: name.to_owned(), why };
    if let Some(shipped) = Shipped::named(name) {
        return shipped.load().map_err(failed);
    }
    let folder = Path::new(name);
    if !folder.is_dir() {
        return Err(SetupError::NoModel(name.to_owned()));
    }
    let read = |name: &str| {
        let file = folder.join(name);
        std::fs::read(&file).map_err(|why| SetupError::Read { name: file.display().to_string(), why })
    };
    let (config, weights, vocabulary) = (read("config.json")?, read("weights.safetensors")?, read("vocab.txt")?);
    if !Ner::is_joined(&config).map_err(failed)? {
        return Ner::read(&config, &weights, &vocabulary, None).map_err(failed);
    }
    let second = (read("second/config.json")?, read("second/weights.safetensors")?);
    Ner::read(&config, &weights, &vocabulary, Some((&second.0, &second.1))).map_err(failed)
}

/// An engine on the embedded dictionaries, which searches texts for what their record says when `context` is set.
pub fn engine(context: bool) -> Engine {
    if context { Engine::embedded() } else { Engine::embedded().without_context() }
}

/// The vault in the file, made if it is not there, or in the database at `postgres://...`.
///
/// # Errors
///
/// When it cannot be opened with these keys.
pub fn vault(name: &str, keys: &Keyring) -> Result<Arc<dyn Vault>, SetupError> {
    if is_postgres(name) {
        return postgres(name, keys);
    }
    if name.contains("://") {
        return Err(SetupError::VaultUrl);
    }
    Ok(Arc::new(Embedded::open(Path::new(name), keys)?))
}

/// The same, which must be there: nothing is made.
///
/// # Errors
///
/// Also when there is no such file.
pub fn existing_vault(name: &str, keys: &Keyring) -> Result<Arc<dyn Vault>, SetupError> {
    if !is_postgres(name) && !name.contains("://") && !Path::new(name).exists() {
        return Err(SetupError::NoVault(name.to_owned()));
    }
    vault(name, keys)
}

/// The year by the system's clock, in UTC.
pub fn present_year() -> i16 {
    let now = jiff::Timestamp::try_from(std::time::SystemTime::now()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    // A clock that was never set must not make people younger.
    now.to_zoned(jiff::tz::TimeZone::UTC).year().max(Means::default().year)
}

fn is_postgres(name: &str) -> bool {
    name.starts_with("postgres://") || name.starts_with("postgresql://")
}

#[cfg(feature = "postgres")]
fn postgres(url: &str, keys: &Keyring) -> Result<Arc<dyn Vault>, SetupError> {
    Ok(Arc::new(crate::vault::postgres::Postgres::connect(url, keys)?))
}

#[cfg(not(feature = "postgres"))]
fn postgres(_: &str, _: &Keyring) -> Result<Arc<dyn Vault>, SetupError> {
    Err(SetupError::NoPostgres)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::secret::Key;

    #[test]
    fn what_is_named_and_is_not_there_is_told() {
        let keys = Keyring::of(Key::generate().unwrap());
        let folder = tempfile::tempdir().unwrap();
        let none = folder.path().join("none").display().to_string();
        assert!(policy("safe-harbor").is_ok());
        assert!(matches!(policy(&none), Err(SetupError::NoPolicy(_))));
        assert!(matches!(model(&none), Err(SetupError::NoModel(_))));
        assert!(matches!(model(&folder.path().display().to_string()), Err(SetupError::Read { .. })));
        assert!(matches!(existing_vault(&none, &keys), Err(SetupError::NoVault(_))));
        assert!(matches!(vault("redis://vault", &keys), Err(SetupError::VaultUrl)));
        assert!(vault(&none, &keys).is_ok());
        assert!(existing_vault(&none, &keys).is_ok());
        let file = folder.path().join("policy.toml");
        std::fs::write(&file, "name = 1").unwrap();
        assert!(matches!(policy(&file.display().to_string()), Err(SetupError::Policy { .. })));
    }
}
