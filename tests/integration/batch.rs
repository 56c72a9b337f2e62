//! A batch that is broken off, changed, or run again: what comes out is what one undisturbed run makes.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant, SystemTime};

const BIN: &str = env!("CARGO_BIN_EXE_deidre");

/// A folder with inputs and a key.
struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Bench {
        let bench = Bench { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(bench.at("in")).unwrap();
        let out = bench.command(&["key", "new", "--out", bench.at("deidre.key").to_str().unwrap()]).output().unwrap();
        assert!(out.status.success());
        bench
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn put(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.at("in").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(BIN);
        command.args(args).env("XDG_STATE_HOME", self.at("state"));
        for name in ["DEIDRE_KEY", "DEIDRE_VAULT", "DEIDRE_AUDIT"] {
            command.env_remove(name);
        }
        command
    }

    /// A batch of the inputs into the folder `out`.
    fn batch(&self, out: &str, more: &[&str]) -> Command {
        let mut command = self.command(&["batch", "--no-model", "--policy", "redact"]);
        command.args(more).arg("--key-file").arg(self.at("deidre.key"));
        command.arg(self.at("in")).arg("--out").arg(self.at(out));
        command
    }

    fn run(&self, out: &str, more: &[&str]) -> (Option<i32>, String) {
        told(self.batch(out, more).output().unwrap())
    }

    /// Everything below `out` but for the lock.
    fn tree(&self, out: &str) -> BTreeMap<String, Vec<u8>> {
        let mut found = BTreeMap::new();
        collect(&self.at(out), &self.at(out), &mut found);
        found.remove(".deidre/lock");
        found
    }
}

fn told(output: Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

fn collect(root: &Path, folder: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, found);
        } else if let Ok(bytes) = fs::read(&path) {
            found.insert(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned(), bytes);
        }
    }
}

/// Says what differs, and nothing of what is in it.
fn assert_same(got: &BTreeMap<String, Vec<u8>>, want: &BTreeMap<String, Vec<u8>>, when: &str) {
    assert_eq!(got.keys().collect::<Vec<_>>(), want.keys().collect::<Vec<_>>(), "{when}");
    for (name, bytes) in got {
        assert!(*bytes == want[name], "{when}: {name} is not what a clean run makes");
    }
}

fn line(i: usize) -> String {
    match i % 41 {
        // A record that cannot be read, and a line that is none.
        17 => format!("{{\"patient_name\":\"Kowalczyk {i}\n"),
        18 => "\n".into(),
        _ => format!(
            "{{\"mrn\":\"77140{i:05}\",\"patient_name\":\"Winifred Kowalczyk\",\"note\":\"Mrs. Kowalczyk (MRN: 77140{i:05}) was \
             seen on 3/{}/2019; wt 93.1 kg.\"}}\n",
            i % 28 + 1
        ),
    }
}

fn lines(count: usize) -> String {
    (0..count).map(line).collect()
}

fn rows(count: usize) -> String {
    let row = |i: usize| match i % 29 {
        3 => format!("77140{i:05},too,many\r\n"),
        _ => format!("77140{i:05},\"seen on 3/{}/2019,\nwell\"\r\n", i % 28 + 1),
    };
    std::iter::once("mrn,note\r\n".to_owned()).chain((0..count).map(row)).collect()
}

/// Compressed by the tool of the system, if there is one.
fn compressed(tool: &str, text: &str) -> Option<Vec<u8>> {
    let child = Command::new(tool).arg("-c").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = child.ok()?;
    let mut stdin = child.stdin.take()?;
    let text = text.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()).is_ok());
    let output = child.wait_with_output().ok()?;
    (writer.join().ok()? && output.status.success()).then_some(output.stdout)
}

