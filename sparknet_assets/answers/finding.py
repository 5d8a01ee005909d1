"""The passages that a question is answered from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

from resources.catalog import DocumentRecord
from resources.deployment import Deployment
from resources.embeddings import Embedder
from resources.storage import ObjectNotFoundError
from resources.vector_store import Chunk, PageBox, SearchHit
from sparknet_assets.answers.listing import DEPTH, subject_of
from sparknet_assets.answers.names import Strangers, names_in, strangers
from sparknet_assets.answers.places import boxes_of
from sparknet_assets.answers.results import Citation
from sparknet_assets.artifacts import DocumentRef, read_text
from sparknet_assets.generations.holdings import another_answers
from sparknet_assets.retrieval import Filters, HitBox, fuse, known_hits, scope_of
from sparknet_assets.retrieval.fusion import weight_of_vectors
from sparknet_assets.retrieval.naming import UNNAMED, Named, compared, favoured, naming

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_DEPTH = 50
# So many passages are taken from documents that are compared before others come.
PASSAGES = 12


class Found(NamedTuple):
    """What search found for a question.

    Attributes:
        vector: Of the question, shape (dimension,).
        hits: Best first.
        similarity: chunk_id -> cosine of its vector and the question's, for those near in meaning.
        records: doc_id -> the row in the catalog.
        named: doc_id -> how far the question names that document, rather than others.
        compared: The documents whose periods the question compares, the earliest first; mostly
            none.
        strangers: The names of the question that documents do not have.
        subject: What is asked to be told the documents that mention it; mostly empty.
        mentioning: The best passages by its words; none without a subject.
        note: What the reader should know of the index that answered; mostly empty.
    """

    question: str
    vector: NDArray[np.float32]
    embedder: Embedder
    hits: Sequence[SearchHit]
    similarity: Mapping[str, float]
    records: Mapping[str, DocumentRecord]
    named: Mapping[str, Named]
    compared: Sequence[str]
    strangers: Strangers
    subject: str
    mentioning: Sequence[SearchHit]
    note: str

    def filename(self, chunk: Chunk) -> str:
        """The name of the document that a passage is from."""
        record = self.records.get(chunk.doc_id)
        return _filename(record) if record else chunk.doc_id

    def preference(self, chunk: Chunk) -> float:
        """How far the question names the document that a passage is from, by words or period."""
        return self.named.get(chunk.doc_id, UNNAMED).preference

    def stale(self, chunk: Chunk) -> str | None:
        """Why a passage is of an older version of its document."""
        record = self.records.get(chunk.doc_id)
        return record.stale or None if record else None


def find(deployment: Deployment, question: str, filters: Filters | None) -> Found:
    """Searches by meaning and by words in the live index."""
    live = deployment.answering
    embedder, store = deployment.embedder_of(live), deployment.store_of(live)
    vector = embedder.embed([question])[0]
    scope = scope_of(deployment, filters)
    near = store.search(vector, _DEPTH, within=scope)
    worded = store.search_text(question, _DEPTH, within=scope)
    ranked = fuse(near, worded, weights=[weight_of_vectors(live, question)])
    subject = subject_of(question)
    having = store.search_text(subject, DEPTH, within=scope) if subject else []
    mentioning, mentioned = known_hits(having, deployment)
    hits, records = known_hits(ranked, deployment)
    named = naming(question, hits, records, store)
    versions = compared(question, named)
    return Found(
        question=question,
        vector=vector,
        embedder=embedder,
        hits=_in_turn(favoured(hits, named), versions),
        named=named,
        compared=versions,
        subject=subject,
        mentioning=mentioning,
        strangers=strangers(names_in(question), hits, records, store),
        similarity={hit.chunk.chunk_id: hit.score for hit in near},
        records={**mentioned, **records},
        note=another_answers(deployment, live),
    )


def _in_turn(hits: Sequence[SearchHit], doc_ids: Sequence[str]) -> list[SearchHit]:
    """The best passage of each of the documents, the second best of each, ..., then all others."""
    of = {key: [hit for hit in hits if hit.chunk.doc_id == key] for key in doc_ids}
    turns = [hit for turn in zip_longest(*of.values()) for hit in turn if hit][:PASSAGES]
    taken = {hit.chunk.chunk_id for hit in turns}
    return [*turns, *(hit for hit in hits if hit.chunk.chunk_id not in taken)]


def _filename(record: DocumentRecord) -> str:
    return record.raw_key.rsplit("/", 1)[-1]


def citation(
    deployment: Deployment,
    found: Found,
    chunk: Chunk,
    quote: str,
    *,
    score: float | None = None,
    context: str = "",
) -> Citation:
    """A quote of a passage, with the place where it stands."""
    record = found.records.get(chunk.doc_id)
    boxes = _placed(quote, chunk, record, deployment) or list(chunk.boxes)
    return Citation(
        doc_id=chunk.doc_id,
        filename=record.filename if record else "",
        title=(record.title or None) if record else None,
        page=boxes[0].page if boxes else min(chunk.pages, default=1),
        chunk_id=chunk.chunk_id,
        quote=quote,
        boxes=[HitBox(**box._asdict()) for box in boxes],
        score=score,
        context=context,
        stale=found.stale(chunk),
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
