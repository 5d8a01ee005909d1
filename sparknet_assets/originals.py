"""The originals under `raw/`: which file a document is, and a row for each document."""

from __future__ import annotations

from collections.abc import Collection

from resources.catalog import DocumentRecord
from resources.deployment import Deployment
from sparknet_assets.partition_keys import partition_key
from sparknet_assets.raw_names import RAW, depth_and_name, is_temporary
from sparknet_assets.records import new_document
from sparknet_assets.tiers import with_tier


def find_raw(doc_id: str, deployment: Deployment) -> str | None:
    """Key of the document's original: the first file in its folder, temporary ones last."""
    keys = [info.key for info in deployment.storage.list(f"{RAW}{doc_id}/")]
    return min(keys, key=lambda key: (is_temporary(key), *depth_and_name(key)), default=None)


def registered(doc_ids: Collection[str], deployment: Deployment) -> dict[str, DocumentRecord]:
    """The rows of these documents; what was put under `raw/` by hand gets one like any other.

    So does what was put there again after it was removed. A document that is deleted and has not
    come back keeps its row.
    """
    records = deployment.catalog.get_many(doc_ids)
    new = []
    for doc_id in dict.fromkeys(doc_ids):
        record = records.get(doc_id)
        if record is None or record.receipt:
            raw_key = find_raw(doc_id, deployment)
            if record is None or raw_key:
                key = raw_key or f"{RAW}{doc_id}"
                row = new_document(doc_id, partition_key(doc_id), key)
                new.append(with_tier(row, deployment, stored=raw_key is not None))
    if new:
        deployment.catalog.put(new)
    return {**records, **{record.doc_id: record for record in new}}
