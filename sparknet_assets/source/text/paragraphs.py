"""Rows of a column, and which of them form a paragraph."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from resources.ocr import Box, Table, Word
from sparknet_assets.source.text.reading_order import Segment

# A new paragraph begins after a step of this many usual steps from line to line.
PARAGRAPH_STEP = 1.3
INDENT = 0.8
SAME_SIZE = 0.12
OCR_SAME_SIZE = 0.4


@dataclass(frozen=True, slots=True)
class Row:
    """A line on its way: its words, and what says where its paragraph begins."""

    words: list[Word]
    box: Box
    size: float
    bold: bool
    pieces: list[Segment]
    table: Table | None = None


def paragraphs(rows: list[Row], same_size: float) -> list[list[Row]]:
    """Groups rows, from the top, into paragraphs; a table is one of its own."""
    steps = [
        after.box.y1 - before.box.y1
        for before, after in pairwise(rows)
        if _alike(before, after, same_size) and after.box.y1 > before.box.y1
    ]
    usual = median(steps) if steps else 0.0
    groups: list[list[Row]] = []
    for index, row in enumerate(rows):
        follower = rows[index + 1] if index + 1 < len(rows) else None
        if groups and not _begins(groups[-1][-1], row, follower, usual, same_size):
            groups[-1].append(row)
        else:
            groups.append([row])
    return groups


def _alike(before: Row, after: Row, same_size: float) -> bool:
    if before.table is not None or after.table is not None:
        return False
    return (
        abs(before.size - after.size) <= same_size * max(before.size, after.size)
        and before.bold == after.bold
    )


def _begins(before: Row, row: Row, after: Row | None, usual: float, same_size: float) -> bool:
    """Whether a paragraph begins with `row`."""
    if not _alike(before, row, same_size):
        return True
    height = row.box.y1 - row.box.y0
    step = row.box.y1 - before.box.y1
    if step <= 0 or step > max(PARAGRAPH_STEP * usual, 1.2 * height):
        return True
    indent = INDENT * height
    return (
        after is not None
        and row.box.x0 > before.box.x0 + indent
        and row.box.x0 > after.box.x0 + indent
    )
