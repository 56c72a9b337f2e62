//! Reaches upstreams: connections, who the gateway shows itself to be, and the headers that go out. Nothing of who called
//! goes with them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::{HeaderName, HeaderValue, Method, Request, Response, Uri, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use jiff::Timestamp;
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use super::perimeter::{Auth, AwsKeys, Secret, Upstream};
use super::prompt::Prompt;
use super::route::{Dialect, Route};
use super::rule::{Refusal, Rule};
use super::sigv4::{self, Signed, Signer};
use crate::trust;

/// Why an upstream cannot be reached at all. Nothing of a secret is in it.
#[derive(Debug, thiserror::Error)]
pub enum ReachError {
    /// Its authorities.
    #[error("upstream {upstream:?}: ca: {what}")]
    Ca {
        /// Which.
        upstream: String,
        /// What is wrong.
        what: String,
    },
    /// The key that is shown to it.
    #[error("upstream {upstream:?}: {what}: {error}")]
    Secret {
        /// Which.
        upstream: String,
        /// The field of the perimeter.
        what: &'static str,
        /// Why.
        error: crate::secret::KeyError,
    },
}

/// The way to an upstream.
pub(super) struct Reach {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    keys: Vec<Kept>,
}

/// A secret that is read anew when its time is over.
struct Kept {
    secret: Secret,
    read: Mutex<Option<(Arc<Zeroizing<String>>, Instant)>>,
}

/// What is told with a request.
pub(super) struct Telling<'t> {
    /// The id of the call.
    pub(super) id: &'t str,
    pub(super) version: Option<&'t str>,
    pub(super) betas: &'t [String],
}

impl Reach {
    /// The way to an upstream. What its keys are is read now where it is there already: a command is run when it is needed.
    pub(super) fn new(upstream: &Upstream, connect: Duration) -> Result<Self, ReachError> {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_connect_timeout(Some(connect));
        let connector = HttpsConnectorBuilder::new().with_tls_config(tls(upstream)?);
        // The perimeter has let http be on loopback only.
        let connector = connector.https_or_http();
        let connector = match upstream.auth {
            // The header that names the host is signed; HTTP/2 has none.
            Auth::Aws { .. } => connector.enable_http1().wrap_connector(http),
            _ => connector.enable_all_versions().wrap_connector(http),
        };
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .timer(TokioTimer::new())
            .build(connector);
        let secrets: Vec<(&'static str, &Secret)> = match &upstream.auth {
            Auth::None => Vec::new(),
            Auth::Bearer(secret) | Auth::Header(_, secret) => vec![("key", secret)],
            Auth::Aws { keys: AwsKeys::Process(secret), .. } => vec![("aws.process", secret)],
            Auth::Aws { keys: AwsKeys::Parts { key_id, secret, session }, .. } => {
                let parts = [("aws.key_id", key_id), ("aws.secret", secret)];
                parts.into_iter().chain(session.as_ref().map(|session| ("aws.session", session))).collect()
            }
        };
        let mut keys = Vec::with_capacity(secrets.len());
        for (what, secret) in secrets {
            let read = match secret.origin {
                crate::secret::foreign::Origin::Command(_) => None,
                _ => {
                    let read = secret.origin.read();
                    let told = |error| ReachError::Secret { upstream: upstream.name.clone(), what, error };
                    Some((Arc::new(read.map_err(told)?), Instant::now()))
                }
            };
            keys.push(Kept { secret: secret.clone(), read: Mutex::new(read) });
        }
        Ok(Self { client, keys })
    }

    /// Sends a prompt. The answer's body is still to come.
    pub(super) async fn send(
        &self,
        route: &Route,
        prompt: &Prompt,
        told: &Telling<'_>,
    ) -> Result<Response<Incoming>, Refusal> {
        let request = self.request(route, prompt, told).await?;
        self.client.request(request).await.map_err(|error| {
            // Its text may name hosts and addresses; what kind of error it is suffices.
            tracing::warn!(upstream = prompt.upstream.name, connect = error.is_connect(), "upstream cannot be reached");
            Rule::UpstreamUnreachable.into()
        })
    }

