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
_PLAIN, _OLD_JPEG = 1, 6  # the tables of the latter are named by their places in the file


def tiff_page_digest(image: Image, file: BinaryIO) -> str:
    """sha256 (hex) of the tags and the stored pixels of the current frame; empty if unknown.

    Args:
        image: An open TIFF, at the frame.
        file: The same file, open for reading.
    """
    tags = dict(image.tag_v2)  # type: ignore[attr-defined]
    if tags.get(259) == _OLD_JPEG or not _sizes_hold(tags):
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


def _sizes_hold(tags: dict[int, object]) -> bool:
    """Whether all pixels are within the stated sizes: libtiff reads on past sizes that can't be."""
    sizes = [_numbers(tags, size) for _, size in _PIXELS]
    if tags.get(259, _PLAIN) != _PLAIN:
        return all(all(part) for part in sizes)
    width, height, samples = (int(str(tags.get(tag, 1))) for tag in (256, 257, 277))
    planes = samples if tags.get(284) == 2 else 1
    bits = sum(_numbers(tags, 258) or (1,)) if planes == 1 else max(_numbers(tags, 258) or (1,))
    if sizes[1]:
        across, rows = (int(str(tags.get(tag, 1))) for tag in (322, 323))
        needed = rows * -(-across * bits // 8)
        count = -(-width // across) * -(-height // rows)
        return len(sizes[1]) >= count * planes and min(sizes[1]) >= needed
    rows = min(height, int(str(tags.get(278, height))))
    line = -(-width * bits // 8)
    whole, rest = divmod(height, rows)
    strips = [rows * line] * whole + ([rest * line] if rest else [])
    needed_strips = strips * planes
    return len(sizes[0]) == len(needed_strips) and all(
        size >= least for size, least in zip(sizes[0], needed_strips, strict=True)
    )


def _numbers(tags: dict[int, object], tag: int) -> tuple[int, ...]:
    value = tags.get(tag, ())
    return value if isinstance(value, tuple) else (int(str(value)),)
