//! What a load came to: answers, refusals and faults, times, cores and memory.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use crate::figures::{cpu, percentile};
use crate::server::Server;

/// What was answered, and when.
#[derive(Default)]
pub(crate) struct Report {
    /// Microseconds from when a request was due to its answer; sorted once the load has ended.
    pub(crate) answered: Vec<u32>,
    /// Microseconds from when a request left to its refusal for lack of a permit.
    pub(crate) refused: Vec<u32>,
    pub(crate) failed: BTreeMap<String, u64>,
    pub(crate) wrong: u64,
    pub(crate) bytes: u64,
    pub(crate) seconds: f64,
    /// Kilobytes of the server, once a second.
    memory: Vec<u64>,
}

impl Report {
    pub(crate) fn per_second(&self) -> f64 {
        self.answered.len() as f64 / self.seconds
    }

    pub(crate) fn at(&self, share: f64) -> u32 {
        percentile(&self.answered, share)
    }

    pub(crate) fn is_right(&self) -> bool {
        self.wrong == 0 && self.failed.is_empty() && !self.answered.is_empty()
    }

    /// Whether the last quarter of the time has no more than the second, but for 5 % and 8 MB.
    pub(crate) fn is_flat(&self) -> bool {
        let quarter = self.memory.len() / 4;
        let most = |part: &[u64]| part.iter().max().copied().unwrap_or(0);
        let (early, late) = (
            most(self.memory.get(quarter..2 * quarter).unwrap_or_default()),
            most(self.memory.get(3 * quarter..).unwrap_or_default()),
        );
        late <= early + early / 20 + 8192
    }
}

/// Runs a load, watches the server meanwhile, and prints what came of it.
pub(crate) async fn measured(name: &str, server: &Server, load: impl Future<Output = Report>) -> Report {
    let memory = RefCell::new(vec![server.memory()]);
    let watch = async {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            memory.borrow_mut().push(server.memory());
        }
    };
    let process = server.child.id().to_string();
    let known = server.remembered();
    let before = (cpu(&process), cpu("self"));
    let mut report = tokio::select! {
        report = load => report,
        () = watch => unreachable!("it never ends"),
    };
    let cores = [cpu(&process) - before.0, cpu("self") - before.1].map(|used| used / report.seconds);
    report.answered.sort_unstable();
    report.refused.sort_unstable();
    report.memory = memory.into_inner();
    let line = |times: &[u32]| {
        let at = |share| f64::from(percentile(times, share)) / 1000.0;
        let [half, ninety, ninety_nine, thousandth, most] = [0.5, 0.9, 0.99, 0.999, 1.0].map(at);
        format!("p50 {half:.2} p90 {ninety:.2} p99 {ninety_nine:.2} p99.9 {thousandth:.2} max {most:.2} ms")
    };
    println!(
        "{name:<9} {:>8.0} answers/s {:>6.2} MB/s  {}",
        report.per_second(),
        report.bytes as f64 / 1e6 / report.seconds,
        line(&report.answered)
    );
    if !report.refused.is_empty() {
        println!("  refused {:>8.0}/s  {}", report.refused.len() as f64 / report.seconds, line(&report.refused));
    }
    if !report.failed.is_empty() || report.wrong > 0 {
        println!("  FAILED {:?}, wrong answers {}", report.failed, report.wrong);
    }
    println!(
        "  {:.1} s; cores: server {:.2}, generator {:.2}; memory {} to {} MB, most {} MB",
        report.seconds,
        cores[0],
        cores[1],
        report.memory.first().unwrap_or(&0) / 1024,
        report.memory.last().unwrap_or(&0) / 1024,
        report.memory.iter().max().unwrap_or(&0) / 1024
    );
    let (hits, asked) = server.remembered();
    if asked > known.1 {
        println!(
            "  {:.0} % of the model's windows from memory",
            100.0 * (hits - known.0) as f64 / (asked - known.1) as f64
        );
    }
    report
}
