"""Image files through Pillow: one frame a page, upright, grey or RGB, on white."""

from __future__ import annotations

import hashlib
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from resources.failure import FailureKind, SparknetError
from sparknet_assets.source.flattening import flattened
from sparknet_assets.source.pdf_facts import StatedFacts, clean_field
from sparknet_assets.source.png import drop_colour
from sparknet_assets.source.tiff_digest import tiff_page_digest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

LARGEST_FRAME = 178_956_970
"""Pixels of the largest frame that is decoded; Pillow's own mark of a decompression bomb."""

_PILLOW_FORMATS = {
    "image/png": ("PNG",),
    "image/jpeg": ("JPEG", "MPO"),
    "image/tiff": ("TIFF",),
    "image/webp": ("WEBP",),
    "image/bmp": ("BMP",),
    "image/gif": ("GIF",),
    "image/heic": ("HEIF",),
    "image/avif": ("AVIF",),
    "image/jp2": ("JPEG2000",),
}
_PAGED_FORMATS = ("TIFF", "GIF", "WEBP", "HEIF", "AVIF")  # elsewhere: previews and gain maps
_CREDIBLE_DPI = (100, 2400)  # 72 and 96 are what programs write unasked
_SUBFILE_TYPE, _REDUCED_OR_MASK = 254, 0b101  # TIFF 6.0, NewSubfileType
_TITLE, _DATE, _ARTIST, _ORIENTATION = 270, 306, 315, 274  # TIFF 6.0 and EXIF 2.3 tags
_DECODER_ERRORS = (
    *(OSError, EOFError, SyntaxError, ValueError, TypeError, LookupError, AttributeError),
    *(ArithmeticError, RuntimeError, struct.error, zlib.error),
)


class ImageFile:
    """An open image file.

    Attributes:
        page_count: Frames that are pages, at least 1.
    """

    def __init__(self, path: Path, media_type: str, name: str) -> None:
        """Opens the file and reads its structure, no pixels yet.

        Raises:
            SparknetError: corrupt or too_large.
        """
        self._name = name
        with _reading(name, "no image can be read from it"):
            self._image = _open(path, media_type)
        try:
            with _reading(name, "its frames can't be counted"):
                self._frames = _page_frames(self._image)
        except BaseException:
            self._image.close()
            raise
        self.page_count = len(self._frames)

    def close(self) -> None:
        """Closes the file."""
        self._image.close()

    @property
    def facts(self) -> StatedFacts:
        """Title, author and time of creation (ISO 8601) as the file states them."""
        try:
            with _reading(self._name, "its EXIF data is broken"):
                fields = dict(self._image.getexif())
        except SparknetError:  # pixels without facts are still a document
            fields = {}
        title, artist, moment = (
            clean_field(value) if isinstance(value := fields.get(tag), str) else None
            for tag in (_TITLE, _ARTIST, _DATE)
        )
        date, _, time = (moment or "").partition(" ")
        is_date = len(date) == 10 and len(time) == 8 and not date.startswith("0000")
        created = f"{date.replace(':', '-')}T{time}" if is_date else None
        return StatedFacts(title, artist, created)

    def digests(self, path: Path, sha256: str) -> Iterator[str]:
        """Digest of each page; of a TIFF by the page itself, else by its number in the file.

        Args:
            path: The file that was opened.
            sha256: Of the file.
        """
        with path.open("rb") as file:
            for frame in self._frames:
                digest = ""
                if self._image.format == "TIFF":
                    with suppress(SparknetError), _reading(self._name, "a frame can't be read"):
                        self._image.seek(frame)
                        digest = tiff_page_digest(self._image, file)
                yield digest or hashlib.sha256(f"{sha256}\n{frame}".encode()).hexdigest()

    def render(self, page: int, max_pixels: int) -> tuple[NDArray[np.uint8], float | None]:
        """Decodes a page and turns it upright.

        Args:
            page: 1-based.
            max_pixels: A frame of more pixels is scaled down.

        Returns:
            Grey (height, width) or RGB (height, width, 3); its dpi where the file credibly states
            one.

        Raises:
            SparknetError: corrupt or too_large; the other pages may still be fine.
        """
        import numpy as np

        with _reading(f"Page {page} of {self._name}", "it can't be decoded"):
            self._image.seek(self._frames[page - 1])
            image: Image.Image = self._image
            if image.width * image.height > LARGEST_FRAME:
                raise _too_large(f"Page {page} of {self._name}")
            resolution = _resolution(image)
            size, dpi = _target(image.size, resolution, max_pixels)
            if size[0] < image.width:
                image.draft(None, size)  # JPEG decodes to a half, a quarter or an eighth cheaply
            image.load()
            orientation = image.getexif().get(_ORIENTATION, 1)
            flat = flattened(image)
            if flat.size != size:
                flat = flat.resize(size, reducing_gap=2.0)
            return drop_colour(np.asarray(_upright(flat, orientation))), dpi


