#![allow(clippy::unwrap_used)]

use super::*;
use crate::policy::Policy;
use crate::secret::Keyring;
use crate::transform::{Means, Orders, Scope, Transform, Value as Identifier, Whose};

/// What a token stands for that is told apart by everything that has to be escaped.
const NAME: &str = "Zoë \"Zed\" O'Neil";

fn keys() -> Keyring {
    Keyring::parse(&"5".repeat(64)).unwrap()
}

fn token(value: &str) -> String {
    let keys = keys();
    let policy = Policy::preset("minimum-necessary").unwrap();
    let transform = Transform::new(policy, Means::keys(&keys)).unwrap();
    let mut out = String::new();
    let whose = Whose::new(&Scope::Corpus, None, b"");
    transform
        .replace(&Identifier::new(crate::identifier::Label::Name, value), &whose, &mut Orders::default(), &mut out)
        .unwrap();
    out
}

fn rights() -> Arc<Rights> {
    Arc::new(Rights::new(Some(&keys()), None))
}

fn transcript(endpoint: Endpoint, framing: Framing, json: bool) -> Transcript {
    Transcript::new(endpoint, framing, Some(rights()), json)
}

fn run(mut transcript: Transcript, pieces: &[&[u8]]) -> Result<Vec<u8>, Refusal> {
    let mut out = Vec::new();
    for piece in pieces {
        transcript.push(piece, &mut out)?;
    }
    transcript.finish(&mut out)?;
    Ok(out)
}

/// The texts of a stream, put together as a client does: by event, place and kind.
fn texts(bytes: &[u8], paths: &[&str]) -> Vec<String> {
    let mut all = vec![String::new(); paths.len()];
    for event in String::from_utf8(bytes.to_vec()).unwrap().split("\n\n") {
        let Some((_, data)) = event.split_once("data: ") else { continue };
        let Ok(value) = serde_json::from_str::<serde_json::Value>(data) else { continue };
        for (path, text) in paths.iter().zip(&mut all) {
            text.push_str(value.pointer(path).and_then(|v| v.as_str()).unwrap_or_default());
        }
    }
    all
}

fn chat_event(index: usize, delta: &serde_json::Value, finish: Option<&str>) -> String {
    let event = serde_json::json!({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m",
        "choices": [{"index": index, "delta": delta, "finish_reason": finish}],
    });
    format!("data: {event}\n\n")
}

/// Pieces of about that many characters.
fn cut(text: &str, size: usize) -> Vec<String> {
    text.chars().collect::<Vec<_>>().chunks(size).map(|piece| piece.iter().collect()).collect()
}

#[test]
fn tokens_cut_over_chunks_come_back_whatever_the_cut() {
    let token = token(NAME);
    let said = format!("Dear {token}, see {token}. [NAME] stays, [x] too");
    let want = format!("Dear {NAME}, see {NAME}. [NAME] stays, [x] too");
    for size in [1, 2, 3, 7, 20, 1000] {
        let mut stream = String::new();
        for piece in cut(&said, size) {
            stream += &chat_event(0, &serde_json::json!({"content": piece}), None);
        }
        stream += &chat_event(0, &serde_json::json!({}), Some("stop"));
        stream += "data: [DONE]\n\n";
        let out = run(transcript(Endpoint::Chat, Framing::Sse, false), &[stream.as_bytes()]).unwrap();
        assert_eq!(texts(&out, &["/choices/0/delta/content"]), std::slice::from_ref(&want), "{size}");
        assert!(out.ends_with(b"data: [DONE]\n\n"));
    }
}

#[test]
fn any_split_of_the_bytes_gives_the_same_bytes() {
    let token = token(NAME);
    let mut stream = ": hello\n\n".to_owned();
    for piece in cut(&format!("A {token} b [NAM"), 5) {
        stream += &chat_event(0, &serde_json::json!({"content": piece}), None).replace('\n', "\r\n");
    }
    stream += "data: [DONE]\n\n";
    let bytes = stream.as_bytes();
    let whole = run(transcript(Endpoint::Chat, Framing::Sse, false), &[bytes]).unwrap();
    for at in 0..bytes.len() {
        let split = run(transcript(Endpoint::Chat, Framing::Sse, false), &[&bytes[..at], &bytes[at..]]).unwrap();
        assert!(split == whole, "{at}");
    }
    let one_by_one: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(run(transcript(Endpoint::Chat, Framing::Sse, false), &one_by_one).unwrap(), whole);
    assert_eq!(texts(&whole, &["/choices/0/delta/content"]), [format!("A {NAME} b [NAM")]);
}

