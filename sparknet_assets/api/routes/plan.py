"""What would be done, and why."""

from __future__ import annotations

from bisect import bisect_right
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from schedules.planning import Change
from sparknet_assets.api.context import ApiDep, requires

router = APIRouter(tags=["overview"], dependencies=[Depends(requires("read"))])
_REASONS = 100
_ASIDE = 200


class PlannedRow(BaseModel):
    """A document that is not as it should be.

    Attributes:
        stages: Those that would be redone, if what they are made from comes out different.
        pages: None when it was never read.
        seconds, cost_usd: Estimates, at most; None when nothing is known to make one from.
    """

    doc_id: str
    change: Change
    tier: str
    stages: list[str]
    reason: str
    pages: int | None
    seconds: float | None
    cost_usd: float | None


class ReasonRow(BaseModel):
    """What would be done for one reason, summed up over its documents."""

    change: Change
    reason: str
    stages: list[str]
    documents: int
    pages: int
    seconds: float | None
    cost_usd: float | None


class TierTotals(BaseModel):
    """What would be done at one tier."""

    documents: int
    pages: int
    cost_usd: float


class PlanTotals(BaseModel):
    """Sums over all documents, whatever part is listed.

    Attributes:
        documents: How many something would be done with.
        new, changed, removed, pending, orphaned, outdated, due: How many of them are what.
        waiting, unsettled, unchanged: How many are left as they are.
        ignored: Objects in raw/ that are left aside.
        tiers: By tier, of those that have something to be done.
    """

    documents: int
    pages: int
    seconds: float
    cost_usd: float
    new: int
    changed: int
    removed: int
    pending: int
    orphaned: int
    outdated: int
    due: int
    waiting: int
    unsettled: int
    unchanged: int
    ignored: int
    tiers: dict[str, TierTotals]


class Aside(BaseModel):
    """An object in raw/ that is left aside, and why."""

    key: str
    reason: str


class PlanPage(BaseModel):
    """What would be done, in the order of the documents' ids.

    Attributes:
        next: To be given as `after` for those that follow; None at the end.
        reasons: All documents summed up by reason, those of most documents first; 100 at most.
        ignored: What is left aside; 200 at most.
        held_back: Why removals wait for a person's word; empty when they don't.
        unmeasured: Stages that were never measured: the estimates leave them out.
        unpriced: Stages whose service charges what the price table does not know.
    """

    documents: list[PlannedRow]
    next: str | None
    totals: PlanTotals
    reasons: list[ReasonRow]
    ignored: list[Aside]
    held_back: str
    unmeasured: list[str]
    unpriced: list[str]


@router.get("/plan", operation_id="getPlan")
async def get_plan(
    api: ApiDep,
    after: Annotated[str, Query(max_length=500, description="`next` of the page before.")] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> PlanPage:
    """What is new, changed, gone or out of date, and why; a part of `sparknet plan --json`."""
    plan, totals, reasons = await api.plans.plan(go_on=bool(after))
    start = bisect_right(plan.documents, after, key=lambda each: each.doc_id)
    listed = plan.documents[start : start + limit]
    return PlanPage(
        documents=[PlannedRow(**each.as_json()) for each in listed],
        next=listed[-1].doc_id if start + limit < len(plan.documents) else None,
        totals=PlanTotals(**totals),
        reasons=[ReasonRow(**each.as_json()) for each in reasons[:_REASONS]],
        ignored=[Aside(key=key, reason=reason) for key, reason in plan.ignored[:_ASIDE]],
        held_back=plan.held_back,
        unmeasured=list(plan.unmeasured),
        unpriced=list(plan.unpriced),
    )
