"""Queries in a script that the model was not trained on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from resources.deployment import Deployment
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
def test_the_default_model_reads_latin_letters(
    deployment: Deployment, text: str, read: bool
) -> None:
    live = deployment.answering
    assert live.reads(text) is read
    assert live.model_copy(update={"embedder": "ollama"}).reads(text)


def test_words_go_first_where_vectors_mean_nothing(deployment: Deployment) -> None:
    deployment.__dict__["embedder"] = Misled(dimension=2)
    put(deployment)
    found = search(deployment, QUERY, explain=True).hits
    assert [hit.doc_id for hit in found] == ["best", "near", "far"]
    for hit in found:
        assert hit.explanation
        parts = (hit.explanation.vector, hit.explanation.keyword)
        assert sum(part.points for part in parts if part) == pytest.approx(hit.score, abs=1e-6)
    near = [hit.doc_id for hit in search(deployment, QUERY, mode="vector").hits]
    assert near == ["near", "far", "best"]
