//! What goes wrong on a network: floods, slow callers, callers that go away, nonsense, and the end under load.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use deidre::service::proto::DeidentifyRequest;
use deidre::service::proto::deidre_client::DeidreClient;
use rustix::process::Signal;
use tonic::transport::Endpoint;
use tonic::{Code, Request};

use super::{NOTE, Server, reason, refused, request, scrub};

fn long() -> DeidentifyRequest {
    request(&format!("{NOTE}\n").repeat(10_000), "redact")
}

#[tokio::test]
async fn a_flood_is_refused_at_once_and_does_not_keep_what_was_let_in() {
    let server = Server::start(&["--max-in-flight", "2", "--jobs", "1", "--open-loopback"]);
    let client = server.client().await;
    let (done, busy) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..60 {
        let (mut client, done, busy) = (client.clone(), Arc::clone(&done), Arc::clone(&busy));
        tasks.spawn(async move {
            match client.deidentify(long()).await {
                Ok(answer) => {
                    assert!(!answer.into_inner().text.contains("Osei"));
                    done.fetch_add(1, Ordering::SeqCst);
                }
                Err(status) => {
                    assert_eq!((status.code(), reason(&status).as_str()), (Code::ResourceExhausted, "BUSY"));
                    let details = tonic_types::StatusExt::get_error_details(&status);
                    assert!(details.retry_info().is_some());
                    busy.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
    }
    while let Some(task) = tasks.join_next().await {
        task.unwrap();
    }
    let (done, busy) = (done.load(Ordering::SeqCst), busy.load(Ordering::SeqCst));
    assert!(done >= 2 && busy >= 40 && done + busy == 60, "{done} {busy}");
    // All room is free again.
    let mut client = server.client().await;
    assert!(scrub(&mut client, NOTE).await.is_ok());
    assert!((server.metric("deidre_in_flight")).abs() < 0.5);
}

#[tokio::test]
async fn a_deadline_holds_and_who_went_away_costs_nothing() {
    let server = Server::start(&["--jobs", "1", "--open-loopback"]);
    let mut client = server.client().await;
    let mut hasty = Request::new(long());
    hasty.set_timeout(Duration::from_millis(1));
    let status = client.deidentify(hasty).await.unwrap_err();
    assert!(matches!(status.code(), Code::DeadlineExceeded | Code::Cancelled), "{status:?}");
    // Sixty long texts whose callers go away: what waits is dropped, not done.
    let mut tasks = Vec::new();
    for _ in 0..60 {
        let mut client = client.clone();
        tasks.push(tokio::spawn(async move { client.deidentify(long()).await.map(drop) }));
    }
    while server.metric("deidre_in_flight") < 30.0 && tasks.iter().any(|task| !task.is_finished()) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tasks.iter().for_each(tokio::task::JoinHandle::abort);
    let before = server.metric("deidre_text_bytes_total");
    assert!(scrub(&mut client, NOTE).await.is_ok());
    while server.metric("deidre_in_flight") > 0.5 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let done = server.metric("deidre_text_bytes_total") - before;
    assert!(done < 20.0 * NOTE.len() as f64 * 10_000.0, "{done} bytes were scrubbed for nobody");
}

#[tokio::test]
async fn messages_that_are_too_large_are_refused() {
    let server = Server::start(&["--max-text", "100000"]);
    let mut client = server.client().await;
    let status = client.deidentify(request(&"x".repeat(1_000_000), "redact")).await.unwrap_err();
    assert!(matches!(status.code(), Code::OutOfRange | Code::InvalidArgument), "{status:?}");
    refused(client.deidentify(request(&"x".repeat(100_001), "redact")).await, Code::InvalidArgument, "TOO_LARGE");
    assert!(scrub(&mut client, NOTE).await.is_ok());
}

/// What is sent to a port, byte for byte.
fn nonsense() -> Vec<Vec<u8>> {
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    let frame = |head: &[u8], body: &[u8]| [&preface[..], &[0, 0, 0, 4, 0, 0, 0, 0, 0], head, body].concat();
    vec![
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        b"GET / HTTP/1.1\r\nhost: x\r\n\r\n".to_vec(),
        b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec(),
        // A frame longer than frames may be, DATA on no stream, HEADERS that are none, a flood of SETTINGS.
        frame(&[0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1], &[b'x'; 100]),
        frame(&[0, 0, 4, 0, 1, 0, 0, 0, 3], b"abcd"),
        frame(&[0, 0, 4, 1, 4, 0, 0, 0, 1], b"\xff\xff\xff\xff"),
        frame(&[], &[0, 0, 0, 4, 0, 0, 0, 0, 0].repeat(5_000)),
        preface.get(..10).unwrap_or_default().to_vec(),
    ]
}

#[tokio::test]
async fn nonsense_ends_its_connection_and_no_other() {
    let mut server = Server::start(&[]);
    let mut client = server.client().await;
    for address in [&server.grpc, &server.http] {
        for bytes in nonsense() {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            let _ = stream.write_all(&bytes);
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let _ = stream.read_to_end(&mut Vec::new());
        }
    }
    assert!(scrub(&mut client, NOTE).await.is_ok());
    // Frames of gRPC that hold no message.
    for body in [&b"\0\0\0\0\x05abc"[..], b"\x01\0\0\0\x01x", b"\0\xff\xff\xff\xff", b"\0\0\0\0\x02\xff\xff"] {
        let text = String::from_utf8_lossy(body);
        let (status, _, _) = server.http("POST", "/v1/deidentify", "content-type: application/grpc\r\n", &text);
        assert_eq!(status, 400);
    }
    assert!(server.is_running());
}

#[tokio::test]
async fn slow_and_silent_callers_are_let_go() {
    let server = Server::start(&["--deadline", "1", "--idle", "1", "--max-in-flight", "1", "--open-loopback"]);
    // A body that does not come takes the only room for as long as a request has.
    let mut slow = TcpStream::connect(&server.http).unwrap();
    slow.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    slow.write_all(b"POST /v1/deidentify HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{\"te").unwrap();
    let start = Instant::now();
    let until = start + Duration::from_secs(5);
    while server.metric("deidre_in_flight") < 0.5 && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(5));
    }
    let mut client = server.client().await;
    refused(scrub(&mut client, NOTE).await, Code::ResourceExhausted, "BUSY");
    let mut answer = Vec::new();
    let _ = slow.read_to_end(&mut answer);
    assert!(answer.starts_with(b"HTTP/1.1 504"), "{}", String::from_utf8_lossy(&answer));
    let took = start.elapsed();
    assert!(took > Duration::from_millis(900) && took < Duration::from_secs(10), "{took:?}");
    assert!(scrub(&mut client, NOTE).await.is_ok());
    // One that connects and says nothing, or half of something: it is closed.
    let mut silent = Vec::new();
    for bytes in [&b""[..], b"PRI * HTT", b"POST /v1/dei"] {
        for address in [&server.grpc, &server.http] {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(40))).unwrap();
            stream.write_all(bytes).unwrap();
            silent.push((bytes, stream));
        }
    }
    for (bytes, mut stream) in silent {
        let closed = stream.read_to_end(&mut Vec::new());
        let reset = closed.as_ref().is_err_and(|e| e.kind() == std::io::ErrorKind::ConnectionReset);
        assert!(closed.is_ok() || reset, "still open behind {} bytes: {closed:?}", bytes.len());
    }
}

