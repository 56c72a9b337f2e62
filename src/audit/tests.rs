//! Trails as a whole: written, broken in every way, and looked at.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::*;
use crate::secret::{Key, Keyring};

/// A trail in a folder of its own.
struct Place {
    dir: tempfile::TempDir,
    path: PathBuf,
}

impl Place {
    fn new() -> Place {
        // In memory where that can be had: a record is synced four times.
        let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let path = dir.path().join("audit.jsonl");
        Place { dir, path }
    }

    /// With so many records, in parts of `per_part`.
    fn of(records: usize, per_part: usize, key: Option<&Keyring>) -> Place {
        let place = Place::new();
        for n in 0..records {
            Trail::open(&place.path, key, Rotation::DEFAULT).unwrap().append(&record()).unwrap();
            if n % per_part == per_part - 1 && n + 1 < records {
                files::Files::of(&place.path).unwrap().rotate().unwrap();
            }
        }
        place
    }

    fn trail(&self, key: Option<&Keyring>) -> Result<Trail, AuditError> {
        Trail::open(&self.path, key, Rotation::DEFAULT)
    }

    fn append(&self, key: Option<&Keyring>) -> Result<(), AuditError> {
        self.trail(key)?.append(&record())
    }

    fn verify(&self, key: Option<&str>) -> Verified {
        verify(&self.path, key.map(ring).as_ref()).unwrap()
    }

    fn faults(&self, key: Option<&str>) -> Vec<Fault> {
        self.verify(key).findings.into_iter().map(|finding| finding.what).collect()
    }

    fn head(&self) -> PathBuf {
        self.beside("audit.jsonl.head")
    }

    fn beside(&self, name: &str) -> PathBuf {
        self.path.with_file_name(name)
    }

    fn lines(&self) -> Vec<String> {
        fs::read_to_string(&self.path).unwrap().lines().map(str::to_owned).collect()
    }

    fn put(&self, lines: &[String]) {
        fs::write(&self.path, lines.iter().flat_map(|line| [line, "\n"]).collect::<String>()).unwrap();
    }

    /// All files but the lock.
    fn all(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let entries = fs::read_dir(self.dir.path()).unwrap().map(|entry| entry.unwrap().path());
        let mut all: Vec<_> = entries.map(|path| (path.clone(), fs::read(path).unwrap())).collect();
        all.retain(|(_, bytes)| !bytes.is_empty());
        all.sort();
        all
    }
}

fn key(digit: &str) -> Key {
    Key::parse(&digit.repeat(64)).unwrap()
}

fn ring(digit: &str) -> Keyring {
    Keyring::of(key(digit))
}

fn record() -> Record {
    let mut record = Record::new(Verb::Reveal, Outcome::Done);
    record.actor = Note::new("ruiz");
    record.purpose = Note::new("appeal \"12\"");
    record.tokens = Some(Revealed { revealed: 3, ..Revealed::default() });
    record
}

#[test]
fn a_thousand_records_are_sound() {
    let (place, key) = (Place::new(), ring("5"));
    let trail = Trail::open(&place.path, Some(&key), Rotation { bytes: 100_000 }).unwrap();
    for _ in 0..1000 {
        trail.append(&record()).unwrap();
    }
    let verified = place.verify(Some("5"));
    assert_eq!((verified.records, verified.with_mac, &verified.findings[..]), (1000, 1000, &[][..]));
    assert!(verified.is_sound() && verified.parts > 3);
    assert!(verified.first.unwrap() <= verified.last.unwrap());
    assert_eq!(place.faults(None), [Fault::MacsUnchecked(1000)]);
    assert!(place.verify(None).is_sound());
    let mut numbers = Vec::new();
    assert_eq!(entries(&place.path, &mut |entry| numbers.push(entry.n)).unwrap(), 0);
    assert!(numbers.into_iter().eq(1..=1000));
    for (path, bytes) in place.all() {
        assert!(bytes.len() <= 100_000, "{path:?}");
    }
}

