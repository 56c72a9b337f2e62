//! `deidre detect`: JSON Lines of texts in, JSON Lines of spans out.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use super::ModelArgs;
use crate::engine::{Input, Worker};
use crate::identifier::Hint;
use crate::resolve::Findings;
use anyhow::Context;
use clap::ValueEnum;
use rayon::prelude::*;
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(clap::Args, Debug)]
#[command(after_help = "Example:\n  \
    echo '{\"id\": 1, \"text\": \"Seen by Dr. Osei on 3/4.\"}' | deidre detect\n\n\
    Each line of input, {\"id\", \"text\"}, gives one line, in order:\n  \
    {\"id\", \"spans\": [{\"start\", \"end\", \"type\", \"score\", \"source\"}]}\n\n\
    Exit: 0 done, 1 done but lines were not readable (named on stderr), 2 could not run.")]
pub(crate) struct Args {
    /// JSON Lines file; `-` or nothing reads stdin
    #[arg(value_name = "FILE.jsonl", default_value = "-")]
    input: PathBuf,
    /// What start and end count
    #[arg(long, value_enum, default_value_t = Offsets::Codepoints)]
    offsets: Offsets,
    /// Also write what may stay: states, countries, years, ages under 90, professions, organisations
    #[arg(long)]
    all_labels: bool,
    #[command(flatten)]
    model: ModelArgs,
    /// Threads; by default one a core
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    jobs: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Offsets {
    /// Unicode code points
    Codepoints,
    /// Bytes of UTF-8
    Bytes,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let name = args.input.display().to_string();
    let mut input: Box<dyn BufRead> = if name == "-" {
        Box::new(BufReader::new(io::stdin().lock()))
    } else {
        let file = File::open(&args.input).with_context(|| format!("cannot open {name}"))?;
        Box::new(BufReader::with_capacity(1 << 18, file))
    };
    let name = if name == "-" { "stdin".to_owned() } else { name };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(args.jobs).build()?;
    let (engine, _) = args.model.engine()?;
    let mut output = BufWriter::with_capacity(1 << 18, io::stdout().lock());
    let mut chunk = Chunk::default();
    let mut bad = 0usize;
    while chunk.fill(&mut input).with_context(|| format!("cannot read {name}"))? {
        let lines: Vec<Result<String, usize>> = pool.install(|| {
            let map = |worker: &mut Worker, line: &Line| scan(worker, &chunk.bytes[line.start..line.end], args);
            chunk.lines.par_iter().with_min_len(8).map_init(|| engine.worker(), map).collect()
        });
        for (line, out) in chunk.lines.iter().zip(lines) {
            match out {
                Ok(out) if out.is_empty() => {}
                Ok(out) => output.write_all(out.as_bytes()).context("cannot write")?,
                Err(column) => {
                    bad += 1;
                    let offset = line.offset + column.saturating_sub(1) as u64;
                    super::say(&format!(
                        "deidre: {name}: line {}: not {{\"id\", \"text\"}} at byte {offset}",
                        line.number
                    ));
                }
            }
        }
        output.flush().context("cannot write")?;
    }
    if bad > 0 {
        super::say(&format!("deidre: {name}: {bad} lines were left out"));
    }
    Ok(ExitCode::from(u8::from(bad > 0)))
}

/// The line of output for a line of input, nothing for an empty line; the column, from 1, where it cannot be read.
fn scan(worker: &mut Worker, line: &[u8], args: &Args) -> Result<String, usize> {
    #[derive(Deserialize)]
    struct Document<'l> {
        #[serde(borrow)]
        id: &'l RawValue,
        #[serde(borrow)]
        text: Cow<'l, str>,
    }
    if line.trim_ascii().is_empty() {
        return Ok(String::new());
    }
    let document: Document<'_> = serde_json::from_slice(line).map_err(|e| e.column().max(1))?;
    let id = document.id.get();
    if !id.starts_with(|c: char| c == '"' || c == '-' || c.is_ascii_digit()) {
        return Err(1);
    }
    let found = worker.find(&[Input::new(&document.text, Hint::Text)]);
    let mut out = String::with_capacity(256);
    out.push_str("{\"id\":");
    out.push_str(id);
    out.push_str(",\"spans\":[");
    if let Some(found) = found.first() {
        write_spans(&document.text, found, args, &mut out);
    }
    out.push_str("]}\n");
    Ok(out)
}

fn write_spans(text: &str, found: &Findings, args: &Args, out: &mut String) {
    let mut place = CodePoints::new(text);
    let mut first = true;
    for finding in found.iter().filter(|f| args.all_labels || f.label.is_identifier()) {
        let (mut start, mut end) = (finding.span.start, finding.span.end);
        if args.offsets == Offsets::Codepoints {
            (start, end) = (place.at(start), place.at(end));
        }
        let comma = if first { "" } else { "," };
        first = false;
        // A String takes everything: writing cannot fail.
        let _ = write!(
            out,
            "{comma}{{\"start\":{start},\"end\":{end},\"type\":\"{}\",\"score\":{},\"source\":\"{}\"}}",
            finding.label.name(),
            if finding.score.is_finite() { finding.score } else { 0.0 },
            finding.source.name()
        );
    }
}

/// Turns byte offsets of one text, in rising order, into code points.
pub(crate) struct CodePoints<'t> {
    text: &'t str,
    byte: usize,
    count: usize,
}

impl<'t> CodePoints<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { text, byte: 0, count: 0 }
    }

    /// `byte` must not lie before that of the last call.
    pub(crate) fn at(&mut self, byte: usize) -> usize {
        self.count += self.text.get(self.byte..byte).map_or(0, |t| t.chars().count());
        self.byte = byte;
        self.count
    }
}

/// Lines read together: bounded by number and by bytes, at least one.
#[derive(Default)]
struct Chunk {
    bytes: Vec<u8>,
    lines: Vec<Line>,
    read: u64,
    count: usize,
}

/// A line in a chunk, without its line feed.
struct Line {
    start: usize,
    end: usize,
    /// In the file, from 1.
    number: usize,
    /// Of its first byte in the file.
    offset: u64,
}

impl Chunk {
    /// Reads the next lines; `false` at the end of the input.
    fn fill(&mut self, input: &mut dyn BufRead) -> io::Result<bool> {
        self.bytes.clear();
        self.lines.clear();
        while self.lines.len() < CHUNK_LINES && self.bytes.len() < CHUNK_BYTES {
            let start = self.bytes.len();
            let read = input.read_until(b'\n', &mut self.bytes)?;
            if read == 0 {
                break;
            }
            let end = self.bytes.len() - usize::from(self.bytes.ends_with(b"\n"));
            self.count += 1;
            self.lines.push(Line { start, end, number: self.count, offset: self.read });
            self.read += read as u64;
        }
        Ok(!self.lines.is_empty())
    }
}

const CHUNK_LINES: usize = 1024;
const CHUNK_BYTES: usize = 8 << 20;
