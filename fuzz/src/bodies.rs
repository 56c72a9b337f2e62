//! What must hold of every parser and of the whole path for any bytes: the bodies of the fuzz targets, and of the
//! property tests of the same names (`tests/integration/arbitrary.rs`).

use std::io::{Cursor, Read};
use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use deidre::engine::{Engine, Input, Worker};
use deidre::error::InputError;
use deidre::eval::gold;
use deidre::identifier::{Hint, Label};
use deidre::pipeline::compress::{Cap, Decoder, Encoder};
use deidre::pipeline::layout::Ask;
use deidre::pipeline::quarantine::Quarantine;
use deidre::pipeline::{Compression, Run, Scrub, Source, run};
use deidre::policy::Policy;
use deidre::record::csv::Quoting;
use deidre::record::csv::Table;
use deidre::record::json::Reader;
use deidre::record::sniff::sniff;
use deidre::record::{Charset, Edits, Format, Reason, Record, Select, text, xml};
use deidre::secret::{Key, KeyError, Keyring};
use deidre::span::Span;
use deidre::transform::reveal::{Format as RevealFormat, Revealer, Rights};
use deidre::transform::{Means, Scope, Transform};

/// A target: its name, and what it does with bytes.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: &[Target] = &[
    ("json", json),
    ("csv", csv),
    ("hl7", hl7),
    ("xml", xml),
    ("attachment", attachment),
    ("compress", compress),
    ("sniff", sniffed),
    ("token", token),
    ("policy", policy),
    ("key", key),
    ("gold", gold),
    ("detect", detect),
    ("filter", filter),
];

static ENGINE: LazyLock<Engine> = LazyLock::new(Engine::embedded);
static KEY: LazyLock<Keyring> = LazyLock::new(|| Keyring::of(Key::parse(&"5a".repeat(32)).expect("64 hex digits")));
static RIGHTS: LazyLock<Arc<Rights>> = LazyLock::new(|| Arc::new(Rights::new(Some(&KEY), None)));

thread_local! {
    static WORKER: std::cell::RefCell<Worker> = std::cell::RefCell::new(ENGINE.worker());
}

/// A JSON record is read as another parser reads it, its segments lie in it, and nothing changes without an edit.
pub fn json(bytes: &[u8]) {
    let mut reader = Reader::new(Select::all().with_keys(true));
    for record in bytes.split(|b| *b == b'\n') {
        // One reader for all: what it remembers of one record must not change the next.
        let seen = reader.read(record).map(|r| r.segments.len()).map_err(|f| (f.offset, f.reason));
        let fresh = Reader::new(Select::all().with_keys(true)).read(record).map(|r| r.segments.len());
        assert_eq!(seen, fresh.map_err(|f| (f.offset, f.reason)));
        match reader.read(record) {
            Ok(read) => {
                assert!(serde_json::from_slice::<serde::de::IgnoredAny>(record).is_ok() || deep(record));
                check_record(&read);
            }
            Err(fault) => assert!(fault.offset <= record.len() as u64),
        }
    }
}

/// serde_json stops at 128 levels.
fn deep(record: &[u8]) -> bool {
    record.iter().filter(|b| matches!(b, b'[' | b'{')).count() >= 127
}

/// The rows of a table are read, or refused, in place.
pub fn csv(bytes: &[u8]) {
    for format in [Format::Csv, Format::Tsv] {
        let table = Table::sniff(bytes, format, &Select::all());
        for row in bytes.split(|b| *b == b'\n') {
            if let Ok(record) = table.read_header(row) {
                check_record(&record);
            }
            match table.read(row) {
                Ok(record) => check_record(&record),
                Err(fault) => assert!(fault.offset <= row.len() as u64),
            }
        }
    }
}

/// Format and charset of anything are told; text is read and can be written back in its charset.
pub fn sniffed(bytes: &[u8]) {
    for extension in [None, Some("json"), Some("csv"), Some("txt"), Some("JSONL")] {
        for complete in [true, false] {
            let _ = sniff(bytes, complete, extension);
        }
    }
    let charset = Charset::of(bytes);
    let decoded = charset.decode(bytes);
    let back = match charset {
        Charset::Utf8 => decoded.as_bytes().to_vec(),
        Charset::Windows1252 => encoding_rs::WINDOWS_1252.encode(&decoded).0.into_owned(),
    };
    assert_eq!(back, bytes);
    if let Ok(record) = text::read(bytes) {
        check_record(&record);
    }
}

