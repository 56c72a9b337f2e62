//! Properties of reading and splicing: without edits nothing changes, with edits only the spans change.

use std::convert::Infallible;

use deidre::identifier::Hint;
use deidre::record::csv::Table;
use deidre::record::json::Reader;
use deidre::record::{Edits, Escape, Format, Record, Select};
use deidre::span::Span;
use proptest::prelude::*;

/// A JSON text in all its spellings: odd numbers, escapes, white space, keys that come twice.
fn json() -> impl Strategy<Value = String> {
    let string = prop::collection::vec(
        prop_oneof![
            4 => "[a-zA-Z0-9 ,.:{}\\[\\]-]{1,6}",
            1 => "[\u{e9}\u{2014}\u{1f600}\u{4e2d}\u{7f}]",
            1 => prop::sample::select(vec![
                r#"\""#, r"\\", r"\/", r"\b", r"\f", r"\n", r"\r", r"\t", r"\u0041", r"\u00e9", r"\u2014", r"\ud83d\ude00",
                r"\u0000", r"\u006A",
            ]).prop_map(str::to_string),
        ],
        0..5,
    )
    .prop_map(|parts| format!("\"{}\"", parts.concat()));
    let number = prop::sample::select(vec![
        "0",
        "-0",
        "-0.0",
        "1.50",
        "1e3",
        "1E+3",
        "5e-1",
        "12345678901234567890123",
        "-1.0E-2",
        "1e999",
        "482913",
        "0.10",
    ])
    .prop_map(str::to_string);
    let literal = prop::sample::select(vec!["true", "false", "null"]).prop_map(str::to_string);
    let space = || prop::sample::select(vec!["", "", "", " ", "\t", "\n ", "\r\n"]);
    let key = prop_oneof![
        string.clone(),
        prop::sample::select(vec!["\"name\"", "\"mrn\"", "\"a\"", "\"a\"", "\"ph\\u006fne\"", "\"note\""])
            .prop_map(str::to_string)
    ];
    let leaf = prop_oneof![string, number, literal];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        let member = (key.clone(), space(), space(), inner.clone())
            .prop_map(|(key, before, after, value)| format!("{key}{before}:{after}{value}"));
        let list = |item: BoxedStrategy<String>| (prop::collection::vec((space(), item, space()), 0..6), space());
        let join = |(items, empty): (Vec<(&str, String, &str)>, &str)| {
            let items: Vec<String> = items.into_iter().map(|(a, item, b)| format!("{a}{item}{b}")).collect();
            if items.is_empty() { empty.to_string() } else { items.join(",") }
        };
        prop_oneof![
            list(member.boxed()).prop_map(move |l| format!("{{{}}}", join(l))),
            list(inner.boxed()).prop_map(move |l| format!("[{}]", join(l))),
        ]
    })
}

/// Replaces in each chosen segment the characters from one part of its length to another.
fn edit(record: &Record<'_>, chosen: &[(prop::sample::Index, u8, u8)], by: &str) -> (Vec<u8>, Vec<(usize, Span)>) {
    let mut spans: Vec<(usize, Span)> = Vec::new();
    for (index, from, to) in chosen {
        if record.segments.is_empty() {
            break;
        }
        let number = index.index(record.segments.len());
        let text = &record.segments[number].text;
        let at = |part: u8| {
            let wanted = text.len() * usize::from(part) / 256;
            (wanted..=text.len()).find(|i| text.is_char_boundary(*i)).unwrap()
        };
        let span = match record.segments[number].escape {
            // Half of a number is none.
            Escape::JsonNumber => Span::new(0, text.len()),
            _ => Span::new(at(*from.min(to)), at(*from.max(to))),
        };
        if !span.is_empty() && spans.iter().all(|(n, _)| *n != number) {
            spans.push((number, span));
        }
    }
    spans.sort();
    let mut edits = Edits::default();
    for (number, span) in &spans {
        let segment = &record.segments[*number];
        edits
            .replace(record.raw_of(segment, *span), segment.escape, |out| {
                out.push_str(by);
                Ok::<_, Infallible>(true)
            })
            .unwrap();
    }
    let mut out = Vec::new();
    edits.apply(record.bytes, record.charset, &mut out, &mut Vec::new());
    (out, spans)
}

/// The texts of a record, those edited as they should read after it.
fn expected(record: &Record<'_>, spans: &[(usize, Span)], by: &str) -> Vec<String> {
    let mut texts: Vec<String> = record.segments.iter().map(|s| s.text.to_string()).collect();
    for (number, span) in spans {
        texts[*number].replace_range(span.start..span.end, by);
    }
    texts
}

