"""Sets blocks on the pages of a PDF with MuPDF's Story, and says where each table row is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

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
    escape,
)
from sparknet_assets.source.picture import page_picture
from sparknet_assets.source.script import direction

A4 = (595.0, 842.0)
MARGIN = 40.0
KEPT_TOGETHER = 220.0  # a table estimated lower than this is not parted by the end of a page
ROW_ROOM = 500.0  # a row that may be higher than this is set in pieces
STORY_BLOCKS, STORY_CHARACTERS = 60, 12_000  # layout time grows faster than a story's length
_STYLE = """
* { overflow-wrap: break-word }
body { font-family: sans-serif; font-size: 10.5pt; line-height: 1.3; margin: 0 }
h1 { font-size: 19pt; margin: 8pt 0 5pt 0 } h2 { font-size: 16pt; margin: 8pt 0 5pt 0 }
h3 { font-size: 13.5pt; margin: 7pt 0 4pt 0 } h4, h5, h6 { font-size: 11.5pt; margin: 6pt 0 3pt 0 }
p { margin: 0 0 6pt 0; white-space: pre-wrap }
p.pre { font-family: monospace; font-size: 9pt }
p.note { color: #444; font-size: 9.5pt }
table { border-collapse: collapse; font-size: 9pt; margin: 0; line-height: 1.2 }
td, th { border: 1px solid #777; padding: 2pt 3pt; text-align: left; vertical-align: top }
th { background-color: #eee }
"""


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
                pending.append(block)
                length += len(block.text)
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
            raise SparknetError(
                FailureKind.TOO_LARGE,
                f"{self._name} takes more than {self._max_pages} pages; split it, or raise "
                "SPARKNET_MAX_PAGES",
            )
        self._size = size
        self._device = self._writer.begin_page(self._mupdf.Rect(0, 0, *size))
        self._top = MARGIN
        self.page_count += 1

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
        story = self._mupdf.Story("".join(map(_html, blocks)), user_css=_STYLE)
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
        picture = page_picture(block.data)
        if picture is None:
            return
        room = A4[0] - 2 * MARGIN, A4[1] - 2 * MARGIN - 20
        width, height = picture.points
        scale = min(1.0, room[0] / width, room[1] / height)
        width, height = width * scale, height * scale
        archive = self._mupdf.Archive()
        archive.add((picture.data, "picture"))
        tag = f'<p><img src="picture" style="width:{width:.1f}pt;height:{height:.1f}pt"/></p>'
        story = self._mupdf.Story(tag, user_css=_STYLE, archive=archive)
        self._run(story, height + 8)

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
        header = [list(row) for row in rows[:header_rows]]
        if sum(columns.height(row, layout) for row in header) > ROW_ROOM / 3:
            header = []
        pieces = [
            (number, part)
            for number, row in enumerate(rows[len(header) :])
            for part in columns.parts(row, layout, ROW_ROOM)
        ]
        at = 0
        while at < len(pieces) or (header and not pieces):
            placed = self._table_page(header, pieces[at:], header_rows if not header else 0, layout)
            at += placed
            if not pieces:
                return
            if at < len(pieces):
                self._end()

    def _table_page(
        self,
        header: list[list[str]],
        pieces: Sequence[tuple[int, list[str]]],
        plain_header: int,
        layout: columns.Layout,
    ) -> int:
        """Sets the rows that fit on this page. Returns how many of the pieces that were."""
        first = [header[0] if header else pieces[0][1]]
        self._need(sum(columns.height(row, layout) for row in [*header, *first]), layout.width)
        room = self._size[1] - MARGIN - self._top
        chosen: list[tuple[int, list[str]]] = [(-1, row) for row in header]
        for piece in pieces:
            if room < 0:
                break
            chosen.append(piece)
            # A third of the estimate is the least that a row may take.
            room -= max(columns.height(piece[1], layout) / 3, 15.0)
        story = self._mupdf.Story(_table_html(chosen, layout), user_css=_STYLE)
        _, filled = story.place(self._area(layout.width + 1))
        boxes: dict[int, Any] = {}

        def note(position: Any) -> None:
            if position.id and position.id.startswith("r"):
                boxes[int(position.id[1:])] = position.rect

        story.element_positions(note)
        if not boxes:
            return 0
        self._draw(story, filled)
        done = [(chosen[index], boxes[index]) for index in sorted(boxes)]
        self._report(done, len(header) or (plain_header if pieces[0][0] == 0 else 0))
        return len(done) - len(header)

    def _report(self, done: Sequence[tuple[tuple[int, list[str]], Any]], header_rows: int) -> None:
        width, height = self._size
        rows: list[list[str]] = []
        boxes: list[Box] = []
        previous = -1
        for (number, cells), (x0, y0, x1, y1) in done:
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


def _html(block: Heading | Paragraph) -> str:
    if isinstance(block, Heading):
        level = min(max(block.level, 1), 6)
        return f"<h{level}{direction(block.text)}>{escape(block.text)}</h{level}>"
    indent = 18 * min(block.depth, 8)
    style = f' style="margin-left:{indent}pt"' if indent else ""
    kind = f' class="{block.kind}"' if block.kind in ("pre", "note") else ""
    body = "".join(_run_html(run.text, run.style) for run in block.runs)
    marker = escape(block.marker) + " " if block.marker else ""
    return f"<p{kind}{style}{direction(block.text)}>{marker}{body}</p>"


def _run_html(text: str, style: str) -> str:
    result = escape(text)
    for key, tag in (("b", "b"), ("i", "i"), ("u", "sub"), ("p", "sup")):
        if key in style:
            result = f"<{tag}>{result}</{tag}>"
    return result


def _table_html(rows: Sequence[tuple[int, list[str]]], layout: columns.Layout) -> str:
    # The width of a cell is that of its content: padding and border come on top.
    widths = [f' style="width:{max(width - 7, 6):.1f}pt"' for width in layout.widths]
    out = ["<table>"]
    for index, (number, cells) in enumerate(rows):
        tag = "th" if number < 0 else "td"
        out.append(f'<tr id="r{index}">')
        out += [
            f"<{tag}{width}{direction(cell)}>{escape(cell)}</{tag}>"
            for width, cell in zip(widths, cells, strict=True)
        ]
        out.append("</tr>")
    out.append("</table>")
    return "".join(out)
