//! Stand-ins for names of people, word by word.
//!
//! Each word is replaced by itself, so that `Maria Delgado`, `DELGADO, MARIA L` and `Ms. Delgado` fit together within a
//! scope. The first letter of a stand-in hangs on the first letter of the word alone, so that `M. Delgado` and `MD` fit
//! as well. What a word is (first name of which sex, surname, of which culture) is told by the lists from the word
//! alone. Titles, credentials, relations, particles, generations and punctuation stay.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::case::{self, Case};
use super::lists::{LETTERS, Lists, TRIES, write_like};
use super::number;
use crate::transform::draw::Draws;

/// A run of characters of one class.
#[derive(Clone, Copy)]
pub(super) struct Token<'v> {
    pub(super) text: &'v str,
    pub(super) class: Class,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Class {
    Word,
    Digits,
    Other,
}

/// Appends the stand-in of a name; false if there is no word in it that names anybody.
pub(super) fn write(lists: &Lists, value: &str, draws: &Draws, out: &mut String) -> bool {
    let tokens = tokens(value);
    let mixed = Case::of(value) == Case::Title;
    let mut folded = String::new();
    let mut replaced = false;
    for (at, token) in tokens.iter().enumerate() {
        let near = Neighbours { tokens: &tokens, at, mixed };
        match token.class {
            Class::Other => out.push_str(token.text),
            Class::Digits if near.ordinal() => out.push_str(token.text),
            Class::Digits => {
                number::write_digits("name digits", token.text, draws, out);
                replaced = true;
            }
            Class::Word => {
                folded.clear();
                case::fold(token.text, &mut folded);
                if near.stays(&folded) {
                    out.push_str(token.text);
                } else {
                    write_word(lists, token.text, &folded, near.particle(), draws, out);
                    replaced = true;
                }
            }
        }
    }
    replaced
}

/// Appends the stand-in of one word, which folds to `folded`.
pub(super) fn write_word(
    lists: &Lists,
    word: &str,
    folded: &str,
    particle: Option<Particle>,
    draws: &Draws,
    out: &mut String,
) {
    if let Some(particle) = particle {
        return write_stem(particle, word, folded, draws, out);
    }
    if let Some(rest) = folded.strip_prefix("mc").filter(|rest| rest.len() > 2) {
        // In folded ASCII `mc` is two letters of the word too, unless they are written with marks.
        if let (Some(mc), Some(tail)) = (word.get(..2).filter(|mc| mc.eq_ignore_ascii_case("mc")), word.get(2..)) {
            out.push_str(mc);
            return write_stem(Particle::Mc, tail, rest, draws, out);
        }
    }
    if is_initials(lists, folded) {
        for (letter, written) in folded.chars().zip(word.chars()) {
            let stand_in = Lists::letter(letter, draws);
            out.push(if written.is_lowercase() { stand_in } else { stand_in.to_ascii_uppercase() });
        }
        return;
    }
    write_like(word, lists.name(folded, draws), out);
}

/// What stands before a surname and is one with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Particle {
    Mc,
    O,
    D,
}

/// Cuts `value` into runs of letters, of digits and of what is neither.
pub(super) fn tokens(value: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::with_capacity(8);
    let (mut start, mut last) = (0, None);
    for (at, c) in value.char_indices() {
        let class = class_of(c);
        if let Some(class) = last.replace(class).filter(|last| *last != class) {
            tokens.push(Token { text: value.get(start..at).unwrap_or_default(), class });
            start = at;
        }
    }
    if let Some(class) = last {
        tokens.push(Token { text: value.get(start..).unwrap_or_default(), class });
    }
    tokens
}

fn class_of(c: char) -> Class {
    if case::is_letter(c) {
        Class::Word
    } else if case::is_digit(c) {
        Class::Digits
    } else {
        Class::Other
    }
}

/// Where a word that names nobody stays.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kept {
    Always,
    /// After another word.
    After,
    /// In lower case, or between two words where all are capitals.
    Between,
    /// Before another word.
    Before,
    /// Before another word, in lower case or joined to it.
    BeforeLower,
    /// After another word, in capitals where not all are.
    AfterUpper,
}

