"""Embedded images, made fit for a page."""

from __future__ import annotations

import io
import logging
from dataclasses import dataclass

LEAST = 24  # pixels; smaller images are bullets and rules
MOST_PIXELS = 40_000_000
READABLE_SIDE, READABLE_PIXELS = 80, 60_000  # smaller ones are logos and signatures
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PagePicture:
    """An image in a format that MuPDF reads.

    Attributes:
        points: Its size on a page, at 96 pixels an inch.
        readable: Large enough to hold text that is worth OCR.
    """

    data: bytes
    points: tuple[float, float]
    readable: bool


def page_picture(data: bytes) -> PagePicture | None:
    """Reads an embedded image.

    Returns:
        None for ornaments, for formats without pixels (EMF, SVG) and for damaged data: a document
        is not lost for one of its pictures.
    """
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data)) as image:
            width, height = image.size
            if min(width, height) < LEAST or width * height > MOST_PIXELS:
                return None
            if image.format not in ("PNG", "JPEG"):
                buffer = io.BytesIO()
                image.convert("RGB").save(buffer, "PNG", compress_level=1)
                data = buffer.getvalue()
            else:
                image.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        _log.info("left out a picture of %d bytes: %s", len(data), error)
        return None
    readable = min(width, height) >= READABLE_SIDE and width * height >= READABLE_PIXELS
    return PagePicture(data, (width * 72 / 96, height * 72 / 96), readable)
