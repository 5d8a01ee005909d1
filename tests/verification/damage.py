"""Damage of every kind, done by hand, and what `verify` should call it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from resources.catalog import DocumentRecord, DocumentStatus, Holding, StageStatus
from resources.deployment import Deployment
from resources.storage import ObjectInfo
from resources.vector_store import Chunk

DOC = "incident-00001-pdf"
NOTES = "notes-txt"


class Damage(NamedTuple):
    """Attributes:
    kinds: What `verify` reports of it, at least.
    mends: `verify --repair` puts it right by itself.
    """

    kinds: set[str]
    do: Callable[[Deployment], None]
    mends: bool = True


def path(deployment: Deployment, name: str, doc_id: str = DOC) -> Path:
    return deployment.home / "processed" / doc_id / name


def remove(name: str, doc_id: str = DOC) -> Callable[[Deployment], None]:
    return lambda deployment: path(deployment, name, doc_id).unlink()


def garble(name: str, doc_id: str = DOC) -> Callable[[Deployment], None]:
    """Turns bits in the middle: the size stays."""

    def do(deployment: Deployment) -> None:
        file = path(deployment, name, doc_id)
        data = bytearray(file.read_bytes())
        for place in range(len(data) // 2, min(len(data) // 2 + 8, len(data))):
            data[place] ^= 0x55
        file.write_bytes(data)

    return do


def cut(name: str, doc_id: str = DOC) -> Callable[[Deployment], None]:
    def do(deployment: Deployment) -> None:
        file = path(deployment, name, doc_id)
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])

    return do


def drop_last_line(name: str) -> Callable[[Deployment], None]:
    """Leaves an artifact that is valid, with an element less."""

    def do(deployment: Deployment) -> None:
        file = path(deployment, name)
        lines = file.read_bytes().splitlines(keepends=True)
        kept = [*lines[:-2], lines[-1]]
        kept[-2] = kept[-2].rstrip(b",\n") + b"\n"
        file.write_bytes(b"".join(kept))

    return do


def change(doc_id: str = DOC, **changes: object) -> Callable[[Deployment], None]:
    """Edits a document's row."""

    def do(deployment: Deployment) -> None:
        record = deployment.catalog.get(doc_id)
        assert record is not None
        deployment.catalog.put([record.model_copy(update=changes)])

    return do


def change_stage(stage: str, **changes: object) -> Callable[[Deployment], None]:
    def do(deployment: Deployment) -> None:
        record = deployment.catalog.stages([DOC])[DOC][stage]
        deployment.catalog.put_stages([record.model_copy(update=changes)])

    return do


def drop_vectors(deployment: Deployment) -> None:
    store = deployment.vector_store
    assert store.delete(sorted(store.chunk_ids([DOC])[DOC])[:1]) == 1


def add_vector(doc_id: str) -> Callable[[Deployment], None]:
    def do(deployment: Deployment) -> None:
        vector = np.zeros((1, deployment.embedder.dimension), np.float32)
        vector[0, 0] = 1
        deployment.vector_store.add_chunks([chunk(doc_id, "added by hand")], vector)

    return do


def chunk(doc_id: str, text: str) -> Chunk:
    return Chunk(
        chunk_id=f"{doc_id}-by-hand", doc_id=doc_id, ordinal=0, text=text, text_sha256="0" * 64,
        tokens=3, pages=(1,), boxes=(),
    )  # fmt: skip


def lose_keyword_rows(deployment: Deployment) -> None:
    import sqlite3

    folder = deployment.home / "state" / "index" / deployment.vector_store.generation
    with sqlite3.connect(folder / "register.db") as register:
        register.execute("DELETE FROM chunks WHERE doc_id = ?", (DOC,))
    register.close()


def orphan_holding(deployment: Deployment) -> None:
    generation = deployment.vector_store.generation
    deployment.catalog.put_holdings(generation, {"ghost": Holding("0" * 64, 3)})


def wrong_holding(deployment: Deployment) -> None:
    generation = deployment.vector_store.generation
    deployment.catalog.put_holdings(generation, {DOC: Holding("0" * 64, 99)})


def lose_holding(deployment: Deployment) -> None:
    deployment.catalog.drop_holdings(deployment.vector_store.generation, [DOC])


def old_holding(deployment: Deployment) -> None:
    generation = deployment.vector_store.generation
    chunks = deployment.catalog.holdings(generation)[DOC].chunks
    deployment.catalog.put_holdings(generation, {DOC: Holding("0" * 64, chunks)})


def orphan_files(deployment: Deployment) -> None:
    shutil.copytree(deployment.home / "processed" / DOC, deployment.home / "processed" / "ghost")


def half_removed(deployment: Deployment) -> None:
    record = deployment.catalog.get(DOC)
    assert record is not None
    deployment.catalog.bury([record.model_copy(update={"status": DocumentStatus.DELETED})])


def lose_record(deployment: Deployment) -> None:
    deployment.catalog.delete(DOC)


def forget_stage(stage: str) -> Callable[[Deployment], None]:
    """Deletes a stage's row, which no port can."""

    def do(deployment: Deployment) -> None:
        import sqlite3

        with sqlite3.connect(deployment.home / "state" / "catalog.db") as catalog:
            catalog.execute("DELETE FROM stages WHERE doc_id = ? AND stage = ?", (DOC, stage))
        catalog.close()

    return do


