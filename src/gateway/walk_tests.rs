#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use super::super::api::{self, Flavour};
use super::super::json::{Doubled, parse};
use super::super::route::Endpoint;
use super::*;

fn leave<'l>(inputs: &'l [Input], names: &'l BTreeSet<String>) -> Leave<'l> {
    Leave { inputs, names, hash: &|text| format!("id_{}", text.len()) }
}

/// A body read by its shape and written again, each text through `change`.
fn rewrite(
    endpoint: Endpoint,
    flavour: Flavour,
    inputs: &[Input],
    body: &str,
    change: impl Fn(&str) -> String,
) -> Result<String, (Rule, String)> {
    let names = BTreeSet::new();
    let leave = leave(inputs, &names);
    let root = parse(body.as_bytes(), Doubled::Refused).map_err(|_| (Rule::Invalid, String::new()))?;
    let told = |refusal: Refusal| (refusal.rule, refusal.place.unwrap_or_default());
    let reading = Reading::of(body.as_bytes(), &root, api::shape(endpoint, flavour), &leave).map_err(told)?;
    let texts: Vec<String> = reading.spots().iter().map(|spot| change(&spot.text)).collect();
    let out = reading.rewritten(&texts, &leave).map_err(told)?;
    Ok(String::from_utf8(out).unwrap())
}

/// What stands for an identifier in these tests.
fn scrub(text: &str) -> String {
    text.replace("Okonjo", "[N:\"1\"]").replace("4155550123", "[P]")
}

fn chat(members: &str) -> Result<String, (Rule, String)> {
    let body = format!("{{\"model\":\"m\",\"messages\":[{{\"role\":\"user\",\"content\":\"hi\"}}]{members}}}");
    rewrite(Endpoint::Chat, Flavour::Own, &[], &body, scrub)
}

#[test]
fn every_text_of_a_chat_is_scrubbed_and_the_rest_stays_as_it_is() {
    let body = r#"{ "model": "m", "temperature": 1.50, "stop": ["Okonjo"], "user": "Okonjo",
      "messages": [
        {"role": "system", "content": "S Okonjo"}, {"role": "developer", "content": [{"type": "text", "text": "D Okonjo"}]},
        {"role": "user", "name": "Okonjo", "content": "U Okonjo \u00e9\n"},
        {"role": "assistant", "content": null, "refusal": "R Okonjo", "tool_calls": [
          {"id": "call_Okonjo", "type": "function", "function": {"name": "f", "arguments": "{\"n\": \"Okonjo\", \"p\": 4155550123, \"k\": 1.50}"}},
          {"id": "call_abcdefgh0123456789abcdef", "type": "custom", "custom": {"name": "g", "input": "I Okonjo"}}]},
        {"role": "tool", "tool_call_id": "call_Okonjo", "content": "{\"Okonjo\": [\"{\\\"x\\\": \\\"Okonjo\\\"}\"]}"},
        {"role": "function", "name": "f", "content": "F Okonjo"}],
      "tools": [{"type": "function", "function": {"name": "f", "description": "T Okonjo",
        "parameters": {"type": "object", "properties": {"n": {"type": "string", "enum": ["Okonjo"], "description": "Okonjo"}}}}}],
      "metadata": {"m": "Okonjo"}, "prediction": {"type": "content", "content": "P Okonjo"} }"#;
    let out = rewrite(Endpoint::Chat, Flavour::Own, &[], body, scrub).unwrap();
    assert!(!out.contains("Okonjo") && !out.contains("4155550123"), "{out}");
    let value: serde_json::Value = serde_json::from_str(&out).unwrap();
    let calls = &value["messages"][3]["tool_calls"];
    let arguments: serde_json::Value =
        serde_json::from_str(calls[0]["function"]["arguments"].as_str().unwrap()).unwrap();
    assert_eq!(arguments, serde_json::json!({"n": "[N:\"1\"]", "p": "[P]", "k": 1.5}));
    // The same id is the same on both sides; one that a provider made stays.
    assert_eq!(calls[0]["id"], value["messages"][4]["tool_call_id"]);
    assert_eq!(calls[1]["id"], "call_abcdefgh0123456789abcdef");
    let inner: serde_json::Value = serde_json::from_str(value["messages"][4]["content"].as_str().unwrap()).unwrap();
    let innermost = inner["[N:\"1\"]"][0].as_str().unwrap();
    assert_eq!(serde_json::from_str::<serde_json::Value>(innermost).unwrap()["x"], "[N:\"1\"]");
    assert!(out.contains("\"temperature\": 1.50") && out.starts_with("{ \"model\""), "{out}");
    // Nothing found: nothing changed but what is never told.
    let plain = r#"{"model":"m","messages":[{"role":"user","content":"a\u00e9\/b"}],"n":1e0}"#;
    assert_eq!(rewrite(Endpoint::Chat, Flavour::Own, &[], plain, scrub).unwrap(), plain);
}

