"""In which order the pieces of a page are read: columns one after the other, tables row by row."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median

from resources.ocr import Box, Word
from resources.ocr.geometry import rows_of
from sparknet_assets.source.text.bands import Band, bands_of
from sparknet_assets.source.text.gutters import FEWEST_LINES, Item, find_gutter

# In heights of a line: what stands apart from columns by more is no part of them.
APART = 2.0


@dataclass(frozen=True)
class Segment:
    """A piece of a line, without wide gaps inside.

    Attributes:
        size: Height of the font, or of the box where that is unknown, in fractions of the page.
        bold: Whether nearly all of it is.
        aslant: It does not run along the lines of the page: a note up the margin, a watermark.
    """

    words: list[Word]
    size: float
    bold: bool = False
    aslant: bool = False

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
    gutter = find_gutter(items)
    if gutter is None:
        return [items] if items else []
    regions: list[list[Item]] = []
    for kind, band in bands_of(items, gutter):
        if kind is Band.ACROSS:
            regions.append(band)
        elif kind is Band.OTHERWISE_PARTED:
            regions.extend(_regions(band, right_to_left))
        else:
            above, band, below = _trimmed(band)
            left = [item for item in band if item.box.x1 <= gutter]
            right = [item for item in band if item.box.x1 > gutter]
            sides = (right, left) if right_to_left else (left, right)
            regions += [above] if above else []
            for side in sides:
                regions.extend(_regions(side, right_to_left))
            regions += [below] if below else []
    return regions


def _trimmed(items: list[Item]) -> tuple[list[Item], list[Item], list[Item]]:
    """Takes few lines off, at the top and the bottom, that stand well apart: a running title."""
    rows = rows_of([item.box for item in items])
    height = median(item.box.y1 - item.box.y0 for item in items)
    first, last = 0, len(rows)
    bottom = 0.0
    for index, row in enumerate(rows):
        if index and min(items[i].box.y0 for i in row) - bottom > APART * height:
            if index < FEWEST_LINES:
                first = index
            elif len(rows) - index < FEWEST_LINES:
                last = min(last, index)
        bottom = max(bottom, *(items[i].box.y1 for i in row))
    parts = rows[:first], rows[first:last], rows[last:]
    above, within, below = ([items[i] for row in part for i in row] for part in parts)
    return above, within, below
