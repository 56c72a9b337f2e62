"""The face of Presidio: existing code changes its imports.

    from deidre.presidio import AnalyzerEngine, AnonymizerEngine, OperatorConfig

    text = "Call Dr. Osei at 360-555-0142."
    results = AnalyzerEngine().analyze(text=text, language="en")
    AnonymizerEngine().anonymize(text=text, analyzer_results=results).text

Entities have Presidio's names where it has one, see :data:`ENTITIES`; the engine is Deidre's, so that `nlp_engine`, recognizers
and thresholds of other engines have no place here and are refused.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any, Optional

from ._engine import Engine

__all__ = [
    "ENTITIES",
    "AnalyzerEngine",
    "AnonymizerEngine",
    "EngineResult",
    "OperatorConfig",
    "OperatorResult",
    "RecognizerResult",
]

#: What Presidio calls each of Deidre's labels. Labels that it has no name for keep their own.
ENTITIES = {
    "NAME": "PERSON",
    "DATE": "DATE_TIME",
    "AGE90": "AGE",
    "STREET": "LOCATION",
    "CITY": "LOCATION",
    "ZIP": "LOCATION",
    "FACILITY": "ORGANIZATION",
    "EMPLOYER": "ORGANIZATION",
    "PHONE": "PHONE_NUMBER",
    "FAX": "PHONE_NUMBER",
    "EMAIL": "EMAIL_ADDRESS",
    "URL": "URL",
    "IP": "IP_ADDRESS",
    "SSN": "US_SSN",
    "MRN": "MEDICAL_RECORD_NUMBER",
    "HEALTH_PLAN": "HEALTH_PLAN_NUMBER",
    "ACCOUNT": "ACCOUNT_NUMBER",
    "LICENSE": "MEDICAL_LICENSE",
    "VEHICLE": "VEHICLE",
    "DEVICE": "DEVICE",
    "BIOMETRIC": "BIOMETRIC",
    "OTHER_ID": "ID",
    "STATE": "LOCATION",
    "COUNTRY": "LOCATION",
    "YEAR": "DATE_TIME",
    "AGE": "AGE",
    "PROFESSION": "PROFESSION",
    "ORG_OK": "ORGANIZATION",
}


@dataclass
class RecognizerResult:
    """An identifier in a text: ``text[result.start:result.end]``."""

    entity_type: str
    start: int
    end: int
    score: float
    analysis_explanation: Optional[Any] = None
    recognition_metadata: dict = field(default_factory=dict)

    def to_dict(self) -> dict:
        return dict(vars(self))

    def intersects(self, other: RecognizerResult) -> int:
        """How many characters both have."""
        return max(0, min(self.end, other.end) - max(self.start, other.start))

    def contained_in(self, other: RecognizerResult) -> bool:
        return other.start <= self.start and self.end <= other.end

    def contains(self, other: RecognizerResult) -> bool:
        return other.contained_in(self)

    def __repr__(self) -> str:
        return f"type: {self.entity_type}, start: {self.start}, end: {self.end}, score: {self.score}"


class AnalyzerEngine:
    """Finds identifiers. ``engine`` is a :class:`deidre.Engine`; without one, that of the policy ``redact``, which needs no key."""

    def __init__(self, engine: Optional[Engine] = None, *, default_score_threshold: float = 0.0, **others: Any) -> None:
        _refuse(others)
        self._engine = engine or Engine(policy="redact")
        self.default_score_threshold = default_score_threshold

    def get_supported_entities(self, language: Optional[str] = None) -> list[str]:
        _english(language)
        return sorted(set(ENTITIES.values()))

    def analyze(
        self,
        text: str,
        language: str = "en",
        entities: Optional[list[str]] = None,
        correlation_id: Optional[str] = None,
        score_threshold: Optional[float] = None,
        return_decision_process: bool = False,
        allow_list: Optional[list[str]] = None,
        **others: Any,
    ) -> list[RecognizerResult]:
        """What is found in ``text``, in its order. Without ``entities``, identifiers that must go; entities that name more (a
        state, an age) are found when they are asked for."""
        return self.analyze_many([text], language, entities, score_threshold, allow_list, **others)[0]

    def analyze_many(
        self,
        texts: list[str],
        language: str = "en",
        entities: Optional[list[str]] = None,
        score_threshold: Optional[float] = None,
        allow_list: Optional[list[str]] = None,
        **others: Any,
    ) -> list[list[RecognizerResult]]:
        """The same of several texts, side by side."""
        _english(language)
        _refuse(others)
        unknown = set(entities or ()) - set(ENTITIES.values()) - set(ENTITIES)
        if unknown:
            raise ValueError(f"no such entities: {', '.join(sorted(unknown))}; there are {', '.join(self.get_supported_entities())}")
        least = self.default_score_threshold if score_threshold is None else score_threshold
        wanted = None if entities is None else set(entities)
        allowed = set(allow_list or ())
        results = []
        for text, found in zip(texts, self._engine.detect(list(texts), all_labels=wanted is not None)):
            results.append(
                [
                    RecognizerResult(
                        ENTITIES[span.label],
                        span.start,
                        span.end,
                        round(span.score, 4),
                        recognition_metadata={"label": span.label, "recognizer_name": f"deidre {span.source}"},
                    )
                    for span in found
                    if span.score >= least
                    and (wanted is None or ENTITIES[span.label] in wanted or span.label in wanted)
                    and text[span.start : span.end] not in allowed
                ]
            )
        return results


@dataclass
class OperatorConfig:
    """What stands in place of an entity: ``replace`` (``new_value``), ``redact``, ``mask`` (``masking_char``, ``chars_to_mask``,
    ``from_end``), ``hash`` (``hash_type``), ``keep`` or ``custom`` (``lambda``)."""

    operator_name: str
    params: dict = field(default_factory=dict)


@dataclass
class OperatorResult:
    """What was done with one of the entities, and where it stands in the new text."""

    start: int
    end: int
    entity_type: str
    text: str
    operator: str


@dataclass
class EngineResult:
    """The new text."""

    text: str
    items: list[OperatorResult] = field(default_factory=list)


class AnonymizerEngine:
    """Replaces what was found. Tokens that can be turned back are :meth:`deidre.Engine.deidentify`'s."""

    def anonymize(
        self,
        text: str,
        analyzer_results: list[RecognizerResult],
        operators: Optional[dict[str, OperatorConfig]] = None,
    ) -> EngineResult:
        """``text`` with the entities replaced; without an operator for one, by ``DEFAULT``'s, or else by its name in angle
        brackets. Where results overlap, their union is replaced, so that nothing of either stays."""
        operators = operators or {}
        parts, items, at, length = [], [], 0, 0
        for result in _union(analyzer_results, len(text)):
            config = operators.get(result.entity_type) or operators.get("DEFAULT") or OperatorConfig("replace")
            new = _operate(config, result.entity_type, text[result.start : result.end])
            parts += [text[at : result.start], new]
            start = length + result.start - at
            length, at = start + len(new), result.end
            items.append(OperatorResult(start, length, result.entity_type, new, config.operator_name))
        parts.append(text[at:])
        # As Presidio has them: the last one first.
        return EngineResult("".join(parts), items[::-1])


