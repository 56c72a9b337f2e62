//! Names of a record: their parts alone and together, in any order, shortened, called otherwise, misspelled.

use super::table::{DERIVED, FAMILY, GIVEN, LETTERS, NAME, Roles, Table};
use super::{Lore, Place, nickname};
use crate::detect::dictionary::{Entry, fold};
use crate::detect::evidence::feature::PhraseKind;
use crate::detect::findings::{again, starts_sentence, thing_follows};
use crate::detect::token::{Case, Gap, Kind, Token, lex};
use crate::detect::{boundary, folded_hash, hash};
use crate::identifier::Part;

/// The names of a context.
#[derive(Default)]
pub(super) struct Names {
    /// Parts that are looked for misspelled.
    long: Vec<Long>,
    /// First letters of names that persons are called by, a bit each.
    given: u32,
    /// The same of surnames.
    family: u32,
    /// Initials of persons as they are written with points, by hash.
    dotted: Vec<u64>,
    /// Parts that also name a disease, a sign or a device.
    eponyms: Vec<u64>,
    /// The letters of the name taken in last, where it was one part of several.
    open: Option<(Roles, [u8; MOST])>,
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
/// Initials of one person.
const MOST: usize = 4;

impl Names {
    /// Takes in the value of a name field.
    pub(super) fn push(&mut self, value: &str, part: Part, lore: &mut Lore<'_>, table: &mut Table) {
        lore.tokens.clear();
        let mut tokens = std::mem::take(lore.tokens);
        lex(value, &[], &mut tokens);
        let comma = tokens.iter().position(|t| t.of(value) == ",");
        let words = tokens.iter().filter(|t| t.kind == Kind::Word).count();
        let mut letters = [[0u8; MOST]; 2];
        // The word before, if a hyphen or blank joins it to this one.
        let mut before: Option<(usize, Roles)> = None;
        for (i, token) in tokens.iter().enumerate().filter(|(_, t)| t.kind == Kind::Word) {
            let word =
                boundary::stem(token.of(value)).and_then(|n| token.of(value).get(..n)).unwrap_or(token.of(value));
            let (of, known) = lore.word(word);
            let entry = known.entry;
            let behind = tokens.get(i + 1..).unwrap_or_default();
            let role = match part {
                Part::Given | Part::Nick => GIVEN,
                Part::Family => FAMILY,
                Part::Full | Part::Unknown => match comma {
                    Some(comma) if i < comma => FAMILY,
                    Some(_) => GIVEN,
                    None if words == 1 => NAME,
                    None if behind.iter().all(|t| t.kind != Kind::Word || is_suffix(t.of(value))) => FAMILY,
                    None if behind.first().is_some_and(|t| t.of(value) == "-")
                        && behind.iter().skip(2).all(|t| t.kind != Kind::Word) =>
                    {
                        FAMILY
                    }
                    None => GIVEN,
                },
            };
            let first = word.bytes().next().map_or(0, |b| b.to_ascii_uppercase());
            if token.case == Case::Initial || word.chars().nth(1).is_none() {
                self.initial(first, role);
                note(&mut letters, first, role);
                continue;
            }
            let whole = matches!(part, Part::Full | Part::Unknown) && words > 1;
            let title = whole && (i == 0 || behind.first().is_some_and(|t| t.of(value) == ".")) && entry.is_title();
            let degree = whole && i > 0 && entry.is_credential() && (token.case != Case::Title || comma.is_some());
            let relation = whole && token.case == Case::Lower && entry.any(Entry::RELATION.or(Entry::STAFF));
            let particle = entry.is_particle() && words > 1 && token.len() <= 4;
            if title || degree || relation || particle || is_suffix(word) {
                continue;
            }
            self.initial(first, role);
            note(&mut letters, first, role);
            self.word(word, of, role, lore, table);
            if entry.is_eponym() && !self.eponyms.contains(&of) {
                self.eponyms.push(of);
            }
            if let Some((start, role_before)) = before.filter(|(_, role_before)| role_before & role != 0) {
                // `Okonjo-Reyes` as one word.
                let joined: String = value
                    .get(start..token.start as usize + word.len())
                    .unwrap_or_default()
                    .chars()
                    .filter(|c| c.is_alphanumeric())
                    .collect();
                table.add(folded_hash(&joined, lore.folded), role & role_before | DERIVED);
            }
            before = Some((token.start as usize, role));
        }
        self.letters(letters, part, table);
        *lore.tokens = tokens;
    }

