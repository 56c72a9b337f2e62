//! The commands `filter` and `batch` as they are run.

use std::fs;
use std::path::Path;

use assert_cmd::Command;

fn deidre() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_deidre"));
    command.env("RUST_LOG", "trace");
    command
}

fn filter(args: &[&str], input: &[u8]) -> (Vec<u8>, String, i32) {
    let output = deidre().arg("filter").args(["--policy", "redact"]).args(args).write_stdin(input).output().unwrap();
    (output.stdout, String::from_utf8(output.stderr).unwrap(), output.status.code().unwrap())
}

#[test]
fn what_is_around_identifiers_stays_byte_for_byte() {
    let line =
        b"{ \"mrn\" : \"00482913\", \"v\":1.50, \"count\":12345678901234567890123,\"e\":1e3, \"e\":\"\\u0041\\/\" }\r\n";
    let input = [&b"\n"[..], line, b"\n[ ]"].concat();
    let (out, _, code) = filter(&["--format", "ndjson"], &input);
    let want = String::from_utf8(input).unwrap().replace("00482913", "[MRN]");
    assert_eq!(String::from_utf8(out).unwrap(), want);
    assert_eq!(code, 0);
}

#[test]
fn fields_that_are_not_chosen_stay() {
    let input = b"{\"mrn\":\"00482913\",\"pt\":{\"mrn\":\"00490027\"}}\n";
    let (out, _, _) = filter(&["--field", "/pt"], input);
    assert_eq!(out, b"{\"mrn\":\"00482913\",\"pt\":{\"mrn\":\"[MRN]\"}}\n");
    let (out, _, _) = filter(&["--skip-field", "/pt"], input);
    assert_eq!(out, b"{\"mrn\":\"[MRN]\",\"pt\":{\"mrn\":\"00490027\"}}\n");
}

const MARKER: &str = "Zxqvmarkerword";

/// Records that cannot be read, each with the marker in it.
fn malformed() -> Vec<Vec<u8>> {
    let m = MARKER.as_bytes();
    let with = |a: &[u8], b: &[u8]| [a, m, b].concat();
    vec![
        with(b"{\"name\":\"", b""),
        with(b"{\"name\":\"", b"\",}"),
        with(b"{'name':'", b"'}"),
        with(b"{\"", b"\":\"\\q\"}"),
        with(b"{\"a\":\"", b"\xff\"}"),
        with(b"{\"a\":\"", b"\"}{}"),
        with(b"{\"a\":\"", b"\\ud800\"}"),
        with(b"{\"a\":\"", b"\t\"}"),
        with(b"", b""),
    ]
}

#[test]
fn no_text_of_a_record_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let aside = folder.path().join("aside.jsonl");
    let mut lines = malformed();
    lines.push(format!("{{\"name\":\"{MARKER}\",\"mrn\":\"{MARKER}9\"}}").into_bytes());
    let input = lines.join(&b'\n');
    let (out, errors, code) = filter(&["--format", "ndjson", "--quarantine", aside.to_str().unwrap()], &input);
    assert_eq!(code, 1);
    assert_eq!(String::from_utf8(out).unwrap().lines().count(), 1);
    assert!(!errors.contains(MARKER), "standard error tells text");
    let told = fs::read_to_string(&aside).unwrap();
    assert_eq!(told.lines().count(), malformed().len());
    assert!(!told.contains(MARKER), "the quarantine file tells text");

    // The same in a batch, with a table, a text and a file of a kind that is not read.
    let inputs = folder.path().join("in");
    fs::create_dir(&inputs).unwrap();
    fs::write(inputs.join("rows.ndjson"), &input).unwrap();
    fs::write(inputs.join("table.csv"), format!("name,note\n{MARKER},\"x\n")).unwrap();
    fs::write(inputs.join("wide.csv"), format!("name,note\n{MARKER},x,{MARKER}\nA,b\n")).unwrap();
    fs::write(inputs.join("bin.txt"), format!("{MARKER}\0")).unwrap();
    fs::write(inputs.join("page.xml"), format!("<?xml version=\"1.0\"?><a>{MARKER}</b>")).unwrap();
    let out = folder.path().join("out");
    let output = deidre().args(["batch", "--policy", "redact"]).arg(&inputs).arg("--out").arg(&out).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(!String::from_utf8(output.stderr).unwrap().contains(MARKER));
    let mut files = Vec::new();
    collect(&out, &mut files);
    let aside: Vec<_> = files.iter().filter(|f| f.starts_with(out.join("quarantine"))).collect();
    assert_eq!(aside.len(), 5, "{files:?}");
    for file in &files {
        let bytes = fs::read(file).unwrap();
        let good = file.ends_with("rows.ndjson");
        let found = bytes.windows(MARKER.len()).any(|w| w == MARKER.as_bytes());
        assert!(good || !found, "{} holds text of a faulty record", file.display());
    }
    assert!(fs::read(out.join("page.xml")).is_ok_and(|bytes| bytes.is_empty()));
    assert!(!out.join("bin.txt").exists());
}