#[test]
fn choices_and_calls_of_tools_have_texts_of_their_own() {
    let token = token(NAME);
    let (half, rest) = token.split_at(9);
    let call = |text: &str| serde_json::json!({"tool_calls": [{"index": 1, "function": {"arguments": text}}]});
    let events = [
        chat_event(0, &serde_json::json!({"role": "assistant", "content": format!("0 {half}")}), None),
        chat_event(1, &serde_json::json!({"content": format!("1 {half}")}), None),
        chat_event(0, &call(&format!("{{\"who\": \"{half}")), None),
        chat_event(1, &serde_json::json!({"content": format!("{rest} one")}), Some("stop")),
        chat_event(0, &serde_json::json!({"content": format!("{rest} nil")}), None),
        chat_event(0, &call(&format!("{rest}\"}}")), None),
        chat_event(0, &serde_json::json!({}), Some("tool_calls")),
    ];
    let out = run(transcript(Endpoint::Chat, Framing::Sse, false), &[events.concat().as_bytes()]).unwrap();
    let mut contents = [String::new(), String::new()];
    let mut arguments = String::new();
    for event in String::from_utf8(out).unwrap().split("\n\n").filter_map(|event| event.strip_prefix("data: ")) {
        let event: serde_json::Value = serde_json::from_str(event).unwrap();
        let choice = &event["choices"][0];
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        contents[choice["index"].as_u64().unwrap() as usize] += &text(&choice["delta"]["content"]);
        arguments += &text(&choice["delta"]["tool_calls"][0]["function"]["arguments"]);
    }
    assert_eq!(contents, [format!("0 {NAME} nil"), format!("1 {NAME} one")]);
    // Arguments stay JSON, whatever the value has in it.
    let arguments: serde_json::Value = serde_json::from_str(&arguments).unwrap();
    assert_eq!(arguments["who"], NAME);
}

#[test]
fn what_is_held_back_leaves_when_its_text_ends() {
    let events = [
        chat_event(0, &serde_json::json!({"content": "so [NAME:4F7K"}), None),
        chat_event(0, &serde_json::json!({}), Some("length")),
        "data: [DONE]\n\n".to_owned(),
    ];
    let out = run(transcript(Endpoint::Chat, Framing::Sse, false), &[events.concat().as_bytes()]).unwrap();
    let text = String::from_utf8(out.clone()).unwrap();
    assert_eq!(texts(&out, &["/choices/0/delta/content"]), ["so [NAME:4F7K"]);
    let (rest, end) = (text.find("[NAME:4F7K").unwrap(), text.find("\"length\"").unwrap());
    assert!(rest < end, "{text}");
    assert_eq!(text.matches("chatcmpl-1").count(), 3);
}

#[test]
fn responses_keep_the_order_of_their_numbers() {
    let token = token(NAME);
    let (half, rest) = token.split_at(9);
    let event = |number: u64, kind: &str, more: serde_json::Value| {
        let mut event = serde_json::json!({"type": kind, "sequence_number": number});
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        format!("event: {kind}\ndata: {event}\n\n")
    };
    let delta = |text: &str| serde_json::json!({"item_id": "msg_1", "output_index": 0, "content_index": 0, "delta": text, "logprobs": []});
    let done = serde_json::json!({"item_id": "msg_1", "output_index": 0, "content_index": 0, "text": format!("{token} [NAME:2")});
    let whole = serde_json::json!({"response": {"output": [{"content": [{"text": token}]}],
        "error": null, "usage": {"input_tokens": 7, "output_tokens": 9}}});
    let stream = [
        event(0, "response.created", serde_json::json!({"response": {"error": null}})),
        event(1, "response.output_text.delta", delta(half)),
        event(2, "response.output_text.delta", delta(&format!("{rest} [NAME:2"))),
        event(3, "response.output_text.done", done),
        event(4, "response.completed", whole),
    ]
    .concat();
    let mut transcript = transcript(Endpoint::Responses, Framing::Sse, false);
    let mut out = Vec::new();
    transcript.push(stream.as_bytes(), &mut out).unwrap();
    transcript.finish(&mut out).unwrap();
    let paths = ["/delta", "/text", "/response/output/0/content/0/text"];
    let want = [format!("{NAME} [NAME:2"), format!("{NAME} [NAME:2"), NAME.to_owned()];
    assert_eq!(texts(&out, &paths), want);
    let numbers: Vec<u64> = String::from_utf8(out)
        .unwrap()
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|data| serde_json::from_str::<serde_json::Value>(data).unwrap()["sequence_number"].as_u64().unwrap())
        .collect();
    assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
    assert_eq!(transcript.usage(), Some(Usage { input: 7, output: 9 }));
    assert_eq!(transcript.tally().unwrap().revealed, 3);
}

