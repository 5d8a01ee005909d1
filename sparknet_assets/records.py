"""Catalog records of a document's way through the stages, and the status that follows from them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from resources.catalog import DocumentRecord, DocumentStatus, StageRecord, StageStatus
from resources.failure import Failure
from sparknet_assets.stages.contract import StageOutput

LAST_STAGE = "vector_index"


def new_document(doc_id: str, partition_key: str, raw_key: str) -> DocumentRecord:
    """A row for a document that nobody has registered yet."""
    now = datetime.now(UTC)
    return DocumentRecord(
        doc_id=doc_id,
        partition_key=partition_key,
        raw_key=raw_key,
        filename=raw_key.rsplit("/", 1)[-1],
        created_at=now,
        updated_at=now,
    )


def succeeded(
    doc_id: str, stage: str, output: StageOutput, *, fingerprint: str, seconds: float, run_id: str
) -> StageRecord:
    """The record of a stage that wrote its output, whole or with pages missing."""
    failed_pages = sorted(output.failed_pages)
    failures = [output.failed_pages[page] for page in failed_pages]
    # One that may succeed another time speaks for all: the next run then tries again.
    failure = next((f for f in failures if f.retryable), failures[0] if failures else None)
    return StageRecord(
        doc_id=doc_id,
        stage=stage,
        status=StageStatus.PARTIAL if failed_pages else StageStatus.DONE,
        fingerprint=fingerprint,
        data_version=output.data_version,
        failure=failure,
        failed_pages=failed_pages,
        pages=output.pages,
        seconds=seconds,
        cost_usd=output.cost_usd,
        run_id=run_id,
        updated_at=datetime.now(UTC),
        metadata=dict(output.metadata),
    )


def failed(
    doc_id: str,
    stage: str,
    failure: Failure,
    *,
    previous: StageRecord | None,
    seconds: float,
    run_id: str,
) -> StageRecord:
    """The record of a stage that failed. It keeps no fingerprint: the next run tries again."""
    attempts = (previous.attempts if previous else 0) + 1
    return StageRecord(
        doc_id=doc_id,
        stage=stage,
        status=StageStatus.FAILED,
        data_version=previous.data_version if previous else "",
        failure=failure.model_copy(update={"attempts": attempts}),
        attempts=attempts,
        seconds=seconds,
        run_id=run_id,
        updated_at=datetime.now(UTC),
    )


def settle(
    document: DocumentRecord, stages: Mapping[str, StageRecord], run_id: str
) -> DocumentRecord:
    """The document's row as its stage records say.

    A failed stage fails the document. Without one, the index stage decides: reached, the document
    is indexed (partial when pages are missing); not reached, it is pending.
    """
    broken = next((r for r in stages.values() if r.status is StageStatus.FAILED), None)
    partial = next((r for r in stages.values() if r.status is StageStatus.PARTIAL), None)
    if broken:
        status, failure = DocumentStatus.FAILED, broken.failure
    elif LAST_STAGE not in stages:
        status, failure = DocumentStatus.PENDING, None
    elif partial:
        status, failure = DocumentStatus.PARTIAL, partial.failure
    else:
        status, failure = DocumentStatus.INDEXED, None
    first = stages.get("documents")
    last = stages.get(LAST_STAGE)
    return document.model_copy(
        update={
            "status": status,
            "failure": failure,
            "pages": first.pages if first else 0,
            "chunks": int(last.metadata.get("chunks", 0)) if last else 0,
            "run_id": run_id,
            "updated_at": datetime.now(UTC),
        }
    )
