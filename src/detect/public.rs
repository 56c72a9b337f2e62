//! What means the same for everybody, and so tells of nobody: accessions of public databases, codes of billing and
//! terminologies behind a word that says so, and shares of what is counted.
//!
//! Accessions: RefSeq (NCBI Handbook, chapter 18, table 1), dbSNP `rs`, ClinVar `VCV`, `RCV` and `SCV`, Ensembl stable ids of
//! human genes, transcripts, proteins and exons, trials of ClinicalTrials.gov (`NCT` and eight digits), terms of the Human Phenotype,
//! Gene and Mondo ontologies (seven digits behind the name and a colon), numbers of OMIM, Orphanet, HGNC and PubMed behind
//! their names.

use super::evidence::feature::Sequence;
use super::token::{Gap, Kind};
use crate::identifier::Label;

/// Whether the number at token `i`, taken for one that identifies, or for a date, is public instead.
pub(super) fn is_public(text: &str, sequence: &Sequence, i: usize, label: Label) -> bool {
    if label == Label::Date {
        return is_share(text, sequence, i);
    }
    use Label::{Account, Biometric, Device, HealthPlan, License, Mrn, OtherId, Phone, Ssn, Vehicle, Zip};
    let is_number = matches!(
        label,
        Account | Biometric | Device | HealthPlan | License | Mrn | OtherId | Phone | Ssn | Vehicle | Zip
    );
    let Some(token) = sequence.tokens.get(i).filter(|token| is_number && token.kind == Kind::Code) else {
        return false;
    };
    let code = token.of(text);
    is_accession(code)
        || is_message(text, sequence, i, code)
        || is_term(text, sequence, i, code)
        || is_listed(text, sequence, i, code)
}

/// `2/2 positive`, `2/23 nodes`: so many of so many, and no day of a month.
fn is_share(text: &str, sequence: &Sequence, i: usize) -> bool {
    const COUNTED: [&str; 8] = ["bottles", "bottle", "nodes", "node", "cultures", "sets", "quadrants", "criteria"];
    // `AFB 11/30 neg` is of a day: nobody takes thirty cultures.
    const RESULTS: [&str; 4] = ["positive", "negative", "pos", "neg"];
    let (Some(token), Some(next)) = (sequence.tokens.get(i), sequence.tokens.get(i + 1)) else { return false };
    let number = |digits: &str| digits.parse::<u8>().ok().filter(|_| is_digits(digits, 1..=2));
    let share = token.of(text).split_once('/').and_then(|(part, whole)| number(part).zip(number(whole)));
    let is = |words: &[&str]| words.iter().any(|word| next.of(text).eq_ignore_ascii_case(word));
    share.is_some_and(|(part, whole)| part <= whole && (is(&COUNTED) || whole <= 6 && is(&RESULTS)))
        && next.gap <= Gap::Space
}

/// `NM_000546.6`, `rs59026483`, `VCV000014500`, `ENSG00000141510`.
fn is_accession(code: &str) -> bool {
    let code = code.split_once('.').filter(|(_, v)| is_digits(v, 1..=3)).map_or(code, |(code, _)| code);
    let behind = |prefixes: &[&str], lengths: std::ops::RangeInclusive<usize>| {
        prefixes.iter().filter_map(|prefix| code.strip_prefix(prefix)).any(|rest| is_digits(rest, lengths.clone()))
    };
    const REFSEQ: [&str; 14] =
        ["AC_", "NC_", "NG_", "NM_", "NP_", "NR_", "NT_", "NW_", "XM_", "XP_", "XR_", "YP_", "AP_", "WP_"];
    behind(&REFSEQ, 6..=9)
        // Shorter ones look like the names of accounts: `user rs4471`.
        || behind(&["rs"], 6..=12)
        || behind(&["VCV", "RCV", "SCV"], 9..=9)
        || behind(&["ENSG", "ENST", "ENSP", "ENSE"], 11..=11)
        || behind(&["NCT"], 8..=8)
}

