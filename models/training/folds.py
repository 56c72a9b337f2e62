#!/usr/bin/env python3
"""Splits annotated notes into folds, so that the evidence a note is shown with was fitted on other notes.

usage: folds.py BASE.jsonl OUTDIR [FOLDS]
BASE.jsonl comes from `deidre model clues`. Writes OUTDIR/fold-K.jsonl (the notes of fold K) and OUTDIR/rest-K.jsonl
(all others, what its evidence is fitted on). Passages of one file stay together.
"""
import json
import sys
import zlib
from pathlib import Path


def fold_of(identity, folds):
    return zlib.crc32(identity.split("#")[0].encode()) % folds


def main(base, out, folds=4):
    out, folds = Path(out), int(folds)
    out.mkdir(parents=True, exist_ok=True)
    notes = [json.loads(line) for line in open(base, encoding="utf-8")][1:]
    for k in range(folds):
        with open(out / f"fold-{k}.jsonl", "w", encoding="utf-8") as own, open(out / f"rest-{k}.jsonl", "w", encoding="utf-8") as rest:
            for note in notes:
                note.pop("words", None)
                f = own if fold_of(note["id"], folds) == k else rest
                f.write(json.dumps(note, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
