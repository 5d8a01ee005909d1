"""What every reader of a format gives, and all that the typesetter takes: a stream of blocks."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

# Controls, soft hyphens, joiners, lone surrogates, noncharacters: no glyph, or one read as space.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    "\ufff9-\ufffb\ufffe\uffff\ud800-\udfff]"
)
_SPACES = re.compile(r"[ \t\n\r\f\v]+")
# Enclosed CJK Letters and CJK Compatibility, but for the Hangul among them; some modifier letters.
_NO_GLYPH = re.compile("[\u321d-\u325f\u327c-\u33ff\ua7f2-\ua7f4\U000107a5]+")


class Run(NamedTuple):
    """A piece of text in one style; `style` holds any of b, i, u (sub), p (super)."""

    text: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; `level` 1 is the highest of 6."""

    text: str
    level: int = 1


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Text that is read as one; line breaks are kept.

    Attributes:
        kind: `pre` keeps runs of spaces and uses a fixed pitch; `quote` and `note` are set apart.
        marker: Bullet or number of a list item.
        depth: Nesting of a list item or a quotation, 0 for none.
    """

    runs: tuple[Run, ...]
    kind: Literal["text", "pre", "quote", "note"] = "text"
    marker: str = ""
    depth: int = 0

    @property
    def text(self) -> str:
        return "".join(run.text for run in self.runs)


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: every row as long as the first; a spanned cell has its text in its first place."""

    rows: list[list[str]]
    header_rows: int = 0


@dataclass(frozen=True, slots=True)
class Picture:
    """An embedded image, in the bytes and format it came in."""

    data: bytes


@dataclass(frozen=True, slots=True)
class PageBreak:
    """What follows starts on a new page."""


Block = Heading | Paragraph | Grid | Picture | PageBreak


def clean(text: str) -> str:
    """Drops characters that can't be set in type; a tab becomes a space."""
    return _UNPRINTABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).replace("\t", " ")


def collapse(text: str) -> str:
    """Cleans, and makes each run of white space one space."""
    return _SPACES.sub(" ", clean(text)).strip()


def lines_of(text: str) -> str:
    """Cleans and collapses each line, drops the blank ones."""
    return "\n".join(line for line in map(collapse, clean(text).split("\n")) if line)


def paragraph(
    text: str, kind: Literal["text", "pre", "quote", "note"] = "text", marker: str = ""
) -> Paragraph:
    """A paragraph of plain text."""
    return Paragraph((Run(clean(text)),), kind, marker)


def escape(text: str) -> str:
    """Text as HTML, line breaks kept; squared and circled characters spelt out.

    Those (U+33A1 for m2, U+3251 for 21) have no glyph in any font that MuPDF brings, and what has
    no glyph is lost from the page.
    """
    spelt = _NO_GLYPH.sub(lambda match: unicodedata.normalize("NFKC", match[0]), text)
    return html.escape(spelt, quote=False).replace("\n", "<br/>")


def grid(rows: list[list[str]], header_rows: int = 0) -> Grid | None:
    """A table without its empty rows and columns, the rest padded to equal length.

    Returns:
        None when no cell has text.
    """
    cleaned = [[lines_of(cell) for cell in row] for row in rows]
    kept = [number for number, row in enumerate(cleaned) if any(row)]
    columns = sorted({c for r in kept for c, cell in enumerate(cleaned[r]) if cell})
    if not kept:
        return None
    result = [[cleaned[r][c] if c < len(cleaned[r]) else "" for c in columns] for r in kept]
    return Grid(result, min(sum(r < header_rows for r in kept), max(len(result) - 1, 0)))


def pieces_of(block: Heading | Paragraph, most: int) -> Iterator[Heading | Paragraph]:
    """The block, or paragraphs of at most `most` characters each that make it up."""
    if len(block.text) <= most:
        yield block
        return
    if isinstance(block, Heading):
        block = Paragraph((Run(block.text, "b"),))
    runs: list[Run] = []
    room = most
    marker = block.marker
    for run in block.runs:
        rest = run.text
        while len(rest) > room:
            cut = max(rest.rfind(" ", 0, room), rest.rfind("\n", 0, room)) + 1 or room
            yield replace(block, runs=(*runs, run._replace(text=rest[:cut])), marker=marker)
            rest, runs, room, marker = rest[cut:], [], most, ""
        runs.append(run._replace(text=rest))
        room -= len(rest)
        if room <= 0:
            yield replace(block, runs=tuple(runs), marker=marker)
            runs, room, marker = [], most, ""
    if any(run.text.strip() for run in runs):
        yield replace(block, runs=tuple(runs), marker=marker)


def tidy(runs: list[Run]) -> list[Run]:
    """Collapses white space across runs; runs with the style `k` keep theirs."""
    result: list[Run] = []
    ends = "\n"
    for text, style in runs:
        if "k" not in style:
            text = re.sub(r"[ \t\n\r\f\v]+", " ", clean(text))
            if ends in " \n":
                text = text.lstrip(" ")
            if not text:
                continue
        elif text.startswith("\n") and result and "k" not in result[-1].style:
            result[-1] = result[-1]._replace(text=result[-1].text.rstrip(" "))
        if text:
            ends = text[-1]
            result.append(Run(text, style))
    if not any(run.text.strip() for run in result):
        return []
    while result and not result[-1].text.strip():
        result.pop()
    while result and not result[0].text.strip(" \n") and "\n" in result[0].text:
        result.pop(0)
    result[-1] = result[-1]._replace(text=result[-1].text.rstrip())
    return [Run(text, style.replace("k", "")) for text, style in result]
