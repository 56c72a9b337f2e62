#!/usr/bin/env python3
"""Checks figures against the least they must be.

usage: at_least.py shares|figures FILE.json NAME=LEAST...
shares: {"stat": {NAME: [of, reached]}}, as check.py of the sample exports prints; figures: {NAME: figure}, as `deidre eval
--json` prints. Prints a line for each and exits with 1 when one is below, or is not there at all.
"""
import json, sys

kind, file, *least = sys.argv[1:]
data = json.load(open(file, encoding="utf-8"))
failed = False
for name, bound in (pair.split("=") for pair in least):
    if kind == "shares":
        of, reached = data["stat"].get(name, (0, 0))
        figure = reached / of if of else 0.0
    else:
        figure = data.get(name) or 0.0
    low = figure < float(bound)
    failed |= low
    print(f"{name:16} {figure:.4f}  at least {bound}{'  TOO LOW' if low else ''}")
if kind == "shares" and data["unread"]:
    failed = True
    print("cannot be read any more:", *(f"{f} ({why})" for f, why, _ in data["unread"]))
sys.exit(failed)
