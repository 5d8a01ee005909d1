"""BM25 over the register's words, at a bounded cost however frequent the words of a query are."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from itertools import accumulate

from resources.vector_store import EVERYTHING, Scope
from resources.vector_store.register_scope import condition, has_more
from resources.vector_store.words import any_of, query_terms

# Scoring a row takes 1.5 microseconds.
_MOST_SCORED = 12_000
# Looking up which chunks are in a scope takes 0.3 microseconds each.
_FEW = 10_000


def best_chunks(
    connection: sqlite3.Connection, query: str, top_k: int, within: Scope
) -> dict[str, float]:
    """Ids of the best chunks with their score; see `KeywordIndex.search`."""
    terms = query_terms(query)
    if top_k < 1 or not terms or within.is_empty:
        return {}
    search = _Search(connection, top_k, within)
    affordable = _affordable(connection, terms)
    found = search.match(any_of(affordable))
    if len(found) < top_k and within != EVERYTHING and len(affordable) < len(terms):
        # The rare words may be elsewhere, the frequent ones here.
        found = search.match(any_of(terms))
    return found or search.match(any_of(terms, prefixes=True))


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


class _Search:
    """Finds the best rows within a scope, whichever way is the shorter for it."""

    def __init__(self, connection: sqlite3.Connection, top_k: int, within: Scope) -> None:
        self._connection = connection
        self._top_k = top_k
        wide = within != EVERYTHING and has_more(connection, within, _FEW)
        where, self._values = condition(within, of_known=wide)
        # The form of `rowid` keeps SQLite from matching anew for each row of the scope.
        if within == EVERYTHING:
            self._form = "SELECT rowid, rank AS score FROM words WHERE words MATCH ?"
        elif wide:
            # FTS5 gives the best first, so that few are looked up.
            self._form = (
                "SELECT rowid, rank AS score FROM words WHERE words MATCH ? AND EXISTS"
                " (SELECT 1 FROM chunks INDEXED BY chunks_by_row"
                f" WHERE id = words.rowid AND {where})"
            )
        else:
            # Only what is in the scope is scored.
            self._form = (
                "SELECT rowid, bm25(words) AS score FROM words WHERE words MATCH ?"
                f" AND +rowid IN (SELECT id FROM chunks WHERE {where})"
            )

    def match(self, expression: str) -> dict[str, float]:
        if not expression:
            return {}
        return dict(
            self._connection.execute(
                "SELECT chunk_id, -score FROM chunks JOIN"
                f" ({self._form} ORDER BY score LIMIT ?) AS best ON chunks.id = best.rowid",
                (expression, *self._values, self._top_k),
            ).fetchall()
        )
