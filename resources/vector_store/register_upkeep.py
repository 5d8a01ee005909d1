"""The register kept in order: its schema, its words mended, its file free of what was deleted."""

from __future__ import annotations

import json
import logging
import sqlite3
from pathlib import Path

from resources.failure import FailureKind, SparknetError
from resources.sqlite import Database, primary_code
from resources.vector_store.words import TOKENIZER, indexed_form

log = logging.getLogger(__name__)

_WORDS = f"CREATE VIRTUAL TABLE words USING fts5(body, {TOKENIZER})"
MIGRATIONS = (
    (
        """CREATE TABLE chunks (
            id INTEGER PRIMARY KEY, chunk_id TEXT NOT NULL UNIQUE, doc_id TEXT NOT NULL,
            record TEXT NOT NULL, vector BLOB NOT NULL)""",
        "CREATE INDEX chunks_by_document ON chunks (doc_id, chunk_id)",
        _WORDS,
        "CREATE TABLE state (stamp INTEGER NOT NULL, unfinished TEXT)",
        # Begins anywhere, so that no stamp of a register that was deleted comes up again.
        "INSERT INTO state VALUES (abs(random() % 4503599627370496), NULL)",
    ),
    (
        "CREATE INDEX chunks_by_text ON chunks (json_extract(record, '$.text_sha256'), doc_id)",
        "ALTER TABLE state ADD COLUMN files TEXT NOT NULL DEFAULT 'chroma'",
        "ALTER TABLE state ADD COLUMN deleted INTEGER NOT NULL DEFAULT 1",
        # No name comes up again here either. An FTS5 index in which nothing ever was has two rows.
        """UPDATE state SET deleted = 0, files = 'chroma-' || lower(hex(randomblob(4)))
            WHERE (SELECT count(*) FROM words_data) = 2""",
    ),
    (
        *(
            f"ALTER TABLE chunks ADD COLUMN {name} INTEGER"
            f" GENERATED ALWAYS AS (json_extract(record, '{path}')) VIRTUAL"
            for name, path in (
                ("ordinal", "$.ordinal"),
                ("first_page", "$.pages[0]"),
                ("last_page", "$.pages[#-1]"),
            )
        ),
        # Each has all that tells whether a chunk is in a scope.
        "CREATE INDEX chunks_by_place ON chunks (doc_id, ordinal, first_page, last_page)",
        "CREATE INDEX chunks_by_page ON chunks (first_page, last_page, doc_id)",
        "CREATE INDEX chunks_by_id ON chunks (chunk_id, doc_id, first_page, last_page)",
        "CREATE INDEX chunks_by_row ON chunks (id, doc_id, first_page, last_page)",
    ),
)


def body(record: str) -> str:
    """What is indexed of a chunk, given its JSON."""
    return indexed_form(json.loads(record)["text"])


def forget_deleted(database: Database) -> bool:
    """Takes what was deleted since the last time out of the file, words and rows.

    Returns:
        False when it may be in the write-ahead log still.
    """
    (deleted,) = database.connection.execute("SELECT deleted FROM state").fetchone()
    with database.transaction() as connection:
        # Deleting a row only notes for each of its words that it is gone.
        connection.execute("INSERT INTO words (words) VALUES ('rebuild')")
    if not database.scrub():
        return False
    with database.transaction() as connection:
        connection.execute("UPDATE state SET deleted = max(deleted - ?, 0)", (deleted,))
    return True


def mend_words(database: Database) -> None:
    """Makes the keyword index anew from the chunks when it is damaged or does not fit them.

    Raises:
        SparknetError: The chunks themselves can't be read.
    """
    try:
        with database.transaction() as connection:
            (found,) = connection.execute("PRAGMA quick_check('chunks')").fetchone()
            if found != "ok":
                raise _damaged(database.path, found)
            if not _words_fit(connection):
                log.warning("The keyword index %s is damaged: building it anew.", database.path)
                _index_words(connection)
    except sqlite3.DatabaseError as error:
        if primary_code(error) not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise
        raise _damaged(database.path, error) from error


def _words_fit(connection: sqlite3.Connection) -> bool:
    apart = """SELECT EXISTS (SELECT id FROM chunks EXCEPT SELECT id FROM words_docsize)
        OR EXISTS (SELECT id FROM words_docsize EXCEPT SELECT id FROM chunks)"""
    try:
        connection.execute("INSERT INTO words (words, rank) VALUES ('integrity-check', 0)")
        return not connection.execute(apart).fetchone()[0]
    except sqlite3.DatabaseError as error:
        if primary_code(error) in (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT):
            return False
        raise


def _index_words(connection: sqlite3.Connection) -> None:
    _drop_words(connection)
    connection.execute(_WORDS)
    rows = connection.execute("SELECT id, record FROM chunks ORDER BY id")
    connection.executemany(
        "INSERT INTO words (rowid, body) VALUES (?, ?)",
        ((row_id, body(record)) for row_id, record in rows),
    )
    connection.execute("UPDATE state SET deleted = deleted + 1")


def _drop_words(connection: sqlite3.Connection) -> None:
    """Removes the keyword index even where DROP TABLE can't load it any more."""
    connection.execute("PRAGMA writable_schema = ON")
    connection.execute("DELETE FROM sqlite_master WHERE name = 'words'")
    connection.execute("PRAGMA writable_schema = RESET")
    for part in ("data", "idx", "content", "docsize", "config"):
        connection.execute(f"DROP TABLE IF EXISTS words_{part}")


def _damaged(path: Path, what: object) -> SparknetError:
    return SparknetError(
        FailureKind.INTERNAL,
        f"{path} is damaged ({what}): delete the folder {path.parent}, and `sparknet materialize`"
        " fills the index again.",
    )