#[test]
fn every_change_of_a_byte_is_found() {
    for with in [None, Some("5")] {
        let place = Place::of(3, 2, with.map(ring).as_ref());
        assert!(place.verify(with).is_sound());
        for (path, sound) in place.all() {
            // Without the key nobody can tell a wrong MAC of a head; MACs of lines are hashed.
            let is_head = path == place.head();
            // Every byte where it matters most, and fewer without a key, since nothing differs there but the MAC.
            for at in (0..sound.len()).step_by(if with.is_some() { 1 } else { 5 }) {
                for other in (0..8).map(|bit| sound[at] ^ (1 << bit)).chain([b'\n']).filter(|b| *b != sound[at]) {
                    let mut bytes = sound.clone();
                    bytes[at] = other;
                    fs::write(&path, &bytes).unwrap();
                    assert!(!place.verify(with).is_sound(), "{path:?} {at} {other}");
                    let sealed = sound.windows(6).position(|w| w == b",\"key\"").unwrap_or(usize::MAX);
                    if with.is_some() && (!is_head || at < sealed) && at % 5 == 0 {
                        assert!(!place.verify(None).is_sound(), "without the key: {path:?} {at} {other}");
                    }
                }
            }
            fs::write(&path, &sound).unwrap();
        }
        assert!(place.verify(with).is_sound());
    }
}

#[test]
fn lines_that_are_dropped_moved_or_put_in_are_found() {
    for with in [None, Some("5")] {
        let place = Place::of(6, 6, with.map(ring).as_ref());
        let lines = place.lines();
        let check = |lines: &[String], expected: &[Fault]| {
            place.put(lines);
            assert_eq!(place.faults(with), expected);
            assert!(!place.verify(None).is_sound());
        };
        for at in 0..6 {
            let mut less = lines.clone();
            less.remove(at);
            let n = at as u64 + 1;
            let fault = match n {
                1 => Fault::PartMissing(1, 1),
                6 => Fault::TailDropped(6, 5),
                _ => Fault::Dropped(n, n),
            };
            check(&less, &[fault]);
            for to in 0..6 {
                let mut more = lines.clone();
                more.insert(to + 1, lines[at].clone());
                place.put(&more);
                let faults = place.faults(with);
                assert!(
                    faults.iter().any(|f| matches!(f, Fault::Repeated(_) | Fault::Moved(_))),
                    "{at} {to} {faults:?}"
                );
                let mut swapped = lines.clone();
                swapped.swap(at, to);
                place.put(&swapped);
                assert_eq!(place.verify(with).is_sound(), at == to);
                assert_eq!(place.verify(None).is_sound(), at == to);
            }
        }
        let mut swapped = lines.clone();
        swapped.swap(2, 3);
        check(&swapped, &[Fault::Moved(3)]);
        let mut garbage = lines.clone();
        garbage.insert(3, "{}".into());
        check(&garbage, &[Fault::NotARecord]);
        garbage.remove(2);
        check(&garbage, &[Fault::NotARecord]);
        garbage[2] = "x".repeat(100_000);
        check(&garbage, &[Fault::NotARecord]);
        let mut edited = lines.clone();
        edited[2] = edited[2].replace("\"revealed\":3", "\"revealed\":0");
        check(&edited, &[Fault::Edited]);
        check(&[], &[Fault::TailDropped(6, 0)]);
    }
}

#[test]
fn a_cut_at_any_byte_is_found() {
    for with in [None, Some("5")] {
        let place = Place::of(3, 3, with.map(ring).as_ref());
        let whole = fs::read(&place.path).unwrap();
        for len in 0..whole.len() {
            fs::write(&place.path, &whole[..len]).unwrap();
            let faults = place.faults(with);
            assert!(faults.iter().any(|fault| matches!(fault, Fault::TailDropped(3, _))), "{len} {faults:?}");
            let error = place.append(with.map(ring).as_ref()).unwrap_err();
            assert!(matches!(error, AuditError::Damaged(_)), "going on would cover it up: {error}");
            assert_eq!(fs::read(&place.path).unwrap(), &whole[..len]);
        }
    }
}

