//! The embedded vault under what it must stand: crashes, a full disk, cut and changed files, many threads.

#![allow(clippy::unwrap_used, clippy::panic)]

use redb::backends::InMemoryBackend;

use super::super::tests::{self, MARKER, exchange, name, open};
use super::disk::Disk;
use super::group::Outcome;
use super::*;
use crate::random::SplitMix;

const SMALL: Sizes = Sizes { merge_at: 100, checked: u64::MAX };

fn fresh(merge_at: usize) -> Embedded {
    Embedded::open_backend(InMemoryBackend::new(), &tests::keys(), Sizes { merge_at, ..Sizes::default() }).unwrap()
}

fn on(disk: &Disk, sizes: Sizes) -> Result<Embedded, VaultError> {
    Embedded::open_backend(disk.clone(), &tests::keys(), sizes)
}

/// What was promised: codes, and the values that they were given for.
type Given = Vec<(Code, String)>;

/// Values in chunks until something fails: exchanges, merges, a shredding, a rotation. What was promised; whether
/// shredding was; whether it went to its end.
fn work(vault: &Embedded) -> (Given, bool, bool) {
    let (mut given, mut codes, mut shredded) = (Given::new(), Vec::new(), false);
    for round in 0..12 {
        let values: Vec<String> = (0..40).map(|n| format!("{MARKER} {}", round * 30 + n)).collect();
        let owner = |n: usize| if n % 10 == 9 { Owner::Patient([1; 32]) } else { Owner::Corpus };
        let requests: Vec<Request<'_>> =
            values.iter().enumerate().map(|(n, value)| Request { owner: owner(n), ..name(value) }).collect();
        codes.clear();
        if vault.exchange(&requests, &mut codes).is_err() {
            assert!(codes.is_empty());
            return (given, shredded, false);
        }
        given.extend(codes.iter().copied().zip(values));
        let kept = match round {
            5 => vault.shred(Owner::Patient([1; 32])).map(|_| shredded = true),
            8 => vault.rotate(&tests::keys()).map(|_| ()),
            _ => Ok(()),
        };
        if kept.is_err() {
            return (given, shredded, false);
        }
    }
    (given, shredded, true)
}

/// Every code opens to its value, or was shredded; nothing is half there.
fn holds(vault: &Embedded, given: &Given, shredded: bool) {
    let codes: Vec<Code> = given.iter().map(|(code, _)| *code).collect();
    for (n, (entry, (_, value))) in open(vault, &codes).into_iter().zip(given).enumerate() {
        match entry {
            Some(entry) => assert!(*entry.content == *value),
            // Shredded after the sixth round, or being shredded when the power failed.
            None => assert!(n % 10 == 9 && n < 240, "{n} {shredded}"),
        }
    }
    let entries = vault.stats().unwrap().entries.iter().sum();
    tests::sound(vault, entries);
    let values: Vec<&str> = given.iter().map(|(_, value)| value.as_str()).collect();
    let requests: Vec<Request<'_>> = values.iter().map(|value| name(value)).collect();
    let again = exchange(vault, &requests);
    let right = again.iter().zip(given).enumerate().all(|(n, (code, (was, _)))| n % 10 == 9 || code == was);
    assert!(right, "values that had a code have it still");
    exchange(vault, &[name("and it goes on")]);
}

#[test]
fn keeps_what_every_vault_promises() {
    // All in runs; merged after every exchange; merged now and then.
    for merge_at in [1000, 1, 4] {
        tests::contract(&fresh(merge_at));
    }
}

#[test]
fn a_copy_is_the_whole_or_nothing() {
    for merge_at in [1000, 1, 4] {
        tests::copies(&fresh(merge_at), &|| fresh(4));
        tests::copies(&fresh(4), &|| fresh(merge_at));
    }
}

#[test]
fn what_was_promised_survives_every_crash() {
    let mut random = SplitMix(7);
    let mut crashes = 0;
    for fails_at in 1.. {
        let disk = Disk::default();
        disk.lock().fails_at = Some(fails_at);
        let (given, shredded, finished) = match on(&disk, SMALL) {
            Ok(vault) => work(&vault),
            Err(_) => (Given::new(), false, false),
        };
        if finished && !disk.lock().off {
            break;
        }
        crashes += 1;
        for torn in [false, true, true] {
            let left = disk.after_crash(torn.then_some(&mut random));
            match on(&Disk::of(left), SMALL) {
                Ok(vault) => holds(&vault, &given, shredded),
                // While it was made, before anything was promised.
                Err(error) => assert!(given.is_empty() && fails_at < 4, "sync {fails_at}: {error}"),
            }
        }
    }
    assert!(crashes > 15, "{crashes}");
}

