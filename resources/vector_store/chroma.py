"""The vector store on ChromaDB, in a folder or on a server, with our keyword index beside it."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import shutil
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from resources.locks import file_lock
from resources.vector_store import Chunk, SearchHit
from resources.vector_store import chroma_client as chroma
from resources.vector_store.keyword import KeywordIndex, Row

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

log = logging.getLogger(__name__)

_REBUILD_ROWS = 2000


class ChromaVectorStore:
    """VectorStore on ChromaDB.

    Each generation has a folder `path/{generation}`: Chroma's files, the keyword index and a lock.
    The lock admits one writer, or any number of readers; a reader waits for a write under way, so
    write in portions of a few thousand chunks. Chroma's index files are written in place and a
    kill can tear them: the register (keyword.py) marks each write before it begins, and whoever
    next finds an unfinished one compares the two, or builds Chroma's files anew from the register.

    On a server (`server`), Chroma keeps the vectors there and serialises access itself, but the
    register stays in `path`: processes that share a server must share this folder too.

    Args:
        path: Folder of all generations; made at the first write.
        collection: What the index is called.
        embedder: Identity of the embedder whose vectors these are.
        dimension: Length of a vector.
        server: Host and port of a Chroma server, instead of files.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        collection: str,
        embedder: str,
        dimension: int,
        server: tuple[str, int] | None = None,
    ) -> None:
        self._generation = generation_name(collection, embedder, dimension)
        self._dimension = dimension
        self._server = server
        self._server_collection: tuple[int, chroma.ChromaCollection] | None = None
        root = Path(path).absolute() / self._generation
        self._files = root / "chroma"
        self._lock = root / "lock"
        self._register = KeywordIndex(root / "register.db")

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_server_collection": None}

    @property
    def generation(self) -> str:
        """`{collection}-{embedder}-{dimension}`, made fit for a name in Chroma."""
        return self._generation

    def add_chunks(self, chunks: Sequence[Chunk], embeddings: NDArray[np.float32]) -> None:
        """Upserts chunks by `chunk_id`, vectors first; those that are stored already cost little.

        Args:
            embeddings: Shape (len(chunks), dimension), finite.

        Raises:
            ValueError: The shapes don't fit, or a number is not finite.
        """
        vectors = self._checked(embeddings, len(chunks))
        by_id = {chunk.chunk_id: n for n, chunk in enumerate(chunks)}
        rows = [_row(chunks[n], vectors[n]) for n in by_id.values()]
        if not rows:
            return
        with self._writing() as collection:
            stored = self._register.stored(by_id)
            same = {r.chunk_id for r in rows if stored.get(r.chunk_id) == (r.record, r.vector)}
            same = collection.present(same)
            changed = [row for row in rows if row.chunk_id not in same]
            if changed:
                with self._change():
                    _upsert(collection, changed)
                    self._finish(rows=changed)

    def search(
        self,
        query_embedding: NDArray[np.float32],
        top_k: int,
        *,
        doc_ids: Collection[str] | None = None,
    ) -> list[SearchHit]:
        """The nearest chunks by cosine similarity, best first; within `doc_ids` when given."""
        vector = self._checked(query_embedding.reshape(1, -1), 1)[0]
        if top_k < 1 or (doc_ids is not None and not doc_ids):
            return []
        with self._reading() as collection:
            found = collection.query(vector, top_k, doc_ids)
        return _hits(found)

    def search_text(
        self, query: str, top_k: int, *, doc_ids: Collection[str] | None = None
    ) -> list[SearchHit]:
        """The best chunks by BM25 over their words, best first. Any string is a valid query."""
        return _hits(self._register.search(query, top_k, doc_ids))

    def chunk_ids(self, doc_ids: Collection[str]) -> dict[str, set[str]]:
        """Ids of the chunks stored, vector and keyword row both, for each of these documents."""
        registered = self._register.chunk_ids(doc_ids)
        if not any(registered.values()):
            return registered
        with self._reading() as collection:
            present = collection.present(set().union(*registered.values()))
        return {doc_id: ids & present for doc_id, ids in registered.items()}

    def document_ids(self) -> set[str]:
        """Ids of all documents that have chunks."""
        return self._register.document_ids()

    def delete(self, chunk_ids: Collection[str]) -> int:
        """Removes these chunks, vectors first; returns how many there were.

        Their text stays readable in Chroma's files until those are compacted.
        """
        if not chunk_ids:
            return 0
        with self._writing() as collection:
            doomed = set(self._register.stored(chunk_ids)) | collection.present(chunk_ids)
            if doomed:
                with self._change():
                    collection.delete(doomed)
                    self._finish(deleted=doomed)
            return len(doomed)

    def count(self) -> tuple[int, int]:
        """Number of vectors and number of keyword rows; equal when the store is whole."""
        with self._reading() as collection:
            return collection.count(), self._register.count()

    def _checked(self, embeddings: NDArray[np.float32], rows: int) -> NDArray[np.float32]:
        import numpy as np

        vectors = np.ascontiguousarray(embeddings, dtype=np.float32)
        if vectors.shape != (rows, self._dimension):
            raise ValueError(f"{rows} vectors of {self._dimension} wanted, not {vectors.shape}")
        if not np.isfinite(vectors).all():
            raise ValueError("an embedding has a number in it that is not finite")
        return vectors

    @contextmanager
    def _reading(self) -> Iterator[chroma.ChromaCollection]:
        if self._server:
            # A server answers a query during the first writes of a collection with an error.
            with file_lock(self._lock, shared=True), self._serving(self._server):
                yield self._on_server(self._server)
            return
        while True:
            with file_lock(self._lock, shared=True):
                state = self._register.state
                if state.unfinished is None and chroma.is_open(self._files, state.stamp):
                    yield chroma.open_folder(self._files, self._generation, state.stamp)
                    return
            with file_lock(self._lock):
                self._open()

    @contextmanager
    def _writing(self) -> Iterator[chroma.ChromaCollection]:
        with file_lock(self._lock), self._serving(self._server):
            yield self._open()

    @contextmanager
    def _serving(self, server: tuple[str, int] | None) -> Iterator[None]:
        if server is None:
            yield
            return
        try:
            with chroma.reachable(*server):
                yield
        except Exception:
            # The server may have restarted with another collection: look it up again next time.
            self._server_collection = None
            raise

    def _open(self) -> chroma.ChromaCollection:
        """Chroma as the last write of any process left it; to be called under the full lock."""
        state = self._register.state
        if state.unfinished is not None:
            return self._recover(state.unfinished)
        if self._server:
            return self._on_server(self._server)
        if chroma.is_open(self._files, state.stamp):
            return chroma.open_folder(self._files, self._generation, state.stamp)
        try:
            collection = chroma.open_folder(self._files, self._generation, state.stamp)
            # Opening is lazy: load the index files now, while no one can write them.
            collection.query(self._any_vector(), 1, None)
        except Exception as error:
            # Chroma raises no type of its own for damaged files.
            log.warning(
                "The index in %s can't be opened (%s): building it anew.", self._files, error
            )
            return self._rebuild()
        if collection.count() != self._register.count():
            log.warning("The index in %s is not whole: completing it.", self._files)
            return self._rebuild()
        return collection

    def _on_server(self, server: tuple[str, int]) -> chroma.ChromaCollection:
        if self._server_collection is None or self._server_collection[0] != os.getpid():
            opened = chroma.open_server(*server, self._generation)
            self._server_collection = (os.getpid(), opened)
        return self._server_collection[1]

    @contextmanager
    def _change(self) -> Iterator[None]:
        """Marks a write that the body must finish; what it leaves unfinished is put right later."""
        self._register.begin(self._files_mark())
        try:
            yield
        except Exception:
            raise
        except BaseException:
            # Interrupted between two calls of Chroma, so its files are whole as they are now.
            self._register.begin(self._files_mark())
            raise

    def _finish(self, rows: Sequence[Row] = (), deleted: Collection[str] = ()) -> None:
        if not self._server:
            _sync(self._files)
        stamp = self._register.finish(rows, deleted)
        if not self._server:
            chroma.advance(self._files, stamp)

    def _recover(self, mark: str) -> chroma.ChromaCollection:
        """Makes Chroma hold what the register says, after a write that did not finish."""
        if not self._server and mark != self._files_mark():
            log.warning("A write to the index in %s was cut off: building it anew.", self._files)
            return self._rebuild()
        if self._server:
            collection = self._on_server(self._server)
        else:
            chroma.close_folder(self._files)
            collection = chroma.open_folder(self._files, self._generation, -1)
        registered, present = self._register.all_chunk_ids(), collection.all_ids()
        collection.delete(present - registered)
        self._upsert_registered(collection, skip=present)
        self._finish()
        return collection

    def _rebuild(self) -> chroma.ChromaCollection:
        if self._server:
            raise AssertionError("a server looks after its own files")
        self._register.begin("rebuild")
        chroma.close_folder(self._files)
        shutil.rmtree(self._files, ignore_errors=True)
        collection = chroma.open_folder(self._files, self._generation, -1)
        self._upsert_registered(collection, skip=set())
        self._finish()
        return collection

    def _upsert_registered(self, collection: chroma.ChromaCollection, skip: set[str]) -> None:
        for portion in self._register.rows(_REBUILD_ROWS):
            if missing := [row for row in portion if row.chunk_id not in skip]:
                _upsert(collection, missing)

    def _files_mark(self) -> str:
        """Changes when Chroma writes its index files, which it does in place."""
        files = sorted(self._files.glob("*/*"))
        return "".join(f"{f.name}:{s.st_size}:{s.st_mtime_ns};" for f in files for s in [f.stat()])

    def _any_vector(self) -> NDArray[np.float32]:
        import numpy as np

        return np.full(self._dimension, self._dimension**-0.5, dtype=np.float32)


