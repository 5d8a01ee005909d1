"""What every Catalog must do. A new adapter is added to the `new_catalog` fixture."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import pickle
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from resources.aws.clients import AwsClients
from resources.catalog import (
    Catalog,
    DocumentRecord,
    DocumentStatus,
    Paid,
    StageRecord,
    StageStatus,
    dynamodb_records,
)
from resources.catalog import sqlite as sqlite_catalog
from resources.catalog.dynamodb import DynamoDBCatalog
from resources.catalog.dynamodb_table import create_table
from resources.catalog.sqlite import SQLiteCatalog
from resources.failure import Failure, FailureKind, SparknetError
from resources.processes import this_host
from tests.doubles import processes

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)
OWNER = f"{this_host()}:{os.getpid()}:me"


@pytest.fixture(params=["sqlite", "dynamodb"])
def new_catalog(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Catalog]:
    """Makes an empty catalog at each call."""
    numbers = itertools.count()
    clients = AwsClients()

    def in_file() -> Catalog:
        return SQLiteCatalog(tmp_path / str(next(numbers)) / "catalog.db")

    def in_table() -> Catalog:
        name = f"table-{next(numbers)}"
        create_table(name, clients)
        return DynamoDBCatalog(name, clients)

    if request.param == "sqlite":
        return in_file
    request.getfixturevalue("moto")
    return in_table


@pytest.fixture
def catalog(new_catalog: Callable[[], Catalog]) -> Catalog:
    return new_catalog()


def document(doc_id: str, **values: Any) -> DocumentRecord:
    defaults = {
        "partition_key": f"key-of-{doc_id}",
        "raw_key": f"raw/{doc_id}/file.pdf",
        "filename": "file.pdf",
        "created_at": NOW,
        "updated_at": NOW,
    }
    return DocumentRecord(doc_id=doc_id, **{**defaults, **values})


def stage(doc_id: str, name: str = "chunks", **values: Any) -> StageRecord:
    return StageRecord(
        **{
            "doc_id": doc_id,
            "stage": name,
            "status": StageStatus.DONE,
            "updated_at": NOW,
            **values,
        }
    )


def test_an_empty_catalog(catalog: Catalog) -> None:
    assert catalog.get("a") is None
    assert catalog.get_many(["a"]) == {}
    assert catalog.get_many([]) == {}
    assert catalog.by_partition_key(["a"]) == {}
    assert list(catalog.documents()) == []
    assert catalog.totals() == {}
    assert catalog.stages(["a"]) == {"a": {}}
    assert not catalog.delete("a")


def test_every_field_comes_back(catalog: Catalog) -> None:
    failure = Failure(
        kind=FailureKind.TIMED_OUT, message="…'\"", retryable=True, attempts=3, next_retry_at=NOW
    )
    record = document(
        "dök, 1%",
        status=DocumentStatus.FAILED,
        failure=failure,
        raw_version="v",
        raw_sha256="s",
        source="/home/it's",
        tier="premium",
        pages=7,
        chunks=9,
        run_id="run",
    )
    made = stage(
        record.doc_id,
        status=StageStatus.PARTIAL,
        fingerprint="f",
        data_version="d",
        failure=failure,
        failed_pages=[2, 5],
        attempts=2,
        pages=5,
        seconds=1.25,
        cost_usd=0.125,
        reused=True,
        run_id="run",
        metadata={"n": 1, "nested": {"list": [1.5, None, "ü"]}},
    )
    catalog.put_stages([made], [record])
    assert catalog.get(record.doc_id) == record
    assert catalog.by_partition_key([record.partition_key, "?"]) == {record.partition_key: record}
    assert catalog.stages([record.doc_id]) == {record.doc_id: {"chunks": made}}


def test_replacing_and_deleting(catalog: Catalog) -> None:
    catalog.put([document("a"), document("b")])
    catalog.put_stages([stage("a"), stage("a", "ocr_text"), stage("b")])
    catalog.put_stages([stage("a", pages=4)], [document("a", status=DocumentStatus.INDEXED)])
    assert catalog.totals() == {"indexed": 1, "pending": 1}
    assert catalog.stages(["a"])["a"]["chunks"].pages == 4
    assert catalog.delete("a")
    assert not catalog.delete("a")
    assert catalog.stages(["a", "b"]) == {"a": {}, "b": {"chunks": stage("b")}}
    assert [d.doc_id for d in catalog.documents()] == ["b"]


def test_stages_of_one_name(catalog: Catalog) -> None:
    catalog.put_stages([stage(d, name) for d in ("a", "b") for name in ("chunks", "embeddings")])
    found = catalog.stages(["a", "b", "c"], stage="chunks")
    assert found == {"a": {"chunks": stage("a")}, "b": {"chunks": stage("b")}, "c": {}}
    assert catalog.stages(["a"]).keys() == {"a"} and len(catalog.stages(["a"])["a"]) == 2


def test_a_partition_key_names_one_document(catalog: Catalog) -> None:
    catalog.put([document("a", partition_key="same")])
    with pytest.raises(Exception):  # noqa: B017 - each database has its own type for it
        catalog.put([document("c"), document("b", partition_key="same")])
    assert [d.doc_id for d in catalog.documents()] == ["a"]
    catalog.put([document("a", partition_key="moved"), document("b", partition_key="same")])
    assert set(catalog.by_partition_key(["moved", "same"])) == {"moved", "same"}


@pytest.fixture
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of what each adapter reads at a time: listings of many pages from few documents."""
    monkeypatch.setattr("resources.catalog.sqlite._PAGE", 50)
    monkeypatch.setattr("resources.catalog.sqlite._FIRST_PAGE", 7)
    monkeypatch.setattr("resources.catalog.dynamodb._PAGE", 50)
    monkeypatch.setattr("resources.catalog.dynamodb._FIRST_PAGE", 3)


