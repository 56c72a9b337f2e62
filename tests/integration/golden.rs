//! Invented notes and records with what becomes of them, to be read by people. `UPDATE_GOLDEN=1` writes them anew.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use deidre::engine::Engine;
use deidre::identifier::Label;
use deidre::pipeline::Scrub;
use deidre::pipeline::layout::Ask;
use deidre::policy::{Policy, Requirement};
use deidre::secret::{Key, Keyring};
use deidre::transform::{Means, Scope, Transform};
use deidre::vault::{Memory, Vault};

use super::arbitrary::bodies::{LABELLING, scrub};

/// The engine with that policy, a key that is always the same, and a vault in memory.
fn scrubber(policy: &str) -> Scrub {
    let keys = Keyring::of(Key::parse(&"5a".repeat(32)).unwrap());
    let policy = Policy::preset(policy).unwrap();
    let vault = policy.needs().vault == Requirement::Required;
    let vault = vault.then(|| Arc::new(Memory::new(&keys).unwrap()) as Arc<dyn Vault>);
    let transform = Transform::new(policy, Means { vault, ..Means::keys(&keys) }).unwrap();
    Scrub { engine: Engine::embedded(), transform, scope: Scope::Corpus, people: None }
}

/// Codes say nothing to a reader, and a vault's are others each time.
fn without_codes(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, token)) = rest.split_once('[') {
        out.push_str(before);
        out.push('[');
        rest = token;
        if let Some((label, code)) = token.split_once(':')
            && Label::parse(label).is_some()
            && let Some((code, after)) = code.split_once(']')
            && code.len() >= 11
            && code.bytes().all(|b| b.is_ascii_alphanumeric())
        {
            out.push_str(&format!("{label}:...]"));
            rest = after;
        }
    }
    out + rest
}

#[test]
fn notes_and_records_become_what_is_written_beside_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut inputs: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    inputs.retain(|path| {
        path.extension().is_some_and(|e| ["txt", "ndjson", "csv", "json"].iter().any(|known| e == *known))
    });
    inputs.sort();
    assert!(inputs.len() >= 6);
    let mut wanted: Vec<_> = inputs.iter().map(|input| (input.clone(), None)).collect();
    // What the other policies make of two of them.
    for policy in ["safe-harbor", "limited-data-set", "surrogate"] {
        let two = inputs.iter().filter(|i| i.ends_with("discharge.txt") || i.ends_with("admission.ndjson"));
        wanted.extend(two.map(|input| (input.clone(), Some(policy))));
    }
    assert_eq!(wanted.len(), inputs.len() + 6);
    let mut stale = Vec::new();
    for (input, policy) in wanted {
        let name = input.file_name().unwrap().to_string_lossy().into_owned();
        let scrubber = policy.map(scrubber);
        let made = scrub(scrubber.as_ref().unwrap_or(&LABELLING), &Ask::default(), &fs::read(&input).unwrap()).unwrap();
        assert_eq!(made.aside, 0, "{name}");
        let made = without_codes(&String::from_utf8(made.bytes).unwrap());
        let name = format!("{name}.{}", policy.unwrap_or("redacted"));
        let golden = folder.join(&name);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&golden, &made).unwrap();
            continue;
        }
        let golden = fs::read_to_string(&golden).unwrap_or_default();
        let (made, golden): (Vec<&str>, Vec<&str>) = (made.split('\n').collect(), golden.split('\n').collect());
        let differs = (0..made.len().max(golden.len())).find(|i| made.get(*i) != golden.get(*i));
        if let Some(line) = differs {
            let of = |lines: &[&str]| lines.get(line).map_or("(no line)".to_owned(), |l| (*l).to_owned());
            stale.push(format!("{name}, line {}:\n  was {}\n  is  {}", line + 1, of(&golden), of(&made)));
        }
    }
    assert!(stale.is_empty(), "{}\nIf that is better: UPDATE_GOLDEN=1 cargo test golden", stale.join("\n"));
}