def _open(path: Path, media_type: str) -> Image.Image:
    from PIL import Image

    if media_type == "image/heic":
        from pillow_heif import register_heif_opener

        register_heif_opener(thumbnails=False)
    if media_type == "image/tiff":
        from PIL import TiffImagePlugin

        # Pillow 13 scrambles uncompressed TIFFs of orientation 5 to 8 unless libtiff reads them
        TiffImagePlugin.READ_LIBTIFF = True
    return Image.open(path, formats=_PILLOW_FORMATS[media_type])


def _page_frames(image: Image.Image) -> list[int]:
    if image.format == "TIFF":
        return _tiff_frames(image)
    return list(range(getattr(image, "n_frames", 1) if image.format in _PAGED_FORMATS else 1))


def _tiff_frames(image: Image.Image) -> list[int]:
    """Frames that are pages; where the file breaks off, one more that stands for what is lost."""
    pages: list[int] = []
    count = 0
    while True:
        try:
            image.seek(count)
        except EOFError:  # after the last one
            return pages or list(range(count))
        except _DECODER_ERRORS:
            if not pages:
                raise
            return [*pages, count]
        if not int(image.tag_v2.get(_SUBFILE_TYPE, 0)) & _REDUCED_OR_MASK:  # type: ignore[attr-defined]
            pages.append(count)
        count += 1


def _resolution(image: Image.Image) -> tuple[float, float] | None:
    """Dots per inch, horizontally and vertically, where stated and credible."""
    stated = image.info.get("dpi")
    if not isinstance(stated, tuple) or len(stated) != 2:
        return None
    across, down = float(stated[0]), float(stated[1])
    least, most = _CREDIBLE_DPI
    return (across, down) if least <= max(across, down) <= most and min(across, down) > 40 else None


def _target(
    size: tuple[int, int], resolution: tuple[float, float] | None, max_pixels: int
) -> tuple[tuple[int, int], float | None]:
    """Size of the page image with square pixels, within the limit, and its dpi.

    Fax machines scan at 204 x 98 dpi: taken as they are, such lines are half as high.
    """
    across, down = resolution or (1.0, 1.0)
    dpi = max(across, down)
    width, height = size[0] * dpi / across, size[1] * dpi / down
    scale = min(1.0, (max_pixels / (width * height)) ** 0.5)
    target = max(1, int(width * scale)), max(1, int(height * scale))
    return target, round(dpi * scale, 2) if resolution else None


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    return image.transpose(turns[orientation]) if orientation in turns else image


def _too_large(what: str) -> SparknetError:
    return SparknetError(
        FailureKind.TOO_LARGE,
        f"{what} has more than {LARGEST_FRAME // 10**6} million pixels. Save it smaller.",
    )


@contextmanager
def _reading(what: str, problem: str) -> Iterator[None]:
    """Turns what Pillow raises and warns about into one typed error."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except Image.DecompressionBombError:
            raise _too_large(what) from None
        except _DECODER_ERRORS as error:
            raise SparknetError(
                FailureKind.CORRUPT,
                f"{what} is a damaged or incomplete image: {problem} ({error}). "
                "Scan or upload it again.",
            ) from error
