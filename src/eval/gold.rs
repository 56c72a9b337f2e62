//! Gold notes, from JSON Lines, i2b2 XML, brat standoff or the project's inline notes; the kind is told by content.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{brat, i2b2, inline};
use crate::identifier::Label;

/// A note with what a person marked in it.
#[derive(Clone, PartialEq)]
pub struct Note {
    /// Unique among the notes loaded together.
    pub id: String,
    /// What kind of document it is, where the source says.
    pub kind: Option<String>,
    /// The text.
    pub text: String,
    /// As marked; may overlap.
    pub spans: Vec<GoldSpan>,
    /// Elements of which the source says another text than what stands at their offsets.
    pub moved: usize,
}

/// A marked element, in code points.
///
/// Invariant: `start <= end`, and `end` lies within the note's text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GoldSpan {
    /// First code point.
    pub start: usize,
    /// One past the last.
    pub end: usize,
    /// What it is.
    pub label: Label,
    /// Neither rewarded nor punished.
    pub optional: bool,
}

/// Why gold could not be read. Holds no text of a note.
#[derive(Debug, thiserror::Error)]
#[error("{}{}: {problem}", file.display(), at.map(|line| format!(", line {line}")).unwrap_or_default())]
pub struct GoldError {
    /// The file.
    pub file: PathBuf,
    /// Line in it, from 1, where one can be told.
    pub at: Option<usize>,
    /// What is wrong and what to do.
    pub problem: GoldProblem,
}

/// What is wrong with a gold file.
#[derive(Debug, thiserror::Error)]
pub enum GoldProblem {
    /// Could not be opened or read.
    #[error("cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// Not UTF-8.
    #[error("is not UTF-8 at byte {0}; convert it first")]
    Utf8(usize),
    /// A JSON line that is none.
    #[error(
        "not a gold note at column {0}: expected {{\"id\", \"text\", \"spans\": [{{\"start\", \"end\", \"type\"}}]}}"
    )]
    Json(usize),
    /// XML that is not well formed, or not i2b2's.
    #[error("is not i2b2 XML at byte {0}: expected <deIdi2b2> with <TEXT> and <TAGS>")]
    Xml(usize),
    /// A line of an .ann file.
    #[error("is not a brat text-bound annotation: expected T1<tab>LABEL START END<tab>text")]
    Brat,
    /// An inline tag that does not close.
    #[error("inline tag at byte {0} is not [[LABEL:text]]; close it with ]]")]
    Inline(usize),
    /// A type that is no label.
    #[error("unknown type {0:?}: use a label of the annotation guide or of i2b2 2014")]
    Type(String),
    /// Offsets beyond the text, or end before start.
    #[error("span {start}..{end} does not fit a text of {len} code points")]
    Span {
        /// As written.
        start: usize,
        /// As written.
        end: usize,
        /// Of the text.
        len: usize,
    },
    /// Two notes of one name.
    #[error("second note with an id that was there before; ids must be unique")]
    Duplicate,
    /// No notes at all.
    #[error("holds no gold notes (.jsonl, i2b2 .xml, brat .txt with .ann, or .txt with [[LABEL:text]])")]
    Empty,
}

impl GoldProblem {
    /// The type is shown when it can be one: in a line gone wrong there may be text of the note in its place.
    pub(super) fn unknown(kind: &str) -> GoldProblem {
        let type_like = kind.len() <= 20 && kind.bytes().all(|b| b.is_ascii_uppercase() || b"_-".contains(&b));
        GoldProblem::Type(if type_like { kind.to_owned() } else { "...".to_owned() })
    }
}

/// Loads the notes of a file, or of every gold file under a folder, in the order of their paths.
pub fn load(path: &Path) -> Result<Vec<Note>, GoldError> {
    let mut notes = Vec::new();
    let mut files = Vec::new();
    walk(path, &mut files).map_err(|e| fail(path, None, e.into()))?;
    for file in &files {
        load_file(path, file, &mut notes)?;
    }
    let mut seen = HashSet::new();
    if notes.iter().any(|note| !seen.insert(note.id.as_str())) {
        return Err(fail(path, None, GoldProblem::Duplicate));
    }
    if notes.is_empty() { Err(fail(path, None, GoldProblem::Empty)) } else { Ok(notes) }
}

/// Predictions as `deidre detect` writes them, or any `{"id", "spans"}` lines: id and spans, in the order of the file.
pub fn load_predictions(path: &Path) -> Result<Vec<(String, Vec<super::Predicted>)>, GoldError> {
    let text = read(path)?;
    let mut out = Vec::new();
    for (number, line) in lines(&text) {
        let line: PredictionLine =
            serde_json::from_str(line).map_err(|e| fail(path, Some(number), GoldProblem::Json(e.column())))?;
        let spans = line.spans.into_iter().map(|s| super::Predicted {
            // A start before the text begins covers from its begin, as Python's `max(start, 0)` has it.
            start: usize::try_from(s.start).unwrap_or(0),
            end: usize::try_from(s.end).unwrap_or(0),
            label: s.label.as_deref().and_then(Label::parse),
        });
        out.push((line.id.into(), spans.collect()));
    }
    Ok(out)
}

/// An id as text: strings and numbers of the same digits are the same id.
#[derive(Deserialize)]
#[serde(untagged)]
enum Id {
    Text(String),
    Number(serde_json::Number),
}

impl From<Id> for String {
    fn from(id: Id) -> String {
        match id {
            Id::Text(text) => text,
            Id::Number(number) => number.to_string(),
        }
    }
}

