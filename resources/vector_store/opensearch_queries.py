"""Bodies of searches: nearest vectors, BM25 for any string, filters by documents and pages."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from resources.vector_store import Scope
from resources.vector_store.words import query_terms

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Of OpenSearch: `index.max_result_window`, and the most k of a k-NN query.
MOST_HITS = 10_000
# `index.max_terms_count` is 65,536; a clause of this many stays far below.
_TERMS = 10_000
# HNSW looks at no more candidates than it is asked for: fewer than these miss near ones.
_CANDIDATES = 128


def any_of(field: str, values: Collection[str]) -> dict[str, Any]:
    """A filter: the field is one of these values, of which there may be any number."""
    ordered = sorted(set(values))
    parts = [{"terms": {field: ordered[at : at + _TERMS]}} for at in range(0, len(ordered), _TERMS)]
    if len(parts) == 1:
        return parts[0]
    return {"bool": {"should": parts, "minimum_should_match": 1}}


def inside(scope: Scope) -> list[dict[str, Any]]:
    """Filters that let the chunks of a scope pass: none for everything."""
    filters = [] if scope.doc_ids is None else [any_of("doc_id", scope.doc_ids)]
    if scope.pages is not None:
        bounds = {"gte": scope.pages.first, "lte": scope.pages.last}
        bounds = {name: page for name, page in bounds.items() if page is not None}
        filters.append({"range": {"pages": bounds}})
    return filters


def nearest(vector: NDArray[np.float32], size: int, within: Scope) -> dict[str, Any]:
    """The nearest vectors; the filter is in the clause, so that it can't take hits away."""
    knn: dict[str, Any] = {
        "vector": [float(f"{number:.8g}") for number in vector.tolist()],
        "k": min(max(size, _CANDIDATES), MOST_HITS),
    }
    if filters := inside(within):
        knn["filter"] = {"bool": {"filter": filters}}
    return {"knn": {"vector": knn}}


def by_words(query: str, within: Scope) -> list[dict[str, Any]]:
    """Queries to be tried in order until one finds something; none for a string without words."""
    terms = query_terms(query)
    whole = [{"match_phrase" if " " in t else "match": {"words": {"query": t}}} for t in terms]
    begun = [{"match_bool_prefix": {"words": {"query": t}}} for t in terms if len(t) > 2]
    return [_matching(clauses, within) for clauses in (whole, begun) if clauses]


def at_places(places: Mapping[str, Collection[int]]) -> dict[str, Any]:
    """The chunks at these ordinals of these documents; at most 1,024 documents, as OpenSearch has
    it (`indices.query.bool.max_clause_count`)."""
    clauses = [
        {"bool": {"filter": [any_of("doc_id", [doc_id]), {"terms": {"ordinal": sorted(ordinals)}}]}}
        for doc_id, ordinals in places.items()
    ]
    return {"bool": {"should": clauses, "minimum_should_match": 1}}


def cosine(score: float) -> float:
    """The cosine similarity that `cosinesimil` made a score of, which is never negative.

    The score is (1 + cosine) / 2:
    https://opensearch.org/docs/2.19/field-types/supported-field-types/knn-spaces/
    """
    return 2.0 * score - 1.0


def _matching(clauses: Sequence[dict[str, Any]], within: Scope) -> dict[str, Any]:
    query: dict[str, Any] = {"should": list(clauses), "minimum_should_match": 1}
    if filters := inside(within):
        query["filter"] = filters
    return {"bool": query}