    /// Takes in one word of a name.
    fn word(&mut self, word: &str, of: u64, role: Roles, lore: &mut Lore<'_>, table: &mut Table) {
        table.add(of, role);
        if role & GIVEN != 0 {
            nickname::each(of, |other| table.add(other, GIVEN | DERIVED));
        }
        lore.folded.clear();
        fold(word, lore.folded);
        if lore.folded.contains(&b'\'') {
            let plain: Vec<u8> = lore.folded.iter().copied().filter(|b| *b != b'\'').collect();
            table.add(hash(&plain), role);
            // `Artois` of `D'Artois`.
            let tail = lore.folded.rsplit(|b| *b == b'\'').next().unwrap_or_default();
            if tail.len() > 3 {
                table.add(hash(tail), role | DERIVED);
            }
            self.long(&plain, role);
        }
        self.long(lore.folded, role);
        if !word.is_ascii() {
            // As a passport's machine-readable zone spells them (ICAO 9303-3).
            let spelled: String = word
                .to_lowercase()
                .chars()
                .map(|c| match c {
                    'ä' | 'æ' => "ae".to_owned(),
                    'ö' | 'ø' | 'œ' => "oe".to_owned(),
                    'ü' => "ue".to_owned(),
                    'å' => "aa".to_owned(),
                    c => c.to_string(),
                })
                .collect();
            table.add(folded_hash(&spelled, lore.folded), role | DERIVED);
        }
    }

    fn long(&mut self, folded: &[u8], role: Roles) {
        if !(NARROWEST..WIDEST).contains(&folded.len()) || !folded.iter().all(u8::is_ascii_lowercase) {
            return;
        }
        let mut long = Long { letters: [0; WIDEST], length: folded.len() as u8, role: role as u8 };
        long.letters.iter_mut().zip(folded).for_each(|(to, from)| *to = *from);
        if !self.long.iter().any(|known| known.letters == long.letters) {
            self.long.push(long);
        }
    }

    fn initial(&mut self, first: u8, role: Roles) {
        let bit = if first.is_ascii_uppercase() { 1 << (first - b'A') } else { 0 };
        if role & GIVEN != 0 {
            self.given |= bit;
        }
        if role & FAMILY != 0 {
            self.family |= bit;
        }
    }

    /// Notes the initials that a person signs with: `TO`, `TMO`.
    fn letters(&mut self, letters: [[u8; MOST]; 2], part: Part, table: &mut Table) {
        let [mut given, mut family] = letters;
        match (part, self.open.take()) {
            (Part::Given, Some((FAMILY, before))) => family = before,
            (Part::Family, Some((GIVEN, before))) => given = before,
            (Part::Given, _) => self.open = Some((GIVEN, given)),
            (Part::Family, _) => self.open = Some((FAMILY, family)),
            _ => {}
        }
        let (first, last) = (given[0], family[0]);
        if first == 0 || last == 0 || !first.is_ascii_alphabetic() || !last.is_ascii_alphabetic() {
            return;
        }
        let mut add = |letters: &[u8]| {
            let of = hash(&letters.to_ascii_lowercase());
            table.add(of, LETTERS);
            self.dotted.push(of);
        };
        add(&[first, last]);
        if given[1].is_ascii_alphabetic() {
            add(&[first, given[1], last]);
        }
        if family[1].is_ascii_alphabetic() {
            add(&[first, last, family[1]]);
        }
    }

