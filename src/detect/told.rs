//! Whom something was reported or sent to, by a word that no source holds: `REPORTED TO QUENNEBROOK 06/10`.
//!
//! In capitals throughout, or where nothing else speaks for a name, evidence and model leave such a word alone: it is not
//! known as a name, a place or anything else. But what is reported to somebody is reported to a person or an institution,
//! and a word of the language would be known.

use memchr::memmem;

use super::evidence::feature::Sequence;
use super::token::{Case, Gap, Kind, Token};
use crate::finding::{Finding, Source};
use crate::identifier::Label;
use crate::span::Span;

/// Adds the words behind `reported to` and its like that nothing is known of and that `found` leaves out.
pub(super) fn told(text: &str, sequence: &Sequence, found: &mut Vec<Finding>) {
    let bytes = text.as_bytes();
    // All of the verbs end so.
    for at in memmem::find_iter(bytes, b"ed to ").chain(memmem::find_iter(bytes, b"ED TO ")) {
        let verb = sequence.tokens.partition_point(|token| (token.end as usize) < at + 2);
        let Some([told, _, who]) = sequence.tokens.get(verb..verb + 3) else { continue };
        if !is_told(told, text) || who.gap >= Gap::Line || !is_name_like(who) {
            continue;
        }
        let unknown = sequence.infos.get(verb + 2).is_some_and(|info| info.known.entry.is_unknown());
        let span = Span::new(who.start as usize, who.end as usize);
        if unknown && !found.iter().any(|other| other.label.is_identifier() && other.span.overlaps(span)) {
            found.push(Finding { span, label: Label::Facility, score: SCORE, source: Source::Document });
        }
    }
}

fn is_told(verb: &Token, text: &str) -> bool {
    verb.kind == Kind::Word && TOLD.iter().any(|told| verb.of(text).eq_ignore_ascii_case(told))
}

/// Long enough to be no abbreviation, and written as a name is.
fn is_name_like(token: &Token) -> bool {
    token.kind == Kind::Word && token.len() >= LEAST && matches!(token.case, Case::Upper | Case::Title)
}

/// What is done to somebody far away, with news.
const TOLD: [&str; 8] = ["reported", "faxed", "phoned", "mailed", "emailed", "forwarded", "routed", "released"];
/// Letters of the shortest word that is taken for a name.
const LEAST: usize = 5;
/// Less than a rule's.
const SCORE: f32 = 0.8;

#[cfg(test)]
mod tests {
    use crate::detect::{Detector, Scratch};

    fn told(text: &str) -> Vec<&str> {
        let mut scratch = Scratch::default();
        Detector::embedded().prepare(text, &mut scratch);
        let mut found = Vec::new();
        super::told(text, &scratch.sequence, &mut found);
        found.iter().map(|finding| finding.span.of(text)).collect()
    }

    #[test]
    fn who_is_told_and_known_as_nothing_is_somebody() {
        assert_eq!(told("HB 10.1. REPORTED TO QUENNEBROOK 06/10"), ["QUENNEBROOK"]);
        assert_eq!(told("labs faxed to Quennebrook at 3"), ["Quennebrook"]);
    }

    #[test]
    fn words_that_are_known_are_left_to_others() {
        for text in [
            "REPORTED TO PHYSICIAN AT 06:10",
            "results faxed to nephrology",
            "reported to quennebrook",
            "faxed to\nQuennebrook",
            "compared to QUENNEBROOK",
            "reported to XQZT",
        ] {
            assert_eq!(told(text), [""; 0], "{text}");
        }
    }
}
