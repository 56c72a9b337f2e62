//! Many streams at once: how late their words come, and what memory the gateway takes meanwhile.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::figures::{cpu, percentile};
use crate::gateway::{Gateway, MODEL};
use crate::latency::request;
use crate::standin::{PACE, Standin, WORDS, clock};
use crate::wire::Wire;
use crate::{Args, told};

#[derive(Default)]
struct Seen {
    /// Microseconds from when a word was written to when it came.
    late: Vec<u32>,
    words: u64,
    whole: usize,
    failed: Vec<String>,
}

pub(crate) async fn run(args: &Args, gateway: &Gateway, _standin: &Standin) -> bool {
    let words = (args.seconds * 1000).div_ceil(PACE.as_millis() as u64);
    let seen = Rc::new(RefCell::new(Seen::default()));
    let memory = Rc::new(RefCell::new(vec![gateway.memory()]));
    let before = (gateway.cpu(), cpu("self"), std::time::Instant::now());
    let mut tasks = Vec::with_capacity(args.streams);
    for stream in 0..args.streams {
        let (seen, address) = (Rc::clone(&seen), gateway.address.clone());
        tasks.push(tokio::task::spawn_local(async move {
            // Begun over two seconds, so that their words do not all come at once.
            tokio::time::sleep(Duration::from_micros(stream as u64 * 2_000_000 / 1000)).await;
            match follow(&address, words, &seen).await {
                Ok(()) => seen.borrow_mut().whole += 1,
                Err(error) => seen.borrow_mut().failed.push(error.to_string()),
            }
        }));
    }
    let all = async {
        for task in tasks {
            task.await.unwrap();
        }
    };
    let watch = async {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            memory.borrow_mut().push(gateway.memory());
        }
    };
    tokio::select! {
        () = all => {}
        () = watch => unreachable!("it never ends"),
    }
    let seconds = before.2.elapsed().as_secs_f64();
    let mut seen = seen.take();
    seen.late.sort_unstable();
    let at = |share| f64::from(percentile(&seen.late, share)) / 1000.0;
    println!(
        "streams   {} of {} whole, {} words of {}; late p50 {:.2} p99 {:.2} p99.9 {:.2} max {:.2} ms",
        seen.whole,
        args.streams,
        seen.words,
        words * args.streams as u64,
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0)
    );
    let memory = memory.take();
    let most = |part: &[u64]| part.iter().max().copied().unwrap_or(0);
    let third = memory.len() / 3;
    let (early, late) = (most(&memory[..2 * third]), most(&memory[2 * third..]));
    println!(
        "  {seconds:.1} s; cores: gateway {:.2}, bench {:.2}; memory {} MB before, at most {} MB in the first two thirds, {} MB after",
        (gateway.cpu() - before.0) / seconds,
        (cpu("self") - before.1) / seconds,
        memory.first().unwrap_or(&0) / 1024,
        early / 1024,
        late / 1024
    );
    if let Some(failed) = seen.failed.first() {
        println!("  FAILED {}: {failed}", seen.failed.len());
    }
    let whole = seen.whole == args.streams && seen.words == words * args.streams as u64;
    let mut good = whole;
    if args.strict {
        good &= told("all streams whole", whole);
        good &= told("memory flat", late <= early + early / 20 + 8192);
    }
    good
}

/// Reads one stream to its end.
async fn follow(address: &str, words: u64, seen: &RefCell<Seen>) -> std::io::Result<()> {
    let mut wire = Wire::connect(address).await?;
    let message = json!([{"role": "user", "content": format!("{WORDS}{words}")}]);
    let body = json!({"model": MODEL, "messages": message, "stream": true}).to_string();
    wire.write(request(address, &body).as_bytes()).await?;
    let head = wire.head().await?.ok_or(std::io::ErrorKind::UnexpectedEof)?;
    if !head.first.contains(" 200 ") || !head.chunked {
        return Err(std::io::Error::other(head.first));
    }
    let (mut events, mut said) = (Vec::new(), String::new());
    while let Some(chunk) = wire.chunk().await? {
        events.extend_from_slice(&chunk);
        let now = clock();
        while let Some(end) = memchr::memmem::find(&events, b"\n\n") {
            let event: Vec<u8> = events.drain(..end + 2).collect();
            let Some(data) = event.strip_prefix(b"data: ").filter(|data| data.starts_with(b"{")) else { continue };
            let data: Value = serde_json::from_slice(data)?;
            said.push_str(data["choices"][0]["delta"]["content"].as_str().unwrap_or_default());
            let mut seen = seen.borrow_mut();
            while let Some((word, rest)) = said.split_once(' ') {
                let written: u64 =
                    word.strip_prefix('w').and_then(|w| w.parse().ok()).ok_or(std::io::ErrorKind::InvalidData)?;
                seen.late.push(u32::try_from(now.saturating_sub(written)).unwrap_or(u32::MAX));
                seen.words += 1;
                said = rest.to_owned();
            }
        }
    }
    Ok(())
}
