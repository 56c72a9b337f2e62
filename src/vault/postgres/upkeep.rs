//! What is done to a vault as a whole: counted, looked through, shredded, rewrapped, written out and taken in.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::sync::{Arc, PoisonError};

use postgres::types::Type;

use super::rows::{FORM, NO_KEY, OwnerRow, Owners, PAGE, Place, ROWS, Rows, Stored, cell, label_of};
use super::session::{Fault, Session};
use super::{Opened, Postgres, locked, random_number, tables};
use crate::vault::lines::{self, LineWriter, Sink};
use crate::vault::seal::{About, DataKey, Masters, OwnerId, Secrets, wrapping_id};
use crate::vault::{Owner, Stats, VaultError, Verified};

impl Postgres {
    pub(super) fn count(&self) -> Result<Stats, VaultError> {
        self.sessions.run(|session| {
            let mut stats = Stats { kind: "postgres", ..Stats::default() };
            session.begin_reading()?;
            let secret = session.owners(&[])?.secret;
            stats.key = wrapping_id(&secret)?.to_owned();
            for row in session.client.query_typed(&session.text(tables::COUNT_ENTRIES), &[])? {
                let label = label_of(cell(&row, 0)?)?;
                if let Some(entries) = stats.entries.get_mut(label as usize) {
                    *entries += cell::<i64>(&row, 1)?.cast_unsigned();
                }
            }
            for row in session.client.query_typed(&session.text(tables::COUNT_OWNERS), &[])? {
                let kind = usize::try_from(cell::<i32>(&row, 0)?).map_err(|_| FORM)?;
                *stats.owners.get_mut(kind).ok_or(FORM)? += cell::<i64>(&row, 1)?.cast_unsigned();
            }
            let bytes = session.client.query_typed_one(&session.text(tables::BYTES), &[])?;
            stats.bytes = u64::try_from(cell::<i64>(&bytes, 0)?).ok();
            session.commit()?;
            Ok(stats)
        })
    }

    pub(super) fn look_through(&self, progress: &mut dyn FnMut(u64)) -> Result<Verified, VaultError> {
        let opened = self.opened();
        self.sessions.run_once(|session| {
            session.begin_reading()?;
            opened.check(&session.owners(&[])?.stamp)?;
            let (mut found, mut seen, mut last) = (Verified::default(), 0, -1_i64);
            loop {
                let text = session.text(tables::OPEN_PAGE);
                let rows = session.client.query_typed(&text, &[(&last, Type::INT8), (&PAGE, Type::INT8)])?;
                let Some(end) = rows.last() else { break };
                last = cell(end, 0)?;
                let count = rows.len() as u64;
                let rows: Vec<Stored> = rows.iter().filter_map(|row| Stored::read(row).ok()).collect();
                let page = self.look_through_page(session, &opened, &rows)?;
                found.sound += page.sound;
                found.lost += page.lost;
                found.damaged += count - page.sound - page.lost;
                seen += count;
                progress(seen);
            }
            session.commit()?;
            Ok(found)
        })
    }

    /// What is neither sound nor lost is damaged.
    fn look_through_page(&self, session: &mut Session, opened: &Opened, rows: &[Stored]) -> Result<Verified, Fault> {
        let (keys, error) = self.keys_to_open(session, opened, rows)?;
        if let Some(error @ VaultError::WrongKey { .. }) = error {
            return Err(error.into());
        }
        let (_, codes) = session.look_up(rows.iter().map(|row| &row.index))?;
        let mut found = Verified::default();
        for row in rows {
            let (Some(name), Some(held)) = (row.owner, keys.get(&row.number)) else { continue };
            if row.open(opened.secrets.id(), &name, &held.key).is_err() {
                continue;
            }
            // An index of the database that was damaged finds it no more.
            if codes.get(&row.index) == Some(&row.code) { found.sound += 1 } else { found.lost += 1 }
        }
        Ok(found)
    }