#[test]
fn a_full_disk_takes_nothing_back() {
    let disk = Disk::default();
    assert!(work(&on(&disk, SMALL).unwrap()).2);
    let written = disk.lock().written;
    let length = disk.lock().now.len() as u64;
    let mut full = 0;
    for part in 1..40 {
        for by_length in [false, true] {
            let disk = Disk::default();
            if by_length {
                disk.lock().length = Some(length * part / 40);
            } else {
                disk.lock().room = Some(written * part as usize / 40);
            }
            let vault = match on(&disk, SMALL) {
                Ok(vault) => vault,
                Err(error) => {
                    assert!(matches!(error, VaultError::Full(_)), "{error}");
                    continue;
                }
            };
            let (given, shredded, finished) = work(&vault);
            if !finished {
                full += 1;
                // Whatever it says of a value that is new, it is no code that was not written.
                let mut codes = Vec::new();
                let error = vault.exchange(&[name("one more")], &mut codes).unwrap_err();
                assert!(codes.is_empty() && !format!("{error} {error:?}").contains(MARKER));
            }
            drop(vault);
            disk.lock().room = None;
            disk.lock().length = None;
            holds(&on(&disk, SMALL).unwrap(), &given, shredded);
        }
    }
    assert!(full > 10, "{full}");
}

#[test]
fn a_full_disk_is_said_to_be_full() {
    let disk = Disk::default();
    let vault = on(&disk, SMALL).unwrap();
    disk.lock().room = Some(0);
    let mut codes = Vec::new();
    let error = vault.exchange(&[name(MARKER)], &mut codes).unwrap_err();
    assert!(matches!(error, VaultError::Full(_)), "{error}");
}

#[test]
fn threads_that_race_get_one_code_for_one_value() {
    let vault = fresh(300);
    let values: Vec<String> = (0..2000).map(|n| format!("{MARKER} {n}")).collect();
    let run = |thread: u64| {
        let mut order: Vec<usize> = (0..values.len()).collect();
        let mut random = SplitMix(thread);
        // Halves of the threads go the same way, at the same time.
        (1..order.len()).rev().for_each(|n| order.swap(n, (random.next() % (n as u64 + 1)) as usize));
        if thread.is_multiple_of(2) {
            order.sort_unstable();
        }
        let mut codes = vec![None; values.len()];
        for chunk in order.chunks(50) {
            let owner = |n: usize| match n % 4 {
                0 => Owner::Corpus,
                _ => Owner::Patient([(n % 97) as u8; 32]),
            };
            let requests: Vec<Request<'_>> =
                chunk.iter().map(|n| Request { owner: owner(*n), ..name(&values[*n]) }).collect();
            for (n, code) in chunk.iter().zip(exchange(&vault, &requests)) {
                codes[*n] = Some(code);
            }
            // Something to collide with.
            if thread == 7 {
                exchange(&vault, &[Request { owner: Owner::Session([1; 32]), ..name("brief") }]);
                vault.shred(Owner::Session([1; 32])).unwrap();
            }
        }
        codes.into_iter().map(Option::unwrap).collect::<Vec<Code>>()
    };
    let codes: Vec<Vec<Code>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|thread| scope.spawn(move || run(thread))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(codes.iter().all(|row| *row == codes[0]));
    for (entry, value) in open(&vault, &codes[0]).into_iter().zip(&values) {
        assert!(*entry.unwrap().content == *value);
    }
    tests::sound(&vault, 2000);
}

/// A vault of some runs and segments, as bytes.
fn some_vault() -> (Vec<u8>, Given) {
    let disk = Disk::default();
    let vault = on(&disk, SMALL).unwrap();
    let given = work(&vault).0;
    drop(vault);
    let bytes = disk.lock().now.clone();
    (bytes, given)
}

/// Opens or does not; what opens is right.
fn never_wrong(bytes: Vec<u8>, sizes: Sizes, given: &Given) -> bool {
    let vault = match on(&Disk::of(bytes), sizes) {
        Ok(vault) => vault,
        Err(error) => {
            assert!(!format!("{error} {error:?}").contains(MARKER));
            return false;
        }
    };
    let mut right = true;
    for (n, (code, value)) in given.iter().enumerate().step_by(7) {
        let mut entries = Vec::new();
        match vault.open(&[*code], &mut entries) {
            Ok(()) => match &entries[0] {
                Some(entry) => assert!(*entry.content == *value),
                None => right &= n % 10 == 9 && n < 240,
            },
            Err(error) => {
                right = false;
                assert!(entries.is_empty() && !format!("{error} {error:?}").contains(MARKER));
            }
        }
    }
    right
}

