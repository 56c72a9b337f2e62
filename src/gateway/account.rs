//! The account of a call: what the audit trail is told of it, before anything is sent and before its answer ends.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::oneshot;

use super::Gateway;
use super::rule::{Refusal, Rule};
use crate::audit::{AuditError, Digester, Exchange, Kind, Outcome, Revealed};
use crate::transform::reveal::Tally;

/// One call. However it ends, that is written down; where nobody says how, the caller went away.
pub(super) struct Account {
    gateway: Arc<Gateway>,
    pub(super) exchange: Exchange,
    start: Instant,
    /// Of the answer.
    completion: Option<Digester>,
    is_closed: bool,
}

impl Account {
    pub(super) fn new(gateway: &Arc<Gateway>, start: Instant, id: [u8; 16]) -> Self {
        let mut exchange = Exchange::new(id, Outcome::Started);
        exchange.host.clone_from(&gateway.host);
        let gateway = Arc::clone(gateway);
        Self { gateway, exchange, start, completion: None, is_closed: false }
    }

    /// Notes a piece of the answer, as it leaves.
    pub(super) fn answers(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        if self.exchange.first_byte.is_none() {
            self.exchange.first_byte = Some(self.start.elapsed());
        }
        self.exchange.completion_bytes += bytes.len() as u64;
        self.completion.get_or_insert_with(|| self.gateway.digests.begin(Kind::Bytes)).push(bytes);
    }

    /// Notes what became of tokens.
    pub(super) fn revealed(&mut self, tally: Option<Tally>) {
        self.exchange.tokens = tally.map(|tally| {
            let Tally { revealed, refused, mistyped, foreign, .. } = tally;
            Revealed { revealed, refused, mistyped, foreign }
        });
    }

    /// How an answer ended that was handed over: wholly, or with tokens left in it.
    pub(super) fn outcome(&self) -> Outcome {
        let tokens = self.exchange.tokens.unwrap_or_default();
        if tokens.refused + tokens.mistyped + tokens.foreign == 0 { Outcome::Done } else { Outcome::Partial }
    }

    /// Writes down how it ended. The answer may end when that is on disk.
    pub(super) async fn close(&mut self, outcome: Outcome) -> Result<(), Refusal> {
        self.end(outcome);
        done(&mut write(&self.gateway, &self.exchange)).await?;
        self.is_closed = true;
        self.gateway.metrics.ended(&self.exchange, self.start.elapsed());
        Ok(())
    }

    /// Writes down that it was not answered, or not wholly.
    pub(super) async fn fail(mut self, refusal: &Refusal) {
        self.exchange.rule = Some(refusal.rule.name());
        let outcome = if refusal.rule.is_refusal() { Outcome::Refused } else { Outcome::Failed };
        let closed = self.close(outcome).await;
        // The caller is told what was refused, whether or not that can be written down: nothing was sent.
        if let Err(unwritten) = closed {
            tracing::error!(rule = unwritten.rule.name(), "how a call ended was not written down");
            self.is_closed = true;
            self.gateway.metrics.ended(&self.exchange, self.start.elapsed());
        }
    }

    fn end(&mut self, outcome: Outcome) {
        self.exchange.outcome = outcome;
        self.exchange.duration = Some(self.start.elapsed());
        if let Some(completion) = self.completion.take() {
            self.exchange.completion = Some(completion.finish());
        }
    }
}

/// Told when a record is on disk, or cannot be.
pub(super) type Written = oneshot::Receiver<Result<(), AuditError>>;

/// Has what is known of a call by now written down.
pub(super) fn write(gateway: &Gateway, exchange: &Exchange) -> Written {
    let (tell, written) = oneshot::channel();
    gateway.exchanges.write(exchange.clone(), move |result| {
        // Whoever waited may have gone away.
        let _ = tell.send(result);
    });
    written
}

/// Waits until a record is on disk.
///
/// # Errors
///
/// When it is not: what it tells must not happen.
pub(super) async fn done(written: &mut Written) -> Result<(), Refusal> {
    match written.await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => {
            tracing::error!(%error, "the audit trail cannot be written");
            Err(Rule::AuditMissing.into())
        }
        Err(_) => Err(Rule::AuditMissing.into()),
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        if self.is_closed {
            return;
        }
        self.end(Outcome::Cancelled);
        self.gateway.metrics.ended(&self.exchange, self.start.elapsed());
        let exchange = self.exchange.clone();
        self.gateway.exchanges.write(exchange, |result| {
            if let Err(error) = result {
                tracing::error!(%error, "the audit trail cannot be written");
            }
        });
    }
}
