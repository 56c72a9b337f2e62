//! Tries records again that were set aside: those that pass are put in their place in the output.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read, Write};

use super::Scrub;
use super::batch::table_of;
use super::clean::Clean;
use super::compress::{Cap, Compression, Decoder, Encoder};
use super::kept::Sealer;
use super::layout::{Ask, Layout};
use super::manifest::{Counts, Entry, Output, Stored, name_of};
use super::part::{Keep, List, Part, Storing};
use super::quarantine::Line;
use super::scrub::Desk;
use super::source::{Mark, Source};
use super::state::State;
use super::summary::Summary;
use crate::error::RunError;
use crate::record::{Format, Reason};

/// What records are tried again with.
pub(crate) struct Retry<'a> {
    pub(crate) scrub: &'a Scrub,
    pub(crate) ask: &'a Ask,
    pub(crate) state: &'a State,
    /// Of all keys that there are.
    pub(crate) sealers: &'a [Sealer],
}

/// What became of the records of a file that had been set aside.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Tried {
    /// They stand in the output now.
    pub(crate) passed: u64,
    /// They stay, by why: a reason, or why they cannot be tried.
    pub(crate) stayed: BTreeMap<&'static str, u64>,
    /// What was counted over those that passed.
    pub(crate) summary: Summary,
}

/// A record that is kept, opened and scrubbed.
enum Attempt {
    Passed(Clean),
    Stays(&'static str),
    Failed(Line, &'static str),
}

impl Retry<'_> {
    /// Tries the records of one file.
    ///
    /// # Errors
    ///
    /// When something cannot be read or written: the file is as it was then.
    pub(crate) fn file(&self, entry: &Entry) -> Result<Tried, RunError> {
        let done = self.scrub_file(entry);
        if done.is_err() {
            Part::abandon(self.state, &entry.path, Keep::Nothing);
        }
        done
    }

    fn scrub_file(&self, entry: &Entry) -> Result<Tried, RunError> {
        let list = self.state.place().quarantine(&entry.path);
        let listed = list.display().to_string();
        let read = |source| RunError::Read { file: listed.clone(), source };
        let mut tried = Tried::default();
        let Some(output) = &entry.output else {
            *tried.stayed.entry("the whole file was set aside: it is tried again with --redo").or_default() += 1;
            return Ok(tried);
        };
        let target = self.state.place().output(&entry.path);
        let shown = target.display().to_string();
        let write = |source| RunError::Write { file: shown.clone(), source };
        let read_output = |source| RunError::Read { file: shown.clone(), source };

        let compression = compression_of(output);
        let layout = self.layout(&target, output, compression).map_err(read_output)?;
        let file = manifest_name(entry);
        let desk = layout.as_ref().ok().map(|layout| Desk::new(self.scrub, layout.clone(), &file));
        let mut mend: Option<Mend> = None;
        let mut stays = List::new(self.state, &entry.path, None);
        let mut summary = entry.counts.summary().ok_or_else(|| read(damaged()))?;
        // The lists that are written stand behind this line in the journal, and no part is there before it.
        self.state.retry(&entry.path)?;
        let mut changed = false;
        for text in BufReader::new(File::open(&list).map_err(read)?).split(b'\n') {
            let line: Line = serde_json::from_slice(&text.map_err(read)?).map_err(|_| read(damaged()))?;
            let attempt = match (&layout, &desk) {
                (Ok(layout), Some(desk)) => self
                    .attempt(&line, layout, desk)
                    .map_err(|source| RunError::Tokens { file: shown.clone(), source })?,
                (Err(why), _) => Attempt::Stays(why),
                _ => Attempt::Stays("its layout is not known"),
            };
            let shift = mend.as_ref().map_or(0, |mend| mend.added);
            let moved = |mut line: Line| {
                line.at = line.at.map(|at| at + shift);
                line
            };
            match attempt {
                Attempt::Passed(clean) => {
                    let (Some(at), Some(reason)) = (line.at, Reason::parse(&line.reason)) else {
                        return Err(read(damaged()));
                    };
                    if mend.is_none() {
                        mend = Some(Mend::begin(self.state, entry, &target, compression).map_err(write)?);
                    }
                    if let Some(mend) = &mut mend {
                        mend.put(at, &clean.bytes).map_err(write)?;
                    }
                    let mut tally = clean.tally;
                    (tally.bytes, tally.records) = (0, 0);
                    summary.tally += tally;
                    tried.summary.tally += clean.tally;
                    take_one(&mut summary, reason).ok_or_else(|| read(damaged()))?;
                    tried.passed += 1;
                }
                Attempt::Stays(why) => {
                    *tried.stayed.entry(why).or_default() += 1;
                    stays.add(&moved(line)).map_err(write)?;
                }
                Attempt::Failed(new, why) => {
                    *tried.stayed.entry(why).or_default() += 1;
                    if new.reason != line.reason {
                        let (Some(old), Some(reason)) = (Reason::parse(&line.reason), Reason::parse(&new.reason))
                        else {
                            return Err(read(damaged()));
                        };
                        take_one(&mut summary, old).ok_or_else(|| read(damaged()))?;
                        *summary.reasons.entry(reason).or_default() += 1;
                    }
                    changed |= new != line;
                    stays.add(&moved(new)).map_err(write)?;
                }
            }
        }
        if mend.is_none() && !changed {
            Part::abandon(self.state, &entry.path, Keep::Nothing);
            return Ok(tried);
        }
        let stored = match mend {
            Some(mend) => mend.finish().map_err(write)?,
            None => output.stored.clone(),
        };
        let quarantine = stays.finish().map_err(write)?;
        let output = Some(Output { stored, ..output.clone() });
        self.state.done(Entry { output, quarantine, counts: Counts::from(&summary), ..entry.clone() })?;
        Ok(tried)
    }

    /// How the records of an output are read; or why that is not known.
    fn layout(
        &self,
        target: &std::path::Path,
        output: &Output,
        compression: Compression,
    ) -> io::Result<Result<Layout, &'static str>> {
        let Some(format) = FORMATS.into_iter().find(|format| name_of(*format) == output.format) else {
            return Ok(Err("files of that format are read as a whole: it is tried again with --redo"));
        };
        let ask = Ask { format: Some(format), ..self.ask.clone() };
        let plain = Decoder::new(File::open(target)?, compression, Cap::default());
        let Ok(source) = Source::open(plain, &ask, None)? else {
            return Ok(Err("the output is of another format than before"));
        };
        let layout = source.layout().clone();
        let same = table_of(&layout) == output.table;
        Ok(if same { Ok(layout) } else { Err("the header, or how the table is written, is not known any more") })
    }

