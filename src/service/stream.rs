//! Streams: pieces in, blocks out. What comes out does not depend on how the pieces were cut.

use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio_stream::Stream as _;
use tonic::{Status, Streaming};

use super::Service;
use super::crew::Deadline;
use super::cut::{Cutter, Mode};
use super::fault::Fault;
use super::gate::Call;
use super::proto::{
    DeidentifyStreamRequest, DeidentifyStreamResponse, RevealStreamRequest, RevealStreamResponse, StreamMode,
    StreamSummary, StreamedText, deidentify_stream_request as asked, deidentify_stream_response as answered,
    reveal_stream_request as reveal_asked, reveal_stream_response as reveal_answered,
};
use super::reveal::Return;
use super::work::{Desk, Job, More, Scrubbed};

/// Where answers go.
type Out<T> = Sender<Result<T, Status>>;

/// Answers a stream of text to scrub.
pub(crate) fn deidentify(
    service: Arc<Service>,
    call: Call,
    messages: Streaming<DeidentifyStreamRequest>,
) -> Receiver<Result<DeidentifyStreamResponse, Status>> {
    let (out, answers) = channel(AHEAD);
    tokio::spawn(async move {
        let end = scrub(&service, &call, messages, &out).await;
        call.ended(&end);
        if let Err(fault) = end {
            tell(&service, &out, &fault).await;
        }
    });
    answers
}

/// Answers a stream of text with tokens.
pub(crate) fn reveal(
    service: Arc<Service>,
    call: Call,
    messages: Streaming<RevealStreamRequest>,
) -> Receiver<Result<RevealStreamResponse, Status>> {
    let (out, answers) = channel(AHEAD);
    tokio::spawn(async move {
        let end = turn_back(&service, &call, messages, &out).await;
        call.ended(&end);
        if let Err(fault) = end {
            tell(&service, &out, &fault).await;
        }
    });
    answers
}

/// Ends a stream with a fault. Whoever does not read any more is not waited for.
async fn tell<T>(service: &Service, out: &Out<T>, fault: &Fault) {
    tracing::debug!(reason = fault.reason(), "stream ended");
    let _ = tokio::time::timeout(service.settings.idle, out.send(Err(fault.status()))).await;
}

async fn scrub(
    service: &Arc<Service>,
    call: &Call,
    mut messages: Streaming<DeidentifyStreamRequest>,
    out: &Out<DeidentifyStreamResponse>,
) -> Result<(), Fault> {
    let idle = service.settings.idle;
    let first = next(&mut messages, call, idle).await?.and_then(|message| message.message);
    let Some(asked::Message::Start(start)) = first else {
        return Err(Fault::invalid("start", "the first message must hold the options"));
    };
    let mode = match StreamMode::try_from(start.mode) {
        Ok(StreamMode::Unspecified | StreamMode::Whole) => Mode::Whole,
        Ok(StreamMode::Live) => Mode::Live,
        Err(_) => return Err(Fault::invalid("start.mode", "no such mode")),
    };
    let mut job = Job::new(service, call.identity(), start.options.unwrap_or_default())?;
    let mut cutter = Cutter::new(mode);
    let refused = |_| Fault::invalid("chunk", "not UTF-8");
    let send = async |scrubbed: Scrubbed| {
        let scrubbed = StreamedText { text: scrubbed.text, spans: scrubbed.spans };
        hand(out, call, idle, DeidentifyStreamResponse { message: Some(answered::Message::Scrubbed(scrubbed)) }).await
    };
    while let Some(message) = next(&mut messages, call, idle).await? {
        match message.message {
            Some(asked::Message::Chunk(chunk)) => cutter.push(&chunk),
            Some(asked::Message::Start(_)) => return Err(Fault::invalid("start", "given twice")),
            None => {}
        }
        let limit = service.settings.stream_text;
        if cutter.taken() > limit {
            return Err(Fault::Large { limit });
        }
        while let Some(block) = cutter.block().map_err(refused)? {
            let scrubbed;
            (job, scrubbed) = desk(service, call).block(job, block, More::Comes).await?;
            send(scrubbed).await?;
        }
    }
    // Also an empty text: what it needs must be there.
    if let Some(block) = cutter.rest().map_err(refused)? {
        let scrubbed;
        (job, scrubbed) = desk(service, call).block(job, block, More::Not).await?;
        send(scrubbed).await?;
    }
    let timings = job.timings();
    call.took(&timings);
    let summary = StreamSummary { counts: job.counts(), timings: Some(timings), versions: Some(job.versions(service)) };
    hand(out, call, idle, DeidentifyStreamResponse { message: Some(answered::Message::Summary(summary)) }).await
}

/// A block has as long as a request has, unless the caller said how long the stream has.
fn desk<'s>(service: &'s Arc<Service>, call: &Call) -> Desk<'s> {
    let deadline = match call.is_asked {
        true => call.deadline(),
        false => Deadline(std::time::Instant::now() + service.settings.deadline),
    };
    Desk { service, deadline }
}

