#!/usr/bin/env python3
"""Asks `deidre gateway` as applications do, by the packages of the providers, in front of a stand-in that records every byte
it receives (tests/gateway). Starts both on free ports, asserts answers and what went upstream, ends the gateway by SIGTERM,
and looks for text of requests in what it wrote.

usage: gateway.py DEIDRE [NAME]...     only the checks whose name holds a NAME; exits with 1 when one fails
"""

import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/gateway"))

from harness import BEDROCK, CHAT, CLAUDE, CLIENTS, DEPLOYMENT, EMBED, SECRETS, Gateway, Upstream, eventually  # noqa: E402
from refusals import BODIES, MARK, PATHS, chat, messages, responses  # noqa: E402

os.environ.update(AWS_EC2_METADATA_DISABLED="true", AWS_DEFAULT_REGION="us-east-1", LANGCHAIN_TRACING_V2="false", ANONYMIZED_TELEMETRY="false")

import anthropic  # noqa: E402
import boto3  # noqa: E402
import openai  # noqa: E402

VISIT = (ROOT / "datasets/exports/notes/visit.txt").read_text(encoding="utf-8")
IDENTIFIERS = ["03/12/2025", "Rosalie", "Tennant", "00755102", "6/30/1961", "Port Alder", "Emeka", "Okafor", "Larkspur", "555-0136", "Petra"]
TOKEN = re.compile(r"\[[A-Z_0-9]+:[0-9A-HJKMNP-TV-Z]+\]")
PROMPT = "Repeat the note.\n\n" + VISIT
# Headers that may go to a provider.
ALLOWED = {
    "host", "content-type", "content-length", "accept", "accept-encoding", "user-agent", "x-request-id", "authorization", "api-key",
    "x-api-key", "anthropic-version", "anthropic-beta", "openai-organization", "openai-project", "x-amz-date", "x-amz-content-sha256",
    "x-amz-security-token",
}
STAYS = {"STATE", "COUNTRY", "YEAR", "AGE", "PROFESSION", "ORG_OK"}


def of_openai(gw, client="revealer", path="/v1", **headers):
    return openai.OpenAI(base_url=gw.url + path, api_key=CLIENTS[client], max_retries=0, timeout=60, default_headers=headers)


def of_azure(gw, client="revealer"):
    return openai.AzureOpenAI(azure_endpoint=gw.url, api_key=CLIENTS[client], api_version="2024-10-21", max_retries=0, timeout=60)


def of_anthropic(gw, client="revealer"):
    return anthropic.Anthropic(base_url=gw.url, api_key=CLIENTS[client], max_retries=0, timeout=60)


def of_bedrock(gw, client="revealer"):
    # It sends bearer tokens over TLS only; its signature is not looked at, the client's key stands where that of AWS would.
    keys = {"aws_access_key_id": CLIENTS[client], "aws_secret_access_key": "not looked at"}
    config = boto3.session.Config(retries={"total_max_attempts": 1}, read_timeout=60)
    return boto3.session.Session().client("bedrock-runtime", endpoint_url=gw.url, region_name="us-east-1", config=config, **keys)


def user(text):
    return [{"role": "user", "content": text}]


def scrubbed(text):
    """That nothing of the note is in a text, and tokens are."""
    left = [identifier for identifier in IDENTIFIERS if identifier in text]
    assert not left, f"{left} in {text[:300]}"
    assert TOKEN.search(text), text[:300]


def went(upstream, since, many=1):
    """The requests that went upstream, in which nothing of the note is."""
    received = upstream.received(since)
    assert len(received) == many, f"{len(received)} requests went upstream, not {many}"
    for request in received:
        for text in request.texts():
            left = [identifier for identifier in IDENTIFIERS if identifier in text]
            assert not left, f"{left} went upstream"
    return received


def both(gw, upstream, ask):
    """`ask` for a client that may see values, and for one that may not."""
    for client in ("revealer", "reader"):
        since = upstream.mark()
        answer = ask(client)
        if client == "revealer":
            assert answer == PROMPT, f"not as it was sent: {answer[:300]}"
        else:
            scrubbed(answer)
        went(upstream, since)


# Each API, whole and streamed, by its own client


def openai_chat(gw, upstream):
    both(gw, upstream, lambda c: of_openai(gw, c).chat.completions.create(model=CHAT, messages=user(PROMPT)).choices[0].message.content)

    def streamed(client):
        options = {"include_usage": True}
        chunks = list(of_openai(gw, client).chat.completions.create(model=CHAT, messages=user(PROMPT), stream=True, stream_options=options))
        assert chunks[-1].usage.completion_tokens > 0
        return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)

    both(gw, upstream, streamed)
    since = upstream.mark()
    of_openai(gw).chat.completions.create(model=CHAT, messages=user(PROMPT), store=True, user="Rosalie Tennant", metadata={"note": "of Rosalie Tennant"})
    sent = went(upstream, since)[0].json()
    assert sent["store"] is False and sent["user"] != "Rosalie Tennant"


