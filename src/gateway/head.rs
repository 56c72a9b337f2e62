//! What is read of the heads of requests and answers, and what of them goes on.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::Response;

use super::answer::is_word;
use super::route::{Dialect, Route};
use super::rule::{AWS_KIND, Refusal, Rule, Told, error};
use crate::audit::Credential;

/// The key that a caller shows, wherever its client puts it.
pub(super) fn key(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let unknown = || Refusal::new(Rule::Unauthenticated);
    for name in ["x-api-key", "api-key"] {
        if let Some(value) = headers.get(name) {
            return value.to_str().map(Some).map_err(|_| unknown());
        }
    }
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let (scheme, rest) = value.to_str().ok().and_then(|value| value.split_once(' ')).ok_or_else(unknown)?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Ok(Some(rest.trim()));
    }
    // AWS's clients that sign have it as the id of their key. It is the secret here, so that the signature proves no more.
    let id = rest.trim_start().strip_prefix("Credential=").and_then(|rest| rest.split('/').next());
    id.filter(|_| scheme == "AWS4-HMAC-SHA256").map(Some).ok_or_else(unknown)
}

/// What shows who a caller is, as the trail has it.
pub(super) fn first(digest: &[u8; 32]) -> Option<Credential> {
    digest.first_chunk().map(|first| Credential::Known(*first))
}

/// The version of the API that a call names; whatever else is in the query is refused.
pub(super) fn version(route: &Route, request: &Request) -> Result<Option<String>, Refusal> {
    let mut version = None;
    for part in request.uri().query().unwrap_or_default().split('&').filter(|part| !part.is_empty()) {
        match (route.dialect, part.split_once('=')) {
            (Dialect::Azure, Some(("api-version", value))) if version.is_none() && value.len() <= 64 => {
                version = Some(value.to_owned());
            }
            (Dialect::Anthropic, Some(("beta", "true"))) => {}
            _ => return Err(Rule::Query.into()),
        }
    }
    if route.dialect == Dialect::Anthropic {
        version = text(request.headers(), HeaderName::from_static("anthropic-version"))?.map(str::to_owned);
    }
    Ok(version)
}

/// Features on trial that a call asks for; headers that ask for what is not there are refused.
pub(super) fn headers(route: &Route, headers: &HeaderMap) -> Result<Vec<String>, Refusal> {
    let asks = |name: &str| {
        name == "openai-beta"
            || name.starts_with("anthropic-") && !matches!(name, "anthropic-version" | "anthropic-beta")
            || name.starts_with("x-amzn-bedrock-") && name != "x-amzn-bedrock-accept"
    };
    if headers.keys().any(|name| asks(name.as_str())) {
        return Err(Rule::Header.into());
    }
    let kind = text(headers, header::CONTENT_TYPE)?.map(|kind| kind.split(';').next().unwrap_or_default().trim());
    let is_json = match kind {
        Some(kind) if kind.eq_ignore_ascii_case("application/json") => true,
        // As AWS's clients send what they were given as bytes.
        None | Some("application/octet-stream") => route.dialect == Dialect::Bedrock,
        Some(_) => false,
    };
    if !is_json || headers.get(header::CONTENT_ENCODING).is_some_and(|value| value != "identity") {
        return Err(Rule::Encoding.into());
    }
    let mut betas = Vec::new();
    for value in headers.get_all("anthropic-beta") {
        let value = value.to_str().map_err(|_| Refusal::at(Rule::Header, "anthropic-beta"))?;
        betas.extend(value.split(',').map(|beta| beta.trim().to_owned()).filter(|beta| !beta.is_empty()));
    }
    if route.dialect != Dialect::Anthropic && !betas.is_empty() {
        return Err(Refusal::at(Rule::Header, "anthropic-beta"));
    }
    Ok(betas)
}

/// A header of text that comes once.
pub(super) fn text(headers: &HeaderMap, name: HeaderName) -> Result<Option<&str>, Refusal> {
    let mut all = headers.get_all(&name).iter();
    let (first, more) = (all.next(), all.next());
    if more.is_some() {
        return Err(Rule::Header.into());
    }
    // UTF-8, which `to_str` does not take.
    let text = first.map(|value| std::str::from_utf8(value.as_bytes()).map_err(|_| Refusal::new(Rule::Header)));
    text.transpose()
}

/// What of an upstream's headers goes on.
pub(super) fn passed(headers: &HeaderMap) -> HeaderMap {
    let mut passed = HeaderMap::new();
    for (name, value) in headers {
        let known = PASSED.contains(&name.as_str())
            || PASSED_PREFIXES.iter().any(|prefix| name.as_str().starts_with(prefix))
            || name.as_str().starts_with("x-amzn-bedrock-") && name.as_str().ends_with("-token-count");
        // Numbers, times, ids, types of content: nothing that could be a text.
        let plain = |b: &u8| b.is_ascii_alphanumeric() || b".,:;=/+_-".contains(b) || *b == b' ';
        if known && value.len() <= 128 && value.as_bytes().iter().all(plain) {
            passed.append(name.clone(), value.clone());
        }
    }
    passed
}

/// What an upstream calls an error, without what it says of it.
#[derive(Default, serde::Deserialize)]
struct Called {
    #[serde(default)]
    error: Option<CalledError>,
    #[serde(default, rename = "__type")]
    aws: Option<String>,
}

