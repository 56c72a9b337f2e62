//! Stand-ins for street lines: another number of as many digits, another name; suffix, direction and unit stay.

use super::case::{self, Case};
use super::lists::{Lists, TRIES};
use super::name::{self, Class, Token};
use super::number;
use crate::transform::draw::Draws;

/// Appends the stand-in of a street line; false if there is neither a number nor a name in it.
pub(super) fn write(lists: &Lists, value: &str, draws: &Draws, out: &mut String) -> bool {
    let tokens = name::tokens(value);
    let folded: Vec<String> = tokens.iter().map(|token| case::folded(token.text)).collect();
    let parts = parts(&tokens, &folded);
    let mut replaced = false;
    let mut at = 0;
    while let (Some(token), Some(part)) = (tokens.get(at), parts.get(at)) {
        match part {
            Part::Stays => out.push_str(token.text),
            Part::Number => {
                number::write_digits("street number", token.text, draws, out);
                replaced = true;
            }
            Part::Ordinal => {
                at += 1;
                let mut drawn = String::new();
                number::write_digits("street ordinal", token.text, draws, &mut drawn);
                let ending = ordinal(&drawn);
                out.push_str(&drawn);
                Case::of(tokens.get(at).map_or("", |token| token.text)).write(ending, out);
                replaced = true;
            }
            Part::Letters => {
                number::write(crate::identifier::Label::OtherId, super::Checksums::Invalid, token.text, draws, out);
                replaced = true;
            }
            Part::Name => {
                // The whole run is one name.
                let end = (at..parts.len()).rev().find(|i| run_of_names(&parts, at, *i)).unwrap_or(at);
                let words: Vec<String> = (at..=end)
                    .filter(|i| parts.get(*i) == Some(&Part::Name))
                    .filter_map(|i| folded.get(i).cloned())
                    .collect();
                write_name(lists, token.text, &words, draws, out);
                at = end;
                replaced = true;
            }
        }
        at += 1;
    }
    replaced
}

/// What a token of a street line is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Part {
    Stays,
    Number,
    /// The number of `42nd`; the letters are the next token.
    Ordinal,
    /// A part of a unit: `B` of `Apt B`.
    Letters,
    Name,
}

