//! What an input is taken for: its fields, and what is found in them, in numbers. Nothing of its values.

use std::collections::BTreeMap;
use std::io::{self, Read};

use super::layout::Layout;
use super::passage::Passages;
use super::source::Source;
use crate::engine::Engine;
use crate::identifier::{Hint, Label};
use crate::record::{Fate, Format, Reason};

/// What was seen of an input.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// How it is written: `ndjson`, `csv, comma, header`.
    pub layout: String,
    /// Records read.
    pub records: u64,
    /// Records that cannot be read, by reason.
    pub refused: BTreeMap<Reason, u64>,
    /// Attachments: searched, and of kinds that are not.
    pub attachments: (u64, u64),
    /// The fields that are looked at, in the order in which they are met.
    pub fields: Vec<Seen>,
    /// Whether there are more records than were read.
    pub more: bool,
}

/// A field, over all records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// As `--field` takes it: a pointer, a column, `PID-5.1`.
    pub name: String,
    /// Values that are one identifier by their place.
    pub whole: u64,
    /// Values that are searched as text.
    pub searched: u64,
    /// What was found, by label, in the order of [`Label::ALL`].
    pub found: [u64; Label::ALL.len()],
}

impl Seen {
    /// What was found and must go or may stay, most frequent first.
    pub fn labels(&self) -> Vec<(Label, u64)> {
        let mut labels: Vec<(Label, u64)> = Label::ALL.into_iter().zip(self.found).filter(|(_, n)| *n > 0).collect();
        labels.sort_by_key(|(label, count)| (std::cmp::Reverse(*count), *label));
        labels
    }
}

/// Reads up to `limit` records of `source` and says what is in them.
///
/// # Errors
///
/// When reading fails.
pub fn survey<R: Read>(engine: &Engine, mut source: Source<R>, limit: u64) -> io::Result<Survey> {
    let mut worker = engine.worker();
    let mut reader = source.layout().reader();
    let mut survey = Survey {
        layout: describe(source.layout()),
        records: 0,
        refused: BTreeMap::new(),
        attachments: (0, 0),
        fields: Vec::new(),
        more: false,
    };
    // By name: readers number their fields as they like.
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    'read: while let Some(chunk) = source.read_chunk()? {
        for place in &chunk.records {
            if survey.records >= limit {
                survey.more = true;
                break 'read;
            }
            let raw = chunk.bytes.get(place.start..place.end).unwrap_or_default();
            if raw.trim_ascii().is_empty() && place.fault.is_none() {
                continue;
            }
            survey.records += u64::from(place.record > 0);
            let read = place.fault.map_or_else(|| reader.read(raw, place.record == 0), Err);
            let record = match read {
                Ok(record) => record,
                Err(fault) => {
                    *survey.refused.entry(fault.reason).or_default() += 1;
                    continue;
                }
            };
            for content in &record.contents {
                match content.fate {
                    Fate::Search => survey.attachments.0 += 1,
                    Fate::Opaque(_) => survey.attachments.1 += 1,
                }
            }
            let passages = Passages::of(&record.segments);
            let inputs = passages.inputs(&record.segments);
            let findings = worker.find(&inputs);
            let fields: Vec<(u32, bool)> =
                record.segments.iter().map(|s| (s.field, matches!(s.hint, Hint::Whole(_)))).collect();
            let mut counts: Vec<[u64; Label::ALL.len()]> = vec![[0; Label::ALL.len()]; fields.len()];
            for (passage, found) in passages.iter().zip(&findings) {
                let starts: Vec<(usize, usize)> = passage.segments().collect();
                for finding in found.iter() {
                    // A finding counts where it begins.
                    let number = starts.iter().rev().find(|(_, start)| *start <= finding.span.start).map(|(n, _)| *n);
                    let count = number.and_then(|n| counts.get_mut(n)?.get_mut(finding.label as usize));
                    if let Some(count) = count {
                        *count += 1;
                    }
                }
            }
            drop(inputs);
            drop(record);
            for ((field, whole), counts) in fields.into_iter().zip(counts) {
                let name = reader.field_name(field);
                let at = *known.entry(name).or_insert_with_key(|name| {
                    survey.fields.push(Seen {
                        name: name.clone(),
                        whole: 0,
                        searched: 0,
                        found: [0; Label::ALL.len()],
                    });
                    survey.fields.len() - 1
                });
                let Some(seen) = survey.fields.get_mut(at) else { continue };
                *(if whole { &mut seen.whole } else { &mut seen.searched }) += 1;
                seen.found.iter_mut().zip(counts).for_each(|(a, b)| *a += b);
            }
        }
    }
    Ok(survey)
}

fn describe(layout: &Layout) -> String {
    let mut text = match layout.format {
        Format::Text => "plain text".to_owned(),
        Format::Ndjson => "NDJSON, one value a line".to_owned(),
        Format::Json => "JSON, one value".to_owned(),
        Format::Csv => "CSV".to_owned(),
        Format::Tsv => "TSV".to_owned(),
        Format::Hl7 => "HL7 version 2".to_owned(),
        Format::Xml => "XML".to_owned(),
    };
    if let Some(table) = &layout.table {
        let delimiter = match table.dialect().delimiter {
            b',' => "comma",
            b';' => "semicolon",
            b'\t' => "tab",
            b'|' => "bar",
            _ => "another character",
        };
        let header = if table.has_header { "with a header" } else { "without a header" };
        text.push_str(&format!(", separated by {delimiter}, {header}"));
    }
    if !layout.prefix.is_empty() {
        text.push_str(", with a byte order mark");
    }
    text
}