/// Inputs of every kind: large and small, compressed, with records that cannot be read, one that is not read at all.
fn usual(bench: &Bench, large: usize) {
    bench.put("large.ndjson", lines(large));
    bench.put("large.csv", rows(large * 3));
    for i in 0..6 {
        bench.put(&format!("small/{i}.ndjson"), lines(40 + i * 13));
    }
    bench.put("small/note.txt", "Mrs. Winifred Kowalczyk (MRN: 7714000001) was seen on 3/14/2019.\n");
    bench.put("empty.csv", "");
    bench.put("bin.dat", b"\0\x01");
    for (tool, name) in [("gzip", "gz"), ("zstd", "zst")] {
        if let Some(bytes) = compressed(tool, &lines(large)) {
            bench.put(&format!("stored.ndjson.{name}"), bytes);
        }
    }
}

fn kill(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

/// Killed at random moments and run again until it is done. `DEIDRE_KILLS` says for how many kills.
#[test]
fn a_batch_that_is_killed_and_goes_on_ends_as_one_that_was_not() {
    let bench = Bench::new();
    let asked: Option<u64> = std::env::var("DEIDRE_KILLS").ok().and_then(|n| n.parse().ok());
    let kills = asked.unwrap_or(15);
    // Who asks for many kills gets more than a frame of the compressed ones too, so that they go on.
    usual(&bench, if kills >= 50 { 50_000 } else { 4_000 });
    let start = Instant::now();
    let (code, errors) = bench.run("clean", &[]);
    assert_eq!(code, Some(1), "{errors}");
    let span = start.elapsed().as_micros() as u64;
    let want = bench.tree("clean");
    assert!(want.contains_key(".deidre/manifest.json") && !want.contains_key(".deidre/journal.jsonl"));
    let mut seed = 0x9e37_79b9_u64;
    let mut next = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below.max(1)
    };
    let (mut killed, mut half, mut rounds) = (0, 0, 0);
    while killed < kills {
        let out = format!("out{rounds}");
        rounds += 1;
        // Some rounds are killed once late, some often and early.
        let most = 1 + next(6);
        for _ in 0..most {
            let (jobs, chunk) = ((1 + next(3)).to_string(), (1000 + next(60_000)).to_string());
            let every = (1 + next(200_000)).to_string();
            let more = ["--jobs", &jobs, "--chunk", &chunk, "--note-every", &every, "--quiet"];
            let mut child = bench.batch(&out, &more).stderr(Stdio::null()).spawn().unwrap();
            std::thread::sleep(Duration::from_micros(next(span * 5 / 4 / most)));
            let ended = child.try_wait().unwrap().is_some();
            kill(&mut child);
            if ended {
                break;
            }
            killed += 1;
            let journal = fs::read_to_string(bench.at(&out).join(".deidre/journal.jsonl")).unwrap_or_default();
            half += u64::from(journal.contains("{\"at\":"));
            for (name, bytes) in bench.tree(&out) {
                let whole = name.starts_with(".deidre") || want.get(&name) == Some(&bytes);
                assert!(whole, "{name} is there and not whole");
            }
        }
        let (code, errors) = bench.run(&out, &[]);
        assert_eq!(code, Some(1), "{errors}");
        assert_same(&bench.tree(&out), &want, &format!("round {rounds}"));
        fs::remove_dir_all(bench.at(&out)).unwrap();
    }
    // A few kills on a busy machine may all miss the large files.
    assert!(half > 0 || kills < 50, "half a file was noted at {half} of {killed} kills");
}

#[test]
fn neither_threads_nor_chunks_change_what_comes_out() {
    let bench = Bench::new();
    usual(&bench, 4_000);
    let (code, errors) = bench.run("clean", &[]);
    assert_eq!(code, Some(1), "{errors}");
    let want = bench.tree("clean");
    for (jobs, chunk) in [("1", "3000"), ("2", "70000"), ("3", "20000")] {
        bench.run(jobs, &["--jobs", jobs, "--chunk", chunk]);
        assert_same(&bench.tree(jobs), &want, &format!("{jobs} {chunk}"));
    }
}

