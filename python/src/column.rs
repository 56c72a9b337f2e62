//! Arrays of texts, and arrays of what was found in them.

use std::sync::Arc;

use arrow_array::builder::{
    Float32Builder, Int64Builder, ListBuilder, StringBuilder, StringViewBuilder, StructBuilder,
};
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, LargeStringArray, StringArray};
use arrow_schema::{DataType, Field, Fields};
use deidre::finding::Finding;

use crate::error::Failed;

/// An array of texts, plain: values in place of references to them.
pub(crate) fn plain(array: &ArrayRef) -> Result<ArrayRef, Failed> {
    match array.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Ok(Arc::clone(array)),
        // All of them are null.
        DataType::Null => cast(array, &DataType::Utf8),
        DataType::Dictionary(_, values) if is_text(values) => cast(array, values),
        DataType::RunEndEncoded(_, values) if is_text(values.data_type()) => cast(array, values.data_type()),
        other => Err(Failed::Column(format!("an array of {other}, not of texts: give a record batch or a table"))),
    }
}

/// The texts of a plain array.
pub(crate) fn texts(array: &ArrayRef) -> Result<Vec<Option<&str>>, Failed> {
    match array.data_type() {
        DataType::Utf8 => array.as_string_opt::<i32>().map(|array| array.iter().collect()),
        DataType::LargeUtf8 => array.as_string_opt::<i64>().map(|array| array.iter().collect()),
        _ => array.as_string_view_opt().map(|array| array.iter().collect()),
    }
    .ok_or(Failed::Lost)
}

/// Those texts as an array of that type.
pub(crate) fn of_texts(texts: &[Option<String>], data: &DataType) -> Result<ArrayRef, Failed> {
    Ok(match data {
        DataType::LargeUtf8 => Arc::new(LargeStringArray::from_iter(texts)),
        DataType::Utf8View => {
            let mut builder = StringViewBuilder::with_capacity(texts.len());
            builder.extend(texts.iter().map(Option::as_ref));
            Arc::new(builder.finish())
        }
        DataType::Utf8 => {
            let bytes: usize = texts.iter().flatten().map(String::len).sum();
            if i32::try_from(bytes).is_err() {
                return Err(Failed::Column("more than 2 GiB of text in one array: use large_string".to_owned()));
            }
            Arc::new(StringArray::from_iter(texts))
        }
        DataType::Null if texts.iter().all(Option::is_none) => arrow_array::new_null_array(data, texts.len()),
        other => cast(&(Arc::new(LargeStringArray::from_iter(texts)) as ArrayRef), other)?,
    })
}

/// What was found in texts, as [`FOUND`] says.
pub(crate) fn of_findings(found: &[Vec<Finding>]) -> (Field, ArrayRef) {
    let builders: Vec<Box<dyn arrow_array::builder::ArrayBuilder>> = vec![
        Box::new(StringBuilder::new()),
        Box::new(Int64Builder::new()),
        Box::new(Int64Builder::new()),
        Box::new(Float32Builder::new()),
        Box::new(StringBuilder::new()),
    ];
    let mut list = ListBuilder::new(StructBuilder::new(fields(), builders));
    for found in found {
        let spans = list.values();
        for finding in found {
            text(spans, 0, finding.label.name());
            number(spans, 1, finding.span.start);
            number(spans, 2, finding.span.end);
            if let Some(scores) = spans.field_builder::<Float32Builder>(3) {
                scores.append_value(score(finding));
            }
            text(spans, 4, finding.source.name());
            spans.append(true);
        }
        list.append(true);
    }
    let array: ArrayRef = Arc::new(list.finish());
    (Field::new("spans", array.data_type().clone(), true), array)
}

/// How sure a finding is, 0 to 1.
pub(crate) fn score(finding: &Finding) -> f32 {
    if finding.score.is_finite() { finding.score } else { 0.0 }
}

fn fields() -> Fields {
    let field = |name: &str, data| Field::new(name, data, false);
    Fields::from(vec![
        field("label", DataType::Utf8),
        field("start", DataType::Int64),
        field("end", DataType::Int64),
        field("score", DataType::Float32),
        field("source", DataType::Utf8),
    ])
}

fn text(spans: &mut StructBuilder, field: usize, text: &str) {
    if let Some(texts) = spans.field_builder::<StringBuilder>(field) {
        texts.append_value(text);
    }
}

fn number(spans: &mut StructBuilder, field: usize, number: usize) {
    if let Some(numbers) = spans.field_builder::<Int64Builder>(field) {
        numbers.append_value(i64::try_from(number).unwrap_or(i64::MAX));
    }
}

fn is_text(data: &DataType) -> bool {
    matches!(data, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

fn cast(array: &ArrayRef, data: &DataType) -> Result<ArrayRef, Failed> {
    // What the library says may hold values.
    arrow_cast::cast(array, data).map_err(|_| Failed::Column(format!("texts cannot stand in an array of {data}")))
}
