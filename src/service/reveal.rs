//! Turns tokens back, for a reason that is written to the audit trail before the first value and after the last.

use std::sync::Arc;

use super::Service;
use super::access::Identity;
use super::fault::{Fault, Missing};
use super::gate::Call;
use super::proto::{RevealFormat, RevealOptions, RevealRequest, RevealResponse, Revealed};
use super::work::by_label;
use crate::audit::{Note, Outcome, Told, Trail};
use crate::identifier::Label;
use crate::setup::trail::counts;
use crate::transform::Scope;
use crate::transform::reveal::{Format, Revealer, Rights, Tally};

/// A text on its way back. Its end is written to the trail, however it ends.
pub(crate) struct Return {
    revealer: Option<Revealer>,
    told: Option<Told<Arc<Trail>>>,
}

impl Return {
    /// Begins one: when it returns, the trail tells of it. It blocks.
    pub(crate) fn begin(service: &Arc<Service>, caller: &Identity, options: &RevealOptions) -> Result<Self, Fault> {
        let reason =
            Note::new(&options.reason).ok_or_else(|| Fault::invalid("options.reason", "say what it is for"))?;
        let format = match RevealFormat::try_from(options.format) {
            Ok(RevealFormat::Unspecified | RevealFormat::Text) => Format::Text,
            Ok(RevealFormat::Json) => Format::Json,
            Ok(RevealFormat::Csv) => Format::Csv,
            Err(_) => return Err(Fault::invalid("options.format", "no such format")),
        };
        let keys = service.keys.as_deref().ok_or(Fault::Missing(Missing::Key))?;
        let trail = service.trail.as_ref().ok_or(Fault::Missing(Missing::Audit))?;
        let mut rights = Rights::new(Some(keys), service.vault()?);
        if !options.labels.is_empty() {
            let label =
                |name: &String| Label::parse(name).ok_or_else(|| Fault::invalid("options.labels", "no such label"));
            rights = rights.labels(&options.labels.iter().map(label).collect::<Result<Vec<_>, _>>()?);
        }
        match (options.session.is_empty(), options.patient.is_empty()) {
            (true, true) => {}
            (false, true) => rights = rights.within(&Scope::Session(options.session.clone()), None),
            (true, false) => rights = rights.within(&Scope::Patient, Some(&options.patient)),
            (false, false) => return Err(Fault::invalid("options.patient", "given beside session; give one of them")),
        }
        let mut about = service.record.clone();
        about.actor = Note::new(caller.name()).or(about.actor);
        let told = Told::begin(Arc::clone(trail), about, reason).map_err(|error| unwritten(&error))?;
        Ok(Self { revealer: Some(Revealer::new(Arc::new(rights), format)), told: Some(told) })
    }

    /// Takes the next bytes; appends to `out` what is certain by now. It may block, on the vault.
    pub(crate) fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
        let revealer = self.revealer.as_mut().ok_or(Fault::Internal)?;
        let pushed = revealer.push(bytes, out);
        let tally = revealer.tally();
        self.note(&tally);
        Ok(pushed?)
    }

    /// Ends it: appends the rest. When it returns, the trail tells how it ended; the rest must not be given out otherwise.
    pub(crate) fn finish(&mut self, out: &mut Vec<u8>) -> Result<Revealed, Fault> {
        let revealer = self.revealer.take().ok_or(Fault::Internal)?;
        let tally = revealer.finish(out)?;
        self.note(&tally);
        let told = self.told.take().ok_or(Fault::Internal)?;
        told.end(if tally.left() == 0 { Outcome::Done } else { Outcome::Partial })
            .map_err(|error| unwritten(&error))?;
        let Tally { revealed, mistyped, foreign, refused, labels } = tally;
        Ok(Revealed { counts: by_label(&labels), revealed, mistyped, foreign, refused })
    }

    fn note(&mut self, tally: &Tally) {
        if let Some(told) = &mut self.told {
            told.note(tally.labels, counts(tally));
        }
    }
}

fn unwritten(error: &crate::audit::AuditError) -> Fault {
    tracing::warn!(%error, "the audit trail cannot be written");
    Fault::Missing(Missing::Audit)
}

/// Answers a request to reveal.
pub(crate) async fn reveal(
    service: &Arc<Service>,
    call: &Call,
    request: RevealRequest,
) -> Result<RevealResponse, Fault> {
    let limit = service.settings.text;
    if request.text.len() > limit {
        return Err(Fault::Large { limit });
    }
    let (service, call) = (Arc::clone(service), call.clone());
    // It waits for the disk, and perhaps for a database: not on a thread that computes.
    let work = tokio::task::spawn_blocking(move || {
        call.deadline().check()?;
        let options = request.options.unwrap_or_default();
        let mut back = Return::begin(&service, call.identity(), &options)?;
        let mut out = Vec::with_capacity(request.text.len());
        back.push(request.text.as_bytes(), &mut out)?;
        let revealed = back.finish(&mut out)?;
        // A value that stood in another charset is not UTF-8.
        let text = String::from_utf8(out).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned());
        Ok(RevealResponse { text, revealed: Some(revealed) })
    });
    work.await.unwrap_or(Err(Fault::Internal))
}
