"""Dagster's storage on Postgres: the event log keeps a connection, and can wipe partitions.

Tables and rows are Dagster's own, so any Dagster reads them. Builds on Dagster's internals: the
engine of `PostgresEventLogStorage`, and its steps to store an event.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar

from dagster import AssetKey
from dagster._core.events import ASSET_CHECK_EVENTS, ASSET_EVENTS
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster._serdes import ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage, PostgresEventLogStorage
from dagster_postgres.utils import (
    DagsterPostgresException,
    create_pg_engine,
    get_token_provider_from_config,
    pg_url_from_config,
)
from sqlalchemy import event as pool_events
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, DisconnectionError

from sparknet_assets.event_rows import (
    add_rows,
    add_to_assets,
    asset_of,
    can_go_together,
    check_dagster,
    rows_of,
)
from sparknet_assets.postgres_wipe import PostgresWipe

T = TypeVar("T")

IDLE_CONNECTIONS = 2
MORE_CONNECTIONS = 10
ASK_AFTER_SECONDS = 1.0
OUTAGE_SECONDS = 180.0
"""A failover takes 60 to 120 s as a rule (Amazon RDS user guide, Multi-AZ failover)."""
RETRY_SECONDS = 0.5
LOST_SECONDS = 5.0
"""A crash takes back what came in three times `wal_writer_delay`, 200 ms (PostgreSQL manual)."""
_TAKE_TURNS = text("SELECT pg_advisory_xact_lock(hashtext(:asset))")


class PostgresEventLog(PostgresEventLogStorage):
    """Stock storage opens three connections for each event, and waits for three commits.

    Here a process keeps them, and a commit isn't waited for (`synchronous_commit=off`): a crash of
    the database may take back the last moment's events. The run that stored them does so again; if
    it is gone too, the next run of the same documents does. It never corrupts, and a wipe waits.
    """

    def __init__(
        self,
        postgres_url: str,
        should_autocreate_tables: bool = True,
        inst_data: ConfigurableClassData | None = None,
        token_provider: Any = None,
    ) -> None:
        check_dagster()
        self._tables: set[str] = set()
        self._latest: deque[tuple[float, int, EventLogEntry]] = deque()
        self._was_away = False
        self._lock = threading.Lock()
        super().__init__(postgres_url, should_autocreate_tables, inst_data, token_provider)
        self._engine = create_pg_engine(
            postgres_url,
            token_provider,
            isolation_level="AUTOCOMMIT",
            pool_size=IDLE_CONNECTIONS,
            max_overflow=MORE_CONNECTIONS,
        )
        pool_events.listen(self._engine, "connect", _do_not_wait)
        pool_events.listen(self._engine, "checkin", _note_the_time)
        pool_events.listen(self._engine, "checkout", self._refuse_a_dead_one)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> PostgresEventLog:
        return cls(inst_data=inst_data, **_arguments(config_value))

    def optimize_for_webserver(
        self, statement_timeout: int, pool_recycle: int, max_overflow: int
    ) -> None:
        """Dagster's own engine for its web server, which reads."""
        self._engine.dispose()
        super().optimize_for_webserver(statement_timeout, pool_recycle, max_overflow)

    def dispose(self) -> None:
        """Closes the connections."""
        super().dispose()
        self._engine.dispose()

    def has_table(self, table_name: str) -> bool:
        """Asked for each event; a table that is there stays."""
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    def store_event(self, event: EventLogEntry) -> None:
        """As the stock storage, without the notification that nothing listens to any more.

        Each statement is committed by itself. In one transaction the event would wait for others
        that write to its asset, and readers that remember how far they got would miss it, since
        its id was given out before.

        Waits for a database that is away. One that went after it took the event, before it said
        so, gets it twice, which does no harm.
        """
        self._patiently(lambda: self._after_what_was_lost(lambda: self._store(event)))

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Stores events as `store_event` would each, in one transaction; waits as it does.

        Those who store events of one asset at once take turns, before ids are given out: so none
        becomes visible after one with a higher id, which readers may have seen already.
        """
        if not can_go_together(events):
            super().store_event_batch(events)
            return
        self._patiently(lambda: self._after_what_was_lost(lambda: self._store_together(events)))

    def get_maximum_record_id(self) -> int | None:
        """As the stock storage; a run asks for each event, and waits as it does to store one."""
        return self._patiently(super().get_maximum_record_id)

    def _patiently(self, work: Callable[[], T]) -> T:
        """Does it again while the database is away: a failover must not end the runs under way."""
        deadline = time.monotonic() + OUTAGE_SECONDS
        while True:
            try:
                return work()
            except (DagsterPostgresException, DBAPIError) as error:
                if not _is_away(error) or time.monotonic() > deadline:
                    raise
                self._was_away = True
            time.sleep(RETRY_SECONDS)

    def _after_what_was_lost(self, store: Callable[[], None]) -> None:
        if self._was_away:
            columns = SqlEventLogStorageTable.c
            with self._lock:
                latest = list(self._latest)
            with self._connect() as connection:
                mine = columns.id.in_([event_id for _, event_id, _ in latest])
                rows = connection.execute(select(columns.id, columns.run_id).where(mine)).all()
            there = {(int(row[0]), str(row[1])) for row in rows}
            for _, event_id, lost in latest:
                if (event_id, lost.run_id) not in there:
                    self._store(lost)
            self._was_away = False
        store()

    def _store_together(self, events: Sequence[EventLogEntry]) -> None:
        rows = rows_of(self, events)
        with self.index_transaction() as connection:
            for asset in sorted({asset_of(event) for event in events}):
                connection.execute(_TAKE_TURNS, {"asset": asset})
            ids = add_rows(connection, rows)
            add_to_assets(self, connection, events, ids)
        for event_id, event in zip(ids, events, strict=True):
            self._remember(event_id, event)

    def _store(self, event: EventLogEntry) -> None:
        told = event.dagster_event
        with self._connect() as connection:
            insert = self.prepare_insert_event(event).returning(SqlEventLogStorageTable.c.id)
            event_id = int(connection.execute(insert).scalar_one())
            self._remember(event_id, event)
            if told is not None and told.event_type in ASSET_EVENTS and told.asset_key:
                self._store_asset_event_tags(connection, [event], [event_id])
                self._store_asset_event(connection, event, event_id)
        if told is not None and told.event_type in ASSET_CHECK_EVENTS:
            self.store_asset_check_event(event, event_id)

    def _remember(self, event_id: int, event: EventLogEntry) -> None:
        now = time.monotonic()
        with self._lock:
            self._latest.append((now, event_id, event))
            while self._latest[0][0] < now - LOST_SECONDS:
                self._latest.popleft()

    def _refuse_a_dead_one(self, connection: Any, record: Any, _: object) -> None:
        """A failover ends the connections that are kept. Asking at every use doubles the trips.

        Raises:
            DisconnectionError: The pool then takes a new one.
        """
        if time.monotonic() - record.info.get("since", math.inf) < ASK_AFTER_SECONDS:
            return
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except Exception as error:
            self._was_away = True
            raise DisconnectionError from error

    def wipe_asset_partitions(self, asset_key: AssetKey, partition_keys: Sequence[str]) -> None:
        """Removes all events of these partitions of an asset."""
        self.wipe_partitions(partition_keys, [asset_key])

    def count_partitions(self, keys: Collection[str]) -> dict[str, int]:
        """Partition key -> number of its events, of whatever asset."""
        return PostgresWipe(self).count_partitions(keys)

    def wipe_partitions(
        self, keys: Collection[str], assets: Collection[AssetKey] | None = None
    ) -> bool:
        """Removes their events, of all assets by default: see `PostgresWipe`."""
        return PostgresWipe(self).wipe_partitions(keys, assets)


class PostgresStorage(DagsterPostgresStorage):
    """All of Dagster's storage in one Postgres database, the event log being ours."""

    def __init__(
        self,
        postgres_url: str,
        should_autocreate_tables: bool = True,
        inst_data: ConfigurableClassData | None = None,
        token_provider: Any = None,
    ) -> None:
        super().__init__(postgres_url, should_autocreate_tables, inst_data, token_provider)
        self._event_log_storage = PostgresEventLog(
            postgres_url, should_autocreate_tables, token_provider=token_provider
        )

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> PostgresStorage:
        return cls(inst_data=inst_data, **_arguments(config_value))


def _do_not_wait(connection: Any, _: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
    if not connection.autocommit:
        connection.commit()


def _is_away(error: Exception) -> bool:
    """Whether a connection was lost, or could not be made in the attempts that Dagster makes."""
    return not isinstance(error, DBAPIError) or error.connection_invalidated


def _note_the_time(_: object, record: Any) -> None:
    record.info["since"] = time.monotonic()


def _arguments(config_value: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "postgres_url": pg_url_from_config(config_value),
        "should_autocreate_tables": config_value.get("should_autocreate_tables", True),
        "token_provider": get_token_provider_from_config(config_value),
    }
