//! `deidre inspect`: what a file is taken for, and what would be touched in it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use serde_json::json;

use super::{FieldArgs, ModelArgs, QUARANTINED};
use crate::engine::Engine;
use crate::pipeline::Source;
use crate::pipeline::compress::Compression;
use crate::pipeline::input::{Input, Shape, extension};
use crate::pipeline::layout::Ask;
use crate::pipeline::survey::{Survey, survey};
use crate::pipeline::walk::Item;

/// Says what a file is taken for and which of its fields would be touched. Shows no values.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  deidre inspect exports/Patient.ndjson
  deidre inspect --json feed.hl7 claims.csv.gz

For each field that is looked at: how many values are an identifier by their place, how many are searched, and what is found
in them by label. Labels that may stay (STATE, YEAR, AGE, ...) are counted too; what becomes of each label is the policy's
matter. Exit codes: 0 done, 1 done with records that cannot be read, 2 could not run.")]
pub(crate) struct Args {
    /// Files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    fields: FieldArgs,
    #[command(flatten)]
    model: ModelArgs,
    /// Records to look at, of each file
    #[arg(long, value_name = "N", default_value_t = 1000)]
    sample: u64,
    /// Write one JSON object a file
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let ask = args.fields.ask(Vec::new());
    let (engine, _) = args.model.engine()?;
    let mut refused = false;
    for path in &args.files {
        let (layout, survey) = look(path, &ask, &engine, args.sample)?;
        refused |= !survey.refused.is_empty();
        super::print(&if args.json { as_json(path, &layout, &survey) } else { as_text(path, &layout, &survey) })?;
    }
    Ok(if refused { ExitCode::from(QUARANTINED) } else { ExitCode::SUCCESS })
}

/// What the file is taken for, and what is in it.
fn look(path: &Path, ask: &Ask, engine: &Engine, limit: u64) -> anyhow::Result<(String, Survey)> {
    let shown = path.display();
    let cannot = || format!("cannot read {shown}");
    let item = Item { path: path.to_owned(), relative: path.to_owned(), size: 0, named: true };
    let input = Input::open(&item).with_context(cannot)?;
    if input.shape() == Shape::Columns {
        return columns(path, ask);
    }
    let compression = input.compression();
    let extension = extension(path, compression);
    let (reader, _) = input.into_reader(Arc::default()).with_context(cannot)?;
    match Source::open(reader, ask, extension.as_deref()).with_context(cannot)? {
        Err(reason) => bail!("{shown}: {reason}"),
        Ok(source) => {
            let survey = survey(engine, source, limit).with_context(cannot)?;
            let packed = match compression {
                Compression::None => "",
                Compression::Gzip => ", compressed with gzip",
                Compression::Zstd => ", compressed with Zstandard",
            };
            Ok((format!("{}{packed}", survey.layout), survey))
        }
    }
}

/// The columns of a Parquet file: what is in them is not looked at.
#[cfg(feature = "parquet")]
fn columns(path: &Path, ask: &Ask) -> anyhow::Result<(String, Survey)> {
    use crate::pipeline::columns::Table;

    let cannot = || format!("cannot read {}", path.display());
    let table = Table::open(std::fs::File::open(path).with_context(cannot)?, ask).with_context(cannot)?;
    let fields = table.fields().into_iter().map(|(name, kind)| format!("{name} ({kind})")).collect::<Vec<_>>();
    let layout = format!("Parquet, {} rows, columns {}", table.rows(), fields.join(", "));
    Ok((layout.clone(), Survey { layout, records: table.rows(), ..Survey::default() }))
}

#[cfg(not(feature = "parquet"))]
fn columns(path: &Path, _: &Ask) -> anyhow::Result<(String, Survey)> {
    bail!("{}: Parquet is not read by this build", path.display())
}

fn as_text(path: &Path, layout: &str, survey: &Survey) -> String {
    let mut out = format!("{}: {layout}\n", path.display());
    let more = if survey.more { ", and more that were not looked at" } else { "" };
    // A String takes everything: writing cannot fail.
    let _ = writeln!(out, "  {} records{more}", survey.records);
    for (reason, count) in &survey.refused {
        let _ = writeln!(out, "  {count} cannot be read: {reason}");
    }
    if survey.attachments != (0, 0) {
        let (searched, opaque) = survey.attachments;
        let _ = writeln!(out, "  attachments: {searched} searched, {opaque} of a kind that is not searched");
    }
    let width = survey.fields.iter().map(|f| f.name.chars().count()).max().unwrap_or(0).min(64);
    for field in &survey.fields {
        let found: Vec<String> = field.labels().iter().map(|(label, n)| format!("{} {n}", label.name())).collect();
        let how = match (field.whole, field.searched) {
            (whole, 0) => format!("{whole} by their place"),
            (0, searched) => format!("{searched} searched"),
            (whole, searched) => format!("{whole} by their place, {searched} searched"),
        };
        let found = if found.is_empty() { "nothing found".to_owned() } else { found.join(", ") };
        let _ = writeln!(out, "  {:width$}  {how}: {found}", field.name);
    }
    out
}

fn as_json(path: &Path, layout: &str, survey: &Survey) -> String {
    let fields: Vec<_> = survey
        .fields
        .iter()
        .map(|field| {
            let found: serde_json::Map<_, _> =
                field.labels().iter().map(|(label, n)| (label.name().to_owned(), json!(n))).collect();
            json!({"field": field.name, "whole": field.whole, "searched": field.searched, "found": found})
        })
        .collect();
    let refused: serde_json::Map<_, _> =
        survey.refused.iter().map(|(reason, n)| (reason.name().to_owned(), json!(n))).collect();
    let object = json!({
        "file": path.display().to_string(),
        "layout": layout,
        "records": survey.records,
        "more": survey.more,
        "refused": refused,
        "attachments": {"searched": survey.attachments.0, "not_searched": survey.attachments.1},
        "fields": fields,
    });
    format!("{object}\n")
}