TOOL = {"name": "write_note", "description": "Writes a note of Rosalie Tennant.", "parameters": {"type": "object", "properties": {"note": {"type": "string"}}}}


def arguments_are(arguments, client):
    parsed = json.loads(arguments) if isinstance(arguments, str) else arguments
    assert parsed["lines"][1] == 'a "quoted" \\ word' and parsed["count"] == 2
    for said in (parsed["note"], parsed["lines"][0]):
        if client == "revealer":
            assert said == PROMPT
        else:
            scrubbed(said)


def openai_tools(gw, upstream):
    tools = [{"type": "function", "function": TOOL}]
    for client in ("revealer", "reader"):
        since = upstream.mark()
        api = of_openai(gw, client).chat.completions
        message = api.create(model=CHAT, messages=user(PROMPT), tools=tools).choices[0].message
        arguments_are(message.tool_calls[0].function.arguments, client)
        chunks = api.create(model=CHAT, messages=user(PROMPT), tools=tools, stream=True)
        calls = [call for chunk in chunks if chunk.choices for call in chunk.choices[0].delta.tool_calls or []]
        assert calls[0].function.name == "write_note"
        arguments_are("".join(call.function.arguments for call in calls), client)
        # What came back goes out again, with the tool's result.
        result = {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": json.dumps({"saved": VISIT})}
        again = [*user(PROMPT), message.model_dump(exclude_none=True), result]
        api.create(model=CHAT, messages=again, tools=tools)
        for request in went(upstream, since, 3):
            for call in [call for message in request.json()["messages"] for call in message.get("tool_calls") or []]:
                json.loads(call["function"]["arguments"])


def openai_responses(gw, upstream):
    both(gw, upstream, lambda c: of_openai(gw, c).responses.create(model=CHAT, input=PROMPT, instructions="Be brief.").output_text)

    def streamed(client):
        said, final = "", None
        with of_openai(gw, client).responses.stream(model=CHAT, input=user(PROMPT)) as stream:
            for event in stream:
                if event.type == "response.output_text.delta":
                    said += event.delta
            final = stream.get_final_response()
        assert final.output_text == said and final.usage.output_tokens > 0
        return said

    both(gw, upstream, streamed)
    tools = [{"type": "function", **TOOL, "strict": False}]
    for client in ("revealer", "reader"):
        api = of_openai(gw, client).responses
        arguments_are(api.create(model=CHAT, input=PROMPT, tools=tools).output[0].arguments, client)
        with api.stream(model=CHAT, input=PROMPT, tools=tools) as stream:
            said = "".join(event.delta for event in stream if event.type == "response.function_call_arguments.delta")
            arguments_are(stream.get_final_response().output[0].arguments, client)
        arguments_are(said, client)


def openai_embeddings_completions_moderations(gw, upstream):
    since, api = upstream.mark(), of_openai(gw)
    first = api.embeddings.create(model=EMBED, input=VISIT).data[0].embedding
    plain = api.embeddings.create(model=EMBED, input=[VISIT, "K 4.1"], encoding_format="float").data
    assert max(abs(a - b) for a, b in zip(first, plain[0].embedding)) < 1e-6 and plain[1].embedding != plain[0].embedding
    of_reader = of_openai(gw, "reader").embeddings.create(model=EMBED, input=VISIT).data[0].embedding
    assert of_reader == first, "equal texts must have equal embeddings, whoever asks"
    for request in went(upstream, since, 3):
        given = request.json()["input"]
        scrubbed(given if isinstance(given, str) else given[0])
    instruct = "gpt-3.5-turbo-instruct"
    both(gw, upstream, lambda c: of_openai(gw, c).completions.create(model=instruct, prompt=PROMPT).choices[0].text)
    both(gw, upstream, lambda c: "".join(
        chunk.choices[0].text for chunk in of_openai(gw, c).completions.create(model=instruct, prompt=PROMPT, stream=True)
    ))
    since = upstream.mark()
    assert not api.moderations.create(model="omni-moderation-latest", input=VISIT).results[0].flagged
    went(upstream, since)


def azure(gw, upstream):
    both(gw, upstream, lambda c: of_azure(gw, c).chat.completions.create(model=DEPLOYMENT, messages=user(PROMPT)).choices[0].message.content)
    both(gw, upstream, lambda c: "".join(
        chunk.choices[0].delta.content or ""
        for chunk in of_azure(gw, c).chat.completions.create(model=DEPLOYMENT, messages=user(PROMPT), stream=True) if chunk.choices
    ))
    since = upstream.mark()
    assert len(of_azure(gw).embeddings.create(model="notes-embed", input=VISIT).data[0].embedding) == 8
    request = went(upstream, since)[0]
    assert request.target == "/openai/deployments/notes-embed/embeddings?api-version=2024-10-21"
    assert request.headers["api-key"] == SECRETS["STANDIN_AZURE"] and "authorization" not in request.headers
    v1 = lambda c: of_openai(gw, c, "/openai/v1")  # noqa: E731
    both(gw, upstream, lambda c: v1(c).chat.completions.create(model=DEPLOYMENT, messages=user(PROMPT)).choices[0].message.content)
    both(gw, upstream, lambda c: v1(c).responses.create(model=DEPLOYMENT, input=PROMPT).output_text)


def anthropic_messages(gw, upstream):
    given = {"model": CLAUDE, "max_tokens": 999, "messages": user(PROMPT), "system": "The patient is Rosalie Tennant."}
    both(gw, upstream, lambda c: of_anthropic(gw, c).messages.create(**given).content[0].text)

    def streamed(client):
        with of_anthropic(gw, client).messages.stream(**given) as stream:
            said = "".join(stream.text_stream)
            assert stream.get_final_message().usage.output_tokens > 0
        return said

    both(gw, upstream, streamed)
    tools = [{"name": TOOL["name"], "description": TOOL["description"], "input_schema": TOOL["parameters"]}]
    for client in ("revealer", "reader"):
        since, api = upstream.mark(), of_anthropic(gw, client).messages
        message = api.create(**given, tools=tools)
        arguments_are(message.content[0].input, client)
        with api.stream(**given, tools=tools) as stream:
            arguments_are(stream.get_final_message().content[0].input, client)
        result = {"type": "tool_result", "tool_use_id": message.content[0].id, "content": [{"type": "text", "text": VISIT}]}
        use = {"type": "tool_use", "id": message.content[0].id, "name": message.content[0].name, "input": message.content[0].input}
        again = [*user(PROMPT), {"role": "assistant", "content": [use]}, {"role": "user", "content": [result]}]
        api.create(**given | {"messages": again}, tools=tools)
        assert api.count_tokens(model=CLAUDE, messages=user(PROMPT)).input_tokens > 0
        went(upstream, since, 4)


def bedrock(gw, upstream):
    given = {"modelId": BEDROCK, "messages": [{"role": "user", "content": [{"text": PROMPT}]}], "system": [{"text": "Rosalie Tennant was seen."}]}
    both(gw, upstream, lambda c: of_bedrock(gw, c).converse(**given)["output"]["message"]["content"][0]["text"])

    def streamed(client):
        events = list(of_bedrock(gw, client).converse_stream(**given)["stream"])
        assert events[-1]["metadata"]["usage"]["outputTokens"] > 0
        return "".join(event["contentBlockDelta"]["delta"]["text"] for event in events if "contentBlockDelta" in event)

    both(gw, upstream, streamed)
    body = json.dumps({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 999, "messages": user(PROMPT)})
    both(gw, upstream, lambda c: json.loads(of_bedrock(gw, c).invoke_model(modelId=BEDROCK, body=body)["body"].read())["content"][0]["text"])

    def invoked(client):
        events = of_bedrock(gw, client).invoke_model_with_response_stream(modelId=BEDROCK, body=body)["body"]
        parsed = [json.loads(event["chunk"]["bytes"]) for event in events]
        return "".join(event["delta"]["text"] for event in parsed if event["type"] == "content_block_delta")

    both(gw, upstream, invoked)
    tools = {"tools": [{"toolSpec": {"name": TOOL["name"], "description": TOOL["description"], "inputSchema": {"json": TOOL["parameters"]}}}]}
    for client in ("revealer", "reader"):
        since, api = upstream.mark(), of_bedrock(gw, client)
        arguments_are(api.converse(**given, toolConfig=tools)["output"]["message"]["content"][0]["toolUse"]["input"], client)
        events = list(api.converse_stream(**given, toolConfig=tools)["stream"])
        arguments_are("".join(event["contentBlockDelta"]["delta"]["toolUse"]["input"] for event in events if "contentBlockDelta" in event), client)
        went(upstream, since, 2)


def langchain(gw, upstream):
    from langchain_openai import ChatOpenAI, OpenAIEmbeddings

    def model(client):
        return ChatOpenAI(base_url=gw.url + "/v1", api_key=CLIENTS[client], model=CHAT, max_retries=0)

    both(gw, upstream, lambda c: model(c).invoke([("system", "Be brief."), ("user", PROMPT)]).content)
    both(gw, upstream, lambda c: "".join(chunk.content for chunk in model(c).stream([("user", PROMPT)])))
    since = upstream.mark()
    embeddings = OpenAIEmbeddings(base_url=gw.url + "/v1", api_key=CLIENTS["reader"], model=EMBED, check_embedding_ctx_length=False, max_retries=0)
    assert len(embeddings.embed_documents([VISIT, "K 4.1"])) == 2
    scrubbed(went(upstream, since)[0].json()["input"][0])


def llama_index(gw, upstream):
    from llama_index.embeddings.openai import OpenAIEmbedding

    since = upstream.mark()
    embedding = OpenAIEmbedding(model=EMBED, api_base=gw.url + "/v1", api_key=CLIENTS["reader"], max_retries=0)
    assert len(embedding.get_text_embedding_batch([VISIT, "K 4.1"])) == 2
    assert embedding.get_query_embedding(VISIT) is not None
    went(upstream, since, 2)


# What holds for all of them


def rewritten_tokens_come_back(gw, upstream):
    prompt = "((forms)) Seen: Rosalie Tennant, MRN 00755102."
    for stream in (False, True):
        answer = of_openai(gw).chat.completions.create(model=CHAT, messages=user(prompt), stream=stream)
        if stream:
            answer = "".join(chunk.choices[0].delta.content or "" for chunk in answer if chunk.choices)
        else:
            answer = answer.choices[0].message.content
        assert not TOKEN.search(answer), answer
        assert answer.count("Rosalie Tennant") >= 10 and "00755102" in answer, answer


def conversations_keep_their_tokens(gw, upstream):
    def tokens(client, messages, **headers):
        since = upstream.mark()
        of_openai(gw, client, **headers).chat.completions.create(model=CHAT, messages=messages)
        return set(TOKEN.findall(" ".join(went(upstream, since)[0].texts())))

    first = tokens("reader", user(PROMPT))
    turns = [*user(PROMPT), {"role": "assistant", "content": "Noted."}, *user("And Rosalie Tennant?")]
    assert first and first <= tokens("reader", turns), "another turn, other tokens"
    assert not first & tokens("revealer", user(PROMPT)), "clients share tokens"
    named = [tokens("reader", user(f"Rosalie Tennant, {text}"), **{"x-deidre-session": "visit 12"}) for text in ("K 4.1", "Na 139")]
    assert named[0] == named[1] and not named[0] & tokens("reader", user("Rosalie Tennant"), **{"x-deidre-session": "visit 13"})


def what_is_refused(gw, upstream):
    since, wrong = upstream.mark(), []

    def check(name, status, headers, body, rules, statuses):
        rule = headers.get("x-deidre-rule")
        if rule not in rules or status not in statuses:
            wrong.append(f"{name}: {status} {rule}, not {sorted(rules)}")
        if MARK.encode() in body or any(MARK in value for value in headers.values()):
            wrong.append(f"{name}: text of the request in the answer")
        if status != 405:
            json.loads(body)

    for path in PATHS:
        check(path, *gw.ask("POST", path, chat()), {"endpoint", "upstream", "query", "invalid"}, {403, 400})
    for path in ("/v1/files", "/v1/models", "/v1/responses/resp_1", "/v1/vector_stores/vs_1"):
        for method in ("GET", "DELETE"):
            check(f"{method} {path}", *gw.ask(method, path), {"endpoint", "method"}, {403, 405})
    check("GET chat", *gw.ask("GET", "/v1/chat/completions"), {"method"}, {405})
    for name, path, body, rules in BODIES:
        version = {"anthropic-version": "2023-06-01"} if "messages" in path else {}
        check(name, *gw.ask("POST", path, body, headers=version), rules, {400, 403})
    path, bearer = "/v1/chat/completions", {"content-type": "application/json"}
    for name, client, rules, statuses in [
        ("no key", None, {"unauthenticated"}, {401}),
        ("a key that nobody has", "ck-nobody", {"unauthenticated"}, {401}),
        ("a client without the role", "onlooker", {"role"}, {403}),
        ("a client of another upstream", "elsewhere", {"upstream"}, {403}),
    ]:
        check(name, *gw.ask("POST", path, chat(), client=client), rules, statuses)
    signature = {"authorization": "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/bedrock/aws4_request, SignedHeaders=host, Signature=00"}
    check("a signature", *gw.ask("POST", f"/model/{BEDROCK}/converse", chat(), None, signature), {"unauthenticated"}, {401})
    for name, headers, rules, statuses in [
        ("openai-beta", {"openai-beta": "assistants=v2"}, {"header"}, {403}),
        ("a guardrail", {"x-amzn-bedrock-guardrailidentifier": "g"}, {"header"}, {403}),
        ("compressed", {"content-encoding": "gzip"}, {"encoding"}, {415}),
        ("not JSON", {"content-type": "text/plain"}, {"encoding"}, {415}),
    ]:
        check(name, *gw.ask("POST", path, chat(), headers={**bearer, **headers}), rules, statuses)
    for name, headers, rules in [
        ("another anthropic-version", {"anthropic-version": "2099-01-01"}, {"api_version"}),
        ("a beta", {"anthropic-version": "2023-06-01", "anthropic-beta": "files-api-2025-04-14"}, {"header"}),
    ]:
        check(name, *gw.ask("POST", "/v1/messages", messages(), headers=headers), rules, {403})
    check("too large", *gw.ask("POST", path, chat(messages=user(f"{MARK} " * 100_000))), {"too_large"}, {413})
    check("too large for this client", *gw.ask("POST", path, chat(messages=user("x" * 3000)), client="limited"), {"too_large"}, {413})
    for _ in range(4):
        status, headers, body = gw.ask("POST", path, b"{", client="limited")
    check("too often", status, headers, body, {"rate_limited"}, {429})
    assert headers.get("retry-after"), "no hint when to try again"
    assert not wrong, "\n  ".join(["", *wrong])
    went(upstream, since, 0)
    print(f"  {len(PATHS) + len(BODIES) + 24} refused, none went upstream")


def errors_of_the_upstream_tell_nothing(gw, upstream):
    for status, kind in [(400, openai.BadRequestError), (429, openai.RateLimitError), (500, openai.InternalServerError), (503, openai.InternalServerError)]:
        for client in ("revealer", "reader"):
            try:
                of_openai(gw, client).chat.completions.create(model=CHAT, messages=user(f"((error {status})) {PROMPT}"))
                raise AssertionError("it was answered")
            except kind as error:
                assert error.status_code == status
                said = str(error) + json.dumps(error.body)
                assert "Your prompt was" not in said and "sk-standin" not in said and not TOKEN.search(said), said
                assert not any(identifier in said for identifier in IDENTIFIERS)
    for mark in ("redirect", "nonsense", "break"):
        since = upstream.mark()
        status, headers, body = gw.ask("POST", "/v1/chat/completions", chat(messages=user(f"(({mark})) x")))
        assert (status, headers.get("x-deidre-rule")) in {(502, "upstream_answer"), (502, "upstream_unreachable")}, (mark, status, headers)
        assert len(upstream.received(since)) == 1, "it went on to where it was sent"
    for mark in ("break", "fault"):
        for make in (
            lambda text: of_openai(gw).chat.completions.create(model=CHAT, messages=user(text), stream=True),
            lambda text: of_openai(gw).responses.create(model=CHAT, input=text, stream=True),
            lambda text: of_anthropic(gw).messages.create(model=CLAUDE, max_tokens=9, messages=user(text), stream=True),
            lambda text: of_bedrock(gw).converse_stream(modelId=BEDROCK, messages=[{"role": "user", "content": [{"text": text}]}])["stream"],
        ):
            said, ended = "", False
            try:
                for event in make(f"(({mark})) {PROMPT}"):
                    said += str(event)
                    ended |= getattr(event, "type", "") in ("error", "response.failed")
            except Exception as error:  # each package has its own
                said, ended = said + str(error), True
            assert "while it answered" not in said, f"{mark}: the error quotes the prompt"
            assert ended, f"{mark}: a stream that broke off looks whole"


def nothing_of_the_client_goes_upstream(gw, upstream):
    since = upstream.mark()
    headers = {
        "cookie": "session=Rosalie", "x-forwarded-for": "192.0.2.7", "forwarded": "for=192.0.2.7", "x-request-id": "078-05-1120",
        "traceparent": "00-0123-0123-01", "baggage": "patient=Rosalie", "referer": "https://emr.example/Rosalie", "x-patient": "Rosalie Tennant",
        "x-deidre-session": "Rosalie Tennant", "x-deidre-reason": "Rosalie Tennant asked", "origin": "https://emr.example", "from": "rosalie@example.org",
        "idempotency-key": "Rosalie", "openai-organization": "org-Rosalie", "via": "1.1 Rosalie", "x-stainless-lang": "Rosalie",
    }
    status, answer, _ = gw.ask("POST", "/v1/chat/completions", chat(messages=user(PROMPT)), headers=headers)
    assert status == 200, status
    assert "set-cookie" not in answer and "openai-organization" not in answer, answer
    request = went(upstream, since)[0]
    assert "192.0.2.7" not in request.head and "078-05-1120" not in request.head and "emr.example" not in request.head
    for request in upstream.received():
        assert set(request.headers) <= ALLOWED, set(request.headers) - ALLOWED
        assert request.headers["user-agent"].startswith("deidre/")
        assert not any(key in request.head + request.body.decode() for key in CLIENTS.values())
    print(f"  {len(upstream.received())} requests looked at")


def upstream_away_and_back(gw, upstream):
    ask = lambda: gw.ask("POST", "/v1/chat/completions", chat())  # noqa: E731
    assert ask()[0] == 200
    upstream.kill()
    status, headers, _ = ask()
    assert (status, headers.get("x-deidre-rule")) == (502, "upstream_unreachable"), (status, headers)
    upstream.start()
    eventually(lambda: ask()[0] == 200)


def health_and_metrics(gw, upstream):
    assert gw.ask("GET", "/healthz", client=None)[0] == 200 and gw.ask("GET", "/readyz", client=None)[0] == 200
    assert gw.ask("GET", "/metrics", client=None)[0] == 401 and gw.ask("GET", "/metrics", client="reader")[0] == 403
    status, _, page = gw.ask("GET", "/metrics", client="onlooker")
    assert status == 200 and page.startswith(b"#") and not any(i.encode() in page for i in IDENTIFIERS)


def pattern_of(note, value):
    """What finds a value in its note more often than where nothing is claimed; None where nothing does. Short ones must be a
    word of their own: symbols of tokens are letters and digits."""
    alone = re.compile(rf"(?<![A-Za-z0-9]){re.escape(value)}(?![A-Za-z0-9])")
    anywhere = [re.compile(re.escape(value))] if len(value) >= 6 else []
    sees = (pattern for pattern in [alone, *anywhere] if len(pattern.findall(note["text"])) > len(pattern.findall(note["left"])))
    return next(sees, None)


def development_notes(gw, upstream, binary):
    """Every note through every endpoint: what detection claims of the gold does not arrive."""
    place = next((place for place in (ROOT / "../shared", ROOT / "../../shared") if (place / "eval/dev.jsonl").is_file()), None)
    if place is None:
        return print("  no shared/ beside the repository: left out")
    notes = [json.loads(line) for line in (place / "eval/dev.jsonl").read_text(encoding="utf-8").splitlines()]
    texts = "".join(json.dumps({"id": note["id"], "text": note["text"]}) + "\n" for note in notes)
    detected = subprocess.run([binary, "detect"], input=texts, capture_output=True, text=True, check=True).stdout.splitlines()
    claimed, unclaimed, elements = {}, {}, 0
    for note, line in zip(notes, detected):
        covered = set()
        for span in json.loads(line)["spans"]:
            covered.update(range(span["start"], span["end"]))
        left = "".join(" " if at in covered else c for at, c in enumerate(note["text"]))
        note["left"] = left
        for span in note["spans"]:
            if span["type"] in STAYS:
                continue
            elements += 1
            value = note["text"][span["start"] : span["end"]]
            whole = all(at in covered for at in range(span["start"], span["end"]) if note["text"][at].isalnum())
            (claimed if whole else unclaimed).setdefault(note["id"], set()).add(value)
    api, claude = of_openai(gw, "reader"), of_anthropic(gw, "reader")
    aws = of_bedrock(gw, "reader")
    azure_api = of_azure(gw, "reader")
    body = lambda text: json.dumps({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 9, "messages": user(text)})  # noqa: E731
    parts = lambda text: [{"role": "user", "content": [{"text": text}]}]  # noqa: E731
    ways = {
        "chat": lambda text: api.chat.completions.create(model=CHAT, messages=user(text)),
        "chat stream": lambda text: list(api.chat.completions.create(model=CHAT, messages=user(text), stream=True)),
        "responses": lambda text: api.responses.create(model=CHAT, input=text),
        "embeddings": lambda text: api.embeddings.create(model=EMBED, input=[text]),
        "moderations": lambda text: api.moderations.create(model="omni-moderation-latest", input=text),
        "completions": lambda text: api.completions.create(model="gpt-3.5-turbo-instruct", prompt=text),
        "azure chat": lambda text: azure_api.chat.completions.create(model=DEPLOYMENT, messages=user(text)),
        "azure embeddings": lambda text: azure_api.embeddings.create(model="notes-embed", input=text),
        "messages": lambda text: claude.messages.create(model=CLAUDE, max_tokens=9, messages=user(text)),
        "count_tokens": lambda text: claude.messages.count_tokens(model=CLAUDE, messages=user(text)),
        "converse": lambda text: aws.converse(modelId=BEDROCK, messages=parts(text)),
        "converse stream": lambda text: list(aws.converse_stream(modelId=BEDROCK, messages=parts(text))["stream"]),
        "invoke": lambda text: aws.invoke_model(modelId=BEDROCK, body=body(text)),
        "invoke stream": lambda text: list(aws.invoke_model_with_response_stream(modelId=BEDROCK, body=body(text))["body"]),
    }
    looked_for = {(note["id"], value): pattern_of(note, value) for note in notes for value in claimed.get(note["id"], ())}
    blind = sum(pattern is None for pattern in looked_for.values())
    begun, arrived, misses, examined = time.monotonic(), [], 0, 0
    for note in notes:
        since = upstream.mark()
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda way: way(note["text"]), ways.values()))
        received = upstream.received(since)
        assert len(received) == len(ways), f"{len(received)} of {len(ways)} arrived"
        for request in received:
            found = "\n".join(request.texts())
            examined += 1
            for value in claimed.get(note["id"], ()):
                pattern = looked_for[note["id"], value]
                if pattern is None:
                    continue
                # As often as it stands where nothing is claimed, it may arrive, in every text that repeats the note.
                times = sum(1 for text in request.texts() if len(text) > len(note["left"]) / 4 and text is not request.head)
                if len(pattern.findall(found)) > len(pattern.findall(note["left"])) * max(1, times):
                    arrived.append(f"{note['id']}: {request.target.split('?')[0]}")
            misses += sum(1 for value in unclaimed.get(note["id"], ()) if value in found)
    values, not_claimed = (sum(map(len, kind.values())) for kind in (claimed, unclaimed))
    print(f"  {len(notes)} notes through {len(ways)} ways, {time.monotonic() - begun:.0f} s; {elements} identifiers in the gold, {values} values claimed, {not_claimed} not")
    print(f"  claimed values that arrived in {examined} requests: {len(arrived)}; values not claimed that arrived: {misses}; beyond the check: {blind}")
    assert not arrived, arrived[:10]
    assert blind * 50 < values, f"{blind} of {values} values cannot be told from other text"


