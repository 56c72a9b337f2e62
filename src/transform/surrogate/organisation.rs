//! Stand-ins for facilities and employers: a surname that nobody gave to the place, and what kind of place it is.

use super::case::{self, Case};
use super::lists::Lists;
use super::name::{self, Class};
use super::number;
use crate::identifier::Label;
use crate::transform::draw::Draws;

/// Appends the stand-in of an organisation; false if there is nothing to draw for.
pub(super) fn write(lists: &Lists, label: Label, value: &str, draws: &Draws, out: &mut String) -> bool {
    let tokens = name::tokens(value);
    let mut words: Vec<(&str, String)> = tokens
        .iter()
        .filter(|token| token.class == Class::Word)
        .map(|token| (token.text, case::folded(token.text)))
        .filter(|(_, folded)| folded != "s")
        .collect();
    if words.is_empty() {
        return number::write(Label::OtherId, super::Checksums::Invalid, value, draws, out);
    }
    // `MGH`: another such, letter for letter.
    if let [(word, _)] = words.as_slice()
        && is_acronym(word)
    {
        return number::write(Label::OtherId, super::Checksums::Invalid, value, draws, out);
    }
    let case = Case::of(value);
    if words.first().is_some_and(|(_, folded)| folded == "the") {
        let (the, _) = words.remove(0);
        out.push_str(the);
        out.push(' ');
    }
    let head = head(&words);
    let mut key: Vec<&str> =
        words.iter().map(|(_, folded)| folded.as_str()).filter(|w| !is_generic(w) && !SMALL.contains(w)).collect();
    if key.is_empty() {
        key = words.iter().map(|(_, folded)| folded.as_str()).collect();
    }
    // `Mercy` and `Mercy Hospital` are the same place, as far as can be told.
    let key = key.join(" ");
    let mut draw = draws.of("organisation", &key);
    let folded: Vec<String> = words.iter().map(|(_, folded)| folded.clone()).collect();
    case.write(lists.surname(&mut draw, &folded), out);
    let head = words.get(head).unwrap_or_default();
    if head.is_empty() {
        let kinds = if label == Label::Facility { FACILITIES } else { EMPLOYERS };
        out.push(' ');
        case.rewrite(draw.pick(kinds).copied().unwrap_or("Center"), out);
    }
    for (word, _) in head {
        out.push(' ');
        out.push_str(word);
    }
    true
}

/// The words that say what it is: from the last head noun, or the first if nothing else goes before it, back over all
/// that goes with it. Empty if there is none.
fn head(words: &[(&str, String)]) -> std::ops::Range<usize> {
    let is_head = |at: &usize| words.get(*at).is_some_and(|(_, word)| HEADS.contains(&word.as_str()));
    // `Hospital of the University of Pennsylvania`
    let first = if is_head(&0) && words.get(1).is_some_and(|(_, word)| matches!(word.as_str(), "of" | "for" | "at")) {
        Some(0)
    } else {
        (0..words.len()).rfind(is_head)
    };
    let Some(noun) = first else { return 0..0 };
    let before = (0..noun).rev().take_while(|at| words.get(*at).is_some_and(|(_, word)| is_generic(word))).count();
    noun - before.min(3)..noun + 1
}

fn is_generic(word: &str) -> bool {
    HEADS.contains(&word) || GENERIC.contains(&word)
}

/// Two to six capitals.
fn is_acronym(word: &str) -> bool {
    (2..=6).contains(&word.chars().count())
        && word.chars().all(char::is_uppercase)
        && !HEADS.contains(&&*case::folded(word))
        && (word.chars().count() <= 3 || !word.contains(['A', 'E', 'I', 'O', 'U']))
}

const SMALL: &[&str] = &["of", "the", "and", "at", "for", "in", "on"];

