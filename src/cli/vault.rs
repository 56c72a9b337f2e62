//! `deidre vault`: what a vault holds, whether it is sound, and what is done to it as a whole.

use std::fs::File;
use std::io::{self, BufReader, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};

use super::audit_args::AuditArgs;
use super::transform_args::KeyArgs;
use super::vault_args::VaultArgs;
use crate::audit::{Counts, Note, Outcome, Verb as Audited};
use crate::identifier::Label;
use crate::transform::whose;
use crate::vault::Vault;

#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  deidre vault stats --vault deidre.vault --key-file deidre.key
  deidre key rotate --key-file deidre.key && deidre vault rotate --vault deidre.vault --key-file deidre.key
  deidre vault shred --vault deidre.vault --key-file deidre.key --patient 00482913 --yes

Exit: 0 done and sound, 1 the vault has damage, 2 could not run.")]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

/// The same for each verb.
#[derive(clap::Args, Debug)]
struct With {
    #[command(flatten)]
    vault: VaultArgs,
    #[command(flatten)]
    key: KeyArgs,
    #[command(flatten)]
    audit: AuditArgs,
}

#[derive(clap::Subcommand, Debug)]
enum Verb {
    /// Count entries by label, and data keys
    Stats {
        #[command(flatten)]
        with: With,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Open every entry and look it up again
    Verify {
        #[command(flatten)]
        with: With,
    },
    /// Wrap all keys of the vault with the first key of the key file; no token changes
    Rotate {
        #[command(flatten)]
        with: With,
    },
    /// Write the vault, as sealed as it is, as JSON Lines
    Export {
        #[command(flatten)]
        with: With,
        /// File to write, which must not exist [default: stdout]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Take in what export wrote, into an empty vault
    Import {
        #[command(flatten)]
        with: With,
        /// File that export wrote [default: stdin]
        #[arg(value_name = "FILE")]
        from: Option<PathBuf>,
    },
    /// Delete the data key of a patient or session and all that it sealed: their tokens can never be revealed again
    #[command(
        after_help = "Values are a patient's where they were scrubbed with --patient-field and --scope patient or \
        document.\nWhat was scrubbed with --scope corpus is shared by all patients and stays."
    )]
    Shred {
        #[command(flatten)]
        with: With,
        /// The patient, as the field of --patient-field says it
        #[arg(long, value_name = "ID", conflicts_with = "session", required_unless_present = "session")]
        patient: Option<String>,
        /// The session, as --session says it
        #[arg(long, value_name = "ID")]
        session: Option<String>,
        /// Yes: it cannot be undone
        #[arg(long)]
        yes: bool,
    },
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let (Verb::Stats { with, .. }
    | Verb::Verify { with }
    | Verb::Rotate { with }
    | Verb::Export { with, .. }
    | Verb::Import { with, .. }
    | Verb::Shred { with, .. }) = &args.verb;
    let With { vault, key, audit } = with;
    let keys = key.ring()?;
    let import = matches!(args.verb, Verb::Import { .. });
    let vault = if import {
        vault.open(keys.as_ref())?.context("no vault: name one with --vault or in DEIDRE_VAULT")?
    } else {
        vault.existing(keys.as_ref())?
    };
    let note = |purpose: &str, count: u64| -> anyhow::Result<()> {
        let trail = audit.open(keys.as_ref())?;
        let mut record = audit.record(Audited::Vault, Outcome::Done);
        record.purpose = Note::new(purpose);
        record.records = Some(Counts { read: count, written: count, aside: 0 });
        trail.append(&record).context("the audit trail cannot be written")
    };
    match &args.verb {
        Verb::Stats { json, .. } => stats(vault.as_ref(), *json)?,
        Verb::Verify { .. } => return verify(vault.as_ref()),
        Verb::Rotate { .. } => {
            let keys = keys.as_ref().context("no key")?;
            let count = vault.rotate(keys)?;
            note("vault rotate", count)?;
            super::say(&format!("deidre: {count} keys of the vault are wrapped with key {} now", keys.current().id()));
        }
        Verb::Export { out, .. } => {
            let count = match out {
                Some(path) => {
                    let mut options = File::options();
                    options.write(true).create_new(true);
                    #[cfg(unix)]
                    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
                    let file = options.open(path).with_context(|| format!("cannot create {}", path.display()))?;
                    let mut file = io::BufWriter::new(file);
                    let count = vault.export(&mut file)?;
                    file.flush().and_then(|()| file.get_ref().sync_all()).context("cannot write the export")?;
                    count
                }
                None => vault.export(&mut io::stdout().lock())?,
            };
            note("vault export", count)?;
            super::say(&format!("deidre: {count} entries exported, as sealed as they are"));
        }
        Verb::Import { from, .. } => {
            let count = match from {
                Some(path) => {
                    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
                    vault.import(&mut BufReader::new(file))?
                }
                None => vault.import(&mut io::stdin().lock())?,
            };
            note("vault import", count)?;
            super::say(&format!("deidre: {count} entries imported"));
        }
        Verb::Shred { patient, session, yes, .. } => {
            let owner = match (patient, session) {
                (Some(id), _) => whose::patient(id),
                (None, Some(id)) => whose::session(id),
                (None, None) => bail!("--patient or --session"),
            };
            if !yes {
                bail!("shredding cannot be undone: give --yes as well");
            }
            // The trail first: what was done without a trace would be worse than a trace of what was not done.
            note("vault shred", 0)?;
            let count = vault.shred(owner)?;
            super::say(&format!("deidre: {count} entries deleted with their key"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn stats(vault: &dyn Vault, json: bool) -> anyhow::Result<()> {
    let stats = vault.stats()?;
    let total: u64 = stats.entries.iter().sum();
    let labels = Label::ALL.into_iter().zip(stats.entries).filter(|(_, count)| *count > 0);
    let [corpus, patients, sessions] = stats.owners;
    if json {
        let labels: serde_json::Map<String, serde_json::Value> =
            labels.map(|(label, count)| (label.name().to_owned(), count.into())).collect();
        let value = serde_json::json!({
            "kind": stats.kind, "key": stats.key, "entries": total, "labels": labels, "bytes": stats.bytes,
            "data_keys": { "corpus": corpus, "patients": patients, "sessions": sessions },
        });
        return super::print(&format!("{value}\n"));
    }
    let mut out = format!("{} vault, wrapped with key {}\n{total} entries", stats.kind, stats.key);
    if let Some(bytes) = stats.bytes {
        out.push_str(&format!(", {bytes} bytes"));
    }
    out.push_str(&format!("\ndata keys: {corpus} of the corpus, {patients} of patients, {sessions} of sessions\n"));
    for (label, count) in labels {
        out.push_str(&format!("  {:<12} {count}\n", label.name()));
    }
    super::print(&out)
}

fn verify(vault: &dyn Vault) -> anyhow::Result<ExitCode> {
    let bar = if io::stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("{spinner} {pos} entries") {
        bar.set_style(style);
    }
    let found = vault.verify(&mut |seen| bar.set_position(seen))?;
    bar.finish_and_clear();
    super::print(&format!("{} entries sound, {} damaged, {} lost\n", found.sound, found.damaged, found.lost))?;
    Ok(ExitCode::from(u8::from(found.damaged + found.lost > 0)))
}
