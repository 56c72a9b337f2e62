#![allow(clippy::unwrap_used, clippy::panic)]

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::*;
use crate::pipeline::manifest::{Counts, Output, STATE, Stored, hex};

fn settings() -> Settings {
    Settings::default().with("policy", "redact 00").with("scope", "corpus")
}

fn open(out: &Path) -> State {
    State::open(out, settings(), Redo::Nothing).unwrap()
}

fn stamp(size: u64) -> Stamp {
    Stamp { size, mtime: Some("7.000000000".into()) }
}

fn stored(bytes: &[u8]) -> Stored {
    Stored { size: bytes.len() as u64, sha256: hex(&Sha256::digest(bytes)) }
}

/// What became of an input of three bytes that was written as `bytes`.
fn entry(path: &str, bytes: &[u8]) -> Entry {
    let stored = stored(bytes);
    let output = Output { path: path.into(), stored, format: "text".into(), compression: None, table: None };
    Entry {
        path: path.into(),
        stamp: stamp(3),
        sha256: None,
        output: Some(output),
        quarantine: None,
        counts: Counts::default(),
        gone: false,
    }
}

fn checkpoint(path: &str) -> Checkpoint {
    Checkpoint {
        path: path.into(),
        stamp: stamp(3),
        offset: 1,
        sha256: "00".into(),
        record: 2,
        document: 1,
        length: 2,
        plain: 2,
        stored: 2,
        aside: 0,
        counts: Counts::default(),
    }
}

/// Does a file as a batch would.
fn make(state: &State, path: &str, bytes: &[u8]) -> Result<(), RunError> {
    state.begin(path)?;
    fs::write(state.place().part(path), bytes).unwrap();
    state.done(entry(path, bytes))
}

fn standing(state: &State, path: &str, size: u64) -> Standing {
    state.standing(path, &stamp(size), Path::new("none"), Check::Stamp).unwrap()
}

fn is_done(state: &State, path: &str) -> bool {
    matches!(standing(state, path, 3), Standing::Done(_))
}

/// The files of the state folder.
fn kept(out: &Path) -> Vec<String> {
    let names = fs::read_dir(out.join(STATE)).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[test]
fn what_is_finished_stays_finished_whether_or_not_the_run_was() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    for end in ["killed", "closed", "closed again"] {
        let state = open(&out);
        for (path, bytes) in [("a.txt", &b"one"[..]), ("sub/b.txt", b"other")] {
            assert_eq!(is_done(&state, path), end != "killed", "{end}");
            if end == "killed" {
                make(&state, path, bytes).unwrap();
            }
        }
        assert_eq!(fs::read(out.join("sub/b.txt")).unwrap(), b"other");
        match end {
            "killed" => drop(state),
            _ => state.close(Outcome::Finished).unwrap(),
        }
    }
    assert_eq!(kept(&out), ["lock", "manifest.json"]);
    let state = open(&out);
    // Another stamp, an output that is not what it was, one that is gone.
    assert_eq!(standing(&state, "a.txt", 4), Standing::Changed);
    fs::write(out.join("a.txt"), "longer").unwrap();
    assert_eq!(standing(&state, "a.txt", 3), Standing::Changed);
    fs::remove_file(out.join("sub/b.txt")).unwrap();
    assert_eq!(standing(&state, "sub/b.txt", 3), Standing::Changed);
    assert_eq!(standing(&state, "c.txt", 3), Standing::New);
}

#[test]
fn hashes_tell_what_sizes_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let (out, input) = (folder.path().join("out"), folder.path().join("in"));
    fs::write(&input, "abc").unwrap();
    let state = open(&out);
    state.begin("a").unwrap();
    fs::write(state.place().part("a"), "one").unwrap();
    state.done(Entry { sha256: Some(stored(b"abc").sha256), ..entry("a", b"one") }).unwrap();
    drop(state);
    let state = open(&out);
    let by = |check| matches!(state.standing("a", &stamp(3), &input, check).unwrap(), Standing::Done(_));
    assert!(by(Check::Stamp) && by(Check::Hash));
    fs::write(&input, "abd").unwrap();
    assert!(by(Check::Stamp) && !by(Check::Hash));
    fs::write(&input, "abc").unwrap();
    fs::write(out.join("a"), "onf").unwrap();
    assert!(by(Check::Stamp) && !by(Check::Hash));
}

