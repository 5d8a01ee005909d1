"""A SQLite file that many threads and processes share: connections, migrations, transactions."""

from __future__ import annotations

import gc
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Literal, TypeVar

from resources.failure import FailureKind, SparknetError

T = TypeVar("T")

BUSY_SECONDS = 60.0
# SQLite before 3.32 takes 999 variables in a statement.
MAX_VARIABLES = 900
_REMEDIES = {
    sqlite3.SQLITE_BUSY: "another process holds it; try again when that one is done",
    sqlite3.SQLITE_FULL: "free some disk space and try again",
    sqlite3.SQLITE_READONLY: "check the permissions of the file and its folder",
    sqlite3.SQLITE_CANTOPEN: "check that its folder exists and its permissions",
}
# A connection and its cache of statements refer to each other: when a thread ends, only the garbage
# collector closes its connection, which in a quiet server may be after thousands of requests.
_LEFT_OPEN = 16
# Connections inherited through fork: closing one in the child could undo the parent's locks.
_inherited: list[sqlite3.Connection] = []


class Database:
    """One SQLite file in WAL mode, with a connection per thread and process, opened at first use.

    The file must be on a local disk: WAL needs memory shared by all who use it.

    Args:
        migrations: Statements that lead from version n to n + 1; the version is `user_version`.
        busy_seconds: How long to wait for another writer.
        synchronous: With NORMAL a commit takes 0.02 ms; a kill loses nothing, a power cut may take
            back the last commits but never corrupts. FULL syncs each commit (7 ms).
    """

    def __init__(
        self,
        path: Path,
        migrations: Sequence[Sequence[str]],
        *,
        busy_seconds: float = BUSY_SECONDS,
        synchronous: Literal["NORMAL", "FULL"] = "NORMAL",
    ) -> None:
        self.path = path
        self._migrations = migrations
        self._busy_seconds = busy_seconds
        self._synchronous = synchronous
        self._local = threading.local()
        self._left: list[int] = []

    @property
    def connection(self) -> sqlite3.Connection:
        """This thread's connection, in autocommit mode.

        Raises:
            SparknetError: The file was made by a newer version.
            sqlite3.Error: The file can't be opened.
        """
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is not None and self._local.pid != os.getpid():
            _inherited.append(connection)
        elif connection is not None:
            if connection.in_transaction or self._local.file == _identity(self.path):
                return connection
            connection.close()  # The file was deleted or replaced.
        self._close_left()
        # As it is before: when it is replaced meanwhile, the next use opens what took its place.
        file = _identity(self.path)
        self._local.connection = connection = self._open()
        self._local.leaving = _Leaving(self._left)
        self._local.pid = os.getpid()
        self._local.file = file or _identity(self.path)
        return connection

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A write transaction: takes the write lock at once, commits on a clean exit.

        Raises:
            SparknetError: The file is locked for too long or can't be written.
        """
        with self._explained():
            connection = self.connection
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            remedy = _REMEDIES.get(primary_code(error))
            if remedy is None:
                raise
            raise SparknetError(
                FailureKind.UNAVAILABLE, f"{self.path} can't be written ({error}): {remedy}."
            ) from error

    def scrub(self) -> bool:
        """Takes what was deleted out of the files: rewrites the database, and empties its log.

        `secure_delete` alone is not enough: it overwrites a row, but not the copies that SQLite
        left in free space when it moved the row between pages. Reads go on meanwhile; takes as
        much free disk space again as the file.

        Returns:
            False when a reader kept the log from being emptied; a later call will do it.

        Raises:
            SparknetError: The file is locked for too long or can't be written.
        """
        with self._explained():
            self.connection.execute("VACUUM")
            row = self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            return not row[0]

    def close(self) -> None:
        """Closes this thread's connection; the next use opens a new one."""
        connection = getattr(self._local, "connection", None)
        if connection is not None and self._local.pid == os.getpid():
            connection.close()
        self._local.connection = None

    def _close_left(self) -> None:
        """Closes the connections of threads that have ended, once there are some of them."""
        if self._left.count(os.getpid()) >= _LEFT_OPEN:
            self._left.clear()
            gc.collect()

    def _open(self) -> sqlite3.Connection:
        if self.path.exists() and not writable(self.path):
            return self._open_read_only()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = self._connect(f"{self.path.absolute().as_uri()}?mode=rwc")
        try:
            _retry_locked(lambda: connection.execute("PRAGMA journal_mode=WAL"), self._busy_seconds)
            connection.execute(f"PRAGMA synchronous={self._synchronous}")
            # What is deleted is overwritten: text that someone removed must not stay in the file.
            connection.execute("PRAGMA secure_delete=ON")
            self._migrate(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _open_read_only(self) -> sqlite3.Connection:
        uri = f"{self.path.absolute().as_uri()}?mode=ro"
        try:
            connection = self._connect(uri)
            connection.execute("PRAGMA user_version").fetchone()
        except sqlite3.OperationalError:
            # Without a -shm file that it may write, SQLite reads a WAL file only as immutable.
            connection = self._connect(f"{uri}&immutable=1")
        self._check_version(_version(connection))
        return connection

    def _connect(self, uri: str) -> sqlite3.Connection:
        return sqlite3.connect(
            uri,
            uri=True,
            timeout=self._busy_seconds,
            isolation_level=None,
            check_same_thread=False,
        )

    def _migrate(self, connection: sqlite3.Connection) -> None:
        latest = len(self._migrations)
        if _version(connection) == latest:
            return
        connection.execute("BEGIN IMMEDIATE")
        try:
            version = _version(connection)
            self._check_version(version)
            for statements in self._migrations[version:]:
                for statement in statements:
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version={latest}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _check_version(self, version: int) -> None:
        if version > len(self._migrations):
            raise SparknetError(
                FailureKind.UNAVAILABLE,
                f"{self.path} was written by a newer version of sparknet-assets: upgrade this one.",
                retryable=False,
            )


class _Leaving:
    """Held by a thread beside its connection; notes the process when the thread has ended."""

    def __init__(self, left: list[int]) -> None:
        self._left = left
        self._pid = os.getpid()

    def __del__(self) -> None:
        self._left.append(self._pid)


def in_chunks(items: Iterable[T], size: int = MAX_VARIABLES) -> Iterator[list[T]]:
    """Lists of at most `size` items, for statements with a variable for each."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


def marks(count: int) -> str:
    """`count` placeholders: `?,?,?`."""
    return ",".join("?" * count)


def primary_code(error: sqlite3.Error) -> int:
    """SQLite's primary result code of an error, or 0."""
    return (getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def writable(path: Path) -> bool:
    """Whether an existing file can be written as SQLite does, which makes others beside it."""
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


def _retry_locked(action: Callable[[], object], seconds: float) -> None:
    # Switching a new file to WAL fails at once when another process does the same.
    deadline = time.monotonic() + seconds
    while True:
        try:
            action()
            return
        except sqlite3.OperationalError as error:
            if primary_code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