def test_documents_are_paged_in_order(catalog: Catalog, short_pages: None) -> None:
    ids = [f"{n:04}" for n in range(130)]
    catalog.put([document(i) for i in reversed(ids)])
    assert [d.doc_id for d in catalog.documents()] == ids
    assert [d.doc_id for d in catalog.documents(after="0090")] == ids[91:]
    catalog.put([document(i, status=DocumentStatus.FAILED) for i in ids[::7]])
    failed = catalog.documents(status=DocumentStatus.FAILED, after=ids[70])
    assert [d.doc_id for d in failed] == ids[77::7]
    many = [*ids, *(f"none {n}" for n in range(500))]  # more than one statement or call asks for
    assert len(catalog.get_many(many)) == 130
    assert len(catalog.stages(many)) == 630


def test_writing_while_iterating(catalog: Catalog, short_pages: None) -> None:
    catalog.put([document(f"{n:04}") for n in range(131)])
    for record in catalog.documents():
        if record.doc_id.endswith("0"):
            catalog.put([record.model_copy(update={"status": DocumentStatus.INDEXED})])
    assert catalog.totals() == {"indexed": 14, "pending": 117}


identifiers = st.sampled_from(["a", "b", "b/c", "é", "'; --", "%"])
operations = st.lists(
    st.one_of(
        st.tuples(st.just("put"), identifiers, st.sampled_from(DocumentStatus)),
        st.tuples(st.just("stage"), identifiers, st.sampled_from(["s", "t"]), st.integers(0, 9)),
        st.tuples(st.just("delete"), identifiers),
    ),
    max_size=15,
)


def test_behaves_like_two_mappings(new_catalog: Callable[[], Catalog]) -> None:
    # An example is some hundred calls of DynamoDB: a second on a busy machine.
    few = isinstance(new_catalog(), DynamoDBCatalog)

    @given(operations)
    @hypothesis_settings(max_examples=10 if few else 40, deadline=None)
    def check(steps: list[tuple[Any, ...]]) -> None:
        _does_as_two_mappings(new_catalog(), steps)

    check()


def _does_as_two_mappings(catalog: Catalog, steps: list[tuple[Any, ...]]) -> None:
    documents: dict[str, DocumentRecord] = {}
    stages: dict[str, dict[str, StageRecord]] = {}
    for step, doc_id, *values in steps:
        if step == "put":
            documents[doc_id] = document(doc_id, status=values[0])
            catalog.put([documents[doc_id]])
        elif step == "stage":
            record = stage(doc_id, values[0], pages=values[1])
            stages.setdefault(doc_id, {})[values[0]] = record
            catalog.put_stages([record])
        else:
            assert catalog.delete(doc_id) == (doc_id in documents)
            documents.pop(doc_id, None)
            stages.pop(doc_id, None)
    assert {d.doc_id: d for d in catalog.documents()} == documents
    everything = ["a", "b", "b/c", "é", "'; --", "%"]
    assert catalog.stages(everything) == {i: stages.get(i, {}) for i in everything}
    statuses = [d.status for d in documents.values()]
    assert catalog.totals() == {s.value: statuses.count(s) for s in set(statuses)}


