//! Lines and heads: how they are sealed, and how they are read back.
//!
//! ```text
//! {"v":1,"n":41, ... ,"prev":"<hash of line 40>","key":"<id>","mac":"<hex>","hash":"<hex>"}
//! ```
//!
//! `mac` is the HMAC-SHA256 of the bytes before `,"mac":`, `hash` the SHA-256 of the bytes before `,"hash":`. So the hash
//! is of everything in the line, its MAC too, and of all lines before it by way of `prev`. Bytes are hashed as they stand
//! in the file: there is no other canonical form to get wrong.

use hmac::Mac;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::AuditError;
use super::digest::{Fingerprint, from_hex, hex, hmac};
use super::record::{Counts, Labels, Named, Note, Outcome, Record, Revealed, Verb};
use crate::secret::Key;

/// The end of a chain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Link {
    /// Number of the last line, counted from 1.
    pub(super) n: u64,
    /// Its hash.
    pub(super) hash: [u8; 32],
}

impl Link {
    /// Before the first line.
    pub(super) const START: Link = Link { n: 0, hash: [0; 32] };
}

/// What a key seals lines and heads with.
pub(super) struct Macs {
    id: String,
    line: Zeroizing<[u8; 32]>,
    head: Zeroizing<[u8; 32]>,
}

impl Macs {
    pub(super) fn of(key: &Key) -> Macs {
        Macs { id: key.id().to_owned(), line: key.derive("audit line"), head: key.derive("audit head") }
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }
}

/// What was mended before a line could be written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Mended {
    /// Bytes of a torn line that were set aside.
    #[serde(default)]
    pub(super) torn: u64,
    /// Lines that were written and that the head did not tell yet.
    #[serde(default)]
    pub(super) untold: u64,
}

impl Mended {
    pub(super) fn is_nothing(self) -> bool {
        self == Mended::default()
    }
}

/// Where a line stands among those that were written at once. Written as `[1,3]`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Place(pub(super) u64, pub(super) u64);

impl Place {
    /// By itself. Not written.
    pub(super) const ALONE: Place = Place(1, 1);

    /// Whether `n` is the number of the line that stands there, behind a line of number `told`.
    pub(super) fn is_of(self, n: u64, told: u64) -> bool {
        (1..=self.1).contains(&self.0) && told.checked_add(self.0) == Some(n)
    }
}

/// Where a line goes.
#[derive(Clone, Copy)]
pub(super) struct Slot {
    /// The line before it.
    pub(super) before: Link,
    pub(super) place: Place,
    /// What was mended before it could be written.
    pub(super) mended: Mended,
}

#[cfg(test)]
impl Slot {
    pub(super) fn after(before: Link) -> Slot {
        Slot { before, place: Place::ALONE, mended: Mended::default() }
    }
}

/// Appends to `out` the line that goes into `slot`, with its line end.
pub(super) fn write_line(
    record: &Record,
    slot: Slot,
    macs: Option<&Macs>,
    out: &mut Vec<u8>,
) -> Result<Link, AuditError> {
    let start = out.len();
    let Slot { before, place, mended } = slot;
    let n = before.n.checked_add(1).ok_or(AuditError::Damaged("its numbers are at their end"))?;
    let body = Body {
        v: VERSION,
        n,
        time: now(),
        verb: record.verb,
        actor: record.actor.as_ref(),
        purpose: record.purpose.as_ref(),
        policy: record.policy.as_ref(),
        engine: env!("CARGO_PKG_VERSION"),
        model: record.model.as_ref(),
        dictionaries: record.dictionaries,
        zip3: record.zip3.as_ref(),
        outcome: record.outcome,
        records: record.records,
        labels: Labels(&record.labels),
        tokens: record.tokens,
        input: record.input,
        content: record.content,
        output: record.output,
        exchange: record.exchange.as_deref(),
        duration_ms: record.duration.map(|d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX)),
        host: record.host.as_ref(),
        recovered: (!mended.is_nothing()).then_some(mended),
        together: (place != Place::ALONE).then_some(place),
        prev: hex(&before.hash),
        key: macs.map(Macs::id),
    };
    write_open(&body, out)?;
    if let Some(macs) = macs {
        write_mac(macs.line.as_slice(), start, out);
    }
    let hash: [u8; 32] = Sha256::digest(out.get(start..).unwrap_or_default()).into();
    out.extend_from_slice(HASH);
    out.extend_from_slice(hex(&hash).as_bytes());
    out.extend_from_slice(b"\"}\n");
    if out.len() - start > MAX_LINE { Err(AuditError::TooLong) } else { Ok(Link { n, hash }) }
}

