//! What is done for a request: from its options and texts to scrubbed texts.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Service;
use super::access::Identity;
use super::crew::Deadline;
use super::cut::{Cutter, Mode, NotText};
use super::fault::Fault;
use super::gate::Call;
use super::proto::{
    ContextField, DeidentifyRequest, DeidentifyResponse, DetectRequest, DetectResponse, DetectedSegment,
    ListPoliciesResponse, Options, PolicyInfo, Scope as ScopeName, ScrubbedSegment, Segment, Span, Timings, Versions,
};
use super::shelf::Prepared;
use crate::engine::Facts;
use crate::finding::Finding;
use crate::identifier::{Hint, Label, Part};
use crate::pipeline::given::{Given, Text, Times};
use crate::record::field::Field;
use crate::resolve::Findings;
use crate::transform::{Scope, Transform};

/// How the texts of one request are scrubbed, and what was done so far.
pub(crate) struct Job {
    policy: Arc<Prepared>,
    transform: Arc<Transform>,
    scope: Scope,
    patient: Option<String>,
    document: Vec<u8>,
    spans: bool,
    lore: Lore,
    read: usize,
    written: usize,
    counts: [u64; Label::ALL.len()],
    clock: Clock,
}

/// What is known of those whom the texts of a request speak of.
pub(crate) struct Lore {
    known: Facts,
    /// Fields that are no single identifier: they are read as texts.
    beside: Vec<(Hint, Part, String)>,
    /// What of earlier blocks is in `known`.
    carried: HashSet<(Label, String)>,
}

/// How long a request took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    start: Instant,
    queued: Duration,
    times: Times,
}

/// A scrubbed text.
pub(crate) struct Scrubbed {
    pub(crate) text: String,
    pub(crate) spans: Vec<Span>,
}

/// A request that is answered: what is given to the threads that compute, and given back.
pub(crate) struct Desk<'s> {
    pub(crate) service: &'s Arc<Service>,
    pub(crate) deadline: Deadline,
}

impl Job {
    /// What the options ask for.
    pub(crate) fn new(service: &Service, caller: &Identity, options: Options) -> Result<Self, Fault> {
        let scope = ScopeName::try_from(options.scope);
        let scope = scope.map_err(|_| Fault::invalid("options.scope", "no such scope"))?;
        for (field, id) in
            [("session", &options.session), ("patient", &options.patient), ("document", &options.document)]
        {
            if id.len() > ID {
                return Err(Fault::invalid(format!("options.{field}"), "longer than 256 bytes"));
            }
        }
        let scope = match scope {
            ScopeName::Unspecified if !options.session.is_empty() => ScopeName::Session,
            ScopeName::Unspecified => ScopeName::Corpus,
            scope => scope,
        };
        let scope = match scope {
            ScopeName::Session if options.session.is_empty() => {
                return Err(Fault::invalid("options.session", "needed with SCOPE_SESSION"));
            }
            ScopeName::Patient if options.patient.trim().is_empty() => {
                return Err(Fault::invalid("options.patient", "needed with SCOPE_PATIENT"));
            }
            ScopeName::Session => Scope::Session(options.session),
            _ if !options.session.is_empty() => {
                return Err(Fault::invalid("options.session", "given, but the scope is another one"));
            }
            ScopeName::Patient => Scope::Patient,
            ScopeName::Document => Scope::Document,
            ScopeName::Corpus | ScopeName::Unspecified => Scope::Corpus,
        };
        let shelf = service.shelf();
        let policy = match shelf.policy(&options.policy) {
            // Whoever may use some only is not told what others there are.
            Err(fault) => return Err(if caller.may_use(&options.policy) { fault } else { Fault::Policy }),
            Ok(policy) if !caller.may_use(&policy.name) => return Err(Fault::Policy),
            Ok(policy) => Arc::clone(policy),
        };
        let transform = policy.transform(&options.destination)?;
        if transform.policy().needs().vault != crate::policy::Requirement::None {
            service.vault()?;
        }
        service.counter()?;
        let document = if options.document.is_empty() { drawn()? } else { options.document.into_bytes() };
        Ok(Self {
            policy,
            transform,
            scope,
            patient: Some(options.patient).filter(|patient| !patient.is_empty()),
            document,
            spans: options.spans,
            lore: Lore::new(&options.context, "options.context")?,
            read: 0,
            written: 0,
            counts: [0; Label::ALL.len()],
            clock: Clock::start(),
        })
    }

