//! A state in place of a city, where there is no doubt which: `Peoria, IL` becomes `Illinois`.

use super::geography::{Gazetteer, State, key};
use crate::identifier::Label;

/// Appends what stands for `value` a level up: the state, in full, for a city, county or borough.
///
/// The state is the one that the value names (`Peoria, IL`), or the one that a place of this name is in beyond doubt: it
/// has ten times the inhabitants of all others of the name, here and abroad. Returns false, and appends nothing, where
/// neither is so, and for every other label. Nothing of the value itself is written.
pub(crate) fn generalise(label: Label, value: &str, out: &mut String) -> bool {
    if label != Label::City || value.len() > MAX_LEN {
        return false;
    }
    let Some(state) = state_of(value) else { return false };
    out.push_str(state.name);
    true
}

/// The state that a place is in.
fn state_of(value: &str) -> Option<&'static State> {
    let mut parts: Vec<&str> = value.split(SEPARATORS).map(without_tail).filter(|part| !part.is_empty()).collect();
    let last = parts.pop()?;
    if parts.is_empty() { alone(last) } else { named_after(&parts, last) }
}

/// `part` without ZIP code and country at its end.
fn without_tail(part: &str) -> &str {
    let mut part = part.trim();
    // `Paris, France` keeps its country: it is not in the United States.
    while let Some(tail) = part.rsplit(char::is_whitespace).next().filter(|tail| !tail.is_empty()) {
        let zip = tail.len() >= 5 && tail.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        let country = matches!(key(tail).as_str(), "usa" | "us");
        if !zip && !country {
            break;
        }
        part = part.get(..part.len() - tail.len()).unwrap_or_default().trim_end();
    }
    let whole = key(part);
    if matches!(whole.as_str(), "united states" | "united states of america") { "" } else { part }
}

/// A place after which, behind a comma, stands what may be its state.
fn named_after(places: &[&str], last: &str) -> Option<&'static State> {
    let gazetteer = Gazetteer::embedded();
    let mut name = key(last);
    if name.split(' ').all(|word| word.len() == 1) {
        name.retain(|c| c != ' '); // N. Y.
    }
    let state = gazetteer.state(&name)?;
    // `stayed in Peoria, in`: an English word in lower case is no abbreviation by itself.
    let word = !last.contains(char::is_uppercase) && is_word(&name);
    for (i, part) in places.iter().enumerate() {
        let part = place_key(part);
        if !part.contains(char::is_alphabetic) {
            return None;
        }
        let place = gazetteer.place(&part);
        let known = place.and_then(|place| place.state);
        let agrees = known == Some(state);
        // `Houston, MS` is a town; `Houston, Dallas, MS` and `Peoria, IL, TX` are no one's.
        let list = places.len() > 1 && (known.is_some() && !agrees || i > 0 && gazetteer.state(&part).is_some());
        if list || word && !agrees || place.is_some_and(|place| !agrees && !place.can_be_in(state)) {
            return None;
        }
    }
    Some(state)
}

/// A place alone, or followed by its state without a comma.
fn alone(value: &str) -> Option<&'static State> {
    let gazetteer = Gazetteer::embedded();
    let whole = place_key(value);
    if whole == "dc" || whole == "washington dc" {
        return gazetteer.state("dc");
    }
    if let Some(place) = gazetteer.place(&whole) {
        return place.state;
    }
    let words: Vec<&str> = value.split_whitespace().collect();
    // The longest first: `West Virginia`, `Virginia`.
    for len in (1..=MAX_STATE_WORDS).rev() {
        let Some((place, tail)) = words.len().checked_sub(len).and_then(|at| words.split_at_checked(at)) else {
            continue;
        };
        let name = key(&tail.join(" "));
        let (Some(state), [_, ..]) = (gazetteer.state(&name), place) else { continue };
        if place.last().is_some_and(|word| word.len() == 2 && gazetteer.state(&key(word)).is_some()) {
            return None; // Chicago IL TX
        }
        let known = gazetteer.place(&place_key(&place.join(" ")));
        // Without the comma, only capitals that are no word say by themselves that a state stands there: `Green MT`,
        // `East LA` and `Fort Washington` do not.
        let postal = tail.concat().replace('.', "") == state.abbr && !is_word(&name);
        let agrees = known.and_then(|place| place.state) == Some(state);
        let fits = agrees || postal && known.is_none_or(|place| place.state.is_none() && place.can_be_in(state));
        return fits.then_some(state);
    }
    None
}

/// [`key`] without what stands before the name: `City of Chicago`, `County of Cook`.
fn place_key(name: &str) -> String {
    let whole = key(name);
    if let Some(county) = whole.strip_prefix("county of ") {
        return format!("{county} county");
    }
    let kinds = ["the city of ", "city of ", "town of ", "village of ", "borough of "];
    let rest = kinds.iter().find_map(|kind| whole.strip_prefix(kind)).map(str::to_owned);
    rest.unwrap_or(whole)
}

/// Abbreviations that are also a word, a part of a name, or another abbreviation.
fn is_word(abbr: &str) -> bool {
    matches!(
        abbr,
        "al" | "as"
            | "co"
            | "de"
            | "hi"
            | "id"
            | "in"
            | "la"
            | "ma"
            | "me"
            | "mi"
            | "mp"
            | "mt"
            | "oh"
            | "ok"
            | "or"
            | "pa"
            | "vi"
            | "ill"
            | "mass"
            | "miss"
            | "ore"
            | "wash"
            | "ark"
            | "ala"
            | "ind"
    )
}

