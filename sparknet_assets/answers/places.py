"""Where on its pages a quote stands: the boxes of its words, as text.json has them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from resources.ocr import PageText, Word
from resources.vector_store import PageBox

_WORD = re.compile(r"\w+")
# A word of a chunk may be cut otherwise than on its page: hyphens, ligatures, joined table cells.
LEAST_FOUND = 0.6


class _Place(NamedTuple):
    token: str
    page: int
    line: int
    word: Word


def boxes_of(quote: str, pages: Sequence[PageText], around: Sequence[PageBox]) -> list[PageBox]:
    """Boxes of a quote, one for each line that it stands on; none where it isn't found.

    Args:
        pages: The pages that the passage stands on.
        around: Boxes of the passage: the quote is looked for there only.
    """
    wanted = tokens(quote)
    places = list(_places(pages, around))
    run = _best_run(wanted, [place.token for place in places])
    if run is None:
        return []
    lines: dict[tuple[int, int], list[Word]] = {}
    for place in places[run[0] : run[1]]:
        lines.setdefault((place.page, place.line), []).append(place.word)
    return [
        PageBox(
            page,
            min(word.x0 for word in words),
            min(word.y0 for word in words),
            max(word.x1 for word in words),
            max(word.y1 for word in words),
        )
        for (page, _), words in lines.items()
    ]


def tokens(text: str) -> list[str]:
    """The words of a text as they are compared."""
    return [token.casefold() for token in _WORD.findall(text)]


def _places(pages: Sequence[PageText], around: Sequence[PageBox]) -> Iterator[_Place]:
    """The words within the passage's boxes, in reading order, cut as a quote is."""
    for page in pages:
        boxes = [box for box in around if box.page == page.page]
        for number, line in enumerate(page.lines):
            for word in line.words:
                x, y = (word.x0 + word.x1) / 2, (word.y0 + word.y1) / 2
                if any(b.x0 <= x <= b.x1 and b.y0 <= y <= b.y1 for b in boxes):
                    for token in tokens(word.text):
                        yield _Place(token, page.page, number, word)


def _best_run(wanted: Sequence[str], there: Sequence[str]) -> tuple[int, int] | None:
    """The stretch of words that has most of the wanted ones in their order, the earliest such.

    Found exactly where the words are the same; else by the longest common blocks.
    """
    if not wanted:
        return None
    size = len(wanted)
    for start in range(len(there) - size + 1):
        if there[start] == wanted[0] and list(there[start : start + size]) == list(wanted):
            return start, start + size
    from difflib import SequenceMatcher

    blocks = SequenceMatcher(None, wanted, there, autojunk=False).get_matching_blocks()
    found = [block for block in blocks if block.size]
    if sum(block.size for block in found) < LEAST_FOUND * size:
        return None
    start, end = found[0].b, found[-1].b + found[-1].size
    return (start, end) if end - start <= 2 * size else None
