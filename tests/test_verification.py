"""verify finds each kind of disagreement, and nothing where all agree."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from datetime import UTC, datetime

import pytest

from resources.catalog import DocumentRecord, DocumentStatus
from resources.deployment import Deployment
from resources.failure import Failure, FailureKind
from resources.vector_store import Chunk
from sparknet_assets import artifacts
from sparknet_assets.artifacts import (
    ChunkList,
    DocumentMetadata,
    DocumentRef,
    PageImage,
    PageIndex,
    write_text,
)
from sparknet_assets.records import settle, succeeded
from sparknet_assets.stages import STAGES
from sparknet_assets.stages.contract import StageOutput
from sparknet_assets.verification import verify

PAGES = 2


class Index:
    """The parts of a vector store that verify reads."""

    def __init__(self) -> None:
        self.chunks: dict[str, set[str]] = {}
        self.lost_rows = 0

    def chunk_ids(self, doc_ids: Collection[str]) -> dict[str, set[str]]:
        return {doc_id: self.chunks.get(doc_id, set()) for doc_id in doc_ids}

    def document_ids(self) -> set[str]:
        return {doc_id for doc_id, chunks in self.chunks.items() if chunks}

    def count(self) -> tuple[int, int]:
        vectors = sum(map(len, self.chunks.values()))
        return vectors, vectors - self.lost_rows


@pytest.fixture
def index(deployment: Deployment) -> Index:
    fake = Index()
    deployment.__dict__["vector_store"] = fake
    return fake


@pytest.fixture
def whole(deployment: Deployment, index: Index) -> Deployment:
    """Two indexed documents with all that belongs to them."""
    for doc_id in ("one", "two"):
        _make(deployment, index, doc_id)
    return deployment


def _make(deployment: Deployment, index: Index, doc_id: str) -> None:
    storage, ref = deployment.storage, DocumentRef(doc_id, f"raw/{doc_id}/a.pdf")
    raw = storage.put(ref.raw_key, b"bytes")
    metadata = DocumentMetadata(
        doc_id=doc_id, filename="a.pdf", sha256="s", size=5, media_type="application/pdf",
        kind="pdf", page_count=PAGES,
    )  # fmt: skip
    storage.put(ref.key(artifacts.METADATA), metadata.model_dump_json().encode())
    missing = Failure(kind=FailureKind.CORRUPT, message="torn", retryable=False)
    pages = [PageImage(page=1, width=1, height=1), PageImage(page=2, failure=missing)]
    storage.put(ref.page_image_key(1), b"png")
    storage.put(
        ref.key(artifacts.PAGES), PageIndex(doc_id=doc_id, pages=pages).model_dump_json().encode()
    )
    write_text(storage, ref, [b'{"page":%d}' % page for page in (1, 2)])
    chunks = [_chunk(doc_id, number) for number in range(3)]
    storage.put(
        ref.key(artifacts.CHUNKS),
        ChunkList(doc_id=doc_id, chunks=chunks).model_dump_json().encode(),
    )
    put_embeddings(deployment, ref, [chunk.chunk_id for chunk in chunks])
    index.chunks[doc_id] = {chunk.chunk_id for chunk in chunks}
    records = {
        stage.name: succeeded(
            doc_id,
            stage.name,
            StageOutput("v", pages=1, failed_pages={2: missing}),
            fingerprint="f",
            seconds=1,
            run_id="r",
        )
        for stage in STAGES
    }
    now = datetime.now(UTC)
    document = DocumentRecord(
        doc_id=doc_id, partition_key=doc_id, raw_key=ref.raw_key, filename="a.pdf",
        raw_version=raw.version, created_at=now, updated_at=now,
    )  # fmt: skip
    deployment.catalog.put_stages(list(records.values()), [settle(document, records, "r")])


def _chunk(doc_id: str, number: int) -> Chunk:
    text = f"chunk {number}"
    return Chunk(
        chunk_id=f"{doc_id}-{number}", doc_id=doc_id, ordinal=number, text=text,
        text_sha256=hashlib.sha256(text.encode()).hexdigest(), tokens=4, pages=(1,), boxes=(),
    )  # fmt: skip


def put_embeddings(deployment: Deployment, ref: DocumentRef, ids: Sequence[str]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as parquet

    with deployment.storage.writer(ref.key(artifacts.EMBEDDINGS)) as file:
        parquet.write_table(pa.table({"chunk_id": list(ids)}), file)


def kinds(deployment: Deployment) -> list[tuple[str, str]]:
    return [(found.doc_id, found.kind) for found in verify(deployment)]


def change(deployment: Deployment, doc_id: str, **changes: object) -> None:
    record = deployment.catalog.get(doc_id)
    assert record is not None
    deployment.catalog.put([record.model_copy(update=changes)])


def test_nothing_is_wrong_with_nothing(deployment: Deployment, index: Index) -> None:
    assert kinds(deployment) == []


def test_failed_pages_are_counted(whole: Deployment) -> None:
    record = whole.catalog.get("one")
    assert record is not None
    assert record.status is DocumentStatus.PARTIAL
    assert kinds(whole) == []


def test_raw_without_a_record(whole: Deployment) -> None:
    whole.storage.put("raw/new/a.pdf", b"x")
    assert kinds(whole) == [("new", "unregistered_raw")]


def test_a_record_without_raw(whole: Deployment) -> None:
    whole.storage.delete("raw/one/a.pdf")
    assert kinds(whole) == [("one", "missing_raw")]


def test_an_original_that_changed_after_it_was_read(whole: Deployment) -> None:
    digest = hashlib.sha256(b"raw").hexdigest()
    whole.storage.put("raw/one/a.pdf", b"raw")
    change(whole, "one", raw_version="of another time", raw_sha256=digest)
    assert kinds(whole) == []
    whole.storage.put("raw/one/a.pdf", b"other bytes")
    assert kinds(whole) == [("one", "changed_raw")]


def test_files_of_the_system_beside_an_original(whole: Deployment) -> None:
    whole.storage.put("raw/one/.DS_Store", b"x")
    whole.storage.put("raw/new/.DS_Store", b"x")
    assert kinds(whole) == []


def test_two_originals(whole: Deployment) -> None:
    whole.storage.put("raw/one/b.pdf", b"x")
    assert kinds(whole) == [("one", "extra_raw")]


@pytest.mark.parametrize(
    "name",
    ["metadata.json", "pages/index.json", "pages/page_0.png", "text.json", "chunks.json",
     "embeddings.parquet"],
)  # fmt: skip
def test_a_missing_artifact(whole: Deployment, name: str) -> None:
    whole.storage.delete(f"processed/two/{name}")
    assert kinds(whole) == [("two", "missing_artifact")]


@pytest.mark.parametrize("name", ["metadata.json", "pages/index.json", "chunks.json"])
def test_an_artifact_that_is_no_json(whole: Deployment, name: str) -> None:
    whole.storage.put(f"processed/two/{name}", b"{")
    assert kinds(whole) == [("two", "unreadable_artifact")]


def test_embeddings_that_are_no_parquet(whole: Deployment) -> None:
    whole.storage.put("processed/two/embeddings.parquet", b"no")
    assert kinds(whole) == [("two", "unreadable_artifact")]


def test_a_page_without_text(whole: Deployment) -> None:
    write_text(whole.storage, DocumentRef("one", ""), [b'{"page":1}'])
    assert kinds(whole) == [("one", "page_count")]


def test_a_page_without_an_image_entry(whole: Deployment) -> None:
    index = PageIndex(doc_id="one", pages=[PageImage(page=1)])
    whole.storage.put("processed/one/pages/index.json", index.model_dump_json().encode())
    assert kinds(whole) == [("one", "page_count")]


def test_a_chunk_without_an_embedding(whole: Deployment) -> None:
    put_embeddings(whole, DocumentRef("one", ""), ["one-0", "one-1"])
    assert kinds(whole) == [("one", "chunk_count")]


def test_missing_and_stale_vectors(whole: Deployment, index: Index) -> None:
    index.chunks["one"] = {"one-0", "one-1", "one-9"}
    assert kinds(whole) == [("one", "missing_vectors"), ("one", "extra_vectors")]


def test_vectors_of_unknown_and_deleted_documents(whole: Deployment, index: Index) -> None:
    index.chunks["ghost"] = {"ghost-0"}
    assert kinds(whole) == [("ghost", "orphan_vectors")]
    change(whole, "two", status=DocumentStatus.DELETED)
    whole.storage.delete("raw/two/a.pdf")
    assert kinds(whole) == [("ghost", "orphan_vectors"), ("two", "orphan_vectors")]


def test_keyword_rows(whole: Deployment, index: Index) -> None:
    index.lost_rows = 1
    assert kinds(whole) == [("", "keyword_rows")]


def test_a_status_that_its_stages_do_not_give(whole: Deployment) -> None:
    change(whole, "one", status=DocumentStatus.INDEXED)
    assert kinds(whole) == [("one", "status")]


def test_a_document_left_pending(whole: Deployment) -> None:
    change(whole, "one", status=DocumentStatus.PENDING)
    assert kinds(whole) == [("one", "pending")]


def test_a_stage_that_was_interrupted(whole: Deployment) -> None:
    record = whole.catalog.stages(["one"])["one"]["chunks"]
    whole.catalog.put_stages([record.model_copy(update={"fingerprint": ""})])
    assert kinds(whole) == [("one", "interrupted")]


def test_a_document_refused_before_it_was_copied(whole: Deployment) -> None:
    now = datetime.now(UTC)
    failure = Failure(kind=FailureKind.TOO_LARGE, message="too large", retryable=False)
    refused = DocumentRecord(
        doc_id="big", partition_key="big", raw_key="raw/big/a.pdf", filename="a.pdf",
        status=DocumentStatus.FAILED, failure=failure, created_at=now, updated_at=now,
    )  # fmt: skip
    whole.catalog.put([refused])
    assert kinds(whole) == []


def test_more_documents_than_are_read_at_once(deployment: Deployment, index: Index) -> None:
    now = datetime.now(UTC)
    deployment.catalog.put(
        [
            DocumentRecord(
                doc_id=f"d{number}", partition_key=f"d{number}", raw_key=f"raw/d{number}/a.pdf",
                filename="a.pdf", created_at=now, updated_at=now,
            )
            for number in range(501)
        ]
    )  # fmt: skip
    found = kinds(deployment)
    assert len(found) == 2 * 501
    assert {kind for _, kind in found} == {"missing_raw", "pending"}