/// The head file that tells `last`.
pub(super) fn write_head(last: Link, macs: Option<&Macs>) -> Result<Vec<u8>, AuditError> {
    let mut out = Vec::with_capacity(256);
    write_open(&HeadBody { v: VERSION, n: last.n, hash: hex(&last.hash), key: macs.map(Macs::id) }, &mut out)?;
    if let Some(macs) = macs {
        write_mac(macs.head.as_slice(), 0, &mut out);
    }
    out.extend_from_slice(b"}\n");
    Ok(out)
}

/// A line that was read. It has the form of one; whether its hash and MAC hold is still to be asked.
pub(super) struct Line<'l> {
    /// What is in it.
    pub(super) facts: Facts,
    /// The hash of the line before, as it says.
    pub(super) prev: [u8; 32],
    /// Its hash, as it says.
    pub(super) stated: [u8; 32],
    /// Its hash, as it is.
    pub(super) actual: [u8; 32],
    seal: Option<Seal<'l>>,
}

/// What is read of every line.
#[derive(Deserialize)]
pub(super) struct Facts {
    pub(super) v: u64,
    pub(super) n: u64,
    pub(super) time: String,
    pub(super) recovered: Option<Mended>,
    pub(super) together: Option<Place>,
    pub(super) key: Option<String>,
    prev: String,
}

/// A MAC and what it is of.
struct Seal<'l> {
    of: &'l [u8],
    mac: [u8; 32],
}

impl<'l> Line<'l> {
    /// Reads a line, given without its line end; `None` if it has not the form of one.
    pub(super) fn read(line: &'l [u8]) -> Option<Line<'l>> {
        let (before_hash, stated) = split_hex(line.strip_suffix(b"\"}")?, HASH)?;
        let actual = Sha256::digest(before_hash).into();
        let facts: Facts = serde_json::from_slice(line).ok()?;
        let seal = match &facts.key {
            None => None,
            Some(_) => {
                let (of, mac) = split_hex(before_hash.strip_suffix(b"\"")?, MAC)?;
                Some(Seal { of, mac })
            }
        };
        let prev = from_hex(facts.prev.as_bytes())?;
        Some(Line { facts, prev, stated, actual, seal })
    }

    /// Whether its hash is that of its bytes.
    pub(super) fn is_whole(&self) -> bool {
        self.stated == self.actual
    }

    pub(super) fn link(&self) -> Link {
        Link { n: self.facts.n, hash: self.stated }
    }

    /// Whether its MAC was made with that key.
    pub(super) fn is_of(&self, macs: &Macs) -> bool {
        self.seal.as_ref().is_some_and(|seal| seal.holds(macs.line.as_slice()))
    }
}

impl Seal<'_> {
    fn holds(&self, key: &[u8]) -> bool {
        hmac(key).chain_update(self.of).verify_slice(&self.mac).is_ok()
    }
}

/// A head that was read.
pub(super) struct Head<'h> {
    pub(super) last: Link,
    pub(super) key: Option<String>,
    seal: Option<Seal<'h>>,
}

impl<'h> Head<'h> {
    /// Reads a head file; `None` if it is not as [`write_head`] writes it, to the byte.
    pub(super) fn read(file: &'h [u8]) -> Option<Head<'h>> {
        let facts: HeadFacts = serde_json::from_slice(file).ok()?;
        let last = Link { n: facts.n, hash: from_hex(facts.hash.as_bytes())? };
        let open = file.strip_suffix(b"}\n")?;
        let (of, seal) = match &facts.key {
            None => (open, None),
            Some(_) => {
                let (of, mac) = split_hex(open.strip_suffix(b"\"")?, MAC)?;
                (of, Some(Seal { of, mac }))
            }
        };
        let mut again = Vec::with_capacity(file.len());
        let body = HeadBody { v: VERSION, n: facts.n, hash: facts.hash, key: facts.key.as_deref() };
        write_open(&body, &mut again).ok()?;
        (again == of).then_some(Head { last, key: facts.key, seal })
    }

    /// Whether its MAC was made with that key.
    pub(super) fn is_of(&self, macs: &Macs) -> bool {
        self.seal.as_ref().is_some_and(|seal| seal.holds(macs.head.as_slice()))
    }
}

/// A key's id as it stands in a file that anybody may have written, fit to be shown.
pub(super) fn shown(id: &str) -> String {
    id.chars().filter(char::is_ascii_alphanumeric).take(16).collect()
}

#[derive(Serialize)]
struct Body<'r> {
    v: u64,
    n: u64,
    time: String,
    verb: Verb,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<&'r Note>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purpose: Option<&'r Note>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<&'r Named>,
    engine: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'r Named>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dictionaries: Option<Fingerprint>,
    #[serde(skip_serializing_if = "Option::is_none")]
    zip3: Option<&'r Note>,
    outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    records: Option<Counts>,
    #[serde(skip_serializing_if = "Labels::is_empty")]
    labels: Labels<'r>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens: Option<Revealed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<super::Digest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<super::Digest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<super::Digest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exchange: Option<&'r super::Call>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<&'r Note>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recovered: Option<Mended>,
    #[serde(skip_serializing_if = "Option::is_none")]
    together: Option<Place>,
    prev: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'r str>,
}

