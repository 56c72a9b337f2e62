//! `deidre eval`: the engine, or given predictions, against gold notes.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::detect::dictionary::{Dictionary, fold};
use crate::engine::{Engine, Input, Worker};
use crate::eval::interval::Interval;
use crate::eval::score::{Counts, Figures, Intervals, Miss, Row};
use crate::eval::{Note, Predicted, Report, gold};
use crate::identifier::{Hint, Label};
use anyhow::Context as _;
use rayon::prelude::*;
use serde_json::{Map, Value, json};

use super::ModelArgs;
use super::detect::CodePoints;

#[derive(clap::Args, Debug)]
#[command(after_help = "Example:\n  deidre eval notes/ --leaks 20 --false 20\n\n\
    Gold: JSON Lines {\"id\", \"text\", \"spans\": [{\"start\", \"end\", \"type\"}]} with offsets in code points, i2b2/n2c2\n\
    2014 XML, brat .txt with .ann, or .txt with [[LABEL:text]]; a file or a folder of them.\n\
    An element is caught when each of its letters and digits is covered. Ranges are 95 % confidence intervals: Wilson's\n\
    for elements and documents, a bootstrap over documents for the rest.\n\
    The listings of --leaks and --false print text of the gold notes; nothing else does.")]
pub(crate) struct Args {
    /// Gold notes: a file or a folder
    #[arg(value_name = "GOLD")]
    gold: PathBuf,
    /// Print one JSON object instead of tables
    #[arg(long)]
    json: bool,
    /// List the first N elements that were missed, with the text around
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    leaks: usize,
    /// List the first N stretches that were over-redacted, with the text around
    #[arg(long = "false", value_name = "N", default_value_t = 0, hide_default_value = true)]
    false_spans: usize,
    /// A table by kind of document as well
    #[arg(long)]
    by_kind: bool,
    #[command(flatten)]
    model: ModelArgs,
    /// Show the model every word, not only what evidence has not settled
    #[arg(long)]
    no_gate: bool,
    /// Score these predictions (as `deidre detect` writes them) instead of running the engine
    #[arg(long, value_name = "PRED.jsonl")]
    predictions: Option<PathBuf>,
    /// Other evidence weights than those in the binary, as `deidre dictionary fit` writes them
    #[arg(long, value_name = "FILE")]
    evidence: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let notes = gold::load(&args.gold)?;
    let moved: usize = notes.iter().map(|note| note.moved).sum();
    if moved > 0 {
        super::say(&format!(
            "deidre: {moved} gold elements do not stand at their offsets; the figures are wrong by as much"
        ));
    }
    let predicted = match &args.predictions {
        None => predict(&args.engine()?, &notes),
        Some(file) => {
            let mut given: HashMap<String, Vec<Predicted>> = gold::load_predictions(file)?.into_iter().collect();
            let of_notes: Vec<_> = notes.iter().map(|note| given.remove(&note.id)).collect();
            let missing = of_notes.iter().filter(|p| p.is_none()).count();
            if missing + given.len() > 0 {
                let strangers = given.len();
                super::say(&format!(
                    "deidre: {missing} notes have no predictions, {strangers} predictions belong to no note"
                ));
            }
            of_notes.into_iter().map(Option::unwrap_or_default).collect()
        }
    };
    let report = Report::score(&notes, &predicted);
    if args.json {
        super::print(&format!("{}\n", as_json(&notes, &report, args)))?;
        return Ok(ExitCode::SUCCESS);
    }
    // A String takes everything: writing cannot fail.
    let mut out = String::new();
    if args.by_kind {
        table(
            &mut out,
            "kind",
            report.kinds.iter().map(|(kind, row)| (if kind.is_empty() { "(none)" } else { kind }, row)),
        );
        out.push('\n');
    }
    table(
        &mut out,
        "label",
        report.labels.iter().map(|(label, row)| (label.name(), row)).chain([("all", &report.all)]),
    );
    for (title, misses, n) in [("LEAK", &report.leaks, args.leaks), ("FALSE", &report.false_spans, args.false_spans)] {
        for miss in misses.iter().take(n) {
            let _ = writeln!(out, "{title} {}", Shown::new(&notes, miss));
        }
    }
    let (caught, all) = word_names(&notes, &report);
    if let Some(share) = share(caught, all) {
        let _ = writeln!(out, "\nnames that are ordinary words: {caught} of {all} caught, {share:.4}");
    }
    summary(&mut out, &report.all, notes.len());
    super::print(&out)?;
    Ok(ExitCode::SUCCESS)
}

