//! The gate before both doors: who calls, may he, is there room, until when. All of it before a body is read.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use http_body_util::BodyExt;
use tokio::sync::OwnedSemaphorePermit;

use super::Service;
use super::access::{Identity, Role};
use super::crew::Deadline;
use super::fault::Fault;
use super::listen::Peer;
use super::otlp::Trace;
use super::proto::Timings;

/// A call that was let in.
#[derive(Clone)]
pub(crate) struct Call {
    caller: Arc<Identity>,
    deadline: Deadline,
    /// Whether the caller brought the deadline.
    pub(crate) is_asked: bool,
    /// Its span, where traces go anywhere.
    trace: Option<Arc<Trace>>,
    /// Room for it, as long as it lasts.
    _room: Option<Arc<Room>>,
}

/// A place among the requests under way, or among the streams.
struct Room {
    _permit: OwnedSemaphorePermit,
    service: Arc<Service>,
    kind: Kind,
}

/// What a call costs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// Texts, at once.
    Unary,
    /// Texts, as they come.
    Stream,
    /// Next to nothing.
    Light,
}

/// Which door.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Door {
    /// gRPC.
    Grpc,
    /// JSON over HTTP.
    Http,
}

/// What is called: its name in counts, what it costs, and the role that it takes. `None`: whoever is known.
struct Method {
    name: &'static str,
    kind: Kind,
    needs: Needs,
}

/// Who may call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Needs {
    Role(Role),
    Known,
    Nobody,
}

impl Call {
    /// Who calls.
    pub(crate) fn identity(&self) -> &Identity {
        &self.caller
    }

    /// Until when an answer is of use.
    pub(crate) fn deadline(&self) -> Deadline {
        self.deadline
    }

    /// How long the stages took.
    pub(crate) fn took(&self, timings: &Timings) {
        if let Some(trace) = &self.trace {
            trace.took(timings);
        }
    }

    /// How a stream ended, behind its head.
    pub(crate) fn ended(&self, end: &Result<(), Fault>) {
        if let Some(trace) = &self.trace {
            trace.ended(end.as_ref().map_or_else(|fault| name_of(fault.status().code()), |()| "OK"));
        }
    }
}

impl Method {
    fn of(path: &str) -> Option<Method> {
        let method = |name, kind, needs| Some(Method { name, kind, needs });
        let scrub = Needs::Role(Role::Deidentify);
        let reveal = Needs::Role(Role::Reveal);
        match path {
            "/deidre.v1.Deidre/Deidentify" | "/v1/deidentify" => method("Deidentify", Kind::Unary, scrub),
            "/deidre.v1.Deidre/DeidentifyStream" => method("DeidentifyStream", Kind::Stream, scrub),
            "/deidre.v1.Deidre/Detect" | "/v1/detect" => method("Detect", Kind::Unary, scrub),
            "/deidre.v1.Deidre/Reveal" | "/v1/reveal" => method("Reveal", Kind::Unary, reveal),
            "/deidre.v1.Deidre/RevealStream" => method("RevealStream", Kind::Stream, reveal),
            "/deidre.v1.Deidre/ListPolicies" | "/v1/policies" => method("ListPolicies", Kind::Light, Needs::Known),
            "/deidre.v1.Deidre/GetVersion" | "/v1/version" => method("GetVersion", Kind::Light, Needs::Known),
            "/openapi.json" => method("OpenApi", Kind::Light, Needs::Nobody),
            "/healthz" | "/readyz" => method("Health", Kind::Light, Needs::Nobody),
            "/metrics" => method("Metrics", Kind::Light, Needs::Role(Role::Admin)),
            path if path.starts_with("/grpc.health.v1.Health/") => method("Health", Kind::Light, Needs::Nobody),
            path if path.starts_with("/grpc.reflection.") => {
                method("Reflection", Kind::Light, Needs::Role(Role::Admin))
            }
            _ => None,
        }
    }
}