async fn turn_back(
    service: &Arc<Service>,
    call: &Call,
    mut messages: Streaming<RevealStreamRequest>,
    out: &Out<RevealStreamResponse>,
) -> Result<(), Fault> {
    let idle = service.settings.idle;
    let first = next(&mut messages, call, idle).await?.and_then(|message| message.message);
    let Some(reveal_asked::Message::Start(options)) = first else {
        return Err(Fault::invalid("start", "the first message must hold the options"));
    };
    let (own, caller) = (Arc::clone(service), call.clone());
    let mut back = aside(move || Return::begin(&own, caller.identity(), &options)).await?;
    let send = async |bytes: Vec<u8>| {
        hand(out, call, idle, RevealStreamResponse { message: Some(reveal_answered::Message::Chunk(bytes)) }).await
    };
    let (mut taken, mut held) = (0_usize, Vec::new());
    let piece = |message: RevealStreamRequest| match message.message {
        Some(reveal_asked::Message::Chunk(chunk)) => Ok(chunk),
        Some(reveal_asked::Message::Start(_)) => Err(Fault::invalid("start", "given twice")),
        None => Ok(Vec::new()),
    };
    let mut ended = false;
    while !ended && let Some(message) = next(&mut messages, call, idle).await? {
        let mut chunk = piece(message)?;
        // A model's answer comes in very small pieces: those that are there are turned back together.
        while chunk.len() < TOGETHER {
            match ready(&mut messages).await? {
                Ready::Message(message) => chunk.extend(piece(message)?),
                Ready::End => {
                    ended = true;
                    break;
                }
                Ready::Later => break,
            }
        }
        taken += chunk.len();
        let limit = service.settings.stream_text;
        if taken > limit {
            return Err(Fault::Large { limit });
        }
        let bytes;
        (back, bytes) = aside(move || {
            let mut bytes = Vec::with_capacity(chunk.len());
            back.push(&chunk, &mut bytes).map(|()| (back, bytes))
        })
        .await?;
        held.extend(bytes);
        let whole = characters(&held);
        let rest = held.split_off(whole);
        let ready = std::mem::replace(&mut held, rest);
        if !ready.is_empty() {
            send(ready).await?;
        }
    }
    let (revealed, bytes) = aside(move || {
        let mut bytes = Vec::new();
        back.finish(&mut bytes).map(|revealed| (revealed, bytes))
    })
    .await?;
    held.extend(bytes);
    if !held.is_empty() {
        send(held).await?;
    }
    hand(out, call, idle, RevealStreamResponse { message: Some(reveal_answered::Message::Revealed(revealed)) }).await
}

/// How much of `bytes` is whole characters, as far as they are UTF-8: at most three bytes wait.
fn characters(bytes: &[u8]) -> usize {
    let tail = bytes.len().saturating_sub(3);
    let last = bytes.get(tail..).unwrap_or_default().iter().rposition(|byte| byte & 0xc0 != 0x80);
    let Some(start) = last.map(|at| tail + at) else { return bytes.len() };
    let needs = match bytes.get(start) {
        Some(0xc0..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..=0xf7) => 4,
        _ => 1,
    };
    if start + needs > bytes.len() { start } else { bytes.len() }
}

/// Does what waits for disks and databases, away from the threads that talk.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> Result<T, Fault> + Send + 'static) -> Result<T, Fault> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(Fault::Internal))
}

/// The next message of a stream that says something now and then.
async fn next<T>(messages: &mut Streaming<T>, call: &Call, idle: Duration) -> Result<Option<T>, Fault> {
    let wait = remaining(call, idle)?;
    match tokio::time::timeout(wait, messages.message()).await {
        Ok(Ok(message)) => Ok(message),
        Ok(Err(status)) => Err(broken(&status)),
        Err(_) if wait < idle => Err(Fault::Deadline),
        Err(_) => Err(Fault::Idle),
    }
}

/// What is there already of a stream.
enum Ready<T> {
    Message(T),
    End,
    Later,
}

/// The next message, if it is there already.
async fn ready<T>(messages: &mut Streaming<T>) -> Result<Ready<T>, Fault> {
    let polled = std::future::poll_fn(|context| Poll::Ready(Pin::new(&mut *messages).poll_next(context))).await;
    match polled {
        Poll::Ready(Some(Ok(message))) => Ok(Ready::Message(message)),
        Poll::Ready(Some(Err(status))) => Err(broken(&status)),
        Poll::Ready(None) => Ok(Ready::End),
        Poll::Pending => Ok(Ready::Later),
    }
}

/// Why a stream breaks off.
fn broken(status: &Status) -> Fault {
    match status.code() {
        tonic::Code::OutOfRange => Fault::invalid("chunk", "larger than a message may be"),
        tonic::Code::Cancelled | tonic::Code::Unknown => Fault::Cancelled,
        _ => Fault::invalid("message", "cannot be read"),
    }
}

/// Hands an answer over to a caller who reads now and then.
async fn hand<T>(out: &Out<T>, call: &Call, idle: Duration, answer: T) -> Result<(), Fault> {
    match tokio::time::timeout(remaining(call, idle)?, out.send(Ok(answer))).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(Fault::Cancelled),
        Err(_) => Err(Fault::Idle),
    }
}

/// How long to wait: until the stream counts as idle, or until its deadline, if the caller brought one.
fn remaining(call: &Call, idle: Duration) -> Result<Duration, Fault> {
    if !call.is_asked {
        return Ok(idle);
    }
    let left = call.deadline().0.saturating_duration_since(std::time::Instant::now());
    if left.is_zero() { Err(Fault::Deadline) } else { Ok(left.min(idle)) }
}

/// Bytes that are turned back together, about.
const TOGETHER: usize = 64 << 10;
/// Answers that wait for a caller who reads slowly.
const AHEAD: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_not_cut() {
        for (bytes, want) in [
            (&b""[..], 0),
            (b"ab", 2),
            ("é".as_bytes(), 2),
            (b"a\xc3", 1),
            (b"a\xe4\xb8", 1),
            ("a北".as_bytes(), 4),
            (b"\xf0\x9f\x98", 0),
            ("😀".as_bytes(), 4),
            // What is no UTF-8 is not waited for.
            (b"\x80\x80\x80\x80", 4),
            (b"\xff", 1),
        ] {
            assert_eq!(characters(bytes), want, "{bytes:?}");
        }
    }
}