    /// Scrubs the texts of one record, or the next block of one text; with `more` to come, what is found is remembered.
    fn scrub(
        &mut self,
        service: &Service,
        segments: &[Segment],
        more: More,
        queued: Duration,
    ) -> Result<Vec<Scrubbed>, Fault> {
        let texts: Vec<Text<'_>> = segments.iter().map(|segment| text(segment, Some(&self.policy))).collect();
        let beside = self.lore.beside();
        let given = Given {
            texts: &texts,
            beside: &beside,
            known: &self.lore.known,
            patient: self.patient.as_deref(),
            document: &self.document,
        };
        let returned = service.counter()?.scrub(&self.transform, &self.scope, &given)?;
        let bytes = returned.tally.bytes as usize;
        service.metrics.scrubbed(queued, &returned.times, bytes, &returned.tally.replaced);
        self.clock.add(queued, &returned.times);
        self.counts.iter_mut().zip(returned.tally.replaced).for_each(|(count, more)| *count += more);
        if more == More::Comes {
            drop(beside);
            self.lore.carry(&texts, &returned.found);
        }
        let mut replaced = returned.replaced.iter().peekable();
        let mut scrubbed = Vec::with_capacity(returned.texts.len());
        for (number, text) in returned.texts.into_iter().enumerate() {
            let mut spans = Vec::new();
            while let Some(place) = replaced.next_if(|place| place.text == number) {
                if self.spans {
                    spans.push(Span {
                        label: place.label.name().to_owned(),
                        start: (self.read + place.before.start) as u64,
                        end: (self.read + place.before.end) as u64,
                        output_start: (self.written + place.after.start) as u64,
                        output_end: (self.written + place.after.end) as u64,
                        score: 0.0,
                    });
                }
            }
            scrubbed.push(Scrubbed { text, spans });
        }
        Ok(scrubbed)
    }

    /// Scrubs the next block of one text; offsets go on from the blocks before it.
    fn block(&mut self, service: &Service, text: String, more: More, queued: Duration) -> Result<Scrubbed, Fault> {
        let segment = Segment { text, field: String::new() };
        let mut scrubbed = self.scrub(service, std::slice::from_ref(&segment), more, queued)?;
        let scrubbed = scrubbed.pop().ok_or(Fault::Internal)?;
        self.read += segment.text.len();
        self.written += scrubbed.text.len();
        Ok(scrubbed)
    }

    /// Replacements by label.
    pub(crate) fn counts(&self) -> std::collections::BTreeMap<String, u64> {
        by_label(&self.counts)
    }

    pub(crate) fn timings(&self) -> Timings {
        self.clock.timings()
    }

    pub(crate) fn versions(&self, service: &Service) -> Versions {
        service.versions(format!("{} {}", self.policy.name, self.policy.version))
    }
}

/// Whether blocks of the same text follow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum More {
    Comes,
    Not,
}

impl Desk<'_> {
    /// Has the next block of a text scrubbed.
    pub(crate) async fn block(&self, mut job: Job, text: String, more: More) -> Result<(Job, Scrubbed), Fault> {
        let service = Arc::clone(self.service);
        self.service
            .crew
            .run(self.deadline, move |queued| job.block(&service, text, more, queued).map(|scrubbed| (job, scrubbed)))
            .await
    }

    async fn segments(&self, mut job: Job, segments: Vec<Segment>) -> Result<(Job, Vec<Scrubbed>), Fault> {
        let service = Arc::clone(self.service);
        self.service
            .crew
            .run(self.deadline, move |queued| {
                job.scrub(&service, &segments, More::Not, queued).map(|scrubbed| (job, scrubbed))
            })
            .await
    }
}

/// Answers a request to scrub.
pub(crate) async fn deidentify(
    service: &Arc<Service>,
    call: &Call,
    request: DeidentifyRequest,
) -> Result<DeidentifyResponse, Fault> {
    let DeidentifyRequest { options, text, segments } = request;
    check(service, &text, &segments)?;
    let mut job = Job::new(service, call.identity(), options.unwrap_or_default())?;
    let desk = Desk { service, deadline: call.deadline() };
    let mut response = DeidentifyResponse::default();
    if segments.is_empty() {
        let mut blocks = blocks(text)?.into_iter().peekable();
        while let Some(block) = blocks.next() {
            let more = if blocks.peek().is_some() { More::Comes } else { More::Not };
            let scrubbed;
            (job, scrubbed) = desk.block(job, block, more).await?;
            // One block is not copied.
            if response.text.is_empty() {
                response.text = scrubbed.text;
            } else {
                response.text.push_str(&scrubbed.text);
            }
            response.spans.extend(scrubbed.spans);
        }
    } else {
        let scrubbed;
        (job, scrubbed) = desk.segments(job, segments).await?;
        response.segments = scrubbed
            .into_iter()
            .map(|scrubbed| ScrubbedSegment { text: scrubbed.text, spans: scrubbed.spans })
            .collect();
    }
    response.counts = job.counts();
    let timings = job.timings();
    call.took(&timings);
    response.timings = Some(timings);
    response.versions = Some(job.versions(service));
    Ok(response)
}

