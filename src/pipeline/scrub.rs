//! Scrubs a chunk: the one place where records become clean records, whoever drives.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

use super::layout::{Layout, Reader};
use super::source::{Chunk, Place};
use crate::engine::{Engine, Input, Worker};
use crate::identifier::Label;
use crate::policy::Action;
use crate::record::{Charset, Edits, Escape, Fault, Format, Reason, Record, Walk, json, splice};
use crate::span::Span;
use crate::transform::{Hole, Orders, Scope, Transform, TransformError, Value, Whose, Written};

/// What all records of a run are scrubbed with.
pub struct Scrub {
    /// Finds identifiers.
    pub engine: Engine,
    /// Replaces them.
    pub transform: Transform,
    /// Within what equal values share a token.
    pub scope: Scope,
}

/// Scrubs the chunks of one input, from several threads.
pub struct Desk<'a> {
    scrub: &'a Scrub,
    layout: Layout,
    /// The input as its scope knows it.
    file: &'a str,
    idle: Mutex<Vec<Hand>>,
}

/// A scrubbed chunk.
pub struct Clean {
    /// The chunk's number.
    pub number: u64,
    /// What is to be written.
    pub bytes: Vec<u8>,
    /// Records with their faults; they are not in `bytes`.
    pub faults: Vec<(u64, Fault)>,
    /// What was done.
    pub tally: Tally,
}

impl std::fmt::Debug for Clean {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Clean").field("number", &self.number).field("bytes", &self.bytes.len()).finish()
    }
}

/// Counts over records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Bytes read.
    pub bytes: u64,
    /// Records read.
    pub records: u64,
    /// Records written.
    pub written: u64,
    /// Texts searched: fields, cells, documents.
    pub searched: u64,
    /// Replacements by label, in the order of [`Label::ALL`].
    pub replaced: [u64; Label::ALL.len()],
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.bytes += other.bytes;
        self.records += other.records;
        self.searched += other.searched;
        self.written += other.written;
        self.replaced.iter_mut().zip(other.replaced).for_each(|(a, b)| *a += b);
    }
}

/// The tools of one thread.
struct Hand {
    worker: Worker,
    reader: Reader,
    edits: Edits,
    tokens: Vec<Span>,
    check: Check,
    orders: Orders,
    holes: Vec<Hole>,
    /// Edits of the record at hand with a token that waits for its code: which, and the orders they are.
    waiting: Vec<(usize, usize, usize)>,
    places: Vec<usize>,
}

#[derive(Default)]
struct Check {
    copy: Vec<u8>,
    buffers: simd_json::Buffers,
}

impl<'a> Desk<'a> {
    /// For an input of that layout, `file` naming it within its scope.
    pub fn new(scrub: &'a Scrub, layout: Layout, file: &'a str) -> Self {
        Self { scrub, layout, file, idle: Mutex::new(Vec::new()) }
    }

