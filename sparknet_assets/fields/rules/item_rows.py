"""Items from rows of words: below the heads of columns, over all pages, to the totals."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from sparknet_assets.fields.rules.candidates import Mark, longest, marks_of
from sparknet_assets.fields.rules.item_columns import (
    Heads,
    column_of,
    heads_of,
    is_figure,
    is_filler,
    near_a_head,
)
from sparknet_assets.fields.rules.labels import LabelIndex, find_labels, skeleton
from sparknet_assets.fields.rules.layout import Cut, Piece, Row
from sparknet_assets.fields.schema import FieldSpec, FieldType, Schema, TableSpec
from sparknet_assets.fields.typed.amounts import find_amounts

# Between two lines of one table, in heights of a line.
_GAP = 6.0
_SAME_EDGE = 0.02  # of the page's width
_FAR = 0.8  # heights of a line between a line and one that may still go on with it
MOSTLY = 0.6  # of the letters of a text that a label is
_LONGEST = 300  # characters of a cell that are looked at
_TIMES = re.compile(
    r"(?P<quantity>\d{1,4}(?:[.,]\d{1,3})?)\s?(?:pcs?|units?|ea)?\.?\s?[x@*\u00d7]\s?@?\s?"
    r"(?:RM|[$€£])?\s?(?P<price>\d[\d,]*[.,]\d\d)\b"
    r"|(?P<price2>\d[\d,]*[.,]\d\d)\s?[x*\u00d7@]\s?(?P<quantity2>\d{1,4})\b",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Item:
    """A row of a table: the text of each column, by the column's number."""

    cells: dict[int, list[Cut]] = field(default_factory=dict)

    def add(self, other: Item) -> None:
        for column, cuts in other.cells.items():
            self.cells.setdefault(column, []).extend(cuts)


@dataclass(slots=True)
class ItemRun:
    """Items under one kind of heads, over as many pages as they go on.

    Attributes:
        ended: A line of totals closes it; so nothing is missing at its end.
        stray: Lines with figures that stand in no column of amounts.
        closest: Least room between two of its lines, in fractions of the page.
    """

    heads: Heads
    items: list[Item] = field(default_factory=list)
    pending: Item = field(default_factory=Item)
    names_first: bool | None = None
    ended: bool = False
    stray: int = 0
    last_page: int = 0
    closest: float = math.inf

    def goes_on(self, item: Item, gap: float, height: float) -> bool:
        """Whether words without figures belong to the item above them.

        Those that stand apart from it, more than lines of the table do, say something else, such as
        that it is continued.
        """
        apart = gap > _FAR * height and gap > 1.5 * self.closest
        self.closest = min(self.closest, max(0.0, gap))
        return not (apart and self.names_first is False and set(item.cells) <= {self.heads.text})


class ItemReader:
    """Takes the rows of page after page and gathers the items of a table."""

    def __init__(self, schema: Schema, table: TableSpec) -> None:
        self._schema = schema
        self._table = table
        self._closing = Closing(closing_fields(schema))
        self._beside = Closing(fields_beside(schema, table))
        self._open: ItemRun | None = None
        self.runs: list[ItemRun] = []

    def read(self, rows: Sequence[Row]) -> None:
        """Reads the rows of the next page."""
        waiting = self._open is not None  # for the first item of a table that goes on
        bottom: float | None = None
        for row in rows:
            heads = heads_of(row, self._table)
            if heads is not None:
                self._begin(heads, row.page)
                waiting, bottom = False, row.bottom
                continue
            run = self._open
            if run is None:
                continue
            if closes(row, self._closing):
                # The totals of a page that goes on are no end: its heads come again.
                self._flush(run, ended=True)
                self._open = None
                continue
            if closes(row, self._beside):
                bottom = row.bottom
                continue
            item = self._item(row, run.heads)
            if self._is_no_item(run, item, row, waiting):
                continue
            if bottom is not None and row.top - bottom > _GAP * row.height:
                self._flush(run, ended=False)
                self._open = None
                continue
            if bottom is not None and not run.goes_on(item, row.top - bottom, row.height):
                continue
            waiting, bottom = False, row.bottom
            self._take(run, item, row)
        if self._open is not None:
            self._flush(self._open, ended=False)

    def _is_no_item(self, run: ItemRun, item: Item, row: Row, waiting: bool) -> bool:
        if set(item.cells) <= {run.heads.text} and _is_elsewhere(row, run.heads):
            run.stray += 1
            return True
        return waiting and run.heads.amount not in item.cells

    def _begin(self, heads: Heads, page: int) -> None:
        if self._open is not None:
            self._flush(self._open, ended=False)
        same = next((run for run in self.runs if run.heads.columns == heads.columns), None)
        if same is None:
            same = ItemRun(heads, last_page=page)
            self.runs.append(same)
        same.heads, same.ended, same.last_page = heads, False, page
        self._open = same

    def _take(self, run: ItemRun, item: Item, row: Row) -> None:
        run.last_page = row.page
        amount = run.heads.amount
        if run.names_first is None:
            run.names_first = amount not in item.cells
        if amount in item.cells:
            if run.names_first:
                whole, run.pending = run.pending, Item()
                whole.add(item)
                run.items.append(whole)
            else:
                run.items.append(item)
        elif run.names_first:
            run.pending.add(item)
        elif run.items:
            run.items[-1].add(item)
        if amount not in item.cells and any(column != run.heads.text for column in item.cells):
            run.stray += 1

    def _flush(self, run: ItemRun, ended: bool) -> None:
        """Words after the last amount belong to the last item, if to any."""
        if run.pending.cells and run.items and not ended:
            run.items[-1].add(run.pending)
        run.pending = Item()
        run.ended = ended or run.ended
        if ended:
            drop_sums(run, self._schema)

    def _item(self, row: Row, heads: Heads) -> Item:
        item = Item()
        for piece in row.pieces:
            for column, start, end in _runs(piece, heads, self._table):
                item.cells.setdefault(column, []).append(piece.cut(start, end))
        return item


