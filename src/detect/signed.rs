//! Initials that sign: letters of a person whom the text names in full, where a signature stands.
//!
//! `Prov: Inés Moreau MD ... Dispo 0255.    IM`, `KB = Kerry Boyd`, `0500 asleep. kb`. Where nobody of these initials is named, the model
//! decides, but for small letters that are no word behind the last sentence of a text: `Bill in ER. mg`.

use super::dictionary::Entry;
use super::evidence::feature::Sequence;
use super::token::{Case, Gap, Kind, Token};
use crate::finding::{Finding, Source};
use crate::identifier::Label;
use crate::span::Span;

/// Adds the initials that people named in `found` sign with.
pub(super) fn sign(text: &str, sequence: &Sequence, found: &mut Vec<Finding>) {
    let people = people(text, sequence, found);
    let tokens = sequence.tokens.as_slice();
    let mut signed = Vec::new();
    signed.extend(last(text, sequence));
    if people.is_empty() && signed.is_empty() {
        return;
    }
    for (i, token) in tokens.iter().enumerate() {
        let fits = token.kind == Kind::Word && matches!(token.len(), 2 | 3) && is_cased(token.case);
        if !fits || !people.iter().any(|person| person.is(token.of(text))) {
            continue;
        }
        let entry = sequence.infos.get(i).map_or(Entry::default(), |info| info.known.entry);
        if is_signature(text, tokens, i, entry) {
            signed.push(Span::new(token.start as usize, token.end as usize));
        }
    }
    signed.retain(|span| !found.iter().any(|other| other.label.is_identifier() && other.span.overlaps(*span)));
    found.extend(signed.into_iter().map(|span| Finding {
        span,
        label: Label::Name,
        score: SCORE,
        source: Source::Document,
    }));
}

/// Two or three small letters that are no word, behind the last sentence of a text: whoever wrote it. A unit needs a number before it.
fn last(text: &str, sequence: &Sequence) -> Option<Span> {
    let [.., before, token] = sequence.tokens.as_slice() else { return None };
    let entry = sequence.infos.last()?.known.entry;
    let known = entry.any(Entry::ABBREV.or(Entry::CREDENTIAL).or(Entry::TITLE).or(Entry::MEDICAL).or(Entry::DRUG));
    let letters = token.kind == Kind::Word && matches!(token.len(), 2 | 3) && token.case == Case::Lower;
    let sentence = before.of(text) == "." && before.gap == Gap::None && token.gap >= Gap::Space;
    let signs = letters && sentence && sequence.tokens.len() >= LEAST && entry.lower() < COMMON;
    (signs && (entry.is_unit() || !known)).then(|| Span::new(token.start as usize, token.end as usize))
}

/// Tokens of the shortest text that somebody signs.
const LEAST: usize = 8;

/// First letters of the words of a name, in small letters: of the first and the last, and of all.
struct Person {
    ends: [u8; 2],
    all: Vec<u8>,
}

impl Person {
    fn is(&self, word: &str) -> bool {
        word.as_bytes().eq_ignore_ascii_case(&self.ends) || word.as_bytes().eq_ignore_ascii_case(&self.all)
    }
}

/// Who is named by two words or more, the last of them not an initial.
fn people(text: &str, sequence: &Sequence, found: &[Finding]) -> Vec<Person> {
    let mut people = Vec::new();
    for finding in found.iter().filter(|finding| finding.label == Label::Name && finding.score > SURE) {
        let first = sequence.tokens.partition_point(|t| (t.end as usize) <= finding.span.start);
        let inside = sequence.tokens.iter().skip(first).take_while(|t| (t.start as usize) < finding.span.end);
        let mut letters = Vec::new();
        let (mut comma, mut last) = (None, 0);
        for token in inside {
            match token.kind {
                Kind::Word => {
                    letters.extend(
                        token.of(text).bytes().next().filter(u8::is_ascii_alphabetic).map(|b| b.to_ascii_lowercase()),
                    );
                    last = token.len();
                }
                _ if token.of(text) == "," => comma = Some(letters.len()),
                _ => {}
            }
        }
        // `Boyd, Kerry L.`
        if let Some(at) = comma.filter(|at| *at < letters.len()) {
            letters.rotate_left(at);
            last = usize::MAX;
        }
        if let (Some(first), Some(end), true) = (letters.first(), letters.last(), letters.len() > 1 && last > 1) {
            people.push(Person { ends: [*first, *end], all: letters });
        }
    }
    people
}

