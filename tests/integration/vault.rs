//! Vaults, policies that need them, and reveal, from the outside: what goes in comes back, whatever breaks off.
#![cfg(unix)]

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::faults::files;

const BIN: &str = env!("CARGO_BIN_EXE_deidre");

/// A folder with a key, and a place for a vault, an audit trail and output.
struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Bench {
        let bench = Bench { folder: tempfile::tempdir().unwrap() };
        bench.new_key("deidre.key");
        bench
    }

    fn new_key(&self, name: &str) {
        let out = self.run(&["key", "new", "--out", &self.at(name)], b"");
        assert!(out.status.success(), "{}", stderr(&out));
    }

    fn at(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(BIN);
        command.args(args).env("RUST_LOG", "trace").env("XDG_STATE_HOME", self.folder.path().join("state"));
        for name in ["DEIDRE_KEY", "DEIDRE_VAULT", "DEIDRE_AUDIT", "DEIDRE_REVEAL_LIMIT"] {
            command.env_remove(name);
        }
        command
    }

    fn run(&self, args: &[&str], input: &[u8]) -> Output {
        let child = self.command(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = child.unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        let writer = std::thread::spawn(move || stdin.write_all(&input).is_ok());
        let out = child.wait_with_output().unwrap();
        let _ = writer.join();
        out
    }

    /// `filter` without the model, with vault and key.
    fn filter(&self, more: &[&str], input: &str) -> Output {
        let (key, vault) = (self.at("deidre.key"), self.at("deidre.vault"));
        let args = [&["filter", "--no-model", "--key-file", &key, "--vault", &vault], more].concat();
        self.run(&args, input.as_bytes())
    }

    fn reveal(&self, more: &[&str], input: &[u8]) -> Output {
        let (key, vault) = (self.at("deidre.key"), self.at("deidre.vault"));
        let args = [&["reveal", "--reason", "test", "--key-file", &key, "--vault", &vault], more].concat();
        self.run(&args, input)
    }
}

fn stderr(out: &Output) -> String {
    String::from_utf8(out.stderr.clone()).unwrap()
}

fn stdout(out: &Output) -> String {
    String::from_utf8(out.stdout.clone()).unwrap()
}

fn line(i: usize) -> String {
    format!(
        "{{\"mrn\":\"77140{i:05}\",\"patient_name\":\"Winifred Kowalczyk\",\"note\":\"Mrs. Winifred Kowalczyk (MRN: \
         77140{i:05}) was seen on 3/{}/2019; she feels half better, wt 93.1 kg.\"}}\n",
        i % 28 + 1
    )
}

fn lines(count: usize) -> String {
    (0..count).map(line).collect()
}

/// The tokens of a text: `[LABEL:CODE]`.
fn tokens(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices('[') {
        let rest = &text[at..];
        if let Some(end) = rest.find(']')
            && rest[1..end].contains(':')
            && rest[1..end].bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b':')
        {
            found.push(&rest[..=end]);
        }
    }
    found
}

#[test]
fn what_a_vault_took_in_comes_back_byte_for_byte() {
    let bench = Bench::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("datasets/exports");
    let (key, vault, out) = (bench.at("deidre.key"), bench.at("deidre.vault"), bench.at("out"));
    let args = ["batch", "--no-model", "--key-file", &key, "--vault", &vault, "--out", &out, root.to_str().unwrap()];
    let done = bench.run(&args, b"");
    assert!(matches!(done.status.code(), Some(0 | 1)), "{}", stderr(&done));
    let mut compared = 0;
    for file in files(Path::new(&out)) {
        let name = file.strip_prefix(&out).unwrap();
        if name.starts_with("quarantine") {
            continue;
        }
        let (original, scrubbed) = (fs::read(root.join(name)).unwrap(), fs::read(&file).unwrap());
        let csv = name.extension().is_some_and(|e| e == "csv" || e == "tsv");
        let back = bench.reveal(if csv { &["--format", "csv"] } else { &[] }, &scrubbed);
        assert_eq!(back.status.code(), Some(0), "{}: {}", name.display(), stderr(&back));
        if scrubbed.iter().filter(|b| **b == b'\n').count() == original.iter().filter(|b| **b == b'\n').count() {
            assert!(back.stdout == original, "{}", name.display());
            compared += 1;
        }
        let short =
            tokens(&String::from_utf8_lossy(&scrubbed)).iter().all(|t| t.split(':').nth(1).unwrap().len() == 12);
        assert!(short, "vault tokens have eleven symbols");
    }
    assert!(compared >= 3, "{compared}");
    // The same again gives the same tokens: nothing is minted twice.
    let again = bench.at("again");
    let args = ["batch", "--no-model", "--key-file", &key, "--vault", &vault, "--out", &again, root.to_str().unwrap()];
    bench.run(&args, b"");
    for file in files(Path::new(&out)) {
        let name = file.strip_prefix(&out).unwrap();
        assert_eq!(fs::read(&file).unwrap(), fs::read(Path::new(&again).join(name)).unwrap(), "{}", name.display());
    }
    let verified = bench.run(&["vault", "verify", "--vault", &vault, "--key-file", &key], b"");
    assert!(stdout(&verified).contains(" 0 damaged, 0 lost"), "{}{}", stdout(&verified), stderr(&verified));
}

