"""Deidre as a process: what it finds in the notes, and how long the search alone takes."""
import json
import os
import statistics
import subprocess
import threading
import time

import measure

# A row each: what it is called, what is added to `deidre detect`, how many copies of the notes are timed, and what it is. The
# model remembers windows that it has seen, so that a second copy would cost it next to nothing: it gets one. Rules remember
# words only, as other engines do, and one copy would be over before it could be timed.
ROWS = [
    ("deidre", [], 1, "default model, nothing in its memory"),
    ("deidre --model accurate", ["--model", "accurate"], 1, "nothing in the model's memory"),
    ("deidre --no-model", ["--no-model"], 40, "rules and dictionaries"),
]
LEAST_PAIRS = 5
LATE = "took longer than --timeout"


class Failed(Exception):
    """Deidre did not do what was asked; holds no text of notes."""


def version(binary):
    return ask([binary, "--version"]).split()[-1]


def notes(binary, gold):
    """The notes of `gold` in any format that `deidre eval` reads: dictionaries with id, text and spans."""
    # Not by splitlines: what it takes for the end of a line may stand in a text.
    lines = ask([binary, "model", "clues", gold]).rstrip("\n").split("\n")[1:]
    return [{key: note[key] for key in ("id", "text", "spans")} for note in map(json.loads, lines)]


def score(binary, gold, found, count):
    """What `deidre eval` says of the predictions in `found`, which must be of all `count` notes."""
    quality = json.loads(ask([binary, "eval", gold, "--predictions", found, "--json"]))
    with open(found, encoding="utf-8") as file:
        given = sum(1 for _ in file)
    if not quality["docs"] == given == count:
        raise Failed("%d predictions for %d notes" % (given, quality["docs"]))
    return quality


def run(binary, row, job):
    """Searches the notes of `job`, writes what was found, and gives the measurement.

    Times are differences: a run over the greeting and the notes, less a run over the greeting alone, each in a process of its
    own, in turns; the median of them counts.
    """
    _, options, copies, what = row
    command = [binary, "detect", "--jobs", "1", *options]
    short, long = job.file("greeting.jsonl"), job.file("notes-%d.jsonl" % copies)
    greeting = measure.line(0, measure.GREETING)
    with open(short, "w", encoding="utf-8") as file:
        file.write(greeting)
    with open(long, "w", encoding="utf-8") as file:
        file.write(greeting)
        for _ in range(copies):
            file.writelines(measure.line(note["id"], note["text"]) for note in job.notes)

    starts, searches, walls, memory = [], [], [], 0
    end = time.monotonic() + job.seconds
    while len(searches) < LEAST_PAIRS or time.monotonic() < end:
        start = timed(command + [short], job, job.file("greeting.found"))
        whole = timed(command + [long], job, job.file("long.found"))
        starts.append(start.processor)
        searches.append((whole.processor - start.processor) / copies)
        walls.append((whole.wall - start.wall) / copies)
        memory = max(memory, whole.memory)

    with open(job.file("long.found"), encoding="utf-8") as file:
        lines = file.readlines()
    count = len(job.notes)
    first = lines[1 : 1 + count]
    if len(lines) != 1 + count * copies or any(lines[1 + at * count :][:count] != first for at in range(copies)):
        raise Failed("did not find the same in each copy of the notes")
    measure.check_greeting(json.loads(lines[0])["spans"])
    with open(job.found, "w", encoding="utf-8") as file:
        file.writelines(first)
    if statistics.median(searches) <= 0:
        raise Failed("these notes are too short to be timed")
    return {
        "start": statistics.median(starts),
        "search": statistics.median(searches),
        "wall": statistics.median(walls),
        "passes": len(searches),
        "memory": memory,
        "note": what,
    }


class Timed:
    """Of a process that ended: processor seconds, seconds, and the most memory it held, in bytes."""

    def __init__(self, processor, wall, memory):
        self.processor, self.wall, self.memory = processor, wall, memory


def timed(command, job, out):
    """Runs `command` on the core of `job` to its end; standard output goes to the file `out`."""
    begin = time.perf_counter()
    with open(out, "wb") as stdout:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.DEVNULL,
            env=measure.environment(),
            preexec_fn=lambda: os.sched_setaffinity(0, {job.core}),
        )
    late = threading.Timer(max(0, job.deadline - time.monotonic()), process.kill)
    late.start()
    try:
        _, status, usage = os.wait4(process.pid, 0)
    except BaseException:
        process.kill()
        raise
    finally:
        late.cancel()
    wall = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if time.monotonic() > job.deadline:
        raise Failed(LATE)
    if process.returncode != 0:
        raise Failed("`deidre %s` ended with exit code %d" % (command[1], process.returncode))
    return Timed(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss * 1024)


def ask(command):
    """What `command` prints. Its errors name files and lines, never text of notes, and are shown."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8")
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or ["exit code %d" % done.returncode]
        raise Failed(last[0])
    return done.stdout