/// How common in small letters each word of a name must be for the name to be an ordinary word: bucket 5, once in a
/// million words.
const ORDINARY: u8 = 5;

/// How many names that are nothing but ordinary words were caught, and how many there are: `May`, `Hope Long`.
fn word_names(notes: &[Note], report: &Report) -> (usize, usize) {
    let dictionary = Dictionary::embedded();
    let ordinary = |word: &str| {
        let mut folded = Vec::new();
        fold(word, &mut folded);
        dictionary.word(&folded).lower() >= ORDINARY
    };
    report.share(notes, Label::Name, |name| {
        let mut words = name.split(|c: char| !c.is_alphabetic()).filter(|w| w.chars().count() > 1).peekable();
        words.peek().is_some() && words.all(ordinary)
    })
}

fn share(part: usize, all: usize) -> Option<f64> {
    (all > 0).then(|| part as f64 / all as f64)
}

impl Args {
    fn engine(&self) -> anyhow::Result<Engine> {
        let (mut engine, _) = self.model.engine()?;
        if self.no_gate {
            engine = engine.without_gate();
        }
        let Some(file) = &self.evidence else { return Ok(engine) };
        let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        engine.with_evidence(&bytes).with_context(|| file.display().to_string())
    }
}

/// What the engine finds that must go.
fn predict(engine: &Engine, notes: &[Note]) -> Vec<Vec<Predicted>> {
    let find = |worker: &mut Worker, note: &Note| {
        let found = worker.find(&[Input::new(&note.text, Hint::Text)]);
        let mut place = CodePoints::new(&note.text);
        let found = found.iter().flat_map(|f| f.iter()).filter(|f| f.label.is_identifier());
        found
            .map(|f| Predicted { start: place.at(f.span.start), end: place.at(f.span.end), label: Some(f.label) })
            .collect()
    };
    notes.par_iter().map_init(|| engine.worker(), find).collect()
}

fn table<'r>(out: &mut String, what: &str, rows: impl Iterator<Item = (&'r str, &'r Row)>) {
    let rows: Vec<_> = rows.collect();
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0).clamp(12, 44);
    let _ = writeln!(
        out,
        "{what:width$}  elements  element-recall          char-recall             char-precision          \
         F1                      F2                      clean-docs              false-spans/doc"
    );
    for (name, row) in rows {
        let (f, i) = (&row.figures, &row.intervals);
        let cell = |shown: bool, x: f64, (low, high): Interval| {
            if shown { format!("{x:.4} ({low:.3}-{high:.3})") } else { "-".to_owned() }
        };
        let recall = row.counts.elements > 0;
        let precision = row.counts.right + row.counts.wrong > 0;
        let _ = writeln!(
            out,
            "{name:width$.width$}  {:8}  {:22}  {:22}  {:22}  {:22}  {:22}  {:22}  {:.2} ({:.2}-{:.2})",
            row.counts.elements,
            cell(recall, f.element_recall, i.element_recall),
            cell(recall, f.char_recall, i.char_recall),
            cell(precision, f.char_precision, i.char_precision),
            cell(recall && precision, f.f1, i.f1),
            cell(recall && precision, f.f2, i.f2),
            cell(row.counts.docs > 0, f.clean_docs, i.clean_docs),
            f.false_spans_per_doc,
            i.false_spans_per_doc.0,
            i.false_spans_per_doc.1,
        );
    }
}

