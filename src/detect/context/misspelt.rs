//! Names that are misspelled: one letter more, one less, another one, or two neighbours exchanged.

use super::Place;
use super::table::Roles;
use crate::detect::boundary;
use crate::detect::dictionary::Entry;

/// The parts of names that are looked for misspelled: long ones, which no other word is like.
#[derive(Default)]
pub(super) struct Spellings {
    long: Vec<Long>,
}

/// A folded part of a name.
#[derive(Clone, Copy)]
struct Long {
    letters: [u8; WIDEST],
    length: u8,
    role: u8,
}

/// Letters of the longest part that is looked for misspelled.
const WIDEST: usize = 23;
/// Letters of the shortest.
const NARROWEST: usize = 6;

impl Spellings {
    /// Takes everything out.
    pub(super) fn clear(&mut self) {
        self.long.clear();
    }

    /// Takes in a folded part of a name, unless it is too short or holds other letters than those of English.
    pub(super) fn push(&mut self, folded: &[u8], role: Roles) {
        if !(NARROWEST..WIDEST).contains(&folded.len()) || !folded.iter().all(u8::is_ascii_lowercase) {
            return;
        }
        let mut long = Long { letters: [0; WIDEST], length: folded.len() as u8, role: role as u8 };
        long.letters.iter_mut().zip(folded).for_each(|(to, from)| *to = *from);
        if !self.long.iter().any(|known| known.letters == long.letters) {
            self.long.push(long);
        }
    }

    /// The part of a name that token `i` misspells.
    pub(super) fn role(&self, place: &Place<'_>, i: usize) -> Roles {
        let (Some(token), Some(info)) = (place.sequence.tokens.get(i), place.sequence.infos.get(i)) else { return 0 };
        if !is_reach(token.len()) || self.long.is_empty() || is_ordinary(info.entry) {
            return 0;
        }
        let word = token.of(place.text);
        let word = boundary::stem(word).and_then(|n| word.get(..n)).unwrap_or(word).as_bytes();
        let mut letters = [0; WIDEST];
        let length = word.len();
        if length > WIDEST || !word.iter().all(u8::is_ascii_alphabetic) {
            return 0;
        }
        letters.iter_mut().zip(word).for_each(|(to, from)| *to = from.to_ascii_lowercase());
        let word = letters.get(..length).unwrap_or_default();
        let role = self.long.iter().find(|long| {
            let known = long.letters.get(..usize::from(long.length)).unwrap_or_default();
            known.len().abs_diff(length) <= 1 && one_apart(known, word)
        });
        role.map_or(0, |long| Roles::from(long.role))
    }
}

/// Whether a word of so many bytes may be a name misspelled.
pub(in crate::detect) fn is_reach(length: usize) -> bool {
    (NARROWEST - 1..=WIDEST).contains(&length)
}

/// Whether a word of the language or of medicine is written so.
pub(in crate::detect) fn is_ordinary(entry: Entry) -> bool {
    entry.lower() >= 4 || entry.any(ORDINARY)
}

/// Whether the two differ by one letter more, less or another, or by two neighbours exchanged; and do differ.
fn one_apart(a: &[u8], b: &[u8]) -> bool {
    let head = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let tail = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    let (short, long) = (a.len().min(b.len()), a.len().max(b.len()));
    if long == short {
        let (a, b) = (a.get(head..long - tail.min(long - head)), b.get(head..long - tail.min(long - head)));
        return match (a, b) {
            (Some([_]), Some([_])) => true,
            (Some([a, b]), Some([c, d])) => a == d && b == c,
            _ => false,
        };
    }
    long == short + 1 && head + tail >= short
}

const ORDINARY: Entry = Entry::ENGLISH
    .or(Entry::ENGLISH_RARE)
    .or(Entry::MEDICAL)
    .or(Entry::DRUG)
    .or(Entry::ABBREV)
    .or(Entry::EPONYM)
    .or(Entry::VERB)
    .or(Entry::NOUN)
    .or(Entry::ADJ)
    .or(Entry::US_STATE)
    .or(Entry::COUNTRY)
    .or(Entry::NATIONALITY)
    .or(Entry::MONTH)
    .or(Entry::WEEKDAY);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_letter_makes_a_misspelling() {
        for (a, b) in [
            ("achterberg", "achterburg"),
            ("achterberg", "achteberg"),
            ("achterberg", "achterrberg"),
            ("achterberg", "acthterberg"),
            ("achterberg", "cahterberg"),
            ("achterberg", "achterbegr"),
            ("aachen", "achen"),
        ] {
            assert!(one_apart(a.as_bytes(), b.as_bytes()), "{a} {b}");
            assert!(one_apart(b.as_bytes(), a.as_bytes()), "{b} {a}");
        }
        for (a, b) in [
            ("achterberg", "achterberg"),
            ("achterberg", "achtarburg"),
            ("achterberg", "achtebreg2"),
            ("achterberg", "achterbe"),
            ("achterberg", "hcatreberg"),
            ("aabb", "bbaa"),
            ("", ""),
        ] {
            assert!(!one_apart(a.as_bytes(), b.as_bytes()), "{a} {b}");
        }
    }
}
