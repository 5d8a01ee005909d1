"""Documents into one index: new vectors first, then what is stale removed, then counted."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from resources.failure import Failure, FailureKind, SparknetError
from resources.storage import ObjectNotFoundError, StorageAdapter
from resources.vector_store import Chunk, VectorStore
from sparknet_assets.artifacts import DocumentRef, read_chunks

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = Callable[[DocumentRef], tuple[list[str], NDArray[np.float32]]]
    """The chunk ids of a document, in order, and their vectors.

    Raises ObjectNotFoundError or ValueError when an artifact is not as it should be, SparknetError
    when there is no vector to be had.
    """


@dataclass(frozen=True)
class Written:
    """What became of a document in the index.

    Attributes:
        digest: sha256 (hex) of the generation and the document's chunks.
        added, removed: Chunks that were not there before, and that are no more.
    """

    digest: str
    chunks: int
    added: int
    removed: int
    seconds: float


Outcome = Written | Failure


@dataclass(eq=False)
class _Document:
    """A document on its way into the index."""

    ref: DocumentRef
    before: Collection[str]
    wanted: set[str] = field(default_factory=set)
    digest: Any = field(default_factory=hashlib.sha256)
    failure: Failure | None = None


class _Window:
    """Chunks with their vectors that wait to be written together."""

    def __init__(self, store: VectorStore, size: int) -> None:
        self._store = store
        self._size = size
        self._chunks: list[Chunk] = []
        self._vectors: list[NDArray[np.float32]] = []

    def add(self, chunk: Chunk, vector: NDArray[np.float32]) -> None:
        self._chunks.append(chunk)
        self._vectors.append(vector)
        if len(self._chunks) >= self._size:
            self.write()

    def write(self) -> None:
        import numpy as np

        if self._chunks:
            self._store.add_chunks(self._chunks, np.stack(self._vectors))
            self._chunks, self._vectors = [], []

    def __len__(self) -> int:
        return len(self._chunks)


def write(
    refs: Sequence[DocumentRef],
    store: VectorStore,
    storage: StorageAdapter,
    vectors: Vectors,
    window_size: int,
) -> Iterator[list[tuple[DocumentRef, Outcome]]]:
    """Writes all new vectors, window by window, then removes stale ids and checks the counts.

    Documents are yielded in order, some together, once all of their chunks are in the index and no
    others; until then their old chunks answer.
    """
    since = time.perf_counter()
    before = store.chunk_ids([ref.doc_id for ref in refs])
    window = _Window(store, window_size)
    waiting: list[_Document] = []
    for ref in refs:
        document = _Document(ref, before[ref.doc_id])
        document.digest.update(store.generation.encode())
        _read(document, window, storage, vectors)
        waiting.append(document)
        if not window:
            yield _settle(waiting, store, since)
            waiting, since = [], time.perf_counter()
    window.write()
    if waiting:
        yield _settle(waiting, store, since)


def _read(document: _Document, window: _Window, storage: StorageAdapter, vectors: Vectors) -> None:
    """Puts a document's chunks into the window, if its artifacts fit each other."""
    ref = document.ref
    try:
        ids, rows = vectors(ref)
        # Checked before the first chunk is written, in a pass of its own that keeps ids only.
        order = [chunk.chunk_id for chunk in read_chunks(storage, ref)]
        document.wanted = set(order)
        if ids != order or len(order) != len(document.wanted):
            raise ValueError(f"{len(ids)} embeddings, {len(order)} chunks, or another order")
        for chunk, vector in zip(read_chunks(storage, ref), rows, strict=True):
            if chunk.doc_id != ref.doc_id:
                raise ValueError(f"chunk {chunk.chunk_id} is of the document {chunk.doc_id}")
            document.digest.update(chunk.model_dump_json().encode())
            window.add(chunk, vector)
    except SparknetError as error:
        document.failure = error.to_failure()
    except (ObjectNotFoundError, ValueError) as error:
        document.failure = SparknetError(
            FailureKind.INTERNAL,
            f"{ref.doc_id}: its embeddings don't fit its chunks ({error}); run the chunks and"
            " embeddings stages of this document again.",
        ).to_failure()


def _settle(
    documents: Sequence[_Document], store: VectorStore, since: float
) -> list[tuple[DocumentRef, Outcome]]:
    """Removes what the documents no longer have, then counts.

    The time since `since` is shared out among the documents by their chunks.
    """
    written = {d.ref.doc_id: d for d in documents if d.failure is None}
    stored = store.chunk_ids(written)
    stale = {i for doc_id, ids in stored.items() for i in ids - written[doc_id].wanted}
    if stale:
        store.delete(stale)
        stored = store.chunk_ids(written)
    each = (time.perf_counter() - since) / max(1, sum(len(d.wanted) for d in documents))
    return [(d.ref, d.failure or _result(d, stored[d.ref.doc_id], each)) for d in documents]


def _result(document: _Document, stored: set[str], seconds_per_chunk: float) -> Outcome:
    wanted = document.wanted
    if stored != wanted:
        return SparknetError(
            FailureKind.INTERNAL,
            f"{document.ref.doc_id}: of its {len(wanted)} chunks the index lacks"
            f" {len(wanted - stored)} and has {len(stored - wanted)} too many; run the"
            " vector_index stage of this document again.",
        ).to_failure()
    return Written(
        digest=document.digest.hexdigest(),
        chunks=len(wanted),
        added=len(wanted.difference(document.before)),
        removed=len(set(document.before) - wanted),
        seconds=seconds_per_chunk * len(wanted),
    )
