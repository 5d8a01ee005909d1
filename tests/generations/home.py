"""A home whose documents are short texts, with a model for each setting of the precision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

import pytest

from resources import deployment as deployments
from resources.deployment import Deployment
from resources.failure import Failure
from resources.ocr import Line, PageText, Word
from resources.settings import Settings
from sparknet_assets.artifacts import DocumentRef, write_text
from sparknet_assets.batch import running as batch
from sparknet_assets.batch.document_run import StageResult
from sparknet_assets.batch.running import run_batch
from sparknet_assets.batch.workers import Finished
from sparknet_assets.retrieval import search
from sparknet_assets.stages import chunks, embeddings, vector_index
from sparknet_assets.stages.contract import AnyStage, DocumentStage, StageOutput
from tests.doubles.embedder import WordEmbedder

T = TypeVar("T")


def read(ref: DocumentRef, deployment: Deployment) -> StageOutput:
    """A page for each line of a file."""
    pages = []
    for number, text in enumerate(deployment.storage.get(ref.raw_key).decode().splitlines(), 1):
        words = [Word(word, 0.1, 0.2, 0.9, 0.3, 1.0) for word in text.split()]
        lines = [Line(words=words)] if words else []
        pages.append(PageText(page=number, width=10, height=10, engine="x", lines=lines))
    data = [page.model_dump_json().encode() for page in pages]
    count, digest = write_text(deployment.storage, ref, data)
    return StageOutput(digest, pages=count)


GRAPH: tuple[AnyStage, ...] = (
    DocumentStage(
        name="ocr_text",
        inputs=("raw_documents",),
        code_version="1",
        description="Reads.",
        artifact="text.json",
        shape=lambda deployment: {},
        run=read,
    ),
    chunks.STAGE,
    embeddings.STAGE,
    vector_index.STAGE,
)


class InlinePool:
    """Runs tasks at once in this process: these documents do no harm, and workers take a second."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment

    def __enter__(self) -> InlinePool:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def submit(self, function: Callable[..., T], *arguments: Any) -> Finished[T]:
        return Finished(function(*arguments, self._deployment), 0.0)

    def result(self, task: Finished[T]) -> Finished[T]:
        return task

    def close(self) -> None:
        """There is nothing to end."""


class Home:
    """Documents, runs and searches; `precision` is the setting in force.

    Attributes:
        models: The embedder of each precision, where doubles stand for the real ones.
    """

    def __init__(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch, *, doubles: bool = True
    ) -> None:
        self.settings = settings
        self.models = {"int8": WordEmbedder(256), "fp32": WordEmbedder(384)}
        if doubles:
            monkeypatch.setattr(
                deployments,
                "build_embedder",
                lambda settings, models: self.models[settings.embedder_precision],
            )
        monkeypatch.setattr(batch, "WorkerPool", InlinePool)
        self.precision = "int8"

    @property
    def deployment(self) -> Deployment:
        """Opened anew, as by another process."""
        return Deployment(self.settings.model_copy(update={"embedder_precision": self.precision}))

    @property
    def old(self) -> str:
        return "sparknet-words-256-256"

    @property
    def new(self) -> str:
        return "sparknet-words-384-384"

    def put(self, **texts: str) -> None:
        for doc_id, text in texts.items():
            self.deployment.storage.put(f"raw/{doc_id}/a.txt", text.encode())

    def run(self, *doc_ids: str) -> list[StageResult]:
        return list(run_batch(doc_ids, self.deployment, graph=GRAPH))

    def made(self, *doc_ids: str) -> set[tuple[str, str]]:
        """Runs documents; (stage, doc_id) of what was not reused. None may fail."""
        results = self.run(*doc_ids)
        assert not [r.record.failure for r in results if r.record.status == "failed"]
        return {(r.stage, r.ref.doc_id) for r in results if not r.record.reused}

    def failures(self, *doc_ids: str) -> dict[str, Failure]:
        found = {r.ref.doc_id: r.record.failure for r in self.run(*doc_ids) if r.record.failure}
        return {doc_id: failure for doc_id, failure in found.items() if failure}

    def found(self, query: str) -> list[str]:
        """The documents that have all words of the query, by a search for its meaning."""
        hits = search(self.deployment, query, mode="vector", top_k=50).hits
        has = partial(_has, query.split())
        return sorted({hit.doc_id for hit in hits if has(hit.text)})

    def in_store(self, name: str) -> set[str]:
        deployment = self.deployment
        generation = deployment.generations.generations[name]
        return deployment.store_of(generation).document_ids()

    def embedded(self) -> int:
        """Texts embedded so far, queries included."""
        return sum(len(texts) for model in self.models.values() for texts in model.calls)


def _has(words: Sequence[str], text: str) -> bool:
    return all(word in text.split() for word in words)
