//! The gateway between a client and an upstream, over sockets.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::sync::Mutex;

use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::audit::{Outcome, Record, Rotation, Trail, Verb};
use crate::engine::Engine;
use crate::pipeline::given::{Counter, Given, Text};
use crate::service::{Admission, Settings as ServiceSettings};

/// SHA-256 of `secret`, and of `other`.
const SECRET: &str = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";
const OTHER: &str = "d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa";
const NOTE: &str = "Seen by Dr. Thaddeus Osei on 03/04/2019, MRN 00482913. Call (503) 555-0136.";
const CLAIMED: [&str; 4] = ["Osei", "03/04/2019", "00482913", "555-0136"];

/// What an upstream got: head and body of each request.
type Got = Arc<Mutex<Vec<(String, String)>>>;

/// An upstream that answers each request with what `answer` makes of its body, in two pieces.
async fn upstream(answer: fn(&str) -> String) -> (SocketAddr, Got) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let got = Got::default();
    let all = Arc::clone(&got);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let got = Arc::clone(&all);
            tokio::spawn(async move {
                let mut bytes = Vec::new();
                loop {
                    let mut piece = [0; 4096];
                    let Ok(read @ 1..) = stream.read(&mut piece).await else { return };
                    bytes.extend_from_slice(&piece[..read]);
                    let text = String::from_utf8_lossy(&bytes).into_owned();
                    let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
                    if body.len() < length.trim().parse().unwrap() {
                        continue;
                    }
                    got.lock().unwrap().push((head.to_owned(), body.to_owned()));
                    let answer = answer(body);
                    bytes.clear();
                    let half = answer.len() / 2;
                    let half = (half..answer.len()).find(|at| answer.is_char_boundary(*at)).unwrap_or(answer.len());
                    for piece in [&answer[..half], &answer[half..]] {
                        stream.write_all(piece.as_bytes()).await.unwrap();
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                    // Without a length it ends with the connection.
                    if !answer.to_lowercase().contains("content-length") {
                        return;
                    }
                }
            });
        }
    });
    (at, got)
}

fn json(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nx-ratelimit-remaining-requests: 7\r\nset-cookie: a=b\r\nserver: zeppelina\r\n\r\n{body}",
        body.len()
    )
}

/// Answers with the content of the last message.
fn echo(body: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(body).unwrap();
    let last = value["messages"].as_array().and_then(|all| all.last()).map(|m| m["content"].clone());
    json(
        &serde_json::json!({
            "choices": [{"index": 0, "message": {"role": "assistant", "content": last}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 3, "completion_tokens": 4},
        })
        .to_string(),
    )
}

fn echo_stream(body: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(body).unwrap();
    let text = value["messages"].as_array().unwrap().last().unwrap()["content"].as_str().unwrap().to_owned();
    let mut out = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n\r\n".to_owned();
    for piece in text.chars().collect::<Vec<_>>().chunks(7) {
        let piece: String = piece.iter().collect();
        let event = serde_json::json!({"id": "c", "choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": null}]});
        out += &format!("data: {event}\n\n");
    }
    out + "data: [DONE]\n\n"
}

