"""What every VectorStore must do. A new adapter is added to the `new_store` fixture."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import pickle
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from resources import locks
from resources.failure import SparknetError
from resources.locks import file_lock
from resources.vector_store import Chunk, PageBox, PageRange, Scope, VectorStore, chroma_client
from resources.vector_store.chroma import ChromaVectorStore
from resources.vector_store.chroma_collection import ChromaCollection
from resources.vector_store.chroma_files import fingerprint, remove_generation
from resources.vector_store.naming import generation_name
from tests.doubles import processes
from tests.doubles.ports import own_port

pytestmark = pytest.mark.slow

DIMENSION = 16
NewStore = Callable[..., VectorStore]


@pytest.fixture(scope="session")
def chroma_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    """A Chroma server of our own on the loopback interface."""
    port = own_port()
    folder = tmp_path_factory.mktemp("chroma-server")
    command = [str(Path(sys.executable).parent / "chroma"), "run", "--host", "127.0.0.1"]
    server = subprocess.Popen(
        [*command, "--port", str(port), "--path", str(folder)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env={**os.environ, "ANONYMIZED_TELEMETRY": "false"},
    )
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert server.poll() is None, "the Chroma server did not start"
                assert time.monotonic() < deadline
                time.sleep(0.1)
        yield "127.0.0.1", port
    finally:
        server.kill()
        server.wait()


_numbers = itertools.count()


CHROMA = ("chroma", "chroma-server")
OPENSEARCH = ("opensearch", "serverless-classic", "serverless", "opensearch-real")


@pytest.fixture(params=[*CHROMA, *OPENSEARCH])
def new_store(request: pytest.FixtureRequest, tmp_path: Path) -> NewStore:
    """Makes an empty store at each call, or another view of the same one with `like`."""
    if request.param in OPENSEARCH:
        stores: NewStore = request.getfixturevalue("opensearch_stores")(request.param, DIMENSION)
        return stores
    server = request.getfixturevalue("chroma_server") if "server" in request.param else None

    def make(like: VectorStore | None = None) -> VectorStore:
        if like is not None:
            copy: VectorStore = pickle.loads(pickle.dumps(like))
            return copy
        number = next(_numbers)
        return ChromaVectorStore(
            tmp_path / "index",
            collection=f"test{number}",
            embedder="hash",
            dimension=DIMENSION,
            server=server,
        )

    return make


@pytest.fixture
def store(new_store: NewStore) -> VectorStore:
    return new_store()


def settled(store: VectorStore) -> VectorStore:
    """The store, once its searches find what was written."""
    if store.visible_within:
        time.sleep(store.visible_within * 1.1 + 0.02)
    return store


def chunk(doc_id: str, ordinal: int, text: str = "some words", **values: Any) -> Chunk:
    return Chunk(
        **{
            "chunk_id": f"{doc_id}:{ordinal}",
            "doc_id": doc_id,
            "ordinal": ordinal,
            "text": text,
            "text_sha256": "0" * 64,
            "tokens": 3,
            "pages": (1, 2),
            "boxes": (PageBox(1, 0.1, 0.2, 0.3, 0.4), PageBox(2, 0.0, 0.0, 1.0, 1 / 3)),
            "section": ("Heading", "Sub"),
            **values,
        }
    )


def vectors(count: int, seed: int = 0) -> NDArray[np.float32]:
    made = np.random.default_rng(seed).normal(size=(count, DIMENSION)).astype(np.float32)
    unit: NDArray[np.float32] = made / np.linalg.norm(made, axis=1, keepdims=True)
    return unit


def test_an_empty_store(store: VectorStore) -> None:
    assert store.search(vectors(1)[0], 5) == []
    assert store.search_text("anything", 5) == []
    assert store.chunk_ids(["a"]) == {"a": set()}
    assert store.document_ids() == set()
    assert store.delete(["a"]) == 0
    assert store.delete([]) == 0
    assert store.count() == (0, 0)
    store.add_chunks([], np.zeros((0, DIMENSION), dtype=np.float32))
    assert store.count() == (0, 0)


def test_a_hit_is_the_whole_chunk(store: VectorStore) -> None:
    wanted = chunk("dök/1, %", 3, 'Zwölf "Boxkämpfer" \n\t jagen 文書')
    store.add_chunks([wanted, chunk("b", 0, "other")], vectors(2))
    settled(store)
    (hit,) = store.search(vectors(2)[0], 1)
    assert hit.chunk == wanted
    assert hit.score == pytest.approx(1.0, abs=1e-5)
    (hit,) = store.search_text("boxkampfer", 5)
    assert hit.chunk == wanted
    assert hit.score > 0


def test_nearest_first_with_cosine_scores(store: VectorStore) -> None:
    data = vectors(200)
    store.add_chunks([chunk("a", n) for n in range(200)], data)
    settled(store)
    query = vectors(1, seed=1)[0]
    hits = store.search(query * 7, 10)
    cosines = data @ query
    assert [h.chunk.ordinal for h in hits] == list(np.argsort(-cosines)[:10])
    assert [h.score for h in hits] == pytest.approx(sorted(cosines)[:-11:-1], abs=1e-5)
    assert len(store.search(query, 500)) == 200
    assert store.search(query, 0) == []


@pytest.mark.parametrize("most", [0, 5000])
def test_nearest_within_documents(
    store: VectorStore, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr("resources.vector_store.chroma.MOST_COMPARED", most)
    data = vectors(300)
    store.add_chunks([chunk(f"doc{n % 10}", n) for n in range(300)], data)
    settled(store)
    query = vectors(1, seed=1)[0]
    hits = store.search(query * 3, 5, within=Scope(["doc4", "doc7", "doc4"]))
    wanted = sorted((n for n in range(300) if n % 10 in (4, 7)), key=lambda n: -(data @ query)[n])
    assert [h.chunk.ordinal for h in hits] == wanted[:5]
    assert [h.score for h in hits] == pytest.approx((data @ query)[wanted[:5]], abs=1e-5)


def test_search_within_documents(store: VectorStore) -> None:
    chunks = [chunk(f"doc{n % 5}", n, f"word{n} common") for n in range(100)]
    store.add_chunks(chunks, vectors(100))
    settled(store)
    for hits in (
        store.search(vectors(1)[0], 100, within=Scope(["doc1", "doc3", "none"])),
        store.search_text("common", 100, within=Scope({"doc1", "doc3", "none"})),
    ):
        assert len(hits) == 40
        assert {h.chunk.doc_id for h in hits} == {"doc1", "doc3"}
    assert store.search(vectors(1)[0], 5, within=Scope([])) == []
    assert store.search_text("common", 5, within=Scope([])) == []


_scopes = st.builds(
    Scope,
    st.none() | st.lists(st.sampled_from([*(f"doc{n}" for n in range(6)), "none"]), max_size=6),
    st.none()
    | st.tuples(st.integers(1, 12), st.none() | st.integers(0, 6)).map(
        lambda pair: PageRange(pair[0], None if pair[1] is None else pair[0] + pair[1])
    ),
)
# How chunks of a scope are found: by comparing all; by looking through the nearest; by Chroma.
_WAYS = {"compared": (5000, 10_000, 3000), "looked through": (0, 0, 3000), "by ids": (0, 0, 0)}


@pytest.mark.parametrize("way", _WAYS)
def test_a_scope_filters_the_whole_ranking(
    store: VectorStore, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    if way != "compared" and not isinstance(store, ChromaVectorStore):
        pytest.skip("other stores have one way")
    compared, few, looked_through = _WAYS[way]
    monkeypatch.setattr("resources.vector_store.chroma.MOST_COMPARED", compared)
    monkeypatch.setattr("resources.vector_store.chroma._MOST_LOOKED_THROUGH", looked_through)
    monkeypatch.setattr("resources.vector_store.word_search._FEW", few)
    pages = [(1,), (2, 3), (4,), (3, 9), (), (1, 12), (11, 12), (5, 6, 7)]
    chunks = [
        chunk(f"doc{n % 6}", n, f"common {'rare ' * (n % 5)}w{n}", pages=pages[n % 8])
        for n in range(150)
    ]
    store.add_chunks(chunks, vectors(150))
    settled(store)
    query = vectors(1, seed=1)[0]
    rankings = store.search(query, 150), store.search_text("rare common", 150)
    assert [len(ranking) for ranking in rankings] == [150, 150]

    @given(_scopes, st.integers(1, 40))
    @hypothesis_settings(max_examples=25, deadline=None)
    def check(scope: Scope, top_k: int) -> None:
        found = (
            store.search(query, top_k, within=scope),
            store.search_text("rare common", top_k, within=scope),
        )
        for hits, ranking in zip(found, rankings, strict=True):
            wanted = [hit for hit in ranking if _in_scope(hit.chunk, scope)][:top_k]
            assert [h.score for h in hits] == pytest.approx([h.score for h in wanted], abs=1e-5)
            # Of equal scores any may be the last.
            clear = {h.chunk.chunk_id for h in wanted if h.score > wanted[-1].score + 1e-5}
            assert clear <= {h.chunk.chunk_id for h in hits}
            assert all(_in_scope(h.chunk, scope) for h in hits)

    check()


def _in_scope(chunk: Chunk, scope: Scope) -> bool:
    if scope.doc_ids is not None and chunk.doc_id not in scope.doc_ids:
        return False
    if scope.pages is None:
        return True
    first, last = scope.pages
    return any(first <= page <= (last or 10**9) for page in chunk.pages)


def test_frequent_words_are_found_where_the_rare_ones_are_not(
    new_store: NewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resources.vector_store.word_search._MOST_SCORED", 20)
    store = new_store()
    store.add_chunks([chunk(f"d{n % 2}", n, f"report page{n}") for n in range(100)], vectors(100))
    settled(store)
    hits = store.search_text("report page1", 5, within=Scope(["d0"]))
    assert len(hits) == 5


def test_passages_by_their_places(store: VectorStore) -> None:
    assert store.passages({"a": [0]}) == []
    chunks = [chunk(doc_id, n, f"{doc_id}{n}") for doc_id in ("a", "b/é") for n in range(6)]
    store.add_chunks(chunks, vectors(12))
    settled(store)

    def at(places: dict[str, list[int]]) -> set[str]:
        found = store.passages(places)
        assert all(each in chunks for each in found)
        return {each.chunk_id for each in found}

    assert at({"a": [2, 4, 99], "b/é": [0], "none": [0]}) == {"a:2", "a:4", "b/é:0"}
    assert at({"a": []}) == set()
    assert at({}) == set()
    store.delete(["a:2"])
    assert at({"a": [2, 3]}) == {"a:3"}
    # While a document is replaced.
    other = chunk("a", 3, "another", chunk_id="a:3b")
    store.add_chunks([other], vectors(1, seed=3))
    chunks.append(other)
    settled(store)
    assert at({"a": [3]}) == {"a:3", "a:3b"}


def test_its_version_changes_with_every_write(store: VectorStore, new_store: NewStore) -> None:
    """Never twice the same, also for another process that looks; or none at all."""
    other = new_store(like=store)
    seen: list[str | None] = [store.version()]

    def changed() -> None:
        assert store.version() == other.version() == store.version()
        assert store.version() is None or store.version() not in seen
        seen.append(store.version())

    for doc_id in ("a", "b"):
        store.add_chunks([chunk(doc_id, n) for n in range(3)], vectors(3))
        changed()
    store.delete(["a:0"])
    changed()
    other.add_chunks([chunk("a", 0)], vectors(1))
    changed()
    store.drop()
    assert store.version() is None
    store.add_chunks([chunk("a", 0)], vectors(1))
    changed()
    assert all(seen[1:]) == isinstance(store, ChromaVectorStore)


def test_adding_again_replaces(store: VectorStore) -> None:
    data = vectors(3)
    store.add_chunks([chunk("a", 0, "first"), chunk("a", 1, "second")], data[:2])
    settled(store)
    moved = chunk("a", 0, "first", pages=(9,))
    store.add_chunks([moved, chunk("a", 1, "second")], data[[2, 1]])
    settled(store)
    assert store.count() == (2, 2)
    (hit,) = store.search(data[2], 1)
    assert (hit.chunk, hit.score) == (moved, pytest.approx(1.0, abs=1e-5))
    assert [h.chunk for h in store.search_text("first", 5)] == [moved]
    store.add_chunks([chunk("a", 0, "third")], data[:1])
    settled(store)
    assert store.search_text("first", 5) == []
    assert store.count() == (2, 2)


def test_deleting(store: VectorStore) -> None:
    store.add_chunks([chunk("a", n, f"word{n}") for n in range(10)], vectors(10))
    settled(store)
    assert store.delete(["a:3", "a:4", "nothing"]) == 2
    assert store.delete(["a:3"]) == 0
    assert store.count() == (8, 8)
    assert store.chunk_ids(["a", "b"]) == {
        "a": {f"a:{n}" for n in (0, 1, 2, 5, 6, 7, 8, 9)},
        "b": set(),
    }
    assert store.search_text("word3", 5) == []
    assert "a:3" not in {h.chunk.chunk_id for h in store.search(vectors(10)[3], 10)}
    store.delete([f"a:{n}" for n in range(10)])
    assert store.document_ids() == set()
    assert store.search(vectors(1)[0], 5) == []


def test_wrong_vectors_are_refused(store: VectorStore) -> None:
    with pytest.raises(ValueError, match="wanted"):
        store.add_chunks([chunk("a", 0)], vectors(2))
    with pytest.raises(ValueError, match="wanted"):
        store.add_chunks([chunk("a", 0)], np.ones((1, DIMENSION + 1), dtype=np.float32))
    with pytest.raises(ValueError, match="finite"):
        store.add_chunks([chunk("a", 0)], np.full((1, DIMENSION), np.nan, dtype=np.float32))
    assert store.count() == (0, 0)


def test_thousands_in_one_write(store: VectorStore) -> None:
    # More than Chroma takes at once; to OpenSearch go 1,000 in a request.
    count = 6500 if isinstance(store, ChromaVectorStore) else 2500
    store.add_chunks([chunk(f"d{n // 100}", n, f"w{n}") for n in range(count)], vectors(count))
    settled(store)
    assert store.count() == (count, count)
    assert sum(map(len, store.chunk_ids(store.document_ids()).values())) == count
    assert store.search_text(f"w{count - 1}", 3)[0].chunk.ordinal == count - 1
    gone = count - 500
    assert store.delete([f"d{n // 100}:{n}" for n in range(gone)]) == gone
    assert store.count() == (500, 500)


def test_words(store: VectorStore) -> None:
    texts = [
        "The effi\ufb01ciency of solar panels",
        "\uff26\uff55\uff4c\uff4c width and naïve café owners",
        "日本語の文書を検索する",
        "Invoice INV-2024/0042, due 31.12.2024; O'Brien & Sons",
        "running runners run",
        "foo_bar snake case",
    ]
    store.add_chunks([chunk("a", n, text) for n, text in enumerate(texts)], vectors(len(texts)))
    settled(store)

    def best(query: str) -> int | None:
        hits = store.search_text(query, 3)
        return hits[0].chunk.ordinal if hits else None

    assert best("effificiency") == 0
    assert best("SOLAR panel") == 0
    assert best("what is the full story of it") == 1
    assert best("naive cafe") == 1
    assert best("文書") == 2
    assert best("検索する文") == 2
    assert best("語") == 2
    assert best("INV-2024/0042") == 3
    assert best("o'brien") == 3
    assert best("runs") == 4
    assert best("bar") == 5
    assert best("invo") == 3, "a word that nothing has finds those that begin so"
    assert best("the of and") == 0, "frequent words count when there are no others"
    assert best("zebra") is None


def test_frequent_words_do_not_hide_a_rare_one(
    new_store: NewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resources.vector_store.word_search._MOST_SCORED", 50)
    store = new_store()
    chunks = [chunk("a", n, f"annual report page{n} {'x' * (n % 7)}") for n in range(200)]
    store.add_chunks(chunks, vectors(200))
    settled(store)
    hits = store.search_text("report page77 annual page78", 10)
    assert {h.chunk.ordinal for h in hits[:2]} == {77, 78}
    if isinstance(store, ChromaVectorStore):  # whose scoring is bounded
        assert len(hits) == 2
    assert len(store.search_text("annual report", 10)) == 10


AWKWARD = [
    "",
    " ",
    '"',
    "'",
    '""" OR',
    "AND",
    "NEAR(a b)",
    "a*",
    "*",
    "body:x",
    "-x",
    "^a",
    "(",
    "\0",
]


