"""A plan in words, for every door. Pure, like `plan`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from schedules.plan import WORK, Plan
from schedules.planning import Change

_TO_DO = (*WORK, Change.REMOVED)
_ASIDE = 20
_LEFT = (Change.UNCHANGED, Change.WAITING, Change.UNSETTLED)


def plan_lines(plan: Plan, *, allow_removals: bool = False) -> list[str]:
    """The totals of a plan in words, with what a person should know.

    Args:
        allow_removals: What the plan holds back is done all the same.
    """
    todo, rest = _counted(plan, _TO_DO), _counted(plan, _LEFT)
    lines = [f"Nothing to do: {rest or 'no documents yet'}."]
    if todo:
        lines = [f"To do: {todo}. {_estimate(plan)}"]
        if rest:
            lines.append(f"Left as they are: {rest}.")
    if plan.held_back and not allow_removals:
        lines.append(f"Removals are held back: {plan.held_back}")
    if len(tiers := plan.by_tier()) > 1:
        lines.append(f"By tier: {'; '.join(_of_tier(*item) for item in tiers.items())}.")
    lines += [f"Left aside: {key}: {reason}" for key, reason in plan.ignored[:_ASIDE]]
    if len(plan.ignored) > _ASIDE:
        more = len(plan.ignored) - _ASIDE
        lines.append(f"Left aside, too: {more:,} more, which `sparknet plan --json` lists.")
    return lines


def duration(seconds: float | None) -> str:
    """A time for people: `0.4 s`, `12 min`, `3.5 h`; empty when it is not known."""
    if seconds is None:
        return ""
    if seconds < 90:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _of_tier(tier: str, sums: Mapping[str, Any]) -> str:
    documents, pages = sums["documents"], sums["pages"]
    said = f"{tier} {documents:,} document{'' if documents == 1 else 's'}, {pages:,} known page"
    said += "" if pages == 1 else "s"
    return f"{said}, at most about ${sums['cost_usd']:.2f}" if sums["cost_usd"] else said


def _counted(plan: Plan, changes: Sequence[Change]) -> str:
    counts = ((plan.counts.get(change, 0), change.value) for change in changes)
    return ", ".join(f"{count:,} {name}" for count, name in counts if count)


def _estimate(plan: Plan) -> str:
    """Pages, working time and money; the time is that of one worker.

    At most: a stage whose input comes out as it was is passed over.
    """
    totals = plan.totals()
    pages = totals["pages"]
    parts = [f"{pages:,} known page{'' if pages == 1 else 's'}"]
    if totals["seconds"]:
        parts.append(f"at most about {duration(totals['seconds'])} of work")
    if totals["cost_usd"]:
        parts.append(f"at most about ${totals['cost_usd']:.2f}")
    estimate = ", ".join(parts) + "."
    if plan.unmeasured:
        estimate += f" Not measured yet, and not counted: {', '.join(plan.unmeasured)}."
    if plan.unpriced:
        estimate += f" Not in the price table, and not counted: {', '.join(plan.unpriced)}."
    unread = len([document for document in plan.of(*WORK) if document.pages is None])
    if totals["cost_usd"] and unread:
        noun = "document" if unread == 1 else "documents"
        estimate += f" {unread:,} {noun} never read yet may cost more."
    return estimate
