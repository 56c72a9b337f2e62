//! Tables through the run and back.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::Write;

use arrow_array::builder::{Int32Builder, ListBuilder, MapBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{
    Array, ArrayRef, BinaryArray, Date32Array, Float64Array, Int64Array, NullArray, RecordBatch, StringArray,
    StructArray, TimestampMicrosecondArray,
};
use arrow_schema::Field as Column;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::column::reader::ColumnReader;
use parquet::data_type::{ByteArray, ByteArrayType, FixedLenByteArray, FixedLenByteArrayType, Int96, Int96Type};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use proptest::prelude::*;

use super::*;
use crate::engine::Engine;
use crate::error::{InputError, RunError};
use crate::pipeline::{Run, Scrub, Summary};
use crate::policy::Policy;
use crate::record::Reason;
use crate::transform::{Means, Scope, Transform};

pub(super) fn file_of(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file
}

pub(super) fn written(batch: &RecordBatch, rows: usize, pairs: Option<Vec<KeyValue>>) -> Vec<u8> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(rows))
        .set_bloom_filter_enabled(true)
        .set_key_value_metadata(pairs)
        .build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
    bytes
}

struct Out {
    bytes: Vec<u8>,
    aside: Vec<InputError>,
    summary: Summary,
}

impl Out {
    fn rows(&self) -> RecordBatch {
        rows_of(&self.bytes)
    }
}

pub(super) fn rows_of(bytes: &[u8]) -> RecordBatch {
    let reader = ParquetRecordBatchReaderBuilder::try_new(file_of(bytes)).unwrap().with_batch_size(1 << 20);
    let mut rows: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
    assert!(rows.len() <= 1);
    rows.pop().unwrap()
}

fn scrub_with(bytes: &[u8], policy: Policy, ask: &Ask, threads: Option<usize>) -> Result<Out, RunError> {
    let scrub = Scrub {
        engine: Engine::embedded(),
        transform: Transform::new(policy, Means::default()).unwrap(),
        scope: Scope::Corpus,
        people: None,
    };
    let pool = threads.map(|n| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap());
    let told = std::sync::atomic::AtomicU64::new(0);
    let progress = |n: u64| {
        told.fetch_add(n, std::sync::atomic::Ordering::Relaxed);
    };
    let job = Run { scrub: &scrub, file: "in.parquet", target: "out.parquet", progress: &progress };
    let read = |source| RunError::Read { file: "in.parquet".into(), source };
    let table = Table::open(file_of(bytes), ask).map_err(read)?;
    let (mut out, mut aside) = (Vec::new(), Vec::new());
    let summary = run(&job, table, &mut out, &mut aside, pool.as_ref())?;
    assert_eq!(told.into_inner(), bytes.len() as u64);
    assert_eq!(summary.tally.records, summary.tally.written + summary.quarantined());
    Ok(Out { bytes: out, aside, summary })
}

fn scrub(bytes: &[u8]) -> Out {
    scrub_with(bytes, Policy::preset("redact").unwrap(), &Ask::default(), None).unwrap()
}

fn policy(text: &str) -> Policy {
    Policy::from_toml(text).unwrap()
}

