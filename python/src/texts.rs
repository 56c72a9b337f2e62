//! Texts that stand alone: each is a document of its own.

use deidre::engine::Facts;
use deidre::finding::Finding;
use deidre::identifier::{Hint, Part};
use deidre::pipeline::MAX_RECORD;
use deidre::pipeline::given::{Given, Text};
use deidre::record::{Fault, Reason};
use deidre::transform::Scope;
use rayon::prelude::*;

use crate::error::Failed;
use crate::state::State;

/// Of each text, whose it is and which document.
#[derive(Clone, Copy, Default)]
pub(crate) struct Belongs<'i> {
    pub(crate) patient: Ids<'i>,
    pub(crate) document: Ids<'i>,
}

/// Ids of texts.
#[derive(Clone, Copy, Default)]
pub(crate) enum Ids<'i> {
    #[default]
    None,
    /// The same for all.
    One(&'i str),
    /// As many as there are texts.
    Each(&'i [Option<&'i str>]),
}

/// What is done with texts that cannot be scrubbed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Faulty {
    /// Nothing comes back.
    Raise,
    /// They are left out.
    Omit,
}

/// Scrubbed texts, with those that were left out and why.
pub(crate) struct Clean {
    pub(crate) texts: Vec<Option<String>>,
    pub(crate) aside: Vec<(usize, &'static str)>,
}

/// Scrubs texts on the threads of the engine.
pub(crate) fn scrub(
    state: &State,
    texts: &[Option<&str>],
    belongs: Belongs<'_>,
    faulty: Faulty,
) -> Result<Clean, Failed> {
    for (name, ids) in [("patient", belongs.patient), ("document", belongs.document)] {
        if let Ids::Each(ids) = ids
            && ids.len() != texts.len()
        {
            return Err(Failed::Invalid(format!("{name}: {} ids for {} texts", ids.len(), texts.len())));
        }
    }
    if state.scrub.scope == Scope::Patient && matches!(belongs.patient, Ids::None) {
        return Err(Failed::Invalid("scope patient needs patient: whose the texts are".to_owned()));
    }
    let chunk = chunk(state, texts.len());
    let one = |(number, texts): (usize, &[Option<&str>])| part(state, texts, belongs, number * chunk);
    let parts: Result<Vec<_>, Failed> = state.pool.install(|| texts.par_chunks(chunk).enumerate().map(one).collect());
    let mut clean = Clean { texts: Vec::with_capacity(texts.len()), aside: Vec::new() };
    for done in parts?.into_iter().flatten() {
        match done {
            Ok(text) => clean.texts.push(text),
            Err(fault) => {
                let row = clean.texts.len();
                if faulty == Faulty::Raise {
                    return Err(Failed::Record { row, fault });
                }
                clean.aside.push((row, fault.reason.name()));
                clean.texts.push(None);
            }
        }
    }
    Ok(clean)
}

/// What is found in each of the texts, in bytes; with `all_labels`, also what may stay.
pub(crate) fn find(state: &State, texts: &[Option<&str>], all_labels: bool) -> Result<Vec<Vec<Finding>>, Failed> {
    let one = |(row, text): (usize, &Option<&str>)| {
        let Some(text) = text else { return Ok(Vec::new()) };
        fits(text).map_err(|fault| Failed::Record { row, fault })?;
        let known = Facts::default();
        let given = Given { texts: &[plain(text)], beside: &[], known: &known, patient: None, document: b"" };
        let (found, _) = state.counter.find(&given).map_err(|withheld| Failed::of_text(row, withheld))?;
        let wanted = |finding: &Finding| all_labels || finding.label.is_identifier();
        Ok(found.iter().flat_map(|found| found.iter().copied().filter(wanted)).collect())
    };
    state.pool.install(|| texts.par_iter().enumerate().with_min_len(4).map(one).collect())
}

/// Where findings stand in the text as Python counts, by code points: first and one past the last.
pub(crate) fn in_characters(text: &str, found: &[Finding]) -> Vec<(usize, usize)> {
    if text.is_ascii() {
        return found.iter().map(|finding| (finding.span.start, finding.span.end)).collect();
    }
    // They are sorted and disjoint.
    let (mut byte, mut character) = (0, 0);
    let mut to = |at: usize| {
        character += text.get(byte..at).map_or(0, |between| between.chars().count());
        byte = at;
        character
    };
    found.iter().map(|finding| (to(finding.span.start), to(finding.span.end))).collect()
}

/// Texts that wait for the vault together, and that one thread takes at a time.
fn chunk(state: &State, texts: usize) -> usize {
    let parts = state.pool.current_num_threads() * if state.vault.is_some() { 2 } else { 8 };
    texts.div_ceil(parts).clamp(1, MOST)
}

type Done = Result<Option<String>, Fault>;

/// Scrubs texts of which the first is that of the number `first`.
fn part(state: &State, texts: &[Option<&str>], belongs: Belongs<'_>, first: usize) -> Result<Vec<Done>, Failed> {
    let known = Facts::default();
    let plain: Vec<Option<[Text<'_>; 1]>> =
        texts.iter().map(|text| text.filter(|text| fits(text).is_ok()).map(|text| [plain(text)])).collect();
    let given: Vec<Given<'_>> = plain
        .iter()
        .enumerate()
        .filter_map(|(at, text)| {
            let texts = text.as_ref()?;
            let alone = || texts.first().map_or(b"".as_slice(), |text| text.text.as_bytes());
            Some(Given {
                texts,
                beside: &[],
                known: &known,
                patient: belongs.patient.of(first + at),
                document: belongs.document.of(first + at).map_or_else(alone, str::as_bytes),
            })
        })
        .collect();
    let mut done = state.counter.scrub_all(&state.scrub.transform, &state.scrub.scope, &given)?.into_iter();
    texts
        .iter()
        .map(|text| match text {
            None => Ok(Ok(None)),
            Some(text) => match fits(text) {
                Err(fault) => Ok(Err(fault)),
                Ok(()) => {
                    let returned = done.next().ok_or(Failed::Lost)?;
                    Ok(returned.map(|mut returned| returned.texts.pop()))
                }
            },
        })
        .collect()
}

fn plain(text: &str) -> Text<'_> {
    Text { text, hint: Hint::Text, part: Part::Unknown, rule: None }
}

fn fits(text: &str) -> Result<(), Fault> {
    if text.len() > MAX_RECORD { Err(Fault::new(MAX_RECORD, Reason::TooLarge)) } else { Ok(()) }
}

impl<'i> Ids<'i> {
    fn of(self, at: usize) -> Option<&'i str> {
        match self {
            Self::None => None,
            Self::One(id) => Some(id),
            Self::Each(ids) => ids.get(at).copied().flatten(),
        }
    }
}

/// Texts of a part at most: the others must not wait long for the last one.
const MOST: usize = 256;
