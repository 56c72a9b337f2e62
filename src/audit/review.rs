//! What a trail tells of calls of models, for the periodic reviews that 45 CFR 164.308(a)(1)(ii)(D) asks for: who used
//! what, what was refused, what was revealed, what is unusual, and what the perimeter has that nobody uses or that is about
//! to end.
//!
//! It reads; it verifies nothing: see [`verify`](super::verify).

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::read::{Called, Entry};
use super::record::{Outcome, Verb};
use super::report::{
    CertificationRow, ClientRow, ModelRow, ModelState, RefusalRow, Report, RevealRow, Totals, UnknownRow, UnusualRow,
};

/// What is allowed, as the report needs it.
#[derive(Clone, Debug, Default)]
pub struct Inside {
    /// SHA-256 of the file.
    pub sha256: String,
    /// Where calls may go.
    pub upstreams: Vec<Covered>,
    /// Who may call.
    pub clients: Vec<Known>,
}

/// An upstream.
#[derive(Clone, Debug)]
pub struct Covered {
    /// As the perimeter calls it.
    pub name: String,
    /// The reference of its agreement.
    pub baa: String,
    /// When somebody last looked.
    pub certified: Date,
    /// The last day on which it may be used.
    pub expires: Date,
    /// Models or deployments, with the last day of those that have one.
    pub models: Vec<(String, Option<Date>)>,
}

/// A client.
#[derive(Clone, Debug)]
pub struct Known {
    /// As the perimeter calls it.
    pub name: String,
    /// How its key or certificate stands in the trail; `None` where it is told by a subject.
    pub credential: Option<String>,
}

/// The time that a report is of. A record at `until` is not in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Period {
    /// From then on; `None`: from the first record on.
    pub since: Option<Timestamp>,
    /// Up to then.
    pub until: Timestamp,
}

/// Takes in a trail, entry by entry.
pub struct Review {
    inside: Inside,
    period: Period,
    first: Option<Timestamp>,
    total: Totals,
    /// Calls that were begun, until their end was seen.
    open: BTreeSet<String>,
    clients: BTreeMap<String, Activity>,
    credentials: BTreeMap<(String, String), u64>,
    unknown: BTreeMap<String, Tries>,
    models: BTreeMap<(String, String, String), Volume>,
    refusals: BTreeMap<String, Refused>,
    reveals: BTreeMap<(String, String), (u64, u64)>,
    days: BTreeMap<String, BTreeMap<Date, Day>>,
    other_perimeter: u64,
}

#[derive(Default)]
struct Activity {
    totals: Totals,
    last: Option<Timestamp>,
}

struct Tries {
    calls: u64,
    first: Timestamp,
    last: Timestamp,
}

#[derive(Default)]
struct Volume {
    calls: u64,
    tokens: [u64; 2],
}

#[derive(Default)]
struct Refused {
    calls: u64,
    clients: BTreeSet<String>,
}

#[derive(Clone, Copy, Default)]
struct Day([u64; 3]);

impl Review {
    /// Of that period, against what is allowed now.
    pub fn new(inside: Inside, period: Period) -> Review {
        Review {
            inside,
            period,
            first: None,
            total: Totals::default(),
            open: BTreeSet::new(),
            clients: BTreeMap::new(),
            credentials: BTreeMap::new(),
            unknown: BTreeMap::new(),
            models: BTreeMap::new(),
            refusals: BTreeMap::new(),
            reveals: BTreeMap::new(),
            days: BTreeMap::new(),
            other_perimeter: 0,
        }
    }

    /// Takes the next entry of the trail. Those that are no calls of models, or of another time, are passed over.
    pub fn take(&mut self, entry: &Entry) {
        let (Some(call), Ok(time)) = (&entry.exchange, entry.time.as_str().parse::<Timestamp>()) else { return };
        if entry.verb.as_str() != Verb::Exchange.name()
            || self.period.since.is_some_and(|since| time < since)
            || time >= self.period.until
        {
            return;
        }
        self.first = self.first.or(Some(time));
        let id = text(&call.request);
        if outcome(entry) == Some(Outcome::Started) {
            self.open.insert(id);
        } else {
            self.open.remove(&id);
            self.ended(entry, call, time);
        }
    }

