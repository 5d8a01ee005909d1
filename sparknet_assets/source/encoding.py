"""Bytes of text files to text, whatever they say of themselves."""

from __future__ import annotations

import codecs
import re

from sparknet_assets.source.plain_text import decode_text

_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CHARSET = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]{2,40})""", re.IGNORECASE)
# What labels mean in practice (WHATWG Encoding Standard, 4.2). Latin ones mean Windows-1252,
# which is tried anyway when the bytes are not UTF-8.
_MEANT = {
    "gb2312": "gb18030", "gbk": "gb18030", "euc_kr": "cp949", "shift_jis": "cp932",
    "big5": "big5hkscs", "iso8859-9": "cp1254", "iso8859-11": "cp874", "tis-620": "cp874",
    "ascii": "utf-8", "iso8859-1": "utf-8",
}  # fmt: skip
_MULTIBYTE = frozenset({"gb18030", "cp949", "cp932", "big5hkscs", "euc_jp"})
_DAMAGED = 0.01  # share of characters that may be broken in a label that is believed


def decode(data: bytes, declared: str | None = None) -> str:
    """Reads text as declared, else in the encoding that fits its bytes.

    A byte order mark or the zeros of UTF-16 outweigh what is declared. Nothing is raised: bytes
    that fit no encoding become U+FFFD.
    """
    if declared and not data.startswith(_MARKS) and b"\0" not in data:
        text = _labelled(data, declared)
        if text is not None:
            return text
    found = decode_text(data)
    if found is not None:
        return found[0]
    return data.decode("utf-8" if _mostly_utf8(data) else "cp1252", "replace")


def _labelled(data: bytes, label: str) -> str | None:
    """The text as its label says; None when it was mislabelled, as mail and pages often are."""
    try:
        name = codecs.lookup(label).name
        name = _MEANT.get(name, name)
        text = data.decode(name, "replace" if name in _MULTIBYTE else "strict")
    except (LookupError, UnicodeError, ValueError):
        return None
    return text if text.count("\ufffd") <= _DAMAGED * len(text) else None


def declared_charset(data: bytes) -> str | None:
    """The charset that a web page or XML file names in its first 2,048 bytes."""
    match = _CHARSET.search(data[:2048])
    return match.group(1).decode("ascii", "replace") if match else None


def _mostly_utf8(data: bytes) -> bool:
    """True for UTF-8 with a few damaged characters."""
    text = data.decode("utf-8", "replace")
    foreign = sum(character > "\x7f" for character in text)
    return 4 * text.count("\ufffd") < foreign
