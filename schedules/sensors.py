"""The sensor on raw/: each tick looks at a window of it, and asks for what that leads to."""

# Dagster reads the annotations of sensors, so they are not postponed here.

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg

from resources.deployment import Deployment
from schedules.cursor import Cursor
from schedules.demand import Demand, demand_runs, free_documents
from schedules.look_report import idle, numbers, observation
from schedules.passes import see, turn
from schedules.planning import Change, FoundDocument
from schedules.registration import accept_touched, register
from schedules.requests import state_of
from sparknet_assets.arrivals import arrival
from sparknet_assets.partition_keys import partition_key
from sparknet_assets.partitions import documents_partitions
from sparknet_assets.run_owner import settle_dead_runs
from sparknet_assets.runs.in_flight import Flight, in_flight

if TYPE_CHECKING:
    from sparknet_assets.jobs import AnyJob

SECONDS = 15
SAFETY_NET_SECONDS = 600
"""Events may be lost, but seldom are; each look lists up to `sensor_pages` pages of the bucket."""
WANTED = (Change.NEW, Change.CHANGED, Change.ORPHANED)
# A copy over a network may pause for seconds. What was written to later than this, or by a clock
# that is ahead, has to look the same twice.
QUIET = timedelta(seconds=5)
HASHED_BYTES = 256 * 2**20
"""Of files that may only have been touched; about a second's work."""


def raw_documents_sensor(jobs: "Sequence[AnyJob]", seconds: int = SECONDS) -> dg.SensorDefinition:
    """Finds new, changed and removed documents in raw/ and requests runs for them.

    Args:
        seconds: Between two looks; `SAFETY_NET_SECONDS` beside a queue of events.
    """

    @dg.sensor(
        name="raw_documents_sensor",
        jobs=jobs,
        minimum_interval_seconds=seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Compares raw/ with the catalog, a window at a time: requests runs for the "
        "documents that are new or changed, and the removal of those that are gone.",
    )
    def sensor(
        context: dg.SensorEvaluationContext, deployment: dg.ResourceParam[Deployment]
    ) -> dg.SensorResult:
        return look(context.instance, deployment, datetime.now(UTC), context.cursor)

    return sensor


def look(
    instance: dg.DagsterInstance, deployment: Deployment, now: datetime, cursor: str | None = None
) -> dg.SensorResult:
    """One tick: looks at a window, registers what is new, requests what nobody else has.

    A document that failed is requested again only when its bytes change. Documents that are gone
    are removed when a whole pass has been read, and a second look at each confirms it. An error
    while listing fails the tick and leaves the cursor: a listing that could not be made must not
    look like an empty folder.
    """
    if intake_under_way(deployment):
        reason = "documents are being taken in or removed"
        return dg.SensorResult(skip_reason=reason, cursor=cursor)
    at = Cursor.load(cursor)
    sight = see(deployment, at, now)
    settle_dead_runs(instance)
    flight = in_flight(instance)
    wanted = sight.listing.of(*WANTED)
    settled, recent = split_settled(wanted, at.recent, now)
    settled = without_touched(deployment, settled, flight)
    demand = demand_runs(instance, deployment, {f.doc_id: state_of(f) for f in settled}, flight)
    onward = turn(deployment, at, sight, recent)
    demand.removal(deployment, [*onward.gone, *sight.interrupted()], flight, now)
    waiting = len(settled) - len(demand.granted)
    said = idle(sight.listing, waiting, len(recent), onward.notes)
    held = onward.next.held_back if onward.next.held_back != at.held_back else ""
    return answer(deployment, demand, settled, now, said, onward.next.dump(), held)


def answer(
    deployment: Deployment,
    demand: Demand,
    found: Iterable[FoundDocument],
    now: datetime,
    said: str,
    cursor: str,
    held_back: str = "",
) -> dg.SensorResult:
    """Registers the documents that get a run, and puts into words for Dagster what is asked.

    Args:
        found: Documents; those that the demand grants a run are taken from them.
        said: Why nothing is asked, in case nothing is.
        held_back: Why removals wait, when that is news.
    """
    granted = [document for document in found if document.doc_id in demand.granted]
    events = [
        event
        for document in granted
        for event in arrival(partition_key(document.doc_id), document.doc_id, document.original)
    ]
    if demand.requests or held_back:
        facts = numbers(deployment, granted, demand.removed)
        events.append(observation(facts, held_back))
    # Before Dagster hears of the documents: their runs look them up.
    register(deployment, granted, now)
    return dg.SensorResult(
        run_requests=demand.requests,
        skip_reason=None if demand.requests else said,
        cursor=cursor,
        dynamic_partitions_requests=[documents_partitions().build_add_request(demand.new_keys)]
        if demand.new_keys
        else [],
        asset_events=events,
    )


def intake_under_way(deployment: Deployment) -> bool:
    """True while files are copied to raw/ or taken from it: rows follow at the end of that."""
    try:
        with deployment.locks.hold("intake", shared=True, timeout=0):
            return False
    except TimeoutError:
        return True


def without_touched(
    deployment: Deployment, found: Sequence[FoundDocument], flight: Flight
) -> list[FoundDocument]:
    """The documents but for those whose bytes turn out as they were: these have new marks now.

    A tick hashes a bounded number of bytes; for what is beyond, a run finds out.
    """
    changed = {item.doc_id: item for item in found if item.change is Change.CHANGED}
    left = HASHED_BYTES
    hashed = []
    for doc_id in free_documents(deployment, changed, flight):
        left -= changed[doc_id].original.size
        if left < 0:
            break
        hashed.append(changed[doc_id])
    touched = accept_touched(deployment, hashed)
    return [item for item in found if item.doc_id not in touched]


def split_settled(
    wanted: Iterable[FoundDocument], seen: dict[str, str], now: datetime
) -> tuple[list[FoundDocument], dict[str, str]]:
    """The documents that nobody writes to any more, and key -> change mark of the others.

    Args:
        seen: Marks of the last look.
    """
    settled, recent = [], {}
    for found in wanted:
        info = found.original
        if info.modified < now - QUIET or seen.get(info.key) == info.version:
            settled.append(found)
        else:
            recent[info.key] = info.version
    return settled, recent
