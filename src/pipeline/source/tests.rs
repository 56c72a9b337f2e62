#![allow(clippy::unwrap_used)]

use super::*;
use crate::record::Select;

/// Gives its bytes a few at a time.
struct Drip<'a>(&'a [u8], usize);

impl Read for Drip<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.1.min(self.0.len()).min(out.len());
        out[..n].copy_from_slice(&self.0[..n]);
        self.0 = &self.0[n..];
        Ok(n)
    }
}

fn cut(text: &[u8], step: usize, format: Format, separator: &[u8]) -> Vec<(String, String, u64, u64)> {
    let ask = Ask { format: Some(format), select: Select::all(), separator: separator.to_vec() };
    let mut source = Source::open(Drip(text, step), &ask, None).unwrap().unwrap();
    let mut all = Vec::new();
    let mut bytes = source.layout().prefix.to_vec();
    while let Some(chunk) = source.read_chunk().unwrap() {
        bytes.extend_from_slice(&chunk.bytes);
        let mut at = 0;
        for p in &chunk.records {
            assert_eq!(p.start, at);
            at = p.next;
            let text = |r| String::from_utf8_lossy(&chunk.bytes[r]).into_owned();
            all.push((text(p.start..p.end), text(p.end..p.next), p.record, p.document));
        }
        assert_eq!(at, chunk.bytes.len());
    }
    assert_eq!(bytes, text);
    all
}

#[test]
fn records_are_the_same_however_the_bytes_come() {
    for (format, separator, text, want) in [
        (Format::Ndjson, &b""[..], &b"{}\n\n[1]\r\n{\"a\":2}"[..], &["{}", "", "[1]", "{\"a\":2}"][..]),
        (Format::Ndjson, b"", b"{}\n", &["{}"]),
        (
            Format::Csv,
            b"",
            b"name,note\r\na,\"x\ny\"\r\nb,\"\"\"\r\n\"\nc,d",
            &["name,note", "a,\"x\ny\"", "b,\"\"\"\r\n\"", "c,d"],
        ),
        (Format::Csv, b"", b"name,note\ra,b\rc,d\r", &["name,note", "a,b", "c,d"]),
        (Format::Tsv, b"", b"name\tnote\n\"a\tb\n", &["name\tnote", "\"a\tb"]),
        (Format::Text, b"\x0c", b"one\ntwo\x0cthree\x0c", &["one\ntwo", "three"]),
        (Format::Text, b"--==", b"one--==two---==three-", &["one", "two-", "three-"]),
        (Format::Text, b"", b"\xEF\xBB\xBFall of\n it\n", &["all of\n it\n"]),
        (Format::Json, b"", b"{\n\"a\": 1\n}\n", &["{\n\"a\": 1\n}\n"]),
    ] {
        for step in [1, 2, 3, 7, 1000] {
            let records: Vec<String> = cut(text, step, format, separator).into_iter().map(|r| r.0).collect();
            assert_eq!(records, want, "{format:?} {step}");
        }
    }
}

#[test]
fn rows_are_counted_below_the_header() {
    let numbers: Vec<u64> = cut(b"name,dob\na,b\nc,d\n", 5, Format::Csv, b"").iter().map(|r| r.2).collect();
    assert_eq!(numbers, [0, 1, 2]);
}

#[test]
fn long_texts_are_cut_after_a_paragraph_and_stay_one_document() {
    let paragraph = format!("{}\n\n", "word ".repeat(20_000));
    let text = paragraph.repeat(60);
    let parts = cut(text.as_bytes(), 1 << 20, Format::Text, b"");
    assert!(parts.len() > 1);
    assert!(parts.iter().all(|p| p.0.ends_with("\n\n") && p.0.len() <= MAX_DOCUMENT && p.3 == 1));
    // Without anywhere to cut, between characters.
    let text = "\u{e9}".repeat(3 << 20);
    let parts = cut(text.as_bytes(), 1 << 20, Format::Text, b"");
    assert!(parts.iter().all(|p| !p.0.contains('\u{fffd}')));
}

#[test]
fn a_record_that_is_too_large_is_dropped_and_the_next_is_read() {
    let mut text = b"{}\n\"".to_vec();
    text.resize(MAX_RECORD + (3 << 20), b'x');
    text.extend_from_slice(b"\"\n[1]\n");
    let ask = Ask { format: Some(Format::Ndjson), ..Ask::default() };
    let mut source = Source::open(&text[..], &ask, None).unwrap().unwrap();
    let mut records = Vec::new();
    while let Some(chunk) = source.read_chunk().unwrap() {
        assert!(chunk.bytes.len() < 1 << 20);
        records.extend(chunk.records.iter().map(|p| (p.record, p.fault.map(|f| f.reason))));
    }
    assert_eq!(records, [(1, None), (2, Some(Reason::TooLarge)), (3, None)]);
}
