"""vector_index: the chunks of a batch made searchable in one write, what is stale removed after."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from resources.catalog import Holding, StageRecord
from resources.deployment import Deployment
from resources.failure import Failure, SparknetError
from resources.generations import Generation
from resources.vector_store import Chunk
from sparknet_assets.artifacts import DocumentRef, read_chunks
from sparknet_assets.embeddings_file import read_embeddings
from sparknet_assets.generations.holdings import (
    INDEX_STAGE,
    TEXT_STAGE,
    absent,
    behind,
    establish,
    text_version,
)
from sparknet_assets.stages.contract import BatchStage, StageOutput
from sparknet_assets.stages.index_writer import Outcome, Written, write
from sparknet_assets.stages.text_vectors import NOTHING, SERVICE_KINDS, Found, Spent, TextVectors

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Chunks of one write: some 10 MB with their vectors, and the seconds that a search may wait.
WINDOW = 2000
_EMBEDDED_TOGETHER = 512


def run(
    refs: Sequence[DocumentRef], deployment: Deployment
) -> Iterator[tuple[DocumentRef, StageOutput | Failure]]:
    """Writes documents to the target, and to the live generation what is new or changed there.

    So that queries see what arrives while a new generation is built. A document is yielded once
    all of its chunks are in both and no others.
    """
    live = establish(deployment)
    catalog, store = deployment.catalog, deployment.vector_store
    records = catalog.stages([ref.doc_id for ref in refs], stage=TEXT_STAGE)
    texts = {doc_id: text_version(own) for doc_id, own in records.items()}
    # A kill must not leave a holding that vouches for a mixture of old and new.
    catalog.drop_holdings(store.generation, texts)
    follow = _Follower(deployment, live, texts) if live.name != store.generation else None
    vectors = partial(read_embeddings, deployment.storage)
    for written in write(refs, store, deployment.storage, vectors, WINDOW):
        _note(deployment, store.generation, written, texts)
        if follow:
            written = follow.write(written)
        for ref, outcome in written:
            if isinstance(outcome, Written):
                also = follow.took(ref) if follow else None
                spent = follow.spent.get(ref.doc_id, NOTHING) if follow else NOTHING
                yield ref, _output(outcome, store.generation, also, spent)
            else:
                yield ref, outcome


def _note(
    deployment: Deployment,
    generation: str,
    written: Sequence[tuple[DocumentRef, Outcome]],
    texts: Mapping[str, str],
) -> None:
    held = {
        ref.doc_id: Holding(texts[ref.doc_id], outcome.chunks)
        for ref, outcome in written
        if isinstance(outcome, Written)
    }
    deployment.catalog.put_holdings(generation, held)


def _output(written: Written, generation: str, also: str | None, spent: Spent) -> StageOutput:
    return StageOutput(
        data_version=written.digest,
        metadata={
            "chunks": written.chunks,
            "added": written.added,
            "removed": written.removed,
            "generation": generation,
            **({"also_in": also} if also else {}),
            **spent.metadata,
        },
        cost_usd=spent.cost_usd,
        seconds=written.seconds,
    )


class _Follower:
    """Keeps the live generation up with documents whose text is newer than what it holds.

    Attributes:
        spent: On the vectors that the live generation's embedder made, by document.
    """

    def __init__(self, deployment: Deployment, live: Generation, texts: Mapping[str, str]) -> None:
        self._deployment = deployment
        self._live = live
        self._texts = texts
        self._behind = behind(deployment, live, texts)
        self._down: SparknetError | None = None
        self.spent: dict[str, Spent] = {}

    def took(self, ref: DocumentRef) -> str | None:
        """Name of the live generation, for a document that was written to it."""
        return self._live.name if ref.doc_id in self._behind else None

    def write(
        self, written: Sequence[tuple[DocumentRef, Outcome]]
    ) -> list[tuple[DocumentRef, Outcome]]:
        """Writes those of the documents that are behind; what fails here fails the document."""
        deployment, name = self._deployment, self._live.name
        due = [
            ref
            for ref, outcome in written
            if isinstance(outcome, Written) and ref.doc_id in self._behind
        ]
        outcomes = dict(written)
        deployment.catalog.drop_holdings(
            name, [ref.doc_id for ref in due if self._behind[ref.doc_id]]
        )
        store = deployment.store_of(self._live)
        for also in write(due, store, deployment.storage, self._vectors, WINDOW):
            _note(deployment, name, also, self._texts)
            for ref, outcome in also:
                first = outcomes[ref]
                if isinstance(outcome, Written) and isinstance(first, Written):
                    outcomes[ref] = replace(first, seconds=first.seconds + outcome.seconds)
                else:
                    outcomes[ref] = outcome
        return list(outcomes.items())

    def _vectors(self, ref: DocumentRef) -> tuple[list[str], NDArray[np.float32]]:
        """Vectors by the live generation's embedder, asked no more once it has proved away."""
        import numpy as np

        if self._down:
            raise self._refusal(ref, self._down)
        try:
            embedder = self._deployment.embedder_of(self._live)
            texts = TextVectors(embedder, self._deployment.cache)
            ids: list[str] = []
            rows: list[NDArray[np.float32]] = []
            chunks = read_chunks(self._deployment.storage, ref)
            while group := list(islice(chunks, _EMBEDDED_TOGETHER)):
                ids += [chunk.chunk_id for chunk in group]
                found = texts.get(group)
                before = self.spent.get(ref.doc_id, NOTHING)
                self.spent[ref.doc_id] = sum(found.spent.values(), before)
                rows += _vectors(found, group)
            return ids, np.array(rows, np.float32).reshape(len(rows), self._live.dimension)
        except SparknetError as error:
            if error.kind in SERVICE_KINDS:
                self._down = error
            raise self._refusal(ref, error) from error

    def _refusal(self, ref: DocumentRef, error: SparknetError) -> SparknetError:
        return SparknetError(
            error.kind,
            f"{ref.doc_id}: the new index has it, but the index {self._live.name}, which answers"
            f" until `sparknet generations switch`, could not take it: {error.message}",
            error.retryable,
        )


