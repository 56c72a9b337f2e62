//! Why a call is not made: the rules, and a refusal in the form of the provider whose API was spoken. Nothing of a request
//! is in it but the name of a parameter that is known, or its place.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;

use super::route::Dialect;

/// A rule that a call was measured by.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) enum Rule {
    Unauthenticated,
    Role,
    Endpoint,
    Upstream,
    Model,
    ModelExpired,
    CertificationExpired,
    ApiVersion,
    Query,
    Header,
    State,
    Tool,
    Input,
    Parameter,
    IdentifierInName,
    Invalid,
    Method,
    TooLarge,
    Encoding,
    RateLimited,
    Busy,
    AuditMissing,
    KeyMissing,
    VaultMissing,
    DetectorMissing,
    Internal,
    UpstreamUnreachable,
    UpstreamAnswer,
    Deadline,
}

/// A call that is not made, or not answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Refusal {
    pub(crate) rule: Rule,
    /// The parameter, by names that are known and places.
    pub(crate) place: Option<String>,
    /// After how long another try may go better.
    pub(crate) retry: Option<Duration>,
}

impl Rule {
    #[cfg(test)]
    pub(crate) const ALL: [Rule; Rule::Deadline as usize + 1] = [
        Rule::Unauthenticated,
        Rule::Role,
        Rule::Endpoint,
        Rule::Upstream,
        Rule::Model,
        Rule::ModelExpired,
        Rule::CertificationExpired,
        Rule::ApiVersion,
        Rule::Query,
        Rule::Header,
        Rule::State,
        Rule::Tool,
        Rule::Input,
        Rule::Parameter,
        Rule::IdentifierInName,
        Rule::Invalid,
        Rule::Method,
        Rule::TooLarge,
        Rule::Encoding,
        Rule::RateLimited,
        Rule::Busy,
        Rule::AuditMissing,
        Rule::KeyMissing,
        Rule::VaultMissing,
        Rule::DetectorMissing,
        Rule::Internal,
        Rule::UpstreamUnreachable,
        Rule::UpstreamAnswer,
        Rule::Deadline,
    ];

    /// In answers, counts and the audit trail.
    pub(crate) fn name(self) -> &'static str {
        self.terms().1
    }

    pub(crate) fn status(self) -> StatusCode {
        self.terms().0
    }

    /// Whether it is told by somebody's doing here, rather than by a failure.
    pub(crate) fn is_refusal(self) -> bool {
        self.status().is_client_error()
    }

    fn terms(self) -> (StatusCode, &'static str, &'static str) {
        let forbidden = StatusCode::FORBIDDEN;
        let missing = StatusCode::SERVICE_UNAVAILABLE;
        match self {
            Rule::Unauthenticated => {
                (StatusCode::UNAUTHORIZED, "unauthenticated", "no key or certificate that is known here")
            }
            Rule::Role => (forbidden, "role", "the client has not the role that this needs"),
            Rule::Endpoint => (forbidden, "endpoint", "the endpoint is not in the perimeter"),
            Rule::Upstream => (forbidden, "upstream", "no upstream in the perimeter is for this, or for this client"),
            Rule::Model => (forbidden, "model", "the model is not in the perimeter"),
            Rule::ModelExpired => (forbidden, "model_expired", "the model's time in the perimeter is over"),
            Rule::CertificationExpired => {
                (forbidden, "certification_expired", "the upstream's certification is over; somebody must look again")
            }
            Rule::ApiVersion => (forbidden, "api_version", "the version of the API is not in the perimeter"),
            Rule::Query => (forbidden, "query", "a query parameter that is not let through"),
            Rule::Header => (forbidden, "header", "a header asks for what is not let through"),
            Rule::State => (forbidden, "state", "the provider would keep state or data"),
            Rule::Tool => (forbidden, "tool", "a tool that the provider runs, or one that is not known"),
            Rule::Input => {
                (forbidden, "input", "an input that cannot be searched and that the perimeter does not allow")
            }
            Rule::Parameter => (forbidden, "parameter", "a parameter or value that is not known here"),
            Rule::IdentifierInName => {
                (forbidden, "identifier_in_name", "an identifier stands in a name, where no token can stand")
            }
            Rule::Invalid => (StatusCode::BAD_REQUEST, "invalid", "not JSON of this endpoint's form"),
            Rule::Method => (StatusCode::METHOD_NOT_ALLOWED, "method", "only POST"),
            Rule::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too_large", "the request is larger than it may be"),
            Rule::Encoding => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "encoding", "the body must be JSON that is not compressed")
            }
            Rule::RateLimited => {
                (StatusCode::TOO_MANY_REQUESTS, "rate_limited", "more requests than the client may make")
            }
            Rule::Busy => (StatusCode::TOO_MANY_REQUESTS, "busy", "as many calls are under way as may be"),
            Rule::AuditMissing => (missing, "audit_missing", "the audit trail cannot be written, nothing was sent"),
            Rule::KeyMissing => (missing, "key_missing", "a key that this needs is not there, nothing was sent"),
            Rule::VaultMissing => (missing, "vault_missing", "the vault is not there, nothing was sent"),
            Rule::DetectorMissing => (missing, "detector_missing", "the model is not loaded, nothing was sent"),
            Rule::Internal => {
                (StatusCode::INTERNAL_SERVER_ERROR, "internal", "a worker failed, nothing more is passed on")
            }
            Rule::UpstreamUnreachable => {
                (StatusCode::BAD_GATEWAY, "upstream_unreachable", "the upstream cannot be reached")
            }
            Rule::UpstreamAnswer => {
                (StatusCode::BAD_GATEWAY, "upstream_answer", "the upstream's answer is not one that is passed on")
            }
            Rule::Deadline => (StatusCode::GATEWAY_TIMEOUT, "deadline", "it took longer than it may"),
        }
    }
}

