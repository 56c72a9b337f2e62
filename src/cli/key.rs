//! `deidre key new`.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::secret::Key;
use anyhow::Context;

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand, Debug)]
enum Verb {
    /// Make a new key: 256 bits from the operating system
    #[command(after_help = "Example:\n  deidre key new --out deidre.key\n\n\
        Who holds the key can turn every token sealed with it back. Keep it apart from the scrubbed data, and keep a\n\
        copy: what it sealed cannot be revealed without it.")]
    New {
        /// File to write, readable by its owner only; one that exists is not overwritten. Without it: stdout
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let Verb::New { out } = &args.verb;
    let key = Key::generate()?;
    match out {
        None => super::print(&zeroize::Zeroizing::new(format!("{}\n", *key.written())))?,
        Some(path) => {
            let mut options = OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.open(path).with_context(|| format!("cannot create key file {}", path.display()))?;
            writeln!(file, "{}", *key.written()).and_then(|()| file.sync_all()).context("cannot write key file")?;
            super::say(&format!("deidre: key {} written to {}", key.id(), path.display()));
        }
    }
    Ok(ExitCode::SUCCESS)
}
