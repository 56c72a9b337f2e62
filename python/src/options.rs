//! What an engine is made of, as Python names it.

use std::path::Path;

use deidre::policy::Policy;
use deidre::secret::Keyring;
use deidre::setup;
use deidre::transform::Scope;
use pyo3::prelude::*;
use zeroize::Zeroizing;

use crate::error::Failed;

/// Names and values, each by its key of the dictionary that Python hands over. `Debug` is left out: there is a key in it.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Options {
    /// A preset, or a policy file.
    pub(crate) policy: String,
    /// A policy as a file has it; it goes before `policy`.
    pub(crate) policy_toml: Option<String>,
    pub(crate) destination: Option<String>,
    key: Option<String>,
    key_file: Option<String>,
    key_env: Option<String>,
    key_command: Option<String>,
    pub(crate) vault: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) threads: Option<usize>,
    scope: String,
    session: Option<String>,
    pub(crate) context: bool,
    join: Option<Vec<u8>>,
}

impl Options {
    /// The policy, for its destination.
    pub(crate) fn policy(&self) -> Result<Policy, Failed> {
        let policy = match &self.policy_toml {
            Some(text) => Policy::from_toml(text)?,
            None => setup::policy(&self.policy)?,
        };
        match &self.destination {
            Some(name) => Ok(policy.for_destination(name)?),
            None => Ok(policy),
        }
    }

    /// The keys, if there are any: those that were given, or else those of `DEIDRE_KEY`.
    pub(crate) fn keys(&self) -> Result<Option<Keyring>, Failed> {
        let named = [&self.key, &self.key_file, &self.key_env, &self.key_command];
        if named.into_iter().flatten().count() > 1 {
            return Err(Failed::Invalid("give one of key, key_file, key_env and key_command".to_owned()));
        }
        if let Some(text) = &self.key {
            return Ok(Some(Keyring::parse(text)?));
        }
        if let Some(file) = &self.key_file {
            return Ok(Some(Keyring::from_file(Path::new(file))?));
        }
        if let Some(command) = &self.key_command {
            return Ok(Some(Keyring::from_command(command)?));
        }
        if let Some(name) = &self.key_env {
            let value = Zeroizing::new(std::env::var(name).unwrap_or_default());
            if value.trim().is_empty() {
                return Err(Failed::NoKey("the variable that key_env names is not set, or blank"));
            }
            return Ok(Some(Keyring::parse(&value)?));
        }
        Ok(Keyring::from_env()?)
    }

    /// Within what equal values share a token.
    pub(crate) fn scope(&self) -> Result<Scope, Failed> {
        let scope = match (self.scope.as_str(), &self.session) {
            ("corpus", Some(id)) if !id.is_empty() => Scope::Session(id.clone()),
            (_, Some(_)) => return Err(Failed::Invalid("session: an id, and no scope beside it".to_owned())),
            ("corpus", None) => Scope::Corpus,
            ("document", None) => Scope::Document,
            ("patient", None) => Scope::Patient,
            _ => return Err(Failed::Invalid("scope: corpus, document or patient".to_owned())),
        };
        Ok(scope)
    }

    /// What digests of resource ids are taken under where no key may be used for them.
    pub(crate) fn join(&self) -> Result<Option<Zeroizing<[u8; 32]>>, Failed> {
        let Some(secret) = &self.join else { return Ok(None) };
        let secret = <[u8; 32]>::try_from(secret.as_slice());
        secret.map(|secret| Some(Zeroizing::new(secret))).map_err(|_| Failed::Invalid("join: 32 bytes".to_owned()))
    }
}

impl Drop for Options {
    fn drop(&mut self) {
        use zeroize::Zeroize;
        self.key.zeroize();
        self.join.zeroize();
    }
}
