"""Starts the stand-in and `deidre gateway` in front of it, and tells what the stand-in received."""

import hashlib
import http.client
import json
import os
import pathlib
import re
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
CLIENTS = {name: f"ck-{secrets.token_hex(24)}" for name in ("revealer", "reader", "limited", "onlooker", "elsewhere")}

CHAT, EMBED, DEPLOYMENT, CLAUDE = "gpt-4o-2024-08-06", "text-embedding-3-large", "notes-4o", "claude-haiku-4-5-20251001"
BEDROCK = "us.anthropic.claude-haiku-4-5-20251001-v1:0"

PERIMETER = """
[limits]
rate = 100000
burst = 100000
in_flight = 2000
request_bytes = 1000000

[[upstream]]
name = "open"
kind = "openai"
url = "{url}"
baa = "OpenAI BAA of a check"
zero_data_retention = true
certified = 2026-01-02
expires = 2099-12-31
endpoints = ["chat", "responses", "embeddings", "moderations", "completions"]
models = ["gpt-4o-2024-08-06", "text-embedding-3-large", "omni-moderation-latest", "gpt-3.5-turbo-instruct", {{ name = "gpt-4-0613", expires = 2026-02-01 }}]
key = {{ env = "STANDIN_OPENAI" }}

[[upstream]]
name = "azure-east"
kind = "azure"
url = "{url}"
baa = "Azure BAA of a check"
zero_data_retention = true
certified = 2026-01-02
expires = 2099-12-31
endpoints = ["chat", "responses", "embeddings"]
models = ["notes-4o", "notes-embed"]
api_versions = ["2024-10-21", "v1"]
key = {{ env = "STANDIN_AZURE" }}

[[upstream]]
name = "claude"
kind = "anthropic"
url = "{url}"
baa = "Anthropic BAA of a check"
zero_data_retention = true
certified = 2026-01-02
expires = 2099-12-31
endpoints = ["messages"]
models = ["claude-haiku-4-5-20251001"]
api_versions = ["2023-06-01", "2026-10-21"]
key = {{ env = "STANDIN_ANTHROPIC" }}

[[upstream]]
name = "bedrock-east"
kind = "bedrock"
url = "{url}"
region = "us-east-1"
baa = "AWS BAA of a check"
zero_data_retention = true
certified = 2026-01-02
expires = 2099-12-31
endpoints = ["converse", "invoke"]
models = ["us.anthropic.claude-haiku-4-5-20251001-v1:0"]
aws = {{ key_id = {{ env = "STANDIN_AWS_ID" }}, secret = {{ env = "STANDIN_AWS_SECRET" }} }}

[[upstream]]
name = "lapsed"
kind = "openai"
url = "{url}"
baa = "A lapsed BAA"
zero_data_retention = true
certified = 2024-01-02
expires = 2025-01-01
endpoints = ["chat"]
models = ["gpt-4o-2024-08-06"]
key = {{ env = "STANDIN_OPENAI" }}

[[client]]
name = "revealer"
key_sha256 = "{revealer}"
roles = ["use", "reveal"]
purpose = "a check"

[[client]]
name = "reader"
key_sha256 = "{reader}"
roles = ["use"]

[[client]]
name = "limited"
key_sha256 = "{limited}"
roles = ["use"]
limits = {{ rate = 0.01, burst = 2, in_flight = 4, request_bytes = 2000 }}

[[client]]
name = "onlooker"
key_sha256 = "{onlooker}"
roles = ["admin"]

[[client]]
name = "elsewhere"
key_sha256 = "{elsewhere}"
roles = ["use"]
upstreams = ["claude"]
"""

