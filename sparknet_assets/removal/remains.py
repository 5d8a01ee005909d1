"""What every store holds of documents: counted before a removal, and again to prove it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from resources.deployment import Deployment
from resources.storage import StorageAdapter
from resources.vector_store import VectorStore
from sparknet_assets.fields.correction_log import CORRECTIONS
from sparknet_assets.raw_names import RAW
from sparknet_assets.removal.receipts import Amount

PROCESSED = "processed/"

Remains = dict[str, Amount]
"""By store: processed, corrections, vectors, keyword_rows, cache, stages, holdings."""


def count_remains(
    deployment: Deployment, stores: Sequence[VectorStore], doc_ids: Sequence[str]
) -> dict[str, Remains]:
    """What there is of each document beside its original.

    Args:
        stores: The index, all its generations.
    """
    vectors, rows = _indexed(stores, doc_ids)
    stages = deployment.catalog.stages(doc_ids)
    held = dict.fromkeys(doc_ids, 0)
    for store in stores:
        for doc_id in deployment.catalog.holdings(store.generation, doc_ids):
            held[doc_id] += 1
    return {
        doc_id: {
            "processed": _stored(deployment.storage, f"{PROCESSED}{doc_id}/"),
            "corrections": _stored(deployment.storage, f"{CORRECTIONS}{doc_id}/"),
            "vectors": Amount(count=vectors[doc_id]),
            "keyword_rows": Amount(count=rows[doc_id]),
            "cache": Amount(count=deployment.cache.used(doc_id)),
            "stages": Amount(count=len(stages[doc_id])),
            "holdings": Amount(count=held[doc_id]),
        }
        for doc_id in doc_ids
    }


def originals_of(storage: StorageAdapter, doc_id: str) -> dict[str, str]:
    """Key -> change mark of everything in the document's folder under raw/."""
    return {info.key: info.version for info in storage.list(f"{RAW}{doc_id}/")}


def count_originals(storage: StorageAdapter, originals: Mapping[str, str]) -> Amount:
    """Those of the originals that are there, unchanged."""
    infos = (storage.stat(key) for key in originals)
    sizes = [info.size for info in infos if info and originals[info.key] == info.version]
    return Amount(count=len(sizes), bytes=sum(sizes))


def _stored(storage: StorageAdapter, prefix: str) -> Amount:
    sizes = [info.size for info in storage.list(prefix)]
    return Amount(count=len(sizes), bytes=sum(sizes))


def _indexed(
    stores: Sequence[VectorStore], doc_ids: Sequence[str]
) -> tuple[dict[str, int], dict[str, int]]:
    """Number of vectors and of keyword rows of each document, in all generations."""
    vectors, rows = dict.fromkeys(doc_ids, 0), dict.fromkeys(doc_ids, 0)
    for store in stores:
        found, known = store.chunk_ids(doc_ids), store.document_ids()
        for doc_id in doc_ids:
            chunks = len(found[doc_id])
            vectors[doc_id] += chunks
            # A document that has rows without vectors is known, and has no chunks.
            rows[doc_id] += chunks or int(doc_id in known)
    return vectors, rows
