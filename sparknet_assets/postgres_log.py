"""Dagster's storage on Postgres: the event log keeps a connection, and can wipe partitions.

Tables and rows are Dagster's own, so any Dagster reads them. Builds on Dagster's internals: the
engine of `PostgresEventLogStorage`, and its steps to store an event.
"""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from dagster import AssetKey
from dagster._core.events import ASSET_CHECK_EVENTS, ASSET_EVENTS
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster._serdes import ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage, PostgresEventLogStorage
from dagster_postgres.utils import (
    create_pg_engine,
    get_token_provider_from_config,
    pg_url_from_config,
)
from sqlalchemy import event as pool_events
from sqlalchemy.exc import DisconnectionError

from sparknet_assets.postgres_wipe import PostgresWipe

IDLE_CONNECTIONS = 2
MORE_CONNECTIONS = 10
ASK_AFTER_SECONDS = 1.0


class PostgresEventLog(PostgresEventLogStorage):
    """Stock storage opens three connections for each event, and waits for three commits.

    Here a process keeps them, and a commit isn't waited for (`synchronous_commit=off`): a crash of
    the database may take back the last moment's events, which the next run of the same documents
    repeats. It never corrupts, and a wipe waits.
    """

    def __init__(
        self,
        postgres_url: str,
        should_autocreate_tables: bool = True,
        inst_data: ConfigurableClassData | None = None,
        token_provider: Any = None,
    ) -> None:
        self._tables: set[str] = set()
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
        pool_events.listen(self._engine, "checkout", _refuse_a_dead_one)

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
        """
        told = event.dagster_event
        with self._connect() as connection:
            insert = self.prepare_insert_event(event).returning(SqlEventLogStorageTable.c.id)
            event_id = int(connection.execute(insert).scalar_one())
            if told is not None and told.event_type in ASSET_EVENTS and told.asset_key:
                self._store_asset_event_tags(connection, [event], [event_id])
                self._store_asset_event(connection, event, event_id)
        if told is not None and told.event_type in ASSET_CHECK_EVENTS:
            self.store_asset_check_event(event, event_id)

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


def _note_the_time(_: object, record: Any) -> None:
    record.info["since"] = time.monotonic()


def _refuse_a_dead_one(connection: Any, record: Any, _: object) -> None:
    """A failover ends the connections that are kept. Asking at every use would double the trips.

    Raises:
        DisconnectionError: The pool then takes a new one.
    """
    if time.monotonic() - record.info.get("since", math.inf) < ASK_AFTER_SECONDS:
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Exception as error:
        raise DisconnectionError from error


def _arguments(config_value: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "postgres_url": pg_url_from_config(config_value),
        "should_autocreate_tables": config_value.get("should_autocreate_tables", True),
        "token_provider": get_token_provider_from_config(config_value),
    }