SECRETS = {
    "STANDIN_OPENAI": "sk-standin",
    "STANDIN_AZURE": "az-standin",
    "STANDIN_ANTHROPIC": "sk-ant-standin",
    "STANDIN_AWS_ID": "AKIDSTANDIN",
    "STANDIN_AWS_SECRET": "standin-secret",
}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Upstream:
    """The stand-in, on a port that stays the same when it is started again."""

    def __init__(self, folder):
        self.record, self.port, self.process = folder / "received.jsonl", free_port(), None
        self.record.touch()
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self):
        arguments = [sys.executable, HERE / "standin.py", "--port", str(self.port), "--record", str(self.record)]
        self.process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline().startswith("listening"), "the stand-in does not listen"

    def kill(self):
        self.process.kill()
        self.process.wait(10)

    def mark(self):
        """What was received up to now, to be given to `received`."""
        return self.record.stat().st_size

    def received(self, since=0):
        with open(self.record, "rb") as file:
            file.seek(since)
            return [Received(json.loads(line)) for line in file]


class Received:
    def __init__(self, row):
        self.head, self.body = row["head"], row["body"].encode("latin-1")
        first, *lines = self.head.split("\r\n")
        self.target = first.split(" ")[1]
        self.headers = dict((name.strip().lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines))

    def json(self):
        return json.loads(self.body)

    def texts(self):
        """Everything in it that a text may hide in: each string of the body with its escapes resolved, keys too, and JSON
        within strings; each header; the target as it is and decoded."""
        found = [self.head, urllib.parse.unquote_plus(self.target)]

        def walk(value):
            if isinstance(value, str):
                found.append(value)
                if value.lstrip()[:1] in ("{", "["):
                    try:
                        walk(json.loads(value))
                    except ValueError:
                        pass
            elif isinstance(value, dict):
                for name, item in value.items():
                    walk(name)
                    walk(item)
            elif isinstance(value, list):
                for item in value:
                    walk(item)
            elif isinstance(value, (int, float)) and not isinstance(value, bool):
                found.append(str(value))

        walk(self.json() if self.body else None)
        return found


class Gateway:
    """The binary on a free port; what it writes is kept."""

    def __init__(self, binary, folder, upstream, *flags, name="gateway", more=""):
        perimeter = folder / f"{name}.toml"
        digests = {client: hashlib.sha256(key.encode()).hexdigest() for client, key in CLIENTS.items()}
        perimeter.write_text(PERIMETER.format(url=upstream.url, **digests) + more)
        self.perimeter, self.trail, self.key = perimeter, folder / f"{name}.jsonl", folder / "deidre.key"
        arguments = [binary, "gateway", "--perimeter", perimeter, "--listen", "127.0.0.1:0", "--key-file", self.key]
        arguments += ["--audit", self.trail, "--log", "trace", *flags]
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("DEIDRE_") and name != "RUST_LOG"}
        self.lines, self.address, self.listening = [], None, threading.Event()
        self.process = subprocess.Popen(
            [str(argument) for argument in arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True, errors="replace", cwd=folder,
            env={**inherited, **SECRETS, "XDG_STATE_HOME": str(folder)},
        )
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        self.listening.wait(60)
        if self.address is None:
            self.process.kill()
            self.reader.join(10)
            raise AssertionError("it does not listen: " + self.written()[-2000:])
        self.url = f"http://{self.address}"

    def read(self):
        for line in self.process.stderr:
            self.lines.append(line)
            found = re.search(r"listening http=(\S+)", line)
            if found and self.address is None:
                self.address = found[1]
                self.listening.set()
        self.listening.set()

    def written(self):
        return "".join(self.lines)

    def stop(self):
        """SIGTERM; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(90)
        self.reader.join(10)
        return code

    def ask(self, method, path, body=None, client="reader", headers=()):
        """A request as it is given: status, headers, body."""
        connection = http.client.HTTPConnection(self.address, timeout=60)
        payload = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        given = {"content-type": "application/json", **dict(headers)}
        if client is not None:
            given.setdefault("authorization", f"Bearer {CLIENTS.get(client, client)}")
        connection.request(method, path, payload, given)
        response = connection.getresponse()
        answer = response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
        connection.close()
        return answer

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)


def eventually(check, seconds=20):
    end = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < end, "it does not come about"
        time.sleep(0.05)
    return found
