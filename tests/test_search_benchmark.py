"""The index that search latency is measured on."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import compaction
from benchmarks.generated_index import Vectors, Words, fill
from benchmarks.search_latency import recall
from resources.deployment import Deployment
from tests.doubles.embedder import WordEmbedder


def test_an_index_is_filled_once_and_found_again(deployment: Deployment) -> None:
    deployment.__dict__["embedder"] = WordEmbedder(dimension=32)
    store = deployment.vector_store

    def filled() -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        return fill(store, 120, Words(seed=1, size=200), Vectors(seed=2, dimension=32))

    stored = filled()
    assert store.count() == (120, 120)
    assert recall(deployment, stored, stored[:20]) >= 0.98
    stamp = store._register.state.stamp  # type: ignore[attr-defined]
    assert (filled() == stored).all()
    assert store._register.state.stamp == stamp  # type: ignore[attr-defined]


def test_words_are_drawn_as_seeded() -> None:
    assert Words(seed=1).text(20) == Words(seed=1).text(20)
    assert Words(seed=1).text(20) != Words(seed=1, draws=3).text(20)
    assert set(Words(seed=1, draws=3, size=50).text(500).split()) <= set(
        Words(seed=1, size=50).text(5000).split()
    )


def test_searches_go_on_while_an_index_is_compacted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "_REST", 0.5)
    made = compaction.figures(chunks=150)
    assert made["complete"]
    assert made["megabytes"][0] >= made["megabytes"][1]
    assert made["search_ms"]["rest"]["searches"] > 0