#[test]
fn parts_get_their_names_whenever_the_run_was_ended() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    // What the disk may hold once the line is in the journal: parts, or names already.
    for (list_named, output_named) in [(false, false), (true, false), (true, true)] {
        let state = open(&out);
        let place = state.place().clone();
        state.begin("a").unwrap();
        fs::write(place.part("a"), "one").unwrap();
        fs::write(place.aside_part("a"), "list").unwrap();
        let mut done = entry("a", b"one");
        done.quarantine = Some(stored(b"list"));
        state.inner().journal.add(&Line::Done(done)).unwrap();
        drop(state);
        if list_named {
            fs::create_dir_all(out.join("quarantine")).unwrap();
            fs::rename(place.aside_part("a"), out.join("quarantine/a.jsonl")).unwrap();
        }
        if output_named {
            fs::rename(place.part("a"), out.join("a")).unwrap();
        }
        let state = open(&out);
        assert!(is_done(&state, "a"));
        assert_eq!(fs::read(out.join("a")).unwrap(), b"one");
        assert_eq!(fs::read(out.join("quarantine/a.jsonl")).unwrap(), b"list");
        drop(state);
        fs::remove_dir_all(&out).unwrap();
    }
}

#[test]
fn parts_of_another_attempt_are_not_named() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let state = open(&out);
    make(&state, "a", b"one").unwrap();
    // The input has changed, and the run is ended in the middle; what is there is as long as what was, by chance.
    state.begin("a").unwrap();
    fs::write(state.place().part("a"), "two").unwrap();
    drop(state);
    let state = open(&out);
    assert_eq!(standing(&state, "a", 3), Standing::New);
    assert_eq!(fs::read(out.join("a")).unwrap(), b"one");
    assert!(!state.place().part("a").exists(), "what nobody knows of is removed");
    // The same when records are tried again: what was done stands.
    make(&state, "a", b"one").unwrap();
    state.retry("a").unwrap();
    fs::write(state.place().part("a"), "two").unwrap();
    drop(state);
    let state = open(&out);
    assert!(is_done(&state, "a"));
    assert_eq!(fs::read(out.join("a")).unwrap(), b"one");
}

#[test]
fn a_part_that_cannot_be_named_waits_for_the_next_run() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    fs::create_dir_all(out.join("a")).unwrap();
    let state = open(&out);
    make(&state, "b", b"two").unwrap();
    assert!(matches!(make(&state, "a", b"one"), Err(RunError::Write { .. })));
    state.close(Outcome::Unfinished).unwrap();
    assert_eq!(kept(&out), ["journal.jsonl", "lock", "manifest.json", "parts"]);
    let state = open(&out);
    assert!(state.standing("a", &stamp(3), Path::new("none"), Check::Stamp).is_err());
    fs::remove_dir(out.join("a")).unwrap();
    assert!(is_done(&state, "a") && is_done(&state, "b"));
    state.close(Outcome::Finished).unwrap();
    assert_eq!(kept(&out), ["lock", "manifest.json"]);
}

#[test]
fn half_a_file_waits_for_the_next_run() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let state = open(&out);
    fs::write(state.place().part("a"), "on").unwrap();
    state.checkpoint(checkpoint("a")).unwrap();
    assert!(state.has_checkpoint("a"));
    state.close(Outcome::Unfinished).unwrap();
    let state = open(&out);
    assert_eq!(standing(&state, "a", 3), Standing::Half(Box::new(checkpoint("a"))));
    assert_eq!(standing(&state, "a", 4), Standing::New);
    assert!(state.place().part("a").exists());
    state.begin("a").unwrap();
    assert_eq!(standing(&state, "a", 3), Standing::New);
}

