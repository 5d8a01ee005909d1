"""Where each thing of the catalog is in its one table, and how a record is written into an item.

    pk                      sk                            what
    D#{shard}               {doc_id}                      a document's record
    P#{partition key}       P                             the document of that partition key
    T#{shard}               {status letter}#{doc_id}      a document by status
    C#{sha256}              {registered}#{hash}           a document by content, unless deleted
    O#{source hash}         {hash}                        a document by where it came from
    S#{doc_id}              stages                        an attribute for each stage's record
    S#{doc_id}              part#{id}#{n}                 part of a record too long for an item
    H#{generation}#{shard}  {doc_id}                      what a generation holds of a document
    G                       {generation}                  generations that hold something
    F                       ={name}                       a fact
    F                       #written                      how often several facts were set at once
    A                       ={account}                    what was spent on something
    L#{doc_id}              L                             a lease

Listings are spread over shards by a hash of the `doc_id`, each of which AWS serves with 1,000
writes and 3,000 reads a second, and merged in order when read. What finds documents by something
else is an item of its own, written in the same transaction: an index of DynamoDB's lags behind.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator

from resources.catalog import DocumentRecord, DocumentStatus
from resources.catalog.dynamodb_table import Item, Key, Value

# Changing it would lose sight of what is written.
SHARDS = 16
ALL_SHARDS = [f"{number:02}" for number in range(SHARDS)]
_COMPRESSED_FROM = 1024
# A document's record and those of its stages fit an item of 400 KB, whatever is in them.
LONGEST_VALUE = 30_000
PART = 350_000
TOMBSTONE_SECONDS = 400 * 86400
_LETTERS = {
    DocumentStatus.PENDING: "p",
    DocumentStatus.INDEXED: "i",
    DocumentStatus.PARTIAL: "r",
    DocumentStatus.FAILED: "f",
    DocumentStatus.DELETED: "d",
}
STATUS_OF = {letter: status for status, letter in _LETTERS.items()}
GENERATIONS = "G"
FACTS = "F"
FACTS_WRITTEN: Key = (FACTS, "#written")
ACCOUNTS = "A"


def shard_of(doc_id: str) -> str:
    """The shard of a document's listings."""
    digest = hashlib.sha256(doc_id.encode()).digest()
    return ALL_SHARDS[digest[0] % SHARDS]


def document_key(doc_id: str) -> Key:
    return f"D#{shard_of(doc_id)}", doc_id


def partition_key(key: str) -> Key:
    return f"P#{key}", "P"


def status_prefix(status: DocumentStatus) -> str:
    return f"{_LETTERS[status]}#"


def status_key(record: DocumentRecord) -> Key:
    return f"T#{shard_of(record.doc_id)}", status_prefix(record.status) + record.doc_id


def content_key(record: DocumentRecord, registered: str) -> Key | None:
    """None for what is not found by its content. A `doc_id` is too long for the rest of a key."""
    if not record.raw_sha256 or record.status is DocumentStatus.DELETED:
        return None
    return f"C#{record.raw_sha256}", f"{registered}#{_digest(record.doc_id)}"


def source_partition(source: str) -> str:
    """Where documents that came from there are listed. A path may be longer than a key."""
    return f"O#{_digest(source)}"


def source_key(record: DocumentRecord) -> Key | None:
    """None for a document that was put into raw/ by others."""
    return (source_partition(record.source), _digest(record.doc_id)) if record.source else None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def stages_key(doc_id: str) -> Key:
    return f"S#{doc_id}", "stages"


def holding_key(generation: str, doc_id: str) -> Key:
    return f"H#{generation}#{shard_of(doc_id)}", doc_id


def lease_key(doc_id: str) -> Key:
    return f"L#{doc_id}", "L"


def fact_key(name: str) -> Key:
    return FACTS, f"={name}"


def account_key(name: str) -> Key:
    return ACCOUNTS, f"={name}"


def packed(text: str) -> Value:
    """A text as an attribute: as it is when short, else compressed."""
    data = text.encode()
    return text if len(data) < _COMPRESSED_FROM else zlib.compress(data, 6)


def unpacked(value: Value) -> str:
    """The text of `packed`."""
    return zlib.decompress(value).decode() if isinstance(value, bytes) else str(value)


def document_of(item: Item) -> DocumentRecord:
    """The record in an item of a document."""
    return DocumentRecord.model_validate_json(unpacked(item["record"]))


def by_folder(records: Iterable[DocumentRecord]) -> Iterator[DocumentRecord]:
    """Documents in `doc_id` order, put in the order of `{doc_id}/`: `a-b/` comes before `a/`."""
    waiting: list[DocumentRecord] = []
    for record in records:
        while waiting and not _folder_precedes(record.doc_id, waiting[-1].doc_id):
            yield waiting.pop()
        waiting.append(record)
    yield from reversed(waiting)


def _folder_precedes(longer: str, doc_id: str) -> bool:
    return longer.startswith(doc_id) and longer[len(doc_id) : len(doc_id) + 1] < "/"


def beginnings(after: str) -> list[str]:
    """What `after` begins with and whose folder comes after it all the same: `a` for `a-b/`."""
    return [after[:end] for end in range(1, len(after)) if after[end] < "/"]
