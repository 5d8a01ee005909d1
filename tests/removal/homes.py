"""Small documents in a home of the test's own, and a look at every byte of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from resources.catalog import DocumentStatus
from resources.deployment import Deployment
from resources.settings import Settings
from sparknet_assets.batch.document_run import StageResult
from sparknet_assets.batch.running import run_batch
from sparknet_assets.intake.taking_in import take_in
from tests.doubles.embedder import WordEmbedder
from tests.model.small_stages import STAGES
from tests.model.world import Fuse, SmallDeployment, Trouble, one_thread

SECRET = "Zanzibar quokka manifesto"


def small_deployment(home: Path, fuse: Fuse | None = None) -> SmallDeployment:
    """A deployment whose documents are plain text, worked on in this thread."""
    settings = Settings(home=home, embedder="ollama", ollama_embedding_model="words-32")
    return SmallDeployment(settings, Trouble(), fuse or Fuse())


def with_words(deployment: Deployment) -> Deployment:
    """The deployment with an embedder that needs no model."""
    deployment.__dict__["embedder"] = WordEmbedder()
    return deployment


def add(deployment: Deployment, folder: Path, **texts: str) -> list[str]:
    """Takes texts in as documents and indexes them. `a_b` is the document a-b."""
    folder.mkdir(exist_ok=True)
    doc_ids = []
    for name, text in texts.items():
        doc_id = name.replace("_", "-")
        file = folder / f"{doc_id}.txt"
        file.write_text(text)
        intake = take_in(deployment, [file], doc_id=doc_id)
        assert not intake.problems
        doc_ids += intake.doc_ids
    index(deployment, *doc_ids)
    return doc_ids


def index(deployment: Deployment, *doc_ids: str) -> None:
    for result in run_small(deployment, *doc_ids):
        assert result.record.status == "done", result
    for doc_id in doc_ids:
        record = deployment.catalog.get(doc_id)
        assert record is not None
        assert record.status is DocumentStatus.INDEXED


def run_small(deployment: Deployment, *doc_ids: str, force: bool = False) -> list[StageResult]:
    """What a batch of the small stages comes to."""
    with one_thread():
        return list(run_batch(doc_ids, deployment, graph=STAGES, force=force))


def found(deployment: Deployment, query: str) -> set[str]:
    """Documents that a search by words and one by meaning find."""
    store = deployment.vector_store
    hits = store.search_text(query, 50)
    hits += store.search(deployment.embedder.embed([query])[0], 50)
    return {hit.chunk.doc_id for hit in hits}


def files_with(home: Path, *texts: str) -> list[str]:
    """Files below the folder that hold one of the texts, in any case."""
    wanted = [text.lower().encode() for text in texts]
    return [
        str(path.relative_to(home))
        for path in sorted(home.rglob("*"))
        if path.is_file() and any(text in path.read_bytes().lower() for text in wanted)
    ]


def state_of(deployment: Deployment, doc_id: str) -> dict[str, Any]:
    """What the stores hold of a document, for comparison."""
    storage, store = deployment.storage, deployment.vector_store
    return {
        "raw": {i.key: storage.get(i.key) for i in storage.list(f"raw/{doc_id}/")},
        "processed": {i.key: storage.get(i.key) for i in storage.list(f"processed/{doc_id}/")},
        "chunks": store.chunk_ids([doc_id])[doc_id],
        "cache": deployment.cache.used(doc_id),
        "record": deployment.catalog.get(doc_id),
        "stages": deployment.catalog.stages([doc_id])[doc_id],
    }
