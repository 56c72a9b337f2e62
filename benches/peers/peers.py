#!/usr/bin/env python3
"""Deidre beside its peers on the same notes: speed on one core, memory, what is found and what is masked without need.

    cargo build --release
    python3 benches/peers/peers.py                                    # all peers, the development set if it is there
    python3 benches/peers/peers.py --quick                            # eight notes: does everything run?
    python3 benches/peers/peers.py GOLD --only cloakrs,philter-lite   # other notes, some peers
    python3 benches/peers/peers.py --record --remark "other work ran"

One engine runs after the other, each in a process of its own with one thread on one core. The peers are installed from the
package index into target/peers/python, at the versions of requirements.txt; one that cannot be had is left out, and it is
said why. Needs Python 3.11 or later, and Linux.

An engine searches the notes again until --seconds are over, and the median counts; the time to load is a figure of its own.
Speeds are bytes of text by seconds of processor time, which other work on the machine disturbs less than the clock on the wall.
Of Deidre the whole command is timed, less what it takes for a line of text: its time holds reading JSON Lines and writing
spans, that of the peers the search alone. All predictions are scored by `deidre eval`.

Peers run as their authors' pages recommend for text in English, with all kinds of entity that they look for by default and no
threshold changed: see engines.py. No text of notes is printed or recorded.

Exit: 0 done, 1 done but engines were left out, 2 could not run.
"""
import argparse
import datetime
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import venv

import engines
import measure
import own
import report

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
WORK = os.path.join(ROOT, "target", "peers")
PYTHON = os.path.join(WORK, "python", "bin", "python")
REQUIREMENTS = os.path.join(HERE, "requirements.txt")
DEVELOPMENT_SET = os.path.join(ROOT, "..", "shared", "eval", "dev.jsonl")
DATASETS = os.path.join(ROOT, "datasets")
QUICK = 8
# What is recorded names no place of this machine.
PATH = re.compile(r"(?<!\w)(?:/[^\s'\":;,]+)+")


class Stop(Exception):
    """Nothing can be measured; the message says what to do."""


class Job:
    """What one engine is to do: the notes, where, on which core, for how long."""

    def __init__(self, folder, notes, a):
        self.folder, self.notes, self.core, self.seconds, self.timeout = folder, notes, a.core, a.seconds, a.timeout
        self.deadline = time.monotonic() + a.timeout
        self.found = self.file("found.jsonl")

    def file(self, name):
        return os.path.join(self.folder, name)


def main():
    if sys.version_info < (3, 11):
        raise Stop("needs Python 3.11 or later, as peers do")
    a = arguments()
    gold, name, remark = gold_notes(a.gold)
    version = own.version(a.deidre)
    notes = own.notes(a.deidre, gold)
    if a.quick:
        notes = notes[:: max(1, len(notes) // QUICK)][:QUICK]
    processor = report.processor()
    # Holds copies of the notes: nobody else may read it, and it goes at the end.
    with tempfile.TemporaryDirectory(prefix="peers-") as folder:
        if a.quick:
            gold = os.path.join(folder, "gold.jsonl")
            with open(gold, "w", encoding="utf-8") as file:
                file.writelines(json.dumps(note) + "\n" for note in notes)
        rows, left_out = run(a, gold, notes, version, folder)
    if not rows:
        raise Stop("no engine ran")

    about = {
        "name": name, "count": len(notes), "bytes": size(notes), "elements": rows[0]["elements"], "remark": remark,
        "sha256": digest(notes),
    }
    sys.stdout.write("\n" + report.show(about, rows, left_out, [row[0] for row in own.ROWS]))
    if a.record:
        today = datetime.date.today().isoformat()
        path = os.path.join(ROOT, "benches", "record", "peers-%s.json" % today)
        report.record(path, {
            "date": today, "remark": a.remark, "seconds": a.seconds, "processor": processor,
            "python": sys.version.split()[0], "deidre_sha256": sha256(a.deidre), "notes": about,
            "rows": rows, "left_out": [{**one, "reason": PATH.sub("...", one["reason"])} for one in left_out],
        })
        say("recorded in %s" % os.path.relpath(path))
    return 1 if left_out else 0


def run(a, gold, notes, version, folder):
    """One engine after the other: the rows of those that ran, and why the others did not."""
    rows, left_out = [], []

    def take(engine, version, measure_it):
        say("%s ..." % engine)
        job = Job(tempfile.mkdtemp(dir=folder), notes, a)
        try:
            measured = measure_it(job)
            quality = own.score(a.deidre, gold, job.found, len(notes))
            rows.append(report.row(engine, version(), measured, size(notes), quality))
        except (own.Failed, ValueError) as why:
            say("%s is left out: %s" % (engine, why))
            left_out.append({"engine": engine, "reason": str(why)})

    for row in own.ROWS:
        take(row[0], lambda: version, lambda job: own.run(a.deidre, row, job))
    for engine in a.only:
        take(engine, lambda: installed(engines.BY_NAME[engine]), lambda job: peer(engine, job))
    return rows, left_out


def arguments():
    first, rest = __doc__.split("\n", 1)
    ask = argparse.ArgumentParser(description=first, epilog=rest, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("gold", nargs="?", metavar="GOLD", help="annotated notes in any format of `deidre eval`; default: the "
                     "development set beside the repository, else datasets/notes")
    ask.add_argument("--deidre", metavar="FILE", default=os.environ.get("DEIDRE", os.path.join(ROOT, "target/release/deidre")),
                     help="the binary; default: $DEIDRE, else target/release/deidre")
    ask.add_argument("--only", metavar="PEERS", default=",".join(engines.BY_NAME),
                     help="these peers, with commas between; default: %(default)s")
    ask.add_argument("--quick", action="store_true", help="only %d of the notes" % QUICK)
    ask.add_argument("--seconds", type=float, default=10, help="how long each engine searches at least; default: %(default)g")
    ask.add_argument("--timeout", type=float, default=1800, metavar="SECONDS",
                     help="an engine that takes longer is left out; default: %(default)g")
    ask.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)), help="default: %(default)d")
    ask.add_argument("--record", action="store_true", help="write benches/record/peers-DATE.json")
    ask.add_argument("--remark", default="", help="what else a reader of the record must know")
    a = ask.parse_args()
    a.only = [name for name in a.only.split(",") if name]
    if strange := [name for name in a.only if name not in engines.BY_NAME]:
        ask.error("no peer %s; there are %s" % (strange[0], ", ".join(engines.BY_NAME)))
    if a.quick and a.record:
        ask.error("a --quick run is not recorded")
    if a.core not in os.sched_getaffinity(0):
        ask.error("core %d is not there for this process; there are %s" % (a.core, sorted(os.sched_getaffinity(0))))
    if not os.access(a.deidre, os.X_OK) or os.path.isdir(a.deidre):
        raise Stop("no %s: cargo build --release, or name a binary with --deidre" % os.path.relpath(a.deidre))
    a.deidre = os.path.abspath(a.deidre)
    os.makedirs(WORK, exist_ok=True)
    return a


