//! Reads the lines of a trail, through all its parts.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::AuditError;
use super::chain::MAX_LINE;
use super::exchange::Usage;
use super::files::{Files, Snapshot};
use super::record::{Counts, Note, Revealed};

/// A line of a trail, as it is shown. Nothing of it is verified: see [`verify`](super::verify).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Its number.
    pub n: u64,
    /// When it was written: UTC, RFC 3339.
    pub time: Note,
    /// What was done.
    pub verb: Note,
    /// How it ended.
    pub outcome: Option<Note>,
    /// By whom.
    pub actor: Option<Note>,
    /// For what.
    pub purpose: Option<Note>,
    /// The name of the policy.
    pub policy: Option<Note>,
    /// Records in, out and set aside.
    pub records: Option<Counts>,
    /// Identifiers, of all labels.
    pub identifiers: u64,
    /// What became of tokens.
    pub tokens: Option<Revealed>,
    /// Milliseconds it took.
    pub duration_ms: Option<u64>,
    /// On which machine.
    pub host: Option<Note>,
    /// The call of a model.
    pub exchange: Option<Box<Called>>,
}

/// What an [`Entry`] tells of the call of a model.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Called {
    /// The id of the call.
    pub request: Option<Note>,
    /// Where it went.
    pub upstream: Option<Note>,
    /// The model or deployment.
    pub model: Option<Note>,
    /// What was called.
    pub endpoint: Option<Note>,
    /// The agreement.
    pub baa: Option<Note>,
    /// The rule that refused it, or by which it failed.
    pub rule: Option<Note>,
    /// The start of the digest of the caller's key or certificate.
    pub credential: Option<Note>,
    /// The keyed digest of a key that nobody has.
    pub unknown: Option<Note>,
    /// The SHA-256 of the perimeter that was in force.
    pub perimeter: Option<Note>,
    /// HTTP status of upstream.
    pub status: Option<u16>,
    /// Bytes of the prompt and of the completion.
    pub bytes: [u64; 2],
    /// Tokens of the model.
    pub usage: Option<Usage>,
}

/// Shows every line to `each`, in order; the number of lines that are no entries.
///
/// # Errors
///
/// When the trail cannot be read.
pub fn entries(path: &Path, each: &mut dyn FnMut(Entry)) -> Result<u64, AuditError> {
    let files = Files::of(path)?;
    let mut bad = 0;
    for part in parts(&files, files.snapshot()?) {
        let (_, mut lines) = part?;
        while let Some(line) = lines.next()? {
            match line {
                Item::Line(line) => match Entry::read(line) {
                    Some(entry) => each(entry),
                    None => bad += 1,
                },
                Item::TooLong | Item::Torn(_) => bad += 1,
            }
        }
    }
    Ok(bad)
}

impl Entry {
    pub(super) fn read(line: &[u8]) -> Option<Entry> {
        let shown: Shown = serde_json::from_slice(line).ok()?;
        let note = |text: Option<String>| text.as_deref().and_then(Note::new);
        Some(Entry {
            n: shown.n,
            time: Note::new(&shown.time)?,
            verb: Note::new(&shown.verb)?,
            outcome: note(shown.outcome),
            actor: note(shown.actor),
            purpose: note(shown.purpose),
            policy: note(shown.policy.map(|policy| policy.name)),
            records: shown.records,
            identifiers: shown.labels.values().fold(0, |sum, count| count.saturating_add(sum)),
            tokens: shown.tokens,
            duration_ms: shown.duration_ms,
            host: note(shown.host),
            exchange: shown.exchange.map(|call| {
                Box::new(Called {
                    request: note(call.request),
                    upstream: note(call.upstream),
                    model: note(call.model),
                    endpoint: note(call.endpoint),
                    baa: note(call.baa),
                    rule: note(call.rule),
                    credential: note(call.credential),
                    unknown: note(call.unknown),
                    perimeter: note(call.perimeter),
                    status: call.status,
                    bytes: [call.prompt_bytes, call.completion_bytes],
                    usage: call.usage,
                })
            }),
        })
    }
}

/// The lines of one file.
pub(super) struct Lines {
    input: BufReader<io::Take<File>>,
    line: Vec<u8>,
}

/// What comes next in a file.
pub(super) enum Item<'l> {
    /// A line, without its end.
    Line(&'l [u8]),
    /// A line that is longer than lines are.
    TooLong,
    /// What stands after the last line end. With its length, which may be more than is kept.
    Torn(u64),
}

/// The files of a trail in order, with their paths.
pub(super) fn parts(
    files: &Files,
    snapshot: Snapshot,
) -> impl Iterator<Item = Result<(PathBuf, Lines), AuditError>> + use<> {
    let active = snapshot.active.map(|(file, len)| Ok((files.active.clone(), Lines::new(file, len))));
    let open = |path: PathBuf| Ok((path.clone(), Lines::new(File::open(path)?, u64::MAX)));
    snapshot.parts.into_iter().map(open).chain(active)
}

impl Lines {
    fn new(file: File, len: u64) -> Lines {
        Lines { input: BufReader::with_capacity(64 << 10, file.take(len)), line: Vec::new() }
    }

    pub(super) fn next(&mut self) -> Result<Option<Item<'_>>, AuditError> {
        self.line.clear();
        let mut len = 0;
        loop {
            let bytes = match self.input.fill_buf() {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                bytes => bytes?,
            };
            if bytes.is_empty() {
                return Ok((len > 0).then_some(Item::Torn(len)));
            }
            let newline = memchr::memchr(b'\n', bytes);
            let piece = bytes.get(..newline.unwrap_or(bytes.len())).unwrap_or_default();
            len += piece.len() as u64;
            // One byte more than fits tells that it does not.
            let room = (MAX_LINE + 1).saturating_sub(self.line.len());
            self.line.extend_from_slice(piece.get(..room).unwrap_or(piece));
            let used = piece.len() + usize::from(newline.is_some());
            self.input.consume(used);
            if newline.is_some() {
                let fits = self.line.len() < MAX_LINE;
                return Ok(Some(if fits { Item::Line(&self.line) } else { Item::TooLong }));
            }
        }
    }
}

#[derive(Deserialize)]
struct Shown {
    n: u64,
    time: String,
    verb: String,
    outcome: Option<String>,
    actor: Option<String>,
    purpose: Option<String>,
    policy: Option<Name>,
    records: Option<Counts>,
    #[serde(default)]
    labels: std::collections::BTreeMap<String, u64>,
    tokens: Option<Revealed>,
    duration_ms: Option<u64>,
    host: Option<String>,
    exchange: Option<ShownCall>,
}

#[derive(Deserialize)]
struct ShownCall {
    request: Option<String>,
    upstream: Option<String>,
    model: Option<String>,
    endpoint: Option<String>,
    baa: Option<String>,
    rule: Option<String>,
    credential: Option<String>,
    unknown: Option<String>,
    perimeter: Option<String>,
    status: Option<u16>,
    #[serde(default)]
    prompt_bytes: u64,
    #[serde(default)]
    completion_bytes: u64,
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Name {
    name: String,
}
