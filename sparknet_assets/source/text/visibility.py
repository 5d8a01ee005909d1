"""Can a piece of text be seen? What is drawn, where, in which colour, and what covers it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from resources.ocr import Box

if TYPE_CHECKING:
    import pymupdf
    from numpy.typing import NDArray

# PyMuPDF's char_flags: glyphs that are filled or stroked leave ink.
INKED = 16 | 32
# Glyphs that clip what is painted after them: letters filled with a picture or a gradient.
CLIPPING = 64
SMALLEST_FONT = 1.0  # points
FAINTEST_ALPHA = 12  # of 255
# A channel of 255 above which a colour may be that of the paper.
PALE = 225
# Levels of 255 between a letter and its ground, on the page drawn at this many dots per inch.
LEAST_CONTRAST = 10
DPI = 72
MOST_PIXELS = 4_000_000
MOST_COVERS = 300


def is_drawn(span: dict[str, Any]) -> bool:
    """False for text that leaves no ink: render mode 3, transparent, or too small to be seen."""
    return bool(
        (span["char_flags"] & CLIPPING or _leaves_ink(span)) and span["size"] >= SMALLEST_FONT
    )


def _leaves_ink(span: dict[str, Any]) -> bool:
    return bool(span["char_flags"] & INKED and span["alpha"] >= FAINTEST_ALPHA)


def _is_pale(colour: int) -> bool:
    return min(colour >> 16 & 255, colour >> 8 & 255, colour & 255) >= PALE


def _is_in_doubt(span: dict[str, Any]) -> bool:
    return _is_pale(span["color"]) or bool(span["char_flags"] & CLIPPING)


class Sight:
    """Tells whether drawn text stands out, by looking at the page where that is in doubt.

    In doubt is text in the colour of paper and text that a picture or a painted area overlaps. It
    is looked up in a small rendering of the page, made at the first doubt: that covers white on
    white, text under a picture and text outside a clip alike, and keeps white letters on a dark
    bar.
    """

    def __init__(self, page: pymupdf.Page, covers: list[Box]) -> None:
        self._page = page
        # Past that many it is quicker to look at the page than at each of them.
        self._covers = covers if len(covers) <= MOST_COVERS else [Box(0, 0, 1, 1)]

    def clear(self, line: Box, spans: list[dict[str, Any]]) -> bool:
        """True when no part of a line is in doubt: no need to ask for each of its words."""
        if line.x0 < 0 or line.y0 < 0 or line.x1 > 1 or line.y1 > 1:
            return False
        if any(_is_in_doubt(span) or not is_drawn(span) for span in spans):
            return False
        return not any(
            x0 < line.x1 and line.x0 < x1 and y0 < line.y1 and line.y0 < y1
            for x0, y0, x1, y1 in self._covers
        )

    def shows(self, box: Box, span: dict[str, Any]) -> bool:
        """Whether text at `box` (fractions of the page as shown) can be seen."""
        x, y = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
        if not (0 <= x <= 1 and 0 <= y <= 1):
            return False
        if not _is_in_doubt(span):
            for x0, y0, x1, y1 in self._covers:
                if x0 <= x <= x1 and y0 <= y <= y1:
                    break
            else:
                return True
        return self._contrast(box) >= LEAST_CONTRAST

    def _contrast(self, box: Box) -> int:
        image = self._image
        height, width = image.shape[:2]
        x0, x1 = int(box.x0 * width), max(int(box.x0 * width) + 1, round(box.x1 * width))
        y0, y1 = int(box.y0 * height), max(int(box.y0 * height) + 1, round(box.y1 * height))
        # The upper and lower tenth may hold the edge of a shaded row.
        trim = (y1 - y0) // 6
        area = image[max(0, y0 + trim) : max(0, y1 - trim) or 1, max(0, x0) : max(0, x1) or 1]
        if not area.size:
            return 0
        flat = area.reshape(-1, area.shape[2])
        return int((flat.max(axis=0).astype(int) - flat.min(axis=0)).max())

    @cached_property
    def _image(self) -> NDArray[np.uint8]:
        import pymupdf

        area = max(1.0, self._page.rect.width * self._page.rect.height) / 72**2
        scale = min(DPI, (MOST_PIXELS / area) ** 0.5) / 72
        pixmap = self._page.get_pixmap(
            matrix=pymupdf.Matrix(scale, scale), colorspace=pymupdf.csRGB, alpha=False
        )
        flat = np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.stride)
        return flat[:, : pixmap.width * 3].reshape(pixmap.height, pixmap.width, 3)