    fn attempt(
        &self,
        line: &Line,
        layout: &Layout,
        desk: &Desk<'_>,
    ) -> Result<Attempt, crate::transform::TransformError> {
        let (Some(sealed), Some(key), Some(_)) = (&line.sealed, &line.key, line.at) else {
            return Ok(Attempt::Stays("the record was not kept"));
        };
        if line.record == 0 {
            return Ok(Attempt::Stays("a header cannot be put back: it is tried again with --redo"));
        }
        let Some(sealer) = self.sealers.iter().find(|sealer| sealer.id().eq_ignore_ascii_case(key)) else {
            return Ok(Attempt::Stays("its key is not at hand"));
        };
        let Some(bytes) = sealer.open(&line.file, line.record, sealed) else {
            return Ok(Attempt::Stays("it does not open: the line was changed or moved"));
        };
        // Behind the start of the file, whatever that is.
        let mark = Mark::at(1, line.record, line.record);
        let mut source = Source::of(Cursor::new(bytes.as_slice()), layout.clone(), mark);
        let (first, next) = (source.read_chunk(), source.read_chunk());
        let (Ok(Some(chunk)), Ok(None)) = (first, next) else {
            return Ok(Attempt::Stays("it is no record by itself"));
        };
        if chunk.records.len() != 1 {
            return Ok(Attempt::Stays("it is no record by itself"));
        }
        let clean = desk.scrub(chunk)?;
        Ok(match clean.aside.first() {
            None => Attempt::Passed(clean),
            Some(aside) => {
                let reason = aside.fault.reason.name();
                Attempt::Failed(Line { reason: reason.into(), offset: aside.fault.offset, ..line.clone() }, reason)
            }
        })
    }
}

/// An output that is written anew with more records in it.
struct Mend {
    plain: Decoder<File>,
    out: Encoder<Storing>,
    /// Bytes of the output as it was that are written.
    copied: u64,
    /// Bytes that were put in.
    added: u64,
}

impl Mend {
    fn begin(state: &State, entry: &Entry, target: &std::path::Path, compression: Compression) -> io::Result<Self> {
        let plain = Decoder::new(File::open(target)?, compression, Cap::default());
        let out = Encoder::new(Storing::create(&state.place().part(&entry.path))?, compression);
        Ok(Self { plain, out, copied: 0, added: 0 })
    }

