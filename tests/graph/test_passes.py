"""Whatever happens between ticks, a quiet pass decides what one look at everything would."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resources.catalog import DocumentRecord, DocumentStatus
from resources.deployment import Deployment
from resources.failure import SparknetError
from resources.settings import Settings
from schedules import passes
from schedules.cursor import Cursor
from schedules.passes import confirmed_gone, see, turn
from schedules.planning import Change, compare
from schedules.windows import is_gone
from sparknet_assets.records import new_document
from tests.graph.listed import ListedStorage

NOW = datetime(2026, 6, 1, tzinfo=UTC)
NEWS = (Change.NEW, Change.CHANGED)

doc_ids = st.sampled_from(["a", "a-b", "a.b", "a0", "b", "ab", "é", "z"])
objects = st.dictionaries(
    st.tuples(doc_ids, st.sampled_from(["f", "g", "sub/f", ".hidden"])).map(
        lambda parts: f"raw/{parts[0]}/{parts[1]}"
    )
    | st.sampled_from(["raw/a", "raw/a-b.pdf", "raw/z0"]),
    st.sampled_from(["1", "2"]),
)


@pytest.fixture
def new_deployment(tmp_path: Path) -> Callable[..., Deployment]:
    """Deployments with a storage that only lists, and a real catalog."""
    numbers = itertools.count()

    def make(storage: ListedStorage, *known: str, **values: object) -> Deployment:
        deployment = Deployment(Settings(home=tmp_path / str(next(numbers)), **values))
        deployment.__dict__["storage"] = storage
        deployment.catalog.put([_indexed(doc_id) for doc_id in sorted(known)])
        return deployment

    return make


def _indexed(doc_id: str) -> DocumentRecord:
    record = new_document(doc_id, f"key-of-{doc_id}", f"raw/{doc_id}/f")
    state = {"status": DocumentStatus.INDEXED, "raw_version": "1"}
    return record.model_copy(update=state)


def look(deployment: Deployment, cursor: str) -> tuple[dict[str, str], set[str], str]:
    """A tick, all of whose memory is the text of its cursor."""
    at = Cursor.load(cursor)
    sight = see(deployment, at, NOW)
    news = {
        f"{found.doc_id}={found.original.key}": found.change for found in sight.listing.of(*NEWS)
    }
    after = turn(deployment, at, sight, {})
    return news, {record.doc_id for record in after.gone}, after.next.dump()


def quiet_pass(deployment: Deployment) -> tuple[dict[str, str], set[str]]:
    news, gone, cursor = look(deployment, "")
    while Cursor.load(cursor).after:
        more, gone, cursor = look(deployment, cursor)
        assert not news.keys() & more.keys()
        news |= more
    return news, gone


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    known=st.sets(doc_ids),
    storages=st.lists(objects.filter(bool), min_size=1, max_size=6),
    page=st.integers(1, 5),
)
def test_after_a_quiet_pass_all_is_decided(
    new_deployment: Callable[..., Deployment],
    known: set[str],
    storages: list[dict[str, str]],
    page: int,
) -> None:
    storage = ListedStorage()
    deployment = new_deployment(storage, *known, removal_guard=1.0, sensor_pages=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passes, "PAGE", page)
        cursor = ""
        for marks in storages:
            storage.marks = marks
            _, gone, cursor = look(deployment, cursor)
            assert all(is_gone(storage, deployment.catalog.get(doc_id)) for doc_id in gone)
        news, gone = quiet_pass(deployment)
    records = {record.doc_id: record for record in deployment.catalog.documents()}
    whole = compare(storage.list("raw/"), records, NOW)
    assert news == {f"{f.doc_id}={f.original.key}": f.change for f in whole.of(*NEWS)}
    assert gone == {f.doc_id for f in whole.of(Change.REMOVED)}


def test_a_pass_in_windows_removes_at_its_end_only(new_deployment, monkeypatch) -> None:
    monkeypatch.setattr(passes, "PAGE", 3)
    storage = ListedStorage(*(f"raw/{name}/f" for name in "bcdefg"))
    deployment = new_deployment(storage, *"abcdefg", sensor_pages=1)
    cursor, ends = "", []
    for _ in range(3):
        _, gone, cursor = look(deployment, cursor)
        ends.append((Cursor.load(cursor).after, gone))
    assert ends == [("c/", set()), ("e/", set()), ("", {"a"})]


def test_a_disk_that_goes_away_during_a_pass_removes_nothing(new_deployment, monkeypatch) -> None:
    monkeypatch.setattr(passes, "PAGE", 3)
    storage = ListedStorage(*(f"raw/{name}/f" for name in "abcdefg"))
    deployment = new_deployment(storage, *"abcdefg", sensor_pages=1)
    _, _, cursor = look(deployment, "")
    storage.marks.clear()
    with pytest.raises(SparknetError, match="is its disk mounted"):
        look(deployment, cursor)


def test_too_many_missing_documents_stay(new_deployment, monkeypatch) -> None:
    monkeypatch.setattr(passes, "PAGE", 5)
    ids = [f"d{number:02}" for number in range(50)]
    storage = ListedStorage(*(f"raw/{doc_id}/f" for doc_id in ids[:24]))
    deployment = new_deployment(storage, *ids, sensor_pages=1)
    assert quiet_pass(deployment)[1] == set()
    _, _, cursor = look(deployment, Cursor(after="d49/", missing=26).dump())
    assert "26 of 50 documents are missing" in Cursor.load(cursor).held_back
    storage.marks |= {"raw/d24/f": "1", "raw/d25/f": "1"}
    assert quiet_pass(deployment)[1] == set(ids[26:])


def test_what_is_put_back_meanwhile_is_kept(new_deployment) -> None:
    storage = ListedStorage("raw/b/f")
    deployment = new_deployment(storage, "a", "b")
    at = Cursor()
    sight = see(deployment, at, NOW)
    storage.marks["raw/a/other"] = "1"
    assert not turn(deployment, at, sight, {}).gone


def test_what_cant_be_looked_into_is_kept_and_said(new_deployment) -> None:
    class Guarded(ListedStorage):
        def stat(self, key: str) -> object:
            if key == "raw/a/f":
                raise PermissionError(13, "Permission denied", key)
            return super().stat(key)

    deployment = new_deployment(Guarded("raw/c/f"), "a", "b", "c")
    gone, notes = confirmed_gone(deployment, ["a", "b"])
    assert [record.doc_id for record in gone] == ["b"]
    assert "a is kept" in notes[0]


def test_what_is_kept_takes_no_room_of_what_is_gone(new_deployment) -> None:
    class Guarded(ListedStorage):
        def stat(self, key: str) -> object:
            if key < "raw/i":
                raise PermissionError(13, "Permission denied", key)
            return super().stat(key)

    deployment = new_deployment(Guarded("raw/z/f"), *"abcdefghyz", sensor_documents=2)
    sight = see(deployment, Cursor(), NOW)
    after = turn(deployment, Cursor(), sight, {})
    assert [record.doc_id for record in after.gone] == ["y"]
    assert len(after.notes) == 6
    assert after.notes[-1] == "and 3 more are kept"


def test_a_file_that_was_too_large_to_take_in_is_not_missing(new_deployment) -> None:
    deployment = new_deployment(ListedStorage("raw/b/f"), "b")
    refused = {"status": DocumentStatus.FAILED, "raw_version": "", "source": "/tmp/large.pdf"}
    deployment.catalog.put([_indexed("a").model_copy(update=refused)])
    assert quiet_pass(deployment)[1] == set()


def test_a_missing_folder_raw_is_a_failed_look(new_deployment) -> None:
    with pytest.raises(SparknetError, match="is its disk mounted"):
        look(new_deployment(ListedStorage(), "a"), "")
    assert look(new_deployment(ListedStorage()), "") == ({}, set(), Cursor().dump())


def test_a_cursor_of_another_kind_begins_afresh() -> None:
    for text in ("", None, "raw/some/key", '{"version": 2, "after": "x/"}', "[1]"):
        assert Cursor.load(text) == Cursor()
