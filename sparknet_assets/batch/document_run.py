"""One document through its own stages: reuse what is current, run the rest, record each result."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from resources.catalog import DocumentRecord, StageRecord, StageStatus
from resources.deployment import Deployment
from resources.failure import Failure, FailureKind, SparknetError
from sparknet_assets.artifacts import DocumentRef
from sparknet_assets.batch.buried import BuriedError, refuse_buried
from sparknet_assets.batch.stage_work import run_stage
from sparknet_assets.batch.workers import PoolClosedError, WorkerPool, as_sparknet_error
from sparknet_assets.digests import stored_sha256
from sparknet_assets.fingerprint import Recipes
from sparknet_assets.originals import find_raw
from sparknet_assets.records import LAST_STAGE, failed, settle, succeeded, with_retry
from sparknet_assets.stages.contract import (
    RAW_DOCUMENTS,
    DocumentStage,
    PagedStage,
    Stage,
    StageOutput,
)
from sparknet_assets.unclimbed import affordable_climb, unclimbed_pages

MISSING = "missing"
"""Change mark of an original that is not there."""


@dataclass(frozen=True)
class StageResult:
    """What happened to one document at one stage.

    A stage that was not reached, because one before it failed, has no result.
    """

    ref: DocumentRef
    partition_key: str
    stage: str
    record: StageRecord


@dataclass
class DocumentRun:
    """The state of one document in a batch.

    Attributes:
        versions: Data version of each input that is known to be current.
        records: Stage records, as they stand in the catalog.
        graph: All stages, in order.
        failed: Names of the stages that failed; those that depend on them are not reached.
        outrun: True while a stage before the index has a newer output than the one indexed.
        gone: It was removed meanwhile: nothing more is done.
        stored: The document's row, as it stands in the catalog.
        twins: Hash of the original, and other documents that have it, once they were asked for.
        tier: As it was when the run began; `recipes` are those of this tier.
    """

    ref: DocumentRef
    document: DocumentRecord
    records: dict[str, StageRecord]
    graph: Sequence[Stage]
    recipes: Recipes
    run_id: str
    force: bool = False
    versions: dict[str, str] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)
    outrun: bool = False
    gone: bool = False
    reused: list[StageRecord] = field(default_factory=list)
    stored: DocumentRecord = field(init=False)
    twins: tuple[str, list[DocumentRef]] | None = None
    tier: str = field(init=False)

    def __post_init__(self) -> None:
        self.stored = self.document
        self.tier = self.document.tier
        self.outrun = bool(self.document.stale)

    def observe_raw(self, deployment: Deployment) -> None:
        """Reads the change mark of the original, and its hash when the mark is new.

        Raises:
            SparknetError: The original is gone.
        """
        info = deployment.storage.stat(self.ref.raw_key)
        if info is None:
            self._find_again(deployment)
            info = deployment.storage.stat(self.ref.raw_key)
        if info is None:
            # Not what was last read: the same file put back has changed as well.
            self.document = self.document.model_copy(update={"raw_version": MISSING})
            raise SparknetError(
                FailureKind.UNREADABLE,
                f"{self.ref.doc_id}: there is no file at {self.ref.raw_key}; "
                "put it back, or delete the document",
            )
        if info.version != self.document.raw_version or not self.document.raw_sha256:
            oversized = info.size > deployment.settings.max_bytes
            digest = (
                info.version if oversized else stored_sha256(deployment.storage, self.ref.raw_key)
            )
            self.document = self.document.model_copy(
                update={"raw_version": info.version, "raw_sha256": digest}
            )
        # The name counts: it tells kinds of plain text apart, and it is part of metadata.json.
        self.versions[RAW_DOCUMENTS] = f"{self.document.raw_sha256}:{self.ref.filename}"

    def _find_again(self, deployment: Deployment) -> None:
        """The file may have been replaced by one of another name."""
        raw_key = find_raw(self.ref.doc_id, deployment)
        if raw_key:
            self.ref = DocumentRef(self.ref.doc_id, raw_key)
            self.document = self.document.model_copy(
                update={"raw_key": raw_key, "filename": self.ref.filename}
            )

    def refuse_changed_raw(self, deployment: Deployment) -> None:
        """Guards work that goes by what the `documents` stage found.

        Raises:
            SparknetError: The original changed since it was last read; those facts are stale.
        """
        info = deployment.storage.stat(self.ref.raw_key)
        if info is None or info.version != self.document.raw_version:
            raise SparknetError(
                FailureKind.REFUSED,
                f"{self.ref.doc_id}: the original changed since the stage `documents` began; "
                "materialize all stages",
                retryable=True,
            )

    def inputs_known(self, stage: Stage) -> bool:
        """Completes `versions` for `stage` from the records of stages that were not selected.

        False where an input was never made, or a stage before it failed.
        """
        if self.gone or self._is_blocked(stage):
            return False
        for name in stage.inputs:
            if name not in self.versions:
                record = self.records.get(name)
                if record is None or record.status is StageStatus.FAILED:
                    return False
                self.versions[name] = record.data_version
        return True

    def _is_blocked(self, stage: Stage) -> bool:
        blocked = set(self.failed)
        for each in self.graph:
            if blocked.intersection(each.inputs):
                blocked.add(each.name)
        return stage.name in blocked

    def reusable(self, stage: Stage, deployment: Deployment) -> StageRecord | None:
        """The record of `stage` when its output is current and there, else None."""
        record = self.records.get(stage.name)
        if self.force or record is None or record.status is StageStatus.FAILED:
            return None
        if record.failure and record.failure.retryable:
            return None
        if record.fingerprint != self.recipes.fingerprint(stage, self.versions):
            return None
        if stage.artifact and deployment.storage.stat(self.ref.key(stage.artifact)) is None:
            return None
        if unclimbed_pages(record):
            own = deployment.of_tier(self.tier)
            return record if affordable_climb(own) is None else None
        return record

    def reuse(self, stage: Stage, record: StageRecord) -> StageResult:
        """Passes over a stage whose output is current."""
        if not record.reused:
            record = record.model_copy(update={"reused": True})
            self.reused.append(record)
        return self._arrive(stage, record)

    def begin(self, stage: Stage, deployment: Deployment) -> None:
        """Forgets the fingerprint of the output that is about to be replaced.

        Were the run killed half-way, the old fingerprint would vouch for a mixture of old and new.
        """
        record = self.records.get(stage.name)
        if record and record.fingerprint:
            deployment.catalog.put_stages([record.model_copy(update={"fingerprint": ""})])

    def succeed(
        self, stage: Stage, output: StageOutput, seconds: float, deployment: Deployment
    ) -> StageResult:
        """Records an output that is durable already."""
        previous = self.records.get(stage.name)
        record = succeeded(
            self.ref.doc_id,
            stage.name,
            output,
            fingerprint=self.recipes.fingerprint(stage, self.versions),
            seconds=seconds,
            run_id=self.run_id,
            recipe=self.recipes.note(stage, deployment.catalog),
            previous=previous,
        )
        if previous and previous.data_version != record.data_version and not stage.aside:
            self.outrun = True
        record = _with_retry(record, deployment)
        result = self._arrive(stage, record)
        self.save(deployment, record)
        return result

    def fail(
        self, stage: Stage, error: SparknetError | Failure, seconds: float, deployment: Deployment
    ) -> StageResult:
        """Records a failure; the stages that depend on it are not reached."""
        failure = error.to_failure() if isinstance(error, SparknetError) else error
        if self.ref.doc_id not in failure.message and self.ref.filename not in failure.message:
            message = f"{self.ref.doc_id}: {failure.message}"
            failure = failure.model_copy(update={"message": message})
        record = failed(
            self.ref.doc_id,
            stage.name,
            failure,
            previous=self.records.get(stage.name),
            seconds=seconds,
            run_id=self.run_id,
            tried=self._tried(stage),
        )
        record = _with_retry(record, deployment)
        self.failed.add(stage.name)
        result = self._arrive(stage, record)
        self.save(deployment, record)
        return result

    def save(self, deployment: Deployment, *records: StageRecord) -> None:
        """Writes records and the document's row in one transaction, if anything changed.

        Raises:
            BuriedError: The document was removed meanwhile.
        """
        if self.gone:
            return
        pending = [*self.reused, *records]
        ordered = {s.name: self.records[s.name] for s in self.graph if s.name in self.records}
        document = settle(self.document, ordered, self.run_id, outrun=self.outrun)
        same = document.model_copy(
            update={"updated_at": self.stored.updated_at, "run_id": self.stored.run_id}
        )
        if pending or same != self.stored:
            document = self._with_intake(document, deployment)
            deployment.catalog.put_stages(pending, [document])
            self.stored = document
        self.document = document
        self.reused.clear()

    def _with_intake(self, document: DocumentRecord, deployment: Deployment) -> DocumentRecord:
        """The document's row with what an intake wrote into it while we were at work."""
        current = deployment.catalog.get(self.ref.doc_id)
        try:
            refuse_buried(current, deployment)
        except BuriedError:
            self.gone = True
            raise
        if current is None:
            return document
        kept = {name: getattr(current, name) for name in ("source", "tier", "tier_source")}
        return document.model_copy(update=kept)

    def _tried(self, stage: Stage) -> str:
        """Fingerprint of an attempt; none when that is what could not be found out."""
        try:
            return self.recipes.fingerprint(stage, self.versions)
        except (KeyError, SparknetError):
            return ""

    def _arrive(self, stage: Stage, record: StageRecord) -> StageResult:
        self.records[stage.name] = record
        if stage.name == LAST_STAGE and record.status is not StageStatus.FAILED:
            self.outrun = False
        if record.status is not StageStatus.FAILED:
            self.versions[stage.name] = record.data_version
        return StageResult(self.ref, self.document.partition_key, stage.name, record)


