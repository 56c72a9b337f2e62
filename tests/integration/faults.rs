//! What happens when something breaks off: the reader of the output, the disk, the input, the program itself.
#![cfg(unix)]

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const BIN: &str = env!("CARGO_BIN_EXE_deidre");

/// A value that is in every record and must be nowhere below an output folder.
const PLANTED: &[&str] = &["Kowalczyk", "77140"];

fn line(i: usize) -> String {
    format!(
        "{{\"mrn\":\"77140{i:05}\",\"patient_name\":\"Winifred Kowalczyk\",\"note\":\"Mrs. Winifred Kowalczyk (MRN: 77140{i:05}) was \
         seen; she feels half better, wt 93.1 kg.\"}}\n"
    )
}

fn lines(count: usize) -> String {
    (0..count).map(line).collect()
}

/// Every file below a folder, but for what a batch notes of itself.
pub(super) fn files(folder: &Path) -> Vec<PathBuf> {
    let noted = |file: &PathBuf| !is_part(file) && file.components().any(|part| part.as_os_str() == ".deidre");
    let mut found = all_files(folder);
    found.retain(|file| !noted(file));
    found
}

fn all_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(all_files(&path)) } else { found.push(path) }
    }
    found
}

fn assert_nothing_planted(folder: &Path) {
    for file in all_files(folder) {
        let bytes = fs::read(&file).unwrap();
        for planted in PLANTED {
            let found = bytes.windows(planted.len()).any(|w| w == planted.as_bytes());
            assert!(!found, "{} holds {planted}", file.display());
        }
    }
}

fn is_part(file: &Path) -> bool {
    file.extension().is_some_and(|e| e == "part")
}

#[test]
fn a_reader_that_goes_away_ends_every_verb_without_a_word() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(
        at("gold.jsonl"),
        "{\"id\":1,\"text\":\"Ann Lee\",\"spans\":[{\"start\":0,\"end\":7,\"type\":\"NAME\"}]}\n",
    )
    .unwrap();
    let many = "{\"id\":1,\"text\":\"Seen by Dr. Osei on 3/4.\"}\n".repeat(20_000);
    let gold = at("gold.jsonl");
    for (args, input) in [
        (&["filter", "--policy", "redact"][..], many.as_str()),
        (&["detect"], &many),
        (&["reveal", "--reason", "test"], &many),
        (&["eval", &gold], ""),
        (&["eval", &gold, "--json"], ""),
        (&["policy", "show", "redact"], ""),
        (&["policy", "show", "redact", "--toml"], ""),
        (&["key", "new"], ""),
        (&["dictionary", "stats"], ""),
        (&["dictionary", "stats", "smith"], ""),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut child = Command::new(BIN)
            .args(args)
            .env("DEIDRE_KEY", "5a".repeat(32))
            .env("XDG_STATE_HOME", folder.path())
            .stdin(Stdio::piped())
            .stdout(writer)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // The child may have gone before it has read all.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{args:?}");
        assert_eq!(output.status.code(), Some(2), "{args:?}");
    }
}

/// A limit on file size stands for a full disk. With the signal ignored the write fails; without, the program is killed.
#[cfg(target_os = "linux")]
#[test]
fn on_a_full_disk_no_file_has_its_name() {
    for (trap, code, count) in
        [("trap '' XFSZ; ", Some(2), 2_000), ("", None, 2_000), ("trap '' XFSZ; ", Some(2), 40_000)]
    {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("rows.ndjson");
        fs::write(&source, lines(count)).unwrap();
        let out = folder.path().join("out");
        let output = Command::new("bash")
            .arg("-c")
            .arg(format!("{trap}ulimit -f 64; exec \"$0\" batch --policy redact \"$1\" --out \"$2\""))
            .args([Path::new(BIN), &source, &out])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), code);
        assert!(files(&out).iter().all(|f| is_part(f)), "{:?}", files(&out));
        assert_nothing_planted(&out);
        if code.is_some() {
            assert!(files(&out).is_empty(), "what could not be finished is removed");
            let errors = String::from_utf8(output.stderr).unwrap();
            assert!(errors.contains("cannot write") && errors.contains("failed 1"), "{errors}");
        }
    }
}

