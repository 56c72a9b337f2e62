//! What each method answers, by gRPC and by HTTP, and what it refuses.

use std::collections::BTreeSet;

use deidre::service::proto::{
    ContextField, DeidentifyRequest, DetectRequest, GetVersionRequest, ListPoliciesRequest, Options, RevealOptions,
    RevealRequest, Scope, Segment,
};
use serde_json::Value;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::{NOTE, Server, reason, refused, request, scrub};

const SCRUBBED: &str = "Seen by Dr. [NAME] on [DATE], MRN [MRN]. Call [PHONE].";

#[tokio::test]
async fn a_text_is_scrubbed_as_filter_scrubs_it() {
    let server = Server::start(&[]);
    let mut client = server.client().await;
    let answer = scrub(&mut client, NOTE).await.unwrap();
    assert_eq!(answer.text, SCRUBBED);
    assert_eq!(answer.counts.values().sum::<u64>(), 4);
    assert!(answer.spans.is_empty());
    let versions = answer.versions.unwrap();
    assert!(versions.policy.starts_with("redact ") && versions.engine == env!("CARGO_PKG_VERSION"));
    assert!(answer.timings.unwrap().total_us > 0);
    for note in super::notes() {
        let filtered = assert_cmd::cargo::cargo_bin_cmd!("deidre")
            .args(["filter", "--format", "text", "--policy", "redact", "--no-model"])
            .write_stdin(note.clone())
            .output()
            .unwrap();
        assert_eq!(scrub(&mut client, &note).await.unwrap().text, String::from_utf8(filtered.stdout).unwrap());
    }
    assert_eq!(scrub(&mut client, "").await.unwrap().text, "");
}

#[tokio::test]
async fn segments_and_context_are_one_record_and_spans_say_what_stands_where() {
    let server = Server::start(&[]);
    let mut client = server.client().await;
    let segment = |field: &str, text: &str| Segment { field: field.to_owned(), text: text.to_owned() };
    let segments = vec![
        segment("patient_name", "Zqorvax Plovtrik"),
        segment("note", "— Plovtrik is well. The nurse Wexmoor agrees, and Wexmoor will call on 03/04/2019."),
        segment("", ""),
    ];
    let context = vec![ContextField { name: "nurse_name".to_owned(), value: "Hana Wexmoor".to_owned() }];
    let options = Options { policy: "redact".to_owned(), context, spans: true, ..Options::default() };
    let ask = DeidentifyRequest { options: Some(options), segments: segments.clone(), text: String::new() };
    let answer = client.deidentify(ask).await.unwrap().into_inner();
    assert_eq!(answer.segments.len(), 3);
    assert_eq!(answer.segments[0].text, "[NAME]");
    assert_eq!(answer.segments[1].text, "— [NAME] is well. The nurse [NAME] agrees, and [NAME] will call on [DATE].");
    assert_eq!(answer.segments[2].text, "");
    for (given, back) in segments.iter().zip(&answer.segments) {
        for span in &back.spans {
            assert_eq!(&back.text[span.output_start as usize..span.output_end as usize], format!("[{}]", span.label));
            assert!(given.text.get(span.start as usize..span.end as usize).is_some());
        }
    }
    let said = &answer.segments[1].spans;
    assert_eq!(&segments[1].text[said[0].start as usize..said[0].end as usize], "Plovtrik");
    assert_eq!(said.len(), 4);
}

#[tokio::test]
async fn a_long_text_has_spans_of_the_whole_and_names_go_on() {
    let server = Server::start(&[]);
    let mut client = server.client().await;
    let filler = "The knee is stable and the pain is better with rest.\n\n".repeat(1_300);
    let text = format!("Patient: Zqorvax Plovtrik, MRN 00482913\n\n{filler}Plovtrik was told. 00482913 again.\n");
    assert!(text.len() > 64 << 10);
    let mut ask = request(&text, "redact");
    if let Some(options) = &mut ask.options {
        options.spans = true;
    }
    let answer = client.deidentify(ask).await.unwrap().into_inner();
    let end = answer.text.trim_end().rsplit('\n').next().unwrap();
    assert!(end.starts_with("[NAME] was told. [") && end.ends_with("] again."), "{end}");
    assert_eq!(answer.spans.len(), 4);
    for span in &answer.spans {
        assert_eq!(&answer.text[span.output_start as usize..span.output_end as usize], format!("[{}]", span.label));
    }
    let last = answer.spans.last().unwrap();
    assert_eq!(&text[last.start as usize..last.end as usize], "00482913");
    let detected =
        client.detect(DetectRequest { text: text.clone(), ..DetectRequest::default() }).await.unwrap().into_inner();
    let found: BTreeSet<&str> = detected.spans.iter().map(|s| &text[s.start as usize..s.end as usize]).collect();
    assert!(found.contains("00482913") && found.contains("Zqorvax Plovtrik"), "{found:?}");
}

