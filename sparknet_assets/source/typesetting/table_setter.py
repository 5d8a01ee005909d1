"""Sets the rows of a table on as many pages as they take, and records where each row is."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any, NamedTuple

from resources.failure import FailureKind, SparknetError
from resources.ocr import Box
from sparknet_assets.artifacts import RenditionTable
from sparknet_assets.source.typesetting.columns import Layout, height, parts
from sparknet_assets.source.typesetting.page_markup import STYLE, table_html
from sparknet_assets.source.typesetting.page_writer import MARGIN, PageWriter, page_size

LEAST_ROW = 15.0  # points; the height of a row of one line


class _Piece(NamedTuple):
    """A table row, or a part of a long one; the number of a repeated heading is -1."""

    number: int
    cells: list[str]
    height: float


class TableSetter:
    """Sets tables through a `PageWriter`.

    Attributes:
        tables: What was set so far; one entry for each page that a table covers.
    """

    def __init__(self, pages: PageWriter) -> None:
        self._pages = pages
        self.tables: list[RenditionTable] = []

    def set(self, rows: Sequence[Sequence[str]], header_rows: int, layout: Layout) -> None:
        """Sets rows below one another, the heading rows again on every page.

        Raises:
            SparknetError: `too_large` for more rows than the most pages can hold.
        """
        room = page_size(layout.width)[1] - 2 * MARGIN
        header = [_Piece(-1, list(row), height(row, layout)) for row in rows[:header_rows]]
        if len(header) == len(rows) or sum(piece.height for piece in header) > room / 4:
            header = []
        pieces = [
            _Piece(number, part, height(part, layout))
            for number, row in enumerate(rows[len(header) :])
            for part in parts(row, layout, room * 0.6)
        ]
        if len(pieces) * LEAST_ROW > self._pages.max_pages * room:
            raise self._pages.too_large()
        at = 0
        while at < len(pieces):
            self._pages.need(sum(p.height for p in [*header, pieces[at]]), layout.width)
            fresh = self._pages.fresh
            placed = self._table_page(header, pieces, at, layout)
            if placed and not header and at < header_rows:
                self.tables[-1].header_rows = min(header_rows - at, placed)
            if not placed and fresh:
                header = self._shrink(header, pieces, at, layout)
            at += placed
            if at < len(pieces):
                self._pages.end()

    def _shrink(
        self, header: list[_Piece], pieces: list[_Piece], at: int, layout: Layout
    ) -> list[_Piece]:
        """Cuts a row that came out higher than a page, or gives up the heading above it."""
        number, cells, estimate = pieces[at]
        smaller = parts(cells, layout, estimate / 3)
        if len(smaller) > 1:
            pieces[at : at + 1] = [_Piece(number, part, height(part, layout)) for part in smaller]
            return header
        if header:
            return []
        raise SparknetError(
            FailureKind.INTERNAL, f"{self._pages.name}: a table row does not fit on any page"
        )

    def _table_page(
        self, header: list[_Piece], pieces: list[_Piece], at: int, layout: Layout
    ) -> int:
        """Sets the rows that fit on this page. Returns how many of the pieces that were."""
        bottom = self._pages.bottom
        room = bottom - self._pages.top
        chosen = list(header)
        for piece in islice(pieces, at, None):
            if room < 0:
                break
            chosen.append(piece)
            # A third of the estimate is the least that a row may take.
            room -= max(piece.height / 3, LEAST_ROW)
        story, filled, boxes = self._lay(chosen, layout)
        fitting = sum(box[3] <= bottom + 1 for box in boxes)
        if fitting <= len(header):
            return 0
        if fitting < len(boxes):  # a row higher than the page runs over its end
            story, filled, boxes = self._lay(chosen[:fitting], layout)
        self._pages.draw(story, filled)
        self._report(list(zip(chosen, boxes, strict=False)), len(header))
        return len(boxes) - len(header)

    def _lay(self, chosen: list[_Piece], layout: Layout) -> tuple[Any, Any, list[Any]]:
        """Lays rows out below the top. Returns the boxes of those that went on this page."""
        rows = [(piece.number, piece.cells) for piece in chosen]
        story = self._pages.mupdf.Story(table_html(rows, layout), user_css=STYLE)
        _, filled = story.place(self._pages.area(layout.width + 4))
        boxes: dict[int, Any] = {}

        def note(position: Any) -> None:
            if position.id and position.id.startswith("r"):
                boxes[int(position.id[1:])] = position.rect

        story.element_positions(note)
        return story, filled, [boxes[index] for index in sorted(boxes)]

    def _report(self, done: Sequence[tuple[_Piece, Any]], header_rows: int) -> None:
        across, down = self._pages.size
        rows: list[list[str]] = []
        boxes: list[Box] = []
        previous = -1
        for (number, cells, _), (x0, y0, x1, y1) in done:
            box = Box(x0 / across, y0 / down, x1 / across, y1 / down)
            if number >= 0 and number == previous:
                rows[-1] = [
                    "\n".join(filter(None, pair)) for pair in zip(rows[-1], cells, strict=True)
                ]
                boxes[-1] = boxes[-1]._replace(y1=box.y1)
            else:
                rows.append(list(cells))
                boxes.append(box)
            previous = number
        box = Box(boxes[0].x0, boxes[0].y0, boxes[-1].x1, boxes[-1].y1)
        self.tables.append(
            RenditionTable(
                page=self._pages.count,
                box=box,
                rows=rows,
                row_boxes=boxes,
                header_rows=min(header_rows, len(rows)),
            )
        )
