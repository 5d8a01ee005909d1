"""What a run would do and why: documents, stages, pages, time and money. Pure, like `planning`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from resources.catalog import DocumentRecord, StageRecord, StageStatus
from resources.tiers import STANDARD, TIERS
from schedules.assessment import Assessor
from schedules.planning import Change, FoundDocument
from sparknet_assets.reports import taken_over

WORK = (
    Change.NEW,
    Change.CHANGED,
    Change.PENDING,
    Change.ORPHANED,
    Change.OUTDATED,
    Change.DUE,
)
"""Documents of these classes go through the stages; removed ones are removed."""


@dataclass(frozen=True)
class PlannedDocument:
    """A document that is not as it should be, and what would be done.

    Attributes:
        stages: Those that would be redone. The first ones certainly; of the ones after, only those
            whose input comes out different.
        pages: Of the document; None when it was never read.
        seconds: Estimated from what a page has taken at these stages so far; None when nothing was
            measured, or `pages` is not known.
        cost_usd: Estimated likewise.
        tier: Of the document; the default of those that were never registered.
        some_pages: So many of its pages are to be worked on, where that is known not to be all.
        page_usd: What each of these costs at the first of the stages.
    """

    doc_id: str
    change: Change
    stages: tuple[str, ...]
    reason: str
    pages: int | None = None
    seconds: float | None = None
    cost_usd: float | None = None
    tier: str = STANDARD
    some_pages: int | None = None
    page_usd: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """An element of `plan --json`'s `documents`."""
        return {
            "doc_id": self.doc_id,
            "change": self.change.value,
            "tier": self.tier,
            "stages": list(self.stages),
            "reason": self.reason,
            "pages": self.pages,
            "seconds": self.seconds if self.seconds is None else round(self.seconds, 3),
            "cost_usd": self.cost_usd if self.cost_usd is None else round(self.cost_usd, 6),
        }


@dataclass(frozen=True)
class Plan:
    """What is to be done, and how many documents there are of each class.

    Attributes:
        documents: Those that need something done, in `doc_id` order.
        ignored: Objects in raw/ that are left aside, with the reason.
        held_back: Why removals wait for a person's word; empty when they don't.
        unmeasured: Stages that would be redone and have never been measured, in order: estimates
            leave them out.
        unpriced: Stages whose service charges what the price table does not know.
    """

    documents: tuple[PlannedDocument, ...]
    counts: Mapping[Change, int]
    ignored: tuple[tuple[str, str], ...] = ()
    held_back: str = ""
    unmeasured: tuple[str, ...] = ()
    unpriced: tuple[str, ...] = ()

    def of(self, *changes: Change) -> tuple[PlannedDocument, ...]:
        """The documents of these classes."""
        return tuple(document for document in self.documents if document.change in changes)

    def totals(self) -> dict[str, Any]:
        """Sums over the documents; what is not known counts as nothing."""
        return {
            "documents": len(self.documents),
            "pages": sum(document.pages or 0 for document in self.documents),
            "seconds": round(sum(document.seconds or 0.0 for document in self.documents), 3),
            "cost_usd": round(sum(document.cost_usd or 0.0 for document in self.documents), 6),
            **{change.value: self.counts.get(change, 0) for change in Change},
            "ignored": len(self.ignored),
            "tiers": self.by_tier(),
        }

    def by_tier(self) -> dict[str, dict[str, Any]]:
        """Tier -> documents, pages and dollars, for the tiers that have something to be done."""
        found: dict[str, dict[str, Any]] = {}
        for tier in TIERS:
            own = [document for document in self.documents if document.tier == tier]
            if own:
                cost = sum(document.cost_usd or 0.0 for document in own)
                pages = sum(document.pages or 0 for document in own)
                found[tier] = {"documents": len(own), "pages": pages, "cost_usd": round(cost, 6)}
        return found

    def as_json(self) -> dict[str, Any]:
        """JSON values, as the command gives them out."""
        return {
            "documents": [document.as_json() for document in self.documents],
            "totals": self.totals(),
            "ignored": [{"key": key, "reason": reason} for key, reason in self.ignored],
            "held_back": self.held_back,
            "unmeasured": list(self.unmeasured),
            "unpriced": list(self.unpriced),
        }


