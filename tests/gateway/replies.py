"""Answers in the form of each provider: whole, and as the pieces of a stream."""

import base64
import hashlib
import itertools
import json
import random
import re
import struct

from wire import bedrock_event, sse

TOKEN = re.compile(r"\[([A-Z0-9_]+):([0-9A-HJKMNP-TV-Z]+)\]")
CREATED = 1_760_000_000
numbers = itertools.count(1)


class Reply:
    """What is said: text, or the call of a tool; and how the request asked for it."""

    def __init__(self, model, text, call=None, pieces=None):
        self.model, self.text, self.call = model, text, call
        self.id = f"{next(numbers):08x}{hashlib.sha256(text.encode()).hexdigest()[:16]}"
        self.input, self.output = 7 + len(text) // 4, 3 + len(text) // 5
        self.pieces = pieces or cut


def cut(text):
    """Pieces as a model gives them, of one to seven characters, the same for the same text: tokens are cut anywhere."""
    draw = random.Random(hashlib.sha256(text.encode()).digest())
    at = 0
    while at < len(text):
        to = at + draw.randint(1, 7)
        yield text[at:to]
        at = to


def forms(text):
    """The tokens of a text as models rewrite them, a line each."""
    lines = []
    for label, code in TOKEN.findall(text):
        token = f"[{label}:{code}]"
        lines += [token, token.lower(), f"**{token}**", f"`{token}`", f"[ {label} : {code} ]", f"| {token} | x |"]
        lines += [f"\\[{label}:{code}\\]", f"[{label}:{code[:5]}\n{code[5:]}]", f'{{"who": "{token}"}}', f"<td>{token}</td>"]
    return "\n".join(lines)


def vector(text, dimensions=8):
    """Of a text: the same for the same, another for another."""
    digest = hashlib.sha256(text.encode()).digest()
    return [digest[i % 32] / 255 - 0.5 for i in range(dimensions)]


# OpenAI, and Azure, which says beside it what its filters found.

FILTERS = {name: {"filtered": False, "severity": "safe"} for name in ("hate", "self_harm", "sexual", "violence")}


def usage(reply):
    total = reply.input + reply.output
    return {"prompt_tokens": reply.input, "completion_tokens": reply.output, "total_tokens": total}


def chat_calls(reply):
    name, arguments = reply.call
    return [{"id": f"call_{reply.id}", "type": "function", "function": {"name": name, "arguments": arguments}}]


def chat(reply, azure=False):
    message = {"role": "assistant", "content": None if reply.call else reply.text, "refusal": None, "annotations": []}
    if reply.call:
        message["tool_calls"] = chat_calls(reply)
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "tool_calls" if reply.call else "stop"}
    answer = {"id": f"chatcmpl-{reply.id}", "object": "chat.completion", "created": CREATED, "model": reply.model}
    answer |= {"choices": [choice], "usage": usage(reply), "service_tier": "default", "system_fingerprint": "fp_standin"}
    if azure:
        choice["content_filter_results"] = FILTERS
        answer["prompt_filter_results"] = [{"prompt_index": 0, "content_filter_results": FILTERS}]
    return answer


def chat_stream(reply, azure=False, with_usage=False):
    def chunk(choices, **more):
        head = {"id": f"chatcmpl-{reply.id}", "object": "chat.completion.chunk", "created": CREATED, "model": reply.model}
        if with_usage:
            more.setdefault("usage", None)
        return sse(head | {"system_fingerprint": "fp_standin", "choices": choices} | more)

    def delta(content, finish=None):
        return chunk([{"index": 0, "delta": content, "logprobs": None, "finish_reason": finish}])

    if azure:
        yield chunk([], prompt_filter_results=[{"prompt_index": 0, "content_filter_results": FILTERS}])
    if reply.call:
        call = chat_calls(reply)[0]
        head = call | {"index": 0, "function": call["function"] | {"arguments": ""}}
        yield delta({"role": "assistant", "content": None, "tool_calls": [head]})
        for piece in reply.pieces(reply.call[1]):
            yield delta({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]})
    else:
        yield delta({"role": "assistant", "content": "", "refusal": None})
        for piece in reply.pieces(reply.text):
            yield delta({"content": piece})
    yield delta({}, "tool_calls" if reply.call else "stop")
    if with_usage:
        yield chunk([], usage=usage(reply))
    yield sse("[DONE]")


