"""Which (asset, partition) pairs a run owes, and which are paid; on Dagster's private API.

Dagster shows a partition as failed when a run planned it, did not materialize it, and failed
(`dagster._core.storage.partition_status_cache`). It plans the partitions of a range itself; a run
over a list of partitions has to say what it owes.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagster import AssetExecutionContext, DagsterInstance


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


def shown_as_done(instance: DagsterInstance, assets: Iterable[str]) -> set[tuple[str, str]]:
    """The (asset name, partition key) pairs that are materialized, and that no later run owes."""
    from dagster import AssetKey

    pairs: set[tuple[str, str]] = set()
    for asset in assets:
        key = AssetKey(asset)
        log = instance.event_log_storage
        owed = log.get_latest_asset_partition_materialization_attempts_without_materializations(key)
        done = instance.get_materialized_partitions(key).difference(owed)
        pairs.update((asset, partition) for partition in done)
    return pairs
