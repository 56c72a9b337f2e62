"""What the tests share: keys, engines, rows of a clinic, and the command to compare with."""

import datetime
import json
import os
import pathlib
import subprocess

import pytest

import deidre

GIVEN = ["Thaddeus", "Winifred", "Marisol", "Ingrid", "Kwame", "Beatrix", "Lucius"]
FAMILY = ["Okonjo-Reyes", "Achterberg", "Whitlock", "Delacroix", "Osei", "Quist", "Vanterpool"]


@pytest.fixture(scope="session")
def key():
    return deidre.new_key()


@pytest.fixture(scope="session")
def redact():
    return deidre.Engine(policy="redact")


@pytest.fixture(scope="session")
def sealing(key):
    return deidre.Engine(key=key)


def rows(count):
    """Rows of a clinic: columns that name a patient, and notes that speak of them."""
    made = []
    for n in range(count):
        given, family = GIVEN[n % 7], FAMILY[(n * 3 + n // 7) % 7]
        mrn, day = f"{4829100 + n % 50:08d}", datetime.date(2019, 3, 4) + datetime.timedelta(days=n)
        note = (
            f"{given} {family} was seen on {day:%m/%d/%Y} by Dr. {FAMILY[(n + 2) % 7]}. MRN {mrn}. "
            f"Call {family} at 360-555-{n % 10000:04d}. BP 120/80, aspirin 81 mg daily."
        )
        made.append(
            {
                "id": n,
                "mrn": mrn,
                "patient_name": f"{family}, {given}",
                "birth_date": datetime.date(1950, 1, 1) + datetime.timedelta(days=n * 37),
                "seen_at": datetime.datetime(2019, 3, 4, 9, 30) + datetime.timedelta(hours=n),
                "note": None if n % 11 == 10 else note,
                "phones": [f"360-555-{n + i:04d}" for i in range(n % 3)],
                "address": {"city": "Poulsbo", "line": f"{n + 10} Viking Way", "floor": n % 4},
                "dose": n * 0.5,
            }
        )
    return made


@pytest.fixture(scope="session")
def table():
    pyarrow = pytest.importorskip("pyarrow")
    return pyarrow.Table.from_pylist(rows(120))


@pytest.fixture(scope="session")
def command():
    """The command `deidre` with those arguments; its exit code must be 0."""
    binary = os.environ.get("DEIDRE_BIN")
    if not binary:
        pytest.skip("DEIDRE_BIN names no command to compare with")

    def run(*args, stdin=None, code=0):
        done = subprocess.run([binary, *map(str, args)], input=stdin, capture_output=True, timeout=300)
        assert done.returncode == code, done.stderr.decode()
        return done.stdout

    return run


@pytest.fixture
def key_file(tmp_path, key):
    path = tmp_path / "deidre.key"
    path.touch(mode=0o600)
    path.write_text(key + "\n")
    return path


@pytest.fixture
def trail(tmp_path):
    return tmp_path / "audit.jsonl"


def entries(trail):
    return [json.loads(line) for line in pathlib.Path(trail).read_text().splitlines()]
