"""Search over what was indexed: by meaning, by words, or both fused."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Literal

from pydantic import BaseModel

from resources.catalog import DocumentRecord
from resources.deployment import Deployment, ModelGoneError
from resources.failure import FailureKind, SparknetError
from resources.vector_store import Chunk, SearchHit
from sparknet_assets.holdings import another_answers

SearchMode = Literal["hybrid", "vector", "keyword"]

# Cormack, Clarke and Buettcher, SIGIR 2009: how much rank 1 outweighs the ranks after it.
RRF_K = 60
# Each side is asked for more than is shown: a chunk that both rank middling may win.
_DEPTH = 5
_LEAST_CANDIDATES = 50


class HitBox(BaseModel):
    """A rectangle on a page (1-based) in fractions of that page, origin top left."""

    page: int
    x0: float
    y0: float
    x1: float
    y1: float


class Hit(BaseModel):
    """A passage found.

    Attributes:
        rank: 1 is the best.
        score: Cosine similarity, BM25, or the sum of reciprocal ranks, by mode.
        page: The page that most of the passage stands on, 1-based.
        stale: Why the passage is of an older version of the document; None when it is current.
    """

    rank: int
    score: float
    doc_id: str
    page: int
    chunk_id: str
    text: str
    stale: str | None = None
    boxes: list[HitBox]


class SearchResponse(BaseModel):
    """What was asked and what was found, best first.

    Attributes:
        note: What the reader should know of the index that answered; mostly empty.
    """

    query: str
    mode: SearchMode
    hits: list[Hit]
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        """JSON values, as the command and the API give them out."""
        return self.model_dump(mode="json", exclude=None if self.note else {"note"})


def search(
    deployment: Deployment,
    query: str,
    *,
    top_k: int = 10,
    mode: SearchMode = "hybrid",
    doc_ids: Collection[str] | None = None,
) -> SearchResponse:
    """Finds the passages that answer a query best, in the live generation of the index.

    Args:
        top_k: Passages at most.
        mode: `vector` by meaning, `keyword` by words (BM25), `hybrid` by both, fused by rank; by
            words alone when the model that the index was made with is gone, and a note says so.
        doc_ids: Search these documents only.

    Raises:
        SparknetError: The query is empty, or a service does not answer.
    """
    if not query.strip():
        raise SparknetError(
            FailureKind.REFUSED, "The query is empty: say what to look for.", retryable=False
        )
    live = deployment.answering
    store = deployment.store_of(live)
    note = another_answers(deployment, live)
    depth = max(_DEPTH * top_k, _LEAST_CANDIDATES) if mode == "hybrid" else top_k
    rankings = []
    if mode != "keyword":
        try:
            vector = deployment.embedder_of(live).embed([query])[0]
            rankings.append(store.search(vector, depth, doc_ids=doc_ids))
        except ModelGoneError as error:
            if mode == "vector":
                raise
            note = f"Searched by words only. {error}"
    if mode != "vector":
        rankings.append(store.search_text(query, depth, doc_ids=doc_ids))
    hits = fuse(*rankings)[:top_k] if mode == "hybrid" else rankings[0]
    return SearchResponse(
        query=query,
        mode=mode,
        hits=_as_known(hits, deployment),
        note=note,
    )


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


def _as_known(hits: Sequence[SearchHit], deployment: Deployment) -> list[Hit]:
    """The hits with what the catalog says of their documents."""
    there, records = known_hits(hits, deployment)
    return [
        _hit(rank, hit, record.stale if (record := records.get(hit.chunk.doc_id)) else None)
        for rank, hit in enumerate(there, 1)
    ]


def known_hits(
    hits: Sequence[SearchHit], deployment: Deployment
) -> tuple[list[SearchHit], dict[str, DocumentRecord]]:
    """The hits that may be shown, and the rows of their documents.

    A document whose removal has begun is not found any more, wherever that removal has got to.
    """
    records = deployment.catalog.get_many({hit.chunk.doc_id for hit in hits})
    gone = {record.doc_id for record in records.values() if record.status == "deleted"}
    return [hit for hit in hits if hit.chunk.doc_id not in gone], records


def _hit(rank: int, hit: SearchHit, stale: str | None) -> Hit:
    chunk = hit.chunk
    return Hit(
        rank=rank,
        score=round(hit.score, 6),
        doc_id=chunk.doc_id,
        page=_main_page(chunk),
        chunk_id=chunk.chunk_id,
        text=chunk.text,
        stale=stale or None,
        boxes=[HitBox(**box._asdict()) for box in chunk.boxes],
    )


def _main_page(chunk: Chunk) -> int:
    """The page with the largest area of boxes; the first of the passage when it has none."""
    areas: dict[int, float] = {}
    for box in chunk.boxes:
        area = (box.x1 - box.x0) * (box.y1 - box.y0)
        areas[box.page] = areas.get(box.page, 0.0) + area
    if not areas:
        return min(chunk.pages, default=1)
    return max(sorted(areas), key=lambda page: areas[page])