def completion(reply):
    choice = {"text": reply.text, "index": 0, "logprobs": None, "finish_reason": "stop"}
    head = {"id": f"cmpl-{reply.id}", "object": "text_completion", "created": CREATED, "model": reply.model}
    return head | {"choices": [choice], "usage": usage(reply)}


def completion_stream(reply):
    head = {"id": f"cmpl-{reply.id}", "object": "text_completion", "created": CREATED, "model": reply.model}
    for piece in reply.pieces(reply.text):
        yield sse(head | {"choices": [{"text": piece, "index": 0, "logprobs": None, "finish_reason": None}]})
    yield sse(head | {"choices": [{"text": "", "index": 0, "logprobs": None, "finish_reason": "stop"}]})
    yield sse("[DONE]")


def embeddings(model, texts, encoding):
    def written(numbers):
        if encoding == "base64":
            return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()
        return numbers

    data = [{"object": "embedding", "index": i, "embedding": written(vector(text))} for i, text in enumerate(texts)]
    tokens = sum(len(text) // 4 + 1 for text in texts)
    return {"object": "list", "data": data, "model": model, "usage": {"prompt_tokens": tokens, "total_tokens": tokens}}


def moderation(model, texts):
    names = ["harassment", "hate", "illicit", "self-harm", "sexual", "violence"]
    result = {"flagged": False, "categories": dict.fromkeys(names, False), "category_scores": dict.fromkeys(names, 0.001)}
    result["category_applied_input_types"] = {name: ["text"] for name in names}
    return {"id": f"modr-{next(numbers)}", "model": model, "results": [result for _ in texts]}


def response_item(reply, status="completed"):
    if reply.call:
        name, arguments = reply.call
        item = {"id": f"fc_{reply.id}", "type": "function_call", "status": status, "name": name}
        return item | {"call_id": f"call_{reply.id}", "arguments": arguments if status == "completed" else ""}
    part = {"type": "output_text", "text": reply.text, "annotations": [], "logprobs": []}
    content = [part] if status == "completed" else []
    return {"id": f"msg_{reply.id}", "type": "message", "status": status, "role": "assistant", "content": content}


def response(reply, status="completed"):
    done = status == "completed"
    counts = {"input_tokens": reply.input, "output_tokens": reply.output, "total_tokens": reply.input + reply.output}
    counts |= {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
    return {
        "id": f"resp_{reply.id}", "object": "response", "created_at": CREATED, "status": status, "background": False,
        "error": None, "incomplete_details": None, "instructions": None, "max_output_tokens": None, "model": reply.model,
        "output": [response_item(reply)] if done else [], "parallel_tool_calls": True, "previous_response_id": None,
        "reasoning": {"effort": None, "summary": None}, "store": False, "temperature": 1.0, "text": {"format": {"type": "text"}},
        "tool_choice": "auto", "tools": [], "top_p": 1.0, "truncation": "disabled", "usage": counts if done else None,
        "user": None, "metadata": {},
    }


def response_stream(reply):
    sequence = itertools.count()

    def event(kind, **more):
        return sse({"type": kind, "sequence_number": next(sequence)} | more, kind)

    yield event("response.created", response=response(reply, "in_progress"))
    yield event("response.in_progress", response=response(reply, "in_progress"))
    yield event("response.output_item.added", output_index=0, item=response_item(reply, "in_progress"))
    item = response_item(reply)
    at = {"item_id": item["id"], "output_index": 0}
    if reply.call:
        for piece in reply.pieces(reply.call[1]):
            yield event("response.function_call_arguments.delta", **at, delta=piece)
        yield event("response.function_call_arguments.done", **at, arguments=reply.call[1], name=reply.call[0])
    else:
        at["content_index"] = 0
        yield event("response.content_part.added", **at, part=item["content"][0] | {"text": ""})
        for piece in reply.pieces(reply.text):
            yield event("response.output_text.delta", **at, delta=piece, logprobs=[])
        yield event("response.output_text.done", **at, text=reply.text, logprobs=[])
        yield event("response.content_part.done", **at, part=item["content"][0])
    yield event("response.output_item.done", output_index=0, item=item)
    yield event("response.completed", response=response(reply))


# Anthropic, and Bedrock with Anthropic's bodies.


def block(reply):
    if reply.call:
        name, arguments = reply.call
        return {"type": "tool_use", "id": f"toolu_{reply.id}", "name": name, "input": json.loads(arguments)}
    return {"type": "text", "text": reply.text}


def message(reply):
    head = {"id": f"msg_{reply.id}", "type": "message", "role": "assistant", "model": reply.model, "content": [block(reply)]}
    head |= {"stop_reason": "tool_use" if reply.call else "end_turn", "stop_sequence": None}
    return head | {"usage": {"input_tokens": reply.input, "output_tokens": reply.output}}


def message_events(reply):
    start = message(reply) | {"content": [], "stop_reason": None, "usage": {"input_tokens": reply.input, "output_tokens": 1}}
    yield {"type": "message_start", "message": start}
    empty = block(reply) | ({"input": {}} if reply.call else {"text": ""})
    yield {"type": "content_block_start", "index": 0, "content_block": empty}
    yield {"type": "ping"}
    for piece in reply.pieces(reply.call[1] if reply.call else reply.text):
        delta = {"type": "input_json_delta", "partial_json": piece} if reply.call else {"type": "text_delta", "text": piece}
        yield {"type": "content_block_delta", "index": 0, "delta": delta}
    yield {"type": "content_block_stop", "index": 0}
    stop = {"stop_reason": "tool_use" if reply.call else "end_turn", "stop_sequence": None}
    yield {"type": "message_delta", "delta": stop, "usage": {"output_tokens": reply.output}}
    yield {"type": "message_stop"}


def message_stream(reply):
    for event in message_events(reply):
        yield sse(event, event["type"])


def invoke_stream(reply):
    for event in message_events(reply):
        if event["type"] == "message_stop":
            event["amazon-bedrock-invocationMetrics"] = {
                "inputTokenCount": reply.input, "outputTokenCount": reply.output, "invocationLatency": 5, "firstByteLatency": 2,
            }
        encoded = base64.b64encode(json.dumps(event, ensure_ascii=False).encode()).decode()
        yield bedrock_event("chunk", {"bytes": encoded, "p": "abcdefghij"})


def converse_content(reply):
    if reply.call:
        name, arguments = reply.call
        return {"toolUse": {"toolUseId": f"tooluse_{reply.id}", "name": name, "input": json.loads(arguments)}}
    return {"text": reply.text}


def converse_end(reply):
    counts = {"inputTokens": reply.input, "outputTokens": reply.output, "totalTokens": reply.input + reply.output}
    return {"usage": counts, "metrics": {"latencyMs": 5}}


def converse(reply):
    said = {"message": {"role": "assistant", "content": [converse_content(reply)]}}
    return {"output": said, "stopReason": "tool_use" if reply.call else "end_turn"} | converse_end(reply)


def converse_stream(reply):
    yield bedrock_event("messageStart", {"role": "assistant", "p": "abcd"})
    if reply.call:
        start = {"toolUse": {"toolUseId": f"tooluse_{reply.id}", "name": reply.call[0]}}
        yield bedrock_event("contentBlockStart", {"contentBlockIndex": 0, "start": start})
    for piece in reply.pieces(reply.call[1] if reply.call else reply.text):
        delta = {"toolUse": {"input": piece}} if reply.call else {"text": piece}
        yield bedrock_event("contentBlockDelta", {"contentBlockIndex": 0, "delta": delta, "p": "abcdefgh"})
    yield bedrock_event("contentBlockStop", {"contentBlockIndex": 0})
    yield bedrock_event("messageStop", {"stopReason": "tool_use" if reply.call else "end_turn"})
    yield bedrock_event("metadata", converse_end(reply))
