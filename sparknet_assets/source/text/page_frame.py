"""From the coordinates of a PDF page to fractions of the page as it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from resources.ocr import Box

if TYPE_CHECKING:
    import pymupdf


class PageFrame:
    """The size and rotation of a page, asked of PyMuPDF once."""

    def __init__(self, page: pymupdf.Page) -> None:
        rectangle = page.rect
        self.width = max(1e-6, float(rectangle.width))
        self.height = max(1e-6, float(rectangle.height))
        self.rotation = int(page.rotation)
        self._matrix = tuple(float(value) for value in page.rotation_matrix)

    def seen(self, rectangle: Sequence[float]) -> Box:
        """A rectangle of the unrotated page in fractions of the page as shown, not clipped."""
        x0, y0, x1, y1 = rectangle
        if self.rotation:
            a, b, c, d, e, f = self._matrix
            x0, y0, x1, y1 = (
                a * x0 + c * y0 + e,
                b * x0 + d * y0 + f,
                a * x1 + c * y1 + e,
                b * x1 + d * y1 + f,
            )
            x0, x1, y0, y1 = min(x0, x1), max(x0, x1), min(y0, y1), max(y0, y1)
        return Box(x0 / self.width, y0 / self.height, x1 / self.width, y1 / self.height)
