//! Requests of Bedrock's Converse.

use crate::gateway::rule::Rule::{Input as NoInput, Parameter, State, Tool};
use crate::gateway::shape::Shape::{
    self, Bool, Data, Either, Id, Json, JsonText, List, Name, Object, One, Opaque, Refused, Schema, Tagged, Text,
};
use crate::gateway::shape::{Fields, Input, NUMBER};

/// Bytes only: what lies in a bucket is fetched by others.
const IMAGE: Shape = Object(&[
    ("format", One(&["png", "jpeg", "gif", "webp"])),
    ("source", Object(&[("bytes", Data(Input::Image)), ("s3Location", Refused(NoInput))])),
]);
const DOCUMENT: Shape = Object(&[
    ("format", Either(&[One(&["pdf"]), Refused(NoInput)])),
    ("name", Text),
    ("context", Text),
    ("citations", Object(&[("enabled", Bool)])),
    (
        "source",
        Object(&[
            ("bytes", Data(Input::Pdf)),
            ("text", Text),
            ("content", List(&Object(&[("text", Text)]))),
            ("s3Location", Refused(NoInput)),
        ]),
    ),
]);
const SEARCH_RESULT: Shape = Object(&[
    ("source", Text),
    ("title", Text),
    ("content", List(&Object(&[("text", Text)]))),
    ("citations", Object(&[("enabled", Bool)])),
]);
const CACHE_POINT: Shape = Object(&[("type", One(&["default"])), ("ttl", Either(&[One(&["5m"]), Refused(State)]))]);
const REASONING: Shape =
    Object(&[("reasoningText", Object(&[("text", Text), ("signature", Opaque)])), ("redactedContent", Opaque)]);
const TOOL_USE: Shape = Object(&[("toolUseId", Id), ("name", Name), ("input", Json), ("type", Refused(Tool))]);
const TOOL_RESULT: Shape = Object(&[
    ("toolUseId", Id),
    ("status", One(&["success", "error"])),
    ("type", Refused(Tool)),
    (
        "content",
        List(&Object(&[
            ("json", Json),
            ("text", Text),
            ("image", IMAGE),
            ("document", DOCUMENT),
            ("searchResult", SEARCH_RESULT),
            ("video", Refused(NoInput)),
        ])),
    ),
]);
/// A text that a guardrail would look at; there is none, so that it is a text.
const GUARDED: Shape = Object(&[(
    "text",
    Object(&[("text", Text), ("qualifiers", List(&One(&["grounding_source", "query", "guard_content"])))]),
)]);

const BLOCK: Shape = Object(&[
    ("text", Text),
    ("image", IMAGE),
    ("document", DOCUMENT),
    ("video", Refused(NoInput)),
    ("audio", Refused(NoInput)),
    ("toolUse", TOOL_USE),
    ("toolResult", TOOL_RESULT),
    ("guardContent", GUARDED),
    ("reasoningContent", REASONING),
    ("cachePoint", CACHE_POINT),
    ("citationsContent", Object(&[("content", List(&Object(&[("text", Text)]))), ("citations", Json)])),
    ("searchResult", SEARCH_RESULT),
    ("toolAddition", Refused(Tool)),
    ("toolRemoval", Refused(Tool)),
]);
const MESSAGE: Shape = Object(&[("role", One(&["user", "assistant", "system"])), ("content", List(&BLOCK))]);

const TOOL_SPEC: Fields =
    &[("name", Name), ("description", Text), ("inputSchema", Object(&[("json", Schema)])), ("strict", Bool)];
const TOOL_CONFIG: Fields = &[
    (
        "tools",
        List(&Object(&[("toolSpec", Object(TOOL_SPEC)), ("cachePoint", CACHE_POINT), ("systemTool", Refused(Tool))])),
    ),
    ("toolChoice", Object(&[("auto", Object(&[])), ("any", Object(&[])), ("tool", Object(&[("name", Name)]))])),
];
/// What Claude takes beside what all models take.
const ADDITIONAL: Fields = &[
    ("top_k", NUMBER),
    ("anthropic_beta", List(&Refused(Parameter))),
    (
        "thinking",
        Tagged("type", &[("enabled", &[("budget_tokens", NUMBER)]), ("disabled", &[]), ("adaptive", &[])], Parameter),
    ),
    ("reasoning_config", Refused(Parameter)),
];

pub(super) const CONVERSE: Shape = Object(&[
    ("messages", List(&MESSAGE)),
    ("system", List(&Object(&[("text", Text), ("guardContent", GUARDED), ("cachePoint", CACHE_POINT)]))),
    (
        "inferenceConfig",
        Object(&[("maxTokens", NUMBER), ("temperature", NUMBER), ("topP", NUMBER), ("stopSequences", List(&Text))]),
    ),
    ("toolConfig", Object(TOOL_CONFIG)),
    ("guardrailConfig", Refused(State)),
    ("additionalModelRequestFields", Object(ADDITIONAL)),
    ("additionalModelResponseFieldPaths", List(&Name)),
    ("promptVariables", Refused(State)),
    ("requestMetadata", Json),
    ("performanceConfig", Object(&[("latency", One(&["standard", "optimized"]))])),
    ("serviceTier", Object(&[("type", One(&["priority", "default", "flex", "reserved"]))])),
    (
        "outputConfig",
        Object(&[
            ("effort", One(&["low", "medium", "high", "xhigh", "max"])),
            (
                "textFormat",
                Object(&[
                    ("type", One(&["json_schema"])),
                    (
                        "structure",
                        Object(&[(
                            "jsonSchema",
                            Object(&[("schema", JsonText), ("name", Name), ("description", Text)]),
                        )]),
                    ),
                ]),
            ),
        ]),
    ),
]);
