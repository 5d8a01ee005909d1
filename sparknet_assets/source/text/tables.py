"""Tables with rows and columns: those that a source states, and those that lines draw."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise

from resources.ocr import Box, Table, Word
from resources.ocr.geometry import area, overlap, rows_of
from sparknet_assets.artifacts import RenditionTable
from sparknet_assets.source.text.bidi import words_as_read
from sparknet_assets.source.text.reading_order import Segment
from sparknet_assets.source.text.rules import Grid, Rules, grids

# A grid with less text is a chart, a form of boxes or a frame.
FEWEST_CELLS = 4
FILLED = 0.25
MOST_HEADERS = 5
FEWEST_LINES = 3

_YEAR = re.compile(r"(19|20)\d\d")
_NUMBER = re.compile(r"\W{0,3}\d[\d.,']*\W{0,3}|[-\u2013\u2014]+|n/?a", re.IGNORECASE)


def known_tables(tables: Sequence[RenditionTable]) -> list[Table]:
    """Tables of a rendition, as its source file states them."""
    return [
        Table(
            block=0,
            box=table.box,
            rows=table.rows,
            row_boxes=table.row_boxes,
            header_rows=table.header_rows,
        )
        for table in tables
    ]


def ruled_tables(segments: Sequence[Segment], rules: Rules) -> list[Table]:
    """Tables whose cells are parted by drawn lines."""
    words = [word for segment in segments for word in segment.words]
    tables: list[Table] = []
    for grid in sorted(grids(rules), key=lambda grid: -area(grid.box)):
        if any(overlap(grid.box, t.box) for t in tables):
            continue
        table = _from_grid(grid, words)
        if table is not None:
            tables.append(table)
    return tables


def is_number(text: str) -> bool:
    """Whether a cell holds a figure; a year counts as a heading."""
    text = "".join(text.split())
    return bool(_NUMBER.fullmatch(text)) and not _YEAR.fullmatch(text)


def header_rows(rows: Sequence[Sequence[str]]) -> int:
    """How many rows stand above the first label or figure; 1 in a table without figures."""
    for index, row in enumerate(rows[: MOST_HEADERS + 1]):
        if any(is_number(cell) for cell in row[1:]) or (index and row[0] and not any(row[1:])):
            return index
    return 1 if len(rows) > 1 and all(rows[0]) else 0


def joined(words: Iterable[Word]) -> str:
    """The text of a cell, its lines one after the other."""
    held = list(words)
    rows = rows_of([word.box for word in held])
    return " ".join(word.text for row in rows for word in words_as_read([held[i] for i in row]))


def _from_grid(grid: Grid, words: Sequence[Word]) -> Table | None:
    columns, rows = len(grid.xs) - 1, len(grid.ys) - 1
    cells: dict[tuple[int, int], list[Word]] = {}
    for word in words:
        x, y = (word.x0 + word.x1) / 2, (word.y0 + word.y1) / 2
        if grid.xs[0] <= x < grid.xs[-1] and grid.ys[0] <= y < grid.ys[-1]:
            place = bisect_right(grid.ys, y) - 1, bisect_right(grid.xs, x) - 1
            cells.setdefault(grid.first_cell[place], []).append(word)
    areas = len(set(grid.first_cell.values()))
    used = sorted({column for _, column in cells})
    if len(cells) < FEWEST_CELLS or len(cells) < FILLED * areas or len(used) < 2:
        return None
    table: list[list[str]] = []
    boxes: list[Box] = []
    for row in range(rows):
        held = {column: cells.get((row, column), []) for column in range(columns)}
        for top, bottom, parts in _lines_of_row(held, grid.ys[row], grid.ys[row + 1]):
            texts = [joined(parts[column]) for column in used]
            if any(texts):
                table.append(texts)
                boxes.append(Box(grid.xs[0], top, grid.xs[-1], bottom))
    if len(table) < 2:
        return None
    return Table(block=0, box=grid.box, rows=table, row_boxes=boxes, header_rows=header_rows(table))


def _lines_of_row(
    held: dict[int, list[Word]], top: float, bottom: float
) -> list[tuple[float, float, dict[int, list[Word]]]]:
    """Parts a ruled row that holds several rows of figures, without lines between them."""
    words = [word for cell in held.values() for word in cell]
    column_of = {id(word): column for column, cell in held.items() for word in cell}
    lines = []
    figures = others = 0
    for row in rows_of([word.box for word in words]):
        parts: dict[int, list[Word]] = {column: [] for column in held}
        for index in row:
            parts[column_of[id(words[index])]].append(words[index])
        filled = [joined(cell) for cell in parts.values() if cell][1:]
        figures += sum(map(is_number, filled))
        others += len(filled) - sum(map(is_number, filled)) + (not filled)
        lines.append(parts)
    if len(lines) < FEWEST_LINES or figures < 4 * others:
        return [(top, bottom, held)]
    edges = [top]
    for before, after in pairwise(lines):
        lower = max(word.y1 for cell in before.values() for word in cell)
        upper = min(word.y0 for cell in after.values() for word in cell)
        edges.append(min(bottom, max(edges[-1], (lower + upper) / 2)))
    edges.append(bottom)
    return [(a, b, parts) for (a, b), parts in zip(pairwise(edges), lines, strict=True)]
