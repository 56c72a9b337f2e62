#!/usr/bin/env python3
"""Asks `deidre serve` as others would: by grpcio with stubs generated from the proto, and by curl. Starts the binary on free
ports of its own, asserts answers, ends it by SIGTERM, and looks for text of requests in what it wrote.

usage: serve.py DEIDRE [NAME]...     only the checks whose name holds a NAME; exits with 1 when one fails
"""

import collections
import hashlib
import importlib
import importlib.resources
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from concurrent import futures

import grpc
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2
from grpc_status import rpc_status
from grpc_tools import protoc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROTO = "deidre/v1/deidre.proto"
TAG = re.compile(r"\[\[([A-Z0-9_]+):(.*?)\]\]", re.S)
TOKEN = re.compile(r"\[[A-Z_0-9]+:[0-9A-HJKMNP-TV-Z]+\]")
STAYS = {"STATE", "COUNTRY", "AGE", "ORG_OK"}
# In every request that is refused, and never in anything that the server says or writes.
MARK = "Quenby Zarathustrova"
VISIT = (ROOT / "datasets/exports/notes/visit.txt").read_text(encoding="utf-8")
IDENTIFIERS = ["03/12/2025", "Rosalie", "Tennant", "00755102", "6/30/1961", "Port Alder", "Emeka", "Okafor", "Larkspur", "555-0136", "Petra"]
CODES = grpc.StatusCode


class Server:
    """The binary on free ports; what it writes is kept."""

    def __init__(self, binary, folder, *flags, environment=()):
        self.lines, self.addresses = [], None
        arguments = [binary, "serve", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0", "--log", "trace", *flags]
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("DEIDRE_") and name != "RUST_LOG"}
        self.process = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace",
            cwd=folder, env={**inherited, "XDG_STATE_HOME": str(folder), **dict(environment)},
        )
        self.listening = threading.Event()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        self.listening.wait(60)
        if self.addresses is None:
            self.process.kill()
            self.reader.join(10)
            raise AssertionError("it does not listen: " + "".join(self.lines)[-2000:])
        self.grpc, self.http = self.addresses

    def read(self):
        for line in self.process.stderr:
            self.lines.append(line)
            found = re.search(r"listening grpc=(\S+) http=(\S+)", line)
            if found and self.addresses is None:
                self.addresses = found.groups()
                self.listening.set()
        self.listening.set()

    def written(self):
        return "".join(self.lines)

    def stop(self):
        """SIGTERM; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        self.reader.join(10)
        return code

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)


class Client:
    """The generated stub, with what every check needs."""

    def __init__(self, address, credentials=None, token=None):
        options = [("grpc.max_receive_message_length", 64 << 20), ("grpc.max_send_message_length", 64 << 20)]
        if credentials is None:
            self.channel = grpc.insecure_channel(address, options)
        else:
            self.channel = grpc.secure_channel(address, credentials, options)
        self.stub = pb_grpc.DeidreStub(self.channel)
        self.metadata = (("authorization", f"Bearer {token}"),) if token else ()

    def scrub(self, text, spans=False, **options):
        request = pb.DeidentifyRequest(text=text, options=pb.Options(spans=spans, **options))
        return self.stub.Deidentify(request, timeout=60, metadata=self.metadata)

    def reveal(self, text, reason="a check", **options):
        request = pb.RevealRequest(text=text, options=pb.RevealOptions(reason=reason, **options))
        return self.stub.Reveal(request, timeout=60, metadata=self.metadata)

    def scrub_stream(self, chunks, mode="STREAM_MODE_WHOLE", spans=False, **options):
        start = pb.StreamOptions(mode=pb.StreamMode.Value(mode), options=pb.Options(spans=spans, **options))

        def requests():
            yield pb.DeidentifyStreamRequest(start=start)
            for chunk in chunks:
                yield pb.DeidentifyStreamRequest(chunk=chunk)

        answers = list(self.stub.DeidentifyStream(requests(), timeout=120, metadata=self.metadata))
        kinds = [answer.WhichOneof("message") for answer in answers]
        assert kinds[-1] == "summary" and set(kinds[:-1]) <= {"scrubbed"}, kinds
        text = "".join(answer.scrubbed.text for answer in answers[:-1])
        return text, [span for answer in answers[:-1] for span in answer.scrubbed.spans], answers[-1].summary

    def reveal_stream(self, chunks, reason="a check"):
        def requests():
            yield pb.RevealStreamRequest(start=pb.RevealOptions(reason=reason))
            for chunk in chunks:
                yield pb.RevealStreamRequest(chunk=chunk)

        answers = list(self.stub.RevealStream(requests(), timeout=120, metadata=self.metadata))
        assert answers[-1].WhichOneof("message") == "revealed"
        return b"".join(answer.chunk for answer in answers[:-1]), answers[-1].revealed


def splits(data, seed):
    """The bytes cut at random places: single bytes, runs, all at once."""
    draw, out, at = random.Random(seed), [], 0
    longest = draw.choice([1, 3, 17, 200, 5000, len(data) or 1])
    # Not a message for each byte of a long text: that asks the network, not the server.
    longest = max(longest, len(data) // 2000)
    while at < len(data):
        length = draw.randint(1, longest)
        out.append(data[at : at + length])
        at += length
    return out


def notes(step):
    """Text without tags and annotated identifiers of every so manieth sample note."""
    out = []
    for path in sorted((ROOT / "datasets/notes").glob("*/*.txt"))[::step]:
        tagged = re.sub(r"\A#type:.*\n", "", path.read_text(encoding="utf-8"))
        out.append((TAG.sub(r"\2", tagged), [m.group(2) for m in TAG.finditer(tagged) if m.group(1) not in STAYS]))
    return out


def refused(call, *codes, reason=True):
    """Makes the call, which must fail with one of the codes, typed, without text. Gives back the error's status."""
    try:
        answer = call()
        list(answer) if hasattr(answer, "__next__") else None
    except grpc.RpcError as error:
        assert error.code() in codes, f"{error.code()} where {codes} was expected: {error.details()}"
        said = f"{error.details()} {error.trailing_metadata()} {error.initial_metadata()}"
        assert MARK not in said and "Quenby" not in said and "Zarathustrova" not in said, "text in an error"
        status = rpc_status.from_call(error)
        if reason:
            assert status is not None, "no google.rpc.Status"
            info = [d for d in status.details if d.Is(error_details_pb2.ErrorInfo.DESCRIPTOR)]
            assert info, "no google.rpc.ErrorInfo"
            told = error_details_pb2.ErrorInfo()
            info[0].Unpack(told)
            assert told.reason and told.domain, told
            assert "Quenby" not in status.SerializeToString().decode("latin-1")
        return status
    raise AssertionError(f"it was answered; {codes} was expected")


