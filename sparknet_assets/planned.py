"""Which (asset, partition) pairs a run owes. The one module that uses Dagster's private API.

Dagster shows a partition as failed when a run planned it, did not materialize it, and failed
(`dagster._core.storage.partition_status_cache`). It plans the partitions of a range itself; a run
over a list of partitions has to say what it owes.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagster import AssetExecutionContext


def plan_materializations(context: AssetExecutionContext, pairs: Iterable[tuple[str, str]]) -> None:
    """Records that this run plans to materialize each (asset name, partition key)."""
    from dagster import AssetKey
    from dagster._core.events import AssetMaterializationPlannedData, DagsterEvent

    for asset, partition in pairs:
        event = DagsterEvent.build_asset_materialization_planned_event(
            context.job_name,
            context.get_step_execution_context().step.key,
            AssetMaterializationPlannedData(AssetKey(asset), partition=partition),
        )
        context.instance.report_dagster_event(event, context.run.run_id, logging.DEBUG)
