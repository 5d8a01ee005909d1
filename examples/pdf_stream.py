"""Writes PDFs page after page straight to a file: any number of pages in constant memory."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from functools import lru_cache
from types import TracebackType
from typing import BinaryIO

CATALOG, PAGES, REGULAR, BOLD = 1, 2, 3, 4
WIDTH, HEIGHT = 595, 842


class PdfStream:
    """A PDF that is written in one pass; use it as a context manager."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.offsets = {0: 0}
        self.pages: list[int] = []
        self.next = BOLD + 1
        file.write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
        for number, name in ((REGULAR, "Helvetica"), (BOLD, "Helvetica-Bold")):
            font = f"<</Type/Font/Subtype/Type1/BaseFont/{name}/Encoding/WinAnsiEncoding>>"
            self._put(number, font.encode())

    def __enter__(self) -> PdfStream:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._finish()

    def _put(self, number: int, body: bytes) -> None:
        self.offsets[number] = self.file.tell()
        self.file.write(b"%d 0 obj\n%b\nendobj\n" % (number, body))

    def _add(self, body: bytes) -> int:
        number, self.next = self.next, self.next + 1
        self._put(number, body)
        return number

    def _stream(self, entries: bytes, data: bytes) -> int:
        head = b"<<%b/Length %d>>\nstream\n" % (entries, len(data))
        return self._add(head + data + b"\nendstream")

    def _page(self, content: bytes, resources: bytes) -> None:
        stream = self._stream(b"/Filter/FlateDecode", zlib.compress(content, 1))
        page = b"<</Type/Page/Parent %d 0 R/MediaBox[0 0 %d %d]/Contents %d 0 R/Resources<<%b>>>>"
        self.pages.append(self._add(page % (PAGES, WIDTH, HEIGHT, stream, resources)))

    def text_page(self, content: bytes) -> None:
        """Adds an A4 page; `content` may use the fonts /F1 (regular) and /F2 (bold)."""
        self._page(content, b"/Font<</F1 %d 0 R/F2 %d 0 R>>" % (REGULAR, BOLD))

    def scan_page(self, jpeg: bytes, width: int, height: int) -> None:
        """Adds an A4 page filled by a grey JPEG of `width` x `height` pixels."""
        image = self._stream(
            b"/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceGray"
            b"/BitsPerComponent 8/Filter/DCTDecode" % (width, height),
            jpeg,
        )
        content = b"q %d 0 0 %d 0 0 cm /Im Do Q" % (WIDTH, HEIGHT)
        self._page(content, b"/XObject<</Im %d 0 R>>" % image)

    def _finish(self) -> None:
        kids = b" ".join(b"%d 0 R" % page for page in self.pages)
        self._put(PAGES, b"<</Type/Pages/Count %d/Kids[%b]>>" % (len(self.pages), kids))
        self._put(CATALOG, b"<</Type/Catalog/Pages %d 0 R>>" % PAGES)
        start = self.file.tell()
        self.file.write(b"xref\n0 %d\n0000000000 65535 f \n" % self.next)
        for number in range(1, self.next):
            self.file.write(b"%010d 00000 n \n" % self.offsets[number])
        trailer = b"trailer\n<</Size %d/Root %d 0 R>>\nstartxref\n%d\n%%%%EOF\n"
        self.file.write(trailer % (self.next, CATALOG, start))


class Content:
    """The content stream of a page, filled from the top."""

    def __init__(self, margin: float = 60, size: float = 10) -> None:
        self.parts: list[str] = []
        self.margin, self.size = margin, size
        self.y = HEIGHT - margin

    def line(self, text: str, x: float = 0, font: str = "F1", size: float | None = None) -> None:
        """Writes a line at the cursor, `x` points right of the margin."""
        escaped = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
        place = f"{self.margin + x:.1f} {self.y:.1f} Td"
        self.parts.append(f"BT /{font} {size or self.size} Tf {place} ({escaped}) Tj ET")

    def heading(self, text: str) -> None:
        self.line(text, font="F2", size=15)
        self.y -= 28

    def paragraph(self, text: str) -> None:
        for line in break_lines(text, self.size, WIDTH - 2 * self.margin):
            self.line(line)
            self.y -= self.size * 1.4
        self.y -= self.size * 0.6

    def table(self, rows: Sequence[Sequence[str]]) -> None:
        """Rules a table with columns of equal width."""
        height, inner = 16.0, WIDTH - 2 * self.margin
        column = inner / len(rows[0])
        top = self.y + 11
        for number, row in enumerate(rows):
            for index, cell in enumerate(row):
                self.line(cell, index * column + 4, "F1" if number else "F2", 9)
            self.y -= height
        bottom = top - height * len(rows)
        rule = "{:.1f} {:.1f} m {:.1f} {:.1f} l S".format
        left, right = self.margin, self.margin + inner
        self.parts.append("0.5 w")
        for number in range(len(rows) + 1):
            y = top - number * height
            self.parts.append(rule(left, y, right, y))
        for number in range(len(rows[0]) + 1):
            x = left + number * column
            self.parts.append(rule(x, top, x, bottom))
        self.y -= 8

    def encode(self) -> bytes:
        return "\n".join(self.parts).encode("cp1252")


def break_lines(text: str, size: float, width: float) -> list[str]:
    """Lines of at most `width` points in Helvetica."""
    space = word_width(" ") * size
    lines: list[list[str]] = [[]]
    used = 0.0
    for word in text.split():
        needed = word_width(word) * size
        if lines[-1] and used + needed > width:
            lines.append([])
            used = 0.0
        lines[-1].append(word)
        used += needed + space
    return [" ".join(words) for words in lines]


@lru_cache(maxsize=100_000)
def word_width(word: str) -> float:
    """Width of a word in Helvetica at one point."""
    import pymupdf

    return float(pymupdf.get_text_length(word, fontname="helv", fontsize=1))
