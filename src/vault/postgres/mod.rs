//! The vault that several machines share, in tables of a Postgres database.
//!
//! What is sealed with what is as in every vault; see `seal`. The database sees keyed digests, sealed values,
//! labels and lengths, and it decides who was first: one value has one code because its index is unique.
//!
//! Every writer holds an advisory lock of the vault until it commits: those that give codes share it, those that take codes
//! or keys away (shred, rotate, import) hold it alone. Codes are kept in memory too, with the stamp of the vault that they
//! were read with. Each call reads the stamp again, in the same round trip as the codes it lacks; where the stamp is another
//! one, what was kept counts no more. A code that was shredded anywhere is thus given to nobody who asks after that, and a
//! server that was restored from a copy is not taken for the one it was before.
//!
//! A process keeps the data keys it has used, and goes on when another one rotates the master key; what it has not used by
//! then it cannot open, and says which key it would need. It forgets keys that were shredded elsewhere when it next gives
//! codes. What Postgres keeps of deleted rows (until VACUUM, in its log, in copies) holds wrapped keys and sealed values
//! only, but the master key opens them: rotate it after a shredding that must be final, and let old copies go.
//!
//! Calls block, and must not be made from within an asynchronous task.

mod address;
mod rows;
mod session;
mod tables;
#[cfg(test)]
mod tests;
mod upkeep;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;
use std::io::{Read, Write};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use lru::LruCache;
use postgres::Client;
use postgres::types::Type;

use self::address::Address;
use self::rows::{GONE, NO_KEY, OwnerRow, Place, Rows, Stored, cell, code_of, label_of, number};
use self::session::{Fault, Session, Sessions};
use super::seal::{About, DataKey, Index, Indexer, Masters, OwnerId, Secrets, VaultId};
use super::{Code, Entry, Owner, Request, ScopeTag, Stats, Vault, VaultError, Verified};
use crate::identifier::Label;
use crate::secret::Keyring;

/// A vault in Postgres, 12 or newer.
pub struct Postgres {
    sessions: Sessions,
    opened: RwLock<Arc<Opened>>,
    codes: Mutex<Kept>,
    held: Mutex<LruCache<OwnerId, Held>>,
}

/// The keys of the vault.
struct Opened {
    masters: Masters,
    secrets: Secrets,
}

/// Codes that were read under one stamp.
struct Kept {
    stamp: Stamp,
    codes: LruCache<Index, Code>,
}

/// Says that codes that were there are still there, when it is the same as before. Starts with the vault's id.
#[derive(Clone, PartialEq, Eq, Default)]
struct Stamp(Vec<u8>);

/// A data key, and the random number of the row that it was read from: a key that takes its place has another.
#[derive(Clone)]
struct Held {
    number: i64,
    key: Arc<DataKey>,
}

/// An index, and the first request of the call that has it.
type Wanted = (Index, usize);

impl Postgres {
    /// Opens the vault that `url` names, and makes one there if there is none.
    ///
    /// `url` is `postgres://USER:PASSWORD@HOST:PORT/DATABASE`; `?sslmode=verify-full` and `&sslrootcert=FILE` ask for TLS,
    /// which hosts on a network get in any case, and `&schema=NAME` names the schema of the tables (`deidre`).
    ///
    /// # Errors
    ///
    /// When the database does not let us in, the vault there is of a newer version, or `keys` has not the key that wraps
    /// it. No error holds the password.
    pub fn connect(url: &str, keys: &Keyring) -> Result<Postgres, VaultError> {
        let masters = Masters::of(keys);
        let sessions = Sessions::new(Address::parse(url)?);
        let schema = sessions.schema().to_owned();
        let secret = sessions.first(|client| match header(client, &schema)? {
            Some(secret) => Ok(secret),
            None => make(client, &schema, &masters),
        })?;
        let secrets = Secrets::unwrap(&secret, &masters)?;
        Ok(Postgres {
            sessions,
            opened: RwLock::new(Arc::new(Opened { masters, secrets })),
            codes: Mutex::new(Kept { stamp: Stamp::default(), codes: LruCache::new(KEPT) }),
            held: Mutex::new(LruCache::new(HELD)),
        })
    }