fn chosen() -> impl Strategy<Value = Vec<(prop::sample::Index, u8, u8)>> {
    prop::collection::vec(any::<(prop::sample::Index, u8, u8)>(), 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn json_without_edits_is_the_same(text in json()) {
        let mut reader = Reader::new(Select::all().with_keys(true));
        let record = reader.read(text.as_bytes()).unwrap();
        prop_assert_eq!(edit(&record, &[], "").0, text.as_bytes());
    }

    #[test]
    fn json_with_edits_changes_only_the_spans(text in json(), chosen in chosen(), by in "[a-z\"\\\\\n\u{1}\u{e9}\\[:\\]]{0,6}") {
        let select = Select::all().fields(&["/**".into()]).with_keys(true);
        let mut reader = Reader::new(select.clone());
        let record = reader.read(text.as_bytes()).unwrap();
        let (out, spans) = edit(&record, &chosen, &by);
        let mut again = Reader::new(select);
        let after = again.read(&out).map_err(|e| TestCaseError::fail(format!("{e:?}")))?;
        // Keys and numbers change what their values are; compare all texts when no such edit was made.
        let texts: Vec<String> = after.segments.iter().map(|s| s.text.to_string()).collect();
        let structural = spans.iter().any(|(n, _)| {
            let s = &record.segments[*n];
            s.escape == deidre::record::Escape::JsonNumber || text[s.raw.end + 1..].trim_start().starts_with(':')
        }) || by.is_empty();
        if !structural {
            prop_assert_eq!(texts, expected(&record, &spans, &by));
        }
        // Bytes before the first and after the last edited segment are as they were.
        if let (Some((first, _)), Some((last, _))) = (spans.first(), spans.last()) {
            let start = record.segments[*first].raw.start;
            let tail = &text.as_bytes()[record.segments[*last].raw.end..];
            prop_assert_eq!(&out[..start], &text.as_bytes()[..start]);
            prop_assert!(out.ends_with(tail));
        } else {
            prop_assert_eq!(out, text.as_bytes());
        }
    }

    #[test]
    fn json_is_taken_as_serde_json_takes_it(text in json(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        // A byte changed at random: mostly no JSON any more.
        let mut bytes = text.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let ours = Reader::new(Select::all()).read(&bytes).is_ok();
        let theirs = std::str::from_utf8(&bytes).is_ok_and(|text| serde_json::from_str::<Loose>(text).is_ok());
        // serde_json takes, where nobody reads the string, bytes that are no UTF-8 and half of a surrogate pair; both are
        // set aside here.
        let half = String::from_utf8_lossy(&bytes).to_ascii_lowercase().contains("\\ud");
        if !half {
            prop_assert_eq!(ours, theirs, "{}", String::from_utf8_lossy(&bytes));
        }
    }

    #[test]
    fn csv_without_edits_is_the_same_and_with_edits_only_spans_change(
        rows in prop::collection::vec(prop::collection::vec(prop_oneof![
            "[a-zA-Z0-9 .'\u{e9}\u{2013}-]{0,8}".prop_map(|s| (s, false)),
            "[a-zA-Z0-9 ,\"\n\r\u{e9}\u{2013}]{0,8}".prop_map(|s| (s, true)),
        ], 3..=3), 1..4),
        latin in any::<bool>(),
        chosen in chosen(),
        by in "[a-z\\[:\\]\"]{1,6}",
    ) {
        let table = Table::sniff(b"alpha,beta,gamma\n", Format::Csv, &Select::all());
        for row in rows {
            let text: Vec<String> = row.iter().map(|(cell, quoted)| match quoted {
                true => format!("\"{}\"", cell.replace('"', "\"\"")),
                false => cell.clone(),
            }).collect();
            let text = text.join(",");
            let bytes = if latin { encoding_rs::WINDOWS_1252.encode(&text).0.into_owned() } else { text.into_bytes() };
            if row.iter().all(|(cell, quoted)| cell.is_empty() && !quoted) {
                continue;
            }
            // Letters of Windows-1252 that happen to be UTF-8 are read as that.
            let mistaken = |bytes: &[u8]| latin && !bytes.is_ascii() && std::str::from_utf8(bytes).is_ok();
            if mistaken(&bytes) {
                continue;
            }
            let record = table.read(&bytes).unwrap();
            let cells: Vec<String> = row.iter().map(|(cell, _)| cell.clone()).filter(|c| !c.is_empty()).collect();
            let texts: Vec<String> = record.segments.iter().map(|s| s.text.to_string()).collect();
            prop_assert!(record.segments.iter().all(|s| s.hint == Hint::Text));
            prop_assert_eq!(texts, cells);
            prop_assert_eq!(edit(&record, &[], "").0, &bytes[..]);
            let by = by.replace('"', "");
            if by.is_empty() {
                continue;
            }
            let (out, spans) = edit(&record, &chosen, &by);
            // What is left may be UTF-8 by chance where what was replaced was not.
            if mistaken(&out) {
                continue;
            }
            let after = table.read(&out).unwrap();
            let texts: Vec<String> = after.segments.iter().map(|s| s.text.to_string()).collect();
            prop_assert_eq!(texts, expected(&record, &spans, &by));
        }
    }
}

/// Any JSON value, numbers of any size.
struct Loose;

impl<'de> serde::Deserialize<'de> for Loose {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        serde::de::IgnoredAny::deserialize(d).map(|_| Loose)
    }
}
