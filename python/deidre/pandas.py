"""pandas: ``df.deidre.deidentify(engine, ...)`` on Series and DataFrames, once this is imported.

``Engine.deidentify`` takes them as they are; this is for those who write methods one after the other.
"""

from __future__ import annotations

from typing import Any

import pandas

from ._engine import Engine

__all__ = ["deidentify"]


def deidentify(data: Any, engine: Engine, **options: Any) -> Any:
    """A Series or DataFrame scrubbed; columns in which nothing changed keep their type. For ``df.pipe``."""
    return engine.deidentify(data, **options)


@pandas.api.extensions.register_series_accessor("deidre")
@pandas.api.extensions.register_dataframe_accessor("deidre")
class _Accessor:
    def __init__(self, data: Any) -> None:
        self._data = data

    def deidentify(self, engine: Engine, **options: Any) -> Any:
        """See :meth:`deidre.Engine.deidentify`."""
        return engine.deidentify(self._data, **options)

    def detect(self, engine: Engine, **options: Any) -> Any:
        """See :meth:`deidre.Engine.detect`."""
        return engine.detect(self._data, **options)

    def reveal(self, engine: Engine, **options: Any) -> Any:
        """See :meth:`deidre.Engine.reveal`."""
        return engine.reveal(self._data, **options)