#[derive(Deserialize)]
struct NoteLine {
    id: Id,
    kind: Option<String>,
    text: String,
    spans: Vec<SpanLine>,
}

#[derive(Deserialize)]
struct SpanLine {
    start: usize,
    end: usize,
    #[serde(rename = "type")]
    label: String,
}

#[derive(Deserialize)]
struct PredictionLine {
    id: Id,
    #[serde(default)]
    spans: Vec<PredictedLine>,
}

#[derive(Deserialize)]
struct PredictedLine {
    start: i64,
    end: i64,
    #[serde(rename = "type")]
    label: Option<String>,
}

fn walk(path: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let mut entries: Vec<PathBuf> = std::fs::read_dir(path)?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
    entries.sort();
    for entry in entries {
        let known = entry.extension().is_some_and(|e| e == "jsonl" || e == "xml" || e == "txt");
        // READMEs and .ann files (read with their .txt) are passed over.
        if entry.is_dir() || known {
            walk(&entry, files)?;
        }
    }
    Ok(())
}

fn load_file(root: &Path, file: &Path, notes: &mut Vec<Note>) -> Result<(), GoldError> {
    let text = read(file)?;
    let name = file.strip_prefix(root).ok().filter(|p| p.parent().is_some()).unwrap_or(file);
    let id =
        if file == root { file.file_stem().map(Path::new).unwrap_or(file).to_owned() } else { name.with_extension("") };
    let id = id.to_string_lossy().into_owned();
    let annotations = file.with_extension("ann");
    let is_brat =
        matches!(kind(&text), Kind::Other) && file.extension().is_some_and(|e| e == "txt") && annotations.is_file();
    let marks = if is_brat { Some(read(&annotations)?) } else { None };
    parse(&id, &text, marks.as_deref(), notes)
        .map_err(|(line, problem)| fail(if is_brat { &annotations } else { file }, line, problem))
}

/// Appends the notes of one gold file: its text, and brat's annotations of it if there are any. The id is that of the
/// note where the text holds one.
///
/// # Errors
///
/// The line, where one can be told, and what is wrong in it.
pub fn parse(
    id: &str,
    text: &str,
    annotations: Option<&str>,
    notes: &mut Vec<Note>,
) -> Result<(), (Option<usize>, GoldProblem)> {
    match (kind(text), annotations) {
        (Kind::Xml, _) => notes.push(i2b2::parse(id.to_owned(), text).map_err(|problem| (None, problem))?),
        (Kind::Lines, _) => {
            for (number, line) in lines(text) {
                notes.push(json_line(line).map_err(|problem| (Some(number), problem))?);
            }
        }
        (Kind::Other, Some(marks)) => {
            let note = brat::parse(id.to_owned(), text.to_owned(), marks);
            notes.push(note.map_err(|(line, problem)| (Some(line), problem))?);
        }
        (Kind::Other, None) => inline::parse(id, text, notes).map_err(|problem| (None, problem))?,
    }
    Ok(())
}

/// What the first character tells.
enum Kind {
    Xml,
    Lines,
    Other,
}

fn kind(text: &str) -> Kind {
    let start = text.trim_start_matches('\u{feff}').trim_start();
    match start.bytes().next() {
        Some(b'<') => Kind::Xml,
        Some(b'{') => Kind::Lines,
        _ => Kind::Other,
    }
}

fn json_line(line: &str) -> Result<Note, GoldProblem> {
    let line: NoteLine = serde_json::from_str(line).map_err(|e| GoldProblem::Json(e.column()))?;
    let len = line.text.chars().count();
    let spans = line.spans.into_iter().map(|s| {
        let label = Label::parse(&s.label).ok_or_else(|| GoldProblem::unknown(&s.label))?;
        check(GoldSpan { start: s.start, end: s.end, label, optional: !label.is_identifier() }, len)
    });
    Ok(Note { spans: spans.collect::<Result<_, _>>()?, id: line.id.into(), kind: line.kind, text: line.text, moved: 0 })
}

/// Whether the source's text of an element is what stands at its offsets, white space and punctuation aside: those are
/// changed on the way into attributes and columns.
pub(super) fn fits(said: &str, stands: &str) -> bool {
    said.chars().filter(|c| c.is_alphanumeric()).eq(stands.chars().filter(|c| c.is_alphanumeric()))
}

/// The span, if it fits a text of `len` code points.
pub(super) fn check(span: GoldSpan, len: usize) -> Result<GoldSpan, GoldProblem> {
    let GoldSpan { start, end, .. } = span;
    if start <= end && end <= len { Ok(span) } else { Err(GoldProblem::Span { start, end, len }) }
}

/// Lines that hold something, numbered from 1.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.trim_start_matches('\u{feff}').split('\n').enumerate();
    lines.map(|(i, line)| (i + 1, line)).filter(|(_, line)| !line.trim().is_empty())
}

fn read(file: &Path) -> Result<String, GoldError> {
    let bytes = std::fs::read(file).map_err(|e| fail(file, None, e.into()))?;
    String::from_utf8(bytes).map_err(|e| fail(file, None, GoldProblem::Utf8(e.utf8_error().valid_up_to())))
}

fn fail(file: &Path, at: Option<usize>, problem: GoldProblem) -> GoldError {
    GoldError { file: file.to_owned(), at, problem }
}

// Text of a note must not reach a log through Debug: lengths only.
impl std::fmt::Debug for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Note").field("text", &self.text.len()).field("spans", &self.spans.len()).finish_non_exhaustive()
    }
}
