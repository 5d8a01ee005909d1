"""Search over an index, in each mode."""

from __future__ import annotations

from collections.abc import Collection

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources.catalog import DocumentRecord, DocumentStatus
from resources.deployment import Deployment
from resources.failure import SparknetError
from resources.vector_store import Chunk, PageBox, SearchHit
from sparknet_assets.records import new_document
from sparknet_assets.retrieval import RRF_K, Filters, SearchMode, fuse, search
from tests.doubles.embedder import WordEmbedder

MODES: list[SearchMode] = ["hybrid", "vector", "keyword"]
TEXTS = {
    "lease": ["The tenant pays rent on the first day", "Deposit of two months"],
    "report": ["Net revenue grew by nine percent", "The tenant of the main building left"],
}


def chunk(doc_id: str, ordinal: int, text: str) -> Chunk:
    return Chunk(
        chunk_id=f"{doc_id}-{ordinal}",
        doc_id=doc_id,
        ordinal=ordinal,
        text=text,
        text_sha256="",
        tokens=5,
        pages=(ordinal + 2, ordinal + 3),
        boxes=(PageBox(ordinal + 2, 0.1, 0.2, 0.3, 0.4),),
    )


@pytest.fixture
def words(deployment: Deployment) -> Deployment:
    """A deployment whose embedder needs no model."""
    deployment.__dict__["embedder"] = WordEmbedder(dimension=128)
    return deployment


@pytest.fixture
def indexed(words: Deployment) -> Deployment:
    chunks = [chunk(doc, n, text) for doc, texts in TEXTS.items() for n, text in enumerate(texts)]
    words.vector_store.add_chunks(chunks, words.embedder.embed([c.text for c in chunks]))
    return words


def record(words: Deployment, doc_id: str, **values: object) -> None:
    document = new_document(doc_id, doc_id, f"raw/{doc_id}/file.txt")
    words.catalog.put([document.model_copy(update=values)])


def test_an_older_version_says_so(indexed: Deployment) -> None:
    record(indexed, "lease", stale="the newer version failed")
    record(indexed, "report")
    hits = search(indexed, "tenant", mode="keyword").hits
    assert {hit.doc_id: hit.stale for hit in hits} == {
        "lease": "the newer version failed",
        "report": None,
    }


@pytest.mark.parametrize("mode", MODES)
def test_hits_say_what_their_documents_are_called(
    indexed: Deployment, mode: SearchMode, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(indexed, "lease", title="Lease of the office")
    record(indexed, "report")
    reads: list[set[str]] = []
    get_many = indexed.catalog.get_many

    def noted(doc_ids: Collection[str]) -> dict[str, DocumentRecord]:
        reads.append(set(doc_ids))
        return get_many(doc_ids)

    monkeypatch.setattr(indexed.catalog, "get_many", noted)
    hits = search(indexed, "tenant", mode=mode).hits
    assert {(hit.doc_id, hit.filename, hit.title) for hit in hits} == {
        ("lease", "file.txt", "Lease of the office"),
        ("report", "file.txt", None),
    }
    assert reads == [{"lease", "report"}], "one read of the catalog for all hits"


def test_a_document_that_is_being_removed_is_not_found(indexed: Deployment) -> None:
    record(indexed, "lease", status=DocumentStatus.DELETED)
    hits = search(indexed, "tenant", mode="keyword").hits
    assert [(hit.rank, hit.doc_id) for hit in hits] == [(1, "report")]


@pytest.mark.parametrize("mode", MODES)
def test_the_best_passage_with_its_place(indexed: Deployment, mode: SearchMode) -> None:
    found = search(indexed, "when does the tenant pay rent", mode=mode, top_k=3).as_json()
    assert (found["query"], found["mode"]) == ("when does the tenant pay rent", mode)
    assert [hit["rank"] for hit in found["hits"]] == list(range(1, len(found["hits"]) + 1))
    best = found["hits"][0]
    assert best.pop("score") >= found["hits"][1]["score"]
    assert best == {
        "rank": 1,
        "doc_id": "lease",
        "filename": "",
        "title": None,
        "page": 2,
        "chunk_id": "lease-0",
        "text": TEXTS["lease"][0],
        "stale": None,
        "boxes": [{"page": 2, "x0": 0.1, "y0": 0.2, "x1": 0.3, "y1": 0.4}],
    }


def test_a_hit_names_the_page_that_most_of_it_stands_on(words: Deployment) -> None:
    """A last line carried over from page 1 must not make page 1 the place of the answer."""
    boxes = (
        PageBox(1, 0.1, 0.9, 0.9, 0.92),
        PageBox(2, 0.1, 0.1, 0.9, 0.12),
        PageBox(2, 0.1, 0.13, 0.9, 0.15),
    )
    carried = chunk("letter", 0, "refund of three days").model_copy(
        update={"pages": (1, 2), "boxes": boxes}
    )
    bare = carried.model_copy(update={"chunk_id": "bare", "doc_id": "bare", "boxes": ()})
    words.vector_store.add_chunks([carried, bare], words.embedder.embed([carried.text, bare.text]))
    pages = {hit.doc_id: hit.page for hit in search(words, "refund").hits}
    assert pages == {"letter": 2, "bare": 1}


@pytest.mark.parametrize("mode", MODES)
def test_within_documents_and_at_most_k(indexed: Deployment, mode: SearchMode) -> None:
    hits = search(
        indexed, "the tenant of the building", mode=mode, filters=Filters(doc_ids=("lease",))
    ).hits
    assert {hit.doc_id for hit in hits} == {"lease"}
    assert len(search(indexed, "the tenant", mode=mode, top_k=1).hits) == 1
    assert search(indexed, "the tenant", mode=mode, filters=Filters(doc_ids=())).hits == []


@pytest.mark.parametrize("mode", MODES)
def test_an_empty_index_has_no_hits(words: Deployment, mode: SearchMode) -> None:
    assert search(words, "anything", mode=mode).hits == []


@pytest.mark.parametrize("query", ["", "  \n\t"])
def test_an_empty_query_is_refused(words: Deployment, query: str) -> None:
    with pytest.raises(SparknetError, match="query is empty") as caught:
        search(words, query)
    assert not caught.value.retryable


@pytest.mark.parametrize("mode", MODES)
def test_a_query_without_words_is_no_error(indexed: Deployment, mode: SearchMode) -> None:
    found = search(indexed, '"*?! --', mode=mode)
    assert len(found.hits) == (0 if mode == "keyword" else 4)


rankings = st.lists(st.lists(st.integers(0, 9), unique=True, max_size=8), max_size=3)


@given(rankings)
def test_fusion_is_the_sum_of_reciprocal_ranks(orders: list[list[int]]) -> None:
    fused = fuse(*[[SearchHit(chunk("d", n, "t"), 0.0) for n in order] for order in orders])
    expected = {
        n: sum(1 / (RRF_K + order.index(n) + 1) for order in orders if n in order)
        for n in {n for order in orders for n in order}
    }
    assert {hit.chunk.ordinal: hit.score for hit in fused} == pytest.approx(expected)
    assert [hit.score for hit in fused] == sorted((hit.score for hit in fused), reverse=True)


def test_ties_are_settled_by_the_better_rank_then_by_id() -> None:
    a, b, c = (SearchHit(chunk("d", n, "t"), 0.5) for n in range(3))
    assert fuse([b], [a]) == fuse([a], [b])
    assert [hit.chunk.ordinal for hit in fuse([b, c], [a, c])] == [2, 0, 1]
