"""A plan summed up by reason: of a changed setting there is one, however many documents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from schedules.plan import PlannedDocument
from schedules.planning import Change


@dataclass(frozen=True)
class PlannedReason:
    """What would be done for one reason.

    Attributes:
        documents: How many.
        pages: Of those that were read before; the others count as nothing.
        seconds, cost_usd: Estimates, summed up; None when there is none for any of the documents.
    """

    change: Change
    reason: str
    stages: tuple[str, ...]
    documents: int
    pages: int
    seconds: float | None
    cost_usd: float | None

    def as_json(self) -> dict[str, Any]:
        """An element of `plan --json`'s `reasons`."""
        return {
            "change": self.change.value,
            "reason": self.reason,
            "stages": list(self.stages),
            "documents": self.documents,
            "pages": self.pages,
            "seconds": self.seconds if self.seconds is None else round(self.seconds, 3),
            "cost_usd": self.cost_usd if self.cost_usd is None else round(self.cost_usd, 6),
        }


def by_reason(documents: Iterable[PlannedDocument]) -> list[PlannedReason]:
    """One for each change, reason and set of stages; those of most documents first."""
    groups: dict[tuple[Change, str, tuple[str, ...]], list[PlannedDocument]] = defaultdict(list)
    for document in documents:
        groups[document.change, document.reason, document.stages].append(document)
    found = [
        PlannedReason(
            change,
            reason,
            stages,
            len(members),
            sum(member.pages or 0 for member in members),
            _sum(member.seconds for member in members),
            _sum(member.cost_usd for member in members),
        )
        for (change, reason, stages), members in groups.items()
    ]
    return sorted(found, key=lambda each: -each.documents)


def _sum(estimates: Iterable[float | None]) -> float | None:
    known = [estimate for estimate in estimates if estimate is not None]
    return sum(known) if known else None