/// Lets a request in or refuses it, and counts it.
pub(crate) async fn pass(
    State((service, door)): State<(Arc<Service>, Door)>,
    mut request: Request,
    next: Next,
) -> Response {
    let start = Instant::now();
    let id = request_id(request.headers());
    let method = Method::of(request.uri().path());
    let name = method.as_ref().map_or("unknown", |method| method.name);
    let kind = method.as_ref().map(|method| method.kind);
    let traces = service.traces.as_ref().filter(|_| matches!(kind, Some(Kind::Unary | Kind::Stream)));
    let trace = traces.map(|traces| Arc::new(traces.begin(name, door, &id, request.headers())));
    let (mut response, code) = match method.ok_or(Fault::NoMethod).and_then(|m| admit(&service, &request, &m, start)) {
        Ok(mut call) => {
            call.trace = trace.clone();
            let deadline = call.deadline;
            let is_unary = call._room.as_ref().is_some_and(|room| room.kind == Kind::Unary);
            let room = call._room.clone();
            request.extensions_mut().insert(call);
            let answer = next.run(request);
            // A body that comes too slowly takes its room for so long and no longer.
            let response = match is_unary {
                true => tokio::time::timeout_at(deadline.0.into(), answer)
                    .await
                    .unwrap_or_else(|_| refusal(&Fault::Deadline, door)),
                false => answer.await,
            };
            let code = code_of(&response, door);
            let (until, held) = (Deadline(deadline.0 + LEAVING), trace.clone());
            (response.map(|body| Body::new(Held { body, until, _room: room, _trace: held, is_unary })), code)
        }
        Err(fault) => {
            tracing::debug!(id, method = name, reason = fault.reason(), "refused");
            let response = refusal(&fault, door);
            let code = code_of(&response, door);
            (response, code)
        }
    };
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    // A stream that began well may end otherwise, and says so itself.
    let is_ended = code != "OK" || kind != Some(Kind::Stream);
    if let Some(trace) = trace.filter(|_| is_ended) {
        trace.ended(code);
    }
    let took = start.elapsed();
    service.metrics.answered(name, code, took);
    let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    match code {
        "INTERNAL" | "UNAVAILABLE" | "UNAUTHENTICATED" | "PERMISSION_DENIED" => {
            tracing::info!(id, method = name, code, us, "answered");
        }
        _ => tracing::debug!(id, method = name, code, us, "answered"),
    }
    response
}

fn admit(service: &Arc<Service>, request: &Request, method: &Method, now: Instant) -> Result<Call, Fault> {
    let certificate = request.extensions().get::<Peer>().and_then(|peer| peer.certificate.as_deref());
    let access = service.access();
    let caller = access.caller(bearer(request.headers())?, certificate);
    let caller = match (method.needs, caller) {
        (Needs::Nobody, caller) => caller.unwrap_or_else(|| Arc::clone(&NOBODY)),
        (_, None) => return Err(Fault::Unauthenticated),
        (Needs::Role(role), Some(caller)) => {
            caller.admit(role, now)?;
            caller
        }
        (Needs::Known, Some(caller)) => caller,
    };
    let (permits, gauge) = match method.kind {
        Kind::Unary => (Some(&service.permits), Some(&service.metrics.in_flight)),
        Kind::Stream => (Some(&service.streams), Some(&service.metrics.streams)),
        Kind::Light => (None, None),
    };
    let room = match permits {
        None => None,
        Some(permits) => {
            let permit = Arc::clone(permits).try_acquire_owned().map_err(|_| Fault::Busy)?;
            if let Some(gauge) = gauge {
                gauge.inc();
            }
            Some(Arc::new(Room { _permit: permit, service: Arc::clone(service), kind: method.kind }))
        }
    };
    let asked = asked(request.headers());
    let wait = asked.unwrap_or(service.settings.deadline).min(service.settings.deadline.max(LONGEST));
    Ok(Call { caller, deadline: Deadline(now + wait), is_asked: asked.is_some(), trace: None, _room: room })
}

