//! What verbs that scrub write to the audit trail, and how much was revealed lately by it.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;

use super::audit_args::AuditArgs;
use crate::audit::{Counts, Digests, Fingerprint, Kind, Named, Note, Outcome, Record, Trail, Verb};
use crate::pipeline::Summary;
use crate::policy::{Action, Policy};
use crate::secret::Keyring;
use crate::transform::zip3_table;

/// The trail of a run that scrubs, if one was asked for, and what all its records say.
pub(crate) struct Audit {
    trail: Option<Trail>,
    digests: Digests,
    same: Record,
}

impl Audit {
    /// Of a run under `policy` with that model.
    ///
    /// # Errors
    ///
    /// When a trail was asked for and nothing can be added to it: nothing may be done then.
    pub(crate) fn open(
        args: &AuditArgs,
        policy: &Policy,
        model: Option<(&str, [u8; 32])>,
        keys: Option<&Keyring>,
    ) -> anyhow::Result<Audit> {
        let named = |name: &str, hash| Some(Named { name: Note::new(name)?, hash: Fingerprint::from_sha256(hash) });
        let mut same = args.record(Verb::Stream, Outcome::Done);
        same.policy = named(policy.name(), policy.hash());
        same.model = model.and_then(|(name, hash)| named(name, hash));
        if policy.has(Action::Zip3) {
            same.zip3 = Note::new(&zip3_table());
        }
        same.dictionaries = Some(Fingerprint::of(include_bytes!("../../dictionaries/manifest.json")));
        let trail = if args.is_named() { Some(args.open(keys)?) } else { None };
        Ok(Audit { trail, digests: Digests::new(keys.map(Keyring::current))?, same })
    }

    /// Adds a record of an input: `summary` is what came of it, `None` where it failed; `name` its path, of which only a
    /// keyed digest is kept.
    ///
    /// # Errors
    ///
    /// When it cannot be added.
    pub(crate) fn note(
        &self,
        verb: Verb,
        summary: Option<&Summary>,
        name: Option<&Path>,
        time: Duration,
    ) -> anyhow::Result<()> {
        let Some(trail) = &self.trail else { return Ok(()) };
        let mut record = self.same.clone();
        record.verb = verb;
        record.outcome = match summary {
            None => Outcome::Failed,
            Some(summary) if summary.quarantined() > 0 => Outcome::Partial,
            Some(_) => Outcome::Done,
        };
        if let Some(summary) = summary {
            let aside = summary.quarantined();
            record.records = Some(Counts { read: summary.tally.records, written: summary.tally.written, aside });
            record.labels = summary.tally.replaced;
        }
        record.input = name.map(|name| self.digests.of(Kind::Name, name.as_os_str().as_encoded_bytes()));
        record.duration = Some(time);
        trail.append(&record).context("the audit trail cannot be written")
    }
}
