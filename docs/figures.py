#!/usr/bin/env python3
"""Writes the table per label into a page, between <!-- figures --> and <!-- /figures -->.

usage: deidre eval GOLD --json | figures.py docs/quality.md
"""
import json, re, sys

page = sys.argv[1]
data = json.load(sys.stdin)

def share(of, name):
    value = of[name]
    if value is None:
        return "-"
    low, high = of["intervals"][name]
    return f"{value:.3f} ({low:.3f}-{high:.3f})"

rows = ["| label | elements | caught | element recall | character precision | false spans |", "|---|---|---|---|---|---|"]
for name, of in list(data["labels"].items()) + [("all", data)]:
    cells = [name, of["elements"], of["caught"], share(of, "element_recall"), share(of, "char_precision"), of["false_spans"]]
    rows.append("| " + " | ".join(map(str, cells)) + " |")
clean = f"{data['clean']} of {data['docs']} documents without a leak, {data['false_spans_per_doc']:.2f} false spans a document."
table = "<!-- figures -->\n\n" + "\n".join(rows) + f"\n\n{clean}\n\n<!-- /figures -->"
text = open(page, encoding="utf-8").read()
text, count = re.subn(r"<!-- figures -->.*<!-- /figures -->", lambda _: table, text, flags=re.S)
if count != 1:
    sys.exit(f"{page}: no place for figures")
open(page, "w", encoding="utf-8").write(text)
