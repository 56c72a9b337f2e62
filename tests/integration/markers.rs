//! No verb tells text of a record, a key or a policy on standard error, whatever is wrong, at the highest log level.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use deidre::identifier::Label;
use deidre::policy::Policy;
use deidre::secret::{Key, Keyring};
use deidre::transform::{Means, Orders, Scope, Transform, Value, Whose, Written};

const MARKER: &str = "Zxqvmarker";

fn run(args: &[&str], input: &[u8]) -> Output {
    let state = tempfile::tempdir().unwrap();
    let mut command = assert_cmd::cargo::cargo_bin_cmd!("deidre");
    command.env("XDG_STATE_HOME", state.path());
    command.env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full").env("DEIDRE_KEY", "5a".repeat(32));
    command.args(args).write_stdin(input).output().unwrap()
}

fn holds(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes).to_lowercase();
    text.contains(&MARKER.to_lowercase())
}

#[track_caller]
fn silent(args: &[&str], input: &[u8]) -> Output {
    let output = run(args, input);
    assert!(!holds(&output.stderr), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.code().is_some_and(|code| code <= 2), "{args:?}: {:?}", output.status);
    output
}

/// Inputs of a format, sound and not, the marker in each.
fn inputs(format: &str) -> Vec<Vec<u8>> {
    let texts: &[&str] = match format {
        "json" | "ndjson" => &[
            "{\"name\":\"@\",\"@\":{\"note\":\"Mr. @\"}}\n",
            "{\"name\":\"@\"",
            "{\"name\":\"@\",}",
            "{\"name\":@}",
            "{'@':1}",
            "{\"@\\q\":1}",
            "{\"@\":\"\\ud800@\"}",
            "{\"@\":\"\t@\"}",
            "{\"@\":01}",
            "{\"@\":1} @",
            "@",
            "[[[[@",
        ],
        "csv" | "tsv" => &[
            "name,note\n@,Mr. @\n",
            "name\tnote\n@\tMr. @\n",
            "@,@\n@,@\n",
            "name,note\n\"@,x\n",
            "name,note\n\"@\"@,x\n",
            "name,note\n@\n@,@,@\n",
            "name,note\n@,\0\n",
            "@\0,note\n@,x\n",
        ],
        _ => &["Mr. @ of @, MRN: @", "\"@\" {@}", "@\0@", "<?xml @?>", "MSH|^~\\&|@"],
    };
    let mut all: Vec<Vec<u8>> = texts.iter().map(|text| text.replace('@', MARKER).into_bytes()).collect();
    let mut broken = all[0].clone();
    broken.extend_from_slice(&[0xff, 0xfe, b'"']);
    broken.extend_from_slice(MARKER.as_bytes());
    all.push(broken);
    all.push([b"\xff\xfe", MARKER.as_bytes()].concat());
    all
}

#[test]
fn filter_and_batch() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in");
    fs::create_dir(&input).unwrap();
    for format in ["auto", "text", "json", "ndjson", "csv", "tsv"] {
        for (i, bytes) in inputs(format).into_iter().enumerate() {
            let aside = folder.path().join("aside.jsonl");
            let args = ["filter", "--format", format, "--quarantine", aside.to_str().unwrap()];
            silent(&args, &bytes);
            assert!(!fs::read(&aside).is_ok_and(|told| holds(&told)), "the quarantine file tells text");
            fs::write(input.join(format!("{i}.{format}")), &bytes).unwrap();
        }
    }
    for policy in ["redact", "minimum-necessary"] {
        let out = folder.path().join(policy);
        let (input, out) = (input.to_str().unwrap(), out.to_str().unwrap());
        silent(&["batch", input, "--out", out, "--policy", policy, "--keys"], b"");
        assert!(Path::new(out).join("quarantine").is_dir());
        let mut told = Vec::new();
        collect(&Path::new(out).join("quarantine"), &mut told);
        assert!(told.len() > 10 && told.iter().all(|file| !holds(&fs::read(file).unwrap())));
        // The scope that nobody's record gives, and a patient's id that is a marker.
        silent(&["batch", input, "--out", out, "--redo", "--scope", "patient", "--patient-field", "name"], b"");
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { collect(&path, files) } else { files.push(path) }
    }
}

