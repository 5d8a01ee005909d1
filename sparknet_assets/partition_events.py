"""The events of partitions in any of Dagster's SQL event logs: found, counted, forgotten.

Built on Dagster's internals: the tables of `SqlEventLogStorage`, and how it caches their contents.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Collection, Sequence

from dagster import AssetKey
from dagster._core.events import AssetWipedData, DagsterEvent, DagsterEventType
from dagster._core.events.log import EventLogEntry
from dagster._core.instance.utils import RUNLESS_JOB_NAME, RUNLESS_RUN_ID
from dagster._core.storage.event_log import SqlEventLogStorage
from dagster._core.storage.event_log.schema import (
    AssetCheckExecutionsTable,
    AssetEventTagsTable,
    AssetKeyTable,
    SqlEventLogStorageTable,
)
from sqlalchemy import ColumnElement, and_, delete, select, update
from sqlalchemy.engine import Connection

from resources.sqlite import in_chunks

# All types that tell of a partition: with them, Dagster's index by asset and partition serves.
_TYPES = [
    kind.value
    for kind in DagsterEventType
    if kind.value.startswith(("ASSET_", "FRESHNESS_")) and kind is not DagsterEventType.ASSET_WIPED
]
_EVENTS = SqlEventLogStorageTable.c


def count_partitions(log: SqlEventLogStorage, keys: Collection[str]) -> dict[str, int]:
    """Partition key -> number of its events, of whatever asset."""
    with log.index_connection() as connection:
        found = events_of(connection, keys, asset_names(connection))
    return dict(Counter(partition for _, _, partition in found))


def asset_names(connection: Connection, assets: Collection[AssetKey] | None = None) -> list[str]:
    """The assets as the tables name them; without `assets`, all that the log knows."""
    if assets:
        return [asset.to_string() for asset in assets]
    return list(connection.execute(select(AssetKeyTable.c.asset_key)).scalars())


def events_of(
    connection: Connection, keys: Collection[str], names: Sequence[str]
) -> list[tuple[int, str, str]]:
    """Id, run and partition of each event."""
    columns = select(_EVENTS.id, _EVENTS.run_id, _EVENTS.partition)
    return [
        tuple(row)
        for chunk in in_chunks(keys)
        for row in connection.execute(columns.where(tells_of(chunk, names)))
    ]


def tells_of(keys: Sequence[str], names: Sequence[str]) -> ColumnElement[bool]:
    """The condition that an event tells of one of these partitions of one of these assets."""
    return and_(
        _EVENTS.asset_key.in_(names),
        _EVENTS.dagster_event_type.in_(_TYPES),
        _EVENTS.partition.in_(keys),
    )


def forget_events(
    log: SqlEventLogStorage,
    connection: Connection,
    ids: Sequence[int],
    keys: Collection[str],
    names: Sequence[str],
) -> None:
    """Removes these events, their tags and the partitions' checks; what is cached is made anew.

    Other partitions are shown as before.
    """
    mine = AssetKeyTable.c.asset_key.in_(names)
    # All rows first and in one order: two that wipe at once would each wait for the other.
    rows = select(AssetKeyTable.c.id).where(mine).order_by(AssetKeyTable.c.id).with_for_update()
    connection.execute(rows).all()
    # Takes the next id: SQLite gives ids of deleted rows at the end out again, and readers that
    # remember how far they got (Dagster's partition status is one) would miss events.
    connection.execute(log.prepare_insert_event(_wiped(names[0], keys)))
    for chunk in in_chunks(ids):
        tags = AssetEventTagsTable.c.event_id.in_(chunk)
        connection.execute(delete(AssetEventTagsTable).where(tags))
        connection.execute(delete(SqlEventLogStorageTable).where(_EVENTS.id.in_(chunk)))
    checks = AssetCheckExecutionsTable.c
    for some in in_chunks(keys):
        checked = and_(checks.asset_key.in_(names), checks.partition.in_(some))
        connection.execute(delete(AssetCheckExecutionsTable).where(checked))
    # Copies of events; Dagster looks both up in the log when they are missing.
    copies = {"last_materialization": None, "cached_status_data": None}
    connection.execute(update(AssetKeyTable).where(mine).values(copies))


def _wiped(asset: str, keys: Collection[str]) -> EventLogEntry:
    """The event by which Dagster itself tells of a wipe."""
    key = AssetKey.from_db_string(asset)
    assert key is not None
    return EventLogEntry(  # type: ignore[no-untyped-call]
        error_info=None,
        user_message="",
        level=logging.INFO,
        run_id=RUNLESS_RUN_ID,
        timestamp=time.time(),
        dagster_event=DagsterEvent(
            event_type_value=DagsterEventType.ASSET_WIPED.value,
            event_specific_data=AssetWipedData(asset_key=key, partition_keys=list(keys)),
            job_name=RUNLESS_JOB_NAME,
        ),
    )