    async fn request(
        &self,
        route: &Route,
        prompt: &Prompt,
        told: &Telling<'_>,
    ) -> Result<Request<Full<Bytes>>, Refusal> {
        let upstream = &prompt.upstream;
        let url = &upstream.url;
        let path = format!("{}{}", url.prefix, route.path);
        let query = match (route.dialect, told.version) {
            (Dialect::Azure, Some(version)) => format!("?api-version={}", super::route::encoded(version)),
            _ => String::new(),
        };
        let uri: Uri =
            format!("{}://{}{path}{query}", url.scheme, url.authority).parse().map_err(|_| Rule::Internal)?;
        let accept = match (prompt.streams, route.dialect) {
            (false, _) => "application/json",
            (true, Dialect::Bedrock) => "application/vnd.amazon.eventstream",
            (true, _) => "text/event-stream",
        };
        let mut request = Request::new(Full::new(prompt.body.clone()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = uri;
        let headers = request.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        headers.insert(header::USER_AGENT, HeaderValue::from_static(AGENT));
        headers.insert(REQUEST_ID, value(told.id)?);
        if route.dialect == Dialect::Anthropic {
            if let Some(version) = told.version {
                headers.insert("anthropic-version", value(version)?);
            }
            if !told.betas.is_empty() {
                headers.insert("anthropic-beta", value(&told.betas.join(","))?);
            }
        }
        for (name, given) in [("openai-organization", &upstream.organization), ("openai-project", &upstream.project)] {
            if let Some(given) = given {
                headers.insert(HeaderName::from_static(name), value(given)?);
            }
        }
        match &upstream.auth {
            Auth::None => {}
            Auth::Bearer(_) => {
                let key = self.key(0).await?;
                headers.insert(header::AUTHORIZATION, secret(&Zeroizing::new(format!("Bearer {}", key.as_str())))?);
            }
            Auth::Header(name, _) => {
                let key = self.key(0).await?;
                headers.insert(HeaderName::from_static(name), secret(&key)?);
            }
            Auth::Aws { region, keys } => {
                let aws = self.aws(keys).await?;
                let date = sigv4::date(Timestamp::now());
                let mut signed =
                    vec![("accept", accept), ("content-type", "application/json"), ("host", url.authority.as_str())];
                signed.push(("x-amz-date", &date));
                if let Some(session) = &aws.session {
                    signed.push(("x-amz-security-token", session));
                }
                let signer = Signer { key_id: &aws.key_id, secret: &aws.secret, region, service: "bedrock" };
                let request = Signed { method: "POST", path: &path, query: "", headers: &signed, body: &prompt.body };
                let authorization = signer.authorization(&request, &date);
                headers.insert(header::AUTHORIZATION, secret(&authorization)?);
                headers.insert(header::HOST, value(&url.authority)?);
                headers.insert("x-amz-date", value(&date)?);
                if let Some(session) = &aws.session {
                    headers.insert("x-amz-security-token", secret(session)?);
                }
            }
        }
        Ok(request)
    }

    async fn key(&self, number: usize) -> Result<Arc<Zeroizing<String>>, Refusal> {
        self.keys.get(number).ok_or(Rule::Internal)?.key().await
    }

    async fn aws(&self, keys: &AwsKeys) -> Result<AwsKey, Refusal> {
        match keys {
            AwsKeys::Parts { session, .. } => Ok(AwsKey {
                key_id: Zeroizing::new(self.key(0).await?.as_str().to_owned()),
                secret: Zeroizing::new(self.key(1).await?.as_str().to_owned()),
                session: match session {
                    Some(_) => Some(Zeroizing::new(self.key(2).await?.as_str().to_owned())),
                    None => None,
                },
            }),
            AwsKeys::Process(_) => {
                let printed = self.key(0).await?;
                let printed: Printed = serde_json::from_str(&printed).map_err(|_| Rule::KeyMissing)?;
                let (key_id, secret) = (Zeroizing::new(printed.key_id), Zeroizing::new(printed.secret));
                Ok(AwsKey { key_id, secret, session: printed.session.map(Zeroizing::new) })
            }
        }
    }
}

struct AwsKey {
    key_id: Zeroizing<String>,
    secret: Zeroizing<String>,
    session: Option<Zeroizing<String>>,
}

/// What `credential_process` of AWS's configuration prints.
#[derive(serde::Deserialize)]
struct Printed {
    #[serde(rename = "AccessKeyId")]
    key_id: String,
    #[serde(rename = "SecretAccessKey")]
    secret: String,
    #[serde(rename = "SessionToken")]
    session: Option<String>,
}

impl Kept {
    async fn key(&self) -> Result<Arc<Zeroizing<String>>, Refusal> {
        // One reads, the others wait for what it reads.
        let mut read = self.read.lock().await;
        let good = |since: &Instant| self.secret.lifetime.is_none_or(|lifetime| since.elapsed() < lifetime);
        if let Some((key, since)) = &*read
            && good(since)
        {
            return Ok(Arc::clone(key));
        }
        let (origin, since) = (self.secret.origin.clone(), Instant::now());
        let fresh = tokio::task::spawn_blocking(move || origin.read()).await.map_err(|_| Rule::Internal)?;
        match fresh {
            Ok(key) => {
                let key = Arc::new(key);
                *read = Some((Arc::clone(&key), since));
                Ok(key)
            }
            Err(error) => {
                tracing::error!(%error, "the key of an upstream cannot be read");
                Err(Rule::KeyMissing.into())
            }
        }
    }
}

fn tls(upstream: &Upstream) -> Result<rustls::ClientConfig, ReachError> {
    let config = match &upstream.ca {
        None if upstream.url.scheme != "https" => trust::nobody(),
        ca => trust::client(ca.as_deref()),
    };
    config.map_err(|error| {
        let file = upstream.ca.as_ref().map_or_else(String::new, |path| format!("{}: ", path.display()));
        ReachError::Ca { upstream: upstream.name.clone(), what: format!("{file}{error}") }
    })
}

fn value(text: &str) -> Result<HeaderValue, Refusal> {
    HeaderValue::from_str(text).map_err(|_| Rule::Internal.into())
}

/// A value that no `Debug` shows.
fn secret(text: &str) -> Result<HeaderValue, Refusal> {
    let mut value = HeaderValue::from_str(text).map_err(|_| Rule::KeyMissing)?;
    value.set_sensitive(true);
    Ok(value)
}

/// The id of a call, towards both sides.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const AGENT: &str = concat!("deidre/", env!("CARGO_PKG_VERSION"));
/// How long a connection is kept that nothing is asked on.
const IDLE: Duration = Duration::from_secs(60);
/// Connections to an upstream that are kept so.
const IDLE_CONNECTIONS: usize = 512;

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::secret::foreign::Origin;

    fn kept(command: String, lifetime: Option<Duration>) -> Kept {
        Kept { secret: Secret { origin: Origin::Command(command), lifetime }, read: Mutex::new(None) }
    }

    #[tokio::test]
    async fn a_key_is_read_anew_when_its_time_is_over_and_not_before() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("count");
        // Each run prints one letter more.
        let command = format!("printf x >> {0}; cat {0}", file.display());
        let forever = kept(command.clone(), None);
        for _ in 0..3 {
            assert_eq!(forever.key().await.unwrap().as_str(), "x");
        }
        let short = kept(command, Some(Duration::from_millis(50)));
        assert_eq!(short.key().await.unwrap().as_str(), "xx");
        assert_eq!(short.key().await.unwrap().as_str(), "xx");
        tokio::time::sleep(Duration::from_millis(60)).await;
        assert_eq!(short.key().await.unwrap().as_str(), "xxx");
        let none = kept("exit 1".to_owned(), None);
        assert_eq!(none.key().await.unwrap_err().rule, Rule::KeyMissing);
    }

    #[test]
    fn credentials_of_aws_are_read_as_its_tools_print_them() {
        let printed =
            r#"{"Version": 1, "AccessKeyId": "a", "SecretAccessKey": "b", "SessionToken": "c", "Expiration": "2026"}"#;
        let printed: Printed = serde_json::from_str(printed).unwrap();
        assert_eq!(
            (printed.key_id.as_str(), printed.secret.as_str(), printed.session.as_deref()),
            ("a", "b", Some("c"))
        );
        assert!(serde_json::from_str::<Printed>(r#"{"AccessKeyId": "a"}"#).is_err());
    }

    #[test]
    fn secrets_in_headers_are_not_shown() {
        let value = secret("zeppelina").unwrap();
        assert!(value.is_sensitive() && !format!("{value:?}").contains("zeppelina"));
        assert_eq!(secret("a\nb").unwrap_err().rule, Rule::KeyMissing);
    }
}
