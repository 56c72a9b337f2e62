//! A look through the whole vault: every entry is opened and looked up again, and every index row has its entry.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::lines::Stored;
use super::super::seal::{DataKey, Index, OwnerId};
use super::super::{Code, VaultError, Verified};
use super::block::{self, Block, Kind};
use super::merge::Runs;
use super::store::{BLOCK, Finder, Snapshot, fault};
use super::{Embedded, View, about};

impl Embedded {
    /// Of one moment; what is exchanged meanwhile is not looked at.
    pub(super) fn verify_all(&self, progress: &mut dyn FnMut(u64)) -> Result<Verified, VaultError> {
        let (view, snapshot) = {
            let known = self.known();
            (known.view(), Snapshot::of(&self.db)?)
        };
        let (index, entries) = (snapshot.finder(Kind::Index)?, snapshot.finder(Kind::Entries)?);
        let mut look = Look {
            view: &view,
            snapshot: &snapshot,
            keys: HashMap::new(),
            seen: 0,
            opened: Vec::new(),
            found: Verified::default(),
        };

        let runs = Runs::read(&snapshot)?;
        let mut recent: HashMap<Index, Code> = HashMap::new();
        for (_, block) in runs.blocks().flatten() {
            recent.extend(block.rows().filter_map(block::read_entry).map(|entry| (entry.index, entry.code)));
        }
        for block in runs.blocks() {
            look.open(block.ok().map(|(_, block)| block));
            progress(look.seen);
        }
        look.find(|opened| {
            Ok(opened.iter().filter(|(index, code)| recent.get(&index.to_be_bytes()) == Some(code)).count() as u64)
        })?;
        drop((runs, recent));
        for block in snapshot.blocks(Kind::Entries)?.range((0, 0)..).map_err(fault)? {
            let (_, block) = block.map_err(fault)?;
            look.open(Block::read(block.value()));
            if look.opened.len() >= MANY {
                look.find(|opened| matches(&index, opened))?;
            }
            progress(look.seen);
        }
        look.find(|opened| matches(&index, opened))?;

        // The other way round: values whose entry is missing.
        let (mut codes, mut lost) = (Vec::with_capacity(MANY), 0);
        for block in snapshot.blocks(Kind::Index)?.range((0, 0)..).map_err(fault)? {
            let (_, block) = block.map_err(fault)?;
            let Some(block) = Block::read(block.value()) else {
                lost += 1;
                continue;
            };
            for row in block.rows() {
                match block::read_index(row) {
                    Some((_, code)) => codes.push((u128::from(code.number()), ())),
                    None => lost += 1,
                }
            }
            if codes.len() >= MANY {
                lost += missing(&entries, &mut codes)?;
            }
        }
        look.found.lost += lost + missing(&entries, &mut codes)?;
        Ok(look.found)
    }
}

/// How many of the sorted pairs the index has.
fn matches(index: &Finder, pairs: &[(u128, Code)]) -> Result<u64, VaultError> {
    let mut there = 0;
    index.find(pairs, |code, row| {
        there += u64::from(block::read_index(row).ok_or(BLOCK)?.1 == code);
        Ok(())
    })?;
    Ok(there)
}

/// How many of `codes` have no entry; empties it.
fn missing(entries: &Finder, codes: &mut Vec<(u128, ())>) -> Result<u64, VaultError> {
    codes.sort_unstable();
    let mut there = 0;
    entries.find(codes, |(), _| {
        there += 1;
        Ok(())
    })?;
    let missing = (codes.len() as u64).saturating_sub(there);
    codes.clear();
    Ok(missing)
}

struct Look<'l> {
    view: &'l View,
    snapshot: &'l Snapshot,
    keys: HashMap<OwnerId, Option<Arc<DataKey>>>,
    seen: u64,
    /// Index and code of entries that open and are still to be looked up.
    opened: Vec<(u128, Code)>,
    found: Verified,
}

/// Entries that are looked up at once.
const MANY: usize = 1 << 16;

impl Look<'_> {
    /// Opens every row of a block.
    fn open(&mut self, block: Option<Block<'_>>) {
        let Some(block) = block else {
            self.found.damaged += 1;
            return;
        };
        for row in block.rows() {
            self.seen += 1;
            match block::read_entry(row) {
                Some(entry) if self.opens(&entry) => self.opened.push((u128::from_be_bytes(entry.index), entry.code)),
                _ => self.found.damaged += 1,
            }
        }
    }

    /// `again` tells how many of those that were opened, sorted, are found by their value.
    fn find(&mut self, again: impl FnOnce(&[(u128, Code)]) -> Result<u64, VaultError>) -> Result<(), VaultError> {
        self.opened.sort_unstable();
        let sound = again(&self.opened)?;
        self.found.sound += sound;
        self.found.lost += (self.opened.len() as u64).saturating_sub(sound);
        self.opened.clear();
        Ok(())
    }

    fn opens(&mut self, entry: &Stored<'_>) -> bool {
        // Keys are read from the file, not from memory: it is the file that is looked at.
        let key = self.keys.entry(entry.owner).or_insert_with(|| {
            let key = self.snapshot.key(&entry.owner, &self.view.masters, self.view.secrets.id());
            key.ok().flatten().map(Arc::new)
        });
        key.as_ref().is_some_and(|key| key.open(&about(entry, &self.view.secrets), entry.sealed).is_ok())
    }
}
