//! Facts: what structured fields say of a person, kept in one run of bytes.

use crate::detect::hash;
use crate::identifier::{Label, Part};

/// A list of facts, in the order in which they were pushed.
///
/// Invariant: `bytes` is a sequence of entries of label, part, length and that many bytes of UTF-8.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Facts {
    bytes: Vec<u8>,
}

/// One value of a field that is one identifier.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fact<'f> {
    /// What it is.
    pub label: Label,
    /// Which part of a name.
    pub part: Part,
    /// The value as it was written.
    pub text: &'f str,
}

impl Facts {
    /// Bytes of the longest value that is kept: no name, number or address is longer.
    pub const LONGEST: usize = 255;

    /// Notes a value. Empty ones, longer ones than [`Facts::LONGEST`] and labels that may stay are left out.
    pub fn push(&mut self, label: Label, part: Part, text: &str) {
        let text = text.trim();
        let Ok(length) = u8::try_from(text.len()) else { return };
        if length > 0 && label.is_identifier() {
            self.bytes.extend_from_slice(&[label as u8, part as u8, length]);
            self.bytes.extend_from_slice(text.as_bytes());
        }
    }

    /// Appends all of another list.
    pub fn extend(&mut self, other: &Facts) {
        self.bytes.extend_from_slice(&other.bytes);
    }

    /// In the order in which they were pushed.
    pub fn iter(&self) -> impl Iterator<Item = Fact<'_>> {
        let mut rest = self.bytes.as_slice();
        std::iter::from_fn(move || {
            let [label, part, length, tail @ ..] = rest else { return None };
            let (text, next) = tail.split_at_checked(usize::from(*length))?;
            rest = next;
            let label = *Label::ALL.get(usize::from(*label))?;
            let part = *Part::ALL.get(usize::from(*part))?;
            Some(Fact { label, part, text: std::str::from_utf8(text).ok()? })
        })
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Forgets all, keeps the buffer.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// The same facts in the same order have the same hash, in every run.
    pub fn hash(&self) -> u64 {
        hash(&self.bytes)
    }

    /// The list as it is kept.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Appends a list, or several, that [`Facts::as_bytes`] gave.
    pub(crate) fn extend_from_bytes(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }
}

// Values of a record must not reach a log through Debug: lengths only.
impl std::fmt::Debug for Facts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Facts").field("bytes", &self.bytes.len()).finish()
    }
}

impl std::fmt::Debug for Fact<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fact").field("label", &self.label).field("bytes", &self.text.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn facts_come_back_as_they_were_pushed() {
        let mut facts = Facts::default();
        assert!(facts.is_empty());
        let long = "x".repeat(256);
        for (label, part, text) in [
            (Label::Name, Part::Family, " Sørlie-Vann "),
            (Label::Mrn, Part::Unknown, "00471188"),
            (Label::Name, Part::Given, ""),
            (Label::State, Part::Unknown, "WA"),
            (Label::OtherId, Part::Unknown, long.as_str()),
            (Label::OtherId, Part::Unknown, &long[1..]),
        ] {
            facts.push(label, part, text);
        }
        let all: Vec<_> = facts.iter().collect();
        assert_eq!(all.len(), 3);
        assert_eq!((all[0].label, all[0].part, all[0].text), (Label::Name, Part::Family, "Sørlie-Vann"));
        assert_eq!((all[1].label, all[1].part, all[1].text), (Label::Mrn, Part::Unknown, "00471188"));
        assert_eq!(all[2].text.len(), 255);
        let mut twice = facts.clone();
        assert_eq!(twice.hash(), facts.hash());
        twice.extend(&facts);
        assert_eq!(twice.iter().count(), 6);
        assert_ne!(twice.hash(), facts.hash());
        let mut read = Facts::default();
        read.extend_from_bytes(facts.as_bytes());
        assert_eq!(read, facts);
    }

    #[test]
    fn bytes_of_any_kind_are_read_without_fault() {
        for bytes in [&[0u8][..], &[0, 0, 9, 65], &[99, 0, 1, 65], &[0, 99, 1, 65], &[0, 0, 1, 0xff]] {
            let mut facts = Facts::default();
            facts.extend_from_bytes(bytes);
            assert_eq!(facts.iter().count(), 0);
        }
    }

    #[test]
    fn debug_holds_no_text() {
        let mut facts = Facts::default();
        facts.push(Label::Name, Part::Full, "MARKER");
        assert!(!format!("{facts:?}{:?}", facts.iter().next().unwrap()).contains("MARKER"));
    }
}