#[test]
fn other_settings_are_refused_and_redo_takes_them() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let other = settings().with("scope", "patient");
    for killed in [true, false] {
        let state = open(&out);
        make(&state, "a", b"one").unwrap();
        if killed {
            drop(state)
        } else {
            state.close(Outcome::Finished).unwrap()
        }
        let error = State::open(&out, other.clone(), Redo::Nothing).err().unwrap().to_string();
        assert!(error.contains("scope was corpus, is patient") && error.contains("--redo"), "{error}");
    }
    let state = State::open(&out, other.clone(), Redo::All).unwrap();
    assert_eq!(standing(&state, "a", 3), Standing::Changed);
    drop(state);
    // Ended before anything was done: it is still all to be done, with the new settings.
    assert!(State::open(&out, settings(), Redo::Nothing).is_err());
    let state = State::open(&out, other.clone(), Redo::Nothing).unwrap();
    assert_eq!(standing(&state, "a", 3), Standing::Changed);
    make(&state, "a", b"two").unwrap();
    state.close(Outcome::Finished).unwrap();
    assert!(is_done(&State::open(&out, other, Redo::Nothing).unwrap(), "a"));
    // What cannot be read stops a run, and is no reason not to begin anew.
    fs::write(out.join(STATE).join("manifest.json"), "{").unwrap();
    assert!(matches!(State::open(&out, settings(), Redo::Nothing), Err(StateError::Damaged { .. })));
    open_redo(&out);
}

fn open_redo(out: &Path) {
    State::open(out, settings(), Redo::All).unwrap().close(Outcome::Finished).unwrap();
}

#[test]
fn a_folder_is_one_run_s() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    assert!(matches!(State::open(folder.path(), settings(), Redo::All), Err(StateError::InUse(_))));
    drop(state);
    open(folder.path());
}

#[test]
fn outputs_of_other_people_are_done_anew() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let state = open(&out);
    state.set_context(Some("these".into())).unwrap();
    make(&state, "a", b"one").unwrap();
    state.close(Outcome::Finished).unwrap();
    for (context, done) in [(Some("these"), true), (Some("those"), false), (Some("those"), false), (None, false)] {
        let state = open(&out);
        state.set_context(context.map(Into::into)).unwrap();
        assert_eq!(is_done(&state, "a"), done, "{context:?}");
    }
}

#[test]
fn the_key_that_joins_ids_stays_as_long_as_the_run_is_not_finished() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let state = open(&out);
    let fresh = |byte| Zeroizing::new([byte; 32]);
    let key = state.join_key(fresh(1)).unwrap();
    assert_eq!(state.join_key(fresh(2)).unwrap(), key);
    make(&state, "a", b"one").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(out.join(".deidre/join.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    drop(state);
    let state = open(&out);
    assert!(!state.lost_join_key());
    assert_eq!(state.join_key(fresh(2)).unwrap(), key);
    state.close(Outcome::Unfinished).unwrap();
    let state = open(&out);
    assert_eq!(state.join_key(fresh(2)).unwrap(), key);
    state.close(Outcome::Finished).unwrap();
    assert_eq!(kept(&out), ["lock", "manifest.json"]);
    // What is done now would have other ids.
    let state = open(&out);
    assert!(state.lost_join_key());
    state.anew("test").unwrap();
    assert!(!state.lost_join_key() && !is_done(&state, "a"));
    assert_ne!(state.join_key(fresh(2)).unwrap(), key);
}

#[test]
fn inputs_that_are_gone_are_told_of_and_their_outputs_can_go_too() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let state = open(&out);
    for name in ["a", "dark/b", "c"] {
        make(&state, name, b"one").unwrap();
    }
    drop(state);
    let state = open(&out);
    let present = HashSet::from(["c".to_owned()]);
    let names = |gone: Vec<Entry>| gone.into_iter().map(|e| e.path).collect::<Vec<_>>();
    // A folder that cannot be looked into may hold what it held.
    assert_eq!(names(state.gone(&present, |path| path.starts_with("dark"))), ["a"]);
    state.close(Outcome::Finished).unwrap();
    let state = open(&out);
    assert!(is_done(&state, "a"), "it may come back");
    let gone = state.gone(&present, |_| false);
    assert_eq!(gone.iter().map(|e| e.path.as_str()).collect::<Vec<_>>(), ["a", "dark/b"]);
    state.prune(&gone[0]).unwrap();
    assert!(!out.join("a").exists() && out.join("dark/b").exists());
    state.close(Outcome::Finished).unwrap();
    assert_eq!(names(open(&out).finished()), ["c", "dark/b"]);
}
