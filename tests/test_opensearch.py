"""What the vector store on OpenSearch does beyond its contract: errors, pressure, paging, lag."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from resources.aws.clients import AwsClients
from resources.failure import FailureKind, SparknetError
from resources.locks import FileLocks
from resources.vector_store import (
    Scope,
    VectorStore,
    opensearch_bulk,
    opensearch_client,
    opensearch_queries,
)
from resources.vector_store.naming import index_name
from resources.vector_store.opensearch import OpenSearchVectorStore
from resources.vector_store.opensearch_dynamo import DynamoChunkRegister
from resources.vector_store.opensearch_register import (
    ChunkRegister,
    Entry,
    SQLiteChunkRegister,
)
from tests.contracts.test_vector_store import DIMENSION, chunk, settled, vectors
from tests.doubles.moto_server import MotoServer
from tests.doubles.opensearch import OpenSearchDouble, opensearch_double

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("signing")]


@pytest.fixture
def domain() -> Iterator[OpenSearchDouble]:
    with opensearch_double() as double:
        yield double


@pytest.fixture(params=["serverless", "serverless-classic"])
def collection(request: pytest.FixtureRequest) -> Iterator[OpenSearchDouble]:
    scale = 0.004 if request.param == "serverless-classic" else 0.01
    with opensearch_double(request.param, scale=scale) as double:
        yield double


def made(double: OpenSearchDouble, folder: Path, **settings: Any) -> VectorStore:
    values: dict[str, Any] = {"dimension": DIMENSION, "kind": double.kind, "aws": AwsClients()}
    if double.serverless:
        values["register"] = SQLiteChunkRegister(folder / "register.db")
        values["locks"] = FileLocks(folder)
        values["visible_within"] = double.visible_within
    return OpenSearchVectorStore(double.url, "test", **{**values, **settings})


def test_names_of_indexes() -> None:
    names = ["a-b-3", "A-b-3", "-a", "_a", "..", "x" * 300, "x" * 301, "ü", "a b", "a:b"]
    found = {index_name(name) for name in names}
    assert len(found) == len(names)
    assert all(name == name.lower() and name[0] not in "-_." for name in found)
    assert index_name("sparknet-titan-1024") == "sparknet-titan-1024"


def test_a_chunk_that_is_refused_is_named_by_its_document(
    domain: OpenSearchDouble, tmp_path: Path
) -> None:
    store = made(domain, tmp_path)
    domain.faults.poison = "confidential"
    chunks = [chunk("good", 0), chunk("bad", 0, "confidential words"), chunk("good", 1)]
    with pytest.raises(SparknetError, match=r"1 chunks of bad.*mapper_parsing") as caught:
        store.add_chunks(chunks, vectors(3))
    assert "confidential" not in str(caught.value)
    assert store.chunk_ids(["good", "bad"]) == {"good": {"good:0", "good:1"}, "bad": set()}


def test_a_refused_chunk_on_serverless_leaves_nothing(
    collection: OpenSearchDouble, tmp_path: Path
) -> None:
    store = made(collection, tmp_path)
    collection.faults.poison = "poison"
    with pytest.raises(SparknetError, match="of bad"):
        store.add_chunks([chunk("good", 0), chunk("bad", 0, "poison")], vectors(2))
    assert store.count() == (0, 0)
    assert settled(store).search(vectors(2)[0], 5) == []
    settled(store).repair()
    settled(store)
    assert collection.indexes["test"].stored == {}


@pytest.mark.parametrize(
    "kind",
    [
        "domain",
        pytest.param("serverless", marks=pytest.mark.long),
        pytest.param("serverless-classic", marks=pytest.mark.long),
    ],
)
def test_everything_is_written_once_under_pressure(
    kind: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of forty attempts the waits would grow to 20 seconds each.
    monkeypatch.setattr(opensearch_client, "_LONGEST_WAIT", 0.2)
    with opensearch_double(kind, scale=0.01) as double:
        store = made(double, tmp_path, attempts=40)
        double.faults.share, double.faults.items = 0.3, 0.3
        for step in range(3):
            chunks = [chunk(f"d{step}", n, f"w{n}") for n in range(100)]
            store.add_chunks(chunks, vectors(100, seed=step))
            store.delete([f"d{step}:{n}" for n in range(10)])
        assert store.count() == (270, 270)
        double.faults.share = double.faults.items = 0.0
        settled(store)
        assert len(store.search(vectors(1)[0], 1000)) == 270
        assert len(double.indexes["test"].stored) == 270


def test_a_request_that_is_too_large_is_split(domain: OpenSearchDouble, tmp_path: Path) -> None:
    store = made(domain, tmp_path)
    domain.faults.most_bytes = 4000
    store.add_chunks([chunk("a", n) for n in range(50)], vectors(50))
    assert store.count() == (50, 50)
    domain.faults.most_bytes = 1500
    with pytest.raises(SparknetError, match="chunks of long") as caught:
        store.add_chunks([chunk("long", 0, "word " * 1000)], vectors(1))
    assert caught.value.kind == FailureKind.TOO_LARGE


def test_requests_are_bounded(
    domain: OpenSearchDouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opensearch_bulk, "MOST_BYTES", 10_000)
    domain.faults.most_bytes = 11_000
    store = made(domain, tmp_path)
    store.add_chunks([chunk("a", n) for n in range(100)], vectors(100))
    assert 413 not in domain.statuses
    assert sum(path.endswith("_bulk") for _, path in domain.calls) > 5


def test_throttled_through_all_attempts(domain: OpenSearchDouble, tmp_path: Path) -> None:
    store = made(domain, tmp_path, attempts=2)
    domain.faults.share = 1.0
    with pytest.raises(SparknetError, match="throttled") as caught:
        store.count()
    assert caught.value.kind == FailureKind.THROTTLED and caught.value.retryable
    domain.faults.status = 503
    with pytest.raises(SparknetError, match="could not do") as caught:
        store.count()
    assert caught.value.kind == FailureKind.UNAVAILABLE


def test_nobody_answers() -> None:
    store = OpenSearchVectorStore("http://127.0.0.1:1", "test", dimension=4, attempts=2)
    with pytest.raises(
        SparknetError, match=r"No OpenSearch answers at http://127.0.0.1:1"
    ) as error:
        store.count()
    assert error.value.retryable


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("domain", r"es:ESHttpPost.*security_exception"),
        ("serverless", r"aoss:APIAccessAll.*data access policy"),
    ],
)
def test_a_wrong_secret(
    kind: Any, wanted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    with opensearch_double(kind) as double:
        store = made(double, tmp_path)
        with pytest.raises(SparknetError, match=wanted) as caught:
            store.search(vectors(1)[0], 3)
        assert caught.value.kind == FailureKind.REFUSED


def test_an_index_of_another_dimension(domain: OpenSearchDouble, tmp_path: Path) -> None:
    made(domain, tmp_path).add_chunks([chunk("a", 0)], vectors(1))
    other = made(domain, tmp_path, dimension=8)
    with pytest.raises(SparknetError, match="holds vectors of 16, not of 8"):
        other.add_chunks([chunk("a", 0)], np.ones((1, 8), dtype=np.float32))


def test_many_pages_and_many_documents(
    domain: OpenSearchDouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opensearch_queries, "_TERMS", 40)
    store = made(domain, tmp_path, page=7)
    store.add_chunks([chunk(f"d{n // 2}", n) for n in range(200)], vectors(200))
    assert store.document_ids() == {f"d{n}" for n in range(100)}
    assert sum(map(len, store.chunk_ids(store.document_ids()).values())) == 200
    wanted = [f"d{n}" for n in range(90)]
    hits = store.search(vectors(1)[0], 500, within=Scope(wanted))
    assert {hit.chunk.doc_id for hit in hits} == set(wanted)


def test_ids_of_more_chunks_than_a_search_returns(opensearch_server: str, tmp_path: Path) -> None:
    store = OpenSearchVectorStore(
        opensearch_server, "test-many", dimension=2, engine="lucene", replicas=0
    )
    store.drop()
    try:
        count = 10_500
        data = np.random.default_rng(0).normal(size=(count, 2)).astype(np.float32)
        store.add_chunks([chunk(f"d{n}", n) for n in range(count)], data)
        assert store.count() == (count, count)
        assert len(store.document_ids()) == count
        assert sum(map(len, store.chunk_ids(store.document_ids()).values())) == count
    finally:
        store.drop()


def test_deleted_chunks_are_not_found_though_the_service_still_has_them(
    collection: OpenSearchDouble, tmp_path: Path
) -> None:
    store = made(collection, tmp_path)
    data = vectors(60)
    store.add_chunks([chunk("a", n, f"w{n}") for n in range(60)], data)
    settled(store)
    store.delete([f"a:{n}" for n in range(50)])
    assert {h.chunk.ordinal for h in store.search(data[0], 10)} == set(range(50, 60))
    assert store.search_text("w3", 5) == []
    assert store.count() == (10, 10)


def test_the_old_version_answers_until_the_new_one_shows(
    collection: OpenSearchDouble, tmp_path: Path
) -> None:
    store = made(collection, tmp_path)
    store.add_chunks([chunk("a", 0, "old words")], vectors(1))
    settled(store)
    store.add_chunks([chunk("a", 0, "new words")], vectors(1))
    (hit,) = store.search(vectors(1)[0], 5)
    assert hit.chunk.text in ("old words", "new words")
    settled(store)
    (hit,) = store.search(vectors(1)[0], 5)
    assert hit.chunk.text == "new words"


def test_what_a_killed_write_left_is_removed(
    collection: OpenSearchDouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = made(collection, tmp_path)
    store.add_chunks([chunk("a", 0)], vectors(1))

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(SQLiteChunkRegister, "put", killed)
        with pytest.raises(KeyboardInterrupt):
            store.add_chunks([chunk("b", n) for n in range(5)], vectors(5))
    assert len(collection.indexes["test"].stored) == 6
    assert store.count() == (1, 1)
    settled(store)
    assert [h.chunk.doc_id for h in store.search(vectors(1)[0], 10)] == ["a"]
    store.add_chunks([chunk("c", 0)], vectors(1))
    assert len(collection.indexes["test"].stored) == 2


def test_chunks_that_the_service_lost_are_no_longer_listed(
    collection: OpenSearchDouble, tmp_path: Path
) -> None:
    store = made(collection, tmp_path)
    store.add_chunks([chunk("a", n) for n in range(3)], vectors(3))
    index = collection.indexes["test"]
    index.write(next(iter(index.stored)), None)
    store.repair()
    assert store.count() == (2, 2)


def test_serverless_is_asked_nothing_that_it_refuses(
    collection: OpenSearchDouble, tmp_path: Path
) -> None:
    store = made(collection, tmp_path)
    store.add_chunks([chunk("a", 0)], vectors(1))
    store.delete(["a:0"])
    store.compact()
    store.repair()
    asked = {path.split("/")[-1] for _, path in collection.calls}
    assert asked <= {"test", "_mapping", "_bulk", "_search"}


@pytest.fixture(params=["sqlite", "dynamodb"])
def register(request: pytest.FixtureRequest, tmp_path: Path) -> ChunkRegister:
    if request.param == "sqlite":
        return SQLiteChunkRegister(tmp_path / "register.db")
    moto: MotoServer = request.getfixturevalue("moto")
    assert moto.url
    clients = AwsClients()
    clients.client("dynamodb").create_table(
        TableName="table",
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in ("pk", "sk")],
        BillingMode="PAY_PER_REQUEST",
    )
    return DynamoChunkRegister("table", "index", clients)


def test_a_register(register: ChunkRegister) -> None:
    assert (register.count(), register.entries(["a"]), register.unfinished()) == (0, {}, {})
    entries = [Entry(f"c{n}", f"d{n % 3}", f"t{n % 2}", f"s{n}", "v") for n in range(150)]
    register.put(entries, [])
    assert register.count() == 150
    assert register.everything() == {entry.chunk_id: entry for entry in entries}
    assert register.entries(["c3", "c149", "none"]).keys() == {"c3", "c149"}
    assert register.document_ids() == {"d0", "d1", "d2"}
    assert len(register.chunk_ids(["d1", "x"])["d1"]) == 50
    assert register.chunk_ids(["x"]) == {"x": set()}
    register.put([Entry("c0", "d9", "t9", "new", "w", "v")], ["s0"])
    assert register.entries(["c0"])["c0"].previous == "v"
    assert "c0" not in register.chunk_ids(["d0"])["d0"]
    assert register.texts_elsewhere(["t0", "t9", "no"], "d9") == {"t0"}
    register.remove(entries[1:])
    assert register.count() == 1
    assert len(register.retired()) == 150
    register.forget(register.retired())
    assert register.retired() == set()
    now = time.time()
    register.begin("write", now)
    assert register.unfinished() == {"write": pytest.approx(now)}
    register.finish("write")
    register.drop()
    assert (register.count(), register.unfinished(), register.document_ids()) == (0, {}, set())
