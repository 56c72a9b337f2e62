//! Codes for values: looked up, and for those that are new drawn, sealed and written.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use redb::ReadableTable;

use super::super::lines::Stored;
use super::super::seal::{DataKey, Index, OwnerId};
use super::super::{Code, Owner, Request, ScopeTag, VaultError};
use super::block::{self, Kind};
use super::group::{Fresh, Outcome, Submission};
use super::recent::{At, Recent, Staged};
use super::store::{KEYS, RUNS, Snapshot, fault, guarded};
use super::{Embedded, View, about, merge};

impl Embedded {
    /// The codes, durable; `None` when the vault was changed meanwhile and all is to be done again.
    pub(super) fn try_exchange(&self, requests: &[Request<'_>]) -> Result<Option<Vec<Code>>, VaultError> {
        let view = self.view();
        let indices = indices(&view, requests);
        let mut codes = vec![None; requests.len()];
        let mut missing = Vec::new();

        // What is recent moves to the segments only: what is not here, and is not in a later snapshot, is new.
        let known = self.known();
        if known.generation != view.generation {
            return Ok(None);
        }
        for (n, (index, code)) in indices.iter().zip(&mut codes).enumerate() {
            *code = known.recent.code(index);
            if code.is_none() {
                missing.push((u128::from_be_bytes(*index), n));
            }
        }
        if missing.is_empty() {
            return Ok(codes.into_iter().collect());
        }
        let snapshot = Snapshot::of(&self.db)?;
        drop(known);
        missing.sort_unstable();
        snapshot.finder(Kind::Index)?.find(&missing, |n: usize, row| {
            let (_, code) = block::read_index(row).ok_or(super::store::BLOCK)?;
            if let Some(slot) = codes.get_mut(n) {
                *slot = Some(code);
            }
            Ok(())
        })?;
        missing.retain(|(_, n)| codes.get(*n).is_some_and(Option::is_none));
        if missing.is_empty() {
            return Ok(codes.into_iter().collect());
        }

        let submission = self.stage(&view, &snapshot, requests, &missing)?;
        drop(snapshot);
        let written = match self.group.submit(submission, |group| self.write(group)) {
            Outcome::Written(written) => written,
            Outcome::Again => return Ok(None),
            Outcome::Failed(error) => return Err(error),
        };
        for (same, code) in missing.chunk_by(|(a, _), (b, _)| a == b).zip(written) {
            for (_, n) in same {
                if let Some(slot) = codes.get_mut(*n) {
                    *slot = Some(code);
                }
            }
        }
        self.merge_if_due();
        Ok(codes.into_iter().collect())
    }

    /// Draws codes for what is missing, and seals it: one entry for each value, in the order of `missing`.
    pub(super) fn stage(
        &self,
        view: &View,
        snapshot: &Snapshot,
        requests: &[Request<'_>],
        missing: &[(u128, usize)],
    ) -> Result<Submission, VaultError> {
        let mut submission = Submission { generation: view.generation, ..Submission::default() };
        let mut owners: HashMap<Owner, (OwnerId, Arc<DataKey>)> = HashMap::new();
        let mut scopes: HashMap<Option<[u8; 32]>, ScopeTag> = HashMap::new();
        let distinct = missing.chunk_by(|(a, _), (b, _)| a == b).filter_map(<[_]>::first);
        let codes = fresh_codes(snapshot, distinct.clone().count())?;
        let mut sealed = Vec::new();
        for ((index, n), code) in distinct.zip(codes) {
            let Some(request) = requests.get(*n) else { continue };
            let (owner, key) = match owners.get(&request.owner) {
                Some((owner, key)) => (*owner, key),
                None => {
                    let owner = view.secrets.owner(request.owner);
                    let key = match self.key(view, snapshot, &owner)? {
                        Some(key) => key,
                        None => {
                            let key = Arc::new(DataKey::generate()?);
                            let wrapped = key.wrap(view.masters.current(), view.secrets.id(), &owner)?;
                            submission.keys.push((owner, wrapped, key.clone()));
                            key
                        }
                    };
                    (owner, &owners.entry(request.owner).or_insert((owner, key)).1)
                }
            };
            let scope = *scopes.entry(request.scope).or_insert_with(|| view.secrets.scope_tag(request.scope.as_ref()));
            let Request { label, flags, .. } = *request;
            let index = index.to_be_bytes();
            let mut stored = Stored { code, index, owner, label, flags, scope, sealed: &[] };
            sealed.clear();
            key.seal(&about(&stored, &view.secrets), request.content, &mut sealed)?;
            stored.sealed = &sealed;
            block::write_entry(&stored, &mut submission.rows);
            submission.entries.push(Fresh { index, code, label, end: submission.rows.len() });
        }
        Ok(submission)
    }

    /// Writes the submissions of a group in one transaction.
    pub(super) fn write(&self, group: &[Submission]) -> Vec<Outcome> {
        let failed = match guarded(|| self.write_group(group)) {
            Ok(outcomes) => return outcomes,
            Err(error) => error,
        };
        if matches!(failed, VaultError::Damaged(_)) {
            self.broken.store(true, Ordering::Release);
        }
        let mut outcomes: Vec<Outcome> = group.iter().skip(1).map(|_| Outcome::Failed(again(&failed))).collect();
        outcomes.insert(0, Outcome::Failed(failed));
        outcomes
    }

    fn write_group(&self, group: &[Submission]) -> Result<Vec<Outcome>, VaultError> {
        let _writing = self.writing();
        let txn = self.db.begin_write().map_err(fault)?;
        let snapshot = Snapshot::of(&self.db)?;
        let mut counts = snapshot.counts()?;
        let mut staged = Staged::default();
        let mut outcomes = Vec::with_capacity(group.len());
        // The rows that are written, with where each will be.
        let (mut rows, mut entries) = (Vec::new(), Vec::new());
        let mut new_keys = Vec::new();

        let known = self.known();
        let mut keys = txn.open_table(KEYS).map_err(fault)?;
        for submission in group {
            if submission.generation != known.generation {
                outcomes.push(Outcome::Again);
                continue;
            }
            let mut fits =
                submission.entries.iter().all(|entry| known.recent.at(entry.code).is_none() && !staged.has(entry.code));
            for (owner, ..) in &submission.keys {
                // Another thread was first to make a data key for that owner.
                fits &= keys.get(owner.as_bytes()).map_err(fault)?.is_none();
            }
            if !fits {
                outcomes.push(Outcome::Again);
                continue;
            }
            for (owner, wrapped, key) in &submission.keys {
                keys.insert(owner.as_bytes(), wrapped.as_slice()).map_err(fault)?;
                new_keys.push((*owner, key));
            }
            let mut codes = Vec::with_capacity(submission.entries.len());
            for (entry, row) in submission.rows() {
                let there = known.recent.code(&entry.index).or_else(|| staged.code(&entry.index));
                codes.push(there.unwrap_or(entry.code));
                if there.is_none() {
                    staged.insert(entry.index, entry.code);
                    counts.add(entry.label);
                    rows.push(row);
                    entries.push((entry.index, entry.code));
                }
            }
            outcomes.push(Outcome::Written(codes));
        }
        drop(keys);
        let mut run = known.next_run;
        drop(known);

        if rows.is_empty() && new_keys.is_empty() {
            txn.abort().map_err(fault)?;
            return Ok(outcomes);
        }
        let mut places = Vec::with_capacity(rows.len());
        let mut runs = txn.open_table(RUNS).map_err(fault)?;
        merge::pack_runs(rows.into_iter(), |block, count| {
            runs.insert(run, block).map_err(fault)?;
            places.extend((0..count).map(|row| At { run, row }));
            run = run.checked_add(1).ok_or_else(|| VaultError::Database("too many runs".to_owned()))?;
            Ok(())
        })?;
        drop(runs);
        counts.store(&txn)?;
        txn.commit().map_err(fault)?;

        // Durable: now others may find it.
        let mut known = self.known_mut();
        known.next_run = run;
        for ((index, code), at) in entries.into_iter().zip(places) {
            known.recent.insert(index, code, at);
        }
        let mut cached = self.cached_keys();
        for (owner, key) in new_keys {
            cached.put(owner, key.clone());
        }
        Ok(outcomes)
    }

    /// A merge that fails changes nothing; the next one may do it, or the next exchange say what is wrong.
    fn merge_if_due(&self) {
        if self.known().recent.len() < self.sizes.merge_at {
            return;
        }
        let _writing = self.writing();
        if self.known().recent.len() >= self.sizes.merge_at {
            let _ = self.merge();
        }
    }

    fn merge(&self) -> Result<(), VaultError> {
        let txn = merge::merge(&self.db, &Snapshot::of(&self.db)?)?;
        let mut known = self.known_mut();
        txn.commit().map_err(fault)?;
        known.recent = Recent::default();
        known.next_run = 0;
        known.generation += 1;
        Ok(())
    }
}

/// The index of each request.
fn indices(view: &View, requests: &[Request<'_>]) -> Vec<Index> {
    let mut held: Option<(Option<[u8; 32]>, Owner, super::super::seal::Indexer)> = None;
    let mut indices = Vec::with_capacity(requests.len());
    for request in requests {
        let indexer = match &held {
            Some((scope, owner, indexer)) if *scope == request.scope && *owner == request.owner => indexer,
            _ => {
                let indexer = view.secrets.indexer(request.scope.as_ref(), &request.owner);
                &held.insert((request.scope, request.owner, indexer)).2
            }
        };
        indices.push(indexer.index(request));
    }
    indices
}

/// That many codes, all different, none of which is in a segment. (Whether one is recent is seen when it is written.)
fn fresh_codes(snapshot: &Snapshot, count: usize) -> Result<Vec<Code>, VaultError> {
    let finder = snapshot.finder(Kind::Entries)?;
    loop {
        let codes = draw(count)?;
        let mut sorted: Vec<(u128, ())> = codes.iter().map(|code| (u128::from(code.number()), ())).collect();
        sorted.sort_unstable();
        let mut taken = !sorted.is_sorted_by(|(a, ()), (b, ())| a < b);
        finder.find(&sorted, |(), _| {
            taken = true;
            Ok(())
        })?;
        if !taken {
            return Ok(codes);
        }
    }
}

/// As [`Code::draw`], many at once: asking the system for each takes longer than sealing.
fn draw(count: usize) -> Result<Vec<Code>, VaultError> {
    let mut bytes = vec![0; 8 * count];
    getrandom::fill(&mut bytes).map_err(|_| VaultError::Random)?;
    let numbers = bytes.as_chunks().0.iter().map(|bytes| u64::from_le_bytes(*bytes) >> (64 - Code::BITS));
    numbers.map(|number| Code::new(number).ok_or(VaultError::Random)).collect()
}

/// The same error once more, for the others of a group.
fn again(error: &VaultError) -> VaultError {
    match error {
        VaultError::Io(error) => VaultError::Io(std::io::Error::new(error.kind(), error.to_string())),
        VaultError::Full(error) => VaultError::Full(std::io::Error::new(error.kind(), error.to_string())),
        VaultError::Damaged(what) => VaultError::Damaged(what),
        VaultError::Random => VaultError::Random,
        other => VaultError::Database(other.to_string()),
    }
}
