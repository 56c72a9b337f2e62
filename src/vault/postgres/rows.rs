//! Rows of the tables: what is read of them, what is written to them.

use std::collections::HashMap;

use postgres::Row;
use postgres::types::{FromSql, ToSql, Type};

use super::session::{Fault, Session};
use super::{Stamp, tables};
use crate::identifier::Label;
use crate::vault::seal::{About, DataKey, Index, OwnerId, VaultId};
use crate::vault::{Code, Entry, ScopeTag, VaultError};

/// An entry as it is stored.
pub(super) struct Stored {
    pub(super) code: Code,
    pub(super) index: Index,
    /// The number of the owner's row.
    pub(super) number: i64,
    /// `None` if it has no row.
    pub(super) owner: Option<OwnerId>,
    pub(super) label: Label,
    pub(super) flags: u8,
    pub(super) scope: ScopeTag,
    pub(super) sealed: Vec<u8>,
}

/// Rows to insert, by column.
#[derive(Default)]
pub(super) struct Rows {
    places: Vec<Place>,
    /// All sealed values one behind the other, and where each ends.
    sealed: Vec<u8>,
    ends: Vec<usize>,
}

/// An entry but for its sealed value.
pub(super) struct Place {
    pub(super) code: Code,
    pub(super) index: Index,
    /// The number of the owner's row.
    pub(super) owner: i64,
    pub(super) label: Label,
    pub(super) flags: u8,
    pub(super) scope: ScopeTag,
}

/// The header and some owners, of one moment.
pub(super) struct Owners {
    pub(super) stamp: Stamp,
    /// The vault's secret, wrapped.
    pub(super) secret: Vec<u8>,
    pub(super) rows: Vec<OwnerRow>,
}

/// An owner as it is stored.
pub(super) struct OwnerRow {
    /// Random, never given twice.
    pub(super) number: i64,
    pub(super) name: OwnerId,
    /// The data key, wrapped.
    pub(super) wrapped: Vec<u8>,
}

impl Stored {
    /// Of the columns of [`tables::OPEN`].
    pub(super) fn read(row: &Row) -> Result<Stored, VaultError> {
        let owner: Option<&[u8]> = cell(row, 3)?;
        Ok(Stored {
            code: code_of(cell(row, 0)?)?,
            index: fixed(cell(row, 1)?)?,
            number: cell(row, 2)?,
            owner: owner.map(name_of).transpose()?,
            label: label_of(cell(row, 4)?)?,
            flags: u8::try_from(cell::<i16>(row, 5)?).map_err(|_| FORM)?,
            scope: fixed(cell(row, 6)?)?,
            sealed: cell(row, 7)?,
        })
    }

    /// The entry; `owner` and `key` are those of its owner.
    pub(super) fn open(&self, vault: &VaultId, owner: &OwnerId, key: &DataKey) -> Result<Entry, VaultError> {
        let Stored { code, index, label, flags, scope, .. } = *self;
        let about = About { vault: *vault, code, owner: *owner, label, flags, scope, index };
        Ok(Entry { label, flags, scope, content: key.open(&about, &self.sealed)? })
    }
}

impl Rows {
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// Begins an entry; its sealed value is to be appended to what is returned, before [`end`](Rows::end).
    pub(super) fn push(&mut self, place: Place) -> &mut Vec<u8> {
        self.places.push(place);
        &mut self.sealed
    }

    /// Ends the entry.
    pub(super) fn end(&mut self) {
        self.ends.push(self.sealed.len());
    }
}

