//! The lists that stand-ins are drawn from, embedded; `dictionaries/surrogates.py` makes them.

use std::collections::HashMap;

use super::case::{self, Case};
use crate::transform::draw::{Draw, Draws};

/// All lists.
pub(super) struct Lists {
    /// Names by their folded form.
    known: HashMap<&'static str, Known>,
    /// By culture, sex (female, male) and letter.
    first: Vec<Vec<&'static str>>,
    /// By culture and letter, the shorter ones first.
    last: Vec<Vec<&'static str>>,
    /// Cities of the United States.
    pub(super) cities: Vec<City>,
    /// Names of cities by state and size; of all sizes or all states under [`ANY_SIZE`] and [`ANY_STATE`].
    towns: HashMap<(&'static str, u8), Vec<&'static str>>,
    /// The largest city of a folded name.
    pub(super) city: HashMap<String, usize>,
    /// Names and codes of states, folded, with the code.
    pub(super) states: HashMap<String, &'static str>,
    /// Area codes of the United States.
    pub(super) area_codes: Vec<&'static str>,
}

/// What a name is of more people.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    First(Sex),
    Last,
}

/// Who bears a first name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sex {
    Female,
    Male,
    Either,
}

/// What is known of a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Known {
    pub(super) kind: Kind,
    /// Invariant: a place in [`CULTURES`].
    pub(super) culture: usize,
}

/// A place to draw.
pub(super) struct City {
    /// As it is written.
    pub(super) name: &'static str,
    /// Code of its state.
    pub(super) state: &'static str,
    /// 0 below 20,000 inhabitants, 1 below 60,000, 2 below 250,000, else 3.
    pub(super) size: u8,
}

impl Lists {
    /// Reads the embedded lists.
    pub(super) fn new() -> Lists {
        let cells = CULTURES.len() * LETTERS.len();
        let mut lists = Lists {
            known: HashMap::with_capacity(16_384),
            first: vec![Vec::new(); cells * 2],
            last: vec![Vec::new(); cells],
            cities: Vec::new(),
            towns: HashMap::new(),
            city: HashMap::new(),
            states: HashMap::new(),
            area_codes: rows(AREA_CODES).map(|[code]| code).collect(),
        };
        for [name, sex, culture, usage] in rows(FIRST_NAMES) {
            let (sex, cells): (Sex, &[usize]) = match sex {
                "f" => (Sex::Female, &[0]),
                "m" => (Sex::Male, &[1]),
                _ => (Sex::Either, &[0, 1]),
            };
            let culture = culture_of(culture);
            lists.known.insert(name, Known { kind: Kind::First(sex), culture });
            for sex in cells.iter().filter(|_| usage == "d") {
                let cell = letter_of(name).and_then(|letter| lists.first.get_mut(first_cell(culture, *sex, letter)));
                if let Some(cell) = cell {
                    cell.push(name);
                }
            }
        }
        for [name, culture, usage] in rows(SURNAMES) {
            let culture = culture_of(culture);
            lists.known.insert(name, Known { kind: Kind::Last, culture });
            let letter = letter_of(name).filter(|_| usage == "d");
            if let Some(cell) = letter.and_then(|letter| lists.last.get_mut(last_cell(culture, letter))) {
                cell.push(name);
            }
        }
        for cell in &mut lists.last {
            cell.sort_by_key(|name| name.len());
        }
        for [name, state, size] in rows(CITIES) {
            let city = City { name, state, size: size.parse().unwrap_or(0) };
            let known = lists.city.entry(case::folded(name)).or_insert(lists.cities.len());
            if lists.cities.get(*known).is_some_and(|other| other.size < city.size) {
                *known = lists.cities.len();
            }
            for key in [(state, city.size), (state, ANY_SIZE), (ANY_STATE, city.size)] {
                lists.towns.entry(key).or_default().push(name);
            }
            lists.cities.push(city);
            // New York City is written without its last word.
            if let Some(short) = case::folded(name).strip_suffix(" city") {
                lists.city.entry(short.to_owned()).or_insert(lists.cities.len() - 1);
            }
        }
        for [name, code] in rows(STATES) {
            lists.states.insert(case::folded(name), code);
            lists.states.insert(case::folded(code), code);
        }
        lists
    }

    /// What is known of a folded name.
    pub(super) fn known(&self, folded: &str) -> Option<Known> {
        self.known.get(folded).copied()
    }

    /// The letter that names beginning with `letter` are replaced by: another one. Initials hang on it as well.
    pub(super) fn letter(letter: char, draws: &Draws) -> char {
        let mut buffer = [0; 4];
        let mut draw = draws.of("initial", letter.encode_utf8(&mut buffer));
        match LETTERS.find(letter) {
            // One of the others: what follows the letter moves up.
            Some(own) => {
                let at = draw.below(LETTERS.len() - 1);
                LETTERS.as_bytes().get(if at < own { at } else { at + 1 })
            }
            None => draw.pick(LETTERS.as_bytes()),
        }
        .map_or('a', |b| char::from(*b))
    }

