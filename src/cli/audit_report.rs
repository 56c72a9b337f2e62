//! `deidre audit report`: what the trail tells of calls of models, for the periodic reviews.

use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use jiff::Timestamp;

use crate::audit::report::{ModelState, Report, Totals};
use crate::audit::review::{Covered, Inside, Known, Period, Review};
use crate::audit::{Credential, entries};
use crate::gateway::Perimeter;

#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The trail [default: DEIDRE_AUDIT, or the user's]
    #[arg(long, value_name = "FILE")]
    trail: Option<PathBuf>,
    /// The perimeter of the gateway, against which the trail is held
    #[arg(long, value_name = "FILE")]
    perimeter: PathBuf,
    /// Only from this time on: 2026-11-01, or 2026-11-01T07:10:00Z [default: the first record]
    #[arg(long, value_name = "TIME", value_parser = super::audit::time)]
    since: Option<Timestamp>,
    /// Only before this time; certifications are judged as of then [default: now]
    #[arg(long, value_name = "TIME", value_parser = super::audit::time)]
    until: Option<Timestamp>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let path = super::audit::path(args.trail.as_ref())?;
    let name = || args.perimeter.display().to_string();
    let text = std::fs::read_to_string(&args.perimeter).with_context(name)?;
    let perimeter = Perimeter::from_toml(&text).with_context(name)?;
    let until = match args.until {
        Some(until) => until,
        None => Timestamp::try_from(std::time::SystemTime::now()).context("the clock")?,
    };
    anyhow::ensure!(args.since.is_none_or(|since| since < until), "--since must be before --until");
    let mut review = Review::new(inside(&perimeter), Period { since: args.since, until });
    let unreadable = entries(&path, &mut |entry| review.take(&entry)).with_context(|| path.display().to_string())?;
    let report = review.finish(unreadable);
    super::print(&if args.json { serde_json::to_string_pretty(&report)? + "\n" } else { written(&report) })?;
    Ok(ExitCode::from(u8::from(!report.attention.is_empty())))
}

fn inside(perimeter: &Perimeter) -> Inside {
    let upstreams = perimeter.upstreams().iter().map(|upstream| Covered {
        name: upstream.name().to_owned(),
        baa: upstream.baa().to_owned(),
        certified: upstream.certified(),
        expires: upstream.expires(),
        models: upstream.models().map(|(name, last)| (name.to_owned(), last)).collect(),
    });
    let clients = perimeter.clients().iter().map(|client| Known {
        name: client.name().to_owned(),
        credential: client.fingerprint().map(|sha256| Credential::shown(&sha256)),
    });
    Inside { sha256: perimeter.fingerprint().to_string(), upstreams: upstreams.collect(), clients: clients.collect() }
}

/// For people.
fn written(report: &Report) -> String {
    let mut out = String::new();
    let totals = &report.totals;
    // A String takes everything: writing cannot fail.
    let since = report.since.as_deref().unwrap_or("the beginning");
    let _ = writeln!(out, "Calls of models from {since} to {}", report.until);
    let _ = writeln!(
        out,
        "{}: {} answered, {} refused, {} failed, {} given up by the caller",
        count(totals.calls, "call"),
        totals.answered,
        totals.refused,
        totals.failed,
        totals.cancelled
    );
    let _ = writeln!(
        out,
        "{} replaced before they left, {} put back into answers",
        count(totals.identifiers, "identifier"),
        count(totals.revealed, "value")
    );
    if report.other_perimeter > 0 {
        let _ = writeln!(out, "{} under another version of the perimeter file", count(report.other_perimeter, "call"));
    }
    let _ = writeln!(out, "\nTo look at");
    if report.attention.is_empty() {
        let _ = writeln!(out, "  nothing");
    }
    for line in &report.attention {
        let _ = writeln!(out, "  - {line}");
    }
    clients(report, &mut out);
    models(report, &mut out);
    rest(report, &mut out);
    out
}

