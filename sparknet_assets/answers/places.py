"""Where on its pages a quote stands: the boxes of its words, as text.json has them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from resources.ocr import PageText, Word
from resources.vector_store import PageBox
from sparknet_assets.chunking.hyphens import ends_parted

_WORD = re.compile(r"\w+")
# A word of a chunk may be cut otherwise than on its page: hyphens, ligatures, joined table cells.
LEAST_FOUND = 0.6


class _Place(NamedTuple):
    page: int
    line: int
    word: Word


class _Token(NamedTuple):
    text: str
    places: tuple[_Place, ...]


def boxes_of(quote: str, pages: Sequence[PageText], around: Sequence[PageBox]) -> list[PageBox]:
    """Boxes of a quote, one for each line that it stands on; none where it isn't found.

    Args:
        pages: The pages that the passage stands on.
        around: Boxes of the passage: the quote is looked for there only.
    """
    wanted = tokens(quote)
    places = list(_whole_words(list(_places(pages, around)), frozenset(wanted)))
    run = _best_run(wanted, [token.text for token in places])
    if run is None:
        return []
    lines: dict[tuple[int, int], list[Word]] = {}
    for token in places[run[0] : run[1]]:
        for place in token.places:
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
    """The words within the passage's boxes, in reading order."""
    for page in pages:
        boxes = [box for box in around if box.page == page.page]
        for number, line in enumerate(page.lines):
            for word in line.words:
                x, y = (word.x0 + word.x1) / 2, (word.y0 + word.y1) / 2
                if any(b.x0 <= x <= b.x1 and b.y0 <= y <= b.y1 for b in boxes):
                    yield _Place(page.page, number, word)


def _whole_words(places: Sequence[_Place], wanted: Collection[str]) -> Iterator[_Token]:
    """Words cut as a quote is; what the end of a line parts is one where the quote has it so."""
    cut = [tokens(place.word.text) for place in places]
    for at, (place, found) in enumerate(zip(places, cut, strict=True)):
        following = cut[at + 1] if at + 1 < len(cut) else []
        if found and following and ends_parted(place.word.text):
            whole = found[-1] + following[0]
            if whole in wanted:
                yield from (_Token(text, (place,)) for text in found[:-1])
                yield _Token(whole, (place, places[at + 1]))
                del following[0]
                continue
        yield from (_Token(text, (place,)) for text in found)


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
