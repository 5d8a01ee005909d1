"""Where a text stands on pages, word for word: what a model says it read is looked up there."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from resources.ocr import PageText, Word
from resources.vector_store import PageBox

_MOST_PLACES = 200  # of one text on a page
_BEFORE = 40  # characters before a value in which its label is looked for


class Place(NamedTuple):
    """A stretch of a page: its text as it stands there, and a box for each of its lines."""

    page: int
    text: str
    boxes: list[PageBox]


class _Page(NamedTuple):
    """A page as one string, and the word and line that each of its characters belongs to."""

    page: int
    folded: str
    owners: list[int]
    words: list[tuple[int, Word]]


class Pages:
    """Pages in which texts are looked up; each is folded once."""

    def __init__(self, pages: Iterable[PageText]) -> None:
        self._pages = {page.page: _folded(page) for page in pages}

    def find(
        self,
        text: str,
        page: int | None = None,
        *,
        near: PageBox | None = None,
        labels: Sequence[str] = (),
    ) -> Place | None:
        """A place where the text stands, on this page or else on any.

        Case, spaces and forms of the same letter don't count; all else does, and the text neither
        begins nor ends within a word or number.

        Args:
            near: Of several places the one on its line, or nearest to it, is taken.
            labels: Without `near`, the first after one of these; or else the first of all.
        """
        wanted = _fold(text)
        if not wanted:
            return None
        order = [self._pages[page]] if page in self._pages else []
        for each in (*order, *(other for n, other in self._pages.items() if n != page)):
            starts = list(islice(_starts_of(wanted, each.folded), _MOST_PLACES))
            if starts:
                start = _likeliest(starts, each, near, labels)
                return _place(each, each.owners[start], each.owners[start + len(wanted) - 1])
        return None


def _likeliest(
    starts: Sequence[int], page: _Page, near: PageBox | None, labels: Sequence[str]
) -> int:
    if near is not None and near.page == page.page:
        middle = (near.y0 + near.y1) / 2

        def off(start: int) -> float:
            word = page.words[page.owners[start]][1]
            return abs((word.y0 + word.y1) / 2 - middle)

        return min(starts, key=off)
    folded = [label for each in labels if (label := _fold(each))]
    for start in starts:
        before = page.folded[max(0, start - _BEFORE) : start]
        if any(label in before for label in folded):
            return start
    return starts[0]


def _folded(page: PageText) -> _Page:
    folded: list[str] = []
    owners: list[int] = []
    words: list[tuple[int, Word]] = []
    for number, line in enumerate(page.lines):
        for word in line.words:
            part = _fold(word.text)
            if not part:
                continue
            if folded:
                folded.append(" ")
                owners.append(len(words))
            folded.append(part)
            owners += [len(words)] * len(part)
            words.append((number, word))
    return _Page(page.page, "".join(folded), owners, words)


def _fold(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _starts_of(wanted: str, there: str) -> Iterator[int]:
    start = there.find(wanted)
    while start >= 0:
        if not (_joins(there, start) or _joins(there, start + len(wanted))):
            yield start
        start = there.find(wanted, start + 1)


def _joins(text: str, place: int) -> bool:
    """Whether a word goes on across a place, or a number with its separators."""
    if not 0 < place < len(text):
        return False
    left, right = text[place - 1], text[place]
    if left.isalnum() and right.isalnum():
        return True
    before, after = text[place - 2 : place], text[place : place + 2]
    inside = (left in ".," and before[:1].isdigit() and right.isdigit()) or (
        right in ".," and left.isdigit() and after[1:].isdigit()
    )
    return inside


def _place(page: _Page, first: int, last: int) -> Place:
    lines: dict[int, list[Word]] = {}
    for number, word in page.words[first : last + 1]:
        lines.setdefault(number, []).append(word)
    boxes = [_around(page.page, words) for words in lines.values()]
    text = " ".join(word.text for _, word in page.words[first : last + 1])
    return Place(page.page, text, boxes)


def _around(page: int, words: Sequence[Word]) -> PageBox:
    return PageBox(
        page,
        min(word.x0 for word in words),
        min(word.y0 for word in words),
        max(word.x1 for word in words),
        max(word.y1 for word in words),
    )