def _vectors(found: Found, chunks: Sequence[Chunk]) -> list[NDArray[np.float32]]:
    for failure in found.failures.values():
        raise SparknetError(failure.kind, failure.message, failure.retryable)
    return [found.vectors[chunk.text_sha256] for chunk in chunks]


def stored(
    records: Mapping[str, Mapping[str, StageRecord]], deployment: Deployment
) -> Collection[str]:
    """The documents that the target holds, and whose current text the live generation has as well.

    It has not after a rollback: what changed in between was written to the other one.
    """
    live = establish(deployment)
    store = deployment.vector_store
    held = records.keys() - absent(deployment, deployment.target, records.keys())
    _note_newer_texts(deployment, store.generation, {d: text_version(records[d]) for d in held})
    if live.name != store.generation:
        held -= behind(deployment, live, {d: text_version(records[d]) for d in held}).keys()
    return held


def _note_newer_texts(deployment: Deployment, generation: str, texts: Mapping[str, str]) -> None:
    """A text that changed and yet gave the same chunks needs no write to the index."""
    newer = {
        doc_id: holding._replace(text_version=texts[doc_id])
        for doc_id, holding in deployment.catalog.holdings(generation, texts).items()
        if holding.text_version != texts[doc_id]
    }
    if newer:
        deployment.catalog.put_holdings(generation, newer)


def _shape(deployment: Deployment) -> Mapping[str, Any]:
    settings = deployment.settings
    return {
        "collection": settings.collection,
        "embedder": deployment.embedder.identity,
        "dimension": deployment.embedder.dimension,
        "store": settings.vector_store,
    }


STAGE = BatchStage(
    name=INDEX_STAGE,
    inputs=("chunks", "embeddings"),
    code_version="1",
    description="Chunks searchable by meaning and by words; those of older versions removed.",
    artifact=None,
    shape=_shape,
    run=run,
    stored=stored,
)
