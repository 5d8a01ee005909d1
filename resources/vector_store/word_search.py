"""BM25 over the register's words, at a bounded cost however frequent the words of a query are."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from itertools import accumulate

from resources.vector_store import EVERYTHING, Scope
from resources.vector_store.register_scope import condition
from resources.vector_store.words import any_of, query_terms

# Scoring a row takes 1.5 microseconds.
_MOST_SCORED = 12_000


def best_chunks(
    connection: sqlite3.Connection, query: str, top_k: int, within: Scope
) -> dict[str, float]:
    """Ids of the best chunks with their score; see `KeywordIndex.search`."""
    terms = query_terms(query)
    if top_k < 1 or not terms:
        return {}
    found = _match(connection, any_of(_affordable(connection, terms)), top_k, within)
    return found or _match(connection, any_of(terms, prefixes=True), top_k, within)


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
    within: Scope,
) -> dict[str, float]:
    if not expression:
        return {}
    sql = "SELECT rowid, rank FROM words WHERE words MATCH ?"
    values: list[object] = [expression]
    if within != EVERYTHING:
        where, scoped = condition(within)
        sql += f" AND rowid IN (SELECT id FROM chunks WHERE {where})"
        values += scoped
    return dict(
        connection.execute(
            "SELECT chunk_id, -rank FROM chunks JOIN"
            f" ({sql} ORDER BY rank LIMIT ?) AS best ON chunks.id = best.rowid",
            (*values, top_k),
        ).fetchall()
    )