#[test]
fn state_in_a_chat_is_refused_or_switched_off() {
    for (members, want) in [
        (r#","store":true"#, Ok("\"store\":false")),
        (r#","store":false"#, Ok("\"store\":false")),
        (r#","prompt_cache_options":{"mode":"implicit","ttl":"30m"}"#, Ok("30m")),
        (r#","moderation":{"model":"omni-moderation-latest"}"#, Err((Rule::Tool, "moderation"))),
        (r#","web_search_options":{}"#, Err((Rule::Tool, "web_search_options"))),
        (r#","web_search_options":{"search_context_size":"low"}"#, Err((Rule::Tool, "web_search_options"))),
        (r#","prompt_cache_retention":"24h""#, Err((Rule::State, "prompt_cache_retention"))),
        (r#","prompt_cache_retention":"in-memory""#, Ok("in-memory")),
        (r#","prompt_cache_key":"Okonjo""#, Ok("id_6")),
        (r#","safety_identifier":"Okonjo""#, Ok("id_6")),
        (r#","modalities":["text","audio"]"#, Err((Rule::Parameter, "modalities.1"))),
        (r#","audio":{"voice":"alloy"}"#, Err((Rule::Input, "audio"))),
        (r#","data_sources":[{"type":"azure_search"}]"#, Err((Rule::State, "data_sources"))),
        (r#","tools":[{"type":"web_search"}]"#, Err((Rule::Tool, "tools.0"))),
        (r#","tools":[{"type":"code_interpreter"}]"#, Err((Rule::Tool, "tools.0"))),
        (r#","service_tier":"Okonjo""#, Err((Rule::Parameter, "service_tier"))),
        (r#","reasoning_effort":"high""#, Ok("high")),
        (r#","Okonjo":1"#, Err((Rule::Parameter, "/2"))),
        (r#","logit_bias":{"123456":1}"#, Ok("123456")),
        (r#","logit_bias":{"4155550123":1}"#, Err((Rule::Parameter, "logit_bias"))),
        (r#","n":"Okonjo""#, Err((Rule::Invalid, "n"))),
        (
            r#","tools":[{"type":"function","function":{"name":"ask_Okonjo"}}]"#,
            Err((Rule::IdentifierInName, "tools.0.function.name")),
        ),
        (
            r#","tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"Okonjo":{}}}}}]"#,
            Err((Rule::IdentifierInName, "tools.0.function.parameters.1.0")),
        ),
    ] {
        let got = chat(members);
        match (&got, want) {
            (Ok(out), Ok(part)) => assert!(out.contains(part) && !out.contains("Okonjo"), "{members}: {out}"),
            (Err((rule, place)), Err(want)) => assert_eq!((*rule, place.as_str()), want, "{members}"),
            _ => assert_eq!(got, Ok(String::new()), "{members}"),
        }
    }
}

#[test]
fn state_in_a_response_is_refused_or_switched_off() {
    for (members, rule) in [
        (r#""background":true"#, Rule::State),
        (r#""background_options":{"completion_window":"2h"}"#, Rule::State),
        (r#""prompt_cache_options":{"ttl":"12h"}"#, Rule::State),
        (r#""prompt_cache_options":{"comparison_response_id":"resp_1"}"#, Rule::State),
        (r#""moderation":{"model":"omni-moderation-latest"}"#, Rule::Tool),
        (r#""tools":[{"type":"tool_search"}]"#, Rule::Tool),
        (r#""tools":[{"type":"programmatic_tool_calling"}]"#, Rule::Tool),
        (r#""tools":[{"type":"function","name":"f","allowed_callers":["programmatic"]}]"#, Rule::Tool),
        (r#""input":[{"type":"additional_tools","role":"developer","tools":[]}]"#, Rule::State),
        (r#""input":[{"type":"program","id":"x","code":"y"}]"#, Rule::State),
        (
            r#""input":[{"role":"user","content":[{"type":"input_text","text":"x","prompt_cache_breakpoint":{"mode":"explicit","ttl":"12h"}}]}]"#,
            Rule::State,
        ),
        (r#""previous_response_id":"resp_1""#, Rule::State),
        (r#""conversation":"conv_1""#, Rule::State),
        (r#""conversation":{"id":"conv_1"}"#, Rule::State),
        (r#""prompt":{"id":"pmpt_1"}"#, Rule::State),
        (r#""prompt_cache_retention":"24h""#, Rule::State),
        (r#""context_management":[{"type":"compaction"}]"#, Rule::State),
        (r#""tools":[{"type":"web_search"}]"#, Rule::Tool),
        (r#""tools":[{"type":"web_search_preview"}]"#, Rule::Tool),
        (r#""tools":[{"type":"file_search","vector_store_ids":["vs_1"]}]"#, Rule::Tool),
        (r#""tools":[{"type":"code_interpreter","container":{"type":"auto"}}]"#, Rule::Tool),
        (r#""tools":[{"type":"mcp","server_label":"x","server_url":"https://x"}]"#, Rule::Tool),
        (r#""tools":[{"type":"computer_use_preview"}]"#, Rule::Tool),
        (r#""tools":[{"type":"image_generation"}]"#, Rule::Tool),
        (r#""tools":[{"type":"local_shell"}]"#, Rule::Tool),
        (r#""tools":[{"type":"shell"}]"#, Rule::Tool),
        (r#""tools":[{"type":"apply_patch"}]"#, Rule::Tool),
        (r#""tool_choice":{"type":"file_search"}"#, Rule::Tool),
        (r#""include":["file_search_call.results"]"#, Rule::Tool),
        (r#""include":["web_search_call.action.sources"]"#, Rule::Tool),
        (r#""include":["code_interpreter_call.outputs"]"#, Rule::Tool),
        (r#""input":[{"type":"item_reference","id":"msg_1"}]"#, Rule::State),
        (r#""input":[{"type":"file_search_call","id":"fs_1"}]"#, Rule::State),
        (r#""input":[{"type":"web_search_call","id":"ws_1"}]"#, Rule::State),
        (r#""input":[{"type":"compaction","encrypted_content":"x"}]"#, Rule::State),
        (r#""input":[{"type":"mcp_call","id":"m"}]"#, Rule::State),
        (r#""input":[{"role":"user","content":[{"type":"input_file","file_id":"file_1"}]}]"#, Rule::Input),
        (r#""input":[{"role":"user","content":[{"type":"input_file","file_url":"https://x/y.pdf"}]}]"#, Rule::Input),
        (r#""input":[{"role":"user","content":[{"type":"input_image","file_id":"file_1"}]}]"#, Rule::Input),
        (r#""input":[{"role":"user","content":[{"type":"input_image","image_url":"https://x/y.png"}]}]"#, Rule::Input),
        (
            r#""input":[{"role":"user","content":[{"type":"input_image","image_url":"data:image/png;base64,AAAA"}]}]"#,
            Rule::Input,
        ),
        (
            r#""input":[{"role":"user","content":[{"type":"input_file","filename":"a.pdf","file_data":"data:application/pdf;base64,AAAA"}]}]"#,
            Rule::Input,
        ),
    ] {
        let body = format!("{{\"model\":\"m\",{members}}}");
        let got = rewrite(Endpoint::Responses, Flavour::Own, &[], &body, scrub);
        assert_eq!(got.map_err(|(rule, _)| rule), Err(rule), "{members}");
    }
    for members in [
        r#""background":false,"previous_response_id":null,"conversation":null,"input":"hi""#,
        r#""include":["reasoning.encrypted_content"],"input":"hi""#,
        r#""input":[{"role":"user","content":"hi"},{"type":"message","role":"assistant","content":[{"type":"output_text","text":"x","annotations":[]}]}]"#,
        r#""input":[{"type":"function_call","call_id":"call_abcdefgh0123456789abcdef","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"call_abcdefgh0123456789abcdef","output":"y"}]"#,
        r#""text":{"format":{"type":"json_schema","name":"n","schema":{"type":"object"},"strict":true},"verbosity":"low"},"input":"x""#,
        r#""tools":[{"type":"function","name":"f","parameters":{"type":"object"},"strict":true}],"tool_choice":{"type":"function","name":"f"},"input":"x""#,
    ] {
        let body = format!("{{\"model\":\"m\",{members}}}");
        assert_eq!(rewrite(Endpoint::Responses, Flavour::Own, &[], &body, scrub).as_ref(), Ok(&body));
    }
}

#[test]
fn texts_of_the_other_endpoints_are_scrubbed() {
    let signature = "A".repeat(80);
    for (endpoint, body) in [
        (Endpoint::Embeddings, r#"{"model":"m","input":"Okonjo"}"#.to_owned()),
        (Endpoint::Embeddings, r#"{"model":"m","input":["Okonjo","b"],"encoding_format":"base64"}"#.to_owned()),
        (Endpoint::Moderations, r#"{"input":[{"type":"text","text":"Okonjo"}]}"#.to_owned()),
        (Endpoint::Completions, r#"{"model":"m","prompt":["Okonjo"],"suffix":"Okonjo"}"#.to_owned()),
        (
            Endpoint::Responses,
            r#"{"model":"m","instructions":"Okonjo","input":[{"role":"user","content":[{"type":"input_text","text":"Okonjo"}]},
               {"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"Okonjo"}]},
               {"type":"custom_tool_call","call_id":"c","name":"n","input":"Okonjo"}],"metadata":{"Okonjo":"Okonjo"}}"#
                .to_owned(),
        ),
        (
            Endpoint::Messages,
            format!(
                r#"{{"model":"m","max_tokens":1,"system":[{{"type":"text","text":"Okonjo","cache_control":{{"type":"ephemeral"}}}}],
               "messages":[{{"role":"user","content":[{{"type":"text","text":"Okonjo"}},
                 {{"type":"document","title":"Okonjo","source":{{"type":"text","media_type":"text/plain","data":"Okonjo"}}}},
                 {{"type":"tool_result","tool_use_id":"toolu_Okonjo","content":[{{"type":"text","text":"Okonjo"}}]}}]}},
                 {{"role":"assistant","content":[{{"type":"thinking","thinking":"Okonjo","signature":"{signature}"}},
                 {{"type":"tool_use","id":"toolu_Okonjo","name":"f","input":{{"n":"Okonjo","d":{{"Okonjo":4155550123}}}}}}]}}],
               "metadata":{{"user_id":"Okonjo"}},"stop_sequences":["Okonjo"],
               "tools":[{{"name":"f","description":"Okonjo","input_schema":{{"type":"object"}},"input_examples":[{{"n":"Okonjo"}}]}}]}}"#
            ),
        ),
        (
            Endpoint::Converse,
            r#"{"messages":[{"role":"user","content":[{"text":"Okonjo"},{"toolResult":{"toolUseId":"t","content":[{"json":{"n":"Okonjo"}},{"text":"Okonjo"}]}}]},
               {"role":"assistant","content":[{"toolUse":{"toolUseId":"t","name":"f","input":{"n":"Okonjo"}}}]}],
               "system":[{"text":"Okonjo"}],"requestMetadata":{"k":"Okonjo"},"inferenceConfig":{"maxTokens":1,"stopSequences":["Okonjo"]},
               "toolConfig":{"tools":[{"toolSpec":{"name":"f","description":"Okonjo","inputSchema":{"json":{"type":"object","description":"Okonjo"}}}}]}}"#
                .to_owned(),
        ),
        (
            Endpoint::Invoke,
            r#"{"anthropic_version":"bedrock-2023-05-31","max_tokens":1,"system":"Okonjo","messages":[{"role":"user","content":"Okonjo"}]}"#.to_owned(),
        ),
    ] {
        let out = rewrite(endpoint, Flavour::Own, &[], &body, scrub).unwrap_or_else(|e| format!("Okonjo {e:?}"));
        assert!(!out.contains("Okonjo") && !out.contains("4155550123"), "{endpoint:?} {out}");
        assert!(serde_json::from_str::<serde_json::Value>(&out).is_ok());
    }
}

#[test]
fn state_and_tools_of_anthropic_and_bedrock_are_refused() {
    let block =
        |block: &str| format!(r#"{{"model":"m","max_tokens":1,"messages":[{{"role":"user","content":[{block}]}}]}}"#);
    let with = |members: &str| format!(r#"{{"model":"m","max_tokens":1,"messages":[],{members}}}"#);
    let converse = |block: &str| format!(r#"{{"messages":[{{"role":"user","content":[{block}]}}]}}"#);
    for (endpoint, body, rule) in [
        (Endpoint::Messages, with(r#""container":"c_1""#), Rule::State),
        (Endpoint::Messages, with(r#""context_management":{"edits":[]}"#), Rule::State),
        (Endpoint::Messages, with(r#""mcp_servers":[{"type":"url","url":"https://x"}]"#), Rule::Tool),
        (Endpoint::Messages, with(r#""tools":[{"type":"web_search_20250305","name":"web_search"}]"#), Rule::Tool),
        (Endpoint::Messages, with(r#""tools":[{"type":"web_fetch_20250910","name":"web_fetch"}]"#), Rule::Tool),
        (
            Endpoint::Messages,
            with(r#""tools":[{"type":"code_execution_20250825","name":"code_execution"}]"#),
            Rule::Tool,
        ),
        (Endpoint::Messages, with(r#""tools":[{"type":"mcp_toolset"}]"#), Rule::Tool),
        (Endpoint::Messages, with(r#""cache_control":{"type":"ephemeral","ttl":"1h"}"#), Rule::State),
        (Endpoint::Messages, with(r#""user_profile_id":"x""#), Rule::Parameter),
        (Endpoint::Messages, with(r#""workspace_id":"x""#), Rule::Parameter),
        (Endpoint::Messages, with(r#""diagnostics":{"previous_message_id":"msg_1"}"#), Rule::State),
        (Endpoint::Messages, with(r#""tools":[{"type":"browser_toolset_20260801"}]"#), Rule::Tool),
        (Endpoint::Messages, with(r#""tools":[{"type":"tool_search_tool_bm25_20251119","name":"t"}]"#), Rule::Tool),
        (
            Endpoint::Messages,
            with(r#""tools":[{"name":"f","input_schema":{},"allowed_callers":["code_execution_20260521"]}]"#),
            Rule::Tool,
        ),
        (Endpoint::Converse, converse(r#"{"toolAddition":{"tool":{"name":"t"}}}"#), Rule::Tool),
        (
            Endpoint::Converse,
            converse(r#"{"document":{"format":"txt","name":"n","source":{"bytes":"AAAA"}}}"#),
            Rule::Input,
        ),
        (Endpoint::Messages, block(r#"{"type":"container_upload","file_id":"file_1"}"#), Rule::Tool),
        (Endpoint::Messages, block(r#"{"type":"server_tool_use","id":"x"}"#), Rule::Tool),
        (Endpoint::Messages, block(r#"{"type":"image","source":{"type":"url","url":"https://x"}}"#), Rule::Input),
        (Endpoint::Messages, block(r#"{"type":"image","source":{"type":"file","file_id":"f"}}"#), Rule::Input),
        (
            Endpoint::Messages,
            block(r#"{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}"#),
            Rule::Input,
        ),
        (Endpoint::Messages, block(r#"{"type":"document","source":{"type":"url","url":"https://x"}}"#), Rule::Input),
        (Endpoint::Invoke, with(r#""anthropic_beta":["x"]"#), Rule::Parameter),
        (Endpoint::Converse, r#"{"messages":[],"guardrailConfig":{"guardrailIdentifier":"g"}}"#.into(), Rule::State),
        (Endpoint::Converse, r#"{"messages":[],"promptVariables":{"a":{"text":"b"}}}"#.into(), Rule::State),
        (Endpoint::Converse, converse(r#"{"image":{"format":"png","source":{"bytes":"AAAA"}}}"#), Rule::Input),
        (
            Endpoint::Converse,
            converse(r#"{"document":{"format":"pdf","name":"n","source":{"s3Location":{"uri":"s3://x"}}}}"#),
            Rule::Input,
        ),
        (Endpoint::Converse, converse(r#"{"video":{"format":"mp4"}}"#), Rule::Input),
        (Endpoint::Converse, converse(r#"{"cachePoint":{"type":"default","ttl":"1h"}}"#), Rule::State),
        (
            Endpoint::Converse,
            r#"{"toolConfig":{"tools":[{"systemTool":{"name":"nova_grounding"}}]}}"#.into(),
            Rule::Tool,
        ),
        (Endpoint::Embeddings, r#"{"model":"m","input":[1,2,3]}"#.into(), Rule::Input),
        (Endpoint::Embeddings, r#"{"model":"m","input":[[1,2,3]]}"#.into(), Rule::Input),
        (Endpoint::Completions, r#"{"model":"m","prompt":[1,2]}"#.into(), Rule::Input),
    ] {
        let got = rewrite(endpoint, Flavour::Own, &[], &body, scrub);
        assert_eq!(got.map_err(|(rule, _)| rule), Err(rule), "{body}");
    }
}

#[test]
fn inputs_that_are_allowed_pass_within_the_request_only() {
    let image = |url: &str| {
        let part = format!(r#"{{"type":"image_url","image_url":{{"url":"{url}"}}}}"#);
        let body = format!(r#"{{"model":"m","messages":[{{"role":"user","content":[{part}]}}]}}"#);
        rewrite(Endpoint::Chat, Flavour::Own, &[Input::Image], &body, scrub).map(|_| ()).map_err(|(rule, _)| rule)
    };
    assert_eq!(image("data:image/png;base64,iVBORw0KGgo="), Ok(()));
    for url in
        ["https://x/y.png", "data:text/plain;base64,AAAA", "data:image/png,Okonjo", "data:image/png;base64,Ok onjo"]
    {
        assert_eq!(image(url), Err(Rule::Input), "{url}");
    }
}

#[test]
fn servers_of_ones_own_have_parameters_more() {
    let body =
        r#"{"model":"m","messages":[],"top_k":5,"guided_choice":["Okonjo"],"chat_template_kwargs":{"a":"Okonjo"}}"#;
    let out = rewrite(Endpoint::Chat, Flavour::Compatible, &[], body, scrub).unwrap();
    assert!(!out.contains("Okonjo"));
    assert_eq!(rewrite(Endpoint::Chat, Flavour::Own, &[], body, scrub), Err((Rule::Parameter, "/2".to_owned())));
}

#[test]
fn names_that_somebody_looked_at_are_not_searched() {
    let body = r#"{"model":"m","messages":[],"tools":[{"type":"function","function":{"name":"ask_Okonjo"}}]}"#;
    let names = BTreeSet::from(["ask_Okonjo".to_owned()]);
    let leave = leave(&[], &names);
    let root = parse(body.as_bytes(), Doubled::Refused).unwrap();
    let reading = Reading::of(body.as_bytes(), &root, api::shape(Endpoint::Chat, Flavour::Own), &leave).unwrap();
    assert!(reading.spots().is_empty());
}

#[test]
fn debug_holds_no_text() {
    let body = r#"{"model":"m","messages":[{"role":"user","content":"Okonjo"}]}"#;
    let names = BTreeSet::new();
    let root = parse(body.as_bytes(), Doubled::Refused).unwrap();
    let leave = leave(&[], &names);
    let reading = Reading::of(body.as_bytes(), &root, api::shape(Endpoint::Chat, Flavour::Own), &leave).unwrap();
    assert!(!format!("{reading:?} {root:?}").contains("Okonjo"));
}