/// Rows of a warehouse, as many as there are names.
pub(super) fn warehouse(names: &[&str]) -> RecordBatch {
    let count = names.len();
    let text = |f: &dyn Fn(usize) -> String| -> ArrayRef { Arc::new(StringArray::from_iter_values((0..count).map(f))) };
    let mut phones = ListBuilder::new(StringBuilder::new());
    let mut attributes = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
    let mut days = ListBuilder::new(Int32Builder::new());
    for at in 0..count {
        // A list that is not there has no values.
        let there = at % 5 != 4;
        for n in 0..if there { at % 3 } else { 0 } {
            phones.values().append_value(format!("360-555-0{at:02}{n}"));
        }
        if there && at % 4 == 1 {
            phones.values().append_null();
        }
        phones.append(there);
        attributes.keys().append_value("mrn");
        attributes.values().append_value(format!("004829{at:02}"));
        attributes.keys().append_value("state");
        attributes.values().append_value("stable");
        attributes.append(true).unwrap();
        days.values().append_value(at as i32);
        days.append(true);
    }
    let address = StructArray::from(vec![
        (Arc::new(Column::new("city", DataType::Utf8, true)), text(&|_| "Poulsbo".into())),
        (
            Arc::new(Column::new("floor", DataType::Int64, true)),
            Arc::new(Int64Array::from_iter_values(0..count as i64)) as _,
        ),
    ]);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("person_name", Arc::new(StringArray::from_iter_values(names))),
        ("mrn", text(&|at| format!("004829{at:02}"))),
        ("account_number", Arc::new(Int64Array::from_iter_values((0..count).map(|at| 88_210_000 + at as i64)))),
        ("birth_date", Arc::new(Date32Array::from_iter_values((0..count).map(|at| at as i32 * -400)))),
        (
            "seen_at",
            Arc::new(
                TimestampMicrosecondArray::from_iter_values((0..count).map(|at| 1_704_873_600_000_000 + at as i64))
                    .with_timezone("UTC"),
            ),
        ),
        ("note", text(&|at| format!("Seen today, \"stable\".\nMRN: 004829{at:02}. K 3.6"))),
        ("score", Arc::new(Float64Array::from_iter((0..count).map(|at| (at % 2 == 0).then_some(at as f64 / 10.0))))),
        ("phones", Arc::new(phones.finish())),
        ("attributes", Arc::new(attributes.finish())),
        ("address", Arc::new(address)),
        ("days", Arc::new(days.finish())),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
}

pub(super) const NAMES: &[&str] = &[
    "Thaddeus Okonjo-Reyes",
    "Winifred Foley",
    "Margit Sorlie-Vann",
    "Desmond Achterberg",
    "Rosalind Parkinson",
    "Hyun-woo Baek",
    "Temperance Whitlock",
    "Jory Blackelk",
    "Cornelius D'Artois",
    "Mei-Ling Tsukuda",
    "Guillermo Penaloza",
];

#[test]
fn identifiers_go_and_all_else_stays() {
    let batch = warehouse(NAMES);
    let bytes = written(&batch, 4, None);
    let out = scrub(&bytes);
    let rows = out.rows();
    assert_eq!(rows.schema(), rows_of(&bytes).schema());
    assert_eq!(rows.num_rows(), NAMES.len());
    let column = |name: &str| rows.column_by_name(name).unwrap();
    let same = |name: &str| assert_eq!(column(name), batch.column_by_name(name).unwrap(), "{name}");
    for name in ["score", "days"] {
        same(name);
    }
    for at in 0..NAMES.len() {
        let text = |name: &str| column(name).as_string::<i32>().value(at);
        assert_eq!((text("person_name"), text("mrn")), ("[NAME]", "[MRN]"));
        assert_eq!(text("note"), "Seen today, \"stable\".\nMRN: [MRN]. K 3.6");
        // No day, no number can say [DATE] or [ACCOUNT].
        assert!(column("birth_date").as_primitive::<Date32Type>().is_null(at));
        assert!(column("seen_at").as_primitive::<TimestampMicrosecondType>().is_null(at));
        assert!(column("account_number").as_primitive::<Int64Type>().is_null(at));
        let address = column("address").as_struct();
        assert_eq!(address.column(0).as_string::<i32>().value(at), "[CITY]");
        assert_eq!(address.column(1).as_primitive::<Int64Type>().value(at), at as i64);
        let phones = column("phones").as_list::<i32>();
        let before = batch.column_by_name("phones").unwrap().as_list::<i32>();
        assert_eq!(phones.is_null(at), before.is_null(at));
        assert_eq!(phones.value_length(at), before.value_length(at));
        let (values, before) = (phones.value(at), before.value(at));
        for (new, old) in values.as_string::<i32>().iter().zip(before.as_string::<i32>()) {
            assert_eq!(new, old.map(|_| "[PHONE]"));
        }
        let entries = column("attributes").as_map().value(at);
        assert_eq!(entries.column(0).as_string::<i32>().iter().flatten().collect::<Vec<_>>(), ["mrn", "state"]);
        assert_eq!(entries.column(1).as_string::<i32>().iter().flatten().collect::<Vec<_>>(), ["[MRN]", "stable"]);
    }
    assert_eq!(out.summary.emptied, 3 * NAMES.len() as u64);
    assert_eq!((out.summary.tally.records, out.summary.tally.bytes), (NAMES.len() as u64, bytes.len() as u64));
    assert!(out.summary.to_string().contains("33 values left empty"));
    assert!(column("score").as_primitive::<Float64Type>().null_count() > 0);
}

