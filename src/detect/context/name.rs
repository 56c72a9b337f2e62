//! Names of a record: their parts alone and together, in any order, shortened, called otherwise, misspelled.

use super::alone::{self, KNOWN_LETTERS};
use super::misspelt::{Spellings, is_ordinary};
use super::table::{EXACT, FAMILY, GIVEN, LETTERS, NAME, Roles, Table};
use super::{Lore, Place, nickname};
use crate::detect::dictionary::{Entry, fold};
use crate::detect::findings::thing_follows;
use crate::detect::token::{Case, Gap, Kind, Token, lex};
use crate::detect::{boundary, folded_hash, hash};
use crate::identifier::Part;

/// The names of a context.
#[derive(Default)]
pub(super) struct Names {
    spellings: Spellings,
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

/// Initials of one person.
const MOST: usize = 4;

impl Names {
    /// Takes everything out.
    pub(super) fn clear(&mut self) {
        let Self { spellings, given, family, dotted, eponyms, open } = self;
        spellings.clear();
        dotted.clear();
        eponyms.clear();
        (*given, *family, *open) = (0, 0, None);
    }

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
                table.add(folded_hash(&joined, lore.folded), role & role_before);
            }
            before = Some((token.start as usize, role));
        }
        self.letters(letters, part, table);
        *lore.tokens = tokens;
    }

    /// Takes in one word of a name.
    fn word(&mut self, word: &str, of: u64, role: Roles, lore: &mut Lore<'_>, table: &mut Table) {
        table.add(of, role | EXACT);
        if role & GIVEN != 0 {
            nickname::each(of, |other| table.add(other, GIVEN));
        }
        lore.folded.clear();
        fold(word, lore.folded);
        if lore.folded.contains(&b'\'') {
            let plain: Vec<u8> = lore.folded.iter().copied().filter(|b| *b != b'\'').collect();
            table.add(hash(&plain), role | EXACT);
            // `Artois` of `D'Artois`.
            let tail = lore.folded.rsplit(|b| *b == b'\'').next().unwrap_or_default();
            if tail.len() > 3 {
                table.add(hash(tail), role);
            }
            self.spellings.push(&plain, role);
        }
        self.spellings.push(lore.folded, role);
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
            table.add(folded_hash(&spelled, lore.folded), role);
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
            (Part::Given, Some((_, before))) => {
                // Further names of the same person.
                let mut further = given.into_iter().filter(|letter| *letter != 0);
                given = before.map(|letter| if letter == 0 { further.next().unwrap_or(0) } else { letter });
                self.open = Some((GIVEN, given));
            }
            (Part::Given, None) => self.open = Some((GIVEN, given)),
            (Part::Family, _) => self.open = Some((FAMILY, family)),
            _ => {}
        }
        let (first, last) = (given[0], family[0]);
        if first == 0 || last == 0 || !first.is_ascii_alphabetic() || !last.is_ascii_alphabetic() {
            return;
        }
        let mut add = |letters: &mut [u8]| {
            letters.make_ascii_lowercase();
            let of = hash(letters);
            table.add(of, LETTERS);
            self.dotted.push(of);
        };
        add(&mut [first, last]);
        if given[1].is_ascii_alphabetic() {
            add(&mut [first, given[1], last]);
        }
        if family[1].is_ascii_alphabetic() {
            add(&mut [first, last, family[1]]);
        }
    }

    /// A name that begins with token `i`, with the initials before it: its first and last token.
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
            let mut role = table.of(info.hash) & (NAME | EXACT);
            if role & NAME == 0 && token.case != Case::Lower {
                role = self.spellings.role(place, next);
            }
            // What goes on behind a line end must be a name for sure.
            if token.gap == Gap::Line && (role & NAME == 0 || is_ordinary(info.entry)) {
                break;
            }
            if role & NAME != 0 {
                parts.push((next, role));
                last = next;
            } else if at == i && roles & GIVEN != 0 && roles & EXACT != 0 && self.closes(place, next) {
                return Some((i, next));
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
        alone::is_name(place, i, roles).then_some((i, i))
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

    /// Whether token `i` is the small letter of a surname behind a name, the two a phrase of their own, as people sign messages:
    /// `thanks, will b`.
    fn closes(&self, place: &Place<'_>, i: usize) -> bool {
        let tokens = &place.sequence.tokens;
        let letter = tokens.get(i).filter(|t| t.kind == Kind::Word && t.len() == 1 && t.gap == Gap::Space);
        let letter = letter.and_then(|t| t.of(place.text).bytes().next()).filter(u8::is_ascii_lowercase);
        let ends = tokens.get(i + 1).is_none_or(|t| {
            t.gap >= Gap::Line || t.gap == Gap::None && matches!(t.of(place.text), "," | "." | ";" | ")" | "!")
        });
        let begins = i.checked_sub(2).and_then(|k| tokens.get(k)).is_none_or(|t| t.kind == Kind::Punct)
            || i.checked_sub(1).and_then(|k| tokens.get(k)).is_some_and(Token::starts_line);
        begins && ends && letter.is_some_and(|letter| self.family & 1 << (letter - b'a') != 0)
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

    /// The part of a name that token `i` misspells.
    pub(super) fn misspelled(&self, place: &Place<'_>, i: usize) -> Roles {
        self.spellings.role(place, i)
    }

    /// Whether anybody's initials are known.
    pub(super) fn is_signed(&self) -> bool {
        !self.dotted.is_empty()
    }
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
