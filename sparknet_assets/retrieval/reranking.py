"""The best hits put in the order of the sentence in each that supports an answer best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from resources.vector_store import SearchHit
from sparknet_assets.retrieval.naming import UNNAMED, Named

if TYPE_CHECKING:
    from resources.embeddings import Embedder

# Of more than ten, twice as many sentences compete for being embedded, and fewer hits gain.
RERANKED = 10


def reranked(
    question: str,
    ranking: Sequence[SearchHit],
    near: Sequence[SearchHit],
    embedder: Embedder,
    named: Mapping[str, Named],
) -> tuple[list[SearchHit], dict[str, float]]:
    """The ranking with its first ten hits in another order, and why: chunk_id -> its support.

    The support is that of a hit's best sentence, see `sparknet_assets.answers.evidence.weigh`: the
    same that chooses what an answer quotes. Scores stay what they were.

    Args:
        near: The ranking by meaning.
        named: doc_id -> how far the question names that document.
    """
    from sparknet_assets.answers.evidence import Passage, weigh

    similarity = {hit.chunk.chunk_id: hit.score for hit in near}
    # What only its words brought up is no nearer than the last that is near in meaning.
    least = min(similarity.values(), default=0.0)
    best = ranking[:RERANKED]
    passages = [
        Passage(
            hit.chunk.chunk_id,
            hit.chunk.text,
            similarity.get(hit.chunk.chunk_id, least),
            preferred=named.get(hit.chunk.doc_id, UNNAMED).preference,
        )
        for hit in best
    ]
    background = [hit.chunk.text for hit in ranking]
    vector = embedder.embed([question])[0]
    support: dict[str, float] = {}
    for found in weigh(question, vector, passages, background, embedder):
        support.setdefault(found.passage.key, found.place)
    # A hit none of whose sentences was looked at stays behind those that were.
    order = sorted(best, key=lambda hit: -support.get(hit.chunk.chunk_id, float("-inf")))
    return [*order, *ranking[RERANKED:]], support
