//! What the actions know of places: which ZIP prefixes may stand, the states, and which state a city is in.
//!
//! The tables are embedded and read on first use; `dictionaries/SOURCES.md` says where they are from.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::detect::dictionary::fold;

/// Which three-digit ZIP prefixes may stand under 45 CFR 164.514(b)(2)(i)(B).
///
/// Those may whose area has more than 20,000 people by the newest figures of the Census Bureau *and* that are on none of
/// the lists of small areas made from the censuses of 2000 (printed in the guidance of the Office for Civil Rights), 2010
/// and 2020. The rule asks for the current figures only; the five prefixes that have grown since 2000 are left out so
/// that no published list finds one that should be gone.
pub(crate) struct Zip3Table {
    /// Indexed by prefix. Whatever the source does not name is false.
    may_stand: [bool; 1000],
}

/// A state of the United States as 45 CFR 160.103 has it: the fifty, the District of Columbia, Puerto Rico, the Virgin
/// Islands, Guam, American Samoa, the Northern Mariana Islands.
#[derive(PartialEq, Eq)]
pub(super) struct State {
    /// In full.
    pub(super) name: &'static str,
    /// Postal, upper case.
    pub(super) abbr: &'static str,
    /// The one before the postal ones, `Ill.`, or empty.
    ap: &'static str,
}

/// What is known of a place by its name.
#[derive(Default)]
pub(super) struct Place {
    /// The state that a place of this name is in, beyond doubt.
    pub(super) state: Option<&'static State>,
    /// A place of 100,000 and more outside the United States has the name; the states that also have one of it.
    pub(super) abroad: Option<&'static str>,
}

/// States and places.
pub(super) struct Gazetteer {
    /// By key of the name, of the postal abbreviation, and of the older one.
    states: HashMap<String, &'static State>,
    places: HashMap<&'static str, Place>,
}

impl Zip3Table {
    /// Where the table is from, for manifests of output.
    pub(crate) const NAME: &str =
        "US Census Bureau, ZIP prefixes of 20,000 people or fewer: 2020, with those of 2010 and 2000";

    /// Changes whenever the table does.
    pub(crate) const VERSION: &str = "2020.1";

    /// The table in the binary.
    pub(crate) fn embedded() -> &'static Zip3Table {
        static TABLE: LazyLock<Zip3Table> = LazyLock::new(|| Zip3Table::parse(ZIP3));
        &TABLE
    }

    /// Whether the three digits may stand. False for whatever is not in the table.
    pub(crate) fn may_stand(&self, prefix: &str) -> bool {
        number(prefix).and_then(|n| self.may_stand.get(n)).is_some_and(|may| *may)
    }

    /// Reads rows of prefix, flag of the newest figures, flag of Census 2000. A row that does not fit keeps its prefix out.
    fn parse(source: &str) -> Zip3Table {
        let mut may_stand = [false; 1000];
        for line in source.lines().skip(1) {
            let mut fields = line.split('\t');
            let prefix = fields.next().and_then(number).and_then(|n| may_stand.get_mut(n));
            if let (Some(prefix), Some("0"), Some("0")) = (prefix, fields.next(), fields.next()) {
                *prefix = true;
            }
        }
        Zip3Table { may_stand }
    }
}

