"""The cache in one SQLite file that many processes share; whatever goes wrong is only a miss."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import TypeVar

from resources.cache.buckets import SQLiteBuckets
from resources.failure import FailureKind, SparknetError
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
    (
        # Whose the entries of before are nobody knows, so nobody could ever forget them.
        "DELETE FROM entries",
        """CREATE TABLE users (
            namespace TEXT NOT NULL, key TEXT NOT NULL, user TEXT NOT NULL,
            PRIMARY KEY (namespace, key, user)) WITHOUT ROWID""",
        "CREATE INDEX entries_by_user ON users (user, namespace, key)",
    ),
)
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
# A write lock is kept this long at most: other processes' entries get in between.
_ROWS_PER_COMMIT = 500


class SQLiteCache:
    """Cache in a SQLite file.

    A damaged file is moved aside (`cache.db.damaged-{time}`) and a new one begun; a full disk, a
    lock held too long or a folder that can't be written makes reads miss and writes pass without
    effect, with a warning. Only what has to do with forgetting raises: text must not stay behind
    because a file could not be opened.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._database = Database(self._path, _MIGRATIONS, busy_seconds=30.0)
        self._buckets = SQLiteBuckets(self._path.with_name(f"{self._path.stem}-buckets.db"))
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

    def take(self, bucket: str, tokens: float, per_second: float, burst: float) -> float | None:
        """Takes tokens from a bucket that all processes share; None when it can't be asked."""
        return self._buckets.take(bucket, tokens, per_second, burst)

    def use(self, namespace: str, users: Mapping[str, Collection[str]]) -> None:
        """Notes which documents use which entries; what is noted already costs no write."""
        rows = [(namespace, key, user) for user, keys in users.items() for key in keys]

        def note() -> None:
            with self._database.transaction() as connection:
                connection.executemany(
                    "INSERT OR IGNORE INTO users (namespace, key, user) VALUES (?, ?, ?)", rows
                )

        if rows:
            self._guarded(note, None)

    def forget(self, user: str) -> int:
        """Removes the entries that only this document used; returns how many there were.

        Raises:
            SparknetError: The file can't be read or written.
        """

        def forget() -> int:
            with self._database.transaction() as connection:
                gone = connection.execute(
                    "DELETE FROM entries WHERE (namespace, key) IN"
                    " (SELECT namespace, key FROM users AS mine WHERE user = ? AND NOT EXISTS"
                    " (SELECT 1 FROM users AS other WHERE other.namespace = mine.namespace"
                    " AND other.key = mine.key AND other.user != mine.user))",
                    (user,),
                )
                connection.execute("DELETE FROM users WHERE user = ?", (user,))
                return gone.rowcount

        return self._certain(forget)

    def used(self, user: str) -> int:
        """Number of entries that are noted as used by this document.

        Raises:
            SparknetError: The file can't be read.
        """

        def count() -> int:
            row = self._database.connection.execute(
                "SELECT count(*) FROM users WHERE user = ?", (user,)
            ).fetchone()
            return int(row[0])

        return self._certain(count)

    def scrub(self) -> bool:
        """Takes what was removed out of the files, those that were moved aside included.

        Raises:
            SparknetError: The file can't be written.
        """
        for aside in self._path.parent.glob(f"{self._path.name}.damaged-*"):
            aside.unlink(missing_ok=True)
        return self._certain(self._database.scrub)

    def _certain(self, action: Callable[[], T]) -> T:
        """As `_guarded`, but what can't be done is an error."""
        try:
            return action()
        except sqlite3.DatabaseError as error:
            if primary_code(error) not in _DAMAGED:
                raise SparknetError(
                    FailureKind.UNAVAILABLE,
                    f"The cache {self._path} can't be used ({error}); try again, or delete the"
                    " file: it is only a cache.",
                ) from error
        self._move_damaged_aside()
        return action()

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