#[test]
fn a_column_of_nothing_stays_one() {
    let nothing: ArrayRef = Arc::new(NullArray::new(3));
    let mrns: ArrayRef = Arc::new(StringArray::from(vec!["00482913", "00482914", "00482915"]));
    let batch = RecordBatch::try_from_iter_with_nullable([("nothing", nothing, true), ("mrn", mrns, true)]).unwrap();
    let out = scrub(&written(&batch, 2, None));
    assert_eq!(out.rows().column(0).logical_null_count(), 3);
    assert_eq!(out.rows().column(1).as_string::<i32>().value(2), "[MRN]");
}

#[test]
fn row_groups_and_compression_stay_and_nothing_derived_is_copied() {
    let bytes = written(&warehouse(NAMES), 4, None);
    let out = scrub(&bytes);
    let read = |bytes: &[u8]| SerializedFileReader::new(file_of(bytes)).unwrap().metadata().clone();
    let (before, after) = (read(&bytes), read(&out.bytes));
    assert_eq!(before.num_row_groups(), 3);
    assert_eq!(before.file_metadata().schema(), after.file_metadata().schema());
    for (old, new) in before.row_groups().iter().zip(after.row_groups()) {
        assert_eq!(old.num_rows(), new.num_rows());
        for (old, new) in old.columns().iter().zip(new.columns()) {
            assert_eq!(old.compression_codec(), new.compression_codec());
            assert_eq!(old.dictionary_page_offset().is_some(), new.dictionary_page_offset().is_some());
            assert_eq!(old.bloom_filter_offset().is_some(), new.bloom_filter_offset().is_some());
            assert_eq!(old.statistics().is_some(), new.statistics().is_some());
        }
    }
    let name = after.row_group(0).column(0).statistics().unwrap();
    assert_eq!((name.min_bytes_opt().unwrap(), name.max_bytes_opt().unwrap()), (&b"[NAME]"[..], &b"[NAME]"[..]));
    // The footer is not compressed: it would show minima and maxima.
    for text in ["Achterberg", "00482900", "Whitlock"] {
        assert!(memchr::memmem::find(&bytes, text.as_bytes()).is_some(), "{text} is in the input's footer");
        assert!(memchr::memmem::find(&out.bytes, text.as_bytes()).is_none(), "{text}");
    }
}

#[test]
fn output_does_not_depend_on_threads() {
    let names: Vec<&str> = NAMES.iter().cycle().take(400).copied().collect();
    let bytes = written(&warehouse(&names), 150, None);
    let one = scrub(&bytes);
    for threads in [1, 2, 5] {
        let policy = Policy::preset("redact").unwrap();
        let many = scrub_with(&bytes, policy, &Ask::default(), Some(threads)).unwrap();
        assert!(many.bytes == one.bytes, "{threads}");
        assert_eq!(many.summary, one.summary);
    }
}

#[test]
fn rows_that_fail_are_left_out_and_listed() {
    let mut names = NAMES.to_vec();
    names[0] = "sabotage";
    names[5] = "sabotage";
    names[10] = "sabotage";
    let bytes = written(&warehouse(&names), 4, None);
    for threads in [None, Some(3)] {
        let policy = Policy::preset("redact").unwrap();
        let out = scrub_with(&bytes, policy, &Ask::default(), threads).unwrap();
        assert_eq!(out.aside.iter().map(|e| e.record).collect::<Vec<_>>(), [1, 6, 11]);
        assert!(out.aside.iter().all(|e| e.fault.reason == Reason::Internal));
        let rows = out.rows();
        assert_eq!(rows.num_rows(), 8);
        let days = rows.column_by_name("days").unwrap().as_list::<i32>().values().clone();
        let days: Vec<i32> = days.as_primitive::<arrow_array::types::Int32Type>().values().to_vec();
        assert_eq!(days, [1, 2, 3, 4, 6, 7, 8, 9]);
        assert_eq!(out.summary.quarantined(), 3);
    }
    // A row group may be left without rows.
    let out = scrub(&written(&warehouse(&["sabotage", "sabotage"]), 4, None));
    let reader = SerializedFileReader::new(file_of(&out.bytes)).unwrap();
    assert_eq!(reader.metadata().file_metadata().num_rows(), 0);
}

