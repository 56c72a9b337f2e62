//! `deidre reveal`: sealed tokens of stdin turned back, to stdout.

use std::io::{self, Read, Write};
use std::process::ExitCode;

use crate::transform::reveal::{Format, Revealer};
use anyhow::Context;
use clap::ValueEnum;

use super::transform_args::KeyArgs;

#[derive(clap::Args, Debug)]
#[command(after_help = "Example:\n  deidre reveal --key-file deidre.key < clean/notes.ndjson > notes.ndjson\n\n\
    Values are written back as they stood in the format they stood in: escaped in JSON, quotes doubled in quoted CSV\n\
    fields. A token that was changed, or sealed with another key, stays as it is and is counted on stderr.\n\n\
    Exit: 0 done, 1 done but tokens were left, 2 could not run.")]
pub(crate) struct Args {
    #[command(flatten)]
    key: KeyArgs,
    /// How values are written back
    #[arg(long, value_enum, default_value_t = FormatName::Auto)]
    format: FormatName,
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

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let key =
        args.key.load()?.context("no key: give the one the tokens were sealed with, by --key-file or DEIDRE_KEY")?;
    let format = match args.format {
        FormatName::Auto => Format::Auto,
        FormatName::Text => Format::Text,
        FormatName::Json => Format::Json,
        FormatName::Csv => Format::Csv,
    };
    let mut stream = Revealer::new(&key, format);
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    let mut chunk = vec![0; CHUNK];
    let mut out = Vec::with_capacity(2 * CHUNK);
    loop {
        let read = match input.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => read,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e).context("cannot read stdin"),
        };
        stream.push(chunk.get(..read).unwrap_or_default(), &mut out);
        // Written as soon as it is certain, and flushed, since the input may pause here.
        write(&mut output, &mut out)?;
    }
    let tally = stream.finish(&mut out);
    write(&mut output, &mut out)?;
    let bad = tally.mistyped + tally.foreign;
    if bad > 0 {
        super::say(&format!(
            "deidre: {} tokens revealed; left as they are: {} mistyped (the checksum does not hold), {} not sealed with \
             key {}",
            tally.revealed,
            tally.mistyped,
            tally.foreign,
            key.id()
        ));
    }
    Ok(ExitCode::from(u8::from(bad > 0)))
}

fn write(output: &mut impl Write, out: &mut Vec<u8>) -> anyhow::Result<()> {
    output.write_all(out).and_then(|()| output.flush()).context("cannot write stdout")?;
    out.clear();
    Ok(())
}

const CHUNK: usize = 256 << 10;
