"""A small graph whose documents do what their text says: behave, raise, hang, crash or bloat."""

from __future__ import annotations

import ctypes
import hashlib
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from resources.catalog import StageRecord
from resources.deployment import Deployment
from resources.failure import Failure, FailureKind, SparknetError
from sparknet_assets.artifacts import DocumentRef
from sparknet_assets.stages.contract import (
    AnyStage,
    BatchStage,
    DocumentStage,
    PagedStage,
    PageResult,
    StageOutput,
)

DOLLARS = 0.25
"""Paid for a page that says `pay`."""


def act(word: str) -> None:
    """Does what a hostile file makes a parser do."""
    match word:
        case "raise":
            raise ValueError("a bug in a parser")
        case "refuse":
            raise SparknetError(FailureKind.ENCRYPTED, "needs a password")
        case "hang":
            time.sleep(60)
        case "crash":
            os._exit(3)
        case "segfault":
            ctypes.string_at(0)
        case "bloat":
            hoard = []
            while True:
                hoard.append(bytearray(os.urandom(1) * 2**24))


def _lines(ref: DocumentRef, deployment: Deployment) -> list[str]:
    return deployment.storage.get(ref.raw_key).decode().splitlines()


def _note_call(stage: str, ref: DocumentRef, deployment: Deployment) -> None:
    """Counts calls in files: they happen in other processes."""
    folder = deployment.home / "calls"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{stage}.{ref.doc_id}.{time.time_ns()}.{os.getpid()}").touch()


def calls(deployment: Deployment, stage: str, doc_id: str) -> int:
    """How often the work of `stage` was done for a document."""
    return len(list((deployment.home / "calls").glob(f"{stage}.{doc_id}.*")))


def read(ref: DocumentRef, deployment: Deployment) -> StageOutput:
    _note_call("documents", ref, deployment)
    lines = _lines(ref, deployment)
    act(lines[0])
    data = "\n".join(lines).encode()
    deployment.storage.put(ref.key("metadata.json"), data)
    return StageOutput(hashlib.sha256(data).hexdigest(), pages=len(lines) - 1)


def page_count(ref: DocumentRef, deployment: Deployment) -> int:
    return len(_lines(ref, deployment)) - 1


def upper(ref: DocumentRef, pages: Sequence[int], deployment: Deployment) -> list[PageResult]:
    _note_call("ocr_text", ref, deployment)
    lines = _lines(ref, deployment)[1:]
    for page in pages:
        act(lines[page - 1])
        if lines[page - 1] == "pay":
            with deployment.limiter("toy", None, 8).call(DOLLARS):
                _note_call("paid", ref, deployment)
    return [PageResult(page, lines[page - 1].upper().encode()) for page in pages]


def gather(ref: DocumentRef, results: Iterable[PageResult], deployment: Deployment) -> StageOutput:
    failed: dict[int, Failure] = {}
    texts: list[bytes] = []
    for result in results:
        if result.failure:
            failed[result.page] = result.failure
        else:
            texts.append(result.record)
    if failed and not texts:
        first = next(iter(failed.values()))
        raise SparknetError(first.kind, f"no page could be read: {first.message}")
    data = b"\n".join(texts)
    deployment.storage.put(ref.key("text.json"), data)
    digest = hashlib.sha256(data).hexdigest()
    return StageOutput(digest, pages=len(texts), failed_pages=failed)


def index(
    refs: Sequence[DocumentRef], deployment: Deployment
) -> Iterator[tuple[DocumentRef, StageOutput | Failure]]:
    for ref in refs:
        _note_call("vector_index", ref, deployment)
        text = deployment.storage.get(ref.key("text.json")).decode()
        if "UNINDEXABLE" in text:
            yield ref, SparknetError(FailureKind.UNAVAILABLE, "no room in the index").to_failure()
        elif "BREAK" in text:
            raise RuntimeError("the index is broken")
        else:
            deployment.storage.put(f"index/{ref.doc_id}", text.encode())
            digest = hashlib.sha256(text.encode()).hexdigest()
            yield ref, StageOutput(digest, metadata={"chunks": 1})


def indexed(records: Mapping[str, Mapping[str, StageRecord]], deployment: Deployment) -> set[str]:
    return {info.key.removeprefix("index/") for info in deployment.storage.list("index/")}


def _shape(deployment: Deployment) -> Mapping[str, Any]:
    return {"chunk_tokens": deployment.settings.chunk_tokens}


def _no_shape(deployment: Deployment) -> Mapping[str, Any]:
    return {}


GRAPH: tuple[AnyStage, ...] = (
    DocumentStage(
        name="documents",
        inputs=("raw_documents",),
        code_version="1",
        description="Reads.",
        artifact="metadata.json",
        shape=_no_shape,
        run=read,
    ),
    PagedStage(
        name="ocr_text",
        inputs=("documents",),
        code_version="1",
        description="Shouts.",
        artifact="text.json",
        shape=_shape,
        page_count=page_count,
        run_pages=upper,
        assemble=gather,
        span=4,
    ),
    BatchStage(
        name="vector_index",
        inputs=("ocr_text",),
        code_version="1",
        description="Counts.",
        artifact=None,
        shape=_no_shape,
        run=index,
        stored=indexed,
    ),
)
