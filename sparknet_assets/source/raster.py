"""A PDF page as pixels: at which resolution, within which limits, with or without colour."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sparknet_assets.source.pdf import library
from sparknet_assets.source.png import drop_colour

if TYPE_CHECKING:
    import numpy as np
    import pymupdf
    from numpy.typing import NDArray

    from resources.settings import Settings

POINTS_PER_INCH = 72
_LONGEST_SIDE = 20_000  # pixels; image libraries keep coordinates in 15 bits
_SCAN_COVERAGE = 0.5  # share of the page under its largest picture that makes it a scan
_USEFUL_UPSAMPLING = 1.5
_LEAST_OCR_DPI = 100
_SMALL_PAGE = 0.5  # sheets of A4
_A4_SQUARE_INCHES = 8.27 * 11.69


def rasterise(
    page: pymupdf.Page, settings: Settings, *, for_ocr: bool
) -> tuple[NDArray[np.uint8], float]:
    """Renders a page, annotations and form fields included, rotation applied.

    Returns:
        Grey (height, width) when the page has no colour, else RGB (height, width, 3); and the dpi.
    """
    import numpy as np

    dpi = _ocr_dpi(page, float(settings.ocr_dpi)) if for_ocr else float(settings.render_dpi)
    width, height = (
        max(1.0, side) / POINTS_PER_INCH for side in (page.rect.width, page.rect.height)
    )
    dpi = min(dpi, (settings.max_page_pixels / (width * height)) ** 0.5)
    dpi = min(dpi, _LONGEST_SIDE / max(width, height))
    pymupdf = library()
    scale = dpi / POINTS_PER_INCH
    pixmap = page.get_pixmap(
        matrix=pymupdf.Matrix(scale, scale), colorspace=pymupdf.csRGB, alpha=False
    )
    flat = np.frombuffer(pixmap.samples_mv, np.uint8)
    rows = flat.reshape(pixmap.height, pixmap.stride)[:, : pixmap.width * 3]
    pixels = drop_colour(rows.reshape(pixmap.height, pixmap.width, 3))
    return (pixels if pixels.ndim == 2 else pixels.copy()), round(dpi, 2)


def _ocr_dpi(page: pymupdf.Page, wanted: float) -> float:
    """The resolution for OCR: what is asked for, bent towards what a scan holds.

    A coarse scan gains nothing from many more pixels than it has. A page smaller than half a sheet
    of A4 is often a large scan with a wrong size: it is rendered as fine as the scan is, up to the
    pixels of an A4 page.
    """
    native = _scan_dpi(page)
    if native is None:
        return wanted
    if native < wanted:
        return min(wanted, max(_LEAST_OCR_DPI, native * _USEFUL_UPSAMPLING))
    square_inches = float(page.rect.width * page.rect.height) / POINTS_PER_INCH**2
    sheets = square_inches / _A4_SQUARE_INCHES
    if sheets > _SMALL_PAGE:
        return wanted
    return max(wanted, min(native, wanted / math.sqrt(max(sheets, 1e-6))))


def _scan_dpi(page: pymupdf.Page) -> float | None:
    """Pixels per inch of the picture that covers the page; None when none does."""
    page_area = float(page.rect.width * page.rect.height)
    best: tuple[float, float] | None = None
    for picture in page.get_image_info():
        x0, y0, x1, y1 = picture["bbox"]
        area = float((x1 - x0) * (y1 - y0))
        if area >= _SCAN_COVERAGE * page_area and (best is None or area > best[0]):
            density = (picture["width"] * picture["height"] / area) ** 0.5
            best = area, density * POINTS_PER_INCH
    return best[1] if best else None
