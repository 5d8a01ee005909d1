"""What a domain's index holds, asked of the index itself: it has ids of ours, and refreshes."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Collection, Sequence
from typing import Any

from resources.vector_store import Compaction
from resources.vector_store.opensearch_bulk import Action
from resources.vector_store.opensearch_index import OpenSearchIndex, Row, source_of
from resources.vector_store.opensearch_queries import MOST_HITS, any_of

# Of OpenSearch, bytes: a longer id is refused.
_LONGEST_ID = 512
_WHOLE = {"exists": {"field": "vector"}}
_WORDED = {"exists": {"field": "chunk_id"}}


class DomainContents:
    """A document in OpenSearch is a chunk with its vector and words, written and removed whole."""

    visible_within = 0.0

    def __init__(self, index: OpenSearchIndex) -> None:
        self._index = index

    def add(self, rows: Sequence[Row]) -> None:
        self._index.ensure()
        try:
            self._index.bulk(
                [
                    Action(row.chunk.doc_id, _line("index", row.chunk.chunk_id) + source_of(row))
                    for row in rows
                ]
            )
        finally:
            self._index.refresh()

    def delete(self, chunk_ids: Collection[str]) -> int:
        ordered = sorted(set(chunk_ids))
        done = self._index.bulk([Action("", _line("delete", i)) for i in ordered])
        self._index.refresh()
        return sum(item.get("result") == "deleted" for item in done.items)

    def chunk_ids(self, doc_ids: Collection[str]) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {doc_id: set() for doc_id in doc_ids}
        if not found:
            return found
        query = {"bool": {"filter": [any_of("doc_id", found), _WHOLE]}}
        for page in self._index.pages(query, ["doc_id", "chunk_id"], ["chunk_id"]):
            for hit in page:
                fields = hit["fields"]
                found[fields["doc_id"][0]].add(fields["chunk_id"][0])
        return found

    def document_ids(self) -> set[str]:
        return self._index.values("doc_id", {"match_all": {}})

    def count(self) -> tuple[int, int]:
        aggregations = {"vectors": {"filter": _WHOLE}, "rows": {"filter": _WORDED}}
        body: dict[str, Any] = {"size": 0, "aggs": aggregations}  # one request: of one moment
        answer = self._index.post("_search", body)
        if answer is None:
            return 0, 0
        found = answer["aggregations"]
        return found["vectors"]["doc_count"], found["rows"]["doc_count"]

    def texts_elsewhere(self, text_sha256: Collection[str], doc_id: str) -> set[str]:
        others = {"must_not": [{"term": {"doc_id": doc_id}}]}
        query = {"bool": {"filter": [any_of("text_sha256", text_sha256)], **others}}
        return self._index.values("text_sha256", query)

    def search(self, query: dict[str, Any], size: int) -> list[tuple[str, float]]:
        body = {"size": min(size, MOST_HITS), "query": query, "_source": ["chunk"]}
        return [(hit["_source"]["chunk"], hit["_score"]) for hit in self._index.hits(body)]

    def repair(self) -> None:
        """Removes documents that have no vector; what they were of is made again by its stage."""
        query = {"bool": {"must_not": [_WHOLE]}}
        for page in self._index.pages(query, ["chunk_id"], ["chunk_id", "ordinal"]):
            self._index.bulk([Action("", _server_line("delete", hit["_id"])) for hit in page])
        self._index.refresh()

    def compact(self) -> Compaction:
        """Merges segments until none has a deleted chunk. A merge may wait for copies to catch up.

        `complete` is False while OpenSearch keeps some for its own recovery.
        """
        began = time.perf_counter()
        before, _ = self._index.files()
        self._index.post("_forcemerge", None, {"only_expunge_deletes": "true"})
        self._index.refresh()
        after, kept = self._index.files()
        return Compaction(before, after, kept == 0, time.perf_counter() - began)

    def size_bytes(self) -> int | None:
        return self._index.files()[0]

    def drop(self) -> None:
        self._index.drop()


def _line(verb: str, chunk_id: str) -> bytes:
    own = chunk_id.encode("utf-8", "surrogatepass")
    return _server_line(
        verb, chunk_id if len(own) <= _LONGEST_ID else hashlib.sha256(own).hexdigest()
    )


def _server_line(verb: str, server_id: str) -> bytes:
    return json.dumps({verb: {"_id": server_id}}).encode() + b"\n"