def generation_name(collection: str, embedder: str, dimension: int) -> str:
    """Name of a generation: readable, unique for its parts, valid in Chroma and as a folder."""
    wanted = f"{collection}-{embedder}-{dimension}"
    name = re.sub(r"[^a-zA-Z0-9._-]+", "-", wanted)
    if name != wanted or len(name) > 120:
        name = f"{name[:100]}-{hashlib.sha256(wanted.encode()).hexdigest()[:8]}"
    return name


def _row(chunk: Chunk, vector: NDArray[np.float32]) -> Row:
    return Row(chunk.chunk_id, chunk.doc_id, chunk.model_dump_json(), vector.tobytes())


def _upsert(collection: chroma.ChromaCollection, rows: Sequence[Row]) -> None:
    import numpy as np

    vectors = np.frombuffer(b"".join(row.vector for row in rows), dtype=np.float32)
    collection.upsert(
        [row.chunk_id for row in rows],
        [row.doc_id for row in rows],
        [row.record for row in rows],
        vectors.reshape(len(rows), -1),
    )


def _hits(found: Sequence[tuple[str, float]]) -> list[SearchHit]:
    hits = [SearchHit(Chunk.model_validate_json(record), score) for record, score in found]
    return sorted(hits, key=lambda hit: (-hit.score, hit.chunk.chunk_id))


def _sync(folder: Path) -> None:
    for file in folder.glob("*/*"):
        descriptor = os.open(file, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