def _with_retry(record: StageRecord, deployment: Deployment) -> StageRecord:
    settings = deployment.settings
    wait = timedelta(seconds=settings.retry_seconds)
    return with_retry(record, settings.retry_attempts, wait)


def _check_budget(deployment: Deployment) -> None:
    """Before work is begun.

    Raises:
        BudgetError: The run has spent what it may: what it has not begun is left for another.
    """
    if deployment.ledger is not None:
        deployment.ledger.check()


def run_document_stages(
    run: DocumentRun,
    stages: Sequence[DocumentStage | PagedStage],
    pool: WorkerPool,
    deployment: Deployment,
    emit: Callable[[StageResult], None],
) -> None:
    """Takes one document through `stages` in order, until one fails, which is a result.

    Args:
        emit: Takes each result once it is durable.

    Raises:
        BuriedError: The document was removed before its failure could be recorded.
    """
    for stage in stages:
        started = time.perf_counter()
        try:
            if RAW_DOCUMENTS in stage.inputs:
                run.observe_raw(deployment)
            elif RAW_DOCUMENTS not in run.versions:
                run.refuse_changed_raw(deployment)
            if not run.inputs_known(stage):
                return
            record = run.reusable(stage, deployment)
            if record:
                emit(run.reuse(stage, record))
                continue
            if not stage.aside:  # which costs nothing where there is nothing left to pay with
                _check_budget(deployment)
            run.begin(stage, deployment)
            output, seconds = run_stage(stage, run, pool, deployment)
            if output.failed_pages:  # for want of money: what is whole goes on answering
                _check_budget(deployment)
            # Pages of two versions must never pass for one document.
            run.refuse_changed_raw(deployment)
            emit(run.succeed(stage, output, seconds, deployment))
        except (PoolClosedError, BuriedError):
            return
        except Exception as error:
            seconds = time.perf_counter() - started
            emit(run.fail(stage, as_sparknet_error(error), seconds, deployment))
            return