fn make_pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn an_input_that_vanishes_or_shrinks_does_not_stop_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let (inputs, out) = (folder.path().join("in"), folder.path().join("out"));
    fs::create_dir(&inputs).unwrap();
    for name in ["gone.ndjson", "last.ndjson", "short.ndjson"] {
        fs::write(inputs.join(name), lines(100)).unwrap();
    }
    // The batch waits for this one while the others change.
    let first = folder.path().join("a.ndjson");
    make_pipe(&first);
    let child = Command::new(BIN)
        .args(["batch", "--policy", "redact", "--jobs", "1"])
        .args([&first, &inputs])
        .arg("--out")
        .arg(&out)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = fs::OpenOptions::new().write(true).open(&first).unwrap();
    fs::remove_file(inputs.join("gone.ndjson")).unwrap();
    let half = lines(100);
    fs::write(inputs.join("short.ndjson"), &half[..half.len() / 2 + 7]).unwrap();
    pipe.write_all(lines(3).as_bytes()).unwrap();
    drop(pipe);
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        errors.contains("cannot read") && errors.contains("gone.ndjson") && errors.contains("failed 1"),
        "{errors}"
    );
    assert!(PLANTED.iter().all(|p| !errors.contains(p)), "{errors}");
    let count = |name: &str| fs::read_to_string(out.join(name)).unwrap().lines().count();
    assert_eq!((count("a.ndjson"), count("in/last.ndjson")), (3, 100));
    // The line that was cut is no JSON any more.
    assert!(!out.join("in/gone.ndjson").exists());
    assert_eq!(count("in/short.ndjson"), half[..half.len() / 2 + 7].lines().count() - 1);
    assert_eq!(count("quarantine/in/short.ndjson.jsonl"), 1);
    assert_nothing_planted(&out);
}

#[test]
fn what_is_no_file_in_a_folder_is_named_and_does_not_hold_up_the_batch() {
    let folder = tempfile::tempdir().unwrap();
    let (inputs, out) = (folder.path().join("in"), folder.path().join("out"));
    fs::create_dir(&inputs).unwrap();
    fs::write(inputs.join("a.ndjson"), lines(2)).unwrap();
    make_pipe(&inputs.join("pipe"));
    let mut child = Command::new(BIN)
        .args(["batch", "--policy", "redact"])
        .arg(&inputs)
        .arg("--out")
        .arg(&out)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    assert!(wait(&mut child, Duration::from_secs(30)), "waits for a pipe that nobody writes to");
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    assert!(errors.contains("pipe") && errors.contains("failed 1"), "{errors}");
    assert_eq!(child.wait().unwrap().code(), Some(2));
    assert!(out.join("a.ndjson").exists());
}

/// Whether the child ended in that time; killed if not.
fn wait(child: &mut Child, time: Duration) -> bool {
    let end = Instant::now() + time;
    while Instant::now() < end {
        if child.try_wait().unwrap().is_some() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    false
}

#[test]
fn a_batch_that_is_killed_leaves_no_half_file_and_nothing_unscrubbed() {
    let folder = tempfile::tempdir().unwrap();
    let (inputs, out) = (folder.path().join("in"), folder.path().join("out"));
    fs::create_dir(&inputs).unwrap();
    // Both of those that are done side by side and of those that are done by all threads.
    let small = lines(8_000) + "{\"patient_name\":\"Kowalczyk\n";
    for name in ["a", "b", "c", "d"] {
        fs::write(inputs.join(format!("{name}.ndjson")), &small).unwrap();
    }
    let large = lines(40_000);
    fs::write(inputs.join("large.ndjson"), &large).unwrap();
    for stop in ["large", "small"] {
        let mut child = Command::new(BIN)
            .args(["batch", "--policy", "redact", "--jobs", "2"])
            .arg(&inputs)
            .arg("--out")
            .arg(&out)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let end = Instant::now() + Duration::from_secs(60);
        // Some of a file is on the disk; the second time, one of the small ones is done as well.
        loop {
            let begun = |f: &PathBuf| is_part(f) && fs::metadata(f).is_ok_and(|m| m.len() > 0);
            let small = || ["a", "b", "c", "d"].iter().any(|name| out.join(format!("{name}.ndjson")).exists());
            if files(&out).iter().any(begun) && (stop == "large" || small()) {
                break;
            }
            assert!(child.try_wait().unwrap().is_none() && Instant::now() < end, "done before it was killed");
            std::thread::sleep(Duration::from_millis(2));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        for file in files(&out).iter().filter(|f| !is_part(f)) {
            let text = fs::read_to_string(file).unwrap();
            let name = file.strip_prefix(&out).unwrap().to_str().unwrap();
            match name {
                "large.ndjson" => assert_eq!(text.lines().count(), 40_000),
                name if name.starts_with("quarantine") => assert!(text.is_empty() || text.ends_with("}\n")),
                _ => assert_eq!(text.lines().count(), 8_000),
            }
        }
        assert_nothing_planted(&out);
    }
    // The next run does all of it, and what the killed ones left is not taken for output.
    let output =
        Command::new(BIN).args(["batch", "--policy", "redact"]).arg(&inputs).arg("--out").arg(&out).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let done = files(&out).iter().filter(|f| !is_part(f)).count();
    assert_eq!(done, 9, "five files, and a list of what was left out for four of them");
    assert_nothing_planted(&out);
}
