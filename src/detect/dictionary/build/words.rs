//! The word list: every source's claim on a word, merged into one entry.

use std::collections::HashMap;

use super::source::{Row, Sources};
use crate::detect::dictionary::{DictionaryError, Entry, fold, phrase};

/// Words with what the sources read so far say of them.
#[derive(Default)]
pub(super) struct Words {
    entries: HashMap<Vec<u8>, Entry>,
}

impl Words {
    /// Adds a claim on a word as written.
    pub(super) fn add(&mut self, word: &str, claim: Entry) {
        let mut key = Vec::with_capacity(word.len());
        fold(word, &mut key);
        self.add_folded(key, claim);
    }

    pub(super) fn add_folded(&mut self, key: Vec<u8>, claim: Entry) {
        if !key.is_empty() {
            let entry = self.entries.entry(key).or_default();
            *entry = entry.or(claim);
        }
    }

    pub(super) fn get(&self, key: &[u8]) -> Entry {
        self.entries.get(key).copied().unwrap_or_default()
    }

    /// Adds a name as written; with marks in it also without them, and each part of two letters or more as a name
    /// without a count.
    fn add_name(&mut self, name: &str, claim: Entry, part: Entry) {
        self.add(name, claim);
        if name.contains(['\'', '-']) {
            self.add(&name.replace(['\'', '-'], ""), claim);
            for piece in name.split(['\'', '-']).filter(|piece| piece.len() > 1) {
                self.add(piece, part);
            }
        }
    }

    /// The words in byte order, each with the index of its entry, and the entries, the most frequent first: small
    /// indices make a small FST.
    pub(super) fn finish(self) -> (Vec<(Vec<u8>, u64)>, Vec<Entry>) {
        let mut uses: HashMap<u64, usize> = HashMap::new();
        for entry in self.entries.values() {
            *uses.entry(entry.0).or_default() += 1;
        }
        let mut ranked: Vec<_> = uses.into_iter().collect();
        ranked.sort_unstable_by_key(|&(entry, uses)| (std::cmp::Reverse(uses), entry));
        let index: HashMap<u64, u64> = ranked.iter().zip(0..).map(|((entry, _), i)| (*entry, i)).collect();
        let mut words: Vec<_> =
            self.entries.into_iter().filter_map(|(word, entry)| index.get(&entry.0).map(|i| (word, *i))).collect();
        words.sort_unstable();
        (words, ranked.into_iter().map(|(entry, _)| Entry(entry)).collect())
    }
}

/// Reads every source of single words.
pub(super) fn read(sources: &Sources) -> Result<Words, DictionaryError> {
    let mut words = Words::default();
    names(sources, &mut words)?;
    english(sources, &mut words)?;
    medicine(sources, &mut words)?;
    places(sources, &mut words)?;
    heads(sources, &mut words)?;
    inflections(sources, &mut words)?;
    Ok(words)
}

fn names(sources: &Sources, words: &mut Words) -> Result<(), DictionaryError> {
    let (first, last) = (Entry::of_first(None), Entry::of_last(None));
    for name in ["first_names_census", "first_names_ssa"] {
        for row in sources.open(name, 2)?.rows() {
            words.add_name(row.text(0), Entry::of_first(Some(row.number(1)?)), first);
        }
    }
    for row in sources.open("surnames_census", 2)?.rows() {
        words.add_name(row.text(0), Entry::of_last(Some(row.number(1)?)), last);
    }
    for row in sources.open("names_world", 2)?.rows() {
        let claim = match row.text(1) {
            "f" => first,
            "l" => last,
            _ => return Err(row.error("kind is neither f nor l")),
        };
        words.add_name(row.text(0), claim, claim);
    }
    for (name, claim) in [("first_names_voter", first), ("surnames_voter", last), ("names_people", first.or(last))] {
        for row in sources.open(name, 1)?.rows() {
            words.add_name(row.text(0), claim, claim);
        }
    }
    // The Census writes OBRIEN; where another list shows that it is O'Brien, that takes over the count.
    let marked: Vec<_> = words.entries.keys().filter(|key| key.contains(&b'\'')).cloned().collect();
    for key in marked {
        let joined: Vec<u8> = key.iter().copied().filter(|b| *b != b'\'').collect();
        let claim = words.get(&joined);
        words.add_folded(key, claim);
    }
    Ok(())
}

fn english(sources: &Sources, words: &mut Words) -> Result<(), DictionaryError> {
    for row in sources.open("english_levels", 2)?.rows() {
        let common = row.number::<u8>(1)? <= 50;
        words.add(row.text(0), if common { Entry::ENGLISH } else { Entry::ENGLISH_RARE });
    }
    for row in sources.open("english_case", 3)?.rows() {
        let claim = Entry::of_case(row.number(1)?, row.number(2)?);
        if !claim.is_unknown() {
            words.add(row.text(0), claim);
        }
    }
    Ok(())
}

fn medicine(sources: &Sources, words: &mut Words) -> Result<(), DictionaryError> {
    for (name, columns, claim) in
        [("medical_words", 1, Entry::MEDICAL), ("medical_abbreviations", 1, Entry::ABBREV), ("drugs", 2, Entry::DRUG)]
    {
        for row in sources.open(name, columns)?.rows() {
            words.add(row.text(0), claim);
        }
    }
    Ok(())
}

