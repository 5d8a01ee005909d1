"""Documents whose folder in raw/ got another name: one is gone, and one with its bytes is new.

What was made of the old one serves the new one, as long as it is there.
"""

from __future__ import annotations

from collections.abc import Sequence

from resources.deployment import Deployment
from resources.storage import ObjectNotFoundError
from sparknet_assets.artifacts import DocumentRef
from sparknet_assets.digests import stored_sha256
from sparknet_assets.stages.documents import read_metadata


def moved(deployment: Deployment, gone: Sequence[str], arrived: Sequence[str]) -> list[str]:
    """Those of the documents that arrived whose bytes are those of one that is gone.

    Only files of a size that a document has which is gone are read.
    """
    if not gone or not arrived:
        return []
    catalog, storage = deployment.catalog, deployment.storage
    left = {row.raw_sha256: row for row in catalog.get_many(gone).values() if row.raw_sha256}
    sizes = {_size(DocumentRef(row.doc_id, row.raw_key), deployment) for row in left.values()}
    found = []
    for row in catalog.get_many(arrived).values():
        original = storage.stat(row.raw_key)
        if original is None or original.size not in sizes:
            continue
        try:
            if stored_sha256(storage, row.raw_key) in left:
                found.append(row.doc_id)
        except ObjectNotFoundError:
            continue  # gone again: its own run says so
    return found


def _size(ref: DocumentRef, deployment: Deployment) -> int | None:
    """Bytes of an original that was read; None where nothing tells."""
    try:
        return read_metadata(ref, deployment).size
    except (ObjectNotFoundError, ValueError):
        return None
