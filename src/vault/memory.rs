//! A vault that is gone with the process: for tests, and for what is to be turned back within one run only.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::lines::{self, LineWriter, Stored};
use super::seal::{About, DataKey, Index, Masters, OwnerId, Secrets};
use super::{Code, Entry, Owner, Request, ScopeTag, Stats, Vault, VaultError, Verified};
use crate::identifier::Label;
use crate::secret::Keyring;

/// Sealed as any other vault, so that its copies are those of any other vault.
pub struct Memory(Mutex<Held>);

struct Held {
    masters: Masters,
    secrets: Secrets,
    keys: HashMap<OwnerId, DataKey>,
    codes: HashMap<Code, Sealed>,
    index: HashMap<Index, Code>,
}

struct Sealed {
    index: Index,
    owner: OwnerId,
    label: Label,
    flags: u8,
    scope: ScopeTag,
    sealed: Vec<u8>,
}

impl Memory {
    /// An empty one.
    ///
    /// # Errors
    ///
    /// When there are no random numbers.
    pub fn new(keys: &Keyring) -> Result<Memory, VaultError> {
        Ok(Memory(Mutex::new(Held::new(Masters::of(keys), Secrets::generate()?))))
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Vault for Memory {
    fn exchange(&self, requests: &[Request<'_>], out: &mut Vec<Code>) -> Result<(), VaultError> {
        let mut held = self.held();
        let before = out.len();
        for request in requests {
            match held.exchange(request) {
                Ok(code) => out.push(code),
                Err(error) => {
                    out.truncate(before);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    fn open(&self, codes: &[Code], out: &mut Vec<Option<Entry>>) -> Result<(), VaultError> {
        let held = self.held();
        let entries: Result<Vec<_>, _> = codes.iter().map(|code| held.open(*code)).collect();
        out.extend(entries?);
        Ok(())
    }

    fn known(&self, codes: &[Code], out: &mut Vec<Option<Label>>) -> Result<(), VaultError> {
        let held = self.held();
        out.extend(codes.iter().map(|code| held.codes.get(code).map(|sealed| sealed.label)));
        Ok(())
    }

    fn scope_tag(&self, scope: Option<&[u8; 32]>) -> ScopeTag {
        self.held().secrets.scope_tag(scope)
    }

    fn stats(&self) -> Result<Stats, VaultError> {
        let held = self.held();
        let mut stats =
            Stats { kind: "memory", key: held.masters.current().id().to_owned(), bytes: None, ..Stats::default() };
        for sealed in held.codes.values() {
            stats.entries[sealed.label as usize] += 1;
        }
        for owner in held.keys.keys() {
            stats.owners[owner.kind()] += 1;
        }
        Ok(stats)
    }

    fn verify(&self, progress: &mut dyn FnMut(u64)) -> Result<Verified, VaultError> {
        let held = self.held();
        let mut found = Verified::default();
        for (n, (code, sealed)) in (1..).zip(&held.codes) {
            let opens = held.open(*code).is_ok_and(|entry| entry.is_some());
            match held.index.get(&sealed.index) {
                _ if !opens => found.damaged += 1,
                Some(there) if there == code => found.sound += 1,
                _ => found.lost += 1,
            }
            progress(n);
        }
        Ok(found)
    }

    fn shred(&self, owner: Owner) -> Result<u64, VaultError> {
        let mut held = self.held();
        let owner = held.secrets.owner(owner);
        held.keys.remove(&owner);
        let before = held.codes.len();
        held.codes.retain(|_, sealed| sealed.owner != owner);
        let Held { codes, index, .. } = &mut *held;
        index.retain(|_, code| codes.contains_key(code));
        Ok((before - held.codes.len()) as u64)
    }

    fn rotate(&self, keys: &Keyring) -> Result<u64, VaultError> {
        let mut held = self.held();
        let masters = Masters::of(keys);
        masters.of_wrapped(&held.secrets.wrap(held.masters.current())?)?;
        held.masters = masters;
        Ok(held.keys.len() as u64 + 1)
    }

    fn export(&self, out: &mut dyn Write) -> Result<u64, VaultError> {
        let held = self.held();
        let master = held.masters.current();
        let mut lines = LineWriter::new(out, &held.secrets.wrap(master)?)?;
        for (owner, key) in &held.keys {
            lines.key(owner, &key.wrap(master, held.secrets.id(), owner)?)?;
        }
        for (code, entry) in &held.codes {
            let Sealed { index, owner, label, flags, scope, ref sealed } = *entry;
            lines.entry(&Stored { code: *code, index, owner, label, flags, scope, sealed })?;
        }
        lines.finish()
    }

    fn import(&self, from: &mut dyn Read) -> Result<u64, VaultError> {
        let mut held = self.held();
        if !held.codes.is_empty() || !held.keys.is_empty() {
            return Err(VaultError::NotEmpty);
        }
        let mut taken = Taken { masters: held.masters.clone(), held: None };
        let entries = lines::read(from, &mut taken)?;
        *held = taken.held.ok_or(DAMAGED)?;
        Ok(entries)
    }
}

impl Held {
    fn new(masters: Masters, secrets: Secrets) -> Held {
        Held { masters, secrets, keys: HashMap::new(), codes: HashMap::new(), index: HashMap::new() }
    }

    fn exchange(&mut self, request: &Request<'_>) -> Result<Code, VaultError> {
        let index = self.secrets.index(request);
        if let Some(code) = self.index.get(&index) {
            return Ok(*code);
        }
        let mut code = Code::draw()?;
        while self.codes.contains_key(&code) {
            code = Code::draw()?;
        }
        let owner = self.secrets.owner(request.owner);
        let Request { label, flags, .. } = *request;
        let scope = self.secrets.scope_tag(request.scope.as_ref());
        let mut entry = Sealed { index, owner, label, flags, scope, sealed: Vec::new() };
        let about = entry.about(code, &self.secrets);
        let key = match self.keys.entry(owner) {
            std::collections::hash_map::Entry::Occupied(key) => key.into_mut(),
            std::collections::hash_map::Entry::Vacant(none) => none.insert(DataKey::generate()?),
        };
        key.seal(&about, request.content, &mut entry.sealed)?;
        self.index.insert(index, code);
        self.codes.insert(code, entry);
        Ok(code)
    }

    fn open(&self, code: Code) -> Result<Option<Entry>, VaultError> {
        let Some(entry) = self.codes.get(&code) else { return Ok(None) };
        let key = self.keys.get(&entry.owner).ok_or(VaultError::Damaged("a data key is missing"))?;
        let content = key.open(&entry.about(code, &self.secrets), &entry.sealed)?;
        Ok(Some(Entry { label: entry.label, flags: entry.flags, scope: entry.scope, content }))
    }
}

impl Sealed {
    fn about(&self, code: Code, secrets: &Secrets) -> About {
        let Sealed { index, owner, label, flags, scope, .. } = *self;
        About { vault: *secrets.id(), code, owner, label, flags, scope, index }
    }
}

/// What an import has read so far.
struct Taken {
    masters: Masters,
    held: Option<Held>,
}

impl lines::Sink for Taken {
    fn head(&mut self, wrapped_secret: &[u8]) -> Result<(), VaultError> {
        let secrets = Secrets::unwrap(wrapped_secret, &self.masters)?;
        self.held = Some(Held::new(self.masters.clone(), secrets));
        Ok(())
    }

    fn key(&mut self, owner: OwnerId, wrapped: &[u8]) -> Result<(), VaultError> {
        let held = self.held.as_mut().ok_or(DAMAGED)?;
        let key = DataKey::unwrap(wrapped, &held.masters, held.secrets.id(), &owner)?;
        if held.keys.insert(owner, key).is_none() { Ok(()) } else { Err(DAMAGED) }
    }

    fn entry(&mut self, entry: &Stored<'_>) -> Result<(), VaultError> {
        let held = self.held.as_mut().ok_or(DAMAGED)?;
        let Stored { code, index, owner, label, flags, scope, sealed } = *entry;
        let new = held.index.insert(index, code).is_none();
        let entry = Sealed { index, owner, label, flags, scope, sealed: sealed.to_vec() };
        if !new || held.codes.insert(code, entry).is_some() {
            return Err(DAMAGED);
        }
        held.open(code).map(|_| ())
    }
}

const DAMAGED: VaultError = VaultError::Damaged("the copy was cut off or changed");

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::tests;
    use super::*;

    #[test]
    fn keeps_what_every_vault_promises() {
        tests::contract(&Memory::new(&tests::keys()).unwrap());
    }

    #[test]
    fn a_copy_is_the_whole_or_nothing() {
        let new = || Memory::new(&tests::keys()).unwrap();
        tests::copies(&new(), &new);
    }
}
