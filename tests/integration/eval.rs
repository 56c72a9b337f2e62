//! `deidre eval` against figures counted by hand, and against the reference scorer to the last digit.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

fn deidre(args: &[&str]) -> String {
    let out = assert_cmd::cargo::cargo_bin_cmd!("deidre").args(args).output().unwrap();
    assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

fn write_lines(path: &Path, lines: &[Value]) {
    let text: String = lines.iter().map(|l| format!("{l}\n")).collect();
    std::fs::write(path, text).unwrap();
}

#[test]
fn figures_counted_by_hand() {
    // name, text, gold (start, end, type), predictions (start, end, type), then
    // caught/elements, right/wrong characters, false spans, clean documents
    type Spans<'a> = &'a [(usize, usize, &'a str)];
    #[rustfmt::skip]
    let table: &[(&str, &str, Spans, Spans, [usize; 6])] = &[
        ("all caught, by another label", "Ann Lee", &[(0, 7, "NAME")], &[(0, 3, "CITY"), (4, 7, "NAME")], [1, 1, 6, 0, 0, 1]),
        ("one letter missed", "Ann Lee", &[(0, 7, "NAME")], &[(0, 6, "NAME")], [0, 1, 5, 0, 0, 0]),
        ("nothing predicted", "Ann Lee", &[(0, 7, "NAME")], &[], [0, 1, 0, 0, 0, 0]),
        ("over-redaction, one stretch", "mild pain", &[], &[(0, 9, "NAME")], [0, 0, 0, 8, 1, 1]),
        ("over-redaction, two stretches", "mild pain", &[], &[(0, 4, "NAME"), (5, 9, "NAME")], [0, 0, 0, 8, 2, 1]),
        ("punctuation is no stretch", "a (b)", &[(0, 1, "NAME"), (3, 4, "NAME")], &[(0, 5, "NAME")], [2, 2, 2, 0, 0, 1]),
        ("optional is neither", "Ohio 44", &[(0, 4, "STATE"), (5, 7, "AGE")], &[(0, 7, "CITY")], [0, 0, 0, 0, 0, 1]),
        ("weekday and time of a date", "Mon 3/4 14:05 x", &[(4, 7, "DATE")], &[(0, 13, "DATE")], [1, 1, 2, 0, 0, 1]),
        ("a letter past the time", "Mon 3/4 14:05 x", &[(4, 7, "DATE")], &[(0, 15, "DATE")], [1, 1, 2, 1, 1, 1]),
        ("code points", "Zoë Ö 7", &[(0, 3, "NAME")], &[(0, 5, "NAME")], [1, 1, 3, 1, 1, 1]),
        ("beyond the text", "Ann", &[(0, 3, "NAME")], &[(0, 99, "NAME"), (50, 60, "NAME")], [1, 1, 3, 0, 0, 1]),
    ];
    let folder = tempfile::tempdir().unwrap();
    let (gold, pred) = (folder.path().join("g.jsonl"), folder.path().join("p.jsonl"));
    let spans = |s: Spans| -> Value { s.iter().map(|(a, b, t)| json!({"start": a, "end": b, "type": t})).collect() };
    for (name, text, marked, predicted, [caught, elements, right, wrong, false_spans, clean]) in table {
        write_lines(&gold, &[json!({"id": 7, "text": text, "spans": spans(marked)})]);
        write_lines(&pred, &[json!({"id": "7", "spans": spans(predicted)})]);
        let out = deidre(&["eval", gold.to_str().unwrap(), "--json", "--predictions", pred.to_str().unwrap()]);
        let out: Value = serde_json::from_str(&out).unwrap();
        for (key, want) in [("caught", caught), ("elements", elements), ("false_spans", false_spans), ("clean", clean)]
        {
            assert_eq!(out[key], json!(want), "{name}: {key}");
        }
        let precision = *right as f64 / (right + wrong).max(1) as f64;
        assert_eq!(out["char_precision"].as_f64().unwrap(), precision, "{name}");
    }
}

#[test]
fn every_kind_of_gold_gives_the_same_figures() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    put("inline/a.txt", "Mr. [[NAME:Øst]] seen [[DATE:3/4]], age [[AGE:44]]");
    put("brat/a.txt", "Mr. Øst seen 3/4, age 44");
    put("brat/a.ann", "T1\tNAME 4 7\tØst\nT2\tDATE 13 16\t3/4\nT3\tAGE 22 24\t44\n");
    put(
        "i2b2/a.xml",
        "<?xml version='1.0'?><deIdi2b2><TEXT><![CDATA[Mr. Øst seen 3/4, age 44]]></TEXT><TAGS>\
         <NAME id='P0' start='4' end='7' text='Øst' TYPE='PATIENT'/><DATE id='P1' start='13' end='16' text='3/4' \
         TYPE='DATE'/><AGE id='P2' start='22' end='24' text='44' TYPE='AGE'/></TAGS></deIdi2b2>",
    );
    put("pred.jsonl", "{\"id\": \"a\", \"spans\": [{\"start\": 0, \"end\": 7, \"type\": \"NAME\"}]}\n");
    let pred = folder.path().join("pred.jsonl");
    let run = |kind: &str| {
        let gold = folder.path().join(kind);
        deidre(&["eval", gold.to_str().unwrap(), "--leaks", "9", "--predictions", pred.to_str().unwrap()])
    };
    let inline = run("inline");
    assert!(inline.contains("1 of 2 elements caught"), "{inline}");
    assert!(inline.contains("LEAK a DATE \"3/4\" covered 0 in \"Mr. Øst seen 3/4, age 44\""), "{inline}");
    assert_eq!(inline, run("brat"));
    assert_eq!(inline, run("i2b2"));
}

#[test]
fn unreadable_gold_is_named_and_its_text_is_not() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text, place) in [
        (
            "a.jsonl",
            "{\"id\":1,\"text\":\"x\",\"spans\":[]}\n{\"id\":2,\"text\":\"Zeppelina\",\"spans\":[{]}\n",
            "line 2",
        ),
        (
            "b.jsonl",
            "{\"id\":1,\"text\":\"Zeppelina\",\"spans\":[{\"start\":0,\"end\":10,\"type\":\"NAME\"}]}",
            "0..10",
        ),
        ("c.jsonl", "{\"id\":1,\"text\":\"Zeppelina\",\"spans\":[{\"start\":0,\"end\":9,\"type\":\"NICK\"}]}", "NICK"),
        ("d.txt", "Mrs [[NAME:Zeppelina", "byte 4"),
        ("e.xml", "<deIdi2b2><TEXT>Zeppelina</TEXT><TAGS><A/></TAGS></deIdi2b2>", "i2b2"),
        ("f.txt", "", "cannot be read"),
    ] {
        let path = folder.path().join(name);
        if !text.is_empty() {
            std::fs::write(&path, text).unwrap();
        }
        let out = assert_cmd::cargo::cargo_bin_cmd!("deidre").arg("eval").arg(&path).output().unwrap();
        let stderr = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(2), "{name}");
        assert!(stderr.contains(name) && stderr.contains(place), "{stderr}");
        assert!(!stderr.contains("Zeppelina") && out.stdout.is_empty(), "{stderr}");
    }
}

