//! What of a report somebody should look at, in words.

use super::report::{ModelState, Report};

/// Most pressing first.
pub(super) fn lines(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    for row in &report.certifications {
        let upstream = &row.upstream;
        match row.days {
            days @ ..0 => {
                lines.push(format!("{upstream}: certification ended {} ago, calls are refused", count(-days, "day")))
            }
            0 => lines.push(format!("{upstream}: certification ends today")),
            days @ 1..=30 => lines.push(format!("{upstream}: certification ends in {}, within 30", count(days, "day"))),
            days @ 31..=60 => {
                lines.push(format!("{upstream}: certification ends in {}, within 60", count(days, "day")))
            }
            days @ 61..=90 => {
                lines.push(format!("{upstream}: certification ends in {}, within 90", count(days, "day")))
            }
            _ => {}
        }
    }
    for row in &report.models {
        let name = format!("{} of {}", row.model, row.upstream);
        match row.state {
            ModelState::Outside if row.model.is_empty() => {}
            ModelState::Outside => {
                lines.push(format!("{name}: {} in the period, not in the perimeter any more", calls(row.calls)))
            }
            ModelState::Over => lines.push(format!("{name}: its last day is over")),
            ModelState::Ending => lines.push(format!("{name}: its last day is within 90 days")),
            ModelState::Inside | ModelState::Unused => {}
        }
    }
    for row in &report.unknown {
        lines.push(format!("a key that nobody has ({}) was shown in {}", short(&row.digest), calls(row.calls)));
    }
    for row in &report.clients {
        if !row.known {
            lines.push(format!(
                "{}: {}, and the perimeter has no such client any more",
                row.name,
                calls(row.totals.calls)
            ));
        } else if row.totals.calls == 0 {
            lines.push(format!("{}: no call in the period; does it still need its key?", row.name));
        }
    }
    for row in &report.unusual {
        lines.push(format!("{}: {} {} on {}, other days {:.0}", row.client, row.count, row.what, row.day, row.mean));
    }
    for row in report.refusals.iter().filter(|row| SERIOUS.contains(&row.rule.as_str())) {
        lines.push(format!("{} refused by rule {}: {}", calls(row.calls), row.rule, whose(&row.clients)));
    }
    if report.totals.unended > 0 {
        lines.push(format!(
            "{} begun without a record of the end: under way, or the process was ended",
            calls(report.totals.unended)
        ));
    }
    if report.totals.unreadable > 0 {
        let unreadable = i64::try_from(report.totals.unreadable).unwrap_or(i64::MAX);
        lines.push(format!("{} of the trail cannot be read: see 'deidre audit verify'", count(unreadable, "line")));
    }
    lines
}

/// The start of a digest, enough to tell it from others.
pub(super) fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

fn calls(n: u64) -> String {
    count(i64::try_from(n).unwrap_or(i64::MAX), "call")
}

fn count(n: i64, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

fn whose(clients: &[String]) -> String {
    if clients.is_empty() { "nobody known".to_owned() } else { clients.join(", ") }
}

/// Rules that a client which is set up well does not meet.
const SERIOUS: &[&str] = &[
    "endpoint",
    "upstream",
    "model",
    "model_expired",
    "certification_expired",
    "role",
    "state",
    "tool",
    "identifier_in_name",
];
