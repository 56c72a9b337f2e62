//! No text of a request is in what the service says, logs or counts, at the highest level.

use deidre::service::proto::{
    ContextField, DeidentifyRequest, DeidentifyStreamRequest, DetectRequest, Options, RevealOptions, RevealRequest,
    Segment, StreamOptions, deidentify_stream_request::Message,
};
use rustix::process::Signal;
use tonic::Request;

use super::Server;

const MARKER: &str = "Zxqvmarker";

#[tokio::test]
async fn no_text_of_a_request_is_logged_at_trace() {
    let args = ["--open-loopback", "--log", "trace"];
    let env =
        [("DEIDRE_KEY", "5a".repeat(32)), ("RUST_LOG", "trace".to_owned()), ("RUST_BACKTRACE", "full".to_owned())];
    let env: Vec<(&str, &str)> = env.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut server = Server::start_with(tempfile::tempdir().unwrap(), &args, &env);
    let mut client = server.client().await;
    let marker = || MARKER.to_owned();
    let options = || Options {
        session: marker(),
        patient: marker(),
        document: marker(),
        context: vec![ContextField { name: "patient_name".to_owned(), value: marker() }],
        spans: true,
        ..Options::default()
    };
    let text = format!("Dr. {MARKER} called {MARKER}@example.org about MRN 00482913.");
    let ask = |options| DeidentifyRequest { options: Some(options), text: text.clone(), segments: Vec::new() };
    let scrubbed = client.deidentify(ask(options())).await.unwrap().into_inner().text;
    assert!(!scrubbed.contains(MARKER), "{scrubbed}");
    let mut named = Request::new(ask(Options { policy: marker(), ..options() }));
    named.metadata_mut().insert("x-request-id", MARKER.parse().unwrap());
    named.metadata_mut().insert("authorization", format!("Bearer {MARKER}").parse().unwrap());
    assert!(!format!("{:?}", client.deidentify(named).await.unwrap_err()).contains(MARKER));
    let wrong = Options { destination: marker(), scope: 77, ..options() };
    assert!(!format!("{:?}", client.deidentify(ask(wrong)).await.unwrap_err()).contains(MARKER));
    let segments =
        vec![Segment { text: marker(), field: marker() }, Segment { text: text.clone(), field: "note".into() }];
    client.detect(DetectRequest { segments, ..DetectRequest::default() }).await.unwrap();
    let reveal = RevealOptions { reason: "a test".to_owned(), session: marker(), ..RevealOptions::default() };
    let ask = RevealRequest { options: Some(reveal), text: format!("{scrubbed} {text}") };
    client.reveal(ask).await.unwrap();
    let start = Message::Start(StreamOptions { options: Some(options()), ..StreamOptions::default() });
    let bad = Message::Chunk([text.as_bytes(), b"\xff"].concat());
    let asks = [start, bad].map(|message| DeidentifyStreamRequest { message: Some(message) });
    let mut answers = client.deidentify_stream(tokio_stream::iter(asks)).await.unwrap().into_inner();
    assert!(!format!("{:?}", answers.message().await.unwrap_err()).contains(MARKER));
    let body = format!("{{\"text\":\"{text}\",\"options\":{{\"policy\":\"{MARKER}\"}}}}");
    for (path, headers, body) in [
        ("/v1/deidentify", "", body.as_str()),
        ("/v1/deidentify", "", text.as_str()),
        ("/v1/detect", "", "{\"text\":\"Zxqvmarker\",\"Zxqvmarker\":1}"),
        ("/v1/Zxqvmarker?text=Zxqvmarker", "x-request-id: Zxqvmarker\r\n", ""),
    ] {
        let (_, head, answer) = server.http("POST", path, headers, body);
        assert!(!answer.contains(MARKER) && !head.contains(&MARKER.to_lowercase()), "{head} {answer}");
    }
    let (_, _, page) = server.http("GET", "/metrics", "", "");
    assert!(page.contains("deidre_requests_total") && !page.contains(MARKER));
    server.signal(Signal::TERM);
    assert!(server.ended().success());
    let said = server.stderr();
    assert!(said.contains("answered") && said.contains("method=\"Deidentify\""), "{said}");
    assert!(!said.to_lowercase().contains(&MARKER.to_lowercase()), "{said}");
    assert!(!said.contains("00482913"), "{said}");
}
