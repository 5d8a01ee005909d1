"""What a listing of raw/ means, given what the catalog knows. No clock, no disk, no Dagster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby

from resources.catalog import DocumentRecord, DocumentStatus
from resources.storage import ObjectInfo
from sparknet_assets.raw_names import RAW, depth_and_name, is_temporary
from sparknet_assets.records import never_copied

SETTLE = timedelta(seconds=2)
ADOPT = timedelta(minutes=10)


class Change(StrEnum):
    """The one class that a document falls into.

    A listing of raw/ alone decides between the first and the last ones; `OUTDATED`, `DUE` and
    `WAITING` come of looking at the stages of documents that are unchanged.

    Attributes:
        NEW: Not in the catalog.
        CHANGED: The object differs from what was last read, whatever came of that.
        REMOVED: In the catalog, and no longer in raw/; or a removal that was interrupted.
        PENDING: Registered and not through yet: whoever registered it has a run for it.
        ORPHANED: Pending, and nobody has come for it within `ADOPT`.
        OUTDATED: As it was last read, but a stage would make another output now.
        DUE: Failed, and it is time for another attempt.
        WAITING: Failed, and the time of the next attempt has not come.
        UNSETTLED: Written to within `SETTLE`; looked at again by the next tick.
        UNCHANGED: Current, or failed for good: these bytes are left to `retry`.
    """

    NEW = "new"
    CHANGED = "changed"
    REMOVED = "removed"
    PENDING = "pending"
    ORPHANED = "orphaned"
    OUTDATED = "outdated"
    DUE = "due"
    WAITING = "waiting"
    UNSETTLED = "unsettled"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class FoundDocument:
    """A document in raw/ or in the catalog, and how the two compare.

    Attributes:
        object: The object that holds it; None when there is none.
        since: What its last run left in the catalog; a request for the same bytes at another
            state is another request.
    """

    doc_id: str
    object: ObjectInfo | None
    change: Change
    since: str = ""

    @property
    def original(self) -> ObjectInfo:
        """The object, of a document that is there."""
        assert self.object is not None, f"{self.doc_id} is not in raw/"
        return self.object


@dataclass(frozen=True)
class Listing:
    """What was found: documents by id, and the objects left aside with the reason for people."""

    documents: tuple[FoundDocument, ...]
    ignored: tuple[tuple[str, str], ...] = ()

    def of(self, *changes: Change) -> tuple[FoundDocument, ...]:
        """The documents in one of these classes."""
        return tuple(found for found in self.documents if found.change in changes)


def compare(
    objects: Iterable[ObjectInfo], records: Mapping[str, DocumentRecord], now: datetime
) -> Listing:
    """Compares a listing of raw/ with the catalog.

    Args:
        objects: All objects under raw/, or all of a range of folders, in key order.
        records: Catalog records by doc_id: all, or all of the same range. Those that are not in
            the listing have been removed.
        now: UTC.
    """
    documents: list[FoundDocument] = []
    ignored: list[tuple[str, str]] = []
    listed: set[str] = set()
    visible = (info for info in objects if not is_temporary(info.key))
    for doc_id, group in groupby(visible, key=lambda info: doc_id_of(info.key)):
        candidates = list(group)
        if not doc_id:
            ignored += [(info.key, _loose(info.key)) for info in candidates]
            continue
        listed.add(doc_id)
        record = records.get(doc_id)
        chosen = _choose(candidates, record)
        change = _classify(chosen, record, now)
        documents.append(FoundDocument(doc_id, chosen, change, _since(record, change)))
        ignored += [
            (
                info.key,
                f"{RAW}{doc_id}/ already holds the document {_name(chosen.key)}; "
                "give every document a folder of its own",
            )
            for info in candidates
            if info is not chosen
        ]
    documents += [
        FoundDocument(doc_id, None, Change.REMOVED, record.run_id)
        for doc_id, record in records.items()
        if doc_id not in listed and _was_there(record)
    ]
    return Listing(tuple(documents), tuple(ignored))


def doc_id_of(key: str) -> str:
    """First folder under raw/, or an empty string for a loose file and for keys elsewhere."""
    if not key.startswith(RAW):
        return ""
    folder, slash, _ = key.removeprefix(RAW).partition("/")
    return folder if slash else ""


def batches(keys: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """Splits `keys` into runs of at most `size`, in order."""
    for start in range(0, len(keys), size):
        yield keys[start : start + size]


def _choose(candidates: Sequence[ObjectInfo], record: DocumentRecord | None) -> ObjectInfo:
    """The recorded object while it is there, else the first by depth and name."""
    if record is not None:
        for info in candidates:
            if info.key == record.raw_key:
                return info
    return min(candidates, key=lambda info: depth_and_name(info.key))


def _was_there(record: DocumentRecord) -> bool:
    if record.status is DocumentStatus.DELETED:
        return not record.receipt
    return not never_copied(record)


def _classify(info: ObjectInfo, record: DocumentRecord | None, now: datetime) -> Change:
    if record and record.status is DocumentStatus.DELETED and not record.receipt:
        return Change.REMOVED
    if abs(now - info.modified) < SETTLE:
        return Change.UNSETTLED
    if record is None or record.status is DocumentStatus.DELETED:
        return Change.NEW
    if record.status is DocumentStatus.PENDING:
        return Change.ORPHANED if now - record.updated_at > ADOPT else Change.PENDING
    if record.raw_key != info.key:
        return Change.CHANGED
    same = record.raw_version in ("", info.version)
    return Change.UNCHANGED if same else Change.CHANGED


def _since(record: DocumentRecord | None, change: Change) -> str:
    if record is None:
        return ""
    return record.updated_at.isoformat() if change is Change.ORPHANED else record.run_id


def _loose(key: str) -> str:
    name = _name(key)
    stem = name.rsplit(".", 1)[0] or name
    return f"a loose file; move it to {RAW}{stem}/{name}, or use `sparknet ingest`"


def _name(key: str) -> str:
    return key.rsplit("/", 1)[-1]
