"""What the engine gives is what the command `deidre batch` gives for the same rows, byte for byte."""

import pytest

import deidre

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

POLICIES = ["redact", "minimum-necessary", "limited-data-set", "surrogate"]


def by_command(command, table, tmp_path, *args):
    source, out = tmp_path / "rows", tmp_path / "clean"
    source.mkdir()
    pq.write_table(table, source / "rows.parquet")
    command("batch", source, "--out", out, "--quiet", *args)
    return pq.read_table(out / "rows.parquet")


@pytest.mark.parametrize("policy", POLICIES)
def test_rows_are_those_of_the_command(policy, command, table, key, key_file, tmp_path):
    # The command writes Parquet, which has no time zones but UTC and no lists that are named otherwise.
    want = by_command(command, table, tmp_path, "--policy", policy, "--key-file", key_file, "--patient-field", "mrn")
    engine = deidre.Engine(policy=policy, key=key)
    clean = engine.deidentify(table, patient="mrn")
    assert clean.to_pylist() == want.to_pylist()
    assert clean.to_pylist() != table.to_pylist()
    batches = [engine.deidentify(batch, patient="mrn") for batch in table.to_batches(max_chunksize=13)]
    assert pa.Table.from_batches(batches).to_pylist() == want.to_pylist()


def test_chosen_fields_and_scopes_are_those_of_the_command(command, table, key, key_file, tmp_path):
    args = ["--key-file", key_file, "--scope", "patient", "--patient-field", "mrn"]
    args += ["--field", "note", "--field", "/address", "--skip-field", "/address/city"]
    want = by_command(command, table, tmp_path, *args)
    engine = deidre.Engine(key=key, scope="patient")
    clean = engine.deidentify(table, columns=["note", "/address"], skip="/address/city", patient="mrn")
    assert clean.to_pylist() == want.to_pylist()


def test_codes_of_a_vault_are_those_of_the_command(command, table, key, key_file, tmp_path):
    vault = tmp_path / "vault"
    args = ["--policy", "safe-harbor", "--key-file", key_file, "--vault", vault]
    want = by_command(command, table, tmp_path, *args)
    clean = deidre.Engine(policy="safe-harbor", key=key, vault=vault).deidentify(table)
    assert clean.to_pylist() == want.to_pylist()


def test_texts_are_those_of_the_command(command, redact, table):
    for note in table.column("note").to_pylist()[:5]:
        want = command("filter", "--format", "text", "--policy", "redact", stdin=note.encode()).decode()
        assert redact.deidentify(note) == want


def test_what_the_command_sealed_comes_back_here(command, key, key_file, trail):
    note = "Winifred Achterberg was seen on 03/04/2019, MRN 00482913."
    sealed = command("filter", "--format", "text", "--key-file", key_file, stdin=note.encode()).decode()
    assert sealed == deidre.Engine(key=key).deidentify(note) != note
    assert deidre.Engine(key=key).reveal(sealed, reason="test", audit=trail) == note