#[tokio::test]
async fn nothing_that_was_accepted_is_lost_at_the_end() {
    for round in 0..3 {
        let mut server = Server::start(&["--jobs", "2", "--max-in-flight", "512"]);
        let (answered, refused) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut tasks = tokio::task::JoinSet::new();
        for caller in 0..8 {
            let endpoint = Endpoint::from_shared(format!("http://{}", server.grpc)).unwrap();
            let mut client = DeidreClient::new(endpoint.connect().await.unwrap());
            let (answered, refused) = (Arc::clone(&answered), Arc::clone(&refused));
            tasks.spawn(async move {
                for _ in 0..100_000 {
                    let text = NOTE.repeat(1 + caller * 20);
                    match client.deidentify(request(&text, "redact")).await {
                        Ok(answer) => {
                            assert!(!answer.into_inner().text.contains("Osei"));
                            answered.fetch_add(1, Ordering::SeqCst);
                        }
                        // Refused because it was never taken: another server would answer it.
                        Err(status) => {
                            let text = format!("{status:?}").to_lowercase();
                            let never_taken = text.contains("connect")
                                || text.contains("refused_stream")
                                || text.contains("goaway")
                                || text.contains("not ready")
                                || text.contains("closed");
                            assert!(never_taken, "lost: {status:?}");
                            refused.fetch_add(1, Ordering::SeqCst);
                            return;
                        }
                    }
                }
            });
        }
        let over_http = format!("{{\"text\":\"{}\",\"options\":{{\"policy\":\"redact\"}}}}", NOTE.repeat(2_000));
        let waiting = std::thread::spawn({
            let (address, body) = (server.http.clone(), over_http);
            move || {
                let mut stream = TcpStream::connect(address).unwrap();
                let length = body.len();
                write!(stream, "POST /v1/deidentify HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n{body}")
                    .unwrap();
                let mut answer = String::new();
                let _ = stream.read_to_string(&mut answer);
                answer
            }
        });
        while answered.load(Ordering::SeqCst) < 20 + round * 30 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        server.signal(Signal::TERM);
        let status = tokio::task::spawn_blocking(move || (server.ended(), server.stderr())).await.unwrap();
        assert!(status.0.success(), "{status:?}");
        while let Some(task) = tasks.join_next().await {
            task.unwrap();
        }
        assert!(answered.load(Ordering::SeqCst) >= 20 && refused.load(Ordering::SeqCst) == 8);
        assert!(waiting.join().unwrap().starts_with("HTTP/1.1 200"));
    }
}

