//! The vault in one file: no server, one process at a time, written through to the disk before a code is given out.
//!
//! ```text
//! exchange -> [recent: in memory] -> [segments: on disk] -> seal -> group commit -> run on disk, recent
//!                                                                        every 458,752 entries: merge into a segment
//! ```
//!
//! Codes and index are random, and random keys would rewrite a page of a B-tree each. So what is new is appended: one
//! transaction holds all that the waiting threads have, as a run of packed rows, found again in memory; runs are merged
//! into sorted segments now and then. Both lie in one redb file, whose transactions make every change whole or none.

mod block;
mod copy;
#[cfg(test)]
mod disk;
mod exchange;
mod group;
mod merge;
mod recent;
mod shred;
mod store;
#[cfg(test)]
mod tests;
mod verify;

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use lru::LruCache;
use redb::backends::FileBackend;
use redb::{Builder, Database, StorageBackend};

use self::group::Group;
use self::recent::Recent;
use self::store::{KEYS, Snapshot, fault, guarded};
use super::lines::Stored;
use super::seal::{About, DataKey, Masters, OwnerId, Secrets, wrapping_id};
use super::{Code, Entry, Owner, Request, ScopeTag, Stats, Vault, VaultError, Verified};
use crate::identifier::Label;
use crate::secret::Keyring;

/// A vault in a file. One process has it open at a time.
///
/// Once the file could not be written or read, everything is refused until it is opened again.
pub struct Embedded {
    db: Database,
    file: Option<Place>,
    sizes: Sizes,
    known: RwLock<Known>,
    keys: Mutex<LruCache<OwnerId, Arc<DataKey>>>,
    /// Held by whoever writes. Taken before `known`, and that before `keys`.
    writer: Mutex<()>,
    group: Group,
    /// The database panicked: what is in memory may not be what is on disk.
    broken: AtomicBool,
}

/// The file that a vault is in.
struct Place {
    path: PathBuf,
    /// As it is open, with its lock.
    file: File,
}

/// From where on the vault does things in another way; tests have smaller ones.
#[derive(Clone, Copy)]
struct Sizes {
    /// Entries of all runs that make a merge.
    merge_at: usize,
    /// Bytes of a file up to which it is checked whole when it is opened.
    checked: u64,
}

/// What is in memory of the vault.
struct Known {
    secrets: Arc<Secrets>,
    masters: Arc<Masters>,
    recent: Recent,
    /// The number of the next run.
    next_run: u32,
    /// Another one after everything but adding: what was looked up before it is to be looked up again.
    generation: u64,
}

/// The vault as a thread found it.
struct View {
    secrets: Arc<Secrets>,
    masters: Arc<Masters>,
    generation: u64,
}

impl Embedded {
    /// Opens the vault in the file, or makes one if there is no file.
    ///
    /// # Errors
    ///
    /// [`VaultError::InUse`] when another process has it open, `WrongKey` when `keys` does not open it, `Io` when it
    /// cannot be read or others than its owner may read or write it, `Form` when it is no vault, `Damaged` when it is not
    /// whole.
    pub fn open(path: &Path, keys: &Keyring) -> Result<Embedded, VaultError> {
        let file = match create(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => existing(path)?,
            Err(error) => return Err(fault(redb::Error::Io(error))),
        };
        let place = Place { path: path.to_owned(), file: file.try_clone()? };
        let backend = FileBackend::new(file).map_err(fault)?;
        let mut vault = Embedded::open_backend(backend, keys, Sizes::default())?;
        vault.file = Some(place);
        Ok(vault)
    }

    /// Opens the vault in any storage; makes one if that is empty.
    fn open_backend(backend: impl StorageBackend, keys: &Keyring, sizes: Sizes) -> Result<Embedded, VaultError> {
        let masters = Masters::of(keys);
        guarded(|| {
            let new = backend.len()? == 0;
            let mut builder = Builder::new();
            builder.set_cache_size(CACHE).set_check_integrity_on_open(!new && backend.len()? <= sizes.checked);
            let db = builder.create_with_backend(backend).map_err(fault)?;
            match Snapshot::of(&db)?.form()? {
                Some(store::FORM) => {}
                Some(form) => return Err(VaultError::Form(format!("tables of version {form}"))),
                None => store::create(&db, &Secrets::generate()?, &masters)?,
            }
            let snapshot = Snapshot::of(&db)?;
            let secrets = Secrets::unwrap(&snapshot.secret()?, &masters)?;
            let (recent, next_run) = Recent::read(&snapshot)?;
            let (secrets, masters) = (Arc::new(secrets), Arc::new(masters));
            Ok(Embedded {
                db,
                file: None,
                sizes,
                known: RwLock::new(Known { secrets, masters, recent, next_run, generation: 0 }),
                keys: Mutex::new(LruCache::new(CACHED_KEYS)),
                writer: Mutex::new(()),
                group: Group::default(),
                broken: AtomicBool::new(false),
            })
        })
    }

