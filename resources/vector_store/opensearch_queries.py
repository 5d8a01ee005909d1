"""Bodies of searches: nearest vectors, BM25 for any string, filters by any number of documents."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

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


def nearest(
    vector: NDArray[np.float32], size: int, doc_ids: Collection[str] | None
) -> dict[str, Any]:
    """The nearest vectors; the filter is in the clause, so that it can't take hits away."""
    knn: dict[str, Any] = {
        "vector": [float(f"{number:.8g}") for number in vector.tolist()],
        "k": min(max(size, _CANDIDATES), MOST_HITS),
    }
    if doc_ids is not None:
        knn["filter"] = any_of("doc_id", doc_ids)
    return {"knn": {"vector": knn}}


def by_words(query: str, doc_ids: Collection[str] | None) -> list[dict[str, Any]]:
    """Queries to be tried in order until one finds something; none for a string without words."""
    terms = query_terms(query)
    whole = [{"match_phrase" if " " in t else "match": {"words": {"query": t}}} for t in terms]
    begun = [{"match_bool_prefix": {"words": {"query": t}}} for t in terms if len(t) > 2]
    return [_within(clauses, doc_ids) for clauses in (whole, begun) if clauses]


def cosine(score: float) -> float:
    """The cosine similarity that `cosinesimil` made a score of, which is never negative.

    The score is (1 + cosine) / 2:
    https://opensearch.org/docs/2.19/field-types/supported-field-types/knn-spaces/
    """
    return 2.0 * score - 1.0


def _within(clauses: Sequence[dict[str, Any]], doc_ids: Collection[str] | None) -> dict[str, Any]:
    query: dict[str, Any] = {"should": list(clauses), "minimum_should_match": 1}
    if doc_ids is not None:
        query["filter"] = [any_of("doc_id", doc_ids)]
    return {"bool": query}