impl Gazetteer {
    /// The tables in the binary.
    pub(super) fn embedded() -> &'static Gazetteer {
        static TABLE: LazyLock<Gazetteer> = LazyLock::new(Gazetteer::read);
        &TABLE
    }

    /// The state of a name (`illinois`), postal abbreviation (`il`) or older one (`ill`), given as a [`key`].
    pub(super) fn state(&self, key: &str) -> Option<&'static State> {
        self.states.get(key).copied()
    }

    /// The place of a name, given as a [`key`].
    pub(super) fn place(&self, key: &str) -> Option<&Place> {
        let key = ALIASES.iter().find(|(alias, _)| *alias == key).map_or(key, |(_, name)| name);
        self.places.get(key)
    }

    fn read() -> Gazetteer {
        static ALL: LazyLock<Vec<State>> = LazyLock::new(|| STATES.lines().skip(1).filter_map(State::parse).collect());
        let mut states = HashMap::new();
        for state in ALL.iter() {
            for name in [state.name, state.abbr, state.ap].into_iter().filter(|name| !name.is_empty()) {
                states.insert(key(name), state);
            }
        }
        let by_abbr: HashMap<&str, &'static State> = ALL.iter().map(|state| (state.abbr, state)).collect();
        let mut places: HashMap<&'static str, Place> = HashMap::new();
        for line in CITY_STATES.lines().skip(1) {
            let mut fields = line.split('\t');
            let (Some(name), Some(kind), Some(of)) = (fields.next(), fields.next(), fields.next()) else { continue };
            let place = places.entry(name).or_default();
            match kind {
                "city" | "county" => place.state = by_abbr.get(of).copied(),
                _ => place.abroad = Some(of),
            }
        }
        Gazetteer { states, places }
    }
}

impl State {
    /// Reads a row; `None` for what is no state now: Dakota, Orleans, the Philippines, and the freely associated states.
    fn parse(line: &'static str) -> Option<State> {
        let mut fields = line.split('\t');
        let (name, abbr) = (fields.next()?, fields.next()?);
        let no_state = matches!(abbr, "DK" | "OL" | "PI" | "FM" | "MH" | "PW");
        (!no_state).then(|| State { name, abbr, ap: fields.next().unwrap_or_default() })
    }
}

impl Place {
    /// Whether a place of this name can be in `state`: not when a large place abroad has it and none in the state has.
    pub(super) fn can_be_in(&self, state: &State) -> bool {
        self.abroad.is_none_or(|states| states.split(' ').any(|abbr| abbr == state.abbr))
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.abbr)
    }
}

/// What a place is looked up by: lower case without diacritics, points and apostrophes; hyphens are spaces; `saint`,
/// `fort` and `mount` are `st`, `ft` and `mt`. As `place_key` in `dictionaries/trim.py`.
pub(super) fn key(name: &str) -> String {
    let mut folded = Vec::new();
    fold(name, &mut folded);
    let folded = String::from_utf8_lossy(&folded);
    let mut key = String::with_capacity(folded.len());
    for word in folded.split(|c: char| c.is_whitespace() || matches!(c, '-' | '\u{2012}' | '\u{2013}')) {
        let word = word.replace(['.', '\''], "");
        if word.is_empty() {
            continue;
        }
        if !key.is_empty() {
            key.push(' ');
        }
        key.push_str(match word.as_str() {
            "saint" => "st",
            "fort" => "ft",
            "mount" => "mt",
            other => other,
        });
    }
    key
}

/// The number of a prefix of three digits.
fn number(prefix: &str) -> Option<usize> {
    let three = prefix.len() == 3 && prefix.bytes().all(|b| b.is_ascii_digit());
    three.then(|| prefix.parse().ok()).flatten()
}

/// Other names of places that there is no doubt of, and the name in the table. The state of New York is the same answer.
const ALIASES: [(&str, &str); 3] = [("new york", "new york city"), ("nyc", "new york city"), ("bronx", "the bronx")];

