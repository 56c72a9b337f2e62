//! `deidre reveal`: tokens of stdin turned back, to stdout.

use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, SyncSender};

use anyhow::{Context, bail};
use clap::ValueEnum;
use rayon::prelude::*;

use super::audit_args::AuditArgs;
use super::transform_args::KeyArgs;
use super::vault_args::VaultArgs;
use crate::audit::{Note, Outcome, Told, Verb};
use crate::identifier::Label;
use crate::setup::trail::{counts, revealed_within};
use crate::transform::Scope;
use crate::transform::reveal::{Codes, Format, Revealer, Rights, Tally};
use crate::vault::{Code, VaultError};

#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  deidre reveal --reason 'call back, ticket 4411' --key-file deidre.key < clean/notes.ndjson > notes.ndjson
  deidre reveal --reason 'cohort dates' --label DATE --vault deidre.vault --key-file deidre.key < answer.txt

Values are written back as they stood in the format they stood in: escaped in JSON, quotes doubled in quoted CSV
fields. A token that was changed, or is of another key or vault, stays as it is and is counted on stderr.

Who revealed what for which reason is written to the audit trail, before the first value and after the last; without a
trail nothing is revealed.

Exit: 0 done, 1 done but tokens were left, 2 could not run.")]
pub(crate) struct Args {
    /// What it is for; it is written to the audit trail
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    key: KeyArgs,
    #[command(flatten)]
    vault: VaultArgs,
    /// Turn back only tokens of this label. May be given several times [default: all]
    #[arg(long, value_name = "LABEL", value_parser = label)]
    label: Vec<Label>,
    /// Turn back only tokens of this session's scope
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// Turn back only tokens of this patient's scope
    #[arg(long, value_name = "ID", conflicts_with = "session")]
    patient: Option<String>,
    /// Turn back at most so many tokens, in this run or, by the audit trail, in an hour or day: 500, 500/hour, 2000/day
    #[arg(long, value_name = "N", env = "DEIDRE_REVEAL_LIMIT", value_parser = limit)]
    limit: Option<Limit>,
    /// How values are written back
    #[arg(long, value_enum, default_value_t = FormatName::Auto)]
    format: FormatName,
    #[command(flatten)]
    audit: AuditArgs,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum FormatName {
    /// JSON when the input begins like JSON, text otherwise
    Auto,
    /// As they are
    Text,
    /// For JSON and NDJSON
    Json,
    /// For CSV and TSV
    Csv,
}

/// How many tokens may be turned back, and within how many seconds: none for one run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Limit {
    tokens: u64,
    seconds: Option<u64>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let keys = args.key.ring()?.context(
        "no key: give the one the tokens were sealed or the vault was made with, by --key-file, --key-command or DEIDRE_KEY",
    )?;
    let Some(reason) = Note::new(&args.reason) else { bail!("--reason: say what it is for") };
    let format = match args.format {
        FormatName::Auto => Format::Auto,
        FormatName::Text => Format::Text,
        FormatName::Json => Format::Json,
        FormatName::Csv => Format::Csv,
    };
    let vault = args.vault.existing_if_named(&keys)?;
    let trail = args.audit.open(Some(&keys))?;
    let mut rights = Rights::new(Some(&keys), vault);
    if !args.label.is_empty() {
        rights = rights.labels(&args.label);
    }
    if let Some(id) = &args.session {
        rights = rights.within(&Scope::Session(id.clone()), None);
    }
    if let Some(id) = &args.patient {
        rights = rights.within(&Scope::Patient, Some(id));
    }
    if let Some(Limit { tokens, seconds }) = args.limit {
        let used = match (seconds, args.audit.path()) {
            (Some(seconds), Some(path)) => revealed_within(&path, seconds)?,
            _ => 0,
        };
        rights = rights.at_most(tokens.saturating_sub(used));
    }
    let mut told = Told::begin(trail, args.audit.record(Verb::Reveal, Outcome::Started), reason)?;
    let mut tally = Tally::default();
    let result = stream(Arc::new(rights), format, &mut tally);
    let left = tally.left();
    told.note(tally.labels, counts(&tally));
    told.end(match result {
        Ok(()) if left == 0 => Outcome::Done,
        Ok(()) => Outcome::Partial,
        Err(_) => Outcome::Failed,
    })?;
    result?;
    if left > 0 {
        super::say(&format!(
            "deidre: {} tokens revealed; left as they are: {} mistyped (the checksum does not hold), {} not sealed with \
             key {} nor given by the vault, {} that may not be revealed (--label, --session, --patient, --limit)",
            tally.revealed,
            tally.mistyped,
            tally.foreign,
            keys.current().id(),
            tally.refused,
        ));
    }
    Ok(ExitCode::from(u8::from(left > 0)))
}