#[test]
fn a_file_that_was_cut_is_refused() {
    let (bytes, given) = some_vault();
    assert!(never_wrong(bytes.clone(), SMALL, &given));
    let steps = (1..bytes.len()).step_by(bytes.len() / 150);
    for cut in steps.chain([1, 8, 9, 64, 320, 511, 4095, 4096, 4097, bytes.len() - 1]) {
        for checked in [u64::MAX, 0] {
            assert!(!never_wrong(bytes[..cut].to_vec(), Sizes { checked, ..SMALL }, &given), "{cut}");
        }
    }
}

#[test]
fn a_file_that_was_changed_gives_no_wrong_value() {
    let (bytes, given) = some_vault();
    let mut random = SplitMix(11);
    for _ in 0..300 {
        let mut wrong = bytes.clone();
        let at = random.next() as usize % wrong.len();
        wrong[at] ^= 1 << (random.next() % 8);
        // Checked: refused, or the change is where nothing is. Not checked: as far as it goes, what opens is right.
        match on(&Disk::of(wrong.clone()), SMALL) {
            Ok(vault) => holds(&vault, &given, true),
            Err(error) => assert!(!format!("{error} {error:?}").contains(MARKER)),
        }
        never_wrong(wrong, Sizes { checked: 0, ..SMALL }, &given);
    }
}

#[test]
fn rows_of_another_vault_do_not_open() {
    let (one, other) = (fresh(1), fresh(1));
    let code = exchange(&one, &[name(MARKER)])[0];
    exchange(&other, &[name("something else")]);
    let mut copy = Vec::new();
    one.export(&mut copy).unwrap();
    // The row, and its data key's row, written into the other's file.
    let rows = Snapshot::of(&one.db).unwrap();
    let txn = other.db.begin_write().unwrap();
    rows.keys(|owner, wrapped| {
        txn.open_table(KEYS).unwrap().insert(owner.as_bytes(), wrapped).unwrap();
        Ok(())
    })
    .unwrap();
    for kind in [block::Kind::Entries, block::Kind::Index] {
        for block in rows.blocks(kind).unwrap().range((0, 0)..).unwrap() {
            let (key, bytes) = block.unwrap();
            txn.open_table(store::table(kind)).unwrap().insert(key.value(), bytes.value()).unwrap();
        }
    }
    txn.commit().unwrap();
    let mut entries = Vec::new();
    assert!(matches!(other.open(&[code], &mut entries), Err(VaultError::Damaged(_))));
    let found = other.verify(&mut |_| ()).unwrap();
    assert!(found.damaged > 0 && found.sound < 2, "{found:?}");
}

#[test]
fn what_is_wrong_in_a_file_is_counted() {
    let vault = fresh(1);
    let values: Vec<String> = (0..500).map(|n| format!("{MARKER} {n}")).collect();
    exchange(&vault, &values.iter().map(|value| name(value)).collect::<Vec<_>>());
    tests::sound(&vault, 500);
    let snapshot = Snapshot::of(&vault.db).unwrap();
    let txn = vault.db.begin_write().unwrap();
    // Codes are drawn: the index row that goes must be of none of the entries that are touched.
    let mut touched = Vec::new();
    for kind in [block::Kind::Entries, block::Kind::Index] {
        let mut missing = false;
        let mut blocks = snapshot.blocks(kind).unwrap().range((0, 0)..).unwrap();
        let (key, bytes) = blocks.next().unwrap().unwrap();
        let rows = block::Block::read(bytes.value()).unwrap();
        let mut packer = block::Packer::default();
        for (n, row) in rows.rows().enumerate() {
            let mut row = row.to_vec();
            // One entry is missing, one is changed; one index row is missing.
            if kind == block::Kind::Entries && matches!(n, 3 | 7) {
                touched.push(block::read_entry(&row).unwrap().code);
            }
            match (kind, n) {
                (block::Kind::Entries, 3) => continue,
                (block::Kind::Entries, 7) => *row.last_mut().unwrap() ^= 1,
                (block::Kind::Index, _) if !missing && !touched.contains(&block::read_index(&row).unwrap().1) => {
                    missing = true;
                    continue;
                }
                _ => {}
            }
            packer.push(&row);
        }
        txn.open_table(store::table(kind)).unwrap().insert(key.value(), packer.finish()).unwrap();
    }
    txn.commit().unwrap();
    drop(snapshot);
    let found = vault.verify(&mut |_| ()).unwrap();
    assert_eq!((found.sound, found.damaged, found.lost), (497, 1, 2));
}

