"""How wide a table's columns are, and the pieces that a table is cut into to fit on pages."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

PORTRAIT, LANDSCAPE = 515.0, 762.0  # points between the margins of A4
WIDEST = 4000.0
_WIDEST_CHARACTER = 9.3  # points, at the 9 pt of a cell
PADDING = 8.5  # points; padding and border of a cell, and room for rounding
_LINE = 11.0
_NATURAL, _FLOOR = 220.0, 90.0


@dataclass(frozen=True, slots=True)
class Layout:
    """A run of columns of a table that goes on one page, with its widths in points."""

    first: int
    widths: tuple[float, ...]

    @property
    def width(self) -> float:
        return sum(self.widths)


def layouts(rows: Sequence[Sequence[str]]) -> list[Layout]:
    """Fits the columns to a portrait page, a landscape one, or a page as wide as they need.

    A table wider than `WIDEST` is cut into groups of columns.
    """
    count = len(rows[0])
    natural = [PADDING + 10.0] * count
    floor = list(natural)
    cap = _NATURAL * 2 if count < 3 else _NATURAL
    for row in rows:
        for column, cell in enumerate(row):
            if not cell:
                continue
            most = len(cell) * _WIDEST_CHARACTER + PADDING + 1
            if natural[column] < min(most, cap):
                widest = max(map(extent, cell.split("\n")))
                natural[column] = max(natural[column], widest + PADDING + 1)
            if floor[column] < min(most, _FLOOR):
                word = max(map(extent, cell.split()), default=0.0)
                floor[column] = max(floor[column], word + PADDING + 1)
    natural = [min(width, cap) for width in natural]
    floor = [min(width, _FLOOR) for width in floor]
    return [_fit(first, natural[first:last], floor[first:last]) for first, last in _cut(natural)]


def _cut(widths: Sequence[float]) -> Iterator[tuple[int, int]]:
    first, total = 0, 0.0
    for column, width in enumerate(widths):
        if total + width > WIDEST:
            yield first, column
            first, total = column, 0.0
        total += width
    yield first, len(widths)


def _fit(first: int, natural: list[float], floor: list[float]) -> Layout:
    total, least = sum(natural), sum(floor)
    for room in (PORTRAIT, LANDSCAPE):
        if total <= room:
            return Layout(first, tuple(natural))
        if least <= room and total <= 2 * room:
            spare = (room - least) / (total - least)
            return Layout(
                first,
                tuple(f + (n - f) * spare for n, f in zip(natural, floor, strict=True)),
            )
    return Layout(first, tuple(natural))


@lru_cache(maxsize=1)
def _advances() -> list[float]:
    """Width in points of each ASCII character in 9 pt bold, the widest that a cell is set in."""
    import pymupdf

    font = pymupdf.Font("hebo")
    return [9.0 * font.glyph_advance(code) if code >= 32 else 0.0 for code in range(128)]


@lru_cache(maxsize=8192)
def _other(character: str) -> float:
    return 9.2 if unicodedata.east_asian_width(character) in "WF" else 6.0


def extent(text: str) -> float:
    """Width of a line of text in points, on the high side."""
    advance = _advances().__getitem__
    if text.isascii():
        return sum(map(advance, text.encode("ascii")))
    return sum(advance(ord(c)) if c < "\x80" else _other(c) for c in text)


def height(row: Sequence[str], layout: Layout) -> float:
    """Estimate of a row's height, points; errs on the high side."""
    lines = 1.0
    for width, cell in zip(layout.widths, row, strict=True):
        room = max(width - PADDING, _WIDEST_CHARACTER)
        if len(cell) * _WIDEST_CHARACTER > room or "\n" in cell:
            lines = max(lines, sum(1.1 * extent(line) // room + 1.2 for line in cell.split("\n")))
    return lines * _LINE + 5.0


def parts(row: Sequence[str], layout: Layout, room: float) -> list[list[str]]:
    """The row itself, or the pieces of a row that is higher than `room` points."""
    if height(row, layout) <= room:
        return [list(row)]
    limit = max(int(room / _LINE / 1.5), 1)
    columns = []
    for width, cell in zip(layout.widths, row, strict=True):
        size = max(width - PADDING, _WIDEST_CHARACTER) * limit
        columns.append(list(_pieces(cell, size, limit)))
    longest = max(map(len, columns))
    return [[c[part] if part < len(c) else "" for c in columns] for part in range(longest)]


def _pieces(text: str, size: float, lines: int) -> Iterator[str]:
    """Cuts text at spaces into pieces of at most `size` points in all and `lines` lines."""
    piece: list[str] = []
    used = 0.0
    breaks = 0
    for line in text.split("\n"):
        for start, word in enumerate(_short_words(line, size)):
            if piece and used + extent(word) + 3 > size:
                yield "".join(piece)
                piece, used, breaks = [], 0.0, 0
            if piece:
                piece.append(" " if start else "\n")
            piece.append(word)
            used += extent(word) + 3
        breaks += 1
        if piece and breaks >= lines:
            yield "".join(piece)
            piece, used, breaks = [], 0.0, 0
    if piece:
        yield "".join(piece)


def _short_words(line: str, size: float) -> Iterator[str]:
    step = max(int(size / _WIDEST_CHARACTER / 2), 1)
    for word in line.split():
        for start in range(0, len(word), step):
            yield word[start : start + step]
