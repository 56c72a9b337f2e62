//! `deidre model`: what training the model needs of the engine.

use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;

use crate::detect::evidence::Weights;
use crate::detect::{Detector, Scratch, clue};
use crate::eval::gold;

/// What training the model needs of the engine.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand)]
enum Verb {
    /// Writes the words of annotated notes with what rules and dictionaries know of each
    ///
    /// The first line is {"sizes": [...]}, how many values each clue can take. Every other is
    /// {"id", "kind", "text", "spans", "words": [[start, end, open, clue, ...], ...]}, offsets in code points; open is 1
    /// for a word that the evidence has not settled.
    #[command(after_help = "Example:\n  deidre model clues datasets/notes --evidence fold-1.bin > fold-1.jsonl")]
    Clues {
        /// Annotated notes: JSON Lines with spans, or folders of notes with inline tags
        #[arg(required = true)]
        notes: Vec<PathBuf>,
        /// Evidence weights in place of those in the binary, from `deidre dictionary fit`: weights that were fitted on
        /// other notes than these
        #[arg(long, value_name = "FILE")]
        evidence: Option<PathBuf>,
    },
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let Verb::Clues { notes, evidence } = &args.verb;
    let mut detector = Detector::embedded();
    if let Some(path) = evidence {
        let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        detector = detector.with_weights(Weights::read(&bytes).with_context(|| path.display().to_string())?);
    }
    let mut out = BufWriter::with_capacity(1 << 18, std::io::stdout().lock());
    let mut scratch = Scratch::default();
    writeln!(out, "{}", serde_json::json!({ "sizes": clue::SIZES })).context("cannot write")?;
    for path in notes {
        for note in gold::load(path)? {
            let line = line(&detector, &note, &mut scratch);
            writeln!(out, "{line}").context("cannot write")?;
        }
    }
    out.flush().context("cannot write")?;
    Ok(ExitCode::SUCCESS)
}

fn line(detector: &Detector, note: &gold::Note, scratch: &mut Scratch) -> serde_json::Value {
    // Words are sorted: code points are counted along.
    let (mut byte, mut point) = (0, 0);
    let mut points = |to: usize| {
        point += note.text.get(byte..to).unwrap_or("").chars().count();
        byte = to;
        point
    };
    let mut words = Vec::new();
    for (word, open) in detector.clued(&note.text, scratch) {
        let mut row = vec![points(word.span.start), points(word.span.end), usize::from(open)];
        row.extend(word.clues.map(usize::from));
        words.push(row);
    }
    let spans: Vec<_> = note
        .spans
        .iter()
        .map(|s| serde_json::json!({ "start": s.start, "end": s.end, "type": s.label.name() }))
        .collect();
    serde_json::json!({ "id": note.id, "kind": note.kind, "text": note.text, "spans": spans, "words": words })
}