fn anthropic_events(token: &str) -> Vec<serde_json::Value> {
    let (half, rest) = token.split_at(9);
    vec![
        serde_json::json!({"type": "message_start", "message": {"usage": {"input_tokens": 5, "output_tokens": 1}}}),
        serde_json::json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
        serde_json::json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": half}}),
        serde_json::json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": rest}}),
        serde_json::json!({"type": "content_block_stop", "index": 0}),
        serde_json::json!({"type": "content_block_start", "index": 1,
            "content_block": {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}}),
        serde_json::json!({"type": "content_block_delta", "index": 1,
            "delta": {"type": "input_json_delta", "partial_json": format!("{{\"a\": \"{half}")}}),
        serde_json::json!({"type": "content_block_delta", "index": 1,
            "delta": {"type": "input_json_delta", "partial_json": format!("{rest}\", \"b\": \"[NAME:2")}}),
        serde_json::json!({"type": "content_block_delta", "index": 1,
            "delta": {"type": "input_json_delta", "partial_json": "\"}"}}),
        serde_json::json!({"type": "content_block_stop", "index": 1}),
        serde_json::json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 12}}),
        serde_json::json!({"type": "message_stop"}),
    ]
}

#[test]
fn messages_have_blocks() {
    let events = anthropic_events(&token(NAME));
    let stream: String =
        events.iter().map(|event| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap())).collect();
    let mut transcript = transcript(Endpoint::Messages, Framing::Sse, false);
    let mut out = Vec::new();
    transcript.push(stream.as_bytes(), &mut out).unwrap();
    transcript.finish(&mut out).unwrap();
    let [text, arguments] = texts(&out, &["/delta/text", "/delta/partial_json"]).try_into().unwrap();
    assert_eq!(text, NAME);
    let arguments: serde_json::Value = serde_json::from_str(&arguments).unwrap();
    assert_eq!((arguments["a"].as_str(), arguments["b"].as_str()), (Some(NAME), Some("[NAME:2")));
    assert_eq!(transcript.usage(), Some(Usage { input: 5, output: 12 }));
}

fn converse_frames(token: &str) -> Vec<u8> {
    let (half, rest) = token.split_at(9);
    let mut out = Vec::new();
    for (kind, payload) in [
        ("messageStart", serde_json::json!({"role": "assistant"})),
        ("contentBlockDelta", serde_json::json!({"contentBlockIndex": 0, "delta": {"text": half}, "p": "abc"})),
        ("contentBlockDelta", serde_json::json!({"contentBlockIndex": 0, "delta": {"text": rest}})),
        ("contentBlockDelta", serde_json::json!({"contentBlockIndex": 0, "delta": {"text": " [NAME:2"}})),
        ("contentBlockStop", serde_json::json!({"contentBlockIndex": 0})),
        ("messageStop", serde_json::json!({"stopReason": "end_turn"})),
        ("metadata", serde_json::json!({"usage": {"inputTokens": 3, "outputTokens": 4}})),
    ] {
        eventstream::write_event(&frame(kind), payload.to_string().as_bytes(), &mut out);
    }
    out
}

/// Payloads of an event stream; its checksums are checked on the way.
fn payloads(bytes: &[u8]) -> Vec<serde_json::Value> {
    let (mut cutter, mut all) = (eventstream::Cutter::default(), Vec::new());
    cutter.push(bytes);
    cutter
        .drain(|message| {
            all.push(serde_json::from_slice(message.payload).unwrap());
            Ok::<(), eventstream::Damaged>(())
        })
        .unwrap();
    assert!(!cutter.is_torn());
    all
}

#[test]
fn event_streams_are_checked_and_written_anew() {
    let frames = converse_frames(&token(NAME));
    let whole = run(transcript(Endpoint::Converse, Framing::EventStream, false), &[&frames]).unwrap();
    let text: String = payloads(&whole)
        .iter()
        .filter_map(|payload| payload.pointer("/delta/text")?.as_str().map(str::to_owned))
        .collect();
    assert_eq!(text, format!("{NAME} [NAME:2"));
    for at in 0..frames.len() {
        let pieces = [&frames[..at], &frames[at..]];
        assert!(run(transcript(Endpoint::Converse, Framing::EventStream, false), &pieces).unwrap() == whole, "{at}");
    }
    let mut damaged = frames.clone();
    damaged[40] ^= 1;
    assert!(run(transcript(Endpoint::Converse, Framing::EventStream, false), &[&damaged]).is_err());
    let torn = &frames[..frames.len() - 1];
    assert!(run(transcript(Endpoint::Converse, Framing::EventStream, false), &[torn]).is_err());
}

