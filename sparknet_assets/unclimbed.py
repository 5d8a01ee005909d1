"""Doubtful pages that no budget allowed to be read again: they wait for one that does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from resources.tier_deployment import rungs_above

if TYPE_CHECKING:
    from resources.catalog import StageRecord
    from resources.deployment import Deployment

WITHOUT_BUDGET = "not read again: the budget does not allow it"
"""How the `reason` of such a page ends."""
UNCLIMBED = "unclimbed"
"""How many they are, in the metadata of the stage that reads."""


def awaits_budget(reason: str) -> bool:
    """Whether a page's reason says that it would have been read again with more money."""
    return reason.endswith(WITHOUT_BUDGET)


def unclimbed_pages(record: StageRecord | None) -> int:
    """Pages of a stage's output that wait."""
    return int(record.metadata.get(UNCLIMBED, 0)) if record else 0


def affordable_climb(deployment: Deployment) -> float | None:
    """Price of reading a doubtful page of this tier again; None where that may not be.

    Whether this run has the money, or else, outside of runs, whether a new one would.
    """
    rungs = rungs_above(deployment)
    if not rungs:
        return None
    price = second_reading_price(rungs[0])
    budget = deployment.settings.budget_usd
    if deployment.ledger is not None:
        allowed = deployment.ledger.allows(price)
    else:
        allowed = budget is None or price <= budget
    return price if allowed else None


def second_reading_price(higher: Deployment) -> float:
    """Dollars for a page that is read again by what is above its tier."""
    if higher.settings.ocr != "textract":
        return 0.0
    return higher.prices.textract_page(higher.policy.textract) or 0.0
