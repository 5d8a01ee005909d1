"""Questions answered by quoting: the sentences that support an answer best, word for word."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from resources.catalog import DocumentRecord
from resources.deployment import Deployment
from resources.failure import FailureKind, SparknetError
from resources.storage import ObjectNotFoundError
from resources.vector_store import Chunk, PageBox
from sparknet_assets.answers.evidence import Passage, Support, weigh
from sparknet_assets.answers.places import boxes_of
from sparknet_assets.artifacts import DocumentRef, read_text
from sparknet_assets.holdings import another_answers
from sparknet_assets.retrieval import Filters, HitBox, fuse, known_hits, scope_of

PASSAGES = 8
_DEPTH = 50
_QUOTES = 3
# Below this, sentences were as likely to come from documents without an answer: docs/quality.md.
THRESHOLD = 0.95
# A second quote has to be nearly as good as the first.
_NEARLY = 0.85
NOTHING = "The documents do not say."
EXTRACTIVE = "extractive"


class Citation(BaseModel):
    """What an answer rests on.

    Attributes:
        quote: Characters of the chunk, word for word.
        page: Where the quote begins, 1-based.
        boxes: One for each line of the quote; the passage's where the words can't be placed.
        score: How well it supports the answer, see `evidence.weigh`.
        stale: Why the quote is of an older version of the document; None when it is current.
    """

    doc_id: str
    page: int
    chunk_id: str
    quote: str
    boxes: list[HitBox]
    score: float
    stale: str | None = None


class Answer(BaseModel):
    """An answer with its evidence; without any, it says that there is none.

    Attributes:
        model: Who worded it: `extractive` quotes only.
        note: What the reader should know of the index that answered; mostly empty.
    """

    question: str
    answer: str
    citations: list[Citation]
    model: str
    seconds: float
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        """JSON values, as the command and the API give them out."""
        return self.model_dump(mode="json", exclude=None if self.note else {"note"})


def ask(deployment: Deployment, question: str, *, filters: Filters | None = None) -> Answer:
    """Answers from what was indexed, by quoting the sentences that support an answer best.

    Args:
        filters: Only passages that fulfil these.

    Raises:
        SparknetError: The question is empty, or a service does not answer.
    """
    started = time.perf_counter()
    if not question.strip():
        raise SparknetError(
            FailureKind.REFUSED, "The question is empty: say what you want to know.", False
        )
    live = deployment.answering
    embedder, store = deployment.embedder_of(live), deployment.store_of(live)
    vector = embedder.embed([question])[0]
    scope = scope_of(deployment, filters)
    near = store.search(vector, _DEPTH, within=scope)
    ranked = fuse(near, store.search_text(question, _DEPTH, within=scope))
    hits, records = known_hits(ranked, deployment)
    chunks = {hit.chunk.chunk_id: hit.chunk for hit in hits[:PASSAGES]}
    similarity = {hit.chunk.chunk_id: hit.score for hit in near}
    # What only its words brought up is no nearer than the last that is near in meaning.
    least = min(similarity.values(), default=0.0)
    passages = [
        Passage(key, chunk.text, similarity.get(key, least)) for key, chunk in chunks.items()
    ]
    background = [hit.chunk.text for hit in hits]
    chosen = _chosen(weigh(question, vector, passages, background, embedder))
    return Answer(
        question=question,
        answer=" ".join(support.sentence.text for support in chosen) or NOTHING,
        citations=[
            _citation(support, chunks[support.passage.key], records, deployment)
            for support in chosen
        ],
        model=EXTRACTIVE,
        seconds=round(time.perf_counter() - started, 3),
        note=another_answers(deployment, live),
    )


def _chosen(supports: Sequence[Support]) -> list[Support]:
    """The best sentences, each said once, in the order in which one would read them."""
    if not supports or supports[0].score < THRESHOLD:
        return []
    least = max(THRESHOLD, _NEARLY * supports[0].score)
    kept: list[Support] = []
    for support in supports:
        if len(kept) == _QUOTES or support.score < least:
            break
        # Neighbouring chunks share sentences, and cut them short at their edges.
        if not any(_overlap(support.sentence.text, other.sentence.text) for other in kept):
            kept.append(support)
    first = {support.passage.key: place for place, support in reversed(list(enumerate(kept)))}
    return sorted(kept, key=lambda s: (first[s.passage.key], s.sentence.start))


def _overlap(one: str, other: str) -> bool:
    """Whether one of two texts has all of the other."""
    one, other = " ".join(one.split()), " ".join(other.split())
    return one in other or other in one


def _citation(
    support: Support, chunk: Chunk, records: Mapping[str, DocumentRecord], deployment: Deployment
) -> Citation:
    record = records.get(chunk.doc_id)
    boxes = _placed(support.sentence.text, chunk, record, deployment) or list(chunk.boxes)
    return Citation(
        doc_id=chunk.doc_id,
        page=boxes[0].page if boxes else min(chunk.pages, default=1),
        chunk_id=chunk.chunk_id,
        quote=support.sentence.text,
        boxes=[HitBox(**box._asdict()) for box in boxes],
        score=round(support.score, 4),
        stale=record.stale or None if record else None,
    )


def _placed(
    quote: str, chunk: Chunk, record: DocumentRecord | None, deployment: Deployment
) -> list[PageBox]:
    """Where the quote stands. A text that is newer than the index has other words, or none."""
    if record is None or record.stale:
        return []
    ref = DocumentRef(chunk.doc_id, record.raw_key)
    try:
        pages = list(read_text(deployment.storage, ref, chunk.pages))
    except ObjectNotFoundError:
        return []
    return boxes_of(quote, pages, chunk.boxes)
