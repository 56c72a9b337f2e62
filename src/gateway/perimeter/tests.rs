#![allow(clippy::unwrap_used)]

use std::time::Instant;

use super::*;

/// SHA-256 of `secret`.
const SECRET: &str = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";

fn upstream(name: &str, kind: &str, rest: &str) -> String {
    let endpoint = match kind {
        "anthropic" => "messages",
        "bedrock" => "converse",
        _ => "chat",
    };
    format!(
        "[[upstream]]\nname = \"{name}\"\nkind = \"{kind}\"\nurl = \"https://api.example\"\nbaa = \"BAA 1\"\n\
         zero_data_retention = true\ncertified = 2026-01-02\nexpires = 2026-12-31\nendpoints = [\"{endpoint}\"]\n\
         models = [\"m-1\", {{ name = \"m-2\", expires = 2026-06-30 }}]\n{rest}\n"
    )
}

fn client(rest: &str) -> String {
    format!("[[client]]\nname = \"one\"\nkey_sha256 = \"{SECRET}\"\nroles = [\"use\"]\n{rest}\n")
}

const KEY: &str = "key = { env = \"HOME\" }";

fn route(path: &str) -> Route {
    Route::of(path, |name| name == "a" || name == "b").unwrap()
}

#[test]
fn the_example_of_the_docs_is_a_perimeter() {
    let docs = include_str!("../../../docs/gateway.md");
    let example = docs.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let example = example.replace("key_sha256 = \"...\"", &format!("key_sha256 = \"{SECRET}\""));
    let perimeter = Perimeter::from_toml(&example).unwrap();
    let names: Vec<&str> = perimeter.upstreams().iter().map(|upstream| upstream.name()).collect();
    assert_eq!(names, ["open", "azure-east", "claude", "bedrock-east", "house"]);
    assert!(perimeter.clients()[0].reveals());
}

#[test]
fn a_call_goes_to_what_covers_it_and_nowhere_else() {
    let text = upstream("a", "openai", KEY) + &upstream("b", "compatible", "") + &client("upstreams = [\"a\", \"b\"]");
    let perimeter = Perimeter::from_toml(&text).unwrap();
    let client = &perimeter.clients()[0];
    let day = |text: &str| text.parse::<Date>().unwrap();
    for (path, model, on, want) in [
        ("/v1/chat/completions", "m-1", "2026-03-01", Ok("a")),
        ("/b/v1/chat/completions", "m-1", "2026-03-01", Ok("b")),
        ("/v1/chat/completions", "m-1", "2026-12-31", Ok("a")),
        ("/v1/chat/completions", "m-2", "2026-06-30", Ok("a")),
        ("/v1/chat/completions", "m-2", "2026-07-01", Err(Rule::ModelExpired)),
        ("/v1/chat/completions", "m-1", "2027-01-01", Err(Rule::CertificationExpired)),
        ("/v1/chat/completions", "m-1", "2026-01-01", Err(Rule::CertificationExpired)),
        ("/v1/chat/completions", "m-3", "2026-03-01", Err(Rule::Model)),
        ("/v1/chat/completions", "M-1", "2026-03-01", Err(Rule::Model)),
        ("/v1/chat/completions", "", "2026-03-01", Err(Rule::Model)),
        ("/v1/embeddings", "m-1", "2026-03-01", Err(Rule::Endpoint)),
        ("/v1/messages", "m-1", "2026-03-01", Err(Rule::Upstream)),
        ("/a/v1/messages", "m-1", "2026-03-01", Err(Rule::Upstream)),
    ] {
        let chosen = perimeter.choose(&route(path), model, client, day(on));
        let chosen = chosen.map(|upstream| upstream.name()).map_err(|refusal| refusal.rule);
        assert_eq!(chosen, want, "{path} {model} {on}");
    }
}

#[test]
fn a_client_uses_its_upstreams_only() {
    let text = upstream("a", "openai", KEY) + &upstream("b", "compatible", "") + &client("upstreams = [\"b\"]");
    let perimeter = Perimeter::from_toml(&text).unwrap();
    let (client, day) = (&perimeter.clients()[0], "2026-03-01".parse().unwrap());
    let chosen = perimeter.choose(&route("/v1/chat/completions"), "m-1", client, day);
    assert_eq!(chosen.unwrap().name(), "b");
    let refused = perimeter.choose(&route("/a/v1/chat/completions"), "m-1", client, day);
    assert_eq!(refused.unwrap_err().rule, Rule::Upstream);
}

