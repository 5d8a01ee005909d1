"""The cache in one SQLite file that many processes share; whatever goes wrong is only a miss."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import TypeVar

from resources.failure import SparknetError
from resources.locks import file_lock
from resources.sqlite import Database, in_chunks, marks, primary_code

log = logging.getLogger(__name__)
T = TypeVar("T")

_MIGRATIONS = (
    (
        """CREATE TABLE entries (
            namespace TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL,
            PRIMARY KEY (namespace, key))""",
    ),
)
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
# A write lock is kept this long at most: other processes' entries get in between.
_ROWS_PER_COMMIT = 500


class SQLiteCache:
    """Cache in a SQLite file.

    A damaged file is moved aside (`cache.db.damaged-{time}`) and a new one begun; a full disk, a
    lock held too long or a folder that can't be written makes reads miss and writes pass without
    effect, with a warning.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._database = Database(self._path, _MIGRATIONS, busy_seconds=30.0)
        self._warned = False

    def __reduce__(self) -> tuple[Callable[[Path], SQLiteCache], tuple[Path]]:
        return SQLiteCache, (self._path,)

    def get_many(self, namespace: str, keys: Iterable[str]) -> dict[str, bytes]:
        """The entries that are there and can be read."""
        wanted = list(dict.fromkeys(keys))

        def read() -> dict[str, bytes]:
            found: dict[str, bytes] = {}
            for chunk in in_chunks(wanted):
                found.update(
                    self._database.connection.execute(
                        "SELECT key, value FROM entries WHERE namespace = ?"
                        f" AND key IN ({marks(len(chunk))})",
                        (namespace, *chunk),
                    )
                )
            return found

        return self._guarded(read, {})

    def put_many(self, namespace: str, entries: Mapping[str, bytes]) -> None:
        """Stores entries, replacing what was there."""

        def write() -> None:
            rows = ((namespace, key, value) for key, value in entries.items())
            while batch := list(islice(rows, _ROWS_PER_COMMIT)):
                with self._database.transaction() as connection:
                    connection.executemany(
                        "INSERT OR REPLACE INTO entries (namespace, key, value) VALUES (?, ?, ?)",
                        batch,
                    )

        self._guarded(write, None)

    def delete_many(self, namespace: str, keys: Iterable[str]) -> int:
        """Removes entries; returns how many there were."""
        doomed = list(dict.fromkeys(keys))

        def delete() -> int:
            with self._database.transaction() as connection:
                return sum(
                    connection.execute(
                        f"DELETE FROM entries WHERE namespace = ? AND key IN ({marks(len(chunk))})",
                        (namespace, *chunk),
                    ).rowcount
                    for chunk in in_chunks(doomed)
                )

        return self._guarded(delete, 0)

    def _guarded(self, action: Callable[[], T], otherwise: T) -> T:
        try:
            return action()
        except sqlite3.DatabaseError as error:
            if primary_code(error) not in _DAMAGED:
                self._warn_once(error)
                return otherwise
            problem: Exception = error
        except (OSError, SparknetError) as error:
            self._warn_once(error)
            return otherwise
        log.warning("The cache %s is damaged (%s): starting a new one.", self._path, problem)
        return self._after_replacement(action, otherwise)

    def _warn_once(self, error: Exception) -> None:
        if not self._warned:
            self._warned = True
            reason = (isinstance(error, OSError) and error.strerror) or error
            log.warning("The cache %s is not used this time: %s", self._path, reason)

    def _after_replacement(self, action: Callable[[], T], otherwise: T) -> T:
        try:
            self._move_damaged_aside()
            return action()
        except (OSError, sqlite3.Error) as error:
            log.warning("The cache %s can't be replaced: %s", self._path, error)
            return otherwise

    def _move_damaged_aside(self) -> None:
        self._database.close()
        with file_lock(Path(f"{self._path}.lock"), timeout=30):
            if self._is_sound():
                return  # Another process has replaced it already.
            aside = f"{self._path}.damaged-{time.time_ns()}"
            for suffix in ("", "-wal", "-shm"):
                part = Path(f"{self._path}{suffix}")
                if part.exists():
                    part.replace(f"{aside}{suffix}")

    def _is_sound(self) -> bool:
        try:
            rows = self._database.connection.execute("PRAGMA quick_check").fetchall()
            return [tuple(row) for row in rows] == [("ok",)]
        except sqlite3.DatabaseError:
            return False
        finally:
            self._database.close()