def test_any_string_is_a_query(store: VectorStore) -> None:
    store.add_chunks([chunk("a", 0, "plain words")], vectors(1))
    settled(store)
    for query in (*AWKWARD, "x" * 100_000, "ab " * 50_000, "\ud83d\ude00", "%_;--"):
        assert store.search_text(query, 5) == [], query[:20]


def test_generations_are_apart(tmp_path: Path) -> None:
    def store(embedder: str, dimension: int) -> ChromaVectorStore:
        return ChromaVectorStore(tmp_path, collection="c", embedder=embedder, dimension=dimension)

    old, new = store("old", DIMENSION), store("new", 8)
    old.add_chunks([chunk("a", 0)], vectors(1))
    assert new.search(np.ones(8, dtype=np.float32), 5) == []
    assert new.count() == (0, 0)
    assert old.generation != new.generation
    names = {generation_name("c", e, 3) for e in ("a/b", "a:b", "a b", "ü", "x" * 300, "x" * 301)}
    assert len(names) == 6
    assert all(3 <= len(name) <= 120 and name.isascii() for name in names)


_steps = st.lists(
    st.tuples(
        st.sampled_from(["add", "add", "add", "delete", "delete", "compact", "repair", "drop"]),
        st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3)), min_size=1, max_size=6),
        st.integers(0, 5),
    ),
    max_size=8,
)


