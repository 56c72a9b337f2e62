//! The policies that requests may name, each ready to be carried out, or with what it lacks.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::fault::{Fault, Missing};
use crate::policy::{Policy, PolicyError};
use crate::record::Select;
use crate::secret::Keyring;
use crate::transform::{Means, Transform};
use crate::vault::Vault;

/// All policies, as they were read together. A request keeps those that it began with.
pub(crate) struct Shelf {
    by_name: BTreeMap<String, Arc<Prepared>>,
    default: String,
}

/// A policy with its destinations.
pub(crate) struct Prepared {
    pub(crate) name: String,
    /// The start of its SHA-256, in hex.
    pub(crate) version: String,
    pub(crate) is_preset: bool,
    /// Tells fields apart that have actions of their own.
    fields: Select,
    plain: Ready,
    destinations: BTreeMap<String, Ready>,
}

/// A policy that can be carried out, or what it lacks for that.
type Ready = Result<Arc<Transform>, Missing>;

/// Why policies cannot be served. The fault is the operator's.
#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
    /// A file or the folder cannot be read.
    #[error("cannot read {name}: {source}")]
    Read {
        /// Which.
        name: String,
        /// Why.
        source: std::io::Error,
    },
    /// A file is no policy.
    #[error("{name}: {source}")]
    Policy {
        /// Which.
        name: String,
        /// What is wrong.
        source: PolicyError,
    },
    /// Two policies go by one name.
    #[error("{name}: a policy of the name {policy:?} is there already")]
    Twice {
        /// The file.
        name: String,
        /// The policy.
        policy: String,
    },
    /// The policy of requests that name none is not there.
    #[error("--policy: there is no policy {0:?} among the presets and in --policies")]
    Default(String),
}

/// What policies are carried out with.
pub(crate) struct Supplies<'s> {
    pub(crate) keys: Option<&'s Keyring>,
    pub(crate) vault: Option<Arc<dyn Vault>>,
    /// The present year.
    pub(crate) year: i16,
}

impl Shelf {
    /// The presets and the files of `folder`; `default` is for requests that name none.
    ///
    /// # Errors
    ///
    /// When a file of the folder is no policy: then none is taken.
    pub(crate) fn read(folder: Option<&Path>, default: &str, supplies: &Supplies<'_>) -> Result<Self, ShelfError> {
        let mut by_name = BTreeMap::new();
        for name in Policy::PRESETS {
            let error = |source| ShelfError::Policy { name: name.to_owned(), source };
            let policy = Policy::preset(name).map_err(error)?;
            by_name.insert(name.to_owned(), Arc::new(Prepared::new(name, &policy, true, supplies).map_err(error)?));
        }
        for (name, policy) in folder.map(files).transpose()?.unwrap_or_default() {
            let called = policy.name().to_owned();
            let error = |source| ShelfError::Policy { name: name.clone(), source };
            let prepared = Arc::new(Prepared::new(&called, &policy, false, supplies).map_err(error)?);
            if by_name.insert(called.clone(), prepared).is_some() {
                return Err(ShelfError::Twice { name, policy: called });
            }
        }
        if !by_name.contains_key(default) {
            return Err(ShelfError::Default(default.to_owned()));
        }
        Ok(Self { by_name, default: default.to_owned() })
    }

    /// The policy of that name; of no name: that of requests that name none.
    pub(crate) fn policy(&self, name: &str) -> Result<&Arc<Prepared>, Fault> {
        let name = if name.is_empty() { &self.default } else { name };
        self.by_name.get(name).ok_or(Fault::NoPolicy)
    }

    /// All of them, by name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Prepared>> {
        self.by_name.values()
    }

    /// Whether requests that name no policy use that one.
    pub(crate) fn is_default(&self, policy: &Prepared) -> bool {
        policy.name == self.default
    }

    /// What the policy of requests that name none lacks.
    pub(crate) fn lacks(&self) -> Option<Missing> {
        self.by_name.get(&self.default).and_then(|policy| policy.plain.as_ref().err().copied())
    }
}

impl Prepared {
    fn new(name: &str, policy: &Policy, is_preset: bool, supplies: &Supplies<'_>) -> Result<Self, PolicyError> {
        let destinations =
            policy.destinations().map(|to| Ok((to.to_owned(), ready(policy.for_destination(to)?, supplies)?)));
        Ok(Self {
            name: name.to_owned(),
            version: hex(policy.hash().get(..6).unwrap_or_default()),
            is_preset,
            fields: Select::all().rules(policy.fields()),
            plain: ready(policy.clone(), supplies)?,
            destinations: destinations.collect::<Result<_, PolicyError>>()?,
        })
    }