#[test]
fn detect_and_eval() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text.replace('@', MARKER)).unwrap();
        path.to_str().unwrap().to_owned()
    };
    for line in [
        "{\"id\":1,\"text\":\"Mr. @ of @\"}",
        "{\"id\":1,\"text\":\"@}",
        "{\"id\":{\"@\":1},\"text\":\"@\"}",
        "{\"id\":1,\"@\":\"@\"}",
        "{\"id\":1,\"text\":[\"@\"]}",
        "@",
    ] {
        let output = silent(&["detect"], line.replace('@', MARKER).as_bytes());
        assert!(!holds(&output.stdout), "detect writes spans only");
    }
    let gold = put(
        "good.jsonl",
        "{\"id\":1,\"kind\":\"k\",\"text\":\"Mr. @ here\",\"spans\":[{\"start\":4,\"end\":9,\"type\":\"NAME\"}]}\n",
    );
    for (name, text) in [
        ("a.jsonl", "{\"id\":1,\"text\":\"@\",\"spans\":[{]}"),
        ("b.jsonl", "{\"id\":1,\"text\":\"@\",\"spans\":[{\"start\":0,\"end\":99,\"type\":\"NAME\"}]}"),
        ("c.jsonl", "{\"id\":1,\"text\":\"@\",\"spans\":[{\"start\":0,\"end\":1,\"type\":\"@\"}]}"),
        ("d.jsonl", "{\"id\":\"@\",\"text\":\"@\",\"spans\":\"@\"}"),
        ("e.jsonl", "{\"id\":\"@\",\"text\":\"@\",\"spans\":[]}\n{\"id\":\"@\",\"text\":\"@\",\"spans\":[]}"),
        ("f.xml", "<deIdi2b2><TEXT>@</TEXT><TAGS><NAME id='@' start='@' end='9' text='@' TYPE='@'/></TAGS></deIdi2b2>"),
        ("g.xml", "<deIdi2b2><TEXT>@ &@; </TEXT>"),
        ("h.xml", "<@><@"),
        ("i.txt", "Mrs [[NAME:@"),
        ("j.txt", "Mrs [[@:@]]"),
        ("k/n.txt", "Mrs @"),
        ("good.txt", "Mrs [[NAME:@]] here"),
    ] {
        let path = put(name, text);
        if name.starts_with('k') {
            put("k/n.ann", "T1\tNAME 0 99\t@\nT2\t@ 0 @\t@\n");
        }
        for more in [&[][..], &["--json"], &["--by-kind"], &["--predictions", &gold]] {
            let output = silent(&[&["eval", &path], more].concat(), b"");
            assert!(!holds(&output.stdout), "eval prints text only when it is asked for leaks");
        }
        silent(&["eval", &gold, "--predictions", &path], b"");
        silent(&["dictionary", "fit", "--out", folder.path().join("w.bin").to_str().unwrap(), &path], b"");
    }
    silent(&["eval", &gold, "--evidence", &put("bad.bin", "@@@@")], b"");
}

#[test]
fn reveal_with_another_key() {
    let other = Keyring::of(Key::parse(&"77".repeat(32)).unwrap());
    let transform = Transform::new(Policy::preset("minimum-necessary").unwrap(), Means::keys(&other)).unwrap();
    let mut token = String::new();
    let value = Value { written: Written::Json("Zxqvmarker\\/"), ..Value::new(Label::Name, MARKER) };
    let whose = Whose::new(&Scope::Corpus, None, b"");
    transform.replace(&value, &whose, &mut Orders::default(), &mut token).unwrap();
    let wrong = token.replace("[NAME:1", "[NAME:2");
    for text in
        [token.clone(), wrong, format!("{{\"a\":\"{token} {MARKER} [NAME:{MARKER}]\"}}"), format!("[NAME:{MARKER}")]
    {
        for format in ["auto", "json", "csv", "text"] {
            silent(&["reveal", "--reason", "test", "--format", format], text.as_bytes());
        }
    }
}

