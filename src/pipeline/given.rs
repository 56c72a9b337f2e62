//! Scrubs texts that are handed over rather than read from a file: the texts of one record, by the same path as those of a
//! file.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::clean::Tally;
use super::layout::Layout;
use super::passage::Passages;
use super::scrub::{Desk, Hand};
use crate::engine::{Engine, Facts, Input};
use crate::identifier::{Hint, Label, Part};
use crate::record::{Charset, Escape, Fault, Format, Reason, Record, Segment};
use crate::resolve::Findings;
use crate::span::Span;
use crate::transform::{Scope, Transform, TransformError, Whose};

/// Where texts are handed over. One serves all threads; it keeps their tools from one record to the next.
pub struct Counter {
    engine: Engine,
    layout: Layout,
    idle: Mutex<Vec<Hand>>,
}

/// A text of a record.
#[derive(Clone, Copy)]
pub struct Text<'t> {
    /// The text.
    pub text: &'t str,
    /// What the name of its field says of it.
    pub hint: Hint,
    /// Which part of a person's name it is.
    pub part: Part,
    /// The number of the policy's field that it stands in.
    pub rule: Option<u16>,
}

/// The texts of one record, with what is known beside them.
#[derive(Clone, Copy)]
pub struct Given<'t> {
    /// They come back scrubbed.
    pub texts: &'t [Text<'t>],
    /// They are read with the others and do not come back.
    pub beside: &'t [Text<'t>],
    /// What is known of whom the record speaks of.
    pub known: &'t Facts,
    /// Whose record it is.
    pub patient: Option<&'t str>,
    /// Tells documents apart.
    pub document: &'t [u8],
}

/// Scrubbed texts.
pub struct Returned {
    /// As many as were given, in their order.
    pub texts: Vec<String>,
    /// What was found in each of them.
    pub found: Vec<Findings>,
    /// What was replaced, in order.
    pub replaced: Vec<Replaced>,
    /// Counts.
    pub tally: Tally,
    /// How long it took.
    pub times: Times,
}

/// A replacement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Replaced {
    /// The number of its text.
    pub text: usize,
    /// What stood there.
    pub label: Label,
    /// Where, in the text that was given.
    pub before: Span,
    /// Where that is in the scrubbed text.
    pub after: Span,
}

/// How long the stages took.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Times {
    /// Finding, the model's part among it.
    pub detect: Duration,
    /// Replacing.
    pub replace: Duration,
    /// Waiting for the vault's codes.
    pub vault: Duration,
}

/// Why texts do not come back. Holds nothing of them.
#[derive(Debug, thiserror::Error)]
pub enum Withheld {
    /// They could not be read or replaced.
    #[error("the texts could not be scrubbed: {0:?}")]
    Fault(Fault),
    /// The vault or the cipher did not do its part.
    #[error(transparent)]
    Transform(#[from] TransformError),
}

impl From<Fault> for Withheld {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl std::ops::AddAssign for Times {
    fn add_assign(&mut self, other: Self) {
        self.detect += other.detect;
        self.replace += other.replace;
        self.vault += other.vault;
    }
}

impl Counter {
    /// Texts handed over here are searched by `engine`.
    pub fn new(engine: Engine) -> Self {
        let layout =
            Layout { format: Format::Text, prefix: b"", table: None, separator: Vec::new(), select: <_>::default() };
        Self { engine, layout, idle: Mutex::default() }
    }

    /// Scrubs the texts of a record.
    ///
    /// # Errors
    ///
    /// Nothing of them may be passed on then.
    pub fn scrub(&self, transform: &Transform, scope: &Scope, given: &Given<'_>) -> Result<Returned, Withheld> {
        let mut records = self.scrub_all(transform, scope, std::slice::from_ref(given))?;
        Ok(records.pop().ok_or(LOST)??)
    }