/// A file of columns that Arrow does not write.
fn stored(message: &str, write: impl Fn(&mut SerializedFileWriter<&mut Vec<u8>>)) -> Vec<u8> {
    let schema = Arc::new(parse_message_type(message).unwrap());
    let mut bytes = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut bytes, schema, Arc::default()).unwrap();
    write(&mut writer);
    writer.close().unwrap();
    bytes
}

fn int96(day: u32, nanos: u64) -> Int96 {
    let mut value = Int96::new();
    value.set_data(nanos as u32, (nanos >> 32) as u32, day);
    value
}

#[test]
fn values_that_arrow_cannot_hold_are_kept_as_stored() {
    const MESSAGE: &str = "message m { optional int96 admitted; required int96 odd_time;
        optional fixed_len_byte_array(12) wait (INTERVAL); optional binary mrn (STRING); }";
    // Day 1 of the Julian count and a nanosecond of the day that microseconds do not have.
    let odd = [int96(2_460_320, 1_001), int96(1, 5), int96(2_460_320, 86_399_999_999_999)];
    let waits: Vec<FixedLenByteArray> = (1..=3u8).map(|n| vec![n; 12].into()).collect();
    let mrns: Vec<ByteArray> = ["00482913", "00482914", "00482915"].into_iter().map(Into::into).collect();
    let bytes = stored(MESSAGE, |writer| {
        let mut group = writer.next_row_group().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<Int96Type>().write_batch(&odd[..2], Some(&[1, 0, 1]), None).unwrap();
        column.close().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<Int96Type>().write_batch(&odd, None, None).unwrap();
        column.close().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<FixedLenByteArrayType>().write_batch(&waits, Some(&[1; 3]), None).unwrap();
        column.close().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<ByteArrayType>().write_batch(&mrns, Some(&[1; 3]), None).unwrap();
        column.close().unwrap();
        group.close().unwrap();
    });
    let ask = Ask { select: Select::all().fields(&["mrn".into()]), ..Ask::default() };
    let out = scrub_with(&bytes, Policy::preset("redact").unwrap(), &ask, None).unwrap();
    let read = |bytes: &[u8]| SerializedFileReader::new(file_of(bytes)).unwrap();
    let (before, after) = (read(&bytes), read(&out.bytes));
    assert_eq!(before.metadata().file_metadata().schema(), after.metadata().file_metadata().schema());
    let group = after.get_row_group(0).unwrap();
    for (number, want) in [(0, &odd[..2]), (1, &odd[..])] {
        let ColumnReader::Int96ColumnReader(mut column) = group.get_column_reader(number).unwrap() else {
            panic!("no INT96")
        };
        let (mut levels, mut times) = (Vec::new(), Vec::new());
        column.read_records(9, Some(&mut levels), None, &mut times).unwrap();
        assert_eq!(times, want);
    }
    let ColumnReader::FixedLenByteArrayColumnReader(mut column) = group.get_column_reader(2).unwrap() else {
        panic!("no INTERVAL")
    };
    let (mut levels, mut lengths) = (Vec::new(), Vec::new());
    column.read_records(9, Some(&mut levels), None, &mut lengths).unwrap();
    assert_eq!(lengths, waits);
    // Searched, a moment is a date as any other, and is left out where the schema allows it.
    let error = scrub_with(&bytes, Policy::preset("redact").unwrap(), &Ask::default(), None);
    assert!(matches!(error, Err(RunError::Write { source, .. }) if source.to_string().contains("/odd_time")));
}

#[test]
fn what_must_be_there_and_does_not_fit_fails_the_file() {
    let schema = Arc::new(Schema::new(vec![
        Column::new("account_number", DataType::Int64, false),
        Column::new("mrn", DataType::Utf8, false),
    ]));
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![88_210_001, 88_210_002]));
    let mrns: ArrayRef = Arc::new(StringArray::from(vec!["00482913", "00482914"]));
    let batch = RecordBatch::try_new(schema, vec![numbers.clone(), mrns]).unwrap();
    let bytes = written(&batch, 10, None);
    let redact = || Policy::preset("redact").unwrap();
    let Err(RunError::Write { source, .. }) = scrub_with(&bytes, redact(), &Ask::default(), None) else {
        panic!("passed")
    };
    let text = source.to_string();
    assert!(text.contains("column /account_number is integer") && !text.contains("8821"), "{text}");
    // Kept, it passes.
    let ask = Ask { select: Select::all().skip(&["account_number".into()]), ..Ask::default() };
    let out = scrub_with(&bytes, redact(), &ask, None).unwrap();
    assert_eq!(out.rows().column(0), &numbers);
    assert_eq!(out.rows().column(1).as_string::<i32>().value(1), "[MRN]");
}

