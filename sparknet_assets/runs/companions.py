"""What makes a backfill of scattered documents few runs: one run takes the queued others along.

Dagster's backfill daemon joins neighbours only, so 200 failed documents among 10,000 become 200
runs, each with seconds of starting. So once a run of such a backfill starts, those of the same
backfill that still wait in the queue are canceled, and their documents done here. Dagster counts a
partition that one run of a backfill missed and another made as made.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagster import DagsterInstance, DagsterRun

    from resources.locks import Locks

TAG = "sparknet/taken_along"
BACKFILL = "dagster/backfill"
PARTITION = "dagster/partition"
RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"


def taken_along(tags: Mapping[str, str]) -> list[str]:
    """The partition keys that a run with these tags took along, besides its own."""
    keys: list[str] = json.loads(tags.get(TAG, "[]"))
    return keys


def take_along(
    instance: DagsterInstance,
    run: DagsterRun,
    own: Sequence[str],
    order: Sequence[str],
    most: int,
    locks: Locks,
) -> list[str]:
    """Takes over what runs of the same backfill, selection and configuration wait for.

    The keys are noted on the run before a run is canceled: Dagster repeats a run whose process died
    with its tags, and so with its keys. A run that starts at this very moment costs a second look
    at its documents.

    Args:
        own: Partition keys of the run itself.
        order: All partition keys, in the order of their registration.
        most: Documents of one run.
        locks: Keep two runs from taking the same ones.

    Returns:
        The keys taken over; none outside of an asset backfill.
    """
    if noted := taken_along(run.tags):
        return noted
    backfill = instance.get_backfill(run.tags[BACKFILL]) if BACKFILL in run.tags else None
    if backfill is None or not backfill.is_asset_backfill:
        return []
    with locks.hold("take_along"):
        keys: list[str] = []
        others = []
        places = KeyOrder(order)
        for other in _waiting(instance, run):
            theirs = keys_of(other.tags, places)
            if theirs and len(own) + len(keys) + len(theirs) <= most:
                keys += theirs
                others.append(other)
        if others:
            instance.add_run_tags(run.run_id, {TAG: json.dumps(keys)})
        for other in others:
            instance.report_run_canceling(other, f"The run {run.run_id} takes its documents along.")
            instance.report_run_canceled(other)
    return keys


class KeyOrder:
    """Partition keys in the order of their registration, which ranges are slices of."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = keys

    @cached_property
    def _places(self) -> dict[str, int]:
        return {key: place for place, key in enumerate(self._keys)}

    def between(self, start: str, end: str) -> list[str]:
        """From one key to another, both included; none when one of them is not there."""
        if start not in self._places or end not in self._places:
            return []
        return list(self._keys[self._places[start] : self._places[end] + 1])


def keys_of(tags: Mapping[str, str], order: KeyOrder) -> list[str]:
    """The partition keys that a run's tags name: one, or a range of those in `order`."""
    if PARTITION in tags:
        return [tags[PARTITION]]
    return order.between(tags.get(RANGE_START, ""), tags.get(RANGE_END, ""))


def _waiting(instance: DagsterInstance, run: DagsterRun) -> Iterator[DagsterRun]:
    from dagster import DagsterRunStatus, RunsFilter

    filters = RunsFilter(statuses=[DagsterRunStatus.QUEUED], tags={BACKFILL: run.tags[BACKFILL]})
    for other in instance.get_runs(filters=filters, ascending=True):
        if _work(other) == _work(run):
            yield other


def _work(run: DagsterRun) -> tuple[object, ...]:
    """What a run does with its documents, whichever they are."""
    return run.job_name, run.asset_selection or None, run.run_config