#[test]
fn agrees_with_the_reference_scorer() {
    let Some(shared) = shared() else {
        eprintln!("skipped: ../shared/eval (gold notes and score.py) is not there");
        return;
    };
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("skipped: score.py needs python3");
        return;
    }
    let (gold, scorer) = (shared.join("dev.jsonl"), shared.join("score.py"));
    let folder = tempfile::tempdir().unwrap();
    let mut runs = vec![(gold.clone(), folder.path().join("engine.jsonl"))];
    std::fs::write(&runs[0].1, deidre(&["detect", gold.to_str().unwrap()])).unwrap();

    let notes: Vec<Value> =
        std::fs::read_to_string(&gold).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    for seed in 1..4 {
        let pred = folder.path().join(format!("drawn{seed}.jsonl"));
        let mut random = Random(seed);
        write_lines(&pred, &notes.iter().map(|note| drawn(note, &mut random)).collect::<Vec<_>>());
        runs.push((gold.clone(), pred));
    }
    // Short texts of nothing but what the margins of a date are made of.
    let mut random = Random(99);
    let (g, p) = (folder.path().join("margins.jsonl"), folder.path().join("margins-pred.jsonl"));
    let margins: Vec<Value> = (0..3000).map(|id| margins(id, &mut random)).collect();
    write_lines(&g, &margins);
    let everything = |note: &Value| {
        let n = note["text"].as_str().unwrap().chars().count();
        json!({"id": note["id"], "spans": [{"start": 0, "end": n, "type": "NAME"}]})
    };
    write_lines(&p, &margins.iter().map(everything).collect::<Vec<_>>());
    runs.push((g, p));

    for (gold, pred) in &runs {
        let python = |more: &[&str]| {
            let out = Command::new("python3").arg(&scorer).arg(gold).arg(pred).args(more).output().unwrap();
            assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
            String::from_utf8(out.stdout).unwrap()
        };
        let (gold, given) = (gold.to_str().unwrap(), ["--predictions", pred.to_str().unwrap()]);
        let text = deidre(&["eval", gold, given[0], given[1]]);
        let ours: Value = serde_json::from_str(&deidre(&["eval", gold, "--json", given[0], given[1]])).unwrap();
        let theirs: Value = serde_json::from_str(&python(&["--json"])).unwrap();
        for (key, want) in theirs.as_object().unwrap() {
            assert_eq!(ours[key].as_f64().unwrap().to_bits(), want.as_f64().unwrap().to_bits(), "{pred:?} {key}");
        }
        let printed = python(&["--by-type"]);
        let mut lines = printed.lines();
        assert_eq!(text.lines().last(), lines.next());
        for line in lines {
            let mut words = line.split_whitespace();
            let (label, counts) = (words.next().unwrap(), line.split_whitespace().skip(1).collect::<String>());
            let row = &ours["labels"][label];
            let recall = row["element_recall"].as_f64().unwrap();
            assert_eq!(counts, format!("{}/{}{recall:.3}", row["caught"], row["elements"]), "{label}");
        }
        // Without --predictions the engine gives what `deidre detect` wrote.
        if pred.ends_with("engine.jsonl") {
            assert_eq!(text, deidre(&["eval", gold]));
        }
    }
}

