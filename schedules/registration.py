"""Rows in the catalog for what was found in raw/, before Dagster hears of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from resources.catalog import DocumentRecord, DocumentStatus
from resources.deployment import Deployment
from schedules.planning import Change, FoundDocument
from sparknet_assets.digests import stored_sha256
from sparknet_assets.partition_keys import partition_key
from sparknet_assets.records import awaiting, new_document
from sparknet_assets.tiers import with_tier


def register(deployment: Deployment, found: Iterable[FoundDocument], now: datetime) -> None:
    """Gives each document a row that says that it waits; a re-added one starts afresh.

    Pending: should the run come to nothing, the document is found again.
    """
    found = list(found)
    known = deployment.catalog.get_many([document.doc_id for document in found])
    rows = []
    for document in found:
        record = known.get(document.doc_id)
        raw_key = document.original.key
        if record is None or record.status == "deleted":
            row = new_document(document.doc_id, partition_key(document.doc_id), raw_key)
            rows.append(with_tier(row, deployment))
        else:
            rows.append(with_tier(awaiting(record, raw_key, now), deployment, known=record))
    if rows:
        deployment.catalog.put(rows)


def accept_touched(deployment: Deployment, found: Sequence[FoundDocument]) -> set[str]:
    """Notes the new change marks of files whose bytes are as they were.

    A file that was copied back, or only touched, costs one hash, and no run.

    Returns:
        The documents that are current after all.
    """
    rows = touched(deployment, found)
    if rows:
        deployment.catalog.put(rows)
    return {record.doc_id for record in rows}


def touched(deployment: Deployment, found: Sequence[FoundDocument]) -> list[DocumentRecord]:
    """Those of the changed documents whose bytes are as they were, with the new change mark."""
    changed = {item.doc_id: item.original for item in found if item.change is Change.CHANGED}
    rows = []
    for record in deployment.catalog.get_many(changed).values():
        original = changed[record.doc_id]
        if _was_read(record) and record.raw_key == original.key:
            same = stored_sha256(deployment.storage, original.key) == record.raw_sha256
            now = deployment.storage.stat(original.key)
            # Not while it is being replaced: the mark must be that of the bytes hashed.
            if same and now and now.version == original.version:
                rows.append(record.model_copy(update={"raw_version": original.version}))
    return rows


def _was_read(record: DocumentRecord) -> bool:
    """It went through; touching one that failed asks for another try."""
    through = (DocumentStatus.INDEXED, DocumentStatus.PARTIAL)
    return bool(record.raw_sha256) and record.status in through
