//! `deidre batch`: files and folders into another folder.

mod dry;
mod progress;
mod retry;
mod settings;

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::audit_args::AuditArgs;
use super::audited::Audit;
use super::transform_args::Replacing;
use super::{FAILED, FieldArgs, ModelArgs, QUARANTINED, TransformArgs};
use crate::audit::Verb;
use crate::error::RunError;
use crate::pipeline::batch::{Batch, Job, Tuning, standings};
use crate::pipeline::input::{Input, Shape, extension};
use crate::pipeline::kept::Sealer;
use crate::pipeline::layout::Ask;
use crate::pipeline::ledger::Standing;
use crate::pipeline::manifest::{self, hex};
use crate::pipeline::part::Pace;
use crate::pipeline::people::{Gather, People};
use crate::pipeline::state::{Check, Outcome, Redo, State};
use crate::pipeline::walk::{Filter, Found, Item, items};
use crate::pipeline::{Scrub, Source, Summary};
use crate::policy::Action;
use crate::record::Format;
use crate::secret::Keyring;
use crate::transform::zip3_table;
use progress::Progress;

/// Scrubs files and folders into another folder, their paths kept.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  deidre batch exports/ --out clean/
  deidre batch notes.csv rows.ndjson --out clean/ --field note_text --policy redact
  deidre batch exports/ --out clean/ --dry-run --include '*.ndjson'
  deidre batch --retry-quarantine exports/ --out clean/ --key-file deidre.key

A file appears in the output folder when it is whole. Run again after whatever broke off, with the same settings: what is
finished stays, a large file goes on where it was, changed files are done anew. Records that cannot be read are left out and
listed, without their text, in OUT/quarantine/PATH.jsonl, and with a key kept there, sealed; the exit code is then 1. A file
that cannot be opened or written is reported, the others are done, and the exit code is 2. What is known of the inputs is in
OUT/.deidre: do not pass that on with the output.")]
pub(crate) struct Args {
    /// Files and folders; a single folder's contents go directly below OUT, of several each keeps its name
    #[arg(required_unless_present = "retry_quarantine", value_name = "INPUT")]
    inputs: Vec<PathBuf>,
    /// The folder to write to, outside the inputs
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Of files in folders only those of that name, or path if there is a / in it (*.csv, notes/**/*.txt). May be given
    /// several times
    #[arg(long, value_name = "GLOB")]
    include: Vec<String>,
    /// Without files and folders of that name or path; wins over --include
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,
    /// Say what would be done, and write nothing. With --sample, also what is found in the first records
    #[arg(long, conflicts_with_all = ["retry_quarantine", "prune", "redo"])]
    dry_run: bool,
    /// Only the first N records of each file, for trying out: into a folder of its own
    #[arg(long, value_name = "N")]
    sample: Option<u64>,
    /// Do all files anew, whatever is finished
    #[arg(long, conflicts_with = "retry_quarantine")]
    redo: bool,
    /// Tell by hashes what is finished, not by size and time of change alone
    #[arg(long)]
    checksum: bool,
    /// Remove the outputs of inputs that are gone
    #[arg(long, conflicts_with = "retry_quarantine")]
    prune: bool,
    /// Try the records again that were left out and kept, with the key that sealed them; those that pass are put in their
    /// place. INPUT tells what files say of people, as it did when the records were left out
    #[arg(long, conflicts_with = "sample")]
    retry_quarantine: bool,
    /// Threads [default: one a core]
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// A line every few seconds with how far it is, where standard error is no terminal
    #[arg(long)]
    progress: bool,
    /// No progress and no counts; errors are told
    #[arg(long, conflicts_with = "progress")]
    quiet: bool,
    /// Bytes of a chunk: what comes out does not depend on it
    #[arg(long, value_name = "BYTES", hide = true)]
    chunk: Option<usize>,
    /// Bytes of output after which a file is noted that could go on
    #[arg(long, value_name = "BYTES", hide = true)]
    note_every: Option<u64>,
    #[command(flatten)]
    fields: FieldArgs,
    #[command(flatten)]
    transform: TransformArgs,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    audit: AuditArgs,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if args.dry_run {
        return dry::run(args);
    }
    let mut ask = args.fields.ask(Vec::new());
    let Replacing { transform, scope, keys } = args.transform.build(&mut ask)?;
    let (engine, model) = args.model.engine()?;
    let model = model.as_ref().map(|(name, hash)| (name.as_str(), *hash));
    let audit = Audit::open(&args.audit, transform.policy(), model, keys.as_ref())?;
    let settings = settings::of(args, transform.policy(), &scope, keys.as_ref(), model);
    let mut scrub = Scrub { engine, transform, scope, people: None };
    let found = items(&args.inputs, &args.out, &args.filter()?)?;
    if args.retry_quarantine {
        scrub.people = known(gather(&found.items, &ask).0);
        return retry::run(args, &scrub, &ask, keys.as_ref(), &settings, &audit);
    }
    let redo = if args.redo { Redo::All } else { Redo::Nothing };
    let state = State::open(&args.out, settings, redo)?;
    let pool = super::pool(args.jobs)?;
    let run = Running {
        args,
        audit: &audit,
        progress: Progress::new(args.progress, args.quiet),
        total: Mutex::new(Summary::default()),
        done: AtomicU64::new(0),
        failed: AtomicUsize::new(0),
    };
    // All outputs depend on what is known of people, and are done anew when it has changed.
    let (gather, secret) = gather(&found.items, &ask);
    let resources = gather.met_resources();
    scrub.people = known(gather);
    state.set_context(context(&scrub))?;
    let joined = resources && scrub.transform.joins();
    let secret = if joined { state.join_key(secret)? } else { secret };
    scrub.transform = scrub.transform.joining(&secret);
    let scrub = scrub;

