"""What moto never does: leaves part of a batch undone, cancels for conflicts, throttles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from resources.aws.clients import AwsClients
from resources.catalog import dynamodb_table
from resources.catalog.dynamodb import DynamoDBCatalog
from resources.catalog.dynamodb_table import Change, ConditionFailed, Key, Table, create_table
from resources.failure import FailureKind, SparknetError
from tests.aws.test_dynamodb_catalog import document, stage
from tests.doubles.moto_server import MotoServer

KEYS: list[Key] = [(f"p{number}", "s") for number in range(40)]


class Hindered(AwsClients):
    """Clients whose DynamoDB first does a part only, or nothing, of what it is asked.

    Attributes:
        part: Most items of a batch that are done; 0 for all.
        cancelled: Reasons of the next transactions' cancellation.
        codes: Errors of the next calls.
        calls: (operation, arguments) of all calls.
    """

    def __init__(self) -> None:
        super().__init__()
        self.part = 0
        self.cancelled: list[Sequence[str]] = []
        self.codes: list[str] = []
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def client(self, service: str, *_: Any, **__: Any) -> Any:
        return _Client(self, super().client(service))


class _Client:
    def __init__(self, hindered: Hindered, real: Any) -> None:
        self._hindered, self._real = hindered, real
        self.exceptions = real.exceptions

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**asked: Any) -> Any:
            hindered = self._hindered
            hindered.calls.append((operation, asked))
            if hindered.codes:
                raise self._error(hindered.codes.pop(0), operation)
            if operation == "transact_write_items" and hindered.cancelled:
                reasons = [{"Code": code} for code in hindered.cancelled.pop(0)]
                raise self._error("TransactionCanceledException", operation, reasons)
            if operation.startswith("batch") and hindered.part:
                return self._part(operation, asked["RequestItems"], hindered.part)
            return getattr(self._real, operation)(**asked)

        return call

    def _part(self, operation: str, requests: Any, part: int) -> Any:
        [(table, asked)] = requests.items()
        if operation == "batch_write_item":
            answer = self._real.batch_write_item(RequestItems={table: asked[:part]})
            left = {table: asked[part:]} if asked[part:] else {}
            return {**answer, "UnprocessedItems": left}
        keys = asked["Keys"]
        answer = self._real.batch_get_item(RequestItems={table: {**asked, "Keys": keys[:part]}})
        left = {table: {**asked, "Keys": keys[part:]}} if keys[part:] else {}
        return {**answer, "UnprocessedKeys": left}

    def _error(self, code: str, operation: str, reasons: Sequence[Any] = ()) -> Exception:
        said = {"Error": {"Code": code, "Message": "made up"}, "CancellationReasons": list(reasons)}
        error: Exception = self.exceptions.from_code(code)(said, operation)
        return error


@pytest.fixture
def hindered(moto: MotoServer, monkeypatch: pytest.MonkeyPatch) -> Hindered:
    """Clients of an empty table `t`; nothing is waited for."""
    monkeypatch.setattr(dynamodb_table, "_WAIT_SECONDS", 0.0)
    create_table("t", AwsClients())
    return Hindered()


def test_what_a_batch_leaves_undone_is_asked_for_again(hindered: Hindered) -> None:
    table = Table("t", hindered)
    hindered.part = 7
    table.write([(key, {"n": number}) for number, key in enumerate(KEYS)])
    assert [name for name, _ in hindered.calls].count("batch_write_item") == 4 + 3
    found = table.get([*KEYS, ("absent", "s")])
    assert {key: found[key]["n"] for key in found} == {key: n for n, key in enumerate(KEYS)}
    assert [name for name, _ in hindered.calls].count("batch_get_item") == 6
    table.write([], KEYS)
    assert table.get(KEYS) == {}


def test_a_batch_of_which_nothing_is_done_is_given_up_as_throttled(
    hindered: Hindered, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dynamodb_table, "_ATTEMPTS", 5)
    nothing = {"t": {"Keys": [{"pk": {"S": "a"}, "sk": {"S": "s"}}], "ConsistentRead": True}}
    monkeypatch.setattr(_Client, "_part", lambda *_: {"Responses": {}, "UnprocessedKeys": nothing})
    hindered.part = 1
    with pytest.raises(SparknetError, match="throttled BatchGetItem on the table t") as error:
        Table("t", hindered).get([("a", "s")])
    assert error.value.kind is FailureKind.THROTTLED
    assert len(hindered.calls) == 5


@pytest.mark.parametrize(
    "reasons",
    [
        ("TransactionConflict", "None"),
        ("None", "ThrottlingError"),
        ("ProvisionedThroughputExceeded", "TransactionConflict"),
    ],
)
def test_a_transaction_that_met_another_is_made_again(
    hindered: Hindered, reasons: tuple[str, str]
) -> None:
    table = Table("t", hindered)
    hindered.cancelled = [reasons] * 3
    table.transact([Change("Put", key, item={"n": 1}) for key in KEYS[:2]])
    assert len(table.get(KEYS[:2])) == 2
    tokens = {asked["ClientRequestToken"] for name, asked in hindered.calls if "transact" in name}
    assert len(tokens) == 1, "to AWS it is one transaction, even if an earlier one was made"


def test_a_condition_counts_more_than_a_conflict(hindered: Hindered) -> None:
    hindered.cancelled = [("TransactionConflict", "ConditionalCheckFailed")]
    with pytest.raises(ConditionFailed) as failed:
        Table("t", hindered).transact([Change("Put", key, item={}) for key in KEYS[:2]])
    assert failed.value.keys == {KEYS[1]}


def test_a_transaction_that_can_never_be_made_is_not_repeated(hindered: Hindered) -> None:
    hindered.cancelled = [("ItemCollectionSizeLimitExceeded",)] * 9
    with pytest.raises(SparknetError, match="ItemCollectionSizeLimitExceeded") as error:
        Table("t", hindered).transact([Change("Put", KEYS[0], item={})])
    assert not error.value.retryable
    assert len(hindered.calls) == 1


def test_a_catalog_meets_all_of_that(hindered: Hindered) -> None:
    catalog = DynamoDBCatalog("t", hindered)
    hindered.part = 3
    hindered.cancelled = [("TransactionConflict",)] * 4
    hindered.codes = ["ProvisionedThroughputExceededException", "InternalServerError"] * 2
    documents = [document(f"doc-{number}", raw_sha256="s") for number in range(60)]
    catalog.put_stages([stage(each.doc_id) for each in documents], documents)
    assert sorted(catalog.get_many([d.doc_id for d in documents])) == sorted(
        each.doc_id for each in documents
    )
    assert len(catalog.with_content("s")) == 60
    assert all(catalog.stages([d.doc_id for d in documents]).values())


@pytest.mark.parametrize(
    ("code", "attempts"),
    [
        ("ProvisionedThroughputExceededException", dynamodb_table._ATTEMPTS),
        ("InternalServerError", dynamodb_table._UNREACHABLE_ATTEMPTS),
        ("AccessDeniedException", 1),
    ],
)
def test_patience_depends_on_what_is_wrong(hindered: Hindered, code: str, attempts: int) -> None:
    hindered.codes = [code] * 100
    with pytest.raises(SparknetError):
        list(Table("t", hindered).query("p"))
    assert len(hindered.calls) == attempts


def test_a_write_after_a_read_reads_nothing_again(hindered: Hindered) -> None:
    catalog = DynamoDBCatalog("t", hindered)
    catalog.put_stages([stage("doc")], [document("doc")])
    read = catalog.get("doc")
    assert read is not None
    hindered.calls.clear()
    catalog.put_stages([stage("doc", "other")], [read.model_copy(update={"pages": 3})])
    assert [name for name, _ in hindered.calls] == ["transact_write_items"]


def test_a_write_after_a_read_that_is_outdated_reads_again(hindered: Hindered) -> None:
    mine, other = DynamoDBCatalog("t", hindered), DynamoDBCatalog("t", AwsClients())
    mine.put([document("doc", raw_sha256="old")])
    mine.get("doc")
    other.put([document("doc", raw_sha256="new", partition_key="moved")])
    mine.put([document("doc", raw_sha256="last", partition_key="here")])
    assert mine.with_content("old") == mine.with_content("new") == []
    assert mine.by_partition_key(["key-doc", "moved", "here"]).keys() == {"here"}
    assert mine.totals() == {"pending": 1}
