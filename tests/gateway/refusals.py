"""What the gateway must refuse, a row each: name, path, body, rule; more where it is needed. Every body holds MARK."""

from harness import BEDROCK, CHAT, CLAUDE, DEPLOYMENT, EMBED

# Never in anything that the gateway says or writes.
MARK = "Quenby Zarathustrova"

USER = [{"role": "user", "content": MARK}]
AZURE = f"/openai/deployments/{DEPLOYMENT}/chat/completions"


def chat(**more):
    return {"model": CHAT, "messages": USER, **more}


def responses(**more):
    return {"model": CHAT, "input": MARK, **more}


def messages(**more):
    return {"model": CLAUDE, "max_tokens": 99, "messages": USER, **more}


def converse(**more):
    return {"messages": [{"role": "user", "content": [{"text": MARK}]}], **more}


def part(**content):
    return [{"role": "user", "content": [content]}]


PATHS = [
    "/v1/assistants", "/v1/assistants/asst_1", "/v1/threads", "/v1/threads/thread_1/messages", "/v1/threads/thread_1/runs",
    "/v1/threads/runs", "/v1/conversations", "/v1/conversations/conv_1/items", "/v1/files", "/v1/uploads", "/v1/batches",
    "/v1/vector_stores", "/v1/vector_stores/vs_1/search", "/v1/videos", "/v1/images/generations", "/v1/images/edits",
    "/v1/audio/transcriptions", "/v1/audio/speech", "/v1/audio/translations", "/v1/fine_tuning/jobs", "/v1/evals",
    "/v1/containers", "/v1/realtime/sessions", "/v1/realtime/client_secrets", "/v1/responses/resp_1/cancel",
    "/v1/responses/input_tokens", "/v1/responses/compact", "/v1/chat/completions/chatcmpl-1", "/v1/chatkit/sessions",
    "/v1/skills", "/v1/models", "/v1/edits", "/v1/engines/davinci/completions", "/v1/organization/users",
    "/v1/messages/batches", "/v1/complete", "/v1/agents", "/v1/sessions", "/v1/environments",
    f"/openai/deployments/{DEPLOYMENT}/images/generations?api-version=2024-10-21",
    f"/openai/deployments/{DEPLOYMENT}/audio/transcriptions?api-version=2024-10-21",
    f"/openai/deployments/{DEPLOYMENT}/extensions/chat/completions?api-version=2024-10-21",
    "/openai/assistants?api-version=2024-10-21", "/openai/files?api-version=2024-10-21", "/openai/batches?api-version=2024-10-21",
    "/openai/v1/files", "/openai/v1/vector_stores", "/openai/v1/threads", "/openai/v1/videos",
    f"/model/{BEDROCK}/count-tokens", f"/model/{BEDROCK}/invoke-with-bidirectional-stream", "/async-invoke",
    "/guardrail/g1/version/1/apply", "/agents/a/agentAliases/b/sessions/c/text", "/knowledgebases/k/retrieve",
    "/", "/v1", "/v2/chat/completions", "/backend-api/conversation", "/v1/chat/completions/", "/v1//chat/completions",
    "/v1/../v1/chat/completions", "/v1/%63hat/completions/..%2f..", "/open/v1/files", "/nowhere/v1/chat/completions",
]

TOOLS_OF_OPENAI = [
    "web_search", "web_search_preview", "web_search_2025_08_26", "file_search", "code_interpreter", "computer",
    "computer_use_preview", "mcp", "image_generation", "local_shell", "shell", "apply_patch", "tool_search",
]
TOOLS_OF_ANTHROPIC = [
    "web_search_20250305", "web_fetch_20250910", "code_execution_20250522", "code_execution_20250825",
    "tool_search_tool_regex_20251119", "mcp_toolset",
]

SAID = f"{MARK} says"
PNG = "data:image/png;base64,iVBORw0KGgo="
IMAGE_URL = {"url": f"https://example.org/{MARK}.png"}

