"""Which (asset, partition) pairs a run owes, and which are paid; on Dagster's private API.

Dagster shows a partition as failed when a run planned it, did not materialize it, and failed
(`dagster._core.storage.partition_status_cache`). It plans the partitions of a range itself; a run
over a list of partitions has to say what it owes.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from resources.sqlite import in_chunks
from sparknet_assets.materializations import DATA_VERSION

if TYPE_CHECKING:
    from dagster import AssetExecutionContext, DagsterInstance

MOST_TOGETHER = 500


def plan_materializations(context: AssetExecutionContext, pairs: Iterable[tuple[str, str]]) -> None:
    """Records that this run plans to materialize each (asset name, partition key)."""
    from dagster import AssetKey
    from dagster._core.events import AssetMaterializationPlannedData, DagsterEvent
    from dagster._core.events.log import EventLogEntry

    step_key = context.get_step_execution_context().step.key
    for some in in_chunks(pairs, MOST_TOGETHER):
        entries = []
        for asset, partition in some:
            event = DagsterEvent.build_asset_materialization_planned_event(
                context.job_name,
                step_key,
                AssetMaterializationPlannedData(AssetKey(asset), partition=partition),
            )
            entry = EventLogEntry(  # type: ignore[no-untyped-call]
                error_info=None,
                user_message="",
                level=logging.DEBUG,
                run_id=context.run.run_id,
                timestamp=time.time(),
                step_key=step_key,
                job_name=context.job_name,
                dagster_event=event,
            )
            entries.append(entry)
        context.instance.event_log_storage.store_event_batch(entries)


def shown_as_done(
    instance: DagsterInstance, assets: Iterable[str], keys: Sequence[str]
) -> dict[tuple[str, str], str]:
    """The (asset name, partition key) pairs that are materialized, and that no later run owes.

    Returns:
        The data version of the latest materialization of each such pair. A run that was killed
        between its record and its event leaves a pair that shows an older one.
    """
    from dagster import AssetKey
    from dagster._core.events import DagsterEventType

    pairs: dict[tuple[str, str], str] = {}
    for asset in assets:
        key = AssetKey(asset)
        log = instance.event_log_storage
        owed = log.get_latest_asset_partition_materialization_attempts_without_materializations(key)
        for part in in_chunks(keys):
            tags = log.get_latest_tags_by_partition(
                key, DagsterEventType.ASSET_MATERIALIZATION, [DATA_VERSION], part
            )
            for partition, found in tags.items():
                if partition not in owed:
                    pairs[asset, partition] = found[DATA_VERSION]
    return pairs