#[test]
fn invoked_models_have_their_events_in_base64() {
    let mut frames = Vec::new();
    for event in anthropic_events(&token(NAME)) {
        let payload = serde_json::json!({"bytes": STANDARD.encode(event.to_string()), "p": "abcd"});
        eventstream::write_event(&frame("chunk"), payload.to_string().as_bytes(), &mut frames);
    }
    let out = run(transcript(Endpoint::Invoke, Framing::EventStream, false), &[&frames]).unwrap();
    let (mut text, mut arguments) = (String::new(), String::new());
    for payload in payloads(&out) {
        let inner = STANDARD.decode(payload["bytes"].as_str().unwrap()).unwrap();
        let event: serde_json::Value = serde_json::from_slice(&inner).unwrap();
        text += event.pointer("/delta/text").and_then(|v| v.as_str()).unwrap_or_default();
        arguments += event.pointer("/delta/partial_json").and_then(|v| v.as_str()).unwrap_or_default();
    }
    let arguments: serde_json::Value = serde_json::from_str(&arguments).unwrap();
    assert_eq!((text.as_str(), arguments["a"].as_str()), (NAME, Some(NAME)));
}

#[test]
fn whoever_may_not_see_values_gets_the_bytes_as_they_came() {
    let stream = chat_event(0, &serde_json::json!({"content": token(NAME)}), Some("stop")) + "data: [DONE]\n\n";
    let plain = Transcript::new(Endpoint::Chat, Framing::Sse, None, false);
    assert_eq!(run(plain, &[stream.as_bytes()]).unwrap(), stream.as_bytes());
    let frames = converse_frames(&token(NAME));
    let plain = Transcript::new(Endpoint::Converse, Framing::EventStream, None, false);
    assert_eq!(run(plain, &[&frames]).unwrap(), frames);
}

#[test]
fn errors_in_streams_lose_their_text() {
    for (endpoint, data) in [
        (Endpoint::Chat, r#"{"error":{"message":"zeppelina","type":"server_error","code":null,"param":"zeppelina"}}"#),
        (Endpoint::Messages, r#"{"type":"error","error":{"type":"overloaded_error","message":"zeppelina"}}"#),
        (
            Endpoint::Responses,
            r#"{"type":"error","code":"server_error","message":"zeppelina","param":null,"sequence_number":3}"#,
        ),
        (
            Endpoint::Responses,
            r#"{"type":"response.failed","response":{"error":{"code":"server_error","message":"zeppelina"}}}"#,
        ),
    ] {
        for rights in [None, Some(rights())] {
            let transcript = Transcript::new(endpoint, Framing::Sse, rights, false);
            let out = run(transcript, &[format!("data: {data}\n\n").as_bytes()]).unwrap();
            let text = String::from_utf8(out).unwrap();
            assert!(!text.contains("zeppelina") && text.contains("_error"), "{text}");
            let event = text.strip_prefix("data: ").unwrap();
            assert!(serde_json::from_str::<serde_json::Value>(event.trim()).is_ok(), "{text}");
        }
    }
}

#[test]
fn whole_answers_come_back_as_json() {
    let token = token(NAME);
    let inner = serde_json::json!({ "who": token, token.as_str(): 1 }).to_string();
    let body = serde_json::json!({
        "choices": [{"message": {"content": format!("Dear {token}"), "tool_calls": [{"function": {"arguments": inner}}]}}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2},
    });
    let body = body.to_string();
    let done = whole(Endpoint::Chat, Some(&rights()), false, body.as_bytes()).unwrap();
    let value: serde_json::Value = serde_json::from_slice(&done.body.unwrap()).unwrap();
    assert_eq!(value["choices"][0]["message"]["content"], format!("Dear {NAME}"));
    let arguments = value.pointer("/choices/0/message/tool_calls/0/function/arguments").unwrap().as_str().unwrap();
    let arguments: serde_json::Value = serde_json::from_str(arguments).unwrap();
    assert_eq!((&arguments["who"], &arguments[NAME]), (&serde_json::json!(NAME), &serde_json::json!(1)));
    assert_eq!(done.usage, Some(Usage { input: 1, output: 2 }));
    assert_eq!(done.tally.unwrap().revealed, 3);
    // Content that was asked to be JSON stays JSON.
    let body =
        serde_json::json!({"choices": [{"message": {"content": format!("{{\"who\": \"{token}\"}}")}}]}).to_string();
    let done = whole(Endpoint::Chat, Some(&rights()), true, body.as_bytes()).unwrap();
    let value: serde_json::Value = serde_json::from_slice(&done.body.unwrap()).unwrap();
    let content = value.pointer("/choices/0/message/content").unwrap().as_str().unwrap();
    assert_eq!(serde_json::from_str::<serde_json::Value>(content).unwrap()["who"], NAME);
    for none in [None, Some(&rights())] {
        assert!(whole(Endpoint::Chat, none, false, b"<html>").is_err());
    }
}
