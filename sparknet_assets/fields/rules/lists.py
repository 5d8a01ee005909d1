"""Tables of one column: several values beside one label, parted by commas."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from sparknet_assets.fields.rules.candidates import Candidate, Region, marks_of, regions_of
from sparknet_assets.fields.rules.choosing import field_value
from sparknet_assets.fields.rules.layout import Row
from sparknet_assets.fields.schema import FieldSpec, Schema
from sparknet_assets.fields.typed import Conventions, read
from sparknet_assets.fields.values import FieldValue, TableValue

# A comma between figures is a decimal one unless a space follows.
_BETWEEN = re.compile(r"\s*(?:[;|\u2022\u00b7]|,(?=\s|[^\W\d])|,$)\s*")
_SURE, _LEAST_FIT = 0.8, 0.5
_LONGEST = 500  # characters


def lists_of(
    schema: Schema, rows: Sequence[Row], conventions: Conventions
) -> dict[str, TableValue]:
    """The values of each table of one column, from the line of its label, or below it."""
    columns = {table.name: table.columns[0] for table in schema.tables if len(table.columns) == 1}
    if not columns:
        return {}
    # By the names of tables, as columns of two may have the same.
    named = [spec.model_copy(update={"name": name}) for name, spec in columns.items()]
    fields = [spec for spec in schema.fields if spec.name not in columns]
    found: dict[str, TableValue] = {}
    for region in regions_of(marks_of([*fields, *named], rows), rows):
        for name in sorted(region.mark.fields & columns.keys() - found.keys()):
            if table := _table(columns[name], region, conventions):
                found[name] = table
    return found


def _table(spec: FieldSpec, region: Region, conventions: Conventions) -> TableValue | None:
    values = [*_values(spec, region, conventions)] if region.lead_fit >= _LEAST_FIT else []
    if not values:
        return None
    more = region.spans[0].text.rstrip().endswith(",")
    return TableValue(
        columns=[spec.name],
        rows=[[value] for value in values],
        complete=not more,
        note="the list goes on below its line" if more else "",
    )


def _values(spec: FieldSpec, region: Region, conventions: Conventions) -> Iterator[FieldValue]:
    for span in region.spans[:1]:
        text = span.text[:_LONGEST]
        ends = [*(match.span() for match in _BETWEEN.finditer(text)), (len(text), len(text))]
        start = 0
        for end, following in ends:
            reading = read(spec.type, text[start:end], conventions)
            if reading is not None and any(map(str.isalnum, text[start:end])):
                cut = span.piece.cut(span.start + start, span.start + end)
                sure = _SURE * min(1.0, max(0.0, cut.confidence))
                candidate = Candidate(reading.value, (cut,), sure, problems=reading.problems)
                yield field_value(spec, candidate, sure)
            start = following
