"""Many events into Dagster's SQL tables in a few statements, as its own code would one by one.

Built on Dagster's internals: how `SqlEventLogStorage` makes a row of an event, its tags, and the
row of the asset. `check_dagster` says so at once when a new Dagster has them no more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log import SqlEventLogStorage
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from sqlalchemy import insert
from sqlalchemy.engine import Connection

from resources.failure import FailureKind, SparknetError

_KINDS = (
    dg.DagsterEventType.ASSET_MATERIALIZATION,
    dg.DagsterEventType.ASSET_OBSERVATION,
    dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
)
_NEEDED = (
    "_event_to_row",
    "_store_asset_event",
    "_store_asset_event_tags",
    "_tags_for_asset_event",
)


def check_dagster() -> None:
    """Refuses a Dagster that this is not written for.

    Raises:
        SparknetError: It stores events in another way.
    """
    missing = [name for name in _NEEDED if not hasattr(SqlEventLogStorage, name)]
    if missing:
        raise SparknetError(
            FailureKind.UNAVAILABLE,
            f"Dagster {dg.__version__} stores events in another way ({', '.join(missing)} is gone):"
            " install the version that requirements/requirements.txt names",
            retryable=False,
        )


def can_go_together(events: Sequence[EventLogEntry]) -> bool:
    """Whether all are of the kinds that only concern partitions of assets."""
    told = [event.dagster_event for event in events]
    return all(each and each.asset_key and each.event_type in _KINDS for each in told)


def rows_of(log: SqlEventLogStorage, events: Sequence[EventLogEntry]) -> list[Mapping[str, Any]]:
    """The events as rows of the table of events."""
    return [log._event_to_row(event) for event in events]


def add_rows(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Adds rows to the table of events; returns their ids, which are in the order of the rows."""
    table = SqlEventLogStorageTable
    adding = insert(table).returning(table.c.id, sort_by_parameter_order=True)
    return [int(event_id) for event_id in connection.execute(adding, list(rows)).scalars()]


def add_to_assets(
    log: SqlEventLogStorage,
    connection: Connection,
    events: Sequence[EventLogEntry],
    ids: Sequence[int],
) -> None:
    """Adds the events' tags, and brings the rows of their assets up to date.

    Of each asset the last event of a kind is enough: a row tells of the latest one only.
    """
    log._store_asset_event_tags(connection, events, ids)
    last = {
        (asset_of(event), event.dagster_event_type): (event, event_id)
        for event, event_id in zip(events, ids, strict=True)
    }
    for event, event_id in sorted(last.values(), key=lambda each: each[1]):
        log._store_asset_event(connection, event, event_id)


def asset_of(event: EventLogEntry) -> str:
    """The asset that an event tells of, as the tables name it."""
    key = event.get_dagster_event().asset_key
    assert key is not None
    return key.to_string()
