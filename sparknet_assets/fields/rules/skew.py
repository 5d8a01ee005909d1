"""How far the lines of a scan slope, told from the words that stand side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from resources.ocr import Box

_LEAST, _MOST = 0.004, 0.2  # of the slope; below it nothing moves by a line, above it is no skew
_FEWEST_RUNS = 4
_LONG = 6.0  # heights of a line that a run must be long to tell a slope
_APART = 1.2  # heights
_ALIKE, _AGREE = 0.012, 0.6


def slope_of(lines: Iterable[Sequence[Box]], aspect: float) -> float:
    """The slope of the lines of a page, downwards to the right; 0 where they do not agree on one.

    Args:
        lines: The boxes of the words of each line, upright, in fractions of the page.
        aspect: Height of the page by its width.
    """
    slopes = sorted(
        (run[-1].y0 + run[-1].y1 - run[0].y0 - run[0].y1)
        / (run[-1].x0 + run[-1].x1 - run[0].x0 - run[0].x1)
        * aspect
        for words in lines
        for run in _runs(words, aspect)
    )
    if len(slopes) < _FEWEST_RUNS:
        return 0.0
    middle = slopes[len(slopes) // 2]
    alike = sum(abs(slope - middle) < _ALIKE for slope in slopes)
    if not _LEAST < abs(middle) < _MOST or alike < _AGREE * len(slopes):
        return 0.0
    return middle


def levelled(box: Box, slope: float, aspect: float) -> Box:
    """A box turned about the middle of the page until lines of this slope are level."""
    up = slope * ((box.x0 + box.x1) / 2 - 0.5) / aspect
    right = slope * ((box.y0 + box.y1) / 2 - 0.5) * aspect
    return Box(box.x0 + right, box.y0 - up, box.x1 + right, box.y1 - up)


def _runs(words: Sequence[Box], aspect: float) -> Iterable[Sequence[Box]]:
    """Words without wide gaps, and long enough together."""
    start = 0
    for end in range(1, len(words) + 1):
        if end < len(words) and _near(words[end - 1], words[end], aspect):
            continue
        run = words[start:end]
        start = end
        height = max(box.y1 - box.y0 for box in run) * aspect
        if len(run) > 1 and run[-1].x1 - run[0].x0 > _LONG * height:
            yield run


def _near(left: Box, right: Box, aspect: float) -> bool:
    height = max(left.y1 - left.y0, right.y1 - right.y0)
    overlap = min(left.y1, right.y1) - max(left.y0, right.y0)
    return 0 < right.x0 - left.x1 + height * aspect < (1 + _APART) * height * aspect and (
        overlap > 0.5 * min(left.y1 - left.y0, right.y1 - right.y0)
    )
