#!/usr/bin/env python3
"""Indexes the sample notes in Qdrant as they are and as they come from the service, asks the same 50 questions of both, and
prints recall@10: the share of questions whose note is among the first ten answers.

usage: retrieval.py --start DEIDRE | --server HOST:PORT  [--policy NAME]... [--store URL|DIR]
See README.md beside this file.
"""

import argparse
import contextlib
import importlib
import importlib.resources
import json
import math
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import zlib
from concurrent.futures import ThreadPoolExecutor

import grpc
import numpy
from grpc_tools import protoc
from qdrant_client import QdrantClient, models

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PROTO = "deidre/v1/deidre.proto"
TAG = re.compile(r"\[\[([A-Z0-9_]+):(.*?)\]\]", re.S)
# What safe-harbor and minimum-necessary let stand, and tags that mark what is no identifier.
STAYS = {"STATE", "COUNTRY", "AGE", "ORG_OK"}
DIMENSIONS = 4096
K = 10


def stubs(folder):
    """The client's modules, generated from the proto."""
    include = importlib.resources.files("grpc_tools") / "_proto"
    arguments = ["protoc", f"-I{ROOT / 'proto'}", f"-I{include}", f"--python_out={folder}", f"--grpc_python_out={folder}", PROTO]
    if protoc.main(arguments) != 0:
        sys.exit("the proto does not compile")
    sys.path.insert(0, folder)
    return importlib.import_module("deidre.v1.deidre_pb2"), importlib.import_module("deidre.v1.deidre_pb2_grpc")


def notes(folder, limit):
    """Name, text without the annotation's tags, and the annotated identifiers of each sample note."""
    out = []
    for path in sorted(folder.glob("*/*.txt"))[:limit]:
        tagged = re.sub(r"\A#type:.*\n", "", path.read_text(encoding="utf-8"))
        found = [(m.group(1), m.group(2)) for m in TAG.finditer(tagged) if m.group(1) not in STAYS]
        out.append((f"{path.parent.name}/{path.stem}", TAG.sub(r"\2", tagged), found))
    return out


def terms(text):
    """Words, and how long ones begin. A token's code is a word like any other, so equal tokens meet."""
    for word in re.findall(r"[a-z0-9]+(?:[.'][a-z0-9]+)*", text.lower()):
        yield word
        if len(word) > 6 and word.isalpha():
            yield word[:5] + "*"


class Embedding:
    """TF-IDF hashed to a vector of fixed length: deterministic, without a model to download. Put your own in its place."""

    def __init__(self, texts):
        self.documents = len(texts)
        self.seen = {}
        for text in texts:
            for term in set(terms(text)):
                self.seen[term] = self.seen.get(term, 0) + 1

    def __call__(self, text):
        counts = {}
        for term in terms(text):
            counts[term] = counts.get(term, 0) + 1
        vector = numpy.zeros(DIMENSIONS, dtype=numpy.float32)
        for term, count in counts.items():
            digest = zlib.crc32(term.encode())
            sign = 1 if digest >> 31 else -1
            rarity = math.log((1 + self.documents) / (0.5 + self.seen.get(term, 0)))
            vector[digest % DIMENSIONS] += sign * (1 + math.log(count)) * rarity
        length = numpy.linalg.norm(vector)
        return vector / length if length else vector


def index(store, name, corpus):
    """Puts (note, text) pairs into a collection of their own; gives back the embedding that questions must use."""
    embed = Embedding([text for _, text in corpus])
    if store.collection_exists(name):
        store.delete_collection(name)
    size = models.VectorParams(size=DIMENSIONS, distance=models.Distance.COSINE)
    store.create_collection(name, vectors_config=size)
    points = [
        models.PointStruct(id=number, vector=embed(text).tolist(), payload={"note": note, "text": text})
        for number, (note, text) in enumerate(corpus)
    ]
    for start in range(0, len(points), 100):
        store.upsert(name, points[start : start + 100])
    return embed


def recall(store, name, embed, questions):
    """The share of questions whose note is among the first ten."""
    found = 0
    for question, note in questions:
        hits = store.query_points(name, query=embed(question).tolist(), limit=K).points
        found += any(hit.payload["note"] == note for hit in hits)
    return found / max(len(questions), 1)


def by_name(corpus, questions):
    """Questions that only a name answers, for the same notes: that name must stand in no other note."""
    wanted, out = {note for _, note in questions}, []
    everything = [(note, text.lower()) for note, text, _ in corpus]
    for note, _, found in corpus:
        names = [value for label, value in found if label == "NAME" and re.fullmatch(r"[^\W\d_]{3,} [^\W\d_]{3,}", value)]
        alone = [v for v in names if [n for n, text in everything if v.lower() in text] == [note]]
        if note in wanted and alone:
            out.append((f"What do we know of the patient {alone[0]}?", note))
    return out


