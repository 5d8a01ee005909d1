"""A home of many documents, written straight into catalog, storage and index."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from benchmarks.generated_index import CHUNKS_PER_DOCUMENT, Vectors, Words, fill
from resources.catalog import DocumentRecord, DocumentStatus, StageRecord, StageStatus
from resources.deployment import Deployment
from resources.ocr import Line, PageText, Word
from resources.settings import load_settings
from resources.vector_store import Chunk
from sparknet_assets.artifacts import (
    PAGES,
    DocumentRef,
    PageImage,
    write_chunks,
    write_text,
)
from sparknet_assets.records import new_document
from sparknet_assets.stage_names import STAGE_NAMES
from sparknet_assets.text_index import record_of

LONG = "long-pdf"
"""The document with 3,000 dense pages."""
LONG_PAGES = 3000
_START = datetime(2026, 1, 1, tzinfo=UTC)
_PART = 500


def build(home: Path, documents: int, chunks: int) -> list[str]:
    """Writes what is not there yet; the ids of the documents, in order.

    Args:
        chunks: In the index, fifty for each of the first documents.
    """
    deployment = Deployment(load_settings(home=home))
    deployment.embedder.embed(["the model is loaded before anything is timed"])
    if deployment.catalog.get(LONG) is None:
        for start in range(0, documents, _PART):
            numbers = range(start, min(start + _PART, documents))
            rows = [_row(number, chunks) for number in numbers]
            deployment.catalog.put_stages([s for row in rows for s in _stages(row)], rows)
        _long_document(deployment)
    vectors = Vectors(seed=2, dimension=deployment.embedder.dimension)
    if deployment.vector_store.count() != (chunks, chunks):
        fill(deployment.vector_store, chunks, Words(seed=1), vectors)
    return [record.doc_id for record in deployment.catalog.documents()]


def path_of(doc_id: str) -> str:
    """A document's part of an address."""
    return quote(doc_id, safe="")


def _row(number: int, chunks: int) -> DocumentRecord:
    doc_id = f"document-{number}"
    own = CHUNKS_PER_DOCUMENT if number < chunks // CHUNKS_PER_DOCUMENT else 0
    return new_document(doc_id, doc_id, f"raw/{doc_id}/report.pdf").model_copy(
        update={
            "status": DocumentStatus.INDEXED,
            "raw_version": "1",
            "raw_sha256": f"{number:064}",
            "source": f"/inbox/{doc_id}/report.pdf",
            "media_type": "application/pdf",
            "title": f"Report {number}",
            "pages": CHUNKS_PER_DOCUMENT,
            "chunks": own,
            "run_id": f"run-{number // 250}",
            "updated_at": _START + timedelta(seconds=number),
        }
    )


def _stages(row: DocumentRecord) -> Iterator[StageRecord]:
    for name in STAGE_NAMES:
        yield StageRecord(
            doc_id=row.doc_id,
            stage=name,
            status=StageStatus.DONE,
            fingerprint=row.raw_sha256,
            recipe="recipe",
            data_version=row.raw_sha256,
            pages=row.pages,
            seconds=0.5,
            cost_usd=0.019 if name == "ocr_text" else 0.0,
            run_id=row.run_id,
            updated_at=row.updated_at,
            metadata={"preview": "What the first lines say. " * 8, "words": 8000},
        )


def _long_document(deployment: Deployment) -> None:
    ref = DocumentRef(LONG, f"raw/{LONG}/long.pdf")
    storage = deployment.storage
    storage.put(ref.raw_key, b"%PDF-1.7\n" * 1000)
    png = _png()
    lines = [Line(words=[Word(f"w{i}", 0.1, 0.2, 0.91, 0.3, 0.98) for i in range(10)])] * 60

    def page(number: int) -> PageText:
        return PageText(page=number, width=1, height=1, engine="x", lines=lines, confidence=0.98)

    numbers = range(1, LONG_PAGES + 1)
    write_text(storage, ref, (record_of(page(number)) for number in numbers))
    write_chunks(storage, ref, (_chunk(number) for number in range(2 * LONG_PAGES)))
    images = [
        PageImage(page=n, width=600, height=800, sha256=f"{n:064}", size=len(png)).model_dump_json()
        for n in numbers
    ]
    for number in (1, 1500, 2999):
        storage.put(ref.page_image_key(number), png)
    head = f'{{"schema_version":1,"doc_id":"{LONG}","pages":[\n'
    listed = ",\n".join(images)
    storage.put(ref.key(PAGES), f"{head}{listed}\n]}}\n".encode())
    row = new_document(LONG, LONG, ref.raw_key)
    facts = {"status": DocumentStatus.INDEXED, "pages": LONG_PAGES, "chunks": 2 * LONG_PAGES}
    row = row.model_copy(update={**facts, "source": "/inbox/long.pdf"})
    deployment.catalog.put_stages(list(_stages(row)), [row])


def _chunk(number: int) -> Chunk:
    return Chunk(
        chunk_id=f"long-{number}",
        doc_id=LONG,
        ordinal=number,
        text="Words of a passage. " * 40,
        text_sha256="0" * 64,
        tokens=200,
        pages=(1 + number // 2,),
        boxes=(),
        section=("A heading",),
    )


def _png() -> bytes:
    import io

    from PIL import Image

    out = io.BytesIO()
    Image.effect_noise((600, 800), 40).save(out, "PNG")
    return out.getvalue()