/// Answers a request to detect.
pub(crate) async fn detect(
    service: &Arc<Service>,
    call: &Call,
    request: DetectRequest,
) -> Result<DetectResponse, Fault> {
    let DetectRequest { text, segments, context } = request;
    check(service, &text, &segments)?;
    service.counter()?;
    let mut lore = Lore::new(&context, "context")?;
    let mut clock = Clock::start();
    let mut response = DetectResponse::default();
    let mut parts: Vec<Vec<Segment>> = vec![segments];
    if parts.iter().all(Vec::is_empty) {
        let one = |text| vec![Segment { text, field: String::new() }];
        parts = blocks(text)?.into_iter().map(one).collect();
        let mut read = 0;
        let last = parts.len();
        for (number, part) in parts.into_iter().enumerate() {
            let length: usize = part.iter().map(|segment| segment.text.len()).sum();
            let more = if number + 1 < last { More::Comes } else { More::Not };
            let found;
            (lore, clock, found) = found_in(service, call, lore, clock, (part, more)).await?;
            response.spans.extend(found.iter().flatten().map(|finding| spot(finding, read)));
            read += length;
        }
    } else {
        for part in parts {
            let found;
            (lore, clock, found) = found_in(service, call, lore, clock, (part, More::Not)).await?;
            let spans = |found: Vec<Finding>| found.iter().map(|finding| spot(finding, 0)).collect();
            response.segments.extend(found.into_iter().map(|found| DetectedSegment { spans: spans(found) }));
        }
    }
    drop(lore);
    let timings = clock.timings();
    call.took(&timings);
    response.timings = Some(timings);
    response.versions = Some(service.versions(String::new()));
    Ok(response)
}

async fn found_in(
    service: &Arc<Service>,
    call: &Call,
    mut lore: Lore,
    mut clock: Clock,
    (segments, more): (Vec<Segment>, More),
) -> Result<(Lore, Clock, Vec<Vec<Finding>>), Fault> {
    let own = Arc::clone(service);
    let work = move |queued| {
        let texts: Vec<Text<'_>> = segments.iter().map(|segment| text(segment, None)).collect();
        let beside = lore.beside();
        let given = Given { texts: &texts, beside: &beside, known: &lore.known, patient: None, document: b"" };
        let (found, times) = own.counter()?.find(&given)?;
        let bytes = segments.iter().map(|segment| segment.text.len()).sum();
        own.metrics.scrubbed(queued, &times, bytes, &[0; Label::ALL.len()]);
        clock.add(queued, &times);
        drop(beside);
        if more == More::Comes {
            lore.carry(&texts, &found);
        }
        Ok((lore, clock, found.iter().map(|found| found.iter().copied().collect()).collect()))
    };
    service.crew.run(call.deadline(), work).await
}

/// The policies that the caller may use.
pub(crate) fn policies(service: &Service, caller: &Identity) -> ListPoliciesResponse {
    let shelf = service.shelf();
    let policies = shelf.iter().filter(|policy| caller.may_use(&policy.name)).map(|policy| PolicyInfo {
        name: policy.name.clone(),
        version: policy.version.clone(),
        preset: policy.is_preset,
        default: shelf.is_default(policy),
        destinations: policy.destinations().map(str::to_owned).collect(),
        ready: policy.is_ready(),
    });
    ListPoliciesResponse { policies: policies.collect() }
}

/// Counts by label, those that are not 0.
pub(crate) fn by_label(counts: &[u64; Label::ALL.len()]) -> std::collections::BTreeMap<String, u64> {
    let counts = Label::ALL.into_iter().zip(counts).filter(|(_, count)| **count > 0);
    counts.map(|(label, count)| (label.name().to_owned(), *count)).collect()
}

impl Lore {
    fn new(context: &[ContextField], path: &str) -> Result<Self, Fault> {
        if context.len() > FIELDS || context.iter().map(|field| field.value.len()).sum::<usize>() > LORE {
            return Err(Fault::invalid(path, "more than 256 fields or 64 KiB"));
        }
        let mut lore = Self { known: Facts::default(), beside: Vec::new(), carried: HashSet::new() };
        for ContextField { name, value } in context {
            let field = field(name);
            match field.hint(value, false) {
                Hint::Whole(label) if value.trim().len() <= Facts::LONGEST => {
                    lore.known.push(label, field.part(), value)
                }
                Hint::Skip => {}
                hint => lore.beside.push((hint, field.part(), value.clone())),
            }
        }
        Ok(lore)
    }