    /// Scrubs a chunk. A record that cannot be read, or on which a worker fails, is left out and listed.
    ///
    /// # Errors
    ///
    /// When the vault does not give the codes of the chunk's tokens: nothing of the chunk may be written then.
    pub fn scrub(&self, chunk: Chunk) -> Result<Clean, TransformError> {
        let mut hand = self.hand();
        hand.orders.truncate(0);
        hand.holes.clear();
        let mut bytes = Vec::with_capacity(chunk.bytes.len() + chunk.bytes.len() / 16);
        if chunk.number == 0 {
            bytes.extend_from_slice(self.layout.prefix);
        }
        let mut faults = Vec::new();
        let mut tally = Tally { bytes: chunk.bytes.len() as u64, ..Tally::default() };
        for place in &chunk.records {
            let before = bytes.len();
            let waiting = (hand.orders.len(), hand.holes.len());
            let counts = (tally.replaced, tally.searched);
            let raw = chunk.bytes.get(place.start..place.end).unwrap_or_default();
            let ending = chunk.bytes.get(place.end..place.next).unwrap_or_default();
            let blank = self.layout.format == Format::Ndjson && raw.trim_ascii().is_empty() && place.fault.is_none();
            let outcome = match place.fault {
                Some(fault) => Err(fault),
                None if blank => {
                    bytes.extend_from_slice(raw);
                    Ok(())
                }
                None => catch_unwind(AssertUnwindSafe(|| self.record(&mut hand, raw, place, &mut bytes, &mut tally)))
                    .unwrap_or_else(|_| {
                        // Its buffers may be in any state, but for what the records before it wait for.
                        let (orders, holes) = (std::mem::take(&mut hand.orders), std::mem::take(&mut hand.holes));
                        hand = Hand { orders, holes, ..self.new_hand() };
                        Err(Fault::new(0, Reason::Internal))
                    }),
            };
            let counted = u64::from(!blank && place.record > 0);
            tally.records += counted;
            match outcome {
                Ok(()) => {
                    bytes.extend_from_slice(ending);
                    tally.written += counted;
                }
                Err(fault) => {
                    bytes.truncate(before);
                    hand.orders.truncate(waiting.0);
                    hand.holes.truncate(waiting.1);
                    (tally.replaced, tally.searched) = counts;
                    // A header that does not pass counts as a record, so that in = out + set aside.
                    tally.records += 1 - counted;
                    faults.push((place.record, fault));
                }
            }
        }
        self.scrub.transform.settle(&hand.orders, &hand.holes, &mut bytes)?;
        if let Ok(mut idle) = self.idle.lock() {
            idle.push(hand);
        }
        Ok(Clean { number: chunk.number, bytes, faults, tally })
    }

    fn record(
        &self,
        hand: &mut Hand,
        raw: &[u8],
        place: &Place,
        out: &mut Vec<u8>,
        tally: &mut Tally,
    ) -> Result<(), Fault> {
        let record = hand.reader.read(raw, place.record == 0)?;
        if record.segments.is_empty() {
            out.extend_from_slice(raw);
            return Ok(());
        }
        tally.searched += record.segments.len() as u64;
        let inputs: Vec<Input<'_>> = record.segments.iter().map(|s| Input { text: &s.text, hint: s.hint }).collect();
        #[cfg(test)]
        tests::fail_on(&inputs);
        let findings = hand.worker.find(&inputs);
        // A segment without its findings must not pass.
        if findings.len() != record.segments.len() {
            return Err(Fault::new(0, Reason::Internal));
        }
        let whose = self.whose(&record, place);
        let failed = |at: usize| move |_: TransformError| Fault::new(at, Reason::ReplacementFailed);
        hand.edits.clear();
        hand.waiting.clear();
        for (number, (segment, found)) in record.segments.iter().zip(&findings).enumerate() {
            if found.is_empty() {
                continue;
            }
            hand.tokens.clear();
            self.scrub.transform.existing_tokens(&segment.text, &mut hand.tokens).map_err(failed(segment.raw.start))?;
            let mut walk = Walk::new(&record, segment);
            for finding in
                found.iter().filter(|f| self.scrub.transform.policy().action_in(segment.rule, f.label) != Action::Keep)
            {
                // A number is replaced whole or not at all: half of one is no JSON.
                let whole = (segment.escape == Escape::JsonNumber).then(|| Span::new(0, segment.text.len()));
                for span in outside(whole.unwrap_or(finding.span), &hand.tokens, &segment.text) {
                    let raw = walk.raw(span);
                    let raw = record.charset.decode(record.bytes.get(raw.start..raw.end).unwrap_or_default());
                    let written = match (segment.escape, record.charset) {
                        (Escape::JsonNumber, _) => Written::JsonNumber,
                        (Escape::Json, _) => Written::Json(&raw),
                        (Escape::CsvQuoted | Escape::CsvBare, Charset::Utf8) => Written::Csv(&raw),
                        (Escape::CsvQuoted | Escape::CsvBare, Charset::Windows1252) => Written::Windows1252Csv(&raw),
                        (Escape::None, Charset::Windows1252) => Written::Windows1252,
                        (Escape::None, Charset::Utf8) => Written::Canonical,
                    };
                    let value =
                        Value { label: finding.label, rule: segment.rule, text: span.of(&segment.text), written };
                    let (edit, first) = (hand.edits.len(), hand.orders.len());
                    let orders = &mut hand.orders;
                    hand.edits
                        .replace(number, span, |out| self.scrub.transform.replace(&value, &whose, orders, out))
                        .map_err(failed(segment.raw.start))?;
                    if hand.orders.len() > first {
                        hand.waiting.push((edit, first, hand.orders.len()));
                    }
                    if let Some(count) = tally.replaced.get_mut(finding.label as usize) {
                        *count += 1;
                    }
                }
                if whole.is_some() {
                    break;
                }
            }
        }
        let before = out.len();
        hand.places.clear();
        splice(&record, &hand.edits, out, &mut hand.places);
        for (edit, first, last) in &hand.waiting {
            let at = hand.places.get(*edit).copied().ok_or(Fault::new(0, Reason::Internal))?;
            hand.orders.holes(*first, *last, at, &mut hand.holes);
        }
        let json = matches!(self.layout.format, Format::Json | Format::Ndjson);
        if json && !hand.edits.is_empty() {
            let written = out.get(before..).unwrap_or_default();
            if !json::is_valid(written, &mut hand.check.copy, &mut hand.check.buffers) {
                return Err(Fault::new(0, Reason::Internal));
            }
        }
        Ok(())
    }