/// Nouns that say what an organisation is.
const HEADS: &[&str] = &[
    "hospital",
    "hospitals",
    "clinic",
    "clinics",
    "center",
    "centre",
    "centers",
    "ctr",
    "infirmary",
    "hospice",
    "pharmacy",
    "drugstore",
    "drugs",
    "laboratory",
    "laboratories",
    "lab",
    "labs",
    "practice",
    "associates",
    "institute",
    "sanatorium",
    "home",
    "homes",
    "house",
    "manor",
    "lodge",
    "residence",
    "village",
    "shelter",
    "school",
    "academy",
    "college",
    "university",
    "kindergarten",
    "preschool",
    "daycare",
    "prison",
    "jail",
    "penitentiary",
    "camp",
    "church",
    "temple",
    "synagogue",
    "mosque",
    "chapel",
    "cathedral",
    "parish",
    "ministry",
    "ministries",
    "club",
    "court",
    "department",
    "dept",
    "office",
    "agency",
    "bureau",
    "council",
    "foundation",
    "society",
    "association",
    "union",
    "league",
    "team",
    "bank",
    "company",
    "co",
    "corporation",
    "corp",
    "inc",
    "llc",
    "llp",
    "ltd",
    "group",
    "partners",
    "industries",
    "enterprises",
    "services",
    "service",
    "systems",
    "system",
    "solutions",
    "technologies",
    "logistics",
    "construction",
    "plumbing",
    "electric",
    "motors",
    "foods",
    "farm",
    "farms",
    "ranch",
    "dairy",
    "bakery",
    "restaurant",
    "diner",
    "cafe",
    "grill",
    "bar",
    "hotel",
    "motel",
    "inn",
    "store",
    "stores",
    "market",
    "markets",
    "mill",
    "mills",
    "plant",
    "factory",
    "works",
    "shop",
    "garage",
    "library",
    "museum",
    "theater",
    "theatre",
    "studio",
    "gym",
    "salon",
    "tower",
    "building",
    "pavilion",
    "hall",
    "wing",
    "unit",
    "ward",
    "terrace",
    "gardens",
    "rehab",
    "rehabilitation",
    "imaging",
    "radiology",
    "dialysis",
    "surgery",
    "surgicenter",
    "care",
    "health",
    "healthcare",
    "medicine",
    "pediatrics",
    "cardiology",
    "oncology",
    "orthopedics",
    "dentistry",
    "dental",
    "police",
    "fire",
    "station",
    "brewery",
    "trucking",
    "transport",
    "realty",
    "insurance",
    "law",
    "firm",
    "fellowship",
    "assembly",
    "nursery",
    "apartments",
    "hosp",
    "elementary",
    "high",
    "trust",
    "dermatology",
    "neurology",
    "courthouse",
    "lawyers",
    "staffing",
    "resort",
    "lines",
    "seafoods",
    "snf",
];

/// What may stand before such a noun and says no more than it.
const GENERIC: &[&str] = &[
    "medical",
    "general",
    "regional",
    "community",
    "memorial",
    "county",
    "city",
    "state",
    "municipal",
    "district",
    "university",
    "children",
    "childrens",
    "women",
    "womens",
    "veterans",
    "va",
    "health",
    "care",
    "urgent",
    "primary",
    "family",
    "surgical",
    "surgery",
    "nursing",
    "skilled",
    "assisted",
    "living",
    "rehabilitation",
    "rehab",
    "cancer",
    "heart",
    "eye",
    "dental",
    "dialysis",
    "imaging",
    "sleep",
    "pain",
    "wound",
    "mental",
    "behavioral",
    "psychiatric",
    "correctional",
    "detention",
    "elementary",
    "primary",
    "middle",
    "junior",
    "senior",
    "high",
    "public",
    "community",
    "technical",
    "day",
    "summer",
    "police",
    "fire",
    "sheriff",
    "sheriffs",
    "law",
    "baptist",
    "methodist",
    "lutheran",
    "presbyterian",
    "episcopal",
    "catholic",
    "first",
    "united",
    "retirement",
    "convalescent",
    "outpatient",
    "ambulatory",
    "emergency",
    "physical",
    "therapy",
    "internal",
    "family",
    "practice",
    "medicine",
    "group",
    "physicians",
    "pediatric",
    "recovery",
    "treatment",
    "adult",
    "senior",
    "homeless",
    "auto",
    "body",
    "hardware",
    "grocery",
    "construction",
    "insurance",
];

/// For a facility that does not say what it is.
const FACILITIES: &[&str] = &["Center", "Medical Center", "Clinic", "House"];
/// For an employer that does not say what it is.
const EMPLOYERS: &[&str] = &["Company", "Group", "Industries", "Services", "Associates"];
