//! `deidre batch --dry-run`: what would be done.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::{Args, with_source};
use crate::cli::{FAILED, print, say};
use crate::engine::Engine;
use crate::error::InputError;
use crate::pipeline::input::{Input, Shape, extension};
use crate::pipeline::layout::Ask;
use crate::pipeline::ledger::{Ledger, Standing};
use crate::pipeline::manifest::{Stamp, key, name_of};
use crate::pipeline::place::Place;
use crate::pipeline::quarantine::Quarantine;

use crate::pipeline::walk::{Found, Item, items};
use crate::pipeline::{Run, Scrub, Source, Summary, run as run_pipeline};
use crate::policy::Policy;
use crate::transform::{Means, Scope, Transform};

/// Lists the files with what would become of them. Neither key nor vault is asked for.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let ask = args.fields.ask(Vec::new());
    let Found { items, unreadable } = items(&args.inputs, &args.out, &args.filter()?)?;
    let place = Place::of(&args.out);
    let (ledger, ..) = if args.redo { Default::default() } else { Ledger::load(&place)? };
    let finder = args.sample.map(|records| Finder::new(args, records)).transpose()?;
    let (mut failed, mut bytes, mut files) = (0, 0, 0);
    let mut total = Summary::default();
    for (_, error) in &unreadable {
        failed += 1;
        say(&format!("error: {}", with_source(error)));
    }
    for item in &items {
        let now = std::fs::metadata(&item.path).map(|about| Stamp::of(&about));
        let standing = match &now {
            Ok(now) => ledger.standing(&place, &key(&item.relative), now),
            Err(_) => Standing::New,
        };
        let standing = match standing {
            Standing::New => "new",
            Standing::Changed => "changed",
            Standing::Half(_) => "half done",
            Standing::Done(_) => {
                print(&format!("finished\t\t{}\t{}\n", item.size, item.relative.display()))?;
                continue;
            }
        };
        match look(item, &ask, finder.as_ref()) {
            Ok((format, found)) => {
                (bytes, files) = (bytes + item.size, files + 1);
                print(&format!("{standing}\t{format}\t{}\t{}\n", item.size, item.relative.display()))?;
                total += found;
            }
            Err(source) => {
                failed += 1;
                say(&format!("error: cannot read {}: {source}", item.path.display()));
            }
        }
    }
    say(&format!("files {}, to do {files}, {:.1} MB, unreadable {failed}", items.len(), bytes as f64 / 1e6));
    if let Some(records) = args.sample {
        say(&format!("in the first {records} records of each:\n{total}"));
    }
    say("nothing was written");
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

/// Counts what is found in the first records of a file.
struct Finder {
    scrub: Scrub,
    records: u64,
}

impl Finder {
    fn new(args: &Args, records: u64) -> anyhow::Result<Self> {
        let (engine, _): (Engine, _) = args.model.engine()?;
        // Whatever the policy makes of them: what it would need for that is not touched.
        let transform = Transform::new(Policy::preset("redact")?, Means::default())?;
        Ok(Self { scrub: Scrub { engine, transform, scope: Scope::Corpus, people: None }, records })
    }
}

/// The format that a file is taken for, and what is found in it.
fn look(item: &Item, ask: &Ask, finder: Option<&Finder>) -> std::io::Result<(String, Summary)> {
    let input = Input::open(item)?;
    let compression = input.compression();
    if input.shape() == Shape::Columns {
        return Ok(("parquet".into(), Summary::default()));
    }
    let extension = extension(&item.path, compression);
    let (reader, _) = input.into_reader(Arc::new(AtomicU64::new(0)))?;
    let source = match Source::open(reader, ask, extension.as_deref())? {
        Ok(source) => source,
        Err(reason) => return Ok((format!("none: {reason}"), Summary::default())),
    };
    let format = name_of(source.layout().format);
    let format = match compression.extension() {
        Some(own) => format!("{format}.{own}"),
        None => format,
    };
    let Some(finder) = finder else { return Ok((format, Summary::default())) };
    let name = item.relative.to_string_lossy();
    let job = Run { scrub: &finder.scrub, file: &name, target: "nowhere", progress: &|_| {} };
    let source = source.with_limit(finder.records);
    let found = run_pipeline(&job, source, &mut std::io::sink(), &mut Nowhere, None);
    Ok((format, found.map_err(std::io::Error::other)?))
}

struct Nowhere;

impl Quarantine for Nowhere {
    fn add(&mut self, _: &InputError) -> std::io::Result<()> {
        Ok(())
    }
}
