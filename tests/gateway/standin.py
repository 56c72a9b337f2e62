#!/usr/bin/env python3
"""A stand-in for the providers of models, to be put behind `deidre gateway` where no provider may be asked: OpenAI, Azure
OpenAI, Anthropic and Amazon Bedrock, to the byte as far as their clients look. Nothing of it is a model: it says what it was
told, whole or as a stream whose pieces are cut anywhere.

usage: standin.py [--port PORT] [--record FILE]

It writes `listening PORT` on standard output. Everything that it receives is added to FILE: a JSON object a request, `head`
(request line and headers) and `body`, each character one byte of what came.

Keys: sk-standin (OpenAI), az-standin (Azure, or as an Entra token), sk-ant-standin (Anthropic), AKIDSTANDIN and the secret
standin-secret in us-east-1 (Bedrock, Signature Version 4). Others are refused, and quoted in the refusal, as providers do.

It repeats the last text of a user. Where that holds one of these, it does so otherwise:
  ((forms))        the tokens of the prompt, as models rewrite them
  ((all))          every text of the request
  ((slow))         after a second and a half
  ((drip))         a stream of 20 pieces a second
  ((break))        the connection ends in the middle of the answer
  ((fault))        the stream ends with an error that quotes the prompt
  ((error N))      status N, and an error that quotes the prompt and the key
  ((redirect))     302 to another path of its own
  ((nonsense))     what is no JSON
A request with tools is answered with a call of the first, unless the last message is a tool's result."""

import argparse
import json
import pathlib
import re
import socket
import socketserver
import sys
import threading
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import replies  # noqa: E402
import wire  # noqa: E402

MARK = re.compile(r"\(\((\w+)(?: (\d+))?\)\)")
OPENAI, AZURE, ANTHROPIC = "sk-standin", "az-standin", "sk-ant-standin"
AWS = ("AKIDSTANDIN", "standin-secret", "us-east-1")


class Request:
    def __init__(self, head, body):
        lines = head.decode("latin-1").split("\r\n")
        self.method, self.target, _ = lines[0].split(" ", 2)
        self.headers = [(name.strip().lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines[1:])]
        self.head, self.body = head, body

    def header(self, name):
        return next((value for known, value in self.headers if known == name), None)

    @property
    def path(self):
        return self.target.partition("?")[0]

    @property
    def query(self):
        return dict(urllib.parse.parse_qsl(self.target.partition("?")[2]))


class Gone(Exception):
    """The connection is to end here."""


class Refused(Exception):
    def __init__(self, status, message, kind="invalid_request_error", headers=()):
        super().__init__(message)
        self.status, self.message, self.kind, self.headers = status, message, kind, list(headers)


class Standin(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 1024

    def __init__(self, port, record):
        super().__init__(("127.0.0.1", port), Connection)
        self.file, self.lock = open(record, "a", encoding="ascii") if record else None, threading.Lock()

    def record(self, request):
        if self.file is None:
            return
        with self.lock:
            row = {"head": request.head.decode("latin-1"), "body": request.body.decode("latin-1")}
            self.file.write(json.dumps(row) + "\n")
            self.file.flush()

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)


