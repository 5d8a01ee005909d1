"""A DynamoDB table as the catalog and the locks use it: items in batches, paged, in transactions.

Limits: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
"""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from resources.aws.clients import AwsClients
from resources.aws.errors import aws_errors
from resources.failure import FailureKind, SparknetError
from resources.sqlite import in_chunks

A = TypeVar("A")
B = TypeVar("B")
Value = str | int | float | bytes
Item = dict[str, Value]
Key = tuple[str, str]

TRANSACTION_ITEMS = 100
TRANSACTION_BYTES = 3_500_000  # of 4 MB, which count names and conditions too
_GET_ITEMS = 100
_WRITE_ITEMS = 25
_AT_ONCE = 16
# Throttling passes within a minute or so; a service that is not to be reached is not waited for.
_ATTEMPTS = 60
_UNREACHABLE_ATTEMPTS = 12
_READ_SECONDS = 20
_WAIT_SECONDS = 0.05
_LONGEST_WAIT_SECONDS = 2.0
# Reasons of a cancelled transaction that another attempt may not meet.
_PASSING = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})


class ConditionFailed(Exception):
    """A transaction was not made since items were not as it asked.

    Attributes:
        keys: Of those items.
    """

    def __init__(self, keys: set[Key]) -> None:
        super().__init__(keys)
        self.keys = keys


class Change:
    """A change of one item, with what has to hold of the item before.

    Args:
        action: `Put`, `Delete` or `Update`, as TransactWriteItems names them.
        item: For `Put`.
        expression: For `Update`; names begin with `#`, values with `:`.
        condition: For all.
    """

    def __init__(
        self,
        action: str,
        key: Key,
        *,
        item: Item | None = None,
        expression: str = "",
        condition: str = "",
        names: Mapping[str, str] | None = None,
        values: Item | None = None,
    ) -> None:
        self.key = key
        said: dict[str, Any] = {"Key": _key(key)}
        if action == "Put":
            said = {"Item": _encoded({**(item or {}), "pk": key[0], "sk": key[1]})}
        if expression:
            said["UpdateExpression"] = expression
        if condition:
            said["ConditionExpression"] = condition
        if names:
            said["ExpressionAttributeNames"] = dict(names)
        if values:
            said["ExpressionAttributeValues"] = _encoded(values)
        self._action, self._said = action, said
        self.size = 200 + sum(
            len(value)
            for each in (item, values)
            for value in (each or {}).values()
            if isinstance(value, str | bytes)
        )

    def request(self, table: str) -> dict[str, Any]:
        """As TransactWriteItems takes it."""
        return {self._action: {"TableName": table, **self._said}}


