//! `deidre filter`: standard input to standard output.

use std::io::{self, Chain, Cursor, Read, Write};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, bail};

use super::audit_args::AuditArgs;
use super::audited::Audit;
use super::transform_args::Replacing;
use super::{FieldArgs, ModelArgs, QUARANTINED, TransformArgs};
use crate::audit::Verb;
use crate::error::InputError;
use crate::pipeline::compress::{Cap, Compression, Decoder, Encoder};
use crate::pipeline::quarantine::{Quarantine, QuarantineFile};
use crate::pipeline::{Run, Scrub, Source, run as run_pipeline};

/// Scrubs standard input to standard output, record by record; what is done leaves when the input pauses.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  zcat feed.ndjson.gz | deidre filter | indexer
  deidre filter --field /note --policy redact < rows.ndjson > clean.ndjson
  deidre filter --format text --separator '\\f' < notes.txt

Input compressed with gzip or Zstandard is read, and the output compressed likewise.

Records that cannot be read are left out, never passed on; they are counted on standard error and the exit code is 1.")]
pub(crate) struct Args {
    #[command(flatten)]
    fields: FieldArgs,
    /// What ends a document of plain text: \f, \0, \n or any characters [default: the end of input]
    #[arg(long, value_name = "TEXT", help_heading = "Input")]
    separator: Option<String>,
    #[command(flatten)]
    transform: TransformArgs,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    audit: AuditArgs,
    /// Threads [default: one a core]
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// Write a line for each record left out: {"file", "record", "offset", "reason"}, no text
    #[arg(long, value_name = "FILE")]
    quarantine: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let separator = args.separator.as_deref().map(unescape).unwrap_or_default();
    let mut ask = args.fields.ask(separator);
    let Replacing { transform, scope, keys } = args.transform.build(&mut ask)?;
    let (engine, model) = args.model.engine()?;
    let model = model.as_ref().map(|(name, hash)| (name.as_str(), *hash));
    let audit = Audit::open(&args.audit, transform.policy(), model, keys.as_ref())?;
    let scrub = Scrub { engine, transform, scope, people: None };
    let mut quarantine = Report::new(args)?;
    let pool = super::pool(args.jobs)?;
    let (input, compression) = plain(io::stdin()).context("cannot read standard input")?;
    let source = match Source::open(input, &ask, None).context("cannot read standard input")? {
        Ok(source) => source,
        Err(reason) => bail!("standard input: {reason}; nothing was written"),
    };
    let job = Run { scrub: &scrub, file: "-", target: "standard output", progress: &|_| {} };
    let mut out = Encoder::new(io::stdout().lock(), compression);
    let start = Instant::now();
    let result = run_pipeline(&job, source, &mut out, &mut quarantine, Some(&pool));
    // After an error what was compressed last may be lost, as the end of the input is.
    let written = match &result {
        Ok(_) => out.finish().and_then(|mut out| out.flush()),
        Err(_) => Ok(()),
    };
    let whole = result.as_ref().ok().filter(|_| written.is_ok());
    audit.note(Verb::Stream, whole, None, start.elapsed())?;
    let summary = match result {
        Ok(summary) => summary,
        Err(e) => {
            quarantine.finish()?;
            return Err(e.into());
        }
    };
    quarantine.finish()?;
    written.context("cannot write standard output")?;
    let unmet = args.fields.unmet(&summary.tally);
    Ok(match summary.quarantined() {
        0 if unmet => ExitCode::from(QUARANTINED),
        0 => ExitCode::SUCCESS,
        count => {
            super::say(&format!("{count} of {} records left out", summary.tally.records));
            ExitCode::from(QUARANTINED)
        }
    })
}

/// Input that may be compressed, decompressed; and how it was.
fn plain<R: Read>(mut input: R) -> io::Result<(Plain<R>, Compression)> {
    let mut start = Vec::new();
    input.by_ref().take(MAGIC).read_to_end(&mut start)?;
    let compression = Compression::of(&start);
    Ok((Decoder::new(Cursor::new(start).chain(input), compression, Cap::default()), compression))
}

/// Input from its beginning, decompressed.
type Plain<R> = Decoder<Chain<Cursor<Vec<u8>>, R>>;

/// Bytes that tell how something is compressed.
const MAGIC: u64 = 4;

/// Says which records were left out, the first of them on standard error, all of them in a file when one is named.
struct Report {
    file: Option<QuarantineFile>,
    said: usize,
}

impl Report {
    /// Records named on standard error.
    const SAID: usize = 20;

    fn new(args: &Args) -> anyhow::Result<Self> {
        let file = match &args.quarantine {
            Some(path) => Some(QuarantineFile::new(path).with_context(|| format!("cannot write {}", path.display()))?),
            None => None,
        };
        Ok(Self { file, said: 0 })
    }

    fn finish(&mut self) -> anyhow::Result<()> {
        if self.said > Self::SAID {
            super::say(&format!("... and {} more", self.said - Self::SAID));
        }
        self.file.as_mut().map_or(Ok(()), QuarantineFile::finish).context("cannot write the quarantine file")
    }
}

impl Quarantine for Report {
    fn add(&mut self, error: &InputError) -> io::Result<()> {
        self.said += 1;
        if self.said <= Self::SAID {
            super::say(&error.to_string());
        }
        self.file.as_mut().map_or(Ok(()), |file| file.add(error))
    }
}

/// `\f`, `\n`, `\r`, `\t`, `\0` and `\\` as the characters they stand for.
fn unescape(text: &str) -> Vec<u8> {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, chars.clone().next()) {
            ('\\', Some(next @ ('f' | 'n' | 'r' | 't' | '0' | '\\'))) => {
                chars.next();
                out.push(match next {
                    'f' => '\u{c}',
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    '0' => '\0',
                    other => other,
                });
            }
            _ => out.push(c),
        }
    }
    out.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_are_unescaped() {
        for (text, want) in
            [(r"\f", &b"\x0c"[..]), (r"--\n", b"--\n"), (r"\\f", b"\\f"), (r"\0", b"\0"), (r"\q", b"\\q")]
        {
            assert_eq!(unescape(text), want);
        }
    }
}
