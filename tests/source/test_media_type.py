"""What a file is, by its content."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import pymupdf
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image

from sparknet_assets.source.media_type import (
    PDF,
    SUPPORTED_TYPES,
    UNKNOWN,
    Detection,
    contradicts_extension,
    detect,
)
from sparknet_assets.source.plain_text import decode_text

OFFICE = "application/vnd.openxmlformats-officedocument."
DOCX = OFFICE + "wordprocessingml.document"
XLSX = OFFICE + "spreadsheetml.sheet"
PPTX = OFFICE + "presentationml.presentation"


def pdf_bytes() -> bytes:
    with pymupdf.open() as document:
        document.new_page().insert_text((72, 72), "Minutes of the meeting")
        return bytes(document.tobytes())


def image_bytes(kind: str, mode: str = "RGB") -> bytes:
    file = io.BytesIO()
    Image.new(mode, (31, 17)).save(file, kind)
    return file.getvalue()


def zipped(parts: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            stored = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            archive.writestr(name, data, stored)
    return file.getvalue()


def office(main_type: str, folder: str) -> bytes:
    types = f'<Types><Override PartName="/{folder}/x.xml" ContentType="{main_type}"/></Types>'
    return zipped({"[Content_Types].xml": types.encode(), f"{folder}/x.xml": b"<x/>" * 500})


def compound_file(*streams: str, first: bytes = b"") -> bytes:
    """A compound file of 512-byte sectors: FAT, directory, and one sector of each stream."""
    names = ["Root Entry", *streams]
    entries = b""
    for number, name in enumerate(names):
        encoded = name.encode("utf-16-le") + b"\0\0"
        kind = 5 if number == 0 else 2
        right = number + 1 if 0 < number < len(streams) else 0xFFFFFFFF
        child = 1 if number == 0 and streams else 0xFFFFFFFF
        entries += encoded.ljust(64, b"\0") + struct.pack("<HBB", len(encoded), kind, 1)
        entries += struct.pack("<III", 0xFFFFFFFF, right, child) + bytes(36)
        entries += struct.pack("<II", 1 + directory_sectors(names), 4096) + bytes(4)
    entries = entries.ljust(directory_sectors(names) * 512, b"\0")
    fat = [0xFFFFFFFD] + [
        number + 2 if number + 1 < directory_sectors(names) else 0xFFFFFFFE
        for number in range(directory_sectors(names))
    ]
    fat += [0xFFFFFFFF] * (128 - len(fat))
    header = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 62, 3, 0xFFFE, 9, 6)
    )
    header += bytes(6) + struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    header += struct.pack("<109I", 0, *[0xFFFFFFFF] * 108)
    return header + struct.pack("<128I", *fat) + entries + first.ljust(512, b"\0")


def directory_sectors(names: list[str]) -> int:
    return -(-len(names) // 4)


MAIL = b"From: a@example.org\r\nTo: b@example.org\r\nSubject: Offer\r\n\r\nDear all,\r\n"
CASES: dict[str, tuple[bytes, str, str]] = {
    "pdf": (pdf_bytes(), "a.pdf", PDF),
    "pdf behind a header": (b"HTTP/1.1 200 OK\r\n\r\n" * 80 + pdf_bytes(), "a.pdf", PDF),
    "pdf without header": (pdf_bytes()[9:], "a", PDF),
    "png": (image_bytes("PNG"), "a.txt", "image/png"),
    "jpeg": (image_bytes("JPEG"), "", "image/jpeg"),
    "tiff": (image_bytes("TIFF"), "", "image/tiff"),
    "webp": (image_bytes("WEBP"), "", "image/webp"),
    "bmp": (image_bytes("BMP"), "", "image/bmp"),
    "gif": (image_bytes("GIF"), "", "image/gif"),
    "avif": (image_bytes("AVIF"), "", "image/avif"),
    "jpeg 2000": (image_bytes("JPEG2000"), "", "image/jp2"),
    "heic": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64), "", "image/heic"),
    "mp4": (b"\0\0\0\x18ftypisom\0\0\0\0isomavc1" + bytes(64), "a.heic", "video/mp4"),
    "docx": (office(DOCX + ".main+xml", "word"), "a.zip", DOCX),
    "docm": (office("application/vnd.ms-word.document.macroEnabled.main+xml", "word"), "", DOCX),
    "xlsx": (office(XLSX + ".main+xml", "xl"), "", XLSX),
    "pptx": (office(PPTX + ".main+xml", "ppt"), "", PPTX),
    "docx cut short": (office(DOCX + ".main+xml", "word")[:200], "", DOCX),
    "odt": (
        zipped({"mimetype": b"application/vnd.oasis.opendocument.text", "content.xml": b"<x/>"}),
        "",
        "application/vnd.oasis.opendocument.text",
    ),
    "epub": (zipped({"mimetype": b"application/epub+zip\n"}), "", "application/epub+zip"),
    "zip": (zipped({"report.pdf": pdf_bytes()}), "a.pdf", "application/zip"),
    "doc": (compound_file("WordDocument", "1Table"), "", "application/msword"),
    "xls": (compound_file("Workbook"), "", "application/vnd.ms-excel"),
    "ppt": (
        compound_file("a", "b", "c", "d", "PowerPoint Document"),
        "",
        "application/vnd.ms-powerpoint",
    ),
    "msg": (compound_file("__properties_version1.0"), "", "application/vnd.ms-outlook"),
    "other ole": (compound_file("Contents"), "a.doc", "application/x-ole-storage"),
    "rtf": (b"{\\rtf1\\ansi Hello}", "a.doc", "application/rtf"),
    "html": (b"\xef\xbb\xbf <!-- made by hand -->\n<!DOCTYPE HTML><p>x", "a.txt", "text/html"),
    "xhtml": (b'<?xml version="1.0"?>\n<html xmlns="x"></html>', "", "text/html"),
    "html without html tag": (b"<p>Bestellung</p>", "a.html", "text/html"),
    "html in cp1252": ("<html>Größe".encode("cp1252"), "", "text/html"),
    "svg": (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "", "image/svg+xml"),
    "mail": (MAIL, "a.txt", "message/rfc822"),
    "mail in utf-16": (MAIL.decode().encode("utf-16"), "", "message/rfc822"),
    "mbox": (b"From someone Wed Jul 16 06:24:10 2008\n" + MAIL, "", "message/rfc822"),
    "no mail": (b"Subject: of this note\nFrom: here on it is prose.\nno header", "", "text/plain"),
    "markdown": (b"# Title\n\n<div>text</div>\n", "README.md", "text/markdown"),
    "csv": ("Straße;Ort\n".encode("cp1252"), "A.CSV", "text/csv"),
    "text about PDF": (b"A PDF file starts with %PDF-1.7 and ends with %%EOF", "", "text/plain"),
    "utf-16 le": ("Grüße an alle".encode("utf-16-le"), "", "text/plain"),
    "html in utf-16 without a mark": (
        "<!DOCTYPE html><p>Отчёт за год: продажи".encode("utf-16-le"),
        "a.txt",
        "text/html",
    ),
    "csv in utf-32 without a mark": (
        "Ort;Summe\nBern;5\n".encode("utf-32-be"),
        "a.csv",
        "text/csv",
    ),
    "numbers of 16 bits": (struct.pack("<400h", *range(-8000, 8000, 40)), "a.txt", UNKNOWN),
    "numbers of 32 bits": (struct.pack("<400I", *range(0, 4000, 10)), "a.txt", UNKNOWN),
    "fractions": (struct.pack("<400f", *(n / 7 for n in range(400))), "a.txt", UNKNOWN),
    "utf-16 be": ("Grüße an alle".encode("utf-16-be"), "", "text/plain"),
    "shift jis": ("請求書を送付いたします。".encode("shift_jis"), "a.txt", "text/plain"),
    "cyrillic": ("Счёт на оплату № 17".encode("cp1251"), "a.txt", "text/plain"),
    "utf-8 with a broken byte": (
        "請求書を送付いたします。Ýmir".encode() + b"\x9d.",
        "a.txt",
        "text/plain",
    ),
    "tar": (b"a.pdf".ljust(257, b"\0") + b"ustar\x0000" + bytes(300), "", "application/x-tar"),
    "gzip": (b"\x1f\x8b\x08\0" + bytes(30), "a.txt", "application/gzip"),
    "rar": (b"Rar!\x1a\x07\x01\0", "", "application/vnd.rar"),
    "binary": (bytes(range(256)) * 4, "a.pdf", UNKNOWN),
    "blank": (b" \n\n", "a.txt", "text/plain"),
    "nothing": (b"", "a.pdf", UNKNOWN),
}


@pytest.mark.parametrize("name", CASES)
def test_the_content_decides(name: str, tmp_path: Path) -> None:
    data, filename, expected = CASES[name]
    path = tmp_path / "file"
    path.write_bytes(data)
    assert detect(path, filename) == Detection(expected)


@pytest.mark.parametrize(
    ("data", "filename", "expected"),
    [
        (compound_file("EncryptionInfo", "EncryptedPackage"), "a.xlsx", XLSX),
        (compound_file("EncryptionInfo", "EncryptedPackage"), "a", DOCX),
        (compound_file("WordDocument", first=bytes(10) + b"\0\x01"), "", "application/msword"),
        (
            compound_file("Workbook", first=struct.pack("<HH4xHH", 0x809, 4, 0x2F, 6)),
            "",
            "application/vnd.ms-excel",
        ),
        (
            zipped(
                {
                    "mimetype": b"application/vnd.oasis.opendocument.text",
                    "META-INF/manifest.xml": b"<manifest:encryption-data/>",
                }
            ),
            "",
            "application/vnd.oasis.opendocument.text",
        ),
    ],
)
def test_encryption_shows(data: bytes, filename: str, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    assert detect(path, filename) == Detection(expected, encrypted=True)


SEEDS = [data for data, _, _ in CASES.values()]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Random bytes, or a real file with a piece cut out or overwritten."""
    data = draw(st.sampled_from([b"", *SEEDS]))
    start = draw(st.integers(0, len(data)))
    end = draw(st.integers(start, len(data)))
    return data[:start] + draw(st.binary(max_size=80)) + data[end:]


