//! What becomes of a request's body: where it goes, whether it may, and its text without identifiers. It computes, and is
//! done by the threads that do.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use jiff::civil::Date;

use super::account::{Written, write};
use super::api;
use super::json::{Doubled, Node, Value, parse};
use super::perimeter::{Client, Upstream, Within};
use super::route::{Dialect, Route, Streaming};
use super::rule::{Refusal, Rule};
use super::session::{Hashes, Session};
use super::walk::{Leave, Reading};
use super::{Gateway, InForce};
use crate::audit::{Exchange, Fingerprint, Kind, Named, Note};
use crate::engine::Facts;
use crate::identifier::Label;
use crate::pipeline::given::{Given, Text};
use crate::transform::{Scope, Transform};

/// A request, before anything of its body was read.
pub(super) struct Asked {
    pub(super) route: Route,
    pub(super) client: Arc<Client>,
    pub(super) body: Bytes,
    /// `api-version` of Azure, `anthropic-version`.
    pub(super) version: Option<String>,
    pub(super) betas: Vec<String>,
    /// As the caller called it.
    pub(super) session: Option<String>,
    pub(super) today: Date,
}

/// A request as it goes to an upstream.
pub(super) struct Prompt {
    pub(super) upstream: Arc<Upstream>,
    pub(super) body: Bytes,
    pub(super) session: Session,
    /// Within what tokens of the answer are turned back.
    pub(super) scope: Scope,
    /// The answer comes bit by bit.
    pub(super) streams: bool,
    /// The answer's text is JSON.
    pub(super) json: bool,
    /// Nothing may be sent before that is written down.
    pub(super) begun: Written,
}

/// Reads a request and scrubs it. What is learnt of it on the way is noted in `exchange`, also where it is refused.
pub(super) fn prepare(
    gateway: &Gateway,
    force: &InForce,
    asked: &Asked,
    exchange: &mut Exchange,
    queued: Duration,
) -> Result<Prompt, Refusal> {
    let Asked { route, client, body, .. } = asked;
    exchange.prompt = Some(gateway.digests.of(Kind::Bytes, body));
    exchange.prompt_bytes = body.len() as u64;
    let root = parse(body, Doubled::Refused).map_err(|_| Rule::Invalid)?;
    if !matches!(root.value, Value::Object(_)) {
        return Err(Rule::Invalid.into());
    }
    let named = root.get("model").filter(|_| route.dialect != Dialect::Bedrock);
    let named = match named {
        Some(node) if !node.is_null() => Some(node.text().ok_or_else(|| Refusal::at(Rule::Invalid, "model"))?),
        _ => None,
    };
    // The deployment of a path counts, and stands in place of a model beside it.
    let model = match (&route.model, named) {
        (Some(deployment), _) => deployment.as_str(),
        (None, model) => model.ok_or_else(|| Refusal::at(Rule::Model, "model"))?,
    };
    let upstream = Arc::clone(force.perimeter.choose(route, model, client, asked.today)?);
    exchange.upstream = Note::new(&upstream.name);
    exchange.model = Note::new(model);
    exchange.baa = Some(upstream.baa.clone());
    exchange.zero_data_retention = Some(upstream.zero_data_retention);
    check_version(&upstream, asked)?;
    let streams = streams(route, &root)?;
    exchange.streamed = streams;

    let opening = api::opening(route.endpoint, &root)
        .map_or(&b""[..], |node| body.get(node.span.start..node.span.end).unwrap_or_default());
    let session = Session::of(&gateway.hashes, client.name(), asked.session.as_deref(), (&upstream.name, opening))?;
    exchange.session = Some(gateway.digests.of(Kind::Name, session.id.as_bytes()));
    let treatment = upstream.treatment(route.endpoint);
    let shelf = gateway.service.shelf();
    let policy = shelf.policy(&treatment.policy)?;
    let transform = policy.transform(&treatment.destination)?;
    exchange.policy =
        Note::new(&policy.name).map(|name| Named { name, hash: Fingerprint::from_sha256(transform.policy().hash()) });
    gateway.service.vault()?;
    let scope = match treatment.scope {
        Within::Session => session.scope(),
        Within::Corpus => Scope::Corpus,
    };

    // The disk works while the text is scrubbed.
    let begun = write(gateway, exchange);

    let hash = |text: &str| hashed(&gateway.hashes, client, text);
    let leave = Leave { inputs: &upstream.inputs, names: &upstream.names, hash: &hash };
    let flavour = upstream.flavour();
    let mut reading = Reading::of(body, &root, api::shape(route.endpoint, flavour), &leave)?;
    let texts: Vec<Text<'_>> = reading
        .spots()
        .iter()
        .map(|spot| Text {
            text: &spot.text,
            hint: spot.hint,
            part: spot.part,
            rule: spot.field.as_deref().and_then(|field| policy.rule(field)),
        })
        .collect();
    let given =
        Given { texts: &texts, beside: &[], known: &Facts::default(), patient: None, document: session.id.as_bytes() };
    let returned =
        gateway.service.counter()?.scrub(&transform, &scope, &given).map_err(crate::service::fault::Fault::from)?;
    let bytes = returned.tally.bytes as usize;
    gateway.service.metrics.scrubbed(queued, &returned.times, bytes, &returned.tally.replaced);
    exchange.labels = returned.tally.replaced;
    let has_tokens = has_tokens(&transform, &returned.tally.replaced, &returned.texts)?;
    let version = if route.versionless { None } else { asked.version.as_deref() };
    if let Some(edits) = reading.edits() {
        if let Some(node) = root.get("model").filter(|node| node.text().is_some_and(|named| named != model)) {
            edits.rewrite(node.span, model);
        }
        api::keep_nothing(route.endpoint, &root, api::can_be_told(route.dialect, flavour, version), edits);
        if has_tokens && upstream.instruction {
            api::instruct(route.endpoint, &root, edits);
        }
    }
    let json = api::asks_json(route.endpoint, &root);
    let body = Bytes::from(reading.rewritten(&returned.texts, &leave)?);
    Ok(Prompt { upstream, body, session, scope, streams, json, begun })
}