def test_behaves_like_a_mapping(new_store: NewStore, request: pytest.FixtureRequest) -> None:
    # A real server needs most of a second for an index: of its kind, the double takes all examples.
    few = request.node.callspec.params["new_store"] == "opensearch-real"

    @given(_steps)
    @hypothesis_settings(max_examples=5 if few else 12, deadline=None)
    def check(steps: list[tuple[str, Any, int]]) -> None:
        _does_as_a_mapping(new_store, steps)

    check()


def _does_as_a_mapping(new_store: NewStore, steps: list[tuple[str, Any, int]]) -> None:
    store = new_store()
    other = new_store(like=store)
    model: dict[str, tuple[Chunk, int]] = {}
    for step, places, seed in steps:
        chunks = {
            (c := chunk(f"d{d}", n, f"w{seed}", text_sha256=f"{seed}")).chunk_id: c
            for d, n in places
        }
        _apply(step, store, model, chunks, seed)
        if seed % 2:
            store, other = other, store
    for view in (store, other):
        _assert_holds(view, model)


def _apply(
    step: str,
    store: VectorStore,
    model: dict[str, tuple[Chunk, int]],
    chunks: dict[str, Chunk],
    seed: int,
) -> None:
    if step == "add":
        data = np.repeat(vectors(6)[[seed]], len(chunks), axis=0)
        store.add_chunks(list(chunks.values()), data)
        model.update({i: (c, seed) for i, c in chunks.items()})
    elif step == "delete":
        assert store.delete(chunks) == len(chunks.keys() & model.keys())
        for chunk_id in chunks:
            model.pop(chunk_id, None)
    elif step == "compact":
        store.compact()
        assert store.compact().bytes_before == store.compact().bytes_after
    elif step == "repair":
        store.repair()
    else:
        store.drop()
        model.clear()


def _assert_holds(store: VectorStore, model: dict[str, tuple[Chunk, int]]) -> None:
    settled(store)
    assert store.count() == (len(model), len(model))
    data = vectors(6)
    hits = store.search(data[0], 100)
    assert {h.chunk.chunk_id: h.chunk for h in hits} == {i: c for i, (c, _) in model.items()}
    for hit in hits:
        assert hit.score == pytest.approx(data[0] @ data[model[hit.chunk.chunk_id][1]], abs=1e-5)
    for seed in range(6):
        found = {h.chunk.chunk_id for h in store.search_text(f"w{seed}", 100)}
        assert found == {i for i, (_, s) in model.items() if s == seed}
    for doc_id in ("d0", "d1"):
        elsewhere = {c.text_sha256 for c, _ in model.values() if c.doc_id != doc_id}
        assert store.texts_elsewhere([f"{n}" for n in range(6)], doc_id) == elsewhere


def test_recall_against_brute_force(store: VectorStore) -> None:
    rng = np.random.default_rng(5)
    centres = rng.normal(size=(40, DIMENSION))
    data = centres[rng.integers(0, 40, 3000)] + rng.normal(size=(3000, DIMENSION)) * 0.5
    data = (data / np.linalg.norm(data, axis=1, keepdims=True)).astype(np.float32)
    store.add_chunks([chunk("a", n) for n in range(3000)], data)
    settled(store)
    found = 0
    for query in data[::60] + rng.normal(size=(50, DIMENSION)).astype(np.float32) * 0.1:
        wanted = set(np.argsort(-(data @ query))[:10])
        found += len(wanted & {h.chunk.ordinal for h in store.search(query, 10)})
    assert found / 500 >= 0.98


