//! What the gateway counts, for Prometheus. Labels are names of upstreams, endpoints and rules: nothing of a text.

use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::audit::{Exchange, Outcome, Sent};

/// All counts.
pub(super) struct Metrics {
    registry: Registry,
    calls: Family<Call, Counter>,
    seconds: Family<Endpoint, Histogram>,
    first: Family<Endpoint, Histogram>,
    added: Histogram,
    tokens: Family<Direction, Counter>,
    revealed: Counter,
    /// Calls under way.
    pub(super) in_flight: Gauge,
    /// Answers that come bit by bit, under way.
    pub(super) streams: Gauge,
    /// Whether calls are made.
    pub(super) ready: Gauge,
    syslog_behind: Gauge,
    syslog_connected: Gauge,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct Call {
    upstream: String,
    endpoint: &'static str,
    outcome: &'static str,
    rule: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct Endpoint {
    endpoint: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct Direction {
    direction: &'static str,
}

impl Metrics {
    pub(super) fn new() -> Self {
        let mut registry = Registry::with_prefix("deidre_gateway");
        let latency = || Histogram::new(exponential_buckets(0.000_5, 2.0, 20));
        let metrics = Self {
            calls: Family::default(),
            seconds: Family::new_with_constructor(latency),
            first: Family::new_with_constructor(latency),
            added: latency(),
            tokens: Family::default(),
            revealed: Counter::default(),
            in_flight: Gauge::default(),
            streams: Gauge::default(),
            ready: Gauge::default(),
            syslog_behind: Gauge::default(),
            syslog_connected: Gauge::default(),
            registry: Registry::default(),
        };
        registry.register("calls", "Calls, by upstream, endpoint, outcome and rule", metrics.calls.clone());
        registry.register("call_seconds", "From a call to the end of its answer", metrics.seconds.clone());
        registry.register("first_byte_seconds", "From a call to the first of its answer", metrics.first.clone());
        registry.register("added_seconds", "From a call until it goes to the upstream", metrics.added.clone());
        registry.register("model_tokens", "Tokens of models, as upstreams count them", metrics.tokens.clone());
        registry.register("revealed", "Tokens turned back in answers", metrics.revealed.clone());
        registry.register("in_flight", "Calls under way", metrics.in_flight.clone());
        registry.register("streams", "Answers under way that come bit by bit", metrics.streams.clone());
        registry.register("ready", "1 while calls are made", metrics.ready.clone());
        registry.register("syslog_behind", "Lines of the trail that syslog has not had", metrics.syslog_behind.clone());
        registry.register("syslog_connected", "1 while syslog is reached", metrics.syslog_connected.clone());
        Self { registry, ..metrics }
    }

    /// Counts what passed before a call went to its upstream.
    pub(super) fn sent(&self, took: Duration) {
        self.added.observe(took.as_secs_f64());
    }

    /// Counts a call that ended.
    pub(super) fn ended(&self, exchange: &Exchange, took: Duration) {
        let endpoint = exchange.endpoint.unwrap_or("unlisted");
        let outcome = match exchange.outcome {
            Outcome::Done => "done",
            Outcome::Partial => "partial",
            Outcome::Refused => "refused",
            Outcome::Cancelled => "cancelled",
            _ => "failed",
        };
        // Names of the perimeter: there are as many as it has.
        let upstream = exchange.upstream.as_ref().map_or(String::new(), |name| name.as_str().to_owned());
        let rule = exchange.rule.unwrap_or_default();
        self.calls.get_or_create(&Call { upstream, endpoint, outcome, rule }).inc();
        self.seconds.get_or_create(&Endpoint { endpoint }).observe(took.as_secs_f64());
        if let Some(first) = exchange.first_byte {
            self.first.get_or_create(&Endpoint { endpoint }).observe(first.as_secs_f64());
        }
        if let Some(usage) = exchange.usage {
            self.tokens.get_or_create(&Direction { direction: "input" }).inc_by(usage.input);
            self.tokens.get_or_create(&Direction { direction: "output" }).inc_by(usage.output);
        }
        if let Some(tokens) = exchange.tokens {
            self.revealed.inc_by(tokens.revealed);
        }
    }

    /// Notes how far syslog is.
    pub(super) fn syslog(&self, sent: Sent) {
        self.syslog_behind.set(i64::try_from(sent.last.saturating_sub(sent.sent)).unwrap_or(i64::MAX));
        self.syslog_connected.set(i64::from(sent.connected));
    }

    /// All counts in the text form of OpenMetrics, without the line that ends it.
    pub(super) fn page(&self) -> String {
        let mut page = String::new();
        // A string takes everything.
        let _ = text::encode(&mut page, &self.registry);
        let end = page.strip_suffix("# EOF\n").map_or(page.len(), str::len);
        page.truncate(end);
        page
    }
}
