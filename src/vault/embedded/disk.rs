//! A disk for tests, whose power fails.

#![allow(clippy::unwrap_used)]

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use redb::StorageBackend;

use crate::random::SplitMix;

/// A disk that loses what was not synced when the power fails, or only has so much room.
#[derive(Clone, Debug, Default)]
pub(super) struct Disk(Arc<Mutex<Platter>>);

#[derive(Default)]
pub(super) struct Platter {
    /// What survives.
    durable: Vec<u8>,
    /// What is read.
    pub(super) now: Vec<u8>,
    unsynced: Vec<Change>,
    syncs: usize,
    pub(super) written: usize,
    /// The power fails instead of that sync.
    pub(super) fails_at: Option<usize>,
    /// How much may be written.
    pub(super) room: Option<usize>,
    /// How long the file may be.
    pub(super) length: Option<u64>,
    pub(super) off: bool,
}

enum Change {
    Length(usize),
    Bytes(usize, Vec<u8>),
}

impl std::fmt::Debug for Platter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Platter")
    }
}

fn apply(to: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Length(length) => to.resize(*length, 0),
        Change::Bytes(at, bytes) => {
            to.resize(to.len().max(at + bytes.len()), 0);
            to[*at..at + bytes.len()].copy_from_slice(bytes);
        }
    }
}

impl Disk {
    pub(super) fn of(bytes: Vec<u8>) -> Disk {
        Disk(Arc::new(Mutex::new(Platter { durable: bytes.clone(), now: bytes, ..Platter::default() })))
    }

    /// What is on it when the power comes back. Of what was not synced, none or a part in any order.
    pub(super) fn after_crash(&self, random: Option<&mut SplitMix>) -> Vec<u8> {
        let platter = self.lock();
        let mut left = platter.durable.clone();
        if let Some(random) = random {
            for change in &platter.unsynced {
                match change {
                    Change::Bytes(at, bytes) => {
                        for (n, sector) in bytes.chunks(512).enumerate().filter(|_| random.next().is_multiple_of(2)) {
                            apply(&mut left, &Change::Bytes(at + 512 * n, sector.to_vec()));
                        }
                    }
                    Change::Length(_) if random.next().is_multiple_of(2) => apply(&mut left, change),
                    Change::Length(_) => {}
                }
            }
        }
        left
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Platter> {
        self.0.lock().unwrap()
    }
}

impl Platter {
    fn change(&mut self, change: Change) -> io::Result<()> {
        self.powered()?;
        apply(&mut self.now, &change);
        self.unsynced.push(change);
        Ok(())
    }

    fn powered(&self) -> io::Result<()> {
        if self.off { Err(io::Error::other("no power")) } else { Ok(()) }
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.lock().now.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let platter = self.lock();
        platter.powered()?;
        let from = platter.now.get(offset as usize..offset as usize + out.len());
        out.copy_from_slice(from.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?);
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let mut platter = self.lock();
        if platter.length.is_some_and(|most| length > most) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        platter.change(Change::Length(length as usize))
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut platter = self.lock();
        platter.powered()?;
        platter.syncs += 1;
        if platter.fails_at == Some(platter.syncs) {
            platter.off = true;
            return Err(io::Error::other("no power"));
        }
        let Platter { durable, unsynced, .. } = &mut *platter;
        unsynced.drain(..).for_each(|change| apply(durable, &change));
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut platter = self.lock();
        platter.written += data.len();
        if platter.room.is_some_and(|room| platter.written > room) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        platter.change(Change::Bytes(offset as usize, data.to_vec()))
    }
}
