//! Traces of requests for a collector, by OTLP over gRPC (OpenTelemetry Protocol 1.x): a span a request, joined to the caller's
//! trace by `traceparent` (W3C Trace Context).
//!
//! A span says which method, how it ended, its request id, and how long each stage took. Nothing of a request but what is in
//! hexadecimal gets into one: `tracestate` and baggage, which may hold anything, are not read.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::HeaderMap;
use opentelemetry::trace::{
    Span as _, SpanContext, SpanId, SpanKind, Status, TraceContextExt, TraceFlags, TraceId, TraceState, Tracer as _,
    TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::tonic_types::transport::ClientTlsConfig;
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig, WithTonicConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider, Span};

use super::gate::Door;
use super::proto::Timings;

/// Where spans go.
pub struct Traces {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

/// Why there are none.
#[derive(Debug, thiserror::Error)]
#[error("no traces")]
pub struct TracesError(#[from] ExporterBuildError);

impl Traces {
    /// Sends spans to the collector at `endpoint`, `http://HOST:4317` or `https://HOST:4317`, in the background: a collector that
    /// is away costs spans and no request. To be called on a runtime, which must last until [`Traces::end`].
    ///
    /// # Errors
    ///
    /// When `endpoint` is no address.
    pub fn new(endpoint: &str) -> Result<Self, TracesError> {
        let mut exporter = SpanExporter::builder().with_tonic().with_endpoint(endpoint).with_timeout(EXPORT);
        if endpoint.starts_with("https:") {
            exporter = exporter.with_tls_config(ClientTlsConfig::new().with_native_roots());
        }
        let resource = Resource::builder()
            .with_service_name("deidre")
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let provider =
            SdkTracerProvider::builder().with_batch_exporter(exporter.build()?).with_resource(resource).build();
        Ok(Self { tracer: provider.tracer("deidre"), provider })
    }

    /// Sends what is left. It waits for the collector for five seconds at most and must not be called on a thread of the runtime.
    pub fn end(&self) {
        // What the collector did not take is lost, and it was logged.
        let _ = self.provider.shutdown_with_timeout(EXPORT);
    }

    /// The span of a request that just came.
    pub(crate) fn begin(&self, method: &'static str, door: Door, id: &str, headers: &HeaderMap) -> Trace {
        let system = match door {
            Door::Grpc => "grpc",
            Door::Http => "http",
        };
        let span = self.tracer.span_builder(method).with_kind(SpanKind::Server).with_attributes([
            KeyValue::new("rpc.system", system),
            KeyValue::new("rpc.service", "deidre.v1.Deidre"),
            KeyValue::new("rpc.method", method),
            KeyValue::new("deidre.request_id", id.to_owned()),
        ]);
        let parent = parent(headers).map_or_else(Context::new, |above| Context::new().with_remote_span_context(above));
        Trace(Mutex::new(span.start_with_context(&self.tracer, &parent)))
    }
}

/// A request's span. It ends when the last that holds it is gone: when the answer has left.
pub(crate) struct Trace(Mutex<Span>);

impl Trace {
    /// How long the stages took.
    pub(crate) fn took(&self, timings: &Timings) {
        let us = |name, us: u64| KeyValue::new(name, i64::try_from(us).unwrap_or(i64::MAX));
        self.0.lock().unwrap_or_else(PoisonError::into_inner).set_attributes([
            us("deidre.queue_us", timings.queue_us),
            us("deidre.detect_us", timings.detect_us),
            us("deidre.replace_us", timings.replace_us),
            us("deidre.vault_us", timings.vault_us),
        ]);
    }

    /// How it ended: the name of gRPC's code.
    pub(crate) fn ended(&self, code: &'static str) {
        let mut span = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        span.set_attribute(KeyValue::new("rpc.grpc.status", code));
        if code != "OK" {
            span.set_status(Status::error(code));
        }
    }
}

/// The caller's span, by `traceparent`: `00-<32 hex>-<16 hex>-<2 hex>`.
fn parent(headers: &HeaderMap) -> Option<SpanContext> {
    let mut parts = headers.get("traceparent")?.to_str().ok()?.split('-');
    let mut next = |length: usize| parts.next().filter(|part| part.len() == length && part.bytes().all(is_hex));
    let version = next(2)?;
    let (trace, span, flags) = (next(32)?, next(16)?, next(2)?);
    // A later version may have more behind it.
    if version == "ff" || version == "00" && parts.next().is_some() {
        return None;
    }
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?) & TraceFlags::SAMPLED;
    let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
    let above = SpanContext::new(trace, span, flags, true, TraceState::NONE);
    above.is_valid().then_some(above)
}

fn is_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

/// How long the collector has.
const EXPORT: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_what_the_specification_allows_is_a_parent() {
        let read = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("traceparent", HeaderValue::from_static(value));
            parent(&headers)
        };
        let above = read("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").unwrap();
        assert_eq!(above.trace_id().to_string(), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(above.span_id().to_string(), "b7ad6b7169203331");
        assert!(above.is_sampled() && above.is_remote());
        assert!(!read("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00").unwrap().is_sampled());
        assert!(read("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more").is_some());
        for other in [
            "",
            "Osei",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c8031-b7ad6b7169203331-01",
        ] {
            assert!(read(other).is_none(), "{other}");
        }
        assert!(parent(&HeaderMap::new()).is_none());
    }
}
