"""One page of text.json is read without the others, and never one of another text."""

from __future__ import annotations

import pytest

from resources.deployment import Deployment
from resources.ocr import Line, PageText, Word
from resources.storage import ObjectNotFoundError, StorageAdapter
from sparknet_assets.artifacts import (
    TEXT,
    TEXT_INDEX,
    DocumentRef,
    read_text,
    text_facts,
    write_text,
)
from sparknet_assets.text_index import PageFacts, record_of

REF = DocumentRef("long", "raw/long/long.pdf")


def page(number: int, text: str) -> PageText:
    words = [Word(word, 0.1, 0.2, 0.9, 0.3, 0.5) for word in text.split()]
    lines = [Line(words=words)] if words else []
    confidence = 0.5 if words else None
    return PageText(page=number, width=9, height=9, engine="x", lines=lines, confidence=confidence)


def write(storage: StorageAdapter, *pages: PageText, sources: tuple[str, ...] = ()) -> str:
    return write_text(storage, REF, map(record_of, pages), sources)[1]


PAGES = [page(1, "One, with ümlauts."), page(2, ""), page(3, "Three three.")]


@pytest.fixture
def storage(deployment: Deployment) -> StorageAdapter:
    write(deployment.storage, *PAGES, sources=("a" * 64, "", "b" * 64))
    return deployment.storage


def test_pages_are_read_where_they_stand(
    storage: StorageAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(storage), "open", None)
    monkeypatch.setattr(type(storage), "get_range", _ranged)
    monkeypatch.setattr(type(storage), "get", lambda self, key: (self._base / key).read_bytes())
    assert list(read_text(storage, REF, [3, 1])) == [PAGES[0], PAGES[2]]
    assert list(read_text(storage, REF, [2, 99])) == [PAGES[1]]
    facts = [(f.page, f.words, f.confidence, f.tables) for f in text_facts(storage, REF)]
    assert facts == [(1, 3, 0.5, 0), (2, 0, None, 0), (3, 2, 0.5, 0)]


def test_without_an_index_nothing_is_missing(storage: StorageAdapter) -> None:
    with_index = list(map(_plain, text_facts(storage, REF)))
    storage.delete(REF.key(TEXT_INDEX))
    assert list(read_text(storage, REF, [3])) == [PAGES[2]]
    assert list(map(_plain, text_facts(storage, REF))) == with_index


@pytest.mark.parametrize("other", [("One, with ümlauts!", "", "Three three."), ("Less.",), ()])
def test_an_index_of_another_text_is_not_believed(
    storage: StorageAdapter, other: tuple[str, ...]
) -> None:
    """As a version that knew of no index, or a restored backup, leaves it."""
    index = storage.get(REF.key(TEXT_INDEX))
    pages = [page(number, text) for number, text in enumerate(other, 1)]
    write(storage, *pages)
    storage.put(REF.key(TEXT_INDEX), index)
    for number in (1, 3):
        expected = [page for page in pages if page.page == number]
        assert list(read_text(storage, REF, [number])) == expected
    storage.put(REF.key(TEXT_INDEX), b'{"size": "torn')
    assert list(read_text(storage, REF, [1])) == pages[:1]


def test_what_was_removed_has_no_pages(storage: StorageAdapter) -> None:
    storage.delete(REF.key(TEXT))
    with pytest.raises(ObjectNotFoundError):
        list(read_text(storage, REF, [1]))
    with pytest.raises(ObjectNotFoundError):
        list(text_facts(storage, REF))


def test_the_data_version_knows_nothing_of_it(storage: StorageAdapter) -> None:
    index = storage.get(REF.key(TEXT_INDEX))
    first, second = write(storage, *PAGES), write(storage, *PAGES, sources=("c" * 64,))
    assert first == second
    assert storage.get(REF.key(TEXT_INDEX)) != index


def test_a_write_that_breaks_off_leaves_no_index_of_its_own(storage: StorageAdapter) -> None:
    def broken() -> object:
        yield record_of(PAGES[0])
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        write_text(storage, REF, broken())  # type: ignore[arg-type]
    assert storage.stat(REF.key(TEXT_INDEX)) is None
    assert list(read_text(storage, REF)) == PAGES


def _ranged(storage: StorageAdapter, key: str, start: int, size: int) -> bytes:
    whole = (storage._base / key).read_bytes()  # type: ignore[attr-defined]
    assert size < len(whole)
    return bytes(whole[start : start + size])


def _plain(facts: PageFacts) -> dict[str, object]:
    return facts.model_dump(include=set(PageFacts.model_fields))
