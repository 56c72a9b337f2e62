//! Requests of OpenAI's API, as OpenAI, Azure and servers of one's own have it.

use crate::gateway::rule::Rule::{Input as NoInput, Parameter, State, Tool};
use crate::gateway::shape::Shape::{
    self, Biases, Bool, Data, DataUrl, Either, Hash, Id, Json, JsonText, List, Model, Name, Object, Off, One, Opaque,
    Refused, Schema, Tagged, Text,
};
use crate::gateway::shape::{Fields, Input, NUMBER, TEXTS};

/// A list of shapes put together, where tables have members in common.
macro_rules! joined {
    ($($part:expr),+ $(,)?) => {{
        const PARTS: &[&[(&str, Shape)]] = &[$($part),+];
        const LENGTH: usize = {
            let (mut length, mut part) = (0, 0);
            while part < PARTS.len() {
                length += PARTS[part].len();
                part += 1;
            }
            length
        };
        const ALL: [(&str, Shape); LENGTH] = {
            let mut all = [("", Shape::Bool); LENGTH];
            let (mut at, mut part) = (0, 0);
            while part < PARTS.len() {
                let mut member = 0;
                while member < PARTS[part].len() {
                    all[at] = PARTS[part][member];
                    at += 1;
                    member += 1;
                }
                part += 1;
            }
            all
        };
        &ALL
    }};
}
pub(super) use joined;

/// In memory for half an hour; for longer it is kept elsewhere.
const CACHED_FOR: Shape = Either(&[One(&["30m"]), Refused(State)]);
const BREAKPOINT: (&str, Shape) =
    ("prompt_cache_breakpoint", Object(&[("mode", One(&["explicit"])), ("ttl", CACHED_FOR)]));
const CACHE_OPTIONS: Shape = Object(&[
    ("mode", One(&["implicit", "explicit"])),
    ("ttl", CACHED_FOR),
    ("prewarm", Bool),
    ("comparison_response_id", Refused(State)),
]);

// --- chat

const IMAGE_URL: Fields = &[("url", DataUrl(Input::Image)), ("detail", One(&["auto", "low", "high", "original"]))];
const AUDIO: Fields = &[("data", Data(Input::Audio)), ("format", One(&["wav", "mp3"]))];
const FILE: Fields = &[("file_data", DataUrl(Input::Pdf)), ("filename", Text), ("file_id", Refused(NoInput))];

/// Parts of a message's content.
const PART: Shape = Tagged(
    "type",
    &[
        ("text", &[("text", Text), BREAKPOINT]),
        ("refusal", &[("refusal", Text)]),
        ("image_url", &[("image_url", Object(IMAGE_URL)), BREAKPOINT]),
        ("input_audio", &[("input_audio", Object(AUDIO)), BREAKPOINT]),
        ("file", &[("file", Object(FILE)), BREAKPOINT]),
        // As servers of one's own have them, of models that think.
        ("thinking", &[("thinking", Either(&[Text, List(&PART_TEXT)])), ("closed", Bool)]),
    ],
    NoInput,
);
const PART_TEXT: Shape = Tagged("type", &[("text", &[("text", Text)])], NoInput);
const CONTENT: Shape = Either(&[Text, List(&PART)]);

const FUNCTION_CALL: Fields = &[("name", Name), ("arguments", JsonText)];
const TOOL_CALL: Shape = Object(&[
    ("id", Id),
    ("type", One(&["function", "custom"])),
    ("index", NUMBER),
    ("function", Object(FUNCTION_CALL)),
    ("custom", Object(&[("name", Name), ("input", Text)])),
]);

const SPOKEN: Fields = &[("content", CONTENT), ("name", Hash)];
const MESSAGE: Shape = Tagged(
    "role",
    &[
        ("system", SPOKEN),
        ("developer", SPOKEN),
        ("user", SPOKEN),
        (
            "assistant",
            &[
                ("content", CONTENT),
                ("name", Hash),
                ("refusal", Text),
                ("tool_calls", List(&TOOL_CALL)),
                ("function_call", Object(FUNCTION_CALL)),
                ("annotations", Json),
                ("audio", Refused(State)),
                ("reasoning_content", Text),
                ("reasoning", Text),
                ("prefix", Bool),
            ],
        ),
        ("tool", &[("content", CONTENT), ("tool_call_id", Id), ("name", Name)]),
        ("function", &[("content", CONTENT), ("name", Name)]),
    ],
    Parameter,
);

