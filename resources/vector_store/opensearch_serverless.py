"""What an index on OpenSearch Serverless holds: a register knows, since the index tells it late."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from resources.locks import Locks
from resources.vector_store import Compaction
from resources.vector_store.opensearch_bulk import Action
from resources.vector_store.opensearch_index import OpenSearchIndex, Row, source_of
from resources.vector_store.opensearch_queries import MOST_HITS
from resources.vector_store.opensearch_register import ChunkRegister, Entry, same_versions

# More than are wanted, for some that are found may be deleted already.
_SPARE = 1.2


class ServerlessContents:
    """Each version of a chunk is a document of its own; the register says which one counts.

    A write begins in the register, then the documents are stored, then registered together, then
    the ones that they replace are deleted. Killed anywhere, what was not registered is found by
    nobody, and the next write or repair removes it once it can be seen.

    Args:
        own_ids: The service takes ids of ours; else it makes them.
    """

    def __init__(
        self,
        index: OpenSearchIndex,
        register: ChunkRegister,
        locks: Locks,
        own_ids: bool,
        visible_within: float,
    ) -> None:
        self.visible_within = visible_within
        self._index = index
        self._register = register
        self._locks = locks
        self._own_ids = own_ids

    def add(self, rows: Sequence[Row]) -> None:
        with self._writing():
            self._index.ensure()
            entries = self._register.entries([row.chunk.chunk_id for row in rows])
            versions = {row.chunk.chunk_id: _version(row) for row in rows}
            same = same_versions(entries, versions)
            new = [row for row in rows if row.chunk.chunk_id not in same]
            if not new:
                return
            write = uuid.uuid4().hex
            self._register.begin(write, time.time())
            done = self._index.bulk(
                [self._stored(r, versions[r.chunk.chunk_id], write) for r in new]
            )
            self._registered(new, versions, entries, [item["_id"] for item in done.items])
            if not done.twice:
                self._register.finish(write)
            self._delete_retired()

    def _registered(
        self,
        rows: Sequence[Row],
        versions: dict[str, str],
        before: dict[str, Entry],
        server_ids: Sequence[str],
    ) -> None:
        replaced = [before[r.chunk.chunk_id] for r in rows if r.chunk.chunk_id in before]
        previous = {entry.chunk_id: entry.version for entry in replaced}
        self._register.put(
            [
                Entry(
                    chunk_id := row.chunk.chunk_id,
                    row.chunk.doc_id,
                    row.chunk.text_sha256,
                    server_id,
                    versions[chunk_id],
                    previous.get(chunk_id, ""),
                )
                for row, server_id in zip(rows, server_ids, strict=True)
            ],
            {entry.server_id for entry in replaced},
        )

    def _stored(self, row: Row, version: str, write: str) -> Action:
        head: dict[str, str] = {}
        if self._own_ids:
            own = f"{row.chunk.chunk_id} {version}".encode("utf-8", "surrogatepass")
            head = {"_id": hashlib.sha256(own).hexdigest()}
        line = json.dumps({"index": head}).encode() + b"\n"
        return Action(row.chunk.doc_id, line + source_of(row, version=version, write=write))

    def delete(self, chunk_ids: Collection[str]) -> int:
        with self._writing():
            entries = list(self._register.entries(chunk_ids).values())
            if entries:
                self._register.remove(entries)
                self._delete_retired()
            return len(entries)

    def search(self, query: dict[str, Any], size: int) -> list[tuple[str, float]]:
        """Asks for more until there are enough of those that the register knows, or no others."""
        wanted = min(int(size * _SPARE) + 10, MOST_HITS)
        while True:
            asked = _asking_for(query, wanted)
            body = {"size": wanted, "query": asked, "_source": ["chunk", "chunk_id", "version"]}
            hits = self._index.hits(body)
            known = self._known(hits)
            if len(known) >= size or len(hits) < wanted or wanted == MOST_HITS:
                return known[:size]
            wanted = min(wanted * 2, MOST_HITS)

    def _known(self, hits: Sequence[dict[str, Any]]) -> list[tuple[str, float]]:
        """Hits that the register has; of two versions of a chunk the current one."""
        entries = self._register.entries({hit["_source"]["chunk_id"] for hit in hits})
        best: dict[str, tuple[bool, dict[str, Any]]] = {}
        for hit in hits:
            chunk_id, version = hit["_source"]["chunk_id"], hit["_source"]["version"]
            entry = entries.get(chunk_id)
            if entry is None or version not in (entry.version, entry.previous):
                continue
            current = version == entry.version
            if chunk_id not in best or (current and not best[chunk_id][0]):
                best[chunk_id] = (current, hit)
        kept = sorted((hit for _, hit in best.values()), key=lambda hit: -hit["_score"])
        return [(hit["_source"]["chunk"], hit["_score"]) for hit in kept]

    def chunk_ids(self, doc_ids: Collection[str]) -> dict[str, set[str]]:
        return self._register.chunk_ids(doc_ids)

    def document_ids(self) -> set[str]:
        return self._register.document_ids()

    def count(self) -> tuple[int, int]:
        count = self._register.count()
        return count, count

    def texts_elsewhere(self, text_sha256: Collection[str], doc_id: str) -> set[str]:
        return self._register.texts_elsewhere(text_sha256, doc_id)

    def repair(self) -> None:
        """Waits until all writes can be seen, then makes index and register agree."""
        with self._writing():
            time.sleep(self.visible_within)
            entries = self._register.everything()
            current = {entry.server_id for entry in entries.values()}
            seen: set[str] = set()
            for page in self._index.pages(
                {"match_all": {}}, ["chunk_id"], ["chunk_id", "version", "write"]
            ):
                ids = {hit["_id"] for hit in page}
                seen |= ids & current
                self._delete(ids - current)
            lost = [entry for entry in entries.values() if entry.server_id not in seen]
            if lost:
                self._register.remove(lost)
            self._delete_retired()
            for write in self._register.unfinished():
                self._register.finish(write)

    def compact(self) -> Compaction:
        """Deletes what was left to be deleted; the service frees its space when it likes."""
        began = time.perf_counter()
        with self._writing():
            self._delete_retired()
        return Compaction(0, 0, False, time.perf_counter() - began)

    def size_bytes(self) -> int | None:
        return None

    def drop(self) -> None:
        with self._locks.hold(self._lock):
            self._index.drop()
            self._register.drop()

    @property
    def _lock(self) -> str:
        return f"index-{self._index.name}"

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Keeps other writers out, and first finishes what one that was killed had begun."""
        with self._locks.hold(self._lock):
            self._delete_retired()
            now = time.time()
            for write, began in self._register.unfinished().items():
                if now - began > self.visible_within:
                    self._undo(write)
            yield

    def _undo(self, write: str) -> None:
        """Deletes the documents of a write that were not registered."""
        fields = ["chunk_id"]
        for page in self._index.pages({"term": {"write": write}}, fields, ["chunk_id", "version"]):
            entries = self._register.entries({hit["fields"]["chunk_id"][0] for hit in page})
            current = {entry.server_id for entry in entries.values()}
            self._delete({hit["_id"] for hit in page} - current)
        self._register.finish(write)

    def _delete_retired(self) -> None:
        retired = self._register.retired()
        if retired:
            self._delete(retired)
            self._register.forget(retired)

    def _delete(self, server_ids: Collection[str]) -> None:
        lines = [json.dumps({"delete": {"_id": i}}).encode() + b"\n" for i in sorted(server_ids)]
        if lines:
            self._index.bulk([Action("", line) for line in lines])


def _version(row: Row) -> str:
    digest = hashlib.sha256(row.chunk.model_dump_json().encode("utf-8", "surrogatepass"))
    digest.update(row.vector.tobytes())
    return digest.hexdigest()[:32]


def _asking_for(query: dict[str, Any], size: int) -> dict[str, Any]:
    """The query for so many nearest vectors; one by words needs no number."""
    if "knn" not in query:
        return query
    clause = query["knn"]["vector"]
    return {"knn": {"vector": {**clause, "k": max(clause["k"], size)}}}