fn clients(report: &Report, out: &mut String) {
    let mut rows =
        vec![["client", "key", "calls", "refused", "failed", "replaced", "revealed", "last call"].map(String::from)];
    for row in &report.clients {
        let Totals { calls, refused, failed, identifiers, revealed, .. } = row.totals;
        let name = if row.known { row.name.clone() } else { format!("{} (not in the perimeter)", row.name) };
        let numbers = [calls, refused, failed, identifiers, revealed].map(|number| number.to_string());
        let [calls, refused, failed, identifiers, revealed] = numbers;
        let key = row.credential.clone().unwrap_or_else(dash);
        let last = row.last.clone().unwrap_or_else(dash);
        rows.push([name, key, calls, refused, failed, identifiers, revealed, last]);
    }
    table("Clients", &rows, &[2, 3, 4, 5, 6], out);
}

fn models(report: &Report, out: &mut String) {
    let mut rows = vec![
        ["upstream", "model", "endpoint", "calls", "tokens in", "tokens out", "in the perimeter"].map(String::from),
    ];
    for row in &report.models {
        let state = match row.state {
            ModelState::Inside => "yes",
            ModelState::Ending => "yes, its last day is near",
            ModelState::Over => "its last day is over",
            ModelState::Unused => "yes, not used",
            ModelState::Outside => "no",
        };
        let [tokens_in, tokens_out] = row.tokens.map(|tokens| tokens.to_string());
        let or_dash = |text: &String| if text.is_empty() { dash() } else { text.clone() };
        let (upstream, model, endpoint) = (or_dash(&row.upstream), or_dash(&row.model), or_dash(&row.endpoint));
        rows.push([upstream, model, endpoint, row.calls.to_string(), tokens_in, tokens_out, state.to_owned()]);
    }
    table("Models", &rows, &[3, 4, 5], out);
    let mut rows = vec![["upstream", "agreement", "certified", "last day", "days left"].map(String::from)];
    for row in &report.certifications {
        let (certified, expires) = (row.certified.clone(), row.expires.clone());
        rows.push([row.upstream.clone(), row.baa.clone(), certified, expires, row.days.to_string()]);
    }
    table("Certifications", &rows, &[4], out);
}

fn rest(report: &Report, out: &mut String) {
    let mut rows = vec![["client", "for", "calls", "values"].map(String::from)];
    for row in &report.reveals {
        rows.push([row.client.clone(), row.purpose.clone(), row.calls.to_string(), row.values.to_string()]);
    }
    table("Values revealed", &rows, &[2, 3], out);
    let mut rows = vec![["rule", "calls", "clients"].map(String::from)];
    for row in &report.refusals {
        rows.push([row.rule.clone(), row.calls.to_string(), row.clients.join(", ")]);
    }
    table("Refusals", &rows, &[1], out);
    let mut rows = vec![["key (digest)", "calls", "first", "last"].map(String::from)];
    for row in &report.unknown {
        let digest = row.digest.get(..12).unwrap_or(&row.digest).to_owned();
        rows.push([digest, row.calls.to_string(), row.first.clone(), row.last.clone()]);
    }
    table("Keys that nobody has", &rows, &[1], out);
    let mut rows = vec![["client", "day", "what", "count", "other days", "deviation"].map(String::from)];
    for row in &report.unusual {
        let (mean, deviation) = (format!("{:.1}", row.mean), format!("{:.1}", row.deviation));
        rows.push([row.client.clone(), row.day.clone(), row.what.to_owned(), row.count.to_string(), mean, deviation]);
    }
    table("Unusual days", &rows, &[3, 4, 5], out);
}

/// A title and rows under their heads, or that there are none.
fn table<const N: usize>(title: &str, rows: &[[String; N]], right: &[usize], out: &mut String) {
    let _ = writeln!(out, "\n{title}");
    if rows.len() < 2 {
        let _ = writeln!(out, "  none");
        return;
    }
    let width =
        |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..N).map(width).collect();
    for row in rows {
        let mut line = String::new();
        for (at, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let _ =
                if right.contains(&at) { write!(line, "  {cell:>width$}") } else { write!(line, "  {cell:<width$}") };
        }
        let _ = writeln!(out, "{}", line.trim_end());
    }
}

fn dash() -> String {
    "-".to_owned()
}

fn count(n: u64, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}
