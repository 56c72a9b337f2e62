//! What a call takes longer through the gateway.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::figures::{cpu, percentile};
use crate::gateway::{Gateway, KEY, MODEL};
use crate::standin::Standin;
use crate::texts::{Draw, lines, text};
use crate::wire::Wire;
use crate::{Args, told};

/// Calls to one address.
struct Load {
    address: String,
    model: &'static str,
    lines: Vec<String>,
    size: usize,
    next: Cell<u64>,
    /// Connections that no call uses now, and since when.
    idle: RefCell<Vec<(Wire, Instant)>>,
    done: RefCell<Done>,
}

#[derive(Default)]
struct Done {
    /// Microseconds from when a call was due to its answer.
    took: Vec<u32>,
    wrong: u64,
    failed: BTreeMap<String, u64>,
}

pub(crate) async fn run(args: &Args, gateway: &Gateway, standin: &Standin) -> bool {
    let load = |address: &str, model| {
        let (lines, idle, done) = (lines(false), RefCell::default(), RefCell::default());
        Rc::new(Load { address: address.to_owned(), model, lines, size: args.size, next: Cell::new(1), idle, done })
    };
    let through = load(&gateway.address, MODEL);
    let straight = load(&standin.address, "straight");
    // What is only slow once is not measured.
    closed(&through, args.clients, Duration::from_secs(2)).await;
    let rate = match args.rate {
        Some(rate) => rate,
        None => {
            let (seconds, done) = closed(&through, args.clients, Duration::from_secs(args.seconds.min(10))).await;
            let capacity = done.took.len() as f64 / seconds;
            println!("capacity  {capacity:>8.0} calls/s, {} at once", args.clients);
            capacity / 2.0
        }
    };
    let limit = Duration::from_secs(args.seconds);
    let mut rows = Vec::new();
    let mut good = true;
    for (name, load) in [("straight", &straight), ("through", &through)] {
        let before = (gateway.cpu(), cpu("self"), Instant::now());
        let mut done = open(load, rate, limit).await;
        let seconds = before.2.elapsed().as_secs_f64();
        done.took.sort_unstable();
        let at = |share| f64::from(percentile(&done.took, share)) / 1000.0;
        let shares = [0.5, 0.9, 0.99, 0.999].map(at);
        println!(
            "{name:<9} {rate:>8.0} calls/s  p50 {:.2} p90 {:.2} p99 {:.2} p99.9 {:.2} ms; {} answered, {} wrong, failed {:?}; \
             cores: gateway {:.2}, bench {:.2}; memory {} MB",
            shares[0],
            shares[1],
            shares[2],
            shares[3],
            done.took.len(),
            done.wrong,
            done.failed,
            (gateway.cpu() - before.0) / seconds,
            (cpu("self") - before.1) / seconds,
            gateway.memory() / 1024
        );
        good &= done.wrong == 0 && done.failed.is_empty() && !done.took.is_empty();
        rows.push(shares);
    }
    let added: Vec<f64> = rows[0].iter().zip(&rows[1]).map(|(straight, through)| through - straight).collect();
    println!("added     p50 {:.2} p90 {:.2} p99 {:.2} p99.9 {:.2} ms", added[0], added[1], added[2], added[3]);
    let leaked = standin.seen.leaked.load(Ordering::Relaxed);
    println!("{} calls came to the stand-in, {leaked} with the patient", standin.seen.calls.load(Ordering::Relaxed));
    good &= leaked == 0;
    if args.strict {
        good &= told("added p50 within 5 ms", added[0] <= 5.0);
        good &= told("added p99 within 25 ms", added[2] <= 25.0);
    }
    good
}

impl Load {
    /// One call, whose answer must be the prompt.
    async fn ask(&self, due: Instant) {
        let number = self.next.replace(self.next.get() + 1);
        let prompt = text(&self.lines, self.size, &mut Draw::of(number));
        let answer = self.call(&prompt).await;
        let took = u32::try_from(due.elapsed().as_micros()).unwrap_or(u32::MAX);
        let mut done = self.done.borrow_mut();
        match answer {
            Ok(answer) => {
                done.took.push(took);
                done.wrong += u64::from(answer["choices"][0]["message"]["content"].as_str() != Some(&prompt));
            }
            Err(error) => *done.failed.entry(error.to_string()).or_default() += 1,
        }
    }

    async fn call(&self, prompt: &str) -> std::io::Result<Value> {
        // The gateway may have closed what nobody used for long.
        let idle = self.idle.borrow_mut().pop().filter(|(_, since)| since.elapsed() < Duration::from_secs(2));
        let mut wire = match idle {
            Some((wire, _)) => wire,
            None => Wire::connect(&self.address).await?,
        };
        let body = json!({"model": self.model, "messages": [{"role": "user", "content": prompt}]}).to_string();
        wire.write(request(&self.address, &body).as_bytes()).await?;
        let head = wire.head().await?.ok_or(std::io::ErrorKind::UnexpectedEof)?;
        let answer = wire.body(&head).await?;
        if !head.first.contains(" 200 ") {
            return Err(std::io::Error::other(head.first));
        }
        self.idle.borrow_mut().push((wire, Instant::now()));
        Ok(serde_json::from_slice(&answer)?)
    }
}

pub(crate) fn request(address: &str, body: &str) -> String {
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {KEY}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Each client asks again when it was answered.
async fn closed(load: &Rc<Load>, clients: usize, limit: Duration) -> (f64, Done) {
    let start = Instant::now();
    let ask = |_| {
        let load = Rc::clone(load);
        tokio::task::spawn_local(async move {
            while start.elapsed() < limit {
                load.ask(Instant::now()).await;
            }
        })
    };
    let tasks: Vec<_> = (0..clients).map(ask).collect();
    for task in tasks {
        task.await.unwrap();
    }
    (start.elapsed().as_secs_f64(), load.done.take())
}

/// Calls leave when they are due.
async fn open(load: &Rc<Load>, rate: f64, limit: Duration) -> Done {
    let under_way = Rc::new(Cell::new(0_usize));
    let mut draw = Draw::of(7);
    let start = Instant::now();
    let mut due = start;
    while due < start + limit {
        tokio::time::sleep_until(due.into()).await;
        let (load, under_way) = (Rc::clone(load), Rc::clone(&under_way));
        under_way.set(under_way.get() + 1);
        tokio::task::spawn_local(async move {
            load.ask(due).await;
            under_way.set(under_way.get() - 1);
        });
        due += Duration::from_secs_f64(-(1.0 - draw.share()).ln() / rate);
    }
    let patience = Instant::now() + Duration::from_secs(60);
    while under_way.get() > 0 && Instant::now() < patience {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut done = load.done.take();
    if under_way.get() > 0 {
        done.failed.insert("never answered".to_owned(), under_way.get() as u64);
    }
    done
}