/// A token among the others.
struct Neighbours<'t, 'v> {
    tokens: &'t [Token<'v>],
    at: usize,
    /// The value has capitals and small letters.
    mixed: bool,
}

impl Neighbours<'_, '_> {
    /// Whether the word stays as it is, as one that names nobody.
    fn stays(&self, folded: &str) -> bool {
        let Some(token) = self.tokens.get(self.at) else { return false };
        let before = self.other(self.at.checked_sub(1));
        let after = self.other(self.at.checked_add(1));
        let written = Case::of(token.text);
        match folded {
            "s" => return before.ends_with(case::is_apostrophe) && !self.touches_word(after),
            "o" | "d" | "l" => return self.is_particle_letter(after),
            // `Md` is short for Mohammed as well.
            "md" => return written != Case::Title,
            "y" | "e" => return written == Case::Lower && self.word_before() && self.word_after(),
            "nd" | "rd" | "th" if self.ordinal_before() => return true,
            _ => {}
        }
        match KEPT.get(folded) {
            None => false,
            Some(Kept::Always) => true,
            Some(Kept::After) => self.word_before(),
            Some(Kept::Between) => written == Case::Lower || !self.mixed && self.word_before() && self.word_after(),
            Some(Kept::Before) => self.word_after(),
            Some(Kept::BeforeLower) => self.word_after() && (written == Case::Lower || after == "-"),
            Some(Kept::AfterUpper) => written == Case::Upper && self.mixed && self.word_before(),
        }
    }

    /// The particle that the word is joined to: `O'`, `D'`.
    fn particle(&self) -> Option<Particle> {
        let letter = self.tokens.get(self.at.checked_sub(2)?)?;
        if letter.class != Class::Word || !self.joined(self.at - 1) {
            return None;
        }
        match letter.text {
            "O" | "o" => Some(Particle::O),
            "D" | "d" => Some(Particle::D),
            _ => None,
        }
    }

    /// `3` of `3rd`: a generation, not a number.
    fn ordinal(&self) -> bool {
        let text = self.tokens.get(self.at).map_or("", |token| token.text);
        let after = self.tokens.get(self.at + 1).map_or("", |token| token.text);
        matches!(text, "2" | "3" | "4" | "5")
            && ["nd", "rd", "th"].iter().any(|e| e.eq_ignore_ascii_case(after))
            && (0..self.at).any(|at| self.is_word(at))
    }

    fn ordinal_before(&self) -> bool {
        self.at.checked_sub(1).is_some_and(|at| Neighbours { at, ..*self }.ordinal())
    }

    fn is_particle_letter(&self, after: &str) -> bool {
        !after.is_empty() && self.joined(self.at + 1) && self.is_word(self.at + 2)
    }

    /// Whether the token is one apostrophe.
    fn joined(&self, at: usize) -> bool {
        let mut chars = self.tokens.get(at).map_or("", |token| token.text).chars();
        chars.next().is_some_and(case::is_apostrophe) && chars.next().is_none()
    }

    fn touches_word(&self, after: &str) -> bool {
        after.chars().next().is_some_and(case::is_apostrophe) && self.is_word(self.at + 2)
    }

    fn word_before(&self) -> bool {
        (0..self.at).any(|at| self.is_word(at))
    }

    fn word_after(&self) -> bool {
        (self.at + 1..self.tokens.len()).any(|at| self.is_word(at))
    }

    fn is_word(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|token| token.class == Class::Word)
    }

    /// The text of a token that is neither word nor number; empty if there is none.
    fn other(&self, at: Option<usize>) -> &str {
        at.and_then(|at| self.tokens.get(at)).filter(|t| t.class == Class::Other).map_or("", |t| t.text)
    }
}

