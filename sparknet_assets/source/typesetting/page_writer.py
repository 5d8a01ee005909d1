"""The pages of a PDF in the making: where the next thing goes, and when a page is full."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from resources.failure import FailureKind, SparknetError
from sparknet_assets.source.typesetting.columns import LANDSCAPE, PORTRAIT

A4 = (595.0, 842.0)
MARGIN = 40.0


class PageWriter:
    """Begins and ends pages. Sizes and places are in points.

    Attributes:
        count: Pages begun so far.
        size: Of the page at hand.
        top: Where free space begins on it.
    """

    def __init__(self, destination: Path, max_pages: int, name: str) -> None:
        import pymupdf

        self.mupdf = pymupdf
        self.max_pages = max_pages
        self.name = name
        self.count = 0
        self.size = A4
        self.top = MARGIN
        self._writer = pymupdf.DocumentWriter(str(destination), "compress")
        self._device: Any = None

    @property
    def bottom(self) -> float:
        return self.size[1] - MARGIN

    @property
    def fresh(self) -> bool:
        """Whether nothing was drawn on the page at hand."""
        return self.top == MARGIN

    def begin(self, size: tuple[float, float]) -> None:
        """Begins a page. Raises SparknetError `too_large` beyond the most pages."""
        if self.count >= self.max_pages:
            raise self.too_large()
        self.end()
        self.size = size
        self._device = self._writer.begin_page(self.mupdf.Rect(0, 0, *size))
        self.top = MARGIN
        self.count += 1

    def end(self) -> None:
        """Ends the page at hand, if there is one."""
        if self._device is not None:
            self._writer.end_page()
            self._device = None

    def need(self, room: float, width: float = 0.0) -> None:
        """Sees to a page with so much room below and so much width between its margins."""
        fits = (
            self._device is not None
            and self.top + room <= self.bottom
            and width <= self.size[0] - 2 * MARGIN
        )
        if not fits:
            self.begin(page_size(width))

    def area(self, width: float) -> Any:
        """The free space of the page at hand, so many points wide."""
        return self.mupdf.Rect(MARGIN, self.top, MARGIN + width, self.bottom)

    def draw(self, story: Any, filled: Any) -> None:
        """Draws what a story placed."""
        story.draw(self._device)
        self.top = max(self.top, filled[3])

    def close(self) -> None:
        """Ends the file; one without content gets an empty page."""
        if not self.count:
            self.begin(A4)
        self.end()
        self._writer.close()

    def too_large(self) -> SparknetError:
        return SparknetError(
            FailureKind.TOO_LARGE,
            f"{self.name} takes more than {self.max_pages} pages; split it, or raise "
            "SPARKNET_MAX_PAGES",
        )


def page_size(width: float) -> tuple[float, float]:
    """A4 upright or on its side, or a page as wide as it takes."""
    if width <= PORTRAIT:
        return A4
    return max(A4[1], width + 2 * MARGIN), A4[0] if width <= LANDSCAPE else A4[1]