def gold_notes(asked):
    """Path, name for readers, and what they must know of these notes."""
    if asked and not os.path.exists(asked):
        raise Stop("no gold notes %s" % asked)
    gold = asked or (DEVELOPMENT_SET if os.path.exists(DEVELOPMENT_SET) else os.path.join(DATASETS, "notes"))
    if os.path.realpath(gold).startswith(os.path.realpath(DATASETS) + os.sep):
        trained = " Deidre was trained on these: its recall and precision say nothing of unseen notes."
        return gold, os.path.relpath(os.path.realpath(gold), os.path.realpath(ROOT)), trained
    return gold, "the development set" if gold == DEVELOPMENT_SET else os.path.basename(os.path.abspath(gold)), ""


def installed(engine):
    """The version of a peer in the environment of the peers."""
    code = "import importlib.metadata, sys; print(importlib.metadata.version(sys.argv[1]))"
    return own.ask([PYTHON, "-c", code, engine.packages[0]]).strip()


def peer(name, job):
    """Installs a peer where it is not yet, and measures it."""
    if not os.path.exists(PYTHON):
        say("making a virtual environment ...")
        venv.create(os.path.join(WORK, "python"), with_pip=True)
    pip = [PYTHON, "-m", "pip", "install", "--constraint", REQUIREMENTS, *engines.BY_NAME[name].packages]
    done = subprocess.run([*pip, "--disable-pip-version-check"], stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8")
    if done.returncode != 0:
        # What pip says is not passed on: it may name hosts, and this is recorded.
        none = "ResolutionImpossible" in done.stderr or "No matching distribution" in done.stderr
        why = "its version is not to be had for this machine and Python" if none else "pip fails"
        by_hand = " ".join(os.path.relpath(part, ROOT) if os.path.isabs(part) else part for part in pip)
        raise own.Failed("cannot be installed: %s; to see more: %s" % (why, by_hand))

    notes, told = job.file("notes.jsonl"), job.file("told.json")
    with open(notes, "w", encoding="utf-8") as file:
        file.writelines(measure.line(note["id"], note["text"]) for note in job.notes)
    command = [PYTHON, os.path.join(HERE, "search.py"), name, str(job.core), str(job.seconds), notes, job.found, told]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              env=measure.environment(), timeout=job.timeout)
    except subprocess.TimeoutExpired:
        raise own.Failed(own.LATE) from None
    if done.returncode != 0:
        raise own.Failed("its process ended with exit code %d" % done.returncode)
    with open(told, encoding="utf-8") as file:
        said = json.load(file)
    if "error" in said:
        raise own.Failed(said["error"])
    return said


def size(notes):
    """Bytes of their texts in UTF-8."""
    return sum(len(note["text"].encode()) for note in notes)


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest(notes):
    """Tells one set of notes from another: SHA-256 of ids and texts."""
    return hashlib.sha256("".join(measure.line(note["id"], note["text"]) for note in notes).encode()).hexdigest()


def say(what):
    print("peers: " + what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Stop, own.Failed, OSError) as why:
        say(str(why))
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