/// What messages between computers are made of: the guide an X12 transaction follows (`005010X222A1`), the structure of an HL7
/// message (`ADT_A01`), a diagnosis behind its qualifier in X12 (`ABK:S52521A`), an injury with its place left open (`W091XXA`).
fn is_message(text: &str, sequence: &Sequence, i: usize, code: &str) -> bool {
    let bytes = code.as_bytes();
    let guide = code.strip_prefix("005010X").is_some_and(|rest| {
        let (number, version) = rest.split_at_checked(3).unwrap_or_default();
        is_digits(number, 3..=3) && matches!(version, "" | "A1" | "A2" | "A3" | "E1" | "E2")
    });
    let structure = matches!(bytes, [a, b, c, b'_', d, e, f]
        if [a, b, c, d].iter().all(|b| b.is_ascii_uppercase()) && e.is_ascii_digit() && f.is_ascii_digit());
    // ICD-10-CM: a letter, a digit, and up to five more, of which the last tells which visit it is.
    let diagnosis = (3..=7).contains(&bytes.len())
        && matches!(bytes, [a, b, rest @ ..]
            if a.is_ascii_uppercase() && b.is_ascii_digit() && rest.iter().all(u8::is_ascii_alphanumeric));
    let before = |back: usize| i.checked_sub(back).and_then(|k| sequence.tokens.get(k)).map_or("", |t| t.of(text));
    let qualified = before(1) == ":" && matches!(before(2), "ABK" | "ABF" | "ABJ" | "ABN" | "APR" | "BK" | "BF");
    let open = bytes.len() == 7
        && code.get(..6).is_some_and(|front| front.ends_with("XX"))
        && matches!(bytes.last(), Some(b'A' | b'D' | b'S'));
    guide || structure || diagnosis && (qualified || open)
}

/// `HP:0001644`; `OMIM 150330, 115200`.
fn is_term(text: &str, sequence: &Sequence, i: usize, code: &str) -> bool {
    let str = |i: usize| sequence.tokens.get(i).map_or("", |t| t.of(text));
    let glued = |i: usize| sequence.tokens.get(i).is_some_and(|t| t.gap == Gap::None);
    let ontology = i >= 2
        && str(i - 1) == ":"
        && glued(i)
        && glued(i - 1)
        && matches!(str(i - 2), "HP" | "GO" | "MONDO" | "DOID" | "CHEBI" | "SO");
    ontology && is_digits(code, 4..=7)
        || is_digits(code, 1..=8) && announced(text, sequence, i, &["omim", "mim", "orpha", "orphanet", "hgnc", "pmid"])
}

/// `CPT 93458, 92928-RC`, `HCPCS A6210 A6212`, `J-codes J9206 J9263`.
fn is_listed(text: &str, sequence: &Sequence, i: usize, code: &str) -> bool {
    let plain = code.split_once('-').map_or(code, |(plain, _)| plain).as_bytes();
    let four = |digits: &[u8]| digits.len() == 4 && digits.iter().all(u8::is_ascii_digit);
    match plain {
        // A letter and four digits is a code of HCPCS wherever codes are spoken of.
        [b'A'..=b'V', digits @ ..] if four(digits) => announced(text, sequence, i, &["cpt", "hcpcs", "codes", "procs"]),
        // Five digits are those of a door as well: `access codes 93458`.
        [digits @ .., b'0'..=b'9' | b'T' | b'F' | b'U'] if four(digits) => {
            announced(text, sequence, i, &["cpt", "hcpcs"])
        }
        _ => false,
    }
}

