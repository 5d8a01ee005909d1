"""Documents whose folder in raw/ got another name: one is gone, and one with its bytes is new.

What was made of the old one serves the new one, as long as it is there.
"""

from __future__ import annotations

from collections.abc import Sequence

from resources.deployment import Deployment
from resources.storage import ObjectNotFoundError
from schedules.planning import FoundDocument
from sparknet_assets.artifacts import DocumentRef
from sparknet_assets.digests import stored_sha256
from sparknet_assets.stages.documents import read_metadata


def moved(
    deployment: Deployment,
    gone: Sequence[str],
    unread: Sequence[FoundDocument],
    due: Sequence[str],
) -> list[str]:
    """Those of the documents with work before them whose bytes are those of one that is gone.

    Only files of a size that a document has which is gone are read.

    Args:
        unread: Documents whose bytes nobody has read yet.
        due: All that have work before them; those that were read may have been cut off after it.
    """
    if not gone or not due:
        return []
    left = {r.raw_sha256: r for r in deployment.catalog.get_many(gone).values() if r.raw_sha256}
    sizes = {_size(DocumentRef(row.doc_id, row.raw_key), deployment) for row in left.values()}
    new = {document.doc_id for document in unread}
    read = deployment.catalog.get_many([doc_id for doc_id in due if doc_id not in new])
    found = [row.doc_id for row in read.values() if row.raw_sha256 in left]
    for document in unread:
        if document.original.size not in sizes:
            continue
        try:
            if stored_sha256(deployment.storage, document.original.key) in left:
                found.append(document.doc_id)
        except ObjectNotFoundError:
            continue  # gone again: its own run says so
    return found


def _size(ref: DocumentRef, deployment: Deployment) -> int | None:
    """Bytes of an original that was read; None where nothing tells."""
    try:
        return read_metadata(ref, deployment).size
    except (ObjectNotFoundError, ValueError):
        return None
