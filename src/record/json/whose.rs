//! Whose record it is, and of which resources it speaks.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::record::Record;

/// What the resources of a record say of its patient so far.
#[derive(Default)]
pub(super) struct Subject {
    /// Resources that stand on their own.
    resources: usize,
    /// Those that a patient or the subject of a resource has.
    own: Ids,
    /// Those that are only mentioned: an actor, a target.
    mentioned: Ids,
}

/// Ids of patients met.
#[derive(Default)]
struct Ids {
    first: Option<String>,
    several: bool,
}

/// How sure it is that the record is that patient's.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Claim {
    /// The patient's own resource.
    Own,
    /// A resource of which the patient is the subject.
    Subject,
    /// A resource that mentions the patient.
    Mention,
}

impl Subject {
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// A resource that stands on its own begins.
    pub(super) fn resource(&mut self) {
        self.resources += 1;
    }

    pub(super) fn patient(&mut self, id: &str, claim: Claim) {
        let ids = if claim == Claim::Mention { &mut self.mentioned } else { &mut self.own };
        match &ids.first {
            Some(first) if first == id => {}
            // In one resource its own id goes before what it refers to.
            Some(_) if claim == Claim::Own && self.resources == 1 => ids.first = Some(id.to_owned()),
            Some(_) => ids.several = true,
            None => ids.first = Some(id.to_owned()),
        }
    }

    /// The record ends: says whose it is, and names each resource once.
    pub(super) fn settle(&mut self, record: &mut Record<'_>, named: bool) {
        if self.resources == 0 {
            return;
        }
        // A resource with several subjects is that of its first; of a Bundle that is unknown.
        let ids = if self.own.first.is_some() { &mut self.own } else { &mut self.mentioned };
        let one = !ids.several || self.resources == 1 && self.own.first.is_some();
        let first = self.own.first.take().or_else(|| self.mentioned.first.take());
        if one && !named {
            record.patient = first.map(Cow::Owned);
        }
        if record.references.len() > 16 {
            let mut met = HashSet::new();
            record.references.retain(|reference| met.insert(reference.clone()));
        } else {
            let mut at = 0;
            while let Some(reference) = record.references.get(at) {
                let again = record.references.iter().take(at).any(|before| before == reference);
                if again {
                    record.references.remove(at);
                } else {
                    at += 1;
                }
            }
        }
    }
}
