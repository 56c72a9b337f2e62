//! The command line: one file a verb.

mod audit;
mod audit_args;
#[cfg(feature = "gateway")]
mod audit_report;
mod audited;
mod batch;
mod detect;
mod dictionary;
mod eval;
mod fields;
mod filter;
mod fit;
#[cfg(feature = "gateway")]
mod gateway;
mod inspect;
mod key;
#[cfg(feature = "service")]
mod listening;
mod model;
mod model_args;
mod policy;
mod reveal;
#[cfg(feature = "service")]
mod serve;
mod transform_args;
mod vault;
mod vault_args;

use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};

pub(crate) use fields::FieldArgs;
pub(crate) use model_args::ModelArgs;
pub(crate) use transform_args::TransformArgs;

/// Finds the eighteen HIPAA identifiers in health records and swaps them for tokens that only the key holder can turn
/// back.
#[derive(Parser)]
#[command(name = "deidre", version, max_term_width = 100)]
#[command(after_help = "Exit codes: 0 done, 1 done with records in quarantine, 2 could not run.")]
pub struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Scrub standard input to standard output
    Filter(filter::Args),
    /// Scrub files and folders into another folder
    Batch(batch::Args),
    /// Say what a file is taken for and what would be touched in it
    Inspect(inspect::Args),
    /// Write the identifiers of JSON Lines texts, as spans
    Detect(detect::Args),
    /// Measure what leaks and what is over-redacted, on gold notes
    Eval(eval::Args),
    /// Answer requests over gRPC, and JSON over HTTP
    #[cfg(feature = "service")]
    Serve(Box<serve::Args>),
    /// Stand between applications and models: prompts go out scrubbed, answers come back
    #[cfg(feature = "gateway")]
    Gateway(Box<gateway::Args>),
    /// Turn tokens back into what stood there, for a reason that is written down
    Reveal(reveal::Args),
    /// Make, list and rotate keys
    Key(key::Args),
    /// Show, check and compare policies
    Policy(policy::Args),
    /// Count, verify, rotate, copy and shred a vault
    Vault(vault::Args),
    /// Verify and show the audit trail
    Audit(audit::Args),
    /// Build, fit and explain the dictionaries
    Dictionary(dictionary::Args),
    /// What the model is trained on
    Model(model::Args),
}

impl Cli {
    /// Logs to standard error as `RUST_LOG` says, or the verb, or errors only.
    ///
    /// What libraries trace may hold what they carry, such as bytes of a request: they are heard from `info` on only,
    /// whatever was asked for.
    pub fn log_to_stderr(&self) {
        use tracing_subscriber::filter::{EnvFilter, LevelFilter, filter_fn};
        use tracing_subscriber::layer::{Layer, SubscriberExt};
        use tracing_subscriber::util::SubscriberInitExt;
        let (asked, default): (Option<&str>, _) = match &self.verb {
            #[cfg(feature = "service")]
            Verb::Serve(args) => (args.log(), LevelFilter::INFO),
            #[cfg(feature = "gateway")]
            Verb::Gateway(args) => (args.log(), LevelFilter::INFO),
            _ => (None, LevelFilter::ERROR),
        };
        let filter = EnvFilter::builder().with_default_directive(default.into());
        let filter = asked.map_or_else(|| filter.from_env_lossy(), |asked| filter.parse_lossy(asked));
        let own = filter_fn(|event| {
            let target = event.target();
            target == "deidre" || target.starts_with("deidre::") || *event.level() <= tracing::Level::INFO
        });
        let stderr = tracing_subscriber::fmt::layer().with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()));
        let stderr = stderr.with_writer(std::io::stderr).with_filter(own);
        // A second subscriber is refused; the first then stays.
        let _ = tracing_subscriber::registry().with(filter).with(stderr).try_init();
    }

    /// Runs the verb.
    ///
    /// # Errors
    ///
    /// Why it could not run.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        match &self.verb {
            Verb::Filter(args) => filter::run(args),
            Verb::Batch(args) => batch::run(args),
            Verb::Inspect(args) => inspect::run(args),
            Verb::Detect(args) => detect::run(args),
            Verb::Eval(args) => eval::run(args),
            #[cfg(feature = "service")]
            Verb::Serve(args) => serve::run(args),
            #[cfg(feature = "gateway")]
            Verb::Gateway(args) => gateway::run(args),
            Verb::Reveal(args) => reveal::run(args),
            Verb::Key(args) => key::run(args),
            Verb::Policy(args) => policy::run(args),
            Verb::Vault(args) => vault::run(args),
            Verb::Audit(args) => audit::run(args),
            Verb::Dictionary(args) => dictionary::run(args),
            Verb::Model(args) => model::run(args),
        }
    }
}

/// Done, with records in quarantine.
pub(crate) const QUARANTINED: u8 = 1;

/// Could not run.
pub const FAILED: u8 = 2;

/// Threads for `--jobs`: as many as asked for, otherwise one a core.
pub(crate) fn pool(jobs: Option<std::num::NonZeroUsize>) -> anyhow::Result<rayon::ThreadPool> {
    let jobs = jobs.map_or(0, std::num::NonZeroUsize::get);
    Ok(rayon::ThreadPoolBuilder::new().num_threads(jobs).thread_name(|i| format!("scrub-{i}")).build()?)
}

/// A line on standard error. Whoever closed it does not want to hear.
pub(crate) fn say(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Writes to standard output.
///
/// # Errors
///
/// When it cannot be written; that its reader went away is told by [`is_closed_pipe`].
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).context("cannot write standard output")
}

/// Whether the reader of the output went away, which is no fault of ours and is not worth a message.
pub fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let io = error.chain().filter_map(|cause| cause.downcast_ref::<std::io::Error>());
    io.into_iter().any(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
}

/// A panic's message may hold the text at hand: only its place is told.
pub fn quiet_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or(String::new(), |l| format!(" at {}:{}", l.file(), l.line()));
        say(&format!("internal error{place}"));
    }));
}

/// Says why the command could not run.
pub fn report(error: &anyhow::Error) {
    say(&format!("error: {error:#}"));
}
