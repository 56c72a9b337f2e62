//! Requests of Anthropic's Messages API, and of Bedrock's InvokeModel for Claude, which are nearly the same.

use super::openai::joined;
use crate::gateway::rule::Rule::{Input as NoInput, Parameter, State, Tool};
use crate::gateway::shape::Shape::{
    self, Bool, Data, Either, Hash, Id, Json, List, Model, Name, Object, One, Opaque, Refused, Schema, Tagged, Text,
};
use crate::gateway::shape::{Fields, Input, NUMBER};

/// Kept for five minutes in memory; for an hour it is kept elsewhere.
const CACHE: Shape = Tagged("type", &[("ephemeral", &[("ttl", Either(&[One(&["5m"]), Refused(State)]))])], State);
const CITED: Shape = Object(&[("enabled", Bool)]);

const TEXT_BLOCK: Fields = &[("text", Text), ("cache_control", CACHE), ("citations", Either(&[CITED, Json]))];
const IMAGE: Fields = &[
    (
        "source",
        Tagged(
            "type",
            &[(
                "base64",
                &[
                    ("media_type", One(&["image/png", "image/jpeg", "image/webp", "image/gif"])),
                    ("data", Data(Input::Image)),
                ],
            )],
            NoInput,
        ),
    ),
    ("transformations", Object(&[("oversized_image", One(&["downsize", "error"]))])),
    ("cache_control", CACHE),
];
const TEXT_BLOCKS: Shape = Either(&[Text, List(&Tagged("type", &[("text", TEXT_BLOCK), ("image", IMAGE)], NoInput))]);
const DOCUMENT: Fields = &[
    (
        "source",
        Tagged(
            "type",
            &[
                ("base64", &[("media_type", One(&["application/pdf"])), ("data", Data(Input::Pdf))]),
                ("text", &[("media_type", One(&["text/plain"])), ("data", Text)]),
                ("content", &[("content", TEXT_BLOCKS)]),
            ],
            NoInput,
        ),
    ),
    ("title", Text),
    ("context", Text),
    ("citations", CITED),
    ("cache_control", CACHE),
];
const SEARCH_RESULT: Fields = &[
    ("source", Text),
    ("title", Text),
    ("content", List(&Tagged("type", &[("text", TEXT_BLOCK)], NoInput))),
    ("citations", CITED),
    ("cache_control", CACHE),
];
const RESULT: Shape = Either(&[
    Text,
    List(&Tagged(
        "type",
        &[
            ("text", TEXT_BLOCK),
            ("image", IMAGE),
            ("document", DOCUMENT),
            ("search_result", SEARCH_RESULT),
            ("tool_reference", &[("tool_name", Name), ("cache_control", CACHE)]),
        ],
        NoInput,
    )),
]);
/// What a model says of who asked for a tool; `direct`: itself.
const CALLER: Shape = Tagged("type", &[("direct", &[])], Tool);

const BLOCK: Shape = Tagged(
    "type",
    &[
        ("text", TEXT_BLOCK),
        ("image", IMAGE),
        ("document", DOCUMENT),
        ("search_result", SEARCH_RESULT),
        ("thinking", &[("thinking", Text), ("signature", Opaque)]),
        ("redacted_thinking", &[("data", Opaque)]),
        (
            "tool_use",
            &[
                ("id", Id),
                ("name", Name),
                ("toolset_name", Name),
                ("input", Json),
                ("cache_control", CACHE),
                ("caller", CALLER),
            ],
        ),
        (
            "tool_result",
            &[
                ("tool_use_id", Id),
                ("toolset_name", Name),
                ("content", RESULT),
                ("is_error", Bool),
                ("cache_control", CACHE),
            ],
        ),
    ],
    Tool,
);
const MESSAGE: Shape =
    Object(&[("role", One(&["user", "assistant", "system"])), ("content", Either(&[Text, List(&BLOCK)]))]);

const CALLERS: (&str, Shape) = ("allowed_callers", List(&Either(&[One(&["direct"]), Refused(Tool)])));
const OWN_TOOL: Fields = &[
    ("name", Name),
    ("description", Text),
    ("input_schema", Schema),
    ("input_examples", List(&Json)),
    ("strict", Bool),
    ("eager_input_streaming", Bool),
    ("defer_loading", Bool),
    ("cache_control", CACHE),
    CALLERS,
];
/// Tools that Anthropic describes and the caller runs.
const DESCRIBED: Fields = &[
    ("name", One(&["bash", "str_replace_editor", "str_replace_based_edit_tool", "memory"])),
    ("max_characters", NUMBER),
    ("input_examples", List(&Json)),
    ("strict", Bool),
    ("defer_loading", Bool),
    ("cache_control", CACHE),
    CALLERS,
];
const TOOL: Shape = Tagged(
    "type",
    &[
        ("custom", OWN_TOOL),
        ("bash_20250124", DESCRIBED),
        ("text_editor_20250124", DESCRIBED),
        ("text_editor_20250429", DESCRIBED),
        ("text_editor_20250728", DESCRIBED),
        ("memory_20250818", DESCRIBED),
    ],
    Tool,
);
const TOOL_CHOICE: Shape = Tagged(
    "type",
    &[
        ("auto", &[("disable_parallel_tool_use", Bool)]),
        ("any", &[("disable_parallel_tool_use", Bool)]),
        ("tool", &[("name", Name), ("disable_parallel_tool_use", Bool)]),
        ("none", &[]),
    ],
    Parameter,
);
const THINKING: Shape = Tagged(
    "type",
    &[
        ("enabled", &[("budget_tokens", NUMBER), ("display", One(&["summarized", "omitted"]))]),
        ("disabled", &[]),
        ("between_tools", &[]),
        ("adaptive", &[("display", One(&["summarized", "omitted"]))]),
    ],
    Parameter,
);
const FORMAT: Shape = Tagged("type", &[("json_schema", &[("schema", Schema)])], Parameter);

/// What both have.
const SHARED: Fields = &[
    ("messages", List(&MESSAGE)),
    ("max_tokens", NUMBER),
    ("metadata", Object(&[("user_id", Hash)])),
    ("output_config", Object(&[("effort", One(&["low", "medium", "high", "xhigh", "max"])), ("format", FORMAT)])),
    ("output_format", FORMAT),
    ("stop_sequences", List(&Text)),
    ("system", Either(&[Text, List(&Tagged("type", &[("text", TEXT_BLOCK)], NoInput))])),
    ("temperature", NUMBER),
    ("thinking", THINKING),
    ("tool_choice", TOOL_CHOICE),
    ("tools", List(&Shape::Untagged("type", &TOOL, OWN_TOOL))),
    ("top_k", NUMBER),
    ("top_p", NUMBER),
    ("cache_control", CACHE),
    ("container", Refused(State)),
    ("context_management", Refused(State)),
    ("diagnostics", Refused(State)),
    ("mcp_servers", Refused(Tool)),
];

pub(super) const MESSAGES: Shape = Object(joined!(
    SHARED,
    &[
        ("model", Model),
        ("stream", Bool),
        ("service_tier", One(&["auto", "standard_only"])),
        ("speed", One(&["standard", "fast"])),
        ("user_profile_id", Refused(Parameter)),
        ("workspace_id", Refused(Parameter)),
        ("inference_geo", One(&["us", "global"])),
    ],
));

pub(super) const INVOKE: Shape = Object(joined!(
    SHARED,
    &[("anthropic_version", One(&["bedrock-2023-05-31"])), ("anthropic_beta", List(&Refused(Parameter)))],
));
