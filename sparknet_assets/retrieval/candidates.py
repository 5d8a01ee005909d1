"""What the index ranks for a query, by meaning and by words; asked once while it stays as it is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from resources.deployment import Deployment, ModelGoneError
from resources.vector_store import Scope, SearchHit, VectorStore
from sparknet_assets.retrieval.results import SearchMode

if TYPE_CHECKING:
    from resources.generations import Generation

NAMESPACE = "searches"
# Each query has one place among so many, and drives out what was there: the cache can't grow.
PLACES = 2048
_FORMAT = 1


class Candidates(NamedTuple):
    """Rankings, each the best first; empty for one that was not asked for.

    Attributes:
        note: Why the query was not searched by meaning, if it should have been.
    """

    vector: list[SearchHit]
    keyword: list[SearchHit]
    note: str = ""


def candidates(
    deployment: Deployment, live: Generation, query: str, mode: SearchMode, depth: int, scope: Scope
) -> Candidates:
    """The best of each ranking, from the cache when nothing was written since they were put there.

    Raises:
        ModelGoneError: A search by meaning alone has no model.
        SparknetError: A service does not answer.
    """
    store = deployment.store_of(live)
    version = store.version()
    if version is None:
        return _searched(deployment, live, query, mode, depth, scope)
    key = _key(live.name, version, query, mode, depth, scope)
    # Not of the version: what is outdated is driven out by its own successor.
    place = str(int(_key(live.name, "", query, mode, depth, scope)[:8], 16) % PLACES)
    entry = deployment.cache.get_many(NAMESPACE, [place]).get(place)
    found = _loaded(entry, key, store) if entry else None
    if found is None:
        found = _searched(deployment, live, query, mode, depth, scope)
        # Written to meanwhile, it may be of before or after.
        if not found.note and store.version() == version:
            deployment.cache.put_many(NAMESPACE, {place: _packed(found, key)})
    return found


def _searched(
    deployment: Deployment, live: Generation, query: str, mode: SearchMode, depth: int, scope: Scope
) -> Candidates:
    store = deployment.store_of(live)
    near: list[SearchHit] = []
    worded: list[SearchHit] = []
    note = ""
    if mode != "keyword":
        try:
            vector = deployment.embedder_of(live).embed([query])[0]
            near = store.search(vector, depth, within=scope)
        except ModelGoneError as error:
            if mode == "vector":
                raise
            note = f"Searched by words only. {error}"
    if mode != "vector":
        worded = store.search_text(query, depth, within=scope)
    return Candidates(near, worded, note)


def _key(*parts: str | int | Scope) -> str:
    """Scopes by what passes now, not by the filters: rows of the catalog may change."""
    values: list[object] = []
    for part in parts:
        if isinstance(part, Scope):
            doc_ids = None if part.doc_ids is None else sorted(set(part.doc_ids))
            values += [doc_ids, part.pages]
        else:
            values.append(part)
    return hashlib.sha256(json.dumps([_FORMAT, *values]).encode()).hexdigest()


def _packed(found: Candidates, key: str) -> bytes:
    """Where the passages are and their scores: no text, which would outlive its document."""
    rankings = [
        [[h.chunk.chunk_id, h.chunk.doc_id, h.chunk.ordinal, h.score] for h in ranking]
        for ranking in (found.vector, found.keyword)
    ]
    return json.dumps({"key": key, "rankings": rankings}).encode()


def _loaded(entry: bytes, key: str, store: VectorStore) -> Candidates | None:
    """None where it is of another query or version, or passages have gone."""
    try:
        stored = json.loads(entry)
    except ValueError:
        return None
    if not isinstance(stored, dict) or stored.get("key") != key:
        return None
    rankings: Sequence[Sequence[tuple[str, str, int, float]]] = stored["rankings"]
    places: dict[str, set[int]] = {}
    for ranking in rankings:
        for _, doc_id, ordinal, _ in ranking:
            places.setdefault(doc_id, set()).add(ordinal)
    chunks = {chunk.chunk_id: chunk for chunk in store.passages(places)}
    try:
        near, worded = (
            [SearchHit(chunks[chunk_id], score) for chunk_id, _, _, score in ranking]
            for ranking in rankings
        )
    except KeyError:
        return None
    return Candidates(near, worded)
