"""A search: both rankings of the live index, fused, with what the catalog knows of the hits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from resources.catalog import DocumentRecord
from resources.deployment import Deployment
from resources.failure import FailureKind, SparknetError
from resources.sqlite import in_chunks
from resources.vector_store import SearchHit
from sparknet_assets.generations.holdings import another_answers
from sparknet_assets.retrieval.candidates import candidates
from sparknet_assets.retrieval.context import contexts
from sparknet_assets.retrieval.diversity import diversified
from sparknet_assets.retrieval.explanations import explanations
from sparknet_assets.retrieval.filters import Filters, scope_of
from sparknet_assets.retrieval.fusion import fuse, weight_of_vectors
from sparknet_assets.retrieval.known import known_hits
from sparknet_assets.retrieval.naming import Named, favoured, naming
from sparknet_assets.retrieval.reranking import reranked
from sparknet_assets.retrieval.results import Hit, SearchMode, SearchResponse, boxes_of, main_page

# Each side is asked for more than is shown: a chunk that both rank middling may win.
_DEPTH = 5
_LEAST_CANDIDATES = 50
# Rows of documents asked for at once.
_MOST = 500


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
    rerank: bool = False,
) -> SearchResponse:
    """Finds the passages that answer a query best, in the live generation of the index.

    Args:
        top_k: Passages at most.
        mode: `vector` by meaning, `keyword` by words (BM25), `hybrid` by both, fused by rank,
            passages of documents that the query names up to three times, see `naming`; first by
            words where the model does not read the query's script; by words alone when
            the model that the index was made with is gone, and a note says so.
        filters: Only passages that fulfil these.
        diversity: Put passages that say the same as better ones behind others; see `diversified`.
        context: How many passages before and after each hit come with it.
        rerank: Order the first ten by how well a sentence in each supports an answer; see
            `reranked`. Not when the model of the index is gone.
        explain: Say of each hit why it has its score.

    Raises:
        SparknetError: The query is empty, or a service does not answer.
    """
    if not query.strip():
        raise SparknetError(
            FailureKind.REFUSED, "The query is empty: say what to look for.", retryable=False
        )
    live = deployment.answering
    wide = mode == "hybrid" or diversity or rerank
    depth = max(_DEPTH * top_k, _LEAST_CANDIDATES) if wide else top_k
    scope = scope_of(deployment, filters)
    found = candidates(deployment, live, query, mode, depth, scope)
    weight = weight_of_vectors(live, query)
    ranking = found.vector or found.keyword
    if mode == "hybrid":
        ranking = fuse(found.vector, found.keyword, weights=[weight])
    # What the documents are called has a say in the order of all that fusion found.
    most = None if wide else top_k
    there, records = _there(ranking, most, deployment)
    named: dict[str, Named] = {}
    if mode == "hybrid":
        named = naming(query, there, records, deployment.store_of(live))
        there = favoured(there, named)
    chosen, support = there, dict[str, float]()
    if rerank and not found.note:
        embedder = deployment.embedder_of(live)
        chosen, support = reranked(query, there, found.vector, embedder, named)
    chosen = diversified(chosen, top_k) if diversity else chosen[:top_k]
    hits = [hit_of(rank, hit, records) for rank, hit in enumerate(chosen, 1)]
    if context:
        around = contexts(deployment.store_of(live), [hit.chunk for hit in chosen], context)
        hits = _with(hits, "context", around)
    if explain:
        reasons = explanations(
            chosen, query, mode, found, there, support, filters, records, named, weight
        )
        hits = _with(hits, "explanation", reasons)
    note = found.note or another_answers(deployment, live)
    return SearchResponse(query=query, mode=mode, hits=hits, note=note)


def _there(
    ranking: Sequence[SearchHit], top_k: int | None, deployment: Deployment
) -> tuple[list[SearchHit], dict[str, DocumentRecord]]:
    """The best that may be shown, all for None, and the rows of their documents."""
    there: list[SearchHit] = []
    records: dict[str, DocumentRecord] = {}
    for some in in_chunks(ranking, top_k or _MOST):
        known, rows = known_hits(some, deployment)
        there += known
        records |= rows
        if top_k and len(there) >= top_k:
            break
    return there[:top_k], records


def hit_of(rank: int, hit: SearchHit, records: Mapping[str, DocumentRecord]) -> Hit:
    """A hit as it is given out."""
    chunk = hit.chunk
    record = records.get(chunk.doc_id)
    return Hit(
        rank=rank,
        score=round(hit.score, 6),
        doc_id=chunk.doc_id,
        filename=record.filename if record else "",
        title=(record.title or None) if record else None,
        page=main_page(chunk),
        chunk_id=chunk.chunk_id,
        text=chunk.text,
        stale=(record.stale or None) if record else None,
        boxes=boxes_of(chunk),
    )


def _with(hits: Sequence[Hit], name: str, values: Sequence[object]) -> list[Hit]:
    return [hit.model_copy(update={name: value}) for hit, value in zip(hits, values, strict=True)]
