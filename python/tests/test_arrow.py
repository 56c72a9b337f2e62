"""Arrow in and out: arrays, batches, tables, of whichever library."""

import datetime
import decimal

import pytest

import deidre

pa = pytest.importorskip("pyarrow")

NOTE = "Winifred Achterberg was seen by Dr. Osei on 03/04/2019, MRN 00482913."
CLEAN = "[NAME] was seen by Dr. [NAME] on [DATE], MRN [MRN]."
MARKER = "Zeppelina"


@pytest.mark.parametrize(
    "kind",
    [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())],
    ids=str,
)
def test_arrays_of_texts_come_back_as_they_were(redact, kind):
    array = pa.array([NOTE, None, "", "fine", NOTE]).cast(kind) if kind != pa.string_view() else pa.array(
        [NOTE, None, "", "fine", NOTE], kind
    )
    clean = redact.deidentify(array)
    assert clean.type == kind and clean.to_pylist() == [CLEAN, None, "", "fine", CLEAN]
    clean.validate(full=True)
    assert redact.deidentify(array.slice(3)).to_pylist() == ["fine", CLEAN]
    chunks = pa.chunked_array([array, array.slice(3)])
    clean = redact.deidentify(chunks)
    assert isinstance(clean, pa.ChunkedArray) and clean.type == kind
    assert clean.to_pylist() == [CLEAN, None, "", "fine", CLEAN, "fine", CLEAN]


def test_arrays_of_nothing_come_back(redact):
    for array in (pa.array([], pa.string()), pa.array([None, None], pa.string()), pa.nulls(2)):
        assert redact.deidentify(array).equals(array)
    empty = pa.chunked_array([], pa.string())
    assert redact.deidentify(empty).equals(empty)
    with pytest.raises(deidre.ColumnError, match="Int64"):
        redact.deidentify(pa.array([1]))


def test_patients_of_an_array_may_be_an_array(key):
    engine = deidre.Engine(key=key, scope="patient")
    texts, patients = pa.array([NOTE] * 3), pa.array(["a", "b", "a"])
    want = engine.deidentify([NOTE] * 3, patient=["a", "b", "a"])
    assert engine.deidentify(texts, patient=patients).to_pylist() == want
    chunked = pa.chunked_array([texts.slice(0, 1), texts.slice(1)])
    assert engine.deidentify(chunked, patient=pa.chunked_array([patients])).to_pylist() == want


def test_spans_of_an_array_count_bytes(redact):
    texts = ["S\u00f8ren \u00c5kesson, MRN 00482913", None, "fine"]
    found = redact.detect(pa.array(texts))
    values = [
        [texts[n].encode()[span["start"] : span["end"]].decode() for span in spans] for n, spans in enumerate(found.to_pylist())
    ]
    assert values == [["S\u00f8ren \u00c5kesson", "00482913"], [], []]
    assert [span["label"] for span in found.to_pylist()[0]] == ["NAME", "MRN"]
    assert redact.detect(pa.chunked_array([pa.array(texts)])).to_pylist() == found.to_pylist()


def test_rows_are_records(redact, table):
    clean = redact.deidentify(table)
    assert clean.schema == table.schema and clean.num_rows == table.num_rows
    rows = clean.to_pylist()
    for old, new in zip(table.to_pylist(), rows):
        assert new["mrn"] == "[MRN]" and new["patient_name"] == "[NAME]" and new["birth_date"] is None
        assert new["phones"] == ["[PHONE]"] * len(old["phones"])
        assert new["address"]["city"] == "[CITY]" and new["address"]["floor"] == old["address"]["floor"]
        assert (new["id"], new["dose"]) == (old["id"], old["dose"])
        if old["note"] is not None:
            assert "360-555" not in new["note"] and "120/80" in new["note"]
    clean.validate(full=True)


def test_a_note_is_searched_for_what_its_row_says(redact):
    # No name that a list of names has, and no cue: only the column tells it.
    batch = pa.record_batch({"patient_name": ["Zqorvax, Plim"], "note": ["zqorvax ate well and slept."]})
    clean = redact.deidentify(batch)
    assert isinstance(clean, pa.RecordBatch)
    assert clean.column("note").to_pylist() == ["[NAME] ate well and slept."]
    alone = redact.deidentify(batch, columns=["note"])
    assert alone.column("patient_name").to_pylist() == ["Zqorvax, Plim"]


def test_what_comes_out_of_a_row_hangs_on_the_row_alone(key, table):
    for options in ({}, {"scope": "document"}, {"scope": "patient"}, {"policy": "surrogate"}):
        engine = deidre.Engine(key=key, **options)
        whole = engine.deidentify(table, patient="mrn")
        reverse = engine.deidentify(table.take(list(range(table.num_rows))[::-1]), patient="mrn")
        assert reverse.to_pylist()[::-1] == whole.to_pylist()
        parts = [engine.deidentify(table.slice(at, 7), patient="mrn") for at in range(0, table.num_rows, 7)]
        assert pa.concat_tables(parts).equals(whole.combine_chunks())
        one = deidre.Engine(key=key, threads=1, **options)
        assert one.deidentify(table, patient="mrn").equals(whole)


