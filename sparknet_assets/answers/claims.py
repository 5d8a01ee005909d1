"""A language model's text cut into claims as it arrives: sentences, each with what it cites."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from sparknet_assets.answers.sentences import sentences

_OPENING, _CLOSING = '["\u201c\u201d\u201e\u00ab\u300c]', '["\u201c\u201d\u00bb\u300d]'
_KIND = r"(?:passage|source|document|doc|reference|ref|quelle)s?"
# [2: "exact words"], [2: exact words], [2], [1, 2], [Source 2], [#2], [^2]
_MARK = re.compile(
    rf"[\[\u3010]\s*(?:{_KIND}\b\s*)?[#^]?\s*(\d{{1,3}})\s*"
    rf"(?:(?:[:,]|[-\u2013\u2014]\s*(?={_OPENING}))\s*"
    rf"(?:{_OPENING}(.*?){_CLOSING}|([^\[\]\"\u201c\u201d\u201e\u00ab]*)))?\s*\.?[\]\u3011]",
    re.DOTALL | re.IGNORECASE,
)
# (Source 2), (Source 2: "exact words"), (2: "exact words"); a bare (2) may be of the text.
_ROUND = re.compile(
    rf"\(\s*(?:{_KIND}\s*#?\s*(\d{{1,3}})\s*|(\d{{1,3}})\s*(?=:))"
    rf"(?::\s*({_OPENING}.*?{_CLOSING}))?\s*\.?\)",
    re.DOTALL | re.IGNORECASE,
)
# The beginning of one that may yet be completed.
_OPEN = re.compile(
    rf"[\[\u3010]\s*(?:[a-z]+\s*)?[#^]?\s*(?:\d{{0,3}}\s*(?:[:,\u2013\u2014-]\s*"
    rf"(?:{_OPENING}(?:(?!{_CLOSING}\s*\.?[\]\u3011]).)*|[^\[\]\u3011]*)?)?)?$"
    rf"|\(\s*(?:[a-z]+\s*#?\s*)?(?:\d{{0,3}}\s*(?::\s*"
    rf"(?:{_OPENING}(?:(?!{_CLOSING}\s*\.?\)).)*)?(?:{_CLOSING}\s*\.?)?)?)?$",
    re.DOTALL | re.IGNORECASE,
)
# More passages than one in a mark: [1: "exact words"; 2: "others"], [1, 2]
_NEXT = re.compile(
    rf"{_CLOSING}\s*[;,]\s*(?:{_KIND}\s*)?(\d{{1,3}})\s*:\s*{_OPENING}", re.IGNORECASE
)
_NUMBERS = re.compile(r"\d{1,3}(?:\s*[,;]\s*\d{1,3})*")
_STRESSED_MARK = re.compile(r"[*_`]+(?=[\[\u3010])")
_STRESS = re.compile(r"(?<![\w*`])[*`]+(?=[^\s*`])|(?<=[^\s*`])[*`]+(?![\w*`])")
# After so much, a mark that does not close never will.
_LONGEST_MARK = 4000
_COMPLETING = frozenset("])\u3011\n")
_LIST = re.compile(r"^\s*(?:[-*\u2022>#]+|\d{1,2}[.)])\s+")
_ENDED = re.compile(r"[.!?\u2026\u3002\uff01\uff1f][\"'\u201d\u2019\u00bb)\]]*$")
_LETTER = re.compile(r"\w")
_TIGHT = re.compile(r"^[ \t]*(?=[.,;:!?\u3002])")


class Mark(NamedTuple):
    """What a claim cites: passage `number`, 1-based; None for a quote where it gives none."""

    number: int
    quote: str | None


class Claim(NamedTuple):
    """A sentence of an answer.

    Attributes:
        ended: Whether it comes to its end: by a full stop, or with a mark.
    """

    text: str
    marks: tuple[Mark, ...]
    ended: bool


class ClaimReader:
    """Takes pieces of text, gives claims that no further piece can change."""

    def __init__(self) -> None:
        self._text = ""
        self._given = 0
        self._seen = False

    def feed(self, piece: str) -> list[Claim]:
        """The claims that this piece completes."""
        self._text += piece
        # Only a closing bracket or an end of a line can complete a claim that counts.
        self._seen = self._seen or not _COMPLETING.isdisjoint(piece)
        if not self._seen:
            return []
        self._seen = False
        open_mark = _OPEN.search(self._text)
        unfinished = open_mark is not None and len(self._text) - open_mark.start() < _LONGEST_MARK
        text = self._text[: open_mark.start()] if open_mark and unfinished else self._text
        found = claims_of(text)
        # A mark may yet follow the last claim, on the next line if it has none.
        if found and not (found[-1].marks and text.rstrip(" \t").endswith("\n")):
            # What follows a mere quotation mark may show that no sentence ended before it.
            while not _LETTER.search(found.pop().text) and found:
                pass
        return self._new(found)

    def finish(self) -> list[Claim]:
        """The claims that are left when the text has ended."""
        return self._new(claims_of(self._text))

    def _new(self, found: list[Claim]) -> list[Claim]:
        fresh = found[self._given :]
        self._given = max(self._given, len(found))
        return fresh


def claims_of(text: str) -> list[Claim]:
    """The claims of a whole text."""
    claims: list[Claim] = []
    bare, marks = _without_marks(text)
    at = 0
    for line in bare.split("\n"):
        here = [(place - at, mark) for place, mark in marks if at <= place <= at + len(line)]
        marks = marks[len(here) :]
        at += len(line) + 1
        found = list(sentences(line))
        if not found and here and claims and not claims[-1].marks:
            # Evidence on a line of its own is that of the line above.
            cited = tuple(mark for _, mark in here)
            claims[-1] = claims[-1]._replace(marks=cited, ended=True)
        for number, sentence in enumerate(found):
            end = found[number + 1].start if number + 1 < len(found) else len(line)
            cited = tuple(m for p, m in here if (sentence.start < p or number == 0) and p <= end)
            tidy = _tidy(sentence.text)
            if tidy or cited:
                claims.append(Claim(tidy, cited, bool(cited or _ENDED.search(tidy))))
    return claims


def _without_marks(text: str) -> tuple[str, list[tuple[int, Mark]]]:
    """The text without marks, and for each mark where in that text it stood."""
    text = _STRESSED_MARK.sub("", _ROUND.sub(_squared, _joined_lists(text)))
    bare = ""
    marks: list[tuple[int, Mark]] = []
    at = 0
    for match in _MARK.finditer(text):
        bare = _appended(bare, text[at : match.start()])
        place = len(bare.rstrip(" \t"))
        marks.extend((place, mark) for mark in _marks_of(match))
        at = match.end()
    return _appended(bare, text[at:]), marks


def _marks_of(match: re.Match[str]) -> Iterator[Mark]:
    number, quoted, bare = int(match[1]), match[2], (match[3] or "").strip()
    if quoted is None:
        listed = _NUMBERS.fullmatch(bare) and ":" not in match[0]
        yield Mark(number, None if listed else bare or None)
        if listed:
            yield from (Mark(int(other), None) for other in re.findall(r"\d+", bare))
        return
    first, *others = _NEXT.split(quoted)
    yield Mark(number, first.strip() or None)
    for other, quote in zip(others[::2], others[1::2], strict=True):
        yield Mark(int(other), quote.strip() or None)


def _squared(mark: re.Match[str]) -> str:
    number = mark[1] or mark[2]
    return f"[{number}: {mark[3]}]" if mark[3] else f"[{number}]"


def _joined_lists(text: str) -> str:
    return "\n".join(_LIST.sub("", line) for line in text.split("\n"))


def _appended(bare: str, more: str) -> str:
    """Both, without the space that a mark between them leaves before a full stop."""
    tight = _TIGHT.match(more)
    if bare and tight and not bare.endswith("\n"):
        bare, more = bare.rstrip(" \t"), more[tight.end() :]
        # A full stop before the mark and one behind it are one.
        return bare + (more[1:] if _ENDED.search(bare) and more[0] in ".\u3002" else more)
    return bare + more


def _tidy(sentence: str) -> str:
    plain = _STRESS.sub("", sentence.replace("**", "").replace("__", ""))
    return " ".join(plain.split())
