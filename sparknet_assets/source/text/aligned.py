"""Tables without lines between their cells, found by what stands below each other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from resources.ocr import Box, Table, Word
from resources.ocr.geometry import around
from sparknet_assets.source.text.reading_order import Segment
from sparknet_assets.source.text.tables import header_rows, is_number, joined

FEWEST_ROWS = 3
# Gaps in heights of a line: wider parts two cells; wider, downwards, ends a table.
CELL_GAP = 0.85
ROW_GAP = 2.6
TOP_GAP = 1.2
COLUMN_GAP = 0.4
MOST_BETWEEN = 2
# Of the rows, how many may cross the gap between two columns, and must have two cells or more.
MOST_CROSSING = 0.08
FILLED = 0.6
# Two columns of longer texts are prose side by side.
LONGEST_TEXT = 60
# A cell of so much of the width, and so many words, is a sentence.
WIDEST = 0.6
FEWEST_WORDS = 8
# Gap between words, in heights of a line, at which a cell across two columns is two cells.
WORD_GAP = 0.45

# Leaders ("......", "-----") part cells and are not text.
_LEADER = re.compile(r"[._\u2026\u00b7-]{4,}|\W(?: \W){3,}")
# What belongs to the figure after it, and to the one before it, however far away it stands.
_BEFORE = re.compile(r"[$€£¥(\[]{1,2}|RM|US\$")
_AFTER = re.compile(r"[%)\]*†‡]{1,3}")
_BULLET = re.compile(r"\W|[\divxlcIVXLC]{1,4}[.)]|\(?\w{1,2}[.)]|[•●▪◦\uf0b7-]")


@dataclass(frozen=True, slots=True)
class Found:
    """A table over the rows from `first` up to, not including, `last`."""

    first: int
    last: int
    table: Table


@dataclass(frozen=True, slots=True)
class _Cell:
    words: list[Word]
    x0: float
    x1: float


def aligned_tables(rows: Sequence[Sequence[Segment]], aspect: float) -> list[Found]:
    """Finds tables in the rows of one column of a page.

    Args:
        rows: From the top; each the pieces of text that stand side by side.
        aspect: Width of the page by its height.
    """
    if len(rows) < FEWEST_ROWS:
        return []
    boxes = [around(piece.box for piece in row) for row in rows]
    height = median(piece.box.y1 - piece.box.y0 for row in rows for piece in row)
    unit = height / max(aspect, 1e-6)
    cells = [_cells(row, unit) for row in rows]
    found = []
    free = 0
    for begin, last in _stretches(cells, boxes, height):
        first = _with_top(cells, boxes, free, begin, last, unit)
        free = last
        table = _table(cells[first:last], boxes[first:last], unit, begin - first)
        if table is not None:
            found.append(Found(first, last, table))
    return found


def _cells(row: Sequence[Segment], unit: float) -> list[_Cell]:
    """Joins what stands close together, and lone currency signs with their figure."""
    words = sorted((word for piece in row for word in piece.words), key=lambda word: word.x0)
    cells: list[_Cell] = []
    parted = False
    for word in words:
        if _LEADER.fullmatch(word.text):
            parted = True
            continue
        last = cells[-1] if cells and not parted else None
        parted = False
        if (
            last is not None
            and not _BEFORE.fullmatch(word.text)
            and (
                word.x0 - last.x1 < CELL_GAP * unit
                or (_BEFORE.fullmatch(last.words[-1].text) and len(last.words) == 1)
                or (_AFTER.fullmatch(word.text) and word.x0 - last.x1 < 3 * CELL_GAP * unit)
            )
        ):
            cells[-1] = _Cell([*last.words, word], last.x0, max(last.x1, word.x1))
        else:
            cells.append(_Cell([word], word.x0, word.x1))
    return cells


def _stretches(cells: list[list[_Cell]], boxes: list[Box], height: float) -> list[tuple[int, int]]:
    """Rows of two cells or more that follow each other, few rows of one cell between them."""
    stretches = []
    width = max(box.x1 for box in boxes) - min(box.x0 for box in boxes)
    first: int | None = None
    last = 0
    for index, row in enumerate(cells):
        if first is not None and (
            boxes[index].y0 - boxes[index - 1].y1 > ROW_GAP * height
            or index - last > MOST_BETWEEN + 1
        ):
            stretches.append((first, last + 1))
            first = None
        if _is_several(row, width):
            first = index if first is None else first
            last = index
    if first is not None:
        stretches.append((first, last + 1))
    return [(a, b) for a, b in stretches if sum(len(r) > 1 for r in cells[a:b]) >= FEWEST_ROWS]


def _with_top(
    cells: list[list[_Cell]], boxes: list[Box], free: int, first: int, last: int, unit: float
) -> int:
    """Where a table begins: with what stands over its columns, but for the first, as a heading."""
    edges = _column_edges(cells[first:last], unit)
    if not edges:
        return first
    right = max(cell.x1 for row in cells[first:last] for cell in row)
    top = first
    for index in range(first - 1, max(free, first - MOST_BETWEEN) - 1, -1):
        gap = boxes[index + 1].y0 - boxes[index].y1
        if len(cells[index]) != 1 or gap > TOP_GAP * (boxes[index].y1 - boxes[index].y0):
            break
        cell = cells[index][0]
        if edges[0] < cell.x0 and cell.x1 <= right + unit and len(cell.words) < FEWEST_WORDS:
            top = index
    return top


def _is_several(row: list[_Cell], width: float) -> bool:
    """Whether a row has two cells or more; a footnote with its mark has not."""
    return len(row) > 1 and not any(
        cell.x1 - cell.x0 > WIDEST * width and len(cell.words) >= FEWEST_WORDS for cell in row
    )


def _table(cells: list[list[_Cell]], boxes: list[Box], unit: float, tops: int) -> Table | None:
    edges = _column_edges(cells, unit)
    if len(edges) < 1:
        return None
    rows: list[list[str]] = []
    for number, row in enumerate(cells):
        columns: list[list[Word]] = [[] for _ in range(len(edges) + 1)]
        if number < tops and len(row) == 1:
            # What stands alone over all columns is said in the first of them.
            columns[1] = row[0].words
            row = []
        for cell in row:
            for words in _parts(cell, edges, unit):
                columns[sum(edge < words[0].x0 + 0.2 * unit for edge in edges)].extend(words)
        rows.append([joined(column) for column in columns])
    if not _convincing(rows):
        return None
    return Table(
        block=0,
        box=around(boxes),
        rows=rows,
        row_boxes=boxes,
        header_rows=header_rows(rows),
    )


def _parts(cell: _Cell, edges: list[float], unit: float) -> list[list[Word]]:
    """Parts a cell at edges where its words stand apart: headings often nearly touch."""
    parts = [[cell.words[0]]]
    for before, word in pairwise(cell.words):
        apart = word.x0 - before.x1 > WORD_GAP * unit
        if apart and any(before.x1 - 0.2 * unit <= edge <= word.x0 + 0.2 * unit for edge in edges):
            parts.append([word])
        else:
            parts[-1].append(word)
    return parts


def _column_edges(cells: list[list[_Cell]], unit: float) -> list[float]:
    """The middles of the gaps that hardly any cell of a row with several cells crosses."""
    drawn = [cell for row in cells for cell in row]
    width = max(cell.x1 for cell in drawn) - min(cell.x0 for cell in drawn)
    several = [row for row in cells if _is_several(row, width)]
    if len(several) < FEWEST_ROWS:
        return []
    spans = sorted((cell.x0, cell.x1) for row in several for cell in row)
    events = sorted([(x0, 1) for x0, _ in spans] + [(x1, -1) for _, x1 in spans])
    most = MOST_CROSSING * len(several)
    edges: list[float] = []
    depth, opened = 0, events[0][0]
    clear = False
    for x, change in events:
        if clear and depth <= most < depth + change:
            if x - opened >= COLUMN_GAP * unit:
                edges.append((opened + x) / 2)
            clear = False
        depth += change
        if change < 0 and depth <= most and not clear:
            clear, opened = True, x
    return edges


def _convincing(rows: list[list[str]]) -> bool:
    several = [row for row in rows if sum(map(bool, row)) > 1]
    if len(several) < FEWEST_ROWS or len(several) < FILLED * len(rows):
        return False
    firsts = [row[0] for row in several if row[0]]
    if len(rows[0]) == 2 and 2 * sum(bool(_BULLET.fullmatch(t)) for t in firsts) > len(firsts):
        return False
    others = [cell for row in several for cell in row[1:] if cell]
    if not others:
        return False
    if 3 * sum(map(is_number, others)) >= len(others):
        return True
    longest = max(median(map(len, firsts)) if firsts else 0, median(map(len, others)))
    return longest <= LONGEST_TEXT and (len(rows[0]) > 2 or len(several) > FEWEST_ROWS)