def test_columns_are_chosen_as_fields_are(redact, table):
    clean = redact.deidentify(table, skip=["birth_date", "/address/line"])
    assert clean.column("birth_date").equals(table.column("birth_date"))
    assert clean.column("address").to_pylist()[0] == {**table.column("address").to_pylist()[0], "city": "[CITY]"}
    clean = redact.deidentify(table, columns="note")
    assert clean.drop(["note"]).equals(table.drop(["note"])) and not clean.column("note").equals(table.column("note"))
    for wrong in ({"document": "x"}, {"patient": ["a"]}, {"errors": "never"}):
        with pytest.raises((TypeError, ValueError)):
            redact.deidentify(table, **wrong)
    with pytest.raises(TypeError):
        redact.detect(table)


def test_columns_of_every_type_come_back_as_they_were(redact):
    utc = datetime.timezone.utc
    values = {
        "mrn": pa.array(["00482913", None]),
        "name_large": pa.array(["Winifred Achterberg", None], pa.large_string()),
        "name_view": pa.array(["Winifred Achterberg", None], pa.string_view()),
        "phone": pa.array(["360-555-0142", None]).dictionary_encode(),
        "ssn": pa.array([219099999, None], pa.int64()),
        "blob": pa.array([b"\x00\x01", b"MRN 00482913"]),
        "blob_large": pa.array([b"plain", None], pa.large_binary()),
        "code": pa.array([b"abc", None], pa.binary(3)),
        "flag": pa.array([True, None]),
        "half": pa.array([1.5, None], pa.float32()),
        "price": pa.array([decimal.Decimal("12.50"), None], pa.decimal128(9, 2)),
        "birth_date": pa.array([datetime.date(1958, 3, 14), None]),
        "day64": pa.array([datetime.date(2019, 3, 4), None], pa.date64()),
        "seen": pa.array([datetime.datetime(2019, 3, 4, 9, 30, tzinfo=utc), None], pa.timestamp("us", "UTC")),
        "seen_ns": pa.array([datetime.datetime(2019, 3, 4), None], pa.timestamp("ns")),
        "time": pa.array([datetime.time(9, 30), None]),
        "waited": pa.array([datetime.timedelta(hours=2), None], pa.duration("ms")),
        "nothing": pa.nulls(2),
        "list": pa.array([["Dr. Osei", None], None]),
        "list_large": pa.array([["360-555-0142"], []], pa.large_list(pa.string())),
        "list_fixed": pa.array([["Dr. Osei", "fine"], None], pa.list_(pa.string(), 2)),
        "map": pa.array([[("mrn", "00482913"), ("state", "stable")], None], pa.map_(pa.string(), pa.string())),
        "nested": pa.array([{"name": {"family": "Achterberg"}, "n": 1}, {"name": None, "n": 2}]),
        "runs": pa.RunEndEncodedArray.from_arrays([1, 2], pa.array(["MRN 00482913", "fine"])),
    }
    batch = pa.record_batch(values)
    clean = redact.deidentify(batch)
    assert clean.schema == batch.schema
    clean.validate(full=True)
    first, second = clean.to_pylist()
    assert first["mrn"] == "[MRN]" and first["name_large"] == first["name_view"] == "[NAME]" and first["phone"] == "[PHONE]"
    assert first["ssn"] is None and first["birth_date"] is None
    assert first["blob"] is None and second["blob"] == b"MRN [MRN]"
    assert first["list"] == ["Dr. [NAME]", None] and first["list_large"] == ["[PHONE]"]
    assert first["list_fixed"] == ["Dr. [NAME]", "fine"]
    assert dict(first["map"]) == {"mrn": "[MRN]", "state": "stable"} and first["nested"]["name"] == {"family": "[NAME]"}
    assert first["runs"] == "MRN [MRN]" and second["runs"] == "fine"
    for same in ("flag", "half", "price", "time", "nothing"):
        assert clean.column(same).equals(batch.column(same)), same
    with pytest.raises(deidre.ColumnError, match="/odd"):
        union = pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array([MARKER])])
        redact.deidentify(pa.record_batch({"odd": union}))


