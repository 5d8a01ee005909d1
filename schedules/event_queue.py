"""A sensor on a queue of storage events, which are hints where to look and no more."""

# Dagster reads the annotations of sensors, so they are not postponed here.

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

import dagster as dg
from pydantic import BaseModel, Field, ValidationError

from resources.catalog import DocumentRecord, DocumentStatus
from resources.deployment import Deployment
from resources.event_queue import EventQueue, StorageEvent
from resources.failure import FailureKind, SparknetError
from resources.storage import InvalidKeyError, ObjectInfo
from resources.storage.keys import check_key
from schedules.cursor import remembered
from schedules.demand import demand_runs
from schedules.look_report import idle
from schedules.passes import confirmed_gone, living
from schedules.planning import Change, Listing, compare, doc_id_of
from schedules.removal_guard import excessive, refusal
from schedules.requests import state_of
from schedules.sensors import (
    SECONDS,
    WANTED,
    answer,
    intake_under_way,
    split_settled,
    without_touched,
)
from schedules.windows import PAGE, read_document
from sparknet_assets.run_owner import settle_dead_runs
from sparknet_assets.runs.in_flight import in_flight

if TYPE_CHECKING:
    from sparknet_assets.jobs import AnyJob

DRY_FETCHES = 2
"""A queue may answer with less than it has: only so many empty answers in a row end a drain."""
LOOKS = 16
"""Folders looked into at once: each is a request that mostly waits, and connections are bounded."""


class QueueCursor(BaseModel):
    """What the queue's sensor remembers.

    Attributes:
        receipts: Messages that the last tick has dealt with; deleted once this is on record.
        recent: Key -> change mark of the objects that may still have been written to.
    """

    version: Literal[1] = 1
    receipts: list[str] = Field(default_factory=list)
    recent: dict[str, str] = Field(default_factory=dict)

    @classmethod
    def load(cls, text: str | None) -> "QueueCursor":
        """The cursor in `text`; a fresh one when that is of another version or none at all."""
        try:
            return cls.model_validate_json(text or "{}")
        except ValidationError:
            return cls()

    def dump(self) -> str:
        """JSON, as Dagster keeps it."""
        return self.model_dump_json()


def queue_sensor(jobs: "Sequence[AnyJob]") -> dg.SensorDefinition:
    """Looks at the documents that storage events name; for a deployment with an `event_queue`."""

    @dg.sensor(
        name="storage_events_sensor",
        jobs=jobs,
        minimum_interval_seconds=SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Looks at the documents that storage events name, and requests runs for those "
        "that are new, changed or gone.",
    )
    def sensor(
        context: dg.SensorEvaluationContext, deployment: dg.ResourceParam[Deployment]
    ) -> dg.SensorResult:
        queue = deployment.event_queue
        if queue is None:
            return dg.SensorResult(skip_reason="this deployment has no event queue")
        return drain(context.instance, deployment, queue, datetime.now(UTC), context.cursor)

    return sensor