    /// What carries it out for that destination; for none when it has no name.
    pub(crate) fn transform(&self, destination: &str) -> Result<Arc<Transform>, Fault> {
        let ready = match destination {
            "" => &self.plain,
            name => self.destinations.get(name).ok_or(Fault::NoDestination)?,
        };
        ready.clone().map_err(Fault::Missing)
    }

    /// The number of the policy's field that a field of that name is.
    pub(crate) fn rule(&self, field: &str) -> Option<u16> {
        if self.fields.is_uniform() { None } else { self.fields.column(field).rule }
    }

    /// For whom it has rules of their own.
    pub(crate) fn destinations(&self) -> impl Iterator<Item = &str> {
        self.destinations.keys().map(String::as_str)
    }

    /// Whether it can be carried out.
    pub(crate) fn is_ready(&self) -> bool {
        self.plain.is_ok()
    }
}

/// The policy with its supplies, or what it lacks.
fn ready(policy: Policy, supplies: &Supplies<'_>) -> Result<Ready, PolicyError> {
    let means = Means { keys: supplies.keys, vault: supplies.vault.clone(), year: supplies.year, joins: None };
    match Transform::new(policy, means) {
        Ok(transform) => Ok(Ok(Arc::new(transform))),
        Err(PolicyError::KeyNeeded(_)) => Ok(Err(Missing::Key)),
        Err(PolicyError::VaultNeeded(_)) => Ok(Err(Missing::Vault)),
        Err(error) => Err(error),
    }
}

/// The policies of a folder, by the name of their files.
fn files(folder: &Path) -> Result<BTreeMap<String, Policy>, ShelfError> {
    let read = |path: &Path, source| ShelfError::Read { name: path.display().to_string(), source };
    let mut policies = BTreeMap::new();
    for entry in std::fs::read_dir(folder).map_err(|e| read(folder, e))? {
        let path = entry.map_err(|e| read(folder, e))?.path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).map_err(|e| read(&path, e))?;
        let name = path.display().to_string();
        let policy = Policy::from_toml(&text).map_err(|source| ShelfError::Policy { name: name.clone(), source })?;
        policies.insert(name, policy);
    }
    Ok(policies)
}

/// In hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        for digit in [byte >> 4, byte & 15] {
            out.extend(char::from_digit(digit.into(), 16));
        }
        out
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::identifier::Label;

    fn supplies() -> Supplies<'static> {
        Supplies { keys: None, vault: None, year: 2026 }
    }

    fn is_missing(shelf: &Shelf, name: &str) -> Option<Missing> {
        shelf.policy(name).unwrap().plain.as_ref().err().copied()
    }

    #[test]
    fn presets_are_there_with_what_they_lack() {
        let shelf = Shelf::read(None, "redact", &supplies()).unwrap();
        assert_eq!(is_missing(&shelf, ""), None);
        assert_eq!(is_missing(&shelf, "minimum-necessary"), Some(Missing::Key));
        assert_eq!(is_missing(&shelf, "safe-harbor"), Some(Missing::Vault));
        assert_eq!(shelf.policy("nothing").err(), Some(Fault::NoPolicy));
        assert_eq!(shelf.lacks(), None);
        assert_eq!(Shelf::read(None, "surrogate", &supplies()).unwrap().lacks(), Some(Missing::Key));
        assert!(matches!(Shelf::read(None, "nothing", &supplies()), Err(ShelfError::Default(_))));
    }

    #[test]
    fn a_folder_adds_policies_with_fields_and_destinations() {
        let folder = tempfile::tempdir().unwrap();
        let text = "name = \"ours\"\nextends = \"redact\"\n[fields.nurse]\nNAME = \"keep\"\n[destinations.claude]\nDATE = \"keep\"\n";
        std::fs::write(folder.path().join("a.toml"), text).unwrap();
        std::fs::write(folder.path().join("README.md"), "not a policy").unwrap();
        let shelf = Shelf::read(Some(folder.path()), "ours", &supplies()).unwrap();
        let ours = shelf.policy("").unwrap();
        assert_eq!((ours.rule("nurse"), ours.rule("note"), ours.is_preset), (Some(0), None, false));
        assert_eq!(ours.destinations().collect::<Vec<_>>(), ["claude"]);
        let keeps = |to: &str| format!("{:?}", ours.transform(to).unwrap().policy().action(Label::Date));
        assert_ne!(keeps(""), keeps("claude"));
        assert_eq!(ours.transform("nobody").err(), Some(Fault::NoDestination));
        std::fs::write(folder.path().join("b.toml"), text).unwrap();
        assert!(matches!(Shelf::read(Some(folder.path()), "ours", &supplies()), Err(ShelfError::Twice { .. })));
        std::fs::write(folder.path().join("b.toml"), "nonsense").unwrap();
        assert!(matches!(Shelf::read(Some(folder.path()), "ours", &supplies()), Err(ShelfError::Policy { .. })));
    }
}
