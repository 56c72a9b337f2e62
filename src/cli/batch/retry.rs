//! `deidre batch --retry-quarantine`: records that were set aside, once more.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Instant;

use super::settings::MAY_DIFFER;
use super::{Args, context, sealers, with_source};
use crate::audit::Verb;
use crate::cli::audited::Audit;
use crate::cli::{FAILED, QUARANTINED, say};
use crate::pipeline::Scrub;
use crate::pipeline::layout::Ask;
use crate::pipeline::manifest::{Settings, path};
use crate::pipeline::retry::Retry;
use crate::pipeline::state::{Outcome, State};
use crate::secret::Keyring;

pub(super) fn run(
    args: &Args,
    scrub: &Scrub,
    ask: &Ask,
    keys: Option<&Keyring>,
    settings: &Settings,
    audit: &Audit,
) -> anyhow::Result<ExitCode> {
    let sealers = sealers(keys)?;
    let state = State::open_finished(&args.out, settings, MAY_DIFFER)?;
    if state.lost_join_key() {
        say("the key that ids were joined with is gone with the run that made it: run again with --redo instead");
        state.close(Outcome::Finished)?;
        return Ok(ExitCode::from(FAILED));
    }
    if state.context() != context(scrub) {
        say(
            "the output was made with what other files say of people, and a record is not tried without: name the INPUT of \
             that run, unchanged, or run again with --redo",
        );
        state.close(Outcome::Finished)?;
        return Ok(ExitCode::from(FAILED));
    }
    let retry = Retry { scrub, ask, state: &state, sealers: &sealers };
    let (mut passed, mut stayed, mut failed) = (0, BTreeMap::<&str, u64>::new(), 0);
    for entry in state.finished().iter().filter(|entry| entry.quarantine.is_some()) {
        let (name, start) = (path(&entry.path), Instant::now());
        let tried = retry.file(entry);
        let summary = tried.as_ref().ok().map(|tried| &tried.summary);
        if summary.is_none_or(|summary| summary.tally.records > 0) {
            audit.note(Verb::BatchFile, summary, Some(&name), start.elapsed())?;
        }
        match tried {
            Ok(tried) => {
                passed += tried.passed;
                for (why, count) in tried.stayed {
                    *stayed.entry(why).or_default() += count;
                }
            }
            Err(error) => {
                failed += 1;
                say(&format!("error: {}", with_source(&error)));
            }
        }
    }
    state.close(if failed == 0 { Outcome::Finished } else { Outcome::Unfinished })?;
    let left: u64 = stayed.values().sum();
    if !args.quiet {
        say(&format!("records tried {} = {passed} put in their place + {left} stay", passed + left));
        for (why, count) in &stayed {
            say(&format!("  {count} {why}"));
        }
    }
    Ok(match (failed, left) {
        (0, 0) => ExitCode::SUCCESS,
        (0, _) => ExitCode::from(QUARANTINED),
        _ => ExitCode::from(FAILED),
    })
}