/// Reveals stdin to stdout; `tally` counts what was turned back even when it fails. One thread reads ahead, one writes, so
/// that neither waits for the other.
fn stream(rights: Arc<Rights>, format: Format, tally: &mut Tally) -> anyhow::Result<()> {
    let (blocks, read) = mpsc::sync_channel(0);
    // It may wait for input that never comes when this run has failed: nobody waits for it.
    std::thread::spawn(move || {
        let mut input = io::stdin().lock();
        loop {
            let mut block = vec![0; BLOCK];
            let filled = fill(&mut input, &mut block).map(|filled| {
                block.truncate(filled);
                block
            });
            let last = filled.as_ref().map_or(true, Vec::is_empty);
            if blocks.send(filled).is_err() || last {
                return;
            }
        }
    });
    std::thread::scope(|scope| {
        let (writer, to_write) = mpsc::sync_channel::<Vec<u8>>(2);
        let written = scope.spawn(move || {
            let mut output = io::stdout().lock();
            to_write.iter().try_for_each(|out| output.write_all(&out).and_then(|()| output.flush()))
        });
        let result = turn_back(&rights, format, tally, &read, &writer);
        drop(writer);
        let written = written.join().map_err(|_| anyhow::anyhow!("the writer was lost"))?;
        // A write that failed is why handing over did.
        written.context("cannot write stdout")?;
        result
    })
}

/// Takes blocks until an empty one, hands over what they became.
fn turn_back(
    rights: &Arc<Rights>,
    format: Format,
    tally: &mut Tally,
    read: &Receiver<anyhow::Result<Vec<u8>>>,
    writer: &SyncSender<Vec<u8>>,
) -> anyhow::Result<()> {
    let write = |out: Vec<u8>| if out.is_empty() { Ok(()) } else { writer.send(out).context("cannot write stdout") };
    let mut stream = Revealer::new(Arc::clone(rights), format);
    let mut beside = Tally::default();
    loop {
        let block = read.recv().context("the reader was lost")??;
        let bytes = block.as_slice();
        if bytes.is_empty() {
            break;
        }
        let mut out = Vec::with_capacity(bytes.len().min(CHUNK));
        // What comes in slowly leaves at once; what comes in whole blocks is cut at line ends and done side by side.
        match cuts(&stream, bytes) {
            Some((head, middle, tail)) => {
                stream.push(head, &mut out)?;
                write(std::mem::take(&mut out))?;
                let format = stream.format();
                let known = Arc::new(ask(rights, &middle)?);
                let reveal = |part: &&[u8]| -> Result<(Vec<u8>, Tally), VaultError> {
                    let mut stream = Revealer::new(Arc::clone(rights), format).with_codes(&known);
                    let mut out = Vec::with_capacity(part.len());
                    stream.push(part, &mut out)?;
                    let tally = stream.finish(&mut out)?;
                    Ok((out, tally))
                };
                let done: Vec<_> = middle.par_iter().map(reveal).collect();
                for part in done {
                    let (part, counts) = part?;
                    beside += counts;
                    write(part)?;
                }
                stream.push(tail, &mut out)?;
            }
            None => stream.push(bytes, &mut out)?,
        }
        *tally = stream.tally();
        *tally += beside;
        write(out)?;
    }
    let mut out = Vec::new();
    *tally = stream.finish(&mut out)?;
    *tally += beside;
    write(out)
}

/// Asks the vault about all codes of the parts at once: each of as many threads as there are has a range of them, so that
/// none looks where another does.
fn ask(rights: &Rights, parts: &[&[u8]]) -> Result<Codes, VaultError> {
    let seen = |part: &&[u8]| {
        let mut codes = Vec::new();
        Codes::seen(part, &mut codes);
        codes
    };
    let mut codes: Vec<Code> = parts.par_iter().flat_map_iter(seen).collect();
    codes.par_sort_unstable();
    codes.dedup();
    let share = codes.len().div_ceil(rayon::current_num_threads()).max(1);
    let opened: Vec<_> = codes.par_chunks(share).map(|codes| Codes::open(rights, codes)).collect();
    let mut known = Codes::default();
    for opened in opened {
        known.extend(opened?);
    }
    Ok(known)
}