    fn ended(&mut self, entry: &Entry, call: &Called, time: Timestamp) {
        let client = text(&entry.actor);
        let revealed = entry.tokens.map_or(0, |tokens| tokens.revealed);
        let outcome = outcome(entry);
        let activity = self.clients.entry(client.clone()).or_default();
        activity.last = Some(time);
        for totals in [&mut self.total, &mut activity.totals] {
            totals.calls += 1;
            totals.identifiers += entry.identifiers;
            totals.revealed += revealed;
            match outcome {
                Some(Outcome::Refused) => totals.refused += 1,
                Some(Outcome::Done | Outcome::Partial) => totals.answered += 1,
                Some(Outcome::Cancelled) => totals.cancelled += 1,
                _ => totals.failed += 1,
            }
        }
        if call.perimeter.as_ref().is_some_and(|perimeter| perimeter.as_str() != self.inside.sha256) {
            self.other_perimeter += 1;
        }
        if let Some(credential) = &call.credential {
            *self.credentials.entry((client.clone(), credential.to_string())).or_default() += 1;
        }
        if let Some(digest) = &call.unknown {
            let tries = self.unknown.entry(digest.to_string()).or_insert(Tries { calls: 0, first: time, last: time });
            (tries.calls, tries.last) = (tries.calls + 1, time);
        }
        if outcome == Some(Outcome::Refused) {
            let refused = self.refusals.entry(text(&call.rule)).or_default();
            refused.calls += 1;
            refused.clients.insert(client.clone());
        } else {
            let volume =
                self.models.entry((text(&call.upstream), text(&call.model), text(&call.endpoint))).or_default();
            volume.calls += 1;
            let usage = call.usage.unwrap_or_default();
            volume.tokens = [volume.tokens[0] + usage.input, volume.tokens[1] + usage.output];
        }
        if revealed > 0 {
            let reveal = self.reveals.entry((client.clone(), text(&entry.purpose))).or_default();
            *reveal = (reveal.0 + 1, reveal.1 + revealed);
        }
        let Day(counts) = self.days.entry(client).or_default().entry(day(time)).or_default();
        *counts = [counts[0] + 1, counts[1] + entry.identifiers, counts[2] + revealed];
    }

    /// What there is to be told; `unreadable` lines were passed over.
    pub fn finish(mut self, unreadable: u64) -> Report {
        self.total.unended = self.open.len() as u64;
        self.total.unreadable = unreadable;
        // The last moment that is in it.
        let today = day(self.period.until - 1.nanosecond());
        let mut report = Report {
            since: self.period.since.or(self.first).map(moment),
            until: moment(self.period.until),
            attention: Vec::new(),
            totals: self.total,
            other_perimeter: self.other_perimeter,
            clients: self.client_rows(),
            unknown: self.unknown.iter().map(|(digest, tries)| tries.row(digest)).collect(),
            models: self.model_rows(today),
            refusals: self.refusal_rows(),
            reveals: self.reveal_rows(),
            unusual: self.unusual_rows(today),
            certifications: self.inside.upstreams.iter().map(|upstream| upstream.row(today)).collect(),
        };
        report.certifications.sort_by_key(|row| row.days);
        report.attention = super::attention::lines(&report);
        report
    }

    fn client_rows(&self) -> Vec<ClientRow> {
        let row = |name: &str, known: bool, credential: Option<&String>| {
            let activity = self.clients.get(name);
            ClientRow {
                name: name.to_owned(),
                known,
                credential: credential.cloned(),
                totals: activity.map_or_else(Totals::default, |activity| activity.totals),
                last: activity.and_then(|activity| activity.last).map(moment),
            }
        };
        let known = self.inside.clients.iter().map(|client| row(&client.name, true, client.credential.as_ref()));
        let is_known = |name: &str| self.inside.clients.iter().any(|client| client.name == name);
        let shown = |name: &str| self.credentials.keys().find(|(client, _)| client == name).map(|(_, shown)| shown);
        let others = self.clients.keys().filter(|name| !name.is_empty() && !is_known(name));
        known.chain(others.map(|name| row(name, false, shown(name)))).collect()
    }

    fn model_rows(&self, today: Date) -> Vec<ModelRow> {
        let listed = |upstream: &str, model: &str| {
            let upstream = self.inside.upstreams.iter().find(|covered| covered.name == upstream)?;
            upstream.models.iter().find(|(name, _)| name == model).map(|(_, last)| last.unwrap_or(Date::MAX))
        };
        let mut rows: Vec<ModelRow> = Vec::new();
        for ((upstream, model, endpoint), volume) in &self.models {
            let state = match listed(upstream, model) {
                None => ModelState::Outside,
                Some(last) if last < today => ModelState::Over,
                Some(last) if days_between(today, last) <= 90 => ModelState::Ending,
                Some(_) => ModelState::Inside,
            };
            let (upstream, model, endpoint) = (upstream.clone(), model.clone(), endpoint.clone());
            rows.push(ModelRow { upstream, model, endpoint, calls: volume.calls, tokens: volume.tokens, state });
        }
        for upstream in &self.inside.upstreams {
            for (model, _) in &upstream.models {
                if !rows.iter().any(|row| row.upstream == upstream.name && row.model == *model) {
                    let (upstream, model) = (upstream.name.clone(), model.clone());
                    let state = ModelState::Unused;
                    rows.push(ModelRow { upstream, model, endpoint: String::new(), calls: 0, tokens: [0; 2], state });
                }
            }
        }
        rows
    }