/// Initials written together: `JRK`, `TJ`.
fn is_initials(lists: &Lists, folded: &str) -> bool {
    if folded.chars().count() == 1 {
        return true;
    }
    let mut letters = 0;
    let mut vowels = 0;
    for c in folded.chars() {
        // Only Latin letters are told apart so.
        if !c.is_ascii_lowercase() {
            return false;
        }
        letters += 1;
        vowels += usize::from(matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | 'y'));
    }
    match letters {
        2 => lists.known(folded).is_none(),
        3 | 4 => vowels == 0 && lists.known(folded).is_none(),
        _ => false,
    }
}

/// Appends another surname that goes with the particle, written like `word`, which folds to `folded`.
fn write_stem(particle: Particle, word: &str, folded: &str, draws: &Draws, out: &mut String) {
    let (kind, stems) = match particle {
        Particle::Mc => ("mc", MC),
        Particle::O => ("o", O),
        Particle::D => ("d", D),
    };
    let mut draw = draws.of(kind, folded);
    let stem = (0..TRIES).filter_map(|_| draw.pick(stems)).find(|stem| **stem != folded);
    let other = stems.iter().find(|stem| **stem != folded);
    write_like(word, stem.or(other).copied().unwrap_or(LETTERS), out);
}

/// Whether the word stays somewhere.
#[cfg(test)]
pub(super) fn may_stay(folded: &str) -> bool {
    KEPT.contains_key(folded)
}

/// All the words below.
static KEPT: LazyLock<HashMap<&'static str, Kept>> = LazyLock::new(|| {
    let lists = [
        (CAPITAL_DEGREES, Kept::AfterUpper),
        (ARTICLES, Kept::BeforeLower),
        (PARTICLES, Kept::Before),
        (BETWEEN, Kept::Between),
        (GENERATIONS, Kept::After),
        (ALWAYS, Kept::Always),
    ];
    lists.into_iter().flat_map(|(words, kept)| words.iter().map(move |word| (*word, kept))).collect()
});

/// What names nobody wherever it stands: titles, degrees that are no names, relations, children without a name yet.
const ALWAYS: &[&str] = &[
    "dr",
    "drs",
    "mr",
    "mrs",
    "ms",
    "mx",
    "miss",
    "mister",
    "madam",
    "prof",
    "professor",
    "doctor",
    "rev",
    "reverend",
    "hon",
    "capt",
    "captain",
    "lt",
    "sgt",
    "sergeant",
    "officer",
    "nurse",
    "rabbi",
    "imam",
    "pastor",
    "sra",
    "srta",
    "senor",
    "senora",
    "senorita",
    "esq",
    "iii",
    "phd",
    "rn",
    "lpn",
    "bsn",
    "msn",
    "dnp",
    "cna",
    "crna",
    "cnm",
    "fnp",
    "arnp",
    "aprn",
    "dds",
    "dmd",
    "dpm",
    "pharmd",
    "rph",
    "dvm",
    "psyd",
    "lcsw",
    "msw",
    "lmsw",
    "facs",
    "facp",
    "faap",
    "facc",
    "mph",
    "mba",
    "baby",
    "boy",
    "girl",
    "newborn",
    "infant",
    "twin",
    "mother",
    "father",
    "mom",
    "mum",
    "dad",
    "mommy",
    "daddy",
    "sister",
    "brother",
    "aunt",
    "auntie",
    "uncle",
    "grandma",
    "grandpa",
    "grandmother",
    "grandfather",
    "wife",
    "husband",
    "daughter",
    "cousin",
];

/// Generations, after a name.
const GENERATIONS: &[&str] = &["jr", "sr", "ii", "iv", "junior", "senior"];

/// Common words between names.
const BETWEEN: &[&str] = &["and", "or", "of", "the", "aka", "nee", "for", "with", "by", "from"];

/// Before a surname.
const PARTICLES: &[&str] = &[
    "de", "del", "della", "dela", "la", "las", "los", "van", "von", "vom", "der", "den", "di", "da", "dos", "das",
    "st", "ste", "saint", "san", "santa", "ter", "bin", "ibn", "abu", "bint", "mac",
];

