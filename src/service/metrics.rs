//! What the service counts, for Prometheus. Labels are names of methods, stages, codes and identifiers: nothing of a text.

use std::fmt::Write as _;
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::identifier::Label;
use crate::pipeline::given::Times;

/// All counts.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Outcome, Counter>,
    seconds: Family<Method, Histogram>,
    stages: [Histogram; 4],
    /// Requests under way.
    pub(crate) in_flight: Gauge,
    /// Streams under way.
    pub(crate) streams: Gauge,
    /// Connections.
    pub(crate) connections: Gauge,
    /// Windows in a call of the model.
    pub(crate) windows: Histogram,
    /// Whether requests are answered.
    pub(crate) ready: Gauge,
    labels: [Counter; Label::ALL.len()],
    bytes: Counter,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct Method {
    method: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct Outcome {
    method: &'static str,
    code: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct Stage {
    stage: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct Named {
    label: &'static str,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("deidre");
        let seconds: Family<Method, Histogram> = Family::new_with_constructor(latency);
        let stages: Family<Stage, Histogram> = Family::new_with_constructor(latency);
        let labels: Family<Named, Counter> = Family::default();
        let metrics = Self {
            requests: Family::default(),
            stages: STAGES.map(|stage| stages.get_or_create(&Stage { stage }).clone()),
            labels: Label::ALL.map(|label| labels.get_or_create(&Named { label: label.name() }).clone()),
            seconds,
            in_flight: Gauge::default(),
            streams: Gauge::default(),
            connections: Gauge::default(),
            windows: Histogram::new([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0]),
            ready: Gauge::default(),
            bytes: Counter::default(),
            registry: Registry::default(),
        };
        registry.register("requests", "Requests, by method and gRPC code", metrics.requests.clone());
        registry.register("request_seconds", "From a request to its answer", metrics.seconds.clone());
        registry.register("stage_seconds", "Time of a text in a stage", stages);
        registry.register("in_flight", "Requests under way", metrics.in_flight.clone());
        registry.register("streams", "Streams under way", metrics.streams.clone());
        registry.register("connections", "Open connections", metrics.connections.clone());
        registry.register("model_windows", "Windows in a call of the model", metrics.windows.clone());
        registry.register("ready", "1 while requests of the default policy are answered", metrics.ready.clone());
        registry.register("identifiers", "Identifiers replaced, by label", labels);
        registry.register("text_bytes", "Bytes of text scrubbed", metrics.bytes.clone());
        Self { registry, ..metrics }
    }

    /// Counts a request that was answered, or refused.
    pub(crate) fn answered(&self, method: &'static str, code: &'static str, took: Duration) {
        self.requests.get_or_create(&Outcome { method, code }).inc();
        self.seconds.get_or_create(&Method { method }).observe(took.as_secs_f64());
    }

    /// Counts what a text took.
    pub(crate) fn scrubbed(&self, queued: Duration, times: &Times, bytes: usize, replaced: &[u64; Label::ALL.len()]) {
        let [queue, detect, replace, vault] = &self.stages;
        queue.observe(queued.as_secs_f64());
        detect.observe(times.detect.as_secs_f64());
        replace.observe(times.replace.as_secs_f64());
        vault.observe(times.vault.as_secs_f64());
        self.bytes.inc_by(bytes as u64);
        for (counter, count) in self.labels.iter().zip(replaced).filter(|(_, count)| **count > 0) {
            counter.inc_by(*count);
        }
    }

    /// All counts in the text form of OpenMetrics. `waiting` is the depth of the queue, `cache` how many windows the model
    /// answered from memory and was asked about.
    pub(crate) fn page(&self, waiting: usize, cache: Option<(u64, u64)>) -> String {
        let mut page = String::new();
        // A string takes everything.
        let _ = text::encode(&mut page, &self.registry);
        let end = page.strip_suffix("# EOF\n").map_or(page.len(), str::len);
        page.truncate(end);
        let _ =
            writeln!(page, "# HELP deidre_queue_depth Texts that wait for a thread.\n# TYPE deidre_queue_depth gauge");
        let _ = writeln!(page, "deidre_queue_depth {waiting}");
        if let Some((hits, asked)) = cache {
            for (name, help, count) in [
                ("hits", "Stretches of text that the model answered from memory", hits),
                ("lookups", "Stretches of text that the model was asked about", asked),
            ] {
                let name = format!("deidre_model_cache_{name}");
                let _ = writeln!(page, "# HELP {name} {help}.\n# TYPE {name} counter\n{name}_total {count}");
            }
        }
        page.push_str("# EOF\n");
        page
    }
}

/// From 50 microseconds to 26 seconds.
fn latency() -> Histogram {
    Histogram::new(prometheus_client::metrics::histogram::exponential_buckets(0.000_05, 2.0, 20))
}

/// In the order of [`Metrics::scrubbed`].
const STAGES: [&str; 4] = ["queue", "detect", "replace", "vault"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_what_was_counted() {
        let metrics = Metrics::new();
        let mut replaced = [0; Label::ALL.len()];
        replaced[Label::Name as usize] = 3;
        metrics.scrubbed(Duration::ZERO, &Times::default(), 10, &replaced);
        metrics.answered("Deidentify", "OK", Duration::from_millis(3));
        let page = metrics.page(2, Some((5, 7)));
        for line in [
            "deidre_identifiers_total{label=\"NAME\"} 3",
            "deidre_requests_total{method=\"Deidentify\",code=\"OK\"} 1",
            "deidre_stage_seconds_count{stage=\"vault\"} 1",
            "deidre_queue_depth 2",
            "deidre_model_cache_hits_total 5",
            "deidre_text_bytes_total 10",
        ] {
            assert!(page.lines().any(|l| l == line), "{line} in {page}");
        }
        assert!(page.ends_with("# EOF\n") && page.matches("# EOF").count() == 1);
    }
}
