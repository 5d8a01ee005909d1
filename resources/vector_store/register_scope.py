"""A scope as a condition on the register's chunks."""

from __future__ import annotations

import json
import sqlite3

from resources.vector_store import Scope

_NO_END = 2**62


def condition(scope: Scope, *, of_known: bool = False) -> tuple[str, tuple[str | int, ...]]:
    """What follows WHERE, and its values.

    Args:
        of_known: Something else says which rows; no index is to be used for this.
    """
    plus = "+" if of_known else ""
    parts: list[str] = []
    values: list[str | int] = []
    if scope.doc_ids is not None:
        parts.append(f"{plus}doc_id IN (SELECT value FROM json_each(?))")
        values.append(json.dumps(list(scope.doc_ids)))
    if scope.pages is not None:
        first, last = scope.pages.first, scope.pages.last or _NO_END
        # Of a chunk that begins before and ends behind the range, the pages between may be others.
        parts.append(
            f"{plus}first_page <= ? AND last_page >= ? AND (first_page >= ? OR last_page <= ?"
            " OR EXISTS (SELECT 1 FROM chunks AS whole, json_each(whole.record, '$.pages') AS page"
            " WHERE whole.id = chunks.id AND page.value BETWEEN ? AND ?))"
        )
        values += [last, first, first, last, first, last]
    return " AND ".join(parts) or "TRUE", tuple(values)


def has_more(connection: sqlite3.Connection, scope: Scope, most: int) -> bool:
    """Whether there are more than so many chunks in a scope."""
    where, values = condition(scope)
    sql = f"SELECT count(*) FROM (SELECT 1 FROM chunks WHERE {where} LIMIT ?)"
    (found,) = connection.execute(sql, (*values, most + 1)).fetchone()
    return bool(found > most)