@dataclass
class Rates:
    """What a page has taken at each stage, over all documents that were added.

    Attributes:
        prices: Stage whose service charges -> most that a page may cost; None: no known price.
            For stages that paid for nothing yet with the recipe in force.
        in_force: Stage -> id of its recipe, for the stages that charge: what was paid under
            another one, to another service perhaps, tells nothing.
        tiers: Those of the tiers that have recipes of their own.
    """

    prices: Mapping[str, float | None] = field(default_factory=dict)
    in_force: Mapping[str, str] = field(default_factory=dict)
    seconds: Counter[str] = field(default_factory=Counter)
    cost: Counter[str] = field(default_factory=Counter)
    pages: Counter[str] = field(default_factory=Counter)
    paid_pages: Counter[str] = field(default_factory=Counter)
    tiers: Mapping[str, Rates] = field(default_factory=dict)

    def of_tier(self, tier: str) -> Rates:
        """Those for documents of a tier."""
        return self.tiers.get(tier, self)

    def add(self, pages: int, records: Mapping[str, StageRecord]) -> None:
        """Counts what the outputs of a document took when they were made."""
        for name, record in records.items():
            worked = pages * _share_made(record)
            if worked and record.status is not StageStatus.FAILED:
                self.pages[name] += worked  # type: ignore[assignment]
                self.seconds[name] += record.seconds  # type: ignore[assignment]
                if record.recipe == self.in_force.get(name, record.recipe):
                    self.paid_pages[name] += worked  # type: ignore[assignment]
                    self.cost[name] += record.cost_usd  # type: ignore[assignment]

    def estimate(
        self, stages: Collection[str], pages: int | None
    ) -> tuple[float | None, float | None]:
        """Seconds and dollars that these stages would take for a document of so many pages."""
        if pages is None:
            return None, None
        seconds = [self.seconds[name] / self.pages[name] for name in stages if self.pages[name]]
        costs = [cost for name in stages if (cost := self.page_cost(name)) is not None]
        return _times(pages, seconds), _times(pages, costs)

    def page_cost(self, stage: str) -> float | None:
        """Dollars for a page: what was paid so far, else by the price table; None: not known."""
        if self.paid_pages[stage]:
            return self.cost[stage] / self.paid_pages[stage]
        return self.prices.get(stage)


def _estimate(document: PlannedDocument, rates: Rates) -> tuple[float | None, float | None]:
    """Seconds and dollars that a document would take."""
    if document.some_pages is None:
        return rates.estimate(document.stages, document.pages)
    seconds, _ = rates.estimate(document.stages, document.some_pages)
    _, after = rates.estimate(document.stages[1:], document.some_pages)
    return seconds, document.some_pages * document.page_usd + (after or 0.0)


def _times(pages: int, each: Sequence[float]) -> float | None:
    return pages * sum(each) if each else None


def _share_made(record: StageRecord) -> float:
    """Part of the output that was worked on, and not taken over from an earlier one."""
    part, whole = taken_over(record) or (0, 1)
    return 1.0 - part / whole


def plan_document(
    found: FoundDocument,
    document: DocumentRecord | None,
    records: Mapping[str, StageRecord],
    assessor: Assessor,
) -> PlannedDocument:
    """What is to be done with one document, not yet estimated."""
    planned = _planned(found, document, records, assessor)
    return replace(planned, tier=document.tier) if document else planned


def _planned(
    found: FoundDocument,
    document: DocumentRecord | None,
    records: Mapping[str, StageRecord],
    assessor: Assessor,
) -> PlannedDocument:
    whole = tuple(stage.name for stage in assessor.graph)
    pages = document.pages or None if document else None
    match found.change:
        case Change.NEW:
            return PlannedDocument(found.doc_id, found.change, whole, "new in raw/")
        case Change.CHANGED:
            reason = "its file in raw/ was replaced or touched"
            return PlannedDocument(found.doc_id, found.change, whole, reason, pages)
        case Change.REMOVED:
            gone = "its file is no longer in raw/"
            if document and document.status == "deleted":
                gone = "its removal was interrupted"
            return PlannedDocument(found.doc_id, found.change, (), gone, pages)
        case Change.PENDING | Change.ORPHANED if document is not None:
            stages = assessor.assess(document, records).stages or whole
            reason = "registered, and not processed yet"
            return PlannedDocument(found.doc_id, found.change, stages, reason, pages)
        case Change.UNCHANGED if document is not None:
            seen = assessor.assess(document, records)
            return PlannedDocument(
                found.doc_id,
                seen.change,
                seen.stages,
                seen.reason,
                pages,
                some_pages=seen.some_pages,
                page_usd=seen.page_usd,
            )
        case _:
            return PlannedDocument(found.doc_id, found.change, (), "", pages)


def make_plan(
    planned: Iterable[PlannedDocument],
    rates: Rates,
    *,
    ignored: Iterable[tuple[str, str]] = (),
    hold_back: Callable[[int, int], str] = lambda removed, known: "",
) -> Plan:
    """The plan of all documents, with estimates.

    Args:
        planned: Every document, those with nothing to do too.
        rates: Of all documents: complete only after `planned` was walked through.
        hold_back: Given how many documents have gone and how many there were: why that is too
            many to be believed, or nothing.
    """
    counts: Counter[Change] = Counter()
    wanted = []
    for document in planned:
        counts[document.change] += 1
        if document.change in WORK or document.change is Change.REMOVED:
            wanted.append(document)
    estimated = []
    for document in sorted(wanted, key=lambda item: item.doc_id):
        own = rates.of_tier(document.tier)
        seconds, cost = _estimate(document, own)
        estimated.append(replace(document, seconds=seconds, cost_usd=cost))
    unmeasured: dict[str, None] = {}
    unpriced: dict[str, None] = {}
    for document in estimated:
        own = rates.of_tier(document.tier)
        for name in document.stages if document.pages else ():
            if not own.pages[name]:
                unmeasured[name] = None
            if name in own.prices and own.page_cost(name) is None:
                unpriced[name] = None
    known = counts.total() - counts[Change.NEW]
    held = hold_back(counts[Change.REMOVED], known) if counts[Change.REMOVED] else ""
    return Plan(tuple(estimated), counts, tuple(ignored), held, *map(tuple, (unmeasured, unpriced)))
