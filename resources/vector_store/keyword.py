"""The register of an index: chunks with their vectors and an FTS5 index over their words."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from resources.sqlite import Database, writable
from resources.vector_store import EVERYTHING, Scope
from resources.vector_store.register_scope import condition, has_more
from resources.vector_store.register_upkeep import MIGRATIONS, body, forget_deleted, mend_words
from resources.vector_store.word_search import best_chunks

_ROWS = 500


class Row(NamedTuple):
    """A chunk as the register keeps it: its JSON, and its vector as float32 bytes."""

    chunk_id: str
    doc_id: str
    record: str
    vector: bytes


class State(NamedTuple):
    """How the last write left things.

    Attributes:
        stamp: Number of the last write.
        unfinished: The mark of a write that has not finished, if any.
        files: Name of the folder of Chroma's files.
        deleted: How many chunks were deleted or replaced since the last compaction.
    """

    stamp: int
    unfinished: str | None
    files: str
    deleted: int


class KeywordIndex:
    """Keyword search over chunks in one SQLite file, with all that an index can be rebuilt from.

    Every commit is synced: what the register says was written must outlast a power cut.

    Args:
        path: The file; made at first use.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._database = Database(path, MIGRATIONS, synchronous="FULL")

    def __reduce__(self) -> tuple[Callable[[Path], KeywordIndex], tuple[Path]]:
        return KeywordIndex, (self._path,)

    @property
    def state(self) -> State:
        """Its stamp changes with every write of any process."""
        sql = "SELECT stamp, unfinished, files, deleted FROM state"
        return State(*self._database.connection.execute(sql).fetchone())

    @property
    def writable(self) -> bool:
        """False in a folder that one may only read."""
        return writable(self._path)

    @property
    def exists(self) -> bool:
        """False before the first write, and after the file was removed."""
        return self._path.exists()

    def begin(self, mark: str) -> None:
        """Records that a write is under way."""
        with self._database.transaction() as connection:
            connection.execute("UPDATE state SET stamp = stamp + 1, unfinished = ?", (mark,))

    def finish(
        self, rows: Sequence[Row] = (), deleted: Collection[str] = (), *, undone: int = 0
    ) -> int:
        """Replaces and removes rows and ends the write that was begun, in one transaction.

        Args:
            undone: How many chunks were deleted that were no rows yet.

        Returns:
            The new stamp.
        """
        with self._database.transaction() as connection:
            doomed = json.dumps([*deleted, *(row.chunk_id for row in rows)])
            old = "SELECT id FROM chunks WHERE chunk_id IN (SELECT value FROM json_each(?))"
            connection.execute(f"DELETE FROM words WHERE rowid IN ({old})", (doomed,))
            gone = connection.execute(f"DELETE FROM chunks WHERE id IN ({old})", (doomed,)).rowcount
            (last,) = connection.execute("SELECT coalesce(max(id), 0) FROM chunks").fetchone()
            connection.executemany(
                "INSERT INTO chunks (id, chunk_id, doc_id, record, vector) VALUES (?, ?, ?, ?, ?)",
                [(last + n, *row) for n, row in enumerate(rows, 1)],
            )
            connection.executemany(
                "INSERT INTO words (rowid, body) VALUES (?, ?)",
                [(last + n, body(row.record)) for n, row in enumerate(rows, 1)],
            )
            connection.execute(
                "UPDATE state SET stamp = stamp + 1, unfinished = NULL, deleted = deleted + ?",
                (max(gone, len(deleted)) + undone,),
            )
            (stamp,) = connection.execute("SELECT stamp FROM state").fetchone()
            return int(stamp)

    def switch(self, files: str) -> int:
        """Names a folder of Chroma's files that holds just these rows, and ends any write begun.

        Returns:
            The new stamp.
        """
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE state SET stamp = stamp + 1, unfinished = NULL, files = ?", (files,)
            )
            (stamp,) = connection.execute("SELECT stamp FROM state").fetchone()
            return int(stamp)

    def forget_deleted(self) -> bool:
        """Takes what was deleted out of the file; False when it may be in its log still."""
        return forget_deleted(self._database)

    def mend(self) -> None:
        """Makes the keyword index anew from the chunks when it is damaged or does not fit them.

        Raises:
            SparknetError: The chunks themselves can't be read.
        """
        mend_words(self._database)

    def close(self) -> None:
        """Closes this thread's connection; the next use opens a new one."""
        self._database.close()

    def search(self, query: str, top_k: int, within: Scope = EVERYTHING) -> dict[str, float]:
        """Ids of the best chunks with their BM25 score, higher is better.

        Words are stemmed (Porter) and stripped of accents. When no chunk has any of the words,
        chunks with words that begin so are taken. In a large index the most frequent words of a
        query are left out, since every chunk that has one must be scored, unless a scope has too
        few chunks with the others.
        """
        return best_chunks(self._database.connection, query, top_k, within)

    def rows_of(self, chunk_ids: Collection[str]) -> list[Row]:
        """The rows of these chunks, of those that are there."""
        found = self._database.connection.execute(
            "SELECT chunk_id, doc_id, record, vector FROM chunks"
            " WHERE chunk_id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(chunk_ids)),),
        )
        return [Row(*row) for row in found]

    def at(self, places: Mapping[str, Collection[int]]) -> list[str]:
        """JSON of the chunks at these ordinals of these documents."""
        pairs = [(doc_id, ordinal) for doc_id, ordinals in places.items() for ordinal in ordinals]
        found = self._database.connection.execute(
            "SELECT record FROM json_each(?) AS place JOIN chunks"
            " ON doc_id = place.value ->> 0 AND ordinal = place.value ->> 1",
            (json.dumps(pairs),),
        )
        return [record for (record,) in found]

    def has_more(self, scope: Scope, most: int) -> bool:
        """Whether there are more than so many chunks in a scope."""
        return has_more(self._database.connection, scope, most)

    def ids_within(self, scope: Scope, among: Collection[str] | None = None) -> list[str]:
        """Ids of the chunks in a scope: all, or those of these."""
        where, values = condition(scope, of_known=among is not None)
        table = "chunks"
        if among is not None:
            table = "chunks INDEXED BY chunks_by_id"
            where = f"chunk_id IN (SELECT value FROM json_each(?)) AND {where}"
            values = (json.dumps(list(among)), *values)
        sql = f"SELECT chunk_id FROM {table} WHERE {where}"
        return [chunk_id for (chunk_id,) in self._database.connection.execute(sql, values)]

    def vectors(self, scope: Scope) -> Iterator[tuple[list[str], bytes]]:
        """Ids and joined vectors of the chunks in a scope, as of one moment."""
        where, values = condition(scope)
        sql = f"SELECT chunk_id, vector FROM chunks WHERE {where}"
        found = self._database.connection.execute(sql, values)
        while rows := found.fetchmany(_ROWS):
            yield [chunk_id for chunk_id, _ in rows], b"".join(vector for _, vector in rows)

    def chunk_ids(self, doc_ids: Collection[str]) -> dict[str, set[str]]:
        """doc_id -> ids of its chunks."""
        found: dict[str, set[str]] = {doc_id: set() for doc_id in doc_ids}
        rows = self._database.connection.execute(
            "SELECT doc_id, chunk_id FROM chunks WHERE doc_id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(found)),),
        )
        for doc_id, chunk_id in rows:
            found[doc_id].add(chunk_id)
        return found

    def document_ids(self) -> set[str]:
        """Ids of all documents that have chunks."""
        rows = self._database.connection.execute("SELECT DISTINCT doc_id FROM chunks")
        return {doc_id for (doc_id,) in rows}

    def texts_elsewhere(self, text_sha256: Collection[str], doc_id: str) -> set[str]:
        """Those of these texts that chunks of other documents have as well."""
        found = self._database.connection.execute(
            "SELECT value FROM json_each(?) AS wanted WHERE EXISTS (SELECT 1 FROM chunks"
            " WHERE json_extract(record, '$.text_sha256') = wanted.value"
            " AND (doc_id < ? OR doc_id > ?))",
            (json.dumps(list(text_sha256)), doc_id, doc_id),
        )
        return {value for (value,) in found}

    def rows(self, size: int) -> Iterator[list[Row]]:
        """All rows, `size` at a time."""
        last = 0
        while True:
            found = self._database.connection.execute(
                "SELECT id, chunk_id, doc_id, record, vector FROM chunks"
                " WHERE id > ? ORDER BY id LIMIT ?",
                (last, size),
            ).fetchall()
            if not found:
                return
            last = found[-1][0]
            yield [Row(*row[1:]) for row in found]

    def count(self) -> int:
        """Number of rows in the keyword index."""
        (rows,) = self._database.connection.execute("SELECT count(*) FROM words_docsize").fetchone()
        return int(rows)
