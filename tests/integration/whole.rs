//! The whole path on made-up records of every format: what was planted is gone, reveal gives back the input byte for
//! byte, and scrubbing twice is scrubbing once.

use std::io::Write as _;
use std::process::{Command, Stdio};

use deidre::pipeline::layout::Ask;
use deidre::record::Format;
use deidre::secret::Key;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::arbitrary::bodies::{LABELLING, SEALING, reveal, scrub};
use super::arbitrary::config;

/// Text, part of which was planted.
#[derive(Clone, Debug)]
struct Piece {
    text: String,
    planted: bool,
}

/// One record: sentences of a note, and values of fields that are identifiers.
#[derive(Clone, Debug)]
struct Patient {
    note: Vec<Piece>,
    mrn: String,
    phone: String,
    dob: String,
    name: String,
}

/// An input with what must not be in its output.
#[derive(Clone)]
struct Made {
    format: Format,
    bytes: Vec<u8>,
    planted: Vec<Vec<u8>>,
}

impl std::fmt::Debug for Made {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}\n{}", self.format, shown(&self.bytes))
    }
}

/// How free choices of spelling are made: one byte after the other, over and over.
struct Choice<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Choice<'_> {
    fn next(&mut self) -> u8 {
        self.at += 1;
        self.bytes.get(self.at % self.bytes.len().max(1)).copied().unwrap_or(0)
    }

    fn of<'t>(&mut self, options: &[&'t str]) -> &'t str {
        options[usize::from(self.next()) % options.len()]
    }
}

const NAMES: &[&str] = &[
    "Winifred Foley",
    "Thomas Becker",
    "Ren\u{e9}e Dubois",
    "Katherine Nguyen",
    "Angela O'Brien",
    "Jos\u{e9} Ram\u{ed}rez",
    "Margaret Kowalski",
];

/// What is around: nothing of it must change. All in Windows-1252.
const PLAIN: &[&str] = &[
    "BP 120/80, pulse 72, temp 98.6. ",
    "Feels \"about half better\"; wt 93.1 kg, K 3.6. ",
    "See \\\\x\\y and 1/2 tab, 5\" wound. ",
    "Pain 7/10 \u{2013} na\u{ef}ve to opioids, \u{201c}burning\u{201d}, 20 \u{b5}g. ",
    "Lines follow:\n- aspirin 81 mg\n- rest\n",
    "Columns:\tNa 140\tK 4.1 ",
    "Codes I50.22; E11.9 | [x] {y} [NAMED] <b> & so on, etc. ",
    "",
];

fn sentence() -> impl Strategy<Value = Vec<Piece>> {
    let plain = |text: &str| Piece { text: text.into(), planted: false };
    let planted = |text: String| Piece { text, planted: true };
    let around = move |before: &'static str, after: &'static str| {
        move |value: String| vec![plain(before), planted(value), plain(after)]
    };
    prop_oneof![
        name().prop_map(around("Seen by Dr. ", " for chest pain. ")),
        name().prop_map(around("Patient Name: ", "\n")),
        digits(8).prop_map(around("MRN: ", " is the record number. ")),
        phone().prop_map(around("Please call the wife at ", " after lunch. ")),
        date().prop_map(around("Admitted on ", " with a cough. ")),
        "[b-d]{4,7}[0-9]{2}".prop_map(|user| format!("{user}@example.org")).prop_map(around("Email: ", " if needed. ")),
        prop::sample::select(PLAIN).prop_map(move |text| vec![plain(text)]),
        prop::sample::select(PLAIN).prop_map(move |text| vec![plain(text)]),
    ]
}

fn name() -> impl Strategy<Value = String> {
    prop::sample::select(NAMES).prop_map(str::to_owned)
}

fn digits(count: usize) -> impl Strategy<Value = String> {
    // No leading zero: it may stand as a JSON number. Nor a year.
    prop::collection::vec(0..10u8, count - 1).prop_map(|d| d.iter().fold("7".to_owned(), |s, d| s + &d.to_string()))
}

fn phone() -> impl Strategy<Value = String> {
    (0..10_000u32).prop_map(|n| format!("(360) 551-{n:04}"))
}

