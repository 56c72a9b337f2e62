"""One peer in a process of its own: loads it, searches the notes, writes what it found and how long it took.

usage: search.py ENGINE CORE SECONDS NOTES.jsonl FOUND.jsonl TOLD.json

Run by peers.py in the peers' virtual environment. TOLD.json is {"error"} or the measurement. What an engine says on its
own is not shown, nor the message of what it raises once it has seen a note: both may hold text of notes.
"""
import json
import os
import resource
import statistics
import sys
import time


def main(name, core, seconds, notes, found, told):
    os.sched_setaffinity(0, {int(core)})
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    try:
        said = measured(name, float(seconds), notes, found)
    except Fault as fault:
        said = {"error": str(fault)}
    with open(told, "w", encoding="utf-8") as file:
        json.dump(said, file)


class Fault(Exception):
    """Why an engine could not be measured; holds no text of notes."""


def measured(name, seconds, notes, found):
    import engines
    import measure

    try:
        engine = engines.BY_NAME[name]()
        spans = as_dictionaries(engine, measure.GREETING, engine.search(measure.GREETING))
        measure.check_greeting(spans)
    except Exception as error:
        raise Fault("does not start: %s: %s" % (type(error).__name__, first_line(error))) from None
    start = time.process_time()

    with open(notes, encoding="utf-8") as file:
        notes = [json.loads(line) for line in file]
    texts = [note["text"] for note in notes]
    searches, walls, results = [], [], None
    try:
        while results is None or sum(walls) < seconds:
            processor, wall, apart = time.process_time(), time.perf_counter(), engine.not_counted
            results = [engine.search(text) for text in texts]
            apart = engine.not_counted - apart
            searches.append(time.process_time() - processor - apart)
            walls.append(time.perf_counter() - wall - apart)
    except Exception as error:
        raise Fault("breaks off on a note: %s" % type(error).__name__) from None
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

    try:
        with open(found, "w", encoding="utf-8") as file:
            for note, result in zip(notes, results):
                spans = as_dictionaries(engine, note["text"], result)
                file.write(json.dumps({"id": note["id"], "spans": spans}) + "\n")
    except Exception as error:
        raise Fault("gives what is no span: %s" % type(error).__name__) from None
    return {
        "start": start,
        "search": statistics.median(searches),
        "wall": statistics.median(walls),
        "passes": len(searches),
        "memory": memory,
        "note": engine.note,
    }


def as_dictionaries(engine, text, result):
    import measure

    spans = list(engine.spans(text, result))
    for span in spans:
        measure.check_span(span, text)
    return [{"start": start, "end": end, "type": label} for start, end, label in spans]


def first_line(error):
    return (str(error).strip().splitlines() or [""])[0][:200]


if __name__ == "__main__":
    main(*sys.argv[1:])
