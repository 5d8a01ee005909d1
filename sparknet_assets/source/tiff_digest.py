"""A digest of all that a TIFF page is decoded from, the same wherever it stands in the file."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from PIL.Image import Image

SCHEME = b"tiff page 1"
# Tags of TIFF 6.0 and its supplements: where the pixels are, strip by strip or tile by tile
_PIXELS = ((273, 279), (324, 325))
# ... and places of further directories: EXIF, GPS, interoperability, reduced copies
_DIRECTORIES = (330, 34665, 34853, 40965)
_PLACES = frozenset((*_DIRECTORIES, *(tag for pair in _PIXELS for tag in pair)))
_OLD_JPEG = 6  # its tables are named by their places in the file


def tiff_page_digest(image: Image, file: BinaryIO) -> str:
    """sha256 (hex) of the tags and the stored pixels of the current frame; empty if unknown.

    Args:
        image: An open TIFF, at the frame.
        file: The same file, open for reading.
    """
    tags = dict(image.tag_v2)  # type: ignore[attr-defined]
    if tags.get(259) == _OLD_JPEG:
        return ""
    stated = sorted((tag, repr(value)) for tag, value in tags.items() if tag not in _PLACES)
    digest = hashlib.sha256(SCHEME + image.tag_v2.prefix)  # type: ignore[attr-defined]
    digest.update(repr(stated).encode())
    left = file.seek(0, 2)
    for offsets, sizes in _PIXELS:
        for offset, size in zip(_numbers(tags, offsets), _numbers(tags, sizes), strict=True):
            left -= size
            if size < 0 or left < 0:  # strips that overlap could ask for any number of bytes
                return ""
            file.seek(offset)
            stored = file.read(size)
            digest.update(b"%d:" % len(stored) + stored)
    return digest.hexdigest()


def _numbers(tags: dict[int, object], tag: int) -> tuple[int, ...]:
    value = tags.get(tag, ())
    return value if isinstance(value, tuple) else (int(str(value)),)