#[tokio::test]
async fn tokens_come_back_and_scopes_keep_them_apart() {
    let server = Server::start(&["--open-loopback"]);
    let mut client = server.client().await;
    let mut token = async |options: Options| {
        let ask = DeidentifyRequest { options: Some(options), text: "MRN 00482913".to_owned(), segments: Vec::new() };
        client.deidentify(ask).await.unwrap().into_inner().text
    };
    let corpus = token(Options::default()).await;
    assert!(corpus.starts_with("MRN [MRN:"), "{corpus}");
    assert_eq!(token(Options { scope: Scope::Corpus.into(), ..Options::default() }).await, corpus);
    let session = Options { session: "chat 7".to_owned(), ..Options::default() };
    let own = token(session.clone()).await;
    assert_ne!(own, corpus);
    assert_eq!(token(Options { scope: Scope::Session.into(), ..session.clone() }).await, own);
    let document = Options { scope: Scope::Document.into(), ..Options::default() };
    assert_ne!(token(document.clone()).await, token(document.clone()).await);
    let named = Options { document: "d1".to_owned(), ..document };
    assert_eq!(token(named.clone()).await, token(named).await);
    let reveal = |text: &str, options: RevealOptions| {
        let options = RevealOptions { reason: "a test".to_owned(), ..options };
        RevealRequest { options: Some(options), text: text.to_owned() }
    };
    let back = client.reveal(reveal(&own, RevealOptions::default())).await.unwrap().into_inner();
    assert_eq!((back.text.as_str(), back.revealed.unwrap().revealed), ("MRN 00482913", 1));
    let other = RevealOptions { session: "chat 8".to_owned(), ..RevealOptions::default() };
    let kept = client.reveal(reveal(&own, other)).await.unwrap().into_inner();
    assert_eq!((kept.text, kept.revealed.unwrap().refused), (own.clone(), 1));
    let dates = RevealOptions { labels: vec!["DATE".to_owned()], ..RevealOptions::default() };
    assert_eq!(client.reveal(reveal(&own, dates)).await.unwrap().into_inner().text, own);
    let silent = RevealRequest { options: None, text: own };
    refused(client.reveal(silent).await, Code::InvalidArgument, "INVALID");
}

#[tokio::test]
async fn what_is_no_request_is_refused_with_the_field_and_without_its_text() {
    let server = Server::start(&["--max-text", "1000"]);
    let mut client = server.client().await;
    let options = |options| DeidentifyRequest { options: Some(options), text: NOTE.to_owned(), segments: Vec::new() };
    let marker = || "Zxqvmarker".to_owned();
    let both = DeidentifyRequest { segments: vec![Segment::default()], ..request(NOTE, "") };
    for (ask, code, why) in [
        (both, Code::InvalidArgument, "INVALID"),
        (request(&"x".repeat(1001), "redact"), Code::InvalidArgument, "TOO_LARGE"),
        (request(NOTE, "Zxqvmarker"), Code::NotFound, "NO_POLICY"),
        (options(Options { destination: marker(), ..Options::default() }), Code::NotFound, "NO_DESTINATION"),
        (options(Options { scope: 99, ..Options::default() }), Code::InvalidArgument, "INVALID"),
        (options(Options { scope: Scope::Session.into(), ..Options::default() }), Code::InvalidArgument, "INVALID"),
        (options(Options { scope: Scope::Patient.into(), ..Options::default() }), Code::InvalidArgument, "INVALID"),
        (
            options(Options { scope: Scope::Corpus.into(), session: marker(), ..Options::default() }),
            Code::InvalidArgument,
            "INVALID",
        ),
        (options(Options { patient: "x".repeat(257), ..Options::default() }), Code::InvalidArgument, "INVALID"),
        (request(NOTE, "safe-harbor"), Code::Unavailable, "VAULT_MISSING"),
    ] {
        let status = client.deidentify(ask).await.unwrap_err();
        assert_eq!((status.code(), reason(&status).as_str()), (code, why), "{status:?}");
        assert!(!format!("{status:?}").contains("Zxqvmarker"), "{status:?}");
    }
    // The same by HTTP, and JSON that is none.
    for (body, status, part) in [
        ("{\"text\":\"MRN 00482913\",\"options\":{\"policy\":\"redact\"}}", 200, "MRN [MRN]"),
        ("{\"text\":\"Zxqvmarker\",\"options\":{\"scope\":\"Zxqvmarker\"}}", 400, "INVALID"),
        ("{\"text\":[\"Zxqvmarker\"]}", 400, "line 1"),
        ("{\"Zxqvmarker\":1}", 400, "INVALID"),
        ("Zxqvmarker", 400, "INVALID"),
        ("{\"options\":{\"policy\":\"Zxqvmarker\"}}", 404, "NO_POLICY"),
    ] {
        let (got, _, answer) = server.http("POST", "/v1/deidentify", "", body);
        assert_eq!(got, status, "{answer}");
        assert!(answer.contains(part) && !answer.contains("Zxqvmarker"), "{answer}");
    }
    let (status, _, answer) =
        server.http("POST", "/v1/deidentify", "", &format!("{{\"text\":\"{}\"}}", "x".repeat(999_999)));
    assert_eq!(status, 413, "{answer}");
    for (method, path, status) in
        [("GET", "/v1/deidentify", 405), ("GET", "/v1/nothing", 404), ("POST", "/Zxqvmarker", 404)]
    {
        let (got, head, answer) = server.http(method, path, "", "");
        assert_eq!(got, status, "{answer}");
        assert!(head.contains("application/problem+json") && !answer.contains("Zxqvmarker"), "{head}");
    }
}

