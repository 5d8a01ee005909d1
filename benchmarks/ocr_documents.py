"""Scanned pages with their true text, from the corpus of real documents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CORPUS = Path("../shared/corpus")
_IMAGES = {".png", ".jpg", ".tif", ".tiff"}


@dataclass(frozen=True, slots=True)
class Scan:
    """An image file and the text that stands on it."""

    path: Path
    text: str

    def pixels(self) -> NDArray[np.uint8]:
        """RGB, shape (height, width, 3)."""
        import numpy as np
        from PIL import Image

        with Image.open(self.path) as image:
            return np.asarray(image.convert("RGB"))


def receipts(corpus: Path) -> Iterator[Scan]:
    """The SROIE receipts; a line of truth is eight coordinates, then the text, all by commas.

    Raises:
        FileNotFoundError: The corpus holds none.
    """
    for path in _images(corpus / "sroie" / "img"):
        truth = next((corpus / "sroie" / "box").glob(f"{path.stem}.*"))
        lines = truth.read_text("utf-8", errors="replace").splitlines()
        yield Scan(path, "\n".join(line.split(",", 8)[8] for line in lines if line.count(",") > 7))


def pages(corpus: Path) -> Iterator[Scan]:
    """Book pages, letters and manuscripts with a transcription.

    Raises:
        FileNotFoundError: The corpus holds none.
    """
    for path in _images(corpus / "ocr"):
        yield Scan(path, path.with_name(f"{path.stem}.gt.txt").read_text("utf-8"))


def _images(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise FileNotFoundError(2, "no such folder", str(folder))
    return sorted(path for path in folder.iterdir() if path.suffix in _IMAGES)