    /// The stand-in of a folded word of a name, in lower case. It begins with another letter than `folded`.
    pub(super) fn name(&self, folded: &str, draws: &Draws) -> &'static str {
        let Some(start) = folded.chars().next() else { return FALLBACK };
        let known = self.known(folded);
        let letter = Self::letter(start, draws);
        let Some(letter) = LETTERS.find(letter) else { return FALLBACK };
        let culture = known.map_or_else(|| culture_by_ending(folded), |known| known.culture);
        let mut draw = draws.of("name", folded);
        let cell = match known.map(|known| known.kind) {
            Some(Kind::First(sex)) => {
                let sex = match sex {
                    Sex::Female => 0,
                    Sex::Male => 1,
                    Sex::Either => draw.below(2),
                };
                let cell = |culture| self.first.get(first_cell(culture, sex, letter));
                cell(culture).filter(|cell| cell.len() >= ENOUGH).or_else(|| cell(GENERAL))
            }
            Some(Kind::Last) => {
                let cell = |culture| self.last.get(last_cell(culture, letter));
                cell(culture).filter(|cell| cell.len() >= ENOUGH).or_else(|| cell(GENERAL))
            }
            None => {
                let cell = |culture| self.last.get(last_cell(culture, letter));
                let cell = cell(culture).filter(|cell| cell.len() >= NEAR).or_else(|| cell(GENERAL));
                return cell.and_then(|cell| near(cell, folded.len(), &mut draw)).unwrap_or(FALLBACK);
            }
        };
        cell.and_then(|cell| draw.pick(cell)).copied().unwrap_or(FALLBACK)
    }

    /// Cities of that size and state to draw from; of other sizes, then of other states if there are too few.
    pub(super) fn towns(&self, state: Option<&'static str>, size: u8) -> &[&'static str] {
        let of = |state: &'static str, size| self.towns.get(&(state, size)).filter(|towns| towns.len() >= ENOUGH_TOWNS);
        let own = state.and_then(|state| of(state, size).or_else(|| of(state, ANY_SIZE)));
        own.or_else(|| of(ANY_STATE, size)).map_or(&[], Vec::as_slice)
    }

    /// A surname of no culture, in lower case, for what is named after people; not one of `words`, which are folded.
    pub(super) fn surname(&self, draw: &mut Draw, words: &[String]) -> &'static str {
        for _ in 0..TRIES {
            let letter = draw.below(LETTERS.len());
            let name = self.last.get(last_cell(GENERAL, letter)).and_then(|cell| draw.pick(cell)).copied();
            if let Some(name) = name.filter(|name| !words.iter().any(|word| word == name)) {
                return name;
            }
        }
        FALLBACK
    }
}

