"""Fields from what a service recognised as forms and tables, as text.json has it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from resources.ocr import Box, KeyValue, PageText, Table
from resources.vector_store import PageBox
from sparknet_assets.fields.merge import partial, unread_note
from sparknet_assets.fields.schema import FieldSpec, Schema, TableSpec
from sparknet_assets.fields.typed import Conventions, conventions_of, read
from sparknet_assets.fields.values import FieldValue, Found, TableValue

ENGINE = "textract"
# A text that is not of the type of its field is rather that of another.
_OF_ANOTHER_TYPE = 0.5
# Cells have no confidence of their own in text.json: that of the page's words stands for it.
_UNKNOWN = 0.5


def by_service(schema: Schema, pages: Sequence[PageText]) -> Found:
    """The fields whose labels are keys on a form, and the tables whose headings are columns."""
    own = [page for page in pages if page.engine == ENGINE]
    found = Found()
    if not own:
        return found
    conventions = conventions_of(line.text for page in own for line in page.lines)
    for spec in schema.fields:
        values = list(_values(spec, own, conventions))
        if values:
            found.fields[spec.name] = max(values, key=lambda value: value.confidence)
    for table in schema.tables:
        rows = [row for page in own for row in _rows(table, page, conventions)]
        if rows:
            columns = [column.name for column in table.columns]
            found.tables[table.name] = TableValue(columns=columns, rows=rows)
    said = unread_note(pages)
    return partial(found, said[0]) if said else found


def _values(
    spec: FieldSpec, pages: Sequence[PageText], conventions: Conventions
) -> Iterator[FieldValue]:
    labels = {_plain(label) for label in spec.labels}
    for page in pages:
        for pair in page.key_values:
            if _plain(pair.key) in labels and pair.value.strip():
                yield _value(spec, page, pair, conventions)


def _value(spec: FieldSpec, page: PageText, pair: KeyValue, conventions: Conventions) -> FieldValue:
    text = pair.value.strip()
    boxes = [_page_box(page.page, pair.value_box)] if pair.value_box else []
    return _read(spec, text, pair.confidence, page.page, boxes, conventions)


class _Head(NamedTuple):
    """Columns of a table -> where each stands in the one that was found."""

    places: list[int | None]
    rows: int


def _rows(
    spec: TableSpec, page: PageText, conventions: Conventions
) -> Iterator[list[FieldValue | None]]:
    for table in page.tables:
        head = _head(spec, table)
        if head is None:
            continue
        for row, box in list(zip(table.rows, table.row_boxes, strict=False))[head.rows :]:
            cells = [
                None
                if place is None or not row[place].strip()
                else _read(
                    column,
                    row[place].strip(),
                    page.confidence or _UNKNOWN,
                    page.page,
                    [_page_box(page.page, box)],
                    conventions,
                )
                for column, place in zip(spec.columns, head.places, strict=True)
            ]
            if any(cells):
                yield cells


def _head(spec: TableSpec, table: Table) -> _Head | None:
    """How the columns stand in a table; None where fewer than two (or the only one) are there."""
    count = max(1, table.header_rows)
    titles = [
        _plain(" ".join(row[place] for row in table.rows[:count]))
        for place in range(len(table.rows[0]) if table.rows else 0)
    ]
    places: list[int | None] = []
    for column in spec.columns:
        labels = {_plain(label) for label in column.labels} | {_plain(column.name)}
        places.append(next((n for n, title in enumerate(titles) if title in labels), None))
    known = sum(place is not None for place in places)
    return _Head(places, count) if known >= min(2, len(places)) else None


def _read(
    spec: FieldSpec,
    text: str,
    sure: float,
    page: int,
    boxes: list[PageBox],
    conventions: Conventions,
) -> FieldValue:
    reading = read(spec.type, text, conventions)
    return FieldValue(
        value=reading.value if reading else text,
        text=text,
        confidence=round(sure if reading else sure * _OF_ANOTHER_TYPE, 4),
        page=page,
        boxes=boxes,
        source="textract",
        problems=list(reading.problems) if reading else [],
    )


def _plain(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def _page_box(page: int, box: Box) -> PageBox:
    return PageBox(page, box.x0, box.y0, box.x1, box.y1)
