"""The media type of a file by its content; the name decides between kinds of plain text only."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from sparknet_assets.source.archive import zip_type
from sparknet_assets.source.compound_file import compound_file_type
from sparknet_assets.source.plain_text import text_type

PDF = "application/pdf"
UNKNOWN = "application/octet-stream"

IMAGE_TYPES = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/tiff": "TIFF",
    "image/webp": "WebP",
    "image/bmp": "BMP",
    "image/gif": "GIF",
    "image/heic": "HEIC",
    "image/avif": "AVIF",
    "image/jp2": "JPEG 2000",
}
RENDITION_TYPES = {
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "DOCX",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "XLSX",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "PPTX",
    "application/vnd.oasis.opendocument.text": "ODT",
    "application/vnd.oasis.opendocument.spreadsheet": "ODS",
    "application/vnd.oasis.opendocument.presentation": "ODP",
    "application/epub+zip": "EPUB",
    "application/msword": "DOC",
    "application/vnd.ms-excel": "XLS",
    "application/vnd.ms-powerpoint": "PPT",
    "application/vnd.ms-outlook": "MSG",
    "application/rtf": "RTF",
    "text/html": "HTML",
    "message/rfc822": "EML",
    "text/markdown": "Markdown",
    "text/csv": "CSV",
    "text/plain": "plain text",
}
ARCHIVE_TYPES = {
    "application/zip": "ZIP",
    "application/gzip": "gzip",
    "application/x-bzip2": "bzip2",
    "application/x-xz": "xz",
    "application/zstd": "Zstandard",
    "application/x-7z-compressed": "7z",
    "application/vnd.rar": "RAR",
    "application/x-tar": "tar",
}
SUPPORTED_TYPES = {PDF: "PDF", **IMAGE_TYPES, **RENDITION_TYPES}

_EXTENSIONS = {
    "application/pdf": "pdf",
    "image/png": "png apng",
    "image/jpeg": "jpg jpeg jpe jfif jif",
    "image/tiff": "tif tiff",
    "image/webp": "webp",
    "image/bmp": "bmp dib",
    "image/gif": "gif",
    "image/heic": "heic heif hif",
    "image/avif": "avif",
    "image/jp2": "jp2 jpx jpf j2k",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": (
        "docx docm dotx dotm"
    ),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx xlsm xltx xltm",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": (
        "pptx pptm ppsx ppsm potx potm"
    ),
    "application/vnd.oasis.opendocument.text": "odt ott",
    "application/vnd.oasis.opendocument.spreadsheet": "ods ots",
    "application/vnd.oasis.opendocument.presentation": "odp otp",
    "application/epub+zip": "epub",
    "application/msword": "doc dot",
    "application/vnd.ms-excel": "xls xlt",
    "application/vnd.ms-powerpoint": "ppt pps pot",
    "application/vnd.ms-outlook": "msg",
    "application/rtf": "rtf doc",
    "text/html": "html htm xhtml",
    "message/rfc822": "eml mht mhtml txt",
    "text/markdown": "md markdown mdown mkd",
    "text/csv": "csv tsv",
    "text/plain": "txt text log",
}
_TYPES_OF_EXTENSION = {
    extension: {kind for kind, names in _EXTENSIONS.items() if extension in names.split()}
    for names in _EXTENSIONS.values()
    for extension in names.split()
}

# First bytes -> type. Sources: the formats' own specifications.
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", PDF),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"II+\0", "image/tiff"),
    (b"MM\0+", "image/tiff"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "image/jp2"),
    (b"\xff\x4f\xff\x51", "image/jp2"),
    (b"{\\rtf", "application/rtf"),
    (b"%!PS", "application/postscript"),
    (b"\xc5\xd0\xd3\xc6", "application/postscript"),
    (b"AT&TFORM", "image/vnd.djvu"),
    (b"8BPS", "image/vnd.adobe.photoshop"),
    (b"\x1f\x8b", "application/gzip"),
    (b"BZh", "application/x-bzip2"),
    (b"\xfd7zXZ\0", "application/x-xz"),
    (b"\x28\xb5\x2f\xfd", "application/zstd"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"!BDN", "application/vnd.ms-outlook-pst"),
    (b"SQLite format 3\0", "application/vnd.sqlite3"),
    (b"PAR1", "application/vnd.apache.parquet"),
    (b"\x7fELF", "application/x-executable"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"fLaC", "audio/flac"),
)
_BMP_HEADER_SIZES = {12, 16, 40, 52, 56, 64, 108, 124}
_HEIC_BRANDS = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}
_HEAD, _TAIL = 65536, 2048
_PDF_OBJECT = re.compile(rb"(?:^|[\r\n ])\d{1,10} \d{1,5} obj\b")


@dataclass(frozen=True, slots=True)
class Detection:
    """What a file is: its IANA media type, and whether it shows itself as encrypted."""

    media_type: str
    encrypted: bool = False

    @property
    def kind(self) -> str | None:
        """How its pages are reached: `pdf`, `image` or `rendition`; None when unsupported."""
        if self.media_type == PDF:
            return "pdf"
        if self.media_type in IMAGE_TYPES:
            return "image"
        return "rendition" if self.media_type in RENDITION_TYPES else None


def detect(path: Path, filename: str = "") -> Detection:
    """The type of the file at `path`. Any bytes give an answer; only reading can raise OSError."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _TAIL))
        tail = file.read(_TAIL)
    if head.startswith(b"PK\x03\x04") or head.startswith(b"PK\x05\x06"):
        return Detection(*zip_type(path, head))
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return Detection(*compound_file_type(path, filename))
    media_type = _by_magic(head)
    if media_type is None and _is_pdf_behind_junk(head, tail):
        media_type = PDF
    if media_type is None and head:
        media_type = text_type(head, _extension(filename), complete=size <= _HEAD)
    return Detection(media_type or UNKNOWN)


def contradicts_extension(media_type: str, filename: str) -> bool:
    """True when the name's extension stands for other types than this one."""
    expected = _TYPES_OF_EXTENSION.get(_extension(filename))
    return expected is not None and media_type not in expected


def _extension(filename: str) -> str:
    return PurePosixPath(filename).suffix.lower().lstrip(".")


def _by_magic(head: bytes) -> str | None:
    for magic, media_type in _MAGIC:
        if head.startswith(magic):
            return media_type
    if head[:4] == b"RIFF":
        return "image/webp" if head[8:12] == b"WEBP" else "application/x-riff"
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADER_SIZES:
        return "image/bmp"
    if head[:2] == b"MZ" and b"PE\0\0" in head[:4096]:
        return "application/vnd.microsoft.portable-executable"
    if head[257:262] == b"ustar":
        return "application/x-tar"
    return _by_brand(head) if head[4:8] == b"ftyp" else None


def _by_brand(head: bytes) -> str:
    """The type of an ISO base media file (ISO/IEC 14496-12, 4.3) by its brands."""
    box = head[8 : min(int.from_bytes(head[:4], "big"), 512)]
    brands = {box[:4]} | {box[at : at + 4] for at in range(8, len(box), 4)}
    if brands & {b"avif", b"avis"}:
        return "image/avif"
    return "image/heic" if brands & _HEIC_BRANDS else "video/mp4"


def _is_pdf_behind_junk(head: bytes, tail: bytes) -> bool:
    """Mail gateways and web servers leave bytes before the header, cut files lack it."""
    has_header = b"%PDF-" in head
    has_end = b"startxref" in tail or b"%%EOF" in tail
    has_object = _PDF_OBJECT.search(head) is not None
    return has_object and (has_header or has_end)
