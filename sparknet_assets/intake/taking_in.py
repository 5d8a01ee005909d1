"""Takes files in: bytes to `raw/`, a pending record for each document. Processes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from resources.catalog import DocumentRecord, DocumentStatus
from resources.deployment import Deployment
from resources.failure import Failure, FailureKind, SparknetError
from sparknet_assets.digests import sha256_of, stored_sha256
from sparknet_assets.intake.found_files import (
    Problem,
    SourceFile,
    UnreadableError,
    find_files,
)
from sparknet_assets.intake.naming import DocumentNames, is_safe_doc_id
from sparknet_assets.partition_keys import partition_key
from sparknet_assets.raw_names import RAW
from sparknet_assets.records import awaiting, new_document
from sparknet_assets.removal.intents import is_unfinished, unfinished
from sparknet_assets.tiers import with_tier


@dataclass(slots=True)
class Intake:
    """What became of the paths.

    Attributes:
        doc_ids: Documents under `raw/` and in the catalog, to be processed; in the order found.
        refused: Documents that are in the catalog as failed, without their bytes: too large.
        created: Those of both that had no row before, or had been removed.
        problems: Paths that gave no document.
    """

    doc_ids: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    created: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def take_in(
    deployment: Deployment,
    paths: Sequence[Path],
    *,
    tier: str | None = None,
    doc_id: str | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Intake:
    """Copies the files behind `paths` to `raw/` and registers them.

    A file that was taken in before keeps its doc_id, and its bytes are copied only when they
    differ. Files with the same bytes under different names are different documents. A document
    that was removed starts afresh; a removal that was broken off is finished before.

    Args:
        tier: For all of them; None leaves it to what was said before, the rules, the default.
        doc_id: For a single file: the document whose new version this is, or a new document's id.
        progress: Called with the doc_id of each document taken in.

    Raises:
        SparknetError: The doc_id doesn't fit, or the storage can't be written (a full disk). What
            was copied before is registered.
    """
    files: list[SourceFile] = []
    problems: list[Problem] = []
    for found in find_files(paths, deployment.home):
        if isinstance(found, SourceFile):
            files.append(found)
        else:
            problems.append(found)
    intake = take_in_files(deployment, files, tier=tier, doc_id=doc_id, progress=progress)
    intake.problems[:0] = problems
    return intake


def take_in_files(
    deployment: Deployment,
    files: Sequence[SourceFile],
    *,
    tier: str | None = None,
    doc_id: str | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Intake:
    """As `take_in`, of files that were found already, or that come from elsewhere."""
    intake = Intake()
    _check_doc_id(doc_id, files)
    _finish_removals(deployment)
    records: list[DocumentRecord] = []
    # One intake at a time: two must not give one doc_id to two documents.
    with deployment.locks.hold("intake"):
        if doc_id:
            names = {file.source: doc_id for file in files}
        else:
            names = DocumentNames(deployment).assign(files)
        registered = deployment.catalog.get_many(names.values())
        known = {n: r for n, r in registered.items() if r.status is not DocumentStatus.DELETED}
        try:
            for file in files:
                name = names[file.source]
                if is_unfinished(registered.get(name)):
                    intake.problems.append(_being_removed(name, file))
                    continue
                try:
                    record = _take_one(deployment, file, name, known.get(name), tier)
                except UnreadableError as error:
                    intake.problems.append(error.problem)
                    continue
                if record != known.get(name):
                    records.append(record)
                if name not in known:
                    intake.created.append(name)
                too_large = file.size > deployment.settings.max_bytes
                (intake.refused if too_large else intake.doc_ids).append(name)
                progress(name)
        finally:
            deployment.catalog.put(records)
            _remove_older(deployment, records)
    return intake


def _check_doc_id(doc_id: str | None, files: Sequence[SourceFile]) -> None:
    if doc_id is None:
        return
    if not is_safe_doc_id(doc_id):
        raise SparknetError(
            FailureKind.REFUSED,
            f"{doc_id!r} can't be a doc_id: use a to z, 0 to 9, - and _, starting with a letter or "
            "digit, at most 100 characters.",
        )
    if len(files) > 1:
        raise SparknetError(
            FailureKind.REFUSED, f"A doc_id names one file, but the path holds {len(files)}."
        )


def _finish_removals(deployment: Deployment) -> None:
    """Those that were broken off; those that another process is at are left to it."""
    doc_ids = unfinished(deployment.catalog)
    if not doc_ids:
        return
    from sparknet_assets.instance import instance_if_any
    from sparknet_assets.removal.receipts import RemovalError
    from sparknet_assets.removal.removing import remove

    with suppress(RemovalError), instance_if_any(deployment.settings) as instance:
        remove(deployment, doc_ids, reason="", requested_by="", instance=instance, wait_seconds=0.0)


def _being_removed(doc_id: str, file: SourceFile) -> Problem:
    return Problem(
        file.source,
        FailureKind.UNAVAILABLE,
        f"{file.source}: its document {doc_id} is being removed; `sparknet delete {doc_id}` "
        "finishes that, then ingest the file again.",
    )


class _Copied(NamedTuple):
    version: str
    sha256: str


def _take_one(
    deployment: Deployment,
    file: SourceFile,
    doc_id: str,
    known: DocumentRecord | None,
    tier: str | None,
) -> DocumentRecord:
    """Copies one file where needed; returns its record, equal to `known` when nothing changed."""
    now = datetime.now(UTC)
    raw_key = f"{RAW}{doc_id}/{file.filename}"
    record = known or new_document(doc_id, partition_key(doc_id), raw_key)
    record = record.model_copy(update={"source": file.source})
    limit = deployment.settings.max_bytes
    if file.size > limit:
        record = with_tier(record, deployment, explicit=tier, known=known, stored=False)
        failure = Failure(
            kind=FailureKind.TOO_LARGE,
            retryable=False,
            message=f"{doc_id} has {file.size / 2**20:,.1f} MiB, more than the limit of "
            f"{limit / 2**20:,.1f} MiB; raise SPARKNET_MAX_BYTES and ingest it again.",
        )
        state = {"status": DocumentStatus.FAILED, "failure": failure, "updated_at": now}
        return record.model_copy(update={**state, "raw_version": ""})
    copied = _copy_if_different(deployment, file, raw_key, known)
    if copied is not None:
        record = awaiting(record, raw_key, now)
        # Known marks stay: they say which bytes the stages have read.
        if not record.raw_version:
            marks = {"raw_version": copied.version, "raw_sha256": copied.sha256}
            record = record.model_copy(update=marks)
    if copied is not None or tier:
        record = with_tier(record, deployment, explicit=tier, known=known, stored=False)
    return record if record == known else record.model_copy(update={"updated_at": now})


def _copy_if_different(
    deployment: Deployment, file: SourceFile, raw_key: str, known: DocumentRecord | None
) -> _Copied | None:
    """Copies the bytes under `raw_key`; None when the same bytes are there and recorded."""
    storage = deployment.storage
    stored = storage.stat(raw_key)
    if stored is not None and stored.size == file.size:
        digest = sha256_of(file.blocks())
        recorded = known is not None and known.raw_version == stored.version
        if recorded and known is not None and known.raw_sha256 == digest:
            return None
        if stored_sha256(storage, raw_key) == digest:
            return _Copied(stored.version, digest)
    hashing = hashlib.sha256()
    with storage.writer(raw_key) as target:
        for block in file.blocks():
            hashing.update(block)
            target.write(block)
    written = storage.stat(raw_key)
    return _Copied(written.version if written else "", hashing.hexdigest())


def _remove_older(deployment: Deployment, records: Sequence[DocumentRecord]) -> None:
    """Removes raw objects that a newer one with another file name has replaced."""
    for record in records:
        if record.raw_version:
            for info in list(deployment.storage.list(f"{RAW}{record.doc_id}/")):
                if info.key != record.raw_key:
                    deployment.storage.delete(info.key)
