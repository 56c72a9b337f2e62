//! The trail's records as syslog messages (RFC 5424), and where they go: TCP with each message's length before it
//! (RFC 6587, 3.4.1), or the same within TLS (RFC 5425).

use std::fmt::Write;
use std::path::PathBuf;

use super::AuditError;
use super::forward::Forward;
use super::read::Entry;
use super::record::{Outcome, Verb};
use super::trail::Trail;

/// Where records go beside the trail.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Syslog {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) transport: Transport,
}

/// How messages travel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Transport {
    /// In the clear: for a relay on the same machine or net.
    Tcp,
    /// Within TLS; with a file of authorities of one's own, or else those of the system.
    Tls { ca: Option<PathBuf> },
}

impl Syslog {
    /// Reads `tcp://HOST:PORT`, `tls://HOST:PORT` or `tls://HOST:PORT?ca=FILE`. Without a port it is 601 or 6514.
    ///
    /// # Errors
    ///
    /// When it is none of them.
    pub fn parse(url: &str) -> Result<Syslog, AuditError> {
        let wrong =
            || AuditError::Syslog("expected tcp://HOST:PORT, tls://HOST:PORT or tls://HOST:PORT?ca=FILE".into());
        let (scheme, rest) = url.split_once("://").ok_or_else(wrong)?;
        let (address, query) = rest.split_once('?').map_or((rest, None), |(address, query)| (address, Some(query)));
        let (transport, usual) = match (scheme, query) {
            ("tcp", None) => (Transport::Tcp, 601),
            ("tls", None) => (Transport::Tls { ca: None }, 6514),
            ("tls", Some(query)) => {
                let file = query.strip_prefix("ca=").filter(|file| !file.is_empty()).ok_or_else(wrong)?;
                (Transport::Tls { ca: Some(file.into()) }, 6514)
            }
            _ => return Err(wrong()),
        };
        let (host, port) = match address.strip_prefix('[') {
            Some(v6) => {
                let (host, port) = v6.split_once(']').ok_or_else(wrong)?;
                (host, if port.is_empty() { None } else { Some(port.strip_prefix(':').ok_or_else(wrong)?) })
            }
            None => address.split_once(':').map_or((address, None), |(host, port)| (host, Some(port))),
        };
        let port = port.map_or(Ok(usual), |port| port.parse().map_err(|_| wrong()))?;
        let fits = |b: u8| b.is_ascii_alphanumeric() || b"-._:".contains(&b);
        if host.is_empty() || port == 0 || !host.bytes().all(fits) {
            return Err(wrong());
        }
        Ok(Syslog { host: host.to_owned(), port, transport })
    }

    /// Begins to send what is added to the trail from now on, and what an earlier process did not get to send.
    pub(super) fn forward(self, trail: &Trail) -> Result<Forward, AuditError> {
        Forward::new(self, trail)
    }
}

/// Appends the message of a line of the trail, its length before it; nothing when the line is none.
pub(super) fn write_frame(line: &[u8], out: &mut Vec<u8>) -> bool {
    let Some(entry) = Entry::read(line) else { return false };
    let head = head(&entry);
    let _ = std::io::Write::write_fmt(out, format_args!("{} {head}", head.len() + line.len()));
    out.extend_from_slice(line);
    true
}

/// Everything but the message itself, which is the line as it stands in the trail.
fn head(entry: &Entry) -> String {
    let host = entry.host.as_ref().map_or("-", |host| host.as_str());
    let host: String = host.chars().filter(char::is_ascii_graphic).take(255).collect();
    let mut head = String::with_capacity(512);
    // A String takes everything: writing cannot fail.
    let _ = write!(
        head,
        "<{}>1 {} {} deidre {} {} [{SD_ID} n=\"{}\"",
        FACILITY * 8 + severity(entry),
        field(entry.time.as_str(), 32),
        if host.is_empty() { "-" } else { &host },
        std::process::id(),
        field(entry.verb.as_str(), 32),
        entry.n,
    );
    let note = |note: &Option<super::Note>| note.as_ref().map(|note| note.as_str().to_owned());
    let number = |number: u64| (number > 0).then(|| number.to_string());
    let call = entry.exchange.as_ref();
    let of_call = |what: fn(&super::read::Called) -> &Option<super::Note>| call.and_then(|call| note(what(call)));
    for (name, value) in [
        ("outcome", note(&entry.outcome)),
        ("actor", note(&entry.actor)),
        ("purpose", note(&entry.purpose)),
        ("policy", note(&entry.policy)),
        ("request", of_call(|call| &call.request)),
        ("upstream", of_call(|call| &call.upstream)),
        ("model", of_call(|call| &call.model)),
        ("endpoint", of_call(|call| &call.endpoint)),
        ("baa", of_call(|call| &call.baa)),
        ("rule", of_call(|call| &call.rule)),
        ("credential", of_call(|call| &call.credential)),
        ("status", call.and_then(|call| call.status).map(|status| status.to_string())),
        ("identifiers", number(entry.identifiers)),
        ("revealed", number(entry.tokens.map_or(0, |tokens| tokens.revealed))),
        ("ms", entry.duration_ms.map(|ms| ms.to_string())),
    ] {
        if let Some(value) = value {
            let _ = write!(head, " {name}=\"");
            escape(&value, &mut head);
            head.push('"');
        }
    }
    head.push_str("] ");
    head
}

