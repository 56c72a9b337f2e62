//! `deidre audit`: whether the audit trail is as it was written, and what is in it.

use std::collections::VecDeque;
use std::fmt::Write;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::audit::{self, Entry, Verb};
use anyhow::Context;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::transform_args::KeyArgs;

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand, Debug)]
enum What {
    /// Tell whether every record is there, in order and as it was written
    #[command(after_help = "Example:\n  deidre audit verify audit.jsonl --key-file deidre.key\n\n\
        With the key it is told too whether records were written by who has it. Full parts, audit-000001.jsonl and on,\n\
        and the head, audit.jsonl.head, are looked for beside the file.\n\n\
        Exit: 0 sound, 1 something was found, 2 could not read.")]
    Verify {
        /// The trail [default: DEIDRE_AUDIT, or the user's]
        file: Option<PathBuf>,
        #[command(flatten)]
        key: KeyArgs,
    },
    /// Show what was done, a line each
    #[command(after_help = "Example:\n  deidre audit show --verb reveal --since 2026-11-01\n\n\
        Nothing is verified: see 'deidre audit verify'.")]
    Show {
        /// The trail [default: DEIDRE_AUDIT, or the user's]
        file: Option<PathBuf>,
        /// Only what was done by this verb
        #[arg(long, value_parser = PossibleValuesParser::new(Verb::ALL.map(Verb::name)).try_map(verb))]
        verb: Option<Verb>,
        /// Only from this time on: 2026-11-22, or 2026-11-22T07:10:00Z
        #[arg(long, value_name = "TIME", value_parser = time)]
        since: Option<jiff::Timestamp>,
        /// Only the last N
        #[arg(long, value_name = "N")]
        limit: Option<NonZeroUsize>,
    },
    /// Sum up calls of models for a review: who, what, how much, what is unusual, what is about to end
    #[cfg(feature = "gateway")]
    #[command(after_help = "Examples:\n  deidre audit report --perimeter perimeter.toml --since 2026-11-01\n  \
        deidre audit report --trail audit.jsonl --perimeter perimeter.toml --since 2026-10-01 --until 2026-11-01 --json\n\n\
        For the reviews that 45 CFR 164.308(a)(1)(ii)(D) asks for. Nothing is verified: see 'deidre audit verify'.\n\n\
        Exit: 0 nothing to look at, 1 something, 2 could not read.")]
    Report(super::audit_report::Args),
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    match &args.what {
        What::Verify { file, key } => verify(file.as_ref(), key),
        What::Show { file, verb, since, limit } => {
            let only = |entry: &Entry| {
                verb.is_none_or(|verb| entry.verb.as_str() == verb.name())
                    && since.is_none_or(|since| time(entry.time.as_str()).is_ok_and(|time| time >= since))
            };
            show(file.as_ref(), only, *limit)
        }
        #[cfg(feature = "gateway")]
        What::Report(args) => super::audit_report::run(args),
    }
}

fn verify(file: Option<&PathBuf>, key: &KeyArgs) -> anyhow::Result<ExitCode> {
    let path = path(file)?;
    let keys = key.ring()?;
    let verified = audit::verify(&path, keys.as_ref()).with_context(|| path.display().to_string())?;
    let mut out = String::new();
    for finding in &verified.findings {
        let _ = writeln!(out, "{finding}");
    }
    let faults = verified.faults();
    if verified.more > 0 {
        let _ = writeln!(out, "... and {} more", verified.more);
    }
    let _ = write!(out, "{} in {}, ", count(verified.records, "record"), count(verified.parts, "part"));
    let _ = match faults {
        0 => writeln!(out, "sound"),
        faults => writeln!(out, "{}", count(faults, "finding")),
    };
    super::print(&out)?;
    Ok(ExitCode::from(u8::from(faults > 0)))
}

