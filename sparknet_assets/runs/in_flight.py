"""Which documents the runs that have not ended yet are about, whichever door requested them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sparknet_assets.partitions import PARTITIONS
from sparknet_assets.runs.companions import KeyOrder, keys_of, taken_along
from sparknet_assets.runs.config import listed_keys

if TYPE_CHECKING:
    from dagster import DagsterInstance

_AUTOMATIC = ("dagster/sensor_name", "dagster/schedule_name")


@dataclass
class Flight:
    """What is queued, starting or under way.

    Attributes:
        keys: Partition keys of all runs over documents.
        removals: Documents that runs are removing.
        automatic: Runs of each job that a sensor or schedule requested.
    """

    keys: set[str] = field(default_factory=set)
    removals: set[str] = field(default_factory=set)
    automatic: dict[str, int] = field(default_factory=dict)


def in_flight(instance: DagsterInstance) -> Flight:
    """All that has been requested and has not ended."""
    from dagster import DagsterRunStatus, RunsFilter

    unfinished = [
        DagsterRunStatus.QUEUED,
        DagsterRunStatus.NOT_STARTED,
        DagsterRunStatus.STARTING,
        DagsterRunStatus.STARTED,
        DagsterRunStatus.CANCELING,
    ]
    runs = instance.get_runs(filters=RunsFilter(statuses=unfinished))
    order = KeyOrder(instance.get_dynamic_partitions(PARTITIONS) if runs else [])
    flight = Flight()
    for run in runs:
        flight.keys.update(listed_keys(run.run_config), taken_along(run.tags))
        flight.keys.update(keys_of(run.tags, order))
        flight.removals |= set(_removed(run.run_config))
        if any(tag in run.tags for tag in _AUTOMATIC):
            flight.automatic[run.job_name] = flight.automatic.get(run.job_name, 0) + 1
    return flight


def keys_in_flight(instance: DagsterInstance) -> set[str]:
    """Partition keys of all runs that are queued, starting or under way."""
    return in_flight(instance).keys


def _removed(run_config: Mapping[str, Any]) -> list[str]:
    ops = run_config.get("ops", {})
    return [doc_id for op in ops.values() for doc_id in op.get("config", {}).get("doc_ids", [])]
