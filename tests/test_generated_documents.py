"""The generators of long and of many documents: every page its own, equal for equal seeds."""

from __future__ import annotations

from pathlib import Path

import pymupdf

from examples.large import write_large_pdf, write_scan_pdf
from examples.many import write_many


def test_a_large_pdf_has_a_different_text_on_every_page(tmp_path: Path) -> None:
    path = tmp_path / "large.pdf"
    write_large_pdf(path, 300, seed=5)
    with pymupdf.open(path) as document:
        assert not document.is_repaired
        assert document.page_count == 300
        texts = [page.get_text() for page in document]
        assert document[5].find_tables().tables[0].row_count == 13
    assert len(set(texts)) == 300
    for number, text in enumerate(texts, start=1):
        assert text.startswith(f"Log entry {number:06d}")
        assert len(text.split()) > 150


def test_generators_repeat_themselves_for_a_seed_only(tmp_path: Path) -> None:
    first, again, other = (tmp_path / name for name in ("1.pdf", "2.pdf", "3.pdf"))
    for write in (write_large_pdf, write_scan_pdf):
        write(first, 2, seed=1)
        write(again, 2, seed=1)
        write(other, 2, seed=2)
        assert first.read_bytes() == again.read_bytes() != other.read_bytes()


def test_a_scan_pdf_holds_pictures_only_and_each_its_own(tmp_path: Path) -> None:
    path = tmp_path / "scan.pdf"
    write_scan_pdf(path, 18, seed=3, dpi=50)
    with pymupdf.open(path) as document:
        assert not document.is_repaired
        assert document.page_count == 18
        pictures = {document.extract_image(page.get_images()[0][0])["image"] for page in document}
        assert not any(page.get_text() for page in document)
        ink = document[17].get_pixmap(colorspace=pymupdf.csGRAY).color_count(colors=True)
    assert len(pictures) == 18
    levels = [color[0] for color in ink]
    assert min(levels) < 100 < 200 < max(levels)


def test_many_documents_are_all_different(tmp_path: Path) -> None:
    paths = write_many(tmp_path / "many", 60, seed=9)
    assert sorted((tmp_path / "many").iterdir()) == paths
    assert len({path.read_bytes() for path in paths}) == 60
    with pymupdf.open(paths[41]) as document:
        assert document.page_count == 1
        assert document[0].get_text().startswith("Incident report 09-00042")
