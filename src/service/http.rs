//! The door of JSON over HTTP: the messages of the proto as JSON, the same answers as by gRPC.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::fault::Fault;
use super::gate::{Call, Door, body, pass};
use super::{Service, openapi, reveal, work};

/// The routes of HTTP, behind the gate.
pub(crate) fn router(service: &Arc<Service>) -> Router {
    let gate = axum::middleware::from_fn_with_state((Arc::clone(service), Door::Http), pass);
    Router::new()
        .route("/v1/deidentify", post(deidentify))
        .route("/v1/reveal", post(reveal))
        .route("/v1/detect", post(detect))
        .route("/v1/policies", get(policies))
        .route("/v1/version", get(version))
        .route("/openapi.json", get(description))
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .method_not_allowed_fallback(async |_: Method| Fault::Verb.problem())
        .layer(gate)
        .with_state(Arc::clone(service))
}

async fn deidentify(State(service): State<Arc<Service>>, request: Request) -> Response {
    let answer = async {
        let (call, message) = read(&service, request).await?;
        work::deidentify(&service, &call, message).await
    };
    answered(answer.await)
}

async fn reveal(State(service): State<Arc<Service>>, request: Request) -> Response {
    let answer = async {
        let (call, message) = read(&service, request).await?;
        reveal::reveal(&service, &call, message).await
    };
    answered(answer.await)
}

async fn detect(State(service): State<Arc<Service>>, request: Request) -> Response {
    let answer = async {
        let (call, message) = read(&service, request).await?;
        work::detect(&service, &call, message).await
    };
    answered(answer.await)
}

async fn policies(State(service): State<Arc<Service>>, mut request: Request) -> Response {
    answered(call(&mut request).map(|call| work::policies(&service, call.identity())))
}

async fn version(State(service): State<Arc<Service>>) -> Response {
    answered(Ok(service.version()))
}

async fn description() -> Response {
    static DESCRIPTION: std::sync::LazyLock<Option<String>> = std::sync::LazyLock::new(openapi::description);
    match DESCRIPTION.as_deref() {
        Some(text) => ([(header::CONTENT_TYPE, JSON)], text).into_response(),
        None => Fault::Internal.problem(),
    }
}

async fn ready(State(service): State<Arc<Service>>) -> Response {
    match (service.is_ready(), service.lacks()) {
        (true, _) => "ready\n".into_response(),
        (false, Some(missing)) => Fault::Missing(missing).problem(),
        (false, None) => (StatusCode::SERVICE_UNAVAILABLE, "draining\n").into_response(),
    }
}

async fn metrics(State(service): State<Arc<Service>>) -> Response {
    let kind = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
    ([(header::CONTENT_TYPE, kind)], service.page()).into_response()
}

/// The call, as the gate let it in.
fn call(request: &mut Request) -> Result<Call, Fault> {
    request.extensions_mut().remove::<Call>().ok_or(Fault::Internal)
}

/// The call and its message.
async fn read<T: DeserializeOwned>(service: &Service, mut request: Request) -> Result<(Call, T), Fault> {
    let call = call(&mut request)?;
    // A character may be written with six.
    let most = service.settings.text.saturating_mul(6).saturating_add(256 << 10);
    let bytes = body(request, most).await?;
    // What serde says of it may repeat a text: only the place is told.
    let message = serde_json::from_slice(&bytes).map_err(|e| {
        Fault::invalid(format!("body, line {}, column {}", e.line(), e.column()), "not the JSON of this method")
    })?;
    Ok((call, message))
}

fn answered<T: Serialize>(answer: Result<T, Fault>) -> Response {
    match answer.and_then(|message| serde_json::to_vec(&message).map_err(|_| Fault::Internal)) {
        Ok(json) => ([(header::CONTENT_TYPE, JSON)], json).into_response(),
        Err(fault) => fault.problem(),
    }
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");
