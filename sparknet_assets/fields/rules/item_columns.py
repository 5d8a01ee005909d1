"""The heads of the columns of a table that no rules are drawn around, and which word is whose."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from resources.ocr import Box
from sparknet_assets.fields.rules.candidates import longest
from sparknet_assets.fields.rules.labels import find_labels, skeleton
from sparknet_assets.fields.rules.layout import Piece, Row
from sparknet_assets.fields.schema import FieldType, TableSpec
from sparknet_assets.fields.typed.amounts import CODES, SYMBOLS

NUMERIC = (FieldType.AMOUNT, FieldType.NUMBER)
_NEAR = 0.08  # of the page's width
_MOST_WORDS, _MOST_IN_PIECE = 30, 9  # in a row of heads, and without a gap
_KNOWN_SHARE = 0.4  # of the letters of such a row are labels
_FIGURE = re.compile(
    r"[(]?[-+]?(?:RM|\$|€|£)?[-+]?\d[\d.,'\u2019]*(?:[)]|%|x|pcs?)?-?", re.IGNORECASE
)
_CENTS = re.compile(r"\d[.,]\d\d\b")
_CURRENCIES = frozenset(mark.casefold() for mark in [*SYMBOLS, *CODES])
_FILLERS = _CURRENCIES | {"x", "@", "*"}


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a column; `column` is its number in the schema, None when it has none there."""

    column: int | None
    x0: float
    x1: float


@dataclass(frozen=True, slots=True)
class Heads:
    """The heads of a table, from left to right.

    Attributes:
        text: Number of the column that takes the words which are no figures.
        amount: Number of the column that every item has.
    """

    heads: tuple[Head, ...]
    text: int
    amount: int

    @property
    def columns(self) -> frozenset[int]:
        return frozenset(head.column for head in self.heads if head.column is not None)


def text_column(table: TableSpec) -> int | None:
    kinds = [column.type for column in table.columns]
    plain = [n for n, kind in enumerate(kinds) if kind in (FieldType.TEXT, FieldType.NAME)]
    return plain[0] if plain else None


def amount_column(table: TableSpec) -> int | None:
    """The column that every row has: the last of amounts, what a row comes to.

    Of a table without amounts the first of numbers, as the later ones may be empty.
    """
    return next(iter(amount_columns(table)), None)


def amount_columns(table: TableSpec) -> list[int]:
    """The columns that rows may be told by, the likeliest first."""
    kinds = [column.type for column in table.columns]
    amounts = [n for n, kind in enumerate(kinds) if kind is FieldType.AMOUNT]
    return amounts[::-1] or [n for n, kind in enumerate(kinds) if kind is FieldType.NUMBER]


def heads_of(row: Row, table: TableSpec) -> Heads | None:
    """The heads that a row is, when it has at least two of the table's, one of them of figures."""
    words = [word for piece in row.pieces for word in piece.words]
    text, amount = text_column(table), amount_column(table)
    if text is None or amount is None or len(words) > _MOST_WORDS:
        return None
    if any(len(p.words) > _MOST_IN_PIECE for p in row.pieces) or _CENTS.search(row.text):
        return None
    heads: list[Head] = []
    letters = 0
    for piece in row.pieces:
        found, known = _heads_in(piece, table)
        heads += found
        letters += known
    if letters < _KNOWN_SHARE * max(1, len(skeleton(row.text)[0])):
        return None
    heads = _one_each(heads)
    columns = {head.column for head in heads} - {None}
    figures = [c for c in columns if c is not None and table.columns[c].type in NUMERIC]
    if len(columns) < 2 or not figures:
        return None
    if amount not in columns:
        there = [head.column for head in heads]
        # The rightmost column of amounts is what a row comes to.
        order = sorted(
            (c for c in amount_columns(table) if c in columns),
            key=there.index,
            reverse=table.columns[amount].type is FieldType.AMOUNT,
        )
        if not order:
            return None
        amount = order[0]
    return Heads(tuple(heads), text, amount)


def _heads_in(piece: Piece, table: TableSpec) -> tuple[list[Head], int]:
    """The heads in a piece, and how many letters of it they are."""
    owners: dict[str, list[int]] = {}
    for number, column in enumerate(table.columns):
        for label in (*column.labels, column.name.replace("_", " ")):
            numbers = owners.setdefault(label, [])
            if number not in numbers:
                numbers.append(number)
    matches = longest(find_labels(piece.text, list(owners)))
    heads = [Head(owners[m.label][0], *piece.extent(m.start, m.end)) for m in matches]
    for word, first in zip(piece.words, piece.starts, strict=True):
        end = first + len(word.text)
        if any(m.start < end and m.end > first for m in matches):
            continue
        bare = word.text.strip("()[]:.").casefold()
        if word.text[0] == "(" and word.text[-1] == ")" and heads:
            # The unit of a column, as in `Amount (EUR)`, is a part of its head.
            near = max(
                (h for h in heads if h.x0 <= piece.extent(first, end)[0]),
                default=None,
                key=lambda head: head.x0,
            )
            if near is not None:
                heads[heads.index(near)] = replace(near, x1=piece.extent(first, end)[1])
                continue
        if bare and bare not in _CURRENCIES:
            heads.append(Head(None, *piece.extent(first, end)))
    return sorted(heads, key=lambda head: head.x0), sum(m.size for m in matches)


def _one_each(heads: Sequence[Head]) -> list[Head]:
    """Of a column's heads the last counts, as a total comes after what it is made of."""
    last = {head.column: place for place, head in enumerate(heads)}
    return [
        head if last[head.column] == place else Head(None, head.x0, head.x1)
        for place, head in enumerate(heads)
    ]


def is_figure(text: str) -> bool:
    return bool(_FIGURE.fullmatch(text))


def is_filler(text: str) -> bool:
    """Whether a word only goes with figures: a currency, a sign between quantity and price."""
    return text.strip(".:").casefold() in _FILLERS


def column_of(place: Box, figure: bool, heads: Heads, table: TableSpec) -> int | None:
    """The column that a word stands in; None: one that the schema has not.

    Figures belong to the column whose left edge, middle or right edge is nearest to theirs;
    other words to the column of text, unless they stand under a head that is not of figures, or
    under one that nobody knows while another one is that of the texts.
    """
    near = min(heads.heads, key=lambda head: _off(place, head))
    if figure:
        return near.column
    if near.column is None:
        unknown = heads.text in heads.columns and _off(place, near) < 0.02
        return None if unknown else heads.text
    return heads.text if table.columns[near.column].type in NUMERIC else near.column


def near_a_head(place: Box, heads: Heads) -> bool:
    return min(_off(place, head) for head in heads.heads) <= _NEAR


def _off(place: Box, head: Head) -> float:
    return min(
        abs(place.x0 - head.x0),
        abs(place.x1 - head.x1),
        abs(place.x0 + place.x1 - head.x0 - head.x1) / 2,
    )
