"""Documents of LangChain and LlamaIndex, scrubbed before they are embedded or stand in a prompt. Neither library is needed to
import this; each class needs its own when it is made.

    from deidre import Engine
    from deidre.integrations import langchain_transformer, llama_index_transformation

    chunks = langchain_transformer(Engine(key_file="deidre.key")).transform_documents(chunks)
    pipeline = IngestionPipeline(transformations=[llama_index_transformation(Engine(policy="redact")), splitter, embedding])
"""

from __future__ import annotations

import asyncio
from typing import Any, Optional, Sequence

from ._engine import Engine

__all__ = ["langchain_transformer", "llama_index_transformation"]


def langchain_transformer(
    engine: Engine, *, patient: Optional[str] = None, metadata: Sequence[str] = (), keep_metadata: Sequence[str] = ()
) -> Any:
    """A `BaseDocumentTransformer` of LangChain.

    ``patient`` is the name of the metadata that says whose document it is. Texts in the ``metadata`` of those names are scrubbed
    too; of the other metadata only ``keep_metadata`` stays, since it may hold anything.
    """
    from langchain_core.documents import BaseDocumentTransformer, Document

    fields = _Fields(patient, metadata, keep_metadata)

    class DeidreTransformer(BaseDocumentTransformer):
        """Scrubs documents; a new list, the given documents stay as they are."""

        def transform_documents(self, documents: Sequence[Document], **_: Any) -> list[Document]:
            documents = list(documents)
            texts = [document.page_content for document in documents]
            clean, about = fields.scrub(engine, texts, [document.metadata for document in documents])
            return [Document(page_content=text, metadata=meta) for text, meta in zip(clean, about)]

        async def atransform_documents(self, documents: Sequence[Document], **others: Any) -> list[Document]:
            return await asyncio.to_thread(self.transform_documents, documents, **others)

    return DeidreTransformer()


def llama_index_transformation(
    engine: Engine, *, patient: Optional[str] = None, metadata: Sequence[str] = (), keep_metadata: Sequence[str] = ()
) -> Any:
    """A `TransformComponent` of LlamaIndex, for an `IngestionPipeline`. What is said of metadata for
    :func:`langchain_transformer` holds here too."""
    from llama_index.core.schema import MetadataMode, TransformComponent

    fields = _Fields(patient, metadata, keep_metadata)

    class DeidreTransformation(TransformComponent):
        """Scrubs nodes; new nodes of the same kind and id, without an embedding: it would be that of the text as it was."""

        def __call__(self, nodes: Sequence[Any], **_: Any) -> list[Any]:
            nodes = list(nodes)
            texts = [node.get_content(metadata_mode=MetadataMode.NONE) for node in nodes]
            clean, about = fields.scrub(engine, texts, [node.metadata for node in nodes])
            done = []
            for node, text, meta in zip(nodes, clean, about):
                # Relationships hold metadata of other nodes, as it was.
                node = node.model_copy(update={"metadata": meta, "embedding": None, "relationships": {}}, deep=True)
                node.set_content(text)
                done.append(node)
            return done

        async def acall(self, nodes: Sequence[Any], **others: Any) -> list[Any]:
            return await asyncio.to_thread(self.__call__, nodes, **others)

    return DeidreTransformation()


class _Fields:
    """What becomes of the metadata of documents."""

    def __init__(self, patient: Optional[str], scrubbed: Sequence[str], kept: Sequence[str]) -> None:
        self.patient = patient
        self.scrubbed = tuple(scrubbed)
        self.kept = tuple(kept)

    def scrub(self, engine: Engine, texts: list[str], about: list[dict]) -> tuple[list[str], list[dict]]:
        patients = None if self.patient is None else [_text(meta.get(self.patient)) for meta in about]
        clean = engine.deidentify(texts, patient=patients)
        new: list[dict] = [{name: meta[name] for name in self.kept if name in meta} for meta in about]
        for name in self.scrubbed:
            values = engine.deidentify([_text(meta.get(name)) for meta in about], patient=patients)
            for meta, value in zip(new, values):
                if value is not None:
                    meta[name] = value
        return clean, new


def _text(value: Any) -> Optional[str]:
    return None if value is None else str(value)
