"""A page as rows of pieces: words side by side without a wide gap, upright, top to bottom."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from resources.ocr import Box, PageText, Word
from resources.ocr.geometry import turn_box
from resources.vector_store import PageBox
from sparknet_assets.fields.rules.skew import levelled, slope_of

# In heights of the line. Spaces between words take a quarter to a half of it.
WIDE_GAP = 0.95
_LONGEST_LINE = 2_000  # words; what is longer is no line of a form, and is cut there
_MOST_LEVELS = 4
_Placed = tuple[Word, Box]  # the box upright


@dataclass(frozen=True, slots=True)
class Piece:
    """Words of one line that belong together.

    Attributes:
        words: As the page has them; `starts` says where each begins in `text`.
        places: Their boxes upright, and `box` around them, in fractions of the upright page.
        aspect: Height of the page by its width, to compare heights with widths.
        block: The paragraph on the page.
    """

    page: int
    words: tuple[Word, ...]
    text: str
    starts: tuple[int, ...]
    places: tuple[Box, ...]
    box: Box
    aspect: float
    block: int = 0

    @property
    def height(self) -> float:
        return self.box.y1 - self.box.y0

    @property
    def middle(self) -> float:
        return (self.box.y0 + self.box.y1) / 2

    def extent(self, start: int, end: int) -> tuple[float, float]:
        """Left and right of the characters from `start` to before `end`, upright."""
        parts = [
            _part(place, max(start, first) - first, min(end, first + len(word.text)) - first, word)
            for word, place, first in zip(self.words, self.places, self.starts, strict=True)
            if max(start, first) < min(end, first + len(word.text))
        ]
        if not parts:
            return self.box.x0, self.box.x1
        return min(p.x0 for p in parts), max(p.x1 for p in parts)

    def cut(self, start: int, end: int) -> Cut:
        """The characters from `start` to before `end`; of a word cut through, a part of its box."""
        found = range(max(0, bisect_right(self.starts, start) - 1), len(self.words))
        boxes: list[Box] = []
        confidences: list[float] = []
        for index in found:
            first = self.starts[index]
            word = self.words[index]
            left, right = max(start, first), min(end, first + len(word.text))
            if right > left:
                boxes.append(_part(word.box, left - first, right - first, word))
                confidences.append(word.confidence)
        return Cut(self.text[start:end], self.page, boxes, min(confidences, default=0.0))


@dataclass(frozen=True, slots=True)
class Cut:
    """Text from a page with the boxes of its words and the least of their confidences."""

    text: str
    page: int
    boxes: list[Box] = field(default_factory=list)
    confidence: float = 0.0

    @property
    def box(self) -> PageBox | None:
        """One box around the words; None without any."""
        return PageBox(self.page, *around(self.boxes)) if self.boxes else None


@dataclass(frozen=True, slots=True)
class Row:
    """Pieces side by side, from left to right."""

    page: int
    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        return " ".join(piece.text for piece in self.pieces)

    @property
    def top(self) -> float:
        return min(piece.box.y0 for piece in self.pieces)

    @property
    def bottom(self) -> float:
        return max(piece.box.y1 for piece in self.pieces)

    @property
    def height(self) -> float:
        """The height of its pieces, by their median."""
        heights = sorted(piece.height for piece in self.pieces)
        return heights[len(heights) // 2]


def rows_of(page: PageText) -> list[Row]:
    """The rows of a page, from top to bottom."""
    pieces = list(_pieces(page))
    pieces.sort(key=lambda piece: (piece.middle, piece.box.x0))
    rows: list[list[Piece]] = []
    for piece in pieces:
        row = next((r for r in reversed(rows[-3:]) if _beside(r, piece)), None)
        if row is None:
            rows.append([piece])
        else:
            row.append(piece)
    return [Row(page.page, tuple(sorted(r, key=lambda p: p.box.x0))) for r in rows]


def _beside(row: Sequence[Piece], piece: Piece) -> bool:
    """Whether a piece stands on the line of those in a row, by the nearest of them."""
    near = min(row, key=lambda p: abs(p.box.x0 - piece.box.x0))
    overlap = min(near.box.y1, piece.box.y1) - max(near.box.y0, piece.box.y0)
    if overlap <= 0.5 * min(near.height, piece.height):
        return False
    return all(p.box.x1 - piece.box.x0 < 1e-3 or piece.box.x1 - p.box.x0 < 1e-3 for p in row)


def _pieces(page: PageText) -> Iterable[Piece]:
    aspect = page.height / page.width if page.width > 0 and page.height > 0 else 1.0
    if page.rotation % 180:
        aspect = 1 / aspect
    lines: list[tuple[int, list[_Placed]]] = []
    for line in page.lines:
        for start in range(0, len(line.words), _LONGEST_LINE):
            words = [w for w in line.words[start : start + _LONGEST_LINE] if _sound(w)]
            placed = [(word, turn_box(word.box, page.rotation)) for word in words]
            lines.append((line.block, placed))
    slope = slope_of(([box for _, box in placed] for _, placed in lines), aspect)
    for block, placed in lines:
        if slope:
            placed = [(word, levelled(box, slope, aspect)) for word, box in placed]
        for level in _levels(placed):
            yield from _split(level, page.page, aspect, block)


def _levels(words: Sequence[_Placed]) -> list[list[_Placed]]:
    """Words of one line that stand on several, as beside large letters, each line by itself."""
    levels: list[list[_Placed]] = []
    for word, place in words:
        height = place.y1 - place.y0
        for level in levels[-_MOST_LEVELS:]:
            last = level[-1][1]
            overlap = min(last.y1, place.y1) - max(last.y0, place.y0)
            if overlap >= 0.3 * min(last.y1 - last.y0, height):
                level.append((word, place))
                break
        else:
            levels.append([(word, place)])
    return levels


def _split(words: Sequence[_Placed], page: int, aspect: float, block: int) -> Iterable[Piece]:
    start = 0
    for index in range(1, len(words) + 1):
        if index == len(words) or _apart(words[index - 1][1], words[index][1], aspect):
            part = words[start:index]
            yield _piece(page, [w for w, _ in part], [b for _, b in part], aspect, block)
            start = index


def _apart(left: Box, right: Box, aspect: float) -> bool:
    gap = max(right.x0 - left.x1, left.x0 - right.x1)
    height = max(left.y1 - left.y0, right.y1 - right.y0)
    return gap > WIDE_GAP * height * aspect


def _piece(
    page: int, words: Sequence[Word], boxes: Sequence[Box], aspect: float, block: int
) -> Piece:
    starts = list(accumulate((len(word.text) + 1 for word in words[:-1]), initial=0))
    text = " ".join(word.text for word in words)
    return Piece(
        page, tuple(words), text, tuple(starts), tuple(boxes), around(boxes), aspect, block
    )


def joined(row: Row) -> Piece:
    """All pieces of a row as one."""
    if len(row.pieces) == 1:
        return row.pieces[0]
    words = [word for piece in row.pieces for word in piece.words]
    places = [place for piece in row.pieces for place in piece.places]
    first = row.pieces[0]
    return _piece(row.page, words, places, first.aspect, first.block)


def columns_of(rows: Sequence[Row]) -> list[list[Piece]]:
    """The pieces of rows one below the other: each under one that it overlaps or starts with."""
    columns: list[list[Piece]] = []
    for row in rows:
        for piece in row.pieces:
            above = [c for c in columns if _under(c[-1], piece)]
            if above:
                max(above, key=lambda c: c[-1].box.y1).append(piece)
            else:
                columns.append([piece])
    return columns


def _under(above: Piece, piece: Piece) -> bool:
    overlap = min(above.box.x1, piece.box.x1) - max(above.box.x0, piece.box.x0)
    return overlap > 0 and above.box.y0 < piece.box.y0


def around(boxes: Sequence[Box]) -> Box:
    """The smallest box that holds these, which are at least one."""
    return Box(
        min(b.x0 for b in boxes),
        min(b.y0 for b in boxes),
        max(b.x1 for b in boxes),
        max(b.y1 for b in boxes),
    )


def _sound(word: Word) -> bool:
    numbers = (word.x0, word.y0, word.x1, word.y1, word.confidence)
    return bool(word.text.strip()) and all(map(math.isfinite, numbers))


def _part(box: Box, left: int, right: int, word: Word) -> Box:
    """The share of a word's box that some of its characters take, as if all were equally wide."""
    length = len(word.text)
    upright = box.y1 - box.y0 > 2 * (box.x1 - box.x0)
    if (left <= 0 and right >= length) or (upright and length > 1):
        return box
    width = box.x1 - box.x0
    return Box(box.x0 + width * left / length, box.y0, box.x0 + width * right / length, box.y1)