fn quoting_error(body: &str) -> String {
    let body = serde_json::json!({"error": {"message": format!("zeppelina {body}"), "type": "invalid_request_error", "code": "bad_thing"}}).to_string();
    format!(
        "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn redirect(_: &str) -> String {
    "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n".to_owned()
}

fn torn(_: &str) -> String {
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 900\r\n\r\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"begun\"}}]}\n\n".to_owned()
}

struct Running {
    at: SocketAddr,
    gateway: Arc<Gateway>,
    folder: tempfile::TempDir,
    _signals: tokio::sync::mpsc::Sender<crate::service::listen::Signal>,
}

fn service(keys: Option<Arc<Keyring>>) -> Service {
    let parts = crate::service::Parts {
        engine: Some(Engine::embedded()),
        model: None,
        keys,
        vault: Box::new(|| Ok(None)),
        trail: None,
        record: Record::new(Verb::Reveal, Outcome::Started),
        pool: rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap(),
        year: 2026,
        traces: None,
    };
    let settings = ServiceSettings {
        policy: "minimum-necessary".to_owned(),
        policies: None,
        access: Admission::Anybody(Vec::new()),
        in_flight: 0,
        streams: 0,
        connections: 0,
        text: 0,
        stream_text: 0,
        deadline: Duration::from_secs(30),
        idle: Duration::from_secs(30),
        batch_wait: Duration::ZERO,
        drain: Duration::from_secs(1),
    };
    Service::new(parts, settings).unwrap()
}

fn perimeter(upstream: &str) -> String {
    let mut text = String::new();
    for (name, kind, endpoints, rest) in [
        (
            "open",
            "openai",
            "[\"chat\", \"responses\", \"embeddings\"]",
            "key = { env = \"PATH\" }\norganization = \"org-1\"",
        ),
        ("claude", "anthropic", "[\"messages\"]", "key = { env = \"PATH\" }\nbetas = [\"b-1\"]"),
        ("east", "azure", "[\"chat\"]", "key = { env = \"PATH\" }\napi_versions = [\"2024-10-21\"]"),
        (
            "rock",
            "bedrock",
            "[\"converse\"]",
            "region = \"us-east-1\"\naws = { key_id = { env = \"PATH\" }, secret = { env = \"PATH\" } }",
        ),
    ] {
        text += &format!(
            "[[upstream]]\nname = \"{name}\"\nkind = \"{kind}\"\nurl = \"http://{upstream}\"\nbaa = \"BAA 1\"\n\
             zero_data_retention = true\ncertified = 2020-01-02\nexpires = 2099-12-31\nendpoints = {endpoints}\n\
             models = [\"m-1\"]\n{rest}\n"
        );
    }
    text + &format!(
        "[[client]]\nname = \"one\"\nkey_sha256 = \"{SECRET}\"\nroles = [\"use\", \"reveal\"]\npurpose = \"test\"\n\
         limits = {{ request_bytes = 20000 }}\n[[client]]\nname = \"two\"\nkey_sha256 = \"{OTHER}\"\nroles = [\"use\"]\n"
    )
}

fn made(upstream: &str) -> (Arc<Gateway>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("perimeter.toml");
    std::fs::write(&file, perimeter(upstream)).unwrap();
    let keys = Arc::new(Keyring::parse(&"5".repeat(64)).unwrap());
    let trail = Trail::open(&folder.path().join("audit.jsonl"), Some(&keys), Rotation::DEFAULT).unwrap();
    let parts = Parts { service: service(Some(keys)), exchanges: Exchanges::new(trail, None).unwrap(), host: None };
    let settings = Settings {
        perimeter: file,
        in_flight: 8,
        connections: 64,
        answer: 1 << 20,
        connect: Duration::from_secs(2),
        deadline: Duration::from_secs(20),
        idle: Duration::from_secs(10),
        drain: Duration::from_secs(5),
    };
    (Arc::new(Gateway::new(parts, settings).unwrap()), folder)
}

async fn start(answer: fn(&str) -> String) -> (Running, Got) {
    let (upstream, got) = upstream(answer).await;
    let (gateway, folder) = made(&upstream.to_string());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let (tell, signals) = tokio::sync::mpsc::channel(1);
    tokio::spawn(listen::serve(Arc::clone(&gateway), listener, None, signals));
    (Running { at, gateway, folder, _signals: tell }, got)
}

impl Running {
    /// Status, headers in lower case, and body.
    async fn ask(&self, path: &str, headers: &str, body: &str) -> (u16, String, String) {
        self.ask_by("POST", path, headers, body).await
    }

    async fn ask_by(&self, method: &str, path: &str, headers: &str, body: &str) -> (u16, String, String) {
        let at = self.at;
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n{body}",
            body.len()
        );
        let answer = tokio::task::spawn_blocking(move || {
            let mut stream = std::net::TcpStream::connect(at).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
            // What is refused before it is read may not be taken to the end.
            let _ = stream.write_all(request.as_bytes());
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer);
            String::from_utf8(answer).unwrap()
        });
        let answer = answer.await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer}"));
        (head.split(' ').nth(1).unwrap().parse().unwrap(), head.to_lowercase(), body.to_owned())
    }

    fn trail(&self) -> Vec<serde_json::Value> {
        let text = std::fs::read_to_string(self.folder.path().join("audit.jsonl")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

const ONE: &str = "authorization: Bearer secret\r\ncontent-type: application/json\r\n";
const TWO: &str = "authorization: Bearer other\r\ncontent-type: application/json\r\n";

fn chat(text: &str) -> String {
    serde_json::json!({"model": "m-1", "messages": [{"role": "user", "content": text}]}).to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_prompt_goes_out_scrubbed_and_its_answer_comes_back_whole() {
    let (running, got) = start(echo).await;
    let headers = format!(
        "{ONE}cookie: c=zeppelina\r\nuser-agent: zeppelina\r\nx-forwarded-for: 10.1.2.3\r\nx-request-id: 123-45-6789\r\n"
    );
    let (status, head, body) = running.ask("/v1/chat/completions", &headers, &chat(NOTE)).await;
    assert_eq!(status, 200, "{body}");
    let value: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(value["choices"][0]["message"]["content"], NOTE);
    assert!(
        head.contains("x-ratelimit-remaining-requests: 7")
            && !head.contains("zeppelina")
            && !head.contains("set-cookie")
    );
    let (sent_head, sent) = got.lock().unwrap()[0].clone();
    assert!(CLAIMED.iter().all(|claimed| !sent.contains(claimed)), "{sent}");
    assert!(sent.contains("\"store\":false") && sent.contains("copy the whole mark"), "{sent}");
    for hidden in ["zeppelina", "secret", "10.1.2.3", "123-45-6789", "cookie"] {
        assert!(!sent_head.contains(hidden), "{sent_head}");
    }
    let mut names: Vec<&str> = sent_head.lines().skip(1).map(|line| line.split(':').next().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "accept",
            "accept-encoding",
            "authorization",
            "content-length",
            "content-type",
            "host",
            "openai-organization",
            "user-agent",
            "x-request-id"
        ]
    );
    // Whoever has not the role gets tokens, and those of another client.
    let (status, _, body) = running.ask("/v1/chat/completions", TWO, &chat(NOTE)).await;
    assert!(
        status == 200 && CLAIMED.iter().all(|claimed| !body.contains(claimed)) && body.contains("[NAME:"),
        "{body}"
    );
    let trail = running.trail();
    let outcomes: Vec<&str> = trail.iter().map(|line| line["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["started", "done", "started", "done"]);
    let text = trail.iter().map(ToString::to_string).collect::<String>();
    assert!(CLAIMED.iter().all(|claimed| !text.contains(claimed)) && text.contains("BAA 1"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_keeps_its_tokens_and_others_have_others() {
    let (running, got) = start(echo).await;
    let turn = |more: &str| {
        serde_json::json!({"model": "m-1", "messages": [{"role": "user", "content": NOTE}, {"role": "assistant", "content": more},
            {"role": "user", "content": "And MRN 00482913?"}]}).to_string()
    };
    running.ask("/v1/chat/completions", ONE, &chat(NOTE)).await;
    running.ask("/v1/chat/completions", ONE, &turn("Dr. Osei.")).await;
    running.ask("/v1/chat/completions", TWO, &chat(NOTE)).await;
    let named = format!("{ONE}x-deidre-session: visit 7\r\n");
    running.ask("/v1/chat/completions", &named, &chat(NOTE)).await;
    let got = got.lock().unwrap();
    let tokens = |body: &str| -> Vec<String> {
        body.split("[MRN:").skip(1).map(|rest| rest.split(']').next().unwrap().to_owned()).collect()
    };
    let (first, second) = (tokens(&got[0].1), tokens(&got[1].1));
    assert_eq!((first.len(), second.len()), (1, 2));
    assert!(second.iter().all(|token| *token == first[0]));
    assert_ne!(tokens(&got[2].1), first);
    assert_ne!(tokens(&got[3].1), first);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_comes_back_revealed() {
    let (running, got) = start(echo_stream).await;
    let body = chat(NOTE).replacen('{', "{\"stream\":true,", 1);
    let (status, head, answer) = running.ask("/v1/chat/completions", ONE, &body).await;
    assert!(status == 200 && head.contains("text/event-stream"), "{head}");
    let text: String = answer
        .split("data: ")
        .skip(1)
        .filter_map(|event| serde_json::from_str::<serde_json::Value>(event.split("\n\n").next()?).ok())
        .filter_map(|event| event["choices"][0]["delta"]["content"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(text, NOTE);
    assert!(answer.contains("[DONE]"));
    assert!(CLAIMED.iter().all(|claimed| !got.lock().unwrap()[0].1.contains(claimed)));
    let last = running.trail().pop().unwrap();
    assert_eq!(last["outcome"], "done", "{last}");
    let (running, _) = start(torn).await;
    let (_, _, answer) = running.ask("/v1/chat/completions", ONE, &body).await;
    // Cut off: no last chunk.
    assert!(!answer.ends_with("0\r\n\r\n"), "{answer}");
    tokio::time::sleep(Duration::from_millis(200)).await;
    let last = running.trail().pop().unwrap();
    assert_eq!(last["outcome"], "failed", "{last}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_allowed_is_refused_and_nothing_is_sent() {
    let (running, got) = start(echo).await;
    let plain = "authorization: Bearer secret\r\n";
    let model = chat("x").replace("m-1", "m-2");
    let large = chat(&"x ".repeat(20_000));
    for (method, path, headers, body, rule) in [
        ("POST", "/v1/chat/completions", "content-type: application/json\r\n", chat("x"), "unauthenticated"),
        ("POST", "/v1/chat/completions", "authorization: Bearer wrong\r\n", chat("x"), "unauthenticated"),
        ("POST", "/v1/files", "authorization: Bearer wrong\r\n", String::new(), "unauthenticated"),
        (
            "POST",
            "/model/m-1/converse",
            "authorization: AWS4-HMAC-SHA256 Credential=a/b/c\r\n",
            "{}".to_owned(),
            "unauthenticated",
        ),
        ("GET", "/v1/chat/completions", ONE, String::new(), "method"),
        ("POST", "/v1/files", ONE, String::new(), "endpoint"),
        ("POST", "/v1/assistants", ONE, String::new(), "endpoint"),
        ("POST", "/v1/moderations", ONE, chat("x"), "endpoint"),
        ("POST", "/claude/v1/chat/completions", ONE, chat("x"), "upstream"),
        ("POST", "/v1/chat/completions", ONE, model, "model"),
        ("POST", "/v1/chat/completions?x=Osei", ONE, chat("x"), "query"),
        ("POST", "/v1/chat/completions", ONE, "{".to_owned(), "invalid"),
        ("POST", "/v1/chat/completions", ONE, "[]".to_owned(), "invalid"),
        ("POST", "/v1/chat/completions", ONE, chat("x").replacen('{', "{\"model\":\"m-1\",", 1), "invalid"),
        ("POST", "/v1/chat/completions", ONE, large, "too_large"),
        ("POST", "/v1/chat/completions", plain, chat("x"), "encoding"),
        ("POST", "/v1/chat/completions", &format!("{ONE}content-encoding: gzip\r\n"), chat("x"), "encoding"),
        ("POST", "/v1/chat/completions", &format!("{ONE}openai-beta: assistants=v2\r\n"), chat("x"), "header"),
        ("POST", "/v1/chat/completions", ONE, chat("x").replacen('{', "{\"web_search_options\":{\"a\":1},", 1), "tool"),
        ("POST", "/v1/responses", ONE, r#"{"model":"m-1","input":"x","background":true}"#.to_owned(), "state"),
        ("POST", "/openai/deployments/m-1/chat/completions", ONE, chat("x"), "api_version"),
        ("POST", "/openai/deployments/m-1/chat/completions?api-version=2023-05-15", ONE, chat("x"), "api_version"),
        ("POST", "/openai/v1/chat/completions", ONE, chat("x"), "api_version"),
        ("POST", "/openai/deployments/m-2/chat/completions?api-version=2024-10-21", ONE, chat("x"), "model"),
        ("POST", "/v1/messages", ONE, chat("x"), "api_version"),
        (
            "POST",
            "/v1/messages",
            &format!("{ONE}anthropic-version: 2023-06-01\r\nanthropic-beta: b-2\r\n"),
            r#"{"model":"m-1","max_tokens":1,"messages":[]}"#.to_owned(),
            "header",
        ),
        ("POST", "/model/m-2/converse", ONE, "{\"messages\":[]}".to_owned(), "model"),
        ("POST", "/model/m-1/invoke", ONE, "{}".to_owned(), "endpoint"),
    ] {
        let (status, head, answer) = running.ask_by(method, path, headers, &body).await;
        assert!((400..500).contains(&status), "{path} {rule} {status} {answer}");
        assert!(head.contains(&format!("x-deidre-rule: {rule}\r\n")), "{path} {rule}: {head} {answer}");
        let value: serde_json::Value = serde_json::from_str(&answer).unwrap();
        assert!(value["error"]["message"].is_string() || value["message"].is_string());
        assert!(!answer.contains("Osei"));
        let last = running.trail().pop().unwrap();
        assert_eq!(last["outcome"], "refused", "{path} {last}");
        assert!(last.to_string().contains(&format!("\"{rule}\"")), "{last}");
    }
    assert_eq!(got.lock().unwrap().len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_and_redirects_of_an_upstream_are_not_passed_on_as_they_are() {
    let (running, _) = start(quoting_error).await;
    let (status, _, body) = running.ask("/v1/chat/completions", ONE, &chat(NOTE)).await;
    assert!(status == 400 && !body.contains("zeppelina") && !body.contains("NAME"), "{body}");
    assert!(body.contains("invalid_request_error") && body.contains("bad_thing"), "{body}");
    let (running, _) = start(redirect).await;
    let (status, head, _) = running.ask("/v1/chat/completions", ONE, &chat(NOTE)).await;
    assert!(status == 502 && head.contains("x-deidre-rule: upstream_answer"), "{head}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upstream_that_is_not_there_is_told() {
    let (gateway, folder) = made("127.0.0.1:1");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let (tell, signals) = tokio::sync::mpsc::channel(1);
    tokio::spawn(listen::serve(Arc::clone(&gateway), listener, None, signals));
    let running = Running { at, gateway, folder, _signals: tell };
    let (status, head, _) = running.ask("/v1/chat/completions", ONE, &chat("x")).await;
    assert!(status == 502 && head.contains("x-deidre-rule: upstream_unreachable"), "{head}");
    assert_eq!(running.trail().pop().unwrap()["outcome"], "failed");
    let (status, _, _) = running.ask_by("GET", "/healthz", "", "").await;
    assert_eq!(status, 200);
    let (status, _, body) = running.ask_by("GET", "/readyz", "", "").await;
    assert_eq!((status, body.as_str()), (200, "ready\n"));
    assert!(running.gateway.missing().is_none());
    let (status, _, _) = running.ask_by("GET", "/metrics", ONE, "").await;
    assert_eq!(status, 403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_provider_is_shown_its_own_key_and_form() {
    fn converse(body: &str) -> String {
        let value: serde_json::Value = serde_json::from_str(body).unwrap();
        let text = value["messages"].as_array().unwrap().last().unwrap()["content"][0]["text"].clone();
        json(&serde_json::json!({"output": {"message": {"content": [{"text": text}]}}, "content": [{"type": "text", "text": text}]}).to_string())
    }
    let (running, got) = start(converse).await;
    let messages = serde_json::json!({"messages": [{"role": "user", "content": [{"text": NOTE}]}]}).to_string();
    let (status, _, body) = running.ask("/model/m-1/converse", ONE, &messages).await;
    assert!(status == 200 && body.contains("Osei"), "{body}");
    let messages = serde_json::json!({"model": "m-1", "max_tokens": 9, "messages": [{"role": "user", "content": [{"type": "text", "text": NOTE}]}]});
    let headers = "x-api-key: secret\r\ncontent-type: application/json\r\nanthropic-version: 2023-06-01\r\nanthropic-beta: b-1\r\n";
    let (status, _, body) = running.ask("/claude/v1/messages", headers, &messages.to_string()).await;
    assert!(status == 200 && body.contains("Osei"), "{body}");
    let headers = "api-key: secret\r\ncontent-type: application/json\r\n";
    let path = "/openai/deployments/m-1/chat/completions?api-version=2024-10-21";
    let content =
        serde_json::json!({"messages": [{"role": "user", "content": [{"type": "text", "text": NOTE}]}]}).to_string();
    let (status, _, body) = running.ask(path, headers, &content).await;
    assert!(status == 200 && body.contains("Osei"), "{body}");
    let got = got.lock().unwrap();
    assert!(got.iter().all(|(_, body)| CLAIMED.iter().all(|claimed| !body.contains(claimed))));
    let head = |number: usize| got[number].0.to_lowercase();
    assert!(head(0).contains("authorization: aws4-hmac-sha256 credential="), "{}", head(0));
    assert!(head(0).starts_with("post /model/m-1/converse http/1.1") && head(0).contains("x-amz-date: "));
    assert!(head(1).contains("\r\nx-api-key: ") && head(1).contains("\r\nanthropic-beta: b-1"), "{}", head(1));
    assert!(head(2).starts_with("post /openai/deployments/m-1/chat/completions?api-version=2024-10-21 "));
    assert!(head(2).contains("\r\napi-key: ") && !got.iter().any(|(head, _)| head.contains("secret")));
}

fn of(kinds: &[&'static str]) -> impl Strategy<Value = String> + use<> {
    proptest::sample::select(kinds.to_vec()).prop_map(str::to_owned)
}

/// A note of made-up sentences, with identifiers of many kinds.
fn note() -> impl Strategy<Value = String> {
    let given = of(&["Thaddeus", "Maribel", "Ngozi", "Søren", "Xiomara"]);
    let family = of(&["Okonjo", "Ruiz", "Abernathy", "Ødegård", "O'Neil", "Whitcombe"]);
    let sentence = (
        given,
        family,
        1000u32..9999,
        of(&[
            "Seen by Dr. {g} {f} on 03/{d}/2019.",
            "MRN 00{n}13, DOB 0{d}/12/1961.",
            "Mr. {f} lives at {n} Larkspur Road, Portland, OR 97205.",
            "Call (503) 555-{n} or write to {g}.{f}@example.org.",
            "SSN 219-09-{n}.",
            "No chest pain; BP 120/80.",
            "{g} asked for ice \"twice\"\\n and {f} slept.",
        ]),
    )
        .prop_map(|(g, f, n, text)| {
            let day = format!("{}", n % 9 + 1);
            text.replace("{g}", &g).replace("{f}", &f).replace("{n}", &n.to_string()).replace("{d}", &day)
        });
    proptest::collection::vec(sentence, 1..5).prop_map(|all| all.join(" "))
}

/// All strings and names of a JSON value, those of JSON in strings among them.
fn strings(value: &serde_json::Value, out: &mut String) {
    match value {
        serde_json::Value::String(text) => {
            out.push_str(text);
            out.push('\n');
            if let Ok(inner @ (serde_json::Value::Object(_) | serde_json::Value::Array(_))) = serde_json::from_str(text)
            {
                strings(&inner, out);
            }
        }
        serde_json::Value::Number(number) => out.push_str(&format!("{number}\n")),
        serde_json::Value::Array(all) => all.iter().for_each(|value| strings(value, out)),
        serde_json::Value::Object(all) => all.iter().for_each(|(name, value)| {
            out.push_str(name);
            out.push('\n');
            strings(value, out);
        }),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, rng_algorithm: prop::test_runner::RngAlgorithm::ChaCha, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_claimed_never_goes_upstream(notes in proptest::collection::vec(note(), 2..4), which in 0usize..6) {
        static MADE: std::sync::LazyLock<(Arc<Gateway>, tempfile::TempDir, Counter)> = std::sync::LazyLock::new(|| {
            let (gateway, folder) = made("127.0.0.1:1");
            (gateway, folder, Counter::new(Engine::embedded()))
        });
        let (gateway, _, counter) = &*MADE;
        let (first, rest) = notes.split_first().unwrap();
        let all = rest.join("\n");
        let arguments = serde_json::json!({"note": all, "patient_name": first}).to_string();
        let (path, body) = match which {
            0 => ("/v1/chat/completions", serde_json::json!({"model": "m-1", "messages": [{"role": "system", "content": first},
                {"role": "user", "name": first, "content": [{"type": "text", "text": all}]},
                {"role": "assistant", "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}}]},
                {"role": "tool", "tool_call_id": "c", "content": arguments}], "metadata": {"a": first}, "user": first})),
            1 => ("/v1/responses", serde_json::json!({"model": "m-1", "instructions": first, "input": [{"role": "user", "content": all},
                {"type": "function_call", "call_id": first, "name": "f", "arguments": arguments},
                {"type": "function_call_output", "call_id": first, "output": all}], "metadata": {"a": first}})),
            2 => ("/v1/embeddings", serde_json::json!({"model": "m-1", "input": [first, all]})),
            3 => ("/v1/messages", serde_json::json!({"model": "m-1", "max_tokens": 5, "system": first, "messages": [{"role": "user", "content": all},
                {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {"note": all, first.as_str(): 1}}]}]})),
            4 => ("/model/m-1/converse", serde_json::json!({"messages": [{"role": "user", "content": [{"text": all}]}],
                "system": [{"text": first}], "requestMetadata": {"a": all}})),
            _ => ("/openai/deployments/m-1/chat/completions", serde_json::json!({"messages": [{"role": "user", "content": format!("{first}\n{all}")}]})),
        };
        let force = gateway.force();
        let route = route::Route::of(path, |_| false).unwrap();
        let version = if path.starts_with("/openai") { "2024-10-21" } else { "2023-06-01" };
        let asked = prompt::Asked {
            route,
            client: Arc::clone(&force.perimeter.clients()[0]),
            body: body.to_string().into(),
            version: Some(version.to_owned()),
            betas: Vec::new(),
            session: None,
            today: "2026-05-01".parse().unwrap(),
        };
        let mut exchange = crate::audit::Exchange::new([0; 16], Outcome::Started);
        let prompt = prompt::prepare(gateway, &force, &asked, &mut exchange, Duration::ZERO);
        let prompt = prompt.map_err(|refusal| TestCaseError::fail(format!("{refusal:?} {body}")))?;
        let sent: serde_json::Value = serde_json::from_slice(&prompt.body).unwrap();
        let mut told = String::new();
        strings(&sent, &mut told);
        // What detection claims of each text alone goes from all of them.
        let texts = if which > 4 { vec![format!("{first}\n{all}")] } else { vec![first.clone(), all.clone()] };
        let mut claims: HashMap<String, crate::identifier::Label> = HashMap::new();
        for text in &texts {
            let one = Text { text, hint: crate::identifier::Hint::Text, part: crate::identifier::Part::Unknown, rule: None };
            let known = crate::engine::Facts::default();
            let given = Given { texts: &[one], beside: &[], known: &known, patient: None, document: b"" };
            let (found, _) = counter.find(&given).unwrap();
            claims.extend(found[0].iter().filter(|f| f.label.is_identifier()).map(|f| (f.span.of(text).to_owned(), f.label)));
        }
        for (claim, label) in claims.iter().filter(|(claim, _)| claim.len() > 3) {
            prop_assert!(!told.contains(claim.as_str()), "{claim} {} in {told}", label.name());
        }
    }
}
