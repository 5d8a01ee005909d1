"""Everything brought to what raw/, the code and the settings say: gathered, planned, executed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from resources.catalog import DocumentRecord
from resources.deployment import Deployment
from resources.locks import file_lock
from schedules.assessment import Assessor
from schedules.plan import WORK, Plan, PlannedDocument, Rates, make_plan, plan_document
from schedules.planning import SETTLE, Change, FoundDocument, Listing, compare
from schedules.registration import register
from sparknet_assets.fingerprint import RECIPES, Recipes
from sparknet_assets.raw_names import RAW
from sparknet_assets.reports import in_pages
from sparknet_assets.stages import STAGES
from sparknet_assets.stages.contract import AnyStage

if TYPE_CHECKING:
    from dagster import DagsterInstance
    from sparknet_assets.removal import Receipt

    from sparknet_assets.document_run import StageResult
    from sparknet_assets.execution import RunSummary
    from sparknet_assets.pipeline import RunBatch


@dataclass(frozen=True)
class Gathered:
    """A plan, and what it was made from."""

    plan: Plan
    listing: Listing


@dataclass
class Outcome:
    """What a reconciliation did.

    Attributes:
        summary: Of the documents that went through the stages; None when there were none.
        receipts: Of the documents that were removed.
    """

    plan: Plan
    summary: RunSummary | None = None
    receipts: list[Receipt] = field(default_factory=list)


def gather(
    deployment: Deployment, now: datetime | None = None, graph: Sequence[AnyStage] = STAGES
) -> Gathered:
    """Lists raw/, reads the catalog, and plans. Changes nothing.

    Raises:
        OSError: The listing failed. It is never taken for an empty one.
        SparknetError: raw/ is gone, or a service does not say what it is.
    """
    now = now or datetime.now(UTC)
    catalog = deployment.catalog
    records = {record.doc_id: record for record in catalog.documents()}
    listing = compare(deployment.storage.list(RAW), records, now)
    texts = {name.removeprefix(RECIPES): text for name, text in catalog.facts(RECIPES).items()}
    assessor = Assessor(graph, Recipes(deployment), texts, now)
    rates = Rates()
    planned = _planned(listing, records, assessor, rates, deployment)
    return Gathered(make_plan(planned, rates, ignored=listing.ignored), listing)


def gather_settled(deployment: Deployment) -> Gathered:
    """`gather`, once more after a moment when a file was written to just now."""
    gathered = gather(deployment)
    if gathered.listing.of(Change.UNSETTLED):
        time.sleep(SETTLE.total_seconds())
        gathered = gather(deployment)
    return gathered


def _planned(
    listing: Listing,
    records: dict[str, DocumentRecord],
    assessor: Assessor,
    rates: Rates,
    deployment: Deployment,
) -> Iterator[PlannedDocument]:
    for some in in_pages(listing.documents):
        stages = deployment.catalog.stages([found.doc_id for found in some])
        for found in some:
            record = records.get(found.doc_id)
            if record is not None:
                rates.add(record.pages, stages[found.doc_id])
            yield plan_document(found, record, stages[found.doc_id], assessor)


def reconcile(
    deployment: Deployment,
    *,
    instance: DagsterInstance | None = None,
    allow_removals: bool = False,
    planned: Callable[[Plan], None] = lambda plan: None,
    progress: Callable[[StageResult], None] | None = None,
    run: RunBatch | None = None,
    requested_by: str = "reconciliation",
) -> Outcome:
    """Plans, then removes what is gone and brings up to date what is not.

    Waits for files that were written to a moment ago, once.

    Args:
        instance: The shared Dagster instance by default.
        allow_removals: Remove even if more documents are gone than is believable.
        planned: Called with the plan before anything is done.
        progress: Called with each result once it is durable.
        run: Stands in for `run_batch` in tests.
        requested_by: Who asked, for the receipts.
    """
    # Files that an intake is copying have no rows until it ends.
    with file_lock(deployment.state / "intake.lock", shared=True):
        gathered = gather_settled(deployment)
        wanted = {document.doc_id for document in gathered.plan.of(*WORK)}
        found = [item for item in gathered.listing.documents if item.doc_id in wanted]
        register(deployment, _arrived(found), datetime.now(UTC))
    plan = gathered.plan
    planned(plan)
    outcome = Outcome(plan)
    removed = [document.doc_id for document in plan.of(Change.REMOVED)]
    if removed and (allow_removals or not plan.held_back):
        outcome.receipts = _remove(deployment, removed, requested_by, instance)
    doc_ids = [document.doc_id for document in plan.of(*WORK)]
    if doc_ids:
        from sparknet_assets.execution import execute

        outcome.summary = execute(
            deployment, doc_ids, instance=instance, progress=progress, run=run
        )
    return outcome


def _arrived(found: Sequence[FoundDocument]) -> list[FoundDocument]:
    return [item for item in found if item.change in (Change.NEW, Change.CHANGED)]


def _remove(
    deployment: Deployment,
    doc_ids: Sequence[str],
    requested_by: str,
    instance: DagsterInstance | None,
) -> list[Receipt]:
    from sparknet_assets.removals import execute_removal

    return execute_removal(
        deployment,
        doc_ids,
        reason="no longer in raw/",
        requested_by=requested_by,
        instance=instance,
    )
