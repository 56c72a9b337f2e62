//! One call, from its first header to the last byte of its answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, Response as HttpResponse, header};
use axum::response::Response;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use prometheus_client::metrics::gauge::Gauge;
use sha2::{Digest, Sha256};
use tokio::sync::OwnedSemaphorePermit;

use super::account::{Account, done};
use super::answer::{Framing, Transcript, whole};
use super::head::{first, headers, key, passed, text, upstream_error, version};
use super::perimeter::{Client, RevealScope, Role};
use super::prompt::{Asked, Prompt, prepare};
use super::reach::{REQUEST_ID, Telling};
use super::route::{Dialect, Endpoint, Route};
use super::rule::{Refusal, Rule};
use super::streaming::Streaming;
use super::{Gateway, InForce, today};
use crate::audit::{Credential, Kind, Note, Outcome};
use crate::service::crew::Deadline;
use crate::service::gate::body;
use crate::service::listen::Peer;
use crate::service::shelf::hex;
use crate::transform::reveal::Rights;

/// Answers a call.
pub(super) async fn answer(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let start = Instant::now();
    let mut id = [0; 16];
    // Without random numbers nothing can be told apart: nothing is sent.
    let drawn = getrandom::fill(&mut id);
    let name = hex(&id);
    let force = gateway.force();
    let routed = Route::of(request.uri().path(), |name| force.perimeter.is_upstream(name));
    let dialect = match &routed {
        Ok(route) => route.dialect,
        Err(unlisted) => unlisted.dialect,
    };
    let mut call = Call { account: Account::new(&gateway, start, id), gateway, force, start, id: name.clone() };
    let answered = match (drawn, routed) {
        (Err(_), _) => Err(Rule::Internal.into()),
        (_, Err(_)) => call.unlisted(&request),
        (_, Ok(route)) => call.make(route, request).await,
    };
    let mut response = match answered {
        Ok(answer) => call.hand_over(answer, dialect).await,
        Err(refusal) => {
            tracing::debug!(id = name, rule = refusal.rule.name(), "refused");
            call.account.fail(&refusal).await;
            refusal.answer(dialect, &name)
        }
    };
    if let Ok(value) = HeaderValue::from_str(&name) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// Who calls, by what the headers and the connection show.
pub(super) fn caller(force: &InForce, request: &Request) -> Result<Arc<Client>, Refusal> {
    let certificate = request.extensions().get::<Peer>().and_then(|peer| peer.certificate.as_deref());
    let key = key(request.headers())?;
    let client = Client::known(force.perimeter.clients(), key, certificate);
    client.map(Arc::clone).ok_or(Rule::Unauthenticated.into())
}

struct Call {
    gateway: Arc<Gateway>,
    force: Arc<InForce>,
    account: Account,
    start: Instant,
    id: String,
}

/// An upstream's answer, with what is needed to hand it over.
struct Answer {
    route: Route,
    prompt: Prompt,
    rights: Option<Arc<Rights>>,
    response: HttpResponse<Incoming>,
    room: Room,
}

/// Room for a call, as long as it lasts.
pub(super) struct Room {
    _all: OwnedSemaphorePermit,
    _own: OwnedSemaphorePermit,
    gauge: Gauge,
}

impl Call {
    /// A path that is not in the table. Whoever asks is known first: a stranger is not told what there is.
    fn unlisted(&mut self, request: &Request) -> Result<Answer, Refusal> {
        let client = self.known(request)?;
        client.admit(Role::Use, self.start)?;
        Err(Rule::Endpoint.into())
    }

    fn known(&mut self, request: &Request) -> Result<Arc<Client>, Refusal> {
        let exchange = &mut self.account.exchange;
        exchange.perimeter = Some(self.force.perimeter.fingerprint());
        let shown = key(request.headers());
        let client = caller(&self.force, request);
        let certificate = request.extensions().get::<Peer>().and_then(|peer| peer.certificate.as_deref());
        exchange.credential = match (&client, shown) {
            (Ok(_), Ok(Some(key))) => first(&Sha256::digest(key.as_bytes()).into()),
            (Ok(_), _) => certificate.and_then(|certificate| first(&certificate.fingerprint)),
            (Err(_), Ok(Some(key))) => Some(Credential::Unknown(self.gateway.digests.of(Kind::Name, key.as_bytes()))),
            (Err(_), _) => None,
        };
        let client = client?;
        exchange.client = Some(client.name.clone());
        Ok(client)
    }

    async fn make(&mut self, route: Route, request: Request) -> Result<Answer, Refusal> {
        self.account.exchange.endpoint = Some(route.endpoint.name());
        let client = self.known(&request)?;
        client.admit(Role::Use, self.start)?;
        if request.method() != Method::POST {
            return Err(Rule::Method.into());
        }
        let version = version(&route, &request)?;
        let betas = headers(&route, request.headers())?;
        let session = text(request.headers(), SESSION)?.map(str::to_owned);
        let reason = text(request.headers(), REASON)?.map(|reason| {
            Note::new(reason).filter(|_| reason.len() <= Note::MAX).ok_or(Refusal::at(Rule::Header, "x-deidre-reason"))
        });
        let reason = reason.transpose()?;
        let full = |room: &Arc<tokio::sync::Semaphore>| {
            let busy = |_| Refusal::later(Rule::Busy, Duration::from_secs(1));
            Arc::clone(room).try_acquire_owned().map_err(busy)
        };
        let gauge = self.gateway.metrics.in_flight.clone();
        let room = Room { _all: full(&self.gateway.room)?, _own: full(&client.room)?, gauge };
        room.gauge.inc();
        let deadline = Deadline(self.start + self.gateway.settings.deadline);
        let limit = client.request_bytes;
        let body = tokio::time::timeout(self.gateway.settings.idle, body(request, limit));
        let body = body.await.map_err(|_| Rule::Deadline)??;

        let asked = Asked { route, client: Arc::clone(&client), body, version, betas, session, today: today() };
        let reveals = client.reveals() && asked.route.endpoint != Endpoint::Embeddings;
        self.account.exchange.purpose = if reveals { reason.or_else(|| client.purpose.clone()) } else { None };
        let (gateway, force) = (Arc::clone(&self.gateway), Arc::clone(&self.force));
        let mut exchange = self.account.exchange.clone();
        let work = move |queued| {
            let prompt = prepare(&gateway, &force, &asked, &mut exchange, queued);
            Ok((prompt, exchange, asked))
        };
        let (prompt, exchange, asked) = self.gateway.service.crew.run(deadline, work).await?;
        self.account.exchange = exchange;
        let mut prompt = prompt?;
        let rights = if reveals {
            let vault = self.gateway.service.vault()?;
            let rights = Rights::new(self.gateway.service.keys().map(Arc::as_ref), vault);
            Some(Arc::new(match client.reveal_scope {
                RevealScope::Session => rights.within(&prompt.scope, None),
                RevealScope::All => rights,
            }))
        } else {
            None
        };
        done(&mut prompt.begun).await?;
        self.gateway.metrics.sent(self.start.elapsed());
        let way = self.force.way(&prompt.upstream.name).ok_or(Rule::Internal)?;
        let told = Telling { id: &self.id, version: asked.version.as_deref(), betas: &asked.betas };
        let answer = tokio::time::timeout_at(deadline.0.into(), way.send(&asked.route, &prompt, &told));
        let response = answer.await.map_err(|_| Rule::Deadline)??;
        self.account.exchange.status = Some(response.status().as_u16());
        Ok(Answer { route: asked.route, prompt, rights, response, room })
    }

    async fn hand_over(self, answer: Answer, dialect: Dialect) -> Response {
        let id = self.id.clone();
        let derived = answer.prompt.session.derived.clone();
        let mut response = match self.pass_on(answer, dialect).await {
            Ok(response) => response,
            Err((account, refusal)) => {
                account.fail(&refusal).await;
                refusal.answer(dialect, &id)
            }
        };
        if let Some(value) = derived.and_then(|derived| HeaderValue::from_str(&derived).ok()) {
            response.headers_mut().insert(SESSION, value);
        }
        response
    }

    /// The answer as the caller gets it; of one that cannot be passed on, why.
    async fn pass_on(self, answer: Answer, dialect: Dialect) -> Result<Response, (Account, Refusal)> {
        let Call { gateway, mut account, start, id, .. } = self;
        let Answer { route, prompt, rights, response, room } = answer;
        let (parts, body) = response.into_parts();
        let deadline = start + gateway.settings.deadline;
        let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        let framing = match kind {
            "text/event-stream" => Some(Framing::Sse),
            "application/vnd.amazon.eventstream" => Some(Framing::EventStream),
            _ => None,
        };
        let plain = parts.headers.get(header::CONTENT_ENCODING).is_none_or(|value| value == "identity");
        if parts.status.is_redirection() || parts.status.is_informational() || !plain {
            return Err((account, Rule::UpstreamAnswer.into()));
        }
        let headers = passed(&parts.headers);
        if !parts.status.is_success() {
            let read = collect(body, ERROR, deadline, gateway.settings.idle).await;
            let mut response = upstream_error(dialect, parts.status, &parts.headers, &read.unwrap_or_default(), &id);
            // The type of the content is ours.
            response.headers_mut().extend(headers.into_iter().filter_map(|(name, value)| {
                name.filter(|name| *name != header::CONTENT_TYPE).map(|name| (name, value))
            }));
            account.exchange.rule = Some("upstream_error");
            return finished(account, Outcome::Failed, response, room).await;
        }
        if let Some(framing) = framing {
            let transcript = Transcript::new(route.endpoint, framing, rights, prompt.json);
            let streaming = Streaming { gateway, account, body, transcript, deadline, room };
            let mut response = Response::new(streaming.begin());
            *response.status_mut() = parts.status;
            response.headers_mut().extend(headers);
            response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
            return Ok(response);
        }
        if kind != "application/json" {
            return Err((account, Rule::UpstreamAnswer.into()));
        }
        let read = match collect(body, gateway.settings.answer, deadline, gateway.settings.idle).await {
            Ok(read) => read,
            Err(refusal) => return Err((account, refusal)),
        };
        let work = move |_| {
            let done = whole(route.endpoint, rights.as_ref(), prompt.json, &read);
            Ok(done.map(|done| (done, read)))
        };
        let done = gateway.service.crew.run(Deadline(deadline), work).await.map_err(Refusal::from);
        let (done, read) = match done.and_then(|done| done) {
            Ok(done) => done,
            Err(refusal) => return Err((account, refusal)),
        };
        account.exchange.usage = done.usage;
        account.revealed(done.tally);
        let body = done.body.map_or(read, Bytes::from);
        account.answers(&body);
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = parts.status;
        response.headers_mut().extend(headers);
        let outcome = account.outcome();
        finished(account, outcome, response, room).await
    }
}

/// An answer that is there as a whole: it leaves when the trail tells of it.
async fn finished(
    mut account: Account,
    outcome: Outcome,
    response: Response,
    room: Room,
) -> Result<Response, (Account, Refusal)> {
    let closed = account.close(outcome).await;
    drop(room);
    match closed {
        Ok(()) => Ok(response),
        Err(refusal) => Err((account, refusal)),
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.gauge.dec();
    }
}

/// An upstream's body of at most `limit` bytes.
async fn collect(body: Incoming, limit: usize, deadline: Instant, idle: Duration) -> Result<Bytes, Refusal> {
    let until = deadline.min(Instant::now() + idle.max(Duration::from_secs(1)) * 4);
    match tokio::time::timeout_at(until.into(), Limited::new(body, limit).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(_)) => Err(Rule::UpstreamAnswer.into()),
        Err(_) => Err(Rule::Deadline.into()),
    }
}

/// The conversation.
const SESSION: HeaderName = HeaderName::from_static("x-deidre-session");
/// Why values are turned back.
const REASON: HeaderName = HeaderName::from_static("x-deidre-reason");
/// Bytes of an error that are read.
const ERROR: usize = 64 << 10;