#[test]
fn bytes_that_are_no_text_go_unless_the_policy_keeps_them() {
    let scans: ArrayRef = Arc::new(BinaryArray::from_opt_vec(vec![
        Some(&b"MRN: 00482913, plain"[..]),
        Some(b"\x89PNG\r\n\x1a\n\xff\xfe"),
        None,
        Some(b"nothing here"),
    ]));
    let batch = RecordBatch::try_from_iter_with_nullable([("scan", scans.clone(), true)]).unwrap();
    let bytes = written(&batch, 10, None);
    let out = scrub(&bytes);
    let rows = out.rows();
    let values: Vec<Option<&[u8]>> = rows.column(0).as_binary::<i32>().iter().collect();
    assert_eq!(values, [Some(&b"MRN: [MRN], plain"[..]), None, None, Some(b"nothing here")]);
    assert_eq!((out.summary.tally.removed, out.summary.tally.unsearched), (1, 0));
    let keeping = policy("name = \"keeping\"\nextends = \"redact\"\n[actions]\nOTHER_ID = \"keep\"\n");
    let out = scrub_with(&bytes, keeping, &Ask::default(), None).unwrap();
    assert_eq!(out.rows().column(0).as_binary::<i32>().value(1), scans.as_binary::<i32>().value(1));
    assert_eq!((out.summary.tally.removed, out.summary.tally.unsearched), (0, 1));
}

#[test]
fn a_text_that_is_a_json_object_is_read_as_one() {
    let texts = [
        r#"{"kind": "visit", "mrn": "00482913", "n": 1.50, "k":"a\"}b"}"#,
        "{ \"a\": {\"mrn\":\n 4829131 } }",
        r#"{"broken": "MRN: 00482913""#,
        r#"{MRN: 00482913}"#,
    ];
    let column: ArrayRef = Arc::new(StringArray::from(texts.to_vec()));
    let batch = RecordBatch::try_from_iter_with_nullable([("payload", column, true)]).unwrap();
    let out = scrub(&written(&batch, 10, None));
    let rows = out.rows();
    let values: Vec<&str> = rows.column(0).as_string::<i32>().iter().flatten().collect();
    assert_eq!(
        values,
        [
            r#"{"kind": "visit", "mrn": "[MRN]", "n": 1.50, "k":"a\"}b"}"#,
            "{ \"a\": {\"mrn\":\n \"[MRN]\" } }",
            r#"{"broken": "MRN: [MRN]""#,
            r#"{MRN: [MRN]}"#,
        ]
    );
}

