"""The engine, as Python has it: what is given comes back as the kind of thing that it was."""

from __future__ import annotations

import os
import warnings
from typing import Any, NamedTuple

from . import _deidre, _kinds


class Span(NamedTuple):
    """An identifier in a text. ``text[span.start:span.end]`` is it."""

    label: str
    start: int
    end: int
    score: float
    #: Which layer spoke for it: pattern, cue, dictionary, document, field, model, record.
    source: str


class TokensLeft(UserWarning):
    """Tokens stayed as they are: they were changed, are of another key or vault, or may not be revealed."""


class Engine:
    """Finds and replaces identifiers. One serves all threads; it is made anew in a process that is forked."""

    def __init__(
        self,
        policy: str | os.PathLike[str] = "minimum-necessary",
        *,
        policy_toml: str | None = None,
        destination: str | None = None,
        key: str | bytes | None = None,
        key_file: str | os.PathLike[str] | None = None,
        key_env: str | None = None,
        key_command: str | None = None,
        vault: str | os.PathLike[str] | None = None,
        model: str | os.PathLike[str] | None = "fast",
        threads: int | None = None,
        scope: str = "corpus",
        session: str | None = None,
        context: bool = True,
        join: bytes | None = None,
        audit: str | os.PathLike[str] | None = None,
        actor: str | None = None,
    ) -> None:
        self._options = {
            "policy": os.fspath(policy),
            "policy_toml": policy_toml,
            "destination": destination,
            "key": key.decode("ascii", "replace") if isinstance(key, bytes) else key,
            "key_file": _path(key_file),
            "key_env": key_env,
            "key_command": key_command,
            "vault": _path(vault),
            "model": _path(model),
            "threads": threads,
            "scope": scope,
            "session": session,
            "context": context,
            "join": join,
        }
        self._trail = {"audit": _path(audit), "actor": actor}
        self._native = _deidre.Engine(self._options)
        if key is not None or join is not None:
            # What is secret has one place.
            self._options = None

    def deidentify(
        self,
        data: Any,
        *,
        columns: list[str] | str | None = None,
        skip: list[str] | str | None = None,
        patient: Any = None,
        document: Any = None,
        errors: str = "raise",
    ) -> Any:
        """``data`` with its identifiers replaced, as the kind of thing that it was.

        A ``str``, a list of them, an Arrow array, or a pandas or polars Series: each text is a document of its own. ``patient``
        says whose it is, and ``document`` names it: one id for all, or one each.

        A record batch, a table, a DataFrame: each row is a record, as of a Parquet file in ``deidre batch``. ``columns`` and ``skip``
        are its ``--field`` and ``--skip-field`` (default: every column), ``patient`` its ``--patient-field``.

        ``errors="omit"`` leaves out what cannot be scrubbed, with a warning: ``None`` in the place of a text, no row in that of
        a row. The default raises :class:`deidre.RecordError`.
        """
        kind = _kinds.of(data)
        if kind.is_table:
            if document is not None:
                raise TypeError("document: for texts; rows of a table are told apart by what stands in them")
            if patient is not None and not isinstance(patient, str):
                raise TypeError("patient: the name of the column that says whose row it is")
            chosen = {"columns": _names(columns), "skip": _names(skip), "patient": patient, "errors": errors}
            clean, aside = kind.rows(self._native, data, chosen)
        else:
            if columns is not None or skip is not None:
                raise TypeError("columns, skip: for tables")
            clean, aside = kind.texts(self._native, data, _ids(patient), _ids(document), errors)
        if aside:
            reasons = ", ".join(sorted({reason for _, reason in aside}))
            what = "rows were left out" if kind.is_table else "texts are None"
            warnings.warn(f"{len(aside)} {what}: {reasons}", stacklevel=2)
        return clean

    def detect(self, data: Any, *, all_labels: bool = False) -> Any:
        """Where identifiers are, and of which label; nothing is replaced. With ``all_labels`` also what may stay: states,
        countries, years, ages under 90, professions, organisations.

        Of a ``str`` a list of :class:`Span`, of a list of them a list of lists: ``start`` and ``end`` count as Python does, in code
        points. Of an Arrow array, an Arrow array of lists of spans: they count bytes of UTF-8, as Arrow does.
        """
        return _kinds.of(data).spans(self._native, data, Span, all_labels)

    def reveal(
        self,
        data: Any,
        *,
        reason: str,
        labels: list[str] | str | None = None,
        session: str | None = None,
        patient: str | None = None,
        limit: int | None = None,
        format: str = "auto",
        audit: str | os.PathLike[str] | None = None,
        actor: str | None = None,
    ) -> Any:
        """``data`` with its tokens turned back into what stood there, as the kind of thing that it was.

        Who did it for which ``reason`` is written to the audit trail, before the first value and after the last; without a
        trail nothing is revealed. Tokens that stay are told by a :class:`TokensLeft` warning.
        """
        request = {
            "reason": reason,
            "labels": _names(labels),
            "session": session,
            "patient": patient,
            "limit": limit,
            "format": format,
            "audit": _path(audit) or self._trail["audit"],
            "actor": actor or self._trail["actor"],
        }
        revealed, (count, refused, mistyped, foreign) = _kinds.of(data).reveal(self._native, data, request)
        if refused or mistyped or foreign:
            warnings.warn(
                f"{count} tokens revealed; left as they are: {mistyped} mistyped (the checksum does not hold), {foreign} of "
                f"another key or vault, {refused} that may not be revealed",
                TokensLeft,
                stacklevel=2,
            )
        return revealed

    def __repr__(self) -> str:
        policy, _, key = self._native.about()
        return f"deidre.Engine(policy={policy!r}, key={key!r})"

    def __reduce__(self):
        if self._options is None:
            raise TypeError("an engine with key= or join= is not pickled, the secret would stand there: name key_file, "
                            "key_env or key_command")
        return _again, ({**self._options, **self._trail},)


def _again(options: dict[str, Any]) -> Engine:
    return Engine(**options)


def _path(path: Any) -> str | None:
    return None if path is None else os.fspath(path)


def _names(names: Any) -> list[str]:
    if names is None:
        return []
    return [names] if isinstance(names, str) else list(names)


def _ids(ids: Any) -> Any:
    """One id, or a list of them."""
    if ids is None or isinstance(ids, str):
        return ids
    if hasattr(ids, "to_pylist"):
        ids = ids.to_pylist()
    elif hasattr(ids, "to_list"):
        ids = ids.to_list()
    return [None if _kinds.is_missing(one) else str(one) for one in ids]
