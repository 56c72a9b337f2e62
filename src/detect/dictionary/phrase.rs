//! Phrases: names of several words that must be known as a whole.
//!
//! A key is the folded words of the phrase joined by single blanks, where a word is a run of letters and digits:
//! apostrophes vanish (`St. Mary's` is `st marys`), every other character splits (`Swan-Ganz` is `swan ganz`). The walk
//! reads the words of the text in the same way, so that a caller may cut at hyphens or not.

/// What a phrase is, and how large.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Phrase(pub(crate) u64);

impl Phrase {
    /// City, county or other place smaller than a state.
    pub const CITY: Phrase = Phrase(1 << 4);
    /// State or territory of the United States.
    pub const STATE: Phrase = Phrase(1 << 5);
    /// Country.
    pub const COUNTRY: Phrase = Phrase(1 << 6);
    /// Named hospital, clinic or other provider.
    pub const FACILITY: Phrase = Phrase(1 << 7);
    /// Named university, college or school.
    pub const UNIVERSITY: Phrase = Phrase(1 << 8);
    /// Company or brand.
    pub const COMPANY: Phrase = Phrase(1 << 9);
    /// Insurer, programme, pharmacy chain, laboratory or health system: does not identify by itself.
    pub const PAYER: Phrase = Phrase(1 << 10);
    /// Disease, sign, score or device that bears a name.
    pub const EPONYM: Phrase = Phrase(1 << 11);
    /// Clinical phrase that holds a word which is also a name or a place.
    pub const MEDICAL: Phrase = Phrase(1 << 12);

    /// Every kind with its name.
    pub const KINDS: &'static [(&'static str, Phrase)] = &[
        ("CITY", Self::CITY),
        ("STATE", Self::STATE),
        ("COUNTRY", Self::COUNTRY),
        ("FACILITY", Self::FACILITY),
        ("UNIVERSITY", Self::UNIVERSITY),
        ("COMPANY", Self::COMPANY),
        ("PAYER", Self::PAYER),
        ("EPONYM", Self::EPONYM),
        ("MEDICAL", Self::MEDICAL),
    ];

    /// Whether it is of one of the kinds of `kinds`; a phrase may be of several.
    #[inline]
    pub const fn is(self, kinds: Phrase) -> bool {
        self.0 >> 4 & kinds.0 >> 4 != 0
    }

    /// The kinds of both and the larger size.
    pub const fn or(self, other: Phrase) -> Phrase {
        let size = if self.size() > other.size() { self.size() } else { other.size() };
        Phrase((self.0 | other.0) >> 4 << 4 | size as u64)
    }

    /// For a city the bucket of [`super::PLACE`], for a facility the number of its sites up to 15; else 0.
    #[inline]
    pub const fn size(self) -> u8 {
        (self.0 & 15) as u8
    }

    pub(crate) fn sized(self, size: u8) -> Phrase {
        Phrase(self.0 | u64::from(size.min(15)))
    }
}

/// The longest phrase of `map` that starts with the first of `words`, and how many of the words it takes.
pub(super) fn longest<'a, D: AsRef<[u8]>>(
    map: &fst::Map<D>,
    words: impl Iterator<Item = &'a [u8]>,
) -> Option<(usize, Phrase)> {
    let fst = map.as_fst();
    let mut node = fst.root();
    let mut output = fst::raw::Output::zero();
    let mut best = None;
    let mut started = false;
    for (n, word) in words.enumerate() {
        let mut boundary = started;
        let mut advanced = false;
        for &byte in word {
            match byte {
                b'\'' => continue,
                b'0'..=b'9' | b'a'..=b'z' | 0x80.. => {}
                _ => {
                    boundary = started;
                    continue;
                }
            }
            let blank = std::mem::take(&mut boundary).then_some(b' ');
            for step in blank.into_iter().chain([byte]) {
                let Some(i) = node.find_input(step) else { return best };
                let transition = node.transition(i);
                output = output.cat(transition.out);
                node = fst.node(transition.addr);
            }
            started = true;
            advanced = true;
        }
        if advanced && node.is_final() {
            best = Some((n + 1, Phrase(output.cat(node.final_output()).value())));
        }
    }
    best
}

/// The key of a phrase: see the module.
pub(crate) fn key(phrase: &str) -> Vec<u8> {
    let mut folded = Vec::new();
    super::fold(phrase, &mut folded);
    let mut key = Vec::with_capacity(folded.len());
    let mut boundary = false;
    for byte in folded {
        match byte {
            b'\'' => {}
            b'0'..=b'9' | b'a'..=b'z' | 0x80.. => {
                if std::mem::take(&mut boundary) && !key.is_empty() {
                    key.push(b' ');
                }
                key.push(byte);
            }
            _ => boundary = true,
        }
    }
    key
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn keys_are_words_joined_by_blanks() {
        for (phrase, expected) in [
            ("St. Mary's", "st marys"),
            ("Swan-Ganz", "swan ganz"),
            ("  AT&T / Bell Labs. ", "at t bell labs"),
            ("São Paulo", "sao paulo"),
            ("", ""),
            ("--", ""),
        ] {
            assert_eq!(String::from_utf8(key(phrase)).unwrap(), expected);
        }
    }

    #[test]
    fn the_longest_phrase_wins_and_others_do_not_match() {
        let keys = [("new york", 1), ("new york city", 2), ("st marys", 3), ("swan ganz", 4)];
        let map = fst::Map::from_iter(keys).unwrap();
        let find =
            |text: &str| longest(&map, text.split(' ').map(str::as_bytes)).map(|(words, phrase)| (words, phrase.0));
        for (text, found) in [
            ("new york", (2, 1)),
            ("new york city hall", (3, 2)),
            ("new york state", (2, 1)),
            ("st. mary's hospital", (2, 3)),
            ("st . marys", (3, 3)),
            ("swan-ganz catheter", (1, 4)),
            ("swan - ganz", (3, 4)),
        ] {
            assert_eq!(find(text), Some(found), "{text}");
        }
        for text in
            ["", "new", "new yorker", "newyork", "the new york", "york city", "st maryss", "swanganz", "- -", "\u{0}"]
        {
            assert_eq!(find(text), None, "{text}");
        }
    }
}
