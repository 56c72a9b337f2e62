//! What a file says of itself beside its columns. It may hold text of records, so that only what is known to hold none is
//! kept: the rest is left out.

use std::collections::HashMap;

use arrow_schema::Schema;
use parquet::arrow::{ARROW_SCHEMA_META_KEY, encode_arrow_schema, parquet_to_arrow_schema};
use parquet::errors::ParquetError;
use parquet::file::metadata::{FileMetaData, KeyValue};
use serde_json::{Map, Value};

/// The pairs of the output: the Arrow schema and pandas' notes on columns, cleared of what users put there, and what Spark
/// needs to read times rightly. `None` when the file has none.
pub(super) fn pairs(file: &FileMetaData) -> Result<Option<Vec<KeyValue>>, ParquetError> {
    let Some(pairs) = file.key_value_metadata() else { return Ok(None) };
    let mut kept = Vec::new();
    for pair in pairs {
        let Some(value) = &pair.value else { continue };
        let value = match pair.key.as_str() {
            ARROW_SCHEMA_META_KEY => Some(arrow_schema(file, pair)?),
            key => known(key, value),
        };
        kept.extend(value.map(|value| KeyValue { key: pair.key.clone(), value: Some(value) }));
    }
    Ok(Some(kept))
}

/// The schema as it is when it holds nothing else; otherwise made anew without the rest.
fn arrow_schema(file: &FileMetaData, pair: &KeyValue) -> Result<String, ParquetError> {
    let schema = parquet_to_arrow_schema(file.schema_descr(), Some(&vec![pair.clone()]))?;
    let clean: HashMap<String, String> =
        schema.metadata().iter().filter_map(|(key, value)| Some((key.clone(), known(key, value)?))).collect();
    match &pair.value {
        Some(value)
            if clean.len() == schema.metadata().iter().count()
                && schema.metadata().iter().all(|(k, v)| clean.get(k) == Some(v)) =>
        {
            Ok(value.clone())
        }
        _ => Ok(encode_arrow_schema(&Schema::new_with_metadata(schema.fields().clone(), clean))),
    }
}

/// The value of a pair that is kept.
fn known(key: &str, value: &str) -> Option<String> {
    match key {
        "pandas" => pandas(value),
        "org.apache.spark.version"
        | "org.apache.spark.legacyDateTime"
        | "org.apache.spark.legacyINT96"
        | "org.apache.spark.timeZone"
        | "writer.model.name" => {
            let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'+' | b'_' | b'/' | b':');
            (value.len() <= 40 && value.bytes().all(plain)).then(|| value.to_owned())
        }
        _ => None,
    }
}

/// pandas' notes with the members that its specification names; `attributes`, where users put what they like, is none.
/// <https://pandas.pydata.org/docs/development/developer.html#storing-pandas-dataframe-objects-in-apache-parquet-format>
fn pandas(value: &str) -> Option<String> {
    const TOP: &[&str] =
        &["index_columns", "column_indexes", "columns", "partition_columns", "creator", "pandas_version"];
    const COLUMN: &[&str] = &["name", "field_name", "pandas_type", "numpy_type", "metadata"];
    const NOTES: &[&str] = &["encoding", "num_categories", "ordered", "precision", "scale", "timezone", "unit"];
    const INDEX: &[&str] = &["kind", "name", "start", "stop", "step"];
    let Ok(Value::Object(mut top)) = serde_json::from_str(value) else { return None };
    let before = top.clone();
    top.retain(|key, _| TOP.contains(&key.as_str()));
    for list in ["columns", "column_indexes"] {
        for column in objects(&mut top, list) {
            column.retain(|key, _| COLUMN.contains(&key.as_str()));
            if let Some(Value::Object(notes)) = column.get_mut("metadata") {
                notes.retain(|key, value| NOTES.contains(&key.as_str()) && !value.is_object() && !value.is_array());
            }
        }
    }
    for index in objects(&mut top, "index_columns") {
        index.retain(|key, _| INDEX.contains(&key.as_str()));
    }
    // As it was written when there is nothing to leave out.
    if top == before { Some(value.to_owned()) } else { Some(Value::Object(top).to_string()) }
}

fn objects<'m>(map: &'m mut Map<String, Value>, key: &str) -> impl Iterator<Item = &'m mut Map<String, Value>> {
    let list = map.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten();
    list.filter_map(Value::as_object_mut)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn only_what_is_known_is_kept() {
        let plain = r#"{"index_columns": [{"kind": "range", "name": null, "start": 0, "stop": 3, "step": 1}],
            "columns": [{"name": "mrn", "field_name": "mrn", "pandas_type": "unicode", "numpy_type": "object",
            "metadata": null}], "creator": {"library": "pyarrow", "version": "26.0.1"}, "pandas_version": "2.2.0"}"#;
        for (key, value, want) in [
            ("pandas", plain, Some(plain)),
            ("pandas", r#"{"columns":[],"attributes":{"author":"Foley"}}"#, Some(r#"{"columns":[]}"#)),
            ("pandas", r#"{"columns":[{"name":"a","note":"Foley"}]}"#, Some(r#"{"columns":[{"name":"a"}]}"#)),
            (
                "pandas",
                r#"{"columns":[{"name":"a","metadata":{"ordered":true,"categories":["Foley"]}}]}"#,
                Some(r#"{"columns":[{"metadata":{"ordered":true},"name":"a"}]}"#),
            ),
            ("pandas", "Foley", None),
            ("pandas", "[\"Foley\"]", None),
            ("org.apache.spark.version", "3.5.1", Some("3.5.1")),
            ("org.apache.spark.timeZone", "America/Los_Angeles", Some("America/Los_Angeles")),
            ("org.apache.spark.version", "Winifred Foley", None),
            ("org.apache.spark.sql.parquet.row.metadata", "{}", None),
            ("author", "Foley", None),
        ] {
            assert_eq!(known(key, value).as_deref(), want, "{key} {value}");
        }
    }
}
