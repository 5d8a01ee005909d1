"""The stretches of a region, one below the other, that its gutter parts or that reach across."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from enum import Enum, auto
from itertools import groupby
from statistics import median

from resources.ocr import Box
from sparknet_assets.source.text.gutters import FILLED, Item, parts_prose

# Of the lower of two boxes, how much of its height they share when they stand side by side.
BESIDE = 0.3


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
    kinds: dict[int, Band] = {}
    for item, beside in zip(crossing, _beside(crossing, items), strict=True):
        kinds[item.key] = Band.OTHERWISE_PARTED if beside else Band.ACROSS
        kinds.update((other.key, Band.OTHERWISE_PARTED) for other in beside)
    bands = _grouped(items, kinds)
    merged = _with_surroundings(bands, gutter)
    if len(merged) > 1:
        return merged
    return _grouped(items, dict.fromkeys((item.key for item in crossing), Band.ACROSS))


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