#[test]
fn what_is_finished_stays_and_what_changed_is_done_anew() {
    let bench = Bench::new();
    for name in ["a.ndjson", "b.ndjson", "sub/c.ndjson"] {
        bench.put(name, lines(30));
    }
    bench.run("out", &[]);
    let first = bench.tree("out");
    let times = || {
        let time = |name: &str| fs::metadata(bench.at("out").join(name)).unwrap().modified().unwrap();
        ["a.ndjson", "b.ndjson", "sub/c.ndjson"].map(time)
    };
    let before = times();
    let (code, errors) = bench.run("out", &[]);
    assert!(code == Some(1) && errors.contains("files 3, failed 0, finished before 3"), "{errors}");
    assert!(errors.contains("records 87 = 84 written + 3 in quarantine"), "{errors}");
    assert_same(&bench.tree("out"), &first, "again");
    assert_eq!(times(), before);

    // Longer, gone, new; what had been set aside is not any more.
    bench.put("a.ndjson", "{\"mrn\":\"7714000009\"}\n");
    fs::remove_file(bench.at("in/sub/c.ndjson")).unwrap();
    bench.put("d.ndjson", lines(5));
    let (_, errors) = bench.run("out", &[]);
    assert!(errors.contains("finished before 1") && errors.contains("c.ndjson is gone, its output stays"), "{errors}");
    assert_eq!(times()[1..], before[1..]);
    let now = bench.tree("out");
    assert_eq!(now["a.ndjson"], b"{\"mrn\":\"[MRN]\"}\n");
    assert!(!now.contains_key("quarantine/a.ndjson.jsonl") && now.contains_key("sub/c.ndjson"));
    let (_, errors) = bench.run("out", &["--prune"]);
    assert!(errors.contains("its output was removed"), "{errors}");
    bench.run("clean", &[]);
    assert_same(&bench.tree("out"), &bench.tree("clean"), "pruned");

    // The same size and time, another text.
    let path = bench.at("in/b.ndjson");
    let time = fs::metadata(&path).unwrap().modified().unwrap();
    let text = fs::read_to_string(&path).unwrap().replace("7714000001", "7714000002");
    fs::write(&path, text).unwrap();
    let set = |time: SystemTime| fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    set(time);
    assert!(bench.run("out", &[]).1.contains("finished before 3"));
    let (_, errors) = bench.run("out", &["--checksum"]);
    assert!(errors.contains("finished before 2"), "{errors}");
    // An output that somebody changed.
    let output = bench.at("out/d.ndjson");
    let bytes = fs::read(&output).unwrap();
    fs::write(&output, [&bytes[..bytes.len() - 1], b" "].concat()).unwrap();
    assert!(bench.run("out", &["--checksum"]).1.contains("finished before 2"));
    assert_eq!(fs::read(&output).unwrap(), bytes);
    fs::remove_file(&output).unwrap();
    assert!(bench.run("out", &[]).1.contains("finished before 2"));
    assert_eq!(fs::read(&output).unwrap(), bytes);
}