def streams_end_before_the_gateway(binary, folder, upstream):
    with Gateway(binary, folder, upstream, name="ending") as gw:
        begun, said = threading.Barrier(9), []

        def stream():
            answer = of_openai(gw).chat.completions.create(model=CHAT, messages=user("((drip)) " + PROMPT[:300]), stream=True)
            text, first = "", True
            for chunk in answer:
                text += "".join(choice.delta.content or "" for choice in chunk.choices)
                if first:
                    first = begun.wait(30) < 0
            said.append(text)

        threads = [threading.Thread(target=stream) for _ in range(8)]
        for thread in threads:
            thread.start()
        begun.wait(30)
        started = time.monotonic()
        code = gw.stop()
        for thread in threads:
            thread.join(30)
        assert code == 0 and len(said) == 8 and set(said) == {"((drip)) " + PROMPT[:300]}, (code, len(said))
        print(f"  8 streams ended as they should, {time.monotonic() - started:.1f} s after SIGTERM")
        verify(binary, gw, 8)


def client_certificates(binary, folder, upstream):
    """Clients that are known by the certificate of their connection."""

    def openssl(*arguments):
        return subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout

    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl("req", "-x509", *curve, "-days", "2", "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=authority")
    for name, usage in [("server", "serverAuth"), ("scribe", "clientAuth"), ("clerk", "clientAuth"), ("nobody", "clientAuth")]:
        also = ["-addext", "subjectAltName=IP:127.0.0.1", "-addext", f"extendedKeyUsage={usage}"]
        openssl("req", *curve, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}", *also)
        openssl("x509", "-req", "-copy_extensions", "copy", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-out", f"{name}.crt")
    digest = openssl("x509", "-in", "scribe.crt", "-noout", "-fingerprint", "-sha256").strip().split("=")[1]
    more = f'''
[[client]]
name = "scribe"
certificate_sha256 = "{digest}"
roles = ["use", "reveal"]
purpose = "treatment"

[[client]]
name = "clerk"
certificate_subject = "CN=clerk"
roles = ["use"]
'''
    os.chmod(folder / "server.key", 0o600)
    flags = ["--tls-cert", folder / "server.crt", "--tls-key", folder / "server.key", "--client-ca", folder / "ca.crt"]
    with Gateway(binary, folder, upstream, *flags, name="certified", more=more) as gw:
        body = json.dumps({"model": CHAT, "messages": user(PROMPT)})

        def ask(*shown):
            command = ["curl", "--silent", "--cacert", "ca.crt", *shown, "--write-out", "\n%{http_code}", "--data", body]
            command += ["--header", "content-type: application/json", f"https://{gw.address}/v1/chat/completions"]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
            answer, _, status = done.stdout.rpartition("\n")
            return done.returncode, int(status), answer

        def by(name):
            return ask("--cert", f"{name}.crt", "--key", f"{name}.key")

        code, status, answer = by("scribe")
        assert (code, status) == (0, 200) and "Rosalie" in answer, status
        code, status, answer = by("clerk")
        assert (code, status) == (0, 200) and TOKEN.search(answer) and not any(identifier in answer for identifier in IDENTIFIERS), status
        code, status, answer = by("nobody")
        assert (code, status) == (0, 401) and "Rosalie" not in answer, status
        # Who shows none does not get as far as a request.
        code, status, _ = ask()
        assert code != 0 and status == 0, (code, status)
        assert gw.stop() == 0
        assert not any(identifier in gw.written() for identifier in IDENTIFIERS), "text of a request in the log"
        verify(binary, gw, 2)


def verify(binary, gw, calls=None):
    """The trail is sound, has a beginning and an end of each call that went out, and nothing of a text."""
    done = subprocess.run([binary, "audit", "verify", gw.trail, "--key-file", gw.key], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    rows = [json.loads(line) for part in sorted(gw.trail.parent.glob(f"{gw.trail.stem}*.jsonl")) for line in part.open(encoding="utf-8")]
    rows = [row for row in rows if row["verb"] == "exchange"]
    begun = {row["exchange"]["request"] for row in rows if row["outcome"] == "started"}
    ended = {row["exchange"]["request"]: row for row in rows if row["outcome"] != "started"}
    assert begun <= set(ended), f"{len(begun - set(ended))} calls have no end"
    if calls is not None:
        assert len(begun) == calls, f"{len(begun)} calls, not {calls}"
    text = json.dumps(rows, ensure_ascii=False)
    assert MARK not in text and not any(identifier in text for identifier in IDENTIFIERS)
    return rows, begun, ended


def every_call_is_in_the_trail(gw, upstream, binary):
    rows, begun, ended = verify(binary, gw)
    received = {request.headers.get("x-request-id", "").replace("-", "") for request in upstream.received()}
    missing = received - begun
    assert not missing, f"{len(missing)} of {len(received)} requests went upstream without a record"
    done = [ended[request] for request in begun if ended[request]["outcome"] == "done"]
    assert done and all(row["actor"] in CLIENTS for row in done)
    for row in done:
        call = row["exchange"]
        assert call["upstream"] and call["model"] and call["baa"] and call["prompt"] and call["completion"] and call["perimeter"], row
    refused = [row for row in ended.values() if row["outcome"] == "refused"]
    assert refused and all(row["exchange"]["rule"] for row in refused)
    assert any(row.get("tokens", {}).get("revealed", 0) > 0 for row in done if row["actor"] == "revealer")
    assert all(row.get("tokens", {}).get("revealed", 0) == 0 for row in done if row["actor"] == "reader")
    report = subprocess.run([binary, "audit", "report", "--trail", gw.trail, "--perimeter", gw.perimeter, "--json"], capture_output=True, text=True)
    assert report.returncode in (0, 1), report.stderr
    totals = json.loads(report.stdout)["totals"]
    assert totals["calls"] == len(ended) and totals["refused"] == len(refused) and totals["unended"] == 0, totals
    print(f"  {len(rows)} records: {len(begun)} calls that went out, {len(refused)} refused; {totals['revealed']} values revealed")


CHECKS = [
    openai_chat, openai_tools, openai_responses, openai_embeddings_completions_moderations, azure, anthropic_messages, bedrock, langchain,
    llama_index, rewritten_tokens_come_back, conversations_keep_their_tokens, what_is_refused, errors_of_the_upstream_tell_nothing,
    nothing_of_the_client_goes_upstream, upstream_away_and_back, health_and_metrics,
]


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    binary, wanted = str(pathlib.Path(sys.argv[1]).resolve()), sys.argv[2:]
    passed, failed = 0, []

    def check(run, *given):
        nonlocal passed
        name, start = run.__name__, time.monotonic()
        if wanted and not any(part in name for part in wanted):
            return
        try:
            run(*given)
            passed += 1
            result = "ok"
        except Exception:
            traceback.print_exc()
            failed.append(name)
            result = "FAILED"
        print(f"{name} {result} ({time.monotonic() - start:.1f} s)", flush=True)

    def the_gateway_ends_and_has_written_no_text(gw):
        assert gw.stop() == 0
        written = gw.written()
        assert MARK not in written and not any(identifier in written for identifier in IDENTIFIERS), "text of a request in the log"
        secrets = [*SECRETS.values(), *CLIENTS.values()]
        assert not any(secret in written for secret in secrets), "a key in the log"

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        subprocess.run([binary, "key", "new", "--out", "deidre.key"], cwd=folder, check=True, capture_output=True)
        upstream = Upstream(folder)
        try:
            with Gateway(binary, folder, upstream) as gw:
                for run in CHECKS:
                    check(run, gw, upstream)
                check(development_notes, gw, upstream, binary)
                check(every_call_is_in_the_trail, gw, upstream, binary)
                check(the_gateway_ends_and_has_written_no_text, gw)
            check(streams_end_before_the_gateway, binary, folder, upstream)
            check(client_certificates, binary, folder, upstream)
        finally:
            upstream.kill()
    print(f"{passed} passed, {len(failed)} failed{': ' if failed else ''}{', '.join(failed)}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
