//! What becomes of an answer: tokens in it are turned back for whom may see values, in whole answers and in streams.

mod delta;
mod eventstream;
mod sse;
mod whole;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use self::delta::{Delta, Ends, Field, Key, Step};
use self::whole::told_error;
use super::json::{Doubled, Edits, Node, escaped, parse};
use super::route::Endpoint;
use super::rule::{Refusal, Rule};
use crate::audit::Usage;
use crate::span::Span;
use crate::transform::reveal::{Format, Revealer, Rights, Tally};

pub(super) use self::whole::{is_word, whole};

/// How an answer that comes bit by bit is framed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Framing {
    /// `text/event-stream`.
    Sse,
    /// `application/vnd.amazon.eventstream`.
    EventStream,
}

/// An answer that comes bit by bit. It holds text of it, as little as it can.
pub(super) struct Transcript {
    endpoint: Endpoint,
    /// `None`: the caller gets tokens.
    rights: Option<Arc<Rights>>,
    /// The answer's text is JSON.
    json: bool,
    cutter: Cutter,
    open: Vec<Open>,
    usage: Option<Usage>,
    tally: Tally,
    /// What all events have.
    envelope: Option<String>,
    /// Events that were put in, by which the numbers of those after them grow.
    more: u64,
    /// The number of the last event.
    number: u64,
}

enum Cutter {
    Sse(sse::Cutter),
    EventStream(eventstream::Cutter),
}

/// A text that goes on.
struct Open {
    key: Key,
    revealer: Revealer,
    /// Of a response: what its events have.
    envelope: String,
}

impl From<eventstream::Damaged> for Refusal {
    fn from(_: eventstream::Damaged) -> Self {
        Rule::UpstreamAnswer.into()
    }
}

impl Transcript {
    pub(super) fn new(endpoint: Endpoint, framing: Framing, rights: Option<Arc<Rights>>, json: bool) -> Self {
        let cutter = match framing {
            Framing::Sse => Cutter::Sse(sse::Cutter::default()),
            Framing::EventStream => Cutter::EventStream(eventstream::Cutter::default()),
        };
        Self {
            endpoint,
            rights,
            json,
            cutter,
            open: Vec::new(),
            usage: None,
            tally: Tally::default(),
            envelope: None,
            more: 0,
            number: 0,
        }
    }

    /// Takes the next bytes; appends to `out` what is certain by now.
    ///
    /// # Errors
    ///
    /// When they are not what they must be, or the vault cannot be asked: the answer is cut off then.
    pub(super) fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Refusal> {
        match &mut self.cutter {
            Cutter::Sse(cutter) => {
                let mut cutter = std::mem::take(cutter);
                cutter.push(bytes).map_err(|_| Rule::UpstreamAnswer)?;
                cutter.drain(|event| self.event(&event, out))?;
                self.cutter = Cutter::Sse(cutter);
            }
            Cutter::EventStream(cutter) => {
                let mut cutter = std::mem::take(cutter);
                cutter.push(bytes);
                cutter.drain(|message| self.message(&message, out))?;
                self.cutter = Cutter::EventStream(cutter);
            }
        }
        Ok(())
    }