#[test]
fn parts_and_heads_that_are_missing_or_others_are_found() {
    let five = ring("5");
    let place = Place::of(7, 2, Some(&five));
    assert_eq!(place.verify(Some("5")).parts, 4);
    let all = place.all();
    let part = |n: u64| Fault::PartMissing(2 * n - 1, 2 * n);
    let without = |name: &str, expected: &[Fault]| {
        let path = place.beside(name);
        let bytes = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        assert_eq!(place.faults(Some("5")), expected, "{name}");
        fs::write(&path, bytes).unwrap();
    };
    without("audit-000001.jsonl", &[part(1)]);
    without("audit-000002.jsonl", &[part(2)]);
    without("audit-000003.jsonl", &[part(3)]);
    without("audit.jsonl", &[Fault::TailDropped(7, 6)]);
    without("audit.jsonl.head", &[Fault::HeadMissing]);
    // Another part in its place.
    fs::copy(place.beside("audit-000001.jsonl"), place.beside("audit-000002.jsonl")).unwrap();
    assert!(!place.verify(Some("5")).is_sound());
    fs::write(&all[1].0, &all[1].1).unwrap();
    assert!(place.verify(Some("5")).is_sound());

    // Heads of other trails, of this one before, and of nobody's making.
    let line = String::from_utf8(all[2].1.clone()).unwrap();
    let hash = line.lines().last().unwrap().rsplit('"').nth(1).unwrap().to_owned();
    // The same records in the same millisecond would be the same trail.
    let other = Place::of(6, 9, Some(&five));
    other.trail(Some(&five)).unwrap().append(&Record::new(Verb::Stream, Outcome::Done)).unwrap();
    let other = fs::read(other.head()).unwrap();
    let plain = format!("{{\"v\":1,\"n\":6,\"hash\":\"{hash}\"}}\n").into_bytes();
    for (head, expected) in [
        (other, vec![Fault::HeadOther]),
        (fs::read(Place::of(2, 9, Some(&five)).head()).unwrap(), vec![Fault::HeadBehind(2, 7)]),
        (plain, vec![Fault::HeadBehind(6, 7), Fault::HeadEdited]),
        (b"{}".to_vec(), vec![Fault::HeadEdited]),
        (Vec::new(), vec![Fault::HeadEdited]),
    ] {
        fs::write(place.head(), &head).unwrap();
        assert_eq!(place.faults(Some("5")), expected);
        assert!(place.append(Some(&five)).is_err(), "{expected:?}");
    }
    assert!(matches!(verify(&place.beside("other.jsonl"), None), Err(AuditError::Missing)));
}

#[test]
fn without_the_key_nothing_can_be_forged() {
    let place = Place::of(4, 9, Some(&ring("5")));
    let sound = place.lines();
    // A trail that is sound by itself, in its place.
    for forger in [None, Some(ring("6"))] {
        let forged = Place::of(4, 9, forger.as_ref());
        fs::copy(&forged.path, &place.path).unwrap();
        fs::copy(forged.head(), place.head()).unwrap();
        assert!(place.verify(None).is_sound(), "hashes alone do not tell");
        assert!(!place.verify(Some("5")).is_sound());
    }
    // Records cut off, the head made of the MAC of the record that is now the last.
    place.put(&sound[..3]);
    let (body, hash) = sound[2].rsplit_once(",\"hash\":").unwrap();
    let mac = body.rsplit_once(",\"mac\":").unwrap().1;
    let head = format!("{{\"v\":1,\"n\":3,\"hash\":{},\"key\":\"{}\",\"mac\":{mac}}}\n", &hash[..66], key("5").id());
    fs::write(place.head(), head).unwrap();
    assert!(place.verify(None).is_sound());
    assert_eq!(place.faults(Some("5")), [Fault::HeadEdited], "heads have a key of their own");
    assert!(matches!(place.append(Some(&ring("5"))), Err(AuditError::Damaged(_))));
    // A record without a MAC after those that have one.
    let place = Place::of(2, 9, Some(&ring("5")));
    assert!(matches!(place.append(None), Err(AuditError::KeyNeeded(id)) if id == key("5").id()));
    assert!(place.verify(Some("5")).is_sound());
}

