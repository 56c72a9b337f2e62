//! `deidre batch`: files and folders into another folder.

use std::fs::File;
use std::io::IsTerminal;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;

use super::audit_args::AuditArgs;
use super::audited::Audit;
use super::transform_args::Replacing;
use super::{FAILED, FieldArgs, ModelArgs, QUARANTINED, TransformArgs};
use crate::audit::Verb;
use crate::error::RunError;
use crate::pipeline::layout::Ask;
use crate::pipeline::quarantine::QuarantineFile;
use crate::pipeline::run::refuse;
use crate::pipeline::target::Target;
use crate::pipeline::walk::{Item, QUARANTINE, items};
use crate::pipeline::{Run, Scrub, Source, Summary, run as run_pipeline};
use crate::policy::Action;
use crate::transform::zip3_table;

/// Scrubs files and folders into another folder, their paths kept.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  deidre batch exports/ --out clean/
  deidre batch notes.csv rows.ndjson --out clean/ --field note_text --policy redact

A file appears in the output folder when it is whole. Records that cannot be read are left out and listed, without their
text, in OUT/quarantine/PATH.jsonl; the exit code is then 1. A file that cannot be opened or written is reported, the
others are done, and the exit code is 2.")]
pub(crate) struct Args {
    /// Files and folders; a single folder's contents go directly below OUT, of several each keeps its name
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<PathBuf>,
    /// The folder to write to, outside the inputs
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    fields: FieldArgs,
    #[command(flatten)]
    transform: TransformArgs,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    audit: AuditArgs,
    /// Threads [default: one a core]
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
}

/// Files above this are scrubbed one after the other, each by all threads; those below side by side.
const LARGE: u64 = 4 << 20;

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut ask = args.fields.ask(Vec::new());
    let Replacing { transform, scope, keys } = args.transform.build(&mut ask)?;
    let (engine, model) = args.model.engine()?;
    let model = model.as_ref().map(|(name, hash)| (name.as_str(), *hash));
    let audit = Audit::open(&args.audit, transform.policy(), model, keys.as_ref())?;
    let items = items(&args.inputs, &args.out)?;
    std::fs::create_dir_all(&args.out).with_context(|| format!("cannot make {}", args.out.display()))?;
    let pool = super::pool(args.jobs)?;
    let batch = Batch {
        scrub: Scrub { engine, transform, scope },
        audit,
        ask,
        out: &args.out,
        bar: bar(items.iter().map(|i| i.size).sum()),
        total: Mutex::new(Summary::default()),
        failed: AtomicUsize::new(0),
    };
    let start = Instant::now();
    let (large, small): (Vec<&Item>, Vec<&Item>) = items.iter().partition(|item| item.size > LARGE);
    large.into_iter().for_each(|item| batch.file(item, Some(&pool)));
    pool.install(|| small.into_par_iter().for_each(|item| batch.file(item, None)));
    batch.bar.finish_and_clear();

    let total = batch.total.into_inner().unwrap_or_else(PoisonError::into_inner);
    let failed = batch.failed.into_inner();
    let seconds = start.elapsed().as_secs_f64();
    let megabytes = total.tally.bytes as f64 / 1e6;
    super::say(&format!("files {}, failed {failed}", items.len()));
    super::say(&total.to_string());
    if batch.scrub.transform.policy().has(Action::Zip3) {
        super::say(&format!("ZIP codes by {}", zip3_table()));
    }
    super::say(&format!("{megabytes:.1} MB in {seconds:.1} s, {:.1} MB/s", megabytes / seconds.max(1e-9)));
    let unmet = args.fields.unmet(&total.tally);
    Ok(match (failed, total.quarantined()) {
        (0, 0) if !unmet => ExitCode::SUCCESS,
        (0, _) => ExitCode::from(QUARANTINED),
        _ => ExitCode::from(FAILED),
    })
}

struct Batch<'a> {
    scrub: Scrub,
    audit: Audit,
    ask: Ask,
    out: &'a Path,
    bar: ProgressBar,
    total: Mutex<Summary>,
    failed: AtomicUsize,
}

impl Batch<'_> {
    fn file(&self, item: &Item, pool: Option<&rayon::ThreadPool>) {
        let start = Instant::now();
        let result = self.scrub_file(item, pool);
        let noted = self.audit.note(Verb::BatchFile, result.as_ref().ok(), Some(&item.relative), start.elapsed());
        if let Err(e) = noted {
            self.failed.fetch_add(1, Ordering::Relaxed);
            self.bar.suspend(|| super::report(&e));
        }
        match result {
            Ok(summary) => *self.total.lock().unwrap_or_else(PoisonError::into_inner) += summary,
            Err(e) => {
                self.failed.fetch_add(1, Ordering::Relaxed);
                let source = std::error::Error::source(&e).map(|s| format!(": {s}")).unwrap_or_default();
                self.bar.suspend(|| super::say(&format!("error: {e}{source}")));
            }
        }
    }

    fn scrub_file(&self, item: &Item, pool: Option<&rayon::ThreadPool>) -> Result<Summary, RunError> {
        let name = item.relative.to_string_lossy();
        let shown = item.path.display().to_string();
        let path = self.out.join(&item.relative);
        let target = path.display().to_string();
        let read = |source| RunError::Read { file: shown.clone(), source };
        let mut aside = self.out.join(QUARANTINE).join(&item.relative).into_os_string();
        aside.push(".jsonl");
        let aside = PathBuf::from(aside);
        let write_aside = |source| RunError::Write { file: aside.display().to_string(), source };
        let write = |source| RunError::Write { file: target.clone(), source };

        let mut quarantine = QuarantineFile::new(&aside).map_err(write_aside)?;
        // Opening a pipe waits for who writes to it: only one that was named itself is meant to be read.
        if !item.named && std::fs::metadata(&item.path).is_ok_and(|about| !about.is_file()) {
            return Err(read(std::io::Error::other("not a regular file")));
        }
        let file = File::open(&item.path).map_err(read)?;
        let extension = item.path.extension().and_then(|e| e.to_str());
        let summary = match Source::open(file, &self.ask, extension).map_err(read)? {
            Err(reason) => {
                // An earlier run's output must not stand for this run's.
                match std::fs::remove_file(&path) {
                    Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(write(e)),
                    _ => {}
                }
                refuse(&name, reason, item.size, &mut quarantine)?
            }
            Ok(source) => {
                let progress = |bytes| self.bar.inc(bytes);
                let job = Run { scrub: &self.scrub, file: &name, target: &target, progress: &progress };
                let mut out = Target::create(&path).map_err(write)?;
                let summary = run_pipeline(&job, source, &mut out, &mut quarantine, pool)?;
                // The list is whole before the output has its name: a file that is there says that its run is done.
                quarantine.finish().map_err(write_aside)?;
                out.finish().map_err(write)?;
                return Ok(summary);
            }
        };
        quarantine.finish().map_err(write_aside)?;
        Ok(summary)
    }
}

fn bar(bytes: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {bytes_per_sec} eta {eta}");
    let bar = ProgressBar::new(bytes);
    if let Ok(style) = style { bar.with_style(style) } else { bar }
}
