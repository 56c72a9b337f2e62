//! Tables in memory against the same tables in files.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BooleanArray, DictionaryArray, RecordBatch, StringArray, StructArray, UInt8Array};
use arrow_buffer::NullBuffer;
use arrow_cast::cast;
use arrow_schema::{DataType, Field, Schema};

use super::memory::{Sheet, SheetError};
use super::tests::{NAMES, file_of, rows_of, warehouse, written};
use super::{Table, run};
use crate::engine::Engine;
use crate::pipeline::layout::Ask;
use crate::pipeline::{Run, Scrub};
use crate::policy::Policy;
use crate::record::{Reason, Select};
use crate::secret::{Key, Keyring};
use crate::transform::{Means, Scope, Transform};

fn scrub(policy: &str) -> Scrub {
    let keys = Keyring::of(Key::parse(&"7".repeat(64)).unwrap());
    let transform = Transform::new(Policy::preset(policy).unwrap(), Means::keys(&keys)).unwrap();
    Scrub { engine: Engine::embedded(), transform, scope: Scope::Corpus, people: None }
}

fn in_file(scrub: &Scrub, batch: &RecordBatch, select: &Select) -> RecordBatch {
    let select = select.clone().rules(scrub.transform.policy().fields());
    let table = Table::open(file_of(&written(batch, 4, None)), &Ask { select, ..Ask::default() }).unwrap();
    let job = Run { scrub, file: "in", target: "out", progress: &|_| {} };
    let (mut out, mut aside) = (Vec::new(), Vec::new());
    run(&job, table, &mut out, &mut aside, None).unwrap();
    rows_of(&out)
}

fn in_memory(scrub: &Scrub, batch: &RecordBatch, select: &Select) -> Result<super::memory::Scrubbed, SheetError> {
    Sheet::new(&batch.schema(), select, scrub.transform.policy())?.scrub(scrub, batch)
}

/// The batch with its columns in other types that hold the same.
fn turned(batch: &RecordBatch, turn: &dyn Fn(&DataType) -> DataType) -> RecordBatch {
    let columns: Vec<ArrayRef> =
        batch.columns().iter().map(|column| cast(column, &turn(column.data_type())).unwrap()).collect();
    let fields: Vec<Field> = batch
        .schema()
        .fields()
        .iter()
        .zip(&columns)
        .map(|(field, column)| field.as_ref().clone().with_data_type(column.data_type().clone()))
        .collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
}

#[test]
fn rows_in_memory_are_scrubbed_as_those_of_a_file_are() {
    let names: Vec<&str> = NAMES.iter().cycle().take(60).copied().collect();
    let batch = warehouse(&names);
    let large = |data: &DataType| match data {
        DataType::Utf8 => DataType::LargeUtf8,
        DataType::List(item) => DataType::LargeList(Arc::clone(item)),
        other => other.clone(),
    };
    let views = |data: &DataType| match data {
        DataType::Utf8 => DataType::Utf8View,
        other => other.clone(),
    };
    let dictionaries = |data: &DataType| match data {
        DataType::Utf8 => DataType::Dictionary(Box::new(DataType::UInt8), Box::new(DataType::Utf8)),
        other => other.clone(),
    };
    for policy in ["redact", "minimum-necessary", "limited-data-set", "surrogate"] {
        let scrub = scrub(policy);
        for select in [
            Select::all().patient(Some("mrn")),
            Select::all().fields(&["note".into(), "/address".into(), "phones".into()]).patient(Some("mrn")),
            Select::all().skip(&["birth_date".into(), "/attributes".into()]).patient(Some("mrn")),
        ] {
            let want = in_file(&scrub, &batch, &select);
            let done = in_memory(&scrub, &batch, &select).unwrap();
            assert_eq!(done.rows.columns(), want.columns(), "{policy}");
            assert!(done.rows.columns() != batch.columns(), "{policy}");
            for turn in [&large as &dyn Fn(&DataType) -> DataType, &views, &dictionaries] {
                let other = turned(&batch, turn);
                let done = in_memory(&scrub, &other, &select).unwrap();
                assert_eq!(done.rows.schema(), other.schema());
                assert_eq!(turned(&done.rows, &|data| plain(data)).columns(), want.columns(), "{policy}");
            }
        }
    }
}

fn plain(data: &DataType) -> DataType {
    match data {
        DataType::LargeUtf8 | DataType::Utf8View | DataType::Dictionary(..) => DataType::Utf8,
        DataType::LargeList(item) => DataType::List(Arc::clone(item)),
        other => other.clone(),
    }
}

#[test]
fn what_comes_out_of_a_row_does_not_depend_on_its_batch_or_the_threads() {
    let names: Vec<&str> = NAMES.iter().cycle().take(60).copied().collect();
    let batch = warehouse(&names);
    for scope in [Scope::Corpus, Scope::Document, Scope::Patient] {
        for policy in ["minimum-necessary", "surrogate"] {
            let scrub = Scrub { scope: scope.clone(), ..scrub(policy) };
            let select = Select::all();
            let sheet = Sheet::new(&batch.schema(), &select, scrub.transform.policy()).unwrap();
            let whole = sheet.scrub(&scrub, &batch).unwrap().rows;
            for threads in [1, 3] {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                for (at, length) in [(0, 60), (7, 20), (59, 1), (10, 0)] {
                    let part = pool.install(|| sheet.scrub(&scrub, &batch.slice(at, length))).unwrap().rows;
                    assert_eq!(part, whole.slice(at, length), "{scope:?} {policy}");
                }
            }
        }
    }
}

