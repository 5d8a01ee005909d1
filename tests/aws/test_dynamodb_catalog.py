"""The catalog in DynamoDB beside the one in SQLite, under faults, and with records of any size."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from resources.aws.clients import AwsClients
from resources.catalog import (
    Catalog,
    DocumentRecord,
    DocumentStatus,
    Holding,
    StageRecord,
    StageStatus,
)
from resources.catalog.dynamodb import DynamoDBCatalog
from resources.catalog.dynamodb_table import create_table
from resources.catalog.sqlite import SQLiteCatalog
from resources.failure import FailureKind, SparknetError
from resources.processes import this_host
from tests.doubles.faulty_proxy import Faults, faulty_proxy
from tests.doubles.moto_server import MotoServer

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)
IDS = ["a", "a-b", "a b", "a/b", "a.b", "ab", "é", "b", "b!", "b0", "name", "'; --", "日本"]
OWNERS = [f"{this_host()}:{os.getpid()}:me", "far-away:1:x"]


@pytest.fixture
def catalog(moto: MotoServer) -> DynamoDBCatalog:
    """An empty catalog."""
    create_table("t", AwsClients())
    return DynamoDBCatalog("t", AwsClients())


def document(doc_id: str, **values: Any) -> DocumentRecord:
    named = {"partition_key": f"key-{doc_id}", "raw_key": f"raw/{doc_id}/f", "filename": "f"}
    return DocumentRecord(
        **{"doc_id": doc_id, **named, "created_at": NOW, "updated_at": NOW, **values}
    )


def stage(doc_id: str, name: str = "chunks", **values: Any) -> StageRecord:
    made = {"doc_id": doc_id, "stage": name, "status": StageStatus.DONE, "updated_at": NOW}
    return StageRecord(**{**made, **values})


def some_documents(chance: random.Random) -> list[DocumentRecord]:
    return [
        document(
            doc_id,
            partition_key=chance.choice([f"key-{doc_id}", "shared", "é, other"]),
            status=chance.choice(list(DocumentStatus)),
            raw_sha256=chance.choice(["", "s", "t"]),
            receipt=chance.choice(["", "receipts/1"]),
            updated_at=NOW + timedelta(microseconds=chance.randrange(10**9)),
        )
        for doc_id in chance.sample(IDS, chance.randint(1, 4))
    ]


def some_stages(chance: random.Random) -> list[StageRecord]:
    numbers = [0.1 + 0.2, 1e-320, 1.7976931348623157e308, -0.0, 5]
    metadata = {"": None, "size": "x" * chance.choice([0, 3000]), "n": chance.choice(numbers)}
    return [
        stage(doc_id, chance.choice(["chunks", "name"]), metadata=metadata, seconds=chance.random())
        for doc_id in chance.sample(IDS, 2)
    ]


def a_step(chance: random.Random) -> Callable[[Catalog], Any]:
    """Something to do to a catalog; what it returns does not depend on the adapter."""
    documents, stages = some_documents(chance), some_stages(chance)
    ids = chance.sample(IDS, 3)
    generation, owner = chance.choice(["g", "h"]), chance.choice(OWNERS)
    held = {doc_id: Holding(chance.choice(["", "v"]), chance.randrange(9)) for doc_id in ids}
    facts = {chance.choice(["", "x/"]) + doc_id: chance.choice(["", "v" * 2000]) for doc_id in ids}
    steps: list[Callable[[Catalog], Any]] = [
        lambda catalog: catalog.put(documents),
        lambda catalog: catalog.put_stages(stages, documents),
        lambda catalog: catalog.put_stages(stages),
        lambda catalog: catalog.bury(documents),
        lambda catalog: catalog.delete(ids[0]),
        lambda catalog: catalog.claim(ids, owner, 600),
        lambda catalog: catalog.release(ids, owner),
        lambda catalog: catalog.put_holdings(generation, held),
        lambda catalog: catalog.drop_holdings(generation, ids),
        lambda catalog: catalog.drop_holdings(generation),
        lambda catalog: catalog.put_facts(facts),
        lambda catalog: catalog.delete_facts(list(facts)),
    ]
    return chance.choices(steps, [5, 5, 2, 2, 2, 2, 2, 2, 1, 0.3, 2, 1])[0]


def outcome(step: Callable[[Catalog], Any], catalog: Catalog) -> Any:
    try:
        return step(catalog)
    except Exception:  # a partition key of another document: each database has its own type for it
        return "refused"


def all_of(catalog: Catalog) -> dict[str, Any]:
    """Everything that a catalog can be asked."""
    return {
        "documents": list(catalog.documents()),
        "after": [d.doc_id for d in catalog.documents(after="a-b")],
        "by status": [
            [d.doc_id for d in catalog.documents(status=status, after=after)]
            for status in DocumentStatus
            for after in ("", "a b")[: 1 + (status is DocumentStatus.PENDING)]
        ],
        "between": [
            [d.doc_id for d in catalog.documents_between(after, upto)]
            for after, upto in (
                ("", None),
                ("a-b/", None),
                ("a", "b!/"),
                ("a/", "a/b/"),
                ("", "a/"),
            )
        ],
        "keys": catalog.by_partition_key(["shared", "é, other", *(f"key-{i}" for i in IDS)]),
        "content": [catalog.with_content(s, limit=n) for s in "st" for n in (None, 1, 2)],
        "totals": catalog.totals(),
        "stages": (catalog.stages(IDS), catalog.stages(IDS, stage="name")),
        "owners": catalog.owners(IDS),
        "holdings": [catalog.holdings(g, i) for g in "gh" for i in (None, IDS[:5])],
        "facts": (catalog.facts(), catalog.facts("x/"), catalog.facts("x/a")),
    }


@pytest.mark.parametrize("seed", range(4))
def test_it_does_what_sqlite_does(catalog: DynamoDBCatalog, tmp_path: Path, seed: int) -> None:
    chance, model = random.Random(seed), SQLiteCatalog(tmp_path / "catalog.db")
    for number in range(30):
        step = a_step(chance)
        assert outcome(step, catalog) == outcome(step, model)
        if number in (14, 29):
            assert all_of(catalog) == all_of(model)


@pytest.mark.parametrize("seed", [7])
def test_faults_change_nothing_but_the_time(
    moto: MotoServer,
    attempts_at_once: None,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    seed: int,
) -> None:
    create_table("t", AwsClients())
    chance, model = random.Random(seed), SQLiteCatalog(tmp_path / "catalog.db")
    faults = Faults(share=0.3, seed=seed)
    with faulty_proxy(moto.url, faults) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", url)
        catalog = DynamoDBCatalog("t", AwsClients(attempts=20))
        for _ in range(20):
            step = a_step(chance)
            assert outcome(step, catalog) == outcome(step, model)
        faults.share = 0.0
        assert all_of(catalog) == all_of(model)
    assert {"throttled before", "broken after", "reset after"} <= faults.failed.keys()


def test_records_longer_than_an_item(catalog: DynamoDBCatalog) -> None:
    noise = random.Random(1).randbytes(700_000).hex()
    long = [stage("doc", name, metadata={"noise": noise}) for name in ("a", "b")]
    catalog.put_stages([*long, stage("doc", "c")], [document("doc")])
    assert catalog.stages(["doc"])["doc"] == {"a": long[0], "b": long[1], "c": stage("doc", "c")}
    assert catalog.stages(["doc"], stage="b") == {"doc": {"b": long[1]}}
    catalog.put_stages([stage("doc", "a")])
    assert len(catalog._records._parts_of(["doc"])) == 3, "the parts of one record, none of before"
    catalog.bury([document("doc", status=DocumentStatus.DELETED)])
    assert catalog.stages(["doc"]) == {"doc": {}}
    assert catalog._records._parts_of(["doc"]) == []


def test_nothing_of_a_deleted_document_is_in_the_table(catalog: DynamoDBCatalog) -> None:
    catalog.put_stages([stage("doc")], [document("doc", raw_sha256="s")])
    catalog.put_holdings("g", {"doc": Holding("v", 1)})
    catalog.claim(["doc"], OWNERS[0], 60)
    assert catalog.delete("doc")
    client = AwsClients().client("dynamodb")
    assert [item["pk"]["S"] for item in client.scan(TableName="t")["Items"]] == ["G"]


def test_a_missing_table_is_one_sentence_with_its_remedy(moto: MotoServer) -> None:
    said = r"no DynamoDB table absent in .* `sparknet bootstrap` makes it"
    with pytest.raises(SparknetError, match=said) as error:
        DynamoDBCatalog("absent", AwsClients()).get("a")
    assert error.value.kind is FailureKind.REFUSED


def test_a_tombstone_with_a_receipt_expires(catalog: DynamoDBCatalog) -> None:
    gone = {"status": DocumentStatus.DELETED}
    catalog.bury([document("a", **gone), document("b", **gone, receipt="receipts/b")])
    client = AwsClients().client("dynamodb")
    items = client.scan(TableName="t")["Items"]
    expiring = {item["pk"]["S"][0] for item in items if "expires_at" in item}
    assert expiring == {"D", "P", "T"}
    assert all(item.get("doc_id", item["sk"])["S"] == "b" for item in items if "expires_at" in item)
    catalog.put([document("b")])
    assert not [i for i in client.scan(TableName="t")["Items"] if "expires_at" in i]
