//! `deidre dictionary`: builds the dictionaries, and says what is in them.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::detect::dictionary::build::Built;
use crate::detect::dictionary::{Dictionary, Entry, Manifest, Phrase};
use anyhow::Context as _;

/// Builds the dictionaries of names, places and words, and says what is in them.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand)]
enum Verb {
    /// Builds words.fst, phrases.fst, tables.bin and manifest.json from their sources
    ///
    /// Equal sources give equal bytes. What each source is, and under which licence, stands in dictionaries/SOURCES.md.
    #[command(after_help = "Example:\n  deidre dictionary build --sources my-sources --out my-dictionaries\n  \
                            deidre dictionary stats --dictionaries my-dictionaries")]
    Build {
        /// Folder of the sources
        #[arg(long, value_name = "DIR", default_value = "dictionaries/sources")]
        sources: PathBuf,
        /// Folder to write to
        #[arg(long, value_name = "DIR", default_value = "dictionaries")]
        out: PathBuf,
    },
    /// Fits the evidence weights on annotated notes
    Fit(super::fit::Args),
    /// Prints version, checksums, and how many words and phrases of each kind there are
    #[command(
        after_help = "Example:\n  deidre dictionary stats\n  deidre dictionary stats smith \"swan-ganz catheter\""
    )]
    Stats {
        /// Folder of built dictionaries; without it, those in the binary
        #[arg(long, value_name = "DIR")]
        dictionaries: Option<PathBuf>,
        /// Words or phrases to explain instead
        #[arg(value_name = "WORD")]
        words: Vec<String>,
    },
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    match &args.verb {
        Verb::Build { sources, out: dir } => {
            let built = Built::from_sources(sources)
                .with_context(|| format!("building dictionaries from {}", sources.display()))?;
            built.write(dir)?;
            files(&mut out, built.manifest())?;
        }
        Verb::Fit(args) => return super::fit::run(args),
        Verb::Stats { dictionaries, words } => {
            let dictionary = match dictionaries {
                Some(dir) => Dictionary::open(dir).with_context(|| format!("opening {}", dir.display()))?,
                None => Dictionary::embedded(),
            };
            if words.is_empty() {
                stats(&mut out, &dictionary)?;
            } else {
                explain(&mut out, &dictionary, words)?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn files(out: &mut impl std::io::Write, manifest: &Manifest) -> anyhow::Result<()> {
    writeln!(out, "format {}  version {}", manifest.format, manifest.version)?;
    for (name, file) in &manifest.files {
        writeln!(out, "{name:12} {:>8} entries {:>9} bytes  sha256 {}", file.entries, file.bytes, file.sha256)?;
    }
    Ok(())
}

fn stats(out: &mut impl std::io::Write, dictionary: &Dictionary) -> anyhow::Result<()> {
    files(out, dictionary.manifest())?;
    let (zips, areas, prefixes) = dictionary.number_counts();
    writeln!(out, "\nnumbers\n  ZIP codes {zips}, ZIP prefixes {prefixes}, area codes {areas}")?;

    let mut flags = vec![0usize; Entry::FLAGS.len()];
    let mut buckets = [[0usize; 16]; 5];
    dictionary.for_each_word(|_, entry| {
        for ((_, flag), count) in Entry::FLAGS.iter().zip(&mut flags) {
            *count += usize::from(entry.any(*flag));
        }
        let frequencies = [entry.first(), entry.last(), entry.lower(), entry.title(), entry.place()];
        for (bucket, counts) in frequencies.into_iter().zip(&mut buckets) {
            if let Some(count) = counts.get_mut(usize::from(bucket)) {
                *count += 1;
            }
        }
    });
    writeln!(out, "\nwords by bucket, from 1")?;
    for (name, counts) in ["first", "last", "lower", "title", "place"].into_iter().zip(&buckets) {
        let counts: Vec<_> = counts.iter().skip(1).map(usize::to_string).collect();
        writeln!(out, "  {name:6} {}", counts.join(" "))?;
    }
    writeln!(out, "\nwords by flag")?;
    for ((name, _), count) in Entry::FLAGS.iter().zip(&flags) {
        writeln!(out, "  {name:14} {count:>8}")?;
    }

    let mut kinds = vec![0usize; Phrase::KINDS.len()];
    dictionary.for_each_phrase(|_, phrase| {
        for ((_, kind), count) in Phrase::KINDS.iter().zip(&mut kinds) {
            *count += usize::from(phrase.is(*kind));
        }
    });
    writeln!(out, "\nphrases by kind")?;
    for ((name, _), count) in Phrase::KINDS.iter().zip(&kinds) {
        writeln!(out, "  {name:14} {count:>8}")?;
    }
    writeln!(out, "\nrows by source")?;
    for (name, rows) in &dictionary.manifest().sources {
        writeln!(out, "  {name:22} {rows:>8}")?;
    }
    Ok(())
}

fn explain(out: &mut impl std::io::Write, dictionary: &Dictionary, words: &[String]) -> anyhow::Result<()> {
    for word in words {
        let mut folded = Vec::new();
        crate::detect::dictionary::fold(word, &mut folded);
        writeln!(out, "{word}: {:?}", dictionary.word(&folded))?;
        if let Some((taken, phrase)) = dictionary.phrase(folded.split(|b| *b == b' ')) {
            let kinds: Vec<_> = Phrase::KINDS.iter().filter(|(_, k)| phrase.is(*k)).map(|(name, _)| *name).collect();
            writeln!(out, "  phrase of {taken}: {} size {}", kinds.join(" "), phrase.size())?;
        }
    }
    Ok(())
}
