//! Addresses and names of organisations and places of a record: whole, in parts, with their words shortened or in full.

use std::sync::OnceLock;

use super::table::{ACRONYM, PHRASE, Table};
use super::{Lore, Place};
use crate::detect::dictionary::Entry;
use crate::detect::findings::again;
use crate::detect::token::{Case, Gap, Kind, lex};
use crate::detect::{HashMap64, folded_hash, hash};
use crate::identifier::Label;

/// The phrases of a context.
#[derive(Default)]
pub(super) struct Phrases {
    list: Vec<Phrase>,
    /// The words of all of them, in their shortest spelling, as hashes.
    words: Vec<u64>,
    acronyms: Vec<(u64, Label)>,
    /// A buffer: first letters of the phrase at hand.
    initials: String,
}

#[derive(Clone, Copy)]
struct Phrase {
    /// In `words`.
    from: u16,
    to: u16,
    /// How many words from the first must stand there.
    core: u16,
    label: Label,
    /// Its first word alone tells it, where that is written as a name.
    alone: Alone,
}

/// What the first word of a phrase says alone.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Alone {
    Nothing,
    /// It is the phrase where it is written with a capital.
    Capital,
    /// Also in small letters: what is no word.
    Any,
}

impl Phrases {
    /// Takes everything out.
    pub(super) fn clear(&mut self) {
        self.list.clear();
        self.words.clear();
        self.acronyms.clear();
    }

    /// Takes in the value of a field.
    pub(super) fn push(&mut self, label: Label, value: &str, lore: &mut Lore<'_>, table: &mut Table) {
        match label {
            Label::Street | Label::City => {
                // A line that holds more than the street: city, state and ZIP are behind its commas.
                for (at, part) in value.split([',', '\n', ';']).enumerate() {
                    let digits = part.bytes().any(|b| b.is_ascii_digit());
                    let label = if at == 0 { label } else { Label::City };
                    if at == 0 || !digits {
                        self.phrase(label, part, lore, table);
                    }
                }
            }
            Label::Email => {
                if let Some((local, _)) = value.split_once('@') {
                    self.phrase(Label::Email, local, lore, table);
                }
            }
            _ => self.phrase(label, value, lore, table),
        }
    }

    fn phrase(&mut self, label: Label, value: &str, lore: &mut Lore<'_>, table: &mut Table) {
        let mut tokens = std::mem::take(lore.tokens);
        tokens.clear();
        lex(value, &[], &mut tokens);
        let from = self.words.len();
        self.initials.clear();
        let (mut first, mut second) = (Entry::NOTHING, Entry::NOTHING);
        // How many words it takes for a word that is not everybody's to be among them.
        let mut core = 0;
        let mut digits = false;
        for token in tokens.iter().filter(|t| !matches!(t.kind, Kind::Punct)) {
            let word = token.of(value);
            let (of, entry) = match token.kind {
                Kind::Word => {
                    let (of, known) = lore.word(word);
                    (of, known.entry)
                }
                _ => (hash(word.as_bytes()), Entry::NOTHING),
            };
            let count = self.words.len() - from;
            match count {
                0 => first = entry,
                1 => second = entry,
                _ => {}
            }
            digits |= token.kind == Kind::Code;
            if core == 0 && token.kind == Kind::Word && is_distinct(entry) && token.len() > 2 {
                core = count + 1;
            }
            if let Some(letter) = word.chars().next().filter(|_| entry.lower() < 14 && token.case != Case::Lower) {
                self.initials.push(letter);
            }
            self.words.push(shortest(of));
        }
        let count = self.words.len() - from;
        let lone = count == 1 || matches!(label, Label::Facility | Label::Employer);
        let capital = is_distinct(first) && !first.any(SHARED) && tokens.first().is_some_and(|t| t.len() > 3);
        let alone = match label {
            _ if digits || !lone || (!capital && count > 1) => Alone::Nothing,
            Label::City | Label::Facility | Label::Employer | Label::Street => Alone::Capital,
            _ if capital && first.is_unknown() && tokens.first().is_some_and(|t| t.len() > 4) => Alone::Any,
            _ => Alone::Nothing,
        };
        let core = match label {
            // `1187 Larch`, whatever it is called behind that.
            Label::Street if digits && count > 1 => 2,
            // `Gorst Marine` of `Gorst Marine Salvage`; `Harbor View` alone is too much like words.
            Label::Facility | Label::Employer if count > 2 && core > 0 && core <= 2 && !second.any(SHARED) => 2,
            _ => count,
        };
        *lore.tokens = tokens;
        let room = u16::try_from(from).ok().zip(u16::try_from(self.words.len()).ok());
        let Some((start, end)) = room.filter(|_| count > 0 && (count > 1 || alone != Alone::Nothing)) else {
            self.words.truncate(from);
            return;
        };
        self.add(Phrase { from: start, to: end, core: core as u16, label, alone }, table);
        if label == Label::Street && digits && count > 2 {
            // `Larch Street`, without its number.
            self.add(Phrase { from: start + 1, to: end, core: 2, label, alone: Alone::Nothing }, table);
        }
        if label == Label::Facility && (3..=6).contains(&self.initials.len()) {
            let of = folded_hash(&self.initials, lore.folded);
            table.add(of, ACRONYM);
            self.acronyms.push((of, label));
        }
    }

