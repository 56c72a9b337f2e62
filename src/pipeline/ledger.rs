//! What is known of the files of an output folder: manifest and journal together.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::journal::{Checkpoint, Journal, Line};
use super::manifest::{Entry, Manifest, Settings, Stamp};
use super::place::Place;
use super::state::StateError;

/// What is known of the files.
#[derive(Default)]
pub(crate) struct Ledger {
    pub(super) context: Option<String>,
    pub(super) joined: bool,
    pub(super) files: BTreeMap<String, Known>,
}

/// What is known of a file.
#[derive(Default)]
pub(super) struct Known {
    pub(super) entry: Option<Entry>,
    /// The entry is not of these settings, or not of this context.
    pub(super) stale: bool,
    /// Parts may wait for their names.
    pub(super) parts: bool,
    pub(super) checkpoint: Option<Checkpoint>,
}

/// How far an input is done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Standing {
    /// It never was.
    New,
    /// It is, as it is now.
    Done(Box<Entry>),
    /// It was, and has changed since, or its output has.
    Changed,
    /// Up to there.
    Half(Box<Checkpoint>),
}

impl Ledger {
    /// What is known of a folder, the settings that it was written with, and whether there is a journal.
    ///
    /// # Errors
    ///
    /// When manifest or journal cannot be read.
    pub(crate) fn load(place: &Place) -> Result<(Self, Option<Settings>, bool), StateError> {
        let damaged = |file: PathBuf| move |source| StateError::Damaged { file, source };
        let mut ledger = Self::default();
        let mut settings = None;
        if let Some(manifest) = Manifest::load(&place.manifest()).map_err(damaged(place.manifest()))? {
            ledger.context = manifest.context;
            ledger.joined = manifest.joined;
            let known = |entry| Known { entry: Some(entry), ..Known::default() };
            ledger.files = manifest.files.into_iter().map(|entry| (entry.path.clone(), known(entry))).collect();
            settings = Some(manifest.settings);
        }
        let mut each = |line| match line {
            Line::Run(run) => settings = Some(run),
            line => ledger.apply(line),
        };
        let journal = Journal::read(&place.journal(), &mut each).map_err(damaged(place.journal()))?;
        Ok((ledger, settings, journal))
    }

    /// How far an input is done, as far as stamps tell.
    pub(crate) fn standing(&self, place: &Place, name: &str, now: &Stamp) -> Standing {
        match self.files.get(name) {
            Some(Known { checkpoint: Some(checkpoint), .. }) if checkpoint.stamp.is_still(now) => {
                Standing::Half(Box::new(checkpoint.clone()))
            }
            Some(Known { entry: Some(entry), stale, parts, .. }) => {
                let same = !stale && entry.stamp.is_still(now) && (*parts || place.has(entry));
                if same { Standing::Done(Box::new(entry.clone())) } else { Standing::Changed }
            }
            _ => Standing::New,
        }
    }

    pub(super) fn apply(&mut self, line: Line) {
        match line {
            Line::Run(_) => {}
            Line::Context(context) => self.context = Some(context),
            Line::Anew(_) => self.distrust(),
            Line::Joined(joined) => self.joined = joined,
            Line::Begin(name) => {
                self.files.insert(name, Known::default());
            }
            Line::At(checkpoint) => {
                let name = checkpoint.path.clone();
                self.files.insert(name, Known { checkpoint: Some(checkpoint), ..Known::default() });
            }
            Line::Done(entry) => {
                let name = entry.path.clone();
                self.files.insert(name, Known { entry: Some(entry), parts: true, ..Known::default() });
            }
            Line::Retry(name) => {
                if let Some(known) = self.files.get_mut(&name) {
                    known.parts = false;
                }
            }
            Line::Drop(name) => {
                self.files.remove(&name);
            }
        }
    }

    pub(super) fn has_any(&self) -> bool {
        self.files.values().any(|known| !known.stale && (known.entry.is_some() || known.checkpoint.is_some()))
    }

    pub(super) fn distrust(&mut self) {
        (self.context, self.joined) = (None, false);
        for known in self.files.values_mut() {
            (known.stale, known.parts, known.checkpoint) = (true, false, None);
        }
    }
}
