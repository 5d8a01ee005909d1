"""A shared SQLite file: what it holds of rows that were deleted, when it is opened and closed."""

from __future__ import annotations

import gc
import random
import re
import sqlite3
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from resources.sqlite import Database


@pytest.mark.parametrize("seed", range(3))
def test_a_scrubbed_file_has_no_trace_of_what_was_deleted(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    path = tmp_path / "some.db"
    database = Database(path, [["CREATE TABLE t (k TEXT PRIMARY KEY, v TEXT) WITHOUT ROWID"]])
    for step in range(4000):
        with database.transaction() as connection:
            key = f"key{draw.randrange(1500)}"
            if draw.random() < 0.6:
                value = f"value{step:04}" + "x" * draw.randrange(600)
                connection.execute("REPLACE INTO t VALUES (?, ?)", (key, value))
            else:
                connection.execute("DELETE FROM t WHERE k = ?", (key,))
    rows = database.connection.execute("SELECT substr(v, 1, 9) FROM t").fetchall()
    live = {value.encode() for (value,) in rows}

    def found() -> set[bytes]:
        return set(re.findall(rb"value\d{4}", path.read_bytes()))

    database.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert found() > live, "secure_delete overwrites no copies in free space"
    assert database.scrub()
    assert found() == live
    assert Path(f"{path}-wal").stat().st_size == 0


def test_a_file_that_is_replaced_while_it_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a generation's register is when that is retired and built again."""
    path, schema = tmp_path / "index" / "some.db", [["CREATE TABLE t (a)"]]
    Database(path, schema).connection.execute("INSERT INTO t VALUES ('old')")
    opened = Database._open

    def replaced(database: Database) -> sqlite3.Connection:
        connection = opened(database)
        path.parent.rename(tmp_path / "aside")
        monkeypatch.undo()
        Database(path, schema).connection.execute("INSERT INTO t VALUES ('new')")
        return connection

    monkeypatch.setattr(Database, "_open", replaced)
    database = Database(path, schema)
    assert database.connection.execute("SELECT a FROM t").fetchall() == [("old",)]
    assert database.connection.execute("SELECT a FROM t").fetchall() == [("new",)]


def test_threads_that_end_leave_no_files_open(tmp_path: Path) -> None:
    """A server's threads come and go; the collector may not run between them."""
    database = Database(tmp_path / "many.db", [["CREATE TABLE t (a)"]])
    database.connection.execute("SELECT * FROM t")

    def opened() -> int:
        count = 0
        for link in Path("/proc/self/fd").iterdir():
            with suppress(OSError):
                count += "many.db" in str(link.readlink())
        return count

    gc.collect()
    gc.disable()
    try:
        for _ in range(100):
            thread = threading.Thread(target=lambda: database.connection.execute("SELECT 1 FROM t"))
            thread.start()
            thread.join()
        left = opened()
    finally:
        gc.enable()
    assert left < 60