    fn add(&mut self, phrase: Phrase, table: &mut Table) {
        let Some(first) = self.words.get(usize::from(phrase.from)) else { return };
        spellings(*first, |of| table.add(of, PHRASE));
        self.list.push(phrase);
    }

    /// The longest phrase that begins with token `i`: its last token and label.
    pub(super) fn at(&self, place: &Place<'_>, i: usize) -> Option<(usize, Label)> {
        let (tokens, infos) = (&place.sequence.tokens, &place.sequence.infos);
        let first = shortest(infos.get(i)?.hash);
        let mut best: Option<(usize, usize, Label)> = None;
        for phrase in &self.list {
            let words = self.words.get(usize::from(phrase.from)..usize::from(phrase.to)).unwrap_or_default();
            if words.first() != Some(&first) {
                continue;
            }
            let (mut count, mut last, mut at) = (1, i, i);
            for word in words.iter().skip(1) {
                let mut marks = 0;
                at += 1;
                while tokens.get(at).is_some_and(|t| t.kind == Kind::Punct && t.gap <= Gap::Space) && marks < 2 {
                    at += 1;
                    marks += 1;
                }
                let is = |k: usize| tokens.get(k).is_some_and(|t| t.gap <= Gap::Line && t.kind != Kind::Punct);
                if !is(at) || infos.get(at).is_none_or(|x| shortest(x.hash) != *word) {
                    break;
                }
                count += 1;
                last = at;
            }
            let whole = count >= usize::from(phrase.core) && count > 1 && self.is_written(place, i, last, phrase.label);
            let alone = count == 1
                && match phrase.alone {
                    Alone::Nothing => false,
                    Alone::Capital => {
                        tokens.get(i).is_some_and(|t| t.case != Case::Lower)
                            && again(place.text, place.sequence, place.decisions, i)
                    }
                    Alone::Any => again(place.text, place.sequence, place.decisions, i),
                };
            if (whole || alone) && best.is_none_or(|(most, ..)| count > most) {
                best = Some((count, last, phrase.label));
            }
        }
        let (_, mut last, label) = best?;
        // `1187 Larch` and whatever kind of street it is said to be.
        let suffix = |k: usize| {
            infos.get(k).is_some_and(|x| x.entry.is_street_suffix())
                && tokens.get(k).is_some_and(|t| t.gap <= Gap::Space && t.case != Case::Lower)
        };
        if label == Label::Street && last > i && suffix(last + 1) {
            last += 1;
        }
        Some((last, label))
    }

    /// Words that everybody uses are only a phrase when one of them has a capital.
    fn is_written(&self, place: &Place<'_>, from: usize, to: usize, label: Label) -> bool {
        let (tokens, infos) = (&place.sequence.tokens, &place.sequence.infos);
        let (tokens, infos) = (tokens.get(from..=to).unwrap_or_default(), infos.get(from..=to).unwrap_or_default());
        tokens.iter().zip(infos).any(|(t, x)| match t.kind {
            Kind::Word => t.case != Case::Lower || x.entry.lower() < 5,
            Kind::Code => label == Label::Street,
            _ => false,
        })
    }