    pub(super) fn shred_owner(&self, owner: Owner) -> Result<u64, VaultError> {
        let opened = self.opened();
        let name = opened.secrets.owner(owner);
        let shredded = self.sessions.run_once(|session| {
            session.begin_alone(opened.lock())?;
            opened.check(&session.owners(&[])?.stamp)?;
            let text = session.text(tables::SHRED_OWNER);
            let name: &[u8] = name.as_bytes();
            let Some(row) = session.client.query_typed_opt(&text, &[(&name, Type::BYTEA)])? else {
                return Ok(0);
            };
            let number: i64 = cell(&row, 0)?;
            let text = session.text(tables::SHRED_ENTRIES);
            let entries = session.client.execute_typed(&text, &[(&number, Type::INT8)])?;
            let text = session.text(tables::NEW_GENERATION);
            session.client.execute_typed(&text, &[])?;
            session.commit()?;
            Ok(entries)
        })?;
        locked(&self.held).pop(&name);
        Ok(shredded)
    }

    /// Unwraps with one of `from`, wraps with the current one of `to`, and goes on with `to`.
    pub(super) fn rewrap(&self, from: &Masters, to: Masters) -> Result<u64, VaultError> {
        let opened = self.opened();
        let (count, secrets) = self.sessions.run_once(|session| {
            session.begin_alone(opened.lock())?;
            let Owners { stamp, secret, .. } = session.owners(&[])?;
            opened.check(&stamp)?;
            let secrets = Secrets::unwrap(&secret, from)?;
            let (mut count, mut last) = (1, -1_i64);
            loop {
                let page = session.owner_page(last)?;
                let Some(end) = page.last() else { break };
                last = end.number;
                let mut numbers = Vec::with_capacity(page.len());
                let mut wrapped = Vec::with_capacity(page.len());
                for row in &page {
                    let key = DataKey::unwrap(&row.wrapped, from, secrets.id(), &row.name)?;
                    numbers.push(row.number);
                    wrapped.push(key.wrap(to.current(), secrets.id(), &row.name)?);
                }
                let text = session.text(tables::REWRAP);
                let done = session
                    .client
                    .execute_typed(&text, &[(&numbers, Type::INT8_ARRAY), (&wrapped, Type::BYTEA_ARRAY)])?;
                count += done;
            }
            let secret = secrets.wrap(to.current())?;
            let text = session.text(tables::REWRAP_HEADER);
            session.client.execute_typed(&text, &[(&secret, Type::BYTEA)])?;
            session.commit()?;
            Ok((count, secrets))
        })?;
        *self.opened.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Opened { masters: to, secrets });
        Ok(count)
    }

    pub(super) fn write_all(&self, out: &mut dyn Write) -> Result<u64, VaultError> {
        let opened = self.opened();
        self.sessions.run_once(|session| {
            session.begin_reading()?;
            let Owners { stamp, secret, .. } = session.owners(&[])?;
            opened.check(&stamp)?;
            let mut lines = LineWriter::new(out, &secret)?;
            let mut last = -1_i64;
            loop {
                let page = session.owner_page(last)?;
                let Some(end) = page.last() else { break };
                last = end.number;
                for row in &page {
                    lines.key(&row.name, &row.wrapped)?;
                }
            }
            let mut last = -1_i64;
            loop {
                let text = session.text(tables::OPEN_PAGE);
                let rows = session.client.query_typed(&text, &[(&last, Type::INT8), (&PAGE, Type::INT8)])?;
                let Some(end) = rows.last() else { break };
                last = cell(end, 0)?;
                for row in &rows {
                    let row = Stored::read(row)?;
                    lines.entry(&lines::Stored {
                        code: row.code,
                        index: row.index,
                        owner: row.owner.ok_or(NO_KEY)?,
                        label: row.label,
                        flags: row.flags,
                        scope: row.scope,
                        sealed: &row.sealed,
                    })?;
                }
            }
            session.commit()?;
            Ok(lines.finish()?)
        })
    }

    pub(super) fn read_all(&self, from: &mut dyn Read) -> Result<u64, VaultError> {
        let opened = self.opened();
        let (count, secrets) = self.sessions.run_once(|session| {
            session.begin_alone(opened.lock())?;
            opened.check(&session.owners(&[])?.stamp)?;
            let empty = session.client.query_typed_one(&session.text(tables::EMPTY), &[])?;
            if !cell::<bool>(&empty, 0)? {
                return Err(VaultError::NotEmpty.into());
            }
            let masters = &opened.masters;
            let mut taking = Taking {
                session,
                masters,
                secrets: None,
                owners: HashMap::new(),
                last: None,
                keys: Vec::new(),
                rows: Rows::default(),
            };
            let count = lines::read(from, &mut taking)?;
            taking.write_keys()?;
            taking.write_rows()?;
            let secrets = taking.secrets.take().ok_or(FORM)?;
            let session = taking.session;
            session.client.execute_typed(&session.text(tables::NEW_GENERATION), &[])?;
            session.commit()?;
            Ok((count, secrets))
        })?;
        let opened = Opened { masters: opened.masters.clone(), secrets };
        *self.opened.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(opened);
        Ok(count)
    }
}