def _union(results: list[RecognizerResult], length: int) -> list[RecognizerResult]:
    """Sorted and disjoint; the surer of two that overlap gives its name to their union."""
    union: list[RecognizerResult] = []
    for result in sorted(results, key=lambda result: (result.start, -result.end)):
        if not 0 <= result.start <= result.end <= length:
            raise ValueError("a result stands outside of the text")
        if union and result.start < union[-1].end:
            last = union[-1]
            name = max(last, result, key=lambda one: one.score).entity_type
            union[-1] = RecognizerResult(name, last.start, max(last.end, result.end), max(last.score, result.score))
        else:
            union.append(result)
    return union


def _operate(config: OperatorConfig, entity: str, value: str) -> str:
    name, params = config.operator_name, config.params
    if name == "replace":
        return params.get("new_value") or f"<{entity}>"
    if name == "redact":
        return ""
    if name == "keep":
        return value
    if name == "mask":
        count = min(int(params.get("chars_to_mask", len(value))), len(value))
        char = params.get("masking_char", "*")
        if params.get("from_end", False):
            return value[: len(value) - count] + char * count
        return char * count + value[count:]
    if name == "hash":
        kind = params.get("hash_type", "sha256")
        if kind not in ("sha256", "sha512"):
            raise ValueError("hash_type: sha256 or sha512")
        return hashlib.new(kind, value.encode()).hexdigest()
    if name == "custom":
        return str(params["lambda"](value))
    raise ValueError(f"no operator {name!r}: replace, redact, mask, hash, keep, custom; for tokens see deidre.Engine")


def _english(language: Optional[str]) -> None:
    if language not in (None, "en"):
        raise ValueError("language: en only")


def _refuse(others: dict) -> None:
    given = sorted(name for name, value in others.items() if value)
    if given:
        raise TypeError(f"not of this engine: {', '.join(given)}")
