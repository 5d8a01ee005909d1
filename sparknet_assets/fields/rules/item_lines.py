"""Items of a till's receipt without heads of columns: the lines above the totals."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sparknet_assets.fields.rules.candidates import marks_of
from sparknet_assets.fields.rules.item_columns import Heads, amount_column, text_column
from sparknet_assets.fields.rules.item_rows import Item, ItemRun, closes, closing_fields
from sparknet_assets.fields.rules.layout import Row
from sparknet_assets.fields.schema import FieldSpec, FieldType, Schema, TableSpec
from sparknet_assets.fields.typed.dates import find_dates

_AMOUNT_AT_END = re.compile(
    r"(?<![\d.,])-?\d{1,3}(?:,?\d{3})*[.,]\d\d(?=(?:\s?[A-Z*]{1,3})?\s*$)", re.IGNORECASE
)
_MOST_LINES = 300
_LONGEST = 60  # characters at the end of a line
_GAP = 5.0  # heights of a line; more parts the items from what stands above


def items_above_totals(schema: Schema, table: TableSpec, rows: Sequence[Row]) -> ItemRun | None:
    """The lines right above the first line of totals that end with an amount, with their names."""
    text, amount = text_column(table), amount_column(table)
    closing = closing_fields(schema)
    if text is None or amount is None or not closing:
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
    return run


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


def amount_of(row: Row) -> re.Match[str] | None:
    """The amount with two decimals at the end of a row."""
    text = row.pieces[-1].text
    return _AMOUNT_AT_END.search(text, max(0, len(text) - _LONGEST))


def _item(row: Row, text: int, amount: int) -> Item:
    item = Item()
    match = amount_of(row)
    for piece in row.pieces:
        end = len(piece.text)
        if match is not None and piece is row.pieces[-1]:
            item.cells[amount] = [piece.cut(match.start(), match.end())]
            end = len(piece.text[: match.start()].rstrip())
        if piece.text[:end].strip():
            item.cells.setdefault(text, []).append(piece.cut(0, end))
    return item
