"""A search: both rankings of the live index, fused, filtered by what the catalog knows."""

from __future__ import annotations

from resources.deployment import Deployment, ModelGoneError
from resources.failure import FailureKind, SparknetError
from sparknet_assets.holdings import another_answers
from sparknet_assets.retrieval.filters import Filters, scope_of
from sparknet_assets.retrieval.fusion import fuse, weight_of_vectors
from sparknet_assets.retrieval.known import known_hits
from sparknet_assets.retrieval.results import SearchMode, SearchResponse, as_hit

# Each side is asked for more than is shown: a chunk that both rank middling may win.
_DEPTH = 5
_LEAST_CANDIDATES = 50


def search(
    deployment: Deployment,
    query: str,
    *,
    top_k: int = 10,
    mode: SearchMode = "hybrid",
    filters: Filters | None = None,
    diversity: bool = False,
    context: int = 0,
    explain: bool = False,
) -> SearchResponse:
    """Finds the passages that answer a query best, in the live generation of the index.

    Args:
        top_k: Passages at most.
        mode: `vector` by meaning, `keyword` by words (BM25), `hybrid` by both, fused by rank;
            first by words where the model does not read the query's script; by words alone when
            the model that the index was made with is gone, and a note says so.
        filters: Only passages that fulfil these.

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
    scope = scope_of(deployment, filters)
    rankings = []
    weights: list[float] = []
    if mode != "keyword":
        try:
            embedder = deployment.embedder_of(live)
            vector = embedder.embed([query])[0]
            rankings.append(store.search(vector, depth, within=scope))
            weights.append(weight_of_vectors(embedder, query))
        except ModelGoneError as error:
            if mode == "vector":
                raise
            note = f"Searched by words only. {error}"
    if mode != "vector":
        rankings.append(store.search_text(query, depth, within=scope))
    hits = fuse(*rankings, weights=weights)[:top_k] if mode == "hybrid" else rankings[0]
    there, records = known_hits(hits, deployment)
    shown = [
        as_hit(rank, hit.chunk, hit.score, records[hit.chunk.doc_id].stale)
        if hit.chunk.doc_id in records
        else as_hit(rank, hit.chunk, hit.score, None)
        for rank, hit in enumerate(there, 1)
    ]
    return SearchResponse(query=query, mode=mode, hits=shown, note=note)
