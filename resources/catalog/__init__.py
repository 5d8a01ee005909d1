"""The catalog port: what happened to each document at each stage."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from pydantic import BaseModel, Field

from resources.failure import Failure


class DocumentStatus(StrEnum):
    """Where a document stands."""

    PENDING = "pending"
    INDEXED = "indexed"
    PARTIAL = "partial"
    FAILED = "failed"
    DELETED = "deleted"


class StageStatus(StrEnum):
    """Where a stage of a document stands."""

    DONE = "done"
    PARTIAL = "partial"
    FAILED = "failed"


class StageRecord(BaseModel):
    """What a stage last did for a document.

    Attributes:
        fingerprint: Of the last success; empty when there was none.
        recipe: Id of the recipe (code version and settings) of the last success.
        tried: Fingerprint of the last attempt, when it failed: what is as it was then fails again.
        data_version: Of the last success; empty when there was none.
        failure: Of the last attempt, when it failed; for a partial stage, that of a missing page.
        failed_pages: 1-based numbers of the pages that are missing from the output.
        attempts: Since the last success.
        seconds: Wall time of the work that made the artifact; 0.0 when reused.
        reused: True when the last run found the artifact up to date.
        metadata: Facts for people, JSON values only.
    """

    doc_id: str
    stage: str
    status: StageStatus
    fingerprint: str = ""
    recipe: str = ""
    tried: str = ""
    data_version: str = ""
    failure: Failure | None = None
    failed_pages: list[int] = Field(default_factory=list)
    attempts: int = 0
    pages: int = 0
    seconds: float = 0.0
    cost_usd: float = 0.0
    reused: bool = False
    run_id: str = ""
    updated_at: datetime
    metadata: dict[str, Any] = Field(default_factory=dict)


class DocumentRecord(BaseModel):
    """The catalog's row for a document.

    Attributes:
        raw_version: Change mark of the raw object when it was last read (`ObjectInfo.version`).
        raw_sha256: Hash of the bytes under that mark.
        source: Where it was ingested from, for people; empty when it was dropped into raw/.
        stale: Why the passages that answer are of an older version; empty when they are current.
        tier: How much to spend: `basic`, `standard` or `premium`.
        tier_source: Who decided: `explicit`, `object`, `rule`, `default`; empty in older rows.
        media_type: What the original is by its content; empty until it was looked at.
        title: That the original gives itself, empty when it gives none.
        receipt: Key of the receipt of its removal. A deleted document without one is not yet
            removed from every store.
    """

    doc_id: str
    partition_key: str
    raw_key: str
    filename: str
    status: DocumentStatus = DocumentStatus.PENDING
    failure: Failure | None = None
    raw_version: str = ""
    raw_sha256: str = ""
    source: str = ""
    stale: str = ""
    receipt: str = ""
    tier: str = "standard"
    tier_source: str = ""
    media_type: str = ""
    title: str = ""
    pages: int = 0
    chunks: int = 0
    run_id: str = ""
    created_at: datetime
    updated_at: datetime


def is_named(record: DocumentRecord, text: str) -> bool:
    """Whether id, file name or title of a document have a text in them, whatever its case."""
    names = f"{record.doc_id}\n{record.filename}\n{record.title}"
    return text.casefold() in names.casefold()


class Holding(NamedTuple):
    """What a generation of the index holds of a document.

    Attributes:
        text_version: Data version of the `ocr_text` that the chunks were cut from.
        chunks: How many.
    """

    text_version: str
    chunks: int


class Paid(NamedTuple):
    """What a stage of a document cost, and the day (UTC) on which that was noted."""

    stage: str
    day: str
    usd: float


class Spent(NamedTuple):
    """What an account has come to: dollars, and the calls that they were paid for."""

    usd: float
    calls: int


NANO = 1e9
"""Accounts are kept in whole billionths of a dollar: sums are exact, whoever adds to them."""


class Catalog(Protocol):
    """Documents and their stages. Each write is atomic and durable when it returns.

    A write of many documents may exceed what a transaction of the database takes: what is written
    of one document stays together even so, and "all or none" holds of as many as fit. A write that
    fails then leaves the first of them written, as if fewer had been asked for; it can be repeated.
    """

    def get(self, doc_id: str) -> DocumentRecord | None: ...

    def get_many(self, doc_ids: Collection[str]) -> dict[str, DocumentRecord]: ...

    def put(self, records: Sequence[DocumentRecord]) -> None:
        """Inserts or replaces documents, all or none."""
        ...

    def by_partition_key(self, keys: Collection[str]) -> dict[str, DocumentRecord]:
        """Partition key -> document, for the keys that are known."""
        ...

    def documents(
        self, *, status: DocumentStatus | None = None, after: str = "", named: str = ""
    ) -> Iterator[DocumentRecord]:
        """Documents in `doc_id` order, those after `after`, of one status when given.

        Args:
            named: Only those that are called so, as `is_named` says.
        """
        ...

    def changed_since(self, moment: datetime) -> list[DocumentRecord]:
        """Documents whose row was written after that moment, by its `updated_at`."""
        ...

    def documents_between(
        self, after: str = "", upto: str | None = None
    ) -> Iterator[DocumentRecord]:
        """Documents whose folder name `{doc_id}/` sorts after `after` and not after `upto`.

        In the order of those names, which is the order that a listing of raw/ has.
        """
        ...

    def with_content(self, sha256: str, *, limit: int | None = None) -> list[DocumentRecord]:
        """Documents that are not deleted and whose original has this hash, in `doc_id` order.

        Args:
            limit: Only so many, those that were registered first.
        """
        ...

    def by_source(self, sources: Collection[str]) -> dict[str, str]:
        """Source -> `doc_id` of the document that came from there, deleted ones included.

        Where several did, the last of them in `doc_id` order. Takes as long as there are sources,
        however many documents there are.
        """
        ...

    def select(
        self,
        *,
        media_types: Collection[str] | None = None,
        tiers: Collection[str] | None = None,
        created_from: date | None = None,
        created_to: date | None = None,
    ) -> set[str]:
        """Ids of the documents that are not deleted and have all that is asked for.

        Args:
            created_from, created_to: First and last day (UTC) of `created_at`.
        """
        ...

    def totals(self) -> dict[str, int]:
        """Status -> number of documents."""
        ...

    def stages(
        self, doc_ids: Collection[str], *, stage: str = ""
    ) -> dict[str, dict[str, StageRecord]]:
        """doc_id -> stage -> record, with an empty mapping for documents without records.

        Of one stage only, when that is named.
        """
        ...

    def paid(self, doc_ids: Collection[str]) -> dict[str, list[Paid]]:
        """doc_id -> what each of its stages cost, for documents that have any."""
        ...

    def put_stages(
        self, records: Sequence[StageRecord], documents: Sequence[DocumentRecord] = ()
    ) -> None:
        """Inserts or replaces stage records, and documents with them, all or none."""
        ...

    def claim(self, doc_ids: Collection[str], owner: str, seconds: float) -> set[str]:
        """Leases documents to `owner` for `seconds`; renews those it holds already.

        Returns the ids that `owner` now holds: those that were free, expired, or its own. An owner
        is `{host}:{pid}:{token}`, the host as `resources.processes.this_host` names it; a lease
        whose process is gone from this host counts as free.
        """
        ...

    def release(self, doc_ids: Collection[str], owner: str) -> None:
        """Gives up leases held by `owner`."""
        ...

    def owners(self, doc_ids: Collection[str]) -> dict[str, str]:
        """doc_id -> owner, for the documents that someone has leased."""
        ...

    def delete(self, doc_id: str) -> bool:
        """Forgets a document, its stages, its holdings and its lease; True if there was one."""
        ...

    def bury(self, tombstones: Sequence[DocumentRecord]) -> None:
        """Replaces documents by these records and forgets their stages and holdings, all or none.

        Leases stay: whoever buries a document holds one.
        """
        ...

    def scrub(self) -> bool:
        """Makes sure that what was removed is in no file any more; False when it may yet be."""
        ...

    def holdings(
        self, generation: str, doc_ids: Collection[str] | None = None
    ) -> dict[str, Holding]:
        """doc_id -> what the generation holds of it; of all documents unless some are named."""
        ...

    def put_holdings(self, generation: str, holdings: Mapping[str, Holding]) -> None:
        """Notes what a generation holds of these documents, all or none."""
        ...

    def drop_holdings(self, generation: str, doc_ids: Collection[str] | None = None) -> None:
        """Forgets what a generation holds, of all documents unless some are named."""
        ...

    def facts(self, prefix: str = "") -> dict[str, str]:
        """Small facts of the deployment whose name begins so: name -> value."""
        ...

    def put_facts(self, facts: Mapping[str, str]) -> None:
        """Sets facts, all or none. A reader sees all of them or none."""
        ...

    def delete_facts(self, names: Collection[str]) -> None:
        """Forgets facts."""
        ...

    def spend(
        self, account: str, usd: float, *, calls: int = 0, limit: float | None = None
    ) -> bool:
        """Adds dollars (or takes some back) and calls to an account, whoever else does.

        Args:
            limit: Most that the account may come to. What would exceed it is not added.

        Returns:
            Whether it was added.
        """
        ...

    def spent(self, prefix: str = "") -> dict[str, Spent]:
        """Account -> what it has come to, for those whose name begins so."""
        ...
