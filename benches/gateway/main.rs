//! What `deidre gateway` adds to calls of models: the gateway as a process of its own, between a generator of load and a
//! stand-in for the provider that both live here.
//!
//! ```sh
//! cargo bench --bench gateway                                        # 1 KB prompts at half of the capacity, then 1,000 streams
//! cargo bench --bench gateway -- latency --rate 100 --seconds 30
//! cargo bench --bench gateway -- streams --streams 1000 --seconds 120 --strict
//! ```
//!
//! **latency**: calls leave when they are due, at times apart as those of callers who do not know of each other, and count
//! from then, whether or not others were answered: through the gateway, and the same calls straight to the stand-in. What is
//! printed as added is the difference at the same share of calls. Prompts are new each time (see `serve`). Every answer is checked:
//! the stand-in repeats the prompt, so that the client must get back what it sent, and the stand-in must not have seen the patient.
//!
//! **streams**: each stream gives a word every 50 ms; how late a word comes counts from when the stand-in wrote it. Memory of the
//! gateway once a second.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, missing_docs)]

#[path = "../serve/figures.rs"]
mod figures;
mod gateway;
mod latency;
mod standin;
mod streams;
#[path = "../serve/texts.rs"]
mod texts;
mod wire;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};

use gateway::Gateway;
use standin::Standin;

/// Load for `deidre gateway`.
#[derive(Parser)]
pub(crate) struct Args {
    /// What is measured
    #[arg(value_enum, default_value_t = Mode::All)]
    mode: Mode,
    /// How long each load lasts
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// Calls a second [default: half of the capacity, which is measured first]
    #[arg(long)]
    rate: Option<f64>,
    /// Bytes of a prompt
    #[arg(long, default_value_t = 1024)]
    size: usize,
    /// Calls at once when the capacity is measured
    #[arg(long, default_value_t = 16)]
    clients: usize,
    /// Streams that are open at once
    #[arg(long, default_value_t = 1000)]
    streams: usize,
    /// The gateway has no model
    #[arg(long)]
    no_model: bool,
    /// Exit with 1 when the figures of issue 9 are missed
    #[arg(long)]
    strict: bool,
    /// Further flags of the gateway
    #[arg(last = true)]
    gateway: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// Both of the others
    All,
    /// What a call takes longer through the gateway
    Latency,
    /// Many streams at once
    Streams,
}

fn main() -> ExitCode {
    // Cargo adds a flag of its own.
    let args = Args::parse_from(std::env::args().filter(|arg| arg != "--bench"));
    let standin = Standin::start();
    let gateway = Gateway::start(&args, &standin);
    println!("gateway {}", gateway.flags.join(" "));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let good = tokio::task::LocalSet::new().block_on(&runtime, async {
        let mut good = true;
        if args.mode != Mode::Streams {
            good &= latency::run(&args, &gateway, &standin).await;
        }
        if args.mode != Mode::Latency {
            good &= streams::run(&args, &gateway, &standin).await;
        }
        good
    });
    ExitCode::from(u8::from(!good))
}

pub(crate) fn told(what: &str, reached: bool) -> bool {
    println!("{what}: {}", if reached { "reached" } else { "MISSED" });
    reached
}