impl Session {
    /// The stamp, and the codes of those of `indices` that have one, of one moment.
    pub(super) fn look_up<'i>(
        &mut self,
        indices: impl IntoIterator<Item = &'i Index>,
    ) -> Result<(Stamp, HashMap<Index, Code>), Fault> {
        let indices: Vec<&[u8]> = indices.into_iter().map(Index::as_slice).collect();
        let (mut stamp, mut codes) = (None, HashMap::with_capacity(indices.len()));
        for row in self.client.query(&self.look_up, &[&indices])? {
            match cell::<Option<i64>>(&row, 0)? {
                None => stamp = Some(Stamp(cell(&row, 1)?)),
                Some(number) => drop(codes.insert(fixed(cell(&row, 1)?)?, code_of(number)?)),
            }
        }
        Ok((stamp.ok_or(GONE)?, codes))
    }

    /// The header, and those of `names` that have a data key.
    pub(super) fn owners(&mut self, names: &[OwnerId]) -> Result<Owners, Fault> {
        let names: Vec<&[u8]> = names.iter().map(|name| name.as_bytes().as_slice()).collect();
        let (mut header, mut rows) = (None, Vec::with_capacity(names.len()));
        for row in self.client.query(&self.owners, &[&names])? {
            match cell::<Option<i64>>(&row, 0)? {
                None => header = Some((Stamp(cell(&row, 1)?), cell(&row, 2)?)),
                Some(number) => rows.push(OwnerRow { number, name: name_of(cell(&row, 1)?)?, wrapped: cell(&row, 2)? }),
            }
        }
        let (stamp, secret) = header.ok_or(GONE)?;
        Ok(Owners { stamp, secret, rows })
    }

    /// The next owners behind a number, at most [`PAGE`].
    pub(super) fn owner_page(&mut self, last: i64) -> Result<Vec<OwnerRow>, Fault> {
        let text = self.text(tables::OWNER_PAGE);
        let rows = self.client.query_typed(&text, &[(&last, Type::INT8), (&PAGE, Type::INT8)])?;
        let rows = rows
            .iter()
            .map(|row| Ok(OwnerRow { number: cell(row, 0)?, name: name_of(cell(row, 1)?)?, wrapped: cell(row, 2)? }));
        Ok(rows.collect::<Result<Vec<_>, VaultError>>()?)
    }

    /// Inserts owners, but for those that have a data key; how many that were not.
    pub(super) fn insert_owners(&mut self, rows: &[OwnerRow]) -> Result<u64, Fault> {
        let numbers: Vec<i64> = rows.iter().map(|row| row.number).collect();
        let names: Vec<&[u8]> = rows.iter().map(|row| row.name.as_bytes().as_slice()).collect();
        let wrapped: Vec<&[u8]> = rows.iter().map(|row| row.wrapped.as_slice()).collect();
        let text = self.text(tables::INSERT_OWNERS);
        let columns: [(&(dyn ToSql + Sync), Type); 3] =
            [(&numbers, Type::INT8_ARRAY), (&names, Type::BYTEA_ARRAY), (&wrapped, Type::BYTEA_ARRAY)];
        Ok(self.client.execute_typed(&text, &columns)?)
    }

    /// Inserts entries, but for those whose value has a code and those whose code is taken; the codes of the others.
    pub(super) fn insert(&mut self, rows: &Rows) -> Result<HashMap<Index, Code>, Fault> {
        let places = &rows.places;
        let codes: Vec<i64> = places.iter().map(|place| number(place.code)).collect();
        let indices: Vec<&[u8]> = places.iter().map(|place| place.index.as_slice()).collect();
        let owners: Vec<i64> = places.iter().map(|place| place.owner).collect();
        let labels: Vec<&str> = places.iter().map(|place| place.label.name()).collect();
        let flags: Vec<i16> = places.iter().map(|place| i16::from(place.flags)).collect();
        let scopes: Vec<&[u8]> = places.iter().map(|place| place.scope.as_slice()).collect();
        let starts = std::iter::once(&0).chain(&rows.ends);
        let sealed = starts.zip(&rows.ends).map(|(start, end)| rows.sealed.get(*start..*end).unwrap_or_default());
        let sealed: Vec<&[u8]> = sealed.collect();

        let inserted =
            self.client.query(&self.insert, &[&codes, &indices, &owners, &labels, &flags, &scopes, &sealed])?;
        let drawn: HashMap<&Index, Code> = places.iter().map(|place| (&place.index, place.code)).collect();
        let inserted = inserted.iter().map(|row| {
            let index: Index = fixed(cell(row, 0)?)?;
            Ok((index, *drawn.get(&index).ok_or(FORM)?))
        });
        Ok(inserted.collect::<Result<HashMap<_, _>, VaultError>>()?)
    }
}

/// A cell of a row of tables that this program made.
pub(super) fn cell<'r, T: FromSql<'r>>(row: &'r Row, at: usize) -> Result<T, VaultError> {
    row.try_get(at).map_err(|_| FORM)
}

pub(super) fn code_of(number: i64) -> Result<Code, VaultError> {
    u64::try_from(number).ok().and_then(Code::new).ok_or(FORM)
}

pub(super) fn label_of(name: &str) -> Result<Label, VaultError> {
    Label::parse(name).ok_or(FORM)
}

/// A code as it is stored: below 2^50.
pub(super) fn number(code: Code) -> i64 {
    code.number().cast_signed()
}

fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N], VaultError> {
    bytes.try_into().map_err(|_| FORM)
}

fn name_of(bytes: &[u8]) -> Result<OwnerId, VaultError> {
    OwnerId::from_bytes(bytes).ok_or(FORM)
}

pub(super) const FORM: VaultError = VaultError::Damaged("a row is in no form that is known");

pub(super) const GONE: VaultError = VaultError::Damaged("its header is gone");

pub(super) const NO_KEY: VaultError = VaultError::Damaged("the data key of an entry is missing");

/// Rows written by one statement.
pub(super) const ROWS: usize = 8192;

/// Rows read at a time, of all.
pub(super) const PAGE: i64 = 4096;