/// RFC 5424, 6.3.3.
fn escape(value: &str, out: &mut String) {
    for c in value.chars() {
        if matches!(c, '"' | '\\' | ']') {
            out.push('\\');
        }
        out.push(c);
    }
}

/// A field of the header: printable, not empty.
fn field(text: &str, most: usize) -> String {
    let field: String = text.chars().filter(char::is_ascii_graphic).take(most).collect();
    if field.is_empty() { "-".to_owned() } else { field }
}

/// 4 warning, 5 notice, 6 informational.
fn severity(entry: &Entry) -> u8 {
    let is = |outcome: Outcome| entry.outcome.as_ref().is_some_and(|told| told.as_str() == outcome.name());
    if entry.verb.as_str() == Verb::Recovered.name() || is(Outcome::Failed) || is(Outcome::Refused) {
        4
    } else if is(Outcome::Partial) || is(Outcome::Cancelled) {
        5
    } else {
        6
    }
}

/// Log audit.
const FACILITY: u8 = 13;
/// Of the private enterprise number that RFC 5612 sets aside for examples: the project has none of its own.
const SD_ID: &str = "deidre@32473";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::{Exchange, Note, Record, Rotation};
    use super::*;

    #[test]
    fn addresses_are_tcp_or_tls() {
        let tls = |ca: Option<&str>| Transport::Tls { ca: ca.map(PathBuf::from) };
        for (url, host, port, transport) in [
            ("tcp://siem.larkspur:6601", "siem.larkspur", 6601, Transport::Tcp),
            ("tcp://127.0.0.1", "127.0.0.1", 601, Transport::Tcp),
            ("tls://siem", "siem", 6514, tls(None)),
            ("tls://[::1]:7000", "::1", 7000, tls(None)),
            ("tls://[::1]", "::1", 6514, tls(None)),
            ("tls://siem?ca=/etc/siem.pem", "siem", 6514, tls(Some("/etc/siem.pem"))),
        ] {
            let expected = Syslog { host: host.into(), port, transport };
            assert_eq!(Syslog::parse(url).unwrap(), expected, "{url}");
        }
        for bad in [
            "",
            "siem:514",
            "udp://siem:514",
            "tcp://",
            "tcp://:514",
            "tcp://siem:0",
            "tcp://siem:99999",
            "tcp://siem:x",
            "tcp://siem?ca=x",
            "tls://siem?ca=",
            "tls://siem?key=x",
            "tls://[::1",
            "tls://[::1]x",
            "tcp://a b",
            "tcp://user@siem",
        ] {
            assert!(matches!(Syslog::parse(bad), Err(AuditError::Syslog(_))), "{bad}");
        }
    }

    #[test]
    fn messages_are_of_rfc_5424_with_what_they_quote_escaped() {
        let dir = tempfile::tempdir().unwrap();
        let trail = Trail::open(&dir.path().join("audit.jsonl"), None, Rotation::DEFAULT).unwrap();
        let mut exchange = Exchange::new([0xab; 16], Outcome::Refused);
        exchange.client = Note::new("a \"b\\c] ø");
        exchange.rule = Some("model");
        exchange.labels[0] = 3;
        exchange.host = Note::new("gw 1");
        let mut line = Vec::new();
        trail.append_all(&[&Record::from(exchange)], &mut |_, bytes| line.extend_from_slice(bytes)).unwrap();
        let mut frame = Vec::new();
        assert!(write_frame(&line, &mut frame));
        let frame = String::from_utf8(frame).unwrap();
        let (length, message) = frame.split_once(' ').unwrap();
        assert_eq!(length.parse::<usize>().unwrap(), message.len());
        let line = String::from_utf8(line).unwrap();
        let head = message.strip_suffix(&line).unwrap();
        let time = line.split_once("\"time\":\"").unwrap().1.split_once('"').unwrap().0;
        assert_eq!(
            head,
            format!(
                "<108>1 {time} gw1 deidre {} exchange [deidre@32473 n=\"1\" outcome=\"refused\" \
                 actor=\"a \\\"b\\\\c\\] ø\" request=\"{}\" rule=\"model\" identifiers=\"3\"] ",
                std::process::id(),
                "ab".repeat(16)
            )
        );
        let mut none = Vec::new();
        assert!(!write_frame(b"not a line", &mut none) && none.is_empty());
    }
}
