//! An answer that comes bit by bit, on its way to the caller.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::body::{Body, Bytes};
use http_body_util::BodyExt;
use hyper::body::{Frame, Incoming};
use tokio::sync::mpsc;

use super::Gateway;
use super::account::Account;
use super::answer::Transcript;
use super::call::Room;
use super::rule::{Refusal, Rule};

/// An answer that comes bit by bit.
pub(super) struct Streaming {
    pub(super) gateway: Arc<Gateway>,
    pub(super) account: Account,
    pub(super) body: Incoming,
    pub(super) transcript: Transcript,
    pub(super) deadline: Instant,
    pub(super) room: Room,
}

/// It is being passed on.
struct Passing {
    gateway: Arc<Gateway>,
    account: Account,
    body: Incoming,
    transcript: Transcript,
    deadline: Instant,
    to: mpsc::Sender<Result<Bytes, Broken>>,
    _room: Room,
}

/// An answer that is cut off.
#[derive(Debug, thiserror::Error)]
#[error("the answer is cut off")]
struct Broken;

impl Streaming {
    /// Passes it on from now; gives what the caller gets.
    pub(super) fn begin(self) -> Body {
        let (to, from) = mpsc::channel(PIECES);
        let Streaming { gateway, account, body, transcript, deadline, room } = self;
        tokio::spawn(Passing { gateway, account, body, transcript, deadline, to, _room: room }.run());
        Body::new(Piped(from))
    }
}

impl Passing {
    /// Passes on what comes until it ends, the caller goes away, or it takes too long.
    async fn run(mut self) {
        let streams = self.gateway.metrics.streams.clone();
        streams.inc();
        let ended = self.pass().await;
        streams.dec();
        self.account.exchange.usage = self.transcript.usage();
        let tally = self.transcript.tally();
        self.account.revealed(tally);
        let refusal = match ended {
            // Nobody is there any more: the account says so when it is dropped.
            Err(None) => return,
            Err(Some(refusal)) => refusal,
            Ok(rest) => {
                self.account.answers(&rest);
                let outcome = self.account.outcome();
                match self.account.close(outcome).await {
                    Ok(()) => {
                        // Whether it is still wanted or not, it is done.
                        let _ = self.to.send(Ok(Bytes::from(rest))).await;
                        return;
                    }
                    Err(refusal) => refusal,
                }
            }
        };
        tracing::info!(rule = refusal.rule.name(), "an answer is cut off");
        self.account.fail(&refusal).await;
        let _ = self.to.send(Err(Broken)).await;
    }

    /// What is left to be sent when the upstream has ended. `None` for an error: the caller went away.
    async fn pass(&mut self) -> Result<Vec<u8>, Option<Refusal>> {
        let mut out = Vec::new();
        loop {
            let until = self.deadline.min(Instant::now() + self.gateway.settings.idle);
            let frame = tokio::select! {
                () = self.to.closed() => return Err(None),
                frame = tokio::time::timeout_at(until.into(), self.body.frame()) => frame,
            };
            let frame = match frame {
                Err(_) => return Err(Some(Rule::Deadline.into())),
                Ok(Some(Err(_))) => return Err(Some(Rule::UpstreamAnswer.into())),
                Ok(Some(Ok(frame))) => frame,
                Ok(None) => break,
            };
            let Ok(data) = frame.into_data() else { continue };
            self.turn(|transcript, out| transcript.push(&data, out), &mut out)?;
            if out.is_empty() {
                continue;
            }
            self.account.answers(&out);
            let piece = Bytes::from(std::mem::take(&mut out));
            match tokio::time::timeout_at(until.into(), self.to.send(Ok(piece))).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return Err(None),
                Err(_) => return Err(Some(Rule::Deadline.into())),
            }
        }
        self.turn(Transcript::finish, &mut out)?;
        Ok(out)
    }

    /// Turns tokens back. It is quick, but for a vault, which may have to be waited for.
    fn turn(
        &mut self,
        turn: impl FnOnce(&mut Transcript, &mut Vec<u8>) -> Result<(), Refusal>,
        out: &mut Vec<u8>,
    ) -> Result<(), Option<Refusal>> {
        let transcript = &mut self.transcript;
        let asks = transcript.tally().is_some() && matches!(self.gateway.service.vault(), Ok(Some(_)));
        let turned = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| match asks {
            true => tokio::task::block_in_place(|| turn(transcript, out)),
            false => turn(transcript, out),
        }));
        turned.unwrap_or(Err(Rule::Internal.into())).map_err(Some)
    }
}

/// A body of what comes over a channel.
struct Piped(mpsc::Receiver<Result<Bytes, Broken>>);

impl hyper::body::Body for Piped {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        self.0.poll_recv(context).map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }
}

/// Pieces of an answer that wait for a caller who reads slowly.
const PIECES: usize = 8;
