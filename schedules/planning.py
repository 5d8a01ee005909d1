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

SETTLE = timedelta(seconds=2)
ADOPT = timedelta(minutes=10)


class Change(StrEnum):
    """The one class that a listed document falls into.

    Attributes:
        NEW: Not in the catalog.
        CHANGED: The object differs from what was last read, whatever came of that.
        PENDING: Registered and not through yet: whoever registered it has a run for it.
        ORPHANED: Pending, and nobody has come for it within `ADOPT`.
        UNCHANGED: As it was last read; a failure of these bytes is left to `retry`.
        UNSETTLED: Written to within `SETTLE`; looked at again by the next tick.
    """

    NEW = "new"
    CHANGED = "changed"
    PENDING = "pending"
    ORPHANED = "orphaned"
    UNCHANGED = "unchanged"
    UNSETTLED = "unsettled"


@dataclass(frozen=True)
class FoundDocument:
    """A document in raw/: the object that holds it, and how it compares with the catalog.

    Attributes:
        since: What its last run left in the catalog; a request for the same bytes at another
            state is another request.
    """

    doc_id: str
    object: ObjectInfo
    change: Change
    since: str = ""


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
        objects: All objects under raw/, in key order.
        records: Catalog records by doc_id; those of the listed documents are enough.
        now: UTC.
    """
    documents: list[FoundDocument] = []
    ignored: list[tuple[str, str]] = []
    visible = (info for info in objects if not is_temporary(info.key))
    for doc_id, group in groupby(visible, key=lambda info: doc_id_of(info.key)):
        candidates = list(group)
        if not doc_id:
            ignored += [(info.key, _loose(info.key)) for info in candidates]
            continue
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


def _classify(info: ObjectInfo, record: DocumentRecord | None, now: datetime) -> Change:
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