const ZIP3: &str = include_str!("../../dictionaries/sources/zip3.tsv");
const STATES: &str = include_str!("../../dictionaries/sources/states_us.tsv");
const CITY_STATES: &str = include_str!("../../dictionaries/sources/city_states.tsv");

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use std::collections::BTreeSet;

    use sha2::{Digest, Sha256};

    use super::*;

    const CENSUS_2000: &str = "036 059 063 102 203 556 692 790 821 823 830 831 878 879 884 890 893";
    const CENSUS_2010: &str = "036 059 102 203 205 369 556 692 821 823 878 879 884 893";
    const CENSUS_2020: &str = "036 059 102 202 203 204 205 369 556 692 753 772 821 823 878 879 884 893";

    #[test]
    fn prefixes_on_any_published_list_may_not_stand() {
        let lists = [(CENSUS_2000, 17), (CENSUS_2010, 14), (CENSUS_2020, 18)];
        let table = Zip3Table::embedded();
        let mut listed = BTreeSet::from(["008", "969"]);
        for (list, len) in lists {
            assert_eq!(list.split(' ').count(), len);
            listed.extend(list.split(' '));
            for prefix in list.split(' ') {
                assert!(!table.may_stand(prefix), "{prefix}");
            }
        }
        // And of those in the table, no others: 871 of 896 may.
        let known = ZIP3.lines().skip(1).filter_map(|line| line.get(..3));
        let out: BTreeSet<&str> = known.filter(|prefix| !table.may_stand(prefix)).collect();
        assert_eq!(out, listed);
        assert_eq!(table.may_stand.iter().filter(|may| **may).count(), 871);
    }

    #[test]
    fn what_is_not_in_the_table_may_not_stand() {
        let table = Zip3Table::embedded();
        for prefix in
            ["000", "001", "004", "090", "099", "192", "340", "962", "", "6", "60", "6061", "6a6", "+60", "６０６"]
        {
            assert!(!table.may_stand(prefix), "{prefix}");
        }
        for prefix in ["006", "010", "070", "100", "331", "576", "606", "900", "995", "999"] {
            assert!(table.may_stand(prefix), "{prefix}");
        }
        for row in ["606", "606\t1\t0", "606\t0\t1", "606\t\t0", "606\t0", "60\t0\t0", "6060\t0\t0", "x06\t0\t0"] {
            assert!(!Zip3Table::parse(&format!("zip3\n{row}\n")).may_stand("606"), "{row}");
        }
        assert!(Zip3Table::parse("zip3\n606\t0\t0\n").may_stand("606"));
    }

    #[test]
    fn the_version_stands_for_these_bytes() {
        let digest: String = Sha256::digest(ZIP3).iter().take(8).map(|b| format!("{b:02x}")).collect();
        assert_eq!(
            (Zip3Table::VERSION, digest.as_str()),
            ("2020.1", "9c83896754317179"),
            "a new table needs a new VERSION"
        );
    }

    #[test]
    fn every_row_of_the_gazetteer_is_read() {
        let gazetteer = Gazetteer::embedded();
        assert_eq!(STATES.lines().skip(1).filter_map(State::parse).count(), 56);
        for line in CITY_STATES.lines().skip(1) {
            let fields: Vec<&str> = line.split('\t').collect();
            let [name, kind, of] = fields[..] else { panic!("{line}") };
            assert_eq!(key(name), name);
            let place = gazetteer.place(name).unwrap();
            match kind {
                "city" | "county" => assert_eq!(place.state.unwrap().abbr, of, "{name}"),
                "abroad" => assert_eq!(place.abroad, Some(of), "{name}"),
                other => panic!("{other}"),
            }
        }
        assert!(CITY_STATES.len() <= 400_000);
    }

    #[test]
    fn keys_meet_however_a_name_is_written() {
        for (a, b) in [
            ("Saint Petersburg", "St. Petersburg"),
            ("ST PETERSBURG", "st. petersburg"),
            ("Ft. Worth", "Fort Worth"),
            ("Mt Vernon", "Mount  Vernon"),
            ("Coeur d\u{2019}Alene", "COEUR DALENE"),
            ("Winston-Salem", "Winston Salem"),
            ("Cañon City", "canon city"),
            ("D.C.", "dc"),
        ] {
            assert_eq!(key(a), key(b));
        }
        for (a, b) in
            [("Fort Worth", "Worth"), ("Saint Paul", "Sainte Paul"), ("Mountain View", "Mt View"), ("East St", "East")]
        {
            assert_ne!(key(a), key(b));
        }
    }
}
