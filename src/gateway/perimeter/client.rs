//! Who may call: what shows who it is, what they may do, and how much.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::Semaphore;

use crate::audit::Note;
use crate::gateway::rule::{Refusal, Rule};
use crate::service::access::Certificate;
use crate::service::credential::{Credential, find};
use crate::service::rate::Bucket;

/// Who calls.
pub struct Client {
    pub(crate) name: Note,
    pub(crate) credential: Credential,
    pub(super) roles: Vec<Role>,
    /// Of revealing, where a call says none.
    pub(crate) purpose: Option<Note>,
    /// `None`: all.
    pub(super) upstreams: Option<Vec<String>>,
    pub(super) bucket: Option<Bucket>,
    /// Calls under way.
    pub(crate) room: Arc<Semaphore>,
    /// Bytes of a request's body.
    pub(crate) request_bytes: usize,
    pub(crate) reveal_scope: RevealScope,
}

/// What a client may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    /// Ask.
    Use,
    /// Have tokens in answers turned back.
    Reveal,
    /// Read metrics.
    Admin,
}

/// Which tokens are turned back.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RevealScope {
    /// Those of the same conversation.
    #[default]
    Session,
    All,
}

impl Client {
    /// The digest by which it is known, of a key or of a certificate; `None` where it is known by a subject.
    pub fn fingerprint(&self) -> Option<[u8; 32]> {
        self.credential.sha256()
    }

    /// Its name, in counts and in the audit trail.
    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    /// Whether its answers come back with values in place of tokens.
    pub fn reveals(&self) -> bool {
        self.roles.contains(&Role::Reveal)
    }

    pub(crate) fn may_use(&self, upstream: &str) -> bool {
        self.upstreams.as_ref().is_none_or(|allowed| allowed.iter().any(|name| name == upstream))
    }

    /// Takes one call from its rate.
    pub(crate) fn admit(&self, role: Role, now: Instant) -> Result<(), Refusal> {
        if !self.roles.contains(&role) {
            return Err(Rule::Role.into());
        }
        let taken = self.bucket.as_ref().map_or(Ok(()), |bucket| bucket.take(now));
        taken.map_err(|wait| Refusal::later(Rule::RateLimited, wait))
    }

    /// Who shows that key, or else that certificate.
    pub(crate) fn known<'c>(
        clients: &'c [Arc<Client>],
        key: Option<&str>,
        certificate: Option<&Certificate>,
    ) -> Option<&'c Arc<Client>> {
        find(clients.iter(), |client| Some(&client.credential), key, certificate)
    }
}

// Digests of keys are nobody's business.
impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("name", &self.name()).field("roles", &self.roles).finish_non_exhaustive()
    }
}