#[test]
fn what_the_file_says_of_itself_is_cleared() {
    let pair = |key: &str, value: &str| KeyValue::new(key.into(), value.to_string());
    let pairs = vec![pair("author", "Winifred Foley"), pair("pandas", r#"{"columns":[],"attributes":{"by":"Foley"}}"#)];
    let out = scrub(&written(&warehouse(&NAMES[..2]), 10, Some(pairs)));
    let reader = SerializedFileReader::new(file_of(&out.bytes)).unwrap();
    let pairs = reader.metadata().file_metadata().key_value_metadata().unwrap();
    let keys: Vec<&str> = pairs.iter().map(|pair| pair.key.as_str()).collect();
    assert_eq!(keys, ["pandas", "ARROW:schema"]);
    assert_eq!(pairs[0].value.as_deref(), Some(r#"{"columns":[]}"#));
    assert!(memchr::memmem::find(&out.bytes, b"Foley").is_none());
}

#[test]
fn fields_are_named_for_inspection() {
    let table = Table::open(file_of(&written(&warehouse(NAMES), 4, None)), &Ask::default()).unwrap();
    let fields = table.fields();
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, kind)| (name.as_str(), *kind)).collect();
    assert_eq!(
        fields,
        [
            ("/person_name", "text"),
            ("/mrn", "text"),
            ("/account_number", "integer"),
            ("/birth_date", "date"),
            ("/seen_at", "timestamp"),
            ("/note", "text"),
            ("/score", "number"),
            ("/phones/*", "text"),
            ("/attributes/*", "text"),
            ("/attributes/*/*", "text"),
            ("/address/city", "text"),
            ("/address/floor", "integer"),
            ("/days/*", "integer"),
        ]
    );
    assert!(!format!("{table:?}").contains("Foley"));
}

#[test]
fn what_is_no_sound_parquet_is_an_error() {
    let bytes = written(&warehouse(NAMES), 4, None);
    let fails = |bytes: &[u8]| scrub_with(bytes, Policy::preset("redact").unwrap(), &Ask::default(), None).err();
    let text = |bytes: &[u8]| match fails(bytes).unwrap() {
        RunError::Read { source, .. } => source.to_string(),
        other => panic!("{other}"),
    };
    assert!(text(b"PAR1").contains("too short"));
    assert!(text(b"no Parquet at all").contains("not Parquet"));
    assert!(text(&bytes[..bytes.len() - 1]).contains("not whole"));
    let encrypted = [&bytes[..bytes.len() - 4], b"PARE"].concat();
    assert!(text(&encrypted).contains("encrypted"));
    assert!(is_parquet(&bytes) && is_parquet(b"PARE....") && !is_parquet(b"PAR"));
    // Cut in the middle, with a footer that promises more.
    let footer =
        bytes.len() - 8 - u32::from_le_bytes(bytes[bytes.len() - 8..bytes.len() - 4].try_into().unwrap()) as usize;
    let gutted = [&bytes[..4], &bytes[footer..]].concat();
    assert!(matches!(fails(&gutted), Some(RunError::Read { .. } | RunError::Lost { .. })));
    // Damage anywhere: an error, or a table that was scrubbed; never a panic.
    let step = (bytes.len() / 150).max(1);
    for at in (4..bytes.len() - 4).step_by(step) {
        let mut bad = bytes.clone();
        bad[at] ^= 0x55;
        if let Some(error) = fails(&bad) {
            assert!(!format!("{error:?}").contains("Foley"), "{at}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Lists of texts, some of which are identifiers, in rows of which some fail.
    #[test]
    fn every_value_is_scrubbed_in_its_place(
        rows in prop::collection::vec((prop::option::of(prop::collection::vec(0u8..4, 0..5)), 0u8..12), 1..60),
        group in 1usize..20,
    ) {
        let word = |kind: u8| match kind {
            0 => None,
            1 => Some("MRN: 00482913 stable"),
            2 => Some("stable"),
            _ => Some(""),
        };
        let mut list = ListBuilder::new(StringBuilder::new());
        for (values, _) in &rows {
            for kind in values.iter().flatten() {
                list.values().append_option(word(*kind));
            }
            list.append(values.is_some());
        }
        let fate: ArrayRef =
            Arc::new(StringArray::from_iter_values(rows.iter().map(|(_, fate)| if *fate == 0 { "sabotage" } else { "fine" })));
        let number: ArrayRef = Arc::new(Int64Array::from_iter_values(0..rows.len() as i64));
        let columns = [("seen", Arc::new(list.finish()) as ArrayRef, true), ("fate", fate, true), ("n", number, false)];
        let out = scrub(&written(&RecordBatch::try_from_iter_with_nullable(columns).unwrap(), group, None));
        let left: Vec<usize> = (0..rows.len()).filter(|at| rows[*at].1 != 0).collect();
        prop_assert_eq!(out.aside.len(), rows.len() - left.len());
        if left.is_empty() {
            return Ok(());
        }
        let table = out.rows();
        prop_assert_eq!(table.num_rows(), left.len());
        let lists = table.column(0).as_list::<i32>();
        for (at, row) in left.iter().enumerate() {
            prop_assert_eq!(table.column(2).as_primitive::<Int64Type>().value(at), *row as i64);
            let want = rows[*row].0.as_ref().map(|values| {
                let scrubbed = |kind: &u8| word(*kind).map(|w| w.replace("00482913", "[MRN]"));
                values.iter().map(scrubbed).collect::<Vec<_>>()
            });
            let have = lists.is_valid(at).then(|| {
                lists.value(at).as_string::<i32>().iter().map(|v| v.map(str::to_owned)).collect::<Vec<_>>()
            });
            prop_assert_eq!(have, want);
        }
    }
}
