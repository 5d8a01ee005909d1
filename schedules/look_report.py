"""What a look at raw/ tells people: the text of an idle tick, the numbers of a busy one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import dagster as dg

from schedules.planning import Change, FoundDocument, Listing

if TYPE_CHECKING:
    from resources.deployment import Deployment

PLAN = "reconciliation_plan"
"""The asset whose events tell what was planned."""
_CLASSES = ("new", "changed", "adopted", "removed")
_SAID = 5


def numbers(
    deployment: Deployment, granted: Sequence[FoundDocument], removed: int
) -> dict[str, int | float]:
    """How many documents a look requests runs for, and what they are likely to take.

    The estimate is what the documents that were read before took then; of new ones nobody knows
    the pages.
    """
    doc_ids = [found.doc_id for found in granted]
    records = deployment.catalog.get_many(doc_ids)
    by_document = deployment.catalog.stages(doc_ids).values()
    stages = [record for by_name in by_document for record in by_name.values()]
    return {
        "new": sum(found.change is Change.NEW for found in granted),
        "changed": sum(found.change is Change.CHANGED for found in granted),
        "adopted": sum(found.change is Change.ORPHANED for found in granted),
        "removed": removed,
        "pages": sum(record.pages for record in records.values()),
        "estimated_seconds": round(sum(record.seconds for record in stages), 1),
        "estimated_cost_usd": round(sum(record.cost_usd for record in stages), 4),
    }


def observation(numbers: dict[str, int | float], held_back: str = "") -> dg.AssetObservation:
    """The numbers as an event of the asset `reconciliation_plan`."""
    asked = [f"{numbers[name]:,} {name}" for name in _CLASSES if numbers[name]]
    what = f"The sensor asked for runs: {', '.join(asked)}." if asked else ""
    held = {"held_back": held_back} if held_back else {}
    if held:
        what = f"{what} Removals are held back.".strip()
    # Without zeros: what was asked for is seen at a glance.
    facts = {name: number for name, number in numbers.items() if number}
    return dg.AssetObservation(PLAN, description=what, metadata={**held, **facts})


def idle(listing: Listing, waiting: int, unsettled: int, notes: Collection[str] = ()) -> str:
    """Why a tick asks for nothing, for the people who read the sensor's page."""
    counts = [
        (len(listing.of(Change.UNCHANGED)), "unchanged"),
        (waiting + len(listing.of(Change.PENDING)), "on their way"),
        (unsettled + len(listing.of(Change.UNSETTLED)), "still being written"),
        (len(listing.of(Change.REMOVED)), "missing"),
    ]
    said = ", ".join(f"{count} {what}" for count, what in counts if count) or "raw/ is empty"
    ignored = [f"{key}: {reason}" for key, reason in listing.ignored[:_SAID]]
    more = len(listing.ignored) - len(ignored)
    if more:
        ignored.append(f"and {more} more")
    left = [f"Left aside: {'; '.join(ignored)}"] if ignored else []
    return ". ".join([said, *left, *notes])