#[test]
fn clients_are_known_by_their_keys_and_held_to_their_limits() {
    let text = upstream("a", "openai", KEY) + &client("limits = { rate = 1, burst = 2, in_flight = 3 }");
    let perimeter = Perimeter::from_toml(&text).unwrap();
    let known = |key| Client::known(perimeter.clients(), key, None).map(|client| client.name());
    assert_eq!(known(Some("secret")), Some("one"));
    for wrong in [Some("Secret"), Some(""), Some(SECRET), None] {
        assert_eq!(known(wrong), None);
    }
    let (client, now) = (&perimeter.clients()[0], Instant::now());
    assert_eq!(client.admit(Role::Reveal, now).unwrap_err().rule, Rule::Role);
    assert!(client.admit(Role::Use, now).is_ok() && client.admit(Role::Use, now).is_ok());
    let refused = client.admit(Role::Use, now).unwrap_err();
    assert!(refused.rule == Rule::RateLimited && refused.retry.is_some());
    assert_eq!(client.room.available_permits(), 3);
    assert!(!format!("{perimeter:?} {client:?}").contains(&SECRET[..8]));
}

#[test]
fn what_says_less_or_other_than_it_must_is_refused_with_its_line() {
    let good = upstream("a", "openai", KEY) + &client("");
    assert!(Perimeter::from_toml(&good).is_ok());
    for (text, line, want) in [
        (String::new(), 1, "no [[upstream]]"),
        (upstream("a", "openai", KEY), 1, "no [[client]]"),
        (good.replace("https://api.example", "http://api.example"), 1, "https"),
        (good.replace("https://api.example", "https://u:p@api.example"), 1, "no user"),
        (good.replace("https://api.example", "https://api.example/?x=1"), 1, "no user"),
        (good.replace("https://api.example", "ftp://api.example"), 1, "https"),
        (good.replace("baa = \"BAA 1\"", "baa = \" \""), 1, "agreement"),
        (good.replace("expires = 2026-12-31", "expires = 2025-12-31"), 1, "before"),
        (good.replace("[\"chat\"]", "[\"messages\"]"), 1, "has no"),
        (good.replace("[\"chat\"]", "[\"assistants\"]"), 9, "unknown variant"),
        (good.replace("[\"chat\"]", "[]"), 1, "at least one"),
        (good.replace("\"m-1\"", "\"gpt-*\""), 1, "patterns"),
        (good.replace("name = \"a\"", "name = \"openai\""), 1, "begin with"),
        (good.replace("name = \"a\"", "name = \"A b\""), 1, "lower-case"),
        (good.replace(KEY, ""), 1, "key: needed"),
        (good.replace(KEY, "key = { env = \"A\", file = \"b\" }"), 1, "one of"),
        (good.replace(KEY, "key = { value = \"sk-zeppelina\" }"), 11, "unknown field"),
        (good.replace(KEY, &format!("{KEY}\nregion = \"x\"")), 1, "bedrock"),
        (upstream("a", "azure", KEY) + &client(""), 1, "api_versions: needed"),
        (upstream("a", "azure", &format!("{KEY}\napi_versions = [\"latest\"]")) + &client(""), 1, "pinned"),
        (upstream("a", "azure", &format!("{KEY}\napi_versions = [\"preview\"]")) + &client(""), 1, "pinned"),
        (upstream("a", "bedrock", KEY) + &client(""), 1, "region"),
        (good.clone() + &upstream("a", "openai", KEY), 17, "already"),
        (good.clone() + "[[client]]\nname = \"two\"\nroles = [\"use\"]\n", 17, "neither"),
        (good.clone() + &client("").replace("one", "two"), 17, "same key"),
        (good.replace("roles = [\"use\"]", "roles = [\"use\", \"reveal\"]"), 12, "purpose"),
        (good.replace("roles = [\"use\"]", "roles = []"), 12, "roles"),
        (upstream("a", "openai", KEY) + &client("upstreams = [\"c\"]"), 12, "there is no"),
        (upstream("a", "openai", KEY) + &client("limits = { rate = 0 }"), 12, "rate"),
        (good.replace(SECRET, "abcd"), 12, "64 hex"),
        (good.replace("zero_data_retention = true\n", ""), 1, "missing field"),
    ] {
        let error = Perimeter::from_toml(&text).unwrap_err();
        assert!(error.message.contains(want), "{want}: {error}");
        assert_eq!(error.line, line, "{error}");
        assert!(!error.to_string().contains("zeppelina") && !error.to_string().contains(SECRET));
    }
}