#[test]
fn keys_may_change_and_each_line_names_its_own() {
    let place = Place::of(2, 9, Some(&ring("5")));
    let both = || ["6", "5"].map(|digit| chain::Macs::of(&key(digit))).into();
    assert!(matches!(place.append(Some(&ring("6"))), Err(AuditError::KeyNeeded(id)) if id == key("5").id()));
    trail::Trail::open_with(&place.path, both(), Rotation::DEFAULT).unwrap().append(&record()).unwrap();
    place.append(Some(&ring("6"))).unwrap();
    assert_eq!(verify::verify_with(&place.path, Some(both())).unwrap().findings, []);
    assert_eq!(place.faults(None), [Fault::MacsUnchecked(4)]);
    assert_eq!(place.faults(Some("6")), [Fault::KeyUnknown(key("5").id().into())]);
    assert_eq!(place.verify(Some("6")).with_mac, 4);
}

#[test]
fn a_trail_has_macs_from_its_start_or_never() {
    let place = Place::of(2, 9, None);
    assert_eq!(place.faults(None), []);
    assert_eq!(place.faults(Some("5")), [Fault::NoMacs]);
    assert!(matches!(place.append(Some(&ring("5"))), Err(AuditError::Keyless)));
    // The same in a trail that somebody put together.
    let (n, mut line) = (chain::Line::read(place.lines()[1].as_bytes()).unwrap().link(), Vec::new());
    let macs = chain::Macs::of(&key("5"));
    chain::write_line(&record(), chain::Slot::after(n), Some(&macs), &mut line).unwrap();
    let mut lines = place.lines();
    lines.push(String::from_utf8(line).unwrap().trim_end().to_owned());
    place.put(&lines);
    assert!(place.faults(Some("5")).contains(&Fault::MacsBegin));
    assert!(place.faults(None).contains(&Fault::MacsBegin));
}

#[test]
fn a_line_that_a_crash_tore_is_set_aside_and_told_of() {
    for with in [None, Some("5")] {
        let key = with.map(ring);
        let place = Place::of(2, 9, key.as_ref());
        let (before, head) = (fs::read(&place.path).unwrap(), fs::read(place.head()).unwrap());
        place.append(key.as_ref()).unwrap();
        let after = fs::read(&place.path).unwrap();
        let torn = &after[before.len()..];
        for len in (1..torn.len()).step_by(if with.is_some() { 1 } else { 5 }) {
            fs::write(&place.path, &after[..before.len() + len]).unwrap();
            fs::write(place.head(), &head).unwrap();
            let _ = fs::remove_file(place.beside("audit.jsonl.torn"));
            assert_eq!(place.faults(with), [Fault::Torn(len as u64)]);
            place.append(key.as_ref()).unwrap();
            let verified = place.verify(with);
            assert!(verified.is_sound() && verified.records == 4, "{len}");
            assert_eq!(place.faults(with), [Fault::Recovered(len as u64, 0), Fault::TornKept]);
            let aside = fs::read(place.beside("audit.jsonl.torn")).unwrap();
            assert_eq!(aside, [&torn[..len], b"\n"].concat());
        }
    }
}

#[test]
fn whatever_a_crash_leaves_is_mended_and_told_of() {
    let place = Place::of(2, 9, None);
    let (old_head, sound) = (fs::read(place.head()).unwrap(), fs::read(&place.path).unwrap());
    // After the line, before the head.
    place.append(None).unwrap();
    fs::write(place.head(), &old_head).unwrap();
    assert_eq!(place.faults(None), [Fault::HeadBehind(2, 3)]);
    place.append(None).unwrap();
    assert_eq!(place.faults(None), [Fault::Recovered(0, 1)]);
    // A line of zeros that has its end, as a file system may leave it.
    let mut zeros = sound.clone();
    zeros.extend_from_slice(&[0; 700]);
    zeros.push(b'\n');
    fs::write(&place.path, &zeros).unwrap();
    fs::write(place.head(), &old_head).unwrap();
    place.append(None).unwrap();
    assert_eq!(place.faults(None), [Fault::Recovered(701, 0), Fault::TornKept]);
    // Between the old file and the new.
    files::Files::of(&place.path).unwrap().rotate().unwrap();
    assert!(place.verify(None).is_sound());
    fs::write(&place.path, b"{\"v\":1,\"n").unwrap();
    place.append(None).unwrap();
    assert!(place.verify(None).is_sound() && place.verify(None).parts == 2);
    // Before the first head.
    let place = Place::of(1, 9, None);
    fs::remove_file(place.head()).unwrap();
    place.append(None).unwrap();
    assert_eq!(place.faults(None), [Fault::Recovered(0, 1)]);
    // The same later is no crash.
    fs::remove_file(place.head()).unwrap();
    assert!(matches!(place.append(None), Err(AuditError::Damaged(_))));
}

