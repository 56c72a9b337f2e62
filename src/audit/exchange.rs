//! What the trail tells of one exchange with a model: who asked which model through which door, what was done to it, and
//! how it ended.
//!
//! No text of an exchange fits in: its types are numbers, digests under a key, names from the program's own lists
//! (`&'static str`), and [`Note`]s, which are the operator's words: from the perimeter, never from a request.

use std::time::Duration;

use serde::{Serialize, Serializer};

use super::digest::{Digest, Fingerprint, hex};
use super::record::{Named, Note, Outcome, Record, Revealed, Verb};
use crate::identifier::Label;

/// One exchange with a model. What is `None` or empty is left out of its line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Exchange {
    /// Drawn by the gateway for this call; it is the answer's `x-request-id`. Never what the caller sent.
    pub request: [u8; 16],
    /// How it ended, or that it was begun.
    pub outcome: Outcome,
    /// Of one that was refused or failed: the rule, from the program's list.
    pub rule: Option<&'static str>,
    /// The perimeter's name for who called; `None` where nobody knows.
    pub client: Option<Note>,
    /// With what the caller showed who it is.
    pub credential: Option<Credential>,
    /// For what values are turned back.
    pub purpose: Option<Note>,
    /// The perimeter's name for where it went.
    pub upstream: Option<Note>,
    /// The model or deployment as the perimeter lists it; of one that it does not list, `None`.
    pub model: Option<Note>,
    /// What was called, from the table of routes.
    pub endpoint: Option<&'static str>,
    /// Under which policy.
    pub policy: Option<Named>,
    /// The agreement that covers it.
    pub baa: Option<Note>,
    /// Whether that agreement has it that nothing is kept.
    pub zero_data_retention: Option<bool>,
    /// Of the perimeter file that was in force.
    pub perimeter: Option<Fingerprint>,
    /// The conversation: the digest of its id.
    pub session: Option<Digest>,
    /// The request's body as the caller sent it.
    pub prompt: Option<Digest>,
    /// The answer's body as the caller got it.
    pub completion: Option<Digest>,
    /// Bytes of the request's body as the caller sent it.
    pub prompt_bytes: u64,
    /// Bytes of the answer's body as the caller got it.
    pub completion_bytes: u64,
    /// Identifiers replaced in the prompt, in the order of [`Label::ALL`].
    pub labels: [u64; Label::ALL.len()],
    /// What became of the tokens in the answer; `None` where the caller may not see values.
    pub tokens: Option<Revealed>,
    /// The model's tokens, as upstream counted them.
    pub usage: Option<Usage>,
    /// HTTP status that upstream gave.
    pub status: Option<u16>,
    /// Whether the answer came as a stream.
    pub streamed: bool,
    /// From the request's arrival until the first byte of the answer's body left.
    pub first_byte: Option<Duration>,
    /// From the request's arrival until its end; `None` in one that was begun.
    pub duration: Option<Duration>,
    /// On which machine.
    pub host: Option<Note>,
}

/// Tokens of the model that a call used.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, Serialize, serde::Deserialize)]
pub struct Usage {
    /// Of the prompt.
    pub input: u64,
    /// Of the completion.
    pub output: u64,
}

/// With what a caller showed who it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Credential {
    /// One of the perimeter's: the first eight bytes of the SHA-256 that stands there, of a key or of a certificate.
    Known([u8; 8]),
    /// One that nobody has: its digest under the key, of kind [`Kind::Name`](super::Kind::Name).
    Unknown(Digest),
}

impl Exchange {
    /// A call with that id, everything else open.
    pub fn new(request: [u8; 16], outcome: Outcome) -> Exchange {
        Exchange {
            request,
            outcome,
            rule: None,
            client: None,
            credential: None,
            purpose: None,
            upstream: None,
            model: None,
            endpoint: None,
            policy: None,
            baa: None,
            zero_data_retention: None,
            perimeter: None,
            session: None,
            prompt: None,
            completion: None,
            prompt_bytes: 0,
            completion_bytes: 0,
            labels: [0; Label::ALL.len()],
            tokens: None,
            usage: None,
            status: None,
            streamed: false,
            first_byte: None,
            duration: None,
            host: None,
        }
    }
}

impl Credential {
    /// How the first eight bytes of a SHA-256 stand in the trail.
    pub fn shown(sha256: &[u8; 32]) -> String {
        hex(sha256.first_chunk::<8>().map_or(&[], |first| first))
    }
}

