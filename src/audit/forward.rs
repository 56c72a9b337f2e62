//! Sends the lines of a trail to syslog, each at least once and in order. What waits is the trail itself: a line is
//! counted as delivered when the receiver's system has taken it, and what was not is read from the trail again, also by
//! the next process. Whoever writes the trail never waits for it.

use std::collections::VecDeque;
use std::io::{self, Write};

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustls::ClientConfig;

use super::AuditError;
use super::files::Files;
use super::link::Link;
use super::read::{Item, parts};
use super::syslog::{Syslog, Transport, write_frame};
use super::trail::Trail;
use crate::trust;

/// A thread that sends. Dropped, it sends what it can within a few seconds, and notes where it was.
pub(super) struct Forward {
    desk: Arc<Desk>,
    thread: Option<JoinHandle<()>>,
}

/// How far a trail has been sent to syslog.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sent {
    /// The number of the last line of the trail.
    pub last: u64,
    /// The number of the last line that was sent.
    pub sent: u64,
    /// Whether there is a connection.
    pub connected: bool,
}

/// Tells how far it is; stays when what it asks has ended.
#[derive(Clone)]
pub struct Gauge(Arc<Desk>);

impl Forward {
    /// Goes on where the last one was; the first one begins at the end of the trail.
    pub(super) fn new(syslog: Syslog, trail: &Trail) -> Result<Forward, AuditError> {
        let tls = match &syslog.transport {
            Transport::Tcp => None,
            Transport::Tls { ca } => {
                let config =
                    trust::client(ca.as_deref()).map_err(|error| AuditError::Syslog(format!("ca: {error}")))?;
                Some(Arc::new(config))
            }
        };
        let (files, last) = (trail.files().clone(), trail.last()?);
        let cursor = match files.read_sent()? {
            // Of another trail, that stood here before.
            Some(sent) if sent > last => 0,
            Some(sent) => sent,
            None => last,
        };
        files.replace_sent(cursor)?;
        let queue = Queue { lines: VecDeque::new(), bytes: 0, last, closed: false };
        let (queue, more) = (Mutex::new(queue), Condvar::new());
        let desk = Desk { queue, more, sent: AtomicU64::new(cursor), connected: AtomicBool::new(false) };
        let desk = Arc::new(desk);
        let at = Arc::clone(&desk);
        let thread = std::thread::Builder::new().name("syslog".into()).spawn(move || {
            Sender { syslog, tls, files, desk: &at, cursor, delivered: cursor, noted: cursor, lately: VecDeque::new() }
                .run();
        })?;
        Ok(Forward { desk, thread: Some(thread) })
    }

    /// Takes the next line of the trail. Where there is no room, it will be read from the trail.
    pub(super) fn offer(&self, n: u64, line: &[u8]) {
        let mut queue = self.desk.lock();
        queue.last = n;
        if queue.bytes + line.len() > ROOM {
            (queue.lines, queue.bytes) = (VecDeque::new(), 0);
        } else {
            queue.bytes += line.len();
            queue.lines.push_back((n, line.into()));
        }
        self.desk.more.notify_one();
    }

    pub(super) fn gauge(&self) -> Gauge {
        Gauge(Arc::clone(&self.desk))
    }
}

impl Drop for Forward {
    fn drop(&mut self) {
        self.desk.lock().closed = true;
        self.desk.more.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Gauge {
    /// How far it is now.
    pub fn read(&self) -> Sent {
        Sent {
            last: self.0.lock().last,
            sent: self.0.sent.load(Ordering::Relaxed),
            connected: self.0.connected.load(Ordering::Relaxed),
        }
    }
}

impl std::fmt::Debug for Gauge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Gauge").field(&self.read()).finish()
    }
}

struct Desk {
    queue: Mutex<Queue>,
    more: Condvar,
    sent: AtomicU64,
    connected: AtomicBool,
}

struct Queue {
    /// Lines of the end of the trail, without gaps.
    lines: VecDeque<(u64, Box<[u8]>)>,
    bytes: usize,
    /// The last line of the trail.
    last: u64,
    closed: bool,
}

enum Next {
    /// The line after the one that was sent last.
    Line(u64, Box<[u8]>),
    /// Lines up to this one stand in the trail only.
    Trail(u64),
    Nothing,
    Closed,
}

