//! The `deidre` command.

mod cli;

use clap::Parser as _;

#[derive(clap::Parser)]
#[command(version, about)]
struct Command {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand)]
enum Verb {
    /// Builds the dictionaries of names, places and words, and says what is in them
    Dictionary(cli::dictionary::Args),
}

fn main() -> anyhow::Result<std::process::ExitCode> {
    match Command::parse().verb {
        Verb::Dictionary(args) => cli::dictionary::run(&args),
    }
}