#[test]
fn records_that_are_written_together_are_mended_together_and_others_are_not() {
    for with in [None, Some("5")] {
        let key = with.map(ring);
        let place = Place::of(2, 9, key.as_ref());
        let (before, head) = (fs::read(&place.path).unwrap(), fs::read(place.head()).unwrap());
        let group = |many: usize| {
            place.trail(key.as_ref()).unwrap().append_all(&vec![&record(); many], &mut |_, _| {}).unwrap();
        };
        group(5);
        let after = fs::read(&place.path).unwrap();
        let after_head = fs::read(place.head()).unwrap();
        assert!(place.faults(with).is_empty() && place.verify(with).records == 7);
        let put = |bytes: &[u8], head: &[u8]| {
            fs::write(&place.path, bytes).unwrap();
            fs::write(place.head(), head).unwrap();
            let _ = fs::remove_file(place.beside("audit.jsonl.torn"));
        };
        // Cut off anywhere.
        for len in (1..after.len() - before.len()).step_by(7) {
            let left = &after[..before.len() + len];
            put(left, &head);
            let torn = left.len() - left.iter().rposition(|b| *b == b'\n').unwrap() - 1;
            let untold = left.iter().filter(|b| **b == b'\n').count() - 2;
            place.append(key.as_ref()).unwrap();
            let verified = place.verify(with);
            assert!(verified.is_sound() && verified.records as usize == 4 + untold, "{len}");
            assert_eq!(place.faults(with)[0], Fault::Recovered(torn as u64, untold as u64));
        }
        // The disk took the last lines, and not the second of them.
        let mut holes = after.clone();
        let second = before.len() + after[before.len()..].iter().position(|b| *b == b'\n').unwrap() + 20;
        holes[second..second + 100].fill(0);
        put(&holes, &head);
        place.append(key.as_ref()).unwrap();
        assert!(place.verify(with).is_sound());
        assert!(matches!(place.faults(with)[0], Fault::Recovered(torn, 1) if torn > 1000));
        // The head from before two of them, and lines that were edited, put in or cut off behind a head that tells of them.
        put(&after, &after_head);
        group(3);
        let (both, both_head) = (fs::read(&place.path).unwrap(), fs::read(place.head()).unwrap());
        put(&both, &head);
        let error = place.append(key.as_ref()).unwrap_err();
        assert!(matches!(error, AuditError::Damaged(_)), "{error}");
        let mut edited = both.clone();
        *edited.iter_mut().rfind(|b| **b == b'3').unwrap() ^= 1;
        let last = both[..both.len() - 1].iter().rposition(|b| *b == b'\n').unwrap() + 1;
        let first = after.len() + both[after.len()..].iter().position(|b| *b == b'\n').unwrap() + 1;
        let doubled = [&both[..], &both[after.len()..first]].concat();
        for bytes in [&edited[..], &doubled, &both[..last], &after, &before, b""] {
            put(bytes, &both_head);
            let error = place.append(key.as_ref()).unwrap_err();
            assert!(matches!(error, AuditError::Damaged(_)), "{error}");
        }
        // Other lines behind the head: the last of a group that was not written.
        put(&[&after[..], &both[last..]].concat(), &after_head);
        let verified = place.append(key.as_ref());
        assert!(verified.is_ok() && place.verify(with).is_sound(), "as if the disk had lost those before");
        assert_eq!(place.faults(with)[0], Fault::Recovered((both.len() - last) as u64, 0));
    }
}

