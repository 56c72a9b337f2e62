"""What can be given: how its texts or rows are handed to the native engine, and how what comes back is made of that kind."""

from __future__ import annotations

import sys
from typing import Any


def of(data: Any) -> Kind:
    """The kind of ``data``."""
    if isinstance(data, str):
        return Text()
    if isinstance(data, (list, tuple)):
        return Texts()
    # Libraries are not imported here: whoever hands over a thing of theirs has.
    for name, kinds in _LIBRARIES.items():
        library = sys.modules.get(name)
        if library is not None:
            for type_name, kind in kinds.items():
                made = getattr(library, type_name, None)
                if isinstance(made, type) and isinstance(data, made):
                    return kind(library)
    if hasattr(data, "__arrow_c_stream__"):
        return Stream()
    if hasattr(data, "__arrow_c_array__"):
        return Array()
    raise TypeError(
        f"{type(data).__name__}: give a str, a list of str, or what reads and writes Arrow: pyarrow, polars, pandas"
    )


def is_missing(value: Any) -> bool:
    """Whether it is None, or what pandas has in its place."""
    return value is None or value != value or type(value).__name__ in ("NAType", "NaTType")


class Kind:
    """A kind of data; the methods that it has not are those for which it is not."""

    is_table = False

    def texts(self, engine: Any, data: Any, patient: Any, document: Any, errors: str) -> Any:
        raise TypeError(f"{type(data).__name__}: no texts")

    def rows(self, engine: Any, data: Any, chosen: dict[str, Any]) -> Any:
        raise TypeError(f"{type(data).__name__}: no table")

    def spans(self, engine: Any, data: Any, span: Any, all_labels: bool) -> Any:
        raise TypeError(f"{type(data).__name__}: give texts, a column of the table for example")

    def reveal(self, engine: Any, data: Any, request: dict[str, Any]) -> Any:
        raise TypeError(f"{type(data).__name__}: give texts, a column of the table for example")


class Text(Kind):
    """A str."""

    def texts(self, engine, data, patient, document, errors):
        (clean,), aside = engine.texts([data], patient, document, errors)
        return clean, aside

    def spans(self, engine, data, span, all_labels):
        (found,) = engine.spans([data], all_labels)
        return [span(*spot) for spot in found]

    def reveal(self, engine, data, request):
        (text,), counts = engine.reveal_texts([data], request)
        return text, counts


class Texts(Kind):
    """A list or tuple of str, None among them."""

    def texts(self, engine, data, patient, document, errors):
        clean, aside = engine.texts(list(data), patient, document, errors)
        return type(data)(clean), aside

    def spans(self, engine, data, span, all_labels):
        return [[span(*spot) for spot in found] for found in engine.spans(list(data), all_labels)]

    def reveal(self, engine, data, request):
        texts, counts = engine.reveal_texts(list(data), request)
        return type(data)(texts), counts


class Array(Kind):
    """Whatever gives one Arrow array."""

    def made(self, array: Any, like: Any) -> Any:
        return array

    def texts(self, engine, data, patient, document, errors):
        clean, aside = engine.column(data, patient, document, errors)
        return self.made(clean, data), aside

    def spans(self, engine, data, span, all_labels):
        return engine.span_column(data, all_labels)


class Stream(Kind):
    """Whatever streams Arrow batches."""

    is_table = True

    def rows(self, engine, data, chosen):
        return engine.table(data, chosen)


class ArrowArray(Array):
    """A pyarrow Array."""

    def __init__(self, pyarrow):
        self.pyarrow = pyarrow

    def made(self, array, like):
        return self.pyarrow.array(array)

    def spans(self, engine, data, span, all_labels):
        return self.pyarrow.array(engine.span_column(data, all_labels))

    def reveal(self, engine, data, request):
        texts, counts = engine.reveal_texts(data.to_pylist(), request)
        return self.pyarrow.array(texts, type=data.type), counts


class ArrowChunks(Kind):
    """A pyarrow ChunkedArray."""

    def __init__(self, pyarrow):
        self.pyarrow = pyarrow

    def texts(self, engine, data, patient, document, errors):
        chunks, aside, before = [], [], 0
        for chunk in data.chunks:
            after = before + len(chunk)
            ids = [one[before:after] if isinstance(one, list) else one for one in (patient, document)]
            clean, left = engine.column(chunk, *ids, errors)
            chunks.append(self.pyarrow.array(clean))
            aside += [(before + row, reason) for row, reason in left]
            before = after
        return self.pyarrow.chunked_array(chunks, type=data.type), aside

    def spans(self, engine, data, span, all_labels):
        if not data.chunks:
            data = self.pyarrow.chunked_array([self.pyarrow.array([], data.type)])
        return self.pyarrow.chunked_array([self.pyarrow.array(engine.span_column(chunk, all_labels)) for chunk in data.chunks])

    def reveal(self, engine, data, request):
        texts, counts = engine.reveal_texts(data.to_pylist(), request)
        return self.pyarrow.chunked_array([self.pyarrow.array(texts, type=data.type)]), counts


class ArrowTable(Stream):
    """A pyarrow Table."""

    def __init__(self, pyarrow):
        self.pyarrow = pyarrow

    def rows(self, engine, data, chosen):
        clean, aside = engine.table(data, chosen)
        return self.pyarrow.table(clean), aside

    def reveal(self, engine, data, request):
        texts = [at for at, field in enumerate(data.schema) if _is_text(self.pyarrow, field.type)]
        values = [text for at in texts for text in data.column(at).to_pylist()]
        revealed, counts = engine.reveal_texts(values, request)
        for number, at in enumerate(texts):
            field = data.schema.field(at)
            part = revealed[number * data.num_rows : (number + 1) * data.num_rows]
            data = data.set_column(at, field, self.pyarrow.array(part, type=field.type))
        return data, counts


