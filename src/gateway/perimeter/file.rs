//! A perimeter as its file is written, checked before any of it is taken.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::civil::Date;
use serde::Deserialize;
use tokio::sync::Semaphore;
use toml::Spanned;
use toml::value::Datetime;

use super::auth::{WrittenAuth, WrittenAws, WrittenSecret, auth};
use super::{Client, Kind, Perimeter, RevealScope, Role, Treatment, Upstream, Url, Within};
use crate::audit::{Fingerprint, Note};
use crate::gateway::route::Endpoint;
use crate::gateway::shape::Input;
use crate::service::credential::Credential;
use crate::service::rate::Bucket;

/// Why a perimeter is none.
#[derive(Debug, thiserror::Error)]
#[error("perimeter, line {line}: {message}")]
pub struct PerimeterError {
    /// From 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    limits: Limits,
    #[serde(default)]
    upstream: Vec<Spanned<WrittenUpstream>>,
    #[serde(default)]
    client: Vec<Spanned<WrittenClient>>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Limits {
    /// Requests a second.
    rate: Option<f64>,
    burst: Option<f64>,
    in_flight: Option<usize>,
    request_bytes: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenUpstream {
    name: String,
    kind: Kind,
    url: String,
    baa: String,
    zero_data_retention: bool,
    certified: Datetime,
    expires: Datetime,
    endpoints: Vec<Endpoint>,
    models: Vec<Model>,
    #[serde(default)]
    api_versions: Option<Vec<String>>,
    #[serde(default)]
    betas: Vec<String>,
    #[serde(default)]
    inputs: Vec<Input>,
    #[serde(default)]
    names: Vec<String>,
    policy: Option<String>,
    destination: Option<String>,
    #[serde(default)]
    embeddings: WrittenTreatment,
    instruction: Option<bool>,
    organization: Option<String>,
    project: Option<String>,
    ca: Option<PathBuf>,
    key: Option<WrittenSecret>,
    auth: Option<WrittenAuth>,
    region: Option<String>,
    aws: Option<WrittenAws>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Model {
    Name(String),
    Until(ModelUntil),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelUntil {
    name: String,
    expires: Datetime,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenTreatment {
    policy: Option<String>,
    destination: Option<String>,
    scope: Option<Within>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenClient {
    name: String,
    key_sha256: Option<String>,
    certificate_sha256: Option<String>,
    certificate_subject: Option<String>,
    roles: Vec<Role>,
    purpose: Option<String>,
    upstreams: Option<Vec<String>>,
    #[serde(default)]
    limits: Limits,
    #[serde(default)]
    reveal_scope: RevealScope,
}

/// What is wrong, without its place.
pub(super) type Wrong = String;

pub(super) fn read(text: &str) -> Result<Perimeter, PerimeterError> {
    let line = |at: usize| 1 + text.get(..at).unwrap_or_default().matches('\n').count();
    let file: File = toml::from_str(text).map_err(|e| {
        let at = e.span().map_or(0, |span| span.start);
        PerimeterError { line: line(at), message: e.message().to_owned() }
    })?;
    let mut upstreams: Vec<Arc<Upstream>> = Vec::new();
    for written in file.upstream {
        let line = line(written.span().start);
        let written = written.into_inner();
        let called = written.name.clone();
        let fault = |what: Wrong| PerimeterError { line, message: format!("upstream {called:?}: {what}") };
        let upstream = written.read().map_err(fault)?;
        if upstreams.iter().any(|other| other.name == upstream.name) {
            return Err(fault("there is one of that name already".into()));
        }
        upstreams.push(Arc::new(upstream));
    }
    let mut clients: Vec<Arc<Client>> = Vec::new();
    for written in file.client {
        let line = line(written.span().start);
        let written = written.into_inner();
        let called = written.name.clone();
        let fault = |what: Wrong| PerimeterError { line, message: format!("client {called:?}: {what}") };
        let client = written.read(&file.limits, &upstreams).map_err(fault)?;
        if clients.iter().any(|other| other.name == client.name) {
            return Err(fault("there is one of that name already".into()));
        }
        if let Some(other) = clients.iter().find(|other| other.credential.is_as(&client.credential)) {
            return Err(fault(format!("known by the same key or certificate as {:?}", other.name())));
        }
        clients.push(Arc::new(client));
    }
    for (is_empty, what) in [(upstreams.is_empty(), "no [[upstream]]"), (clients.is_empty(), "no [[client]]")] {
        if is_empty {
            return Err(PerimeterError { line: 1, message: format!("{what}: nothing could be asked") });
        }
    }
    Ok(Perimeter { upstreams, clients, fingerprint: Fingerprint::of(text.as_bytes()) })
}

impl WrittenUpstream {
    fn read(self) -> Result<Upstream, Wrong> {
        let kind = self.kind;
        check_name(&self.name)?;
        let url = url(&self.url)?;
        let baa = Note::new(&self.baa).ok_or("baa: the reference of the agreement is needed")?;
        let (certified, expires) = (date(self.certified, "certified")?, date(self.expires, "expires")?);
        if expires < certified {
            return Err("expires before it was certified".into());
        }
        if let Some(endpoint) = self.endpoints.iter().find(|endpoint| !kind.has(**endpoint)) {
            return Err(format!("endpoints: its kind has no {:?}", endpoint.name()));
        }
        if self.endpoints.is_empty() || self.models.is_empty() {
            return Err("endpoints and models: at least one of each".into());
        }
        let mut models = BTreeMap::new();
        for model in self.models {
            let (name, last) = match model {
                Model::Name(name) => (name, None),
                Model::Until(ModelUntil { name, expires }) => (name, Some(date(expires, "expires of a model")?)),
            };
            let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-:/@".contains(&b);
            if name.is_empty() || name.len() > 256 || !name.bytes().all(plain) {
                return Err(format!("models: {name:?} is no name of a model; patterns are not taken"));
            }
            if self.endpoints.contains(&Endpoint::Invoke) && !name.contains("anthropic") {
                return Err(format!("models: {name:?}: invoke is read for models of Anthropic only; take converse"));
            }
            if models.insert(name.clone(), last).is_some() {
                return Err(format!("models: {name:?} twice"));
            }
        }
        let api_versions = versions(kind, self.api_versions)?;
        let auth = auth(kind, self.key, self.auth, self.region, self.aws)?;
        let chat = Treatment {
            policy: self.policy.unwrap_or_else(|| "minimum-necessary".to_owned()),
            destination: self.destination.unwrap_or_default(),
            scope: Within::Session,
        };
        let embeddings = Treatment {
            // Another policy has destinations of its own.
            destination: self.embeddings.destination.unwrap_or_else(|| match self.embeddings.policy {
                Some(_) => String::new(),
                None => chat.destination.clone(),
            }),
            policy: self.embeddings.policy.unwrap_or_else(|| chat.policy.clone()),
            scope: self.embeddings.scope.unwrap_or(Within::Corpus),
        };
        for (name, value) in [("organization", &self.organization), ("project", &self.project)] {
            if value.as_deref().is_some_and(|value| kind != Kind::OpenAi || !is_token(value)) {
                return Err(format!("{name}: for kind openai only, letters, digits, - and _"));
            }
        }
        if self.betas.iter().any(|beta| !is_token(beta)) || (kind != Kind::Anthropic && !self.betas.is_empty()) {
            return Err("betas: for kind anthropic only, letters, digits, - and _".into());
        }
        Ok(Upstream {
            name: self.name,
            kind,
            url,
            baa,
            zero_data_retention: self.zero_data_retention,
            certified,
            expires,
            endpoints: self.endpoints.into_iter().collect(),
            models,
            api_versions,
            betas: self.betas.into_iter().collect(),
            inputs: self.inputs,
            names: self.names.into_iter().collect(),
            chat,
            embeddings,
            instruction: self.instruction.unwrap_or(true),
            organization: self.organization,
            project: self.project,
            ca: self.ca,
            auth,
        })
    }
}

fn check_name(name: &str) -> Result<(), Wrong> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if name.is_empty() || name.len() > 64 || !name.bytes().all(plain) {
        return Err("name: lower-case letters, digits and -".into());
    }
    // Paths of the APIs begin so.
    match RESERVED.contains(&name) {
        true => Err(format!("name: paths of APIs and of the gateway begin with {}", RESERVED.join(", "))),
        false => Ok(()),
    }
}

fn url(text: &str) -> Result<Url, Wrong> {
    let uri: axum::http::Uri = text.parse().map_err(|_| "url: not a URL")?;
    let authority = uri.authority().ok_or("url: no host")?;
    if authority.as_str().contains('@') || uri.query().is_some() {
        return Err("url: no user, password or query in it".into());
    }
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    let loopback = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    let scheme = match uri.scheme_str() {
        Some("https") => "https",
        Some("http") if loopback => "http",
        _ => return Err("url: https, or http on this machine".into()),
    };
    // The paths of the APIs have it.
    let prefix = uri.path().trim_end_matches('/');
    let prefix = prefix.strip_suffix("/v1").unwrap_or(prefix).trim_end_matches('/');
    Ok(Url { scheme, authority: authority.to_string(), prefix: prefix.to_owned() })
}

fn versions(kind: Kind, written: Option<Vec<String>>) -> Result<BTreeSet<String>, Wrong> {
    let versions: BTreeSet<String> = match (kind, written) {
        (Kind::Anthropic, None) => ANTHROPIC_VERSIONS.map(str::to_owned).into(),
        (Kind::Azure, None) => return Err("api_versions: needed for kind azure".into()),
        (Kind::Azure | Kind::Anthropic, Some(written)) => written.into_iter().collect(),
        (_, None) => BTreeSet::new(),
        (_, Some(_)) => return Err("api_versions: for kinds azure and anthropic only".into()),
    };
    // One that moves is another tomorrow.
    let pinned = |v: &String| is_token(v) && (v == "v1" || v.bytes().take(10).filter(u8::is_ascii_digit).count() == 8);
    match versions.iter().find(|version| !pinned(version)) {
        Some(version) => Err(format!("api_versions: {version:?} is not pinned to a day")),
        None => Ok(versions),
    }
}

impl WrittenClient {
    fn read(self, shared: &Limits, upstreams: &[Arc<Upstream>]) -> Result<Client, Wrong> {
        let name = Note::new(&self.name).ok_or("name: needed")?;
        let credential =
            Credential::read(self.key_sha256.as_deref(), self.certificate_sha256.as_deref(), self.certificate_subject)?;
        if self.roles.is_empty() {
            return Err("roles: at least one of use, reveal, admin".into());
        }
        let purpose = self.purpose.as_deref().and_then(Note::new);
        if self.roles.contains(&Role::Reveal) && (purpose.is_none() || !self.roles.contains(&Role::Use)) {
            return Err("reveal needs the role use, and a purpose".into());
        }
        let unknown = |named: &&String| !upstreams.iter().any(|upstream| upstream.name == **named);
        if let Some(named) = self.upstreams.iter().flatten().find(unknown) {
            return Err(format!("upstreams: there is no {named:?}"));
        }
        let Limits { rate, burst, in_flight, request_bytes } = self.limits;
        let (rate, burst) = match rate {
            Some(rate) => (Some(rate), burst),
            None => (shared.rate, burst.or(shared.burst)),
        };
        if rate.is_none() && burst.is_some() {
            return Err("limits: burst without rate".into());
        }
        let in_flight = in_flight.or(shared.in_flight).unwrap_or(IN_FLIGHT);
        let request_bytes = request_bytes.or(shared.request_bytes).unwrap_or(REQUEST);
        if !(1..=Semaphore::MAX_PERMITS).contains(&in_flight) || !(1..=MOST_REQUEST).contains(&request_bytes) {
            return Err("limits: in_flight of 1 at least, request_bytes up to 67108864".into());
        }
        Ok(Client {
            name,
            credential,
            roles: self.roles,
            purpose,
            upstreams: self.upstreams,
            bucket: rate.map(|rate| Bucket::new(rate, burst)).transpose()?,
            room: Arc::new(Semaphore::new(in_flight)),
            request_bytes,
            reveal_scope: self.reveal_scope,
        })
    }
}

fn date(written: Datetime, field: &str) -> Result<Date, Wrong> {
    let day =
        written.date.filter(|_| written.time.is_none()).ok_or_else(|| format!("{field}: a date, as 2026-03-02"))?;
    let part = |part: u8| i8::try_from(part).unwrap_or(0);
    let year = i16::try_from(day.year).unwrap_or(0);
    Date::new(year, part(day.month), part(day.day)).map_err(|_| format!("{field}: no such day"))
}

pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 128
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_' || b == b'.')
}

/// Versions of Anthropic's API that there are.
const ANTHROPIC_VERSIONS: [&str; 2] = ["2023-06-01", "2026-10-21"];
const RESERVED: [&str; 7] = ["v1", "openai", "model", "healthz", "readyz", "metrics", "deidre"];
/// Calls of a client under way.
const IN_FLIGHT: usize = 64;
/// Bytes of a request.
const REQUEST: usize = 4 << 20;
const MOST_REQUEST: usize = 64 << 20;
