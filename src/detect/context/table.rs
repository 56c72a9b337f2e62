//! A small table from the hash of a word or number to what it is in a context. Cheap to make: one run of memory, no
//! word is kept.

/// What a word or number may be, as bits.
pub(super) type Roles = u16;

/// A name that persons are called by first.
pub(super) const GIVEN: Roles = 1;
/// A surname.
pub(super) const FAMILY: Roles = 2;
/// Any part of a name.
pub(super) const NAME: Roles = GIVEN | FAMILY;
/// As the record has it, and not a nickname of it or another spelling.
pub(super) const EXACT: Roles = 4;
/// The initials of a person, in the order of the name.
pub(super) const LETTERS: Roles = 8;
/// The initials of an organisation.
pub(super) const ACRONYM: Roles = 16;
/// The first word of a phrase.
pub(super) const PHRASE: Roles = 32;
/// A number, normalised.
pub(super) const NUMBER: Roles = 64;
/// The letters that a number begins with.
pub(super) const HEAD: Roles = 128;

/// The name of a month in which a date lies.
pub(super) const MONTH: Roles = 256;
/// The word that ages over 89 begin with, of a person who may be that old.
pub(super) const NINETY: Roles = 512;

/// Open addressing with linear steps.
///
/// Invariant: the number of slots is a power of two and more than twice the number of entries; a slot without roles is
/// empty. A slot holds the higher 48 bits of a hash and the roles in the others.
pub(super) struct Table {
    slots: Vec<u64>,
    entries: usize,
}

impl Default for Table {
    fn default() -> Self {
        Self { slots: vec![0; LEAST], entries: 0 }
    }
}

impl Table {
    /// Takes everything out; the room stays.
    pub(super) fn clear(&mut self) {
        self.slots.fill(0);
        self.entries = 0;
    }

    /// Adds roles to what `hash` has.
    pub(super) fn add(&mut self, hash: u64, roles: Roles) {
        if (self.entries + 1) * 2 >= self.slots.len() {
            let slots = vec![0; self.slots.len() * 4];
            let before = std::mem::replace(&mut self.slots, slots);
            self.entries = 0;
            before.into_iter().filter(|slot| slot & ROLES != 0).for_each(|slot| self.add(slot, slot as Roles));
        }
        let mask = self.slots.len() - 1;
        let mut at = place(hash);
        while let Some(slot) = self.slots.get_mut(at & mask) {
            if *slot & ROLES == 0 {
                *slot = hash & !ROLES | u64::from(roles);
                self.entries += 1;
                return;
            }
            if is(*slot, hash) {
                *slot |= u64::from(roles);
                return;
            }
            at += 1;
        }
    }

    /// The roles of `hash`, 0 for none.
    #[inline]
    pub(super) fn of(&self, hash: u64) -> Roles {
        let mask = self.slots.len() - 1;
        let mut at = place(hash);
        while let Some(slot) = self.slots.get(at & mask) {
            if slot & ROLES == 0 || is(*slot, hash) {
                return *slot as Roles;
            }
            at += 1;
        }
        0
    }
}

/// Where a slot keeps roles.
const ROLES: u64 = Roles::MAX as u64;

/// Whether a slot is that of `hash`.
fn is(slot: u64, hash: u64) -> bool {
    (slot ^ hash) <= ROLES
}

/// Other bits than those that the cache of words goes by.
fn place(hash: u64) -> usize {
    (hash >> 40) as usize
}

const LEAST: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_is_found_and_nothing_else() {
        let mut table = Table::default();
        let hash = |n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for n in 0..1000 {
            table.add(hash(n), GIVEN);
            table.add(hash(n), if n % 2 == 0 { FAMILY } else { PHRASE });
        }
        for n in 0..1000 {
            assert_eq!(table.of(hash(n)), GIVEN | if n % 2 == 0 { FAMILY } else { PHRASE });
        }
        assert!((1000..9000).all(|n| table.of(hash(n)) == 0));
        // Hashes that all begin at one slot.
        (1..40).for_each(|n| table.add(n << 16, HEAD));
        assert!((1..40).all(|n| table.of(n << 16) == HEAD) && table.of(40 << 16) == 0);
    }
}
