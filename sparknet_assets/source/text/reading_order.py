"""In which order the pieces of a page are read: columns one after the other, tables row by row."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from statistics import median

from resources.ocr import Box, Word
from resources.ocr.geometry import rows_of

BINS = 240
MOST_DEPTHS = 24
# A gutter is at least this wide, in heights of a line, and few lines of its page cross it; more may
# where its columns are clearly prose, set in the middle of wider text.
GUTTER = 0.6
FEW_CROSSING = 0.25
MOST_CROSSING = 0.65
# What makes a side of a gutter a column of prose and not one of a table: wide enough, several
# lines, and lines that fill it.
COLUMN_WIDTH = 7.0
FEWEST_LINES = 3
FEWEST_CHARACTERS = 10
FILLED = 0.5
CLEARLY_FILLED = 0.8


@dataclass(frozen=True)
class Segment:
    """A piece of a line, without wide gaps inside.

    Attributes:
        size: Height of the font, or of the box where that is unknown, in fractions of the page.
    """

    words: list[Word]
    size: float
    bold: bool = False

    @cached_property
    def box(self) -> Box:
        return Box(
            min(w.x0 for w in self.words),
            min(w.y0 for w in self.words),
            max(w.x1 for w in self.words),
            max(w.y1 for w in self.words),
        )

    @cached_property
    def characters(self) -> int:
        return sum(len(word.text) for word in self.words)


@dataclass(frozen=True, slots=True)
class Item:
    """Something to be put in order; both sides of its box in heights of the page.

    `key` tells the caller what it is.
    """

    key: int
    box: Box
    characters: int


def runs_right_to_left(words: Sequence[Word]) -> bool:
    """Whether most letters are of a script written from right to left."""
    balance = 0
    for character, number in Counter("".join(word.text for word in words)).items():
        direction = unicodedata.bidirectional(character)
        balance += number * ((direction in ("R", "AL")) - (direction == "L"))
    return balance > 0


def reading_order(items: Sequence[Item], right_to_left: bool = False) -> list[list[list[int]]]:
    """Orders items.

    Returns:
        Columns in reading order; each a list of rows from the top; each row the keys of the items
        that stand side by side, in the direction of the script.
    """
    columns: list[list[list[int]]] = []
    for region in _regions(list(items), right_to_left):
        rows = [[region[index] for index in row] for row in rows_of([item.box for item in region])]
        columns.append([[item.key for item in _directed(row, right_to_left)] for row in rows])
    return columns


def _directed(row: list[Item], right_to_left: bool) -> list[Item]:
    return row[::-1] if right_to_left else row


def _regions(items: list[Item], right_to_left: bool) -> list[list[Item]]:
    gutter = _gutter(items)
    if gutter is None:
        return [items] if items else []
    # What crosses the gutter (a title, a wide figure) parts the page into bands, read one by one.
    crossing = {item.key for item in items if item.box.x0 < gutter < item.box.x1}
    regions: list[list[Item]] = []
    by_height = sorted(items, key=lambda item: item.box.y0 + item.box.y1)
    for spans, group in groupby(by_height, key=lambda item: item.key in crossing):
        band = list(group)
        if spans:
            regions.append(band)
            continue
        left = [item for item in band if item.box.x1 <= gutter]
        right = [item for item in band if item.box.x1 > gutter]
        for side in (right, left) if right_to_left else (left, right):
            regions.extend(_regions(side, right_to_left))
    return regions


def _gutter(items: list[Item]) -> float | None:
    """The x in the middle of the best gap between two columns of prose."""
    if len(items) < 2 * FEWEST_LINES:
        return None
    height = median(item.box.y1 - item.box.y0 for item in items)
    start, end = min(item.box.x0 for item in items), max(item.box.x1 for item in items)
    if height <= 0 or end - start < 2 * COLUMN_WIDTH * height:
        return None
    step = (end - start) / BINS
    cover = [0] * BINS
    for item in items:
        first = max(0, int((item.box.x0 - start) / step + 0.5))
        for position in range(first, min(BINS, int((item.box.x1 - start) / step + 0.5))):
            cover[position] += 1
    best: tuple[float, float] | None = None
    for crossed in sorted(set(cover))[:MOST_DEPTHS]:
        if crossed > MOST_CROSSING * len(items):
            break
        filled = FILLED if crossed <= FEW_CROSSING * len(items) else CLEARLY_FILLED
        for first, last in _runs(cover, crossed):
            width = (last - first) * step
            middle = start + (first + last) / 2 * step
            if width >= GUTTER * height and _parts_prose(items, middle, height, filled):
                best = max(best or (0.0, 0.0), (width, middle))
        if best:
            return best[1]
    return None


def _runs(cover: list[int], most: int) -> list[tuple[int, int]]:
    """Stretches of bins, inside the region, that at most `most` items cover."""
    runs = []
    position = 0
    for clear, group in groupby(cover, key=lambda count: count <= most):
        length = len(list(group))
        if clear and position > 0 and position + length < len(cover):
            runs.append((position, position + length))
        position += length
    return runs


def _parts_prose(items: list[Item], x: float, height: float, filled: float) -> bool:
    left = [item for item in items if item.box.x1 <= x]
    right = [item for item in items if item.box.x0 >= x]
    return (
        _is_prose(left, height, filled)
        and _is_prose(right, height, filled)
        and _side_by_side(left, right)
    )


def _is_prose(side: list[Item], height: float, filled: float) -> bool:
    if len(side) < FEWEST_LINES:
        return False
    width = max(item.box.x1 for item in side) - min(item.box.x0 for item in side)
    return (
        width >= COLUMN_WIDTH * height
        and median(item.characters for item in side) >= FEWEST_CHARACTERS
        and median(item.box.x1 - item.box.x0 for item in side) >= filled * width
    )


def _side_by_side(left: list[Item], right: list[Item]) -> bool:
    top = max(min(item.box.y0 for item in side) for side in (left, right))
    bottom = min(max(item.box.y1 for item in side) for side in (left, right))
    shorter = min(
        max(item.box.y1 for item in side) - min(item.box.y0 for item in side)
        for side in (left, right)
    )
    return bottom - top > 0.3 * shorter
