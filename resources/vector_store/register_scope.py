"""A scope as a condition on the register's chunks."""

from __future__ import annotations

import json

from resources.vector_store import Scope

_NO_END = 2**62


def condition(scope: Scope) -> tuple[str, tuple[str | int, ...]]:
    """What follows WHERE, and its values."""
    parts: list[str] = []
    values: list[str | int] = []
    if scope.doc_ids is not None:
        parts.append("doc_id IN (SELECT value FROM json_each(?))")
        values.append(json.dumps(list(scope.doc_ids)))
    if scope.pages is not None:
        first, last = scope.pages.first, scope.pages.last or _NO_END
        # Of a chunk that begins before and ends behind the range, the pages between may be others.
        parts.append(
            "first_page <= ? AND last_page >= ? AND (first_page >= ? OR last_page <= ? OR EXISTS"
            " (SELECT 1 FROM json_each(record, '$.pages') WHERE value BETWEEN ? AND ?))"
        )
        values += [last, first, first, last, first, last]
    return " AND ".join(parts) or "TRUE", tuple(values)
