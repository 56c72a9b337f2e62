//! Scrubs a chunk: the one place where records become clean records, whoever drives.

use std::borrow::Cow;
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use sha1::{Digest, Sha1};

use super::clean::{Aside, Clean, Tally};
use super::draft::{Draft, Packet};
use super::layout::{Layout, Reader};
use super::passage::Passages;
use super::people::People;
use super::source::{Chunk, Place};
use crate::engine::{Engine, Facts, Input, Worker};
use crate::policy::{Action, Attachments};
use crate::record::{Charset, Edits, Escape, Fate, Fault, Form, Format, Reason, Record, Segment, Walk};
use crate::resolve::Findings;
use crate::span::Span;
use crate::transform::{Scope, Transform, TransformError, Value, Whose, Written};

/// What all records of a run are scrubbed with.
pub struct Scrub {
    /// Finds identifiers.
    pub engine: Engine,
    /// Replaces them.
    pub transform: Transform,
    /// Within what equal values share a token.
    pub scope: Scope,
    /// What is known of the people of the whole export.
    pub people: Option<Arc<People>>,
}

/// Scrubs the chunks of one input, from several threads.
pub struct Desk<'a> {
    engine: &'a Engine,
    transform: &'a Transform,
    scope: &'a Scope,
    people: Option<&'a People>,
    layout: Layout,
    /// The input as its scope knows it.
    file: &'a str,
    /// The scope of what records of the whole export share.
    shared: Whose,
    /// Whether it matters whose a record is.
    tells_apart: bool,
    documents: Documents,
    idle: Mutex<Vec<Hand>>,
}

/// What tells documents apart: within one, equal values share a token under the scope of a document, and dates are shifted
/// and stand-ins drawn alike where no patient is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Documents {
    /// The input and the place of a record in it.
    #[default]
    Place,
    /// What stands in the record: equal ones are one document, wherever they stand.
    Content,
}

/// The tools of one thread.
pub(super) struct Hand {
    worker: Worker,
    reader: Reader,
    /// Of the record's own bytes.
    pub(super) edits: Edits,
    /// Of its contents, by their number.
    inner: Vec<Edits>,
    tokens: Vec<Span>,
    /// What is known of those whom the record speaks of.
    known: Facts,
    check: Check,
    waiting: Vec<Waiting>,
    /// Where the edits of the last record begin in the output.
    pub(super) places: Vec<usize>,
    pub(super) draft: Draft,
}

/// An edit with tokens that wait for their codes: in which content, which edit, and the orders from which to which.
struct Waiting {
    within: Option<u16>,
    edit: usize,
    orders: (usize, usize),
}

#[derive(Default)]
pub(super) struct Check {
    pub(super) copy: Vec<u8>,
    pub(super) buffers: simd_json::Buffers,
}

impl Hand {
    pub(super) fn new(engine: &Engine, layout: &Layout) -> Self {
        Self {
            worker: engine.worker(),
            reader: layout.reader(),
            edits: Edits::default(),
            inner: Vec::new(),
            tokens: Vec::new(),
            known: Facts::default(),
            check: Check::default(),
            waiting: Vec::new(),
            places: Vec::new(),
            draft: Draft::default(),
        }
    }

    /// The same tools over a draft that was begun with others.
    pub(super) fn with_draft(self, draft: Draft) -> Self {
        Self { draft, ..self }
    }

    /// What was found in each of the inputs, where `known` and what this hand knows of people is looked for besides.
    pub(super) fn find(&mut self, inputs: &[Input<'_>], known: &[&Facts]) -> Result<Vec<Findings>, Fault> {
        #[cfg(test)]
        tests::fail_on(inputs);
        let mut all = vec![&self.known];
        all.extend(known);
        let findings = self.worker.find_with(inputs, &all);
        // A segment without its findings must not pass.
        if findings.len() == inputs.len() { Ok(findings) } else { Err(Fault::new(0, Reason::Internal)) }
    }
}

impl<'a> Desk<'a> {
    /// For an input of that layout, `file` naming it within its scope.
    pub fn new(scrub: &'a Scrub, layout: Layout, file: &'a str) -> Self {
        let people = scrub.people.as_deref();
        Self { people, ..Self::of(&scrub.engine, &scrub.transform, &scrub.scope, layout, file) }
    }

