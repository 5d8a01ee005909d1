"""Chroma opened, without telemetry or downloads, once a process and folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from resources.failure import FailureKind, SparknetError
from resources.vector_store.chroma_collection import ChromaCollection
from resources.vector_store.chroma_files import Blanking

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


class _Opened(NamedTuple):
    pid: int
    stamp: int
    collection: ChromaCollection


# Chroma keeps one system per folder and process, so what is open is shared here as well.
_opened: dict[Path, _Opened] = {}
# Inherited through fork, without the threads that served them: never to be touched, nor collected.
_inherited: list[_Opened] = []


def open_folder(folder: Path, name: str, stamp: int) -> ChromaCollection:
    """The collection in `folder` as it was at `stamp`: opened anew when that has changed.

    Chroma's index in memory does not follow what other processes write, and would overwrite it:
    the caller must hold a lock that excludes them, and give the stamp of their last write.
    """
    if not is_open(folder, stamp):
        close_siblings(folder)
        share(folder, open_apart(folder, name), stamp)
    return _opened[folder].collection


def open_apart(folder: Path, name: str) -> ChromaCollection:
    """The collection in a folder that nobody else has open, made when absent."""
    client = _persistent_client(folder)
    return ChromaCollection(client, _collection(client, name), Blanking(folder))


def share(folder: Path, collection: ChromaCollection, stamp: int) -> None:
    """Makes a collection the one that this process has open in `folder`, current at `stamp`."""
    _opened[folder] = _Opened(os.getpid(), stamp, collection)


def is_open(folder: Path, stamp: int) -> bool:
    """Whether this process has it open as it was at `stamp`."""
    opened = _opened.get(folder)
    return opened is not None and opened.pid == os.getpid() and opened.stamp == stamp


def advance(folder: Path, stamp: int) -> None:
    """Says that what is open is current at `stamp`, having made that write itself."""
    _opened[folder] = _opened[folder]._replace(stamp=stamp)


def close_siblings(folder: Path) -> None:
    """Closes what this process has open of a generation: `folder`, and those that it replaced."""
    for other in [other for other in list(_opened) if other.parent == folder.parent]:
        opened = _opened.pop(other)
        if opened.pid == os.getpid():
            opened.collection.close()
        else:
            _inherited.append(opened)
            _forget(other)


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


def drop_on_server(host: str, port: int, name: str) -> None:
    """Removes the collection from a Chroma server, if it is there.

    Raises:
        SparknetError: Nothing answers there.
    """
    import chromadb
    from chromadb.errors import NotFoundError

    try:
        client = chromadb.HttpClient(host=host, port=port, settings=_settings())
    except ValueError as error:
        raise _unavailable(host, port) from error
    with suppress(NotFoundError):
        client.delete_collection(name)


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