#[test]
fn other_settings_do_not_go_on_with_what_is_there() {
    let bench = Bench::new();
    bench.put("a.ndjson", lines(30));
    bench.run("out", &[]);
    let before = bench.tree("out");
    for (more, setting) in [
        (&["--scope", "document"][..], "scope was corpus, is document"),
        (&["--skip-field", "note"], "fields was format auto, is format auto, skip-field note"),
        (&["--sample", "3"], "sample was none, is 3"),
        (&["--policy", "safe-harbor"], "policy was redact "),
    ] {
        let more: Vec<&str> = more.to_vec();
        let mut command = match more.contains(&"--policy") {
            true => bench.command(&["batch", "--no-model", "--policy", "surrogate"]),
            false => bench.command(&["batch", "--no-model", "--policy", "redact"]),
        };
        if !more.contains(&"--policy") {
            command.args(&more);
        }
        command.arg("--key-file").arg(bench.at("deidre.key")).arg(bench.at("in")).arg("--out").arg(bench.at("out"));
        let (code, errors) = told(command.output().unwrap());
        assert!(code == Some(2) && errors.contains(setting) && errors.contains("--redo"), "{errors}");
        assert_same(&bench.tree("out"), &before, setting);
    }
    let (code, _) = bench.run("out", &["--skip-field", "note", "--redo"]);
    assert_eq!(code, Some(1));
    assert_ne!(bench.tree("out")["a.ndjson"], before["a.ndjson"]);
    bench.run("clean", &["--skip-field", "note"]);
    assert_same(&bench.tree("out"), &bench.tree("clean"), "redo");
    // A sample is no finished run.
    let (_, errors) = bench.run("few", &["--sample", "3"]);
    assert!(errors.contains("this is a sample") && errors.contains("records 3 = 3 written"), "{errors}");
    assert_eq!(bench.tree("few")["a.ndjson"].iter().filter(|b| **b == b'\n').count(), 3);
    assert_eq!(bench.run("few", &[]).0, Some(2));
}

fn make_pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// A batch that waits for a pipe, and the end of the pipe that lets it go on.
fn waiting(bench: &Bench, out: &str) -> (Child, fs::File) {
    let pipe = bench.at("a.ndjson");
    make_pipe(&pipe);
    let mut command = bench.command(&["batch", "--no-model", "--policy", "redact", "--jobs", "1"]);
    command.arg(&pipe).arg(bench.at("in")).arg("--out").arg(bench.at(out)).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let pipe = fs::OpenOptions::new().write(true).open(&pipe).unwrap();
    (child, pipe)
}

#[test]
fn a_folder_that_is_written_to_is_left_to_who_writes() {
    let bench = Bench::new();
    bench.put("b.ndjson", lines(30));
    let (child, mut pipe) = waiting(&bench, "out");
    let (code, errors) = bench.run("out", &[]);
    assert!(code == Some(2) && errors.contains("another run is writing to"), "{errors}");
    pipe.write_all(b"{\"mrn\":\"7714000009\"}\n").unwrap();
    drop(pipe);
    let (code, errors) = told(child.wait_with_output().unwrap());
    assert_eq!(code, Some(1), "{errors}");
    let tree = bench.tree("out");
    assert_eq!(tree["a.ndjson"], b"{\"mrn\":\"[MRN]\"}\n");
    assert!(tree.contains_key("in/b.ndjson"));
}