/// A name about as long as `len` bytes.
fn near(cell: &[&'static str], len: usize, draw: &mut Draw) -> Option<&'static str> {
    let middle = cell.partition_point(|name| name.len() < len);
    let from = middle.saturating_sub(NEAR / 2).min(cell.len().saturating_sub(NEAR));
    draw.pick(cell.get(from..(from + NEAR).min(cell.len()))?).copied()
}

/// The culture of a surname that no list holds, by its ending.
fn culture_by_ending(folded: &str) -> usize {
    let ending =
        |(endings, _): &&(&[&str], &str)| endings.iter().any(|e| folded.len() > e.len() + 2 && folded.ends_with(e));
    ENDINGS.iter().find(ending).map_or(GENERAL, |(_, culture)| culture_of(culture))
}

fn culture_of(code: &str) -> usize {
    CULTURES.find(code).unwrap_or(GENERAL)
}

fn letter_of(name: &str) -> Option<usize> {
    name.chars().next().and_then(|c| LETTERS.find(c))
}

fn first_cell(culture: usize, sex: usize, letter: usize) -> usize {
    (culture * 2 + sex) * LETTERS.len() + letter
}

fn last_cell(culture: usize, letter: usize) -> usize {
    culture * LETTERS.len() + letter
}

/// The rows of a list below its header, those that have `N` fields.
fn rows<const N: usize>(text: &'static str) -> impl Iterator<Item = [&'static str; N]> {
    text.lines().skip(1).filter_map(|line| {
        let mut row = [""; N];
        let mut fields = line.split('\t');
        for field in &mut row {
            *field = fields.next()?;
        }
        Some(row)
    })
}

/// Appends `text`, a word in lower case, as `like` is written.
pub(super) fn write_like(like: &str, text: &str, out: &mut String) {
    Case::of(like).write(text, out);
}

/// Letters that stand-ins begin with: those that nearly every culture has names of.
pub(super) const LETTERS: &str = "abcdghmnst";
/// General, Hispanic, Arabic, Indian, Slavic, African, Chinese, Japanese, Korean, Vietnamese, as the lists call them.
const CULTURES: &str = "ghaisfcjkv";
/// English and West European, and what is not known.
const GENERAL: usize = 0;
/// Names that a culture must have of a letter, not to take a general one: of one alone, all would become that.
const ENOUGH: usize = 2;
/// Cities of a state that are enough to draw from.
const ENOUGH_TOWNS: usize = 4;
/// No state, and no size, of a city.
const ANY_STATE: &str = "";
const ANY_SIZE: u8 = u8::MAX;
/// Among how many surnames of like length one is drawn for a word that is not known.
const NEAR: usize = 12;
/// How often is drawn again for what must not come out.
pub(super) const TRIES: usize = 64;
/// Of no list, so that it equals no name that is drawn for.
const FALLBACK: &str = "doeson";

/// Endings that surnames of a culture have.
const ENDINGS: [(&[&str], &str); 3] = [
    (&["ez", "eira", "inho"], "h"),
    (&["ov", "ova", "ev", "eva", "ski", "ska", "sky", "wicz", "enko", "vich", "vic"], "s"),
    (&["moto", "mura", "yama", "gawa", "kawa", "shima", "zaki"], "j"),
];

const FIRST_NAMES: &str = include_str!("../../../dictionaries/surrogates/first_names.tsv");
const SURNAMES: &str = include_str!("../../../dictionaries/surrogates/surnames.tsv");
const CITIES: &str = include_str!("../../../dictionaries/surrogates/cities.tsv");
const STATES: &str = include_str!("../../../dictionaries/surrogates/states.tsv");
const AREA_CODES: &str = include_str!("../../../dictionaries/surrogates/area_codes.tsv");

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_row_is_read() {
        let lists = Lists::new();
        let rows = |text: &str| text.lines().count() - 1;
        assert_eq!(lists.known.len(), rows(FIRST_NAMES) + rows(SURNAMES));
        assert_eq!(lists.cities.len(), rows(CITIES));
        assert_eq!(lists.area_codes.len(), rows(AREA_CODES));
        for name in lists.known.keys() {
            assert!(name.bytes().all(|b| b.is_ascii_lowercase()), "{name}");
        }
        assert!(lists.area_codes.iter().all(|c| c.len() == 3 && c.bytes().all(|b| b.is_ascii_digit())));
    }

    #[test]
    fn general_names_fill_every_cell() {
        let lists = Lists::new();
        for letter in 0..LETTERS.len() {
            assert!(lists.last[last_cell(GENERAL, letter)].len() >= 50);
            for sex in 0..2 {
                assert!(lists.first[first_cell(GENERAL, sex, letter)].len() >= 10);
            }
        }
    }

    #[test]
    fn names_are_known_for_what_they_are() {
        let lists = Lists::new();
        for (name, kind, culture) in [
            ("maria", Kind::First(Sex::Female), "h"),
            ("james", Kind::First(Sex::Male), "g"),
            ("jennifer", Kind::First(Sex::Female), "g"),
            ("delgado", Kind::Last, "h"),
            ("smith", Kind::Last, "g"),
            ("nguyen", Kind::Last, "v"),
            ("tanaka", Kind::Last, "j"),
            ("hiroshi", Kind::First(Sex::Male), "j"),
            ("patel", Kind::Last, "i"),
            ("priya", Kind::First(Sex::Female), "i"),
            ("kowalski", Kind::Last, "s"),
            ("mohammed", Kind::First(Sex::Male), "a"),
            ("fatima", Kind::First(Sex::Female), "a"),
            ("zhang", Kind::Last, "c"),
            ("park", Kind::Last, "k"),
            ("okafor", Kind::Last, "f"),
        ] {
            let known = lists.known(name).unwrap();
            assert_eq!((known.kind, &CULTURES[known.culture..=known.culture]), (kind, culture), "{name}");
        }
        for name in ["xqzt", "", "doeson"] {
            assert_eq!(lists.known(name), None);
        }
    }

    #[test]
    fn stand_ins_begin_with_another_letter_and_keep_sex_and_culture() {
        let lists = Lists::new();
        let key = zeroize::Zeroizing::new([7; 32]);
        let (mut all, mut moved) = (0, 0);
        for scope in 0..20_u8 {
            let draws = Draws::new(&key, Some(&[scope; 32]));
            for (name, known) in &lists.known {
                let stand_in = lists.name(name, &draws);
                assert_ne!(stand_in, FALLBACK);
                assert_ne!(stand_in.as_bytes()[0], name.as_bytes()[0], "{name}");
                let got = lists.known(stand_in).unwrap();
                // A name of a small culture may have to be a general one.
                assert!([known.culture, GENERAL].contains(&got.culture), "{name} {stand_in}");
                moved += usize::from(got.culture != known.culture);
                all += 1;
                match (known.kind, got.kind) {
                    (Kind::First(Sex::Female), Kind::First(sex)) => assert_ne!(sex, Sex::Male, "{name} {stand_in}"),
                    (Kind::First(Sex::Male), Kind::First(sex)) => assert_ne!(sex, Sex::Female, "{name} {stand_in}"),
                    (Kind::First(_), got) => assert_ne!(got, Kind::Last, "{name} {stand_in}"),
                    (Kind::Last, got) => assert_eq!(got, Kind::Last, "{name} {stand_in}"),
                }
            }
        }
        // Of all names in the lists, over twenty scopes.
        assert!(moved * 100 < all, "{moved} of {all}");
    }
}
