"""Two rankings made one."""

from __future__ import annotations

from collections.abc import Sequence

from resources.vector_store import Chunk, SearchHit

# Cormack, Clarke and Buettcher, SIGIR 2009: how much rank 1 outweighs the ranks after it.
RRF_K = 60


def fuse(*rankings: Sequence[SearchHit]) -> list[SearchHit]:
    """Reciprocal rank fusion: a chunk scores 1 / (60 + rank) in each ranking that has it.

    Equal scores are ordered by the better single rank, then by `chunk_id`.
    """
    scores: dict[str, float] = {}
    best: dict[str, int] = {}
    chunks: dict[str, Chunk] = {}
    for ranking in rankings:
        for rank, (chunk, _) in enumerate(ranking, 1):
            chunk_id = chunk.chunk_id
            chunks.setdefault(chunk_id, chunk)
            scores[chunk_id] = scores.get(chunk_id, 0.0) + 1 / (RRF_K + rank)
            best[chunk_id] = min(best.get(chunk_id, rank), rank)
    order = sorted(chunks, key=lambda i: (-scores[i], best[i], i))
    return [SearchHit(chunks[i], scores[i]) for i in order]
