//! The dictionaries in the repository are those that the sources build, and know what they should.

use std::path::{Path, PathBuf};

use deidre::detect::dictionary::build::Built;
use deidre::detect::dictionary::{Dictionary, DictionaryError, Entry, Phrase, Zip3, fold};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("dictionaries")
}

fn word(dictionary: &Dictionary, word: &str) -> Entry {
    let mut folded = Vec::new();
    fold(word, &mut folded);
    dictionary.word(&folded)
}

fn phrase(dictionary: &Dictionary, text: &str) -> Option<(usize, Phrase)> {
    let mut folded = Vec::new();
    fold(text, &mut folded);
    dictionary.phrase(folded.split(|b| *b == b' '))
}

#[test]
fn committed_files_are_what_the_sources_build() {
    let built = Built::from_sources(&folder().join("sources")).unwrap();
    for (name, bytes) in built.files().unwrap() {
        // assert_eq would print megabytes.
        let same = std::fs::read(folder().join(name)).unwrap() == bytes;
        assert!(same, "{name} is stale: run `deidre dictionary build`");
    }
}

#[test]
fn a_folder_opens_only_with_its_checksums() {
    let copy = tempfile::tempdir().unwrap();
    for name in ["words.fst", "phrases.fst", "tables.bin", "manifest.json"] {
        std::fs::copy(folder().join(name), copy.path().join(name)).unwrap();
    }
    let opened = Dictionary::open(copy.path()).unwrap();
    assert_eq!(opened.manifest(), Dictionary::embedded().manifest());
    assert_eq!(word(&opened, "Smith"), word(&Dictionary::embedded(), "smith"));

    for name in ["words.fst", "phrases.fst", "tables.bin"] {
        let path = copy.path().join(name);
        let bytes = std::fs::read(&path).unwrap();
        let mut flipped = bytes.clone();
        flipped[bytes.len() / 2] ^= 1;
        for damaged in [&flipped[..], &bytes[..bytes.len() - 1], b""] {
            std::fs::write(&path, damaged).unwrap();
            assert!(matches!(Dictionary::open(copy.path()), Err(DictionaryError::Checksum { file }) if file == name));
        }
        std::fs::write(&path, &bytes).unwrap();
    }
    let manifest = copy.path().join("manifest.json");
    let json = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, json.replacen("\"format\": 1", "\"format\": 99", 1)).unwrap();
    assert!(matches!(Dictionary::open(copy.path()), Err(DictionaryError::Format { found: 99, .. })));
    std::fs::write(&manifest, "{}").unwrap();
    assert!(matches!(Dictionary::open(copy.path()), Err(DictionaryError::Manifest(_))));
    std::fs::remove_file(&manifest).unwrap();
    assert!(matches!(Dictionary::open(copy.path()), Err(DictionaryError::Read { .. })));
}

#[test]
fn words_have_the_flags_of_their_sources() {
    let dictionary = Dictionary::embedded();
    for (flag, yes, no) in [
        (
            Entry::MEDICAL,
            &["pneumonia", "hypertension", "femur", "troponin"][..],
            &["smith", "parkinson", "chicago", "kowalski"][..],
        ),
        (Entry::DRUG, &["metoprolol", "lisinopril", "Tylenol", "Allegra"], &["amanda", "austin", "table", "patient"]),
        (Entry::ABBREV, &["copd", "CHF"], &["house", "smith"]),
        (Entry::EPONYM, &["Parkinson", "Sjögren", "foley", "thurner"], &["pneumonia", "disease", "robert"]),
        (Entry::ENGLISH, &["house", "patient", "walking"], &["smithson", "kowalski", "qzx"]),
        (Entry::VERB, &["walk", "stopped", "denies", "taking"], &["pneumonia", "smith's"]),
        (Entry::US_STATE, &["Ohio", "texas"], &["york", "oh"]),
        (Entry::STATE_ABBR, &["OH", "tx", "mass"], &["ohio", "zz"]),
        (Entry::COUNTRY, &["France", "USA", "england"], &["paris", "texas"]),
        (Entry::NATIONALITY, &["Hispanic", "korean"], &["korea", "smith"]),
        (Entry::STREET_SUFFIX, &["street", "Ave", "blvd"], &["house", "north"]),
        (Entry::MONTH, &["March", "sept"], &["monday", "spring"]),
        (Entry::WEEKDAY, &["Monday", "thurs"], &["march", "today"]),
        (Entry::COMPANY, &["Aetna", "Walgreens"], &["smith", "pneumonia"]),
        (Entry::FACILITY_WORD, &["hospital", "Centre", "school"], &["church", "heart"]),
        (Entry::ORG_WORD, &["church", "LLC", "police"], &["heart", "nurse"]),
        (Entry::TITLE, &["Dr", "Mrs", "sgt"], &["md", "wife"]),
        (Entry::CREDENTIAL, &["MD", "pa-c", "RN"], &["dr", "son"]),
        (Entry::RELATION, &["wife", "nieces", "mom"], &["surgeon", "house"]),
        (Entry::STAFF, &["attending", "pharmacist"], &["wife", "house"]),
        (Entry::PARTICLE, &["van", "de", "bin"], &["smith", "house"]),
        (Entry::UNIT, &["mg", "mmHg", "bpm"], &["smith", "house"]),
    ] {
        for yes in yes {
            assert!(word(&dictionary, yes).any(flag), "{yes} should have {flag:?}");
        }
        for no in no {
            assert!(!word(&dictionary, no).any(flag), "{no} should not have {flag:?}");
        }
    }
}

