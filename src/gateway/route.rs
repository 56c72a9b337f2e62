//! What a path asks for: the table of all that is spoken. What is not in it is refused.

/// Whose form requests, answers and errors have.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Dialect {
    /// OpenAI, and servers of one's own.
    OpenAi,
    /// OpenAI's models at Azure.
    Azure,
    Anthropic,
    Bedrock,
}

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Endpoint {
    /// `/chat/completions`.
    Chat,
    /// `/responses`.
    Responses,
    /// `/embeddings`.
    Embeddings,
    /// `/moderations`.
    Moderations,
    /// `/completions`.
    Completions,
    /// Anthropic's `/v1/messages`.
    Messages,
    /// Bedrock's Converse.
    Converse,
    /// Bedrock's InvokeModel.
    Invoke,
}

/// Whether the answer comes bit by bit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Streaming {
    /// If the body says so.
    AsAsked,
    Always,
    Never,
}

/// A path that is in the table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Route {
    pub(crate) dialect: Dialect,
    pub(crate) endpoint: Endpoint,
    /// The upstream that the path names.
    pub(crate) upstream: Option<String>,
    /// The model or deployment that the path names.
    pub(crate) model: Option<String>,
    pub(crate) streaming: Streaming,
    /// Azure: the form without a version in the query.
    pub(crate) versionless: bool,
    /// The path at the upstream.
    pub(crate) path: String,
}

/// What a path is taken for, where it is none of the table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Unlisted {
    pub(crate) dialect: Dialect,
}

impl Endpoint {
    /// Every endpoint.
    pub const ALL: [Endpoint; 8] = [
        Endpoint::Chat,
        Endpoint::Responses,
        Endpoint::Embeddings,
        Endpoint::Moderations,
        Endpoint::Completions,
        Endpoint::Messages,
        Endpoint::Converse,
        Endpoint::Invoke,
    ];

    /// In the perimeter, in counts and in the audit trail.
    pub fn name(self) -> &'static str {
        match self {
            Endpoint::Chat => "chat",
            Endpoint::Responses => "responses",
            Endpoint::Embeddings => "embeddings",
            Endpoint::Moderations => "moderations",
            Endpoint::Completions => "completions",
            Endpoint::Messages => "messages",
            Endpoint::Converse => "converse",
            Endpoint::Invoke => "invoke",
        }
    }
}

impl Route {
    /// Reads a path; `is_upstream` tells the names that a path may begin with.
    pub(crate) fn of(path: &str, is_upstream: impl Fn(&str) -> bool) -> Result<Self, Unlisted> {
        let rest = path.strip_prefix('/').unwrap_or_default();
        let (first, after) = rest.split_once('/').unwrap_or((rest, ""));
        let (upstream, rest) = if is_upstream(first) { (Some(first.to_owned()), after) } else { (None, rest) };
        let segments: Vec<&str> = rest.split('/').collect();
        let own = |dialect, endpoint, streaming| {
            let path = format!("/{rest}");
            Ok(Route { dialect, endpoint, upstream: upstream.clone(), model: None, streaming, versionless: true, path })
        };
        match segments.as_slice() {
            ["v1", tail @ ..] => match (openai(tail), tail) {
                (Some((endpoint, streaming)), _) => own(Dialect::OpenAi, endpoint, streaming),
                (None, ["messages"]) => own(Dialect::Anthropic, Endpoint::Messages, Streaming::AsAsked),
                (None, ["messages", "count_tokens"]) => own(Dialect::Anthropic, Endpoint::Messages, Streaming::Never),
                (None, ["messages", ..]) => Err(Unlisted { dialect: Dialect::Anthropic }),
                _ => Err(Unlisted { dialect: Dialect::OpenAi }),
            },
            ["openai", tail @ ..] => {
                let unlisted = Unlisted { dialect: Dialect::Azure };
                let (tail, model, versionless) = match tail {
                    ["v1", tail @ ..] => (tail, None, true),
                    ["deployments", model, tail @ ..] => {
                        (tail, Some(decoded(model).filter(|m| is_plain(m, b"._-")).ok_or(unlisted)?), false)
                    }
                    ["responses"] => (tail, None, false),
                    _ => return Err(unlisted),
                };
                let (endpoint, streaming) = openai(tail).ok_or(unlisted)?;
                let by_deployment = matches!(endpoint, Endpoint::Chat | Endpoint::Embeddings | Endpoint::Completions);
                if endpoint == Endpoint::Moderations || model.is_some() != by_deployment && !versionless {
                    return Err(unlisted);
                }
                own(Dialect::Azure, endpoint, streaming).map(|route| Route { model, versionless, ..route })
            }
            ["model", model, call] => {
                let unlisted = Unlisted { dialect: Dialect::Bedrock };
                let (endpoint, streaming) = match *call {
                    "converse" => (Endpoint::Converse, Streaming::Never),
                    "converse-stream" => (Endpoint::Converse, Streaming::Always),
                    "invoke" => (Endpoint::Invoke, Streaming::Never),
                    "invoke-with-response-stream" => (Endpoint::Invoke, Streaming::Always),
                    _ => return Err(unlisted),
                };
                let model = decoded(model).filter(|m| is_plain(m, b"._-:/")).ok_or(unlisted)?;
                // As AWS has it: everything but letters, digits and -._~ encoded.
                let path = format!("/model/{}/{call}", encoded(&model));
                own(Dialect::Bedrock, endpoint, streaming).map(|route| Route { model: Some(model), path, ..route })
            }
            ["model", ..] => Err(Unlisted { dialect: Dialect::Bedrock }),
            _ => Err(Unlisted { dialect: Dialect::OpenAi }),
        }
    }
}

