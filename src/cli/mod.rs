//! The command line: one file a verb.

mod detect;
mod dictionary;
mod eval;
mod fit;

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
    /// Build, fit and explain the dictionaries.
    Dictionary(dictionary::Args),
}

pub(crate) fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match &cli.verb {
        Verb::Detect(args) => detect::run(args),
        Verb::Eval(args) => eval::run(args),
        Verb::Dictionary(args) => dictionary::run(args),
    };
    done.unwrap_or_else(|error| {
        #[allow(clippy::print_stderr)]
        {
            eprintln!("deidre: {error:#}");
        }
        ExitCode::from(2)
    })
}