class Connection(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self):
        while True:
            request = self.read()
            if request is None:
                return
            self.server.record(request)
            try:
                self.answer(request)
            except Refused as refused:
                self.refuse(request, refused)
            except Gone:
                # With what was sent so far, and without the end that was promised.
                self.request.shutdown(socket.SHUT_RDWR)
                return

    def read(self):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = self.rfile.readline(65536)
            if not line:
                return None
            head += line
        request = Request(head[:-4], b"")
        if "chunked" in (request.header("transfer-encoding") or ""):
            while size := int(self.rfile.readline().split(b";")[0], 16):
                request.body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            request.body = self.rfile.read(int(request.header("content-length") or 0))
        return request

    def send(self, status, body, content_type="application/json", headers=()):
        body = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        self.head(status, content_type, [("content-length", str(len(body))), *headers])
        self.wfile.write(body)

    def head(self, status, content_type, headers):
        lines = [f"HTTP/1.1 {status} Standin", f"content-type: {content_type}", "x-request-id: req_standin"]
        lines += ["set-cookie: __cf_bm=standin; path=/", "openai-organization: standin-org", "x-ratelimit-remaining-requests: 99"]
        lines += [f"{name}: {value}" for name, value in headers]
        self.wfile.write("\r\n".join([*lines, "", ""]).encode())

    def stream(self, pieces, content_type, mark):
        self.head(200, content_type, [("transfer-encoding", "chunked"), ("cache-control", "no-cache")])
        for at, piece in enumerate(pieces):
            if mark == "break" and at == 6:
                raise Gone
            if mark == "drip":
                time.sleep(0.05)
            self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def refuse(self, request, refused):
        path = request.path
        if path.startswith("/model/"):
            kinds = {400: "ValidationException", 403: "AccessDeniedException", 429: "ThrottlingException", 404: "ResourceNotFoundException"}
            name = kinds.get(refused.status, "InternalServerException")
            body, refused.headers = {"message": refused.message}, [*refused.headers, ("x-amzn-errortype", name)]
        elif path.startswith("/v1/messages"):
            kinds = {400: "invalid_request_error", 401: "authentication_error", 404: "not_found_error", 429: "rate_limit_error"}
            error = {"type": kinds.get(refused.status, "api_error"), "message": refused.message}
            body = {"type": "error", "error": error, "request_id": "req_standin"}
        else:
            body = {"error": {"message": refused.message, "type": refused.kind, "param": None, "code": None}}
        self.send(refused.status, body, headers=refused.headers)

    def answer(self, request):
        if request.method != "POST":
            raise Refused(404, f"Invalid URL ({request.method} {request.path})")
        route, model = self.route(request)
        self.check_key(request)
        try:
            body = json.loads(request.body)
        except ValueError as error:
            raise Refused(400, "We could not parse the JSON body of your request.") from error
        model = model or body.get("model") or ""
        texts = list(strings(body))
        said = last_text(body)
        mark, number = (MARK.search(said) or MARK.match("((none))")).groups()
        if mark == "slow":
            time.sleep(1.5)
        elif mark == "error":
            raise Refused(int(number), f"Your prompt was: {said} (with {request.header('authorization') or request.header('api-key')})")
        elif mark == "redirect":
            raise Refused(302, "moved", headers=[("location", f"http://{request.header('host')}/v1/elsewhere")])
        elif mark == "nonsense":
            return self.send(200, f"<html>{said}".encode(), "text/html")
        if mark == "forms":
            said = replies.forms("\n".join(texts))
        elif mark == "all":
            said = "\n".join(texts)
        reply = replies.Reply(model, said, called(body, said))
        self.reply(request, route, body, reply, mark)

    def reply(self, request, route, body, reply, mark):
        azure = request.path.startswith("/openai/")
        streamed = body.get("stream") is True
        with_usage = (body.get("stream_options") or {}).get("include_usage") is True
        sse, aws = "text/event-stream; charset=utf-8", "application/vnd.amazon.eventstream"
        whole, pieces, content_type = {
            "chat": (lambda: replies.chat(reply, azure), lambda: replies.chat_stream(reply, azure, with_usage), sse),
            "completions": (lambda: replies.completion(reply), lambda: replies.completion_stream(reply), sse),
            "responses": (lambda: replies.response(reply), lambda: replies.response_stream(reply), sse),
            "embeddings": (lambda: replies.embeddings(reply.model, inputs(body), body.get("encoding_format")), None, None),
            "moderations": (lambda: replies.moderation(reply.model, inputs(body)), None, None),
            "messages": (lambda: replies.message(reply), lambda: replies.message_stream(reply), sse),
            "count_tokens": (lambda: {"input_tokens": reply.input}, None, None),
            "converse": (lambda: replies.converse(reply), None, None),
            "converse-stream": (None, lambda: replies.converse_stream(reply), aws),
            "invoke": (lambda: replies.message(reply), None, None),
            "invoke-with-response-stream": (None, lambda: replies.invoke_stream(reply), aws),
        }[route]
        if pieces and (streamed or whole is None):
            pieces = pieces()
            if mark == "fault":
                pieces = faulty(pieces, route, reply.text)
            self.stream(pieces, content_type, mark)
        elif mark == "break":
            body = json.dumps(whole(), ensure_ascii=False).encode()
            self.head(200, "application/json", [("content-length", str(len(body)))])
            self.wfile.write(body[: len(body) // 2])
            raise Gone
        else:
            self.send(200, whole())

    def route(self, request):
        path = request.path
        of_openai = {"chat/completions": "chat", "completions": "completions", "responses": "responses"}
        of_openai |= {"embeddings": "embeddings", "moderations": "moderations"}
        if found := re.fullmatch(r"/v1/messages(/count_tokens)?", path):
            return ("count_tokens" if found[1] else "messages"), None
        if (found := re.fullmatch(r"(?:/openai)?/v1/(.+)", path)) and found[1] in of_openai:
            return of_openai[found[1]], None
        if (found := re.fullmatch(r"/openai/(?:deployments/([^/]+)/)?(.+)", path)) and found[2] in of_openai:
            if "api-version" not in request.query:
                raise Refused(404, "Resource not found")
            return of_openai[found[2]], found[1]
        if found := re.fullmatch(r"/model/([^/]+)/(converse|converse-stream|invoke|invoke-with-response-stream)", path):
            return found[2], urllib.parse.unquote(found[1])
        raise Refused(404, f"Invalid URL (POST {path})")

    def check_key(self, request):
        path, bearer = request.path, (request.header("authorization") or "").removeprefix("Bearer ")
        if path.startswith("/model/"):
            if fault := wire.signature_fault(request, *AWS):
                raise Refused(403, f"The request signature does not hold: {fault}")
            return
        if path.startswith("/v1/messages"):
            shown, known = request.header("x-api-key") or bearer, ANTHROPIC
            if request.header("anthropic-version") not in ("2023-06-01", "2026-10-21"):
                raise Refused(400, "anthropic-version: header is required")
        elif path.startswith("/openai/"):
            shown, known = request.header("api-key") or bearer, AZURE
        else:
            shown, known = bearer, OPENAI
        if shown != known:
            raise Refused(401, f"Incorrect API key provided: {shown}.", "invalid_request_error")


def faulty(pieces, route, said):
    """A stream that ends with an error in its own form, which quotes the prompt."""
    for at, piece in enumerate(pieces):
        if at == 6:
            break
        yield piece
    message = f"The server had an error while it answered: {said}"
    if route in ("messages",):
        yield wire.sse({"type": "error", "error": {"type": "overloaded_error", "message": message}}, "error")
    elif route in ("converse-stream", "invoke-with-response-stream"):
        yield wire.bedrock_exception("modelStreamErrorException", message)
    elif route == "responses":
        yield wire.sse({"type": "error", "sequence_number": 99, "code": "server_error", "message": message, "param": None}, "error")
    else:
        yield wire.sse({"error": {"message": message, "type": "server_error", "param": None, "code": None}})


def strings(value):
    """Every text of a request that is neither a name of its form nor a word of it."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name not in ("role", "type", "model", "id", "tool_call_id", "call_id", "encoding_format"):
                yield from strings(item)


def inputs(body):
    given = body.get("input")
    return [given] if isinstance(given, str) else [item if isinstance(item, str) else json.dumps(item) for item in given]


def parts(content):
    if isinstance(content, str):
        return content
    return "\n".join(part.get("text", "") for part in content or [] if isinstance(part, dict))


def last_text(body):
    """The last text of a user, or what stands in its place."""
    messages = body.get("messages") or body.get("input") or body.get("prompt") or ""
    if isinstance(messages, str):
        return messages
    if messages and isinstance(messages[0], str):
        return messages[0]
    of_users = [item for item in messages if isinstance(item, dict) and item.get("role") == "user" and parts(item.get("content"))]
    return parts(of_users[-1]["content"]) if of_users else ""


def called(body, said):
    """Name and arguments of the first tool that the request brings, unless it has just been called."""
    tools = body.get("tools") or (body.get("toolConfig") or {}).get("tools") or []
    messages = body.get("messages") or body.get("input") or []
    last = messages[-1] if isinstance(messages, list) and messages and isinstance(messages[-1], dict) else {}
    results = {"tool_result", "function_call_output"}
    content = last.get("content") if isinstance(last.get("content"), list) else []
    answered = last.get("role") == "tool" or last.get("type") in results
    answered |= any(part.get("type") in results or "toolResult" in part for part in content if isinstance(part, dict))
    if not tools or answered:
        return None
    tool = tools[0].get("function") or tools[0].get("toolSpec") or tools[0]
    # As models write it, with escapes where they like them.
    return tool["name"], json.dumps({"note": said, "lines": [said, 'a "quoted" \\ word'], "count": 2}, ensure_ascii=len(said) % 2 == 0)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    arguments.add_argument("--port", type=int, default=0)
    arguments.add_argument("--record")
    given = arguments.parse_args()
    with Standin(given.port, given.record) as server:
        print(f"listening {server.server_address[1]}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