fn collect(folder: &Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { collect(&path, files) } else { files.push(path) }
    }
}

#[test]
fn the_number_of_threads_does_not_change_the_output() {
    let mut input = Vec::new();
    for i in 0..30_000 {
        let text = match i % 7 {
            0 => format!("{{\"id\":\"A{i:06}\",\"note\":\"nothing {i}\",\"v\":{i}.50}}\n"),
            1 => "\n".to_string(),
            2 if i % 3 == 0 => "{\"bad\":\n".to_string(),
            _ => format!(
                "{{\"mrn\":\"{i:08}\",\"name\":\"Winifred Foley\",\"text\":\"{}\"}}\n",
                "so it was ".repeat(i % 9)
            ),
        };
        input.extend_from_slice(text.as_bytes());
    }
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("rows.ndjson");
    fs::write(&source, [&input[..], &input, &input].concat()).unwrap();
    let run = |jobs: &str| filter(&["--format", "ndjson", "--jobs", jobs], &input);
    let (one, errors, code) = run("1");
    assert_eq!(code, 1);
    assert!(errors.contains("and"), "counts what was left out");
    assert_eq!(run("2").0, one);
    let mut outs = Vec::new();
    for jobs in ["1", "2"] {
        let out = folder.path().join(jobs);
        deidre().args(["batch", "--policy", "redact", "--jobs", jobs, "--out"]).arg(&out).arg(&source).assert().code(1);
        outs.push(fs::read(out.join("rows.ndjson")).unwrap());
    }
    assert_eq!(outs[0], outs[1]);
    assert_eq!(outs[0], [&one[..], &one, &one].concat());
}

#[test]
fn formats_that_are_not_read_stop_filter() {
    for input in [&b"%PDF-1.7"[..], b"<!DOCTYPE html><p>a</p>", b"PK\x03\x04", b"\xff\xfea\0"] {
        let (out, errors, code) = filter(&[], input);
        assert_eq!((out.len(), code), (0, 2));
        assert!(errors.contains("error: standard input"), "{errors}");
    }
}

#[test]
fn batch_refuses_to_write_into_its_input() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.txt"), "x").unwrap();
    let out = folder.path().join("out");
    deidre().args(["batch"]).arg(folder.path()).arg("--out").arg(&out).assert().code(2);
    assert!(!out.exists());
}

#[test]
fn a_file_that_cannot_be_read_or_written_does_not_stop_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let inputs = folder.path().join("in");
    fs::create_dir_all(inputs.join("sub")).unwrap();
    fs::write(inputs.join("a.txt"), "mail a@b.example").unwrap();
    fs::write(inputs.join("sub/b.txt"), "mail a@b.example").unwrap();
    // The folder that the second file needs is there already as a file.
    let out = folder.path().join("out");
    fs::create_dir(&out).unwrap();
    fs::write(out.join("sub"), "in the way").unwrap();
    let output = deidre().args(["batch", "--policy", "redact"]).arg(&inputs).arg("--out").arg(&out).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.contains("cannot write") && errors.contains("failed 1"), "{errors}");
    assert!(out.join("a.txt").exists());
    assert_eq!(fs::read(out.join("sub")).unwrap(), b"in the way");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    use std::process::{Command, Stdio};
    let mut child = Command::new(env!("CARGO_BIN_EXE_deidre"))
        .args(["filter", "--policy", "redact"])
        .stdin(Stdio::piped())
        .stdout(fs::OpenOptions::new().write(true).open("/dev/full").unwrap())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    use std::io::Write;
    child.stdin.take().unwrap().write_all(b"{\"a\":1}\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("cannot write standard output"));
}

#[test]
fn encodings_and_byte_order_marks_are_kept() {
    let (out, _, _) = filter(&["--format", "csv"], b"\xEF\xBB\xBFName;Tel.\r\n\"Ren\xc3\xa9e B\";360-555-0142\r\n");
    assert_eq!(out, b"\xEF\xBB\xBFName;Tel.\r\n\"[NAME]\";[PHONE]\r\n");
    let (out, _, _) = filter(&["--format", "csv"], b"Name;mrn;caf\xe9\r\nRen\xe9e B;0048291;\x93x\x94 \xe9\r\n");
    assert_eq!(out, b"Name;mrn;caf\xe9\r\n[NAME];[MRN];\x93x\x94 \xe9\r\n");
}
