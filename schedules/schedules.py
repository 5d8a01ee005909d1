"""The schedules: full reconciliation, retry of due failures, verification."""

# Dagster reads the annotations of schedules, so they are not postponed here.

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg

from resources.deployment import Deployment
from schedules.demand import demand_runs
from schedules.maintenance import failed_documents
from sparknet_assets.checks import VERIFY
from sparknet_assets.jobs import INGEST, RECONCILE
from sparknet_assets.partitions import register_partitions
from sparknet_assets.run_owner import settle_dead_runs
from sparknet_assets.runs.in_flight import in_flight

if TYPE_CHECKING:
    from resources.settings import Settings
    from sparknet_assets.jobs import AnyJob

RUNNING = dg.DefaultScheduleStatus.RUNNING


def all_schedules(
    settings: "Settings", jobs: "Mapping[str, AnyJob]"
) -> list[dg.ScheduleDefinition]:
    """The schedules that the settings give a time.

    Args:
        jobs: By name.
    """
    schedules = []
    if settings.reconcile_cron:
        schedules.append(
            dg.ScheduleDefinition(
                name="reconcile_everything",
                job=jobs[RECONCILE],
                cron_schedule=settings.reconcile_cron,
                default_status=RUNNING,
                description="Brings everything to what raw/, the code and the settings say.",
            )
        )
    if settings.retry_cron:
        schedules.append(_retry_schedule(settings.retry_cron, jobs[INGEST]))
    if settings.verify_cron:
        schedules.append(
            dg.ScheduleDefinition(
                name="verify_everything",
                job=jobs[VERIFY],
                cron_schedule=settings.verify_cron,
                default_status=RUNNING,
                description="Compares originals, artifacts, catalog and index.",
            )
        )
    return schedules


def _retry_schedule(cron: str, job: "AnyJob") -> dg.ScheduleDefinition:
    @dg.schedule(
        name="retry_due_failures",
        job=job,
        cron_schedule=cron,
        default_status=RUNNING,
        description="Tries documents again whose failure may pass, less and less often.",
    )
    def schedule(
        context: dg.ScheduleEvaluationContext, deployment: dg.ResourceParam[Deployment]
    ) -> list[dg.RunRequest] | dg.SkipReason:
        return retry_due(context.instance, deployment, datetime.now(UTC))

    return schedule


def retry_due(
    instance: dg.DagsterInstance, deployment: Deployment, now: datetime
) -> list[dg.RunRequest] | dg.SkipReason:
    """Runs for the failures whose time has come, within the limits of a tick.

    Settles first which runs are dead, so that their documents are not taken for busy.
    """
    due = failed_documents(deployment.catalog, now)
    if not due:
        return dg.SkipReason("no failure is due")
    settle_dead_runs(instance)
    # The same attempt is the same request, whichever tick asks for it.
    states = {
        record.doc_id: f"retry at {record.failure.next_retry_at}"
        for record in due
        if record.failure is not None
    }
    demand = demand_runs(instance, deployment, states, in_flight(instance))
    if not demand.requests:
        return dg.SkipReason(f"{len(due)} due failures, all of them under way or waiting for runs")
    if demand.new_keys:
        register_partitions(instance, demand.new_keys)
    return demand.requests
