"""BM25 over the register's words, at a bounded cost however frequent the words of a query are."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Sequence
from itertools import accumulate

from resources.vector_store.words import any_of, query_terms

# Scoring a row takes 1.5 microseconds.
_MOST_SCORED = 12_000


def best_chunks(
    connection: sqlite3.Connection, query: str, top_k: int, doc_ids: Collection[str] | None
) -> dict[str, float]:
    """Ids of the best chunks with their score; see `KeywordIndex.search`."""
    terms = query_terms(query)
    if top_k < 1 or not terms:
        return {}
    found = _match(connection, any_of(_affordable(connection, terms)), top_k, doc_ids)
    return found or _match(connection, any_of(terms, prefixes=True), top_k, doc_ids)


def _affordable(connection: sqlite3.Connection, terms: Sequence[str]) -> list[str]:
    """The rarest terms, as many as match `_MOST_SCORED` rows together, and at least one."""
    (rows,) = connection.execute("SELECT coalesce(max(id), 0) FROM chunks").fetchone()
    if rows * len(terms) <= _MOST_SCORED:
        return list(terms)
    count = "SELECT count(*) FROM words WHERE words MATCH ?"
    counts = {term: connection.execute(count, (f'"{term}"',)).fetchone()[0] for term in terms}
    rarest = sorted((term for term in terms if counts[term]), key=counts.__getitem__)
    sums = accumulate(counts[term] for term in rarest)
    kept = [term for term, total in zip(rarest, sums, strict=True) if total <= _MOST_SCORED]
    return kept or rarest[:1]


def _match(
    connection: sqlite3.Connection,
    expression: str,
    top_k: int,
    doc_ids: Collection[str] | None,
) -> dict[str, float]:
    if not expression:
        return {}
    sql = "SELECT rowid, rank FROM words WHERE words MATCH ?"
    values: list[object] = [expression]
    if doc_ids is not None:
        sql += (
            " AND rowid IN (SELECT id FROM chunks WHERE doc_id IN (SELECT value FROM json_each(?)))"
        )
        values.append(json.dumps(list(doc_ids)))
    return dict(
        connection.execute(
            "SELECT chunk_id, -rank FROM chunks JOIN"
            f" ({sql} ORDER BY rank LIMIT ?) AS best ON chunks.id = best.rowid",
            (*values, top_k),
        ).fetchall()
    )
