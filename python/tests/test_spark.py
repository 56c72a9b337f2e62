"""Spark on a cluster of processes of this machine: what comes out is what `deidre batch` gives, whatever the partitions, and
whichever worker is killed."""

import os
import pathlib
import signal
import subprocess
import sys

import pytest

import deidre

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
pyspark = pytest.importorskip("pyspark")

from conftest import rows  # noqa: E402

import deidre.spark  # noqa: E402

if not (pathlib.Path(os.environ.get("JAVA_HOME", "/usr")) / "bin" / "java").exists():
    pytest.skip("no Java", allow_module_level=True)

SCHEMA = """id long, mrn string, patient_name string, birth_date date, seen_at timestamp_ntz, note string,
    phones array<string>, address struct<city string, line string, floor long>, dose double"""
COUNT = 600


@pytest.fixture(scope="module")
def spark(tmp_path_factory):
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    os.environ.setdefault("SPARK_HOME", str(pathlib.Path(pyspark.__file__).parent))
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    folder = tmp_path_factory.mktemp("spark")
    builder = SparkSession.builder.master("local-cluster[2,1,1024]").appName("deidre")
    settings = {
        "spark.driver.memory": "512m",
        "spark.executor.memory": "512m",
        "spark.ui.enabled": "false",
        "spark.local.dir": folder,
        "spark.sql.warehouse.dir": folder / "warehouse",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": 4,
        "spark.sql.execution.arrow.maxRecordsPerBatch": 40,
        "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
        "spark.driver.host": "127.0.0.1",
        "spark.task.maxFailures": 4,
        "spark.log.level": "ERROR",
    }
    for name, value in settings.items():
        builder = builder.config(name, str(value))
    session = builder.getOrCreate()
    yield session
    session.stop()


@pytest.fixture(scope="module")
def frame(spark):
    made = [{**row, "address": dict(row["address"])} for row in rows(COUNT)]
    return spark.createDataFrame(made, SCHEMA)


@pytest.fixture(scope="module")
def wanted(key, tmp_path_factory):
    """What the command gives for the same rows in one file, by id."""
    binary = os.environ.get("DEIDRE_BIN")
    if not binary:
        pytest.skip("DEIDRE_BIN names no command to compare with")
    folder = tmp_path_factory.mktemp("batch")
    (folder / "in").mkdir()
    pq.write_table(pa.Table.from_pylist(rows(COUNT)), folder / "in" / "rows.parquet")
    (folder / "key").touch(mode=0o600)
    (folder / "key").write_text(key)
    args = ["--key-file", folder / "key", "--patient-field", "mrn", "--quiet"]
    subprocess.run([binary, "batch", folder / "in", "--out", folder / "out", *args], check=True)
    return pq.read_table(folder / "out" / "rows.parquet").to_pylist()


def collected(frame):
    return sorted((row.asDict(recursive=True) for row in frame.collect()), key=lambda row: row["id"])


@pytest.mark.parametrize("partitions", [1, 2, 7])
def test_rows_are_those_of_the_command_whatever_the_partitions(frame, wanted, key, partitions):
    clean = deidre.spark.deidentify(frame.repartition(partitions, "note"), patient="mrn", key=key)
    assert clean.schema == frame.schema
    assert collected(clean) == wanted


def test_rows_are_the_same_when_a_worker_is_killed(spark, frame, wanted, key, tmp_path):
    """The executor of one partition is killed once, by the task in it, after some of its rows were scrubbed."""
    mark = tmp_path / "killed"

    def kill(batches):
        from pyspark import TaskContext

        context = TaskContext.get()
        for number, batch in enumerate(batches):
            yield batch
            if context.partitionId() == 1 and number == 1 and context.attemptNumber() == 0 and not mark.exists():
                process, names = os.getpid(), []
                while process > 1 and "java" not in names[-1:]:
                    process = int(pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[1])
                    names.append(pathlib.Path(f"/proc/{process}/comm").read_text().strip())
                mark.write_text(str(process))
                os.kill(process, signal.SIGKILL)

    executors = spark.sparkContext._jsc.sc().getExecutorMemoryStatus().size()
    clean = deidre.spark.deidentify(frame.repartition(4, "id"), patient="mrn", key=key)
    clean = clean.mapInArrow(kill, clean.schema)
    assert collected(clean) == wanted
    assert mark.exists() and executors >= 2


def test_the_sql_function_gives_what_the_engine_gives(spark, frame, key):
    deidre.spark.register(spark, key=key)
    engine = deidre.Engine(key=key)
    frame.createOrReplaceTempView("visits")
    notes = [(row["id"], row["note"]) for row in rows(COUNT)]
    want = dict(zip((n for n, _ in notes), engine.deidentify([note for _, note in notes])))
    done = spark.sql("select id, deidre_deidentify(note) as note from visits").collect()
    assert {row.id: row.note for row in done} == want
    done = spark.sql("select id, deidre_deidentify_of(note, mrn) as note from visits where id < 50").collect()
    assert {row.id: row.note for row in done} == {n: want[n] for n in range(50)}


def test_keys_are_read_where_the_work_is(frame, key, tmp_path, wanted):
    file = tmp_path / "key"
    file.touch(mode=0o600)
    file.write_text(key)
    assert collected(deidre.spark.deidentify(frame, patient="mrn", key_file=str(file))) == wanted
    with pytest.raises(ValueError, match="Postgres"):
        deidre.spark.deidentify(frame, key=key, vault="/tmp/vault")


def test_executors_share_a_vault_in_postgres(frame, key):
    server = os.environ.get("DEIDRE_TEST_POSTGRES")
    if not server:
        pytest.skip("no DEIDRE_TEST_POSTGRES")
    vault = f"{server}{'&' if '?' in server else '?'}schema=python_{os.getpid()}"
    clean = collected(deidre.spark.deidentify(frame.repartition(5), policy="safe-harbor", key=key, vault=vault))
    # What it gave, it gives again.
    engine = deidre.Engine(policy="safe-harbor", key=key, vault=vault)
    assert clean == engine.deidentify(pa.Table.from_pylist(rows(COUNT))).to_pylist()
    assert clean[0]["mrn"].startswith("[MRN:") and len({row["mrn"] for row in clean}) == 50


def test_a_stream_is_scrubbed_as_batches_are(spark, frame, wanted, key, tmp_path):
    source, out = tmp_path / "in", tmp_path / "out"
    frame.repartition(3).write.parquet(str(source))
    stream = spark.readStream.schema(frame.schema).option("maxFilesPerTrigger", 1).parquet(str(source))
    clean = deidre.spark.deidentify(stream, patient="mrn", key=key)
    query = clean.writeStream.format("parquet").option("path", str(out))
    query = query.option("checkpointLocation", str(tmp_path / "checkpoint")).trigger(availableNow=True).start()
    query.awaitTermination(120)
    assert query.exception() is None
    assert collected(spark.read.schema(frame.schema).parquet(str(out))) == wanted


def test_what_fails_on_an_executor_is_told_without_text(spark, key):
    frame = spark.createDataFrame([("Zeppelina", "x" * 10)], "name string, note string")
    with pytest.raises(Exception) as caught:
        deidre.spark.deidentify(frame, policy="safe-harbor", key=key).collect()
    assert "vault" in str(caught.value) and "Zeppelina" not in str(caught.value)
