"""A collection and its register kept in step: marked writes, torn ones put right, files renewed."""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from resources.failure import FailureKind, SparknetError
from resources.vector_store import chroma_client as chroma
from resources.vector_store import chroma_files as files
from resources.vector_store.chroma_collection import ChromaCollection
from resources.vector_store.keyword import KeywordIndex, Row

log = logging.getLogger(__name__)

_ROWS = 2000
# Of SQLite, in what Chroma says; its errors have no types.
_FULL = "database or disk is full"


class ChromaIndex:
    """One generation's collection and register; the caller holds the locks (`ChromaAccess`).

    Each write is marked in the register before it begins and unmarked in the transaction that
    commits its rows; the register's stamp, raised each time, tells other processes to open Chroma
    anew. Whoever finds a mark left behind undoes that write: chunk by chunk while Chroma had not
    yet begun to write its index files, which it does in place, else by building those files from
    the register. That is done in a new folder; the register then names this one as the one that
    counts, so that a kill leaves the old files or the new ones, never a mixture.

    Args:
        folder: Of this generation.
        name: Of the collection.
        server: Host and port of a Chroma server, instead of files in the folder.
    """

    def __init__(
        self, folder: Path, name: str, server: tuple[str, int] | None, register: KeywordIndex
    ) -> None:
        self.register = register
        self._folder = folder
        self._name = name
        self._server = server
        self._on_server: tuple[int, str, ChromaCollection] | None = None

    def __reduce__(self) -> tuple[Callable[..., ChromaIndex], tuple[object, ...]]:
        return ChromaIndex, (self._folder, self._name, self._server, self.register)

    @property
    def ours(self) -> bool:
        """Whether Chroma's files are in the folder, not on a server."""
        return self._server is None

    def is_open(self) -> bool:
        """Whether `open` has nothing to put right, and nothing to load."""
        # A server, too, answers a query during the first writes of a collection with an error.
        state = self.register.state
        if state.unfinished is not None:
            return False
        if self._server:
            return self._on_server is not None and self._on_server[:2] == (os.getpid(), state.files)
        return chroma.is_open(self._files, state.stamp)

    @contextmanager
    def open(self) -> Iterator[ChromaCollection]:
        """The collection, whole."""
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

    def write(
        self,
        collection: ChromaCollection,
        rows: Sequence[Row] = (),
        deleted: Collection[str] = (),
    ) -> None:
        """Upserts rows or removes ids, vectors first, then the register."""
        ids = [*deleted, *(row.chunk_id for row in rows)]
        self.register.begin(self._mark(ids))
        try:
            collection.upsert(rows)
            collection.delete(deleted)
            self._finish(collection, rows, deleted)
        except Exception:
            raise
        except BaseException:
            # Interrupted between two calls of Chroma, so its files are whole as they are now.
            self.register.begin(self._mark(ids))
            raise

    def has_deleted(self) -> bool:
        """Whether the files may hold what was deleted, replaced or undone."""
        state = self.register.state
        return state.deleted > 0 or state.unfinished is not None

    def build(self) -> tuple[Path, ChromaCollection]:
        """Chroma's files made from the register in a new folder: about 1,000 chunks a second."""
        folder = files.new_folder(self._folder)
        collection = chroma.open_apart(folder, self._name)
        try:
            for rows in self.register.rows(_ROWS):
                collection.upsert(rows)
            collection.close()
            files.blank_unused(folder)
            collection = chroma.open_apart(folder, self._name)
            # Loads it, which writes the files of a small index: later it would do so in the first
            # use, while others read.
            collection.count()
            files.sync_all(folder)
        except BaseException:
            collection.close()
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return folder, collection

    def switch(self, folder: Path, collection: ChromaCollection) -> None:
        """Makes what was built the files that count, for all processes from their next use on."""
        chroma.close_siblings(folder)
        chroma.share(folder, collection, self.register.switch(folder.name))

    def clean(self) -> None:
        """Removes files that were replaced, or that a killed process left."""
        files.remove_dropped(self._folder)
        # Files from before the server was chosen would not follow what is written now.
        files.remove_others(self._folder, self.register.state.files if self.ours else "")

    def mend(self, collection: ChromaCollection) -> None:
        """Makes the vectors those of the register, beginning anew where that is possible."""
        registered: set[str] = set()
        wrong: list[Row] = []
        for rows in self.register.rows(_ROWS):
            registered.update(row.chunk_id for row in rows)
            wrong += collection.without_their_vector(rows)
        surplus = collection.ids() - registered
        if not wrong and not surplus:
            return
        log.warning(
            "Of the vectors of %s, %d are missing or wrong and %d too many: mending that.",
            *(self._folder, len(wrong), len(surplus)),
        )
        if self._server is None:
            self._rebuilt()
        else:
            self.write(collection, wrong, surplus)

    def drop(self) -> None:
        """Removes the collection from its server, and closes what is open in the folder."""
        if self._server:
            chroma.drop_on_server(*self._server, self._name)
            self._on_server = None
        chroma.close_siblings(self._folder / "any")
        self.register.close()

    @property
    def _files(self) -> Path:
        return self._folder / self.register.state.files

    def _current(self) -> ChromaCollection:
        if self.is_open():
            return self._collection()
        try:
            collection = self._recovered()
            present, registered = collection.count(), self.register.count()
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
            if _FULL in str(error):
                raise SparknetError(
                    FailureKind.UNAVAILABLE,
                    f"The index {self._files} can't be opened, as its disk is full: free some space"
                    " and try again.",
                ) from error
            log.warning("The index %s is damaged (%s): building it anew.", self._files, error)
        return self._rebuilt()

    def _collection(self) -> ChromaCollection:
        state = self.register.state
        if self._server is None:
            return chroma.open_folder(self._files, self._name, state.stamp)
        if self._on_server is None or self._on_server[:2] != (os.getpid(), state.files):
            opened = chroma.open_server(*self._server, self._name)
            self._on_server = (os.getpid(), state.files, opened)
        return self._on_server[2]

    def _recovered(self) -> ChromaCollection:
        """Opens the collection and undoes a write that did not finish."""
        mark = self.register.state.unfinished
        if mark is None:
            return self._collection()
        found = json.loads(mark)
        if found["files"] != self._files_mark():
            raise ValueError("a write to its files was cut off")
        chroma.close_siblings(self._files)
        collection = self._collection()
        rows = self.register.rows_of(found["ids"])
        collection.delete(set(found["ids"]) - {row.chunk_id for row in rows})
        collection.upsert(rows)
        self._finish(collection, undone=len(found["ids"]))
        return collection

    def _completed(self, collection: ChromaCollection) -> ChromaCollection:
        """Adds what a server has lost. What it has beyond the register may be another's."""
        for rows in self.register.rows(_ROWS):
            present = collection.present([row.chunk_id for row in rows])
            collection.upsert([row for row in rows if row.chunk_id not in present])
        return collection

    def _rebuilt(self) -> ChromaCollection:
        chroma.close_siblings(self._files)
        folder, collection = self.build()
        self.switch(folder, collection)
        return collection

    def _finish(
        self,
        collection: ChromaCollection,
        rows: Sequence[Row] = (),
        deleted: Collection[str] = (),
        undone: int = 0,
    ) -> None:
        if self._server is None:
            collection.blank()
            files.sync_index(self._files)
        stamp = self.register.finish(rows, deleted, undone=undone)
        if self._server is None:
            chroma.advance(self._files, stamp)

    def _mark(self, ids: Sequence[str]) -> str:
        return json.dumps({"files": self._files_mark(), "ids": ids})

    def _files_mark(self) -> str:
        return "on a server" if self._server else files.fingerprint(self._files)
