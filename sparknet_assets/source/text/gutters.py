"""The gap between two columns of prose."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from statistics import median

from resources.ocr import Box

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
# Where there are more than two columns: the most, and the letters in the median line of each.
MOST_COLUMNS = 8
FEWEST_LETTERS = 18


@dataclass(frozen=True, slots=True)
class Item:
    """Something to be put in order; both sides of its box in heights of the page.

    `key` tells the caller what it is.
    """

    key: int
    box: Box
    characters: int


def find_gutter(items: list[Item]) -> float | None:
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
            if width >= GUTTER * height and parts_prose(items, middle, height, filled):
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


def parts_prose(items: list[Item], x: float, height: float, filled: float) -> bool:
    left = [item for item in items if item.box.x1 <= x]
    right = [item for item in items if item.box.x0 >= x]
    return (
        _holds_prose(left, height, filled)
        and _holds_prose(right, height, filled)
        and _side_by_side(left, right)
    )


def _holds_prose(side: list[Item], height: float, filled: float) -> bool:
    """Whether a side is a column of prose, or several of them: a page may have three or more."""
    return _is_prose(side, height, filled) or _is_columns(side, height, filled)


def _is_columns(side: list[Item], height: float, filled: float) -> bool:
    """Whether gaps that no line crosses part a side into columns of prose, all side by side.

    Three columns of cells are far more common than two: their lines must be as long as those of
    prose are.
    """
    columns: list[list[Item]] = []
    reached = 0.0
    for item in sorted(side, key=lambda item: item.box.x0):
        if not columns or item.box.x0 - reached >= GUTTER * height:
            columns.append([])
            reached = 0.0
        columns[-1].append(item)
        reached = max(reached, item.box.x1)
    return (
        1 < len(columns) <= MOST_COLUMNS
        and all(_is_prose(column, height, filled) for column in columns)
        and all(median(item.characters for item in column) >= FEWEST_LETTERS for column in columns)
        and all(map(_side_by_side, columns, columns[1:]))
    )


def _is_prose(side: list[Item], height: float, filled: float) -> bool:
    """Whether most of the text of a side stands in lines that fill it."""
    if len(side) < FEWEST_LINES:
        return False
    width = max(item.box.x1 for item in side) - min(item.box.x0 for item in side)
    if width < COLUMN_WIDTH * height:
        return False
    full = [
        item.characters
        for item in side
        if item.box.x1 - item.box.x0 >= filled * width and item.characters >= FEWEST_CHARACTERS
    ]
    return len(full) >= FEWEST_LINES and 2 * sum(full) >= sum(item.characters for item in side)


def _side_by_side(left: list[Item], right: list[Item]) -> bool:
    top = max(min(item.box.y0 for item in side) for side in (left, right))
    bottom = min(max(item.box.y1 for item in side) for side in (left, right))
    shorter = min(
        max(item.box.y1 for item in side) - min(item.box.y0 for item in side)
        for side in (left, right)
    )
    return bottom - top > 0.3 * shorter
