//! The command line: one file a verb.

mod detect;
mod eval;
mod key;
mod policy;
mod reveal;
mod transform_args;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "deidre", version, about)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Write the identifiers of JSON Lines texts, as spans.
    Detect(detect::Args),
    /// Measure what leaks and what is over-redacted, on gold notes.
    Eval(eval::Args),
    /// Turn sealed tokens back into what stood there.
    Reveal(reveal::Args),
    /// Make keys.
    Key(key::Args),
    /// Show what policies do.
    Policy(policy::Args),
}

pub(crate) fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match &cli.verb {
        Verb::Detect(args) => detect::run(args),
        Verb::Eval(args) => eval::run(args),
        Verb::Reveal(args) => reveal::run(args),
        Verb::Key(args) => key::run(args),
        Verb::Policy(args) => policy::run(args),
    };
    done.unwrap_or_else(|error| {
        #[allow(clippy::print_stderr)]
        {
            eprintln!("deidre: {error:#}");
        }
        ExitCode::from(2)
    })
}
