"""Places where the value of a field may stand, by its labels."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sparknet_assets.fields.rules.labels import LabelMatch, find_labels, skeleton
from sparknet_assets.fields.rules.layout import Cut, Piece, Row
from sparknet_assets.fields.schema import FieldSpec

# How far below a label its value may stand, in heights of the label.
_BELOW = 2.6
_SAME_EDGE = 0.02  # of the page's width
_TAIL = 120  # characters after a label that may belong to it
_SEPARATORS = re.compile("[\\s:;.=#>\\-\u2013_*\u2116\u00b0\u00ba]*")
_NOT_LABEL = re.compile(
    r"\([^)]{0,12}\)|[@]?\s*\d[\d.,]*\s*%?|\b(?:rm|eur|usd|gbp|chf|inr|sgd)\b", re.I
)
_STARTS_ANEW = re.compile(r".*[:;\d|)]", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A value that a field may have.

    Attributes:
        cuts: The text that it was read from; one a line.
        score: 0 to 1; compared within a field only, until it is calibrated.
        row: Number of the row, for values that compete to be first or last.
    """

    value: Any
    cuts: tuple[Cut, ...]
    score: float
    row: int = 0
    problems: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return " ".join(cut.text for cut in self.cuts)


@dataclass(frozen=True, slots=True)
class Mark:
    """A label that was found.

    Attributes:
        fields: Names of the fields that it is a label of.
    """

    row: int
    piece: int
    match: LabelMatch
    fields: frozenset[str]


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a piece."""

    piece: Piece
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.piece.text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Region:
    """Where to look for the value that a label names.

    Attributes:
        spans: The nearest first.
        fit: 0 to 1: how much of what stands there as the label is the label.
        lead_fit: The same without what follows it on the line, which may be the value.
        column: Below the value stand more figures, as in a table that the label is a head of.
    """

    mark: Mark
    spans: tuple[Span, ...]
    fit: float
    lead_fit: float
    below: bool = False
    column: bool = False


def marks_of(specs: Sequence[FieldSpec], rows: Sequence[Row]) -> list[Mark]:
    """The labels of these fields on these rows; where several overlap, the longest."""
    owners: dict[str, set[str]] = {}
    for spec in specs:
        for label in spec.labels:
            owners.setdefault(label, set()).add(spec.name)
    labels = list(owners)
    found = []
    for number, row in enumerate(rows):
        for place, piece in enumerate(row.pieces):
            for match in longest(find_labels(piece.text, labels)):
                found.append(Mark(number, place, match, frozenset(owners[match.label])))
    return found


def longest(matches: Sequence[LabelMatch]) -> list[LabelMatch]:
    """Of labels that overlap the longest, in the order of the text; errors cost three letters."""
    kept: list[LabelMatch] = []
    for match in sorted(matches, key=lambda m: (3 * m.errors - m.size, m.start)):
        if all(match.end <= other.start or match.start >= other.end for other in kept):
            kept.append(match)
    return sorted(kept, key=lambda m: m.start)


def regions_of(marks: Sequence[Mark], rows: Sequence[Row]) -> Iterator[Region]:
    """Beside each label, and below it where nothing is beside or the label heads a column."""
    by_row: dict[int, list[Mark]] = {}
    for mark in marks:
        by_row.setdefault(mark.row, []).append(mark)
    for mark in marks:
        spans = tuple(_beside(mark, by_row, rows[mark.row]))
        fits = _fits(mark, rows[mark.row])
        yield Region(mark, spans, *fits)
        for span, column in _below(mark, by_row, rows):
            yield Region(mark, (span,), *fits, below=True, column=column)


def _beside(mark: Mark, marks: Mapping[int, Sequence[Mark]], row: Row) -> Iterator[Span]:
    for place in range(mark.piece, len(row.pieces)):
        piece = row.pieces[place]
        start = mark.match.end if place == mark.piece else 0
        others = [m.match.start for m in marks[mark.row] if m.piece == place and m != mark]
        end = min([s for s in others if s >= start], default=len(piece.text))
        start = _skip(piece.text, start, end)
        if end > start:
            yield Span(piece, start, end)
        if end < len(piece.text):
            return


def _below(
    mark: Mark, marks: Mapping[int, Sequence[Mark]], rows: Sequence[Row]
) -> Iterator[tuple[Span, bool]]:
    """The first piece under a label, unless it is a label itself, and if figures go on below."""
    piece = rows[mark.row].pieces[mark.piece]
    head = piece.cut(mark.match.start, mark.match.end).box
    for number in range(mark.row + 1, min(mark.row + 4, len(rows))):
        row = rows[number]
        if row.page != piece.page or row.top - piece.box.y1 > _BELOW * piece.height:
            return
        for place, other in enumerate(row.pieces):
            left = piece.box.x0 if head is None else min(head.x0, piece.box.x1)
            right = piece.box.x1 if head is None else head.x1
            if min(right, other.box.x1) - max(left, other.box.x0) <= 0:
                continue
            if any(m.piece == place and m.match.start == 0 for m in marks.get(number, ())):
                return
            span = Span(other, _skip(other.text, 0, len(other.text)), len(other.text))
            yield span, _goes_on(other, rows[number + 1 : number + 2])
            return


def _goes_on(piece: Piece, following: Sequence[Row]) -> bool:
    """Whether figures stand right below a piece, and end where it ends."""
    return any(
        abs(other.box.x1 - piece.box.x1) < _SAME_EDGE
        and other.page == piece.page
        and other.box.y0 - piece.box.y1 <= _BELOW * piece.height
        and any(map(str.isdigit, other.text))
        and not any(map(str.isalpha, other.text))
        for row in following
        for other in row.pieces
    )


def _skip(text: str, start: int, end: int) -> int:
    """Past the separators after a label; a sign before digits is part of the value."""
    match = _SEPARATORS.match(text, start, end)
    stop = match.end() if match else start
    if stop > start and stop < end and text[stop].isdigit() and text[stop - 1] in "-\u2013.":
        stop -= 1
    return stop


def _fits(mark: Mark, row: Row) -> tuple[float, float]:
    """The share of the label in the words around it that are no value, and in those before it."""
    text = row.pieces[mark.piece].text
    before = text[: mark.match.start]
    anew = _STARTS_ANEW.match(before)
    lead = before[anew.end() :] if anew else before
    tail = re.split(r"[:;]|\s-?\d+[.,]\d\d\b", text[mark.match.end :][:_TAIL], maxsplit=1)[0]
    size = mark.match.size
    ahead = len(skeleton(lead)[0])
    behind = len(skeleton(_NOT_LABEL.sub(" ", tail))[0])
    return size / (size + ahead + behind), size / (size + ahead)
