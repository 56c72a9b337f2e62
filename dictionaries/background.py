#!/usr/bin/env python3
"""Makes ordinary clinical notes for `deidre dictionary fit --background` out of mtsamples_slots (see ../shared/background).

usage: background.py mtsamples_slots.jsonl.gz OUT.jsonl
The slots are marked persons, dates and ages; placeholders ("Dr. X") get surnames from the census list, notes with
placeholders of another kind or with leftover facilities are left out. Nothing of it is committed.
"""
import gzip, json, random, sys
from pathlib import Path

def main(source, out):
    draw = random.Random(7)
    names = [l.split("\t")[0].title() for l in open(Path(__file__).parent / "sources" / "surnames_census.tsv", encoding="utf-8")][1:20000]
    weights = [1 / (i + 30) for i in range(len(names))]
    with open(out, "w", encoding="utf-8") as f:
        for line in gzip.open(source, "rt", encoding="utf-8"):
            d = json.loads(line)
            if any(s["type"] not in ("DATE", "PERSON_TITLED", "PERSON_CRED", "AGE90", "PHONE") for s in d["spans"]) or len(d["text"]) > 12000:
                continue
            text, spans, at, same = "", [], 0, {}
            for s in sorted(d["spans"], key=lambda s: s["start"]):
                if s["start"] < at:
                    continue
                text += d["text"][at:s["start"]]
                value, label = d["text"][s["start"]:s["end"]], s["type"]
                if label.startswith("PERSON"):
                    label = "NAME"
                    value = same.setdefault(value, draw.choices(names, weights)[0])
                spans.append({"start": len(text), "end": len(text) + len(value), "type": label})
                text += value
                at = s["end"]
            text += d["text"][at:]
            f.write(json.dumps({"id": d["id"], "kind": "background", "text": text, "spans": spans}, ensure_ascii=False) + "\n")

main(*sys.argv[1:3])