/// What each token is. Every piece between commas is by itself.
fn parts(tokens: &[Token<'_>], folded: &[String]) -> Vec<Part> {
    let mut parts = Vec::with_capacity(tokens.len());
    let mut from = 0;
    while from < tokens.len() {
        let end = (from..tokens.len()).find(|at| is_break(tokens, *at)).unwrap_or(tokens.len());
        piece(tokens, folded, from..end, &mut parts);
        if end < tokens.len() {
            parts.push(Part::Stays);
        }
        from = end + 1;
    }
    parts
}

fn is_break(tokens: &[Token<'_>], at: usize) -> bool {
    tokens.get(at).is_some_and(|t| t.class == Class::Other && t.text.contains([',', ';', '\n', '&', '/']))
}

/// Appends what the tokens of one piece are.
fn piece(tokens: &[Token<'_>], folded: &[String], range: std::ops::Range<usize>, parts: &mut Vec<Part>) {
    let word = |at: usize| match tokens.get(at) {
        Some(token) if token.class == Class::Word && range.contains(&at) => folded.get(at).map_or("", String::as_str),
        _ => "",
    };
    let words = || range.clone().filter(|at| !word(*at).is_empty());
    let is_box = range.clone().any(|at| matches!(word(at), "box" | "pob" | "drawer"));
    // A unit is said by a word before a number or a letter; the first word is a unit only with nothing before it.
    let unit = words().find(|at| UNITS.contains(&word(*at)) && (*at > range.start || words().count() <= 2));
    let hash = range.clone().find(|at| *at > range.start && tokens.get(*at).is_some_and(|t| t.text.contains('#')));
    let unit = unit.into_iter().chain(hash).min().unwrap_or(range.end);
    // The last suffix is the kind of the street; what stands before it is the name, `Park` of `Park Ave` as well.
    let suffix = words().rfind(|at| *at < unit && is_suffix(word(*at)) && words().next() != Some(*at));
    let start = parts.len();
    let mut named = false;
    for at in range.clone() {
        let Some(token) = tokens.get(at) else { continue };
        let letters = word(at + 1);
        let part = match token.class {
            Class::Other => Part::Stays,
            Class::Digits if at < unit && matches!(letters, "st" | "nd" | "rd" | "th") => {
                named = true;
                Part::Ordinal
            }
            Class::Digits => Part::Number,
            Class::Word if at > range.start && parts.last() == Some(&Part::Ordinal) => Part::Stays,
            Class::Word if is_box && BOXES.contains(&word(at)) => Part::Stays,
            Class::Word if at >= unit && UNITS.contains(&word(at)) => Part::Stays,
            Class::Word if at >= unit || is_box => Part::Letters,
            // `12B Main St`
            Class::Word if token.text.len() == 1 && at > range.start && parts.last() == Some(&Part::Number) => {
                Part::Letters
            }
            Class::Word if Some(at) == suffix => Part::Stays,
            Class::Word if ROADS.contains(&word(at)) && numbered(tokens, &range, at) => {
                named = true;
                Part::Stays
            }
            Class::Word if DIRECTIONS.contains(&word(at)) => Part::Stays,
            Class::Word if suffix.is_none_or(|suffix| at > suffix) && is_suffix(word(at)) => Part::Stays,
            Class::Word => {
                named = true;
                Part::Name
            }
        };
        parts.push(part);
    }
    // `North St`: then the direction is the name. A unit alone needs none.
    if !named && !is_box && unit > range.start && suffix.is_some() {
        for (part, at) in parts.iter_mut().skip(start).zip(range.clone()) {
            if Some(at) != suffix && at < unit && !word(at).is_empty() && *part == Part::Stays {
                *part = Part::Name;
            }
        }
    } else if !named && !is_box && unit > range.start {
        // `Park`, `The Parkway`: nothing says that it is not the name.
        for (part, at) in parts.iter_mut().skip(start).zip(range.clone()) {
            if at < unit && !word(at).is_empty() && *part == Part::Stays && folded.get(at).is_none_or(|w| w != "the") {
                *part = Part::Name;
            }
        }
    }
}

/// Whether a number follows the word, perhaps after other words for roads.
fn numbered(tokens: &[Token<'_>], range: &std::ops::Range<usize>, at: usize) -> bool {
    let mut after = (at + 1..range.end).filter_map(|at| tokens.get(at));
    after
        .find(|t| t.class == Class::Digits || t.class == Class::Word && !ROADS.contains(&&*case::folded(t.text)))
        .is_some_and(|t| t.class == Class::Digits)
}

/// Whether from `from` to `to` there are names only, and spaces, and a name at the end.
fn run_of_names(parts: &[Part], from: usize, to: usize) -> bool {
    parts.get(to) == Some(&Part::Name)
        && (from..to).step_by(1).all(|at| {
            parts.get(at) == Some(&Part::Name)
                || parts.get(at) == Some(&Part::Stays)
                    && parts.get(at + 1) == Some(&Part::Name)
                    && at > 0
                    && parts.get(at - 1) == Some(&Part::Name)
        })
}

/// Appends another street name, written like `like`.
fn write_name(lists: &Lists, like: &str, words: &[String], draws: &Draws, out: &mut String) {
    let mut draw = draws.of("street", &words.join(" "));
    let drawn = (0..TRIES).find_map(|_| {
        let name = if draw.below(2) == 0 { draw.pick(NAMES).copied()? } else { lists.surname(&mut draw, words) };
        (!words.iter().any(|word| word == name)).then_some(name)
    });
    // A street of one letter is written with a capital, which says nothing of the others.
    let case = if like.chars().count() == 1 && Case::of(like) == Case::Upper { Case::Title } else { Case::of(like) };
    case.write(drawn.unwrap_or("anyroad"), out);
}

fn ordinal(digits: &str) -> &'static str {
    match digits.as_bytes() {
        [.., b'1', _] => "th",
        [.., b'1'] => "st",
        [.., b'2'] => "nd",
        [.., b'3'] => "rd",
        _ => "th",
    }
}

fn is_suffix(word: &str) -> bool {
    SUFFIXES.contains(&word)
}

/// USPS Publication 28, appendix C1: the common ones, with their abbreviations.
const SUFFIXES: &[&str] = &[
    "alley",
    "aly",
    "ave",
    "avenue",
    "av",
    "blvd",
    "boulevard",
    "bnd",
    "bend",
    "branch",
    "bridge",
    "brook",
    "bypass",
    "cir",
    "circle",
    "close",
    "commons",
    "corner",
    "corners",
    "court",
    "courts",
    "cove",
    "creek",
    "crescent",
    "cres",
    "crossing",
    "xing",
    "ct",
    "cts",
    "cv",
    "dr",
    "drive",
    "drv",
    "esplanade",
    "est",
    "estates",
    "expressway",
    "expy",
    "ext",
    "extension",
    "fork",
    "freeway",
    "fwy",
    "garden",
    "gardens",
    "gdns",
    "glen",
    "green",
    "grove",
    "grv",
    "harbor",
    "heights",
    "highway",
    "hts",
    "hwy",
    "hill",
    "hills",
    "hollow",
    "isle",
    "junction",
    "key",
    "knoll",
    "lake",
    "landing",
    "lane",
    "ln",
    "loop",
    "mall",
    "manor",
    "meadow",
    "meadows",
    "mews",
    "mill",
    "mnr",
    "oval",
    "park",
    "parkway",
    "pass",
    "path",
    "pike",
    "pkwy",
    "pky",
    "pl",
    "place",
    "plaza",
    "plz",
    "point",
    "pt",
    "rd",
    "ridge",
    "road",
    "route",
    "row",
    "rte",
    "run",
    "shore",
    "shores",
    "spring",
    "springs",
    "sq",
    "square",
    "st",
    "str",
    "street",
    "ter",
    "terrace",
    "tpke",
    "trace",
    "track",
    "trail",
    "trl",
    "turnpike",
    "valley",
    "view",
    "village",
    "vista",
    "vlg",
    "walk",
    "way",
    "wy",
];

const DIRECTIONS: &[&str] = &[
    "n",
    "s",
    "e",
    "w",
    "ne",
    "nw",
    "se",
    "sw",
    "north",
    "south",
    "east",
    "west",
    "northeast",
    "northwest",
    "southeast",
    "southwest",
    "no",
    "so",
];

/// USPS Publication 28, appendix C2.
const UNITS: &[&str] = &[
    "apt",
    "apartment",
    "bldg",
    "building",
    "dept",
    "department",
    "fl",
    "floor",
    "flr",
    "lot",
    "rm",
    "room",
    "ste",
    "suite",
    "unit",
    "trlr",
    "trailer",
    "spc",
    "space",
    "slip",
    "hangar",
    "ph",
    "penthouse",
    "flat",
    "tower",
    "basement",
    "bsmt",
    "level",
];

/// Of post boxes and rural routes.
const BOXES: &[&str] = &[
    "p", "o", "po", "post", "office", "box", "bx", "pob", "drawer", "rr", "rural", "route", "rte", "rt", "hc",
    "highway", "contract", "star", "r", "d", "rd", "rfd", "apo", "fpo", "psc", "cmr", "unit",
];

/// Roads that have a number for a name.
const ROADS: &[&str] = &[
    "highway",
    "hwy",
    "route",
    "rte",
    "rt",
    "rr",
    "rural",
    "us",
    "u",
    "interstate",
    "i",
    "sr",
    "cr",
    "fm",
    "county",
    "co",
    "state",
    "road",
    "rd",
    "farm",
    "to",
    "market",
    "township",
    "twp",
    "old",
    "avenue",
    "ave",
    "street",
    "st",
];

const NAMES: &[&str] = &[
    "oak",
    "maple",
    "cedar",
    "elm",
    "pine",
    "walnut",
    "chestnut",
    "willow",
    "spruce",
    "birch",
    "hickory",
    "sycamore",
    "poplar",
    "magnolia",
    "laurel",
    "hawthorn",
    "juniper",
    "linden",
    "aspen",
    "dogwood",
    "cypress",
    "locust",
    "mulberry",
    "holly",
    "myrtle",
    "alder",
    "beech",
    "larch",
    "hazel",
    "ivy",
    "rose",
    "violet",
    "lilac",
    "orchard",
    "prairie",
    "meadowlark",
    "sparrow",
    "heron",
    "falcon",
    "cardinal",
    "fox",
    "deer",
    "elk",
    "bear",
    "harbor",
    "lakeview",
    "riverside",
    "hillcrest",
    "sunset",
    "sunrise",
    "summit",
    "highland",
    "fairview",
    "forest",
    "woodland",
    "brookside",
    "ridgeway",
    "mill",
    "quarry",
    "canal",
    "market",
    "church",
    "school",
    "college",
    "center",
    "union",
    "liberty",
    "franklin",
    "jefferson",
    "washington",
    "lincoln",
    "madison",
    "monroe",
    "jackson",
    "adams",
    "cherry",
    "peach",
    "plum",
    "apple",
    "valley",
    "canyon",
    "mesa",
    "pioneer",
    "colonial",
    "heritage",
    "victoria",
    "windsor",
    "essex",
    "cambridge",
    "oxford",
];
