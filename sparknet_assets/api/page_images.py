"""Page images in a smaller size."""

from __future__ import annotations

import io
import threading

# Decoding takes memory: 16 megapixels are 48 MB, and a page may be asked for by many at once.
_AT_ONCE = threading.Semaphore(2)


def smaller(data: bytes, width: int) -> bytes:
    """A PNG of our own making, scaled to a width in pixels."""
    from PIL import Image

    with _AT_ONCE, Image.open(io.BytesIO(data), formats=["PNG"]) as image:
        height = max(1, round(image.height * width / image.width))
        scaled = image.resize((width, height), Image.Resampling.BOX, reducing_gap=2.0)
        out = io.BytesIO()
        scaled.save(out, "PNG", compress_level=3)
    return out.getvalue()
