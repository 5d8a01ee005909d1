"""Sets the texts' small markup on PDF pages: headings, paragraphs, lists, tables, bar charts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from examples.company import TABLES, Rows, fill

A4 = (595.0, 842.0)
REGULAR, BOLD, ITALIC = "helv", "hebo", "heit"
NAVY, GREY, PALE = (0.09, 0.2, 0.37), (0.45, 0.45, 0.45), (0.9, 0.93, 0.96)


class Block(NamedTuple):
    """A piece of a text: heading, paragraph, item, table, chart, page, code."""

    kind: str
    text: str = ""
    level: int = 0


def parse(text: str) -> Iterator[Block]:
    """Reads the markup: `#` headings, `- ` items, `{table:name}`, `{chart:name}`, `---` a page."""
    for line in fill(text).splitlines():
        if heading := re.fullmatch(r"(#+) (.*)", line):
            yield Block("heading", heading[2], len(heading[1]))
        elif special := re.fullmatch(r"\{(table|chart):(\w+)\}", line):
            yield Block(special[1], special[2])
        elif line.startswith("- "):
            yield Block("item", line[2:])
        elif line == "---":
            yield Block("page")
        elif line.strip():
            yield Block("paragraph", line)


class Flow:
    """Fills pages from top to bottom with the fonts that every PDF viewer has.

    Attributes:
        outline: Level, title and 1-based page of each heading set so far.
    """

    def __init__(
        self,
        document: Any,
        size: tuple[float, float] = A4,
        margin: float = 62,
        font_size: float = 10.5,
    ) -> None:
        self.document = document
        self.width, self.height = size
        self.margin = margin
        self.outline: list[tuple[int, str, int]] = []
        self.font_size = font_size
        self.shape: Any = None
        self.new_page()

    @property
    def inner(self) -> float:
        return self.width - 2 * self.margin

    def new_page(self) -> None:
        """Finishes the page so far and starts the next."""
        self.finish()
        self.shape = self.document.new_page(width=self.width, height=self.height).new_shape()
        self.y = self.margin + 14

    def finish(self) -> None:
        """Draws what the page so far holds, in one piece."""
        if self.shape is not None:
            self.shape.commit()
            self.shape = None

    def room(self, height: float) -> None:
        """Starts a new page when `height` points don't fit any more."""
        if self.y + height > self.height - self.margin:
            self.new_page()

    def write(
        self,
        x: float,
        text: str,
        size: float | None = None,
        font: str = REGULAR,
        color: tuple[float, float, float] = (0, 0, 0),
        right: float | None = None,
    ) -> None:
        """Writes one line at the cursor; flush with `right` when given."""
        size = size or self.font_size
        if right is not None:
            x = right - length(text, font, size)
        self.shape.insert_text((x, self.y), text, fontname=font, fontsize=size, color=color)

    def rectangle(
        self,
        box: tuple[float, float, float, float],
        fill: tuple[float, float, float] | None,
        color: tuple[float, float, float] | None = None,
    ) -> None:
        self.shape.draw_rect(box)
        self.shape.finish(color=color, fill=fill, width=0.5)

    def line(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        self.shape.draw_line(start, end)
        self.shape.finish(color=GREY, width=0.6)

    def heading(self, text: str, level: int) -> None:
        size = {1: 20.0, 2: 12.5}.get(level, 11.0)
        self.room(size * 4)
        self.y += size * (1.0 if level == 1 else 1.5)
        self.write(self.margin, text, size, BOLD, NAVY)
        self.outline.append((level, text, self.document.page_count))
        self.y += size * (1.25 if level == 1 else 0.55)

    def paragraph(self, text: str, indent: float = 0, bullet: str = "") -> None:
        leading = self.font_size * 1.42
        for number, line in enumerate(wrap(text, REGULAR, self.font_size, self.inner - indent)):
            self.room(leading)
            self.y += leading
            if bullet and not number:
                self.write(self.margin + indent - 10, bullet, self.font_size + 3, BOLD)
            self.write(self.margin + indent, line)
        self.y += self.font_size * (0.35 if bullet else 0.75)

    def table(self, rows: Rows, ruled: bool = True, widths: Sequence[float] | None = None) -> None:
        """Sets a table whose first row is the heading, repeated on each further page.

        Columns of figures are flush right; a row that begins the last line with `Total` is bold.
        """
        size = self.font_size - 1.3
        height = size * 1.9
        widths = widths or column_widths(rows, size, self.inner)
        numeric = [all(is_figure(row[c]) for row in rows[1:]) for c in range(len(rows[0]))]
        self.y += 6
        self.room(height * min(len(rows), 4))
        self._row(rows[0], widths, height, numeric, ruled, head=True)
        for row in rows[1:]:
            if self.y + height > self.height - self.margin:
                self.new_page()
                self._row(rows[0], widths, height, numeric, ruled, head=True)
            self._row(row, widths, height, numeric, ruled)
        self.y += 14

    def _row(
        self,
        row: Sequence[str],
        widths: Sequence[float],
        height: float,
        numeric: Sequence[bool],
        ruled: bool,
        head: bool = False,
    ) -> None:
        size = self.font_size - 1.3
        strong = head or any(cell in ("Total", "Operating result") for cell in row[:2])
        strong = strong or row[0].startswith("Surplus")
        x, top = self.margin, self.y
        self.y = top + height * 0.68
        for cell, width, figure in zip(row, widths, numeric, strict=True):
            box = (x, top, x + width, top + height)
            if ruled:
                self.rectangle(box, PALE if head else None, GREY)
            right = x + width - 5 if figure else None
            self.write(x + 5, cell, size, BOLD if strong else REGULAR, right=right)
            x += width
        self.y = top + height
        if head and not ruled:
            self.line((self.margin, self.y), (x, self.y))

    def bar_chart(self, labels: Sequence[str], series: Mapping[str, Sequence[float]]) -> None:
        """Draws horizontal bars with vectors, one group for each label."""
        colors = (NAVY, (0.55, 0.68, 0.82), (0.8, 0.8, 0.8))
        left, bar = self.margin + 150, 9.0
        scale = (self.inner - 200) / max(max(values) for values in series.values())
        self.room(len(labels) * (bar * len(series) + 10) + 40)
        self.y += 12
        top = self.y
        for index, label in enumerate(labels):
            self.y += bar
            self.write(self.margin, label, 8.5)
            self.y -= bar
            for number, values in enumerate(series.values()):
                end = left + values[index] * scale
                self.rectangle((left, self.y, end, self.y + bar - 1), colors[number])
                self.y += bar
                self.shape.insert_text(
                    (end + 4, self.y - 2), f"{values[index]:,.0f}", fontname=REGULAR, fontsize=7
                )
            self.y += 8
        self.line((left, top - 4), (left, self.y))
        self.y += 12
        x = left
        for number, name in enumerate(series):
            self.rectangle((x, self.y - 7, x + 8, self.y + 1), colors[number])
            self.write(x + 12, name, 8.5)
            x += 70
        self.y += 10

    def blocks(self, text: str, ruled: bool = True, chapters_on_new_pages: bool = False) -> None:
        """Sets a whole text."""
        for block in parse(text):
            if block.kind == "page" or (chapters_on_new_pages and block.level == 1):
                self.new_page()
            if block.kind == "heading":
                self.heading(block.text, block.level)
            elif block.kind == "paragraph":
                self.paragraph(block.text)
            elif block.kind == "item":
                self.paragraph(block.text, indent=14, bullet="\xb7")
            elif block.kind == "table":
                self.table(TABLES[block.text](), ruled=ruled and block.text != "income")
            elif block.kind == "chart":
                self.chart(block.text)

    def chart(self, name: str) -> None:
        """Draws the chart that the text names: two columns of figures of the table `name`."""
        rows = [row for row in TABLES[name]()[1:] if row[1] != "Total"]
        figures = {
            year: [float(row[column].replace(",", "")) for row in rows]
            for year, column in (("2025", 2), ("2024", 3))
        }
        self.bar_chart([row[1] for row in rows], figures)


def length(text: str, font: str, size: float) -> float:
    """Width of a text in points."""
    import pymupdf

    return float(pymupdf.get_text_length(text, fontname=font, fontsize=size))


def wrap(text: str, font: str, size: float, width: float) -> Iterator[str]:
    """Breaks a paragraph into lines at most `width` points wide."""
    line = ""
    for word in text.split():
        longer = f"{line} {word}" if line else word
        if line and length(longer, font, size) > width:
            yield line
            line = word
        else:
            line = longer
    if line:
        yield line


def is_figure(cell: str) -> bool:
    return not cell or re.fullmatch(r"\(?[+-]?[\d.,]+\)?", cell) is not None


def column_widths(rows: Rows, size: float, inner: float) -> list[float]:
    """Widths after the longest cell of each column, stretched to fill `inner` points."""
    natural = [max(length(row[c], BOLD, size) for row in rows) + 12 for c in range(len(rows[0]))]
    return [width * inner / sum(natural) for width in natural]