fn shared() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // Beside the repository, or beside the folder of its worktrees.
    [root.join("../shared/eval"), root.join("../../shared/eval")].into_iter().find(|p| p.join("score.py").is_file())
}

/// Predictions for a note: its own elements, some cut, some grown, some missing, and others at random.
fn drawn(note: &Value, random: &mut Random) -> Value {
    let n = note["text"].as_str().unwrap().chars().count() as i64;
    let mut spans = Vec::new();
    for span in note["spans"].as_array().unwrap() {
        let (start, end) = (span["start"].as_i64().unwrap(), span["end"].as_i64().unwrap());
        let (before, after) = (random.below(16) - 6, random.below(24) - 6);
        match random.below(6) {
            0 => {}
            1 => spans.push(json!({"start": start - before, "end": end + after, "type": "NAME"})),
            _ => spans.push(json!({"start": start, "end": end, "type": span["type"]})),
        }
    }
    for _ in 0..random.below(9) {
        let start = random.below(n) - 3;
        spans.push(json!({"start": start, "end": start + random.below(40), "type": "DATE"}));
    }
    json!({"id": note["id"], "spans": spans})
}

/// A gold note of one date with what may stand around it, at random.
fn margins(id: i64, random: &mut Random) -> Value {
    let pieces = |random: &mut Random, of: &[&str], n: i64| -> String {
        (0..random.below(n)).map(|_| of[random.below(of.len() as i64) as usize]).collect()
    };
    let before = ["the ", "The", "mon", "Tues", "day", ".", ",", " ", "\n", "é", "x", "²", "ſ", "_"];
    let after = [
        " ", "\t", "T", "@", ",", "at ", "1", "23", "45", ":", ":30", ".", "am", "p.m.", "h", "rs", "z", "+02", "-",
        "_", "٣",
    ];
    let (head, tail) = (pieces(random, &before, 7), pieces(random, &after, 12));
    let start = head.chars().count();
    json!({"id": id, "text": format!("{head}3/4{tail}"), "spans": [{"start": start, "end": start + 3, "type": "DATE"}]})
}

/// The same numbers on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, n: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (((u128::from(self.0) * n as u128) >> 64) as i64).min(n - 1)
    }
}