fn show(
    file: Option<&PathBuf>,
    only: impl Fn(&Entry) -> bool,
    limit: Option<NonZeroUsize>,
) -> anyhow::Result<ExitCode> {
    let path = path(file)?;
    let mut rows = VecDeque::new();
    let mut out = format!("{}\n", row(&HEAD.map(str::to_owned)));
    // Closed by its reader, it is still read to its end; what it says is told then.
    let mut printed = Ok(());
    let bad = audit::entries(&path, &mut |entry| {
        if !only(&entry) {
            return;
        }
        match limit {
            Some(limit) => {
                rows.push_back(entry);
                if rows.len() > limit.get() {
                    rows.pop_front();
                }
            }
            None => {
                let _ = writeln!(out, "{}", row(&cells(&entry)));
                if out.len() > 64 << 10 && printed.is_ok() {
                    printed = super::print(&out);
                    out.clear();
                }
            }
        }
    })
    .with_context(|| path.display().to_string())?;
    printed?;
    for entry in &rows {
        let _ = writeln!(out, "{}", row(&cells(entry)));
    }
    super::print(&out)?;
    if bad > 0 {
        super::say(&format!("deidre: {} left out that cannot be read; see 'deidre audit verify'", count(bad, "line")));
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn path(file: Option<&PathBuf>) -> anyhow::Result<PathBuf> {
    file.cloned().or_else(crate::setup::trail::default_path).context("no audit trail: name its file")
}

fn verb(name: String) -> Result<Verb, &'static str> {
    Verb::parse(&name).ok_or("no such verb")
}

/// A time, or the start of a day in UTC.
pub(super) fn time(text: &str) -> Result<jiff::Timestamp, &'static str> {
    let day = (text.len() == 10).then(|| format!("{text}T00:00:00Z"));
    day.as_deref().unwrap_or(text).parse().map_err(|_| "not a time: expected 2026-11-22 or 2026-11-22T07:10:00Z")
}

fn count(n: u64, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

fn cells(entry: &Entry) -> [String; COLUMNS] {
    let dash = || "-".to_owned();
    let note = |note: &Option<audit::Note>| note.as_ref().map_or_else(dash, |note| note.to_string());
    [
        entry.n.to_string(),
        entry.time.to_string(),
        entry.verb.to_string(),
        note(&entry.outcome),
        entry.records.map_or_else(dash, |r| format!("{}/{}/{}", r.read, r.written, r.aside)),
        if entry.identifiers > 0 { entry.identifiers.to_string() } else { dash() },
        entry.tokens.map_or_else(dash, |t| format!("{}/{}/{}/{}", t.revealed, t.refused, t.mistyped, t.foreign)),
        entry.duration_ms.map_or_else(dash, |ms| ms.to_string()),
        note(&entry.policy),
        note(&entry.actor),
        note(&entry.purpose),
    ]
}

/// Numbers to the right; what is longer than its column moves the others.
fn row(cells: &[String; COLUMNS]) -> String {
    let mut line = String::new();
    for (at, (cell, width)) in cells.iter().zip(WIDTHS).enumerate() {
        let gap = if at == 0 { "" } else { "  " };
        let _ = match at {
            0 | 5 | 7 => write!(line, "{gap}{cell:>width$}"),
            _ => write!(line, "{gap}{cell:<width$}"),
        };
    }
    line.truncate(line.trim_end().len());
    line
}

const COLUMNS: usize = 11;
const HEAD: [&str; COLUMNS] = [
    "n",
    "time",
    "verb",
    "outcome",
    "in/out/aside",
    "identifiers",
    "revealed/refused/mistyped/foreign",
    "ms",
    "policy",
    "actor",
    "purpose",
];
const WIDTHS: [usize; COLUMNS] = [6, 24, 10, 7, 14, 11, 33, 8, 17, 12, 0];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn times_are_days_or_moments() {
        for (text, known) in [
            ("2026-11-22", true),
            ("2026-11-22T07:10:00Z", true),
            ("2026-11-22T07:10:00.123Z", true),
            ("2026-11-22T07:10:00+01:00", true),
            ("2026-13-22", false),
            ("2026-11-22T07:10", false),
            ("yesterday", false),
            ("", false),
        ] {
            assert_eq!(time(text).is_ok(), known, "{text}");
        }
        assert_eq!(time("2026-11-22").unwrap(), time("2026-11-22T00:00:00.000Z").unwrap());
    }

    #[test]
    fn columns_stand_under_their_heads() {
        let head = row(&HEAD.map(str::to_owned));
        let line = row(&std::array::from_fn(|at| if at == 0 { "41".into() } else { "-".into() }));
        for (at, name) in HEAD.iter().enumerate().filter(|(at, _)| ![0, 5, 7].contains(at)) {
            let column = head.find(&format!("  {name}")).unwrap() + 2;
            assert_eq!(&line[column..=column], "-", "{at}");
        }
    }
}
