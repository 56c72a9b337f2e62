//! The perimeter: which upstreams, models and endpoints an agreement covers, until when, and who may use them.

mod auth;
mod client;
mod file;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;

use super::api::Flavour;
use super::route::{Dialect, Endpoint, Route};
use super::rule::{Refusal, Rule};
use super::shape::Input;
use crate::audit::{Fingerprint, Note};
use crate::secret::foreign::Origin;

pub use self::client::Client;
pub(crate) use self::client::{RevealScope, Role};
pub use self::file::PerimeterError;

/// What is inside, as one file says.
pub struct Perimeter {
    upstreams: Vec<Arc<Upstream>>,
    clients: Vec<Arc<Client>>,
    fingerprint: Fingerprint,
}

/// Where calls may go.
pub struct Upstream {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) url: Url,
    pub(crate) baa: Note,
    pub(crate) zero_data_retention: bool,
    certified: Date,
    expires: Date,
    endpoints: BTreeSet<Endpoint>,
    /// With the last day of those that have one.
    models: BTreeMap<String, Option<Date>>,
    pub(crate) api_versions: BTreeSet<String>,
    pub(crate) betas: BTreeSet<String>,
    pub(crate) inputs: Vec<Input>,
    pub(crate) names: BTreeSet<String>,
    pub(crate) chat: Treatment,
    pub(crate) embeddings: Treatment,
    pub(crate) instruction: bool,
    pub(crate) organization: Option<String>,
    pub(crate) project: Option<String>,
    pub(crate) ca: Option<PathBuf>,
    pub(crate) auth: Auth,
}

/// Whose API an upstream speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    #[serde(rename = "openai")]
    OpenAi,
    Azure,
    Anthropic,
    Bedrock,
    Compatible,
}

/// Where an upstream is. Invariant: `https`, or `http` on loopback.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Url {
    pub(crate) scheme: &'static str,
    /// Host, and port where there is one.
    pub(crate) authority: String,
    /// Before the paths of the API; empty, or begins with a slash and ends without.
    pub(crate) prefix: String,
}

/// What is done with texts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Treatment {
    pub(crate) policy: String,
    /// Empty: none.
    pub(crate) destination: String,
    pub(crate) scope: Within,
}

/// Within what equal values share a token.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Within {
    Session,
    Corpus,
}

/// How the gateway shows who it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Auth {
    /// It needs not.
    None,
    /// `authorization: Bearer`.
    Bearer(Secret),
    /// A header of that name.
    Header(&'static str, Secret),
    /// Signatures of AWS.
    Aws { region: String, keys: AwsKeys },
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum AwsKeys {
    Parts {
        key_id: Secret,
        secret: Secret,
        session: Option<Secret>,
    },
    /// What a command prints as `credential_process` of AWS's configuration does.
    Process(Secret),
}

/// Where a secret comes from, and how long it is good for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Secret {
    pub(crate) origin: Origin,
    /// `None`: until the perimeter is read anew.
    pub(crate) lifetime: Option<Duration>,
}

impl Perimeter {
    /// Reads a perimeter.
    ///
    /// # Errors
    ///
    /// What is wrong, and in which line. No digest of a key is in it.
    pub fn from_toml(text: &str) -> Result<Self, PerimeterError> {
        file::read(text)
    }

    /// All upstreams, in the order of the file.
    pub fn upstreams(&self) -> &[Arc<Upstream>] {
        &self.upstreams
    }

    /// Everybody who may call, in the order of the file.
    pub fn clients(&self) -> &[Arc<Client>] {
        &self.clients
    }

    /// Of the file.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// Whether a path may begin with that name.
    pub(crate) fn is_upstream(&self, name: &str) -> bool {
        self.upstreams.iter().any(|upstream| upstream.name == name)
    }

    /// Where a call goes.
    ///
    /// # Errors
    ///
    /// When that is nowhere, for this client, today.
    pub(crate) fn choose(
        &self,
        route: &Route,
        model: &str,
        client: &Client,
        today: Date,
    ) -> Result<&Arc<Upstream>, Refusal> {
        let named = route.upstream.as_deref();
        let speaks = |upstream: &&Arc<Upstream>| {
            named.is_none_or(|name| upstream.name == name)
                && upstream.kind.dialect() == route.dialect
                && client.may_use(&upstream.name)
        };
        let candidates: Vec<&Arc<Upstream>> = self.upstreams.iter().filter(speaks).collect();
        if candidates.is_empty() {
            return Err(Rule::Upstream.into());
        }
        let has_endpoint = |upstream: &&&Arc<Upstream>| upstream.endpoints.contains(&route.endpoint);
        let candidates: Vec<&Arc<Upstream>> = candidates.iter().filter(has_endpoint).copied().collect();
        if candidates.is_empty() {
            return Err(Rule::Endpoint.into());
        }
        let found = candidates.into_iter().find(|upstream| upstream.models.contains_key(model));
        let upstream = found.ok_or_else(|| Refusal::at(Rule::Model, "model"))?;
        if today > upstream.expires || today < upstream.certified {
            return Err(Rule::CertificationExpired.into());
        }
        if upstream.models.get(model).copied().flatten().is_some_and(|last| today > last) {
            return Err(Refusal::at(Rule::ModelExpired, "model"));
        }
        Ok(upstream)
    }
}

impl Upstream {
    /// As the file calls it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The reference of its agreement.
    pub fn baa(&self) -> &str {
        self.baa.as_str()
    }

    /// When somebody last looked.
    pub fn certified(&self) -> Date {
        self.certified
    }

    /// The last day on which it may be used.
    pub fn expires(&self) -> Date {
        self.expires
    }

    /// Models or deployments, with the last day of those that have one.
    pub fn models(&self) -> impl Iterator<Item = (&str, Option<Date>)> {
        self.models.iter().map(|(name, last)| (name.as_str(), *last))
    }

    /// What may be asked of it.
    pub fn endpoints(&self) -> impl Iterator<Item = Endpoint> {
        self.endpoints.iter().copied()
    }

    pub(crate) fn treatment(&self, endpoint: Endpoint) -> &Treatment {
        if endpoint == Endpoint::Embeddings { &self.embeddings } else { &self.chat }
    }

    pub(crate) fn flavour(&self) -> Flavour {
        if self.kind == Kind::Compatible { Flavour::Compatible } else { Flavour::Own }
    }
}

impl Kind {
    pub(crate) fn dialect(self) -> Dialect {
        match self {
            Kind::OpenAi | Kind::Compatible => Dialect::OpenAi,
            Kind::Azure => Dialect::Azure,
            Kind::Anthropic => Dialect::Anthropic,
            Kind::Bedrock => Dialect::Bedrock,
        }
    }

    pub(crate) fn has(self, endpoint: Endpoint) -> bool {
        match self {
            Kind::OpenAi | Kind::Compatible => matches!(
                endpoint,
                Endpoint::Chat
                    | Endpoint::Responses
                    | Endpoint::Embeddings
                    | Endpoint::Moderations
                    | Endpoint::Completions
            ),
            Kind::Azure => {
                matches!(endpoint, Endpoint::Chat | Endpoint::Responses | Endpoint::Embeddings | Endpoint::Completions)
            }
            Kind::Anthropic => endpoint == Endpoint::Messages,
            Kind::Bedrock => matches!(endpoint, Endpoint::Converse | Endpoint::Invoke),
        }
    }
}

impl std::fmt::Debug for Perimeter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Perimeter")
            .field("upstreams", &self.upstreams.len())
            .field("clients", &self.clients.len())
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Upstream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upstream").field("name", &self.name).field("kind", &self.kind).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
