"""The vector_index stage: what a batch's documents leave in the index."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

import numpy as np
import pytest

from resources.deployment import Deployment
from resources.failure import Failure, FailureKind
from resources.vector_store import Chunk, PageBox
from sparknet_assets.artifacts import DocumentRef, write_chunks
from sparknet_assets.embeddings_file import write_embeddings
from sparknet_assets.fingerprint import fingerprint
from sparknet_assets.stages import vector_index
from sparknet_assets.stages.contract import StageOutput
from tests.doubles.embedder import WordEmbedder


@pytest.fixture
def words(deployment: Deployment) -> Deployment:
    """A deployment whose embedder needs no model."""
    deployment.__dict__["embedder"] = WordEmbedder()
    return deployment


def ref(doc_id: str) -> DocumentRef:
    return DocumentRef(doc_id, f"raw/{doc_id}/file.pdf")


def prepare(deployment: Deployment, doc_id: str, texts: Sequence[str], page: int = 1) -> None:
    """Writes chunks.json and embeddings.parquet."""
    chunks = [
        Chunk(
            chunk_id=f"{doc_id}-{text.replace(' ', '-')}",
            doc_id=doc_id,
            ordinal=n,
            text=text,
            text_sha256="",
            tokens=3,
            pages=(page,),
            boxes=(PageBox(page, 0, 0, 1, 1),),
        )
        for n, text in enumerate(texts)
    ]
    embedder = deployment.embedder
    vectors = embedder.embed(texts) if texts else np.zeros((0, embedder.dimension), np.float32)
    write_chunks(deployment.storage, ref(doc_id), chunks)
    ids = [chunk.chunk_id for chunk in chunks]
    write_embeddings(deployment.storage, ref(doc_id), ids, ["" for _ in ids], vectors, "m")


def run(deployment: Deployment, *doc_ids: str) -> dict[str, StageOutput | Failure]:
    outcomes = vector_index.run([ref(doc_id) for doc_id in doc_ids], deployment)
    return {made.doc_id: outcome for made, outcome in outcomes}


def facts(outcome: StageOutput | Failure) -> tuple[int, int, int]:
    assert isinstance(outcome, StageOutput), outcome
    return outcome.metadata["chunks"], outcome.metadata["added"], outcome.metadata["removed"]


def test_new_changed_and_emptied_documents(words: Deployment) -> None:
    store = words.vector_store
    prepare(words, "a", ["one", "two", "three"])
    prepare(words, "b", ["one", "four"])
    first = run(words, "a", "b")
    assert [facts(o) for o in first.values()] == [(3, 3, 0), (2, 2, 0)]
    assert store.count() == (5, 5)

    prepare(words, "a", ["one", "five"], page=7)
    prepare(words, "b", [])
    second = run(words, "a", "b")
    assert [facts(o) for o in second.values()] == [(2, 1, 2), (0, 0, 2)]
    assert store.chunk_ids(["a", "b"]) == {"a": {"a-one", "a-five"}, "b": set()}
    assert store.count() == (2, 2)
    (hit,) = store.search_text("one", 5)
    assert hit.chunk.pages == (7,), "a chunk that moved keeps its id and gets its new place"
    assert store.search_text("two", 5) == []


def test_equal_input_gives_an_equal_data_version(words: Deployment) -> None:
    def version() -> str:
        outcome = run(words, "a")["a"]
        assert isinstance(outcome, StageOutput)
        return outcome.data_version

    prepare(words, "a", ["one", "two"])
    first = version()
    assert version() == first
    prepare(words, "a", ["one", "two"], page=2)
    assert version() != first


def test_windows_cross_documents(words: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vector_index, "WINDOW", 7)
    sizes = {f"d{n}": n for n in (3, 4, 0, 20, 1, 7, 2)}
    for doc_id, size in sizes.items():
        prepare(words, doc_id, [f"text {n}" for n in range(size)])
    outcomes = run(words, *sizes)
    assert list(outcomes) == list(sizes)
    assert {doc_id: facts(o)[0] for doc_id, o in outcomes.items()} == sizes
    stored = words.vector_store.chunk_ids(sizes)
    assert {doc_id: len(ids) for doc_id, ids in stored.items()} == sizes


def test_a_document_whose_artifacts_do_not_fit_fails_alone(words: Deployment) -> None:
    for doc_id in ("good", "mixed", "missing"):
        prepare(words, doc_id, ["one", "two"])
    write_embeddings(
        words.storage, ref("mixed"), ["mixed-one"], [""], words.embedder.embed(["one"]), "m"
    )
    words.storage.delete(ref("missing").key("embeddings.parquet"))
    outcomes = run(words, "mixed", "good", "missing")
    assert facts(outcomes["good"]) == (2, 2, 0)
    for doc_id in ("mixed", "missing"):
        failure = outcomes[doc_id]
        assert isinstance(failure, Failure)
        assert failure.kind is FailureKind.INTERNAL
        assert failure.message.startswith(f"{doc_id}: its embeddings don't fit")
    assert words.vector_store.document_ids() == {"good"}


def test_a_lost_index_is_filled_again(words: Deployment) -> None:
    prepare(words, "a", ["one", "two"])
    run(words, "a")
    shutil.rmtree(words.state / "index")
    fresh = Deployment(words.settings)
    fresh.__dict__["embedder"] = words.embedder
    assert facts(run(fresh, "a")["a"]) == (2, 2, 0)
    assert fresh.vector_store.count() == (2, 2)


def test_the_fingerprint_names_collection_and_embedder(words: Deployment) -> None:
    inputs = {"chunks": "c", "embeddings": "e"}
    before = fingerprint(vector_index.STAGE, inputs, words)
    words.__dict__["embedder"] = WordEmbedder(dimension=8)
    assert fingerprint(vector_index.STAGE, inputs, words) != before
