"""Finds the eighteen HIPAA identifiers in health records and swaps them for tokens that only the key holder can turn back.

    import deidre

    engine = deidre.Engine(policy="redact")
    engine.deidentify("Seen by Dr. Osei on 03/04/2019, MRN 00482913.")

The same engine as the command ``deidre``; dictionaries and models are inside of the package.
"""

from ._deidre import (
    IDENTIFIERS as _identifiers,
    LABELS as _labels,
    MODELS as _models,
    POLICIES as _policies,
    AuditError,
    ColumnError,
    DeidreError,
    ForkError,
    KeyringError,
    ModelError,
    PolicyError,
    RecordError,
    VaultError,
    __version__,
    new_key,
)
from ._engine import Engine, Span, TokensLeft

#: Every label; the first of them, :data:`IDENTIFIERS`, are those of 45 CFR 164.514(b)(2)(i).
LABELS = tuple(_labels)
#: The labels that must go under Safe Harbor.
IDENTIFIERS = LABELS[:_identifiers]
#: Names of the policies that are built in.
POLICIES = tuple(_policies)
#: Names of the models that are built in.
MODELS = tuple(_models)

__all__ = [
    "AuditError",
    "ColumnError",
    "DeidreError",
    "Engine",
    "ForkError",
    "IDENTIFIERS",
    "KeyringError",
    "LABELS",
    "MODELS",
    "ModelError",
    "POLICIES",
    "PolicyError",
    "RecordError",
    "Span",
    "TokensLeft",
    "VaultError",
    "__version__",
    "new_key",
]