class Table:
    """Reads are strongly consistent. What AWS throttles is asked again, with jitter.

    Args:
        name: Of the table; its key is `pk` and `sk`, both strings.
    """

    def __init__(self, name: str, clients: AwsClients) -> None:
        self.name = name
        self.clients = clients

    def get(self, keys: Collection[Key]) -> dict[Key, Item]:
        """The items that are there, 100 a call."""
        found: dict[Key, Item] = {}
        for items in _side_by_side(self._get_some, list(in_chunks(set(keys), _GET_ITEMS))):
            found.update(items)
        return found

    def _get_some(self, keys: Sequence[Key]) -> dict[Key, Item]:
        found: dict[Key, Item] = {}
        left: Any = {self.name: {"Keys": [_key(key) for key in keys], "ConsistentRead": True}}
        for attempt in range(_ATTEMPTS):
            answer = self._ask("BatchGetItem", RequestItems=left)
            for item in answer["Responses"].get(self.name, []):
                decoded = _decoded(item)
                found[key_of(decoded)] = decoded
            left = answer.get("UnprocessedKeys")
            if not left:
                return found
            _pause(attempt)
        raise self._throttled("BatchGetItem")

    def query(
        self, pk: str, condition: str = "", values: Item | None = None, *, first: int = 0
    ) -> Iterator[list[Item]]:
        """Pages of the items of a partition, in the order of `sk`.

        Args:
            condition: On `sk`, with its `values`.
            first: Items of the first page; those after it are as long as an answer may be (1 MB).
        """
        asked: dict[str, Any] = {
            "TableName": self.name,
            "ConsistentRead": True,
            "KeyConditionExpression": f"pk = :pk AND {condition}" if condition else "pk = :pk",
            "ExpressionAttributeValues": _encoded({":pk": pk, **(values or {})}),
        }
        if first:
            asked["Limit"] = first
        while True:
            answer = self._ask("Query", **asked)
            yield [_decoded(item) for item in answer["Items"]]
            if "LastEvaluatedKey" not in answer:
                return
            asked["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
            asked.pop("Limit", None)

    def queries(
        self, pks: Sequence[str], condition: str = "", values: Item | None = None, *, first: int = 0
    ) -> list[Iterator[Item]]:
        """The items of several partitions, whose first pages are asked for side by side."""

        def begin(pk: str) -> tuple[list[Item], Iterator[list[Item]]]:
            pages = self.query(pk, condition, values, first=first)
            return next(pages), pages

        return [_flat(page, pages) for page, pages in _side_by_side(begin, pks)]

    def write(self, puts: Sequence[tuple[Key, Item]], deletes: Iterable[Key] = ()) -> None:
        """Puts and deletes items, each on its own, 25 a call."""
        wanted: list[Any] = [
            {"PutRequest": {"Item": _encoded({**item, "pk": key[0], "sk": key[1]})}}
            for key, item in puts
        ]
        wanted += [{"DeleteRequest": {"Key": _key(key)}} for key in dict.fromkeys(deletes)]
        _side_by_side(self._write_some, list(in_chunks(wanted, _WRITE_ITEMS)))

    def _write_some(self, requests: Sequence[Any]) -> None:
        left: Any = {self.name: list(requests)}
        for attempt in range(_ATTEMPTS):
            left = self._ask("BatchWriteItem", RequestItems=left).get("UnprocessedItems")
            if not left:
                return
            _pause(attempt)
        raise self._throttled("BatchWriteItem")

    def transact(self, changes: Sequence[Change]) -> None:
        """Makes at most 100 changes of different items, all or none.

        Raises:
            ConditionFailed: Some item is not as its change asked. So it may be after a change of
                one's own, too, whose answer got lost: AWS knows a repeated request by its token
                for ten minutes only.
        """
        if not changes:
            return
        token, requests = str(uuid.uuid4()), [c.request(self.name) for c in changes]
        for attempt in range(_ATTEMPTS):
            try:
                self._ask("TransactWriteItems", TransactItems=requests, ClientRequestToken=token)
                return
            except _Cancelled as cancelled:
                failed = {
                    change.key
                    for change, reason in zip(changes, cancelled.reasons, strict=False)
                    if reason == "ConditionalCheckFailed"
                }
                if failed:
                    raise ConditionFailed(failed) from None
                others = set(cancelled.reasons) - {"None"} - _PASSING
                if others:
                    raise SparknetError(
                        FailureKind.INTERNAL,
                        f"DynamoDB refused to write to the table {self.name}:"
                        f" {', '.join(sorted(others))}.",
                        retryable=False,
                    ) from None
            _pause(attempt)
        raise self._throttled("TransactWriteItems")

    def _ask(self, operation: str, **asked: Any) -> Any:
        """Asks until there is an answer: botocore would first wait a second, which is much here."""
        for attempt in range(_ATTEMPTS):
            try:
                return self._ask_once(operation, **asked)
            except SparknetError as error:
                most = _PATIENCE.get(error.kind, 1)
                if not error.retryable or attempt + 1 >= most:
                    raise
            _pause(attempt)
        raise self._throttled(operation)

    def _ask_once(self, operation: str, **asked: Any) -> Any:
        client = self.clients.client("dynamodb", _READ_SECONDS, attempts=1)
        # TransactWriteItems is no action of IAM: what its parts do is.
        parts = {f"{action}Item" for each in asked.get("TransactItems", ()) for action in each}
        actions = [f"dynamodb:{action}" for action in sorted(parts) or [operation]]
        with aws_errors(" and ".join(actions), f"table {self.name}"):
            try:
                return getattr(client, _METHODS[operation])(**asked)
            except client.exceptions.ResourceNotFoundException as error:
                raise SparknetError(
                    FailureKind.REFUSED,
                    f"There is no DynamoDB table {self.name} in this account and region:"
                    " `sparknet bootstrap` makes it, SPARKNET_DYNAMODB_TABLE names another.",
                ) from error
            except client.exceptions.TransactionCanceledException as error:
                reasons = error.response.get("CancellationReasons", [])
                raise _Cancelled([str(r.get("Code", "None")) for r in reasons]) from None

    def _throttled(self, operation: str) -> SparknetError:
        return SparknetError(
            FailureKind.THROTTLED,
            f"DynamoDB throttled {operation} on the table {self.name} through {_ATTEMPTS} attempts:"
            " it is tried again later.",
        )


_KEY_SCHEMA = [
    {"AttributeName": "pk", "KeyType": "HASH"},
    {"AttributeName": "sk", "KeyType": "RANGE"},
]
_PATIENCE = {
    FailureKind.THROTTLED: _ATTEMPTS,
    FailureKind.UNAVAILABLE: _UNREACHABLE_ATTEMPTS,
}
_METHODS = {
    "BatchGetItem": "batch_get_item",
    "BatchWriteItem": "batch_write_item",
    "Query": "query",
    "TransactWriteItems": "transact_write_items",
}


class _Cancelled(Exception):
    def __init__(self, reasons: list[str]) -> None:
        super().__init__(reasons)
        self.reasons = reasons


def create_table(name: str, clients: AwsClients) -> bool:
    """Makes the table: paid per request, point-in-time recovery, TTL by `expires_at`.

    Of one that is there already only the TTL is seen to. Needs dynamodb:DescribeTable and
    DescribeTimeToLive; to make it CreateTable, UpdateTimeToLive and UpdateContinuousBackups too.

    Returns:
        False when there is one of that name already.

    Raises:
        SparknetError: It may not be made, or what is there is no table of a catalog.
    """
    client = clients.client("dynamodb")
    made = False
    if not _described(name, client):
        made = _made(name, client)
        with aws_errors("dynamodb:DescribeTable", f"table {name}"):
            client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 2})
    with aws_errors("dynamodb:DescribeTimeToLive", f"table {name}"):
        found = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    if found["TimeToLiveStatus"] not in ("ENABLED", "ENABLING"):
        with aws_errors("dynamodb:UpdateTimeToLive", f"table {name}"):
            client.update_time_to_live(
                TableName=name,
                TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires_at"},
            )
    if made:
        with aws_errors("dynamodb:UpdateContinuousBackups", f"table {name}"):
            client.update_continuous_backups(
                TableName=name,
                PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
            )
    return made