#[test]
fn a_part_holds_what_fits() {
    let (place, five) = (Place::new(), ring("5"));
    let open = |bytes| Trail::open(&place.path, Some(&five), Rotation { bytes }).unwrap();
    let trail = open(0);
    for _ in 0..3 {
        trail.append(&record()).unwrap();
    }
    assert_eq!(place.verify(Some("5")).parts, 3, "a record each");
    let one = fs::metadata(&place.path).unwrap().len();
    open(2 * one).append(&record()).unwrap();
    assert_eq!(place.verify(Some("5")).parts, 3);
    open(2 * one).append(&record()).unwrap();
    assert_eq!(place.verify(Some("5")).parts, 4);
    // Names that are like those of parts.
    for name in
        ["audit-1.jsonl", "audit-00000x.jsonl", "audit-000009.json", "other-000009.jsonl", "audit-0000001.jsonl"]
    {
        fs::write(place.beside(name), "x").unwrap();
    }
    fs::write(place.beside("audit-1000000.jsonl"), "").unwrap();
    let verified = place.verify(Some("5"));
    assert!(verified.is_sound() && verified.parts == 5 && verified.records == 5);
    // Those that are written together, too.
    let many = vec![record(); 100];
    let mut seen = Vec::new();
    let records: Vec<&Record> = many.iter().collect();
    open(5 * one).append_all(&records, &mut |n, line| seen.push((n, line.len()))).unwrap();
    let verified = place.verify(Some("5"));
    assert!(verified.is_sound() && verified.findings.is_empty() && verified.records == 105);
    assert!(seen.iter().map(|(n, _)| *n).eq(6..=105) && seen.iter().all(|(_, len)| *len > 300));
    for (path, bytes) in place.all().iter().filter(|(path, _)| path.extension().is_some_and(|e| e == "jsonl")) {
        assert!(bytes.len() as u64 <= 5 * one, "{path:?}");
    }
}

#[test]
fn threads_and_processes_share_a_trail() {
    let place = Place::new();
    let append = |many| {
        let trail = Trail::open(&place.path, Some(&ring("5")), Rotation { bytes: 100_000 }).unwrap();
        for _ in 0..many {
            trail.append(&record()).unwrap();
        }
    };
    let mut children: Vec<_> =
        (0..3).map(|_| child("append", &place.path, "")).map(|mut c| c.spawn().unwrap()).collect();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| append(200));
        }
    });
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    let verified = place.verify(Some("5"));
    assert_eq!((verified.records, &verified.findings[..]), (8 * 200 + 3 * 200, &[][..]));
}

#[test]
fn killed_processes_leave_a_trail_that_goes_on() {
    let place = Place::new();
    for round in 0..10 {
        let mut child = child("append", &place.path, "").spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(15 + 7 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        place.append(Some(&ring("5"))).unwrap();
        assert!(place.verify(Some("5")).is_sound());
    }
}

#[cfg(unix)]
#[test]
fn a_full_disk_is_an_error_and_the_trail_stays_sound() {
    let place = Place::of(2, 9, Some(&ring("5")));
    let before = place.lines();
    // No file may grow beyond some blocks: a line is written in part, and then refused, as on a full disk.
    assert!(child("fill", &place.path, "trap '' XFSZ; ulimit -f 8;").status().unwrap().success());
    let verified = place.verify(Some("5"));
    assert!(verified.is_sound() && verified.findings.is_empty() && verified.records > 2);
    assert!(place.lines().starts_with(&before));
    // The head, longer by a digit, cannot be written: the line is taken back.
    let place = Place::of(9, 9, Some(&ring("5")));
    let lines = place.lines();
    fs::create_dir(place.beside("audit.jsonl.head.part")).unwrap();
    assert!(matches!(place.append(Some(&ring("5"))), Err(AuditError::Io(_))));
    assert_eq!(place.lines(), lines);
    fs::remove_dir(place.beside("audit.jsonl.head.part")).unwrap();
    place.append(Some(&ring("5"))).unwrap();
    assert_eq!(place.faults(Some("5")), []);
    // A link to it is not renamed in its place.
    let link = place.beside("link");
    std::os::unix::fs::symlink(&place.path, &link).unwrap();
    Trail::open(&link, Some(&ring("5")), Rotation { bytes: 0 }).unwrap().append(&record()).unwrap();
    assert!(link.is_symlink() && place.verify(Some("5")).parts > 1);
    assert_eq!(verify(&link, None).unwrap().parts, place.verify(None).parts);
    // What is no file.
    for path in [Path::new("/dev/null"), place.dir.path(), Path::new("/"), Path::new("..")] {
        assert!(matches!(Trail::open(path, None, Rotation::DEFAULT), Err(AuditError::NotAFile | AuditError::Io(_))));
    }
}

/// What [`child`] runs; nothing by itself.
#[test]
fn child_process() {
    let (Ok(what), Some(path)) = (std::env::var("AUDIT_TEST_CHILD"), std::env::var_os("AUDIT_TEST_PATH")) else {
        return;
    };
    let trail = Trail::open(Path::new(&path), Some(&ring("5")), Rotation { bytes: 100_000 }).unwrap();
    match what.as_str() {
        "append" => (0..200).for_each(|_| trail.append(&record()).unwrap()),
        _ => {
            let refused = (0..200).filter(|_| trail.append(&record()).is_err()).count();
            assert!(refused > 10, "{refused}");
        }
    }
}

/// This program again, as another process, after what the shell is to do first.
fn child(what: &str, path: &Path, first: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{first} exec \"$0\" \"$@\"")]).arg(std::env::current_exe().unwrap());
    let name = format!("{}::child_process", module_path!().split_once("::").unwrap().1);
    command.args(["--exact", &name]).env("AUDIT_TEST_CHILD", what).env("AUDIT_TEST_PATH", path);
    command.stdout(std::process::Stdio::null());
    command
}

