//! The pages say what the code does: labels and policies, verbs, reasons, names of tests, links, the note of the README,
//! and what becomes of the sample export.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use deidre::identifier::Label;
use deidre::policy::{Action, Policy};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn page(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn pages() -> Vec<PathBuf> {
    let mut pages =
        vec![root().join("README.md"), root().join("datasets/README.md"), root().join("dictionaries/SOURCES.md")];
    pages.extend(files(&root().join("docs"), "md"));
    pages
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|e| e == extension) {
            found.push(path);
        }
    }
    found
}

fn deidre(args: &[&str], input: &[u8]) -> (String, i32) {
    let output = Command::new(env!("CARGO_BIN_EXE_deidre")).args(args).write_stdin(input).output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), output.status.code().unwrap())
}

/// Rows of a Markdown table whose first cell `starts`, cells trimmed.
fn rows(page: &str, starts: impl Fn(&str) -> bool) -> Vec<Vec<String>> {
    page.lines()
        .filter_map(|line| line.strip_prefix('|')?.strip_suffix('|'))
        .map(|line| line.replace("\\|", "\u{0}").split('|').map(|cell| cell.trim().replace('\u{0}', "|")).collect())
        .filter(|cells: &Vec<String>| starts(&cells[0]))
        .collect()
}

/// All that is written in Rust.
fn sources() -> String {
    let folders = ["src", "tests"].into_iter().map(|folder| root().join(folder));
    folders.flat_map(|folder| files(&folder, "rs")).map(|file| fs::read_to_string(file).unwrap()).collect()
}

/// What stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn the_safe_harbor_page_is_what_labels_and_policies_say() {
    let page = page("docs/safe-harbor.md");
    let (table, rest) = page.split_once("<!-- table -->\n").unwrap().1.split_once("<!-- end of table -->").unwrap();
    let (printed, code) = deidre(&["policy", "table"], b"");
    assert_eq!((printed.as_str(), code), (table, 0), "put what 'deidre policy table' prints between the marks");

    let sources = sources();
    let tests: Vec<&str> = quoted(&page).filter_map(|name| Some(name.split_once("::tests::")?.1)).collect();
    assert!(tests.len() > Label::MUST_GO);
    for test in tests {
        assert!(sources.contains(&format!("fn {test}(")), "docs/safe-harbor.md names no test: {test}");
    }
    for row in rows(rest, |first| first.starts_with('`')) {
        for name in quoted(&row[0]) {
            assert!(Action::parse(name).is_some(), "docs/safe-harbor.md: {name} is no action");
        }
    }
    for action in Action::ALL {
        assert!(rest.contains(&format!("\n| `{}`", action.name())), "docs/safe-harbor.md: no {action}");
    }
    let example = page.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    assert!(Policy::from_toml(example).is_ok());
}

#[test]
fn the_readme_shows_what_the_tool_does_to_its_note() {
    let page = page("README.md");
    let block = |mark: &str| {
        let after = page.split(mark).nth(1).unwrap().trim_start().strip_prefix("```text\n").unwrap();
        after.split("```").next().unwrap().to_owned()
    };
    let (before, after) = (block("<!-- before -->"), block("<!-- after -->"));
    assert_eq!(before, self::page("datasets/exports/notes/visit.txt"));
    let (out, code) = deidre(&["filter", "--policy", "redact"], before.as_bytes());
    assert_eq!(code, 0);
    assert_eq!(out, after, "bring the block after <!-- after --> in README.md up to date");
}

#[test]
fn the_readme_has_every_verb() {
    let (help, _) = deidre(&["--help"], b"");
    let commands = help.split("Commands:").nth(1).unwrap().split("\n\n").next().unwrap();
    let verbs: BTreeSet<&str> =
        commands.lines().filter_map(|l| l.split_whitespace().next()).filter(|v| *v != "help").collect();
    let page = page("README.md");
    let table = page.split("## Verbs").nth(1).unwrap().split("`deidre VERB").next().unwrap();
    let told: BTreeSet<String> =
        rows(table, |first| first.starts_with('`')).iter().map(|row| row[0].trim_matches('`').to_owned()).collect();
    assert_eq!(told.iter().map(String::as_str).collect::<BTreeSet<_>>(), verbs);
}

