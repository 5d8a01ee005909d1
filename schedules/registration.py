"""Rows in the catalog for what was found in raw/, before Dagster hears of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from resources.deployment import Deployment
from schedules.planning import FoundDocument
from sparknet_assets.partition_keys import partition_key
from sparknet_assets.records import awaiting, new_document


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
            rows.append(new_document(document.doc_id, partition_key(document.doc_id), raw_key))
        else:
            rows.append(awaiting(record, raw_key, now))
    if rows:
        deployment.catalog.put(rows)
