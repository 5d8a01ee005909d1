"""Bytes of text files to text."""

from __future__ import annotations

import codecs
import re

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CHARSET = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]{2,40})""", re.IGNORECASE)
# Web pages mean cp1252 where they say these (WHATWG Encoding Standard, section 4.2).
_AS_CP1252 = frozenset({"ascii", "iso8859-1"})


def decode(data: bytes, declared: str | None = None) -> str:
    """Reads text by its byte order mark, as UTF-16 by its zeros, as declared, as UTF-8, or cp1252.

    Nothing is raised: bytes that fit none become U+FFFD.
    """
    for mark, codec_name in _BOMS:
        if data.startswith(mark):
            return data.decode(codec_name, "replace")
    wide = _utf16(data[:4096])
    if wide:
        return data.decode(wide, "replace")
    for name in (declared, "utf-8", "cp1252"):
        if not name:
            continue
        try:
            codec = codecs.lookup(name)
            if codec.name in _AS_CP1252:
                continue
            return data.decode(codec.name)
        except (LookupError, UnicodeError, ValueError):
            continue
    return data.decode("cp1252", "replace")


def declared_charset(data: bytes) -> str | None:
    """The charset that a web page or XML file names in its first 2,048 bytes."""
    match = _CHARSET.search(data[:2048])
    name = match.group(1).decode("ascii", "replace") if match else None
    return None if name and name.lower().startswith(("utf-16", "utf-32")) else name


def _utf16(head: bytes) -> str | None:
    """UTF-16 without a mark: Latin text has a zero in every second byte."""
    if len(head) < 4 or b"\0" not in head:
        return None
    half = len(head) // 2
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if odd > 0.3 * half and even < 0.05 * half:
        return "utf-16-le"
    if even > 0.3 * half and odd < 0.05 * half:
        return "utf-16-be"
    return None
