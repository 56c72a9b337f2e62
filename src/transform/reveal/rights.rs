//! What may be revealed, and by what means.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::identifier::Label;
use crate::secret::Keyring;
use crate::transform::content::Content;
use crate::transform::id::{self, Ids};
use crate::transform::seal::{Fault, Sealer, looks_sealed};
use crate::transform::{Scope, Whose};
use crate::vault::Vault;

/// What may be revealed, and by what means. Shared by all streams.
pub struct Rights {
    sealers: Vec<Sealer>,
    /// Of the same keys.
    ids: Vec<Ids>,
    pub(super) vault: Option<Arc<dyn Vault>>,
    /// By label, in the order of [`Label::ALL`].
    labels: [bool; Label::ALL.len()],
    /// Only what was sealed within it.
    pub(super) scope: Option<Whose>,
    /// How many tokens may still be turned back.
    left: Option<AtomicU64>,
}

impl Rights {
    /// All that these open.
    pub fn new(keys: Option<&Keyring>, vault: Option<Arc<dyn Vault>>) -> Rights {
        let sealers = keys.into_iter().flat_map(Keyring::iter).map(Sealer::new).collect();
        let ids = keys.into_iter().flat_map(Keyring::iter).map(Ids::new).collect();
        Rights { sealers, ids, vault, labels: [true; Label::ALL.len()], scope: None, left: None }
    }

    /// Only these labels.
    pub fn labels(mut self, labels: &[Label]) -> Rights {
        self.labels = Label::ALL.map(|label| labels.contains(&label));
        self
    }

    /// Only tokens of that session, or of that patient's scope.
    pub fn within(mut self, scope: &Scope, patient: Option<&str>) -> Rights {
        self.scope = Some(Whose::new(scope, patient, b""));
        self
    }

    /// Only so many tokens, over all streams.
    pub fn at_most(mut self, tokens: u64) -> Rights {
        self.left = Some(AtomicU64::new(tokens));
        self
    }

    /// Whether a token of that label may be turned back; it counts against the limit.
    pub(super) fn allow(&self, label: Label) -> bool {
        let limited = |left: &AtomicU64| {
            left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
        };
        self.labels.get(label as usize) == Some(&true) && self.left.as_ref().is_none_or(limited)
    }

    /// What a sealed token holds.
    pub(super) fn open(&self, label: Label, code: &[u8]) -> Result<Content, Refusal> {
        let mut fault = Fault::Mistyped;
        for sealer in &self.sealers {
            match sealer.open(label, code) {
                Ok(opened) => {
                    let scope = self.scope.as_ref().and_then(Whose::scope);
                    return if self.scope.is_none() || sealer.is_within(code, label, scope) {
                        Ok(opened)
                    } else {
                        Err(Refusal::Refused)
                    };
                }
                Err(Fault::Mistyped) => return Err(Refusal::Mistyped),
                Err(Fault::Foreign) => fault = Fault::Foreign,
            }
        }
        Err(if fault == Fault::Foreign || looks_sealed(label, code) { Refusal::Foreign } else { Refusal::Mistyped })
    }

    /// The id that what stands in its place holds. Ids are the same in all scopes, so that none limits them.
    pub(super) fn open_id(&self, kind: id::Kind, code: &[u8]) -> Result<Content, Refusal> {
        let mut fault = Refusal::Mistyped;
        for ids in &self.ids {
            match ids.open(kind, code) {
                Ok(_) if self.scope.as_ref().is_some_and(|whose| whose.scope().is_some()) => {
                    return Err(Refusal::Refused);
                }
                Ok(id) => return Ok(Content::new(id, 0)),
                Err(Fault::Mistyped) => return Err(Refusal::Mistyped),
                Err(Fault::Foreign) => fault = Refusal::Foreign,
            }
        }
        Err(if id::looks_ours(kind, code) { Refusal::Foreign } else { fault })
    }
}

impl std::fmt::Debug for Rights {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rights").field("keys", &self.sealers.len()).finish_non_exhaustive()
    }
}

/// Why a token stays.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Refusal {
    Mistyped,
    Foreign,
    Refused,
}
