"""Where a text stands on pages, word for word: what a model says it read is looked up there."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from resources.ocr import PageText, Word
from resources.vector_store import PageBox


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

    def find(self, text: str, page: int | None = None) -> Place | None:
        """The first place where the text stands, on this page or else on any.

        Case, spaces and forms of the same letter don't count; all else does, and the text neither
        begins nor ends within a word or number.
        """
        wanted = _fold(text)
        if not wanted:
            return None
        order = [self._pages[page]] if page in self._pages else []
        for each in (*order, *(other for n, other in self._pages.items() if n != page)):
            start = _start_of(wanted, each.folded)
            if start is not None:
                return _place(each, each.owners[start], each.owners[start + len(wanted) - 1])
        return None


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


def _start_of(wanted: str, there: str) -> int | None:
    start = there.find(wanted)
    while start >= 0:
        if not (_joins(there, start) or _joins(there, start + len(wanted))):
            return start
        start = there.find(wanted, start + 1)
    return None


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
