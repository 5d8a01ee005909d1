"""vector_index: the chunks of a batch made searchable in one write, what is stale removed after."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from resources.deployment import Deployment
from resources.failure import Failure, FailureKind, SparknetError
from resources.storage import ObjectNotFoundError
from resources.vector_store import Chunk, VectorStore
from sparknet_assets.artifacts import DocumentRef, read_chunks
from sparknet_assets.embeddings_file import read_embeddings
from sparknet_assets.stages.contract import BatchStage, StageOutput

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Chunks of one write: some 10 MB with their vectors, and the seconds that a search may wait.
WINDOW = 2000


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

    def __init__(self, store: VectorStore) -> None:
        self._store = store
        self._chunks: list[Chunk] = []
        self._vectors: list[NDArray[np.float32]] = []

    def add(self, chunk: Chunk, vector: NDArray[np.float32]) -> None:
        self._chunks.append(chunk)
        self._vectors.append(vector)
        if len(self._chunks) >= WINDOW:
            self.write()

    def write(self) -> None:
        import numpy as np

        if self._chunks:
            self._store.add_chunks(self._chunks, np.stack(self._vectors))
            self._chunks, self._vectors = [], []

    def __len__(self) -> int:
        return len(self._chunks)


def run(
    refs: Sequence[DocumentRef], deployment: Deployment
) -> Iterator[tuple[DocumentRef, StageOutput | Failure]]:
    """Writes all new vectors, window by window, then removes stale ids and checks the counts.

    A document is yielded once all of its chunks are in the index and no others; until then its
    old chunks answer.
    """
    since = time.perf_counter()
    store = deployment.vector_store
    before = store.chunk_ids([ref.doc_id for ref in refs])
    window = _Window(store)
    waiting: list[_Document] = []
    for ref in refs:
        document = _Document(ref, before[ref.doc_id])
        _read(document, window, deployment)
        waiting.append(document)
        if not window:
            yield from _settle(waiting, store, since)
            waiting, since = [], time.perf_counter()
    window.write()
    yield from _settle(waiting, store, since)


def _read(document: _Document, window: _Window, deployment: Deployment) -> None:
    """Puts a document's chunks into the window, if its two artifacts fit each other."""
    ref, storage = document.ref, deployment.storage
    document.digest.update(deployment.vector_store.generation.encode())
    try:
        ids, vectors = read_embeddings(storage, ref)
        # Checked before the first chunk is written, in a pass of its own that keeps ids only.
        order = [chunk.chunk_id for chunk in read_chunks(storage, ref)]
        document.wanted = set(order)
        if ids != order or len(order) != len(document.wanted):
            raise ValueError(f"{len(ids)} embeddings, {len(order)} chunks, or another order")
        for chunk, vector in zip(read_chunks(storage, ref), vectors, strict=True):
            if chunk.doc_id != ref.doc_id:
                raise ValueError(f"chunk {chunk.chunk_id} is of the document {chunk.doc_id}")
            document.digest.update(chunk.model_dump_json().encode())
            window.add(chunk, vector)
    except (ObjectNotFoundError, ValueError) as error:
        document.failure = SparknetError(
            FailureKind.INTERNAL,
            f"{ref.doc_id}: its embeddings don't fit its chunks ({error}); run the chunks and"
            " embeddings stages of this document again.",
        ).to_failure()


def _settle(
    documents: Sequence[_Document], store: VectorStore, since: float
) -> Iterator[tuple[DocumentRef, StageOutput | Failure]]:
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
    for document in documents:
        ref = document.ref
        yield ref, document.failure or _result(document, stored[ref.doc_id], store, each)


def _result(
    document: _Document, stored: set[str], store: VectorStore, seconds_per_chunk: float
) -> StageOutput | Failure:
    wanted = document.wanted
    if stored != wanted:
        return SparknetError(
            FailureKind.INTERNAL,
            f"{document.ref.doc_id}: of its {len(wanted)} chunks the index lacks"
            f" {len(wanted - stored)} and has {len(stored - wanted)} too many; run the"
            " vector_index stage of this document again.",
        ).to_failure()
    return StageOutput(
        data_version=document.digest.hexdigest(),
        metadata={
            "chunks": len(wanted),
            "added": len(wanted.difference(document.before)),
            "removed": len(set(document.before) - wanted),
            "generation": store.generation,
        },
        seconds=seconds_per_chunk * len(wanted),
    )


def _shape(deployment: Deployment) -> Mapping[str, Any]:
    settings = deployment.settings
    return {
        "collection": settings.collection,
        "embedder": deployment.embedder.identity,
        "store": settings.vector_store,
    }


STAGE = BatchStage(
    name="vector_index",
    inputs=("chunks", "embeddings"),
    code_version="1",
    description="Chunks searchable by meaning and by words; those of older versions removed.",
    artifact=None,
    shape=_shape,
    run=run,
    stored=lambda deployment: deployment.vector_store.document_ids(),
)
