"""Tables with rows and columns: those that a source states, and those that lines draw."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence

from resources.ocr import Box, Table, Word
from resources.ocr.geometry import rows_of
from sparknet_assets.artifacts import RenditionTable
from sparknet_assets.source.reading_order import Segment
from sparknet_assets.source.rules import Grid, Rules, grids

# A grid with less text is a chart, a form of boxes or a frame.
FEWEST_CELLS = 4
FILLED = 0.25
MOST_CELLS = 4000
MOST_HEADERS = 3

_YEAR = re.compile(r"(19|20)\d\d")
_NUMBER = re.compile(r"[-+(~]?\W?\d[\d.,'\s]*\W?\)?\W?|[-\u2013\u2014]+|n/?a", re.IGNORECASE)


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
    for grid in sorted(grids(rules), key=lambda grid: -_area(grid.box)):
        if len(grid.first_cell) > MOST_CELLS or any(_overlap(grid.box, t.box) for t in tables):
            continue
        table = _from_grid(grid, words)
        if table is not None:
            tables.append(table)
    return tables


def is_number(text: str) -> bool:
    """Whether a cell holds a figure; a year counts as a heading."""
    text = text.strip()
    return bool(_NUMBER.fullmatch(text)) and not _YEAR.fullmatch(text)


def header_rows(rows: Sequence[Sequence[str]]) -> int:
    """How many rows stand above the first one with a figure; 1 in a table without figures."""
    for index, row in enumerate(rows[: MOST_HEADERS + 1]):
        if any(is_number(cell) for cell in row[1:]):
            return index if index <= MOST_HEADERS else 0
    return 1 if len(rows) > 1 and all(rows[0]) else 0


def joined(words: Iterable[Word]) -> str:
    """The text of a cell, its lines one after the other."""
    held = list(words)
    rows = rows_of([word.box for word in held])
    return " ".join(held[index].text for row in rows for index in row)


def _from_grid(grid: Grid, words: Sequence[Word]) -> Table | None:
    columns, rows = len(grid.xs) - 1, len(grid.ys) - 1
    cells: dict[tuple[int, int], list[Word]] = {}
    for word in words:
        x, y = (word.x0 + word.x1) / 2, (word.y0 + word.y1) / 2
        if grid.xs[0] <= x < grid.xs[-1] and grid.ys[0] <= y < grid.ys[-1]:
            place = bisect_right(grid.ys, y) - 1, bisect_right(grid.xs, x) - 1
            cells.setdefault(grid.first_cell[place], []).append(word)
    texts = [
        [joined(cells.get((row, column), ())) for column in range(columns)] for row in range(rows)
    ]
    areas = len(set(grid.first_cell.values()))
    used = [[row[column] for row in texts] for column in range(columns)]
    if len(cells) < FEWEST_CELLS or len(cells) < FILLED * areas or sum(map(any, used)) < 2:
        return None
    kept = [index for index in range(rows) if any(texts[index])]
    wide = [index for index in range(columns) if any(used[index])]
    if len(kept) < 2:
        return None
    table = [[texts[row][column] for column in wide] for row in kept]
    boxes = [Box(grid.xs[0], grid.ys[row], grid.xs[-1], grid.ys[row + 1]) for row in kept]
    return Table(block=0, box=grid.box, rows=table, row_boxes=boxes, header_rows=header_rows(table))


def _area(box: Box) -> float:
    return (box.x1 - box.x0) * (box.y1 - box.y0)


def _overlap(one: Box, other: Box) -> bool:
    return min(one.x1, other.x1) > max(one.x0, other.x0) and min(one.y1, other.y1) > max(
        one.y0, other.y0
    )