#[test]
fn a_file_that_changes_while_it_is_read_is_named_and_not_written() {
    for shrink in [true, false] {
        let bench = Bench::new();
        bench.put("large.ndjson", lines(15_000));
        bench.put("small.ndjson", lines(20));
        let mut child = bench
            .batch("out", &["--jobs", "1", "--chunk", "1000", "--note-every", "1"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let end = Instant::now() + Duration::from_secs(120);
        let journal = bench.at("out/.deidre/journal.jsonl");
        // That file is open, whatever was done before it.
        let begun =
            |text: String| text.lines().any(|line| line.starts_with("{\"at\":") && line.contains("large.ndjson"));
        while !fs::read_to_string(&journal).is_ok_and(begun) {
            assert!(child.try_wait().unwrap().is_none() && Instant::now() < end, "done before it was changed");
            std::thread::sleep(Duration::from_millis(2));
        }
        let mut file = fs::File::options().append(true).open(bench.at("in/large.ndjson")).unwrap();
        if shrink {
            file.set_len(1 << 20).unwrap()
        } else {
            file.write_all(b"{\"mrn\":\"7714000009\"}\n").unwrap()
        }
        let (code, errors) = told(child.wait_with_output().unwrap());
        assert!(code == Some(2) && errors.contains("large.ndjson changed while it was read"), "{errors}");
        assert!(errors.contains("failed 1") && !errors.contains("Kowalczyk"), "{errors}");
        let tree = bench.tree("out");
        assert!(!tree.contains_key("large.ndjson") && tree.contains_key("small.ndjson"));
        assert!(tree.keys().all(|name| !name.ends_with(".part")), "nothing of it can be used");
        // It stays as it is now.
        assert_eq!(bench.run("out", &[]).0, Some(1));
        bench.run("clean", &[]);
        assert_same(&bench.tree("out"), &bench.tree("clean"), "changed");
    }
}

/// A limit on file size stands for a full disk; when there is room again, the run goes on.
#[cfg(target_os = "linux")]
#[test]
fn when_there_is_room_on_the_disk_again_a_batch_goes_on() {
    let bench = Bench::new();
    usual(&bench, 8_000);
    bench.run("clean", &[]);
    let script = "trap '' XFSZ; ulimit -f 512; exec \"$0\" \"$@\"";
    let mut full = Command::new("bash");
    let batch = bench.batch("out", &["--chunk", "50000", "--note-every", "1"]);
    full.args(["-c", script]).arg(BIN).args(batch.get_args());
    let (code, errors) = told(full.output().unwrap());
    assert!(code == Some(2) && errors.contains("cannot write") && errors.contains("large.ndjson"), "{errors}");
    let (tree, want) = (bench.tree("out"), bench.tree("clean"));
    assert!(!tree.contains_key("large.ndjson") && tree.contains_key("small/0.ndjson"));
    assert!(tree.keys().any(|name| name.ends_with(".part")), "what was noted stays");
    for (name, bytes) in &tree {
        assert!(name.starts_with(".deidre") || want[name] == *bytes, "{name} is there and not whole");
    }
    bench.run("out", &[]);
    assert_same(&bench.tree("out"), &want, "with room");
}

#[test]
fn an_output_that_cannot_be_named_gets_its_name_when_it_can() {
    let bench = Bench::new();
    bench.put("a.ndjson", lines(30));
    bench.put("b.ndjson", lines(30));
    fs::create_dir_all(bench.at("out/a.ndjson/in-the-way")).unwrap();
    let (code, errors) = bench.run("out", &[]);
    assert!(code == Some(2) && errors.contains("cannot write") && errors.contains("a.ndjson"), "{errors}");
    assert!(bench.tree("out").contains_key("b.ndjson"));
    assert_eq!(bench.run("out", &[]).0, Some(2));
    fs::remove_dir_all(bench.at("out/a.ndjson")).unwrap();
    let (code, errors) = bench.run("out", &[]);
    assert!(code == Some(1) && errors.contains("finished before 2"), "{errors}");
    bench.run("clean", &[]);
    assert_same(&bench.tree("out"), &bench.tree("clean"), "named");
}

#[test]
fn a_dry_run_tells_and_writes_nothing() {
    let bench = Bench::new();
    usual(&bench, 400);
    let dry = |more: &[&str]| {
        let output = bench.batch("out", &[&["--dry-run"], more].concat()).output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (listed, summed) = dry(&[]);
    assert!(!bench.at("out").exists());
    assert!(listed.contains("new\tndjson\t") && listed.contains("\tlarge.ndjson\n"), "{listed}");
    assert!(listed.contains("new\tcsv\t") && listed.contains("new\tnone: binary data\t2\tbin.dat\n"), "{listed}");
    assert!(summed.contains("nothing was written") && !summed.contains("replaced"), "{summed}");
    let (_, found) = dry(&["--sample", "5"]);
    assert!(found.contains("replaced") && found.contains("MRN") && !bench.at("out").exists(), "{found}");
    let (few, _) = dry(&["--include", "*.csv", "--exclude", "empty*"]);
    assert_eq!(few.lines().count(), 1, "{few}");
    bench.run("out", &[]);
    bench.put("empty.csv", "mrn,note\n");
    let before = bench.tree("out");
    let (listed, _) = dry(&[]);
    assert!(listed.contains("changed\tcsv\t9\tempty.csv") && listed.contains("finished\t\t"), "{listed}");
    assert_same(&bench.tree("out"), &before, "dry");
}

#[test]
fn what_is_set_aside_is_kept_for_who_has_the_key() {
    let bench = Bench::new();
    bench.put("a.ndjson", lines(60));
    bench.put("b.csv", rows(60));
    bench.put(
        "people.csv",
        "mrn,patient_name,note\n7714000001,Winifred Kowalczyk,well\n7714000002,Ada Kowalczyk,well\n",
    );
    bench.put("bin.dat", b"\0\x01");
    let (code, errors) = bench.run("out", &[]);
    assert_eq!(code, Some(1), "{errors}");
    let tree = bench.tree("out");
    let list = String::from_utf8(tree["quarantine/a.ndjson.jsonl"].clone()).unwrap();
    let first: serde_json::Value = serde_json::from_str(list.lines().next().unwrap()).unwrap();
    assert_eq!((first["record"].as_u64(), first["reason"].as_str()), (Some(18), Some("JSON ends too early")));
    let (at, output) = (first["at"].as_u64().unwrap() as usize, &tree["a.ndjson"]);
    assert_eq!(output[..at].iter().filter(|b| **b == b'\n').count(), 17);
    assert!(first["sealed"].as_str().unwrap().len() > 20 && first["key"].is_string());
    assert!(tree.values().all(|bytes| !bytes.windows(9).any(|w| w == b"Kowalczyk")));

    // The rows name patients, which were looked for in all texts: a record is not tried with less.
    let mut command = bench.command(&["batch", "--retry-quarantine", "--no-model", "--policy", "redact"]);
    command.arg("--key-file").arg(bench.at("deidre.key")).arg("--out").arg(bench.at("out"));
    let (code, errors) = told(command.output().unwrap());
    assert!(code == Some(2) && errors.contains("INPUT"), "{errors}");
    assert_same(&bench.tree("out"), &tree, "refused");

    // Nothing has changed: they fail again, and all is as it was.
    let mut command = bench.command(&["batch", "--retry-quarantine", "--no-model", "--policy", "redact"]);
    command.arg(bench.at("in")).arg("--key-file").arg(bench.at("deidre.key")).arg("--out").arg(bench.at("out"));
    let (code, errors) = told(command.output().unwrap());
    assert!(code == Some(1) && errors.contains("0 put in their place + "), "{errors}");
    assert!(errors.contains("JSON ends too early") && errors.contains("wrong number of columns"), "{errors}");
    assert!(errors.contains("1 the whole file was set aside"), "{errors}");
    assert_same(&bench.tree("out"), &tree, "retried");

    // Without a key there is nothing to open, and nothing was kept.
    let mut command = bench.command(&["batch", "--retry-quarantine", "--no-model", "--policy", "redact", "--out"]);
    let (code, errors) = told(command.arg(bench.at("out")).output().unwrap());
    assert!(code == Some(2) && errors.contains("--key-file"), "{errors}");
    let mut command = bench.command(&["batch", "--no-model", "--policy", "redact"]);
    command.arg(bench.at("in")).arg("--out").arg(bench.at("keyless"));
    assert_eq!(command.output().unwrap().status.code(), Some(1));
    let list = String::from_utf8(bench.tree("keyless")["quarantine/a.ndjson.jsonl"].clone()).unwrap();
    assert!(
        list.starts_with("{\"file\":\"a.ndjson\",\"record\":18,\"offset\":29,\"reason\":\"JSON ends too early\"}\n"),
        "{list}"
    );
}

#[test]
fn progress_is_told_when_it_is_wanted() {
    let bench = Bench::new();
    bench.put("a.ndjson", "{\"mrn\":\"7714000009\"}\n");
    assert_eq!(bench.run("quiet", &["--quiet"]), (Some(0), String::new()));
    let (_, errors) = bench.run("usual", &["--progress"]);
    assert!(errors.starts_with("files 1, failed 0\nrecords 1 = 1 written + 0 in quarantine\n"), "{errors}");
}
