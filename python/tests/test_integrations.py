"""Documents of LangChain and LlamaIndex."""

import asyncio

import pytest

from deidre.integrations import langchain_transformer, llama_index_transformation

NOTE = "Winifred Achterberg was seen on 03/04/2019."
CLEAN = "[NAME] was seen on [DATE]."
META = {"title": "Visit of Winifred Achterberg", "mrn": "00482913", "page": 3}


def test_langchain(redact):
    documents = pytest.importorskip("langchain_core.documents")
    given = [documents.Document(page_content=NOTE, metadata=dict(META))]
    transformer = langchain_transformer(redact, patient="mrn", metadata=["title"], keep_metadata=["page"])
    for (clean,) in (transformer.transform_documents(given), asyncio.run(transformer.atransform_documents(given))):
        assert clean.page_content == CLEAN
        assert clean.metadata == {"title": "Visit of [NAME]", "page": 3}
    assert given[0].page_content == NOTE and given[0].metadata == META


def test_llama_index(redact):
    schema = pytest.importorskip("llama_index.core.schema")
    node = schema.TextNode(text=NOTE, metadata=dict(META), embedding=[0.1])
    node.relationships[schema.NodeRelationship.SOURCE] = schema.RelatedNodeInfo(node_id="x", metadata=dict(META))
    transformation = llama_index_transformation(redact, metadata=["title"])
    for (clean,) in (transformation([node]), asyncio.run(transformation.acall([node]))):
        assert clean.get_content() == CLEAN and clean.node_id == node.node_id
        assert clean.metadata == {"title": "Visit of [NAME]"}
        assert clean.embedding is None and "Achterberg" not in clean.model_dump_json()
    assert node.get_content() == NOTE
