#!/usr/bin/env python3
"""Lists training notes that share text with a set that is measured on: they must be rewritten or left out.

usage: overlap.py MEASURED.jsonl NOTES...
A note shares text when five words in a row, two of them longer than three letters, or a marked value of two or more words or
three or more digits (dates and what may stay left out) stand in both. Prints file, passage and kind, never the text; exits with
1 when there is one. Formulas that everybody writes ("thank you for asking me ...") are listed too: look before leaving out.
"""
import json
import re
import sys
from pathlib import Path

FREE = {"AGE", "YEAR", "STATE", "COUNTRY", "AGE90", "PROFESSION", "ORG_OK", "DATE"}
TAG = re.compile(r"\[\[([A-Z0-9_]+):(.*?)\]\]", re.S)


def words(text):
    return re.findall(r"\w+", text.lower())


def grams(text):
    w = words(text)
    fives = (tuple(w[i:i + 5]) for i in range(len(w) - 4))
    return {g for g in fives if sum(len(x) > 3 for x in g) >= 2}


def distinct(label, value):
    value = " ".join(words(value))
    return value if label not in FREE and len(value) >= 6 and (" " in value or re.search(r"\d{3}", value)) else None


def main(measured, *notes):
    known, values = set(), set()
    for line in open(measured, encoding="utf-8"):
        note = json.loads(line)
        known |= grams(note["text"])
        values |= {distinct(s["type"], note["text"][s["start"]:s["end"]]) for s in note["spans"]}
    values.discard(None)
    shared = 0
    for path in (f for n in notes for f in ([Path(n)] if Path(n).is_file() else sorted(Path(n).rglob("*.txt")))):
        for number, part in enumerate(re.split(r"^---\s*$", path.read_text(encoding="utf-8"), flags=re.M), 1):
            text = grams(TAG.sub(r"\2", part)) & known
            value = {distinct(*m.groups()) for m in TAG.finditer(part)} & values
            if text or value:
                shared += 1
                print(f"{path}, passage {number}: {'text' if text else 'value'}")
    sys.exit(1 if shared else 0)


main(*sys.argv[1:])
