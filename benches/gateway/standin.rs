//! A stand-in for the provider, on a thread of its own: it repeats what it is told, or gives words at a steady pace.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::texts::FIRST;
use crate::wire::Wire;

pub(crate) struct Standin {
    pub(crate) address: String,
    pub(crate) seen: Arc<Seen>,
}

/// What came to it.
#[derive(Default)]
pub(crate) struct Seen {
    /// Prompts in which the patient stood.
    pub(crate) leaked: AtomicU64,
    pub(crate) calls: AtomicU64,
}

/// A stream is asked for with this, the number of words behind it.
pub(crate) const WORDS: &str = "Count to ";
/// Between two words of a stream.
pub(crate) const PACE: Duration = Duration::from_millis(50);

impl Standin {
    pub(crate) fn start() -> Standin {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        listener.set_nonblocking(true).unwrap();
        let seen = Arc::new(Seen::default());
        let at = Arc::clone(&seen);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            tokio::task::LocalSet::new().block_on(&runtime, async move {
                let listener = TcpListener::from_std(listener).unwrap();
                while let Ok((stream, _)) = listener.accept().await {
                    let seen = Arc::clone(&at);
                    tokio::task::spawn_local(async move {
                        // A client that goes away ends it.
                        let _ = serve(Wire::new(stream), &seen).await;
                    });
                }
            });
        });
        Standin { address, seen }
    }
}

async fn serve(mut wire: Wire, seen: &Seen) -> std::io::Result<()> {
    while let Some(head) = wire.head().await? {
        let body: Value = serde_json::from_slice(&wire.body(&head).await?)?;
        let said = body["messages"].as_array().and_then(|all| all.last()?["content"].as_str()).unwrap_or_default();
        seen.calls.fetch_add(1, Ordering::Relaxed);
        if said.starts_with(FIRST.get(..20).unwrap_or_default()) {
            // The bench's own calls, straight to it, are told by their name.
            let leaked = u64::from(body["model"] != "straight");
            seen.leaked.fetch_add(leaked, Ordering::Relaxed);
        }
        match said.strip_prefix(WORDS).and_then(|words| words.parse().ok()) {
            Some(words) => stream(&mut wire, words).await?,
            None => whole(&mut wire, said).await?,
        }
    }
    Ok(())
}

async fn whole(wire: &mut Wire, said: &str) -> std::io::Result<()> {
    let body = json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "bench-1",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": said}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 300, "completion_tokens": 300, "total_tokens": 600},
    });
    let body = body.to_string();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
    wire.write((head + &body).as_bytes()).await
}

/// A word is the time at which it was written, in microseconds of the process.
async fn stream(wire: &mut Wire, words: u32) -> std::io::Result<()> {
    wire.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n").await?;
    let begun = Instant::now();
    for word in 0..=words {
        tokio::time::sleep_until((begun + PACE * word).into()).await;
        let (delta, finish) = match word {
            last if last == words => (json!({}), json!("stop")),
            _ => (json!({"content": format!("w{} ", clock())}), Value::Null),
        };
        let choice = json!([{"index": 0, "delta": delta, "finish_reason": finish}]);
        let data = json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "bench-1", "choices": choice});
        let end = if word == words { "data: [DONE]\n\n" } else { "" };
        let event = format!("data: {data}\n\n{end}");
        wire.write(format!("{:x}\r\n{event}\r\n", event.len()).as_bytes()).await?;
    }
    wire.write(b"0\r\n\r\n").await
}

/// Microseconds since the first look at it.
pub(crate) fn clock() -> u64 {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_micros() as u64
}
