//! Why a request is not answered: one list, which becomes gRPC statuses and HTTP problems. Nothing of a request is in it.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use super::access::Role;
use crate::pipeline::given::Withheld;
use crate::transform::TransformError;
use crate::vault::VaultError;

/// Why a request is not answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// Neither a token nor a certificate that is known.
    Unauthenticated,
    /// The caller has not the role.
    Role(Role),
    /// The caller may not use the policy.
    Policy,
    /// The caller asks more often than may be.
    Rate(Duration),
    /// As many requests are under way as may be.
    Busy,
    /// More text than may be.
    Large {
        /// Bytes.
        limit: usize,
    },
    /// Not a request as it must be.
    Invalid {
        /// Where, as a path of field names.
        field: String,
        /// What is wrong.
        what: &'static str,
    },
    /// No such policy.
    NoPolicy,
    /// The policy has nothing for that destination.
    NoDestination,
    /// No such method or path.
    NoMethod,
    /// A path that is asked in another way: POST for GET, or the reverse.
    Verb,
    /// Something that the answer needs is not there.
    Missing(Missing),
    /// It took longer than the caller waits.
    Deadline,
    /// The stream said nothing for too long.
    Idle,
    /// The caller went away.
    Cancelled,
    /// A worker failed on it.
    Internal,
}

/// What an answer needs that may not be there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Missing {
    /// The model.
    Model,
    /// The key.
    Key,
    /// The vault.
    Vault,
    /// The audit trail.
    Audit,
}

impl Fault {
    /// What is wrong with a field of a request.
    pub(crate) fn invalid(field: impl Into<String>, what: &'static str) -> Self {
        Fault::Invalid { field: field.into(), what }
    }

    /// The code of gRPC, the status of HTTP, the reason of `google.rpc.ErrorInfo`, and a sentence.
    fn terms(&self) -> (Code, StatusCode, &'static str, String) {
        let text = str::to_owned;
        match self {
            Fault::Unauthenticated => (
                Code::Unauthenticated,
                StatusCode::UNAUTHORIZED,
                "UNAUTHENTICATED",
                text("no token or certificate that is known here"),
            ),
            Fault::Role(role) => (
                Code::PermissionDenied,
                StatusCode::FORBIDDEN,
                "ROLE_MISSING",
                format!("the role {} is needed", role.name()),
            ),
            Fault::Policy => {
                (Code::PermissionDenied, StatusCode::FORBIDDEN, "POLICY_DENIED", text("the policy may not be used"))
            }
            Fault::Rate(_) => (
                Code::ResourceExhausted,
                StatusCode::TOO_MANY_REQUESTS,
                "RATE_LIMITED",
                text("more requests than the role may make"),
            ),
            Fault::Busy => (
                Code::ResourceExhausted,
                StatusCode::TOO_MANY_REQUESTS,
                "BUSY",
                text("as many requests are under way as may be; try again"),
            ),
            Fault::Large { limit } => (
                Code::InvalidArgument,
                StatusCode::PAYLOAD_TOO_LARGE,
                "TOO_LARGE",
                format!("more than {limit} bytes of text; use a stream, or several requests"),
            ),
            Fault::Invalid { field, what } => {
                (Code::InvalidArgument, StatusCode::BAD_REQUEST, "INVALID", format!("{field}: {what}"))
            }
            Fault::NoPolicy => (Code::NotFound, StatusCode::NOT_FOUND, "NO_POLICY", text("there is no such policy")),
            Fault::NoDestination => (
                Code::NotFound,
                StatusCode::NOT_FOUND,
                "NO_DESTINATION",
                text("the policy has nothing for such a destination"),
            ),
            Fault::NoMethod => {
                (Code::Unimplemented, StatusCode::NOT_FOUND, "NO_METHOD", text("there is no such method"))
            }
            Fault::Verb => {
                (Code::Unimplemented, StatusCode::METHOD_NOT_ALLOWED, "VERB", text("this path is asked in another way"))
            }
            Fault::Missing(missing) => {
                let (reason, what) = match missing {
                    Missing::Model => ("MODEL_MISSING", "the model is not loaded"),
                    Missing::Key => ("KEY_MISSING", "the key that this needs is not there"),
                    Missing::Vault => ("VAULT_MISSING", "the vault is not there"),
                    Missing::Audit => ("AUDIT_MISSING", "the audit trail cannot be written"),
                };
                (Code::Unavailable, StatusCode::SERVICE_UNAVAILABLE, reason, text(what))
            }
            Fault::Deadline => {
                (Code::DeadlineExceeded, StatusCode::GATEWAY_TIMEOUT, "DEADLINE", text("it took longer than it may"))
            }
            Fault::Idle => {
                (Code::DeadlineExceeded, StatusCode::REQUEST_TIMEOUT, "IDLE", text("nothing came for too long"))
            }
            Fault::Cancelled => {
                (Code::Cancelled, StatusCode::REQUEST_TIMEOUT, "CANCELLED", text("the caller went away"))
            }
            Fault::Internal => (
                Code::Internal,
                StatusCode::INTERNAL_SERVER_ERROR,
                "INTERNAL",
                text("the text could not be scrubbed, nothing of it is passed on"),
            ),
        }
    }

