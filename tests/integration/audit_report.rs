//! What `deidre audit report` makes of the trail in tests/golden/audit, for people to read. `UPDATE_GOLDEN=1` writes it anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/audit")
}

fn report(args: &[&str]) -> Output {
    let mut command = assert_cmd::cargo::cargo_bin_cmd!("deidre");
    command.current_dir(folder()).args(["audit", "report", "--trail", "trail.jsonl"]).args(args).output().unwrap()
}

#[test]
fn a_review_of_calls_reads_as_it_is_written_down() {
    let arguments = ["--perimeter", "perimeter.toml", "--since", "2026-11-01", "--until", "2026-11-22"];
    let output = report(&arguments);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(1), &b""[..]));
    let file = folder().join("report.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&file, &text).unwrap();
    }
    assert_eq!(text, fs::read_to_string(file).unwrap());

    let json: serde_json::Value =
        serde_json::from_slice(&report(&[&arguments[..], &["--json"]].concat()).stdout).unwrap();
    let totals = &json["totals"];
    let sum: u64 =
        ["answered", "refused", "failed", "cancelled"].iter().map(|name| totals[name].as_u64().unwrap()).sum();
    assert_eq!(totals["calls"].as_u64(), Some(sum));
    for line in json["attention"].as_array().unwrap() {
        assert!(text.contains(&format!("  - {}\n", line.as_str().unwrap())));
    }
}

#[test]
fn a_period_is_kept_to_and_what_cannot_be_read_is_an_error() {
    let none = report(&["--perimeter", "perimeter.toml", "--since", "2026-12-01", "--until", "2026-12-02", "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&none.stdout).unwrap();
    assert_eq!(json["totals"]["calls"], 0);
    assert_eq!(json["clients"].as_array().unwrap().len(), 3, "those that did nothing are told of");
    for (args, told) in [
        (&["--perimeter", "none.toml"][..], "none.toml"),
        (&["--perimeter", "trail.jsonl"], "trail.jsonl"),
        (&["--perimeter", "perimeter.toml", "--since", "2026-11-02", "--until", "2026-11-02"], "--since"),
        (&["--perimeter", "perimeter.toml", "--since", "yesterday"], "not a time"),
    ] {
        let output = report(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(String::from_utf8(output.stderr).unwrap().contains(told), "{args:?}");
    }
}
