"""A passage cut into what can be quoted from it: its sentences, and the rows of its tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

# After these a full stop does not end a sentence, though a capital or a number follows.
_ABBREVIATIONS = frozenset(
    (  # noqa: SIM905 # a line a language reads better than a line a word
        "mr mrs ms dr prof st vs no nos fig figs inc ltd co corp cf al art sec ch vol pp approx"
        " dept est gen gov hon jan feb mar apr jun jul aug sep sept oct nov dec"
        " bzw ca evtl ggf nr abs str tel usw"
    ).split()
)
# Ideographic full stops and full-width marks end a sentence by themselves, without a space.
_WIDE = "\u3002\uff01\uff1f\uff61"
_CLOSING = "\"'\u201d\u2019\u00bb)\\]"
_END = re.compile(
    rf"[{_WIDE}]+[\u300d\u300f\u201d\u2019\uff09)]*|[.!?\u2026\u061f\u06d4\u0964]+[{_CLOSING}]*(?=\s)"
)
_LAST_WORD = re.compile(r"([^\W\d_]+(?:\.[^\W\d_]+)*)\.$")
_OPENS = re.compile(r"\s+[\"'\u201c\u2018\u00ab(\[]*(\w)")
ROW = " | "
_PARAGRAPH = "\n\n"


class Sentence(NamedTuple):
    """A part of a passage: `text` is its characters from `start` up to `end`."""

    text: str
    start: int
    end: int


def sentences(passage: str) -> Iterator[Sentence]:
    """The sentences and table rows of a passage, in order; between them is only white space."""
    at = 0
    for paragraph in passage.split(_PARAGRAPH):
        cuts = _rows(paragraph) if ROW in paragraph else _ends(paragraph)
        start = 0
        for cut in [*cuts, len(paragraph)]:
            text = paragraph[start:cut].strip()
            if text:
                first = at + paragraph.index(text, start)
                yield Sentence(text, first, first + len(text))
            start = cut
        at += len(paragraph) + len(_PARAGRAPH)


def _rows(paragraph: str) -> Iterator[int]:
    return (match.end() for match in re.finditer("\n", paragraph))


def _ends(paragraph: str) -> Iterator[int]:
    """Where a sentence ends: a mark, unless it belongs to an abbreviation or a number."""
    for match in _END.finditer(paragraph):
        if match[0][0] in _WIDE or _ends_here(paragraph, match):
            yield match.end()


def _ends_here(paragraph: str, match: re.Match[str]) -> bool:
    opens = _OPENS.match(paragraph, match.end())
    if opens is not None and opens[1].islower():
        return False
    if match[0] != ".":
        return True
    word = _LAST_WORD.search(paragraph, max(0, match.start() - 20), match.end())
    if word is None:
        return True
    last = word[1]
    initial = len(last) == 1 and last.isupper() and last != "I"
    return not (initial or "." in last or last.lower() in _ABBREVIATIONS)
