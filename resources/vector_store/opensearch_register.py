"""What is in an index on OpenSearch Serverless, known the moment a write is done."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from resources.sqlite import Database


class Entry(NamedTuple):
    """A chunk that is in the index.

    Attributes:
        server_id: `_id` of its document there.
        version: Of its text, places and vector together.
        previous: Version that it replaced, which searches may still find for a while.
    """

    chunk_id: str
    doc_id: str
    text_sha256: str
    server_id: str
    version: str
    previous: str = ""


class ChunkRegister(Protocol):
    """Entries by chunk; server ids yet to be deleted; writes that may not have been finished.

    Every read sees every write that returned before. Writers are kept apart by a lock.
    """

    def begin(self, write: str, at: float) -> None:
        """Notes a write that begins at this time (seconds since the epoch)."""
        ...

    def finish(self, write: str) -> None:
        """Forgets a write that left nothing behind."""
        ...

    def unfinished(self) -> dict[str, float]:
        """Writes that were begun and not finished, with the time at which they began."""
        ...

    def put(self, entries: Sequence[Entry], retired: Collection[str]) -> None:
        """Notes chunks, and server ids whose documents are to be deleted now."""
        ...

    def remove(self, entries: Sequence[Entry]) -> None:
        """Takes chunks out; the ids of their documents are retired."""
        ...

    def retired(self) -> set[str]:
        """Server ids whose documents are yet to be deleted."""
        ...

    def forget(self, server_ids: Collection[str]) -> None:
        """Documents of these retired ids were deleted."""
        ...

    def entries(self, chunk_ids: Collection[str]) -> dict[str, Entry]:
        """Entries of those chunks that have one."""
        ...

    def everything(self) -> dict[str, Entry]:
        """All entries by chunk."""
        ...

    def chunk_ids(self, doc_ids: Collection[str]) -> dict[str, set[str]]:
        """Ids of the chunks of each of these documents."""
        ...

    def document_ids(self) -> set[str]:
        """Documents that have chunks."""
        ...

    def count(self) -> int:
        """Number of chunks."""
        ...

    def texts_elsewhere(self, text_sha256: Collection[str], doc_id: str) -> set[str]:
        """Those of these texts that other documents have as well."""
        ...

    def drop(self) -> None:
        """Forgets everything."""
        ...


_MIGRATIONS = [
    [
        "CREATE TABLE chunks (chunk_id TEXT PRIMARY KEY, doc_id TEXT NOT NULL, text_sha256 TEXT"
        " NOT NULL, server_id TEXT NOT NULL, version TEXT NOT NULL, previous TEXT NOT NULL)",
        "CREATE INDEX chunks_by_document ON chunks (doc_id)",
        "CREATE INDEX chunks_by_text ON chunks (text_sha256)",
        "CREATE TABLE retired (server_id TEXT PRIMARY KEY)",
        "CREATE TABLE writes (name TEXT PRIMARY KEY, began REAL NOT NULL)",
    ]
]
_AMONG = "IN (SELECT value FROM json_each(?))"


class SQLiteChunkRegister:
    """The register in a file, for writers on one machine."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._database = Database(path, _MIGRATIONS, synchronous="FULL")

    def __reduce__(self) -> tuple[type[SQLiteChunkRegister], tuple[Path]]:
        return SQLiteChunkRegister, (self._path,)

    def begin(self, write: str, at: float) -> None:
        with self._database.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO writes VALUES (?, ?)", (write, at))

    def finish(self, write: str) -> None:
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM writes WHERE name = ?", (write,))

    def unfinished(self) -> dict[str, float]:
        return dict(self._rows("SELECT name, began FROM writes"))

    def put(self, entries: Sequence[Entry], retired: Collection[str]) -> None:
        with self._database.transaction() as connection:
            sql = "INSERT OR REPLACE INTO chunks VALUES (?, ?, ?, ?, ?, ?)"
            connection.executemany(sql, entries)
            sql = "INSERT OR IGNORE INTO retired VALUES (?)"
            connection.executemany(sql, [(server_id,) for server_id in retired])

    def remove(self, entries: Sequence[Entry]) -> None:
        with self._database.transaction() as connection:
            doomed = json.dumps([entry.chunk_id for entry in entries])
            connection.execute(f"DELETE FROM chunks WHERE chunk_id {_AMONG}", (doomed,))
            sql = "INSERT OR IGNORE INTO retired VALUES (?)"
            connection.executemany(sql, [(entry.server_id,) for entry in entries])

    def retired(self) -> set[str]:
        return {row[0] for row in self._rows("SELECT server_id FROM retired")}

    def forget(self, server_ids: Collection[str]) -> None:
        with self._database.transaction() as connection:
            doomed = json.dumps(list(server_ids))
            connection.execute(f"DELETE FROM retired WHERE server_id {_AMONG}", (doomed,))

    def entries(self, chunk_ids: Collection[str]) -> dict[str, Entry]:
        sql = f"SELECT * FROM chunks WHERE chunk_id {_AMONG}"
        return {row[0]: Entry(*row) for row in self._rows(sql, json.dumps(list(chunk_ids)))}

    def everything(self) -> dict[str, Entry]:
        return {row[0]: Entry(*row) for row in self._rows("SELECT * FROM chunks")}

    def chunk_ids(self, doc_ids: Collection[str]) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {doc_id: set() for doc_id in doc_ids}
        sql = f"SELECT doc_id, chunk_id FROM chunks WHERE doc_id {_AMONG}"
        for doc_id, chunk_id in self._rows(sql, json.dumps(list(found))):
            found[doc_id].add(chunk_id)
        return found

    def document_ids(self) -> set[str]:
        return {row[0] for row in self._rows("SELECT DISTINCT doc_id FROM chunks")}

    def count(self) -> int:
        rows = self._rows("SELECT count(*) FROM chunks")
        return int(rows[0][0]) if rows else 0

    def texts_elsewhere(self, text_sha256: Collection[str], doc_id: str) -> set[str]:
        sql = f"SELECT DISTINCT text_sha256 FROM chunks WHERE text_sha256 {_AMONG} AND doc_id != ?"
        return {row[0] for row in self._rows(sql, json.dumps(list(text_sha256)), doc_id)}

    def drop(self) -> None:
        if self._path.exists():
            with self._database.transaction() as connection:
                for table in ("chunks", "retired", "writes"):
                    connection.execute(f"DELETE FROM {table}")

    def _rows(self, sql: str, *values: object) -> list[Any]:
        if not self._path.exists():
            return []
        return self._database.connection.execute(sql, values).fetchall()


def same_versions(entries: Mapping[str, Entry], versions: Mapping[str, str]) -> set[str]:
    """Chunks whose entries are of these versions already."""
    return {i for i, version in versions.items() if i in entries and entries[i].version == version}
