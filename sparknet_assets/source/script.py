"""Which way text runs."""

from __future__ import annotations

import unicodedata


def direction(text: str) -> str:
    """An HTML attribute for text whose first letter is written right to left, else nothing."""
    if text.isascii():
        return ""
    for character in text[:200]:
        kind = unicodedata.bidirectional(character)
        if kind in ("R", "AL"):
            return ' dir="rtl"'
        if kind == "L":
            return ""
    return ""
