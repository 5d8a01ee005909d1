"""A page that was scanned askew, levelled for putting its text in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from resources.ocr import Box, Line, Table, Word
from sparknet_assets.source.text.reading_order import Segment

# Slopes: less is none, more is no skew of a page but text set at an angle.
LEAST, MOST = 0.004, 0.3
# Lines tell the slope when they are so many times as long as high, from the middle of their first
# word to that of their last, and there are enough of them; the shorter ones in want of longer.
LONG, SHORT = 5.0, 2.0
FEWEST_LINES = 3


@dataclass(frozen=True, slots=True)
class Levelled:
    """Pieces of a page as they would stand on it had it been level.

    Attributes:
        slope: How far lines sink on their way to the right, by that way.
        originals: The words as they were, by the words of `segments`.
    """

    segments: list[Segment]
    slope: float
    aspect: float
    originals: dict[Word, Word]

    def restored(
        self, lines: Sequence[Line], tables: Sequence[Table]
    ) -> tuple[list[Line], list[Table]]:
        """Lines and tables, put together from `segments`, in their places on the page as it is."""
        if not self.slope:
            return list(lines), list(tables)
        return (
            [
                line.model_copy(update={"words": [self.originals[word] for word in line.words]})
                for line in lines
            ],
            [
                table.model_copy(
                    update={
                        "box": self._slanted(table.box),
                        "row_boxes": [self._slanted(box) for box in table.row_boxes],
                    }
                )
                for table in tables
            ],
        )

    def _slanted(self, box: Box) -> Box:
        """The upright box around a level one on the page as it is."""
        corners = [
            _turned(x, y, -self.slope, self.aspect)
            for x in (box.x0, box.x1)
            for y in (box.y0, box.y1)
        ]
        xs, ys = zip(*corners, strict=True)
        x0, y0, x1, y1 = (min(1.0, max(0.0, v)) for v in (min(xs), min(ys), max(xs), max(ys)))
        return Box(round(x0, 5), round(y0, 5), round(x1, 5), round(y1, 5))


def levelled(segments: Sequence[Segment], aspect: float) -> Levelled:
    """Turns the pieces of an upright page by its skew, the median slope of its longer lines.

    Args:
        segments: Pieces of lines, each word with a box along the edges of the page.
        aspect: Width of the page by its height.
    """
    slope = _slope(segments, aspect)
    if not LEAST <= abs(slope) <= MOST:
        return Levelled(list(segments), 0.0, aspect, {})
    originals: dict[Word, Word] = {}
    turned = []
    for segment in segments:
        words = [_level(word, slope, aspect) for word in segment.words]
        originals.update(zip(words, segment.words, strict=True))
        height = median(word.y1 - word.y0 for word in words)
        turned.append(replace(segment, words=words, size=height))
    return Levelled(turned, slope, aspect, originals)


def _slope(segments: Sequence[Segment], aspect: float) -> float:
    slopes: list[tuple[float, float]] = []
    for segment in segments:
        first, last = segment.words[0], segment.words[-1]
        height = median(word.y1 - word.y0 for word in segment.words)
        way = (last.x0 + last.x1 - first.x0 - first.x1) / 2 * aspect
        if way > SHORT * height and not segment.aslant:
            slopes.append((way / height, (last.y0 + last.y1 - first.y0 - first.y1) / 2 / way))
    long = [slope for length, slope in slopes if length > LONG]
    found = long if len(long) >= FEWEST_LINES else [slope for _, slope in slopes]
    return median(found) if len(found) >= FEWEST_LINES else 0.0


def _level(word: Word, slope: float, aspect: float) -> Word:
    """The word turned about the middle of the page, its box as narrow as the letters are."""
    x, y = _turned((word.x0 + word.x1) / 2, (word.y0 + word.y1) / 2, slope, aspect)
    width, height = word.x1 - word.x0, word.y1 - word.y0
    # Of a word at an angle, the box holds the rise as well, and above all in its height.
    height = max(height - abs(slope) * width * aspect, height / 3)
    return word._replace(x0=x - width / 2, y0=y - height / 2, x1=x + width / 2, y1=y + height / 2)


def _turned(x: float, y: float, slope: float, aspect: float) -> tuple[float, float]:
    across, down = (x - 0.5) * aspect, y - 0.5
    length = (1 + slope * slope) ** 0.5
    return (
        0.5 + (across + slope * down) / length / aspect,
        0.5 + (down - slope * across) / length,
    )