/// OpenAI's paths, behind what begins them.
fn openai(tail: &[&str]) -> Option<(Endpoint, Streaming)> {
    Some(match tail {
        ["chat", "completions"] => (Endpoint::Chat, Streaming::AsAsked),
        ["responses"] => (Endpoint::Responses, Streaming::AsAsked),
        ["embeddings"] => (Endpoint::Embeddings, Streaming::Never),
        ["moderations"] => (Endpoint::Moderations, Streaming::Never),
        ["completions"] => (Endpoint::Completions, Streaming::AsAsked),
        _ => return None,
    })
}

fn is_plain(name: &str, beside: &[u8]) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || beside.contains(&b);
    !name.is_empty() && name.len() <= NAME && name.bytes().all(plain) && !name.split('/').any(|part| part == "..")
}

/// A part of a path, percent-decoded.
fn decoded(part: &str) -> Option<String> {
    let mut out = Vec::with_capacity(part.len());
    let mut bytes = part.bytes();
    while let Some(byte) = bytes.next() {
        out.push(if byte == b'%' {
            let mut digit = || bytes.next().and_then(|b| char::from(b).to_digit(16));
            (digit()? << 4 | digit()?) as u8
        } else {
            byte
        });
    }
    String::from_utf8(out).ok()
}

/// A part of a path, percent-encoded: all but what RFC 3986 does not reserve.
pub(crate) fn encoded(part: &str) -> String {
    part.bytes().fold(String::with_capacity(part.len() + 8), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            let digit = |half: u8| char::from(if half < 10 { b'0' + half } else { b'A' + half - 10 });
            out.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
        out
    })
}

