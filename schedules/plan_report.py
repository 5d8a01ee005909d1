"""A plan as the metadata that the Dagster UI shows."""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg

from schedules.plan import Plan, PlannedDocument
from schedules.plan_reasons import by_reason
from schedules.plan_words import duration, plan_lines
from schedules.planning import Change

LISTED = 100
_REASONS = 20


def plan_metadata(plan: Plan) -> dict[str, dg.MetadataValue]:
    """What `sparknet plan` says: in words, by reason, in numbers, and the first documents."""
    lines = plan_lines(plan)
    if len(plan.documents) > LISTED:
        lines.append(f"The first {LISTED} are listed; `sparknet plan --all` lists every document.")
    totals = plan.totals()
    values: dict[str, dg.MetadataValue] = {"summary": dg.MetadataValue.text("\n".join(lines))}
    if plan.documents:
        values["reasons"] = dg.MetadataValue.table(_by_reason(plan.documents))
    values |= {
        "documents": dg.MetadataValue.int(totals["documents"]),
        "pages": dg.MetadataValue.int(totals["pages"]),
        "estimated_seconds": dg.MetadataValue.float(round(totals["seconds"], 1)),
        "estimated_cost_usd": dg.MetadataValue.float(totals["cost_usd"]),
    }
    # A row for each class would bury the table under zeros.
    for change in Change:
        if totals[change.value]:
            values[change.value] = dg.MetadataValue.int(totals[change.value])
    if plan.documents:
        values["to_do"] = dg.MetadataValue.table(_rows(plan.documents[:LISTED]))
    return values


def _by_reason(documents: Sequence[PlannedDocument]) -> list[dg.TableRecord]:
    """A row for each reason, those of most documents first: of a setting there is one."""
    return [
        dg.TableRecord(
            {
                "documents": each.documents,
                "change": each.change.value,
                "reason": each.reason,
                "pages": each.pages,
                "about": _about(each.seconds),
                "stages": ", ".join(each.stages),
            }
        )
        for each in by_reason(documents)[:_REASONS]
    ]


def _about(seconds: float | None) -> str:
    return duration(seconds).replace(" ", "\N{NO-BREAK SPACE}")


def _rows(documents: Sequence[PlannedDocument]) -> list[dg.TableRecord]:
    """Narrow enough for a line each: the stages are those from one on, and cost is rare."""
    paid = any(document.cost_usd for document in documents)
    return [
        dg.TableRecord(
            {
                "document": document.doc_id,
                "change": document.change.value,
                "pages": "" if document.pages is None else document.pages,
                "about": _about(document.seconds),
                **({"cost_usd": round(document.cost_usd or 0.0, 4)} if paid else {}),
                "from": document.stages[0] if document.stages else "",
                "reason": document.reason,
            }
        )
        for document in documents
    ]
