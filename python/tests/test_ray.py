"""Ray Data, by the code of the example."""

import importlib.util
import pathlib
import sys

import pytest

import deidre

ray = pytest.importorskip("ray")
pa = pytest.importorskip("pyarrow")


def test_rows_of_a_dataset_are_those_of_the_engine(table, key, key_file, monkeypatch):
    path = pathlib.Path(__file__).parents[2] / "examples" / "ray" / "scrub.py"
    spec = importlib.util.spec_from_file_location("scrub", path)
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    monkeypatch.setitem(sys.modules, "scrub", example)
    # Actors do not find the example by its name.
    ray.cloudpickle.register_pickle_by_value(example)
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, configure_logging=False)
    try:
        dataset = ray.data.from_arrow(table).repartition(5)
        clean = example.scrub(dataset, {"key_file": str(key_file)}, {"patient": "mrn"})
        done = sorted(clean.take_all(), key=lambda row: row["id"])
    finally:
        ray.shutdown()
    assert done == deidre.Engine(key=key).deidentify(table, patient="mrn").to_pylist()
