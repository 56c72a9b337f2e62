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
        (Format::Hl7, b"", b"MSH|1\rPID\r\n\nMSH|2\rOBX|MSH|\r", &["MSH|1\rPID", "MSH|2\rOBX|MSH|"]),
        (Format::Hl7, b"", b"\x0bMSH|1\r\x1c\r\x0bMSH|2\x1c\r\n", &["\x0bMSH|1", "\x0bMSH|2", ""]),
        (Format::Hl7, b"", b"\xEF\xBB\xBFFHS|\rMSH|1\rFTS|1", &["FHS|", "MSH|1", "FTS|1"]),
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

#[test]
fn reading_goes_on_from_every_mark() {
    let csv = "name,note\r\nAnn,\"x\ny\"\r\nb,c\r\nd,\"\"\r\n".repeat(3);
    let long = "word ".repeat(1_000_000);
    for (format, separator, text) in [
        (Format::Ndjson, &b""[..], "{}\n\n[1]\r\n{\"a\":2}"),
        (Format::Ndjson, b"", "\u{feff}{}\n{}\n"),
        (Format::Csv, b"", &csv),
        (Format::Text, b"--", "one--two---==three-"),
        (Format::Text, b"", &long),
    ] {
        let ask = Ask { format: Some(format), select: Select::all(), separator: separator.to_vec() };
        let open = |chunk| Source::open(text.as_bytes(), &ask, None).unwrap().unwrap().hashed().with_chunks_of(chunk);
        let read = |mut source: Source<&[u8]>| {
            let (mut places, mut bytes, mut marks) = (Vec::new(), Vec::new(), Vec::new());
            while let Some(chunk) = source.read_chunk().unwrap() {
                places.extend(chunk.records.iter().map(|p| (p.end - p.start, p.record, p.document)));
                bytes.extend_from_slice(&chunk.bytes);
                marks.push((places.len(), bytes.len(), chunk.mark.unwrap()));
            }
            (places, bytes, marks, source.mark().sha256())
        };
        let (places, bytes, _, hash) = read(open(usize::MAX));
        for chunk in [1, 5, 1000] {
            let (same, _, marks, _) = read(open(chunk));
            assert_eq!(same, places);
            for (done, length, mark) in marks {
                let mut source = open(chunk + 1);
                assert!(source.go_on(&Mark::at(mark.offset, mark.record, mark.document)).unwrap());
                assert_eq!(source.mark().sha256(), mark.sha256());
                assert!(source.next_chunk() > 0);
                let (rest, tail, _, end) = read(source);
                assert_eq!((&rest[..], &tail[..]), (&places[done..], &bytes[length..]), "{format:?}");
                assert_eq!(end, hash);
            }
        }
        assert!(!open(9).go_on(&Mark::at(text.len() as u64 + 1, 1, 1)).unwrap());
    }
}

#[test]
fn the_same_records_are_too_large_however_the_bytes_come() {
    // Of a length that the limit and the reads both meet.
    for (over, kept) in [(0, true), (1, false), (2, false)] {
        for end in ["\n", "\r\n", ""] {
            let text = [&b"{}\n".repeat(40_000)[..], &vec![b' '; MAX_RECORD + over], end.as_bytes()].concat();
            for chunk in [1 << 20, 100_001] {
                let ask = Ask { format: Some(Format::Ndjson), ..Ask::default() };
                let mut source = Source::open(&text[..], &ask, None).unwrap().unwrap().with_chunks_of(chunk);
                let (mut last, mut count) = (None, 0);
                while let Some(chunk) = source.read_chunk().unwrap() {
                    count += chunk.records.len();
                    last = chunk.records.last().copied();
                }
                let last = last.unwrap();
                assert_eq!((count, last.record), (40_001, 40_001));
                assert_eq!(last.fault.is_none(), kept, "{over} {end:?}");
                assert_eq!(last.end - last.start, if kept { MAX_RECORD } else { 0 });
                assert_eq!(source.mark().offset, text.len() as u64);
            }
        }
    }
}

#[test]
fn a_sample_is_the_first_records() {
    for (format, text, want) in [
        (Format::Ndjson, "{}\n{}\n{}\n{}\n", &["{}", "{}"][..]),
        (Format::Csv, "name,mrn\na,1\nb,2\nc,3\n", &["name,mrn", "a,1", "b,2"]),
        (Format::Json, "{}", &["{}"]),
    ] {
        for chunk in [1, 1000] {
            let ask = Ask { format: Some(format), ..Ask::default() };
            let source = Source::open(text.as_bytes(), &ask, None).unwrap().unwrap();
            let mut source = source.with_limit(2).with_chunks_of(chunk);
            let mut got = Vec::new();
            while let Some(chunk) = source.read_chunk().unwrap() {
                let text = |p: &Place| String::from_utf8(chunk.bytes[p.start..p.end].to_vec()).unwrap();
                got.extend(chunk.records.iter().map(text));
            }
            assert_eq!(got, want);
        }
    }
}
