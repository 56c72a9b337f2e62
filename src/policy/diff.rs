//! In what two policies differ.

use std::collections::BTreeSet;
use std::fmt;

use super::{Place, Policy};

/// One thing that two policies do differently.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// The place and label, or the setting.
    pub what: String,
    /// In the first policy.
    pub from: String,
    /// In the other.
    pub to: String,
}

impl Policy {
    /// In what `other` differs; empty when they differ in nothing but their name.
    ///
    /// Actions of a field or a destination are compared as they are written: `-` is none of its own.
    pub fn differences(&self, other: &Policy) -> Vec<Difference> {
        let mut found = Differences(Vec::new());
        let claim = |p: &Policy| p.claim.map_or("none", |claim| claim.name()).to_owned();
        found.add(|| "claim".to_owned(), claim(self), claim(other));

        let mut places = vec![Place::Default];
        let new = other.patterns.iter().filter(|p| !self.patterns.contains(p));
        places.extend(self.patterns.iter().chain(new).cloned().map(Place::Field));
        let destinations: BTreeSet<_> = self.destinations().chain(other.destinations()).collect();
        places.extend(destinations.into_iter().map(|d| Place::Destination(d.to_owned())));
        for place in places {
            let (from, to) = (self.own(&place), other.own(&place));
            if from.is_empty() && to.is_empty() {
                let (from, to) = (self.named(&place), other.named(&place));
                found.add(|| format!("{place}itself"), from.to_owned(), to.to_owned());
            }
            let labels: BTreeSet<_> = from.iter().chain(&to).map(|(label, _)| *label).collect();
            for label in labels {
                let of = |own: &[(_, super::Action)]| {
                    own.iter().find(|(l, _)| *l == label).map_or("-".to_owned(), |(_, action)| action.to_string())
                };
                found.add(|| format!("{place}{}", label.name()), of(&from), of(&to));
            }
        }
        let order = |p: &Policy, q: &Policy| -> Vec<String> {
            p.patterns.iter().filter(|pattern| q.patterns.contains(pattern)).map(|p| format!("{p:?}")).collect()
        };
        found.add(|| "order of fields".to_owned(), order(self, other).join(", "), order(other, self).join(", "));

        for (ours, theirs) in self.settings.rows().into_iter().zip(other.settings.rows()) {
            found.add(|| ours.0.to_owned(), ours.1, theirs.1);
        }
        found.0
    }

    fn named(&self, place: &Place) -> &'static str {
        let there = match place {
            Place::Default => true,
            Place::Field(pattern) => self.patterns.contains(pattern),
            Place::Destination(name) => self.destinations.contains_key(name),
        };
        if there { "named" } else { "not named" }
    }
}

/// `DATE: year -> redact`.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} -> {}", self.what, self.from, self.to)
    }
}

struct Differences(Vec<Difference>);

impl Differences {
    fn add(&mut self, what: impl FnOnce() -> String, from: String, to: String) {
        if from != to {
            self.0.push(Difference { what: what(), from, to });
        }
    }
}
