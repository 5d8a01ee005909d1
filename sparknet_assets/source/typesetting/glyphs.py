"""Finishes a typeset PDF: glyphs stand for the text they were set from, fonts hold what is used."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import Any

from sparknet_assets.source.typesetting.ligatures import glyph_texts

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
                more = _unmapped(document, xref)
                document.update_stream(map_xref, corrected(stream, more))
        document.subset_fonts()
        document.save(destination, garbage=3, deflate=True, no_new_id=True)


def _unmapped(document: Any, xref: int) -> dict[int, str]:
    """Texts of glyphs that MuPDF leaves out, of the fonts that shape their script."""
    name, extension, _, data = document.extract_font(xref)
    if extension not in ("otf", "ttf") or "Noto" not in name:
        return {}
    return _texts(name, data)


_known: dict[str, dict[int, str]] = {}


def _texts(name: str, data: bytes) -> dict[int, str]:
    # The fonts come with MuPDF: one name is one font for the life of a process.
    if name not in _known:
        _known[name] = glyph_texts(data)
    return _known[name]


def corrected(cmap: bytes, more: dict[int, str]) -> bytes:
    """The ToUnicode map with plain text in the place of presentation forms, and `more` glyphs."""
    pairs = {glyph: "".join(_plain(ord(c)) for c in text) for glyph, text in more.items()}
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
