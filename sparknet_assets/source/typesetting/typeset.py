"""Sets blocks on the pages of a PDF with MuPDF's Story, and says where each table row is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from resources.failure import FailureKind, SparknetError
from sparknet_assets.artifacts import RenditionTable
from sparknet_assets.source.readers.markup import (
    Block,
    Grid,
    Heading,
    PageBreak,
    Paragraph,
    Picture,
    pieces_of,
)
from sparknet_assets.source.readers.picture import page_picture
from sparknet_assets.source.typesetting import columns
from sparknet_assets.source.typesetting.page_markup import STYLE, block_html
from sparknet_assets.source.typesetting.page_writer import A4, MARGIN, PageWriter
from sparknet_assets.source.typesetting.table_setter import TableSetter

KEPT_TOGETHER = 220.0  # a table estimated lower than this is not parted by the end of a page
STORY_BLOCKS, STORY_CHARACTERS = 60, 12_000  # layout time grows faster than a story's length


class Typesetter:
    """Writes one PDF. Holds the page at hand, not the document.

    Attributes:
        tables: The tables set so far; one entry for each page that a table covers.
        page_count: Pages begun so far.
    """

    def __init__(self, destination: Path, max_pages: int, name: str) -> None:
        self._pages = PageWriter(destination, max_pages, name)
        self._tables = TableSetter(self._pages)

    @property
    def tables(self) -> list[RenditionTable]:
        return self._tables.tables

    @property
    def page_count(self) -> int:
        return self._pages.count

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
        self._pages.close()

    def _place(self, block: Grid | Picture | PageBreak, heading: Heading | None) -> None:
        if isinstance(block, Grid):
            self._table(block, heading)
            return
        self._flow([heading] if heading else [])
        if isinstance(block, PageBreak):
            self._pages.end()
        else:
            self._picture(block)

    def _flow(self, blocks: Sequence[Heading | Paragraph]) -> None:
        if not blocks:
            return
        story = self._pages.mupdf.Story("".join(map(block_html, blocks)), user_css=STYLE)
        self._run(story, 40.0 if isinstance(blocks[0], Heading) else 16.0)

    def _run(self, story: Any, room: float) -> None:
        self._pages.need(room)
        more = True
        stuck = 0
        while more:
            fresh = self._pages.fresh
            more, filled = story.place(self._pages.area(columns.PORTRAIT))
            self._pages.draw(story, filled)
            if more:
                stuck = stuck + 1 if fresh and filled[3] <= MARGIN else 0
                if stuck > 1:
                    raise SparknetError(
                        FailureKind.INTERNAL,
                        f"{self._pages.name}: a block does not fit on any page",
                    )
                self._pages.begin(A4)

    def _picture(self, block: Picture) -> None:
        """Sets a picture; one that may hold text gets a page of its own, so that OCR reads it."""
        picture = page_picture(block.data)
        if picture is None:
            return
        width, height = picture.points
        scale = min(1.0, max(A4) / max(width, height))
        width, height = width * scale, height * scale
        inset = MARGIN if width <= columns.PORTRAIT and height <= A4[1] - 2 * MARGIN else 0.0
        archive = self._pages.mupdf.Archive()
        archive.add((picture.data, "picture"))
        tag = f'<img src="picture" style="width:{width:.2f}pt;height:{height:.2f}pt"/>'
        story = self._pages.mupdf.Story(tag, user_css=STYLE, archive=archive)
        if picture.readable or not inset:
            self._pages.begin(A4 if inset else (width, height))
        else:
            self._pages.need(height + 8.0)
        x, y = (MARGIN, self._pages.top) if inset else (0.0, 0.0)
        _, filled = story.place(self._pages.mupdf.Rect(x, y, x + width + 1, y + height + 1))
        self._pages.draw(story, filled)
        if picture.readable or not inset:
            self._pages.end()

    def _table(self, table: Grid, heading: Heading | None) -> None:
        for layout in columns.layouts(table.rows):
            last = layout.first + len(layout.widths)
            rows = [row[layout.first : last] for row in table.rows]
            whole = sum(columns.height(row, layout) for row in rows[:20]) if len(rows) < 20 else 0
            room = max(30.0, whole if whole < KEPT_TOGETHER else 0.0)
            self._pages.need(room + (36.0 if heading else 0.0), layout.width)
            self._flow([heading] if heading else [])
            heading = None
            self._tables.set(rows, table.header_rows, layout)
        self._pages.top += 8.0