#[derive(serde::Deserialize)]
struct CalledError {
    #[serde(default, rename = "type")]
    kind: Option<serde_json::Value>,
    #[serde(default)]
    code: Option<serde_json::Value>,
}

/// An upstream's error: status, type and code. Its text may quote the prompt, or the provider's key.
pub(super) fn upstream_error(
    dialect: Dialect,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    id: &str,
) -> Response {
    let called: Called = serde_json::from_slice(body).unwrap_or_default();
    let word = |value: Option<&serde_json::Value>| {
        value.and_then(serde_json::Value::as_str).filter(|text| is_word(text)).map(str::to_owned)
    };
    let error_of = called.error.as_ref();
    let aws = headers.get(AWS_KIND).and_then(|value| value.to_str().ok()).map(str::to_owned).or(called.aws);
    // As AWS has it: a name, perhaps with a colon or in a name space.
    let aws = aws.and_then(|kind| kind.split(':').next().and_then(|kind| kind.rsplit('#').next()).map(str::to_owned));
    let kind = word(error_of.and_then(|error| error.kind.as_ref())).or(aws.filter(|kind| is_word(kind)));
    let code = word(error_of.and_then(|error| error.code.as_ref()));
    let message = format!("deidre: the upstream answered {}; its text is not passed on", status.as_u16());
    let told = Told {
        message: &message,
        kind: Some(kind.as_deref().unwrap_or(if dialect == Dialect::Bedrock {
            "InternalServerException"
        } else {
            "api_error"
        })),
        code: code.as_deref().unwrap_or("upstream_error"),
        id,
        place: &None,
    };
    error(dialect, status, &told)
}

/// Headers of upstreams that go on.
const PASSED: [&str; 9] = [
    "content-type",
    "retry-after",
    "retry-after-ms",
    "openai-processing-ms",
    "x-amzn-requestid",
    "x-amzn-bedrock-invocation-latency",
    "x-amzn-bedrock-content-type",
    "x-amzn-bedrock-performanceconfig-latency",
    "x-amzn-bedrock-service-tier",
];
const PASSED_PREFIXES: [&str; 2] = ["x-ratelimit-", "anthropic-ratelimit-"];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use axum::http::HeaderValue;

    use super::*;

    fn of(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
            .collect()
    }

    #[test]
    fn a_key_is_taken_from_where_each_client_puts_it() {
        for (pairs, want) in [
            (&[("authorization", "Bearer k")][..], Ok(Some("k"))),
            (&[("authorization", "bearer k ")], Ok(Some("k"))),
            (&[("api-key", "k")], Ok(Some("k"))),
            (&[("x-api-key", "k"), ("authorization", "Bearer other")], Ok(Some("k"))),
            (
                &[(
                    "authorization",
                    "AWS4-HMAC-SHA256 Credential=k/20260101/us-east-1/bedrock/aws4_request, Signature=00",
                )],
                Ok(Some("k")),
            ),
            (&[("authorization", "Basic k")], Err(Rule::Unauthenticated)),
            (&[("authorization", "k")], Err(Rule::Unauthenticated)),
            (&[("authorization", "Basic Credential=k/")], Err(Rule::Unauthenticated)),
            (&[], Ok(None)),
        ] {
            let headers = of(pairs);
            assert_eq!(key(&headers).map_err(|refusal| refusal.rule), want, "{pairs:?}");
        }
    }

    #[test]
    fn headers_of_an_upstream_go_on_only_where_they_can_be_no_text() {
        let headers = of(&[
            ("content-type", "text/event-stream; charset=utf-8"),
            ("x-ratelimit-remaining-tokens", "7"),
            ("x-amzn-bedrock-input-token-count", "9"),
            ("retry-after", "Osei <b>"),
            ("set-cookie", "a=b"),
            ("server", "x"),
            ("x-request-id", "theirs"),
            ("location", "http://x"),
        ]);
        let mut names: Vec<String> = passed(&headers).keys().map(|name| name.as_str().to_owned()).collect();
        names.sort();
        assert_eq!(names, ["content-type", "x-amzn-bedrock-input-token-count", "x-ratelimit-remaining-tokens"]);
    }

    #[tokio::test]
    async fn an_error_of_an_upstream_keeps_words_only() {
        use http_body_util::BodyExt;
        for (dialect, body, kind) in [
            (
                Dialect::OpenAi,
                r#"{"error":{"message":"Osei","type":"invalid_request_error","code":"Mr Osei"}}"#,
                "invalid_request_error",
            ),
            (
                Dialect::Anthropic,
                r#"{"type":"error","error":{"type":"overloaded_error","message":"Osei"}}"#,
                "overloaded_error",
            ),
            (Dialect::Bedrock, r#"{"__type":"com.amazon#ThrottlingException:x","message":"Osei"}"#, ""),
            (Dialect::OpenAi, "Osei", "api_error"),
        ] {
            let response = upstream_error(dialect, StatusCode::BAD_REQUEST, &HeaderMap::new(), body.as_bytes(), "00");
            if dialect == Dialect::Bedrock {
                assert_eq!(response.headers()[AWS_KIND], "ThrottlingException");
            }
            let text = response.into_body().collect().await.unwrap().to_bytes();
            let text = String::from_utf8(text.to_vec()).unwrap();
            assert!(text.contains(kind) && !text.contains("Osei"), "{text}");
        }
    }
}