impl Refusal {
    pub(crate) fn new(rule: Rule) -> Self {
        Self { rule, place: None, retry: None }
    }

    pub(crate) fn at(rule: Rule, place: impl Into<String>) -> Self {
        Self { place: Some(place.into()), ..Self::new(rule) }
    }

    pub(crate) fn later(rule: Rule, retry: Duration) -> Self {
        Self { retry: Some(retry), ..Self::new(rule) }
    }

    /// The refusal as that API writes its errors; `id` is the request's.
    pub(crate) fn answer(&self, dialect: Dialect, id: &str) -> Response {
        let (status, name, what) = self.rule.terms();
        let place = self.place.as_deref().map_or(String::new(), |place| format!(" at {place}"));
        let message = format!("deidre: {what}{place} (rule {name})");
        let mut response =
            error(dialect, status, &Told { message: &message, kind: None, code: name, id, place: &self.place });
        let headers = response.headers_mut();
        headers.insert(RULE, HeaderValue::from_static(name));
        let retry = self.retry.or((status == StatusCode::SERVICE_UNAVAILABLE).then_some(UNTIL_THERE));
        if let Some(wait) = retry {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs_f64().ceil() as u64));
        }
        response
    }
}

impl From<Rule> for Refusal {
    fn from(rule: Rule) -> Self {
        Self::new(rule)
    }
}

impl From<crate::service::fault::Fault> for Refusal {
    fn from(fault: crate::service::fault::Fault) -> Self {
        use crate::service::fault::{Fault, Missing};
        Self::new(match fault {
            Fault::Deadline => Rule::Deadline,
            Fault::Missing(Missing::Key) => Rule::KeyMissing,
            Fault::Missing(Missing::Vault) => Rule::VaultMissing,
            Fault::Missing(Missing::Model) => Rule::DetectorMissing,
            Fault::Missing(Missing::Audit) => Rule::AuditMissing,
            Fault::Large { .. } => Rule::TooLarge,
            Fault::Cancelled => Rule::Invalid,
            _ => Rule::Internal,
        })
    }
}

/// What an error tells.
pub(crate) struct Told<'t> {
    pub(crate) message: &'t str,
    /// As the upstream called it; without one it is ours.
    pub(crate) kind: Option<&'t str>,
    pub(crate) code: &'t str,
    pub(crate) id: &'t str,
    pub(crate) place: &'t Option<String>,
}

/// An error as that API writes it.
pub(crate) fn error(dialect: Dialect, status: StatusCode, told: &Told<'_>) -> Response {
    let Told { message, kind, code, id, place } = told;
    let body = match dialect {
        Dialect::OpenAi | Dialect::Azure => serde_json::json!({
            "error": { "message": message, "type": kind.unwrap_or("deidre_refused"), "param": place, "code": code }
        }),
        Dialect::Anthropic => serde_json::json!({
            "type": "error",
            "error": { "type": kind.unwrap_or(anthropic_kind(status)), "message": message },
            "request_id": id,
        }),
        Dialect::Bedrock => serde_json::json!({ "message": message }),
    };
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if dialect == Dialect::Bedrock {
        let kind = kind.and_then(|kind| HeaderValue::from_str(kind).ok());
        headers.insert(AWS_KIND, kind.unwrap_or(HeaderValue::from_static(bedrock_kind(status))));
    }
    response
}

fn anthropic_kind(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 | 405 | 415 => "invalid_request_error",
        401 => "authentication_error",
        403 => "permission_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        503 => "overloaded_error",
        504 => "timeout_error",
        _ => "api_error",
    }
}

fn bedrock_kind(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 | 405 | 413 | 415 => "ValidationException",
        401 | 403 => "AccessDeniedException",
        429 => "ThrottlingException",
        503 => "ServiceUnavailableException",
        _ => "InternalServerException",
    }
}

/// The rule of a refusal.
pub(crate) const RULE: HeaderName = HeaderName::from_static("x-deidre-rule");
/// How AWS tells the kind of an error.
pub(crate) const AWS_KIND: HeaderName = HeaderName::from_static("x-amzn-errortype");
/// How long it may take until what is missing is there.
const UNTIL_THERE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use http_body_util::BodyExt;

    use super::*;

    #[test]
    fn every_rule_has_a_name_of_its_own_and_is_an_error() {
        let mut names: Vec<&str> = Rule::ALL.iter().map(|rule| rule.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Rule::ALL.len());
        for rule in Rule::ALL {
            assert!(rule.status().is_client_error() || rule.status().is_server_error());
        }
    }

    #[tokio::test]
    async fn refusals_are_in_the_form_of_the_api() {
        let refusal = Refusal::at(Rule::State, "background");
        for (dialect, want) in [
            (Dialect::OpenAi, "/error/code"),
            (Dialect::Azure, "/error/code"),
            (Dialect::Anthropic, "/error/type"),
            (Dialect::Bedrock, "/message"),
        ] {
            let response = refusal.answer(dialect, "00ff");
            assert_eq!(response.status(), 403);
            assert_eq!(response.headers()[RULE], "state");
            assert_eq!(response.headers().contains_key(AWS_KIND), dialect == Dialect::Bedrock);
            let body = response.into_body().collect().await.unwrap().to_bytes();
            let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
            let told = body.pointer(want).and_then(|v| v.as_str()).unwrap();
            assert!(["state", "permission_error"].contains(&told) || told.contains("rule state"), "{body}");
            assert!(body.to_string().contains("background"), "{body}");
        }
    }
}
