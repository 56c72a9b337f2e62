"""polars: ``df.deidre.deidentify(engine, ...)`` on Series, DataFrames and LazyFrames, once this is imported.

``Engine.deidentify`` takes Series and DataFrames as they are; this is for those who write methods one after the other.
"""

from __future__ import annotations

from typing import Any

import polars

from ._engine import Engine

__all__ = ["deidentify"]


def deidentify(data: Any, engine: Engine, **options: Any) -> Any:
    """A Series or DataFrame scrubbed; of a LazyFrame, one that scrubs its batches when it is collected. For ``df.pipe``."""
    if isinstance(data, polars.LazyFrame):
        # What a row becomes hangs on nothing but the row: batches may be of any size.
        return data.map_batches(lambda batch: engine.deidentify(batch, **options), streamable=True)
    return engine.deidentify(data, **options)


@polars.api.register_series_namespace("deidre")
@polars.api.register_dataframe_namespace("deidre")
@polars.api.register_lazyframe_namespace("deidre")
class _Namespace:
    def __init__(self, data: Any) -> None:
        self._data = data

    def deidentify(self, engine: Engine, **options: Any) -> Any:
        """See :meth:`deidre.Engine.deidentify`."""
        return deidentify(self._data, engine, **options)

    def detect(self, engine: Engine, **options: Any) -> Any:
        """See :meth:`deidre.Engine.detect`."""
        return engine.detect(self._data, **options)

    def reveal(self, engine: Engine, **options: Any) -> Any:
        """See :meth:`deidre.Engine.reveal`."""
        return engine.reveal(self._data, **options)
