"""Who may touch Chroma's files when, what is marked before, and how a torn write is put right."""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from resources.locks import file_lock
from resources.vector_store import chroma_client as chroma
from resources.vector_store.chroma_client import ChromaCollection
from resources.vector_store.keyword import KeywordIndex, Row

log = logging.getLogger(__name__)

_ROWS = 2000


class ChromaAccess:
    """One generation's collection, shared by processes.

    A lock admits one writer, or any number of readers. Each write is marked in the register before
    it begins and unmarked in the transaction that commits its rows; the register's stamp, raised
    each time, tells other processes to open Chroma anew. Whoever finds a mark left behind undoes
    that write: chunk by chunk while Chroma had not yet begun to write its index files, which it
    does in place, else by building those files from the register.

    Args:
        folder: Of this generation.
        name: Of the collection.
        server: Host and port of a Chroma server, instead of files in the folder.
    """

    def __init__(
        self, folder: Path, name: str, server: tuple[str, int] | None, register: KeywordIndex
    ) -> None:
        self._files = folder / "chroma"
        self._lock = folder / "lock"
        self._name = name
        self._server = server
        self._register = register
        self._on_server: tuple[int, ChromaCollection] | None = None

    def __reduce__(self) -> tuple[Callable[..., ChromaAccess], tuple[object, ...]]:
        return ChromaAccess, (self._files.parent, self._name, self._server, self._register)

    @contextmanager
    def reading(self) -> Iterator[ChromaCollection]:
        """The collection as the last write left it, while no one writes."""
        with file_lock(self._lock, shared=True):
            # A server, too, answers a query during the first writes of a collection with an error.
            if self._register.state.unfinished is None and self._is_open():
                with self._open() as collection:
                    yield collection
                return
        with file_lock(self._lock), self._open() as collection:
            yield collection

    @contextmanager
    def writing(self) -> Iterator[ChromaCollection]:
        """The collection, for this process alone; change it through `write`."""
        with file_lock(self._lock), self._open() as collection:
            yield collection

    def write(
        self,
        collection: ChromaCollection,
        rows: Sequence[Row] = (),
        deleted: Collection[str] = (),
    ) -> None:
        """Upserts rows or removes ids, vectors first, then the register; within `writing`."""
        ids = [*deleted, *(row.chunk_id for row in rows)]
        self._register.begin(self._mark(ids))
        try:
            collection.upsert(rows)
            collection.delete(deleted)
            self._finish(rows, deleted)
        except Exception:
            raise
        except BaseException:
            # Interrupted between two calls of Chroma, so its files are whole as they are now.
            self._register.begin(self._mark(ids))
            raise

    def _is_open(self) -> bool:
        if self._server:
            return self._on_server is not None and self._on_server[0] == os.getpid()
        return chroma.is_open(self._files, self._register.state.stamp)

    @contextmanager
    def _open(self) -> Iterator[ChromaCollection]:
        if self._server is None:
            yield self._current()
            return
        try:
            with chroma.reachable(*self._server):
                yield self._current()
        except Exception:
            # The server may have restarted with another collection: look it up again next time.
            self._on_server = None
            raise

    def _current(self) -> ChromaCollection:
        if self._is_open() and self._register.state.unfinished is None:
            return self._collection()
        try:
            collection = self._recovered()
            present, registered = collection.count(), self._register.count()
            if present == registered or (self._server and present > registered):
                return collection
            log.warning(
                "The index %s has %d vectors, not %d: completing it.",
                *(self._files, present, registered),
            )
            if self._server:
                return self._completed(collection)
        except Exception as error:
            # Chroma raises no type of its own for damaged files.
            if self._server:
                raise
            log.warning("The index %s is damaged (%s): building it anew.", self._files, error)
        return self._rebuilt()

    def _collection(self) -> ChromaCollection:
        if self._server is None:
            return chroma.open_folder(self._files, self._name, self._register.state.stamp)
        if self._on_server is None or self._on_server[0] != os.getpid():
            self._on_server = (os.getpid(), chroma.open_server(*self._server, self._name))
        return self._on_server[1]

    def _recovered(self) -> ChromaCollection:
        """Opens the collection and undoes a write that did not finish."""
        mark = self._register.state.unfinished
        if mark is None:
            return self._collection()
        found = json.loads(mark)
        if found["files"] != self._files_mark():
            raise ValueError("a write to its files was cut off")
        if self._server is None:
            chroma.close_folder(self._files)
        collection = self._collection()
        rows = self._register.rows_of(found["ids"])
        collection.delete(set(found["ids"]) - {row.chunk_id for row in rows})
        collection.upsert(rows)
        self._finish()
        return collection

    def _completed(self, collection: ChromaCollection) -> ChromaCollection:
        """Adds what a server has lost. What it has beyond the register may be another's."""
        for rows in self._register.rows(_ROWS):
            present = collection.present([row.chunk_id for row in rows])
            collection.upsert([row for row in rows if row.chunk_id not in present])
        return collection

    def _rebuilt(self) -> ChromaCollection:
        """Makes Chroma's files anew from the register: about 1,000 chunks a second."""
        self._register.begin(json.dumps({"files": "none, so that this is done again", "ids": []}))
        chroma.close_folder(self._files)
        shutil.rmtree(self._files, ignore_errors=True)
        collection = self._collection()
        for rows in self._register.rows(_ROWS):
            collection.upsert(rows)
        self._finish()
        return collection

    def _finish(self, rows: Sequence[Row] = (), deleted: Collection[str] = ()) -> None:
        if self._server is None:
            _sync(self._files)
        stamp = self._register.finish(rows, deleted)
        if self._server is None:
            chroma.advance(self._files, stamp)

    def _mark(self, ids: Sequence[str]) -> str:
        return json.dumps({"files": self._files_mark(), "ids": ids})

    def _files_mark(self) -> str:
        """Changes when Chroma writes its index files."""
        if self._server:
            return "on a server"
        files = sorted(self._files.glob("*/*"))
        return "".join(f"{f.name}:{s.st_size}:{s.st_mtime_ns};" for f in files for s in [f.stat()])


def _sync(folder: Path) -> None:
    for file in folder.glob("*/*"):
        descriptor = os.open(file, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