    /// Puts `bytes` before byte `at` of the output as it was.
    fn put(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        let length = at.checked_sub(self.copied).ok_or_else(damaged)?;
        let copied = io::copy(&mut self.plain.by_ref().take(length), &mut self.out)?;
        if copied != length {
            return Err(damaged());
        }
        self.copied = at;
        self.out.write_all(bytes)?;
        self.added += bytes.len() as u64;
        Ok(())
    }

    fn finish(mut self) -> io::Result<Stored> {
        io::copy(&mut self.plain, &mut self.out)?;
        self.out.finish()?.finish()
    }
}

/// What the file was called when it was scrubbed.
fn manifest_name(entry: &Entry) -> String {
    super::manifest::path(&entry.path).to_string_lossy().into_owned()
}

fn compression_of(output: &Output) -> Compression {
    let all = [Compression::Gzip, Compression::Zstd];
    let fits = |compression: &Compression| compression.extension() == output.compression.as_deref();
    all.into_iter().find(fits).unwrap_or_default()
}

/// Counts one record less that was set aside.
fn take_one(summary: &mut Summary, reason: Reason) -> Option<()> {
    let count = summary.reasons.get_mut(&reason)?;
    *count = count.checked_sub(1)?;
    if *count == 0 {
        summary.reasons.remove(&reason);
    }
    Some(())
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "list and output do not fit together")
}

