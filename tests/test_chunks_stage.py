"""The chunks stage: text.json in, chunks.json out."""

from __future__ import annotations

import json

import pytest

from resources.deployment import Deployment
from resources.failure import Failure, FailureKind
from resources.ocr import Line, PageText, Word
from resources.settings import Settings, SettingsError, load_settings
from sparknet_assets.artifacts import (
    CHUNKS,
    ChunkList,
    DocumentRef,
    read_chunks,
    write_text,
)
from sparknet_assets.stages import chunks
from sparknet_assets.text_index import record_of
from tests.doubles.embedder import WordEmbedder

REF = DocumentRef("lease", "raw/lease/lease.pdf")


@pytest.fixture
def deployment(settings: Settings) -> Deployment:
    deployment = Deployment(settings)
    deployment.__dict__["embedder"] = WordEmbedder()
    return deployment


def put_text(deployment: Deployment, *pages: PageText) -> None:
    write_text(deployment.storage, REF, map(record_of, pages))


def page(number: int, text: str) -> PageText:
    words = [Word(word, 0.1, 0.2, 0.9, 0.3, 1.0) for word in text.split()]
    lines = [Line(words=words)] if words else []
    return PageText(page=number, width=10, height=10, engine="x", lines=lines)


def test_chunks_are_written_and_counted(deployment: Deployment) -> None:
    put_text(deployment, page(1, "The rent is due."), page(2, ""), page(3, "Signed."))
    output = chunks.STAGE.run(REF, deployment)
    written = ChunkList.model_validate_json(deployment.storage.get(REF.key(CHUNKS)))
    assert written.doc_id == "lease"
    assert written.chunks == list(read_chunks(deployment.storage, REF))
    assert output.pages == 3
    assert output.metadata["chunks"] == len(written.chunks) == 1
    assert output.metadata["tokens"] == written.chunks[0].tokens
    assert chunks.STAGE.run(REF, deployment).data_version == output.data_version


def test_a_document_without_text_has_no_chunks(deployment: Deployment) -> None:
    failure = Failure(kind=FailureKind.UNREADABLE, message="no", retryable=False)
    put_text(deployment, page(1, "").model_copy(update={"failure": failure}))
    output = chunks.STAGE.run(REF, deployment)
    assert output.pages == 0
    assert json.loads(deployment.storage.get(REF.key(CHUNKS)))["chunks"] == []


def test_chunks_follow_the_settings(deployment: Deployment) -> None:
    put_text(deployment, page(1, "word " * 300))
    shapes = set()
    for size in (20, 40):
        changed = Deployment(deployment.settings.model_copy(update={"chunk_tokens": size}))
        changed.__dict__["embedder"] = WordEmbedder()
        chunks.STAGE.run(REF, changed)
        shapes.add(json.dumps(chunks.STAGE.shape(changed)))
        assert max(chunk.tokens for chunk in read_chunks(changed.storage, REF)) == size
    assert len(shapes) == 2


def test_an_overlap_of_half_a_chunk_is_a_wrong_setting() -> None:
    with pytest.raises(SettingsError, match=r"chunk_overlap .*less than half .* 64"):
        load_settings(chunk_tokens=64, chunk_overlap=32)
    assert load_settings(chunk_tokens=64, chunk_overlap=31).chunk_overlap == 31
