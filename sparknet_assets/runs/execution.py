"""Runs of the job in this process, as the commands start them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from resources.failure import Failure, FailureKind, SparknetError
from sparknet_assets.instance import open_instance
from sparknet_assets.instance_errors import explained, of_a_database, out_of_service
from sparknet_assets.run_owner import owner_tag
from sparknet_assets.runs.announcements import announced

if TYPE_CHECKING:
    from collections.abc import Callable

    from dagster import (
        AssetMaterialization,
        AssetObservation,
        DagsterInstance,
        ExecuteInProcessResult,
        JobDefinition,
    )

    from resources.deployment import Deployment
    from sparknet_assets.batch.document_run import StageResult
    from sparknet_assets.pipeline import RunBatch


@dataclass
class RunSummary:
    """What became of the documents of a call.

    Attributes:
        run_ids: The Dagster runs, one a batch, in order.
        documents: How many documents were asked for.
        made: doc_id -> the stages that were redone.
        kept: doc_id -> the stages whose output was up to date.
        failed: doc_id -> why, for each document that a stage failed for.
    """

    documents: int
    run_ids: list[str] = field(default_factory=list)
    made: dict[str, list[str]] = field(default_factory=dict)
    kept: dict[str, list[str]] = field(default_factory=dict)
    failed: dict[str, Failure] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return not self.failed

    @property
    def reused(self) -> int:
        """How many (document, stage) pairs were up to date."""
        return sum(map(len, self.kept.values()))

    @property
    def finished(self) -> int:
        """How many (document, stage) pairs finished, the reused ones included."""
        return self.reused + sum(map(len, self.made.values()))

    def add(self, result: StageResult) -> None:
        """Counts a result."""
        record = result.record
        if record.status == "failed" and record.failure is not None:
            self.failed[result.ref.doc_id] = record.failure
            return
        stages = self.kept if record.reused else self.made
        stages.setdefault(result.ref.doc_id, []).append(result.stage)

    def include(self, other: RunSummary) -> None:
        """Adds what another call did, of other documents."""
        self.documents += other.documents
        self.run_ids += other.run_ids
        self.made |= other.made
        self.kept |= other.kept
        self.failed |= other.failed


def execute(
    deployment: Deployment,
    doc_ids: Sequence[str],
    *,
    stages: Sequence[str] | None = None,
    instance: DagsterInstance | None = None,
    force: bool = False,
    progress: Callable[[StageResult], None] | None = None,
    run: RunBatch | None = None,
) -> RunSummary:
    """Runs documents through the pipeline in this process, so that the UI shows their lineage.

    Any set of documents makes one run for each `settings.batch_size` of them.

    Args:
        stages: Names; all by default.
        instance: The shared instance by default.
        force: Redo what is up to date.
        progress: Called with each result once it is durable, in this thread.
        run: Stands in for `run_batch` in tests and benchmarks.

    Raises:
        SparknetError: A run failed as a whole, so that not even its documents have results.
        ValueError: A name in `stages` is not a stage.
    """
    from sparknet_assets.batch.running import run_batch
    from sparknet_assets.definitions import build_defs
    from sparknet_assets.jobs import INGEST
    from sparknet_assets.partition_keys import partition_key
    from sparknet_assets.pipeline import Door
    from sparknet_assets.runs.planned import shown_as_done
    from sparknet_assets.stages import STAGES

    known = [stage.name for stage in STAGES]
    for stage in stages or ():
        if stage not in known:
            raise ValueError(f"no stage is called {stage}; there are {', '.join(known)}")
    summary = RunSummary(documents=len(set(doc_ids)))

    def watch(result: StageResult) -> None:
        summary.add(result)
        if progress is not None:
            progress(result)

    keys = sorted({partition_key(doc_id) for doc_id in doc_ids})
    size = deployment.settings.batch_size
    opened = nullcontext(instance) if instance else open_instance(deployment.settings)
    with opened as shared, announced(deployment.catalog, doc_ids):
        door = Door(watch, shown_as_done(shared, known, keys))
        defs = build_defs(deployment, door=door, run=run or run_batch)
        job = defs.resolve_job_def(INGEST)
        _register(deployment, shared, doc_ids)
        for start in range(0, len(keys), size):
            batch = keys[start : start + size]
            result = _execute(job, shared, batch, stages, force)
            summary.run_ids.append(result.run_id)
    return summary


def _register(deployment: Deployment, instance: DagsterInstance, doc_ids: Sequence[str]) -> None:
    """Makes documents known: rows in the catalog, partitions, their originals in the graph."""
    from dagster import AssetKey

    from sparknet_assets.arrivals import arrival
    from sparknet_assets.originals import registered
    from sparknet_assets.partitions import register_partitions
    from sparknet_assets.runs.events import report_runless
    from sparknet_assets.stages.contract import RAW_DOCUMENTS

    records = registered(doc_ids, deployment)
    events: list[AssetMaterialization | AssetObservation] = []
    register_partitions(instance, [record.partition_key for record in records.values()])
    seen = instance.get_materialized_partitions(AssetKey(RAW_DOCUMENTS))
    for record in records.values():
        if record.status == "pending" or record.partition_key not in seen:
            info = deployment.storage.stat(record.raw_key)
            if info:
                events += arrival(record.partition_key, record.doc_id, info)
    report_runless(instance, events)


def _execute(
    job: JobDefinition,
    instance: DagsterInstance,
    keys: Sequence[str],
    stages: Sequence[str] | None,
    force: bool,
) -> ExecuteInProcessResult:
    from dagster import AssetKey

    from sparknet_assets.runs.config import COUNT_TAG, sparse_config

    config: dict[str, Any] = sparse_config(keys, force=force)
    # The command shows its own progress; the run's log in the UI is complete all the same.
    config["loggers"] = {"console": {"config": {"log_level": "CRITICAL"}}}
    run_id = str(uuid.uuid4())
    with explained():
        result = job.execute_in_process(
            run_id=run_id,
            run_config=config,
            instance=instance,
            partition_key=keys[0],
            asset_selection=None if stages is None else [AssetKey(stage) for stage in stages],
            tags={**owner_tag(run_id), COUNT_TAG: str(len(keys))},
            raise_on_error=False,
        )
    if not result.success:
        _raise_unless_documents_failed(result)
    return result


def _raise_unless_documents_failed(result: ExecuteInProcessResult) -> None:
    for event in result.all_events:
        if not event.is_step_failure:
            continue
        data = event.step_failure_data
        if data.user_failure_data is not None:  # the pipeline's own list of failed documents
            return
        error = data.error
        unstored = False
        while error and error.cause:
            unstored = unstored or of_a_database(error.message)
            error = error.cause
        if error and error.cls_name == "DagsterExecutionInterruptedError":
            raise KeyboardInterrupt
        reason = error.message.strip() if error else "no reason was given"
        if unstored:
            raise out_of_service(reason)
        raise SparknetError(
            FailureKind.INTERNAL, f"the run {result.run_id} broke off: {reason}; the UI has its log"
        )
