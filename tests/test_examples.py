"""The example documents are what expected.json says, and the same on every run."""

from __future__ import annotations

import email
import email.policy
import io
import json
import unicodedata
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pymupdf
import pytest
from PIL import Image, ImageOps

from examples import company
from examples.broken import PASSWORD
from examples.make_examples import DOCUMENTS, make_examples
from resources.failure import FailureKind

EXPECTED = json.loads(
    (Path(__file__).parent.parent / "examples" / "expected.json").read_text(encoding="utf-8")
)
PRINTED = sorted(
    name
    for name, facts in EXPECTED["documents"].items()
    if (DOCUMENTS[name].__module__ in ("examples.pdf", "examples.scans", "examples.broken"))
    and facts["status"] == "indexed"
    and not facts.get("ocr")
)
# AES-256 takes random keys and salts by design.
RANDOM = {"encrypted.pdf"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("examples") / "documents"
    make_examples(folder)
    return folder


def squeeze(text: str) -> str:
    """Text without white space, with ligatures taken apart."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def test_every_expected_document_is_made(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == set(EXPECTED["documents"])
    kinds = {facts.get("failure") for facts in EXPECTED["documents"].values()} - {None}
    assert kinds <= {kind.value for kind in FailureKind}
    asked = {query["document"] for query in EXPECTED["queries"]}
    assert asked <= set(EXPECTED["documents"])


@pytest.mark.parametrize("name", PRINTED)
def test_phrases_stand_on_their_pages(folder: Path, name: str) -> None:
    facts = EXPECTED["documents"][name]
    with pymupdf.open(stream=(folder / name).read_bytes(), filetype="pdf") as document:
        assert document.page_count == facts["pages"]
        texts = [squeeze(page.get_text()) for page in document]
    for phrase in facts["phrases"]:
        if not phrase.get("ocr"):
            assert squeeze(phrase["text"]) in texts[phrase["page"] - 1]


@pytest.mark.parametrize("name", sorted(set(DOCUMENTS) - RANDOM))
def test_a_second_run_gives_equal_bytes(folder: Path, name: str) -> None:
    assert DOCUMENTS[name]() == (folder / name).read_bytes()


def test_scans_have_no_readable_text_layer(folder: Path) -> None:
    with pymupdf.open(folder / "scanned-letter.pdf") as letter:
        assert [page.get_text() for page in letter] == ["", ""]
    with pymupdf.open(folder / "scan-with-bad-text-layer.pdf") as scan:
        assert len(scan[0].get_text()) > 400
        assert "lock" not in scan[0].get_text()
    with pymupdf.open(folder / "mixed.pdf") as mixed:
        assert [bool(page.get_text()) for page in mixed] == [True, True, False, True, True]
        assert [page.rotation for page in mixed] == [0, 0, 0, 90, 0]
        table = mixed[3].search_for("Next docking")[0] * mixed[3].rotation_matrix
        assert table.width > table.height, "the turned page reads upright when shown"


def test_the_report_has_bookmarks_links_and_metadata(folder: Path) -> None:
    with pymupdf.open(folder / "annual-report.pdf") as report:
        assert report.metadata["title"] == "Annual report 2025"
        assert report.metadata["author"] == "Halden Ferry Company"
        for level, title, page in report.get_toc():
            assert level in (1, 2)
            assert squeeze(title) in squeeze(report[page - 1].get_text())
        targets = [link["page"] for link in report[1].get_links()]
        assert targets == [page - 1 for _, _, page in report.get_toc()]


def test_the_invoice_adds_up(folder: Path) -> None:
    net, tax, gross = company.invoice_totals()
    assert net + tax == gross
    with pymupdf.open(folder / "invoice.pdf") as invoice:
        words = invoice[0].get_text().split("\n")
    amounts = [cents(word) for word in words if "." in word and word.replace(",", "")[0].isdigit()]
    assert {net, tax, gross} <= set(amounts)
    assert "209,962 before tax" in company.text("annual-report")
    assert net // 100 == 209_962


def cents(text: str) -> int:
    digits = text.replace(",", "").replace(".", "")
    return int(digits) if digits.isdigit() else -1


def test_hidden_lines_are_in_the_file_but_not_on_the_page(folder: Path) -> None:
    with pymupdf.open(folder / "hidden-text.pdf") as document:
        page = document[0]
        text = page.get_text()
        for phrase in EXPECTED["documents"]["hidden-text.pdf"]["absent"]:
            assert phrase in text
        for phrase in ("Ignore previous", "The secret reserve"):
            area = page.search_for(phrase)[0]
            assert page.get_pixmap(clip=area, dpi=150).is_unicolor


def test_pictures_are_stored_as_devices_store_them(folder: Path) -> None:
    with Image.open(folder / "fax.tif") as fax:
        assert (fax.n_frames, fax.mode, fax.info["compression"]) == (2, "1", "group4")
    with Image.open(folder / "skewed-photo.jpg") as photo:
        assert photo.getexif()[0x0112] == 6
        assert photo.width > photo.height
        upright = ImageOps.exif_transpose(photo)
        assert upright.width < upright.height


def test_office_files_open_in_other_libraries(folder: Path) -> None:
    minutes = docx.Document(str(folder / "minutes.docx"))
    styles = [p.style.name for p in minutes.paragraphs if p.style and "eading" in p.style.name]
    assert styles == ["Heading 1"] + ["Heading 2"] * 6
    assert [cell.text for cell in minutes.tables[0].rows[0].cells] == company.actions()[0]
    book = openpyxl.load_workbook(folder / "fares.xlsx", data_only=True)
    assert book.sheetnames == ["Single fares", "Season tickets"]
    assert book["Single fares"]["G3"].value == pytest.approx(22.8)
    with pymupdf.open(folder / "safety-briefing.pptx") as slides:
        assert "padlock and red tag" in "".join(page.get_text() for page in slides)


def test_the_complaint_carries_its_claim_form(folder: Path) -> None:
    data = (folder / "complaint.eml").read_bytes()
    message: Any = email.message_from_bytes(data, policy=email.policy.default)
    assert "Saltham \u2013 Thornwick" in message["subject"]
    (form,) = message.iter_attachments()
    with pymupdf.open(stream=form.get_content(), filetype="pdf") as document:
        assert "HF-250824-7719" in document[0].get_text()


def test_broken_files_are_broken_in_their_own_way(folder: Path) -> None:
    assert (folder / "empty.pdf").stat().st_size == 0
    with pymupdf.open(folder / "encrypted.pdf") as document:
        assert document.needs_pass
        assert document.authenticate(PASSWORD)
        assert "Salaries" in document[0].get_text()
    data = (folder / "corrupt.pdf").read_bytes()
    assert data.startswith(b"%PDF-")
    with pymupdf.open(stream=io.BytesIO(data), filetype="pdf") as document:
        assert document.page_count == 0
    assert (folder / "report-misnamed.txt").read_bytes().startswith(b"%PDF-")
    assert (folder / "notes.txt").read_bytes().decode("utf-16").startswith("Handover notes")
