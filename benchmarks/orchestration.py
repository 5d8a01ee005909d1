"""What Dagster, the catalog and the batch cost around stages that do nothing.

    python -m benchmarks.orchestration [--documents 500]

Prints milliseconds a document for `run_batch` alone (workers, storage, catalog), for `execute` (the
same inside a Dagster run on SQLite), and for both once more when nothing has changed.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from benchmarks.verdict import Verdict
from resources.deployment import Deployment
from resources.failure import Failure
from resources.settings import Settings
from sparknet_assets.artifacts import DocumentRef
from sparknet_assets.batch.running import run_batch
from sparknet_assets.runs.execution import execute
from sparknet_assets.stages.contract import (
    AnyStage,
    BatchStage,
    DocumentStage,
    PagedStage,
    PageResult,
    StageOutput,
)

DOCUMENTS = 500
BUDGET_MS = 120.0
VERSION = "0" * 64
PREVIEW = {"preview": "Four lines of text, as a page has them.\n" * 4, "confidence": 0.97}


def _document(name: str, ref: DocumentRef, deployment: Deployment) -> StageOutput:
    deployment.storage.put(ref.key(f"{name}.json"), b"{}")
    return StageOutput(VERSION, pages=1, metadata=PREVIEW)


def _one_page(ref: DocumentRef, deployment: Deployment) -> int:
    return 1


def _pages(ref: DocumentRef, pages: Sequence[int], deployment: Deployment) -> list[PageResult]:
    return [PageResult(page, b"{}") for page in pages]


def _assemble(
    name: str, ref: DocumentRef, results: Iterable[PageResult], deployment: Deployment
) -> StageOutput:
    list(results)
    return _document(name, ref, deployment)


def _together(
    name: str, refs: Sequence[DocumentRef], deployment: Deployment
) -> Iterator[tuple[DocumentRef, StageOutput | Failure]]:
    for ref in refs:
        yield ref, _document(name, ref, deployment)


def _facts(name: str, source: str) -> dict[str, object]:
    return {
        "name": name,
        "inputs": (source,),
        "code_version": "1",
        "description": "",
        "artifact": f"{name}.json",
        "shape": _no_shape,
    }


def _no_shape(deployment: Deployment) -> dict[str, object]:
    return {}


def _document_stage(name: str, source: str, aside: bool = False) -> AnyStage:
    return DocumentStage(**_facts(name, source), run=partial(_document, name), aside=aside)  # type: ignore[arg-type]


def _paged_stage(name: str, source: str) -> AnyStage:
    return PagedStage(
        **_facts(name, source),  # type: ignore[arg-type]
        page_count=_one_page,
        run_pages=_pages,
        assemble=partial(_assemble, name),
    )


def _batch_stage(name: str, source: str) -> AnyStage:
    return BatchStage(**_facts(name, source), run=partial(_together, name))  # type: ignore[arg-type]


GRAPH = (
    _document_stage("documents", "raw_documents"),
    _paged_stage("page_images", "documents"),
    _paged_stage("ocr_text", "page_images"),
    _document_stage("chunks", "ocr_text"),
    _batch_stage("embeddings", "chunks"),
    _batch_stage("vector_index", "embeddings"),
    _document_stage("extracted_fields", "ocr_text", aside=True),
)


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def fill(deployment: Deployment, count: int, prefix: str = "") -> list[str]:
    """Originals of `count` documents; returns their ids."""
    doc_ids = [f"{prefix}document-{number:05}" for number in range(count)]
    for doc_id in doc_ids:
        deployment.storage.put(f"raw/{doc_id}/file.txt", doc_id.encode())
    return doc_ids


def measure(documents: int = DOCUMENTS) -> Verdict:
    """Runs the documents and prints what each part took.

    Returns:
        Milliseconds a document of a first run, Dagster, catalog and workers included.
    """
    run = partial(run_batch, graph=GRAPH)
    with tempfile.TemporaryDirectory(prefix="sparknet-orchestration-") as folder:
        alone = Deployment(Settings(home=Path(folder, "alone")))
        ids = fill(alone, documents)
        batch = _seconds(lambda: list(run(ids, alone)))
        batch_again = _seconds(lambda: list(run(ids, alone)))
        inside = Deployment(Settings(home=Path(folder, "inside")))
        fill(inside, documents)
        execute(inside, [], run=run)
        dagster = _seconds(lambda: execute(inside, ids, run=run))
        dagster_again = _seconds(lambda: execute(inside, ids, run=run))
    print(f"{documents} one-page documents, seven stages that do nothing; milliseconds a document")
    print(f"{'':18}{'batch alone':>14}{'with Dagster':>14}{'Dagster itself':>16}")
    for label, plain, whole in (
        ("first time", batch, dagster),
        ("nothing changed", batch_again, dagster_again),
    ):
        figures = [1000 * value / documents for value in (plain, whole, whole - plain)]
        print(f"{label:18}{figures[0]:14.1f}{figures[1]:14.1f}{figures[2]:16.1f}")
    return Verdict("orchestration", 1000 * dagster / documents, BUDGET_MS, "ms a document")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=DOCUMENTS)
    verdict = measure(parser.parse_args().documents)
    print(verdict)
    return 0 if verdict.kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
