"""Two rankings made one."""

from __future__ import annotations

from collections.abc import Sequence

from resources.generations import Generation
from resources.vector_store import Chunk, SearchHit

# Cormack, Clarke and Buettcher, SIGIR 2009: how much rank 1 outweighs the ranks after it.
RRF_K = 60
# What the words did not find comes after what they did, whatever its rank.
UNREAD_WEIGHT = 0.001


def weight_of_vectors(live: Generation, query: str) -> float:
    """1; next to nothing for a query in a script that the model does not read.

    Its vectors say nothing then, and would push what the words found out of the first places.
    """
    return 1.0 if live.reads(query) else UNREAD_WEIGHT


def fuse(*rankings: Sequence[SearchHit], weights: Sequence[float] = ()) -> list[SearchHit]:
    """Reciprocal rank fusion: a chunk scores weight / (60 + rank) in each ranking that has it.

    Equal scores are ordered by the better single rank, then by `chunk_id`.

    Args:
        weights: Of the rankings, in their order; 1 for those that have none.
    """
    scores: dict[str, float] = {}
    best: dict[str, int] = {}
    chunks: dict[str, Chunk] = {}
    padded = [*weights, *[1.0] * (len(rankings) - len(weights))]
    for ranking, weight in zip(rankings, padded, strict=True):
        for rank, (chunk, _) in enumerate(ranking, 1):
            chunk_id = chunk.chunk_id
            chunks.setdefault(chunk_id, chunk)
            scores[chunk_id] = scores.get(chunk_id, 0.0) + weight / (RRF_K + rank)
            best[chunk_id] = min(best.get(chunk_id, rank), rank)
    order = sorted(chunks, key=lambda i: (-scores[i], best[i], i))
    return [SearchHit(chunks[i], scores[i]) for i in order]
