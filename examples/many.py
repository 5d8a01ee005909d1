"""Many small documents for benchmarks: `python -m examples.many FOLDER 500`."""

from __future__ import annotations

import argparse
from pathlib import Path

from examples.pdf_stream import Content, PdfStream
from examples.prose import LogBook


def write_many(folder: Path, count: int, seed: int = 0) -> list[Path]:
    """Writes `count` PDFs of one page each into `folder`, all different.

    Document n is headed `Incident report n` and repeats no other document's text.
    """
    folder.mkdir(parents=True, exist_ok=True)
    book = LogBook(seed)
    paths = []
    for number in range(1, count + 1):
        content = Content(size=11)
        content.heading(f"Incident report {seed:02d}-{number:05d}")
        content.paragraph(book.heading(number))
        for _ in range(3):
            content.paragraph(book.paragraph(3))
        path = folder / f"incident-{number:05d}.pdf"
        with path.open("wb") as file, PdfStream(file) as target:
            target.text_page(content.encode())
        paths.append(path)
    return paths


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    write_many(options.folder, options.count, options.seed)
    print(f"{options.count} documents in {options.folder}")


if __name__ == "__main__":
    main()
