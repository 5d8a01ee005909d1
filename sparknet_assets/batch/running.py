"""A batch of documents through the stages: claims, worker pool, isolation, results as they happen.

Order for each result: artifact durable, record written, result yielded. A kill at any point costs
at most the work in hand and a repeated event.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress

from resources.catalog import DocumentStatus, StageRecord
from resources.deployment import Deployment
from resources.failure import Failure, FailureKind, SparknetError
from sparknet_assets.artifacts import DocumentRef
from sparknet_assets.batch.buried import BuriedError
from sparknet_assets.batch.document_run import DocumentRun, StageResult
from sparknet_assets.batch.document_threads import DocumentThreads
from sparknet_assets.batch.workers import WorkerPool, as_sparknet_error
from sparknet_assets.claims import Claims
from sparknet_assets.fields.noted import corrections_settled
from sparknet_assets.fingerprint import Recipes
from sparknet_assets.originals import registered
from sparknet_assets.stages import STAGES
from sparknet_assets.stages.contract import FIELD_CORRECTIONS, AnyStage, BatchStage, StageOutput

WAIT_SECONDS = 0.5
# Documents become searchable while others are still read; one bulk write serves all of a wave.
WAVE_SECONDS = 30.0
LLM_THREADS = 8


def run_batch(
    doc_ids: Sequence[str],
    deployment: Deployment,
    *,
    stages: Sequence[str] | None = None,
    run_id: str = "",
    force: bool = False,
    progress: Callable[[StageResult], None] | None = None,
    graph: Sequence[AnyStage] = STAGES,
) -> Iterator[StageResult]:
    """Brings documents up to date and yields what happened, each result once it is durable.

    A document's failure is a result, never an exception. Documents that another process works on
    are waited for, then looked at: what the other made is reused.

    Args:
        stages: Names of the stages to run; all by default. A stage whose inputs were never made
            has no result.
        run_id: Recorded with each result.
        force: Redo stages even when their output is current.
        progress: Called with each result before it is yielded.
        graph: The stages, in order.

    Raises:
        ValueError: A name in `stages` is not a stage.
    """
    order = [stage.name for stage in graph]
    unknown = set(stages or ()) - set(order)
    if unknown:
        raise ValueError(
            f"no stage is called {', '.join(sorted(unknown))}; there are {', '.join(order)}"
        )
    selected = [stage for stage in graph if stages is None or stage.name in stages]
    recipes = Recipes(deployment)
    with (
        deployment.spending(run_id),
        Claims(deployment) as claims,
        WorkerPool(deployment) as pool,
    ):
        waiting = list(dict.fromkeys(doc_ids))
        while waiting:
            mine = claims.take(waiting)
            waiting = [doc_id for doc_id in waiting if doc_id not in mine]
            runs = _load_runs(mine, graph, recipes, deployment, run_id, force)
            for result in _run_claimed(runs, selected, pool, deployment):
                if progress:
                    progress(result)
                yield result
            claims.give_back(mine)
            if waiting and not mine:
                time.sleep(WAIT_SECONDS)


def _run_claimed(
    runs: Sequence[DocumentRun],
    selected: Sequence[AnyStage],
    pool: WorkerPool,
    deployment: Deployment,
) -> Iterator[StageResult]:
    """Reads documents side by side; those that are through are indexed in waves meanwhile.

    The stages aside come last for each document, and hold up no wave.
    """
    alone = [stage for stage in selected if not isinstance(stage, BatchStage)]
    together = [stage for stage in selected if isinstance(stage, BatchStage)]
    # Twice the workers, so that a worker finds work while a document's thread writes its records.
    threads = 2 * deployment.settings.workers
    on_the_way = [stage for stage in alone if not stage.aside]
    aside = [stage for stage in alone if stage.aside]
    with (
        DocumentThreads("document", threads, on_the_way, pool, deployment) as reading,
        DocumentThreads("aside", _aside_threads(deployment), aside, pool, deployment) as late,
    ):

        def indexed(through: Sequence[DocumentRun]) -> Iterator[StageResult]:
            yield from _run_together(through, together, deployment)
            for run in through if aside else ():
                late.add([run])

        for twins in _twins(runs) if on_the_way else ():
            reading.add(twins)
        through = [] if on_the_way else list(runs)
        since = time.monotonic()
        for item in reading.finished(wait=True):
            if isinstance(item, StageResult):
                yield item
                continue
            through.append(item)
            yield from _settled(late.finished(wait=False), deployment)
            if time.monotonic() - since > WAVE_SECONDS:
                yield from indexed(through)
                through, since = [], time.monotonic()
        yield from indexed(through)
        yield from _settled(late.finished(wait=True), deployment)


def _aside_threads(deployment: Deployment) -> int:
    """Each may wait for a language model, whose own limit says how many calls are under way."""
    return 2 * deployment.settings.workers + (deployment.settings.llm != "none") * LLM_THREADS


def _settled(
    items: Iterable[StageResult | DocumentRun], deployment: Deployment
) -> Iterator[StageResult]:
    """The results. What was passed over last of a document has no later record to go along with."""
    for item in items:
        if isinstance(item, StageResult):
            yield item
        else:
            with suppress(BuriedError):
                item.save(deployment)


def _load_runs(
    doc_ids: Sequence[str],
    graph: Sequence[AnyStage],
    recipes: Recipes,
    deployment: Deployment,
    run_id: str,
    force: bool,
) -> list[DocumentRun]:
    documents = registered(doc_ids, deployment)
    records = deployment.catalog.stages(doc_ids)
    corrections = corrections_settled(deployment, doc_ids)
    runs = []
    for doc_id in doc_ids:
        document = documents[doc_id]
        if document.status is DocumentStatus.DELETED:
            continue
        ref = DocumentRef(doc_id, document.raw_key)
        own = recipes.of_tier(document.tier)
        run = DocumentRun(ref, document, dict(records[doc_id]), graph, own, run_id, force)
        run.versions[FIELD_CORRECTIONS] = corrections.get(doc_id, "")
        runs.append(run)
    return runs


def _twins(runs: Sequence[DocumentRun]) -> Collection[Sequence[DocumentRun]]:
    """The documents, those of equal bytes together: what is made of one serves the others."""
    groups: dict[str, list[DocumentRun]] = {}
    for run in runs:
        groups.setdefault(run.document.raw_sha256 or run.ref.doc_id, []).append(run)
    return groups.values()


def _run_together(
    runs: Sequence[DocumentRun], stages: Sequence[BatchStage], deployment: Deployment
) -> Iterator[StageResult]:
    """Runs the stages that take documents together, for all documents that reached them."""
    runs = sorted(runs, key=lambda run: run.ref.doc_id)
    for stage in stages:
        yield from _run_batch_stage(stage, runs, deployment)
    for run in runs:
        with suppress(BuriedError):
            run.save(deployment)


def _run_batch_stage(
    stage: BatchStage, runs: Sequence[DocumentRun], deployment: Deployment
) -> Iterator[StageResult]:
    due: dict[str, DocumentRun] = {}
    ready = [run for run in runs if not run.failed and run.inputs_known(stage)]
    try:
        current = _current(stage, ready, deployment)
    except Exception as raised:  # e.g. no server to learn the embedder's identity from
        failure = as_sparknet_error(raised).to_failure()
        for run in ready:
            with suppress(BuriedError):
                yield run.fail(stage, failure, 0.0, deployment)
        return
    for run in ready:
        record = current.get(run.ref.doc_id)
        if record:
            yield run.reuse(stage, record)
        else:
            run.begin(stage, deployment)
            due[run.ref.doc_id] = run
    since = time.perf_counter()
    for ref, outcome in _outcomes(stage, [run.ref for run in due.values()], deployment):
        now = time.perf_counter()
        seconds, since = now - since, now
        run = due.pop(ref.doc_id)
        with suppress(BuriedError):
            if isinstance(outcome, Failure):
                yield run.fail(stage, outcome, seconds, deployment)
            else:
                own = seconds if outcome.seconds is None else outcome.seconds
                yield run.succeed(stage, outcome, own, deployment)


def _current(
    stage: BatchStage, runs: Sequence[DocumentRun], deployment: Deployment
) -> dict[str, StageRecord]:
    """doc_id -> record, for the documents whose output is current and held by the store."""
    found = {}
    for run in runs:
        record = run.reusable(stage, deployment)
        if record:
            found[run.ref.doc_id] = record
    if stage.stored and runs:
        records = {run.ref.doc_id: run.records for run in runs if run.ref.doc_id in found}
        held = stage.stored(records, deployment)
        found = {doc_id: record for doc_id, record in found.items() if doc_id in held}
    return found


def _outcomes(
    stage: BatchStage, refs: Sequence[DocumentRef], deployment: Deployment
) -> Iterator[tuple[DocumentRef, StageOutput | Failure]]:
    """The stage's outcomes; documents it left without one, by raising or otherwise, have failed."""
    missing = {ref.doc_id: ref for ref in refs}
    error = SparknetError(FailureKind.INTERNAL, f"{stage.name} gave no result for this document")
    if refs:
        try:
            for ref, outcome in stage.run(refs, deployment):
                del missing[ref.doc_id]
                yield ref, outcome
        except Exception as raised:
            error = as_sparknet_error(raised)
    for ref in missing.values():
        yield ref, error.to_failure()
