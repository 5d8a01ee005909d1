"""The receipt of a removal: what was removed from where, and that nothing of it is left."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from resources.failure import Failure, FailureKind, SparknetError
from resources.storage import ObjectNotFoundError, StorageAdapter

SCHEMA_VERSION = 1


class Amount(BaseModel):
    """How many, and how many bytes where that is known."""

    count: int = 0
    bytes: int | None = None


class Compacted(BaseModel):
    """What compacting a generation of the index reclaimed.

    Attributes:
        complete: False when what was deleted may still be in files that the store can't rewrite,
            for instance on a server.
    """

    generation: str
    bytes_before: int
    bytes_after: int
    complete: bool
    seconds: float


class Receipt(BaseModel):
    """receipts/{doc_id}/{time}.json: proof that a document is gone.

    Attributes:
        sha256: Of the original's bytes; empty when the original was gone before it was ever read.
        removed, remaining: By store: raw, processed, corrections, vectors, keyword_rows, cache,
            stages, holdings, events. Of the cache, what no other document uses.
        kept: Keys of originals that were left: asked to be kept, or newer than the removal.
        complete: Nothing that was deleted is left in any file. `notes` say what else may be where.
    """

    schema_version: int = SCHEMA_VERSION
    doc_id: str
    partition_key: str
    filename: str
    sha256: str
    pages: int
    reason: str
    requested_by: str
    started: datetime
    finished: datetime
    removed: dict[str, Amount]
    remaining: dict[str, int]
    kept: list[str]
    compaction: list[Compacted]
    complete: bool
    notes: list[str] = Field(default_factory=list)

    @property
    def key(self) -> str:
        """Where it is stored."""
        return receipt_key(self.doc_id, self.started)


class RemovalError(SparknetError):
    """Some documents could not be removed; the others are.

    Attributes:
        receipts: Of the documents that are removed.
        failures: doc_id -> why it is not.
    """

    def __init__(self, receipts: list[Receipt], failures: dict[str, Failure]) -> None:
        first = next(iter(failures.values()))
        more = f" ({len(failures) - 1} more could not be removed)" if len(failures) > 1 else ""
        super().__init__(first.kind, f"{first.message}{more}", first.retryable)
        self.receipts = receipts
        self.failures = failures

    def __reduce__(self) -> tuple[type[RemovalError], tuple[list[Receipt], dict[str, Failure]]]:
        return RemovalError, (self.receipts, self.failures)


def receipt_key(doc_id: str, started: datetime) -> str:
    """Key of the receipt of a removal that began at `started` (UTC)."""
    return f"receipts/{doc_id}/{started:%Y%m%dT%H%M%S.%f}Z.json"


def write_receipt(storage: StorageAdapter, receipt: Receipt) -> None:
    """Makes the receipt durable."""
    storage.put(receipt.key, receipt.model_dump_json(indent=2).encode() + b"\n")


def read_receipt(storage: StorageAdapter, key: str) -> Receipt | None:
    """The receipt under `key`; None when it is not there or is none."""
    try:
        return Receipt.model_validate_json(storage.get(key))
    except (ObjectNotFoundError, ValueError):
        return None


def is_folder_name(doc_id: str) -> bool:
    """Whether an id names one folder under raw/; of `a/b` a part of the document `a` would go."""
    return doc_id not in ("", ".", "..") and "/" not in doc_id and "\\" not in doc_id


def no_document(doc_id: str) -> SparknetError:
    """The error for an id that no store knows."""
    return SparknetError(
        FailureKind.REFUSED, f"There is no document {doc_id}; `sparknet status` lists all."
    )