    let start = Instant::now();
    let sealer = keys.as_ref().map(|keys| Sealer::new(keys.current()));
    let files = found.items.len();
    let (jobs, before) = run.plan(&state, found, &pool)?;
    let read = Arc::new(AtomicU64::new(0));
    let batch = Batch {
        scrub: &scrub,
        ask: &ask,
        state: &state,
        sealer: sealer.as_ref(),
        pool: &pool,
        sample: args.sample,
        tuning: args.tuning(),
        read: Arc::clone(&read),
    };
    run.progress.over(jobs.iter().map(|job| job.item.size).sum(), &read, || {
        batch.run(&jobs, &|job, result, time| run.report(job, result, time));
    });
    run.end(state, &scrub, Files { all: files, before }, start.elapsed())
}

impl Args {
    fn filter(&self) -> anyhow::Result<Filter> {
        Filter::new(&self.include, &self.exclude).context("--include, --exclude")
    }

    fn check(&self) -> Check {
        if self.checksum { Check::Hash } else { Check::Stamp }
    }

    fn tuning(&self) -> Tuning {
        let usual = Pace::default();
        let pace = match self.note_every {
            Some(bytes) => Pace { bytes, ..usual },
            None => usual,
        };
        Tuning { chunk: self.chunk, pace }
    }
}

/// A batch under way.
struct Running<'a> {
    args: &'a Args,
    audit: &'a Audit,
    progress: Progress,
    /// Over all files, those that were finished before among them.
    total: Mutex<Summary>,
    /// Bytes of what was done now.
    done: AtomicU64,
    failed: AtomicUsize,
}

