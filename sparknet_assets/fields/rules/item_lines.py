"""Items of a till's receipt without heads of columns: the lines above the totals."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from sparknet_assets.fields.rules.candidates import marks_of
from sparknet_assets.fields.rules.item_columns import Heads, amount_column, text_column
from sparknet_assets.fields.rules.item_rows import (
    Closing,
    Item,
    ItemRun,
    closes,
    closing_fields,
    drop_sums,
)
from sparknet_assets.fields.rules.layout import Row
from sparknet_assets.fields.schema import FieldSpec, FieldType, Schema, TableSpec
from sparknet_assets.fields.typed.amounts import find_amounts
from sparknet_assets.fields.typed.dates import find_dates

_TAX_CLASS = re.compile(r"\s?(?:[A-Z*]{1,3})?\s*", re.IGNORECASE)
_FIRST_COUNT = re.compile(r"(\d{1,3})(?:\s+(?=[^\W\d_]{2})|$)")
_COUNTED = 0.6  # of the items begin with a number: it says how many
_CURRENCY_AT_END = re.compile(r"(?:(?<=\s)|^)(?:[A-Z]{3}|RM|Rs\.?|[$€£¥])\s*$")
_WHOLE = frozenset({"JPY", "KRW", "VND", "CLP"})  # without decimals (ISO 4217)
_MOST_LINES = 300
_LONGEST = 60  # characters at the end of a line
_GAP = 5.0  # heights of a line; more parts the items from what stands above


def items_above_totals(schema: Schema, table: TableSpec, rows: Sequence[Row]) -> ItemRun | None:
    """The lines right above the first line of totals that end with an amount, with their names."""
    text, amount = text_column(table), amount_column(table)
    closing = Closing(closing_fields(schema))
    if text is None or amount is None or not closing.fields:
        return None
    if table.columns[amount].type is not FieldType.AMOUNT:
        return None
    end = next((n for n, row in enumerate(rows) if closes(row, closing) and amount_of(row)), None)
    if end is None:
        return None
    head = [s for s in schema.fields if s.type in (FieldType.DATE, FieldType.IDENTIFIER)]
    lines = _lines(rows[:end], head)
    if not any(amount_of(row) for row in lines):
        return None
    run = ItemRun(Heads((), text, amount), names_first=amount_of(lines[0]) is None)
    pending = Item()
    for row in lines:
        item = _item(row, text, amount)
        if amount not in item.cells:
            if run.names_first:
                pending.add(item)
            else:
                run.items[-1].add(item)
            continue
        pending.add(item)
        run.items.append(pending)
        pending = Item()
    if pending.cells:
        run.items[-1].add(pending)
    drop_sums(run, schema)
    _take_counts(run, table)
    return run if run.items else None


def _take_counts(run: ItemRun, table: TableSpec) -> None:
    """Numbers that the texts of most items begin with are their quantities."""
    text = run.heads.text
    numbers = [n for n, c in enumerate(table.columns) if c.type is FieldType.NUMBER]
    firsts = [item.cells[text][0] if item.cells.get(text) else None for item in run.items]
    counts = [_FIRST_COUNT.match(cut.text) if cut else None for cut in firsts]
    if not numbers or sum(map(bool, counts)) < max(2, _COUNTED * len(counts)):
        return
    for item, cut, count in zip(run.items, firsts, counts, strict=True):
        if cut is not None and count is not None and numbers[0] not in item.cells:
            item.cells[numbers[0]] = [replace(cut, text=count[1])]
            rest = [replace(cut, text=cut.text[count.end() :]), *item.cells[text][1:]]
            item.cells[text] = [c for c in rest if c.text]


def _lines(rows: Sequence[Row], head: Sequence[FieldSpec]) -> list[Row]:
    """The rows at the end of these that are no part of the head of the document."""
    found: list[Row] = []
    for row in reversed(rows[-_MOST_LINES:]):
        if found and (row.page != found[-1].page or found[-1].top - row.bottom > _GAP * row.height):
            break
        if find_dates(row.text[:300]) or any(m.match.start == 0 for m in marks_of(head, [row])):
            break
        found.append(row)
    return found[::-1]


def amount_of(row: Row) -> tuple[int, int] | None:
    """Where the amount at the end of a row stands in its last piece; it has all its decimals."""
    text = row.pieces[-1].text
    begin = max(0, len(text) - _LONGEST)
    for amount in reversed(find_amounts(text[begin:])):
        if not _TAX_CLASS.fullmatch(text, begin + amount.end):
            return None
        if amount.cents or amount.currency in _WHOLE:
            return begin + amount.figures[0], begin + amount.figures[1]
    return None


def _item(row: Row, text: int, amount: int) -> Item:
    item = Item()
    span = amount_of(row)
    for piece in row.pieces:
        end = len(piece.text)
        if span is not None and piece is row.pieces[-1]:
            item.cells[amount] = [piece.cut(*span)]
            end = len(_CURRENCY_AT_END.sub("", piece.text[: span[0]]).rstrip())
        if piece.text[:end].strip():
            item.cells.setdefault(text, []).append(piece.cut(0, end))
    return item