/// Those of which a record can be read by itself.
const FORMATS: [Format; 7] =
    [Format::Text, Format::Ndjson, Format::Json, Format::Csv, Format::Tsv, Format::Hl7, Format::Xml];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use std::fs;
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::engine::Engine;
    use crate::pipeline::batch::{Batch, Tuning, standings};
    use crate::pipeline::manifest::Settings;
    use crate::pipeline::state::{Check, Outcome, Redo};
    use crate::pipeline::walk::{Filter, items};
    use crate::policy::Policy;
    use crate::secret::Key;
    use crate::transform::{Means, Scope, Transform};

    fn scrub() -> Scrub {
        let transform = Transform::new(Policy::preset("redact").unwrap(), Means::default()).unwrap();
        Scrub { engine: Engine::embedded(), transform, scope: Scope::Document, people: None }
    }

    /// Scrubs a folder as `deidre batch` does.
    fn batch(scrub: &Scrub, sealer: &Sealer, inputs: &Path, out: &Path) {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
        let state = State::open(out, Settings::default(), Redo::Nothing).unwrap();
        let found = items(&[inputs.into()], out, &Filter::default()).unwrap().items;
        let jobs: Vec<_> = standings(found, &state, Check::Stamp, &pool).into_iter().map(|(job, _)| job).collect();
        let batch = Batch {
            scrub,
            ask: &Ask::default(),
            state: &state,
            sealer: Some(sealer),
            pool: &pool,
            sample: None,
            tuning: Tuning::default(),
            read: Arc::default(),
        };
        batch.run(&jobs, &|_, result, _| assert!(result.is_ok()));
        state.close(Outcome::Finished).unwrap();
    }

    /// Lines of a table or of JSON: the same but for those that are broken, at which the other has `broken`.
    fn texts(
        count: usize,
        broken: &[usize],
        line: impl Fn(usize) -> String,
        bad: impl Fn(usize) -> String,
    ) -> [String; 2] {
        let all = (0..count).map(&line).collect();
        let some = (0..count).map(|i| if broken.contains(&i) { bad(i) } else { line(i) }).collect();
        [all, some]
    }

    #[test]
    fn records_that_pass_are_put_where_they_belong() {
        let folder = tempfile::tempdir().unwrap();
        let (good, bad) = (folder.path().join("good"), folder.path().join("bad"));
        for inputs in [&good, &bad] {
            fs::create_dir(inputs).unwrap();
        }
        let json = |i: usize| format!("{{\"mrn\":\"77140{i:05}\",\"note\":\"Mrs. Kowalczyk came, {i}.\"}}\n");
        let row = |i: usize| format!("77140{i:05},\"seen on 3/14/2019, {i}\"\r\n");
        let header = |text: String| format!("mrn,note\r\n{text}");
        // The first, the last, one after the other; what stays broken is 4 and, after one that passes, 8.
        let broken = [0, 4, 5, 6, 8, 19];
        let (jsons, rows) = (
            texts(20, &broken, json, |i| format!("{{\"mrn\":\"77140{i:05}\"\n")),
            texts(20, &broken, row, |i| format!("77140{i:05}\r\n")),
        );
        let zstd = |text: &str| {
            let mut out = Encoder::new(Vec::new(), Compression::Zstd);
            out.write_all(text.as_bytes()).unwrap();
            out.finish().unwrap()
        };
        for (inputs, i) in [(&good, 0), (&bad, 1)] {
            fs::write(inputs.join("a.ndjson"), &jsons[i]).unwrap();
            fs::write(inputs.join("b.csv"), header(rows[i].clone())).unwrap();
            fs::write(inputs.join("c.ndjson.zst"), zstd(&jsons[i])).unwrap();
        }
        let keys = [Key::parse(&"5a".repeat(32)).unwrap(), Key::parse(&"5b".repeat(32)).unwrap()];
        let sealers = [Sealer::new(&keys[0]), Sealer::new(&keys[1])];
        let scrub = scrub();
        let (want, out) = (folder.path().join("want"), folder.path().join("out"));
        batch(&scrub, &sealers[0], &good, &want);
        batch(&scrub, &sealers[0], &bad, &out);

        // What a better program would read: the kept bytes are those that the other folder has.
        let mend = |name: &str, lines: &dyn Fn(usize) -> String, still: &[usize]| {
            let path = out.join("quarantine").join(format!("{name}.jsonl"));
            let list = fs::read_to_string(&path).unwrap();
            assert_eq!(list.lines().count(), broken.len());
            let mut mended = String::new();
            for text in list.lines() {
                let mut line: Line = serde_json::from_str(text).unwrap();
                let number = line.record as usize - 1;
                if !still.contains(&number) {
                    line.sealed = Some(sealers[0].seal(&line.file, line.record, lines(number).as_bytes()).unwrap());
                }
                mended += &(serde_json::to_string(&line).unwrap() + "\n");
            }
            fs::write(path, mended).unwrap();
        };
        for still in [&[4, 8][..], &[]] {
            for (name, lines) in
                [("a.ndjson", &json as &dyn Fn(usize) -> String), ("b.csv", &row), ("c.ndjson.zst", &json)]
            {
                if still.is_empty() {
                    // Those that are left are good now too.
                    let path = out.join("quarantine").join(format!("{name}.jsonl"));
                    let list = fs::read_to_string(&path).unwrap();
                    let lines = list.lines().map(|text| {
                        let mut line: Line = serde_json::from_str(text).unwrap();
                        let bytes = lines(line.record as usize - 1);
                        line.sealed = Some(sealers[0].seal(&line.file, line.record, bytes.as_bytes()).unwrap());
                        serde_json::to_string(&line).unwrap() + "\n"
                    });
                    fs::write(&path, lines.collect::<String>()).unwrap();
                } else {
                    mend(name, lines, still);
                }
            }
            let before = fs::read(out.join("a.ndjson")).unwrap();
            let state = State::open_finished(&out, &Settings::default(), &[]).unwrap();
            let ask = Ask::default();
            // With another key than theirs nothing is opened.
            let other = Retry { scrub: &scrub, ask: &ask, state: &state, sealers: &sealers[1..] };
            for entry in state.finished() {
                let tried = other.file(&entry).unwrap();
                assert_eq!(tried.passed, 0);
                assert!(tried.stayed.keys().all(|why| *why == "its key is not at hand"));
            }
            assert_eq!(fs::read(out.join("a.ndjson")).unwrap(), before);
            let retry = Retry { sealers: &sealers, ..other };
            for entry in state.finished() {
                let tried = retry.file(&entry).unwrap();
                let stays: u64 = tried.stayed.values().sum();
                let want = if still.is_empty() { (2, 0) } else { (4, 2) };
                assert_eq!((tried.passed, stays), want, "{} {:?}", entry.path, tried.stayed);
            }
            state.close(Outcome::Finished).unwrap();
        }
        for name in ["a.ndjson", "b.csv", "c.ndjson.zst"] {
            assert!(fs::read(out.join(name)).unwrap() == fs::read(want.join(name)).unwrap(), "{name}");
            assert!(!out.join("quarantine").join(format!("{name}.jsonl")).exists());
        }
        // The manifest is that of the good ones, but for what is told of the inputs.
        let entries = |out: &Path| {
            let state = State::open_finished(out, &Settings::default(), &[]).unwrap();
            let told = |entry: Entry| {
                let mut counts = entry.counts.summary().unwrap();
                counts.tally.bytes = 0;
                (entry.path, entry.output, entry.quarantine, counts)
            };
            state.finished().into_iter().map(told).collect::<Vec<_>>()
        };
        assert_eq!(entries(&out), entries(&want));
    }
}
