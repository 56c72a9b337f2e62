#!/usr/bin/env python3
"""Compares a scrubbed FHIR export with the original: does each reference that resolved still resolve, to the same resource; does
every value have the same type and place; are dates, instants and ids still what FHIR says they are?

usage: fhir.py BEFORE AFTER     exits with 1 when anything differs; prints counts, no values
"""
import json, os, re, sys

DATE = re.compile(r"\d{4}(-\d\d(-\d\d(T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))?)?)?$")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$")
ID = re.compile(r"[A-Za-z0-9.-]{1,64}$")
DATES = ("Date", "DateTime", "birthDate", "authoredOn", "recorded", "date", "start", "end", "sent", "received", "expirationDate", "manufactureDate")


def load(folder):
    out = []
    for name in sorted(os.listdir(folder)):
        text = open(os.path.join(folder, name), encoding="utf-8").read()
        values = [json.loads(text)] if name.endswith(".json") else [json.loads(l) for l in text.splitlines() if l.strip()]
        out.extend((name, number, value) for number, value in enumerate(values))
    return out


def walk(value, path=()):
    yield path, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from walk(inner, path + (key,))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from walk(inner, path + (number,))


def targets(records):
    """What references may point at: name -> where it is."""
    out = {}
    for name, number, value in records:
        for path, inner in walk(value):
            if isinstance(inner, dict) and isinstance(inner.get("resourceType"), str) and isinstance(inner.get("id"), str):
                place = (name, number, path)
                out.setdefault(f"{inner['resourceType']}/{inner['id']}", place)
                out.setdefault(f"urn:uuid:{inner['id']}", place)
                out.setdefault((name, number, "#" + inner["id"]), place)
            if isinstance(inner, dict) and isinstance(inner.get("fullUrl"), str):
                out.setdefault(inner["fullUrl"], (name, number, path + ("resource",)))
    return out


def resolved(records):
    known, out = targets(records), {}
    for name, number, value in records:
        for path, inner in walk(value):
            if path and path[-1] == "reference" and isinstance(inner, str):
                bare = re.sub(r"/_history/[^/]*$", "", inner)
                tail = "/".join(bare.split("/")[-2:])
                out[name, number, path] = known.get(bare) or known.get((name, number, bare)) or known.get(tail)
    return out


def kind(value):
    """Numbers are of one kind, true and false of another."""
    return float if type(value) is int else type(value)


def main():
    before, after = load(sys.argv[1]), load(sys.argv[2])
    faults = []
    if [r[:2] for r in before] != [r[:2] for r in after]:
        faults.append("records differ in number")
    old, new = resolved(before), resolved(after)
    had = {place: to for place, to in old.items() if to}
    kept = sum(new.get(place) == to for place, to in had.items())
    print(f"references {len(old)}, resolved before {len(had)}, resolved after to the same {kept}, resolved after {sum(map(bool, new.values()))}")
    if kept < len(had):
        faults.append("references are broken")
    shapes = dates = ids = 0
    for (name, number, a), (_, _, b) in zip(before, after):
        one, two = dict(walk(a)), dict(walk(b))
        if {p: kind(v) for p, v in one.items()} != {p: kind(v) for p, v in two.items()}:
            shapes += 1
        for path, value in two.items():
            was = one.get(path)
            if not isinstance(value, str) or not isinstance(was, str) or not path:
                continue
            if INSTANT.match(was) and path[-1] in ("lastUpdated", "issued", "instant") and not INSTANT.match(value):
                dates += 1
            elif DATE.match(was) and str(path[-1]).endswith(DATES) and not DATE.match(value):
                dates += 1
            if path[-1] == "id" and ID.match(was) and not ID.match(value):
                ids += 1
    print(f"records {len(before)}, of another shape {shapes}; dates that are none {dates}; ids that are none {ids}")
    if shapes or dates or ids or faults:
        print("faults: " + ", ".join(faults or ["see above"]))
        return 1
    return 0


sys.exit(main())
