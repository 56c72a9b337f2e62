//! `deidre dictionary fit`: fits the evidence weights on annotated notes.
#![allow(clippy::print_stderr)]

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;

use crate::detect::Detector;
use crate::detect::evidence::fit::{Note, Options, fit};
use crate::eval::gold;
use crate::span::Span;

/// Fit the evidence weights on annotated notes.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  deidre dictionary fit datasets/notes datasets/passages --out dictionaries/evidence.bin"
)]
pub(crate) struct Args {
    /// Annotated notes: JSON Lines with spans, or folders of notes with inline tags.
    #[arg(required = true)]
    notes: Vec<PathBuf>,
    /// Ordinary notes of which not everything is annotated; they count less.
    #[arg(long)]
    background: Vec<PathBuf>,
    /// How much a background note counts, beside 1 for the others.
    #[arg(long, default_value_t = 0.5)]
    background_weight: f32,
    /// Where the weights go.
    #[arg(long)]
    out: PathBuf,
    /// Passes over the notes.
    #[arg(long, default_value_t = Options::default().epochs)]
    epochs: usize,
    /// Taken from the score of "nothing": above 0 finds more, and more wrongly.
    #[arg(long, default_value_t = Options::default().eagerness)]
    eagerness: f32,
    /// Pull of every weight to zero.
    #[arg(long, default_value_t = Options::default().decay)]
    decay: f32,
    /// In how many notes a word must stand to have weights of its own.
    #[arg(long, default_value_t = Options::default().least)]
    least: usize,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut notes = Vec::new();
    for (paths, weight) in [(&args.notes, 1.0), (&args.background, args.background_weight)] {
        for path in paths {
            for note in gold::load(path)? {
                notes.push(annotated(&note, weight));
            }
        }
    }
    let options = Options {
        epochs: args.epochs,
        eagerness: args.eagerness,
        decay: args.decay,
        least: args.least,
        ..Options::default()
    };
    let weights = fit(&Detector::unfitted(), &notes, &options, |epoch, loss| {
        eprintln!("epoch {epoch} of {}: {loss:.4} nats a token", options.epochs);
    });
    std::fs::write(&args.out, weights.write()).with_context(|| format!("cannot write {}", args.out.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// Offsets in bytes, overlapping spans left out.
fn annotated(note: &gold::Note, weight: f32) -> Note {
    let mut at: Vec<usize> = note.text.char_indices().map(|(i, _)| i).collect();
    at.push(note.text.len());
    let byte = |i: usize| at.get(i).copied().unwrap_or(note.text.len());
    let mut spans: Vec<_> = note.spans.iter().map(|s| (Span::new(byte(s.start), byte(s.end)), s.label)).collect();
    spans.sort_by_key(|(s, _)| *s);
    let mut end = 0;
    spans.retain(|(s, _)| {
        let apart = s.start >= end;
        if apart {
            end = s.end;
        }
        apart
    });
    Note { text: note.text.clone(), spans, weight }
}