/// Whether the upstream may be asked in that version of its API, and with those features on trial.
fn check_version(upstream: &Upstream, asked: &Asked) -> Result<(), Refusal> {
    let listed = |version: &str| upstream.api_versions.contains(version);
    let fits = match (asked.route.dialect, asked.version.as_deref()) {
        (Dialect::Azure, None) => asked.route.versionless && listed("v1"),
        (Dialect::Azure, Some(version)) => !asked.route.versionless && listed(version),
        (Dialect::Anthropic, version) => version.is_some_and(listed),
        (Dialect::OpenAi | Dialect::Bedrock, _) => true,
    };
    if !fits {
        return Err(Rule::ApiVersion.into());
    }
    match asked.betas.iter().all(|beta| upstream.betas.contains(beta)) {
        true => Ok(()),
        false => Err(Refusal::at(Rule::Header, "anthropic-beta")),
    }
}

fn streams(route: &Route, root: &Node<'_>) -> Result<bool, Refusal> {
    let asked = match root.get("stream").map(|node| &node.value) {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::Bool(true)) => true,
        Some(_) => return Err(Refusal::at(Rule::Invalid, "stream")),
    };
    match route.streaming {
        Streaming::AsAsked => Ok(asked),
        Streaming::Always => Ok(true),
        Streaming::Never if asked => Err(Refusal::at(Rule::Parameter, "stream")),
        Streaming::Never => Ok(false),
    }
}

fn hashed(hashes: &Hashes, client: &Client, text: &str) -> String {
    format!("id_{}", hashes.of("id", &[client.name().as_bytes(), text.as_bytes()]))
}

/// Whether a prompt has tokens in it, of this or of an earlier time.
fn has_tokens(transform: &Transform, replaced: &[u64; Label::ALL.len()], texts: &[String]) -> Result<bool, Refusal> {
    if replaced.iter().any(|count| *count > 0) {
        return Ok(true);
    }
    let mut spans = Vec::new();
    for text in texts.iter().filter(|text| text.contains('[')) {
        transform
            .existing_tokens(text, &mut spans)
            .map_err(|error| crate::service::fault::Fault::from(crate::pipeline::given::Withheld::Transform(error)))?;
        if !spans.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}
