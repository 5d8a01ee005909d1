"""Dagster's launcher for ECS, without two habits of it that this project can't live with."""

from __future__ import annotations

from typing import Any

from dagster import DagsterRun
from dagster._core.launcher.base import CheckRunHealthResult, WorkerStatus
from dagster_aws.ecs import EcsRunLauncher

from sparknet_assets.run_owner import is_owner_alive

_LOGS = "Run worker logs:"


class EcsLauncher(EcsRunLauncher[Any]):
    """One ECS task a run.

    The stock launcher calls a run that has no task unhealthy, so run monitoring would fail those
    that a command works on itself. And it puts the last lines that a task printed into the run's
    events, from where a removal could not take what they quote.
    """

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """Of a run without a task: running, unless its process was on this host and is gone."""
        tags = self._get_run_tags(run.run_id)
        if not (tags.arn and tags.cluster) and is_owner_alive(run):
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        result = super().check_run_worker_health(run)
        message = (result.msg or "").partition(_LOGS)[0]
        return CheckRunHealthResult(
            result.status,
            message,
            transient=result.transient,
            run_worker_id=result.run_worker_id,
        )

    def get_run_worker_debug_info(
        self, run: DagsterRun, include_container_logs: bool | None = False
    ) -> str | None:
        """What ECS says of the task; never what it printed."""
        return super().get_run_worker_debug_info(run, include_container_logs=False)
