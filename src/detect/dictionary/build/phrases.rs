//! The phrase list, and the mark it leaves on the words that start one.

use std::collections::BTreeMap;

use super::source::Sources;
use super::words::Words;
use crate::detect::dictionary::phrase::key;
use crate::detect::dictionary::{DictionaryError, Entry, Phrase};

/// Phrases by key, in byte order.
pub(super) type Phrases = BTreeMap<Vec<u8>, Phrase>;

/// Reads every source of phrases.
pub(super) fn read(sources: &Sources, words: &mut Words) -> Result<Phrases, DictionaryError> {
    let mut phrases = Phrases::new();
    places(sources, &mut phrases)?;
    organisations(sources, words, &mut phrases)?;
    protective(sources, words, &mut phrases)?;
    for phrase in phrases.keys() {
        let Some(first) = phrase.split(|b| *b == b' ').next() else { continue };
        words.add_folded(first.to_vec(), Entry::STARTS_PHRASE);
        // The key of `Crohn's disease` starts with `crohns`; a caller may cut off the possessive and ask for `crohn`.
        if let Some(base) = first.strip_suffix(b"s").filter(|base| base.len() > 2) {
            words.add_folded(base.to_vec(), Entry::STARTS_PHRASE);
        }
    }
    Ok(phrases)
}

fn add(phrases: &mut Phrases, phrase: &[u8], kind: Phrase) {
    if phrase.contains(&b' ') {
        let known = phrases.entry(phrase.to_vec()).or_default();
        *known = known.or(kind);
    }
}

/// Adds a name as written and with `st`, `mt`, `ft` in the other of their spellings.
fn add_name(phrases: &mut Phrases, name: &str, kind: Phrase) {
    let key = key(name);
    for (short, long) in [("st ", "saint "), ("mt ", "mount "), ("ft ", "fort ")] {
        for (from, to) in [(short, long), (long, short)] {
            if let Some(rest) = key.strip_prefix(from.as_bytes()) {
                add(phrases, &[to.as_bytes(), rest].concat(), kind);
            }
        }
    }
    add(phrases, &key, kind);
}

fn places(sources: &Sources, phrases: &mut Phrases) -> Result<(), DictionaryError> {
    for row in sources.open("places_geonames", 2)?.rows() {
        add_name(phrases, row.text(0), Phrase::CITY.sized(Entry::of_place(row.number(1)?).place()));
    }
    let unknown = Phrase::CITY.sized(1);
    for row in sources.open("places_us", 1)?.rows() {
        add_name(phrases, row.text(0), unknown);
    }
    for row in sources.open("counties_us", 2)?.rows() {
        add_name(phrases, row.text(0), unknown);
        add_name(phrases, &format!("{} {}", row.text(0), row.text(1)), unknown);
    }
    for row in sources.open("states_us", 3)?.rows() {
        add_name(phrases, row.text(0), Phrase::STATE);
    }
    for row in sources.open("countries", 1)?.rows() {
        add_name(phrases, row.text(0), Phrase::COUNTRY);
    }
    Ok(())
}

fn organisations(sources: &Sources, words: &Words, phrases: &mut Phrases) -> Result<(), DictionaryError> {
    for row in sources.open("facilities_us", 2)?.rows() {
        let size = row.number::<u32>(1)?.min(15) as u8;
        if is_named(row.text(0), words) {
            add_name(phrases, row.text(0), Phrase::FACILITY.sized(size));
        }
    }
    for row in sources.open("universities", 1)?.rows() {
        if is_named(row.text(0), words) {
            add_name(phrases, row.text(0), Phrase::UNIVERSITY);
        }
    }
    for row in sources.open("companies", 2)?.rows() {
        let kind = if row.text(1) == "company" { Phrase::COMPANY } else { Phrase::PAYER };
        add_name(phrases, row.text(0), kind);
    }
    Ok(())
}

/// Whether some word of the name says which: `family health center` and `school of nursing` do not.
fn is_named(name: &str, words: &Words) -> bool {
    let general = Entry::FACILITY_WORD.or(Entry::ORG_WORD);
    key(name).split(|b| *b == b' ').any(|word| {
        let entry = words.get(word);
        word.len() > 1
            && !entry.any(general)
            && !(entry.any(Entry::ENGLISH) && entry.lower() >= 9 && entry.last() < 12 && entry.place() < 3)
    })
}

fn protective(sources: &Sources, words: &mut Words, phrases: &mut Phrases) -> Result<(), DictionaryError> {
    for row in sources.open("eponyms", 1)?.rows() {
        let term = key(row.text(0));
        add_eponym(phrases, &term);
        for head in HEADS {
            add_eponym(phrases, &[&term, b" ".as_slice(), head.as_bytes()].concat());
        }
    }
    for row in sources.open("medical_phrases", 1)?.rows() {
        add(phrases, &key(row.text(0)), Phrase::MEDICAL);
    }
    for row in sources.open("phrases_hand", 2)?.rows() {
        let (kind, flag) = match row.text(1) {
            "city" => (Phrase::CITY.sized(7), Entry::default()),
            "state" => (Phrase::STATE, Entry::US_STATE),
            "country" => (Phrase::COUNTRY, Entry::COUNTRY),
            "facility" => (Phrase::FACILITY.sized(15), Entry::default()),
            "medical" => (Phrase::MEDICAL, Entry::MEDICAL),
            "eponym" => (Phrase::EPONYM, Entry::EPONYM),
            _ => return Err(row.error("unknown kind")),
        };
        let term = key(row.text(0));
        match kind {
            Phrase::EPONYM => add_eponym(phrases, &term),
            _ => add(phrases, &term, kind),
        }
        if !term.contains(&b' ') && !flag.is_unknown() {
            words.add_folded(term, flag);
        }
    }
    Ok(())
}

/// Adds `parkinson disease` and `parkinsons disease`.
fn add_eponym(phrases: &mut Phrases, term: &[u8]) {
    add(phrases, term, Phrase::EPONYM);
    if let Some(at) = term.iter().rposition(|b| *b == b' ') {
        let (name, head) = term.split_at(at);
        if !name.ends_with(b"s") {
            add(phrases, &[name, b"s", head].concat(), Phrase::EPONYM);
        }
    }
}

/// What an eponym of the list may stand before.
const HEADS: [&str; 8] = ["disease", "syndrome", "sign", "test", "palsy", "catheter", "score", "criteria"];