/// Between a place and its state.
const SEPARATORS: [char; 7] = [',', ';', '(', ')', '[', ']', '/'];
/// Words of the longest name of a state.
const MAX_STATE_WORDS: usize = 3;
/// Bytes of the longest value that is looked at; names of places are shorter.
const MAX_LEN: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    fn general(value: &str) -> Option<String> {
        let mut out = String::from("|");
        let done = generalise(Label::City, value, &mut out);
        assert!(done || out == "|", "{value}: appended and refused");
        done.then(|| out.split_off(1))
    }

    #[test]
    fn a_city_becomes_its_state() {
        for (value, want) in [
            ("Peoria, IL", "Illinois"),
            ("Peoria, il", "Illinois"),
            ("Peoria, Ill.", "Illinois"),
            ("Peoria, Illinois", "Illinois"),
            ("peoria, illinois", "Illinois"),
            ("PEORIA IL", "Illinois"),
            ("Peoria (IL)", "Illinois"),
            ("Peoria, IL 61602", "Illinois"),
            ("Peoria, IL 61602-1234, USA", "Illinois"),
            ("Peoria, IL, United States", "Illinois"),
            ("Peoria, Peoria County, Illinois", "Illinois"),
            ("Albany, N.Y.", "New York"),
            ("Albany, N. Y.", "New York"),
            ("Springfield, MA", "Massachusetts"),
            ("Portland, OR", "Oregon"),
            ("Paris, TX", "Texas"),
            ("Paris, Texas", "Texas"),
            ("Nevada, Missouri", "Missouri"),
            ("Delaware, OH", "Ohio"),
            ("Kansas City, MO", "Missouri"),
            ("Kansas City KS", "Kansas"),
            ("Houston, MS", "Mississippi"),
            ("Parkersburg West Virginia", "West Virginia"),
            ("Wheeling, West Virginia", "West Virginia"),
            ("Washington, DC", "District of Columbia"),
            ("Washington, D.C.", "District of Columbia"),
            ("Washington DC", "District of Columbia"),
            ("San Juan, PR", "Puerto Rico"),
            ("Denver CO", "Colorado"),
            ("Denver Colorado", "Colorado"),
            ("Chicago", "Illinois"),
            ("CHICAGO", "Illinois"),
            ("City of Chicago", "Illinois"),
            ("Minneapolis", "Minnesota"),
            ("Ft. Worth", "Texas"),
            ("Fort Worth", "Texas"),
            ("Rocky MT", "North Carolina"), // Rocky Mount
            ("St. Petersburg, FL", "Florida"),
            ("Winston Salem", "North Carolina"),
            ("Virginia Beach", "Virginia"),
            ("Oklahoma City", "Oklahoma"),
            ("New York", "New York"),
            ("New York City", "New York"),
            ("Brooklyn", "New York"),
            ("the Bronx", "New York"),
            ("Maricopa County", "Arizona"),
            ("County of Maricopa", "Arizona"),
            ("Orleans Parish", "Louisiana"),
            ("Los Angeles", "California"),
        ] {
            assert_eq!(general(value).unwrap_or_default(), want, "{value}");
        }
    }

    #[test]
    fn a_doubtful_one_does_not() {
        for value in [
            "",
            " ",
            ",",
            "IL",
            "61602",
            "Illinois",
            "Delaware",
            "Nevada",
            "Washington",
            "Kansas",
            // In several states.
            "Peoria",
            "Springfield",
            "Portland",
            "Columbus",
            "Kansas City",
            "Cook County",
            "Washington County",
            "Kings County",
            // Also abroad.
            "Birmingham",
            "Cambridge",
            "Paris",
            "London",
            "San Jose",
            "Toledo",
            "St. Petersburg",
            "San Antonio",
            // Not here at all.
            "Toronto",
            "Mumbai",
            "Paris, France",
            "London, Ontario",
            "London, UK",
            "Berlin, DE",
            "Perth, WA",
            "Mumbai, IN",
            "Tbilisi, Georgia",
            "Chennai, TN",
            "Casablanca, MA",
            "Berlin DE",
            "北京",
            "Москва",
            // A word is no state.
            "Springfield, ma",
            "Springfield MA",
            "Green MT",
            "Wheeling West Virginia",
            "East LA",
            "Fort Washington",
            "Cook CO",
            "Peoria, in",
            "Springfield or",
            "Lake Oregon",
            // Several places, or none.
            "Chicago, Dallas",
            "Chicago, Dallas, TX",
            "Peoria, IL, TX",
            "Minneapolis/St. Paul",
            "Chicago IL TX",
            "12, IL",
            // Words that are names of small places.
            "Hope",
            "Grace",
            "Mercy",
            "clinic",
            "home",
            "Jackson",
            "Zzyzzyville",
            "Peoria Heights Road",
            "Chicago Heights Medical",
        ] {
            assert_eq!(general(value), None, "{value}");
        }
        assert_eq!(general(&format!("{}, IL", "a".repeat(300))), None);
    }

    #[test]
    fn only_a_city_is_generalised() {
        for label in Label::ALL.into_iter().filter(|label| *label != Label::City) {
            let mut out = String::new();
            assert!(!generalise(label, "Peoria, IL", &mut out), "{}", label.name());
            assert_eq!(out, "");
        }
    }

    proptest::proptest! {
        #[test]
        fn only_a_state_is_written(value in "\\PC*|([A-Za-z. ]{0,12}[,( ]){0,4}(IL|texas|N\\.Y\\.|in|USA|60614)?") {
            if let Some(state) = general(&value) {
                proptest::prop_assert!(Gazetteer::embedded().state(&key(&state)).is_some_and(|s| s.name == state));
            }
        }
    }
}
