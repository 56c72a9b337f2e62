//! Who may do what: identities with their tokens or certificates, roles, policies and rates, from a TOML file.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use serde::Deserialize;

use super::credential::{Credential, find};
use super::fault::Fault;
use super::rate::Bucket;

/// What a caller may do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Scrub and detect.
    Deidentify,
    /// Turn tokens back.
    Reveal,
    /// Read metrics and the description of the service.
    Admin,
}

/// Everybody who may call.
pub struct Access {
    identities: Vec<Arc<Identity>>,
    /// Who everybody is that shows nothing.
    anybody: Option<Arc<Identity>>,
}

/// A caller.
pub struct Identity {
    name: String,
    /// `None`: nothing shows it.
    credential: Option<Credential>,
    roles: Vec<Role>,
    /// `None`: all.
    policies: Option<Vec<String>>,
    buckets: BTreeMap<Role, Bucket>,
}

/// A client's certificate, as the connection showed it. It was verified.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Certificate {
    /// SHA-256 of its DER form.
    pub fingerprint: [u8; 32],
    /// Its subject, as RFC 4514 writes it; `None` where it cannot be read.
    pub subject: Option<String>,
}

/// Why an access file is not one.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// Not TOML, or not with these fields.
    #[error("access file, line {line}: {message}")]
    Toml {
        /// From 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// An identity that is not usable.
    #[error("access file: identity {name:?}: {what}")]
    Identity {
        /// As the file calls it.
        name: String,
        /// What is wrong.
        what: &'static str,
    },
    /// Nobody may do anything.
    #[error("access file: no identity")]
    Nobody,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 3] = [Role::Deidentify, Role::Reveal, Role::Admin];

    /// As access files write it.
    pub fn name(self) -> &'static str {
        match self {
            Role::Deidentify => "deidentify",
            Role::Reveal => "reveal",
            Role::Admin => "admin",
        }
    }
}

impl Access {
    /// Everybody may do these things: for callers on the same machine.
    pub fn open(roles: &[Role]) -> Self {
        let anybody = Identity { name: "local".to_owned(), roles: roles.to_vec(), ..Identity::nobody() };
        Self { identities: Vec::new(), anybody: Some(Arc::new(anybody)) }
    }

    /// Reads an access file.
    ///
    /// # Errors
    ///
    /// [`AccessError`]; no token or digest is in it.
    pub fn from_toml(text: &str) -> Result<Self, AccessError> {
        let file: File = toml::from_str(text).map_err(|e| {
            let at = e.span().map_or(0, |span| span.start);
            let line = 1 + text.get(..at).unwrap_or_default().matches('\n').count();
            AccessError::Toml { line, message: e.message().to_owned() }
        })?;
        if file.identity.is_empty() {
            return Err(AccessError::Nobody);
        }
        let identities = file.identity.into_iter().map(|written| written.read(&file.limits).map(Arc::new));
        Ok(Self { identities: identities.collect::<Result<_, _>>()?, anybody: None })
    }

    /// Who calls with that bearer token, over a connection with that certificate. The token goes before the certificate.
    pub(crate) fn caller(&self, token: Option<&str>, certificate: Option<&Certificate>) -> Option<Arc<Identity>> {
        if let Some(anybody) = &self.anybody {
            return Some(Arc::clone(anybody));
        }
        find(self.identities.iter(), |identity| identity.credential.as_ref(), token, certificate).map(Arc::clone)
    }
}

impl Identity {
    /// A caller without roles.
    pub(crate) fn nobody() -> Self {
        let name = "nobody".to_owned();
        let buckets = BTreeMap::new();
        Self { name, credential: None, roles: Vec::new(), policies: None, buckets }
    }

    /// Its name, for logs and the audit trail.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether it may use that policy.
    pub(crate) fn may_use(&self, policy: &str) -> bool {
        self.policies.as_ref().is_none_or(|allowed| allowed.iter().any(|name| name == policy))
    }

    /// Takes one request of that role from its rate.
    pub(crate) fn admit(&self, role: Role, now: Instant) -> Result<(), Fault> {
        if !self.roles.contains(&role) {
            return Err(Fault::Role(role));
        }
        self.buckets.get(&role).map_or(Ok(()), |bucket| bucket.take(now).map_err(Fault::Rate))
    }
}

/// As the file is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    limits: BTreeMap<Role, Limit>,
    #[serde(default)]
    identity: Vec<Written>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Limit {
    /// Requests a second.
    rate: f64,
    /// Requests at once.
    burst: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    token_sha256: Option<String>,
    certificate_sha256: Option<String>,
    certificate_subject: Option<String>,
    roles: Vec<Role>,
    policies: Option<Vec<String>>,
    #[serde(default)]
    limits: BTreeMap<Role, Limit>,
}