    /// The codes of `wanted`, sorted by index; those that have none yet get one.
    fn codes(
        &self,
        session: &mut Session,
        opened: &Opened,
        requests: &[Request<'_>],
        wanted: &[Wanted],
    ) -> Result<HashMap<Index, Code>, Fault> {
        let (before, mut codes) = self.kept(wanted);
        let lacking = wanted.iter().map(|(index, _)| index).filter(|index| !codes.contains_key(*index));
        let (mut stamp, mut read) = session.look_up(lacking)?;
        opened.check(&stamp)?;
        if stamp != before {
            self.forget_shredded(session)?;
            if !codes.is_empty() {
                codes.clear();
                (stamp, read) = session.look_up(wanted.iter().map(|(index, _)| index))?;
                opened.check(&stamp)?;
            }
        }
        let missing = wanted.iter().filter(|(index, _)| !codes.contains_key(index) && !read.contains_key(index));
        let missing: Vec<Wanted> = missing.copied().collect();
        if !missing.is_empty() {
            read.extend(self.mint(session, opened, &stamp, requests, &missing)?);
        }
        self.keep(stamp, &read);
        codes.extend(read);
        Ok(codes)
    }

    /// Gives codes to values that had none when `stamp` was read; another process may be first with some.
    fn mint(
        &self,
        session: &mut Session,
        opened: &Opened,
        stamp: &Stamp,
        requests: &[Request<'_>],
        missing: &[Wanted],
    ) -> Result<HashMap<Index, Code>, Fault> {
        session.begin_shared(opened.lock())?;
        let mut left: Vec<(Wanted, OwnerId)> = Vec::with_capacity(missing.len());
        let mut before: Option<(Owner, OwnerId)> = None;
        for (index, at) in missing {
            let Some(owner) = requests.get(*at).map(|request| request.owner) else { continue };
            let name = match before {
                Some((same, name)) if same == owner => name,
                _ => opened.secrets.owner(owner),
            };
            before = Some((owner, name));
            left.push(((*index, *at), name));
        }
        // In one order in all processes: they wait for each other, and never in a ring.
        let names: BTreeSet<OwnerId> = left.iter().map(|(_, name)| *name).collect();
        let keys = self.keys_to_seal(session, opened, stamp, &Vec::from_iter(names))?;

        let mut codes = HashMap::with_capacity(missing.len());
        for _ in 0..DRAWS {
            for slice in left.chunks(rows::ROWS) {
                let rows = sealed(opened, requests, &keys, slice)?;
                codes.extend(session.insert(&rows)?);
            }
            left.retain(|((index, _), _)| !codes.contains_key(index));
            if !left.is_empty() {
                // Another process was first with these, or their code was taken: then they get another one.
                codes.extend(session.look_up(left.iter().map(|((index, _), _)| index))?.1);
                left.retain(|((index, _), _)| !codes.contains_key(index));
            }
            if left.is_empty() {
                session.commit()?;
                return Ok(codes);
            }
        }
        Err(Fault::Again("codes were taken"))
    }

    /// The data keys of `names`; those that have none yet get one. The lock must be held.
    fn keys_to_seal(
        &self,
        session: &mut Session,
        opened: &Opened,
        stamp: &Stamp,
        names: &[OwnerId],
    ) -> Result<HashMap<OwnerId, Held>, Fault> {
        for _ in 0..DRAWS {
            let owners = session.owners(names)?;
            opened.check(&owners.stamp)?;
            if owners.stamp != *stamp {
                return Err(Fault::Again("keys were shredded or changed meanwhile"));
            }
            let mut keys = HashMap::with_capacity(names.len());
            for row in &owners.rows {
                keys.insert(row.name, self.held(opened, row)?);
            }
            if keys.len() == names.len() {
                return Ok(keys);
            }
            // Wrapped with what wraps the vault: that may be an older key of the ring, until the vault is rotated.
            let master = opened.masters.of_wrapped(secret_key(&owners.secret)?)?;
            let mut new = Vec::with_capacity(names.len() - keys.len());
            for name in names.iter().filter(|name| !keys.contains_key(name)) {
                let wrapped = DataKey::generate()?.wrap(master, opened.secrets.id(), name)?;
                new.push(OwnerRow { number: random_number()?, name: *name, wrapped });
            }
            // What counts is what stands there then: another process may be first.
            session.insert_owners(&new)?;
        }
        Err(Fault::Again("data keys were made at the same time"))
    }

    /// The data key of a row.
    fn held(&self, opened: &Opened, row: &OwnerRow) -> Result<Held, VaultError> {
        if let Some(held) = locked(&self.held).get(&row.name).filter(|held| held.number == row.number) {
            return Ok(held.clone());
        }
        let key = DataKey::unwrap(&row.wrapped, &opened.masters, opened.secrets.id(), &row.name)?;
        let held = Held { number: row.number, key: Arc::new(key) };
        locked(&self.held).put(row.name, held.clone());
        Ok(held)
    }

    /// The data keys that open `rows`, by the number of their row, and what was wrong with one that cannot be had.
    fn keys_to_open(
        &self,
        session: &mut Session,
        opened: &Opened,
        rows: &[Stored],
    ) -> Result<(HashMap<i64, Held>, Option<VaultError>), Fault> {
        let mut error = None;
        let mut keys = HashMap::new();
        let mut lacking = HashMap::new();
        for row in rows {
            let Some(name) = row.owner else { continue };
            if keys.contains_key(&row.number) || lacking.contains_key(&row.number) {
                continue;
            }
            match locked(&self.held).get(&name).filter(|held| held.number == row.number) {
                Some(held) => drop(keys.insert(row.number, held.clone())),
                None => drop(lacking.insert(row.number, name)),
            }
        }
        if lacking.is_empty() {
            return Ok((keys, None));
        }
        let numbers: Vec<i64> = lacking.keys().copied().collect();
        let text = session.text(tables::WRAPPED);
        for row in session.client.query_typed(&text, &[(&numbers, Type::INT8_ARRAY)])? {
            let number = cell(&row, 0)?;
            let Some(name) = lacking.get(&number) else { continue };
            match self.held(opened, &OwnerRow { number, name: *name, wrapped: cell(&row, 1)? }) {
                Ok(held) => drop(keys.insert(number, held)),
                Err(wrong) => error = Some(wrong),
            }
        }
        Ok((keys, error))
    }

    /// Drops data keys that were shredded by another process.
    fn forget_shredded(&self, session: &mut Session) -> Result<(), Fault> {
        let numbers: Vec<i64> = locked(&self.held).iter().map(|(_, held)| held.number).collect();
        if numbers.is_empty() {
            return Ok(());
        }
        let text = session.text(tables::GONE);
        let gone = session.client.query_typed(&text, &[(&numbers, Type::INT8_ARRAY)])?;
        let gone = gone.iter().map(|row| cell(row, 0)).collect::<Result<HashSet<i64>, _>>()?;
        let mut held = locked(&self.held);
        let names: Vec<OwnerId> =
            held.iter().filter(|(_, held)| gone.contains(&held.number)).map(|(name, _)| *name).collect();
        for name in names {
            held.pop(&name);
        }
        Ok(())
    }

    /// The stamp of what is kept, and what of `wanted` is.
    fn kept(&self, wanted: &[Wanted]) -> (Stamp, HashMap<Index, Code>) {
        let mut kept = locked(&self.codes);
        let codes = wanted.iter().filter_map(|(index, _)| Some((*index, *kept.codes.get(index)?))).collect();
        (kept.stamp.clone(), codes)
    }

    /// Keeps codes that were read under `stamp`.
    fn keep(&self, stamp: Stamp, codes: &HashMap<Index, Code>) {
        let mut kept = locked(&self.codes);
        if kept.stamp != stamp {
            kept.codes.clear();
            kept.stamp = stamp;
        }
        for (index, code) in codes {
            kept.codes.put(*index, *code);
        }
    }

    fn opened(&self) -> Arc<Opened> {
        Arc::clone(&self.opened.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Vault for Postgres {
    fn exchange(&self, requests: &[Request<'_>], out: &mut Vec<Code>) -> Result<(), VaultError> {
        if requests.is_empty() {
            return Ok(());
        }
        let opened = self.opened();
        let indices = opened.indices(requests);
        let mut wanted: Vec<Wanted> = indices.iter().copied().zip(0..).collect();
        // Sorted: writers wait for each other, and never in a ring.
        wanted.sort_unstable();
        wanted.dedup_by_key(|(index, _)| *index);
        let codes = self.sessions.run(|session| self.codes(session, &opened, requests, &wanted))?;
        let start = out.len();
        out.extend(indices.iter().filter_map(|index| codes.get(index)));
        if out.len() - start == requests.len() {
            return Ok(());
        }
        out.truncate(start);
        Err(VaultError::Damaged("values that were stored are not found"))
    }

    fn open(&self, codes: &[Code], out: &mut Vec<Option<Entry>>) -> Result<(), VaultError> {
        let opened = self.opened();
        let numbers: Vec<i64> = codes.iter().copied().map(number).collect();
        let entries = self.sessions.run(|session| {
            let text = session.text(tables::OPEN);
            let rows = session.client.query_typed(&text, &[(&numbers, Type::INT8_ARRAY)])?;
            let rows = rows.iter().map(Stored::read).collect::<Result<Vec<_>, _>>()?;
            let (keys, error) = self.keys_to_open(session, &opened, &rows)?;
            if let Some(error) = error {
                return Err(error.into());
            }
            let keyed = rows.into_iter().map(|row| {
                let Some(name) = row.owner else {
                    return Err(NO_KEY.into());
                };
                // Shredded since the rows were read, by all that is known: they are read again.
                let held = keys.get(&row.number).ok_or(Fault::Again("an owner was shredded"))?.clone();
                Ok((row.code, (row, name, held)))
            });
            keyed.collect::<Result<HashMap<_, _>, Fault>>()
        })?;
        let start = out.len();
        for code in codes {
            let entry =
                entries.get(code).map(|(row, name, held)| row.open(opened.secrets.id(), name, &held.key)).transpose();
            match entry {
                Ok(entry) => out.push(entry),
                Err(error) => {
                    out.truncate(start);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    fn known(&self, codes: &[Code], out: &mut Vec<Option<Label>>) -> Result<(), VaultError> {
        let numbers: Vec<i64> = codes.iter().copied().map(number).collect();
        let labels = self.sessions.run(|session| {
            let text = session.text(tables::KNOWN);
            let rows = session.client.query_typed(&text, &[(&numbers, Type::INT8_ARRAY)])?;
            let labels = rows.iter().map(|row| Ok((code_of(cell(row, 0)?)?, label_of(cell(row, 1)?)?)));
            Ok(labels.collect::<Result<HashMap<_, _>, VaultError>>()?)
        })?;
        out.extend(codes.iter().map(|code| labels.get(code).copied()));
        Ok(())
    }

    fn scope_tag(&self, scope: Option<&[u8; 32]>) -> ScopeTag {
        self.opened().secrets.scope_tag(scope)
    }

    fn stats(&self) -> Result<Stats, VaultError> {
        self.count()
    }

    fn verify(&self, progress: &mut dyn FnMut(u64)) -> Result<Verified, VaultError> {
        self.look_through(progress)
    }

    fn shred(&self, owner: Owner) -> Result<u64, VaultError> {
        self.shred_owner(owner)
    }

    fn rotate(&self, keys: &Keyring) -> Result<u64, VaultError> {
        let masters = Masters::of(keys);
        self.rewrap(&masters.clone(), masters)
    }

    fn export(&self, out: &mut dyn Write) -> Result<u64, VaultError> {
        self.write_all(out)
    }

    fn import(&self, from: &mut dyn Read) -> Result<u64, VaultError> {
        self.read_all(from)
    }
}

// What is in it is keys.
impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres").field("schema", &self.sessions.schema()).finish_non_exhaustive()
    }
}

impl Opened {
    /// Fails if another vault is where this one was.
    fn check(&self, stamp: &Stamp) -> Result<(), VaultError> {
        if stamp.0.starts_with(self.secrets.id()) {
            Ok(())
        } else {
            Err(VaultError::Damaged("another vault stands in the place of the one that was opened; open it anew"))
        }
    }

    fn indices(&self, requests: &[Request<'_>]) -> Vec<Index> {
        let mut before: Option<(Option<[u8; 32]>, Owner, Indexer)> = None;
        let mut indices = Vec::with_capacity(requests.len());
        for request in requests {
            let indexer = match before.take() {
                Some((scope, owner, indexer)) if scope == request.scope && owner == request.owner => indexer,
                _ => self.secrets.indexer(request.scope.as_ref(), &request.owner),
            };
            indices.push(indexer.index(request));
            before = Some((request.scope, request.owner, indexer));
        }
        indices
    }

    /// The number of the advisory lock.
    fn lock(&self) -> i64 {
        lock_of(self.secrets.id())
    }
}

/// Draws codes and seals.
fn sealed(
    opened: &Opened,
    requests: &[Request<'_>],
    keys: &HashMap<OwnerId, Held>,
    slice: &[(Wanted, OwnerId)],
) -> Result<Rows, VaultError> {
    let mut rows = Rows::default();
    let mut before: Option<(Option<[u8; 32]>, ScopeTag)> = None;
    for ((index, at), name) in slice {
        let (Some(request), Some(held)) = (requests.get(*at), keys.get(name)) else { continue };
        let scope = match before {
            Some((scope, tag)) if scope == request.scope => tag,
            _ => opened.secrets.scope_tag(request.scope.as_ref()),
        };
        before = Some((request.scope, scope));
        let Request { label, flags, .. } = *request;
        let (code, index) = (Code::draw()?, *index);
        let about = About { vault: *opened.secrets.id(), code, owner: *name, label, flags, scope, index };
        held.key.seal(
            &about,
            request.content,
            rows.push(Place { code, index, owner: held.number, label, flags, scope }),
        )?;
        rows.end();
    }
    Ok(rows)
}

/// The wrapped secret of the vault there; `None` if there is none.
fn header(client: &mut Client, schema: &str) -> Result<Option<Vec<u8>>, Fault> {
    let standing = client.query_typed_one(tables::STANDING, &[(&schema, Type::TEXT)])?;
    if !cell::<bool>(&standing, 1)? {
        return Ok(None);
    }
    let Some(row) = client.query_typed_opt(&tables::within(tables::HEADER, schema), &[])? else { return Ok(None) };
    let version: i32 = cell(&row, 0)?;
    if version != tables::VERSION {
        let text = format!("its tables are of version {version}, this program knows version {}", tables::VERSION);
        return Err(VaultError::Form(text).into());
    }
    Ok(Some(cell(&row, 1)?))
}

/// Makes what is missing of a vault, unless another process does at the same time; the wrapped secret.
fn make(client: &mut Client, schema: &str, masters: &Masters) -> Result<Vec<u8>, Fault> {
    client.batch_execute(&format!(
        "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SELECT pg_catalog.pg_advisory_xact_lock({})",
        tables::MAKING
    ))?;
    let standing = client.query_typed_one(tables::STANDING, &[(&schema, Type::TEXT)])?;
    if !cell::<bool>(&standing, 0)? {
        client.batch_execute(&tables::within(tables::MAKE_SCHEMA, schema))?;
    }
    if !cell::<bool>(&standing, 1)? {
        client.batch_execute(&tables::within(tables::MAKE, schema))?;
    }
    let secret = match header(client, schema)? {
        Some(secret) => secret,
        None => {
            let empty = client.query_typed_one(&tables::within(tables::EMPTY, schema), &[])?;
            if !cell::<bool>(&empty, 0)? {
                return Err(GONE.into());
            }
            let secret = Secrets::generate()?.wrap(masters.current())?;
            let text = tables::within(tables::INSERT_HEADER, schema);
            client.execute_typed(&text, &[(&tables::VERSION, Type::INT4), (&secret, Type::BYTEA)])?;
            secret
        }
    };
    client.batch_execute("COMMIT")?;
    Ok(secret)
}

/// The vault's secret as a wrapped key: without the id of the vault behind it.
fn secret_key(secret: &[u8]) -> Result<&[u8], VaultError> {
    secret.split_last_chunk::<{ size_of::<VaultId>() }>().map(|(key, _)| key).ok_or(GONE)
}

/// For the row of a data key, never given twice.
fn random_number() -> Result<i64, VaultError> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|_| VaultError::Random)?;
    Ok((u64::from_le_bytes(bytes) >> 1).cast_signed())
}

fn lock_of(vault: &VaultId) -> i64 {
    let (first, _) = vault.split_first_chunk::<8>().unwrap_or((&[0; 8], &[]));
    i64::from_le_bytes(*first)
}

fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is kept is whole between any two steps.
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Codes kept in memory: about a hundred bytes each.
const KEPT: NonZeroUsize = NonZeroUsize::new(1 << 18).unwrap();

/// Data keys kept in memory: about a kilobyte each.
const HELD: NonZeroUsize = NonZeroUsize::new(1 << 14).unwrap();

/// How often codes or keys are drawn: the chance that a code is taken is entries / 2^50.
const DRAWS: u32 = 8;