    /// The label of the organisation whose initials token `i` is.
    pub(super) fn acronym(&self, place: &Place<'_>, i: usize) -> Option<Label> {
        let (token, info) = (place.sequence.tokens.get(i)?, place.sequence.infos.get(i)?);
        let known = info.entry.any(Entry::ABBREV.or(Entry::MEDICAL).or(Entry::ENGLISH).or(Entry::UNIT));
        let is = token.case == Case::Upper && !known && info.entry.lower() < 3;
        self.acronyms.iter().find(|(of, _)| is && *of == info.hash).map(|(_, label)| *label)
    }
}

/// Whether a word is not one of everybody's.
fn is_distinct(entry: Entry) -> bool {
    entry.lower() < 6 && !entry.any(GENERIC)
}

/// Words of organisations and places that tell none of them from another.
const GENERIC: Entry = Entry::FACILITY_WORD
    .or(Entry::ORG_WORD)
    .or(Entry::STREET_SUFFIX)
    .or(Entry::MEDICAL)
    .or(Entry::ABBREV)
    .or(Entry::TITLE)
    .or(Entry::PARTICLE)
    .or(Entry::STAFF);
/// What many have in common and may stay.
const SHARED: Entry = Entry::US_STATE
    .or(Entry::COUNTRY)
    .or(Entry::NATIONALITY)
    .or(Entry::MONTH)
    .or(Entry::WEEKDAY)
    .or(Entry::COMPANY)
    .or(Entry::EPONYM)
    .or(Entry::FACILITY_WORD)
    .or(Entry::ORG_WORD);

/// The shortest spelling of a word of an address or organisation, both as hashes.
fn shortest(of: u64) -> u64 {
    short_forms().get(&of).copied().unwrap_or(of)
}

/// Calls `f` with every spelling of the word whose shortest is `of`.
fn spellings(of: u64, mut f: impl FnMut(u64)) {
    f(of);
    long_forms().get(&of).into_iter().flatten().for_each(|long| f(*long));
}

fn long_forms() -> &'static HashMap64<Vec<u64>> {
    static FORMS: OnceLock<HashMap64<Vec<u64>>> = OnceLock::new();
    FORMS.get_or_init(|| {
        let mut forms: HashMap64<Vec<u64>> = HashMap64::default();
        short_forms().iter().for_each(|(long, short)| forms.entry(*short).or_default().push(*long));
        forms
    })
}

fn short_forms() -> &'static HashMap64<u64> {
    static FORMS: OnceLock<HashMap64<u64>> = OnceLock::new();
    FORMS.get_or_init(|| {
        let lines = SPELLINGS.lines().map(|line| line.split_whitespace().map(|word| hash(word.as_bytes())));
        lines.flat_map(|mut words| words.next().map(|first| words.map(move |word| (word, first)))).flatten().collect()
    })
}

/// A word a line, the shortest spelling first: USPS Publication 28, appendices B and C, and what organisations shorten.
const SPELLINGS: &str = "\
st street str saint
ave avenue av
rd road
dr drive drv
ln lane
ct court
blvd boulevard
pl place
ter terrace
cir circle
hwy highway
pkwy parkway
sq square
trl trail
apt apartment unit ste suite rm room
bldg building
fl floor
n north
s south
e east
w west
ne northeast
nw northwest
se southeast
sw southwest
mt mount mountain
ft fort
pt point
hts heights
xing crossing
hosp hospital
med medical
ctr center centre
univ university
assn association
dept department
co company
corp corporation
inc incorporated
bros brothers
svc services service svcs
mfg manufacturing
intl international
natl national
elem elementary
hs high
rehab rehabilitation";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_are_alike() {
        let of = |word: &str| shortest(hash(word.as_bytes()));
        for (a, b) in [("street", "st"), ("avenue", "av"), ("suite", "apt"), ("north", "n"), ("larch", "larch")] {
            assert_eq!(of(a), of(b));
        }
        for (a, b) in [("street", "road"), ("north", "south"), ("larch", "st")] {
            assert_ne!(of(a), of(b));
        }
        let mut count = 0;
        spellings(hash(b"st"), |_| count += 1);
        assert_eq!(count, 4);
    }
}
