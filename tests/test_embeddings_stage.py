"""Embedding a run: every chunk gets its vector or its document a failure, texts only once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from resources.cache.sqlite import SQLiteCache
from resources.deployment import Deployment
from resources.failure import Failure, FailureKind, SparknetError
from resources.settings import Settings
from resources.vector_store import Chunk
from sparknet_assets.artifacts import EMBEDDINGS, DocumentRef, write_chunks
from sparknet_assets.embeddings_file import read_embeddings
from sparknet_assets.stages import embeddings
from sparknet_assets.stages.contract import StageOutput
from tests.doubles.embedder import WordEmbedder


@pytest.fixture
def embedder(deployment: Deployment) -> WordEmbedder:
    """The deployment's embedder."""
    embedder = WordEmbedder()
    deployment.__dict__["embedder"] = embedder
    return embedder


def document(deployment: Deployment, doc_id: str, texts: Sequence[str]) -> DocumentRef:
    """A document with these chunks."""
    ref = DocumentRef(doc_id, f"raw/{doc_id}/file.txt")
    chunks = [
        Chunk(
            chunk_id=f"{doc_id}-{n}",
            doc_id=doc_id,
            ordinal=n,
            text=text,
            text_sha256=hashlib.sha256(text.encode()).hexdigest(),
            tokens=len(text.split()) + 2,
            pages=(1,),
            boxes=(),
        )
        for n, text in enumerate(texts)
    ]
    write_chunks(deployment.storage, ref, chunks)
    return ref


def embed(deployment: Deployment, *refs: DocumentRef) -> dict[str, StageOutput | Failure]:
    results = list(embeddings.STAGE.run(refs, deployment))
    assert sorted(ref.doc_id for ref, _ in results) == sorted(ref.doc_id for ref in refs)
    return {ref.doc_id: outcome for ref, outcome in results}


def refuse(word: str, kind: FailureKind) -> object:
    def refuses(texts: Sequence[str]) -> None:
        if any(word in text for text in texts):
            raise SparknetError(kind, f"no {word} please")

    return refuses


def test_every_chunk_gets_the_vector_of_its_text(
    deployment: Deployment, embedder: WordEmbedder
) -> None:
    texts = {"a": ["one two", "three"], "b": [f"text {n}" for n in range(20)], "c": []}
    refs = [document(deployment, doc_id, content) for doc_id, content in texts.items()]
    results = embed(deployment, *refs)
    for ref in refs:
        ids, vectors = read_embeddings(deployment.storage, ref)
        assert ids == [f"{ref.doc_id}-{n}" for n in range(len(texts[ref.doc_id]))]
        assert vectors.dtype == np.float32
        assert vectors.shape == (len(ids), embedder.dimension)
        assert np.array_equal(vectors, embedder.embed(texts[ref.doc_id]))
    assert results["b"].metadata["chunks"] == results["b"].metadata["embedded"] == 20
    assert results["b"].metadata["model"] == embedder.identity


