"""Sets blocks on the pages of a PDF with MuPDF's Story, and says where each table row is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from resources.failure import FailureKind, SparknetError
from resources.ocr import Box
from sparknet_assets.artifacts import RenditionTable
from sparknet_assets.source import columns
from sparknet_assets.source.markup import (
    Block,
    Grid,
    Heading,
    PageBreak,
    Paragraph,
    Picture,
    pieces_of,
)
from sparknet_assets.source.page_markup import STYLE, block_html, table_html
from sparknet_assets.source.picture import page_picture

A4 = (595.0, 842.0)
MARGIN = 40.0
KEPT_TOGETHER = 220.0  # a table estimated lower than this is not parted by the end of a page
LEAST_ROW = 15.0  # points; the height of a row of one line
STORY_BLOCKS, STORY_CHARACTERS = 60, 12_000  # layout time grows faster than a story's length


class _Piece(NamedTuple):
    """A table row, or a part of a long one; the number of a repeated heading is -1."""

    number: int
    cells: list[str]
    height: float


class Typesetter:
    """Writes one PDF. Holds the page at hand, not the document.

    Attributes:
        tables: The tables set so far; one entry for each page that a table covers.
        page_count: Pages begun so far.
    """

    def __init__(self, destination: Path, max_pages: int, name: str) -> None:
        import pymupdf

        self._mupdf = pymupdf
        self._writer = pymupdf.DocumentWriter(str(destination), "compress")
        self._max_pages = max_pages
        self._name = name
        self._device: Any = None
        self._size = A4
        self._top = MARGIN
        self.page_count = 0
        self.tables: list[RenditionTable] = []

    def set(self, blocks: Iterable[Block]) -> None:
        """Sets the blocks in order.

        Raises:
            SparknetError: `too_large` beyond the most pages that a document may have.
        """
        pending: list[Heading | Paragraph] = []
        length = 0
        for block in blocks:
            if isinstance(block, Heading | Paragraph):
                for piece in pieces_of(block, STORY_CHARACTERS):
                    pending.append(piece)
                    length += len(piece.text)
                    if len(pending) >= STORY_BLOCKS or length >= STORY_CHARACTERS:
                        self._flow(pending)
                        pending, length = [], 0
                continue
            # A heading stays with the table or picture that it is of.
            heading = pending[-1] if pending and isinstance(pending[-1], Heading) else None
            self._flow(pending[:-1] if heading else pending)
            pending, length = [], 0
            self._place(block, heading)
        self._flow(pending)

    def close(self) -> None:
        """Ends the last page and the file; a document without content gets one empty page."""
        if not self.page_count:
            self._begin(A4)
        self._end()
        self._writer.close()

    def _place(self, block: Grid | Picture | PageBreak, heading: Heading | None) -> None:
        if isinstance(block, Grid):
            self._table(block, heading)
            return
        self._flow([heading] if heading else [])
        if isinstance(block, PageBreak):
            self._end()
        else:
            self._picture(block)

    def _begin(self, size: tuple[float, float]) -> None:
        if self.page_count >= self._max_pages:
            raise self._too_large()
        self._size = size
        self._device = self._writer.begin_page(self._mupdf.Rect(0, 0, *size))
        self._top = MARGIN
        self.page_count += 1

    def _too_large(self) -> SparknetError:
        return SparknetError(
            FailureKind.TOO_LARGE,
            f"{self._name} takes more than {self._max_pages} pages; split it, or raise "
            "SPARKNET_MAX_PAGES",
        )

    def _end(self) -> None:
        if self._device is not None:
            self._writer.end_page()
            self._device = None

    def _need(self, room: float, width: float = 0.0) -> None:
        """Sees to a page with so much room below and so much width between its margins."""
        fits = (
            self._device is not None
            and self._top + room <= self._size[1] - MARGIN
            and width <= self._size[0] - 2 * MARGIN
        )
        if not fits:
            self._end()
            self._begin(_page_size(width))

    def _area(self, width: float | None = None) -> Any:
        right = self._size[0] - MARGIN if width is None else MARGIN + width
        return self._mupdf.Rect(MARGIN, self._top, right, self._size[1] - MARGIN)

    def _draw(self, story: Any, filled: Any) -> None:
        story.draw(self._device)
        self._top = max(self._top, filled[3])

    def _flow(self, blocks: Sequence[Heading | Paragraph]) -> None:
        if not blocks:
            return
        story = self._mupdf.Story("".join(map(block_html, blocks)), user_css=STYLE)
        self._run(story, 40.0 if isinstance(blocks[0], Heading) else 16.0)

    def _run(self, story: Any, room: float) -> None:
        self._need(room)
        more = True
        stuck = 0
        while more:
            fresh = self._top == MARGIN
            more, filled = story.place(self._area(columns.PORTRAIT))
            self._draw(story, filled)
            if more:
                stuck = stuck + 1 if fresh and filled[3] <= MARGIN else 0
                if stuck > 1:
                    raise SparknetError(
                        FailureKind.INTERNAL, f"{self._name}: a block does not fit on any page"
                    )
                self._end()
                self._begin(A4)

    def _picture(self, block: Picture) -> None:
        """Sets a picture; one that may hold text gets a page of its own, so that OCR reads it."""
        picture = page_picture(block.data)
        if picture is None:
            return
        width, height = picture.points
        scale = min(1.0, max(A4) / max(width, height))
        width, height = width * scale, height * scale
        inset = MARGIN if width <= columns.PORTRAIT and height <= A4[1] - 2 * MARGIN else 0.0
        archive = self._mupdf.Archive()
        archive.add((picture.data, "picture"))
        tag = f'<img src="picture" style="width:{width:.2f}pt;height:{height:.2f}pt"/>'
        story = self._mupdf.Story(tag, user_css=STYLE, archive=archive)
        if picture.readable or not inset:
            self._end()
            self._begin(A4 if inset else (width, height))
        else:
            self._need(height + 8.0)
        x, y = (MARGIN, self._top) if inset else (0.0, 0.0)
        _, filled = story.place(self._mupdf.Rect(x, y, x + width + 1, y + height + 1))
        self._draw(story, filled)
        if picture.readable or not inset:
            self._end()

    def _table(self, table: Grid, heading: Heading | None) -> None:
        for layout in columns.layouts(table.rows):
            last = layout.first + len(layout.widths)
            rows = [row[layout.first : last] for row in table.rows]
            whole = sum(columns.height(row, layout) for row in rows[:20]) if len(rows) < 20 else 0
            room = max(30.0, whole if whole < KEPT_TOGETHER else 0.0)
            self._need(room + (36.0 if heading else 0.0), layout.width)
            self._flow([heading] if heading else [])
            heading = None
            self._rows(rows, table.header_rows, layout)
        self._top += 8.0

    def _rows(
        self, rows: Sequence[Sequence[str]], header_rows: int, layout: columns.Layout
    ) -> None:
        room = _page_size(layout.width)[1] - 2 * MARGIN
        header = [_Piece(-1, list(row), columns.height(row, layout)) for row in rows[:header_rows]]
        if len(header) == len(rows) or sum(piece.height for piece in header) > room / 4:
            header = []
        pieces = [
            _Piece(number, part, columns.height(part, layout))
            for number, row in enumerate(rows[len(header) :])
            for part in columns.parts(row, layout, room * 0.6)
        ]
        if len(pieces) * LEAST_ROW > self._max_pages * room:
            raise self._too_large()
        at = 0
        while at < len(pieces):
            self._need(sum(p.height for p in [*header, pieces[at]]), layout.width)
            fresh = self._top == MARGIN
            placed = self._table_page(header, pieces, at, layout)
            if placed and not header and at < header_rows:
                self.tables[-1].header_rows = min(header_rows - at, placed)
            if not placed and fresh:
                header = self._shrink(header, pieces, at, layout)
            at += placed
            if at < len(pieces):
                self._end()

    def _shrink(
        self, header: list[_Piece], pieces: list[_Piece], at: int, layout: columns.Layout
    ) -> list[_Piece]:
        """Cuts a row that came out higher than a page, or gives up the heading above it."""
        number, cells, height = pieces[at]
        smaller = columns.parts(cells, layout, height / 3)
        if len(smaller) > 1:
            pieces[at : at + 1] = [
                _Piece(number, part, columns.height(part, layout)) for part in smaller
            ]
            return header
        if header:
            return []
        raise SparknetError(
            FailureKind.INTERNAL, f"{self._name}: a table row does not fit on any page"
        )

    def _table_page(
        self, header: list[_Piece], pieces: list[_Piece], at: int, layout: columns.Layout
    ) -> int:
        """Sets the rows that fit on this page. Returns how many of the pieces that were."""
        bottom = self._size[1] - MARGIN
        room = bottom - self._top
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
        self._draw(story, filled)
        self._report(list(zip(chosen, boxes, strict=False)), len(header))
        return len(boxes) - len(header)

    def _lay(self, chosen: list[_Piece], layout: columns.Layout) -> tuple[Any, Any, list[Any]]:
        """Lays rows out below the top. Returns the boxes of those that went on this page."""
        rows = [(piece.number, piece.cells) for piece in chosen]
        story = self._mupdf.Story(table_html(rows, layout), user_css=STYLE)
        _, filled = story.place(self._area(layout.width + 4))
        boxes: dict[int, Any] = {}

        def note(position: Any) -> None:
            if position.id and position.id.startswith("r"):
                boxes[int(position.id[1:])] = position.rect

        story.element_positions(note)
        return story, filled, [boxes[index] for index in sorted(boxes)]

    def _report(self, done: Sequence[tuple[_Piece, Any]], header_rows: int) -> None:
        width, height = self._size
        rows: list[list[str]] = []
        boxes: list[Box] = []
        previous = -1
        for (number, cells, _), (x0, y0, x1, y1) in done:
            box = Box(x0 / width, y0 / height, x1 / width, y1 / height)
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
                page=self.page_count,
                box=box,
                rows=rows,
                row_boxes=boxes,
                header_rows=min(header_rows, len(rows)),
            )
        )


def _page_size(width: float) -> tuple[float, float]:
    if width <= columns.PORTRAIT:
        return A4
    return max(A4[1], width + 2 * MARGIN), A4[0] if width <= columns.LANDSCAPE else A4[1]
