"""What was paid for documents, added up from the rows that changed since it was last asked."""

from __future__ import annotations

import threading
from collections import defaultdict
from heapq import nsmallest
from typing import TYPE_CHECKING, NamedTuple

from sparknet_assets.api.changes_seen import ChangesSeen

if TYPE_CHECKING:
    from resources.catalog import Paid
    from resources.deployment import Deployment


DEAREST = 20


class Sums(NamedTuple):
    """Dollars by stage (also those that cost nothing), by day, and by document, dearest first."""

    by_stage: dict[str, float]
    by_day: dict[str, float]
    dearest: list[tuple[str, float]]


class CostsSeen:
    """Payments by document. The first question reads all rows; later ones what changed."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._lock = threading.Lock()
        self._changes: ChangesSeen | None = None
        self._stages: set[str] = set()
        self._paid: dict[str, list[Paid]] = {}
        self._sums: Sums | None = None

    def sums(self) -> Sums:
        """All payments summed up, once for each change of them."""
        with self._lock:
            if self._look() or self._sums is None:
                paid = {doc_id: paid for doc_id, paid in self._paid.items() if paid}
                by_document = {doc: sum(each.usd for each in own) for doc, own in paid.items()}
                stages = dict.fromkeys(sorted(self._stages), 0.0)
                self._sums = Sums(
                    {**stages, **added_up(paid, "stage")},
                    added_up(paid, "day"),
                    nsmallest(DEAREST, by_document.items(), key=lambda pair: (-pair[1], pair[0])),
                )
            return self._sums

    def paid(self) -> tuple[dict[str, list[Paid]], set[str]]:
        """doc_id -> what was paid for it, for those that cost something; and all stages seen."""
        with self._lock:
            self._look()
            return {doc_id: paid for doc_id, paid in self._paid.items() if paid}, {*self._stages}

    def _look(self) -> bool:
        """Whether there was anything new."""
        catalog = self._deployment.catalog
        changes = self._changes or ChangesSeen(catalog)
        fresh = changes.look()
        paid = catalog.paid([row.doc_id for row in fresh])
        for row in fresh:
            own = paid.get(row.doc_id, [])
            self._stages.update(each.stage for each in own)
            self._paid[row.doc_id] = [each for each in own if each.usd]
            self._sums = None
        self._changes = changes
        return bool(fresh)


def added_up(paid: dict[str, list[Paid]], by: str) -> dict[str, float]:
    """Dollars by `stage` or `day`."""
    sums: dict[str, float] = defaultdict(float)
    for payments in paid.values():
        for payment in payments:
            sums[getattr(payment, by)] += payment.usd
    return dict(sums)