def test_windows_do_not_show(
    deployment: Deployment, embedder: WordEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    refs = [document(deployment, f"d{n}", [f"{n} {m}" for m in range(n)]) for n in range(9)]
    whole = embed(deployment, *refs)
    files = [deployment.storage.get(ref.key(EMBEDDINGS)) for ref in refs]
    monkeypatch.setattr(embeddings, "WINDOW", 5)
    deployment.__dict__["cache"] = SQLiteCache(deployment.home / "other.db")
    assert {k: v.data_version for k, v in embed(deployment, *refs).items()} == {
        k: v.data_version for k, v in whole.items()
    }
    assert [deployment.storage.get(ref.key(EMBEDDINGS)) for ref in refs] == files


def test_equal_texts_are_embedded_once_in_and_between_runs(
    deployment: Deployment, embedder: WordEmbedder
) -> None:
    one = document(deployment, "one", ["same", "same", "own"])
    two = document(deployment, "two", ["same"])
    first = embed(deployment, one, two)
    assert sorted(text for call in embedder.calls for text in call) == ["own", "same"]
    before = deployment.storage.get(one.key(EMBEDDINGS))
    again = embed(deployment, one, two)
    assert len(embedder.calls) == 1
    assert again["one"].metadata["cached"] == 3
    assert again["one"].data_version == first["one"].data_version
    assert deployment.storage.get(one.key(EMBEDDINGS)) == before


def test_the_cache_knows_who_uses_a_text(deployment: Deployment, embedder: WordEmbedder) -> None:
    one = document(deployment, "one", ["same", "own", "own"])
    embed(deployment, one)
    embed(deployment, document(deployment, "two", ["same"]))  # a hit, and its user all the same
    cache, namespace = deployment.cache, f"embeddings/{embedder.identity}"
    assert (cache.used("one"), cache.used("two")) == (2, 1)
    keys = [hashlib.sha256(text.encode()).hexdigest() for text in ("same", "own")]
    assert cache.forget("one") == 1
    assert cache.get_many(namespace, keys).keys() == {keys[0]}
    assert cache.forget("two") == 1


def test_a_damaged_cache_entry_is_not_used(deployment: Deployment, embedder: WordEmbedder) -> None:
    ref = document(deployment, "one", ["a", "b", "c"])
    keys = [hashlib.sha256(text.encode()).hexdigest() for text in "abc"]
    nan = np.full(embedder.dimension, np.nan, np.float32).tobytes()
    deployment.cache.put_many(
        f"embeddings/{embedder.identity}", {keys[0]: b"short", keys[1]: bytes(128), keys[2]: nan}
    )
    assert embed(deployment, ref)["one"].metadata["cached"] == 0
    assert np.isfinite(read_embeddings(deployment.storage, ref)[1]).all()


def test_a_refused_text_fails_its_documents_only(
    deployment: Deployment, embedder: WordEmbedder
) -> None:
    embedder.refuses = refuse("poison", FailureKind.REFUSED)
    refs = [document(deployment, f"d{n}", [f"fine {n}", f"good {n}"]) for n in range(30)]
    refs += [document(deployment, "bad", ["fine", "poison"])]
    results = embed(deployment, *refs)
    failure = results.pop("bad")
    assert isinstance(failure, Failure)
    assert failure.kind is FailureKind.REFUSED
    assert failure.message == "bad, chunk 1: no poison please"
    assert all(isinstance(outcome, StageOutput) for outcome in results.values())
    assert deployment.storage.stat(refs[-1].key(EMBEDDINGS)) is None


def test_a_service_that_is_down_is_not_asked_text_by_text(
    deployment: Deployment, embedder: WordEmbedder
) -> None:
    embedder.refuses = refuse("", FailureKind.UNAVAILABLE)
    refs = [document(deployment, f"d{n}", [f"{n} {m}" for m in range(100)]) for n in range(20)]
    results = embed(deployment, *refs)
    assert len(embedder.calls) == 1
    assert {outcome.kind for outcome in results.values()} == {FailureKind.UNAVAILABLE}
    embedder.refuses = None
    assert all(isinstance(outcome, StageOutput) for outcome in embed(deployment, *refs).values())


@pytest.mark.parametrize("value", [np.nan, 0.0, np.inf])
def test_vectors_that_mean_nothing_are_refused(
    deployment: Deployment, embedder: WordEmbedder, value: float
) -> None:
    proper = embedder.embed

    def spoiled(texts: Sequence[str]) -> np.ndarray:
        vectors = proper(texts)
        vectors[[n for n, text in enumerate(texts) if "bad" in text]] = value
        return vectors

    embedder.embed = spoiled  # type: ignore[method-assign]
    refs = [document(deployment, "good", ["fine"]), document(deployment, "ill", ["bad", "fine"])]
    results = embed(deployment, *refs)
    assert isinstance(results["good"], StageOutput)
    assert isinstance(results["ill"], Failure)
    embedder.embed = proper  # type: ignore[method-assign]
    assert isinstance(embed(deployment, *refs)["ill"], StageOutput)


def test_too_few_vectors_are_refused(deployment: Deployment, embedder: WordEmbedder) -> None:
    proper = embedder.embed
    embedder.embed = lambda texts: proper(texts)[1:]  # type: ignore[method-assign]
    failure = embed(deployment, document(deployment, "one", ["a", "b"]))["one"]
    assert isinstance(failure, Failure)
    assert "shape" in failure.message


def test_missing_chunks_fail_their_document(deployment: Deployment, embedder: WordEmbedder) -> None:
    lost = DocumentRef("lost", "raw/lost/x.txt")
    damaged = document(deployment, "damaged", ["a"])
    damaged_line = b'{"schema_version":1,"doc_id":"damaged","chunks":[\n{"chunk_id":"x"}\n]}\n'
    deployment.storage.put(damaged.key("chunks.json"), damaged_line)
    results = embed(deployment, lost, damaged, document(deployment, "fine", ["a"]))
    assert isinstance(results["lost"], Failure)
    assert isinstance(results["damaged"], Failure)
    assert isinstance(results["fine"], StageOutput)


def test_another_model_is_another_version(deployment: Deployment, embedder: WordEmbedder) -> None:
    ref = document(deployment, "one", ["a"])
    before = embed(deployment, ref)["one"].data_version
    deployment.__dict__["embedder"] = WordEmbedder(dimension=16)
    assert embed(deployment, ref)["one"].data_version != before
    assert read_embeddings(deployment.storage, ref)[1].shape == (1, 16)


def test_an_unreachable_embedder_fails_documents_not_the_run(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, embedder="ollama", ollama_host="http://127.0.0.1:9")
    deployment = Deployment(settings)
    refs = [document(deployment, "one", ["a"]), document(deployment, "empty", [])]
    for outcome in embed(deployment, *refs).values():
        assert isinstance(outcome, Failure)
        assert outcome.kind is FailureKind.UNAVAILABLE
        assert "ollama serve" in outcome.message


def test_time_is_shared_out_by_what_was_embedded(
    deployment: Deployment, embedder: WordEmbedder
) -> None:
    embed(deployment, document(deployment, "known", ["seen before"]))
    long = document(deployment, "long", [f"text number {n}" for n in range(30)])
    short = document(deployment, "short", ["another text"])
    known = document(deployment, "known", ["seen before"])
    seconds = {
        doc_id: outcome.seconds
        for doc_id, outcome in embed(deployment, short, long, known).items()
        if isinstance(outcome, StageOutput) and outcome.seconds is not None
    }
    assert seconds["known"] == 0 < seconds["short"] < seconds["long"]


def test_an_interruption_costs_the_texts_under_way_only(
    deployment: Deployment, embedder: WordEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = document(deployment, "a", [f"text number {n}" for n in range(400)])
    embed_texts, done = embedder.embed, []

    def interrupted(texts: Sequence[str]) -> object:
        if sum(done) + len(texts) > 300:
            raise KeyboardInterrupt
        done.append(len(texts))
        return embed_texts(texts)

    monkeypatch.setattr(embedder, "embed", interrupted)
    with pytest.raises(KeyboardInterrupt):
        embed(deployment, ref)
    monkeypatch.setattr(embedder, "embed", embed_texts)
    outcome = embed(deployment, ref)["a"]
    assert isinstance(outcome, StageOutput)
    assert outcome.metadata["cached"] >= 300 - 128
