//! What a line of the trail tells. Its types leave no way in for the text of a record.

use std::fmt;
use std::time::Duration;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::digest::{Digest, Fingerprint};
use super::exchange::Call;
use crate::identifier::Label;

/// One thing that was done. What is `None` or empty is left out of its line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// What was done.
    pub verb: Verb,
    /// How it ended.
    pub outcome: Outcome,
    /// By whom.
    pub actor: Option<Note>,
    /// For what.
    pub purpose: Option<Note>,
    /// Under which policy.
    pub policy: Option<Named>,
    /// With which model.
    pub model: Option<Named>,
    /// With which dictionaries.
    pub dictionaries: Option<Fingerprint>,
    /// Records in, out and set aside.
    pub records: Option<Counts>,
    /// By which table ZIP codes were cut, name and version.
    pub zip3: Option<Note>,
    /// Identifiers by label, in the order of [`Label::ALL`].
    pub labels: [u64; Label::ALL.len()],
    /// What became of the tokens.
    pub tokens: Option<Revealed>,
    /// The path or name of the input.
    pub input: Option<Digest>,
    /// The bytes of the input.
    pub content: Option<Digest>,
    /// The bytes of the output.
    pub output: Option<Digest>,
    /// The call of a model.
    pub exchange: Option<Box<Call>>,
    /// How long it took.
    pub duration: Option<Duration>,
    /// On which machine.
    pub host: Option<Note>,
}

/// What was done.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Verb {
    /// A file was scrubbed.
    BatchFile,
    /// A stream was scrubbed.
    Stream,
    /// A request was answered.
    Request,
    /// Tokens were turned back.
    Reveal,
    /// A model was called, or was to be.
    Exchange,
    /// The vault was changed or read: rotated, shredded, exported, imported.
    Vault,
    /// Keys were made or changed.
    Key,
    /// The trail itself was mended after a crash. Written by the trail.
    Recovered,
}

/// How it ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Outcome {
    /// Begun: a record of how it ended follows, unless the process was ended first.
    Started,
    /// Wholly.
    Done,
    /// With records set aside, or tokens left.
    Partial,
    /// Not.
    Failed,
    /// Not, since it was not allowed.
    Refused,
    /// Not, since the caller went away.
    Cancelled,
}

/// Records of a run. `read` = `written` + `aside`.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Counts {
    /// Taken in.
    #[serde(rename = "in")]
    pub read: u64,
    /// Put out.
    #[serde(rename = "out")]
    pub written: u64,
    /// Set aside.
    pub aside: u64,
}

/// Tokens that were to be turned back.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Revealed {
    /// Turned back.
    pub revealed: u64,
    /// Left, since the caller may not see them.
    pub refused: u64,
    /// Left, since the checksum does not hold.
    pub mistyped: u64,
    /// Left, since they were made with another key or vault.
    pub foreign: u64,
}

/// A policy or model, by name and by what it is made of.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Named {
    /// As the operator calls it.
    pub name: Note,
    /// Of its bytes.
    pub hash: Fingerprint,
}

/// Text that the operator gave: a name, a reason. One short line: what would break or disguise a line on a screen is
/// taken out, and what is beyond [`Note::MAX`] bytes is cut off.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Note(String);

impl Record {
    /// A record of that verb and outcome, everything else open.
    pub fn new(verb: Verb, outcome: Outcome) -> Record {
        Record {
            verb,
            outcome,
            actor: None,
            purpose: None,
            policy: None,
            model: None,
            dictionaries: None,
            zip3: None,
            records: None,
            labels: [0; Label::ALL.len()],
            tokens: None,
            input: None,
            content: None,
            output: None,
            exchange: None,
            duration: None,
            host: None,
        }
    }
}

impl Verb {
    /// Every verb.
    pub const ALL: [Verb; 8] = [
        Verb::BatchFile,
        Verb::Stream,
        Verb::Request,
        Verb::Reveal,
        Verb::Exchange,
        Verb::Vault,
        Verb::Key,
        Verb::Recovered,
    ];

    /// The name in the trail.
    pub fn name(self) -> &'static str {
        match self {
            Verb::BatchFile => "batch-file",
            Verb::Stream => "stream",
            Verb::Request => "request",
            Verb::Reveal => "reveal",
            Verb::Exchange => "exchange",
            Verb::Vault => "vault",
            Verb::Key => "key",
            Verb::Recovered => "recovered",
        }
    }

    /// The verb of that name.
    pub fn parse(name: &str) -> Option<Verb> {
        Verb::ALL.into_iter().find(|verb| verb.name() == name)
    }
}

impl Outcome {
    /// The name in the trail.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Started => "started",
            Outcome::Done => "done",
            Outcome::Partial => "partial",
            Outcome::Failed => "failed",
            Outcome::Refused => "refused",
            Outcome::Cancelled => "cancelled",
        }
    }
}

impl Note {
    /// Bytes of the longest note.
    pub const MAX: usize = 256;

    /// The note that `text` makes; `None` if nothing is left of it.
    pub fn new(text: &str) -> Option<Note> {
        let mut note = String::new();
        for c in text.trim().chars().filter(|c| !is_unseen(*c)) {
            if note.len() + c.len_utf8() > Note::MAX {
                break;
            }
            note.push(c);
        }
        (!note.is_empty()).then_some(Note(note))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Control characters, line separators, and what turns the direction of writing or has no width.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Counts by label, those that are not 0.
pub(super) struct Labels<'r>(pub(super) &'r [u64; Label::ALL.len()]);

impl Labels<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|count| *count == 0)
    }
}

impl Serialize for Labels<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        for (label, count) in Label::ALL.into_iter().zip(self.0).filter(|(_, count)| **count > 0) {
            map.serialize_entry(label.name(), count)?;
        }
        map.end()
    }
}

impl Serialize for Verb {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.name())
    }
}

impl Serialize for Outcome {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.name())
    }
}

impl Serialize for Note {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn notes_are_one_short_line() {
        for (text, note) in [
            ("Dr. Ruiz", Some("Dr. Ruiz")),
            ("  appeal 12\n", Some("appeal 12")),
            ("Zoë Ødegård, 北京", Some("Zoë Ødegård, 北京")),
            ("a\r\n{\"v\":1}", Some("a{\"v\":1}")),
            ("\u{1b}[2Jx", Some("[2Jx")),
            ("x\u{202e}gpj\u{200b}\u{2028}", Some("xgpj")),
            ("\u{7f}\0\u{85}", None),
            ("  ", None),
            ("", None),
        ] {
            assert_eq!(Note::new(text).as_ref().map(Note::as_str), note, "{text:?}");
        }
        let long = Note::new(&"ø".repeat(1000)).unwrap();
        assert_eq!(long.as_str().len(), Note::MAX);
        assert_eq!(Note::new(&format!("x{}", "ø".repeat(1000))).unwrap().as_str().len(), Note::MAX - 1);
    }

    #[test]
    fn verbs_are_known_by_their_names() {
        for verb in Verb::ALL {
            assert_eq!(Verb::parse(verb.name()), Some(verb));
        }
        assert_eq!(Verb::parse("Reveal"), None);
        assert_eq!(Verb::parse(""), None);
    }
}