/// Takes in a copy, within one transaction.
struct Taking<'s> {
    session: &'s mut Session,
    masters: &'s Masters,
    secrets: Option<Secrets>,
    /// The owners that were taken in: number and wrapped data key.
    owners: HashMap<OwnerId, (i64, Vec<u8>)>,
    /// The data key used last.
    last: Option<(OwnerId, DataKey)>,
    /// Owners to be written.
    keys: Vec<OwnerRow>,
    /// Entries to be written.
    rows: Rows,
}

impl Taking<'_> {
    fn write_keys(&mut self) -> Result<(), Fault> {
        let rows = std::mem::take(&mut self.keys);
        if self.session.insert_owners(&rows)? == rows.len() as u64 { Ok(()) } else { Err(TWICE.into()) }
    }

    fn write_rows(&mut self) -> Result<(), Fault> {
        let rows = std::mem::take(&mut self.rows);
        if self.session.insert(&rows)?.len() == rows.len() { Ok(()) } else { Err(TWICE.into()) }
    }
}

impl Sink for Taking<'_> {
    fn head(&mut self, wrapped_secret: &[u8]) -> Result<(), VaultError> {
        self.secrets = Some(Secrets::unwrap(wrapped_secret, self.masters)?);
        let text = self.session.text(tables::REWRAP_HEADER);
        let done = self.session.client.execute_typed(&text, &[(&wrapped_secret, Type::BYTEA)]);
        done.map(drop).map_err(|error| Fault::from(error).into())
    }

    fn key(&mut self, owner: OwnerId, wrapped: &[u8]) -> Result<(), VaultError> {
        let secrets = self.secrets.as_ref().ok_or(FORM)?;
        DataKey::unwrap(wrapped, self.masters, secrets.id(), &owner)?;
        let row = OwnerRow { number: random_number()?, name: owner, wrapped: wrapped.to_vec() };
        if self.owners.insert(owner, (row.number, wrapped.to_vec())).is_some() {
            return Err(TWICE);
        }
        self.keys.push(row);
        if self.keys.len() < ROWS { Ok(()) } else { Ok(self.write_keys()?) }
    }

    fn entry(&mut self, entry: &lines::Stored<'_>) -> Result<(), VaultError> {
        let secrets = self.secrets.as_ref().ok_or(FORM)?;
        let lines::Stored { code, index, owner, label, flags, scope, sealed } = *entry;
        let (number, wrapped) = self.owners.get(&owner).ok_or(NO_KEY)?;
        let key = match self.last.take() {
            Some((name, key)) if name == owner => key,
            _ => DataKey::unwrap(wrapped, self.masters, secrets.id(), &owner)?,
        };
        key.open(&About { vault: *secrets.id(), code, owner, label, flags, scope, index }, sealed)?;
        self.last = Some((owner, key));
        let place = Place { code, index, owner: *number, label, flags, scope };
        self.rows.push(place).extend_from_slice(sealed);
        self.rows.end();
        if self.rows.len() < ROWS { Ok(()) } else { Ok(self.write_rows()?) }
    }
}

const TWICE: VaultError = VaultError::Damaged("the copy holds something twice");
