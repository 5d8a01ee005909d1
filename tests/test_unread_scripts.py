"""Queries in a script that the model was not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from resources.deployment import Deployment
from resources.embeddings import ReadsSome
from resources.embeddings.minilm import MiniLMEmbedder
from resources.vector_store import Chunk
from sparknet_assets.retrieval import search
from tests.doubles.embedder import WordEmbedder

QUERY = "القط البيت يعيش"
# What a model makes of a script that it does not know: the passage of the words comes last.
TEXTS = {
    "best": ("القط يعيش في البيت", (0.0, 1.0)),
    "near": ("القط", (1.0, 0.0)),
    "far": ("كلب", (0.8, 0.6)),
}


class Misled(WordEmbedder):
    """Gives the vectors above."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        known = {QUERY: (1.0, 0.0), **dict(TEXTS.values())}
        return np.array([known[text] for text in texts], np.float32)


class LatinOnly(Misled):
    """The same, and knows that it reads no other script."""

    def reads(self, text: str) -> bool:
        return text.isascii()


def put(deployment: Deployment) -> None:
    chunks = [
        Chunk(
            chunk_id=doc_id,
            doc_id=doc_id,
            ordinal=0,
            text=text,
            text_sha256="",
            tokens=5,
            pages=(1, 1),
            boxes=(),
        )
        for doc_id, (text, _) in TEXTS.items()
    ]
    deployment.vector_store.add_chunks(chunks, deployment.embedder.embed([c.text for c in chunks]))


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("When does the lease end?", True),
        ("Dürfen Hunde mitgenommen werden, Łukasz?", True),
        ("2025: 840 €", True),
        ("", True),
        ("特斯拉大部分时间都住在哪里", False),
        ("أين عاش تسلا أغلب حياته؟", False),
        ("Где жил Никола Тесла?", False),
        ("Tesla 住在哪里", True),
        ("EU 法律的主要原则是什么", False),
    ],
)
def test_the_default_model_reads_latin_letters(text: str, read: bool, tmp_path: Path) -> None:
    embedder = MiniLMEmbedder(precision="int8", weights=None, cache=tmp_path)
    assert isinstance(embedder, ReadsSome)
    assert embedder.reads(text) is read


@pytest.mark.parametrize(
    ("embedder", "order"),
    [(Misled, ["near", "best", "far"]), (LatinOnly, ["best", "near", "far"])],
)
def test_words_go_first_where_vectors_mean_nothing(
    deployment: Deployment, embedder: type[Misled], order: list[str]
) -> None:
    deployment.__dict__["embedder"] = embedder(dimension=2)
    put(deployment)
    assert [hit.doc_id for hit in search(deployment, QUERY).hits] == order
