"""A table of a web page while it is read: spans, headings, and whether it is a table at all."""

from __future__ import annotations

from resources.failure import FailureKind, SparknetError
from sparknet_assets.source.readers.markup import Block, Grid, Heading, Paragraph, Picture, grid

MOST_SPAN = 1000


class OpenTable:
    """Takes rows and cells as they come.

    Attributes:
        size: Cells so far, those that spans cover included.
    """

    def __init__(self, room: int) -> None:
        """`room` is how many cells it may have, lest a few spans fill the memory."""
        self.size = 0
        self._room = room
        self.in_cell = False
        self.in_head = False
        self._rows: list[list[list[Block]]] = []
        self._headings: list[bool] = []
        self._carried: dict[int, int] = {}  # column -> rows that a span still covers
        self._span = 1, 1

    def row(self) -> None:
        """Begins a row."""
        self._rows.append([])
        self._headings.append(True)

    def cell(self, heading: bool, columns: str | None, rows: str | None) -> None:
        """Begins a cell; `columns` and `rows` are its spans as written."""
        if not self._rows:
            self.row()
        if not heading and not self.in_head:
            self._headings[-1] = False
        row = self._rows[-1]
        while self._carried.get(len(row), 0) > 0:
            self._carried[len(row)] -= 1
            row.append([])
            self._count(1)
        row.append([])
        self._span = _span(columns), _span(rows)
        self.in_cell = True

    def add(self, block: Block) -> None:
        """Adds to the cell at hand."""
        self._rows[-1][-1].append(block)

    def end_cell(self) -> None:
        self.in_cell = False
        columns, rows = self._span
        row = self._rows[-1]
        first = len(row) - 1
        row.extend([] for _ in range(columns - 1))
        if rows > 1:
            self._carried.update((column, rows - 1) for column in range(first, len(row)))
        self._count(columns)

    def _count(self, cells: int) -> None:
        self.size += cells
        if self.size > self._room:
            raise SparknetError(
                FailureKind.TOO_LARGE, "its tables have more cells than can be read; split it"
            )

    def blocks(self) -> list[Block]:
        """The table; or what is in its cells, when it only arranges them on the page.

        It does when a cell holds a table, heading or picture, and when it has one column, or one
        row of two.
        """
        inside = [block for row in self._rows for cell in row for block in cell]
        if any(isinstance(block, Grid | Heading | Picture) for block in inside):
            return inside
        headings = 0
        while headings < len(self._headings) and self._headings[headings]:
            headings += 1
        cells = [["\n".join(map(_text, cell)) for cell in row] for row in self._rows]
        block = grid(cells, headings)
        if block is None:
            return []
        if len(block.rows[0]) == 1 or (len(block.rows) == 1 and len(block.rows[0]) == 2):
            return inside
        return [block]


def _text(block: Block) -> str:
    if not isinstance(block, Paragraph):
        return ""
    return f"{block.marker} {block.text}" if block.marker else block.text


def _span(value: str | None) -> int:
    digits = (value or "").strip()
    return min(max(int(digits[:9]), 1), MOST_SPAN) if digits.isdecimal() else 1
