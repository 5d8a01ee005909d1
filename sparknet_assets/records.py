"""Catalog records of a document's way through the stages, and the status that follows from them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from resources.catalog import DocumentRecord, DocumentStatus, StageRecord, StageStatus
from resources.failure import Failure
from sparknet_assets.stage_names import ASIDE_NAMES
from sparknet_assets.stages.contract import StageOutput

LAST_STAGE = "vector_index"
# Times 4 for each attempt: with 5 minutes to begin with, the fifth comes after about 7 hours.
_BACKOFF_FACTOR = 4
_LONGEST_WAIT = timedelta(days=1)


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


def never_copied(document: DocumentRecord) -> bool:
    """True of a file over the size limit: it stays where it is; the limit may be raised one day."""
    refused = document.status is DocumentStatus.FAILED and not document.raw_version
    return bool(document.source) and refused


def awaiting(document: DocumentRecord, raw_key: str, now: datetime) -> DocumentRecord:
    """The row of a known document whose original was replaced: what it was answers meanwhile."""
    return document.model_copy(
        update={
            "raw_key": raw_key,
            "filename": raw_key.rsplit("/", 1)[-1],
            "status": DocumentStatus.PENDING,
            "failure": None,
            "stale": "a newer version waits to be indexed" if document.chunks else "",
            "updated_at": now,
        }
    )


def succeeded(
    doc_id: str,
    stage: str,
    output: StageOutput,
    *,
    fingerprint: str,
    seconds: float,
    run_id: str,
    recipe: str = "",
    previous: StageRecord | None = None,
) -> StageRecord:
    """The record of a stage that wrote its output, whole or with something missing.

    Args:
        previous: What the stage did before: counts how often the same was tried.
    """
    failed_pages = sorted(output.failed_pages)
    failures = [output.failed_pages[page] for page in failed_pages]
    if output.failure:
        failures.append(output.failure)
    # One that may succeed another time speaks for all: the next run then tries again.
    failure = next((f for f in failures if f.retryable), failures[0] if failures else None)
    again = previous is not None and previous.tried == fingerprint
    attempts = (previous.attempts if previous and again else 0) + 1 if failure else 0
    return StageRecord(
        doc_id=doc_id,
        stage=stage,
        status=StageStatus.PARTIAL if failures else StageStatus.DONE,
        fingerprint=fingerprint,
        recipe=recipe,
        tried=fingerprint if failure else "",
        data_version=output.data_version,
        failure=failure.model_copy(update={"attempts": attempts}) if failure else None,
        failed_pages=failed_pages,
        attempts=attempts,
        pages=output.pages,
        seconds=seconds,
        cost_usd=output.cost_usd + _paid_in_vain(previous, fingerprint),
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
    tried: str = "",
) -> StageRecord:
    """The record of a stage that failed. It keeps no fingerprint: the next run tries again.

    Args:
        tried: Fingerprint of what was tried. Another one than before begins to count anew.
    """
    again = previous is not None and previous.tried == tried
    attempts = (previous.attempts if previous and again else 0) + 1
    kept = {"chunks": previous.metadata.get("chunks", 0)} if previous else {}
    return StageRecord(
        doc_id=doc_id,
        stage=stage,
        status=StageStatus.FAILED,
        tried=tried,
        data_version=previous.data_version if previous else "",
        failure=failure.model_copy(update={"attempts": attempts}),
        attempts=attempts,
        seconds=seconds,
        cost_usd=failure.cost_usd + _paid_in_vain(previous, tried),
        run_id=run_id,
        updated_at=datetime.now(UTC),
        metadata={name: count for name, count in kept.items() if count},
    )


def _paid_in_vain(previous: StageRecord | None, tried: str) -> float:
    """What the attempts at the same work before this one cost: what they left is used by it."""
    if previous is None or previous.status is not StageStatus.FAILED or previous.tried != tried:
        return 0.0
    return previous.cost_usd


def with_retry(record: StageRecord, attempts: int, first_wait: timedelta) -> StageRecord:
    """The record with the time of the next scheduled attempt, if there is to be one.

    Args:
        attempts: Most attempts at the same work.
        first_wait: Before the second attempt; each wait after it is four times as long, up to a
            day.
    """
    failure = record.failure
    if failure is None:
        return record
    due = None
    if failure.retryable and record.attempts < attempts:
        wait = min(first_wait * _BACKOFF_FACTOR ** min(record.attempts - 1, 9), _LONGEST_WAIT)
        due = record.updated_at + wait
    return record.model_copy(update={"failure": failure.model_copy(update={"next_retry_at": due})})


def settle(
    document: DocumentRecord,
    stages: Mapping[str, StageRecord],
    run_id: str,
    *,
    outrun: bool = False,
) -> DocumentRecord:
    """The document's row as its stage records say.

    A failed stage fails the document. Without one, the index stage decides: reached, the document
    is indexed (partial when pages are missing); not reached, it is pending. A stage aside that
    failed leaves the document partial, and what answers as it is.

    Args:
        outrun: A stage has made a newer output than the one that is indexed.
    """
    on_the_way = [record for name, record in stages.items() if name not in ASIDE_NAMES]
    aside = [record for name, record in stages.items() if name in ASIDE_NAMES]
    broken = next((r for r in on_the_way if r.status is StageStatus.FAILED), None)
    partial = next((r for r in on_the_way if r.status is StageStatus.PARTIAL), None)
    partial = partial or next((r for r in aside if r.status is not StageStatus.DONE), None)
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
    chunks = int(last.metadata.get("chunks", 0)) if last else 0
    return document.model_copy(
        update={
            "status": status,
            "failure": failure,
            "pages": first.pages if first else 0,
            "media_type": str(first.metadata.get("media_type") or "") if first else "",
            "title": str(first.metadata.get("title") or "") if first else "",
            "chunks": chunks,
            "stale": _stale(broken, outrun) if chunks else "",
            "run_id": run_id,
            "updated_at": datetime.now(UTC),
        }
    )


def _stale(broken: StageRecord | None, outrun: bool) -> str:
    """Why what answers is of an older version."""
    if broken:
        reason = broken.failure.message if broken.failure else "no reason was given"
        return f"the newer version failed at {broken.stage}: {reason}"
    return "a newer version is being indexed" if outrun else ""