def curl(server, path, body=None, *flags, scheme="http"):
    """Status, content type and body."""
    command = ["curl", "--silent", "--show-error", "--max-time", "60", "--noproxy", "*", "--write-out", "\n%{http_code} %{content_type}", *flags]
    if body is not None:
        command += ["--header", "content-type: application/json", "--data-binary", "@-"]
        body = body if isinstance(body, str) else json.dumps(body)
    done = subprocess.run([*command, f"{scheme}://{server.http}{path}"], input=body or "", capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, f"curl: {done.returncode} {done.stderr}"
    text, _, last = done.stdout.rpartition("\n")
    status, _, kind = last.partition(" ")
    return int(status), kind, text


# One server without an access file, on loopback, with a key.


def health_and_reflection(server, client):
    health = health_pb2_grpc.HealthStub(client.channel)
    for name in ("", "deidre.v1.Deidre"):
        answer = health.Check(health_pb2.HealthCheckRequest(service=name), timeout=10)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING, name
    assert "deidre.v1.Deidre" in reflected(client.channel)


def reflected(channel):
    """The services that it says it has, by either version of the protocol: their messages are the same."""
    for version in ("v1", "v1alpha"):
        ask = channel.stream_stream(
            f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
            request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
            response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
        )
        try:
            answers = list(ask(iter([reflection_pb2.ServerReflectionRequest(list_services="")]), timeout=10))
            return {service.name for answer in answers for service in answer.list_services_response.service}
        except grpc.RpcError as error:
            if error.code() != CODES.UNIMPLEMENTED:
                raise
    return set()


def version_and_policies(server, client):
    version = client.stub.GetVersion(pb.GetVersionRequest(), timeout=10)
    assert version.versions.engine and version.versions.model and abs(version.started - time.time()) < 600
    policies = {policy.name: policy for policy in client.stub.ListPolicies(pb.ListPoliciesRequest(), timeout=10).policies}
    assert {"minimum-necessary", "safe-harbor", "limited-data-set", "redact", "surrogate"} <= set(policies)
    assert [name for name, policy in policies.items() if policy.default] == ["minimum-necessary"]
    assert policies["redact"].ready and policies["minimum-necessary"].ready and policies["redact"].version
    assert not policies["safe-harbor"].ready, "it needs a vault, and there is none"


def no_identifier_comes_back(server, client):
    for policy in ("minimum-necessary", "redact", "surrogate"):
        answer = client.scrub(VISIT, policy=policy, spans=True)
        for identifier in IDENTIFIERS:
            assert identifier not in answer.text, (policy, IDENTIFIERS.index(identifier))
        assert "azathioprine 150 mg" in answer.text.lower(), policy
        assert sum(answer.counts.values()) == len(answer.spans) >= 11, (policy, dict(answer.counts), len(answer.spans))
        before, after = VISIT.encode(), answer.text.encode()
        at = out = 0
        for span in answer.spans:
            # What stands between spans is byte for byte what was sent.
            assert before[at : span.start] == after[out : span.output_start], (policy, span.start)
            assert before[span.start : span.end] != after[span.output_start : span.output_end], (policy, span.start)
            at, out = span.end, span.output_end
        assert before[at:] == after[out:]
        assert answer.versions.policy.startswith(policy) and answer.timings.total_us > 0


def sample_notes_and_back(server, client):
    sent = left = 0
    for text, identifiers in notes(12):
        answer = client.scrub(text)
        kept = [identifier for identifier in identifiers if len(identifier) >= 4]
        sent, left = sent + len(kept), left + sum(identifier in answer.text for identifier in kept)
        back = client.reveal(answer.text)
        assert back.text == text, "tokens do not reveal to the original"
        assert back.revealed.revealed == sum(answer.counts.values()), (back.revealed.revealed, sum(answer.counts.values()))
        # With tokens around it more may be found the second time; what was a token stays that one.
        once, twice = (collections.Counter(TOKEN.findall(text)) for text in (answer.text, client.scrub(answer.text).text))
        assert once <= twice, "a token is not what it was"
    share = left / sent
    print(f"  identifiers of the sample notes left: {left} of {sent} ({100 * share:.1f} %)")
    assert share <= 0.06, "more than is known of the engine on these notes"


def segments_and_context(server, client):
    segments = [
        pb.Segment(text="Tennant, Rosalie", field="patient_name"),
        pb.Segment(text="00755102", field="mrn"),
        pb.Segment(text="Rosali Tenant came; chart 755102. Afebrile."),
        pb.Segment(text=""),
    ]
    context = [pb.ContextField(name="patient_name", value="Rosalie Tennant"), pb.ContextField(name="dob", value="1961-06-30")]
    options = pb.Options(policy="redact", spans=True, context=context)
    answer = client.stub.Deidentify(pb.DeidentifyRequest(segments=segments, options=options), timeout=30)
    texts = [segment.text for segment in answer.segments]
    assert len(texts) == 4 and answer.text == "" and texts[3] == "", texts
    for value in ("Tennant", "Rosalie", "00755102"):
        assert all(value not in text for text in texts), value
    assert "Afebrile" in texts[2] and "Tenant" not in texts[2], "a misspelling of the patient's name stands"
    born = "Seen: Rosalie. Born 30 June 61, she said, or 6/30/61."
    answer = client.scrub(born, policy="redact", context=context)
    assert "30 June" not in answer.text and "6/30" not in answer.text and "Rosalie" not in answer.text


def scopes(server, client):
    text = "Seen by Dr. Anselm Okafor today."
    token = lambda **options: TOKEN.findall(client.scrub(text, **options).text)
    one, two = token(session="a"), token(session="b")
    assert one and one == token(session="a") and one != two, "a session is a scope"
    assert token() == token(scope="SCOPE_CORPUS") != one
    assert client.reveal(one[0], session="a").text == "Anselm Okafor"
    other = client.reveal(one[0], session="b")
    assert other.text == one[0] and other.revealed.revealed == 0, "a token of another session is revealed"


def streams_equal_unary(server, client):
    long = "\n\n".join(text for text, _ in notes(30))
    assert len(long) > 40_000
    texts = [VISIT, "", "x", "é" * 300, *(text for text, _ in notes(80)), long, long * 4]
    for number, text in enumerate(texts):
        unary = client.scrub(text, spans=True) if text else None
        for seed in range(3 if len(text) > 60_000 else 6):
            out, spans, summary = client.scrub_stream(splits(text.encode(), (number, seed).__hash__()), spans=True)
            assert out == (unary.text if unary else ""), (number, seed)
            if unary:
                assert dict(summary.counts) == dict(unary.counts), (number, seed)
                assert [(s.label, s.start, s.end, s.output_start, s.output_end) for s in spans] == [
                    (s.label, s.start, s.end, s.output_start, s.output_end) for s in unary.spans
                ], (number, seed)
        if unary:
            back, revealed = client.reveal_stream(splits(unary.text.encode(), number))
            assert back.decode() == text and revealed.revealed == sum(unary.counts.values()), number


def live_streams_do_not_depend_on_splits(server, client):
    for text, values in [(VISIT, True), *notes(200)]:
        outs = {client.scrub_stream(splits(text.encode(), seed), "STREAM_MODE_LIVE", policy="redact")[0] for seed in range(6)}
        assert len(outs) == 1, len(outs)
        # A few notes hold nothing that must go.
        assert text != outs.pop() or not values


def live_text_leaves_before_the_end(server, client):
    started, waiting = threading.Event(), threading.Event()

    def requests():
        yield pb.DeidentifyStreamRequest(start=pb.StreamOptions(mode=pb.STREAM_MODE_LIVE, options=pb.Options(policy="redact")))
        yield pb.DeidentifyStreamRequest(chunk=(VISIT * 4 + "\n\n").encode())
        started.set()
        waiting.wait(30)

    answers = client.stub.DeidentifyStream(requests(), timeout=60)
    first = next(answers)
    assert first.WhichOneof("message") == "scrubbed" and first.scrubbed.text and started.wait(10) and not waiting.is_set()
    waiting.set()
    rest = list(answers)
    assert rest[-1].WhichOneof("message") == "summary"


def detect_says_where(server, client):
    answer = client.stub.Detect(pb.DetectRequest(text=VISIT), timeout=30)
    found = {VISIT.encode()[span.start : span.end].decode() for span in answer.spans}
    assert {"00755102", "6/30/1961"} <= found and any("Okafor" in value for value in found), len(found)
    ends = [(span.start, span.end) for span in answer.spans]
    assert all(a[1] <= b[0] for a, b in zip(ends, ends[1:])) and all(0 < span.score <= 1 for span in answer.spans)


def refusals_are_typed_and_without_text(server, client):
    stub = client.stub
    text = f"Patient: {MARK}, born 4/5/1950"
    options = pb.Options
    bad = CODES.INVALID_ARGUMENT
    refused(lambda: client.scrub(text, policy=MARK), CODES.NOT_FOUND, bad)
    refused(lambda: client.scrub(text, scope="SCOPE_PATIENT"), bad)
    refused(lambda: client.scrub(text, scope="SCOPE_SESSION"), bad)
    refused(lambda: stub.Deidentify(pb.DeidentifyRequest(text=text, segments=[pb.Segment(text=text)]), timeout=10), bad)
    refused(lambda: client.reveal(text, reason=""), bad)
    refused(lambda: client.reveal(text, labels=[MARK]), bad)
    refused(lambda: client.reveal(text, session="a", patient="b"), bad)
    # No vault, and safe-harbor asks for one: nothing comes back rather than something that was not scrubbed.
    refused(lambda: client.scrub(text, policy="safe-harbor"), CODES.UNAVAILABLE, CODES.FAILED_PRECONDITION)
    refused(lambda: client.scrub(text + "x" * (5 << 20)), CODES.RESOURCE_EXHAUSTED, CODES.OUT_OF_RANGE, bad, reason=False)
    chunk = lambda data: pb.DeidentifyStreamRequest(chunk=data)
    start = pb.DeidentifyStreamRequest(start=pb.StreamOptions(options=options(policy="redact")))
    refused(lambda: stub.DeidentifyStream(iter([chunk(text.encode())]), timeout=10), bad)
    refused(lambda: stub.DeidentifyStream(iter([start, start]), timeout=10), bad)
    refused(lambda: stub.DeidentifyStream(iter([start, chunk(text.encode() + b"\xff\xfe")]), timeout=10), bad)
    refused(lambda: stub.RevealStream(iter([pb.RevealStreamRequest(chunk=text.encode())]), timeout=10), bad)
    refused(lambda: stub.Deidentify(pb.DeidentifyRequest(text=text * 2000), timeout=0.001), CODES.DEADLINE_EXCEEDED, reason=False)
    raw = client.channel.unary_unary("/deidre.v1.Deidre/Deidentify", request_serializer=None, response_deserializer=None)
    refused(lambda: raw(b"\x0a\xff" + MARK.encode(), timeout=10), bad, CODES.INTERNAL, reason=False)
    missing = client.channel.unary_unary("/deidre.v1.Deidre/" + MARK.split()[0], request_serializer=None, response_deserializer=None)
    refused(lambda: missing(b"", timeout=10), CODES.UNIMPLEMENTED, reason=False)
    assert client.scrub(VISIT, policy="redact").text, "it still answers"


def http_by_curl(server, client):
    for policy in ("minimum-necessary", "redact"):
        status, kind, body = curl(server, "/v1/deidentify", {"text": VISIT, "options": {"policy": policy, "spans": True}})
        assert status == 200 and kind.startswith("application/json"), (status, kind)
        answer, by_grpc = json.loads(body), client.scrub(VISIT, policy=policy, spans=True)
        assert answer["text"] == by_grpc.text and answer["counts"] == dict(by_grpc.counts), policy
        assert [(s["label"], s["start"], s["end"]) for s in answer["spans"]] == [(s.label, s.start, s.end) for s in by_grpc.spans]
    scrubbed = client.scrub(VISIT).text
    status, _, body = curl(server, "/v1/reveal", {"text": scrubbed, "options": {"reason": "a check"}})
    assert status == 200 and json.loads(body)["text"] == VISIT
    status, _, body = curl(server, "/v1/detect", {"segments": [{"text": VISIT}, {"text": "Rosalie", "field": "patient_name"}]})
    assert status == 200 and [len(s["spans"]) > 0 for s in json.loads(body)["segments"]] == [True, True]
    status, _, body = curl(server, "/v1/policies")
    assert status == 200 and {"redact", "safe-harbor"} <= {policy["name"] for policy in json.loads(body)["policies"]}
    status, _, body = curl(server, "/v1/version")
    assert status == 200 and json.loads(body)["versions"]["engine"]
    for path in ("/healthz", "/readyz"):
        assert curl(server, path)[0] == 200, path
    status, kind, body = curl(server, "/openapi.json")
    described = json.loads(body)
    assert status == 200 and described["openapi"].startswith("3."), described.get("openapi")
    assert {"/v1/deidentify", "/v1/reveal", "/v1/detect", "/v1/policies", "/v1/version"} <= set(described["paths"])


def http_refusals(server, client):
    text = f"Patient: {MARK}"
    for path, body, wanted in [
        ("/v1/deidentify", {"text": text, "options": {"policy": MARK}}, (400, 404)),
        ("/v1/deidentify", {"text": text, "options": {"scope": "SCOPE_" + MARK}}, (400, 422)),
        ("/v1/deidentify", {"text": text, MARK: 1}, (400, 422)),
        ("/v1/deidentify", '{"text": "' + text, (400, 422)),
        ("/v1/deidentify", {"text": text, "options": {"policy": "safe-harbor"}}, (503, 400, 412)),
        ("/v1/deidentify", {"text": text + "x" * (5 << 20)}, (413, 429, 400)),
        ("/v1/reveal", {"text": text}, (400,)),
        ("/v1/nothing", {"text": text}, (404,)),
    ]:
        status, kind, answer = curl(server, path, body)
        assert status in wanted, (path, status, wanted)
        assert "Quenby" not in answer and "Zarathustrova" not in answer, (path, "text in an error")
        assert kind.startswith("application/problem+json"), (path, status, kind)
        problem = json.loads(answer)
        assert problem["status"] == status and problem["title"] and problem.get("type", "about:blank"), path
    status, _, answer = curl(server, "/v1/deidentify")
    assert status in (400, 405), status


def metrics_tell_no_text(server, client):
    status, _, body = curl(server, "/metrics")
    assert status == 200 and "Deidentify" in body and "NAME" in body, body[:500]
    for word in [*IDENTIFIERS, MARK, "Quenby"]:
        assert word not in body, "text in a metric"


LOOPBACK = [
    health_and_reflection,
    version_and_policies,
    no_identifier_comes_back,
    sample_notes_and_back,
    segments_and_context,
    scopes,
    streams_equal_unary,
    live_streams_do_not_depend_on_splits,
    live_text_leaves_before_the_end,
    detect_says_where,
    refusals_are_typed_and_without_text,
    http_by_curl,
    http_refusals,
    metrics_tell_no_text,
]


# Servers of their own.


def certificate(folder):
    """A certificate of 127.0.0.1 that is its own authority, and its key."""
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    made += ["-keyout", "tls.key", "-out", "tls.crt", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
    subprocess.run(made, cwd=folder, check=True, capture_output=True)
    os.chmod(folder / "tls.key", 0o600)
    return folder / "tls.crt", folder / "tls.key"


def tls_and_roles(binary, folder):
    cert, key = certificate(folder)
    tokens = {"indexer": "indexer-" + "a" * 32, "reader": "reader-" + "b" * 32}
    rows = {"indexer": (["deidentify"], ["redact"]), "reader": (["reveal"], None)}
    access = folder / "access.toml"
    access.write_text(ACCESS(tokens, rows), encoding="utf-8")
    access.chmod(0o600)
    flags = ["--key-file", str(folder / "deidre.key"), "--tls-cert", str(cert), "--tls-key", str(key), "--access", str(access)]
    with Server(binary, folder, *flags, "--audit", str(folder / "roles.jsonl")) as server:
        trust = grpc.ssl_channel_credentials(cert.read_bytes())
        nobody, wrong = Client(server.grpc, trust), Client(server.grpc, trust, "wrong-" + MARK.split()[0])
        indexer, reader = (Client(server.grpc, trust, tokens[name]) for name in ("indexer", "reader"))
        text = f"Patient: {MARK}"
        for client in (nobody, wrong):
            refused(lambda: client.scrub(text, policy="redact"), CODES.UNAUTHENTICATED)
            refused(lambda: client.reveal(text), CODES.UNAUTHENTICATED)
        assert "Rosalie" not in indexer.scrub(VISIT, policy="redact").text
        refused(lambda: indexer.scrub(text, policy="surrogate"), CODES.PERMISSION_DENIED)
        refused(lambda: indexer.reveal(text), CODES.PERMISSION_DENIED)
        refused(lambda: reader.scrub(text, policy="redact"), CODES.PERMISSION_DENIED)
        assert reader.reveal("nothing to turn back").text == "nothing to turn back"
        # Three at once and then one in a hundred seconds.
        reader.reveal("nothing"), reader.reveal("nothing")
        status = refused(lambda: reader.reveal(text), CODES.RESOURCE_EXHAUSTED)
        assert any(detail.Is(error_details_pb2.RetryInfo.DESCRIPTOR) for detail in status.details), "no hint when to try again"
        names = [policy.name for policy in indexer.stub.ListPolicies(pb.ListPoliciesRequest(), timeout=10, metadata=indexer.metadata).policies]
        assert names == ["redact"], names
        bearer = ["--cacert", str(cert), "--header"]
        body = {"text": VISIT, "options": {"policy": "redact"}}
        assert curl(server, "/v1/deidentify", body, *bearer, "x-none: 1", scheme="https")[0] == 401
        assert curl(server, "/v1/deidentify", body, *bearer, "authorization: Bearer " + tokens["reader"], scheme="https")[0] == 403
        status, _, answer = curl(server, "/v1/deidentify", body, *bearer, "authorization: Bearer " + tokens["indexer"], scheme="https")
        assert status == 200 and "Rosalie" not in answer
        assert curl(server, "/readyz", None, *bearer, "x-none: 1", scheme="https")[0] == 200
        # In the clear nothing is answered.
        refused(lambda: Client(server.grpc, token=tokens["indexer"]).scrub(text, policy="redact"), CODES.UNAVAILABLE, reason=False)
        # Another token after SIGHUP; the server goes on.
        tokens["indexer"] = "indexer-" + "c" * 32
        access.write_text(ACCESS(tokens, rows), encoding="utf-8")
        server.process.send_signal(signal.SIGHUP)
        again = Client(server.grpc, trust, tokens["indexer"])
        eventually(lambda: "Rosalie" not in again.scrub(VISIT, policy="redact").text)
        refused(lambda: indexer.scrub(text, policy="redact"), CODES.UNAUTHENTICATED)
        assert server.stop() == 0
        written = server.written()
        assert MARK not in written and "Quenby" not in written and "Rosalie" not in written
        assert not any(token in written for token in tokens.values()), "a token in the log"


def client_certificates(binary, folder):
    cert, key = certificate(folder)

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl("req", "-x509", *curve, "-days", "2", "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=authority")
    openssl("req", *curve, "-keyout", "client.key", "-out", "client.csr", "-subj", "/CN=indexer", "-addext", "extendedKeyUsage=clientAuth")
    openssl("x509", "-req", "-copy_extensions", "copy", "-in", "client.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-out", "client.crt")
    access = folder / "access.toml"
    access.write_text('[[identity]]\nname = "indexer"\ncertificate_subject = "CN=indexer"\nroles = ["deidentify"]\n', encoding="utf-8")
    flags = ["--key-file", str(folder / "deidre.key"), "--tls-cert", str(cert), "--tls-key", str(key)]
    with Server(binary, folder, *flags, "--client-ca", str(folder / "ca.crt"), "--access", str(access)) as server:
        roots, text = cert.read_bytes(), f"Patient: {MARK}"
        shown = grpc.ssl_channel_credentials(roots, (folder / "client.key").read_bytes(), (folder / "client.crt").read_bytes())
        assert "Rosalie" not in Client(server.grpc, shown).scrub(VISIT, policy="redact").text
        refused(lambda: Client(server.grpc, shown).reveal(text), CODES.PERMISSION_DENIED)
        refused(lambda: Client(server.grpc, grpc.ssl_channel_credentials(roots)).scrub(text, policy="redact"), CODES.UNAVAILABLE, reason=False)
        body = {"text": VISIT, "options": {"policy": "redact"}}
        mine = ["--cacert", str(cert), "--cert", str(folder / "client.crt"), "--key", str(folder / "client.key")]
        status, _, answer = curl(server, "/v1/deidentify", body, *mine, scheme="https")
        assert status == 200 and "Rosalie" not in answer
        assert server.stop() == 0


def nothing_but_loopback_without_tls(binary, folder):
    for flag in ("--listen", "--http"):
        done = subprocess.run(
            [binary, "serve", "--key-file", str(folder / "deidre.key"), "--listen", "127.0.0.1:0", "--http", "off"][: 4 if flag == "--listen" else 6]
            + [flag, "0.0.0.0:0"], capture_output=True, text=True, timeout=60, cwd=folder, stdin=subprocess.DEVNULL,
        )
        assert done.returncode == 2 and "tls" in done.stderr.lower(), (flag, done.returncode, done.stderr[-300:])


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """Takes traces as an OpenTelemetry collector does."""

    def __init__(self):
        self.requests = []
        self.server = grpc.server(futures.ThreadPoolExecutor(1))
        trace_service_pb2_grpc.add_TraceServiceServicer_to_server(self, self.server)
        self.address = f"http://127.0.0.1:{self.server.add_insecure_port('127.0.0.1:0')}"
        self.server.start()

    def Export(self, request, context):
        self.requests.append(request)
        return trace_service_pb2.ExportTraceServiceResponse()

    def spans(self):
        return [span for request in self.requests for resource in request.resource_spans for scope in resource.scope_spans for span in scope.spans]


def traces_reach_a_collector(binary, folder):
    collector = Collector()
    flags = ["--key-file", str(folder / "deidre.key"), "--otlp", collector.address]
    above = ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    beside = ("tracestate", "vendor=" + MARK.split()[1])
    with Server(binary, folder, *flags) as server:
        client = Client(server.grpc)
        client.metadata = (above, beside, ("x-request-id", "0af76519-0001"))
        client.scrub(VISIT + MARK, policy="redact")
        client.metadata = (above, beside)
        list(client.scrub_stream([VISIT.encode(), MARK.encode()], policy="redact"))
        client.metadata = ()
        refused(lambda: client.scrub(MARK, policy="none of them"), CODES.INVALID_ARGUMENT, CODES.NOT_FOUND)
        assert curl(server, "/v1/detect", {"text": MARK})[0] == 200
        assert curl(server, "/healthz")[0] == 200
        # What was not sent yet is sent at the end.
        assert server.stop() == 0
        written = server.written()
    spans = {(span.name, span.status.code): span for span in collector.spans()}
    names = sorted(span.name for span in collector.spans())
    assert names == ["Deidentify", "Deidentify", "DeidentifyStream", "Detect"], names
    parent = bytes.fromhex("b7ad6b7169203331")
    for name in ("Deidentify", "DeidentifyStream"):
        span = spans[name, 0]
        told = {attribute.key: attribute.value for attribute in span.attributes}
        assert span.trace_id.hex() == "0af7651916cd43dd8448eb211c80319c" and span.parent_span_id == parent, span
        assert told["rpc.grpc.status"].string_value == "OK" and told["deidre.detect_us"].int_value > 0, told
        took = span.end_time_unix_nano - span.start_time_unix_nano
        assert took > 1000 * told["deidre.detect_us"].int_value, (took, told)
    told = {attribute.key: attribute.value.string_value for attribute in spans["Deidentify", 0].attributes}
    assert told["deidre.request_id"] == "0af76519-0001", told
    assert not spans["Detect", 0].parent_span_id and len(spans["Detect", 0].trace_id) == 16
    assert ("Deidentify", 2) in spans, "the refusal is an error"
    sent = b"".join(request.SerializeToString() for request in collector.requests)
    for word in [*IDENTIFIERS, *MARK.split()]:
        assert word.encode() not in sent and word not in written
    # A collector that is away costs spans and nothing else.
    collector.server.stop(None)
    with Server(binary, folder, *flags) as server:
        assert "Rosalie" not in Client(server.grpc).scrub(VISIT, policy="redact").text
        assert server.stop() == 0


def vault_tokens_stay(binary, folder):
    flags = ["--key-file", str(folder / "deidre.key"), "--vault", str(folder / "deidre.vault"), "--open-loopback", "--audit", str(folder / "vault.jsonl")]
    with Server(binary, folder, *flags) as server:
        client = Client(server.grpc)
        first = client.scrub(VISIT, policy="safe-harbor").text
        for identifier in IDENTIFIERS:
            assert identifier not in first
        # The year is what safe harbor lets stand of a date.
        assert "2025" in first and TOKEN.search(first)
        assert server.stop() == 0
    with Server(binary, folder, *flags) as server:
        client = Client(server.grpc)
        assert client.scrub(VISIT, policy="safe-harbor").text == first, "the vault forgot"
        assert "Rosalie Tennant" in client.reveal(first).text
        assert server.stop() == 0


def vault_killed_and_back_under_load(binary, folder):
    """While the vault's server is away, requests that need it are refused and nothing else happens; tokens are the same after."""
    place = pathlib.Path(tempfile.mkdtemp(prefix="deidre-vault-"))
    place.chmod(0o755)

    def postgres(verb):
        done = subprocess.run([ROOT / ".ci/postgres", verb, place], check=True, capture_output=True, text=True, timeout=300)
        return re.search(r"DEIDRE_TEST_POSTGRES='([^']+)'", done.stdout)

    try:
        url = postgres("start").group(1)
        flags = ["--key-file", str(folder / "deidre.key"), "--no-model", "--open-loopback", "--audit", str(folder / "killed.jsonl")]
        with Server(binary, folder, *flags, environment={"DEIDRE_VAULT": url}) as server:
            client, lock, outcomes, ending = Client(server.grpc), threading.Lock(), [], threading.Event()
            expected = client.scrub(VISIT, policy="safe-harbor").text
            assert "Rosalie" not in expected and TOKEN.search(expected)

            def ask(number):
                for count in range(1_000_000):
                    if ending.is_set():
                        return
                    # Names that the vault has not seen, beside those that it has.
                    extra = f"\n\nSeen by Dr. Quilla Ost{'abcdefghij'[number]}{'rstuvwxyz'[count % 9]}{'mnop'[count % 4]}berg today.\n"
                    began = time.monotonic()
                    try:
                        text = client.scrub(VISIT + extra, policy="safe-harbor").text
                        outcome = "right" if text.startswith(expected.rstrip()) and "berg" not in text else "wrong"
                    except grpc.RpcError as error:
                        outcome = error.code()
                    with lock:
                        outcomes.append((began, outcome))

            def after(moment, wanted, seconds=30):
                """Until an outcome of a request that began after `moment` is the wanted one."""
                def seen():
                    with lock:
                        return any(began > moment and outcome == wanted for began, outcome in outcomes)
                eventually(seen, seconds)

            threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
            for thread in threads:
                thread.start()
            try:
                after(0, "right")
                for _ in range(2):
                    postgres("crash")
                    gone = time.monotonic()
                    after(gone, CODES.UNAVAILABLE)
                    # What needs no vault is answered meanwhile.
                    assert "Rosalie" not in client.scrub(VISIT, policy="redact").text
                    postgres("start")
                    after(time.monotonic(), "right")
            finally:
                ending.set()
                for thread in threads:
                    thread.join(90)
            kinds = collections.Counter(outcome for _, outcome in outcomes)
            assert set(kinds) <= {"right", CODES.UNAVAILABLE, CODES.DEADLINE_EXCEEDED}, kinds
            assert client.scrub(VISIT, policy="safe-harbor").text == expected, "other tokens than before"
            assert "Rosalie Tennant" in client.reveal(expected).text
            assert server.stop() == 0
            assert "Rosalie" not in server.written() and "Quilla" not in server.written()
            print("  " + ", ".join(f"{count} {getattr(kind, 'name', kind)}" for kind, count in kinds.items()))
    finally:
        postgres("stop")


def no_accepted_request_is_lost(binary, folder):
    text = "\n".join(text for text, _ in notes(100))
    with Server(binary, folder, "--key-file", str(folder / "deidre.key"), "--max-in-flight", "8") as server:
        client, outcomes, lock = Client(server.grpc), [], threading.Lock()
        expected, ending = client.scrub(text, policy="redact").text, threading.Event()

        def ask():
            while not ending.is_set():
                try:
                    outcome = client.scrub(text, policy="redact").text == expected
                except grpc.RpcError as error:
                    outcome = error.code()
                with lock:
                    outcomes.append(outcome)
                if not isinstance(outcome, bool):
                    return

        threads = [threading.Thread(target=ask) for _ in range(6)]
        for thread in threads:
            thread.start()
        time.sleep(1.5)
        # A stream that was begun before the end is answered to its end.
        begun, going = threading.Event(), threading.Event()

        def requests():
            yield pb.DeidentifyStreamRequest(start=pb.StreamOptions(options=pb.Options(policy="redact")))
            yield pb.DeidentifyStreamRequest(chunk=VISIT.encode()[:300])
            begun.set()
            going.wait(20)
            yield pb.DeidentifyStreamRequest(chunk=VISIT.encode()[300:])

        whole = client.scrub(VISIT, policy="redact").text
        answers = client.stub.DeidentifyStream(requests(), timeout=60)
        assert begun.wait(20)
        time.sleep(0.3)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        going.set()
        assert "".join(answer.scrubbed.text for answer in answers if answer.WhichOneof("message") == "scrubbed") == whole
        ending.set()
        for thread in threads:
            thread.join(60)
        assert server.stop() == 0
        assert outcomes.count(True) > 0 and False not in outcomes, "an answer is wrong"
        # Those who came too late are told so; none of those that were accepted breaks off.
        assert {o for o in outcomes if o is not True} <= {CODES.UNAVAILABLE}, outcomes
        print(f"  {outcomes.count(True)} answered, {len(outcomes) - outcomes.count(True)} turned away")


def floods_are_refused_at_once(binary, folder):
    text = "\n".join(text for text, _ in notes(20))
    with Server(binary, folder, "--key-file", str(folder / "deidre.key"), "--max-in-flight", "2", "--jobs", "1") as server:
        client = Client(server.grpc)
        calls = [
            client.stub.Deidentify.future(pb.DeidentifyRequest(text=text, options=pb.Options(policy="redact")), timeout=60) for _ in range(40)
        ]
        codes = [call.code() for call in calls]
        assert set(codes) == {CODES.OK, CODES.RESOURCE_EXHAUSTED}, set(codes)
        late = next(call for call in calls if call.code() == CODES.RESOURCE_EXHAUSTED)
        status = rpc_status.from_call(late)
        hints = [detail for detail in status.details if detail.Is(error_details_pb2.RetryInfo.DESCRIPTOR)]
        assert hints, "no hint when to try again"
        print(f"  {codes.count(CODES.OK)} answered, {codes.count(CODES.RESOURCE_EXHAUSTED)} refused")
        assert client.scrub(VISIT, policy="redact").text and server.stop() == 0


ALONE = [tls_and_roles, client_certificates, nothing_but_loopback_without_tls, traces_reach_a_collector, vault_tokens_stay, vault_killed_and_back_under_load, no_accepted_request_is_lost, floods_are_refused_at_once]


def ACCESS(tokens, rows):
    out = ["[limits]", "reveal = { rate = 0.01, burst = 3 }"]
    for name, (roles, policies) in rows.items():
        digest = hashlib.sha256(tokens[name].encode()).hexdigest()
        out.append(f'[[identity]]\nname = "{name}"\ntoken_sha256 = "{digest}"\nroles = {json.dumps(roles)}')
        if policies is not None:
            out.append(f"policies = {json.dumps(policies)}")
    return "\n".join(out) + "\n"


def eventually(check, seconds=10):
    end = time.monotonic() + seconds
    while True:
        try:
            assert check()
            return
        except (AssertionError, grpc.RpcError):
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def stubs(folder):
    include = importlib.resources.files("grpc_tools") / "_proto"
    arguments = ["protoc", f"-I{ROOT / 'proto'}", f"-I{include}", f"--python_out={folder}", f"--grpc_python_out={folder}", PROTO]
    assert protoc.main(arguments) == 0, "the proto does not compile"
    sys.path.insert(0, str(folder))
    return importlib.import_module("deidre.v1.deidre_pb2"), importlib.import_module("deidre.v1.deidre_pb2_grpc")


def main():
    global pb, pb_grpc
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    binary, wanted = str(pathlib.Path(sys.argv[1]).resolve()), sys.argv[2:]
    assert shutil.which("curl") and shutil.which("openssl"), "curl and openssl are needed"
    passed, failed = 0, []

    def check(name, run):
        nonlocal passed
        if wanted and not any(part in name for part in wanted):
            return
        start = time.monotonic()
        try:
            run()
            passed += 1
            result = "ok"
        except Exception:
            traceback.print_exc()
            failed.append(name)
            result = "FAILED"
        print(f"{name} {result} ({time.monotonic() - start:.1f} s)", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "stubs").mkdir()
        pb, pb_grpc = stubs(folder / "stubs")
        subprocess.run([binary, "key", "new", "--out", "deidre.key"], cwd=folder, check=True, capture_output=True)
        trail = folder / "audit.jsonl"
        flags = ["--key-file", str(folder / "deidre.key"), "--open-loopback", "--audit", str(trail)]
        with Server(binary, folder, *flags) as server:
            client = Client(server.grpc)
            for run in LOOPBACK:
                check(run.__name__, lambda: run(server, client))

            def ends_and_tells_nothing():
                assert server.stop() == 0
                written = server.written() + (trail.read_text(encoding="utf-8") if trail.exists() else "")
                for word in [*IDENTIFIERS, "Quenby", "Zarathustrova", "Azathioprine"]:
                    assert word not in written, f"text of a request, number {IDENTIFIERS.index(word) if word in IDENTIFIERS else word}"
                if trail.exists():
                    verify = [binary, "audit", "verify", str(trail), "--key-file", str(folder / "deidre.key")]
                    done = subprocess.run(verify, cwd=folder, capture_output=True, text=True)
                    assert done.returncode == 0, done.stderr

            check("ends_and_tells_nothing", ends_and_tells_nothing)
        for run in ALONE:
            own = folder / run.__name__
            own.mkdir()
            shutil.copy(folder / "deidre.key", own)
            check(run.__name__, lambda: run(binary, own))
    print(f"{passed} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
