//! What is done with each identifier: presets, and policies from TOML files.

mod action;
mod check;
mod diff;
mod file;
mod preset;
mod settings;
mod table;

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::identifier::Label;

pub use action::{Action, TokenKind};
pub use check::{Checked, Claim, Fault, Place, Subject, Violation};
pub use diff::Difference;
pub use settings::{Attachments, Checksums, DateOrder, FhirDates, Settings};
pub use table::safe_harbor_table;

/// An action for every label, other actions for some fields and destinations, and what the actions need to be told.
///
/// Invariants: each action [fits](Action::fits) its label; the claim, if there is one, is true of all of them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Policy {
    name: String,
    claim: Option<Claim>,
    actions: [Action; Label::ALL.len()],
    patterns: Vec<String>,
    /// One for each of the patterns.
    fields: Vec<Overrides>,
    destinations: BTreeMap<String, Overrides>,
    settings: Settings,
}

/// What a run must bring so that a policy can be followed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Needs {
    /// Whether an action seals or draws with a key. A vault is opened with a key of its own account.
    pub key: bool,
    /// Whether an action looks values up.
    pub vault: Requirement,
}

/// How much something is needed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Requirement {
    /// Nothing asks for it.
    None,
    /// It is used when it is there.
    Optional,
    /// Without it the policy cannot be followed.
    Required,
}

/// Why there is no policy. The fault is the operator's; text of records is never in it.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// No preset of that name.
    #[error("there is no policy {0:?}; there are {list}, or a TOML file", list = Policy::PRESETS.join(", "))]
    Unknown(String),
    /// The policy has nothing for a destination of that name.
    #[error("policy {policy:?} has no destination {destination:?}; {known}", known = known_destinations(known))]
    Destination {
        /// Of the policy.
        policy: String,
        /// What was asked for.
        destination: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A file that is not TOML, has not the fields of a policy, or claims what is not true.
    #[error("policy, line {line}, column {column}: {message}")]
    Toml {
        /// From 1.
        line: usize,
        /// From 1, in characters.
        column: usize,
        /// What is wrong.
        message: String,
    },
    /// Something is sealed or drawn with a key, and there is none.
    #[error(
        "policy {0:?} seals tokens, shifts dates or draws stand-ins and needs a key: make one with 'deidre key new --out \
         deidre.key' and give it with --key-file deidre.key or in DEIDRE_KEY, or take --policy redact, which needs none"
    )]
    KeyNeeded(String),
    /// Values are kept in a vault, and there is none.
    #[error(
        "policy {0:?} gives vault tokens and needs a vault: name one with --vault, or take --policy redact, which needs none"
    )]
    VaultNeeded(String),
    /// No secret can be drawn.
    #[error("the operating system gives no random numbers")]
    Random,
}

impl Policy {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The rule that it says it follows, and does.
    pub fn claim(&self) -> Option<Claim> {
        self.claim
    }

    /// What is done with that label where no field says otherwise.
    pub fn action(&self, label: Label) -> Action {
        self.actions[label as usize]
    }

    /// What is done with that label in the field of that number in [`fields`](Policy::fields).
    pub fn action_in(&self, field: Option<u16>, label: Label) -> Action {
        let own = field.and_then(|field| self.fields.get(usize::from(field)));
        own.and_then(|own| own.of(label)).unwrap_or(self.action(label))
    }

    /// The patterns of the fields that have actions of their own, in the order of the file.
    pub fn fields(&self) -> &[String] {
        &self.patterns
    }

    /// The destinations that have actions of their own, sorted.
    pub fn destinations(&self) -> impl Iterator<Item = &str> {
        self.destinations.keys().map(String::as_str)
    }

    /// What a destination, or with [`Place::Default`] every label, has of its own: labels in their order.
    pub fn own(&self, place: &Place) -> Vec<(Label, Action)> {
        let found = match place {
            Place::Default => return Label::ALL.into_iter().map(|l| (l, self.action(l))).collect(),
            Place::Field(pattern) => self.patterns.iter().position(|p| p == pattern).and_then(|i| self.fields.get(i)),
            Place::Destination(name) => self.destinations.get(name),
        };
        found.map(|own| own.iter().collect()).unwrap_or_default()
    }

    /// What the actions need to be told.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What becomes of attachments that cannot be searched.
    pub fn attachments(&self) -> Attachments {
        self.settings.attachments
    }

    /// The policy as it is for that destination: what the destination names is done everywhere, in fields that have
    /// actions of their own too. Fields keep their numbers.
    ///
    /// # Errors
    ///
    /// When the policy has nothing for a destination of that name.
    pub fn for_destination(&self, name: &str) -> Result<Policy, PolicyError> {
        let Some(own) = self.destinations.get(name) else {
            return Err(PolicyError::Destination {
                policy: self.name.clone(),
                destination: name.to_owned(),
                known: self.destinations.keys().cloned().collect(),
            });
        };
        let mut policy = Policy { destinations: BTreeMap::new(), ..self.clone() };
        for (label, action) in own.iter() {
            policy.actions[label as usize] = action;
            for field in policy.fields.iter_mut().filter(|field| field.of(label).is_some()) {
                field.set(label, action);
            }
        }
        Ok(policy)
    }

    /// What a run with it must bring. Destinations count once they are [chosen](Policy::for_destination).
    pub fn needs(&self) -> Needs {
        let mut needs = Needs { key: false, vault: Requirement::None };
        let own = self.fields.iter().flat_map(Overrides::iter).map(|(_, action)| action);
        for action in own.chain(self.actions) {
            needs.key |= matches!(
                action,
                Action::Shift | Action::Surrogate | Action::Token(TokenKind::Sealed | TokenKind::Either)
            );
            needs.vault = needs.vault.max(match action {
                Action::Token(TokenKind::Vault) => Requirement::Required,
                Action::Token(TokenKind::Either) => Requirement::Optional,
                _ => Requirement::None,
            });
        }
        needs
    }

    /// Whether that is done with any label, in any field.
    pub fn has(&self, action: Action) -> bool {
        let own = self.fields.iter().flat_map(Overrides::iter).map(|(_, action)| action);
        own.chain(self.actions).any(|own| own == action)
    }

    /// Whether an action of it needs a key; see [`needs`](Policy::needs).
    pub fn needs_key(&self) -> bool {
        self.needs().key
    }

    /// SHA-256 over [`to_toml`](Policy::to_toml): tells one policy from another in audit records.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.to_toml()).into()
    }
}

/// Actions for some labels.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Overrides([Option<Action>; Label::ALL.len()]);

impl Overrides {
    fn of(&self, label: Label) -> Option<Action> {
        self.0[label as usize]
    }

    fn set(&mut self, label: Label, action: Action) {
        self.0[label as usize] = Some(action);
    }

    fn iter(&self) -> impl Iterator<Item = (Label, Action)> {
        Label::ALL.into_iter().filter_map(|label| Some((label, self.of(label)?)))
    }
}

fn known_destinations(known: &[String]) -> String {
    if known.is_empty() { "it has none".to_owned() } else { format!("it has {}", known.join(", ")) }
}

#[cfg(test)]
mod tests;