impl Written {
    fn read(self, limits: &BTreeMap<Role, Limit>) -> Result<Identity, AccessError> {
        let Written { name, token_sha256, certificate_sha256, certificate_subject, roles, policies, limits: own } =
            self;
        let wrong = |what| AccessError::Identity { name: name.clone(), what };
        let credential = Credential::read(token_sha256.as_deref(), certificate_sha256.as_deref(), certificate_subject)
            .map_err(wrong)?;
        if name.trim().is_empty() || roles.is_empty() {
            return Err(wrong("a name and at least one role are needed"));
        }
        let mut buckets = BTreeMap::new();
        for role in &roles {
            let Some(limit) = own.get(role).or_else(|| limits.get(role)) else { continue };
            buckets.insert(*role, Bucket::new(limit.rate, limit.burst).map_err(wrong)?);
        }
        Ok(Identity { credential: Some(credential), roles, policies, buckets, name })
    }
}

// Digests of tokens are nobody's business.
impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("name", &self.name).field("roles", &self.roles).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access").field("identities", &self.identities.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::time::Duration;

    use super::*;

    /// SHA-256 of `secret`.
    const SECRET: &str = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";

    fn access(rest: &str) -> Result<Access, AccessError> {
        Access::from_toml(&format!(
            "[limits]\nreveal = {{ rate = 2, burst = 2 }}\n[[identity]]\nname = \"one\"\ntoken_sha256 = \"{SECRET}\"\n{rest}"
        ))
    }

    #[test]
    fn a_caller_is_who_shows_the_token_or_the_certificate() {
        let file = "roles = [\"deidentify\"]\n[[identity]]\nname = \"two\"\nroles = [\"reveal\"]\ncertificate_subject = \"CN=two\"\n";
        let access = access(file).unwrap();
        let two = Certificate { fingerprint: [1; 32], subject: Some("CN=two".into()) };
        let name = |token, shown| access.caller(token, shown).map(|identity| identity.name().to_owned());
        for (token, shown, want) in [
            (Some("secret"), None, Some("one")),
            (Some("secret"), Some(&two), Some("one")),
            (None, Some(&two), Some("two")),
            (Some("Secret"), None, None),
            // A wrong token is not made good by a certificate.
            (Some("wrong"), Some(&two), None),
            (Some(""), None, None),
            (Some(SECRET), None, None),
            (None, None, None),
        ] {
            assert_eq!(name(token, shown).as_deref(), want, "{token:?}");
        }
    }

    #[test]
    fn roles_policies_and_rates_hold() {
        let access = access("roles = [\"reveal\"]\npolicies = [\"redact\"]\n").unwrap();
        let one = access.caller(Some("secret"), None).unwrap();
        assert!(one.may_use("redact") && !one.may_use("surrogate"));
        let now = Instant::now();
        assert_eq!(one.admit(Role::Deidentify, now), Err(Fault::Role(Role::Deidentify)));
        assert_eq!(one.admit(Role::Reveal, now), Ok(()));
        assert_eq!(one.admit(Role::Reveal, now), Ok(()));
        assert!(matches!(one.admit(Role::Reveal, now), Err(Fault::Rate(wait)) if wait <= Duration::from_millis(500)));
        assert_eq!(one.admit(Role::Reveal, now + Duration::from_millis(600)), Ok(()));
        let open = Access::open(&[Role::Deidentify]).caller(None, None).unwrap();
        assert!(open.admit(Role::Deidentify, now).is_ok() && open.admit(Role::Reveal, now).is_err());
    }

    #[test]
    fn files_that_say_less_than_they_must_are_refused() {
        for rest in [
            "",
            "roles = []",
            "roles = [\"root\"]",
            "roles = [\"reveal\"]\ntoken = \"secret\"",
            "roles = [\"reveal\"]\nlimits = { reveal = { rate = 0 } }",
            "roles = [\"reveal\"]\ncertificate_sha256 = \"abcd\"",
            "roles = [\"reveal\"]\n[[identity]]\nname = \"two\"\nroles = [\"reveal\"]",
        ] {
            let error = access(rest).unwrap_err().to_string();
            assert!(!error.contains(SECRET), "{error}");
        }
        assert!(matches!(Access::from_toml(""), Err(AccessError::Nobody)));
    }

    #[test]
    fn debug_holds_no_digest() {
        let access = access("roles = [\"reveal\"]").unwrap();
        assert_eq!(format!("{access:?}"), "Access { identities: 1, .. }");
        assert_eq!(format!("{:?}", access.identities[0]), "Identity { name: \"one\", roles: [Reveal], .. }");
    }
}
