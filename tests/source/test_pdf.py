"""PDFs: opened when they can be, refused for the right reason when not."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pymupdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources.failure import FailureKind, SparknetError
from sparknet_assets.source.password import candidates, saslprep
from sparknet_assets.source.pdf import encryption_handler, open_pdf
from sparknet_assets.source.pdf_facts import clean_field, facts_of, flags_of, parse_date

RC4_40, RC4_128, AES_128, AES_256 = range(2, 6)


def make_pdf(path: Path, pages: int = 2, **saving: object) -> Path:
    with pymupdf.open() as document:
        for number in range(pages):
            document.new_page().insert_text((72, 72), f"Page {number + 1}")
        document.set_metadata({"title": "  Annual\n report ", "creationDate": "D:20240229120000Z"})
        document.save(path, **saving)
    return path


def refusal(path: Path, *passwords: str) -> SparknetError:
    with pytest.raises(SparknetError) as caught:
        open_pdf(path, path.name, passwords)
    assert path.name in caught.value.message
    return caught.value


def test_pages_facts_and_flags(tmp_path: Path) -> None:
    document, pages = open_pdf(make_pdf(tmp_path / "a.pdf"), "a.pdf")
    with document:
        assert pages == 2
        assert facts_of(document) == ("Annual report", None, "2024-02-29T12:00:00+00:00")
        assert flags_of(document, pages) == []


@pytest.mark.parametrize("method", [RC4_40, RC4_128, AES_128, AES_256])
@pytest.mark.parametrize("password", ["swordfish", "æøå"])
def test_configured_passwords_are_tried(tmp_path: Path, method: int, password: str) -> None:
    path = make_pdf(
        tmp_path / "a.pdf", encryption=method, user_pw=password, owner_pw="someone else's"
    )
    document, pages = open_pdf(path, "a.pdf", ["wrong", password])
    with document:
        assert pages == 2
        assert "encrypted" in flags_of(document, pages)
        assert "Page 2" in document[1].get_text()
    refused = refusal(path, "wrong")
    assert refused.kind is FailureKind.ENCRYPTED
    assert not refused.retryable
    assert "SPARKNET_PDF_PASSWORDS" in refused.message
    assert "wrong" not in refused.message
    assert refusal(path).kind is FailureKind.ENCRYPTED


@pytest.mark.parametrize("method", [AES_128, AES_256])
def test_a_password_typed_in_another_unicode_form_opens(tmp_path: Path, method: int) -> None:
    stored = "Überstraße"
    path = make_pdf(tmp_path / "a.pdf", encryption=method, user_pw=stored, owner_pw="x")
    document, pages = open_pdf(path, "a.pdf", [unicodedata.normalize("NFD", stored)])
    with document:
        assert pages == 2


def test_an_owner_password_alone_does_not_lock(tmp_path: Path) -> None:
    path = make_pdf(tmp_path / "a.pdf", encryption=AES_256, user_pw="", owner_pw="owner")
    document, pages = open_pdf(path, "a.pdf")
    with document:
        assert (pages, flags_of(document, pages)) == (2, ["encrypted"])


def test_saslprep_follows_the_examples_of_rfc_4013() -> None:
    examples = {"I\u00adX": "IX", "user": "user", "\u00aa": "a", "\u2168": "IX", "a\u00a0b": "a b"}
    assert {given_: saslprep(given_) for given_ in examples} == examples


@given(st.lists(st.text()))
def test_every_password_is_tried_as_given_and_in_order(passwords: list[str]) -> None:
    tried = list(candidates(passwords))
    remaining = iter(tried)
    assert all(password in remaining for password in passwords)
    assert set(tried) == set(passwords) | {saslprep(password) for password in passwords}


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", FailureKind.EMPTY),
        (b"%PDF-1.4\n%%EOF\n", FailureKind.CORRUPT),
        (b"%PDF-1.4\n" + bytes(range(256)) * 20, FailureKind.CORRUPT),
        (
            b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
            b"2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF",
            FailureKind.CORRUPT,
        ),
    ],
)
def test_what_is_no_document_is_refused_by_kind(
    tmp_path: Path, data: bytes, kind: FailureKind
) -> None:
    path = tmp_path / "bad.pdf"
    path.write_bytes(data)
    assert refusal(path).kind is kind


def with_handler(path: Path, handler: bytes) -> Path:
    make_pdf(path, encryption=RC4_128, user_pw="x", owner_pw="x")
    data = path.read_bytes()
    assert data.count(b"/Standard") == 1
    path.write_bytes(data.replace(b"/Standard", b"/" + handler))
    return path


def test_certificate_encryption_is_not_called_damage(tmp_path: Path) -> None:
    refused = refusal(with_handler(tmp_path / "a.pdf", b"Adobe.PubSec"), "x")
    assert refused.kind is FailureKind.ENCRYPTED
    assert "Adobe.PubSec" in refused.message


def test_the_handler_is_found_in_the_bytes(tmp_path: Path) -> None:
    assert encryption_handler(make_pdf(tmp_path / "plain.pdf").read_bytes()) is None
    locked = make_pdf(tmp_path / "locked.pdf", encryption=AES_256, user_pw="x", owner_pw="x")
    assert encryption_handler(locked.read_bytes()) == "Standard"
    direct = b"trailer<</Encrypt<</Filter/FOPN_fLock/V 1>>/Root 1 0 R>>"
    assert encryption_handler(direct) == "FOPN_fLock"


@given(st.binary(max_size=300))
def test_looking_for_the_handler_never_raises(data: bytes) -> None:
    encryption_handler(b"/Encrypt 1 0 R 1 0 obj" + data)


def test_remarkable_things_are_flagged(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    with pymupdf.open() as document:
        page = document.new_page()
        page.add_file_annot((72, 72), b"contents", "note.txt")
        field = pymupdf.Widget()
        field.field_name, field.field_type = "name", pymupdf.PDF_WIDGET_TYPE_TEXT
        field.rect = pymupdf.Rect(72, 100, 200, 120)
        page.add_widget(field)
        catalog = document.pdf_catalog()
        document.xref_set_key(catalog, "OpenAction", "<</S/JavaScript/JS(app.alert\\(1\\))>>")
        document.xref_set_key(catalog, "Collection", "<</Type/Collection>>")
        document.save(path)
    document, pages = open_pdf(path, "a.pdf")
    with document:
        assert flags_of(document, pages) == ["attachments", "form", "javascript", "portfolio"]


@pytest.mark.parametrize(
    ("where", "key", "value"),
    [
        ("catalog", "AA", "<</WC<</S/JavaScript/JS(x)>>>>"),
        ("page", "AA", "<</O<</S/JavaScript/JS(x)>>>>"),
        ("note", "A", "<</S/JavaScript/JS(x)>>"),
        ("note", "AA", "<</Fo<</S/JavaScript/JS(x)>>>>"),
        ("note", "AA", "<</Fo<</S/GoTo>>>>"),
    ],
)
def test_scripts_of_pages_and_notes_are_flagged(
    tmp_path: Path, where: str, key: str, value: str
) -> None:
    path = tmp_path / "a.pdf"
    with pymupdf.open() as document:
        page = document.new_page()
        note = page.add_highlight_annot((72, 72, 200, 90))
        places = {"catalog": document.pdf_catalog(), "page": page.xref, "note": note.xref}
        document.xref_set_key(places[where], key, value)
        document.save(path)
    document, pages = open_pdf(path, "a.pdf")
    with document:
        assert flags_of(document, pages) == (["javascript"] if "JavaScript" in value else [])


def test_comments_are_flagged(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    with pymupdf.open() as document:
        document.new_page()
        document.new_page().add_text_annot((72, 72), "Check this figure.")
        document.save(path)
    document, pages = open_pdf(path, "a.pdf")
    with document:
        assert flags_of(document, pages) == ["comments"]


def test_a_repaired_file_is_flagged(tmp_path: Path) -> None:
    path = make_pdf(tmp_path / "a.pdf")
    path.write_bytes(b"mail gateway says hello\n" + path.read_bytes()[:-60])
    document, pages = open_pdf(path, "a.pdf")
    with document:
        assert (pages, flags_of(document, pages)) == (2, ["repaired"])


@pytest.mark.parametrize("claimed", [b"0", b"1", b"-5", b"4000"])
def test_no_page_is_lost_to_a_wrong_count(tmp_path: Path, claimed: bytes) -> None:
    path = make_pdf(tmp_path / "a.pdf", pages=3)
    data = path.read_bytes()
    assert data.count(b"/Count 3") == 1
    path.write_bytes(data.replace(b"/Count 3", b"/Count " + claimed))
    document, pages = open_pdf(path, "a.pdf")
    with document:
        assert pages == 3
        assert [page.get_text().strip() for page in document] == ["Page 1", "Page 2", "Page 3"]
        assert "repaired" in flags_of(document, pages)


def test_pages_deep_in_the_tree_are_counted_too(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    with pymupdf.open() as document:
        for number in range(4):
            document.new_page().insert_text((72, 72), f"Page {number + 1}")
        root = int(document.xref_get_key(document.pdf_catalog(), "Pages")[1].split()[0])
        kids = [document.page_xref(number) for number in range(4)]
        branches = [document.get_new_xref() for _ in range(2)]
        for branch, pair in zip(branches, (kids[:2], kids[2:]), strict=True):
            listed = " ".join(f"{kid} 0 R" for kid in pair)
            document.update_object(
                branch, f"<</Type/Pages/Count 1/Parent {root} 0 R/Kids[{listed}]>>"
            )
            for kid in pair:
                document.xref_set_key(kid, "Parent", f"{branch} 0 R")
        document.xref_set_key(root, "Kids", "[" + " ".join(f"{b} 0 R" for b in branches) + "]")
        document.xref_set_key(root, "Count", "2")
        document.save(path)
    document, pages = open_pdf(path, "a.pdf")
    with document:
        assert pages == 4
        assert [page.get_text().strip() for page in document] == [
            f"Page {number + 1}" for number in range(4)
        ]


def test_a_count_that_claims_too_much_leaves_missing_pages_missing(tmp_path: Path) -> None:
    path = make_pdf(tmp_path / "a.pdf", pages=2)
    path.write_bytes(path.read_bytes().replace(b"/Count 2", b"/Count 3"))
    document, pages = open_pdf(path, "a.pdf")
    with document:
        assert pages == 3


def test_the_library_keeps_its_complaints_to_itself(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = make_pdf(tmp_path / "a.pdf")
    path.write_bytes(path.read_bytes().replace(b"stream", b"strxam", 1)[:-40])
    document, _ = open_pdf(path, "a.pdf")
    with document:
        assert document.is_repaired
        for page in document:
            page.get_pixmap()
            page.get_text()
    assert tuple(capfd.readouterr()) == ("", "")


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("D:20230421160435Z00'00'", "2023-04-21T16:04:35+00:00"),
        ("D:20230421160435-08'30'", "2023-04-21T16:04:35-08:30"),
        ("D:20230421160435+02", "2023-04-21T16:04:35+02:00"),
        ("20230421", "2023-04-21T00:00:00"),
        ("D:2023", "2023-01-01T00:00:00"),
        ("D:20231399999999", None),
        ("D:00000101", None),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_dates(stated: str | None, expected: str | None) -> None:
    assert parse_date(stated) == expected


@pytest.mark.parametrize("placeholder", ["untitled", "(anonymous)", "Untitled Document", " "])
def test_what_programs_fill_in_is_no_title(placeholder: str) -> None:
    assert clean_field(placeholder) is None


@given(st.text())
def test_any_string_as_date_or_title(text: str) -> None:
    parse_date(text)
    parse_date("D:" + text)
    cleaned = clean_field(text)
    assert cleaned is None or (cleaned.isprintable() and cleaned == " ".join(cleaned.split()))
    assert clean_field("\udce4" + text)
