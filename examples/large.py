"""Very long PDFs for benchmarks, printed or scanned: `python -m examples.large OUT.pdf 3000`."""

from __future__ import annotations

import argparse
import io
from pathlib import Path
from typing import TYPE_CHECKING

from examples.pdf_stream import Content, PdfStream
from examples.prose import LogBook

if TYPE_CHECKING:
    from PIL import Image

TABLE_EVERY = 6
SCAN_BLOCK = 16
GRAIN_MARGIN = 256


def log_page(book: LogBook, number: int) -> bytes:
    """The content stream of entry `number`: about 330 words, every sixth page a table too."""
    content = Content()
    content.heading(book.heading(number))
    if number % TABLE_EVERY == 0:
        content.paragraph(book.paragraph(5))
        content.table(book.table(12))
        content.y -= 10
        content.paragraph(book.paragraph(6))
    else:
        for _ in range(4):
            content.paragraph(book.paragraph(5))
    content.y = 40
    content.line(f"Halden Ferry Company, log book, page {number}", size=8)
    return content.encode()


def write_large_pdf(path: Path, pages: int, seed: int = 0) -> None:
    """Writes a born-digital PDF of `pages` pages of varied text, page by page.

    Page n is headed `Log entry 00000n`, which stands on no other page.
    """
    book = LogBook(seed)
    with path.open("wb") as file, PdfStream(file) as target:
        for number in range(1, pages + 1):
            target.text_page(log_page(book, number))


def write_scan_pdf(path: Path, pages: int, seed: int = 0, dpi: int = 200) -> None:
    """Writes a PDF of `pages` grey scans without a text layer, each skewed in its own way.

    The text is that of `write_large_pdf` with the same seed, which serves as the ground truth.
    """
    import numpy as np
    import pymupdf
    from PIL import Image

    book = LogBook(seed)
    generator = np.random.default_rng(seed)
    shape = (12 * dpi + GRAIN_MARGIN, 9 * dpi + GRAIN_MARGIN)
    grain = Image.fromarray(np.clip(generator.normal(20, 6, shape), 0, 40).astype(np.uint8))
    with path.open("wb") as file, PdfStream(file) as target:
        for first in range(1, pages + 1, SCAN_BLOCK):
            numbers = range(first, min(first + SCAN_BLOCK, pages + 1))
            with pymupdf.open(stream=_block(book, numbers), filetype="pdf") as document:
                for page in document:
                    skew = float(generator.uniform(-1, 1))
                    matrix = pymupdf.Matrix(dpi / 72, dpi / 72).prerotate(skew)
                    pixmap = page.get_pixmap(matrix=matrix, colorspace=pymupdf.csGRAY)
                    size = (pixmap.width, pixmap.height)
                    grey = Image.frombuffer("L", size, pixmap.samples, "raw", "L", 0, 1)
                    left, top = (int(n) for n in generator.integers(GRAIN_MARGIN, size=2))
                    image = _degrade(grey, grain, (left, top))
                    target.scan_page(image, pixmap.width, pixmap.height)


def _block(book: LogBook, numbers: range) -> bytes:
    buffer = io.BytesIO()
    with PdfStream(buffer) as target:
        for number in numbers:
            target.text_page(log_page(book, number))
    return buffer.getvalue()


def _degrade(grey: Image.Image, grain: Image.Image, place: tuple[int, int]) -> bytes:
    """Greyer paper, paler ink, and grain from `place` of the ready-made tile; as JPEG."""
    from PIL import ImageChops

    left, top = place
    paper = grey.point([20 + level * 195 // 255 for level in range(256)])
    noise = grain.crop((left, top, left + grey.width, top + grey.height))
    target = io.BytesIO()
    ImageChops.add(paper, noise).save(target, "JPEG", quality=55)
    return target.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("pages", type=int)
    parser.add_argument("--scan", action="store_true", help="images instead of text")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    write = write_scan_pdf if options.scan else write_large_pdf
    write(options.path, options.pages, options.seed)
    print(f"{options.pages} pages, {options.path.stat().st_size / 1e6:.1f} MB, {options.path}")


if __name__ == "__main__":
    main()