    /// The part of a name that a word misspells: one letter more, less, another or two exchanged.
    pub(super) fn misspelled(&self, place: &Place<'_>, i: usize) -> Roles {
        let (Some(token), Some(info)) = (place.sequence.tokens.get(i), place.sequence.infos.get(i)) else { return 0 };
        if !(NARROWEST - 1..=WIDEST).contains(&token.len()) || self.long.is_empty() || ordinary(info.entry) {
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
        role.map_or(0, |long| Roles::from(long.role) | DERIVED)
    }

    /// A name that begins with token `i`: its last token.
    pub(super) fn at(&self, place: &Place<'_>, i: usize, roles: Roles, table: &Table) -> Option<(usize, usize)> {
        let tokens = &place.sequence.tokens;
        let word = |k: usize| tokens.get(k).filter(|t| t.kind == Kind::Word);
        let mark = |k: usize| tokens.get(k).filter(|t| t.kind == Kind::Punct).map_or("", |t| t.of(place.text));
        let mut parts = vec![(i, roles)];
        let (mut last, mut initial, mut commas) = (i, false, 0);
        let mut at = i;
        loop {
            let mut next = at + 1;
            match mark(next) {
                "," if commas == 0 => {
                    commas += 1;
                    next += 1;
                }
                "." if word(at).is_some_and(|t| t.case == Case::Initial) => next += 1,
                "-" | "\u{2010}" | "\u{2011}" if glued(tokens, next) && glued(tokens, next + 1) => next += 1,
                _ => {}
            }
            let Some(token) = word(next).filter(|t| t.gap <= Gap::Line) else { break };
            let Some(info) = place.sequence.infos.get(next) else { break };
            let mut role = table.of(info.hash) & (NAME | DERIVED);
            if role & NAME == 0 && token.case != Case::Lower {
                role = self.misspelled(place, next);
            }
            // What goes on behind a line end must be a name for sure.
            if token.gap == Gap::Line && (role & NAME == 0 || ordinary(info.entry)) {
                break;
            }
            if role & NAME != 0 {
                parts.push((next, role));
                last = next;
            } else if token.case == Case::Initial && self.has(token, place.text) {
                if commas == 0 || parts.iter().all(|(_, role)| role & FAMILY != 0) {
                    initial = true;
                    last = next;
                }
            } else if !(info.entry.is_particle() && token.len() <= 4) {
                break;
            }
            at = next;
        }
        // `Rosalind Parkinson disease` does not exist, `Foley, Parkinson disease` does.
        while let Some((end, _)) = parts.last().copied().filter(|(end, _)| parts.len() > 1 && *end == last) {
            let thing = place.sequence.infos.get(end).is_some_and(|x| x.entry.is_eponym())
                && thing_follows(place.sequence, end);
            if !thing {
                break;
            }
            parts.pop();
            last = parts.last().map_or(i, |(end, _)| *end);
        }
        let mut from = i;
        if let Some(before) = self.before(place, i) {
            from = before;
            initial = true;
        }
        let firm = |(k, _): &(usize, Roles)| {
            let lower = place.sequence.infos.get(*k).map_or(0, |x| x.entry.lower());
            word(*k).is_some_and(|t| t.case != Case::Lower || lower < 5)
        };
        let distinct = parts.first().zip(parts.last()).is_some_and(|((a, _), (b, _))| {
            let hash = |k: &usize| place.sequence.infos.get(*k).map(|x| x.hash);
            a != b && hash(a) != hash(b)
        });
        if (distinct && parts.iter().any(firm)) || (initial && parts.iter().all(firm)) {
            return Some((from, last));
        }
        alone(place, i, roles).then_some((i, i))
    }

    /// The initials before token `i`: the first token of them.
    fn before(&self, place: &Place<'_>, i: usize) -> Option<usize> {
        let tokens = &place.sequence.tokens;
        let near = tokens.get(i).is_some_and(|t| t.gap <= Gap::Space);
        let k = match i.checked_sub(1).and_then(|k| tokens.get(k)) {
            Some(t) if t.of(place.text) == "." => i.checked_sub(2)?,
            _ => i.checked_sub(1)?,
        };
        let token = tokens.get(k).filter(|t| near && t.case == Case::Initial && t.kind == Kind::Word)?;
        let letter = token.of(place.text);
        // `A` and `I` are words.
        let word = matches!(letter, "A" | "I") && k + 1 == i;
        (!word && self.has(token, place.text)).then_some(k)
    }

    /// Whether some name begins with the letter that the token is.
    fn has(&self, token: &Token, text: &str) -> bool {
        let letter = token.of(text).bytes().next().unwrap_or(0);
        letter.is_ascii_uppercase() && (self.given | self.family) & 1 << (letter - b'A') != 0
    }

    /// Initials of a person at token `i`: `T.M.O.`, and `TMO` where no word or abbreviation is written so. The last token.
    pub(super) fn signed(&self, place: &Place<'_>, i: usize, roles: Roles) -> Option<usize> {
        let tokens = &place.sequence.tokens;
        let (token, info) = (tokens.get(i)?, place.sequence.infos.get(i)?);
        if roles & LETTERS != 0 {
            let entry = info.entry;
            let known = entry.any(KNOWN_LETTERS) || entry.lower() > 2 || entry.title() > 5;
            return (token.case == Case::Upper && !known && !capitals(place, i) && alone_in_line(place, i))
                .then_some(i);
        }
        let mut letters = [0u8; MOST];
        let (mut count, mut at) = (0, i);
        let mut last = i;
        while let Some(token) = tokens.get(at).filter(|t| t.case == Case::Initial && t.kind == Kind::Word) {
            if count > 0 && token.gap > Gap::Space || tokens.get(at + 1).is_none_or(|t| t.of(place.text) != ".") {
                break;
            }
            *letters.get_mut(count)? = token.of(place.text).bytes().next()?.to_ascii_lowercase();
            count += 1;
            last = at;
            at += 2;
        }
        let first = i.checked_sub(2).and_then(|k| tokens.get(k)).is_none_or(|t| t.case != Case::Initial);
        let of = hash(letters.get(..count)?);
        (count > 1 && first && self.dotted.contains(&of)).then_some(last)
    }

    /// Parts that also name a disease, a sign or a device: where they stand alone, this context says what they are.
    pub(super) fn eponyms(&self) -> &[u64] {
        &self.eponyms
    }

    pub(super) fn is_signed(&self) -> bool {
        !self.dotted.is_empty()
    }
}

/// Whether one part of a name alone is that name here, and not a word that is written alike.
fn alone(place: &Place<'_>, i: usize, roles: Roles) -> bool {
    let (Some(token), Some(info)) = (place.sequence.tokens.get(i), place.sequence.infos.get(i)) else { return false };
    let entry = info.entry;
    let common = entry.lower();
    let derived = roles & DERIVED != 0;
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

/// Whether a word of the language or of medicine is written so.
fn ordinary(entry: Entry) -> bool {
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

fn note(letters: &mut [[u8; MOST]; 2], first: u8, role: Roles) {
    let [given, family] = letters;
    let letters = if role & GIVEN != 0 { given } else { family };
    if let Some(place) = letters.iter_mut().find(|place| **place == 0) {
        *place = first;
    }
}

fn glued(tokens: &[Token], i: usize) -> bool {
    tokens.get(i).is_some_and(|t| t.gap == Gap::None)
}

fn is_suffix(word: &str) -> bool {
    matches!(word, "Jr" | "Sr" | "JR" | "SR" | "II" | "III" | "IV")
}

/// Whether the words around a token are all capitals, so that capitals say nothing of it.
fn capitals(place: &Place<'_>, i: usize) -> bool {
    let near = place.sequence.tokens.get(i.saturating_sub(3)..).unwrap_or_default().iter().take(7);
    let words = near.filter(|t| t.kind == Kind::Word && t.len() > 3);
    let (all, upper) = words.fold((0, 0), |(n, u), t| (n + 1, u + u32::from(t.case == Case::Upper)));
    all > 0 && upper == all
}

/// Whether nothing is glued to a token but a mark that ends a phrase.
fn alone_in_line(place: &Place<'_>, i: usize) -> bool {
    let tokens = &place.sequence.tokens;
    let before = tokens.get(i).is_some_and(|t| t.gap > Gap::None)
        || i.checked_sub(1)
            .and_then(|k| tokens.get(k))
            .is_some_and(|t| matches!(t.of(place.text), "(" | "/" | "," | ":"));
    let after =
        tokens.get(i + 1).is_none_or(|t| t.gap > Gap::None || matches!(t.of(place.text), "." | "," | ";" | ")" | ":"));
    before && after
}

/// From which frequency on a word needs more than a capital to be a name.
const COMMON: u8 = 12;
/// What makes two or three capitals something else than initials.
const KNOWN_LETTERS: Entry = Entry::ABBREV
    .or(Entry::MEDICAL)
    .or(Entry::DRUG)
    .or(Entry::CREDENTIAL)
    .or(Entry::TITLE)
    .or(Entry::UNIT)
    .or(Entry::STATE_ABBR)
    .or(Entry::STREET_SUFFIX)
    .or(Entry::ENGLISH)
    .or(Entry::COMPANY);
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