    /// After how long another try may go better.
    fn retry(&self) -> Option<Duration> {
        match self {
            Fault::Rate(wait) => Some(*wait),
            Fault::Busy => Some(Duration::from_millis(100)),
            Fault::Missing(_) => Some(Duration::from_secs(5)),
            _ => None,
        }
    }

    /// The reason, for metrics and logs.
    pub(crate) fn reason(&self) -> &'static str {
        self.terms().2
    }

    /// As a status of gRPC, with details of `google.rpc`.
    pub(crate) fn status(&self) -> Status {
        let (code, _, reason, message) = self.terms();
        let mut details = ErrorDetails::with_error_info(reason, DOMAIN, []);
        if let Some(wait) = self.retry() {
            details.set_retry_info(Some(wait));
        }
        if let Fault::Invalid { field, what } = self {
            details.add_bad_request_violation(field.clone(), *what);
        }
        Status::with_error_details(code, message, details)
    }

    /// As a problem of RFC 9457.
    pub(crate) fn problem(&self) -> Response {
        let (code, status, reason, message) = self.terms();
        let mut problem = serde_json::json!({
            "type": "about:blank",
            "title": status.canonical_reason().unwrap_or_default(),
            "status": status.as_u16(),
            "detail": message,
            "reason": reason,
            "code": i32::from(code),
        });
        if let (Fault::Invalid { field, what }, Some(members)) = (self, problem.as_object_mut()) {
            members.insert("violations".into(), serde_json::json!([{ "field": field, "description": what }]));
        }
        let mut response = (status, problem.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(wait) = self.retry() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs_f64().ceil() as u64));
        }
        response
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.terms().3)
    }
}

impl From<Withheld> for Fault {
    fn from(withheld: Withheld) -> Self {
        match withheld {
            Withheld::Fault(_) => Fault::Internal,
            Withheld::Transform(TransformError::NoKey) => Fault::Missing(Missing::Key),
            Withheld::Transform(TransformError::NoVault) => Fault::Missing(Missing::Vault),
            Withheld::Transform(TransformError::Vault(error)) => error.into(),
            Withheld::Transform(TransformError::Seal | TransformError::Lost) => Fault::Internal,
        }
    }
}

impl From<VaultError> for Fault {
    fn from(error: VaultError) -> Self {
        tracing::warn!(%error, "the vault does not answer");
        Fault::Missing(Missing::Vault)
    }
}

/// Of `google.rpc.ErrorInfo`.
const DOMAIN: &str = "deidre";

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Fault> {
        vec![
            Fault::Unauthenticated,
            Fault::Role(Role::Reveal),
            Fault::Policy,
            Fault::Rate(Duration::from_millis(1200)),
            Fault::Busy,
            Fault::Large { limit: 9 },
            Fault::invalid("options.scope", "must be one of those"),
            Fault::NoPolicy,
            Fault::NoDestination,
            Fault::NoMethod,
            Fault::Verb,
            Fault::Missing(Missing::Vault),
            Fault::Deadline,
            Fault::Idle,
            Fault::Cancelled,
            Fault::Internal,
        ]
    }

    #[test]
    fn every_fault_has_a_reason_of_its_own_and_says_it_in_grpc_and_http() {
        let mut reasons: Vec<&str> = all().iter().map(Fault::reason).collect();
        for fault in all() {
            let status = fault.status();
            let details = status.get_error_details();
            assert_eq!(details.error_info().map(|info| info.reason.as_str()), Some(fault.reason()));
            assert_eq!(details.retry_info().is_some(), fault.retry().is_some(), "{fault:?}");
            let problem = fault.problem();
            assert!(!problem.status().is_success());
            assert_eq!(problem.headers().contains_key(header::RETRY_AFTER), fault.retry().is_some());
        }
        reasons.sort_unstable();
        reasons.dedup();
        assert_eq!(reasons.len(), all().len());
    }

    #[test]
    fn a_bad_field_is_named() {
        let status = Fault::invalid("segments[3].field", "too long").status();
        let details = status.get_error_details();
        let violation = details.bad_request().and_then(|bad| bad.field_violations.first());
        assert_eq!(violation.map(|v| v.field.as_str()), Some("segments[3].field"));
    }
}