#[test]
fn every_reason_is_explained() {
    let source = page("src/record/fault.rs");
    let names = source.split("pub fn name(self)").nth(1).unwrap().split("\n    }").next().unwrap();
    let names: BTreeSet<&str> = names.split('"').skip(1).step_by(2).collect();
    let page = page("docs/formats.md");
    let table = page.split("| reason | meaning |").nth(1).unwrap();
    let told = rows(table, |first| !first.starts_with("--"));
    assert_eq!(told.iter().map(|row| row[0].as_str()).collect::<BTreeSet<_>>(), names);
}

#[test]
fn tests_folders_and_links_that_pages_name_are_there() {
    let sources = sources();
    let threats = page("docs/threat-model.md");
    let table = rows(&threats, |first| !first.starts_with("--") && first != "what could go wrong");
    let tests: Vec<&str> = table.iter().flat_map(|row| quoted(&row[2])).collect();
    assert!(tests.len() > 20);
    for test in tests {
        assert!(sources.contains(&format!("fn {test}(")), "docs/threat-model.md names no test: {test}");
    }

    for heading in page("docs/architecture.md").lines().filter_map(|line| line.strip_prefix("## ")) {
        let prose = ["Layers", "The path", "How to add"].contains(&heading);
        assert!(prose || root().join(heading).is_dir(), "docs/architecture.md: no folder {heading}");
    }
    let architecture = page("docs/architecture.md");
    for folder in fs::read_dir(root().join("src")).unwrap() {
        let path = folder.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        assert!(
            !path.is_dir() || architecture.contains(&format!("\n## src/{name}\n")),
            "docs/architecture.md: src/{name}"
        );
    }

    for file in pages() {
        let text = fs::read_to_string(&file).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let there = link.contains("://") || file.parent().unwrap().join(link).exists();
            assert!(there, "{}: no {link}", file.display());
        }
    }
}

#[test]
fn the_sample_export_is_scrubbed() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("clean");
    let exports = root().join("datasets/exports");
    let (_, code) =
        deidre(&["batch", exports.to_str().unwrap(), "--out", out.to_str().unwrap(), "--policy", "redact"], b"");
    assert_eq!(code, 1, "one record is broken on purpose");
    let aside = fs::read_to_string(out.join("quarantine/encounters.ndjson.jsonl")).unwrap();
    assert_eq!(aside.lines().count(), 1);
    assert!(aside.contains("\"record\":4"), "{aside}");

    let all = |folder: &Path| -> String {
        let mut files: Vec<PathBuf> = ["ndjson", "csv", "tsv", "txt"].iter().flat_map(|e| files(folder, e)).collect();
        files.sort();
        files.iter().map(|file| fs::read_to_string(file).unwrap()).collect()
    };
    let (before, after) = (all(&exports), all(&out));
    for gone in [
        "Quintanilla",
        "QUINTANILLA",
        "Marisol",
        "Luz",
        "Birkenfeld",
        "Okafor",
        "Vandermolen",
        "Achebe",
        "Pham",
        "PHAM",
        "Josiah",
        "Beatrix",
        "Nakamura",
        "Dmitri",
        "Lindqvist",
        "Dunmore",
        "Osterhaus",
        "Whitaker",
        "Tennant",
        "Petra",
        "Castellanos",
        "Tamarack",
        "Wickiup",
        "Duluth",
        "Saddleback",
        "Quarry",
        "97031",
        "00718264",
        "00731190",
        "00709127",
        "5520-118834",
        "555-0178",
        "555-0142",
        "1947",
        "03/04/2025",
        "2025-03-04",
        "Christmas",
        "LR-25-0093817",
        "141883",
        "5JKL",
        "K88-20417",
        "luz.quintanilla",
        "may.foley",
        "portal.larkspur",
    ] {
        assert!(before.contains(gone), "{gone} is not in the sample");
        assert!(!after.contains(gone), "{gone} is still there");
    }
    for stays in [
        "Parkinson's disease",
        "A Foley catheter",
        "148/86",
        "25/100",
        "Crohn's disease",
        "Strength 5/5",
        "98.40",
        "61.50",
        "\"weight_kg\":88}",
        "G20.A1",
        "Romberg negative",
        "CURB-65 of 3",
        "Schmorl",
        "PHQ-9 is 14",
        "L4-5",
        "2823-3",
        "carbidopa-levodopa",
        "2.25 tablets/day",
        "UPDRS III 31",
        "\"\"light duty\"\"",
        "\\nReturn in six weeks",
    ] {
        assert!(before.contains(stays), "{stays} is not in the sample");
        assert!(after.contains(stays), "{stays} is gone");
    }
}