    /// The same with parts that come from different places.
    pub(super) fn of(
        engine: &'a Engine,
        transform: &'a Transform,
        scope: &'a Scope,
        layout: Layout,
        file: &'a str,
    ) -> Self {
        let shared = Whose::new(&Scope::Corpus, None, &[]);
        Self {
            engine,
            transform,
            scope,
            people: None,
            layout,
            file,
            shared,
            tells_apart: transform.tells_apart(scope),
            documents: Documents::Place,
            idle: Mutex::default(),
        }
    }

    /// The same, its documents told apart so.
    #[cfg(feature = "parquet")]
    pub(super) fn told_apart_by(self, documents: Documents) -> Self {
        Self { documents, ..self }
    }

    /// Scrubs a chunk. A record that cannot be read, or on which a worker fails, is left out and listed.
    ///
    /// # Errors
    ///
    /// When the vault does not give the codes of the chunk's tokens: nothing of the chunk may be written then.
    pub fn scrub(&self, chunk: Chunk) -> Result<Clean, TransformError> {
        let mut hand = self.hand();
        hand.draft.clear();
        let mut bytes = Vec::with_capacity(chunk.bytes.len() + chunk.bytes.len() / 16);
        if chunk.number == 0 {
            bytes.extend_from_slice(self.layout.prefix);
        }
        let mut aside = Vec::new();
        let mut tally = Tally { bytes: chunk.bytes.len() as u64, ..Tally::default() };
        for place in &chunk.records {
            let before = bytes.len();
            let mark = hand.draft.mark();
            let counts = tally;
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
                        let draft = std::mem::take(&mut hand.draft);
                        hand = self.new_hand().with_draft(draft);
                        Err(Fault::new(0, Reason::Internal))
                    }),
            };
            let counted = u64::from(!blank && place.record > 0);
            match outcome {
                Ok(()) => {
                    bytes.extend_from_slice(ending);
                    tally.records += counted;
                    tally.written += counted;
                }
                Err(fault) => {
                    bytes.truncate(before);
                    hand.draft.truncate(mark);
                    tally = counts;
                    // A header that does not pass counts as a record, so that in = out + set aside.
                    tally.records += 1;
                    let kept = chunk.bytes.get(place.start..place.next).unwrap_or_default().to_vec();
                    aside.push(Aside { record: place.record, fault, at: before, bytes: kept });
                }
            }
        }
        hand.draft.settle(self.transform, &mut bytes)?;
        if let Ok(mut idle) = self.idle.lock() {
            idle.push(hand);
        }
        Ok(Clean { number: chunk.number, bytes, aside, tally })
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
        if record.segments.is_empty() && record.contents.is_empty() {
            out.extend_from_slice(raw);
            return Ok(());
        }
        let passages = Passages::of(&record.segments);
        tally.searched += passages.len() as u64;
        let inputs = passages.inputs(&record.segments);
        hand.known.clear();
        if let Some(people) = self.people {
            let references = record.references.iter().map(|reference| reference.as_ref());
            people.known(references, record.patient.as_deref(), &mut hand.known);
        }
        let findings = hand.find(&inputs, &[])?;
        let whose = self.whose(&record, place);
        self.rewrite(hand, &record, &passages, &findings, &whose, out, tally)
    }

    /// Appends the record with what was found in its passages replaced, codes of the vault left blank.
    #[expect(clippy::too_many_arguments, reason = "a record's parts, which are borrowed apart")]
    pub(super) fn rewrite(
        &self,
        hand: &mut Hand,
        record: &Record<'_>,
        passages: &Passages,
        findings: &[Findings],
        whose: &Whose,
        out: &mut Vec<u8>,
        tally: &mut Tally,
    ) -> Result<(), Fault> {
        hand.edits.clear();
        hand.inner.resize_with(record.contents.len().max(hand.inner.len()), Edits::default);
        hand.inner.iter_mut().for_each(Edits::clear);
        hand.waiting.clear();
        for (passage, found) in passages.iter().zip(findings) {
            if found.is_empty() {
                continue;
            }
            for (number, start) in passage.segments() {
                let Some(segment) = record.segments.get(number) else { continue };
                self.segment(hand, record, segment, start, found, whose, tally)?;
            }
        }
        let packets = self.contents(hand, record, tally)?;
        let before = out.len();
        hand.places.clear();
        hand.edits.apply(record.bytes, record.charset, out, &mut hand.places);
        let lost = Fault::new(0, Reason::Internal);
        let at = |edit: usize| hand.places.get(edit).copied().ok_or(lost);
        for waiting in hand.waiting.iter().filter(|waiting| waiting.within.is_none()) {
            hand.draft.orders.holes(waiting.orders.0, waiting.orders.1, at(waiting.edit)?, &mut hand.draft.holes);
        }
        for (content, edit, hash) in packets {
            let hash = hash.map(at).transpose()?;
            hand.draft.packets.push(Packet { content, at: at(edit)?, hash });
        }
        let edited = !hand.edits.is_empty();
        if edited && !hand.reader.is_sound(record.bytes, out.get(before..).unwrap_or_default(), &mut hand.check) {
            return Err(lost);
        }
        Ok(())
    }

    /// Replaces what was found in one segment of a passage, in which it begins at byte `start`.
    #[expect(clippy::too_many_arguments, reason = "a record's parts, which are borrowed apart")]
    fn segment(
        &self,
        hand: &mut Hand,
        record: &Record<'_>,
        segment: &Segment<'_>,
        start: usize,
        found: &Findings,
        whose: &Whose,
        tally: &mut Tally,
    ) -> Result<(), Fault> {
        let failed = |_: TransformError| Fault::new(segment.raw.start, Reason::ReplacementFailed);
        let (bytes, charset) = (record.bytes_of(segment), record.charset_of(segment));
        let edits = match segment.within {
            None => &mut hand.edits,
            Some(content) => hand.inner.get_mut(usize::from(content)).ok_or(Fault::new(0, Reason::Internal))?,
        };
        // What every record of the export has to say alike.
        let whose = if matches!(segment.form, Form::Id | Form::Shared) { &self.shared } else { whose };
        hand.tokens.clear();
        self.transform.existing_tokens(&segment.text, &mut hand.tokens).map_err(failed)?;
        let mut walk = Walk::new(bytes, charset, segment);
        let policy = self.transform.policy();
        for finding in found.iter().filter(|f| policy.action_in(segment.rule, f.label) != Action::Keep) {
            let low = finding.span.start.saturating_sub(start);
            let high = finding.span.end.saturating_sub(start).min(segment.text.len());
            if low >= high {
                continue;
            }
            // A number is replaced whole or not at all, half of one is no JSON; and so is what must keep its form.
            let typed = segment.escape == Escape::JsonNumber || !matches!(segment.form, Form::Free | Form::Shared);
            let whole = typed.then(|| Span::new(0, segment.text.len()));
            for span in outside(whole.unwrap_or(Span::new(low, high)), &hand.tokens, &segment.text) {
                let place = walk.raw(span);
                let text = span.of(&segment.text);
                let raw = match bytes.get(place.start..place.end).unwrap_or_default() {
                    raw if raw == text.as_bytes() => Cow::Borrowed(text),
                    raw => charset.decode(raw),
                };
                let value = Value {
                    label: finding.label,
                    rule: segment.rule,
                    text,
                    written: written(segment.escape, charset, &raw),
                    form: segment.form,
                };
                let (edit, first) = (edits.len(), hand.draft.orders.len());
                let orders = &mut hand.draft.orders;
                edits
                    .replace(place, segment.escape, |out| self.transform.replace(&value, whose, orders, out))
                    .map_err(failed)?;
                let last = hand.draft.orders.len();
                if last > first {
                    hand.waiting.push(Waiting { within: segment.within, edit, orders: (first, last) });
                }
                if let Some(count) = tally.replaced.get_mut(finding.label as usize) {
                    *count += 1;
                }
            }
            if whole.is_some() {
                break;
            }
        }
        Ok(())
    }

    /// Edits the record where its contents stand. Returns what is to be encoded once its codes are there: where the content
    /// stands in the draft, the edit of its base 64, and that of its hash.
    fn contents(
        &self,
        hand: &mut Hand,
        record: &Record<'_>,
        tally: &mut Tally,
    ) -> Result<Vec<(Span, usize, Option<usize>)>, Fault> {
        let mut packets = Vec::new();
        let policy = self.transform.policy();
        for (number, content) in record.contents.iter().enumerate() {
            let start = hand.draft.contents.len();
            match content.fate {
                Fate::Opaque(_) if policy.attachments() == Attachments::Keep => {
                    tally.unsearched += 1;
                    continue;
                }
                Fate::Opaque(label) => {
                    tally.removed += 1;
                    hand.draft.contents.extend_from_slice(format!("[{}]", label.name()).as_bytes());
                }
                Fate::Search => {
                    let Some(edits) = hand.inner.get(number).filter(|edits| !edits.is_empty()) else { continue };
                    hand.places.clear();
                    edits.apply(&content.bytes, content.charset, &mut hand.draft.contents, &mut hand.places);
                    for waiting in hand.waiting.iter().filter(|w| w.within.map(usize::from) == Some(number)) {
                        let at = hand.places.get(waiting.edit).copied().ok_or(Fault::new(0, Reason::Internal))?;
                        hand.draft.orders.holes(waiting.orders.0, waiting.orders.1, at, &mut hand.draft.inner);
                    }
                }
            }
            let span = Span::new(start, hand.draft.contents.len());
            let bytes = hand.draft.contents.get(start..).unwrap_or_default();
            let mut put = |raw: Span, text: &str| {
                let write = |out: &mut String| {
                    out.push_str(text);
                    Ok::<_, Infallible>(true)
                };
                let Ok(()) = hand.edits.replace(raw, Escape::None, write);
                hand.edits.len() - 1
            };
            let edit = put(content.raw, &BASE64.encode(bytes));
            if let Some(raw) = content.size {
                put(raw, &bytes.len().to_string());
            }
            let hash = content.hash.map(|raw| put(raw, &BASE64.encode(Sha1::digest(bytes))));
            packets.push((span, edit, hash));
        }
        Ok(packets)
    }

    fn whose(&self, record: &Record<'_>, place: &Place) -> Whose {
        if !self.tells_apart {
            return self.shared.clone();
        }
        if self.documents == Documents::Content {
            return Whose::new(self.scope, record.patient.as_deref(), record.bytes);
        }
        let mut document = Vec::from(self.file.as_bytes());
        if self.layout.is_table() || !self.layout.separator.is_empty() {
            document.push(0);
            let number = if self.layout.is_table() { place.record } else { place.document };
            document.extend_from_slice(&number.to_le_bytes());
        }
        Whose::new(self.scope, record.patient.as_deref(), &document)
    }

    fn hand(&self) -> Hand {
        let idle = self.idle.lock().ok().and_then(|mut idle| idle.pop());
        idle.unwrap_or_else(|| self.new_hand())
    }

    /// The same with the tools that another desk of that layout had.
    #[cfg(feature = "parquet")]
    pub(super) fn with_hands(self, hands: Vec<Hand>) -> Self {
        Self { idle: Mutex::new(hands), ..self }
    }

    /// The tools, once nothing is done with them any more.
    #[cfg(feature = "parquet")]
    pub(super) fn into_hands(self) -> Vec<Hand> {
        self.idle.into_inner().unwrap_or_default()
    }

    pub(super) fn new_hand(&self) -> Hand {
        Hand::new(self.engine, &self.layout)
    }
}

/// How a value is written where it stands, for a token to bring it back.
fn written(escape: Escape, charset: Charset, raw: &str) -> Written<'_> {
    match (escape, charset) {
        (Escape::JsonNumber, _) => Written::JsonNumber,
        (Escape::Json | Escape::JsonXml, _) => Written::Json(raw),
        (Escape::CsvQuoted | Escape::CsvBare, Charset::Utf8) => Written::Csv(raw),
        (Escape::CsvQuoted | Escape::CsvBare, Charset::Windows1252) => Written::Windows1252Csv(raw),
        (Escape::None | Escape::Cdata, Charset::Windows1252) => Written::Windows1252,
        (Escape::None | Escape::Cdata, Charset::Utf8) => Written::Canonical,
        (Escape::Xml | Escape::Hl7(_) | Escape::Rtf, Charset::Utf8) => Written::Raw(raw),
        (Escape::Xml | Escape::Hl7(_) | Escape::Rtf, Charset::Windows1252) => Written::Windows1252Raw(raw),
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
    use crate::identifier::Label;
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
            people: None,
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