const FUNCTION: Fields = &[("name", Name), ("description", Text), ("parameters", Schema), ("strict", Bool)];
const GRAMMAR: Fields = &[("definition", Text), ("syntax", One(&["lark", "regex"]))];
const CUSTOM_FORMAT: Shape =
    Tagged("type", &[("text", &[]), ("grammar", joined!(GRAMMAR, &[("grammar", Object(GRAMMAR))]))], Parameter);
const TOOLS: Shape = List(&Tagged(
    "type",
    &[
        ("function", &[("function", Object(FUNCTION))]),
        ("custom", &[("custom", Object(&[("name", Name), ("description", Text), ("format", CUSTOM_FORMAT)]))]),
    ],
    Tool,
));
const NAMED: Fields = &[("name", Name)];
const ALLOWED: Shape = Tagged(
    "type",
    &[
        ("function", &[("function", Object(NAMED)), ("name", Name)]),
        ("custom", &[("custom", Object(NAMED)), ("name", Name)]),
    ],
    Tool,
);
const TOOL_CHOICE: Shape = Either(&[
    One(&["none", "auto", "required"]),
    Tagged(
        "type",
        &[
            ("function", &[("function", Object(NAMED)), ("name", Name)]),
            ("custom", &[("custom", Object(NAMED)), ("name", Name)]),
            (
                "allowed_tools",
                &[
                    ("allowed_tools", Object(&[("mode", One(&["auto", "required"])), ("tools", List(&ALLOWED))])),
                    ("mode", One(&["auto", "required"])),
                    ("tools", List(&ALLOWED)),
                ],
            ),
        ],
        Tool,
    ),
]);

const JSON_SCHEMA: Fields = &[("name", Name), ("description", Text), ("schema", Schema), ("strict", Bool)];
const RESPONSE_FORMAT: Shape = Tagged(
    "type",
    &[("text", &[]), ("json_object", &[("schema", Schema)]), ("json_schema", &[("json_schema", Object(JSON_SCHEMA))])],
    Parameter,
);
const EFFORT: Shape = One(&["none", "minimal", "low", "medium", "high", "xhigh", "max"]);
const VERBOSITY: Shape = One(&["low", "medium", "high"]);
const TIER: Shape = One(&["auto", "default", "flex", "scale", "priority", "fast"]);
/// What is kept for longer than the memory of a machine is not.
const RETENTION: Shape = Either(&[One(&["in-memory", "in_memory"]), Refused(State)]);
const STREAM_OPTIONS: Shape =
    Object(&[("include_usage", Bool), ("include_obfuscation", Bool), ("continuous_usage_stats", Bool)]);

/// What completions of both kinds have.
const SAMPLING: Fields = &[
    ("model", Model),
    ("frequency_penalty", NUMBER),
    ("logit_bias", Biases),
    ("max_tokens", NUMBER),
    ("n", NUMBER),
    ("presence_penalty", NUMBER),
    ("seed", NUMBER),
    ("stop", TEXTS),
    ("stream", Bool),
    ("stream_options", STREAM_OPTIONS),
    ("temperature", NUMBER),
    ("top_p", NUMBER),
    ("user", Hash),
];

const CHATTING: Fields = &[
    ("messages", List(&MESSAGE)),
    ("audio", Refused(NoInput)),
    ("function_call", Either(&[One(&["none", "auto"]), Object(NAMED)])),
    ("functions", List(&Object(FUNCTION))),
    ("logprobs", Bool),
    ("max_completion_tokens", NUMBER),
    ("metadata", Json),
    ("modalities", List(&One(&["text"]))),
    ("moderation", Refused(Tool)),
    ("parallel_tool_calls", Bool),
    ("prediction", Tagged("type", &[("content", &[("content", CONTENT)])], Parameter)),
    ("prompt_cache_key", Hash),
    ("prompt_cache_options", CACHE_OPTIONS),
    ("prompt_cache_retention", RETENTION),
    ("reasoning_effort", EFFORT),
    ("response_format", RESPONSE_FORMAT),
    ("safety_identifier", Hash),
    ("service_tier", TIER),
    ("store", Off),
    ("tool_choice", TOOL_CHOICE),
    ("tools", TOOLS),
    ("top_logprobs", NUMBER),
    ("verbosity", VERBOSITY),
    ("web_search_options", Refused(Tool)),
    // Azure's: data and speech that it looks up or keeps.
    ("data_sources", Refused(State)),
    ("user_security_context", Refused(Parameter)),
];