/// Reads until the block is full or the input pauses; 0 at its end.
fn fill(input: &mut impl Read, block: &mut [u8]) -> anyhow::Result<usize> {
    let mut filled = 0;
    while let Some(room) = block.get_mut(filled..).filter(|room| !room.is_empty()) {
        // A pipe gives less than is asked for although more is to come: only a short read by its measure is a pause.
        let ask = room.len().min(CHUNK);
        match input.read(room.get_mut(..ask).unwrap_or_default()) {
            Ok(0) => break,
            Ok(read) => {
                filled += read;
                if read < ask && read < PIPE {
                    break;
                }
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e).context("cannot read stdin"),
        }
    }
    Ok(filled)
}

/// What goes before the parts, the parts, and what goes behind them.
type Cuts<'b> = (&'b [u8], Vec<&'b [u8]>, &'b [u8]);

/// A full block up to its first line end, then parts that are whole lines, then what is behind the last line end. `None`
/// where lines say nothing about where a token may be cut: before the format is known, and in CSV.
fn cuts<'b>(stream: &Revealer, block: &'b [u8]) -> Option<Cuts<'b>> {
    if block.len() < BLOCK || !matches!(stream.format(), Format::Json | Format::Text) {
        return None;
    }
    let first = memchr::memchr(b'\n', block)? + 1;
    let last = memchr::memrchr(b'\n', block)? + 1;
    let (head, rest) = block.split_at(first);
    let (mut lines, tail) = rest.split_at(last - first);
    let mut middle = Vec::new();
    while !lines.is_empty() {
        let end =
            lines.get(PART..).and_then(|rest| memchr::memchr(b'\n', rest)).map_or(lines.len(), |at| PART + at + 1);
        let (part, rest) = lines.split_at(end);
        middle.push(part);
        lines = rest;
    }
    Some((head, middle, tail))
}

fn label(text: &str) -> Result<Label, String> {
    let names = || Label::ALL.map(Label::name).join(", ");
    Label::parse(text).ok_or_else(|| format!("no such label; there are {}", names()))
}

fn limit(text: &str) -> Result<Limit, String> {
    let (tokens, seconds) = match text.split_once('/') {
        None => (text, None),
        Some((tokens, "hour")) => (tokens, Some(3_600)),
        Some((tokens, "day")) => (tokens, Some(86_400)),
        Some(_) => return Err("a number, or one with /hour or /day".to_owned()),
    };
    let tokens = tokens.parse().map_err(|_| "a number, or one with /hour or /day".to_owned())?;
    Ok(Limit { tokens, seconds })
}

/// Asked for at a time.
const CHUNK: usize = 256 << 10;
/// What a pipe holds: reads of that much and more say that the input does not pause.
const PIPE: usize = 4 << 10;
/// Done side by side when it is full.
const BLOCK: usize = 32 << 20;
/// One part of that, about.
const PART: usize = 512 << 10;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn limits_are_numbers_with_or_without_a_time() {
        for (text, want) in [
            ("5", Ok(Limit { tokens: 5, seconds: None })),
            ("500/hour", Ok(Limit { tokens: 500, seconds: Some(3_600) })),
            ("0/day", Ok(Limit { tokens: 0, seconds: Some(86_400) })),
        ] {
            assert_eq!(limit(text), want, "{text}");
        }
        for text in ["", "-1", "5/", "5/week", "/hour", "many"] {
            assert!(limit(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_block_is_cut_at_line_ends_only() {
        let rights = || Arc::new(Rights::new(None, None));
        let block: Vec<u8> = b"0123456789\n".iter().copied().cycle().take(BLOCK).collect();
        let json = Revealer::new(rights(), Format::Json);
        let (head, middle, tail) = cuts(&json, &block).unwrap();
        assert!(head.ends_with(b"\n") && middle.iter().all(|part| part.ends_with(b"\n")) && middle.len() > 4);
        assert_eq!([head, &middle.concat(), tail].concat(), block);
        for (stream, bytes) in [
            (Revealer::new(rights(), Format::Csv), &block[..]),
            (Revealer::new(rights(), Format::Auto), &block),
            (Revealer::new(rights(), Format::Json), &block[1..]),
            (Revealer::new(rights(), Format::Json), &vec![b'x'; BLOCK]),
        ] {
            assert!(cuts(&stream, bytes).is_none());
        }
    }
}
