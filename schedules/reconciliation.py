"""Everything brought to what raw/, the code and the settings say: gathered, planned, executed."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache, partial
from typing import TYPE_CHECKING

from resources.catalog import DocumentRecord, StageRecord
from resources.deployment import Deployment
from resources.failure import SparknetError
from resources.tiers import STANDARD, TIERS
from schedules.assessment import Assessor
from schedules.moves import moved
from schedules.plan import WORK, Plan, PlannedDocument, Rates, make_plan, plan_document
from schedules.planning import SETTLE, Change, FoundDocument, Listing, compare
from schedules.registration import accept_touched, register, touched
from schedules.removal_guard import refusal, vanished
from schedules.windows import is_gone, read_window, require_raw
from sparknet_assets.costs import page_prices
from sparknet_assets.fields.noted import corrections_noted
from sparknet_assets.fingerprint import RECIPES, Recipes
from sparknet_assets.generations.holdings import INDEX_STAGE, absent, behind, text_version
from sparknet_assets.raw_names import RAW
from sparknet_assets.removal.gone_partitions import deleted_partitions, forget_partitions
from sparknet_assets.reports import in_pages
from sparknet_assets.stages import STAGES
from sparknet_assets.stages.contract import Stage
from sparknet_assets.unclimbed import affordable_climb

if TYPE_CHECKING:
    from dagster import DagsterInstance

    from resources.generations import Generation
    from sparknet_assets.batch.document_run import StageResult
    from sparknet_assets.pipeline import RunBatch
    from sparknet_assets.removal.receipts import Receipt, RemovalError
    from sparknet_assets.runs.execution import RunSummary

logger = logging.getLogger(__name__)

# What may be a document that had another name before.
UNREAD = (Change.NEW, Change.CHANGED, Change.PENDING, Change.ORPHANED)


@dataclass
class Gathered:
    """A plan, and what it was made from.

    Attributes:
        arrived: New and changed documents, which have no row yet that says so.
        unread: These, and those that have a row and were not read yet.
        unsettled: A file was written to a moment ago.
        rates: What the work took so far.
    """

    plan: Plan = field(default_factory=lambda: Plan((), {}))
    arrived: list[FoundDocument] = field(default_factory=list)
    unread: list[FoundDocument] = field(default_factory=list)
    unsettled: bool = False
    ignored: list[tuple[str, str]] = field(default_factory=list)
    rates: Rates = field(default_factory=Rates)


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

    def add(self, summary: RunSummary) -> None:
        """Takes in what a run did."""
        if self.summary is None:
            self.summary = summary
        else:
            self.summary.include(summary)


def gather(
    deployment: Deployment,
    now: datetime | None = None,
    graph: Sequence[Stage] = STAGES,
    same: Collection[str] = (),
) -> Gathered:
    """Lists raw/, reads the catalog, and plans. Changes nothing.

    Args:
        same: Documents whose bytes are known to be as they were, whatever their change marks say.

    Raises:
        OSError: The listing failed. It is never taken for an empty one.
        SparknetError: raw/ is gone, or a service does not say what it is.
    """
    now = now or datetime.now(UTC)
    texts = {
        name.removeprefix(RECIPES): text for name, text in deployment.catalog.facts(RECIPES).items()
    }
    corrections = corrections_noted(deployment.catalog)
    assessor = Assessor(
        graph,
        Recipes(deployment),
        texts,
        now,
        corrections=corrections,
        climbing={
            tier: price
            for tier in TIERS
            if (price := affordable_climb(deployment.of_tier(tier))) is not None
        },
    )
    gathered = Gathered(rates=_rates(deployment, assessor))
    plan = make_plan(
        _planned(gathered, assessor, deployment, same),
        gathered.rates,
        hold_back=partial(_hold_back, deployment.settings.removal_guard),
    )
    gathered.plan = replace(plan, ignored=tuple(gathered.ignored))
    return gathered


def _rates(deployment: Deployment, assessor: Assessor) -> Rates:
    """What pages take, in each tier: one that reads them otherwise takes another time and price."""
    rates = _rates_of(deployment, STANDARD, assessor)
    others = (tier for tier in TIERS if tier != STANDARD)
    return replace(rates, tiers={tier: _rates_of(deployment, tier, assessor) for tier in others})


def _rates_of(deployment: Deployment, tier: str, assessor: Assessor) -> Rates:
    prices = page_prices(deployment.of_tier(tier))
    recipes = assessor.recipes.of_tier(tier)
    paid = [stage for stage in assessor.graph if stage.name in prices]
    return Rates(prices, {stage.name: recipes.of(stage).id for stage in paid})


def gather_settled(deployment: Deployment, graph: Sequence[Stage] = STAGES) -> Gathered:
    """`gather`, once more after a moment when a file was written to just now."""
    gathered = gather(deployment, graph=graph)
    if gathered.unsettled:
        time.sleep(SETTLE.total_seconds())
        gathered = gather(deployment, graph=graph)
    return gathered


def gather_by_content(deployment: Deployment) -> Gathered:
    """`gather_settled`, with files that differ by their change marks only taken as unchanged.

    Reads those files: after a home was copied or restored, all of them.
    """
    gathered = gather_settled(deployment)
    same = {record.doc_id for record in touched(deployment, gathered.arrived)}
    return gather(deployment, same=same) if same else gathered


def _as_it_was(same: Collection[str], found: Iterable[FoundDocument]) -> Iterator[FoundDocument]:
    for document in found:
        unchanged = document.change is Change.CHANGED and document.doc_id in same
        yield replace(document, change=Change.UNCHANGED) if unchanged else document


def _planned(
    gathered: Gathered, assessor: Assessor, deployment: Deployment, same: Collection[str]
) -> Iterator[PlannedDocument]:
    """Every document of raw/ and the catalog, a window of the listing at a time."""
    storage, catalog = deployment.storage, deployment.catalog
    # Read once: to ask again for each few documents would cost the square of the corpus.
    in_index = cache(lambda generation: deployment.store_of(generation).document_ids())
    after: str | None = ""
    listed = 0
    while after is not None:
        window = read_window(storage, after, recorded=_recorded(deployment))
        listed += len(window.objects)
        records = {r.doc_id: r for r in catalog.documents_between(after, window.upto)}
        listing = compare(window.objects, records, assessor.now)
        if same:
            listing = replace(listing, documents=tuple(_as_it_was(same, listing.documents)))
        gathered.ignored += listing.ignored
        yield from _planned_here(gathered, listing, records, assessor, deployment, in_index)
        after = window.upto
    if not listed:
        known = sum(catalog.totals().values()) - catalog.totals().get("deleted", 0)
        require_raw(storage, known)


def _planned_here(
    gathered: Gathered,
    listing: Listing,
    records: dict[str, DocumentRecord],
    assessor: Assessor,
    deployment: Deployment,
    in_index: Callable[[Generation], Collection[str]],
) -> Iterator[PlannedDocument]:
    for some in in_pages(listing.documents):
        stages = deployment.catalog.stages([found.doc_id for found in some])
        assessor = _told_of_indexes(assessor, stages, deployment, in_index)
        for found in some:
            record = records.get(found.doc_id)
            if record is not None:
                gathered.rates.of_tier(record.tier).add(record.pages, stages[found.doc_id])
            if found.change is Change.REMOVED and record and (why := _hidden(record, deployment)):
                gathered.ignored.append((f"{RAW}{found.doc_id}/", why))
                yield PlannedDocument(found.doc_id, Change.UNCHANGED, (), "", record.pages or None)
                continue
            planned = plan_document(found, record, stages[found.doc_id], assessor)
            if found.change in (Change.NEW, Change.CHANGED):
                gathered.arrived.append(found)
            if planned.change in UNREAD:
                gathered.unread.append(found)
            gathered.unsettled |= found.change is Change.UNSETTLED
            yield planned


def _hidden(record: DocumentRecord, deployment: Deployment) -> str:
    """Why nobody can tell whether a document that a listing lacks is gone; empty when one can."""
    if record.status == "deleted":
        return ""
    try:
        is_gone(deployment.storage, record)
    except SparknetError as error:
        return f"kept, as nobody can tell whether it is gone: {error.message}"
    except OSError as error:
        return f"kept, as nobody can tell whether it is gone: {error.strerror or error}"
    return ""


def _told_of_indexes(
    assessor: Assessor,
    stages: Mapping[str, Mapping[str, StageRecord]],
    deployment: Deployment,
    in_index: Callable[[Generation], Collection[str]],
) -> Assessor:
    """The assessor, told what the index written to, and the live one beside it, lack."""
    live, target = deployment.live, deployment.target
    if live is None:
        return assessor
    indexed = {doc_id: text_version(own) for doc_id, own in stages.items() if INDEX_STAGE in own}
    return replace(
        assessor,
        absent=absent(deployment, target, indexed, in_index(target)),
        behind=()
        if live.name == target.name
        else behind(deployment, live, indexed, in_index(live)),
    )


def _recorded(deployment: Deployment) -> Callable[[str], str]:
    def key_of(doc_id: str) -> str:
        record = deployment.catalog.get(doc_id)
        return record.raw_key if record else ""

    return key_of


def _hold_back(share: float, removed: int, known: int) -> str:
    return refusal(removed, known) if vanished(removed, known, share) else ""


def reconcile(
    deployment: Deployment,
    *,
    instance: DagsterInstance | None = None,
    allow_removals: bool = False,
    planned: Callable[[Plan], None] = lambda plan: None,
    progress: Callable[[StageResult], None] | None = None,
    run: RunBatch | None = None,
    graph: Sequence[Stage] = STAGES,
    requested_by: str = "reconciliation",
) -> Outcome:
    """Plans, then removes what is gone and brings up to date what is not; first what was renamed.

    Waits for files that were written to a moment ago, once.

    Args:
        instance: The shared Dagster instance by default.
        allow_removals: Remove even if more documents are gone than is believable.
        planned: Called with the plan before anything is done.
        progress: Called with each result once it is durable.
        run, graph: Stand in for `run_batch` and the stages in tests.
        requested_by: Who asked, for the receipts.

    Raises:
        RemovalError: Some of what is gone could not be removed; all else is done.
    """
    gathered = _planned_and_registered(deployment, graph)
    plan = gathered.plan
    planned(plan)
    outcome = Outcome(plan)

    def bring_up_to_date(doc_ids: Sequence[str]) -> None:
        if doc_ids:
            from sparknet_assets.runs.execution import execute

            outcome.add(execute(deployment, doc_ids, instance=instance, progress=progress, run=run))

    removed = [d.doc_id for d in plan.of(Change.REMOVED) if _is_gone(d.doc_id, deployment)]
    if plan.held_back and not allow_removals:
        removed = []
    # Before what was made of the same bytes is removed with the document that had them.
    due = [d.doc_id for d in plan.of(*WORK)]
    first = moved(deployment, removed, gathered.unread, due)
    bring_up_to_date(first)
    error = None
    if removed:
        outcome.receipts, error = _remove(deployment, removed, requested_by, instance)
    if any(receipt.kept for receipt in outcome.receipts):
        # Brought back while a removal was unfinished: a new document, and its turn is now.
        plan = _planned_and_registered(deployment, graph).plan
    bring_up_to_date([d.doc_id for d in plan.of(*WORK) if d.doc_id not in first])
    if instance:
        forget_partitions(instance, deleted_partitions(instance, deployment.catalog))
    if error:
        raise error
    return outcome


def _planned_and_registered(deployment: Deployment, graph: Sequence[Stage]) -> Gathered:
    # Files that an intake is copying have no rows until it ends.
    with deployment.locks.hold("intake", shared=True):
        gathered = gather_settled(deployment, graph=graph)
        if accept_touched(deployment, gathered.arrived):
            gathered = gather(deployment, graph=graph)
        register(deployment, gathered.arrived, datetime.now(UTC))
    return gathered


def _is_gone(doc_id: str, deployment: Deployment) -> bool:
    """Looks again: what a listing left out, or what was put back meanwhile, is not removed."""
    record = deployment.catalog.get(doc_id)
    if record is None:
        return False
    try:
        return record.status == "deleted" or is_gone(deployment.storage, record)
    except (OSError, SparknetError) as error:
        logger.warning("%s is kept, as its folder can't be looked into: %s", doc_id, error)
        return False


def _remove(
    deployment: Deployment,
    doc_ids: Sequence[str],
    requested_by: str,
    instance: DagsterInstance | None,
) -> tuple[list[Receipt], RemovalError | None]:
    """The receipts, and what kept some from being removed: the others go on all the same."""
    from sparknet_assets.removal.job import execute_removal
    from sparknet_assets.removal.receipts import RemovalError

    try:
        receipts = execute_removal(
            deployment,
            doc_ids,
            reason="no longer in raw/",
            requested_by=requested_by,
            instance=instance,
            keep_raw=True,  # what is there by now was put back: a new document
        )
    except RemovalError as error:
        return error.receipts, error
    return receipts, None
