"""A deployment whose index is in OpenSearch: hybrid search, and generations beside each other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from resources.deployment import Deployment
from resources.generations import register
from resources.settings import Settings
from sparknet_assets.retrieval import SearchMode, search
from tests.contracts.test_vector_store import chunk
from tests.doubles.embedder import WordEmbedder
from tests.doubles.opensearch import OpenSearchDouble, opensearch_double

TEXTS = ["The tenant pays rent on the first day", "Net revenue grew by nine percent"]


@pytest.fixture(params=["domain", "serverless", "serverless-classic"])
def double(request: pytest.FixtureRequest, signing: None) -> Iterator[OpenSearchDouble]:
    with opensearch_double(request.param) as running:
        running.visible_within = 0.0
        yield running


def deployed(double: OpenSearchDouble, folder: Path, **settings: Any) -> Deployment:
    made = Deployment(
        Settings(
            home=folder / "data",
            vector_store="opensearch",
            opensearch_endpoint=double.url,
            opensearch_kind=double.kind,
            opensearch_engine="lucene",
            **settings,
        )
    )
    made.__dict__["embedder"] = WordEmbedder(dimension=128)
    return made


def fill(deployment: Deployment) -> None:
    chunks = [chunk("doc", n, text) for n, text in enumerate(TEXTS)]
    deployment.vector_store.add_chunks(chunks, deployment.embedder.embed(TEXTS))


@pytest.mark.parametrize("mode", ["hybrid", "vector", "keyword"])
def test_search(double: OpenSearchDouble, tmp_path: Path, mode: SearchMode) -> None:
    deployment = deployed(double, tmp_path)
    fill(deployment)
    hits = search(deployment, "rent of the tenant", mode=mode).hits
    assert hits[0].text == TEXTS[0]
    assert hits[0].doc_id == "doc"


def test_a_switch_of_generations(double: OpenSearchDouble, tmp_path: Path) -> None:
    first = deployed(double, tmp_path)
    fill(first)
    register(first.catalog, first.target, live=True)
    second = deployed(double, tmp_path, collection="second")
    assert second.vector_store.generation != first.vector_store.generation
    assert second.vector_store.count() == (0, 0)
    assert search(second, "tenant").hits, "the live one answers while the other is built"
    fill(second)
    register(second.catalog, second.target, live=True)
    assert len(double.indexes) == 2
    first.vector_store.drop()
    assert len(double.indexes) == 1
    assert second.live_store.count() == (2, 2)
    assert search(first, "tenant").hits, "it reads in the catalog which one answers"