/// Whether a signature stands at token `i`: alone at the end of a line, behind the end of a sentence or in a column of its own; behind a
/// slash at the end; or said to be somebody.
fn is_signature(text: &str, tokens: &[Token], i: usize, entry: Entry) -> bool {
    let Some(token) = tokens.get(i) else { return false };
    let before = i.checked_sub(1).and_then(|k| tokens.get(k)).map_or("", |t| t.of(text));
    let behind = tokens.get(i + 1).map_or("", |t| t.of(text));
    let ends = tokens.get(i + 1).is_none_or(|next| next.gap >= Gap::Line);
    let defined =
        behind == "=" && tokens.get(i + 2).is_some_and(|next| next.kind == Kind::Word && next.gap < Gap::Line);
    if entry.any(Entry::CREDENTIAL.or(Entry::UNIT).or(Entry::TITLE)) {
        return defined;
    }
    // What may be shorthand signs in a column of its own only: `PMH: HTN. DM` is no Dolores Martin.
    let apart = match entry.is_abbrev() {
        true => {
            let sentence = token.case == Case::Lower && before == "." && entry.lower() < COMMON;
            token.gap == Gap::Wide || sentence
        }
        false => token.gap >= Gap::Wide || matches!(before, "." | "-" | "–" | "—"),
    };
    let slashed = before == "/" && token.gap == Gap::None && (token.case == Case::Lower || !entry.is_abbrev());
    defined || ends && (apart || slashed)
}

fn is_cased(case: Case) -> bool {
    matches!(case, Case::Upper | Case::Lower)
}

/// From here on a word is one: ten in a million words.
const COMMON: u8 = 8;
/// Below this a finding names nobody for sure.
const SURE: f32 = 0.7;
/// Less than a rule's.
const SCORE: f32 = 0.85;

#[cfg(test)]
mod tests {
    use crate::detect::{Detector, Scratch};
    use crate::finding::{Finding, Source};
    use crate::identifier::Label;
    use crate::span::Span;

    fn signed<'t>(text: &'t str, names: &[&str]) -> Vec<&'t str> {
        let mut scratch = Scratch::default();
        Detector::embedded().prepare(text, &mut scratch);
        let mut found: Vec<Finding> = names
            .iter()
            .filter_map(|name| {
                let start = text.find(name)?;
                let span = Span::new(start, start + name.len());
                Some(Finding { span, label: Label::Name, score: 1.0, source: Source::Dictionary })
            })
            .collect();
        super::sign(text, &scratch.sequence, &mut found);
        found.iter().skip(names.len()).map(|finding| finding.span.of(text)).collect()
    }

    #[test]
    fn initials_of_a_person_sign_at_the_end() {
        for (text, name, want) in [
            ("Prov: Irene Moss MD\nDispo 6/8 0255.    IM", "Irene Moss", "IM"),
            ("CNM: Olga Wynn\nasleep, vss. ow\nnext", "Olga Wynn", "ow"),
            ("kb = Kerry Boyd", "Kerry Boyd", "kb"),
            ("Boyd, Kerry L.\nrounds done - KLB", "Boyd, Kerry L.", "KLB"),
            ("D: now\nRosa Adler\nT. Vane/ra", "Rosa Adler", "ra"),
        ] {
            assert_eq!(signed(text, &[name]), [want], "{text}");
        }
    }

    #[test]
    fn shorthand_is_no_signature() {
        for (text, name) in [
            ("Dolores Martin, PMH: HTN, DM", "Dolores Martin"),
            ("Dolores Martin\nPMH: HTN. DM\nDM", "Dolores Martin"),
            ("seen by Rita Novak, RN", "Rita Novak"),
            ("Kerry Boyd weighs 80\n  kb is a unit here", "Kerry Boyd"),
            ("Mr. Moss, IM\ngiven IM.  IM", "Moss"),
            ("Paul Martin at 3 PM", "Paul Martin"),
        ] {
            assert_eq!(signed(text, &[name]), [""; 0], "{text}");
        }
    }
}