/// The last three lines: counts, intervals, and the line that the reference scorer prints.
fn summary(out: &mut String, row: &Row, docs: usize) {
    let (Counts { elements, caught, clean, false_spans, .. }, f, i) = (row.counts, &row.figures, &row.intervals);
    let _ = writeln!(
        out,
        "\n{caught} of {elements} elements caught, {clean} of {docs} documents without a leak, {false_spans} false spans"
    );
    let _ = writeln!(
        out,
        "95 %  element-recall {:.4}-{:.4}  char-recall {:.4}-{:.4}  char-precision {:.4}-{:.4}  F1 {:.4}-{:.4}  \
         F2 {:.4}-{:.4}  clean-docs {:.3}-{:.3}  false-spans/doc {:.2}-{:.2}",
        i.element_recall.0,
        i.element_recall.1,
        i.char_recall.0,
        i.char_recall.1,
        i.char_precision.0,
        i.char_precision.1,
        i.f1.0,
        i.f1.1,
        i.f2.0,
        i.f2.1,
        i.clean_docs.0,
        i.clean_docs.1,
        i.false_spans_per_doc.0,
        i.false_spans_per_doc.1,
    );
    let _ = writeln!(
        out,
        "docs {docs}  elements {elements}  element-recall {:.4}  char-recall {:.4}  char-precision {:.4}  F1 {:.4}  \
         F2 {:.4}  clean-docs {:.3}  false-spans/doc {:.2}",
        f.element_recall, f.char_recall, f.char_precision, f.f1, f.f2, f.clean_docs, f.false_spans_per_doc
    );
}

fn as_json(notes: &[Note], report: &Report, args: &Args) -> Value {
    let mut out = row_json(&report.all);
    out.insert("docs".into(), notes.len().into());
    let (caught, all) = word_names(notes, report);
    out.insert("word_names".into(), json!({"elements": all, "caught": caught, "element_recall": share(caught, all)}));
    let rows = |rows: Vec<(&str, &Row)>| -> Map<String, Value> {
        rows.into_iter().map(|(name, row)| (name.to_owned(), Value::Object(row_json(row)))).collect()
    };
    out.insert("labels".into(), rows(report.labels.iter().map(|(l, r)| (l.name(), r)).collect()).into());
    if args.by_kind {
        out.insert("kinds".into(), rows(report.kinds.iter().map(|(k, r)| (k.as_str(), r)).collect()).into());
    }
    for (name, misses, n) in [("leaks", &report.leaks, args.leaks), ("false", &report.false_spans, args.false_spans)] {
        if n > 0 {
            let shown = misses.iter().take(n).map(|miss| Shown::new(notes, miss).json());
            out.insert(name.into(), shown.collect());
        }
    }
    Value::Object(out)
}

fn row_json(row: &Row) -> Map<String, Value> {
    let Counts { elements, caught, docs, clean, false_spans, .. } = row.counts;
    let Figures { element_recall, char_recall, char_precision, f1, f2, clean_docs, false_spans_per_doc } = row.figures;
    let i: &Intervals = &row.intervals;
    let value = json!({
        "docs": docs, "elements": elements, "caught": caught, "clean": clean, "false_spans": false_spans,
        "element_recall": element_recall, "char_recall": char_recall, "char_precision": char_precision,
        "f1": f1, "f2": f2, "clean_docs": clean_docs, "false_spans_per_doc": false_spans_per_doc,
        "intervals": {
            "element_recall": i.element_recall, "char_recall": i.char_recall, "char_precision": i.char_precision,
            "f1": i.f1, "f2": i.f2, "clean_docs": i.clean_docs, "false_spans_per_doc": i.false_spans_per_doc,
        },
    });
    if let Value::Object(map) = value { map } else { Map::new() }
}

/// A miss with its text and what stands around it. Made only for the owner of the gold notes, who asked for it.
struct Shown<'n> {
    id: &'n str,
    label: Option<Label>,
    text: String,
    around: String,
    covered: usize,
}

impl<'n> Shown<'n> {
    fn new(notes: &'n [Note], miss: &Miss) -> Self {
        let note = notes.get(miss.note);
        let slice = |from: usize, to: usize| -> String {
            let chars = note.map_or("", |n| &n.text).chars().skip(from).take(to - from);
            chars.map(|c| if c == '\n' { '⏎' } else { c }).collect()
        };
        Self {
            id: note.map_or("", |n| &n.id),
            label: miss.label,
            text: slice(miss.start, miss.end),
            around: slice(miss.start.saturating_sub(30), miss.end + 30),
            covered: miss.covered,
        }
    }

    fn json(&self) -> Value {
        let label = self.label.map(Label::name);
        json!({"id": self.id, "type": label, "text": self.text, "around": self.around, "covered": self.covered})
    }
}

impl std::fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let label = self.label.map_or("?", Label::name);
        write!(f, "{} {label} {:?} covered {} in {:?}", self.id, self.text, self.covered, self.around)
    }
}
