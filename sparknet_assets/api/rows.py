"""Documents as the API shows them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pydantic import BaseModel, Field

from resources.catalog import DocumentRecord, DocumentStatus, StageStatus
from resources.failure import Failure, SparknetError
from resources.storage import InvalidKeyError, ObjectInfo, ObjectNotFoundError
from sparknet_assets.artifacts import METADATA, DocumentMetadata, DocumentRef
from sparknet_assets.reports import report

if TYPE_CHECKING:
    from resources.deployment import Deployment


class DocumentRow(BaseModel):
    """Where a document stands.

    Attributes:
        stale: Why the passages that answer are of an older version; empty when they are current.
        cost_usd: Paid for what there is of the document now.
    """

    doc_id: str
    filename: str
    status: DocumentStatus
    pages: int
    chunks: int
    tier: str
    media_type: str | None
    title: str | None
    failure: Failure | None
    stale: str
    created_at: datetime
    updated_at: datetime
    cost_usd: float


class DocumentList(BaseModel):
    """Documents in the order of their ids.

    Attributes:
        next: To be given as `after` for those that follow; None at the end.
        totals: Status -> number of documents, of all there are.
    """

    documents: list[DocumentRow]
    next: str | None
    totals: dict[str, int]


class StageRow(BaseModel):
    """What a stage last did for a document."""

    stage: str
    status: StageStatus
    seconds: float
    cost_usd: float
    reused: bool
    run_id: str
    run_url: str | None
    fingerprint: str
    data_version: str
    updated_at: datetime
    attempts: int
    failure: Failure | None
    failed_pages: list[int]
    metadata: dict[str, Any]


class Original(BaseModel):
    """The original: change mark, hash, size (bytes; None when it is gone), where it came from."""

    version: str
    sha256: str
    size: int | None
    source: str


class Links(BaseModel):
    """Where else to look."""

    dagster: str | None


class DocumentDetails(DocumentRow):
    """A document with its stages.

    Attributes:
        failed_pages: 1-based numbers of pages that are missing.
        metadata: metadata.json, with the document's tier; None before it was looked at.
        receipt: Key of the receipt of its removal.
    """

    failed_pages: list[int]
    metadata: DocumentMetadata | None
    stages: list[StageRow]
    raw: Original
    links: Links
    receipt: str | None = Field(default=None)


def rows(deployment: Deployment, records: Sequence[DocumentRecord]) -> list[DocumentRow]:
    """Rows of documents that were just read, in the order given."""
    paid = deployment.catalog.paid([record.doc_id for record in records])
    costs = {doc_id: sum(each.usd for each in own) for doc_id, own in paid.items()}
    return [DocumentRow(**_row(record, costs.get(record.doc_id, 0.0))) for record in records]


def details(deployment: Deployment, doc_id: str) -> DocumentDetails | None:
    """A document with all that is known of it; None when there is none."""
    found = next(iter(report(deployment.catalog, [doc_id])), None)
    if found is None:
        return None
    record, base = found.document, deployment.settings.dagster_url
    info = _original(deployment, record)
    return DocumentDetails(
        **_row(record, sum(stage.cost_usd for stage in found.stages.values())),
        failed_pages=found.failed_pages,
        metadata=_metadata(deployment, record),
        stages=[
            StageRow(
                **stage.model_dump(exclude={"doc_id", "recipe", "tried", "pages", "failure"}),
                failure=stage.failure,
                run_url=f"{base.rstrip('/')}/runs/{stage.run_id}"
                if base and stage.run_id
                else None,
            )
            for stage in found.stages.values()
        ],
        raw=Original(
            version=record.raw_version,
            sha256=record.raw_sha256,
            size=info.size if info else None,
            source=record.source,
        ),
        links=Links(dagster=_in_dagster(base, record.partition_key)),
        receipt=record.receipt or None,
    )


def _row(record: DocumentRecord, cost_usd: float) -> dict[str, Any]:
    shown = record.model_dump(
        include=set(DocumentRow.model_fields) - {"failure", "media_type", "title", "cost_usd"}
    )
    return {
        **shown,
        "failure": record.failure,
        "media_type": record.media_type or None,
        "title": record.title or None,
        "cost_usd": round(cost_usd, 6),
    }


def _original(deployment: Deployment, record: DocumentRecord) -> ObjectInfo | None:
    """The original as it is stored; None when it is gone, or nobody may look at it."""
    if record.status == "deleted":
        return None
    try:
        return deployment.storage.stat(record.raw_key)
    except (InvalidKeyError, OSError, SparknetError):
        return None


def _metadata(deployment: Deployment, record: DocumentRecord) -> DocumentMetadata | None:
    try:
        data = deployment.storage.get(DocumentRef(record.doc_id, record.raw_key).key(METADATA))
    except ObjectNotFoundError:
        return None
    # The file says `standard` of all: the tier may change without any of its bytes.
    return DocumentMetadata.model_validate_json(data).model_copy(update={"tier": record.tier})


def _in_dagster(base: str | None, partition_key: str) -> str | None:
    if base is None:
        return None
    return f"{base.rstrip('/')}/assets/vector_index?partition={quote(partition_key, safe='')}"