def drain(
    instance: dg.DagsterInstance,
    deployment: Deployment,
    queue: EventQueue,
    now: datetime,
    cursor: str | None = None,
) -> dg.SensorResult:
    """One tick: looks at the documents that a bounded number of events name, as they are now.

    An event is dealt with when its document is as the catalog has it, or when a run was requested
    for it; others come again. Messages are deleted by the tick after, when the cursor of this one
    is on record, so a crash in between shows them once more and loses none.
    """
    at = QueueCursor.load(cursor)
    if at.receipts:
        queue.delete(at.receipts)
    if intake_under_way(deployment):
        reason = "documents are being taken in or removed"
        return dg.SensorResult(skip_reason=reason, cursor=QueueCursor(recent=at.recent).dump())
    events = fetch(queue, deployment.settings.sensor_documents)
    records, listing, closed = _as_it_is(deployment, events, now)
    settle_dead_runs(instance)
    flight = in_flight(instance)
    settled, recent = split_settled(listing.of(*WANTED), at.recent, now)
    same = {found.doc_id for found in settled}
    settled = without_touched(deployment, settled, flight)
    same -= {found.doc_id for found in settled}
    demand = demand_runs(instance, deployment, {f.doc_id: state_of(f) for f in settled}, flight)
    removed = [records[found.doc_id] for found in listing.of(Change.REMOVED)]
    gone, notes = _gone(deployment, removed)
    asked = demand.removal(deployment, gone, flight, now)
    open_ones = {f.doc_id for f in listing.documents if f.change is not Change.UNCHANGED}
    open_ones -= demand.granted | asked | same
    open_ones |= closed.keys()
    done = [event.receipt for event in events if _document_of(event) not in open_ones]
    waiting = len(settled) - len(demand.granted)
    notes += closed.values()
    said = f"{len(events)} events: {idle(listing, waiting, len(recent), notes)}"
    # A message stays hidden for longer than a tick, and its mark has to be there when it is back.
    seen = {found.original.key for found in listing.documents if found.object}
    marks = remembered(at.recent, recent, seen, deployment.settings.sensor_documents)
    onward = QueueCursor(receipts=done, recent=marks).dump()
    return answer(deployment, demand, settled, now, said if events else "no events", onward)


def _as_it_is(
    deployment: Deployment, events: Iterable[StorageEvent], now: datetime
) -> tuple[Mapping[str, DocumentRecord], Listing, Mapping[str, str]]:
    """The documents that events name, as the catalog has them and as they compare with raw/.

    Documents whose folders can't be looked into are in neither; the third value says why.
    """
    doc_ids = sorted({doc_id for event in events if (doc_id := _document_of(event))})
    records = deployment.catalog.get_many(doc_ids)

    def seen(doc_id: str) -> Sequence[ObjectInfo] | SparknetError:
        record = records.get(doc_id)
        try:
            return read_document(deployment.storage, doc_id, PAGE, record.raw_key if record else "")
        except SparknetError as error:
            if error.kind is not FailureKind.UNREADABLE:
                raise
            return error

    with ThreadPoolExecutor(LOOKS) as pool:
        sights = dict(zip(doc_ids, pool.map(seen, doc_ids), strict=True))
    objects = [info for each in sights.values() if not isinstance(each, Exception) for info in each]
    closed = {
        doc_id: f"{doc_id} is left as it is: {each}"
        for doc_id, each in sights.items()
        if isinstance(each, Exception)
    }
    known = {doc_id: record for doc_id, record in records.items() if doc_id not in closed}
    return known, compare(objects, known, now), closed


def _document_of(event: StorageEvent) -> str:
    """The document that an event names; empty when no document can have such a key."""
    try:
        check_key(event.key)
    except InvalidKeyError:
        return ""
    return doc_id_of(event.key)


def _gone(
    deployment: Deployment, removed: Sequence[DocumentRecord]
) -> tuple[list[DocumentRecord], list[str]]:
    """Those of the removed documents that a second look does not find, unless they are too many."""
    begun = [record for record in removed if record.status is DocumentStatus.DELETED]
    known = living(deployment)
    if excessive(len(removed) - len(begun), known, deployment.settings.removal_guard):
        return begun, [refusal(len(removed) - len(begun), known)]
    gone, notes = confirmed_gone(deployment, [record.doc_id for record in removed])
    return [*begun, *gone], notes


def fetch(queue: EventQueue, most: int) -> list[StorageEvent]:
    """Receives until there are `most` events, or the queue gave nothing several times in a row."""
    events: dict[str, StorageEvent] = {}
    dry = 0
    while len(events) < most and dry < DRY_FETCHES:
        before = len(events)
        for event in queue.receive(most - before):
            events[event.receipt] = event
        dry = dry + 1 if len(events) == before else 0
    return list(events.values())
