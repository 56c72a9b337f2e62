//! Requests and what their answers must be: texts that are new each time, over connections that are taken in turn.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Instant;

use bytes::Bytes;
use h2::client::SendRequest;
use memchr::memmem;

use crate::report::Report;
use crate::texts::{self, Draw, LAST, lines};
use crate::wire::{Call, messages, scrubbed};
use crate::{Args, Mode, Size};

/// Texts, and what comes of them.
type Probes = Vec<(String, Vec<u8>)>;

/// Texts, connections, and what the answers must be.
pub(crate) struct Load {
    connections: Vec<SendRequest<Bytes>>,
    lines: Vec<String>,
    size: Size,
    policy: String,
    repeat: bool,
    every_call: bool,
    next: Cell<u64>,
    /// Texts asked before the load, and their answers.
    probes: RefCell<Rc<Probes>>,
}

pub(crate) enum Outcome {
    /// The messages that came back.
    Answered(Vec<Vec<u8>>),
    Refused,
    Failed(String),
}

impl Load {
    pub(crate) async fn new(args: &Args, size: Size, address: &str) -> Self {
        let mut connections = Vec::new();
        for _ in 0..args.connections.max(1) {
            let socket = tokio::net::TcpStream::connect(address).await.unwrap();
            socket.set_nodelay(true).unwrap();
            let mut builder = h2::client::Builder::new();
            builder.initial_window_size(1 << 20).initial_connection_window_size(1 << 24);
            let (sender, connection) = builder.handshake(socket).await.unwrap();
            tokio::task::spawn_local(connection);
            connections.push(sender);
        }
        let load = Self {
            connections,
            lines: lines(args.dense),
            size,
            policy: args.policy.clone(),
            repeat: args.repeat,
            every_call: args.mode == Mode::Soak,
            next: Cell::new(0),
            probes: RefCell::default(),
        };
        let mut probes = Vec::new();
        for number in 0..PROBES {
            let text = load.text(u64::MAX - number);
            match load.call(Call::Deidentify, &text).await {
                Outcome::Answered(messages) => probes.push((text, scrubbed(Call::Deidentify, &messages))),
                Outcome::Refused => panic!("refused before there was a load"),
                Outcome::Failed(why) => panic!("{why}"),
            }
        }
        load.probes.replace(Rc::new(probes));
        load
    }

    /// One request and its check. An answer counts from when the request was due, a refusal from when it left: the timer of the
    /// load is late by up to a millisecond.
    pub(crate) async fn ask(&self, due: Instant, report: &RefCell<Report>) {
        let number = self.next.replace(self.next.get() + 1);
        let probes = Rc::clone(&self.probes.borrow());
        let probe = (number % 64 == 63).then(|| &probes[(number / 64 % PROBES) as usize]);
        let call = match number % 16 {
            _ if !self.every_call => Call::Deidentify,
            0 => Call::Detect,
            1 => Call::Reveal,
            2..=4 => Call::Stream,
            _ => Call::Deidentify,
        };
        let (text, expected) = match (probe, call) {
            (Some((text, answer)), Call::Deidentify | Call::Stream) => (text.clone(), Some(answer.clone())),
            // What was scrubbed before the load is turned back.
            (_, Call::Reveal) => {
                let (text, answer) = &probes[(number / 16 % PROBES) as usize];
                (String::from_utf8(answer.clone()).unwrap(), Some(text.clone().into_bytes()))
            }
            _ => (self.text(if self.repeat { number % 1000 } else { number }), None),
        };
        let sent = Instant::now();
        let outcome = self.call(call, &text).await;
        let took = u32::try_from(due.elapsed().as_micros()).unwrap_or(u32::MAX);
        let mut report = report.borrow_mut();
        match outcome {
            Outcome::Answered(messages) => {
                report.answered.push(took);
                report.bytes += text.len() as u64;
                let answer = scrubbed(call, &messages);
                let right = match (call, expected) {
                    (Call::Detect, _) => messages.first().is_some_and(|message| message.len() > 8),
                    (_, Some(expected)) => answer == expected,
                    _ => memmem::find(&answer, b"Tennant").is_none() && answer.ends_with(LAST.as_bytes()),
                };
                report.wrong += u64::from(!right);
            }
            Outcome::Refused => {
                report.refused.push(u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX));
            }
            Outcome::Failed(why) => *report.failed.entry(why).or_default() += 1,
        }
    }

    /// A text that no other number has.
    pub(crate) fn text(&self, number: u64) -> String {
        let mut draw = Draw::of(number);
        let length = match self.size {
            Size::Fixed(bytes) => bytes,
            Size::Mixed => (200.0 * (65_536.0_f64 / 200.0).powf(draw.share())) as usize,
        };
        texts::text(&self.lines, length, &mut draw)
    }

    pub(crate) async fn call(&self, call: Call, text: &str) -> Outcome {
        match self.exchange(call, text).await {
            Ok(outcome) => outcome,
            Err(error) => Outcome::Failed(format!("connection: {error}")),
        }
    }

    pub(crate) async fn exchange(&self, call: Call, text: &str) -> Result<Outcome, h2::Error> {
        let at = self.next.get() as usize % self.connections.len();
        let mut connection = self.connections[at].clone().ready().await?;
        let request = http::Request::post(format!("http://localhost/deidre.v1.Deidre/{}", call.method()))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(())
            .unwrap();
        let (response, mut body) = connection.send_request(request, false)?;
        // A server that refuses before it reads may have closed the stream already: its answer tells.
        let _ = body.send_data(call.frames(text, &self.policy), true);
        let (head, mut body) = response.await?.into_parts();
        let mut bytes = Vec::new();
        while let Some(chunk) = body.data().await {
            let Ok(chunk) = chunk else { break };
            let _ = body.flow_control().release_capacity(chunk.len());
            bytes.extend_from_slice(&chunk);
        }
        let trailers = match head.headers.contains_key("grpc-status") {
            true => head.headers,
            false => body.trailers().await?.unwrap_or_default(),
        };
        Ok(match trailers.get("grpc-status").map(http::HeaderValue::as_bytes) {
            Some(b"0") => Outcome::Answered(messages(&bytes)),
            Some(b"8") => Outcome::Refused,
            Some(code) => Outcome::Failed(format!("status {}", String::from_utf8_lossy(code))),
            None => Outcome::Failed(format!("no status, HTTP {}", head.status)),
        })
    }
}

/// Texts whose answers are known before the load.
pub(crate) const PROBES: u64 = 8;
