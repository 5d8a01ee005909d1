"""The stretches of a region, one below the other, that its gutter parts or that reach across."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from enum import Enum, auto
from itertools import groupby
from statistics import median

from resources.ocr import Box
from sparknet_assets.source.text.gutters import FILLED, GUTTER, Item, parts_prose

# Of the lower of two boxes, how much of its height they share when they stand side by side.
BESIDE = 0.3
# Of a region's characters, the most that are set into the middle of two columns: a caption, a
# quotation. More are a column of their own.
INSET = 0.1


class Band(Enum):
    """What a stretch of a region, from one height to another, has to do with its gutter."""

    PARTED = auto()
    # A title, a wide figure: what stands above and below it is read before and after it.
    ACROSS = auto()
    # Lines cross the gutter beside other lines: columns of other widths, with a gutter of theirs.
    OTHERWISE_PARTED = auto()


def bands_of(items: list[Item], gutter: float) -> list[tuple[Band, list[Item]]]:
    """Parts a region by what crosses its gutter, from the top."""
    crossing = [item for item in items if item.box.x0 < gutter < item.box.x1]
    beside = dict(zip((i.key for i in crossing), _beside(crossing, items), strict=True))
    inset = _insets(items, crossing, beside, gutter)
    left_out = {item.key for item in inset}
    kinds: dict[int, Band] = {}
    for item in crossing:
        others = [other for other in beside[item.key] if other.key not in left_out]
        kinds[item.key] = Band.OTHERWISE_PARTED if others else Band.ACROSS
        if item.key not in left_out:
            kinds.update((other.key, Band.OTHERWISE_PARTED) for other in others)
    rest = [item for item in items if item.key not in left_out]
    bands = _with_surroundings(_grouped(rest, kinds), gutter)
    if len(bands) == 1:
        bands = _grouped(rest, dict.fromkeys(kinds, Band.ACROSS))
    return _with_insets(bands, inset)


def _insets(
    items: list[Item], crossing: list[Item], beside: dict[int, list[Item]], gutter: float
) -> list[Item]:
    """What crosses the gutter because it is set into the middle of two columns."""
    inset = [item for item in crossing if _is_flanked(item, beside[item.key])]
    if sum(i.characters for i in inset) > INSET * sum(i.characters for i in items):
        return []
    keys = {item.key for item in inset}
    rest = [item for item in items if item.key not in keys]
    across = {item.key: Band.ACROSS for item in crossing}
    columns = [held for kind, held in _grouped(rest, across) if _shows((kind, held), gutter)]
    return [
        item
        for item in inset
        if any(
            min(i.box.y0 for i in held) < item.box.y0 and item.box.y1 < max(i.box.y1 for i in held)
            for held in columns
        )
    ]


def _is_flanked(item: Item, others: list[Item]) -> bool:
    """Whether an item has others on both sides, as far away as a gutter is wide."""
    left = [item.box.x0 - other.box.x1 for other in others if other.box.x1 <= item.box.x0]
    right = [other.box.x0 - item.box.x1 for other in others if other.box.x0 >= item.box.x1]
    least = GUTTER * (item.box.y1 - item.box.y0)
    return bool(left and right) and min(left + right) >= least


def _with_insets(
    bands: list[tuple[Band, list[Item]]], inset: list[Item]
) -> list[tuple[Band, list[Item]]]:
    """Puts what is set into the middle of two columns after the band that it stands in."""
    result: list[tuple[Band, list[Item]]] = []
    waiting = sorted(inset, key=lambda item: item.box.y0 + item.box.y1)
    for number, band in enumerate(bands, start=1):
        result.append(band)
        bottom = max(item.box.y1 for item in band[1])
        held = [i for i in waiting if number == len(bands) or i.box.y0 + i.box.y1 <= 2 * bottom]
        if held:
            result.append((Band.ACROSS, held))
            waiting = waiting[len(held) :]
    return result


def _grouped(items: list[Item], kinds: dict[int, Band]) -> list[tuple[Band, list[Item]]]:
    by_height = sorted(items, key=lambda item: item.box.y0 + item.box.y1)
    return [
        (kind, list(group))
        for kind, group in groupby(by_height, key=lambda item: kinds.get(item.key, Band.PARTED))
    ]


def _beside(some: list[Item], items: list[Item]) -> list[list[Item]]:
    """What each has to its left and right."""
    by_top = sorted(items, key=lambda item: item.box.y0)
    tops = [item.box.y0 for item in by_top]
    tallest = max(item.box.y1 - item.box.y0 for item in items)
    return [
        [
            other
            for other in by_top[
                bisect_left(tops, item.box.y0 - tallest) : bisect_right(tops, item.box.y1)
            ]
            if _stand_side_by_side(item.box, other.box)
        ]
        for item in some
    ]


def _stand_side_by_side(one: Box, other: Box) -> bool:
    overlap = min(one.y1, other.y1) - max(one.y0, other.y0)
    return (one.x1 <= other.x0 or other.x1 <= one.x0) and overlap > BESIDE * min(
        one.y1 - one.y0, other.y1 - other.y0
    )


def _with_surroundings(
    bands: list[tuple[Band, list[Item]]], gutter: float
) -> list[tuple[Band, list[Item]]]:
    """Joins bands that are parted otherwise with all around them that shows no sign of the gutter.

    The shorter lines among columns of other widths do not reach as far as the gutter.
    """
    result: list[tuple[Band, list[Item]]] = []
    for sure, group in groupby(bands, key=lambda band: _shows(band, gutter)):
        run = list(group)
        while not sure and run and run[0][0] is Band.ACROSS:
            result.append(run.pop(0))
        tail: list[tuple[Band, list[Item]]] = []
        while not sure and run and run[-1][0] is Band.ACROSS:
            tail.insert(0, run.pop())
        if any(kind is Band.OTHERWISE_PARTED for kind, _ in run):
            run = [(Band.OTHERWISE_PARTED, [item for _, band in run for item in band])]
        result += run + tail
    return result


def _shows(band: tuple[Band, list[Item]], gutter: float) -> bool:
    kind, items = band
    if kind is not Band.PARTED:
        return False
    height = median(item.box.y1 - item.box.y0 for item in items)
    return parts_prose(items, gutter, height, FILLED)