/// Tokens in anything are told without a key as with one; reveal changes only tokens, whatever the chunks.
pub fn token(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let policy = || Policy::preset("redact").expect("a preset");
    for key in [None, Some(&*KEY)] {
        let means = Means { keys: key, ..Means::default() };
        let transform = Transform::new(policy(), means).expect("redact needs no key");
        let mut spans = Vec::new();
        transform.existing_tokens(&text, &mut spans).expect("there is no vault");
        check_spans(&text, spans.iter().copied());
    }
    for format in [RevealFormat::Auto, RevealFormat::Text, RevealFormat::Json, RevealFormat::Csv] {
        let reveal = |step: usize| {
            let mut stream = Revealer::new(Arc::clone(&RIGHTS), format);
            let mut out = Vec::new();
            bytes.chunks(step).for_each(|chunk| stream.push(chunk, &mut out).expect("there is no vault"));
            let tally = stream.finish(&mut out).expect("there is no vault");
            (out, tally)
        };
        let (whole, tally) = reveal(bytes.len().max(1));
        assert!(tally.revealed > 0 || whole == bytes);
        assert!(reveal(1) == (whole.clone(), tally));
        assert!(reveal(7) == (whole, tally));
    }
}

/// A policy file is read or refused, and one that was read is read again from what it shows.
pub fn policy(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match Policy::from_toml(&text) {
        Ok(policy) => assert!(Policy::from_toml(&policy.to_toml()).is_ok_and(|again| again == policy)),
        Err(e) => assert!(!e.to_string().is_empty()),
    }
}

/// Keys are read or refused, and those that were read are written so that they are read again, in the same order.
pub fn key(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let ids = |ring: &Keyring| ring.iter().map(|key| key.id().to_owned()).collect::<Vec<_>>();
    match Keyring::parse(&text) {
        Ok(ring) => {
            let before = ids(&ring);
            assert!(before.len() <= 64 && before.iter().all(|id| ring.find(id).is_some_and(|key| key.id() == id)));
            assert!(Keyring::parse(&ring.written()).is_ok_and(|again| ids(&again) == before));
            // One key is read as a ring of one, too.
            assert!(Key::parse(&text).is_ok_and(|key| key.id() == before[0]) || text.trim().lines().count() > 1);
        }
        // None holds anything of the text but the number of a line.
        Err(KeyError::Line { line, error }) => {
            assert!((1..=text.lines().count()).contains(&line));
            assert!(matches!(*error, KeyError::Form | KeyError::Damaged));
        }
        Err(KeyError::Twice { line }) => assert!((2..=text.lines().count()).contains(&line)),
        Err(e) => assert!(matches!(e, KeyError::Empty | KeyError::Many | KeyError::Long)),
    }
}

/// Gold of every kind is read or refused; what was read fits its text.
pub fn gold(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    // brat is two files: text and annotations.
    let (note, annotations) = text.split_once("\n---\n").map_or((&*text, None), |(text, marks)| (text, Some(marks)));
    let mut notes = Vec::new();
    let _ = gold::parse("n", note, annotations, &mut notes);
    for note in &notes {
        let length = note.text.chars().count();
        assert!(note.spans.iter().all(|s| s.start <= s.end && s.end <= length));
    }
}

/// Findings of any text are sorted, apart, not empty and on character boundaries, as text and as the value of a field.
pub fn detect(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (first, second) = text.split_once('\0').unwrap_or((&text, ""));
    let inputs = [
        Input::new(first, Hint::Text),
        Input::new(second, Hint::Text),
        Input::new(first, Hint::Whole(Label::Name)),
        Input::new(second, Hint::Whole(Label::Date)),
    ];
    WORKER.with_borrow_mut(|worker| {
        for inputs in [&inputs[..1], &inputs[..]] {
            let found = worker.find(inputs);
            assert_eq!(found.len(), inputs.len());
            for (input, found) in inputs.iter().zip(&found) {
                check_spans(input.text, found.iter().map(|f| f.span));
                assert!(found.iter().all(|f| (0.0..=1.0).contains(&f.score)));
            }
        }
    });
}