impl From<Exchange> for Record {
    fn from(exchange: Exchange) -> Record {
        let (credential, unknown) = match exchange.credential {
            Some(Credential::Known(first)) => (Some(hex(&first)), None),
            Some(Credential::Unknown(digest)) => (None, Some(digest)),
            None => (None, None),
        };
        Record {
            actor: exchange.client,
            purpose: exchange.purpose,
            policy: exchange.policy,
            labels: exchange.labels,
            tokens: exchange.tokens,
            duration: exchange.duration,
            host: exchange.host,
            exchange: Some(Box::new(Call {
                request: exchange.request,
                upstream: exchange.upstream,
                model: exchange.model,
                endpoint: exchange.endpoint,
                rule: exchange.rule,
                status: exchange.status,
                baa: exchange.baa,
                zero_data_retention: exchange.zero_data_retention,
                perimeter: exchange.perimeter,
                credential,
                unknown,
                session: exchange.session,
                prompt: exchange.prompt,
                prompt_bytes: exchange.prompt_bytes,
                completion: exchange.completion,
                completion_bytes: exchange.completion_bytes,
                usage: exchange.usage,
                streamed: exchange.streamed,
                first_byte: exchange.first_byte,
            })),
            ..Record::new(Verb::Exchange, exchange.outcome)
        }
    }
}

/// What a line has of an exchange beside what all lines have; see `docs/audit.md`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Call {
    #[serde(serialize_with = "as_hex")]
    request: [u8; 16],
    #[serde(skip_serializing_if = "Option::is_none")]
    upstream: Option<Note>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<Note>,
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    baa: Option<Note>,
    #[serde(skip_serializing_if = "Option::is_none")]
    zero_data_retention: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    perimeter: Option<Fingerprint>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credential: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unknown: Option<Digest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<Digest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt: Option<Digest>,
    #[serde(skip_serializing_if = "is_zero")]
    prompt_bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    completion: Option<Digest>,
    #[serde(skip_serializing_if = "is_zero")]
    completion_bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Usage>,
    #[serde(skip_serializing_if = "is_false")]
    streamed: bool,
    #[serde(rename = "first_byte_ms", skip_serializing_if = "Option::is_none", serialize_with = "as_ms")]
    first_byte: Option<Duration>,
}

fn as_hex<S: Serializer, const N: usize>(bytes: &[u8; N], to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&hex(bytes))
}

#[allow(clippy::ref_option)] // as serde calls it
fn as_ms<S: Serializer>(time: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u64(time.map_or(0, |time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX)))
}

#[allow(clippy::trivially_copy_pass_by_ref)] // as serde calls it
fn is_false(is: &bool) -> bool {
    !is
}

#[allow(clippy::trivially_copy_pass_by_ref)] // as serde calls it
fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::{Digests, Kind};
    use super::*;

    fn written(exchange: Exchange) -> String {
        serde_json::to_string(&Record::from(exchange).exchange.unwrap()).unwrap()
    }

    #[test]
    fn an_exchange_is_written_as_the_document_has_it() {
        let digest = Digests::new(None).unwrap().of(Kind::Bytes, b"x");
        let mut exchange = Exchange::new([0xab; 16], Outcome::Done);
        let id = "ab".repeat(16);
        assert_eq!(written(exchange.clone()), format!("{{\"request\":\"{id}\"}}"));
        exchange.client = Note::new("scribe");
        exchange.upstream = Note::new("open");
        exchange.model = Note::new("gpt-4o-2024-08-06");
        exchange.endpoint = Some("chat");
        exchange.status = Some(200);
        exchange.baa = Note::new("BAA 7");
        exchange.zero_data_retention = Some(true);
        exchange.credential = Some(Credential::Known([1; 8]));
        exchange.prompt = Some(digest);
        exchange.prompt_bytes = 1;
        exchange.usage = Some(Usage { input: 12, output: 3 });
        exchange.streamed = true;
        exchange.first_byte = Some(Duration::from_micros(4_900));
        assert_eq!(
            written(exchange.clone()),
            format!(
                "{{\"request\":\"{id}\",\"upstream\":\"open\",\"model\":\"gpt-4o-2024-08-06\",\"endpoint\":\"chat\",\
                 \"status\":200,\"baa\":\"BAA 7\",\"zero_data_retention\":true,\"credential\":\"0101010101010101\",\
                 \"prompt\":\"{digest}\",\"prompt_bytes\":1,\"usage\":{{\"input\":12,\"output\":3}},\"streamed\":true,\
                 \"first_byte_ms\":4}}"
            )
        );
        exchange.credential = Some(Credential::Unknown(digest));
        assert!(written(exchange.clone()).contains(&format!(",\"unknown\":\"{digest}\",")));
        let record = Record::from(exchange);
        assert_eq!((record.verb, record.actor), (Verb::Exchange, Note::new("scribe")));
    }
}
