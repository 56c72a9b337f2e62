"""Spark: the engine on each executor, through Arrow.

    from deidre import spark as deidre_spark

    clean = deidre_spark.deidentify(df, patient="mrn", key_file="/etc/deidre/key")

What comes out of a row depends on the row, the policy and the key alone: not on partitions, their order, or on tasks that ran
again. Executors share nothing but the key, or the vault in Postgres.
"""

import json
import os
import uuid
from typing import Any, Callable, Iterable, Iterator, Optional, Union

import pyarrow as pa

from ._engine import Engine

__all__ = ["deidentify", "register"]


def deidentify(
    df: Any,
    *,
    columns: Optional[Union[str, list]] = None,
    skip: Optional[Union[str, list]] = None,
    patient: Optional[str] = None,
    policy: str = "minimum-necessary",
    key: Optional[str] = None,
    errors: str = "raise",
    **options: Any,
) -> Any:
    """``df``, batches or a stream, with the identifiers in its rows replaced: each row as of a Parquet file in ``deidre batch``.

    ``columns`` and ``skip`` are its ``--field`` and ``--skip-field``, ``patient`` its ``--patient-field``. ``key`` is handed to the
    executors as a broadcast variable; ``key_file``, ``key_env`` and ``key_command`` are read there, and need no secret on
    the way. ``policy`` is a name, or a file of the driver. ``options`` are those of :class:`deidre.Engine`; ``vault`` is one in
    Postgres. ``errors="omit"`` leaves out rows that cannot be scrubbed.
    """
    recipe = _Recipe(df.sparkSession, policy, key, options)
    chosen = {"columns": columns, "skip": skip, "patient": patient, "errors": errors}

    def scrub(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        engine = recipe.engine()
        for batch in batches:
            yield engine.deidentify(batch, **chosen)

    return df.mapInArrow(scrub, df.schema)


def register(
    spark: Any,
    *,
    name: str = "deidre_deidentify",
    policy: str = "minimum-necessary",
    key: Optional[str] = None,
    **options: Any,
) -> Any:
    """Registers the SQL function ``deidre_deidentify(text)``, and gives it for use with columns.

    Each text is a document of its own, as one that is handed to ``Engine.deidentify``. ``name`` followed by ``_of`` takes whose it
    is beside it: ``deidre_deidentify_of(text, patient)``.
    """
    recipe = _Recipe(spark, policy, key, options)
    alone = _arrow_udf(recipe.of_texts())
    spark.udf.register(name, alone)
    spark.udf.register(f"{name}_of", _arrow_udf(recipe.of_texts_and_patients()))
    return alone


class _Recipe:
    """What executors make their engine of. Secrets stand in a broadcast variable, or are read where the engine is made."""

    def __init__(self, spark: Any, policy: str, key: Optional[str], options: dict) -> None:
        options = {"threads": int(spark.conf.get("spark.task.cpus", "1")), **options}
        vault = options.get("vault")
        if vault is not None and not str(vault).startswith(("postgres://", "postgresql://")):
            raise ValueError("vault: one in Postgres, a file is on one machine only")
        if os.path.isfile(policy):
            with open(policy, encoding="utf-8") as file:
                options["policy_toml"] = file.read()
        else:
            options["policy"] = policy
        # Where no key may be used to join ids, all executors must use the same secret.
        secrets = {"key": key, "join": (options.pop("join", None) or os.urandom(32)).hex()}
        self._options = options
        self._name = uuid.uuid4().hex
        if hasattr(spark, "sparkContext") and not _is_connect(spark):
            self._secrets = spark.sparkContext.broadcast(json.dumps(secrets))
        elif key is None and options.get("policy") != "redact":
            self._secrets = _Plain(json.dumps({**secrets, "key": None}))
        elif key is None:
            self._secrets = _Plain(json.dumps(secrets))
        else:
            raise ValueError("key: Spark Connect has no broadcast variables; name key_file, key_env or key_command")

    def engine(self) -> Engine:
        """The engine of this process: made once, kept from task to task."""
        engine = _ENGINES.get(self._name)
        if engine is None:
            secrets = json.loads(self._secrets.value)
            options = dict(self._options)
            if secrets["key"] is not None:
                options["key"] = secrets["key"]
            engine = Engine(**options, join=bytes.fromhex(secrets["join"]))
            while len(_ENGINES) >= _KEPT:
                del _ENGINES[next(iter(_ENGINES))]
            _ENGINES[self._name] = engine
        return engine

    def of_texts(self) -> Callable:
        def scrub(texts: pa.Array) -> pa.Array:
            return self.engine().deidentify(texts)

        return scrub

    def of_texts_and_patients(self) -> Callable:
        def scrub(texts: pa.Array, patients: pa.Array) -> pa.Array:
            return self.engine().deidentify(texts, patient=patients)

        return scrub


class _Plain:
    """What a broadcast variable would hold, where there is none."""

    def __init__(self, value: str) -> None:
        self.value = value


def _arrow_udf(scrub: Callable) -> Any:
    from pyspark.sql import functions

    if hasattr(functions, "arrow_udf"):
        return functions.arrow_udf(scrub, "string")
    return functions.pandas_udf(_by_pandas(scrub), "string", functions.PandasUDFType.SCALAR)


def _by_pandas(scrub: Callable) -> Callable:
    """The same for Spark before 4.1, which has Arrow arrays only behind pandas."""

    def by_pandas(*columns):
        import pandas

        arrays = [pa.array(column, pa.string(), from_pandas=True) for column in columns]
        return pandas.Series(scrub(*arrays).to_pylist(), dtype=object)

    return by_pandas


def _is_connect(spark: Any) -> bool:
    return type(spark).__module__.startswith("pyspark.sql.connect")


#: Engines of this process, by recipe; and how many are kept.
_ENGINES: dict = {}
_KEPT = 4
