//! The `deidre` command.

use std::process::ExitCode;

use clap::Parser;
use deidre::cli::{self, Cli};

fn main() -> ExitCode {
    deidre::secret::no_core_dumps();
    cli::quiet_panics();
    let cli = Cli::parse();
    cli.log_to_stderr();
    match cli.run() {
        Ok(code) => code,
        Err(e) if cli::is_closed_pipe(&e) => ExitCode::from(cli::FAILED),
        Err(e) => {
            cli::report(&e);
            ExitCode::from(cli::FAILED)
        }
    }
}