    /// Scrubs records that wait for the vault together: it is asked once for all of them. A record that cannot be scrubbed
    /// has a fault in its place, and nothing of it may be passed on.
    ///
    /// # Errors
    ///
    /// When the vault does not give the codes of their tokens: nothing of any of them may be passed on then.
    pub fn scrub_all(
        &self,
        transform: &Transform,
        scope: &Scope,
        given: &[Given<'_>],
    ) -> Result<Vec<Result<Returned, Fault>>, TransformError> {
        let desk = Desk::of(&self.engine, transform, scope, self.layout.clone(), "");
        let mut hand = self.idle().pop().unwrap_or_else(|| desk.new_hand());
        hand.draft.clear();
        let mut out = Vec::new();
        let mut drafts = Vec::with_capacity(given.len());
        for given in given {
            let (before, mark) = (out.len(), hand.draft.mark());
            let done = catch_unwind(AssertUnwindSafe(|| drafted(&desk, &mut hand, scope, given, &mut out)));
            let done = done.unwrap_or_else(|_| {
                // Its buffers may be in any state, but for what the records before it wait for.
                let draft = std::mem::take(&mut hand.draft);
                hand = desk.new_hand().with_draft(draft);
                Err(LOST)
            });
            if done.is_err() {
                out.truncate(before);
                hand.draft.truncate(mark);
            }
            drafts.push(done);
        }
        let start = Instant::now();
        hand.draft.settle(transform, &mut out)?;
        let waited = start.elapsed();
        self.idle().push(hand);
        let returned = |draft: Drafted| draft.returned(&out, waited);
        Ok(drafts.into_iter().map(|draft| draft.and_then(returned)).collect())
    }

    /// Says what is in the texts of a record.
    ///
    /// # Errors
    ///
    /// When a worker fails on them.
    pub fn find(&self, given: &Given<'_>) -> Result<(Vec<Findings>, Times), Withheld> {
        let hand = self.idle().pop();
        let done = catch_unwind(AssertUnwindSafe(|| {
            let mut hand = hand.unwrap_or_else(|| Hand::new(&self.engine, &self.layout));
            let start = Instant::now();
            let found = find(&mut hand, given);
            (found, Times { detect: start.elapsed(), ..Times::default() }, hand)
        }));
        let Ok((found, times, hand)) = done else { return Err(LOST.into()) };
        self.idle().push(hand);
        Ok((found?, times))
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Hand>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn find(hand: &mut Hand, given: &Given<'_>) -> Result<Vec<Findings>, Fault> {
    let all = given.texts.iter().chain(given.beside);
    let inputs: Vec<Input<'_>> = all.map(|text| Input { text: text.text, hint: text.hint, part: text.part }).collect();
    let mut found = hand.find(&inputs, &[given.known])?;
    found.truncate(given.texts.len());
    Ok(found)
}

/// A record whose codes are still to be filled in.
struct Drafted {
    /// Where its texts stand in the output.
    borders: Vec<Span>,
    found: Vec<Findings>,
    replaced: Vec<Replaced>,
    tally: Tally,
    times: Times,
}

impl Drafted {
    /// With the codes filled in, for which all of them `waited`.
    fn returned(self, out: &[u8], waited: Duration) -> Result<Returned, Fault> {
        let part = |span: &Span| {
            let text = out.get(span.start..span.end).and_then(|text| std::str::from_utf8(text).ok());
            text.map(str::to_owned).ok_or(LOST)
        };
        let texts = self.borders.iter().map(part).collect::<Result<_, _>>()?;
        let Self { found, replaced, tally, times, .. } = self;
        Ok(Returned { texts, found, replaced, tally, times: Times { vault: waited, ..times } })
    }
}

/// Appends the texts of the record to `out`, what was found in them replaced, codes of the vault left blank.
fn drafted(
    desk: &Desk<'_>,
    hand: &mut Hand,
    scope: &Scope,
    given: &Given<'_>,
    out: &mut Vec<u8>,
) -> Result<Drafted, Fault> {
    let start = Instant::now();
    let found = find(hand, given)?;
    let detected = Instant::now();
    let bytes = given.texts.iter().map(|text| text.text).collect::<Vec<_>>().concat();
    let mut record = Record::new(bytes.as_bytes(), Charset::Utf8);
    record.patient = given.patient.map(Cow::Borrowed);
    let mut at = 0;
    for text in given.texts {
        let raw = Span::new(at, at + text.text.len());
        at = raw.end;
        let segment = Segment::new(raw, Cow::Borrowed(text.text), text.hint, Escape::None);
        record.segments.push(Segment { rule: text.rule, part: text.part, ..segment });
    }
    let passages = Passages::of(&record.segments);
    let whose = Whose::new(scope, given.patient, given.document);
    let mut tally = Tally { bytes: bytes.len() as u64, records: 1, written: 1, ..Tally::default() };
    tally.searched = given.texts.len() as u64;
    let before = out.len();
    out.reserve(bytes.len() + bytes.len() / 8);
    desk.rewrite(hand, &record, &passages, &found, &whose, out, &mut tally)?;
    let times = Times { detect: detected - start, replace: detected.elapsed(), vault: Duration::ZERO };
    let (borders, replaced) = places(hand, &record, &found, before);
    Ok(Drafted { borders, found, replaced, tally, times })
}

/// Where in the output the texts of the record that was written last stand, from byte `at` on, and what was replaced in
/// them.
fn places(hand: &Hand, record: &Record<'_>, found: &[Findings], at: usize) -> (Vec<Span>, Vec<Replaced>) {
    let mut edits: Vec<(Span, usize, usize)> =
        hand.edits.sizes().zip(&hand.places).map(|((raw, length), place)| (raw, *place, length)).collect();
    edits.sort_unstable_by_key(|(raw, ..)| raw.start);
    let mut edits = edits.into_iter().peekable();
    let (mut borders, mut replaced) = (Vec::with_capacity(record.segments.len()), Vec::with_capacity(edits.len()));
    // Where what stands at `read` of the record stands in the output.
    let (mut read, mut written) = (0, at);
    for (number, segment) in record.segments.iter().enumerate() {
        let start = written + (segment.raw.start - read);
        while let Some((raw, place, length)) = edits.next_if(|(raw, ..)| raw.start < segment.raw.end) {
            let before = Span::new(raw.start - segment.raw.start, raw.end - segment.raw.start);
            let at = found.get(number).and_then(|found| found.iter().find(|f| f.span.overlaps(before)));
            let after = Span::new(place - start, place + length - start);
            if let Some(finding) = at {
                replaced.push(Replaced { text: number, label: finding.label, before, after });
            }
            (read, written) = (raw.end, place + length);
        }
        let end = written + (segment.raw.end - read);
        borders.push(Span::new(start, end));
        (read, written) = (segment.raw.end, end);
    }
    (borders, replaced)
}

/// What fails for no fault of the record's.
const LOST: Fault = Fault { offset: 0, reason: Reason::Internal };

// They hold text: lengths only.
impl std::fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Text").field("bytes", &self.text.len()).field("hint", &self.hint).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Returned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Returned").field("texts", &self.texts.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::policy::Policy;
    use crate::transform::Means;

    fn text(text: &str) -> Text<'_> {
        Text { text, hint: Hint::Text, part: Part::Unknown, rule: None }
    }

    fn scrub(texts: &[Text<'_>], beside: &[Text<'_>], known: &Facts) -> Result<Returned, Withheld> {
        let transform = Transform::new(Policy::preset("redact").unwrap(), Means::default()).unwrap();
        let given = Given { texts, beside, known, patient: None, document: b"" };
        Counter::new(Engine::embedded()).scrub(&transform, &Scope::Corpus, &given)
    }

    #[test]
    fn texts_come_back_one_by_one_with_where_their_replacements_stand() {
        let first = Text { hint: Hint::Whole(Label::Name), ..text("Thaddeus Okonjo-Reyes") };
        let texts =
            [first, text(""), text("Reyes asked for ice on 03/04/2019."), text("No change."), text("MRN 00482913")];
        let returned = scrub(&texts, &[], &Facts::default()).unwrap();
        let want = ["[NAME]", "", "[NAME] asked for ice on [DATE].", "No change.", "MRN [MRN]"];
        assert_eq!(returned.texts, want);
        let parts: Vec<(&str, &str)> = returned
            .replaced
            .iter()
            .map(|r| (r.before.of(texts[r.text].text), r.after.of(&returned.texts[r.text])))
            .collect();
        assert_eq!(
            parts,
            [("Thaddeus Okonjo-Reyes", "[NAME]"), ("Reyes", "[NAME]"), ("03/04/2019", "[DATE]"), ("00482913", "[MRN]")]
        );
        assert_eq!(returned.tally.replaced[Label::Name as usize], 2);
    }

    #[test]
    fn what_is_known_or_stands_beside_is_looked_for_and_does_not_come_back() {
        let note = [text("Zqorvax asked for ice and the plovtrik was seen by her again in the clinic today.")];
        let plain = scrub(&note, &[], &Facts::default()).unwrap();
        let mut known = Facts::default();
        known.push(Label::Name, Part::Family, "Zqorvax");
        let by_fact = scrub(&note, &[], &known).unwrap();
        let beside = [Text { hint: Hint::Whole(Label::Name), part: Part::Family, ..text("Zqorvax") }];
        let by_field = scrub(&note, &beside, &Facts::default()).unwrap();
        for (name, returned) in [("fact", by_fact), ("field", by_field)] {
            assert!(returned.texts[0].starts_with("[NAME] asked"), "{name}");
            assert_eq!(returned.texts.len(), 1, "{name}");
        }
        assert_eq!(plain.texts.len(), 1);
    }

    #[test]
    fn a_text_that_a_worker_panics_on_is_withheld_and_the_next_one_is_not() {
        let transform = Transform::new(Policy::preset("redact").unwrap(), Means::default()).unwrap();
        let counter = Counter::new(Engine::embedded());
        let known = Facts::default();
        for (note, passes) in [("MRN 00482913", true), ("MRN 00482913 sabotage", false), ("MRN 00482913", true)] {
            let given = Given { texts: &[text(note)], beside: &[], known: &known, patient: None, document: b"" };
            let done = counter.scrub(&transform, &Scope::Corpus, &given);
            assert_eq!(done.is_ok(), passes, "{note}");
            assert_eq!(counter.find(&given).is_ok(), passes, "{note}");
            if let Err(withheld) = done {
                assert!(!withheld.to_string().contains("sabotage"));
            }
        }
    }
}
