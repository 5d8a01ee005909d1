"""Jobs over whatever documents need it, in one run of few batches: reconcile, retry what failed."""

# Dagster reads the annotations of ops and assets, so they are not postponed here.

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import dagster as dg

from resources.catalog import DocumentRecord, DocumentStatus
from resources.deployment import Deployment
from schedules.look_report import PLAN
from schedules.plan import Plan
from schedules.plan_report import LISTED, plan_metadata
from schedules.reconciliation import gather_settled, reconcile
from sparknet_assets.batch.running import run_batch
from sparknet_assets.jobs import RECONCILE, RETRY
from sparknet_assets.materializations import failure_table
from sparknet_assets.partitions import GROUP
from sparknet_assets.pipeline import RunBatch
from sparknet_assets.records import never_copied
from sparknet_assets.run_owner import owner_tag
from sparknet_assets.runs.execution import RunSummary, execute
from sparknet_assets.stage_names import STAGE_NAMES
from sparknet_assets.stages import STAGES
from sparknet_assets.stages.contract import Stage

if TYPE_CHECKING:
    from resources.catalog import Catalog


def plan_asset(stages: Sequence[Stage] = STAGES) -> dg.AssetsDefinition:
    """`sparknet plan` as an asset: to materialize it is to look, and changes nothing."""

    @dg.asset(
        name=PLAN,
        group_name=GROUP,
        kinds={"plan"},
        description="What a reconciliation would do, and why: materialize it to see. The job "
        "`reconcile` does it; the sensor tells here what it asked for.",
    )
    def reconciliation_plan(
        deployment: dg.ResourceParam[Deployment],
    ) -> "dg.MaterializeResult[None]":
        return dg.MaterializeResult(
            metadata=plan_metadata(gather_settled(deployment, graph=stages).plan)
        )

    return reconciliation_plan


def reconcile_job(stages: Sequence[Stage] = STAGES, run: RunBatch = run_batch) -> dg.JobDefinition:
    """Everything brought to what raw/, the code and the settings say."""

    @dg.op
    def bring_up_to_date(
        context: dg.OpExecutionContext, deployment: dg.ResourceParam[Deployment]
    ) -> None:
        context.instance.add_run_tags(context.run_id, owner_tag(context.run_id))

        def planned(plan: Plan) -> None:
            metadata = plan_metadata(plan)
            context.log_event(dg.AssetMaterialization(PLAN, metadata=metadata))

        outcome = reconcile(
            deployment,
            instance=context.instance,
            planned=planned,
            run=run,
            graph=stages,
            requested_by=f"the job {RECONCILE}",
        )
        removed = dg.MetadataValue.int(len(outcome.receipts))
        context.add_output_metadata({"removed": removed, **_done(outcome.summary)})
        _fail_if_any_failed(outcome.summary)

    return _job(
        bring_up_to_date, RECONCILE, "Plans, removes what is gone, and redoes what is not current."
    )


def retry_job(run: RunBatch = run_batch) -> dg.JobDefinition:
    """All failed documents at once, for the launchpad: no configuration needed.

    A backfill of the failed partitions would start a run for each gap between them.
    """

    @dg.op
    def try_again(context: dg.OpExecutionContext, deployment: dg.ResourceParam[Deployment]) -> None:
        context.instance.add_run_tags(context.run_id, owner_tag(context.run_id))
        doc_ids = [record.doc_id for record in failed_documents(deployment.catalog)]
        summary = None
        if doc_ids:
            summary = execute(deployment, doc_ids, instance=context.instance, run=run)
        context.add_output_metadata(_done(summary))
        _fail_if_any_failed(summary)

    return _job(
        try_again,
        RETRY,
        "Tries every failed or partial document again, in as few runs as `batch_size` allows.",
    )


def failed_documents(catalog: "Catalog", due: datetime | None = None) -> list[DocumentRecord]:
    """Failed documents and those with missing pages, in `doc_id` order.

    Args:
        due: Only those whose next attempt is scheduled, and for this time or before.
    """
    found = []
    for status in (DocumentStatus.FAILED, DocumentStatus.PARTIAL):
        for record in catalog.documents(status=status):
            failure = record.failure
            if failure is None or never_copied(record):
                continue
            at = failure.next_retry_at
            if due is None or (at is not None and at <= due):
                found.append(record)
    return sorted(found, key=lambda record: record.doc_id)


def _job(op: dg.OpDefinition, name: str, description: str) -> dg.JobDefinition:
    @dg.job(name=name, description=description)
    def job() -> None:
        op()

    return job


def _done(summary: RunSummary | None) -> dict[str, dg.MetadataValue]:
    """What the runs did: how many documents each stage was redone for, and which documents."""
    if summary is None:
        return {"documents": dg.MetadataValue.int(0), "runs": dg.MetadataValue.int(0)}
    made, kept = (
        Counter(stage for stages in by_document.values() for stage in stages)
        for by_document in (summary.made, summary.kept)
    )
    by_stage = [
        dg.TableRecord({"stage": name, "redone": made[name], "reused": kept[name]})
        for name in STAGE_NAMES
        if made[name] or kept[name]
    ]
    by_document = [
        dg.TableRecord(
            {
                "document": doc_id,
                "redone": ", ".join(summary.made.get(doc_id, ())),
                "reused": ", ".join(summary.kept.get(doc_id, ())),
            }
        )
        for doc_id in sorted(summary.made.keys() | summary.kept.keys())[:LISTED]
    ]
    values: dict[str, dg.MetadataValue] = {
        "documents": dg.MetadataValue.int(summary.documents),
        "failed": dg.MetadataValue.int(len(summary.failed)),
        "runs": dg.MetadataValue.int(len(summary.run_ids)),
    }
    if by_stage:
        values["stages"] = dg.MetadataValue.table(by_stage)
        values["first_documents"] = dg.MetadataValue.table(by_document)
    return values


def _fail_if_any_failed(summary: RunSummary | None) -> None:
    """So that the run is as red as those of its batches; Dagster does not repeat it."""
    if summary is None or summary.ok:
        return
    failures = [
        (doc_id, ("", failure.kind.value, failure.message))
        for doc_id, failure in sorted(summary.failed.items())
    ]
    raise dg.Failure(
        f"{len(failures)} of {summary.documents} documents failed",
        metadata={"failed_documents": failure_table(failures[:LISTED])},
        allow_retries=False,
    )