fn places(sources: &Sources, words: &mut Words) -> Result<(), DictionaryError> {
    let mut add = |row: &Row<'_>, claim| {
        if is_word(row.text(0)) {
            words.add_name(row.text(0), claim, Entry::default());
        }
    };
    for row in sources.open("places_geonames", 2)?.rows() {
        add(&row, Entry::of_place(row.number(1)?));
    }
    for (name, columns, claim) in [
        ("places_us", 1, Entry::of_place(0)),
        ("counties_us", 2, Entry::of_place(0)),
        ("states_us", 3, Entry::US_STATE),
        ("countries", 1, Entry::COUNTRY),
        ("companies", 2, Entry::COMPANY),
    ] {
        for row in sources.open(name, columns)?.rows() {
            add(&row, claim);
        }
    }
    for row in sources.open("states_us", 3)?.rows() {
        words.add(row.text(1), Entry::STATE_ABBR);
        let ap = row.text(2).trim_end_matches('.');
        if ap.len() > 2 && is_word(ap) {
            words.add(ap, Entry::STATE_ABBR);
        }
    }
    for row in sources.open("streets", 3)?.rows() {
        if row.text(2) == "street_suffix" {
            words.add(row.text(0), Entry::STREET_SUFFIX);
            words.add(row.text(1), Entry::STREET_SUFFIX);
        }
    }
    Ok(())
}

fn heads(sources: &Sources, words: &mut Words) -> Result<(), DictionaryError> {
    for row in sources.open("heads", 2)?.rows() {
        let claim = match row.text(1) {
            "facility" => Entry::FACILITY_WORD,
            "org" => Entry::ORG_WORD,
            "title" => Entry::TITLE,
            "credential" => Entry::CREDENTIAL,
            "relation" => Entry::RELATION,
            "role" => Entry::STAFF,
            "particle" => Entry::PARTICLE,
            "unit" => Entry::UNIT,
            "month" => Entry::MONTH,
            "weekday" => Entry::WEEKDAY,
            "nationality" => Entry::NATIONALITY,
            "abbreviation" => Entry::ABBREV,
            _ => return Err(row.error("unknown class")),
        };
        words.add(row.text(0), claim);
    }
    for row in sources.open("eponyms", 1)?.rows() {
        let capitalised = row.text(0).split([' ', '-']).filter(|w| w.len() > 2 && w.starts_with(char::is_uppercase));
        for word in capitalised {
            words.add(word, Entry::EPONYM);
        }
    }
    Ok(())
}

/// Word classes, of the lemmas and of the forms that regular endings make of them, where English knows the form.
fn inflections(sources: &Sources, words: &mut Words) -> Result<(), DictionaryError> {
    let mut lemmas: HashMap<Vec<u8>, Entry> = HashMap::new();
    for row in sources.open("wordnet", 2)?.rows() {
        let classes = row.text(1).bytes().fold(Entry::default(), |classes, class| match class {
            b'n' => classes.or(Entry::NOUN),
            b'v' => classes.or(Entry::VERB),
            _ => classes.or(Entry::ADJ),
        });
        lemmas.insert(row.text(0).as_bytes().to_vec(), classes);
    }
    let known = Entry::ENGLISH.or(Entry::ENGLISH_RARE).or(Entry::MEDICAL);
    let inflected: Vec<_> = words
        .entries
        .iter()
        .filter(|(_, entry)| entry.any(known) || entry.lower() > 0)
        .map(|(word, _)| (word.clone(), inflected_class(word, &lemmas)))
        .filter(|(_, classes)| !classes.is_unknown())
        .collect();
    for (word, claim) in lemmas.into_iter().chain(inflected) {
        words.add_folded(word, claim);
    }
    Ok(())
}

fn inflected_class(word: &[u8], lemmas: &HashMap<Vec<u8>, Entry>) -> Entry {
    let mut classes = Entry::default();
    for (ending, replacements, wanted) in ENDINGS {
        let Some(stem) = word.strip_suffix(*ending).filter(|stem| stem.len() >= 2) else { continue };
        let mut claim = |lemma: &[u8]| {
            if let Some(found) = lemmas.get(lemma) {
                for class in wanted.iter().filter(|class| found.any(**class)) {
                    classes = classes.or(*class);
                }
            }
        };
        for replacement in *replacements {
            claim(&[stem, *replacement].concat());
        }
        // stopped, planning
        if let [head @ .., a, b] = stem
            && a == b
            && matches!(*ending, b"ed" | b"ing")
        {
            claim(&[head, &[*a]].concat());
        }
    }
    classes
}

/// Ending, what the lemma has in its place, and the classes whose forms end so.
type Ending = (&'static [u8], &'static [&'static [u8]], &'static [Entry]);

const ENDINGS: &[Ending] = &[
    (b"s", &[b""], &[Entry::NOUN, Entry::VERB]),
    (b"es", &[b""], &[Entry::NOUN, Entry::VERB]),
    (b"ies", &[b"y"], &[Entry::NOUN, Entry::VERB]),
    (b"ed", &[b"", b"e"], &[Entry::VERB]),
    (b"ied", &[b"y"], &[Entry::VERB]),
    (b"ing", &[b"", b"e"], &[Entry::VERB]),
];

/// Whether a name is one word, hyphens and apostrophes allowed.
pub(super) fn is_word(name: &str) -> bool {
    !name.is_empty()
        && !name.contains(|c: char| c.is_whitespace() || matches!(c, '.' | '/' | '&' | ','))
        && !phrase::key(name).is_empty()
}
