//! The model through the command: which one is asked, what it adds, and what happens when it cannot be.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;

use serde_json::{Value, json};

fn deidre(args: &[&str], input: String) -> assert_cmd::assert::Assert {
    assert_cmd::cargo::cargo_bin_cmd!("deidre").args(args).write_stdin(input).assert()
}

fn spans(args: &[&str], text: &str) -> Vec<(usize, usize, String, String)> {
    let out = deidre(args, format!("{}\n", json!({"id": 1, "text": text}))).success();
    let line: Value = serde_json::from_slice(&out.get_output().stdout).unwrap();
    let span = |s: &Value| {
        let number = |k: &str| s[k].as_u64().unwrap() as usize;
        let word = |k: &str| s[k].as_str().unwrap().to_owned();
        (number("start"), number("end"), word("type"), word("source"))
    };
    line["spans"].as_array().unwrap().iter().map(span).collect()
}

/// Prose without a title or other cue at the names.
const TEXT: &str = "Long talk with Perpetua about going home. She lives in Fennimore with Odalys, works nights at Brannock \
                    Cannery, and was at Saltmarsh Memorial in June.";

#[test]
fn each_model_speaks_and_can_be_left_out() {
    let of = |model: &[&str]| {
        let args: Vec<&str> = ["detect", "--offsets", "bytes"].iter().chain(model).copied().collect();
        spans(&args, TEXT)
    };
    for model in [&[][..], &["--model", "fast"], &["--model", "accurate"]] {
        let found = of(model);
        assert!(found.iter().any(|(.., source)| source == "model"), "{model:?}: {found:?}");
        for name in ["Perpetua", "Odalys"] {
            let at = TEXT.find(name).unwrap();
            assert!(found.iter().any(|(start, end, ..)| *start <= at && at + name.len() <= *end), "{model:?}: {name}");
        }
    }
    assert!(of(&["--no-model"]).iter().all(|(.., source)| source != "model"));
}

#[test]
fn long_texts_are_read_to_their_end() {
    // 5 MB without an empty line: every part of it must be read as the first is.
    let part = TEXT.replace(". ", ", ");
    let times = 5_000_000 / (part.len() + 1) + 1;
    let text = vec![part.as_str(); times].join(" ");
    let found = spans(&["detect", "--offsets", "bytes"], &text);
    for (i, start) in (0..times).map(|i| (i, i * (part.len() + 1))) {
        for name in ["Perpetua", "Odalys"] {
            let at = start + part.find(name).unwrap();
            let from = found.partition_point(|(_, end, ..)| *end <= at);
            let covered = found.get(from).is_some_and(|(s, e, ..)| *s <= at && at + name.len() <= *e);
            assert!(covered, "{name} of part {i} of {times}");
        }
    }
}

#[test]
fn a_model_that_cannot_be_read_stops_everything() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let input = || "{\"id\":1,\"text\":\"Seen by Dr. Zebulon Quillfeather.\"}\n".to_owned();
    let models = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    for name in ["config.json", "weights.safetensors"] {
        fs::copy(models.join("fast").join(name), at(name)).unwrap();
    }
    fs::copy(models.join("vocab.txt"), at("vocab.txt")).unwrap();
    let dir = folder.path().to_str().unwrap();
    for verb in [&["detect"][..], &["filter", "--policy", "redact"]] {
        let with = |model: &str| {
            let args: Vec<&str> = verb.iter().copied().chain(["--model", model]).collect();
            deidre(&args, input())
        };
        with(dir).success();
        with("no-such-model").code(2).stdout("");
    }
    // One byte of each file, in turn.
    for name in ["weights.safetensors", "config.json", "vocab.txt"] {
        let whole = fs::read(at(name)).unwrap();
        let mut damaged = whole.clone();
        let middle = damaged.len() / 2;
        damaged[middle] ^= 0x11;
        for bytes in [&damaged[..], &whole[..whole.len() - 9], b""] {
            fs::write(at(name), bytes).unwrap();
            let out = deidre(&["filter", "--policy", "redact", "--model", dir], input()).code(2).stdout("");
            let said = String::from_utf8_lossy(&out.get_output().stderr).into_owned();
            assert!(said.contains("model") && !said.contains("Quillfeather"), "{name}: {said}");
        }
        fs::write(at(name), &whole).unwrap();
    }
    fs::remove_file(at("weights.safetensors")).unwrap();
    deidre(&["filter", "--policy", "redact", "--model", dir], input()).code(2).stdout("");
}