    fn refusal_rows(&self) -> Vec<RefusalRow> {
        let row = |(rule, refused): (&String, &Refused)| RefusalRow {
            rule: rule.clone(),
            calls: refused.calls,
            clients: refused.clients.iter().filter(|name| !name.is_empty()).cloned().collect(),
        };
        let mut rows: Vec<RefusalRow> = self.refusals.iter().map(row).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.calls));
        rows
    }

    fn reveal_rows(&self) -> Vec<RevealRow> {
        let rows = self.reveals.iter().map(|((client, purpose), (calls, values))| RevealRow {
            client: client.clone(),
            purpose: purpose.clone(),
            calls: *calls,
            values: *values,
        });
        rows.collect()
    }

    /// Days above the mean of the client's other days by three of their standard deviations, and twice that mean. Days
    /// without a call count, from the client's first day on; fewer than [`JUDGED`] other days tell nothing.
    fn unusual_rows(&self, today: Date) -> Vec<UnusualRow> {
        let mut rows = Vec::new();
        for (client, days) in &self.days {
            let Some(first) = days.keys().next().copied() else { continue };
            let others = days_between(first, today) as f64;
            if client.is_empty() || others < JUDGED {
                continue;
            }
            for (at, what) in ["calls", "identifiers", "values revealed"].into_iter().enumerate() {
                let of = |day: &Day| day.0.get(at).copied().unwrap_or_default();
                let sum: f64 = days.values().map(|day| of(day) as f64).sum();
                let squares: f64 = days.values().map(|day| (of(day) as f64).powi(2)).sum();
                for (day, counts) in days {
                    let count = of(counts) as f64;
                    let mean = (sum - count) / others;
                    let deviation = ((squares - count * count) / others - mean * mean).max(0.0).sqrt();
                    if count > mean + 3.0 * deviation && count >= 2.0 * mean && count >= LEAST {
                        let (client, day) = (client.clone(), day.to_string());
                        rows.push(UnusualRow { client, day, what, count: of(counts), mean, deviation });
                    }
                }
            }
        }
        rows
    }
}

impl Tries {
    fn row(&self, digest: &str) -> UnknownRow {
        let (first, last) = (moment(self.first), moment(self.last));
        UnknownRow { digest: digest.to_owned(), calls: self.calls, first, last }
    }
}

impl Covered {
    fn row(&self, today: Date) -> CertificationRow {
        CertificationRow {
            upstream: self.name.clone(),
            baa: self.baa.clone(),
            certified: self.certified.to_string(),
            expires: self.expires.to_string(),
            days: days_between(today, self.expires),
        }
    }
}

fn outcome(entry: &Entry) -> Option<Outcome> {
    let named =
        [Outcome::Started, Outcome::Done, Outcome::Partial, Outcome::Refused, Outcome::Cancelled, Outcome::Failed];
    let told = entry.outcome.as_ref()?;
    named.into_iter().find(|outcome| outcome.name() == told.as_str())
}

fn text(note: &Option<super::Note>) -> String {
    note.as_ref().map(|note| note.as_str().to_owned()).unwrap_or_default()
}

fn day(time: Timestamp) -> Date {
    time.to_zoned(TimeZone::UTC).date()
}

fn moment(time: Timestamp) -> String {
    format!("{time:.0}")
}

fn days_between(from: Date, to: Date) -> i64 {
    from.until(to).map_or(i64::MAX, |span| span.get_days().into())
}

