"""Writes the example documents: `python examples/make_examples.py [--out FOLDER]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from examples import broken, office, pdf, plain, scans, slides

DOCUMENTS: dict[str, Callable[[], bytes]] = {
    "annual-report.pdf": pdf.annual_report,
    "two-column-article.pdf": pdf.two_column_article,
    "tables.pdf": pdf.tables,
    "invoice.pdf": pdf.invoice,
    "multilingual.pdf": pdf.multilingual,
    "hidden-text.pdf": pdf.hidden_text,
    "scanned-letter.pdf": scans.scanned_letter,
    "scan-with-bad-text-layer.pdf": scans.scan_with_bad_text_layer,
    "mixed.pdf": scans.mixed,
    "skewed-photo.jpg": scans.skewed_photo,
    "receipt.png": scans.receipt,
    "fax.tif": scans.fax,
    "minutes.docx": office.minutes_docx,
    "fares.xlsx": office.fares_xlsx,
    "safety-briefing.pptx": slides.safety_briefing_pptx,
    "notice.html": plain.notice_html,
    "complaint.eml": plain.complaint_eml,
    "timetable.csv": plain.timetable_csv,
    "readme.md": plain.readme_md,
    "notes.txt": plain.notes_txt,
    "report-misnamed.txt": broken.misnamed,
    "encrypted.pdf": broken.encrypted,
    "corrupt.pdf": broken.corrupt,
    "empty.pdf": broken.empty,
}


def make_examples(folder: Path) -> list[Path]:
    """Writes every example document into `folder`, which is made when missing."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, make in DOCUMENTS.items():
        path = folder / name
        path.write_bytes(make())
        paths.append(path)
    return paths


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    default = Path(__file__).resolve().parent / "documents"
    parser.add_argument("--out", type=Path, default=default, help="folder (%(default)s)")
    folder = parser.parse_args().out
    paths = make_examples(folder)
    size = sum(path.stat().st_size for path in paths)
    print(f"{len(paths)} documents, {size / 1e6:.1f} MB, in {folder}")


if __name__ == "__main__":
    main()
