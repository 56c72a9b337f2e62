//! The flags of the audit trail, shared by every verb that is recorded.

use std::path::{Path, PathBuf};

use crate::audit::{Note, Outcome, Record, Rotation, Trail, Verb};
use crate::secret::Keyring;
use anyhow::Context;

/// Where the trail is, and who acts.
#[derive(clap::Args, Debug)]
pub(crate) struct AuditArgs {
    /// File that tells what was done, added to and never changed [default: DEIDRE_AUDIT, or deidre/audit.jsonl in the
    /// state folder of the user, audit-keyless.jsonl without a key]
    #[arg(long, value_name = "FILE")]
    audit: Option<PathBuf>,
    /// Who it is done for, in the audit trail [default: the user]
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
}

impl AuditArgs {
    /// The trail that records are to be added to.
    ///
    /// # Errors
    ///
    /// When there is nowhere to keep one, or nothing can be added to it: nothing may be done then.
    pub(crate) fn open(&self, keys: Option<&Keyring>) -> anyhow::Result<Trail> {
        let path = match &self.audit {
            Some(path) => Some(path.clone()),
            // One trail cannot be both: see Trail::open.
            None if keys.is_none() => named().or_else(|| state_folder().map(|folder| folder.join(KEYLESS))),
            None => default_path(),
        };
        let path = path.context("no place for the audit trail: name a file with --audit")?;
        Trail::open(&path, keys, Rotation::DEFAULT).with_context(|| format!("--audit {}", path.display()))
    }

    /// Whether a trail was asked for, by the flag or by `DEIDRE_AUDIT`.
    pub(crate) fn is_named(&self) -> bool {
        self.audit.is_some() || named().is_some()
    }

    /// Where the trail of a run with a key is.
    pub(crate) fn path(&self) -> Option<PathBuf> {
        self.audit.clone().or_else(default_path)
    }

    /// A record with who acts, and where.
    pub(crate) fn record(&self, verb: Verb, outcome: Outcome) -> Record {
        let mut record = Record::new(verb, outcome);
        record.actor = self.actor.as_deref().and_then(Note::new).or_else(user);
        record.host = host();
        record
    }
}

/// The trail that is meant when none is named: that of `DEIDRE_AUDIT`, or of the user, kept with a key.
pub(crate) fn default_path() -> Option<PathBuf> {
    named().or_else(|| state_folder().map(|folder| folder.join("audit.jsonl")))
}

fn named() -> Option<PathBuf> {
    path_of("DEIDRE_AUDIT")
}

/// As the XDG Base Directory Specification has it: paths that are not absolute do not count.
fn state_folder() -> Option<PathBuf> {
    let absolute = |name| path_of(name).filter(|path| path.is_absolute());
    let state = absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local").join("state")))?;
    Some(state.join("deidre"))
}

fn path_of(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// The user's name, or else number.
fn user() -> Option<Note> {
    let name = ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(|name| Note::new(&std::env::var(name).ok()?));
    name.or_else(number)
}

#[cfg(unix)]
fn number() -> Option<Note> {
    use std::os::unix::fs::MetadataExt;
    // What a process sees of itself belongs to who runs it.
    let about = std::fs::metadata(Path::new("/proc/self")).ok()?;
    Note::new(&format!("uid {}", about.uid()))
}

#[cfg(not(unix))]
fn number() -> Option<Note> {
    None
}

fn host() -> Option<Note> {
    let told = std::fs::read_to_string(Path::new("/proc/sys/kernel/hostname")).ok();
    told.or_else(|| std::env::var("HOSTNAME").ok()).as_deref().and_then(Note::new)
}

const KEYLESS: &str = "audit-keyless.jsonl";
