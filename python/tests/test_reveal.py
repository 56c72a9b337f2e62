"""The way back, which is written down."""

import pytest

import deidre
from conftest import entries

NOTE = "Winifred Achterberg was seen on 03/04/2019, MRN 00482913."


def test_revealing_is_in_the_trail_before_and_after(sealing, trail, command, key_file):
    clean = sealing.deidentify([NOTE, None])
    assert sealing.reveal(clean, reason="call back, ticket 4411", audit=trail, actor="desk 3") == [NOTE, None]
    first, last = entries(trail)
    assert (first["outcome"], last["outcome"]) == ("started", "done")
    assert first["actor"] == last["actor"] == "desk 3"
    assert first["purpose"] == "call back, ticket 4411"
    assert last["tokens"]["revealed"] == 3
    assert "Achterberg" not in trail.read_text()
    command("audit", "verify", trail, "--key-file", key_file)


def test_without_a_reason_a_key_or_a_trail_nothing_is_revealed(sealing, redact, trail, tmp_path):
    clean = sealing.deidentify(NOTE)
    with pytest.raises(ValueError, match="reason"):
        sealing.reveal(clean, reason=" ", audit=trail)
    with pytest.raises(TypeError):
        sealing.reveal(clean)
    with pytest.raises(deidre.KeyringError):
        redact.reveal(clean, reason="test", audit=trail)
    assert not trail.exists()
    with pytest.raises(deidre.AuditError):
        sealing.reveal(clean, reason="test", audit=tmp_path)


def test_labels_limits_and_scopes_are_kept_to(key, sealing, trail):
    clean = sealing.deidentify(NOTE)
    with pytest.warns(deidre.TokensLeft, match="2 that may not"):
        part = sealing.reveal(clean, reason="dates", labels="DATE", audit=trail)
    assert "03/04/2019" in part and "Achterberg" not in part
    with pytest.warns(deidre.TokensLeft):
        assert sealing.reveal(clean, reason="none", limit=0, audit=trail) == clean
    with pytest.raises(ValueError, match="label"):
        sealing.reveal(clean, reason="x", labels=["SHOE_SIZE"], audit=trail)
    engine = deidre.Engine(key=key, scope="patient")
    of_one = engine.deidentify(NOTE, patient="a")
    assert engine.reveal(of_one, reason="x", patient="a", audit=trail) == NOTE
    with pytest.warns(deidre.TokensLeft):
        assert engine.reveal(of_one, reason="x", patient="b", audit=trail) == of_one
    assert entries(trail)[-1]["outcome"] == "partial"


def test_tables_and_arrays_come_back(sealing, table, trail):
    pyarrow = pytest.importorskip("pyarrow")
    texts = table.select(["mrn", "patient_name", "note"])
    clean = sealing.deidentify(texts)
    assert not clean.equals(texts)
    assert sealing.reveal(clean, reason="test", audit=trail).equals(texts)
    assert len(entries(trail)) == 2
    batch = clean.to_batches()[0]
    assert pyarrow.Table.from_batches([sealing.reveal(batch, reason="test", audit=trail)]).equals(texts)
    column = clean.column("note")
    assert sealing.reveal(column, reason="test", audit=trail).equals(texts.column("note"))
    assert sealing.reveal(column.chunk(0), reason="test", audit=trail).equals(texts.column("note").chunk(0))
