//! The `deidre` command.

use std::process::ExitCode;

use clap::Parser;
use deidre::cli::{self, Cli};
use deidre::error::RunError;

fn main() -> ExitCode {
    cli::quiet_panics();
    cli::log_to_stderr();
    match Cli::parse().run() {
        Ok(code) => code,
        Err(e) if e.downcast_ref::<RunError>().is_some_and(RunError::is_closed_pipe) => ExitCode::from(cli::FAILED),
        Err(e) => {
            cli::report(&e);
            ExitCode::from(cli::FAILED)
        }
    }
}
