"""What a search answers."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel

from resources.vector_store import Chunk

SearchMode = Literal["hybrid", "vector", "keyword"]


class HitBox(BaseModel):
    """A rectangle on a page (1-based) in fractions of that page, origin top left."""

    page: int
    x0: float
    y0: float
    x1: float
    y1: float


class Context(BaseModel):
    """A passage with its neighbours.

    Attributes:
        text: Of all of them, in reading order; what they share stands once.
        pages: 1-based, ascending.
        chunk_ids: Of all of them, in reading order.
    """

    text: str
    pages: list[int]
    boxes: list[HitBox]
    chunk_ids: list[str]


class Part(BaseModel):
    """What one ranking says of a passage.

    Attributes:
        rank: In that ranking, 1 is the best.
        score: Cosine similarity, or BM25.
        points: What that adds to the score of the hit: 1 / (60 + rank) where two rankings are
            fused, else the score itself.
    """

    rank: int
    score: float
    points: float


class DocumentPart(BaseModel):
    """What a passage gains because the query names its document rather than others.

    Attributes:
        words: Of the query, in the document's file name or title.
        period: The document's own, where it is the one asked for: `2022 Q3`; empty where none is.
        factor: What the points of the rankings are multiplied by, 1 to 3.
    """

    words: list[str]
    period: str
    factor: float


class Explanation(BaseModel):
    """Why a hit has its score.

    Attributes:
        vector, keyword: What each ranking says; None where the passage is not among its best, or
            it was not asked. Their points add up to the score, once multiplied by the factor
            of the document.
        document: Where the query names the document; None where it does not, or in one ranking.
        words: Words of the query that the passage has.
        support: How well its best sentence supports an answer, where hits were ordered by that.
        rank_by_score: What its rank would be without diversity and reranking.
        passed: Filter -> what the passage, or its document, has of it.
    """

    vector: Part | None
    keyword: Part | None
    words: list[str]
    document: DocumentPart | None = None
    support: float | None = None
    rank_by_score: int
    passed: dict[str, str | list[int]]


class Hit(BaseModel):
    """A passage found.

    Attributes:
        rank: 1 is the best.
        score: Cosine similarity, BM25, or the sum of reciprocal ranks, by mode.
        filename: Of the document; empty where the catalog has no row of it.
        title: That the document gives itself.
        page: The page that most of the passage stands on, 1-based.
        stale: Why the passage is of an older version of the document; None when it is current.
        context, explanation: When asked for.
    """

    rank: int
    score: float
    doc_id: str
    filename: str = ""
    title: str | None = None
    page: int
    chunk_id: str
    text: str
    stale: str | None = None
    boxes: list[HitBox]
    context: Context | None = None
    explanation: Explanation | None = None


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
        """JSON values, as the command gives them out: without what was not asked for."""
        values = self.model_dump(mode="json", exclude=None if self.note else {"note"})
        for hit in values["hits"]:
            for name in ("context", "explanation"):
                if hit[name] is None:
                    del hit[name]
        return values


def boxes_of(chunk: Chunk) -> list[HitBox]:
    """Where a passage stands."""
    return [HitBox(**box._asdict()) for box in chunk.boxes]


def main_page(chunk: Chunk) -> int:
    """The page with the largest area of boxes; the first of the passage when it has none."""
    areas: dict[int, float] = {}
    for box in chunk.boxes:
        area = (box.x1 - box.x0) * (box.y1 - box.y0)
        areas[box.page] = areas.get(box.page, 0.0) + area
    if not areas:
        return min(chunk.pages, default=1)
    return max(sorted(areas), key=lambda page: areas[page])