#[test]
fn what_does_not_go_together_is_done_again() {
    let vault = fresh(1000);
    let stage = |value: &str, owner: Owner| {
        let (view, snapshot) = (vault.view(), Snapshot::of(&vault.db).unwrap());
        let request = Request { owner, ..name(value) };
        let index = u128::from_be_bytes(view.secrets.index(&request));
        vault.stage(&view, &snapshot, &[request], &[(index, 0)]).unwrap()
    };
    let written = |outcome: &Outcome| match outcome {
        Outcome::Written(codes) => Some(codes[0]),
        _ => None,
    };
    let patient = Owner::Patient([1; 32]);
    // Both made a data key for the same owner: one of them has to take that of the other.
    let both = [stage("a", patient), stage("b", patient)];
    let late = stage("c", patient);
    let outcomes = vault.write(&both);
    assert!(written(&outcomes[0]).is_some() && matches!(outcomes[1], Outcome::Again));
    assert!(matches!(vault.write(&[late])[0], Outcome::Again));
    // The same value, in one group and later.
    let same = [stage("d", patient), stage("d", patient)];
    let late = stage("d", patient);
    let outcomes = vault.write(&same);
    let code = written(&outcomes[0]).unwrap();
    assert!(written(&outcomes[1]) == Some(code) && written(&vault.write(&[late])[0]) == Some(code));
    // The same code for another value.
    let mut taken = stage("e", patient);
    taken.entries[0].code = code;
    assert!(matches!(vault.write(&[taken])[0], Outcome::Again));
    // Sealed with a key that was shredded, or looked up before a merge.
    let late = stage("f", patient);
    vault.shred(patient).unwrap();
    assert!(matches!(vault.write(&[late])[0], Outcome::Again));
    assert!(exchange(&vault, &[Request { owner: patient, ..name("d") }])[0] != code);
    tests::sound(&vault, 1);
}

#[test]
fn a_new_master_key_changes_no_code() {
    let disk = Disk::default();
    let vault = on(&disk, SMALL).unwrap();
    let request = |content, n| Request { owner: Owner::Patient([n; 32]), ..name(content) };
    let mut codes = exchange(&vault, &[request("a", 1), request("b", 2)]);
    let ring = Masters::joined(&Masters::of(&tests::other_keys()), &Masters::of(&tests::keys()));
    assert_eq!(vault.rewrap(ring).unwrap(), 3);
    // Of an owner that is not in memory, and of one that is new.
    vault.cached_keys().clear();
    codes.extend(exchange(&vault, &[request("a", 1), request("c", 3)]));
    assert!(codes[2] == codes[0] && open(&vault, &codes).iter().all(Option::is_some));
    assert_eq!(vault.stats().unwrap().key, tests::other_keys().current().id());
    drop(vault);
    assert!(matches!(on(&disk, SMALL), Err(VaultError::WrongKey { .. })));
    let vault = Embedded::open_backend(disk.clone(), &tests::other_keys(), SMALL).unwrap();
    assert!(open(&vault, &codes).iter().all(Option::is_some));
    tests::sound(&vault, 3);
}

#[test]
fn a_shredded_key_is_nowhere_in_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.vault");
    let vault = Embedded::open(&path, &tests::keys()).unwrap();
    let mut kept = Vec::new();
    for round in 0..20 {
        let value = format!("{MARKER} {round}");
        let request = |n| Request { owner: Owner::Patient([n; 32]), ..name(&value) };
        kept.push(exchange(&vault, &[request(1), request(round + 2)])[1]);
    }
    let mut wrapped = Vec::new();
    let owner = vault.view().secrets.owner(Owner::Patient([1; 32]));
    let keys = Snapshot::of(&vault.db).unwrap();
    keys.keys(|of, bytes| {
        if of == owner {
            wrapped = bytes.to_vec();
        }
        Ok(())
    })
    .unwrap();
    drop(keys);
    let copies = || memchr::memmem::find_iter(&std::fs::read(&path).unwrap(), &wrapped).count();
    assert!(copies() > 1, "copy on write leaves copies");
    assert_eq!(vault.shred(Owner::Patient([1; 32])).unwrap(), 20);
    assert_eq!(copies(), 0);
    drop(vault);
    let vault = Embedded::open(&path, &tests::keys()).unwrap();
    assert!(open(&vault, &kept).iter().all(Option::is_some));
    tests::sound(&vault, 20);
}

