"""Removes documents from every store, proves that nothing is left, and writes a receipt for each.

A tombstone and what is meant to be done come first, the receipt last; all between can be repeated.
Killed anywhere, the same call again finishes the removal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from resources.catalog import DocumentStatus
from resources.failure import Failure, FailureKind, SparknetError
from resources.sqlite import in_chunks
from sparknet_assets.batch.workers import as_sparknet_error
from sparknet_assets.claims import Claims
from sparknet_assets.fields.correction_log import correcting, remove_log
from sparknet_assets.fields.noted import forget_corrections
from sparknet_assets.partition_keys import partition_key
from sparknet_assets.partitions import count_events, wipe_events
from sparknet_assets.raw_names import RAW
from sparknet_assets.removal.intents import (
    Intent,
    drop_intents,
    intents,
    is_unfinished,
    new_intent,
    put_intents,
    signed,
    tombstone,
)
from sparknet_assets.removal.receipts import (
    Amount,
    Compacted,
    Receipt,
    RemovalError,
    is_folder_name,
    no_document,
    read_receipt,
    write_receipt,
)
from sparknet_assets.removal.remains import PROCESSED, count_originals, count_remains, originals_of
from sparknet_assets.scratch import remove_scratch

if TYPE_CHECKING:
    from dagster import DagsterInstance

    from resources.deployment import Deployment

WAIT_SECONDS = 30.0
# Chunks of one write to the index, during which no search is answered.
_CHUNKS = 2000


def remove(
    deployment: Deployment,
    doc_ids: Sequence[str],
    *,
    reason: str,
    requested_by: str,
    instance: DagsterInstance | None = None,
    keep_raw: bool = False,
    wait_seconds: float = WAIT_SECONDS,
    progress: Callable[[str], None] = lambda _: None,
) -> list[Receipt]:
    """Removes documents, known to the catalog or not, and returns their receipts.

    Each document's failure is its own: the others are removed all the same. A removal that was
    broken off is finished, for the reason it was begun for; one that is complete gives its receipt
    again.

    Args:
        requested_by: Who or what asked, for the receipt.
        instance: Where events show texts and thumbnails; without it they stay.
        keep_raw: Leave the originals. For documents whose original someone has removed: what is
            there by now is a new document.
        wait_seconds: How long to wait for processes that work on the documents.
        progress: Called with each doc_id whose data is gone, before that is proven.

    Raises:
        RemovalError: Some documents are unknown, worked on, or could not be removed; it has the
            receipts of the others.
    """
    work = _Removal(deployment, instance, progress)
    with Claims(deployment) as claims:
        mine, others = claims.wait_for(work.valid(dict.fromkeys(doc_ids)), wait_seconds)
        work.failures |= {doc_id: error.to_failure() for doc_id, error in others.items()}
        begin = partial(work.begin, reason=reason, requested_by=requested_by, keep_raw=keep_raw)
        work.attempt(mine, lambda: work.run(mine, begin))
    receipts = [work.receipts[doc_id] for doc_id in doc_ids if doc_id in work.receipts]
    if work.failures:
        raise RemovalError(receipts, work.failures)
    return receipts


class _Removal:
    """One call of `remove`.

    Attributes:
        intents: Of the documents under way.
        receipts, failures: What became of the others.
    """

    def __init__(
        self,
        deployment: Deployment,
        instance: DagsterInstance | None,
        progress: Callable[[str], None],
    ) -> None:
        self._deployment = deployment
        self._storage, self._catalog = deployment.storage, deployment.catalog
        self._stores = deployment.stores()
        self._instance = instance
        self._progress = progress
        self.intents: dict[str, Intent] = {}
        self.receipts: dict[str, Receipt] = {}
        self.failures: dict[str, Failure] = {}

    def valid(self, doc_ids: dict[str, None]) -> list[str]:
        """Those that can be ids at all."""
        good = [doc_id for doc_id in doc_ids if is_folder_name(doc_id)]
        for doc_id in doc_ids.keys() - set(good):
            self.failures[doc_id] = no_document(doc_id).to_failure()
        return good

    def attempt(self, doc_ids: Sequence[str], action: Callable[[], None]) -> None:
        """Does something for these documents; an error fails them, and no others."""
        try:
            action()
        except Exception as raised:
            error = as_sparknet_error(raised)
            for doc_id in doc_ids:
                self.intents.pop(doc_id, None)
                if doc_id not in self.receipts and doc_id not in self.failures:
                    named = error.message if doc_id in error.message else f"{doc_id}: {error}"
                    failure = SparknetError(error.kind, named, error.retryable).to_failure()
                    self.failures[doc_id] = failure

    def run(self, doc_ids: Sequence[str], begin: Callable[[Sequence[str]], None]) -> None:
        """All steps, for the documents together where a store takes them together."""
        # Not while files are taken in: an intake writes the rows of documents that it looked up
        # before, and what it brings would be taken for old.
        with self._deployment.locks.hold("intake"):
            begin(doc_ids)
            self._each(self._remove_originals)
        if not self.intents:
            return
        self._remove_chunks()
        self._each(self._remove_derived)
        self._sign(*self._clean_files())

    def _each(self, action: Callable[[Intent], None]) -> None:
        for doc_id, intent in list(self.intents.items()):
            self.attempt([doc_id], partial(action, intent))

    def begin(
        self, doc_ids: Sequence[str], *, reason: str, requested_by: str, keep_raw: bool
    ) -> None:
        """Writes down what is to be done, and the tombstones."""
        records, begun = self._catalog.get_many(doc_ids), intents(self._catalog)
        found = count_remains(self._deployment, self._stores, doc_ids)
        events = count_events(self._instance, [partition_key(doc_id) for doc_id in doc_ids]) or {}

        def intend(doc_id: str) -> None:
            record = records.get(doc_id)
            if is_unfinished(record) and doc_id in begun:
                self.intents[doc_id] = begun[doc_id]
                return
            found[doc_id]["events"] = Amount(count=events.get(partition_key(doc_id), 0))
            intent = new_intent(
                self._deployment, doc_id, record, found[doc_id],
                reason=reason, requested_by=requested_by, keep_raw=keep_raw,
            )  # fmt: skip
            if record is None and intent.is_empty:
                raise no_document(doc_id)
            if record and record.status is DocumentStatus.DELETED and intent.is_empty:
                receipt = read_receipt(self._storage, record.receipt) if record.receipt else None
                if receipt:
                    self.receipts[doc_id] = receipt
                    return
            self.intents[doc_id] = intent

        for doc_id in doc_ids:
            self.attempt([doc_id], partial(intend, doc_id))
        put_intents(self._catalog, list(self.intents.values()))
        self._catalog.bury(
            [tombstone(self._deployment, i, records.get(i.doc_id)) for i in self.intents.values()]
        )

    def _remove_originals(self, intent: Intent) -> None:
        self._storage.sweep(f"{RAW}{intent.doc_id}")
        for key, mark in intent.originals.items():
            info = self._storage.stat(key)
            if info and info.version == mark:
                self._storage.delete(key)

    def _remove_chunks(self) -> None:
        """From every generation of the index."""
        doc_ids = list(self.intents)
        for store in self._stores:
            for _ in range(2):
                found = store.chunk_ids(doc_ids)
                for chunk_ids in in_chunks(chain.from_iterable(found.values()), _CHUNKS):
                    store.delete(chunk_ids)
                if store.document_ids().isdisjoint(doc_ids):
                    break
                store.repair()  # rows without vectors are not listed as chunks

    def _remove_derived(self, intent: Intent) -> None:
        """Artifacts, corrections, and what nobody else has in the cache."""
        folder = f"{PROCESSED}{intent.doc_id}"
        self._storage.delete_many([info.key for info in self._storage.list(f"{folder}/")])
        self._storage.sweep(folder)
        with correcting(self._deployment):  # who holds that now finds the tombstone after us
            remove_log(self._storage, intent.doc_id)
            forget_corrections(self._catalog, [intent.doc_id])
        remove_scratch(self._deployment, intent.doc_id)
        if self._deployment.cache.used(intent.doc_id):
            forgotten = self._deployment.cache.forget(intent.doc_id)
            intent.found["cache"] = Amount(count=forgotten)
            put_intents(self._catalog, [intent])
        self._progress(intent.doc_id)

    def _clean_files(self) -> tuple[list[Compacted], list[str]]:
        """Takes what was deleted out of the files of every store.

        Returns:
            What compacting the index came to, and where traces may be all the same.
        """
        # Whatever the index has of them now: an older version, or a write that was cut off, may be
        # in its files although it has no chunk of them.
        compacted = [
            Compacted(generation=store.generation, **store.compact()._asdict())
            for store in self._stores
        ]
        notes = [
            f"{each.generation}: files that the index can't rewrite may hold what was deleted"
            for each in compacted
            if not each.complete
        ]
        wiped = wipe_events(self._instance, [i.partition_key for i in self.intents.values()])
        scrubbed = [self._catalog.scrub(), self._deployment.cache.scrub(), wiped is not False]
        if not all(scrubbed):
            notes.append(
                "a reader kept a database's log from being emptied; it is overwritten later"
            )
        if wiped is None:
            notes.append("Dagster's event log can't wipe partitions; its events may show texts")
        return compacted, notes

    def _sign(self, compacted: list[Compacted], notes: list[str]) -> None:
        """Looks into every store again, and writes the receipts of what is gone."""
        left = count_remains(self._deployment, self._stores, list(self.intents))
        events = count_events(self._instance, [i.partition_key for i in self.intents.values()])

        def prove(intent: Intent) -> None:
            remaining = {name: amount.count for name, amount in left[intent.doc_id].items()}
            remaining["raw"] = count_originals(self._storage, intent.originals).count
            if events is not None:
                remaining["events"] = events.get(intent.partition_key, 0)
            _refuse_remains(intent.doc_id, remaining)
            receipt = Receipt(
                **intent.model_dump(include=set(Receipt.model_fields)),
                finished=datetime.now(UTC),
                removed={name: intent.found.get(name, Amount()) for name in remaining},
                remaining=remaining,
                kept=list(originals_of(self._storage, intent.doc_id)),
                compaction=compacted,
                complete=not notes,
                notes=notes,
            )
            write_receipt(self._storage, receipt)
            self.receipts[intent.doc_id] = receipt

        self._each(prove)
        records = self._catalog.get_many(self.intents)
        self._catalog.put(
            [signed(records[doc_id], self.receipts[doc_id].key) for doc_id in self.intents]
        )
        drop_intents(self._catalog, list(self.intents))


def _refuse_remains(doc_id: str, remaining: dict[str, int]) -> None:
    if any(remaining.values()):
        what = ", ".join(f"{name} {count}" for name, count in remaining.items() if count)
        raise SparknetError(
            FailureKind.INTERNAL,
            f"{doc_id} is not wholly removed: {what} left. Delete it again.",
            retryable=True,
        )