def test_claims_exclude_each_other(catalog: Catalog) -> None:
    other = OWNER + "-too"
    assert catalog.claim(["a", "b"], OWNER, 60) == {"a", "b"}
    assert catalog.claim(["b", "c"], other, 60) == {"c"}
    assert catalog.claim(["a", "b", "c"], OWNER, 60) == {"a", "b"}
    catalog.release(["a", "c"], OWNER)
    assert catalog.claim(["a", "b", "c"], other, 60) == {"a", "c"}
    catalog.release(["b"], other)
    assert catalog.claim(["b"], other, 60) == set()


def test_owners_of_claims_are_told(catalog: Catalog) -> None:
    far = "far-away:1:x"
    catalog.claim(["a"], OWNER, 60)
    catalog.claim(["b"], far, 60)
    catalog.claim(["c"], far, 0.0)
    assert catalog.owners(["a", "b", "c", "d"]) == {"a": OWNER, "b": far}
    catalog.release(["a"], OWNER)
    assert catalog.owners(["a", "b"]) == {"b": far}


def test_claims_expire(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    far, now = "elsewhere:1:x", time.time
    assert catalog.claim(["a"], far, 600) == {"a"}
    assert catalog.claim(["a"], OWNER, 600) == set()
    monkeypatch.setattr(time, "time", lambda: now() + 601)
    assert catalog.claim(["a"], OWNER, 600) == {"a"}
    assert catalog.claim(["a"], far, 600) == set()


def test_the_leases_of_a_dead_process_are_free_at_once(catalog: Catalog) -> None:
    code = "import sys; sys.stdin.read()"
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE)
    theirs = f"{this_host()}:{process.pid}:t"
    assert catalog.claim(["a"], theirs, 600) == {"a"}
    assert catalog.claim(["a"], OWNER, 60) == set()
    process.send_signal(signal.SIGKILL)
    # Not reaped yet: a zombie holds nothing either.
    deadline = time.monotonic() + 30
    while not catalog.claim(["a"], OWNER, 60):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.communicate()
    assert catalog.claim(["a"], theirs, 600) == set()


def _claim_all(catalog: Catalog, ids: list[str], token: str, results: Any) -> None:
    mine: set[str] = set()
    for doc_id in ids:
        mine |= catalog.claim([doc_id], f"{this_host()}:{os.getpid()}:{token}", 600)
    results.put((token, mine))
    results.close()
    results.join_thread()
    time.sleep(30)


def test_processes_share_the_documents_out(catalog: Catalog) -> None:
    results = processes.context().Queue()
    ids = [str(n) for n in range(40)]
    workers = [
        processes.process(_claim_all, catalog, ids[::order], str(n), results)
        for n, order in enumerate((1, -1, 1))
    ]
    for worker in workers:
        worker.start()
    try:
        claims = [results.get(timeout=60)[1] for _ in workers]
    finally:
        for worker in workers:
            worker.kill()
            worker.join()
    assert sum(map(len, claims)) == 40
    assert set().union(*claims) == set(ids)


def _write_stages(catalog: Catalog, worker: int) -> None:
    for n in range(30):
        catalog.put_stages([stage(f"{worker}-{n}")], [document(f"{worker}-{n}")])


