//! What there is to be told of calls of models: see [`review`](super::review) for how it comes about, and
//! `docs/audit.md` for what it means.

use serde::Serialize;

/// What there is to be told.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Report {
    /// First moment, as asked for or of the first record.
    pub since: Option<String>,
    /// The moment at which it ends.
    pub until: String,
    /// What somebody should look at, most pressing first.
    pub attention: Vec<String>,
    /// Sums.
    pub totals: Totals,
    /// Calls under another version of the perimeter than the one at hand.
    pub other_perimeter: u64,
    /// By client, those that made no call too.
    pub clients: Vec<ClientRow>,
    /// Keys and certificates that nobody in the perimeter has.
    pub unknown: Vec<UnknownRow>,
    /// By upstream, model and endpoint; those that were not used too.
    pub models: Vec<ModelRow>,
    /// By rule.
    pub refusals: Vec<RefusalRow>,
    /// By client and purpose.
    pub reveals: Vec<RevealRow>,
    /// Days that stand out.
    pub unusual: Vec<UnusualRow>,
    /// By upstream.
    pub certifications: Vec<CertificationRow>,
}

/// Sums over all clients.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Totals {
    /// Calls, refused ones included.
    pub calls: u64,
    /// Answered.
    pub answered: u64,
    /// Refused by a rule.
    pub refused: u64,
    /// Failed upstream, or on the way.
    pub failed: u64,
    /// The caller went away.
    pub cancelled: u64,
    /// Begun, and of whose end there is no record: under way, or the process was ended.
    pub unended: u64,
    /// Identifiers that were replaced in prompts.
    pub identifiers: u64,
    /// Values that were put back into answers.
    pub revealed: u64,
    /// Lines of the trail that cannot be read.
    pub unreadable: u64,
}

/// One client.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ClientRow {
    /// As the perimeter, or else the trail, calls it.
    pub name: String,
    /// Whether the perimeter has it.
    pub known: bool,
    /// How its key stands in the trail.
    pub credential: Option<String>,
    /// Sums of its calls.
    pub totals: Totals,
    /// When it last called.
    pub last: Option<String>,
}

/// A key or certificate that nobody has.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct UnknownRow {
    /// Its keyed digest.
    pub digest: String,
    /// Calls.
    pub calls: u64,
    /// When it was first and last shown.
    pub first: String,
    /// The same.
    pub last: String,
}

/// One model behind one endpoint.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ModelRow {
    /// Where.
    pub upstream: String,
    /// Model or deployment.
    pub model: String,
    /// What was asked; empty for a model that was not used.
    pub endpoint: String,
    /// Calls.
    pub calls: u64,
    /// Tokens of prompts and completions, as upstream counted them.
    pub tokens: [u64; 2],
    /// How it stands to the perimeter.
    pub state: ModelState,
}

/// How a model stands to the perimeter.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModelState {
    /// In it.
    Inside,
    /// In it, until a day within the next ninety.
    Ending,
    /// In it, its last day over.
    Over,
    /// In it, and not used.
    Unused,
    /// Not in it any more.
    Outside,
}

/// Refusals by one rule.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct RefusalRow {
    /// The rule.
    pub rule: String,
    /// Calls.
    pub calls: u64,
    /// Whose.
    pub clients: Vec<String>,
}

/// Values that were revealed for one purpose.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct RevealRow {
    /// To whom.
    pub client: String,
    /// For what, as the client or the perimeter says.
    pub purpose: String,
    /// Calls with a value in the answer.
    pub calls: u64,
    /// Values.
    pub values: u64,
}

/// A day that stands out.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct UnusualRow {
    /// Whose.
    pub client: String,
    /// Which, in UTC.
    pub day: String,
    /// Of what there was much: `calls`, `identifiers` or `values revealed`.
    pub what: &'static str,
    /// How much.
    pub count: u64,
    /// Mean of the client's other days.
    pub mean: f64,
    /// Their standard deviation.
    pub deviation: f64,
}

/// One upstream's certification.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct CertificationRow {
    /// Where.
    pub upstream: String,
    /// Agreement.
    pub baa: String,
    /// When somebody last looked.
    pub certified: String,
    /// The last day.
    pub expires: String,
    /// Days from the end of the report to the last day; below 0 it is over.
    pub days: i64,
}