def raw_path(deployment: Deployment) -> Path:
    return deployment.home / "raw" / DOC / "incident-00001.pdf"


def edit_raw(deployment: Deployment) -> None:
    original, other = raw_path(deployment), deployment.home / "raw/incident-00002-pdf"
    original.write_bytes((other / "incident-00002.pdf").read_bytes())


def close_raw(deployment: Deployment) -> None:
    """As when the folder of a document is closed to this user: it is not listed."""
    storage, folder = deployment.storage, f"raw/{DOC}/"
    stat, listing = storage.stat, storage.list

    def closed(key: str) -> ObjectInfo | None:
        if key.startswith(folder):
            raise PermissionError(13, "Permission denied", key)
        return stat(key)

    def listed(*args: str, **options: Any) -> Iterator[ObjectInfo]:
        return (info for info in listing(*args, **options) if not info.key.startswith(folder))

    storage.__dict__ |= {"stat": closed, "list": listed}


def new_document(doc_id: str, raw_key: str) -> DocumentRecord:
    now = datetime.now(UTC)
    return DocumentRecord(
        doc_id=doc_id, partition_key=doc_id, raw_key=raw_key, filename=raw_key.rsplit("/", 1)[-1],
        created_at=now, updated_at=now,
    )  # fmt: skip


def add_raw(deployment: Deployment) -> None:
    deployment.storage.put("raw/dropped/new.txt", b"Dropped into the folder by hand.")


ARTIFACTS = (
    "metadata.json",
    "pages/index.json",
    "text.json",
    "chunks.json",
    "embeddings.parquet",
)
BROKEN = {"unreadable_artifact", "altered_artifact"}
DAMAGES: dict[str, Damage] = {
    **{f"no {name}": Damage({"missing_artifact"}, remove(name)) for name in ARTIFACTS},
    **{f"cut {name}": Damage({"unreadable_artifact"}, cut(name)) for name in ARTIFACTS},
    **{
        f"empty {name}": Damage(
            {"unreadable_artifact"}, lambda d, name=name: path(d, name).write_bytes(b"")
        )
        for name in ARTIFACTS
    },
    "garbled metadata": Damage(BROKEN, garble("metadata.json")),
    "garbled text": Damage({"altered_artifact"}, garble("text.json")),
    "garbled page index": Damage(BROKEN, garble("pages/index.json")),
    "garbled chunks": Damage({"altered_artifact"}, garble("chunks.json")),
    "garbled rendition": Damage({"altered_artifact"}, garble("rendition.pdf", NOTES)),
    "no rendition": Damage({"missing_artifact"}, remove("rendition.pdf", NOTES)),
    "no page image": Damage({"missing_artifact"}, remove("pages/page_0.png")),
    "cut page image": Damage({"altered_artifact"}, cut("pages/page_0.png")),
    "a page of text less": Damage({"page_count", "altered_artifact"}, drop_last_line("text.json")),
    "a page image less": Damage({"page_count"}, drop_last_line("pages/index.json")),
    "a chunk less": Damage({"chunk_count", "extra_vectors"}, drop_last_line("chunks.json")),
    "no processed folder": Damage(
        {"missing_artifact"}, lambda d: shutil.rmtree(d.home / "processed" / DOC)
    ),
    "a vector less": Damage({"missing_vectors"}, drop_vectors),
    "a vector more": Damage({"extra_vectors"}, add_vector(DOC)),
    "orphan vectors": Damage({"orphan_vectors"}, add_vector("ghost")),
    "orphan holding": Damage({"orphan_holding"}, orphan_holding),
    "wrong holding": Damage({"holding"}, wrong_holding),
    "no holding": Damage({"holding"}, lose_holding),
    "holding of an older text": Damage({"holding"}, old_holding),
    "orphan files": Damage({"orphan_files"}, orphan_files),
    "keyword rows": Damage({"keyword_rows", "missing_vectors"}, lose_keyword_rows),
    "half removed": Damage({"unfinished_removal"}, half_removed),
    "no record": Damage({"unregistered_raw", "orphan_files", "orphan_vectors"}, lose_record),
    "new original": Damage({"unregistered_raw"}, add_raw),
    "changed original": Damage({"changed_raw"}, edit_raw),
    "wrong status": Damage({"status"}, change(status=DocumentStatus.PARTIAL)),
    "left pending": Damage({"pending"}, change(status=DocumentStatus.PENDING)),
    "interrupted": Damage({"interrupted"}, change_stage("chunks", fingerprint="")),
    "older than its inputs": Damage(
        {"stale_artifact"}, change_stage("chunks", fingerprint="0" * 64)
    ),
    "no record of a stage": Damage({"stale_artifact"}, forget_stage("ocr_text")),
    "stage failed, document not": Damage(
        {"status"}, change_stage("chunks", status=StageStatus.FAILED)
    ),
    "no original": Damage({"missing_raw"}, lambda d: raw_path(d).unlink(), mends=False),
    "an original that can't be read": Damage({"unreadable_raw"}, close_raw, mends=False),
    "two originals": Damage(
        {"extra_raw"},
        lambda d: raw_path(d).with_name("b.pdf").write_bytes(b"x") and None,
        mends=False,
    ),
}
