"""Which documents the runs that have not ended yet are about, whichever door requested them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sparknet_assets.partitions import PARTITIONS
from sparknet_assets.pipeline import listed_keys

if TYPE_CHECKING:
    from dagster import DagsterInstance

PARTITION = "dagster/partition"
RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"


def keys_in_flight(instance: DagsterInstance) -> set[str]:
    """Partition keys of all runs that are queued, starting or under way."""
    from dagster import DagsterRunStatus, RunsFilter

    unfinished = [
        DagsterRunStatus.QUEUED,
        DagsterRunStatus.NOT_STARTED,
        DagsterRunStatus.STARTING,
        DagsterRunStatus.STARTED,
        DagsterRunStatus.CANCELING,
    ]
    runs = instance.get_runs(filters=RunsFilter(statuses=unfinished))
    order = instance.get_dynamic_partitions(PARTITIONS) if runs else []
    keys: set[str] = set()
    for run in runs:
        keys |= set(listed_keys(run.run_config)) | _tagged(run.tags, order)
    return keys


def _tagged(tags: Mapping[str, str], order: Sequence[str]) -> set[str]:
    if PARTITION in tags:
        return {tags[PARTITION]}
    start, end = tags.get(RANGE_START), tags.get(RANGE_END)
    if start is None or end is None or start not in order or end not in order:
        return set()
    return set(order[order.index(start) : order.index(end) + 1])