    fn whose(&self, record: &Record<'_>, place: &Place) -> Whose {
        let mut document = Vec::from(self.file.as_bytes());
        if self.layout.is_table() || !self.layout.separator.is_empty() {
            document.push(0);
            let number = if self.layout.is_table() { place.record } else { place.document };
            document.extend_from_slice(&number.to_le_bytes());
        }
        Whose::new(&self.scrub.scope, record.patient.as_deref(), &document)
    }

    fn hand(&self) -> Hand {
        let idle = self.idle.lock().ok().and_then(|mut idle| idle.pop());
        idle.unwrap_or_else(|| self.new_hand())
    }

    fn new_hand(&self) -> Hand {
        Hand {
            worker: self.scrub.engine.worker(),
            reader: self.layout.reader(),
            edits: Edits::default(),
            tokens: Vec::new(),
            check: Check::default(),
            orders: Orders::default(),
            holes: Vec::new(),
            waiting: Vec::new(),
            places: Vec::new(),
        }
    }
}

/// The parts of `span` outside the tokens that hold anything to hide.
fn outside<'t>(span: Span, tokens: &'t [Span], text: &'t str) -> impl Iterator<Item = Span> + 't {
    let mut at = span.start;
    let inside = tokens.iter().filter(move |token| token.overlaps(span)).copied();
    let ends = inside.chain([Span::new(span.end, span.end)]);
    ends.filter_map(move |token| {
        let part = Span::new(at, token.start.max(at));
        at = at.max(token.end);
        let worth = part == span || part.of(text).chars().any(char::is_alphanumeric);
        (!part.is_empty() && worth).then_some(part)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use std::io::Cursor;

    use super::*;
    use crate::error::InputError;
    use crate::pipeline::layout::Ask;
    use crate::pipeline::quarantine::Quarantine;
    use crate::pipeline::{Run, Source, Summary, run};
    use crate::policy::Policy;
    use crate::transform::Means;

    /// In unit tests, a record that holds this makes its worker panic, with the record's text in the panic's message.
    const SABOTAGE: &str = "sabotage";

    pub(super) fn fail_on(inputs: &[Input<'_>]) {
        for input in inputs {
            assert!(!input.text.contains(SABOTAGE), "{}", input.text);
        }
    }

    impl Quarantine for Vec<InputError> {
        fn add(&mut self, error: &InputError) -> std::io::Result<()> {
            self.push(error.clone());
            Ok(())
        }
    }

    fn scrub(ask: &Ask, input: &str, threads: Option<usize>) -> (String, Vec<InputError>, Summary) {
        let scrub = Scrub {
            engine: Engine::embedded(),
            transform: Transform::new(Policy::preset("redact").unwrap(), Means::default()).unwrap(),
            scope: Scope::Corpus,
        };
        let pool = threads.map(|n| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap());
        let source = Source::open(Cursor::new(input.as_bytes().to_vec()), ask, None).unwrap().unwrap();
        let job = Run { scrub: &scrub, file: "-", target: "-", progress: &|_| {} };
        let (mut out, mut aside) = (Vec::new(), Vec::new());
        let summary = run(&job, source, &mut out, &mut aside, pool.as_ref()).unwrap();
        (String::from_utf8(out).unwrap(), aside, summary)
    }

    #[test]
    fn a_record_that_a_worker_panics_on_is_set_aside_and_the_others_pass() {
        for (format, input, want, records) in [
            (
                Format::Ndjson,
                "{\"mrn\":\"00482913\"}\n{\"mrn\":\"00482914\",\"note\":\"sabotage\"}\r\n\n{\"mrn\":\"00482915\"}\n[\"sabotage\"]",
                "{\"mrn\":\"[MRN]\"}\n\n{\"mrn\":\"[MRN]\"}\n",
                &[2, 5][..],
            ),
            (
                Format::Csv,
                "mrn,note\n00482913,seen\n00482914,sabotage\n00482915,well\n",
                "mrn,note\n[MRN],seen\n[MRN],well\n",
                &[2],
            ),
            (Format::Tsv, "mrn\tnote\n00482914\tsabotage\n", "mrn\tnote\n", &[1]),
            // A header that fails is left out as well, and counted.
            (Format::Csv, "mrn,sabotage\n00482913,x\n", "[MRN],x\n", &[0]),
            (Format::Json, "{\"mrn\":\"00482914\",\"note\":\"sabotage\"}", "", &[1]),
            (Format::Text, "one\x0cMRN: 00482914 sabotage\x0cthree", "one\x0cthree", &[2]),
        ] {
            for threads in [None, Some(1), Some(3)] {
                let ask = Ask { format: Some(format), separator: b"\x0c".to_vec(), ..Ask::default() };
                let (out, aside, summary) = scrub(&ask, input, threads);
                assert_eq!(out, want, "{format:?}");
                let places: Vec<u64> = aside.iter().map(|e| e.record).collect();
                assert_eq!(places, records, "{format:?}");
                assert!(aside.iter().all(|e| e.fault.reason == Reason::Internal));
                assert!(aside.iter().all(|e| !e.to_string().contains(SABOTAGE)));
                assert_eq!(summary.tally.records, summary.tally.written + summary.quarantined());
                assert_eq!(summary.quarantined(), records.len() as u64);
            }
        }
    }

    #[test]
    fn what_a_failed_record_counted_is_not_counted() {
        // The counts are those of the output: nothing of the record that failed late.
        let (out, _, summary) = scrub(
            &Ask { format: Some(Format::Ndjson), ..Ask::default() },
            "{\"mrn\":\"00482914\",\"note\":\"sabotage\"}\n{\"mrn\":\"00482915\"}\n",
            None,
        );
        assert_eq!(summary.tally.replaced[Label::Mrn as usize], 1);
        assert_eq!(out.matches("[MRN]").count(), 1);
    }

    #[test]
    fn a_byte_order_mark_alone_is_kept() {
        for format in [None, Some(Format::Text), Some(Format::Csv), Some(Format::Ndjson)] {
            let (out, _, summary) = scrub(&Ask { format, ..Ask::default() }, "\u{feff}", None);
            assert_eq!((out.as_str(), summary.tally.records), ("\u{feff}", 0), "{format:?}");
        }
    }

    #[test]
    fn tokens_are_cut_out_of_findings() {
        let text = "ab [N] cd";
        let token = [Span::new(3, 6)];
        for (span, tokens, want) in [
            (Span::new(0, 9), &token[..], &["ab ", " cd"][..]),
            (Span::new(3, 6), &token, &[]),
            (Span::new(2, 7), &token, &[]),
            (Span::new(0, 2), &token, &["ab"]),
            (Span::new(0, 4), &token, &["ab "]),
            (Span::new(0, 9), &[], &["ab [N] cd"]),
        ] {
            let parts: Vec<&str> = outside(span, tokens, text).map(|s| s.of(text)).collect();
            assert_eq!(parts, want);
        }
    }
}