# Several processes.


def _take_turns(store: VectorStore, me: int, turns: Any, rounds: int) -> None:
    for step in range(rounds):
        turns[me].acquire(timeout=60)
        ids = {f"{who}:{n}" for who in (0, 1) for n in range(step + (who < me))}
        seen = {h.chunk.chunk_id for h in store.search(vectors(1)[0], 1000)}
        assert seen == ids, f"process {me}, step {step}: {seen ^ ids}"
        store.add_chunks([chunk(str(me), step, f"w{me}x{step}")], vectors(1, seed=step * 2 + me))
        settled(store)
        assert len(store.search(vectors(1)[0], 1000)) == len(ids) + 1
        assert store.count() == (len(ids) + 1, len(ids) + 1)
        turns[1 - me].release()


def test_two_processes_take_turns(store: VectorStore) -> None:
    context = processes.context()
    turns = [context.Semaphore(1), context.Semaphore(0)]
    workers = [processes.process(_take_turns, store, me, turns, 3) for me in (0, 1)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(100)
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert store.count() == (6, 6)


def _write_much(store: VectorStore, me: int) -> None:
    for step in range(4):
        chunks = [chunk(f"{me}", step * 50 + n, f"w{me}") for n in range(50)]
        store.add_chunks(chunks, vectors(50, seed=me * 100 + step))
        settled(store)
        assert len(store.search(vectors(1)[0], 10)) == 10


def test_processes_write_at_once_and_a_reader_follows(
    store: VectorStore, new_store: NewStore
) -> None:
    workers = [processes.process(_write_much, store, me) for me in range(2)]
    for worker in workers:
        worker.start()
    reader = new_store(like=store)
    seen = 0
    while any(worker.is_alive() for worker in workers):
        hits = len(reader.search(vectors(1)[0], 1000))
        assert hits >= seen
        seen = hits
        time.sleep(0.02)
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert store.count() == (400, 400)
    for worker in range(2):
        data = vectors(50, seed=worker * 100 + 3)
        hits = [reader.search(vector, 1)[0] for vector in data]
        assert [h.chunk.ordinal for h in hits] == list(range(150, 200))


def test_it_survives_a_fork(store: VectorStore) -> None:
    store.add_chunks([chunk("a", 0)], vectors(1))
    settled(store)
    assert len(store.search(vectors(1)[0], 5)) == 1
    child = multiprocessing.get_context("fork").Process(
        target=store.add_chunks, args=([chunk("b", 0)], vectors(1, seed=1))
    )
    child.start()
    child.join(60)
    assert child.exitcode == 0
    settled(store)
    assert len(store.search(vectors(1)[0], 5)) == 2


# A writer that is killed at any moment.


def _write_until_killed(store: VectorStore, ready: Any) -> None:
    ready.release()
    for step in range(1000):
        store.add_chunks(
            [chunk(f"k{step}", n, "kill") for n in range(300)], vectors(300, seed=step)
        )
        store.delete([f"k{step}:{n}" for n in range(0, 300, 3)])


def test_a_killed_writer_leaves_a_whole_store(store: VectorStore, new_store: NewStore) -> None:
    kept = [chunk("kept", n, f"kept{n}") for n in range(500)]
    data = vectors(500, seed=99)
    store.add_chunks(kept, data)
    for delay in (0.05, 0.2, 0.4):
        ready = processes.context().Semaphore(0)
        writer = processes.process(_write_until_killed, store, ready)
        writer.start()
        assert ready.acquire(timeout=60)
        time.sleep(delay)
        writer.kill()
        writer.join()
        assert writer.exitcode == -signal.SIGKILL

        reader = new_store(like=store)
        assert reader.chunk_ids(["kept"]) == {"kept": {c.chunk_id for c in kept}}
        reader.add_chunks([chunk("last", 0)], vectors(1, seed=7))
        vector_count, rows = reader.count()
        assert vector_count == rows
        settled(reader)
        hits = [reader.search(vector, 1)[0] for vector in data[::10]]
        assert [h.chunk.ordinal for h in hits] == list(range(0, 500, 10))


# The rest is about Chroma's files.


@pytest.fixture
def local(tmp_path: Path) -> ChromaVectorStore:
    return ChromaVectorStore(tmp_path, collection="abc", embedder="e", dimension=DIMENSION)


@pytest.mark.parametrize("part", ["chroma-*", "chroma-*/chroma.sqlite3", "chroma-*/*/*"])
def test_lost_or_torn_files_are_built_anew(
    local: ChromaVectorStore, tmp_path: Path, part: str
) -> None:
    from resources.vector_store import chroma_client

    data = vectors(400)
    local.add_chunks([chunk("a", n) for n in range(400)], data)
    chroma_client.close_siblings(tmp_path / local.generation / "chroma")
    for file in list((tmp_path / local.generation).glob(part)):
        if file.is_dir():
            file.rename(tmp_path / "gone")
        else:
            file.write_bytes(b"torn" * 10)
    assert local.count() == (400, 400)
    assert [local.search(v, 1)[0].chunk.ordinal for v in data[::20]] == list(range(0, 400, 20))


def test_files_that_a_kill_may_have_torn_are_not_opened(
    local: ChromaVectorStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from resources.vector_store import chroma_client

    data = vectors(300)
    local.add_chunks([chunk("a", n) for n in range(300)], data)
    local._register.begin('{"files": "as they were before", "ids": ["a:0"]}')
    assert local.version() is None, "nothing may be kept of what a write has begun to change"
    chroma_client.close_siblings(tmp_path / local.generation / "chroma")
    assert local.search(data[7], 1)[0].chunk.ordinal == 7
    assert "building it anew" in caplog.text
    assert local.count() == (300, 300)
    assert local._register.state.unfinished is None


def test_an_interrupted_replacement_is_undone(
    local: ChromaVectorStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = vectors(2)
    local.add_chunks([chunk("a", 0, "old")], old[None])

    def interrupted(*args: object, **kwargs: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(local._register, "finish", interrupted)
        with pytest.raises(KeyboardInterrupt):
            local.add_chunks([chunk("a", 0, "new")], new[None])
    local.add_chunks([chunk("a", 0, "old")], old[None])
    (hit,) = local.search(old, 1)
    assert (hit.chunk.text, hit.score) == ("old", pytest.approx(1.0, abs=1e-5))


def test_unchanged_chunks_are_not_written_again(local: ChromaVectorStore, tmp_path: Path) -> None:
    chunks, data = [chunk("a", n) for n in range(300)], vectors(300)
    local.add_chunks(chunks, data)
    before = local._register.state
    local.add_chunks(chunks, data)
    assert local._register.state == before
    local.add_chunks([*chunks, chunk("a", 300)], vectors(301))
    assert local.count() == (301, 301)


def test_an_interrupt_in_a_write_costs_that_write_only(
    local: ChromaVectorStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    local.add_chunks([chunk("a", n) for n in range(300)], vectors(300))

    def interrupted(*args: object, **kwargs: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(local._register, "finish", interrupted)
        with pytest.raises(KeyboardInterrupt):
            local.add_chunks([chunk("b", n) for n in range(300)], vectors(300, seed=1))
    assert local.count() == (300, 300)
    assert local.document_ids() == {"a"}


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    store = ChromaVectorStore(
        tmp_path, collection="abc", embedder="e", dimension=DIMENSION, server=("127.0.0.1", 1)
    )
    with pytest.raises(SparknetError, match=r"No Chroma server answers at 127.0.0.1:1") as caught:
        store.add_chunks([chunk("a", 0)], vectors(1))
    assert caught.value.retryable


def test_keyword_search_does_not_load_chroma() -> None:
    code = (
        "import sys, tempfile; from resources.vector_store.chroma import ChromaVectorStore\n"
        "s = ChromaVectorStore(tempfile.mkdtemp(), collection='abc', embedder='e', dimension=4)\n"
        "assert s.search_text('x', 3) == []; assert 'chromadb' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_drop_that_was_cut_off(
    local: ChromaVectorStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    local.add_chunks([chunk("a", 0, "wvkqjzz")], vectors(1))

    def interrupted(*args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("shutil.rmtree", interrupted)
        with pytest.raises(KeyboardInterrupt):
            local.drop()
    assert local.search_text("wvkqjzz", 5) == []
    assert _anywhere(tmp_path, b"vkqjzz")
    local.add_chunks([chunk("b", 0, "others")], vectors(1))
    assert not _anywhere(tmp_path, b"vkqjzz"), "the next write or drop ends what was begun"
    assert local.count() == (1, 1)


@pytest.mark.parametrize("what", ["search", "count", "chunk_ids", "compact", "delete", "repair"])
def test_dropped_while_one_waits_for_its_turn(
    local: ChromaVectorStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """It finds nothing, and leaves nothing."""
    local.add_chunks([chunk("a", n) for n in range(3)], vectors(3))
    local.delete(["a:1"])
    asks: dict[str, tuple[Callable[[], object], object]] = {
        "search": (lambda: local.search(vectors(1)[0], 3), []),
        "count": (local.count, (0, 0)),
        "chunk_ids": (lambda: local.chunk_ids(["a"]), {"a": set()}),
        "compact": (lambda: local.compact().complete, True),
        "delete": (lambda: local.delete(["a:0"]), 0),
        "repair": (local.repair, None),
    }
    ask, expected = asks[what]
    patient, asked, found = locks._acquire, threading.Event(), []
    folder = tmp_path / local.generation
    with file_lock(folder / "writers"), file_lock(folder / "lock"):

        def waiting(*arguments: Any) -> None:
            asked.set()
            patient(*arguments)

        monkeypatch.setattr(locks, "_acquire", waiting)
        monkeypatch.setattr("resources.vector_store.chroma._PATIENCE", None)
        reader = threading.Thread(target=lambda: found.append(ask()))
        reader.start()
        assert asked.wait(60)
        remove_generation(folder)
    reader.join(60)
    assert found == [expected]
    assert list(tmp_path.iterdir()) == []


def _read_on(store: VectorStore, stop: Any, rounds: Any) -> None:
    while not stop.is_set():
        if not store.visible_within:
            assert len(store.search(vectors(1)[0], 1000)) in (0, 150)
            assert len(store.search_text("word", 1000)) in (0, 150)
        assert len(store.chunk_ids(["a"])["a"]) in (0, 150)
        assert store.document_ids() in (set(), {"a"})
        assert store.count() in ((0, 0), (150, 150))
        rounds.value += 1


def test_dropping_while_another_process_reads(store: VectorStore, tmp_path: Path) -> None:
    context = processes.context()
    stop, rounds = context.Event(), context.Value("i", 0)
    reader = processes.process(_read_on, store, stop, rounds)
    reader.start()
    try:
        for _ in range(6):
            store.add_chunks([chunk("a", n, "word") for n in range(150)], vectors(150))
            before = rounds.value
            while rounds.value < before + 3 and reader.is_alive():
                time.sleep(0.01)
            store.drop()
    finally:
        stop.set()
        reader.join(60)
    assert reader.exitcode == 0
    store.drop()
    _assert_nothing_is_left(store, tmp_path)


# What was deleted is gone from disk.


def _anywhere(folder: Path, *needles: bytes) -> set[bytes]:
    files = [file.read_bytes() for file in folder.rglob("*") if file.is_file()]
    return {needle for needle in needles if any(needle in content for content in files)}


def test_texts_elsewhere(store: VectorStore) -> None:
    store.add_chunks(
        [
            chunk("a", 0, text_sha256="both"),
            chunk("a", 1, text_sha256="a alone"),
            chunk("a", 2, text_sha256="a alone"),
            chunk("b", 0, text_sha256="both"),
            chunk("b", 1, text_sha256="b alone"),
        ],
        vectors(5),
    )
    texts = ["both", "a alone", "b alone", "nowhere", "'; --"]
    assert store.texts_elsewhere(texts, "a") == {"both", "b alone"}
    assert store.texts_elsewhere(texts, "b") == {"both", "a alone"}
    assert store.texts_elsewhere(texts, "c") == {"both", "a alone", "b alone"}
    assert store.texts_elsewhere([], "a") == set()
    store.delete(["b:0"])
    assert store.texts_elsewhere(texts, "a") == {"b alone"}


def test_compacting(store: VectorStore, new_store: NewStore) -> None:
    data = vectors(300)
    store.add_chunks([chunk("a", n, f"word{n}") for n in range(300)], data)
    settled(store)
    other = new_store(like=store)
    assert other.count() == (300, 300)
    store.delete([f"a:{n}" for n in range(0, 300, 3)])
    done = store.compact()
    if isinstance(store, ChromaVectorStore):
        assert 0 < done.bytes_after < done.bytes_before
    kept = [n for n in range(300) if n % 3]
    for view in (store, other):
        assert view.count() == (200, 200)
        assert {h.chunk.ordinal for h in view.search(data[0], 500)} == set(kept)
        assert [view.search(data[n], 1)[0].chunk.ordinal for n in kept[::20]] == kept[::20]
        assert view.search_text("word0", 3) == []
        assert view.search_text("word1", 3)[0].chunk.ordinal == 1
    other.add_chunks([chunk("b", 0, "more")], vectors(1, seed=4))
    settled(other)
    assert store.count() == (201, 201)
    assert store.compact().bytes_before == store.compact().bytes_after


def test_compacting_nothing(store: VectorStore) -> None:
    assert store.compact()[:2] == (0, 0)
    store.repair()
    assert store.count() == (0, 0)


def _assert_nothing_is_left(store: VectorStore, folder: Path) -> None:
    """Nothing of a generation that was dropped; reads of it made nothing either."""
    assert not store.size_bytes()
    if isinstance(store, ChromaVectorStore):
        assert list((folder / "index").iterdir()) == []


def test_dropping(store: VectorStore, new_store: NewStore, tmp_path: Path) -> None:
    store.drop()
    store.add_chunks([chunk("a", n, "word") for n in range(150)], vectors(150))
    settled(store)
    other = new_store(like=store)
    assert len(other.search(vectors(1)[0], 200)) == 150
    store.drop()
    store.drop()
    _assert_nothing_is_left(store, tmp_path)
    for view in (store, other):
        assert view.search(vectors(1)[0], 5) == []
        assert view.search_text("word", 5) == []
        assert view.document_ids() == set()
        assert view.chunk_ids(["a"]) == {"a": set()}
        assert view.texts_elsewhere(["0" * 64], "b") == set()
        if not isinstance(view, ChromaVectorStore) or view._index.ours:
            assert view.count() == (0, 0)
    _assert_nothing_is_left(store, tmp_path)
    other.add_chunks([chunk("b", 0, "word")], vectors(1))
    settled(other)
    for view in (store, other):
        assert view.count() == (1, 1)
        assert [h.chunk.doc_id for h in view.search(vectors(1)[0], 5)] == ["b"]


def test_what_was_deleted_is_gone_from_disk(local: ChromaVectorStore, tmp_path: Path) -> None:
    data = vectors(500)
    # In the keyword index a word stands without the beginning that it shares with the one before.
    gone, kept = b"vkqjzz", b"altrem"
    texts = [f"{'wvkqjzz' if n % 50 == 7 else 'kaltrem'} word{n}" for n in range(500)]
    chunks = [chunk(f"d{n}", n, text) for n, text in enumerate(texts)]
    for start in range(0, 500, 100):
        local.add_chunks(chunks[start : start + 100], data[start : start + 100])
    deleted = [c.chunk_id for c in chunks if c.ordinal % 50 == 7]
    traces = [gone, b"d57:57", data[57].tobytes(), data[457].tobytes()]
    assert _anywhere(tmp_path, *traces) == set(traces)
    local.delete(deleted)
    local._register._database.scrub()
    assert gone in _anywhere(tmp_path, *traces), "the keyword index keeps words of deleted chunks"
    assert local.compact().complete
    assert not _anywhere(tmp_path, *traces)
    assert _anywhere(tmp_path, kept)
    assert local.count() == (490, 490)
    assert local.search_text("wvkqjzz", 3) == []


def test_what_was_replaced_is_gone_from_disk(local: ChromaVectorStore, tmp_path: Path) -> None:
    old, new = vectors(2)
    local.add_chunks([chunk("a", 0, "qzjxformer")], old[None])
    local.add_chunks([chunk("a", 0, "qzjxlatter")], new[None])
    assert local.compact().complete
    assert _anywhere(tmp_path, b"former", b"latter", old.tobytes()) == {b"latter"}


def test_an_index_without_deletions_is_not_rewritten(
    local: ChromaVectorStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    local.add_chunks([chunk("a", n) for n in range(10)], vectors(10))
    before = local._register.state

    def refused(*args: object) -> None:
        raise AssertionError("built anew")

    monkeypatch.setattr(local._index, "build", refused)
    done = local.compact()
    assert done.complete
    assert done.bytes_before == done.bytes_after
    assert local._register.state == before
    local.delete(["a:0"])
    with pytest.raises(AssertionError, match="built anew"):
        local.compact()


def _unused_room(folder: Path) -> bytes:
    """What index files have beyond the last vector."""
    room = b""
    for header in folder.rglob("header.bin"):
        count, width = struct.unpack("<QQ", header.read_bytes()[20:36])
        level, length = (header.with_name(name) for name in ("data_level0.bin", "length.bin"))
        room += level.read_bytes()[count * width :] + length.read_bytes()[count * 4 :]
    return room


def test_files_hold_nothing_of_the_memory(local: ChromaVectorStore, tmp_path: Path) -> None:
    """hnswlib writes out the room for more vectors as it found it, with text of other documents."""
    data = vectors(130)
    local.add_chunks([chunk("a", n) for n in range(30)], data[:30])
    room = _unused_room(tmp_path)
    assert len(room) > 1000
    assert not any(room)
    local.delete(["a:0"])
    local.compact()
    assert not any(_unused_room(tmp_path))
    local.add_chunks([chunk("a", n) for n in range(30, 130)], data[30:])
    assert not any(_unused_room(tmp_path))
    assert [local.search(data[n], 1)[0].chunk.ordinal for n in (5, 105)] == [5, 105]
    assert local.count() == (129, 129)


def _hoard() -> None:
    """Leaves text in memory that is free again."""
    hoard = [b"qzjxmemory" * 3000 for _ in range(500)]
    del hoard


def test_a_search_writes_nothing_of_the_memory(local: ChromaVectorStore, tmp_path: Path) -> None:
    """Chroma makes the files of a small index anew when it loads it, which a search sees to."""
    data = vectors(3)
    local.add_chunks([chunk("a", n) for n in range(3)], data)
    chroma_client.close_siblings(local._index._files)
    _hoard()
    assert len(local.search(data[0], 1)) == 1
    assert not any(_unused_room(tmp_path))


@pytest.mark.parametrize("name", ["header.bin", "data_level0.bin", "length.bin"])
@pytest.mark.parametrize("kept", [0, 20])
def test_files_that_a_killed_reader_left(local: ChromaVectorStore, name: str, kept: int) -> None:
    """Loading a small index writes its files; a kill leaves them torn to who has it open."""
    data = vectors(3)
    local.add_chunks([chunk("a", n) for n in range(3)], data)
    assert len(local.search(data[0], 3)) == 3
    (file,) = local._index._files.rglob(name)
    os.truncate(file, kept)
    assert len(local.search(data[0], 3)) == 3
    assert file.stat().st_size == kept
    chroma_client.close_siblings(local._index._files)
    _hoard()
    assert len(local.search(data[0], 3)) == 3
    assert not any(_unused_room(local._index._files))
    assert local.count() == (3, 3)


def test_torn_files_that_another_process_goes_on_with(local: ChromaVectorStore) -> None:
    """It syncs what it has in memory, into what a killed reader left."""
    data = vectors(50)
    local.add_chunks([chunk("a", n) for n in range(50)], vectors(50, seed=1))
    (level,) = local._index._files.rglob("data_level0.bin")
    room = level.stat().st_size
    level.write_bytes((b"qzjxmemory" * room)[: room * 3 // 4])
    local.add_chunks([chunk("a", n) for n in range(50)], data)
    assert list(local._index._files.rglob("*.pickle")), "synced"
    assert level.stat().st_size == room * 3 // 4
    assert not any(_unused_room(local._index._files))
    chroma_client.close_siblings(local._index._files)
    assert [local.search(data[n], 1)[0].chunk.ordinal for n in (0, 7, 49)] == [0, 7, 49]
    assert local.count() == (50, 50)


@pytest.mark.parametrize("ask", ["count", "search"])
@pytest.mark.parametrize("built", ["compacted", "torn"])
def test_reading_writes_nothing_while_others_may_read(
    local: ChromaVectorStore, built: str, ask: str
) -> None:
    """Loading a small index writes its files: who built it anew has loaded it."""
    data = vectors(20)
    local.add_chunks([chunk("a", n) for n in range(20)], data)
    if built == "compacted":
        local.delete(["a:3"])
        local.compact()
    else:
        local._register.begin('{"files": "as they were before", "ids": ["a:3"]}')
        with local._access.reading():
            pass
    before = fingerprint(local._index._files)
    assert "header.bin" in before
    assert local._index.is_open(), "read under the lock that readers share"
    assert local.count() if ask == "count" else local.search(data[0], 3)
    assert fingerprint(local._index._files) == before


@pytest.mark.parametrize("seed", range(6))
def test_nothing_that_is_asked_writes_of_the_memory(
    local: ChromaVectorStore, tmp_path: Path, seed: int
) -> None:
    """Whatever comes first after the index was opened or compacted may load it."""
    rng, data = Random(seed), vectors(120)
    asked: list[Callable[[], object]] = [
        local.count,
        local.repair,
        local.compact,
        lambda: local.search(data[0], 3),
        lambda: local.delete(rng.sample([f"a:{n}" for n in range(120)], 10)),
        lambda: local.add_chunks([chunk("a", n) for n in range(20)], data[:20]),
        lambda: chroma_client.close_siblings(local._index._files),
    ]
    local.add_chunks([chunk("a", n) for n in range(30)], data[:30])
    for each in rng.choices(asked, k=14):
        _hoard()
        each()
        assert not any(_unused_room(tmp_path))


def test_a_compaction_that_fails_leaves_all_as_it_was(
    local: ChromaVectorStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    local.add_chunks([chunk("a", n) for n in range(150)], vectors(150))
    local.delete(["a:0"])
    folders = set((tmp_path / local.generation).iterdir())

    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("resources.vector_store.chroma_files.sync_all", full)
        with pytest.raises(OSError, match="No space"):
            local.compact()
    assert set((tmp_path / local.generation).iterdir()) == folders
    assert local.count() == (149, 149)
    assert local.compact().complete


def test_compacting_on_a_full_disk(
    local: ChromaVectorStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    local.add_chunks([chunk("a", n) for n in range(10)], vectors(10))
    local.delete(["a:0"])
    with monkeypatch.context() as patch:
        patch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=0))
        with pytest.raises(SparknetError, match=r"needs 0\.\d GB free .* 0\.0 GB"):
            local.compact()
    assert local.count() == (9, 9)
    assert local.compact().complete


def test_only_a_server_may_keep_what_was_deleted(store: VectorStore) -> None:
    store.add_chunks([chunk("a", 0)], vectors(1))
    store.delete(["a:0"])
    if isinstance(store, ChromaVectorStore):
        assert store.compact().complete is store._index.ours
    elif store.visible_within:
        assert not store.compact().complete


# Repair.


def test_repairing_what_is_whole_changes_nothing(local: ChromaVectorStore) -> None:
    local.add_chunks([chunk("a", n, f"w{n}") for n in range(250)], vectors(250))
    before = local._register.state
    local.repair()
    assert local._register.state == before


def test_vectors_that_went_astray(store: VectorStore) -> None:
    if not isinstance(store, ChromaVectorStore):
        pytest.skip("keeps a chunk's vector and words in one document")
    data = vectors(300)
    store.add_chunks([chunk("a", n, f"w{n}") for n in range(300)], data)
    rows = store._register.rows_of(["a:1"])
    with store._access.reading() as collection:
        collection.delete(["a:7", "a:8"])
        collection.upsert([rows[0]._replace(vector=data[2].tobytes())])
        collection.upsert([rows[0]._replace(chunk_id="stray")])
    assert store.count() == (299, 300)
    store.repair()
    assert store.count() == (300, 300)
    for n in (1, 2, 7, 8):
        hit = store.search(data[n], 1)[0]
        assert (hit.chunk.ordinal, hit.score) == (n, pytest.approx(1.0, abs=1e-5))


DAMAGE = [
    "UPDATE words_data SET block = zeroblob(length(block)) WHERE id > 10",
    "UPDATE words_data SET block = x'00' WHERE id = 10",
    "DELETE FROM words_data",
    "DELETE FROM words_content WHERE id % 2",
    "DELETE FROM words WHERE rowid = 3",
    "INSERT INTO words (rowid, body) VALUES (1000, 'stray')",
    "DELETE FROM words_docsize",
    "DROP TABLE words",
]


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_keyword_index(
    local: ChromaVectorStore, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    local.add_chunks([chunk("a", n, f"word{n} common") for n in range(50)], vectors(50))
    local._register._database.connection.execute(damage)
    local._register.close()
    local.repair()
    assert local.count() == (50, 50)
    assert [h.chunk.ordinal for h in local.search_text("word7", 50)] == [7]
    assert len(local.search_text("common", 100)) == 50
    assert local.search_text("stray", 5) == []


def test_a_full_disk_is_not_taken_for_damage(
    local: ChromaVectorStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from resources.vector_store import chroma_client

    local.add_chunks([chunk("a", 0)], vectors(1))
    before = sorted(tmp_path.rglob("chroma-*"))
    chroma_client.close_siblings(tmp_path / local.generation / "chroma")

    def full(*_: object) -> object:
        raise RuntimeError("error returned from database: (code: 13) database or disk is full")

    monkeypatch.setattr(chroma_client, "open_folder", full)
    with pytest.raises(SparknetError, match="its disk is full: free some space"):
        local.count()
    assert sorted(tmp_path.rglob("chroma-*")) == before


def test_a_damaged_register_is_told(local: ChromaVectorStore, tmp_path: Path) -> None:
    local.add_chunks([chunk("a", n, f"word{n} " * 50) for n in range(50)], vectors(50))
    local.compact()
    local._register._database.scrub()
    local._register.close()
    path = tmp_path / local.generation / "register.db"
    content = bytearray(path.read_bytes())
    content[4096:-4096] = os.urandom(len(content) - 8192)
    path.write_bytes(content)
    with pytest.raises(SparknetError, match=r"register\.db is damaged.*materialize"):
        local.repair()
    local.drop()
    local.add_chunks([chunk("a", 0)], vectors(1))
    assert local.count() == (1, 1)


def test_a_register_of_an_older_version(local: ChromaVectorStore, tmp_path: Path) -> None:
    import sqlite3

    data = vectors(20)
    local.add_chunks([chunk("a", n, f"word{n}") for n in range(20)], data)
    local._register.close()
    folder = tmp_path / local.generation
    with sqlite3.connect(folder / "register.db") as connection:
        for index in ("text", "place", "page", "id", "row"):
            connection.execute(f"DROP INDEX chunks_by_{index}")
        for column in ("ordinal", "first_page", "last_page"):
            connection.execute(f"ALTER TABLE chunks DROP COLUMN {column}")
        connection.execute("ALTER TABLE state DROP COLUMN files")
        connection.execute("ALTER TABLE state DROP COLUMN deleted")
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    from resources.vector_store import chroma_client

    chroma_client.close_siblings(folder / "chroma")
    (files,) = folder.glob("chroma-*")
    files.rename(folder / "chroma")
    inode = (folder / "chroma").stat().st_ino
    assert local.count() == (20, 20)
    assert local.search(data[3], 1)[0].chunk.ordinal == 3
    assert [p.stat().st_ino for p in folder.glob("chroma*")] == [inode]
    assert local.texts_elsewhere(["0" * 64], "b") == {"0" * 64}
    (passage,) = local.passages({"a": [7]})
    assert passage.ordinal == 7
    assert len(local.search_text("word7", 5, within=Scope(pages=PageRange(2, 2)))) == 1
    assert local._register.state.deleted, "what an older version deleted was not counted"
    assert local.compact().complete


# Reading while others write, and where one may only read.


def test_a_search_does_not_wait_for_a_write(
    local: ChromaVectorStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = vectors(300)
    local.add_chunks([chunk(f"d{n % 3}", n, f"w{n}") for n in range(200)], data[:200])
    begun, finished = threading.Event(), threading.Event()
    upsert = ChromaCollection.upsert

    def slow(*arguments: Any) -> None:
        upsert(*arguments)
        begun.set()
        assert finished.wait(60)

    with monkeypatch.context() as patch:
        patch.setattr(ChromaCollection, "upsert", slow)
        chunks = [chunk("new", n, f"w{n}") for n in range(200, 300)]
        writer = threading.Thread(target=local.add_chunks, args=(chunks, data[200:]))
        writer.start()
        try:
            assert begun.wait(60)
            cosines = data[:200] @ data[250]
            hits = local.search(data[250] * 3, 20)
            assert [h.chunk.ordinal for h in hits] == list(np.argsort(-cosines)[:20])
            assert [h.score for h in hits] == pytest.approx(np.sort(cosines)[:-21:-1], abs=1e-5)
            patch.setattr("resources.vector_store.chroma.MOST_COMPARED", 0)
            hits = local.search(data[250], 200, within=Scope(["d1", "new"]))
            assert {h.chunk.doc_id for h in hits} == {"d1"}
            assert len(local.search(data[0], 1000)) == 200
        finally:
            finished.set()
            writer.join(60)
    assert local.search(data[250], 1)[0].chunk.ordinal == 250


def test_a_search_in_a_large_index_waits_for_the_writer(
    local: ChromaVectorStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("resources.vector_store.chroma.MOST_COMPARED_INSTEAD_OF_WAITING", 5)
    local.add_chunks([chunk("a", n) for n in range(10)], vectors(10))
    found: list[int] = []
    with file_lock(tmp_path / local.generation / "lock"):
        reader = threading.Thread(target=lambda: found.append(len(local.search(vectors(1)[0], 50))))
        reader.start()
        reader.join(0.5)
        assert reader.is_alive()
    reader.join(60)
    assert found == [10]


def test_equal_vectors_compared_one_by_one(
    local: ChromaVectorStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = np.repeat(vectors(3), 10, axis=0)
    local.add_chunks([chunk("a", n) for n in range(30)], data)
    hits = local.search(data[0], 13, within=Scope(["a"]))
    assert len(hits) == 13
    assert {h.chunk.ordinal for h in hits[:10]} == set(range(10))
    assert hits == local.search(data[0], 30, within=Scope(["a"]))[:13]


_READ_ONLY = """
import os, pickle, sys
sys.path.insert(0, "tests/contracts")
from test_vector_store import vectors
from resources import locks
from resources.failure import SparknetError
from resources.locks import file_lock
from resources.vector_store import Scope
store = pickle.load(sys.stdin.buffer)
if os.getuid() == 0:
    os.setuid(65534)
assert [h.chunk.ordinal for h in store.search(vectors(20)[3], 2)][0] == 3
assert [h.chunk.ordinal for h in store.search(vectors(20)[3], 2, within=Scope(["a"]))][0] == 3
assert [h.chunk.ordinal for h in store.search_text("word7", 2)] == [7]
assert store.document_ids() == {"a"}
assert store.texts_elsewhere(["0" * 64], "b") == {"0" * 64}
for action in (store.count, store.compact, store.repair, store.drop, lambda: store.delete(["a:1"])):
    try:
        action()
    except SparknetError as error:
        assert "needs to write there" in str(error), error
        assert not error.retryable
    else:
        raise AssertionError(action)
"""


def test_a_folder_that_one_may_only_read() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = ChromaVectorStore(folder, collection="abc", embedder="e", dimension=DIMENSION)
        store.add_chunks([chunk("a", n, f"word{n}") for n in range(20)], vectors(20))
        paths = [folder, *folder.rglob("*")]
        for path in paths:
            path.chmod(0o555 if path.is_dir() else 0o444)
        try:
            reader = subprocess.run(
                [sys.executable, "-c", _READ_ONLY], input=pickle.dumps(store), capture_output=True
            )
        finally:
            for path in paths:
                path.chmod(0o755 if path.is_dir() else 0o644)
        assert reader.returncode == 0, reader.stderr.decode()


# A compaction that is killed at any moment, while another process searches and counts.

_COMPACTED = """
import pickle, sys, time
sys.path.insert(0, "tests/contracts")
from test_vector_store import chunk, vectors
store = pickle.load(sys.stdin.buffer)
for step in range(1000):
    store.add_chunks([chunk("gone", n, "qzjxvanished") for n in range(200)], vectors(200, seed=5))
    store.delete([f"gone:{n}" for n in range(200)])
    print("compacting", flush=True)
    started = time.perf_counter()
    store.compact()
    print(time.perf_counter() - started, flush=True)
"""


def _search_on(store: VectorStore, stop: Any, rounds: Any) -> None:
    data = vectors(400, seed=99)
    kept = set(range(400))
    while not stop.is_set():
        hits = store.search(data[0], 1000)
        assert {h.chunk.ordinal for h in hits if h.chunk.doc_id == "kept"} == kept
        number = rounds.value % 400
        assert store.search(data[number], 1)[0].chunk.ordinal == number
        assert len(store.search_text(f"kept{number}", 5)) == 1
        vector_count, rows = store.count()
        assert vector_count == rows >= 400
        rounds.value += 1


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_killed_compaction_leaves_a_whole_store(local: ChromaVectorStore, tmp_path: Path) -> None:
    local.add_chunks([chunk("kept", n, f"kept{n}") for n in range(400)], vectors(400, seed=99))
    context = processes.context()
    stop, rounds = context.Event(), context.Value("i", 0)
    reader = processes.process(_search_on, local, stop, rounds)
    reader.start()
    random = Random(7)
    seconds = 0.0
    try:
        for kill in range(12):
            child = subprocess.Popen(
                [sys.executable, "-c", _COMPACTED], stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
            assert child.stdin is not None and child.stdout is not None
            child.stdin.write(pickle.dumps(local))
            child.stdin.close()
            assert child.stdout.readline() == b"compacting\n"
            if not seconds:
                seconds = float(child.stdout.readline())
                assert child.stdout.readline() == b"compacting\n"
            time.sleep(seconds * random.uniform(0, 1.1))
            child.kill()
            child.wait()
            child.stdout.close()
            before = rounds.value
            if kill % 2:
                # The compaction may have been done, and the next write under way.
                assert local.count() in ((400, 400), (600, 600))
            while rounds.value < before + 2:
                assert reader.is_alive(), "the reader failed"
                time.sleep(0.01)
    finally:
        stop.set()
        reader.join(60)
    assert reader.exitcode == 0
    local.delete([f"gone:{n}" for n in range(200)])
    assert local.compact().complete
    assert len(list((tmp_path / local.generation).glob("chroma*"))) == 1
    assert not _anywhere(tmp_path, b"vanished", vectors(200, seed=5)[7].tobytes())
    assert local.count() == (400, 400)
