//! `deidre key`: makes keys, lists those of a ring, and puts new ones in front.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::secret::{Key, file};
use anyhow::Context;

use super::transform_args::KeyArgs;

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand, Debug)]
enum Verb {
    /// Make a new key: 256 bits from the operating system
    #[command(after_help = "Example:\n  deidre key new --out deidre.key\n\n\
        Who holds the key can turn every token sealed with it back. Keep it apart from the scrubbed\n\
        data, and keep a copy: what it sealed cannot be revealed without it.")]
    New {
        /// File to write, readable by its owner only; one that exists is not overwritten. Without it: stdout
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Show the ids of the keys, the current one first
    #[command(after_help = "Examples:\n  deidre key list --key-file deidre.key\n  \
        deidre key list --key-command 'vault kv get -field=keys secret/deidre'\n\n\
        One key a line: its id, and 'current' or 'older'. Nothing that is shown is secret.\n\n\
        Exit: 0 done, 2 no key, or it could not be read.")]
    List {
        #[command(flatten)]
        key: KeyArgs,
    },
    /// Put a new key in front of a key file, or take an older one out
    #[command(after_help = "Examples:\n  deidre key rotate --key-file deidre.key\n  \
        deidre key rotate --key-file deidre.key --drop 5XK2QF9A --yes\n\n\
        The new key is the current one: it seals and wraps from now on. Older keys stay in the file,\n\
        after it, and still open what they sealed. The file is replaced whole or not at all, and by\n\
        one process at a time. Bring vaults to the new key with 'deidre vault rotate', and copy the\n\
        file to where its copy is kept.\n\n\
        Keys that a command prints are rotated where they are kept: put a line of 'deidre key new'\n\
        in front of them.")]
    Rotate {
        /// Key file to change
        #[arg(long, value_name = "FILE")]
        key_file: PathBuf,
        /// Make no key, but take the older key of this id out of the file
        #[arg(long, value_name = "ID")]
        drop: Option<String>,
        /// Do it: what was sealed with the dropped key only cannot be revealed any more
        #[arg(long, requires = "drop")]
        yes: bool,
    },
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    match &args.verb {
        Verb::New { out } => new(out.as_deref())?,
        Verb::List { key } => list(key)?,
        Verb::Rotate { key_file, drop: None, .. } => rotate(key_file)?,
        Verb::Rotate { key_file, drop: Some(id), yes } => {
            anyhow::ensure!(
                *yes,
                "what was sealed with a dropped key only cannot be revealed any more, and vaults that it wraps cannot be \
                 opened; run 'deidre vault rotate' first, and add --yes if that is what you want"
            );
            remove(key_file, id)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn new(out: Option<&Path>) -> anyhow::Result<()> {
    let key = Key::generate()?;
    let mut written = key.written();
    // There is room for it, so that no copy is left behind.
    written.push('\n');
    let Some(path) = out else { return super::print(&written) };
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).with_context(|| format!("cannot create key file {}", path.display()))?;
    file.write_all(written.as_bytes()).and_then(|()| file.sync_all()).context("cannot write key file")?;
    super::say(&format!("deidre: key {} written to {}", key.id(), path.display()));
    Ok(())
}

fn list(key: &KeyArgs) -> anyhow::Result<()> {
    let ring = key.ring()?.context("no key: name one by --key-file, --key-command or DEIDRE_KEY")?;
    let mut lines = String::new();
    for (i, key) in ring.iter().enumerate() {
        writeln!(lines, "{} {}", key.id(), if i == 0 { "current" } else { "older" })?;
    }
    super::print(&lines)
}

fn rotate(path: &Path) -> anyhow::Result<()> {
    let ring = file::rotate(path).with_context(|| format!("--key-file {}", path.display()))?;
    let older = ring.iter().count() - 1;
    super::say(&format!(
        "deidre: key {} is the current one of {} now, in front of {older} older; what is left to do:\n  \
         - copy the file to where its copy is kept: what the new key seals cannot be revealed without it\n  \
         - run 'deidre vault rotate' for each vault, before an older key is dropped\n  \
         - keep the lines of older keys: what they sealed is revealed as long as their line stays\n  \
         - from now on a value has another sealed token than before, so that the two cannot be joined on",
        ring.current().id(),
        path.display()
    ));
    Ok(())
}

fn remove(path: &Path, id: &str) -> anyhow::Result<()> {
    let ring = file::remove(path, id).with_context(|| format!("--key-file {}", path.display()))?;
    super::say(&format!(
        "deidre: warning: the key is not in {} any more; what it sealed is revealed only with a copy of it\n\
         deidre: keys left in it: {}; copies and backups of the file still hold the dropped one",
        path.display(),
        ring.iter().count(),
    ));
    Ok(())
}