class ArrowBatch(ArrowTable):
    """A pyarrow RecordBatch."""

    def rows(self, engine, data, chosen):
        clean, aside = engine.batch(data, chosen)
        return self.pyarrow.record_batch(clean), aside

    def reveal(self, engine, data, request):
        table, counts = super().reveal(engine, self.pyarrow.Table.from_batches([data]), request)
        (batch,) = table.combine_chunks().to_batches() or [data]
        return batch, counts


class PolarsSeries(Kind):
    """A polars Series."""

    def __init__(self, polars):
        self.polars = polars

    def texts(self, engine, data, patient, document, errors):
        clean, aside = engine.texts(data.cast(self.polars.String).to_list(), patient, document, errors)
        return self.polars.Series(data.name, clean, dtype=data.dtype), aside

    def spans(self, engine, data, span, all_labels):
        return Texts().spans(engine, data.cast(self.polars.String).to_list(), span, all_labels)

    def reveal(self, engine, data, request):
        texts, counts = engine.reveal_texts(data.cast(self.polars.String).to_list(), request)
        return self.polars.Series(data.name, texts, dtype=data.dtype), counts


class PolarsFrame(Stream):
    """A polars DataFrame."""

    def __init__(self, polars):
        self.polars = polars

    def rows(self, engine, data, chosen):
        clean, aside = engine.table(data, chosen)
        return self.polars.DataFrame(clean), aside

    def reveal(self, engine, data, request):
        names = [name for name, kind in data.schema.items() if kind in (self.polars.String, self.polars.Categorical)]
        values = [text for name in names for text in data[name].cast(self.polars.String).to_list()]
        revealed, counts = engine.reveal_texts(values, request)
        parts = [revealed[number * data.height : (number + 1) * data.height] for number in range(len(names))]
        columns = [self.polars.Series(name, part, dtype=data.schema[name]) for name, part in zip(names, parts)]
        return data.with_columns(columns), counts


class PandasSeries(Kind):
    """A pandas Series."""

    def __init__(self, pandas):
        self.pandas = pandas

    def _like(self, texts, data):
        dtype = data.dtype if not isinstance(data.dtype, self.pandas.CategoricalDtype) else "category"
        return self.pandas.Series(texts, index=data.index, name=data.name, dtype=dtype)

    def _texts(self, data):
        return [None if is_missing(text) else text for text in data.tolist()]

    def texts(self, engine, data, patient, document, errors):
        clean, aside = engine.texts(self._texts(data), patient, document, errors)
        return self._like(clean, data), aside

    def spans(self, engine, data, span, all_labels):
        found = Texts().spans(engine, self._texts(data), span, all_labels)
        return self.pandas.Series(found, index=data.index, name=data.name, dtype=object)

    def reveal(self, engine, data, request):
        texts, counts = engine.reveal_texts(self._texts(data), request)
        return self._like(texts, data), counts


class PandasFrame(Stream):
    """A pandas DataFrame. An index with values in it is searched as columns are."""

    def __init__(self, pandas):
        self.pandas = pandas

    def rows(self, engine, data, chosen):
        import pyarrow

        # Labels need not be names, nor told apart: columns go by their place.
        plain = isinstance(data.index, self.pandas.RangeIndex)
        flat = data if plain else data.reset_index(names=_levels(data))
        table = pyarrow.Table.from_pandas(flat, preserve_index=False)
        clean, aside = engine.table(table, chosen)
        clean = pyarrow.table(clean)
        left = {row for row, _ in aside}
        kept = [row for row in range(len(flat)) if row not in left]
        out = flat.iloc[kept].copy()
        before = table.take(kept) if left else table
        for at, name in enumerate(flat.columns):
            if not clean.column(at).equals(before.column(at)):
                series = clean.column(at).to_pandas()
                series.index = out.index
                out[name] = series
        if plain:
            return out, aside
        levels = _levels(data)
        out = out.set_index(levels)
        out.index.names = data.index.names
        return out, aside

    def reveal(self, engine, data, request):
        text = self.pandas.api.types.is_string_dtype
        names = [name for name in data.columns if text(data[name].dtype) or data[name].dtype == object]
        values = [value if isinstance(value, str) else None for name in names for value in data[name].tolist()]
        revealed, counts = engine.reveal_texts(values, request)
        out = data.copy()
        for number, name in enumerate(names):
            part = revealed[number * len(data) : (number + 1) * len(data)]
            old = data[name].tolist()
            new = [text if isinstance(before, str) else before for text, before in zip(part, old)]
            out[name] = self.pandas.Series(new, index=data.index, dtype=data[name].dtype)
        return out, counts


def _levels(data: Any) -> list[str]:
    """Names for the levels of an index that no column has."""
    taken = {str(name) for name in data.columns}
    names = []
    for number, name in enumerate(data.index.names):
        name = f"index_{number}" if name is None else str(name)
        while name in taken:
            name += "_"
        taken.add(name)
        names.append(name)
    return names


def _is_text(pyarrow: Any, kind: Any) -> bool:
    types = pyarrow.types
    if types.is_dictionary(kind):
        kind = kind.value_type
    view = getattr(types, "is_string_view", lambda _: False)
    return types.is_string(kind) or types.is_large_string(kind) or view(kind)


_LIBRARIES = {
    "pyarrow": {
        "RecordBatch": ArrowBatch,
        "Table": ArrowTable,
        "ChunkedArray": ArrowChunks,
        "Array": ArrowArray,
    },
    "polars": {"DataFrame": PolarsFrame, "Series": PolarsSeries},
    "pandas": {"DataFrame": PandasFrame, "Series": PandasSeries},
}
