"""Tables of items: every row on every page, and whether any may be missing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from resources.ocr import PageText
from sparknet_assets.fields.rules.candidates import Candidate
from sparknet_assets.fields.rules.choosing import field_value
from sparknet_assets.fields.rules.item_columns import NUMERIC, amount_column
from sparknet_assets.fields.rules.item_lines import items_above_totals
from sparknet_assets.fields.rules.item_rows import Item, ItemReader, ItemRun, quantity_and_price
from sparknet_assets.fields.rules.item_tables import TableReader
from sparknet_assets.fields.rules.layout import Cut, Row
from sparknet_assets.fields.rules.sums import amounts_of
from sparknet_assets.fields.schema import FieldSpec, FieldType, Schema, TableSpec
from sparknet_assets.fields.typed import Conventions, Reading, read
from sparknet_assets.fields.values import FieldValue, TableValue

_SURE, _UNREAD = 0.8, 0.2
_PAGES_OF_RECEIPTS = 3  # where there are no heads of columns
_CENTS = re.compile(r"\d[.,\s]\d\d\b")
_NO_POINT = re.compile(r"\d{1,6} \d\d")  # what OCR makes of a faint decimal point


class ItemsReader:
    """Takes page after page and gathers the items of all tables of a schema."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._readers = [(t, TableReader(schema, t), ItemReader(schema, t)) for t in schema.tables]
        self._failed: list[int] = []
        self._first: list[Row] = []
        self._pages = 0

    def read(self, page: PageText, rows: Sequence[Row]) -> None:
        """Reads the next page, whose rows these are."""
        self._pages += 1
        if page.failure is not None:
            self._failed.append(page.page)
        if self._pages <= _PAGES_OF_RECEIPTS:
            self._first += rows
        for _, drawn, written in self._readers:
            drawn.read(page)
            written.read(rows)

    def tables(self, conventions: Conventions) -> dict[str, TableValue]:
        """The tables so far, by name; absent where none was found."""
        found = {}
        for table, drawn, written in self._readers:
            run = best_run([*drawn.runs, *written.runs])
            run = run or items_above_totals(self._schema, table, self._first)
            if run is not None:
                found[table.name] = _table_value(table, run, self._failed, conventions)
        return found


def best_run(runs: Sequence[ItemRun]) -> ItemRun | None:
    """The items under the heads that have most of the columns, then those that are most."""
    filled = [run for run in runs if run.items]
    return max(filled, key=lambda r: (len(r.heads.columns), len(r.items)), default=None)


def _table_value(
    table: TableSpec, run: ItemRun, failed: Sequence[int], conventions: Conventions
) -> TableValue:
    rows = [_row(table, item, run.heads.text, conventions) for item in run.items]
    rows = _without_sums(table, rows, conventions)
    notes = [] if run.heads.heads else ["without heads of columns: the lines above the totals"]
    if failed:
        notes.append(f"pages that could not be read: {', '.join(map(str, failed[:20]))}")
    if run.stray:
        notes.append(f"{run.stray} lines with figures stand in no column of amounts")
    return TableValue(
        columns=[column.name for column in table.columns],
        rows=rows,
        complete=not notes,
        note="; ".join(notes),
    )


def _without_sums(
    table: TableSpec, rows: Sequence[list[FieldValue | None]], conventions: Conventions
) -> list[list[FieldValue | None]]:
    """Rows without those that only say what the ones before come to, as at the ends of pages."""
    amount = amount_column(table)
    figures = [n for n, c in enumerate(table.columns) if c.type in NUMERIC and n != amount]
    kept: list[list[FieldValue | None]] = []
    so_far = Decimal(0)
    for row in rows:
        cell = row[amount] if amount is not None else None
        value = amounts_of({"": cell.value}).get("") if cell is not None else None
        alone = not any(row[n] is not None for n in figures)
        if value and alone and len(kept) > 1 and value == so_far:
            continue
        bare = cell and conventions.cents and sum(c is not None for c in row) == 1
        if cell and bare and not _CENTS.search(cell.text):
            continue  # the number of a page
        so_far += value or 0
        kept.append(row)
    return kept


def _row(
    table: TableSpec, item: Item, text: int, conventions: Conventions
) -> list[FieldValue | None]:
    cells = dict(item.cells)
    _split_times(table, cells, text)
    return [
        _cell(column, cells[number], conventions) if cells.get(number) else None
        for number, column in enumerate(table.columns)
    ]


def _split_times(table: TableSpec, cells: dict[int, list[Cut]], text: int) -> None:
    """Takes quantity and price out of `2 x 4.50`, where no columns of their own have them."""
    numbers = [n for n, c in enumerate(table.columns) if c.type is FieldType.NUMBER]
    amounts = [n for n, c in enumerate(table.columns) if c.type is FieldType.AMOUNT]
    if not numbers or len(amounts) < 2 or cells.get(numbers[0]) or cells.get(amounts[0]):
        return
    for cut in cells.get(text, ()):
        spans = quantity_and_price(cut.text)
        if spans is not None:
            for column, (start, end) in zip((numbers[0], amounts[0]), spans, strict=True):
                cells[column] = [replace(cut, text=cut.text[start:end])]
            first, last = min(spans)[0], max(spans)[1]
            if not cut.text[last:].strip():  # nothing but the reckoning ends the line
                name = cut.text[:first].rstrip()
                rest = [replace(c, text=name) if c is cut else c for c in cells[text]]
                cells[text] = [c for c in rest if c.text] or cells[text]
            return


def _read(spec: FieldSpec, text: str, conventions: Conventions) -> Reading | None:
    reading = read(spec.type, text, conventions)
    if reading is None and spec.type in NUMERIC:
        reading = read(spec.type, text.strip("xX@*% "), conventions)
    if reading is None and spec.type is FieldType.AMOUNT and _NO_POINT.fullmatch(text):
        reading = read(spec.type, text.replace(" ", "."), conventions)
        if reading is not None:
            return Reading(reading.value, (f"no decimal point was seen: {text}",))
    return reading


def _cell(spec: FieldSpec, cuts: Sequence[Cut], conventions: Conventions) -> FieldValue:
    text = " ".join(cut.text for cut in cuts)
    reading = _read(spec, text, conventions)
    if reading is None:
        value = field_value(spec, Candidate(None, tuple(cuts), _UNREAD), _UNREAD)
        return value.model_copy(update={"problems": [f"not of the type {spec.type.value}: {text}"]})
    sure = _SURE * min(1.0, max(0.0, min(cut.confidence for cut in cuts)))
    return field_value(
        spec, Candidate(reading.value, tuple(cuts), sure, problems=reading.problems), sure
    )