#[tokio::test]
async fn without_a_key_only_what_needs_none_is_answered() {
    let server = Server::start_with(tempfile::tempdir().unwrap(), &["--open-loopback"], &[]);
    let mut client = server.client().await;
    refused(client.deidentify(request(NOTE, "")).await, Code::Unavailable, "KEY_MISSING");
    let ask = RevealRequest {
        options: Some(RevealOptions { reason: "a test".to_owned(), ..RevealOptions::default() }),
        text: "x".to_owned(),
    };
    refused(client.reveal(ask).await, Code::Unavailable, "KEY_MISSING");
    assert_eq!(scrub(&mut client, NOTE).await.unwrap().text, SCRUBBED);
    assert_eq!(server.http("GET", "/readyz", "", "").0, 503);
    assert_eq!(server.http("GET", "/healthz", "", "").0, 200);
    let mut health = HealthClient::new(server.channel().await);
    let status = async |health: &mut HealthClient<_>| {
        health.check(HealthCheckRequest { service: String::new() }).await.unwrap().into_inner().status
    };
    for _ in 0..100 {
        if status(&mut health).await == i32::from(ServingStatus::NotServing) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("it serves without a key");
}

#[tokio::test]
async fn policies_versions_and_descriptions_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let policies = folder.path().join("policies");
    std::fs::create_dir(&policies).unwrap();
    let ours = |action: &str| {
        let text = format!("name = \"ours\"\nextends = \"redact\"\n[actions]\nMRN = \"{action}\"\n");
        std::fs::write(policies.join("ours.toml"), text).unwrap();
    };
    ours("redact");
    let server = Server::start_in(folder, &["--policies", policies.to_str().unwrap(), "--open-loopback"]);
    let mut client = server.client().await;
    let listed = client.list_policies(ListPoliciesRequest {}).await.unwrap().into_inner().policies;
    let names: Vec<(&str, bool, bool)> = listed.iter().map(|p| (p.name.as_str(), p.preset, p.ready)).collect();
    assert_eq!(
        names,
        [
            ("limited-data-set", true, true),
            ("minimum-necessary", true, true),
            ("ours", false, true),
            ("redact", true, true),
            ("safe-harbor", true, false),
            ("surrogate", true, true),
        ]
    );
    let version = client.get_version(GetVersionRequest {}).await.unwrap().into_inner();
    assert_eq!(version.versions.unwrap().engine, env!("CARGO_PKG_VERSION"));
    let (status, _, answer) = server.http("GET", "/v1/policies", "", "");
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!((status, answer["policies"].as_array().unwrap().len()), (200, 6));
    assert!(server.http("GET", "/openapi.json", "", "").2.starts_with("{\"components\""));
    // Read anew, with requests going on.
    let before = client.deidentify(request("MRN 00482913", "ours")).await.unwrap().into_inner().text;
    assert_eq!(before, "MRN [MRN]");
    ours("keep");
    server.signal(rustix::process::Signal::HUP);
    server.wait_for("anew");
    let after = client.deidentify(request("MRN 00482913", "ours")).await.unwrap().into_inner().text;
    assert_eq!(after, "MRN 00482913");
    // A policy that is none changes nothing.
    ours("nonsense");
    server.signal(rustix::process::Signal::HUP);
    server.wait_for("reload failed");
    assert_eq!(client.deidentify(request("MRN 00482913", "ours")).await.unwrap().into_inner().text, after);
    assert!(server.metric("deidre_identifiers_total{label=\"MRN\"}") >= 1.0);
}