@given(damaged(), st.text(max_size=12))
@example(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a.doc")
@example(b"PK\x03\x04", "a.docx")
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_bytes_have_an_answer(tmp_path: Path, data: bytes, filename: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    found = detect(path, filename)
    assert (found.kind is not None) == (found.media_type in SUPPORTED_TYPES)
    contradicts_extension(found.media_type, filename)


@given(st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1))
def test_utf8_text_is_text_and_read_as_written(text: str) -> None:
    if text.startswith("\ufeff"):
        return
    assert decode_text(text.encode()) == (text, "utf-8")


@given(st.text(st.sampled_from("aé漢😀 "), min_size=1), st.integers(0, 3))
def test_a_character_cut_at_the_end_of_the_sample_does_no_harm(text: str, cut: int) -> None:
    data = ("Protokoll " + text).encode()
    decoded = decode_text(data[: len(data) - cut], complete=False)
    assert decoded is not None
    assert ("Protokoll " + text).startswith(decoded[0])


@pytest.mark.parametrize(
    ("media_type", "filename", "expected"),
    [
        (PDF, "a.PDF", False),
        ("image/png", "a.pdf", True),
        ("image/jpeg", "scan.jpeg", False),
        (DOCX, "a.doc", True),
        (PDF, "no-extension", False),
        (PDF, "a.unheard-of", False),
    ],
)
def test_a_wrong_extension_is_noticed(media_type: str, filename: str, expected: bool) -> None:
    assert contradicts_extension(media_type, filename) is expected
