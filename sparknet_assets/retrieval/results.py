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


def as_hit(rank: int, chunk: Chunk, score: float, stale: str | None) -> Hit:
    """The passage as it is given out."""
    return Hit(
        rank=rank,
        score=round(score, 6),
        doc_id=chunk.doc_id,
        page=main_page(chunk),
        chunk_id=chunk.chunk_id,
        text=chunk.text,
        stale=stale or None,
        boxes=boxes_of(chunk),
    )


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
