//! What the service stands, and how long it takes: the server as a process of its own, loaded over HTTP/2 from this machine.
//!
//! ```sh
//! cargo bench --bench serve                                          # 1 KB notes: capacity, then latency at 70 % of it
//! cargo bench --bench serve -- --no-model                            # the same by rules only
//! cargo bench --bench serve -- open --rate 350 --seconds 60 --size mixed
//! cargo bench --bench serve -- overload --seconds 60 --strict        # three times the capacity
//! cargo bench --bench serve -- soak --seconds 1800 --strict          # all calls, all sizes, half of the capacity
//! ```
//!
//! In the open loop requests leave when they are due, whether or not others were answered, and latency counts from then: a
//! server that stalls cannot hide it by stalling the load. Texts are put together anew for each request out of runs of
//! lines of the project's notes of ordinary density, so that the model's memory answers few of them; `--dense` takes lines of
//! all notes, `--repeat` sends the same thousand again.
//! Every answer is checked: the patient of its first line is gone, its last line is as it was, and now and then a text is
//! sent that was asked before the load, whose answer must be the same. The generator is one thread that speaks HTTP/2
//! without a gRPC library and takes its own share of the machine, which is printed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, missing_docs)]

mod figures;
mod load;
mod report;
mod server;
mod texts;
mod wire;

use std::cell::{Cell, RefCell};
use std::process::ExitCode;
use std::rc::Rc;
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum};

use figures::percentile;
use load::Load;
use report::{Report, measured};
use server::Server;
use texts::Draw;

/// Load for `deidre serve`.
#[derive(Parser)]
pub(crate) struct Args {
    /// What is measured
    #[arg(value_enum, default_value_t = Mode::Figures)]
    mode: Mode,
    /// How long each load lasts
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Requests a second of the open loop [default: a share of the capacity, which is measured first]
    #[arg(long)]
    rate: Option<f64>,
    /// Requests at once of the closed loop
    #[arg(long, default_value_t = 16)]
    clients: usize,
    /// HTTP/2 connections that requests take in turn
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// Bytes of a text, or mixed: 200 B to 64 KB, as many of 200-400 B as of 32-64 KB
    #[arg(long, default_value = "1024", value_parser = size)]
    size: Size,
    /// Lines of all notes, with three times as many identifiers as charts have
    #[arg(long)]
    dense: bool,
    /// The same thousand texts again and again, which the model's memory then answers
    #[arg(long)]
    repeat: bool,
    #[arg(long, default_value = "minimum-necessary")]
    policy: String,
    /// The server has no model
    #[arg(long)]
    no_model: bool,
    /// Exit with 1 when the figures of issue 6 are missed
    #[arg(long)]
    strict: bool,
    /// Further flags of the server
    #[arg(last = true)]
    server: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    /// Closed loop, then the open loop at 70 % of what it reached
    Figures,
    /// So many clients, each asking when it was answered
    Closed,
    /// So many requests a second
    Open,
    /// Open loop at three times the capacity
    Overload,
    /// Open loop at half of the capacity: all calls, mixed sizes
    Soak,
}

#[derive(Clone, Copy)]
pub(crate) enum Size {
    Fixed(usize),
    Mixed,
}

fn size(text: &str) -> Result<Size, String> {
    match text {
        "mixed" => Ok(Size::Mixed),
        _ => text.parse().map(Size::Fixed).map_err(|_| "a number of bytes, or mixed".to_owned()),
    }
}

fn main() -> ExitCode {
    // Cargo adds a flag of its own.
    let args = Args::parse_from(std::env::args().filter(|arg| arg != "--bench"));
    let server = Server::start(&args);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let good = tokio::task::LocalSet::new().block_on(&runtime, run(&args, &server));
    ExitCode::from(u8::from(!good))
}

