"""A pass over raw/: what each window shows beside the catalog, and what its end says is gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from resources.catalog import DocumentRecord, DocumentStatus
from resources.deployment import Deployment
from resources.failure import SparknetError
from schedules.cursor import Cursor, remembered
from schedules.planning import Change, Listing, compare
from schedules.removal_guard import refusal, vanished
from schedules.windows import PAGE, Window, is_gone, read_window, require_raw

_SAID = 5


@dataclass(frozen=True)
class Sight:
    """A window of raw/ beside the same range of the catalog."""

    window: Window
    records: dict[str, DocumentRecord]
    listing: Listing

    def interrupted(self) -> list[DocumentRecord]:
        """Documents whose removal has begun and not ended."""
        return [r for r in self._removed() if r.status is DocumentStatus.DELETED]

    def missing(self) -> list[DocumentRecord]:
        """Documents that the catalog has and the window has not."""
        return [r for r in self._removed() if r.status is not DocumentStatus.DELETED]

    def _removed(self) -> list[DocumentRecord]:
        return [self.records[found.doc_id] for found in self.listing.of(Change.REMOVED)]


@dataclass(frozen=True)
class Turn:
    """Where the next tick goes on.

    Attributes:
        gone: Documents to remove, when a pass has ended.
        notes: For people.
    """

    next: Cursor
    gone: Sequence[DocumentRecord] = ()
    notes: Sequence[str] = ()


def see(deployment: Deployment, at: Cursor, now: datetime) -> Sight:
    """Looks at the window that the cursor is at.

    Raises:
        OSError, SparknetError: The listing failed, or raw/ itself is gone.
    """
    catalog = deployment.catalog

    def recorded(doc_id: str) -> str:
        record = catalog.get(doc_id)
        return record.raw_key if record else ""

    limit = deployment.settings.sensor_pages * PAGE
    window = read_window(deployment.storage, at.after, limit, recorded)
    if not window.objects:
        require_raw(deployment.storage, living(deployment))
    records = {r.doc_id: r for r in catalog.documents_between(window.after, window.upto)}
    return Sight(window, records, compare(window.objects, records, now))


def turn(deployment: Deployment, at: Cursor, sight: Sight, recent: dict[str, str]) -> Turn:
    """Moves the cursor past a window; at the end of a pass, decides about what was missing.

    Only a whole pass tells what share of the documents is missing. Its cursor holds as many ids as
    one request takes; the next pass finds the others again.

    Args:
        recent: Key -> change mark of the objects that may still be written to.
    """
    most = deployment.settings.sensor_documents
    missing = sight.missing()
    # Those that are kept must not take the room of those that are gone.
    ids = [record.doc_id for record in missing]
    believed, notes = confirmed_gone(deployment, ids, most - len(at.removed))
    seen = {info.key for info in sight.window.objects}
    onward = Cursor(
        after=sight.window.upto or "",
        missing=at.missing + len(missing),
        removed=[*at.removed, *(record.doc_id for record in believed)],
        held_back=at.held_back,
        recent=remembered(at.recent, recent, seen, most),
    )
    if sight.window.upto is not None:
        return Turn(onward, notes=[*notes, at.held_back] if at.held_back else notes)
    fresh = Cursor(recent=onward.recent)
    known = living(deployment)
    if vanished(onward.missing, known, deployment.settings.removal_guard):
        fresh.held_back = refusal(onward.missing, known)
        return Turn(fresh, notes=[*notes, fresh.held_back])
    gone, more = confirmed_gone(deployment, onward.removed)
    return Turn(fresh, gone, [*notes, *more])


def confirmed_gone(
    deployment: Deployment, doc_ids: Sequence[str], most: int | None = None
) -> tuple[list[DocumentRecord], list[str]]:
    """Documents that a second look does not find either, and notes on those that can't be seen.

    Args:
        most: It ends with so many that are gone.

    Raises:
        SparknetError: raw/ itself is gone by now.
    """
    gone: list[DocumentRecord] = []
    notes: list[str] = []
    if doc_ids:
        require_raw(deployment.storage, len(doc_ids))
    for record in deployment.catalog.get_many(doc_ids).values():
        if most is not None and len(gone) >= most:
            break
        if record.status is DocumentStatus.DELETED:
            continue
        try:
            if is_gone(deployment.storage, record):
                gone.append(record)
        except (OSError, SparknetError) as error:
            notes.append(f"{record.doc_id} is kept, as its folder can't be looked into: {error}")
    more = len(notes) - _SAID
    return gone, [*notes[:_SAID], f"and {more} more are kept"] if more > 0 else notes


def living(deployment: Deployment) -> int:
    """How many documents the catalog knows that are not deleted."""
    totals = deployment.catalog.totals()
    return sum(totals.values()) - totals.get(DocumentStatus.DELETED, 0)
