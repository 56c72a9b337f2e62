//! Whether one part of a name that stands alone is that name, or a word that is written alike.

use super::Place;
use super::table::{EXACT, Roles};
use crate::detect::dictionary::Entry;
use crate::detect::evidence::feature::PhraseKind;
use crate::detect::findings::{again, starts_sentence, thing_follows};
use crate::detect::token::{Case, Gap, Kind};

/// Whether the word at token `i`, a part of a name, is that name here.
pub(super) fn is_name(place: &Place<'_>, i: usize, roles: Roles) -> bool {
    let (Some(token), Some(info)) = (place.sequence.tokens.get(i), place.sequence.infos.get(i)) else { return false };
    let entry = info.entry;
    let common = entry.lower();
    let derived = roles & EXACT == 0;
    let said = place.decisions.get(i).map_or(0.0, |d| d.name);
    if token.len() < 3 && (token.case != Case::Title || common > 4 || entry.any(KNOWN_LETTERS)) {
        return false;
    }
    if derived && token.case == Case::Lower && !entry.is_unknown() {
        return false;
    }
    if derived && common >= 5 && (token.case != Case::Title || starts_sentence(place.text, place.sequence, i)) {
        return said > 0.0;
    }
    if entry.is_eponym() {
        let glued = token.gap == Gap::None && !token.starts_line();
        return !thing_follows(place.sequence, i) && ((said > 0.0 && !glued) || acts(place, i));
    }
    // `Will` and `May` in the midst of a sentence.
    if common >= COMMON {
        let medical =
            matches!(info.phrase, PhraseKind::Eponym | PhraseKind::Medical) || thing_follows(place.sequence, i);
        let apart = token.case == Case::Title && !starts_sentence(place.text, place.sequence, i) && !entry.is_month();
        let after_word = i
            .checked_sub(1)
            .and_then(|p| place.sequence.tokens.get(p))
            .is_some_and(|t| t.kind == Kind::Word && t.case == Case::Lower && token.gap == Gap::Space);
        return !medical && ((apart && after_word) || said > 0.0);
    }
    again(place.text, place.sequence, place.decisions, i)
}

/// Whether what stands at a token does what only persons do, or has it done: `Foley denies`, `told Foley`, and a line of
/// a list that begins with the name of whom it is about.
fn acts(place: &Place<'_>, i: usize) -> bool {
    let near = |k: usize, words: &[&str]| {
        place.sequence.tokens.get(k).filter(|t| t.kind == Kind::Word).is_some_and(|t| {
            let word = t.of(place.text);
            words.iter().any(|w| word.eq_ignore_ascii_case(w))
        })
    };
    let next = place.sequence.tokens.get(i + 1).filter(|t| t.gap == Gap::Space);
    let about = i == 0 && place.sequence.tokens.get(1).is_some_and(|t| t.gap == Gap::None && t.of(place.text) == ":");
    about
        || (next.is_some() && near(i + 1, &DOES))
        || (place.sequence.tokens.get(i).is_some_and(|t| t.gap == Gap::Space)
            && i.checked_sub(1).is_some_and(|before| near(before, &SUFFERS)))
}

/// What persons do and catheters do not.
const DOES: [&str; 62] = [
    "admits",
    "admitted",
    "agreed",
    "agrees",
    "asked",
    "asks",
    "believes",
    "called",
    "calls",
    "cannot",
    "came",
    "complained",
    "complains",
    "consented",
    "declined",
    "declines",
    "denied",
    "denies",
    "did",
    "endorsed",
    "endorses",
    "expressed",
    "feels",
    "felt",
    "gave",
    "hopes",
    "knows",
    "likes",
    "lives",
    "needs",
    "plans",
    "prefers",
    "presented",
    "presents",
    "refused",
    "refuses",
    "reported",
    "reports",
    "requested",
    "requests",
    "said",
    "says",
    "signed",
    "spoke",
    "stated",
    "states",
    "takes",
    "thinks",
    "told",
    "took",
    "understands",
    "understood",
    "verbalized",
    "voided",
    "wanted",
    "wants",
    "went",
    "wishes",
    "worked",
    "works",
    "worries",
    "wrote",
];
/// What is done to persons and not to catheters.
const SUFFERS: [&str; 16] = [
    "advised",
    "asked",
    "called",
    "consented",
    "counseled",
    "dear",
    "educated",
    "examined",
    "informed",
    "interviewed",
    "met",
    "notified",
    "reassured",
    "thanked",
    "told",
    "visited",
];

/// From which frequency on a word needs more than a capital to be a name.
const COMMON: u8 = 12;
/// What makes two or three capitals something else than initials.
pub(super) const KNOWN_LETTERS: Entry = Entry::ABBREV
    .or(Entry::MEDICAL)
    .or(Entry::DRUG)
    .or(Entry::CREDENTIAL)
    .or(Entry::TITLE)
    .or(Entry::UNIT)
    .or(Entry::STATE_ABBR)
    .or(Entry::STREET_SUFFIX)
    .or(Entry::ENGLISH)
    .or(Entry::COMPANY);
