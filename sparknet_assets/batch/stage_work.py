"""The work of a stage on a document: what is known already is passed on, the rest takes workers."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from resources.catalog import DocumentStatus, StageRecord, StageStatus
from resources.deployment import Deployment
from resources.failure import SparknetError
from sparknet_assets.artifacts import DocumentRef
from sparknet_assets.batch.page_spans import PageSpans
from sparknet_assets.batch.tier_stages import InTier, in_tier
from sparknet_assets.batch.workers import WorkerPool
from sparknet_assets.stages.contract import (
    RAW_DOCUMENTS,
    DocumentStage,
    PagedStage,
    Preparation,
    StageOutput,
)

if TYPE_CHECKING:
    from sparknet_assets.batch.document_run import DocumentRun

MOST_TWINS = 3


def run_stage(
    stage: DocumentStage | PagedStage,
    run: DocumentRun,
    pool: WorkerPool,
    deployment: Deployment,
) -> tuple[StageOutput, float]:
    """What the stage makes of the document, as its tier has it, and the seconds of work that took.

    Raises:
        SparknetError: The stage failed.
    """
    deployment = deployment.of_tier(run.tier)
    if isinstance(stage, DocumentStage):
        copied = None if run.force else _copied(stage, run, deployment)
        if copied is not None:
            return copied, 0.0
        finished = pool.result(pool.submit(InTier(stage.run, run.tier), run.ref))
        if stage.complete is None:
            return finished.value, finished.seconds
        started = time.perf_counter()
        output = stage.complete(run.ref, finished.value, lambda: pool.pause(0), deployment)
        return output, finished.seconds + time.perf_counter() - started
    stage = in_tier(stage, run.tier)
    twins = _twins(run, deployment)
    surveyed = 0.0
    if stage.preparation is not None:
        surveyed = _prepare(stage.preparation, run, twins, pool, deployment)
    known = None
    if stage.known is not None and not run.force:
        known = stage.known(run.ref, [run.ref, *twins], deployment)
    spans = PageSpans(stage, run.ref, pool, ahead=2 * deployment.settings.workers)
    pages = spans.results(stage.page_count(run.ref, deployment), known)
    output = stage.assemble(run.ref, pages, deployment)
    metadata = {**output.metadata, "pages_reused": spans.reused}
    return replace(output, metadata=metadata), spans.seconds + surveyed


def _prepare(
    preparation: Preparation,
    run: DocumentRun,
    twins: Sequence[DocumentRef],
    pool: WorkerPool,
    deployment: Deployment,
) -> float:
    """Does what is to be done before the pages; the seconds that workers took for it."""
    earlier = [] if run.force else [run.ref, *twins]
    candidates = preparation.candidates(run.ref, earlier, deployment)
    spans = [
        candidates[start : start + preparation.span]
        for start in range(0, len(candidates), preparation.span)
    ]
    tasks = [pool.submit(preparation.survey, run.ref, span) for span in spans]
    found: list[int] = []
    seconds = 0.0
    for task in tasks:
        try:
            finished = pool.result(task)
        except SparknetError:
            continue  # the pages will say for themselves what is wrong
        found += finished.value
        seconds += finished.seconds
    if found:
        preparation.prepare(run.ref, found, twins, pool.pause, deployment)
    return seconds


def _twins(run: DocumentRun, deployment: Deployment) -> list[DocumentRef]:
    """Other documents with the same bytes: what was made of them serves here too.

    They may be at work themselves, so only what proves to be whole is taken from them. Asked for
    once in a run: a twin that arrives later only saves less.
    """
    sha256 = run.document.raw_sha256
    if run.twins is not None and run.twins[0] == sha256:
        return run.twins[1]
    same = deployment.catalog.with_content(sha256, limit=MOST_TWINS + 1)
    others = [twin for twin in same if twin.doc_id != run.ref.doc_id]
    others.sort(key=lambda twin: twin.status is not DocumentStatus.INDEXED)
    found = [DocumentRef(twin.doc_id, twin.raw_key) for twin in others]
    run.twins = (sha256, found)
    return found


def _copied(stage: DocumentStage, run: DocumentRun, deployment: Deployment) -> StageOutput | None:
    """The stage's output as a copy of what it made of the same bytes under another name."""
    if stage.copy is None or stage.inputs != (RAW_DOCUMENTS,):
        return None
    for twin in _twins(run, deployment):
        record = _current(stage, run, twin, deployment)
        if record is None:
            continue
        output = stage.copy(run.ref, twin, deployment)
        # A run that works on the twin withdraws its fingerprint before it writes anything.
        if output is not None and _current(stage, run, twin, deployment) == record:
            return output
    return None


def _current(
    stage: DocumentStage, run: DocumentRun, twin: DocumentRef, deployment: Deployment
) -> StageRecord | None:
    """The record of a twin whose output is of these very bytes: its row may tell of newer ones."""
    record = deployment.catalog.stages([twin.doc_id])[twin.doc_id].get(stage.name)
    if record is None or record.status is not StageStatus.DONE:
        return None
    raw = {RAW_DOCUMENTS: f"{run.document.raw_sha256}:{twin.filename}"}
    return record if record.fingerprint == run.recipes.fingerprint(stage, raw) else None