#[derive(Serialize)]
struct HeadBody<'h> {
    v: u64,
    n: u64,
    hash: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'h str>,
}

#[derive(Deserialize)]
struct HeadFacts {
    n: u64,
    hash: String,
    key: Option<String>,
}

/// Writes an object and leaves it open, for what follows after it was written.
fn write_open(body: &impl Serialize, out: &mut Vec<u8>) -> Result<(), AuditError> {
    serde_json::to_writer(&mut *out, body).map_err(std::io::Error::from)?;
    out.pop();
    Ok(())
}

fn write_mac(key: &[u8], from: usize, out: &mut Vec<u8>) {
    let mac: [u8; 32] = hmac(key).chain_update(out.get(from..).unwrap_or_default()).finalize().into_bytes().into();
    out.extend_from_slice(MAC);
    out.extend_from_slice(hex(&mac).as_bytes());
    out.push(b'"');
}

/// Takes `name` and 64 digits from the end of `bytes`.
///
/// Text that an operator gave cannot be taken for `name`: quotes are escaped in it.
fn split_hex<'b>(bytes: &'b [u8], name: &[u8]) -> Option<(&'b [u8], [u8; 32])> {
    let (front, digits) = bytes.split_at_checked(bytes.len().checked_sub(64)?)?;
    Some((front.strip_suffix(name)?, from_hex(digits)?))
}

/// To the millisecond, UTC, RFC 3339.
fn now() -> String {
    use std::time::SystemTime;
    // A clock outside of years 1 to 9999 tells nothing, and must not keep a record from being written.
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let time = i64::try_from(since.as_millis()).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    format!("{:.3}", time.unwrap_or_default())
}