/// Bytes of the name of a model; names of Bedrock may be ARNs.
const NAME: usize = 256;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn route(path: &str) -> Result<Route, Unlisted> {
        Route::of(path, |name| name == "house" || name == "east")
    }

    #[test]
    fn paths_of_the_table_are_known() {
        use Dialect::*;
        use Endpoint::*;
        for (path, dialect, endpoint, upstream, model) in [
            ("/v1/chat/completions", OpenAi, Chat, None, None),
            ("/house/v1/chat/completions", OpenAi, Chat, Some("house"), None),
            ("/v1/responses", OpenAi, Responses, None, None),
            ("/v1/embeddings", OpenAi, Embeddings, None, None),
            ("/v1/moderations", OpenAi, Moderations, None, None),
            ("/v1/completions", OpenAi, Completions, None, None),
            ("/openai/deployments/notes-4.1/chat/completions", Azure, Chat, None, Some("notes-4.1")),
            ("/east/openai/deployments/n/embeddings", Azure, Embeddings, Some("east"), Some("n")),
            ("/openai/deployments/n/completions", Azure, Completions, None, Some("n")),
            ("/openai/responses", Azure, Responses, None, None),
            ("/openai/v1/responses", Azure, Responses, None, None),
            ("/openai/v1/chat/completions", Azure, Chat, None, None),
            ("/v1/messages", Anthropic, Messages, None, None),
            ("/v1/messages/count_tokens", Anthropic, Messages, None, None),
            ("/model/a.claude-v1%3A0/converse", Bedrock, Converse, None, Some("a.claude-v1:0")),
            ("/model/a.claude-v1:0/converse-stream", Bedrock, Converse, None, Some("a.claude-v1:0")),
            ("/east/model/a/invoke", Bedrock, Invoke, Some("east"), Some("a")),
            ("/model/a/invoke-with-response-stream", Bedrock, Invoke, None, Some("a")),
        ] {
            let route = route(path).unwrap();
            assert_eq!((route.dialect, route.endpoint), (dialect, endpoint), "{path}");
            assert_eq!((route.upstream.as_deref(), route.model.as_deref()), (upstream, model), "{path}");
        }
    }

    #[test]
    fn paths_that_are_not_in_the_table_are_refused_in_the_form_of_their_api() {
        for (path, dialect) in [
            ("/", Dialect::OpenAi),
            ("", Dialect::OpenAi),
            ("/v1", Dialect::OpenAi),
            ("/v1/", Dialect::OpenAi),
            ("/v1/models", Dialect::OpenAi),
            ("/v1/assistants", Dialect::OpenAi),
            ("/v1/threads", Dialect::OpenAi),
            ("/v1/threads/t/runs", Dialect::OpenAi),
            ("/v1/conversations", Dialect::OpenAi),
            ("/v1/files", Dialect::OpenAi),
            ("/v1/uploads", Dialect::OpenAi),
            ("/v1/batches", Dialect::OpenAi),
            ("/v1/vector_stores", Dialect::OpenAi),
            ("/v1/vector_stores/v/search", Dialect::OpenAi),
            ("/v1/videos", Dialect::OpenAi),
            ("/v1/images/generations", Dialect::OpenAi),
            ("/v1/audio/transcriptions", Dialect::OpenAi),
            ("/v1/fine_tuning/jobs", Dialect::OpenAi),
            ("/v1/realtime", Dialect::OpenAi),
            ("/v1/containers", Dialect::OpenAi),
            ("/v1/evals", Dialect::OpenAi),
            ("/v1/organization/usage/completions", Dialect::OpenAi),
            ("/v1/responses/resp_1", Dialect::OpenAi),
            ("/v1/responses/resp_1/cancel", Dialect::OpenAi),
            ("/v1/chat/completions/", Dialect::OpenAi),
            ("/v1/chat/completions/cmpl-1", Dialect::OpenAi),
            ("/v1//chat/completions", Dialect::OpenAi),
            ("//v1/chat/completions", Dialect::OpenAi),
            ("/V1/chat/completions", Dialect::OpenAi),
            ("/v1/chat%2Fcompletions", Dialect::OpenAi),
            ("/v1/../v1/chat/completions", Dialect::OpenAi),
            ("/other/v1/chat/completions", Dialect::OpenAi),
            ("/house/house/v1/chat/completions", Dialect::OpenAi),
            ("/backend-api/conversation", Dialect::OpenAi),
            ("/v1/messages/batches", Dialect::Anthropic),
            ("/openai/files", Dialect::Azure),
            ("/openai/assistants", Dialect::Azure),
            ("/openai/deployments/d/images/generations", Dialect::Azure),
            ("/openai/deployments/d/extensions/chat/completions", Dialect::Azure),
            ("/openai/deployments/d/responses", Dialect::Azure),
            ("/openai/deployments/a%2Fb/chat/completions", Dialect::Azure),
            ("/openai/deployments//chat/completions", Dialect::Azure),
            ("/openai/chat/completions", Dialect::Azure),
            ("/openai/v1/files", Dialect::Azure),
            ("/model/a/async-invoke", Dialect::Bedrock),
            ("/model/a/count-tokens", Dialect::Bedrock),
            ("/model/a", Dialect::Bedrock),
            ("/model/a%/converse", Dialect::Bedrock),
            ("/model/..%2Fx/converse", Dialect::Bedrock),
            ("/model/a%20b/converse", Dialect::Bedrock),
            ("/async-invoke", Dialect::OpenAi),
        ] {
            assert_eq!(route(path), Err(Unlisted { dialect }), "{path}");
        }
    }

    #[test]
    fn models_are_written_as_aws_reads_them() {
        let route = route("/model/us.anthropic.claude-v1:0/converse").unwrap();
        assert_eq!(route.path, "/model/us.anthropic.claude-v1%3A0/converse");
    }
}