fn date() -> impl Strategy<Value = String> {
    (1..13u8, 1..29u8, 1940..2020u16).prop_map(|(month, day, year)| format!("{month:02}/{day:02}/{year}"))
}

fn patient() -> impl Strategy<Value = Patient> {
    let note = prop::collection::vec(sentence(), 1..5).prop_map(|sentences| sentences.concat());
    (note, digits(8), (2_000_000..9_999_999u32).prop_map(|n| format!("360{n}")), date(), name())
        .prop_map(|(note, mrn, phone, dob, name)| Patient { note, mrn, phone, dob, name })
}

fn made() -> impl Strategy<Value = Made> {
    let kind = prop::sample::select(&[Format::Text, Format::Ndjson, Format::Json, Format::Csv, Format::Tsv]);
    (kind, prop::collection::vec(patient(), 1..4), prop::collection::vec(any::<u8>(), 8..64)).prop_map(
        |(format, patients, choices)| {
            let mut choice = Choice { bytes: &choices, at: 0 };
            let mut out = Written { bytes: Vec::new(), planted: Vec::new(), latin: false };
            let bom = choice.next().is_multiple_of(4);
            // Windows-1252 has no byte order mark, and JSON is UTF-8.
            out.latin =
                !bom && choice.next().is_multiple_of(2) && matches!(format, Format::Text | Format::Csv | Format::Tsv);
            if bom {
                out.bytes.extend_from_slice(b"\xEF\xBB\xBF");
            }
            match format {
                Format::Text => texts(&patients, &mut choice, &mut out),
                Format::Ndjson | Format::Json => json(format, &patients, &mut choice, &mut out),
                Format::Csv | Format::Tsv => table(format, &patients, &mut choice, &mut out),
                Format::Hl7 | Format::Xml => unreachable!("not drawn here"),
            }
            Made { format, bytes: out.bytes, planted: out.planted }
        },
    )
}

struct Written {
    bytes: Vec<u8>,
    planted: Vec<Vec<u8>>,
    latin: bool,
}

impl Written {
    fn push(&mut self, text: &str) -> Vec<u8> {
        let bytes = match self.latin {
            true => encoding_rs::WINDOWS_1252.encode(text).0.into_owned(),
            false => text.as_bytes().to_vec(),
        };
        self.bytes.extend_from_slice(&bytes);
        bytes
    }

    fn plant(&mut self, text: &str) {
        let bytes = self.push(text);
        self.planted.push(bytes);
    }

    fn pieces(&mut self, pieces: &[Piece], mut spell: impl FnMut(&str) -> String) {
        for piece in pieces {
            let written = spell(&piece.text);
            if piece.planted { self.plant(&written) } else { drop(self.push(&written)) }
        }
    }
}

fn texts(patients: &[Patient], choice: &mut Choice<'_>, out: &mut Written) {
    let end = choice.of(&["\n", "\r\n"]);
    for patient in patients {
        out.push(end);
        out.pieces(&patient.note, |text| text.replace('\n', end));
        out.push(&format!("{end}DOB: "));
        out.plant(&patient.dob);
        out.push(choice.of(&["", "\n", "\r\n\r\n"]));
    }
}