/// HL7 by the whole path.
pub fn hl7(bytes: &[u8]) {
    path(Some(Format::Hl7), bytes);
}

/// XML is read in place or refused, and goes the whole path.
pub fn xml(bytes: &[u8]) {
    match xml::Reader::new(Select::all()).read(bytes) {
        Ok(record) => check_record(&record),
        Err(fault) => assert!(fault.offset <= bytes.len() as u64),
    }
    path(Some(Format::Xml), bytes);
}

/// A document in base 64 is scrubbed with its resource, which stays one; where nothing is found it keeps its bytes.
pub fn attachment(bytes: &[u8]) {
    for media in ["text/plain", "text/html; charset=windows-1252", "text/rtf", "application/xml", "application/json"] {
        let data = BASE64_STANDARD.encode(bytes);
        let json = format!("{{\"resourceType\":\"Binary\",\"contentType\":\"{media}\",\"data\":\"{data}\"}}");
        let ask = Ask { format: Some(Format::Json), ..Ask::default() };
        let out = scrub(&LABELLING, &ask, json.as_bytes()).expect("JSON is read");
        assert_eq!(out.aside, 0, "{media}");
        let binary: serde_json::Value = serde_json::from_slice(&out.bytes).expect("JSON stays JSON");
        let clean = binary["data"].as_str().and_then(|data| BASE64_STANDARD.decode(data).ok());
        let clean = clean.expect("base 64 stays base 64");
        assert!(clean == bytes || clean.contains(&b'['), "changed without a label");
    }
}

/// Damaged data is refused, and what is compressed comes back.
pub fn compress(bytes: &[u8]) {
    for compression in [Compression::Gzip, Compression::Zstd] {
        let mut plain = Vec::new();
        let _ = Decoder::new(bytes, compression, Cap::default()).read_to_end(&mut plain);
        let mut encoder = Encoder::new(Vec::new(), compression);
        std::io::Write::write_all(&mut encoder, bytes).expect("memory can be written");
        let packed = encoder.finish().expect("memory can be written");
        let mut back = Vec::new();
        Decoder::new(&packed[..], compression, Cap::default()).read_to_end(&mut back).expect("it was just made");
        assert!(back == bytes);
        let short = packed.get(..packed.len() - 1).unwrap_or_default();
        assert!(Decoder::new(short, compression, Cap::default()).read_to_end(&mut back).is_err() || short.is_empty());
    }
}

/// The whole path, the format as told and each format named.
pub fn filter(bytes: &[u8]) {
    for format in
        [None, Some(Format::Text), Some(Format::Ndjson), Some(Format::Json), Some(Format::Csv), Some(Format::Tsv)]
    {
        path(format, bytes);
    }
}

/// Records in are records out and records set aside; JSON and XML that passed are JSON and XML; reveal gives back the
/// input; scrubbed with labels, nothing but what labels replaced is gone.
fn path(format: Option<Format>, bytes: &[u8]) {
    let ask = Ask { format, ..Ask::default() };
    let Some(sealed) = scrub(&SEALING, &ask, bytes) else { return };
    let Some(labelled) = scrub(&LABELLING, &ask, bytes) else { panic!("refused for its policy") };
    assert_eq!(sealed.aside, labelled.aside);
    let body = sealed.bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&sealed.bytes);
    if matches!(sealed.format, Format::Ndjson | Format::Json) {
        for line in body.split(|b| *b == b'\n').filter(|_| sealed.format == Format::Ndjson) {
            let blank = line.trim_ascii().is_empty();
            assert!(blank || Reader::new(Select::nothing()).read(line.trim_ascii()).is_ok());
        }
    }
    if sealed.format == Format::Xml && !body.is_empty() {
        assert!(xml::Reader::new(Select::nothing()).read(body).is_ok());
    }
    // Tokens of the key that were there before are turned back as well: no comparison then.
    if sealed.aside == 0 && reveal(&sealed, bytes) == bytes {
        assert!(reveal(&sealed, &sealed.bytes) == bytes, "reveal differs from the input");
    }
}