    /// Does it, unless the database has panicked, now or before.
    fn sound<T>(&self, does: impl FnOnce() -> Result<T, VaultError>) -> Result<T, VaultError> {
        if self.broken.load(Ordering::Acquire) {
            return Err(VaultError::Damaged("its file could not be read"));
        }
        let finished = AtomicBool::new(false);
        let done = guarded(|| {
            let done = does();
            finished.store(true, Ordering::Release);
            done
        });
        if !finished.load(Ordering::Acquire) {
            self.broken.store(true, Ordering::Release);
        }
        done
    }

    fn view(&self) -> View {
        self.known().view()
    }

    /// Tells `each` what is stored for which of `codes`.
    fn locate(
        &self,
        codes: &[Code],
        mut each: impl FnMut(&View, &Snapshot, usize, Stored<'_>) -> Result<(), VaultError>,
    ) -> Result<(), VaultError> {
        let (mut recent, mut merged) = (Vec::new(), Vec::new());
        // The places and the snapshot are of one moment: a merge changes both while nobody reads `known`.
        let known = self.known();
        let view = known.view();
        for (n, code) in codes.iter().enumerate() {
            match known.recent.at(*code) {
                Some(at) => recent.push((at, n)),
                None => merged.push((u128::from(code.number()), n)),
            }
        }
        let snapshot = Snapshot::of(&self.db)?;
        drop(known);

        let mut each = |n: usize, row: &[u8]| {
            let stored = block::read_entry(row).filter(|stored| codes.get(n) == Some(&stored.code));
            each(&view, &snapshot, n, stored.ok_or(store::BLOCK)?)
        };
        recent.sort_unstable();
        let runs = snapshot.runs()?;
        let mut held = None;
        for (at, n) in recent {
            if held.as_ref().is_none_or(|(run, _)| *run != at.run) {
                held = Some((at.run, runs.get(at.run).map_err(fault)?.ok_or(store::BLOCK)?));
            }
            let Some((_, block)) = &held else { continue };
            each(n, block::Block::read(block.value()).ok_or(store::BLOCK)?.row(usize::from(at.row)))?;
        }
        merged.sort_unstable();
        snapshot.finder(block::Kind::Entries)?.find(&merged, each)
    }

    /// The data key of an owner, if it has one.
    fn key(&self, view: &View, snapshot: &Snapshot, owner: &OwnerId) -> Result<Option<Arc<DataKey>>, VaultError> {
        if let Some(key) = self.cached_keys().get(owner) {
            return Ok(Some(key.clone()));
        }
        let key = snapshot.key(owner, &view.masters, view.secrets.id())?.map(Arc::new);
        if let Some(key) = &key {
            // A key that was shredded since the snapshot is not to come back.
            let known = self.known();
            if known.generation == view.generation {
                self.cached_keys().put(*owner, key.clone());
            }
        }
        Ok(key)
    }

    fn writing(&self) -> MutexGuard<'_, ()> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn known_mut(&self) -> RwLockWriteGuard<'_, Known> {
        self.known.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn cached_keys(&self) -> MutexGuard<'_, LruCache<OwnerId, Arc<DataKey>>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rewrap(&self, masters: Masters) -> Result<u64, VaultError> {
        let _writing = self.writing();
        let snapshot = Snapshot::of(&self.db)?;
        let secrets = Secrets::unwrap(&snapshot.secret()?, &masters)?;
        let txn = self.db.begin_write().map_err(fault)?;
        store::put_meta(&txn, "secret", &secrets.wrap(masters.current())?)?;
        let mut wrapped = 1;
        let mut table = txn.open_table(KEYS).map_err(fault)?;
        snapshot.keys(|owner, old| {
            let key = DataKey::unwrap(old, &masters, secrets.id(), &owner)?;
            let new = key.wrap(masters.current(), secrets.id(), &owner)?;
            table.insert(owner.as_bytes(), new.as_slice()).map_err(fault)?;
            wrapped += 1;
            Ok(())
        })?;
        drop(table);
        let mut known = self.known_mut();
        txn.commit().map_err(fault)?;
        known.masters = Arc::new(masters);
        known.generation += 1;
        Ok(wrapped)
    }
}

impl Known {
    fn view(&self) -> View {
        View { secrets: self.secrets.clone(), masters: self.masters.clone(), generation: self.generation }
    }
}

impl Vault for Embedded {
    fn exchange(&self, requests: &[Request<'_>], out: &mut Vec<Code>) -> Result<(), VaultError> {
        let codes = self.sound(|| {
            loop {
                if let Some(codes) = self.try_exchange(requests)? {
                    return Ok(codes);
                }
            }
        })?;
        out.extend(codes);
        Ok(())
    }

    fn open(&self, codes: &[Code], out: &mut Vec<Option<Entry>>) -> Result<(), VaultError> {
        let mut keys: HashMap<OwnerId, Arc<DataKey>> = HashMap::new();
        let mut entries: Vec<Option<Entry>> = Vec::new();
        entries.resize_with(codes.len(), || None);
        self.sound(|| {
            self.locate(codes, |view, snapshot, n, stored| {
                let key = match keys.get(&stored.owner) {
                    Some(key) => key.clone(),
                    None => {
                        let key = self.key(view, snapshot, &stored.owner)?.ok_or(NO_KEY)?;
                        keys.entry(stored.owner).or_insert(key).clone()
                    }
                };
                let content = key.open(&about(&stored, &view.secrets), stored.sealed)?;
                if let Some(entry) = entries.get_mut(n) {
                    let Stored { label, flags, scope, .. } = stored;
                    *entry = Some(Entry { label, flags, scope, content });
                }
                Ok(())
            })
        })?;
        out.append(&mut entries);
        Ok(())
    }

    fn known(&self, codes: &[Code], out: &mut Vec<Option<Label>>) -> Result<(), VaultError> {
        let mut labels = vec![None; codes.len()];
        self.sound(|| {
            self.locate(codes, |_, _, n, stored| {
                if let Some(label) = labels.get_mut(n) {
                    *label = Some(stored.label);
                }
                Ok(())
            })
        })?;
        out.append(&mut labels);
        Ok(())
    }

    fn scope_tag(&self, scope: Option<&[u8; 32]>) -> ScopeTag {
        self.known().secrets.scope_tag(scope)
    }

    fn stats(&self) -> Result<Stats, VaultError> {
        self.sound(|| {
            let snapshot = Snapshot::of(&self.db)?;
            let mut stats = Stats { kind: "embedded", entries: snapshot.counts()?.0, ..Stats::default() };
            snapshot.keys(|owner, _| {
                if let Some(owners) = stats.owners.get_mut(owner.kind()) {
                    *owners += 1;
                }
                Ok(())
            })?;
            stats.key = wrapping_id(&snapshot.secret()?)?.to_owned();
            stats.bytes = self.file.as_ref().map(|place| on_disk(&place.path)).transpose()?;
            Ok(stats)
        })
    }

    fn verify(&self, progress: &mut dyn FnMut(u64)) -> Result<Verified, VaultError> {
        self.sound(|| self.verify_all(progress))
    }

    fn shred(&self, owner: Owner) -> Result<u64, VaultError> {
        self.sound(|| self.shred_all(owner))
    }

    fn rotate(&self, keys: &Keyring) -> Result<u64, VaultError> {
        self.sound(|| self.rewrap(Masters::of(keys)))
    }

    fn export(&self, out: &mut dyn Write) -> Result<u64, VaultError> {
        self.sound(|| self.write_copy(out))
    }

    fn import(&self, from: &mut dyn Read) -> Result<u64, VaultError> {
        self.sound(|| self.read_copy(from))
    }
}

impl Default for Sizes {
    fn default() -> Sizes {
        Sizes {
            // Held in memory, at about 60 bytes each: seven eighths of a power of two is what a hash map takes before it
            // grows.
            merge_at: (1 << 19) / 8 * 7,
            // A tenth of a second. A larger file is what `verify` is for.
            checked: 32 << 20,
        }
    }
}

impl std::fmt::Debug for Embedded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Embedded")
    }
}

