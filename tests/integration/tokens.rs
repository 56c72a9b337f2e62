//! `deidre key`, `policy` and `reveal`, from the outside.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::process::Output;

use deidre::identifier::Label;
use deidre::policy::Policy;
use deidre::secret::{Key, Keyring};
use deidre::transform::{Means, Orders, Scope, Transform, Value, Whose, Written};

fn run(args: &[&str], env: &[(&str, &str)], stdin: &str) -> Output {
    let state = tempfile::tempdir().unwrap();
    let mut command = assert_cmd::cargo::cargo_bin_cmd!("deidre");
    command.env("XDG_STATE_HOME", state.path());
    command.env_remove("DEIDRE_KEY").envs(env.iter().copied()).args(args).write_stdin(stdin).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn new_key(file: &Path) -> Keyring {
    let out = run(&["key", "new", "--out", file.to_str().unwrap()], &[], "");
    assert!(out.status.success() && out.stdout.is_empty(), "{}", text(&out.stderr));
    Keyring::of(Key::from_file(file).unwrap())
}

/// NDJSON with a value of every trouble, scrubbed by hand, and as it was.
fn scrubbed(key: &Keyring) -> (String, String) {
    let transform = Transform::new(Policy::preset("minimum-necessary").unwrap(), Means::keys(key)).unwrap();
    let (mut plain, mut scrubbed) = (String::new(), String::new());
    for (i, (value, raw)) in [
        ("Øst", "Øst"),
        ("Øst", "\\u00d8st"),
        ("O'Neil \"Bo\"", "O'Neil \\\"Bo\\\""),
        ("3/4", "3\\/4"),
        ("a\nb", "a\\nb"),
        ("[NAME:JOHN]", "[NAME:JOHN]"),
    ]
    .iter()
    .enumerate()
    {
        let whose = Whose::new(&Scope::Document, None, i.to_string().as_bytes());
        let token = |label, text, written| {
            let (mut out, mut orders) = (String::new(), Orders::default());
            transform.replace(&Value { written, ..Value::new(label, text) }, &whose, &mut orders, &mut out).unwrap();
            out
        };
        let number = token(Label::Mrn, "1.50", Written::JsonNumber);
        let token = token(Label::Name, value, Written::Json(raw));
        plain.push_str(&format!("{{\"note\": \"seen {raw}, 3/6 [x]\", \"mrn\":1.50}}\n"));
        scrubbed.push_str(&format!("{{\"note\": \"seen {token}, 3/6 [x]\", \"mrn\":\"{number}\"}}\n"));
    }
    (plain, scrubbed)
}

#[test]
fn reveal_gives_back_the_input_with_the_key_only() {
    let folder = tempfile::tempdir().unwrap();
    let (file, other) = (folder.path().join("a.key"), folder.path().join("b.key"));
    let (key, other_key) = (new_key(&file), new_key(&other));
    let (plain, scrubbed) = scrubbed(&key);
    assert!(!scrubbed.contains("Neil"));
    let file = file.to_str().unwrap();

    let out = run(&["reveal", "--reason", "test", "--key-file", file], &[], &scrubbed);
    assert_eq!((text(&out.stdout), text(&out.stderr), out.status.code()), (plain.as_str(), "", Some(0)));
    let out = run(&["reveal", "--reason", "test"], &[("DEIDRE_KEY", &key.current().written())], &scrubbed);
    assert_eq!((text(&out.stdout), out.status.code()), (plain.as_str(), Some(0)), "key in the environment");

    let out = run(&["reveal", "--reason", "test", "--key-file", other.to_str().unwrap()], &[], &scrubbed);
    assert_eq!((text(&out.stdout), out.status.code()), (scrubbed.as_str(), Some(1)), "another key");
    assert!(
        text(&out.stderr)
            .contains(&format!("12 not sealed with key {} nor given by the vault", other_key.current().id())),
        "{}",
        text(&out.stderr)
    );

    // One symbol mistyped: everything else comes back, and no text is shown.
    let at = scrubbed.find("[NAME:").unwrap() + 12;
    let mut mistyped = scrubbed.clone();
    mistyped.replace_range(at..at + 1, if &scrubbed[at..at + 1] == "A" { "B" } else { "A" });
    let out = run(&["reveal", "--reason", "test", "--key-file", file, "--format", "json"], &[], &mistyped);
    let token = &mistyped[at - 12..at - 12 + mistyped[at - 12..].find(']').unwrap() + 1];
    assert_eq!(text(&out.stdout), plain.replacen("Øst", token, 1));
    assert_eq!(out.status.code(), Some(1));
    assert_eq!(
        text(&out.stderr),
        format!(
            "deidre: 11 tokens revealed; left as they are: 1 mistyped (the checksum does not hold), 0 not sealed with key {} nor given by the vault, 0 that may not be revealed (--label, --session, --patient, --limit)\n",
            key.current().id()
        )
    );
}

#[test]
fn without_a_key_nothing_is_revealed() {
    let out = run(&["reveal", "--reason", "test"], &[], "[NAME:X]");
    assert_eq!((out.status.code(), out.stdout.len()), (Some(2), 0));
    assert!(text(&out.stderr).contains("--key-file"), "{}", text(&out.stderr));
    let out = run(&["reveal", "--reason", "test"], &[("DEIDRE_KEY", "zeppelina")], "");
    assert_eq!(out.status.code(), Some(2));
    assert!(text(&out.stderr).contains("DEIDRE_KEY") && !text(&out.stderr).contains("zeppelina"));
    let out = run(&["reveal", "--help"], &[("DEIDRE_KEY", "zeppelina")], "");
    assert!(text(&out.stdout).contains("Examples:") && !text(&out.stdout).contains("zeppelina"));
}

#[test]
fn a_key_is_written_once_for_its_owner() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deidre.key");
    let key = new_key(&path);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let again = run(&["key", "new", "--out", path.to_str().unwrap()], &[], "");
    assert_eq!(again.status.code(), Some(2));
    assert_eq!(Key::from_file(&path).unwrap().id(), key.current().id());
    let out = run(&["key", "new"], &[], "");
    assert_ne!(Key::parse(text(&out.stdout)).unwrap().id(), key.current().id());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let out = run(&["reveal", "--reason", "test", "--key-file", path.to_str().unwrap()], &[], "");
        assert_eq!(out.status.code(), Some(2));
        assert!(text(&out.stderr).contains("chmod 600"), "{}", text(&out.stderr));
    }
}

