//! Tokens back into what stood there, for a reason that is in the audit trail before the first value and after the last.

use std::path::Path;
use std::sync::Arc;

use deidre::audit::{Note, Outcome, Told, Trail, Verb};
use deidre::identifier::Label;
use deidre::setup::trail;
use deidre::transform::Scope;
use deidre::transform::reveal::{Codes, Format, Revealer, Rights, Tally};
use deidre::vault::Code;
use pyo3::prelude::*;

use crate::error::Failed;
use crate::state::State;

/// What is asked for, each by its key of the dictionary that Python hands over.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Request {
    reason: String,
    labels: Vec<String>,
    session: Option<String>,
    patient: Option<String>,
    limit: Option<u64>,
    format: String,
    audit: Option<String>,
    actor: Option<String>,
}

/// Tokens are being turned back.
pub(crate) struct Revealing {
    rights: Arc<Rights>,
    format: Format,
    told: Told<Trail>,
    tally: Tally,
}

impl Revealing {
    /// Begins: when it returns, the trail tells of it.
    pub(crate) fn begin(state: &State, request: &Request) -> Result<Self, Failed> {
        let invalid = |why: &str| Failed::Invalid(why.to_owned());
        let keys = state.keys.as_ref().ok_or(Failed::NoKey(
            "no key: make the engine with the one that the tokens were sealed or the vault was made with",
        ))?;
        let reason = Note::new(&request.reason).ok_or_else(|| invalid("reason: say what it is for"))?;
        let format = match request.format.as_str() {
            "auto" => Format::Auto,
            "text" => Format::Text,
            "json" => Format::Json,
            "csv" => Format::Csv,
            _ => return Err(invalid("format: auto, text, json or csv")),
        };
        let mut rights = Rights::new(Some(keys), state.vault.clone());
        if !request.labels.is_empty() {
            let label = |name: &String| {
                Label::parse(name).ok_or_else(|| invalid("labels: there is a name among them that is no label"))
            };
            rights = rights.labels(&request.labels.iter().map(label).collect::<Result<Vec<_>, _>>()?);
        }
        match (&request.session, &request.patient) {
            (None, None) => {}
            (Some(id), None) => rights = rights.within(&Scope::Session(id.clone()), None),
            (None, Some(id)) => rights = rights.within(&Scope::Patient, Some(id)),
            (Some(_), Some(_)) => return Err(invalid("session, patient: give one of them")),
        }
        if let Some(limit) = request.limit {
            rights = rights.at_most(limit);
        }
        let trail = trail::open(request.audit.as_deref().map(Path::new), Some(keys))?;
        let about = trail::record(Verb::Reveal, Outcome::Started, request.actor.as_deref());
        let told = Told::begin(trail, about, reason)?;
        Ok(Self { rights: Arc::new(rights), format, told, tally: Tally::default() })
    }

    /// Turns back the tokens of texts. The vault is asked once for all of them.
    pub(crate) fn texts(&mut self, texts: &[Option<&str>]) -> Result<Vec<Option<String>>, Failed> {
        let mut codes: Vec<Code> = Vec::new();
        for text in texts.iter().flatten() {
            Codes::seen(text.as_bytes(), &mut codes);
        }
        codes.sort_unstable();
        codes.dedup();
        let known = Arc::new(Codes::open(&self.rights, &codes)?);
        let mut done = Vec::with_capacity(texts.len());
        for text in texts {
            let Some(text) = text else {
                done.push(None);
                continue;
            };
            let mut stream = Revealer::new(Arc::clone(&self.rights), self.format).with_codes(&known);
            let mut out = Vec::with_capacity(text.len());
            stream.push(text.as_bytes(), &mut out)?;
            self.tally += stream.finish(&mut out)?;
            self.told.note(self.tally.labels, trail::counts(&self.tally));
            // A value that stood in another charset is not UTF-8.
            done.push(Some(
                String::from_utf8(out).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()),
            ));
        }
        Ok(done)
    }

    /// Ends it: when it returns, the trail tells what was turned back, and it may be handed out.
    pub(crate) fn end(self) -> Result<Tally, Failed> {
        let outcome = if self.tally.left() == 0 { Outcome::Done } else { Outcome::Partial };
        self.told.end(outcome)?;
        Ok(self.tally)
    }
}