#[tokio::test]
async fn what_does_not_end_in_time_is_cut_off_and_told() {
    let mut server = Server::start(&["--drain-timeout", "0.2"]);
    let mut client = server.client().await;
    let stream = client.deidentify_stream(tokio_stream::pending()).await.unwrap();
    server.signal(Signal::TERM);
    assert_eq!(server.ended().code(), Some(1));
    assert!(server.stderr().contains("cut off"));
    drop(stream);
}

#[tokio::test]
async fn a_vault_that_is_away_is_waited_for_and_nothing_is_answered_without_it() {
    let place = tempfile::tempdir().unwrap();
    let vault = place.path().join("v.redb");
    let args = ["--vault", vault.to_str().unwrap(), "--open-loopback"];
    let holder = Server::start(&args);
    let waits = Server::start(&args);
    let mut client = waits.client().await;
    for policy in ["", "safe-harbor"] {
        refused(client.deidentify(request(NOTE, policy)).await, Code::Unavailable, "VAULT_MISSING");
    }
    assert_eq!(waits.http("GET", "/readyz", "", "").0, 503);
    // What needs no vault is answered.
    assert!(scrub(&mut client, NOTE).await.is_ok());
    let kept =
        holder.client().await.deidentify(request("MRN 00482913", "safe-harbor")).await.unwrap().into_inner().text;
    drop(holder);
    let until = Instant::now() + Duration::from_secs(30);
    while waits.http("GET", "/readyz", "", "").0 != 200 {
        assert!(Instant::now() < until, "it does not find the vault: {}", waits.stderr());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let found = client.deidentify(request("MRN 00482913", "safe-harbor")).await.unwrap().into_inner().text;
    assert!(found == kept && found.starts_with("MRN [MRN:"), "{found} {kept}");
}