class Service:
    """Texts in, scrubbed texts out."""

    def __init__(self, arguments, folder):
        self.pb, grpc_stubs = stubs(folder)
        options = [("grpc.max_receive_message_length", 16 << 20)]
        if arguments.ca:
            roots = pathlib.Path(arguments.ca).read_bytes()
            channel = grpc.secure_channel(arguments.server, grpc.ssl_channel_credentials(roots), options)
        else:
            channel = grpc.insecure_channel(arguments.server, options)
        self.stub = grpc_stubs.DeidreStub(channel)
        self.metadata = ()
        if arguments.token_file:
            token = pathlib.Path(arguments.token_file).read_text(encoding="utf-8").strip()
            self.metadata = (("authorization", f"Bearer {token}"),)

    def scrub(self, policy, text):
        # One scope for the corpus and the questions: a name in a question becomes the token, or the stand-in, that stands in
        # the notes. Stand-ins go by document, so here all is one.
        options = self.pb.Options(policy=policy, scope=self.pb.SCOPE_CORPUS, document="corpus")
        request = self.pb.DeidentifyRequest(options=options, text=text)
        for attempt in range(6):
            try:
                return self.stub.Deidentify(request, timeout=60, metadata=self.metadata).text
            except grpc.RpcError as error:
                # Refused for lack of a permit: the only fault that trying again mends.
                if error.code() != grpc.StatusCode.RESOURCE_EXHAUSTED or attempt == 5:
                    raise
                time.sleep(0.05 * 2**attempt)

    def scrub_all(self, policy, texts):
        with ThreadPoolExecutor(4) as pool:
            return list(pool.map(lambda text: self.scrub(policy, text), texts))


@contextlib.contextmanager
def started(binary):
    """A server of its own, with a new key, on free ports; its gRPC address."""
    with tempfile.TemporaryDirectory() as folder:
        key = str(pathlib.Path(folder) / "deidre.key")
        subprocess.run([binary, "key", "new", "--out", key], check=True, capture_output=True)
        command = [binary, "serve", "--listen", "127.0.0.1:0", "--http", "off", "--key-file", key, "--log", "warn"]
        server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        try:
            address = next((m.group(1) for m in (re.search(r"listening grpc=(\S+)", line) for line in server.stderr) if m), None)
            if address is None:
                sys.exit("the server does not listen")
            yield address
        finally:
            server.terminate()
            server.wait(60)


def left(corpus, scrubbed):
    """How many of the annotated identifiers of four characters and more still stand in their note."""
    values = [(value, text) for (_, _, found), text in zip(corpus, scrubbed) for _, value in found if len(value) >= 4]
    return sum(value in text for value, text in values), len(values)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--start", metavar="DEIDRE", help="binary to start a server of its own with")
    parser.add_argument("--server", default="127.0.0.1:50051", help="gRPC address of deidre serve")
    parser.add_argument("--ca", help="file with the authority of the server's certificate, for TLS")
    parser.add_argument("--token-file", help="file with a bearer token")
    parser.add_argument("--policy", action="append", help="policy to compare, again for more [minimum-necessary, redact, surrogate]")
    parser.add_argument("--store", help="URL of a Qdrant server, or a folder [in memory]")
    parser.add_argument("--notes", type=pathlib.Path, default=ROOT / "datasets" / "notes")
    parser.add_argument("--limit", type=int, help="only so many notes, and the questions that they answer")
    parser.add_argument("--baseline", action="store_true", help="only the notes as they are; needs no service")
    parser.add_argument("--at-least", type=float, default=0.0, help="exit with 1 when recall after is below this share of that before")
    arguments = parser.parse_args()

    corpus = notes(arguments.notes, arguments.limit)
    present = {note for note, _, _ in corpus}
    lines = (HERE / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    questions = [(row["question"], row["note"]) for row in map(json.loads, lines) if row["note"] in present]
    named = by_name(corpus, questions)
    texts = [text for _, text, _ in corpus]
    print(f"{len(corpus)} notes, {len(questions)} questions on their content, {len(named)} by a name")
    print(f"{'index':<20} {'recall@10':>9} {'by name':>8}   identifiers left")

    # What was not scrubbed never leaves this process.
    own = QdrantClient(":memory:")
    embed = index(own, "before", [(note, text) for note, text, _ in corpus])
    before, name_before = recall(own, "before", embed, questions), recall(own, "before", embed, named)
    print(f"{'as they are':<20} {before:>9.2f} {name_before:>8.2f}   all", flush=True)
    if arguments.baseline:
        return 0

    store = own
    if arguments.store:
        store = QdrantClient(url=arguments.store) if "://" in arguments.store else QdrantClient(path=arguments.store)
    good = True
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        if arguments.start:
            arguments.server = stack.enter_context(started(arguments.start))
        service = Service(arguments, folder)
        for policy in arguments.policy or ["minimum-necessary", "redact", "surrogate"]:
            start = time.monotonic()
            scrubbed = service.scrub_all(policy, texts)
            seconds = time.monotonic() - start
            embed = index(store, f"notes-{policy}", list(zip((note for note, _, _ in corpus), scrubbed)))
            # A question is a text like any other: it goes through the service as well.
            asked = list(zip(service.scrub_all(policy, [q for q, _ in questions]), (note for _, note in questions)))
            asked_named = list(zip(service.scrub_all(policy, [q for q, _ in named]), (note for _, note in named)))
            after, name_after = recall(store, f"notes-{policy}", embed, asked), recall(store, f"notes-{policy}", embed, asked_named)
            remain, of = left(corpus, scrubbed)
            print(f"{policy:<20} {after:>9.2f} {name_after:>8.2f}   {remain} of {of} ({100 * remain / max(of, 1):.1f} %), {seconds:.1f} s", flush=True)
            good &= after >= arguments.at_least * before
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
