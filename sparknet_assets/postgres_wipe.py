"""The events of partitions out of an event log on Postgres, Dagster's own or ours."""

from __future__ import annotations

import time
from collections.abc import Collection

from dagster import AssetKey
from dagster._core.storage.event_log import SqlEventLogStorage
from sqlalchemy import text
from sqlalchemy.engine import Connection

from sparknet_assets.partition_events import (
    asset_names,
    count_partitions,
    events_of,
    forget_events,
)

SNAPSHOT_SECONDS = 5.0
TABLES = ("event_logs", "asset_event_tags", "asset_check_executions", "asset_keys")
"""What a wipe deletes from, or changes."""

_OWNED = text(
    "SELECT count(*) FROM pg_class WHERE oid = ANY(CAST(:tables AS regclass[]))"
    " AND pg_has_role(relowner, 'USAGE')"
)
_CURRENT = text("SELECT mod(txid_current(), 4294967296)")
# Vacuuming leaves rows that a transaction may see which began before they were deleted.
_MAY_SEE = text(
    "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    " AND (datname IS NULL OR datname = current_database())"
    " AND backend_type IS DISTINCT FROM 'autovacuum worker'"
    " AND greatest(age(backend_xmin), age(backend_xid)) >= age(CAST(:deleted AS xid))"
)


class PostgresWipe:
    """Counts and removes the events of partitions."""

    def __init__(self, log: SqlEventLogStorage) -> None:
        self._log = log

    def count_partitions(self, keys: Collection[str]) -> dict[str, int]:
        """Partition key -> number of its events, of whatever asset."""
        return count_partitions(self._log, keys)

    def wipe_partitions(
        self, keys: Collection[str], assets: Collection[AssetKey] | None = None
    ) -> bool:
        """Removes all events of these partitions, of all assets by default.

        The rows are deleted in one transaction, then vacuumed. That frees their room, which new
        events overwrite in time; until then bytes of them may be in the database's files, its
        write-ahead log and its backups, which no query reads.

        Returns:
            False when the rows may still be in the tables: another transaction may see them, or the
            role does not own the tables. A later call will vacuum again.
        """
        deleted = None
        with self._log.index_transaction() as connection:
            names = asset_names(connection, assets)
            found = events_of(connection, keys, names)
            if found:
                connection.exec_driver_sql("SET LOCAL synchronous_commit = on")
                forget_events(
                    self._log, connection, [row_id for row_id, _, _ in found], keys, names
                )
                deleted = _transaction(connection)
        with self._log.index_connection() as connection:
            autocommit = connection.execution_options(isolation_level="AUTOCOMMIT")
            # Also what was deleted before: a call that was broken off, or came to an early end.
            return _vacuumed(autocommit, deleted or _transaction(autocommit))


def _vacuumed(connection: Connection, deleted: str) -> bool:
    owned = connection.execute(_OWNED, {"tables": list(TABLES)}).scalar_one() == len(TABLES)
    if not owned:
        return False
    unseen = _unseen(connection, deleted)
    for table in TABLES:
        connection.exec_driver_sql(f"VACUUM {table}")
    return unseen


def _unseen(connection: Connection, deleted: str) -> bool:
    """Waits a little for the transactions that may see what transaction `deleted` has deleted."""
    deadline = time.monotonic() + SNAPSHOT_SECONDS
    while connection.execute(_MAY_SEE, {"deleted": deleted}).scalar_one():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _transaction(connection: Connection) -> str:
    """The number of the current transaction, as tables hold it: 32 bits."""
    return str(connection.execute(_CURRENT).scalar_one())