#[test]
fn scopes_bind_tokens_and_reveal_keeps_to_what_it_may() {
    let bench = Bench::new();
    let note = "Mrs. Winifred Kowalczyk was seen on 3/14/2019.\n";
    let one = stdout(&bench.filter(&["--session", "one"], note));
    let two = stdout(&bench.filter(&["--session", "two"], note));
    assert_eq!(one, stdout(&bench.filter(&["--session", "one"], note)));
    assert_ne!(one, two);
    assert!(!one.contains("Kowalczyk") && tokens(&one).len() >= 2, "{one}");

    // A token that is moved into another session is not revealed there.
    let both = format!("{one}{two}");
    let out = bench.reveal(&["--session", "one"], both.as_bytes());
    assert_eq!(stdout(&out), format!("{note}{two}"));
    assert_eq!(out.status.code(), Some(1));
    assert!(stderr(&out).contains("may not be revealed"), "{}", stderr(&out));

    // Labels, limits.
    let out = bench.reveal(&["--label", "DATE"], one.as_bytes());
    assert!(stdout(&out).contains("3/14/2019") && !stdout(&out).contains("Kowalczyk"));
    let out = bench.reveal(&["--limit", "1"], one.as_bytes());
    assert_eq!((out.status.code(), tokens(&stdout(&out)).len()), (Some(1), tokens(&one).len() - 1));
    let out = bench.reveal(&["--limit", "2/hour"], one.as_bytes());
    assert_eq!(stdout(&out), one, "what was revealed before counts");

    // However a model quotes it: another case, a line end between tokens, in JSON; a symbol less is told, not guessed.
    let out = bench.reveal(&[], one.to_lowercase().as_bytes());
    assert_eq!(stdout(&out), note.to_lowercase().replace("winifred kowalczyk", "Winifred Kowalczyk"));
    let token = tokens(&one)[0];
    let wrong = format!("{}{}", &token[..token.len() - 3], &token[token.len() - 2..]);
    let out = bench.reveal(&[], format!("{token}\n> {token} {wrong}").as_bytes());
    let value = "Winifred Kowalczyk";
    assert_eq!(stdout(&out), format!("{value}\n> {value} {wrong}"));
    // One code in forty is all letters, and then it is text that looks like a token.
    let code = wrong.split(':').nth(1).unwrap();
    let mixed = code.bytes().any(|b| b.is_ascii_digit()) && code.bytes().any(|b| b.is_ascii_alphabetic());
    assert!(!mixed || stderr(&out).contains("1 mistyped"), "{}", stderr(&out));
}

