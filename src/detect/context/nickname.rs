//! Which names stand for one another in the United States: short and pet forms of English and Spanish names.
//!
//! Written for this project from common knowledge; no list was copied. A group holds names that one person may go by; a
//! name may stand in several groups.

use std::sync::OnceLock;

use crate::detect::{HashMap64, hash};

/// Calls `f` with the hash of every name that somebody with the name of that hash may go by; with the name itself not.
pub(super) fn each(name: u64, mut f: impl FnMut(u64)) {
    let table = table();
    for group in table.of.get(&name).map_or(&[][..], Vec::as_slice) {
        let members = table.groups.get(usize::from(*group)).map_or(&[][..], Vec::as_slice);
        members.iter().filter(|other| **other != name).for_each(|other| f(*other));
    }
}

struct Table {
    /// Groups by the hash of each of their names.
    of: HashMap64<Vec<u16>>,
    /// The names of each group, as hashes.
    groups: Vec<Vec<u64>>,
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut table = Table { of: HashMap64::default(), groups: Vec::new() };
        for (number, line) in (0..).zip(GROUPS.lines()) {
            let names: Vec<u64> = line.split_whitespace().map(|name| hash(name.as_bytes())).collect();
            for name in &names {
                table.of.entry(*name).or_default().push(number);
            }
            table.groups.push(names);
        }
        table
    })
}

/// A group a line, folded.
const GROUPS: &str = include_str!("nicknames.txt");

#[cfg(test)]
mod tests {
    use super::*;

    fn stands_for(name: &str, other: &str) -> bool {
        let mut found = false;
        each(hash(name.as_bytes()), |hash_of| found |= hash_of == hash(other.as_bytes()));
        found
    }

    #[test]
    fn names_stand_for_one_another() {
        for (name, other) in [
            ("margaret", "peggy"),
            ("peggy", "margaret"),
            ("william", "liam"),
            ("guadalupe", "lupita"),
            ("francisco", "paco"),
            ("winifred", "winnie"),
            ("cornelius", "neil"),
        ] {
            assert!(stands_for(name, other), "{name} {other}");
        }
        for (name, other) in
            [("margaret", "bill"), ("margaret", "margaret"), ("xyzzy", "peggy"), ("", "will"), ("seth", "will")]
        {
            assert!(!stands_for(name, other), "{name} {other}");
        }
    }

    #[test]
    fn groups_are_folded() {
        assert!(GROUPS.lines().count() > 300);
        assert!(GROUPS.bytes().all(|b| b.is_ascii_lowercase() || b == b' ' || b == b'\n'));
    }
}
