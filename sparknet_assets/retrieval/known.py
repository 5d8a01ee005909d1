"""What the catalog says of the documents that were found."""

from __future__ import annotations

from collections.abc import Sequence

from resources.catalog import DocumentRecord
from resources.deployment import Deployment
from resources.vector_store import SearchHit


def known_hits(
    hits: Sequence[SearchHit], deployment: Deployment
) -> tuple[list[SearchHit], dict[str, DocumentRecord]]:
    """The hits that may be shown, and the rows of their documents.

    A document whose removal has begun is not found any more, wherever that removal has got to.
    """
    records = deployment.catalog.get_many({hit.chunk.doc_id for hit in hits})
    gone = {record.doc_id for record in records.values() if record.status == "deleted"}
    return [hit for hit in hits if hit.chunk.doc_id not in gone], records