#[test]
fn nothing_is_revealed_without_a_reason_and_a_trail() {
    let bench = Bench::new();
    let scrubbed = bench.filter(&[], "Mrs. Winifred Kowalczyk came.\n").stdout;
    let (key, vault) = (bench.at("deidre.key"), bench.at("deidre.vault"));
    let out = bench.run(&["reveal", "--key-file", &key, "--vault", &vault], &scrubbed);
    assert_eq!((out.status.code(), out.stdout.len()), (Some(2), 0));
    assert!(stderr(&out).contains("--reason"));
    let out = bench.reveal(&["--reason", " "], &scrubbed);
    assert_eq!((out.status.code(), out.stdout.len()), (Some(2), 0));
    let out = bench.reveal(&["--audit", "/proc/none/audit.jsonl"], &scrubbed);
    assert_eq!((out.status.code(), out.stdout.len()), (Some(2), 0), "{}", stderr(&out));

    let out = bench.reveal(&[], &scrubbed);
    assert!(stdout(&out).contains("Kowalczyk"));
    let trail = fs::read_to_string(bench.folder.path().join("state/deidre/audit.jsonl")).unwrap();
    let last: serde_json::Value = serde_json::from_str(trail.lines().last().unwrap()).unwrap();
    assert_eq!((&last["verb"], &last["purpose"], &last["outcome"]), (&"reveal".into(), &"test".into(), &"done".into()));
    assert_eq!(last["labels"]["NAME"], 1);
    assert!(!trail.contains("Kowalczyk") && !trail.contains("deidre.vault"));
    let out = bench.run(&["audit", "verify", "--key-file", &key], b"");
    assert_eq!(out.status.code(), Some(0), "{}{}", stdout(&out), stderr(&out));
}

#[test]
fn a_vault_opens_with_its_key_only_and_whole_only() {
    let bench = Bench::new();
    let note = "Mrs. Winifred Kowalczyk came.\n";
    let scrubbed = bench.filter(&[], note).stdout;
    let (key, vault) = (bench.at("deidre.key"), bench.at("deidre.vault"));
    bench.new_key("other.key");
    let refused = |args: &[&str], what: &str| {
        let args = [&["reveal", "--reason", "test"], args].concat();
        let out = bench.run(&args, &scrubbed);
        assert_eq!((out.status.code(), out.stdout.len()), (Some(2), 0), "{what}");
        assert!(!stderr(&out).contains("Kowalczyk"));
        stderr(&out)
    };
    assert!(
        refused(&["--key-file", &bench.at("other.key"), "--vault", &vault], "wrong key").contains("locked with key")
    );
    assert!(refused(&["--key-file", &key, "--vault", &bench.at("none")], "no vault").contains("there is no file"));
    let whole = fs::read(&vault).unwrap();
    fs::write(bench.at("short.vault"), &whole[..whole.len() / 2]).unwrap();
    fs::write(bench.at("text.vault"), "not a vault").unwrap();
    for name in ["short.vault", "text.vault"] {
        make_private(&bench.at(name));
        let errors = refused(&["--key-file", &key, "--vault", &bench.at(name)], name);
        assert!(errors.contains("vault") && !errors.contains("internal error"), "{errors}");
    }
    // Another vault with the same key: its tokens are others, and those of this one stay.
    let other = bench.at("other.vault");
    bench.run(&["filter", "--no-model", "--key-file", &key, "--vault", &other], note.as_bytes());
    let out = bench.run(&["reveal", "--reason", "test", "--key-file", &key, "--vault", &other], &scrubbed);
    assert_eq!((out.stdout == scrubbed, out.status.code()), (true, Some(1)));
    // And nothing is scrubbed into a vault that does not open.
    for name in ["short.vault", "text.vault"] {
        let out = bench.run(&["filter", "--no-model", "--key-file", &key, "--vault", &bench.at(name)], note.as_bytes());
        assert_eq!((out.status.code(), out.stdout.len()), (Some(2), 0));
    }
}

