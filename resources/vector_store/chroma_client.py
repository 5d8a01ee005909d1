"""Chroma itself: opening it without telemetry or downloads, and the few calls that we make."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from resources.failure import FailureKind, SparknetError
from resources.sqlite import in_chunks
from resources.vector_store.keyword import Row

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Malkov and Yashunin 2018, section 4.2: M 16 fits 384 dimensions; the efs are as large as the
# search budget allows (see benchmarks/search_latency.py).
_HNSW = {
    "space": "cosine",
    "max_neighbors": 16,
    "ef_construction": 200,
    "ef_search": 200,
    # What is not synced to the index files is replayed when they are opened: keep that short.
    "sync_threshold": 100,
}
_IDS_PER_CALL = 5000


class _Opened(NamedTuple):
    pid: int
    stamp: int
    client: Any
    collection: Any


# Chroma keeps one system per folder and process, so what is open is shared here as well.
_opened: dict[Path, _Opened] = {}
# Inherited through fork, without the threads that served them: never to be touched, nor collected.
_inherited: list[_Opened] = []


class ChromaCollection:
    """One Chroma collection: vectors under chunk ids, with `doc_id` as metadata to filter by.

    The chunks themselves stay in the register: Chroma would store them twice, once in an index, and
    keep the text of deleted ones in its files.
    """

    def __init__(self, client: Any, collection: Any) -> None:
        self._collection = collection
        self._batch = min(client.get_max_batch_size(), _IDS_PER_CALL)

    def upsert(self, rows: Sequence[Row]) -> None:
        """Inserts or replaces."""
        import numpy as np

        for part in in_chunks(rows, self._batch):
            vectors = np.frombuffer(b"".join(row.vector for row in part), dtype=np.float32)
            self._collection.upsert(
                ids=[row.chunk_id for row in part],
                embeddings=vectors.reshape(len(part), -1),
                metadatas=[{"doc_id": row.doc_id} for row in part],
            )

    def delete(self, ids: Collection[str]) -> None:
        """Removes what is there of these."""
        for chunk in in_chunks(self.present(ids), self._batch):
            self._collection.delete(ids=chunk)

    def present(self, ids: Collection[str]) -> set[str]:
        """Those of the ids that are stored."""
        found: set[str] = set()
        for chunk in in_chunks(ids, self._batch):
            found.update(self._collection.get(ids=chunk, include=[])["ids"])
        return found

    def query(
        self, vector: NDArray[np.float32], top_k: int, doc_ids: Collection[str] | None
    ) -> dict[str, float]:
        """Ids of the nearest chunks with their cosine similarity."""
        found = self._collection.query(
            query_embeddings=[vector],
            n_results=top_k,
            where=None if doc_ids is None else {"doc_id": {"$in": list(doc_ids)}},
            include=["distances"],
        )
        pairs = zip(found["ids"][0], found["distances"][0], strict=True)
        return {chunk_id: 1.0 - float(distance) for chunk_id, distance in pairs}

    def count(self) -> int:
        """Number of vectors."""
        return int(self._collection.count())


def open_folder(folder: Path, name: str, stamp: int) -> ChromaCollection:
    """The collection in `folder` as it was at `stamp`: opened anew when that has changed.

    Chroma's index in memory does not follow what other processes write, and would overwrite it:
    the caller must hold a lock that excludes them, and give the stamp of their last write.
    """
    opened = _opened.get(folder)
    if opened is None or opened.pid != os.getpid() or opened.stamp != stamp:
        close_folder(folder)
        client = _persistent_client(folder)
        opened = _Opened(os.getpid(), stamp, client, _collection(client, name))
        _opened[folder] = opened
    return ChromaCollection(opened.client, opened.collection)


def is_open(folder: Path, stamp: int) -> bool:
    """Whether `open_folder` would give what is open already."""
    opened = _opened.get(folder)
    return opened is not None and opened.pid == os.getpid() and opened.stamp == stamp


def advance(folder: Path, stamp: int) -> None:
    """Says that what is open is current at `stamp`, having made that write itself."""
    _opened[folder] = _opened[folder]._replace(stamp=stamp)


def close_folder(folder: Path) -> None:
    """Closes what this process has open there."""
    opened = _opened.pop(folder, None)
    if opened is None:
        return
    if opened.pid == os.getpid():
        opened.client.close()
        return
    _inherited.append(opened)
    _forget(folder)


def _forget(folder: Path) -> None:
    """Makes Chroma start anew in `folder` instead of reusing what it started before."""
    from chromadb.api.shared_system_client import SharedSystemClient

    SharedSystemClient._identifier_to_system.pop(str(folder), None)
    SharedSystemClient._identifier_to_refcount.pop(str(folder), None)


def open_server(host: str, port: int, name: str) -> ChromaCollection:
    """The collection on a Chroma server.

    Raises:
        SparknetError: Nothing answers there.
    """
    import chromadb

    try:
        client = chromadb.HttpClient(host=host, port=port, settings=_settings())
    except ValueError as error:
        # What Chroma makes of every failure to connect.
        raise _unavailable(host, port) from error
    return ChromaCollection(client, _collection(client, name))


@contextmanager
def reachable(host: str, port: int) -> Iterator[None]:
    """Turns the loss of the server into a SparknetError that says what to do."""
    import httpx

    try:
        yield
    except httpx.TransportError as error:
        raise _unavailable(host, port) from error


def _unavailable(host: str, port: int) -> SparknetError:
    return SparknetError(
        FailureKind.UNAVAILABLE,
        f"No Chroma server answers at {host}:{port}: start it (`chroma run`), or set"
        " SPARKNET_CHROMA_HOST and SPARKNET_CHROMA_PORT, or SPARKNET_VECTOR_STORE=chroma.",
    )


def _persistent_client(folder: Path) -> Any:
    import chromadb

    try:
        return chromadb.PersistentClient(str(folder), settings=_settings())
    except BaseException:
        # Chroma would keep the system that failed to start, and fail with it for ever.
        _forget(folder)
        raise


def _settings() -> Any:
    from chromadb.config import Settings

    return Settings(anonymized_telemetry=False)


def _collection(client: Any, name: str) -> Any:
    # No embedding function: Chroma's own would download a model.
    return client.get_or_create_collection(
        name, embedding_function=None, configuration={"hnsw": _HNSW}
    )