# name, path, body, rules that may be given
BODIES = [
    # What keeps state, of chat completions
    ("prompt_cache_retention", "/v1/chat/completions", chat(prompt_cache_retention="24h"), {"state"}),
    ("prompt_cache_options", "/v1/chat/completions", chat(prompt_cache_options={"mode": "auto", "ttl": 86400}), {"state", "parameter"}),
    ("audio of before", "/v1/chat/completions", chat(messages=[{"role": "assistant", "audio": {"id": "audio_1"}}, *USER]), {"state"}),
    ("data_sources", AZURE + "?api-version=2024-10-21", chat(data_sources=[{"type": "azure_search"}]), {"state", "parameter"}),
    ("web_search_options", "/v1/chat/completions", chat(web_search_options={}), {"tool"}),
    ("moderation", "/v1/chat/completions", chat(moderation={"mode": "auto"}), {"state", "parameter", "tool"}),
    # Of responses
    ("background", "/v1/responses", responses(background=True), {"state"}),
    ("background_options", "/v1/responses", responses(background_options={"completion_window": "24h"}), {"state", "parameter"}),
    ("previous_response_id", "/v1/responses", responses(previous_response_id="resp_1"), {"state"}),
    ("conversation", "/v1/responses", responses(conversation="conv_1"), {"state"}),
    ("conversation as an object", "/v1/responses", responses(conversation={"id": "conv_1"}), {"state"}),
    ("prompt that is stored", "/v1/responses", responses(prompt={"id": "pmpt_1"}), {"state"}),
    ("retention of responses", "/v1/responses", responses(prompt_cache_retention="24h"), {"state"}),
    ("context_management", "/v1/responses", responses(context_management=[{"type": "compaction"}]), {"state", "parameter"}),
    ("access_programs", "/v1/responses", responses(access_programs={"cyber": "x"}), {"state", "parameter"}),
    ("item_reference", "/v1/responses", responses(input=[{"type": "item_reference", "id": "msg_1"}]), {"state"}),
    ("file id of responses", "/v1/responses", responses(input=part(type="input_file", file_id="file-1")), {"input", "state"}),
    ("file url of responses", "/v1/responses", responses(input=part(type="input_file", file_url="https://x.org/a")), {"input"}),
    ("image id of responses", "/v1/responses", responses(input=part(type="input_image", file_id="file-1")), {"input", "state"}),
    ("image url of responses", "/v1/responses", responses(input=part(type="input_image", image_url=IMAGE_URL["url"])), {"input"}),
    # Inputs
    ("image url", "/v1/chat/completions", chat(messages=part(type="image_url", image_url=IMAGE_URL)), {"input"}),
    ("image", "/v1/chat/completions", chat(messages=part(type="image_url", image_url={"url": PNG})), {"input"}),
    ("audio", "/v1/chat/completions", chat(messages=part(type="input_audio", input_audio={"data": "AAAA", "format": "wav"})), {"input"}),
    ("audio out", "/v1/chat/completions", chat(modalities=["text", "audio"], audio={"voice": "x", "format": "wav"}), {"input", "parameter"}),
    ("file id", "/v1/chat/completions", chat(messages=part(type="file", file={"file_id": "file-1"})), {"input", "state"}),
    ("pdf", "/v1/chat/completions", chat(messages=part(type="file", file={"file_data": "data:application/pdf;base64,AAAA"})), {"input"}),
    ("tokens in place of text", "/v1/embeddings", {"model": EMBED, "input": [1, 2, 3], "user": MARK}, {"input", "parameter"}),
    ("arrays of tokens", "/v1/embeddings", {"model": EMBED, "input": [[1, 2], [3]], "user": MARK}, {"input", "parameter"}),
    ("tokens as a prompt", "/v1/completions", {"model": "gpt-3.5-turbo-instruct", "prompt": [1, 2], "user": MARK}, {"input", "parameter"}),
    # Of Anthropic
    ("container", "/v1/messages", messages(container="container_1"), {"state", "tool", "parameter"}),
    ("mcp_servers", "/v1/messages", messages(mcp_servers=[{"type": "url", "url": "https://x.org", "name": "x"}]), {"tool", "parameter"}),
    ("cache for an hour", "/v1/messages", messages(cache_control={"type": "ephemeral", "ttl": "1h"}), {"state", "parameter"}),
    ("a part cached for an hour", "/v1/messages", messages(messages=part(type="text", text=SAID, cache_control={"type": "ephemeral", "ttl": "1h"})), {"state", "parameter"}),
    ("user_profile_id", "/v1/messages", messages(user_profile_id="up_1"), {"state", "parameter"}),
    ("workspace_id", "/v1/messages", messages(workspace_id="ws_1"), {"state", "parameter"}),
    ("diagnostics", "/v1/messages", messages(diagnostics={"previous_message_id": "msg_1"}), {"state", "parameter"}),
    ("image of Anthropic", "/v1/messages", messages(messages=part(type="image", source={"type": "base64", "media_type": "image/png", "data": "AAAA"})), {"input"}),
    ("image url of Anthropic", "/v1/messages", messages(messages=part(type="image", source={"type": "url", "url": IMAGE_URL["url"]})), {"input"}),
    ("file of Anthropic", "/v1/messages", messages(messages=part(type="document", source={"type": "file", "file_id": "file_1"})), {"input", "state"}),
    ("upload to a container", "/v1/messages", messages(messages=part(type="container_upload", file_id="file_1")), {"input", "state", "tool"}),
    # Of Bedrock
    ("guardrail", f"/model/{BEDROCK}/converse", converse(guardrailConfig={"guardrailIdentifier": "g", "guardrailVersion": "1"}), {"state", "tool", "parameter"}),
    ("prompt of Bedrock", f"/model/{BEDROCK}/converse", converse(promptVariables={"a": {"text": SAID}}), {"state", "parameter"}),
    ("document in S3", f"/model/{BEDROCK}/converse", {"messages": part(document={"name": "a", "format": "pdf", "source": {"s3Location": {"uri": "s3://a/b"}}})}, {"input", "state"}),
    ("image of Bedrock", f"/model/{BEDROCK}/converse", {"messages": part(image={"format": "png", "source": {"bytes": "AAAA"}})}, {"input"}),
    # Models
    ("a model that is not listed", "/v1/chat/completions", {**chat(), "model": "gpt-4o"}, {"model"}),
    ("a model whose day is over", "/v1/chat/completions", {**chat(), "model": "gpt-4-0613"}, {"model_expired"}),
    ("a certification that is over", "/lapsed/v1/chat/completions", chat(), {"certification_expired"}),
    ("another model of Bedrock", "/model/amazon.nova-pro-v1:0/converse", converse(), {"model"}),
    ("another deployment", "/openai/deployments/other/chat/completions?api-version=2024-10-21", chat(), {"model"}),
    # Versions and queries
    ("no api-version", AZURE, chat(), {"api_version"}),
    ("another api-version", AZURE + "?api-version=2025-01-01-preview", chat(), {"api_version"}),
    ("api-version latest", AZURE + "?api-version=latest", chat(), {"api_version"}),
    ("a query", "/v1/chat/completions?user=x", chat(), {"query"}),
    # What is not known
    ("an unknown parameter", "/v1/chat/completions", chat(zeppelin=MARK), {"parameter"}),
    ("an unknown parameter of a message", "/v1/chat/completions", chat(messages=[{"role": "user", "content": "x", "zeppelin": MARK}]), {"parameter"}),
    ("a value that is none", "/v1/chat/completions", chat(reasoning_effort=MARK), {"parameter"}),
    ("text where a number must be", "/v1/chat/completions", chat(temperature=MARK), {"parameter", "invalid"}),
    ("an identifier in a name", "/v1/chat/completions", chat(tools=[{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {"SSN 078-05-1120": {"type": "string"}}}}}]), {"identifier_in_name", "parameter"}),
    ("doubled keys", "/v1/chat/completions", f'{{"model": "{CHAT}", "model": "x", "messages": [{{"role": "user", "content": "{MARK}"}}]}}'.encode(), {"invalid"}),
    ("no JSON", "/v1/chat/completions", f'{{"model": "{CHAT}", "messages": {MARK}'.encode(), {"invalid"}),
    ("no object", "/v1/chat/completions", f'["{MARK}"]'.encode(), {"invalid"}),
]
BODIES += [(f"tool {kind}", "/v1/responses", responses(tools=[{"type": kind}]), {"tool"}) for kind in TOOLS_OF_OPENAI]
BODIES += [(f"tool {kind}", "/v1/messages", messages(tools=[{"type": kind, "name": "x"}]), {"tool"}) for kind in TOOLS_OF_ANTHROPIC]