/// Before a surname where they are in lower case or joined to it: `al-Rashid`. Else names: `Al Rashid`.
const ARTICLES: &[&str] = &["al", "el", "le", "du", "ben", "ap"];

/// Degrees that are surnames as well: `MA` is one where names are not all capitals.
const CAPITAL_DEGREES: &[&str] =
    &["do", "ma", "pa", "np", "pt", "ot", "rd", "od", "rt", "jd", "bs", "ba", "cp", "pac", "lpc", "cnp"];

const MC: &[&str] = &[
    "allister", "bride", "cabe", "call", "cann", "carthy", "clain", "clure", "connell", "cormick", "coy", "daniel",
    "dermott", "donough", "dowell", "elroy", "farland", "gee", "ginnis", "gowan", "grath", "guire", "henry", "intosh",
    "intyre", "kay", "kenna", "kinley", "laughlin", "lean", "mahon", "manus", "millan", "nally", "namara", "neil",
    "nulty", "pherson", "quaid", "queen", "shane", "sweeney", "tavish", "vey", "whorter", "williams",
];

const O: &[&str] = &[
    "banion",
    "brien",
    "callaghan",
    "connell",
    "connor",
    "day",
    "dea",
    "donnell",
    "donoghue",
    "dowd",
    "driscoll",
    "dwyer",
    "farrell",
    "gorman",
    "grady",
    "halloran",
    "hara",
    "keefe",
    "kelly",
    "leary",
    "malley",
    "mara",
    "meara",
    "neal",
    "neil",
    "neill",
    "quinn",
    "reilly",
    "riordan",
    "rourke",
    "shaughnessy",
    "shea",
    "sullivan",
    "toole",
];

const D: &[&str] = &[
    "addario",
    "agostino",
    "alessandro",
    "alessio",
    "amato",
    "ambrosio",
    "amico",
    "amore",
    "andrea",
    "angelo",
    "aquino",
    "arcy",
    "arienzo",
    "ascoli",
    "auria",
    "avanzo",
    "elia",
    "errico",
    "onofrio",
    "orazio",
    "souza",
    "urso",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn stays(value: &str) -> String {
        let tokens = tokens(value);
        let mixed = Case::of(value) == Case::Title;
        let kept = |(at, token): (usize, &Token<'_>)| {
            let near = Neighbours { tokens: &tokens, at, mixed };
            (token.class == Class::Word && near.stays(&case::folded(token.text))).then(|| token.text.to_owned())
        };
        tokens.iter().enumerate().filter_map(kept).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_names_nobody_stays() {
        for (value, kept) in [
            ("Dr. Maria Delgado", "Dr"),
            ("Ms. Delgado", "Ms"),
            ("Jane Smith, RN", "RN"),
            ("Jane Smith MD", "MD"),
            ("Jane Smith, MA", "MA"),
            ("Ludwig van der Berg", "van der"),
            ("Oscar de la Cruz", "de la"),
            ("Khalid al-Rashid", "al"),
            ("John Smith Jr.", "Jr"),
            ("John Smith III", "III"),
            ("John Smith 3rd", "rd"),
            ("Delgado's", "s"),
            ("Kathleen O'Brien", "O"),
            ("Kathleen D\u{2019}Angelo", "D"),
            ("John and Mary Smith", "and"),
            ("JOHN AND MARY SMITH", "AND"),
            ("Baby Girl Smith", "Baby Girl"),
            ("Ortega y Gasset", "y"),
            ("St. John", "St"),
        ] {
            assert_eq!(stays(value), kept, "{value}");
        }
    }

    #[test]
    fn what_names_somebody_does_not() {
        for value in [
            "Ma Li",
            "MA LI",
            "Do",
            "Van",
            "Al Smith",
            "Le Nguyen",
            "Or Cohen",
            "John O. Smith",
            "S. Smith",
            "Smith, D",
            "Dean Major",
            "Judge Bishop",
            "Du Wei",
            "Son Her",
            "E. Smith",
            "Jr",
            "Le",
            "Jo'sephine",
        ] {
            assert_eq!(stays(value), "", "{value}");
        }
    }
}
