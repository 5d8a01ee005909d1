"""Windows over raw/ add up to the whole listing, and no document is cut in two."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources.failure import SparknetError
from schedules.planning import compare
from schedules.removal_guard import excessive
from schedules.windows import Window, is_gone, name_of, read_window, require_raw
from sparknet_assets.records import new_document
from tests.graph.listed import ListedStorage

NOW = datetime(2026, 6, 1, tzinfo=UTC)

# Names that are prefixes of each other, around the characters next to the slash.
names = st.text(alphabet="ab.-/0é\U0001f600", min_size=1, max_size=4).map(lambda s: s.strip("/"))
keys = st.sets(names.filter(bool).filter(lambda s: "//" not in s).map(lambda s: f"raw/{s}"))


def all_windows(storage: ListedStorage, limit: int, **options: object) -> list[Window]:
    windows = [read_window(storage, "", limit, **options)]
    while windows[-1].upto is not None:
        windows.append(read_window(storage, windows[-1].upto, limit, **options))
    return windows


def decisions(objects: object, records: object = {}) -> dict[str, tuple[str, str]]:
    listing = compare(objects, records, NOW)
    return {d.doc_id: (d.change.value, d.object.key if d.object else "") for d in listing.documents}


@given(keys, st.integers(1, 9))
def test_windows_decide_what_the_whole_listing_decides(found: set[str], limit: int) -> None:
    storage = ListedStorage(*found)
    windows = all_windows(storage, limit)
    whole = decisions(storage.list("raw/"))
    parts = [decisions(window.objects) for window in windows]
    assert {doc: change for part in parts for doc, change in part.items()} == whole
    assert sum(map(len, parts)) == len(whole), "a document is in two windows"


@given(keys, st.integers(1, 9))
def test_windows_are_apart_and_in_order(found: set[str], limit: int) -> None:
    windows = all_windows(ListedStorage(*found), limit)
    for window, following in itertools.pairwise(windows):
        assert following.after == window.upto
        assert window.after < window.upto
    for window in windows:
        inside = [name_of(info.key) for info in window.objects]
        assert inside == sorted(inside)
        assert all(window.after < name for name in inside)
        assert window.upto is None or all(name <= window.upto for name in inside)


@given(keys, keys, st.integers(1, 9))
def test_a_document_that_does_not_move_is_in_a_window_whatever_happens_around_it(
    before: set[str], after: set[str], limit: int
) -> None:
    storage = ListedStorage(*before)
    seen: dict[str, tuple[str, str]] = {}
    window = read_window(storage, "", limit)
    seen |= decisions(window.objects)
    storage.marks = dict.fromkeys(after, "1")
    while window.upto is not None:
        window = read_window(storage, window.upto, limit)
        seen |= decisions(window.objects)
    first = decisions(ListedStorage(*before).list("raw/"))
    last = decisions(ListedStorage(*after).list("raw/"))
    for doc_id in first.keys() & last.keys():
        assert seen[doc_id] in (first[doc_id], last[doc_id])


def test_a_window_asks_for_no_more_than_its_limit() -> None:
    storage = ListedStorage(*(f"raw/{n:04}/f" for n in range(100)))
    window = read_window(storage, "", 10)
    assert len(window.objects) == 9
    assert storage.requests == [("raw/", "raw/", 10)]


def test_of_a_folder_larger_than_a_window_the_deciding_objects_are_kept() -> None:
    deep = [f"raw/big/a/{n:03}" for n in range(500)]
    storage = ListedStorage("raw/a/f", *deep, "raw/big/m", "raw/big/z", "raw/c/f")
    windows = all_windows(storage, 10, recorded={"big": "raw/big/z"}.get)
    [big] = [w for w in windows if w.upto == "big/"]
    held = {info.key for info in big.objects}
    assert {"raw/big/m", "raw/big/z"} <= held
    assert len(held) <= 12
    assert decisions(big.objects)["big"] == ("new", "raw/big/m")
    record = new_document("big", "big", "raw/big/z").model_copy(update={"raw_version": "1"})
    pending = compare(big.objects, {"big": record}, NOW).documents[0]
    assert pending.object is not None
    assert pending.object.key == "raw/big/z"


def test_a_listing_that_breaks_off_gives_no_window() -> None:
    class Breaking(ListedStorage):
        def list(self, prefix: str = "", **options: object) -> object:
            yield from super().list(prefix, start_after="", limit=2)
            raise OSError("connection reset")

    with pytest.raises(OSError, match="connection reset"):
        read_window(Breaking("raw/a/f", "raw/b/f", "raw/c/f"), "", 10)


def test_a_folder_raw_that_is_not_there_is_no_empty_listing() -> None:
    with pytest.raises(SparknetError, match="is its disk mounted"):
        require_raw(ListedStorage(), 3)
    require_raw(ListedStorage(), 0)
    require_raw(ListedStorage("raw/a/f"), 3)


def test_a_document_is_gone_when_a_second_look_finds_nothing() -> None:
    record = new_document("a", "a", "raw/a/f")
    assert is_gone(ListedStorage("raw/ab/f", "raw/a"), record)
    with pytest.raises(SparknetError, match="is its disk mounted"):
        is_gone(ListedStorage(), record)
    assert not is_gone(ListedStorage("raw/a/f"), record)
    assert not is_gone(ListedStorage("raw/a/other"), record), "a replaced file is a change"
    assert is_gone(ListedStorage("raw/a/.DS_Store"), record)


@pytest.mark.parametrize(
    ("removed", "known", "share", "answer"),
    [
        (20, 20, 0.5, False),
        (21, 21, 0.5, True),
        (21, 42, 0.5, False),
        (22, 43, 0.5, True),
        (500, 500, 1.0, False),
        (21, 10_000, 0.0, True),
    ],
)
def test_the_guard(removed: int, known: int, share: float, answer: bool) -> None:
    assert excessive(removed, known, share) is answer