def _described(name: str, client: Any) -> bool:
    """Whether the table is there. Raises SparknetError when that is another kind of table."""
    with aws_errors("dynamodb:DescribeTable", f"table {name}"):
        try:
            found = client.describe_table(TableName=name)["Table"]
        except client.exceptions.ResourceNotFoundException:
            return False
    if found["KeySchema"] != _KEY_SCHEMA:
        raise SparknetError(
            FailureKind.REFUSED,
            f"The DynamoDB table {name} is not one of SPARKNET's, whose key is pk and sk: name"
            " another with SPARKNET_DYNAMODB_TABLE.",
        )
    return True


def _made(name: str, client: Any) -> bool:
    names = [each["AttributeName"] for each in _KEY_SCHEMA]
    with aws_errors("dynamodb:CreateTable", f"table {name}"):
        try:
            client.create_table(
                TableName=name,
                BillingMode="PAY_PER_REQUEST",
                KeySchema=_KEY_SCHEMA,
                AttributeDefinitions=[
                    {"AttributeName": each, "AttributeType": "S"} for each in names
                ],
            )
        except client.exceptions.ResourceInUseException:
            return False
    return True


def chunked(groups: Iterable[Sequence[Change]]) -> Iterator[list[Change]]:
    """Transactions out of groups of changes that belong together, none of them divided."""
    some: list[Change] = []
    size = 0
    for group in groups:
        more = sum(change.size for change in group)
        if some and (len(some) + len(group) > TRANSACTION_ITEMS or size + more > TRANSACTION_BYTES):
            yield some
            some, size = [], 0
        some, size = [*some, *group], size + more
    if some:
        yield some


def key_of(item: Item) -> Key:
    """The key of an item."""
    return str(item["pk"]), str(item["sk"])


def pause(attempt: int) -> None:
    """Waits before another attempt: longer each time, at random."""
    _pause(attempt)


def _pause(attempt: int) -> None:
    longest = min(_LONGEST_WAIT_SECONDS, _WAIT_SECONDS * 2 ** min(attempt, 10))
    time.sleep(random.uniform(0, longest))


def _side_by_side(action: Callable[[A], B], each: Sequence[A]) -> list[B]:
    if len(each) < 2:
        return [action(one) for one in each]
    with ThreadPoolExecutor(min(len(each), _AT_ONCE)) as pool:
        return list(pool.map(action, each))


def _flat(page: list[Item], pages: Iterator[list[Item]]) -> Iterator[Item]:
    yield from page
    for page in pages:
        yield from page


def _key(key: Key) -> dict[str, Any]:
    return {"pk": {"S": key[0]}, "sk": {"S": key[1]}}


def _encoded(item: Mapping[str, Value]) -> dict[str, Any]:
    return {name: _attribute(value) for name, value in item.items()}


def _attribute(value: Value) -> dict[str, Any]:
    if isinstance(value, str):
        return {"S": value}
    return {"B": value} if isinstance(value, bytes) else {"N": repr(value)}


def _decoded(item: Mapping[str, Any]) -> Item:
    decoded: Item = {}
    for name, attribute in item.items():
        [(kind, value)] = attribute.items()
        if kind == "N":
            number = float(value)
            with suppress(ValueError):
                number = int(value)
            value = number
        decoded[name] = value
    return decoded