/// Whether the first word before token `i`, past other codes and the marks between them, is one of `words`.
fn announced(text: &str, sequence: &Sequence, i: usize, words: &[&str]) -> bool {
    let before = sequence.tokens.get(..i).unwrap_or_default();
    let last = sequence.tokens.get(i).is_none_or(|token| token.gap < Gap::Line);
    // On the same line.
    let line = before.iter().rev().take(LIST).scan(last, |goes_on, token| {
        let here = std::mem::replace(goes_on, *goes_on && token.gap < Gap::Line);
        here.then_some(token)
    });
    let mut between = line
        .skip_while(|token| token.kind == Kind::Code || matches!(token.of(text), "," | ":" | ";" | "#" | "/" | "+"));
    between.next().is_some_and(|token| words.iter().any(|word| token.of(text).eq_ignore_ascii_case(word)))
}

fn is_digits(text: &str, lengths: std::ops::RangeInclusive<usize>) -> bool {
    lengths.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

/// How many tokens a list may go on.
const LIST: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::{Detector, Scratch};

    /// The codes of `text` that are public.
    fn public(text: &str) -> Vec<&str> {
        let mut scratch = Scratch::default();
        Detector::embedded().prepare(text, &mut scratch);
        let sequence = &scratch.sequence;
        let is = |i: &usize| is_public(text, sequence, *i, Label::OtherId);
        (0..sequence.tokens.len()).filter(is).map(|i| sequence.tokens[i].of(text)).collect()
    }

    #[test]
    fn public_codes_are_told_by_their_form_or_by_the_word_before_them() {
        for (text, want) in [
            (
                "LMNA NM_170707.4:c.568C>T, ClinVar VCV000014500. rs59026483.",
                vec!["NM_170707.4", "VCV000014500", "rs59026483"],
            ),
            ("TP53 ENSG00000141510, on NCT04012345", vec!["ENSG00000141510", "NCT04012345"]),
            ("OMIM 150330, 115200. HPO HP:0001644, HP:0006671.", vec!["150330", "115200", "0001644", "0006671"]),
            ("J-codes J9206 J9263 J0640.", vec!["J9206", "J9263", "J0640"]),
            ("CPT 93458, 99239, 92928-RC", vec!["93458", "99239", "92928-RC"]),
            ("HCPCS: A6210 A6212", vec!["A6210", "A6212"]),
            ("GS*HC*X*005010X222A1~ADT^A08^ADT_A01|", vec!["005010X222A1", "ADT_A01"]),
            ("HI*ABK:S52521A*ABF:W091XXA~", vec!["S52521A", "W091XXA"]),
        ] {
            assert_eq!(public(text), want, "{text}");
        }
    }

    #[test]
    fn a_share_of_what_is_counted_is_no_date() {
        let share = |text: &str| {
            let mut scratch = Scratch::default();
            Detector::embedded().prepare(text, &mut scratch);
            (0..scratch.sequence.tokens.len()).any(|i| is_public(text, &scratch.sequence, i, Label::Date))
        };
        for text in ["cultures 2/2 positive for E. coli", "2/23 nodes involved", "BCx 1/4 bottles pos"] {
            assert!(share(text), "{text}");
        }
        for text in [
            "on 2/2 for a visit",
            "AFB 11/30 neg",
            "3/4/19 positive",
            "since 9/2 positive",
            "2/2\npositive",
            "12/2024 negative",
        ] {
            assert!(!share(text), "{text}");
        }
    }

    #[test]
    fn numbers_of_persons_are_none() {
        for text in [
            "MRN NM_17",
            "chart 93458, seen by Dr. Cole",
            "order A6210 for the patient",
            "rs12 NCT0401234 VCV14500 HP: 0001644",
            "CPT 99213 for acct 4471902",
            "CPT 99213\n93458 is the chart",
            "door code 44719",
            "access codes 93458, 44719",
            "user rs4471, login rs59026",
            "HCPCS 447190211",
            "case S52521A, 005010 of 7, A1_B2, ref:S52521A, tag X1XX77A",
        ] {
            let found: Vec<&str> = public(text).into_iter().filter(|code| *code != "99213").collect();
            assert_eq!(found, [""; 0], "{text}");
        }
    }
}
