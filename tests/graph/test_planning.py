"""Every listed document falls into exactly one class, and every object is accounted for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources.catalog import DocumentRecord, DocumentStatus
from resources.storage import ObjectInfo
from schedules.planning import ADOPT, Change, batches, compare, doc_id_of, is_temporary

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=1)


def stored(key: str, version: str = "v1", modified: datetime = LONG_AGO) -> ObjectInfo:
    return ObjectInfo(key=key, size=10, version=version, modified=modified)


def recorded(
    doc_id: str,
    status: DocumentStatus = DocumentStatus.INDEXED,
    version: str = "v1",
    name: str = "a.pdf",
    updated: datetime = LONG_AGO,
) -> DocumentRecord:
    return DocumentRecord(
        doc_id=doc_id,
        partition_key=doc_id,
        raw_key=f"raw/{doc_id}/{name}",
        filename=name,
        status=status,
        raw_version=version,
        created_at=LONG_AGO,
        updated_at=updated,
        receipt="receipts/d/1.json" if status is DocumentStatus.DELETED else "",
    )


@pytest.mark.parametrize(
    ("record", "change"),
    [
        (None, Change.NEW),
        (recorded("d", DocumentStatus.DELETED), Change.NEW),
        (recorded("d"), Change.UNCHANGED),
        (recorded("d", version="v0"), Change.CHANGED),
        (recorded("d", name="older.pdf"), Change.CHANGED),
        (recorded("d", DocumentStatus.FAILED), Change.UNCHANGED),
        (recorded("d", DocumentStatus.FAILED, version="v0"), Change.CHANGED),
        (recorded("d", DocumentStatus.FAILED, version=""), Change.UNCHANGED),
        (recorded("d", DocumentStatus.PARTIAL), Change.UNCHANGED),
        (recorded("d", DocumentStatus.PENDING, version="", updated=NOW), Change.PENDING),
        (recorded("d", DocumentStatus.PENDING, updated=NOW - ADOPT), Change.PENDING),
        (recorded("d", DocumentStatus.PENDING, version="v0"), Change.ORPHANED),
    ],
)
def test_classes(record: DocumentRecord | None, change: Change) -> None:
    listing = compare([stored("raw/d/a.pdf")], {"d": record} if record else {}, NOW)
    assert [(found.doc_id, found.change) for found in listing.documents] == [("d", change)]


@pytest.mark.parametrize("seconds", [0, 1.9, -1.9])
def test_a_file_that_is_being_written_waits(seconds: float) -> None:
    info = stored("raw/d/a.pdf", modified=NOW - timedelta(seconds=seconds))
    assert compare([info], {}, NOW).of(Change.UNSETTLED)


def test_a_modification_time_in_the_future_does_not_wait_for_ever() -> None:
    info = stored("raw/d/a.pdf", modified=NOW + timedelta(days=3))
    assert compare([info], {}, NOW).of(Change.NEW)


def test_one_document_a_folder() -> None:
    objects = [stored("raw/d/a.pdf"), stored("raw/d/b.pdf"), stored("raw/d/sub/0.pdf")]
    listing = compare(objects, {}, NOW)
    assert [found.original.key for found in listing.documents] == ["raw/d/a.pdf"]
    assert [key for key, _ in listing.ignored] == ["raw/d/b.pdf", "raw/d/sub/0.pdf"]
    assert "already holds the document a.pdf" in listing.ignored[0][1]


def test_a_second_file_does_not_replace_the_document() -> None:
    objects = [stored("raw/d/a.pdf"), stored("raw/d/z.pdf")]
    [found] = compare(objects, {"d": recorded("d", name="z.pdf")}, NOW).documents
    assert (found.original.key, found.change) == ("raw/d/z.pdf", Change.UNCHANGED)


def test_a_loose_file_is_said() -> None:
    listing = compare([stored("raw/report.pdf")], {}, NOW)
    assert listing.documents == ()
    assert listing.ignored[0][1].startswith("a loose file; move it to raw/report/report.pdf")


@pytest.mark.parametrize(
    "key",
    [
        "raw/d/.DS_Store",
        "raw/d/~$letter.docx",
        "raw/d/big.pdf.part",
        "raw/d/big.pdf.crdownload",
        "raw/.trash/a.pdf",
        "raw/d/Thumbs.db",
        "raw/.a.pdf",
    ],
)
def test_hidden_and_temporary_files_are_no_documents(key: str) -> None:
    assert is_temporary(key)
    assert compare([stored(key)], {}, NOW) == compare([], {}, NOW)


names = st.text(st.sampled_from("ab.~$ ü"), min_size=1, max_size=5)
keys = st.lists(st.lists(names, min_size=1, max_size=3).map("/".join), unique=True).map(
    lambda paths: sorted(f"raw/{path}" for path in paths)
)
statuses = st.sampled_from(DocumentStatus)


@given(keys, st.data())
def test_every_document_is_in_exactly_one_class(listed: list[str], data: st.DataObject) -> None:
    moments = st.datetimes(datetime(2026, 2, 28), datetime(2026, 3, 2)).map(
        lambda moment: moment.replace(tzinfo=UTC)
    )
    versions = st.sampled_from(["", "v1", "v2"])
    objects = [stored(key, modified=data.draw(moments)) for key in listed]
    records = {
        doc_id: recorded(
            doc_id, data.draw(statuses), data.draw(versions), updated=data.draw(moments)
        )
        for doc_id in {doc_id_of(key) for key in listed} - {""}
        if data.draw(st.booleans())
    }
    listing = compare(objects, records, NOW)
    seen = [key for key in listed if not is_temporary(key)]
    folders = {doc_id_of(key) for key in seen} - {""}
    there = [found for found in listing.documents if found.change is not Change.REMOVED]
    gone = [found.doc_id for found in listing.of(Change.REMOVED)]
    assert sorted(found.doc_id for found in there) == sorted(folders)
    assert not folders.intersection(gone)
    assert records.keys() - folders >= set(gone)
    used = [found.original.key for found in there]
    assert sorted(used + [key for key, _ in listing.ignored]) == seen
    assert sum(len(listing.of(change)) for change in Change) == len(listing.documents)


@given(st.lists(st.text(max_size=3)), st.integers(1, 5))
def test_batches_keep_order_and_size(items: list[str], size: int) -> None:
    split = list(batches(items, size))
    assert [item for batch in split for item in batch] == items
    assert all(len(batch) == size for batch in split[:-1])