/// Version of lines and heads.
pub(super) const VERSION: u64 = 1;
/// Bytes of the longest line, with its end. A record with everything in it takes less; see the tests.
pub(super) const MAX_LINE: usize = 8192;
const MAC: &[u8] = b",\"mac\":\"";
const HASH: &[u8] = b",\"hash\":\"";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::{Credential, Digests, Exchange, Kind, Usage};
    use super::*;
    use crate::identifier::Label;

    fn macs(digit: &str) -> Macs {
        Macs::of(&Key::parse(&digit.repeat(64)).unwrap())
    }

    /// With everything in it, as long as it gets.
    fn fullest() -> Record {
        let note = Note::new(&"\"\\".repeat(Note::MAX));
        let named = Some(Named { name: note.clone().unwrap(), hash: Fingerprint::of(b"x") });
        let digest = Some(Digests::new(None).unwrap().of(Kind::Name, b"x"));
        Record {
            actor: note.clone(),
            purpose: note.clone(),
            policy: named.clone(),
            model: named,
            dictionaries: Some(Fingerprint::of(b"x")),
            zip3: note.clone(),
            records: Some(Counts { read: u64::MAX, written: u64::MAX, aside: u64::MAX }),
            labels: [u64::MAX; Label::ALL.len()],
            tokens: Some(Revealed { revealed: u64::MAX, refused: u64::MAX, mistyped: u64::MAX, foreign: u64::MAX }),
            input: digest,
            content: digest,
            output: digest,
            exchange: call(digest),
            duration: Some(std::time::Duration::MAX),
            host: note,
            ..Record::new(Verb::Recovered, Outcome::Partial)
        }
    }

    fn call(digest: Option<super::super::Digest>) -> Option<Box<super::super::Call>> {
        let note = Note::new(&"\"\\".repeat(Note::MAX));
        let exchange = Exchange {
            rule: Some("a_rule_with_a_name_that_is_as_long_as_it_is_going_to_get"),
            credential: digest.map(Credential::Unknown),
            upstream: note.clone(),
            model: note.clone(),
            endpoint: Some("an_endpoint_with_a_name_as_long_as_it_is_going_to_get"),
            baa: note,
            zero_data_retention: Some(false),
            perimeter: Some(Fingerprint::of(b"x")),
            session: digest,
            prompt: digest,
            completion: digest,
            prompt_bytes: u64::MAX,
            completion_bytes: u64::MAX,
            usage: Some(Usage { input: u64::MAX, output: u64::MAX }),
            status: Some(599),
            streamed: true,
            first_byte: Some(std::time::Duration::MAX),
            ..Exchange::new([0xff; 16], Outcome::Cancelled)
        };
        Record::from(exchange).exchange
    }

    #[test]
    fn a_line_reads_back_and_is_of_its_key_only() {
        for record in [Record::new(Verb::Stream, Outcome::Done), fullest()] {
            for macs_of in [None, Some(macs("5"))] {
                let mut out = b"before\n".to_vec();
                let before = Link { n: 40, hash: [7; 32] };
                let link = write_line(&record, Slot::after(before), macs_of.as_ref(), &mut out).unwrap();
                let line = out.strip_prefix(b"before\n").unwrap().strip_suffix(b"\n").unwrap();
                assert!(!line.contains(&b'\n'));
                let read = Line::read(line).unwrap();
                assert!(read.is_whole() && read.link() == link && link.n == 41 && read.prev == [7; 32]);
                assert_eq!(read.is_of(&macs("5")), macs_of.is_some());
                assert!(!read.is_of(&macs("6")));
            }
        }
    }

    #[test]
    fn a_line_is_as_the_document_has_it() {
        let mut record = Record::new(Verb::BatchFile, Outcome::Partial);
        record.actor = Note::new("ruiz");
        record.records = Some(Counts { read: 3, written: 2, aside: 1 });
        record.labels[Label::Name as usize] = 12;
        record.labels[Label::HealthPlan as usize] = 1;
        record.duration = Some(std::time::Duration::from_micros(1_999));
        let mut out = Vec::new();
        write_line(&record, Slot::after(Link::START), None, &mut out).unwrap();
        let line = String::from_utf8(out).unwrap();
        let (start, rest) = line.split_once("\"time\":\"").unwrap();
        assert_eq!(start, "{\"v\":1,\"n\":1,");
        let (time, rest) = rest.split_once('"').unwrap();
        assert!(time.len() == 24 && time.ends_with('Z') && time.parse::<jiff::Timestamp>().is_ok(), "{time}");
        let (rest, hash) = rest.split_once(",\"hash\":").unwrap();
        assert_eq!(
            rest,
            format!(
                ",\"verb\":\"batch-file\",\"actor\":\"ruiz\",\"engine\":\"{}\",\"outcome\":\"partial\",\
                 \"records\":{{\"in\":3,\"out\":2,\"aside\":1}},\"labels\":{{\"NAME\":12,\"HEALTH_PLAN\":1}},\
                 \"duration_ms\":1,\"prev\":\"{}\"",
                env!("CARGO_PKG_VERSION"),
                "0".repeat(64)
            )
        );
        assert_eq!(hash.len(), 68);
    }

    #[test]
    fn lines_that_are_none_are_not_read() {
        let mut out = Vec::new();
        write_line(&fullest(), Slot::after(Link::START), Some(&macs("5")), &mut out).unwrap();
        let line = String::from_utf8(out).unwrap();
        let line = line.trim_end();
        for bad in [
            "",
            "{}",
            "\"}",
            &line[1..],
            &line[..line.len() - 1],
            &line.replace("\"n\":1,", "\"n\":1,\"n\":2,"),
            &line.replace("\"n\":1,", "\"n\":-1,"),
            &line.replace(",\"mac\":", ",\"max\":"),
            &format!("{line} "),
            &format!("{line}\r"),
        ] {
            assert!(Line::read(bad.as_bytes()).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_head_reads_back_to_the_byte() {
        let last = Link { n: 41, hash: [9; 32] };
        for macs_of in [None, Some(macs("5"))] {
            let file = write_head(last, macs_of.as_ref()).unwrap();
            let head = Head::read(&file).unwrap();
            assert_eq!(head.last, last);
            assert_eq!(head.is_of(&macs("5")), macs_of.is_some());
            assert!(!head.is_of(&macs("6")));
            for (at, bit) in (0..file.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
                let mut bad = file.clone();
                bad[at] ^= 1 << bit;
                let read = Head::read(&bad);
                let passes = |head: Head<'_>| match &macs_of {
                    Some(macs) => head.key.as_deref() == Some(macs.id()) && head.is_of(macs),
                    None => head.last == last,
                };
                assert!(read.is_none_or(|head| !passes(head)), "{at} {bit}");
            }
        }
    }
}