fn json(format: Format, patients: &[Patient], choice: &mut Choice<'_>, out: &mut Written) {
    let pretty = format == Format::Json;
    let end = choice.of(&["\n", "\r\n"]);
    if pretty {
        out.push(&format!("[{end}"));
    }
    for (i, patient) in patients.iter().enumerate() {
        let indent = if pretty { format!("{end}    ") } else { choice.of(&["", " ", "\t"]).to_owned() };
        let colon = choice.of(&[":", ": ", " : "]);
        out.push(&format!(
            "{{{indent}\"v\"{colon}1.50,{indent}\"e\"{colon}1e3,\"big\":12345678901234567890123,{indent}"
        ));
        // Keys in another spelling, and a key that comes twice.
        out.push(&format!("\"{}\"{colon}\"", choice.of(&["note", "n\\u006fte", "text"])));
        out.pieces(&patient.note, |text| json_string(text, choice));
        out.push(&format!("\",{indent}\"mrn\"{colon}"));
        match choice.next() % 2 {
            0 => out.plant(&patient.mrn),
            _ => {
                out.push("\"");
                out.plant(&json_string(&patient.mrn, choice));
                out.push("\"");
            }
        }
        out.push(&format!(",{indent}\"e\"{colon}-0.10,{indent}\"pt\"{colon}{{ \"phone\":"));
        out.plant(&patient.phone);
        out.push(&format!(",\"dob\"{colon}\""));
        out.plant(&json_string(&patient.dob, choice));
        out.push(&format!("\",\"patient_name\"{colon}\""));
        out.plant(&json_string(&patient.name, choice));
        out.push(&format!(
            "\",\"\\ud83d\\ude00\":[null,true,\"\\ud83d\\ude00 \u{1f600}\\/\"]}}{}}}",
            choice.of(&["", " "])
        ));
        let last = i + 1 == patients.len();
        match pretty {
            true => out.push(&format!("{}{end}", if last { "" } else { "," })),
            false => out.push(if last { choice.of(&["", end]) } else { end }),
        };
    }
    if pretty {
        out.push("]");
    }
}

/// A JSON string's inside in one of its spellings.
fn json_string(text: &str, choice: &mut Choice<'_>) -> String {
    let mut out = String::new();
    for c in text.chars() {
        let mut units = [0; 2];
        let unicode = choice.next() % 8;
        match c {
            '"' | '\\' if unicode != 0 => out.extend(['\\', c]),
            '\n' if unicode != 0 => out.push_str("\\n"),
            '\t' if unicode != 0 => out.push_str("\\t"),
            '/' if unicode > 4 => out.push_str("\\/"),
            c if unicode == 0 || c < ' ' => {
                c.encode_utf16(&mut units).iter().for_each(|u| out += &format!("\\u{u:04x}"))
            }
            c if unicode == 1 => c.encode_utf16(&mut units).iter().for_each(|u| out += &format!("\\u{u:04X}")),
            c => out.push(c),
        }
    }
    out
}

