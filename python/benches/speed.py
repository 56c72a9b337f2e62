"""How fast the package is against the library, and Spark against the command, on the same texts in the same minutes.

    cargo build --release -p deidre -p deidre-python --bin deidre --example library
    python python/benches/speed.py texts --library target/release/examples/library --notes datasets/notes
    python python/benches/speed.py spark --deidre target/release/deidre --notes datasets/notes --megabytes 40

`texts`: `Engine.deidentify(list)` and the library take turns over the same texts, in rounds of which the first is not counted: the
model remembers windows, in both alike. `spark`: rows of {id, mrn, note} in one file of Parquet through `deidre batch --jobs 2`, and through a cluster
of two worker processes, which first scrubs the same number of other rows. Prints what it measured, the losing rows too.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time


def notes(folder):
    """The texts of gold notes, in the order of their files."""
    texts = []
    for file in sorted(pathlib.Path(folder).rglob("*")):
        if file.suffix == ".jsonl":
            texts += [json.loads(line)["text"] for line in file.read_text().splitlines() if line.strip()]
        elif file.suffix == ".txt":
            texts.append(file.read_text())
    if not texts:
        sys.exit(f"{folder}: no notes")
    return texts


def several(texts, megabytes):
    """As many of the notes, each told apart by a number in it, as make so many megabytes."""
    made, size, number = [], 0, 0
    while size < megabytes * 1e6:
        text = f"{texts[number % len(texts)]}\nNote {number}."
        made.append(text)
        size, number = size + len(text.encode()), number + 1
    return made


def rate(runs):
    rates = [size / seconds / 1e6 for size, seconds in runs]
    return statistics.median(rates), min(rates), max(rates)


def texts(args):
    import deidre

    given = several(notes(args.notes), args.megabytes)
    size = sum(len(text.encode()) for text in given)
    engine = deidre.Engine(policy="redact", threads=args.threads)
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "texts"
        file.write_text("".join(f"{text}\0" for text in given))
        command = [args.library, str(file), str(args.threads)]
        ours, theirs = [], []
        engine.deidentify(given)
        for _ in range(args.rounds):
            start = time.perf_counter()
            clean = engine.deidentify(given)
            ours.append((size, time.perf_counter() - start))
            # A process of its own warms up in a first round.
            last = subprocess.run([*command, "2"], check=True, capture_output=True, text=True).stdout.split("\n")[1]
            theirs.append(tuple(float(number) for number in last.split()))
        assert len(clean) == len(given)
    (a, *a_range), (b, *b_range) = rate(ours), rate(theirs)
    print(f"{len(given)} texts, {size / 1e6:.1f} MB, {args.threads} threads, {args.rounds} rounds, median (least, most)")
    print(f"python   {a:7.2f} MB/s ({a_range[0]:.2f}, {a_range[1]:.2f})")
    print(f"library  {b:7.2f} MB/s ({b_range[0]:.2f}, {b_range[1]:.2f})")
    print(f"share    {a / b:7.3f}")


def spark(args):
    import pyarrow
    import pyarrow.parquet
    import pyspark
    from pyspark.sql import SparkSession

    import deidre
    from deidre import spark as deidre_spark

    given = several(notes(args.notes), args.megabytes)
    size = sum(len(text.encode()) for text in given)
    rows = pyarrow.table(
        {
            "id": range(len(given)),
            "mrn": [f"{4829100 + n % 997:08d}" for n in range(len(given))],
            "note": given,
        }
    )
    warm = rows.set_column(2, "note", pyarrow.array([text + " Warm." for text in given]))
    key = deidre.new_key()
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    os.environ.setdefault("SPARK_HOME", str(pathlib.Path(pyspark.__file__).parent))
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for part, table in (("in", rows), ("warm", warm)):
            (folder / part).mkdir()
            # Row groups are what Spark gives to its workers.
            pyarrow.parquet.write_table(table, folder / part / "rows.parquet", row_group_size=max(1, len(given) // 16))
        (folder / "key").touch(mode=0o600)
        (folder / "key").write_text(key)
        builder = SparkSession.builder.master("local-cluster[2,1,2048]").appName("deidre bench")
        for setting, value in {
            "spark.executor.memory": "1g",
            "spark.ui.enabled": "false",
            "spark.local.dir": name,
            "spark.driver.host": "127.0.0.1",
            "spark.sql.files.maxPartitionBytes": "1m",
            "spark.sql.execution.arrow.maxRecordsPerBatch": "500",
            "spark.log.level": "ERROR",
        }.items():
            builder = builder.config(setting, value)
        session = builder.getOrCreate()

        def by_spark(part):
            frame = session.read.parquet(str(folder / part))
            clean = deidre_spark.deidentify(frame, patient="mrn", key=key)
            start = time.perf_counter()
            clean.write.mode("overwrite").parquet(str(folder / "clean"))
            return size, time.perf_counter() - start

        def by_command(number):
            out = folder / f"out{number}"
            command = [args.deidre, "batch", str(folder / "in"), "--out", str(out), "--jobs", "2", "--quiet"]
            command += ["--key-file", str(folder / "key"), "--patient-field", "mrn"]
            start = time.perf_counter()
            subprocess.run(command, check=True)
            return size, time.perf_counter() - start

        by_spark("warm")
        ours, theirs = [], []
        for number in range(args.rounds):
            ours.append(by_spark("in"))
            theirs.append(by_command(number))
        session.stop()
    (a, *a_range), (b, *b_range) = rate(ours), rate(theirs)
    print(f"{len(given)} rows, {size / 1e6:.1f} MB of notes, {args.rounds} rounds, median (least, most)")
    print(f"spark, two workers, warm  {a:7.2f} MB/s ({a_range[0]:.2f}, {a_range[1]:.2f})")
    print(f"deidre batch --jobs 2     {b:7.2f} MB/s ({b_range[0]:.2f}, {b_range[1]:.2f})")
    print(f"share                     {a / b:7.3f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(required=True)
    for name, run in (("texts", texts), ("spark", spark)):
        kind = kinds.add_parser(name)
        kind.set_defaults(run=run)
        kind.add_argument("--notes", default="datasets/notes", help="folder of gold notes (.jsonl) or texts (.txt)")
        kind.add_argument("--megabytes", type=float, default=8.0)
        kind.add_argument("--rounds", type=int, default=3)
    kinds.choices["texts"].add_argument("--library", required=True, help="the example `library`, built")
    kinds.choices["texts"].add_argument("--threads", type=int, default=2)
    kinds.choices["spark"].add_argument("--deidre", required=True, help="the command")
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