def _is_elsewhere(row: Row, heads: Heads) -> bool:
    """Whether what a row comes to stands under a head that nobody knows, as that of credits."""
    last = row.pieces[-1]
    near = min(heads.heads, key=lambda head: abs(head.x1 - last.box.x1))
    found = find_amounts(last.text)
    whole = len(found) == 1 and found[0].cents and is_figure(last.text)
    return whole and near.column is None and abs(near.x1 - last.box.x1) < _SAME_EDGE


def _runs(piece: Piece, heads: Heads, table: TableSpec) -> list[tuple[int, int, int]]:
    """Column, start and end of the words of a piece that stand in one column."""
    runs: list[tuple[int, int, int]] = []
    before: int | None = None
    for index, (word, first) in enumerate(zip(piece.words, piece.starts, strict=True)):
        end = first + len(word.text)
        if is_filler(word.text) and len(piece.words) > 1:
            continue
        # A figure between the words of a name is a part of it.
        inside = before == heads.text
        rest = [w.text for w in piece.words[index:]]
        figure = is_figure(word.text) and not (inside and not all(map(is_figure, rest)))
        if inside and not (figure and near_a_head(piece.places[index], heads)):
            column: int | None = heads.text
        else:
            column = column_of(piece.places[index], figure, heads, table)
        if column is not None and runs and runs[-1][0] == column == before:
            runs[-1] = (column, runs[-1][1], end)
        elif column is not None:
            runs.append((column, first, end))
        before = column
    return runs


class Closing:
    """Fields below items, and their labels."""

    def __init__(self, fields: Sequence[FieldSpec]) -> None:
        self.fields = fields
        self.labels = LabelIndex(label for spec in self.fields for label in spec.labels)


def closing_fields(schema: Schema) -> list[FieldSpec]:
    """The fields that stand below items: amounts and counts with labels."""
    kinds = (FieldType.AMOUNT, FieldType.NUMBER)
    totals = {rule.total for rule in schema.sums} | {
        p for r in schema.sums if not r.column for p in r.parts[:1]
    }
    return [
        spec
        for spec in schema.fields
        if spec.type in kinds and (spec.name in totals or spec.type is FieldType.NUMBER)
    ]


def fields_beside(schema: Schema, table: TableSpec) -> list[FieldSpec]:
    """The amounts that may stand in lines of a table whose items no sum adds up.

    As the balances of a statement do, at its beginning and its end.
    """
    if any((rule.column or "").startswith(f"{table.name}.") for rule in schema.sums):
        return []
    closing = closing_fields(schema)
    return [s for s in schema.fields if s.type is FieldType.AMOUNT and s not in closing]


def drop_sums(run: ItemRun, schema: Schema) -> None:
    """Takes off what follows the items right above the totals: taxes, discounts, charges.

    What is called so between items stays, as it is part of their sum.
    """
    names = {part for rule in schema.sums for part in rule.parts}
    specs = [spec for spec in schema.fields if spec.name in names]
    labels = [label for spec in specs for label in spec.labels]
    while run.items:
        text = " ".join(cut.text for cut in run.items[-1].cells.get(run.heads.text, ()))
        first = longest(find_labels(text, labels, leading=True))
        letters = sum(c.isalpha() for c in skeleton(text)[0])
        if not first or first[0].size < MOSTLY * letters:
            return
        run.items.pop()


def closes(row: Row, closing: Closing) -> bool:
    """Whether a row is one of totals: it has a label of them, and little else that is text.

    A piece that is such a label by itself is enough, whatever stands beside it.
    """
    if not closing.fields:
        return False
    if not any(find_labels(piece.text, closing.labels, leading=True) for piece in row.pieces):
        return False
    marks = marks_of(closing.fields, [row])
    leading = [mark for mark in marks if _leads(mark, row)]
    if not leading:
        return False
    known = sum(mark.match.size for mark in marks)
    letters = sum(c.isalpha() for c in skeleton(row.text)[0])
    return known >= 0.45 * letters or any(_fills(mark, row) for mark in leading)


def _fills(mark: Mark, row: Row) -> bool:
    """Whether a label is nearly all that its piece says, and an amount follows."""
    text = row.pieces[mark.piece].text
    letters = sum(c.isalpha() for c in skeleton(text)[0])
    rest = " ".join([text[mark.match.end :], *(p.text for p in row.pieces[mark.piece + 1 :])])
    return mark.match.size >= MOSTLY * letters and any(a.cents for a in find_amounts(rest[:200]))


def _leads(mark: Mark, row: Row) -> bool:
    """Whether nothing but figures stands before a label in its piece."""
    return not any(c.isalpha() for c in row.pieces[mark.piece].text[: mark.match.start])


def quantity_and_price(text: str) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Where `2 x 4.50` or `4.50 * 2` has its quantity and its price in a text."""
    match = _TIMES.search(text[:_LONGEST])
    if match is None:
        return None
    if match["quantity"]:
        return match.span("quantity"), match.span("price")
    return match.span("quantity2"), match.span("price2")
