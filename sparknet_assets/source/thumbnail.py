"""A small picture of a page as a data URI, to stand in Markdown."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LARGEST_URI = 8192
_SIDES = (240, 180, 120, 80, 40)
_QUALITY = 60
_PREFIX = "data:image/jpeg;base64,"


def thumbnail(pixels: NDArray[np.uint8]) -> str:
    """The image at most 240 pixels high or wide, as a JPEG data URI within 8,192 characters."""
    from PIL import Image

    image = Image.fromarray(pixels)
    for side in _SIDES:
        small = image.copy() if max(image.size) <= side else image
        small.thumbnail((side, side), Image.Resampling.BOX)
        file = io.BytesIO()
        small.save(file, "JPEG", quality=_QUALITY, optimize=True)
        uri = _PREFIX + base64.b64encode(file.getvalue()).decode()
        if len(uri) <= LARGEST_URI:
            break
    return uri