impl Drop for Room {
    fn drop(&mut self) {
        match self.kind {
            Kind::Unary => self.service.metrics.in_flight.dec(),
            Kind::Stream => self.service.metrics.streams.dec(),
            Kind::Light => 0,
        };
    }
}

/// A response that keeps its room, and its span open, until it has left, or until its deadline.
struct Held {
    body: Body,
    until: Deadline,
    _room: Option<Arc<Room>>,
    _trace: Option<Arc<Trace>>,
    is_unary: bool,
}

impl hyper::body::Body for Held {
    type Data = axum::body::Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<hyper::body::Frame<Self::Data>, Self::Error>>> {
        if self.is_unary && self.until.check().is_err() {
            return Poll::Ready(Some(Err(axum::Error::new(std::io::Error::from(std::io::ErrorKind::TimedOut)))));
        }
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        self.body.size_hint()
    }
}

/// A refusal as the door gives it.
pub(crate) fn refusal(fault: &Fault, door: Door) -> Response {
    match door {
        Door::Grpc => fault.status().into_http::<Body>(),
        Door::Http => fault.problem(),
    }
}

/// The token of an `authorization` header; no other scheme is taken.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Fault> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let (scheme, token) = value.to_str().ok().and_then(|v| v.split_once(' ')).ok_or(Fault::Unauthenticated)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(Some(token.trim())) } else { Err(Fault::Unauthenticated) }
}

/// How long the caller waits, by `grpc-timeout`: up to 8 digits and a unit.
fn asked(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = value.split_at_checked(value.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(number * 3600)),
        "M" => Some(Duration::from_secs(number * 60)),
        "S" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_millis(number)),
        "u" => Some(Duration::from_micros(number)),
        "n" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

/// The caller's id of the request, if it is one; otherwise a new one. It is for logs: letters and digits only.
fn request_id(headers: &HeaderMap) -> String {
    let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let is_id = |id: &&str| (8..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    if let Some(id) = given.filter(is_id) {
        return id.to_owned();
    }
    static NEXT: AtomicU64 = AtomicU64::new(0);
    static RUN: std::sync::LazyLock<u64> = std::sync::LazyLock::new(|| {
        let mut bytes = [0; 8];
        // Ids that begin alike in two runs are no harm.
        let _ = getrandom::fill(&mut bytes);
        u64::from_le_bytes(bytes)
    });
    format!("{:016x}{:08x}", *RUN, NEXT.fetch_add(1, Ordering::Relaxed))
}

/// The code of gRPC by its name.
fn code_of(response: &Response, door: Door) -> &'static str {
    let number = match door {
        Door::Grpc => response.headers().get("grpc-status").and_then(|v| v.to_str().ok()?.parse::<i32>().ok()),
        Door::Http => return http_code(response.status().as_u16()),
    };
    // The status of an answer comes behind it.
    name_of(tonic::Code::from(number.unwrap_or(0)))
}

fn name_of(code: tonic::Code) -> &'static str {
    match code {
        tonic::Code::Ok => "OK",
        tonic::Code::Cancelled => "CANCELLED",
        tonic::Code::InvalidArgument => "INVALID_ARGUMENT",
        tonic::Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        tonic::Code::NotFound => "NOT_FOUND",
        tonic::Code::PermissionDenied => "PERMISSION_DENIED",
        tonic::Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        tonic::Code::OutOfRange => "OUT_OF_RANGE",
        tonic::Code::Unimplemented => "UNIMPLEMENTED",
        tonic::Code::Internal => "INTERNAL",
        tonic::Code::Unavailable => "UNAVAILABLE",
        tonic::Code::Unauthenticated => "UNAUTHENTICATED",
        _ => "UNKNOWN",
    }
}