fn table(format: Format, patients: &[Patient], choice: &mut Choice<'_>, out: &mut Written) {
    let delimiter = if format == Format::Tsv { "\t" } else { choice.of(&[",", ";", "|"]) };
    let end = choice.of(&["\n", "\r\n"]);
    out.push(&format!("{}{end}", ["mrn", "note", "phone", "dob", "patient_name"].join(delimiter)));
    for patient in patients {
        let planted = |text: &str| vec![Piece { text: text.into(), planted: true }];
        let cells = [
            planted(&patient.mrn),
            patient.note.clone(),
            planted(&patient.phone),
            planted(&patient.dob),
            planted(&patient.name),
        ];
        for (i, cell) in cells.iter().enumerate() {
            if i > 0 {
                out.push(delimiter);
            }
            let bare = |text: &str| text.replace(['\n', '\r', '\t'], " ").replace(delimiter, " ");
            let whole: String = cell.iter().map(|p| p.text.as_str()).collect();
            if format == Format::Tsv || (bare(&whole) == whole && choice.next().is_multiple_of(2)) {
                out.pieces(cell, bare);
            } else {
                out.push("\"");
                out.pieces(cell, |text| text.replace('"', "\"\""));
                out.push("\"");
            }
        }
        out.push(end);
    }
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

proptest! {
    #![proptest_config(config(192))]

    #[test]
    fn scrubbed_and_revealed_is_the_input(made in made()) {
        let ask = Ask { format: Some(made.format), ..Ask::default() };
        let sealed = scrub(&SEALING, &ask, &made.bytes).unwrap();
        prop_assert_eq!(sealed.aside, 0, "set aside: {}", shown(&made.bytes));
        for planted in &made.planted {
            prop_assert!(!holds(&sealed.bytes, planted), "{} is in {}", shown(planted), shown(&sealed.bytes));
        }
        let back = reveal(&sealed, &sealed.bytes);
        prop_assert!(back == made.bytes, "{}\nbecame\n{}", shown(&made.bytes), shown(&back));
        let twice = scrub(&SEALING, &ask, &sealed.bytes).unwrap();
        prop_assert!(twice.bytes == sealed.bytes, "{}\nbecame\n{}", shown(&sealed.bytes), shown(&twice.bytes));
    }

    #[test]
    fn labels_stand_where_identifiers_stood_and_nothing_else_changes(made in made()) {
        let ask = Ask { format: Some(made.format), ..Ask::default() };
        let out = scrub(&LABELLING, &ask, &made.bytes).unwrap();
        for planted in &made.planted {
            prop_assert!(!holds(&out.bytes, planted), "{} is in {}", shown(planted), shown(&out.bytes));
        }
        // What is between the labels stands in the input, in the same order; quotes around a number's label are new.
        let mut rest = &made.bytes[..];
        for (i, between) in between_labels(&out.bytes).into_iter().enumerate() {
            let (front, back) = (between.strip_prefix(b"\""), between.strip_suffix(b"\""));
            let both = front.and_then(|b| b.strip_suffix(b"\""));
            let forms = [Some(between), front, back, both].into_iter().flatten();
            let found = forms
                .filter_map(|part| {
                    let at = (0..=rest.len()).find(|at| rest[*at..].starts_with(part))?;
                    Some((at, part.len()))
                })
                .min_by_key(|(at, length)| (*at, usize::MAX - length));
            let Some((at, length)) = found else {
                return Err(TestCaseError::fail(format!("{:?} is not in the input", shown(between))));
            };
            prop_assert!(i > 0 || at == 0, "the start has changed");
            rest = &rest[at + length..];
        }
        let twice = scrub(&LABELLING, &ask, &out.bytes).unwrap();
        prop_assert!(twice.bytes == out.bytes, "{}\nbecame\n{}", shown(&out.bytes), shown(&twice.bytes));
    }
}

/// What stands before, between and behind `[LABEL]`s.
fn between_labels(bytes: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    let (mut start, mut at) = (0, 0);
    while at < bytes.len() {
        let label = deidre::identifier::Label::ALL
            .into_iter()
            .find(|label| bytes[at..].starts_with(format!("[{}]", label.name()).as_bytes()));
        match label {
            Some(label) => {
                parts.push(&bytes[start..at]);
                at += label.name().len() + 2;
                start = at;
            }
            None => at += 1,
        }
    }
    parts.push(&bytes[start..]);
    parts
}

/// Through the commands as they are run, a few of each format; the key by file and by environment.
#[test]
fn the_commands_do_what_the_library_does() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("a.key");
    assert!(run(&["key", "new", "--out", key.to_str().unwrap()], None, b"").2);
    let written = Key::from_file(&key).unwrap().written();
    let mut runner = TestRunner::deterministic();
    for round in 0..10 {
        let made = made().new_tree(&mut runner).unwrap().current();
        let name = match made.format {
            Format::Text => "text",
            Format::Ndjson => "ndjson",
            Format::Json => "json",
            Format::Csv => "csv",
            Format::Tsv => "tsv",
            Format::Hl7 | Format::Xml => unreachable!("not drawn here"),
        };
        let (sealed, errors, done) = match round % 2 {
            0 => run(&["filter", "--format", name, "--key-file", key.to_str().unwrap()], None, &made.bytes),
            _ => run(&["filter", "--format", name], Some(&written), &made.bytes),
        };
        assert!(done && errors.is_empty(), "{errors}");
        for planted in &made.planted {
            assert!(!holds(&sealed, planted), "{} is in {}", shown(planted), shown(&sealed));
        }
        let back = match name {
            "ndjson" => "json",
            "tsv" => "text",
            name => name,
        };
        let (out, errors, done) = run(&["reveal", "--reason", "test", "--format", back], Some(&written), &sealed);
        assert!(done && errors.is_empty(), "{errors}");
        assert!(out == made.bytes, "{}\nbecame\n{}", shown(&made.bytes), shown(&out));
    }
}

fn run(args: &[&str], key: Option<&str>, input: &[u8]) -> (Vec<u8>, String, bool) {
    let state = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_deidre"));
    command.env("XDG_STATE_HOME", state.path());
    command.args(args).env_remove("DEIDRE_KEY").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    if let Some(key) = key {
        command.env("DEIDRE_KEY", key);
    }
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    (output.stdout, String::from_utf8(output.stderr).unwrap(), output.status.success())
}