#[cfg(unix)]
#[test]
fn files_are_the_owners_only() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let path = place.beside("state").join("deidre").join("audit.jsonl");
    for _ in 0..2 {
        Trail::open(&path, None, Rotation { bytes: 0 }).unwrap().append(&record()).unwrap();
    }
    let whole = fs::read(&path).unwrap();
    fs::write(&path, [&whole[..], b"torn"].concat()).unwrap();
    Trail::open(&path, None, Rotation { bytes: 0 }).unwrap().append(&record()).unwrap();
    let folder = path.parent().unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder), 0o700);
    let files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 7, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{file:?}");
    }
}

#[test]
fn nothing_of_a_record_gets_in() {
    let (path, text) = ("/ward/smith_zeppelina.txt", "Mrs. Zeppelina Smith, MRN 00451207");
    for keys in [None, Some(ring("5"))] {
        let place = Place::new();
        let digests = Digests::new(keys.as_ref().map(Keyring::current)).unwrap();
        let mut record = record();
        record.input = Some(digests.of(Kind::Name, path.as_bytes()));
        record.content = Some(digests.of(Kind::Bytes, text.as_bytes()));
        record.output = Some(digests.of(Kind::Bytes, text.as_bytes()));
        let trail = place.trail(keys.as_ref()).unwrap();
        trail.append(&record).unwrap();
        let plain = [path, text, "smith_zeppelina.txt"].map(|secret| Fingerprint::of(secret.as_bytes()).to_string());
        let mut shown = format!("{trail:?}{record:?}");
        for (file, bytes) in place.all() {
            shown.push_str(&String::from_utf8(bytes).unwrap());
            shown.push_str(&file.file_name().unwrap().to_string_lossy());
        }
        for secret in
            ["zeppelina", "Zeppelina", "smith", "ward", "00451207"].into_iter().chain(plain.iter().map(|s| &**s))
        {
            assert!(!shown.contains(secret), "{secret}");
        }
    }
}

#[test]
fn findings_tell_file_and_line_and_nothing_of_the_line() {
    let place = Place::of(3, 9, None);
    let mut lines = place.lines();
    lines[1] = lines[1].replace("ruiz", "zeppelina\u{1b}");
    place.put(&lines);
    let verified = place.verify(None);
    assert_eq!(
        verified.findings.iter().map(Finding::to_string).collect::<Vec<_>>(),
        [format!("{}:2: edited: not a record", place.path.display())]
    );
    lines[1] = lines[1].replace('\u{1b}', "");
    place.put(&lines);
    assert_eq!(
        place.verify(None).findings.iter().map(Finding::to_string).collect::<Vec<_>>(),
        [format!("{}:2: edited: the hash does not hold", place.path.display())]
    );
    let mut actors = Vec::new();
    assert_eq!(entries(&place.path, &mut |entry| actors.extend(entry.actor)).unwrap(), 0);
    assert_eq!(actors.iter().map(Note::as_str).collect::<Vec<_>>(), ["ruiz", "zeppelina", "ruiz"]);
}