fn http_code(status: u16) -> &'static str {
    match status {
        200..=299 => "OK",
        400 | 413 | 415 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 | 405 => "NOT_FOUND",
        408 | 504 => "DEADLINE_EXCEEDED",
        429 => "RESOURCE_EXHAUSTED",
        503 => "UNAVAILABLE",
        _ => "INTERNAL",
    }
}

/// Reads a body of at most `limit` bytes.
pub(crate) async fn body(request: Request, limit: usize) -> Result<axum::body::Bytes, Fault> {
    let told = request.headers().get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
    if told.is_some_and(|told| told > limit) {
        return Err(Fault::Large { limit });
    }
    let limited = http_body_util::Limited::new(request.into_body(), limit);
    match limited.collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => Err(Fault::Large { limit }),
        Err(_) => Err(Fault::Cancelled),
    }
}

/// For what nobody needs to be known for.
static NOBODY: std::sync::LazyLock<Arc<Identity>> = std::sync::LazyLock::new(|| Arc::new(Identity::nobody()));

/// In requests and responses.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// How long an answer may take to leave, past the deadline: that it has passed must be told too.
const LEAVING: Duration = Duration::from_secs(5);
/// The longest that a caller may wait, unless the service's own deadline is longer.
const LONGEST: Duration = Duration::from_secs(600);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_str(value).unwrap());
        headers
    }

    #[test]
    fn timeouts_are_read_as_grpc_writes_them() {
        for (value, want) in [
            ("1H", Some(3_600_000)),
            ("2M", Some(120_000)),
            ("3S", Some(3_000)),
            ("250m", Some(250)),
            ("5000u", Some(5)),
            ("99999999n", Some(99)),
            ("", None),
            ("5", None),
            ("S", None),
            ("123456789S", None),
            ("-1S", None),
            ("1s", None),
        ] {
            let read = asked(&headers("grpc-timeout", value));
            assert_eq!(read.map(|d| d.as_millis()), want, "{value}");
        }
    }

    #[test]
    fn only_bearer_tokens_are_taken() {
        for (value, want) in [
            ("Bearer abc", Ok(Some("abc"))),
            ("bearer  abc ", Ok(Some("abc"))),
            ("Basic abc", Err(Fault::Unauthenticated)),
            ("abc", Err(Fault::Unauthenticated)),
        ] {
            assert_eq!(bearer(&headers("authorization", value)), want, "{value}");
        }
        assert_eq!(bearer(&HeaderMap::new()), Ok(None));
    }

    #[test]
    fn a_request_id_that_may_be_text_is_not_taken() {
        let kept = "0af7651916cd43dd8448eb211c80319c";
        assert_eq!(request_id(&headers("x-request-id", kept)), kept);
        for text in ["Osei", "Thaddeus Okonjo", "short", "zz7651916cd43dd8448eb211c80319c"] {
            let id = request_id(&headers("x-request-id", text));
            assert!(id != text && id.len() == 24, "{id}");
        }
        assert_ne!(request_id(&HeaderMap::new()), request_id(&HeaderMap::new()));
    }

    #[test]
    fn what_costs_needs_a_role() {
        for (path, name, needs) in [
            ("/deidre.v1.Deidre/Deidentify", "Deidentify", Needs::Role(Role::Deidentify)),
            ("/v1/reveal", "Reveal", Needs::Role(Role::Reveal)),
            ("/deidre.v1.Deidre/RevealStream", "RevealStream", Needs::Role(Role::Reveal)),
            ("/metrics", "Metrics", Needs::Role(Role::Admin)),
            ("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", "Reflection", Needs::Role(Role::Admin)),
            ("/healthz", "Health", Needs::Nobody),
        ] {
            let method = Method::of(path).unwrap();
            assert_eq!((method.name, method.needs), (name, needs));
        }
        for path in ["/", "/v1/deidentify/", "/deidre.v1.Deidre/", "/v1", "/grpc.health.v1.Other/Check"] {
            assert!(Method::of(path).is_none(), "{path}");
        }
    }
}
