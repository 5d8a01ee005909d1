"""Partitions of removed documents, which leave Dagster's list as soon as no run holds them."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from sparknet_assets.partitions import PARTITIONS
from sparknet_assets.runs.in_flight import keys_in_flight

if TYPE_CHECKING:
    from dagster import DagsterInstance

    from resources.catalog import Catalog


def forget_partitions(instance: DagsterInstance, keys: Collection[str]) -> list[str]:
    """Takes partitions out of Dagster's list, but for those that an unfinished run holds.

    Taking away a partition under a run fails the run when it yields its events.

    Returns:
        The ones left; ask again once their runs have ended.
    """
    there = set(instance.get_dynamic_partitions(PARTITIONS)).intersection(keys)
    held = there & keys_in_flight(instance) if there else set()
    for key in sorted(there - held):
        instance.delete_dynamic_partition(PARTITIONS, key)
    return sorted(held)


def deleted_partitions(instance: DagsterInstance, catalog: Catalog) -> list[str]:
    """Partitions of documents that are removed for good: left because a run held them."""
    known = catalog.by_partition_key(instance.get_dynamic_partitions(PARTITIONS))
    return [key for key, record in known.items() if record.receipt]