    /// Ends it: appends the rest.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Refusal> {
        match &mut self.cutter {
            Cutter::Sse(cutter) => {
                let rest = std::mem::take(cutter).rest();
                if !rest.is_empty() {
                    // An event without the empty line behind it: some servers end so.
                    let mut cutter = sse::Cutter::default();
                    cutter.push(&rest).and_then(|()| cutter.push(b"\n\n")).map_err(|_| Rule::UpstreamAnswer)?;
                    cutter.drain(|event| self.event(&event, out))?;
                }
            }
            Cutter::EventStream(cutter) if cutter.is_torn() => return Err(Rule::UpstreamAnswer.into()),
            Cutter::EventStream(_) => {}
        }
        self.end(Ends::All, out)
    }

    /// Tokens of the model, as far as the upstream has told.
    pub(super) fn usage(&self) -> Option<Usage> {
        self.usage
    }

    /// What became of the tokens; `None` where the caller may not see values.
    pub(super) fn tally(&self) -> Option<Tally> {
        let mut tally = self.tally;
        self.open.iter().for_each(|open| tally += open.revealer.tally());
        self.rights.as_ref().map(|_| tally)
    }

    fn event(&mut self, event: &sse::Event<'_>, out: &mut Vec<u8>) -> Result<(), Refusal> {
        let Some(range) = event.data.clone() else {
            if event.several {
                return Err(Rule::UpstreamAnswer.into());
            }
            // Nothing but comments, which keep a connection alive.
            out.extend_from_slice(b":\n\n");
            return Ok(());
        };
        let data = event.raw.get(range).unwrap_or_default();
        let Ok(root) = parse(data, Doubled::Taken) else {
            if data != DONE {
                return Err(Rule::UpstreamAnswer.into());
            }
            self.end(Ends::All, out)?;
            sse::write(event.name, data, out);
            return Ok(());
        };
        match self.rewritten(event.name, &root, data, out)? {
            Some(data) => sse::write(event.name, &data, out),
            None => sse::write(event.name, data, out),
        }
        Ok(())
    }

    fn message(&mut self, message: &eventstream::Message<'_>, out: &mut Vec<u8>) -> Result<(), Refusal> {
        let kind = match message.header(":message-type") {
            Some("event") => message.header(":event-type"),
            Some("exception") => {
                // Its text may quote the prompt.
                self.end(Ends::All, out)?;
                message.write(b"{\"message\":\"the upstream ended with an error\"}", out);
                return Ok(());
            }
            _ => return Err(Rule::UpstreamAnswer.into()),
        };
        let root = parse(message.payload, Doubled::Taken).map_err(|_| Rule::UpstreamAnswer)?;
        if self.endpoint != Endpoint::Invoke {
            match self.rewritten(kind, &root, message.payload, out)? {
                Some(payload) => message.write(&payload, out),
                None => message.write(message.payload, out),
            }
            return Ok(());
        }
        let held = root.get("bytes").ok_or(Rule::UpstreamAnswer)?;
        let inner = STANDARD.decode(held.text().unwrap_or_default()).map_err(|_| Rule::UpstreamAnswer)?;
        let node = parse(&inner, Doubled::Taken).map_err(|_| Rule::UpstreamAnswer)?;
        match self.rewritten(kind, &node, &inner, out)? {
            Some(inner) => {
                let mut edits = Edits::default();
                edits.rewrite(held.span, &STANDARD.encode(inner));
                message.write(&edits.apply(message.payload), out);
            }
            None => message.write(message.payload, out),
        }
        Ok(())
    }

    /// The data of an event as it goes on; `None`: as it came. What ends before it is written first.
    fn rewritten(
        &mut self,
        kind: Option<&str>,
        root: &Node<'_>,
        data: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Option<Vec<u8>>, Refusal> {
        note_usage(root, &mut self.usage);
        let mut edits = Edits::default();
        if told_error(root, &mut edits) {
            self.end(Ends::All, out)?;
            return Ok(Some(edits.apply(data)));
        }
        let Some(rights) = self.rights.clone() else { return Ok(None) };
        if self.envelope.is_none() {
            self.envelope = Some(delta::envelope(self.endpoint, root, data));
        }
        let Step { deltas, ends, is_whole } = delta::read(self.endpoint, kind, root);
        let number = root.get("sequence_number").filter(|_| self.endpoint == Endpoint::Responses);
        self.number = number.and_then(Node::number).unwrap_or(self.number);
        for end in &ends {
            match end {
                Ends::With(_) => {}
                end => self.end(*end, out)?,
            }
        }
        if let Some(number) = number.filter(|_| self.more > 0) {
            edits.replace(number.span, (self.number + self.more).to_string());
        }
        for Delta { key, span, text } in deltas {
            let last = ends.contains(&Ends::With(key.slot));
            self.piece(key, span, &text, last, (root, data), &mut edits)?;
        }
        for end in ends {
            if let Ends::With(slot) = end {
                self.end(Ends::Before(slot), out)?;
            }
        }
        if is_whole {
            whole::reveal(root, &rights, self.json, &mut edits, &mut self.tally)?;
        }
        Ok(if edits.is_empty() { None } else { Some(edits.apply(data)) })
    }

    /// Turns back what is certain of a text, now that this piece of it is there.
    fn piece(
        &mut self,
        key: Key,
        span: Span,
        text: &str,
        last: bool,
        (root, data): (&Node<'_>, &[u8]),
        edits: &mut Edits,
    ) -> Result<(), Refusal> {
        let Some(rights) = &self.rights else { return Ok(()) };
        let place = match self.open.iter().position(|open| open.key == key) {
            Some(place) => place,
            None => {
                let format = match key.field {
                    Field::Arguments | Field::OldArguments => Format::Json,
                    Field::Content if self.json => Format::Json,
                    _ => Format::Text,
                };
                let revealer = Revealer::new(Arc::clone(rights), format).tolerant();
                let envelope = match self.endpoint {
                    Endpoint::Responses => delta::envelope(self.endpoint, root, data),
                    _ => String::new(),
                };
                self.open.push(Open { key, revealer, envelope });
                self.open.len() - 1
            }
        };
        let mut revealed = Vec::with_capacity(text.len());
        let Some(open) = self.open.get_mut(place) else { return Err(Rule::Internal.into()) };
        open.revealer.push(text.as_bytes(), &mut revealed).map_err(unanswered)?;
        if last {
            let open = self.open.swap_remove(place);
            self.tally += open.revealer.finish(&mut revealed).map_err(unanswered)?;
        }
        if revealed != text.as_bytes() {
            edits.rewrite(span, &String::from_utf8_lossy(&revealed));
        }
        Ok(())
    }

    /// Writes what is held back of the texts that end.
    fn end(&mut self, ends: Ends, out: &mut Vec<u8>) -> Result<(), Refusal> {
        let is_over = |open: &Open| match ends {
            Ends::All => true,
            Ends::With(slot) | Ends::Before(slot) => open.key.slot == slot,
        };
        // In the order in which they began.
        while let Some(place) = self.open.iter().position(is_over) {
            let Open { key, revealer, envelope } = self.open.remove(place);
            let mut rest = Vec::new();
            self.tally += revealer.finish(&mut rest).map_err(unanswered)?;
            if rest.is_empty() {
                continue;
            }
            let text = String::from_utf8_lossy(&rest);
            let shared = self.envelope.as_deref().unwrap_or_default();
            let envelope = if self.endpoint == Endpoint::Responses { &envelope } else { shared };
            let number = self.number + self.more;
            let (name, data) = delta::rest(self.endpoint, key, &text, envelope, number);
            self.more += 1;
            match (&self.cutter, self.endpoint) {
                (Cutter::Sse(_), _) => sse::write(Some(name).filter(|name| !name.is_empty()), data.as_bytes(), out),
                (Cutter::EventStream(_), Endpoint::Invoke) => {
                    let payload = format!("{{\"bytes\":\"{}\"}}", STANDARD.encode(data));
                    eventstream::write_event(&frame("chunk"), payload.as_bytes(), out);
                }
                (Cutter::EventStream(_), _) => eventstream::write_event(&frame(name), data.as_bytes(), out),
            }
        }
        Ok(())
    }
}

fn frame(name: &str) -> [(&str, &str); 3] {
    [(":event-type", name), (":content-type", "application/json"), (":message-type", "event")]
}

/// Takes in what an upstream says of how many tokens of the model a call took.
fn note_usage(root: &Node<'_>, usage: &mut Option<Usage>) {
    for path in [&["usage"][..], &["message", "usage"], &["response", "usage"]] {
        let Some(node) = root.at(path) else { continue };
        let of = |names: [&str; 3]| names.into_iter().find_map(|name| node.get(name).and_then(Node::number));
        let input = of(["prompt_tokens", "input_tokens", "inputTokens"]);
        let output = of(["completion_tokens", "output_tokens", "outputTokens"]);
        if input.is_some() || output.is_some() {
            let known = usage.get_or_insert_default();
            known.input = input.unwrap_or(known.input);
            known.output = output.unwrap_or(known.output);
        }
    }
}

fn unanswered(error: crate::vault::VaultError) -> Refusal {
    crate::service::fault::Fault::from(error).into()
}

impl std::fmt::Debug for Transcript {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transcript").field("open", &self.open.len()).finish_non_exhaustive()
    }
}

/// What ends a stream of OpenAI's.
const DONE: &[u8] = b"[DONE]";

#[cfg(test)]
mod tests;