def test_nothing_stays_behind_in_buffers(redact):
    def holds(array):
        found = any(buffer is not None and MARKER.encode() in buffer.to_pybytes() for buffer in array.buffers())
        return found

    texts = pa.array([f"{MARKER} Achterberg, MRN 00482913", "fine", "well", f"MRN 00482914 {MARKER}"])
    assert holds(texts.slice(1, 2))
    hidden = pa.Array.from_buffers(pa.string(), 4, [pa.py_buffer(b"\x06"), *texts.buffers()[1:]])
    assert hidden.to_pylist() == [None, "fine", "well", None] and holds(hidden)
    lists = pa.ListArray.from_arrays(pa.array([1, 3], pa.int32()), texts)
    struct = pa.StructArray.from_arrays([texts], ["note"], mask=pa.array([True, False, False, True]))
    for array in (texts.slice(1, 2), hidden, lists, struct, struct.slice(1, 2)):
        clean = redact.deidentify(pa.record_batch({"notes": array}))
        assert clean.column(0).to_pylist() == array.to_pylist()
        assert not holds(clean.column(0)), array.type
    for array in (texts.slice(1, 2), hidden):
        assert not holds(redact.deidentify(array))


def test_damaged_arrays_are_refused(redact):
    bad = pa.Array.from_buffers(pa.string(), 1, [None, pa.array([0, 2], pa.int32()).buffers()[1], pa.py_buffer(b"\xff\xfe")])
    for call in (lambda: redact.deidentify(bad), lambda: redact.deidentify(pa.record_batch({"note": bad}))):
        with pytest.raises(ValueError, match="UTF-8"):
            call()
    table = pa.table({"note": bad})
    with pytest.raises(ValueError, match="UTF-8"):
        redact.deidentify(table)


def test_values_that_must_be_there_and_have_no_replacement_are_told(redact):
    schema = pa.schema([pa.field("birth_date", pa.date32(), nullable=False)])
    batch = pa.record_batch([pa.array([datetime.date(1958, 3, 14)])], schema=schema)
    with pytest.raises(deidre.ColumnError, match="/birth_date"):
        redact.deidentify(batch)
    kept = 'name = "x"\nextends = "redact"\n[fields.birth_date]\nDATE = "keep"\n'
    assert deidre.Engine(policy_toml=kept).deidentify(batch).equals(batch)


def test_metadata_of_schemas_and_fields_stays(redact):
    field = pa.field("note", pa.string(), metadata={"origin": "ward"})
    table = pa.table([pa.array([NOTE])], schema=pa.schema([field], metadata={"made": "today"}))
    clean = redact.deidentify(table)
    assert clean.schema.metadata == {b"made": b"today"} and clean.schema.field(0).metadata == {b"origin": b"ward"}
    assert clean.column(0).to_pylist() == [CLEAN]


def test_whoever_reads_arrow_reads_it(redact):
    class Other:
        def __init__(self, table):
            self.table = table

        def __arrow_c_stream__(self, requested_schema=None):
            return self.table.__arrow_c_stream__(requested_schema)

    clean = redact.deidentify(Other(pa.table({"note": [NOTE]})))
    assert type(clean).__name__ == "ArrowTable" and pa.table(clean).column(0).to_pylist() == [CLEAN]


def test_polars(redact):
    pl = pytest.importorskip("polars")
    import deidre.polars  # noqa: F401

    frame = pl.DataFrame({"note": [NOTE, None, "fine"], "n": [1, 2, 3], "ward": pl.Series(["a", "b", "a"], dtype=pl.Categorical)})
    clean = redact.deidentify(frame)
    assert clean.schema == frame.schema and clean["note"].to_list() == [CLEAN, None, "fine"]
    assert clean.drop("note").equals(frame.drop("note"))
    assert redact.deidentify(frame["note"]).to_list() == [CLEAN, None, "fine"]
    assert frame.deidre.deidentify(redact).equals(clean)
    assert frame.lazy().deidre.deidentify(redact).collect().equals(clean)
    assert [len(found) for found in redact.detect(frame["note"])] == [4, 0, 0]


def test_pandas(redact):
    pd = pytest.importorskip("pandas")
    import deidre.pandas  # noqa: F401

    frame = pd.DataFrame({"note": [NOTE, None, "fine"], "n": [1, None, 3], "when": pd.to_datetime(["2019-03-04"] * 3)})
    clean = redact.deidentify(frame, skip="when")
    assert clean["note"].tolist()[0] == CLEAN and clean["note"].isna().tolist() == [False, True, False]
    pd.testing.assert_frame_equal(clean[["n", "when"]], frame[["n", "when"]])
    assert frame["note"].tolist()[0] == NOTE
    pd.testing.assert_frame_equal(frame.deidre.deidentify(redact, skip="when"), clean)
    named = frame.assign(mrn=["00482913", "00482914", "00482915"]).set_index("mrn")
    clean = redact.deidentify(named, skip="when")
    assert clean.index.tolist() == ["[MRN]"] * 3 and clean.index.name == "mrn"
    series = redact.deidentify(named["note"])
    assert series.tolist()[0] == CLEAN and series.name == "note" and series.index.equals(named.index)
    found = frame["note"].deidre.detect(redact)
    assert [len(one) for one in found] == [4, 0, 0]