/// Other days that a client must have for one to stand out.
const JUDGED: f64 = 7.0;
/// What stands out must be as much: two calls after a week of none are no volume.
const LEAST: f64 = 20.0;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::{Exchange, Note, Record, Revealed, Rotation, Trail, entries};
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn entry(time: &str, client: &str, outcome: Outcome) -> Entry {
        let call = Called { request: Note::new(time), model: Note::new("m"), ..Called::default() };
        Entry {
            n: 1,
            time: Note::new(time).unwrap(),
            verb: Note::new("exchange").unwrap(),
            outcome: Note::new(outcome.name()),
            actor: Note::new(client),
            purpose: None,
            policy: None,
            records: None,
            identifiers: 0,
            tokens: None,
            duration_ms: None,
            host: None,
            exchange: Some(Box::new(call)),
        }
    }

    fn review() -> Review {
        let period = Period { since: Some(at("2026-11-01T00:00:00Z")), until: at("2026-11-22T00:00:00Z") };
        Review::new(Inside::default(), period)
    }

    /// So many calls on each day from the 1st on.
    fn of_days(counts: &[usize]) -> Vec<UnusualRow> {
        let mut review = review();
        for (day, count) in counts.iter().enumerate() {
            for call in 0..*count {
                let time = format!("2026-11-{:02}T{:02}:{:02}:00Z", day + 1, call / 60, call % 60);
                review.take(&entry(&time, "scribe", Outcome::Done));
            }
        }
        review.period.until = at(&format!("2026-11-{:02}T00:00:00Z", counts.len() + 1));
        review.finish(0).unusual
    }

    #[test]
    fn days_stand_out_when_they_are_far_above_the_others() {
        for (counts, stands_out) in [
            (&[10, 11, 9, 10, 12, 10, 11, 10, 60][..], Some(60)),
            (&[60, 10, 11, 9, 10, 12, 10, 11, 10], Some(60)),
            // Days without a call count.
            (&[3, 0, 0, 0, 0, 0, 0, 0, 0, 40], Some(40)),
            // Much, and not twice as much.
            (&[50, 50, 50, 50, 50, 50, 50, 50, 99], None),
            // Twice as much, and no more than they differ anyway.
            (&[10, 60, 10, 60, 10, 60, 10, 60, 80], None),
            // Little.
            (&[1, 1, 1, 1, 1, 1, 1, 1, 19], None),
            // Seven other days, and six.
            (&[10, 10, 10, 10, 10, 10, 10, 100], Some(100)),
            (&[10, 10, 10, 10, 10, 10, 100], None),
            (&[500], None),
        ] {
            let rows = of_days(counts);
            assert_eq!(rows.first().map(|row| row.count), stands_out, "{counts:?}");
            assert!(rows.len() <= 1 && rows.iter().all(|row| row.what == "calls"), "{rows:?}");
        }
    }

    #[test]
    fn calls_are_counted_once_and_in_their_time() {
        let mut review = review();
        for (time, outcome) in [
            ("2026-10-31T23:59:59.999Z", Outcome::Done),
            ("2026-11-01T00:00:00Z", Outcome::Started),
            ("2026-11-01T00:00:00Z", Outcome::Done),
            ("2026-11-02T00:00:00Z", Outcome::Started),
            ("2026-11-03T00:00:00Z", Outcome::Refused),
            ("2026-11-04T00:00:00Z", Outcome::Cancelled),
            ("2026-11-05T00:00:00Z", Outcome::Failed),
            ("2026-11-06T00:00:00Z", Outcome::Partial),
            ("2026-11-22T00:00:00Z", Outcome::Done),
        ] {
            review.take(&entry(time, "scribe", outcome));
        }
        let totals = review.finish(2).totals;
        let expected = Totals {
            calls: 5,
            answered: 2,
            refused: 1,
            failed: 1,
            cancelled: 1,
            unended: 1,
            identifiers: 0,
            revealed: 0,
            unreadable: 2,
        };
        assert_eq!(totals, expected);
    }

    #[test]
    fn what_a_trail_tells_of_a_call_is_in_the_report() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.jsonl");
        let trail = Trail::open(&path, None, Rotation::DEFAULT).unwrap();
        let mut exchange = Exchange::new([7; 16], Outcome::Done);
        exchange.client = Note::new("scribe");
        exchange.purpose = Note::new("appeal 12");
        exchange.upstream = Note::new("open");
        exchange.model = Note::new("m-1");
        exchange.endpoint = Some("chat");
        exchange.credential = Some(super::super::Credential::Known([9; 8]));
        exchange.usage = Some(super::super::Usage { input: 5, output: 6 });
        exchange.tokens = Some(Revealed { revealed: 4, ..Revealed::default() });
        exchange.labels[0] = 3;
        trail.append(&Record::from(exchange)).unwrap();
        let mut review = Review::new(Inside::default(), Period { since: None, until: Timestamp::MAX });
        assert_eq!(entries(&path, &mut |entry| review.take(&entry)).unwrap(), 0);
        let report = review.finish(0);
        assert_eq!((report.totals.calls, report.totals.identifiers, report.totals.revealed), (1, 3, 4));
        let client = &report.clients[0];
        assert_eq!(
            (client.name.as_str(), client.known, client.credential.as_deref()),
            ("scribe", false, Some("0909090909090909"))
        );
        let model = &report.models[0];
        assert_eq!(
            (model.model.as_str(), model.endpoint.as_str(), model.tokens, model.state),
            ("m-1", "chat", [5, 6], ModelState::Outside)
        );
        assert_eq!((report.reveals[0].purpose.as_str(), report.reveals[0].values), ("appeal 12", 4));
        assert_eq!(
            report.attention.len(),
            2,
            "a model and a client that the perimeter has not: {:?}",
            report.attention
        );
    }
}
