"""Page images as arrays: checked, brought to one form, cut down to what is printed on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Levels of 255 that a row or column must span to hold anything: above the noise of JPEG paper
# white, below the faintest print.
CONTRAST = 24
MARGIN = 24
# No letter can be told apart on fewer rows or columns.
FEWEST = 6


def to_bgr(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Grey, RGB or RGBA, in any memory layout, as a contiguous array (height, width, 3) of BGR.

    Raises:
        ValueError: Another shape or type.
    """
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or 0 in image.shape:
        raise ValueError(f"not an 8-bit page image: shape {image.shape}, type {image.dtype}")
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[:, :, 0]
    if image.ndim == 2:
        return np.repeat(np.ascontiguousarray(image)[:, :, None], 3, axis=2)
    if image.shape[2] == 4:
        alpha = image[:, :, 3:].astype(np.uint16)
        image = ((image[:, :, :3] * alpha + 255 * (255 - alpha)) // 255).astype(np.uint8)
    if image.shape[2] != 3:
        raise ValueError(f"not a grey, RGB or RGBA image: shape {image.shape}")
    return np.ascontiguousarray(image[:, :, ::-1])


def content_area(page: NDArray[np.uint8]) -> tuple[int, int, int, int] | None:
    """The part of a page that is not empty margin.

    Args:
        page: Shape (height, width, channels).

    Returns:
        left, top, right, bottom in pixels with some margin; None when there is nothing to read.
    """
    grey = page[:, :, 1]
    rows = np.flatnonzero(np.subtract(grey.max(axis=1), grey.min(axis=1)) >= CONTRAST)
    columns = np.flatnonzero(np.subtract(grey.max(axis=0), grey.min(axis=0)) >= CONTRAST)
    if not len(rows) or not len(columns) or min(grey.shape) < FEWEST:
        return None
    height, width = grey.shape
    return (
        max(0, int(columns[0]) - MARGIN),
        max(0, int(rows[0]) - MARGIN),
        min(width, int(columns[-1]) + 1 + MARGIN),
        min(height, int(rows[-1]) + 1 + MARGIN),
    )