def test_processes_write_at_once(catalog: Catalog) -> None:
    workers = [processes.process(_write_stages, catalog, n) for n in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [w.exitcode for w in workers] == [0, 0, 0]
    assert catalog.totals() == {"pending": 90}


def test_it_travels_to_other_processes(catalog: Catalog) -> None:
    catalog.put([document("a")])
    assert pickle.loads(pickle.dumps(catalog)).get("a") == document("a")
    context = multiprocessing.get_context("fork")
    child = context.Process(target=catalog.put, args=([document("b")],))
    child.start()
    child.join(30)
    assert child.exitcode == 0
    assert catalog.get("b") == document("b")


# The rest is about the SQLite file.


def test_a_file_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "catalog.db"
    SQLiteCatalog(path).totals()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(SparknetError, match="newer version"):
        SQLiteCatalog(path).totals()


def test_status_of_a_catalog_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "catalog.db"
    writer = SQLiteCatalog(path)
    writer.put([document("a")])
    monkeypatch.setattr("resources.sqlite.writable", lambda path: False)
    reader = SQLiteCatalog(path)
    assert reader.get("a") == document("a")
    with pytest.raises(SparknetError, match="check the permissions"):
        reader.put([document("b")])


def test_documents_with_the_same_content(catalog: Catalog) -> None:
    catalog.put([document(name, raw_sha256="s") for name in ("c", "a", "b")])
    catalog.put([document("d", raw_sha256="t"), document("e")])
    catalog.put([document("f", raw_sha256="s", status=DocumentStatus.DELETED)])
    assert [found.doc_id for found in catalog.with_content("s")] == ["a", "b", "c"]
    assert [found.doc_id for found in catalog.with_content("s", limit=2)] == ["a", "c"]
    assert catalog.with_content("u") == catalog.with_content("") == []


def test_documents_by_kind_tier_and_day(catalog: Catalog) -> None:
    late = datetime(2026, 1, 2, 23, 59, 59, 999999, UTC)
    catalog.put(
        [
            document("a", media_type="application/pdf", tier="basic", created_at=NOW),
            document("b", media_type="application/pdf", tier="premium", created_at=late),
            document("c", media_type="image/png", created_at=datetime(2026, 1, 3, tzinfo=UTC)),
            document("d", media_type="image/png", status=DocumentStatus.DELETED),
            document("e"),
        ]
    )
    assert catalog.select() == {"a", "b", "c", "e"}
    assert catalog.select(media_types=["application/pdf"]) == {"a", "b"}
    assert catalog.select(media_types=["application/pdf", "image/png"]) == {"a", "b", "c"}
    assert catalog.select(media_types=[]) == set()
    assert catalog.select(tiers=["basic", "premium"]) == {"a", "b"}
    assert catalog.select(media_types=["application/pdf"], tiers=["premium"]) == {"b"}
    day, next_day = date(2026, 1, 2), date(2026, 1, 3)
    assert catalog.select(created_from=next_day) == {"c"}
    assert catalog.select(created_to=day) == {"a", "b", "e"}
    assert catalog.select(created_from=day, created_to=day) == {"a", "b", "e"}
    assert catalog.select(created_from=date(2026, 1, 4)) == set()


def test_documents_by_name(catalog: Catalog, short_pages: None) -> None:
    catalog.put(
        [
            document("a", filename="Report.pdf", title="Of the Harbour"),
            document("b", filename='a "quoted" \\ name.pdf'),
            document("c", filename="GEBÜHREN.txt", status=DocumentStatus.FAILED),
            document("d", filename="x.txt", title="Straße"),
            document("REPORT-2", filename="y.txt"),
            *(document(f"n{n}", filename="harbour.txt") for n in range(20)),
        ]
    )
    ids = [d.doc_id for d in catalog.documents(named="report")]
    assert ids == ["REPORT-2", "a"]
    assert [d.doc_id for d in catalog.documents(named='"QUOTED" \\ ')] == ["b"]
    assert [d.doc_id for d in catalog.documents(named="gebühren")] == ["c"]
    assert [d.doc_id for d in catalog.documents(named="STRASSE")] == ["d"]
    assert len(list(catalog.documents(named="Harbour"))) == 21
    assert len(list(catalog.documents(named="harbour", after="n18"))) == 9
    assert list(catalog.documents(named="report", status=DocumentStatus.FAILED)) == []
    # What else a row has is no name: its tier, its key, how it is written.
    assert list(catalog.documents(named="standard")) == []
    assert list(catalog.documents(named='","')) == []


def test_what_was_paid_for_documents(catalog: Catalog) -> None:
    catalog.put([document("a"), document("b"), document("c")])
    catalog.put_stages(
        [stage("a", cost_usd=0.25), stage("a", "ocr_text", cost_usd=1.5), stage("b", cost_usd=0.0)]
    )
    found = catalog.paid([*(f"none {n}" for n in range(1000)), "a", "b", "c"])
    assert {doc_id: sorted(paid) for doc_id, paid in found.items()} == {
        "a": [Paid("chunks", "2026-01-02", 0.25), Paid("ocr_text", "2026-01-02", 1.5)],
        "b": [Paid("chunks", "2026-01-02", 0.0)],
    }
    assert catalog.paid([]) == {}


def test_rows_of_an_earlier_version_know_their_kind(
    new_catalog: Callable[[], Catalog], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They did not say it of themselves; their first stage did."""
    facts = {"media_type": "image/png", "title": None}
    with monkeypatch.context() as patch:
        patch.setattr(sqlite_catalog, "_MIGRATIONS", sqlite_catalog._MIGRATIONS[:2])
        catalog = new_catalog()
        catalog.put_stages([stage("a", "documents", metadata=facts)], [document("a")])
        catalog.put([document("b")])
        if isinstance(catalog, SQLiteCatalog):
            old = "json_remove(record, '$.media_type', '$.title')"
            catalog._database.connection.execute(f"UPDATE documents SET record = {old}")
    catalog = pickle.loads(pickle.dumps(catalog))
    assert catalog.select(media_types=["image/png"]) == {"a"}
    assert catalog.select(tiers=["standard"]) == {"a", "b"}


def test_documents_by_where_they_came_from(catalog: Catalog) -> None:
    gone = document("gone", source="/inbox/gone.pdf", status=DocumentStatus.DELETED)
    odd = "/inbox/" + "é" * 3000
    catalog.put(
        [document("b", source="/inbox/b.pdf"), gone, document("c"), document("d", source=odd)]
    )
    asked = ["/inbox/b.pdf", "/inbox/gone.pdf", odd, "/inbox/none.pdf", ""]
    found = {"/inbox/b.pdf": "b", "/inbox/gone.pdf": "gone", odd: "d"}
    assert catalog.by_source(asked) == found
    catalog.put([document("a", source="/inbox/b.pdf"), document("d", source="/moved.pdf")])
    assert catalog.by_source(["/inbox/b.pdf", odd, "/moved.pdf"]) == {
        "/inbox/b.pdf": "b", "/moved.pdf": "d",
    }  # fmt: skip
    catalog.delete("b")
    assert catalog.by_source(["/inbox/b.pdf"]) == {"/inbox/b.pdf": "a"}
    assert catalog.by_source([]) == {}


def test_sources_of_rows_of_an_earlier_version(
    new_catalog: Callable[[], Catalog], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(sqlite_catalog, "_MIGRATIONS", sqlite_catalog._MIGRATIONS[:3])
        patch.setattr(dynamodb_records, "source_key", lambda record: None)
        catalog = new_catalog()
        catalog.put([document(name, source=f"/inbox/{name}") for name in ("a", "b")])
    catalog = pickle.loads(pickle.dumps(catalog))
    assert catalog.by_source(["/inbox/b"]) == {"/inbox/b": "b"}
    catalog.put([document("a", source="/moved")])
    assert catalog.by_source(["/inbox/a", "/moved"]) == {"/moved": "a"}


def test_accounts_add_up_within_their_limit(catalog: Catalog) -> None:
    assert catalog.spent() == {}
    assert catalog.spend("questions/2026-01-02", 0.25, calls=1, limit=1.0)
    assert catalog.spend("questions/2026-01-02", 0.75, limit=1.0)
    assert not catalog.spend("questions/2026-01-02", 0.00001, calls=1, limit=1.0)
    assert catalog.spend("questions/2026-01-02", -0.5)
    assert catalog.spend("questions/2026-01-03", 1e-07, calls=2)
    assert not catalog.spend("questions/2026-01-04", 3.0, limit=1.0)
    assert catalog.spend("other", 3.0)
    assert catalog.spent("questions/") == {
        "questions/2026-01-02": (0.5, 1), "questions/2026-01-03": (1e-07, 2),
    }  # fmt: skip
    assert catalog.spent("questions/2026-01-04") == {}


def test_documents_that_changed_since(catalog: Catalog) -> None:
    whole = NOW.replace(microsecond=0)
    catalog.put(
        [
            document("before", updated_at=whole - timedelta(microseconds=1)),
            document("at", updated_at=whole),
            document("after", updated_at=whole + timedelta(microseconds=1)),
            document("late", updated_at=whole + timedelta(days=400)),
        ]
    )

    def changed(moment: datetime) -> set[str]:
        return {record.doc_id for record in catalog.changed_since(moment)}

    assert changed(whole) == {"after", "late"}
    assert changed(whole - timedelta(microseconds=1)) == {"at", "after", "late"}
    assert changed(whole.astimezone(timezone(timedelta(hours=5)))) == {"after", "late"}
    assert changed(whole + timedelta(days=401)) == set()