#[test]
fn policies_are_shown_with_their_clauses() {
    let out = run(&["policy", "show", "minimum-necessary"], &[], "");
    let shown = text(&out.stdout);
    for label in Label::ALL {
        let row = shown.lines().find(|line| line.split_whitespace().next() == Some(label.name())).unwrap();
        let clause = label.clause().map_or("may stay".to_owned(), |c| format!("164.514(b)(2)(i)({c})"));
        assert!(row.contains(&clause) && row.ends_with(if label.is_identifier() { "token" } else { "keep" }), "{row}");
    }
    let toml = run(&["policy", "show", "redact", "--toml"], &[], "");
    assert_eq!(Policy::from_toml(text(&toml.stdout)).unwrap(), Policy::preset("redact").unwrap());

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.toml");
    std::fs::write(&file, "name = \"mine\"\n[actions]\nNICK = \"keep\"\n").unwrap();
    let out = run(&["policy", "show", file.to_str().unwrap()], &[], "");
    assert_eq!(out.status.code(), Some(2));
    assert!(text(&out.stderr).contains("line 3, column 1: unknown label \"NICK\""), "{}", text(&out.stderr));
    let out = run(&["policy", "show", "strictest"], &[], "");
    assert!(
        text(&out.stderr).contains("there are minimum-necessary, safe-harbor, limited-data-set, redact, surrogate"),
        "{}",
        text(&out.stderr)
    );
}

#[test]
fn detect_echoes_ids_and_names_bad_lines_without_their_text() {
    let input = "{\"id\": 1.50, \"text\": \"Ø a@b\"}\n\n{\"text\":\"c@d\",\"id\":\"x\\/y\"}\n{\"id\":3,\"text\":\"Zeppelina}\n\
                 {\"id\":[4],\"text\":\"Zeppelina\"}\n{\"id\":5,\"text\":\"\"}";
    let out = run(&["detect"], &[], input);
    let lines: Vec<&str> = text(&out.stdout).lines().collect();
    assert_eq!(out.status.code(), Some(1));
    assert_eq!(lines.len(), 3);
    for (line, id) in lines.iter().zip(["{\"id\":1.50,", "{\"id\":\"x\\/y\",", "{\"id\":5,"]) {
        assert!(line.starts_with(id), "{line}");
    }
    let stderr = text(&out.stderr);
    assert!(stderr.contains("stdin: line 4") && stderr.contains("stdin: line 5"), "{stderr}");
    assert!(stderr.contains("2 lines were left out") && !stderr.contains("Zeppelina"), "{stderr}");
}

#[test]
fn a_table_comes_back_without_its_format_being_named() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    let run = |args: &[&str], input: &str| {
        let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_deidre"));
        let state = tempfile::tempdir().unwrap();
        command.env("XDG_STATE_HOME", state.path());
        let output = command.args(args).env_remove("DEIDRE_KEY").write_stdin(input).output().unwrap();
        assert!(output.status.success(), "{args:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let key = key.to_str().unwrap();
    run(&["key", "new", "--out", key], "");
    let table =
        "id,patient_name,note\n1,\"Osei, \"\"Kofi\"\" A.\",\"Dr. Osei called, \"\"Kofi\"\" is well\"\n2,Lindqvist,ok\n";
    let scrubbed = run(&["filter", "--format", "csv", "--key-file", key], table);
    assert!(!scrubbed.contains("Kofi"));
    assert_eq!(run(&["reveal", "--reason", "test", "--key-file", key], &scrubbed), table);
}
