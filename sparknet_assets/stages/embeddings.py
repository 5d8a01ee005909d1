"""embeddings: a vector for every chunk, worked out together for all documents of the run."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from resources.deployment import Deployment
from resources.failure import Failure, FailureKind, SparknetError
from resources.storage import ObjectNotFoundError
from resources.vector_store import Chunk
from sparknet_assets.artifacts import EMBEDDINGS, DocumentRef, read_chunks
from sparknet_assets.embeddings_file import write_embeddings
from sparknet_assets.stages.contract import BatchStage, StageOutput
from sparknet_assets.stages.text_vectors import NOTHING, Spent, TextVectors

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Enough texts to sort by length and to ask the cache for at once; about 10 MB with their vectors.
WINDOW = 4096


@dataclass(eq=False)
class _Open:
    """A document whose chunks are being embedded."""

    ref: DocumentRef
    chunk_ids: list[str] = field(default_factory=list)
    text_hashes: list[str] = field(default_factory=list)
    vectors: list[NDArray[np.float32]] = field(default_factory=list)
    tokens: int = 0
    cached: int = 0
    seconds: float = 0.0
    spent: Spent = NOTHING
    failure: Failure | None = None
    read: bool = False

    @property
    def complete(self) -> bool:
        settled = self.failure is not None or len(self.vectors) == len(self.chunk_ids)
        return self.read and settled


def run(
    refs: Sequence[DocumentRef], deployment: Deployment
) -> Iterator[tuple[DocumentRef, StageOutput | Failure]]:
    """Embeds the chunks of all documents, window by window, and yields each document once done.

    A text that the embedder refuses fails the documents that hold it; the others go on.
    """
    texts = TextVectors(deployment.embedder, deployment.cache)
    waiting: list[_Open] = []
    window: list[tuple[_Open, Chunk]] = []
    for ref in refs:
        document = _Open(ref)
        waiting.append(document)
        for chunk in _chunks(document, deployment):
            document.chunk_ids.append(chunk.chunk_id)
            document.text_hashes.append(chunk.text_sha256)
            document.tokens += chunk.tokens
            window.append((document, chunk))
            if len(window) == WINDOW:
                _settle(window, texts)
                window = []
                yield from _finish(waiting, deployment)
        document.read = True
    _settle(window, texts)
    yield from _finish(waiting, deployment)


def _chunks(document: _Open, deployment: Deployment) -> Iterator[Chunk]:
    """The chunks of a document; what is wrong with the file becomes the document's failure."""
    ref = document.ref
    try:
        yield from read_chunks(deployment.storage, ref)
    except (ObjectNotFoundError, ValidationError) as error:
        document.failure = SparknetError(
            FailureKind.INTERNAL,
            f"{ref.doc_id}: its chunks can't be read ({type(error).__name__}); run the chunks"
            " stage of this document again.",
        ).to_failure()


def _settle(window: list[tuple[_Open, Chunk]], texts: TextVectors) -> None:
    """Gives every chunk of the window its vector, or its document a failure.

    The time that takes is shared out by tokens; what the cache had costs next to nothing. Money
    goes to the first document with the text it was paid for.
    """
    started = time.perf_counter()
    found = texts.get([chunk for _, chunk in window])
    seconds = time.perf_counter() - started
    tokens = sum(chunk.tokens for _, chunk in window if chunk.text_sha256 not in found.cached)
    for document, chunk in window:
        if chunk.text_sha256 not in found.cached:
            document.seconds += seconds * chunk.tokens / max(tokens, 1)
        document.spent += found.spent.pop(chunk.text_sha256, NOTHING)
        failure = found.failures.get(chunk.text_sha256)
        if failure is None:
            document.vectors.append(found.vectors[chunk.text_sha256])
            document.cached += chunk.text_sha256 in found.cached
        elif document.failure is None:
            message = f"{document.ref.doc_id}, chunk {chunk.ordinal}: {failure.message}"
            document.failure = SparknetError(failure.kind, message, failure.retryable).to_failure()


def _finish(
    waiting: list[_Open], deployment: Deployment
) -> Iterator[tuple[DocumentRef, StageOutput | Failure]]:
    """Writes and yields the documents that have all their vectors; drops them from `waiting`."""
    done = [document for document in waiting if document.complete]
    waiting[:] = [document for document in waiting if not document.complete]
    for document in done:
        if document.failure is not None:
            cost = document.spent.cost_usd
            yield document.ref, document.failure.model_copy(update={"cost_usd": cost})
            continue
        try:
            output = _write(document, deployment)
        except SparknetError as error:  # e.g. no server to learn the dimension from
            yield document.ref, error.to_failure()
        else:
            yield document.ref, output


def _write(document: _Open, deployment: Deployment) -> StageOutput:
    import numpy as np

    embedder = deployment.embedder
    vectors = np.empty((len(document.vectors), embedder.dimension), np.float32)
    for row, vector in enumerate(document.vectors):
        vectors[row] = vector
    write_embeddings(
        deployment.storage,
        document.ref,
        document.chunk_ids,
        document.text_hashes,
        vectors,
        embedder.identity,
    )
    return StageOutput(
        data_version=_data_version(document, embedder.identity),
        metadata={
            "chunks": len(document.chunk_ids),
            "embedded": len(document.chunk_ids) - document.cached,
            "cached": document.cached,
            "tokens": document.tokens,
            "model": embedder.identity,
            **document.spent.metadata,
        },
        cost_usd=document.spent.cost_usd,
        seconds=document.seconds,
    )


def _data_version(document: _Open, model: str) -> str:
    """Which texts were embedded by which model, in order.

    Not the vectors' bytes: the last digits of a vector may differ between machines, or with what
    a server embedded it together with, and such a difference must not redo the index.
    """
    digest = hashlib.sha256(model.encode())
    for chunk_id, text_hash in zip(document.chunk_ids, document.text_hashes, strict=True):
        digest.update(f"\n{chunk_id} {text_hash}".encode())
    return digest.hexdigest()


def _shape(deployment: Deployment) -> Mapping[str, Any]:
    embedder = deployment.embedder
    return {"embedder": embedder.identity, "dimension": embedder.dimension}


STAGE = BatchStage(
    name="embeddings",
    inputs=("chunks",),
    code_version="1",
    description="A vector for every chunk, by the embedder; texts embedded before are reused.",
    artifact=EMBEDDINGS,
    shape=_shape,
    run=run,
)
