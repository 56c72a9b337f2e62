//! The flags of the audit trail, shared by every verb that is recorded.

use std::path::PathBuf;

use crate::audit::{Outcome, Record, Trail, Verb};
use crate::secret::Keyring;
use crate::setup::trail;
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
        trail::open(self.audit.as_deref(), keys).context("--audit")
    }

    /// Whether a trail was asked for, by the flag or by `DEIDRE_AUDIT`.
    pub(crate) fn is_named(&self) -> bool {
        self.audit.is_some() || trail::named().is_some()
    }

    /// Where the trail of a run with a key is.
    pub(crate) fn path(&self) -> Option<PathBuf> {
        self.audit.clone().or_else(trail::default_path)
    }

    /// A record with who acts, and where.
    pub(crate) fn record(&self, verb: Verb, outcome: Outcome) -> Record {
        trail::record(verb, outcome, self.actor.as_deref())
    }
}
