"""Partition keys in Dagster: their registration, their order, and the documents behind them.

Today a key stands for one document. All code asks `documents_of` what a key holds, so keys that
each hold a shard of documents need a change in this module only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Protocol, cast

from resources.catalog import DocumentStatus

if TYPE_CHECKING:
    from dagster import DagsterInstance, DynamicPartitionsDefinition
    from dagster._core.storage.event_log import SqlEventLogStorage

    from resources.catalog import Catalog

# For all assets: of several groups the UI shows folded boxes at first, and no graph.
GROUP = "documents"
PARTITIONS = "documents"
"""Name of the dynamic partitions definition."""


def documents_of(keys: Sequence[str], catalog: Catalog) -> tuple[dict[str, str], list[str]]:
    """What the partition keys hold.

    Returns:
        doc_id -> partition key in the order of `keys`, and the keys that stand for no document:
        unknown to the catalog, or of a document that was deleted.
    """
    known = catalog.by_partition_key(keys)
    records = {k: r for k, r in known.items() if r.status is not DocumentStatus.DELETED}
    found = {records[key].doc_id: key for key in keys if key in records}
    return found, [key for key in keys if key not in records]


@cache
def documents_partitions() -> DynamicPartitionsDefinition:
    """The partitions definition that all assets share."""
    from dagster import DynamicPartitionsDefinition

    return DynamicPartitionsDefinition(name=PARTITIONS)


def unknown_keys(instance: DagsterInstance, keys: Collection[str]) -> list[str]:
    """Those of `keys` that the instance doesn't have yet, sorted."""
    return sorted(set(keys).difference(instance.get_dynamic_partitions(PARTITIONS)))


def register_partitions(instance: DagsterInstance, keys: Collection[str]) -> list[str]:
    """Adds the unknown ones of `keys` in one call and returns them.

    They are added sorted: a partition range is a slice in the order of registration, so documents
    that arrive together stay one range.
    """
    new = unknown_keys(instance, keys)
    if new:
        instance.add_dynamic_partitions(PARTITIONS, new)
    return new


def count_events(instance: DagsterInstance | None, keys: Collection[str]) -> dict[str, int] | None:
    """Partition key -> number of its events; None where the log can't tell."""
    log = _wipeable_log(instance)
    return log.count_partitions(keys) if log else None


def wipe_events(instance: DagsterInstance | None, keys: Collection[str]) -> bool | None:
    """Removes all events of these partitions.

    Returns:
        Whether they are out of the files as well; None where the log can't wipe partitions.
    """
    log = _wipeable_log(instance)
    return log.wipe_partitions(keys) if log else None


class WipeableLog(Protocol):
    """An event log that can count and remove the events of partitions."""

    def count_partitions(self, keys: Collection[str]) -> dict[str, int]:
        """Partition key -> number of its events, of whatever asset."""
        ...

    def wipe_partitions(self, keys: Collection[str]) -> bool:
        """Removes their events; False when traces are left that a later call will remove."""
        ...


def _wipeable_log(instance: DagsterInstance | None) -> WipeableLog | None:
    """The instance's event log if it is ours, or Dagster's own on Postgres; None for others."""
    log = instance.event_log_storage if instance else None
    if hasattr(log, "wipe_partitions"):
        return cast("WipeableLog", log)
    if hasattr(log, "postgres_url"):
        from sparknet_assets.postgres_wipe import PostgresWipe

        return PostgresWipe(cast("SqlEventLogStorage", log))
    return None


def contiguous(keys: Iterable[str], order: Sequence[str]) -> list[list[str]]:
    """Groups `keys` into runs of neighbours in `order`, the order of registration."""
    wanted = set(keys)
    groups: list[list[str]] = []
    open_group = False
    for key in order:
        if key not in wanted:
            open_group = False
            continue
        if not open_group:
            groups.append([])
            open_group = True
        groups[-1].append(key)
    return groups
