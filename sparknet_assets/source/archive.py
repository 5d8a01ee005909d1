"""What a zip archive is: an office file, a book, or just an archive."""

from __future__ import annotations

import re
import zipfile
import zlib
from pathlib import Path

_OFFICE = "application/vnd.openxmlformats-officedocument."
_MAIN_PARTS: tuple[tuple[bytes, str], ...] = (
    (b"wordprocessingml.", _OFFICE + "wordprocessingml.document"),
    (b"application/vnd.ms-word.", _OFFICE + "wordprocessingml.document"),
    (b"spreadsheetml.", _OFFICE + "spreadsheetml.sheet"),
    (b"application/vnd.ms-excel.sheet.macro", _OFFICE + "spreadsheetml.sheet"),
    (b"application/vnd.ms-excel.template.macro", _OFFICE + "spreadsheetml.sheet"),
    (b"presentationml.", _OFFICE + "presentationml.presentation"),
    (b"application/vnd.ms-powerpoint.", _OFFICE + "presentationml.presentation"),
)
_FOLDERS = {
    "word/": _OFFICE + "wordprocessingml.document",
    "xl/": _OFFICE + "spreadsheetml.sheet",
    "ppt/": _OFFICE + "presentationml.presentation",
}
_CONTENT_TYPES = "[Content_Types].xml"
_LARGEST_PART = 2**20
_LOCAL_HEADER = b"PK\x03\x04"


def zip_type(path: Path, head: bytes) -> tuple[str, bool]:
    """Media type of a zip archive, and whether its content is encrypted.

    An archive that lost its directory at the end is judged by the parts found in `head`, so that a
    cut office file is known as one.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            parts = {
                name: _read(archive, name)
                for name in ("mimetype", _CONTENT_TYPES, "META-INF/manifest.xml")
                if name in names
            }
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, NotImplementedError):
        parts = _parts_in(head)
        names = set(parts)
    encrypted = (
        b"encryption-data" in parts.get("META-INF/manifest.xml", b"")
        or "META-INF/rights.xml" in names
    )
    declared = parts.get("mimetype", b"").strip().decode("ascii", "replace")
    declared = declared.removesuffix("-template")
    if re.fullmatch(r"application/[a-z0-9.+-]{1,80}", declared):
        return declared, encrypted
    return _office_type(parts.get(_CONTENT_TYPES, b""), names) or "application/zip", encrypted


def _office_type(content_types: bytes, names: set[str]) -> str | None:
    main = re.findall(rb'ContentType="([^"]*\.main\+xml)"', content_types)
    for declared in main:
        for mark, media_type in _MAIN_PARTS:
            if mark in declared:
                return media_type
    if b"sheet.binary.macroEnabled.main" in content_types:
        return "application/vnd.ms-excel.sheet.binary.macroEnabled.12"
    if _CONTENT_TYPES not in names:
        return None
    for folder, media_type in _FOLDERS.items():
        if any(name.startswith(folder) for name in names):
            return media_type
    return None


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    try:
        with archive.open(name) as part:
            return part.read(_LARGEST_PART)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError):
        return b""


def _parts_in(head: bytes) -> dict[str, bytes]:
    """Names and first bytes of the parts whose local headers (APPNOTE.TXT, 4.3.7) are in `head`."""
    parts: dict[str, bytes] = {}
    at = head.find(_LOCAL_HEADER)
    while at >= 0 and len(parts) < 1000:
        method = int.from_bytes(head[at + 8 : at + 10], "little")
        name_end = at + 30 + int.from_bytes(head[at + 26 : at + 28], "little")
        start = name_end + int.from_bytes(head[at + 28 : at + 30], "little")
        name = head[at + 30 : name_end].decode("utf-8", "replace")
        following = head.find(_LOCAL_HEADER, at + 4)
        data = head[start : following if following >= 0 else len(head)]
        if name in ("mimetype", _CONTENT_TYPES, "META-INF/manifest.xml") and method == 8:
            data = _inflate(data)
        parts.setdefault(name, data)
        at = following
    return parts


def _inflate(data: bytes) -> bytes:
    try:
        return zlib.decompressobj(-15).decompress(data, _LARGEST_PART)
    except zlib.error:
        return b""
