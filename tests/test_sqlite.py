"""What a shared SQLite file holds of rows that were deleted."""

from __future__ import annotations

import random
import re
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