/// What a stored value was sealed as.
fn about(stored: &Stored<'_>, secrets: &Secrets) -> About {
    let Stored { code, index, owner, label, flags, scope, .. } = *stored;
    About { vault: *secrets.id(), code, owner, label, flags, scope, index }
}

/// Makes the file, for its owner only.
fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    // The name of a file is durable when its directory is.
    #[cfg(unix)]
    if let Some(parent) = path.parent() {
        File::open(if parent.as_os_str().is_empty() { Path::new(".") } else { parent })?.sync_all()?;
    }
    Ok(file)
}

fn existing(path: &Path) -> Result<File, VaultError> {
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    let about = file.metadata()?;
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&about.permissions()) & 0o777;
        if mode & 0o077 != 0 {
            let why = format!("others than its owner may read or write it (mode {mode:03o}); run chmod 600 on it");
            return Err(VaultError::Io(io::Error::new(io::ErrorKind::PermissionDenied, why)));
        }
    }
    if about.len() == 0 {
        // A vault that was cut off to nothing is not to be begun anew without a word.
        return match file.try_lock() {
            Err(std::fs::TryLockError::WouldBlock) => Err(VaultError::InUse),
            _ => Err(VaultError::Form("the file is empty; if there never was a vault in it, remove it".to_owned())),
        };
    }
    Ok(file)
}

/// Bytes that the file takes, holes in it not counted.
fn on_disk(path: &Path) -> io::Result<u64> {
    let about = std::fs::metadata(path)?;
    #[cfg(unix)]
    return Ok(std::os::unix::fs::MetadataExt::blocks(&about) * 512);
    #[cfg(not(unix))]
    return Ok(about.len());
}

/// Bytes of the file that redb keeps in memory.
const CACHE: usize = 64 << 20;

/// Data keys that are kept open.
const CACHED_KEYS: NonZeroUsize = NonZeroUsize::new(1 << 14).unwrap();

const NO_KEY: VaultError = VaultError::Damaged("a data key is missing");
