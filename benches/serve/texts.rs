//! Texts for loads: put together anew for each request, out of runs of lines of the project's notes.

use std::path::Path;

/// A text of about `length` bytes that no other number has: a line with a patient, runs of lines of the notes with other digits,
/// a line that must stay.
pub(crate) fn text(lines: &[String], length: usize, draw: &mut Draw) -> String {
    let mut text = String::with_capacity(length + 256);
    text.push_str(FIRST);
    while text.len() + LAST.len() < length {
        let run = text.len() + 250;
        let mut at = draw.below(lines.len());
        while text.len() < run && text.len() + LAST.len() < length {
            let room = length - text.len() - LAST.len();
            let line = lines[at % lines.len()].as_str();
            let line = line.get(..line.floor_char_boundary(room.max(40))).unwrap_or(line);
            // Other figures each time, so that no line is one that was met before.
            text.extend(line.chars().map(|c| match c {
                '0'..='9' => char::from(b'0' + draw.below(10) as u8),
                _ => c,
            }));
            text.push('\n');
            at += 1;
        }
    }
    text.push_str(LAST);
    text
}

/// The lines of the project's notes, without the tags of their annotation: of those slices that hold about as many identifiers
/// as charts do (five in 1,000 characters; the 2014 i2b2 notes, Stubbs and Uzuner 2015, have 28,872 in 805,118 words, which is
/// six), or of all slices, which hold three times as many.
pub(crate) fn lines(dense: bool) -> Vec<String> {
    let notes = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/datasets/notes"));
    let folders: Vec<_> =
        if dense { vec![notes.to_owned()] } else { ORDINARY.iter().map(|slice| notes.join(slice)).collect() };
    let mut files: Vec<_> = folders.iter().flat_map(|folder| walk(folder)).collect();
    files.sort();
    let mut out = Vec::new();
    for file in files {
        let note = std::fs::read_to_string(file).unwrap();
        let mut text = String::new();
        let mut rest = note.as_str();
        while let Some((before, tag)) = rest.split_once("[[") {
            let (inside, after) = tag.split_once("]]").unwrap();
            text.push_str(before);
            text.push_str(inside.split_once(':').unwrap().1);
            rest = after;
        }
        text.push_str(rest);
        out.extend(text.lines().skip(1).filter(|line| !line.trim().is_empty()).map(str::to_owned));
    }
    assert!(out.len() > 2_000, "the notes are there");
    out
}

/// Slices of ordinary density.
const ORDINARY: [&str; 3] = ["daily", "long", "ordinary"];

pub(crate) fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

/// Numbers that are the same in every run (xorshift).
pub(crate) struct Draw(pub(crate) u64);

impl Draw {
    /// Of a number: neighbours have nothing in common.
    pub(crate) fn of(number: u64) -> Draw {
        Draw(number.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() >> 11) as usize % bound.max(1)
    }

    /// From 0 to less than 1.
    pub(crate) fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

pub(crate) const FIRST: &str = "Patient: Rosalie Tennant    MRN 00755102    DOB 6/30/1961\n\n";
pub(crate) const LAST: &str = "\nHgb 10.9, no flare. Azathioprine 150 mg daily.\n";