#[test]
fn bad_keys_policies_and_dictionaries() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text.replace('@', MARKER)).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        }
        path.to_str().unwrap().to_owned()
    };
    for text in ["@", "deidre-key-1:@:@", "{\"name\":\"@\"}", "\u{feff}@", ""] {
        let key = put("a.key", text);
        assert_eq!(silent(&["reveal", "--reason", "test", "--key-file", &key], b"").status.code(), Some(2));
        assert_eq!(silent(&["filter", "--key-file", &key], MARKER.as_bytes()).status.code(), Some(2));
        assert_eq!(silent(&["key", "new", "--out", &key], b"").status.code(), Some(2));
        assert_eq!(fs::read_to_string(&key).unwrap(), text.replace('@', MARKER), "a key file is not overwritten");
    }
    for text in [
        "@",
        "@ = 1",
        "name = \"x\"\n[actions]\n@ = \"keep\"",
        "name = \"x\"\n[actions]\nNAME = \"@\"",
        "name = \"x\"\nextends = \"@\"",
        "name = \"x\"\nactions = [\"@\"]",
        "{\"name\": \"@\"}",
        "Mr. @ was seen.",
    ] {
        let policy = put("a.toml", text);
        assert_eq!(silent(&["policy", "show", &policy], b"").status.code(), Some(2), "{text}");
        assert_eq!(silent(&["filter", "--policy", &policy], MARKER.as_bytes()).status.code(), Some(2), "{text}");
    }
    let dictionary = folder.path().join("dictionary");
    for name in ["manifest.json", "words.fst", "phrases.fst", "tables.bin", "names.tsv", "words.tsv"] {
        put(&format!("dictionary/{name}"), "@\t@\n");
    }
    let (dictionary, out) = (dictionary.to_str().unwrap(), folder.path().join("built"));
    silent(&["dictionary", "stats", "--dictionaries", dictionary], b"");
    silent(&["dictionary", "build", "--sources", dictionary, "--out", out.to_str().unwrap()], b"");
}

#[test]
fn vaults_and_policies_with_actions() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let vault = at("deidre.vault");
    // No town: a limited data set keeps it (45 CFR 164.514(e)(2)).
    let note = format!("Mrs. {MARKER} (MRN: 0048{MARKER}), 93, was seen 3/14/2019 by Dr. {MARKER}.\n");
    for policy in Policy::PRESETS {
        let out =
            silent(&["filter", "--policy", policy, "--vault", &vault, "--audit", &at("audit.jsonl")], note.as_bytes());
        assert!(
            !holds(&out.stdout) || out.status.code() == Some(2),
            "{policy}: {}",
            String::from_utf8_lossy(&out.stdout)
        );
        silent(&["reveal", "--reason", MARKER, "--vault", &vault, "--audit", &at("reveal.jsonl")], &out.stdout);
    }
    for args in [
        &["vault", "stats", "--vault", &vault][..],
        &["vault", "verify", "--vault", &vault],
        &["vault", "rotate", "--vault", &vault, "--audit", &at("audit.jsonl")],
        &["vault", "shred", "--patient", MARKER, "--yes", "--vault", &vault, "--audit", &at("audit.jsonl")],
        &["audit", "verify", &at("audit.jsonl")],
    ] {
        silent(args, b"");
    }
    // Neither what a vault keeps nor a trail holds it; what the operator gave as reason does.
    for file in ["deidre.vault", "audit.jsonl"] {
        let bytes = fs::read(at(file)).unwrap();
        assert!(!holds(&bytes), "{file}");
    }
    assert!(holds(&fs::read(at("reveal.jsonl")).unwrap()));
}
