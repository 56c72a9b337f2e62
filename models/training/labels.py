#!/usr/bin/env python3
"""Turns entity labels of other domains into notes that teach names: persons are NAME, all else is ORG_OK,
which training does not learn from in notes of this kind.

usage: labels.py DIR OUT.jsonl
DIR holds *.jsonl.gz of {"id", "text", "spans"}. Nothing of it is committed.
"""
import gzip
import json
import sys
from pathlib import Path

PERSONS = {"PER", "PERSON", "person", "researcher", "scientist", "politician", "writer", "musicalartist", "FIRSTNAME", "SURNAME"}
# Faker's sentences are a language of their own: a few of them.
FEW = {"presidio_generated_large": 6, "kiji_e2e": 3}


def main(source, out):
    with open(out, "w", encoding="utf-8") as f:
        for path in sorted(Path(source).glob("*.jsonl.gz")):
            name = path.name.removesuffix(".jsonl.gz")
            for number, line in enumerate(gzip.open(path, "rt", encoding="utf-8")):
                if number % FEW.get(name, 1):
                    continue
                note = json.loads(line)
                spans, end = [], 0
                for s in sorted(note["spans"], key=lambda s: (s["start"], -s["end"])):
                    if s["start"] < end or s["end"] <= s["start"]:
                        continue
                    text = note["text"][s["start"]:s["end"]]
                    # GUM calls "the man" a person too.
                    if s["type"] in PERSONS and text[:1].isupper() and not text.lower().startswith(("the ", "a ", "an ", "our ", "my ")):
                        kind = "NAME"
                    else:
                        kind = "ORG_OK"
                    spans.append({"start": s["start"], "end": s["end"], "type": kind})
                    end = s["end"]
                f.write(json.dumps({"id": f"{name}/{number}", "kind": "labels", "text": note["text"], "spans": spans}, ensure_ascii=False) + "\n")


main(*sys.argv[1:])
