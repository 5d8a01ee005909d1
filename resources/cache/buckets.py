"""Token buckets: how often something may happen, on average and at once."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from resources.failure import SparknetError
from resources.sqlite import Database

_MIGRATIONS = (
    (
        """CREATE TABLE buckets (
            name TEXT PRIMARY KEY, left REAL NOT NULL, seen REAL NOT NULL, full REAL NOT NULL)
            WITHOUT ROWID""",
        "CREATE INDEX buckets_by_full ON buckets (full)",
    ),
)
# Who asks whether a request may be answered can't wait for others for long.
_BUSY_SECONDS = 0.5
_SWEPT_ONE_IN = 200


class Bucket(NamedTuple):
    """What is in a bucket: tokens, at a time in seconds."""

    left: float
    seen: float

    def after_taking(
        self, tokens: float, per_second: float, burst: float, now: float
    ) -> tuple[Bucket, float]:
        """The bucket afterwards, and the seconds until there are enough: 0.0 when they were taken.

        A clock that was set back fills nothing.
        """
        left = min(burst, self.left + max(0.0, now - self.seen) * per_second)
        if left < tokens:
            return Bucket(left, now), (tokens - left) / per_second
        return Bucket(left - tokens, now), 0.0


class SQLiteBuckets:
    """Buckets that all processes on a machine share, in a file of their own.

    Not in that of the cache: a long write there would hold up every request here.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._database = Database(path, _MIGRATIONS, busy_seconds=_BUSY_SECONDS)
        self._clock = clock

    def take(self, name: str, tokens: float, per_second: float, burst: float) -> float | None:
        """As `Cache.take`; None when the file can't be written now."""
        try:
            with self._database.transaction() as connection:
                return self._taken(connection, name, tokens, per_second, burst)
        except (sqlite3.Error, OSError, SparknetError):
            return None

    def _taken(
        self,
        connection: sqlite3.Connection,
        name: str,
        tokens: float,
        per_second: float,
        burst: float,
    ) -> float:
        now = self._clock()
        row = connection.execute("SELECT left, seen FROM buckets WHERE name = ?", (name,))
        bucket = Bucket(*(row.fetchone() or (burst, now)))
        bucket, wait = bucket.after_taking(tokens, per_second, burst, now)
        if not wait:
            full = now + (burst - bucket.left) / per_second
            connection.execute(
                "INSERT OR REPLACE INTO buckets (name, left, seen, full) VALUES (?, ?, ?, ?)",
                (name, *bucket, full),
            )
        if random.randrange(_SWEPT_ONE_IN) == 0:  # a full bucket is as good as none
            connection.execute("DELETE FROM buckets WHERE full < ?", (now,))
        return wait