impl Running<'_> {
    /// What is to be done, and how many files were finished before.
    fn plan(&self, state: &State, found: Found, pool: &rayon::ThreadPool) -> anyhow::Result<(Vec<Job>, usize)> {
        let Found { items, unreadable } = found;
        for (_, error) in &unreadable {
            self.fail(&anyhow::Error::msg(with_source(error)));
        }
        let present: HashSet<String> = items.iter().map(|i| crate::pipeline::manifest::key(&i.relative)).collect();
        let hidden = |path: &std::path::Path| unreadable.iter().any(|(folder, _)| path.starts_with(folder));
        self.gone(state, &present, hidden)?;
        let mut planned = standings(items.clone(), state, self.args.check(), pool);
        let is_done = |job: &Job| matches!(job.standing, Standing::Done(_));
        if state.lost_join_key() && planned.iter().any(|(job, _)| !is_done(job)) {
            super::say("the key that ids were joined with is gone with the run that made it: all files are done anew");
            state.anew("the key that ids were joined with is gone")?;
            planned = standings(items, state, self.args.check(), pool);
        }
        let (mut jobs, mut before) = (Vec::new(), 0);
        for (job, error) in planned {
            if let Some(error) = error {
                self.fail(&anyhow::Error::msg(with_source(&error)));
                continue;
            }
            let done = match &job.standing {
                Standing::Done(entry) => entry.counts.summary(),
                _ => None,
            };
            match done {
                Some(summary) => {
                    before += 1;
                    *self.total.lock().unwrap_or_else(PoisonError::into_inner) += summary;
                }
                None => jobs.push(job),
            }
        }
        Ok((jobs, before))
    }

    /// Tells of outputs whose inputs are gone, or removes them.
    fn gone(
        &self,
        state: &State,
        present: &HashSet<String>,
        hidden: impl Fn(&std::path::Path) -> bool,
    ) -> anyhow::Result<()> {
        let gone = state.gone(present, hidden);
        for entry in &gone {
            let path = crate::pipeline::manifest::path(&entry.path);
            if self.args.prune {
                state.prune(entry)?;
                super::say(&format!("{} is gone, its output was removed", path.display()));
            } else {
                super::say(&format!("{} is gone, its output stays (--prune removes it)", path.display()));
            }
        }
        Ok(())
    }

    fn report(&self, job: &Job, result: Result<Summary, RunError>, time: Duration) {
        let noted = self.audit.note(Verb::BatchFile, result.as_ref().ok(), Some(&job.item.relative), time);
        if let Err(e) = noted {
            self.fail(&e);
        }
        match result {
            Ok(summary) => {
                self.done.fetch_add(summary.tally.bytes, Ordering::Relaxed);
                *self.total.lock().unwrap_or_else(PoisonError::into_inner) += summary;
            }
            Err(e) => self.fail(&anyhow::Error::msg(with_source(&e))),
        }
    }

    fn fail(&self, error: &anyhow::Error) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        self.progress.aside(|| super::report(error));
    }

    fn end(self, state: State, scrub: &Scrub, files: Files, time: Duration) -> anyhow::Result<ExitCode> {
        let total = self.total.into_inner().unwrap_or_else(PoisonError::into_inner);
        let failed = self.failed.into_inner();
        let outcome = if failed == 0 { Outcome::Finished } else { Outcome::Unfinished };
        let closed = state.close(outcome);
        if !self.args.quiet {
            let before = if files.before > 0 { format!(", finished before {}", files.before) } else { String::new() };
            super::say(&format!("files {}, failed {failed}{before}", files.all));
            super::say(&total.to_string());
            if scrub.transform.policy().has(Action::Zip3) {
                super::say(&format!("ZIP codes by {}", zip3_table()));
            }
            let (megabytes, seconds) = (self.done.into_inner() as f64 / 1e6, time.as_secs_f64());
            super::say(&format!("{megabytes:.1} MB in {seconds:.1} s, {:.1} MB/s", megabytes / seconds.max(1e-9)));
        }
        closed?;
        if let Some(records) = self.args.sample {
            super::say(&format!("this is a sample, the first {records} records of each file, and not the whole"));
        }
        let unmet = self.args.fields.unmet(&total.tally);
        Ok(match (failed, total.quarantined()) {
            (0, 0) if !unmet => ExitCode::SUCCESS,
            (0, _) => ExitCode::from(QUARANTINED),
            _ => ExitCode::from(FAILED),
        })
    }
}

/// What the files about persons say, for the texts in all files; and a secret that only who has the files can make
/// again, to join ids by: the same for the same files, so that a run can be repeated.
fn gather(items: &[Item], ask: &Ask) -> (Gather, Zeroizing<[u8; 32]>) {
    let mut gather = Gather::default();
    let mut digest = Sha256::new_with_prefix(b"deidre join");
    for item in items {
        // Nobody may be waited for here, and a pipe can be read once.
        if !std::fs::metadata(&item.path).is_ok_and(|about| about.is_file()) {
            continue;
        }
        // What cannot be read is told when it is scrubbed.
        let Ok(input) = Input::open(item) else { continue };
        digest.update(manifest::key(&item.relative).as_bytes());
        input.add_to(&mut digest);
        if input.shape() != Shape::Stream {
            continue;
        }
        let extension = extension(&item.path, input.compression());
        let Ok((reader, _)) = input.into_reader(Arc::default()) else { continue };
        let Ok(Ok(source)) = Source::open(reader, ask, extension.as_deref()) else { continue };
        if matches!(source.layout().format, Format::Ndjson | Format::Json | Format::Csv | Format::Tsv) {
            let _ = gather.pass(source);
        }
    }
    (gather, Zeroizing::new(digest.finalize().into()))
}

/// What was gathered, if it was anything.
fn known(gather: Gather) -> Option<Arc<People>> {
    let people = gather.finish();
    (!people.is_empty()).then(|| Arc::new(people))
}

/// What tells that other things were known of people.
fn context(scrub: &Scrub) -> Option<String> {
    scrub.people.as_ref().map(|people| hex(&people.digest()))
}

/// How many files there are, and how many were finished by earlier runs.
#[derive(Clone, Copy)]
struct Files {
    all: usize,
    before: usize,
}

/// The keys, for opening what any of them sealed.
fn sealers(keys: Option<&Keyring>) -> anyhow::Result<Vec<Sealer>> {
    let Some(keys) = keys else {
        bail!("--retry-quarantine needs the key that sealed the records: --key-file, --key-command or DEIDRE_KEY");
    };
    Ok(keys.iter().map(Sealer::new).collect())
}

/// The error with what it comes from, in a line.
fn with_source(error: &dyn std::error::Error) -> String {
    let source = error.source().map(|s| format!(": {s}")).unwrap_or_default();
    format!("{error}{source}")
}
