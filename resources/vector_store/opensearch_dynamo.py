"""The register of an index on OpenSearch Serverless in DynamoDB, for writers on many machines."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from resources.aws.errors import aws_errors
from resources.vector_store.opensearch_register import Entry

if TYPE_CHECKING:
    from resources.aws.clients import AwsClients

T = TypeVar("T")

# A partition takes 1,000 writes a second; entries are spread over this many.
_BUCKETS = 16
# Actions in a transaction, keys in a batch read:
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
_MOST_ACTIONS = 100
_MOST_KEYS = 100
_ITEMS_OF_AN_ENTRY = 3

Item = dict[str, dict[str, str]]
Actions = list[dict[str, Any]]


class DynamoChunkRegister:
    """ChunkRegister in a table whose keys are the strings `pk` and `sk`.

    A chunk has three items (by its id, its document, its text) that a transaction writes together.
    All reads are consistent.

    Args:
        table: May hold other things too: all keys here begin with `register#{index}#`.
        index: The index that it is about.
        aws: Makes the client.
    """

    def __init__(self, table: str, index: str, aws: AwsClients) -> None:
        self._table = table
        self._index = index
        self._aws = aws

    def begin(self, write: str, at: float) -> None:
        item = {**self._key("writes", write), "began": {"N": str(Decimal(str(at)))}}
        with aws_errors("dynamodb:PutItem", self._table):
            self._client.put_item(TableName=self._table, Item=item)

    def finish(self, write: str) -> None:
        with aws_errors("dynamodb:DeleteItem", self._table):
            self._client.delete_item(TableName=self._table, Key=self._key("writes", write))

    def unfinished(self) -> dict[str, float]:
        return {item["sk"]["S"]: float(item["began"]["N"]) for item in self._query("writes")}

    def put(self, entries: Sequence[Entry], retired: Collection[str]) -> None:
        before = self.entries([entry.chunk_id for entry in entries])
        for entry in entries:
            old = before.get(entry.chunk_id)
            moved = old and (old.doc_id, old.text_sha256) != (entry.doc_id, entry.text_sha256)
            if old and moved:
                self._transact(self._deletes(old))
        self._transact([action for server_id in retired for action in self._retire(server_id)])
        self._transact([action for entry in entries for action in self._puts(entry)])

    def remove(self, entries: Sequence[Entry]) -> None:
        self._transact([a for entry in entries for a in self._retire(entry.server_id)])
        self._transact([a for entry in entries for a in self._deletes(entry)])

    def retired(self) -> set[str]:
        return {item["sk"]["S"] for item in self._query("retired")}

    def forget(self, server_ids: Collection[str]) -> None:
        self._transact([self._delete("retired", i) for i in server_ids])

    def entries(self, chunk_ids: Collection[str]) -> dict[str, Entry]:
        found: dict[str, Entry] = {}
        for ids in _portions(sorted(set(chunk_ids)), _MOST_KEYS):
            keys = [self._key(_bucket(i), i) for i in ids]
            wanted = {self._table: {"Keys": keys, "ConsistentRead": True}}
            while wanted:
                with aws_errors("dynamodb:BatchGetItem", self._table):
                    answer = self._client.batch_get_item(RequestItems=wanted)
                entries = [_entry(item) for item in answer["Responses"].get(self._table, [])]
                found.update({entry.chunk_id: entry for entry in entries})
                wanted = answer.get("UnprocessedKeys", {})
        return found

    def everything(self) -> dict[str, Entry]:
        items = (item for n in range(_BUCKETS) for item in self._query(f"chunks{n}"))
        return {entry.chunk_id: entry for entry in map(_entry, items)}

    def chunk_ids(self, doc_ids: Collection[str]) -> dict[str, set[str]]:
        return {
            doc_id: {item["sk"]["S"] for item in self._query(f"document#{doc_id}")}
            for doc_id in doc_ids
        }

    def document_ids(self) -> set[str]:
        return {entry.doc_id for entry in self.everything().values()}

    def count(self) -> int:
        return len(self.everything())

    def texts_elsewhere(self, text_sha256: Collection[str], doc_id: str) -> set[str]:
        return {
            text
            for text in set(text_sha256)
            if any(item["doc_id"]["S"] != doc_id for item in self._query(f"text#{text}"))
        }

    def drop(self) -> None:
        self._transact([a for entry in self.everything().values() for a in self._deletes(entry)])
        for kind in ("retired", "writes"):
            self._transact([self._delete(kind, item["sk"]["S"]) for item in self._query(kind)])

    @property
    def _client(self) -> Any:
        return self._aws.client("dynamodb")

    def _key(self, kind: str, name: str) -> Item:
        return {"pk": {"S": f"register#{self._index}#{kind}"}, "sk": {"S": name}}

    def _keys_of(self, entry: Entry) -> list[Item]:
        return [
            self._key(_bucket(entry.chunk_id), entry.chunk_id),
            self._key(f"document#{entry.doc_id}", entry.chunk_id),
            self._key(f"text#{entry.text_sha256}", entry.chunk_id),
        ]

    def _puts(self, entry: Entry) -> Actions:
        fields = {name: {"S": value} for name, value in entry._asdict().items()}
        items = [{**key, **fields} for key in self._keys_of(entry)]
        return [{"Put": {"TableName": self._table, "Item": item}} for item in items]

    def _deletes(self, entry: Entry) -> Actions:
        keys = self._keys_of(entry)
        return [{"Delete": {"TableName": self._table, "Key": key}} for key in keys]

    def _retire(self, server_id: str) -> Actions:
        return [{"Put": {"TableName": self._table, "Item": self._key("retired", server_id)}}]

    def _delete(self, kind: str, name: str) -> dict[str, Any]:
        return {"Delete": {"TableName": self._table, "Key": self._key(kind, name)}}

    def _transact(self, actions: Actions) -> None:
        """Does actions, the three of an entry always together."""
        size = _MOST_ACTIONS // _ITEMS_OF_AN_ENTRY * _ITEMS_OF_AN_ENTRY
        for portion in _portions(actions, size):
            with aws_errors("dynamodb:PutItem and dynamodb:DeleteItem", self._table):
                self._client.transact_write_items(TransactItems=portion)

    def _query(self, kind: str) -> Iterator[Any]:
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": self._key(kind, "")["pk"]},
            "ConsistentRead": True,
        }
        while True:
            with aws_errors("dynamodb:Query", self._table):
                answer = self._client.query(**request)
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _bucket(chunk_id: str) -> str:
    return f"chunks{zlib.crc32(chunk_id.encode('utf-8', 'surrogatepass')) % _BUCKETS}"


def _entry(item: Any) -> Entry:
    return Entry(*(item[name]["S"] for name in Entry._fields))


def _portions(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while portion := list(islice(iterator, size)):
        yield portion