#[test]
fn a_file_is_its_owners_and_of_one_process() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.vault");
    let vault = Embedded::open(&path, &tests::keys()).unwrap();
    let codes = exchange(&vault, &[name(MARKER)]);
    assert!(matches!(Embedded::open(&path, &tests::keys()), Err(VaultError::InUse)));
    assert!(vault.stats().unwrap().bytes.unwrap() > 0);
    assert!(!format!("{vault:?}").contains(MARKER));
    drop(vault);
    match Embedded::open(&path, &tests::other_keys()) {
        Err(VaultError::WrongKey { needed, given }) => {
            assert_eq!(needed, tests::keys().current().id());
            assert_eq!(given, tests::other_keys().current().id());
        }
        other => panic!("{other:?}"),
    }
    assert!(*open(&Embedded::open(&path, &tests::keys()).unwrap(), &codes)[0].as_ref().unwrap().content == *MARKER);

    let file = std::fs::read(&path).unwrap();
    let shows = file.windows(MARKER.len()).any(|window| window == MARKER.as_bytes());
    assert!(!shows);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        for (mode, good) in [(0o644, false), (0o620, false), (0o660, false), (0o602, false), (0o600, true)] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(Embedded::open(&path, &tests::keys()).is_ok(), good, "{mode:o}");
        }
    }
    for other in [&b""[..], b"x", b"no vault at all, but some text", &[0; 10_000]] {
        std::fs::write(&path, other).unwrap();
        let error = Embedded::open(&path, &tests::keys()).unwrap_err();
        assert!(matches!(error, VaultError::Form(_) | VaultError::Damaged(_)), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), other, "and it is left as it was");
    }
    let missing = Embedded::open(&dir.path().join("none").join("a.vault"), &tests::keys());
    assert!(matches!(missing, Err(VaultError::Io(_))));
}

#[test]
fn a_database_of_something_else_is_refused() {
    let disk = Disk::default();
    let db = Builder::new().create_with_backend(disk.clone()).unwrap();
    let txn = db.begin_write().unwrap();
    let table: redb::TableDefinition<'_, u64, u64> = redb::TableDefinition::new("theirs");
    txn.open_table(table).unwrap().insert(1, 2).unwrap();
    txn.commit().unwrap();
    drop(db);
    assert!(matches!(on(&disk, SMALL), Err(VaultError::Form(_))));

    let disk = Disk::default();
    let vault = on(&disk, SMALL).unwrap();
    let txn = vault.db.begin_write().unwrap();
    store::put_meta(&txn, "form", &2u32.to_le_bytes()).unwrap();
    txn.commit().unwrap();
    drop(vault);
    assert!(matches!(on(&disk, SMALL), Err(VaultError::Form(form)) if form.contains('2')));
}

#[test]
fn merges_keep_what_was_there() {
    let disk = Disk::default();
    let mut given = Given::new();
    for round in 0..30 {
        let vault = on(&disk, Sizes { merge_at: 50, checked: u64::MAX }).unwrap();
        for part in 0..3 {
            // Some longer than a block.
            let long = "long ".repeat(if part == 2 { 5000 } else { 1 });
            let values: Vec<String> = (0..20).map(|n| format!("{MARKER} {round} {part} {n} {long}")).collect();
            let codes = exchange(&vault, &values.iter().map(|value| name(value)).collect::<Vec<_>>());
            given.extend(codes.into_iter().zip(values));
        }
        let segments = Snapshot::of(&vault.db).unwrap().segments().unwrap();
        assert!(segments.len() < 6, "{segments:?}");
        assert!(segments.is_sorted_by(|(_, older), (_, newer)| *older > 2 * newer), "{segments:?}");
    }
    let vault = on(&disk, SMALL).unwrap();
    for (entry, (_, value)) in open(&vault, &given.iter().map(|(code, _)| *code).collect::<Vec<_>>()).iter().zip(&given)
    {
        assert!(*entry.as_ref().unwrap().content == *value);
    }
    tests::sound(&vault, 1800);
}