/// What came of an input.
pub struct Scrubbed {
    /// The output.
    pub bytes: Vec<u8>,
    /// Records set aside.
    pub aside: u64,
    /// How it was read.
    pub format: Format,
    /// Of a table: whether it has quoting.
    pub quoted: bool,
}

/// With the key, tokens.
pub static SEALING: LazyLock<Scrub> = LazyLock::new(|| scrubber("minimum-necessary"));
/// Labels only.
pub static LABELLING: LazyLock<Scrub> = LazyLock::new(|| scrubber("redact"));

fn scrubber(policy: &str) -> Scrub {
    let policy = Policy::preset(policy).expect("a preset");
    let transform = Transform::new(policy, Means::keys(&KEY)).expect("has a key");
    Scrub { engine: ENGINE.clone(), transform, scope: Scope::Corpus, people: None }
}

/// The output for an input that is read; `None` when it is refused whole.
pub fn scrub(scrub: &Scrub, ask: &Ask, bytes: &[u8]) -> Option<Scrubbed> {
    struct Count(u64);
    impl Quarantine for Count {
        fn add(&mut self, error: &InputError) -> std::io::Result<()> {
            // A panic in a worker sets its record aside.
            assert!(error.fault.reason != Reason::Internal, "a record was set aside for a fault of the program");
            self.0 += 1;
            Ok(())
        }
    }
    let source = Source::open(Cursor::new(bytes.to_vec()), ask, None).expect("memory can be read").ok()?;
    let layout = source.layout().clone();
    let quoted = layout.table.as_ref().is_some_and(|t| t.dialect().quoting != Quoting::None);
    let job = Run { scrub, file: "-", target: "-", progress: &|_| {} };
    let mut out = Vec::new();
    let mut aside = Count(0);
    let summary = run(&job, source, &mut out, &mut aside, None).expect("memory can be written");
    assert_eq!(summary.quarantined(), aside.0);
    assert_eq!(summary.tally.records, summary.tally.written + aside.0);
    Some(Scrubbed { bytes: out, aside: aside.0, format: layout.format, quoted })
}

/// Tokens in `bytes` turned back as stands to reason for what was scrubbed.
pub fn reveal(scrubbed: &Scrubbed, bytes: &[u8]) -> Vec<u8> {
    let format = match scrubbed.format {
        Format::Json | Format::Ndjson => RevealFormat::Json,
        Format::Csv if scrubbed.quoted => RevealFormat::Csv,
        _ => RevealFormat::Text,
    };
    let mut stream = Revealer::new(Arc::clone(&RIGHTS), format);
    let mut out = Vec::new();
    stream.push(bytes, &mut out).expect("there is no vault");
    stream.finish(&mut out).expect("there is no vault");
    out
}

fn check_record(record: &Record<'_>) {
    let own = record.segments.iter().filter(|segment| segment.within.is_none()).map(|segment| segment.raw);
    let mut spans: Vec<Span> = own.chain(record.contents.iter().map(|content| content.raw)).collect();
    // Values of a resource wait for the end of their object.
    spans.sort_by_key(|span| (span.start, span.end));
    let mut end = 0;
    for span in spans {
        assert!(span.start >= end && span.end <= record.bytes.len());
        end = span.end;
    }
    let mut out = Vec::new();
    Edits::default().apply(record.bytes, record.charset, &mut out, &mut Vec::new());
    assert!(out == record.bytes, "changed without an edit");
}

fn check_spans(text: &str, spans: impl Iterator<Item = Span>) {
    let mut end = 0;
    for span in spans {
        assert!(span.start >= end && span.start < span.end, "spans overlap or are empty");
        assert!(text.is_char_boundary(span.start) && text.is_char_boundary(span.end), "inside a character");
        end = span.end;
    }
    assert!(end <= text.len());
}
