"""Finishes a typeset PDF: glyphs stand for the text they were set from, fonts hold what is used."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import Any

_LINE = re.compile(rb"<([0-9a-f]{4})> (?:<([0-9a-f]{4})> )?<([0-9a-f]{4,6})>$")
_FORMS = ((0xFB00, 0xFDFB), (0xFE70, 0xFEFC))  # ligatures, Hebrew and Arabic presentation forms


def finish(draft: Path, destination: Path) -> None:
    """Rewrites the PDF: corrected ToUnicode maps, subset fonts, no date or random id.

    MuPDF maps the ligature glyph of "fi" to U+FB01, an Arabic letter to its presentation form, and
    writes characters beyond U+FFFF with five digits, which readers take for another character.
    """
    import pymupdf

    with pymupdf.open(draft) as document:
        fonts = {font[0] for page in document for font in page.get_fonts()}
        for xref in sorted(fonts):
            kind, value = document.xref_get_key(xref, "ToUnicode")
            if kind == "xref":
                map_xref = int(value.split()[0])
                stream = document.xref_stream(map_xref)
                document.update_stream(map_xref, corrected(stream))
        document.subset_fonts()
        document.save(destination, garbage=3, deflate=True, no_new_id=True)


def corrected(cmap: bytes) -> bytes:
    """The ToUnicode map with plain text in the place of presentation forms."""
    pairs: dict[int, str] = {}
    for line in cmap.splitlines():
        match = _LINE.match(line)
        if match:
            first, last, target = match.groups()
            start = int(first, 16)
            code = int(target, 16)
            for offset in range(int(last or first, 16) - start + 1):
                pairs[start + offset] = _plain(code + offset)
    head = cmap[: cmap.index(b"endcodespacerange") + len(b"endcodespacerange\n")]
    tail = b"endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
    return head + b"".join(_chunks(pairs)) + tail


def _plain(code: int) -> str:
    if code > 0x10FFFF or 0xD800 <= code < 0xE000:
        return "\ufffd"
    text = chr(code)
    if any(low <= code <= high for low, high in _FORMS):
        return unicodedata.normalize("NFKC", text)
    return text


def _chunks(pairs: dict[int, str]) -> Any:
    items = sorted(pairs.items())
    for start in range(0, len(items), 100):
        chunk = items[start : start + 100]
        yield b"%d beginbfchar\n" % len(chunk)
        for glyph, text in chunk:
            yield b"<%04x> <%s>\n" % (glyph, text.encode("utf-16-be").hex().encode())
        yield b"endbfchar\n"