impl Desk {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What comes after line `sent`; waits for it a little.
    fn next(&self, sent: u64) -> Next {
        let mut queue = self.lock();
        for waited in [false, true] {
            while queue.lines.front().is_some_and(|(n, _)| *n <= sent) {
                let len = queue.lines.pop_front().map_or(0, |(_, line)| line.len());
                queue.bytes -= len;
            }
            match queue.lines.front() {
                Some((n, _)) if *n == sent + 1 => {
                    let Some((n, line)) = queue.lines.pop_front() else { break };
                    queue.bytes -= line.len();
                    return Next::Line(n, line);
                }
                _ if queue.last > sent => return Next::Trail(queue.last),
                _ if queue.closed => return Next::Closed,
                _ if waited => break,
                _ => queue = self.more.wait_timeout(queue, TICK).unwrap_or_else(PoisonError::into_inner).0,
            }
        }
        Next::Nothing
    }

    /// Waits before another try; false if there is to be none.
    fn pause(&self, time: Duration) -> bool {
        let until = Instant::now() + time;
        let mut queue = self.lock();
        while !queue.closed {
            let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) else {
                return true;
            };
            queue = self.more.wait_timeout(queue, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        false
    }
}

struct Sender<'d> {
    syslog: Syslog,
    tls: Option<Arc<ClientConfig>>,
    files: Files,
    desk: &'d Desk,
    /// The last line that was sent.
    cursor: u64,
    /// The last line that counts as delivered.
    delivered: u64,
    /// What the file of the cursor says.
    noted: u64,
    /// When lines were sent that do not count as delivered yet.
    lately: VecDeque<(Instant, u64)>,
}