#[test]
fn names_places_and_words_are_ordered_by_frequency() {
    let dictionary = Dictionary::embedded();
    let entry = |w: &str| word(&dictionary, w);
    assert!(entry("Michael").first() > entry("Rosalva").first());
    assert!(entry("Rosalva").first() > 1);
    assert!(entry("Smith").last() > entry("Kowalski").last());
    assert_eq!(entry("O'Brien").last(), entry("obrien").last());
    assert_eq!(entry("Nuñez").last(), entry("NUNEZ").last());
    assert!(entry("the").lower() > entry("pneumonia").lower());
    assert!(entry("michael").title() > entry("michael").lower());
    assert!(entry("Chicago").place() > entry("Dubuque").place());
    assert!(entry("Null").last() > 0, "a surname, not a missing value");
    for unknown in ["", "qxzv", "\u{0}", "smith jones", "李"] {
        assert!(entry(unknown).is_unknown(), "{unknown:?}");
    }
}

#[test]
fn phrases_are_found_whole() {
    let dictionary = Dictionary::embedded();
    for (text, words, kind) in [
        ("Los Angeles today", 2, Phrase::CITY),
        ("St. Louis", 2, Phrase::CITY),
        ("Saint Louis", 2, Phrase::CITY),
        ("Cook County jail", 2, Phrase::CITY),
        ("New York", 2, Phrase::STATE),
        ("North Carolina", 2, Phrase::STATE),
        ("Costa Rica", 2, Phrase::COUNTRY),
        ("Massachusetts General Hospital", 3, Phrase::FACILITY),
        ("Stanford University", 2, Phrase::UNIVERSITY),
        ("Blue Cross Blue Shield of", 4, Phrase::PAYER),
        ("Parkinson's disease", 2, Phrase::EPONYM),
        ("Parkinson disease", 2, Phrase::EPONYM),
        ("Swan-Ganz catheter", 2, Phrase::EPONYM),
        ("May-Thurner", 1, Phrase::EPONYM),
        ("bone marrow biopsy", 2, Phrase::MEDICAL),
    ] {
        let (taken, found) = phrase(&dictionary, text).unwrap_or_else(|| panic!("{text} not found"));
        assert!(taken >= words && found.is(kind), "{text}: {taken} {found:?}");
        let first = text.split([' ', '-']).next().unwrap_or_default().trim_end_matches('.');
        let starts =
            word(&dictionary, first).starts_phrase() || word(&dictionary, first.trim_end_matches("'s")).starts_phrase();
        assert!(starts, "{first}");
    }
    for text in [
        "",
        " ",
        "Angeles",
        "Los",
        "patient was seen",
        "John Smith",
        "the hospital",
        "medical center",
        "family health center",
    ] {
        let found = phrase(&dictionary, text);
        assert_eq!(found, None, "{text}");
    }
}

#[test]
fn numbers_in_use_are_known_and_others_are_not() {
    let dictionary = Dictionary::embedded();
    for zip in [2114, 10_001, 90_210, 99_950] {
        assert!(dictionary.is_zip(zip), "{zip}");
    }
    for zip in [0, 1, 99_999, 100_000, u32::MAX] {
        assert!(!dictionary.is_zip(zip), "{zip}");
    }
    for code in [212, 617, 713, 718, 800, 905, 787] {
        assert!(dictionary.is_area_code(code), "{code}");
    }
    for code in [0, 100, 911, 555, 999, 1212] {
        assert!(!dictionary.is_area_code(code), "{code}");
    }
    assert_eq!(dictionary.zip3(21), Some(Zip3 { restricted: false, state: Some("MA") }));
    // The prefixes of 20,000 people or fewer by the 2010 Census are still among them.
    for restricted in [36, 59, 102, 203, 205, 369, 556, 692, 821, 823, 878, 879, 884, 893] {
        assert!(dictionary.zip3(restricted).is_some_and(|z| z.restricted), "{restricted}");
    }
    for unknown in [0, 1, 1000] {
        assert_eq!(dictionary.zip3(unknown), None);
    }
}
