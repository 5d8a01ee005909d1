"""Dagster's SQLite event log: connections kept open, and the events of partitions removable.

An event costs 4 ms of CPU instead of 14. Files and schema are Dagster's own, so any Dagster reads
them. Builds on Dagster's internals, as `planned`, `partition_events` and `postgres_log` do: here
`_connect` and `_initdb` of `SqliteEventLogStorage`, and how it watches the file of a run.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dagster import AssetKey, StringSource
from dagster._core.event_api import EventHandlerFn
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster._core.storage.event_log.sqlite.sqlite_event_log import (
    INDEX_SHARD_NAME,
    SqliteEventLogStorageWatchdog,
)
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData
from sqlalchemy import create_engine, delete, insert
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import StaticPool
from watchdog.events import FileSystemEvent
from watchdog.observers import Observer

from resources.sqlite import in_chunks
from sparknet_assets.event_rows import (
    add_rows,
    add_to_assets,
    can_go_together,
    check_dagster,
    rows_of,
)
from sparknet_assets.partition_events import (
    asset_names,
    count_partitions,
    events_of,
    forget_events,
    tells_of,
)

OPEN_FILES = 8
_VISIBLE_SECONDS = 0.2


class EventLog(SqliteEventLogStorage):
    """Stock storage opens, syncs and closes two databases for each event.

    Here a connection stays open for the index and for each of the runs last written or read, and
    a commit is not synced by itself (`synchronous=NORMAL`): a kill loses nothing, a power cut may
    take back the last events, which the next run of the same documents repeats. Like in the stock
    storage, a lock gives a connection to one thread at a time.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        check_dagster()
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        self._tables: set[str] = set()
        super().__init__(base_dir, inst_data)

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        return {"home": StringSource}

    @classmethod
    def from_config_value(  # type: ignore[override]
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, str]
    ) -> EventLog:
        return cls(str(Path(config_value["home"]) / "history" / "runs"), inst_data)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock, self._engine(shard).connect() as connection, connection.begin():
            yield connection

    def has_table(self, table_name: str) -> bool:
        """Asked for each event; a table that is there stays."""
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Stores events as `store_event` would each, the file of the run first, then the index."""
        if not can_go_together(events):
            super().store_event_batch(events)
            return
        rows = rows_of(self, events)
        for run_id in dict.fromkeys(event.run_id for event in events):
            mine = [row for row in rows if row["run_id"] == run_id]
            with self.run_connection(run_id) as connection:
                connection.execute(insert(SqlEventLogStorageTable), mine)
        with self.index_connection() as connection:
            add_to_assets(self, connection, events, add_rows(connection, rows))

    def dispose(self) -> None:
        """Closes all files."""
        with self._db_lock:
            while self._engines:
                self._engines.popitem()[1].dispose()
        super().dispose()

    def _engine(self, shard: str) -> Engine:
        engine = self._engines.pop(shard, None) or self._open(shard)
        self._engines[shard] = engine
        while len(self._engines) > OPEN_FILES:
            self._engines.popitem(last=False)[1].dispose()
        return engine

    def _open(self, shard: str) -> Engine:
        engine = create_engine(
            self.conn_string_for_shard(shard),
            poolclass=StaticPool,
            connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
        )
        if shard not in self._initialized_dbs:
            self._initdb(engine)
            self._initialized_dbs.add(shard)
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA synchronous=NORMAL")
            # Events show text of documents: what is wiped must not stay in the file.
            connection.exec_driver_sql("PRAGMA secure_delete=ON")
        return engine

    def watch(self, run_id: str, cursor: str | None, callback: EventHandlerFn) -> None:
        """Calls back with each new event of a run, as the run's page in the UI asks for."""
        observer: Any = self._obs
        if observer is None:
            observer = self._obs = Observer()  # type: ignore[assignment]
            observer.start()
        watcher = _Watcher(self, run_id, callback, cursor)
        watch = observer.schedule(watcher, self._base_dir, recursive=True)
        self._watchers[run_id][callback] = (watcher, watch)

    def wipe_asset_partitions(self, asset_key: AssetKey, partition_keys: Sequence[str]) -> None:
        """Removes all events of these partitions of an asset."""
        self.wipe_partitions(partition_keys, [asset_key])

    def count_partitions(self, keys: Collection[str]) -> dict[str, int]:
        """Partition key -> number of its events, of whatever asset."""
        return count_partitions(self, keys)

    def wipe_partitions(
        self, keys: Collection[str], assets: Collection[AssetKey] | None = None
    ) -> bool:
        """Removes all events of these partitions, of all assets unless some are named.

        First from the files of their runs, which the index knows, then from the index: one that is
        broken off can be repeated. Other partitions are shown as before.

        Returns:
            False when a reader kept a file's log from being emptied; a later call will do it.
        """
        with self.index_connection() as connection:
            names = asset_names(connection, assets)
            found = events_of(connection, keys, names)
        runs = {run_id for _, run_id, _ in found if self._has_file(run_id)}
        for run_id in runs:
            with self.run_connection(run_id) as connection:
                for chunk in in_chunks(keys):
                    connection.execute(
                        delete(SqlEventLogStorageTable).where(tells_of(chunk, names))
                    )
        with self.index_connection() as connection:
            if found:
                forget_events(self, connection, [row_id for row_id, _, _ in found], keys, names)
        # Runs of before as well: what was deleted may have been kept in their logs by a reader.
        return all([self._scrub(shard) for shard in [*sorted(runs), INDEX_SHARD_NAME]])

    def _has_file(self, run_id: str) -> bool:
        """Opening the file of a run that was deleted would make it anew."""
        return Path(self.path_for_shard(run_id)).exists()

    def _scrub(self, shard: str) -> bool:
        with self._connect(shard) as connection:
            # As in `resources.sqlite.Database.scrub`: overwriting alone leaves copies.
            connection.exec_driver_sql("VACUUM")
            row = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return row is not None and not row[0]


class _Watcher(SqliteEventLogStorageWatchdog):
    """Looks at the write-ahead log as well: while a connection is open, only that is written to."""

    def dispatch(self, event: FileSystemEvent) -> None:
        if event.event_type == "modified" and event.src_path in (
            self._log_path,
            f"{self._log_path}-wal",
        ):
            self._process_log()
            # SQLite shows a transaction a moment after its last write to the file. What is written
            # meanwhile makes one more call, not many: watchdog skips repeats.
            time.sleep(_VISIBLE_SECONDS)
            self._process_log()