/// What servers of one's own have beside: vLLM, llama.cpp, Ollama.
const COMPATIBLE: Fields = &[
    ("top_k", NUMBER),
    ("min_p", NUMBER),
    ("typical_p", NUMBER),
    ("repetition_penalty", NUMBER),
    ("repeat_penalty", NUMBER),
    ("repeat_last_n", NUMBER),
    ("length_penalty", NUMBER),
    ("mirostat", NUMBER),
    ("mirostat_eta", NUMBER),
    ("mirostat_tau", NUMBER),
    ("num_ctx", NUMBER),
    ("num_predict", NUMBER),
    ("n_predict", NUMBER),
    ("min_tokens", NUMBER),
    ("truncate_prompt_tokens", NUMBER),
    ("prompt_logprobs", NUMBER),
    ("priority", NUMBER),
    ("use_beam_search", Bool),
    ("early_stopping", Bool),
    ("ignore_eos", Bool),
    ("skip_special_tokens", Bool),
    ("spaces_between_special_tokens", Bool),
    ("add_generation_prompt", Bool),
    ("add_special_tokens", Bool),
    ("continue_final_message", Bool),
    ("include_stop_str_in_output", Bool),
    ("include_reasoning", Bool),
    ("cache_prompt", Bool),
    ("return_progress", Bool),
    ("think", Bool),
    ("stop_token_ids", List(&NUMBER)),
    ("guided_json", Schema),
    ("guided_regex", Text),
    ("guided_choice", List(&Text)),
    ("guided_grammar", Text),
    ("json_schema", Schema),
    ("grammar", Text),
    ("chat_template_kwargs", Json),
    ("id_slot", Refused(State)),
    ("documents", Json),
];

pub(super) const CHAT: Shape = Object(joined!(SAMPLING, CHATTING));
pub(super) const CHAT_COMPATIBLE: Shape = Object(joined!(SAMPLING, CHATTING, COMPATIBLE));

// --- completions, embeddings, moderations

/// Numbers of tokens cannot be searched.
const PROMPT: Shape = Either(&[Text, List(&Either(&[Text, Refused(NoInput)]))]);

const COMPLETING: Fields =
    &[("prompt", PROMPT), ("suffix", Text), ("best_of", NUMBER), ("echo", Bool), ("logprobs", Either(&[NUMBER, Bool]))];

pub(super) const COMPLETIONS: Shape = Object(joined!(SAMPLING, COMPLETING));
pub(super) const COMPLETIONS_COMPATIBLE: Shape = Object(joined!(SAMPLING, COMPLETING, COMPATIBLE));

pub(super) const EMBEDDINGS: Shape = Object(&[
    ("model", Model),
    ("input", PROMPT),
    ("dimensions", NUMBER),
    ("encoding_format", One(&["float", "base64"])),
    ("input_type", One(&["query", "document", "passage"])),
    ("truncate_prompt_tokens", NUMBER),
    ("user", Hash),
]);

pub(super) const MODERATIONS: Shape = Object(&[
    ("model", Model),
    (
        "input",
        Either(&[
            Text,
            List(&Either(&[
                Text,
                Tagged(
                    "type",
                    &[("text", &[("text", Text)]), ("image_url", &[("image_url", Object(IMAGE_URL))])],
                    NoInput,
                ),
            ])),
        ]),
    ),
]);

// --- responses