#[test]
fn rows_that_fail_are_left_out_and_nothing_of_them_stays() {
    let mut names = NAMES.to_vec();
    (names[2], names[10]) = ("sabotage", "sabotage");
    let batch = warehouse(&names);
    let done = in_memory(&scrub("redact"), &batch, &Select::all()).unwrap();
    let aside: Vec<(usize, Reason)> = done.aside.iter().map(|(row, fault)| (*row, fault.reason)).collect();
    assert_eq!(aside, [(2, Reason::Internal), (10, Reason::Internal)]);
    assert_eq!((done.rows.num_rows(), done.tally.records, done.tally.written), (9, 11, 9));
    assert!(!holds(&done.rows, "sabotage"));
    assert!(!format!("{done:?}").contains("NAME"));
}

fn holds(batch: &RecordBatch, text: &str) -> bool {
    let mut data: Vec<_> = batch.columns().iter().map(|column| column.to_data()).collect();
    while let Some(array) = data.pop() {
        if array.buffers().iter().any(|buffer| memchr::memmem::find(buffer.as_slice(), text.as_bytes()).is_some()) {
            return true;
        }
        data.extend(array.child_data().iter().cloned());
    }
    false
}

#[test]
fn nothing_stays_under_a_null_or_outside_of_a_slice() {
    let texts = StringArray::from(vec!["Zeppelina, MRN 00482913", "fine", "well", "Zeppelina"]);
    let (offsets, values, _) = texts.clone().into_parts();
    let hidden = StringArray::new(offsets, values, Some(NullBuffer::from(vec![false, true, true, false])));
    let note = Arc::new(Field::new("note", DataType::Utf8, false));
    let under = StructArray::new(
        vec![note].into(),
        vec![Arc::new(texts.clone()) as _],
        Some(NullBuffer::from(vec![false, true, true, false])),
    );
    let keys = UInt8Array::from(vec![1, 2, 1, 2]);
    let unused = DictionaryArray::new(keys, Arc::new(texts.clone()));
    let columns: [(ArrayRef, usize); 4] =
        [(Arc::new(texts.slice(1, 2)), 2), (Arc::new(hidden), 4), (Arc::new(under), 4), (Arc::new(unused), 4)];
    for (column, keep) in columns {
        let batch = RecordBatch::try_from_iter_with_nullable([("notes", column, true)]).unwrap();
        assert!(holds(&batch, "Zeppelina"));
        let done = in_memory(&scrub("redact"), &batch, &Select::all()).unwrap();
        assert!(!holds(&done.rows, "Zeppelina"), "{:?}", batch.column(0).data_type());
        assert_eq!(done.rows.num_rows(), keep);
    }
    // What was not to be searched is handed on.
    let batch = RecordBatch::try_from_iter([("note", Arc::new(texts) as ArrayRef)]).unwrap();
    let done = in_memory(&scrub("redact"), &batch, &Select::all().skip(&["note".into()])).unwrap();
    assert_eq!(done.rows, batch);
}

#[test]
fn columns_that_cannot_be_done_are_named_without_values() {
    let scrub = scrub("redact");
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["Zeppelina"]));
    let days = cast(&StringArray::from(vec!["1958-03-14"]), &DataType::Date32).unwrap();
    let required = RecordBatch::try_from_iter_with_nullable([("birth_date", days, false)]).unwrap();
    let error = in_memory(&scrub, &required, &Select::all()).err().unwrap().to_string();
    assert!(error.contains("/birth_date") && error.contains("nullable"), "{error}");
    let list = DataType::ListView(Arc::new(Field::new("item", DataType::Utf8, true)));
    let odd = Schema::new(vec![Field::new("odd", list, true)]);
    let error = Sheet::new(&Arc::new(odd), &Select::all(), scrub.transform.policy()).err().unwrap().to_string();
    assert!(error.contains("column /odd"), "{error}");
    let sheet = Sheet::new(&required.schema(), &Select::all(), scrub.transform.policy()).unwrap();
    let other = RecordBatch::try_from_iter([("note", texts)]).unwrap();
    assert!(matches!(sheet.scrub(&scrub, &other), Err(SheetError::Column(_))));
    // As many different tokens as there were values.
    let keys = UInt8Array::from_iter_values(0..200);
    let values = StringArray::from_iter_values((0..200).map(|n| format!("{:08}", 48_291_300 + n)));
    let fits: ArrayRef = Arc::new(DictionaryArray::new(keys, Arc::new(values)));
    let batch = RecordBatch::try_from_iter_with_nullable([("mrn", fits, true)]).unwrap();
    let done = in_memory(&self::scrub("minimum-necessary"), &batch, &Select::all()).unwrap();
    assert_eq!(done.rows.column(0).as_any_dictionary().values().len(), 200);
}

#[test]
fn a_batch_without_columns_or_rows_comes_back() {
    let scrub = scrub("redact");
    let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(5));
    let empty = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), vec![], &options).unwrap();
    assert_eq!(in_memory(&scrub, &empty, &Select::all()).unwrap().rows, empty);
    let none = warehouse(&[]);
    assert_eq!(in_memory(&scrub, &none, &Select::all()).unwrap().rows, none);
    let flags: ArrayRef = Arc::new(BooleanArray::from(vec![true, false]));
    let plain = RecordBatch::try_from_iter([("flag", flags)]).unwrap();
    assert_eq!(in_memory(&scrub, &plain, &Select::all()).unwrap().rows, plain);
}
