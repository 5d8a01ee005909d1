"""Which content of a PDF page MuPDF gave up on: it draws what comes before, and raises nothing."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from sparknet_assets.source.pdf import library, native_errors

if TYPE_CHECKING:
    import pymupdf

_UNREADABLE = re.compile(
    r"^syntax error|^read error|premature end|unknown filter|zlib error|^cannot load content stream"
    r"|truncated image"
)
_LOST = re.compile(r"too many syntax errors|^cannot load content stream")
_CUT_STREAM = re.compile(r"^read error|premature end|unknown filter")
_CUT_PICTURE = re.compile(r"premature end|truncated image|^read error")
_LARGE = 0.4  # of the page: a picture whose lower part may be missed
# ISO 32000-1, table 51, but for what stands in a stream of glyphs or before an inline image.
_OPERATOR = re.compile(rb"[A-Za-z][A-Za-z0-9]{0,2}\*?|['\"]")
_DELIMITER = re.compile(rb"[\s\[\]]+")
_STRING = re.compile(rb"\((?:[^\\()]|\\.)*\)|<[0-9A-Fa-f\s]*>", re.DOTALL)
_INLINE_IMAGE = re.compile(rb"\bID\s.*?\sEI\b", re.DOTALL)


def forget_warnings() -> None:
    """What was wrong so far is of other pages."""
    pymupdf = library()
    # MuPDF holds back a warning that is like the one before, across pages as well.
    pymupdf.mupdf.fz_flush_warnings()
    pymupdf.TOOLS.reset_mupdf_warnings()


def unreadable_content(page: pymupdf.Page) -> str:
    """What MuPDF said since `forget_warnings` that content can't be read for; empty if nothing.

    Args:
        page: Rendered since then. Without content it is blank, whatever else is wrong.
    """
    said = next((line for line in _warnings() if _UNREADABLE.search(line)), "")
    return said if said and page.get_contents() else ""


def lost_content(page: pymupdf.Page) -> str:
    """Why what a page shows is not all of it; empty where nothing is known to be lost.

    Unknown operators, wrong checksums and the like are common and lose nothing. Lost is what comes
    after the place where a stream breaks off, or where its bytes are no content any more.

    Args:
        page: Rendered since `forget_warnings`.
    """
    said = [line for line in _warnings() if _UNREADABLE.search(line) or _LOST.search(line)]
    if not said and not page.parent.is_repaired:
        return ""
    for line in said:
        if _LOST.search(line) or (line.startswith("syntax error") and not _is_plain(line)):
            return _cleaned(line)
    with suppress(*native_errors()):
        for xref in _streams(page):
            if why := _cut(page.parent, xref):
                return why
        if _is_unfinished(page.read_contents()):
            return "the content ends in the middle"
        if any(_CUT_PICTURE.search(line) for line in said) and _has_cut_picture(page):
            return "a picture breaks off"
    return ""


def _warnings() -> list[str]:
    pymupdf = library()
    pymupdf.mupdf.fz_flush_warnings()
    said: str = pymupdf.TOOLS.mupdf_warnings(reset=False)
    return said.split("\n")  # other ends of lines are part of what it could not read


def _is_plain(line: str) -> bool:
    return line.isascii() and line.isprintable()


def _cleaned(line: str) -> str:
    return "".join(c if c.isascii() and c.isprintable() else "?" for c in line)[:100]


def _streams(page: pymupdf.Page) -> Iterator[int]:
    yield from page.get_contents()
    for form in page.get_xobjects():
        yield form[0]


def _cut(document: pymupdf.Document, xref: int) -> str:
    """Why the stream can't be read to its end; empty when it can."""
    forget_warnings()
    document.xref_stream(xref)
    why = next((line for line in _warnings() if _CUT_STREAM.search(line)), "")
    if "premature end" in why and document.xref_get_key(xref, "Filter")[1] == "/FlateDecode":
        # Only the checksum may be missing (RFC 1950), as it is in what some programs write.
        content = zlib.decompressobj(-zlib.MAX_WBITS)
        with suppress(zlib.error):
            content.decompress(document.xref_stream_raw(xref)[2:])
            return "" if content.eof else why
    return why


def _is_unfinished(content: bytes) -> bool:
    """Whether content ends within an operation, or within text."""
    plain = _STRING.sub(b" 0 ", _INLINE_IMAGE.sub(b" EI ", content))
    tokens = [token for token in _DELIMITER.split(plain) if token]
    if not tokens:
        return False
    return not _OPERATOR.fullmatch(tokens[-1]) or tokens.count(b"BT") > tokens.count(b"ET")


def _has_cut_picture(page: pymupdf.Page) -> bool:
    """Whether a large picture of the page ends before its lower edge."""
    import pymupdf

    area = abs(page.rect.width * page.rect.height) or 1.0
    for picture in page.get_image_info(xrefs=True):
        box = pymupdf.Rect(picture["bbox"])
        if not picture["xref"] or box.width * box.height < _LARGE * area:
            continue
        library().TOOLS.store_shrink(100)  # what is decoded already says nothing
        forget_warnings()
        pixmap = pymupdf.Pixmap(page.parent, picture["xref"])
        said = _warnings()
        if any("truncated image" in line for line in said):
            return True
        if any("premature end" in line for line in said):
            # libjpeg fills what it does not have with the middle of the scale.
            last = bytes(pixmap.samples_mv[-pixmap.stride :])
            return len(set(last)) <= 3 and all(120 <= value <= 136 for value in last)
    return False