const ANNOTATED: Fields = &[("text", Text), ("annotations", Json), ("logprobs", List(&Refused(Parameter)))];
const OUTPUT_FILE: Fields = &[
    ("file_data", DataUrl(Input::Pdf)),
    ("filename", Text),
    ("file_id", Refused(NoInput)),
    ("file_url", Refused(NoInput)),
    ("detail", One(&["auto", "low", "high"])),
    BREAKPOINT,
];
const INPUT_IMAGE: Fields = &[
    ("image_url", DataUrl(Input::Image)),
    ("detail", One(&["auto", "low", "high", "original"])),
    ("file_id", Refused(NoInput)),
    BREAKPOINT,
];
const RESPONSE_PART: Shape = Tagged(
    "type",
    &[
        ("input_text", &[("text", Text), BREAKPOINT]),
        ("text", &[("text", Text)]),
        ("output_text", ANNOTATED),
        ("refusal", &[("refusal", Text)]),
        ("summary_text", &[("text", Text)]),
        ("reasoning_text", &[("text", Text)]),
        ("input_image", INPUT_IMAGE),
        ("input_file", OUTPUT_FILE),
        ("input_audio", &[("input_audio", Object(AUDIO))]),
    ],
    NoInput,
);
const RESPONSE_CONTENT: Shape = Either(&[Text, List(&RESPONSE_PART)]);
const STATUS: Shape = One(&["in_progress", "completed", "incomplete"]);
const ROLE: Shape = One(&["user", "assistant", "system", "developer"]);
const RESPONSE_MESSAGE: Fields = &[
    ("id", Id),
    ("role", ROLE),
    ("content", RESPONSE_CONTENT),
    ("status", STATUS),
    ("phase", One(&["commentary", "final_answer"])),
];
/// Who asked for a tool: the model itself, not a program that the provider runs.
const CALLER: (&str, Shape) = ("caller", Tagged("type", &[("direct", &[])], Tool));
const CALLERS: (&str, Shape) = ("allowed_callers", List(&Either(&[One(&["direct"]), Refused(Tool)])));
const CALL: Fields = &[("id", Id), ("call_id", Id), ("name", Name), ("namespace", Name), ("status", STATUS), CALLER];
const OUTPUT: Fields = joined!(CALL, &[("output", RESPONSE_CONTENT)]);
const ITEMS: &[(&str, Fields)] = &[
    ("message", RESPONSE_MESSAGE),
    ("function_call", joined!(CALL, &[("arguments", JsonText)])),
    ("function_call_output", OUTPUT),
    ("custom_tool_call", joined!(CALL, &[("input", Text)])),
    ("custom_tool_call_output", OUTPUT),
    (
        "reasoning",
        &[
            ("id", Id),
            ("summary", List(&RESPONSE_PART)),
            ("content", List(&RESPONSE_PART)),
            ("encrypted_content", Opaque),
            ("status", STATUS),
        ],
    ),
];
/// An item without a type is a message.
const ITEM: Shape = Tagged("type", ITEMS, State);

const RESPONSE_FUNCTION: Fields = joined!(FUNCTION, &[("output_schema", Schema), ("defer_loading", Bool), CALLERS]);
const RESPONSE_CUSTOM: Fields =
    &[("name", Name), ("description", Text), ("format", CUSTOM_FORMAT), ("defer_loading", Bool), CALLERS];
const OWN_TOOLS: Shape = List(&Tagged("type", &[("function", RESPONSE_FUNCTION), ("custom", RESPONSE_CUSTOM)], Tool));
const RESPONSE_TOOLS: Shape = List(&Tagged(
    "type",
    &[
        ("function", RESPONSE_FUNCTION),
        ("custom", RESPONSE_CUSTOM),
        ("namespace", &[("name", Name), ("description", Text), ("tools", OWN_TOOLS)]),
    ],
    Tool,
));
const TEXT_FORMAT: Shape =
    Tagged("type", &[("text", &[]), ("json_object", &[]), ("json_schema", JSON_SCHEMA)], Parameter);
const SUMMARY: Shape = One(&["auto", "concise", "detailed"]);

pub(super) const RESPONSES: Shape = Object(&[
    ("model", Model),
    ("access_programs", Refused(Parameter)),
    ("background", Refused(State)),
    ("background_options", Refused(State)),
    ("conversation", Refused(State)),
    ("context_management", Refused(State)),
    ("include", List(&Either(&[One(&["reasoning.encrypted_content", "message.output_text.logprobs"]), Refused(Tool)]))),
    ("image", Object(&[("context_compression", One(&["auto", "enabled", "disabled"]))])),
    ("input", Either(&[Text, List(&Shape::Untagged("type", &ITEM, RESPONSE_MESSAGE))])),
    ("instructions", Text),
    ("max_output_tokens", NUMBER),
    ("max_tool_calls", NUMBER),
    ("metadata", Json),
    ("moderation", Refused(Tool)),
    ("parallel_tool_calls", Bool),
    ("previous_response_id", Refused(State)),
    ("prompt", Refused(State)),
    ("prompt_cache_key", Hash),
    ("prompt_cache_options", CACHE_OPTIONS),
    ("prompt_cache_retention", RETENTION),
    (
        "reasoning",
        Object(&[
            ("effort", EFFORT),
            ("summary", SUMMARY),
            ("generate_summary", SUMMARY),
            ("context", One(&["auto", "current_turn", "all_turns"])),
            ("mode", One(&["standard", "pro"])),
        ]),
    ),
    ("safety_identifier", Hash),
    ("service_tier", TIER),
    ("store", Off),
    ("stream", Bool),
    ("stream_options", STREAM_OPTIONS),
    ("temperature", NUMBER),
    ("text", Object(&[("format", TEXT_FORMAT), ("verbosity", VERBOSITY)])),
    ("tool_choice", TOOL_CHOICE),
    ("tools", RESPONSE_TOOLS),
    ("top_logprobs", NUMBER),
    ("top_p", NUMBER),
    ("truncation", One(&["auto", "disabled"])),
    ("user", Hash),
]);