impl Sender<'_> {
    fn run(mut self) {
        let mut pause = SHORTEST_PAUSE;
        loop {
            let begun = Instant::now();
            let ended = self.connection();
            self.desk.connected.store(false, Ordering::Relaxed);
            match ended {
                Ok(()) => break,
                Err(error) => {
                    tracing::warn!(%error, behind = self.desk.lock().last.saturating_sub(self.delivered), "syslog")
                }
            }
            // What the receiver may not have had is sent again.
            self.lately.clear();
            self.cursor = self.delivered;
            self.desk.sent.store(self.cursor, Ordering::Relaxed);
            self.note();
            // A connection that held for a while was a good one.
            pause = if begun.elapsed() > LONGEST_PAUSE { SHORTEST_PAUSE } else { pause };
            if !self.desk.pause(pause) {
                break;
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        self.note();
    }

    /// Sends until there is nothing more to be sent ever, or the connection breaks.
    fn connection(&mut self) -> io::Result<()> {
        let mut link = Link::open(&self.syslog, self.tls.as_ref())?;
        self.desk.connected.store(true, Ordering::Relaxed);
        let mut out = Vec::with_capacity(2 * FLUSH);
        loop {
            match self.desk.next(self.cursor) {
                Next::Line(n, line) => {
                    write_frame(&line, &mut out);
                    self.cursor = n;
                    if out.len() < FLUSH && self.more() {
                        continue;
                    }
                }
                Next::Trail(last) => self.catch_up(last, &mut link, &mut out)?,
                Next::Nothing => link.check()?,
                Next::Closed => {
                    self.send(&mut link, &mut out)?;
                    link.close()?;
                    self.delivered = self.cursor;
                    return Ok(());
                }
            }
            self.send(&mut link, &mut out)?;
        }
    }

    fn more(&self) -> bool {
        self.desk.lock().lines.front().is_some_and(|(n, _)| *n == self.cursor + 1)
    }

    fn send(&mut self, link: &mut Link, out: &mut Vec<u8>) -> io::Result<()> {
        if !out.is_empty() {
            link.check()?;
            link.write_all(out)?;
            link.flush()?;
            out.clear();
        }
        self.desk.sent.store(self.cursor, Ordering::Relaxed);
        let now = Instant::now();
        if self.cursor > self.delivered
            && self.lately.back().is_none_or(|(at, n)| *n < self.cursor && now - *at > TICK / 10)
        {
            self.lately.push_back((now, self.cursor));
        }
        while let Some((_, n)) = self.lately.front().copied().filter(|(at, _)| now - *at > TAKEN) {
            self.lately.pop_front();
            self.delivered = n;
        }
        if self.delivered > self.noted {
            self.note();
        }
        Ok(())
    }

    /// Sends the lines after the cursor up to `last`, as they stand in the trail.
    fn catch_up(&mut self, last: u64, link: &mut Link, out: &mut Vec<u8>) -> io::Result<()> {
        let other = |error: AuditError| match error {
            AuditError::Io(error) => error,
            error => io::Error::other(error),
        };
        for part in parts(&self.files, self.files.snapshot().map_err(other)?) {
            let (path, mut lines) = part.map_err(other)?;
            if path != self.files.active && self.ends_before(&path)? {
                continue;
            }
            while let Some(item) = lines.next().map_err(other)? {
                let Item::Line(line) = item else { continue };
                let Some(n) = number(line).filter(|n| (self.cursor + 1..=last).contains(n)) else { continue };
                write_frame(line, out);
                self.cursor = n;
                if out.len() >= FLUSH {
                    self.send(link, out)?;
                }
            }
        }
        // What cannot be read there cannot be sent.
        self.cursor = self.cursor.max(last);
        Ok(())
    }

    /// Whether all lines of a part were sent.
    fn ends_before(&self, part: &Path) -> io::Result<bool> {
        let end = super::files::End::of(&mut std::fs::File::open(part)?, 1)?;
        let last = end.line_before(end.len()).and_then(|(line, _)| number(line));
        Ok(last.is_some_and(|last| last <= self.cursor))
    }

    /// Where it is, for the next process.
    fn note(&mut self) {
        if self.delivered != self.noted && self.files.replace_sent(self.delivered).is_ok() {
            self.noted = self.delivered;
        }
    }
}

/// The number of a line.
fn number(line: &[u8]) -> Option<u64> {
    #[derive(serde::Deserialize)]
    struct Numbered {
        n: u64,
    }
    serde_json::from_slice::<Numbered>(line).ok().map(|line| line.n)
}

/// Bytes of lines that wait in memory.
const ROOM: usize = 4 << 20;
/// Bytes that are written at once.
const FLUSH: usize = 32 << 10;
/// How long it waits for a line before it looks whether the connection stands.
const TICK: Duration = Duration::from_secs(1);
/// A line that was sent so long ago, on a connection that stands, was taken by the receiver's system.
pub(super) const TAKEN: Duration = Duration::from_secs(5);
const SHORTEST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use std::io::Read;
    use std::net::TcpListener;
    use std::sync::mpsc;

    use rustls::StreamOwned;

    use super::super::{Exchange, Exchanges, Note, Outcome, Rotation};
    use super::*;

    struct Place {
        dir: tempfile::TempDir,
    }

    impl Place {
        fn new() -> Place {
            Place { dir: tempfile::tempdir().unwrap() }
        }

        /// Small parts, so that what is read from the trail is read from several.
        fn exchanges(&self, url: &str) -> Exchanges {
            let path = self.dir.path().join("audit.jsonl");
            let trail = Trail::open(&path, None, Rotation { bytes: 4_000 }).unwrap();
            Exchanges::new(trail, Some(Syslog::parse(url).unwrap())).unwrap()
        }
    }

    fn write(exchanges: &Exchanges, many: usize) {
        let (done, told) = mpsc::channel();
        for _ in 0..many {
            let done = done.clone();
            let exchange = Exchange { client: Note::new("scribe"), ..Exchange::new([7; 16], Outcome::Done) };
            exchanges.write(exchange, move |result| done.send(result).unwrap());
        }
        drop(done);
        assert_eq!(told.iter().map(Result::unwrap).count(), many);
    }

    /// Reads frames until the other side closes, or there were `most`; the numbers of the lines in them.
    fn receive(mut stream: impl Read, most: usize) -> Vec<u64> {
        let mut numbers = Vec::new();
        let mut byte = [0];
        while numbers.len() < most {
            let mut length = String::new();
            loop {
                match stream.read(&mut byte) {
                    Ok(1) if byte[0] == b' ' => break,
                    Ok(1) => length.push(byte[0].into()),
                    _ if length.is_empty() => return numbers,
                    other => panic!("a frame is cut: {other:?}"),
                }
            }
            let mut message = vec![0; length.parse().unwrap()];
            stream.read_exact(&mut message).unwrap();
            let message = String::from_utf8(message).unwrap();
            assert!(message.starts_with("<110>1 "), "{message}");
            let line = message.split_once("] ").unwrap().1;
            let n = number(line.as_bytes()).unwrap();
            assert!(message.contains(&format!(" [deidre@32473 n=\"{n}\" outcome=\"done\" actor=\"scribe\"")));
            numbers.push(n);
        }
        numbers
    }

    #[test]
    fn lines_arrive_and_the_next_process_goes_on_behind_them() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("tcp://{}", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || [0, 1].map(|_| receive(listener.accept().unwrap().0, usize::MAX)));
        let place = Place::new();
        for _ in 0..2 {
            let exchanges = place.exchanges(&url);
            write(&exchanges, 50);
            drop(exchanges);
        }
        let [first, second] = server.join().unwrap();
        assert!(first.into_iter().eq(1..=50) && second.into_iter().eq(51..=100));
    }

    #[test]
    fn what_a_receiver_did_not_have_is_sent_again_from_the_trail() {
        let place = Place::new();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let exchanges = place.exchanges(&format!("tcp://{address}"));
        write(&exchanges, 20);
        assert!(receive(listener.accept().unwrap().0, 7).into_iter().eq(1..=7));
        // It is away for a while; then it takes some, and breaks off again.
        drop(listener);
        write(&exchanges, 200);
        let listener = TcpListener::bind(address).unwrap();
        let some = receive(listener.accept().unwrap().0, 100);
        assert!(some.first().is_some_and(|n| *n <= 8) && some.windows(2).all(|pair| pair[0] + 1 == pair[1]));
        let (came, coming) = mpsc::channel();
        let server = std::thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            came.send(()).unwrap();
            receive(stream, usize::MAX)
        });
        coming.recv_timeout(Duration::from_secs(20)).unwrap();
        let gauge = exchanges.syslog().unwrap();
        let begun = Instant::now();
        while gauge.read() != (Sent { last: 220, sent: 220, connected: true }) {
            assert!(begun.elapsed() < Duration::from_secs(20), "{gauge:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
        drop(exchanges);
        let rest = server.join().unwrap();
        assert!(rest.first().is_some_and(|n| *n <= some.last().unwrap() + 1));
        assert!(rest.windows(2).all(|pair| pair[0] + 1 == pair[1]) && rest.last() == Some(&220));
    }

    #[test]
    fn nobody_waits_for_a_receiver_that_is_not_there() {
        let place = Place::new();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let exchanges = place.exchanges(&format!("tcp://{address}"));
        write(&exchanges, 30);
        assert_eq!(exchanges.syslog().unwrap().read(), Sent { last: 30, sent: 0, connected: false });
        drop(exchanges);
        let listener = TcpListener::bind(address).unwrap();
        let server = std::thread::spawn(move || receive(listener.accept().unwrap().0, usize::MAX));
        drop(place.exchanges(&format!("tcp://{address}")));
        assert!(server.join().unwrap().into_iter().eq(1..=30));
    }

    #[test]
    fn within_tls_only_who_is_trusted_gets_lines() {
        let [trusted, other] = [(), ()].map(|()| rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap());
        let place = Place::new();
        let ca = place.dir.path().join("ca.pem");
        std::fs::write(&ca, trusted.cert.pem()).unwrap();
        let config = |of: &rcgen::CertifiedKey<rcgen::KeyPair>| {
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let builder = rustls::ServerConfig::builder_with_provider(provider);
            let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
            let key = rustls::pki_types::PrivateKeyDer::try_from(of.signing_key.serialize_der()).unwrap();
            Arc::new(builder.with_single_cert(vec![of.cert.der().clone()], key).unwrap())
        };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("tls://localhost:{}?ca={}", listener.local_addr().unwrap().port(), ca.display());
        let configs = [config(&other), config(&trusted)];
        let server = std::thread::spawn(move || {
            configs.map(|config| {
                let (mut stream, _) = listener.accept().unwrap();
                let mut connection = rustls::ServerConnection::new(config).unwrap();
                while connection.is_handshaking() {
                    if connection.complete_io(&mut stream).is_err() {
                        return Vec::new();
                    }
                }
                receive(StreamOwned::new(connection, stream), usize::MAX)
            })
        });
        let exchanges = place.exchanges(&url);
        write(&exchanges, 25);
        let gauge = exchanges.syslog().unwrap();
        let begun = Instant::now();
        while gauge.read().sent < 25 {
            assert!(begun.elapsed() < Duration::from_secs(20), "{gauge:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
        drop(exchanges);
        let [untrusted, lines] = server.join().unwrap();
        assert!(untrusted.is_empty() && lines.into_iter().eq(1..=25));
        for bad in ["tls://localhost?ca=/nowhere".to_owned(), format!("tls://localhost?ca={}", file!())] {
            let trail = Trail::open(&place.dir.path().join("other.jsonl"), None, Rotation::DEFAULT).unwrap();
            assert!(Exchanges::new(trail, Some(Syslog::parse(&bad).unwrap())).is_err(), "{bad}");
        }
    }
}
