//! Invented notes and records with what becomes of them, to be read by people. `UPDATE_GOLDEN=1` writes them anew.

use std::fs;
use std::path::Path;

use deidre::pipeline::layout::Ask;

use super::arbitrary::bodies::{LABELLING, scrub};

#[test]
fn notes_and_records_become_what_is_written_beside_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut inputs: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    inputs.retain(|path| path.extension().is_some_and(|e| e != "redacted" && e != "md"));
    inputs.sort();
    assert!(inputs.len() >= 6);
    let mut stale = Vec::new();
    for input in inputs {
        let name = input.file_name().unwrap().to_string_lossy().into_owned();
        let made = scrub(&LABELLING, &Ask::default(), &fs::read(&input).unwrap()).unwrap();
        assert_eq!(made.aside, 0, "{name}");
        let made = String::from_utf8(made.bytes).unwrap();
        let golden = folder.join(format!("{name}.redacted"));
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
