//! Which format, which fields.

use clap::ValueEnum;

use crate::pipeline::clean::Tally;
use crate::pipeline::layout::Ask;
use crate::record::{Format, Select};

/// How the input is read.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Input")]
pub(crate) struct FieldArgs {
    /// Format of the input; auto tells it by its first bytes
    #[arg(long, value_enum, default_value = "auto")]
    format: FormatArg,
    /// Search only this field, and what is below it: a JSON pointer in which * is any one step and ** any number of
    /// them (/notes/*/body), or a name of a field or column. May be given several times [default: every field]
    #[arg(long, value_name = "PATTERN")]
    field: Vec<String>,
    /// Leave this field as it is; wins over --field
    #[arg(long, value_name = "PATTERN")]
    skip_field: Vec<String>,
    /// Search the keys of JSON objects too
    #[arg(long)]
    keys: bool,
    /// The field whose value says whose record it is, for --scope patient
    #[arg(long, value_name = "PATTERN")]
    patient_field: Option<String>,
}

#[derive(Clone, Copy, ValueEnum, Debug)]
enum FormatArg {
    Auto,
    Text,
    Ndjson,
    Json,
    Csv,
    Tsv,
    Xml,
    Hl7,
}

impl FieldArgs {
    /// Says so when fields were named and none of them was met: everything was copied, nothing searched.
    pub(crate) fn unmet(&self, tally: &Tally) -> bool {
        let unmet = !self.field.is_empty() && tally.written > 0 && tally.searched == 0;
        if unmet {
            super::say("no field matched --field: everything was copied as it is, nothing was searched");
        }
        unmet
    }

    /// All of it in a line, for telling whether it is what it was.
    pub(crate) fn told(&self) -> String {
        let Self { format, field, skip_field, keys, patient_field } = self;
        let mut told = format!("format {format:?}").to_lowercase();
        let lists =
            [("field", field.as_slice()), ("skip-field", skip_field), ("patient-field", patient_field.as_slice())];
        for (name, patterns) in lists {
            for pattern in patterns {
                told.push_str(&format!(", {name} {pattern}"));
            }
        }
        if *keys { told + ", keys" } else { told }
    }

    pub(crate) fn ask(&self, separator: Vec<u8>) -> Ask {
        let format = match self.format {
            FormatArg::Auto => None,
            FormatArg::Text => Some(Format::Text),
            FormatArg::Ndjson => Some(Format::Ndjson),
            FormatArg::Json => Some(Format::Json),
            FormatArg::Csv => Some(Format::Csv),
            FormatArg::Tsv => Some(Format::Tsv),
            FormatArg::Xml => Some(Format::Xml),
            FormatArg::Hl7 => Some(Format::Hl7),
        };
        let select = Select::all()
            .fields(&self.field)
            .skip(&self.skip_field)
            .patient(self.patient_field.as_deref())
            .with_keys(self.keys);
        Ask { format, select, separator }
    }
}