    fn beside(&self) -> Vec<Text<'_>> {
        self.beside.iter().map(|(hint, part, text)| Text { text, hint: *hint, part: *part, rule: None }).collect()
    }

    /// Remembers what was found in a block, for the blocks after it.
    fn carry(&mut self, texts: &[Text<'_>], found: &[Findings]) {
        for (text, found) in texts.iter().zip(found) {
            for finding in found.iter().filter(|f| f.score >= SURE && f.label.is_identifier()) {
                let value = finding.span.of(text.text);
                let bytes = self.known.as_bytes().len() + value.len();
                if value.len() <= Facts::LONGEST
                    && bytes < LORE
                    && self.carried.insert((finding.label, value.to_owned()))
                {
                    self.known.push(finding.label, Part::Full, value);
                }
            }
        }
    }
}

impl Clock {
    fn start() -> Self {
        Self { start: Instant::now(), queued: Duration::ZERO, times: Times::default() }
    }

    fn add(&mut self, queued: Duration, times: &Times) {
        self.queued += queued;
        self.times += *times;
    }

    fn timings(&self) -> Timings {
        let us = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        Timings {
            queue_us: us(self.queued),
            detect_us: us(self.times.detect),
            replace_us: us(self.times.replace),
            vault_us: us(self.times.vault),
            total_us: us(self.start.elapsed()),
        }
    }
}

/// Refuses what is more than may be, or no request.
fn check(service: &Service, text: &str, segments: &[Segment]) -> Result<(), Fault> {
    if !text.is_empty() && !segments.is_empty() {
        return Err(Fault::invalid("segments", "given beside text; give one of them"));
    }
    if segments.len() > SEGMENTS {
        return Err(Fault::invalid("segments", "more than 10,000"));
    }
    let bytes = text.len() + segments.iter().map(|segment| segment.text.len() + segment.field.len()).sum::<usize>();
    let limit = service.settings.text;
    if bytes > limit { Err(Fault::Large { limit }) } else { Ok(()) }
}

/// The blocks of a text that is there as a whole; one at least.
fn blocks(text: String) -> Result<Vec<String>, Fault> {
    if text.len() <= super::cut::WHOLE {
        return Ok(vec![text]);
    }
    let mut cutter = Cutter::new(Mode::Whole);
    cutter.push(text.as_bytes());
    let mut blocks = Vec::new();
    // It is a string: its blocks are.
    while let Some(block) = cutter.block().map_err(|NotText| Fault::Internal)? {
        blocks.push(block);
    }
    blocks.extend(cutter.rest().map_err(|NotText| Fault::Internal)?);
    Ok(blocks)
}

fn text<'s>(segment: &'s Segment, policy: Option<&Prepared>) -> Text<'s> {
    if segment.field.is_empty() {
        return Text { text: &segment.text, hint: Hint::Text, part: Part::Unknown, rule: None };
    }
    let field = field(&segment.field);
    let rule = policy.and_then(|policy| policy.rule(last(&segment.field)));
    Text { text: &segment.text, hint: field.hint(&segment.text, false), part: field.part(), rule }
}

/// What a name says that may be a path, as `/patient/name` or `patient.name`.
fn field(name: &str) -> Field {
    let path: Vec<&str> = name.split(['/', '.']).filter(|name| !name.is_empty()).collect();
    Field::of(&path)
}

fn last(name: &str) -> &str {
    name.rsplit(['/', '.']).find(|name| !name.is_empty()).unwrap_or(name)
}

fn spot(finding: &Finding, read: usize) -> Span {
    Span {
        label: finding.label.name().to_owned(),
        start: (read + finding.span.start) as u64,
        end: (read + finding.span.end) as u64,
        output_start: 0,
        output_end: 0,
        score: if finding.score.is_finite() { finding.score } else { 0.0 },
    }
}

/// What tells this request from all others.
fn drawn() -> Result<Vec<u8>, Fault> {
    let mut bytes = vec![0; 16];
    getrandom::fill(&mut bytes).map_err(|_| Fault::Internal)?;
    Ok(bytes)
}

/// Bytes of an id.
const ID: usize = 256;
/// Fields of a context.
const FIELDS: usize = 256;
/// Bytes of what is known.
const LORE: usize = 64 << 10;
/// Texts of a record.
const SEGMENTS: usize = 10_000;
/// From what score on a finding is looked for in later blocks.
const SURE: f32 = 0.9;
