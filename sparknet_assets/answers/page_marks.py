"""What of a passage says nothing by itself: headings, and lines that run along on every page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection

from sparknet_assets.answers.word_shares import words_of

_DIGITS = re.compile(r"\d+")
_NUMBERED = re.compile(r"[\d#]")
_AMOUNTS = re.compile(r"[$%\u20ac\u00a3\u00a5]|\d[.,]\d")
_PARAGRAPH = "\n\n"
_ENDS = (".", "!", "?", "\u2026", "\u3002", "\uff01", "\uff1f", '"', "\u201d", ")")


def running_lines(background: Collection[str]) -> set[str]:
    """Heads and feet of pages: lines by themselves in several passages that differ in numbers.

    A row of a table stands in the reports of several years as well, but among others, and with
    amounts.
    """
    alone = Counter(
        _shape(line)
        for text in background
        for line in {*text.split(_PARAGRAPH)}
        if "\n" not in line and _NUMBERED.search(line) and not _AMOUNTS.search(line)
    )
    return {line for line, count in alone.items() if count > 1}


def says_nothing(
    text: str, passage: str, headings: Collection[str], running: Collection[str]
) -> bool:
    """Whether a sentence is a heading, of its passage or of columns, or runs along on pages."""
    if text.startswith("| "):
        return True
    lines = text.split("\n")
    known = {" ".join(heading.split()) for heading in headings}
    if all(" ".join(line.split()) in known for line in lines):
        return True
    if len(lines) > 1 and "|" not in text and not text.endswith(_ENDS) and "\n\n" not in text:
        # Only headings stand on lines of their own in a passage.
        return True
    if "|" not in text or _shape(text) not in running or len(words_of(text)) >= 12:
        return False
    return text in passage.split(_PARAGRAPH)


def _shape(line: str) -> str:
    return _DIGITS.sub("#", " ".join(line.split()))
