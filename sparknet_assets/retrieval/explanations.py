"""Why a hit has its score, and what let it pass the filters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from resources.catalog import DocumentRecord
from resources.vector_store import SearchHit
from resources.vector_store.word_match import matched_words
from sparknet_assets.retrieval.candidates import Candidates
from sparknet_assets.retrieval.filters import Filters
from sparknet_assets.retrieval.fusion import RRF_K
from sparknet_assets.retrieval.naming import UNNAMED, Named
from sparknet_assets.retrieval.results import (
    DocumentPart,
    Explanation,
    Part,
    SearchMode,
)


def explanations(
    hits: Sequence[SearchHit],
    query: str,
    mode: SearchMode,
    found: Candidates,
    ranking: Sequence[SearchHit],
    support: Mapping[str, float],
    filters: Filters | None,
    records: Mapping[str, DocumentRecord],
    named: Mapping[str, Named],
    weight: float = 1.0,
) -> list[Explanation]:
    """One for each of the hits.

    Args:
        ranking: As it was by score alone.
        support: chunk_id -> what hits were reordered by.
        named: doc_id -> how far the query names that document.
        weight: Of the ranking by meaning, in a hybrid search.
    """
    words = matched_words(query, [hit.chunk.text for hit in hits])
    places = {hit.chunk.chunk_id: rank for rank, hit in enumerate(ranking, 1)}
    near, worded = _parts(found.vector, mode, weight), _parts(found.keyword, mode, 1.0)
    return [
        Explanation(
            vector=near.get(hit.chunk.chunk_id),
            keyword=worded.get(hit.chunk.chunk_id),
            words=matched,
            document=_document(named.get(hit.chunk.doc_id, UNNAMED)),
            support=support.get(hit.chunk.chunk_id),
            rank_by_score=places[hit.chunk.chunk_id],
            passed=_passed(filters, hit, records.get(hit.chunk.doc_id)),
        )
        for hit, matched in zip(hits, words, strict=True)
    ]


def _parts(ranking: Sequence[SearchHit], mode: SearchMode, weight: float) -> dict[str, Part]:
    return {
        hit.chunk.chunk_id: Part(
            rank=rank,
            score=hit.score,
            points=weight / (RRF_K + rank) if mode == "hybrid" else hit.score,
        )
        for rank, hit in enumerate(ranking, 1)
    }


def _document(named: Named) -> DocumentPart | None:
    if named.factor == 1:
        return None
    return DocumentPart(
        words=list(named.words),
        period=", ".join(map(str, named.period)) if named.by_period else "",
        factor=named.factor,
    )


def _passed(
    filters: Filters | None, hit: SearchHit, record: DocumentRecord | None
) -> dict[str, str | list[int]]:
    """What the hit has of each thing that was asked for."""
    if filters is None:
        return {}
    passed: dict[str, str | list[int]] = {}
    if filters.doc_ids is not None:
        passed["doc_ids"] = hit.chunk.doc_id
    if filters.pages is not None:
        passed["pages"] = list(hit.chunk.pages)
    if record is not None:
        if filters.media_types is not None:
            passed["media_types"] = record.media_type
        if filters.tiers is not None:
            passed["tiers"] = record.tier
        for name in ("created_from", "created_to"):
            if getattr(filters, name) is not None:
                passed[name] = record.created_at.date().isoformat()
    return passed
