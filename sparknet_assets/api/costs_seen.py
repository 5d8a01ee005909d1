"""What was paid for documents, added up from the rows that changed since it was last asked."""

from __future__ import annotations

import threading
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from sparknet_assets.api.changes_seen import ChangesSeen
from sparknet_assets.reports import report

if TYPE_CHECKING:
    from resources.deployment import Deployment


class Paid(NamedTuple):
    """A payment for a document at a stage, and the day (UTC) of it."""

    stage: str
    day: str
    usd: float


class CostsSeen:
    """Payments by document. The first question reads all rows; later ones what changed."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._lock = threading.Lock()
        self._changes: ChangesSeen | None = None
        self._stages: set[str] = set()
        self._paid: dict[str, list[Paid]] = {}

    def paid(self) -> tuple[dict[str, list[Paid]], set[str]]:
        """doc_id -> what was paid for it, for those that cost something; and all stages seen."""
        catalog = self._deployment.catalog
        with self._lock:
            changes = self._changes or ChangesSeen(catalog)
            for item in report(catalog, [row.doc_id for row in changes.look()]):
                self._stages.update(item.stages)
                self._paid[item.document.doc_id] = [
                    Paid(name, stage.updated_at.date().isoformat(), stage.cost_usd)
                    for name, stage in item.stages.items()
                    if stage.cost_usd
                ]
            self._changes = changes
            return {doc_id: paid for doc_id, paid in self._paid.items() if paid}, {*self._stages}


def added_up(paid: dict[str, list[Paid]], by: str) -> dict[str, float]:
    """Dollars by `stage` or `day`."""
    sums: dict[str, float] = defaultdict(float)
    for payments in paid.values():
        for payment in payments:
            sums[getattr(payment, by)] += payment.usd
    return dict(sums)