async fn run(args: &Args, server: &Server) -> bool {
    let size = if args.mode == Mode::Soak { Size::Mixed } else { args.size };
    let load = Rc::new(Load::new(args, size, &server.address).await);
    let limit = Duration::from_secs(args.seconds);
    let measure = Duration::from_secs(args.seconds.min(10));
    println!("server {}", server.flags.join(" "));
    // What is only slow once (pages, branches, the model's first batch) is not measured.
    closed(&load, args.clients, Duration::from_secs(1)).await;
    let mut good = true;
    let mut capacity = None;
    if args.mode == Mode::Closed || (args.mode != Mode::Open && args.rate.is_none()) {
        let report = measured("closed", server, closed(&load, args.clients, measure)).await;
        good &= report.is_right();
        capacity = Some(report.per_second());
    }
    let share = |share: f64| args.rate.unwrap_or_else(|| capacity.map_or(100.0, |rate| rate * share));
    match args.mode {
        Mode::Closed => {}
        Mode::Figures | Mode::Open => {
            let report = measured("open", server, open(&load, share(0.7), limit)).await;
            good &= report.is_right() && report.refused.is_empty();
            if args.strict {
                good &= told("p99 under 40 ms", report.at(0.99) < 40_000);
                let least = if args.no_model { 10_000.0 } else { 500.0 };
                good &= told("requests a second", capacity.is_none_or(|capacity| capacity >= least));
            }
        }
        Mode::Overload => {
            let report = measured("overload", server, open(&load, share(3.0), limit)).await;
            good &= report.is_right();
            if let Some(capacity) = capacity {
                let held = report.per_second() / capacity;
                println!("held {:.0} % of the capacity", 100.0 * held);
                good &= !args.strict || told("throughput holds within 10 %", held >= 0.9);
            }
            if args.strict {
                good &= told("refused within 5 ms, p99", percentile(&report.refused, 0.99) <= 5_000);
                good &= told("memory flat", report.is_flat());
            }
        }
        Mode::Soak => {
            let report = measured("soak", server, open(&load, share(0.5), limit)).await;
            good &= report.is_right() && report.refused.is_empty();
            good &= !args.strict || told("memory flat", report.is_flat());
        }
    }
    good
}

fn told(what: &str, reached: bool) -> bool {
    println!("{what}: {}", if reached { "reached" } else { "MISSED" });
    reached
}

/// Each client asks again when it was answered.
async fn closed(load: &Rc<Load>, clients: usize, limit: Duration) -> Report {
    let report = Rc::new(RefCell::new(Report::default()));
    let start = Instant::now();
    let ask = |_| {
        let (load, report) = (Rc::clone(load), Rc::clone(&report));
        tokio::task::spawn_local(async move {
            while start.elapsed() < limit {
                load.ask(Instant::now(), &report).await;
            }
        })
    };
    let tasks: Vec<_> = (0..clients).map(ask).collect();
    for task in tasks {
        task.await.unwrap();
    }
    let mut report = report.take();
    report.seconds = start.elapsed().as_secs_f64();
    report
}

/// Requests leave when they are due, at times apart as those of callers who do not know of each other.
async fn open(load: &Rc<Load>, rate: f64, limit: Duration) -> Report {
    println!("open loop at {rate:.0} requests/s");
    let report = Rc::new(RefCell::new(Report::default()));
    let under_way = Rc::new(Cell::new(0_usize));
    let mut draw = Draw(7);
    let start = Instant::now();
    let mut due = start;
    while due < start + limit {
        tokio::time::sleep_until(due.into()).await;
        // Tasks are cheap; a server that answers nothing must still not fill the memory.
        if under_way.get() < 50_000 {
            under_way.set(under_way.get() + 1);
            let (load, report, under_way) = (Rc::clone(load), Rc::clone(&report), Rc::clone(&under_way));
            tokio::task::spawn_local(async move {
                load.ask(due, &report).await;
                under_way.set(under_way.get() - 1);
            });
        } else {
            *report.borrow_mut().failed.entry("not sent: 50,000 wait".to_owned()).or_default() += 1;
        }
        let gap: f64 = -(1.0 - draw.share()).ln() / rate;
        due += Duration::from_secs_f64(gap);
    }
    let seconds = start.elapsed().as_secs_f64();
    let patience = Instant::now() + Duration::from_secs(60);
    while under_way.get() > 0 && Instant::now() < patience {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut report = report.take();
    if under_way.get() > 0 {
        report.failed.insert("never answered".to_owned(), under_way.get() as u64);
    }
    // Answers that came after the last request left are of this time all the same.
    report.seconds = seconds;
    report
}