fn make_private(path: &str) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn a_vault_that_is_in_use_is_told_so() {
    let bench = Bench::new();
    let (key, vault) = (bench.at("deidre.key"), bench.at("deidre.vault"));
    let args = ["filter", "--no-model", "--format", "ndjson", "--key-file", &key, "--vault", &vault];
    let mut holder = bench.command(&args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = holder.stdin.take().unwrap();
    stdin.write_all(line(1).as_bytes()).unwrap();
    stdin.flush().unwrap();
    let mut first = [0; 1];
    holder.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    let out = bench.filter(&[], "Mrs. Winifred Kowalczyk came.\n");
    assert_eq!((out.status.code(), out.stdout.len()), (Some(2), 0));
    assert!(stderr(&out).contains("in use"), "{}", stderr(&out));
    drop(stdin);
    assert!(holder.wait().unwrap().success());
    assert!(bench.filter(&[], "Mrs. Winifred Kowalczyk came.\n").status.success());
}

#[test]
fn rotation_changes_no_token_and_shredding_takes_a_patient_with_it() {
    let bench = Bench::new();
    let rows = "{\"mrn\":\"771401\",\"note\":\"Mrs. Winifred Kowalczyk came.\"}\n{\"mrn\":\"771402\",\"note\":\"Mr. Ansel \
                Brightwater came.\"}\n";
    let scoped = ["--scope", "patient", "--patient-field", "mrn"];
    let scrubbed = bench.filter(&scoped, rows).stdout;
    let (key, vault) = (bench.at("deidre.key"), bench.at("deidre.vault"));
    assert!(bench.run(&["key", "rotate", "--key-file", &key], b"").status.success());
    let out = bench.run(&["vault", "rotate", "--vault", &vault, "--key-file", &key], b"");
    assert!(out.status.success(), "{}", stderr(&out));
    assert_eq!(bench.filter(&scoped, rows).stdout, scrubbed, "the same tokens after a rotation");
    assert_eq!(stdout(&bench.reveal(&[], &scrubbed)), rows);
    let keys = fs::read_to_string(&key).unwrap();
    fs::write(bench.at("old.key"), keys.lines().last().unwrap()).unwrap();
    make_private(&bench.at("old.key"));
    let out = bench.run(&["reveal", "--reason", "x", "--key-file", &bench.at("old.key"), "--vault", &vault], &scrubbed);
    assert_eq!((out.status.code(), out.stdout.len()), (Some(2), 0), "the key before does not open it any more");

    // Out and in again.
    let copy = bench.at("copy.jsonl");
    let out = bench.run(&["vault", "export", "--vault", &vault, "--key-file", &key, "--out", &copy], b"");
    assert!(out.status.success(), "{}", stderr(&out));
    assert!(!fs::read_to_string(&copy).unwrap().contains("Kowalczyk"));
    let second = bench.at("second.vault");
    let out = bench.run(&["vault", "import", "--vault", &second, "--key-file", &key, &copy], b"");
    assert!(out.status.success(), "{}", stderr(&out));
    let out = bench.run(&["reveal", "--reason", "x", "--key-file", &key, "--vault", &second], &scrubbed);
    assert_eq!(stdout(&out), rows);

    let shred = ["vault", "shred", "--patient", "771401", "--vault", &vault, "--key-file", &key];
    assert_eq!(bench.run(&shred, b"").status.code(), Some(2), "not without --yes");
    let out = bench.run(&[&shred[..], &["--yes"]].concat(), b"");
    assert!(out.status.success(), "{}", stderr(&out));
    let back = stdout(&bench.reveal(&[], &scrubbed));
    assert!(!back.contains("Kowalczyk") && back.contains("Brightwater"), "{back}");
    let stats = stdout(&bench.run(&["vault", "stats", "--json", "--vault", &vault, "--key-file", &key], b""));
    let stats: serde_json::Value = serde_json::from_str(&stats).unwrap();
    assert_eq!(stats["data_keys"]["patients"], 1, "{stats}");
}

#[test]
fn safe_harbor_needs_a_vault_and_writes_what_the_clauses_let_stay() {
    let bench = Bench::new();
    let key = bench.at("deidre.key");
    let note = "Mrs. Winifred Kowalczyk, 93 years old, Peoria, IL 61602, was seen on 3/14/2019 in Illinois.\n";
    let out = bench.run(&["filter", "--no-model", "--policy", "safe-harbor", "--key-file", &key], note.as_bytes());
    assert_eq!((out.status.code(), out.stdout.len()), (Some(2), 0));
    assert!(stderr(&out).contains("needs a vault"), "{}", stderr(&out));
    let out = stdout(&bench.filter(&["--policy", "safe-harbor"], note));
    // A random code may hold any digits: the label alone is looked at.
    let out = tokens(&out).iter().fold(out.clone(), |out, token| {
        let label = token.split(':').next().unwrap();
        out.replace(token, &format!("{label}:]"))
    });
    for (stays, gone) in
        [("90+", "93"), ("2019", "3/14"), ("616", "61602"), ("Illinois", "Kowalczyk"), ("[CITY:", "Peoria")]
    {
        assert!(out.contains(stays) && !out.contains(gone), "{stays} {gone}: {out}");
    }
    // What a policy file claims must be true.
    fs::write(
        bench.at("false.toml"),
        "name = \"ours\"\nclaim = \"safe-harbor\"\nextends = \"safe-harbor\"\n[actions]\nDATE = \"shift\"\n",
    )
    .unwrap();
    let out = bench.filter(&["--policy", &bench.at("false.toml")], note);
    assert_eq!((out.status.code(), out.stdout.len()), (Some(2), 0));
    assert!(stderr(&out).contains("164.514(b)(2)(i)(C)") && stderr(&out).contains("line 5"), "{}", stderr(&out));
}

#[test]
fn fields_and_destinations_have_actions_of_their_own() {
    let bench = Bench::new();
    fs::write(
        bench.at("ours.toml"),
        "name = \"ours\"\nextends = \"redact\"\n[actions]\nDATE = \"year\"\n[fields.\"/mrn\"]\nMRN = \"mask:4\"\n\
         [destinations.llm]\nNAME = \"surrogate\"\n",
    )
    .unwrap();
    let row = "{\"mrn\":\"7714012345\",\"note\":\"Mrs. Winifred Kowalczyk (MRN: 7714012345), seen 3/14/2019.\"}\n";
    let policy = bench.at("ours.toml");
    let out = stdout(&bench.filter(&["--policy", &policy], row));
    assert_eq!(out, "{\"mrn\":\"******2345\",\"note\":\"Mrs. [NAME] (MRN: [MRN]), seen 2019.\"}\n");
    let out = stdout(&bench.filter(&["--policy", &policy, "--destination", "llm"], row));
    assert!(!out.contains("[NAME]") && !out.contains("Kowalczyk") && out.contains("******2345"), "{out}");
    let out = bench.filter(&["--policy", &policy, "--destination", "press"], row);
    assert_eq!((out.status.code(), out.stdout.len()), (Some(2), 0));
    assert!(stderr(&out).contains("llm"), "{}", stderr(&out));
}

#[test]
fn dates_of_a_patient_are_shifted_alike_and_weekdays_stay() {
    let bench = Bench::new();
    fs::write(bench.at("shift.toml"), "name = \"ours\"\nextends = \"redact\"\n[actions]\nDATE = \"shift\"\n").unwrap();
    let rows: String = [("a", "3/14/2019"), ("a", "3/21/2019"), ("b", "3/14/2019")]
        .map(|(id, date)| format!("{{\"id\":\"{id}\",\"note\":\"Seen on {date}.\"}}\n"))
        .concat();
    let out = stdout(&bench.filter(&["--policy", &bench.at("shift.toml"), "--patient-field", "/id"], &rows));
    let dates: Vec<jiff::civil::Date> = out
        .lines()
        .map(|line| {
            let date = line.split("Seen on ").nth(1).unwrap().split('.').next().unwrap();
            let parts: Vec<i16> = date.split('/').map(|part| part.parse().unwrap()).collect();
            jiff::civil::date(parts[2], parts[0] as i8, parts[1] as i8)
        })
        .collect();
    assert_eq!(dates[1].since(dates[0]).unwrap().get_days(), 7, "{out}");
    assert_ne!(dates[0], jiff::civil::date(2019, 3, 14));
    assert!(dates.iter().all(|date| date.weekday() == jiff::civil::Weekday::Thursday), "{out}");
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_full_disk_no_token_leaves_without_its_entry() {
    let bench = Bench::new();
    fs::write(bench.at("rows.ndjson"), lines(4_000)).unwrap();
    let limited = |blocks: u32| {
        Command::new("bash")
            .arg("-c")
            .arg(format!(
                "trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" filter --no-model --policy minimum-necessary --key-file \"$1\" \
                 --vault \"$2\" < \"$3\""
            ))
            .args([BIN, &bench.at("deidre.key"), &bench.at("deidre.vault"), &bench.at("rows.ndjson")])
            .env("XDG_STATE_HOME", bench.at("state"))
            .output()
            .unwrap()
    };
    let mut failed = 0;
    for blocks in [8, 64, 256, 1024, 2048] {
        let out = limited(blocks);
        assert!(!stdout(&out).contains("Kowalczyk"));
        assert!(!stderr(&out).contains("Kowalczyk") && !stderr(&out).contains("internal error"), "{}", stderr(&out));
        if out.status.code() == Some(2) {
            failed += 1;
        } else {
            assert_eq!(out.status.code(), Some(0), "{}", stderr(&out));
        }
        if Path::new(&bench.at("deidre.vault")).exists() && !out.stdout.is_empty() {
            let back = bench.reveal(&[], &out.stdout);
            assert_eq!(back.status.code(), Some(0), "{}", stderr(&back));
            assert!(lines(4_000).starts_with(&stdout(&back)), "what left can be revealed");
        }
    }
    assert!(failed > 0, "the limit was never reached");
}

/// Killed at random moments: whatever left can be revealed. `DEIDRE_KILLS` says how often.
#[test]
fn a_batch_that_is_killed_leaves_no_token_without_an_entry() {
    let bench = Bench::new();
    let kills: u64 = std::env::var("DEIDRE_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(15);
    let inputs = bench.folder.path().join("in");
    fs::create_dir(&inputs).unwrap();
    let original = lines(12_000);
    for name in ["a", "b", "large"] {
        // Values of their own in each, and one file that all threads share.
        let own = original.replace("77140", &format!("7{}", name.len()));
        let copies = if name == "large" { 4 } else { 1 };
        fs::write(inputs.join(format!("{name}.ndjson")), own.repeat(copies)).unwrap();
    }
    let (key, vault) = (bench.at("deidre.key"), bench.at("deidre.vault"));
    // How long it takes undisturbed: the moments are drawn from that.
    let start = Instant::now();
    let whole = bench.folder.path().join("whole");
    let args =
        ["batch", "--no-model", "--jobs", "2", "--key-file", &key, "--vault", &vault, "--out", whole.to_str().unwrap()];
    assert!(bench.command(&args).arg(&inputs).stderr(Stdio::null()).status().unwrap().success());
    let mut span = start.elapsed();
    let mut seed = 0x9e37_79b9_u64;
    let (mut revealed, mut killed) = (0, 0);
    for round in 0..3 * kills {
        if killed == kills {
            break;
        }
        // Every other time into a vault that is there already.
        if round % 2 == 0 {
            let _ = fs::remove_file(&vault);
        }
        let out = bench.folder.path().join(format!("out{round}"));
        let args = [
            "batch",
            "--no-model",
            "--jobs",
            "2",
            "--key-file",
            &key,
            "--vault",
            &vault,
            "--out",
            out.to_str().unwrap(),
        ];
        let start = Instant::now();
        let mut child = bench.command(&args).arg(&inputs).stderr(Stdio::null()).spawn().unwrap();
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let moment = span / 8 + span.mul_f64(0.75 * (seed >> 33) as f64 / (1u64 << 31) as f64);
        if ends_within(&mut child, moment) {
            // Other work has left the machine since it was measured: the next moments are drawn from what it takes now.
            span = span.min(start.elapsed());
        } else {
            killed += 1;
            kill(&mut child);
        }
        for file in files(&out) {
            let mut scrubbed = fs::read(&file).unwrap();
            let name = file.display();
            if file.strip_prefix(&out).unwrap().starts_with("quarantine") {
                continue;
            }
            // What was not written to its end may stop in the middle of a line.
            scrubbed.truncate(scrubbed.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1));
            if scrubbed.is_empty() {
                continue;
            }
            let back = bench.reveal(&["--format", "json"], &scrubbed);
            assert_eq!(back.status.code(), Some(0), "round {round}, {name}: {}", stderr(&back));
            let begins = |source: &&PathBuf| fs::read(source).unwrap().starts_with(&back.stdout);
            assert!(files(&inputs).iter().find(begins).is_some(), "round {round}, {name}: other than what went in");
            revealed += tokens(&String::from_utf8_lossy(&scrubbed)).len();
        }
        fs::remove_dir_all(&out).unwrap_or(());
    }
    assert!(killed == kills && revealed > 1_000, "{killed} of {kills} killed before the end, {revealed} tokens");
}

/// Whether it ends before so much time has passed.
fn ends_within(child: &mut Child, time: Duration) -> bool {
    let end = Instant::now() + time;
    while Instant::now() < end {
        if child.try_wait().unwrap().is_some() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(2).min(end.saturating_duration_since(Instant::now())));
    }
    child.try_wait().unwrap().is_some()
}

fn kill(child: &mut Child) {
    let end = Instant::now() + Duration::from_secs(10);
    let _ = child.kill();
    while child.try_wait().unwrap().is_none() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(5));
    }
}
