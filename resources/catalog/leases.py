"""Who may work on a document now: leases in SQLite that die with the process that holds them."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Collection

from resources.processes import is_running, start_of, this_host
from resources.sqlite import in_chunks, marks


def claim(
    connection: sqlite3.Connection, doc_ids: Collection[str], owner: str, seconds: float
) -> set[str]:
    """Leases what is free, expired or dead, inside the caller's write transaction."""
    now = time.time()
    held: set[str] = set()
    alive: dict[tuple[str, float | None], bool] = {}
    for chunk in in_chunks(set(doc_ids)):
        rows = connection.execute(
            "SELECT doc_id, owner, started FROM leases"
            f" WHERE expires > ? AND owner != ? AND doc_id IN ({marks(len(chunk))})",
            (now, owner, *chunk),
        )
        for doc_id, other, started in rows:
            lease = (other, started)
            if lease not in alive:
                alive[lease] = _is_alive(other, started)
            if alive[lease]:
                held.add(doc_id)
    granted = set(doc_ids) - held
    pid = _local_pid(owner)
    started = None if pid is None else start_of(pid)
    connection.executemany(
        "INSERT OR REPLACE INTO leases (doc_id, owner, started, expires) VALUES (?, ?, ?, ?)",
        [(doc_id, owner, started, now + seconds) for doc_id in granted],
    )
    return granted


def release(connection: sqlite3.Connection, doc_ids: Collection[str], owner: str) -> None:
    """Removes the leases of `owner`, inside the caller's write transaction."""
    connection.executemany(
        "DELETE FROM leases WHERE doc_id = ? AND owner = ?", [(d, owner) for d in doc_ids]
    )


def owners(connection: sqlite3.Connection, doc_ids: Collection[str]) -> dict[str, str]:
    """doc_id -> owner of each lease that holds."""
    found: dict[str, str] = {}
    for chunk in in_chunks(set(doc_ids)):
        rows = connection.execute(
            "SELECT doc_id, owner, started FROM leases"
            f" WHERE expires > ? AND doc_id IN ({marks(len(chunk))})",
            (time.time(), *chunk),
        )
        found |= {doc_id: owner for doc_id, owner, started in rows if _is_alive(owner, started)}
    return found


def _is_alive(owner: str, started: float | None) -> bool:
    """False only when the owner's process is known to be gone."""
    pid = _local_pid(owner)
    return pid is None or started is None or is_running(pid, started)


def _local_pid(owner: str) -> int | None:
    """The owner's pid when that is of this host."""
    host, _, rest = owner.partition(":")
    pid = rest.partition(":")[0]
    return int(pid) if host == this_host() and pid.isascii() and pid.isdigit() else None
